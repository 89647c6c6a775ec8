/* SPDX-License-Identifier: BSD-2-Clause */

/* Composition: which part looks when, and what comes first. */
#include "fuzz/oracle/oracle.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/ipc.h"
#include "core/thread.h"
#include "fuzz/oracle/objects.h"
#include "fuzz/oracle/rules.h"
#include "fuzz/oracle/schedule.h"
#include "hosted/trace/names.h"

/* At the cheap level. */
enum {
    POWER_ALL = 7,     /* Everything is looked at in the end of one input of so many: 2 to this. */
    POWER_INPUTS = 4,  /* Likewise, what kernel_check() looks at. */
    POWER_ENTRIES = 6, /* Likewise, of the entries that change more than these lines. */
    CHANGES_OF_FAILURE = 8,
};

struct oracle {
    struct world *world;
    enum oracle_level level;
    struct authority *authority;
    struct integrity *integrity;
    struct leak *leak;
    struct objects *objects;
    struct oracle_event event;
    struct patience patience;
    struct oracle_find find;
    bool found;
    bool ending;      /* The root task takes everything back: nobody looks but the kernel itself. */
    uint64_t inputs;  /* Begun so far. */
    uint64_t entries; /* Of this input. */
    uint64_t played;  /* A hash of this input's entries. */
    struct oracle_work work;
};

bool oracle_fail(struct oracle_find *find, const char *kind, const char *format, ...)
{
    va_list arguments;
    snprintf(find->kind, sizeof find->kind, "%s", kind);
    va_start(arguments, format);
    vsnprintf(find->text, sizeof find->text, format, arguments);
    va_end(arguments);
    return false;
}

struct oracle *oracle_create(struct world *world, enum oracle_level level)
{
    struct oracle *oracle = calloc(1, sizeof *oracle);
    if (oracle == NULL) {
        return NULL;
    }
    oracle->world = world;
    oracle->level = level;
    if (level == ORACLE_OFF) {
        return oracle;
    }
    oracle->authority = authority_create(world);
    oracle->integrity = integrity_create(world);
    oracle->leak = leak_create(world);
    oracle->objects = objects_share(world);
    if (oracle->authority == NULL || oracle->integrity == NULL || oracle->leak == NULL ||
        oracle->objects == NULL) {
        oracle_free(oracle);
        return NULL;
    }
    return oracle;
}

void oracle_free(struct oracle *oracle)
{
    if (oracle == NULL) {
        return;
    }
    if (oracle->leak != NULL) {
        leak_free(oracle->leak);
    }
    if (oracle->integrity != NULL) {
        integrity_free(oracle->integrity);
    }
    if (oracle->authority != NULL) {
        authority_free(oracle->authority);
    }
    objects_release(oracle->objects);
    free(oracle);
}

void oracle_start(struct oracle *oracle)
{
    oracle->found = false;
    oracle->ending = false;
    oracle->find = (struct oracle_find){.entry = 0};
    oracle->inputs++;
    oracle->entries = 0;
    oracle->played = 0;
    if (oracle->level != ORACLE_OFF) {
        authority_start(oracle->authority);
        leak_start(oracle->leak);
    }
}

/* FNV-1a, by words. */
static uint64_t mix(uint64_t hash, uint64_t word)
{
    return (hash ^ word) * 0x100000001B3u;
}

void oracle_before(struct oracle *oracle, enum sim_event event, uint64_t a, uint64_t b)
{
    /* Nobody asks what is written then; comparing would take most of the time. */
    if (oracle->level == ORACLE_OFF || oracle->found || oracle->ending) {
        return;
    }
    watch_begin();
    struct oracle_event *now = &oracle->event;
    struct thread *subject = sim_current(oracle->world->sim);
    now->event = event;
    now->a = a;
    now->b = b;
    now->subject = subject;
    now->polls = sim_polls(oracle->world->sim);
    oracle->patience = (struct patience){.over = false};
    now->domain = world_owner_of(oracle->world, subject);
    memcpy(now->registers, subject->regs.x, sizeof now->registers);
    now->pc = subject->regs.pc;
    oracle->entries++;
    oracle->played = mix(oracle->played, (uint64_t)event);
    oracle->played = mix(oracle->played, subject->regs.x[REG_A7] ^ subject->regs.x[REG_A0]);
    integrity_before(oracle->integrity, now);
    leak_before(oracle->leak, now);
}

void oracle_poll(struct oracle *oracle, uint64_t now)
{
    if (oracle->level != ORACLE_OFF && !oracle->found && !oracle->ending) {
        patience_poll(&oracle->patience, oracle->world, now);
    }
}

/* --- The kernel's own word -------------------------------------------------------------------- */

/* What the simulator says of a kernel that has stopped: text that begins with "invariant" is
 * kernel_check()'s. */
static bool kernel_runs(const struct oracle *oracle, struct oracle_find *find)
{
    if (sim_status(oracle->world->sim) != SIM_PANICKED) {
        return true;
    }
    const char *message = sim_message(oracle->world->sim);
    bool invariant = strncmp(message, "invariant ", strlen("invariant ")) == 0;
    return oracle_fail(find, invariant ? "invariant" : "panic", "%s", message);
}

static bool kernel_valid(const struct oracle *oracle, struct oracle_find *find)
{
    struct sim *sim = oracle->world->sim;
    return sim_status(sim) != SIM_RUNNING || sim_check(sim) || kernel_runs(oracle, find);
}

/* --- Work ------------------------------------------------------------------------------------- */

static const char *or_else(const char *name, const char *other)
{
    return name != NULL ? name : other;
}

void oracle_describe(const struct oracle_event *event, char *text, size_t size)
{
    uint64_t info = event->registers[REG_A1];
    const struct invocation *invocation = invocation_of(message_label(info));
    switch (event->event) {
    case SIM_EVENT_SYSCALL:
        snprintf(text, size, "%s, label %" PRIu64 " (%s), length %" PRIu32 ", %" PRIu32 " caps",
                 or_else(syscall_name(event->registers[REG_A7]), "unknown system call"),
                 message_label(info), invocation == NULL ? "none" : invocation->name,
                 message_length(info), message_extra_caps(info));
        break;
    case SIM_EVENT_FAULT:
        snprintf(text, size, "exception %" PRIu64 ", value 0x%" PRIx64, event->a, event->b);
        break;
    case SIM_EVENT_IRQ:
        snprintf(text, size, "interrupt %" PRIu64, event->a);
        break;
    case SIM_EVENT_TICK:
        snprintf(text, size, "timer interrupt");
        break;
    }
}

static bool work_looks(struct oracle *oracle, struct oracle_find *find)
{
    struct work_event work = {.world = oracle->world,
                              .objects = oracle->objects,
                              .event = &oracle->event,
                              .polls = sim_polls(oracle->world->sim) - oracle->event.polls};
    uint64_t steps = watch_most_steps();
    if (steps > oracle->work.steps && !work_is_debug_call(&oracle->event)) {
        oracle->work.steps = steps;
        oracle->work.input = oracle->inputs;
        oracle->work.entry = oracle->entries;
        oracle_describe(&oracle->event, oracle->work.what, sizeof oracle->work.what);
    }
    return work_check(&work, find);
}

/* --- After an entry, and at the end ----------------------------------------------------------- */

/* One of 2 to that power, by a hash: so an input that finds something finds it alone, too. */
static bool is_chosen(uint64_t hash, uint32_t power)
{
    hash = (hash ^ hash >> 32) * 0x9E3779B97F4A7C15u;
    return hash >> (64 - power) == 0;
}

/* kernel_check() takes longer than an input. It looks after entries that may have broken something:
 * registers alone are no structure, and a call that fails writes few other lines. */
static bool looks_at_kernel(const struct oracle *oracle)
{
    return oracle->level == ORACLE_FULL || (oracle->objects->change_count > CHANGES_OF_FAILURE &&
                                            is_chosen(oracle->played, POWER_ENTRIES));
}

static bool look(struct oracle *oracle, struct oracle_find *find)
{
    bool full = oracle->level == ORACLE_FULL;
    const struct oracle_event *event = &oracle->event;
    objects_update(oracle->objects);
    return work_looks(oracle, find) && (!looks_at_kernel(oracle) || kernel_valid(oracle, find)) &&
           leak_check(oracle->leak, event, find) &&
           order_check(oracle->world, oracle->objects, find) &&
           schedule_check(oracle->world, oracle->objects, find) &&
           remains_check(oracle->objects, find) && limits_check(oracle->world, event, find) &&
           patience_check(&oracle->patience, find) && tlb_check(oracle->world, find) &&
           authority_check(oracle->authority, full, find) &&
           integrity_check(oracle->integrity, event, find) &&
           (!full || memory_check(oracle->world, find));
}

void oracle_after(struct oracle *oracle)
{
    if (oracle->found || oracle->ending) {
        return;
    }
    struct oracle_find find = {.entry = oracle->entries};
    bool good = kernel_runs(oracle, &find);
    /* DebugHalt leaves the kernel in the middle of the call. */
    if (good && oracle->level != ORACLE_OFF && sim_status(oracle->world->sim) == SIM_RUNNING) {
        good = look(oracle, &find);
    }
    if (good) {
        return;
    }
    oracle->found = true;
    oracle->find = find;
}

/* Everything that does not follow from the lines that the last event wrote. */
static bool look_at_all(struct oracle *oracle, struct oracle_find *find)
{
    return kernel_valid(oracle, find) && memory_check(oracle->world, find) &&
           memory_check_free(oracle->world, find) && authority_check(oracle->authority, true, find);
}

static bool take_back(struct oracle *oracle, struct oracle_find *find)
{
    char what[256];
    struct world *world = oracle->world;
    oracle->ending = true;
    if (!world_revoke(world, what, sizeof what)) {
        return oracle_fail(find, "memory", "not as after boot once all is revoked: %s", what);
    }
    world_reset(world, world->topology);
    return world_is_reset(world, what, sizeof what) ||
           oracle_fail(find, "residue", "not as built after a reset: %s", what);
}

void oracle_end(struct oracle *oracle)
{
    struct oracle_find find = {.entry = 0};
    bool full = oracle->level == ORACLE_FULL;
    uint64_t hash = mix(mix(oracle->played, sim_now(oracle->world->sim)), oracle->entries);
    bool all = full || is_chosen(hash, POWER_ALL);
    if (oracle->level == ORACLE_OFF || oracle->found ||
        sim_status(oracle->world->sim) != SIM_RUNNING) {
        return;
    }
    if (!all && (!is_chosen(~hash, POWER_INPUTS) || kernel_valid(oracle, &find))) {
        return;
    }
    if (all && look_at_all(oracle, &find) && (!full || take_back(oracle, &find))) {
        return;
    }
    oracle->found = true;
    oracle->find = find;
}

const struct oracle_find *oracle_find(const struct oracle *oracle)
{
    return oracle->found ? &oracle->find : NULL;
}

const struct oracle_work *oracle_work(const struct oracle *oracle)
{
    return &oracle->work;
}
