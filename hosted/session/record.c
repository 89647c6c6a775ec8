/* SPDX-License-Identifier: BSD-2-Clause */

/* Recording: every event as a line, or only the last ones, which wait in a ring. */
#include <stdlib.h>
#include <string.h>

#include "hosted/session/internal.h"

enum { FILE_BUFFER = 1 << 20 };

#define OUT_OF_MEMORY "out of memory"

bool session_record(struct session *session, const struct session_recording *recording)
{
    struct recorder *r = &session->recorder;
    r->header = session->header;
    r->header.kind = recording->kind;
    r->header.first = 1;
    if (session->options.no_hashes) {
        r->header.hash_every = 0;
    }
    r->last = recording->last;
    if (recording->kind == TRACE_CALLS) {
        r->header.clock_recorded = false;
        r->shadow = trace_shadow_create();
        if (r->shadow == NULL) {
            return false;
        }
    }
    if (r->last != 0) {
        r->lines = calloc(r->last, sizeof *r->lines);
        r->sizes = calloc(r->last, sizeof *r->sizes);
        if (r->lines == NULL || r->sizes == NULL) {
            session_record_close(session);
            return false;
        }
    }
    setvbuf(recording->file, NULL, _IOFBF, FILE_BUFFER);
    r->file = recording->file;
    if (r->last == 0) {
        trace_write_header(r->file, &r->header);
    }
    return true;
}

/* --- The ring --------------------------------------------------------------------------------- */

/* A line that nobody could read back makes the whole trace useless. */
static void note_length(struct recorder *r, size_t length)
{
    if (length > TRACE_LINE_MAX && r->failed == NULL) {
        r->failed = "an event is too long for a trace";
    }
}

static void keep_line(struct recorder *r, const struct trace_event *event)
{
    uint64_t at = event->number % r->last;
    size_t length = trace_format_event(r->lines[at], r->sizes[at], &r->header, event);
    note_length(r, length);
    if (length >= r->sizes[at] && r->failed == NULL) {
        size_t size = length + 1;
        char *larger = realloc(r->lines[at], size);
        if (larger == NULL) {
            r->failed = OUT_OF_MEMORY;
            return;
        }
        r->lines[at] = larger;
        r->sizes[at] = size;
        trace_format_event(larger, size, &r->header, event);
    }
}

static void keep_input(struct recorder *r, const struct trace_input *input)
{
    if (r->input_count == r->input_capacity) {
        uint32_t capacity = r->input_capacity == 0 ? 64 : 2 * r->input_capacity;
        struct trace_input *larger = realloc(r->inputs, capacity * sizeof *larger);
        if (larger == NULL) {
            r->failed = OUT_OF_MEMORY;
            return;
        }
        r->inputs = larger;
        r->input_capacity = capacity;
    }
    r->inputs[r->input_count++] = *input;
}

/* The whole trace, from the ring. Inputs are all there, also those of the events that are not. */
static void write_ring(struct recorder *r, uint64_t events)
{
    uint32_t next = 0;
    r->header.first = events > r->last ? events - r->last + 1 : 1;
    trace_write_header(r->file, &r->header);
    for (uint64_t n = r->header.first; n <= events; n++) {
        while (next < r->input_count && r->inputs[next].after < n) {
            trace_write_input(r->file, &r->inputs[next++]);
        }
        fprintf(r->file, "%s\n", r->lines[n % r->last]);
    }
    while (next < r->input_count) {
        trace_write_input(r->file, &r->inputs[next++]);
    }
}

/* --- Any -------------------------------------------------------------------------------------- */

void session_record_event(struct session *session)
{
    struct recorder *r = &session->recorder;
    if (r->last != 0) {
        keep_line(r, &session->event);
    } else {
        note_length(r, trace_write_event(r->file, &r->header, &session->event));
    }
}

void session_record_input(struct session *session, const struct trace_input *input)
{
    struct recorder *r = &session->recorder;
    if (r->file == NULL || r->header.kind == TRACE_CALLS) {
        return;
    }
    if (r->last != 0) {
        keep_input(r, input);
    } else {
        trace_write_input(r->file, input);
    }
}

/* How the run has ended, for the trace's last line. */
static void ending(const struct session *session, char *text, size_t size)
{
    enum sim_status status = sim_status(session->sim);
    if (status == SIM_HALTED) {
        snprintf(text, size, "halted");
    } else if (status == SIM_PANICKED) {
        snprintf(text, size, "panic: %s", sim_message(session->sim));
    } else if (session->end == SESSION_STOPPED &&
               strcmp(session->complaint, SESSION_INTERRUPTED) == 0) {
        snprintf(text, size, "%s", SESSION_INTERRUPTED);
    } else if (session->end == SESSION_STOPPED) {
        snprintf(text, size, "idle: %.500s", session->complaint);
    } else {
        snprintf(text, size, "stopped");
    }
    for (char *c = text; *c != '\0'; c++) {
        *c = (unsigned char)*c < ' ' ? ' ' : *c;
    }
}

bool session_record_end(struct session *session, struct session_error *error)
{
    struct recorder *r = &session->recorder;
    char text[600];
    ending(session, text, sizeof text);
    if (r->last != 0 && r->failed == NULL) {
        write_ring(r, session->reached);
    }
    trace_write_end(r->file, session->reached, text);
    bool written = fflush(r->file) == 0 && ferror(r->file) == 0;
    snprintf(error->text, sizeof error->text, "%s",
             r->failed != NULL ? r->failed : "the trace could not be written");
    bool good = written && r->failed == NULL;
    session_record_close(session);
    return good;
}

void session_record_close(struct session *session)
{
    struct recorder *r = &session->recorder;
    for (uint64_t i = 0; r->lines != NULL && i < r->last; i++) {
        free(r->lines[i]);
    }
    free(r->lines);
    free(r->sizes);
    free(r->inputs);
    trace_shadow_free(r->shadow);
    memset(r, 0, sizeof *r);
}
