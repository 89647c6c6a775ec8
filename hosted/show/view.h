/* SPDX-License-Identifier: BSD-2-Clause */

/* What there is in a system, found by one careful walk over the kernel's state; text, JSON and
 * pictures are made from this. Whatever the state, everything here can be followed: a pointer that
 * leads nowhere is null here, and a sentence about it is among the problems.
 */
#ifndef HOSTED_SHOW_VIEW_H
#define HOSTED_SHOW_VIEW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/cap.h"
#include "hosted/sim.h"

struct fault;
struct kernel;
struct refill;
struct sched_context;
struct thread;

enum {
    VIEW_NONE = UINT32_MAX,
    VIEW_LABEL = 80,   /* Bytes that every label fits in, */
    VIEW_CAP = 240,    /* and every description of a capability or a fault. */
    VIEW_PROBLEMS = 64 /* More are only counted. */
};

/* An object: what capabilities name. Interrupts and the control capabilities' powers have their
 * number instead of an address. */
struct view_object {
    uint8_t type; /* enum cap_type. */
    uint64_t paddr;
    uint64_t size;  /* Bytes; 0: no memory. */
    const void *at; /* Null: it must not be looked at. */
    uint32_t caps;  /* How many capabilities name it, */
    uint32_t first; /* and the first of them, an index of view.caps; VIEW_NONE: none. */
};

enum view_place { PLACE_UNKNOWN, PLACE_CNODE, PLACE_TCB, PLACE_IRQ };

struct view_cap {
    const struct slot *slot;
    uint32_t depth;    /* In the derivation tree. */
    uint32_t parent;   /* Index of view.caps; VIEW_NONE: none. */
    uint32_t children; /* Derived from it directly. */
    uint32_t object;   /* Index of view.objects; VIEW_NONE: a capability of no known type. */
    enum view_place place;
    uint32_t holder; /* With PLACE_CNODE and PLACE_TCB: index of view.objects. */
    uint64_t index;  /* Slot number in there; number of the interrupt. */
};

/* Pages that lie side by side in an address space, alike. */
struct view_range {
    uint64_t start;
    uint64_t end;
    uint64_t paddr;  /* Of the first page. */
    uint32_t bits;   /* Of the pages' size. */
    bool contiguous; /* In physical memory, too. */
    uint8_t rights;  /* PTE bits: 1 read, 2 write, 4 execute. */
    uint32_t pages;
};

struct view_space {
    const struct page_table *root;
    uint16_t asid;
    uint32_t tables; /* Below the root. */
    uint32_t range_count;
    uint32_t range_capacity;
    struct view_range *ranges;
};

struct view_index; /* 64-bit keys to 32-bit values. */

struct view {
    const struct sim *sim;
    const struct kernel *k;
    struct view_cap *caps; /* In derivation order. */
    uint32_t cap_count;
    uint32_t cap_capacity;
    struct view_index *by_slot;  /* Address of a slot to index of caps. */
    struct view_object *objects; /* By type, then address. */
    uint32_t object_count;
    uint32_t object_capacity;
    const struct thread **threads; /* Oldest first; without the idle threads. */
    uint32_t thread_count;
    uint32_t thread_capacity;
    struct view_space *spaces;
    uint32_t space_count;
    uint32_t space_capacity;
    uint32_t problem_count;
    char problems[VIEW_PROBLEMS][128];
};

/* Null if out of memory. */
struct view *view_create(const struct sim *sim);
void view_free(struct view *view);

/* The pointer itself if `size` bytes of guest RAM are there, 8-byte aligned; else null. */
const void *view_good(const struct sim *sim, const void *pointer, uint64_t size);
/* Likewise; threads must be aligned to 32 bytes. */
const struct thread *view_good_thread(const struct sim *sim, const struct thread *thread);
/* A bool of a state that may be damaged: any byte. */
bool view_flag(const bool *flag);
/* Physical address of a pointer into RAM, 0 for null; of a bad one, something. */
uint64_t view_paddr(const void *pointer);

/* The object of this type at this address, or VIEW_NONE. */
uint32_t view_find(const struct view *view, uint8_t type, uint64_t paddr);
/* The first object of this type and the one behind the last. */
uint32_t view_first(const struct view *view, uint8_t type);
uint32_t view_end(const struct view *view, uint8_t type);
/* What a capability names: its address, or its number. */
uint64_t view_object_of(const struct cap *cap);
/* The index of the capability in this slot, or VIEW_NONE. */
uint32_t view_cap_in(const struct view *view, const struct slot *slot);

/* Labels, such as "server@80431000" and "endpoint@80431000", in `text`, which is returned. What
 * points nowhere is "nobody" or "none" if null, else "bad pointer 0x...". */
const char *view_thread(const struct view *view, const struct thread *thread,
                        char text[VIEW_LABEL]);
const char *view_label(uint8_t type, uint64_t paddr, char text[VIEW_LABEL]);
const char *view_pointer(const struct view *view, uint8_t type, const void *object, uint64_t size,
                         char text[VIEW_LABEL]);
/* Where a capability is: "cnode@80241000[0x12]", "server@80431000.cspace", "interrupt 10". */
const char *view_place(const struct view *view, const struct view_cap *cap, char text[VIEW_LABEL]);
/* "rw--": read, write, grant, grant reply ("p"). */
const char *view_rights(uint8_t rights, char text[VIEW_LABEL]);
/* The object by its label, a thread by its name. */
const char *view_object_label(const struct view *view, uint32_t object, char text[VIEW_LABEL]);
/* 2^bits bytes: "64 KiB". */
const char *view_size(uint32_t bits, char text[VIEW_LABEL]);
/* What a capability says beyond its object, from a blank on: " rw-- badge 0x5"; or nothing. */
void view_cap_details(const struct cap *cap, char text[VIEW_CAP]);
/* Both: "endpoint@80431000 rw-- badge 0x5". */
const char *view_describe(const struct view *view, const struct view_cap *cap, char text[VIEW_CAP]);
const char *view_fault(const struct fault *fault, char text[VIEW_CAP]);
/* Bytes of an untyped that can be handed out: all, if it has no children. */
uint64_t view_untyped_free(const struct view_cap *cap);

/* The i-th of the SC's refills from the head; null beyond the last, or if the ring is damaged. */
const struct refill *view_refill(const struct view *view, const struct sched_context *sc,
                                 uint32_t i);

/* Goes through a queue of threads: null at the end, at a bad pointer, and if it loops. Start with
 * the head and no steps. */
struct view_walk {
    const struct thread *next;
    uint32_t steps;
};
const struct thread *view_queue_next(const struct view *view, struct view_walk *walk);

/* --- Among the files of the walk -------------------------------------------------------------- */

/* A sentence about what is wrong. */
__attribute__((format(printf, 2, 3))) void view_problem(struct view *view, const char *format, ...);
/* Fills view->spaces (view_space.c). False if out of memory. */
bool view_find_spaces(struct view *view);
/* Makes room for one more element of `size` bytes: false if out of memory. *array may move. */
bool view_grow(void **array, uint32_t count, uint32_t *capacity, size_t size);

/* view_index.c. Adds a key: false if it is there, or if out of memory (then also `full`). */
struct view_index *view_index_create(void);
void view_index_free(struct view_index *index); /* Null is allowed. */
bool view_index_add(struct view_index *index, uint64_t key, uint32_t value, bool *full);
uint32_t view_index_get(const struct view_index *index, uint64_t key); /* VIEW_NONE: absent. */

#endif
