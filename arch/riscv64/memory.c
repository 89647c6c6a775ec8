/* SPDX-License-Identifier: BSD-2-Clause */

/* The functions that a C compiler may call where the source calls none: copying and clearing
 * structures. The standard's names and meanings (C11 section 7.24). */
#include <stddef.h>
#include <stdint.h>

/* Else the compiler would turn the loops below into calls of the functions that they implement. */
#define LITERALLY __attribute__((optimize("no-tree-loop-distribute-patterns")))

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memset(void *to, int value, size_t size);

LITERALLY void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    uint8_t *target = to;
    const uint8_t *source = from;
    for (size_t i = 0; i < size; i++) {
        target[i] = source[i];
    }
    return to;
}

LITERALLY void *memset(void *to, int value, size_t size)
{
    uint8_t *target = to;
    for (size_t i = 0; i < size; i++) {
        target[i] = (uint8_t)value;
    }
    return to;
}
