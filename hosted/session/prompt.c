/* SPDX-License-Identifier: BSD-2-Clause */

/* The prompt of `albireo replay --step`. */
#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "hosted/session/replay.h"
#include "hosted/show/show.h"

enum { COMMAND_SIZE = 512 };

struct prompt {
    struct replay *replay;
    FILE *output;
    enum replay_end end;
    bool quit;
};

/* A count or an event's number; without an operand, `otherwise`. */
static bool number(const struct prompt *p, const char *text, uint64_t otherwise, uint64_t *value)
{
    char *end;
    *value = otherwise;
    if (text[0] == '\0') {
        return true;
    }
    errno = 0;
    *value = strtoull(text, &end, 0);
    if (isdigit((unsigned char)text[0]) && *end == '\0' && errno == 0) {
        return true;
    }
    fprintf(p->output, "expected a number, not '%s'\n", text);
    return false;
}

static void move(struct prompt *p, uint64_t to)
{
    p->end = replay_to(p->replay, to);
    replay_put_event(p->replay, p->output);
    replay_put_end(p->replay, p->end, p->output);
}

/* Each event is shown. */
static void do_step(struct prompt *p, const char *operand)
{
    uint64_t count;
    if (!number(p, operand, 1, &count)) {
        return;
    }
    for (p->end = REPLAY_THERE; count > 0 && p->end == REPLAY_THERE; count--) {
        uint64_t before = session_events(p->replay->session);
        p->end = replay_to(p->replay, before + 1);
        if (session_events(p->replay->session) != before) {
            replay_put_event(p->replay, p->output);
        }
        replay_put_end(p->replay, p->end, p->output);
    }
}

static void do_back(struct prompt *p, const char *operand)
{
    uint64_t count;
    uint64_t events = session_events(p->replay->session);
    if (number(p, operand, 1, &count)) {
        move(p, count > events ? 0 : events - count);
    }
}

static void do_to(struct prompt *p, const char *operand)
{
    uint64_t event;
    if (operand[0] == '\0') {
        fprintf(p->output, "to which event? The trace has %" PRIu64 "\n", p->replay->last);
    } else if (number(p, operand, 0, &event)) {
        move(p, event);
    }
}

static void do_continue(struct prompt *p, const char *operand)
{
    (void)operand;
    move(p, UINT64_MAX);
}

static void do_show(struct prompt *p, const char *operand)
{
    uint32_t parts = 0;
    const char *bad;
    if (show_parts(operand[0] == '\0' ? "threads" : operand, &parts, &bad)) {
        show_text(session_sim(p->replay->session), parts, p->output);
    } else {
        fprintf(p->output, "nothing is called '%s': threads, caps, memory, queues, time or all\n",
                bad);
    }
}

static void do_break(struct prompt *p, const char *operand)
{
    struct session_error error;
    struct condition *condition = condition_parse(operand, &error);
    if (condition == NULL) {
        fprintf(p->output, "%s; conditions are\n%s", error.text, condition_help());
    } else if (!replay_add(p->replay, condition, &error)) {
        fprintf(p->output, "%s\n", error.text);
    }
}

static void do_where(struct prompt *p, const char *operand)
{
    (void)operand;
    replay_put_event(p->replay, p->output);
    fprintf(p->output, "event %" PRIu64 " of %" PRIu64 "\n", session_events(p->replay->session),
            p->replay->last);
}

static void do_quit(struct prompt *p, const char *operand)
{
    (void)operand;
    p->quit = true;
}

static void do_help(struct prompt *p, const char *operand);

static const struct {
    const char *name;
    const char *operand;
    const char *what;
    void (*run)(struct prompt *p, const char *operand);
} commands[] = {
    {"step", "[N]", "make the next event happen, or the next N", do_step},
    {"back", "[N]", "go one event back, or N", do_back},
    {"to", "N", "go to the state after event N; 0: right after boot", do_to},
    {"continue", "", "go on until a condition is met, or to the end", do_continue},
    {"break", "CONDITION", "add a condition to stop at", do_break},
    {"show", "[WHAT]", "show threads, caps, memory, queues, time or all", do_show},
    {"where", "", "show the last event again", do_where},
    {"quit", "", "end; so does the end of the input", do_quit},
    {"help", "", "this text", do_help},
};

enum { COMMANDS = sizeof commands / sizeof *commands };

static void do_help(struct prompt *p, const char *operand)
{
    (void)operand;
    for (size_t i = 0; i < COMMANDS; i++) {
        fprintf(p->output, "  %-9s%-11s%s\n", commands[i].name, commands[i].operand,
                commands[i].what);
    }
    fprintf(p->output,
            "Names may be cut short. An empty line repeats the last command.\n"
            "Conditions:\n%s",
            condition_help());
}

static void obey(struct prompt *p, char *line)
{
    size_t length = strcspn(line, " \t");
    char *operand = line + length + strspn(line + length, " \t");
    for (size_t i = 0; i < COMMANDS && length > 0; i++) {
        if (strncmp(commands[i].name, line, length) == 0) {
            commands[i].run(p, operand);
            return;
        }
    }
    fprintf(p->output, "unknown command '%s'; help lists all\n", line);
}

static void trim(char *line)
{
    size_t length = strlen(line);
    while (length > 0 && isspace((unsigned char)line[length - 1])) {
        line[--length] = '\0';
    }
}

enum replay_end replay_prompt(struct replay *replay, enum replay_end end, FILE *input, FILE *output)
{
    struct prompt p = {.replay = replay, .output = output, .end = end};
    char line[COMMAND_SIZE];
    char last[COMMAND_SIZE] = "step";
    bool person = isatty(fileno(input)) != 0;
    do_where(&p, "");
    while (!p.quit) {
        if (person) {
            fputs("(replay) ", output);
        }
        fflush(output);
        if (fgets(line, sizeof line, input) == NULL) {
            break;
        }
        trim(line);
        if (line[0] == '\0') {
            memcpy(line, last, sizeof line);
        }
        memcpy(last, line, sizeof last);
        obey(&p, line + strspn(line, " \t"));
    }
    return p.end;
}
