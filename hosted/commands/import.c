/* SPDX-License-Identifier: BSD-2-Clause */

/* `albireo import`: from what tools/boot --record keeps to a trace. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hosted/commands/commands.h"
#include "hosted/lockstep/lockstep.h"
#include "hosted/lockstep/log.h"
#include "hosted/options.h"

struct import_options {
    const char *log;
    const char *image;
    const char *trace;
    uint64_t show;
    uint64_t hash_every;
    bool console;
    bool help;
};

static const char help[] =
    "usage: albireo import --image ROOTTASK.elf [OPTION]... LOG\n"
    "       albireo import --show N LOG\n\n"
    "Plays the event log that tools/boot --record made of a run under QEMU, in lock-step: user\n"
    "code and kernel run again, and at every kernel entry all registers, the reason, the number\n"
    "of instructions, and who goes on are compared with the log. The first difference ends it.\n\n"
    "options:\n"
    "  --image FILE    the root task's ELF file\n"
    "  --trace FILE    write a trace of it, which albireo replay plays again\n"
    "  --hash-every N  state hashes in the trace: of every n-th event (default 1, 0: none)\n"
    "  --console       print what the system prints\n"
    "  --show N        print event N of the log, with all registers, and nothing else\n"
    "  -h, --help      this text\n\n"
    "exit status: 0 all is the same; 1 there is a difference, or the trace cannot be written; 2\n"
    "wrong usage; 3 a file is missing or is not what it should be\n";

enum option_code {
    OPTION_IMAGE = 256,
    OPTION_TRACE,
    OPTION_HASH_EVERY,
    OPTION_CONSOLE,
    OPTION_SHOW
};

static const struct option options_known[] = {
    {"image", required_argument, NULL, OPTION_IMAGE},
    {"trace", required_argument, NULL, OPTION_TRACE},
    {"hash-every", required_argument, NULL, OPTION_HASH_EVERY},
    {"console", no_argument, NULL, OPTION_CONSOLE},
    {"show", required_argument, NULL, OPTION_SHOW},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static int usage(const char *problem)
{
    fprintf(stderr, "albireo import: %s; see albireo import --help\n", problem);
    return COMMAND_USAGE;
}

static bool number(const char *name, const char *text, uint64_t *value)
{
    if (options_size(text, value)) {
        return true;
    }
    fprintf(stderr, "albireo import: --%s: expected a number, not '%s'\n", name, text);
    return false;
}

static bool take(struct import_options *o, int code)
{
    switch (code) {
    case OPTION_IMAGE:
        o->image = optarg;
        return true;
    case OPTION_TRACE:
        o->trace = optarg;
        return true;
    case OPTION_HASH_EVERY:
        return number("hash-every", optarg, &o->hash_every);
    case OPTION_CONSOLE:
        o->console = true;
        return true;
    case OPTION_SHOW:
        return number("show", optarg, &o->show);
    case 'h':
        o->help = true;
        return true;
    default:
        return false; /* getopt_long() has said what is wrong. */
    }
}

static bool parse(struct import_options *o, int argc, char **argv)
{
    int option;
    static char name[] = "albireo import";
    argv[0] = name;
    optind = 1;
    while ((option = getopt_long(argc, argv, "h", options_known, NULL)) != -1) {
        if (!take(o, option)) {
            return false;
        }
    }
    return true;
}

static int show(struct log *log, uint64_t number)
{
    const struct log_event *event;
    while ((event = log_next(log)) != NULL) {
        if (event->number == number) {
            lockstep_print_event(stdout, event);
            return COMMAND_GOOD;
        }
    }
    fprintf(stderr, "albireo import: the log has %" PRIu64 " events\n", log->events);
    return COMMAND_INPUT;
}

static int report(const struct import_options *o, const struct lockstep_result *result)
{
    if (!result->same) {
        fflush(stdout);
        fprintf(stderr,
                "albireo import: after %" PRIu64 " events that are the same in QEMU and here:\n%s\n"
                "(albireo import --show N prints an event with all registers)\n",
                result->events, result->difference);
        return COMMAND_FAILED;
    }
    printf("%s%" PRIu64 " events, the same in QEMU and here; %s\n", o->console ? "\n" : "",
           result->events, result->ending);
    return COMMAND_GOOD;
}

static int play(const struct import_options *o, struct log *log, FILE *trace)
{
    struct lockstep_options options = {.image = o->image,
                                       .origin = "QEMU virt",
                                       .trace = trace,
                                       .hash_every = o->hash_every,
                                       .console = o->console ? stdout : NULL};
    struct lockstep_result *result = malloc(sizeof *result);
    struct lockstep_error error;
    int status = COMMAND_INPUT;
    if (result != NULL && lockstep_run(log, &options, result, &error)) {
        status = report(o, result);
    } else {
        fprintf(stderr, "albireo import: %s\n", result == NULL ? "out of memory" : error.text);
    }
    free(result);
    return status;
}

static int play_to_file(const struct import_options *o, struct log *log)
{
    FILE *trace = NULL;
    if (o->trace != NULL && (trace = fopen(o->trace, "w")) == NULL) {
        fprintf(stderr, "albireo import: %s: %s\n", o->trace, strerror(errno));
        return COMMAND_INPUT;
    }
    int status = play(o, log, trace);
    bool failed = trace != NULL && ferror(trace) != 0;
    failed = (trace != NULL && fclose(trace) != 0) || failed;
    if (failed) {
        fprintf(stderr, "albireo import: %s: it could not be written\n", o->trace);
        return COMMAND_FAILED;
    }
    return status;
}

int command_import(int argc, char **argv)
{
    struct import_options o = {.hash_every = 1};
    struct log log;
    struct log_error error;
    if (!parse(&o, argc, argv)) {
        return COMMAND_USAGE;
    }
    if (o.help) {
        fputs(help, stdout);
        return COMMAND_GOOD;
    }
    if (argc - optind != 1) {
        return usage("expected one log");
    }
    if (o.image == NULL && o.show == 0) {
        return usage("--image is missing: which root task the log is of");
    }
    if (!log_open(&log, argv[optind], &error)) {
        fprintf(stderr, "albireo import: %s\n", error.text);
        return COMMAND_INPUT;
    }
    int status = o.show != 0 ? show(&log, o.show) : play_to_file(&o, &log);
    log_close(&log);
    return status;
}
