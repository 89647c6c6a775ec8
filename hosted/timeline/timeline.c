/* SPDX-License-Identifier: BSD-2-Clause */
#include "hosted/timeline/timeline.h"

#include <stdlib.h>
#include <string.h>

#include "hosted/show/view.h"
#include "hosted/timeline/internal.h"

/* The two "processes" that the tracks belong to. */
enum { PID_MACHINE = 1, PID_THREADS = 2 };

/* How often a sinking budget is shown: viewers draw counters as steps. */
enum { SAMPLE_US = 50, SAMPLES_MAX = 20 };

/* cname: one of the colours that Chrome's viewer knows. */
static const struct {
    const char *name;
    const char *cname;
} looks[] = {
    [LOOK_GONE] = {"gone", "grey"},
    [LOOK_RUNNING] = {"running", "thread_state_running"},
    [LOOK_READY] = {"ready", "thread_state_runnable"},
    [LOOK_BUDGET] = {"waits for its budget", "bad"},
    [LOOK_NO_TIME] = {"has no time", "terrible"},
    [LOOK_INACTIVE] = {"inactive", "grey"},
    [LOOK_RECEIVE] = {"blocked on receive", "thread_state_sleeping"},
    [LOOK_SEND] = {"blocked on send", "thread_state_uninterruptible"},
    [LOOK_REPLY] = {"blocked on reply", "thread_state_iowait"},
    [LOOK_NOTIFICATION] = {"blocked on notification", "thread_state_sleeping"},
};

struct event_track core_track(uint32_t core)
{
    return (struct event_track){PID_MACHINE, 2 * core + 1};
}

struct event_track interrupt_track(uint32_t core)
{
    return (struct event_track){PID_MACHINE, 2 * core + 2};
}

struct event_track thread_track(const struct track *track)
{
    return (struct event_track){PID_THREADS, track->tid};
}

bool timeline_grow(struct timeline *t, void **array, uint32_t count, uint32_t *capacity,
                   size_t size)
{
    if (count < *capacity) {
        return true;
    }
    uint32_t wanted = *capacity == 0 ? 64 : 2 * *capacity;
    void *moved = realloc(*array, wanted * size);
    if (moved == NULL) {
        t->out_of_memory = true;
        return false;
    }
    *array = moved;
    *capacity = wanted;
    return true;
}

static const char *name_of(const struct track *track)
{
    return track->name[0] == '\0' ? "(no name)" : track->name;
}

/* --- Writing what has changed ----------------------------------------------------------------- */

static void write_slice(struct timeline *t, struct track *track)
{
    struct event_writer *w = &t->writer;
    if (track->shown.look == track->now.look && track->shown.object == track->now.object) {
        return;
    }
    if (track->shown.look != LOOK_GONE) {
        event_begin(w, 'E', thread_track(track), t->time, NULL);
        event_end(w);
    }
    track->shown = track->now;
    if (track->now.look == LOOK_GONE) {
        return;
    }
    event_begin(w, 'B', thread_track(track), t->time, looks[track->now.look].name);
    event_text(w, "cat", "state");
    event_text(w, "cname", looks[track->now.look].cname);
    event_args(w);
    if (track->now.object != 0) {
        event_hex(w, "object", track->now.object);
    }
    event_number(w, "since_event", track->since);
    event_text(w, "by", track->words);
    event_end(w);
}

static void write_core(struct timeline *t, uint32_t i)
{
    struct event_writer *w = &t->writer;
    struct core_track *core = &t->cores[i];
    if (core->open && core->now == core->shown) {
        return;
    }
    if (core->open) {
        event_begin(w, 'E', core_track(i), t->time, NULL);
        event_end(w);
    }
    core->shown = core->now;
    core->open = true;
    event_begin(w, 'B', core_track(i), t->time, core->now == NULL ? "idle" : name_of(core->now));
    event_text(w, "cat", "core");
    if (core->now == NULL) {
        event_text(w, "cname", "thread_state_unknown");
    }
    event_end(w);
}

static void write_flow(struct timeline *t, const struct flow *flow)
{
    struct event_writer *w = &t->writer;
    t->flow_id++;
    event_begin(w, 's', flow->from, t->time, flow->name);
    event_text(w, "cat", "ipc");
    event_number(w, "id", t->flow_id);
    event_end(w);
    event_begin(w, 'f', flow->to, t->time, flow->name);
    event_text(w, "cat", "ipc");
    event_number(w, "id", t->flow_id);
    event_text(w, "bp", "e"); /* The slice around it, not the next one. */
    event_end(w);
}

static void write_left(struct timeline *t, uint32_t i, uint64_t left)
{
    t->cores[i].sampled = t->time;
    event_begin(&t->writer, 'C', core_track(i), t->time, "budget left");
    event_args(&t->writer);
    event_time(&t->writer, "us", left);
    event_end(&t->writer);
}

/* A budget that has not just sunk: what it was, and what it is. */
static void write_jump(struct timeline *t, uint32_t i)
{
    struct core_track *core = &t->cores[i];
    if (core->left == core->left_before) {
        return;
    }
    if (core->sampled != t->time) {
        write_left(t, i, core->left_before);
    }
    write_left(t, i, core->left);
    core->left_before = core->left;
}

/* Everything that is so at t->time. */
static void flush(struct timeline *t)
{
    for (uint32_t i = 0; i < CONFIG_CORES; i++) {
        write_core(t, i);
        write_jump(t, i);
    }
    for (uint32_t i = 0; i < t->live_count; i++) {
        write_slice(t, t->live[i]);
    }
    for (uint32_t i = 0; i < t->flow_count; i++) {
        write_flow(t, &t->flows[i]);
    }
    t->flow_count = 0;
}

static void sink(struct timeline *t, uint64_t time)
{
    uint64_t passed = time - t->time;
    t->time = time;
    for (uint32_t i = 0; i < CONFIG_CORES; i++) {
        struct core_track *core = &t->cores[i];
        core->left = core->left > passed ? core->left - passed : 0;
        core->left_before = core->left;
        if (core->now != NULL && time - core->sampled >= SAMPLE_US * t->writer.ticks_per_us) {
            write_left(t, i, core->left);
        }
    }
}

/* The clock goes on to `time`, and nothing happens until then. */
static void advance(struct timeline *t, uint64_t time)
{
    if (time <= t->time) {
        return;
    }
    flush(t);
    uint64_t step = SAMPLE_US * t->writer.ticks_per_us;
    if ((time - t->time) / SAMPLES_MAX > step) {
        step = (time - t->time) / SAMPLES_MAX;
    }
    while (time - t->time > step) {
        sink(t, t->time + step);
    }
    sink(t, time);
}

/* --- Events ----------------------------------------------------------------------------------- */

static void write_line(struct timeline *t, struct track *track)
{
    track->line[track->line_length] = '\0';
    event_begin(&t->writer, 'i', thread_track(track), t->time, track->line);
    event_text(&t->writer, "cat", "console");
    event_text(&t->writer, "s", "t");
    event_end(&t->writer);
    track->line_length = 0;
}

/* A character on the debug console: lines are shown, not each call. */
static void take_character(struct timeline *t, struct track *track)
{
    char c = (char)track->thread->regs.x[REG_A0];
    if (c != '\n' && c != '\r') {
        track->line[track->line_length++] = c;
    }
    if (track->line_length > 0 && (c == '\n' || track->line_length == TRACK_LINE - 1)) {
        write_line(t, track);
    }
}

static bool is_call(const struct trace_event *event, const char *name)
{
    return event->event == SIM_EVENT_SYSCALL && strncmp(event->what, name, strlen(name)) == 0;
}

static void write_entry(struct timeline *t, const struct trace_event *event,
                        const struct track *actor, uint64_t end)
{
    static const char *const kinds[] = {
        [SIM_EVENT_SYSCALL] = "syscall",
        [SIM_EVENT_FAULT] = "fault",
        [SIM_EVENT_IRQ] = "interrupt",
        [SIM_EVENT_TICK] = "timer",
    };
    char name[TRACK_WORDS];
    bool own = event->event == SIM_EVENT_SYSCALL || event->event == SIM_EVENT_FAULT;
    struct event_track track =
        own && actor != NULL ? thread_track(actor) : interrupt_track(t->core);
    timeline_short_name(event, name, sizeof name);
    event_begin(&t->writer, 'X', track, event->time, name[0] == '\0' ? kinds[event->event] : name);
    event_text(&t->writer, "cat", kinds[event->event]);
    event_time(&t->writer, "dur", end > event->time ? end - event->time : 0);
    event_args(&t->writer);
    event_number(&t->writer, "event", event->number);
    event_text(&t->writer, "what", event->what);
    event_text(&t->writer, "outcome", event->outcome);
    event_end(&t->writer);
}

/* A thread is no more: its slice ends now, and so does the line that it was printing. */
static void bury(struct timeline *t, struct track *track)
{
    if (track->line_length > 0) {
        write_line(t, track);
    }
    track->now = (struct slice){.look = LOOK_GONE};
    write_slice(t, track);
    track->thread = NULL;
}

static void look_at_cores(struct timeline *t)
{
    const struct kernel *k = sim_kernel(t->sim);
    for (uint32_t i = 0; i < t->live_count; i++) {
        t->live[i]->running = false;
    }
    for (uint32_t i = 0; i < CONFIG_CORES; i++) {
        const struct core *core = &k->cores[i];
        bool idle = core->current == core->idle;
        struct track *track = idle ? NULL : timeline_find(t, view_paddr(core->current));
        t->cores[i].now = track;
        t->cores[i].left = timeline_budget(t, core);
        if (track != NULL) {
            track->running = true;
        }
    }
}

/* Compares every thread with what it was. */
static void look_at_threads(struct timeline *t, const struct trace_event *event,
                            const struct track *actor)
{
    for (uint32_t i = 0; i < t->live_count; i++) {
        t->live[i]->fault = t->live[i]->thread->fault.type;
    }
    for (uint32_t i = 0; i < t->live_count; i++) {
        struct track *track = t->live[i];
        struct slice slice = timeline_slice(t, track);
        uint8_t old = track->state;
        track->state = track->thread->state;
        if (old != track->state && event != NULL) {
            timeline_arrow(t, event, actor, track, old);
        }
        if (slice.look != track->now.look || slice.object != track->now.object) {
            track->now = slice;
            track->since = t->event;
            snprintf(track->words, sizeof track->words, "%.*s", TRACK_WORDS - 1,
                     event == NULL ? "" : event->what);
        }
    }
}

static void look(struct timeline *t, const struct trace_event *event, const struct track *actor)
{
    if (t->broken || sim_status(t->sim) == SIM_PANICKED || !timeline_follow(t, bury)) {
        t->broken = true; /* What has been seen so far stays as it is. */
        return;
    }
    look_at_cores(t);
    look_at_threads(t, event, actor);
}

struct timeline *timeline_begin(FILE *file, const struct sim *sim)
{
    struct timeline *t = calloc(1, sizeof *t);
    if (t == NULL) {
        return NULL;
    }
    event_open(&t->writer, file, sim_config_of(sim)->ticks_per_us);
    t->sim = sim;
    t->time = sim_now(sim);
    t->event = sim_events(sim);
    look(t, NULL, NULL);
    for (uint32_t i = 0; i < t->live_count; i++) {
        t->live[i]->tid = t->live_count - i; /* The oldest first. */
    }
    return t;
}

void timeline_event(struct timeline *t, const struct trace_event *event)
{
    struct track *actor = t->broken ? NULL : timeline_find(t, event->who.paddr);
    const struct core *core = this_core(sim_kernel(t->sim));
    t->event = event->number;
    t->core = sim_kernel(t->sim)->this_core;
    advance(t, event->time);
    if (actor != NULL && is_call(event, "DebugPutChar")) {
        take_character(t, actor);
    } else {
        write_entry(t, event, actor, core->now);
    }
    advance(t, core->now); /* When the kernel has looked at the clock last. */
    look(t, event, actor);
    bool named = !t->broken && is_call(event, "DebugNameThread");
    for (uint32_t i = 0; named && i < t->live_count; i++) {
        timeline_read_name(t->live[i]);
    }
}

/* --- The end ---------------------------------------------------------------------------------- */

static void name_track(struct timeline *t, const char *what, struct event_track track,
                       const char *name)
{
    event_begin(&t->writer, 'M', track, t->time, what);
    event_args(&t->writer);
    event_text(&t->writer, "name", name);
    event_end(&t->writer);
}

static void sort_track(struct timeline *t, const char *what, struct event_track track)
{
    event_begin(&t->writer, 'M', track, t->time, what);
    event_args(&t->writer);
    event_number(&t->writer, "sort_index", track.tid);
    event_end(&t->writer);
}

static void name_everything(struct timeline *t)
{
    char name[TRACK_NAME + 32];
    name_track(t, "process_name", (struct event_track){PID_MACHINE, 0}, "machine");
    name_track(t, "process_name", (struct event_track){PID_THREADS, 0}, "threads");
    for (uint32_t i = 0; i < CONFIG_CORES; i++) {
        snprintf(name, sizeof name, "core %u", i);
        name_track(t, "thread_name", core_track(i), name);
        sort_track(t, "thread_sort_index", core_track(i));
        snprintf(name, sizeof name, "interrupts and timer, core %u", i);
        name_track(t, "thread_name", interrupt_track(i), name);
        sort_track(t, "thread_sort_index", interrupt_track(i));
    }
    for (uint32_t i = 0; i < t->track_count; i++) {
        const struct track *track = t->tracks[i];
        snprintf(name, sizeof name, "%s%s", name_of(track),
                 track->thread == NULL ? " (deleted)" : "");
        name_track(t, "thread_name", thread_track(track), name);
        sort_track(t, "thread_sort_index", thread_track(track));
    }
}

bool timeline_end(struct timeline *t, const char *origin, const char *ending)
{
    advance(t, sim_now(t->sim));
    flush(t);
    for (uint32_t i = 0; i < t->live_count; i++) {
        if (t->live[i]->line_length > 0) {
            write_line(t, t->live[i]);
        }
        t->live[i]->now = (struct slice){.look = LOOK_GONE};
        write_slice(t, t->live[i]);
    }
    for (uint32_t i = 0; i < CONFIG_CORES; i++) {
        event_begin(&t->writer, 'E', core_track(i), t->time, NULL);
        event_end(&t->writer);
    }
    event_begin(&t->writer, 'i', core_track(0), t->time, ending);
    event_text(&t->writer, "cat", "end");
    event_text(&t->writer, "s", "g");
    event_end(&t->writer);
    name_everything(t);
    event_close(&t->writer, origin, ending);

    bool good = !t->out_of_memory && fflush(t->writer.file) == 0 && ferror(t->writer.file) == 0;
    for (uint32_t i = 0; i < t->track_count; i++) {
        free(t->tracks[i]);
    }
    free(t->tracks);
    free(t->live);
    free(t->next);
    free(t->flows);
    free(t);
    return good;
}
