/* SPDX-License-Identifier: BSD-2-Clause */

/* How threads start. */

#define STACK_SIZE 0x10000

/* Offset of ipcBuffer in BootInfo, docs/abi/11 section 11.7. */
#define BOOTINFO_IPC_BUFFER 32

/* Nothing here may be addressed relative to gp, which is not set yet. */
    .option norelax

    .section .text.start, "ax"

/* The root task. a0 is the address of BootInfo; all other registers are 0. */
    .globl _start
    .type _start, @function
_start:
    la sp, user_stack_end
    la a1, user_start
    ld a2, BOOTINFO_IPC_BUFFER(a0)
    .size _start, . - _start
    /* Goes on like any thread. */

/* Any thread: a0 argument, a1 function to run, a2 address of the IPC buffer, sp end of the stack,
 * which is 16-byte aligned. The thread's own variables go to the end of the stack; tp points to
 * their start (RISC-V ELF psABI, TLS variant I). */
    .globl user_thread_start
    .type user_thread_start, @function
user_thread_start:
    la gp, __global_pointer$
    lla t0, user_tls_image
    lui t1, %hi(user_tls_image_size)
    addi t1, t1, %lo(user_tls_image_size)
    lui t2, %hi(user_tls_size)
    addi t2, t2, %lo(user_tls_size)
    sub sp, sp, t2
    mv tp, sp
    add t2, t2, sp /* End of the block, */
    add t1, t1, sp /* and of its initialized part. */
    mv t3, sp
1:  bgeu t3, t1, 2f
    lb t4, 0(t0)
    sb t4, 0(t3)
    addi t0, t0, 1
    addi t3, t3, 1
    j 1b
2:  bgeu t3, t2, 3f
    sb zero, 0(t3)
    addi t3, t3, 1
    j 2b
3:  lui t0, %tprel_hi(__sel4_ipc_buffer)
    add t0, t0, tp, %tprel_add(__sel4_ipc_buffer)
    sd a2, %tprel_lo(__sel4_ipc_buffer)(t0)
    mv ra, zero /* The end of a backtrace. */
    mv s0, zero
    jalr a1
    unimp /* Its function must not return. */
    .size user_thread_start, . - user_thread_start

    .section .stack, "aw", @nobits
    .balign 16
    .space STACK_SIZE
user_stack_end:
