/* SPDX-License-Identifier: BSD-2-Clause */

/* Arithmetic of large integers: factorials, powers modulo a prime, decimal digits. */
#include "tests/rv64/programs/program.h"

enum { LIMBS = 64 };

struct big {
    uint64_t limb[LIMBS];
};

static struct big number, product;

static uint64_t multiply_small(struct big *n, uint64_t by)
{
    unsigned __int128 carry = 0;
    for (int i = 0; i < LIMBS; i++) {
        carry += (unsigned __int128)n->limb[i] * by;
        n->limb[i] = (uint64_t)carry;
        carry >>= 64;
    }
    return (uint64_t)carry;
}

static uint64_t divide_small(struct big *n, uint32_t by)
{
    uint64_t rest = 0;
    for (int i = 2 * LIMBS - 1; i >= 0; i--) {
        uint64_t shift = 32 * (uint64_t)(i % 2);
        uint64_t half = n->limb[i / 2] >> shift & 0xFFFFFFFF;
        uint64_t dividend = rest << 32 | half;
        n->limb[i / 2] += (dividend / by - half) << shift;
        rest = dividend % by;
    }
    return rest;
}

static void square(struct big *result, const struct big *n)
{
    memset(result, 0, sizeof *result);
    for (int i = 0; i < LIMBS; i++) {
        unsigned __int128 carry = 0;
        for (int j = 0; i + j < LIMBS; j++) {
            carry += (unsigned __int128)n->limb[i] * n->limb[j] + result->limb[i + j];
            result->limb[i + j] = (uint64_t)carry;
            carry >>= 64;
        }
    }
}

static uint64_t power(uint64_t base, uint64_t exponent, uint64_t modulus)
{
    unsigned __int128 result = 1, factor = base % modulus;
    for (; exponent != 0; exponent >>= 1) {
        if (exponent & 1) {
            result = result * factor % modulus;
        }
        factor = factor * factor % modulus;
    }
    return (uint64_t)result;
}

static uint64_t digits(struct big *n)
{
    uint64_t sum = 0;
    for (int i = 0; i < 1200; i++) {
        sum = sum * 11 + divide_small(n, 10);
    }
    return sum;
}

void program(void)
{
    number.limb[0] = 1;
    for (uint64_t i = 2; i <= 450; i++) {
        multiply_small(&number, i);
    }
    print("factorial", number.limb[7]);
    square(&product, &number);
    print("square", product.limb[LIMBS - 1]);
    print("digits", digits(&number));
    print("signed", (uint64_t)((int64_t)product.limb[20] / 1234567) ^
                        (uint64_t)((int32_t)product.limb[21] % -77));
    for (uint64_t i = 1; i < 20; i++) {
        print("power", power(next_random(), next_random(), 0xFFFFFFFFFFFFFFC5 - 2 * i));
    }
}
