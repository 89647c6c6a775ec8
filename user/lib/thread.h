/* SPDX-License-Identifier: BSD-2-Clause */

/* Threads: a TCB with its stack, IPC buffer and, unless it is to be passive, scheduling context. */
#ifndef USER_LIB_THREAD_H
#define USER_LIB_THREAD_H

#include <sel4/sel4.h>
#include <stdint.h>

#include "user/lib/alloc.h"
#include "user/lib/space.h"

enum {
    THREAD_STACK_PAGES = 4,
    THREAD_AREA_PAGES = 8, /* Stack, IPC buffer, and unmapped pages to catch overruns. */
    THREAD_SC_BITS = 8,    /* Ten refills. */
};

struct thread_spec {
    const char *name;
    void (*entry)(uint64_t argument); /* Must not return. */
    uint64_t argument;
    uint64_t area; /* THREAD_AREA_PAGES unused pages of the address space. */
    const struct space *space;
    seL4_CNode cspace;
    seL4_Word cspace_guard; /* seL4_CNode_CapData word; 0 to take the capability's own guard. */
    seL4_TCB authority;     /* Whose MCP bounds the priority. */
    uint8_t priority;
    seL4_SchedControl sched_control;
    seL4_Time budget_us; /* 0: passive. The same as period_us: round robin. */
    seL4_Time period_us;
    seL4_Word sc_badge;
    seL4_CPtr fault_endpoint;   /* Or null. */
    seL4_CPtr timeout_endpoint; /* Or null. */
};

struct user_thread {
    seL4_TCB tcb;
    seL4_SchedContext sc; /* Null if passive. */
};

/* Makes a thread that is ready to be started. */
seL4_Error thread_create(struct alloc *a, const struct thread_spec *spec,
                         struct user_thread *thread);

seL4_Error thread_start(const struct user_thread *thread);

#endif
