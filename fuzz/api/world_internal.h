/* SPDX-License-Identifier: BSD-2-Clause */

/* The world, inside: the root task's part in it, and what the state after boot was. */
#ifndef FUZZ_API_WORLD_INTERNAL_H
#define FUZZ_API_WORLD_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/bootinfo.h"
#include "core/cap.h"
#include "core/sched_context.h"
#include "core/thread.h"
#include "fuzz/api/world.h"

enum {
    WORLD_ROOT_CNODE_BITS = 8,
    WORLD_ROOT_SLOTS = 1 << WORLD_ROOT_CNODE_BITS,
    BOOT_SLOTS_MAX = WORLD_ROOT_SLOTS + 8, /* And those of the root task's TCB. */
    BOOT_COPIES_MAX = 8,
};

/* The root task's slots, counted from the first that was empty after boot. Those of what subsystems
 * get in the end are empty then. */
enum root_slot {
    ROOT_RANGES, /* Untyped memory: each subsystem's, and what is shared. */
    ROOT_DEVICES = ROOT_RANGES + WORLD_SUBSYSTEMS + 1,
    ROOT_CNODES = ROOT_DEVICES + WORLD_SUBSYSTEMS,
    ROOT_VSPACES = ROOT_CNODES + WORLD_SUBSYSTEMS,
    ROOT_TABLES = ROOT_VSPACES + WORLD_SUBSYSTEMS, /* Middle ones. */
    ROOT_ENDPOINTS = ROOT_TABLES + WORLD_SUBSYSTEMS,
    ROOT_TCBS = ROOT_ENDPOINTS + WORLD_SUBSYSTEMS,
    ROOT_SCS = ROOT_TCBS + WORLD_THREADS,
    ROOT_SHARED_ENDPOINT = ROOT_SCS + WORLD_THREADS,
    ROOT_PLAIN_ENDPOINT,
    ROOT_SHARED_NTFN,
    ROOT_SHARED_FRAME,
    ROOT_POOL_MEMORY, /* gamma's ASID pool is made of it. */
    ROOT_POOL,
    ROOT_REPLIES,                 /* The server's two. */
    ROOT_WAKE = ROOT_REPLIES + 2, /* The notification that root sleeps on, and its interrupt. */
    ROOT_HANDLER,
    ROOT_WORK, /* From here on: on their way. */
};

/* A page that must hold what it held after boot. */
struct boot_copy {
    const char *what;
    const void *at;
    void *copy;
};

/* The state after boot. */
struct boot_state {
    struct kernel *kernel; /* A copy. */
    struct thread root;
    struct sched_context sc;
    uint32_t slot_count;
    const struct slot *slots[BOOT_SLOTS_MAX]; /* In derivation order. */
    struct cap caps[BOOT_SLOTS_MAX];
    uint32_t copy_count;
    struct boot_copy copies[BOOT_COPIES_MAX];
};

struct world_state {
    struct world world; /* The first member: struct world * is struct world_state *. */
    struct bootinfo *info;
    struct watch_mark *marks[WORLD_TOPOLOGIES];
    struct world built[WORLD_TOPOLOGIES];
    struct boot_state boot;
    uint64_t kernel_start, kernel_end; /* Physical. */
    bool failed;                       /* A step of root's did; error says which. */
    char error[256];
};

/* --- world.c ---------------------------------------------------------------------------------- */

/* Whether the topology's machine completes interrupts when the kernel takes them, without Ack. */
bool world_completes_at_claim(enum world_topology topology);

/* --- world_root.c: the root task acts --------------------------------------------------------- */

struct root_args {
    uint64_t words[8];
    uint64_t caps[ABI_MSG_MAX_CAPS];
};

/* Slot number of one of root's own. */
uint64_t root_slot(const struct world_state *w, uint32_t index);
/* Sticky: keeps the first complaint. False. */
__attribute__((format(printf, 2, 3))) bool root_fail(struct world_state *w, const char *format,
                                                     ...);
/* Root wakes up and is current; true if it already was. */
bool root_wake(struct world_state *w);
/* Root Calls; it must be current. Success or root_fail(); nothing after a failure. */
bool root_call(struct world_state *w, uint64_t cap, uint64_t label, const struct root_args *args);
/* TCB_WriteRegisters, all of them, in the order of docs/abi/05 section 5.5.1. */
bool root_write_registers(struct world_state *w, uint64_t tcb, const uint64_t registers[32]);
/* What dumps and faults call a thread; debug builds only. */
void root_name_thread(struct world_state *w, uint64_t tcb, const char *subsystem, uint32_t number);
/* Root waits for ROOT_WAKE; its registers and IPC buffer hold secrets then. */
void root_sleep(struct world_state *w);
/* The current thread's system call, with its registers as they are but these; a7 = number. */
void thread_syscall(struct world_state *w, int64_t number, uint64_t a0, uint64_t a6);

/* --- world_build.c ---------------------------------------------------------------------------- */

/* From the state after boot: fills in world but sim, k and root. False: see error. */
bool world_build(struct world_state *w, enum world_topology topology);

/* --- world_revoke.c --------------------------------------------------------------------------- */

/* Keeps what there is after boot. False if out of memory. */
bool boot_keep(struct world_state *w);
void boot_forget(struct world_state *w);

#endif
