/* SPDX-License-Identifier: BSD-2-Clause */

/* The parts of playing, for the files of fuzz/api/ only. */
#ifndef FUZZ_API_PLAY_PARTS_H
#define FUZZ_API_PLAY_PARTS_H

#include <stdbool.h>
#include <stdint.h>

#include "fuzz/api/play.h"
#include "fuzz/api/select.h"

struct thread;

enum {
    PLAY_ECALLS = 16,         /* Threads whose last system call is remembered: a power of 2. */
    PLAY_INJECTIONS_MAX = 32, /* What the simulator keeps is more. */
};

/* The clock stops about a second before its end: nobody would live to see it, and from there on a
 * timer cannot be set any more. */
#define PLAY_TIME_MAX (UINT64_MAX - 20000000u)

/* Where a thread has made its last system call. Is its pc there again, it must repeat it. */
struct play_ecall {
    const struct thread *thread;
    uint64_t pc;
};

struct play {
    struct world *world;
    struct sim *sim;
    struct kernel *k;
    struct oracle *oracle; /* Null: none. */
    const struct play_options *options;
    bool ending;         /* The input has been played: now the root task may run. */
    uint64_t last_entry; /* Of the kernel: then the input ends. Usually UINT64_MAX. */
    uint32_t injections;
    uint32_t repeats; /* System calls repeated so far. */
    uint64_t labels;  /* Of the messages sent, those below 64: bit set. */
    uint64_t idle;    /* Events in which nobody could act. */
    struct select_history history;
    struct play_ecall ecalls[PLAY_ECALLS];
};

/* The kernel has stopped, the oracle has found something, or no entry is left (docs/fuzzing.md). */
bool play_stopped(const struct play *play);
/* The current thread makes this system call, with its other registers as they are. The registers
 * have been announced to the watch. */
void play_syscall(struct play *play, uint64_t number);
/* The current thread repeats what it must repeat, until that is done, or for a while: where a
 * budget is too small for a call, or refills come no more, nothing ever is. */
void play_repeat(struct play *play);
/* Time passes, as far as the clock goes: the timer is taken when it is due, but not often. */
void play_time(struct play *play, uint64_t ticks);

/* A line of the log, if there is one. */
__attribute__((format(printf, 2, 3))) void play_log(const struct play *play, const char *format,
                                                    ...);

/* play_events.c: the event happens. `alive`: a thread other than the idle one is current. */
void play_event(struct play *play, const struct input_event *event, bool alive);

/* play_features.c: what this input has counted in the kernel, for libFuzzer. */
void play_features_begin(const struct play *play);
void play_features_end(const struct play *play);

#endif
