/* SPDX-License-Identifier: BSD-2-Clause */

/* Moving about in a trace that is replayed: to an event, to where a condition becomes true, and
 * back; and the prompt that lets a person do so.
 */
#ifndef HOSTED_SESSION_REPLAY_H
#define HOSTED_SESSION_REPLAY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "hosted/session/condition.h"
#include "hosted/session/session.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { REPLAY_CONDITIONS = 16 };

enum replay_end {
    REPLAY_THERE,     /* At the event that was asked for. */
    REPLAY_BREAK,     /* A condition is met: see replay.why. */
    REPLAY_END,       /* The trace has ended. */
    REPLAY_DIFFERENT, /* See session_complaint(), for the next ones, too. */
    REPLAY_STOPPED,
    REPLAY_BAD_TRACE,
};

struct replay {
    struct session *session;
    uint64_t last; /* Number of the trace's last event. */
    struct condition *conditions[REPLAY_CONDITIONS];
    uint32_t condition_count;
    struct session_error why; /* The condition that was met last, in words. */
};

/* Adds a condition, which is then owned by the replay. False and *error if it does not fit, or if
 * there are too many; then it is freed. */
bool replay_add(struct replay *replay, struct condition *condition, struct session_error *error);
void replay_free(struct replay *replay); /* The conditions, not the session. */

/* Forwards to the state after event `number` at most; or backwards, where no condition counts. */
enum replay_end replay_to(struct replay *replay, uint64_t number);

/* The last event as a line of a trace, or that the system has just booted; ends with a newline. */
void replay_put_event(const struct replay *replay, FILE *file);
/* How the last move ended, in words. */
void replay_put_end(const struct replay *replay, enum replay_end end, FILE *file);

/* Reads commands until `quit` or the end of `input`, and answers on `output`. The result is that of
 * the last move. */
enum replay_end replay_prompt(struct replay *replay, enum replay_end end, FILE *input,
                              FILE *output);

#ifdef __cplusplus
}
#endif

#endif
