/* SPDX-License-Identifier: BSD-2-Clause */

#include "core/ntfn.h"

#include <stddef.h>

#include "core/assert.h"
#include "core/kernel.h"
#include "core/reply.h"
#include "core/sched.h"
#include "core/sched_context.h"
#include "core/thread.h"

static void enqueue(struct ntfn *ntfn, struct thread *thread)
{
    queue_insert_by_priority(&ntfn->queue, thread);
    thread->queue = THREAD_QUEUE_NTFN;
    thread->ntfn = ntfn;
    ntfn->state = NTFN_WAITING;
}

static void dequeue(struct thread *thread)
{
    struct ntfn *ntfn = thread->ntfn;

    queue_remove(&ntfn->queue, thread);
    thread->ntfn = NULL;
    if (queue_is_empty(&ntfn->queue)) {
        ntfn->state = NTFN_IDLE;
    }
}

/* Donation from a notification, docs/abi/07 section 7.8. */
static void donate(struct kernel *k, struct ntfn *ntfn, struct thread *thread)
{
    if (thread->sc == NULL && ntfn->sc != NULL && ntfn->sc->thread == NULL) {
        sched_context_donate(k, ntfn->sc, thread);
        sched_postpone(k, thread);
    }
}

/* A thread that was blocked gets the badge and goes on. */
static void wake(struct kernel *k, struct ntfn *ntfn, struct thread *thread, uint64_t badge)
{
    thread->regs.x[REG_A0] = badge;
    thread_set_state(k, thread, THREAD_RUNNING);
    donate(k, ntfn, thread);
    sched_context_wake(k, thread->sc);
    sched_candidate(k, thread);
}

void ntfn_signal(struct kernel *k, struct ntfn *ntfn, uint64_t badge)
{
    struct thread *bound = ntfn->bound;

    switch ((enum ntfn_state)ntfn->state) {
    case NTFN_WAITING: {
        struct thread *thread = ntfn->queue.head;
        dequeue(thread);
        wake(k, ntfn, thread, badge);
        return;
    }
    case NTFN_IDLE:
        if (bound != NULL && bound->state == THREAD_BLOCKED_ON_RECEIVE) {
            thread_cancel_ipc(k, bound);
            wake(k, ntfn, bound, badge);
            return;
        }
        ntfn->state = NTFN_ACTIVE;
        ntfn->badge = badge;
        return;
    case NTFN_ACTIVE:
        ntfn->badge |= badge;
        return;
    }
}

void ntfn_complete(struct kernel *k, struct ntfn *ntfn, struct thread *thread)
{
    ASSERT(ntfn->state == NTFN_ACTIVE);
    thread->regs.x[REG_A0] = ntfn->badge;
    ntfn->state = NTFN_IDLE;
    ntfn->badge = 0;
    donate(k, ntfn, thread);
    sched_context_wake(k, thread->sc);
}

void ntfn_return_sc(struct kernel *k, struct ntfn *ntfn, struct thread *thread)
{
    if (ntfn->sc != NULL && ntfn->sc == thread->sc) {
        sched_context_unbind_thread(k, ntfn->sc);
    }
}

void ntfn_wait(struct kernel *k, struct ntfn *ntfn, struct thread *thread, bool blocking)
{
    if (ntfn->state == NTFN_ACTIVE) {
        ntfn_complete(k, ntfn, thread);
    } else if (blocking) {
        thread_set_state(k, thread, THREAD_BLOCKED_ON_NOTIFICATION);
        enqueue(ntfn, thread);
        ntfn_return_sc(k, ntfn, thread);
    } else {
        thread->regs.x[REG_A0] = 0;
    }
}

void ntfn_cancel(struct kernel *k, struct thread *thread)
{
    dequeue(thread);
    thread_set_state(k, thread, THREAD_INACTIVE);
}

void ntfn_reorder(struct thread *thread)
{
    struct ntfn *ntfn = thread->ntfn;

    dequeue(thread);
    enqueue(ntfn, thread);
}

void ntfn_bind(struct ntfn *ntfn, struct thread *thread)
{
    ASSERT(ntfn->bound == NULL && thread->bound_ntfn == NULL);
    ntfn->bound = thread;
    thread->bound_ntfn = ntfn;
}

void ntfn_unbind(struct ntfn *ntfn)
{
    if (ntfn->bound != NULL) {
        ntfn->bound->bound_ntfn = NULL;
        ntfn->bound = NULL;
    }
}

enum status ntfn_cancel_all(struct kernel *k, struct ntfn *ntfn, bool preemptible)
{
    while (!queue_is_empty(&ntfn->queue)) {
        struct thread *thread = ntfn->queue.head;

        ntfn_cancel(k, thread);
        thread_set_state(k, thread, THREAD_RESTART);
        sched_context_wake(k, thread->sc);
        sched_candidate(k, thread);
        sched_full(k);
        if (preemptible && !queue_is_empty(&ntfn->queue) && kernel_preempt(k)) {
            return STATUS_PREEMPTED;
        }
    }
    return STATUS_OK;
}
