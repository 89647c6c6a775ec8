/* SPDX-License-Identifier: BSD-2-Clause */

/* Integrity: the parts of integrity*.c.
 *
 * An event has a subject, the thread that was current, and a reach: what the event names, by the
 * contract (docs/abi), as found in the state before it. Every word of RAM that has changed must be
 * explained by the reach, by rules for the kind of object it is in. The policy:
 *
 *   reach      of a system call: the capability invoked, its arguments; the endpoint or
 *              notification received from, the Reply object; of a system call or a fault: the
 *              subject's fault handler; of an interrupt: its notification; of any event: the
 *              subject's timeout handler, the scheduling contexts charged before and after
 *   parties    threads in reach: the subject; those first in the queues of endpoints sent to or
 *              received from and of notifications signalled; those waiting for the reply given, or
 *              with the Reply object used anew; those an invocation names
 *
 *   registers  of the subject; of a party, those that its part in the event sets: a0 to a5 of who
 *              gets a message, a0 = badge of the capability used; a0 of who is notified; what a
 *              fault reply may set; all by WriteRegisters and CopyRegisters; a0 to a2 of who
 *              waited for a yield-to
 *   state      of parties; of others: Restart to Running when chosen, and what being cancelled
 *              does, if the event destroys, to those of the subject's domain, or blocked on
 *              something that it has authority to
 *   scheduling links and queues: of anybody. Priorities, domain, flags: by the invocation for it,
 *              as it says
 *   SC         given to and taken from parties only; refills and consumed time only of SCs in
 *              reach; parameters by SchedControl
 *   queues     of endpoints and notifications in reach, or that parties waited in; badges of a
 *              notification: those signalled are added, nothing else
 *   Reply      in reach, on the call stack of an SC in reach, or next to one of these
 *   slots      filled: as the invocation says, with no more rights than it says; by a message, only
 *              with the grant right, with what the sender named, where the receiver said.
 *              Emptied: moved; or the event destroys: the slot deleted, descendants of the slot
 *              revoked, content of what is being taken apart. Changed: mapping records by
 *              mapping, watermarks by Retype. Links: always
 *   tables     entries written by Map, as the capability and the arguments say; cleared by Unmap
 *              and by destruction, in others' tables only what maps memory that the subject's
 *              domain has
 *   buffers    IPC buffers of parties that get a message, and nothing else of a frame
 *   the rest   memory is written by Retype, within the untyped invoked
 *   together   Replies, SCs and threads in reach name each other afterwards
 *
 * Within its own domain a subject may do what it likes by invocations; so rules that speak of
 * invocations hold for all threads and objects, whosever they are.
 */
#ifndef FUZZ_ORACLE_INTEGRITY_H
#define FUZZ_ORACLE_INTEGRITY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/thread.h"
#include "fuzz/oracle/objects.h"
#include "fuzz/oracle/oracle.h"

struct endpoint;
struct ntfn;
struct reply;
struct sched_context;

/* Why a thread may change. */
enum integrity_part {
    PART_SUBJECT = 1,
    PART_RECEIVER = 2, /* Gets a message or a fault. */
    PART_NOTIFIED = 4,
    PART_SENDER = 8,   /* Its queued message is taken. */
    PART_REPLIED = 16, /* Gets the reply. */
    PART_CLEARED = 32, /* Its Reply object is used anew. */
    PART_NAMED = 64,   /* By the capability invoked, or as an argument. */
    PART_TIME = 128,   /* Has an SC in reach. */
};

struct integrity_party {
    const struct thread *thread;
    uint32_t parts;
};

/* An endpoint that something may be sent to. */
struct integrity_send {
    const struct endpoint *endpoint;
    uint64_t badge;
    bool can_grant;
    bool can_grant_reply;
};

enum {
    REACH_PARTIES = 16,
    REACH_SENDS = 8,
    REACH_NTFNS = 8,
    REACH_SCS = 24,
    REACH_REPLIES = 64,
    REACH_GIFTS = 8,
};

/* What an event names. Counted arrays; what does not fit is left out, and none is so small. */
struct reach {
    const struct world *world;
    const struct objects *objects;
    const struct oracle_event *event;
    uint32_t owner; /* The subject's domain, see object_owner(). */

    /* The capability invoked, if it is not a message: else null. */
    struct cap invoked;
    const struct slot *invoked_slot;
    uint64_t label;
    struct cap extra[ABI_MSG_MAX_CAPS];
    const struct slot *extra_slots[ABI_MSG_MAX_CAPS];
    bool destroys;        /* Capabilities may be deleted. */
    bool cancels;         /* Threads that wait may be restarted. */
    struct cap cancelled; /* Only those who wait to send through this, if it does not destroy. */
    bool any_interrupt;   /* It may be preempted: by an interrupt that is not known here. */
    uint64_t made_base;   /* Physical memory that objects are made of. */
    uint64_t made_size;
    const struct thread *named; /* By a debug call, literally. */

    uint32_t party_count;
    struct integrity_party parties[REACH_PARTIES];
    uint32_t send_count;
    struct integrity_send sends[REACH_SENDS];
    uint32_t signal_count;
    struct {
        const struct ntfn *ntfn;
        uint64_t badge;
    } signals[REACH_NTFNS];
    uint32_t wait_count;
    const struct ntfn *waits[REACH_NTFNS];
    uint32_t receive_count;
    const struct endpoint *receives[REACH_SENDS];
    uint32_t sc_count;
    const struct sched_context *scs[REACH_SCS];
    uint32_t reply_count;
    const struct reply *replies[REACH_REPLIES];
    uint32_t gift_count;
    const struct thread *gifts[REACH_GIFTS]; /* Whose capabilities may go to who gets a message. */
    uint32_t examined;                       /* Slots whose containers have been looked for. */
};

/* Finds out the reach of an event that has just happened (integrity_reach.c). */
void reach_find(struct reach *reach, const struct world *world, const struct objects *objects,
                const struct oracle_event *event);

/* The state before the event: a word, a byte, a pointer, a capability. Zero outside RAM. */
uint64_t reach_word(const struct reach *reach, const void *at);
uint8_t reach_byte(const struct reach *reach, const void *at);
struct cap reach_cap(const struct reach *reach, const struct slot *slot);

/* The parts that a thread has in the event: 0: none. */
uint32_t reach_parts(const struct reach *reach, const struct thread *thread);
bool reach_has_sc(const struct reach *reach, const struct sched_context *sc);
bool reach_has_endpoint(const struct reach *reach, const struct endpoint *endpoint);
bool reach_has_ntfn(const struct reach *reach, const struct ntfn *ntfn);
/* Installed for an interrupt. */
bool reach_is_interrupt(const struct reach *reach, const struct ntfn *ntfn);
/* The subject's domain owns this object, or has a grant for it. */
bool reach_authority(const struct reach *reach, const void *object);
/* A thread that is blocked may be cancelled, since the event destroys. */
bool reach_cancels(const struct reach *reach, const struct thread *thread);

/* Message word i of the subject's call. */
uint64_t reach_argument(const struct reach *reach, uint32_t i);
/* A capability that memory was made objects of has children: what follows its slot lies in it. */
bool reach_has_children(const struct reach *reach, const struct slot *slot);
/* The label of an invocation of this type of capability. */
bool reach_is(const struct reach *reach, uint8_t type, uint64_t label);

/* The slot that a CSpace address names: the first `bits` bits, exactly if `exact`; as it was, or as
 * it is `now`. Null if there is none. */
const struct slot *reach_resolve(const struct reach *reach, const struct cap *root,
                                 uint64_t address, uint64_t bits, bool exact, bool now);
/* The words of a thread's IPC buffer, which are in RAM; or null. As it was before. */
const uint64_t *reach_buffer(const struct reach *reach, const struct thread *thread);

/* The rules. `at`: a changed word of an object of that kind (tables, SCs, ...). */
bool integrity_thread(const struct reach *reach, const uint64_t *at, uint64_t was, uint32_t owner,
                      struct oracle_find *find);
bool integrity_sc(const struct reach *reach, const uint64_t *at, uint64_t was,
                  struct oracle_find *find);
bool integrity_queue(const struct reach *reach, enum object_kind kind, const uint64_t *at,
                     uint64_t was, struct oracle_find *find);
bool integrity_reply(const struct reach *reach, const uint64_t *at, struct oracle_find *find);
/* Replies, SCs and threads in reach, as they are now, name each other. */
bool integrity_together(const struct reach *reach, struct oracle_find *find);
bool integrity_slot(struct reach *reach, const struct slot *slot, const struct cap *was,
                    struct oracle_find *find);
bool integrity_table(const struct reach *reach, const uint64_t *at, uint64_t was, uint32_t owner,
                     struct oracle_find *find);
bool integrity_pool(const struct reach *reach, const uint64_t *at, uint64_t was,
                    struct oracle_find *find);

#endif
