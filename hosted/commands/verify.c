/* SPDX-License-Identifier: BSD-2-Clause */

/* `albireo verify`: runs a root task twice, and every event must be the same. */
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "hosted/commands/commands.h"
#include "hosted/options.h"
#include "hosted/session/session.h"

enum { LINE_SIZE = 4 * TRACE_TEXT };

static const char help[] =
    "usage: albireo verify [OPTION]... ROOTTASK.elf\n\n"
    "Runs a root task twice, as `albireo run` does but without input, and compares every event of\n"
    "the two runs with the hash of the kernel's state after it. If they differ, it says where.\n\n"
    "options:\n"
    "  --memory SIZE          RAM; may end in K, M or G (default 128M)\n"
    "  --root-cnode-bits N    slots of the root CNode: 2^N (default 12)\n"
    "  --seed N               as for run (default 1)\n"
    "  --max-events N         end each run after N kernel entries\n"
    "  -h, --help             this text\n\n"
    "exit status: 0 both runs are the same, however they end; 1 they differ; 2 wrong usage; 3 the\n"
    "file is missing or is not what it should be\n";

struct words {
    const char *image;
    uint64_t memory;
    uint64_t cnode_bits;
    uint64_t seed;
    uint64_t max_events;
    bool help;
};

/* One run: its events as digests of their lines, which end with the state hash. */
struct run {
    const struct trace_header *header;
    const struct run *first; /* The one to compare with; null in the first run. */
    uint64_t most;           /* Events. */
    uint64_t *digests;
    uint64_t capacity;
    uint64_t events;
    uint64_t last_hash;
    bool full;            /* Out of memory. */
    bool different;       /* The last event, from the first run's. */
    char line[LINE_SIZE]; /* The last event. */
    char ending[1024];
};

/* --- A run ------------------------------------------------------------------------------------ */

static bool keep(struct run *run, uint64_t digest)
{
    if (run->events == run->capacity) {
        uint64_t capacity = run->capacity == 0 ? 1 << 16 : 2 * run->capacity;
        uint64_t *larger = realloc(run->digests, capacity * sizeof *larger);
        if (larger == NULL) {
            return false;
        }
        run->digests = larger;
        run->capacity = capacity;
    }
    run->digests[run->events] = digest;
    return true;
}

static void on_event(void *context, const struct trace_event *event)
{
    struct run *run = context;
    const struct run *first = run->first;
    size_t size = trace_format_event(run->line, sizeof run->line, run->header, event);
    uint64_t digest = XXH3_64bits(run->line, size < LINE_SIZE ? size : LINE_SIZE - 1);
    run->last_hash = event->hash;
    if (first != NULL) {
        run->different = run->events >= first->events || first->digests[run->events] != digest;
    } else if (!keep(run, digest)) {
        run->full = true;
    }
    run->events++;
}

/* For the signal handler. */
static struct session *running;
static volatile sig_atomic_t interrupted;

static void on_signal(int number)
{
    (void)number;
    interrupted = 1;
    if (running != NULL) {
        session_interrupt(running);
    }
}

static void catch_signals(void)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

/* False and *error if the machine cannot be made. */
static bool make(struct run *run, struct session_error *error)
{
    struct session_options options = {.forwards_only = true};
    struct session *session = session_boot(run->header, &options, error);
    if (session == NULL) {
        return false;
    }
    running = session;
    session_observe(session, on_event, run);
    enum session_end end = SESSION_EVENT;
    while (end == SESSION_EVENT && run->events < run->most && !run->full && !run->different &&
           interrupted == 0) {
        end = session_step(session);
    }
    const char *complaint = session_complaint(session);
    if (end == SESSION_EVENT) {
        complaint = "stopped";
    }
    snprintf(run->ending, sizeof run->ending, "%.1000s", complaint == NULL ? "halted" : complaint);
    running = NULL;
    session_close(session);
    return true;
}

/* --- Two runs --------------------------------------------------------------------------------- */

static int different(struct run *second)
{
    static struct run third;
    struct session_error error;
    third = (struct run){.header = second->header, .most = second->events};
    bool made = make(&third, &error);
    free(third.digests);
    if (!made || third.events < second->events) {
        snprintf(third.line, sizeof third.line, "(not reached)");
    }
    printf("Event %" PRIu64 " differs from the first run's. It is, in the second run and in a "
           "third:\n  %s\n  %s\n",
           second->events, second->line, third.line);
    return COMMAND_FAILED;
}

static int compare(struct run *first, struct run *second)
{
    if (second->different) {
        return different(second);
    }
    if (second->events != first->events || strcmp(second->ending, first->ending) != 0) {
        printf("The runs end differently.\n  first:  after %" PRIu64 " events: %s\n"
               "  second: after %" PRIu64 " events: %s\n",
               first->events, first->ending, second->events, second->ending);
        return COMMAND_FAILED;
    }
    printf("%" PRIu64 " events, both runs are the same. Final state hash: %016" PRIx64
           ". The end: %s.\n",
           first->events, first->last_hash, first->ending);
    return COMMAND_GOOD;
}

static int verify(const struct trace_header *header, uint64_t most)
{
    static struct run first;
    static struct run second;
    struct session_error error;
    first = (struct run){.header = header, .most = most};
    second = (struct run){.header = header, .most = most, .first = &first};
    catch_signals();
    int status = COMMAND_FAILED;
    if (!make(&first, &error) || (interrupted == 0 && !make(&second, &error))) {
        fprintf(stderr, "albireo verify: %s\n", error.text);
    } else if (interrupted != 0 || first.full) {
        fprintf(stderr, "albireo verify: %s after %" PRIu64 " events\n",
                first.full ? "out of memory" : "interrupted", first.events);
    } else {
        status = compare(&first, &second);
    }
    free(first.digests);
    return status;
}

/* --- Words ------------------------------------------------------------------------------------ */

static const struct option known[] = {
    {"memory", required_argument, NULL, 'm'}, {"root-cnode-bits", required_argument, NULL, 'c'},
    {"seed", required_argument, NULL, 's'},   {"max-events", required_argument, NULL, 'e'},
    {"help", no_argument, NULL, 'h'},         {NULL, 0, NULL, 0},
};

static bool number(const char *name, uint64_t *value)
{
    if (options_size(optarg, value)) {
        return true;
    }
    fprintf(stderr, "albireo verify: --%s: expected a number, not '%s'\n", name, optarg);
    return false;
}

static bool take(struct words *w, int code)
{
    switch (code) {
    case 'm':
        return number("memory", &w->memory);
    case 'c':
        return number("root-cnode-bits", &w->cnode_bits);
    case 's':
        return number("seed", &w->seed);
    case 'e':
        return number("max-events", &w->max_events);
    case 'h':
        w->help = true;
        return true;
    default:
        return false; /* getopt_long() has said what is wrong. */
    }
}

static bool read_words(struct words *w, int argc, char **argv)
{
    static char name[] = "albireo verify";
    int code;
    argv[0] = name;
    optind = 1;
    while ((code = getopt_long(argc, argv, "h", known, NULL)) != -1) {
        if (!take(w, code)) {
            return false;
        }
    }
    if (w->help) {
        return true;
    }
    if (argc - optind != 1) {
        fprintf(stderr, "albireo verify: %s\n",
                optind == argc ? "no root task given" : "more than one root task given");
        return false;
    }
    if (w->cnode_bits > 32) {
        fputs("albireo verify: --root-cnode-bits: at most 32\n", stderr);
        return false;
    }
    w->image = argv[optind];
    return true;
}

int command_verify(int argc, char **argv)
{
    struct words w = {.memory = (uint64_t)128 << 20, .seed = 1};
    struct trace_header header;
    struct session_error error;
    if (!read_words(&w, argc, argv)) {
        fputs("Try 'albireo verify --help'.\n", stderr);
        return COMMAND_USAGE;
    }
    if (w.help) {
        fputs(help, stdout);
        return COMMAND_GOOD;
    }
    if (!session_header(&header, w.image, w.memory, &error)) {
        fprintf(stderr, "albireo verify: %s\n", error.text);
        return COMMAND_INPUT;
    }
    header.seed = w.seed;
    header.machine.root_cnode_bits = (uint32_t)w.cnode_bits;
    return verify(&header, w.max_events == 0 ? UINT64_MAX : w.max_events);
}
