/* SPDX-License-Identifier: BSD-2-Clause */

/* No leaks: what an entry changed in registers and in memory that users read must have a source
 * that the contract names (source.h); new objects are zeros; nobody finds another's floating-point
 * registers.
 */
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "core/ipc.h"
#include "core/kernel.h"
#include "fuzz/oracle/objects.h"
#include "fuzz/oracle/oracle.h"
#include "fuzz/oracle/source.h"
#include "hosted/state.h"
#include "hosted/words.h"

enum {
    THREADS_MAX = 2048,
    WORDS_MAX = 4096, /* Changed words of user memory that are looked at. */
    TCB_SIZE = 1 << CONFIG_TCB_BITS,
    REGISTER_PC = offsetof(struct regs, pc) / 8,
    REGISTER_FAULT_PC = offsetof(struct regs, fault_pc) / 8,
    REGISTERS = sizeof(struct regs) / 8,
};

#define BIT(i) ((uint64_t)1 << (i))

/* A thread, and which of its registers the event has changed. */
struct looked {
    const struct thread *thread;
    uint64_t changed; /* Bit i: word i of struct regs. */
};

/* A thread's floating-point registers, as it must find them. */
struct fpu_shadow {
    const struct thread *thread;
    uint64_t words[FPU_WORDS];
};

struct leak {
    const struct world *world;
    struct objects *objects;
    const struct oracle_event *event; /* The one that is looked at. */
    uint32_t looked_count;            /* Threads with changed registers. */
    struct looked looked[THREADS_MAX];
    bool listed; /* All threads are in the list: not every event needs it. */
    uint32_t thread_count;
    const struct thread *threads[THREADS_MAX];
    uint32_t word_count;
    const uint64_t *words[WORDS_MAX];
    uint32_t shadow_count;
    struct fpu_shadow shadows[THREADS_MAX];
};

struct leak *leak_create(const struct world *world)
{
    struct leak *leak = calloc(1, sizeof *leak);
    if (leak == NULL) {
        return NULL;
    }
    leak->world = world;
    leak->objects = objects_share(world);
    if (leak->objects == NULL) {
        free(leak);
        return NULL;
    }
    return leak;
}

void leak_free(struct leak *leak)
{
    objects_release(leak->objects);
    free(leak);
}

/* What a thread is called in a find: its place in the world; addresses do not count there. */
static const char *thread_name(const struct leak *leak, const struct thread *thread)
{
    static const char *const names[WORLD_THREADS] = {"alpha 0", "alpha 1", "beta 0",
                                                     "beta 1",  "gamma 0", "gamma 1"};
    for (uint32_t i = 0; i < WORLD_THREADS; i++) {
        if (leak->world->threads[i] == thread) {
            return names[i];
        }
    }
    return thread == leak->world->root ? "root" : "a new thread";
}

/* --- Floating point --------------------------------------------------------------------------- */

static const struct machine_core *machine_core(const struct leak *leak)
{
    return &leak->world->sim->machine.cores[leak->world->sim->core];
}

static struct fpu_shadow *shadow_of(struct leak *leak, const struct thread *thread)
{
    for (uint32_t i = 0; i < leak->shadow_count; i++) {
        if (leak->shadows[i].thread == thread) {
            return &leak->shadows[i];
        }
    }
    if (leak->shadow_count == THREADS_MAX) {
        return NULL;
    }
    struct fpu_shadow *shadow = &leak->shadows[leak->shadow_count++];
    *shadow = (struct fpu_shadow){.thread = thread};
    return shadow;
}

static bool runs_fpu(const struct leak *leak, const struct thread *thread)
{
    return CONFIG_FPU && thread->state != THREAD_IDLE && machine_core(leak)->fpu_enabled;
}

/* The thread that now runs finds the registers that it left. */
static bool fpu_check(struct leak *leak, struct oracle_find *find)
{
    const struct thread *thread = sim_current(leak->world->sim);
    if (!runs_fpu(leak, thread)) {
        return true;
    }
    const struct fpu_shadow *shadow = shadow_of(leak, thread);
    if (shadow == NULL) {
        return true;
    }
    const uint64_t *loaded = machine_core(leak)->fpu;
    if (memcmp(loaded, shadow->words, sizeof shadow->words) == 0) {
        return true;
    }
    uint32_t i = 0;
    while (loaded[i] == shadow->words[i]) {
        i++;
    }
    return oracle_fail(find, "leak",
                       "floating-point register %" PRIu32 " of %s is 0x%" PRIx64
                       ", it left 0x%" PRIx64,
                       i, thread_name(leak, thread), loaded[i], shadow->words[i]);
}

void leak_start(struct leak *leak)
{
    const struct kernel *k = leak->world->k;
    objects_start(leak->objects);
    leak->shadow_count = 0;
    for (const struct thread *thread = k->threads; thread != NULL; thread = thread->all_next) {
        struct fpu_shadow *shadow = shadow_of(leak, thread);
        if (shadow == NULL) {
            return;
        }
        bool loaded = k->cores[leak->world->sim->core].fpu_owner == thread;
        memcpy(shadow->words, loaded ? machine_core(leak)->fpu : thread->fpu, sizeof shadow->words);
    }
}

void leak_before(struct leak *leak, const struct oracle_event *event)
{
    if (runs_fpu(leak, event->subject)) {
        struct fpu_shadow *shadow = shadow_of(leak, event->subject);
        if (shadow != NULL) {
            memcpy(shadow->words, machine_core(leak)->fpu, sizeof shadow->words);
        }
    }
}

/* --- What was changed ------------------------------------------------------------------------- */

/* All threads that there are. */
static void list_threads(struct leak *leak)
{
    if (leak->listed) {
        return;
    }
    leak->listed = true;
    leak->thread_count = 0;
    for (const struct thread *thread = leak->world->k->threads;
         thread != NULL && leak->thread_count < THREADS_MAX; thread = thread->all_next) {
        leak->threads[leak->thread_count++] = thread;
    }
}

static bool is_alive(struct leak *leak, const struct thread *thread)
{
    if (thread == sim_current(leak->world->sim)) {
        return true;
    }
    list_threads(leak);
    for (uint32_t i = 0; i < leak->thread_count; i++) {
        if (leak->threads[i] == thread) {
            return true;
        }
    }
    return false;
}

static struct looked *looked_at(struct leak *leak, const struct thread *thread)
{
    for (uint32_t i = 0; i < leak->looked_count; i++) {
        if (leak->looked[i].thread == thread) {
            return &leak->looked[i];
        }
    }
    return NULL;
}

static uint64_t changed_registers(struct leak *leak, const struct thread *thread)
{
    const struct looked *looked = looked_at(leak, thread);
    return looked == NULL ? 0 : looked->changed;
}

/* A line of a TCB object. Only those of threads that are still there count. */
static void note_registers(struct leak *leak, const struct object_change *change)
{
    uint64_t offset = (uint64_t)(uintptr_t)change->line->at % TCB_SIZE;
    if (offset >= sizeof(struct regs)) {
        return;
    }
    uint64_t changed = (uint64_t)change->changed << offset / 8 & (BIT(REGISTERS) - 1);
    const struct thread *thread =
        (const struct thread *)((uintptr_t)change->line->at - (uintptr_t)offset);
    struct looked *looked = looked_at(leak, thread);
    if (looked != NULL) {
        looked->changed |= changed;
    } else if (changed != 0 && leak->looked_count < THREADS_MAX && is_alive(leak, thread)) {
        leak->looked[leak->looked_count++] = (struct looked){thread, changed};
    }
}

/* Zeros are what memory is cleared to, also that of frames that are no more: they count in buffers
 * only. */
static void note_words(struct leak *leak, const struct object_change *change)
{
    const struct watch_line *line = change->line;
    bool buffer = false;
    list_threads(leak);
    for (uint32_t i = 0; i < leak->thread_count && !buffer; i++) {
        const uint64_t *start = source_buffer(leak->world, leak->threads[i], true);
        buffer = start != NULL && line->at >= start && line->at < start + ABI_BUFFER_WORDS;
    }
    for (uint32_t i = 0; i < WATCH_LINE_WORDS; i++) {
        bool changed = (change->changed >> i & 1) != 0 && (buffer || line->at[i] != 0);
        if (changed && leak->word_count < WORDS_MAX) {
            leak->words[leak->word_count++] = &line->at[i];
        }
    }
}

static void note_changes(struct leak *leak)
{
    const struct objects *objects = leak->objects;
    leak->looked_count = 0;
    leak->listed = false;
    leak->word_count = 0;
    for (uint32_t i = 0; i < objects->change_count; i++) {
        enum object_kind kind = object_kind(objects->changes[i].first);
        if (kind == OBJECT_TCB) {
            note_registers(leak, &objects->changes[i]);
        } else if (kind == OBJECT_FRAME) {
            note_words(leak, &objects->changes[i]);
        }
    }
}

/* --- Sources ---------------------------------------------------------------------------------- */

static struct source source_of(const struct leak *leak, const struct thread *to,
                               enum source_kind kind, const struct thread *from)
{
    return (struct source){
        .world = leak->world, .event = leak->event, .to = to, .kind = kind, .from = from};
}

/* The registers of `changed` that this source does not give. */
static uint64_t left_over(const struct source *source, uint64_t changed)
{
    uint64_t left = changed;
    if (!source_possible(source)) {
        return left;
    }
    for (uint32_t i = 0; i < 32; i++) {
        if ((changed & BIT(i)) != 0 && source_gives_register(source, i)) {
            left &= ~BIT(i);
        }
    }
    if ((changed & BIT(REGISTER_FAULT_PC)) != 0 && source_gives_fault_pc(source)) {
        left &= ~BIT(REGISTER_FAULT_PC);
    }
    return left;
}

/* Calls `each` for all sources that a thread might have, until one says true. */
typedef bool source_visitor(const struct source *source, void *context);

static bool any_source(struct leak *leak, const struct thread *to, source_visitor *each,
                       void *context)
{
    static const enum source_kind alone[] = {SOURCE_ANSWER, SOURCE_SIGNAL, SOURCE_YIELD,
                                             SOURCE_DEBUG};
    for (uint32_t i = 0; i < sizeof alone / sizeof *alone; i++) {
        struct source source = source_of(leak, to, alone[i], NULL);
        if (source_possible(&source) && each(&source, context)) {
            return true;
        }
    }
    struct source reply = source_of(leak, to, SOURCE_FAULT_REPLY, leak->event->subject);
    if (source_possible(&reply) && each(&reply, context)) {
        return true;
    }
    list_threads(leak);
    for (uint32_t i = 0; i < leak->thread_count; i++) {
        struct source message = source_of(leak, to, SOURCE_MESSAGE, leak->threads[i]);
        struct source fault = source_of(leak, to, SOURCE_FAULT, leak->threads[i]);
        if ((source_possible(&message) && each(&message, context)) ||
            (source_possible(&fault) && each(&fault, context))) {
            return true;
        }
    }
    return false;
}

/* What is left of a thread's changed registers by the source that explains most. */
struct register_search {
    uint64_t changed;
    uint64_t least;
};

static bool gives_all(const struct source *source, void *context)
{
    struct register_search *search = context;
    uint64_t left = left_over(source, search->changed);
    if (__builtin_popcountll(left) < __builtin_popcountll(search->least)) {
        search->least = left;
    }
    return left == 0;
}

/* The program counters follow each other: what is left of `changed`. */
static uint64_t without_pcs(const struct leak *leak, const struct looked *looked)
{
    const struct regs *regs = &looked->thread->regs;
    uint64_t changed = looked->changed;
    uint64_t pc = watch_before(&regs->pc);
    uint64_t fault_pc = watch_before(&regs->fault_pc);
    bool called = looked->thread == leak->event->subject && leak->event->event == SIM_EVENT_SYSCALL;
    uint64_t next = called ? pc + 4 : pc;

    if (regs->pc == fault_pc || regs->pc == pc || regs->pc == next || regs->pc == regs->fault_pc) {
        changed &= ~BIT(REGISTER_PC);
    }
    if (regs->fault_pc == pc || regs->fault_pc == next) {
        changed &= ~BIT(REGISTER_FAULT_PC);
    }
    return changed;
}

static bool registers_check(struct leak *leak, const struct looked *looked,
                            struct oracle_find *find)
{
    const struct thread *thread = looked->thread;
    struct source write = source_of(leak, thread, SOURCE_WRITE, leak->event->subject);
    uint64_t changed = left_over(&write, without_pcs(leak, looked));
    struct register_search search = {.changed = changed, .least = changed};
    if (changed == 0 || any_source(leak, thread, gives_all, &search)) {
        return true;
    }
    uint32_t index = (uint32_t)__builtin_ctzll(search.least);
    const uint64_t *word = (const uint64_t *)&thread->regs + index;
    char what[96];
    oracle_describe(leak->event, what, sizeof what);
    return oracle_fail(find, "leak",
                       "%s of %s is 0x%" PRIx64 ", was 0x%" PRIx64
                       ", which no message, answer or invocation explains: %s",
                       index < 32             ? words_register(index)
                       : index == REGISTER_PC ? "pc"
                                              : "fault pc",
                       thread_name(leak, thread), *word, watch_before(word), what);
}

/* --- User memory ------------------------------------------------------------------------------ */

struct word_search {
    const struct leak *leak;
    uint64_t changed; /* Registers of the thread, which the same source must give. */
    uint32_t index;   /* In its buffer. */
    uint64_t value;
};

static bool gives_word(const struct source *source, void *context)
{
    const struct word_search *search = context;
    return left_over(source, search->changed) == 0 &&
           source_gives_word(source, search->index, search->value);
}

/* The word belongs to a message that has arrived in this buffer. Threads may share one. */
static bool word_has_source(struct leak *leak, const uint64_t *word)
{
    list_threads(leak);
    for (uint32_t i = 0; i < leak->thread_count; i++) {
        const struct thread *thread = leak->threads[i];
        const struct looked looked = {thread, changed_registers(leak, thread)};
        const uint64_t *buffer = source_buffer(leak->world, thread, true);
        if (buffer == NULL || word < buffer || word >= buffer + ABI_BUFFER_WORDS) {
            continue;
        }
        struct word_search search = {.leak = leak,
                                     .changed = without_pcs(leak, &looked),
                                     .index = (uint32_t)(word - buffer),
                                     .value = *word};
        if (any_source(leak, thread, gives_word, &search)) {
            return true;
        }
    }
    return false;
}

/* The page is a frame now: walks the capabilities, for the map may be of what was there before. */
static bool in_frame(const struct leak *leak, const uint64_t *word)
{
    const struct kernel *k = leak->world->k;
    uint64_t paddr = (uint64_t)(uintptr_t)word - k->window;
    uint32_t number = k->cdt_root.next;
    for (uint32_t i = 0; number != 0 && i < 1u << 20; i++) {
        const struct slot *slot = k->slot_base + number;
        if (slot->cap.type == CAP_FRAME && paddr >= slot->cap.paddr &&
            paddr - slot->cap.paddr < BIT(slot->cap.bits)) {
            return true;
        }
        number = slot->next;
    }
    return false;
}

static bool words_check(struct leak *leak, struct oracle_find *find)
{
    for (uint32_t i = 0; i < leak->word_count; i++) {
        const uint64_t *word = leak->words[i];
        if (word_has_source(leak, word) || !in_frame(leak, word)) {
            continue;
        }
        char what[96];
        oracle_describe(leak->event, what, sizeof what);
        return oracle_fail(find, "leak",
                           "user memory at 0x%" PRIx64 " is 0x%" PRIx64 ", was 0x%" PRIx64
                           ", which no message or answer explains: %s",
                           (uint64_t)(uintptr_t)word - leak->world->k->window, *word,
                           watch_before(word), what);
    }
    return true;
}

/* --- New objects ------------------------------------------------------------------------------ */

/* How many bytes of a new object must be zeros, docs/abi/04 section 4.1: all, but for TCBs, whose
 * registers come first. Untypeds are looked at by memory.c. */
static uint64_t zero_bytes(const struct leak *leak, const struct cap *cap, uint64_t *base)
{
    uint64_t size = 0;
    if (!object_region(leak->world, cap, base, &size) || cap->type == CAP_UNTYPED ||
        cap->type == CAP_SCHED_CONTEXT || (cap->type == CAP_FRAME && cap->device)) {
        return 0;
    }
    return cap->type == CAP_TCB ? sizeof(struct regs) : size;
}

static bool new_object(struct leak *leak, const struct cap *cap, struct oracle_find *find)
{
    uint64_t base = 0;
    uint64_t size = zero_bytes(leak, cap, &base);
    const uint64_t *words = size == 0 ? NULL : sim_ram(leak->world->sim, base, size);
    for (uint64_t i = 0; words != NULL && i < size / 8; i++) {
        if (words[i] != 0) {
            return oracle_fail(find, "leak",
                               "a new %s at 0x%" PRIx64 " has 0x%" PRIx64 " at 0x%" PRIx64,
                               words_cap(cap->type), base, words[i], 8 * i);
        }
    }
    if (cap->type == CAP_TCB) {
        struct looked *looked = looked_at(leak, cap->thread);
        struct fpu_shadow *shadow = shadow_of(leak, cap->thread);
        if (looked != NULL) {
            looked->changed = 0;
        }
        if (shadow != NULL) {
            memset(shadow->words, 0, sizeof shadow->words);
        }
    }
    return true;
}

/* Untyped_Retype puts the new capabilities behind the untyped's in the sequence. */
static bool new_objects_check(struct leak *leak, struct oracle_find *find)
{
    const struct kernel *k = leak->world->k;
    const struct oracle_event *event = leak->event;
    uint64_t cptr;
    if (!source_sends(event, &cptr) ||
        message_label(event->registers[REG_A1]) != ABI_LABEL_UNTYPED_RETYPE) {
        return true;
    }
    const struct slot *slot = source_lookup(leak->world, event->subject, cptr);
    if (slot == NULL || slot->cap.type != CAP_UNTYPED) {
        return true;
    }
    for (uint32_t i = 0; i < ABI_RETYPE_FAN_OUT && slot->next != 0; i++) {
        slot = k->slot_base + slot->next;
        const uint64_t *words = (const uint64_t *)slot;
        uint64_t before[] = {watch_before(words), watch_before(words + 1), watch_before(words + 2)};
        if (object_cap_before(before).type != CAP_NULL || slot->cap.type == CAP_NULL) {
            return true;
        }
        if (!new_object(leak, &slot->cap, find)) {
            return false;
        }
    }
    return true;
}

bool leak_check(struct leak *leak, const struct oracle_event *event, struct oracle_find *find)
{
    leak->event = event;
    objects_update(leak->objects);
    note_changes(leak);
    if (!new_objects_check(leak, find)) {
        return false;
    }
    for (uint32_t i = 0; i < leak->looked_count; i++) {
        if (leak->looked[i].changed != 0 && !registers_check(leak, &leak->looked[i], find)) {
            return false;
        }
    }
    return words_check(leak, find) && fpu_check(leak, find);
}
