/* SPDX-License-Identifier: BSD-2-Clause */

#include "fuzz/oracle/source.h"

#include <stddef.h>

#include "core/ipc.h"
#include "core/kernel.h"
#include "core/sched_context.h"
#include "hosted/state.h"
#include "hosted/trace/names.h"

enum { SMALL = 64 /* Bits left, bits found, depths. */, REGISTER_NONE = 32, REGISTER_FAULT_PC };

/* --- Reading what was ------------------------------------------------------------------------- */

uint64_t source_register_before(const struct oracle_event *event, const struct thread *thread,
                                uint32_t index)
{
    return thread == event->subject ? event->registers[index]
                                    : watch_before(&thread->regs.x[index]);
}

/* A field of at most 8 bytes that does not cross a word, as it was. */
static uint64_t field_before(const void *field, uint32_t size)
{
    uint64_t at = (uint64_t)(uintptr_t)field;
    const char *word = (const char *)field - at % 8;
    uint64_t value = watch_before(word) >> 8 * (at % 8);
    return size == 8 ? value : value & (((uint64_t)1 << 8 * size) - 1);
}

static enum thread_state state_before(const struct thread *thread)
{
    return (enum thread_state)field_before(&thread->state, 1);
}

static uint8_t fault_before(const struct thread *thread)
{
    return (uint8_t)field_before(&thread->fault.type, 1);
}

bool source_is_host_address(const struct world *world, uint64_t value)
{
    uint64_t sim = (uint64_t)(uintptr_t)world->sim;
    return value - SIM_WINDOW < (uint64_t)1 << 32 || value - sim < sizeof(struct sim);
}

/* --- Capabilities ----------------------------------------------------------------------------- */

static bool in_ram(const struct world *world, const void *at, uint64_t size)
{
    uint64_t paddr = (uint64_t)(uintptr_t)at - SIM_WINDOW;
    return sim_ram(world->sim, paddr, size) != NULL;
}

const struct slot *source_lookup(const struct world *world, const struct thread *thread,
                                 uint64_t cptr)
{
    const struct slot *slot = &thread->slots[THREAD_CSPACE];
    uint32_t left = 64;
    while (left != 0 && slot->cap.type == CAP_CNODE) {
        const struct cap *node = &slot->cap;
        if (node->guard_bits + node->bits > left || node->guard_bits + node->bits == 0) {
            return NULL;
        }
        uint64_t rest = left == 64 ? cptr : cptr & (((uint64_t)1 << left) - 1);
        left -= node->guard_bits;
        uint64_t guard = left == 64 ? 0 : rest >> left;
        if (guard != node->guard) {
            return NULL;
        }
        left -= node->bits;
        uint64_t index = (rest >> left) & (((uint64_t)1 << node->bits) - 1);
        slot = &node->slots[index];
        if (!in_ram(world, slot, sizeof *slot)) {
            return NULL;
        }
    }
    return left == 64 ? NULL : slot;
}

const uint64_t *source_buffer(const struct world *world, const struct thread *thread, bool write)
{
    const struct cap *frame = &thread->slots[THREAD_BUFFER].cap;
    uint8_t need = write ? ABI_RIGHT_READ | ABI_RIGHT_WRITE : ABI_RIGHT_READ;
    if (frame->type != CAP_FRAME || frame->device || (frame->rights & need) != need) {
        return NULL;
    }
    uint64_t offset = thread->buffer_vaddr & (((uint64_t)1 << frame->bits) - 1);
    return sim_ram(world->sim, frame->paddr + offset, (uint64_t)8 * ABI_BUFFER_WORDS);
}

bool source_sends(const struct oracle_event *event, uint64_t *cptr)
{
    if (event->event != SIM_EVENT_SYSCALL) {
        return false;
    }
    switch ((int64_t)event->registers[REG_A7]) { /* tidy: open switch */
    case ABI_SYS_CALL:
    case ABI_SYS_SEND:
    case ABI_SYS_NB_SEND:
        *cptr = event->registers[REG_A0];
        return true;
    case ABI_SYS_REPLY_RECV:
    case ABI_SYS_NB_SEND_WAIT:
        *cptr = event->registers[REG_A6];
        return true;
    case ABI_SYS_NB_SEND_RECV:
        *cptr = event->registers[REG_T0];
        return true;
    default:
        return false;
    }
}

static bool receives(const struct oracle_event *event)
{
    int64_t number = (int64_t)event->registers[REG_A7];
    return event->event == SIM_EVENT_SYSCALL &&
           ((number <= ABI_SYS_RECV && number >= ABI_SYS_NB_WAIT) ||
            (number <= ABI_SYS_REPLY_RECV && number >= ABI_SYS_NB_SEND_WAIT));
}

/* The capability that the subject has sent to, null if none. */
static const struct cap *invoked(const struct source *source)
{
    uint64_t cptr;
    if (!source_sends(source->event, &cptr)) {
        return NULL;
    }
    const struct slot *slot = source_lookup(source->world, source->event->subject, cptr);
    return slot == NULL ? NULL : &slot->cap;
}

static uint64_t label_of(const struct source *source)
{
    return message_label(source->event->registers[REG_A1]);
}

/* Word i of a sender's message; false if it has none. */
static bool message_word(const struct source *source, const struct thread *from, uint32_t i,
                         uint64_t value)
{
    if (i < ABI_MSG_REGISTERS) {
        return source_register_before(source->event, from, REG_A2 + i) == value;
    }
    /* A buffer that two threads share may have been written by another message meanwhile. */
    const uint64_t *buffer = source_buffer(source->world, from, false);
    return buffer != NULL && (watch_before(&buffer[ABI_BUFFER_MSG + i]) == value ||
                              buffer[ABI_BUFFER_MSG + i] == value);
}

/* --- Messages --------------------------------------------------------------------------------- */

static uint64_t info_of(const struct source *source)
{
    return source->to->regs.x[REG_A1];
}

static uint32_t unwrapped_of(uint64_t info)
{
    return (uint32_t)(info / 512 % 8);
}

/* The badge that a message or fault of source->from arrives with. */
static bool badge_is(const struct source *source, uint64_t badge)
{
    const struct thread *from = source->from;
    if (state_before(from) == THREAD_BLOCKED_ON_SEND) {
        return field_before(&from->badge, 8) == badge;
    }
    if (source->kind == SOURCE_FAULT) {
        bool timeout = message_label(info_of(source)) == FAULT_TIMEOUT;
        const struct cap *handler =
            &from->slots[timeout ? THREAD_TIMEOUT_HANDLER : THREAD_FAULT_HANDLER].cap;
        return handler->type == CAP_ENDPOINT && handler->badge == badge;
    }
    const struct cap *cap = invoked(source);
    return cap != NULL && ((cap->type == CAP_ENDPOINT && cap->badge == badge) ||
                           (cap->type == CAP_REPLY && badge == 0));
}

static bool message_info_fits(const struct source *source)
{
    uint64_t sent = source_register_before(source->event, source->from, REG_A1);
    uint64_t info = info_of(source);
    uint32_t length = (uint32_t)(info % 128);
    uint32_t full = message_length(sent);
    uint32_t caps = message_extra_caps(info);
    bool whole = length == full || length == (full < 4 ? full : 4);
    return message_label(info) == message_label(sent) && whole &&
           caps <= message_extra_caps(sent) && unwrapped_of(info) < 1u << caps;
}

static bool message_register(const struct source *source, uint32_t index)
{
    uint64_t value = source->to->regs.x[index];
    if (index == REG_A0) {
        return badge_is(source, value);
    }
    if (!message_info_fits(source)) {
        return false;
    }
    return index == REG_A1 ||
           (index >= REG_A2 && index <= REG_A5 && index - REG_A2 < info_of(source) % 128 &&
            message_word(source, source->from, index - REG_A2, value));
}

/* The badge of the sender's i-th extra capability. */
static bool unwrapped_badge(const struct source *source, uint32_t i, uint64_t value)
{
    const uint64_t *buffer = source_buffer(source->world, source->from, false);
    if (buffer == NULL || (unwrapped_of(info_of(source)) >> i) % 2 == 0) {
        return false;
    }
    const struct slot *slot =
        source_lookup(source->world, source->from, watch_before(&buffer[ABI_BUFFER_CAPS + i]));
    return slot != NULL && slot->cap.type == CAP_ENDPOINT && slot->cap.badge == value;
}

static bool message_buffer_word(const struct source *source, uint32_t index, uint64_t value)
{
    if (!message_info_fits(source)) {
        return false;
    }
    if (index >= ABI_BUFFER_CAPS && index < ABI_BUFFER_CAPS + ABI_MSG_MAX_CAPS) {
        return unwrapped_badge(source, index - ABI_BUFFER_CAPS, value);
    }
    uint32_t i = index - ABI_BUFFER_MSG;
    return index >= ABI_BUFFER_MSG + ABI_MSG_REGISTERS && i < info_of(source) % 128 &&
           message_word(source, source->from, i, value);
}

/* --- Faults ----------------------------------------------------------------------------------- */

/* The words of a fault message at most, docs/abi/08 section 8.3. */
static uint32_t fault_length(uint8_t fault)
{
    static const uint8_t lengths[] = {[FAULT_CAP] = 7,
                                      [FAULT_UNKNOWN_SYSCALL] = 11,
                                      [FAULT_USER_EXCEPTION] = 4,
                                      [FAULT_TIMEOUT] = 2,
                                      [FAULT_VM] = 4};
    return fault < sizeof lengths ? lengths[fault] : 0;
}

/* What the fault is about, as the hardware and the user's registers have it. What was queued in an
 * earlier entry was looked at then. */
static bool fault_subject_is(const struct source *source, uint64_t value)
{
    const struct oracle_event *event = source->event;
    const struct fault *fault = &source->from->fault;
    if (source->from != event->subject || value != fault->address) {
        return value == fault->address;
    }
    switch ((enum fault_type)fault->type) {
    case FAULT_UNKNOWN_SYSCALL:
        return value == event->registers[REG_A7];
    case FAULT_USER_EXCEPTION:
        return value == event->a;
    case FAULT_VM:
        return value == event->b;
    case FAULT_CAP:
        for (uint32_t i = 0; i < 32; i++) {
            if (event->registers[i] == value) {
                return true;
            }
        }
        const uint64_t *buffer = source_buffer(source->world, source->from, false);
        return buffer != NULL &&
               (value == buffer[ABI_BUFFER_CAPS] || value == buffer[ABI_BUFFER_CAPS + 1] ||
                value == buffer[ABI_BUFFER_CAPS + 2]);
    case FAULT_NONE:
    case FAULT_TIMEOUT:
        break;
    }
    return true;
}

static bool cap_fault_word(const struct source *source, uint32_t i, uint64_t value)
{
    const struct fault *fault = &source->from->fault;
    switch (i) { /* tidy: open switch */
    case 1:
        return fault_subject_is(source, value);
    case 2:
        return value <= 1;
    case 5:
        /* The guard that was found, or bits. */
        return value <= SMALL || value == fault->code;
    default:
        return value <= SMALL;
    }
}

/* Word i of the message of source->from's fault. */
static bool fault_word(const struct source *source, uint32_t i, uint64_t value)
{
    const struct regs *regs = &source->from->regs;
    const uint64_t common[] = {regs->fault_pc, regs->x[REG_SP], regs->x[REG_RA]};
    uint64_t fault = message_label(info_of(source));

    if (fault == FAULT_TIMEOUT) {
        /* A badge of an SC, and a time. */
        return !source_is_host_address(source->world, value);
    }
    if (i == 0) {
        return value == regs->fault_pc;
    }
    switch (fault) { /* tidy: open switch */
    case FAULT_CAP:
        return cap_fault_word(source, i, value);
    case FAULT_UNKNOWN_SYSCALL:
        return i < 3    ? value == common[i]
               : i < 10 ? value == regs->x[REG_A0 + i - 3]
                        : fault_subject_is(source, value);
    case FAULT_USER_EXCEPTION:
        return i == 1   ? value == regs->x[REG_SP]
               : i == 2 ? fault_subject_is(source, value)
                        : value == 0;
    case FAULT_VM:
        return i == 1 ? fault_subject_is(source, value) : value <= 7;
    default:
        return false;
    }
}

static bool fault_info_fits(const struct source *source)
{
    uint64_t info = info_of(source);
    uint64_t fault = message_label(info);
    return fault == source->from->fault.type && info % 4096 <= fault_length((uint8_t)fault);
}

static bool fault_register(const struct source *source, uint32_t index)
{
    uint64_t value = source->to->regs.x[index];
    if (!fault_info_fits(source)) {
        return false;
    }
    if (index == REG_A0) {
        return badge_is(source, value);
    }
    return index == REG_A1 ||
           (index >= REG_A2 && index <= REG_A5 && index - REG_A2 < info_of(source) % 128 &&
            fault_word(source, index - REG_A2, value));
}

static bool fault_buffer_word(const struct source *source, uint32_t index, uint64_t value)
{
    uint32_t i = index - ABI_BUFFER_MSG;
    return fault_info_fits(source) && index >= ABI_BUFFER_MSG + ABI_MSG_REGISTERS &&
           i < info_of(source) % 128 && fault_word(source, i, value);
}

/* The register that word i of a reply to this fault sets, docs/abi/08 section 8.4. */
static uint32_t reply_register(uint8_t fault, uint32_t i)
{
    static const uint8_t unknown[] = {
        REGISTER_FAULT_PC, REG_SP, REG_RA, REG_A0, REG_A1, REG_A2, REG_A3, REG_A4, REG_A5, REG_A6};
    if (fault == FAULT_TIMEOUT && i < 32) {
        return i == 0 ? (uint32_t)REGISTER_FAULT_PC : context_register(i);
    }
    bool has = (fault == FAULT_UNKNOWN_SYSCALL && i < sizeof unknown) ||
               (fault == FAULT_USER_EXCEPTION && i < 2);
    return has ? unknown[i] : (uint32_t)REGISTER_NONE;
}

static bool fault_reply_gives(const struct source *source, uint32_t index, uint64_t value)
{
    uint8_t fault = fault_before(source->to);
    uint32_t length = message_length(source->event->registers[REG_A1]);
    for (uint32_t i = 0; i < length && i < 32; i++) {
        if (reply_register(fault, i) == index && message_word(source, source->from, i, value)) {
            return true;
        }
    }
    return false;
}

/* --- Answers ---------------------------------------------------------------------------------- */

static uint64_t context_word(const struct thread *thread, uint32_t i)
{
    return i == 0 ? thread->regs.fault_pc : thread->regs.x[context_register(i)];
}

/* Word i of the answer to an invocation that has succeeded: those that answer anything. */
static bool result_word(const struct source *source, uint32_t i, uint64_t value)
{
    const struct cap *cap = invoked(source);
    uint64_t label = label_of(source);
    if (cap == NULL) {
        return false;
    }
    if (cap->type == CAP_TCB && label == ABI_LABEL_TCB_READ_REGISTERS) {
        return i < 32 && value == context_word(cap->thread, i);
    }
    if (i != 0) {
        return false;
    }
    if (cap->type == CAP_TCB) {
        return label == ABI_LABEL_TCB_SET_FLAGS && value == cap->thread->flags;
    }
    if (cap->type == CAP_FRAME) {
        return label == ABI_LABEL_PAGE_GET_ADDRESS && value == cap->paddr;
    }
    return cap->type == CAP_SCHED_CONTEXT &&
           (label == ABI_LABEL_SCHED_CONTEXT_CONSUMED ||
            label == ABI_LABEL_SCHED_CONTEXT_YIELD_TO) &&
           !source_is_host_address(source->world, value);
}

/* The upper end of a range: of what a user may count, or a period that the caller has named. */
static bool range_word(const struct source *source, uint64_t value)
{
    return value <= (uint64_t)1 << 38 || value == source->world->k->max_period_us ||
           value == source->event->registers[REG_A3];
}

/* Word i of the answer with this error, docs/abi/02 section 2.6. */
static bool error_word(const struct source *source, uint64_t error, uint32_t i, uint64_t value)
{
    switch (error) { /* tidy: open switch */
    case 1:          /* InvalidArgument, InvalidCapability: a number. */
    case 2:
        return i == 0 && value < 16;
    case 4: /* RangeError. */
        return i == 0 ? value <= SMALL : i == 1 && range_word(source, value);
    case 6: /* FailedLookup; word 3 may be a guard. */
        return i < 5 && (i == 3 ? !source_is_host_address(source->world, value) : value <= SMALL);
    case 10: /* NotEnoughMemory. */
        return i == 0 && value <= (uint64_t)1 << 38;
    default:
        return false;
    }
}

static bool answer_word(const struct source *source, uint32_t i, uint64_t value)
{
    uint64_t info = info_of(source);
    uint64_t error = message_label(info);
    return i < info % 128 &&
           (error == 0 ? result_word(source, i, value) : error_word(source, error, i, value));
}

/* The words that an answer has, at most. */
static uint32_t answer_length(const struct source *source, uint64_t error)
{
    static const uint8_t lengths[] = {0, 1, 1, 0, 2, 0, 5, 0, 0, 0, 1};
    if (error != 0) {
        return error < sizeof lengths ? lengths[error] : 0;
    }
    switch (label_of(source)) { /* tidy: open switch */
    case ABI_LABEL_TCB_READ_REGISTERS:
        return 32;
    case ABI_LABEL_TCB_SET_FLAGS:
    case ABI_LABEL_PAGE_GET_ADDRESS:
    case ABI_LABEL_SCHED_CONTEXT_CONSUMED:
    case ABI_LABEL_SCHED_CONTEXT_YIELD_TO:
        return 1;
    default:
        return 0;
    }
}

static bool answer_register(const struct source *source, uint32_t index)
{
    uint64_t value = source->to->regs.x[index];
    uint64_t error = message_label(value);
    if (index == REG_A0) {
        return value == 0;
    }
    if (index == REG_A1) {
        return error <= 10 && value % 4096 <= answer_length(source, error);
    }
    return index >= REG_A2 && index <= REG_A5 && answer_word(source, index - REG_A2, value);
}

/* One word: a time. */
static bool yield_register(const struct source *source, uint32_t index)
{
    uint64_t value = source->to->regs.x[index];
    return (index == REG_A0 && value == 0) || (index == REG_A1 && value == 1) ||
           (index == REG_A2 && !source_is_host_address(source->world, value));
}

/* --- Registers written ------------------------------------------------------------------------ */

/* Register `index`, or REGISTER_FAULT_PC, as the i-th of a context. */
static uint32_t context_index(uint32_t index)
{
    uint32_t i = 0;
    while (i < 32 && (i == 0 ? (uint32_t)REGISTER_FAULT_PC : context_register(i)) != index) {
        i++;
    }
    return i;
}

/* The thread that TCB_CopyRegisters reads. */
static const struct thread *copied_thread(const struct source *source)
{
    const uint64_t *buffer = source_buffer(source->world, source->event->subject, false);
    if (buffer == NULL || message_extra_caps(source->event->registers[REG_A1]) == 0) {
        return NULL;
    }
    const struct slot *slot =
        source_lookup(source->world, source->event->subject, buffer[ABI_BUFFER_CAPS]);
    return slot != NULL && slot->cap.type == CAP_TCB ? slot->cap.thread : NULL;
}

static bool write_gives(const struct source *source, uint32_t index, uint64_t value)
{
    const struct oracle_event *event = source->event;
    const struct thread *from = NULL;
    uint32_t i = context_index(index);
    switch (label_of(source)) { /* tidy: open switch */
    case ABI_LABEL_TCB_SET_TLS_BASE:
        return index == REG_TP && value == event->registers[REG_A2];
    case ABI_LABEL_TCB_WRITE_REGISTERS:
        return i < event->registers[REG_A3] && i + 2 < message_length(event->registers[REG_A1]) &&
               message_word(source, event->subject, i + 2, value);
    case ABI_LABEL_TCB_COPY_REGISTERS:
        /* The caller's own registers may have been changed since, by the answer. */
        from = copied_thread(source);
        return from != NULL && i < 32 &&
               (value == context_word(from, i) ||
                (i != 0 && value == source_register_before(event, from, index)));
    default:
        return false;
    }
}

/* --- All of them ------------------------------------------------------------------------------ */

static bool write_possible(const struct source *source)
{
    const struct cap *cap = invoked(source);
    return cap != NULL && cap->type == CAP_TCB && cap->thread == source->to;
}

static bool message_possible(const struct source *source)
{
    if (source->to == source->event->subject) {
        return receives(source->event) && state_before(source->from) == THREAD_BLOCKED_ON_SEND &&
               fault_before(source->from) == FAULT_NONE;
    }
    enum thread_state state = state_before(source->to);
    return source->from == source->event->subject && source->event->event == SIM_EVENT_SYSCALL &&
           (state == THREAD_BLOCKED_ON_RECEIVE ||
            (state == THREAD_BLOCKED_ON_REPLY && fault_before(source->to) == FAULT_NONE));
}

/* A Timeout may be another thread's: one that the subject has just replied to. */
static bool fault_possible(const struct source *source)
{
    bool subject = source->to == source->event->subject;
    if (source->from->fault.type == FAULT_NONE ||
        (subject ? !receives(source->event)
                 : state_before(source->to) != THREAD_BLOCKED_ON_RECEIVE)) {
        return false;
    }
    return source->from->fault.type == FAULT_TIMEOUT ||
           (subject ? state_before(source->from) == THREAD_BLOCKED_ON_SEND
                    : source->from == source->event->subject);
}

bool source_possible(const struct source *source)
{
    const struct oracle_event *event = source->event;
    bool subject = source->to == event->subject;
    int64_t number = (int64_t)event->registers[REG_A7];
    bool syscall = event->event == SIM_EVENT_SYSCALL;
    enum thread_state state;
    switch (source->kind) {
    case SOURCE_MESSAGE:
        return source->from != source->to && message_possible(source);
    case SOURCE_FAULT:
        return source->from != source->to && fault_possible(source);
    case SOURCE_FAULT_REPLY:
        return !subject && syscall && source->from == event->subject &&
               state_before(source->to) == THREAD_BLOCKED_ON_REPLY;
    case SOURCE_SIGNAL:
        state = state_before(source->to);
        return subject
                   ? receives(event)
                   : state == THREAD_BLOCKED_ON_NOTIFICATION || state == THREAD_BLOCKED_ON_RECEIVE;
    case SOURCE_ANSWER:
        return subject && syscall && number == ABI_SYS_CALL;
    case SOURCE_YIELD:
        return field_before(&source->to->yield_to, 8) != 0 ||
               (subject && label_of(source) == ABI_LABEL_SCHED_CONTEXT_YIELD_TO);
    case SOURCE_WRITE:
        return write_possible(source);
    case SOURCE_DEBUG:
        return subject && syscall && number <= ABI_SYS_DEBUG_PUT_CHAR;
    }
    return false;
}

bool source_gives_register(const struct source *source, uint32_t index)
{
    uint64_t value = source->to->regs.x[index];
    switch (source->kind) {
    case SOURCE_MESSAGE:
        return message_register(source, index);
    case SOURCE_FAULT:
        return fault_register(source, index);
    case SOURCE_FAULT_REPLY:
        return fault_reply_gives(source, index, value);
    case SOURCE_SIGNAL:
        return index == REG_A0 && !source_is_host_address(source->world, value);
    case SOURCE_ANSWER:
        return answer_register(source, index);
    case SOURCE_YIELD:
        return yield_register(source, index);
    case SOURCE_WRITE:
        return write_gives(source, index, value);
    case SOURCE_DEBUG:
        return index == REG_A0 && value <= SMALL;
    }
    return false;
}

bool source_gives_fault_pc(const struct source *source)
{
    uint64_t value = source->to->regs.fault_pc;
    return (source->kind == SOURCE_FAULT_REPLY &&
            fault_reply_gives(source, REGISTER_FAULT_PC, value)) ||
           (source->kind == SOURCE_WRITE && write_gives(source, REGISTER_FAULT_PC, value));
}

bool source_gives_word(const struct source *source, uint32_t index, uint64_t value)
{
    uint32_t i = index - ABI_BUFFER_MSG;
    switch (source->kind) {
    case SOURCE_MESSAGE:
        return message_buffer_word(source, index, value);
    case SOURCE_FAULT:
        return fault_buffer_word(source, index, value);
    case SOURCE_ANSWER:
        return index >= ABI_BUFFER_MSG + ABI_MSG_REGISTERS && answer_word(source, i, value);
    case SOURCE_FAULT_REPLY:
    case SOURCE_SIGNAL:
    case SOURCE_YIELD:
    case SOURCE_WRITE:
    case SOURCE_DEBUG:
        break;
    }
    return false;
}
