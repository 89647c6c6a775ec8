/* SPDX-License-Identifier: BSD-2-Clause */

/* The tables that kernel_check() works with: sorting and searching. */

#include "core/check_internal.h"

#include "core/config.h"
#include "core/ram.h"

static bool before(const struct check_pair *a, const struct check_pair *b)
{
    return a->key < b->key || (a->key == b->key && a->value < b->value);
}

/* Moves the entry at `root` down until neither child is greater. */
static void sift_down(struct check_pair *pairs, uint64_t root, uint64_t count)
{
    struct check_pair moved = pairs[root];

    for (uint64_t child = 2 * root + 1; child < count; child = 2 * root + 1) {
        if (child + 1 < count && before(&pairs[child], &pairs[child + 1])) {
            child++;
        }
        if (!before(&moved, &pairs[child])) {
            break;
        }
        pairs[root] = pairs[child];
        root = child;
    }
    pairs[root] = moved;
}

/* Heapsort: in place, without recursion, and never worse than n log n. */
void check_sort(struct check_pair *pairs, uint64_t count)
{
    for (uint64_t i = count / 2; i > 0; i--) {
        sift_down(pairs, i - 1, count);
    }
    for (uint64_t end = count; end > 1; end--) {
        struct check_pair greatest = pairs[0];
        pairs[0] = pairs[end - 1];
        pairs[end - 1] = greatest;
        sift_down(pairs, 0, end - 1);
    }
}

uint32_t check_object_bits(const struct cap *cap)
{
    switch ((enum cap_type)cap->type) {
    case CAP_UNTYPED:
    case CAP_FRAME:
    case CAP_SCHED_CONTEXT:
        return cap->bits;
    case CAP_ENDPOINT:
        return ABI_ENDPOINT_BITS;
    case CAP_NOTIFICATION:
        return ABI_NOTIFICATION_BITS;
    case CAP_REPLY:
        return ABI_REPLY_BITS;
    case CAP_CNODE:
        return cap->bits + (uint32_t)ABI_SLOT_BITS;
    case CAP_TCB:
        return CONFIG_TCB_BITS;
    case CAP_ZOMBIE:
        return cap->bits == 0 ? (uint32_t)CONFIG_TCB_BITS : cap->bits + (uint32_t)ABI_SLOT_BITS;
    case CAP_PAGE_TABLE:
        return ABI_PAGE_TABLE_BITS;
    case CAP_ASID_POOL:
        return ABI_ASID_POOL_BITS;
    case CAP_NULL:
    case CAP_IRQ_CONTROL:
    case CAP_IRQ_HANDLER:
    case CAP_DOMAIN:
    case CAP_SCHED_CONTROL:
    case CAP_ASID_CONTROL:
        return 0;
    }
    return 0;
}

uint64_t check_object_base(const struct check *c, const struct cap *cap)
{
    if (cap->type == CAP_UNTYPED || cap->type == CAP_FRAME) {
        return cap->paddr;
    }
    return check_paddr(c, cap->slots);
}

uint64_t check_find_containing(const struct check *c, uint64_t paddr)
{
    uint64_t low = 0;
    uint64_t high = c->object_count;

    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        if (c->objects[middle].base <= paddr) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    if (low == 0) {
        return CHECK_NONE;
    }
    const struct check_object *object = &c->objects[low - 1];
    return (paddr - object->base) >> object->bits == 0 ? low - 1 : CHECK_NONE;
}

uint64_t check_find(const struct check *c, const void *pointer, enum cap_type type)
{
    uint64_t paddr = check_paddr(c, pointer);
    uint64_t index = check_find_containing(c, paddr);

    if (index == CHECK_NONE || c->objects[index].base != paddr ||
        c->objects[index].type != (uint64_t)type) {
        return CHECK_NONE;
    }
    return index;
}

const void *check_object_at(const struct check *c, const struct check_object *object)
{
    return ram_at(c->k, object->base);
}
