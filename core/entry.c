/* SPDX-License-Identifier: BSD-2-Clause */

#include "core/entry.h"

#include "core/debug.h"
#include "core/fault.h"
#include "core/irq.h"
#include "core/kernel.h"
#include "core/machine.h"
#include "core/sched.h"
#include "core/syscall.h"

enum { ECALL_BYTES = 4 };

/* RISC-V exception causes that are faults of virtual memory. */
enum cause {
    CAUSE_FETCH_ACCESS = 1,
    CAUSE_LOAD_ACCESS = 5,
    CAUSE_STORE_ACCESS = 7,
    CAUSE_FETCH_PAGE = 12,
    CAUSE_LOAD_PAGE = 13,
    CAUSE_STORE_PAGE = 15,
};

/* What a VMFault message says, docs/abi/08 section 8.3. */
enum { VM_FETCH = 1, VM_LOAD = 5, VM_STORE = 7 };

/* Begins a kernel entry; the current thread was stopped at its regs.pc. */
static struct thread *enter(struct kernel *k, uint32_t core)
{
    ASSERT(core < CONFIG_CORES);
    k->this_core = core;
    k->counters.entries++;
    struct thread *thread = current_thread(k);
    thread->regs.fault_pc = thread->regs.pc;
    return thread;
}

bool kernel_preempt(struct kernel *k)
{
    struct core *core = this_core(k);
    uint64_t now = core->now;

    core->work_units++;
    if (core->work_units < k->work_units_per_poll) {
        return false;
    }
    core->work_units = 0;
    bool pending = machine_poll(k->machine, k->this_core, &now);
    sched_account(k, now);
    return pending || !sched_has_time(k);
}

/* A long operation has stopped: what it was stopped for, docs/abi/01 section 1.6 step 7. */
static void after_preemption(struct kernel *k)
{
    sched_check_preempted(k);
    irq_handle(k, machine_irq_claim(k->machine, k->this_core));
}

void kernel_on_syscall(struct kernel *k, uint32_t core, uint64_t now)
{
    struct thread *thread = enter(k, core);
    uint64_t number = thread->regs.x[REG_A7];

    thread->regs.pc += ECALL_BYTES;
    if (!syscall_is_api(number) && debug_syscall(k, number)) {
        return;
    }
    sched_account(k, now);
    if (sched_check_budget(k)) {
        if (!syscall_is_api(number)) {
            fault_unknown_syscall(k, number);
        } else if (syscall_execute(k, number)) {
            after_preemption(k);
        }
    }
    sched_exit(k);
}

static void raise_fault(struct kernel *k, uint64_t cause, uint64_t value)
{
    switch (cause) { /* tidy: open switch */
    case CAUSE_FETCH_ACCESS:
    case CAUSE_FETCH_PAGE:
        fault_vm(k, value, VM_FETCH, true);
        break;
    case CAUSE_LOAD_ACCESS:
    case CAUSE_LOAD_PAGE:
        fault_vm(k, value, VM_LOAD, false);
        break;
    case CAUSE_STORE_ACCESS:
    case CAUSE_STORE_PAGE:
        fault_vm(k, value, VM_STORE, false);
        break;
    default:
        fault_user_exception(k, cause, 0);
        break;
    }
}

void kernel_on_fault(struct kernel *k, uint32_t core, uint64_t now, uint64_t cause, uint64_t value)
{
    (void)enter(k, core);
    sched_account(k, now);
    if (sched_check_budget(k)) {
        raise_fault(k, cause, value);
    }
    sched_exit(k);
}

void kernel_on_irq(struct kernel *k, uint32_t core, uint64_t now, uint32_t irq)
{
    (void)enter(k, core);
    sched_account(k, now);
    (void)sched_check_budget(k);
    irq_handle(k, irq);
    sched_exit(k);
}

void kernel_on_tick(struct kernel *k, uint32_t core, uint64_t now)
{
    (void)enter(k, core);
    sched_account(k, now);
    (void)sched_check_budget(k);
    this_core(k)->reprogram = true; /* The timer has fired: it is armed no more. */
    sched_exit(k);
}
