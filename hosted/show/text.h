/* SPDX-License-Identifier: BSD-2-Clause */

/* Shared by the files that write the state as text. */
#ifndef HOSTED_SHOW_TEXT_H
#define HOSTED_SHOW_TEXT_H

#include <stdint.h>
#include <stdio.h>

#include "hosted/show/view.h"

void text_threads(const struct view *view, FILE *file);
void text_queues(const struct view *view, FILE *file);
void text_time(const struct view *view, FILE *file);
void text_caps(const struct view *view, FILE *file);
void text_memory(const struct view *view, FILE *file);

/* "12.3 us"; and of a moment: "1000431 (in 12.3 us)". */
const char *text_ticks(const struct view *view, uint64_t ticks, char text[VIEW_LABEL]);
const char *text_moment(const struct view *view, uint64_t time, char text[VIEW_LABEL]);

#endif
