/* SPDX-License-Identifier: BSD-2-Clause */

/* Floating-point arithmetic of RISC-V's F and D extensions (The RISC-V ISA Manual, Volume I,
 * 20191213, chapters 11 and 12) on bit patterns, with the host's FPU where that gives the same
 * result (it must round to nearest itself, as every C program does that calls no fesetround()).
 * Every operation takes a rounding mode and adds exceptions to those accrued in *flags (fflags). It
 * is much faster if FP_NX is there already: let *flags accrue.
 *
 * Single-precision operands and results are the low 32 bits, without NaN boxing: the caller
 * unboxes and boxes. Results that are NaN are the canonical NaN (but sign injection and moves).
 */
#ifndef HOSTED_RV64_FP_H
#define HOSTED_RV64_FP_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum fp_rounding { FP_RNE, FP_RTZ, FP_RDN, FP_RUP, FP_RMM }; /* frm; 5 and 6 are reserved. */

enum fp_flags { FP_NX = 1, FP_UF = 2, FP_OF = 4, FP_DZ = 8, FP_NV = 16 };

/* Canonical NaNs. */
#define FP_NAN32 0x7FC00000u
#define FP_NAN64 0x7FF8000000000000u

uint32_t fp32_add(uint32_t a, uint32_t b, enum fp_rounding rm, uint32_t *flags);
uint32_t fp32_sub(uint32_t a, uint32_t b, enum fp_rounding rm, uint32_t *flags);
uint32_t fp32_mul(uint32_t a, uint32_t b, enum fp_rounding rm, uint32_t *flags);
uint32_t fp32_div(uint32_t a, uint32_t b, enum fp_rounding rm, uint32_t *flags);
uint32_t fp32_sqrt(uint32_t a, enum fp_rounding rm, uint32_t *flags);
/* a * b + c, rounded once. The other three of the ISA are this one with signs flipped first. */
uint32_t fp32_fma(uint32_t a, uint32_t b, uint32_t c, enum fp_rounding rm, uint32_t *flags);
uint32_t fp32_min(uint32_t a, uint32_t b, uint32_t *flags);
uint32_t fp32_max(uint32_t a, uint32_t b, uint32_t *flags);
bool fp32_eq(uint32_t a, uint32_t b, uint32_t *flags);
bool fp32_lt(uint32_t a, uint32_t b, uint32_t *flags);
bool fp32_le(uint32_t a, uint32_t b, uint32_t *flags);
uint32_t fp32_class(uint32_t a); /* fclass.s: one bit set. */

uint64_t fp64_add(uint64_t a, uint64_t b, enum fp_rounding rm, uint32_t *flags);
uint64_t fp64_sub(uint64_t a, uint64_t b, enum fp_rounding rm, uint32_t *flags);
uint64_t fp64_mul(uint64_t a, uint64_t b, enum fp_rounding rm, uint32_t *flags);
uint64_t fp64_div(uint64_t a, uint64_t b, enum fp_rounding rm, uint32_t *flags);
uint64_t fp64_sqrt(uint64_t a, enum fp_rounding rm, uint32_t *flags);
uint64_t fp64_fma(uint64_t a, uint64_t b, uint64_t c, enum fp_rounding rm, uint32_t *flags);
uint64_t fp64_min(uint64_t a, uint64_t b, uint32_t *flags);
uint64_t fp64_max(uint64_t a, uint64_t b, uint32_t *flags);
bool fp64_eq(uint64_t a, uint64_t b, uint32_t *flags);
bool fp64_lt(uint64_t a, uint64_t b, uint32_t *flags);
bool fp64_le(uint64_t a, uint64_t b, uint32_t *flags);
uint32_t fp64_class(uint64_t a);

uint64_t fp32_to_fp64(uint32_t a, uint32_t *flags);
uint32_t fp64_to_fp32(uint64_t a, enum fp_rounding rm, uint32_t *flags);

/* fcvt.{w,wu,l,lu}.{s,d}: as they stand in the integer register (32-bit results sign-extended).
 * Out of range and NaN: the nearest limit, and NV only. */
uint64_t fp32_to_i32(uint32_t a, enum fp_rounding rm, uint32_t *flags);
uint64_t fp32_to_u32(uint32_t a, enum fp_rounding rm, uint32_t *flags);
uint64_t fp32_to_i64(uint32_t a, enum fp_rounding rm, uint32_t *flags);
uint64_t fp32_to_u64(uint32_t a, enum fp_rounding rm, uint32_t *flags);
uint64_t fp64_to_i32(uint64_t a, enum fp_rounding rm, uint32_t *flags);
uint64_t fp64_to_u32(uint64_t a, enum fp_rounding rm, uint32_t *flags);
uint64_t fp64_to_i64(uint64_t a, enum fp_rounding rm, uint32_t *flags);
uint64_t fp64_to_u64(uint64_t a, enum fp_rounding rm, uint32_t *flags);

/* fcvt.{s,d}.{w,wu,l,lu}; the 32-bit ones look at the low half of `a` only. */
uint32_t fp32_from_i32(uint64_t a, enum fp_rounding rm, uint32_t *flags);
uint32_t fp32_from_u32(uint64_t a, enum fp_rounding rm, uint32_t *flags);
uint32_t fp32_from_i64(uint64_t a, enum fp_rounding rm, uint32_t *flags);
uint32_t fp32_from_u64(uint64_t a, enum fp_rounding rm, uint32_t *flags);
uint64_t fp64_from_i32(uint64_t a);
uint64_t fp64_from_u32(uint64_t a);
uint64_t fp64_from_i64(uint64_t a, enum fp_rounding rm, uint32_t *flags);
uint64_t fp64_from_u64(uint64_t a, enum fp_rounding rm, uint32_t *flags);

#ifdef __cplusplus
}
#endif

#endif
