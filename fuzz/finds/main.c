/* SPDX-License-Identifier: BSD-2-Clause */

/* The program `fuzz_input`. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fuzz/finds/finds.h"

static const struct entry {
    const char *name;
    const char *what;
    finds_command *run;
} commands[] = {
    {"play", "play inputs and say what they find", finds_play},
    {"show", "print what an input does, event by event", finds_show},
    {"shrink", "make an input small that still finds the same", finds_shrink},
    {"trace", "record a trace of calls, from boot to the find", finds_trace},
    {"test", "write a GoogleTest that plays an input", finds_test},
    {"stats", "say what a corpus reaches", finds_stats},
    {"minimise", "keep what a corpus needs to reach as much", finds_minimise},
};

enum { COMMANDS = sizeof commands / sizeof *commands };

static void put_usage(FILE *file)
{
    fputs("usage: fuzz_input COMMAND [ARGUMENT]...\n"
          "       fuzz_input COMMAND --help\n"
          "       fuzz_input help | --help\n\n"
          "Inputs of the API fuzzer.\n\ncommands:\n",
          file);
    for (size_t i = 0; i < COMMANDS; i++) {
        fprintf(file, "  %-9s %s\n", commands[i].name, commands[i].what);
    }
    fputs("\nexit status: 0 good; 1 an input finds something, or not what it should; 2 wrong usage;"
          "\n3 a file is missing or cannot be written\n",
          file);
}

/* A command that has done well, but not all that it printed has got anywhere, has not. */
static int flushed(int status)
{
    bool good = fflush(stdout) == 0 && ferror(stdout) == 0;
    if (good || status != FINDS_GOOD) {
        return status;
    }
    fprintf(stderr, "fuzz_input: standard output: %s\n", strerror(errno));
    return FINDS_FILE;
}

static bool asks_for_help(const char *word)
{
    return strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fputs("fuzz_input: no command given\n", stderr);
        put_usage(stderr);
        return FINDS_USAGE;
    }
    if (asks_for_help(argv[1])) {
        put_usage(stdout);
        return flushed(FINDS_GOOD);
    }
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i].name, argv[1]) == 0) {
            return flushed(commands[i].run(argc - 1, argv + 1));
        }
    }
    fprintf(stderr, "fuzz_input: unknown command '%s'\nTry 'fuzz_input --help'.\n", argv[1]);
    return FINDS_USAGE;
}
