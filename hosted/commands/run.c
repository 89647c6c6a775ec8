/* SPDX-License-Identifier: BSD-2-Clause */

/* `albireo run`: a root task's ELF file on a machine like QEMU's virt board. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "hosted/commands/commands.h"
#include "hosted/options.h"
#include "hosted/session/session.h"

struct run_options {
    const char *image;
    uint64_t memory;
    uint64_t seed;
    uint64_t max_events;
    const char *trace;
    enum trace_kind kind;
    uint64_t last;
    uint64_t hash_every;
    const char *of_trace; /* The last option that is about the trace; null: none. */
    uint64_t cnode_bits;
    bool checks;
    bool stats;
    bool quiet;
    bool help;
};

static const char help[] =
    "usage: albireo run [OPTION]... ROOTTASK.elf\n\n"
    "Runs a root task on a machine like QEMU's virt board: the same memory map, interrupt\n"
    "controller, timer and serial port. User code is interpreted; time is virtual: one tick of\n"
    "the 10 MHz timer is 100 instructions of user code, and the kernel takes no time. So two runs\n"
    "are the same. Standard input is the serial port's, and the console goes to standard\n"
    "output.\n\n"
    "options:\n"
    "  --memory SIZE          RAM; may end in K, M or G (default 128M)\n"
    "  --root-cnode-bits N    slots of the root CNode: 2^N (default 12)\n"
    "  --seed N               for /chosen/rng-seed in the device tree (default 1)\n"
    "  --max-events N         end after N kernel entries\n"
    "  --trace FILE           record a trace, see docs/traces.md\n"
    "  --trace-calls          of the kind that needs no ELF file for its replay\n"
    "  --trace-last N         keep only the last N events\n"
    "  --hash-every N         state hashes in the trace: of every n-th event (default 1, 0: none)\n"
    "  --checks on|off        check all invariants after every kernel entry (default off)\n"
    "  --stats                print figures of the run at its end\n"
    "  --quiet                print only errors\n"
    "  -h, --help             this text\n\n"
    "exit status: 0 the system has halted; 1 it panicked, hangs, or was stopped by --max-events;\n"
    "2 wrong usage; 3 a file is missing or is not what it should be\n";

enum option_code {
    OPTION_MEMORY = 256,
    OPTION_CNODE,
    OPTION_SEED,
    OPTION_MAX_EVENTS,
    OPTION_TRACE,
    OPTION_CALLS,
    OPTION_LAST,
    OPTION_HASH_EVERY,
    OPTION_CHECKS,
    OPTION_STATS,
    OPTION_QUIET,
};

static const struct option options_known[] = {
    {"memory", required_argument, NULL, OPTION_MEMORY},
    {"root-cnode-bits", required_argument, NULL, OPTION_CNODE},
    {"seed", required_argument, NULL, OPTION_SEED},
    {"max-events", required_argument, NULL, OPTION_MAX_EVENTS},
    {"trace", required_argument, NULL, OPTION_TRACE},
    {"trace-calls", no_argument, NULL, OPTION_CALLS},
    {"trace-last", required_argument, NULL, OPTION_LAST},
    {"hash-every", required_argument, NULL, OPTION_HASH_EVERY},
    {"checks", required_argument, NULL, OPTION_CHECKS},
    {"stats", no_argument, NULL, OPTION_STATS},
    {"quiet", no_argument, NULL, OPTION_QUIET},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static bool number(const char *name, const char *text, uint64_t *value)
{
    if (options_size(text, value)) {
        return true;
    }
    fprintf(stderr, "albireo run: --%s: expected a number, such as 128M or 1000, not '%s'\n", name,
            text);
    return false;
}

static bool on_off(const char *text, bool *value)
{
    *value = strcmp(text, "on") == 0;
    if (*value || strcmp(text, "off") == 0) {
        return true;
    }
    fprintf(stderr, "albireo run: --checks: expected on or off, not '%s'\n", text);
    return false;
}

static bool take(struct run_options *o, int code)
{
    switch (code) {
    case OPTION_MEMORY:
        return number("memory", optarg, &o->memory);
    case OPTION_CNODE:
        return number("root-cnode-bits", optarg, &o->cnode_bits);
    case OPTION_SEED:
        return number("seed", optarg, &o->seed);
    case OPTION_MAX_EVENTS:
        return number("max-events", optarg, &o->max_events);
    case OPTION_TRACE:
        o->trace = optarg;
        return true;
    case OPTION_CALLS:
        o->kind = TRACE_CALLS;
        o->of_trace = "trace-calls";
        return true;
    case OPTION_LAST:
        o->of_trace = "trace-last";
        return number(o->of_trace, optarg, &o->last);
    case OPTION_HASH_EVERY:
        o->of_trace = "hash-every";
        return number(o->of_trace, optarg, &o->hash_every);
    case OPTION_CHECKS:
        return on_off(optarg, &o->checks);
    case OPTION_STATS:
        o->stats = true;
        return true;
    case OPTION_QUIET:
        o->quiet = true;
        return true;
    case 'h':
        o->help = true;
        return true;
    default:
        return false; /* getopt_long() has said what is wrong. */
    }
}

/* What is said of the trace makes sense, and the trace does not overwrite the root task. */
static bool check_trace(const struct run_options *o)
{
    if (o->trace == NULL && o->of_trace != NULL) {
        fprintf(stderr, "albireo run: --%s: there is no trace; it needs --trace FILE\n",
                o->of_trace);
        return false;
    }
    if (o->kind == TRACE_CALLS && o->last != 0) {
        fprintf(stderr, "albireo run: --trace-last: a trace of calls must begin at boot\n");
        return false;
    }
    if (o->trace != NULL && same_file(o->trace, o->image)) {
        fprintf(stderr, "albireo run: --trace: %s is the root task; it would be overwritten\n",
                o->trace);
        return false;
    }
    return true;
}

static bool parse(struct run_options *o, int argc, char **argv)
{
    int option;
    static char name[] = "albireo run";
    argv[0] = name;
    optind = 1;
    while ((option = getopt_long(argc, argv, "h", options_known, NULL)) != -1) {
        if (!take(o, option)) {
            return false;
        }
    }
    if (o->help) {
        return true;
    }
    if (argc - optind != 1) {
        fprintf(stderr, "albireo run: %s\n",
                optind == argc ? "no root task given" : "more than one root task given");
        return false;
    }
    if (o->cnode_bits > 32) {
        fprintf(stderr, "albireo run: --root-cnode-bits: at most 32\n");
        return false;
    }
    o->image = argv[optind];
    return check_trace(o);
}

/* For the signal handler: sessions are told to end. */
static struct session *running;

static void on_signal(int number)
{
    (void)number;
    session_interrupt(running);
}

static void catch_signals(struct session *session)
{
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    running = session;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

/* The session is about to go: from now on, signals end the program. */
static void release_signals(void)
{
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
    running = NULL;
}

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void put_stats(const struct session *session, double took)
{
    const struct sim *sim = session_sim(session);
    uint64_t ticks = sim_now(sim) - sim_config_of(sim)->start_time;
    fprintf(stderr,
            "events        %" PRIu64 "\ninstructions  %" PRIu64 "\nvirtual time  %" PRIu64
            " us\nchecks        %" PRIu64 "\nwall time     %.3f s (%.1f million instructions/s)\n",
            sim_events(sim), sim_instructions(sim), ticks / sim_config_of(sim)->ticks_per_us,
            sim_checks(sim), took, (double)sim_instructions(sim) / took / 1e6);
}

/* Until the system ends, or has made its share of events. */
static int play(struct session *session, const struct run_options *o)
{
    double start = seconds();
    enum session_end end = SESSION_EVENT;
    while (end == SESSION_EVENT &&
           (o->max_events == 0 || session_events(session) < o->max_events)) {
        end = session_step(session);
    }
    double took = seconds() - start;
    fflush(stdout);
    if (end == SESSION_EVENT) {
        fprintf(stderr, "albireo run: stopped after %" PRIu64 " kernel entries\n",
                session_events(session));
    } else if (session_complaint(session) != NULL) {
        fprintf(stderr, "albireo run: %s\n", session_complaint(session));
    }
    if (o->stats) {
        put_stats(session, took);
    }
    return sim_status(session_sim(session)) == SIM_HALTED ? COMMAND_GOOD : COMMAND_FAILED;
}

static int record_and_play(struct session *session, const struct run_options *o)
{
    struct session_recording recording = {.file = NULL, .kind = o->kind, .last = o->last};
    struct session_error error;
    if (o->trace != NULL) {
        recording.file = fopen(o->trace, "w");
        if (recording.file == NULL || !session_record(session, &recording)) {
            fprintf(stderr, "albireo run: --trace: %s: %s\n", o->trace, strerror(errno));
            return COMMAND_INPUT;
        }
    }
    session_input(session, STDIN_FILENO);
    catch_signals(session);
    int status = play(session, o);
    if (recording.file != NULL) {
        bool good = session_record_end(session, &error);
        if (fclose(recording.file) != 0 || !good) {
            fprintf(stderr, "albireo run: --trace: %s: %s\n", o->trace,
                    good ? strerror(errno) : error.text);
            status = COMMAND_INPUT;
        }
    }
    return status;
}

int command_run(int argc, char **argv)
{
    struct run_options o = {.memory = (uint64_t)128 << 20, .seed = 1, .hash_every = 1};
    struct trace_header header;
    struct session_error error;
    if (!parse(&o, argc, argv)) {
        fputs("Try 'albireo run --help'.\n", stderr);
        return COMMAND_USAGE;
    }
    if (o.help) {
        fputs(help, stdout);
        return COMMAND_GOOD;
    }
    memset(&header, 0, sizeof header);
    if (!session_header(&header, o.image, o.memory, &error)) {
        fprintf(stderr, "albireo run: %s\n", error.text);
        return COMMAND_INPUT;
    }
    header.kind = o.kind;
    header.seed = o.seed;
    header.hash_every = o.hash_every;
    header.machine.root_cnode_bits = (uint32_t)o.cnode_bits;
    struct session_options options = {.no_hashes = o.trace == NULL || o.hash_every == 0,
                                      .check_every = o.checks ? 1 : 0,
                                      .console = o.quiet ? NULL : stdout,
                                      .forwards_only = true};
    struct session *session = session_boot(&header, &options, &error);
    if (session == NULL) {
        fprintf(stderr, "albireo run: %s\n", error.text);
        return COMMAND_FAILED;
    }
    int status = record_and_play(session, &o);
    release_signals();
    session_close(session);
    return status;
}
