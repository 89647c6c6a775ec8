/* SPDX-License-Identifier: BSD-2-Clause */

#include "core/cdt.h"

#include <stddef.h>

#include "core/assert.h"
#include "core/kernel.h"
#include "core/ram.h"

struct slot *cdt_next(const struct kernel *k, const struct slot *slot)
{
    return ram_slot(k, slot->next);
}

struct slot *cdt_prev(const struct kernel *k, const struct slot *slot)
{
    return ram_slot(k, slot->prev);
}

bool cdt_is_parent(const struct kernel *k, const struct slot *a, const struct slot *b)
{
    if ((a->cap.cdt & CDT_ORIGINAL) == 0 || !cap_covers(k, &a->cap, &b->cap)) {
        return false;
    }
    bool has_badge = a->cap.type == CAP_ENDPOINT || a->cap.type == CAP_NOTIFICATION;
    if (!has_badge || a->cap.badge == 0) {
        return true;
    }
    return b->cap.badge == a->cap.badge && (b->cap.cdt & CDT_FIRST_BADGED) == 0;
}

struct slot *cdt_first_child(const struct kernel *k, const struct slot *slot)
{
    struct slot *next = cdt_next(k, slot);
    return next != NULL && cdt_is_parent(k, slot, next) ? next : NULL;
}

bool cdt_is_final(const struct kernel *k, const struct slot *slot)
{
    const struct slot *next = cdt_next(k, slot);
    const struct slot *prev = cdt_prev(k, slot);

    if (next != NULL && cap_same_object(k, &slot->cap, &next->cap)) {
        return false;
    }
    return prev == NULL || !cap_same_object(k, &prev->cap, &slot->cap);
}

static void insert(struct kernel *k, struct slot *slot, struct slot *after, struct cap cap)
{
    ASSERT(cap_is_null(&slot->cap));
    ASSERT(cap.type != CAP_NULL);
    struct slot *next = cdt_next(k, after);

    slot->cap = cap;
    slot->prev = ram_slot_number(k, after);
    slot->next = after->next;
    after->next = ram_slot_number(k, slot);
    if (next != NULL) {
        next->prev = after->next;
    }
}

void cdt_insert_original(struct kernel *k, struct slot *slot, struct slot *after, struct cap cap)
{
    cap.cdt = CDT_ORIGINAL | CDT_FIRST_BADGED;
    insert(k, slot, after, cap);
}

/* Whether a copy can itself be a parent, docs/abi/03 section 3.6. */
static bool copy_is_original(const struct cap *copy, const struct cap *source)
{
    if (copy->type == CAP_ENDPOINT || copy->type == CAP_NOTIFICATION) {
        return copy->badge != source->badge;
    }
    if (copy->type == CAP_IRQ_HANDLER) {
        return source->type == CAP_IRQ_CONTROL;
    }
    return copy->type == CAP_UNTYPED;
}

void cdt_insert_copy(struct kernel *k, struct slot *slot, struct slot *source, struct cap cap)
{
    cap.cdt = copy_is_original(&cap, &source->cap) ? CDT_ORIGINAL | CDT_FIRST_BADGED : 0;

    /* The memory of an untyped that is copied belongs to the copy. */
    if (source->cap.type == CAP_UNTYPED && cap.type == CAP_UNTYPED) {
        source->cap.free_index = ((uint64_t)1 << source->cap.bits) / 16;
    }
    insert(k, slot, source, cap);
}

/* What `number` names after the exchange of slots `a` and `b`. */
static uint32_t exchanged(uint32_t number, uint32_t a, uint32_t b)
{
    if (number == a) {
        return b;
    }
    return number == b ? a : number;
}

/* Corrects a slot's own links after the exchange of `a` and `b`. */
static void rename_links(struct slot *slot, uint32_t a, uint32_t b)
{
    slot->next = exchanged(slot->next, a, b);
    slot->prev = exchanged(slot->prev, a, b);
    if (slot->cap.type == CAP_ZOMBIE) {
        slot->cap.ring_next = exchanged(slot->cap.ring_next, a, b);
        slot->cap.ring_prev = exchanged(slot->cap.ring_prev, a, b);
    }
}

/* Makes a slot's neighbours point back to it. */
static void attach(struct kernel *k, struct slot *slot)
{
    uint32_t self = ram_slot_number(k, slot);

    if (slot->next != 0) {
        ram_slot(k, slot->next)->prev = self;
    }
    if (slot->prev != 0) {
        ram_slot(k, slot->prev)->next = self;
    }
    if (slot->cap.type == CAP_ZOMBIE) {
        ram_slot(k, slot->cap.ring_next)->cap.ring_prev = self;
        ram_slot(k, slot->cap.ring_prev)->cap.ring_next = self;
    }
}

void cdt_swap(struct kernel *k, struct slot *a, struct cap a_cap, struct slot *b, struct cap b_cap)
{
    ASSERT(a != b);
    uint32_t a_number = ram_slot_number(k, a);
    uint32_t b_number = ram_slot_number(k, b);
    struct slot old_a = *a;
    struct slot old_b = *b;

    a_cap.cdt = old_a.cap.cdt;
    b_cap.cdt = old_b.cap.cdt;
    *a = old_b;
    *b = old_a;
    a->cap = b_cap;
    b->cap = a_cap;
    rename_links(a, a_number, b_number);
    rename_links(b, a_number, b_number);
    attach(k, a);
    attach(k, b);
}

void cdt_move(struct kernel *k, struct slot *from, struct slot *to, struct cap cap)
{
    ASSERT(cap_is_null(&to->cap));
    ASSERT(!cap_is_null(&from->cap));
    cdt_swap(k, from, cap, to, cap_null());
}

void cdt_remove(struct kernel *k, struct slot *slot)
{
    ASSERT(!cap_is_null(&slot->cap));
    struct slot *next = cdt_next(k, slot);
    struct slot *prev = cdt_prev(k, slot);

    if (next != NULL) {
        next->prev = slot->prev;
        next->cap.cdt = (uint8_t)(next->cap.cdt | (slot->cap.cdt & CDT_FIRST_BADGED));
    }
    if (prev != NULL) {
        prev->next = slot->next;
    }
    slot->cap = cap_null();
    slot->next = 0;
    slot->prev = 0;
}

enum status cdt_derive(const struct kernel *k, const struct slot *source, struct cap cap,
                       struct cap *derived)
{
    *derived = cap;
    derived->cdt = 0;
    switch ((enum cap_type)cap.type) {
    case CAP_ZOMBIE:
    case CAP_IRQ_CONTROL:
        *derived = cap_null();
        return STATUS_OK;
    case CAP_UNTYPED:
        return cdt_first_child(k, source) == NULL ? STATUS_OK : STATUS_REVOKE_FIRST;
    case CAP_PAGE_TABLE:
        return cap_is_mapped(&cap) ? STATUS_OK : STATUS_ILLEGAL_OPERATION;
    case CAP_FRAME:
        derived->asid = 0;
        derived->vaddr = 0;
        return STATUS_OK;
    case CAP_NULL:
    case CAP_ENDPOINT:
    case CAP_NOTIFICATION:
    case CAP_REPLY:
    case CAP_CNODE:
    case CAP_TCB:
    case CAP_IRQ_HANDLER:
    case CAP_DOMAIN:
    case CAP_SCHED_CONTEXT:
    case CAP_SCHED_CONTROL:
    case CAP_ASID_CONTROL:
    case CAP_ASID_POOL:
        return STATUS_OK;
    }
    return STATUS_OK;
}
