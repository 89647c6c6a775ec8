/* SPDX-License-Identifier: BSD-2-Clause */

/* Scene 6: a subsystem with memory of its own does what it likes with it, and is taken away. */
#include "user/demo/demo.h"
#include "user/lib/port.h"

#define FORBIDDEN 0x50000000u /* The root task's; not mapped for the subsystem. */

enum {
    ALL_BITS = 20,   /* The subsystem with all that belongs to it: 1 MiB, */
    ALL_SLOTS = 256, /* slots of the root task for it, */
    GIFT_BITS = 18,  /* and the part that it may use as it likes: 256 KiB. */
    /* Slots of the subsystem. */
    SLOT_GIFT = PROCESS_SLOT_FIRST,
    SLOT_MONITOR,
    SLOT_LOOT,
    /* What it tells. */
    GRABBED = 100,
    SECRET = 0x5ec7e7,
    SPIN = 5000,
    WITNESS_WORK = 20000,
    DONE = 1,
};

struct witness {
    struct demo *demo;
    seL4_CPtr done;
};

/* ---- The subsystem ---- */

/* Grabs memory until there is none, or no room for more capabilities. */
static seL4_Word grab(void)
{
    seL4_Word count = 0;
    while (SLOT_LOOT + count < PROCESS_SLOT_END &&
           seL4_Untyped_Retype(SLOT_GIFT, seL4_RISCV_4K_Page, 0, PROCESS_SLOT_CNODE, 0, 0,
                               SLOT_LOOT + count, 1) == seL4_NoError) {
        count++;
    }
    return count;
}

/* Tries capabilities that it was not given; how many answered. */
static seL4_Word steal(seL4_Word first)
{
    seL4_Word stolen = 0;
    for (seL4_Word slot = first; slot < PROCESS_SLOT_END; slot++) {
        stolen += seL4_TCB_Suspend(slot) != seL4_InvalidCapability;
    }
    return stolen;
}

static void rogue_main(uint64_t argument)
{
    (void)argument;
    seL4_Word grabbed = grab();
    seL4_Word stolen = steal(SLOT_LOOT + grabbed);
    seL4_SetMR(0, grabbed);
    seL4_SetMR(1, stolen);
    seL4_Send(SLOT_MONITOR, seL4_MessageInfo_new(GRABBED, 0, 0, 2));
    user_work_us(SPIN);
    user_store64(FORBIDDEN, 0);
    for (;;) {
        user_work_us(SPIN); /* Never reached. */
    }
}

/* ---- The others ---- */

static void witness_main(uint64_t argument)
{
    struct witness *w = (struct witness *)(uintptr_t)argument;
    user_work_us(WITNESS_WORK);
    seL4_Signal(w->done);
    demo_park(w->demo);
}

/* Moving a capability to where it is fails in one way if there is none, and else in another. */
static bool occupied(const struct demo *d, seL4_CPtr slot)
{
    return seL4_CNode_Move(d->alloc.cnode, slot, ALLOC_DEPTH, d->alloc.cnode, slot, ALLOC_DEPTH) ==
           seL4_DeleteFirst;
}

/* A number for what is in a slot of the root task: the kind of capability, and for frames where
 * they are. A release kernel tells only whether there is something. */
static uint64_t fingerprint(const struct demo *d, seL4_CPtr slot)
{
    enum { CAP_FRAME = 1 };
    uint64_t kind = occupied(d, slot) ? 255 : 0;
#ifdef CONFIG_DEBUG_BUILD
    kind = seL4_DebugCapIdentify(slot);
#endif
    return kind == CAP_FRAME ? seL4_RISCV_Page_GetAddress(slot).paddr + kind : kind;
}

/* Of all slots below `end`, as one number. */
static uint64_t fingerprint_all(const struct demo *d, seL4_CPtr end)
{
    uint64_t hash = 14695981039346656037u; /* FNV-1a. */
    for (seL4_CPtr slot = 1; slot < end; slot++) {
        hash = (hash ^ fingerprint(d, slot)) * 1099511628211u;
    }
    return hash;
}

static bool make_rogue(struct demo *d, struct alloc *sub, seL4_CPtr monitor, struct process *rogue)
{
    seL4_Untyped gift;
    struct thread_spec spec = demo_spec(d, "rogue", rogue_main, seL4_Null, 150);
    spec = demo_with_time(spec, 2000, 10000);
    spec.fault_endpoint = monitor;
    return demo_ok(d, alloc_object(sub, seL4_UntypedObject, GIFT_BITS, &gift), "cutting") &&
           demo_ok(d, process_create(sub, d->info, &spec, rogue), "making the subsystem") &&
           demo_ok(d, process_grant(sub, rogue, SLOT_GIFT, gift, seL4_AllRights, 0), "granting") &&
           demo_ok(d, process_grant(sub, rogue, SLOT_MONITOR, monitor, seL4_CanWrite, 0),
                   "granting");
}

/* Watches the subsystem at work. Nothing is printed before the end: that may take time. */
static void watch(struct demo *d, const struct process *rogue, seL4_CPtr monitor, seL4_CPtr reply,
                  seL4_CPtr ntfn)
{
    uint64_t start = user_now_us();
    demo_ok(d, thread_start(&rogue->thread), "starting");
    seL4_MessageInfo_t info = seL4_Recv(monitor, seL4_Null, reply);
    seL4_Word grabbed = seL4_GetMR(0);
    seL4_Word stolen = seL4_GetMR(1);
    demo_wait(ntfn, DONE);
    uint64_t elapsed = user_now_us() - start;
    uint64_t used = seL4_SchedContext_Consumed(rogue->thread.sc).consumed;
    demo_claim(d,
               seL4_MessageInfo_get_label(info) == GRABBED &&
                   grabbed == 1u << (GIFT_BITS - seL4_PageBits),
               "it grabs all it was given, %lu frames, and no more", grabbed);
    demo_claim(d, stolen == 0, "it tries capabilities it was not given: none answers");
    demo_claim(d, used + WITNESS_WORK - WITNESS_WORK / 100 <= elapsed,
               "it spins; of %lu us a thread below it gets %lu, enough for its %lu us of work",
               elapsed, elapsed - used, (uint64_t)WITNESS_WORK);
    seL4_Fault_t fault = seL4_getFault(seL4_Recv(monitor, seL4_Null, reply));
    demo_claim(d, seL4_isVMFault_Fault(fault) && seL4_Fault_VMFault_get_Addr(fault) == FORBIDDEN,
               "it writes to the root task's page and faults instead");
}

/* Takes everything away and looks whether it is. */
static void take_back(struct demo *d, const struct alloc *sub, seL4_CPtr first, seL4_Untyped all)
{
    demo_ok(d, seL4_CNode_Revoke(d->alloc.cnode, all, ALLOC_DEPTH), "revoking");
    uint64_t left = 0;
    for (seL4_CPtr slot = first; slot < sub->slot_next; slot++) {
        /* The root task's copies of its own image's frames are its own affair. */
        left += occupied(d, slot);
    }
    uint64_t image = d->info->userImageFrames.end - d->info->userImageFrames.start;
    demo_claim(d, left == image, "one revocation: all %lu capabilities to its memory are gone",
               sub->slot_next - first - left);
    for (seL4_CPtr slot = first; slot < sub->slot_next; slot++) {
        demo_ok(d, seL4_CNode_Delete(d->alloc.cnode, slot, ALLOC_DEPTH), "deleting");
    }
    seL4_Error error =
        seL4_Untyped_Retype(all, seL4_UntypedObject, ALL_BITS, d->alloc.cnode, 0, 0, first, 1);
    demo_claim(d, error == seL4_NoError, "all its memory is back: 1 MiB in one piece");
}

void scene_revoke(struct demo *d)
{
    struct alloc sub;
    struct process rogue;
    struct user_thread thread;
    seL4_Untyped all;
    struct witness w = {.demo = d};
    seL4_CPtr ntfn = demo_object(d, seL4_NotificationObject);
    seL4_CPtr monitor = demo_object(d, seL4_EndpointObject);
    seL4_CPtr reply = demo_object(d, seL4_ReplyObject);
    w.done = demo_mint(d, ntfn, seL4_CanWrite, DONE);
    demo_ok(d, space_map_new(&d->scene, &d->space, FORBIDDEN, 1, seL4_Null), "a page");
    user_store64(FORBIDDEN, SECRET);
    struct thread_spec spec = demo_spec(d, "witness", witness_main, &w, 100);
    spec = demo_with_time(spec, 10000, 10000);

    demo_say("  A subsystem is built in 1 MiB, with 2 ms of time in 10 ms, above another thread.");
    if (!demo_start(d, &spec, &thread) ||
        !demo_ok(d, alloc_delegate(&d->scene, ALL_BITS, ALL_SLOTS, &sub, &all), "delegating")) {
        return;
    }
    seL4_CPtr first = sub.slot_next;
    uint64_t before = fingerprint_all(d, first);
    if (!make_rogue(d, &sub, monitor, &rogue)) {
        return;
    }
    watch(d, &rogue, monitor, reply, ntfn);
    take_back(d, &sub, first, all);
    demo_claim(d, user_load64(FORBIDDEN) == SECRET, "the root task's page is as it was");
    demo_claim(d, fingerprint_all(d, first) == before,
               "all %lu slots of the root task outside are as they were", first - 1);
}
