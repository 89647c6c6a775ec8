/* SPDX-License-Identifier: BSD-2-Clause */

/* A system call in words, from the caller's registers and IPC buffer (docs/abi/01 and 02). */
#include <string.h>

#include "core/bits.h"
#include "core/endpoint.h"
#include "core/ipc.h"
#include "core/ntfn.h"
#include "hosted/trace/describe.h"
#include "hosted/trace/names.h"
#include "hosted/trace/text.h"
#include "hosted/words.h"

enum { CONTEXT_WORDS = 32 };

/* A message as the kernel sees it. */
struct sent {
    const uint64_t *x;      /* Registers. */
    const uint64_t *buffer; /* Null: none. */
    uint64_t label;
    uint32_t length; /* As the info word says, */
    uint32_t extra;
    uint32_t unwrapped;
    uint32_t words; /* and what there is. */
    uint32_t caps;
};

static uint64_t word_of(const struct sent *sent, uint32_t i)
{
    return i < ABI_MSG_REGISTERS ? sent->x[REG_A2 + i] : sent->buffer[ABI_BUFFER_MSG + i];
}

static void put_list(struct text *text, const char *name, const struct sent *sent, bool caps,
                     uint32_t from)
{
    uint32_t count = caps ? sent->caps : sent->words;
    text_put(text, name);
    text_char(text, '[');
    for (uint32_t i = from; i < count; i++) {
        text_put(text, i == from ? "" : ", ");
        if (caps) {
            text_hex(text, sent->buffer[ABI_BUFFER_CAPS + i]);
        } else {
            text_word(text, word_of(sent, i));
        }
    }
    text_char(text, ']');
}

static void put_rights(struct text *text, uint64_t rights)
{
    static const struct {
        uint64_t bit;
        const char *name;
    } names[] = {{ABI_RIGHT_READ, "read"},
                 {ABI_RIGHT_WRITE, "write"},
                 {ABI_RIGHT_GRANT, "grant"},
                 {ABI_RIGHT_GRANT_REPLY, "grant-reply"}};
    if (rights > ABI_RIGHT_ALL) {
        text_hex(text, rights);
    } else if (rights == 0 || rights == ABI_RIGHT_ALL) {
        text_put(text, rights == 0 ? "none" : "all");
    } else {
        const char *between = "";
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
            if ((rights & names[i].bit) != 0) {
                text_put(text, between);
                text_put(text, names[i].name);
                between = "+";
            }
        }
    }
}

static void put_argument(struct text *text, const struct argument *argument, uint64_t value)
{
    text_put(text, argument->name);
    text_char(text, '=');
    switch (argument_style(argument)) {
    case ARGUMENT_OBJECT:
        if (object_name(value) != NULL) {
            text_put(text, object_name(value));
            return;
        }
        text_count(text, value);
        return;
    case ARGUMENT_RIGHTS:
        put_rights(text, value);
        return;
    case ARGUMENT_HEX:
    case ARGUMENT_CAP:
        text_hex(text, value);
        return;
    case ARGUMENT_WORD:
        text_count(text, value);
        return;
    }
}

/* Behind the arguments of TCB_WriteRegisters: registers, by name, but for those that are zero. Says
 * how many words it took. */
static uint32_t put_registers(struct text *text, const struct sent *sent, uint32_t from)
{
    uint32_t end = min_u32(sent->words, from + CONTEXT_WORDS);
    for (uint32_t i = from; i < end; i++) {
        if (word_of(sent, i) != 0) {
            text_put(text, ", ");
            text_put(text, register_name(context_register(i - from)));
            text_char(text, '=');
            text_word(text, word_of(sent, i));
        }
    }
    if (end > from) {
        text_put(text, ", length=");
        text_dec(text, end);
    }
    return end;
}

/* "TCB_SetPriority(authority=0x1, priority=100)" */
static void put_invocation(struct text *text, const struct invocation *invocation,
                           const struct sent *sent)
{
    uint32_t words = 0;
    uint32_t caps = 0;
    text_put(text, invocation->name);
    text_char(text, '(');
    for (uint32_t i = 0; i < invocation->count; i++) {
        const struct argument *argument = &invocation->arguments[i];
        text_put(text, i == 0 ? "" : ", ");
        if (argument->style == ARGUMENT_CAP) {
            put_argument(text, argument, sent->buffer[ABI_BUFFER_CAPS + caps++]);
        } else {
            put_argument(text, argument, word_of(sent, words++));
        }
    }
    const char *between = invocation->count == 0 ? "" : ", ";
    if (sent->label == ABI_LABEL_TCB_WRITE_REGISTERS) {
        words = put_registers(text, sent, words);
    }
    if (sent->words > words) {
        text_put(text, between);
        put_list(text, "words=", sent, false, words);
        between = ", ";
    }
    if (sent->caps > caps) {
        text_put(text, between);
        put_list(text, "caps=", sent, true, caps);
    }
    text_char(text, ')');
}

static void put_general(struct text *text, const struct invocation *invocation,
                        const struct sent *sent)
{
    text_put(text, " label=");
    if (invocation != NULL) {
        text_put(text, invocation->name);
    } else {
        text_word(text, sent->label);
    }
    put_list(text, " words=", sent, false, 0);
    if (sent->caps > 0) {
        put_list(text, " caps=", sent, true, 0);
    }
    if (sent->length != sent->words) {
        text_put(text, " length=");
        text_dec(text, sent->length);
    }
    if (sent->extra != sent->caps) {
        text_put(text, " extra=");
        text_dec(text, sent->extra);
    }
    if (sent->unwrapped != 0) {
        text_put(text, " unwrapped=");
        text_dec(text, sent->unwrapped);
    }
}

static struct sent message_of(const struct sim *sim, const struct thread *thread)
{
    uint64_t info = thread->regs.x[REG_A1];
    struct sent sent = {
        .x = thread->regs.x,
        .buffer = look_buffer_words(sim, thread, false),
        .label = message_label(info),
        .length = (uint32_t)(info % 128),
        .extra = message_extra_caps(info),
        .unwrapped = (uint32_t)(info / 512 % 8),
    };
    uint32_t most = sent.buffer == NULL ? ABI_MSG_REGISTERS : ABI_MSG_MAX_LENGTH;
    sent.words = min_u32(sent.length, most);
    sent.caps = sent.buffer == NULL ? 0 : sent.extra;
    return sent;
}

/* "(endpoint)", but not if it is the kind that the call is usually for. */
static void put_kind(const struct slot *slot, enum cap_type usual, struct text *text)
{
    if (slot != NULL && slot->cap.type == usual) {
        return;
    }
    text_put(text, " (");
    text_put(text, slot == NULL ? "no such slot" : words_cap(slot->cap.type));
    text_char(text, ')');
}

/* The message that the thread sends to what is in `slot` (or null), in words. */
static void put_message(const struct sim *sim, const struct thread *thread, const struct slot *slot,
                        enum cap_type usual, struct text *text)
{
    struct sent sent = message_of(sim, thread);
    const struct invocation *invocation = invocation_of(sent.label);
    if (invocation != NULL && (slot == NULL || slot->cap.type != invocation->kind)) {
        invocation = NULL; /* A user's label that happens to have this number. */
    }
    bool exact = sent.words == sent.length && sent.caps == sent.extra && sent.unwrapped == 0;
    if (invocation != NULL && exact && sent.words >= invocation->words &&
        sent.caps >= invocation->caps) {
        text_char(text, ' ');
        put_invocation(text, invocation, &sent);
        return;
    }
    put_kind(slot, usual, text);
    if (thread->regs.x[REG_A1] != 0) {
        put_general(text, invocation, &sent);
    }
}

static void put_pointer(struct text *text, const char *key, uint64_t cptr)
{
    text_put(text, key);
    text_hex(text, cptr);
}

/* How a receive from what is in `slot` will be answered, if it is at once. */
static enum answer answer_of_receive(const struct sim *sim, const struct thread *thread,
                                     const struct slot *slot, bool blocking)
{
    if (slot != NULL && slot->cap.type == CAP_NOTIFICATION) {
        return ANSWER_BADGE;
    }
    const struct ntfn *bound = thread->bound_ntfn;
    if (bound != NULL && look_good(sim, bound, sizeof *bound) && bound->state == NTFN_ACTIVE) {
        return ANSWER_BADGE;
    }
    if (blocking || slot == NULL || slot->cap.type != CAP_ENDPOINT ||
        !look_good(sim, slot->cap.endpoint, sizeof *slot->cap.endpoint)) {
        return ANSWER_MESSAGE;
    }
    const struct thread *first = slot->cap.endpoint->queue.head;
    bool sender =
        first != NULL && look_is_thread(sim, first) && first->state == THREAD_BLOCKED_ON_SEND;
    return sender ? ANSWER_MESSAGE : ANSWER_NOTHING;
}

/* Call, Send and NBSend, and the combined calls. */
static void put_send(const struct sim *sim, const struct thread *thread, int64_t number,
                     struct text *text, struct trace_event *out)
{
    const uint64_t *x = thread->regs.x;
    uint64_t dest = x[REG_A0];
    if (number == ABI_SYS_NB_SEND_RECV || number == ABI_SYS_NB_SEND_WAIT) {
        dest = number == ABI_SYS_NB_SEND_RECV ? x[REG_T0] : x[REG_A6];
        put_pointer(text, " dest=", dest);
        put_pointer(text, " source=", x[REG_A0]);
        if (number == ABI_SYS_NB_SEND_RECV) {
            put_pointer(text, " reply=", x[REG_A6]);
        }
    } else if (number == ABI_SYS_REPLY_RECV) {
        dest = x[REG_A6];
        put_pointer(text, " ", x[REG_A0]);
        put_pointer(text, " reply=", dest);
    } else {
        put_pointer(text, " ", dest);
    }
    const struct slot *slot = look_slot(sim, thread, dest);
    out->before.signals = slot != NULL && slot->cap.type == CAP_NOTIFICATION;
    put_message(sim, thread, slot, number == ABI_SYS_REPLY_RECV ? CAP_REPLY : CAP_ZOMBIE, text);
    if (number == ABI_SYS_CALL) {
        out->before.answer = ANSWER_KERNEL;
    } else if (number == ABI_SYS_SEND || number == ABI_SYS_NB_SEND) {
        out->before.answer = ANSWER_DONE;
    } else {
        const struct slot *source = look_slot(sim, thread, x[REG_A0]);
        out->before.answer = (uint8_t)answer_of_receive(sim, thread, source, true);
    }
}

static void put_receive(const struct sim *sim, const struct thread *thread, int64_t number,
                        struct text *text, struct trace_event *out)
{
    const uint64_t *x = thread->regs.x;
    const struct slot *slot = look_slot(sim, thread, x[REG_A0]);
    bool blocking = number == ABI_SYS_RECV || number == ABI_SYS_WAIT;
    put_pointer(text, " ", x[REG_A0]);
    bool with_reply = number == ABI_SYS_RECV || number == ABI_SYS_NB_RECV;
    if (with_reply) {
        put_pointer(text, " reply=", x[REG_A6]);
    }
    put_kind(slot, with_reply ? CAP_ENDPOINT : CAP_NOTIFICATION, text);
    out->before.answer = (uint8_t)answer_of_receive(sim, thread, slot, blocking);
}

static void put_debug(const struct sim *sim, const struct thread *thread, int64_t number,
                      struct text *text, struct trace_event *out)
{
    uint64_t a0 = thread->regs.x[REG_A0];
    if (number == ABI_SYS_DEBUG_PUT_CHAR) {
        char c = (char)(a0 % 256);
        text_put(text, " ");
        text_hex(text, a0);
        if (c > 0x20 && c < 0x7F && c != '|' && c != '#' && c != '=') {
            char shown[4] = {' ', '\'', c, '\''};
            text_bytes(text, shown, sizeof shown);
        }
    } else if (number == ABI_SYS_DEBUG_CAP_IDENTIFY) {
        put_pointer(text, " ", a0);
        out->before.answer = ANSWER_IDENTIFY;
    } else if (number == ABI_SYS_DEBUG_NAME_THREAD) {
        const uint64_t *buffer = look_buffer_words(sim, thread, true);
        put_pointer(text, " ", a0);
        if (buffer == NULL) {
            return;
        }
        const char *name = (const char *)(buffer + ABI_BUFFER_MSG);
        text_char(text, ' ');
        text_quoted(text, name, strnlen(name, ABI_MSG_MAX_LENGTH * 8));
    }
}

static void put_unknown(uint64_t number, struct text *text)
{
    text_put(text, "unknown-syscall ");
    if (number > UINT64_MAX - 1000) {
        text_char(text, '-');
        number = 0 - number;
    }
    text_word(text, number);
}

void describe_syscall(const struct sim *sim, const struct thread *thread, struct text *text,
                      struct trace_event *out)
{
    uint64_t word = thread->regs.x[REG_A7];
    int64_t number = (int64_t)word;
    const char *name = syscall_name(word);
    out->before.number = word;
    out->before.answer = ANSWER_DONE;
    if (name == NULL || (!CONFIG_DEBUG && number < ABI_SYS_YIELD)) {
        put_unknown(word, text);
        return;
    }
    text_put(text, name);
    if (number < ABI_SYS_YIELD) {
        put_debug(sim, thread, number, text, out);
    } else if (number >= ABI_SYS_NB_SEND) {
        put_send(sim, thread, number, text, out);
    } else if (number > ABI_SYS_YIELD) {
        put_receive(sim, thread, number, text, out);
    }
}
