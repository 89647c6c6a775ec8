/* SPDX-License-Identifier: BSD-2-Clause */

/* What a freestanding RV64 Linux program needs in order to compute and print. */
#ifndef TESTS_RV64_PROGRAMS_PROGRAM_H
#define TESTS_RV64_PROGRAMS_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

/* Each program's own part. */
void program(void);

/* A line of a label and a number in hexadecimal. */
void print(const char *label, uint64_t value);
/* The bits of a double. */
void print_double(const char *label, double value);

/* Numbers that look random, always the same. */
uint64_t next_random(void);

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memset(void *to, int value, size_t size);

#endif
