/* SPDX-License-Identifier: BSD-2-Clause */

/* The head of a kernel image: the boot-image header that Linux on RISC-V defines
 * (Documentation/riscv/boot-image-header.rst, version 0.2), and behind it what tools/mkimage tells
 * the kernel about the root task it has packed.
 *
 * An image is the kernel (its bss included, as zeros) and, from a page boundary on, the root task
 * as one flat piece with the layout of its virtual addresses. All numbers are little endian. The
 * layout is repeated in start.S and in tools/mkimage; a change of it raises IMAGE_VERSION.
 */
#ifndef ARCH_RISCV64_IMAGE_H
#define ARCH_RISCV64_IMAGE_H

#include <stddef.h>
#include <stdint.h>

#include "core/compiler.h"

enum { IMAGE_VERSION = 1 };

#define IMAGE_MAGIC "ALBIREO" /* 8 bytes with the NUL. */

enum image_config {
    IMAGE_CONFIG_DEBUG = 1,
    IMAGE_CONFIG_FPU = 2,
};

struct image_header {
    /* Offset 0: for the boot loader. */
    uint32_t code[2];     /* Jumps over the header. */
    uint64_t text_offset; /* Where to load it, from the start of RAM. */
    uint64_t image_size;  /* Memory that the image occupies, root task included; bytes. */
    uint64_t flags;       /* 0: little endian. */
    uint32_t version;     /* 0.2: 2. */
    uint32_t reserved1;
    uint64_t reserved2;
    uint8_t magic[8];  /* "RISCV", zeros. */
    uint8_t magic2[4]; /* "RSC", 5. */
    uint32_t reserved3;

    /* Offset 64: Albireo's. Written by the linker. */
    uint8_t albireo[8];     /* IMAGE_MAGIC. */
    uint32_t image_version; /* IMAGE_VERSION. */
    uint32_t config;        /* IMAGE_CONFIG_*; bits 8..15 cores, 16..31 domains. */
    uint64_t kernel_size;   /* Memory of the kernel, with bss: bytes, whole pages. */

    /* Offset 88: written by tools/mkimage; all 0 in a kernel without root task. */
    uint64_t payload_offset;    /* Of the root task from the start of the image: whole pages. */
    uint64_t payload_file_size; /* Bytes in the file, a multiple of 8; what follows is zero. */
    uint64_t payload_size;      /* Bytes in memory: whole pages. */
    uint64_t payload_vaddr;     /* Virtual address of its first byte: page aligned. */
    uint64_t entry;             /* Virtual address of its first instruction. */
    uint64_t checksum;          /* Sum of the file's 64-bit words, modulo 2^64. */
    uint32_t root_cnode_bits;   /* 0: the contract's default. */
    uint32_t boot_slice_ms;     /* 0: the contract's default. */
};

STATIC_ASSERT(offsetof(struct image_header, albireo) == 64, "layout of the image header");
STATIC_ASSERT(offsetof(struct image_header, payload_offset) == 88, "layout of the image header");
STATIC_ASSERT(sizeof(struct image_header) == 144, "layout of the image header");

#endif
