/* SPDX-License-Identifier: BSD-2-Clause */
#include "hosted/session/replay.h"

#include <inttypes.h>
#include <string.h>

enum { LINE_SIZE = 4 * TRACE_TEXT };

bool replay_add(struct replay *replay, struct condition *condition, struct session_error *error)
{
    if (replay->condition_count == REPLAY_CONDITIONS) {
        snprintf(error->text, sizeof error->text, "more than %d conditions", REPLAY_CONDITIONS);
        condition_free(condition);
        return false;
    }
    if (!condition_fits(condition, replay->session, error)) {
        condition_free(condition);
        return false;
    }
    condition_reset(condition, replay->session);
    replay->conditions[replay->condition_count++] = condition;
    return true;
}

void replay_free(struct replay *replay)
{
    for (uint32_t i = 0; i < replay->condition_count; i++) {
        condition_free(replay->conditions[i]);
    }
    replay->condition_count = 0;
}

/* All of them look at every event. */
static bool any_met(struct replay *replay)
{
    bool any = false;
    for (uint32_t i = 0; i < replay->condition_count; i++) {
        struct session_error why;
        if (condition_met(replay->conditions[i], replay->session, &why) && !any) {
            replay->why = why;
            any = true;
        }
    }
    return any;
}

static enum replay_end how(enum session_end end)
{
    switch (end) {
    case SESSION_EVENT:
        return REPLAY_THERE;
    case SESSION_STOPPED:
        return REPLAY_STOPPED;
    case SESSION_END:
        return REPLAY_END;
    case SESSION_DIFFERENT:
        return REPLAY_DIFFERENT;
    case SESSION_BAD_TRACE:
        return REPLAY_BAD_TRACE;
    }
    return REPLAY_BAD_TRACE;
}

static enum replay_end back(struct replay *replay, uint64_t number)
{
    enum replay_end end = how(session_goto(replay->session, number));
    for (uint32_t i = 0; i < replay->condition_count; i++) {
        condition_reset(replay->conditions[i], replay->session);
    }
    return end;
}

enum replay_end replay_to(struct replay *replay, uint64_t number)
{
    if (number < session_events(replay->session)) {
        return back(replay, number);
    }
    if (replay->condition_count == 0) {
        return how(session_goto(replay->session, number));
    }
    while (session_events(replay->session) < number) {
        enum session_end end = session_step(replay->session);
        if (end != SESSION_EVENT) {
            return how(end);
        }
        if (any_met(replay)) {
            return REPLAY_BREAK;
        }
    }
    return REPLAY_THERE;
}

void replay_put_event(const struct replay *replay, FILE *file)
{
    static char line[LINE_SIZE];
    const struct trace_event *event = session_last(replay->session);
    if (event == NULL) {
        fprintf(file, "%" PRIu64 ": the system has booted\n", session_events(replay->session));
        return;
    }
    trace_format_event(line, sizeof line, session_trace_header(replay->session), event);
    fprintf(file, "%s\n", line);
}

void replay_put_end(const struct replay *replay, enum replay_end end, FILE *file)
{
    const char *complaint = session_complaint(replay->session);
    uint64_t events = session_events(replay->session);
    switch (end) {
    case REPLAY_THERE:
        break;
    case REPLAY_BREAK:
        fprintf(file, "event %" PRIu64 ": %s\n", events, replay->why.text);
        break;
    case REPLAY_END:
        fprintf(file, "the trace ends after event %" PRIu64 "\n", events);
        break;
    case REPLAY_DIFFERENT:
    case REPLAY_STOPPED:
    case REPLAY_BAD_TRACE:
        fprintf(file, "%s\n", complaint == NULL ? "the system has halted" : complaint);
        break;
    }
}
