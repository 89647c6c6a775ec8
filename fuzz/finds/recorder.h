/* SPDX-License-Identifier: BSD-2-Clause */

/* Traces of inputs: of calls, from a fresh boot through the building of the world to the input's
 * end.
 */
#ifndef FUZZ_FINDS_RECORDER_H
#define FUZZ_FINDS_RECORDER_H

#include <stdbool.h>
#include <stdio.h>

#include "fuzz/finds/finds.h"

/* Writes the trace of an input, played with these oracles. *found says whether it finds something,
 * *find what; then a comment in the trace says so, too. While it plays there is no other world. A
 * crash ends the trace with the event that does it. False, and a complaint, without a trace. */
bool recorder_write(const struct finds_words *words, const struct input *input, FILE *file,
                    bool *found, struct oracle_find *find);

#endif
