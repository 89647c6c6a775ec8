/* SPDX-License-Identifier: BSD-2-Clause */

/* Running native threads: what they ask for (native.h), and which of them runs. */
#include <stdlib.h>
#include <string.h>

#include "core/bits.h"
#include "core/kernel.h"
#include "hosted/native.h"
#include "hosted/native_state.h"

/* --- Requests, on the scheduler's side -------------------------------------------------------- */

static void done(struct context *context)
{
    context->thread->regs.pc = context->entry_pc + (uint64_t)context->request + 4;
}

static void make_access(struct sim *sim, struct context *context, enum sim_access access)
{
    uint64_t bad;
    uint64_t cause =
        mmu_access(sim, access, context->address, context->size, &context->value, &bad);
    if (cause == 0) {
        done(context);
    } else {
        sim_enter(sim, SIM_EVENT_FAULT, cause, bad);
    }
}

static void make_pointer(struct sim *sim, struct context *context)
{
    uint64_t paddr = 0;
    enum sim_access access = context->write ? SIM_STORE : SIM_LOAD;
    uint64_t cause = sim_translate(sim, context->address, access, &paddr);
    if (cause != 0) {
        sim_enter(sim, SIM_EVENT_FAULT, cause, context->address);
        return;
    }
    context->value = (uint64_t)(uintptr_t)sim_ram(sim, paddr, 1);
    done(context);
}

static void make_work(struct sim *sim, struct context *context)
{
    if (context->value == 0) {
        done(context);
        return;
    }
    context->value = sim_advance_current(sim, context->value);
}

static void make_fpu(struct sim *sim, struct context *context)
{
    struct machine_core *core = &sim->machine.cores[sim->core];
    if (!CONFIG_FPU || !core->fpu_enabled) {
        sim_enter(sim, SIM_EVENT_FAULT, 2, 0);
        return;
    }
    if (context->request == REQUEST_FPU_SET) {
        core->fpu[context->address] = context->value;
    } else {
        context->value = core->fpu[context->address];
    }
    done(context);
}

static void make(struct sim *sim, struct context *context)
{
    switch (context->request) {
    case REQUEST_NONE:
        sim_fail(sim, "a native thread without a request", __FILE__, __LINE__);
        break;
    case REQUEST_ECALL:
        sim_enter(sim, SIM_EVENT_SYSCALL, 0, 0);
        break;
    case REQUEST_LOAD:
        context->value = 0;
        make_access(sim, context, SIM_LOAD);
        break;
    case REQUEST_STORE:
        make_access(sim, context, SIM_STORE);
        break;
    case REQUEST_POINTER:
        make_pointer(sim, context);
        break;
    case REQUEST_WORK:
        make_work(sim, context);
        break;
    case REQUEST_FPU_GET:
    case REQUEST_FPU_SET:
        make_fpu(sim, context);
        break;
    case REQUEST_EXCEPTION:
        sim_enter(sim, SIM_EVENT_FAULT, context->address, 0);
        break;
    }
}

/* The function has returned: on RISC-V it would jump to ra. */
static void after_return(struct sim *sim, struct context *context)
{
    struct regs *regs = &context->thread->regs;
    regs->pc = regs->x[REG_RA];
    native_release(sim, context);
}

/* A PC that is no native code: fetched from like any, and no instruction if that works. */
static void fetch_fault(struct sim *sim, uint64_t pc)
{
    uint64_t word = 0;
    uint64_t bad;
    uint64_t cause = mmu_access(sim, SIM_FETCH, pc, 4, &word, &bad);
    if (cause != 0) {
        sim_enter(sim, SIM_EVENT_FAULT, cause, bad);
    } else {
        sim_enter(sim, SIM_EVENT_FAULT, 2, word);
    }
}

static bool fetch_works(struct sim *sim, uint64_t pc)
{
    uint64_t paddr;
    uint64_t cause = sim_translate(sim, pc, SIM_FETCH, &paddr);
    if (cause != 0) {
        sim_enter(sim, SIM_EVENT_FAULT, cause, pc);
    }
    return cause == 0;
}

/* The current thread does what it does next. SIM_RUN_LIMIT: all is well. */
static enum sim_run_end dispatch(struct sim *sim)
{
    struct thread *thread = sim_current(sim);
    uint64_t pc = thread->regs.pc;
    struct context *context = native_context_of(sim->native, thread);
    if (sim->config.fetch_check && !fetch_works(sim, pc)) {
        return SIM_RUN_LIMIT;
    }
    if (context != NULL && pc == context->entry_pc + (uint64_t)context->request) {
        make(sim, context);
        return SIM_RUN_LIMIT;
    }
    if (context != NULL && pc == context->entry_pc + (uint64_t)context->request + 4) {
        native_resume(sim, context);
    } else if (native_entry_at(sim, pc) != NULL) {
        if (!native_start(sim, thread, native_entry_at(sim, pc))) {
            return SIM_RUN_FULL;
        }
        context = native_context_of(sim->native, thread);
    } else if (context == NULL && sim->config.interpret) {
        user_run(sim);
        return SIM_RUN_LIMIT;
    } else if (context == NULL && !sim->config.native_only) {
        return SIM_RUN_SCRIPTED;
    } else {
        fetch_fault(sim, pc);
        return SIM_RUN_LIMIT;
    }
    if (context->returned) {
        after_return(sim, context);
        fetch_fault(sim, thread->regs.pc);
    }
    return SIM_RUN_LIMIT;
}

enum sim_run_end sim_run(struct sim *sim, uint64_t max_events)
{
    native_get(sim);
    uint64_t end = max_events == 0 ? UINT64_MAX : saturating_add(sim->machine.events, max_events);
    end = min_u64(end, sim->limit);
    while (true) {
        sim_settle(sim);
        if (sim->status != SIM_RUNNING) {
            return SIM_RUN_STOPPED;
        }
        if (sim->machine.events >= end) {
            return SIM_RUN_LIMIT;
        }
        if (sim_is_idle(sim)) {
            if (!sim_run_idle(sim)) {
                return sim->status == SIM_RUNNING ? SIM_RUN_IDLE : SIM_RUN_STOPPED;
            }
            continue;
        }
        enum sim_run_end step = dispatch(sim);
        if (step != SIM_RUN_LIMIT) {
            return step;
        }
    }
}

const char *sim_run_complaint(const struct sim *sim, enum sim_run_end end)
{
    switch (end) {
    case SIM_RUN_STOPPED:
        break;
    case SIM_RUN_IDLE:
        return "all threads wait and nothing will ever wake them";
    case SIM_RUN_SCRIPTED:
        return "a thread runs code that is not native";
    case SIM_RUN_LIMIT:
        return "too many kernel entries";
    case SIM_RUN_FULL:
        return "too many native threads";
    }
    return sim_status(sim) == SIM_PANICKED ? sim_message(sim) : NULL;
}

/* --- Requests, on the thread's side ----------------------------------------------------------- */

static struct context *self(void)
{
    if (native_executing == NULL) {
        abort(); /* Called from outside any native thread. */
    }
    return native_executing->native->running;
}

static void ask(struct context *context, enum request request)
{
    struct native *n = native_executing->native;
    context->request = request;
    context->thread->regs.pc = context->entry_pc + (uint64_t)request;
    native_to_scheduler(n, context);
}

void albireo_native_ecall(struct native_regs *regs)
{
    struct context *context = self();
    uint64_t *x = context->thread->regs.x;
    memcpy(&x[REG_A0], regs->a, sizeof regs->a);
    x[REG_T0] = regs->t0;
    ask(context, REQUEST_ECALL);
    memcpy(regs->a, &x[REG_A0], sizeof regs->a);
    regs->t0 = x[REG_T0];
}

void *albireo_native_ipc_buffer(void)
{
    struct context *context = self();
    uint64_t *words = thread_buffer(native_executing->k, context->thread, false);
    return words == NULL ? native_executing->native->scratch : words;
}

uint64_t albireo_native_load(uint64_t vaddr, uint32_t size)
{
    struct context *context = self();
    context->address = vaddr;
    context->size = size;
    context->value = 0;
    ask(context, REQUEST_LOAD);
    return context->value;
}

void albireo_native_store(uint64_t vaddr, uint32_t size, uint64_t value)
{
    struct context *context = self();
    context->address = vaddr;
    context->size = size;
    context->value = value;
    ask(context, REQUEST_STORE);
}

void *albireo_native_pointer(uint64_t vaddr, bool write)
{
    struct context *context = self();
    context->address = vaddr;
    context->write = write;
    context->value = 0;
    ask(context, REQUEST_POINTER);
    return (void *)(uintptr_t)context->value; // NOLINT: made from a pointer in make_pointer().
}

void albireo_native_work(uint64_t ticks)
{
    struct context *context = self();
    context->value = ticks;
    ask(context, REQUEST_WORK);
}

uint64_t albireo_native_time(void)
{
    self();
    return native_executing->machine.now;
}

static void check_fpu_index(uint32_t index)
{
    if (index > 32) {
        abort();
    }
}

uint64_t albireo_native_fpu_get(uint32_t index)
{
    struct context *context = self();
    check_fpu_index(index);
    context->address = index;
    context->value = 0;
    ask(context, REQUEST_FPU_GET);
    return context->value;
}

void albireo_native_fpu_set(uint32_t index, uint64_t value)
{
    struct context *context = self();
    check_fpu_index(index);
    context->address = index;
    context->value = value;
    ask(context, REQUEST_FPU_SET);
}

void albireo_native_exception(uint64_t cause)
{
    struct context *context = self();
    context->address = cause;
    ask(context, REQUEST_EXCEPTION);
}

uint64_t albireo_native_tp(void)
{
    return self()->thread->regs.x[REG_TP];
}

void albireo_native_set_tp(uint64_t value)
{
    self()->thread->regs.x[REG_TP] = value;
}

uint64_t albireo_native_entry(void (*entry)(uint64_t argument))
{
    self();
    return sim_native_register(native_executing, entry);
}

bool albireo_native_active(void)
{
    return native_executing != NULL;
}
