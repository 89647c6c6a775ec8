/* SPDX-License-Identifier: BSD-2-Clause */

/* Random numbers for mutations: splitmix64, so that the same seed gives the same everywhere. Seeds
 * are scrambled: the sequences of neighbours have nothing in common.
 */
#ifndef FUZZ_API_MUTATE_RNG_H
#define FUZZ_API_MUTATE_RNG_H

#include <stdbool.h>
#include <stdint.h>

struct rng {
    uint64_t state;
};

static inline uint64_t rng_next(struct rng *rng)
{
    uint64_t z = rng->state += 0x9E3779B97F4A7C15;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
    return z ^ (z >> 31);
}

static inline struct rng rng_seeded(uint64_t seed)
{
    struct rng rng = {seed};
    rng.state = rng_next(&rng) ^ (rng_next(&rng) << 1);
    return rng;
}

static inline uint32_t rng_below(struct rng *rng, uint32_t n)
{
    return (uint32_t)(((rng_next(rng) >> 32) * n) >> 32);
}

static inline uint8_t rng_byte(struct rng *rng)
{
    return (uint8_t)(rng_next(rng) >> 56);
}

static inline bool rng_chance(struct rng *rng, uint32_t percent)
{
    return rng_below(rng, 100) < percent;
}

#endif
