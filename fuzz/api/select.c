/* SPDX-License-Identifier: BSD-2-Clause */

/* Capabilities and places in the CSpace of the current thread. */
#include "fuzz/api/select.h"

#include <stddef.h>

#include "core/kernel.h"
#include "hosted/sim.h"

enum { SCAN_MAX = 128, LOOKUP_BITS = 64, INNER_MAX = 4 };

/* Modes of capabilities and of places; below: the plain way. */
enum {
    MODE_INNER = 176, /* By way of a second CNode. */
    MODE_ANY_STATE = 216,
    MODE_ANY_TYPE = SELECT_ODD,
    MODE_RECENT = 236,
    MODE_EMPTY = 240,
    MODE_LOW_BITS = 243,
    MODE_GUARD = 246,
    MODE_NULL = 249,
    MODE_RAW = 252,
};

static uint64_t low(uint64_t value, uint32_t bits)
{
    return bits >= 64 ? value : value & (((uint64_t)1 << bits) - 1);
}

static uint64_t shifted(uint64_t value, uint32_t bits)
{
    return bits >= 64 ? 0 : value << bits;
}

static uint32_t level_of(const struct cap *node)
{
    return (uint32_t)node->guard_bits + node->bits;
}

/* Guard and slot number, as the lookup wants them: level_of() bits. */
static uint64_t address_in(const struct cap *node, const struct slot *slot)
{
    return shifted(node->guard, node->bits) + (uint64_t)(slot - node->slots);
}

void select_begin(struct select *s, const struct kernel *k, const struct thread *thread,
                  struct select_history *history)
{
    const struct cap *root = &thread->slots[THREAD_CSPACE].cap;
    *s = (struct select){.k = k, .thread = thread, .history = history};
    if (root->type == CAP_CNODE && level_of(root) <= LOOKUP_BITS) {
        s->root = root;
        s->left = LOOKUP_BITS - level_of(root);
        s->prefix = shifted(root->guard, LOOKUP_BITS - root->guard_bits);
    }
}

struct slot *select_scan(const struct select *s, const struct cap *node, uint32_t start,
                         uint32_t types, select_good *good)
{
    uint64_t mask = ((uint64_t)1 << node->bits) - 1;
    uint32_t count = mask < SCAN_MAX ? (uint32_t)mask + 1 : SCAN_MAX;
    for (uint32_t i = 0; i < count; i++) {
        struct slot *slot = &node->slots[(start + i) & mask];
        if ((types >> slot->cap.type & 1) != 0 && (good == NULL || good(s, slot))) {
            return slot;
        }
    }
    return NULL;
}

/* --- Capabilities by CPtr --------------------------------------------------------------------- */

/* A lookup that could go on does not stop at a CNode. */
static uint32_t namable(uint32_t types, uint32_t left)
{
    return left == 0 ? types : types & ~SELECT_TYPE(CAP_CNODE);
}

static bool find_plain(const struct select *s, uint32_t start, uint32_t types, select_good *good,
                       struct select_cap *found)
{
    found->slot = select_scan(s, s->root, start, namable(types, s->left), good);
    if (found->slot == NULL) {
        return false;
    }
    found->cptr = s->prefix + shifted((uint64_t)(found->slot - s->root->slots), s->left);
    return true;
}

/* In the CNodes of the root CNode that a lookup goes on into. */
static bool find_inner(const struct select *s, uint32_t start, uint32_t types, select_good *good,
                       struct select_cap *found)
{
    uint32_t at = start;
    for (uint32_t i = 0; i < INNER_MAX && s->left != 0; i++) {
        struct slot *inner = select_scan(s, s->root, at, SELECT_TYPE(CAP_CNODE), NULL);
        if (inner == NULL) {
            return false;
        }
        at = (uint32_t)(inner - s->root->slots) + 1;
        uint32_t level = level_of(&inner->cap);
        if (level > s->left) {
            continue;
        }
        uint32_t left = s->left - level;
        found->slot = select_scan(s, &inner->cap, start, namable(types, left), good);
        if (found->slot != NULL) {
            found->cptr = s->prefix + shifted((uint64_t)(inner - s->root->slots), s->left) +
                          shifted(address_in(&inner->cap, found->slot), left);
            return true;
        }
    }
    return false;
}

static bool find(const struct select *s, bool inner, uint32_t start, uint32_t types,
                 select_good *good, struct select_cap *found)
{
    if (inner) {
        return find_inner(s, start, types, good, found) || find_plain(s, start, types, good, found);
    }
    return find_plain(s, start, types, good, found) || find_inner(s, start, types, good, found);
}

static struct select_cap odd_cap(struct select *s, struct input_selector selector, uint32_t types)
{
    const struct select_history *history = s->history;
    struct select_cap found = {0, NULL};

    if (selector.mode >= MODE_RAW) {
        found.cptr = select_word((struct input_selector){selector.pick, selector.pick});
    } else if (selector.mode >= MODE_NULL) {
        found.cptr = 0;
    } else if (selector.mode >= MODE_LOW_BITS) {
        (void)find(s, false, selector.pick, types, NULL, &found);
        found.cptr ^= selector.mode >= MODE_GUARD ? (uint64_t)1 << 63 >> selector.pick % 8
                                                  : low(selector.pick, s->left);
    } else if (selector.mode >= MODE_EMPTY) {
        (void)find_plain(s, selector.pick, SELECT_TYPE(CAP_NULL), NULL, &found);
    } else if (selector.mode >= MODE_RECENT && history->cap_count != 0) {
        uint32_t count = history->cap_count < SELECT_RECENT ? history->cap_count : SELECT_RECENT;
        found.cptr = history->caps[selector.pick % count];
    } else {
        (void)find(s, false, selector.pick, SELECT_LIVE, NULL, &found);
    }
    return found;
}

struct select_cap select_cap(struct select *s, struct input_selector selector, uint32_t types,
                             select_good *good)
{
    struct select_cap found = {0, NULL};

    if (s->root == NULL) {
        found.cptr = selector.pick;
    } else if (selector.mode >= SELECT_ODD) {
        found = odd_cap(s, selector, types);
    } else {
        bool inner = selector.mode >= MODE_INNER && selector.mode < MODE_ANY_STATE;
        good = selector.mode >= MODE_ANY_STATE ? NULL : good;
        if (!find(s, inner, selector.pick, types, good, &found) &&
            (good == NULL || !find(s, inner, selector.pick, types, NULL, &found))) {
            (void)find(s, inner, selector.pick, SELECT_LIVE, NULL, &found);
        }
    }
    s->history->caps[s->history->cap_count++ % SELECT_RECENT] = found.cptr;
    return found;
}

/* --- Places ----------------------------------------------------------------------------------- */

/* In a CNode of the CNode: their levels add up. */
static bool find_deeper(const struct select *s, const struct cap *node, uint32_t start,
                        uint32_t types, select_good *good, struct select_place *place)
{
    struct slot *inner = select_scan(s, node, start, SELECT_TYPE(CAP_CNODE), NULL);
    if (inner == NULL || level_of(node) + level_of(&inner->cap) > LOOKUP_BITS) {
        return false;
    }
    place->slot = select_scan(s, &inner->cap, start, types, good);
    if (place->slot == NULL) {
        return false;
    }
    place->index = shifted(address_in(node, inner), level_of(&inner->cap)) +
                   address_in(&inner->cap, place->slot);
    place->depth = level_of(node) + level_of(&inner->cap);
    return true;
}

/* Slots that a lookup with the depth of the CNode alone finds. */
static bool find_direct(const struct select *s, const struct cap *node, uint32_t start,
                        uint32_t types, select_good *good, struct select_place *place)
{
    place->slot = select_scan(s, node, start, types, good);
    if (place->slot == NULL) {
        return false;
    }
    place->index = address_in(node, place->slot);
    place->depth = level_of(node);
    return true;
}

static bool is_valid_node(const struct select *s, const struct slot *slot)
{
    (void)s;
    return level_of(&slot->cap) <= LOOKUP_BITS;
}

/* A place with one thing wrong. */
static void spoil_place(struct select *s, struct input_selector selector,
                        struct select_place *place)
{
    static const uint64_t depths[] = {0, 1, 63, 64, 65, 128, 256, UINT64_MAX};
    const struct select_history *history = s->history;
    struct select_cap any;

    if (selector.mode >= MODE_RAW) {
        place->index = select_word((struct input_selector){selector.pick, selector.pick});
    } else if (selector.mode >= MODE_NULL) {
        place->depth = depths[selector.pick % 8];
    } else if (selector.mode >= MODE_GUARD) {
        place->depth += (selector.pick & 1) != 0 ? 1u : (uint64_t)-1;
    } else if (selector.mode >= MODE_LOW_BITS) {
        place->index ^= (uint64_t)1 << selector.pick % 64;
    } else if (selector.mode >= MODE_EMPTY) {
        if (find_plain(s, selector.pick, SELECT_LIVE, NULL, &any)) {
            place->root = any.cptr;
        }
    } else if (selector.mode >= MODE_RECENT && history->place_count != 0) {
        uint32_t count =
            history->place_count < SELECT_RECENT ? history->place_count : SELECT_RECENT;
        *place = history->places[selector.pick % count];
    }
    place->slot = NULL;
}

struct select_place select_place(struct select *s, struct input_selector selector, uint32_t types,
                                 select_good *good)
{
    struct select_place place = {0, 0, LOOKUP_BITS, NULL};
    struct select_cap node;

    /* The slot of mode 0 is in the first CNode there is a capability to; small modes say which. */
    if (s->root == NULL ||
        !find(s, false, selector.mode < MODE_INNER ? selector.mode : selector.pick,
              SELECT_TYPE(CAP_CNODE), is_valid_node, &node)) {
        place.index = selector.pick;
        return place;
    }
    const struct cap *cap = &node.slot->cap;
    bool deeper = selector.mode >= MODE_INNER && selector.mode < MODE_ANY_STATE;
    bool odd = selector.mode >= SELECT_ODD;
    place.root = node.cptr;
    good = selector.mode >= MODE_ANY_STATE ? NULL : good;
    types = odd && selector.mode < MODE_RECENT ? ~0u : types;
    if (!(deeper && find_deeper(s, cap, selector.pick, types, good, &place)) &&
        !find_direct(s, cap, selector.pick, types, good, &place) &&
        !find_direct(s, cap, selector.pick, types, NULL, &place)) {
        (void)find_direct(s, cap, selector.pick, ~0u, NULL, &place);
    }
    if (selector.mode >= MODE_RECENT) {
        spoil_place(s, selector, &place);
    }
    s->history->places[s->history->place_count++ % SELECT_RECENT] = place;
    return place;
}
