/* SPDX-License-Identifier: BSD-2-Clause */

/* Single precision. The host's FPU does the common case: rounding to nearest, inexactness already
 * flagged, operands and result well inside the normal range. There IEEE 754 leaves no choice and
 * there is no other flag to raise. fp_soft.c does all else.
 */
#include <float.h>
#include <math.h>
#include <string.h>

#include "hosted/rv64/fp.h"
#include "hosted/rv64/fp_soft.h"

_Static_assert(FLT_EVAL_METHOD == 0, "The host must not compute with excess precision.");

static bool plain_mode(enum fp_rounding rm, const uint32_t *flags)
{
    return rm == FP_RNE && (*flags & FP_NX) != 0;
}

/* A normal number, and not one of the least, which rounding may have made of a subnormal one. */
static bool plain(uint32_t bits)
{
    uint32_t exponent = (bits >> 23) & 0xFF;
    return exponent > 1 && exponent < 0xFF;
}

static float to_host(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint32_t from_host(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

uint32_t fp32_add(uint32_t a, uint32_t b, enum fp_rounding rm, uint32_t *flags)
{
    if (plain_mode(rm, flags) && plain(a) && plain(b)) {
        uint32_t result = from_host(to_host(a) + to_host(b));
        if (plain(result)) {
            return result;
        }
    }
    return (uint32_t)fp_soft_add(&fp_soft_single, a, b, rm, flags);
}

uint32_t fp32_sub(uint32_t a, uint32_t b, enum fp_rounding rm, uint32_t *flags)
{
    return fp32_add(a, b ^ 0x80000000, rm, flags);
}

uint32_t fp32_mul(uint32_t a, uint32_t b, enum fp_rounding rm, uint32_t *flags)
{
    if (plain_mode(rm, flags) && plain(a) && plain(b)) {
        uint32_t result = from_host(to_host(a) * to_host(b));
        if (plain(result)) {
            return result;
        }
    }
    return (uint32_t)fp_soft_mul(&fp_soft_single, a, b, rm, flags);
}

uint32_t fp32_div(uint32_t a, uint32_t b, enum fp_rounding rm, uint32_t *flags)
{
    if (plain_mode(rm, flags) && plain(a) && plain(b)) {
        uint32_t result = from_host(to_host(a) / to_host(b));
        if (plain(result)) {
            return result;
        }
    }
    return (uint32_t)fp_soft_div(&fp_soft_single, a, b, rm, flags);
}

uint32_t fp32_sqrt(uint32_t a, enum fp_rounding rm, uint32_t *flags)
{
    if (plain_mode(rm, flags) && plain(a)) {
        uint32_t result = from_host(sqrtf(to_host(a)));
        if (plain(result)) {
            return result;
        }
    }
    return (uint32_t)fp_soft_sqrt(&fp_soft_single, a, rm, flags);
}

uint32_t fp32_fma(uint32_t a, uint32_t b, uint32_t c, enum fp_rounding rm, uint32_t *flags)
{
    if (plain_mode(rm, flags) && plain(a) && plain(b) && plain(c)) {
        uint32_t result = from_host(fmaf(to_host(a), to_host(b), to_host(c)));
        if (plain(result)) {
            return result;
        }
    }
    return (uint32_t)fp_soft_fma(&fp_soft_single, a, b, c, rm, flags);
}

uint32_t fp32_min(uint32_t a, uint32_t b, uint32_t *flags)
{
    return (uint32_t)fp_soft_min(&fp_soft_single, a, b, flags);
}

uint32_t fp32_max(uint32_t a, uint32_t b, uint32_t *flags)
{
    return (uint32_t)fp_soft_max(&fp_soft_single, a, b, flags);
}

bool fp32_eq(uint32_t a, uint32_t b, uint32_t *flags)
{
    return fp_soft_eq(&fp_soft_single, a, b, flags);
}

bool fp32_lt(uint32_t a, uint32_t b, uint32_t *flags)
{
    return fp_soft_lt(&fp_soft_single, a, b, flags);
}

bool fp32_le(uint32_t a, uint32_t b, uint32_t *flags)
{
    return fp_soft_le(&fp_soft_single, a, b, flags);
}

uint32_t fp32_class(uint32_t a)
{
    return fp_soft_class(&fp_soft_single, a);
}

uint64_t fp32_to_fp64(uint32_t a, uint32_t *flags)
{
    return fp_soft_convert(&fp_soft_single, &fp_soft_double, a, FP_RNE, flags);
}

uint64_t fp32_to_i32(uint32_t a, enum fp_rounding rm, uint32_t *flags)
{
    return fp_soft_to_int(&fp_soft_single, a, 1ull << 31, INT32_MAX, rm, flags);
}

uint64_t fp32_to_u32(uint32_t a, enum fp_rounding rm, uint32_t *flags)
{
    return (uint64_t)(int32_t)fp_soft_to_int(&fp_soft_single, a, 0, UINT32_MAX, rm, flags);
}

uint64_t fp32_to_i64(uint32_t a, enum fp_rounding rm, uint32_t *flags)
{
    return fp_soft_to_int(&fp_soft_single, a, 1ull << 63, INT64_MAX, rm, flags);
}

uint64_t fp32_to_u64(uint32_t a, enum fp_rounding rm, uint32_t *flags)
{
    return fp_soft_to_int(&fp_soft_single, a, 0, UINT64_MAX, rm, flags);
}

uint32_t fp32_from_i32(uint64_t a, enum fp_rounding rm, uint32_t *flags)
{
    return (uint32_t)fp_soft_from_signed(&fp_soft_single, (int32_t)a, rm, flags);
}

uint32_t fp32_from_u32(uint64_t a, enum fp_rounding rm, uint32_t *flags)
{
    return (uint32_t)fp_soft_from_unsigned(&fp_soft_single, (uint32_t)a, rm, flags);
}

uint32_t fp32_from_i64(uint64_t a, enum fp_rounding rm, uint32_t *flags)
{
    return (uint32_t)fp_soft_from_signed(&fp_soft_single, (int64_t)a, rm, flags);
}

uint32_t fp32_from_u64(uint64_t a, enum fp_rounding rm, uint32_t *flags)
{
    return (uint32_t)fp_soft_from_unsigned(&fp_soft_single, a, rm, flags);
}
