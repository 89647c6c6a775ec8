/* SPDX-License-Identifier: BSD-2-Clause */

/* What may change of capabilities. */
#include <inttypes.h>

#include "core/ipc.h"
#include "core/kernel.h"
#include "fuzz/oracle/integrity.h"

#define KIND "integrity"

enum { EXAMINED_MAX = 64, ALL_RIGHTS = 0xFF };

static bool has_badge(const struct cap *cap)
{
    return cap->type == CAP_ENDPOINT || cap->type == CAP_NOTIFICATION;
}

/* The slot that two message words name, as a call does, below a CNode. */
static const struct slot *named_slot(const struct reach *reach, const struct cap *root,
                                     uint32_t word)
{
    return reach_resolve(reach, root, reach_argument(reach, word), reach_argument(reach, word + 1),
                         true, false);
}

/* --- Filled ----------------------------------------------------------------------------------- */

/* `now` is `source` copied with these rights, or less (docs/abi/03 section 3.7), but for its badge
 * and guard. */
static bool is_copy(const struct cap *source, const struct cap *now, uint64_t mask)
{
    if (now->type != source->type || now->paddr != source->paddr || now->bits != source->bits ||
        (now->rights & ~(source->rights & mask)) != 0) {
        return false;
    }
    if (now->type == CAP_FRAME) {
        return now->device == source->device && now->asid == 0;
    }
    if (now->type == CAP_UNTYPED) {
        return now->device == source->device;
    }
    return (now->type != CAP_PAGE_TABLE && now->type != CAP_ASID_POOL) ||
           (now->badge == source->badge && now->asid == source->asid);
}

/* As it is: what a message or an installation copies. */
static bool is_plain_copy(const struct cap *source, const struct cap *now)
{
    return is_copy(source, now, ALL_RIGHTS) && (!has_badge(now) || now->badge == source->badge);
}

/* Moved: everything stays, but a CNode's guard, and what others a zombie dies with are called. */
static bool is_moved(const struct cap *source, const struct cap *now)
{
    if (now->type == CAP_ZOMBIE) {
        return source->type == CAP_ZOMBIE && now->slots == source->slots &&
               now->bits == source->bits && now->left == source->left &&
               now->anchor == source->anchor;
    }
    if (now->type == CAP_CNODE) {
        return source->type == CAP_CNODE && now->slots == source->slots &&
               now->bits == source->bits;
    }
    return object_same_cap(source, now);
}

static bool filled_by_cnode(const struct reach *reach, const struct slot *slot)
{
    const struct slot *dest = named_slot(reach, &reach->invoked, 0);
    const struct slot *source = NULL;
    struct cap was;

    if (reach->label == ABI_LABEL_CNODE_ROTATE) {
        const struct slot *slots[3] = {dest, named_slot(reach, &reach->extra[0], 3),
                                       named_slot(reach, &reach->extra[1], 6)};
        bool found = false;
        for (uint32_t i = 0; i < 3 && slots[i] != NULL; i++) {
            was = reach_cap(reach, slots[i]);
            found = found || is_moved(&was, &slot->cap);
        }
        return found && (slot == slots[0] || slot == slots[1] || slot == slots[2]);
    }
    source = named_slot(reach, &reach->extra[0], 2);
    if (slot != dest || source == NULL) {
        return false;
    }
    was = reach_cap(reach, source);
    bool moves = reach->label == ABI_LABEL_CNODE_MOVE || reach->label == ABI_LABEL_CNODE_MUTATE;
    if (was.type == CAP_UNTYPED && !moves && reach_has_children(reach, source)) {
        return false;
    }
    switch (reach->label) { /* tidy: open switch */
    case ABI_LABEL_CNODE_COPY:
        return is_copy(&was, &slot->cap, reach_argument(reach, 4)) &&
               (!has_badge(&was) || slot->cap.badge == was.badge);
    case ABI_LABEL_CNODE_MINT:
        return is_copy(&was, &slot->cap, reach_argument(reach, 4)) &&
               (!has_badge(&was) ||
                (was.badge == 0 && slot->cap.badge == reach_argument(reach, 5)));
    case ABI_LABEL_CNODE_MOVE:
    case ABI_LABEL_CNODE_MUTATE:
        return is_moved(&was, &slot->cap);
    default:
        return false;
    }
}

/* A new object, in the memory of the untyped that was invoked, and where that was free. */
static bool filled_by_retype(const struct reach *reach, const struct cap *now)
{
    static const uint8_t kinds[ABI_OBJECT_COUNT] = {
        [ABI_OBJECT_UNTYPED] = CAP_UNTYPED,       [ABI_OBJECT_TCB] = CAP_TCB,
        [ABI_OBJECT_ENDPOINT] = CAP_ENDPOINT,     [ABI_OBJECT_NOTIFICATION] = CAP_NOTIFICATION,
        [ABI_OBJECT_CAP_TABLE] = CAP_CNODE,       [ABI_OBJECT_SCHED_CONTEXT] = CAP_SCHED_CONTEXT,
        [ABI_OBJECT_REPLY] = CAP_REPLY,           [ABI_OBJECT_GIGA_PAGE] = CAP_FRAME,
        [ABI_OBJECT_PAGE_4K] = CAP_FRAME,         [ABI_OBJECT_MEGA_PAGE] = CAP_FRAME,
        [ABI_OBJECT_PAGE_TABLE] = CAP_PAGE_TABLE,
    };
    uint64_t type = reach_argument(reach, 0);
    uint64_t base = 0;
    uint64_t size = 0;

    if (type >= ABI_OBJECT_COUNT || now->type != kinds[type] ||
        !object_region(reach->world, now, &base, &size)) {
        return false;
    }
    bool may_be_device = now->type == CAP_UNTYPED || now->type == CAP_FRAME;
    return base >= reach->made_base && base - reach->made_base + size <= reach->made_size &&
           base % size == 0 && (may_be_device && now->device) == reach->invoked.device &&
           (!has_badge(now) || now->badge == 0) && (now->type != CAP_FRAME || now->asid == 0) &&
           (now->type != CAP_UNTYPED || now->free_index == 0);
}

static bool is_slot_of(const struct slot *slot, const struct thread *thread)
{
    return slot >= thread->slots && slot < thread->slots + THREAD_SLOT_COUNT;
}

/* An argument, copied to a slot of a thread or for an interrupt. */
static bool is_argument(const struct reach *reach, const struct cap *now)
{
    for (uint32_t i = 0; i < ABI_MSG_MAX_CAPS; i++) {
        if (is_plain_copy(&reach->extra[i], now)) {
            return true;
        }
    }
    return false;
}

/* Where this thread wanted capabilities of messages to go. */
static bool is_receive_slot(const struct reach *reach, const struct thread *thread,
                            const struct slot *slot)
{
    const uint64_t *buffer = reach_buffer(reach, thread);
    struct cap space = reach_cap(reach, &thread->slots[THREAD_CSPACE]);

    if (buffer == NULL) {
        return false;
    }
    uint64_t cnode = reach_word(reach, buffer + ABI_BUFFER_RECEIVE_CNODE);
    const struct slot *root = reach_resolve(reach, &space, cnode, 64, false, true);
    return root != NULL &&
           slot == reach_resolve(reach, &root->cap,
                                 reach_word(reach, buffer + ABI_BUFFER_RECEIVE_INDEX),
                                 reach_word(reach, buffer + ABI_BUFFER_RECEIVE_DEPTH), true, true);
}

/* One of those that the sender named. */
static bool is_gift(const struct reach *reach, const struct thread *from, const struct cap *now)
{
    const uint64_t *buffer = reach_buffer(reach, from);
    struct cap space = reach_cap(reach, &from->slots[THREAD_CSPACE]);
    bool subject = from == reach->event->subject;
    uint64_t info =
        subject ? reach->event->registers[REG_A1] : reach_word(reach, &from->regs.x[REG_A1]);

    for (uint32_t i = 0; buffer != NULL && i < message_extra_caps(info); i++) {
        uint64_t cptr = reach_word(reach, buffer + ABI_BUFFER_CAPS + i);
        const struct slot *slot = reach_resolve(reach, &space, cptr, 64, false, true);
        if (slot == NULL || !is_plain_copy(&slot->cap, now)) {
            continue;
        }
        return now->type != CAP_UNTYPED || !reach_has_children(reach, slot);
    }
    return false;
}

static bool filled_by_message(const struct reach *reach, const struct slot *slot)
{
    bool wanted = false;
    bool given = false;

    for (uint32_t i = 0; i < reach->party_count; i++) {
        const struct integrity_party *party = &reach->parties[i];
        bool gets = (party->parts & (PART_SUBJECT | PART_RECEIVER | PART_REPLIED)) != 0;
        wanted = wanted || (gets && is_receive_slot(reach, party->thread, slot));
    }
    for (uint32_t i = 0; i < reach->gift_count; i++) {
        given = given || is_gift(reach, reach->gifts[i], &slot->cap);
    }
    return wanted && given;
}

static bool is_irq_slot(const struct reach *reach, const struct slot *slot)
{
    const struct slot *irq_slots = reach->world->k->irq_slots;
    return reach->invoked.type == CAP_IRQ_HANDLER && reach->invoked.irq < CONFIG_IRQ_LIMIT &&
           slot == &irq_slots[reach->invoked.irq];
}

static bool may_be_filled(const struct reach *reach, const struct slot *slot, const struct cap *was)
{
    const struct cap *now = &slot->cap;

    if (reach->destroys && (now->type == CAP_ZOMBIE || was->type != CAP_NULL)) {
        return true; /* Taken apart: docs/DESIGN.md, deletion by rings. */
    }
    switch ((enum cap_type)reach->invoked.type) {
    case CAP_CNODE:
        return filled_by_cnode(reach, slot);
    case CAP_UNTYPED:
        return filled_by_retype(reach, now);
    case CAP_TCB:
        return reach->destroys && is_slot_of(slot, reach->invoked.thread) &&
               is_argument(reach, now);
    case CAP_IRQ_HANDLER:
        return is_irq_slot(reach, slot) && is_argument(reach, now);
    case CAP_IRQ_CONTROL:
        return now->type == CAP_IRQ_HANDLER && now->irq == reach_argument(reach, 0);
    case CAP_ASID_CONTROL:
        return now->type == CAP_ASID_POOL && reach->extra[0].type == CAP_UNTYPED &&
               now->paddr - reach->world->k->window == reach->extra[0].paddr;
    case CAP_NULL: /* No invocation, or a message. */
    case CAP_FRAME:
    case CAP_PAGE_TABLE:
    case CAP_ASID_POOL:
    case CAP_ENDPOINT:
    case CAP_NOTIFICATION:
    case CAP_REPLY:
    case CAP_ZOMBIE:
    case CAP_DOMAIN:
    case CAP_SCHED_CONTEXT:
    case CAP_SCHED_CONTROL:
        break;
    }
    return false;
}

/* --- Emptied ---------------------------------------------------------------------------------- */

static bool covers_region(const struct reach *reach, const struct cap *a, const struct cap *b)
{
    uint64_t base = 0;
    uint64_t size = 0;
    uint64_t all = (uint64_t)1 << a->bits % 64;
    return object_region(reach->world, b, &base, &size) && base >= a->paddr &&
           base - a->paddr + size <= all;
}

/* Parenthood, docs/abi/03 section 3.6. */
static bool is_parent(const struct reach *reach, const struct cap *a, const struct cap *b)
{
    if ((a->cdt & CDT_ORIGINAL) == 0) {
        return false;
    }
    switch ((enum cap_type)a->type) {
    case CAP_UNTYPED:
        return covers_region(reach, a, b);
    case CAP_FRAME:
        return b->type == CAP_FRAME && covers_region(reach, a, b);
    case CAP_ENDPOINT:
    case CAP_NOTIFICATION:
        return b->type == a->type && b->paddr == a->paddr &&
               (a->badge == 0 || (a->badge == b->badge && (b->cdt & CDT_FIRST_BADGED) == 0));
    case CAP_IRQ_CONTROL:
        return b->type == CAP_IRQ_CONTROL || b->type == CAP_IRQ_HANDLER;
    case CAP_SCHED_CONTROL:
    case CAP_DOMAIN:
    case CAP_ASID_CONTROL:
        return b->type == a->type;
    case CAP_CNODE:
    case CAP_SCHED_CONTEXT:
        return b->type == a->type && b->paddr == a->paddr && b->bits == a->bits;
    case CAP_TCB:
    case CAP_REPLY:
    case CAP_PAGE_TABLE:
    case CAP_ASID_POOL:
    case CAP_IRQ_HANDLER:
        return b->type == a->type && b->paddr == a->paddr;
    case CAP_NULL:
    case CAP_ZOMBIE:
        return false;
    }
    return false;
}

/* The slot was in the run of descendants behind `target`. */
static bool was_descendant(const struct reach *reach, const struct slot *target,
                           const struct slot *slot)
{
    const struct slot *base = reach->world->k->slot_base;
    struct cap parent = reach_cap(reach, target);
    uint32_t number = (uint32_t)reach_word(reach, &target->next);

    while (number != 0 && objects_in_ram(reach->objects, &base[number], sizeof *base)) {
        struct cap cap = reach_cap(reach, &base[number]);
        if (!is_parent(reach, &parent, &cap)) {
            return false;
        }
        if (&base[number] == slot) {
            return true;
        }
        number = (uint32_t)reach_word(reach, &base[number].next);
    }
    return false;
}

/* The slot's CNode or thread is being taken apart, or is gone: a zombie stands for it, or no
 * capability any more. */
static bool container_dies(const struct reach *reach, const struct slot *slot)
{
    const struct kernel *k = reach->world->k;
    uint64_t at = (uint64_t)(uintptr_t)slot - k->window;
    uint32_t left = (uint32_t)((k->ram_top - k->ram_base) / sizeof *slot);
    bool lives = false;

    for (uint32_t number = k->cdt_root.next; number != 0 && left > 0; left--) {
        const struct slot *other = &k->slot_base[number];
        uint64_t base = 0;
        uint64_t size = 0;
        if (!objects_in_ram(reach->objects, other, sizeof *other)) {
            break;
        }
        uint8_t type = other->cap.type;
        bool holds = type == CAP_ZOMBIE || type == CAP_CNODE || type == CAP_TCB;
        if (holds && object_region(reach->world, &other->cap, &base, &size) && at >= base &&
            at - base < size) {
            if (type == CAP_ZOMBIE) {
                return true;
            }
            lives = true;
        }
        number = other->next;
    }
    return !lives;
}

static bool deleted_with_others(struct reach *reach, const struct slot *slot)
{
    const struct kernel *k = reach->world->k;

    if (slot >= k->irq_slots && slot < k->irq_slots + CONFIG_IRQ_LIMIT) {
        return k->irq_states[slot - k->irq_slots] == IRQ_INACTIVE;
    }
    reach->examined++;
    return reach->examined > EXAMINED_MAX || container_dies(reach, slot);
}

static bool may_be_emptied(struct reach *reach, const struct slot *slot)
{
    if (reach->invoked.type == CAP_CNODE && !reach->destroys) {
        const struct slot *dest = named_slot(reach, &reach->invoked, 0);
        if (reach->label == ABI_LABEL_CNODE_ROTATE) {
            return slot == dest || slot == named_slot(reach, &reach->extra[0], 3) ||
                   slot == named_slot(reach, &reach->extra[1], 6);
        }
        return (reach->label == ABI_LABEL_CNODE_MOVE || reach->label == ABI_LABEL_CNODE_MUTATE) &&
               slot == named_slot(reach, &reach->extra[0], 2);
    }
    if (!reach->destroys) {
        return false;
    }
    if (reach->invoked.type == CAP_TCB && is_slot_of(slot, reach->invoked.thread)) {
        return true;
    }
    if (reach->invoked.type == CAP_IRQ_HANDLER) {
        return is_irq_slot(reach, slot);
    }
    if (reach->invoked.type != CAP_CNODE) {
        return false;
    }
    const struct slot *target = named_slot(reach, &reach->invoked, 0);
    if (target != NULL && reach->label == ABI_LABEL_CNODE_DELETE && slot == target) {
        return true;
    }
    return (target != NULL && reach->label == ABI_LABEL_CNODE_REVOKE &&
            reach->examined < EXAMINED_MAX && was_descendant(reach, target, slot)) ||
           deleted_with_others(reach, slot);
}

/* --- Changed ---------------------------------------------------------------------------------- */

/* Its memory was used: by Retype and MakePool; or all of it belongs to a copy now. */
static bool watermark_may_change(const struct reach *reach, const struct slot *slot)
{
    bool full = slot->cap.free_index == ((uint64_t)1 << slot->cap.bits % 64) / OBJECT_UNIT;
    bool retyped = reach->invoked.type == CAP_UNTYPED && slot == reach->invoked_slot;
    bool made = reach->invoked.type == CAP_ASID_CONTROL && slot == reach->extra_slots[0];
    bool copied = reach->invoked.type == CAP_CNODE || reach->gift_count != 0;
    return retyped || made || (full && copied);
}

static bool mapping_may_change(const struct reach *reach, const struct slot *slot)
{
    uint8_t type = reach->invoked.type;

    if (type == CAP_ASID_POOL) {
        return slot == reach->extra_slots[0];
    }
    return (type == CAP_FRAME || type == CAP_PAGE_TABLE) && slot == reach->invoked_slot;
}

/* The same object, with other data. */
static bool may_change(const struct reach *reach, const struct slot *slot, const struct cap *was)
{
    const struct cap *now = &slot->cap;

    switch ((enum cap_type)now->type) {
    case CAP_UNTYPED:
        return now->left == was->left && watermark_may_change(reach, slot);
    case CAP_FRAME:
        /* One that is mapped stays where it is, until it is unmapped. */
        return now->rights == was->rights && now->device == was->device &&
               (was->asid == 0 || now->asid == 0) && mapping_may_change(reach, slot);
    case CAP_PAGE_TABLE:
        return (was->asid == 0 || now->asid == 0) && mapping_may_change(reach, slot);
    case CAP_ENDPOINT:
    case CAP_NOTIFICATION:
        return reach->destroys && now->rights == 0 && now->badge == was->badge;
    case CAP_ZOMBIE:
        return reach->destroys || (reach->invoked.type == CAP_CNODE && now->left == was->left);
    case CAP_NULL:
    case CAP_REPLY:
    case CAP_CNODE:
    case CAP_ASID_CONTROL:
    case CAP_TCB:
    case CAP_ASID_POOL:
    case CAP_IRQ_CONTROL:
    case CAP_IRQ_HANDLER:
    case CAP_DOMAIN:
    case CAP_SCHED_CONTEXT:
    case CAP_SCHED_CONTROL:
        return false;
    }
    return false;
}

bool integrity_slot(struct reach *reach, const struct slot *slot, const struct cap *was,
                    struct oracle_find *find)
{
    const struct cap *now = &slot->cap;
    bool same = now->type == was->type && now->paddr == was->paddr && now->bits == was->bits;
    const char *what = "changed";
    bool fits = true;

    if (object_same_cap(now, was)) {
        return true; /* Its bits in the derivation sequence at most. */
    }
    if (now->type == CAP_NULL) {
        what = "gone";
        fits = may_be_emptied(reach, slot);
    } else if (same && may_change(reach, slot, was)) {
        return true;
    } else {
        what = was->type == CAP_NULL ? "new" : "changed";
        fits = may_be_filled(reach, slot, was) ||
               (was->type == CAP_NULL && filled_by_message(reach, slot));
    }
    return fits ||
           oracle_fail(find, KIND,
                       "slot %p: a capability is %s that the event does not explain: type %u, "
                       "object 0x%" PRIx64 ", data 0x%" PRIx64 ", rights 0x%x, was type %u, object "
                       "0x%" PRIx64 ", data 0x%" PRIx64 ", rights 0x%x",
                       (const void *)slot, what, now->type, now->paddr, now->badge, now->rights,
                       was->type, was->paddr, was->badge, was->rights);
}
