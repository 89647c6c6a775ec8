/* SPDX-License-Identifier: BSD-2-Clause */

/* Processes: a thread with a CSpace and an address space of its own. It runs the same program as
 * its maker (the image is mapped read only) and can reach nothing but what it is granted.
 */
#ifndef USER_LIB_PROCESS_H
#define USER_LIB_PROCESS_H

#include <sel4/sel4.h>
#include <stdint.h>

#include "user/lib/alloc.h"
#include "user/lib/space.h"
#include "user/lib/thread.h"

enum {
    PROCESS_CNODE_BITS = 8,
    PROCESS_SLOT_CNODE = 1,  /* In every process: its own CNode, */
    PROCESS_SLOT_VSPACE = 2, /* its address space, */
    PROCESS_SLOT_FIRST = 3,  /* and from here on what it is granted. */
    PROCESS_SLOT_END = 1 << PROCESS_CNODE_BITS,
};

/* Where the thread of a process has its stack and buffer; everything between image and here, and
 * above, is free for other uses. */
#define PROCESS_AREA 0x30000000u

struct process {
    seL4_CNode cnode; /* The maker's capability to it. */
    struct space space;
    struct user_thread thread;
};

/* Makes a process that is ready to be started with thread_start(). Of `spec` the members area,
 * space and cspace are ignored. Pointers in the process are plain slot numbers. */
seL4_Error process_create(struct alloc *a, const seL4_BootInfo *info,
                          const struct thread_spec *spec, struct process *process);

/* Copies a capability of the maker (whose CNode is a->cnode) into the process. */
seL4_Error process_grant(const struct alloc *a, const struct process *process, seL4_Word slot,
                         seL4_CPtr source, seL4_CapRights_t rights, seL4_Word badge);

#endif
