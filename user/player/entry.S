/* SPDX-License-Identifier: BSD-2-Clause */

/* Where the threads of a trace start, and how they enter the kernel. */

#define THREADS 64 /* SCRIPT_THREADS_MAX */
#define STACK_BITS 12

    .option norelax
    .section .text.player, "ax"

/* Thread i starts at player_threads + 4 * i. Its pc is all that it has been given. */
    .globl player_threads
    .option push
    .option norvc
    .balign 4
player_threads:
    .rept THREADS
    jal t0, enter
    .endr
    .option pop

    .type enter, @function
enter:
    lla t1, player_threads + 4
    sub a0, t0, t1 /* 4 * i */
    lla sp, player_stacks
    addi t1, a0, 4
    slli t1, t1, STACK_BITS - 2
    add sp, sp, t1
    la gp, __global_pointer$
    lla t1, player_tp
    ld tp, 0(t1) /* Of the root task: the same console for all. */
    srli a0, a0, 2
    mv ra, zero
    mv s0, zero
    call player_thread
    unimp
    .size enter, . - enter

/* void player_trap(uint64_t regs[9]): a0..a7 and t0; a0..a5 come back. The call may change tp. */
    .globl player_trap
    .type player_trap, @function
player_trap:
    addi sp, sp, -32
    sd ra, 24(sp)
    sd s0, 16(sp)
    sd s1, 8(sp)
    mv s0, a0
    mv s1, tp
    ld a1, 8(s0)
    ld a2, 16(s0)
    ld a3, 24(s0)
    ld a4, 32(s0)
    ld a5, 40(s0)
    ld a6, 48(s0)
    ld a7, 56(s0)
    ld t0, 64(s0)
    ld a0, 0(s0)
    ecall
    mv tp, s1
    sd a0, 0(s0)
    sd a1, 8(s0)
    sd a2, 16(s0)
    sd a3, 24(s0)
    sd a4, 32(s0)
    sd a5, 40(s0)
    ld ra, 24(sp)
    ld s0, 16(sp)
    ld s1, 8(sp)
    addi sp, sp, 32
    ret
    .size player_trap, . - player_trap

    .bss
    .balign 16
player_stacks:
    .space THREADS << STACK_BITS

/* Replaced by `albireo to-elf`; this one has the magic number and is empty. */
    .section .script, "aw"
    .balign 4096
    .globl player_script
player_script:
    .dword 0x31524559414c5053
    .dword 0
