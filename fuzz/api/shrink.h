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

/* At most `trials` trials; 0: until nothing can be left out. */
void shrink(struct input *input, shrink_test *test, void *context, uint64_t trials,
            struct shrink_totals *totals);

/* Two finds are the same if their kinds are, and their texts but for numbers and addresses. */
bool shrink_same_text(const char *one, const char *other);

#ifdef __cplusplus
}
#endif

#endif
