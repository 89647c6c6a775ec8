/* SPDX-License-Identifier: BSD-2-Clause */

/* The address-translation shadow: what the TLB remembers is what a walk of the page tables finds
 * now, and the core runs in the address space of its thread. The walk is this file's own, by the
 * RISC-V privileged specification; ASIDs are looked up in the pools as they lie in memory.
 */
#include <inttypes.h>
#include <stddef.h>

#include "core/kernel.h"
#include "core/vspace.h"
#include "fuzz/oracle/oracle.h"
#include "hosted/state.h"

enum { V = 1, LEAF = 2 + 4 + 8 /* R, W or X: no pointer. */, ROOT_BITS = 30, LEVEL_BITS = 9 };

/* Physical address of the root table of an ASID; of ASID 0, of what nobody's space has. False if
 * it has none. */
static bool root_of(const struct world *world, uint16_t asid, uint64_t *root)
{
    const struct kernel *k = world->k;
    const struct asid_pool *pool = k->asid_pools[asid / ABI_ASIDS_PER_POOL];
    if (asid == 0) {
        *root = k->kernel_vspace;
        return true;
    }
    uint64_t pool_paddr = (uint64_t)(uintptr_t)pool - SIM_WINDOW;
    if (pool == NULL || sim_ram(world->sim, pool_paddr, sizeof *pool) == NULL ||
        pool->roots[asid % ABI_ASIDS_PER_POOL] == NULL) {
        return false;
    }
    *root = (uint64_t)(uintptr_t)pool->roots[asid % ABI_ASIDS_PER_POOL] - SIM_WINDOW;
    return true;
}

/* Where a walk ends: the entry, and log2 of the bytes it covers. */
static uint64_t walk(const struct world *world, uint64_t root, uint64_t vaddr, uint32_t *bits)
{
    uint64_t table = root;
    for (*bits = ROOT_BITS; *bits >= 12; *bits -= LEVEL_BITS) {
        const uint64_t *entry =
            sim_ram(world->sim, table + 8 * ((vaddr >> *bits) % PT_ENTRIES), sizeof *entry);
        if (entry == NULL) {
            return 0;
        }
        if ((*entry & V) == 0 || (*entry & LEAF) != 0 || *bits == 12) {
            return (*entry & V) == 0 || (*entry & LEAF) == 0 ? 0 : *entry;
        }
        table = *entry >> 10 << 12;
    }
    return 0;
}

static bool entry_check(const struct world *world, const struct tlb_entry *entry,
                        struct oracle_find *find)
{
    uint64_t root = world->k->kernel_vspace;
    uint64_t vaddr = entry->page << entry->bits;
    uint32_t bits = 0;
    if (!entry->global && !root_of(world, entry->asid, &root)) {
        return oracle_fail(find, "tlb",
                           "the TLB has page 0x%" PRIx64 " of ASID %u, which has no address space",
                           vaddr, (unsigned)entry->asid);
    }
    uint64_t pte = walk(world, root, vaddr, &bits);
    if (pte == entry->pte && bits == entry->bits) {
        return true;
    }
    return oracle_fail(
        find, "tlb",
        "the TLB has page 0x%" PRIx64 " of ASID %u as %s (0x%" PRIx64 ", %u bits), the "
        "tables as %s (0x%" PRIx64 ", %u bits)",
        vaddr, (unsigned)entry->asid, entry->pte == 0 ? "invalid" : "mapped", entry->pte,
        (unsigned)entry->bits, pte == 0 ? "invalid" : "mapped", pte, (unsigned)bits);
}

/* docs/abi/09 section 9.12. */
static bool space_check(const struct world *world, const struct machine_core *core,
                        struct oracle_find *find)
{
    const struct thread *thread = sim_current(world->sim);
    const struct cap *cap = &thread->slots[THREAD_VSPACE].cap;
    uint64_t root = world->k->kernel_vspace;
    uint16_t asid = 0;
    uint64_t found = 0;
    if (cap->type == CAP_PAGE_TABLE && cap->asid != 0 && root_of(world, cap->asid, &found) &&
        found == (uint64_t)(uintptr_t)cap->table - SIM_WINDOW) {
        root = found;
        asid = cap->asid;
    }
    if (core->root == root && core->asid == asid) {
        return true;
    }
    return oracle_fail(find, "tlb",
                       "the thread runs in the address space at 0x%" PRIx64 ", ASID %u, instead of "
                       "0x%" PRIx64 ", ASID %u",
                       core->root, (unsigned)core->asid, root, (unsigned)asid);
}

bool tlb_check(const struct world *world, struct oracle_find *find)
{
    const struct machine_core *core = &world->sim->machine.cores[world->sim->core];
    for (uint32_t i = 0; i < core->tlb.used; i++) {
        const struct tlb_entry *entry = &core->tlb.entries[i];
        if (entry->bits != 0 && !entry_check(world, entry, find)) {
            return false;
        }
    }
    return space_check(world, core, find);
}
