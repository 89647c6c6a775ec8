/* SPDX-License-Identifier: BSD-2-Clause */

/* The root task's system calls, and its sleep. */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

#include "core/bits.h"
#include "core/config.h"
#include "core/ram.h"
#include "fuzz/api/world_internal.h"

enum {
    TRIES_MAX = 100000, /* Of a system call that is preempted: some on every 256 bytes. */
    WAKES_MAX = 64,
    MESSAGE_LABEL_SHIFT = 12,
    MESSAGE_CAPS_SHIFT = 7,
};

uint64_t root_slot(const struct world_state *w, uint32_t index)
{
    return w->info->empty.start + index;
}

bool root_fail(struct world_state *w, const char *format, ...)
{
    if (w->failed) {
        return false;
    }
    w->failed = true;
    va_list args;
    va_start(args, format);
    vsnprintf(w->error, sizeof w->error, format, args);
    va_end(args);
    return false;
}

static bool root_is_current(const struct world_state *w)
{
    return sim_status(w->world.sim) == SIM_RUNNING && sim_current(w->world.sim) == w->world.root;
}

bool root_wake(struct world_state *w)
{
    for (uint32_t i = 0; i < WAKES_MAX && !root_is_current(w); i++) {
        if (sim_status(w->world.sim) != SIM_RUNNING) {
            return root_fail(w, "%s", sim_message(w->world.sim));
        }
        sim_raise_irq(w->world.sim, WORLD_IRQ_ROOT);
    }
    return root_is_current(w) || root_fail(w, "the root task does not wake up");
}

/* Sets registers a0.. of the current thread and executes its ecall. */
static void trap(struct world_state *w, int64_t number, const uint64_t *a, uint32_t count)
{
    struct regs *regs = &sim_current(w->world.sim)->regs;
    watch_write(regs, sizeof *regs);
    for (uint32_t i = 0; i < count; i++) {
        regs->x[REG_A0 + i] = a[i];
    }
    regs->x[REG_A7] = (uint64_t)number;
    sim_syscall(w->world.sim);
}

void thread_syscall(struct world_state *w, int64_t number, uint64_t a0, uint64_t a6)
{
    const uint64_t a[] = {a0, 0, 0, 0, 0, 0, a6};
    trap(w, number, a, sizeof a / sizeof a[0]);
}

static uint64_t *root_buffer(const struct world_state *w)
{
    const struct thread *root = w->world.root;
    const struct cap *frame = &root->slots[THREAD_BUFFER].cap;
    return ram_words(w->world.k, frame->paddr + bits_low(root->buffer_vaddr, frame->bits));
}

/* Root's Call; if it is preempted or its slice ends within, it is at its ecall again. */
static bool call(struct world_state *w, uint64_t cap, uint64_t label, const uint64_t *words,
                 uint32_t length)
{
    const uint64_t a[] = {
        cap,      label << MESSAGE_LABEL_SHIFT | ABI_MSG_MAX_CAPS << MESSAGE_CAPS_SHIFT | length,
        words[0], words[1],
        words[2], words[3]};
    struct regs *regs = &w->world.root->regs;
    const uint64_t start = regs->pc;

    trap(w, ABI_SYS_CALL, a, sizeof a / sizeof a[0]);
    for (uint32_t i = 0; i < TRIES_MAX && root_is_current(w) && regs->pc == start; i++) {
        sim_syscall(w->world.sim);
    }
    if (sim_status(w->world.sim) != SIM_RUNNING) {
        return root_fail(w, "%s", sim_message(w->world.sim));
    }
    if (!root_is_current(w) || regs->pc == start) {
        return root_fail(w, "the root task's invocation %" PRIu64 " does not return", label);
    }
    uint64_t error = regs->x[REG_A1] >> MESSAGE_LABEL_SHIFT;
    return error == 0 || root_fail(w,
                                   "the root task's invocation %" PRIu64 " of capability %" PRIu64
                                   " fails with error %" PRIu64,
                                   label, cap, error);
}

bool root_call(struct world_state *w, uint64_t cap, uint64_t label, const struct root_args *args)
{
    const uint32_t count = sizeof args->words / sizeof args->words[0];
    if (w->failed) {
        return false;
    }
    uint64_t *buffer = root_buffer(w);
    watch_write(buffer, ABI_BUFFER_WORDS * sizeof *buffer);
    for (uint32_t i = ABI_MSG_REGISTERS; i < count; i++) {
        buffer[ABI_BUFFER_MSG + i] = args->words[i];
    }
    for (uint32_t i = 0; i < ABI_MSG_MAX_CAPS; i++) {
        buffer[ABI_BUFFER_CAPS + i] = args->caps[i];
    }
    return call(w, cap, label, args->words, count);
}

bool root_write_registers(struct world_state *w, uint64_t tcb, const uint64_t registers[32])
{
    enum { COUNT = 32, FIRST = 2 };
    if (w->failed) {
        return false;
    }
    uint64_t *buffer = root_buffer(w);
    watch_write(buffer, ABI_BUFFER_WORDS * sizeof *buffer);
    for (uint32_t i = ABI_MSG_REGISTERS - FIRST; i < COUNT; i++) {
        buffer[ABI_BUFFER_MSG + FIRST + i] = registers[i];
    }
    const uint64_t words[] = {0, COUNT, registers[0], registers[1]};
    return call(w, tcb, ABI_LABEL_TCB_WRITE_REGISTERS, words, FIRST + COUNT);
}

void root_name_thread(struct world_state *w, uint64_t tcb, const char *subsystem, uint32_t number)
{
    enum { NAME_SIZE = 32 };
    if (w->failed || !CONFIG_DEBUG) {
        return;
    }
    uint64_t *buffer = root_buffer(w);
    watch_write(buffer, ABI_BUFFER_WORDS * sizeof *buffer);
    snprintf((char *)(buffer + ABI_BUFFER_MSG), NAME_SIZE, "%s %u", subsystem, number);
    trap(w, ABI_SYS_DEBUG_NAME_THREAD, &tcb, 1);
}

void root_sleep(struct world_state *w)
{
    if (w->failed) {
        return;
    }
    uint64_t *buffer = root_buffer(w);
    watch_write(buffer, ABI_BUFFER_WORDS * sizeof *buffer);
    for (uint32_t i = 0; i < ABI_BUFFER_WORDS; i++) {
        buffer[i] = world_secret(WORLD_SUBSYSTEMS, 0x10000 + i);
    }
    struct regs *regs = &w->world.root->regs;
    watch_write(regs, sizeof *regs);
    for (uint32_t i = 1; i < 32; i++) {
        regs->x[i] = world_secret(WORLD_SUBSYSTEMS, i);
    }
    const uint64_t a0 = root_slot(w, ROOT_WAKE);
    trap(w, ABI_SYS_WAIT, &a0, 1);
    if (root_is_current(w) || sim_status(w->world.sim) != SIM_RUNNING) {
        root_fail(w, "the root task does not sleep");
    }
}
