/* SPDX-License-Identifier: BSD-2-Clause */

/* The end of a world: root takes everything back, and what is left is compared with what there was
 * after boot. Left out is what changes with time and by having been used: the clock, counters, the
 * root task's registers, IPC buffer and refills, and how much of a childless untyped is dirty.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/config.h"
#include "core/kernel.h"
#include "core/ram.h"
#include "fuzz/api/world_internal.h"

#define PAGE ((size_t)1 << ABI_PAGE_BITS)

/* --- The state after boot --------------------------------------------------------------------- */

static void keep_slots(struct world_state *w)
{
    const struct kernel *k = w->world.k;
    struct boot_state *boot = &w->boot;
    const struct slot *slot = &k->cdt_root;
    while (slot->next != 0 && boot->slot_count < BOOT_SLOTS_MAX) {
        slot = k->slot_base + slot->next;
        boot->slots[boot->slot_count] = slot;
        boot->caps[boot->slot_count] = slot->cap;
        boot->slot_count++;
    }
}

static bool keep_page(struct boot_state *boot, const char *what, const void *at)
{
    struct boot_copy *copy = &boot->copies[boot->copy_count];
    if (boot->copy_count == BOOT_COPIES_MAX) {
        return false;
    }
    copy->what = what;
    copy->at = at;
    copy->copy = malloc(PAGE);
    if (copy->copy == NULL) {
        return false;
    }
    memcpy(copy->copy, at, PAGE);
    boot->copy_count++;
    return true;
}

/* The initial address space's tables, its ASID pool, and BootInfo. */
static bool keep_pages(struct world_state *w)
{
    struct boot_state *boot = &w->boot;
    bool good = keep_page(boot, "BootInfo", w->info);
    for (uint32_t i = 0; i < boot->slot_count && good; i++) {
        const struct cap *cap = &boot->caps[i];
        if ((cap->cdt & CDT_ORIGINAL) == 0) {
            continue;
        }
        if (cap->type == CAP_PAGE_TABLE) {
            good = keep_page(boot, "a table of the root task's VSpace", cap->table);
        } else if (cap->type == CAP_ASID_POOL) {
            good = keep_page(boot, "the initial ASID pool", cap->pool);
        }
    }
    return good;
}

bool boot_keep(struct world_state *w)
{
    struct boot_state *boot = &w->boot;
    boot->kernel = malloc(sizeof *boot->kernel);
    if (boot->kernel == NULL) {
        return false;
    }
    memcpy(boot->kernel, w->world.k, sizeof *boot->kernel);
    boot->root = *w->world.root;
    boot->sc = *w->world.root->sc;
    keep_slots(w);
    return keep_pages(w);
}

void boot_forget(struct world_state *w)
{
    for (uint32_t i = 0; i < w->boot.copy_count; i++) {
        free(w->boot.copies[i].copy);
    }
    free(w->boot.kernel);
    w->boot = (struct boot_state){0};
}

/* --- Taking everything back ------------------------------------------------------------------- */

static void revoke(struct world_state *w, uint64_t slot)
{
    struct root_args args = {{slot, 64}, {0}};
    root_call(w, ABI_SLOT_INIT_CNODE, ABI_LABEL_CNODE_REVOKE, &args);
}

static const struct slot *root_slots(const struct world_state *w)
{
    return w->boot.root.slots[THREAD_CSPACE].cap.slots;
}

/* The machine is not halted, and there is time left: at its very end the timer is due again and
 * again. */
static bool has_time(const struct world_state *w)
{
    return sim_status(w->world.sim) != SIM_HALTED &&
           UINT64_MAX - sim_now(w->world.sim) >= WORLD_END_US * w->world.k->ticks_per_us;
}

/* Root runs, or its interrupt still signals what it waits for. */
static bool hears(const struct world_state *w)
{
    const struct kernel *k = w->world.k;
    if (sim_current(w->world.sim) == w->world.root) {
        return true;
    }
    const struct cap *wake = &root_slots(w)[root_slot(w, ROOT_WAKE)].cap;
    const struct cap *installed = &k->irq_slots[WORLD_IRQ_ROOT].cap;
    return k->irq_states[WORLD_IRQ_ROOT] == IRQ_SIGNAL && installed->type == CAP_NOTIFICATION &&
           wake->type == CAP_NOTIFICATION && installed->ntfn == wake->ntfn;
}

/* For which a domain runs while root takes everything back: more than a call needs. */
enum { DOMAIN_TICKS = 90000 };

/* Inputs may make a schedule without root's domain, or one in which nobody gets on. */
static void mend_domains(struct world_state *w)
{
    struct kernel *k = w->world.k;
    if (CONFIG_DOMAINS == 1) {
        return;
    }
    watch_write(k->domain_schedule, sizeof k->domain_schedule);
    for (uint32_t i = 0; i < CONFIG_DOMAIN_SCHEDULE; i++) {
        k->domain_schedule[i].domain = 0;
        if (k->domain_schedule[i].duration != 0) {
            k->domain_schedule[i].duration = DOMAIN_TICKS;
        }
    }
    for (uint32_t i = 0; i < CONFIG_CORES; i++) {
        struct core *core = &k->cores[i];
        watch_write(core, sizeof *core);
        core->domain_left = 1;
    }
}

/* As after boot: by system calls. Entry 0 first: the schedule must start somewhere. */
static void restore_domains(struct world_state *w)
{
    const struct kernel *k = w->world.k;
    for (uint64_t i = 0; i + 1 < CONFIG_DOMAIN_SCHEDULE; i++) {
        const struct domain_entry *entry = &w->boot.kernel->domain_schedule[i];
        const struct domain_entry *now = &k->domain_schedule[i];
        if (entry->domain != now->domain || entry->duration != now->duration) {
            struct root_args args = {{i, entry->domain, entry->duration}, {0}};
            root_call(w, ABI_SLOT_DOMAIN, ABI_LABEL_DOMAIN_SCHEDULE_CONFIGURE, &args);
        }
        if (i == 0) {
            struct root_args start = {{w->boot.kernel->domain_start}, {0}};
            root_call(w, ABI_SLOT_DOMAIN, ABI_LABEL_DOMAIN_SCHEDULE_SET_START, &start);
        }
    }
}

static uint64_t find_irq_control(const struct world_subsystem *subsystem)
{
    uint64_t i = 0;
    while (i < WORLD_SLOT_COUNT && subsystem->cnode[i].cap.type != CAP_IRQ_CONTROL) {
        i++;
    }
    return i;
}

/* IRQ control cannot be copied: root moves it back from the CNode that it gave it to, or from
 * another one that root can name. True if root has it. */
static bool take_irq_control(struct world_state *w)
{
    if (root_slots(w)[ABI_SLOT_IRQ_CONTROL].cap.type == CAP_IRQ_CONTROL) {
        return true;
    }
    for (uint32_t s = 0; s < WORLD_SUBSYSTEMS; s++) {
        uint64_t i = find_irq_control(&w->world.subsystems[s]);
        if (i < WORLD_SLOT_COUNT) {
            struct root_args args = {{ABI_SLOT_IRQ_CONTROL, 64, i, WORLD_CNODE_RADIX},
                                     {root_slot(w, ROOT_CNODES + s)}};
            return root_call(w, ABI_SLOT_INIT_CNODE, ABI_LABEL_CNODE_MOVE, &args);
        }
    }
    return false;
}

static void revoke_all(struct world_state *w)
{
    const struct bootinfo *info = w->info;
    for (uint64_t slot = info->untyped.start; slot < info->untyped.end; slot++) {
        revoke(w, slot);
    }
    for (uint64_t slot = info->sched_control.start; slot < info->sched_control.end; slot++) {
        revoke(w, slot);
    }
    revoke(w, ABI_SLOT_IRQ_CONTROL);
    revoke(w, ABI_SLOT_ASID_CONTROL);
    revoke(w, ABI_SLOT_INIT_ASID_POOL);
    revoke(w, ABI_SLOT_DOMAIN);
    /* Without IRQ control, root's handler is still there. */
    struct root_args args = {{root_slot(w, ROOT_HANDLER), 64}, {0}};
    root_call(w, ABI_SLOT_INIT_CNODE, ABI_LABEL_CNODE_DELETE, &args);
    restore_domains(w);
}

/* --- Comparing -------------------------------------------------------------------------------- */

/* As it was, but for how much of a childless untyped is dirty. */
static bool same_cap(const struct cap *now, const struct cap *then)
{
    struct cap expected = *then;
    if (expected.type == CAP_UNTYPED) {
        expected.free_index = now->free_index;
    }
    return memcmp(now, &expected, sizeof expected) == 0;
}

static bool compare_slots(struct world_state *w, bool irq_control)
{
    const struct kernel *k = w->world.k;
    const struct boot_state *boot = &w->boot;
    uint32_t number = k->cdt_root.next;
    for (uint32_t i = 0; i < boot->slot_count; i++) {
        const struct slot *slot = boot->slots[i];
        if (boot->caps[i].type == CAP_IRQ_CONTROL && !irq_control) {
            continue;
        }
        if (k->slot_base + number != slot) {
            return root_fail(w, "in derivation order, slot %u comes where slot %u was after boot",
                             number, ram_slot_number(k, slot));
        }
        if (!same_cap(&slot->cap, &boot->caps[i])) {
            return root_fail(w,
                             "slot %u holds a capability of type %u that differs from the one "
                             "after boot (type %u)",
                             number, slot->cap.type, boot->caps[i].type);
        }
        number = slot->next;
    }
    return number == 0 || root_fail(w, "slot %u is left, of a capability of type %u", number,
                                    k->slot_base[number].cap.type);
}

static bool compare_root(struct world_state *w)
{
    const struct thread *root = w->world.root;
    const struct thread *then = &w->boot.root;
    const struct sched_context *sc = root->sc;
    const struct sched_context *sc_then = &w->boot.sc;
    if (w->world.k->threads != root || root->all_next != NULL || root->all_prev != NULL) {
        return root_fail(w, "there are other threads than the root task's");
    }
    if (root->state != then->state || root->queue != THREAD_QUEUE_NONE ||
        root->priority != then->priority || root->mcp != then->mcp ||
        root->domain != then->domain || root->core != then->core || root->flags != then->flags ||
        sc != then->sc || root->buffer_vaddr != then->buffer_vaddr || root->bound_ntfn != NULL ||
        root->yield_to != NULL || root->reply != NULL ||
        memcmp(root->name, then->name, sizeof root->name) != 0) {
        return root_fail(w, "the root task's thread differs");
    }
    if (sc->refills.ring != sc_then->refills.ring || sc->refills.max != sc_then->refills.max ||
        sc->refills.budget != sc_then->refills.budget ||
        sc->refills.period != sc_then->refills.period || sc->thread != root || sc->ntfn != NULL ||
        sc->reply != NULL || sc->yield_from != NULL || sc->core != sc_then->core ||
        sc->sporadic != sc_then->sporadic || sc->bits != sc_then->bits ||
        sc->badge != sc_then->badge) {
        return root_fail(w, "the root task's SC differs");
    }
    return true;
}

static bool compare_core(struct world_state *w)
{
    const struct core *core = &w->world.k->cores[0];
    const struct core *then = &w->boot.kernel->cores[0];
    if (core->current != w->world.root || core->current_sc != w->world.root->sc ||
        core->action != then->action || core->candidate != NULL) {
        return root_fail(w, "the core does not simply run the root task");
    }
    if (memcmp(core->ready, then->ready, sizeof core->ready) != 0) {
        return root_fail(w, "the ready queues are not empty");
    }
    if (core->release.head != NULL || core->release.tail != NULL) {
        return root_fail(w, "the release queue is not empty");
    }
    if (core->fpu_owner != NULL && core->fpu_owner != w->world.root) {
        return root_fail(w, "a thread that is gone owns the FPU");
    }
    if (core->vspace_root != ram_paddr(w->world.k, w->world.root->slots[THREAD_VSPACE].cap.table) ||
        core->vspace_asid != w->world.root->slots[THREAD_VSPACE].cap.asid) {
        return root_fail(w, "the core is not in the root task's VSpace");
    }
    if (core->domain != then->domain || core->domain_index != then->domain_index) {
        return root_fail(w, "the core is in domain %u, entry %u of the schedule", core->domain,
                         core->domain_index);
    }
    return true;
}

static bool compare_irqs(struct world_state *w)
{
    const struct kernel *k = w->world.k;
    const struct kernel *then = w->boot.kernel;
    for (uint32_t i = 0; i < CONFIG_IRQ_LIMIT; i++) {
        if (k->irq_states[i] != then->irq_states[i]) {
            return root_fail(w, "interrupt %u is in state %u, not %u", i, k->irq_states[i],
                             then->irq_states[i]);
        }
    }
    if (memcmp(k->irq_slots, then->irq_slots, sizeof k->irq_slots) != 0) {
        return root_fail(w, "a notification is installed for an interrupt");
    }
    for (uint32_t i = 1; i <= sim_config_of(w->world.sim)->irq_max; i++) {
        if (sim_irq_enabled(w->world.sim, i) || sim_irq_in_service(w->world.sim, i)) {
            return root_fail(w, "source %u of the interrupt controller is %s", i,
                             sim_irq_enabled(w->world.sim, i) ? "enabled" : "in service");
        }
    }
    return true;
}

static bool compare_kernel(struct world_state *w)
{
    const struct kernel *k = w->world.k;
    const struct kernel *then = w->boot.kernel;
    for (uint32_t i = 0; i < ABI_ASID_POOLS; i++) {
        if (k->asid_pools[i] != then->asid_pools[i]) {
            return root_fail(w, "ASID pool %u differs", i);
        }
    }
    for (uint32_t i = 0; i < CONFIG_DOMAIN_SCHEDULE; i++) {
        if (k->domain_schedule[i].domain != then->domain_schedule[i].domain ||
            k->domain_schedule[i].duration != then->domain_schedule[i].duration) {
            return root_fail(w, "entry %u of the domain schedule differs", i);
        }
    }
    if (k->domain_start != then->domain_start) {
        return root_fail(w, "the domain schedule starts at %u", k->domain_start);
    }
    for (uint32_t i = 0; i < w->boot.copy_count; i++) {
        const struct boot_copy *copy = &w->boot.copies[i];
        if (memcmp(copy->at, copy->copy, PAGE) != 0) {
            return root_fail(w, "%s differs", copy->what);
        }
    }
    return true;
}

/* --- Both ------------------------------------------------------------------------------------- */

static bool give_back(struct world_state *w)
{
    if (sim_status(w->world.sim) != SIM_RUNNING) {
        return root_fail(w, "%s", sim_message(w->world.sim));
    }
    sim_set_costs(w->world.sim, 0, 0);
    sim_clear_injections(w->world.sim);
    sim_hold_irqs(w->world.sim, false);
    mend_domains(w);
    if (!root_wake(w)) {
        return false;
    }
    bool irq_control = take_irq_control(w);
    revoke_all(w);
    return !w->failed && compare_slots(w, irq_control) && compare_root(w) && compare_core(w) &&
           compare_irqs(w) && compare_kernel(w);
}

bool world_revoke(struct world *world, char *what, size_t size)
{
    struct world_state *w = (struct world_state *)world;
    w->failed = false;
    if (sim_status(world->sim) != SIM_PANICKED && (!has_time(w) || !hears(w))) {
        if (has_time(w) && world->topology != WORLD_OPEN) {
            snprintf(what, size, "root has lost its interrupt, which nobody could take from it");
            return false;
        }
        world->lost++;
        return true;
    }
    world->revoked++;
    if (!give_back(w)) {
        snprintf(what, size, "after revoking everything: %s", w->error);
        return false;
    }
    return true;
}
