/* SPDX-License-Identifier: BSD-2-Clause */

/* Changes of inputs that keep them inputs: events inserted, deleted, moved, copied, spliced;
 * arguments changed by what they are; capabilities used again.
 */
#ifndef FUZZ_API_MUTATE_H
#define FUZZ_API_MUTATE_H

#include <stddef.h>
#include <stdint.h>

#include "fuzz/api/input.h"

#ifdef __cplusplus
extern "C" {
#endif

/* A random input of up to `events` events: the same from the same seed, everywhere. */
void mutate_random(struct input *input, uint32_t events, uint64_t seed);
/* One to a few changes. */
void mutate(struct input *input, uint64_t seed);
/* Parts of both. */
void mutate_splice(struct input *out, const struct input *one, const struct input *other,
                   uint64_t seed);

#ifdef __cplusplus
}
#endif

#endif
