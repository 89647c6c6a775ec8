/* SPDX-License-Identifier: BSD-2-Clause */

/* Small arithmetic on words. Pure functions. */
#ifndef CORE_BITS_H
#define CORE_BITS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/assert.h"

/* 2^bits, for bits below 64. */
static inline uint64_t bit(uint32_t bits)
{
    ASSERT(bits < 64);
    return (uint64_t)1 << bits;
}

/* The low `bits` bits of `value`, for bits 0..64. */
static inline uint64_t bits_low(uint64_t value, uint32_t bits)
{
    return bits >= 64 ? value : value % bit(bits);
}

/* `value` without its low `bits` bits, shifted down; 0 for bits of 64 or more. */
static inline uint64_t bits_high(uint64_t value, uint32_t bits)
{
    return bits >= 64 ? 0 : value >> bits;
}

static inline bool is_aligned(uint64_t value, uint32_t bits)
{
    return bits_low(value, bits) == 0;
}

static inline uint64_t align_down(uint64_t value, uint32_t bits)
{
    return value - bits_low(value, bits);
}

/* The next multiple of 2^bits at or above `value`. It must not overflow. */
static inline uint64_t align_up(uint64_t value, uint32_t bits)
{
    uint64_t rest = bits_low(value, bits);
    return rest == 0 ? value : value + (bit(bits) - rest);
}

/* Index of the highest set bit of a non-zero word. */
static inline uint32_t highest_bit(uint64_t word)
{
    ASSERT(word != 0);
    return 63u - (uint32_t)__builtin_clzll(word);
}

/* Index of the lowest set bit of a non-zero word. */
static inline uint32_t lowest_bit(uint64_t word)
{
    ASSERT(word != 0);
    return (uint32_t)__builtin_ctzll(word);
}

static inline uint64_t min_u64(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static inline uint32_t min_u32(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* a + b, or 2^64 - 1 where that overflows. */
static inline uint64_t saturating_add(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

#endif
