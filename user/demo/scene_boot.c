/* SPDX-License-Identifier: BSD-2-Clause */

/* Scene 1: what the initial thread is given, and that it can manage it by itself. */
#include "user/demo/demo.h"
#include "user/lib/port.h"

#define WINDOW 0x50000000u

static bool overlap(const seL4_UntypedDesc *a, const seL4_UntypedDesc *b)
{
    return a->paddr < b->paddr + ((seL4_Word)1 << b->sizeBits) &&
           b->paddr < a->paddr + ((seL4_Word)1 << a->sizeBits);
}

static bool all_apart(const seL4_BootInfo *info)
{
    seL4_Word count = info->untyped.end - info->untyped.start;
    for (seL4_Word i = 0; i < count; i++) {
        for (seL4_Word j = 0; j < i; j++) {
            if (overlap(&info->untypedList[i], &info->untypedList[j])) {
                return false;
            }
        }
    }
    return true;
}

static void show_memory(struct demo *d)
{
    seL4_Word ram = 0;
    seL4_Word bytes = 0;
    seL4_Word count = d->info->untyped.end - d->info->untyped.start;
    for (seL4_Word i = 0; i < count; i++) {
        if (!d->info->untypedList[i].isDevice) {
            ram++;
            bytes += (seL4_Word)1 << d->info->untypedList[i].sizeBits;
        }
    }
    demo_say("  BootInfo lists %lu untyped regions of RAM, %lu KiB, and %lu of devices.", ram,
             bytes >> 10, count - ram);
    demo_claim(d, ram > 0 && all_apart(d->info), "no two of the %lu regions overlap", count);
}

/* Makes an object of each kind in `sub`; how many kinds that were. */
static uint64_t make_one_of_each(struct alloc *sub)
{
    uint64_t made = 0;
    for (seL4_Word type = 0; type < seL4_ObjectTypeCount; type++) {
        seL4_CPtr cap;
        if (type == seL4_RISCV_Giga_Page || type == seL4_RISCV_Mega_Page) {
            continue; /* Larger than the memory used here. */
        }
        seL4_Word size_bits = type == seL4_SchedContextObject ? seL4_MinSchedContextBits : 4;
        if (alloc_object(sub, type, size_bits, &cap) == seL4_NoError) {
            made++;
        }
    }
    return made;
}

static void show_reuse(struct demo *d)
{
    enum { BITS = 16 };
    struct alloc sub;
    seL4_Untyped untyped;
    seL4_CPtr frame;
    seL4_CPtr again;
    if (!demo_ok(d, alloc_delegate(&d->scene, BITS, 16, &sub, &untyped), "cutting an untyped")) {
        return;
    }
    seL4_CPtr slot = sub.slot_next;
    demo_ok(d, space_map_new(&d->scene, &d->space, WINDOW, 1, &again), "page tables");
    demo_ok(d, seL4_RISCV_Page_Unmap(again), "unmapping");
    if (demo_ok(d, alloc_object(&sub, seL4_RISCV_4K_Page, 0, &frame), "a frame") &&
        demo_ok(d, space_map(&sub, &d->space, frame, WINDOW, seL4_ReadWrite), "mapping")) {
        user_store64(WINDOW + 8, 0x5ec7e7);
        demo_claim(d, user_load64(WINDOW + 8) == 0x5ec7e7, "a frame made and mapped keeps a value");
    }
    demo_claim(d, make_one_of_each(&sub) == 9, "64 KiB hold an object of each of 9 kinds");
    demo_ok(d, seL4_CNode_Revoke(d->alloc.cnode, untyped, ALLOC_DEPTH), "revoking");
    seL4_Error error = seL4_Untyped_Retype(untyped, seL4_RISCV_4K_Page, 0, d->alloc.cnode, 0, 0,
                                           slot, 1 << (BITS - seL4_PageBits));
    demo_claim(d, error == seL4_NoError, "after revocation all 64 KiB can be handed out again");
    demo_ok(d, space_map(&d->scene, &d->space, slot, WINDOW, seL4_ReadWrite), "mapping again");
    demo_claim(d, user_load64(WINDOW + 8) == 0, "the old contents are gone");
}

static void show_time(struct demo *d)
{
    enum { WORK = 12000 };
    demo_ok(d,
            seL4_SchedControl_Configure(d->info->schedcontrol.start, seL4_CapInitThreadSC, 10000,
                                        10000, 0, 0),
            "configuring its own time");
    uint64_t begin = user_now_us();
    seL4_Yield(); /* Time is charged when a slice ends. */
    seL4_SchedContext_Consumed(seL4_CapInitThreadSC);
    uint64_t start = user_now_us();
    user_work_us(WORK);
    uint64_t elapsed = user_now_us() - start;
    seL4_Yield();
    seL4_SchedContext_Consumed_t used = seL4_SchedContext_Consumed(seL4_CapInitThreadSC);
    uint64_t all = user_now_us() - begin;
    /* How long it takes is the machine's affair, which may be an emulator that gets no time itself;
     * but all of that time is charged, and no other. */
    demo_claim(d, elapsed >= WORK, "%lu us of work alone on the machine take %lu us",
               (uint64_t)WORK, elapsed);
    demo_claim(d,
               used.error == seL4_NoError && used.consumed >= elapsed && used.consumed <= all + 1,
               "and the kernel charged %lu us for them", used.consumed);
}

void scene_boot(struct demo *d)
{
    show_memory(d);
    show_reuse(d);
    show_time(d);
}
