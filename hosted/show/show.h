/* SPDX-License-Identifier: BSD-2-Clause */

/* The whole state of a system for people, programs and pictures (docs/show.md).
 *
 * All three are safe on any state, also of a kernel that has panicked or whose memory is damaged:
 * pointers are followed only into guest RAM and only if what they should point to fits there, lists
 * that loop end, and what looked wrong is told in a section of its own ("problems").
 */
#ifndef HOSTED_SHOW_SHOW_H
#define HOSTED_SHOW_SHOW_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "hosted/sim.h"

#ifdef __cplusplus
extern "C" {
#endif

enum show_part {
    SHOW_THREADS = 1, /* Threads, their scheduling contexts, Reply objects. */
    SHOW_CAPS = 2,    /* The capability derivation tree; CNodes with their occupied slots. */
    SHOW_MEMORY = 4,  /* Address spaces, untyped memory. */
    SHOW_QUEUES = 8,  /* Endpoints, notifications, call stacks, ready and release queues. */
    SHOW_TIME = 16,   /* Clock, deadlines, domains, cores, interrupts. */
    SHOW_ALL = 31,
};

/* `parts`: a sum of enum show_part. */
void show_text(const struct sim *sim, uint32_t parts, FILE *file);
/* One JSON object, with a member for each part. */
void show_json(const struct sim *sim, uint32_t parts, FILE *file);
/* A Graphviz digraph: objects are nodes, capabilities and references edges. Of the parts it takes
 * threads, caps, memory and queues. */
void show_dot(const struct sim *sim, uint32_t parts, FILE *file);

/* Adds the parts named in `words` ("threads,caps" or "all") to *parts. False if one is unknown;
 * *bad is then where it starts, if `bad` is not null. */
bool show_parts(const char *words, uint32_t *parts, const char **bad);

#ifdef __cplusplus
}
#endif

#endif
