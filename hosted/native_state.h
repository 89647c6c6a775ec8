/* SPDX-License-Identifier: BSD-2-Clause */

/* Native threads, between native.c (contexts and stacks) and native_run.c (what threads ask
 * for).
 *
 * To the kernel a native thread is a thread like any other, with a PC. Each registered function
 * has NATIVE_SLOT bytes of addresses in the upper half of the user image: its entry at 0, and
 * one address for each kind of request. A thread that has made a request has the PC of that
 * request; when it is dispatched there, the request is made (again), and when it is dispatched 4
 * bytes further on, it has been made and the function continues. So restarted system calls,
 * retried and skipped faults, and a PC changed by somebody else need no further rules.
 */
#ifndef HOSTED_NATIVE_STATE_H
#define HOSTED_NATIVE_STATE_H

#include <ucontext.h>

#include "hosted/state.h"

enum { NATIVE_SLOT = 64, SCRATCH_WORDS = 128 };

/* Where, in a function's slot, the PC of a request is. What a PC 4 bytes on means depends on the
 * thread's request, so that the slot has room for twice as many. */
enum request {
    REQUEST_NONE,
    REQUEST_EXCEPTION = 4,
    REQUEST_ECALL = 8,
    REQUEST_LOAD = 16,
    REQUEST_STORE = 24,
    REQUEST_POINTER = 32,
    REQUEST_WORK = 40,
    REQUEST_FPU_GET = 48,
    REQUEST_FPU_SET = 56,
};

struct context {
    ucontext_t uc;
    struct thread *thread; /* Null: free. */
    sim_native_entry *entry;
    uint64_t entry_pc;
    void *fake_stack; /* The sanitizer's. */
    bool returned;    /* The function has returned; there is nothing to continue. */
    enum request request;
    uint64_t address; /* Of an access; number of an FP register; cause. */
    uint64_t value;   /* To store; loaded; ticks of work left. */
    uint32_t size;
    bool write;
};

/* In the arena, at its start. */
struct arena {
    uint32_t high; /* Contexts ever used. */
    struct context contexts[];
};

struct native {
    struct arena *arena;
    size_t arena_size;
    size_t stack_size;
    uint32_t threads;
    uint32_t high; /* Contexts ever used, whatever snapshots were restored. */
    struct context *running;
    ucontext_t scheduler;
    void *scheduler_fake;
    const void *scheduler_stack;
    size_t scheduler_size;
    _Alignas(1024) uint64_t scratch[SCRATCH_WORDS]; /* Stands for a missing IPC buffer. */
    uint32_t entry_count;
    uint32_t entry_capacity;
    sim_native_entry **entries;
};

/* The simulator whose native thread is executing, or null. */
extern struct sim *native_executing;

struct native *native_get(struct sim *sim);                            /* Made on first use. */
sim_native_entry *native_entry_at(const struct sim *sim, uint64_t pc); /* Null: none. */
struct context *native_context_of(const struct native *n, const struct thread *thread);
void native_release(struct sim *sim, struct context *context);

/* A new context for the thread, instead of one it may have; runs it until its first request. False
 * if there is no context left. */
bool native_start(struct sim *sim, struct thread *thread, sim_native_entry *entry);
/* Runs a context until its next request. */
void native_resume(struct sim *sim, struct context *context);
/* The thread's side of that. */
void native_to_scheduler(struct native *n, struct context *context);

#endif
