/* SPDX-License-Identifier: BSD-2-Clause */

/* The plan of a boot: everything about it that can fail, decided before anything is written. */
#ifndef CORE_BOOT_PLAN_H
#define CORE_BOOT_PLAN_H

#include <stdint.h>

#include "core/boot.h"
#include "core/boot_map.h"
#include "core/compiler.h"

/* What the initial thread is made of. */
enum boot_object_kind {
    BOOT_CNODE,
    BOOT_VSPACE,
    BOOT_TABLES, /* Middle tables, then leaf tables. */
    BOOT_POOL,
    BOOT_BUFFER,
    BOOT_INFO,
    BOOT_EXTRA, /* Of extra BootInfo. */
    BOOT_TCB,
    BOOT_SC,
    BOOT_OBJECT_KINDS,
};

/* `count` objects of 2^bits bytes each, one after another from `paddr`. */
struct boot_object {
    uint32_t bits;
    uint64_t count;
    uint64_t paddr;
};

struct boot_plan {
    uint64_t ram_base; /* Lowest address of RAM, and the end of the highest. */
    uint64_t ram_top;
    uint32_t cnode_bits;

    /* The initial address space, docs/abi/11 section 11.3. */
    uint64_t image_vaddr;
    uint64_t image_pages;
    uint64_t buffer_vaddr;
    uint64_t info_vaddr;
    uint64_t extra_vaddr;
    uint64_t extra_len;
    uint64_t extra_pages;
    uint64_t end_vaddr;
    uint64_t middle_tables;
    uint64_t leaf_tables;

    struct boot_object objects[BOOT_OBJECT_KINDS];
    struct boot_region object_memory; /* All of them. */
};

/* Checks `params` and plans. `kernel` is the memory of struct kernel: not being reserved RAM it
 * would be a bug of the platform. */
MUST_USE enum boot_status boot_plan_make(const struct boot_params *params,
                                         struct boot_region kernel, struct boot_plan *plan);

/* What users get: as gaps of the map, device memory and RAM. */
void boot_plan_device_map(const struct boot_params *params, struct boot_map *map);
void boot_plan_ram_map(const struct boot_params *params, const struct boot_plan *plan,
                       struct boot_map *map);

#endif
