/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "core/ipc.h"
#include "core/reply.h"
#include "hosted/player/parts.h"
#include "hosted/trace/look.h"

enum { ALL = 0x3F, BADGE_AND_INFO = 3, WITHOUT_FIRST_WORD = ALL & ~4, PLACE = 1 << 4 };

static bool receives_with_reply(int64_t number)
{
    return number == ABI_SYS_RECV || number == ABI_SYS_NB_RECV || number == ABI_SYS_REPLY_RECV ||
           number == ABI_SYS_NB_SEND_RECV;
}

/* A message of a fault begins with a pc, which is the player's. The Reply object that it was
 * received with leads to the thread with the fault. */
static bool is_fault(const struct parts *p, const struct thread *thread,
                     const struct script_call *call)
{
    uint64_t label = message_label(call->out[1]);
    if (label == 0 || !receives_with_reply((int64_t)call->in[7])) {
        return false;
    }
    const struct slot *slot = look_slot(p->sim, thread, call->in[6]);
    if (slot == NULL || slot->cap.type != CAP_REPLY ||
        !look_good(p->sim, slot->cap.reply, sizeof *slot->cap.reply)) {
        return false;
    }
    const struct thread *caller = slot->cap.reply->thread;
    return look_is_thread(p->sim, caller) && caller->state == THREAD_BLOCKED_ON_REPLY &&
           caller->fault.type == label;
}

static bool sends_only(const struct script_call *call)
{
    return (int64_t)call->in[7] == ABI_SYS_SEND || (int64_t)call->in[7] == ABI_SYS_NB_SEND;
}

/* Whether the kernel has written a message, as far as can be seen. */
static bool has_message(const struct script_call *call)
{
    return (int64_t)call->in[7] != ABI_SYS_YIELD && !sends_only(call) &&
           call->out[1] != call->in[1];
}

/* Results that depend on where things are in memory, or on time. */
static uint64_t comparable(const struct parts *p, const struct thread *thread,
                           const struct script_call *call)
{
    uint64_t label = message_label(call->in[1]);
    bool invoked = (int64_t)call->in[7] == ABI_SYS_CALL || sends_only(call);
    if (is_fault(p, thread, call)) {
        return WITHOUT_FIRST_WORD;
    }
    if (!invoked || call->out[0] != 0 || message_label(call->out[1]) != 0 ||
        message_length(call->out[1]) == 0) {
        return ALL;
    }
    switch (label) { /* tidy: open switch */
    case ABI_LABEL_TCB_READ_REGISTERS:
        return BADGE_AND_INFO;
    case ABI_LABEL_SCHED_CONTEXT_CONSUMED:
    case ABI_LABEL_SCHED_CONTEXT_YIELD_TO:
    case ABI_LABEL_PAGE_GET_ADDRESS:
        return WITHOUT_FIRST_WORD;
    default:
        return ALL;
    }
}

/* Message words that are not in registers. */
static void expect_words(struct parts *p, struct part_thread *thread, struct part_call *part)
{
    uint64_t length = message_length(part->call.out[1]);
    const uint64_t *buffer = look_buffer_words(p->sim, thread->object, true);
    if (buffer == NULL || length <= ABI_MSG_REGISTERS || !has_message(&part->call) ||
        part->call.compare == BADGE_AND_INFO) {
        return;
    }
    thread->wanted = true;
    if (p->final && !thread->mapped) {
        return; /* Only what is in registers can be seen. */
    }
    part->call.word_count = length - ABI_MSG_REGISTERS;
    part->words = calloc(part->call.word_count, sizeof *part->words);
    if (part->words == NULL) {
        abort();
    }
    for (uint64_t i = 0; i < part->call.word_count; i++) {
        uint64_t index = ABI_BUFFER_MSG + ABI_MSG_REGISTERS + i;
        part->words[i] =
            (struct script_word){(uint64_t)(thread - p->threads), index, buffer[index]};
    }
}

static bool has_returned(const struct parts *p, const struct part_thread *thread)
{
    return look_is_thread(p->sim, thread->object) && thread->object->state == THREAD_RUNNING &&
           thread->object->regs.pc == thread->pending_pc + 4;
}

void parts_settle(struct parts *p, struct part_thread *thread)
{
    if (thread->pending == 0 || thread->settled) {
        thread->pending = 0;
        return;
    }
    struct part_call *part = &thread->calls[thread->pending - 1];
    thread->pending = 0;
    if (!has_returned(p, thread)) {
        part->call.flags |= SCRIPT_NEVER;
        return;
    }
    for (uint32_t i = 0; i < 6; i++) {
        part->call.out[i] = thread->object->regs.x[REG_A0 + i];
    }
    part->call.compare = comparable(p, thread->object, &part->call);
    if ((part->call.flags & SCRIPT_PLACE) != 0) {
        part->call.compare &= ~(uint64_t)PLACE; /* It keeps the pc that the player has put there. */
    }
    expect_words(p, thread, part);
}

static uint64_t error_number(const char *name, size_t length)
{
    static const char *const names[] = {
#define ABI_X(value, upper, stub) #stub,
        ABI_ERRORS(ABI_X)
#undef ABI_X
    };
    for (uint64_t i = 1; i < sizeof names / sizeof *names; i++) {
        if (strlen(names[i]) == length && strncmp(names[i], name, length) == 0) {
            return i;
        }
    }
    return 0;
}

bool parts_expect(struct parts *p, struct part_thread *thread, const char *outcome)
{
    struct script_call *call = &thread->calls[thread->pending - 1].call;
    uint64_t error = 0;
    if (strncmp(outcome, "error ", 6) == 0) {
        error = error_number(outcome + 6, strcspn(outcome + 6, " "));
        if (error == 0) {
            return false;
        }
    } else if (strcmp(outcome, "ok") != 0) {
        return false;
    }
    call->out[0] = 0;
    call->out[1] = message_info(error, 0, 0, 0);
    call->compare = BADGE_AND_INFO;
    call->flags |= error == 0 ? 0 : SCRIPT_LABEL;
    thread->settled = true;
    (void)p;
    return true;
}
