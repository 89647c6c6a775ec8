/* SPDX-License-Identifier: BSD-2-Clause */

/* The words of an event, such as "Call 0x12 TCB_Resume()", as registers and memory. */
#include <string.h>

#include "core/thread.h"
#include "hosted/trace/event.h"
#include "hosted/trace/names.h"
#include "hosted/trace/text.h"

enum { CONTEXT_WORDS = 32 };

/* A message being read. */
struct message {
    uint64_t label;
    uint64_t unwrapped;
    bool has_length; /* The info word's own numbers, where they differ from what is seen. */
    uint64_t length;
    bool has_extra;
    uint64_t extra;
    uint32_t word_count;
    uint64_t words[ABI_MSG_MAX_LENGTH];
    uint32_t cap_count;
    uint64_t caps[ABI_MSG_MAX_CAPS];
};

static void set_register(struct trace_action *action, uint32_t number, uint64_t value)
{
    action->set |= (uint64_t)1 << number;
    action->regs[number] = value;
}

/* --- Messages --------------------------------------------------------------------------------- */

/* "[1, 2]" behind the words that are there already. */
static bool read_list(struct scan *scan, uint64_t *list, uint32_t *count, uint32_t max)
{
    if (!scan_need(scan, "[")) {
        return false;
    }
    scan_spaces(scan);
    if (scan_take(scan, "]")) {
        return true;
    }
    do {
        uint64_t number;
        if (!scan_number(scan, &number)) {
            return false;
        }
        if (*count == max) {
            return scan_fail(scan, "a list of more than %u", max);
        }
        list[(*count)++] = number;
        scan_spaces(scan);
    } while (scan_take(scan, ","));
    return scan_need(scan, "]");
}

/* "read+write", "all", "none", or a number. */
static bool read_rights(struct scan *scan, uint64_t *rights)
{
    static const struct {
        const char *name;
        uint64_t value;
    } names[] = {{"write", ABI_RIGHT_WRITE}, {"read", ABI_RIGHT_READ},
                 {"grant", ABI_RIGHT_GRANT}, {"grant-reply", ABI_RIGHT_GRANT_REPLY},
                 {"all", ABI_RIGHT_ALL},     {"none", 0}};
    if (scan->at < scan->end && *scan->at >= '0' && *scan->at <= '9') {
        return scan_number(scan, rights);
    }
    *rights = 0;
    do {
        const char *name;
        size_t length = scan_name(scan, &name);
        bool known = false;
        for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
            if (scan_is(name, length, names[i].name)) {
                *rights |= names[i].value;
                known = true;
            }
        }
        if (!known) {
            scan->at = name;
            return scan_expected(scan, "rights, such as read+write");
        }
    } while (scan_take(scan, "+"));
    return true;
}

static bool read_argument(struct scan *scan, const struct argument *argument, uint64_t *value)
{
    scan_spaces(scan);
    const char *start = scan->at;
    if (!scan_take(scan, argument->name) || !scan_take(scan, "=")) {
        char what[64];
        scan->at = start;
        snprintf(what, sizeof what, "the argument \"%s=\"", argument->name);
        return scan_expected(scan, what);
    }
    if (argument->style == ARGUMENT_RIGHTS) {
        return read_rights(scan, value);
    }
    const char *name = scan->at;
    if (argument_style(argument) == ARGUMENT_OBJECT) {
        size_t length = scan_name(scan, &name);
        if (object_type(name, length, value)) {
            return true;
        }
        scan->at = name;
    }
    return scan_number(scan, value);
}

/* "words=[...]" or "caps=[...]": what an invocation has beyond its arguments. */
static bool read_beyond(struct scan *scan, struct message *message)
{
    scan_spaces(scan);
    if (scan_take(scan, "words=")) {
        return read_list(scan, message->words, &message->word_count, ABI_MSG_MAX_LENGTH);
    }
    if (scan_take(scan, "caps=")) {
        return read_list(scan, message->caps, &message->cap_count, ABI_MSG_MAX_CAPS);
    }
    return scan_expected(scan, "\"words=\", \"caps=\" or \")\"");
}

/* Behind the arguments of TCB_WriteRegisters: "pc=0x10000", or "length=34", the words that the
 * message has; what is not named is zero. False if it is neither, or wrong. */
static bool read_context(struct scan *scan, struct message *message)
{
    const char *name;
    uint64_t number = 0;
    size_t length = scan_name(scan, &name);
    uint32_t start = invocation_of(ABI_LABEL_TCB_WRITE_REGISTERS)->words;
    if (scan_is(name, length, "length")) {
        bool good =
            scan_need(scan, "=") && scan_limited(scan, "a length", start + CONTEXT_WORDS, &number);
        message->word_count = (uint32_t)(number > start ? number : start);
        return good;
    }
    if (!register_number(name, length, &number)) {
        scan->at = name;
        return read_beyond(scan, message);
    }
    uint32_t i = 0;
    while (context_register(i) != number) {
        i++;
    }
    return scan_need(scan, "=") && scan_number(scan, &message->words[start + i]);
}

/* Behind "(": the arguments of the stub, in its order. */
static bool read_arguments(struct scan *scan, const struct invocation *invocation,
                           struct message *message)
{
    for (uint32_t i = 0; i < invocation->count; i++) {
        const struct argument *argument = &invocation->arguments[i];
        uint64_t value;
        scan_spaces(scan);
        if ((i > 0 && !scan_need(scan, ",")) || !read_argument(scan, argument, &value)) {
            return false;
        }
        if (argument->style == ARGUMENT_CAP) {
            message->caps[message->cap_count++] = value;
        } else {
            message->words[message->word_count++] = value;
        }
    }
    scan_spaces(scan);
    bool first = invocation->count == 0;
    while (!scan_take(scan, ")")) {
        if (!first && !scan_need(scan, ",")) {
            return false;
        }
        first = false;
        bool good = message->label == ABI_LABEL_TCB_WRITE_REGISTERS ? read_context(scan, message)
                                                                    : read_beyond(scan, message);
        if (!good) {
            return false;
        }
        scan_spaces(scan);
    }
    return true;
}

/* "label=" may also name an invocation. */
static bool read_label(struct scan *scan, uint64_t *label)
{
    const char *start = scan->at;
    const char *name;
    size_t length = scan_name(scan, &name);
    *label = invocation_label(name, length);
    if (length > 0 && *label != 0) {
        return true;
    }
    scan->at = start;
    return scan_limited(scan, "a label", ((uint64_t)1 << 52) - 1, label);
}

static bool read_field(struct scan *scan, struct message *message)
{
    if (scan_take(scan, "label=")) {
        return read_label(scan, &message->label);
    }
    if (scan_take(scan, "length=")) {
        message->has_length = true;
        return scan_limited(scan, "a length", 127, &message->length);
    }
    if (scan_take(scan, "extra=")) {
        message->has_extra = true;
        return scan_limited(scan, "a number of capabilities", 3, &message->extra);
    }
    if (scan_take(scan, "unwrapped=")) {
        return scan_limited(scan, "a mask of capabilities", 7, &message->unwrapped);
    }
    return read_beyond(scan, message);
}

/* What a message puts into registers and the caller's IPC buffer. */
static bool put_message(struct scan *scan, const struct message *message,
                        struct trace_action *action)
{
    uint64_t length = message->has_length ? message->length : message->word_count;
    uint64_t extra = message->has_extra ? message->extra : message->cap_count;
    if (length < message->word_count || extra < message->cap_count) {
        return scan_fail(scan, "the message has more words or capabilities than it says");
    }
    set_register(action, REG_A1,
                 message->label * 4096 + message->unwrapped * 512 + extra * 128 + length);
    for (uint32_t i = 0; i < message->word_count; i++) {
        if (i < ABI_MSG_REGISTERS) {
            set_register(action, REG_A2 + i, message->words[i]);
        } else {
            action->words[action->word_count++] =
                (struct trace_word){ABI_BUFFER_MSG + i, message->words[i]};
        }
    }
    for (uint32_t i = 0; i < message->cap_count; i++) {
        action->words[action->word_count++] =
            (struct trace_word){ABI_BUFFER_CAPS + i, message->caps[i]};
    }
    return true;
}

/* "(endpoint)": for people. */
static bool skip_remark(struct scan *scan)
{
    scan_spaces(scan);
    if (!scan_take(scan, "(")) {
        return true;
    }
    while (scan->at < scan->end && *scan->at != ')') {
        scan->at++;
    }
    return scan_need(scan, ")");
}

/* "[(kind)] Stub(arguments)" or "[(kind)] label=7 words=[1, 2] caps=[5]"; nothing: an empty one. */
static bool read_message(struct scan *scan, struct trace_action *action)
{
    struct message message = {0};
    if (!skip_remark(scan)) {
        return false;
    }
    const char *name;
    size_t length = scan_name(scan, &name);
    if (length > 0 && scan_take(scan, "(")) {
        message.label = invocation_label(name, length);
        const struct invocation *invocation = invocation_of(message.label);
        if (invocation == NULL) {
            scan->at = name;
            return scan_expected(scan, "an invocation");
        }
        return read_arguments(scan, invocation, &message) && put_message(scan, &message, action);
    }
    scan->at = name;
    while (!scan_at_end(scan)) {
        if (!read_field(scan, &message)) {
            return false;
        }
    }
    return put_message(scan, &message, action);
}

/* --- System calls ----------------------------------------------------------------------------- */

static bool read_pointer(struct scan *scan, const char *key, struct trace_action *action,
                         uint32_t number)
{
    uint64_t cptr;
    bool good = key == NULL ? scan_number(scan, &cptr) : scan_key_number(scan, key, &cptr);
    set_register(action, number, cptr);
    return good;
}

static bool read_api_call(struct scan *scan, int64_t number, struct trace_action *action)
{
    switch (number) {
    case ABI_SYS_CALL:
    case ABI_SYS_SEND:
    case ABI_SYS_NB_SEND:
        return read_pointer(scan, NULL, action, REG_A0) && read_message(scan, action);
    case ABI_SYS_REPLY_RECV:
        return read_pointer(scan, NULL, action, REG_A0) &&
               read_pointer(scan, "reply", action, REG_A6) && read_message(scan, action);
    case ABI_SYS_NB_SEND_RECV:
        return read_pointer(scan, "dest", action, REG_T0) &&
               read_pointer(scan, "source", action, REG_A0) &&
               read_pointer(scan, "reply", action, REG_A6) && read_message(scan, action);
    case ABI_SYS_NB_SEND_WAIT:
        return read_pointer(scan, "dest", action, REG_A6) &&
               read_pointer(scan, "source", action, REG_A0) && read_message(scan, action);
    case ABI_SYS_RECV:
    case ABI_SYS_NB_RECV:
        return read_pointer(scan, NULL, action, REG_A0) &&
               read_pointer(scan, "reply", action, REG_A6) && skip_remark(scan);
    case ABI_SYS_WAIT:
    case ABI_SYS_NB_WAIT:
        return read_pointer(scan, NULL, action, REG_A0) && skip_remark(scan);
    default: /* Yield. */
        return true;
    }
}

static bool read_thread_name(struct scan *scan, struct trace_action *action)
{
    size_t length;
    if (!scan_quoted(scan, action->name, sizeof action->name, &length)) {
        return false;
    }
    if (length < sizeof action->name) {
        action->name[length++] = '\0';
    }
    action->has_name = true;
    action->name_size = (uint32_t)length;
    return true;
}

static bool read_debug_call(struct scan *scan, int64_t number, struct trace_action *action)
{
    if (number == ABI_SYS_DEBUG_PUT_CHAR) {
        if (!read_pointer(scan, NULL, action, REG_A0)) {
            return false;
        }
        scan->at = scan->end; /* The character, for people. */
        return true;
    }
    if (number == ABI_SYS_DEBUG_CAP_IDENTIFY) {
        return read_pointer(scan, NULL, action, REG_A0);
    }
    if (number != ABI_SYS_DEBUG_NAME_THREAD) {
        return true;
    }
    if (!read_pointer(scan, NULL, action, REG_A0)) {
        return false;
    }
    return scan_at_end(scan) || read_thread_name(scan, action);
}

/* --- All events ------------------------------------------------------------------------------- */

static bool read_fault(struct scan *scan, struct trace_action *action)
{
    const char *name;
    uint64_t pc;
    size_t length = scan_name(scan, &name);
    action->event = SIM_EVENT_FAULT;
    if (length > 6 && memcmp(name, "cause-", 6) == 0) {
        scan->at = name + 6;
        if (!scan_number(scan, &action->a)) {
            return false;
        }
    } else if (!cause_number(name, length, &action->a)) {
        scan->at = name;
        return scan_expected(scan, "an exception, such as load-page");
    }
    scan_spaces(scan);
    if (scan_take(scan, "at")) {
        if (!scan_number(scan, &pc)) {
            return false;
        }
        set_register(action, TRACE_PC, pc);
    }
    return scan_key_number(scan, "address", &action->b);
}

static bool read_unknown(struct scan *scan, struct trace_action *action)
{
    uint64_t number;
    bool good = scan_number(scan, &number);
    set_register(action, REG_A7, number);
    return good;
}

static bool read_any(struct scan *scan, struct trace_action *action)
{
    const char *name;
    uint64_t number;
    size_t length = scan_name(scan, &name);
    if (scan_is(name, length, "timer")) {
        action->event = SIM_EVENT_TICK;
        return true;
    }
    if (scan_is(name, length, "interrupt")) {
        action->event = SIM_EVENT_IRQ;
        return scan_limited(scan, "an interrupt's number", 1023, &action->a);
    }
    if (scan_is(name, length, "fault")) {
        return read_fault(scan, action);
    }
    action->event = SIM_EVENT_SYSCALL;
    if (scan_is(name, length, "unknown-syscall")) {
        return read_unknown(scan, action);
    }
    if (!syscall_number(name, length, &number)) {
        scan->at = name;
        return scan_expected(scan, "a system call, fault, interrupt or timer");
    }
    set_register(action, REG_A7, number);
    return (int64_t)number >= ABI_SYS_YIELD ? read_api_call(scan, (int64_t)number, action)
                                            : read_debug_call(scan, (int64_t)number, action);
}

bool what_read(struct scan *scan, struct trace_action *action)
{
    action->event = SIM_EVENT_SYSCALL;
    action->a = 0;
    action->b = 0;
    action->set = 0;
    action->word_count = 0;
    action->has_name = false;
    action->name_size = 0;
    return read_any(scan, action) &&
           (scan_at_end(scan) || scan_expected(scan, "nothing more in this event"));
}

bool trace_read_what(const char *what, struct trace_action *action, struct trace_error *error)
{
    struct scan scan = {.at = what, .end = what + strlen(what), .error = error};
    return what_read(&scan, action);
}
