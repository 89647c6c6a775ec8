/* SPDX-License-Identifier: BSD-2-Clause */

/* Lines of events and inputs, written and read. */
#include "hosted/trace/event.h"

#include <stdlib.h>
#include <string.h>

#include "hosted/trace/names.h"
#include "hosted/trace/text.h"

/* --- The event as a container ----------------------------------------------------------------- */

void trace_event_free(struct trace_event *event)
{
    free(event->words);
    memset(event, 0, sizeof *event);
}

void trace_event_clear(struct trace_event *event)
{
    struct trace_word *words = event->words;
    uint32_t word_capacity = event->word_capacity;
    /* Not the long texts: that would cost more than all the rest. */
    memset(event, 0, offsetof(struct trace_event, what));
    event->what[0] = '\0';
    event->outcome[0] = '\0';
    event->has_hash = false;
    event->hash = 0;
    memset(&event->next, 0, sizeof event->next);
    memset(&event->before, 0, sizeof event->before);
    event->words = words;
    event->word_capacity = word_capacity;
}

void *event_grown(void *array, uint32_t count, uint32_t *capacity, size_t size)
{
    if (count < *capacity) {
        return array;
    }
    *capacity = *capacity == 0 ? 64 : 2 * *capacity;
    array = realloc(array, *capacity * size);
    if (array == NULL) {
        abort();
    }
    return array;
}

void trace_event_add_word(struct trace_event *event, uint64_t paddr, uint64_t value)
{
    event->words =
        event_grown(event->words, event->word_count, &event->word_capacity, sizeof *event->words);
    event->words[event->word_count++] = (struct trace_word){paddr, value};
}

/* --- Writing ---------------------------------------------------------------------------------- */

static void put_registers(struct text *text, const struct trace_event *event)
{
    if (event->reg_count == 0) {
        return;
    }
    text_put(text, " | regs");
    for (uint32_t i = 0; i < event->reg_count && i < TRACE_REGISTERS; i++) {
        text_char(text, ' ');
        text_put(text, register_name(event->regs[i].at));
        text_char(text, '=');
        text_word(text, event->regs[i].value);
    }
}

/* Words that follow one another share the address of the first. */
static void put_memory(struct text *text, const struct trace_event *event)
{
    if (event->word_count == 0) {
        return;
    }
    text_put(text, " | memory");
    for (uint32_t i = 0; i < event->word_count; i++) {
        if (i > 0 && event->words[i].at == event->words[i - 1].at + 8) {
            text_char(text, ',');
        } else {
            text_char(text, ' ');
            text_hex(text, event->words[i].at);
            text_char(text, '=');
        }
        text_word(text, event->words[i].value);
    }
}

static void put_polls(struct text *text, const struct trace_event *event)
{
    for (uint32_t i = 0; i < event->poll_count && i < TRACE_POLLS; i++) {
        text_put(text, " | poll ");
        text_dec(text, event->polls[i].n);
        text_char(text, '@');
        text_dec(text, event->polls[i].time);
        if (event->polls[i].irq != 0) {
            text_put(text, " irq=");
            text_dec(text, event->polls[i].irq);
        }
        if (event->polls[i].pending) {
            text_put(text, " pending");
        }
    }
}

static void put_recorded(struct text *text, const struct trace_event *event)
{
    if (!event->has_pc) {
        return;
    }
    text_put(text, " | at pc=");
    text_hex(text, event->pc);
    if (event->has_regs_hash) {
        text_put(text, " regs=");
        text_hash(text, event->regs_hash);
    }
    if (event->has_cycles) {
        text_put(text, " cycles=");
        text_dec(text, event->cycles);
        text_char(text, '+');
        text_dec(text, event->ran);
    }
}

void event_put_thread(struct text *text, const struct trace_thread *who)
{
    if (who->paddr == UINT64_MAX) {
        text_char(text, '*');
    } else if (who->paddr == 0) {
        text_put(text, "idle");
    } else {
        char digits[24];
        struct text hex;
        text_to_buffer(&hex, digits, sizeof digits);
        text_hex(&hex, who->paddr);
        text_put(text, who->name);
        text_char(text, '@');
        text_bytes(text, digits + 2, hex.used - 2);
    }
}

static void put_event(struct text *text, const struct trace_event *event)
{
    text_dec(text, event->number);
    if (event->time != 0) {
        text_put(text, " @");
        text_dec(text, event->time);
    }
    text_char(text, ' ');
    event_put_thread(text, &event->who);
    text_put(text, ": ");
    text_put(text, event->what);
    put_registers(text, event);
    put_memory(text, event);
    put_polls(text, event);
    put_recorded(text, event);
    if (event->outcome[0] != '\0') {
        text_put(text, " = ");
        text_put(text, event->outcome);
    }
    if (event->has_hash) {
        text_put(text, " #");
        text_hash(text, event->hash);
    }
}

size_t trace_format_event(char *line, size_t size, const struct trace_header *header,
                          const struct trace_event *event)
{
    (void)header;
    struct text text;
    text_to_buffer(&text, line, size);
    put_event(&text, event);
    text_end(&text);
    return text.total;
}

size_t trace_write_event(FILE *file, const struct trace_header *header,
                         const struct trace_event *event)
{
    (void)header;
    char buffer[4096];
    struct text text;
    text_to_file(&text, buffer, sizeof buffer, file);
    put_event(&text, event);
    size_t length = text.total;
    text_char(&text, '\n');
    text_end(&text);
    return length;
}

void trace_write_input(FILE *file, const struct trace_input *input)
{
    fprintf(file, "input @%llu 0x%02x", (unsigned long long)input->time, input->byte);
    if (input->byte > 0x20 && input->byte < 0x7F) {
        fprintf(file, " '%c'", input->byte);
    }
    fputc('\n', file);
}

void trace_write_end(FILE *file, uint64_t events, const char *ending)
{
    fprintf(file, "end %llu %s\n", (unsigned long long)events, ending);
}

/* --- Reading ---------------------------------------------------------------------------------- */

static bool in_debug_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-' || c == '\'';
}

static bool read_who(struct scan *scan, struct trace_thread *who)
{
    scan_spaces(scan);
    if (scan_take(scan, "*")) {
        who->paddr = UINT64_MAX;
        return scan_need(scan, ":");
    }
    const char *start = scan->at;
    while (scan->at < scan->end && in_debug_name(*scan->at)) {
        scan->at++;
    }
    size_t length = (size_t)(scan->at - start);
    if (scan_is(start, length, "idle") && scan_take(scan, ":")) {
        return true;
    }
    if (length >= TRACE_NAME || !scan_take(scan, "@")) {
        scan->at = start;
        return scan_expected(scan, "a thread, NAME@ADDRESS, \"idle\" or \"*\"");
    }
    memcpy(who->name, start, length);
    who->name[length] = '\0';
    if (!scan_hex(scan, 0, &who->paddr)) {
        return false;
    }
    if (who->paddr == 0 || who->paddr == UINT64_MAX) {
        scan->at = start;
        return scan_expected(scan, "the address of a TCB");
    }
    return scan_need(scan, ":");
}

static bool read_registers(struct scan *scan, struct trace_event *event)
{
    const char *name;
    uint64_t seen = 0;
    while (!scan_at_end(scan)) {
        struct trace_word *reg = &event->regs[event->reg_count];
        size_t length = scan_name(scan, &name);
        if (!register_number(name, length, &reg->at)) {
            scan->at = name;
            return scan_expected(scan, "a register");
        }
        if ((seen >> reg->at & 1) != 0) {
            return scan_fail(scan, "the register %.*s comes twice", (int)length, name);
        }
        seen |= (uint64_t)1 << reg->at;
        if (!scan_need(scan, "=") || !scan_number(scan, &reg->value)) {
            return false;
        }
        event->reg_count++;
    }
    return event->reg_count > 0 || scan_expected(scan, "a register");
}

static bool read_memory(struct scan *scan, struct trace_event *event)
{
    do {
        uint64_t paddr;
        uint64_t value;
        if (!scan_number(scan, &paddr) || !scan_need(scan, "=")) {
            return false;
        }
        if (paddr % 8 != 0) {
            return scan_fail(scan, "the address 0x%llx is not a multiple of 8",
                             (unsigned long long)paddr);
        }
        do {
            if (!scan_number(scan, &value)) {
                return false;
            }
            trace_event_add_word(event, paddr, value);
            paddr += 8;
        } while (scan_take(scan, ","));
    } while (!scan_at_end(scan));
    return true;
}

static bool read_poll(struct scan *scan, struct trace_event *event)
{
    if (event->poll_count == TRACE_POLLS) {
        return scan_fail(scan, "more than %d polls in an event", TRACE_POLLS);
    }
    struct trace_poll *poll = &event->polls[event->poll_count];
    uint64_t irq = 0;
    if (!scan_number(scan, &poll->n) || !scan_need(scan, "@") || !scan_number(scan, &poll->time)) {
        return false;
    }
    scan_spaces(scan);
    if (scan_take(scan, "irq=") && !scan_limited(scan, "an interrupt's number", 1023, &irq)) {
        return false;
    }
    scan_spaces(scan);
    poll->pending = scan_take(scan, "pending");
    if (poll->n == 0 || (event->poll_count > 0 && poll[-1].n >= poll->n)) {
        return scan_fail(scan, "polls are numbered from 1, in ascending order");
    }
    poll->irq = (uint32_t)irq;
    event->poll_count++;
    return true;
}

static bool read_place(struct scan *scan, struct trace_event *event)
{
    event->has_pc = true;
    if (!scan_key_number(scan, "pc", &event->pc)) {
        return false;
    }
    scan_spaces(scan);
    event->has_regs_hash = scan_take(scan, "regs=");
    if (event->has_regs_hash && !scan_hex(scan, 16, &event->regs_hash)) {
        return false;
    }
    scan_spaces(scan);
    event->has_cycles = scan_take(scan, "cycles=");
    return !event->has_cycles || (scan_number(scan, &event->cycles) && scan_need(scan, "+") &&
                                  scan_number(scan, &event->ran));
}

static const struct {
    const char *name;
    bool (*read)(struct scan *scan, struct trace_event *event);
    bool repeated;
} clauses[] = {
    {"regs", read_registers, false},
    {"memory", read_memory, false},
    {"poll", read_poll, true},
    {"at", read_place, false},
};

enum { CLAUSES = sizeof clauses / sizeof *clauses };

static bool read_clause(struct scan *scan, struct trace_event *event, uint32_t *seen)
{
    const char *name;
    size_t length = scan_name(scan, &name);
    for (uint32_t i = 0; i < CLAUSES; i++) {
        if (!scan_is(name, length, clauses[i].name)) {
            continue;
        }
        if ((*seen >> i & 1) != 0 && !clauses[i].repeated) {
            return scan_fail(scan, "the clause \"%s\" comes twice", clauses[i].name);
        }
        *seen |= 1u << i;
        if (!clauses[i].read(scan, event)) {
            return false;
        }
        return scan_at_end(scan) || scan_expected(scan, "\" | \" or \" = \"");
    }
    scan->at = name;
    return scan_expected(scan, "a clause (regs, memory, poll, at)");
}

/* Where `separator` comes first, or the end. */
static const char *find(const char *at, const char *end, const char *separator)
{
    size_t length = strlen(separator);
    for (; (size_t)(end - at) >= length; at++) {
        at = memchr(at, separator[0], (size_t)(end - at) - length + 1);
        if (at == NULL) {
            return end;
        }
        if (memcmp(at, separator, length) == 0) {
            return at;
        }
    }
    return end;
}

static const char *trimmed(const char *start, const char *end)
{
    while (end > start && (end[-1] == ' ' || end[-1] == '\t')) {
        end--;
    }
    return end;
}

/* Takes " #HASH" off the end. */
static bool read_hash(struct scan *scan, struct trace_event *event)
{
    scan->end = trimmed(scan->at, scan->end);
    const char *mark = scan->end;
    while (mark > scan->at && mark[-1] != ' ') {
        mark--;
    }
    if (mark == scan->end || *mark != '#') {
        return true;
    }
    struct scan hash = *scan;
    hash.at = mark + 1;
    if (hash.end - hash.at != 16 || !scan_hex(&hash, 16, &event->hash)) {
        scan->at = mark;
        return scan_expected(scan, "a state hash of 16 hexadecimal digits");
    }
    event->has_hash = true;
    scan->end = trimmed(scan->at, mark);
    return true;
}

static bool copy_text(struct scan *scan, const char *start, const char *end, char *out,
                      const char *what)
{
    size_t length = (size_t)(end - start);
    if (length >= TRACE_TEXT) {
        return scan_fail(scan, "%s of %zu characters; at most %d are possible", what, length,
                         TRACE_TEXT - 1);
    }
    memcpy(out, start, length);
    out[length] = '\0';
    return true;
}

/* WHAT and its clauses, which end at scan->end. */
static bool read_body(struct scan *scan, struct trace_event *event)
{
    scan_spaces(scan);
    const char *end = scan->end;
    scan->end = find(scan->at, end, " | ");
    const char *what_end = trimmed(scan->at, scan->end);
    struct trace_action action;
    if (!copy_text(scan, scan->at, what_end, event->what, "an event") ||
        !what_read(scan, &action)) {
        return false;
    }
    event->event = action.event;
    event->a = action.a;
    event->b = action.b;
    uint32_t seen = 0;
    while (scan->end < end) {
        scan->at = scan->end + 3;
        scan->end = find(scan->at, end, " | ");
        if (!read_clause(scan, event, &seen)) {
            return false;
        }
    }
    return true;
}

/* Takes " = OUTCOME" off the end. */
static bool read_outcome(struct scan *scan, struct trace_event *event)
{
    const char *end = scan->end;
    const char *equals = find(scan->at, end, " = ");
    if (equals == end && end - scan->at >= 2 && memcmp(end - 2, " =", 2) == 0) {
        equals = end - 2; /* There is nothing behind it. */
    }
    scan->end = equals;
    const char *start = equals < end ? equals + 2 : end;
    while (start < end && (*start == ' ' || *start == '\t')) {
        start++;
    }
    return copy_text(scan, start, end, event->outcome, "an outcome");
}

bool event_read_line(struct scan *scan, struct trace_event *event)
{
    if (!scan_number(scan, &event->number) || !read_hash(scan, event)) {
        return false;
    }
    scan_spaces(scan);
    if (scan_take(scan, "@") && !scan_number(scan, &event->time)) {
        return false;
    }
    if (!read_who(scan, &event->who)) {
        return false;
    }
    return read_outcome(scan, event) && read_body(scan, event);
}

bool event_read_input(struct scan *scan, struct trace_input *input)
{
    uint64_t byte;
    scan_spaces(scan);
    if (!scan_need(scan, "@") || !scan_number(scan, &input->time) ||
        !scan_limited(scan, "a byte", 255, &byte)) {
        return false;
    }
    input->byte = (uint8_t)byte;
    scan_spaces(scan);
    char shown[4] = {'\'', (char)byte, '\'', '\0'};
    if (byte > 0x20 && byte < 0x7F) {
        (void)scan_take(scan, shown);
    }
    return scan_at_end(scan) || scan_expected(scan, "nothing more on this line");
}
