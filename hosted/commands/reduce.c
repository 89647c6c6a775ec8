/* SPDX-License-Identifier: BSD-2-Clause */

/* `albireo reduce`: from a trace to a small trace with the same symptom. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hosted/commands/commands.h"
#include "hosted/reduce/reduce.h"

struct reduce_options {
    const char *trace;
    const char *output; /* Null: standard output. */
    const char *image;
    const char *outcome; /* Null: keep the panic. */
    double seconds;
    bool checks;
    bool hashes;
    bool keep_machine;
    bool quiet;
    bool help;
};

static const char help[] =
    "usage: albireo reduce [OPTION]... TRACE\n\n"
    "Leaves out of a trace whatever is not needed for its symptom: a kernel panic, a violated\n"
    "invariant, or the answer to a call. The result is a trace of calls, which stands alone. Its\n"
    "last line is the event with the symptom, without an outcome: what would be right there is\n"
    "for you to say.\n\n"
    "options:\n"
    "  -o FILE              where the small trace goes (default: standard output)\n"
    "  --image FILE         a program's trace: its ELF file, if it is not where the trace says\n"
    "  --keep panic         keep the panic or violated invariant (default)\n"
    "  --keep outcome TEXT  keep the last event whose outcome contains TEXT\n"
    "  --checks             check all invariants after every event; without a panic that is done\n"
    "                       anyhow\n"
    "  --max-seconds S      stop then, with what has been reached (default 600, 0: never)\n"
    "  --keep-machine       keep the memory map and the like as they are in the trace\n"
    "  --hashes             with state hashes in the small trace, too\n"
    "  --quiet              do not report progress\n"
    "  -h, --help           this text\n\n"
    "exit status: 0 reduced; 1 the trace does not have the symptom; 2 wrong usage; 3 a file is\n"
    "missing or is not what it should be\n";

enum option_code {
    OPTION_IMAGE = 256,
    OPTION_KEEP,
    OPTION_CHECKS,
    OPTION_SECONDS,
    OPTION_MACHINE,
    OPTION_HASHES,
    OPTION_QUIET,
};

static const struct option options_known[] = {
    {"image", required_argument, NULL, OPTION_IMAGE},
    {"keep", required_argument, NULL, OPTION_KEEP},
    {"checks", no_argument, NULL, OPTION_CHECKS},
    {"max-seconds", required_argument, NULL, OPTION_SECONDS},
    {"keep-machine", no_argument, NULL, OPTION_MACHINE},
    {"hashes", no_argument, NULL, OPTION_HASHES},
    {"quiet", no_argument, NULL, OPTION_QUIET},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* --keep's own argument is optarg; "outcome" takes the next word, too. */
static bool take_keep(struct reduce_options *o, int argc, char **argv)
{
    if (strcmp(optarg, "panic") == 0) {
        o->outcome = NULL;
        return true;
    }
    if (strcmp(optarg, "outcome") == 0 && optind < argc) {
        o->outcome = argv[optind++];
        return true;
    }
    fprintf(stderr, "albireo reduce: --keep: expected panic, or outcome TEXT, not '%s'\n", optarg);
    return false;
}

static bool take_seconds(struct reduce_options *o)
{
    char *end;
    o->seconds = strtod(optarg, &end);
    if (end == optarg || *end != '\0' || !(o->seconds >= 0)) {
        fprintf(stderr, "albireo reduce: --max-seconds: expected a number, not '%s'\n", optarg);
        return false;
    }
    return true;
}

static bool take(struct reduce_options *o, int code, int argc, char **argv)
{
    switch (code) {
    case 'o':
        o->output = optarg;
        return true;
    case OPTION_IMAGE:
        o->image = optarg;
        return true;
    case OPTION_KEEP:
        return take_keep(o, argc, argv);
    case OPTION_CHECKS:
        o->checks = true;
        return true;
    case OPTION_SECONDS:
        return take_seconds(o);
    case OPTION_MACHINE:
        o->keep_machine = true;
        return true;
    case OPTION_HASHES:
        o->hashes = true;
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

static bool parse(struct reduce_options *o, int argc, char **argv)
{
    int option;
    static char name[] = "albireo reduce";
    argv[0] = name;
    optind = 1;
    while ((option = getopt_long(argc, argv, "o:h", options_known, NULL)) != -1) {
        if (!take(o, option, argc, argv)) {
            return false;
        }
    }
    if (o->help) {
        return true;
    }
    if (argc - optind != 1) {
        fprintf(stderr, "albireo reduce: %s\n",
                optind == argc ? "no trace given" : "more than one trace given");
        return false;
    }
    o->trace = argv[optind];
    return true;
}

/* The last event whose outcome contains the text, and nothing after it. */
static bool find_outcome(struct trial *trial, const char *text, struct symptom *symptom)
{
    symptom->kind = SYMPTOM_OUTCOME;
    snprintf(symptom->text, sizeof symptom->text, "%s", text);
    return trial_cut_at(trial, symptom);
}

/* Up to where the trace could be used. */
static void say_cut(const char *why)
{
    if (*why != '\0') {
        fprintf(stderr, "reduce: the trace was followed only so far: %s\n", why);
    }
}

/* A trial with what is to be kept: checks are needed for a violated invariant. Null and *status. */
static struct trial *find_symptom(struct trace *trace, const struct reduce_options *o,
                                  struct symptom *symptom, int *status, struct session_error *error)
{
    const char *message;
    struct trial *trial = trial_create(trace, o->checks, error);
    *status = COMMAND_INPUT;
    if (trial != NULL && o->outcome == NULL && !o->checks &&
        trial_ended(trial, &message) != SIM_PANICKED) {
        trial_free(trial);
        trial = trial_create(trace, true, error);
    }
    if (trial == NULL) {
        return NULL;
    }
    bool found;
    if (o->outcome != NULL) {
        found = find_outcome(trial, o->outcome, symptom);
        snprintf(error->text, sizeof error->text, "no event's outcome contains \"%.200s\"",
                 o->outcome);
    } else {
        found = trial_ended(trial, &message) == SIM_PANICKED;
        symptom_of_message(symptom, message);
        snprintf(error->text, sizeof error->text,
                 "its events lead to no kernel panic here, and violate no invariant (see --keep)");
    }
    if (!found) {
        say_cut(trial_cut(trial));
        trial_free(trial);
        *status = COMMAND_FAILED;
        return NULL;
    }
    return trial;
}

static int write_out(const struct reduce_options *o, const char *text)
{
    FILE *file = o->output == NULL ? stdout : fopen(o->output, "w");
    bool good = file != NULL && fputs(text, file) >= 0 && fflush(file) == 0;
    if (file != NULL && o->output != NULL && fclose(file) != 0) {
        good = false;
    }
    if (!good) {
        fprintf(stderr, "albireo reduce: %s: %s\n",
                o->output == NULL ? "standard output" : o->output, strerror(errno));
        return COMMAND_INPUT;
    }
    return COMMAND_GOOD;
}

static int reduce_trial(const struct reduce_options *o, struct trial *trial,
                        const struct symptom *symptom)
{
    struct reduction r = {.symptom = *symptom,
                          .seconds = o->seconds,
                          .talk = !o->quiet,
                          .keep_machine = o->keep_machine};
    const struct step *steps;
    struct session_error error;
    uint32_t all = trial_steps(trial, &steps);
    if (!reduce(trial, &r)) {
        free(r.steps);
        fprintf(stderr, "albireo reduce: %s: played again, it does not have the symptom: %s\n",
                o->trace, symptom->text);
        return COMMAND_FAILED;
    }
    char comment[1024];
    const char *slash = strrchr(o->trace, '/');
    snprintf(comment, sizeof comment, "From %" PRIu32 " events of %.200s. The last one's %s: %s",
             all, slash == NULL ? o->trace : slash + 1,
             symptom->kind == SYMPTOM_PANIC ? "outcome was a panic" : "outcome contained",
             symptom->text);
    if (!o->quiet) {
        fprintf(
            stderr,
            "reduce: %" PRIu32 " of %" PRIu32 " events are left, after %" PRIu64 " trials%s: %s\n",
            r.count, all, trial_count(trial), r.timed_out ? " (out of time)" : "", symptom->text);
    }
    say_cut(trial_cut(trial));
    char *text = reduce_text(trial, &r, o->hashes, comment, &error);
    free(r.steps);
    if (text == NULL) {
        fprintf(stderr, "albireo reduce: %s\n", error.text);
        return COMMAND_FAILED;
    }
    int status = write_out(o, text);
    free(text);
    return status;
}

int command_reduce(int argc, char **argv)
{
    struct reduce_options o = {.seconds = 600};
    struct session_error error;
    struct session_error cut;
    struct symptom symptom;
    int status;
    if (!parse(&o, argc, argv)) {
        fputs("Try 'albireo reduce --help'.\n", stderr);
        return COMMAND_USAGE;
    }
    if (o.help) {
        fputs(help, stdout);
        return COMMAND_GOOD;
    }
    struct trace *trace = reduce_calls(o.trace, o.image, &cut, &error);
    if (trace == NULL) {
        fprintf(stderr, "albireo reduce: %s\n", error.text);
        return COMMAND_INPUT;
    }
    struct trial *trial = find_symptom(trace, &o, &symptom, &status, &error);
    trace_close(trace);
    if (trial != NULL) {
        status = reduce_trial(&o, trial, &symptom);
    } else {
        fprintf(stderr, "albireo reduce: %s: %s\n", o.trace, error.text);
    }
    say_cut(cut.text);
    trial_free(trial);
    return status;
}
