/* SPDX-License-Identifier: BSD-2-Clause */

/* Scheduling, of what an entry left behind (docs/abi/06 sections 6.4, 6.10 and 6.13, docs/abi/07
 * section 7.1): nobody ready has a higher priority than the current thread; the timer fires in time
 * for whatever comes first; who joins a queue stands behind all of its priority.
 */
#include <inttypes.h>
#include <stddef.h>
#include <string.h>

#include "core/kernel.h"
#include "fuzz/oracle/objects.h"
#include "fuzz/oracle/schedule.h"
#include "hosted/state.h"

#define KIND "schedule"

static uint64_t add(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

/* --- Rank ------------------------------------------------------------------------------------- */

/* Not with several domains: DomainSet brings threads into the current one without a new choice. */
static bool rank_holds(const struct core *core, struct oracle_find *find)
{
    if (CONFIG_DOMAINS > 1) {
        return true;
    }
    const struct ready_queues *ready = &core->ready[core->domain];
    uint32_t lowest = core->current == core->idle ? 0 : core->current->priority + 1u;

    for (uint32_t word = lowest / 64; word < SCHED_WORDS; word++) {
        uint64_t bits = ready->words[word];
        if (word == lowest / 64) {
            bits &= UINT64_MAX << lowest % 64;
        }
        if (bits != 0) {
            return oracle_fail(
                find, KIND, "a thread of priority %u runs, and one of priority %u is ready",
                core->current->priority, word * 64 + (uint32_t)__builtin_ctzll(bits));
        }
    }
    return true;
}

/* --- Timer ------------------------------------------------------------------------------------ */

/* When something must happen at the latest. */
static uint64_t due(const struct core *core)
{
    const struct thread *first = core->release.head;
    uint64_t time = UINT64_MAX;

    if (core->current_sc != &core->idle_sc && core->current_sc->refills.max != 0) {
        uint64_t amount = refill_at(&core->current_sc->refills, 0)->amount;
        uint64_t left = amount > core->uncharged ? amount - core->uncharged : 0;
        time = add(core->now, left);
    }
    if (first != NULL && refill_at(&first->sc->refills, 0)->time < time) {
        time = refill_at(&first->sc->refills, 0)->time;
    }
    if (CONFIG_DOMAINS > 1 && add(core->now, core->domain_left) < time) {
        time = add(core->now, core->domain_left);
    }
    return time;
}

/* It is armed a microsecond early. */
static bool timer_holds(const struct world *world, const struct core *core,
                        struct oracle_find *find)
{
    uint64_t armed = world->sim->machine.cores[0].deadline;
    uint64_t early = world->k->ticks_per_us;
    uint64_t time = due(core);

    if (time == UINT64_MAX || armed <= (time > early ? time - early : 0)) {
        return true;
    }
    return oracle_fail(find, KIND,
                       "the timer is armed for %" PRIu64 ", and %" PRIu64 " is due, %" PRIu64
                       " earlier",
                       armed, time, early);
}

/* --- Queues ----------------------------------------------------------------------------------- */

static bool joined(const struct thread *thread)
{
    /* Blocked before in the same place: it has not joined. */
    const void *const *place = thread->queue == THREAD_QUEUE_ENDPOINT
                                   ? (const void *const *)&thread->endpoint
                                   : (const void *const *)&thread->ntfn;
    return watch_before(place) != (uint64_t)(uintptr_t)*place;
}

static bool queue_holds(const struct objects *objects, const struct thread *thread,
                        struct oracle_find *find)
{
    const struct thread *next = thread->queue_next;

    if ((thread->queue != THREAD_QUEUE_ENDPOINT && thread->queue != THREAD_QUEUE_NTFN) ||
        next == NULL || !objects_is_thread(objects, next) || next->priority < thread->priority ||
        !joined(thread) || joined(next)) {
        return true;
    }
    return oracle_fail(find, KIND, "a thread queues before one of priority %u that was there first",
                       next->priority);
}

/* Of the threads whose links the event has written. */
static bool queues_hold(const struct objects *objects, struct oracle_find *find)
{
    const uint64_t size = (uint64_t)1 << CONFIG_TCB_BITS;

    for (uint32_t i = 0; i < objects->change_count; i++) {
        uint64_t at = (uint64_t)(uintptr_t)objects->changes[i].line->at;
        if (at % size != offsetof(struct thread, queue_next) / WATCH_LINE * WATCH_LINE ||
            object_kind(*objects_line(objects, (const void *)at)) != OBJECT_TCB) {
            continue;
        }
        if (!queue_holds(objects, (const struct thread *)(at - at % size), find)) {
            return false;
        }
    }
    return true;
}

/* An interrupt that nobody has is not in service: else its next owner would never get it. */
static bool interrupts_hold(const struct world *world, struct oracle_find *find)
{
    const struct plic *plic = &world->sim->machine.plic;

    if (memchr(plic->in_service, true, sizeof plic->in_service) == NULL) {
        return true; /* Nearly always. */
    }
    for (uint32_t line = 1; line <= world->k->irq_max; line++) {
        if (plic->in_service[line] && world->k->irq_states[line] == IRQ_INACTIVE) {
            return oracle_fail(find, KIND, "interrupt %u is nobody's, and in service", line);
        }
    }
    return true;
}

bool schedule_check(const struct world *world, const struct objects *objects,
                    struct oracle_find *find)
{
    const struct core *core = &world->k->cores[0];
    return rank_holds(core, find) && timer_holds(world, core, find) &&
           interrupts_hold(world, find) && queues_hold(objects, find);
}
