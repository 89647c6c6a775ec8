/* SPDX-License-Identifier: BSD-2-Clause */

/* core/machine.h for a Linux process, and the way out of a kernel that has panicked. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bits.h"
#include "core/entry.h"
#include "core/kernel.h"
#include "core/machine.h"
#include "hosted/state.h"

/* The simulator whose kernel is executing: machine_panic() takes no state. */
static struct sim *executing;

/* An interrupt has been claimed elsewhere; 0: none. */
static void claimed(struct machine *m, uint64_t irq)
{
    if (irq >= 1 && irq < CONFIG_IRQ_LIMIT) {
        plic_claimed(&m->plic, (uint32_t)irq);
    }
}

bool machine_poll(struct machine *m, uint32_t core, uint64_t *now)
{
    m->polls++;
    for (uint32_t i = 0; i < m->injection_count;) {
        const struct injection *injection = &m->injections[i];
        if (injection->at != m->polls) {
            i++;
            continue;
        }
        if (injection->line == 0) {
            m->now = saturating_add(m->now, injection->time);
        } else {
            plic_raise(&m->plic, injection->line);
        }
        m->injections[i] = m->injections[--m->injection_count];
    }
    sim_fire_scheduled(m->sim);
    bool pending = plic_any(&m->plic, core) || m->now >= m->cores[core].deadline;
    if (m->sim->inputs.poll != NULL) {
        pending = m->sim->inputs.poll(m->sim->inputs.context, &m->now);
    }
    *now = m->now;
    if (m->sim->observer.poll != NULL) {
        m->sim->observer.poll(m->sim->observer.context, m->now, pending);
    }
    return pending;
}

uint32_t machine_irq_claim(struct machine *m, uint32_t core)
{
    if (m->sim->inputs.claim == NULL) {
        return plic_claim(&m->plic, core);
    }
    uint32_t irq = m->sim->inputs.claim(m->sim->inputs.context);
    claimed(m, irq);
    return irq;
}

void machine_irq_complete(struct machine *m, uint32_t core, uint32_t irq)
{
    plic_complete(&m->plic, core, irq);
}

void machine_irq_enable(struct machine *m, uint32_t core, uint32_t irq, bool enable)
{
    ASSERT(irq >= 1 && irq < CONFIG_IRQ_LIMIT);
    m->plic.enabled[core][irq] = enable;
}

void machine_irq_trigger(struct machine *m, uint32_t irq, bool edge)
{
    ASSERT(irq >= 1 && irq < CONFIG_IRQ_LIMIT);
    m->plic.edge[irq] = edge;
}

void machine_timer_set(struct machine *m, uint32_t core, uint64_t deadline)
{
    m->cores[core].deadline = deadline;
}

void machine_vspace_switch(struct machine *m, uint32_t core, uint64_t root_paddr, uint16_t asid)
{
    ASSERT(sim_ram(m->sim, root_paddr, SIM_PAGE) != NULL && is_aligned(root_paddr, 12));
    m->cores[core].root = root_paddr;
    m->cores[core].asid = asid;
}

void machine_tlb_flush_page(struct machine *m, uint16_t asid, uint64_t vaddr)
{
    for (uint32_t i = 0; i < CONFIG_CORES; i++) {
        tlb_flush_page(&m->cores[i].tlb, asid, vaddr);
    }
    user_translations_changed(m->sim);
}

void machine_tlb_flush_asid(struct machine *m, uint16_t asid)
{
    for (uint32_t i = 0; i < CONFIG_CORES; i++) {
        tlb_flush_asid(&m->cores[i].tlb, asid);
    }
    user_translations_changed(m->sim);
}

void machine_fpu_save(struct machine *m, uint32_t core, uint64_t *words)
{
    sim_tell_written(m->sim, words, FPU_WORDS * sizeof *words);
    memcpy(words, m->cores[core].fpu, FPU_WORDS * sizeof *words);
}

void machine_fpu_load(struct machine *m, uint32_t core, const uint64_t *words)
{
    memcpy(m->cores[core].fpu, words, FPU_WORDS * sizeof *words);
}

void machine_fpu_enable(struct machine *m, uint32_t core, bool enable)
{
    m->cores[core].fpu_enabled = enable;
}

void machine_console(struct machine *m, char c)
{
    sim_console_put(m->sim, c);
}

NORETURN void machine_halt(struct machine *m)
{
    m->sim->status = SIM_HALTED;
    longjmp(m->sim->escape, 1);
}

void sim_power_off(struct sim *sim, const char *complaint)
{
    if (sim->status != SIM_RUNNING) {
        return;
    }
    sim->status = complaint == NULL ? SIM_HALTED : SIM_PANICKED;
    if (complaint != NULL) {
        snprintf(sim->message, sizeof sim->message, "%s", complaint);
    }
}

void sim_fail(struct sim *sim, const char *what, const char *file, int line)
{
    sim->status = SIM_PANICKED;
    snprintf(sim->message, sizeof sim->message, "%s:%d: %s", file, line, what);
}

NORETURN void machine_panic(const char *what, const char *file, int line)
{
    if (executing == NULL) {
        fprintf(stderr, "panic outside any simulator: %s:%d: %s\n", file, line, what);
        abort();
    }
    sim_fail(executing, what, file, line);
    longjmp(executing->escape, 1);
}

static void deliver(struct sim *sim, enum sim_event event, uint64_t a, uint64_t b)
{
    struct kernel *k = sim->k;
    uint64_t now = sim->machine.now;
    switch (event) {
    case SIM_EVENT_SYSCALL:
        kernel_on_syscall(k, sim->core, now);
        break;
    case SIM_EVENT_FAULT:
        kernel_on_fault(k, sim->core, now, a, b);
        break;
    case SIM_EVENT_IRQ:
        kernel_on_irq(k, sim->core, now, (uint32_t)a);
        break;
    case SIM_EVENT_TICK:
        kernel_on_tick(k, sim->core, now);
        break;
    }
}

/* setjmp() is kept in a function of its own, with no locals that could be clobbered. */
static void guarded(struct sim *sim, enum sim_event event, uint64_t a, uint64_t b)
{
    executing = sim;
    if (setjmp(sim->escape) == 0) {
        deliver(sim, event, a, b);
    }
    executing = NULL;
}

void sim_enter(struct sim *sim, enum sim_event event, uint64_t a, uint64_t b)
{
    if (sim->status != SIM_RUNNING) {
        return;
    }
    sim->machine.events++;
    sim->machine.now = saturating_add(sim->machine.now, sim->config.entry_ticks);
    sim->busy = true;
    if (sim->observer.before != NULL) {
        sim->observer.before(sim->observer.context, event, a, b);
    }
    guarded(sim, event, a, b);
    sim->busy = false;
    user_after_kernel(sim);
    if (sim->status == SIM_RUNNING && sim->config.check_every != 0 &&
        sim->machine.events % sim->config.check_every == 0) {
        sim_check(sim);
    }
    if (sim->observer.after != NULL) {
        sim->observer.after(sim->observer.context);
    }
}

void sim_observe(struct sim *sim, const struct sim_observer *observer)
{
    sim->observer = observer == NULL ? (struct sim_observer){.context = NULL} : *observer;
}

void sim_observe_writes(struct sim *sim, sim_written *written, void *context)
{
    sim->written = written;
    sim->written_context = context;
}

void sim_tell_written(struct sim *sim, void *at, uint64_t size)
{
    if (sim->written != NULL) {
        sim->written(sim->written_context, at, size);
    }
}

void sim_set_inputs(struct sim *sim, const struct sim_inputs *inputs)
{
    sim->inputs = inputs == NULL ? (struct sim_inputs){.context = NULL} : *inputs;
}

void sim_limit_events(struct sim *sim, uint64_t events)
{
    sim->limit = events;
}

void sim_fire(struct sim *sim, enum sim_event event, uint64_t a, uint64_t b)
{
    if (event == SIM_EVENT_IRQ) {
        claimed(&sim->machine, a);
    }
    sim_enter(sim, event, a, b);
}

void sim_boot(struct sim *sim, enum boot_status *status)
{
    executing = sim;
    if (setjmp(sim->escape) == 0) {
        *status = kernel_boot(sim->k, &sim->params);
    }
    executing = NULL;
}

uint64_t sim_guarded_scratch(struct sim *sim)
{
    volatile uint64_t words = 0;
    executing = sim;
    if (setjmp(sim->escape) == 0) {
        words = kernel_check_scratch(sim->k);
    }
    executing = NULL;
    return words;
}

bool sim_guarded_check(struct sim *sim, struct check_scratch scratch, struct check_failure *failure)
{
    volatile bool valid = true;
    executing = sim;
    if (setjmp(sim->escape) == 0) {
        valid = kernel_check(sim->k, scratch, failure);
    }
    executing = NULL;
    return valid;
}
