/* SPDX-License-Identifier: BSD-2-Clause */

/* Traps from user code, after trap.S has saved its registers, and waiting for one. */
#ifndef ARCH_RISCV64_TRAP_H
#define ARCH_RISCV64_TRAP_H

#include <stdbool.h>
#include <stdint.h>

struct cpu;

/* Any trap but a system call; `cause` is scause. Called by trap.S. */
void trap_dispatch(struct cpu *cpu, uint64_t cause);

/* stval of a fault, as the hardware should have given it. */
uint64_t trap_fault_address(uint64_t cause);

/* Waits until the core has a thread to run. Called by trap.S. */
void trap_idle(struct cpu *cpu);

/* Each writes a register that not every hart has, and that firmware may have closed to S-mode; says
 * whether that worked. stimecmp (Sstc): never; senvcfg (Privileged Architecture 1.12) and hstatus
 * (hypervisor extension): 0. */
bool csr_try_stimecmp(void);
bool csr_try_senvcfg(void);
bool csr_try_hstatus(void);

#endif
