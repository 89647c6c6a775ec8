/* SPDX-License-Identifier: BSD-2-Clause */

/* Root tasks from ELF files, by the rules of tools/mkimage: 64-bit RISC-V, little endian, static,
 * segments anywhere below the end of the user's addresses (System V ABI, chapters 4 and 5; RISC-V
 * ELF psABI). The layout in memory is that of the virtual addresses, from the lowest page on.
 */
#ifndef HOSTED_ELF_H
#define HOSTED_ELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hosted/error_text.h"

#ifdef __cplusplus
extern "C" {
#endif

struct elf_image {
    uint8_t *bytes; /* Owned: what lies at vaddr; behind it, up to `size`, there are zeros. */
    uint64_t byte_count;
    uint64_t vaddr; /* Page aligned. */
    uint64_t size;  /* In memory: whole pages. */
    uint64_t entry;
};

struct elf_error {
    char text[ERROR_TEXT]; /* Names the file, the field and its value. */
};

/* `fpu`: whether there are floating-point registers. False and *error if it cannot be a root
 * task. */
bool elf_load(const char *path, bool fpu, struct elf_image *image, struct elf_error *error);
/* Likewise from memory; `name` is for messages. */
bool elf_parse(const char *name, const uint8_t *file, size_t size, bool fpu,
               struct elf_image *image, struct elf_error *error);
void elf_free(struct elf_image *image);

/* All bytes of a regular file, to be freed; null and *error if it cannot be read. */
uint8_t *elf_read_file(const char *path, size_t *size, struct elf_error *error);

#ifdef __cplusplus
}
#endif

#endif
