/* SPDX-License-Identifier: BSD-2-Clause */

/* kernel_check(), slots: where they are, and what their order says: C9 to C13. */

#include "core/check_internal.h"

#include "core/bits.h"
#include "core/thread.h"

/* --- Where slots are -------------------------------------------------------------------------- */

/* A slot lies, properly aligned, in an array of slots. */
static bool in_array(const struct check *c, const struct slot *slot, uint64_t paddr, uint64_t count)
{
    uint64_t offset = check_paddr(c, slot) - paddr;
    return offset / sizeof(struct slot) < count && offset % sizeof(struct slot) == 0;
}

static bool in_kernel(const struct check *c, const struct slot *slot)
{
    const struct kernel *k = c->k;
    return slot == &k->cdt_root ||
           in_array(c, slot, check_paddr(c, k->cdt_barriers), CONFIG_CORES) ||
           in_array(c, slot, check_paddr(c, k->irq_slots), CONFIG_IRQ_LIMIT);
}

/* In the slots of a CNode or a thread. */
static bool in_object(const struct check *c, const struct slot *slot,
                      const struct check_object *object)
{
    if (object->type == CAP_CNODE) {
        return in_array(c, slot, object->base, bit((uint32_t)object->bits - ABI_SLOT_BITS));
    }
    return object->type == CAP_TCB &&
           in_array(c, slot, object->base + offsetof(struct thread, slots), THREAD_SLOT_COUNT);
}

bool check_is_slot(const struct check *c, const struct slot *slot)
{
    uint64_t index = check_find_containing(c, check_paddr(c, slot));
    return index != CHECK_NONE && in_object(c, slot, &c->objects[index]);
}

const struct slot *check_object_slots(const struct check *c, const struct check_object *object,
                                      uint64_t *count)
{
    if (object->type == CAP_TCB) {
        const struct thread *thread = check_object_at(c, object);
        *count = THREAD_SLOT_COUNT;
        return thread->slots;
    }
    *count = bit((uint32_t)object->bits - ABI_SLOT_BITS);
    return check_object_at(c, object);
}

/* Every slot of the sequence is in an object or in struct kernel. Neighbours are often in the same
 * object, so the last one found is tried first. */
static bool check_containers(struct check *c)
{
    uint64_t last = CHECK_NONE;

    for (uint64_t i = 0; i < c->count; i++) {
        const struct slot *slot = check_slot(c, i);
        if (last != CHECK_NONE && in_object(c, slot, &c->objects[last])) {
            continue;
        }
        last = check_find_containing(c, check_paddr(c, slot));
        if (last != CHECK_NONE && in_object(c, slot, &c->objects[last])) {
            continue;
        }
        last = CHECK_NONE;
        REQUIRE(c, in_kernel(c, slot), "C9",
                "a slot is in a CNode, in a thread or in the interrupt table", slot);
    }
    return true;
}

/* --- All slots -------------------------------------------------------------------------------- */

static bool is_zero(const struct slot *slot)
{
    const struct cap *cap = &slot->cap;
    uint64_t words = cap->paddr | cap->badge;
    uint32_t rest = slot->next | slot->prev | cap->left;
    uint32_t bytes = (uint32_t)cap->type | cap->bits | cap->rights | cap->cdt;
    return (words | rest | bytes) == 0;
}

/* Counts the occupied slots of an array; the empty ones must be zero. */
static bool count_slots(struct check *c, const struct slot *slots, uint64_t count,
                        uint64_t *occupied)
{
    for (uint64_t i = 0; i < count; i++) {
        if (slots[i].cap.type != CAP_NULL) {
            (*occupied)++;
            continue;
        }
        REQUIRE(c, is_zero(&slots[i]), "C10", "an empty slot is zero", &slots[i]);
    }
    return true;
}

/* Heads are null slots. The root is always in the sequence, a barrier may be. */
static bool count_heads(struct check *c, uint64_t *heads)
{
    const struct kernel *k = c->k;

    *heads = 1;
    for (uint32_t i = 0; i < CONFIG_CORES; i++) {
        const struct slot *barrier = &k->cdt_barriers[i];
        if (barrier->prev != 0) {
            (*heads)++;
            continue;
        }
        REQUIRE(c, is_zero(barrier), "C10", "an unused barrier is zero", barrier);
    }
    return true;
}

/* The sequence has as many slots as are occupied. Since it holds no slot twice and only slots that
 * are counted here, it holds all of them. */
static bool check_all_slots(struct check *c)
{
    uint64_t occupied = 0;

    if (!count_heads(c, &occupied) ||
        !count_slots(c, c->k->irq_slots, CONFIG_IRQ_LIMIT, &occupied)) {
        return false;
    }
    for (uint64_t i = 0; i < c->object_count; i++) {
        const struct check_object *object = &c->objects[i];
        if (object->type != CAP_CNODE && object->type != CAP_TCB) {
            continue;
        }
        uint64_t count = 0;
        const struct slot *slots = check_object_slots(c, object, &count);
        if (!count_slots(c, slots, count, &occupied)) {
            return false;
        }
    }
    REQUIRE(c, occupied == c->count, "C11", "every occupied slot is in the sequence",
            &c->k->cdt_root);
    return true;
}

bool check_slots(struct check *c)
{
    return check_containers(c) && check_all_slots(c);
}

/* --- Order ------------------------------------------------------------------------------------ */

static bool has_badge(const struct cap *cap)
{
    return cap->type == CAP_ENDPOINT || cap->type == CAP_NOTIFICATION;
}

/* Both capabilities are to the same thing. Where that has memory, the table of objects has shown
 * that its sizes agree. */
static bool same_object(const struct cap *a, const struct cap *b)
{
    return a->type == b->type && a->paddr == b->paddr && a->type != CAP_UNTYPED;
}

/* Position i > 0 holds something that was copied from the capability before it, or from one that
 * was copied from that and is gone. */
static bool is_copy_of_previous(const struct check *c, uint64_t i)
{
    const struct cap *cap = check_cap(c, i);
    const struct cap *previous = check_cap(c, i - 1);

    if (cap->type == CAP_ASID_POOL && previous->type == CAP_UNTYPED) {
        return c->parents[i] == i - 1;
    }
    /* Between an original without badge and its copies stand those that were badged later. */
    return same_object(previous, cap) &&
           (!has_badge(cap) || cap->badge == 0 || previous->badge == cap->badge);
}

bool check_order(struct check *c)
{
    for (uint64_t i = 1; i < c->count; i++) {
        const struct slot *slot = check_slot(c, i);
        const struct cap *cap = &slot->cap;
        bool original = cap->cdt % 2 == CDT_ORIGINAL;
        bool first = cap->cdt / 2 == CDT_FIRST_BADGED / 2;
        bool repeats = same_object(check_cap(c, i - 1), cap);

        if (cap->type == CAP_NULL) {
            continue;
        }
        REQUIRE(c,
                cap->cdt <= (CDT_ORIGINAL | CDT_FIRST_BADGED) && (first || !original) &&
                    (original || cap->type != CAP_UNTYPED),
                "C12", "an original is the first with its badge, and an untyped is an original",
                slot);
        REQUIRE(c, !original || !repeats || (has_badge(cap) && cap->badge != 0), "C12",
                "a copy is no original unless it got a badge", slot);
        REQUIRE(c, first || is_copy_of_previous(c, i), "C13",
                "what is not the first follows a capability to the same, with its badge if any",
                slot);
    }
    return true;
}
