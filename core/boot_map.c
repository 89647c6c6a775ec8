/* SPDX-License-Identifier: BSD-2-Clause */

#include "core/boot_map.h"

#include "abi/api.h"
#include "core/bits.h"

void boot_map_init(struct boot_map *map)
{
    map->count = 0;
    map->rest.start = 0;
    map->rest.end = 0;
}

void boot_map_block(struct boot_map *map, uint64_t start, uint64_t end)
{
    if (start >= end) {
        return;
    }
    ASSERT(map->count < BOOT_MAP_MAX);
    uint32_t i = map->count;
    for (; i > 0 && map->blocked[i - 1].start > start; i--) {
        map->blocked[i] = map->blocked[i - 1];
    }
    map->blocked[i].start = start;
    map->blocked[i].end = end;
    map->count++;
}

bool boot_map_gap(const struct boot_map *map, uint64_t from, struct boot_region *gap)
{
    uint64_t start = from;
    uint64_t end = BOOT_MAP_TOP;
    for (uint32_t i = 0; i < map->count; i++) {
        const struct boot_region *blocked = &map->blocked[i];
        if (blocked->start > start) {
            end = min_u64(end, blocked->start);
            break;
        }
        if (blocked->end > start) {
            start = blocked->end;
        }
    }
    if (start >= end) {
        return false;
    }
    gap->start = start;
    gap->end = end;
    return true;
}

/* Cuts the largest piece from the low end of a region: false, and an empty region, if nothing of 16
 * bytes is left. */
static bool cut(struct boot_region *rest, uint64_t *paddr, uint32_t *bits)
{
    uint64_t start = align_up(rest->start, ABI_MIN_UNTYPED_BITS);
    if (start >= rest->end || rest->end - start < bit(ABI_MIN_UNTYPED_BITS)) {
        rest->start = rest->end;
        return false;
    }
    uint32_t fitting = min_u32(highest_bit(rest->end - start), ABI_MAX_UNTYPED_BITS);
    *bits = start == 0 ? fitting : min_u32(fitting, lowest_bit(start));
    *paddr = start;
    rest->start = start + bit(*bits);
    return true;
}

bool boot_map_piece(struct boot_map *map, uint64_t *paddr, uint32_t *bits)
{
    while (!cut(&map->rest, paddr, bits)) {
        if (!boot_map_gap(map, map->rest.end, &map->rest)) {
            return false;
        }
    }
    return true;
}
