/* SPDX-License-Identifier: BSD-2-Clause */

/* Conditions to stop a session at, such as "blocks server" or "error RangeError". */
#ifndef HOSTED_SESSION_CONDITION_H
#define HOSTED_SESSION_CONDITION_H

#include <stdbool.h>

#include "hosted/session/session.h"

#ifdef __cplusplus
extern "C" {
#endif

struct condition;

/* Null and *error if the words are no condition. */
struct condition *condition_parse(const char *words, struct session_error *error);
void condition_free(struct condition *condition); /* Null is allowed. */

/* Whether it makes sense for this session: false and *error if not. */
bool condition_fits(const struct condition *condition, const struct session *session,
                    struct session_error *error);

/* What is so now is not news. To be called before the first step, and after going elsewhere. */
void condition_reset(struct condition *condition, const struct session *session);

/* After a step: whether the last event has made it true; *why says so in words. Each event must be
 * looked at. */
bool condition_met(struct condition *condition, const struct session *session,
                   struct session_error *why);

/* All conditions, one a line. */
const char *condition_help(void);

#ifdef __cplusplus
}
#endif

#endif
