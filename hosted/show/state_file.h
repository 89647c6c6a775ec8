/* SPDX-License-Identifier: BSD-2-Clause */

/* State files: what is needed to look at a system's state later, on another machine
 * (docs/show.md, "State files").
 */
#ifndef HOSTED_SHOW_STATE_FILE_H
#define HOSTED_SHOW_STATE_FILE_H

#include <stdbool.h>
#include <stdio.h>

#include "hosted/error_text.h"
#include "hosted/sim.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SHOW_STATE_MAGIC "albireo-state " /* What a state file starts with. */

/* What is wrong with a state file, as a sentence that says where. */
struct show_error {
    char text[ERROR_TEXT];
};

/* Writes the state. False if that fails: *error says why. */
bool show_save(const struct sim *sim, FILE *file, struct show_error *error);

/* Reads a state file into a simulator that can be looked at, and nothing else: it may only be
 * given to functions that take a const struct sim, and to sim_destroy(). Null and *error if the
 * file is no state file, is cut short or damaged, is of a later version, or comes from another
 * build of the kernel. As for every simulator, no other may exist at the time. */
struct sim *show_load(FILE *file, struct show_error *error);

#ifdef __cplusplus
}
#endif

#endif
