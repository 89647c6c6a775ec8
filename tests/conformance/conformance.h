/* SPDX-License-Identifier: BSD-2-Clause */

/* The conformance program: a root task that tries the whole API as a user sees it, and prints TAP
 * (Test Anything Protocol, version 13). The same source runs in the hosted body and on RISC-V; the
 * lines it prints must be the same everywhere, so names and results hold no number that depends on
 * the board or on time.
 *
 * A scenario is a function. It gets an untyped and slots of its own, which are revoked and emptied
 * at its end, and says with CHECK() and REQUIRE() what must hold; the first statement that does not
 * fails it, and is printed as a diagnostic.
 *
 * Rules for portable scenarios. In the hosted body a thread is a C function in one host process:
 *   - memory that is mapped, paged or shared on purpose is accessed with user_load64() etc. of
 *     user/lib/port.h; ordinary variables and the stack are accessed as usual;
 *   - only system calls, user_load/store, user_work_us() etc. take time, can fault, or let another
 *     thread run: a loop that waits for something must contain one of them;
 *   - the root task runs at priority 255 with MCP 255 at first; conformance.c lowers it to
 *     CONF_PRIORITY, and gives it a round-robin scheduling context.
 * No writable global variables.
 */
#ifndef TESTS_CONFORMANCE_CONFORMANCE_H
#define TESTS_CONFORMANCE_CONFORMANCE_H

#include <sel4/sel4.h>
#include <stdbool.h>
#include <stdint.h>

#include "tests/conformance/peer.h"
#include "user/lib/alloc.h"
#include "user/lib/console.h"
#include "user/lib/process.h"
#include "user/lib/space.h"
#include "user/lib/thread.h"

enum {
    CONF_PRIORITY = 100,       /* Of the root task. */
    CONF_SCENARIO_BITS = 22,   /* Log2 of each scenario's memory in bytes, */
    CONF_SCENARIO_SLOTS = 600, /* and its slots. */
};

#define CONF_WINDOW 0x50000000u /* Free for mappings: 1 GiB from here, in the root's space. */
#define CONF_AREAS 0x40000000u  /* Where threads have their stacks. */

struct conf {
    const seL4_BootInfo *info;
    struct console console; /* The serial port and what belongs to it. */
    struct alloc alloc;     /* All that the scenarios do not use. */
    struct space space;     /* The root task's. */
    struct alloc scene;     /* The present scenario's memory and slots. */
    seL4_Untyped untyped;   /* What scene's objects are made of. */
    uint64_t area_next;
    struct peer peers[CONF_PEERS]; /* Threads that act on orders, and how many are in use. */
    uint32_t peer_count;
    seL4_CPtr park;     /* A notification that nobody signals. */
    seL4_CPtr reply;    /* A Reply object that nobody else uses. */
    const char *failed; /* The first statement that did not hold, or null; where it stands. */
    const char *file;
    int line;
};

struct scenario {
    const char *name; /* A fact, in words; unique in its group. */
    void (*run)(struct conf *c);
};

struct group {
    const char *name; /* "endpoint" */
    const struct scenario *scenarios;
    uint32_t count;
};

/* Records that a statement does not hold, unless one has been recorded before; returns `holds`. */
bool conf_check(struct conf *c, bool holds, const char *what, const char *file, int line);

#define CHECK(c, condition) conf_check(c, condition, #condition, __FILE__, __LINE__)

/* Ends the scenario (the calling function) if the statement does not hold. */
#define REQUIRE(c, condition)                                                                      \
    do {                                                                                           \
        if (!conf_check(c, condition, #condition, __FILE__, __LINE__)) {                           \
            return;                                                                                \
        }                                                                                          \
    } while (0)

/* An object of the scenario's memory; fails the scenario and gives null if that is impossible.
 * `size_bits` as Untyped_Retype's; 0 where the type has one size. */
seL4_CPtr conf_object(struct conf *c, seL4_Word type, seL4_Word size_bits);

/* A copy of a capability in a new slot, with these rights and, unless 0, this badge. */
seL4_CPtr conf_mint(struct conf *c, seL4_CPtr source, seL4_CapRights_t rights, seL4_Word badge);

/* An empty slot of the root's CNode. */
seL4_CPtr conf_slot(struct conf *c);

/* What a thread in the root task's CSpace and address space needs; fields may be changed before
 * conf_start(). It is passive unless conf_with_time() gives it time. */
struct thread_spec conf_spec(struct conf *c, const char *name, void (*entry)(uint64_t),
                             const void *argument, uint8_t priority);
struct thread_spec conf_with_time(struct thread_spec spec, seL4_Time budget_us,
                                  seL4_Time period_us);

/* Makes the thread, and starts it; conf_create() only makes it. */
bool conf_create(struct conf *c, const struct thread_spec *spec, struct user_thread *thread);
bool conf_start(struct conf *c, const struct thread_spec *spec, struct user_thread *thread);

/* The calling thread has no more to do: it waits for ever. */
void conf_park(const struct conf *c) __attribute__((noreturn));

/* Waits until all of `badges` have been signalled on the notification. */
void conf_wait(seL4_CPtr ntfn, seL4_Word badges);

/* Whether the slot holds a capability, found out with public calls only and without changing it. */
bool conf_slot_is_empty(struct conf *c, seL4_CPtr slot);

/* What a file of scenarios gives. */
#define CONF_GROUP(id, list)                                                                       \
    const struct group conf_##id = {#id, list, sizeof(list) / sizeof *(list)}

/* The groups, one a file. */
extern const struct group conf_cspace;       /* conf_cspace.c */
extern const struct group conf_untyped;      /* conf_untyped.c */
extern const struct group conf_endpoint;     /* conf_endpoint.c */
extern const struct group conf_transfer;     /* conf_transfer.c: messages, badges, capabilities */
extern const struct group conf_notification; /* conf_notification.c */
extern const struct group conf_reply;        /* conf_reply.c */
extern const struct group conf_fault;        /* conf_fault.c */
extern const struct group conf_tcb;          /* conf_tcb.c */
extern const struct group conf_revoke;       /* conf_revoke.c: revocation of running things */
extern const struct group conf_bootinfo;     /* conf_bootinfo.c */
extern const struct group conf_sched;        /* conf_sched.c: priorities, domains, yield */
extern const struct group conf_budget;       /* conf_budget.c: budgets, periods, timeouts */
extern const struct group conf_timeout;      /* conf_timeout.c: timeout faults */
extern const struct group conf_yield;        /* conf_yield.c: YieldTo */
extern const struct group conf_debug;        /* conf_debug.c: debug system calls */
extern const struct group conf_donation;     /* conf_donation.c: passive servers, chains */
extern const struct group conf_vspace;       /* conf_vspace.c */
extern const struct group conf_asid;         /* conf_asid.c: address spaces */
extern const struct group conf_interrupt;    /* conf_interrupt.c: by the serial port */
extern const struct group conf_fpu;          /* conf_fpu.c */

#endif
