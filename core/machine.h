/* SPDX-License-Identifier: BSD-2-Clause */

/* Everything core/ asks of the machine. hosted/ and arch/riscv64/ each implement it once; it is
 * bound at link time.
 *
 * Information flows one way: the machine tells core/ what happened by calling the kernel_on_*()
 * functions of entry.h; core/ tells the machine what to do by calling these. Only
 * machine_poll(), machine_irq_claim() and the content of user memory carry information in, and a
 * recorder writes down what they returned. So core/ is a function of its state and its inputs.
 *
 * `core` is the index of the core that executes the kernel.
 */
#ifndef CORE_MACHINE_H
#define CORE_MACHINE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/assert.h"

struct machine; /* Defined by the platform, opaque to core/. */

/* A preemption point: sets *now to the clock, in timer ticks, and says whether an interrupt (a
 * device's or the timer's) is pending. */
bool machine_poll(struct machine *m, uint32_t core, uint64_t *now);

/* Claims one pending external interrupt: its number, 0 if there is none. */
uint32_t machine_irq_claim(struct machine *m, uint32_t core);

/* Tells the interrupt controller that a claimed interrupt has been handled. */
void machine_irq_complete(struct machine *m, uint32_t core, uint32_t irq);

void machine_irq_enable(struct machine *m, uint32_t core, uint32_t irq, bool enable);
void machine_irq_trigger(struct machine *m, uint32_t irq, bool edge);

/* Arms the core's timer: an interrupt at or after `deadline` (ticks), at once if that is past. */
void machine_timer_set(struct machine *m, uint32_t core, uint64_t deadline);

/* User code of this core runs in the address space with this root table and ASID from now on. */
void machine_vspace_switch(struct machine *m, uint32_t core, uint64_t root_paddr, uint16_t asid);

/* Forget cached translations, on all cores: of one page, of one address space. What was written to
 * page tables before is what they are from now on; the second also covers the kernel's entries in
 * the root table. */
void machine_tlb_flush_page(struct machine *m, uint16_t asid, uint64_t vaddr);
void machine_tlb_flush_asid(struct machine *m, uint16_t asid);

/* The core's FP registers: copy out, copy in (FPU_WORDS words), allow user code to use them. */
void machine_fpu_save(struct machine *m, uint32_t core, uint64_t *words);
void machine_fpu_load(struct machine *m, uint32_t core, const uint64_t *words);
void machine_fpu_enable(struct machine *m, uint32_t core, bool enable);

/* Debug console, one character. */
void machine_console(struct machine *m, char c);

/* Stops the machine at a user's request (DebugHalt). Does not return. */
NORETURN void machine_halt(struct machine *m);

#endif
