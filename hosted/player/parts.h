/* SPDX-License-Identifier: BSD-2-Clause */

/* The parts of a script while it is made. */
#ifndef HOSTED_PLAYER_PARTS_H
#define HOSTED_PLAYER_PARTS_H

#include "abi/player_script.h"
#include "core/kernel.h"
#include "hosted/player/script.h"

struct part_call {
    struct script_call call; /* `what` and the offsets are filled in at the end. */
    char *what;
    struct script_word *loads;
    struct script_word *words;
};

struct part_thread {
    struct thread *object;
    char name[TRACE_NAME + 24];
    bool placed; /* Its pc is where the player's thread starts. */
    bool wanted; /* Its IPC buffer is read or written. */
    bool mapped; /* And it is there. */
    uint64_t buffer;
    struct part_call *calls;
    uint32_t count;
    uint32_t capacity;
    /* The call that it is in, as an index + 1; 0: none. */
    uint32_t pending;
    uint64_t pending_pc;
    bool settled; /* What comes of it is said by the trace, not by the run. */
};

/* Why events are left out: the first of them stands for all with the same reason. */
struct part_reason {
    const char *format; /* By which reasons are known. */
    uint64_t count;
    char first[500];
};

struct parts {
    struct sim *sim;
    const struct script_options *options;
    struct session_error *error;
    bool failed;
    bool final; /* The second time: it is known whose buffers are wanted. */

    struct part_thread threads[SCRIPT_THREADS_MAX];
    uint32_t thread_count;
    uint64_t wanted; /* Bit i: of thread i, from the first time. */
    uint64_t events; /* Those that are played. */
    struct part_reason reasons[16];
    uint32_t reason_count;
    uint32_t own_slots; /* Used at the end of the CNode. */
    struct cap cspace;  /* The root task's, */
    struct cap vspace;
    uint64_t cnode_bits;
    uint64_t sched_control;
    uint64_t last;

    struct script_untyped untypeds[ABI_BOOTINFO_UNTYPEDS];
    bool untyped_used[ABI_BOOTINFO_UNTYPEDS];
    uint32_t untyped_count;
    uint64_t tables[64];
    uint32_t table_count;
};

/* expect.c: what must come back. The thread is about to make another call (or the trace is over):
 * its registers are the result of the one before. */
void parts_settle(struct parts *p, struct part_thread *thread);
/* What the trace says where it is not what has happened here. False with an error. */
bool parts_expect(struct parts *p, struct part_thread *thread, const char *outcome);

/* layout.c: the bytes. */
uint8_t *parts_layout(const struct parts *p, size_t *size);

#endif
