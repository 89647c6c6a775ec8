/* SPDX-License-Identifier: BSD-2-Clause */

/* The trusted module that turns RAM into typed objects, and back into addresses.
 *
 * All RAM is visible to the kernel at paddr + k->window. Slots, wherever they are (CNodes, TCBs,
 * struct kernel itself), lie in that RAM, 32-byte aligned, at most 2^32 slots above
 * k->slot_base; a slot's number is its distance from there. Number 0 means none.
 */
#ifndef CORE_RAM_H
#define CORE_RAM_H

#include <stdint.h>

#include "core/cap.h"

struct kernel;

/* Where the kernel sees a physical address of RAM. */
void *ram_at(const struct kernel *k, uint64_t paddr);

/* The physical address of an object in RAM. */
uint64_t ram_paddr(const struct kernel *k, const void *object);

/* Clears `size` bytes of RAM, a positive multiple of 8, at an 8-byte aligned physical address. */
void ram_clear(const struct kernel *k, uint64_t paddr, uint64_t size);

/* Slot <-> number. Number 0 is no slot: null. */
uint32_t ram_slot_number(const struct kernel *k, const struct slot *slot);
struct slot *ram_slot(const struct kernel *k, uint32_t number);

/* The words of the RAM frame that backs an IPC buffer at a physical address. */
uint64_t *ram_words(const struct kernel *k, uint64_t paddr);

#endif
