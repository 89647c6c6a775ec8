/* SPDX-License-Identifier: BSD-2-Clause */

#include "core/fault.h"

#include <stddef.h>

#include "core/bits.h"
#include "core/call.h"
#include "core/debug.h"
#include "core/endpoint.h"
#include "core/ipc.h"
#include "core/kernel.h"
#include "core/sched_context.h"
#include "core/thread.h"

enum { FAULT_WORDS = 11 }; /* Of the longest fault message. */

/* A handler that is there, and is not just being deleted (then it has no rights). */
static bool can_send(const struct cap *handler)
{
    return handler->type == CAP_ENDPOINT && (handler->rights & ABI_RIGHT_WRITE) != 0;
}

/* Sends the thread's pending fault through a handler slot. Without handler the thread stops. */
static void send_fault(struct kernel *k, struct thread *thread, enum thread_slot handler)
{
    const struct cap *cap = &thread->slots[handler].cap;

    k->counters.faults[thread->fault.type]++;
    if (!can_send(cap)) {
        debug_unhandled_fault(k, thread);
        thread->fault.type = FAULT_NONE;
        thread_set_state(k, thread, THREAD_INACTIVE);
        return;
    }
    struct send send = {
        .badge = cap->badge,
        .can_grant = (cap->rights & ABI_RIGHT_GRANT) != 0,
        .can_grant_reply = (cap->rights & ABI_RIGHT_GRANT_REPLY) != 0,
        .is_call = false,
        .may_donate = handler == THREAD_FAULT_HANDLER && thread->sc != NULL,
        .blocking = true,
    };
    endpoint_send(k, cap->endpoint, thread, &send);
}

void fault_cap(struct kernel *k, uint64_t cptr, bool receive_phase,
               const struct lookup_failure *failure)
{
    struct thread *thread = current_thread(k);
    struct fault fault = {
        .type = FAULT_CAP,
        .receive_phase = receive_phase,
        .lookup_kind = (uint8_t)failure->kind,
        .bits_left = (uint8_t)failure->bits_left,
        .bits_found = (uint8_t)failure->bits_found,
        .address = cptr,
        .code = failure->guard_found,
    };
    thread->fault = fault;
    send_fault(k, thread, THREAD_FAULT_HANDLER);
}

void fault_unknown_syscall(struct kernel *k, uint64_t number)
{
    struct thread *thread = current_thread(k);
    struct fault fault = {.type = FAULT_UNKNOWN_SYSCALL, .address = number};
    thread->fault = fault;
    send_fault(k, thread, THREAD_FAULT_HANDLER);
}

void fault_user_exception(struct kernel *k, uint64_t number, uint64_t code)
{
    struct thread *thread = current_thread(k);
    struct fault fault = {.type = FAULT_USER_EXCEPTION, .address = number, .code = code};
    thread->fault = fault;
    send_fault(k, thread, THREAD_FAULT_HANDLER);
}

void fault_vm(struct kernel *k, uint64_t address, uint64_t status, bool fetch)
{
    struct thread *thread = current_thread(k);
    struct fault fault = {.type = FAULT_VM, .address = address, .code = status, .fetch = fetch};
    thread->fault = fault;
    send_fault(k, thread, THREAD_FAULT_HANDLER);
}

bool fault_has_timeout_handler(const struct thread *thread)
{
    return can_send(&thread->slots[THREAD_TIMEOUT_HANDLER].cap);
}

void fault_timeout(struct kernel *k, struct thread *thread)
{
    ASSERT(fault_has_timeout_handler(thread) && thread->sc != NULL);
    struct fault fault = {.type = FAULT_TIMEOUT, .address = thread->sc->badge};
    thread->fault = fault;
    send_fault(k, thread, THREAD_TIMEOUT_HANDLER);
}

static uint32_t cap_fault_words(const struct thread *thread, uint64_t *words)
{
    const struct fault *fault = &thread->fault;
    struct lookup_failure failure = {
        .kind = (enum lookup_kind)fault->lookup_kind,
        .bits_left = fault->bits_left,
        .bits_found = fault->bits_found,
        .guard_found = fault->code,
    };
    words[0] = thread->regs.fault_pc;
    words[1] = fault->address;
    words[2] = fault->receive_phase ? 1 : 0;
    return 3 + call_describe_lookup(&failure, &words[3]);
}

/* The fault's message words, docs/abi/08 section 8.3: their number. */
static uint32_t fault_words(struct kernel *k, const struct thread *thread, uint64_t *words)
{
    const struct fault *fault = &thread->fault;

    words[0] = thread->regs.fault_pc;
    words[1] = thread->regs.x[REG_SP];
    switch ((enum fault_type)fault->type) {
    case FAULT_CAP:
        return cap_fault_words(thread, words);
    case FAULT_UNKNOWN_SYSCALL:
        words[2] = thread->regs.x[REG_RA];
        for (uint32_t i = 0; i < 7; i++) {
            words[3 + i] = thread->regs.x[REG_A0 + i];
        }
        words[10] = fault->address;
        return 11;
    case FAULT_USER_EXCEPTION:
        words[2] = fault->address;
        words[3] = fault->code;
        return 4;
    case FAULT_TIMEOUT:
        words[0] = fault->address;
        if (thread->sc == NULL) {
            return 1;
        }
        words[1] = sched_context_take_consumed(k, thread->sc);
        return 2;
    case FAULT_VM:
        words[1] = fault->address;
        words[2] = fault->fetch ? 1 : 0;
        words[3] = fault->code;
        return 4;
    case FAULT_NONE:
        break;
    }
    UNREACHABLE("a message for no fault");
}

void fault_transfer(struct kernel *k, const struct thread *sender, struct thread *receiver,
                    uint64_t badge)
{
    uint64_t words[FAULT_WORDS];
    uint32_t count = fault_words(k, sender, words);

    /* Like a kernel reply whose label is the fault's number, but with a badge. */
    call_reply(k, receiver, sender->fault.type, words, count);
    receiver->regs.x[REG_A0] = badge;
}

/* Word i of a replier's message: false if it has no such word. */
static bool reply_word(const struct thread *replier, const uint64_t *buffer, uint32_t i,
                       uint64_t *word)
{
    if (i < ABI_MSG_REGISTERS) {
        *word = replier->regs.x[REG_A2 + i];
        return true;
    }
    if (buffer == NULL) {
        return false;
    }
    *word = buffer[ABI_BUFFER_MSG + i];
    return true;
}

/* Sets the register that word i of a reply to this kind of fault stands for. */
static void set_reply_register(struct thread *thread, uint8_t fault, uint32_t i, uint64_t word)
{
    static const uint8_t unknown_syscall[10] = {0, REG_SP, REG_RA, 10, 11, 12, 13, 14, 15, 16};

    if (fault == FAULT_TIMEOUT) {
        thread_context_set(thread, i, word);
    } else if (i == 0) {
        thread->regs.fault_pc = word;
    } else {
        thread->regs.x[unknown_syscall[i]] = word;
    }
}

/* Number of words that a reply to a fault may carry, docs/abi/08 section 8.4. */
static uint32_t reply_words_max(uint8_t fault)
{
    switch ((enum fault_type)fault) {
    case FAULT_UNKNOWN_SYSCALL:
        return 10;
    case FAULT_USER_EXCEPTION:
        return 2;
    case FAULT_TIMEOUT:
        return 32;
    case FAULT_NONE:
    case FAULT_CAP:
    case FAULT_VM:
        return 0;
    }
    return 0;
}

bool fault_reply(struct kernel *k, struct thread *faulter, const struct thread *replier)
{
    uint8_t fault = faulter->fault.type;
    uint64_t info = replier->regs.x[REG_A1];
    uint32_t max = reply_words_max(fault);
    uint32_t count = min_u32(message_length(info), max);
    const uint64_t *buffer = thread_buffer(k, replier, false);

    faulter->fault.type = FAULT_NONE;
    for (uint32_t i = 0; i < count; i++) {
        uint64_t word = 0;
        if (reply_word(replier, buffer, i, &word)) {
            set_reply_register(faulter, fault, i, word);
        }
    }
    /* CapFault and VMFault take no words, and no label: they always restart. */
    return max == 0 || message_label(info) == 0;
}
