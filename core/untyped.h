/* SPDX-License-Identifier: BSD-2-Clause */

/* Untyped memory, docs/abi/04: the only place where objects come to exist.
 *
 * Invariants: what lies above the free index of a RAM untyped that has been reset is zero; objects
 * below it never overlap; the index only grows while the untyped has children.
 */
#ifndef CORE_UNTYPED_H
#define CORE_UNTYPED_H

#include <stdint.h>

#include "core/status.h"

struct call;
struct kernel;

/* Retype's arithmetic, pure. All in bytes relative to the untyped's base, sizes as log2. */

/* Number of objects of 2^object_bits bytes that fit above `used` in 2^bits bytes. */
uint64_t untyped_room(uint32_t bits, uint64_t used, uint32_t object_bits);

/* Where the first of them starts. */
uint64_t untyped_start(uint64_t used, uint32_t object_bits);

MUST_USE enum status untyped_retype(struct kernel *k, struct call *call);

#endif
