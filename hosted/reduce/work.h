/* SPDX-License-Identifier: BSD-2-Clause */

/* Shared by the ways to make a trace smaller. */
#ifndef HOSTED_REDUCE_WORK_H
#define HOSTED_REDUCE_WORK_H

#include "hosted/reduce/reduce.h"

/* `steps` have the symptom; `attempt` is what is tried. */
struct work {
    struct trial *trial;
    struct reduction *r;
    struct step *steps;
    uint32_t count;
    struct step *attempt;
    bool *made;
    double start;
    double said;
};

/* False when the time is over. Reports progress. */
bool work_in_time(struct work *w, const char *what);
/* Tries `count` steps of w->attempt. If the symptom is there, they are the steps from now on: those
 * that were really made. */
bool work_try(struct work *w, uint32_t count);
/* All steps, to be changed: w->attempt. */
void work_copy(struct work *w);

/* simplify.c: the same events with less in them. First of all what can be had at once. */
void simplify_at_once(struct work *w);
void simplify_events(struct work *w);
/* The simulator's own machine instead of the trace's, if that will do. */
void simplify_machine(struct work *w);
/* A smaller untyped instead of those that are used. */
void simplify_memory(struct work *w);
/* Slots one behind the other. */
void simplify_slots(struct work *w);
/* An event goes, and what it made is replaced by what it was made of. True if there was one. */
bool simplify_aliases(struct work *w);

#endif
