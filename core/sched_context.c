/* SPDX-License-Identifier: BSD-2-Clause */

#include "core/sched_context.h"

#include <stddef.h>

#include "core/bits.h"
#include "core/call.h"
#include "core/kernel.h"
#include "core/ntfn.h"
#include "core/reply.h"
#include "core/sched.h"
#include "core/thread.h"

enum { SC_HEADER_BYTES = sizeof(struct sched_context) };

uint32_t sched_context_capacity(uint8_t bits)
{
    return (uint32_t)((bit(bits) - SC_HEADER_BYTES) / ABI_REFILL_BYTES);
}

void sched_context_init(struct sched_context *sc, uint8_t bits)
{
    sc->bits = bits;
    sc->refills.ring = (struct refill *)(sc + 1);
}

bool sched_context_released(const struct kernel *k, const struct sched_context *sc)
{
    return sc->refills.max != 0 && refill_ready(&sc->refills, k->cores[k->this_core].now);
}

bool sched_context_usable(const struct kernel *k, const struct sched_context *sc)
{
    return sched_context_released(k, sc) &&
           refill_sufficient(&sc->refills, 0, k->limits.min_budget);
}

static bool is_current_sc(const struct kernel *k, const struct sched_context *sc)
{
    return k->cores[k->this_core].current_sc == sc;
}

void sched_context_wake(struct kernel *k, struct sched_context *sc)
{
    if (sc == NULL || !sc->sporadic || sc->refills.max == 0 || is_current_sc(k, sc)) {
        return;
    }
    if (refill_unblock(&sc->refills, this_core(k)->now)) {
        this_core(k)->reprogram = true;
    }
}

void sched_context_unbind_thread(struct kernel *k, struct sched_context *sc)
{
    struct thread *thread = sc->thread;
    ASSERT(thread != NULL && thread->sc == sc);

    sched_dequeue(k, thread);
    thread->sc = NULL;
    sc->thread = NULL;
    if (thread == current_thread(k)) {
        sched_full(k);
    }
}

void sched_context_donate(struct kernel *k, struct sched_context *sc, struct thread *to)
{
    ASSERT(to->sc == NULL);
    struct thread *from = sc->thread;

    if (from != NULL) {
        sched_dequeue(k, from);
        from->sc = NULL;
    }
    sc->thread = to;
    to->sc = sc;
    to->core = sc->core;
    if (from != NULL) {
        sched_recheck(k, from);
    }
}

void sched_context_bind_thread(struct kernel *k, struct sched_context *sc, struct thread *thread)
{
    ASSERT(sc->thread == NULL && thread->sc == NULL);
    sc->thread = thread;
    thread->sc = sc;
    thread->core = sc->core;
    sched_context_wake(k, sc);
    sched_postpone(k, thread);
    if (thread_is_schedulable(thread)) {
        sched_enqueue_head(k, thread);
        sched_full(k);
    }
}

void sched_context_bind_ntfn(struct sched_context *sc, struct ntfn *ntfn)
{
    ASSERT(sc->ntfn == NULL && ntfn->sc == NULL);
    sc->ntfn = ntfn;
    ntfn->sc = sc;
}

void sched_context_unbind_ntfn(struct sched_context *sc)
{
    if (sc->ntfn != NULL) {
        sc->ntfn->sc = NULL;
        sc->ntfn = NULL;
    }
}

/* Later replies along the SC's call stack deliver messages but no SC. */
static void detach_stack(struct sched_context *sc)
{
    if (sc->reply != NULL) {
        sc->reply->sc = NULL;
        sc->reply = NULL;
    }
}

uint64_t sched_context_take_consumed(const struct kernel *k, struct sched_context *sc)
{
    uint64_t us = sc->consumed / k->ticks_per_us;

    sc->consumed = 0;
    return us;
}

void sched_context_complete_yield(struct kernel *k, struct sched_context *sc)
{
    struct thread *waiter = sc->yield_from;

    if (waiter == NULL) {
        return;
    }
    uint64_t us = sched_context_take_consumed(k, sc);
    call_reply(k, waiter, 0, &us, 1);
    sc->yield_from = NULL;
    waiter->yield_to = NULL;
}

void sched_context_finalise(struct kernel *k, struct sched_context *sc)
{
    sched_context_complete_yield(k, sc);
    if (sc->thread != NULL) {
        sched_context_unbind_thread(k, sc);
    }
    sched_context_unbind_ntfn(sc);
    detach_stack(sc);
    sc->refills.max = 0;
}

/* SchedControl_ConfigureFlags, docs/abi/06 section 6.6. */
static void configure(struct kernel *k, struct sched_context *sc, uint8_t core, uint64_t budget,
                      uint64_t period, uint32_t max)
{
    struct thread *thread = sc->thread;
    uint64_t now = this_core(k)->now;
    struct refills *refills = &sc->refills;

    if (thread != NULL) {
        sched_dequeue(k, thread);
        if (is_current_sc(k, sc)) {
            sched_commit(k);
            this_core(k)->reprogram = true; /* What the timer was armed for is no more. */
        }
    }
    bool update = refills->max != 0 && thread != NULL && thread_is_runnable(thread) &&
                  sc->core == core && budget != period;
    if (update) {
        refill_update(refills, max, budget, period, now, k->limits.min_budget);
    } else {
        refill_new(refills, max, budget, period, now);
    }
    sc->core = core;
    if (thread == NULL) {
        return;
    }
    thread->core = core;
    sched_postpone(k, thread);
    if (thread == current_thread(k)) {
        sched_full(k);
    } else if (thread_is_runnable(thread)) {
        sched_candidate(k, thread);
    }
}

enum status sched_control_configure_flags(struct kernel *k, struct call *call)
{
    if (call->extra_count < 1) {
        return call_fail(k, call, 1);
    }
    if (call->length < 5) {
        return call_fail(k, call, 2);
    }
    uint64_t budget_us = call_word(call, 0);
    uint64_t period_us = call_word(call, 1);
    uint64_t extra = call_word(call, 2);
    struct cap *cap = &call->extra[0]->cap;

    if (budget_us > k->max_period_us) {
        return call_fail_range(k, call, 3, ABI_MIN_BUDGET_US, k->max_period_us);
    }
    if (period_us > k->max_period_us) {
        return call_fail_range(k, call, 4, ABI_MIN_BUDGET_US, k->max_period_us);
    }
    uint64_t budget = budget_us * k->ticks_per_us;
    uint64_t period = period_us * k->ticks_per_us;
    if (budget < k->limits.min_budget) {
        return call_fail_range(k, call, 5, ABI_MIN_BUDGET_US, k->max_period_us);
    }
    if (period < k->limits.min_budget) {
        return call_fail_range(k, call, 6, ABI_MIN_BUDGET_US, k->max_period_us);
    }
    if (budget > period) {
        return call_fail_range(k, call, 7, ABI_MIN_BUDGET_US, period_us);
    }
    if (cap->type != CAP_SCHED_CONTEXT) {
        return call_fail_cap(k, call, 8, 1);
    }
    uint32_t capacity = sched_context_capacity(cap->bits);
    if (extra > capacity - 2) {
        return call_fail_range(k, call, 9, 0, capacity - 2);
    }

    /* Commit: cannot fail. */
    struct sched_context *sc = cap->sc;
    uint8_t core = (uint8_t)call->slot->cap.core;
    configure(k, sc, core, budget, period, 2 + (uint32_t)extra);
    sc->badge = call_word(call, 3);
    sc->sporadic = (call_word(call, 4) & ABI_SC_SPORADIC) != 0;
    return STATUS_OK;
}

static enum status bind_thread(struct kernel *k, struct call *call, struct sched_context *sc,
                               struct thread *thread)
{
    if (sc->thread != NULL) {
        return call_fail(k, call, 2);
    }
    if (thread->sc != NULL) {
        return call_fail(k, call, 3);
    }
    if (thread_is_blocked(thread) && !sched_context_released(k, sc)) {
        return call_fail(k, call, 4);
    }
    sched_context_bind_thread(k, sc, thread);
    return STATUS_OK;
}

enum status sched_context_bind(struct kernel *k, struct call *call)
{
    struct sched_context *sc = call->slot->cap.sc;

    if (call->extra_count < 1) {
        return call_fail(k, call, 1);
    }
    struct cap *cap = &call->extra[0]->cap;
    if (cap->type == CAP_TCB) {
        return bind_thread(k, call, sc, cap->thread);
    }
    if (cap->type != CAP_NOTIFICATION) {
        return call_fail_cap(k, call, 7, 1);
    }
    if (sc->ntfn != NULL) {
        return call_fail(k, call, 5);
    }
    if (cap->ntfn->sc != NULL) {
        return call_fail(k, call, 6);
    }
    sched_context_bind_ntfn(sc, cap->ntfn);
    return STATUS_OK;
}

enum status sched_context_unbind(struct kernel *k, struct call *call)
{
    struct sched_context *sc = call->slot->cap.sc;

    if (sc->thread == current_thread(k)) {
        return call_fail(k, call, 1);
    }
    if (sc->thread != NULL) {
        sched_context_unbind_thread(k, sc);
    }
    sched_context_unbind_ntfn(sc);
    detach_stack(sc);
    return STATUS_OK;
}

enum status sched_context_unbind_object(struct kernel *k, struct call *call)
{
    struct sched_context *sc = call->slot->cap.sc;

    if (call->extra_count < 1) {
        return call_fail(k, call, 1);
    }
    struct cap *cap = &call->extra[0]->cap;
    if (cap->type == CAP_TCB) {
        if (sc->thread != cap->thread) {
            return call_fail(k, call, 2);
        }
        if (cap->thread == current_thread(k)) {
            return call_fail(k, call, 3);
        }
        sched_context_unbind_thread(k, sc);
        return STATUS_OK;
    }
    if (cap->type != CAP_NOTIFICATION) {
        return call_fail_cap(k, call, 5, 1);
    }
    if (sc->ntfn != cap->ntfn) {
        return call_fail(k, call, 4);
    }
    sched_context_unbind_ntfn(sc);
    return STATUS_OK;
}

enum status sched_context_consumed(struct kernel *k, struct call *call)
{
    call_result(call, sched_context_take_consumed(k, call->slot->cap.sc));
    return STATUS_OK;
}

/* Runs the SC's thread before the caller, which gets its answer when it next runs. */
static void yield_and_wait(struct kernel *k, struct call *call, struct sched_context *sc)
{
    struct thread *caller = call->caller;

    caller->yield_to = sc;
    sc->yield_from = caller;
    sched_dequeue(k, sc->thread);
    sched_enqueue_head(k, caller);
    sched_enqueue_head(k, sc->thread);
    sched_full(k);
    call->answered = true;
}

enum status sched_context_yield_to(struct kernel *k, struct call *call)
{
    struct sched_context *sc = call->slot->cap.sc;
    struct thread *thread = sc->thread;
    struct thread *caller = call->caller;

    if (thread == NULL) {
        return call_fail(k, call, 1);
    }
    if (thread == caller) {
        return call_fail(k, call, 2);
    }
    if (thread->priority > caller->mcp) {
        return call_fail(k, call, 3);
    }
    ASSERT(caller->yield_to == NULL);

    sched_context_complete_yield(k, sc);
    sched_postpone(k, thread);
    if (thread_is_schedulable(thread)) {
        if (sc->core == k->this_core && thread->priority >= caller->priority) {
            yield_and_wait(k, call, sc);
            return STATUS_OK;
        }
        sched_dequeue(k, thread);
        sched_enqueue_head(k, thread);
    }
    call_result(call, sched_context_take_consumed(k, sc));
    return STATUS_OK;
}
