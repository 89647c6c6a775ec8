/* SPDX-License-Identifier: BSD-2-Clause */

/* kernel_check(): every numbered invariant of docs/INVARIANTS.md over the whole state. */
#ifndef CORE_CHECK_H
#define CORE_CHECK_H

#include <stdbool.h>
#include <stdint.h>

#include "core/compiler.h"

struct kernel;

/* Where a violation was found. */
struct check_failure {
    const char *invariant; /* Number in docs/INVARIANTS.md, such as "C3". */
    const char *what;      /* The violated fact in words. */
    const void *object;    /* The slot, thread or object concerned, if any. */
};

/* Memory that the check works in, given by the caller: the core has no heap. */
struct check_scratch {
    uint64_t *words;
    uint64_t count; /* Of words. kernel_check_scratch() says how many are enough. */
};

/* Words of scratch that a check of this state needs. */
uint64_t kernel_check_scratch(const struct kernel *k);

/* True if every invariant holds; otherwise false with the first violation. Changes nothing, and
 * follows no pointer before having checked it: any state may be given. */
MUST_USE bool kernel_check(const struct kernel *k, struct check_scratch scratch,
                           struct check_failure *failure);

#endif
