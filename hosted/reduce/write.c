/* SPDX-License-Identifier: BSD-2-Clause */

/* The text of a reduced trace: what happens is recorded anew, and words that say nothing are left
 * out.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "hosted/reduce/reduce.h"

struct output {
    FILE *file;
    char *text;
    size_t size;
};

static void output_open(struct output *out)
{
    out->file = open_memstream(&out->text, &out->size);
    if (out->file == NULL) {
        abort();
    }
}

static char *output_close(struct output *out)
{
    fclose(out->file);
    return out->text;
}

/* ---- Calls from any trace ---- */

static struct trace *parse(const char *text, size_t size, struct session_error *error)
{
    struct trace_error wrong;
    struct trace *trace = trace_parse(text, size, &wrong);
    if (trace == NULL) {
        snprintf(error->text, sizeof error->text, "%s", wrong.text);
    }
    return trace;
}

/* A complaint may be longer: " ..." stands for its end. */
static void copy_cut(struct session_error *to, const char *text)
{
    static const char end[] = " ...";
    snprintf(to->text, sizeof to->text, "%s", text);
    if (strlen(text) >= sizeof to->text) {
        memcpy(to->text + sizeof to->text - sizeof end, end, sizeof end);
    }
}

/* *cut: why it ends before the trace does; else its text is empty. */
static bool run_and_record(struct session *session, FILE *file, struct session_error *cut,
                           struct session_error *error)
{
    struct session_recording recording = {.file = file, .kind = TRACE_CALLS};
    if (!session_record(session, &recording)) {
        snprintf(error->text, sizeof error->text, "the calls cannot be recorded");
        return false;
    }
    enum session_end end = SESSION_EVENT;
    while (end == SESSION_EVENT) {
        end = session_step(session);
    }
    if (end == SESSION_BAD_TRACE) {
        copy_cut(error, session_complaint(session));
        return false;
    }
    copy_cut(cut, end == SESSION_DIFFERENT ? session_complaint(session) : "");
    return session_record_end(session, error);
}

/* Replays a program's trace, and records its calls. */
static struct trace *convert(struct trace *trace, const struct session_options *options,
                             struct session_error *cut, struct session_error *error)
{
    struct output out;
    struct session *session = session_replay(trace, options, error);
    if (session == NULL) {
        return NULL;
    }
    output_open(&out);
    bool good = run_and_record(session, out.file, cut, error);
    session_close(session);
    char *text = output_close(&out);
    struct trace *calls = good ? parse(text, out.size, error) : NULL;
    free(text);
    return calls;
}

bool reduce_check(struct trace *trace, struct session_error *error)
{
    struct trace_error wrong;
    struct trace_event event;
    bool good = true;
    memset(&event, 0, sizeof event);
    for (uint64_t n = trace_header(trace)->first; good && n <= trace_events(trace); n++) {
        good = trace_event_at(trace, n, &event, &wrong);
    }
    trace_event_free(&event);
    if (!good) {
        snprintf(error->text, sizeof error->text, "%s", wrong.text);
        return false;
    }
    if (trace_header(trace)->kind != TRACE_CALLS) {
        return true; /* It may be that its program is not there. */
    }
    struct session_options options = {.any_build = true, .no_hashes = true, .forwards_only = true};
    struct session *session = session_replay(trace, &options, error);
    session_close(session);
    return session != NULL;
}

/* Puts the file's name in front of what is wrong. */
static void name_file(const char *path, struct session_error *error)
{
    char text[sizeof error->text];
    memcpy(text, error->text, sizeof text);
    snprintf(error->text, sizeof error->text, "%.4095s: %.500s", path, text);
}

/* The program's calls. */
static struct trace *run_program(struct trace *trace, const char *path, const char *image,
                                 struct session_error *cut, struct session_error *error)
{
    char *directory = strdup(path);
    if (directory == NULL) {
        abort();
    }
    char *slash = strrchr(directory, '/');
    *(slash == NULL ? directory : slash) = '\0';
    struct session_options options = {.image_path = image,
                                      .trace_dir = slash == NULL ? NULL : directory,
                                      .any_build = true,
                                      .no_hashes = true,
                                      .forwards_only = true};
    struct trace *calls = convert(trace, &options, cut, error);
    free(directory);
    return calls;
}

struct trace *reduce_calls(const char *path, const char *image, struct session_error *cut,
                           struct session_error *error)
{
    struct trace_error wrong;
    struct trace *trace = trace_open(path, &wrong);
    struct trace *calls = NULL;
    cut->text[0] = '\0';
    if (trace == NULL) {
        snprintf(error->text, sizeof error->text, "%s", wrong.text);
    } else if (reduce_check(trace, error)) {
        bool program = trace_header(trace)->kind == TRACE_PROGRAM;
        calls = program ? run_program(trace, path, image, cut, error) : trace;
    }
    if (calls == NULL && trace != NULL) {
        name_file(path, error);
    }
    if (calls != trace) {
        trace_close(trace);
    }
    return calls;
}

/* ---- Recording the result ---- */

/* The steps as a trace that says what is to be done, but not what comes of it. */
static char *plain_text(struct trial *trial, const struct reduction *r, size_t *size)
{
    struct output out;
    struct trace_header header = *trial_header(trial);
    header.kind = TRACE_CALLS;
    header.build[0] = '\0';
    header.origin[0] = '\0';
    header.hash_every = 0;
    output_open(&out);
    trace_write_header(out.file, &header);
    (void)trial_write(trial, r->steps, r->count, out.file);
    trace_write_end(out.file, r->count, "reduced");
    char *text = output_close(&out);
    *size = out.size;
    return text;
}

/* The header of a trace in one canonical form; null if it is not complete. */
static char *canonical_header(const char *header)
{
    struct output whole;
    struct output out;
    struct trace_error ignored;
    output_open(&whole);
    fprintf(whole.file, "%s", header);
    trace_write_end(whole.file, 0, "nothing has happened");
    char *text = output_close(&whole);
    struct trace *trace = trace_parse(text, whole.size, &ignored);
    free(text);
    if (trace == NULL) {
        return NULL;
    }
    output_open(&out);
    trace_write_header(out.file, trace_header(trace));
    trace_close(trace);
    return output_close(&out);
}

/* Cuts [line, line + length] (with its newline) out of a text. */
static void cut(char *line, size_t length)
{
    memmove(line, line + length, strlen(line + length) + 1);
}

static size_t line_length(const char *line)
{
    return strcspn(line, "\n") + (line[strcspn(line, "\n")] == '\n');
}

/* Lines that say what holds anyhow. Those about memory go together or not at all. */
static void shorten_header(char *header)
{
    static const char *const groups[] = {"ram ",   "reserved ", "device ", "kernel ",
                                         "image ", "clock ",    "config ", "interrupts ",
                                         "root ",  "seed ",     "tree "};
    char *full = canonical_header(header);
    for (uint32_t set = 0; set <= sizeof groups / sizeof *groups && full != NULL; set++) {
        char *shorter = strdup(header);
        if (shorter == NULL) {
            abort();
        }
        for (char *line = shorter; *line != '\0';) {
            bool memory =
                set == 0 && (strncmp(line, "ram ", 4) == 0 || strncmp(line, "reserved ", 9) == 0 ||
                             strncmp(line, "device ", 7) == 0);
            bool other = set != 0 && strncmp(line, groups[set - 1], strlen(groups[set - 1])) == 0;
            if (memory || other) {
                cut(line, line_length(line));
            } else {
                line += line_length(line);
            }
        }
        char *is = canonical_header(shorter);
        if (is != NULL && strcmp(is, full) == 0) {
            strcpy(header, shorter); /* It is not longer. */
        }
        free(is);
        free(shorter);
    }
    free(full);
}

/* " @TIME" goes if it is that of the line before. The last line's outcome and hash are the symptom:
 * what is right there is not known. */
static void put_event(FILE *file, const char *line, uint64_t *time, bool last)
{
    size_t length = strcspn(line, "\n");
    const char *at = strstr(line, " @");
    if (at != NULL && (size_t)(at - line) < 21) {
        char *end;
        uint64_t now = strtoull(at + 2, &end, 10);
        fprintf(file, "%.*s", (int)((now == *time ? at : end) - line), line);
        *time = now;
        length -= (size_t)(end - line);
        line = end;
    }
    const char *outcome = strstr(line, " = ");
    if (last && outcome != NULL && (size_t)(outcome - line) < length) {
        length = (size_t)(outcome - line);
    }
    fprintf(file, "%.*s\n", (int)length, line);
}

void reduce_put_plain(FILE *file, const char *text)
{
    for (; *text != '\0'; text++) {
        bool plain = *text >= ' ' && *text <= '~';
        fprintf(file, plain ? "%c" : "\\x%02x", (unsigned char)*text);
    }
}

/* Behind the header. */
static const char *first_event(const char *text)
{
    while (*text != '\0' && (*text < '0' || *text > '9') && strncmp(text, "end ", 4) != 0) {
        text += line_length(text);
    }
    return text;
}

/* The header as it was before it was played, which says less; the hash of the state after boot as
 * it was then. */
static void put_header(FILE *file, const char *plain, const char *recorded)
{
    char *header = strndup(plain, (size_t)(first_event(plain) - plain));
    if (header == NULL) {
        abort();
    }
    shorten_header(header);
    fprintf(file, "%s", header);
    free(header);
    const char *hashes = strstr(recorded, "\nhashes ");
    if (hashes != NULL && hashes < first_event(recorded)) {
        fprintf(file, "%.*s", (int)line_length(hashes + 1), hashes + 1);
    }
}

/* What was recorded, as it is to be read by people. */
static char *final_text(const char *plain, const char *recorded, uint32_t events, uint64_t start,
                        const char *comment)
{
    struct output out;
    const char *line = first_event(recorded);
    output_open(&out);
    put_header(out.file, plain, recorded);
    fputs("# ", out.file);
    reduce_put_plain(out.file, comment);
    fputc('\n', out.file);
    uint64_t time = start;
    for (uint32_t i = 1; i <= events && *line != '\0'; i++) {
        put_event(out.file, line, &time, i == events);
        line += line_length(line);
    }
    trace_write_end(out.file, events, "reduced");
    return output_close(&out);
}

char *reduce_text(struct trial *trial, const struct reduction *r, bool hashes, const char *comment,
                  struct session_error *error)
{
    size_t size;
    uint64_t start = trial_header(trial)->machine.start_time;
    char *plain = plain_text(trial, r, &size);
    trial_leave(trial);
    struct trace *trace = parse(plain, size, error);
    if (trace == NULL) {
        free(plain);
        return NULL;
    }
    trace_header(trace)->hash_every = hashes ? 1 : 0;
    struct session_options options = {
        .any_build = true, .no_hashes = !hashes, .forwards_only = true};
    struct output out;
    struct session_error cut;
    struct session *session = session_replay(trace, &options, error);
    output_open(&out);
    bool good = session != NULL && run_and_record(session, out.file, &cut, error);
    if (good && session_events(session) < r->count) {
        *error = cut;
        good = false;
    }
    session_close(session);
    trace_close(trace);
    char *recorded = output_close(&out);
    char *text = good ? final_text(plain, recorded, r->count, start, comment) : NULL;
    free(plain);
    free(recorded);
    return text;
}
