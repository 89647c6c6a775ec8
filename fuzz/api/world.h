/* SPDX-License-Identifier: BSD-2-Clause */

/* The system that inputs play in: three subsystems of two threads each, made by a root task through
 * real system calls, and what each was given. From there on the root task sleeps.
 *
 * Each subsystem (alpha, beta, gamma) has, in a range of RAM and one of device memory of its own, a
 * CNode that is its threads' CSpace, a second one with odd depths, a VSpace with an IPC buffer for
 * each thread, data, device memory and much that is free, untyped memory, its TCBs and SCs, reply
 * objects, an endpoint, a notification, and spare objects: see enum world_slot. It has an interrupt
 * handler, SchedControl, ASID control and an ASID pool. The first thread's slice is round robin and
 * the notification is bound to it; the second one's is a server's (sporadic, but for beta's), and
 * its faults and timeouts go to the first. All run with priority WORLD_PRIORITY.
 *
 * Who may get what from whom follows from the topology:
 *
 *   WORLD_SHARED     alpha and beta share an endpoint with all rights: one domain of authority.
 *                    They and gamma have an endpoint without grant, a notification that gamma may
 *                    only signal, and a page that gamma may only read. beta may set domains.
 *   WORLD_APART      three domains: they have an endpoint without grant, on which only alpha may
 *                    receive, and a notification, on which only alpha may wait. gamma may set
 *                    domains; if there are several, it runs in one of its own.
 *   WORLD_SERVER     three domains: gamma serves alpha and beta, which may Call it (badged, with
 *                    grant-reply, without grant), and whose faults it handles. Its first thread is
 *                    passive: it runs on its callers' time. Whoever can reply with capabilities, or
 *                    make a reply object that can, becomes one domain with its callers: so gamma's
 *                    reply objects are root's, without grant, and it has no untyped memory in RAM.
 *   WORLD_OPEN       one domain: all three share everything, and hold each other's CNodes and
 *                    threads. alpha has IRQ control, which cannot be copied. All may set domains.
 *
 * WORLD_APART and WORLD_SERVER are on a machine where Ack completes interrupts, the others on one
 * where the kernel does when it takes them (docs/abi/10 section 10.4).
 *
 * A *domain* here is a set of subsystems between which capabilities may flow. What it was given, as
 * ranges of memory and as grants, bounds what it may ever hold.
 *
 * In one thing inputs can do more than user code could: a thread writes its IPC buffer also while
 * the frame is not mapped in its VSpace, or elsewhere. What the kernel is given by that it could be
 * given otherwise: by whoever has the frame mapped, there or in another VSpace, or by the thread
 * itself before the mapping went. The kernel never looks at that mapping, and calls with many words
 * or capabilities stay possible when inputs have unmapped nearly everything.
 *
 * Memory that nobody has, and untyped memory given out as used (docs/abi/04 section 4.2), holds
 * WORLD_POISON. What users have written (data, IPC buffers, registers, also root's) is told apart
 * by world_secret(). Free memory that counts as cleared is zero.
 */
#ifndef FUZZ_API_WORLD_H
#define FUZZ_API_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/cap.h"
#include "core/kernel.h"
#include "fuzz/harness/watch.h"
#include "hosted/sim.h"

#ifdef __cplusplus
extern "C" {
#endif

enum world_topology {
    WORLD_SHARED,
    WORLD_APART,
    WORLD_SERVER,
    WORLD_OPEN,
    WORLD_TOPOLOGIES,
};

enum {
    WORLD_SUBSYSTEMS = 3,
    WORLD_THREADS = 6,      /* Number t belongs to subsystem t / 2. */
    WORLD_THREAD_SHORT = 5, /* Its CSpace root is that of WORLD_SLOT_CNODE_SHORT. */
    WORLD_GRANTS_MAX = 48,
    WORLD_RANGES_MAX = 8,
    WORLD_CNODE_RADIX = 6,
    WORLD_CNODE_GUARD = 58, /* Bits of value 0: a capability pointer is a slot number. */
    WORLD_INNER_RADIX = 3,
    WORLD_INNER_GUARD = 5, /* Bits, of this value: */
    WORLD_INNER_VALUE = 0x15,
    WORLD_RAM_SIZE = 4 << 20,
    WORLD_RANGE_BITS = 17, /* Of RAM, for each subsystem, and for what they share. */
    WORLD_DEVICE_BITS = 30,
    WORLD_PRIORITY = 100,
    WORLD_MCP = 110,
    WORLD_IRQ_COUNT = 8,   /* Interrupts 1.. are for inputs: subsystem s has number s + 1. */
    WORLD_IRQ_ROOT = 95,   /* Wakes the root task: inputs must leave it alone. */
    WORLD_SLICE_US = 1000, /* Round robin. */
    WORLD_BUDGET_US = 500, /* The second thread's, of each period. */
    WORLD_PERIOD_US = 2000,
    WORLD_END_US = 100, /* The last moments of time: see world_revoke(). */
};

/* What the slots of each subsystem's CNode hold at the start. Originals and copies count as
 * docs/abi/03 section 3.6 has it. The rest, from WORLD_SLOT_FREE on, is empty. */
enum world_slot {
    WORLD_SLOT_NULL,
    WORLD_SLOT_CNODE,       /* The CNode itself, guard as above: a copy. */
    WORLD_SLOT_CNODE_SHORT, /* Likewise with 50 bits of guard: as a CSpace it leads on to inner. */
    WORLD_SLOT_INNER,       /* The second CNode: original. See enum world_inner. */
    WORLD_SLOT_VSPACE,      /* A copy. */
    WORLD_SLOT_TABLE,       /* The leaf table: original. */
    WORLD_SLOT_TABLE_FREE,  /* FREE: originals, not mapped, not configured. */
    WORLD_SLOT_BUFFER_0,    /* Frames, mapped: originals. */
    WORLD_SLOT_BUFFER_1,
    WORLD_SLOT_DATA,
    WORLD_SLOT_FRAME_FREE,
    WORLD_SLOT_TCB_0, /* A copy. */
    WORLD_SLOT_TCB_1, /* Original. */
    WORLD_SLOT_TCB_FREE,
    WORLD_SLOT_SC_0, /* A copy. */
    WORLD_SLOT_SC_1, /* Original. */
    WORLD_SLOT_SC_FREE,
    WORLD_SLOT_REPLY_0, /* Originals; WORLD_SERVER's gamma: copies without grant. */
    WORLD_SLOT_REPLY_1,
    WORLD_SLOT_ENDPOINT,        /* Its own: original. */
    WORLD_SLOT_ENDPOINT_BADGED, /* Badge WORLD_BADGE, all rights. */
    WORLD_SLOT_NTFN,            /* Its own: original. */
    WORLD_SLOT_NTFN_BADGED,     /* Badge WORLD_BADGE. */
    WORLD_SLOT_UNTYPED_0,       /* 16 KiB, used. WORLD_SERVER's gamma: these three are empty. */
    WORLD_SLOT_UNTYPED_1,       /* 4 KiB, used. */
    WORLD_SLOT_UNTYPED_2,       /* 4 KiB, fresh. */
    WORLD_SLOT_DEVICE,          /* Untyped, WORLD_DEVICE_BITS; its first page is: */
    WORLD_SLOT_DEVICE_FRAME,    /* Mapped. */
    WORLD_SLOT_IRQ_HANDLER,
    WORLD_SLOT_SCHED_CONTROL,
    WORLD_SLOT_ASID_CONTROL,
    WORLD_SLOT_ASID_POOL, /* alpha, beta: the initial one; gamma: one of its own. */
    /* By topology; empty otherwise. */
    WORLD_SLOT_DOMAIN,
    WORLD_SLOT_IRQ_CONTROL,
    WORLD_SLOT_SHARED_ENDPOINT, /* All rights. */
    WORLD_SLOT_PLAIN_ENDPOINT,  /* Without grant. WORLD_SERVER's alpha and beta: gamma's. */
    WORLD_SLOT_SHARED_NTFN,
    WORLD_SLOT_SHARED_FRAME,
    WORLD_SLOT_PEER_CNODE, /* The next subsystem's: guard as WORLD_SLOT_CNODE. */
    WORLD_SLOT_PEER_TCB,   /* The next subsystem's first thread. */
    WORLD_SLOT_FREE,
    WORLD_SLOT_COUNT = 1 << WORLD_CNODE_RADIX,
};

/* The second CNode. The rest is empty. */
enum world_inner {
    WORLD_INNER_CNODE = 1, /* The first CNode, guard as WORLD_SLOT_CNODE. */
    WORLD_INNER_SELF,      /* This one, with 61 bits of guard of value 0. */
    WORLD_INNER_ENDPOINT,  /* A copy of WORLD_SLOT_ENDPOINT. */
    WORLD_INNER_COUNT = 1 << WORLD_INNER_RADIX,
};

/* Each VSpace has its tables for the 2 MiB from WORLD_VADDR on. What is mapped there: */
#define WORLD_VADDR 0x400000u
#define WORLD_VADDR_BUFFER (WORLD_VADDR + 0x0000u) /* And the second thread's in the next page. */
#define WORLD_VADDR_DATA (WORLD_VADDR + 0x2000u)   /* Threads' PCs start here. */
#define WORLD_VADDR_SHARED (WORLD_VADDR + 0x3000u) /* With WORLD_SLOT_SHARED_FRAME. */
#define WORLD_VADDR_DEVICE (WORLD_VADDR + 0x4000u)
#define WORLD_VADDR_FREE (WORLD_VADDR + 0x5000u)

/* Badges: of a subsystem's own things; of threads' faults and timeouts, for thread t of the world;
 * of subsystem s at what it shares. */
#define WORLD_BADGE 0x11u
#define WORLD_BADGE_FAULT(t) (0x100u + (t))
#define WORLD_BADGE_TIMEOUT(t) (0x200u + (t))
#define WORLD_BADGE_PEER(s) (1u << (s))

#define WORLD_POISON 0xA5A5A5A5A5A5A5A5u

/* The capability pointer by which a thread names a slot of its subsystem's CNode; but a CSpace that
 * leads on does not stop at CNodes: there, that of its CNode is in inner. */
static inline uint64_t world_cptr(uint32_t thread, uint32_t slot)
{
    const uint32_t inner = WORLD_INNER_VALUE << WORLD_INNER_RADIX | WORLD_INNER_CNODE;
    const uint32_t bits = WORLD_INNER_GUARD + WORLD_INNER_RADIX;
    if (thread != WORLD_THREAD_SHORT) {
        return slot;
    }
    return slot == WORLD_SLOT_CNODE ? (uint64_t)WORLD_SLOT_INNER << bits | inner
                                    : (uint64_t)slot << bits;
}

/* Owners of memory: domains 0.., and these. */
enum {
    WORLD_OWNER_KERNEL = 100, /* struct kernel, its root table. */
    WORLD_OWNER_ROOT,         /* The root task's objects, and all memory nobody was given. */
};

/* Physical memory, [start, end). */
struct world_range {
    uint64_t start, end;
    bool device;
};

/* A capability to something outside of a domain's own ranges: it may hold this, or less. Rights
 * and badge count where the type has them. IRQ control stands for handlers of all interrupts that
 * are not taken, too. */
struct world_grant {
    uint8_t type;    /* enum cap_type. */
    uint64_t object; /* First word of struct cap: address, interrupt, core; 0 for those without. */
    uint8_t rights;
    bool any_badge; /* The capability is unbadged: others may be minted from it. */
    uint64_t badge;
};

struct world_domain {
    uint32_t subsystems; /* Bit set. */
    uint32_t range_count;
    struct world_range ranges[WORLD_RANGES_MAX];
    uint32_t grant_count;
    struct world_grant grants[WORLD_GRANTS_MAX];
};

struct world_subsystem {
    const char *name;
    uint32_t domain;    /* Index in world.domains. */
    struct slot *cnode; /* WORLD_CNODE_RADIX bits. */
    struct slot *inner; /* WORLD_INNER_RADIX bits. */
    uint64_t vspace;    /* Physical address of its root table. */
    uint32_t irq;
    struct world_range ram;
    struct world_range device;
};

struct world {
    struct sim *sim;
    struct kernel *k;
    enum world_topology topology;
    uint32_t domain_count;
    struct world_domain domains[WORLD_SUBSYSTEMS];
    struct world_subsystem subsystems[WORLD_SUBSYSTEMS];
    struct thread *threads[WORLD_THREADS];
    struct thread *root;
    uint64_t revoked, lost; /* world_revoke(): how often done, and how often not possible. */
};

/* A word by which it can be told where data came from: of subsystem s, or WORLD_SUBSYSTEMS for
 * root; n below 2^32. */
static inline uint64_t world_secret(uint32_t s, uint64_t n)
{
    return 0x5EC4E70000000000u | (uint64_t)(s + 1) << 32 | n;
}

/* Boots a machine and builds all topologies; the watch is open. Null with *error if that fails. One
 * at a time. */
struct world *world_create(struct sim_error *error);
void world_destroy(struct world *world); /* Null is allowed. */

/* A world of one topology, built straight from boot, for a recorder. */
struct world_recording {
    void *context;
    /* Called right after boot, before anything else happens: it may sim_observe(). */
    void (*booted)(void *context, struct sim *sim);
    uint32_t check_every; /* As in struct sim_config. */
    uint32_t poll_every;  /* sim_poll_every(); 0: as usual. */
};

/* Likewise, a world that can be reset to that topology only. */
struct world *world_create_recorded(enum world_topology topology,
                                    const struct world_recording *recording,
                                    struct sim_error *error);

/* The world as it was built, with this topology; nothing of what happened since is left. */
void world_reset(struct world *world, enum world_topology topology);
/* Whether that is so: compares everything. For just after world_reset(). */
bool world_is_reset(const struct world *world, char *what, size_t size);

/* Whose this physical address is: a domain's number or WORLD_OWNER_*. */
uint32_t world_owner(const struct world *world, uint64_t paddr);
/* Likewise of a kernel object, or anything else in guest RAM, by its host address. */
uint32_t world_owner_of(const struct world *world, const void *address);

/* The root task wakes, revokes all that it gave, and sets back what else inputs can change: the
 * state after boot must come back. False, and *what, if it does not, or if the kernel panics. The
 * world is then used up until world_reset(). The caller's observer sees root's kernel entries.
 *
 * Not possible, and true, if the input has halted the machine, has taken root's interrupt from it
 * (WORLD_OPEN: who revokes IRQ control takes all), or has come within WORLD_END_US of the end of
 * time: world->lost counts these. IRQ control that was deleted, or hidden in a CNode that root
 * cannot name, does not come back. With several scheduling domains the operator first gives all
 * entries of their schedule to root's, without a system call. */
bool world_revoke(struct world *world, char *what, size_t size);

#ifdef __cplusplus
}
#endif

#endif
