/* SPDX-License-Identifier: BSD-2-Clause */

/* Boot: from a memory map and a root-task image to the initial thread, docs/abi/11. */
#ifndef CORE_BOOT_H
#define CORE_BOOT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/compiler.h"

struct kernel;
struct machine;

/* Physical memory from `start` up to but not including `end`. */
struct boot_region {
    uint64_t start;
    uint64_t end;
};

enum { BOOT_REGIONS_MAX = 32 };

/* What the platform tells the core. Regions may come in any order and reserved ones may overlap. */
struct boot_params {
    struct machine *machine;
    uint64_t window;        /* Kernel address of RAM minus physical address. */
    uint64_t kernel_vspace; /* Physical address of a root table with the kernel's mappings only, in
                               RAM. All cores start in it, with ASID 0. */
    uint64_t timer_hz;      /* A multiple of 1,000,000. */
    uint64_t now;           /* Clock, ticks. */

    uint32_t ram_count;
    struct boot_region ram[BOOT_REGIONS_MAX]; /* RAM; must not overlap one another. */
    uint32_t reserved_count;
    struct boot_region reserved[BOOT_REGIONS_MAX]; /* Not for users: firmware, kernel image with
                                                      struct kernel, its tables. In RAM or not. */
    uint32_t device_count;
    struct boot_region devices[BOOT_REGIONS_MAX]; /* The kernel's own devices (timer, PLIC). */

    struct boot_region image; /* The user image, page aligned, in RAM. */
    uint64_t image_offset;    /* Physical minus virtual address of the image, wrapping. */
    uint64_t entry;           /* Virtual address of the first instruction. */
    uint64_t dtb;             /* Physical address of the device tree, 0 if none, and its size. */
    uint64_t dtb_size;

    uint32_t irq_max; /* Highest interrupt number of the PLIC; kernel-owned numbers follow. */
    bool irq_complete_at_claim;
    uint32_t root_cnode_bits; /* 0: 12. */
    uint32_t boot_slice_ms;   /* 0: 5. */
};

/* Why booting failed. */
enum boot_status {
    BOOT_OK,
    BOOT_NO_RAM,           /* No RAM region, or an empty one. */
    BOOT_RAM_OVERLAPS,     /* Two RAM regions overlap. */
    BOOT_RAM_SPAN,         /* RAM spans 128 GiB or more, or lies beyond 2^39. */
    BOOT_TOO_MANY_REGIONS, /* More regions than BOOT_REGIONS_MAX. */
    BOOT_BAD_TIMER,        /* timer_hz is not a positive multiple of 1 MHz. */
    BOOT_BAD_IRQ_MAX,      /* irq_max leaves no room for the kernel's numbers. */
    BOOT_IMAGE_ALIGNMENT,  /* The image is empty or not page aligned. */
    BOOT_IMAGE_NOT_IN_RAM,
    BOOT_IMAGE_OVERLAPS, /* The image overlaps reserved memory or the device tree. */
    BOOT_IMAGE_RANGE,    /* The image or what follows it ends beyond the user address space. */
    BOOT_DTB_NOT_IN_RAM,
    BOOT_CNODE_TOO_SMALL, /* The initial capabilities do not fit. */
    BOOT_NO_MEMORY,       /* No room for the initial objects. */
};

/* A sentence for each. */
const char *boot_status_text(enum boot_status status);

/* Initialises `k` (zeroed memory) and creates the initial objects. On BOOT_OK the initial thread is
 * current and ready to be entered. */
MUST_USE enum boot_status kernel_boot(struct kernel *k, const struct boot_params *params);

#endif
