/* SPDX-License-Identifier: BSD-2-Clause */

#include "core/endpoint.h"

#include <stddef.h>

#include "core/fault.h"
#include "core/ipc.h"
#include "core/kernel.h"
#include "core/ntfn.h"
#include "core/reply.h"
#include "core/sched.h"
#include "core/sched_context.h"
#include "core/thread.h"

static bool has_queued(const struct endpoint *endpoint, enum thread_state state)
{
    return !queue_is_empty(&endpoint->queue) && endpoint->queue.head->state == state;
}

static void enqueue(struct endpoint *endpoint, struct thread *thread)
{
    queue_insert_by_priority(&endpoint->queue, thread);
    thread->queue = THREAD_QUEUE_ENDPOINT;
    thread->endpoint = endpoint;
}

static void dequeue(struct thread *thread)
{
    queue_remove(&thread->endpoint->queue, thread);
    thread->endpoint = NULL;
}

static void block_sender(struct kernel *k, struct endpoint *endpoint, struct thread *sender,
                         const struct send *send)
{
    sender->badge = send->badge;
    sender->can_grant = send->can_grant;
    sender->can_grant_reply = send->can_grant_reply;
    sender->is_call = send->is_call;
    thread_set_state(k, sender, THREAD_BLOCKED_ON_SEND);
    enqueue(endpoint, sender);
}

/* Message or pending fault. */
static void transfer(struct kernel *k, struct endpoint *endpoint, struct thread *sender,
                     struct thread *receiver, uint64_t badge, bool can_grant)
{
    if (sender->fault.type != FAULT_NONE) {
        fault_transfer(k, sender, receiver, badge);
    } else {
        ipc_transfer(k, sender, receiver, endpoint, badge, can_grant);
    }
}

void endpoint_send(struct kernel *k, struct endpoint *endpoint, struct thread *sender,
                   const struct send *send)
{
    if (!has_queued(endpoint, THREAD_BLOCKED_ON_RECEIVE)) {
        if (send->blocking) {
            block_sender(k, endpoint, sender, send);
        }
        return;
    }
    struct thread *receiver = endpoint->queue.head;
    struct reply *reply = receiver->reply;
    bool awaits_reply = send->is_call || sender->fault.type != FAULT_NONE;

    dequeue(receiver);
    transfer(k, endpoint, sender, receiver, send->badge, send->can_grant);
    if (reply != NULL) {
        reply_detach(reply);
    }
    if (awaits_reply && reply != NULL && (send->can_grant || send->can_grant_reply)) {
        reply_push(k, reply, sender, receiver, send->may_donate);
    } else if (awaits_reply) {
        thread_set_state(k, sender, THREAD_INACTIVE);
    } else if (send->may_donate && receiver->sc == NULL && sender->sc != NULL) {
        sched_context_donate(k, sender->sc, receiver);
    }
    thread_set_state(k, receiver, THREAD_RUNNING);
    sched_context_wake(k, receiver->sc);
    sched_candidate(k, receiver);
}

/* The queued sender at the head gives its message to `receiver`. */
static void receive_from_queue(struct kernel *k, struct endpoint *endpoint, struct thread *receiver,
                               struct reply *reply)
{
    struct thread *sender = endpoint->queue.head;
    bool awaits_reply = sender->is_call || sender->fault.type != FAULT_NONE;

    dequeue(sender);
    transfer(k, endpoint, sender, receiver, sender->badge, sender->can_grant);
    sched_context_wake(k, sender->sc);
    if (!awaits_reply) {
        thread_set_state(k, sender, THREAD_RUNNING);
        sched_candidate(k, sender);
    } else if (reply != NULL && (sender->can_grant || sender->can_grant_reply)) {
        reply_push(k, reply, sender, receiver, sender->fault.type != FAULT_TIMEOUT);
    } else {
        thread_set_state(k, sender, THREAD_INACTIVE);
    }
}

void endpoint_receive(struct kernel *k, struct endpoint *endpoint, struct thread *receiver,
                      struct reply *reply, bool blocking)
{
    struct ntfn *bound = receiver->bound_ntfn;

    if (reply != NULL) {
        reply_clear(k, reply);
    }
    if (bound != NULL && bound->state == NTFN_ACTIVE) {
        ntfn_complete(k, bound, receiver);
        return;
    }
    if (bound != NULL && blocking) {
        ntfn_return_sc(k, bound, receiver);
    }
    if (has_queued(endpoint, THREAD_BLOCKED_ON_SEND)) {
        receive_from_queue(k, endpoint, receiver, reply);
        return;
    }
    if (!blocking) {
        receiver->regs.x[REG_A0] = 0;
        return;
    }
    receiver->reply = reply;
    if (reply != NULL) {
        reply->thread = receiver;
    }
    thread_set_state(k, receiver, THREAD_BLOCKED_ON_RECEIVE);
    enqueue(endpoint, receiver);
}

void endpoint_cancel(struct kernel *k, struct thread *thread)
{
    dequeue(thread);
    if (thread->reply != NULL) {
        reply_detach(thread->reply);
    }
    thread_set_state(k, thread, THREAD_INACTIVE);
}

void endpoint_reorder(struct thread *thread)
{
    struct endpoint *endpoint = thread->endpoint;

    dequeue(thread);
    enqueue(endpoint, thread);
}

/* Restarts a queued thread, or stops it for good if it waits with a fault. */
static void cancel_queued(struct kernel *k, struct thread *thread)
{
    bool faulted = thread->fault.type != FAULT_NONE;

    thread_cancel_ipc(k, thread);
    if (faulted) {
        return;
    }
    thread_set_state(k, thread, THREAD_RESTART);
    sched_context_wake(k, thread->sc);
    sched_candidate(k, thread);
}

enum status endpoint_cancel_all(struct kernel *k, struct endpoint *endpoint, bool preemptible)
{
    while (!queue_is_empty(&endpoint->queue)) {
        cancel_queued(k, endpoint->queue.head);
        sched_full(k);
        if (preemptible && !queue_is_empty(&endpoint->queue) && kernel_preempt(k)) {
            return STATUS_PREEMPTED;
        }
    }
    return STATUS_OK;
}

enum status endpoint_cancel_badged(struct kernel *k, struct endpoint *endpoint, uint64_t badge)
{
    if (!has_queued(endpoint, THREAD_BLOCKED_ON_SEND)) {
        return STATUS_OK;
    }
    struct thread *thread = endpoint->queue.head;

    while (thread != NULL) {
        struct thread *next = thread->queue_next;
        if (thread->badge == badge) {
            cancel_queued(k, thread);
            sched_full(k);
            /* Only here: started again from the head, it has one sender less before it. A
             * preemption point after others would let frequent interrupts keep it from ever
             * getting past them. */
            if (kernel_preempt(k)) {
                return STATUS_PREEMPTED;
            }
        }
        thread = next;
    }
    return STATUS_OK;
}
