/* SPDX-License-Identifier: BSD-2-Clause */

/* F and D: registers, NaN boxes and rounding modes. The arithmetic is in fp.h. */
#include "hosted/rv64/fp.h"
#include "hosted/rv64/internal.h"

enum { DYNAMIC = 7 };

#define BOX UINT64_C(0xFFFFFFFF00000000)
#define SIGN32 0x80000000u
#define SIGN64 UINT64_C(0x8000000000000000)

/* A value that is not a boxed single counts as the canonical NaN. */
static inline uint32_t unbox(uint64_t value)
{
    return value >= BOX ? (uint32_t)value : FP_NAN32;
}

/* False: the FPU is off, or the rounding mode in frm is reserved. */
static inline bool begin(const struct rv64 *rv, struct op *op, enum fp_rounding *rm)
{
    if (rv->f == NULL) {
        return false;
    }
    uint32_t mode = op->rm == DYNAMIC ? rv->f[RV64_FCSR] >> 5 & 7 : op->rm;
    *rm = (enum fp_rounding)mode;
    return mode <= FP_RMM;
}

#define HANDLER(name, action)                                                                      \
    struct block *rv64_op_##name(struct rv64 *rv, struct op *op)                                   \
    {                                                                                              \
        enum fp_rounding rm;                                                                       \
        if (!RV64_LIKELY(begin(rv, op, &rm))) {                                                    \
            return rv64_op_illegal(rv, op);                                                        \
        }                                                                                          \
        uint32_t flags = (uint32_t)rv->f[RV64_FCSR] & 31; /* Quicker if inexact is known. */       \
        action;                                                                                    \
        rv->f[RV64_FCSR] |= flags;                                                                 \
        return RV64_NEXT(rv, op);                                                                  \
    }

/* Destinations, then operands, of the four kinds. */
#define TO_S(name, value) HANDLER(name, rv->f[op->rd] = BOX | (value))
#define TO_D(name, value) HANDLER(name, rv->f[op->rd] = (value))
#define TO_X(name, value) HANDLER(name, rv->x[op->rd] = (value))
#define S1 unbox(rv->f[op->rs1])
#define S2 unbox(rv->f[op->rs2])
#define S3 unbox(rv->f[op->rs3])
#define D1 rv->f[op->rs1]
#define D2 rv->f[op->rs2]
#define D3 rv->f[op->rs3]
#define X1 rv->x[op->rs1]

TO_S(fadd_s, fp32_add(S1, S2, rm, &flags))
TO_S(fsub_s, fp32_sub(S1, S2, rm, &flags))
TO_S(fmul_s, fp32_mul(S1, S2, rm, &flags))
TO_S(fdiv_s, fp32_div(S1, S2, rm, &flags))
TO_S(fsqrt_s, fp32_sqrt(S1, rm, &flags))
TO_S(fmadd_s, fp32_fma(S1, S2, S3, rm, &flags))
TO_S(fmsub_s, fp32_fma(S1, S2, S3 ^ SIGN32, rm, &flags))
TO_S(fnmsub_s, fp32_fma(S1 ^ SIGN32, S2, S3, rm, &flags))
TO_S(fnmadd_s, fp32_fma(S1 ^ SIGN32, S2, S3 ^ SIGN32, rm, &flags))
TO_S(fmin_s, fp32_min(S1, S2, &flags))
TO_S(fmax_s, fp32_max(S1, S2, &flags))
TO_S(fsgnj_s, (S1 & ~SIGN32) | (S2 & SIGN32))
TO_S(fsgnjn_s, (S1 & ~SIGN32) | (~S2 & SIGN32))
TO_S(fsgnjx_s, S1 ^ (S2 & SIGN32))
TO_S(fmv_w_x, (uint32_t)X1)
TO_S(fcvt_s_w, fp32_from_i32(X1, rm, &flags))
TO_S(fcvt_s_wu, fp32_from_u32(X1, rm, &flags))
TO_S(fcvt_s_l, fp32_from_i64(X1, rm, &flags))
TO_S(fcvt_s_lu, fp32_from_u64(X1, rm, &flags))
TO_S(fcvt_s_d, fp64_to_fp32(D1, rm, &flags))

TO_X(feq_s, fp32_eq(S1, S2, &flags))
TO_X(flt_s, fp32_lt(S1, S2, &flags))
TO_X(fle_s, fp32_le(S1, S2, &flags))
TO_X(fclass_s, fp32_class(S1))
TO_X(fmv_x_w, rv64_sext32(rv->f[op->rs1]))
TO_X(fcvt_w_s, fp32_to_i32(S1, rm, &flags))
TO_X(fcvt_wu_s, fp32_to_u32(S1, rm, &flags))
TO_X(fcvt_l_s, fp32_to_i64(S1, rm, &flags))
TO_X(fcvt_lu_s, fp32_to_u64(S1, rm, &flags))

TO_D(fadd_d, fp64_add(D1, D2, rm, &flags))
TO_D(fsub_d, fp64_sub(D1, D2, rm, &flags))
TO_D(fmul_d, fp64_mul(D1, D2, rm, &flags))
TO_D(fdiv_d, fp64_div(D1, D2, rm, &flags))
TO_D(fsqrt_d, fp64_sqrt(D1, rm, &flags))
TO_D(fmadd_d, fp64_fma(D1, D2, D3, rm, &flags))
TO_D(fmsub_d, fp64_fma(D1, D2, D3 ^ SIGN64, rm, &flags))
TO_D(fnmsub_d, fp64_fma(D1 ^ SIGN64, D2, D3, rm, &flags))
TO_D(fnmadd_d, fp64_fma(D1 ^ SIGN64, D2, D3 ^ SIGN64, rm, &flags))
TO_D(fmin_d, fp64_min(D1, D2, &flags))
TO_D(fmax_d, fp64_max(D1, D2, &flags))
TO_D(fsgnj_d, (D1 & ~SIGN64) | (D2 & SIGN64))
TO_D(fsgnjn_d, (D1 & ~SIGN64) | (~D2 & SIGN64))
TO_D(fsgnjx_d, D1 ^ (D2 & SIGN64))
TO_D(fmv_d_x, X1)
TO_D(fcvt_d_w, fp64_from_i32(X1))
TO_D(fcvt_d_wu, fp64_from_u32(X1))
TO_D(fcvt_d_l, fp64_from_i64(X1, rm, &flags))
TO_D(fcvt_d_lu, fp64_from_u64(X1, rm, &flags))
TO_D(fcvt_d_s, fp32_to_fp64(S1, &flags))

TO_X(feq_d, fp64_eq(D1, D2, &flags))
TO_X(flt_d, fp64_lt(D1, D2, &flags))
TO_X(fle_d, fp64_le(D1, D2, &flags))
TO_X(fclass_d, fp64_class(D1))
TO_X(fmv_x_d, D1)
TO_X(fcvt_w_d, fp64_to_i32(D1, rm, &flags))
TO_X(fcvt_wu_d, fp64_to_u32(D1, rm, &flags))
TO_X(fcvt_l_d, fp64_to_i64(D1, rm, &flags))
TO_X(fcvt_lu_d, fp64_to_u64(D1, rm, &flags))
