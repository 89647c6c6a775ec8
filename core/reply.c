/* SPDX-License-Identifier: BSD-2-Clause */

#include "core/reply.h"

#include <stddef.h>

#include "core/assert.h"
#include "core/fault.h"
#include "core/ipc.h"
#include "core/kernel.h"
#include "core/sched.h"
#include "core/sched_context.h"
#include "core/thread.h"

void reply_detach(struct reply *reply)
{
    reply->thread->reply = NULL;
    reply->thread = NULL;
}

void reply_push(struct kernel *k, struct reply *reply, struct thread *caller, struct thread *callee,
                bool donate)
{
    ASSERT(reply->thread == NULL && reply->prev == NULL && reply->next == NULL);
    struct sched_context *sc = caller->sc;

    reply->thread = caller;
    caller->reply = reply;
    thread_set_state(k, caller, THREAD_BLOCKED_ON_REPLY);
    if (!donate || sc == NULL || callee->sc != NULL) {
        return;
    }
    reply->prev = sc->reply;
    if (sc->reply != NULL) {
        sc->reply->next = reply;
        sc->reply->sc = NULL;
    }
    reply->sc = sc;
    sc->reply = reply;
    sched_context_donate(k, sc, callee);
}

/* Takes a Reply object out of the middle of a stack, or what is left of one: both sides are cut. */
static void cut(struct reply *reply)
{
    if (reply->next != NULL) {
        reply->next->prev = NULL;
        reply->next = NULL;
    }
    if (reply->prev != NULL) {
        reply->prev->next = NULL;
        reply->prev = NULL;
    }
}

/* Pops the top of an SC's stack. */
static struct sched_context *pop(struct reply *reply)
{
    struct sched_context *sc = reply->sc;

    sc->reply = reply->prev;
    if (reply->prev != NULL) {
        reply->prev->sc = sc;
        reply->prev->next = NULL;
    }
    reply->sc = NULL;
    reply->prev = NULL;
    return sc;
}

void reply_remove(struct kernel *k, struct reply *reply)
{
    struct thread *caller = reply->thread;
    ASSERT(caller != NULL && caller->state == THREAD_BLOCKED_ON_REPLY);

    if (reply->sc != NULL) {
        struct sched_context *sc = pop(reply);
        if (caller->sc == NULL) {
            sched_context_donate(k, sc, caller);
        }
    } else {
        cut(reply);
    }
    reply_detach(reply);
    thread_set_state(k, caller, THREAD_INACTIVE);
}

void reply_remove_caller(struct kernel *k, struct thread *caller)
{
    struct reply *reply = caller->reply;
    ASSERT(reply != NULL && caller->state == THREAD_BLOCKED_ON_REPLY);

    if (reply->sc != NULL) {
        reply->sc->reply = NULL;
        reply->sc = NULL;
    }
    cut(reply);
    reply_detach(reply);
    thread_set_state(k, caller, THREAD_INACTIVE);
}

void reply_clear(struct kernel *k, struct reply *reply)
{
    if (reply->thread != NULL) {
        thread_cancel_ipc(k, reply->thread);
    }
}

/* The caller has been replied to: it runs if it has time, docs/abi/07 section 7.4 step 5. */
static void continue_caller(struct kernel *k, struct thread *caller, uint8_t fault)
{
    struct sched_context *sc = caller->sc;

    if (sc == NULL || sc->refills.max == 0 || !thread_is_runnable(caller)) {
        return;
    }
    if (!sched_context_usable(k, sc) && fault_has_timeout_handler(caller) &&
        fault != FAULT_TIMEOUT) {
        if (caller->state == THREAD_RUNNING) {
            /* Its system call is complete: the reply to the timeout must not repeat it. */
            caller->regs.fault_pc = caller->regs.pc;
        }
        fault_timeout(k, caller);
        return;
    }
    sched_candidate(k, caller);
}

void reply_transfer(struct kernel *k, struct reply *reply, struct thread *replier, bool can_grant)
{
    struct thread *caller = reply->thread;

    if (caller == NULL || caller->state != THREAD_BLOCKED_ON_REPLY) {
        return;
    }
    uint8_t fault = caller->fault.type;

    reply_remove(k, reply);
    sched_context_wake(k, caller->sc);
    if (fault == FAULT_NONE) {
        ipc_transfer(k, replier, caller, NULL, 0, can_grant);
        thread_set_state(k, caller, THREAD_RUNNING);
    } else {
        bool restart = fault_reply(k, caller, replier);
        thread_set_state(k, caller, restart ? THREAD_RESTART : THREAD_INACTIVE);
    }
    continue_caller(k, caller, fault);
}
