/* SPDX-License-Identifier: BSD-2-Clause */

/* Scene 3: a thread uses memory that is not there; a pager makes it appear. */
#include "user/demo/demo.h"
#include "user/lib/port.h"

#define PAGED 0x50000000u

enum { PAGES = 8, FSR_LOAD = 5, FSR_STORE = 7, DONE = 1 };

struct paging {
    struct demo *demo;
    seL4_CPtr faults; /* Endpoint. */
    seL4_CPtr reply;
    seL4_CPtr done;
    uint64_t loads; /* Faults served. */
    uint64_t stores;
    uint64_t strange;
    uint64_t sum; /* What the thread read back. */
};

/* Maps a new frame where the fault was. */
static void serve(struct paging *p, seL4_Fault_t fault)
{
    uint64_t vaddr = seL4_Fault_VMFault_get_Addr(fault);
    if (!seL4_isVMFault_Fault(fault) || vaddr < PAGED || vaddr >= PAGED + PAGES * USER_PAGE_SIZE) {
        p->strange++;
        return;
    }
    p->loads += seL4_Fault_VMFault_get_FSR(fault) == FSR_LOAD;
    p->stores += seL4_Fault_VMFault_get_FSR(fault) == FSR_STORE;
    demo_ok(p->demo,
            space_map_new(&p->demo->scene, &p->demo->space, vaddr - vaddr % USER_PAGE_SIZE, 1,
                          seL4_Null),
            "serving a fault");
}

static void pager_main(uint64_t argument)
{
    struct paging *p = (struct paging *)(uintptr_t)argument;
    seL4_MessageInfo_t info = seL4_Recv(p->faults, seL4_Null, p->reply);
    for (;;) {
        serve(p, seL4_getFault(info));
        info = seL4_ReplyRecv(p->faults, seL4_MessageInfo_new(0, 0, 0, 0), seL4_Null, p->reply);
    }
}

/* Touches the even pages first by a load, the odd ones by a store. */
static void thread_main(uint64_t argument)
{
    struct paging *p = (struct paging *)(uintptr_t)argument;
    for (uint64_t page = 0; page < PAGES; page++) {
        uint64_t vaddr = PAGED + page * USER_PAGE_SIZE + 8 * page;
        uint64_t before = page % 2 == 0 ? user_load64(vaddr) : 0;
        user_store64(vaddr, before + page + 1);
    }
    for (uint64_t page = 0; page < PAGES; page++) {
        p->sum += user_load64(PAGED + page * USER_PAGE_SIZE + 8 * page);
    }
    seL4_Signal(p->done);
    demo_park(p->demo);
}

void scene_pager(struct demo *d)
{
    struct user_thread pager;
    struct user_thread thread;
    struct paging p = {.demo = d,
                       .faults = demo_object(d, seL4_EndpointObject),
                       .reply = demo_object(d, seL4_ReplyObject)};
    seL4_CPtr ntfn = demo_object(d, seL4_NotificationObject);
    p.done = demo_mint(d, ntfn, seL4_CanWrite, DONE);

    demo_say("  A thread uses %lu pages of which none is mapped; a pager handles its faults.",
             (uint64_t)PAGES);
    struct thread_spec spec = demo_spec(d, "pager", pager_main, &p, 120);
    spec = demo_with_time(spec, 5000, 5000);
    demo_start(d, &spec, &pager);
    spec = demo_with_time(demo_spec(d, "paged", thread_main, &p, 100), 5000, 5000);
    spec.fault_endpoint = p.faults;
    if (!demo_start(d, &spec, &thread)) {
        return;
    }
    demo_wait(ntfn, DONE);
    demo_claim(d, p.loads == PAGES / 2 && p.stores == PAGES / 2 && p.strange == 0,
               "%lu loads and %lu stores faulted, once for each page", p.loads, p.stores);
    demo_claim(d, p.sum == PAGES * (PAGES + 1) / 2,
               "what the thread wrote it read back: the sum is %lu", p.sum);
    demo_claim(d, user_load64(PAGED) == 1, "the root task sees the first page, too");
}
