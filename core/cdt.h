/* SPDX-License-Identifier: BSD-2-Clause */

/* The capability derivation tree, kept as one ordered sequence of all occupied slots
 * (docs/abi/03 section 3.6). Structure follows from order, the slots' two bits and comparison.
 *
 * The sequence starts at k->cdt_root, a slot that is always null. Boot capabilities, which by the
 * contract have no neighbours that matter, follow it; further null slots (k->cdt_barriers) keep
 * apart those that would otherwise cover each other.
 */
#ifndef CORE_CDT_H
#define CORE_CDT_H

#include <stdbool.h>

#include "core/cap.h"
#include "core/status.h"

struct kernel;

struct slot *cdt_next(const struct kernel *k, const struct slot *slot);
struct slot *cdt_prev(const struct kernel *k, const struct slot *slot);

/* `a` is a parent of the later slot `b`. */
bool cdt_is_parent(const struct kernel *k, const struct slot *a, const struct slot *b);

/* The slot's first descendant, or null. */
struct slot *cdt_first_child(const struct kernel *k, const struct slot *slot);

/* No neighbour of this occupied slot is the same object. */
bool cdt_is_final(const struct kernel *k, const struct slot *slot);

/* Fills an empty slot directly after `after` with both bits set: retype and boot. */
void cdt_insert_original(struct kernel *k, struct slot *slot, struct slot *after, struct cap cap);

/* Fills an empty slot directly after `source` with the bits of a copy. */
void cdt_insert_copy(struct kernel *k, struct slot *slot, struct slot *source, struct cap cap);

/* Moves the place of `from` in the sequence, and its bits, to the empty slot `to`, which gets the
 * capability `cap` (that of `from`, possibly with other data). `from` becomes empty. */
void cdt_move(struct kernel *k, struct slot *from, struct slot *to, struct cap cap);

/* Exchanges two occupied slots, or an occupied and an empty one. `a_cap` is what goes from `a` to
 * `b`, `b_cap` the other way. */
void cdt_swap(struct kernel *k, struct slot *a, struct cap a_cap, struct slot *b, struct cap b_cap);

/* Empties a slot; its successor inherits first-badged. */
void cdt_remove(struct kernel *k, struct slot *slot);

/* Derives a capability for copying (docs/abi/03 section 3.7): STATUS_OK with null, or the copy;
 * STATUS_REVOKE_FIRST; STATUS_ILLEGAL_OPERATION. */
MUST_USE enum status cdt_derive(const struct kernel *k, const struct slot *source, struct cap cap,
                                struct cap *derived);

#endif
