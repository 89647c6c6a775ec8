/* SPDX-License-Identifier: BSD-2-Clause */

/* What inputs reach, by the kernel's own counters: outcomes of invocations, system calls, faults,
 * invocations that were preempted.
 */
#ifndef FUZZ_FINDS_COVERAGE_H
#define FUZZ_FINDS_COVERAGE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "core/kernel.h"
#include "fuzz/finds/finds.h"

struct coverage {
    uint64_t syscalls[32];
    uint64_t faults[8];
    uint64_t success[ABI_LABEL_COUNT];
    uint64_t errors[ABI_LABEL_COUNT][ABI_CHECK_MAX];
    uint64_t unknown_label[32];
    uint64_t preempted[ABI_LABEL_COUNT];
};

/* Plays the input, in this process; adds what it does to *coverage. True if it finds something. */
bool coverage_play(const struct finds_player *player, const struct input *input,
                   struct coverage *coverage);
/* Whether `more` reaches something that `coverage` does not. Then adds it. */
bool coverage_add(struct coverage *coverage, const struct coverage *more);
/* The table in words. */
void coverage_print(const struct coverage *coverage, FILE *file);

#endif
