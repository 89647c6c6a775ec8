/* SPDX-License-Identifier: BSD-2-Clause */

/* What user code has changed since the last event, for traces of calls: registers of the thread
 * that runs, and words of IPC buffers, whosever.
 *
 * The shadow is what a machine that replays the trace would hold. There, a word of memory is zero
 * until a line of the trace or the kernel writes it, and user code never does.
 */
#include <stdlib.h>
#include <string.h>

#include "hosted/trace/describe.h"

/* One IPC buffer that has been seen. */
struct buffer {
    uint64_t paddr;
    uint64_t seen; /* The round it was last some thread's buffer in. */
    uint64_t words[TRACE_BUFFER_WORDS];
};

struct trace_shadow {
    bool started;
    uint64_t round; /* Counts events, from 1. */
    uint64_t regs[TRACE_REGISTERS];
    struct buffer **table; /* By address: open addressing, a power of two, at most half full. */
    uint32_t size;
    uint32_t count;
};

struct trace_shadow *trace_shadow_create(void)
{
    struct trace_shadow *shadow = calloc(1, sizeof *shadow);
    if (shadow == NULL) {
        abort();
    }
    return shadow;
}

void trace_shadow_free(struct trace_shadow *shadow)
{
    if (shadow == NULL) {
        return;
    }
    for (uint32_t i = 0; i < shadow->size; i++) {
        free(shadow->table[i]);
    }
    free(shadow->table);
    free(shadow);
}

/* --- The table of buffers --------------------------------------------------------------------- */

static struct buffer **place_of(struct buffer **table, uint32_t size, uint64_t paddr)
{
    uint32_t at = (uint32_t)((paddr >> ABI_IPC_BUFFER_BITS) * 0x9E3779B97F4A7C15u >> 32);
    for (;;) {
        struct buffer **place = &table[at % size];
        if (*place == NULL || (*place)->paddr == paddr) {
            return place;
        }
        at++;
    }
}

static void grow(struct trace_shadow *shadow)
{
    uint32_t size = shadow->size == 0 ? 64 : 2 * shadow->size;
    struct buffer **table = calloc(size, sizeof *table);
    if (table == NULL) {
        abort();
    }
    for (uint32_t i = 0; i < shadow->size; i++) {
        if (shadow->table[i] != NULL) {
            *place_of(table, size, shadow->table[i]->paddr) = shadow->table[i];
        }
    }
    free(shadow->table);
    shadow->table = table;
    shadow->size = size;
}

static struct buffer *buffer_at(struct trace_shadow *shadow, uint64_t paddr)
{
    if (2 * shadow->count >= shadow->size) {
        grow(shadow);
    }
    struct buffer **place = place_of(shadow->table, shadow->size, paddr);
    if (*place == NULL) {
        *place = calloc(1, sizeof **place);
        if (*place == NULL) {
            abort();
        }
        (*place)->paddr = paddr;
        shadow->count++;
    }
    return *place;
}

/* --- Comparing -------------------------------------------------------------------------------- */

/* The words that the kernel never reads, but for DebugNameThread, whose name is in the event. */
static bool is_private(uint32_t word)
{
    return word < ABI_BUFFER_MSG + ABI_MSG_REGISTERS || word == ABI_BUFFER_MSG + ABI_MSG_MAX_LENGTH;
}

/* The caller's words that the event itself names, as a mask. */
static void mark_implied(const struct trace_action *action, bool *implied)
{
    memset(implied, 0, TRACE_BUFFER_WORDS);
    for (uint32_t i = 0; i < action->word_count; i++) {
        implied[action->words[i].at] = true;
    }
}

static void compare_buffer(struct trace_shadow *shadow, uint64_t paddr, const uint64_t *words,
                           const bool *implied, struct trace_event *out)
{
    struct buffer *buffer = buffer_at(shadow, paddr);
    /* While it was nobody's, the kernel may have cleared it. */
    bool stale = buffer->seen + 1 < shadow->round;
    if (buffer->seen == shadow->round) {
        return; /* Of another thread, too. */
    }
    buffer->seen = shadow->round;
    for (uint32_t i = 0; i < TRACE_BUFFER_WORDS; i++) {
        bool same = words[i] == buffer->words[i] && !(stale && words[i] != 0);
        if (is_private(i) || same) {
            continue;
        }
        buffer->words[i] = words[i];
        if (implied == NULL || !implied[i]) {
            trace_event_add_word(out, paddr + 8 * (uint64_t)i, words[i]);
        }
    }
}

static int by_address(const void *a, const void *b)
{
    const struct trace_word *first = a;
    const struct trace_word *second = b;
    return first->at < second->at ? -1 : first->at > second->at;
}

static void compare_memory(struct trace_shadow *shadow, const struct sim *sim,
                           const struct trace_action *action, struct trace_event *out)
{
    const struct thread *current = look_current(sim);
    bool implied[TRACE_BUFFER_WORDS];
    mark_implied(action, implied);
    uint64_t own = look_buffer(sim, current, false);
    if (own != 0) {
        compare_buffer(shadow, own, sim_ram(sim, own, 1024), implied, out);
    }
    const struct thread *thread = sim->k->threads;
    for (uint32_t i = 0; thread != NULL && i < LOOK_THREADS_MAX; i++) {
        if (!look_good(sim, thread, sizeof *thread)) {
            break;
        }
        uint64_t paddr = look_buffer(sim, thread, false);
        if (paddr != 0) {
            compare_buffer(shadow, paddr, sim_ram(sim, paddr, 1024), NULL, out);
        }
        thread = thread->all_next;
    }
    if (out->word_count > 1) {
        qsort(out->words, out->word_count, sizeof *out->words, by_address);
    }
}

static void compare_registers(struct trace_shadow *shadow, const struct thread *thread,
                              const struct trace_action *action, struct trace_event *out)
{
    for (uint32_t i = 1; i < TRACE_REGISTERS; i++) {
        uint64_t value = i == TRACE_PC ? thread->regs.pc : thread->regs.x[i];
        if ((action->set >> i & 1) == 0 && value != shadow->regs[i]) {
            out->regs[out->reg_count++] = (struct trace_word){i, value};
        }
    }
}

/* At boot the root thread has its entry point in the pc, BootInfo's address in a0, and zeros. */
static void start(struct trace_shadow *shadow, const struct sim *sim, const struct thread *thread)
{
    shadow->started = true;
    if (!look_is_idle(sim, thread)) {
        shadow->regs[TRACE_PC] = sim->params.entry;
        shadow->regs[REG_A0] = ~thread->regs.x[REG_A0]; /* Always shown. */
    }
}

void shadow_before(struct trace_shadow *shadow, const struct sim *sim, struct trace_event *out)
{
    const struct thread *thread = look_current(sim);
    struct trace_action action;
    struct trace_error error;
    shadow->round++;
    if (!shadow->started) {
        start(shadow, sim, thread);
    }
    if (!trace_read_what(out->what, &action, &error)) {
        action = (struct trace_action){0}; /* Then nothing is left out. */
    }
    if (!look_is_idle(sim, thread)) {
        compare_registers(shadow, thread, &action, out);
    }
    compare_memory(shadow, sim, &action, out);
}

void shadow_after(struct trace_shadow *shadow, const struct sim *sim)
{
    const struct thread *current = look_current(sim);
    shadow->started = true;
    memcpy(shadow->regs, current->regs.x, sizeof current->regs.x);
    shadow->regs[TRACE_PC] = current->regs.pc;
    /* What the kernel has written, it also writes in a replay. */
    for (uint32_t i = 0; i < shadow->size; i++) {
        struct buffer *buffer = shadow->table[i];
        if (buffer == NULL || buffer->seen != shadow->round) {
            continue;
        }
        const uint64_t *words = sim_ram(sim, buffer->paddr, sizeof buffer->words);
        for (uint32_t k = 0; words != NULL && k < TRACE_BUFFER_WORDS; k++) {
            buffer->words[k] = is_private(k) ? 0 : words[k];
        }
    }
}
