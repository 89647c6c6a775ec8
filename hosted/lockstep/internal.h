/* SPDX-License-Identifier: BSD-2-Clause */

/* The parts of a lock-step run, for the files of this folder only. */
#ifndef HOSTED_LOCKSTEP_INTERNAL_H
#define HOSTED_LOCKSTEP_INTERNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/api.h"
#include "core/bits.h"
#include "hosted/board_devices.h"
#include "hosted/elf.h"
#include "hosted/lockstep/lockstep.h"
#include "hosted/sim.h"
#include "hosted/trace/trace.h"

/* scause: RISC-V Privileged Architecture 20211203, section 4.1.8. */
#define LOG_CAUSE_BREAKPOINT 3u
#define LOG_CAUSE_ECALL 8u
#define LOG_CAUSE_FETCH_PAGE 12u
#define LOG_CAUSE_TIMER (((uint64_t)1 << 63) + 5)
#define LOG_CAUSE_EXTERNAL (((uint64_t)1 << 63) + 9)

struct lockstep {
    struct log *log;
    const struct lockstep_options *options;
    struct lockstep_result *result;
    struct elf_image image;
    uint64_t image_hash;
    struct sim_config config; /* Without the bytes of root task and tree. */
    struct sim *sim;
    struct board_devices devices;

    const struct log_event *event; /* The one that is played. */
    bool entered;                  /* It has entered the kernel. */
    uint32_t polls;
    uint32_t claims;
    uint64_t instructions; /* sim_instructions() when the thread was let go. */

    uint64_t written; /* Events in the trace. */
    struct trace_header header;
    struct trace_event line;
};

/* The first difference is kept. */
void lockstep_differ(struct lockstep *l, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* --- record.c: the trace, if one is wanted ---------------------------------------------------- */

void lockstep_trace_begin(struct lockstep *l);
void lockstep_trace_before(struct lockstep *l, enum sim_event event, uint64_t a, uint64_t b);
void lockstep_trace_after(struct lockstep *l);
void lockstep_trace_end(struct lockstep *l);

#endif
