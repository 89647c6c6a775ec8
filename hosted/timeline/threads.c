/* SPDX-License-Identifier: BSD-2-Clause */

/* Which threads there are, and what they do. The kernel may be broken: pointers are checked. */
#include <stdlib.h>
#include <string.h>

#include "hosted/show/view.h"
#include "hosted/timeline/internal.h"

enum { THREADS_MAX = 1 << 20 };

static const void *good(const struct timeline *t, const void *object, uint64_t size)
{
    return object == NULL ? NULL : view_good(t->sim, object, size);
}

static bool has_time(const struct timeline *t, const struct thread *thread)
{
    const struct sched_context *sc = good(t, thread->sc, sizeof *sc);
    return sc != NULL && sc->refills.max != 0;
}

struct slice timeline_slice(const struct timeline *t, const struct track *track)
{
    const struct thread *thread = track->thread;
    struct slice slice = {.look = LOOK_INACTIVE};
    const void *object = NULL;
    if (track->running) {
        slice.look = LOOK_RUNNING;
    } else if (thread_is_runnable(thread)) {
        bool late = thread->queue == THREAD_QUEUE_RELEASE;
        slice.look = !has_time(t, thread) ? LOOK_NO_TIME : late ? LOOK_BUDGET : LOOK_READY;
    } else if (thread->state == THREAD_BLOCKED_ON_RECEIVE) {
        slice.look = LOOK_RECEIVE;
        object = thread->endpoint;
    } else if (thread->state == THREAD_BLOCKED_ON_SEND) {
        slice.look = LOOK_SEND;
        object = thread->endpoint;
    } else if (thread->state == THREAD_BLOCKED_ON_REPLY) {
        slice.look = LOOK_REPLY;
        object = thread->reply;
    } else if (thread->state == THREAD_BLOCKED_ON_NOTIFICATION) {
        slice.look = LOOK_NOTIFICATION;
        object = thread->ntfn;
    }
    slice.object = object == NULL ? 0 : view_paddr(object);
    return slice;
}

void timeline_read_name(struct track *track)
{
    size_t length = strnlen(track->thread->name, TRACK_NAME - 1);
    memcpy(track->name, track->thread->name, length);
    track->name[length] = '\0';
}

static struct track *new_track(struct timeline *t, const struct thread *thread)
{
    if (!timeline_grow(t, (void **)&t->tracks, t->track_count, &t->track_capacity,
                       sizeof *t->tracks)) {
        return NULL;
    }
    struct track *track = calloc(1, sizeof *track);
    if (track == NULL) {
        t->out_of_memory = true;
        return NULL;
    }
    t->tracks[t->track_count++] = track;
    track->tid = t->track_count;
    track->thread = thread;
    track->state = THREAD_INACTIVE;
    timeline_read_name(track);
    return track;
}

/* The track of a thread that existed before: *old is where to look from, and behind it then. Those
 * that are passed over exist no more. Null if the thread is new. */
static struct track *known(struct timeline *t, const struct thread *thread, uint32_t *old,
                           timeline_bury *bury)
{
    uint32_t i = *old;
    while (i < t->live_count && t->live[i]->thread != thread) {
        i++;
    }
    if (i == t->live_count) {
        return NULL;
    }
    for (; *old < i; (*old)++) {
        bury(t, t->live[*old]);
    }
    (*old)++;
    return t->live[i];
}

/* t->live becomes the kernel's list. New threads are at its head, and the others keep their order,
 * so both lists are followed at once. */
bool timeline_follow(struct timeline *t, timeline_bury *bury)
{
    const struct thread *thread = sim_kernel(t->sim)->threads;
    uint32_t count = 0;
    uint32_t old = 0;
    for (; thread != NULL; thread = thread->all_next) {
        if (good(t, thread, sizeof *thread) == NULL || count == THREADS_MAX ||
            !timeline_grow(t, (void **)&t->next, count, &t->next_capacity, sizeof *t->next)) {
            return false;
        }
        struct track *track = known(t, thread, &old, bury);
        t->next[count] = track == NULL ? new_track(t, thread) : track;
        if (t->next[count] == NULL) {
            return false;
        }
        count++;
    }
    for (; old < t->live_count; old++) {
        bury(t, t->live[old]);
    }
    struct track **spare = t->live;
    uint32_t capacity = t->live_capacity;
    t->live = t->next;
    t->live_capacity = t->next_capacity;
    t->live_count = count;
    t->next = spare;
    t->next_capacity = capacity;
    return true;
}

struct track *timeline_find(const struct timeline *t, uint64_t paddr)
{
    for (uint32_t i = 0; i < t->live_count; i++) {
        if (view_paddr(t->live[i]->thread) == paddr) {
            return t->live[i];
        }
    }
    return NULL;
}

/* What is left of the budget that is being used. */
uint64_t timeline_budget(const struct timeline *t, const struct core *core)
{
    const struct sched_context *sc = good(t, core->current_sc, sizeof *sc);
    if (sc == NULL || core->current == core->idle || sc->refills.head >= sc->refills.max) {
        return 0;
    }
    const struct refills *r = &sc->refills;
    if (good(t, r->ring, (r->head + (uint64_t)1) * sizeof *r->ring) == NULL) {
        return 0;
    }
    uint64_t amount = r->ring[r->head].amount;
    /* Debug calls do not charge what was used before them. */
    uint64_t used = core->uncharged + (t->time > core->now ? t->time - core->now : 0);
    return amount > used ? amount - used : 0;
}
