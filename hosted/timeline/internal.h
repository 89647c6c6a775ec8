/* SPDX-License-Identifier: BSD-2-Clause */

/* The parts of a timeline, for the files of this folder only. */
#ifndef HOSTED_TIMELINE_INTERNAL_H
#define HOSTED_TIMELINE_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/kernel.h"
#include "hosted/timeline/event_writer.h"
#include "hosted/timeline/timeline.h"

enum { TRACK_NAME = 64, TRACK_WORDS = 240, TRACK_LINE = 200 };

/* What a thread is seen doing. */
enum look {
    LOOK_GONE, /* No slice. */
    LOOK_RUNNING,
    LOOK_READY,
    LOOK_BUDGET,
    LOOK_NO_TIME,
    LOOK_INACTIVE,
    LOOK_RECEIVE,
    LOOK_SEND,
    LOOK_REPLY,
    LOOK_NOTIFICATION,
};

struct slice {
    enum look look;
    uint64_t object; /* That it is blocked on: physical address. */
};

/* A thread, for ever: one that is gone keeps its track. */
struct track {
    const struct thread *thread;
    uint32_t tid;  /* By age, from 1. */
    uint8_t state; /* enum thread_state after the last event. */
    uint8_t fault; /* enum fault_type, likewise. */
    bool running;
    struct slice now;   /* As it is, */
    struct slice shown; /* and as the file says so far. */
    uint64_t since;     /* The event that led to `now`. */
    char words[TRACK_WORDS];
    char name[TRACK_NAME];
    char line[TRACK_LINE]; /* What it is printing on the debug console. */
    uint32_t line_length;
};

/* An arrow. */
struct flow {
    const char *name;
    struct event_track from;
    struct event_track to;
};

struct timeline {
    struct event_writer writer;
    const struct sim *sim;
    bool out_of_memory;
    bool broken; /* The kernel's state cannot be followed any more. */
    uint64_t time;
    uint64_t event; /* Number of the last one, */
    uint32_t core;  /* and where it was. */
    uint64_t flow_id;

    struct track **tracks; /* All. */
    uint32_t track_count;
    uint32_t track_capacity;
    struct track **live; /* Those that exist, the newest first, as in the kernel's list. */
    struct track **next;
    uint32_t live_count;
    uint32_t live_capacity;
    uint32_t next_capacity;

    /* What happened at `time` and is not written yet: of what changes several times at one moment,
     * only the last is shown. */
    struct flow *flows;
    uint32_t flow_count;
    uint32_t flow_capacity;

    struct core_track {
        const struct track *now; /* Null: idle. */
        const struct track *shown;
        bool open;
        /* Of the running budget, in ticks: now, and when the clock came to `time`. It sinks. */
        uint64_t left;
        uint64_t left_before;
        uint64_t sampled; /* When it was written last. */
    } cores[CONFIG_CORES];
};

/* Tracks in the file: of a core, of its interrupts, of a thread. */
struct event_track core_track(uint32_t core);
struct event_track interrupt_track(uint32_t core);
struct event_track thread_track(const struct track *track);

/* Makes room for one more element of `size` bytes: false if out of memory. *array may move. */
bool timeline_grow(struct timeline *timeline, void **array, uint32_t count, uint32_t *capacity,
                   size_t size);

/* --- threads.c -------------------------------------------------------------------------------- */

/* Finds out which threads there are now. Those that are no more get no slice and leave t->live;
 * they are handed to `bury` before. False if the kernel's list leads nowhere. */
typedef void timeline_bury(struct timeline *timeline, struct track *track);
bool timeline_follow(struct timeline *timeline, timeline_bury *bury);
/* The live thread with its TCB at this physical address, or null. */
struct track *timeline_find(const struct timeline *timeline, uint64_t paddr);
/* Debug names may have changed. */
void timeline_read_name(struct track *track);
/* What the thread is doing. */
struct slice timeline_slice(const struct timeline *timeline, const struct track *track);
/* What is left, in ticks, of the budget that a core is using. */
uint64_t timeline_budget(const struct timeline *timeline, const struct core *core);

/* --- arrows.c --------------------------------------------------------------------------------- */

/* What an event was, in a word or two: "TCB_Resume", "Send notification", "fault load-page". */
void timeline_short_name(const struct trace_event *event, char *name, size_t size);
/* Arrows that the change of a thread's state means, which was `old` before the event. */
void timeline_arrow(struct timeline *timeline, const struct trace_event *event,
                    const struct track *actor, const struct track *track, uint8_t old);

#endif
