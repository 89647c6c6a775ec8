/* SPDX-License-Identifier: BSD-2-Clause */

/* Peers: threads that do what the root task tells them, one thing at a time, so that a scenario
 * with many threads still reads from top to bottom.
 *
 * A peer above the root task's priority acts at once: when the function that told it returns, it
 * has finished or it is blocked. One below acts when the root task waits, or in conf_settle().
 */
#ifndef TESTS_CONFORMANCE_PEER_H
#define TESTS_CONFORMANCE_PEER_H

#include <sel4/sel4.h>
#include <stdbool.h>
#include <stdint.h>

#include "user/lib/thread.h"

struct conf;

enum {
    CONF_PEERS = 8,    /* In a scenario. */
    PEER_ABOVE = 110,  /* Priorities above the root task's, */
    PEER_BELOW = 90,   /* and below. */
    PEER_SLICE = 5000, /* Microseconds; peers are round robin. */
};

struct peer {
    struct user_thread thread;
    uint64_t buffer; /* Address of its IPC buffer. */
    seL4_CPtr go;    /* Signalled when there is something to do, */
    seL4_CPtr wait;  /* and the peer's own pointer to that. */
    void (*action)(struct peer *p);
    struct albireo_trap regs; /* Of the system call, before; after it, if done. */
    uint64_t address;         /* For memory accesses. */
    uint64_t value;
    bool done; /* What it was told last is finished. */
};

/* A thread that can be told; null, and the scenario has failed, if that is impossible. */
struct peer *peer_start(struct conf *c, uint8_t priority);

/* The same in two steps, so that the thread can be another than the usual. peer_spec() is the
 * usual one for the next peer; a CSpace other than the root task's must have, at `wait`, the
 * notification that peer_go() gives. */
struct thread_spec peer_spec(struct conf *c, uint8_t priority);
seL4_CPtr peer_go(struct conf *c);
struct peer *peer_start_as(struct conf *c, const struct thread_spec *spec, seL4_CPtr go,
                           seL4_CPtr wait);

/* Makes a peer, and ends the scenario (the calling function) if that is impossible. */
#define PEER(c, name, priority)                                                                    \
    struct peer *name = peer_start(c, priority);                                                   \
    REQUIRE(c, name != seL4_Null)

/* One that has a fault handler. */
#define FAULTING_PEER(c, name, handler)                                                            \
    struct peer *name = peer_start_faulting(c, handler);                                           \
    REQUIRE(c, name != seL4_Null)

struct peer *peer_start_faulting(struct conf *c, seL4_CPtr handler);

/* Registers of a system call. The message words have values that a reader recognises. */
enum { MARK_2 = 0x1002, MARK_3, MARK_4, MARK_5 };
struct albireo_trap conf_trap(seL4_Word number, seL4_CPtr a0, seL4_Word info);

/* Message info with a label and a length. */
seL4_Word conf_info(seL4_Word label, seL4_Word length);

/* Have the peer make a system call. */
void peer_trap(struct peer *p, struct albireo_trap regs);
void peer_send(struct peer *p, seL4_CPtr dest, seL4_Word label); /* Four marked words. */
void peer_call(struct peer *p, seL4_CPtr dest, seL4_Word label);
void peer_recv(struct peer *p, seL4_CPtr source, seL4_CPtr reply);
void peer_wait(struct peer *p, seL4_CPtr source);
void peer_reply_recv(struct peer *p, seL4_CPtr source, seL4_CPtr reply, seL4_Word label);

/* Have it access memory, at `address`. */
void peer_load(struct peer *p, uint64_t address);
void peer_store(struct peer *p, uint64_t address, uint64_t value);

/* Have it do anything else. */
void peer_run(struct peer *p, void (*action)(struct peer *p));

/* Whether the system call is done and has brought a message with this badge and label, and the
 * four marked words. */
bool peer_got(const struct peer *p, seL4_Word badge, seL4_Word label);

/* The peer's IPC buffer, word by word (docs/abi/02 section 2.3). */
enum { BUFFER_MSG = 1, BUFFER_CAPS = 122, BUFFER_RECEIVE = 125, BUFFER_WORDS = 128 };
uint64_t peer_buffer(const struct peer *p, uint32_t word);
void peer_set_buffer(const struct peer *p, uint32_t word, uint64_t value);

/* Lets all other threads run until each of them waits. */
void conf_settle(void);

/* System calls of the root task that do not leave it waiting. The result's a0 is the badge, 0 if
 * nothing was there: let senders have badges. */
struct albireo_trap conf_nb_recv(seL4_CPtr source, seL4_CPtr reply);
struct albireo_trap conf_nb_wait(seL4_CPtr source);
void conf_nb_send(seL4_CPtr dest, seL4_Word label); /* Four marked words. */

/* What a message is: badge, label, and whether it has the four marked words. */
seL4_Word conf_label(struct albireo_trap regs);
seL4_Word conf_length(struct albireo_trap regs);
bool is_message(struct albireo_trap regs, seL4_Word badge, seL4_Word label);

/* An endpoint, and a capability to it with all rights and this badge. */
enum { BADGE = 5 };
struct pair {
    seL4_CPtr ep;
    seL4_CPtr badged;
};
struct pair conf_pair(struct conf *c);

#endif
