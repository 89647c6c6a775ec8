/* SPDX-License-Identifier: BSD-2-Clause */

#include "core/syscall.h"

#include <stddef.h>

#include "core/assert.h"
#include "core/call.h"
#include "core/cnode.h"
#include "core/cspace.h"
#include "core/domain.h"
#include "core/endpoint.h"
#include "core/fault.h"
#include "core/ipc.h"
#include "core/irq.h"
#include "core/kernel.h"
#include "core/ntfn.h"
#include "core/reply.h"
#include "core/sched.h"
#include "core/sched_context.h"
#include "core/tcb.h"
#include "core/untyped.h"
#include "core/vspace.h"

/* The forms of sending, docs/abi/01 section 1.6. */
struct send_form {
    uint64_t dest;
    bool blocking;
    bool is_call;
    bool may_donate;
    bool first_phase; /* Of a combined call. */
};

bool syscall_is_api(uint64_t number)
{
    int64_t call = (int64_t)number;
    return call >= ABI_SYS_YIELD && call <= ABI_SYS_CALL;
}

static enum status unknown_label(struct kernel *k, struct call *call)
{
    k->counters.unknown_label[call->slot->cap.type]++;
    call->label = ABI_LABEL_INVALID;
    return STATUS_ILLEGAL_OPERATION;
}

/* The capability cannot be invoked (like this). */
static enum status not_invocable(struct call *call)
{
    call->label = ABI_LABEL_INVALID;
    call_result(call, 0);
    return STATUS_INVALID_CAPABILITY;
}

#define DISPATCH_CASE(label, kind, name, stub, handler, args, results)                             \
    case label:                                                                                    \
        return handler(k, call);

/* One dispatcher for each kind of capability, from the API tables. */
/* clang-format off */
#define DISPATCHER(kind)                                                                           \
    static enum status dispatch_##kind(struct kernel *k, struct call *call)                        \
    {                                                                                              \
        switch (call->label) { /* tidy: open switch */                                             \
            ABI_INVOCATIONS_##kind(DISPATCH_CASE)                                                  \
        default:                                                                                   \
            return unknown_label(k, call);                                                         \
        }                                                                                          \
    }
/* clang-format on */

DISPATCHER(UNTYPED)
DISPATCHER(TCB)
DISPATCHER(CNODE)
DISPATCHER(IRQ_CONTROL)
DISPATCHER(IRQ_HANDLER)
DISPATCHER(DOMAIN)
DISPATCHER(SCHED_CONTROL)
DISPATCHER(SCHED_CONTEXT)
DISPATCHER(PAGE_TABLE)
DISPATCHER(FRAME)
DISPATCHER(ASID_CONTROL)
DISPATCHER(ASID_POOL)

/* Kinds that the send half of a combined call may not invoke. */
static enum status dispatch_not_first(struct kernel *k, struct call *call)
{
    switch (call->slot->cap.type) { /* tidy: open switch */
    case CAP_TCB:
        return dispatch_TCB(k, call);
    case CAP_DOMAIN:
        return dispatch_DOMAIN(k, call);
    case CAP_CNODE:
        return dispatch_CNODE(k, call);
    case CAP_SCHED_CONTROL:
        return dispatch_SCHED_CONTROL(k, call);
    default:
        ASSERT(call->slot->cap.type == CAP_SCHED_CONTEXT);
        return dispatch_SCHED_CONTEXT(k, call);
    }
}

static enum status send_to_endpoint(struct kernel *k, struct call *call,
                                    const struct send_form *form)
{
    const struct cap *cap = &call->slot->cap;

    if ((cap->rights & ABI_RIGHT_WRITE) == 0) {
        return not_invocable(call);
    }
    struct send send = {
        .badge = cap->badge,
        .can_grant = (cap->rights & ABI_RIGHT_GRANT) != 0,
        .can_grant_reply = (cap->rights & ABI_RIGHT_GRANT_REPLY) != 0,
        .is_call = form->is_call,
        .may_donate = form->may_donate,
        .blocking = form->blocking,
    };
    endpoint_send(k, cap->endpoint, call->caller, &send);
    return STATUS_OK;
}

/* Acts on the destination, docs/abi/01 section 1.6 step 6. */
static enum status dispatch(struct kernel *k, struct call *call, const struct send_form *form)
{
    const struct cap *cap = &call->slot->cap;

    switch ((enum cap_type)cap->type) {
    case CAP_NULL:
    case CAP_ZOMBIE:
        return not_invocable(call);
    case CAP_ENDPOINT:
        return send_to_endpoint(k, call, form);
    case CAP_NOTIFICATION:
        if ((cap->rights & ABI_RIGHT_WRITE) == 0) {
            return not_invocable(call);
        }
        ntfn_signal(k, cap->ntfn, cap->badge);
        return STATUS_OK;
    case CAP_REPLY:
        reply_transfer(k, cap->reply, call->caller, (cap->rights & ABI_RIGHT_GRANT) != 0);
        return STATUS_OK;
    case CAP_TCB:
    case CAP_DOMAIN:
    case CAP_CNODE:
    case CAP_SCHED_CONTROL:
    case CAP_SCHED_CONTEXT:
        return form->first_phase ? not_invocable(call) : dispatch_not_first(k, call);
    case CAP_UNTYPED:
        return dispatch_UNTYPED(k, call);
    case CAP_IRQ_CONTROL:
        return dispatch_IRQ_CONTROL(k, call);
    case CAP_IRQ_HANDLER:
        return dispatch_IRQ_HANDLER(k, call);
    case CAP_PAGE_TABLE:
        return dispatch_PAGE_TABLE(k, call);
    case CAP_FRAME:
        return dispatch_FRAME(k, call);
    case CAP_ASID_CONTROL:
        return dispatch_ASID_CONTROL(k, call);
    case CAP_ASID_POOL:
        return dispatch_ASID_POOL(k, call);
    }
    UNREACHABLE("an unknown kind of capability");
}

static bool is_invocation(const struct call *call)
{
    uint8_t type = call->slot->cap.type;
    return type != CAP_ENDPOINT && type != CAP_NOTIFICATION && type != CAP_REPLY;
}

/* Gives the caller its answer, docs/abi/01 section 1.6 step 7. True if preempted. */
static bool finish(struct kernel *k, struct call *call, uint64_t label, bool invocation,
                   enum status status)
{
    struct thread *caller = call->caller;

    if (status == STATUS_PREEMPTED) {
        k->counters.preempted[label]++;
        return true;
    }
    if (status == STATUS_OK && invocation) {
        k->counters.success[label]++;
    }
    if (caller->state != THREAD_RESTART) {
        return false; /* It waits for something, or has stopped itself. */
    }
    caller->state = THREAD_RUNNING;
    if (call->is_call && !call->answered) {
        call_reply(k, caller, status, call->result, call->result_count);
    }
    return false;
}

/* Looks up the extra capabilities: false, with a fault if blocking, if one does not resolve. */
static bool find_extra_caps(struct kernel *k, struct call *call, bool blocking)
{
    uint32_t count = message_extra_caps(call->caller->regs.x[REG_A1]);
    struct lookup_failure failure;

    if (call->buffer == NULL) {
        return true;
    }
    for (uint32_t i = 0; i < count; i++) {
        uint64_t cptr = call->buffer[ABI_BUFFER_CAPS + i];
        if (!cspace_lookup(call->caller, cptr, &call->extra[i], &failure)) {
            if (blocking) {
                fault_cap(k, cptr, false, &failure);
            }
            return false;
        }
        call->extra_count++;
    }
    return true;
}

/* True if preempted. */
static bool send(struct kernel *k, const struct send_form *form)
{
    struct thread *caller = current_thread(k);
    uint64_t info = caller->regs.x[REG_A1];
    struct lookup_failure failure;
    struct call call;

    call.caller = caller;
    call.label = message_label(info);
    call.length = message_length(info);
    call.extra_count = 0;
    call.is_call = form->is_call;
    call.answered = false;
    call.result_count = 0;
    if (!cspace_lookup(caller, form->dest, &call.slot, &failure)) {
        if (form->blocking) {
            fault_cap(k, form->dest, false, &failure);
        }
        return false;
    }
    call.buffer = thread_buffer(k, caller, false);
    if (!find_extra_caps(k, &call, form->blocking)) {
        return false;
    }
    if (call.buffer == NULL && call.length > ABI_MSG_REGISTERS) {
        call.length = ABI_MSG_REGISTERS;
    }

    uint64_t label = call.label;
    bool invocation = is_invocation(&call);
    caller->state = THREAD_RESTART;
    enum status status = dispatch(k, &call, form);
    return finish(k, &call, label, invocation, status);
}

/* A receive-type call that cannot be: the source is wrong. */
static void receive_fault(struct kernel *k, uint64_t cptr)
{
    struct lookup_failure failure = {.kind = LOOKUP_MISSING_CAPABILITY};
    fault_cap(k, cptr, true, &failure);
}

/* Looks up a receiver's Reply object: false after a fault. */
static bool find_reply(struct kernel *k, struct thread *caller, struct reply **reply)
{
    uint64_t cptr = caller->regs.x[REG_A6];
    struct slot *slot = NULL;
    struct lookup_failure failure;

    if (!cspace_lookup(caller, cptr, &slot, &failure)) {
        fault_cap(k, cptr, true, &failure);
        return false;
    }
    if (slot->cap.type != CAP_REPLY) {
        receive_fault(k, cptr);
        return false;
    }
    *reply = slot->cap.reply;
    return true;
}

/* Docs/abi/01 section 1.7. */
static void receive(struct kernel *k, bool blocking, bool with_reply)
{
    struct thread *caller = current_thread(k);
    uint64_t cptr = caller->regs.x[REG_A0];
    struct slot *slot = NULL;
    struct reply *reply = NULL;
    struct lookup_failure failure;

    if (!cspace_lookup(caller, cptr, &slot, &failure)) {
        fault_cap(k, cptr, true, &failure);
        return;
    }
    const struct cap *cap = &slot->cap;
    bool readable = (cap->rights & ABI_RIGHT_READ) != 0;

    if (cap->type == CAP_ENDPOINT && readable) {
        if (!with_reply || find_reply(k, caller, &reply)) {
            endpoint_receive(k, cap->endpoint, caller, reply, blocking);
        }
    } else if (cap->type == CAP_NOTIFICATION && readable &&
               (cap->ntfn->bound == NULL || cap->ntfn->bound == caller)) {
        ntfn_wait(k, cap->ntfn, caller, blocking);
    } else {
        receive_fault(k, cptr);
    }
}

static bool send_plain(struct kernel *k, bool blocking, bool is_call)
{
    struct send_form form = {
        .dest = current_thread(k)->regs.x[REG_A0],
        .blocking = blocking,
        .is_call = is_call,
        .may_donate = is_call,
    };
    return send(k, &form);
}

/* The send half, then, unless preempted, the receive half of a combined call. */
static bool send_receive(struct kernel *k, uint64_t dest, bool with_reply)
{
    struct send_form form = {.dest = dest, .may_donate = true, .first_phase = true};

    if (send(k, &form)) {
        return true;
    }
    receive(k, true, with_reply);
    return false;
}

bool syscall_execute(struct kernel *k, uint64_t number)
{
    const uint64_t *x = current_thread(k)->regs.x;
    int64_t call = (int64_t)number;

    k->counters.syscalls[-call]++;
    switch (call) { /* tidy: open switch */
    case ABI_SYS_CALL:
        return send_plain(k, true, true);
    case ABI_SYS_SEND:
        return send_plain(k, true, false);
    case ABI_SYS_NB_SEND:
        return send_plain(k, false, false);
    case ABI_SYS_REPLY_RECV:
    case ABI_SYS_NB_SEND_WAIT:
        return send_receive(k, x[REG_A6], call == ABI_SYS_REPLY_RECV);
    case ABI_SYS_NB_SEND_RECV:
        return send_receive(k, x[REG_T0], true);
    case ABI_SYS_RECV:
    case ABI_SYS_NB_RECV:
        receive(k, call == ABI_SYS_RECV, true);
        return false;
    case ABI_SYS_WAIT:
    case ABI_SYS_NB_WAIT:
        receive(k, call == ABI_SYS_WAIT, false);
        return false;
    default:
        ASSERT(call == ABI_SYS_YIELD);
        sched_give_up(k);
        return false;
    }
}
