/* SPDX-License-Identifier: BSD-2-Clause */
#include "user/demo/demo.h"

#include "user/lib/error_name.h"
#include "user/lib/port.h"
#include "user/lib/print.h"
#include "user/lib/root.h"

#define AREAS_BASE 0x40000000u

void demo_say(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_list(format, arguments);
    va_end(arguments);
    print("\n");
}

void demo_claim(struct demo *d, bool holds, const char *format, ...)
{
    va_list arguments;
    d->claims++;
    d->failures += holds ? 0 : 1;
    print(holds ? "  ok      " : "  FAILED  ");
    va_start(arguments, format);
    print_list(format, arguments);
    va_end(arguments);
    print("\n");
}

bool demo_ok(struct demo *d, seL4_Error error, const char *what)
{
    if (error != seL4_NoError) {
        d->failures++;
        print("  FAILED  %s: %s\n", what, sel4_error_name(error));
    }
    return error == seL4_NoError;
}

seL4_CPtr demo_object(struct demo *d, seL4_Word type)
{
    seL4_CPtr cap = seL4_CapNull;
    demo_ok(d, alloc_object(&d->scene, type, 0, &cap), "making an object");
    return cap;
}

seL4_CPtr demo_mint(struct demo *d, seL4_CPtr source, seL4_CapRights_t rights, seL4_Word badge)
{
    seL4_CPtr cap = seL4_CapNull;
    demo_ok(d, alloc_mint(&d->scene, source, rights, badge, &cap), "copying a capability");
    return cap;
}

struct thread_spec demo_spec(struct demo *d, const char *name, void (*entry)(uint64_t),
                             const void *argument, uint8_t priority)
{
    struct thread_spec spec = {
        .name = name,
        .entry = entry,
        .argument = (uint64_t)(uintptr_t)argument,
        .area = d->area_next,
        .space = &d->space,
        .cspace = seL4_CapInitThreadCNode,
        .authority = seL4_CapInitThreadTCB,
        .priority = priority,
        .sched_control = d->info->schedcontrol.start,
    };
    d->area_next += THREAD_AREA_PAGES * USER_PAGE_SIZE;
    return spec;
}

struct thread_spec demo_with_time(struct thread_spec spec, seL4_Time budget_us, seL4_Time period_us)
{
    spec.budget_us = budget_us;
    spec.period_us = period_us;
    return spec;
}

bool demo_start(struct demo *d, const struct thread_spec *spec, struct user_thread *thread)
{
    return demo_ok(d, thread_create(&d->scene, spec, thread), spec->name) &&
           demo_ok(d, thread_start(thread), spec->name);
}

void demo_park(const struct demo *d)
{
    for (;;) {
        seL4_Wait(d->park, seL4_Null);
    }
}

void demo_wait(seL4_CPtr ntfn, seL4_Word badges)
{
    seL4_Word seen = 0;
    while ((seen & badges) != badges) {
        seL4_Word badge;
        seL4_Wait(ntfn, &badge);
        seen |= badge;
    }
}

/* Everything a scene made is in memory cut from its untyped, so one revocation removes it. Copies
 * of capabilities to older things are deleted one by one. */
static void scene_end(struct demo *d, seL4_CPtr first_slot)
{
    demo_ok(d, seL4_CNode_Revoke(d->alloc.cnode, d->untyped, ALLOC_DEPTH), "revoking the scene");
    for (seL4_CPtr slot = first_slot; slot < d->scene.slot_next; slot++) {
        demo_ok(d, seL4_CNode_Delete(d->alloc.cnode, slot, ALLOC_DEPTH), "deleting a capability");
    }
    d->scene.slot_next = first_slot;
    d->scene.untypeds[0].used = 0;
}

static void play(struct demo *d, const char *title, void (*scene)(struct demo *))
{
    seL4_CPtr first_slot = d->scene.slot_next;
    d->area_next = AREAS_BASE;
    demo_say("%s", title);
    d->park = demo_object(d, seL4_NotificationObject);
    scene(d);
    scene_end(d, first_slot);
}

void root_task(void *bootinfo)
{
    struct demo d;
    d.info = (const seL4_BootInfo *)bootinfo;
    d.claims = 0;
    d.failures = 0;
    d.space.vspace = seL4_CapInitThreadVSpace;
    alloc_init(&d.alloc, d.info);
    if (demo_ok(&d, console_open(&d.console, &d.alloc, &d.space, d.info), "opening the console") &&
        demo_ok(&d,
                alloc_delegate(&d.alloc, DEMO_SCENE_BITS, DEMO_SCENE_SLOTS, &d.scene, &d.untyped),
                "setting the stage")) {
        play(&d, "1. The root task has all memory and all time", scene_boot);
        play(&d, "2. A passive server works on its clients' time", scene_server);
        play(&d, "3. A pager gives a thread its memory, page by page", scene_pager);
        play(&d, "4. A driver is an ordinary program", scene_driver);
        play(&d, "5. A CPU hog is held to its budget", scene_budget);
        play(&d, "6. A subsystem misbehaves and is revoked", scene_revoke);
        play(&d, "7. Bulk data goes through a copy server", scene_copy);
    }
    if (d.failures == 0) {
        demo_say("All %lu claims hold.", d.claims);
    } else {
        demo_say("FAILED: %lu failures, %lu claims.", d.failures, d.claims);
    }
    user_halt();
}
