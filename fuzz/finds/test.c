/* SPDX-License-Identifier: BSD-2-Clause */

/* `fuzz_input test`: a GoogleTest source that plays an input. */
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "abi/api.h"
#include "fuzz/finds/finds.h"

enum { COLUMNS = 100 };

static const char help[] =
    "usage: fuzz_input test [OPTION]... FILE\n\n"
    "Writes a GoogleTest source (tests/fuzz/find.h) that plays the input, event by event, with\n"
    "what comes of them in comments: the test fails as long as playing it finds something. It is\n"
    "for find_test() of tests/fuzz/find.bzl, which runs it with the precise watch, too: only that\n"
    "counts steps. What only sanitizers see is for find_test(sanitize = True).\n\n"
    "options:\n"
    "  -o FILE        where it goes (default: standard output)\n"
    "  -n, --name NAME\n"
    "                 of the test: from its letters and digits (default: the input's file name)\n"
    "  --oracles L    with which it is played, here and in the test: off, cheap or full (default:\n"
    "                 full)\n"
    "  --timeout S    seconds that playing may take (default 10)\n"
    "  -h, --help     this text\n\n"
    "exit status: 0 done; 2 wrong usage; 3 a file is missing or cannot be written\n";

static const char *const labels[ABI_LABEL_COUNT] = {
#define ABI_X(label, kind, name, stub, handler, args, results) [label] = #name,
    ABI_INVOCATIONS(ABI_X)
#undef ABI_X
};

static const char *const kinds[INPUT_KINDS] = {
    [INPUT_INVOKE] = "INPUT_INVOKE",
    [INPUT_SEND] = "INPUT_SEND",
    [INPUT_RECEIVE] = "INPUT_RECEIVE",
    [INPUT_SEND_RECEIVE] = "INPUT_SEND_RECEIVE",
    [INPUT_YIELD] = "INPUT_YIELD",
    [INPUT_SYSCALL] = "INPUT_SYSCALL",
    [INPUT_LOAD] = "INPUT_LOAD",
    [INPUT_STORE] = "INPUT_STORE",
    [INPUT_FETCH] = "INPUT_FETCH",
    [INPUT_FAULT] = "INPUT_FAULT",
    [INPUT_FPU] = "INPUT_FPU",
    [INPUT_BUFFER] = "INPUT_BUFFER",
    [INPUT_REGISTERS] = "INPUT_REGISTERS",
    [INPUT_IRQ] = "INPUT_IRQ",
    [INPUT_IRQ_AT_POLL] = "INPUT_IRQ_AT_POLL",
    [INPUT_TIME] = "INPUT_TIME",
    [INPUT_TIME_AT_POLL] = "INPUT_TIME_AT_POLL",
};

/* --- Names ------------------------------------------------------------------------------------ */

/* Names of GoogleTest have no underscores, and no keyword of C++ begins with a capital:
 * "stale-reply.input" becomes "StaleReply", "1f3c" "Input1f3c". */
static void name_test(char *name, size_t size, const char *text)
{
    bool upper = true;
    size_t length = 0;
    if (isalpha((unsigned char)*text) == 0) {
        length = (size_t)snprintf(name, size, "Input");
    }
    for (; *text != '\0' && *text != '.' && length + 1 < size; text++) {
        if (isalnum((unsigned char)*text) == 0) {
            upper = true;
            continue;
        }
        name[length++] = (char)(upper ? toupper((unsigned char)*text) : *text);
        upper = false;
    }
    name[length] = '\0';
}

/* --- What playing it says --------------------------------------------------------------------- */

/* The log is left at its beginning. */
static bool play(const struct finds_words *words, const struct input *input, FILE *log, bool *found,
                 struct oracle_find *find)
{
    struct finds_player player;
    if (!finds_open(words, &player)) {
        return false;
    }
    *found = finds_try_logged(&player, input, words->timeout, log, find);
    finds_close(&player);
    rewind(log);
    return true;
}

/* --- The source ------------------------------------------------------------------------------- */

/* How much of a text goes on one line: up to a space. */
static size_t line_length(const char *text, size_t left, size_t room)
{
    size_t length = room;
    if (left <= room) {
        return left;
    }
    while (length > 0 && text[length] != ' ') {
        length--;
    }
    return length == 0 ? room : length;
}

/* A line of text as a comment, wrapped. It cannot end the comment. */
static void put_comment(FILE *file, const char *indent, const char *text)
{
    size_t room = COLUMNS - strlen(indent) - strlen("/*  */");
    const char *end = text + strcspn(text, "\n");
    const char *start = "/*";
    char last = ' ';
    while (text < end) {
        size_t length = line_length(text, (size_t)(end - text), room);
        fprintf(file, "%s%s ", indent, start);
        for (; length > 0; length--, text++) {
            bool bad = *text < ' ' || *text > '~' || (*text == '/' && last == '*');
            last = *text;
            fputc(bad ? '.' : *text, file);
        }
        text += strspn(text, " ");
        fputs(text >= end ? " */\n" : "\n", file);
        start = " *";
    }
}

static void put_selectors(FILE *file, const struct input_event *event)
{
    uint32_t used = INPUT_SELECTORS;
    while (used > 0 && event->selectors[used - 1].mode == 0 &&
           event->selectors[used - 1].pick == 0) {
        used--;
    }
    fputs(used > INPUT_SELECTORS / 2 ? "\n     {" : " {", file);
    for (uint32_t i = 0; i < used; i++) {
        fprintf(file, "%s{%u, %u}", i == 0 ? "" : ", ", event->selectors[i].mode,
                event->selectors[i].pick);
    }
    fputs("}},\n", file);
}

static void put_event(FILE *file, const struct input_event *event)
{
    enum input_kind kind = input_kind_of(event->what);
    fprintf(file, "    {input_what(%s), %u, ", kinds[kind], event->who);
    if (kind == INPUT_INVOKE) {
        fprintf(file, "input_which(ABI_LABEL_%s)", labels[input_label(event)]);
    } else {
        fprintf(file, "%u", event->which);
    }
    fprintf(file, ", %u,", event->how);
    put_selectors(file, event);
}

/* The number in "event NUMBER: KIND"; 0: another line. */
static uint32_t event_number(const char *line)
{
    static const char start[] = "event ";
    bool is_event = strncmp(line, start, strlen(start)) == 0;
    return is_event ? (uint32_t)strtoul(line + strlen(start), NULL, 10) : 0;
}

/* Each event below what the log says about it: the kernel entries behind "event NUMBER". */
static void put_events(FILE *file, const struct input *input, FILE *log)
{
    char line[1024];
    bool more = fgets(line, sizeof line, log) != NULL;
    for (uint32_t i = 0; i < input->count; i++) {
        while (more && event_number(line) <= i + 1) {
            if (event_number(line) == 0) {
                put_comment(file, "    ", line + strspn(line, " "));
            }
            more = fgets(line, sizeof line, log) != NULL;
        }
        put_event(file, &input->events[i]);
    }
    for (; more; more = fgets(line, sizeof line, log) != NULL) {
        put_comment(file, "    ", line + strspn(line, " "));
    }
}

/* That the process has sanitizers, so that what it sees may be what only they see. */
#if defined(__SANITIZE_ADDRESS__)
#define SANITIZED true
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(undefined_behavior_sanitizer)
#define SANITIZED true
#endif
#endif
#ifndef SANITIZED
#define SANITIZED false
#endif

/* The other finds of kind "work" are seen without counting them. */
static bool is_of_steps(const struct oracle_find *find)
{
    return strcmp(find->kind, "work") == 0 && strstr(find->text, "steps between") != NULL;
}

static void put_body(FILE *file, const char *name, enum oracle_level level,
                     const struct oracle_find *find)
{
    static const char *const levels[] = {
        [ORACLE_OFF] = ", ORACLE_OFF", [ORACLE_CHEAP] = ", ORACLE_CHEAP", [ORACLE_FULL] = ""};
    fprintf(file, "};\n\nTEST(Find, %s)\n{\n", name);
    if (is_of_steps(find)) {
        fputs("    ALBIREO_FIND_COUNTS_STEPS();\n", file);
    }
    if (SANITIZED && strcmp(find->kind, "crash") == 0) {
        fputs("    ALBIREO_FIND_IS_SANITIZED();\n", file);
    }
    fprintf(file,
            "    EXPECT_EQ(\"\", albireo::find_of(kConfig, kEvents%s));\n}\n\n} // namespace\n",
            levels[level]);
}

static void put_test(FILE *file, const char *name, const struct finds_words *words,
                     const struct input *input, FILE *log, bool found,
                     const struct oracle_find *find)
{
    const struct input_config *c = &input->config;
    fputs("/* SPDX-License-Identifier: BSD-2-Clause */\n\n", file);
    char text[sizeof find->kind + sizeof find->text + 300];
    snprintf(text, sizeof text, "%.200s, an input of the fuzzer, by `fuzz_input test`. %s%s%s%s",
             finds_base_name(words->files[0]), found ? "Found: " : "It found nothing.",
             found ? find->kind : "", found ? ": " : "", found ? find->text : "");
    put_comment(file, "", text);
    fputs("#include \"tests/fuzz/find.h\"\n\nnamespace {\n\n", file);
    fprintf(file, "const struct input_config kConfig = {%u, %u, %u, %u, %u, %u, {0, 0}};\n\n",
            c->topology, c->poll, c->entry_ticks, c->access_ticks, c->tlb, c->start);
    fputs("const std::vector<struct input_event> kEvents = {\n", file);
    put_events(file, input, log);
    put_body(file, name, words->level, find);
}

static int write_test(const struct finds_words *words, const struct input *input, FILE *log)
{
    char name[80];
    struct oracle_find find = {.entry = 0};
    bool found;
    if (!play(words, input, log, &found, &find)) {
        return FINDS_FILE;
    }
    name_test(name, sizeof name,
              words->name != NULL ? words->name : finds_base_name(words->files[0]));
    FILE *file = words->output == NULL ? stdout : fopen(words->output, "w");
    if (file == NULL) {
        finds_complain(words, "%s: %s", words->output, strerror(errno));
        return FINDS_FILE;
    }
    put_test(file, name, words, input, log, found, &find);
    bool good = fflush(file) == 0 && ferror(file) == 0;
    if (words->output != NULL && fclose(file) != 0) {
        good = false;
    }
    if (!good) {
        finds_complain(words, "%s: %s", words->output == NULL ? "standard output" : words->output,
                       strerror(errno));
    }
    return good ? FINDS_GOOD : FINDS_FILE;
}

int finds_test(int argc, char **argv)
{
    static const struct finds_usage usage = {help, "onlt", 1, 1, false};
    static struct input input;
    struct finds_words words;
    int status;
    if (!finds_words(&words, &usage, argc, argv, &status)) {
        return status;
    }
    if (!finds_read(&words, words.files[0], &input)) {
        return FINDS_FILE;
    }
    FILE *log = tmpfile();
    if (log == NULL) {
        finds_complain(&words, "a temporary file: %s", strerror(errno));
        return FINDS_FILE;
    }
    setvbuf(log, NULL, _IOLBF, 0);
    status = write_test(&words, &input, log);
    fclose(log);
    return status;
}
