/* SPDX-License-Identifier: BSD-2-Clause */
#include <stdlib.h>
#include <string.h>

#include "hosted/reduce/rename.h"
#include "hosted/reduce/work.h"

enum { SLOT_FIRST = 16 }; /* Those below are the same on all machines. */

/* Where session_header() has the kernel, too. */
#define KERNEL_PADDR (SIM_RAM_BASE + SIM_FIRMWARE_SIZE)
#define KERNEL_SIZE 0x40000u

/* ---- Clauses ---- */

/* Makes a step simpler; false if there is nothing (more) to do. `n`: which of several things. */
typedef bool simplify(struct work *w, struct step *step, uint32_t n);

static bool drop_clauses(struct work *w, struct step *step, uint32_t n)
{
    (void)w;
    if (n != 0 || step->reg_count + step->word_count + step->poll_count == 0) {
        return false;
    }
    step->reg_count = 0;
    step->word_count = 0;
    step->poll_count = 0;
    return true;
}

static bool drop_delay(struct work *w, struct step *step, uint32_t n)
{
    (void)w;
    bool had = step->delay != 0;
    step->delay = 0;
    return n == 0 && had;
}

static bool any_thread(struct work *w, struct step *step, uint32_t n)
{
    (void)w;
    if (n != 0 || step->who < 0) {
        return false;
    }
    step->who = STEP_ANY;
    return true;
}

/* The first n stay. */
static bool cut_polls(struct work *w, struct step *step, uint32_t n)
{
    (void)w;
    bool less = n < step->poll_count;
    step->poll_count = less ? n : step->poll_count;
    return less;
}

static bool cut_words(struct work *w, struct step *step, uint32_t n)
{
    (void)w;
    bool less = n < step->word_count;
    step->word_count = less ? n : step->word_count;
    return less;
}

static bool cut_registers(struct work *w, struct step *step, uint32_t n)
{
    (void)w;
    bool less = n < step->reg_count;
    step->reg_count = less ? n : step->reg_count;
    return less;
}

/* The n-th number becomes 0. */
static bool zero_number(struct work *w, struct step *step, uint32_t n)
{
    char text[TRACE_TEXT];
    struct token token;
    if (!rename_token(step->what, n, &token)) {
        return false;
    }
    if (token.argument && token.value != 0 &&
        rename_put(text, sizeof text, step->what, &token, 0)) {
        step->what = trial_text(w->trial, text);
    }
    return true;
}

/* Each step by itself, each of the things in turn. */
static void simplify_each(struct work *w, simplify *change, bool all_things)
{
    for (uint32_t i = w->count; i-- > 0 && work_in_time(w, "making events simpler");) {
        i = i < w->count ? i : w->count - 1;
        bool good = false;
        for (uint32_t n = 0; all_things || !good; n++) {
            work_copy(w);
            struct step before = w->steps[i];
            if (!change(w, &w->attempt[i], n)) {
                break;
            }
            if (memcmp(&before, &w->attempt[i], sizeof before) == 0) {
                continue;
            }
            uint32_t count = w->count;
            good = work_try(w, w->count);
            if (good && w->count < count) {
                break; /* The steps have moved. */
            }
        }
    }
}

/* All steps; false if that does not work, or there is nothing to do. */
static bool simplify_all(struct work *w, simplify *change)
{
    bool any = false;
    work_copy(w);
    for (uint32_t i = 0; i < w->count; i++) {
        bool changed = change(w, &w->attempt[i], 0);
        any = any || changed;
    }
    return any && work_try(w, w->count);
}

static simplify *const changes[] = {drop_clauses, drop_delay, any_thread,
                                    cut_polls,    cut_words,  cut_registers};

enum { CHANGES = sizeof changes / sizeof *changes, CHANGES_AT_ONCE = 3 };

void simplify_at_once(struct work *w)
{
    for (uint32_t i = 0; i < CHANGES_AT_ONCE && w->count > 0; i++) {
        (void)simplify_all(w, changes[i]);
    }
}

void simplify_events(struct work *w)
{
    for (uint32_t i = 0; i < CHANGES && w->count > 0; i++) {
        if (!simplify_all(w, changes[i])) {
            simplify_each(w, changes[i], false);
        }
    }
    simplify_each(w, zero_number, true);
}

/* ---- Slots ---- */

/* From the capabilities of one machine to those of another. */
struct move {
    const struct trial_slots *from;
    const struct trial_slots *to;
    bool keep_untypeds;   /* Or else one stands for all. */
    const uint64_t *used; /* Slots in use, ascending: they are numbered anew; or null. */
    uint32_t used_count;
};

static uint64_t moved(const void *context, uint64_t value)
{
    const struct move *m = context;
    if (value == m->from->sched_control) {
        return m->to->sched_control;
    }
    if (value >= m->from->first_untyped && value < m->from->end_untyped && !m->keep_untypeds) {
        return m->to->ram;
    }
    if (value < m->from->empty || value >= m->from->end) {
        return value;
    }
    for (uint32_t i = 0; i < m->used_count; i++) {
        if (m->used[i] == value) {
            return m->to->empty + i;
        }
    }
    return value - m->from->empty + m->to->empty;
}

/* w->attempt: all steps with other slots. */
static void move_slots(struct work *w, const struct move *m)
{
    char text[TRACE_TEXT];
    work_copy(w);
    for (uint32_t i = 0; i < w->count; i++) {
        if (rename_all(text, sizeof text, w->steps[i].what, moved, m)) {
            w->attempt[i].what = trial_text(w->trial, text);
        }
    }
}

static int compare_numbers(const void *a, const void *b)
{
    const uint64_t *x = a;
    const uint64_t *y = b;
    return *x < *y ? -1 : *x > *y;
}

/* Numbers that may be slots, ascending; to be freed. */
static uint64_t *used_slots(const struct work *w, const struct trial_slots *slots, uint32_t *count)
{
    uint32_t capacity = 64;
    uint64_t *used = malloc(capacity * sizeof *used);
    struct token token;
    uint32_t found = 0;
    for (uint32_t i = 0; i < w->count; i++) {
        for (uint32_t n = 0; rename_token(w->steps[i].what, n, &token); n++) {
            bool slot = token.hex && token.value >= slots->empty && token.value < slots->end;
            for (uint32_t k = 0; slot && k < found; k++) {
                slot = used[k] != token.value;
            }
            if (found == capacity) {
                capacity *= 2;
                used = realloc(used, capacity * sizeof *used);
            }
            if (used == NULL) {
                abort();
            }
            if (slot) {
                used[found++] = token.value;
            }
        }
    }
    qsort(used, found, sizeof *used, compare_numbers);
    *count = found;
    return used;
}

void simplify_slots(struct work *w)
{
    struct trial_slots slots;
    struct move move = {.from = &slots, .to = &slots, .keep_untypeds = true};
    trial_slots(w->trial, 0, &slots);
    uint64_t *used = used_slots(w, &slots, &move.used_count);
    move.used = used;
    move_slots(w, &move);
    (void)work_try(w, w->count);
    free(used);
}

/* The kernel clears all of an untyped when it is first used, so a small one is better. */
static bool try_machine(struct work *w, const struct trial_slots *from)
{
    static const uint8_t ram_bits[] = {14, 16, 20, UINT8_MAX};
    struct trial_slots to;
    struct move move = {.from = from, .to = &to};
    for (uint32_t i = 0; i < sizeof ram_bits / sizeof *ram_bits; i++) {
        trial_slots(w->trial, ram_bits[i], &to);
        move_slots(w, &move);
        if (work_try(w, w->count)) {
            return true;
        }
    }
    return false;
}

void simplify_memory(struct work *w)
{
    struct trial_slots slots;
    trial_slots(w->trial, 0, &slots);
    (void)try_machine(w, &slots);
}

void simplify_machine(struct work *w)
{
    static const char text[] = "albireo-trace 1\nkind calls\nend 0 nothing has happened\n";
    struct trace_error error;
    struct trace_header old = *trial_header(w->trial);
    struct trial_slots from;
    struct trace *trace = trace_parse(text, sizeof text - 1, &error);
    if (trace == NULL) {
        return;
    }
    struct trace_header *header = trace_header(trace);
    header->debug = old.debug;
    header->fpu = old.fpu;
    header->domains = old.domains;
    header->cores = old.cores;
    /* A kernel that grows must not move the untyped memory. */
    header->machine.kernel_paddr = KERNEL_PADDR;
    header->machine.kernel_size = KERNEL_SIZE;
    trial_slots(w->trial, 0, &from);
    if (trial_move(w->trial, header) && !try_machine(w, &from)) {
        (void)trial_move(w->trial, &old);
    }
    trace_close(trace);
}

/* ---- Aliases ---- */

struct alias {
    uint64_t from;
    uint64_t to;
};

static uint64_t aliased(const void *context, uint64_t value)
{
    const struct alias *alias = context;
    return value == alias->from ? alias->to : value;
}

/* Without step i, and with another number for one of its own in all later ones. */
static bool try_alias(struct work *w, uint32_t i, const struct alias *alias)
{
    char text[TRACE_TEXT];
    bool any = false;
    work_copy(w);
    memmove(w->attempt + i, w->attempt + i + 1, (w->count - i - 1) * sizeof *w->attempt);
    for (uint32_t k = i; k + 1 < w->count; k++) {
        const char *old = w->attempt[k].what;
        if (rename_all(text, sizeof text, old, aliased, alias) && strcmp(text, old) != 0) {
            w->attempt[k].what = trial_text(w->trial, text);
            any = true;
        }
    }
    return any && work_try(w, w->count - 1);
}

static bool alias_step(struct work *w, uint32_t i)
{
    struct token from;
    struct token to;
    for (uint32_t n = 0; rename_token(w->steps[i].what, n, &from); n++) {
        if (!from.hex || from.value < SLOT_FIRST) {
            continue;
        }
        for (uint32_t m = 0; rename_token(w->steps[i].what, m, &to); m++) {
            struct alias alias = {from.value, to.value};
            if (to.hex && to.value != from.value && to.value >= SLOT_FIRST &&
                try_alias(w, i, &alias)) {
                return true;
            }
        }
    }
    return false;
}

bool simplify_aliases(struct work *w)
{
    bool any = false;
    for (uint32_t i = w->count; i-- > 0 && work_in_time(w, "replacing capabilities");) {
        i = i < w->count ? i : w->count - 1;
        bool good = alias_step(w, i);
        any = any || good;
    }
    return any;
}
