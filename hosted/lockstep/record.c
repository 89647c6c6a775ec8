/* SPDX-License-Identifier: BSD-2-Clause */

/* What happens in lock-step, as a program trace with a recorded clock. */
#include <string.h>
#include <xxhash.h>

#include "core/config.h"
#include "core/kernel.h"
#include "hosted/lockstep/internal.h"

static void fill_header(struct lockstep *l)
{
    struct trace_header *h = &l->header;
    h->kind = TRACE_PROGRAM;
    snprintf(h->origin, sizeof h->origin, "%s", l->options->origin);
    snprintf(h->build, sizeof h->build, "%s", trace_build_id());
    h->debug = CONFIG_DEBUG;
    h->fpu = CONFIG_FPU;
    h->domains = CONFIG_DOMAINS;
    h->cores = CONFIG_CORES;
    h->machine = l->config;
    snprintf(h->image_file, sizeof h->image_file, "%s", l->options->image);
    h->image_hash = l->image_hash;
    h->dtb = (uint8_t *)(uintptr_t)l->log->tree; /* The log's; not freed through this header. */
    h->dtb_size = l->config.dtb_size;
    h->instructions_per_tick = l->config.instructions_per_tick;
    h->clock_recorded = true;
    h->hash_every = l->options->hash_every;
    h->boot_hash = h->hash_every != 0 ? trace_state_hash(l->sim) : 0;
    h->first = 1;
}

void lockstep_trace_begin(struct lockstep *l)
{
    if (l->options->trace != NULL) {
        fill_header(l);
        trace_write_header(l->options->trace, &l->header);
    }
}

void lockstep_trace_before(struct lockstep *l, enum sim_event event, uint64_t a, uint64_t b)
{
    const struct log_event *log = l->event;
    struct trace_event *line = &l->line;
    if (l->options->trace == NULL) {
        return;
    }
    trace_describe_before(l->sim, NULL, event, a, b, line);
    if (log->before.thread == 0) {
        return;
    }
    line->pc = log->before.pc;
    line->has_pc = true;
    line->regs_hash = XXH3_64bits(&log->before.x[1], 31 * sizeof log->before.x[1]);
    line->has_regs_hash = true;
    line->cycles = log->resumed;
    line->ran = sim_instructions(l->sim) - l->instructions;
    line->has_cycles = true;
}

/* If the kernel makes something else of an event, that is the last one in the trace, as it is here.
 * If user code does not get there, the trace ends before it. */
void lockstep_trace_after(struct lockstep *l)
{
    const struct log_event *log = l->event;
    struct trace_event *line = &l->line;
    if (l->options->trace == NULL || !l->result->same) {
        return;
    }
    trace_describe_after(l->sim, NULL, line);
    line->poll_count = 0;
    if (log->poll_count != 0) {
        const struct log_poll *last = &log->polls[log->poll_count - 1];
        line->polls[0] =
            (struct trace_poll){log->poll_count, last->time, log->claim, last->pending};
        line->poll_count = 1;
    }
    if (l->header.hash_every != 0 && log->number % l->header.hash_every == 0 &&
        sim_status(l->sim) != SIM_PANICKED) {
        line->has_hash = true;
        line->hash = trace_state_hash(l->sim);
    }
    trace_write_event(l->options->trace, &l->header, line);
    l->written = log->number;
}

void lockstep_trace_end(struct lockstep *l)
{
    if (l->options->trace != NULL) {
        trace_write_end(l->options->trace, l->written,
                        l->result->same ? l->result->ending : "stopped: here the log differs");
    }
}
