/* SPDX-License-Identifier: BSD-2-Clause */

/* Interpreted user code: the current thread's registers and the simulated MMU, given to the RV64
 * interpreter; what it stops for, given to the kernel.
 *
 * The interpreter keeps host addresses of pages, by ASID: exactly what the TLB model remembers, and
 * forgotten whenever that forgets something.
 */
#include <stdlib.h>
#include <string.h>

#include "core/bits.h"
#include "core/kernel.h"
#include "hosted/rv64/rv64.h"
#include "hosted/state.h"

enum { INSTRUCTIONS_PER_TICK = 100 };

/* Instructions between two looks at whether anything else is due, if nothing is foreseen. */
#define LONG_RUN ((uint64_t)1 << 30)

struct user {
    struct rv64 *rv64;
    struct rv64_state state;
    uint64_t counted; /* Of this run's instructions, how many the clock shows. */
};

static uint64_t per_tick(const struct sim *sim)
{
    uint64_t n = sim->config.instructions_per_tick;
    return n == 0 ? INSTRUCTIONS_PER_TICK : n;
}

/* `retired` instructions of this run are done: the clock moves. */
static void count(struct sim *sim, uint64_t retired)
{
    struct machine *m = &sim->machine;
    uint64_t more = retired - sim->user->counted;
    uint64_t part = m->part + more;
    sim->user->counted = retired;
    m->instructions += more;
    m->part = part % per_tick(sim);
    m->now = saturating_add(m->now, part / per_tick(sim));
}

/* --- What the interpreter asks for ------------------------------------------------------------ */

static enum sim_access access_of(enum rv64_access access)
{
    static const enum sim_access kinds[] = {
        [RV64_FETCH] = SIM_FETCH, [RV64_LOAD] = SIM_LOAD, [RV64_STORE] = SIM_STORE};
    return kinds[access];
}

static uint64_t bus_translate(void *context, enum rv64_access access, uint64_t vaddr, void **page)
{
    struct sim *sim = context;
    uint64_t paddr;
    uint64_t cause = sim_translate(sim, vaddr, access_of(access), &paddr);
    if (cause != 0) {
        return cause;
    }
    if (sim->config.tlb_limit != 0) {
        rv64_translations_changed(sim->user->rv64); /* It may have had to forget another one. */
    }
    *page = sim_ram(sim, align_down(paddr, 12), SIM_PAGE);
    return *page == NULL && access == RV64_FETCH ? RV64_CAUSE_FETCH_ACCESS : 0;
}

/* A device answers at the time of the instruction, and what it causes comes right after it. */
static uint64_t bus_access(void *context, enum rv64_access access, uint64_t retired, uint64_t vaddr,
                           uint32_t size, uint64_t *value, uint64_t *bad)
{
    struct sim *sim = context;
    count(sim, retired);
    rv64_stop(sim->user->rv64);
    return mmu_access(sim, access_of(access), vaddr, size, value, bad);
}

static uint64_t bus_time(void *context, uint64_t retired)
{
    struct sim *sim = context;
    uint64_t part = sim->machine.part + retired - sim->user->counted;
    return saturating_add(sim->machine.now, part / per_tick(sim));
}

static struct user *user_get(struct sim *sim)
{
    if (sim->user != NULL) {
        return sim->user;
    }
    struct rv64_bus bus = {
        .context = sim, .translate = bus_translate, .access = bus_access, .time = bus_time};
    sim->user = calloc(1, sizeof *sim->user);
    if (sim->user == NULL || (sim->user->rv64 = rv64_create(&bus)) == NULL) {
        abort();
    }
    user_forget(sim);
    return sim->user;
}

void user_destroy(struct sim *sim)
{
    if (sim->user != NULL) {
        rv64_destroy(sim->user->rv64);
        free(sim->user);
    }
}

void user_translations_changed(struct sim *sim)
{
    if (sim->user != NULL) {
        rv64_translations_changed(sim->user->rv64);
    }
}

void user_after_kernel(struct sim *sim)
{
    if (sim->user != NULL) {
        rv64_memory_changed(sim->user->rv64);
        rv64_drop_reservation(sim->user->rv64);
    }
}

void user_forget(struct sim *sim)
{
    if (sim->user != NULL) {
        rv64_translations_changed(sim->user->rv64);
        user_after_kernel(sim);
        rv64_set_retired(sim->user->rv64, sim->machine.instructions);
    }
}

/* --- Running ---------------------------------------------------------------------------------- */

static enum rv64_stop run(struct sim *sim, uint64_t limit, struct rv64_exit *exit)
{
    struct user *user = user_get(sim);
    struct machine_core *core = &sim->machine.cores[sim->core];
    struct regs *regs = &sim_current(sim)->regs;
    memcpy(user->state.x, regs->x, sizeof user->state.x);
    user->state.pc = regs->pc;
    user->state.f = core->fpu;
    user->state.fpu = CONFIG_FPU && core->fpu_enabled;
    user->state.stop_pc = UINT64_MAX;
    user->counted = 0;
    rv64_set_space(user->rv64, core->asid);
    enum rv64_stop why = rv64_run(user->rv64, &user->state, limit, exit);
    memcpy(regs->x, user->state.x, sizeof user->state.x);
    regs->pc = user->state.pc;
    count(sim, exit->retired);
    return why;
}

static void trap(struct sim *sim, const struct rv64_exit *exit)
{
    if (exit->cause == RV64_CAUSE_ECALL) {
        sim_enter(sim, SIM_EVENT_SYSCALL, 0, 0);
    } else {
        sim_enter(sim, SIM_EVENT_FAULT, exit->cause, exit->value);
    }
}

void user_run(struct sim *sim)
{
    const struct machine *m = &sim->machine;
    uint64_t ticks = sim_next_moment(sim, UINT64_MAX) - m->now;
    uint64_t limit = LONG_RUN;
    if (ticks < LONG_RUN / per_tick(sim)) {
        limit = ticks * per_tick(sim) - m->part;
    }
    struct rv64_exit exit;
    if (run(sim, limit, &exit) == RV64_STOP_TRAP) {
        trap(sim, &exit);
    }
}

bool sim_user_run(struct sim *sim, uint64_t limit)
{
    while (limit > 0 && sim->status == SIM_RUNNING) {
        struct rv64_exit exit;
        enum rv64_stop why = run(sim, limit, &exit);
        limit -= min_u64(limit, exit.retired);
        sim_fire_scheduled(sim);
        if (why == RV64_STOP_TRAP) {
            trap(sim, &exit);
            return true;
        }
    }
    return false;
}

void sim_set_cycles(struct sim *sim, uint64_t cycles)
{
    sim_set_time(sim, cycles / per_tick(sim));
    sim->machine.part = cycles % per_tick(sim);
    rv64_set_retired(user_get(sim)->rv64, cycles);
}

uint64_t sim_instructions(const struct sim *sim)
{
    return sim->machine.instructions;
}
