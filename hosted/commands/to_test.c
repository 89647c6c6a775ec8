/* SPDX-License-Identifier: BSD-2-Clause */

/* `albireo to-test`: a GoogleTest source that replays a trace. */
#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hosted/commands/commands.h"
#include "hosted/elf.h"
#include "hosted/reduce/reduce.h"
#include "hosted/trace/trace.h"

struct to_test_options {
    const char *trace;
    const char *output; /* Null: standard output. */
    const char *name;   /* Of the test; null: from the file's name. */
    bool help;
};

static const char help[] =
    "usage: albireo to-test [OPTION]... TRACE\n\n"
    "Writes a GoogleTest source that replays the trace (tests/replay/replay.h): the test fails if\n"
    "the kernel answers otherwise than the trace says, panics, or violates an invariant.\n\n"
    "options:\n"
    "  -o FILE      where it goes (default: standard output)\n"
    "  --name NAME  of the test: a capital letter, then letters and digits (default: from the\n"
    "               trace's file name)\n"
    "  -h, --help   this text\n\n"
    "exit status: 0 good; 2 wrong usage; 3 a file is missing or is not what it should be\n";

static const struct option options_known[] = {
    {"name", required_argument, NULL, 'n'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* Names of GoogleTest have no underscores; no keyword of C++ begins with a capital. */
static bool is_test_name(const char *name)
{
    bool good = isupper((unsigned char)*name) != 0;
    for (; *name != '\0'; name++) {
        good = good && isalnum((unsigned char)*name) != 0;
    }
    return good;
}

static bool parse(struct to_test_options *o, int argc, char **argv)
{
    int option;
    static char name[] = "albireo to-test";
    argv[0] = name;
    optind = 1;
    while ((option = getopt_long(argc, argv, "o:h", options_known, NULL)) != -1) {
        if (option == 'h') {
            o->help = true;
            return true;
        }
        if (option != 'o' && option != 'n') {
            return false; /* getopt_long() has said what is wrong. */
        }
        *(option == 'o' ? &o->output : &o->name) = optarg;
    }
    if (argc - optind != 1) {
        fprintf(stderr, "albireo to-test: %s\n",
                optind == argc ? "no trace given" : "more than one trace given");
        return false;
    }
    if (o->name != NULL && !is_test_name(o->name)) {
        fprintf(stderr,
                "albireo to-test: --name: expected a capital letter, then letters and digits, "
                "not '%s'\n",
                o->name);
        return false;
    }
    o->trace = argv[optind];
    return true;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

/* "stale-reply.trace" becomes "StaleReply". */
static void name_test(char *name, size_t size, const char *path)
{
    const char *at = base_name(path);
    size_t length = 0;
    bool upper = true;
    if (isalpha((unsigned char)*at) == 0) {
        name[length++] = 'T';
    }
    for (; *at != '\0' && *at != '.' && length + 1 < size; at++) {
        if (isalnum((unsigned char)*at) == 0) {
            upper = true;
            continue;
        }
        name[length++] = (char)(upper ? toupper((unsigned char)*at) : *at);
        upper = false;
    }
    name[length] = '\0';
}

/* For a raw string literal: ")DELIMITER\"" must not be in the text. */
static void choose_delimiter(char *delimiter, size_t size, const char *text)
{
    char end[24];
    snprintf(delimiter, size, "trace");
    snprintf(end, sizeof end, ")%s\"", delimiter);
    for (unsigned n = 1; strstr(text, end) != NULL; n++) {
        snprintf(delimiter, size, "trace%u", n);
        snprintf(end, sizeof end, ")%s\"", delimiter);
    }
}

static void put_test(FILE *file, const struct to_test_options *o, const char *text)
{
    char name[80];
    char delimiter[16];
    name_test(name, sizeof name, o->trace);
    choose_delimiter(delimiter, sizeof delimiter, text);
    fprintf(file, "/* SPDX-License-Identifier: BSD-2-Clause */\n\n"
                  "/* Replays a trace. Made by `albireo to-test ");
    reduce_put_plain(file, base_name(o->trace)); /* Without a slash it cannot end the comment. */
    fprintf(file,
            "`. */\n"
            "#include \"tests/replay/replay.h\"\n\n"
            "namespace {\n\n"
            "const char kTrace[] = R\"%s(%s)%s\";\n\n"
            "TEST(Replay, %s)\n{\n"
            "    EXPECT_EQ(\"\", albireo::replay_complaint(kTrace));\n}\n\n"
            "} // namespace\n",
            delimiter, text, delimiter, o->name != NULL ? o->name : name);
}

static int write_out(const struct to_test_options *o, const char *text)
{
    FILE *file = o->output == NULL ? stdout : fopen(o->output, "w");
    bool good = file != NULL;
    if (good) {
        put_test(file, o, text);
        good = fflush(file) == 0 && ferror(file) == 0;
    }
    if (file != NULL && o->output != NULL && fclose(file) != 0) {
        good = false;
    }
    if (!good) {
        fprintf(stderr, "albireo to-test: %s: %s\n",
                o->output == NULL ? "standard output" : o->output, strerror(errno));
        return COMMAND_INPUT;
    }
    return COMMAND_GOOD;
}

/* The whole text, if it is a trace; to be freed. */
static char *read_trace(const char *path)
{
    struct elf_error unread;
    struct trace_error wrong;
    struct session_error unfit;
    size_t size;
    uint8_t *bytes = elf_read_file(path, &size, &unread);
    if (bytes == NULL) {
        fprintf(stderr, "albireo to-test: %s\n", unread.text);
        return NULL;
    }
    char *text = malloc(size + 1);
    if (text == NULL) {
        abort();
    }
    memcpy(text, bytes, size);
    text[size] = '\0';
    free(bytes);
    struct trace *trace = trace_parse(text, size, &wrong);
    bool good = trace != NULL && reduce_check(trace, &unfit);
    if (!good) {
        fprintf(stderr, "albireo to-test: %s: %s\n", path, trace == NULL ? wrong.text : unfit.text);
        free(text);
    }
    trace_close(trace);
    return good ? text : NULL;
}

int command_to_test(int argc, char **argv)
{
    struct to_test_options o = {0};
    if (!parse(&o, argc, argv)) {
        fputs("Try 'albireo to-test --help'.\n", stderr);
        return COMMAND_USAGE;
    }
    if (o.help) {
        fputs(help, stdout);
        return COMMAND_GOOD;
    }
    char *text = read_trace(o.trace);
    if (text == NULL) {
        return COMMAND_INPUT;
    }
    int status = write_out(&o, text);
    free(text);
    return status;
}
