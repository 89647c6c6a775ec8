/* SPDX-License-Identifier: BSD-2-Clause */

/* Authority confinement, of everything there is. */
#include <inttypes.h>
#include <string.h>

#include "core/kernel.h"
#include "core/vspace.h"
#include "fuzz/oracle/authority.h"

#define KIND "authority"

/* Whose and where: of a walk through an address space. */
struct place {
    uint16_t asid;
    uint64_t vaddr;
    uint32_t owner; /* Of the table. */
};

/* --- Collecting ------------------------------------------------------------------------------- */

static uint32_t hash(uint16_t asid, uint64_t vaddr)
{
    uint64_t key = (vaddr >> ABI_PAGE_BITS) * 0x9E3779B97F4A7C15u + asid * 0x632BE59Bu;
    return (uint32_t)(key >> 32) % AUTHORITY_HEADS;
}

static void collect(struct authority_caps *caps, const struct slot *slot)
{
    const struct cap *cap = &slot->cap;
    uint32_t i = caps->count;

    caps->slots[i] = slot;
    caps->count++;
    if (cap->type == CAP_UNTYPED) {
        caps->untypeds[caps->untyped_count] = cap;
        caps->untyped_count++;
    }
    if ((cap->type == CAP_FRAME || cap->type == CAP_PAGE_TABLE) && cap->asid != 0) {
        uint32_t *head = &caps->heads[hash(cap->asid, cap->vaddr)];
        caps->next[i] = *head;
        *head = i + 1;
    }
}

/* Walks the derivation sequence; every slot of it must be one. */
static bool collect_all(struct authority *authority, struct oracle_find *find)
{
    const struct kernel *k = authority->world->k;
    struct authority_caps *caps = &authority->caps;

    caps->count = 0;
    caps->untyped_count = 0;
    memset(caps->heads, 0, AUTHORITY_HEADS * sizeof *caps->heads);
    for (uint32_t number = k->cdt_root.next; number != 0;) {
        const struct slot *slot = &k->slot_base[number];
        if (!objects_in_ram(authority->objects, slot, sizeof *slot) || caps->count == caps->limit) {
            return oracle_fail(find, KIND, "the derivation sequence does not end, or not in RAM");
        }
        const uint64_t *line =
            (const uint64_t *)((uintptr_t)slot / WATCH_LINE * (uintptr_t)WATCH_LINE);
        bool barrier = slot >= k->cdt_barriers && slot < k->cdt_barriers + CONFIG_CORES;
        uint32_t half = (uintptr_t)slot % WATCH_LINE != 0 ? 1 : 0;
        if (!barrier && objects_slot(authority->objects, line, half) == NULL) {
            return oracle_fail(find, KIND, "a capability, type %u, in what is no slot: %p",
                               slot->cap.type, (const void *)slot);
        }
        if (!barrier) {
            collect(caps, slot);
        }
        number = slot->next;
    }
    return true;
}

/* --- Capabilities and threads ----------------------------------------------------------------- */

static bool contains(const struct cap *untyped, uint64_t base, uint64_t size)
{
    return base >= untyped->paddr && base - untyped->paddr + size <= (uint64_t)1
                                                                         << untyped->bits % 64;
}

/* The smallest untyped that an object lies in, other than its own capability. */
static const struct cap *innermost(const struct authority_caps *caps, const struct cap *cap,
                                   uint64_t base, uint64_t size)
{
    const struct cap *found = NULL;

    for (uint32_t i = 0; i < caps->untyped_count; i++) {
        const struct cap *untyped = caps->untypeds[i];
        bool larger = cap->type != CAP_UNTYPED || untyped->bits > cap->bits;
        if (larger && contains(untyped, base, size) &&
            (found == NULL || untyped->bits < found->bits)) {
            found = untyped;
        }
    }
    return found;
}

/* No object lies in memory that is free. */
static bool check_used(const struct authority *authority, const struct cap *cap,
                       struct oracle_find *find)
{
    uint64_t base = 0;
    uint64_t size = 0;

    if (!object_region(authority->world, cap, &base, &size)) {
        return true;
    }
    const struct cap *untyped = innermost(&authority->caps, cap, base, size);
    if (untyped == NULL || base - untyped->paddr + size <= untyped->free_index * OBJECT_UNIT) {
        return true;
    }
    return oracle_fail(find, KIND,
                       "a capability, type %u, to 0x%" PRIx64
                       ", which is free memory of the untyped "
                       "at 0x%" PRIx64,
                       cap->type, base, untyped->paddr);
}

static bool check_caps(const struct authority *authority, struct oracle_find *find)
{
    const struct authority_caps *caps = &authority->caps;

    for (uint32_t i = 0; i < caps->count; i++) {
        const struct slot *slot = caps->slots[i];
        uint32_t owner = object_owner(objects_at(authority->objects, slot));
        if (!authority_check_slot(authority, slot, owner, find) ||
            !check_used(authority, &slot->cap, find)) {
            return false;
        }
        if (slot->cap.type != CAP_TCB) {
            continue;
        }
        const struct thread *thread = slot->cap.thread;
        owner = object_owner(objects_at(authority->objects, thread));
        if (!authority_check_thread(authority, thread, owner, find)) {
            return false;
        }
    }
    return true;
}

/* --- Address spaces --------------------------------------------------------------------------- */

/* A live capability stands behind an entry: a frame that has its rights, or a page table. */
static bool backed(const struct authority *authority, const struct place *place, uint64_t pte,
                   uint32_t level)
{
    const struct authority_caps *caps = &authority->caps;
    uint64_t paddr = authority_pte_paddr(pte);
    bool leaf = authority_pte_leaf(pte);

    for (uint32_t i = caps->heads[hash(place->asid, place->vaddr)]; i != 0; i = caps->next[i - 1]) {
        const struct cap *cap = &caps->slots[i - 1]->cap;
        if (cap->asid != place->asid || cap->vaddr != place->vaddr) {
            continue;
        }
        if (cap->type == CAP_PAGE_TABLE && !leaf && level > 0 &&
            cap->paddr == paddr + authority->world->k->window) {
            return true;
        }
        bool readable = (cap->rights & ABI_RIGHT_READ) != 0 || (pte & AUTHORITY_PTE_READ) == 0;
        bool writable = (cap->rights & ABI_RIGHT_WRITE) != 0 || (pte & AUTHORITY_PTE_WRITE) == 0;
        if (cap->type == CAP_FRAME && leaf && cap->paddr == paddr && readable && writable &&
            cap->bits == ABI_PAGE_BITS + level * ABI_PAGE_TABLE_INDEX_BITS) {
            return true;
        }
    }
    return false;
}

/* A table of this level and, at most two levels deep, those below it. */
static bool check_table(const struct authority *authority, const uint64_t *entries, uint32_t level,
                        const struct place *place, struct oracle_find *find)
{
    uint32_t count = level == PT_LEVELS - 1 ? PT_ENTRIES / 2 : PT_ENTRIES;

    for (uint32_t i = 0; i < count; i++) {
        uint64_t pte = entries[i];
        if (pte % 2 != AUTHORITY_PTE_VALID) {
            continue;
        }
        struct place below = *place;
        below.vaddr += (uint64_t)i << (ABI_PAGE_BITS + level * ABI_PAGE_TABLE_INDEX_BITS);
        if (!backed(authority, &below, pte, level)) {
            return oracle_fail(find, KIND,
                               "no live capability backs PTE 0x%" PRIx64 " at 0x%" PRIx64
                               " of address space %u",
                               pte, below.vaddr, below.asid);
        }
        if (!authority_check_pte(authority, &entries[i], place->owner, find)) {
            return false;
        }
        if (authority_pte_leaf(pte)) {
            continue;
        }
        /* backed() has found the table's capability: it is in RAM. */
        const uint64_t *table =
            (const uint64_t *)(authority_pte_paddr(pte) + authority->world->k->window);
        below.owner = object_owner(objects_at(authority->objects, table));
        if (!check_table(authority, table, level - 1, &below, find)) {
            return false;
        }
    }
    return true;
}

static bool check_root(const struct authority *authority, const struct page_table *root,
                       uint16_t asid, struct oracle_find *find)
{
    const struct authority_caps *caps = &authority->caps;
    struct place place = {.asid = asid,
                          .owner = object_owner(objects_at(authority->objects, root))};

    for (uint32_t i = caps->heads[hash(asid, 0)]; i != 0; i = caps->next[i - 1]) {
        const struct cap *cap = &caps->slots[i - 1]->cap;
        if (cap->type == CAP_PAGE_TABLE && cap->table == root && cap->asid == asid) {
            return check_table(authority, root->entries, PT_LEVELS - 1, &place, find);
        }
    }
    return oracle_fail(find, KIND, "address space %u has a root without capability", asid);
}

static bool check_spaces(const struct authority *authority, struct oracle_find *find)
{
    const struct kernel *k = authority->world->k;

    for (uint32_t i = 0; i < ABI_ASID_POOLS; i++) {
        const struct asid_pool *pool = k->asid_pools[i];
        if (pool == NULL) {
            continue;
        }
        if (object_kind(objects_at(authority->objects, pool)) != OBJECT_POOL) {
            return oracle_fail(find, KIND, "ASID pool %u is none", i);
        }
        for (uint32_t j = 0; j < ABI_ASIDS_PER_POOL; j++) {
            uint16_t asid = (uint16_t)(i * ABI_ASIDS_PER_POOL + j);
            if (pool->roots[j] != NULL && !check_root(authority, pool->roots[j], asid, find)) {
                return false;
            }
        }
    }
    return true;
}

bool authority_check_all(struct authority *authority, struct oracle_find *find)
{
    return collect_all(authority, find) && check_caps(authority, find) &&
           check_spaces(authority, find);
}
