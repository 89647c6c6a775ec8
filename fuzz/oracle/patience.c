/* SPDX-License-Identifier: BSD-2-Clause */

/* Long operations and their callers' time, and their domain's. The kernel reads the clock where it
 * looks for interrupts, and stops there if too little of either is left (docs/abi/03 section 3.9).
 * Interrupts alone would not do: the timer is armed for the end of the budget, which is later. */
#include "core/kernel.h"
#include "core/refill.h"
#include "fuzz/oracle/rules.h"

/* The domain's time covers no more than a minimum budget (docs/abi/13 section 13.5). */
static bool domain_has_ended(const struct kernel *k, uint64_t now)
{
    const struct core *core = &k->cores[0];
    uint64_t left = core->domain_left;

    return CONFIG_DOMAINS > 1 && now >= core->now &&
           (left <= k->limits.min_budget || now - core->now >= left - k->limits.min_budget);
}

/* The budget of whoever runs, less what has been used of it, covers no minimum. */
static bool budget_has_ended(const struct kernel *k, uint64_t now)
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
    patience->over =
        patience->over || budget_has_ended(world->k, now) || domain_has_ended(world->k, now);
}

bool patience_check(const struct patience *patience, struct oracle_find *find)
{
    return !patience->went_on ||
           oracle_fail(find, "work", "a long operation goes on when its caller's time has ended");
}
