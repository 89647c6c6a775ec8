/* SPDX-License-Identifier: BSD-2-Clause */

/* Writes the Trace Event Format of Chrome and Perfetto (JSON), event by event. */
#ifndef HOSTED_TIMELINE_EVENT_WRITER_H
#define HOSTED_TIMELINE_EVENT_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct event_writer {
    FILE *file;
    uint64_t ticks_per_us;
    uint64_t count; /* Events so far. */
    bool in_args;
    bool first_arg;
};

/* A track: what the format calls a thread of a process. */
struct event_track {
    uint32_t pid;
    uint32_t tid;
};

/* The file's beginning and end; between them, events. */
void event_open(struct event_writer *writer, FILE *file, uint64_t ticks_per_us);
void event_close(struct event_writer *writer, const char *origin, const char *ending);

/* One event: its phase, track, time in ticks and name (null: none), then further members, then
 * event_args() and what is in "args", then event_end(). */
void event_begin(struct event_writer *writer, char phase, struct event_track track, uint64_t ticks,
                 const char *name);
void event_args(struct event_writer *writer);
void event_end(struct event_writer *writer);

/* Members. Text may be any bytes: those that are not printable ASCII are escaped, and so is "<", so
 * that the file can be put into a web page. */
void event_text(struct event_writer *writer, const char *key, const char *text);
void event_number(struct event_writer *writer, const char *key, uint64_t number);
void event_hex(struct event_writer *writer, const char *key, uint64_t number);
/* In microseconds, as the format wants it. */
void event_time(struct event_writer *writer, const char *key, uint64_t ticks);

#endif
