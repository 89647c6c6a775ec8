/* SPDX-License-Identifier: BSD-2-Clause */

/* Inputs of the boot target: what a platform may tell the kernel, as bytes. Decoding is total; what
 * is missing at the end reads as zeros.
 *
 *   byte 0       bit 0: a device tree follows; bit 1: an ELF file follows
 *   2 bytes      size of the tree, 2 bytes size of the ELF file, little endian (if they follow)
 *   the tree, the ELF file
 *   the rest     numbers of 4 bytes: see boot_input_decode()
 *
 * The memory map comes from the tree, by the rules of arch/riscv64/main.c, or from numbers. The
 * root task comes from the ELF file, or has no contents, with a place and a size from numbers.
 */
#ifndef FUZZ_BOOT_BOOT_INPUT_H
#define FUZZ_BOOT_BOOT_INPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/boot.h"
#include "hosted/elf.h"

struct boot_input {
    struct boot_params params; /* But for machine, window and the kernel's own memory. */
    uint64_t kernel_paddr;     /* Where struct kernel goes if nothing better is known. */
    bool kernel_misplaced;     /* It is to go there, in RAM or not. */
    const uint8_t *tree;       /* Null: none. */
    struct elf_image image;    /* Its bytes may be null. */
};

/* False if the input ends here: its tree or ELF file is refused, with a sentence. */
bool boot_input_decode(const uint8_t *data, size_t size, struct boot_input *input);
void boot_input_free(struct boot_input *input);

#endif
