/* SPDX-License-Identifier: BSD-2-Clause */

/* Every operation unpacks its operands, finds a result that is exact but for a sticky lowest bit,
 * and rounds that once, in pack().
 */
#include "hosted/rv64/fp_soft.h"

__extension__ typedef unsigned __int128 uint128;

const struct fp_format fp_soft_single = {
    .fraction_bits = 23,
    .bias = 127,
    .sign = 0x80000000,
    .infinity = 0x7F800000,
    .nan = FP_NAN32,
};

const struct fp_format fp_soft_double = {
    .fraction_bits = 52,
    .bias = 1023,
    .sign = 0x8000000000000000,
    .infinity = 0x7FF0000000000000,
    .nan = FP_NAN64,
};

/* No NaN. A finite number is significand * 2^(exponent - 63); its significand has bit 63 set, or is
 * 0.
 */
struct number {
    bool negative;
    bool infinite;
    int32_t exponent;
    uint64_t significand;
};

/* Likewise significand * 2^(exponent - 127), for results that are yet to be rounded. */
struct wide {
    bool negative;
    int32_t exponent;
    uint128 significand;
};

/* Zero, and its product with anything, has the least exponent: sum() takes it for the smaller. */
enum { EXPONENT_ZERO = -100000 };

static struct number unpack(const struct fp_format *format, uint64_t bits)
{
    struct number number = {.negative = (bits & format->sign) != 0};
    uint64_t fraction = bits & (format->sign - 1) & ~format->infinity;
    int32_t biased = (int32_t)((bits & format->infinity) >> format->fraction_bits);

    if ((bits & format->infinity) == format->infinity) {
        number.infinite = true;
    } else if (biased != 0) {
        number.exponent = biased - format->bias;
        number.significand = (1ull << 63) | (fraction << (63 - format->fraction_bits));
    } else if (fraction != 0) {
        int32_t shift = __builtin_clzll(fraction);
        number.exponent = 64 - format->bias - format->fraction_bits - shift;
        number.significand = fraction << shift;
    } else {
        number.exponent = EXPONENT_ZERO;
    }
    return number;
}

static uint64_t signed_bits(const struct fp_format *format, bool negative, uint64_t magnitude)
{
    return negative ? format->sign | magnitude : magnitude;
}

static bool is_zero(struct number number)
{
    return !number.infinite && number.significand == 0;
}

static bool is_nan(const struct fp_format *format, uint64_t bits)
{
    return (bits & (format->sign - 1)) > format->infinity;
}

static bool is_signalling(const struct fp_format *format, uint64_t bits)
{
    return is_nan(format, bits) && (bits & format->nan) != format->nan;
}

static uint64_t invalid(const struct fp_format *format, uint32_t *flags)
{
    *flags |= FP_NV;
    return format->nan;
}

/* The result of an operation if any operand is a NaN. */
static uint64_t nan_of(const struct fp_format *format, uint64_t a, uint64_t b, uint32_t *flags)
{
    bool signalling = is_signalling(format, a) || is_signalling(format, b);
    return signalling ? invalid(format, flags) : format->nan;
}

/* Shifts right; any bit that falls out is kept in the lowest. */
static uint64_t shift_sticky(uint64_t value, int32_t shift)
{
    if (shift == 0) {
        return value;
    }
    return shift > 63 ? value != 0 : (value >> shift) | (value << (64 - shift) != 0);
}

static uint128 shift_sticky_wide(uint128 value, int32_t shift)
{
    if (shift == 0) {
        return value;
    }
    return shift > 127 ? value != 0 : (value >> shift) | (value << (128 - shift) != 0);
}

/* Does a magnitude that lies `rest` above a representable one (odd or even) go to the next one?
 * `half` is half of their distance. */
static bool rounds_away(enum fp_rounding rm, bool negative, bool odd, uint64_t rest, uint64_t half)
{
    switch (rm) {
    case FP_RNE:
        return rest > half || (rest == half && odd);
    case FP_RTZ:
        return false;
    case FP_RDN:
        return negative && rest != 0;
    case FP_RUP:
        return !negative && rest != 0;
    case FP_RMM:
        return rest >= half;
    }
    return false;
}

/* Rounds significand * 2^(exponent - 63), whose bit 63 is set. */
static uint64_t pack(const struct fp_format *format, bool negative, int32_t exponent,
                     uint64_t significand, enum fp_rounding rm, uint32_t *flags)
{
    int32_t drop = 63 - format->fraction_bits;
    uint64_t half = 1ull << (drop - 1);
    uint64_t mask = (1ull << drop) - 1;
    int32_t biased = exponent + format->bias;
    bool tiny = false;

    if (biased < 1) {
        /* RISC-V detects tininess after rounding: a number is not tiny if the least normal number
         * would be its value, rounded as though the exponent had no limit. */
        bool carries = (significand | mask) == UINT64_MAX &&
                       rounds_away(rm, negative, true, significand & mask, half);
        tiny = biased < 0 || !carries;
        significand = shift_sticky(significand, 1 - biased);
        biased = 1;
    }

    uint64_t rest = significand & mask;
    uint64_t kept = significand >> drop;
    kept += rounds_away(rm, negative, kept & 1, rest, half);
    if (rest != 0) {
        *flags |= tiny ? FP_NX | FP_UF : FP_NX;
    }

    /* The bit before the fraction, absent in subnormal numbers, counts up the exponent; so does a
     * carry out of rounding. */
    uint64_t magnitude = ((uint64_t)(biased - 1) << format->fraction_bits) + kept;
    if (magnitude >= format->infinity) {
        *flags |= FP_OF | FP_NX;
        magnitude = format->infinity;
        magnitude -= !rounds_away(rm, negative, true, half + 1, half);
    }
    return signed_bits(format, negative, magnitude);
}

/* The same for a significand that is not normalised, and zero. */
static uint64_t pack_wide(const struct fp_format *format, struct wide wide, enum fp_rounding rm,
                          uint32_t *flags)
{
    uint64_t high = (uint64_t)(wide.significand >> 64);
    if (high == 0) {
        wide.significand <<= 64;
        wide.exponent -= 64;
        high = (uint64_t)(wide.significand >> 64);
    }
    if (high == 0) {
        return signed_bits(format, wide.negative, 0);
    }
    int32_t shift = __builtin_clzll(high);
    wide.significand <<= shift;
    uint64_t significand = (uint64_t)(wide.significand >> 64) | ((uint64_t)wide.significand != 0);
    return pack(format, wide.negative, wide.exponent - shift, significand, rm, flags);
}

static struct wide widen(struct number number)
{
    return (struct wide){number.negative, number.exponent, (uint128)number.significand << 64};
}

/* Significands have bit 127 or 126 set, or are 0, and end in at least 22 zeros. So a sticky bit
 * appears only if the exponents differ by as much; then cancellation takes two places at most, and
 * the sticky bit stays far below the last place of the result.
 */
static struct wide sum(struct wide a, struct wide b, enum fp_rounding rm)
{
    if (a.exponent < b.exponent) {
        struct wide swap = a;
        a = b;
        b = swap;
    }
    /* Room for the carry. */
    uint128 larger = a.significand >> 1;
    uint128 smaller = shift_sticky_wide(b.significand >> 1, a.exponent - b.exponent);
    struct wide result = {.negative = a.negative, .exponent = a.exponent + 1};
    if (a.negative == b.negative) {
        result.significand = larger + smaller;
    } else if (larger == smaller) {
        result.negative = rm == FP_RDN;
    } else if (larger > smaller) {
        result.significand = larger - smaller;
    } else {
        result.significand = smaller - larger;
        result.negative = b.negative;
    }
    return result;
}

static struct wide product(struct number a, struct number b)
{
    return (struct wide){
        .negative = a.negative != b.negative,
        .exponent = a.exponent + b.exponent + 1,
        .significand = (uint128)a.significand * b.significand,
    };
}

uint64_t fp_soft_add(const struct fp_format *format, uint64_t a_bits, uint64_t b_bits,
                     enum fp_rounding rm, uint32_t *flags)
{
    if (is_nan(format, a_bits) || is_nan(format, b_bits)) {
        return nan_of(format, a_bits, b_bits, flags);
    }
    struct number a = unpack(format, a_bits);
    struct number b = unpack(format, b_bits);

    if (a.infinite && b.infinite && a.negative != b.negative) {
        return invalid(format, flags);
    }
    if (a.infinite || b.infinite) {
        return a.infinite ? a_bits : b_bits;
    }
    return pack_wide(format, sum(widen(a), widen(b), rm), rm, flags);
}

uint64_t fp_soft_mul(const struct fp_format *format, uint64_t a_bits, uint64_t b_bits,
                     enum fp_rounding rm, uint32_t *flags)
{
    if (is_nan(format, a_bits) || is_nan(format, b_bits)) {
        return nan_of(format, a_bits, b_bits, flags);
    }
    struct number a = unpack(format, a_bits);
    struct number b = unpack(format, b_bits);

    if (a.infinite || b.infinite) {
        if (is_zero(a) || is_zero(b)) {
            return invalid(format, flags);
        }
        return signed_bits(format, a.negative != b.negative, format->infinity);
    }
    return pack_wide(format, product(a, b), rm, flags);
}

uint64_t fp_soft_div(const struct fp_format *format, uint64_t a_bits, uint64_t b_bits,
                     enum fp_rounding rm, uint32_t *flags)
{
    if (is_nan(format, a_bits) || is_nan(format, b_bits)) {
        return nan_of(format, a_bits, b_bits, flags);
    }
    struct number a = unpack(format, a_bits);
    struct number b = unpack(format, b_bits);
    bool negative = a.negative != b.negative;

    if ((a.infinite && b.infinite) || (is_zero(a) && is_zero(b))) {
        return invalid(format, flags);
    }
    if (a.infinite) {
        return signed_bits(format, negative, format->infinity);
    }
    if (is_zero(a) || b.infinite) {
        return signed_bits(format, negative, 0);
    }
    if (is_zero(b)) {
        *flags |= FP_DZ;
        return signed_bits(format, negative, format->infinity);
    }

    /* The quotient of the significands is above 1/2 and below 2. */
    uint128 dividend = (uint128)a.significand << 63;
    uint64_t quotient = (uint64_t)(dividend / b.significand);
    bool exact = (uint128)quotient * b.significand == dividend;
    int32_t shift = __builtin_clzll(quotient);
    return pack(format, negative, a.exponent - b.exponent - shift, quotient << shift | !exact, rm,
                flags);
}

uint64_t fp_soft_sqrt(const struct fp_format *format, uint64_t a_bits, enum fp_rounding rm,
                      uint32_t *flags)
{
    if (is_nan(format, a_bits)) {
        return nan_of(format, a_bits, a_bits, flags);
    }
    struct number a = unpack(format, a_bits);

    if (is_zero(a)) {
        return a_bits;
    }
    if (a.negative) {
        return invalid(format, flags);
    }
    if (a.infinite) {
        return a_bits;
    }

    /* The integer square root of 127 or 128 bits (the exponent must be even) has 64. Its digits are
     * found one by one from the highest on; one more than the format has is enough to round. */
    bool odd = (a.exponent & 1) != 0;
    uint128 rest = (uint128)a.significand << (odd ? 64 : 63);
    uint128 root = 0;
    for (int32_t bit = 63; bit >= 62 - format->fraction_bits; bit--) {
        uint128 square = (root << (bit + 1)) + ((uint128)1 << (2 * bit));
        if (rest >= square) {
            rest -= square;
            root |= (uint128)1 << bit;
        }
    }
    return pack(format, false, (a.exponent - odd) / 2, (uint64_t)root | (rest != 0), rm, flags);
}

uint64_t fp_soft_fma(const struct fp_format *format, uint64_t a_bits, uint64_t b_bits,
                     uint64_t c_bits, enum fp_rounding rm, uint32_t *flags)
{
    bool factor_nan = is_nan(format, a_bits) || is_nan(format, b_bits);
    struct number a = unpack(format, a_bits);
    struct number b = unpack(format, b_bits);
    struct number c = unpack(format, c_bits);
    bool infinite = a.infinite || b.infinite;
    bool negative = a.negative != b.negative;

    /* Infinity times 0 is invalid, even if a quiet NaN is added. */
    if (!factor_nan && infinite && (is_zero(a) || is_zero(b))) {
        return invalid(format, flags);
    }
    if (factor_nan || is_nan(format, c_bits)) {
        bool signalling = is_signalling(format, c_bits);
        return signalling ? invalid(format, flags) : nan_of(format, a_bits, b_bits, flags);
    }
    if (infinite && c.infinite && negative != c.negative) {
        return invalid(format, flags);
    }
    if (infinite) {
        return signed_bits(format, negative, format->infinity);
    }
    if (c.infinite) {
        return c_bits;
    }
    return pack_wide(format, sum(product(a, b), widen(c), rm), rm, flags);
}

/* The order of numbers as that of integers; both zeros are 0. */
static int64_t order(const struct fp_format *format, uint64_t bits)
{
    int64_t magnitude = (int64_t)(bits & (format->sign - 1));
    return (bits & format->sign) != 0 ? -magnitude : magnitude;
}

/* minimumNumber and maximumNumber of IEEE 754-2019: -0 is less than +0, and a NaN is missing data.
 */
static uint64_t choose(const struct fp_format *format, uint64_t a, uint64_t b, bool want_less,
                       uint32_t *flags)
{
    if (is_nan(format, a) || is_nan(format, b)) {
        uint64_t nan = nan_of(format, a, b, flags);
        return !is_nan(format, a) ? a : !is_nan(format, b) ? b : nan;
    }
    int64_t a_order = order(format, a);
    int64_t b_order = order(format, b);
    bool less = a_order == b_order ? (a & format->sign) != 0 : a_order < b_order;
    return less == want_less ? a : b;
}

uint64_t fp_soft_min(const struct fp_format *format, uint64_t a, uint64_t b, uint32_t *flags)
{
    return choose(format, a, b, true, flags);
}

uint64_t fp_soft_max(const struct fp_format *format, uint64_t a, uint64_t b, uint32_t *flags)
{
    return choose(format, a, b, false, flags);
}

/* Can they be compared? If not, quiet NaNs raise NV too, unless allowed. */
static bool ordered(const struct fp_format *format, uint64_t a, uint64_t b, bool allow_quiet,
                    uint32_t *flags)
{
    if (!is_nan(format, a) && !is_nan(format, b)) {
        return true;
    }
    if (!allow_quiet || is_signalling(format, a) || is_signalling(format, b)) {
        *flags |= FP_NV;
    }
    return false;
}

bool fp_soft_eq(const struct fp_format *format, uint64_t a, uint64_t b, uint32_t *flags)
{
    return ordered(format, a, b, true, flags) && order(format, a) == order(format, b);
}

bool fp_soft_lt(const struct fp_format *format, uint64_t a, uint64_t b, uint32_t *flags)
{
    return ordered(format, a, b, false, flags) && order(format, a) < order(format, b);
}

bool fp_soft_le(const struct fp_format *format, uint64_t a, uint64_t b, uint32_t *flags)
{
    return ordered(format, a, b, false, flags) && order(format, a) <= order(format, b);
}

uint32_t fp_soft_class(const struct fp_format *format, uint64_t a)
{
    if (is_nan(format, a)) {
        return is_signalling(format, a) ? 1u << 8 : 1u << 9;
    }
    struct number number = unpack(format, a);
    /* Bits 0 to 3 and 7 to 4: from minus infinity to -0, from plus infinity to +0. */
    uint32_t distance = 2;
    if (number.infinite) {
        distance = 0;
    } else if (is_zero(number)) {
        distance = 3;
    } else if ((a & format->infinity) != 0) {
        distance = 1;
    }
    return number.negative ? 1u << distance : 1u << (7 - distance);
}

uint64_t fp_soft_convert(const struct fp_format *from, const struct fp_format *to, uint64_t a_bits,
                         enum fp_rounding rm, uint32_t *flags)
{
    if (is_nan(from, a_bits)) {
        return is_signalling(from, a_bits) ? invalid(to, flags) : to->nan;
    }
    struct number a = unpack(from, a_bits);
    if (a.infinite) {
        return signed_bits(to, a.negative, to->infinity);
    }
    return pack_wide(to, widen(a), rm, flags);
}

uint64_t fp_soft_to_int(const struct fp_format *format, uint64_t a_bits, uint64_t limit_below,
                        uint64_t limit_above, enum fp_rounding rm, uint32_t *flags)
{
    if (is_nan(format, a_bits)) {
        *flags |= FP_NV;
        return limit_above;
    }
    struct number a = unpack(format, a_bits);
    uint64_t limit = a.negative ? limit_below : limit_above;
    uint64_t magnitude = UINT64_MAX;
    uint64_t rest = 0;
    bool fits = !a.infinite && a.exponent <= 63;
    if (fits) {
        /* 64 bits before the point and 64 after it. */
        uint128 fixed = shift_sticky_wide((uint128)a.significand << 64, 63 - a.exponent);
        magnitude = (uint64_t)(fixed >> 64);
        rest = (uint64_t)fixed;
        magnitude += rounds_away(rm, a.negative, magnitude & 1, rest, 1ull << 63);
    }
    if (!fits || magnitude > limit) {
        *flags |= FP_NV;
        magnitude = limit;
    } else if (rest != 0) {
        *flags |= FP_NX;
    }
    return a.negative ? -magnitude : magnitude;
}

static uint64_t from_int(const struct fp_format *format, bool negative, uint64_t magnitude,
                         enum fp_rounding rm, uint32_t *flags)
{
    struct wide wide = {negative, 63, (uint128)magnitude << 64};
    return pack_wide(format, wide, rm, flags);
}

uint64_t fp_soft_from_signed(const struct fp_format *format, int64_t value, enum fp_rounding rm,
                             uint32_t *flags)
{
    uint64_t magnitude = value < 0 ? -(uint64_t)value : (uint64_t)value;
    return from_int(format, value < 0, magnitude, rm, flags);
}

uint64_t fp_soft_from_unsigned(const struct fp_format *format, uint64_t value, enum fp_rounding rm,
                               uint32_t *flags)
{
    return from_int(format, false, value, rm, flags);
}
