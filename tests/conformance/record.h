/* SPDX-License-Identifier: BSD-2-Clause */

/* What threads note of themselves: in which order they ran, and when. */
#ifndef TESTS_CONFORMANCE_RECORD_H
#define TESTS_CONFORMANCE_RECORD_H

#include "tests/conformance/conformance.h"

/* ---- Order ---- */

enum { TRACE_MAX = 63 };

struct trace {
    uint32_t count;
    char events[TRACE_MAX];
};

void trace_add(struct trace *t, char event);
bool trace_is(const struct trace *t, const char *events);

/* A thread that notes a letter and, if it is to, signals; then it parks. */
struct marker {
    const struct conf *conf;
    struct trace *trace;
    char event;
    seL4_CPtr first; /* Notification to wait for first, or null. */
    seL4_CPtr done;  /* Notification to signal at the end, or null. */
};

void marker_main(uint64_t marker);

/* ---- Time ---- */

enum { BURSTS_MAX = 12, BURST_GAP_US = 300 };

/* When a thread had the CPU, as it saw the clock itself. Without it for less than BURST_GAP_US does
 * not count: the kernel needs time, too. */
struct bursts {
    const struct conf *conf;
    uint32_t count;
    uint32_t wanted; /* It parks when it has this many, and one has just begun. */
    seL4_CPtr first; /* Notification to wait for first, or null. */
    seL4_CPtr done;  /* Notification to signal at the end, or null. */
    uint64_t start[BURSTS_MAX];
    uint64_t end[BURSTS_MAX];
};

/* A thread that computes, and notes its bursts. */
void bursts_main(uint64_t bursts);

/* Notes bursts until the clock is at `until_us` or as many as wanted have begun. */
void bursts_take(struct bursts *b, uint64_t until_us);

uint64_t burst_us(const struct bursts *b, uint32_t i);

/* `value` is at least low - margin and at most high + margin. */
bool within(uint64_t value, uint64_t low, uint64_t high, uint64_t margin);

/* Lets time pass: the calling thread, which should have time, computes until the clock is there. */
void work_until(uint64_t us);

#endif
