/* SPDX-License-Identifier: BSD-2-Clause */

#include "arch/riscv64/trap.h"

#include <stddef.h>

#include "arch/riscv64/csr.h"
#include "arch/riscv64/layout.h"
#include "arch/riscv64/panic.h"
#include "arch/riscv64/state.h"
#include "core/assert.h"
#include "core/entry.h"
#include "core/kernel.h"

STATIC_ASSERT(offsetof(struct thread, regs) == 0, "trap.S: a thread begins with its registers");
STATIC_ASSERT(offsetof(struct regs, x) == 0, "trap.S");
STATIC_ASSERT(offsetof(struct regs, pc) == REGS_PC, "trap.S");
STATIC_ASSERT(offsetof(struct thread, state) == THREAD_STATE, "trap.S");
STATIC_ASSERT(offsetof(struct thread, core) == THREAD_CORE, "trap.S");
STATIC_ASSERT(THREAD_IDLE == THREAD_STATE_IDLE, "trap.S");
STATIC_ASSERT(offsetof(struct core, current) == 0, "trap.S");
STATIC_ASSERT(offsetof(struct machine, cpus) == 0, "trap.S");
STATIC_ASSERT(offsetof(struct cpu, k) == CPU_KERNEL, "trap.S");
STATIC_ASSERT(offsetof(struct cpu, core) == CPU_CORE, "trap.S");
STATIC_ASSERT(offsetof(struct cpu, stack_top) == CPU_STACK_TOP, "trap.S");
STATIC_ASSERT(offsetof(struct cpu, index) == CPU_INDEX, "trap.S");
STATIC_ASSERT(sizeof(struct cpu) == 1u << CPU_SIZE_LOG2, "trap.S");
STATIC_ASSERT(offsetof(struct panic_regs, pc) == PANIC_PC, "trap.S");
STATIC_ASSERT(offsetof(struct panic_regs, cause) == PANIC_CAUSE, "trap.S");
STATIC_ASSERT(offsetof(struct panic_regs, value) == PANIC_VALUE, "trap.S");
STATIC_ASSERT(offsetof(struct panic_regs, x) == PANIC_X, "trap.S");

/* The claim comes first, so that the controller sees it as early as can be. */
static void external_interrupt(struct cpu *cpu)
{
    uint32_t irq = plic_claim(&the_machine.plic, cpu->plic_context);
    kernel_on_irq(cpu->k, cpu->index, csr_time(), irq);
}

static void timer_interrupt(struct cpu *cpu)
{
    kernel_on_tick(cpu->k, cpu->index, csr_time());
}

/* The faulting address. Erratum CIP-453: that of a fetch comes without its upper bits; but it is
 * sepc's, or that of the instruction's second half. */
uint64_t trap_fault_address(uint64_t cause)
{
    uint64_t value = CSR_READ(stval);
    bool fetch = cause == CAUSE_FETCH_ACCESS || cause == CAUSE_FETCH_PAGE;

    if (the_machine.quirks.extend_stval && fetch) {
        uint64_t pc = CSR_READ(sepc);
        value = pc + ((value - pc) & 2);
    }
    return value;
}

void trap_dispatch(struct cpu *cpu, uint64_t cause)
{
    if (cause == CAUSE_EXTERNAL) {
        external_interrupt(cpu);
    } else if (cause == CAUSE_TIMER) {
        timer_interrupt(cpu);
    } else if (cause < CAUSE_INTERRUPT) {
        kernel_on_fault(cpu->k, cpu->index, csr_time(), cause, trap_fault_address(cause));
    } else {
        UNREACHABLE("an interrupt that is not enabled");
    }
}

/* Interrupts are off in the kernel, but wfi ends all the same when one that sie enables is pending.
 * In the order of docs/abi/10 section 10.6. */
void trap_idle(struct cpu *cpu)
{
    while (cpu->core->current == cpu->core->idle) {
        uint64_t pending = CSR_READ(sip);
        if ((pending & INTERRUPT_EXTERNAL) != 0) {
            external_interrupt(cpu);
        } else if ((pending & INTERRUPT_TIMER) != 0) {
            timer_interrupt(cpu);
        } else {
            wait_for_interrupt();
        }
    }
}
