/* SPDX-License-Identifier: BSD-2-Clause */

/* Reading one line of a trace. */
#ifndef HOSTED_TRACE_EVENT_H
#define HOSTED_TRACE_EVENT_H

#include "hosted/trace/trace.h"

struct scan;

/* A whole event line into a cleared event. False with scan->error. */
bool event_read_line(struct scan *scan, struct trace_event *event);
/* "@TIME BYTE ['CHARACTER']", behind the word "input". */
bool event_read_input(struct scan *scan, struct trace_input *input);
/* The words of an event. False with scan->error. */
bool what_read(struct scan *scan, struct trace_action *action);

#endif
