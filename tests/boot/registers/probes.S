/* SPDX-License-Identifier: BSD-2-Clause */

/* Code that runs with every register under control. Everything is 4 bytes long, as it must be for
 * handlers that skip an instruction. */
#include "tests/boot/registers/layout.h"

    .option norvc
    .option arch, +f, +d

    .text

    .macro  for_all_x op, base, pointer
    .irp    i, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 13, 14, 15, 16, 17
    \op     x\i, \base + 8*\i(\pointer)
    .endr
    .irp    i, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    \op     x\i, \base + 8*\i(\pointer)
    .endr
    \op     x10, \base + 8*10(\pointer) /* Last, as it may be the pointer itself. */
    .endm

    .macro  for_all_f op, base, pointer
    .irp    i, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    \op     f\i, \base + AREA_F + 8*\i(\pointer)
    .endr
    .irp    i, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    \op     f\i, \base + AREA_F + 8*\i(\pointer)
    .endr
    .endm

    /* Those that a function must preserve, and gp and tp. */
    .macro  for_saved op, base
    .set    place, \base + AREA_SAVED
    .irp    i, 1, 2, 3, 4, 8, 9, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27
    \op     x\i, place(zero)
    .set    place, place + 8
    .endr
    .endm

    /* To the area at \base. fcsr comes last: it needs a register. */
    .macro  save_all base
    for_all_x sd, \base, zero
    for_all_f fsd, \base, zero
    frcsr   t0
    sd      t0, \base + AREA_FCSR(zero)
    .endm

/* void NAME(const struct registers *in): loads all registers, executes one instruction, and saves
 * all registers. NAME_at is the instruction, NAME_back what follows. */
    .macro  probe name, base, instruction:vararg
    .globl  \name, \name\()_at, \name\()_back
\name:
    for_saved sd, \base
    ld      t0, AREA_FCSR(a0)
    fscsr   t0
    for_all_f fld, 0, a0
    for_all_x ld, 0, a0
\name\()_at:
    \instruction
\name\()_back:
    save_all \base
    for_saved ld, \base
    ret
    .endm

    probe   probe_ecall_a, 0 * AREA_SIZE, ecall
    probe   probe_ecall_b, 1 * AREA_SIZE, ecall
    probe   probe_ecall_c, 2 * AREA_SIZE, ecall

/* To a snippet at s1, which returns to s2. */
    probe   probe_jump_a, 0 * AREA_SIZE, jr s1
    probe   probe_jump_b, 1 * AREA_SIZE, jr s1

    .macro  snippet name
    .globl  \name
\name:
    .endm

    snippet snippet_load
    ld      s3, 0(s4)
    jr      s2

    snippet snippet_store
    sd      s3, 0(s4)
    jr      s2

    snippet snippet_return
    jr      s2

    snippet snippet_illegal
    unimp
    jr      s2

    snippet snippet_breakpoint
    ebreak
    jr      s2

/* Misaligned: s4 is odd. */
    snippet snippet_lr
    lr.d    s3, (s4)
    jr      s2

    snippet snippet_raise_flag
    sd      s3, FLAG_GO(zero)
    jr      s2

/* Once the flag of A is up, raises the other one. */
    snippet snippet_answer
    ld      t0, FLAG_A(zero)
    beqz    t0, snippet_answer
    sd      s3, FLAG_GO(zero)
    jr      s2

/* Raises the flag, makes a system call, and looks whether there was an answer. */
    snippet snippet_ask
    sd      s3, FLAG_A(zero)
    ecall
    ld      t0, FLAG_GO(zero)
    jr      s2

/* Makes a system call, and loops for ever. */
    snippet snippet_ecall_loop
    ecall
1:  j       1b

/* Cause an interrupt by a store to a device register of 1 byte, of 4; wait until it was handled. */
    snippet snippet_interrupt_1
    sb      s3, 0(s4)
    j       snippet_wait

    snippet snippet_interrupt_4
    sw      s3, 0(s4)
    /* Goes on here. */

    snippet snippet_wait
    ld      t0, FLAG_GO(zero)
    beqz    t0, snippet_wait
    jr      s2

/* Until s3 o'clock. */
    snippet snippet_wait_time
    rdtime  t0
    bltu    t0, s3, snippet_wait_time
    mv      t0, s3
    jr      s2

/* Relay: s3 rounds, in each of which both wait for the other. */
    snippet snippet_relay_a
    li      t1, 0
1:  addi    t1, t1, 1
    sd      t1, FLAG_A(zero)
2:  ld      t0, FLAG_B(zero)
    bne     t0, t1, 2b
    bne     t1, s3, 1b
    jr      s2

    snippet snippet_relay_b
    li      t1, 0
1:  addi    t1, t1, 1
2:  ld      t0, FLAG_A(zero)
    bne     t0, t1, 2b
    sd      t1, FLAG_B(zero)
    bne     t1, s3, 1b
    jr      s2

/* LR, something or nothing, SC of s3: t0 is what LR loaded, t1 is 1 if SC failed and else 0. SC may
 * fail for no reason, so the first one is tried up to s5 times. */
    snippet snippet_lr_sc
    lr.d    t0, (s4)
    sc.d    t1, s3, (s4)
    snez    t1, t1
    beqz    t1, 1f
    addi    s5, s5, -1
    bnez    s5, snippet_lr_sc
1:  li      s5, 0
    jr      s2

    snippet snippet_lr_ecall_sc
    lr.d    t0, (s4)
    ecall
    sc.d    t1, s3, (s4)
    snez    t1, t1
    jr      s2

    snippet snippet_lr_fault_sc
    lr.d    t0, (s4)
    ld      s6, 0(s7)
    sc.d    t1, s3, (s4)
    snez    t1, t1
    jr      s2

    snippet snippet_lr_wait_sc
    lr.d    t0, (s4)
    sd      s3, FLAG_A(zero)
1:  ld      s6, FLAG_GO(zero)
    beqz    s6, 1b
    sc.d    t1, s3, (s4)
    snez    t1, t1
    jr      s2

/* SC without LR, once another has done its LR. */
    snippet snippet_sc
    ld      t0, FLAG_A(zero)
    beqz    t0, snippet_sc
    sc.d    t1, s3, (s4)
    snez    t1, t1
    jr      s2

/* Where a fresh thread starts: saves what it finds in A's area, says so, and waits for ever. */
    snippet snippet_fresh
    save_all 0
    li      t0, 1
    sd      t0, FLAG_GO(zero)
    ld      a0, FLAG_PARK(zero)
    li      a7, -9
    ecall
