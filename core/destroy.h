/* SPDX-License-Identifier: BSD-2-Clause */

/* Deletion and revocation, docs/abi/03 section 3.9: preemptible, without recursion, whatever shape
 * the capabilities have.
 *
 * A CNode or TCB whose last capability is deleted becomes a *zombie*: the slot keeps a zombie
 * capability until the object's own slots are empty. If one of those holds the last capability to
 * another CNode or TCB, that object is condemned in turn: its zombie capability is exchanged with
 * the content of its own first slot, so that it lies inside the object it stands for, and it joins
 * the *ring* of those that die together. What was in that first slot is now in the slot being
 * emptied, and is looked at next. So every step is O(1), every capability keeps its place in the
 * derivation sequence, and nothing is lost if the operation is preempted anywhere.
 *
 * The slot a Delete or Revoke works on is the *anchor* of its ring; there is at most one to a ring.
 */
#ifndef CORE_DESTROY_H
#define CORE_DESTROY_H

#include <stdbool.h>

#include "core/status.h"

struct kernel;
struct slot;

/* Empties a slot and finalises what it was the last capability to. STATUS_OK or, if
 * `preemptible`, STATUS_PREEMPTED: then calling it again continues. */
MUST_USE enum status destroy_slot(struct kernel *k, struct slot *slot, bool preemptible);

/* Deletes all descendants of the slot. */
MUST_USE enum status destroy_children(struct kernel *k, struct slot *slot);

#endif
