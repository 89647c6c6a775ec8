/* SPDX-License-Identifier: BSD-2-Clause */

/* fpu.h. */
    .option arch, +f, +d
    .text

    .macro  each_fp_register op
    .irp    i, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    \op     f\i, 8*\i(a0)
    .endr
    .irp    i, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
    \op     f\i, 8*\i(a0)
    .endr
    .endm

    .globl  fpu_save
fpu_save:
    each_fp_register fsd
    frcsr   t0
    sd      t0, 8*32(a0)
    ret

    .globl  fpu_load
fpu_load:
    each_fp_register fld
    ld      t0, 8*32(a0)
    fscsr   t0
    ret
