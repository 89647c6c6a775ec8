/* SPDX-License-Identifier: BSD-2-Clause */

/* The root task: runs all scenarios, one after the other, and prints what came out as TAP. */
#include "tests/conformance/conformance.h"

#include "user/lib/port.h"
#include "user/lib/print.h"
#include "user/lib/root.h"

static const struct group *const groups[] = {
    &conf_bootinfo,     &conf_cspace, &conf_untyped,   &conf_endpoint, &conf_transfer,
    &conf_notification, &conf_reply,  &conf_fault,     &conf_tcb,      &conf_revoke,
    &conf_sched,        &conf_budget, &conf_timeout,   &conf_yield,    &conf_donation,
    &conf_vspace,       &conf_asid,   &conf_interrupt, &conf_fpu,      &conf_debug,
};

enum { GROUPS = sizeof groups / sizeof *groups, SLICE_US = 5000 };

/* ---- For scenarios ---- */

bool conf_check(struct conf *c, bool holds, const char *what, const char *file, int line)
{
    if (!holds && c->failed == seL4_Null) {
        c->failed = what;
        c->file = file;
        c->line = line;
    }
    return holds;
}

seL4_CPtr conf_object(struct conf *c, seL4_Word type, seL4_Word size_bits)
{
    seL4_CPtr cap = seL4_CapNull;
    CHECK(c, alloc_object(&c->scene, type, size_bits, &cap) == seL4_NoError);
    return cap;
}

seL4_CPtr conf_mint(struct conf *c, seL4_CPtr source, seL4_CapRights_t rights, seL4_Word badge)
{
    seL4_CPtr cap = seL4_CapNull;
    CHECK(c, alloc_mint(&c->scene, source, rights, badge, &cap) == seL4_NoError);
    return cap;
}

seL4_CPtr conf_slot(struct conf *c)
{
    seL4_CPtr slot = alloc_slot(&c->scene);
    CHECK(c, slot != seL4_CapNull);
    return slot;
}

struct thread_spec conf_spec(struct conf *c, const char *name, void (*entry)(uint64_t),
                             const void *argument, uint8_t priority)
{
    struct thread_spec spec = {
        .name = name,
        .entry = entry,
        .argument = (uint64_t)(uintptr_t)argument,
        .area = c->area_next,
        .space = &c->space,
        .cspace = seL4_CapInitThreadCNode,
        .authority = seL4_CapInitThreadTCB,
        .priority = priority,
        .sched_control = c->info->schedcontrol.start,
    };
    c->area_next += THREAD_AREA_PAGES * USER_PAGE_SIZE;
    return spec;
}

struct thread_spec conf_with_time(struct thread_spec spec, seL4_Time budget_us, seL4_Time period_us)
{
    spec.budget_us = budget_us;
    spec.period_us = period_us;
    return spec;
}

bool conf_create(struct conf *c, const struct thread_spec *spec, struct user_thread *thread)
{
    return CHECK(c, thread_create(&c->scene, spec, thread) == seL4_NoError);
}

bool conf_start(struct conf *c, const struct thread_spec *spec, struct user_thread *thread)
{
    return conf_create(c, spec, thread) && CHECK(c, thread_start(thread) == seL4_NoError);
}

void conf_park(const struct conf *c)
{
    for (;;) {
        seL4_Wait(c->park, seL4_Null);
    }
}

void conf_wait(seL4_CPtr ntfn, seL4_Word badges)
{
    seL4_Word seen = 0;
    while ((seen & badges) != badges) {
        seL4_Word badge;
        seL4_Wait(ntfn, &badge);
        seen |= badge;
    }
}

/* Moving a capability to where it is fails in one way if there is none, and else in another. */
bool conf_slot_is_empty(struct conf *c, seL4_CPtr slot)
{
    return seL4_CNode_Move(c->alloc.cnode, slot, ALLOC_DEPTH, c->alloc.cnode, slot, ALLOC_DEPTH) !=
           seL4_DeleteFirst;
}

/* ---- A scenario's stage ---- */

/* Whether the scene's untyped has no children: then all of it counts as free. */
static bool memory_is_whole(const struct conf *c)
{
    seL4_Error error = seL4_Untyped_Retype(c->untyped, seL4_UntypedObject, CONF_SCENARIO_BITS,
                                           c->alloc.cnode, 0, 0, c->scene.slot_next, 2);
    return error == seL4_NotEnoughMemory && seL4_GetMR(0) == (seL4_Word)1 << CONF_SCENARIO_BITS;
}

/* Everything a scenario made is in memory cut from its untyped, so one revocation removes it.
 * Copies of capabilities to older things are deleted one by one. */
static void clear(struct conf *c, seL4_CPtr first_slot)
{
    CHECK(c, seL4_CNode_Revoke(c->alloc.cnode, c->untyped, ALLOC_DEPTH) == seL4_NoError);
    for (seL4_CPtr slot = first_slot; slot < c->scene.slot_next; slot++) {
        CHECK(c, seL4_CNode_Delete(c->alloc.cnode, slot, ALLOC_DEPTH) == seL4_NoError);
        CHECK(c, conf_slot_is_empty(c, slot));
    }
    c->scene.slot_next = first_slot;
    c->scene.untypeds[0].used = 0;
    CHECK(c, memory_is_whole(c));
    CHECK(c, seL4_TCB_SetPriority(seL4_CapInitThreadTCB, seL4_CapInitThreadTCB, CONF_PRIORITY) ==
                 seL4_NoError);
}

/* Runs one; whether all of it held. */
static bool play(struct conf *c, const struct scenario *scenario)
{
    seL4_CPtr first_slot = c->scene.slot_next;
    c->area_next = CONF_AREAS;
    c->failed = seL4_Null;
    c->peer_count = 0;
    c->park = conf_object(c, seL4_NotificationObject, 0);
    c->reply = conf_object(c, seL4_ReplyObject, 0);
    scenario->run(c);
    clear(c, first_slot);
    return c->failed == seL4_Null;
}

/* ---- All of them ---- */

static const char *base_name(const char *path)
{
    const char *name = path;
    for (const char *p = path; *p != '\0'; p++) {
        name = *p == '/' ? p + 1 : name;
    }
    return name;
}

static void report(const struct conf *c, bool holds, uint64_t number, const char *group,
                   const char *name)
{
    print("%s %lu - %s: %s\n", holds ? "ok" : "not ok", number, group, name);
    if (!holds) {
        print("# %s:%ld: %s\n", base_name(c->file), (int64_t)c->line, c->failed);
    }
}

static uint64_t scenarios_count(void)
{
    uint64_t count = 0;
    for (uint32_t g = 0; g < GROUPS; g++) {
        count += groups[g]->count;
    }
    return count;
}

static bool set_stage(struct conf *c, const seL4_BootInfo *info)
{
    c->info = info;
    c->space.vspace = seL4_CapInitThreadVSpace;
    c->failed = seL4_Null;
    alloc_init(&c->alloc, info);
    return console_open(&c->console, &c->alloc, &c->space, info) == seL4_NoError &&
           seL4_SchedControl_Configure(info->schedcontrol.start, seL4_CapInitThreadSC, SLICE_US,
                                       SLICE_US, 0, 0) == seL4_NoError &&
           seL4_TCB_SetPriority(seL4_CapInitThreadTCB, seL4_CapInitThreadTCB, CONF_PRIORITY) ==
               seL4_NoError &&
           alloc_delegate(&c->alloc, CONF_SCENARIO_BITS, CONF_SCENARIO_SLOTS, &c->scene,
                          &c->untyped) == seL4_NoError;
}

void root_task(void *bootinfo)
{
    struct conf c;
    uint64_t number = 0;
    uint64_t failures = 0;
    if (!set_stage(&c, (const seL4_BootInfo *)bootinfo)) {
        print("Bail out! There is no memory or time for the scenarios.\n");
        user_halt();
    }
    print("TAP version 13\n1..%lu\n", scenarios_count());
    for (uint32_t g = 0; g < GROUPS; g++) {
        for (uint32_t s = 0; s < groups[g]->count; s++) {
            const struct scenario *scenario = &groups[g]->scenarios[s];
            bool holds = play(&c, scenario);
            number++;
            failures += holds ? 0 : 1;
            report(&c, holds, number, groups[g]->name, scenario->name);
        }
    }
    if (failures == 0) {
        print("# all %lu scenarios hold\n", number);
    } else {
        print("# FAILED: %lu of %lu\n", failures, number);
    }
    user_halt();
}
