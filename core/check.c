/* SPDX-License-Identifier: BSD-2-Clause */

#include "core/check.h"

#include <stddef.h>

#include "core/check_internal.h"
#include "core/compiler.h"
#include "core/kernel.h"

bool check_fail(struct check *c, const char *invariant, const char *what, const void *object)
{
    c->failure->invariant = invariant;
    c->failure->what = what;
    c->failure->object = object;
    return false;
}

/* --- The kernel's own state ------------------------------------------------------------------- */

/* The slot with this number lies in RAM. */
static bool slot_in_ram(const struct kernel *k, uint64_t number)
{
    uint64_t base = (uint64_t)(uintptr_t)k->slot_base - k->window;
    return check_in_ram(k, base + number * sizeof(struct slot), sizeof(struct slot));
}

/* All that must be right before the derivation sequence can be walked. */
static bool kernel_is_readable(const struct kernel *k)
{
    uint64_t self = (uint64_t)(uintptr_t)k - k->window;
    uint64_t slots = (uint64_t)(uintptr_t)k->slot_base;
    uint64_t root = (uint64_t)(uintptr_t)&k->cdt_root;

    return k->ram_base < k->ram_top && check_in_ram(k, self, sizeof(struct kernel)) &&
           slots % sizeof(struct slot) == 0 && slots < (uint64_t)(uintptr_t)k &&
           root % sizeof(struct slot) == 0 && (root - slots) / sizeof(struct slot) <= UINT32_MAX;
}

bool check_kernel(struct check *c)
{
    const struct kernel *k = c->k;

    REQUIRE(c, kernel_is_readable(k), "K1", "struct kernel lies in RAM, at or above slot 0", k);
    REQUIRE(c, k->this_core < CONFIG_CORES, "K2", "the executing core exists", k);
    REQUIRE(c, k->ticks_per_us != 0 && k->timer_slack == k->ticks_per_us, "K3",
            "the clock ticks, and the timer's slack is 1 us", k);
    REQUIRE(c, k->limits.min_budget == ABI_MIN_BUDGET_US * k->ticks_per_us, "K3",
            "the minimum budget is 20 us", k);
    return true;
}

/* --- The derivation sequence ------------------------------------------------------------------ */

static uint64_t root_number(const struct kernel *k)
{
    return (uint64_t)(&k->cdt_root - k->slot_base);
}

/* The slot after this one, or 0 if it is the last or if the link is wrong, which then is *broken.
 * A sequence whose links agree both ways and which has a beginning has no loop. */
static uint64_t next_in_sequence(const struct kernel *k, uint64_t number, bool *broken)
{
    uint64_t next = k->slot_base[number].next;

    if (next != 0 && (!slot_in_ram(k, next) || k->slot_base[next].prev != number)) {
        *broken = true;
        return 0;
    }
    return next;
}

bool check_sequence_links(struct check *c)
{
    bool broken = false;
    uint64_t number = root_number(c->k);
    uint64_t last = number;

    REQUIRE(c, c->k->cdt_root.prev == 0, "C1", "the sequence begins at its root", &c->k->cdt_root);
    for (uint64_t i = 0; number != 0 && i < c->count; i++) {
        c->sequence[i] = number;
        last = number;
        number = next_in_sequence(c->k, number, &broken);
    }
    REQUIRE(c, !broken, "C1", "neighbours in the sequence name each other", c->k->slot_base + last);
    return true;
}

/* Number of slots up to the end, or to the first broken link. */
static uint64_t sequence_length(const struct kernel *k)
{
    bool broken = false;
    uint64_t count = 0;

    if (!kernel_is_readable(k) || k->cdt_root.prev != 0) {
        return 1;
    }
    for (uint64_t number = root_number(k); number != 0;) {
        count++;
        number = next_in_sequence(k, number, &broken);
    }
    return count;
}

/* --- Scratch memory and the whole ------------------------------------------------------------- */

uint64_t kernel_check_scratch(const struct kernel *k)
{
    return sequence_length(k) * CHECK_WORDS_PER_SLOT + CHECK_WORDS_FIXED;
}

/* Lays the tables out in scratch memory. */
static void place_tables(struct check *c, uint64_t *words)
{
    uint64_t n = c->count;

    c->irqs = words;
    c->sequence = words + CHECK_WORDS_FIXED;
    c->bases = c->sequence + n;
    c->sizes = c->bases + n;
    c->parents = c->sizes + n;
    c->stack = c->parents + n;
    c->pairs = (struct check_pair *)(void *)(c->stack + n);
    c->objects = (struct check_object *)(void *)(c->stack + 3 * n);
    for (uint32_t i = 0; i < CHECK_WORDS_FIXED; i++) {
        c->irqs[i] = 0;
    }
}

STATIC_ASSERT(sizeof(struct check_pair) == 2 * sizeof(uint64_t), "no padding");
STATIC_ASSERT(sizeof(struct check_object) == 6 * sizeof(uint64_t), "no padding");

bool kernel_check(const struct kernel *k, struct check_scratch scratch,
                  struct check_failure *failure)
{
    struct check check = {.k = k, .failure = failure};
    struct check *c = &check;

    if (!check_kernel(c)) {
        return false;
    }
    c->count = sequence_length(k);
    REQUIRE(c, c->count * CHECK_WORDS_PER_SLOT + CHECK_WORDS_FIXED <= scratch.count, "C0",
            "the check was given enough scratch memory", k);
    place_tables(c, scratch.words);
    return check_sequence_links(c) && check_cap_fields(c) && check_memory(c) && check_slots(c) &&
           check_order(c) && check_irqs(c) && check_zombies(c) && check_sched_contexts(c) &&
           check_threads(c) && check_queues(c) && check_ipc(c) && check_cores(c) &&
           check_vspaces(c);
}
