/* SPDX-License-Identifier: BSD-2-Clause */

/* Address spaces: from the ASID tables down to the pages. */
#include <inttypes.h>

#include "core/kernel.h"
#include "core/vspace.h"
#include "hosted/show/view.h"

/* Damaged tables can point at each other, and then map without end: no more entries than this are
 * looked at, in all address spaces together. It is enough for 32 GiB in pages of 4 KiB. */
#define ENTRIES_MAX (1u << 23)

enum { USER_ENTRIES = PT_ENTRIES / 2 }; /* The root's upper half is the kernel's. */

struct walk {
    struct view *view;
    struct view_space *space;
    uint32_t entries; /* Looked at so far. */
};

static struct view_range *last_range(struct view_space *space)
{
    return space->range_count == 0 ? NULL : &space->ranges[space->range_count - 1];
}

/* A page joins the range before it if it goes on there, alike. */
static bool add_page(struct view_space *space, uint64_t vaddr, uint32_t bits, uint64_t pte)
{
    uint64_t size = (uint64_t)1 << bits;
    uint64_t paddr = pte_paddr(pte);
    uint8_t rights = (uint8_t)(pte / 2 % 8);
    struct view_range *last = last_range(space);
    if (last != NULL && last->end == vaddr && last->bits == bits && last->rights == rights) {
        last->contiguous = last->contiguous && last->paddr + (last->end - last->start) == paddr;
        last->end += size;
        last->pages++;
        return true;
    }
    void *array = space->ranges;
    if (!view_grow(&array, space->range_count, &space->range_capacity, sizeof *space->ranges)) {
        return false;
    }
    space->ranges = array;
    space->ranges[space->range_count++] = (struct view_range){.start = vaddr,
                                                              .end = vaddr + size,
                                                              .paddr = paddr,
                                                              .bits = bits,
                                                              .contiguous = true,
                                                              .rights = rights,
                                                              .pages = 1};
    return true;
}

/* The table that an entry points to; null, and a problem, if there is none. */
static const struct page_table *lower_table(struct walk *walk, uint64_t pte)
{
    const struct page_table *table = sim_ram(walk->view->sim, pte_paddr(pte), sizeof *table);
    if (table == NULL) {
        view_problem(walk->view, "address space %u has a table at 0x%" PRIx64 ", not in RAM",
                     walk->space->asid, pte_paddr(pte));
        return NULL;
    }
    walk->space->tables++;
    return table;
}

/* One table at a time: where the walk is at each level, from the root (2) down. */
struct position {
    const struct page_table *table;
    uint32_t entry;
    uint64_t vaddr;
};

static bool walk_space(struct walk *walk)
{
    struct position at[PT_LEVELS];
    uint32_t level = PT_LEVELS - 1;
    at[level] = (struct position){.table = walk->space->root};
    while (walk->entries < ENTRIES_MAX) {
        struct position *p = &at[level];
        uint32_t end = level == PT_LEVELS - 1 ? (uint32_t)USER_ENTRIES : (uint32_t)PT_ENTRIES;
        if (p->entry == end) {
            if (level == PT_LEVELS - 1) {
                return true;
            }
            level++;
            continue;
        }
        uint64_t pte = p->table->entries[p->entry];
        uint64_t vaddr = p->vaddr + ((uint64_t)p->entry << vspace_level_bits(level));
        p->entry++;
        walk->entries++;
        if (pte_is_table(pte) && level > 0) {
            const struct page_table *table = lower_table(walk, pte);
            level -= table != NULL ? 1 : 0;
            at[level] = table != NULL ? (struct position){.table = table, .vaddr = vaddr} : *p;
        } else if (pte_valid(pte) && !pte_is_table(pte) &&
                   !add_page(walk->space, vaddr, vspace_level_bits(level), pte)) {
            return false;
        }
    }
    view_problem(walk->view, "the page tables have too many entries; address space %u is cut",
                 walk->space->asid);
    return true;
}

static bool add_space(struct walk *walk, const struct page_table *root, uint16_t asid)
{
    struct view *view = walk->view;
    void *array = view->spaces;
    if (!view_grow(&array, view->space_count, &view->space_capacity, sizeof *view->spaces)) {
        return false;
    }
    view->spaces = array;
    walk->space = &view->spaces[view->space_count++];
    *walk->space = (struct view_space){.root = root, .asid = asid};
    return walk_space(walk);
}

static bool add_pool(struct walk *walk, const struct asid_pool *pool, uint32_t number)
{
    for (uint32_t i = 0; i < ABI_ASIDS_PER_POOL; i++) {
        const struct page_table *root = pool->roots[i];
        uint32_t asid = number * ABI_ASIDS_PER_POOL + i;
        if (root == NULL) {
            continue;
        }
        if (view_good(walk->view->sim, root, sizeof *root) == NULL) {
            view_problem(walk->view,
                         "ASID %" PRIu32 " leads to 0x%" PRIx64 ", no place for a table", asid,
                         (uint64_t)(uintptr_t)root);
        } else if (!add_space(walk, root, (uint16_t)asid)) {
            return false;
        }
    }
    return true;
}

bool view_find_spaces(struct view *view)
{
    struct walk walk = {.view = view};
    for (uint32_t i = 0; i < ABI_ASID_POOLS; i++) {
        const struct asid_pool *pool = view->k->asid_pools[i];
        if (pool == NULL) {
            continue;
        }
        if (view_good(view->sim, pool, sizeof *pool) == NULL) {
            view_problem(view, "ASID pool %" PRIu32 " is at 0x%" PRIx64 ", not in RAM", i,
                         (uint64_t)(uintptr_t)pool);
        } else if (!add_pool(&walk, pool, i)) {
            return false;
        }
    }
    return true;
}
