/* SPDX-License-Identifier: BSD-2-Clause */

/* What an event names: the contract's rules for finding it, applied to the state before. */
#include <stddef.h>
#include <string.h>

#include "core/config.h"
#include "core/endpoint.h"
#include "core/ipc.h"
#include "core/kernel.h"
#include "core/ntfn.h"
#include "core/reply.h"
#include "core/sched_context.h"
#include "fuzz/oracle/authority.h"
#include "fuzz/oracle/integrity.h"

/* --- The state before ------------------------------------------------------------------------- */

uint64_t reach_word(const struct reach *reach, const void *at)
{
    const void *word = (const void *)((uintptr_t)at / 8 * 8);
    return objects_in_ram(reach->objects, word, 8) ? watch_before(word) : 0;
}

uint8_t reach_byte(const struct reach *reach, const void *at)
{
    return (uint8_t)(reach_word(reach, at) >> (uintptr_t)at % 8 * 8);
}

#define POINTER(reach, field) ((void *)(uintptr_t)reach_word(reach, &(field)))

struct cap reach_cap(const struct reach *reach, const struct slot *slot)
{
    uint64_t words[3];
    if ((uintptr_t)slot % sizeof *slot == 0 && objects_in_ram(reach->objects, slot, sizeof *slot)) {
        return object_cap_before(watch_words_before(slot)); /* In one line. */
    }
    for (uint32_t i = 0; i < 3; i++) {
        words[i] = reach_word(reach, (const uint64_t *)slot + i);
    }
    return object_cap_before(words);
}

uint64_t reach_argument(const struct reach *reach, uint32_t i)
{
    const struct oracle_event *event = reach->event;
    if (i < ABI_MSG_REGISTERS) {
        return event->registers[REG_A2 + i];
    }
    const uint64_t *buffer = reach_buffer(reach, event->subject);
    return buffer == NULL ? 0 : reach_word(reach, buffer + ABI_BUFFER_MSG + i);
}

bool reach_is(const struct reach *reach, uint8_t type, uint64_t label)
{
    return reach->invoked.type == type && reach->label == label;
}

const uint64_t *reach_buffer(const struct reach *reach, const struct thread *thread)
{
    struct cap frame = reach_cap(reach, &thread->slots[THREAD_BUFFER]);
    if (frame.type != CAP_FRAME || frame.device || (frame.rights & ABI_RIGHT_READ) == 0) {
        return NULL;
    }
    uint64_t offset = reach_word(reach, &thread->buffer_vaddr) % ((uint64_t)1 << frame.bits % 64);
    const uint64_t *words =
        (const uint64_t *)(frame.paddr + reach->world->k->window + offset / 8 * 8);
    bool there = objects_in_ram(reach->objects, words, (uint64_t)8 * ABI_BUFFER_WORDS);
    return there ? words : NULL;
}

/* Docs/abi/03 section 3.4. */
const struct slot *reach_resolve(const struct reach *reach, const struct cap *root,
                                 uint64_t address, uint64_t bits, bool exact, bool now)
{
    struct cap node = *root;
    uint64_t left = bits;

    if (left < 1 || left > 64) {
        return NULL;
    }
    while (node.type == CAP_CNODE && node.bits != 0) {
        uint64_t rest = left == 64 ? address : address % ((uint64_t)1 << left);
        if (node.guard_bits + (uint64_t)node.bits > left ||
            (node.guard_bits != 0 && rest >> (left - node.guard_bits) != node.guard)) {
            return NULL;
        }
        left -= node.guard_bits + (uint64_t)node.bits;
        const struct slot *slot = node.slots + (rest >> left) % ((uint64_t)1 << node.bits);
        if (!objects_in_ram(reach->objects, slot, sizeof *slot)) {
            return NULL;
        }
        node = now ? slot->cap : reach_cap(reach, slot);
        if (left == 0 || node.type != CAP_CNODE) {
            return left == 0 || !exact ? slot : NULL;
        }
    }
    return NULL;
}

/* The slot that a pointer of the subject's names. */
static const struct slot *find(const struct reach *reach, uint64_t cptr, bool now)
{
    struct cap root = reach_cap(reach, &reach->event->subject->slots[THREAD_CSPACE]);
    return reach_resolve(reach, &root, cptr, 64, false, now);
}

/* --- Collecting ------------------------------------------------------------------------------- */

static void add_sc(struct reach *reach, const struct sched_context *sc);

static void add_party(struct reach *reach, const struct thread *thread, uint32_t part)
{
    if (!objects_in_ram(reach->objects, thread, sizeof *thread)) {
        return;
    }
    for (uint32_t i = 0; i < reach->party_count; i++) {
        if (reach->parties[i].thread == thread) {
            reach->parties[i].parts |= part;
            return;
        }
    }
    if (reach->party_count < REACH_PARTIES) {
        reach->parties[reach->party_count].thread = thread;
        reach->parties[reach->party_count].parts = part;
        reach->party_count++;
        add_sc(reach, POINTER(reach, thread->sc));
    }
}

static void add_reply(struct reach *reach, const struct reply *reply)
{
    for (uint32_t i = 0; i < reach->reply_count; i++) {
        if (reach->replies[i] == reply) {
            return;
        }
    }
    if (objects_in_ram(reach->objects, reply, sizeof *reply) &&
        reach->reply_count < REACH_REPLIES) {
        reach->replies[reach->reply_count] = reply;
        reach->reply_count++;
    }
}

static void add_sc(struct reach *reach, const struct sched_context *sc)
{
    if (!objects_in_ram(reach->objects, sc, sizeof *sc) || reach_has_sc(reach, sc) ||
        reach->sc_count == REACH_SCS) {
        return;
    }
    reach->scs[reach->sc_count] = sc;
    reach->sc_count++;
}

static bool is_in_state(const struct reach *reach, const struct thread *thread,
                        enum thread_state state)
{
    return objects_in_ram(reach->objects, thread, sizeof *thread) &&
           reach_byte(reach, &thread->state) == (uint8_t)state;
}

/* The first threads of a queue, so many, in this state. */
static void add_first(struct reach *reach, const struct thread_list *queue, uint32_t count,
                      enum thread_state state, uint32_t part)
{
    const struct thread *thread = POINTER(reach, queue->head);
    for (uint32_t i = 0; i < count && is_in_state(reach, thread, state); i++) {
        add_party(reach, thread, part);
        thread = POINTER(reach, thread->queue_next);
    }
}

static void add_signal(struct reach *reach, const struct cap *cap)
{
    const struct ntfn *ntfn = cap->ntfn;
    if (cap->type != CAP_NOTIFICATION || reach->signal_count == REACH_NTFNS ||
        !objects_in_ram(reach->objects, ntfn, sizeof *ntfn)) {
        return;
    }
    reach->signals[reach->signal_count].ntfn = ntfn;
    reach->signals[reach->signal_count].badge = cap->badge;
    reach->signal_count++;
    add_sc(reach, POINTER(reach, ntfn->sc));
    add_first(reach, &ntfn->queue, reach->signal_count, THREAD_BLOCKED_ON_NOTIFICATION,
              PART_NOTIFIED);
    const struct thread *bound = POINTER(reach, ntfn->bound);
    if (is_in_state(reach, bound, THREAD_BLOCKED_ON_RECEIVE)) {
        add_party(reach, bound, PART_NOTIFIED);
    }
}

/* Something may be sent through an endpoint capability. Only the first who waits gets it, unless an
 * earlier part of the event has already served him. */
static void add_send(struct reach *reach, const struct cap *cap)
{
    if (cap->type != CAP_ENDPOINT || (cap->rights & ABI_RIGHT_WRITE) == 0 ||
        reach->send_count == REACH_SENDS ||
        !objects_in_ram(reach->objects, cap->endpoint, sizeof(struct endpoint))) {
        return;
    }
    uint32_t served = reach->signal_count + (reach->any_interrupt ? 1 : 0);
    for (uint32_t i = 0; i < reach->send_count; i++) {
        served += reach->sends[i].endpoint == cap->endpoint ? 1 : 0;
    }
    struct integrity_send send = {
        .endpoint = cap->endpoint,
        .badge = cap->badge,
        .can_grant = (cap->rights & ABI_RIGHT_GRANT) != 0,
        .can_grant_reply = (cap->rights & ABI_RIGHT_GRANT_REPLY) != 0,
    };
    reach->sends[reach->send_count] = send;
    reach->send_count++;
    add_first(reach, &cap->endpoint->queue, served + 1, THREAD_BLOCKED_ON_RECEIVE, PART_RECEIVER);
}

static void add_handler(struct reach *reach, const struct thread *thread, enum thread_slot which)
{
    struct cap cap = reach_cap(reach, &thread->slots[which]);
    add_send(reach, &cap);
}

static void add_gift(struct reach *reach, const struct thread *from)
{
    if (reach->gift_count < REACH_GIFTS) {
        reach->gifts[reach->gift_count] = from;
        reach->gift_count++;
    }
}

/* --- System calls: the send half -------------------------------------------------------------- */

static void reply_through(struct reach *reach, const struct cap *cap)
{
    const struct reply *reply = cap->reply;
    add_reply(reach, reply);
    const struct thread *caller = POINTER(reach, reply->thread);
    if (!is_in_state(reach, caller, THREAD_BLOCKED_ON_REPLY)) {
        return;
    }
    add_party(reach, caller, PART_REPLIED);
    add_handler(reach, caller, THREAD_TIMEOUT_HANDLER);
    if ((cap->rights & ABI_RIGHT_GRANT) != 0) {
        add_gift(reach, reach->event->subject);
    }
}

static void find_extra(struct reach *reach)
{
    const uint64_t *buffer = reach_buffer(reach, reach->event->subject);
    uint32_t count = message_extra_caps(reach->event->registers[REG_A1]);

    for (uint32_t i = 0; buffer != NULL && i < count; i++) {
        const struct slot *slot =
            find(reach, reach_word(reach, buffer + ABI_BUFFER_CAPS + i), false);
        if (slot == NULL) {
            return;
        }
        reach->extra_slots[i] = slot;
        reach->extra[i] = reach_cap(reach, slot);
    }
}

/* An SC that an invocation works on: the threads that it concerns. */
static void name_sc(struct reach *reach, const struct sched_context *sc)
{
    if (!objects_in_ram(reach->objects, sc, sizeof *sc)) {
        return;
    }
    add_sc(reach, sc);
    add_party(reach, POINTER(reach, sc->thread), PART_TIME);
    add_party(reach, POINTER(reach, sc->yield_from), PART_TIME);
}

static void name_argument(struct reach *reach, const struct cap *cap)
{
    if (cap->type == CAP_TCB) {
        add_party(reach, cap->thread, PART_NAMED);
    } else if (cap->type == CAP_SCHED_CONTEXT) {
        name_sc(reach, cap->sc);
    } else if (cap->type == CAP_NOTIFICATION && reach->wait_count < REACH_NTFNS) {
        reach->waits[reach->wait_count] = cap->ntfn;
        reach->wait_count++;
    }
}

bool reach_has_children(const struct reach *reach, const struct slot *slot)
{
    const struct slot *base = reach->world->k->slot_base;
    uint32_t number = (uint32_t)reach_word(reach, &slot->next);
    struct cap untyped = reach_cap(reach, slot);
    uint64_t start = 0;
    uint64_t size = 0;

    if (number == 0) {
        return false;
    }
    struct cap next = reach_cap(reach, &base[number]);
    return object_region(reach->world, &next, &start, &size) && start >= untyped.paddr &&
           start - untyped.paddr < (uint64_t)1 << untyped.bits % 64;
}

/* The part of an untyped that objects can be made in: all of it, unless it has children. */
static void find_free(struct reach *reach, const struct slot *slot)
{
    struct cap untyped = reach_cap(reach, slot);
    if (untyped.type != CAP_UNTYPED) {
        return;
    }
    uint64_t used = reach_has_children(reach, slot) ? untyped.free_index * OBJECT_UNIT : 0;
    reach->made_base = untyped.paddr + used;
    reach->made_size = ((uint64_t)1 << untyped.bits % 64) - used;
}

/* Which invocations destroy, or can be preempted; and what they name. */
static void invoke(struct reach *reach)
{
    static const bool destroys[ABI_LABEL_COUNT] = {
        [ABI_LABEL_CNODE_REVOKE] = true,         [ABI_LABEL_CNODE_DELETE] = true,
        [ABI_LABEL_TCB_CONFIGURE] = true,        [ABI_LABEL_TCB_SET_SPACE] = true,
        [ABI_LABEL_TCB_SET_IPC_BUFFER] = true,   [ABI_LABEL_TCB_SET_TIMEOUT_ENDPOINT] = true,
        [ABI_LABEL_TCB_SET_SCHED_PARAMS] = true, [ABI_LABEL_IRQ_HANDLER_SET_NOTIFICATION] = true,
        [ABI_LABEL_IRQ_HANDLER_CLEAR] = true,
    };
    const struct cap *cap = &reach->invoked;
    bool counts = cap->type == CAP_CNODE || cap->type == CAP_TCB || cap->type == CAP_IRQ_HANDLER;

    reach->label = message_label(reach->event->registers[REG_A1]);
    reach->destroys = counts && reach->label < ABI_LABEL_COUNT && destroys[reach->label];
    reach->cancels = reach->destroys;
    if (reach_is(reach, CAP_CNODE, ABI_LABEL_CNODE_CANCEL_BADGED_SENDS)) {
        const struct slot *slot = reach_resolve(reach, cap, reach_argument(reach, 0),
                                                reach_argument(reach, 1), true, false);
        struct cap cancelled = {.type = CAP_NULL};
        if (slot != NULL) {
            cancelled = reach_cap(reach, slot);
        }
        reach->cancels = cancelled.type == CAP_ENDPOINT && cancelled.badge != 0;
        reach->cancelled = cancelled;
    }
    /* None can come in if the kernel has not looked. */
    reach->any_interrupt =
        (cap->type == CAP_CNODE || cap->type == CAP_UNTYPED || cap->type == CAP_IRQ_HANDLER) &&
        sim_polls(reach->world->sim) != reach->event->polls;
    find_extra(reach);
    name_argument(reach, cap);
    if (cap->type == CAP_UNTYPED) {
        find_free(reach, reach->invoked_slot);
    } else if (cap->type == CAP_ASID_CONTROL && reach->extra_slots[0] != NULL) {
        find_free(reach, reach->extra_slots[0]);
    }
    bool has_arguments = cap->type == CAP_TCB || cap->type == CAP_DOMAIN ||
                         cap->type == CAP_SCHED_CONTROL || cap->type == CAP_SCHED_CONTEXT;
    for (uint32_t i = 0; has_arguments && i < ABI_MSG_MAX_CAPS; i++) {
        name_argument(reach, &reach->extra[i]);
    }
}

/* The kinds that the send half of a combined call does not invoke. */
static bool is_alone(const struct cap *cap)
{
    return cap->type == CAP_TCB || cap->type == CAP_DOMAIN || cap->type == CAP_CNODE ||
           cap->type == CAP_SCHED_CONTROL || cap->type == CAP_SCHED_CONTEXT;
}

static void send_half(struct reach *reach, uint64_t dest, bool combined)
{
    const struct slot *slot = find(reach, dest, false);
    if (slot == NULL) {
        return;
    }
    struct cap cap = reach_cap(reach, slot);
    if (cap.type == CAP_ENDPOINT) {
        add_send(reach, &cap);
        if ((cap.rights & ABI_RIGHT_WRITE) != 0 && (cap.rights & ABI_RIGHT_GRANT) != 0) {
            add_gift(reach, reach->event->subject);
        }
    } else if (cap.type == CAP_NOTIFICATION && (cap.rights & ABI_RIGHT_WRITE) != 0) {
        add_signal(reach, &cap);
    } else if (cap.type == CAP_REPLY) {
        reply_through(reach, &cap);
    } else if (cap.type != CAP_NOTIFICATION && cap.type != CAP_NULL && cap.type != CAP_ZOMBIE &&
               !(combined && is_alone(&cap))) {
        reach->invoked = cap;
        reach->invoked_slot = slot;
        invoke(reach);
    }
}

/* --- System calls: the receive half ----------------------------------------------------------- */

static void add_wait(struct reach *reach, const struct ntfn *ntfn)
{
    if (objects_in_ram(reach->objects, ntfn, sizeof *ntfn) && reach->wait_count < REACH_NTFNS) {
        reach->waits[reach->wait_count] = ntfn;
        reach->wait_count++;
        add_sc(reach, POINTER(reach, ntfn->sc));
    }
}

static void receive_from(struct reach *reach, const struct endpoint *endpoint)
{
    if (!objects_in_ram(reach->objects, endpoint, sizeof *endpoint) ||
        reach->receive_count == REACH_SENDS) {
        return;
    }
    reach->receives[reach->receive_count] = endpoint;
    reach->receive_count++;
    add_first(reach, &endpoint->queue, 1, THREAD_BLOCKED_ON_SEND, PART_SENDER);
    const struct thread *sender = POINTER(reach, endpoint->queue.head);
    if (is_in_state(reach, sender, THREAD_BLOCKED_ON_SEND) &&
        reach_byte(reach, &sender->can_grant) != 0) {
        add_gift(reach, sender);
    }
}

/* The capabilities are looked up as they were and as they are: the send half may have brought them,
 * or replaced none. */
static void receive_half(struct reach *reach, bool with_reply, bool now)
{
    const uint64_t *x = reach->event->registers;
    const struct slot *slot = find(reach, x[REG_A0], now);
    struct cap cap = {.type = CAP_NULL};

    if (slot != NULL) {
        cap = now ? slot->cap : reach_cap(reach, slot);
    }
    if ((cap.rights & ABI_RIGHT_READ) == 0) {
        return;
    }
    if (cap.type == CAP_NOTIFICATION) {
        add_wait(reach, cap.ntfn);
    }
    if (cap.type != CAP_ENDPOINT) {
        return;
    }
    receive_from(reach, cap.endpoint);
    add_wait(reach, POINTER(reach, reach->event->subject->bound_ntfn));
    slot = with_reply ? find(reach, x[REG_A6], now) : NULL;
    if (slot == NULL) {
        return;
    }
    cap = now ? slot->cap : reach_cap(reach, slot);
    if (cap.type == CAP_REPLY && objects_in_ram(reach->objects, cap.reply, sizeof *cap.reply)) {
        add_reply(reach, cap.reply);
        add_party(reach, POINTER(reach, cap.reply->thread), PART_CLEARED);
    }
}

/* --- Events ----------------------------------------------------------------------------------- */

static void name_literally(struct reach *reach)
{
    const struct slot *slot = find(reach, reach->event->registers[REG_A0], false);
    struct cap cap = {.type = CAP_NULL};
    if (slot != NULL) {
        cap = reach_cap(reach, slot);
    }
    reach->named = cap.type == CAP_TCB ? cap.thread : NULL;
}

static void find_syscall(struct reach *reach)
{
    const uint64_t *x = reach->event->registers;
    int64_t call = (int64_t)x[REG_A7];
    bool sends_first =
        call == ABI_SYS_REPLY_RECV || call == ABI_SYS_NB_SEND_RECV || call == ABI_SYS_NB_SEND_WAIT;
    bool receives = sends_first || call == ABI_SYS_RECV || call == ABI_SYS_NB_RECV ||
                    call == ABI_SYS_WAIT || call == ABI_SYS_NB_WAIT;
    bool waits = call == ABI_SYS_WAIT || call == ABI_SYS_NB_WAIT || call == ABI_SYS_NB_SEND_WAIT;

    if (call == ABI_SYS_DEBUG_NAME_THREAD) {
        name_literally(reach);
    }
    if (call == ABI_SYS_CALL || call == ABI_SYS_SEND || call == ABI_SYS_NB_SEND) {
        send_half(reach, x[REG_A0], false);
    } else if (sends_first) {
        send_half(reach, x[call == ABI_SYS_NB_SEND_RECV ? REG_T0 : REG_A6], true);
    }
    if (receives) {
        receive_half(reach, !waits, false);
        receive_half(reach, !waits, true);
    }
    add_handler(reach, reach->event->subject, THREAD_FAULT_HANDLER);
}

/* What hangs together with what was found: SCs with their threads and stacks, Replies with their
 * neighbours. */
static void close_reach(struct reach *reach)
{
    const struct core *core = &reach->world->k->cores[0];

    add_sc(reach, POINTER(reach, core->current_sc));
    add_sc(reach, core->current_sc);
    add_sc(reach, POINTER(reach, core->current->yield_to));
    for (uint32_t i = 0; i < reach->party_count; i++) {
        add_reply(reach, POINTER(reach, reach->parties[i].thread->reply));
        add_sc(reach, POINTER(reach, reach->parties[i].thread->yield_to));
    }
    for (uint32_t i = 0; i < reach->reply_count && i < REACH_REPLIES / 4; i++) {
        add_sc(reach, POINTER(reach, reach->replies[i]->sc));
    }
    for (uint32_t i = 0; i < reach->sc_count; i++) {
        add_reply(reach, POINTER(reach, reach->scs[i]->reply));
        add_party(reach, POINTER(reach, reach->scs[i]->thread), PART_TIME);
    }
    for (uint32_t i = 0, count = reach->reply_count; i < count; i++) {
        add_reply(reach, POINTER(reach, reach->replies[i]->prev));
        add_reply(reach, POINTER(reach, reach->replies[i]->next));
    }
}

void reach_find(struct reach *reach, const struct world *world, const struct objects *objects,
                const struct oracle_event *event)
{
    /* The arrays are read only as far as they are counted. */
    memset(reach, 0, offsetof(struct reach, parties));
    reach->send_count = reach->signal_count = reach->wait_count = reach->receive_count = 0;
    reach->sc_count = reach->reply_count = reach->gift_count = reach->examined = 0;
    reach->world = world;
    reach->objects = objects;
    reach->event = event;
    reach->owner = object_owner_of(event->domain);
    add_party(reach, event->subject, PART_SUBJECT);
    if (event->event == SIM_EVENT_IRQ && event->a < CONFIG_IRQ_LIMIT) {
        struct cap cap = reach_cap(reach, &world->k->irq_slots[event->a]);
        add_signal(reach, &cap);
    } else if (event->event == SIM_EVENT_SYSCALL) {
        find_syscall(reach);
    } else if (event->event == SIM_EVENT_FAULT) {
        add_handler(reach, event->subject, THREAD_FAULT_HANDLER);
    }
    add_handler(reach, event->subject, THREAD_TIMEOUT_HANDLER);
    close_reach(reach);
}

/* --- Questions -------------------------------------------------------------------------------- */

uint32_t reach_parts(const struct reach *reach, const struct thread *thread)
{
    for (uint32_t i = 0; i < reach->party_count; i++) {
        if (reach->parties[i].thread == thread) {
            return reach->parties[i].parts;
        }
    }
    return 0;
}

bool reach_has_sc(const struct reach *reach, const struct sched_context *sc)
{
    for (uint32_t i = 0; i < reach->sc_count; i++) {
        if (reach->scs[i] == sc) {
            return true;
        }
    }
    return false;
}

bool reach_has_endpoint(const struct reach *reach, const struct endpoint *endpoint)
{
    for (uint32_t i = 0; i < reach->send_count; i++) {
        if (reach->sends[i].endpoint == endpoint) {
            return true;
        }
    }
    for (uint32_t i = 0; i < reach->receive_count; i++) {
        if (reach->receives[i] == endpoint) {
            return true;
        }
    }
    return false;
}

bool reach_has_ntfn(const struct reach *reach, const struct ntfn *ntfn)
{
    for (uint32_t i = 0; i < reach->signal_count; i++) {
        if (reach->signals[i].ntfn == ntfn) {
            return true;
        }
    }
    for (uint32_t i = 0; i < reach->wait_count; i++) {
        if (reach->waits[i] == ntfn) {
            return true;
        }
    }
    return false;
}

bool reach_is_interrupt(const struct reach *reach, const struct ntfn *ntfn)
{
    const struct kernel *k = reach->world->k;
    for (uint32_t i = 0; ntfn != NULL && i <= k->irq_max && i < CONFIG_IRQ_LIMIT; i++) {
        struct cap cap = reach_cap(reach, &k->irq_slots[i]);
        if ((cap.type == CAP_NOTIFICATION && cap.ntfn == ntfn) ||
            (k->irq_slots[i].cap.type == CAP_NOTIFICATION && k->irq_slots[i].cap.ntfn == ntfn)) {
            return true;
        }
    }
    return false;
}

bool reach_authority(const struct reach *reach, const void *object)
{
    if (object_owner(objects_at(reach->objects, object)) == reach->owner) {
        return true;
    }
    if (reach->owner >= WORLD_SUBSYSTEMS) {
        return false;
    }
    const struct world_domain *domain = &reach->world->domains[reach->owner];
    for (uint32_t i = 0; i < domain->grant_count; i++) {
        if (domain->grants[i].object == (uint64_t)(uintptr_t)object) {
            return true;
        }
    }
    return false;
}

/* CancelBadgedSends: those who wait to send there with that badge. */
static bool cancels_sender(const struct reach *reach, const struct thread *thread)
{
    return is_in_state(reach, thread, THREAD_BLOCKED_ON_SEND) &&
           POINTER(reach, thread->endpoint) == reach->cancelled.endpoint &&
           reach_word(reach, &thread->badge) == reach->cancelled.badge;
}

bool reach_cancels(const struct reach *reach, const struct thread *thread)
{
    if (!reach->destroys) {
        return reach->cancels && cancels_sender(reach, thread);
    }
    return object_owner(objects_at(reach->objects, thread)) == reach->owner ||
           reach_authority(reach, POINTER(reach, thread->endpoint)) ||
           reach_authority(reach, POINTER(reach, thread->ntfn)) ||
           reach_authority(reach, POINTER(reach, thread->reply));
}
