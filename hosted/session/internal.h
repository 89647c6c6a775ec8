/* SPDX-License-Identifier: BSD-2-Clause */

/* The parts of a session, for the files of this folder only. */
#ifndef HOSTED_SESSION_INTERNAL_H
#define HOSTED_SESSION_INTERNAL_H

#include <signal.h>
#include <stdbool.h>
#include <stdint.h>

#include "hosted/board_devices.h"
#include "hosted/elf.h"
#include "hosted/session/session.h"

enum { SESSION_SNAPSHOTS = 24, SESSION_COMPLAINT = 4 * TRACE_TEXT };

#define SESSION_INTERRUPTED "interrupted"

/* What comes in at the serial port. A device of its own, so that its alarm and its state go back
 * with snapshots. */
struct port_input {
    struct session *session;
    uint32_t next; /* Replay: the next of the trace's inputs. */
    bool armed;    /* Live: it looks at the file again at a time that is set. */
};

/* Recording (record.c). With `last`, lines wait in a ring until the end. */
struct recorder {
    FILE *file; /* Null: not recording. */
    uint64_t last;
    struct trace_header header;
    struct trace_shadow *shadow; /* Calls. */
    char **lines;                /* Of event n: lines[n % last]; reused. */
    size_t *sizes;
    struct trace_input *inputs; /* All of them, if there is a ring. */
    uint32_t input_count;
    uint32_t input_capacity;
    const char *failed; /* What went wrong; null: nothing. */
};

struct kept_snapshot {
    uint64_t events;
    struct sim_snapshot *snapshot;
    size_t console_length;
};

struct session {
    struct sim *sim;
    struct board_devices devices;
    struct elf_image image;
    struct session_options options;
    struct trace_header header;
    struct trace *trace; /* Null: the system runs by itself. */

    /* How the last step ended, and where; why, if it was no SESSION_EVENT. */
    enum session_end end;
    uint64_t end_at;
    char complaint[SESSION_COMPLAINT];
    volatile sig_atomic_t interrupted;

    struct trace_event event; /* The last one, as it happened. */
    uint64_t described;       /* Its number. */
    struct trace_event line;  /* What the trace says of it; */
    bool has_line;            /* it may begin later. */
    uint64_t polls;           /* Recorded clock: preemption points in this event; */
    uint64_t instructions;    /* sim_instructions() when the thread was let go; */
    bool underway;            /* it was interrupted before it got to its event. */

    uint64_t reached; /* The highest event that has ever happened. Up to there, it is repeated. */
    uint64_t stop_before;
    session_observer *observer;
    void *observer_context;
    struct recorder recorder;

    struct kept_snapshot snapshots[SESSION_SNAPSHOTS];
    uint32_t snapshot_count;
    uint64_t snapshot_work; /* work() at the last one. */
    char *console;          /* The longest text of the console so far, or null. */

    struct port_input input;
    int input_fd; /* -1: none, or at its end. */
};

/* --- step.c ----------------------------------------------------------------------------------- */

/* Ends the step: remembers why. Returns `end`. */
enum session_end session_finish(struct session *session, enum session_end end, const char *format,
                                ...) __attribute__((format(printf, 3, 4)));
/* Repeats what has happened before, up to event `last`, without telling anybody. */
enum session_end session_repeat(struct session *session, uint64_t last);

/* The system has stopped; what that means for this session. */
enum session_end session_stopped(struct session *session);

/* --- recorded.c ------------------------------------------------------------------------------- */

/* A trace with a recorded clock, once the machine exists; one event of it. */
void session_recorded_begin(struct session *session);
enum session_end session_recorded_step(struct session *session);
/* Around the event: the clock, and what such a trace says besides. */
void session_recorded_before(struct session *session);
void session_recorded_after(struct session *session);
/* What else is not as in the trace; null if nothing. */
const char *session_recorded_difference(const struct session *session);

/* --- compare.c -------------------------------------------------------------------------------- */

/* The event that has happened, with what the trace says. */
enum session_end session_compare(struct session *session);
/* A calls trace's event is for the thread that is current. */
enum session_end session_compare_who(struct session *session);

/* --- record.c --------------------------------------------------------------------------------- */

void session_record_event(struct session *session);
void session_record_input(struct session *session, const struct trace_input *input);
void session_record_close(struct session *session);

/* --- back.c ----------------------------------------------------------------------------------- */

/* After an event: keeps a snapshot if it is time for one. */
void session_keep(struct session *session);
void session_forget(struct session *session);

/* --- input.c ---------------------------------------------------------------------------------- */

bool session_input_attach(struct session *session);
/* Before a step: what the trace or the host has to say will be heard. */
void session_input_arm(struct session *session);
/* Nothing else will ever happen: waits for the host. False if nothing comes from there, either. */
bool session_input_wait(struct session *session);

#endif
