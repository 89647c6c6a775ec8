/* SPDX-License-Identifier: BSD-2-Clause */

/* user_fpu_get() and user_fpu_set(): one pair of instructions for each register, all of the same
 * size, so that the number of the register gives the address. */

    .option norvc
    .option arch, +f, +d
    .text

    .globl user_fpu_get
    .type user_fpu_get, @function
user_fpu_get: /* a0: index */
    slli a0, a0, 3
    lla t0, 1f
    add t0, t0, a0
    jr t0
1:
    .irp i, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    fmv.x.d a0, f\i
    ret
    .endr
    frcsr a0
    ret
    .size user_fpu_get, . - user_fpu_get

    .globl user_fpu_set
    .type user_fpu_set, @function
user_fpu_set: /* a0: index, a1: value */
    slli a0, a0, 3
    lla t0, 1f
    add t0, t0, a0
    jr t0
1:
    .irp i, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    fmv.d.x f\i, a1
    ret
    .endr
    fscsr a1
    ret
    .size user_fpu_set, . - user_fpu_set
