/* SPDX-License-Identifier: BSD-2-Clause */

/* The tools that the root task builds the world with: its invocations by name, on capabilities in
 * its own slots (enum root_slot), and the book of what subsystems are given from outside of their
 * own memory. After the first failure all of them do nothing.
 */
#ifndef FUZZ_API_WORLD_BUILD_H
#define FUZZ_API_WORLD_BUILD_H

#include "fuzz/api/world_internal.h"

enum {
    ALPHA,
    BETA,
    GAMMA,
    SHARED, /* The range after the subsystems' own. */
    READ_WRITE = ABI_RIGHT_READ | ABI_RIGHT_WRITE,
    CLIENT = ABI_RIGHT_WRITE | ABI_RIGHT_GRANT_REPLY,
};

/* A subsystem under construction. */
struct build {
    struct world_state *w;
    enum world_topology topology;
    uint32_t s;
    struct world_subsystem *subsystem;
    struct world_domain *domain;
};

/* A slot of a CNode that root names. */
struct build_place {
    uint64_t cnode, index, depth;
};

struct build build_of(struct world_state *w, uint32_t s);

/* Root's capability in this slot of its CNode. */
const struct cap *build_cap(const struct world_state *w, uint64_t slot);
void build_invoke(struct world_state *w, uint64_t cap, uint64_t label, struct root_args args);
/* Objects into root's slots from `index` on. */
void build_retype(struct world_state *w, uint64_t untyped, uint64_t type, uint64_t bits,
                  uint32_t index, uint64_t count);
/* One object from the subsystem's range; one from what is shared. */
void build_make(struct build *b, uint64_t type, uint64_t bits, uint32_t index);
void build_make_shared(struct world_state *w, uint64_t type, uint32_t index);

/* One of root's slots; one of the subsystem's CNode; a CNode's guard as a word. */
struct build_place build_own(const struct world_state *w, uint32_t index);
struct build_place build_place(const struct build *b, uint32_t slot);
uint64_t build_guard(uint64_t value, uint64_t bits);
void build_mint(struct world_state *w, struct build_place to, uint64_t from, uint64_t rights,
                uint64_t data);
void build_mutate(struct world_state *w, struct build_place to, uint64_t from, uint64_t data);
void build_move(struct world_state *w, struct build_place to, uint64_t from);
void build_discard(struct world_state *w, uint32_t index);
/* Maps a frame in the subsystem's VSpace. */
void build_map(struct build *b, uint64_t frame, uint64_t vaddr, uint64_t rights);

/* The domain may hold copies of root's capability in `from`, with these rights and this badge. */
const struct world_grant *build_grant(struct build *b, uint64_t from, uint64_t rights,
                                      uint64_t badge);
/* The kernel must have given exactly what was meant. */
void build_expect(struct build *b, uint32_t to, const struct world_grant *grant);
/* Gives, and grants, a copy of what root has in `from`: something outside of the subsystem's
 * memory. Likewise, the original. */
void build_give(struct build *b, uint32_t to, uint64_t from, uint64_t rights, uint64_t badge);
void build_hand_over(struct build *b, uint32_t to, uint64_t from);

/* --- world_make.c ----------------------------------------------------------------------------- */

/* All that a subsystem has of its own, and the copies that each has of root's. Its threads do not
 * run yet; the originals of its endpoint and its TCBs are still root's. */
void make_subsystem(struct build *b);
/* A page as root has written it. */
void make_secrets(struct world_state *w, uint32_t s, uint64_t paddr);

#endif
