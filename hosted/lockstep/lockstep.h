/* SPDX-License-Identifier: BSD-2-Clause */

/* Plays an event log of the kernel on RISC-V again in the simulator, in lock-step: user code is
 * executed up to the place of each kernel entry, and the clock, interrupts and what the kernel
 * found at preemption points come from the log. Everything else must come out the same, and is
 * compared: who enters the kernel, from where, after how many instructions, for what reason, with
 * which registers; who goes on, where, and with which registers.
 */
#ifndef HOSTED_LOCKSTEP_LOCKSTEP_H
#define HOSTED_LOCKSTEP_LOCKSTEP_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "hosted/error_text.h"
#include "hosted/lockstep/log.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { LOCKSTEP_TEXT = 2048 };

struct lockstep_options {
    const char *image;   /* The root task's ELF file. */
    const char *origin;  /* For the trace's header: where the log is from. */
    FILE *trace;         /* A program trace of what happens; null: none. */
    uint64_t hash_every; /* State hashes in the trace: of every n-th event; 0: none. */
    FILE *console;       /* Null: nowhere. */
};

struct lockstep_result {
    uint64_t events; /* That were the same. */
    bool same;
    char difference[LOCKSTEP_TEXT]; /* The first one, in words. */
    char ending[LOCKSTEP_TEXT];     /* How the run ended, if all was the same. */
};

struct lockstep_error {
    char text[ERROR_TEXT];
};

/* Plays all of it, or up to the first difference. False with *error if it cannot begin: the file is
 * not the root task of the log, or the log is of a kernel with another configuration. */
bool lockstep_run(struct log *log, const struct lockstep_options *options,
                  struct lockstep_result *result, struct lockstep_error *error);

/* The event in words, with all registers. */
void lockstep_print_event(FILE *file, const struct log_event *event);

#ifdef __cplusplus
}
#endif

#endif
