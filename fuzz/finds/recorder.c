/* SPDX-License-Identifier: BSD-2-Clause */
#include "fuzz/finds/recorder.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "core/config.h"
#include "core/kernel.h"
#include "fuzz/finds/child.h"
#include "hosted/trace/trace.h"

enum { LINE_MAX = 4 * TRACE_TEXT };

/* The event that is under way, as far as it is known: for the case that nothing comes after it. */
struct pending {
    bool recording;
    int error;       /* If something could not be written: errno. */
    uint64_t number; /* 0: none is under way. */
    uint64_t written;
    char line[LINE_MAX];
};

struct recorder {
    struct sim *sim;
    FILE *file;
    struct trace_shadow *shadow;
    struct trace_header header;
    struct trace_event event;
    struct pending *pending;
};

/* --- Events ----------------------------------------------------------------------------------- */

static void note_pending(struct recorder *r)
{
    struct pending *p = r->pending;
    p->number = r->event.number;
    trace_format_event(p->line, sizeof p->line, &r->header, &r->event);
}

static void before(void *context, enum sim_event event, uint64_t a, uint64_t b)
{
    struct recorder *r = context;
    trace_describe_before(r->sim, r->shadow, event, a, b, &r->event);
    note_pending(r);
}

/* 0, or errno. What has failed earlier has not left more than that it has. */
static int flush_file(FILE *file)
{
    errno = 0;
    bool good = fflush(file) == 0 && ferror(file) == 0;
    return good ? 0 : errno != 0 ? errno : EIO;
}

/* What has been written must have left the process when it crashes. */
static void flush(struct recorder *r)
{
    if (r->pending->error == 0) {
        r->pending->error = flush_file(r->file);
    }
}

static void after(void *context)
{
    struct recorder *r = context;
    trace_describe_after(r->sim, r->shadow, &r->event);
    r->event.has_hash = sim_status(r->sim) != SIM_PANICKED;
    r->event.hash = r->event.has_hash ? trace_state_hash(r->sim) : 0;
    trace_write_event(r->file, &r->header, &r->event);
    flush(r);
    r->pending->written = r->event.number;
    r->pending->number = 0;
}

static void poll(void *context, uint64_t now, bool pending)
{
    struct recorder *r = context;
    trace_describe_poll(r->sim, &r->event, now, pending);
    note_pending(r);
}

static struct sim_observer observer_of(struct recorder *r)
{
    return (struct sim_observer){.context = r, .before = before, .after = after, .poll = poll};
}

/* The machine has booted. */
static void begin(void *context, struct sim *sim)
{
    struct recorder *r = context;
    struct trace_header *header = &r->header;
    struct sim_observer observer = observer_of(r);
    r->sim = sim;
    trace_describe_machine(sim, header);
    header->kind = TRACE_CALLS;
    snprintf(header->origin, sizeof header->origin, "fuzz_input");
    header->instructions_per_tick = 100;
    uint32_t poll_every = sim_kernel(sim)->work_units_per_poll;
    header->machine.poll_every = poll_every == ABI_WORK_UNITS ? 0 : poll_every;
    header->hash_every = 1;
    header->boot_hash = trace_state_hash(sim);
    trace_write_header(r->file, header);
    flush(r);
    r->pending->recording = true;
    sim_observe(sim, &observer);
}

/* --- Playing ---------------------------------------------------------------------------------- */

struct job {
    const struct finds_words *words;
    const struct input *input;
    FILE *file;
    uint32_t poll_every;
    struct pending *pending;
};

/* The configuration of an input alone says how often the kernel looks for interrupts: a trace has
 * that in its header. */
static bool find_poll_every(const struct finds_words *words, const struct input *input,
                            uint32_t *poll_every)
{
    static struct input empty;
    struct finds_words off = *words;
    struct finds_player player;
    empty.config = input->config;
    off.level = ORACLE_OFF;
    if (!finds_open(&off, &player)) {
        return false;
    }
    play_input(player.world, player.oracle, &empty, NULL);
    *poll_every = player.world->k->work_units_per_poll;
    finds_close(&player);
    return true;
}

/* That the recorder itself is at its end is no find: without a recording, the parent says why. */
static bool cannot(const struct job *job, struct oracle_find *find, const char *what,
                   const char *why)
{
    job->pending->recording = false;
    return !oracle_fail(find, "world", "%s: %s", what, why);
}

/* In the child. */
static bool record(void *context, struct oracle_find *find)
{
    static struct recorder r;
    const struct job *job = context;
    const struct input *input = job->input;
    struct sim_observer observer = observer_of(&r);
    struct play_options options = {.log = NULL, .watcher = &observer};
    struct world_recording recording = {.context = &r,
                                        .booted = begin,
                                        .check_every = 0, /* The oracles look. */
                                        .poll_every = job->poll_every};
    struct sim_error error;
    r.file = job->file;
    r.pending = job->pending;
    r.shadow = trace_shadow_create();
    enum world_topology topology = (enum world_topology)(input->config.topology % WORLD_TOPOLOGIES);
    struct world *world = world_create_recorded(topology, &recording, &error);
    if (world == NULL) {
        return cannot(job, find, "it cannot be made", error.text);
    }
    struct oracle *oracle = oracle_create(world, job->words->level);
    if (oracle == NULL) {
        return cannot(job, find, "its oracle cannot be made", "out of memory");
    }
    bool found = !play_input(world, oracle, input, &options);
    if (found) {
        *find = *oracle_find(oracle);
    }
    return found;
}

/* What stands in a comment must be one line. */
static void put_comment(FILE *file, const struct oracle_find *find)
{
    fprintf(file, "# Found: %s: ", find->kind);
    for (const char *c = find->text; *c != '\0'; c++) {
        fputc(*c < ' ' || *c > '~' ? ' ' : *c, file);
    }
    fputc('\n', file);
}

/* 0, or errno if not all of the trace has been written. */
static int finish(const struct pending *pending, bool found, const struct oracle_find *find,
                  FILE *file)
{
    uint64_t last = pending->written;
    fseek(file, 0, SEEK_END); /* The child has written. */
    if (pending->number == last + 1) {
        fprintf(file, "%s\n", pending->line);
        last++;
    }
    if (found) {
        put_comment(file, find);
    }
    trace_write_end(file, last, "end of the input");
    int error = flush_file(file);
    return pending->error != 0 ? pending->error : error;
}

bool recorder_write(const struct finds_words *words, const struct input *input, FILE *file,
                    bool *found, struct oracle_find *find)
{
    static struct pending *pending;
    struct job job = {.words = words, .input = input, .file = file};
    if (pending == NULL) {
        pending = child_shared(sizeof *pending);
    }
    memset(pending, 0, sizeof *pending);
    job.pending = pending;
    if (!find_poll_every(words, input, &job.poll_every)) {
        return false;
    }
    *found = child_run(record, &job, words->timeout, find);
    if (!pending->recording) {
        finds_complain(words, "nothing could be recorded: %s: %s", find->kind, find->text);
        return false;
    }
    int error = finish(pending, *found, find, file);
    if (error != 0) {
        finds_complain(words, "a temporary file: %s", strerror(error));
        return false;
    }
    return true;
}
