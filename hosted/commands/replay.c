/* SPDX-License-Identifier: BSD-2-Clause */

/* `albireo replay`: makes a recorded run happen again, and says where it goes another way. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "hosted/commands/commands.h"
#include "hosted/session/gdb.h"
#include "hosted/session/replay.h"
#include "hosted/show/show.h"

struct words {
    const char *trace;
    const char *image;
    const char *conditions[REPLAY_CONDITIONS];
    uint32_t condition_count;
    uint64_t to; /* UINT64_MAX: the end. */
    uint64_t back;
    uint64_t stop_before; /* Of the process under gdb. */
    uint32_t show;
    bool step, json, gdb, any_build, no_hashes, checks, quiet, help;
};

static const char help[] =
    "usage: albireo replay [OPTION]... TRACE\n\n"
    "Makes a recorded run happen again, event by event (an event is one entry into the\n"
    "kernel), and compares its result and the hash of the kernel's state with the trace.\n"
    "Stops at the first difference and says what it is.\n\n"
    "options:\n"
    "  --image ELF            the root task's file, if it is not where the trace says\n"
    "  --to N                 only to the state after event N; 0: right after boot\n"
    "  --back K               then go K events back\n"
    "  --break-on CONDITION   stop when the condition is met; may be given again\n"
    "  --show WHAT            then show the state: threads, caps, memory, queues, time or all;\n"
    "                         several with commas\n"
    "  --step                 then ask what to do; commands on standard input, `help` lists them\n"
    "  --gdb                  run in gdb and stop where the kernel is entered for the event of\n"
    "                         --to, by default the last one; ALBIREO_GDB names another gdb\n"
    "  --json                 print one JSON object\n"
    "  --any-build            accept a trace of another build of the kernel\n"
    "  --no-hashes            do not compare state hashes\n"
    "  --checks on|off        check all invariants after every event (default off)\n"
    "  --quiet                do not print what the system prints, nor that all went well\n"
    "  -h, --help             this text\n\n"
    "conditions:\n";

static const char help_end[] =
    "\nexit status: 0 all as recorded; 1 a difference, or the replay was interrupted; 2 wrong\n"
    "usage; 3 a file is missing or is not what it should be\n";

enum code {
    OPTION_IMAGE = 256,
    OPTION_TO,
    OPTION_BACK,
    OPTION_BREAK,
    OPTION_SHOW,
    OPTION_STEP,
    OPTION_GDB,
    OPTION_JSON,
    OPTION_ANY_BUILD,
    OPTION_NO_HASHES,
    OPTION_CHECKS,
    OPTION_QUIET,
    OPTION_STOP_BEFORE,
};

static const struct option known[] = {
    {"image", required_argument, NULL, OPTION_IMAGE},
    {"to", required_argument, NULL, OPTION_TO},
    {"back", required_argument, NULL, OPTION_BACK},
    {"break-on", required_argument, NULL, OPTION_BREAK},
    {"show", required_argument, NULL, OPTION_SHOW},
    {"step", no_argument, NULL, OPTION_STEP},
    {"gdb", no_argument, NULL, OPTION_GDB},
    {"json", no_argument, NULL, OPTION_JSON},
    {"any-build", no_argument, NULL, OPTION_ANY_BUILD},
    {"no-hashes", no_argument, NULL, OPTION_NO_HASHES},
    {"checks", required_argument, NULL, OPTION_CHECKS},
    {"quiet", no_argument, NULL, OPTION_QUIET},
    {"stop-before", required_argument, NULL, OPTION_STOP_BEFORE}, /* Only --gdb needs it. */
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* --- Reading the words ------------------------------------------------------------------------ */

static bool wrong(const char *format, const char *text)
{
    fputs("albireo replay: ", stderr);
    fprintf(stderr, format, text); // NOLINT: callers pass literals with one %s.
    fputc('\n', stderr);
    return false;
}

static bool number(const char *name, uint64_t *value)
{
    char *end;
    errno = 0;
    *value = strtoull(optarg, &end, 0);
    if (optarg[0] >= '0' && optarg[0] <= '9' && *end == '\0' && errno == 0) {
        return true;
    }
    fprintf(stderr, "albireo replay: %s: expected the number of an event, not '%s'\n", name,
            optarg);
    return false;
}

/* Only understood, not kept: the session that it is for does not exist yet. */
static bool take_condition(struct words *w)
{
    struct session_error error;
    struct condition *condition = condition_parse(optarg, &error);
    if (condition == NULL) {
        fprintf(stderr, "albireo replay: --break-on: %s; conditions are\n%s", error.text,
                condition_help());
        return false;
    }
    condition_free(condition);
    if (w->condition_count == REPLAY_CONDITIONS) {
        return wrong("--break-on: too many conditions, at '%s'", optarg);
    }
    w->conditions[w->condition_count++] = optarg;
    return true;
}

static bool take_show(struct words *w)
{
    const char *bad;
    if (show_parts(optarg, &w->show, &bad)) {
        return true;
    }
    return wrong("--show: nothing is called '%s': threads, caps, memory, queues, time or all", bad);
}

static bool take_checks(struct words *w)
{
    w->checks = strcmp(optarg, "on") == 0;
    return w->checks || strcmp(optarg, "off") == 0 ||
           wrong("--checks: expected on or off, not '%s'", optarg);
}

static bool take_flag(struct words *w, int code)
{
    switch (code) {
    case OPTION_STEP:
        w->step = true;
        return true;
    case OPTION_GDB:
        w->gdb = true;
        return true;
    case OPTION_JSON:
        w->json = true;
        return true;
    case OPTION_ANY_BUILD:
        w->any_build = true;
        return true;
    case OPTION_NO_HASHES:
        w->no_hashes = true;
        return true;
    case OPTION_QUIET:
        w->quiet = true;
        return true;
    case 'h':
        w->help = true;
        return true;
    default:
        return false; /* getopt_long() has said what is wrong. */
    }
}

static bool take(struct words *w, int code)
{
    switch (code) {
    case OPTION_IMAGE:
        w->image = optarg;
        return true;
    case OPTION_TO:
        return number("--to", &w->to);
    case OPTION_BACK:
        return number("--back", &w->back);
    case OPTION_BREAK:
        return take_condition(w);
    case OPTION_SHOW:
        return take_show(w);
    case OPTION_CHECKS:
        return take_checks(w);
    case OPTION_STOP_BEFORE:
        return number("--stop-before", &w->stop_before);
    default:
        return take_flag(w, code);
    }
}

static bool read_words(struct words *w, int argc, char **argv)
{
    static char name[] = "albireo replay";
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
    if (w->step && w->to == UINT64_MAX) {
        w->to = 0;
    }
    if (argc - optind != 1) {
        return wrong("%s", optind == argc ? "no trace given" : "more than one trace given");
    }
    if (w->json && w->step) {
        return wrong("%s", "--json and --step exclude each other");
    }
    w->trace = argv[optind];
    return true;
}

/* --- The result ------------------------------------------------------------------------------- */

/* Of going forwards; going back afterwards changes nothing about it. Texts may be null. */
struct result {
    enum replay_end end;
    uint64_t events;
    char *why;
    char *expected; /* For a difference: the event, by the trace and as it happened. */
    char *happened;
};

static const char *line_of(const struct session *session, const struct trace_event *event)
{
    static char line[4 * TRACE_TEXT];
    if (event == NULL) {
        return NULL;
    }
    trace_format_event(line, sizeof line, session_trace_header(session), event);
    return line;
}

static char *copy(const char *text)
{
    return text == NULL ? NULL : strdup(text);
}

static void note_result(struct result *result, const struct replay *replay, enum replay_end end)
{
    const struct session *session = replay->session;
    *result = (struct result){.end = end, .events = session_events(session)};
    if (end == REPLAY_BREAK) {
        result->why = copy(replay->why.text);
    } else if (end != REPLAY_THERE && end != REPLAY_END) {
        result->why = copy(session_complaint(session));
    }
    if (end == REPLAY_DIFFERENT && session_expected(session) != NULL) {
        result->expected = copy(line_of(session, session_expected(session)));
        result->happened = copy(line_of(session, session_last(session)));
    }
}

static void free_result(struct result *result)
{
    free(result->why);
    free(result->expected);
    free(result->happened);
}

/* --- JSON ------------------------------------------------------------------------------------- */

static void put_string(const char *text)
{
    putchar('"');
    for (const char *c = text; *c != '\0'; c++) {
        if (*c == '"' || *c == '\\') {
            printf("\\%c", *c);
        } else if ((unsigned char)*c < ' ' || (unsigned char)*c >= 0x7f) {
            printf("\\u%04x", (unsigned char)*c);
        } else {
            putchar(*c);
        }
    }
    putchar('"');
}

static void put_member(const char *name, const char *text)
{
    printf("  \"%s\": ", name);
    if (text == NULL) {
        fputs("null", stdout);
    } else {
        put_string(text);
    }
    fputs(",\n", stdout);
}

static void put_json(const struct replay *replay, const struct result *result,
                     const struct words *w)
{
    static const char *const ends[] = {
        [REPLAY_THERE] = "there",
        [REPLAY_BREAK] = "condition",
        [REPLAY_END] = "end",
        [REPLAY_DIFFERENT] = "difference",
        [REPLAY_STOPPED] = "interrupted",
        [REPLAY_BAD_TRACE] = "bad trace",
    };
    const struct session *session = replay->session;
    printf("{\n  \"events\": %" PRIu64 ",\n  \"of\": %" PRIu64 ",\n", session_events(session),
           replay->last);
    put_member("event", line_of(session, session_last(session)));
    put_member("end", ends[result->end]);
    printf("  \"end_at\": %" PRIu64 ",\n", result->events);
    put_member("why", result->why);
    put_member("expected", result->expected);
    put_member("happened", result->happened);
    fputs("  \"state\": ", stdout);
    if (w->show == 0) {
        fputs("null", stdout);
    } else {
        show_json(session_sim(session), w->show, stdout);
    }
    fputs("\n}\n", stdout);
}

/* --- Replaying -------------------------------------------------------------------------------- */

static struct session *replayed; /* For the signal handler. */

static void on_signal(int signal_number)
{
    (void)signal_number;
    session_interrupt(replayed);
}

static int status_of(enum replay_end end)
{
    switch (end) {
    case REPLAY_THERE:
    case REPLAY_BREAK:
    case REPLAY_END:
        return COMMAND_GOOD;
    case REPLAY_DIFFERENT:
    case REPLAY_STOPPED:
        return COMMAND_FAILED;
    case REPLAY_BAD_TRACE:
        return COMMAND_INPUT;
    }
    return COMMAND_INPUT;
}

static void put_summary(const struct replay *replay, const struct result *result,
                        struct trace *trace)
{
    const struct trace_header *header = trace_header(trace);
    uint64_t first = header->first > 1 ? header->first : 1;
    uint64_t compared = result->events < first ? 0 : result->events - first + 1;
    printf("%" PRIu64 " of %" PRIu64 " events, %" PRIu64 " compared: all as recorded.\n",
           result->events, replay->last, compared);
    if (result->end == REPLAY_END) {
        printf("The trace ends with \"%s\".\n", trace_ending(trace));
    }
}

/* What the system has printed may lack the end of its line. */
static void end_line(const struct replay *replay)
{
    const char *console = sim_console(session_sim(replay->session));
    size_t length = strlen(console);
    if (length != 0 && console[length - 1] != '\n') {
        putchar('\n');
    }
}

/* Where it is now, after going back perhaps, and what there is to be seen. */
static void report(const struct replay *replay, const struct result *result, struct trace *trace,
                   const struct words *w)
{
    if (w->json) {
        put_json(replay, result, w);
        return;
    }
    if (status_of(result->end) != COMMAND_GOOD) {
        fflush(stdout);
        fprintf(stderr, "albireo replay: %s\n", result->why == NULL ? "it ends" : result->why);
    } else if (!w->quiet && !w->step) {
        put_summary(replay, result, trace);
    }
    if (result->end == REPLAY_BREAK) {
        printf("Stopped at event %" PRIu64 ": %s\n", result->events, result->why);
    }
    bool elsewhere = result->end == REPLAY_THERE || result->end == REPLAY_BREAK || w->back != 0;
    if (elsewhere && !w->step) {
        replay_put_event(replay, stdout);
    }
    if (w->show != 0) {
        show_text(session_sim(replay->session), w->show, stdout);
    }
}

static int play(struct replay *replay, struct trace *trace, const struct words *w)
{
    struct result result;
    enum replay_end end = replay_to(replay, w->to);
    uint64_t events = session_events(replay->session);
    int status = status_of(end);
    note_result(&result, replay, end);
    if (!w->quiet && !w->json) {
        end_line(replay);
    }
    if (w->back != 0) {
        end = replay_to(replay, w->back > events ? 0 : events - w->back);
        if (session_complaint(replay->session) != NULL) {
            wrong("--back: %s", session_complaint(replay->session));
            status = COMMAND_FAILED;
        }
    }
    report(replay, &result, trace, w);
    free_result(&result);
    if (w->step) {
        status = status_of(replay_prompt(replay, end, stdin, stdout));
    }
    return status;
}

static bool add_conditions(struct replay *replay, const struct words *w)
{
    struct session_error error;
    for (uint32_t i = 0; i < w->condition_count; i++) {
        struct condition *condition = condition_parse(w->conditions[i], &error);
        if (condition == NULL || !replay_add(replay, condition, &error)) {
            return wrong("--break-on: %s", error.text);
        }
    }
    return true;
}

static int replay_session(struct session *session, struct trace *trace, const struct words *w)
{
    struct replay replay = {.session = session, .last = trace_events(trace)};
    struct sigaction action;
    memset(&action, 0, sizeof action);
    action.sa_handler = on_signal;
    replayed = session;
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    session_stop_before(session, w->stop_before);
    int status = add_conditions(&replay, w) ? play(&replay, trace, w) : COMMAND_USAGE;
    signal(SIGINT, SIG_DFL); /* The session is about to go. */
    signal(SIGTERM, SIG_DFL);
    replayed = NULL;
    replay_free(&replay);
    return status;
}

/* The trace's own directory: files that it names may be there. */
static void directory_of(const char *path, char *dir, size_t size)
{
    const char *slash = strrchr(path, '/');
    snprintf(dir, size, "%.*s", slash == NULL ? 1 : (int)(slash - path) + 1,
             slash == NULL ? "." : path);
}

/* Again, in gdb. */
static int debug(const struct words *w, uint64_t event)
{
    char stop[32];
    const char *words[16] = {"replay", w->trace, "--stop-before", stop, "--quiet"};
    uint32_t count = 5;
    struct session_error error;
    snprintf(stop, sizeof stop, "%" PRIu64, event);
    if (w->any_build) {
        words[count++] = "--any-build";
    }
    if (w->no_hashes) {
        words[count++] = "--no-hashes";
    }
    if (w->checks) {
        words[count++] = "--checks=on";
    }
    if (w->image != NULL) {
        words[count++] = "--image";
        words[count++] = w->image;
    }
    gdb_run(words, &error);
    fprintf(stderr, "albireo replay: --gdb: %s\n", error.text);
    return COMMAND_INPUT;
}

static int replay_trace(struct trace *trace, const struct words *w)
{
    char dir[PATH_MAX];
    struct session_error error;
    uint64_t last = trace_events(trace);
    if (w->to != UINT64_MAX && w->to > last) {
        fprintf(stderr, "albireo replay: --to: the trace ends with event %" PRIu64 "\n", last);
        return COMMAND_USAGE;
    }
    if (w->gdb) {
        return debug(w, w->to == UINT64_MAX ? last : w->to);
    }
    directory_of(w->trace, dir, sizeof dir);
    struct session_options options = {
        .image_path = w->image,
        .trace_dir = dir,
        .any_build = w->any_build,
        .no_hashes = w->no_hashes,
        .check_every = w->checks ? 1 : 0,
        .forwards_only = w->back == 0 && !w->step,
        .console = w->quiet || w->json ? NULL : stdout,
    };
    struct session *session = session_replay(trace, &options, &error);
    if (session == NULL) {
        fprintf(stderr, "albireo replay: %s: %s\n", w->trace, error.text);
        return COMMAND_INPUT;
    }
    int status = replay_session(session, trace, w);
    session_close(session);
    return status;
}

int command_replay(int argc, char **argv)
{
    struct words w = {.to = UINT64_MAX, .stop_before = UINT64_MAX};
    struct trace_error error;
    if (!read_words(&w, argc, argv)) {
        fputs("Try 'albireo replay --help'.\n", stderr);
        return COMMAND_USAGE;
    }
    if (w.help) {
        printf("%s%s%s", help, condition_help(), help_end);
        return COMMAND_GOOD;
    }
    struct trace *trace = trace_open(w.trace, &error);
    if (trace == NULL) {
        fprintf(stderr, "albireo replay: %s\n", error.text);
        return COMMAND_INPUT;
    }
    int status = replay_trace(trace, &w);
    trace_close(trace);
    return status;
}
