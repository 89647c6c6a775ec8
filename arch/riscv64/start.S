/* SPDX-License-Identifier: BSD-2-Clause */

/* The head of the image (image.h), and from the firmware to C: a0 is the hart's id, a1 the physical
 * address of the device tree, the MMU is off, and the image is somewhere in RAM at a multiple of
 * 2 MiB. */
#include "arch/riscv64/layout.h"
#include "config/albireo_config.h"

    .section .head, "ax"
    .globl  image_start
image_start:
    .option push
    .option norvc
    .option norelax
    j       start
    nop
    .option pop
    .dword  VM_IMAGE_SIZE           /* text_offset: 2 MiB into RAM. */
    .dword  image_size
    .dword  0
    .word   2
    .word   0
    .dword  0
    .ascii  "RISCV\0\0\0"
    .ascii  "RSC\x05"
    .word   0
    .asciz  "ALBIREO"
    .word   1
    .word   ALBIREO_DEBUG + 2 * ALBIREO_FPU + 256 * ALBIREO_CORES + 65536 * ALBIREO_DOMAINS
    .dword  image_size
    .fill   7, 8, 0                 /* For tools/mkimage. */

    .text
start:
    csrw    sie, zero
    csrw    sscratch, zero
    /* Old firmware starts all harts here. The first one boots, the others sleep. */
    lla     t0, start_taken
    li      t1, 1
    amoswap.w.aqrl t1, t1, (t0)
    bnez    t1, park
    mv      s0, a0
    mv      s2, a1
    lla     t0, bss_start
    lla     t1, bss_end
1:  sd      zero, 0(t0)
    addi    t0, t0, 8
    bltu    t0, t1, 1b

    lla     sp, stacks_start
    li      t0, STACK_GUARD + STACK_SIZE
    add     sp, sp, t0

    /* Pages of the image are mapped one by one, from a table for 2 MiB. */
    lla     s3, image_start         /* Physical. */
    slli    t0, s3, 64 - 21
    bnez    t0, misaligned
    call    vm_early

    /* Once the MMU is on, the next instruction is not mapped where it was: the page fault goes to
     * its virtual address. */
    li      t0, VM_IMAGE
    sub     t0, t0, s3
    add     sp, sp, t0
    lla     t1, 1f
    add     t1, t1, t0
    csrw    stvec, t1
    sfence.vma
    csrw    satp, a0
    .balign 4
1:  sfence.vma
    lla     t1, trap_entry
    csrw    stvec, t1
    mv      a0, s0
    mv      a1, s2
    mv      a2, s3
    call    main
    mv      s1, a0
    .if     ALBIREO_DEBUG
    call    events_begin
    bnez    a0, events_return
    .endif
    tail    trap_return

misaligned:
    lla     a0, misaligned_text
    tail    panic_boot_failed       /* Runs at physical addresses as well. */

park:
    wfi
    j       park

    .section .rodata
misaligned_text:
    .asciz  "the image is not at a multiple of 2 MiB"

    .data
    .balign 4
start_taken:
    .word   0

    /* One for each core, above its guard page; one for a kernel that has lost its own. */
    .section .stacks, "aw", @nobits
    .skip   ALBIREO_CORES * (STACK_GUARD + STACK_SIZE)

    .bss
    .balign 16
    .skip   4096
    .globl  panic_stack_top
panic_stack_top:
