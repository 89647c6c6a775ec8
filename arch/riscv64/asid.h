/* SPDX-License-Identifier: BSD-2-Clause */

/* Address spaces on a hart that tells fewer ASIDs apart than there are.
 *
 * It uses the low bits. An ASID below `count` has them for itself, but for the time that a higher
 * one with the same low bits is in use: that one finds nothing of others and leaves nothing behind.
 * Invariant: the hart's translations for a hardware ASID, if that is not in use by a higher one,
 * are those of the ASID with the same number.
 */
#ifndef ARCH_RISCV64_ASID_H
#define ARCH_RISCV64_ASID_H

#include <stdint.h>

/* `count`: ASIDs that the hart tells apart, a power of two. */
static inline uint64_t asid_hardware(uint64_t asid, uint64_t count)
{
    return asid & (count - 1);
}

/* Which hardware ASIDs must be fenced when address space `to` is used after `from`: how many. */
static inline uint32_t asid_fences(uint64_t from, uint64_t to, uint64_t count, uint64_t fences[2])
{
    uint32_t n = 0;
    if (from >= count) {
        fences[n++] = asid_hardware(from, count);
    }
    if (to >= count && (n == 0 || fences[0] != asid_hardware(to, count))) {
        fences[n++] = asid_hardware(to, count);
    }
    return n;
}

#endif
