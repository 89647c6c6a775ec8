/* SPDX-License-Identifier: BSD-2-Clause */

#include "core/thread.h"

#include <stddef.h>

#include "core/bits.h"
#include "core/endpoint.h"
#include "core/fpu.h"
#include "core/kernel.h"
#include "core/ntfn.h"
#include "core/ram.h"
#include "core/reply.h"
#include "core/sched.h"
#include "core/sched_context.h"

/* RISC-V register of each word of the user context but the first, docs/abi/05 section 5.5.1: ra,
 * sp, gp, s0-s11, a0-a7, t0-t6, tp. */
static const uint8_t context_registers[32] = {
    0,  1,  2,  3,  8,  9,  18, 19, 20, 21, 22, 23, 24, 25, 26, 27,
    10, 11, 12, 13, 14, 15, 16, 17, 5,  6,  7,  28, 29, 30, 31, 4,
};

uint64_t thread_context_get(const struct thread *thread, uint32_t i)
{
    ASSERT(i < 32);
    return i == 0 ? thread->regs.fault_pc : thread->regs.x[context_registers[i]];
}

void thread_context_set(struct thread *thread, uint32_t i, uint64_t value)
{
    ASSERT(i < 32);
    if (i == 0) {
        thread->regs.fault_pc = value;
    } else {
        thread->regs.x[context_registers[i]] = value;
    }
}

bool thread_is_runnable(const struct thread *thread)
{
    return thread->state == THREAD_RUNNING || thread->state == THREAD_RESTART;
}

bool thread_is_blocked(const struct thread *thread)
{
    switch ((enum thread_state)thread->state) {
    case THREAD_BLOCKED_ON_RECEIVE:
    case THREAD_BLOCKED_ON_SEND:
    case THREAD_BLOCKED_ON_REPLY:
    case THREAD_BLOCKED_ON_NOTIFICATION:
        return true;
    case THREAD_INACTIVE:
    case THREAD_RUNNING:
    case THREAD_RESTART:
    case THREAD_IDLE:
        return false;
    }
    return false;
}

bool thread_is_stopped(const struct thread *thread)
{
    return thread->state == THREAD_INACTIVE || thread_is_blocked(thread);
}

bool thread_is_schedulable(const struct thread *thread)
{
    return thread_is_runnable(thread) && thread->sc != NULL && thread->sc->refills.max != 0 &&
           thread->queue != THREAD_QUEUE_RELEASE;
}

/* Appends as much of `text` as fits; returns the new length. */
static uint32_t append(char *name, uint32_t length, const char *text)
{
    for (uint32_t i = 0; text[i] != 0 && length < CONFIG_NAME_SIZE - 1; i++) {
        name[length] = text[i];
        length++;
    }
    return length;
}

void thread_set_name(struct thread *thread, const char *prefix, const char *name,
                     const char *suffix)
{
    uint32_t length = append(thread->name, 0, prefix);
    length = append(thread->name, length, name);
    length = append(thread->name, length, suffix);
    thread->name[length] = 0;
}

void thread_init(struct kernel *k, struct thread *thread, const char *creator)
{
    thread->state = THREAD_INACTIVE;
    thread->domain = this_core(k)->domain;
    thread_set_name(thread, "child of: '", creator, "'");
    thread->all_next = k->threads;
    if (k->threads != NULL) {
        k->threads->all_prev = thread;
    }
    k->threads = thread;
}

void thread_set_state(struct kernel *k, struct thread *thread, enum thread_state state)
{
    thread->state = (uint8_t)state;
    sched_recheck(k, thread);
}

void thread_cancel_ipc(struct kernel *k, struct thread *thread)
{
    thread->fault.type = FAULT_NONE;
    switch ((enum thread_state)thread->state) {
    case THREAD_BLOCKED_ON_RECEIVE:
    case THREAD_BLOCKED_ON_SEND:
        endpoint_cancel(k, thread);
        break;
    case THREAD_BLOCKED_ON_NOTIFICATION:
        ntfn_cancel(k, thread);
        break;
    case THREAD_BLOCKED_ON_REPLY:
        reply_remove_caller(k, thread);
        break;
    case THREAD_INACTIVE:
    case THREAD_RUNNING:
    case THREAD_RESTART:
    case THREAD_IDLE:
        break;
    }
}

/* The thread no longer waits for a yield-to that it issued. */
static void forget_yield_to(struct thread *thread)
{
    if (thread->yield_to != NULL) {
        thread->yield_to->yield_from = NULL;
        thread->yield_to = NULL;
    }
}

void thread_suspend(struct kernel *k, struct thread *thread)
{
    bool was_running = thread->state == THREAD_RUNNING;

    thread_cancel_ipc(k, thread);
    if (was_running) {
        /* A later Restart must not repeat a system call that is complete. */
        thread->regs.fault_pc = thread->regs.pc;
    }
    sched_dequeue(k, thread);
    forget_yield_to(thread);
    thread_set_state(k, thread, THREAD_INACTIVE);
}

void thread_resume(struct kernel *k, struct thread *thread)
{
    if (!thread_is_stopped(thread)) {
        return;
    }
    thread_cancel_ipc(k, thread);
    thread_set_state(k, thread, THREAD_RESTART);
    sched_context_wake(k, thread->sc);
    sched_candidate(k, thread);
}

void thread_set_priority(struct kernel *k, struct thread *thread, uint8_t priority)
{
    bool is_current = thread == current_thread(k);

    if (thread_is_schedulable(thread) && (is_current || thread->queue == THREAD_QUEUE_READY)) {
        sched_dequeue(k, thread);
        thread->priority = priority;
        sched_enqueue_head(k, thread);
        sched_full(k);
        return;
    }
    thread->priority = priority;
    if (thread->queue == THREAD_QUEUE_ENDPOINT) {
        endpoint_reorder(thread);
    } else if (thread->queue == THREAD_QUEUE_NTFN) {
        ntfn_reorder(thread);
    }
}

void thread_finalise(struct kernel *k, struct thread *thread)
{
    if (thread->bound_ntfn != NULL) {
        ntfn_unbind(thread->bound_ntfn);
    }
    if (thread->sc != NULL) {
        struct sched_context *sc = thread->sc;
        sched_context_unbind_thread(k, sc);
        sched_context_complete_yield(k, sc);
    }
    thread_suspend(k, thread);
    fpu_release(k, thread);
    if (thread->all_prev == NULL) {
        k->threads = thread->all_next;
    } else {
        thread->all_prev->all_next = thread->all_next;
    }
    if (thread->all_next != NULL) {
        thread->all_next->all_prev = thread->all_prev;
    }
}

uint64_t *thread_buffer(const struct kernel *k, const struct thread *thread, bool write)
{
    const struct cap *frame = &thread->slots[THREAD_BUFFER].cap;

    if (frame->type != CAP_FRAME || frame->device) {
        return NULL;
    }
    if ((frame->rights & ABI_RIGHT_READ) == 0) {
        return NULL;
    }
    if (write && (frame->rights & ABI_RIGHT_WRITE) == 0) {
        return NULL;
    }
    return ram_words(k, frame->paddr + bits_low(thread->buffer_vaddr, frame->bits));
}
