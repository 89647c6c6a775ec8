/* SPDX-License-Identifier: BSD-2-Clause */

/* CSpace: resolving capability pointers, docs/abi/03 sections 3.4 and 3.5. */
#ifndef CORE_CSPACE_H
#define CORE_CSPACE_H

#include <stdint.h>

#include "core/cap.h"
#include "core/status.h"

struct thread;

/* Resolves the low `bits` (1..64) bits of `address` from `root`. On success *found is the slot and
 * *bits_left the number of bits not used; otherwise false and *failure. */
MUST_USE bool cspace_resolve(const struct cap *root, uint64_t address, uint32_t bits,
                             struct slot **found, uint32_t *bits_left,
                             struct lookup_failure *failure);

/* A system call's lookup: 64 bits from the thread's root, remaining bits ignored. */
MUST_USE bool cspace_lookup(struct thread *thread, uint64_t cptr, struct slot **found,
                            struct lookup_failure *failure);

/* A slot lookup relative to `root`, exact depth (section 3.5): STATUS_OK, STATUS_RANGE_ERROR (depth
 * not in 1..64) or STATUS_FAILED_LOOKUP with *failure. */
MUST_USE enum status cspace_slot(const struct cap *root, uint64_t index, uint64_t depth,
                                 struct slot **found, struct lookup_failure *failure);

#endif
