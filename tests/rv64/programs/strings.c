/* SPDX-License-Identifier: BSD-2-Clause */

/* Bytes: copies at all alignments, searches, a hash table of words, CRC-32, an interpreter. */
#include "tests/rv64/programs/program.h"

enum { TEXT = 6000, BUCKETS = 257 };

static char text[TEXT + 1];
static uint8_t buffer[512];

static uint32_t crc(const void *data, size_t size)
{
    uint32_t remainder = 0xFFFFFFFF;
    for (size_t i = 0; i < size; i++) {
        remainder ^= ((const uint8_t *)data)[i];
        for (int bit = 0; bit < 8; bit++) {
            remainder = remainder >> 1 ^ (remainder & 1 ? 0xEDB88320 : 0);
        }
    }
    return ~remainder;
}

static void move_words(uint8_t *to, const uint8_t *from, size_t words)
{
    for (size_t i = 0; i < words; i++) {
        uint64_t word;
        __builtin_memcpy(&word, from + 8 * i, 8);
        word += 0x0101010101010101;
        __builtin_memcpy(to + 8 * i, &word, 8);
    }
}

static uint32_t copies(void)
{
    uint32_t result = 0;
    for (size_t from = 0; from < 16; from++) {
        for (size_t to = 256; to < 272; to++) {
            move_words(buffer + to, buffer + from, 20);
            result = result * 5 + crc(buffer, sizeof buffer);
        }
    }
    return result;
}

static uint64_t count_words(void)
{
    static uint16_t counts[BUCKETS];
    uint64_t result = 0;
    uint32_t hash = 5381;
    for (size_t i = 0; i <= TEXT; i++) {
        if (text[i] == ' ' || text[i] == '\0') {
            counts[hash % BUCKETS]++;
            hash = 5381;
        } else {
            hash = hash * 33 + (uint8_t)text[i];
        }
    }
    for (size_t i = 0; i < BUCKETS; i++) {
        result = result * 31 + counts[i];
    }
    return result;
}

/* A stack machine whose program is the text: a jump table. */
static int64_t interpret(void)
{
    int64_t stack[16] = {1, 2, 3, 4, 5, 6, 7, 8};
    uint32_t top = 8;
    for (size_t i = 0; i < TEXT; i++) {
        int64_t *a = &stack[top & 15], *b = &stack[(top + 1) & 15];
        switch (text[i] & 15) {
        case 0:
            *b += *a;
            break;
        case 1:
            *b -= *a;
            break;
        case 2:
            *b = (int64_t)((uint64_t)*b * (uint64_t)*a);
            break;
        case 3:
            *b ^= *a >> 3;
            break;
        case 4:
            *b = *a == 0 || *a == -1 ? *b : *b / *a;
            break;
        case 5:
            *b = *a < *b;
            break;
        case 6:
            *a = (int8_t)*b;
            break;
        case 7:
            *a = (int64_t)((uint64_t)*a << 7 | (uint64_t)*a >> 57);
            break;
        case 8:
            top += 3;
            break;
        default:
            top -= 1;
            *b ^= text[i];
        }
    }
    return stack[0] ^ stack[5] ^ stack[9];
}

void program(void)
{
    for (size_t i = 0; i < TEXT; i++) {
        uint64_t letter = next_random() % 32;
        text[i] = letter < 26 ? (char)('a' + letter) : ' ';
        buffer[i % sizeof buffer] = (uint8_t)letter;
    }
    print("crc", crc(text, TEXT));
    print("copies", copies());
    print("words", count_words());
    print("interpret", (uint64_t)interpret());
}
