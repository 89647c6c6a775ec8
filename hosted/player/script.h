/* SPDX-License-Identifier: BSD-2-Clause */

/* Scripts for //user/player (abi/player_script.h) from traces. */
#ifndef HOSTED_PLAYER_SCRIPT_H
#define HOSTED_PLAYER_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hosted/session/session.h"
#include "hosted/trace/trace.h"

#ifdef __cplusplus
extern "C" {
#endif

struct script_options {
    bool skip;      /* What cannot be played is left out, instead of being an error. */
    FILE *warnings; /* Says what has been left out; null: nobody is told. */
};

/* The script that makes the calls of a calls trace: to be freed; its size in *size. Null and *error
 * if it cannot be made: the event, and why. */
uint8_t *script_make(struct trace *trace, const struct script_options *options, size_t *size,
                     struct session_error *error);

/* The player's ELF file with a script in it: to be freed. Null if `player` has no place for one. */
uint8_t *script_pack(const uint8_t *player, size_t player_size, const uint8_t *script,
                     size_t script_size, size_t *size);

/* The player's ELF files, for debug and release kernels; made by the build. */
extern const uint8_t player_debug[];
extern const uint64_t player_debug_size;
extern const uint8_t player_release[];
extern const uint64_t player_release_size;

#ifdef __cplusplus
}
#endif

#endif
