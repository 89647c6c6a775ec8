/* SPDX-License-Identifier: BSD-2-Clause */

/* Double precision. The host's FPU does the common case: rounding to nearest, inexactness already
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
static bool plain(uint64_t bits)
{
    uint64_t exponent = (bits >> 52) & 0x7FF;
    return exponent > 1 && exponent < 0x7FF;
}

static double to_host(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint64_t from_host(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

uint64_t fp64_add(uint64_t a, uint64_t b, enum fp_rounding rm, uint32_t *flags)
{
    if (plain_mode(rm, flags) && plain(a) && plain(b)) {
        uint64_t result = from_host(to_host(a) + to_host(b));
        if (plain(result)) {
            return result;
        }
    }
    return fp_soft_add(&fp_soft_double, a, b, rm, flags);
}

uint64_t fp64_sub(uint64_t a, uint64_t b, enum fp_rounding rm, uint32_t *flags)
{
    return fp64_add(a, b ^ 0x8000000000000000, rm, flags);
}

uint64_t fp64_mul(uint64_t a, uint64_t b, enum fp_rounding rm, uint32_t *flags)
{
    if (plain_mode(rm, flags) && plain(a) && plain(b)) {
        uint64_t result = from_host(to_host(a) * to_host(b));
        if (plain(result)) {
            return result;
        }
    }
    return fp_soft_mul(&fp_soft_double, a, b, rm, flags);
}

uint64_t fp64_div(uint64_t a, uint64_t b, enum fp_rounding rm, uint32_t *flags)
{
    if (plain_mode(rm, flags) && plain(a) && plain(b)) {
        uint64_t result = from_host(to_host(a) / to_host(b));
        if (plain(result)) {
            return result;
        }
    }
    return fp_soft_div(&fp_soft_double, a, b, rm, flags);
}

uint64_t fp64_sqrt(uint64_t a, enum fp_rounding rm, uint32_t *flags)
{
    if (plain_mode(rm, flags) && plain(a)) {
        uint64_t result = from_host(sqrt(to_host(a)));
        if (plain(result)) {
            return result;
        }
    }
    return fp_soft_sqrt(&fp_soft_double, a, rm, flags);
}

uint64_t fp64_fma(uint64_t a, uint64_t b, uint64_t c, enum fp_rounding rm, uint32_t *flags)
{
    if (plain_mode(rm, flags) && plain(a) && plain(b) && plain(c)) {
        uint64_t result = from_host(fma(to_host(a), to_host(b), to_host(c)));
        if (plain(result)) {
            return result;
        }
    }
    return fp_soft_fma(&fp_soft_double, a, b, c, rm, flags);
}

uint64_t fp64_min(uint64_t a, uint64_t b, uint32_t *flags)
{
    return fp_soft_min(&fp_soft_double, a, b, flags);
}

uint64_t fp64_max(uint64_t a, uint64_t b, uint32_t *flags)
{
    return fp_soft_max(&fp_soft_double, a, b, flags);
}

bool fp64_eq(uint64_t a, uint64_t b, uint32_t *flags)
{
    return fp_soft_eq(&fp_soft_double, a, b, flags);
}

bool fp64_lt(uint64_t a, uint64_t b, uint32_t *flags)
{
    return fp_soft_lt(&fp_soft_double, a, b, flags);
}

bool fp64_le(uint64_t a, uint64_t b, uint32_t *flags)
{
    return fp_soft_le(&fp_soft_double, a, b, flags);
}

uint32_t fp64_class(uint64_t a)
{
    return fp_soft_class(&fp_soft_double, a);
}

uint32_t fp64_to_fp32(uint64_t a, enum fp_rounding rm, uint32_t *flags)
{
    return (uint32_t)fp_soft_convert(&fp_soft_double, &fp_soft_single, a, rm, flags);
}

uint64_t fp64_to_i32(uint64_t a, enum fp_rounding rm, uint32_t *flags)
{
    return fp_soft_to_int(&fp_soft_double, a, 1ull << 31, INT32_MAX, rm, flags);
}

uint64_t fp64_to_u32(uint64_t a, enum fp_rounding rm, uint32_t *flags)
{
    return (uint64_t)(int32_t)fp_soft_to_int(&fp_soft_double, a, 0, UINT32_MAX, rm, flags);
}

uint64_t fp64_to_i64(uint64_t a, enum fp_rounding rm, uint32_t *flags)
{
    return fp_soft_to_int(&fp_soft_double, a, 1ull << 63, INT64_MAX, rm, flags);
}

uint64_t fp64_to_u64(uint64_t a, enum fp_rounding rm, uint32_t *flags)
{
    return fp_soft_to_int(&fp_soft_double, a, 0, UINT64_MAX, rm, flags);
}

/* 32 bits always fit: no rounding, no flags. */
uint64_t fp64_from_i32(uint64_t a)
{
    uint32_t none = 0;
    return fp_soft_from_signed(&fp_soft_double, (int32_t)a, FP_RNE, &none);
}

uint64_t fp64_from_u32(uint64_t a)
{
    uint32_t none = 0;
    return fp_soft_from_unsigned(&fp_soft_double, (uint32_t)a, FP_RNE, &none);
}

uint64_t fp64_from_i64(uint64_t a, enum fp_rounding rm, uint32_t *flags)
{
    return fp_soft_from_signed(&fp_soft_double, (int64_t)a, rm, flags);
}

uint64_t fp64_from_u64(uint64_t a, enum fp_rounding rm, uint32_t *flags)
{
    return fp_soft_from_unsigned(&fp_soft_double, a, rm, flags);
}
