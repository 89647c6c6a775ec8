/* SPDX-License-Identifier: BSD-2-Clause */

/* Making what the scenarios use. */
#include <stddef.h>

#include "tests/boot/registers/layout.h"
#include "tests/boot/registers/stage.h"
#include "user/lib/port.h"

/* An address at which neither virt nor the boards with SiFive's chips have anything. */
#define HOLE 0x18000000u

enum {
    SHARED_PAGES = (ACTORS * sizeof(struct actor) + 4095) / 4096,
    /* Of memory whose cleaning takes a number of time slices. */
    UNTYPED_BITS_MIN = 24,
    UNTYPED_BITS_MAX = 27,
};

static bool object(struct stage *s, seL4_Word type, seL4_CPtr *cap)
{
    return alloc_object(&s->alloc, type, 0, cap) == seL4_NoError;
}

static bool minted(struct stage *s, seL4_CPtr source, seL4_Word badge, seL4_CPtr *cap)
{
    return alloc_mint(&s->alloc, source, seL4_AllRights, badge, cap) == seL4_NoError;
}

static bool make_objects(struct stage *s)
{
    seL4_CPtr ntfn = seL4_CapNull;
    bool made =
        object(s, seL4_EndpointObject, &s->endpoint) &&
        minted(s, s->endpoint, BADGE_ENDPOINT, &s->endpoint_badged) &&
        object(s, seL4_NotificationObject, &s->ntfn) &&
        minted(s, s->ntfn, BADGE_NTFN, &s->ntfn_badged) &&
        object(s, seL4_EndpointObject, &s->fault_endpoint) &&
        minted(s, s->fault_endpoint, BADGE_TIMEOUT, &s->timeout_endpoint) &&
        object(s, seL4_NotificationObject, &s->irq_ntfn) &&
        object(s, seL4_NotificationObject, &ntfn) && object(s, seL4_RISCV_4K_Page, &s->page) &&
        object(s, seL4_RISCV_4K_Page, &s->code) && object(s, seL4_RISCV_4K_Page, &s->code_next);
    for (int i = 0; made && i < ACTORS; i++) {
        made = object(s, seL4_ReplyObject, &s->replies[i]);
    }
    s->empty_slot = alloc_slot(&s->alloc);
    *stage_flag(FLAG_PARK) = ntfn;
    return made && s->empty_slot != seL4_CapNull;
}

static bool map_copy(struct stage *s, const struct space *space, seL4_CPtr frame, uint64_t vaddr)
{
    seL4_CPtr copy;
    return minted(s, frame, 0, &copy) &&
           space_map(&s->alloc, space, copy, vaddr, seL4_ReadWrite) == seL4_NoError;
}

/* A new frame, mapped in both spaces. */
static bool share_page(struct stage *s, uint64_t vaddr, seL4_CPtr *frame)
{
    return space_map_new(&s->alloc, &s->space, vaddr, 1, frame) == seL4_NoError &&
           map_copy(s, &s->other, *frame, vaddr);
}

static bool make_memory(struct stage *s)
{
    seL4_CPtr frame;
    if (space_create(&s->alloc, seL4_CapInitThreadASIDPool, &s->other) != seL4_NoError ||
        space_share_image(&s->alloc, &s->other, s->info) != seL4_NoError) {
        return false;
    }
    for (uint32_t i = 0; i < SHARED_PAGES; i++) {
        if (!share_page(s, STAGE_SHARED + i * USER_PAGE_SIZE, &frame)) {
            return false;
        }
    }
    s->actors = (struct actor *)(uintptr_t)STAGE_SHARED; // NOLINT: just mapped.
    return share_page(s, STAGE_DATA, &frame) && share_page(s, STAGE_ZERO_PAGE, &frame) &&
           map_copy(s, &s->space, frame, 0) && map_copy(s, &s->other, frame, 0) &&
           space_tables(&s->alloc, &s->space, STAGE_PAGES) == seL4_NoError;
}

/* B reads this program's constants, but the actors are all that it writes. */
static bool make_actors(struct stage *s)
{
    static const char *const names[ACTORS] = {"A", "B", "C"};
    seL4_CPtr fault;
    if (!minted(s, s->fault_endpoint, BADGE_FAULT, &fault)) {
        return false;
    }
    for (uint32_t i = 0; i < ACTORS; i++) {
        struct actor *actor = &s->actors[i];
        struct thread_spec spec = {
            .name = names[i],
            .entry = actor_main,
            .argument = stage_address(actor),
            .area = STAGE_THREADS + i * THREAD_AREA_PAGES * USER_PAGE_SIZE,
            .space = i == ACTOR_B ? &s->other : &s->space,
            .cspace = seL4_CapInitThreadCNode,
            .authority = seL4_CapInitThreadTCB,
            .priority = i == ACTOR_C ? STAGE_HANDLER_PRIORITY : STAGE_ACTOR_PRIORITY,
            .sched_control = s->info->schedcontrol.start,
            .budget_us = STAGE_SLICE_US,
            .period_us = STAGE_SLICE_US,
            .sc_badge = BADGE_SC,
            .fault_endpoint = i == ACTOR_A ? fault : seL4_CapNull,
            .timeout_endpoint = seL4_CapNull,
        };
        actor->area = (const struct registers *)stage_flag(i * AREA_SIZE);
        if (!object(s, seL4_NotificationObject, &actor->go) ||
            thread_create(&s->alloc, &spec, &s->threads[i]) != seL4_NoError ||
            thread_start(&s->threads[i]) != seL4_NoError) {
            return false;
        }
    }
    return true;
}

/* The serial port, whose transmitter is idle once all has been sent: a cause for an interrupt that
 * one store to a register lets through. */
static bool make_devices(struct stage *s)
{
    const struct devices_serial *found = &s->console.devices.serial;
    uint64_t page = found->paddr & ~(USER_PAGE_SIZE - 1);
    seL4_CPtr bell;
    seL4_CPtr slot = alloc_slot(&s->alloc);
    if (found->kind == SERIAL_NONE || found->irq == 0 || slot == seL4_CapNull ||
        alloc_device_frame(&s->alloc, HOLE, &s->hole) != seL4_NoError ||
        !map_copy(s, &s->space, console_frame(&s->console, page), STAGE_UART) ||
        !minted(s, s->irq_ntfn, BADGE_IRQ, &bell)) {
        return false;
    }
    s->uart = (struct serial){.kind = found->kind,
                              .base = STAGE_UART + (found->paddr - page),
                              .reg_shift = found->reg_shift,
                              .reg_width = found->reg_width};
    s->irq = slot;
    serial_init(&s->uart);
    return seL4_IRQControl_Get(seL4_CapIRQControl, found->irq, seL4_CapInitThreadCNode, slot,
                               ALLOC_DEPTH) == seL4_NoError &&
           seL4_IRQHandler_SetNotification(slot, bell) == seL4_NoError;
}

/* Takes one of the untypeds that nothing has been cut from. */
static bool take_untyped(struct stage *s)
{
    for (uint32_t i = 0; i < s->alloc.untyped_count; i++) {
        struct alloc_untyped *it = &s->alloc.untypeds[i];
        if (!it->device && it->used == 0 && it->size_bits >= UNTYPED_BITS_MIN &&
            it->size_bits <= UNTYPED_BITS_MAX) {
            it->used = (uint64_t)1 << it->size_bits;
            s->untyped = it->cap;
            s->untyped_bits = it->size_bits;
            return true;
        }
    }
    return false;
}

bool stage_init(struct stage *s, const seL4_BootInfo *info)
{
    *s = (struct stage){.info = info};
    s->space.vspace = seL4_CapInitThreadVSpace;
    alloc_init(&s->alloc, info);
    return console_open(&s->console, &s->alloc, &s->space, info) == seL4_NoError &&
           take_untyped(s) && make_memory(s) && make_objects(s) && make_devices(s) &&
           make_actors(s) &&
           seL4_TCB_SetPriority(seL4_CapInitThreadTCB, seL4_CapInitThreadTCB, STAGE_PRIORITY) ==
               seL4_NoError;
}
