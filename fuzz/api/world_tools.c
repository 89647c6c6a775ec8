/* SPDX-License-Identifier: BSD-2-Clause */

#include "fuzz/api/world_build.h"

enum { GUARD_SHIFT = 6 }; /* Of a CNode guard word: its value; below it its size. */

struct build build_of(struct world_state *w, uint32_t s)
{
    struct world_subsystem *subsystem = &w->world.subsystems[s];
    return (struct build){.w = w,
                          .topology = w->world.topology,
                          .s = s,
                          .subsystem = subsystem,
                          .domain = &w->world.domains[subsystem->domain]};
}

/* --- Root's invocations by name --------------------------------------------------------------- */

void build_invoke(struct world_state *w, uint64_t cap, uint64_t label, struct root_args args)
{
    root_call(w, cap, label, &args);
}

void build_retype(struct world_state *w, uint64_t untyped, uint64_t type, uint64_t bits,
                  uint32_t index, uint64_t count)
{
    build_invoke(
        w, untyped, ABI_LABEL_UNTYPED_RETYPE,
        (struct root_args){{type, bits, 0, 0, root_slot(w, index), count}, {ABI_SLOT_INIT_CNODE}});
}

void build_make(struct build *b, uint64_t type, uint64_t bits, uint32_t index)
{
    build_retype(b->w, root_slot(b->w, ROOT_RANGES + b->s), type, bits, index, 1);
}

void build_make_shared(struct world_state *w, uint64_t type, uint32_t index)
{
    build_retype(w, root_slot(w, ROOT_RANGES + SHARED), type, 0, index, 1);
}

uint64_t build_guard(uint64_t value, uint64_t bits)
{
    return value << GUARD_SHIFT | bits;
}

struct build_place build_own(const struct world_state *w, uint32_t index)
{
    return (struct build_place){ABI_SLOT_INIT_CNODE, root_slot(w, index), 64};
}

struct build_place build_place(const struct build *b, uint32_t slot)
{
    return (struct build_place){root_slot(b->w, ROOT_CNODES + b->s), slot, WORLD_CNODE_RADIX};
}

void build_mint(struct world_state *w, struct build_place to, uint64_t from, uint64_t rights,
                uint64_t data)
{
    build_invoke(
        w, to.cnode, ABI_LABEL_CNODE_MINT,
        (struct root_args){{to.index, to.depth, from, 64, rights, data}, {ABI_SLOT_INIT_CNODE}});
}

void build_mutate(struct world_state *w, struct build_place to, uint64_t from, uint64_t data)
{
    build_invoke(w, to.cnode, ABI_LABEL_CNODE_MUTATE,
                 (struct root_args){{to.index, to.depth, from, 64, data}, {ABI_SLOT_INIT_CNODE}});
}

void build_move(struct world_state *w, struct build_place to, uint64_t from)
{
    build_invoke(w, to.cnode, ABI_LABEL_CNODE_MOVE,
                 (struct root_args){{to.index, to.depth, from, 64}, {ABI_SLOT_INIT_CNODE}});
}

void build_discard(struct world_state *w, uint32_t index)
{
    build_invoke(w, ABI_SLOT_INIT_CNODE, ABI_LABEL_CNODE_DELETE,
                 (struct root_args){{root_slot(w, index), 64}, {0}});
}

void build_map(struct build *b, uint64_t frame, uint64_t vaddr, uint64_t rights)
{
    build_invoke(b->w, frame, ABI_LABEL_PAGE_MAP,
                 (struct root_args){{vaddr, rights, 0}, {root_slot(b->w, ROOT_VSPACES + b->s)}});
}

const struct cap *build_cap(const struct world_state *w, uint64_t slot)
{
    return &w->world.root->slots[THREAD_CSPACE].cap.slots[slot].cap;
}

/* --- Grants ----------------------------------------------------------------------------------- */

const struct world_grant *build_grant(struct build *b, uint64_t from, uint64_t rights,
                                      uint64_t badge)
{
    static const struct world_grant none;
    struct world_domain *domain = b->domain;
    const struct cap *cap = build_cap(b->w, from);
    if (domain->grant_count == WORLD_GRANTS_MAX) {
        root_fail(b->w, "more than %d grants", WORLD_GRANTS_MAX);
        return &none;
    }
    struct world_grant *grant = &domain->grants[domain->grant_count++];
    *grant = (struct world_grant){.type = cap->type, .object = cap->paddr};
    bool badged = cap->type == CAP_ENDPOINT || cap->type == CAP_NOTIFICATION;
    if (badged || cap->type == CAP_REPLY || cap->type == CAP_FRAME) {
        grant->rights = (uint8_t)(cap->rights & rights);
    }
    if (badged) {
        grant->badge = badge;
        grant->any_badge = badge == 0;
    }
    return grant;
}

void build_expect(struct build *b, uint32_t to, const struct world_grant *grant)
{
    if (b->w->failed) {
        return;
    }
    const struct cap *cap = &b->subsystem->cnode[to].cap;
    bool badged = cap->type == CAP_ENDPOINT || cap->type == CAP_NOTIFICATION;
    if (cap->type != grant->type || cap->paddr != grant->object || cap->rights != grant->rights ||
        (badged && cap->badge != grant->badge)) {
        root_fail(b->w, "%s: slot %u holds something else than it was given", b->subsystem->name,
                  to);
    }
}

void build_give(struct build *b, uint32_t to, uint64_t from, uint64_t rights, uint64_t badge)
{
    const struct world_grant *granted = build_grant(b, from, rights, badge);
    build_mint(b->w, build_place(b, to), from, rights, badge);
    build_expect(b, to, granted);
}

void build_hand_over(struct build *b, uint32_t to, uint64_t from)
{
    const struct world_grant *granted = build_grant(b, from, ABI_RIGHT_ALL, 0);
    build_move(b->w, build_place(b, to), from);
    build_expect(b, to, granted);
}
