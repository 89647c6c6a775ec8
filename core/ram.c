/* SPDX-License-Identifier: BSD-2-Clause */

#include "core/ram.h"

#include <stddef.h>

#include "core/assert.h"
#include "core/kernel.h"

void *ram_at(const struct kernel *k, uint64_t paddr)
{
    ASSERT(paddr >= k->ram_base && paddr < k->ram_top);
    return (void *)(uintptr_t)(paddr + k->window);
}

uint64_t ram_paddr(const struct kernel *k, const void *object)
{
    return (uint64_t)(uintptr_t)object - k->window;
}

uint64_t *ram_words(const struct kernel *k, uint64_t paddr)
{
    return (uint64_t *)ram_at(k, paddr);
}

void ram_clear(const struct kernel *k, uint64_t paddr, uint64_t size)
{
    ASSERT(paddr % 8 == 0 && size % 8 == 0);
    ASSERT(size > 0 && size <= k->ram_top - paddr);
    uint64_t *words = ram_words(k, paddr);
    for (uint64_t i = 0; i < size / 8; i++) {
        words[i] = 0;
    }
}

uint32_t ram_slot_number(const struct kernel *k, const struct slot *slot)
{
    uint64_t number = (uint64_t)(slot - k->slot_base);
    ASSERT(number > 0 && number <= UINT32_MAX);
    return (uint32_t)number;
}

struct slot *ram_slot(const struct kernel *k, uint32_t number)
{
    return number == 0 ? NULL : k->slot_base + number;
}
