/* SPDX-License-Identifier: BSD-2-Clause */

/* kernel_check(), threads: T. */

#include "core/check_internal.h"

#include "core/bits.h"
#include "core/ntfn.h"
#include "core/sched_context.h"
#include "core/thread.h"

/* The queue that a thread in this state is in, if in any. */
static bool queue_fits_state(const struct thread *thread)
{
    switch ((enum thread_state)thread->state) {
    case THREAD_INACTIVE:
    case THREAD_BLOCKED_ON_REPLY:
        return thread->queue == THREAD_QUEUE_NONE;
    case THREAD_RUNNING:
    case THREAD_RESTART:
        return thread->queue == THREAD_QUEUE_NONE || thread->queue == THREAD_QUEUE_READY ||
               thread->queue == THREAD_QUEUE_RELEASE;
    case THREAD_BLOCKED_ON_RECEIVE:
    case THREAD_BLOCKED_ON_SEND:
        return thread->queue == THREAD_QUEUE_ENDPOINT;
    case THREAD_BLOCKED_ON_NOTIFICATION:
        return thread->queue == THREAD_QUEUE_NTFN;
    case THREAD_IDLE:
        return false;
    }
    return false;
}

static bool check_fields(struct check *c, const struct thread *thread)
{
    REQUIRE(c, thread->state <= THREAD_BLOCKED_ON_NOTIFICATION, "T2",
            "the state is one of a user's thread", thread);
    REQUIRE(c, thread->core < CONFIG_CORES && thread->domain < CONFIG_DOMAINS, "T2",
            "the thread's core and domain exist", thread);
    REQUIRE(c, (thread->flags & ~ABI_TCB_FLAG_FPU_DISABLED) == 0 && thread->regs.x[0] == 0, "T2",
            "unknown flags and register 0 are 0", thread);
    REQUIRE(c, thread->name[CONFIG_NAME_SIZE - 1] == 0, "T2", "the name ends within its array",
            thread);
    REQUIRE(c, queue_fits_state(thread), "T3", "the thread is in a queue that fits its state",
            thread);
    REQUIRE(c,
            thread->queue != THREAD_QUEUE_NONE ||
                (thread->queue_next == NULL && thread->queue_prev == NULL),
            "T4", "a thread that is in no queue has no links", thread);
    return true;
}

/* Where the thread waits. */
static bool check_waiting(struct check *c, const struct thread *thread)
{
    bool at_endpoint = thread->queue == THREAD_QUEUE_ENDPOINT;
    bool at_ntfn = thread->queue == THREAD_QUEUE_NTFN;

    REQUIRE(c,
            at_endpoint ? check_find(c, thread->endpoint, CAP_ENDPOINT) != CHECK_NONE
                        : thread->endpoint == NULL,
            "T5", "a thread names an endpoint exactly while it waits there", thread);
    REQUIRE(c,
            at_ntfn ? check_find(c, thread->ntfn, CAP_NOTIFICATION) != CHECK_NONE
                    : thread->ntfn == NULL,
            "T5", "a thread names a notification exactly while it waits there", thread);
    return true;
}

static bool is_fault(uint8_t type)
{
    switch ((enum fault_type)type) {
    case FAULT_NONE:
    case FAULT_CAP:
    case FAULT_UNKNOWN_SYSCALL:
    case FAULT_USER_EXCEPTION:
    case FAULT_TIMEOUT:
    case FAULT_VM:
        return true;
    }
    return false;
}

static bool check_fault(struct check *c, const struct thread *thread)
{
    bool may_fault = thread->state == THREAD_INACTIVE || thread->state == THREAD_BLOCKED_ON_SEND ||
                     thread->state == THREAD_BLOCKED_ON_REPLY;

    REQUIRE(c, is_fault(thread->fault.type), "T6", "the fault is of a kind that exists", thread);
    REQUIRE(c, may_fault || thread->fault.type == FAULT_NONE, "T6",
            "a thread with a pending fault waits for a handler or is stopped", thread);
    return true;
}

/* The SCs that the thread names name it. */
static bool check_sc(struct check *c, const struct thread *thread)
{
    const struct sched_context *sc = thread->sc;
    const struct sched_context *other = thread->yield_to;

    REQUIRE(c,
            sc == NULL ||
                (check_find(c, sc, CAP_SCHED_CONTEXT) != CHECK_NONE && sc->thread == thread),
            "T7", "a thread and its SC name each other", thread);
    REQUIRE(c, sc == NULL || sc->core == thread->core, "T7", "a thread is on its SC's core",
            thread);
    REQUIRE(c,
            other == NULL || (check_find(c, other, CAP_SCHED_CONTEXT) != CHECK_NONE &&
                              other->yield_from == thread),
            "T8", "a thread and the SC it yielded to name each other", thread);
    REQUIRE(c, other == NULL || thread_is_runnable(thread), "T8",
            "a thread that waits for a yield-to is runnable", thread);
    return true;
}

static bool slot_holds(const struct thread *thread, enum thread_slot which, enum cap_type type)
{
    uint8_t found = thread->slots[which].cap.type;
    return found == CAP_NULL || found == type;
}

/* What the thread's own slots may hold. The CSpace of a thread can be deleted while the thread
 * lives: its slot then holds the zombie. */
/* A fault handler, or one that is just being deleted. */
static bool is_handler(const struct cap *cap)
{
    return cap_is_fault_handler(cap) || (cap->type == CAP_ENDPOINT && cap->rights == 0);
}

static bool check_own_slots(struct check *c, const struct thread *thread)
{
    const struct cap *buffer = &thread->slots[THREAD_BUFFER].cap;
    const struct cap *vspace = &thread->slots[THREAD_VSPACE].cap;
    bool has_buffer = buffer->type != CAP_NULL;

    REQUIRE(c,
            slot_holds(thread, THREAD_CSPACE, CAP_CNODE) ||
                slot_holds(thread, THREAD_CSPACE, CAP_ZOMBIE),
            "T9", "the CSpace slot holds a CNode", thread);
    REQUIRE(c,
            slot_holds(thread, THREAD_VSPACE, CAP_PAGE_TABLE) &&
                (vspace->type == CAP_NULL || cap_is_mapped(vspace)),
            "T9", "the VSpace slot holds a mapped page table", thread);
    REQUIRE(c, slot_holds(thread, THREAD_BUFFER, CAP_FRAME), "T9", "the buffer slot holds a frame",
            thread);
    REQUIRE(c,
            is_handler(&thread->slots[THREAD_FAULT_HANDLER].cap) &&
                is_handler(&thread->slots[THREAD_TIMEOUT_HANDLER].cap),
            "T9", "the handler slots hold endpoints that can be called", thread);
    REQUIRE(c,
            !has_buffer || (check_bool(&buffer->device) == 0 &&
                            is_aligned(thread->buffer_vaddr, ABI_IPC_BUFFER_BITS)),
            "T10", "an IPC buffer is in RAM and within its frame", thread);
    return true;
}

/* On which core the thread is current. */
static bool is_current(const struct check *c, const struct thread *thread)
{
    for (uint32_t i = 0; i < CONFIG_CORES; i++) {
        if (c->k->cores[i].current == thread) {
            return true;
        }
    }
    return false;
}

static bool check_live_thread(struct check *c, const struct thread *thread)
{
    if (!check_fields(c, thread) || !check_waiting(c, thread) || !check_fault(c, thread) ||
        !check_sc(c, thread) || !check_own_slots(c, thread)) {
        return false;
    }
    bool can_run = thread_is_runnable(thread) && check_has_active_sc(thread);
    REQUIRE(c, !can_run || thread->queue != THREAD_QUEUE_NONE || is_current(c, thread), "T11",
            "a thread that can run is running or in a queue", thread);
    return true;
}

/* What is left of a thread whose slots are being emptied takes part in nothing. */
static bool check_dying_thread(struct check *c, const struct thread *thread)
{
    REQUIRE(c,
            thread->state == THREAD_INACTIVE && thread->queue == THREAD_QUEUE_NONE &&
                thread->sc == NULL && thread->yield_to == NULL && thread->reply == NULL &&
                thread->bound_ntfn == NULL,
            "T12", "a thread under destruction takes part in nothing", thread);
    return true;
}

/* The list of all threads, newest first. */
static bool check_list(struct check *c, uint64_t live)
{
    const struct thread *prev = NULL;
    uint64_t count = 0;

    for (const struct thread *thread = c->k->threads; thread != NULL; thread = thread->all_next) {
        REQUIRE(c, check_is_thread(c, thread) && thread->all_prev == prev, "T1",
                "threads in the list exist and name each other", thread);
        prev = thread;
        count++;
    }
    REQUIRE(c, count == live, "T1", "all threads are in the list", c->k);
    return true;
}

bool check_threads(struct check *c)
{
    uint64_t live = 0;

    for (uint64_t i = 0; i < c->object_count; i++) {
        const struct check_object *object = &c->objects[i];
        if (object->type != CAP_TCB) {
            continue;
        }
        const struct thread *thread = check_object_at(c, object);
        bool is_live = check_object_cap(c, object)->type == CAP_TCB;
        live += is_live ? 1 : 0;
        if (is_live ? !check_live_thread(c, thread) : !check_dying_thread(c, thread)) {
            return false;
        }
    }
    return check_list(c, live);
}
