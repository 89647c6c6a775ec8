/* SPDX-License-Identifier: BSD-2-Clause */

/* The object types of Untyped_Retype: their sizes, and how memory becomes an object
 * (docs/abi/04 section 4.1).
 */
#ifndef CORE_OBJECT_H
#define CORE_OBJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/cap.h"

struct kernel;

/* log2 of the size in bytes of an object of this type (enum abi_object); `size_bits` is the user's
 * argument, below 64. May exceed any memory. */
uint32_t object_size_bits(uint64_t type, uint64_t size_bits);

/* Frames and untypeds: the types that device memory can become. */
bool object_may_be_device(uint64_t type);

/* Makes an object of zeroed memory at `paddr`; its capability has all rights. */
struct cap object_create(struct kernel *k, uint64_t type, uint64_t paddr, uint8_t size_bits,
                         bool device);

#endif
