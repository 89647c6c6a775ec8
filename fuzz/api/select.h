/* SPDX-License-Identifier: BSD-2-Clause */

/* Chooses what the current thread does by what it holds: capabilities by walking its CSpace, words
 * by what the API says of them and by what the kernel's state makes interesting.
 *
 * A selector's mode 0 asks for what a careful user would choose; with small modes there are other
 * ways to the same, the highest modes choose what cannot be right. `pick` says where the search
 * begins: in a CSpace it is a slot, and the first that fits from there on is taken. So what a
 * selector means changes little when other events come and go.
 *
 * No choice fails. Nothing is written, and no kernel code runs.
 */
#ifndef FUZZ_API_SELECT_H
#define FUZZ_API_SELECT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/cap.h"
#include "fuzz/api/input.h"

#ifdef __cplusplus
extern "C" {
#endif

struct kernel;
struct thread;

enum {
    SELECT_RECENT = 8,
    SELECT_WORDS = 40,
};

/* The first mode, for every argument, that asks for something that is not right. */
enum { SELECT_ODD = 232 };

/* Types of capabilities as a set. */
#define SELECT_TYPE(type) (1u << (type))
#define SELECT_LIVE (~(SELECT_TYPE(CAP_NULL) | SELECT_TYPE(CAP_ZOMBIE)))

/* A slot of a CNode for a CNode operation: CPtr of the CNode, index and depth. */
struct select_place {
    uint64_t root;
    uint64_t index;
    uint64_t depth;
    struct slot *slot; /* Null: none that the chooser knows of. */
};

/* A capability by CPtr. */
struct select_cap {
    uint64_t cptr;
    struct slot *slot; /* Likewise. */
};

/* What was used in this input. */
struct select_history {
    uint32_t cap_count;
    uint32_t place_count;
    uint64_t caps[SELECT_RECENT];
    struct select_place places[SELECT_RECENT];
};

/* Whose choice it is, and what has been chosen for the invocation so far. */
struct select {
    const struct kernel *k;
    const struct thread *thread;
    struct select_history *history;
    const struct cap *root; /* Of its CSpace; null if it has none. */
    uint64_t prefix;        /* CPtr of the root's slot i: prefix + (i << left). */
    uint32_t left;

    uint32_t label;
    struct slot *invoked; /* Null: none known; so are the others. */
    struct slot *source;  /* The capability that a place names, for its badge or guard. */
    struct slot *cspace;
    struct slot *authority;
    struct slot *sc;
    uint16_t asid; /* Of the VSpace; 0: none. */
    uint64_t type; /* Of Retype. */
    uint64_t size_bits;
    uint64_t count;
    uint64_t budget;
};

typedef bool select_good(const struct select *s, const struct slot *slot);

/* An invocation, ready for the registers. */
struct select_call {
    uint64_t cptr;
    uint32_t word_count;
    uint32_t cap_count;
    uint64_t words[SELECT_WORDS];
    uint64_t caps[ABI_MSG_MAX_CAPS];
};

void select_begin(struct select *s, const struct kernel *k, const struct thread *thread,
                  struct select_history *history);

/* A capability of one of these types for which good() holds (null: any); if there is none, another
 * of these types; if there is none, any. */
struct select_cap select_cap(struct select *s, struct input_selector selector, uint32_t types,
                             select_good *good);
/* Likewise. With CAP_NULL an empty slot. */
struct select_place select_place(struct select *s, struct input_selector selector, uint32_t types,
                                 select_good *good);
/* The first such slot of a CNode from `start` on, in a circle; null if there is none. */
struct slot *select_scan(const struct select *s, const struct cap *node, uint32_t start,
                         uint32_t types, select_good *good);

/* A word that means nothing in particular: small ones, powers, all ones, ... None looks like an
 * address of the kernel's. */
uint64_t select_word(struct input_selector selector);
/* Where a frame is mapped in s->asid. */
uint64_t select_mapped(const struct select *s, struct input_selector selector);
/* An address for a mapping of this size: near what is mapped there, or at the edges. */
uint64_t select_vaddr(struct select *s, struct input_selector selector, uint32_t bits);

/* The argument by its name in the API's tables, see select_call.c. */
enum select_argument {
    SELECT_ARG_NONE, /* Chosen with another argument. */
    SELECT_ARG_WORD, /* Any: what has no other meaning here. */
    SELECT_ARG_ZERO,
    SELECT_ARG_PLACE,
    SELECT_ARG_CAP,
    SELECT_ARG_NODE,
    SELECT_ARG_OFFSET,
    SELECT_ARG_TYPE,
    SELECT_ARG_SIZE_BITS,
    SELECT_ARG_OBJECTS,
    SELECT_ARG_RIGHTS,
    SELECT_ARG_DATA,
    SELECT_ARG_CSPACE_DATA,
    SELECT_ARG_BUFFER,
    SELECT_ARG_PRIORITY,
    SELECT_ARG_MCP,
    SELECT_ARG_FLAGS,
    SELECT_ARG_COUNT,
    SELECT_ARG_BIT,
    SELECT_ARG_IRQ,
    SELECT_ARG_DOMAIN,
    SELECT_ARG_DURATION,
    SELECT_ARG_SCHEDULE_INDEX,
    SELECT_ARG_BUDGET,
    SELECT_ARG_PERIOD,
    SELECT_ARG_REFILLS,
    SELECT_ARG_VADDR,
};

/* A word for this argument. */
uint64_t select_argument_word(struct select *s, enum select_argument argument,
                              struct input_selector selector);
/* Whether invoking this capability makes sense for s->label; whether this one makes sense as an
 * extra capability of it; as what a place of it names. */
bool select_good_invoked(const struct select *s, const struct slot *slot);
bool select_good_extra(const struct select *s, const struct slot *slot);
bool select_good_source(const struct select *s, const struct slot *slot);

/* The invocation with the label s->label and all its arguments. */
void select_call(struct select *s, const struct input_event *event, struct select_call *call);

#ifdef __cplusplus
}
#endif

#endif
