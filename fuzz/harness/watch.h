/* SPDX-License-Identifier: BSD-2-Clause */

/* What is written to guest RAM, and going back quickly.
 *
 * A precise watch sees every access of the kernel: core/ is then compiled with a compiler's calls
 * before loads and stores (config setting //config:watched). Without them, as under ASan, what an
 * event has written is found by comparing the RAM with a copy: slow (about a millisecond for 4 MiB,
 * once before an event and once after), and nothing is counted. Both say the same, but that
 * comparing does not find lines that hold again what they held before.
 *
 * There is one watch at a time, for a simulator with one region of RAM and scripted threads: what
 * native and interpreted code writes is not seen by a precise watch.
 */
#ifndef FUZZ_HARNESS_WATCH_H
#define FUZZ_HARNESS_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hosted/sim.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { WATCH_LINE = 64, WATCH_LINE_WORDS = WATCH_LINE / 8, WATCH_MARKS_MAX = 16 };

/* A line of RAM, 64-byte aligned, that was written during an event: what it held before. */
struct watch_line {
    uint64_t *at; /* Host address; now. */
    uint64_t before[WATCH_LINE_WORDS];
};

bool watch_is_precise(void);

/* From now on. The watch sees what the kernel writes, and what users write through the simulator
 * (it is the one that sim_observe_writes() tells; sim_observe() is free for others). A harness that
 * writes RAM itself, as a thread's registers, says so first, by watch_write(); what is not RAM is
 * ignored there. Out of memory, or misused, it aborts. */
void watch_open(struct sim *sim);
void watch_close(void);
void watch_write(void *at, size_t size);

/* An event begins: its lines and steps are counted from here. To be called before every kernel
 * entry whose lines are looked at, before anything is written. */
void watch_begin(void);
/* The lines written since, in no particular order; good until the next watch_begin(),
 * watch_mark() or watch_rewind(). A line may hold what it held before. */
const struct watch_line *watch_lines(uint32_t *count);

/* Of a line of RAM. */
struct watch_line_state {
    uint32_t event; /* The last one that wrote it. */
    uint32_t index; /* In the lines of that event. */
};

/* The books, as far as they are looked at before every access of the kernel, and by
 * watch_before(): in one line of the cache. Only the watch writes here. */
struct watch_books {
    uintptr_t base; /* Host address of RAM. */
    uint64_t size;  /* 0: closed. */
    uint64_t steps; /* Of this event. */
    uint32_t event; /* Its number, never 0. */
    uint32_t count; /* Lines written in this event. */
    struct watch_line_state *states;
    struct watch_line *lines; /* Those written in this event. */
    uint32_t *dirty;          /* Lines, by number, that may differ from the mark. */
    uint32_t dirty_count;
    uint32_t arrived; /* The last event before the watch was at the mark. */
} __attribute__((aligned(WATCH_LINE)));

extern struct watch_books watch_books;

/* The 8-byte word at this address of RAM, and the rest of its line, as they were at watch_begin().
 * After watch_lines(). */
static inline const uint64_t *watch_words_before(const void *at)
{
    uint64_t offset = (uint64_t)((uintptr_t)at - watch_books.base);
    const struct watch_line_state *state = &watch_books.states[offset / WATCH_LINE];
    if (state->event != watch_books.event) {
        return (const uint64_t *)at;
    }
    return &watch_books.lines[state->index].before[offset % WATCH_LINE / 8];
}

static inline uint64_t watch_before(const void *at)
{
    return *watch_words_before(at);
}

/* Steps: the kernel's accesses to RAM since watch_begin() or the last watch_poll(), and the most
 * there have been between two of these since watch_begin(). memset() and its like count once for
 * every 8 bytes; kernel_check() does not count. 0 if the watch is not precise. */
void watch_poll(void); /* To be called at preemption points: sim_observer.poll. */
uint64_t watch_most_steps(void);

/* A moment to go back to: all of RAM, and the machine. Marks nest in no way: any mark can be gone
 * back to from any later moment of the same simulator. Restored is only what was written since the
 * watch was last at a mark, and, if it was another one, where the two differ: marks that differ
 * little are quick to change between. The TLB, interrupts, clock and counters go back, too; see
 * sim_point_take(). The observers stay. */
struct watch_mark;
/* Null if out of memory, or if there are WATCH_MARKS_MAX. The watch is now at this mark. */
struct watch_mark *watch_mark(void);
void watch_rewind(const struct watch_mark *mark);
void watch_mark_free(struct watch_mark *mark);

/* Compares all of RAM and the machine with the mark that the watch has just gone back to: true if
 * nothing is left of what happened since. Else *what, `size` bytes, names the first difference. */
bool watch_is_at(const struct watch_mark *mark, char *what, size_t size);

#ifdef __cplusplus
}
#endif

#endif
