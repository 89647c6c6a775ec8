/* SPDX-License-Identifier: BSD-2-Clause */

/* A trace in memory. Opening it reads the header and finds the lines; a line is understood when it
 * is asked for. The bytes may come from anywhere: nothing about them is taken for granted.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "hosted/trace/event.h"
#include "hosted/trace/header.h"
#include "hosted/trace/text.h"

enum { INPUTS_MAX = 1 << 24 };

/* Where an event is: 12 bytes each, for traces of millions. */
struct index {
    uint64_t *offsets;
    uint32_t *lines;
    uint32_t count;
    uint32_t capacity;
};

struct trace {
    char *text;
    size_t size;
    struct trace_header header;
    struct index events;
    struct trace_input *inputs;
    uint32_t input_count;
    uint32_t input_capacity;
    char *ending; /* Null until the end has been read. */
};

/* --- Lines ------------------------------------------------------------------------------------ */

struct reader {
    struct trace *trace;
    struct trace_error *error;
    size_t next; /* Offset of the next line. */
    uint32_t line;
    struct scan scan; /* The rest of this line. */
    struct header_reading header;
    bool in_header;
};

/* Puts the line's number in front of what is wrong. */
static bool fail_at(struct trace_error *error, uint32_t line)
{
    char text[sizeof error->text];
    memcpy(text, error->text, sizeof text);
    text[sizeof text - 1] = '\0';
    snprintf(error->text, sizeof error->text, "line %u: %.290s", line, text);
    return false;
}

/* The length of the UTF-8 sequence that begins here, 0 if it is none. Shortest forms only, no
 * surrogates, nothing beyond U+10FFFF. */
static size_t utf8_length(const unsigned char *at, size_t left)
{
    static const struct {
        unsigned char first, last, second_min, second_max;
        unsigned char length;
    } forms[] = {
        {0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3}, {0xE1, 0xEC, 0x80, 0xBF, 3},
        {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3}, {0xF0, 0xF0, 0x90, 0xBF, 4},
        {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4},
    };
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if (at[0] < forms[i].first || at[0] > forms[i].last) {
            continue;
        }
        if (left < forms[i].length || at[1] < forms[i].second_min || at[1] > forms[i].second_max) {
            return 0;
        }
        for (size_t k = 2; k < forms[i].length; k++) {
            if (at[k] < 0x80 || at[k] > 0xBF) {
                return 0;
            }
        }
        return forms[i].length;
    }
    return 0;
}

/* Whether eight bytes are all printable ASCII. */
static bool plain_eight(const char *at)
{
    uint64_t word;
    memcpy(&word, at, sizeof word);
    uint64_t ones = UINT64_MAX / 255;
    uint64_t below_space = (word - ones * 0x20) & ~word;
    uint64_t delete = word + ones; /* 0x7F becomes 0x80. */
    return ((word | below_space | delete) & ones * 0x80) == 0;
}

/* Text, and nothing that would look like text and is not. */
static bool check_characters(struct scan *scan)
{
    const char *at = scan->at;
    while (at < scan->end) {
        size_t left = (size_t)(scan->end - at);
        unsigned char c = (unsigned char)*at;
        if (left >= 8 && plain_eight(at)) {
            at += 8;
        } else if ((c >= 0x20 && c < 0x7F) || c == '\t') {
            at++;
        } else if (c == '\r') {
            return scan_fail(scan, "a carriage return; lines end in a newline alone");
        } else if (c < 0x80) {
            return scan_fail(scan, "the control character 0x%02x in column %zu", c,
                             (size_t)(at - scan->at) + 1);
        } else if (c == 0xC2 && left > 1 && (unsigned char)at[1] >= 0x80 &&
                   (unsigned char)at[1] < 0xA0) { /* U+0080 to U+009F: terminals obey them. */
            return scan_fail(scan, "the control character U+%04X in column %zu",
                             (unsigned char)at[1], (size_t)(at - scan->at) + 1);
        } else {
            size_t length = utf8_length((const unsigned char *)at, left);
            if (length == 0) {
                return scan_fail(scan, "the byte 0x%02x in column %zu is not UTF-8", c,
                                 (size_t)(at - scan->at) + 1);
            }
            at += length;
        }
    }
    return true;
}

/* The next line that is neither blank nor a comment. False at the end, or with an error. */
static bool next_line(struct reader *reader)
{
    struct trace *trace = reader->trace;
    while (reader->next < trace->size) {
        const char *start = trace->text + reader->next;
        size_t left = trace->size - reader->next;
        const char *end = memchr(start, '\n', left);
        reader->line++;
        if (end == NULL) {
            return false; /* A line that does not end is no line. */
        }
        reader->scan = (struct scan){.at = start, .end = end, .error = reader->error};
        if (end - start > TRACE_LINE_MAX) {
            return scan_fail(&reader->scan, "more than %d characters", TRACE_LINE_MAX);
        }
        if (!check_characters(&reader->scan)) {
            return false;
        }
        reader->next += (size_t)(end - start) + 1;
        if (*start != '#' && !scan_at_end(&reader->scan)) {
            return true;
        }
    }
    return false;
}

/* --- The parts of a trace --------------------------------------------------------------------- */

static uint64_t last_event(const struct trace *trace)
{
    return trace->header.first + trace->events.count - 1;
}

static bool first_line(struct reader *reader)
{
    uint64_t version;
    if (!next_line(reader) || reader->line != 1 || !scan_take(&reader->scan, "albireo-trace ") ||
        !scan_number(&reader->scan, &version) || !scan_at_end(&reader->scan)) {
        reader->line = 1;
        reader->scan.failed = false;
        reader->scan.error = reader->error;
        return scan_fail(&reader->scan, "no trace: the first line is not \"albireo-trace %d\"",
                         TRACE_VERSION);
    }
    if (version != TRACE_VERSION) {
        return scan_fail(&reader->scan, "version %llu of the format; this program reads %d",
                         (unsigned long long)version, TRACE_VERSION);
    }
    return true;
}

static bool locate_event(struct reader *reader)
{
    struct trace *trace = reader->trace;
    struct index *events = &trace->events;
    uint64_t offset = (uint64_t)(reader->scan.at - trace->text);
    uint64_t number;
    if (!scan_number(&reader->scan, &number)) {
        return false;
    }
    uint64_t expected = trace->header.first + events->count;
    if (number != expected) {
        return scan_fail(&reader->scan, "event %llu comes where event %llu is expected",
                         (unsigned long long)number, (unsigned long long)expected);
    }
    uint32_t capacity = events->capacity;
    events->lines = event_grown(events->lines, events->count, &capacity, sizeof *events->lines);
    events->offsets =
        event_grown(events->offsets, events->count, &events->capacity, sizeof *events->offsets);
    events->lines[events->count] = reader->line;
    events->offsets[events->count++] = offset;
    return true;
}

static bool read_input(struct reader *reader)
{
    struct trace *trace = reader->trace;
    struct trace_input input = {.line = reader->line, .after = last_event(trace)};
    if (trace->events.count == 0) {
        input.after = trace->header.first - 1;
    }
    if (trace->input_count == INPUTS_MAX) {
        return scan_fail(&reader->scan, "more than %d inputs", INPUTS_MAX);
    }
    if (!event_read_input(&reader->scan, &input)) {
        return false;
    }
    trace->inputs = event_grown(trace->inputs, trace->input_count, &trace->input_capacity,
                                sizeof *trace->inputs);
    trace->inputs[trace->input_count++] = input;
    return true;
}

static bool read_end(struct reader *reader)
{
    struct trace *trace = reader->trace;
    struct scan *scan = &reader->scan;
    uint64_t number;
    if (!scan_number(scan, &number)) {
        return false;
    }
    if (number != last_event(trace)) {
        return scan_fail(scan, "the end is said to be after event %llu, but the last is %llu",
                         (unsigned long long)number, (unsigned long long)last_event(trace));
    }
    scan_spaces(scan);
    trace->ending = strndup(scan->at, (size_t)(scan->end - scan->at));
    return true;
}

static bool read_line(struct reader *reader)
{
    struct scan *scan = &reader->scan;
    const char *start = scan->at;
    const char *name;
    if (reader->trace->ending != NULL) {
        return scan_expected(scan, "nothing behind the end");
    }
    size_t length = scan_name(scan, &name);
    bool is_input = scan_is(name, length, "input");
    bool is_end = scan_is(name, length, "end");
    bool is_event = length > 0 && *name >= '0' && *name <= '9';
    if (!is_input && !is_end) {
        scan->at = start;
    }
    if (reader->in_header && !is_input && !is_end && !is_event) {
        return header_read_line(scan, &reader->header, &reader->trace->header);
    }
    if (reader->in_header) {
        reader->in_header = false;
        if (!header_complete(scan, &reader->header, &reader->trace->header)) {
            return false;
        }
    }
    if (is_event) {
        return locate_event(reader);
    }
    if (is_input || is_end) {
        return is_input ? read_input(reader) : read_end(reader);
    }
    return scan_expected(scan, "an event, \"input\" or \"end\"");
}

static bool read_all(struct reader *reader)
{
    const struct trace *trace = reader->trace;
    if (!first_line(reader)) {
        return fail_at(reader->error, reader->line);
    }
    while (next_line(reader)) {
        if (!read_line(reader)) {
            return fail_at(reader->error, reader->line);
        }
    }
    if (reader->scan.failed) {
        return fail_at(reader->error, reader->line);
    }
    if (trace->ending != NULL && reader->next == trace->size) {
        return true;
    }
    if (trace->ending != NULL) {
        (void)scan_fail(&reader->scan, "expected nothing behind the end");
        return fail_at(reader->error, reader->line);
    }
    const char *cut = reader->next == trace->size ? "" : ", whose next line is cut off";
    snprintf(reader->error->text, sizeof reader->error->text,
             "truncated: there is no end line after event %llu (line %u%s)",
             (unsigned long long)last_event(trace),
             reader->next == trace->size ? reader->line : reader->line - 1, cut);
    return false;
}

/* --- The interface ---------------------------------------------------------------------------- */

/* Takes over `text`. */
static struct trace *create(char *text, size_t size, struct trace_error *error)
{
    struct trace *trace = calloc(1, sizeof *trace);
    if (trace == NULL) {
        abort();
    }
    trace->text = text;
    trace->size = size;
    header_defaults(&trace->header);
    struct reader reader = {.trace = trace, .error = error, .in_header = true};
    if (read_all(&reader)) {
        return trace;
    }
    trace_close(trace);
    return NULL;
}

struct trace *trace_parse(const char *text, size_t size, struct trace_error *error)
{
    char *copy = malloc(size + 1);
    if (copy == NULL) {
        abort();
    }
    memcpy(copy, text, size);
    return create(copy, size, error);
}

/* Everything in a file. Null with errno. */
static char *read_whole(const char *path, size_t *size)
{
    /* Without waiting for somebody to open the other end of a FIFO; but for what comes through a
     * pipe. */
    int file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    struct stat status;
    if (file < 0) {
        return NULL;
    }
    (void)fcntl(file, F_SETFL, 0);
    size_t capacity = 1 << 16;
    if (fstat(file, &status) == 0 && status.st_size > 0) {
        capacity = (size_t)status.st_size + 1; /* One more, to see the end at once. */
    }
    char *text = malloc(capacity);
    ssize_t got = 0;
    *size = 0;
    while (text != NULL && (got = read(file, text + *size, capacity - *size)) > 0) {
        *size += (size_t)got;
        if (*size == capacity) {
            capacity *= 2;
            char *larger = realloc(text, capacity);
            if (larger == NULL) {
                free(text);
            }
            text = larger;
        }
    }
    int problem = text == NULL ? ENOMEM : errno;
    (void)close(file);
    if (text == NULL || got < 0) {
        free(text);
        errno = problem;
        return NULL;
    }
    return text;
}

struct trace *trace_open(const char *path, struct trace_error *error)
{
    size_t size;
    struct trace_error why;
    struct trace *trace = NULL;
    char *text = read_whole(path, &size);
    if (text == NULL) {
        snprintf(why.text, sizeof why.text, "%s", strerror(errno));
    } else {
        trace = create(text, size, &why);
    }
    if (trace == NULL) {
        snprintf(error->text, sizeof error->text, "%.4095s: %.500s", path, why.text);
    }
    return trace;
}

void trace_close(struct trace *trace)
{
    if (trace == NULL) {
        return;
    }
    free(trace->text);
    free(trace->header.dtb);
    free(trace->events.offsets);
    free(trace->events.lines);
    free(trace->inputs);
    free(trace->ending);
    free(trace);
}

struct trace_header *trace_header(struct trace *trace)
{
    return &trace->header;
}

uint64_t trace_events(const struct trace *trace)
{
    return last_event(trace);
}

uint32_t trace_inputs(const struct trace *trace, const struct trace_input **inputs)
{
    *inputs = trace->inputs;
    return trace->input_count;
}

const char *trace_ending(const struct trace *trace)
{
    return trace->ending;
}

bool trace_event_at(struct trace *trace, uint64_t number, struct trace_event *event,
                    struct trace_error *error)
{
    const struct index *events = &trace->events;
    uint64_t at = number - trace->header.first;
    trace_event_clear(event);
    if (number < trace->header.first || at >= events->count) {
        snprintf(error->text, sizeof error->text,
                 "there is no event %llu; the trace has %llu to %llu", (unsigned long long)number,
                 (unsigned long long)trace->header.first, (unsigned long long)last_event(trace));
        return false;
    }
    const char *start = trace->text + events->offsets[at];
    const char *end = memchr(start, '\n', trace->size - events->offsets[at]);
    struct scan scan = {.at = start, .end = end, .error = error};
    event->line = events->lines[at];
    return event_read_line(&scan, event) || fail_at(error, event->line);
}
