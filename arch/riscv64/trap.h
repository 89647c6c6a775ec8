/* SPDX-License-Identifier: BSD-2-Clause */

/* Traps from user code, after trap.S has saved its registers, and waiting for one. */
#ifndef ARCH_RISCV64_TRAP_H
#define ARCH_RISCV64_TRAP_H

#include <stdbool.h>
#include <stdint.h>

struct cpu;

/* Any trap but a system call; `cause` is scause. Called by trap.S. */
void trap_dispatch(struct cpu *cpu, uint64_t cause);

/* Waits until the core has a thread to run. Called by trap.S. */
void trap_idle(struct cpu *cpu);

/* Whether stimecmp (Sstc) can be used: the firmware may not allow it. */
bool csr_probe_stimecmp(void);

#endif
