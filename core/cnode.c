/* SPDX-License-Identifier: BSD-2-Clause */

#include "core/cnode.h"

#include <stddef.h>

#include "core/call.h"
#include "core/cdt.h"
#include "core/destroy.h"
#include "core/endpoint.h"
#include "core/kernel.h"

/* Checks 1 to 3, common to all: the slot that words 0 and 1 name. */
static enum status find_dest(struct kernel *k, struct call *call, struct slot **dest)
{
    if (call->length < 2) {
        return call_fail(k, call, 1);
    }
    return call_slot(k, call, 2, false, &call->slot->cap, call_word(call, 0), call_word(call, 1),
                     dest);
}

enum status cnode_revoke(struct kernel *k, struct call *call)
{
    struct slot *slot = NULL;
    enum status status = find_dest(k, call, &slot);

    return status == STATUS_OK ? destroy_children(k, slot) : status;
}

enum status cnode_delete(struct kernel *k, struct call *call)
{
    struct slot *slot = NULL;
    enum status status = find_dest(k, call, &slot);

    return status == STATUS_OK ? destroy_slot(k, slot, true) : status;
}

enum status cnode_cancel_badged_sends(struct kernel *k, struct call *call)
{
    struct slot *slot = NULL;
    enum status status = find_dest(k, call, &slot);

    if (status != STATUS_OK) {
        return status;
    }
    if (slot->cap.type != CAP_ENDPOINT || slot->cap.rights != ABI_RIGHT_ALL) {
        return call_fail(k, call, 4);
    }
    if (slot->cap.badge == 0) {
        return STATUS_OK;
    }
    return endpoint_cancel_badged(k, slot->cap.endpoint, slot->cap.badge);
}

/* Checks 1 to 8, common to Copy, Mint, Move and Mutate. */
static enum status find_both(struct kernel *k, struct call *call, struct slot **dest,
                             struct slot **source)
{
    enum status status = find_dest(k, call, dest);

    if (status != STATUS_OK) {
        return status;
    }
    if (call->length < 4 || call->extra_count < 1) {
        return call_fail(k, call, 4);
    }
    if (!cap_is_null(&(*dest)->cap)) {
        return call_fail(k, call, 5);
    }
    uint64_t depth = call_word(call, 3);
    status = call_slot(k, call, 6, true, &call->extra[0]->cap, call_word(call, 2), depth, source);
    if (status != STATUS_OK) {
        return status;
    }
    if (cap_is_null(&(*source)->cap)) {
        return call_fail_missing(k, call, 8, true, depth);
    }
    return STATUS_OK;
}

/* Checks 10 to 12 of Copy and Mint, and their commit. */
static enum status insert_derived(struct kernel *k, struct call *call, struct slot *dest,
                                  struct slot *source, struct cap cap)
{
    struct cap derived;
    enum status status = cdt_derive(k, source, cap, &derived);

    if (status != STATUS_OK) {
        return call_fail(k, call, status == STATUS_REVOKE_FIRST ? 10 : 11);
    }
    if (cap_is_null(&derived)) {
        return call_fail(k, call, 12);
    }
    cdt_insert_copy(k, dest, source, derived);
    return STATUS_OK;
}

enum status cnode_copy(struct kernel *k, struct call *call)
{
    struct slot *dest = NULL;
    struct slot *source = NULL;
    enum status status = find_both(k, call, &dest, &source);

    if (status != STATUS_OK) {
        return status;
    }
    if (call->length < 5) {
        return call_fail(k, call, 9);
    }
    struct cap cap = cap_mask_rights(source->cap, call_word(call, 4));
    return insert_derived(k, call, dest, source, cap);
}

enum status cnode_mint(struct kernel *k, struct call *call)
{
    struct slot *dest = NULL;
    struct slot *source = NULL;
    enum status status = find_both(k, call, &dest, &source);

    if (status != STATUS_OK) {
        return status;
    }
    if (call->length < 6) {
        return call_fail(k, call, 9);
    }
    struct cap cap = cap_mask_rights(source->cap, call_word(call, 4));
    cap = cap_change_data(cap, call_word(call, 5), false);
    return insert_derived(k, call, dest, source, cap);
}

enum status cnode_move(struct kernel *k, struct call *call)
{
    struct slot *dest = NULL;
    struct slot *source = NULL;
    enum status status = find_both(k, call, &dest, &source);

    if (status != STATUS_OK) {
        return status;
    }
    cdt_move(k, source, dest, source->cap);
    return STATUS_OK;
}

enum status cnode_mutate(struct kernel *k, struct call *call)
{
    struct slot *dest = NULL;
    struct slot *source = NULL;
    enum status status = find_both(k, call, &dest, &source);

    if (status != STATUS_OK) {
        return status;
    }
    if (call->length < 5) {
        return call_fail(k, call, 9);
    }
    struct cap cap = cap_change_data(source->cap, call_word(call, 4), true);
    if (cap_is_null(&cap)) {
        return call_fail(k, call, 10);
    }
    cdt_move(k, source, dest, cap);
    return STATUS_OK;
}

/* Checks 9 to 14 of Rotate, and its commit. */
static enum status rotate(struct kernel *k, struct call *call, struct slot *dest,
                          struct slot *pivot, struct slot *source)
{
    if (pivot == source || pivot == dest) {
        return call_fail(k, call, 9);
    }
    if (source != dest && !cap_is_null(&dest->cap)) {
        return call_fail(k, call, 10);
    }
    if (cap_is_null(&source->cap)) {
        return call_fail_missing(k, call, 11, true, call_word(call, 7));
    }
    if (cap_is_null(&pivot->cap)) {
        return call_fail_missing(k, call, 12, false, call_word(call, 4));
    }
    struct cap to_pivot = cap_change_data(source->cap, call_word(call, 5), true);
    struct cap to_dest = cap_change_data(pivot->cap, call_word(call, 2), true);
    if (cap_is_null(&to_pivot)) {
        return call_fail(k, call, 13);
    }
    if (cap_is_null(&to_dest)) {
        return call_fail(k, call, 14);
    }

    /* Commit: cannot fail. */
    if (source == dest) {
        cdt_swap(k, source, to_pivot, pivot, to_dest);
    } else {
        cdt_move(k, pivot, dest, to_dest);
        cdt_move(k, source, pivot, to_pivot);
    }
    return STATUS_OK;
}

enum status cnode_rotate(struct kernel *k, struct call *call)
{
    struct slot *dest = NULL;
    struct slot *pivot = NULL;
    struct slot *source = NULL;
    enum status status = find_dest(k, call, &dest);

    if (status != STATUS_OK) {
        return status;
    }
    if (call->length < 8 || call->extra_count < 2) {
        return call_fail(k, call, 4);
    }
    status = call_slot(k, call, 5, true, &call->extra[1]->cap, call_word(call, 6),
                       call_word(call, 7), &source);
    if (status != STATUS_OK) {
        return status;
    }
    status = call_slot(k, call, 7, true, &call->extra[0]->cap, call_word(call, 3),
                       call_word(call, 4), &pivot);
    if (status != STATUS_OK) {
        return status;
    }
    return rotate(k, call, dest, pivot, source);
}
