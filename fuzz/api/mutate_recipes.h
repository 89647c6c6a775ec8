/* SPDX-License-Identifier: BSD-2-Clause */

/* Events for mutations: single ones by chance, and short runs that depend on each other, which
 * chance alone would hardly ever put together.
 */
#ifndef FUZZ_API_MUTATE_RECIPES_H
#define FUZZ_API_MUTATE_RECIPES_H

#include <stdint.h>

#include "fuzz/api/input.h"
#include "fuzz/api/mutate_rng.h"

enum { RECIPE_EVENTS_MAX = 12 };

/* Fills in at most RECIPE_EVENTS_MAX events, mostly a single one; returns how many. */
uint32_t recipe_random(struct input_event events[RECIPE_EVENTS_MAX], struct rng *rng);
/* Likewise, always some that depend on each other. */
uint32_t recipe_whole(struct input_event events[RECIPE_EVENTS_MAX], struct rng *rng);

#endif
