/* SPDX-License-Identifier: BSD-2-Clause */

/* ASID pools: made, filled, lost. ASID a is entry a % 512 of pool a / 512; ASID 0 means "not
 * mapped" and is never given out. */
#include <stddef.h>

#include "core/call.h"
#include "core/cdt.h"
#include "core/kernel.h"
#include "core/machine.h"
#include "core/ram.h"
#include "core/vspace.h"

STATIC_ASSERT(sizeof(struct asid_pool) == 1u << ABI_ASID_POOL_BITS, "ASID pool size");

struct page_table *vspace_of_asid(const struct kernel *k, uint16_t asid)
{
    const struct asid_pool *pool = k->asid_pools[asid / ABI_ASIDS_PER_POOL];
    return pool == NULL ? NULL : pool->roots[asid % ABI_ASIDS_PER_POOL];
}

/* The address space of this ASID has just lost it. A core that still runs in it must leave before
 * the flush: afterwards it could fill its TLB again, from a table whose memory is about to be
 * reused, under an ASID about to be given to another. The thread's own place is looked up again
 * when it next runs (vspace_switch). */
static void release(struct kernel *k, const struct page_table *root, uint16_t asid)
{
    uint64_t root_paddr = ram_paddr(k, root);
    for (uint32_t i = 0; i < CONFIG_CORES; i++) {
        struct core *core = &k->cores[i];
        if (core->vspace_root == root_paddr) {
            core->vspace_root = k->kernel_vspace;
            core->vspace_asid = 0;
            machine_vspace_switch(k->machine, i, k->kernel_vspace, 0);
        }
    }
    machine_tlb_flush_asid(k->machine, asid);
}

void vspace_free_asid(struct kernel *k, uint16_t asid)
{
    struct asid_pool *pool = k->asid_pools[asid / ABI_ASIDS_PER_POOL];
    ASSERT(pool != NULL);
    const struct page_table *root = pool->roots[asid % ABI_ASIDS_PER_POOL];
    ASSERT(root != NULL);
    pool->roots[asid % ABI_ASIDS_PER_POOL] = NULL;
    release(k, root, asid);
}

void vspace_finalise_pool(struct kernel *k, const struct cap *pool)
{
    ASSERT(pool->type == CAP_ASID_POOL);
    ASSERT(pool->asid_base % ABI_ASIDS_PER_POOL == 0);
    uint64_t index = pool->asid_base / ABI_ASIDS_PER_POOL;
    ASSERT(index < ABI_ASID_POOLS);
    if (k->asid_pools[index] != pool->pool) {
        return;
    }
    k->asid_pools[index] = NULL;
    for (uint32_t i = 0; i < ABI_ASIDS_PER_POOL; i++) {
        const struct page_table *root = pool->pool->roots[i];
        if (root != NULL) {
            release(k, root, (uint16_t)(pool->asid_base + i));
        }
    }
}

/* The first pool index without a pool, ABI_ASID_POOLS if there is none. */
static uint32_t free_pool_index(const struct kernel *k)
{
    uint32_t i = 0;
    while (i < ABI_ASID_POOLS && k->asid_pools[i] != NULL) {
        i++;
    }
    return i;
}

enum status asid_control_make_pool(struct kernel *k, struct call *call)
{
    if (call->length < 2 || call->extra_count < 2) {
        return call_fail(k, call, 1);
    }
    uint32_t index = free_pool_index(k);
    if (index == ABI_ASID_POOLS) {
        return call_fail(k, call, 2);
    }
    struct slot *untyped = call->extra[0];
    if (untyped->cap.type != CAP_UNTYPED || untyped->cap.bits != ABI_ASID_POOL_BITS ||
        untyped->cap.device) {
        return call_fail_cap(k, call, 3, 1);
    }
    if (cdt_first_child(k, untyped) != NULL) {
        return call_fail(k, call, 4);
    }
    struct slot *slot;
    enum status status = call_slot(k, call, 5, false, &call->extra[1]->cap, call_word(call, 0),
                                   call_word(call, 1), &slot);
    if (status != STATUS_OK) {
        return status;
    }
    if (!cap_is_null(&slot->cap)) {
        return call_fail(k, call, 7);
    }

    ram_clear(k, untyped->cap.paddr, sizeof(struct asid_pool));
    untyped->cap.free_index = sizeof(struct asid_pool) / 16;
    struct cap pool = cap_null();
    pool.type = CAP_ASID_POOL;
    pool.pool = ram_at(k, untyped->cap.paddr);
    pool.asid_base = (uint64_t)index * ABI_ASIDS_PER_POOL;
    k->asid_pools[index] = pool.pool;
    cdt_insert_copy(k, slot, untyped, pool);
    return STATUS_OK;
}

/* The lowest free ASID of a pool, or the first one beyond it. */
static uint64_t free_asid(const struct asid_pool *pool, uint64_t base)
{
    /* ASID 0 has no VSpace, and yet it is taken. */
    uint64_t i = base == 0 ? 1 : 0;
    while (i < ABI_ASIDS_PER_POOL && pool->roots[i] != NULL) {
        i++;
    }
    return base + i;
}

enum status asid_pool_assign(struct kernel *k, struct call *call)
{
    if (call->extra_count < 1) {
        return call_fail(k, call, 1);
    }
    struct cap *table = &call->extra[0]->cap;
    if (table->type != CAP_PAGE_TABLE || cap_is_mapped(table)) {
        return call_fail_cap(k, call, 2, 1);
    }
    const struct cap *pool = &call->slot->cap;
    const struct asid_pool *installed = k->asid_pools[pool->asid_base / ABI_ASIDS_PER_POOL];
    if (installed == NULL) {
        struct lookup_failure failure = {.kind = LOOKUP_INVALID_ROOT};
        return call_fail_lookup(k, call, 3, false, &failure);
    }
    if (installed != pool->pool) {
        return call_fail_cap(k, call, 4, 0);
    }
    uint64_t asid = free_asid(pool->pool, pool->asid_base);
    if (asid == pool->asid_base + ABI_ASIDS_PER_POOL) {
        return call_fail(k, call, 5);
    }

    /* Nothing is stale, since the ASID was flushed when its last owner lost it; but the kernel's
     * entries must have been written when a core begins to use the table. */
    vspace_copy_kernel(k, table->table);
    machine_tlb_flush_asid(k->machine, (uint16_t)asid);
    pool->pool->roots[asid - pool->asid_base] = table->table;
    table->asid = (uint16_t)asid;
    table->vaddr = 0;
    return STATUS_OK;
}
