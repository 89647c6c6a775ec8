/* SPDX-License-Identifier: BSD-2-Clause */

/* `albireo show`: the whole state of a system, from a root task, a trace or a state file. */
#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "hosted/commands/commands.h"
#include "hosted/options.h"
#include "hosted/session/session.h"
#include "hosted/show/show.h"
#include "hosted/show/state_file.h"

#define TRACE_MAGIC "albireo-trace "
#define ELF_MAGIC "\177ELF"

enum form { FORM_TEXT, FORM_JSON, FORM_DOT, FORM_SVG };

struct show_options {
    const char *input;
    const char *output; /* Null: standard output. */
    const char *save;   /* A state file to write instead. */
    const char *image;
    enum form form;
    uint32_t parts;
    uint64_t memory;
    uint64_t at;
    bool has_at;
    bool any_build;
    bool help;
};

static const char help[] =
    "usage: albireo show [OPTION]... FILE\n\n"
    "Shows the whole state of a system: threads, capabilities in the order of derivation, address\n"
    "spaces, queues, time. FILE is a root task's ELF file (the state right after boot), a trace\n"
    "(the state at its end), or a state file. See docs/show.md.\n\n"
    "options:\n"
    "  --at N             the state after event N of the trace or of the root task's run\n"
    "  --parts PARTS      of threads, caps, memory, queues, time; several with commas\n"
    "  --text             for people (the default)\n"
    "  --json             one JSON object\n"
    "  --dot              a Graphviz graph: objects, capabilities, who waits for what\n"
    "  --svg              that graph drawn by dot, of the package graphviz\n"
    "  --save STATE       write a state file instead, to be shown later\n"
    "  -o, --output FILE  write here (default: standard output)\n"
    "  --image ELF        the root task's file, if it is not where the trace says\n"
    "  --memory SIZE      RAM for a root task; may end in K, M or G (default 128M)\n"
    "  --any-build        accept a trace of another build of the kernel\n"
    "  -h, --help         this text\n\n"
    "exit status: 0 good; 1 the system did not get to that event, its last state is shown; 2\n"
    "wrong usage; 3 a file is missing, is not what it should be, or cannot be written\n";

enum option_code {
    OPTION_AT = 256,
    OPTION_PARTS,
    OPTION_TEXT,
    OPTION_JSON,
    OPTION_DOT,
    OPTION_SVG,
    OPTION_SAVE,
    OPTION_IMAGE,
    OPTION_MEMORY,
    OPTION_ANY_BUILD,
};

static const struct option options_known[] = {
    {"at", required_argument, NULL, OPTION_AT},
    {"parts", required_argument, NULL, OPTION_PARTS},
    {"text", no_argument, NULL, OPTION_TEXT},
    {"json", no_argument, NULL, OPTION_JSON},
    {"dot", no_argument, NULL, OPTION_DOT},
    {"svg", no_argument, NULL, OPTION_SVG},
    {"save", required_argument, NULL, OPTION_SAVE},
    {"output", required_argument, NULL, 'o'},
    {"image", required_argument, NULL, OPTION_IMAGE},
    {"memory", required_argument, NULL, OPTION_MEMORY},
    {"any-build", no_argument, NULL, OPTION_ANY_BUILD},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* --- Reading the words ------------------------------------------------------------------------ */

static bool wrong(const char *what, const char *text)
{
    fprintf(stderr, "albireo show: %s%s\n", what, text);
    return false;
}

/* About a file; the exit status. */
static int bad_file(const char *path, const char *text)
{
    fprintf(stderr, "albireo show: %s: %s\n", path, text);
    return COMMAND_INPUT;
}

static bool take_at(struct show_options *o)
{
    char *end;
    errno = 0;
    o->at = strtoull(optarg, &end, 0);
    o->has_at = true;
    if (optarg[0] >= '0' && optarg[0] <= '9' && *end == '\0' && errno == 0) {
        return true;
    }
    fprintf(stderr, "albireo show: --at: expected the number of an event, not '%s'\n", optarg);
    return false;
}

static bool take_parts(struct show_options *o)
{
    const char *bad;
    if (show_parts(optarg, &o->parts, &bad)) {
        return true;
    }
    fprintf(stderr,
            "albireo show: --parts: nothing is called '%s': threads, caps, memory, queues, time or "
            "all\n",
            bad);
    return false;
}

static bool take_memory(struct show_options *o)
{
    if (options_size(optarg, &o->memory)) {
        return true;
    }
    fprintf(stderr, "albireo show: --memory: expected a size like 128M, not '%s'\n", optarg);
    return false;
}

static bool take_form(struct show_options *o, int code)
{
    o->form = (enum form)(code - OPTION_TEXT + (int)FORM_TEXT);
    return true;
}

static bool take(struct show_options *o, int code)
{
    switch (code) {
    case OPTION_AT:
        return take_at(o);
    case OPTION_PARTS:
        return take_parts(o);
    case OPTION_TEXT:
    case OPTION_JSON:
    case OPTION_DOT:
    case OPTION_SVG:
        return take_form(o, code);
    case OPTION_SAVE:
        o->save = optarg;
        return true;
    case OPTION_IMAGE:
        o->image = optarg;
        return true;
    case OPTION_MEMORY:
        return take_memory(o);
    case OPTION_ANY_BUILD:
        o->any_build = true;
        return true;
    case 'o':
        o->output = optarg;
        return true;
    case 'h':
        o->help = true;
        return true;
    default:
        return false; /* getopt_long() has said what is wrong. */
    }
}

static bool parse(struct show_options *o, int argc, char **argv)
{
    static char name[] = "albireo show";
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
        return wrong(optind == argc ? "no file given" : "more than one file given", "");
    }
    o->input = argv[optind];
    if (o->save != NULL && o->output != NULL) {
        return wrong("give one of -o and --save", "");
    }
    const char *output = o->save != NULL ? o->save : o->output;
    if (output != NULL && same_file(output, o->input)) {
        return wrong(output, " is the file to be shown; it would be overwritten");
    }
    return true;
}

/* --- Writing ---------------------------------------------------------------------------------- */

/* The graph, drawn by the program `dot` onto `file`. */
static bool put_svg(const struct sim *sim, uint32_t parts, FILE *file)
{
    if (fflush(file) != 0 || dup2(fileno(file), STDOUT_FILENO) < 0) {
        return wrong("--svg: ", strerror(errno));
    }
    /* If dot ends early, its exit status tells; the signal would tell nobody. */
    signal(SIGPIPE, SIG_IGN);
    FILE *pipe = popen("command -v dot >/dev/null || exit 127; exec dot -Tsvg", "w");
    if (pipe == NULL) {
        return wrong("--svg: ", strerror(errno));
    }
    show_dot(sim, parts, pipe);
    int status = pclose(pipe);
    if (status == 0) {
        return true;
    }
    bool missing = WIFEXITED(status) && WEXITSTATUS(status) == 127;
    return wrong("--svg: ", missing ? "there is no program 'dot'; it is in the package graphviz"
                                    : "dot has failed");
}

static bool put_state(const struct show_options *o, const struct sim *sim, FILE *file)
{
    struct show_error error;
    if (o->save != NULL) {
        return show_save(sim, file, &error) || bad_file(o->save, error.text) == COMMAND_GOOD;
    }
    switch (o->form) {
    case FORM_TEXT:
        show_text(sim, o->parts, file);
        break;
    case FORM_JSON:
        show_json(sim, o->parts, file);
        break;
    case FORM_DOT:
        show_dot(sim, o->parts, file);
        break;
    case FORM_SVG:
        return put_svg(sim, o->parts, file);
    }
    return true;
}

static int write_state(const struct show_options *o, const struct sim *sim)
{
    const char *path = o->save != NULL ? o->save : o->output;
    FILE *file = path == NULL ? stdout : fopen(path, "w");
    if (file == NULL) {
        return bad_file(path, strerror(errno));
    }
    bool good = put_state(o, sim, file);
    bool written = ferror(file) == 0;
    written = (path == NULL ? fflush(file) : fclose(file)) == 0 && written;
    if (good && !written) {
        return bad_file(path == NULL ? "standard output" : path, strerror(errno));
    }
    return good ? COMMAND_GOOD : COMMAND_INPUT;
}

/* --- Getting there ---------------------------------------------------------------------------- */

/* Goes to event `number` and shows the state; or where it ended before, and says so. */
static int show_session(const struct show_options *o, struct session *session, uint64_t number)
{
    enum session_end end = session_goto(session, number);
    bool there = session_events(session) == number;
    int status = write_state(o, session_sim(session));
    if (there && (end == SESSION_EVENT || end == SESSION_STOPPED || end == SESSION_END)) {
        return status;
    }
    const char *why = session_complaint(session);
    fflush(stdout);
    fprintf(stderr,
            "albireo show: this is the state after event %" PRIu64 ", not %" PRIu64 ": %s\n",
            session_events(session), number, why == NULL ? "there are no more events" : why);
    if (status != COMMAND_GOOD) {
        return status;
    }
    return end == SESSION_BAD_TRACE ? COMMAND_INPUT : COMMAND_FAILED;
}

static int show_trace(const struct show_options *o)
{
    struct trace_error why;
    struct session_error error;
    char dir[PATH_MAX];
    const char *slash = strrchr(o->input, '/');
    struct trace *trace = trace_open(o->input, &why);
    if (trace == NULL) {
        wrong(why.text, "");
        return COMMAND_INPUT;
    }
    snprintf(dir, sizeof dir, "%.*s", slash == NULL ? 1 : (int)(slash - o->input) + 1,
             slash == NULL ? "." : o->input);
    struct session_options options = {
        .image_path = o->image, .trace_dir = dir, .any_build = o->any_build, .forwards_only = true};
    struct session *session = session_replay(trace, &options, &error);
    int status = session == NULL
                     ? bad_file(o->input, error.text)
                     : show_session(o, session, o->has_at ? o->at : trace_events(trace));
    session_close(session);
    trace_close(trace);
    return status;
}

static int show_root_task(const struct show_options *o)
{
    struct trace_header header;
    struct session_error error;
    struct session_options options = {.no_hashes = true, .forwards_only = true};
    memset(&header, 0, sizeof header);
    if (!session_header(&header, o->input, o->memory, &error)) {
        fprintf(stderr, "albireo show: %s\n", error.text);
        return COMMAND_INPUT;
    }
    struct session *session = session_boot(&header, &options, &error);
    if (session == NULL) {
        return bad_file(o->input, error.text);
    }
    int status = show_session(o, session, o->at);
    session_close(session);
    return status;
}

static int show_state_file(const struct show_options *o, FILE *file)
{
    struct show_error error;
    if (o->has_at) {
        wrong(o->input, ": is a state file, of one state; --at needs a trace or a root task");
        return COMMAND_USAGE;
    }
    struct sim *sim = show_load(file, &error);
    if (sim == NULL) {
        return bad_file(o->input, error.text);
    }
    int status = write_state(o, sim);
    sim_destroy(sim);
    return status;
}

static bool starts_with(const char *bytes, size_t size, const char *magic)
{
    size_t length = strlen(magic);
    return size >= length && memcmp(bytes, magic, length) == 0;
}

/* By what the file holds, whatever its name. */
static int show_file(const struct show_options *o, FILE *file)
{
    char start[16];
    size_t size = fread(start, 1, sizeof start, file);
    if (ferror(file) != 0) {
        return bad_file(o->input, strerror(errno));
    }
    rewind(file);
    if (starts_with(start, size, ELF_MAGIC)) {
        return show_root_task(o);
    }
    if (starts_with(start, size, TRACE_MAGIC)) {
        return show_trace(o);
    }
    if (starts_with(start, size, SHOW_STATE_MAGIC)) {
        return show_state_file(o, file);
    }
    return bad_file(o->input, size == 0 ? "the file is empty"
                                        : "neither an ELF file, nor a trace, nor a state file");
}

int command_show(int argc, char **argv)
{
    struct show_options o = {.memory = (uint64_t)128 << 20};
    if (!parse(&o, argc, argv)) {
        fputs("Try 'albireo show --help'.\n", stderr);
        return COMMAND_USAGE;
    }
    if (o.help) {
        fputs(help, stdout);
        return COMMAND_GOOD;
    }
    o.parts = o.parts == 0 ? SHOW_ALL : o.parts;
    FILE *file = fopen(o.input, "rb");
    if (file == NULL) {
        return bad_file(o.input, strerror(errno));
    }
    int status = show_file(&o, file);
    fclose(file);
    return status;
}
