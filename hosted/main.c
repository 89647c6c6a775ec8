/* SPDX-License-Identifier: BSD-2-Clause */

/* The program `albireo`: the kernel on a simulated machine, for everybody. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "hosted/commands/commands.h"

#define VERSION "albireo 0.1.0"

static const struct entry {
    const char *name;
    const char *what;
    command *run;
} commands[] = {
    {"run", "run a root task's ELF file, and record a trace of it", command_run},
    {"replay", "play a trace again, forwards and backwards, and check it", command_replay},
    {"verify", "run a root task twice and compare every event and state", command_verify},
    {"import", "a trace of a run under QEMU, compared event by event", command_import},
    {"show", "the whole state of a system as text, JSON or a graph", command_show},
    {"timeline", "a trace as a timeline, for Perfetto or a browser", command_timeline},
    {"reduce", "the shortest trace that still shows what a trace shows", command_reduce},
    {"to-test", "a GoogleTest that replays a trace", command_to_test},
    {"to-elf", "a root task that makes a trace's calls, for QEMU and boards", command_to_elf},
    {"demo", "run the demonstration, scene by scene", command_demo},
    {"info", "print the memory map, the root task's untyped memory and the build", command_info},
};

enum { COMMANDS = sizeof commands / sizeof *commands };

static void put_usage(FILE *file)
{
    fprintf(file, "usage: albireo COMMAND [ARGUMENT]...\n"
                  "       albireo COMMAND --help\n"
                  "       albireo help | --help | --version\n\n"
                  "The Albireo microkernel on a simulated machine.\n\ncommands:\n");
    for (size_t i = 0; i < COMMANDS; i++) {
        fprintf(file, "  %-10s %s\n", commands[i].name, commands[i].what);
    }
    fputs("\nexit status: 0 good; 1 the run failed, or a difference was found; 2 wrong usage; 3 a\n"
          "file is missing or is not what it should be\n",
          file);
}

static const struct entry *find(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

static bool asks_for_help(const char *word)
{
    return strcmp(word, "help") == 0 || strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0;
}

/* A command that has done well, but not all that it printed has got anywhere, has not. */
static int flushed(int status)
{
    bool good = fflush(stdout) == 0 && ferror(stdout) == 0;
    if (good || status != COMMAND_GOOD) {
        return status;
    }
    fprintf(stderr, "albireo: standard output: %s\n", strerror(errno));
    return COMMAND_INPUT;
}

int main(int argc, char **argv)
{
    if (argc >= 2 && asks_for_help(argv[1])) {
        put_usage(stdout);
        return COMMAND_GOOD;
    }
    if (argc >= 2 && strcmp(argv[1], "--version") == 0) {
        puts(VERSION);
        return COMMAND_GOOD;
    }
    const struct entry *entry = argc >= 2 ? find(argv[1]) : NULL;
    if (entry != NULL) {
        return flushed(entry->run(argc - 1, argv + 1));
    }
    if (argc >= 2) {
        fprintf(stderr, "albireo: unknown command '%s'\nTry 'albireo --help'.\n", argv[1]);
    } else {
        fputs("albireo: no command given\n", stderr);
        put_usage(stderr);
    }
    return COMMAND_USAGE;
}
