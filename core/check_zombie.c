/* SPDX-License-Identifier: BSD-2-Clause */

/* kernel_check(), objects under destruction (destroy.h): Z. */

#include "core/check_internal.h"

#include "core/ram.h"

static bool is_anchor(const struct slot *slot)
{
    return check_bool(&slot->cap.anchor) != 0;
}

/* The zombie in a slot number, null if there is none. */
static const struct slot *zombie_at(const struct check *c, uint32_t number)
{
    const struct slot *slot = ram_slot(c->k, number);
    if (!check_is_slot(c, slot) || slot->cap.type != CAP_ZOMBIE) {
        return NULL;
    }
    return slot;
}

static bool check_ring_links(struct check *c, const struct slot *slot)
{
    uint32_t number = ram_slot_number(c->k, slot);
    const struct slot *next = zombie_at(c, slot->cap.ring_next);
    const struct slot *prev = zombie_at(c, slot->cap.ring_prev);

    REQUIRE(c,
            next != NULL && next->cap.ring_prev == number && prev != NULL &&
                prev->cap.ring_next == number,
            "Z1", "neighbours in a ring are zombies that name each other", slot);
    return true;
}

/* The slots of the member's object that have been examined are empty, but for the ring's anchor and
 * the member itself; and the member is at home. */
static bool check_member(struct check *c, const struct slot *anchor, const struct slot *member)
{
    uint64_t index = check_find_containing(c, check_paddr(c, member->cap.slots));
    uint64_t count = 0;
    const struct slot *slots = check_object_slots(c, &c->objects[index], &count);

    REQUIRE(c, member == anchor || member == &slots[0] || member == &slots[1], "Z3",
            "a zombie that is no anchor is at home in its own object", member);
    for (uint64_t i = member->cap.left; i < count; i++) {
        const struct slot *slot = &slots[i];
        REQUIRE(c, slot->cap.type == CAP_NULL || slot == member || slot == anchor, "Z4",
                "slots that have been examined are empty", slot);
    }
    return true;
}

/* Walks the ring of an anchor, and counts it. */
static bool check_ring(struct check *c, const struct slot *anchor, uint64_t *members)
{
    const struct slot *member = anchor;

    do {
        REQUIRE(c, member == anchor || !is_anchor(member), "Z2", "a ring has one anchor", member);
        if (!check_member(c, anchor, member)) {
            return false;
        }
        (*members)++;
        member = ram_slot(c->k, member->cap.ring_next);
    } while (member != anchor);
    return true;
}

bool check_zombies(struct check *c)
{
    uint64_t zombies = 0;
    uint64_t members = 0;

    for (uint64_t i = 0; i < c->count; i++) {
        const struct slot *slot = check_slot(c, i);
        if (slot->cap.type != CAP_ZOMBIE) {
            continue;
        }
        zombies++;
        if (!check_ring_links(c, slot)) {
            return false;
        }
    }
    for (uint64_t i = 0; zombies > 0 && i < c->count; i++) {
        const struct slot *slot = check_slot(c, i);
        if (slot->cap.type == CAP_ZOMBIE && is_anchor(slot) && !check_ring(c, slot, &members)) {
            return false;
        }
    }
    REQUIRE(c, members == zombies, "Z2", "every ring has an anchor", c->k);
    return true;
}
