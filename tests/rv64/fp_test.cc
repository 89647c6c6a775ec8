/* SPDX-License-Identifier: BSD-2-Clause */

/* The rules of IEEE 754 and of RISC-V's F and D extensions, one by one, on values worked out by
 * hand. Random comparison with another implementation is in fp_oracle_test.cc.
 */
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <ostream>

#include "hosted/rv64/fp.h"

namespace {

const fp_rounding all_modes[] = {FP_RNE, FP_RTZ, FP_RDN, FP_RUP, FP_RMM};

const double infinity = std::numeric_limits<double>::infinity();
const double max64 = std::numeric_limits<double>::max();
const double min64 = std::numeric_limits<double>::min();
const double tiny64 = std::numeric_limits<double>::denorm_min();
const double ulp64 = std::numeric_limits<double>::epsilon();
const float max32 = std::numeric_limits<float>::max();
const float min32 = std::numeric_limits<float>::min();
const float tiny32 = std::numeric_limits<float>::denorm_min();
const float ulp32 = std::numeric_limits<float>::epsilon();

const uint64_t quiet64 = 0xFFF8000000001234; /* Not the canonical one. */
const uint64_t signalling64 = 0x7FF0000000000001;
const uint32_t quiet32 = 0xFFC01234;
const uint32_t signalling32 = 0x7F800001;

uint64_t bits(double value)
{
    uint64_t result;
    memcpy(&result, &value, sizeof result);
    return result;
}

uint32_t bits(float value)
{
    uint32_t result;
    memcpy(&result, &value, sizeof result);
    return result;
}

struct Outcome {
    uint64_t bits;
    uint32_t flags;

    bool operator==(const Outcome &other) const
    {
        return bits == other.bits && flags == other.flags;
    }
};

std::ostream &operator<<(std::ostream &out, const Outcome &outcome)
{
    return out << std::hex << "0x" << outcome.bits << " flags 0x" << outcome.flags;
}

/* What `function` gives for `arguments`, with no flag raised before. */
template <typename R, typename... A, typename... B> Outcome run(R (*function)(A...), B... arguments)
{
    uint32_t flags = 0;
    uint64_t result = function(arguments..., &flags);
    return {result, flags};
}

/* ---- Rounding ------------------------------------------------------------------------------- */

struct Rounded {
    double a;
    double b;
    double sum[5]; /* By mode. */
};

TEST(FpRounding, SumsInEachMode)
{
    const double half = ulp64 / 2;
    const Rounded table[] = {
        {1, half, {1, 1, 1, 1 + ulp64, 1 + ulp64}},
        {-1, -half, {-1, -1, -1 - ulp64, -1, -1 - ulp64}},
        {1 + ulp64, half, {1 + 2 * ulp64, 1 + ulp64, 1 + ulp64, 1 + 2 * ulp64, 1 + 2 * ulp64}},
        {1, half / 2, {1, 1, 1, 1 + ulp64, 1}},
        {1, half + half / 2, {1 + ulp64, 1, 1, 1 + ulp64, 1 + ulp64}},
        {1, -tiny64, {1, 1 - half, 1 - half, 1, 1}},
        {-1, tiny64, {-1, -1 + half, -1, -1 + half, -1}},
        {1e300, 1e-300, {1e300, 1e300, 1e300, nextafter(1e300, infinity), 1e300}},
    };
    for (const Rounded &row : table) {
        for (fp_rounding rm : all_modes) {
            EXPECT_EQ(run(fp64_add, bits(row.a), bits(row.b), rm),
                      (Outcome{bits(row.sum[rm]), FP_NX}))
                << row.a << " + " << row.b << " in mode " << rm;
            EXPECT_EQ(run(fp64_sub, bits(row.a), bits(-row.b), rm),
                      (Outcome{bits(row.sum[rm]), FP_NX}))
                << row.a << " - " << -row.b << " in mode " << rm;
        }
    }
}

TEST(FpRounding, ExactResultsRaiseNothing)
{
    for (fp_rounding rm : all_modes) {
        EXPECT_EQ(run(fp64_add, bits(0.5), bits(0.25), rm), (Outcome{bits(0.75), 0}));
        EXPECT_EQ(run(fp64_mul, bits(3.0), bits(-5.0), rm), (Outcome{bits(-15.0), 0}));
        EXPECT_EQ(run(fp64_div, bits(-15.0), bits(5.0), rm), (Outcome{bits(-3.0), 0}));
        EXPECT_EQ(run(fp64_sqrt, bits(2.25), rm), (Outcome{bits(1.5), 0}));
        EXPECT_EQ(run(fp32_add, bits(0.5f), bits(0.25f), rm), (Outcome{bits(0.75f), 0}));
        EXPECT_EQ(run(fp32_mul, bits(3.0f), bits(-5.0f), rm), (Outcome{bits(-15.0f), 0}));
        EXPECT_EQ(run(fp32_div, bits(-15.0f), bits(5.0f), rm), (Outcome{bits(-3.0f), 0}));
        EXPECT_EQ(run(fp32_sqrt, bits(2.25f), rm), (Outcome{bits(1.5f), 0}));
    }
}

TEST(FpRounding, QuotientsAndRoots)
{
    EXPECT_EQ(run(fp64_div, bits(1.0), bits(3.0), FP_RNE), (Outcome{0x3FD5555555555555, FP_NX}));
    EXPECT_EQ(run(fp64_div, bits(1.0), bits(3.0), FP_RUP), (Outcome{0x3FD5555555555556, FP_NX}));
    EXPECT_EQ(run(fp32_div, bits(1.0f), bits(3.0f), FP_RNE), (Outcome{0x3EAAAAAB, FP_NX}));
    EXPECT_EQ(run(fp32_div, bits(1.0f), bits(3.0f), FP_RTZ), (Outcome{0x3EAAAAAA, FP_NX}));
    EXPECT_EQ(run(fp64_sqrt, bits(2.0), FP_RNE), (Outcome{0x3FF6A09E667F3BCD, FP_NX}));
    EXPECT_EQ(run(fp64_sqrt, bits(2.0), FP_RDN), (Outcome{0x3FF6A09E667F3BCC, FP_NX}));
    EXPECT_EQ(run(fp32_sqrt, bits(2.0f), FP_RNE), (Outcome{0x3FB504F3, FP_NX}));
    EXPECT_EQ(run(fp32_sqrt, bits(2.0f), FP_RUP), (Outcome{0x3FB504F4, FP_NX}));
    EXPECT_EQ(run(fp64_sqrt, bits(tiny64), FP_RNE), (Outcome{bits(ldexp(1.0, -537)), 0}));
}

TEST(FpRounding, FusedProductIsNotRounded)
{
    /* (1 + ulp)^2 = 1 + 2 ulp + ulp^2. */
    EXPECT_EQ(run(fp64_fma, bits(1 + ulp64), bits(1 + ulp64), bits(-1 - 2 * ulp64), FP_RNE),
              (Outcome{bits(ulp64 * ulp64), 0}));
    EXPECT_EQ(run(fp32_fma, bits(1 + ulp32), bits(1 + ulp32), bits(-1 - 2 * ulp32), FP_RNE),
              (Outcome{bits(ulp32 * ulp32), 0}));
    /* Products beyond the range, brought back. */
    EXPECT_EQ(run(fp64_fma, bits(max64), bits(2.0), bits(-max64), FP_RNE),
              (Outcome{bits(max64), 0}));
    EXPECT_EQ(run(fp32_fma, bits(max32), bits(2.0f), bits(-max32), FP_RNE),
              (Outcome{bits(max32), 0}));
    /* The product is far below the addend, but breaks the tie. */
    EXPECT_EQ(run(fp64_fma, bits(tiny64), bits(tiny64), bits(1.0), FP_RUP),
              (Outcome{bits(1 + ulp64), FP_NX}));
}

TEST(FpRounding, SignOfZeroSums)
{
    for (fp_rounding rm : all_modes) {
        double zero = rm == FP_RDN ? -0.0 : 0.0;
        EXPECT_EQ(run(fp64_add, bits(1.5), bits(-1.5), rm), (Outcome{bits(zero), 0}));
        EXPECT_EQ(run(fp64_add, bits(0.0), bits(-0.0), rm), (Outcome{bits(zero), 0}));
        EXPECT_EQ(run(fp64_sub, bits(0.0), bits(0.0), rm), (Outcome{bits(zero), 0}));
        EXPECT_EQ(run(fp64_add, bits(-0.0), bits(-0.0), rm), (Outcome{bits(-0.0), 0}));
        EXPECT_EQ(run(fp64_fma, bits(-2.0), bits(3.0), bits(6.0), rm), (Outcome{bits(zero), 0}));
        EXPECT_EQ(run(fp64_fma, bits(-0.0), bits(3.0), bits(-0.0), rm), (Outcome{bits(-0.0), 0}));
        EXPECT_EQ(run(fp64_mul, bits(-0.0), bits(3.0), rm), (Outcome{bits(-0.0), 0}));
    }
}

/* ---- The ends of the range ------------------------------------------------------------------ */

TEST(FpRange, OverflowGoesToInfinityOrTheLargestByMode)
{
    const double up[] = {infinity, max64, max64, infinity, infinity};
    const double down[] = {-infinity, -max64, -infinity, -max64, -infinity};
    const uint32_t flags = FP_OF | FP_NX;
    for (fp_rounding rm : all_modes) {
        EXPECT_EQ(run(fp64_add, bits(max64), bits(max64), rm), (Outcome{bits(up[rm]), flags}));
        EXPECT_EQ(run(fp64_mul, bits(-max64), bits(max64), rm), (Outcome{bits(down[rm]), flags}));
        EXPECT_EQ(run(fp64_div, bits(max64), bits(tiny64), rm), (Outcome{bits(up[rm]), flags}));
        float up32 = std::isinf(up[rm]) ? (float)infinity : max32;
        EXPECT_EQ(run(fp32_mul, bits(max32), bits(2.0f), rm), (Outcome{bits(up32), flags}));
        EXPECT_EQ(run(fp64_to_fp32, bits(max64), rm), (Outcome{bits(up32), flags}));
    }
    /* Half a unit above the largest rounds to infinity, and less does not. */
    EXPECT_EQ(run(fp64_add, bits(max64), bits(ldexp(1.0, 970)), FP_RNE),
              (Outcome{bits(infinity), flags}));
    EXPECT_EQ(run(fp64_add, bits(max64), bits(1.0), FP_RNE), (Outcome{bits(max64), FP_NX}));
}

TEST(FpRange, SubnormalResults)
{
    EXPECT_EQ(run(fp64_mul, bits(min64), bits(0.5), FP_RNE), (Outcome{bits(min64 / 2), 0}));
    EXPECT_EQ(run(fp64_sub, bits(min64), bits(tiny64), FP_RNE), (Outcome{0x000FFFFFFFFFFFFF, 0}));
    EXPECT_EQ(run(fp64_add, 0x000FFFFFFFFFFFFFull, bits(tiny64), FP_RNE),
              (Outcome{bits(min64), 0}));
    const double half_tiny[] = {0, 0, 0, tiny64, tiny64};
    for (fp_rounding rm : all_modes) {
        EXPECT_EQ(run(fp64_mul, bits(tiny64), bits(0.5), rm),
                  (Outcome{bits(half_tiny[rm]), FP_UF | FP_NX}));
        EXPECT_EQ(run(fp64_mul, bits(tiny64), bits(tiny64), rm),
                  (Outcome{bits(rm == FP_RUP ? tiny64 : 0.0), FP_UF | FP_NX}));
    }
}

/* Just below the least normal number, what counts is where rounding would go if the exponent had no
 * limit.
 */
TEST(FpRange, TininessIsDetectedAfterRounding)
{
    const uint64_t below = bits(1 - ulp64 / 2);
    EXPECT_EQ(run(fp64_mul, bits(min64), below, FP_RNE), (Outcome{bits(min64), FP_UF | FP_NX}));
    const uint64_t small = bits(ldexp(1.0, -600));
    const uint64_t minus_small = bits(-ldexp(1.0, -600));
    EXPECT_EQ(run(fp64_fma, small, minus_small, bits(min64), FP_RNE),
              (Outcome{bits(min64), FP_NX}));
    EXPECT_EQ(run(fp64_fma, small, minus_small, bits(min64), FP_RTZ),
              (Outcome{0x000FFFFFFFFFFFFF, FP_UF | FP_NX}));

    const double least = ldexp(1.0, -126);
    EXPECT_EQ(run(fp64_to_fp32, bits(least - ldexp(1.0, -150)), FP_RNE),
              (Outcome{bits(min32), FP_UF | FP_NX}));
    EXPECT_EQ(run(fp64_to_fp32, bits(least - ldexp(1.0, -151)), FP_RNE),
              (Outcome{bits(min32), FP_NX}));
    EXPECT_EQ(run(fp64_to_fp32, bits(least - ldexp(1.0, -151)), FP_RDN),
              (Outcome{0x007FFFFF, FP_UF | FP_NX}));
}

/* Flags stay, and neither results nor other flags depend on them. */
template <typename R, typename... A, typename... B>
void expect_no_influence(R (*function)(A...), B... arguments)
{
    const uint32_t before = FP_NX | FP_DZ;
    Outcome fresh = run(function, arguments...);
    uint32_t flags = before;
    uint64_t result = function(arguments..., &flags);
    EXPECT_EQ((Outcome{result, flags}), (Outcome{fresh.bits, before | fresh.flags}));
}

/* The host's FPU may compute if NX has been raised. */
TEST(FpRange, ResultsDoNotDependOnAccruedFlags)
{
    const double values[] = {
        0,     1,      1 + ulp64, 1 - ulp64 / 2, max64,  min64,     -min64,   2 * min64,     tiny64,
        0.1,   -3,     1e-308,    1e154,         1e-160, -infinity, infinity, 1 - ulp32 / 2, max32,
        min32, tiny32,
    };
    for (double a : values) {
        for (double b : values) {
            for (fp_rounding rm : all_modes) {
                expect_no_influence(fp64_add, bits(a), bits(b), rm);
                expect_no_influence(fp64_sub, bits(a), bits(b), rm);
                expect_no_influence(fp64_mul, bits(a), bits(b), rm);
                expect_no_influence(fp64_div, bits(a), bits(b), rm);
                expect_no_influence(fp64_sqrt, bits(a), rm);
                expect_no_influence(fp64_fma, bits(a), bits(b), bits(-1.0), rm);
                expect_no_influence(fp32_add, bits((float)a), bits((float)b), rm);
                expect_no_influence(fp32_mul, bits((float)a), bits((float)b), rm);
                expect_no_influence(fp32_div, bits((float)a), bits((float)b), rm);
            }
        }
    }
}

/* ---- NaN, infinity, invalid operations ------------------------------------------------------ */

TEST(FpInvalid, NanResultsAreCanonical)
{
    const uint64_t one = bits(1.0);
    EXPECT_EQ(run(fp64_add, quiet64, one, FP_RNE), (Outcome{FP_NAN64, 0}));
    EXPECT_EQ(run(fp64_mul, one, quiet64, FP_RNE), (Outcome{FP_NAN64, 0}));
    EXPECT_EQ(run(fp64_div, quiet64, bits(0.0), FP_RNE), (Outcome{FP_NAN64, 0}));
    EXPECT_EQ(run(fp64_sqrt, quiet64, FP_RNE), (Outcome{FP_NAN64, 0}));
    EXPECT_EQ(run(fp64_fma, one, one, quiet64, FP_RNE), (Outcome{FP_NAN64, 0}));
    EXPECT_EQ(run(fp64_to_fp32, quiet64, FP_RNE), (Outcome{FP_NAN32, 0}));
    EXPECT_EQ(run(fp32_to_fp64, quiet32), (Outcome{FP_NAN64, 0}));
    EXPECT_EQ(run(fp32_add, quiet32, bits(1.0f), FP_RNE), (Outcome{FP_NAN32, 0}));
}

TEST(FpInvalid, SignallingNanRaisesInvalid)
{
    const uint64_t one = bits(1.0);
    EXPECT_EQ(run(fp64_add, signalling64, quiet64, FP_RNE), (Outcome{FP_NAN64, FP_NV}));
    EXPECT_EQ(run(fp64_sub, one, signalling64, FP_RNE), (Outcome{FP_NAN64, FP_NV}));
    EXPECT_EQ(run(fp64_mul, signalling64, one, FP_RNE), (Outcome{FP_NAN64, FP_NV}));
    EXPECT_EQ(run(fp64_div, one, signalling64, FP_RNE), (Outcome{FP_NAN64, FP_NV}));
    EXPECT_EQ(run(fp64_sqrt, signalling64, FP_RNE), (Outcome{FP_NAN64, FP_NV}));
    EXPECT_EQ(run(fp64_fma, one, signalling64, one, FP_RNE), (Outcome{FP_NAN64, FP_NV}));
    EXPECT_EQ(run(fp64_fma, quiet64, one, signalling64, FP_RNE), (Outcome{FP_NAN64, FP_NV}));
    EXPECT_EQ(run(fp64_to_fp32, signalling64, FP_RNE), (Outcome{FP_NAN32, FP_NV}));
    EXPECT_EQ(run(fp32_to_fp64, signalling32), (Outcome{FP_NAN64, FP_NV}));
}

TEST(FpInvalid, OperationsWithoutAnAnswer)
{
    const uint64_t inf = bits(infinity);
    const uint64_t zero = bits(0.0);
    const Outcome invalid = {FP_NAN64, FP_NV};
    EXPECT_EQ(run(fp64_sub, inf, inf, FP_RNE), invalid);
    EXPECT_EQ(run(fp64_add, inf, bits(-infinity), FP_RNE), invalid);
    EXPECT_EQ(run(fp64_mul, inf, zero, FP_RNE), invalid);
    EXPECT_EQ(run(fp64_div, inf, inf, FP_RNE), invalid);
    EXPECT_EQ(run(fp64_div, zero, zero, FP_RNE), invalid);
    EXPECT_EQ(run(fp64_sqrt, bits(-1.0), FP_RNE), invalid);
    EXPECT_EQ(run(fp64_sqrt, bits(-infinity), FP_RNE), invalid);
    EXPECT_EQ(run(fp64_sqrt, bits(-0.0), FP_RNE), (Outcome{bits(-0.0), 0}));
    EXPECT_EQ(run(fp64_fma, inf, bits(1.0), bits(-infinity), FP_RNE), invalid);
    EXPECT_EQ(run(fp64_fma, inf, zero, bits(1.0), FP_RNE), invalid);
    EXPECT_EQ(run(fp64_fma, zero, inf, quiet64, FP_RNE), invalid);
    EXPECT_EQ(run(fp64_fma, inf, quiet64, zero, FP_RNE), (Outcome{FP_NAN64, 0}));
}

TEST(FpInvalid, InfinityIsExact)
{
    const uint64_t inf = bits(infinity);
    EXPECT_EQ(run(fp64_add, inf, bits(max64), FP_RNE), (Outcome{inf, 0}));
    EXPECT_EQ(run(fp64_sub, bits(1.0), inf, FP_RNE), (Outcome{bits(-infinity), 0}));
    EXPECT_EQ(run(fp64_mul, inf, bits(-2.0), FP_RNE), (Outcome{bits(-infinity), 0}));
    EXPECT_EQ(run(fp64_div, bits(-1.0), inf, FP_RNE), (Outcome{bits(-0.0), 0}));
    EXPECT_EQ(run(fp64_sqrt, inf, FP_RNE), (Outcome{inf, 0}));
    EXPECT_EQ(run(fp64_fma, bits(1.0), bits(2.0), inf, FP_RNE), (Outcome{inf, 0}));
    EXPECT_EQ(run(fp64_to_fp32, inf, FP_RNE), (Outcome{0x7F800000, 0}));
}

TEST(FpInvalid, DivisionByZero)
{
    EXPECT_EQ(run(fp64_div, bits(1.0), bits(0.0), FP_RNE), (Outcome{bits(infinity), FP_DZ}));
    EXPECT_EQ(run(fp64_div, bits(1.0), bits(-0.0), FP_RTZ), (Outcome{bits(-infinity), FP_DZ}));
    EXPECT_EQ(run(fp64_div, bits(infinity), bits(0.0), FP_RNE), (Outcome{bits(infinity), 0}));
    EXPECT_EQ(run(fp32_div, bits(-tiny32), bits(0.0f), FP_RNE), (Outcome{0xFF800000, FP_DZ}));
}

/* ---- Comparison ----------------------------------------------------------------------------- */

TEST(FpCompare, MinimumAndMaximum)
{
    const uint64_t one = bits(1.0);
    const uint64_t minus_zero = bits(-0.0);
    const uint64_t zero = bits(0.0);
    EXPECT_EQ(run(fp64_min, one, bits(-2.0)), (Outcome{bits(-2.0), 0}));
    EXPECT_EQ(run(fp64_max, one, bits(-2.0)), (Outcome{one, 0}));
    EXPECT_EQ(run(fp64_min, bits(-1.0), bits(-2.0)), (Outcome{bits(-2.0), 0}));
    EXPECT_EQ(run(fp64_min, zero, minus_zero), (Outcome{minus_zero, 0}));
    EXPECT_EQ(run(fp64_min, minus_zero, zero), (Outcome{minus_zero, 0}));
    EXPECT_EQ(run(fp64_max, zero, minus_zero), (Outcome{zero, 0}));
    EXPECT_EQ(run(fp64_max, minus_zero, zero), (Outcome{zero, 0}));
    EXPECT_EQ(run(fp64_min, quiet64, one), (Outcome{one, 0}));
    EXPECT_EQ(run(fp64_max, one, quiet64), (Outcome{one, 0}));
    EXPECT_EQ(run(fp64_min, one, signalling64), (Outcome{one, FP_NV}));
    EXPECT_EQ(run(fp64_max, signalling64, one), (Outcome{one, FP_NV}));
    EXPECT_EQ(run(fp64_min, quiet64, quiet64), (Outcome{FP_NAN64, 0}));
    EXPECT_EQ(run(fp64_max, quiet64, signalling64), (Outcome{FP_NAN64, FP_NV}));
    EXPECT_EQ(run(fp32_min, quiet32, bits(-1.0f)), (Outcome{bits(-1.0f), 0}));
    EXPECT_EQ(run(fp32_max, bits(-0.0f), bits(0.0f)), (Outcome{bits(0.0f), 0}));
    EXPECT_EQ(run(fp32_max, quiet32, quiet32), (Outcome{FP_NAN32, 0}));
}

TEST(FpCompare, Order)
{
    const double rising[] = {-infinity, -max64, -1, -tiny64, 0, tiny64, 1, max64, infinity};
    for (double a : rising) {
        for (double b : rising) {
            EXPECT_EQ(run(fp64_eq, bits(a), bits(b)), (Outcome{a == b, 0})) << a << " " << b;
            EXPECT_EQ(run(fp64_lt, bits(a), bits(b)), (Outcome{a < b, 0})) << a << " " << b;
            EXPECT_EQ(run(fp64_le, bits(a), bits(b)), (Outcome{a <= b, 0})) << a << " " << b;
        }
    }
    EXPECT_EQ(run(fp64_eq, bits(0.0), bits(-0.0)), (Outcome{1, 0}));
    EXPECT_EQ(run(fp64_lt, bits(-0.0), bits(0.0)), (Outcome{0, 0}));
    EXPECT_EQ(run(fp64_le, bits(0.0), bits(-0.0)), (Outcome{1, 0}));
    EXPECT_EQ(run(fp32_lt, bits(-2.0f), bits(-1.0f)), (Outcome{1, 0}));
}

TEST(FpCompare, OnlyEqualityIsQuiet)
{
    const uint64_t one = bits(1.0);
    EXPECT_EQ(run(fp64_eq, quiet64, quiet64), (Outcome{0, 0}));
    EXPECT_EQ(run(fp64_lt, quiet64, one), (Outcome{0, FP_NV}));
    EXPECT_EQ(run(fp64_le, one, quiet64), (Outcome{0, FP_NV}));
    EXPECT_EQ(run(fp64_eq, one, signalling64), (Outcome{0, FP_NV}));
    EXPECT_EQ(run(fp32_eq, quiet32, bits(1.0f)), (Outcome{0, 0}));
    EXPECT_EQ(run(fp32_le, quiet32, quiet32), (Outcome{0, FP_NV}));
}

TEST(FpCompare, Classes)
{
    const double by_bit[] = {-infinity, -1, -tiny64, -0.0, 0.0, tiny64, 1, infinity};
    const float by_bit32[] = {(float)-infinity, -1, -tiny32,        -0.0f, 0.0f,
                              tiny32,           1,  (float)infinity};
    for (uint32_t bit = 0; bit < 8; bit++) {
        EXPECT_EQ(fp64_class(bits(by_bit[bit])), 1u << bit);
        EXPECT_EQ(fp32_class(bits(by_bit32[bit])), 1u << bit);
    }
    EXPECT_EQ(fp64_class(bits(-min64)), 1u << 1);
    EXPECT_EQ(fp64_class(signalling64), 1u << 8);
    EXPECT_EQ(fp64_class(quiet64), 1u << 9);
    EXPECT_EQ(fp32_class(signalling32), 1u << 8);
    EXPECT_EQ(fp32_class(quiet32), 1u << 9);
}

/* ---- Conversion ----------------------------------------------------------------------------- */

TEST(FpConvert, ToIntegerInEachMode)
{
    const struct {
        double value;
        int64_t by_mode[5];
    } table[] = {
        {0.5, {0, 0, 0, 1, 1}},    {1.5, {2, 1, 1, 2, 2}},       {2.5, {2, 2, 2, 3, 3}},
        {-0.5, {0, 0, -1, 0, -1}}, {-2.5, {-2, -2, -3, -2, -3}}, {-2.75, {-3, -2, -3, -2, -3}},
        {tiny64, {0, 0, 0, 1, 0}}, {-tiny64, {0, 0, -1, 0, 0}},
    };
    for (const auto &row : table) {
        for (fp_rounding rm : all_modes) {
            Outcome expected = {(uint64_t)row.by_mode[rm], FP_NX};
            EXPECT_EQ(run(fp64_to_i64, bits(row.value), rm), expected) << row.value << " " << rm;
            EXPECT_EQ(run(fp64_to_i32, bits(row.value), rm), expected) << row.value << " " << rm;
            /* Below 0 after rounding: invalid. */
            Outcome positive = row.by_mode[rm] < 0 ? Outcome{0, FP_NV} : expected;
            EXPECT_EQ(run(fp64_to_u64, bits(row.value), rm), positive) << row.value << " " << rm;
            EXPECT_EQ(run(fp64_to_u32, bits(row.value), rm), positive) << row.value << " " << rm;
        }
    }
}

TEST(FpConvert, ToIntegerSaturates)
{
    const uint64_t i32_min = 0xFFFFFFFF80000000;
    const uint64_t i64_min = 0x8000000000000000;
    EXPECT_EQ(run(fp64_to_i32, bits(2147483648.0), FP_RNE), (Outcome{INT32_MAX, FP_NV}));
    EXPECT_EQ(run(fp64_to_i32, bits(2147483647.5), FP_RTZ), (Outcome{INT32_MAX, FP_NX}));
    EXPECT_EQ(run(fp64_to_i32, bits(2147483647.5), FP_RNE), (Outcome{INT32_MAX, FP_NV}));
    EXPECT_EQ(run(fp64_to_i32, bits(-2147483648.0), FP_RNE), (Outcome{i32_min, 0}));
    EXPECT_EQ(run(fp64_to_i32, bits(-2147483649.0), FP_RNE), (Outcome{i32_min, FP_NV}));
    /* Unsigned words are sign-extended too. */
    EXPECT_EQ(run(fp64_to_u32, bits(4294967295.0), FP_RNE), (Outcome{UINT64_MAX, 0}));
    EXPECT_EQ(run(fp64_to_u32, bits(2147483648.0), FP_RNE), (Outcome{i32_min, 0}));
    EXPECT_EQ(run(fp32_to_u32, bits(2147483648.0f), FP_RNE), (Outcome{i32_min, 0}));
    EXPECT_EQ(run(fp64_to_u32, bits(4294967296.0), FP_RNE), (Outcome{UINT64_MAX, FP_NV}));
    EXPECT_EQ(run(fp64_to_u32, bits(-1.0), FP_RNE), (Outcome{0, FP_NV}));
    EXPECT_EQ(run(fp64_to_i64, bits(ldexp(1.0, 63)), FP_RNE), (Outcome{INT64_MAX, FP_NV}));
    EXPECT_EQ(run(fp64_to_i64, bits(-ldexp(1.0, 63)), FP_RNE), (Outcome{i64_min, 0}));
    EXPECT_EQ(run(fp64_to_u64, bits(ldexp(1.0, 63)), FP_RNE), (Outcome{i64_min, 0}));
    EXPECT_EQ(run(fp64_to_u64, bits(ldexp(1.0, 64)), FP_RNE), (Outcome{UINT64_MAX, FP_NV}));
    EXPECT_EQ(run(fp32_to_u64, bits(ldexpf(1.0f, 64)), FP_RNE), (Outcome{UINT64_MAX, FP_NV}));
    EXPECT_EQ(run(fp64_to_i64, bits(-infinity), FP_RNE), (Outcome{i64_min, FP_NV}));
    EXPECT_EQ(run(fp64_to_u64, bits(-infinity), FP_RNE), (Outcome{0, FP_NV}));
    EXPECT_EQ(run(fp64_to_u64, bits(-0.0), FP_RDN), (Outcome{0, 0}));
}

TEST(FpConvert, NanBecomesTheLargestInteger)
{
    for (uint64_t nan : {quiet64, signalling64}) {
        EXPECT_EQ(run(fp64_to_i32, nan, FP_RNE), (Outcome{INT32_MAX, FP_NV}));
        EXPECT_EQ(run(fp64_to_u32, nan, FP_RNE), (Outcome{UINT64_MAX, FP_NV}));
        EXPECT_EQ(run(fp64_to_i64, nan, FP_RNE), (Outcome{INT64_MAX, FP_NV}));
        EXPECT_EQ(run(fp64_to_u64, nan, FP_RNE), (Outcome{UINT64_MAX, FP_NV}));
    }
    EXPECT_EQ(run(fp32_to_i32, quiet32, FP_RNE), (Outcome{INT32_MAX, FP_NV}));
}

TEST(FpConvert, FromInteger)
{
    EXPECT_EQ(run(fp32_from_i32, 16777217ull, FP_RNE), (Outcome{bits(16777216.0f), FP_NX}));
    EXPECT_EQ(run(fp32_from_i32, 16777217ull, FP_RMM), (Outcome{bits(16777218.0f), FP_NX}));
    EXPECT_EQ(run(fp32_from_i32, -16777217ull, FP_RDN), (Outcome{bits(-16777218.0f), FP_NX}));
    EXPECT_EQ(run(fp32_from_u64, UINT64_MAX, FP_RNE), (Outcome{bits(ldexpf(1, 64)), FP_NX}));
    EXPECT_EQ(run(fp32_from_u64, UINT64_MAX, FP_RTZ), (Outcome{0x5F7FFFFF, FP_NX}));
    EXPECT_EQ(run(fp64_from_i64, 1ull << 63, FP_RNE), (Outcome{bits(-ldexp(1.0, 63)), 0}));
    EXPECT_EQ(run(fp64_from_u64, 1ull << 63, FP_RNE), (Outcome{bits(ldexp(1.0, 63)), 0}));
    EXPECT_EQ(run(fp64_from_i64, (1ull << 53) + 1, FP_RUP),
              (Outcome{bits(9007199254740994.0), FP_NX}));
    EXPECT_EQ(run(fp64_from_i64, 0ull, FP_RDN), (Outcome{bits(0.0), 0}));
}

TEST(FpConvert, FromWordsIgnoresTheHighHalf)
{
    const uint64_t word = 0x12345678FFFFFFFE;
    EXPECT_EQ(fp64_from_i32(word), bits(-2.0));
    EXPECT_EQ(fp64_from_u32(word), bits(4294967294.0));
    EXPECT_EQ(fp64_from_i32(0x80000000), bits(-2147483648.0));
    EXPECT_EQ(run(fp32_from_i32, word, FP_RNE), (Outcome{bits(-2.0f), 0}));
    EXPECT_EQ(run(fp32_from_u32, word, FP_RTZ), (Outcome{0x4F7FFFFF, FP_NX}));
}

TEST(FpConvert, BetweenFormats)
{
    EXPECT_EQ(run(fp32_to_fp64, bits(-0.1f)), (Outcome{bits((double)-0.1f), 0}));
    EXPECT_EQ(run(fp32_to_fp64, bits(tiny32)), (Outcome{bits(ldexp(1.0, -149)), 0}));
    EXPECT_EQ(run(fp32_to_fp64, 0xFF800000u), (Outcome{bits(-infinity), 0}));
    EXPECT_EQ(run(fp32_to_fp64, bits(-0.0f)), (Outcome{bits(-0.0), 0}));
    EXPECT_EQ(run(fp64_to_fp32, bits(0.1), FP_RNE), (Outcome{0x3DCCCCCD, FP_NX}));
    EXPECT_EQ(run(fp64_to_fp32, bits(0.1), FP_RTZ), (Outcome{0x3DCCCCCC, FP_NX}));
    EXPECT_EQ(run(fp64_to_fp32, bits(ldexp(1.0, -149)), FP_RNE), (Outcome{bits(tiny32), 0}));
    EXPECT_EQ(run(fp64_to_fp32, bits(-tiny64), FP_RNE), (Outcome{0x80000000, FP_UF | FP_NX}));
}

} // namespace
