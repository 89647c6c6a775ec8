/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/rv64/programs/program.h"

static uint64_t random_state = 0x853C49E6748FEA9B;

static long linux_call(long number, long a, long b, long c)
{
    register long a7 __asm__("a7") = number;
    register long a0 __asm__("a0") = a;
    register long a1 __asm__("a1") = b;
    register long a2 __asm__("a2") = c;
    __asm__ volatile("ecall" : "+r"(a0) : "r"(a7), "r"(a1), "r"(a2) : "memory");
    return a0;
}

void print(const char *label, uint64_t value)
{
    char line[80];
    size_t length = 0;
    while (label[length] != '\0' && length < 60) {
        line[length] = label[length];
        length++;
    }
    line[length++] = ' ';
    for (int shift = 60; shift >= 0; shift -= 4) {
        line[length++] = "0123456789abcdef"[value >> shift & 15];
    }
    line[length++] = '\n';
    linux_call(64, 1, (long)line, (long)length);
}

void print_double(const char *label, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    print(label, bits);
}

uint64_t next_random(void)
{
    random_state = random_state * 6364136223846793005u + 1442695040888963407u;
    return random_state ^ random_state >> 29;
}

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    unsigned char *target = to;
    const unsigned char *source = from;
    for (size_t i = 0; i < size; i++) {
        target[i] = source[i];
    }
    return to;
}

void *memset(void *to, int value, size_t size)
{
    unsigned char *target = to;
    for (size_t i = 0; i < size; i++) {
        target[i] = (unsigned char)value;
    }
    return to;
}

/* The stack pointer is already aligned. */
__attribute__((used)) void _start(void)
{
    program();
    linux_call(93, 0, 0, 0);
}
