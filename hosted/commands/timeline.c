/* SPDX-License-Identifier: BSD-2-Clause */

/* `albireo timeline`: a trace as a timeline for Perfetto, Chrome, or any browser. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hosted/commands/commands.h"
#include "hosted/session/session.h"
#include "hosted/timeline/page.h"
#include "hosted/timeline/timeline.h"

struct timeline_options {
    const char *trace;
    const char *image;
    const char *output; /* Null: standard output. */
    bool page;
    bool any_build;
    bool help;
    uint64_t from;
    uint64_t to;
};

static const char help[] =
    "usage: albireo timeline [OPTION]... TRACE\n\n"
    "Replays a trace and writes its timeline in the Trace Event Format, which ui.perfetto.dev and\n"
    "chrome://tracing open: who ran on each core, what each thread did or waited for, who sent to\n"
    "whom, faults, interrupts, and the budget that was left. See docs/timeline.md.\n\n"
    "options:\n"
    "  -o, --output FILE   write the timeline here (default: standard output)\n"
    "  --html FILE         write a web page that shows it instead; needs no network\n"
    "  --from N            begin before event N (default 1)\n"
    "  --to N              end after event N (default: the trace's last)\n"
    "  --image FILE        the root task's ELF file, if it is not where the trace says\n"
    "  --any-build         accept a trace of another build of the kernel\n"
    "  -h, --help          this text\n\n"
    "exit status: 0 good; 1 the run goes another way than the trace says, and the timeline ends\n"
    "there; 2 wrong usage; 3 a file is missing, is not what it should be, or cannot be written\n";

enum option_code { OPTION_HTML = 256, OPTION_FROM, OPTION_TO, OPTION_IMAGE, OPTION_ANY_BUILD };

static const struct option options_known[] = {
    {"output", required_argument, NULL, 'o'},
    {"html", required_argument, NULL, OPTION_HTML},
    {"from", required_argument, NULL, OPTION_FROM},
    {"to", required_argument, NULL, OPTION_TO},
    {"image", required_argument, NULL, OPTION_IMAGE},
    {"any-build", no_argument, NULL, OPTION_ANY_BUILD},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static bool wrong(const char *what, const char *text)
{
    fprintf(stderr, "albireo timeline: %s%s\n", what, text);
    return false;
}

static bool event_number(const char *name, uint64_t *value)
{
    char *end;
    errno = 0;
    *value = strtoull(optarg, &end, 0);
    if (optarg[0] >= '0' && optarg[0] <= '9' && *end == '\0' && errno == 0) {
        return true;
    }
    fprintf(stderr, "albireo timeline: %s: expected the number of an event, not '%s'\n", name,
            optarg);
    return false;
}

static bool output(struct timeline_options *o, bool page)
{
    if (o->output != NULL) {
        return wrong("give one of -o and --html, once", "");
    }
    o->output = optarg;
    o->page = page;
    return true;
}

static bool take(struct timeline_options *o, int code)
{
    switch (code) {
    case 'o':
        return output(o, false);
    case OPTION_HTML:
        return output(o, true);
    case OPTION_FROM:
        return event_number("--from", &o->from);
    case OPTION_TO:
        return event_number("--to", &o->to);
    case OPTION_IMAGE:
        o->image = optarg;
        return true;
    case OPTION_ANY_BUILD:
        o->any_build = true;
        return true;
    case 'h':
        o->help = true;
        return true;
    default:
        return false; /* getopt_long() has said what is wrong. */
    }
}

static bool parse(struct timeline_options *o, int argc, char **argv)
{
    static char name[] = "albireo timeline";
    int code;
    argv[0] = name;
    optind = 1;
    while ((code = getopt_long(argc, argv, "ho:", options_known, NULL)) != -1) {
        if (!take(o, code)) {
            return false;
        }
    }
    if (o->help) {
        return true;
    }
    if (argc - optind != 1) {
        return wrong(optind == argc ? "no trace given" : "more than one trace given", "");
    }
    if (o->from > o->to) {
        return wrong("--from is behind --to", "");
    }
    o->trace = argv[optind];
    if (o->output != NULL && same_file(o->output, o->trace)) {
        return wrong(o->output, " is the trace; it would be overwritten");
    }
    return true;
}

/* --- The run ---------------------------------------------------------------------------------- */

/* How a run ended. */
struct ending {
    int status;
    char text[ERROR_TEXT];
};

static void observe(void *context, const struct trace_event *event)
{
    timeline_event(context, event);
}

static void say_end(struct ending *ending, const struct session *session, const struct trace *trace,
                    enum session_end end)
{
    const char *why = session_complaint(session);
    ending->status = COMMAND_GOOD;
    if (end == SESSION_EVENT || end == SESSION_END) {
        bool whole = session_events(session) == trace_events(trace);
        snprintf(ending->text, sizeof ending->text, "%.300s",
                 whole ? trace_ending(trace) : "the timeline ends here");
        return;
    }
    ending->status = end == SESSION_BAD_TRACE ? COMMAND_INPUT : COMMAND_FAILED;
    snprintf(ending->text, sizeof ending->text, "%.300s", why == NULL ? "the run stopped" : why);
    fprintf(stderr, "albireo timeline: %s\n", why == NULL ? "the run stopped early" : why);
}

/* Events o->from to `last`. */
static int write_timeline(const struct timeline_options *o, struct session *session,
                          struct trace *trace, uint64_t last, FILE *file)
{
    struct ending ending;
    char origin[400];
    enum session_end end = session_goto(session, o->from - 1);
    if (end != SESSION_EVENT) {
        say_end(&ending, session, trace, end);
        return ending.status == COMMAND_GOOD ? COMMAND_FAILED : ending.status;
    }
    struct timeline *timeline = timeline_begin(file, session_sim(session));
    if (timeline == NULL) {
        wrong("out of memory", "");
        return COMMAND_FAILED;
    }
    session_observe(session, observe, timeline);
    while (end == SESSION_EVENT && session_events(session) < last) {
        end = session_step(session);
    }
    session_observe(session, NULL, NULL);
    say_end(&ending, session, trace, end);
    snprintf(origin, sizeof origin, "%s, events %" PRIu64 " to %" PRIu64 " of %" PRIu64, o->trace,
             o->from, session_events(session), trace_events(trace));
    if (!timeline_end(timeline, origin, ending.text)) {
        wrong("the timeline could not be written: ", strerror(errno));
        return COMMAND_INPUT;
    }
    return ending.status;
}

/* The web page: what comes before the data, the data, and the rest. */
static int write_page(const struct timeline_options *o, struct session *session,
                      struct trace *trace, uint64_t last, FILE *file)
{
    const char *data = strstr(timeline_page, TIMELINE_PAGE_DATA);
    fwrite(timeline_page, 1, (size_t)(data - timeline_page), file);
    int status = write_timeline(o, session, trace, last, file);
    fputs(data + strlen(TIMELINE_PAGE_DATA), file);
    return status;
}

static int open_output(const struct timeline_options *o, struct session *session,
                       struct trace *trace)
{
    uint64_t last = o->to < trace_events(trace) ? o->to : trace_events(trace);
    FILE *file = o->output == NULL ? stdout : fopen(o->output, "w");
    if (file == NULL) {
        fprintf(stderr, "albireo timeline: %s: %s\n", o->output, strerror(errno));
        return COMMAND_INPUT;
    }
    int status = (o->page ? write_page : write_timeline)(o, session, trace, last, file);
    bool good = ferror(file) == 0;
    good = (o->output == NULL ? fflush(file) : fclose(file)) == 0 && good;
    if (!good && status != COMMAND_INPUT) {
        fprintf(stderr, "albireo timeline: %s: %s\n",
                o->output == NULL ? "standard output" : o->output, strerror(errno));
        status = COMMAND_INPUT;
    }
    return status;
}

static int replay(struct trace *trace, const struct timeline_options *o)
{
    char dir[PATH_MAX];
    struct session_error error;
    const char *slash = strrchr(o->trace, '/');
    if (o->from > trace_events(trace) + 1) {
        fprintf(stderr, "albireo timeline: --from: the trace ends with event %" PRIu64 "\n",
                trace_events(trace));
        return COMMAND_USAGE;
    }
    snprintf(dir, sizeof dir, "%.*s", slash == NULL ? 1 : (int)(slash - o->trace) + 1,
             slash == NULL ? "." : o->trace);
    struct session_options options = {
        .image_path = o->image,
        .trace_dir = dir,
        .any_build = o->any_build,
        .no_hashes = true,
        .forwards_only = true,
    };
    struct session *session = session_replay(trace, &options, &error);
    if (session == NULL) {
        fprintf(stderr, "albireo timeline: %s: %s\n", o->trace, error.text);
        return COMMAND_INPUT;
    }
    int status = open_output(o, session, trace);
    session_close(session);
    return status;
}

int command_timeline(int argc, char **argv)
{
    struct timeline_options o = {.from = 1, .to = UINT64_MAX};
    struct trace_error error;
    if (!parse(&o, argc, argv)) {
        fputs("Try 'albireo timeline --help'.\n", stderr);
        return COMMAND_USAGE;
    }
    if (o.help) {
        fputs(help, stdout);
        return COMMAND_GOOD;
    }
    o.from = o.from == 0 ? 1 : o.from;
    struct trace *trace = trace_open(o.trace, &error);
    if (trace == NULL) {
        fprintf(stderr, "albireo timeline: %s\n", error.text);
        return COMMAND_INPUT;
    }
    int status = replay(trace, &o);
    trace_close(trace);
    return status;
}
