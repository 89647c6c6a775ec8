/* SPDX-License-Identifier: BSD-2-Clause */

/* Threads that do one thing again and again, and note the instruction counter just before and just
 * after it.
 */
#ifndef BENCH_WORKER_H
#define BENCH_WORKER_H

#include <sel4/sel4.h>
#include <stdbool.h>
#include <stdint.h>

#include "user/lib/alloc.h"
#include "user/lib/serial.h"
#include "user/lib/space.h"
#include "user/lib/thread.h"

enum {
    ROUNDS = 17,             /* The first is not counted: it may find things in another state. */
    ROUNDS_MAX = ROUNDS + 1, /* Who serves another is asked to begin one more. */
    SPIN_LENGTH = 4,         /* Instructions in the loop of WORKER_SPIN. */
};

/* What is timed. */
enum worker_kind {
    WORKER_TRAP,   /* A system call. */
    WORKER_LOAD,   /* A load, from the next page each time. */
    WORKER_DEVICE, /* A store to a device register that causes an interrupt. */
    WORKER_SPIN,   /* A loop: how it is interrupted. */
};

/* Lies in memory that is mapped in all address spaces, like what it points to. */
struct worker {
    enum worker_kind kind;
    struct albireo_trap first; /* The first system call, and all others. */
    struct albireo_trap next;
    seL4_CPtr cap;     /* Extra capability that goes with them, or null. */
    seL4_CPtr receive; /* Slot to receive one in, or null. */
    uint64_t address;  /* To load from, to store to. */
    uint64_t value;    /* To store. */
    bool dirty_fpu;    /* Changes an FP register each time. */
    void (*after)(struct worker *w, uint32_t round); /* Or null. */
    uint32_t rounds;                                 /* ROUNDS, or ROUNDS_MAX. */
    volatile bool finished;
    seL4_CPtr done; /* To be signalled then. */
    seL4_CPtr park; /* To be waited on for ever. */

    seL4_CPtr object;      /* What `after` works with. */
    volatile bool *served; /* Of a store: whether its interrupt has been handled. */
    struct serial serial;

    /* Readings of the counter; 0 if it has not come to that. */
    uint64_t start[ROUNDS_MAX];
    uint64_t end[ROUNDS_MAX];

    struct user_thread thread;
    seL4_UserContext context; /* To start it anew. */
    bool has_time;            /* Its scheduling context is bound. */
};

/* Makes the thread, which is not started. `spec` gives all but entry and argument. */
seL4_Error worker_create(struct alloc *a, struct thread_spec spec, struct worker *worker);

/* Starts it from the beginning, whatever it does now, on its own scheduling context. */
seL4_Error worker_start(struct worker *worker);

/* Stops it. */
seL4_Error worker_stop(struct worker *worker);

/* Takes its scheduling context away. */
seL4_Error worker_make_passive(struct worker *worker);

#endif
