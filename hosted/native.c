/* SPDX-License-Identifier: BSD-2-Clause */

/* Native threads: C functions with a stack each, switched by swapcontext(). The kernel runs on the
 * caller's stack, the scheduler's side; a thread gets there by making a request and switching.
 *
 * Contexts and stacks lie in an arena at a fixed host address, so that a snapshot can copy them.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/bits.h"
#include "core/kernel.h"
#include "hosted/native_state.h"
#include "hosted/sanitizer.h"

#define ARENA_BASE 0x300000000000u

enum { DEFAULT_THREADS = 1024, STACK_SIZE = SANITIZED ? 0x40000 : 0x10000 };

struct sim *native_executing;

/* --- Registered functions --------------------------------------------------------------------- */

struct native *native_get(struct sim *sim)
{
    if (sim->native == NULL) {
        sim->native = aligned_alloc(_Alignof(struct native), sizeof *sim->native);
        if (sim->native == NULL) {
            abort();
        }
        memset(sim->native, 0, sizeof *sim->native);
        sim->native->entry_capacity = (uint32_t)(sim->config.image_size / 2 / NATIVE_SLOT);
        sim->native->entries = calloc(sim->native->entry_capacity, sizeof(sim_native_entry *));
    }
    return sim->native;
}

/* The upper half of the user image. */
static uint64_t window(const struct sim *sim)
{
    return sim->config.image_vaddr + sim->config.image_size / 2;
}

uint64_t sim_native_register(struct sim *sim, sim_native_entry *entry)
{
    struct native *n = native_get(sim);
    uint32_t i = 0;
    while (i < n->entry_count && n->entries[i] != entry) {
        i++;
    }
    if (i == n->entry_capacity) {
        return 0;
    }
    if (i == n->entry_count) {
        n->entries[n->entry_count++] = entry;
    }
    return window(sim) + i * (uint64_t)NATIVE_SLOT;
}

/* The function whose entry is at pc, or null. */
sim_native_entry *native_entry_at(const struct sim *sim, uint64_t pc)
{
    uint64_t offset = pc - window(sim);
    uint64_t index = offset / NATIVE_SLOT;
    if (offset % NATIVE_SLOT != 0 || index >= sim->native->entry_count) {
        return NULL;
    }
    return sim->native->entries[index];
}

/* --- Contexts --------------------------------------------------------------------------------- */

static char *stack_of(const struct native *n, const struct context *context)
{
    size_t index = (size_t)(context - n->arena->contexts);
    return (char *)n->arena + n->arena_size - (n->threads - index) * n->stack_size;
}

static bool arena_create(struct sim *sim)
{
    struct native *n = sim->native;
    uint64_t wanted = sim->config.native_stack_size;
    n->stack_size = align_up(wanted == 0 ? STACK_SIZE : wanted, 12) + SIM_PAGE; /* Guard page. */
    n->threads = sim->config.native_threads == 0 ? DEFAULT_THREADS : sim->config.native_threads;
    size_t head = align_up(sizeof(struct arena) + n->threads * sizeof(struct context), 12);
    n->arena_size = head + n->threads * n->stack_size;
    void *base = (void *)(uintptr_t)ARENA_BASE; // NOLINT: the arena is fixed.
    void *at = mmap(base, n->arena_size, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    if (at != base) {
        sim_fail(sim, "no memory for the stacks of native threads", __FILE__, __LINE__);
        return false;
    }
    n->arena = at;
    return true;
}

struct context *native_context_of(const struct native *n, const struct thread *thread)
{
    for (uint32_t i = 0; n->arena != NULL && i < n->arena->high; i++) {
        if (n->arena->contexts[i].thread == thread) {
            return &n->arena->contexts[i];
        }
    }
    return NULL;
}

void native_release(struct sim *sim, struct context *context)
{
    sanitizer_unpoison(stack_of(sim->native, context) + SIM_PAGE,
                       sim->native->stack_size - SIM_PAGE);
    context->thread = NULL;
}

static bool exists(const struct sim *sim, const struct thread *thread)
{
    const struct thread *t = sim->k->threads;
    while (t != NULL && t != thread) {
        t = t->all_next;
    }
    return t != NULL;
}

uint32_t sim_native_live(struct sim *sim)
{
    struct native *n = sim->native;
    uint32_t live = 0;
    for (uint32_t i = 0; n != NULL && n->arena != NULL && i < n->arena->high; i++) {
        struct context *context = &n->arena->contexts[i];
        if (context->thread != NULL && !exists(sim, context->thread)) {
            native_release(sim, context);
        }
        live += context->thread != NULL;
    }
    return live;
}

static struct context *context_free(const struct native *n)
{
    for (uint32_t i = 0; i < n->arena->high; i++) {
        if (n->arena->contexts[i].thread == NULL) {
            return &n->arena->contexts[i];
        }
    }
    return NULL;
}

/* An unused context, if need be one whose thread is gone; null if there is none. */
static struct context *context_new(struct sim *sim)
{
    struct native *n = sim->native;
    if (n->arena == NULL && !arena_create(sim)) {
        return NULL;
    }
    struct context *context = context_free(n);
    if (context == NULL && n->arena->high == n->threads) {
        sim_native_live(sim);
        context = context_free(n);
    }
    if (context == NULL && n->arena->high < n->threads) {
        context = &n->arena->contexts[n->arena->high++];
        /* Without this a stack that overflows would run into its neighbour. */
        mprotect(stack_of(n, context), SIM_PAGE, PROT_NONE);
        n->high = n->arena->high > n->high ? n->arena->high : n->high;
    }
    return context;
}

/* --- Switching -------------------------------------------------------------------------------- */

/* From the scheduler's side into a thread, until it makes its next request. */
void native_resume(struct sim *sim, struct context *context)
{
    struct native *n = sim->native;
    n->running = context;
    native_executing = sim;
    sanitizer_start_switch(&n->scheduler_fake, stack_of(n, context) + SIM_PAGE,
                           n->stack_size - SIM_PAGE);
    swapcontext(&n->scheduler, &context->uc);
    sanitizer_finish_switch(n->scheduler_fake, NULL, NULL);
    native_executing = NULL;
    n->running = NULL;
}

void native_to_scheduler(struct native *n, struct context *context)
{
    sanitizer_start_switch(&context->fake_stack, n->scheduler_stack, n->scheduler_size);
    swapcontext(&context->uc, &n->scheduler);
    sanitizer_finish_switch(context->fake_stack, &n->scheduler_stack, &n->scheduler_size);
}

/* First function on a thread's stack. */
static void trampoline(void)
{
    struct native *n = native_executing->native;
    struct context *context = n->running;
    sanitizer_finish_switch(NULL, &n->scheduler_stack, &n->scheduler_size);
    context->entry(context->thread->regs.x[REG_A0]);
    context->returned = true;
    native_to_scheduler(n, context);
}

/* getcontext() may formally return twice; it is kept where that clobbers nothing. */
static void prepare(const struct native *n, struct context *context)
{
    getcontext(&context->uc);
    context->uc.uc_stack.ss_sp = stack_of(n, context) + SIM_PAGE;
    context->uc.uc_stack.ss_size = n->stack_size - SIM_PAGE;
    makecontext(&context->uc, trampoline, 0);
}

bool native_start(struct sim *sim, struct thread *thread, sim_native_entry *entry)
{
    struct native *n = sim->native;
    struct context *context = native_context_of(n, thread);
    if (context != NULL) {
        native_release(sim, context); /* Whatever it was doing, it starts anew. */
    }
    context = context_new(sim);
    if (context == NULL) {
        return false;
    }
    memset(context, 0, sizeof *context);
    context->thread = thread;
    context->entry = entry;
    context->entry_pc = thread->regs.pc;
    prepare(n, context);
    native_resume(sim, context);
    return true;
}

/* --- Ending and snapshots --------------------------------------------------------------------- */

void native_destroy(struct sim *sim)
{
    if (sim->native == NULL) {
        return;
    }
    if (sim->native->arena != NULL) {
        munmap(sim->native->arena, sim->native->arena_size);
    }
    free(sim->native->entries);
    free(sim->native);
    sim->native = NULL;
}

bool native_arena(const struct sim *sim, void **base, size_t *size)
{
    if (sim->native == NULL || sim->native->arena == NULL) {
        return false;
    }
    *base = sim->native->arena;
    /* Stacks above these were never touched. */
    *size = sim->native->arena_size -
            (sim->native->threads - sim->native->high) * sim->native->stack_size;
    return true;
}
