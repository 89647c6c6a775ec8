/* SPDX-License-Identifier: BSD-2-Clause */

#include "core/sched.h"

#include <stddef.h>

#include "core/bits.h"
#include "core/fault.h"
#include "core/fpu.h"
#include "core/kernel.h"
#include "core/machine.h"
#include "core/thread.h"
#include "core/vspace.h"

static struct ready_queues *ready_of(struct kernel *k, const struct thread *thread)
{
    return &k->cores[thread->core].ready[thread->domain];
}

static void mark_ready(struct ready_queues *ready, uint32_t priority)
{
    ready->words[priority / 64] |= bit(priority % 64);
    ready->summary |= bit(priority / 64);
}

static void unmark_ready(struct ready_queues *ready, uint32_t priority)
{
    ready->words[priority / 64] &= ~bit(priority % 64);
    if (ready->words[priority / 64] == 0) {
        ready->summary &= ~bit(priority / 64);
    }
}

/* The highest priority with a ready thread; false if there is none. */
static bool highest_ready(const struct ready_queues *ready, uint32_t *priority)
{
    if (ready->summary == 0) {
        return false;
    }
    uint32_t word = highest_bit(ready->summary);
    *priority = word * 64 + highest_bit(ready->words[word]);
    return true;
}

static void enqueue(struct kernel *k, struct thread *thread, bool at_head)
{
    ASSERT(thread_is_schedulable(thread));
    struct ready_queues *ready = ready_of(k, thread);
    struct thread_list *queue = &ready->queues[thread->priority];

    queue_insert(queue, thread, at_head ? queue->head : NULL);
    thread->queue = THREAD_QUEUE_READY;
    mark_ready(ready, thread->priority);
}

void sched_enqueue_head(struct kernel *k, struct thread *thread)
{
    enqueue(k, thread, true);
}

void sched_enqueue_tail(struct kernel *k, struct thread *thread)
{
    enqueue(k, thread, false);
}

static void remove_ready(struct kernel *k, struct thread *thread)
{
    struct ready_queues *ready = ready_of(k, thread);
    struct thread_list *queue = &ready->queues[thread->priority];

    queue_remove(queue, thread);
    if (queue_is_empty(queue)) {
        unmark_ready(ready, thread->priority);
    }
}

static void remove_release(struct kernel *k, struct thread *thread)
{
    struct core *core = &k->cores[thread->core];

    if (core->release.head == thread) {
        core->reprogram = true;
    }
    queue_remove(&core->release, thread);
}

void sched_dequeue(struct kernel *k, struct thread *thread)
{
    struct core *core = this_core(k);

    if (thread->queue == THREAD_QUEUE_READY) {
        remove_ready(k, thread);
    } else if (thread->queue == THREAD_QUEUE_RELEASE) {
        remove_release(k, thread);
    }
    if (core->candidate == thread) {
        core->candidate = NULL;
        core->action = SCHED_CHOOSE;
    }
}

void sched_enqueue_release(struct kernel *k, struct thread *thread)
{
    struct core *core = &k->cores[thread->core];
    uint64_t time = refill_at(&thread->sc->refills, 0)->time;
    struct thread *before = core->release.tail;
    struct thread *next = NULL;

    while (before != NULL && refill_at(&before->sc->refills, 0)->time > time) {
        next = before;
        before = before->queue_prev;
    }
    queue_insert(&core->release, thread, next);
    thread->queue = THREAD_QUEUE_RELEASE;
    if (core->release.head == thread) {
        core->reprogram = true;
    }
    sched_recheck(k, thread);
}

void sched_recheck(struct kernel *k, const struct thread *thread)
{
    struct core *core = this_core(k);

    if (thread == core->current && core->action == SCHED_KEEP && !thread_is_schedulable(thread)) {
        core->action = SCHED_CHOOSE;
    }
}

void sched_full(struct kernel *k)
{
    struct core *core = this_core(k);
    struct thread *candidate = core->candidate;

    core->candidate = NULL;
    core->action = SCHED_CHOOSE;
    if (candidate != NULL && thread_is_schedulable(candidate) &&
        candidate->queue == THREAD_QUEUE_NONE) {
        sched_enqueue_head(k, candidate);
    }
}

void sched_postpone(struct kernel *k, struct thread *thread)
{
    if (thread_is_schedulable(thread) && !sched_context_usable(k, thread->sc)) {
        sched_dequeue(k, thread);
        sched_enqueue_release(k, thread);
    }
}

void sched_candidate(struct kernel *k, struct thread *thread)
{
    struct core *core = this_core(k);

    sched_postpone(k, thread);
    if (!thread_is_schedulable(thread) || thread->queue == THREAD_QUEUE_READY ||
        thread == core->current || thread == core->candidate) {
        return;
    }
    if (thread->core != k->this_core || thread->domain != core->domain) {
        sched_enqueue_head(k, thread);
    } else if (core->action != SCHED_KEEP) {
        sched_full(k);
        sched_enqueue_head(k, thread);
    } else {
        core->action = SCHED_SWITCH;
        core->candidate = thread;
    }
}

/* Docs/abi/13 section 13.5: the domain's time runs with the clock. */
static void account_domain(struct kernel *k, uint64_t elapsed)
{
    struct core *core = this_core(k);

    if (CONFIG_DOMAINS == 1) {
        return;
    }
    if (saturating_add(elapsed, k->limits.min_budget) >= core->domain_left) {
        core->domain_left = 0;
    } else {
        core->domain_left -= elapsed;
    }
}

static bool domain_expired(const struct core *core)
{
    return CONFIG_DOMAINS > 1 && core->domain_left == 0;
}

void sched_account(struct kernel *k, uint64_t now)
{
    struct core *core = this_core(k);
    ASSERT(now >= core->now);

    uint64_t elapsed = now - core->now;
    core->uncharged = saturating_add(core->uncharged, elapsed);
    core->now = now;
    account_domain(k, elapsed);
}

static bool is_idle_sc(const struct core *core, const struct sched_context *sc)
{
    return sc == &core->idle_sc;
}

void sched_commit(struct kernel *k)
{
    struct core *core = this_core(k);
    struct sched_context *sc = core->current_sc;

    if (sc->refills.max != 0 && !is_idle_sc(core, sc)) {
        refill_commit(&sc->refills, core->uncharged, &k->limits);
        sc->consumed = saturating_add(sc->consumed, core->uncharged);
    }
    core->uncharged = 0;
}

/* The current thread's slice has ended, docs/abi/06 section 6.9. */
static void end_slice(struct kernel *k, bool may_fault)
{
    struct thread *thread = current_thread(k);

    if (may_fault && thread->sc->refills.period != 0 && fault_has_timeout_handler(thread)) {
        fault_timeout(k, thread);
    } else if (sched_context_usable(k, thread->sc)) {
        sched_enqueue_tail(k, thread);
    } else {
        sched_enqueue_release(k, thread);
    }
}

/* Charges `usage` to the current SC, of which only the uncharged time counts as consumed, and ends
 * the slice ("expire", docs/abi/06 section 6.7). */
static void expire(struct kernel *k, uint64_t usage, bool may_fault)
{
    struct core *core = this_core(k);
    struct sched_context *sc = core->current_sc;

    if (!is_idle_sc(core, sc)) {
        refill_expire(&sc->refills, usage, &k->limits);
        sc->consumed = saturating_add(sc->consumed, core->uncharged);
    }
    core->uncharged = 0;
    core->reprogram = true;
    if (thread_is_schedulable(core->current)) {
        end_slice(k, may_fault);
        sched_full(k);
    }
}

/* The current SC's head covers the uncharged time. */
static bool budget_suffices(const struct kernel *k)
{
    const struct core *core = &k->cores[k->this_core];
    const struct sched_context *sc = core->current_sc;

    return is_idle_sc(core, sc) ||
           (sc->refills.max != 0 &&
            refill_sufficient(&sc->refills, core->uncharged, k->limits.min_budget));
}

bool sched_check_budget(struct kernel *k)
{
    struct core *core = this_core(k);
    struct thread *thread = core->current;
    bool suffices = budget_suffices(k);

    if (suffices && !domain_expired(core)) {
        return true;
    }
    if (!suffices) {
        expire(k, core->uncharged, true);
    }
    if (thread_is_runnable(thread)) {
        thread->state = THREAD_RESTART;
    }
    return false;
}

bool sched_has_time(const struct kernel *k)
{
    return budget_suffices(k) && !domain_expired(&k->cores[k->this_core]);
}

void sched_check_preempted(struct kernel *k)
{
    struct core *core = this_core(k);

    if (thread_is_schedulable(core->current)) {
        (void)sched_check_budget(k);
    } else if (core->current_sc->refills.max != 0) {
        expire(k, core->uncharged, false);
    } else {
        core->uncharged = 0;
    }
}

void sched_give_up(struct kernel *k)
{
    struct core *core = this_core(k);

    expire(k, refill_at(&core->current_sc->refills, 0)->amount, false);
}

void sched_restart_domains(struct kernel *k)
{
    struct core *core = this_core(k);

    if (CONFIG_DOMAINS > 1) {
        core->domain_left = 0;
        core->domain_index = CONFIG_DOMAIN_SCHEDULE - 1;
    }
}

static void next_domain(struct kernel *k)
{
    struct core *core = this_core(k);
    uint32_t next = core->domain_index + 1;

    if (next >= CONFIG_DOMAIN_SCHEDULE ||
        (k->domain_schedule[next].duration == 0 && k->domain_schedule[next].domain == 0)) {
        next = k->domain_start;
    }
    core->domain_index = next;
    core->domain = k->domain_schedule[next].domain;
    core->domain_left = k->domain_schedule[next].duration;
    core->work_units = 0;
    core->reprogram = true;
    fpu_release_core(k, k->this_core);
}

/* The first thread of the highest ready queue, out of its queue; the idle thread if none is. */
static struct thread *choose(struct kernel *k)
{
    struct core *core = this_core(k);

    if (domain_expired(core)) {
        next_domain(k);
    }
    struct ready_queues *ready = &core->ready[core->domain];
    uint32_t priority = 0;
    if (!highest_ready(ready, &priority)) {
        return core->idle;
    }
    struct thread *thread = ready->queues[priority].head;
    sched_dequeue(k, thread);
    return thread;
}

/* The candidate, or who is better, docs/abi/06 section 6.13 step 2. `was_schedulable`: the current
 * thread still is, and is queued. */
static struct thread *switch_or_choose(struct kernel *k, bool was_schedulable)
{
    struct core *core = this_core(k);
    struct thread *current = core->current;
    struct thread *candidate = core->candidate;
    uint32_t highest = 0;
    bool any_ready = highest_ready(&core->ready[core->domain], &highest);

    core->candidate = NULL;
    ASSERT(candidate->queue == THREAD_QUEUE_NONE);
    bool below_current = current->state == THREAD_IDLE || candidate->priority < current->priority;
    if (below_current && any_ready && candidate->priority < highest) {
        sched_enqueue_head(k, candidate);
        return choose(k);
    }
    if (was_schedulable && candidate->priority == current->priority) {
        sched_enqueue_tail(k, candidate);
        return choose(k);
    }
    return candidate;
}

static void wake_released(struct kernel *k)
{
    struct core *core = this_core(k);
    struct thread *thread = core->release.head;

    while (thread != NULL && refill_ready(&thread->sc->refills, core->now)) {
        remove_release(k, thread);
        sched_candidate(k, thread);
        thread = core->release.head;
    }
}

static struct thread *next_thread(struct kernel *k)
{
    struct core *core = this_core(k);

    if (domain_expired(core)) {
        sched_full(k);
    }
    if (core->action == SCHED_KEEP) {
        return core->current;
    }
    bool schedulable = thread_is_schedulable(core->current);
    if (schedulable && core->current->queue == THREAD_QUEUE_NONE) {
        sched_enqueue_head(k, core->current);
    }
    return core->action == SCHED_SWITCH ? switch_or_choose(k, schedulable) : choose(k);
}

/* Arms the timer for whatever comes first, docs/abi/06 section 6.10. */
static void arm_timer(struct kernel *k)
{
    struct core *core = this_core(k);
    uint64_t deadline = UINT64_MAX;

    if (!is_idle_sc(core, core->current_sc)) {
        deadline = saturating_add(core->now, refill_at(&core->current_sc->refills, 0)->amount);
    }
    if (core->release.head != NULL) {
        deadline = min_u64(deadline, refill_at(&core->release.head->sc->refills, 0)->time);
    }
    if (CONFIG_DOMAINS > 1) {
        deadline = min_u64(deadline, saturating_add(core->now, core->domain_left));
    }
    deadline = deadline > k->timer_slack ? deadline - k->timer_slack : 0;
    machine_timer_set(k->machine, k->this_core, deadline);
}

/* The chosen thread's SC becomes the one that is charged, docs/abi/06 section 6.13 step 3. */
static void switch_sc(struct kernel *k, struct sched_context *sc)
{
    struct core *core = this_core(k);

    if (sc != core->current_sc) {
        core->reprogram = true;
        if (!sc->sporadic && !is_idle_sc(core, sc)) {
            (void)refill_unblock(&sc->refills, core->now);
        }
    }
    if (core->reprogram) {
        sched_commit(k);
    }
    core->current_sc = sc;
    if (core->reprogram) {
        arm_timer(k);
        core->reprogram = false;
    }
}

/* The thread about to run starts where it must, docs/abi/06 sections 6.2 and 6.12. */
static void activate(struct kernel *k, struct thread *thread)
{
    if (thread->state == THREAD_RESTART) {
        thread->regs.pc = thread->regs.fault_pc;
        thread->state = THREAD_RUNNING;
    }
    if (thread->yield_to != NULL) {
        sched_context_complete_yield(k, thread->yield_to);
    }
}

void sched_exit(struct kernel *k)
{
    struct core *core = this_core(k);

    wake_released(k);
    struct thread *thread = next_thread(k);
    core->current = thread;
    core->action = SCHED_KEEP;
    ASSERT(core->candidate == NULL && thread->queue == THREAD_QUEUE_NONE);
    switch_sc(k, thread->sc);
    activate(k, thread);
    vspace_switch(k, thread);
    fpu_switch(k, thread);
}
