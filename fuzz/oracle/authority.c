/* SPDX-License-Identifier: BSD-2-Clause */

/* Authority confinement, of what an event wrote. */
#include "fuzz/oracle/authority.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "core/config.h"
#include "core/kernel.h"
#include "core/vspace.h"

#define KIND "authority"

/* --- What a domain may have ------------------------------------------------------------------- */

bool authority_owns(const struct world *world, uint32_t d, uint64_t base, uint64_t size,
                    bool device)
{
    const struct world_domain *domain = &world->domains[d];

    for (uint32_t i = 0; i < domain->range_count; i++) {
        const struct world_range *range = &domain->ranges[i];
        if (range->device == device && base >= range->start && base < range->end &&
            size <= range->end - base) {
            return true;
        }
    }
    return false;
}

/* The rights that a kind of capability has, and whether it has a badge. */
static uint8_t rights_of(const struct cap *cap)
{
    bool any = cap->type == CAP_ENDPOINT || cap->type == CAP_NOTIFICATION ||
               cap->type == CAP_REPLY || cap->type == CAP_FRAME;
    return any ? cap->rights : 0;
}

static bool has_badge(const struct cap *cap)
{
    return cap->type == CAP_ENDPOINT || cap->type == CAP_NOTIFICATION;
}

static bool grant_covers(const struct world_grant *grant, const struct cap *cap)
{
    if (grant->type == CAP_IRQ_CONTROL && cap->type == CAP_IRQ_HANDLER) {
        return true;
    }
    uint8_t type = cap->type;
    if (type == CAP_ZOMBIE) {
        type = cap->bits == 0 ? CAP_TCB : CAP_CNODE;
    }
    return grant->type == type && grant->object == cap->paddr &&
           (rights_of(cap) & ~(uint32_t)grant->rights) == 0 &&
           (!has_badge(cap) || grant->any_badge || grant->badge == cap->badge);
}

static bool granted(const struct world *world, uint32_t d, const struct cap *cap)
{
    const struct world_domain *domain = &world->domains[d];

    for (uint32_t i = 0; i < domain->grant_count; i++) {
        if (grant_covers(&domain->grants[i], cap)) {
            return true;
        }
    }
    return false;
}

bool authority_allows(const struct world *world, uint32_t d, const struct cap *cap)
{
    uint64_t base = 0;
    uint64_t size = 0;
    bool memory = cap->type == CAP_UNTYPED || cap->type == CAP_FRAME;

    if (cap->type == CAP_NULL) {
        return true;
    }
    if (object_region(world, cap, &base, &size) &&
        authority_owns(world, d, base, size, memory && cap->device)) {
        return true;
    }
    return granted(world, d, cap);
}

/* --- Slots ------------------------------------------------------------------------------------ */

/* Whether the slot lies in an object that is being taken apart. */
static bool is_dying(const struct authority *authority, const struct slot *slot)
{
    const struct world *world = authority->world;
    const struct kernel *k = world->k;
    uint64_t at = (uint64_t)(uintptr_t)slot - k->window;
    uint32_t left = (uint32_t)((k->ram_top - k->ram_base) / sizeof *slot);
    uint32_t number = k->cdt_root.next;

    for (; number != 0 && left > 0; left--) {
        const struct slot *other = &k->slot_base[number];
        uint64_t base = 0;
        uint64_t size = 0;
        if (!objects_in_ram(authority->objects, other, sizeof *other)) {
            return false;
        }
        if (other->cap.type == CAP_ZOMBIE && object_region(world, &other->cap, &base, &size) &&
            at >= base && at - base < size) {
            return true;
        }
        number = other->next;
    }
    return false;
}

/* The interrupt table's slots hold what those may have who have the interrupt. */
static bool check_irq_slot(const struct authority *authority, const struct slot *slot,
                           struct oracle_find *find)
{
    const struct world *world = authority->world;
    struct cap handler = {.type = CAP_IRQ_HANDLER, .irq = (uint64_t)(slot - world->k->irq_slots)};
    bool known = false;
    for (uint32_t d = 0; d < world->domain_count; d++) {
        bool may = authority_allows(world, d, &slot->cap);
        known = known || may;
        if (may && granted(world, d, &handler)) {
            return true;
        }
    }
    /* Nobody has what is the root task's own. */
    object_cell cell = objects_at(authority->objects, slot->cap.ntfn);
    if (!known && object_owner(cell) == OBJECT_OWNER_ROOT) {
        return true;
    }
    return oracle_fail(find, KIND,
                       "interrupt %" PRIu64 " signals notification %p, which is of no domain that "
                       "has the interrupt",
                       handler.irq, (void *)slot->cap.ntfn);
}

bool authority_check_slot(const struct authority *authority, const struct slot *slot,
                          uint32_t owner, struct oracle_find *find)
{
    const struct cap *cap = &slot->cap;

    if (cap->type == CAP_NULL || owner == OBJECT_OWNER_ROOT) {
        return true;
    }
    if (owner == OBJECT_OWNER_KERNEL) {
        return check_irq_slot(authority, slot, find);
    }
    if (authority_allows(authority->world, owner, cap) || is_dying(authority, slot)) {
        return true;
    }
    return oracle_fail(
        find, KIND,
        "domain %u has a capability beyond what it was given: type %u, object 0x%" PRIx64
        ", badge or data 0x%" PRIx64 ", bits %u, rights 0x%x, in slot %p",
        owner, cap->type, cap->paddr, cap->badge, cap->bits, cap->rights, (const void *)slot);
}

/* --- Threads ---------------------------------------------------------------------------------- */

bool authority_check_thread(const struct authority *authority, const struct thread *thread,
                            uint32_t owner, struct oracle_find *find)
{
    const struct world *world = authority->world;
    const struct cap domain_cap = {.type = CAP_DOMAIN};

    if (owner >= WORLD_SUBSYSTEMS) {
        return true;
    }
    const struct authority_threads *built = &authority->threads[world->topology][owner];
    if (thread->priority > built->highest || thread->mcp > built->highest) {
        return oracle_fail(find, KIND,
                           "a thread of domain %u has priority %u, mcp %u: more than %u, the most "
                           "it was given",
                           owner, thread->priority, thread->mcp, built->highest);
    }
    if (!built->domains[thread->domain] && !granted(world, owner, &domain_cap)) {
        return oracle_fail(find, KIND, "a thread of domain %u runs in the scheduler's domain %u",
                           owner, thread->domain);
    }
    return true;
}

/* --- Page tables ------------------------------------------------------------------------------ */

/* A frame capability that would allow a leaf. */
static bool leaf_granted(const struct world *world, uint32_t d, uint64_t paddr, uint8_t rights)
{
    const struct world_domain *domain = &world->domains[d];

    for (uint32_t i = 0; i < domain->grant_count; i++) {
        const struct world_grant *grant = &domain->grants[i];
        if (grant->type == CAP_FRAME && grant->object == paddr && (rights & ~grant->rights) == 0) {
            return true;
        }
    }
    return false;
}

static bool check_leaf(const struct authority *authority, uint64_t pte, uint32_t d,
                       struct oracle_find *find)
{
    const struct world *world = authority->world;
    uint64_t paddr = authority_pte_paddr(pte);
    uint64_t size = (uint64_t)1 << ABI_PAGE_BITS;
    uint8_t rights = 0;

    rights |= (pte & AUTHORITY_PTE_READ) != 0 ? ABI_RIGHT_READ : 0;
    rights |= (pte & AUTHORITY_PTE_WRITE) != 0 ? ABI_RIGHT_WRITE : 0;
    if ((pte & AUTHORITY_PTE_USER) != 0 && rights != ABI_RIGHT_WRITE &&
        (authority_owns(world, d, paddr, size, false) ||
         authority_owns(world, d, paddr, size, true) || leaf_granted(world, d, paddr, rights))) {
        return true;
    }
    return oracle_fail(find, KIND, "domain %u maps memory it was not given: PTE 0x%" PRIx64, d,
                       pte);
}

bool authority_check_pte(const struct authority *authority, const uint64_t *entry, uint32_t owner,
                         struct oracle_find *find)
{
    const struct world *world = authority->world;
    uint64_t pte = *entry;
    uint64_t index = (uint64_t)(uintptr_t)entry % ((uint64_t)1 << ABI_PAGE_TABLE_BITS) / 8;
    const uint64_t *kernel = (const uint64_t *)(world->k->kernel_vspace + world->k->window);

    if (pte % 2 != AUTHORITY_PTE_VALID || owner >= WORLD_SUBSYSTEMS ||
        (index >= PT_ENTRIES / 2 && pte == kernel[index])) {
        return true;
    }
    if (authority_pte_leaf(pte)) {
        return check_leaf(authority, pte, owner, find);
    }
    struct cap table = {.paddr = authority_pte_paddr(pte) + world->k->window,
                        .type = CAP_PAGE_TABLE};
    object_cell cell = objects_at(authority->objects, table.table);
    if (object_kind(cell) == OBJECT_TABLE && authority_allows(world, owner, &table)) {
        return true;
    }
    return oracle_fail(find, KIND, "domain %u translates by what is no table of it: PTE 0x%" PRIx64,
                       owner, pte);
}

/* --- Lines ------------------------------------------------------------------------------------ */

/* The thread whose priorities are in this line, or null. */
static const struct thread *thread_in(const uint64_t *line)
{
    uint64_t offset = (uint64_t)(uintptr_t)line % ((uint64_t)1 << CONFIG_TCB_BITS);
    uint64_t field = offsetof(struct thread, priority);
    bool there = field / WATCH_LINE == offset / WATCH_LINE;
    return there ? (const struct thread *)((uintptr_t)line - offset) : NULL;
}

static bool check_table_line(const struct authority *authority, const struct object_change *change,
                             uint32_t owner, struct oracle_find *find)
{
    for (uint32_t i = 0; i < WATCH_LINE_WORDS; i++) {
        if ((change->changed >> i & 1) != 0 &&
            !authority_check_pte(authority, &change->line->at[i], owner, find)) {
            return false;
        }
    }
    return true;
}

static bool check_line(const struct authority *authority, const struct object_change *change,
                       struct oracle_find *find)
{
    const uint64_t *line = change->line->at;
    enum object_kind kind = object_kind(change->first);

    if (kind == OBJECT_TABLE) {
        return check_table_line(authority, change, object_owner(change->first), find);
    }
    const struct thread *thread = kind == OBJECT_TCB ? thread_in(line) : NULL;
    if (thread != NULL &&
        !authority_check_thread(authority, thread, object_owner(change->first), find)) {
        return false;
    }
    if (!change->slots[0] && !change->slots[1]) {
        return true;
    }
    const object_cell *cells = objects_line(authority->objects, line);
    for (uint32_t half = 0; half < 2; half++) {
        const struct slot *slot = (const struct slot *)(line + half * WATCH_LINE_WORDS / 2);
        uint32_t owner = object_owner(cells[half * OBJECT_LINE_UNITS / 2]);
        if (change->slots[half] && !authority_check_slot(authority, slot, owner, find)) {
            return false;
        }
    }
    return true;
}

bool authority_check(struct authority *authority, bool everything, struct oracle_find *find)
{
    const struct objects *objects = authority->objects;

    objects_update(authority->objects);
    for (uint32_t i = 0; i < objects->change_count; i++) {
        if (!check_line(authority, &objects->changes[i], find)) {
            return false;
        }
    }
    return !everything || authority_check_all(authority, find);
}

/* --- Life ------------------------------------------------------------------------------------- */

struct authority *authority_create(const struct world *world)
{
    struct authority *authority = calloc(1, sizeof *authority);
    if (authority == NULL) {
        return NULL;
    }
    struct authority_caps *caps = &authority->caps;
    authority->world = world;
    authority->objects = objects_share(world);
    caps->limit = (uint32_t)((world->k->ram_top - world->k->ram_base) / sizeof(struct slot));
    caps->slots = calloc(caps->limit, sizeof(struct slot *));
    caps->untypeds = calloc(caps->limit, sizeof(struct cap *));
    caps->next = calloc(caps->limit, sizeof *caps->next);
    caps->heads = calloc(AUTHORITY_HEADS, sizeof *caps->heads);
    if (authority->objects == NULL || caps->slots == NULL || caps->untypeds == NULL ||
        caps->next == NULL || caps->heads == NULL) {
        authority_free(authority);
        return NULL;
    }
    return authority;
}

void authority_free(struct authority *authority)
{
    if (authority == NULL) {
        return;
    }
    objects_release(authority->objects);
    free(authority->caps.slots);
    free(authority->caps.untypeds);
    free(authority->caps.next);
    free(authority->caps.heads);
    free(authority);
}

/* The world of this topology is as it was built: these are the threads that were given. */
static void learn(struct authority *authority)
{
    const struct world *world = authority->world;

    for (const struct thread *t = world->k->threads; t != NULL; t = t->all_next) {
        uint32_t owner = object_owner(objects_at(authority->objects, t));
        if (owner >= WORLD_SUBSYSTEMS) {
            continue;
        }
        struct authority_threads *built = &authority->threads[world->topology][owner];
        uint8_t most = t->mcp > t->priority ? t->mcp : t->priority;
        built->highest = most > built->highest ? most : built->highest;
        built->domains[t->domain] = true;
    }
    authority->known[world->topology] = true;
}

void authority_start(struct authority *authority)
{
    objects_start(authority->objects);
    if (!authority->known[authority->world->topology]) {
        learn(authority);
    }
}
