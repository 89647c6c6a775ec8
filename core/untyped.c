/* SPDX-License-Identifier: BSD-2-Clause */

#include "core/untyped.h"

#include <stdbool.h>
#include <stddef.h>

#include "core/bits.h"
#include "core/call.h"
#include "core/cdt.h"
#include "core/kernel.h"
#include "core/object.h"
#include "core/ram.h"

enum {
    INDEX_UNIT = 16, /* Bytes per unit of the free index. */
    RESET_CHUNK_BITS = 8,
};

STATIC_ASSERT(1 << RESET_CHUNK_BITS == ABI_RESET_CHUNK, "reset chunk");

/* A checked retype: what to make, and where to put the capabilities. */
struct retype {
    uint64_t type;
    uint8_t size_bits; /* As given by the user. */
    uint32_t object_bits;
    uint64_t count;
    struct slot *dest; /* The first slot. */
};

uint64_t untyped_room(uint32_t bits, uint64_t used, uint32_t object_bits)
{
    ASSERT(used <= bit(bits));
    return bits_high(bit(bits) - used, object_bits);
}

uint64_t untyped_start(uint64_t used, uint32_t object_bits)
{
    return align_up(used, object_bits);
}

/* Checks 2 to 6: the kind of object. */
static enum status check_type(struct kernel *k, struct call *call, struct retype *retype)
{
    uint64_t type = call_word(call, 0);
    uint64_t size_bits = call_word(call, 1);

    if (type >= ABI_OBJECT_COUNT) {
        return call_fail_argument(k, call, 2, 0);
    }
    if (size_bits >= 64 || object_size_bits(type, size_bits) > ABI_MAX_UNTYPED_BITS) {
        return call_fail_range(k, call, 3, 0, ABI_MAX_UNTYPED_BITS);
    }
    if (type == ABI_OBJECT_CAP_TABLE && size_bits == 0) {
        return call_fail_argument(k, call, 4, 1);
    }
    if (type == ABI_OBJECT_UNTYPED && size_bits < ABI_MIN_UNTYPED_BITS) {
        return call_fail_argument(k, call, 5, 1);
    }
    if (type == ABI_OBJECT_SCHED_CONTEXT && size_bits < ABI_MIN_SCHED_CONTEXT_BITS) {
        return call_fail_argument(k, call, 6, 1);
    }
    retype->type = type;
    retype->size_bits = (uint8_t)size_bits;
    retype->object_bits = object_size_bits(type, size_bits);
    return STATUS_OK;
}

/* Checks 7 to 13: the destination slots. */
static enum status check_dest(struct kernel *k, struct call *call, struct retype *retype)
{
    uint64_t depth = call_word(call, 3);
    uint64_t offset = call_word(call, 4);
    uint64_t count = call_word(call, 5);
    struct slot *node = call->extra[0];

    if (depth != 0) {
        enum status status =
            call_slot(k, call, 7, false, &call->extra[0]->cap, call_word(call, 2), depth, &node);
        if (status != STATUS_OK) {
            return status;
        }
    }
    if (node->cap.type != CAP_CNODE) {
        return call_fail_missing(k, call, 9, false, depth);
    }
    uint64_t slots = cap_slot_count(&node->cap);
    if (offset > slots - 1) {
        return call_fail_range(k, call, 10, 0, slots - 1);
    }
    if (count < 1 || count > ABI_RETYPE_FAN_OUT) {
        return call_fail_range(k, call, 11, 1, ABI_RETYPE_FAN_OUT);
    }
    if (count > slots - offset) {
        return call_fail_range(k, call, 12, 1, slots - offset);
    }
    retype->count = count;
    retype->dest = &node->cap.slots[offset];
    for (uint64_t i = 0; i < count; i++) {
        if (!cap_is_null(&retype->dest[i].cap)) {
            return call_fail(k, call, 13);
        }
    }
    return STATUS_OK;
}

/* Clears what has been used of a childless untyped, from the top, so that an interrupted reset
 * goes on where it stopped: the free index is how much is still dirty. */
static enum status reset(struct kernel *k, struct cap *untyped)
{
    uint64_t used = untyped->free_index * INDEX_UNIT;

    if (untyped->device) {
        untyped->free_index = 0;
        return STATUS_OK;
    }
    while (used > 0) {
        uint64_t rest = align_down(used - 1, RESET_CHUNK_BITS);
        ram_clear(k, untyped->paddr + rest, used - rest);
        used = rest;
        untyped->free_index = used / INDEX_UNIT;
        if (used > 0 && kernel_preempt(k)) {
            return STATUS_PREEMPTED;
        }
    }
    return STATUS_OK;
}

static void create(struct kernel *k, struct slot *parent, const struct retype *retype)
{
    struct cap *untyped = &parent->cap;
    uint64_t size = bit(retype->object_bits);
    uint64_t start = untyped_start(untyped->free_index * INDEX_UNIT, retype->object_bits);

    ASSERT(start + retype->count * size <= bit(untyped->bits));
    untyped->free_index = (start + retype->count * size) / INDEX_UNIT;
    for (uint64_t i = 0; i < retype->count; i++) {
        uint64_t paddr = untyped->paddr + start + i * size;
        struct cap cap = object_create(k, retype->type, paddr, retype->size_bits, untyped->device);
        cdt_insert_original(k, &retype->dest[i], parent, cap);
    }
}

enum status untyped_retype(struct kernel *k, struct call *call)
{
    struct slot *parent = call->slot;
    struct retype retype = {.count = 0};

    if (call->length < 6 || call->extra_count < 1) {
        return call_fail(k, call, 1);
    }
    enum status status = check_type(k, call, &retype);
    if (status != STATUS_OK) {
        return status;
    }
    status = check_dest(k, call, &retype);
    if (status != STATUS_OK) {
        return status;
    }
    bool childless = cdt_first_child(k, parent) == NULL;
    uint64_t used = childless ? 0 : parent->cap.free_index * INDEX_UNIT;
    if (untyped_room(parent->cap.bits, used, retype.object_bits) < retype.count) {
        return call_fail_memory(k, call, 14, bit(parent->cap.bits) - used);
    }
    if (parent->cap.device && !object_may_be_device(retype.type)) {
        return call_fail_argument(k, call, 15, 1);
    }

    /* Commit. The reset may be preempted; nothing else has changed then. */
    if (childless) {
        status = reset(k, &parent->cap);
        if (status != STATUS_OK) {
            return status;
        }
    }
    create(k, parent, &retype);
    return STATUS_OK;
}
