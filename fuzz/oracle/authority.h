/* SPDX-License-Identifier: BSD-2-Clause */

/* Confinement: the parts of authority*.c.
 *
 * The rules, for everything that lies in memory of domain d:
 *
 *   capability   its object lies wholly in d's ranges; or d has a grant for it: the same type and
 *                object, no more rights, the same badge unless any may be minted. An interrupt
 *                handler may also come from a granted IRQControl. Slots of objects that are being
 *                taken apart are exempt: content of what dies passes through them.
 *   PTE, leaf    for users, of memory in d's ranges, or of a granted frame with no more rights
 *   PTE, pointer to a page table of d's, or a granted one
 *   thread       priority and maximum controlled priority at most the highest that d's threads
 *                were built with; the scheduler's domain is one that they were built with, unless
 *                d has a grant for the domain capability
 *   interrupt    the notification installed is one that a domain with that interrupt may have
 *
 * And wherever it lies, if all is looked at:
 *
 *   capability   it lies in a slot; its object lies below the watermark of the untyped it is in
 *   PTE          a live frame (page table) capability says so: same place, same address, same size,
 *                no fewer rights
 */
#ifndef FUZZ_ORACLE_AUTHORITY_H
#define FUZZ_ORACLE_AUTHORITY_H

#include <stdbool.h>
#include <stdint.h>

#include "fuzz/oracle/objects.h"
#include "fuzz/oracle/oracle.h"

/* What a domain's threads were built with. */
struct authority_threads {
    uint8_t highest; /* Priority or maximum controlled priority. */
    bool domains[256];
};

/* All capabilities there are; filled when all is looked at. */
struct authority_caps {
    uint32_t count, limit;
    const struct slot **slots;
    uint32_t untyped_count;
    const struct cap **untypeds;
    uint32_t *next;  /* Mapped ones by place: chains of indices + 1. */
    uint32_t *heads; /* AUTHORITY_HEADS. */
};

enum { AUTHORITY_HEADS = 4096 };

struct authority {
    const struct world *world;
    struct objects *objects;
    bool known[WORLD_TOPOLOGIES];
    struct authority_threads threads[WORLD_TOPOLOGIES][WORLD_SUBSYSTEMS];
    struct authority_caps caps;
};

/* RISC-V page-table entries. */
enum {
    AUTHORITY_PTE_VALID = 1,
    AUTHORITY_PTE_READ = 2,
    AUTHORITY_PTE_WRITE = 4,
    AUTHORITY_PTE_EXECUTE = 8,
    AUTHORITY_PTE_USER = 16,
};

static inline bool authority_pte_leaf(uint64_t pte)
{
    return (pte & (AUTHORITY_PTE_READ | AUTHORITY_PTE_WRITE | AUTHORITY_PTE_EXECUTE)) != 0;
}

static inline uint64_t authority_pte_paddr(uint64_t pte)
{
    return (pte >> 10) % ((uint64_t)1 << 44) << ABI_PAGE_BITS;
}

/* The rules above for a slot, and for a thread, of this owner (see object_owner()). */
bool authority_check_slot(const struct authority *authority, const struct slot *slot,
                          uint32_t owner, struct oracle_find *find);
bool authority_check_thread(const struct authority *authority, const struct thread *thread,
                            uint32_t owner, struct oracle_find *find);
bool authority_check_pte(const struct authority *authority, const uint64_t *entry, uint32_t owner,
                         struct oracle_find *find);

/* Whether domain d may have this capability: by its ranges, or by a grant. */
bool authority_allows(const struct world *world, uint32_t d, const struct cap *cap);
/* Whether [base, base + size) lies in domain d's ranges. */
bool authority_owns(const struct world *world, uint32_t d, uint64_t base, uint64_t size,
                    bool device);

/* All capabilities, threads and mappings (authority_all.c). */
bool authority_check_all(struct authority *authority, struct oracle_find *find);

#endif
