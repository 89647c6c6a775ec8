/* SPDX-License-Identifier: BSD-2-Clause */

/* The order of queues. Those of endpoints and notifications are ordered by priority; who waits for
 * time, by the time it waits for. */
#include <inttypes.h>
#include <stddef.h>

#include "core/kernel.h"
#include "core/refill.h"
#include "fuzz/oracle/rules.h"

#define KIND "schedule"

enum { RELEASE_MAX = 64 }; /* Of a queue that may be a circle. */

/* Neither neighbour should be where this one is. */
static bool stands_right(const struct objects *objects, const struct thread *thread,
                         struct oracle_find *find)
{
    const struct thread *next = thread->queue_next;
    const struct thread *prev = thread->queue_prev;

    if (thread->queue != THREAD_QUEUE_ENDPOINT && thread->queue != THREAD_QUEUE_NTFN) {
        return true;
    }
    if (next != NULL && objects_is_thread(objects, next) && next->priority > thread->priority) {
        return oracle_fail(find, KIND, "a thread of priority %u queues before one of %u",
                           thread->priority, next->priority);
    }
    if (prev != NULL && objects_is_thread(objects, prev) && prev->priority < thread->priority) {
        return oracle_fail(find, KIND, "a thread of priority %u queues behind one of %u",
                           thread->priority, prev->priority);
    }
    return true;
}

static bool releases_in_order(const struct core *core, const struct objects *objects,
                              struct oracle_find *find)
{
    const struct thread *thread = core->release.head;
    uint64_t before = 0;

    for (uint32_t i = 0; i < RELEASE_MAX && thread != NULL; i++) {
        const struct sched_context *sc = objects_is_thread(objects, thread) ? thread->sc : NULL;
        if (sc == NULL || !objects_in_ram(objects, sc, sizeof *sc) || sc->refills.max == 0) {
            return oracle_fail(find, KIND, "a thread waits for time that nobody gives it");
        }
        uint64_t time = refill_at(&sc->refills, 0)->time;
        if (time < before) {
            return oracle_fail(find, KIND,
                               "who waits until %" PRIu64 " is released behind who waits until "
                               "%" PRIu64,
                               time, before);
        }
        before = time;
        thread = thread->queue_next;
    }
    return true;
}

/* The line that holds a TCB's state has all that counts here, and is written in each change. */
bool order_check(const struct world *world, const struct objects *objects, struct oracle_find *find)
{
    const uint64_t size = (uint64_t)1 << CONFIG_TCB_BITS;
    const uint64_t fields = offsetof(struct thread, state) / WATCH_LINE * WATCH_LINE;

    for (uint32_t i = 0; i < objects->change_count; i++) {
        const uint64_t *at = objects->changes[i].line->at;
        uint64_t address = (uint64_t)(uintptr_t)at;
        if (address % size == fields && object_kind(*objects_line(objects, at)) == OBJECT_TCB &&
            !stands_right(objects, (const struct thread *)(address - address % size), find)) {
            return false;
        }
    }
    return releases_in_order(&world->k->cores[0], objects, find);
}
