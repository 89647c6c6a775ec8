/* SPDX-License-Identifier: BSD-2-Clause */

/* A root task that makes a million kernel events: it calls a server half a million times. */
#include <sel4/sel4.h>

#include "user/lib/alloc.h"
#include "user/lib/port.h"
#include "user/lib/print.h"
#include "user/lib/root.h"
#include "user/lib/thread.h"

enum { CALLS = 500000 };

static struct alloc alloc;
static struct space space = {seL4_CapInitThreadVSpace};
static seL4_CPtr endpoint;
static seL4_CPtr reply;

static void serve(uint64_t argument)
{
    (void)argument;
    seL4_Word badge;
    seL4_Recv(endpoint, &badge, reply);
    for (;;) {
        seL4_SetMR(0, seL4_GetMR(0) + 1);
        seL4_ReplyRecv(endpoint, seL4_MessageInfo_new(0, 0, 0, 1), &badge, reply);
    }
}

static seL4_Error start_server(const seL4_BootInfo *info)
{
    struct user_thread thread;
    struct thread_spec spec = {.name = "server",
                               .entry = serve,
                               .area = 0x40000000,
                               .space = &space,
                               .cspace = seL4_CapInitThreadCNode,
                               .authority = seL4_CapInitThreadTCB,
                               .priority = 200,
                               .sched_control = info->schedcontrol.start,
                               .budget_us = 5000,
                               .period_us = 5000};
    alloc_init(&alloc, info);
    if (alloc_object(&alloc, seL4_EndpointObject, 0, &endpoint) != seL4_NoError ||
        alloc_object(&alloc, seL4_ReplyObject, 0, &reply) != seL4_NoError ||
        thread_create(&alloc, &spec, &thread) != seL4_NoError ||
        seL4_TCB_SetPriority(seL4_CapInitThreadTCB, seL4_CapInitThreadTCB, 100) != seL4_NoError) {
        return seL4_NotEnoughMemory;
    }
    return thread_start(&thread);
}

void root_task(void *bootinfo)
{
    seL4_Word wrong = start_server(bootinfo) == seL4_NoError ? 0 : CALLS;
    for (seL4_Word i = 0; i < CALLS && wrong < CALLS; i++) {
        seL4_SetMR(0, i);
        seL4_Call(endpoint, seL4_MessageInfo_new(0, 0, 0, 1));
        wrong += seL4_GetMR(0) != i + 1;
    }
    print("%u calls, %u answers wrong\n", CALLS, (unsigned)wrong);
    user_halt();
}
