/* SPDX-License-Identifier: BSD-2-Clause */

/* Entry to and exit from the kernel.
 *
 * While user code runs, sscratch is the address of the current thread, which begins with its
 * registers; while the kernel runs it is 0. The kernel runs on the core's own stack, empty at every
 * entry, with interrupts off, and uses neither gp nor tp nor FP registers. sstatus needs no care:
 * a trap from U-mode leaves SPP = 0, and SIE means nothing in U-mode.
 */
#include "arch/riscv64/layout.h"
#include "config/albireo_config.h"

/* \op reg, base + 8 * number(pointer), of all registers but tp (x4) and t0 (x5). */
    .macro  most_registers op, base, pointer
    .irp    i, 1, 2, 3, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17
    \op     x\i, \base + 8*\i(\pointer)
    .endr
    .irp    i, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    \op     x\i, \base + 8*\i(\pointer)
    .endr
    .endm

/* Saves the current thread's registers. Then s1 is the struct cpu, a1 scause. With `count` a2 is
 * the cycle counter, EVENTS_ENTRY_INSTRUCTIONS after the trap. */
    .macro  enter_kernel count=0
    csrrw   tp, sscratch, tp
    beqz    tp, trap_from_kernel
    most_registers sd, 0, tp
    sd      t0, 8*5(tp)
    .if     \count
    rdcycle a2
    .endif
    csrrw   t0, sscratch, zero
    csrr    t1, sepc
    csrr    a1, scause
    sd      t0, 8*4(tp)
    sd      t1, REGS_PC(tp)
    lla     s1, the_machine         /* Begins with an array of struct cpu. */
    .if     ALBIREO_CORES > 1
    lbu     t0, THREAD_CORE(tp)     /* A thread runs on the core that it belongs to. */
    slli    t0, t0, CPU_SIZE_LOG2
    add     s1, s1, t0
    .endif
    ld      sp, CPU_STACK_TOP(s1)
    .endm

    .text
    .balign 64
    .globl  trap_entry
trap_entry:
    enter_kernel
    li      t0, CAUSE_ECALL_FROM_USER
    bne     a1, t0, not_a_syscall
    ld      a0, CPU_KERNEL(s1)
    lwu     a1, CPU_INDEX(s1)
    rdtime  a2
    call    kernel_on_syscall

    /* Continues with the core's current thread; s1 is its struct cpu. */
    .globl  trap_return
trap_return:
    ld      t0, CPU_CORE(s1)
    ld      tp, 0(t0)
    li      t2, THREAD_STATE_IDLE
    lbu     t1, THREAD_STATE(tp)
    ld      t0, REGS_PC(tp)
    beq     t1, t2, nothing_to_run
    csrw    sscratch, tp
    csrw    sepc, t0
    sc.d    zero, zero, (tp)        /* No LR reservation survives; x0's place stays 0. */
    most_registers ld, 0, tp
    ld      t0, 8*5(tp)
    ld      tp, 8*4(tp)
    sret

not_a_syscall:
    mv      a0, s1
    call    trap_dispatch
    j       trap_return

nothing_to_run:
    mv      a0, s1
    call    trap_idle
    j       trap_return

/* In the place of trap_entry, while all that happens is written down (events.h). */
    .if     ALBIREO_DEBUG
    .balign 64
    .globl  events_entry
events_entry:
    enter_kernel count=1
    mv      a0, s1
    call    events_trap

    /* To user code; a0 is where the cycle counter at its first instruction goes. */
    .globl  events_return
events_return:
    rdcycle t0
    addi    t0, t0, EVENTS_EXIT_INSTRUCTIONS
    sd      t0, (a0)
    j       trap_return
    .endif

/* The kernel itself has trapped, which is a bug: nothing is left to save but the evidence. */
trap_from_kernel:
    csrrw   tp, sscratch, tp
    csrw    sscratch, t0
    lla     t0, panic_regs
    most_registers sd, PANIC_X, t0
    sd      tp, PANIC_X + 8*4(t0)
    csrrw   t1, sscratch, zero
    csrr    t2, sepc
    csrr    t3, scause
    csrr    t4, stval
    sd      t1, PANIC_X + 8*5(t0)
    sd      t2, PANIC_PC(t0)
    sd      t3, PANIC_CAUSE(t0)
    sd      t4, PANIC_VALUE(t0)
    lla     sp, panic_stack_top
    tail    panic_trap

/* bool csr_try_REGISTER(void), trap.h. An illegal instruction ends at 1:, too. */
    .macro  csr_try register, number, value
    .globl  csr_try_\register
csr_try_\register:
    csrr    t0, stvec
    lla     t1, 1f
    csrw    stvec, t1
    li      a0, 0
    li      t2, \value
    csrw    \number, t2
    li      a0, 1
    .balign 4
1:  csrw    stvec, t0
    ret
    .endm

    csr_try stimecmp, CSR_STIMECMP, -1
    csr_try senvcfg, CSR_SENVCFG, 0
    csr_try hstatus, CSR_HSTATUS, 0
