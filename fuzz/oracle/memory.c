/* SPDX-License-Identifier: BSD-2-Clause */

/* Every byte is accounted for: what capabilities stand for lies nested in untyped memory that is
 * used that far, objects do not overlap, and untyped memory that is not used is cleared. All from
 * the capabilities there are, by physical address.
 */
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>

#include "core/kernel.h"
#include "fuzz/oracle/objects.h"
#include "fuzz/oracle/oracle.h"
#include "hosted/words.h"

enum { REGIONS_MAX = WORLD_RAM_SIZE / 32 + CONFIG_IRQ_LIMIT + CONFIG_CORES, NESTING_MAX = 64 };

/* What a capability stands for. */
struct region {
    uint64_t base, end;
    uint64_t used; /* Untyped: the end of what it has handed out. */
    uint8_t type;  /* enum cap_type; a zombie is what it was. */
    bool device;
};

static struct region regions[REGIONS_MAX]; /* Zero pages until it is used. */

/* From low to high, the outer before the inner, untyped before what was made of all of it. */
static int by_place(const void *one, const void *other)
{
    const struct region *a = one;
    const struct region *b = other;
    if (a->base != b->base) {
        return a->base < b->base ? -1 : 1;
    }
    if (a->end != b->end) {
        return a->end > b->end ? -1 : 1;
    }
    return (a->type != CAP_UNTYPED) - (b->type != CAP_UNTYPED);
}

static uint8_t type_of(const struct cap *cap)
{
    if (cap->type != CAP_ZOMBIE) {
        return cap->type;
    }
    return cap->bits == 0 ? CAP_TCB : CAP_CNODE;
}

/* Sorted; copies count once, and of copies of an untyped the one that has handed out most. */
static bool collect(const struct world *world, uint32_t *count, struct oracle_find *find)
{
    const struct kernel *k = world->k;
    uint32_t all = 0;
    for (uint32_t number = k->cdt_root.next; number != 0; number = k->slot_base[number].next) {
        const struct cap *cap = &k->slot_base[number].cap;
        uint64_t base;
        uint64_t size;
        if (!object_region(world, cap, &base, &size)) {
            continue;
        }
        if (all == REGIONS_MAX) {
            return oracle_fail(find, "memory", "there are more capabilities than slots");
        }
        bool untyped = cap->type == CAP_UNTYPED;
        regions[all++] =
            (struct region){.base = base,
                            .end = base + size,
                            .used = base + (untyped ? cap->free_index * 16 : 0),
                            .type = type_of(cap),
                            .device = (untyped || cap->type == CAP_FRAME) && cap->device};
    }
    qsort(regions, all, sizeof *regions, by_place);
    *count = 0;
    for (uint32_t i = 0; i < all; i++) {
        struct region *last = *count == 0 ? NULL : &regions[*count - 1];
        bool same = last != NULL && last->base == regions[i].base && last->end == regions[i].end &&
                    last->type == regions[i].type;
        if (!same) {
            regions[(*count)++] = regions[i];
        } else if (regions[i].used > last->used) {
            last->used = regions[i].used;
        }
    }
    return true;
}

static bool misplaced(const struct region *inner, const char *what, const struct region *outer,
                      struct oracle_find *find)
{
    return oracle_fail(find, "memory",
                       "%s at 0x%" PRIx64 " to 0x%" PRIx64 " %s %s at 0x%" PRIx64 " to 0x%" PRIx64
                       ", used to 0x%" PRIx64,
                       words_cap(inner->type), inner->base, inner->end, what,
                       words_cap(outer->type), outer->base, outer->end, outer->used);
}

/* `outer` begins before `inner`, or with it, and reaches into it. */
static bool nested(const struct region *inner, const struct region *outer, struct oracle_find *find)
{
    if (inner->end > outer->end) {
        return misplaced(inner, "lies partly in", outer, find);
    }
    if (outer->type != CAP_UNTYPED) {
        return misplaced(inner, "lies in", outer, find);
    }
    if (inner->end > outer->used) {
        return misplaced(inner, "lies beyond what was made of", outer, find);
    }
    if (inner->device != outer->device) {
        return misplaced(inner, "is device memory or not, unlike", outer, find);
    }
    return true;
}

/* What no untyped memory covers is the boot's: nobody was given it. */
static bool outermost(const struct world *world, const struct region *region,
                      struct oracle_find *find)
{
    uint64_t kernel = (uint64_t)(uintptr_t)world->k - world->k->window;
    uint64_t kernel_end = kernel + sizeof *world->k;
    uint64_t table = world->k->kernel_vspace;
    if ((region->base < kernel_end && kernel < region->end) ||
        (region->base < table + 4096 && table < region->end)) {
        return oracle_fail(find, "memory",
                           "%s at 0x%" PRIx64 " to 0x%" PRIx64 " overlaps the kernel",
                           words_cap(region->type), region->base, region->end);
    }
    if (region->type != CAP_UNTYPED && world_owner(world, region->base) < WORLD_SUBSYSTEMS) {
        return oracle_fail(find, "memory", "%s at 0x%" PRIx64 " lies in no untyped memory",
                           words_cap(region->type), region->base);
    }
    return true;
}

/* The memory that was given away still belongs to untyped memory. */
static bool kept(uint32_t count, const struct world_range *range, struct oracle_find *find)
{
    for (uint32_t i = 0; i < count; i++) {
        if (regions[i].type == CAP_UNTYPED && regions[i].base <= range->start &&
            regions[i].end >= range->end) {
            return true;
        }
    }
    return oracle_fail(find, "memory",
                       "no untyped memory covers 0x%" PRIx64 " to 0x%" PRIx64 " any more",
                       range->start, range->end);
}

bool memory_check(const struct world *world, struct oracle_find *find)
{
    const struct region *outer[NESTING_MAX];
    uint32_t depth = 0;
    uint32_t count;
    if (!collect(world, &count, find)) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct region *region = &regions[i];
        while (depth > 0 && outer[depth - 1]->end <= region->base) {
            depth--;
        }
        if (depth == NESTING_MAX) {
            return oracle_fail(find, "memory", "objects are nested more than %u deep", depth);
        }
        if (!(depth > 0 ? nested(region, outer[depth - 1], find)
                        : outermost(world, region, find))) {
            return false;
        }
        outer[depth++] = region;
    }
    for (uint32_t s = 0; s < WORLD_SUBSYSTEMS; s++) {
        if (!kept(count, &world->subsystems[s].ram, find)) {
            return false;
        }
    }
    return true;
}

bool memory_check_free(const struct world *world, struct oracle_find *find)
{
    uint32_t count;
    if (!collect(world, &count, find)) {
        return false;
    }
    for (uint32_t i = 0; i < count; i++) {
        const struct region *region = &regions[i];
        uint64_t size = region->end - region->used;
        const uint64_t *words = NULL;
        if (region->type == CAP_UNTYPED && !region->device && size != 0) {
            words = sim_ram(world->sim, region->used, size);
        }
        for (uint64_t w = 0; words != NULL && w < size / 8; w++) {
            if (words[w] != 0) {
                return oracle_fail(find, "memory",
                                   "untyped memory at 0x%" PRIx64 " to 0x%" PRIx64
                                   ", used to 0x%" PRIx64 ", has 0x%" PRIx64 " at 0x%" PRIx64,
                                   region->base, region->end, region->used, words[w],
                                   region->used + 8 * w);
            }
        }
    }
    return true;
}
