/* SPDX-License-Identifier: BSD-2-Clause */

#include "core/vspace.h"

#include <stddef.h>

#include "core/bits.h"
#include "core/call.h"
#include "core/cdt.h"
#include "core/kernel.h"
#include "core/machine.h"
#include "core/ram.h"
#include "core/thread.h"

STATIC_ASSERT(sizeof(struct page_table) == 1u << ABI_PAGE_TABLE_BITS, "page table size");

/* Bits of a PTE as factors. The layout is the hardware's; products, quotients and remainders by
 * constants say the same as masks and shifts, and provers follow them. */
enum {
    PTE_VALID = 1,
    PTE_READ = 2,
    PTE_WRITE = 4,
    PTE_EXECUTE = 8,
    PTE_USER = 16,
    PTE_ACCESSED = 64,
    PTE_DIRTY = 128,
    PTE_PAGE = 1024, /* Unit of the physical page number. */
};

#define PTE_PAGE_NUMBERS ((uint64_t)1 << 44)
#define PAGE_SIZE ((uint64_t)1 << ABI_PAGE_BITS)
#define MEGA_PAGE_SIZE ((uint64_t)1 << ABI_MEGA_PAGE_BITS)
#define GIGA_PAGE_SIZE ((uint64_t)1 << ABI_GIGA_PAGE_BITS)

bool pte_valid(uint64_t pte)
{
    return pte % 2 == PTE_VALID;
}

bool pte_is_table(uint64_t pte)
{
    return pte_valid(pte) && pte / PTE_READ % 8 == 0;
}

uint64_t pte_paddr(uint64_t pte)
{
    return pte / PTE_PAGE % PTE_PAGE_NUMBERS * PAGE_SIZE;
}

uint64_t pte_table(uint64_t paddr)
{
    ASSERT(paddr % PAGE_SIZE == 0);
    return paddr / PAGE_SIZE * PTE_PAGE + PTE_VALID;
}

uint64_t pte_leaf(uint64_t paddr, uint8_t rights, bool execute)
{
    ASSERT(paddr % PAGE_SIZE == 0);
    /* A valid entry without R, W and X would be a pointer to a table: user memory as page table. */
    if (rights == 0 && !execute) {
        return 0;
    }
    uint64_t pte = paddr / PAGE_SIZE * PTE_PAGE;
    pte += PTE_VALID + PTE_USER + PTE_ACCESSED + PTE_DIRTY;
    pte += rights != 0 ? PTE_READ : 0u;
    pte += rights == ABI_RIGHT_READ + ABI_RIGHT_WRITE ? PTE_WRITE : 0u;
    pte += execute ? PTE_EXECUTE : 0u;
    return pte;
}

uint32_t vspace_level_bits(uint32_t level)
{
    ASSERT(level < PT_LEVELS);
    return ABI_PAGE_BITS + level * ABI_PAGE_TABLE_INDEX_BITS;
}

/* The entry of a table at `level` that `vaddr` goes through. */
static uint64_t *table_entry(struct page_table *table, uint32_t level, uint64_t vaddr)
{
    uint64_t page = vaddr / PAGE_SIZE;
    if (level == 2) {
        page = vaddr / GIGA_PAGE_SIZE;
    } else if (level == 1) {
        page = vaddr / MEGA_PAGE_SIZE;
    }
    return &table->entries[page % PT_ENTRIES];
}

uint64_t *vspace_walk(const struct kernel *k, struct page_table *root, uint64_t vaddr,
                      uint32_t *level)
{
    struct page_table *table = root;
    for (uint32_t depth = PT_LEVELS - 1; depth > 0; depth--) {
        uint64_t *entry = table_entry(table, depth, vaddr);
        if (!pte_is_table(*entry)) {
            *level = depth;
            return entry;
        }
        table = ram_at(k, pte_paddr(*entry));
    }
    *level = 0;
    return table_entry(table, 0, vaddr);
}

/* The entry on the way to `vaddr` that points to `table`, or null. */
static uint64_t *find_pointer(const struct kernel *k, struct page_table *root, uint64_t vaddr,
                              const struct page_table *table)
{
    struct page_table *parent = root;
    for (uint32_t depth = PT_LEVELS - 1; depth > 0; depth--) {
        uint64_t *entry = table_entry(parent, depth, vaddr);
        if (!pte_is_table(*entry)) {
            return NULL;
        }
        struct page_table *child = ram_at(k, pte_paddr(*entry));
        if (child == table) {
            return entry;
        }
        parent = child;
    }
    return NULL;
}

/* A mapped page table capability to a VSpace root. The mapping records of a root and of a lower
 * table look alike; what tells them apart is whose table the ASID leads to. */
static bool table_is_root(const struct kernel *k, const struct cap *table)
{
    return cap_is_mapped(table) && vspace_of_asid(k, table->asid) == table->table;
}

/* After an entry for `vaddr` was written that was or is a leaf. Also needed if it was invalid
 * before: Sv39 lets hardware cache invalid entries, and the contract promises that a mapping works
 * at once. One fence with an address inside a large page covers all of it. */
static void flush_leaf(struct kernel *k, uint16_t asid, uint64_t vaddr)
{
    machine_tlb_flush_page(k->machine, asid, vaddr);
}

/* After a pointer to a table was written or cleared. A fence for one address orders leaf entries
 * only, so this takes one for the whole address space. */
static void flush_pointer(struct kernel *k, uint16_t asid)
{
    machine_tlb_flush_asid(k->machine, asid);
}

void vspace_unmap_frame(struct kernel *k, const struct cap *frame)
{
    ASSERT(frame->type == CAP_FRAME);
    if (!cap_is_mapped(frame)) {
        return;
    }
    /* The record may be stale: the VSpace, the table or the entry may have gone to others. */
    struct page_table *root = vspace_of_asid(k, frame->asid);
    if (root == NULL) {
        return;
    }
    uint32_t level;
    uint64_t *entry = vspace_walk(k, root, frame->vaddr, &level);
    if (vspace_level_bits(level) != frame->bits || !pte_valid(*entry) ||
        pte_paddr(*entry) != frame->paddr) {
        return;
    }
    *entry = 0;
    flush_leaf(k, frame->asid, frame->vaddr);
}

/* Removes a lower table from its parent, if it is still there. */
static void table_detach(struct kernel *k, const struct cap *table)
{
    struct page_table *root = vspace_of_asid(k, table->asid);
    if (root == NULL) {
        return;
    }
    uint64_t *entry = find_pointer(k, root, table->vaddr, table->table);
    if (entry == NULL) {
        return;
    }
    *entry = 0;
    flush_pointer(k, table->asid);
}

void vspace_finalise_table(struct kernel *k, const struct cap *table)
{
    ASSERT(table->type == CAP_PAGE_TABLE);
    if (!cap_is_mapped(table)) {
        return;
    }
    if (!table_is_root(k, table)) {
        table_detach(k, table);
        return;
    }
    vspace_free_asid(k, table->asid);
}

void vspace_switch(struct kernel *k, const struct thread *thread)
{
    struct core *core = this_core(k);
    const struct cap *vspace = &thread->slots[THREAD_VSPACE].cap;
    uint64_t root = k->kernel_vspace;
    uint16_t asid = 0;
    if (vspace->type == CAP_PAGE_TABLE && table_is_root(k, vspace)) {
        root = ram_paddr(k, vspace->table);
        asid = vspace->asid;
    }
    if (core->vspace_root == root && core->vspace_asid == asid) {
        return;
    }
    core->vspace_root = root;
    core->vspace_asid = asid;
    machine_vspace_switch(k->machine, k->this_core, root, asid);
}

void vspace_boot_map_table(struct kernel *k, struct page_table *root, uint64_t vaddr,
                           struct page_table *table)
{
    uint32_t level;
    uint64_t *entry = vspace_walk(k, root, vaddr, &level);
    ASSERT(level > 0);
    ASSERT(!pte_valid(*entry));
    *entry = pte_table(ram_paddr(k, table));
}

void vspace_boot_map_frame(struct kernel *k, struct page_table *root, uint64_t vaddr,
                           uint64_t paddr)
{
    uint32_t level;
    uint64_t *entry = vspace_walk(k, root, vaddr, &level);
    ASSERT(level == 0);
    ASSERT(!pte_valid(*entry));
    *entry = pte_leaf(paddr, ABI_RIGHT_READ | ABI_RIGHT_WRITE, true);
}

void vspace_copy_kernel(const struct kernel *k, struct page_table *root)
{
    const struct page_table *kernel = ram_at(k, k->kernel_vspace);
    for (uint32_t i = PT_ENTRIES / 2; i < PT_ENTRIES; i++) {
        root->entries[i] = kernel->entries[i];
    }
}

/* Extra capability 0 as a VSpace root: refuses by check `check` if it is not a mapped page table,
 * by `gone` if its ASID leads nowhere, and by `gone` + 1 if it is not a root. Between the first and
 * the others PageTable_Map has a check of its own, hence two functions. */
static enum status check_vspace_mapped(struct kernel *k, struct call *call, uint32_t check)
{
    const struct cap *vspace = &call->extra[0]->cap;
    if (vspace->type != CAP_PAGE_TABLE || !cap_is_mapped(vspace)) {
        return call_fail_cap(k, call, check, 1);
    }
    return STATUS_OK;
}

static enum status check_vspace_root(struct kernel *k, struct call *call, uint32_t gone)
{
    const struct cap *vspace = &call->extra[0]->cap;
    const struct page_table *root = vspace_of_asid(k, vspace->asid);
    if (root == NULL) {
        struct lookup_failure failure = {.kind = LOOKUP_INVALID_ROOT};
        return call_fail_lookup(k, call, gone, false, &failure);
    }
    if (root != vspace->table) {
        return call_fail_cap(k, call, gone + 1, 1);
    }
    return STATUS_OK;
}

enum status page_table_map(struct kernel *k, struct call *call)
{
    if (call->length < 2 || call->extra_count < 1) {
        return call_fail(k, call, 1);
    }
    struct cap *table = &call->slot->cap;
    if (cap_is_mapped(table)) {
        return call_fail_cap(k, call, 2, 0);
    }
    enum status status = check_vspace_mapped(k, call, 3);
    if (status != STATUS_OK) {
        return status;
    }
    uint64_t vaddr = call_word(call, 0);
    if (vaddr >= ABI_USER_TOP) {
        return call_fail_argument(k, call, 4, 0);
    }
    status = check_vspace_root(k, call, 5);
    if (status != STATUS_OK) {
        return status;
    }
    const struct cap *vspace = &call->extra[0]->cap;
    uint32_t level;
    uint64_t *entry = vspace_walk(k, vspace->table, vaddr, &level);
    if (level == 0 || pte_valid(*entry)) {
        return call_fail(k, call, 7);
    }

    *entry = pte_table(ram_paddr(k, table->table));
    table->asid = vspace->asid;
    table->vaddr = align_down(vaddr, vspace_level_bits(level));
    flush_pointer(k, table->asid);
    return STATUS_OK;
}

enum status page_table_unmap(struct kernel *k, struct call *call)
{
    if (!cdt_is_final(k, call->slot)) {
        return call_fail(k, call, 1);
    }
    struct cap *table = &call->slot->cap;
    if (table_is_root(k, table)) {
        return call_fail(k, call, 2);
    }

    if (cap_is_mapped(table)) {
        table_detach(k, table);
        /* Whatever it still maps must be gone before it can be mapped or assigned again. */
        ram_clear(k, ram_paddr(k, table->table), sizeof(struct page_table));
        table->asid = 0;
        table->vaddr = 0;
    }
    return STATUS_OK;
}

/* Whether the page of a frame's size at `vaddr` ends at or beyond the last mappable address. The
 * sum is formed only where it cannot wrap around. */
static bool beyond_user(uint64_t vaddr, uint32_t bits)
{
    return vaddr >= ABI_USER_TOP || vaddr + (bit(bits) - 1) >= ABI_USER_TOP;
}

/* Checks 8 to 10: a mapped capability may be mapped again at its place only, one that is not mapped
 * only where nothing is. */
static enum status check_mapping(struct kernel *k, struct call *call, uint64_t vaddr, uint64_t pte)
{
    const struct cap *frame = &call->slot->cap;
    if (!cap_is_mapped(frame)) {
        return pte_valid(pte) ? call_fail(k, call, 10) : STATUS_OK;
    }
    if (frame->asid != call->extra[0]->cap.asid) {
        return call_fail_cap(k, call, 8, 1);
    }
    if (frame->vaddr != vaddr) {
        return call_fail_argument(k, call, 9, 0);
    }
    return STATUS_OK;
}

enum status page_map(struct kernel *k, struct call *call)
{
    if (call->length < 3 || call->extra_count < 1) {
        return call_fail(k, call, 1);
    }
    enum status status = check_vspace_mapped(k, call, 2);
    if (status != STATUS_OK) {
        return status;
    }
    status = check_vspace_root(k, call, 3);
    if (status != STATUS_OK) {
        return status;
    }
    struct cap *frame = &call->slot->cap;
    uint64_t vaddr = call_word(call, 0);
    if (beyond_user(vaddr, frame->bits)) {
        return call_fail_argument(k, call, 5, 0);
    }
    if (!is_aligned(vaddr, frame->bits)) {
        return call_fail(k, call, 6);
    }
    const struct cap *vspace = &call->extra[0]->cap;
    uint32_t level;
    uint64_t *entry = vspace_walk(k, vspace->table, vaddr, &level);
    if (vspace_level_bits(level) != frame->bits) {
        return call_fail_missing(k, call, 7, false, vspace_level_bits(level));
    }
    status = check_mapping(k, call, vaddr, *entry);
    if (status != STATUS_OK) {
        return status;
    }

    uint8_t rights = cap_mask_frame_rights(frame->rights, call_word(call, 1));
    bool execute = call_word(call, 2) % 2 != ABI_VM_EXECUTE_NEVER;
    *entry = pte_leaf(frame->paddr, rights, execute);
    frame->asid = vspace->asid;
    frame->vaddr = vaddr;
    flush_leaf(k, frame->asid, vaddr);
    return STATUS_OK;
}

enum status page_unmap(struct kernel *k, struct call *call)
{
    struct cap *frame = &call->slot->cap;
    vspace_unmap_frame(k, frame);
    frame->asid = 0;
    frame->vaddr = 0;
    return STATUS_OK;
}

enum status page_get_address(struct kernel *k, struct call *call)
{
    (void)k;
    call_result(call, call->slot->cap.paddr);
    return STATUS_OK;
}
