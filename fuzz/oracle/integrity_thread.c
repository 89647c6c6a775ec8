/* SPDX-License-Identifier: BSD-2-Clause */

/* What may change of threads, and of the objects between them: SCs, queues, Replies. */
#include <inttypes.h>
#include <stddef.h>

#include "core/config.h"
#include "core/endpoint.h"
#include "core/kernel.h"
#include "core/ntfn.h"
#include "core/reply.h"
#include "core/sched_context.h"
#include "fuzz/oracle/integrity.h"

#define KIND "integrity"

#define POINTER(reach, field) ((void *)(uintptr_t)reach_word(reach, &(field)))

/* A thread with a changed word. */
struct change {
    const struct reach *reach;
    const struct thread *thread;
    uint32_t parts;
    uint32_t owner;
    uint64_t was, now;
};

static bool refuse(const struct change *change, const char *what, struct oracle_find *find)
{
    return oracle_fail(find, KIND,
                       "%s of thread %p (owner %u, parts 0x%x) changed from 0x%" PRIx64
                       " to 0x%" PRIx64 " by an event of owner %u",
                       what, (const void *)change->thread, change->owner, change->parts,
                       change->was, change->now, change->reach->owner);
}

static bool is_invoked(const struct change *change, uint64_t label)
{
    return reach_is(change->reach, CAP_TCB, label) &&
           change->reach->invoked.thread == change->thread;
}

/* The event may destroy the thread, or what it hangs on. */
static bool may_be_destroyed(const struct change *change)
{
    return change->reach->destroys && change->owner == change->reach->owner;
}

static bool is_current_now(const struct change *change)
{
    return change->reach->world->k->cores[0].current == change->thread;
}

/* Woken by an interrupt that came in the middle of an operation. */
static bool is_interrupted(const struct reach *reach, const struct thread *thread)
{
    uint8_t state = reach_byte(reach, &thread->state);

    if (!reach->any_interrupt) {
        return false;
    }
    return (state == THREAD_BLOCKED_ON_NOTIFICATION &&
            reach_is_interrupt(reach, POINTER(reach, thread->ntfn))) ||
           (state == THREAD_BLOCKED_ON_RECEIVE &&
            reach_is_interrupt(reach, POINTER(reach, thread->bound_ntfn)));
}

static bool may_be_interrupted(const struct change *change)
{
    return is_interrupted(change->reach, change->thread);
}

/* --- Registers -------------------------------------------------------------------------------- */

enum { MESSAGE_REGISTERS = 0xFC00 }; /* a0 to a5. */

/* What a reply may set, by what is replied to (docs/abi/08 section 8.4). Bit 33: the faulting
 * PC. */
static uint64_t reply_registers(const struct change *change)
{
    const uint64_t fault_pc = (uint64_t)1 << 33;
    uint8_t fault = reach_byte(change->reach, &change->thread->fault.type);

    switch ((enum fault_type)fault) {
    case FAULT_NONE:
        return MESSAGE_REGISTERS | fault_pc; /* It may time out at once. */
    case FAULT_UNKNOWN_SYSCALL:
        return fault_pc | MESSAGE_REGISTERS | 1u << REG_A6 | 1u << REG_SP | 1u << REG_RA;
    case FAULT_USER_EXCEPTION:
        return fault_pc | 1u << REG_SP;
    case FAULT_TIMEOUT:
        return fault_pc | 0xFFFFFFFE;
    case FAULT_CAP:
    case FAULT_VM:
        return fault_pc;
    }
    return 0;
}

/* The registers that the event may set, by number; 33: the faulting PC. */
static uint64_t registers(const struct change *change)
{
    const uint64_t all = 0xFFFFFFFE | (uint64_t)1 << 33;
    const struct reach *reach = change->reach;
    uint64_t set = 0;

    if ((change->parts & PART_SUBJECT) != 0 || is_invoked(change, ABI_LABEL_TCB_WRITE_REGISTERS) ||
        is_invoked(change, ABI_LABEL_TCB_COPY_REGISTERS)) {
        return all;
    }
    set |= (change->parts & PART_RECEIVER) != 0 ? MESSAGE_REGISTERS : 0u;
    set |= (change->parts & PART_NOTIFIED) != 0 ? 1u << REG_A0 : 0u;
    set |= (change->parts & PART_REPLIED) != 0 ? reply_registers(change) : 0u;
    set |= is_invoked(change, ABI_LABEL_TCB_SET_TLS_BASE) ? 1u << REG_TP : 0u;
    if (reach_word(reach, &change->thread->yield_to) != 0 && change->thread->yield_to == NULL) {
        set |= 1u << REG_A0 | 1u << REG_A1 | 1u << REG_A2;
    }
    if (may_be_destroyed(change) || ((change->parts & PART_NAMED) != 0)) {
        set |= (uint64_t)1 << 33; /* Suspended. */
    }
    if (may_be_interrupted(change)) {
        set |= 1u << REG_A0;
    }
    return set;
}

/* A message's a0 is the badge of a capability that was used. */
static bool badge_is_right(const struct change *change)
{
    const struct reach *reach = change->reach;
    const struct endpoint *endpoint = POINTER(reach, change->thread->endpoint);

    if (change->parts != PART_RECEIVER && change->parts != (PART_RECEIVER | PART_TIME)) {
        return true;
    }
    for (uint32_t i = 0; i < reach->send_count; i++) {
        if (reach->sends[i].endpoint == endpoint && reach->sends[i].badge == change->now) {
            return true;
        }
    }
    return may_be_interrupted(change);
}

static bool check_register(const struct change *change, uint64_t number, struct oracle_find *find)
{
    if ((registers(change) >> number & 1) == 0) {
        return refuse(change, "a register", find);
    }
    if (number == REG_A0 && !badge_is_right(change)) {
        return refuse(change, "a0, which is to be the badge,", find);
    }
    return true;
}

/* --- State and scheduling parameters ---------------------------------------------------------- */

static uint8_t byte_of(uint64_t word, size_t offset)
{
    return (uint8_t)(word >> offset % 8 * 8);
}

#define FIELD(member) offsetof(struct thread, member)

static bool may_change_state(const struct change *change, uint8_t was, uint8_t now)
{
    const uint32_t ipc =
        PART_SUBJECT | PART_RECEIVER | PART_NOTIFIED | PART_SENDER | PART_REPLIED | PART_CLEARED;
    const struct reach *reach = change->reach;
    bool starts = reach_is(reach, CAP_TCB, ABI_LABEL_TCB_READ_REGISTERS) ||
                  reach_is(reach, CAP_TCB, ABI_LABEL_TCB_WRITE_REGISTERS) ||
                  reach_is(reach, CAP_TCB, ABI_LABEL_TCB_COPY_REGISTERS) ||
                  reach_is(reach, CAP_TCB, ABI_LABEL_TCB_SUSPEND) ||
                  reach_is(reach, CAP_TCB, ABI_LABEL_TCB_RESUME);

    if ((change->parts & ipc) != 0 || may_be_interrupted(change) ||
        ((change->parts & PART_NAMED) != 0 && starts)) {
        return true;
    }
    if (was == THREAD_RESTART && now == THREAD_RUNNING) {
        return is_current_now(change);
    }
    if (may_be_destroyed(change) && now == THREAD_INACTIVE) {
        return true;
    }
    return reach_cancels(reach, change->thread) && was >= THREAD_BLOCKED_ON_RECEIVE &&
           (now == THREAD_INACTIVE || now == THREAD_RESTART || now == THREAD_RUNNING);
}

/* Ready, in the release queue, or in none: that is the scheduler's. */
static bool is_scheduling(uint8_t queue)
{
    return queue <= THREAD_QUEUE_RELEASE;
}

static bool may_change_priority(const struct change *change, uint8_t now)
{
    uint64_t argument = UINT64_MAX;

    if (is_invoked(change, ABI_LABEL_TCB_SET_PRIORITY)) {
        argument = reach_argument(change->reach, 0);
    } else if (is_invoked(change, ABI_LABEL_TCB_SET_SCHED_PARAMS)) {
        argument = reach_argument(change->reach, 1);
    }
    return argument == now;
}

static bool may_change_mcp(const struct change *change, uint8_t now)
{
    bool named = is_invoked(change, ABI_LABEL_TCB_SET_MC_PRIORITY) ||
                 is_invoked(change, ABI_LABEL_TCB_SET_SCHED_PARAMS);
    return named && reach_argument(change->reach, 0) == now;
}

/* The word with state, queue, priority, mcp, domain, core and flags. */
static bool check_state(const struct change *change, struct oracle_find *find)
{
    uint8_t was[8];
    uint8_t now[8];
    for (size_t i = 0; i < 8; i++) {
        was[i] = byte_of(change->was, i);
        now[i] = byte_of(change->now, i);
    }
    size_t state = FIELD(state) % 8;
    size_t queue = FIELD(queue) % 8;
    size_t priority = FIELD(priority) % 8;
    size_t mcp = FIELD(mcp) % 8;
    size_t domain = FIELD(domain) % 8;
    size_t flags = FIELD(flags) % 8;
    if (was[state] != now[state] && !may_change_state(change, was[state], now[state])) {
        return refuse(change, "the state", find);
    }
    if (was[queue] != now[queue] && was[state] == now[state] &&
        !(is_scheduling(was[queue]) && is_scheduling(now[queue]))) {
        return refuse(change, "the queue", find);
    }
    if (was[priority] != now[priority] && !may_change_priority(change, now[priority])) {
        return refuse(change, "the priority", find);
    }
    if (was[mcp] != now[mcp] && !may_change_mcp(change, now[mcp])) {
        return refuse(change, "the maximum controlled priority", find);
    }
    if (was[domain] != now[domain] && !(reach_is(change->reach, CAP_DOMAIN, ABI_LABEL_DOMAIN_SET) &&
                                        (change->parts & PART_NAMED) != 0)) {
        return refuse(change, "the scheduler's domain", find);
    }
    if (was[flags] != now[flags] && !is_invoked(change, ABI_LABEL_TCB_SET_FLAGS)) {
        return refuse(change, "the flags", find);
    }
    return true;
}

/* --- Other fields ----------------------------------------------------------------------------- */

static bool check_own_sc(const struct change *change, struct oracle_find *find)
{
    const struct sched_context *was = POINTER(change->reach, change->thread->sc);
    const struct sched_context *now = change->thread->sc;
    bool taken = now == NULL && change->reach->destroys &&
                 (may_be_destroyed(change) || reach_authority(change->reach, was));
    bool given = now == NULL || reach_has_sc(change->reach, now) ||
                 (change->reach->any_interrupt && was == NULL);

    if (taken || reach_cancels(change->reach, change->thread)) {
        return true;
    }
    if (given && (change->parts != 0 || may_be_interrupted(change))) {
        return true;
    }
    return refuse(change, "the scheduling context", find);
}

/* A thread that waits to send does so with badge and rights of a capability that was used. */
static bool sends_as_named(const struct reach *reach, const struct thread *thread)
{
    for (uint32_t i = 0; i < reach->send_count; i++) {
        const struct integrity_send *send = &reach->sends[i];
        if (send->endpoint == thread->endpoint && send->badge == thread->badge &&
            send->can_grant == thread->can_grant &&
            send->can_grant_reply == thread->can_grant_reply) {
            return true;
        }
    }
    return false;
}

/* What the thread is blocked on, and with what rights. */
static bool check_blocking(const struct change *change, size_t offset, struct oracle_find *find)
{
    const struct reach *reach = change->reach;
    const struct thread *thread = change->thread;
    bool fits = true;

    if (change->parts == PART_TIME || change->parts == 0) {
        fits = reach_cancels(reach, thread) || may_be_interrupted(change) || change->now == 0;
    }
    if (offset == FIELD(endpoint) && thread->endpoint != NULL) {
        fits = fits && reach_has_endpoint(reach, thread->endpoint);
    } else if (offset == FIELD(ntfn) && thread->ntfn != NULL) {
        fits = fits && reach_has_ntfn(reach, thread->ntfn);
    }
    /* The words may all hold what they held the last time: so it is looked at with the queue. */
    if (thread->state == THREAD_BLOCKED_ON_SEND && thread->endpoint != NULL &&
        (change->parts & (PART_SUBJECT | PART_REPLIED)) != 0) {
        fits = fits && sends_as_named(reach, thread);
    }
    return fits || refuse(change, "what it is blocked on", find);
}

static bool check_bound(const struct change *change, struct oracle_find *find)
{
    const struct reach *reach = change->reach;
    const struct ntfn *was = POINTER(reach, change->thread->bound_ntfn);
    bool bound = is_invoked(change, ABI_LABEL_TCB_BIND_NOTIFICATION) &&
                 change->thread->bound_ntfn == reach->extra[0].ntfn;
    bool gone = change->thread->bound_ntfn == NULL &&
                (is_invoked(change, ABI_LABEL_TCB_UNBIND_NOTIFICATION) ||
                 may_be_destroyed(change) || (reach->destroys && reach_authority(reach, was)));
    return bound || gone || refuse(change, "the bound notification", find);
}

static bool check_yield(const struct change *change, struct oracle_find *find)
{
    const struct reach *reach = change->reach;
    bool yields = (change->parts & PART_SUBJECT) != 0 &&
                  reach_is(reach, CAP_SCHED_CONTEXT, ABI_LABEL_SCHED_CONTEXT_YIELD_TO) &&
                  change->thread->yield_to == reach->invoked.sc;
    return yields || change->now == 0 || refuse(change, "the yield-to", find);
}

/* The fields behind the slots. */
static bool check_tail(const struct change *change, size_t offset, struct oracle_find *find)
{
    if (offset == FIELD(buffer_vaddr)) {
        return is_invoked(change, ABI_LABEL_TCB_CONFIGURE) ||
               is_invoked(change, ABI_LABEL_TCB_SET_IPC_BUFFER) ||
               refuse(change, "the IPC buffer's address", find);
    }
    if (offset == FIELD(bound_ntfn)) {
        return check_bound(change, find);
    }
    if (offset == FIELD(yield_to)) {
        return check_yield(change, find);
    }
    if (offset >= FIELD(fault) && offset < FIELD(fault) + sizeof change->thread->fault) {
        return (change->parts & ~(uint32_t)PART_TIME) != 0 || may_be_destroyed(change) ||
               reach_cancels(change->reach, change->thread) || refuse(change, "the fault", find);
    }
    if (offset >= FIELD(fpu) && offset < FIELD(fpu) + sizeof change->thread->fpu) {
        const struct core *core = &change->reach->world->k->cores[0];
        return POINTER(change->reach, core->fpu_owner) == change->thread ||
               refuse(change, "a floating-point register", find);
    }
    if (offset >= FIELD(name)) {
        return change->reach->named == change->thread || refuse(change, "the name", find);
    }
    return true; /* Links in the list of all threads. */
}

bool integrity_thread(const struct reach *reach, const uint64_t *at, uint64_t was, uint32_t owner,
                      struct oracle_find *find)
{
    size_t offset = (uintptr_t)at % ((uintptr_t)1 << CONFIG_TCB_BITS);
    struct change change = {
        .reach = reach,
        .thread = (const struct thread *)((uintptr_t)at - offset),
        .owner = owner,
        .was = was,
        .now = *at,
    };
    change.parts = reach_parts(reach, change.thread);

    if (offset < FIELD(regs.pc)) {
        return check_register(&change, offset / 8, find);
    }
    if (offset == FIELD(regs.fault_pc)) {
        return check_register(&change, 33, find);
    }
    if (offset == FIELD(regs.pc)) {
        bool set = is_invoked(&change, ABI_LABEL_TCB_WRITE_REGISTERS) ||
                   is_invoked(&change, ABI_LABEL_TCB_COPY_REGISTERS);
        return (change.parts & PART_SUBJECT) != 0 || set ||
               (is_current_now(&change) && change.now == change.thread->regs.fault_pc) ||
               refuse(&change, "the PC", find);
    }
    if (offset == FIELD(state) / 8 * 8) {
        return check_state(&change, find);
    }
    if (offset == FIELD(sc)) {
        return check_own_sc(&change, find);
    }
    if (offset >= FIELD(endpoint) && offset < FIELD(slots)) {
        return check_blocking(&change, offset, find);
    }
    return offset < FIELD(buffer_vaddr) || check_tail(&change, offset, find);
}

/* --- Scheduling contexts ---------------------------------------------------------------------- */

#undef FIELD
#define FIELD(member) offsetof(struct sched_context, member)

enum { THREADS_MAX = 1024, QUEUE_MAX = 256 }; /* More are not searched. */

static bool contains(const struct reach *reach, const struct sched_context *sc, const uint64_t *at)
{
    if (!objects_in_ram(reach->objects, sc, sizeof *sc)) {
        return false;
    }
    uint64_t size = (uint64_t)1 << reach_byte(reach, &sc->bits) % 64;
    return (uintptr_t)at >= (uintptr_t)sc && (uintptr_t)at - (uintptr_t)sc < size;
}

/* The SC in reach that a word belongs to, or null. */
static const struct sched_context *sc_in_reach(const struct reach *reach, const uint64_t *at)
{
    for (uint32_t i = 0; i < reach->sc_count; i++) {
        if (contains(reach, reach->scs[i], at)) {
            return reach->scs[i];
        }
    }
    return NULL;
}

/* Whether this field of an SC in reach may change. */
static bool sc_field_fits(const struct reach *reach, const struct sched_context *sc, size_t offset,
                          uint64_t was)
{
    bool configured = reach_is(reach, CAP_SCHED_CONTROL, ABI_LABEL_SCHED_CONTROL_CONFIGURE_FLAGS) &&
                      reach->extra[0].type == CAP_SCHED_CONTEXT && reach->extra[0].sc == sc;

    if (offset == FIELD(refills.ring) || offset == FIELD(bits) / 8 * 8) {
        /* Core and sporadic share a word with the size. */
        return configured && offset != FIELD(refills.ring) &&
               reach_byte(reach, &sc->bits) == sc->bits;
    }
    if (offset == FIELD(refills.period) || offset == FIELD(refills.budget) ||
        offset == FIELD(badge)) {
        return configured;
    }
    if (offset == FIELD(refills.max)) {
        return (uint32_t)was == sc->refills.max || configured;
    }
    if (offset == FIELD(ntfn)) {
        return (reach->invoked.type == CAP_SCHED_CONTEXT && reach->invoked.sc == sc);
    }
    if (offset == FIELD(thread)) {
        return sc->thread == NULL || reach_parts(reach, sc->thread) != 0;
    }
    return true;
}

/* The word is in an SC that a thread had or has, who is woken because something was destroyed, or
 * by an unknown interrupt. */
static bool is_sc_of_woken(const struct reach *reach, const uint64_t *at)
{
    const struct thread *thread = reach->world->k->threads;
    uint32_t left = THREADS_MAX;

    for (; left > 0 && objects_in_ram(reach->objects, thread, sizeof *thread); left--) {
        const struct sched_context *scs[2] = {POINTER(reach, thread->sc), thread->sc};
        for (uint32_t i = 0; i < 2; i++) {
            if (contains(reach, scs[i], at) &&
                (reach_cancels(reach, thread) || is_interrupted(reach, thread))) {
                return true;
            }
        }
        thread = thread->all_next;
    }
    return false;
}

bool integrity_sc(const struct reach *reach, const uint64_t *at, uint64_t was,
                  struct oracle_find *find)
{
    const struct sched_context *sc = sc_in_reach(reach, at);

    if (sc != NULL && sc_field_fits(reach, sc, (uintptr_t)at - (uintptr_t)sc, was)) {
        return true;
    }
    /* Deleted itself, or its thread or its notification was. */
    if ((reach->destroys && object_owner(objects_at(reach->objects, at)) == reach->owner) ||
        ((reach->cancels || reach->any_interrupt) && is_sc_of_woken(reach, at))) {
        return true;
    }
    return oracle_fail(find, KIND,
                       "a scheduling context %s reach, at %p, offset %u, changed from 0x%" PRIx64
                       " to 0x%" PRIx64,
                       sc == NULL ? "out of" : "in", (const void *)at,
                       sc == NULL ? 0 : (unsigned)((uintptr_t)at - (uintptr_t)sc), was, *at);
}

/* --- Queues ----------------------------------------------------------------------------------- */

/* A party was queued there and has left for a reason of its own: it was notified or cancelled, or
 * an invocation names it. */
static bool party_was_there(const struct reach *reach, const void *object)
{
    const uint32_t leaves = PART_NOTIFIED | PART_CLEARED | PART_NAMED | PART_REPLIED;

    for (uint32_t i = 0; i < reach->party_count; i++) {
        const struct thread *thread = reach->parties[i].thread;
        if ((reach->parties[i].parts & leaves) != 0 &&
            (POINTER(reach, thread->endpoint) == object || POINTER(reach, thread->ntfn) == object ||
             POINTER(reach, thread->bound_ntfn) == object)) {
            return true;
        }
    }
    return false;
}

/* Somebody who was queued there may be cancelled, or woken by an unknown interrupt. */
static bool is_left(const struct reach *reach, const struct thread_list *queue)
{
    const struct thread *thread = POINTER(reach, queue->head);

    for (uint32_t i = 0; i < QUEUE_MAX && objects_in_ram(reach->objects, thread, sizeof *thread);
         i++) {
        if (reach_cancels(reach, thread) || is_interrupted(reach, thread)) {
            return true;
        }
        thread = POINTER(reach, thread->queue_next);
    }
    return false;
}

/* What destroys, and unknown interrupts, reach these queues, too. */
static bool queue_is_reached(const struct reach *reach, enum object_kind kind, const void *object)
{
    const struct ntfn *ntfn = object;

    if ((reach->cancels && reach_authority(reach, object)) || is_left(reach, object)) {
        return true;
    }
    if (kind != OBJECT_NTFN) {
        return false;
    }
    bool bound = reach->destroys && (reach_authority(reach, POINTER(reach, ntfn->bound)) ||
                                     reach_authority(reach, POINTER(reach, ntfn->sc)));
    return bound || (reach->any_interrupt && reach_is_interrupt(reach, ntfn));
}

static bool ntfn_badge_fits(const struct reach *reach, const struct ntfn *ntfn, uint64_t was)
{
    uint64_t added = 0;

    for (uint32_t i = 0; i < reach->signal_count; i++) {
        added |= reach->signals[i].ntfn == ntfn ? reach->signals[i].badge : 0;
    }
    return (ntfn->badge & ~(was | added)) == 0;
}

bool integrity_queue(const struct reach *reach, enum object_kind kind, const uint64_t *at,
                     uint64_t was, struct oracle_find *find)
{
    bool is_ntfn = kind == OBJECT_NTFN;
    uintptr_t size = is_ntfn ? sizeof(struct ntfn) : sizeof(struct endpoint);
    const void *object = (const void *)((uintptr_t)at / size * size);
    const struct ntfn *ntfn = object;
    bool there = is_ntfn ? reach_has_ntfn(reach, object) : reach_has_endpoint(reach, object);

    if (reach->any_interrupt || reach->cancels) {
        there = there || queue_is_reached(reach, kind, object);
    }
    /* Of a notification just bound or unbound. */
    there = there || (is_ntfn && reach->invoked.type == CAP_SCHED_CONTEXT) ||
            party_was_there(reach, object);
    if (!there) {
        return oracle_fail(find, KIND,
                           "%s %p, which the event does not name, changed from 0x%" PRIx64
                           " to 0x%" PRIx64,
                           is_ntfn ? "notification" : "endpoint", object, was, *at);
    }
    if (is_ntfn && at == &ntfn->badge && !reach->any_interrupt &&
        !ntfn_badge_fits(reach, ntfn, was)) {
        return oracle_fail(find, KIND,
                           "notification %p got badges that nobody signalled: 0x%" PRIx64
                           " from 0x%" PRIx64,
                           object, *at, was);
    }
    return true;
}

/* What destroys takes Reply objects, callers and SCs out of call stacks, and with them what is next
 * to them. */
static bool reply_is_reached(const struct reach *reach, const struct reply *reply)
{
    const struct thread *thread = POINTER(reach, reply->thread);

    if (objects_in_ram(reach->objects, thread, sizeof *thread) &&
        (reach_cancels(reach, thread) || is_interrupted(reach, thread))) {
        return true;
    }
    if (!reach->destroys) {
        return false;
    }
    const struct reply *prev = POINTER(reach, reply->prev);
    const struct reply *next = POINTER(reach, reply->next);
    return reach_authority(reach, reply) || reach_authority(reach, prev) ||
           reach_authority(reach, next) || reach_authority(reach, POINTER(reach, reply->sc)) ||
           (prev != NULL && reach_authority(reach, POINTER(reach, prev->thread))) ||
           (next != NULL && reach_authority(reach, POINTER(reach, next->thread)));
}

bool integrity_reply(const struct reach *reach, const uint64_t *at, struct oracle_find *find)
{
    const struct reply *reply =
        (const struct reply *)((uintptr_t)at / sizeof(struct reply) * sizeof(struct reply));

    for (uint32_t i = 0; i < reach->reply_count; i++) {
        if (reach->replies[i] == reply) {
            return true;
        }
    }
    return ((reach->cancels || reach->any_interrupt) && reply_is_reached(reach, reply)) ||
           oracle_fail(find, KIND, "Reply object %p, which the event does not name, has changed",
                       (const void *)reply);
}

/* --- What belongs together -------------------------------------------------------------------- */

static bool is_kind(const struct reach *reach, const void *object, enum object_kind kind)
{
    return object_kind(objects_at(reach->objects, object)) == kind;
}

static bool reply_fits(const struct reach *reach, const struct reply *reply)
{
    const struct thread *thread = reply->thread;

    return (thread == NULL || (is_kind(reach, thread, OBJECT_TCB) && thread->reply == reply)) &&
           (reply->prev == NULL ||
            (is_kind(reach, reply->prev, OBJECT_REPLY) && reply->prev->next == reply)) &&
           (reply->next == NULL ||
            (is_kind(reach, reply->next, OBJECT_REPLY) && reply->next->prev == reply)) &&
           (reply->sc == NULL ||
            (is_kind(reach, reply->sc, OBJECT_SC) && reply->sc->reply == reply));
}

static bool sc_fits(const struct reach *reach, const struct sched_context *sc)
{
    const struct thread *thread = sc->thread;
    const struct ntfn *ntfn = sc->ntfn;

    return (thread == NULL || (is_kind(reach, thread, OBJECT_TCB) && thread->sc == sc)) &&
           (ntfn == NULL || (is_kind(reach, ntfn, OBJECT_NTFN) && ntfn->sc == sc)) &&
           (sc->reply == NULL || (is_kind(reach, sc->reply, OBJECT_REPLY) && sc->reply->sc == sc));
}

bool integrity_together(const struct reach *reach, struct oracle_find *find)
{
    for (uint32_t i = 0; i < reach->reply_count; i++) {
        const struct reply *reply = reach->replies[i];
        if (is_kind(reach, reply, OBJECT_REPLY) && !reply_fits(reach, reply)) {
            return oracle_fail(find, KIND,
                               "Reply object %p and what it names do not name each other",
                               (const void *)reply);
        }
    }
    for (uint32_t i = 0; i < reach->sc_count; i++) {
        const struct sched_context *sc = reach->scs[i];
        if (is_kind(reach, sc, OBJECT_SC) && !sc_fits(reach, sc)) {
            return oracle_fail(find, KIND,
                               "scheduling context %p and what it names do not name each other",
                               (const void *)sc);
        }
    }
    for (uint32_t i = 0; i < reach->party_count; i++) {
        const struct thread *thread = reach->parties[i].thread;
        if (is_kind(reach, thread, OBJECT_TCB) && thread->reply != NULL &&
            (!is_kind(reach, thread->reply, OBJECT_REPLY) || thread->reply->thread != thread)) {
            return oracle_fail(find, KIND,
                               "thread %p waits with a Reply object that is not its own",
                               (const void *)thread);
        }
    }
    return true;
}
