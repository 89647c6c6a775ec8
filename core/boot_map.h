/* SPDX-License-Identifier: BSD-2-Clause */

/* Physical memory at boot: address ranges that are taken, the gaps between them, and the
 * power-of-two pieces that a gap is cut into (docs/abi/11 section 11.8). Pure; knows no kernel.
 *
 * Invariant: blocked regions are sorted by start. They may overlap.
 */
#ifndef CORE_BOOT_MAP_H
#define CORE_BOOT_MAP_H

#include <stdbool.h>
#include <stdint.h>

#include "core/boot.h"
#include "core/compiler.h"

#define BOOT_MAP_TOP ((uint64_t)1 << 39) /* End of the physical addresses that users can get. */

enum { BOOT_MAP_MAX = 3 * BOOT_REGIONS_MAX + 4 };

struct boot_map {
    uint32_t count;
    struct boot_region blocked[BOOT_MAP_MAX];
    struct boot_region rest; /* Of the gap being cut. */
};

void boot_map_init(struct boot_map *map);

/* Takes [start, end) away; an empty range is ignored. */
void boot_map_block(struct boot_map *map, uint64_t start, uint64_t end);

/* The first gap at or above `from`, cut off there: false if there is none below BOOT_MAP_TOP. */
MUST_USE bool boot_map_gap(const struct boot_map *map, uint64_t from, struct boot_region *gap);

/* The next piece of all gaps, in ascending order: the largest power of two that is aligned, fits
 * and is at most 2^38 bytes. False after the last one. Below 16 bytes nothing is given out. */
MUST_USE bool boot_map_piece(struct boot_map *map, uint64_t *paddr, uint32_t *bits);

#endif
