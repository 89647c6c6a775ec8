/* SPDX-License-Identifier: BSD-2-Clause */

/* The event log of a debug kernel: everything that enters the core, and what it makes of the
 * threads' registers, written to memory that the device tree sets aside for it. What it is for:
 * docs/differential.md.
 *
 * The log begins with struct events_header and the device tree; then follow records, each a struct
 * events_record and `words` 64-bit words, little endian. Where a record has registers, these are
 * those of x1 to x31 that are in its mask, in order; the others are as they were in the record
 * with registers before it, at first 0. Threads are named by the physical address of their TCB; the
 * idle thread, which has no registers here, by 0.
 *
 * CYCLES is the cycle counter at the first instruction of user code after the kernel, or at the
 * one that did not come to its end when the kernel was entered: in virtual time (tools/boot
 * --icount) their difference is how many instructions were executed in between. An ecall is one of
 * them; of exceptions that the firmware passes on, its instructions are, too. 0: the idle thread.
 */
#ifndef ARCH_RISCV64_EVENTS_H
#define ARCH_RISCV64_EVENTS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/boot.h"

#define EVENTS_MAGIC 0x544E455645424C41 /* "ALBEVENT" */
#define EVENTS_VERSION 1

struct events_header {
    uint64_t magic;
    uint32_t version;
    uint32_t header_size; /* Of this structure: where the tree begins. */
    uint64_t used;        /* Bytes of the log, up to the last record that is complete. */
    uint64_t full;        /* 1: there was no room for more, and the log says nothing of the rest. */
    uint32_t debug;       /* Configuration of the kernel. */
    uint32_t fpu;
    uint32_t domains;
    uint32_t cores;
    struct boot_region kernel; /* The kernel image, in RAM. */
    struct boot_params params; /* As kernel_boot() got them. */
    uint64_t image_sum;        /* Of the root task: the sum of its 64-bit words. */
    uint64_t tree_size;        /* Of the device tree; records begin at the next multiple of 8. */
};

enum events_kind {
    EVENTS_ENTRY = 1, /* TIME CAUSE VALUE CYCLES THREAD PC registers. The kernel is entered: scause;
                         stval, or the number of the interrupt that was claimed, else 0. */
    EVENTS_EXIT,  /* DEADLINE CYCLES THREAD PC registers. It goes on with this thread; the timer's
                         next interrupt comes at DEADLINE. */
    EVENTS_POLL,  /* TIME PENDING. It has looked for interrupts at a preemption point. */
    EVENTS_CLAIM, /* NUMBER. It has claimed an interrupt after that; 0: there was none. */
};

struct events_record {
    uint16_t kind;
    uint16_t words; /* What follows, registers included. */
    uint32_t mask;  /* Bit n: register xn is among the words. */
};

struct cpu;

/* Only in debug kernels. */

/* Whether there is a log that is written to. */
extern bool events_logged;

/* After kernel_boot(). Begins a log in this region of RAM, and puts events_entry (trap.S) in the
 * place of trap_entry. No log, and false, if the region is too small for even the header, or if the
 * firmware's instructions for the timer would be counted as the user's: without Sstc. */
bool events_start(const struct cpu *cpu, struct boot_region region,
                  const struct boot_params *params, struct boot_region kernel, uint64_t image_sum);

/* Any trap from user code, and idle time behind it; `cycles` was read early. Gives the place for
 * what is read late. Called by events_entry. */
uint64_t *events_trap(struct cpu *cpu, uint64_t cause, uint64_t cycles);
/* Likewise before the first user code; null if there is no log. Called by start.S. */
uint64_t *events_begin(void);

/* For machine.c: what machine_poll() and machine_irq_claim() gave. */
void events_poll(uint64_t now, bool pending);
void events_claim(uint32_t irq);

#endif
