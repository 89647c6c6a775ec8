/* SPDX-License-Identifier: BSD-2-Clause */

/* What the parts of kernel_check() share. Private to core/check*.c.
 *
 * The parts run in the order of the prototypes below, and each relies on what those before it have
 * established: first the derivation sequence is walked (its links are checked as they are
 * followed), then the fields of every capability, then the table of all objects is built from them.
 * From there on, no pointer is followed before it has been found in that table.
 *
 * What is trusted, since nothing could be read without it: window, slot_base, ram_base and ram_top
 * of struct kernel, and that all RAM between the latter two can be read.
 */
#ifndef CORE_CHECK_INTERNAL_H
#define CORE_CHECK_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/cap.h"
#include "core/check.h"
#include "core/kernel.h"

/* An object: one for all capabilities to the same memory. Untypeds are no objects. */
struct check_object {
    uint64_t base;  /* Physical address. */
    uint64_t bits;  /* log2 of the size. */
    uint64_t type;  /* enum cap_type; a zombie counts as the CNode or TCB that it was. */
    uint64_t first; /* Position in the sequence of its first capability. */
    uint64_t count; /* Of its capabilities, which follow each other. */
    uint64_t mark;  /* Page tables: has been reached by a walk. */
};

/* An entry of a sorted table: by key, then by value. */
struct check_pair {
    uint64_t key;
    uint64_t value;
};

enum {
    CHECK_WORDS_PER_SLOT = 5 + 2 + 6, /* Of scratch, see place_tables(). */
    CHECK_WORDS_FIXED = CONFIG_IRQ_LIMIT / 64,
    CHECK_QUEUES = 5, /* Values of enum thread_queue. */
};

#define CHECK_NONE UINT64_MAX

struct check {
    const struct kernel *k;
    struct check_failure *failure;

    uint64_t count;     /* Slots in the derivation sequence, heads included. */
    uint64_t *sequence; /* Their numbers, in order. */
    uint64_t *bases;    /* Where the object of each begins, and its size: 0 if it has no memory. */
    uint64_t *sizes;
    uint64_t *parents;        /* Position of the untyped that each belongs to, or CHECK_NONE. */
    uint64_t *stack;          /* Room for `count` words. */
    struct check_pair *pairs; /* Room for `count` entries. */
    uint64_t pair_count;
    struct check_object *objects; /* Sorted by base. */
    uint64_t object_count;
    uint64_t *irqs; /* Bit map: a handler capability exists. */

    uint64_t queued[CHECK_QUEUES]; /* Threads found in queues of each kind. */
};

/* Notes a violation. Always false. */
bool check_fail(struct check *c, const char *invariant, const char *what, const void *object);

/* A fact that must hold, in functions that return whether all was well. */
#define REQUIRE(c, condition, invariant, what, object)                                             \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            return check_fail(c, invariant, what, object);                                         \
        }                                                                                          \
    } while (0)

/* The physical address of something that may be anywhere. */
static inline uint64_t check_paddr(const struct check *c, const void *pointer)
{
    return (uint64_t)(uintptr_t)pointer - c->k->window;
}

/* The range lies in RAM that the kernel sees. */
static inline bool check_in_ram(const struct kernel *k, uint64_t paddr, uint64_t size)
{
    return paddr >= k->ram_base && paddr < k->ram_top && size <= k->ram_top - paddr;
}

/* The i-th slot of the sequence, and its capability. */
static inline const struct slot *check_slot(const struct check *c, uint64_t i)
{
    return c->k->slot_base + c->sequence[i];
}

static inline const struct cap *check_cap(const struct check *c, uint64_t i)
{
    return &check_slot(c, i)->cap;
}

/* A bool as it lies in memory, which need not be 0 or 1. */
static inline uint8_t check_bool(const bool *value)
{
    return *(const unsigned char *)value;
}

/* --- Tables (check_table.c) ------------------------------------------------------------------ */

/* Sorts in place by key, then value. */
void check_sort(struct check_pair *pairs, uint64_t count);

/* log2 of the size of a capability's object, 0 if it has no memory. */
uint32_t check_object_bits(const struct cap *cap);

/* The physical address of the object of a capability that has memory. */
uint64_t check_object_base(const struct check *c, const struct cap *cap);

/* Index of the object that starts at `pointer` and is a `type`, or CHECK_NONE. */
uint64_t check_find(const struct check *c, const void *pointer, enum cap_type type);

/* Index of the object that contains a physical address, or CHECK_NONE. */
uint64_t check_find_containing(const struct check *c, uint64_t paddr);

/* The object itself, for those that lie in RAM. */
const void *check_object_at(const struct check *c, const struct check_object *object);

/* The object's first capability. */
static inline const struct cap *check_object_cap(const struct check *c,
                                                 const struct check_object *object)
{
    return check_cap(c, object->first);
}

/* A thread with a capability: it exists and is not being destroyed. */
static inline bool check_is_thread(const struct check *c, const struct thread *thread)
{
    uint64_t index = check_find(c, thread, CAP_TCB);
    return index != CHECK_NONE && check_object_cap(c, &c->objects[index])->type == CAP_TCB;
}

/* Of a thread whose SC is known, or null. */
static inline bool check_has_active_sc(const struct thread *thread)
{
    return thread->sc != NULL && thread->sc->refills.max != 0;
}

/* --- The parts, in order ---------------------------------------------------------------------- */

/* check.c: K, and the sequence's links. */
bool check_kernel(struct check *c);
bool check_sequence_links(struct check *c);

/* check_caps.c: each capability by itself. */
bool check_cap_fields(struct check *c);

/* check_memory.c: regions, parents, the object table. */
bool check_memory(struct check *c);

/* check_slots.c: where slots are, and what the order of the sequence says. From here on, every
 * occupied slot in an object is in the sequence. */
bool check_slots(struct check *c);
bool check_order(struct check *c);

/* This is a slot of a CNode or a thread. */
bool check_is_slot(const struct check *c, const struct slot *slot);

/* The slots of a CNode or a thread, and their number. */
const struct slot *check_object_slots(const struct check *c, const struct check_object *object,
                                      uint64_t *count);

/* check_irq.c */
bool check_irqs(struct check *c);

/* check_zombie.c */
bool check_zombies(struct check *c);

/* check_sched_context.c: S. From here on the head refill of an active SC can be read. */
bool check_sched_contexts(struct check *c);

/* check_thread.c: T. */
bool check_threads(struct check *c);

/* check_queue.c: queues of threads, Q, E and N. */
bool check_queues(struct check *c);

/* check_ipc.c: what remains of N, and R. */
bool check_ipc(struct check *c);

/* check_core.c: D and F. */
bool check_cores(struct check *c);

/* check_vspace.c */
bool check_vspaces(struct check *c);

#endif
