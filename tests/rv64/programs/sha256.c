/* SPDX-License-Identifier: BSD-2-Clause */

/* SHA-256 (FIPS 180-4) of messages of many lengths; its constants are computed. */
#include "tests/rv64/programs/program.h"

static uint32_t k[64];
static uint32_t h[8];

static uint32_t rotate(uint32_t value, uint32_t by)
{
    return value >> by | value << (32 - by);
}

/* The first 32 bits of the fractional part of a root of n: by bisection of x^power < n * 2^s. */
static uint32_t root_fraction(uint64_t n, int power)
{
    unsigned __int128 low = 0, high = (unsigned __int128)1 << 37;
    while (high - low > 1) {
        unsigned __int128 middle = (low + high) / 2;
        unsigned __int128 value = middle * middle;
        unsigned __int128 limit = (unsigned __int128)n << 64;
        if (power == 3) { /* Without overflow: compares x^2 with n * 2^96 / x. */
            limit = ((unsigned __int128)n << 96) / middle;
        }
        if (value <= limit) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return (uint32_t)low;
}

static void make_constants(void)
{
    uint64_t candidate = 2;
    for (int count = 0; count < 64; candidate++) {
        int prime = 1;
        for (uint64_t d = 2; d * d <= candidate; d++) {
            prime &= candidate % d != 0;
        }
        if (!prime) {
            continue;
        }
        if (count < 8) {
            h[count] = root_fraction(candidate, 2);
        }
        k[count++] = root_fraction(candidate, 3);
    }
}

static void compress(uint32_t *state, const uint8_t *block)
{
    uint32_t w[64], s[8];
    for (int i = 0; i < 16; i++) {
        w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
               (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
    }
    for (int i = 16; i < 64; i++) {
        uint32_t a = rotate(w[i - 15], 7) ^ rotate(w[i - 15], 18) ^ w[i - 15] >> 3;
        uint32_t b = rotate(w[i - 2], 17) ^ rotate(w[i - 2], 19) ^ w[i - 2] >> 10;
        w[i] = w[i - 16] + a + w[i - 7] + b;
    }
    memcpy(s, state, sizeof s);
    for (int i = 0; i < 64; i++) {
        uint32_t e = rotate(s[4], 6) ^ rotate(s[4], 11) ^ rotate(s[4], 25);
        uint32_t t1 = s[7] + e + ((s[4] & s[5]) ^ (~s[4] & s[6])) + k[i] + w[i];
        uint32_t a = rotate(s[0], 2) ^ rotate(s[0], 13) ^ rotate(s[0], 22);
        uint32_t t2 = a + ((s[0] & s[1]) ^ (s[0] & s[2]) ^ (s[1] & s[2]));
        for (int j = 7; j > 0; j--) {
            s[j] = s[j - 1];
        }
        s[4] += t1;
        s[0] = t1 + t2;
    }
    for (int i = 0; i < 8; i++) {
        state[i] += s[i];
    }
}

static uint32_t digest_word(const uint8_t *message, size_t size)
{
    uint32_t state[8];
    uint8_t last[128] = {0};
    size_t whole = size / 64 * 64, rest = size - whole;
    size_t padded = rest < 56 ? 64 : 128;
    memcpy(state, h, sizeof state);
    for (size_t i = 0; i < whole; i += 64) {
        compress(state, message + i);
    }
    memcpy(last, message + whole, rest);
    last[rest] = 0x80;
    for (size_t i = 0; i < 8; i++) {
        last[padded - 1 - i] = (uint8_t)((uint64_t)size * 8 >> 8 * i);
    }
    for (size_t i = 0; i < padded; i += 64) {
        compress(state, last + i);
    }
    return state[0] ^ state[7];
}

void program(void)
{
    static uint8_t message[4096];
    uint32_t all = 0;
    make_constants();
    print("initial", (uint64_t)h[0] << 32 | h[7]);
    print("constants", (uint64_t)k[0] << 32 | k[63]);
    for (size_t i = 0; i < sizeof message; i++) {
        message[i] = (uint8_t)next_random();
    }
    for (size_t size = 0; size < 300; size++) {
        all = all * 31 + digest_word(message, size);
    }
    print("short", all);
    print("long", digest_word(message, sizeof message));
}
