/* SPDX-License-Identifier: BSD-2-Clause */

#include "arch/riscv64/plic.h"

#include "arch/riscv64/csr.h"
#include "core/assert.h"

/* Offsets of registers, in 32-bit words: chapters 3 to 8 of the specification. */
enum {
    PLIC_SOURCES_MAX = 1024,
    PLIC_PRIORITY = 0, /* One word a source. */
    PLIC_ENABLE = 0x2000 / 4,
    PLIC_ENABLE_STRIDE = 0x80 / 4, /* Of contexts; one bit a source. */
    PLIC_THRESHOLD = 0x200000 / 4,
    PLIC_CLAIM = 0x200004 / 4,
    PLIC_CONTEXT_STRIDE = 0x1000 / 4,
};

static volatile uint32_t *enable_word(const struct plic *plic, uint32_t context, uint32_t source)
{
    return &plic->registers[PLIC_ENABLE + context * PLIC_ENABLE_STRIDE + source / 32];
}

void plic_init(const struct plic *plic, uint32_t context)
{
    for (uint32_t source = 1; source <= plic->sources; source++) {
        plic->registers[PLIC_PRIORITY + source] = 1;
    }
    for (uint32_t source = 0; source < PLIC_SOURCES_MAX; source += 32) {
        *enable_word(plic, context, source) = 0;
    }
    plic->registers[PLIC_THRESHOLD + context * PLIC_CONTEXT_STRIDE] = 0;
}

uint32_t plic_claim(const struct plic *plic, uint32_t context)
{
    uint32_t source = plic->registers[PLIC_CLAIM + context * PLIC_CONTEXT_STRIDE];
    fence_after_device_read();
    return source < PLIC_SOURCES_MAX ? source : 0;
}

void plic_complete(const struct plic *plic, uint32_t context, uint32_t source)
{
    ASSERT(source >= 1 && source < PLIC_SOURCES_MAX);
    fence_before_device_write();
    plic->registers[PLIC_CLAIM + context * PLIC_CONTEXT_STRIDE] = source;
}

void plic_enable(const struct plic *plic, uint32_t context, uint32_t source, bool enable)
{
    ASSERT(source >= 1 && source < PLIC_SOURCES_MAX);
    volatile uint32_t *word = enable_word(plic, context, source);
    uint32_t mask = (uint32_t)1 << (source % 32);
    fence_before_device_write();
    *word = enable ? *word | mask : *word & ~mask;
}
