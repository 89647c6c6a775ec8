/* SPDX-License-Identifier: BSD-2-Clause */

/* Integrity: each word that an event has changed, explained. See integrity.h for the policy. */
#include "fuzz/oracle/integrity.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>

#include "core/kernel.h"
#include "core/vspace.h"
#include "fuzz/oracle/authority.h"

#define KIND "integrity"

enum { HALF = WATCH_LINE_WORDS / 2 }; /* Of a line: a slot. */
#define SLOT_WORDS ((1u << HALF) - 1)

struct integrity {
    const struct world *world;
    struct objects *objects;
    struct reach reach;
};

/* --- Page tables and ASID pools --------------------------------------------------------------- */

/* The subject's domain has what an entry leads to. */
static bool has_target(const struct reach *reach, uint64_t pte)
{
    uint64_t paddr = authority_pte_paddr(pte);
    uint64_t size = (uint64_t)1 << ABI_PAGE_BITS;
    const struct world *world = reach->world;

    if (reach->owner >= WORLD_SUBSYSTEMS) {
        return false;
    }
    if (authority_owns(world, reach->owner, paddr, size, false) ||
        authority_owns(world, reach->owner, paddr, size, true)) {
        return true;
    }
    const struct world_domain *domain = &world->domains[reach->owner];
    for (uint32_t i = 0; i < domain->grant_count; i++) {
        const struct world_grant *grant = &domain->grants[i];
        if (grant->object == paddr || grant->object == paddr + world->k->window) {
            return true;
        }
    }
    return false;
}

/* A leaf that mapping the invoked frame has written. */
static bool is_mapped(const struct reach *reach, uint64_t pte)
{
    const struct cap *frame = &reach->invoked;
    uint64_t rights = frame->rights & reach_argument(reach, 1);
    bool readable = (pte & AUTHORITY_PTE_READ) == 0 || (rights & ABI_RIGHT_READ) != 0;
    bool writable = (pte & AUTHORITY_PTE_WRITE) == 0 || (rights & ABI_RIGHT_WRITE) != 0;
    bool executable = (pte & AUTHORITY_PTE_EXECUTE) == 0 ||
                      (reach_argument(reach, 2) & ABI_VM_EXECUTE_NEVER) == 0;
    return authority_pte_leaf(pte) && (pte & AUTHORITY_PTE_USER) != 0 &&
           authority_pte_paddr(pte) == frame->paddr && readable && writable && executable;
}

/* The event has taken away a capability to the frame or the page table that an entry led to. */
static bool is_taken(const struct reach *reach, uint64_t pte)
{
    const struct objects *objects = reach->objects;
    uint64_t paddr = authority_pte_paddr(pte);
    uint8_t type = authority_pte_leaf(pte) ? CAP_FRAME : CAP_PAGE_TABLE;
    uint64_t object = type == CAP_FRAME ? paddr : paddr + reach->world->k->window;

    for (uint32_t i = 0; i < 2 * objects->change_count; i++) {
        const struct object_change *change = &objects->changes[i / 2];
        const struct slot *slot = (const struct slot *)(change->line->at + i % 2 * HALF);
        struct cap was = object_cap_before(&change->line->before[i % 2 * HALF]);
        if (change->slots[i % 2] && was.type == type && was.paddr == object &&
            !object_same_cap(&slot->cap, &was)) {
            return true;
        }
    }
    return false;
}

static bool table_fits(const struct reach *reach, const uint64_t *at, uint64_t was, uint32_t owner)
{
    const struct kernel *k = reach->world->k;
    const struct cap *cap = &reach->invoked;
    uint64_t now = *at;
    uint64_t index = (uintptr_t)at % sizeof(struct page_table) / 8;
    uint64_t base = (uint64_t)(uintptr_t)at - index * 8;

    if (now == 0 && reach->destroys) {
        return (owner == reach->owner || has_target(reach, was)) && is_taken(reach, was);
    }
    if (cap->type == CAP_FRAME) {
        /* A capability that says it is mapped there may map again, whatever is there by now. */
        bool mapped = cap->asid != 0;
        bool cleared =
            now == 0 && mapped &&
            (authority_pte_paddr(was) == cap->paddr || reach->label == ABI_LABEL_PAGE_MAP);
        return cleared || (reach->label == ABI_LABEL_PAGE_MAP && owner == reach->owner &&
                           (was % 2 == 0 || mapped) && is_mapped(reach, now));
    }
    if (cap->type == CAP_PAGE_TABLE && reach->label == ABI_LABEL_PAGE_TABLE_UNMAP) {
        return now == 0 &&
               (base == cap->paddr || authority_pte_paddr(was) + k->window == cap->paddr);
    }
    if (cap->type == CAP_PAGE_TABLE) {
        return was % 2 == 0 && now % 2 == 1 && !authority_pte_leaf(now) && owner == reach->owner &&
               authority_pte_paddr(now) + k->window == cap->paddr;
    }
    const uint64_t *kernel = (const uint64_t *)(k->kernel_vspace + k->window);
    return cap->type == CAP_ASID_POOL && base == reach->extra[0].paddr && index >= PT_ENTRIES / 2 &&
           now == kernel[index];
}

bool integrity_table(const struct reach *reach, const uint64_t *at, uint64_t was, uint32_t owner,
                     struct oracle_find *find)
{
    return table_fits(reach, at, was, owner) ||
           oracle_fail(find, KIND,
                       "a page table of owner %u: entry %p changed from 0x%" PRIx64 " to 0x%" PRIx64
                       " by an event of owner %u",
                       owner, (const void *)at, was, *at, reach->owner);
}

bool integrity_pool(const struct reach *reach, const uint64_t *at, uint64_t was,
                    struct oracle_find *find)
{
    uint64_t base = (uint64_t)(uintptr_t)at / sizeof(struct asid_pool) * sizeof(struct asid_pool);
    bool assigned = reach->invoked.type == CAP_ASID_POOL && base == reach->invoked.paddr &&
                    was == 0 && *at == reach->extra[0].paddr;
    bool freed =
        reach->destroys && *at == 0 && reach_authority(reach, (const void *)(uintptr_t)was);
    return assigned || freed ||
           oracle_fail(find, KIND, "an ASID's root changed from 0x%" PRIx64 " to 0x%" PRIx64, was,
                       *at);
}

/* --- Plain memory ----------------------------------------------------------------------------- */

/* The word is in the IPC buffer of a thread that gets a message, and may be written. */
static bool is_in_buffer(const struct reach *reach, const uint64_t *at)
{
    const uint32_t gets = PART_SUBJECT | PART_RECEIVER | PART_REPLIED;

    for (uint32_t i = 0; i < reach->party_count; i++) {
        const struct integrity_party *party = &reach->parties[i];
        if ((party->parts & gets) == 0) {
            continue;
        }
        const uint64_t *buffer = reach_buffer(reach, party->thread);
        struct cap frame = reach_cap(reach, &party->thread->slots[THREAD_BUFFER]);
        if (buffer != NULL && (frame.rights & ABI_RIGHT_WRITE) != 0 && at >= buffer &&
            at < buffer + ABI_BUFFER_WORDS) {
            return true;
        }
    }
    return false;
}

static bool check_plain(const struct reach *reach, enum object_kind kind, const uint64_t *at,
                        uint64_t was, uint32_t owner, struct oracle_find *find)
{
    return (kind == OBJECT_FRAME && is_in_buffer(reach, at)) ||
           oracle_fail(find, KIND,
                       "%s of owner %u at %p changed from 0x%" PRIx64 " to 0x%" PRIx64
                       " by an event of owner %u",
                       kind == OBJECT_FRAME ? "a frame" : "free memory", owner, (const void *)at,
                       was, *at, reach->owner);
}

/* --- Words and lines -------------------------------------------------------------------------- */

/* Of struct kernel, what is neither a slot nor the scheduler's own. */
static bool check_kernel(const struct reach *reach, const uint64_t *at, struct oracle_find *find)
{
    const struct kernel *k = reach->world->k;
    uintptr_t offset = (uintptr_t)at - (uintptr_t)k;
    uintptr_t start = offsetof(struct kernel, domain_start) / 8 * 8;
    uintptr_t end = offsetof(struct kernel, domain_schedule) + sizeof k->domain_schedule;

    return offset < start || offset >= end || reach->invoked.type == CAP_DOMAIN ||
           oracle_fail(find, KIND, "the domain schedule has changed");
}

static bool check_word(const struct reach *reach, object_cell cell, const uint64_t *at,
                       uint64_t was, struct oracle_find *find)
{
    switch (object_kind(cell)) {
    case OBJECT_KERNEL:
        return check_kernel(reach, at, find);
    case OBJECT_SLOTS:
        return true; /* Looked at by check_line(). */
    case OBJECT_TCB:
        return integrity_thread(reach, at, was, object_owner(cell), find);
    case OBJECT_ENDPOINT:
    case OBJECT_NTFN:
        return integrity_queue(reach, object_kind(cell), at, was, find);
    case OBJECT_REPLY:
        return integrity_reply(reach, at, find);
    case OBJECT_SC:
        return integrity_sc(reach, at, was, find);
    case OBJECT_TABLE:
        return integrity_table(reach, at, was, object_owner(cell), find);
    case OBJECT_POOL:
        return integrity_pool(reach, at, was, find);
    case OBJECT_NONE:
    case OBJECT_FRAME:
    case OBJECT_KINDS:
        break;
    }
    return check_plain(reach, object_kind(cell), at, was, object_owner(cell), find);
}

/* All of it is memory that objects may be made of. */
static bool is_made(const struct reach *reach, const uint64_t *line)
{
    uint64_t paddr = (uint64_t)(uintptr_t)line - reach->world->k->window;
    return reach->made_size >= WATCH_LINE &&
           paddr - reach->made_base <= reach->made_size - WATCH_LINE;
}

static bool check_line(struct reach *reach, const struct object_change *change,
                       struct oracle_find *find)
{
    const struct watch_line *line = change->line;
    const object_cell *cells = objects_line(reach->objects, line->at);
    uint64_t paddr = (uint64_t)(uintptr_t)line->at - reach->world->k->window;

    if (is_made(reach, line->at)) {
        return true;
    }
    for (uint32_t left = change->changed; left != 0; left &= left - 1) {
        uint32_t i = (uint32_t)__builtin_ctz(left);
        if (paddr + i * 8 - reach->made_base < reach->made_size) {
            continue;
        }
        if (!change->slots[i / HALF]) {
            if (!check_word(reach, cells[i / 2], &line->at[i], line->before[i], find)) {
                return false;
            }
            continue;
        }
        struct cap was = object_cap_before(&line->before[i / HALF * HALF]);
        const struct slot *slot = (const struct slot *)(line->at + i / HALF * HALF);
        if (!integrity_slot(reach, slot, &was, find)) {
            return false;
        }
        /* A slot is looked at as a whole. */
        left &= ~(SLOT_WORDS << i / HALF * HALF) | 1u << i;
    }
    return true;
}

/* A line that is of no object. */
static bool check_plain_line(struct reach *reach, const struct watch_line *line,
                             struct oracle_find *find)
{
    if (is_made(reach, line->at)) {
        return true;
    }
    struct object_change change = {.line = line, .changed = objects_changed_words(line)};
    return check_line(reach, &change, find);
}

bool integrity_check(struct integrity *integrity, const struct oracle_event *event,
                     struct oracle_find *find)
{
    struct reach *reach = &integrity->reach;
    const struct objects *objects = integrity->objects;

    objects_update(integrity->objects);
    reach_find(reach, integrity->world, objects, event);
    if (reach->owner == OBJECT_OWNER_ROOT) {
        return true; /* It has everything. */
    }
    for (uint32_t i = 0; i < objects->change_count; i++) {
        if (!check_line(reach, &objects->changes[i], find)) {
            return false;
        }
    }
    for (uint32_t i = 0; i < objects->plain_count; i++) {
        if (!check_plain_line(reach, objects->plain[i], find)) {
            return false;
        }
    }
    return integrity_together(reach, find);
}

void integrity_before(struct integrity *integrity, const struct oracle_event *event)
{
    /* The state before is in the watch's books; the event says the rest. */
    (void)integrity;
    (void)event;
}

/* --- Life ------------------------------------------------------------------------------------- */

struct integrity *integrity_create(const struct world *world)
{
    struct integrity *integrity = calloc(1, sizeof *integrity);
    if (integrity == NULL) {
        return NULL;
    }
    integrity->world = world;
    integrity->objects = objects_share(world);
    if (integrity->objects == NULL) {
        integrity_free(integrity);
        return NULL;
    }
    return integrity;
}

void integrity_free(struct integrity *integrity)
{
    if (integrity != NULL) {
        objects_release(integrity->objects);
        free(integrity);
    }
}
