/* SPDX-License-Identifier: BSD-2-Clause */

/* Kernel events: the only way into the core. Each call handles one event completely; afterwards
 * k->cores[core].current is the thread to run, with its registers in place.
 *
 * `core` is the executing core's index, `now` the clock in timer ticks, never less than at the
 * core's previous event.
 */
#ifndef CORE_ENTRY_H
#define CORE_ENTRY_H

#include <stdint.h>

struct kernel;

/* The current thread executed ecall. regs.pc is the address of the ecall; arguments are in regs. */
void kernel_on_syscall(struct kernel *k, uint32_t core, uint64_t now);

/* The current thread took another exception: scause and stval. regs.pc is the instruction's. */
void kernel_on_fault(struct kernel *k, uint32_t core, uint64_t now, uint64_t cause, uint64_t value);

/* An external interrupt, already claimed at the controller; 0: spurious. */
void kernel_on_irq(struct kernel *k, uint32_t core, uint64_t now, uint32_t irq);

/* The timer interrupt. */
void kernel_on_tick(struct kernel *k, uint32_t core, uint64_t now);

#endif
