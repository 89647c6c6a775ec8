/* SPDX-License-Identifier: BSD-2-Clause */

/* The memory of a machine that boots, and what must hold when it has. */
#ifndef FUZZ_BOOT_BOOT_SOUND_H
#define FUZZ_BOOT_BOOT_SOUND_H

#include <stdbool.h>
#include <stdint.h>

#include "fuzz/boot/boot_input.h"

/* All physical addresses that RAM may have (docs/abi/11 section 11.8), at a fixed host address. */
#define BOOT_WINDOW 0x200000000000u
#define BOOT_PADDR_TOP ((uint64_t)1 << 39)

struct kernel;

/* Once, before the first input. */
void boot_ram_map(void);
/* All of it reads as zeros again. */
void boot_ram_clear(void);
void *boot_ram(uint64_t paddr);

/* --- Regions: those that are empty, or end before they start, overlap nothing and lie nowhere - */

bool boot_overlap(struct boot_region a, struct boot_region b);
/* In one of them; of the first BOOT_REGIONS_MAX. */
bool boot_within(struct boot_region inner, const struct boot_region *regions, uint32_t count);
/* In several together. */
bool boot_covered(struct boot_region inner, const struct boot_region *regions, uint32_t count);
bool boot_overlaps_any(struct boot_region r, const struct boot_region *regions, uint32_t count);
/* Empty if there is no device tree. */
struct boot_region boot_tree_region(const struct boot_params *p);

/* --- What must hold --------------------------------------------------------------------------- */

/* A find of kind "boot". */
__attribute__((format(printf, 1, 2))) _Noreturn void boot_unsound(const char *format, ...);

/* The image's contents and the device tree go to where the input says, as far as that is RAM. */
void boot_fill_memory(const struct boot_input *input);
/* They are still there, whatever has come of booting. */
void boot_check_contents(const struct boot_input *input);
/* A system that has booted, with the invariants. */
void boot_check_system(struct kernel *k, const struct boot_input *input);

#endif
