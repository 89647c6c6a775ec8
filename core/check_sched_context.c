/* SPDX-License-Identifier: BSD-2-Clause */

/* kernel_check(), scheduling contexts: S. */

#include "core/check_internal.h"

#include "core/bits.h"
#include "core/ntfn.h"
#include "core/sched_context.h"
#include "core/thread.h"

/* The ring can be read: it is where it belongs and its indices are within it. */
static bool check_ring(struct check *c, const struct sched_context *sc, uint32_t bits)
{
    const struct refills *r = &sc->refills;

    REQUIRE(c, sc->bits == bits && r->ring == (const struct refill *)(sc + 1), "S1",
            "the ring of refills is behind the header, to the end of the object", sc);
    if (r->max == 0) {
        return true;
    }
    REQUIRE(c, r->max >= 2 && r->max <= sched_context_capacity((uint8_t)bits), "S2",
            "an active SC uses at least 2 refills and no more than it has room for", sc);
    REQUIRE(c, r->head < r->max && r->count >= 1 && r->count <= r->max, "S2",
            "the refills in use are in the ring", sc);
    return true;
}

/* Amounts and times of an active SC. */
static bool check_refills(struct check *c, const struct sched_context *sc)
{
    const struct refills *r = &sc->refills;
    bool round_robin = r->period == 0;
    uint64_t sum = 0;
    uint64_t end = 0;

    REQUIRE(c, round_robin ? r->max == 2 && r->count == 2 : r->budget < r->period, "S3",
            "round robin has two refills; else the budget is less than the period", sc);
    for (uint32_t i = 0; i < r->count; i++) {
        const struct refill *refill = refill_at(r, i);
        REQUIRE(c, refill->amount <= r->budget - sum, "S4", "amounts sum to the budget", sc);
        REQUIRE(c, round_robin || refill->time >= end, "S6",
                "a refill ends no later than the next starts", sc);
        sum += refill->amount;
        end = saturating_add(refill->time, refill->amount);
    }
    REQUIRE(c, sum == r->budget, "S4", "amounts sum to the budget", sc);
    REQUIRE(c, refill_at(r, 0)->amount >= c->k->limits.min_budget, "S5",
            "the head holds at least the minimum budget", sc);
    return true;
}

/* Those that the SC names name it. */
static bool check_links(struct check *c, const struct sched_context *sc)
{
    const struct thread *thread = sc->thread;
    const struct thread *waiter = sc->yield_from;

    REQUIRE(c, sc->core < CONFIG_CORES, "S7", "the SC's core exists", sc);
    REQUIRE(c, thread == NULL || (check_is_thread(c, thread) && thread->sc == sc), "S8",
            "an SC and its thread name each other", sc);
    REQUIRE(c,
            sc->ntfn == NULL ||
                (check_find(c, sc->ntfn, CAP_NOTIFICATION) != CHECK_NONE && sc->ntfn->sc == sc),
            "S9", "an SC and its notification name each other", sc);
    REQUIRE(c, waiter == NULL || (check_is_thread(c, waiter) && waiter->yield_to == sc), "S10",
            "an SC and the thread that yielded to it name each other", sc);
    return true;
}

bool check_sched_contexts(struct check *c)
{
    for (uint64_t i = 0; i < c->object_count; i++) {
        const struct check_object *object = &c->objects[i];
        if (object->type != CAP_SCHED_CONTEXT) {
            continue;
        }
        const struct sched_context *sc = check_object_at(c, object);
        if (!check_ring(c, sc, (uint32_t)object->bits) ||
            (sc->refills.max != 0 && !check_refills(c, sc)) || !check_links(c, sc)) {
            return false;
        }
    }
    return true;
}
