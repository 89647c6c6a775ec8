/* SPDX-License-Identifier: BSD-2-Clause */

/* Reads the event log of a debug kernel (arch/riscv64/events.h), made by tools/boot --record. */
#ifndef HOSTED_LOCKSTEP_LOG_H
#define HOSTED_LOCKSTEP_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/riscv64/events.h"
#include "hosted/error_text.h"

#ifdef __cplusplus
extern "C" {
#endif

struct log_error {
    char text[ERROR_TEXT]; /* A sentence that names the file, and where in it. */
};

/* A thread as the kernel finds it, or leaves it. */
struct log_place {
    uint64_t cycles; /* Meaningless for the idle thread. */
    uint64_t thread; /* Physical address of its TCB; 0: the idle thread, without registers. */
    uint64_t pc;
    uint64_t x[32];
};

struct log_poll {
    uint64_t time;
    bool pending;
};

/* One kernel entry. */
struct log_event {
    uint64_t number; /* From 1. */
    uint64_t time;
    uint64_t cause;
    uint64_t value;
    uint64_t resumed; /* The cycle counter when the thread was last let go. */
    struct log_place before;
    uint32_t poll_count;
    uint32_t poll_capacity;
    struct log_poll *polls; /* Owned by the log. */
    bool has_claim;
    uint32_t claim;
    bool has_after; /* Else the kernel has not come back. */
    struct log_place after;
    uint64_t deadline; /* Of the timer. */
};

struct log {
    const struct events_header *header;
    const uint8_t *tree;
    struct log_place first; /* The root task when the kernel has booted, */
    uint64_t deadline;      /* and the timer. */

    /* The reader's. */
    const char *path;
    uint8_t *bytes; /* Owned. */
    size_t at;
    uint64_t events;
    uint64_t resumed;
    uint64_t x[32];
    struct log_event event;
};

/* Reads and checks all of a log; it is then at its beginning. False with *error: the file cannot be
 * read, is no log, is of another version, or is damaged. `path` must outlive the log. */
bool log_open(struct log *log, const char *path, struct log_error *error);
void log_close(struct log *log); /* Of a log that is zero, too. */

/* The next event, valid until the next call; null at the end. */
const struct log_event *log_next(struct log *log);

#ifdef __cplusplus
}
#endif

#endif
