/* SPDX-License-Identifier: BSD-2-Clause */

/* Virtual time, and when interrupts are taken. */
#include "core/bits.h"
#include "core/kernel.h"
#include "hosted/state.h"

/* A kernel that leaves its timer due without time passing would be entered for ever. */
enum { TICK_STORM = 100000 };

/* The idle core's timer may be armed for a time that stands for never. */
#define FAR_FUTURE ((uint64_t)1 << 55)

static bool timer_due(const struct sim *sim)
{
    return sim->machine.now >= sim->machine.cores[sim->core].deadline;
}

/* A device's alarm that is due is off before it rings, so the device may set it again. */
static void ring_alarms(struct sim *sim)
{
    struct machine *m = &sim->machine;
    for (uint32_t i = 0; i < sim->device_count; i++) {
        if (m->alarms[i] == UINT64_MAX || m->alarms[i] > m->now) {
            continue;
        }
        bool busy = sim->busy;
        m->alarms[i] = UINT64_MAX;
        sim->busy = true; /* Interrupts that it raises come afterwards. */
        sim->devices[i].alarm(sim->devices[i].context);
        sim->busy = busy;
    }
}

void sim_fire_scheduled(struct sim *sim)
{
    struct machine *m = &sim->machine;
    ring_alarms(sim);
    for (uint32_t i = 0; i < m->scheduled_count;) {
        if (m->scheduled[i].at > m->now) {
            i++;
            continue;
        }
        plic_raise(&m->plic, m->scheduled[i].line);
        m->scheduled[i] = m->scheduled[--m->scheduled_count];
    }
}

void sim_settle(struct sim *sim)
{
    struct machine *m = &sim->machine;
    uint32_t ticks = 0;
    while (sim->status == SIM_RUNNING && !sim->hold && m->events < sim->limit) {
        sim_fire_scheduled(sim);
        /* External interrupts come first, docs/abi/10 section 10.6. */
        if (plic_any(&m->plic, sim->core)) {
            sim_enter(sim, SIM_EVENT_IRQ, plic_claim(&m->plic, sim->core), 0);
            continue;
        }
        if (!timer_due(sim)) {
            return;
        }
        sim_enter(sim, SIM_EVENT_TICK, 0, 0);
        if (++ticks > TICK_STORM) {
            sim_fail(sim, "the timer is due again and again", __FILE__, __LINE__);
        }
        /* The kernel arms its timer a little early and may find nothing to do yet. A real clock
         * moves on meanwhile. */
        if (sim->status == SIM_RUNNING && timer_due(sim)) {
            m->now = saturating_add(m->now, 1);
        }
    }
}

uint64_t sim_next_moment(const struct sim *sim, uint64_t limit)
{
    const struct machine *m = &sim->machine;
    uint64_t next = limit;
    uint64_t deadline = m->cores[sim->core].deadline;
    if (deadline > m->now) {
        next = min_u64(next, deadline);
    }
    for (uint32_t i = 0; i < m->scheduled_count; i++) {
        if (m->scheduled[i].at > m->now) {
            next = min_u64(next, m->scheduled[i].at);
        }
    }
    for (uint32_t i = 0; i < sim->device_count; i++) {
        if (m->alarms[i] > m->now) {
            next = min_u64(next, m->alarms[i]);
        }
    }
    return next;
}

static bool may_advance(const struct sim *sim)
{
    return sim->status == SIM_RUNNING && sim->machine.events < sim->limit;
}

void sim_advance(struct sim *sim, uint64_t ticks)
{
    uint64_t target = saturating_add(sim->machine.now, ticks);
    sim_settle(sim);
    while (may_advance(sim) && sim->machine.now < target) {
        sim->machine.now = sim_next_moment(sim, target);
        sim_settle(sim);
    }
}

uint64_t sim_advance_current(struct sim *sim, uint64_t ticks)
{
    const struct thread *thread = sim_current(sim);
    uint64_t target = saturating_add(sim->machine.now, ticks);
    while (may_advance(sim) && sim->machine.now < target) {
        sim->machine.now = sim_next_moment(sim, target);
        sim_settle(sim);
        if (sim_current(sim) != thread) {
            break;
        }
    }
    return target - min_u64(target, sim->machine.now);
}

bool sim_run_idle(struct sim *sim)
{
    if (!may_advance(sim) || !sim_is_idle(sim)) {
        return false;
    }
    uint64_t next = sim_next_moment(sim, UINT64_MAX);
    if (next == UINT64_MAX || next - sim->machine.now >= FAR_FUTURE) {
        return false;
    }
    sim->machine.now = next;
    sim_settle(sim);
    return true;
}

uint64_t sim_deadline(const struct sim *sim)
{
    return sim->machine.cores[sim->core].deadline;
}

uint64_t sim_now(const struct sim *sim)
{
    return sim->machine.now;
}

void sim_set_time(struct sim *sim, uint64_t now)
{
    if (now < sim->machine.now) {
        sim_fail(sim, "simulator misused: the clock set backwards", __FILE__, __LINE__);
        return;
    }
    sim->machine.now = now;
    sim_fire_scheduled(sim);
}

void sim_raise_irq(struct sim *sim, uint32_t line)
{
    plic_raise(&sim->machine.plic, line);
    if (!sim->busy) {
        sim_settle(sim);
    }
}

void sim_set_irq_level(struct sim *sim, uint32_t line, bool asserted)
{
    plic_set_level(&sim->machine.plic, line, asserted);
    if (!sim->busy) {
        sim_settle(sim);
    }
}

void sim_schedule_irq(struct sim *sim, uint32_t line, uint64_t time)
{
    struct machine *m = &sim->machine;
    if (m->scheduled_count == SIM_INJECTIONS_MAX) {
        sim_fail(sim, "simulator misused: too many interrupts scheduled", __FILE__, __LINE__);
        return;
    }
    m->scheduled[m->scheduled_count++] = (struct injection){.at = time, .line = line};
}

void sim_set_alarm(struct sim *sim, const void *context, uint64_t time)
{
    for (uint32_t i = 0; i < sim->device_count; i++) {
        if (sim->devices[i].context == context && sim->devices[i].alarm != NULL) {
            sim->machine.alarms[i] = time;
            return;
        }
    }
    sim_fail(sim, "simulator misused: an alarm for no device", __FILE__, __LINE__);
}

void sim_hold_irqs(struct sim *sim, bool hold)
{
    sim->hold = hold;
    sim_settle(sim);
}

bool sim_irq_pending(const struct sim *sim, uint32_t line)
{
    return line < CONFIG_IRQ_LIMIT && sim->machine.plic.pending[line];
}

bool sim_irq_enabled(const struct sim *sim, uint32_t line)
{
    return line < CONFIG_IRQ_LIMIT && sim->machine.plic.enabled[sim->core][line];
}

bool sim_irq_in_service(const struct sim *sim, uint32_t line)
{
    return line < CONFIG_IRQ_LIMIT && sim->machine.plic.in_service[line];
}

void sim_poll_every(struct sim *sim, uint32_t n)
{
    sim_tell_written(sim, &sim->k->work_units_per_poll, sizeof sim->k->work_units_per_poll);
    sim->k->work_units_per_poll = n;
}

static void inject(struct sim *sim, const struct injection *injection)
{
    struct machine *m = &sim->machine;
    if (m->injection_count == SIM_INJECTIONS_MAX || injection->at <= m->polls) {
        sim_fail(sim, "simulator misused: too many injections, or for no preemption point",
                 __FILE__, __LINE__);
        return;
    }
    m->injections[m->injection_count++] = *injection;
}

void sim_inject_at_preemption(struct sim *sim, uint64_t n, uint32_t line)
{
    inject(sim, &(struct injection){.at = sim->machine.polls + n, .line = line});
}

void sim_advance_at_preemption(struct sim *sim, uint64_t n, uint64_t ticks)
{
    inject(sim, &(struct injection){.at = sim->machine.polls + n, .time = ticks});
}

uint64_t sim_polls(const struct sim *sim)
{
    return sim->machine.polls;
}

void sim_clear_injections(struct sim *sim)
{
    sim->machine.injection_count = 0;
}
