/* SPDX-License-Identifier: BSD-2-Clause */

/* A machine that runs a root task or replays a trace, one kernel event at a time, forwards and
 * backwards. What the commands of `albireo` are made of.
 */
#ifndef HOSTED_SESSION_SESSION_H
#define HOSTED_SESSION_SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "hosted/error_text.h"
#include "hosted/sim.h"
#include "hosted/trace/trace.h"

#ifdef __cplusplus
extern "C" {
#endif

struct session;

struct session_error {
    char text[ERROR_TEXT];
};

struct session_options {
    const char *image_path; /* Instead of the file that the trace names; null: that one. */
    const char *trace_dir;  /* Where a relative file name is looked for, too; null: nowhere. */
    bool any_build;         /* Accept a trace of another kernel build. */
    bool no_hashes;         /* Do not compare (or record) state hashes. */
    uint32_t check_every;   /* kernel_check() after every n-th event; 0: never. */
    bool forwards_only;     /* session_goto() will not go back: saves the snapshots for it. */
    FILE *console;          /* What the system prints the first time; null: it is only kept. */
};

/* A machine that runs the header's root task: as session_header() says, or changed by the caller;
 * native (native.h) if it has root_native. The header is copied. */
struct session *session_boot(const struct trace_header *header,
                             const struct session_options *options, struct session_error *error);
/* A machine as the trace says, to play the trace's events. The trace must outlive it. */
struct session *session_replay(struct trace *trace, const struct session_options *options,
                               struct session_error *error);
void session_close(struct session *session); /* Null is allowed. */

/* The header of a program trace for the ELF file at `path`, with QEMU virt's machine of `memory`
 * bytes of RAM; reads and hashes the file. False and *error if it is no usable ELF file. */
bool session_header(struct trace_header *header, const char *path, uint64_t memory,
                    struct session_error *error);

enum session_end {
    SESSION_EVENT,     /* One more event has happened. */
    SESSION_STOPPED,   /* The system has halted, panicked, nothing will ever happen, or
                          session_interrupt(). */
    SESSION_END,       /* Replay: the trace has no more events. */
    SESSION_DIFFERENT, /* Replay: the last event, its result, or what comes instead of the next
                          event differs from the trace. */
    SESSION_BAD_TRACE, /* Replay: the trace cannot be understood, see session_complaint(). */
};

/* Makes exactly one kernel event happen. */
enum session_end session_step(struct session *session);
/* Goes to the state right after event `number` (0: boot), forwards or backwards. What happens for
 * the first time is compared with the trace. SESSION_EVENT if it got there. */
enum session_end session_goto(struct session *session, uint64_t number);

/* Why the last step was no SESSION_EVENT, in words, lines; for a difference: the event, what the
 * trace says and what happened. Null if that is all right: the system has halted, the trace has
 * ended. */
const char *session_complaint(const struct session *session);

struct sim *session_sim(const struct session *session);
uint64_t session_events(const struct session *session); /* Made so far. */
/* The last event as it happened; null before the first. Valid until the next step. A run that
 * nobody observes or records has no words for it. */
const struct trace_event *session_last(const struct session *session);
/* What the trace says of the last event; null if it says nothing. */
const struct trace_event *session_expected(const struct session *session);
const struct trace_header *session_trace_header(const struct session *session);

/* Called after each event that happens for the first time, not when going back. */
typedef void session_observer(void *context, const struct trace_event *event);
void session_observe(struct session *session, session_observer *observer, void *context);

/* session_debug_stop() is called right before the kernel is entered for event `number`: for a
 * debugger to stop in. */
void session_stop_before(struct session *session, uint64_t number);
void session_debug_stop(uint64_t number);

/* For signal handlers: the next step ends with SESSION_STOPPED before its event; the one after that
 * goes on. */
void session_interrupt(struct session *session);

/* --- Recording -------------------------------------------------------------------------------- */

struct session_recording {
    FILE *file;
    enum trace_kind kind; /* A replayed or running program can be recorded as calls. */
    uint64_t last;        /* Keep only the last n events (program traces); 0: all. */
};

/* From now on (before the first event); ended by session_record_end(), which says how the run
 * ended and flushes the file, which stays the caller's. False if out of memory. */
bool session_record(struct session *session, const struct session_recording *recording);
/* False and *error if the file could not be written. */
bool session_record_end(struct session *session, struct session_error *error);

/* A running session's serial port gets the bytes of this file from now on; -1: none. A port that no
 * driver has set up yet gets nothing: the bytes wait. When nothing else will ever happen the run
 * waits for more, until the end of the file. */
void session_input(struct session *session, int file_descriptor);

#ifdef __cplusplus
}
#endif

#endif
