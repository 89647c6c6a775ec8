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

struct watch {
    struct sim *sim;
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

/* A loop, and no call of memcpy(), which may be watched. */
static inline void watch_copy_line(void *to, const void *from)
{
    uint64_t *restrict out = to;
    const uint64_t *restrict in = from;
    for (int i = 0; i < WATCH_LINE_WORDS; i++) {
        out[i] = in[i];
    }
}

/* A line was, or is about to be, written for the first time in this event. */
static inline void watch_first_write(uint32_t line, const uint64_t *before)
{
    struct watch_books *books = &watch_books;
    struct watch_line *entry = &books->lines[books->count];
    struct watch_line_state *state = &books->states[line];
    entry->at = (uint64_t *)(books->base + (uint64_t)line * WATCH_LINE); // NOLINT: guest RAM.
    watch_copy_line(entry->before, before);
    if (state->event <= books->arrived) {
        books->dirty[books->dirty_count++] = line;
    }
    *state = (struct watch_line_state){books->event, books->count};
    books->count++;
}

/* --- How it learns what was written ----------------------------------------------------------- */

void watch_sight_open(void);
/* Tells what has been written since it was last called. */
void watch_sight_look(void);
/* This range is about to be written, within RAM. */
void watch_sight_write(uint64_t offset, uint64_t size);

#endif
