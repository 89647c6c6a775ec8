/* SPDX-License-Identifier: BSD-2-Clause */

/* Single rules of the contract whose breach is seen in no capability and in no memory that changes
 * hands: each is looked at where it counts, and costs nearly nothing elsewhere. All of them to be
 * called after objects_update() of the event.
 */
#ifndef FUZZ_ORACLE_RULES_H
#define FUZZ_ORACLE_RULES_H

#include <stdbool.h>
#include <stdint.h>

#include "fuzz/oracle/objects.h"
#include "fuzz/oracle/oracle.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Of the threads that the event has changed, and of those that wait for time: the queue that each
 * is in is in order (docs/abi/06 section 6.9, docs/abi/07 section 7.1). */
bool order_check(const struct world *world, const struct objects *objects,
                 struct oracle_find *find);

/* What an invocation has set is within what its arguments allow (docs/abi/05, 10 and 13). */
bool limits_check(const struct world *world, const struct oracle_event *event,
                  struct oracle_find *find);

/* An object with slots that is gone has nothing left in them (docs/abi/03 section 3.9). */
bool remains_check(const struct objects *objects, struct oracle_find *find);

/* A long operation stops when its caller's time has ended (docs/abi/01 section 1.6, docs/abi/03
 * section 3.9). */
struct patience {
    bool over;    /* The caller's budget, or domain, had ended at one of the looks in this entry. */
    bool went_on; /* And then there was another one. */
};

/* The kernel looks for interrupts; its clock was read before. */
void patience_poll(struct patience *patience, const struct world *world, uint64_t now);
bool patience_check(const struct patience *patience, struct oracle_find *find);

#ifdef __cplusplus
}
#endif

#endif
