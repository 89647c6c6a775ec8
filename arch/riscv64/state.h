/* SPDX-License-Identifier: BSD-2-Clause */

/* The state of the RISC-V body: of the machine, and of each core. */
#ifndef ARCH_RISCV64_STATE_H
#define ARCH_RISCV64_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "arch/riscv64/board.h"
#include "arch/riscv64/plic.h"
#include "core/compiler.h"
#include "core/config.h"

struct core;
struct kernel;

/* What a trap needs first; layout.h repeats the offsets. */
struct cpu {
    struct kernel *k;
    struct core *core;  /* &k->cores[index]; begins with the current thread. */
    uint64_t stack_top; /* The stack is empty whenever user code runs. */
    uint32_t index;     /* Number of the core. */
    uint32_t plic_context;
    uint64_t hart;  /* Id for the firmware. */
    uint64_t asid;  /* Of the address space that is in use. */
    bool fpu_dirty; /* The FP registers were changed before they were disabled. */
    uint64_t unused;
};

struct machine {
    struct cpu cpus[CONFIG_CORES]; /* Those from 1 on are stopped. */
    struct plic plic;
    struct board_quirks quirks;
    uint64_t asid_count; /* ASIDs that the hart tells apart: a power of two. */
    bool has_stimecmp;
    bool has_sbi_time;
    bool has_kernel; /* Booting has come so far that cpus[0].k can be looked at. */
};

STATIC_ASSERT(sizeof(struct cpu) == 64, "a power of two, for trap.S");

/* The one machine. */
extern struct machine the_machine;

#endif
