/* SPDX-License-Identifier: BSD-2-Clause */

/* Lines of a trace: what the files here share. */
#ifndef HOSTED_TRACE_EVENT_H
#define HOSTED_TRACE_EVENT_H

#include "hosted/trace/trace.h"

struct scan;
struct text;

/* "server@80431000", "idle", "*". */
void event_put_thread(struct text *text, const struct trace_thread *thread);
/* The array with room for one more element; never null. */
void *event_grown(void *array, uint32_t count, uint32_t *capacity, size_t size);

/* A whole event line into a cleared event. False with scan->error. */
bool event_read_line(struct scan *scan, struct trace_event *event);
/* "@TIME BYTE ['CHARACTER']", behind the word "input". */
bool event_read_input(struct scan *scan, struct trace_input *input);
/* The words of an event. False with scan->error. */
bool what_read(struct scan *scan, struct trace_action *action);

#endif
