/* SPDX-License-Identifier: BSD-2-Clause */

/* Makes an input that finds something small: fewer events, then simpler ones (ddmin, then argument
 * by argument towards zero), as long as it still finds the same.
 */
#ifndef FUZZ_API_SHRINK_H
#define FUZZ_API_SHRINK_H

#include <stdbool.h>
#include <stdint.h>

#include "fuzz/api/input.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Whether an input still finds the same. It may be asked about any input. */
typedef bool shrink_test(void *context, const struct input *input);

struct shrink_totals {
    uint64_t trials;
    uint32_t events_before, events_after;
};

/* When it ends even if more could be left out; 0: no such limit. A trial that has begun ends. */
struct shrink_limits {
    uint64_t trials;
    uint32_t seconds; /* Of wall time. */
};

/* Whenever it ends, the input is the smallest so far. */
void shrink(struct input *input, shrink_test *test, void *context,
            const struct shrink_limits *limits, struct shrink_totals *totals);

/* Two finds are the same if their kinds are, and their texts but for numbers and addresses. */
bool shrink_same_text(const char *one, const char *other);

#ifdef __cplusplus
}
#endif

#endif
