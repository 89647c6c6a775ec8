/* SPDX-License-Identifier: BSD-2-Clause */

/* Which capabilities make sense for an invocation, by the checks of docs/abi/05 and 09: what these
 * accept the kernel mostly accepts, too.
 */
#include <stddef.h>

#include "core/kernel.h"
#include "core/ntfn.h"
#include "core/object.h"
#include "fuzz/api/select.h"

/* Neighbours in the derivation sequence, read without the kernel's own functions: where the state
 * is broken these panic, and nobody is there to catch it. */
static const struct slot *neighbour(const struct select *s, uint32_t number)
{
    return number == 0 ? NULL : s->k->slot_base + number;
}

/* The first child comes next. Only what lies in memory can be an untyped's. */
static bool is_childless(const struct select *s, const struct slot *slot)
{
    const struct cap *cap = &slot->cap;
    const struct slot *next = neighbour(s, slot->next);
    if (cap->free_index == 0 || next == NULL) {
        return true;
    }
    bool physical = next->cap.type == CAP_UNTYPED || next->cap.type == CAP_FRAME;
    uint64_t paddr = next->cap.paddr - (physical ? 0 : s->k->window);
    return paddr - cap->paddr >= (uint64_t)1 << cap->bits;
}

static bool is_only_table(const struct select *s, const struct slot *slot)
{
    const struct slot *sides[2] = {neighbour(s, slot->next), neighbour(s, slot->prev)};
    for (uint32_t i = 0; i < 2; i++) {
        if (sides[i] != NULL && sides[i]->cap.type == CAP_PAGE_TABLE &&
            sides[i]->cap.table == slot->cap.table) {
            return false;
        }
    }
    return true;
}

/* All objects fit; what has no children starts from its beginning again. */
static bool has_room(const struct select *s, const struct slot *slot)
{
    const struct cap *cap = &slot->cap;
    if (s->type >= ABI_OBJECT_COUNT || s->size_bits > ABI_MAX_UNTYPED_BITS) {
        return true; /* Refused anyway. */
    }
    uint32_t bits = object_size_bits(s->type, s->size_bits);
    if (cap->device && s->type != ABI_OBJECT_UNTYPED && s->type != ABI_OBJECT_PAGE_4K &&
        s->type != ABI_OBJECT_MEGA_PAGE && s->type != ABI_OBJECT_GIGA_PAGE) {
        return false;
    }
    if (bits >= cap->bits && (bits > cap->bits || s->count > 1)) {
        return false;
    }
    uint64_t size = (uint64_t)1 << bits;
    uint64_t whole = (uint64_t)1 << cap->bits;
    uint64_t used = (cap->free_index * 16 + size - 1) & ~(size - 1);
    if (used <= whole && s->count <= (whole - used) >> bits) {
        return true;
    }
    return s->count <= whole >> bits && is_childless(s, slot);
}

static bool good_tcb(const struct select *s, const struct thread *thread)
{
    switch (s->label) {
    case ABI_LABEL_TCB_READ_REGISTERS:
    case ABI_LABEL_TCB_WRITE_REGISTERS:
    case ABI_LABEL_TCB_SUSPEND:
        return thread != s->thread;
    case ABI_LABEL_TCB_RESUME:
        return thread->state == THREAD_INACTIVE;
    case ABI_LABEL_TCB_BIND_NOTIFICATION:
        return thread->bound_ntfn == NULL;
    case ABI_LABEL_TCB_UNBIND_NOTIFICATION:
        return thread->bound_ntfn != NULL;
    default:
        return true;
    }
}

static bool good_sc(const struct select *s, const struct sched_context *sc)
{
    switch (s->label) {
    case ABI_LABEL_SCHED_CONTEXT_BIND:
        return sc->thread == NULL || sc->ntfn == NULL;
    case ABI_LABEL_SCHED_CONTEXT_UNBIND:
        return sc->thread != s->thread;
    case ABI_LABEL_SCHED_CONTEXT_UNBIND_OBJECT:
        return (sc->thread != NULL && sc->thread != s->thread) || sc->ntfn != NULL;
    case ABI_LABEL_SCHED_CONTEXT_YIELD_TO:
        return sc->thread != NULL && sc->thread != s->thread &&
               sc->thread->priority <= s->thread->mcp;
    default:
        return true;
    }
}

/* A table without a place below another's is a VSpace root, or mapped at the very start: rare. */
static bool is_root_table(const struct cap *cap)
{
    return cap->asid != 0 && cap->vaddr == 0;
}

static bool good_table(const struct select *s, const struct slot *slot)
{
    if (s->label == ABI_LABEL_PAGE_TABLE_MAP) {
        return !cap_is_mapped(&slot->cap);
    }
    return cap_is_mapped(&slot->cap) && slot->cap.vaddr != 0 && is_only_table(s, slot);
}

bool select_good_invoked(const struct select *s, const struct slot *slot)
{
    const struct cap *cap = &slot->cap;
    switch (cap->type) {
    case CAP_UNTYPED:
        return has_room(s, slot);
    case CAP_TCB:
        return good_tcb(s, cap->thread);
    case CAP_SCHED_CONTEXT:
        return good_sc(s, cap->sc);
    case CAP_PAGE_TABLE:
        return good_table(s, slot);
    case CAP_FRAME:
        return (s->label == ABI_LABEL_PAGE_MAP) != cap_is_mapped(cap);
    default:
        return true;
    }
}

/* The SC may become, or already is, the invoked thread's. */
static bool fits_thread(const struct select *s, const struct sched_context *sc)
{
    const struct thread *target = s->invoked == NULL ? NULL : s->invoked->cap.thread;
    if (target == NULL || s->invoked->cap.type != CAP_TCB) {
        return true;
    }
    return target->sc == sc || (target->sc == NULL && sc->thread == NULL);
}

/* A thread or notification that can be bound to the invoked SC, or is. */
static bool fits_sc(const struct select *s, const struct cap *cap)
{
    if (s->invoked == NULL || s->invoked->cap.type != CAP_SCHED_CONTEXT) {
        return true;
    }
    const struct sched_context *sc = s->invoked->cap.sc;
    if (s->label == ABI_LABEL_SCHED_CONTEXT_UNBIND_OBJECT) {
        return cap->type == CAP_TCB ? cap->thread == sc->thread && cap->thread != s->thread
                                    : cap->ntfn == sc->ntfn;
    }
    if (cap->type == CAP_TCB) {
        return sc->thread == NULL && cap->thread->sc == NULL;
    }
    return sc->ntfn == NULL && cap->ntfn->sc == NULL;
}

static bool good_extra_tcb(const struct select *s, const struct cap *cap)
{
    switch (s->label) {
    case ABI_LABEL_SCHED_CONTEXT_BIND:
    case ABI_LABEL_SCHED_CONTEXT_UNBIND_OBJECT:
        return fits_sc(s, cap);
    case ABI_LABEL_TCB_SET_PRIORITY:
    case ABI_LABEL_TCB_SET_MC_PRIORITY:
    case ABI_LABEL_TCB_SET_SCHED_PARAMS:
        return cap->thread->mcp >= s->thread->priority;
    default:
        return true;
    }
}

static bool good_extra_ntfn(const struct select *s, const struct cap *cap)
{
    if (s->label == ABI_LABEL_IRQ_HANDLER_SET_NOTIFICATION) {
        return (cap->rights & ABI_RIGHT_WRITE) != 0;
    }
    if (s->label == ABI_LABEL_TCB_BIND_NOTIFICATION) {
        return (cap->rights & ABI_RIGHT_READ) != 0 && cap->ntfn->bound == NULL &&
               cap->ntfn->state != NTFN_WAITING;
    }
    return fits_sc(s, cap);
}

/* A VSpace to map in: that of the frame, if that is mapped. A table to become one. */
static bool good_extra_table(const struct select *s, const struct cap *cap)
{
    if (s->label == ABI_LABEL_ASID_POOL_ASSIGN) {
        return !cap_is_mapped(cap);
    }
    bool mapped = s->label == ABI_LABEL_PAGE_MAP && s->invoked != NULL &&
                  s->invoked->cap.type == CAP_FRAME && cap_is_mapped(&s->invoked->cap);
    return is_root_table(cap) && (!mapped || cap->asid == s->invoked->cap.asid);
}

bool select_good_extra(const struct select *s, const struct slot *slot)
{
    const struct cap *cap = &slot->cap;
    switch (cap->type) {
    case CAP_TCB:
        return good_extra_tcb(s, cap);
    case CAP_NOTIFICATION:
        return good_extra_ntfn(s, cap);
    case CAP_PAGE_TABLE:
        return good_extra_table(s, cap);
    case CAP_ENDPOINT:
        return cap_is_fault_handler(cap);
    case CAP_FRAME:
        return !cap->device && (cap->rights & ABI_RIGHT_WRITE) != 0;
    case CAP_SCHED_CONTEXT:
        return s->label != ABI_LABEL_TCB_SET_SCHED_PARAMS || fits_thread(s, cap->sc);
    case CAP_UNTYPED:
        return cap->bits == ABI_ASID_POOL_BITS && !cap->device && is_childless(s, slot);
    case CAP_CNODE:
        return cap->bits >= 2; /* Room for more than a few is better. */
    default:
        return true;
    }
}

/* What can be derived; and badged, if it must be. */
static bool good_copy(const struct select *s, const struct slot *slot)
{
    const struct cap *cap = &slot->cap;
    switch (cap->type) {
    case CAP_ENDPOINT:
    case CAP_NOTIFICATION:
        return s->label == ABI_LABEL_CNODE_COPY || cap->badge == 0;
    case CAP_UNTYPED:
        return is_childless(s, slot);
    case CAP_PAGE_TABLE:
        return cap_is_mapped(cap);
    case CAP_IRQ_CONTROL:
    case CAP_REPLY:
        return cap->type == CAP_REPLY;
    default:
        return true;
    }
}

bool select_good_source(const struct select *s, const struct slot *slot)
{
    const struct cap *cap = &slot->cap;
    switch (s->label) {
    case ABI_LABEL_CNODE_COPY:
    case ABI_LABEL_CNODE_MINT:
        return good_copy(s, slot);
    case ABI_LABEL_CNODE_MUTATE:
    case ABI_LABEL_CNODE_ROTATE:
        return cap->type != CAP_ENDPOINT && cap->type != CAP_NOTIFICATION;
    case ABI_LABEL_CNODE_CANCEL_BADGED_SENDS:
        return cap->type == CAP_ENDPOINT && cap->rights == ABI_RIGHT_ALL;
    case ABI_LABEL_CNODE_REVOKE:
        return (cap->cdt & CDT_ORIGINAL) != 0;
    default:
        return true;
    }
}
