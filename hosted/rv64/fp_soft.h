/* SPDX-License-Identifier: BSD-2-Clause */

/* IEEE 754 arithmetic in integers, with RISC-V's choices: what fp.h offers for each format, here
 * for one given as an argument. The same on every host, whatever its FPU, compiler and options.
 */
#ifndef HOSTED_RV64_FP_SOFT_H
#define HOSTED_RV64_FP_SOFT_H

#include <stdbool.h>
#include <stdint.h>

#include "hosted/rv64/fp.h"

struct fp_format {
    int32_t fraction_bits;
    int32_t bias;
    uint64_t sign;     /* The sign bit. */
    uint64_t infinity; /* Also the mask of the exponent. */
    uint64_t nan;      /* The canonical one: infinity and the quiet bit. */
};

extern const struct fp_format fp_soft_single;
extern const struct fp_format fp_soft_double;

uint64_t fp_soft_add(const struct fp_format *format, uint64_t a, uint64_t b, enum fp_rounding rm,
                     uint32_t *flags);
uint64_t fp_soft_mul(const struct fp_format *format, uint64_t a, uint64_t b, enum fp_rounding rm,
                     uint32_t *flags);
uint64_t fp_soft_div(const struct fp_format *format, uint64_t a, uint64_t b, enum fp_rounding rm,
                     uint32_t *flags);
uint64_t fp_soft_sqrt(const struct fp_format *format, uint64_t a, enum fp_rounding rm,
                      uint32_t *flags);
uint64_t fp_soft_fma(const struct fp_format *format, uint64_t a, uint64_t b, uint64_t c,
                     enum fp_rounding rm, uint32_t *flags);

uint64_t fp_soft_min(const struct fp_format *format, uint64_t a, uint64_t b, uint32_t *flags);
uint64_t fp_soft_max(const struct fp_format *format, uint64_t a, uint64_t b, uint32_t *flags);
bool fp_soft_eq(const struct fp_format *format, uint64_t a, uint64_t b, uint32_t *flags);
bool fp_soft_lt(const struct fp_format *format, uint64_t a, uint64_t b, uint32_t *flags);
bool fp_soft_le(const struct fp_format *format, uint64_t a, uint64_t b, uint32_t *flags);
uint32_t fp_soft_class(const struct fp_format *format, uint64_t a);

uint64_t fp_soft_convert(const struct fp_format *from, const struct fp_format *to, uint64_t a,
                         enum fp_rounding rm, uint32_t *flags);

/* To an integer from -limit_below to limit_above, in two's complement. */
uint64_t fp_soft_to_int(const struct fp_format *format, uint64_t a, uint64_t limit_below,
                        uint64_t limit_above, enum fp_rounding rm, uint32_t *flags);
uint64_t fp_soft_from_signed(const struct fp_format *format, int64_t value, enum fp_rounding rm,
                             uint32_t *flags);
uint64_t fp_soft_from_unsigned(const struct fp_format *format, uint64_t value, enum fp_rounding rm,
                               uint32_t *flags);

#endif
