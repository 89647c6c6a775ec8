/* SPDX-License-Identifier: BSD-2-Clause */

/* What a thread finds in its registers when the kernel returns, in words. */
#include "core/bits.h"
#include "core/ipc.h"
#include "core/reply.h"
#include "hosted/trace/describe.h"
#include "hosted/trace/names.h"
#include "hosted/trace/text.h"
#include "hosted/words.h"

enum { ECALL_BYTES = 4 };

/* A message that has been received. */
struct got {
    uint64_t label;
    uint32_t length;
    uint32_t caps;
    uint32_t unwrapped;
    const uint64_t *badges; /* Of unwrapped capabilities, or null. */
    uint64_t words[ABI_MSG_MAX_LENGTH];
};

static void message_of(const struct sim *sim, const struct thread *thread, struct got *got)
{
    uint64_t info = thread->regs.x[REG_A1];
    const uint64_t *buffer = look_buffer_words(sim, thread, true);
    uint32_t most = buffer == NULL ? ABI_MSG_REGISTERS : ABI_MSG_MAX_LENGTH;
    got->label = message_label(info);
    got->length = min_u32(message_length(info), most);
    got->caps = message_extra_caps(info);
    got->unwrapped = (uint32_t)(info / 512 % 8);
    got->badges = buffer == NULL ? NULL : buffer + ABI_BUFFER_CAPS;
    for (uint32_t i = 0; i < got->length; i++) {
        got->words[i] =
            i < ABI_MSG_REGISTERS ? thread->regs.x[REG_A2 + i] : buffer[ABI_BUFFER_MSG + i];
    }
}

static void put_words(struct text *text, const struct got *got)
{
    text_char(text, '[');
    for (uint32_t i = 0; i < got->length; i++) {
        text_put(text, i == 0 ? "" : ", ");
        text_word(text, got->words[i]);
    }
    text_char(text, ']');
}

/* --- Errors ----------------------------------------------------------------------------------- */

static void put_count(struct text *text, uint64_t count, const char *what)
{
    text_count(text, count);
    text_put(text, what);
}

/* A lookup failure from word `at` on, docs/abi/02 section 2.6. */
static void put_lookup(struct text *text, const struct got *got, uint32_t at)
{
    text_put(text, at < got->length ? words_lookup((uint8_t)got->words[at]) : "?");
    if (at + 1 < got->length) {
        text_put(text, ", ");
        put_count(text, got->words[at + 1], " bits left");
    }
    if (at + 2 >= got->length) {
        return;
    }
    if (got->words[at] == LOOKUP_DEPTH_MISMATCH) {
        text_put(text, ", level of ");
        put_count(text, got->words[at + 2], " bits");
    } else {
        text_put(text, ", guard ");
        text_hex(text, got->words[at + 2]);
    }
    if (at + 3 < got->length) {
        text_put(text, " of ");
        put_count(text, got->words[at + 3], " bits");
    }
}

static void put_error(struct text *text, const struct got *got)
{
    const char *name = error_name(got->label);
    text_put(text, "error ");
    if (name == NULL) {
        text_word(text, got->label);
    } else {
        text_put(text, name);
    }
    if (got->length == 0) {
        return;
    }
    text_put(text, " (");
    if (got->label == STATUS_INVALID_ARGUMENT) {
        text_put(text, "argument ");
        text_word(text, got->words[0]);
    } else if (got->label == STATUS_INVALID_CAPABILITY) {
        text_put(text, "capability ");
        text_word(text, got->words[0]);
    } else if (got->label == STATUS_RANGE_ERROR && got->length == 2) {
        text_count(text, got->words[0]);
        text_put(text, "..");
        text_count(text, got->words[1]);
    } else if (got->label == STATUS_FAILED_LOOKUP) {
        text_put(text, got->words[0] != 0 ? "source, " : "target, ");
        put_lookup(text, got, 1);
    } else if (got->label == STATUS_NOT_ENOUGH_MEMORY) {
        put_count(text, got->words[0], " bytes left");
    } else {
        put_words(text, got);
    }
    text_char(text, ')');
}

static void put_kernel_answer(struct text *text, const struct got *got)
{
    if (got->label != 0) {
        put_error(text, got);
        return;
    }
    text_put(text, "ok");
    if (got->length > 0) {
        text_char(text, ' ');
        put_words(text, got);
    }
}

/* --- Messages --------------------------------------------------------------------------------- */

struct field {
    const char *name;
    void (*put)(struct text *text, uint64_t word);
};

/* The message's words by name, as far as they have been delivered. */
static void put_named(struct text *text, const struct got *got, const struct field *fields,
                      uint32_t count)
{
    for (uint32_t i = 0; i < got->length && i < count; i++) {
        text_put(text, i == 0 ? "" : ", ");
        text_put(text, fields[i].name);
        text_char(text, '=');
        fields[i].put(text, got->words[i]);
    }
}

static void put_fault(struct text *text, const struct got *got)
{
    static const struct field cap[] = {{"pc", text_hex}, {"pointer", text_hex}};
    static const struct field syscall[] = {
        {"pc", text_hex},  {"sp", text_hex},  {"ra", text_hex},     {"a0", text_word},
        {"a1", text_word}, {"a2", text_word}, {"a3", text_word},    {"a4", text_word},
        {"a5", text_word}, {"a6", text_word}, {"number", text_word}};
    static const struct field exception[] = {
        {"pc", text_hex}, {"sp", text_hex}, {"number", text_word}, {"code", text_word}};
    static const struct field timeout[] = {{"badge", text_hex}, {"consumed", text_count}};
    static const struct field vm[] = {
        {"pc", text_hex}, {"address", text_hex}, {"fetch", text_word}, {"status", text_word}};
    text_put(text, words_fault((uint8_t)got->label));
    text_char(text, '(');
    switch ((enum fault_type)got->label) {
    case FAULT_CAP:
        put_named(text, got, cap, 2);
        if (got->length > 2) {
            text_put(text, got->words[2] != 0 ? ", receiving" : ", sending");
        }
        if (got->length > 3) {
            text_put(text, ", ");
            put_lookup(text, got, 3);
        }
        break;
    case FAULT_UNKNOWN_SYSCALL:
        put_named(text, got, syscall, 11);
        break;
    case FAULT_USER_EXCEPTION:
        put_named(text, got, exception, 4);
        break;
    case FAULT_TIMEOUT:
        put_named(text, got, timeout, 2);
        break;
    case FAULT_VM:
        put_named(text, got, vm, 4);
        break;
    case FAULT_NONE:
        break;
    }
    text_char(text, ')');
}

/* Whether the message is a fault: then the Reply object that the thread received with leads to a
 * thread with that fault. */
static bool is_fault(const struct sim *sim, const struct thread *thread, uint64_t label)
{
    int64_t number = (int64_t)thread->regs.x[REG_A7];
    if (label == 0 || label > FAULT_VM ||
        (number != ABI_SYS_RECV && number != ABI_SYS_NB_RECV && number != ABI_SYS_REPLY_RECV &&
         number != ABI_SYS_NB_SEND_RECV)) {
        return false;
    }
    const struct slot *slot = look_slot(sim, thread, thread->regs.x[REG_A6]);
    if (slot == NULL || slot->cap.type != CAP_REPLY ||
        !look_good(sim, slot->cap.reply, sizeof *slot->cap.reply)) {
        return false;
    }
    const struct thread *caller = slot->cap.reply->thread;
    return caller != NULL && look_is_thread(sim, caller) &&
           caller->state == THREAD_BLOCKED_ON_REPLY && caller->fault.type == label;
}

static void put_badge(struct text *text, const struct thread *thread)
{
    text_put(text, "badge=");
    text_hex(text, thread->regs.x[REG_A0]);
}

static void put_message(struct text *text, const struct got *got)
{
    text_put(text, "label=");
    text_word(text, got->label);
    text_put(text, " words=");
    put_words(text, got);
    if (got->caps == 0) {
        return;
    }
    text_put(text, " caps=");
    text_dec(text, got->caps);
    for (uint32_t i = 0; i < ABI_MSG_MAX_CAPS && got->badges != NULL; i++) {
        if ((got->unwrapped >> i & 1) != 0) {
            text_put(text, " unwrapped=");
            text_hex(text, got->badges[i]);
        }
    }
}

static void put_received(const struct sim *sim, const struct thread *thread, struct text *text)
{
    struct got got;
    message_of(sim, thread, &got);
    put_badge(text, thread);
    text_char(text, ' ');
    if (is_fault(sim, thread, got.label)) {
        put_fault(text, &got);
    } else {
        put_message(text, &got);
    }
}

/* --- Interface -------------------------------------------------------------------------------- */

void describe_answer(const struct sim *sim, const struct thread *thread, enum answer answer,
                     struct text *text)
{
    struct got got;
    switch (answer) {
    case ANSWER_DONE:
        text_put(text, "done");
        return;
    case ANSWER_KERNEL:
        message_of(sim, thread, &got);
        put_kernel_answer(text, &got);
        return;
    case ANSWER_MESSAGE:
        put_received(sim, thread, text);
        return;
    case ANSWER_BADGE:
        put_badge(text, thread);
        return;
    case ANSWER_NOTHING:
        text_put(text, "nothing");
        return;
    case ANSWER_IDENTIFY:
        text_word(text, thread->regs.x[REG_A0]);
        text_put(text, " (");
        text_put(text, words_cap((uint8_t)thread->regs.x[REG_A0]));
        text_char(text, ')');
        return;
    }
}

void describe_return(const struct sim *sim, const struct thread *thread, bool signalled,
                     struct text *text)
{
    struct got got;
    int64_t number = (int64_t)thread->regs.x[REG_A7];
    if (thread->state != THREAD_RUNNING || thread->regs.pc != thread->regs.fault_pc + ECALL_BYTES) {
        return; /* It does not come back from a system call. */
    }
    message_of(sim, thread, &got);
    if (number == ABI_SYS_CALL) {
        text_put(text, ": ");
        put_message(text, &got);
        return;
    }
    bool receives = number == ABI_SYS_REPLY_RECV || number == ABI_SYS_NB_SEND_RECV ||
                    number == ABI_SYS_NB_SEND_WAIT ||
                    (number <= ABI_SYS_RECV && number >= ABI_SYS_NB_WAIT);
    if (!receives) {
        return;
    }
    text_put(text, ": ");
    if (signalled && !is_fault(sim, thread, got.label)) {
        put_badge(text, thread);
    } else {
        put_received(sim, thread, text);
    }
}
