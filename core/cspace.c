/* SPDX-License-Identifier: BSD-2-Clause */

#include "core/cspace.h"

#include "core/bits.h"
#include "core/thread.h"

/* Failures are kept in TCBs: all of one is written, whatever its kind. */
static const struct lookup_failure no_failure = {.kind = LOOKUP_NONE};

bool cspace_resolve(const struct cap *root, uint64_t address, uint32_t bits, struct slot **found,
                    uint32_t *bits_left, struct lookup_failure *failure)
{
    ASSERT(bits >= 1 && bits <= 64);
    const struct cap *node = root;
    uint32_t left = bits;

    *failure = no_failure;
    if (root->type != CAP_CNODE) {
        failure->kind = LOOKUP_INVALID_ROOT;
        return false;
    }
    /* Every step consumes at least one bit: a radix is at least 1. */
    for (uint32_t step = 0; step < 64; step++) {
        uint32_t guard_bits = node->guard_bits;
        uint32_t level = guard_bits + node->bits;

        failure->bits_left = left;
        if (guard_bits > left ||
            bits_high(bits_low(address, left), left - guard_bits) != node->guard) {
            failure->kind = LOOKUP_GUARD_MISMATCH;
            failure->guard_found = node->guard;
            failure->bits_found = guard_bits;
            return false;
        }
        if (level > left) {
            failure->kind = LOOKUP_DEPTH_MISMATCH;
            failure->bits_found = level;
            return false;
        }
        left -= level;
        struct slot *slot = &node->slots[bits_low(bits_high(address, left), node->bits)];
        if (left == 0 || slot->cap.type != CAP_CNODE) {
            *found = slot;
            *bits_left = left;
            return true;
        }
        node = &slot->cap;
    }
    UNREACHABLE("a CNode without slots");
}

bool cspace_lookup(struct thread *thread, uint64_t cptr, struct slot **found,
                   struct lookup_failure *failure)
{
    uint32_t bits_left = 0;
    return cspace_resolve(&thread->slots[THREAD_CSPACE].cap, cptr, 64, found, &bits_left, failure);
}

enum status cspace_slot(const struct cap *root, uint64_t index, uint64_t depth, struct slot **found,
                        struct lookup_failure *failure)
{
    uint32_t bits_left = 0;

    *failure = no_failure;
    if (root->type != CAP_CNODE) {
        failure->kind = LOOKUP_INVALID_ROOT;
        return STATUS_FAILED_LOOKUP;
    }
    if (depth < 1 || depth > 64) {
        return STATUS_RANGE_ERROR;
    }
    if (!cspace_resolve(root, index, (uint32_t)depth, found, &bits_left, failure)) {
        return STATUS_FAILED_LOOKUP;
    }
    if (bits_left != 0) {
        failure->kind = LOOKUP_DEPTH_MISMATCH;
        failure->bits_left = bits_left;
        failure->bits_found = 0;
        return STATUS_FAILED_LOOKUP;
    }
    return STATUS_OK;
}
