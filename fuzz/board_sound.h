/* SPDX-License-Identifier: BSD-2-Clause */

/* What must hold of a board that board_read() has accepted, whatever the tree was: for tests and
 * fuzzers. */
#ifndef FUZZ_BOARD_SOUND_H
#define FUZZ_BOARD_SOUND_H

#include <stdint.h>

#include "arch/riscv64/board.h"

/* Null, or what does not hold. The board was read from the `size` bytes at `tree`. */
const char *board_unsound(const struct board *board, const uint8_t *tree, uint64_t size);

#endif
