/* SPDX-License-Identifier: BSD-2-Clause */

/* The timeline of a run in the Trace Event Format (docs/timeline.md): who ran on each core, what
 * each thread did or waited for, who sent to whom, interrupts, and the budget that was left.
 *
 * It is written while the run goes on, in the order of time, and found by comparing the kernel's
 * state after each event with what it was before.
 */
#ifndef HOSTED_TIMELINE_TIMELINE_H
#define HOSTED_TIMELINE_TIMELINE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "hosted/sim.h"
#include "hosted/trace/trace.h"

#ifdef __cplusplus
extern "C" {
#endif

struct timeline;

/* Starts with the state as it is now. Null if out of memory. */
struct timeline *timeline_begin(FILE *file, const struct sim *sim);
/* After each event. */
void timeline_event(struct timeline *timeline, const struct trace_event *event);
/* Completes the file with a word on where the trace is from and how it ended; frees the timeline.
 * False if not all could be written, or memory ran out. The file stays open. */
bool timeline_end(struct timeline *timeline, const char *origin, const char *ending);

#ifdef __cplusplus
}
#endif

#endif
