/* SPDX-License-Identifier: BSD-2-Clause */

/* Reading the header of a trace, line by line. */
#ifndef HOSTED_TRACE_HEADER_H
#define HOSTED_TRACE_HEADER_H

#include "hosted/trace/trace.h"

struct scan;

struct header_reading {
    uint64_t seen; /* Keys so far, one bit each. */
};

/* What holds where a header says nothing. */
void header_defaults(struct trace_header *header);
/* One line, not blank and no comment. False with scan->error. */
bool header_read_line(struct scan *scan, struct header_reading *reading,
                      struct trace_header *header);
/* After the last line: false if something is missing. */
bool header_complete(struct scan *scan, const struct header_reading *reading,
                     struct trace_header *header);

#endif
