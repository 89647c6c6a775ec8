/* SPDX-License-Identifier: BSD-2-Clause */

/* What a fuzz target is to a driver: the functions that libFuzzer has made common. Every target
 * defines the first two; a target whose inputs have a structure defines the others, too, and says
 * so by fuzz_mutates.
 *
 * Drivers: libFuzzer itself; AFL++ (driver_afl.c); seeded random inputs and files (driver_random.c,
 * driver_files.c), which need neither.
 *
 * A find ends the process by fuzz_found(), or as a sanitizer or a signal does.
 */
#ifndef FUZZ_HARNESS_TARGET_H
#define FUZZ_HARNESS_TARGET_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Once, before the first input. 0. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
/* One input, any bytes. 0. Nothing of it is left afterwards. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The input, changed, in place: its new size, at most max_size. */
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed);
/* Two inputs made one: its size, at most max_size. */
size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_size, const uint8_t *other,
                                 size_t other_size, uint8_t *out, size_t max_size,
                                 unsigned int seed);

/* Prints "fuzz: KIND: TEXT", the line by which finds are told apart, and aborts. KIND is one word.
 * Addresses and numbers in TEXT do not count when finds are compared. */
_Noreturn void fuzz_found(const char *kind, const char *text);

#ifdef __cplusplus
}
#endif

#endif
