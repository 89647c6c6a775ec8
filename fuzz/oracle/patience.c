/* SPDX-License-Identifier: BSD-2-Clause */

/* Long operations and their callers' time. The kernel reads the clock where it looks for
 * interrupts, and stops there if less than the minimum budget is left. Interrupts alone would not
 * do: the timer is armed for the end of the budget, and that is later. */
#include "core/kernel.h"
#include "core/refill.h"
#include "fuzz/oracle/rules.h"

/* The budget of whoever runs, less what has been used of it, covers no minimum. */
static bool has_ended(const struct kernel *k, uint64_t now)
{
    const struct core *core = &k->cores[0];
    const struct sched_context *sc = core->current_sc;

    if (sc == &core->idle_sc || sc->refills.max == 0 || now < core->now) {
        return false;
    }
    uint64_t amount = refill_at(&sc->refills, 0)->amount;
    uint64_t used = core->uncharged + (now - core->now);
    return used > amount || amount - used < k->limits.min_budget;
}

void patience_poll(struct patience *patience, const struct world *world, uint64_t now)
{
    patience->went_on = patience->went_on || patience->over;
    patience->over = patience->over || has_ended(world->k, now);
}

bool patience_check(const struct patience *patience, struct oracle_find *find)
{
    return !patience->went_on ||
           oracle_fail(find, "work", "a long operation goes on when its caller's time has ended");
}
