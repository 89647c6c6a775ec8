/* SPDX-License-Identifier: BSD-2-Clause */

/* The parts of the watch, for the files of fuzz/harness/ only.
 *
 * watch.c keeps the books; how it learns what was written is one of two files, chosen by the
 * build: watch_hooks.c (precise) or watch_compare.c.
 */
#ifndef FUZZ_HARNESS_WATCH_STATE_H
#define FUZZ_HARNESS_WATCH_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "fuzz/harness/watch.h"

/* Of a line of RAM. */
struct watch_line_state {
    uint32_t event; /* The last one that wrote it. */
    uint32_t index; /* In the lines of that event. */
};

struct watch {
    /* Looked at before every access of the kernel: */
    uintptr_t base; /* Host address of RAM. */
    uint64_t size;  /* 0: closed. */
    uint64_t steps; /* Of this event. */
    uint32_t event; /* Its number, never 0. */
    struct watch_line_state *states;

    struct sim *sim;
    struct watch_line *lines; /* Written in this event. */
    uint32_t count;
    uint32_t *dirty; /* Lines, by number, that may differ from `at`. */
    uint32_t dirty_count;
    bool *is_dirty;
    uint64_t steps_polled; /* At the last poll. */
    uint64_t steps_most;

    /* Comparing only, else null: RAM as it was when it was last looked at. */
    char *shadow;
    bool unseen; /* Something may have been written since. */

    struct watch_mark *marks[WATCH_MARKS_MAX];
    uint64_t serial;
    const struct watch_mark *at; /* Null: all of RAM may differ from all marks. */
};

extern struct watch watch;

/* A line was, or is about to be, written for the first time in this event. */
void watch_first_write(uint32_t line, const uint64_t *before);

/* A loop, and no call of memcpy(), which may be watched. */
static inline void watch_copy_line(void *to, const void *from)
{
    uint64_t *out = to;
    const uint64_t *in = from;
    for (int i = 0; i < WATCH_LINE_WORDS; i++) {
        out[i] = in[i];
    }
}

/* --- How it learns what was written ----------------------------------------------------------- */

void watch_sight_open(void);
/* Tells what has been written since it was last called. */
void watch_sight_look(void);
/* This range is about to be written, within RAM. */
void watch_sight_write(uint64_t offset, uint64_t size);

#endif
