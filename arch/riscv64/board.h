/* SPDX-License-Identifier: BSD-2-Clause */

/* What the kernel must know of the board it runs on, read from the device tree.
 *
 * Plain C without any state, so that tests and fuzzers run it on the host. Nothing in the tree is
 * trusted to be well formed: every offset and length is checked, every loop is bounded by the
 * tree's size.
 *
 * Source: Devicetree Specification v0.4 (chapters 2 to 5); bindings riscv,cpus,
 * sifive,plic-1.0.0, riscv,plic0, riscv,clint0, sifive,clint0 of the Linux kernel.
 */
#ifndef ARCH_RISCV64_BOARD_H
#define ARCH_RISCV64_BOARD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/boot.h"

enum {
    BOARD_HARTS_MAX = 64,
    BOARD_NAME_SIZE = 64,
    BOARD_ERROR_SIZE = 160,
};

#define BOARD_NO_CONTEXT UINT32_MAX

/* A hart that can run the kernel: enabled, RV64IMAC, with an MMU that knows Sv39. */
struct board_hart {
    uint64_t id;           /* `reg` of its cpu node: what SBI calls it. */
    uint32_t plic_context; /* That brings external interrupts to its S-mode, or BOARD_NO_CONTEXT. */
    bool fpu;              /* F and D. */
    bool sstc;             /* The stimecmp register. */
};

/* Where boards differ in what the tree does not say otherwise; from its `compatible` strings. */
struct board_quirks {
    bool complete_at_claim; /* QEMU virt, docs/abi/10 section 10.4 ("riscv-virtio"). */
    bool flush_all;         /* Errata CIP-1200: only sfence.vma x0, x0 is sound (FU540, FU740). */
    bool extend_stval;      /* Errata CIP-453: stval of fetch faults lacks its sign (FU740). */
};

struct board {
    char name[BOARD_NAME_SIZE]; /* `model` of the root, else its first `compatible`; cut to size. */

    /* Memory, bytes; whole pages (RAM rounded inwards, reserved regions outwards), sorted, merged
     * where they touch or overlap. Reserved: /memreserve/ and the static children of
     * /reserved-memory, in RAM or not. */
    uint32_t ram_count;
    struct boot_region ram[BOOT_REGIONS_MAX];
    uint32_t reserved_count;
    struct boot_region reserved[BOOT_REGIONS_MAX];

    /* The reserved region in which a debug kernel logs events (events.h): `compatible` is
     * "albireo,event-log". Empty if there is none. */
    struct boot_region event_log;

    uint32_t hart_count;
    struct board_hart harts[BOARD_HARTS_MAX]; /* In the order of the tree. */
    uint64_t timebase_hz;

    struct boot_region plic; /* Registers. */
    uint32_t plic_sources;   /* Highest interrupt number: riscv,ndev; 95 if QEMU's virt says 96. */
    uint32_t device_count;   /* Register regions that are not for users: PLIC, CLINT. */
    struct boot_region devices[BOOT_REGIONS_MAX];

    struct board_quirks quirks;
    uint64_t tree_size; /* Of the tree itself (totalsize), bytes. */

    /* Of /chosen; pointers into the tree, null if there is none. */
    const char *bootargs;
    const char *stdout_path;
};

struct board_error {
    char text[BOARD_ERROR_SIZE]; /* A sentence that names what is wrong, and where in the tree. */
};

/* Reads a tree of at most `size_max` bytes (its header tells its real size). False, and *error, if
 * it is malformed or lacks something that the kernel needs. */
bool board_read(struct board *board, const void *tree, uint64_t size_max,
                struct board_error *error);

/* The hart with this id, or null. */
const struct board_hart *board_hart(const struct board *board, uint64_t id);

#endif
