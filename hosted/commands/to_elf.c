/* SPDX-License-Identifier: BSD-2-Clause */

/* `albireo to-elf`: a root task for QEMU and boards that makes the calls of a trace. */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "hosted/commands/commands.h"
#include "hosted/player/script.h"
#include "hosted/reduce/reduce.h"

struct to_elf_options {
    const char *trace;
    const char *output;
    const char *image;
    bool skip;
    bool release;
    bool help;
};

static const char help[] =
    "usage: albireo to-elf [OPTION]... TRACE -o ROOTTASK.elf\n\n"
    "Makes a root task that makes the calls of the trace again, thread by thread, on whatever\n"
    "kernel and machine it is booted: with tools/boot, on a board, or with albireo run. It says\n"
    "\"player: all N calls as recorded\", or which call had another result, and ends.\n\n"
    "The machine's memory map does not matter, but there must be untyped memory in pieces as\n"
    "large as those that the trace uses, and the devices that it uses where they were. There is\n"
    "room for 64 threads, those that have been deleted among them.\n\n"
    "What only the surroundings can cause is not played and is an error: faults of user code,\n"
    "interrupts and the timer where they have another thread run, threads in address spaces of\n"
    "their own.\n\n"
    "options:\n"
    "  -o FILE       where it goes\n"
    "  --image FILE  a program's trace: its ELF file, if it is not where the trace says\n"
    "  --release     for a release kernel (default: for one as the trace says)\n"
    "  --skip        leave out what cannot be played, and say so\n"
    "  -h, --help    this text\n\n"
    "exit status: 0 good; 1 the trace cannot be played; 2 wrong usage; 3 a file is missing or is\n"
    "not what it should be\n";

static const struct option options_known[] = {
    {"image", required_argument, NULL, 'i'},
    {"release", no_argument, NULL, 'r'},
    {"skip", no_argument, NULL, 's'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static bool parse(struct to_elf_options *o, int argc, char **argv)
{
    int option;
    static char name[] = "albireo to-elf";
    argv[0] = name;
    optind = 1;
    while ((option = getopt_long(argc, argv, "o:h", options_known, NULL)) != -1) {
        if (option == 'h') {
            o->help = true;
            return true;
        }
        if (option == '?') {
            return false; /* getopt_long() has said what is wrong. */
        }
        o->skip = o->skip || option == 's';
        o->release = o->release || option == 'r';
        o->output = option == 'o' ? optarg : o->output;
        o->image = option == 'i' ? optarg : o->image;
    }
    if (argc - optind != 1 || o->output == NULL) {
        fprintf(stderr, "albireo to-elf: %s\n",
                argc - optind > 1   ? "more than one trace given"
                : argc - optind < 1 ? "no trace given"
                                    : "no -o FILE given");
        return false;
    }
    o->trace = argv[optind];
    return true;
}

static int write_out(const char *path, const uint8_t *bytes, size_t size)
{
    FILE *file = fopen(path, "wb");
    bool good = file != NULL && fwrite(bytes, 1, size, file) == size;
    if (file != NULL && fclose(file) != 0) {
        good = false;
    }
    if (!good) {
        fprintf(stderr, "albireo to-elf: %s: %s\n", path, strerror(errno));
        return COMMAND_INPUT;
    }
    return COMMAND_GOOD;
}

static int pack(const struct to_elf_options *o, bool debug, const uint8_t *script, size_t size)
{
    size_t elf_size;
    uint8_t *elf = debug
                       ? script_pack(player_debug, player_debug_size, script, size, &elf_size)
                       : script_pack(player_release, player_release_size, script, size, &elf_size);
    if (elf == NULL) {
        fprintf(stderr, "albireo to-elf: the player in this program has no place for a script\n");
        return COMMAND_FAILED;
    }
    int status = write_out(o->output, elf, elf_size);
    free(elf);
    return status;
}

int command_to_elf(int argc, char **argv)
{
    struct to_elf_options o = {0};
    struct session_error error;
    size_t size;
    if (!parse(&o, argc, argv)) {
        fputs("Try 'albireo to-elf --help'.\n", stderr);
        return COMMAND_USAGE;
    }
    if (o.help) {
        fputs(help, stdout);
        return COMMAND_GOOD;
    }
    struct session_error cut;
    struct trace *trace = reduce_calls(o.trace, o.image, &cut, &error);
    if (trace == NULL) {
        fprintf(stderr, "albireo to-elf: %s\n", error.text);
        return COMMAND_INPUT;
    }
    if (cut.text[0] != '\0') {
        fprintf(stderr, "albireo to-elf: %s: the run goes another way than the trace%s: %s\n",
                o.trace, o.skip ? "; left out is all from there on" : "", cut.text);
    }
    if (cut.text[0] != '\0' && !o.skip) {
        trace_close(trace);
        return COMMAND_FAILED;
    }
    struct script_options options = {.skip = o.skip, .warnings = stderr};
    uint8_t *script = script_make(trace, &options, &size, &error);
    int status = COMMAND_FAILED;
    if (script == NULL) {
        fprintf(stderr, "albireo to-elf: %s: %s\n", o.trace, error.text);
    } else {
        status = pack(&o, trace_header(trace)->debug && !o.release, script, size);
    }
    free(script);
    trace_close(trace);
    return status;
}
