/* SPDX-License-Identifier: BSD-2-Clause */

/* Comes before the usual start of a root task: its first instruction reads the counter. All
 * registers are then as the kernel set them. */
    .option norelax /* gp is not set yet. */
    .section .text.start, "ax"
    .globl  boot_start
boot_start:
    rdcycle t0
    lla     t1, boot_cycles
    sd      t0, 0(t1)
    li      t0, 0
    li      t1, 0
    j       _start

    .data
    .balign 8
    .globl  boot_cycles
boot_cycles:
    .dword  0
