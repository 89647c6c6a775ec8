/* SPDX-License-Identifier: BSD-2-Clause */

/* Creating and destroying simulators, their state, and the events of a scripted thread. */
#include <stdlib.h>
#include <string.h>

#include "core/bits.h"
#include "core/check.h"
#include "core/kernel.h"
#include "hosted/state.h"

/* Guest RAM has a fixed host address, so there is at most one. */
static struct sim *live;

void sim_config_default(struct sim_config *config)
{
    memset(config, 0, sizeof *config);
    sim_config_memory(config, SIM_RAM_SIZE);
    config->reserved_count = 1;
    config->reserved[0] = (struct boot_region){SIM_RAM_BASE, SIM_RAM_BASE + SIM_FIRMWARE_SIZE};
    /* The interrupt controllers of QEMU's virt board, in units of 2 MiB. */
    config->device_count = 2;
    config->devices[0] = (struct boot_region){0x2000000, 0x2200000};
    config->devices[1] = (struct boot_region){0xC000000, 0xC600000};
    config->image_vaddr = SIM_IMAGE_VADDR;
    config->image_size = SIM_IMAGE_SIZE;
    config->image_entry = SIM_IMAGE_VADDR;
    config->ticks_per_us = SIM_TICKS_PER_US;
    config->start_time = 1000000;
    config->irq_max = 95;
    config->irq_complete_at_claim = true;
    config->tlb_keep_invalid = true;
    config->check_every = 1;
}

void sim_config_memory(struct sim_config *config, uint64_t size)
{
    config->ram_count = 1;
    config->ram[0] = (struct boot_region){SIM_RAM_BASE, SIM_RAM_BASE + size};
}

static void machine_init(struct sim *sim)
{
    struct machine *m = &sim->machine;
    m->sim = sim;
    m->now = sim->config.start_time;
    sim->limit = UINT64_MAX;
    m->plic.max = sim->config.irq_max;
    for (uint32_t i = 0; i < SIM_DEVICES_MAX; i++) {
        m->alarms[i] = UINT64_MAX;
    }
    for (uint32_t i = 0; i < CONFIG_CORES; i++) {
        m->cores[i].deadline = UINT64_MAX;
    }
}

static bool check_irqs(const struct sim_config *config, struct sim_error *error)
{
    if (config->irq_max >= 1 && config->irq_max < CONFIG_IRQ_LIMIT) {
        return true;
    }
    snprintf(error->text, sizeof error->text, "irq_max is %u, not within 1..%d", config->irq_max,
             CONFIG_IRQ_LIMIT - 1);
    return false;
}

/* Everything but the memory for struct sim itself. */
static bool build(struct sim *sim, struct sim_error *error)
{
    if (!check_irqs(&sim->config, error) || !map_create(sim, error)) {
        return false;
    }
    machine_init(sim);
    if (sim->config.root_native != NULL) {
        sim->params.entry = sim_native_register(sim, sim->config.root_native);
    }
    enum boot_status status = BOOT_OK;
    sim_boot(sim, &status);
    if (sim->status != SIM_RUNNING) {
        snprintf(error->text, sizeof error->text, "panic during boot: %.200s", sim->message);
        return false;
    }
    if (status != BOOT_OK) {
        snprintf(error->text, sizeof error->text, "boot failed: %.200s", boot_status_text(status));
        return false;
    }
    if (sim->config.poll_every != 0) {
        sim_poll_every(sim, sim->config.poll_every);
    }
    if (sim->config.check_every != 0 && !sim_check(sim)) {
        snprintf(error->text, sizeof error->text, "after boot: %.200s", sim->message);
        return false;
    }
    return true;
}

struct sim *sim_create(const struct sim_config *config, struct sim_error *error)
{
    struct sim_error ignored;
    if (error == NULL) {
        error = &ignored;
    }
    error->text[0] = '\0';
    if (live != NULL) {
        snprintf(error->text, sizeof error->text,
                 "another simulator exists: its guest RAM occupies the fixed host addresses");
        return NULL;
    }
    struct sim *sim = calloc(1, sizeof *sim);
    if (sim == NULL) {
        snprintf(error->text, sizeof error->text, "out of memory");
        return NULL;
    }
    live = sim;
    sim->config = *config;
    if (!build(sim, error)) {
        sim_destroy(sim);
        return NULL;
    }
    return sim;
}

void sim_destroy(struct sim *sim)
{
    if (sim == NULL) {
        return;
    }
    user_destroy(sim);
    native_destroy(sim);
    map_destroy(sim);
    for (uint32_t i = 0; i < CONFIG_CORES; i++) {
        tlb_free(&sim->machine.cores[i].tlb);
    }
    free(sim->scratch);
    free(sim->console);
    free(sim);
    live = NULL;
}

enum sim_status sim_status(const struct sim *sim)
{
    return sim->status;
}

const char *sim_message(const struct sim *sim)
{
    return sim->message;
}

struct kernel *sim_kernel(const struct sim *sim)
{
    return sim->k;
}

const struct sim_config *sim_config_of(const struct sim *sim)
{
    return &sim->config;
}

const struct boot_params *sim_boot_params(const struct sim *sim)
{
    return &sim->params;
}

struct thread *sim_current(const struct sim *sim)
{
    return sim->k->cores[sim->core].current;
}

bool sim_is_idle(const struct sim *sim)
{
    return sim_current(sim) == sim->k->cores[sim->core].idle;
}

uint64_t sim_events(const struct sim *sim)
{
    return sim->machine.events;
}

uint64_t sim_checks(const struct sim *sim)
{
    return sim->checks;
}

void sim_select_core(struct sim *sim, uint32_t core)
{
    if (core >= CONFIG_CORES) {
        sim_fail(sim, "simulator misused: no such core", __FILE__, __LINE__);
        return;
    }
    sim->core = core;
}

void sim_set_costs(struct sim *sim, uint64_t entry_ticks, uint64_t access_ticks)
{
    sim->config.entry_ticks = entry_ticks;
    sim->config.access_ticks = access_ticks;
}

void sim_set_tlb(struct sim *sim, uint32_t limit, bool keep_invalid)
{
    for (uint32_t i = 0; i < CONFIG_CORES; i++) {
        tlb_clear(&sim->machine.cores[i].tlb);
    }
    user_translations_changed(sim);
    sim->config.tlb_limit = limit;
    sim->config.tlb_keep_invalid = keep_invalid;
}

void sim_console_put(struct sim *sim, char c)
{
    if (sim->console_length + 2 > sim->console_capacity) {
        size_t capacity = sim->console_capacity == 0 ? 256 : 2 * sim->console_capacity;
        char *console = realloc(sim->console, capacity);
        if (console == NULL) {
            abort();
        }
        sim->console = console;
        sim->console_capacity = capacity;
    }
    sim->console[sim->console_length++] = c;
    sim->console[sim->console_length] = '\0';
    if (sim->config.console != NULL) {
        fputc(c, sim->config.console);
    }
}

void sim_console_file(struct sim *sim, FILE *file)
{
    sim->config.console = file;
}

const char *sim_console(const struct sim *sim)
{
    return sim->console == NULL ? "" : sim->console;
}

void sim_console_clear(struct sim *sim)
{
    sim->console_length = 0;
    if (sim->console != NULL) {
        sim->console[0] = '\0';
    }
}

bool sim_check(struct sim *sim)
{
    if (sim->status != SIM_RUNNING) {
        return false;
    }
    uint64_t words = sim_guarded_scratch(sim);
    if (words > sim->scratch_count) {
        free(sim->scratch);
        sim->scratch = calloc(words, sizeof *sim->scratch);
        if (sim->scratch == NULL) {
            abort();
        }
        sim->scratch_count = words;
    }
    struct check_failure failure = {0};
    struct check_scratch scratch = {sim->scratch, sim->scratch_count};
    sim->checks++;
    bool valid = sim_guarded_check(sim, scratch, &failure);
    if (sim->status != SIM_RUNNING) {
        return false; /* The check itself panicked. */
    }
    if (!valid) {
        sim->status = SIM_PANICKED;
        snprintf(sim->message, sizeof sim->message, "invariant %s violated: %s (object %p)",
                 failure.invariant, failure.what, failure.object);
    }
    return valid;
}

void sim_syscall(struct sim *sim)
{
    if (sim->status == SIM_RUNNING && sim_is_idle(sim)) {
        sim_fail(sim, "simulator misused: a system call when idle", __FILE__, __LINE__);
    }
    sim_enter(sim, SIM_EVENT_SYSCALL, 0, 0);
    sim_settle(sim);
}

void sim_fault(struct sim *sim, uint64_t cause, uint64_t value)
{
    if (sim->status == SIM_RUNNING && sim_is_idle(sim)) {
        sim_fail(sim, "simulator misused: a fault when idle", __FILE__, __LINE__);
    }
    sim_enter(sim, SIM_EVENT_FAULT, cause, value);
    sim_settle(sim);
}

/* Illegal instruction, as for any floating-point instruction while the FPU is off. */
static bool fpu_usable(struct sim *sim, uint32_t index)
{
    if (sim->status != SIM_RUNNING) {
        return false;
    }
    if (index > 32 || sim_is_idle(sim)) {
        sim_fail(sim, "simulator misused: no such FP register, or idle", __FILE__, __LINE__);
        return false;
    }
    if (CONFIG_FPU && sim->machine.cores[sim->core].fpu_enabled) {
        return true;
    }
    sim_fault(sim, 2, 0);
    return false;
}

bool sim_fpu_get(struct sim *sim, uint32_t index, uint64_t *value)
{
    if (!fpu_usable(sim, index)) {
        return false;
    }
    *value = sim->machine.cores[sim->core].fpu[index];
    sim_settle(sim);
    return true;
}

bool sim_fpu_set(struct sim *sim, uint32_t index, uint64_t value)
{
    if (!fpu_usable(sim, index)) {
        return false;
    }
    sim->machine.cores[sim->core].fpu[index] = value;
    sim_settle(sim);
    return true;
}
