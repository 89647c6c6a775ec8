/* SPDX-License-Identifier: BSD-2-Clause */

/* A root task that owes nothing to this project's runtime and is laid out oddly, see odd.ld. It
 * checks what docs/abi/11 promises to a root task, prints "odd: ok" or what is wrong, and halts.
 *
 * Needs a debug kernel, --root-cnode-bits 13 and room for 23 MiB.
 */

#define SYS_DEBUG_PUT_CHAR -12
#define SYS_DEBUG_HALT     -14

#define BOOTINFO_IPC_BUFFER  32
#define BOOTINFO_EMPTY       40
#define BOOTINFO_FRAMES      72
#define BOOTINFO_CNODE_BITS  136

#define CNODE_BITS_MIN 13
#define DATA_WORDS     1024
#define PATTERN        0x9e3779b97f4a7c15

    .option arch, +f, +d

    .data
    .balign 8
    /* Each word is its own number times PATTERN. */
data_words:
    .set number, 0
    .rept DATA_WORDS
    .dword number * PATTERN
    .set number, number + 1
    .endr

    .section .rodata
    .balign 8
one:
    .double 1.0
e_expected:
    .dword 0x4005bf0a8b14576a /* The sum of 1/n! for n from 0 to 20, rounded after each step. */
text_ok:
    .asciz "odd: ok\n"
text_integer_registers:
    .asciz "odd: an integer register other than a0 is not 0 at entry\n"
text_fp_registers:
    .asciz "odd: a floating-point register is not 0 at entry\n"
text_info_address:
    .asciz "odd: a0 is not the address of BootInfo, one page behind the image and the buffer\n"
text_ipc_buffer:
    .asciz "odd: BootInfo does not say that the IPC buffer is behind the image\n"
text_frames:
    .asciz "odd: userImageFrames of BootInfo has not one frame for each page of the image\n"
text_cnode:
    .asciz "odd: the root CNode is smaller than asked for\n"
text_empty:
    .asciz "odd: the empty slots of BootInfo do not end where the root CNode does\n"
text_data:
    .asciz "odd: .data differs from the file\n"
text_zero:
    .asciz "odd: .bss is not zero\n"
text_pattern:
    .asciz "odd: .bss does not keep what is written to it\n"
text_fpu:
    .asciz "odd: e is computed wrongly\n"

    .text

/* Prints the string at s0 and halts. */
print_and_halt:
    lbu     a0, 0(s0)
    beqz    a0, 1f
    li      a7, SYS_DEBUG_PUT_CHAR
    ecall
    addi    s0, s0, 1
    j       print_and_halt
1:  li      a7, SYS_DEBUG_HALT
    ecall
    j       1b

/* Goes on if \register is 0; otherwise prints \text and halts. */
.macro expect_zero register, text
    la      s0, \text
    bnez    \register, print_and_halt
.endm

/* a0 = the sum of 1/n! for n from 0 to 20, as the bits of a double. */
compute_e:
    la      t0, one
    fld     fa0, 0(t0)  /* The sum. */
    fmv.d   fa1, fa0    /* The term. */
    fmv.d   fa2, fa0    /* n. */
    fmv.d   fa3, fa0
    li      t0, 20
1:  fdiv.d  fa1, fa1, fa2
    fadd.d  fa0, fa0, fa1
    fadd.d  fa2, fa2, fa3
    addi    t0, t0, -1
    bnez    t0, 1b
    fmv.x.d a0, fa0
    ret

    .globl odd_entry
odd_entry:
    /* All but a0 must be 0; collected in ra, as nothing else is free. */
    .irp    register, sp, gp, tp, t0, t1, t2, s0, s1, a1, a2, a3, a4, a5, a6, a7, s2, s3, s4, s5, \
            s6, s7, s8, s9, s10, s11, t3, t4, t5, t6
    or      ra, ra, \register
    .endr
    expect_zero ra, text_integer_registers

    .irp    register, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, \
            21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    fmv.x.d t0, f\register
    or      t1, t1, t0
    .endr
    expect_zero t1, text_fp_registers

    /* BootInfo, docs/abi/11 sections 11.3 and 11.7. */
    la      s1, odd_end
    li      t0, 4096
    add     t0, t0, s1
    sub     t0, t0, a0
    expect_zero t0, text_info_address
    ld      t0, BOOTINFO_IPC_BUFFER(a0)
    sub     t0, t0, s1
    expect_zero t0, text_ipc_buffer
    ld      t0, BOOTINFO_FRAMES(a0)
    ld      t1, BOOTINFO_FRAMES + 8(a0)
    sub     t1, t1, t0
    la      t0, odd_start
    sub     t0, s1, t0
    srli    t0, t0, 12
    sub     t0, t0, t1
    expect_zero t0, text_frames
    ld      t1, BOOTINFO_CNODE_BITS(a0)
    sltiu   t0, t1, CNODE_BITS_MIN
    expect_zero t0, text_cnode
    li      t0, 1
    sll     t0, t0, t1
    ld      t1, BOOTINFO_EMPTY + 8(a0)
    sub     t0, t0, t1
    expect_zero t0, text_empty

    la      s2, data_words
    li      s3, 0
    li      s4, PATTERN
    li      s5, DATA_WORDS
1:  ld      t0, 0(s2)
    mul     t1, s3, s4
    sub     t0, t0, t1
    expect_zero t0, text_data
    addi    s2, s2, 8
    addi    s3, s3, 1
    bne     s3, s5, 1b

    la      s2, odd_bss_start
    la      s3, odd_bss_end
1:  ld      t0, 0(s2)
    expect_zero t0, text_zero
    addi    s2, s2, 8
    bne     s2, s3, 1b

    la      s2, odd_bss_start
1:  mul     t0, s2, s4
    sd      t0, 0(s2)
    addi    s2, s2, 8
    bne     s2, s3, 1b
    la      s2, odd_bss_start
1:  ld      t0, 0(s2)
    mul     t1, s2, s4
    sub     t0, t0, t1
    expect_zero t0, text_pattern
    addi    s2, s2, 8
    bne     s2, s3, 1b

    call    compute_e
    ld      t0, e_expected
    sub     t0, t0, a0
    expect_zero t0, text_fpu

    la      s0, text_ok
    j       print_and_halt
