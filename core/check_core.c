/* SPDX-License-Identifier: BSD-2-Clause */

/* kernel_check(), cores: what they run, domains (D) and floating-point registers (F). */

#include "core/check_internal.h"

#include "core/bits.h"
#include "core/sched_context.h"
#include "core/thread.h"

enum { DURATION_BITS = 56 };

/* --- Domains ---------------------------------------------------------------------------------- */

static bool is_end_marker(const struct domain_entry *entry)
{
    return entry->duration == 0 && entry->domain == 0;
}

static bool check_schedule(struct check *c)
{
    const struct kernel *k = c->k;

    for (uint32_t i = 0; i < CONFIG_DOMAIN_SCHEDULE; i++) {
        const struct domain_entry *entry = &k->domain_schedule[i];
        REQUIRE(c, entry->domain < CONFIG_DOMAINS && bits_high(entry->duration, DURATION_BITS) == 0,
                "D1", "the entries of the domain schedule are in range", entry);
        REQUIRE(c, entry->duration != 0 || entry->domain == 0, "D1",
                "an entry without duration is an end marker", entry);
    }
    REQUIRE(c, is_end_marker(&k->domain_schedule[CONFIG_DOMAIN_SCHEDULE - 1]), "D2",
            "the domain schedule ends with an end marker", k);
    REQUIRE(c,
            k->domain_start < CONFIG_DOMAIN_SCHEDULE &&
                !is_end_marker(&k->domain_schedule[k->domain_start]),
            "D2", "the domain schedule starts at no end marker", k);
    return true;
}

static bool check_domain(struct check *c, const struct core *core)
{
    REQUIRE(c, core->domain < CONFIG_DOMAINS && core->domain_index < CONFIG_DOMAIN_SCHEDULE, "D3",
            "the current domain exists", core);
    REQUIRE(c, CONFIG_DOMAINS == 1 || core->domain_left != 0, "D3",
            "the current domain has time left", core);
    return true;
}

/* --- What runs -------------------------------------------------------------------------------- */

static bool check_idle(struct check *c, uint32_t index)
{
    const struct core *core = &c->k->cores[index];
    const struct thread *idle = &core->idle_thread;
    const struct sched_context *sc = &core->idle_sc;

    REQUIRE(c,
            core->idle == idle && idle->state == THREAD_IDLE && idle->core == index &&
                idle->queue == THREAD_QUEUE_NONE && idle->sc == sc && idle->bound_ntfn == NULL,
            "D4", "the idle thread is the core's own, and takes part in nothing", core);
    for (uint32_t i = 0; i < THREAD_SLOT_COUNT; i++) {
        REQUIRE(c, cap_is_null(&idle->slots[i].cap), "D4", "the idle thread has no capabilities",
                &idle->slots[i]);
    }
    REQUIRE(c,
            sc->thread == idle && sc->refills.ring == core->idle_refills &&
                sc->refills.period == 0 && sc->refills.max == 2 && sc->refills.count == 2 &&
                sc->refills.head < 2,
            "D4", "the idle thread has its own time", core);
    return true;
}

/* The current thread of this kernel entry's core, after the entry. */
static bool check_running(struct check *c, const struct core *core)
{
    const struct thread *current = core->current;

    REQUIRE(c, core->action == SCHED_KEEP && core->candidate == NULL, "D5",
            "all scheduling is done at the end of a kernel entry", core);
    REQUIRE(c, core->current_sc == current->sc, "D6", "the current thread's SC is charged", core);
    if (current == core->idle) {
        return true;
    }
    REQUIRE(c,
            current->state == THREAD_RUNNING && current->queue == THREAD_QUEUE_NONE &&
                check_has_active_sc(current),
            "D7", "the current thread can run and is in no queue", current);
    REQUIRE(c, current->core == c->k->this_core && current->domain == core->domain, "D7",
            "the current thread belongs to the core and to the current domain", current);
    REQUIRE(c, current->yield_to == NULL, "D7", "a thread that runs waits for no yield-to",
            current);
    return true;
}

static bool check_core(struct check *c, uint32_t index)
{
    const struct core *core = &c->k->cores[index];

    if (!check_domain(c, core) || !check_idle(c, index)) {
        return false;
    }
    REQUIRE(c, core->current == core->idle || check_is_thread(c, core->current), "D5",
            "the current thread exists", core);
    /* Other cores may still have to react to what was done here. */
    return index != c->k->this_core || check_running(c, core);
}

/* --- Floating point --------------------------------------------------------------------------- */

static bool check_fpu(struct check *c, uint32_t index)
{
    const struct core *core = &c->k->cores[index];
    const struct thread *owner = core->fpu_owner;

    REQUIRE(c, owner == NULL || (CONFIG_FPU && check_is_thread(c, owner)), "F1",
            "the owner of the FP registers exists", core);
    for (uint32_t other = 0; owner != NULL && other < index; other++) {
        REQUIRE(c, c->k->cores[other].fpu_owner != owner, "F1",
                "a thread's FP registers are on one core", owner);
    }
    if (index != c->k->this_core || core->current == core->idle) {
        return true;
    }
    bool wanted = CONFIG_FPU && (core->current->flags & ABI_TCB_FLAG_FPU_DISABLED) == 0;
    REQUIRE(c, check_bool(&core->fpu_enabled) == (wanted ? 1 : 0), "F2",
            "the FPU is on exactly if the current thread may use it", core);
    REQUIRE(c, !wanted || owner == core->current, "F3",
            "a thread that may use the FP registers owns them", core);
    return true;
}

bool check_cores(struct check *c)
{
    if (!check_schedule(c)) {
        return false;
    }
    for (uint32_t i = 0; i < CONFIG_CORES; i++) {
        if (!check_core(c, i) || !check_fpu(c, i)) {
            return false;
        }
    }
    return true;
}
