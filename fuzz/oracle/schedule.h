/* SPDX-License-Identifier: BSD-2-Clause */

/* What a scheduler has promised, see schedule.c. */
#ifndef FUZZ_ORACLE_SCHEDULE_H
#define FUZZ_ORACLE_SCHEDULE_H

#include <stdbool.h>

#include "fuzz/oracle/objects.h"
#include "fuzz/oracle/oracle.h"

/* After objects_update() of the same event, and order_check(): who waits for time has some. */
bool schedule_check(const struct world *world, const struct objects *objects,
                    struct oracle_find *find);

#endif
