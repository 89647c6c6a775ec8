/* SPDX-License-Identifier: BSD-2-Clause */

/* kernel_check(), memory: C7 and C8, U1 to U4, and the table of all objects.
 *
 * The structure of memory follows twice: from the order of the derivation sequence, where the
 * untyped that a capability belongs to is the nearest before it that covers it with no stranger in
 * between; and from the addresses alone. Both must say the same.
 */

#include "core/check_internal.h"

#include "core/bits.h"

static bool is_untyped(const struct check *c, uint64_t i)
{
    return check_cap(c, i)->type == CAP_UNTYPED;
}

/* Position `outer` covers position `inner`, which has memory. */
static bool covers(const struct check *c, uint64_t outer, uint64_t inner)
{
    uint64_t offset = c->bases[inner] - c->bases[outer];
    return c->sizes[inner] <= c->sizes[outer] && offset <= c->sizes[outer] - c->sizes[inner];
}

/* Pops from the stack of untypeds those that do not cover position i; the innermost that does. */
static uint64_t innermost(const struct check *c, uint64_t i, uint64_t *depth)
{
    while (*depth > 0 && !covers(c, c->stack[*depth - 1], i)) {
        (*depth)--;
    }
    return *depth == 0 ? CHECK_NONE : c->stack[*depth - 1];
}

static void find_regions(struct check *c)
{
    for (uint64_t i = 0; i < c->count; i++) {
        const struct cap *cap = check_cap(c, i);
        uint32_t bits = check_object_bits(cap);
        c->bases[i] = check_object_base(c, cap);
        c->sizes[i] = bits == 0 ? 0 : bit(bits);
    }
}

/* Parents as the order of the sequence has them. */
static void find_parents(struct check *c)
{
    uint64_t depth = 0;

    for (uint64_t i = 0; i < c->count; i++) {
        if (c->sizes[i] == 0) {
            depth = 0;
            c->parents[i] = CHECK_NONE;
            continue;
        }
        c->parents[i] = innermost(c, i, &depth);
        if (is_untyped(c, i)) {
            c->stack[depth] = i;
            depth++;
        }
    }
}

/* Sorts all capabilities with memory: by base, larger ones first, untypeds before others, in the
 * sequence's order among equals. */
static void sort_regions(struct check *c)
{
    c->pair_count = 0;
    for (uint64_t i = 0; i < c->count; i++) {
        if (c->sizes[i] == 0) {
            continue;
        }
        uint32_t bits = highest_bit(c->sizes[i]);
        uint64_t key = c->bases[i] / 16 * 128 + (63 - bits) * 2 + (is_untyped(c, i) ? 0 : 1);
        c->pairs[c->pair_count].key = key;
        c->pairs[c->pair_count].value = i;
        c->pair_count++;
    }
    check_sort(c->pairs, c->pair_count);
}

/* A zombie counts as what it was. */
static uint64_t object_type(const struct cap *cap)
{
    if (cap->type == CAP_ZOMBIE) {
        return cap->bits == 0 ? CAP_TCB : CAP_CNODE;
    }
    return cap->type;
}

static void add_object(struct check *c, uint64_t i)
{
    struct check_object *object = &c->objects[c->object_count];

    object->base = c->bases[i];
    object->bits = highest_bit(c->sizes[i]);
    object->type = object_type(check_cap(c, i));
    object->first = i;
    object->count = 1;
    object->mark = 0;
    c->object_count++;
}

/* Another capability to the last object that was added, or one that overlaps it. */
static bool join_object(struct check *c, uint64_t i)
{
    struct check_object *object = &c->objects[c->object_count - 1];
    const struct cap *cap = check_cap(c, i);
    const struct cap *first = check_object_cap(c, object);

    REQUIRE(c, c->bases[i] == object->base && c->sizes[i] == bit((uint32_t)object->bits), "U2",
            "objects are disjoint", check_slot(c, i));
    REQUIRE(c, cap->type == first->type && cap->type != CAP_ZOMBIE, "U2",
            "an object is of one kind, and has one capability if it is a zombie", check_slot(c, i));
    REQUIRE(c, cap->type != CAP_FRAME || check_bool(&cap->device) == check_bool(&first->device),
            "U4", "device memory is the same to all capabilities", check_slot(c, i));
    REQUIRE(c, object->first + object->count == i, "C8",
            "capabilities to one object follow each other", check_slot(c, i));
    object->count++;
    return true;
}

/* Walks the regions by address. Since each is aligned to its size, two of them are disjoint or one
 * lies in the other, and then the larger one comes first. */
static bool check_regions(struct check *c)
{
    uint64_t depth = 0;
    uint64_t object_end = 0;

    c->object_count = 0;
    for (uint64_t p = 0; p < c->pair_count; p++) {
        uint64_t i = c->pairs[p].value;

        REQUIRE(c, innermost(c, i, &depth) == c->parents[i], "C7",
                "a slot follows the untyped that covers it, with others of its kind between only",
                check_slot(c, i));
        if (c->object_count > 0 && c->bases[i] < object_end) {
            REQUIRE(c, !is_untyped(c, i), "U2", "no untyped lies in an object", check_slot(c, i));
            if (!join_object(c, i)) {
                return false;
            }
        } else if (is_untyped(c, i)) {
            c->stack[depth] = i;
            depth++;
        } else {
            add_object(c, i);
            object_end = c->bases[i] + c->sizes[i];
        }
    }
    return true;
}

/* Position i and the untyped it was made from. */
static bool check_parent(struct check *c, uint64_t i)
{
    const struct cap *cap = check_cap(c, i);
    const struct cap *parent = check_cap(c, c->parents[i]);
    uint64_t end = c->bases[i] - parent->paddr + c->sizes[i];
    bool may_be_device = cap->type == CAP_UNTYPED || cap->type == CAP_FRAME;

    REQUIRE(c, end <= parent->free_index * 16, "U1",
            "objects lie below the watermark of their untyped", check_slot(c, i));
    REQUIRE(c, (may_be_device ? check_bool(&cap->device) : 0) == check_bool(&parent->device), "U4",
            "device untypeds are parents of device memory, others of other objects",
            check_slot(c, i));
    return true;
}

static bool overlaps(const struct check *c, uint64_t i, uint64_t base, uint64_t size)
{
    uint64_t start = c->bases[i];
    return start < base + size && base < start + c->sizes[i];
}

bool check_memory(struct check *c)
{
    uint64_t kernel = check_paddr(c, c->k);

    find_regions(c);
    find_parents(c);
    sort_regions(c);
    if (!check_regions(c)) {
        return false;
    }
    for (uint64_t p = 0; p < c->pair_count; p++) {
        uint64_t i = c->pairs[p].value;

        REQUIRE(c,
                !overlaps(c, i, kernel, sizeof(struct kernel)) &&
                    !overlaps(c, i, c->k->kernel_vspace, bit(ABI_PAGE_TABLE_BITS)),
                "U3", "the kernel's own memory is in no capability", check_slot(c, i));
        if (c->parents[i] != CHECK_NONE && !check_parent(c, i)) {
            return false;
        }
    }
    return true;
}
