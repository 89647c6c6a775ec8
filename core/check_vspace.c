/* SPDX-License-Identifier: BSD-2-Clause */

/* kernel_check(), address spaces: V.
 *
 * Every VSpace is walked in ascending order of addresses, and VSpaces in ascending order of ASIDs,
 * next to a table of all mapping records sorted the same way: what is found in an entry must be
 * backed by a record of that place.
 */

#include "core/check_internal.h"

#include "core/bits.h"
#include "core/ram.h"
#include "core/vspace.h"

/* Where the walk through one VSpace is. */
struct walk {
    uint16_t asid;
    uint32_t level;
    const struct page_table *tables[PT_LEVELS]; /* By level. */
    uint32_t indices[PT_LEVELS];                /* The entry to look at next, by level. */
    uint64_t cursor; /* In the table of mapping records, across all VSpaces. */
};

/* --- Objects ---------------------------------------------------------------------------------- */

/* The capabilities to a page table have one mapping record, and a table that is not mapped is
 * empty: mapping it gives access to nothing. */
static bool check_table_object(struct check *c, const struct check_object *object)
{
    const struct page_table *table = check_object_at(c, object);
    const struct cap *first = check_object_cap(c, object);

    for (uint64_t i = 1; i < object->count; i++) {
        const struct cap *cap = check_cap(c, object->first + i);
        REQUIRE(c, cap->asid == first->asid && cap->vaddr == first->vaddr, "V1",
                "all capabilities to a page table have the same record",
                check_slot(c, object->first + i));
    }
    if (cap_is_mapped(first)) {
        return true;
    }
    uint64_t entries = 0;
    for (uint32_t i = 0; i < PT_ENTRIES; i++) {
        entries |= table->entries[i];
    }
    REQUIRE(c, entries == 0, "V2", "a page table that is not mapped is empty", table);
    return true;
}

/* A pool capability and the kernel's table of pools. */
static bool check_pool_object(struct check *c, const struct check_object *object)
{
    const struct cap *first = check_object_cap(c, object);
    const struct asid_pool *pool = check_object_at(c, object);

    for (uint64_t i = 1; i < object->count; i++) {
        REQUIRE(c, check_cap(c, object->first + i)->asid_base == first->asid_base, "V3",
                "all capabilities to an ASID pool have the same base",
                check_slot(c, object->first + i));
    }
    REQUIRE(c, c->k->asid_pools[first->asid_base / ABI_ASIDS_PER_POOL] == pool, "V3",
            "an ASID pool is in its place", pool);
    return true;
}

static bool check_objects(struct check *c)
{
    for (uint64_t i = 0; i < c->object_count; i++) {
        const struct check_object *object = &c->objects[i];
        if (object->type == CAP_PAGE_TABLE && !check_table_object(c, object)) {
            return false;
        }
        if (object->type == CAP_ASID_POOL && !check_pool_object(c, object)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < ABI_ASID_POOLS; i++) {
        const struct asid_pool *pool = c->k->asid_pools[i];
        REQUIRE(c, pool == NULL || check_find(c, pool, CAP_ASID_POOL) != CHECK_NONE, "V3",
                "an installed ASID pool has a capability", pool);
        /* With the other direction above: as many as there are capabilities with that base. */
        REQUIRE(
            c,
            pool == NULL ||
                check_object_cap(c, &c->objects[check_find(c, pool, CAP_ASID_POOL)])->asid_base ==
                    i * ABI_ASIDS_PER_POOL,
            "V3", "an ASID pool is in no other place", pool);
    }
    return true;
}

/* --- Mapping records -------------------------------------------------------------------------- */

static uint64_t record_key(uint16_t asid, uint64_t vaddr)
{
    return (uint64_t)asid * (ABI_USER_TOP + bit(ABI_PAGE_BITS)) + vaddr;
}

/* Sorts the records of all mapped frame capabilities by ASID and address. */
static void sort_records(struct check *c)
{
    c->pair_count = 0;
    for (uint64_t i = 0; i < c->count; i++) {
        const struct cap *cap = check_cap(c, i);
        if (cap->type == CAP_FRAME && cap_is_mapped(cap)) {
            c->pairs[c->pair_count].key = record_key(cap->asid, cap->vaddr);
            c->pairs[c->pair_count].value = i;
            c->pair_count++;
        }
    }
    check_sort(c->pairs, c->pair_count);
}

/* The entry is what mapping this frame capability can have written. */
static bool frame_allows(const struct cap *cap, uint64_t pte)
{
    for (uint8_t mask = 0; mask <= (ABI_RIGHT_READ | ABI_RIGHT_WRITE); mask++) {
        uint8_t rights = cap_mask_frame_rights(cap->rights, mask);
        if (pte == pte_leaf(cap->paddr, rights, false) ||
            pte == pte_leaf(cap->paddr, rights, true)) {
            return true;
        }
    }
    return false;
}

/* --- Walking ---------------------------------------------------------------------------------- */

/* Address of the entry that the walk is at. */
static uint64_t walk_vaddr(const struct walk *walk)
{
    uint64_t vaddr = 0;
    for (uint32_t level = walk->level; level < PT_LEVELS; level++) {
        vaddr += walk->indices[level] * bit(vspace_level_bits(level));
    }
    return vaddr;
}

static bool check_leaf(struct check *c, struct walk *walk, uint64_t pte)
{
    uint64_t key = record_key(walk->asid, walk_vaddr(walk));

    while (walk->cursor < c->pair_count && c->pairs[walk->cursor].key < key) {
        walk->cursor++;
    }
    for (uint64_t i = walk->cursor; i < c->pair_count && c->pairs[i].key == key; i++) {
        const struct cap *cap = check_cap(c, c->pairs[i].value);
        if (cap->bits == vspace_level_bits(walk->level) && frame_allows(cap, pte)) {
            return true;
        }
    }
    return check_fail(c, "V7", "a frame capability backs each mapping, with its rights",
                      &walk->tables[walk->level]->entries[walk->indices[walk->level]]);
}

/* Goes down into the table that the entry points to. */
static bool descend(struct check *c, struct walk *walk, uint64_t pte)
{
    const uint64_t *entry = &walk->tables[walk->level]->entries[walk->indices[walk->level]];
    uint64_t paddr = pte_paddr(pte);
    uint64_t vaddr = walk_vaddr(walk);

    REQUIRE(c, walk->level > 0 && pte == pte_table(paddr), "V5",
            "a pointer to a table is well formed and not in a leaf table", entry);
    uint64_t index = check_find_containing(c, paddr);
    REQUIRE(c,
            index != CHECK_NONE && c->objects[index].base == paddr &&
                c->objects[index].type == CAP_PAGE_TABLE,
            "V5", "a pointer to a table points to a page table", entry);
    const struct cap *cap = check_object_cap(c, &c->objects[index]);
    REQUIRE(c, cap->asid == walk->asid && cap->vaddr == vaddr, "V6",
            "a page table is where its capability says", entry);
    REQUIRE(c, c->objects[index].mark == 0, "V6", "a page table is in one place", entry);
    c->objects[index].mark = 1;

    walk->level--;
    walk->tables[walk->level] = check_object_at(c, &c->objects[index]);
    walk->indices[walk->level] = 0;
    return true;
}

/* Looks at the entry that the walk is at, and moves on to the next one. */
static bool check_entry(struct check *c, struct walk *walk)
{
    uint32_t level = walk->level;
    uint64_t pte = walk->tables[level]->entries[walk->indices[level]];

    if (pte != 0) {
        bool well = pte_is_table(pte) ? descend(c, walk, pte) : check_leaf(c, walk, pte);
        if (!well) {
            return false;
        }
    }
    if (walk->level == level) {
        walk->indices[level]++;
    }
    return true;
}

/* The entry after which a table of this level ends; the upper half of a root is the kernel's. */
static uint32_t table_end(uint32_t level)
{
    return level == PT_LEVELS - 1 ? PT_ENTRIES / 2 : PT_ENTRIES;
}

/* Skips empty entries, and climbs out of tables that are done. False at the end of the VSpace. */
static bool find_entry(struct walk *walk)
{
    for (;;) {
        const struct page_table *table = walk->tables[walk->level];
        uint32_t end = table_end(walk->level);
        uint32_t index = walk->indices[walk->level];

        while (index < end && table->entries[index] == 0) {
            index++;
        }
        walk->indices[walk->level] = index;
        if (index < end) {
            return true;
        }
        if (walk->level == PT_LEVELS - 1) {
            return false;
        }
        walk->level++;
        walk->indices[walk->level]++;
    }
}

static bool check_walk(struct check *c, struct walk *walk)
{
    while (find_entry(walk)) {
        if (!check_entry(c, walk)) {
            return false;
        }
    }
    return true;
}

/* --- VSpaces ---------------------------------------------------------------------------------- */

static bool check_root(struct check *c, const struct page_table *root, struct walk *walk)
{
    const struct page_table *kernel = ram_at(c->k, c->k->kernel_vspace);
    uint64_t index = check_find(c, root, CAP_PAGE_TABLE);

    REQUIRE(c, index != CHECK_NONE, "V4", "an ASID leads to a page table", root);
    const struct cap *cap = check_object_cap(c, &c->objects[index]);
    REQUIRE(c, walk->asid != 0 && cap->asid == walk->asid && cap->vaddr == 0, "V4",
            "the ASID of a root table is in its capability, and not 0", root);
    REQUIRE(c, c->objects[index].mark == 0, "V6", "a page table is in one place", root);
    c->objects[index].mark = 1;
    for (uint32_t i = PT_ENTRIES / 2; i < PT_ENTRIES; i++) {
        REQUIRE(c, root->entries[i] == kernel->entries[i], "V8",
                "the upper half of a root table is the kernel's", &root->entries[i]);
    }
    walk->level = PT_LEVELS - 1;
    walk->tables[walk->level] = root;
    walk->indices[walk->level] = 0;
    return check_walk(c, walk);
}

static bool check_all_roots(struct check *c)
{
    struct walk walk = {.cursor = 0};

    for (uint32_t i = 0; i < ABI_ASID_POOLS; i++) {
        const struct asid_pool *pool = c->k->asid_pools[i];
        for (uint32_t j = 0; pool != NULL && j < ABI_ASIDS_PER_POOL; j++) {
            walk.asid = (uint16_t)(i * ABI_ASIDS_PER_POOL + j);
            if (pool->roots[j] != NULL && !check_root(c, pool->roots[j], &walk)) {
                return false;
            }
        }
    }
    return true;
}

/* The kernel's own root table maps nothing for users. */
static bool check_kernel_root(struct check *c)
{
    uint64_t paddr = c->k->kernel_vspace;
    uint64_t entries = 0;

    REQUIRE(c,
            is_aligned(paddr, ABI_PAGE_TABLE_BITS) &&
                check_in_ram(c->k, paddr, bit(ABI_PAGE_TABLE_BITS)),
            "V8", "the kernel's root table is in RAM", c->k);
    const struct page_table *kernel = ram_at(c->k, paddr);
    for (uint32_t i = 0; i < PT_ENTRIES / 2; i++) {
        entries |= kernel->entries[i];
    }
    REQUIRE(c, entries == 0, "V8", "the kernel's root table maps nothing for users", kernel);
    return true;
}

/* --- Cores ------------------------------------------------------------------------------------ */

/* The root table that a thread's VSpace capability stands for, and its ASID. */
static uint64_t thread_root(const struct kernel *k, const struct thread *thread, uint16_t *asid)
{
    const struct cap *vspace = &thread->slots[THREAD_VSPACE].cap;

    *asid = 0;
    if (vspace->type != CAP_PAGE_TABLE || !cap_is_mapped(vspace) ||
        vspace_of_asid(k, vspace->asid) != vspace->table) {
        return k->kernel_vspace;
    }
    *asid = vspace->asid;
    return ram_paddr(k, vspace->table);
}

static bool check_core_root(struct check *c, uint32_t index)
{
    const struct core *core = &c->k->cores[index];
    uint16_t asid = 0;

    if (index == c->k->this_core) {
        uint64_t root = thread_root(c->k, core->current, &asid);
        REQUIRE(c, core->vspace_root == root && core->vspace_asid == asid, "V9",
                "the current thread runs in its address space", core);
        return true;
    }
    if (core->vspace_asid == 0) {
        REQUIRE(c, core->vspace_root == c->k->kernel_vspace, "V9",
                "without ASID, a core is in the kernel's address space", core);
        return true;
    }
    const struct page_table *root = vspace_of_asid(c->k, core->vspace_asid);
    REQUIRE(c, root != NULL && ram_paddr(c->k, root) == core->vspace_root, "V9",
            "a core is in an address space that exists", core);
    return true;
}

bool check_vspaces(struct check *c)
{
    if (!check_kernel_root(c) || !check_objects(c)) {
        return false;
    }
    sort_records(c);
    if (!check_all_roots(c)) {
        return false;
    }
    for (uint32_t i = 0; i < CONFIG_CORES; i++) {
        if (!check_core_root(c, i)) {
            return false;
        }
    }
    return true;
}
