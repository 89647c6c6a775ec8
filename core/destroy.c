/* SPDX-License-Identifier: BSD-2-Clause */

#include "core/destroy.h"

#include <stddef.h>

#include "core/assert.h"
#include "core/cdt.h"
#include "core/endpoint.h"
#include "core/irq.h"
#include "core/kernel.h"
#include "core/ntfn.h"
#include "core/ram.h"
#include "core/reply.h"
#include "core/sched_context.h"
#include "core/thread.h"
#include "core/vspace.h"

/* The last capability of a notification. */
static enum status finalise_ntfn(struct kernel *k, struct ntfn *ntfn, bool preemptible)
{
    if (ntfn->sc != NULL) {
        sched_context_unbind_ntfn(ntfn->sc);
    }
    ntfn_unbind(ntfn);
    return ntfn_cancel_all(k, ntfn, preemptible);
}

/* The last capability of a Reply object. */
static void finalise_reply(struct kernel *k, struct reply *reply)
{
    struct thread *thread = reply->thread;

    if (thread == NULL) {
        return;
    }
    if (thread->state == THREAD_BLOCKED_ON_REPLY) {
        reply_remove(k, reply);
        thread->fault.type = FAULT_NONE;
    } else {
        thread_cancel_ipc(k, thread);
    }
}

/* The last handler capability of an interrupt. */
static enum status finalise_irq(struct kernel *k, uint32_t irq, bool preemptible)
{
    struct slot *slot = &k->irq_slots[irq];

    if (!cap_is_null(&slot->cap)) {
        bool final = cdt_is_final(k, slot);
        if (final && finalise_ntfn(k, slot->cap.ntfn, preemptible) != STATUS_OK) {
            return STATUS_PREEMPTED;
        }
        cdt_remove(k, slot);
    }
    irq_release(k, irq);
    return STATUS_OK;
}

/* What deleting this capability does to its object, docs/abi/03 section 3.9, but for the slots of
 * CNodes and TCBs. */
static enum status finalise(struct kernel *k, struct slot *slot, bool preemptible)
{
    struct cap *cap = &slot->cap;

    if (cap->type == CAP_FRAME && cap_is_mapped(cap)) {
        vspace_unmap_frame(k, cap);
        return STATUS_OK;
    }
    if (!cdt_is_final(k, slot)) {
        return STATUS_OK;
    }
    switch ((enum cap_type)cap->type) {
    case CAP_ENDPOINT:
        /* Without rights it is of no use to those who are restarted: as long as it takes, they find
         * what they will find in the empty slot, and cannot queue again. */
        cap->rights = 0;
        return endpoint_cancel_all(k, cap->endpoint, preemptible);
    case CAP_NOTIFICATION:
        cap->rights = 0;
        return finalise_ntfn(k, cap->ntfn, preemptible);
    case CAP_REPLY:
        finalise_reply(k, cap->reply);
        return STATUS_OK;
    case CAP_TCB:
        thread_finalise(k, cap->thread);
        return STATUS_OK;
    case CAP_SCHED_CONTEXT:
        sched_context_finalise(k, cap->sc);
        return STATUS_OK;
    case CAP_IRQ_HANDLER:
        return finalise_irq(k, (uint32_t)cap->irq, preemptible);
    case CAP_PAGE_TABLE:
        vspace_finalise_table(k, cap);
        return STATUS_OK;
    case CAP_ASID_POOL:
        vspace_finalise_pool(k, cap);
        return STATUS_OK;
    case CAP_NULL:
    case CAP_FRAME:
    case CAP_UNTYPED:
    case CAP_CNODE:
    case CAP_ASID_CONTROL:
    case CAP_IRQ_CONTROL:
    case CAP_ZOMBIE:
    case CAP_DOMAIN:
    case CAP_SCHED_CONTROL:
        return STATUS_OK;
    }
    return STATUS_OK;
}

/* The last capability to an object that has slots of its own. */
static bool is_last_container(const struct kernel *k, const struct slot *slot)
{
    bool container = slot->cap.type == CAP_CNODE || slot->cap.type == CAP_TCB;
    return container && cdt_is_final(k, slot);
}

/* Zombies: the first slot inside, and whether a slot lies inside. A zombie of a TCB points at the
 * thread, so that the region it covers is the whole object. */
static struct slot *zombie_slots(const struct cap *zombie)
{
    return zombie->bits == 0 ? zombie->thread->slots : zombie->slots;
}

static bool zombie_contains(const struct cap *zombie, const struct slot *slot)
{
    const struct slot *first = zombie_slots(zombie);
    return slot >= first && slot < first + cap_slot_count(zombie);
}

/* The zombie capability that replaces the one in `slot`, alone in its ring. */
static struct cap zombie_of(const struct kernel *k, const struct slot *slot)
{
    bool is_thread = slot->cap.type == CAP_TCB;
    struct cap zombie = {
        .slots = slot->cap.slots,
        .ring_next = ram_slot_number(k, slot),
        .ring_prev = ram_slot_number(k, slot),
        .type = CAP_ZOMBIE,
        .bits = is_thread ? 0 : slot->cap.bits,
        .cdt = slot->cap.cdt,
    };
    zombie.left = (uint32_t)cap_slot_count(&zombie);
    return zombie;
}

static struct slot *ring_next(const struct kernel *k, const struct slot *slot)
{
    return ram_slot(k, slot->cap.ring_next);
}

/* Takes a zombie out of its ring; it is then alone in one. */
static void ring_leave(struct kernel *k, struct slot *slot)
{
    struct slot *next = ring_next(k, slot);
    struct slot *prev = ram_slot(k, slot->cap.ring_prev);

    next->cap.ring_prev = slot->cap.ring_prev;
    prev->cap.ring_next = slot->cap.ring_next;
    slot->cap.ring_next = ram_slot_number(k, slot);
    slot->cap.ring_prev = slot->cap.ring_next;
}

/* Makes one ring of two different ones. */
static void ring_merge(struct kernel *k, struct slot *a, struct slot *b)
{
    struct slot *a_next = ring_next(k, a);
    struct slot *b_next = ring_next(k, b);

    a->cap.ring_next = ram_slot_number(k, b_next);
    b_next->cap.ring_prev = ram_slot_number(k, a);
    b->cap.ring_next = ram_slot_number(k, a_next);
    a_next->cap.ring_prev = ram_slot_number(k, b);
}

/* Exchanges `zombie`, which is or replaces the capability in `slot`, with the content of the first
 * slot of the object it stands for (not the anchor, which must stay), and adds it to the ring. */
static void take_home(struct kernel *k, struct slot *anchor, struct slot *slot, struct cap zombie)
{
    struct slot *home = zombie_slots(&zombie);

    if (home == anchor) {
        home++;
    }
    cdt_swap(k, slot, zombie, home, home->cap);
    ring_merge(k, anchor, home);
}

/* Works on the topmost unexamined slot of a zombie's object. */
static enum status sweep(struct kernel *k, struct slot *anchor, struct slot *member,
                         bool preemptible)
{
    struct slot *slot = zombie_slots(&member->cap) + (member->cap.left - 1);

    if (cap_is_null(&slot->cap) || slot == member || slot == anchor) {
        member->cap.left--;
        return STATUS_OK;
    }
    if (slot->cap.type == CAP_ZOMBIE) {
        /* Another, preempted operation's. Only an anchor can lie in a foreign object. */
        ASSERT(slot->cap.anchor);
        struct cap zombie = slot->cap;
        zombie.anchor = false;
        take_home(k, anchor, slot, zombie);
        return STATUS_OK;
    }
    bool container = is_last_container(k, slot);
    enum status status = finalise(k, slot, preemptible);
    if (status != STATUS_OK) {
        return status;
    }
    if (container) {
        take_home(k, anchor, slot, zombie_of(k, slot));
        return STATUS_OK;
    }
    cdt_remove(k, slot);
    member->cap.left--;
    return STATUS_OK;
}

/* An object without capabilities left in it goes. True if it was the last of the ring and the
 * anchor, which it contained, is gone as well. */
static bool retire(struct kernel *k, struct slot *anchor, struct slot *member)
{
    bool holds_anchor = zombie_contains(&member->cap, anchor);
    bool last = ring_next(k, member) == anchor;

    ring_leave(k, member);
    if (!holds_anchor) {
        cdt_remove(k, member);
        return false;
    }
    if (!last) {
        /* Its memory must outlive the anchor: to the end of the ring. */
        ring_merge(k, ram_slot(k, anchor->cap.ring_prev), member);
        return false;
    }
    cdt_remove(k, anchor);
    cdt_remove(k, member);
    return true;
}

/* Dismantles everything in the anchor's ring and empties the anchor. */
static enum status destroy_ring(struct kernel *k, struct slot *anchor, bool preemptible)
{
    for (;;) {
        struct slot *member = anchor->cap.left != 0 ? anchor : ring_next(k, anchor);

        if (member->cap.left != 0) {
            enum status status = sweep(k, anchor, member, preemptible);
            if (status != STATUS_OK) {
                return status;
            }
        } else if (member == anchor) {
            cdt_remove(k, anchor);
            return STATUS_OK;
        } else if (retire(k, anchor, member)) {
            return STATUS_OK;
        }
        if (preemptible && kernel_preempt(k)) {
            return STATUS_PREEMPTED;
        }
    }
}

enum status destroy_slot(struct kernel *k, struct slot *slot, bool preemptible)
{
    if (cap_is_null(&slot->cap)) {
        return STATUS_OK;
    }
    if (slot->cap.type != CAP_ZOMBIE) {
        bool container = is_last_container(k, slot);
        enum status status = finalise(k, slot, preemptible);
        if (status != STATUS_OK) {
            return status;
        }
        if (!container) {
            cdt_remove(k, slot);
            return STATUS_OK;
        }
        slot->cap = zombie_of(k, slot);
    }
    if (!slot->cap.anchor) {
        ring_leave(k, slot);
        slot->cap.anchor = true;
        /* Its object may hold the anchor of the ring it leaves, which was passed over so far. */
        slot->cap.left = (uint32_t)cap_slot_count(&slot->cap);
    }
    return destroy_ring(k, slot, preemptible);
}

enum status destroy_children(struct kernel *k, struct slot *slot)
{
    struct slot *child = cdt_first_child(k, slot);

    while (child != NULL) {
        enum status status = destroy_slot(k, child, true);
        if (status != STATUS_OK) {
            return status;
        }
        child = cdt_first_child(k, slot);
        if (child != NULL && kernel_preempt(k)) {
            return STATUS_PREEMPTED;
        }
    }
    return STATUS_OK;
}
