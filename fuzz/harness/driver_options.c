/* SPDX-License-Identifier: BSD-2-Clause */

#include "fuzz/harness/driver_options.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const char help[] =
    "Plays random inputs, all of which follow from the seed.\n"
    "\n"
    "  --seconds S     stop after S seconds (no limit)\n"
    "  --runs N        stop after N inputs (no limit)\n"
    "  --seed N        (1)\n"
    "  --max-size N    bytes of an input, at most (4096)\n"
    "  --corpus DIR    begin with the files in this folder; may be repeated\n"
    "  --out DIR       put the input that finds something there, as crash-SEED (.)\n"
    "  --artifact FILE put it there instead\n"
    "  --timeout S     an input that takes more seconds is a find; 0: none is (20)\n"
    "  --progress      say every second how far it is, also if stderr is no terminal\n"
    "\n"
    "Exit status: 0; that of a signal if something was found; 2 for wrong arguments.\n";

enum { SIZE_MAX_ALLOWED = 1 << 26 };

static const struct option names[] = {
    {"seconds", required_argument, NULL, 's'},
    {"runs", required_argument, NULL, 'r'},
    {"seed", required_argument, NULL, 'e'},
    {"max-size", required_argument, NULL, 'm'},
    {"corpus", required_argument, NULL, 'c'},
    {"out", required_argument, NULL, 'o'},
    {"artifact", required_argument, NULL, 'a'},
    {"timeout", required_argument, NULL, 't'},
    {"progress", no_argument, NULL, 'p'},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static bool number(const char *name, const char *text, uint64_t least, uint64_t most,
                   uint64_t *value)
{
    char *end;
    errno = 0;
    *value = strtoull(text, &end, 10);
    if (*text >= '0' && *text <= '9' && *end == '\0' && errno == 0 && *value >= least &&
        *value <= most) {
        return true;
    }
    fprintf(stderr, "random: --%s: not a number from %" PRIu64 " to %" PRIu64 ": %s\n", name, least,
            most, text);
    return false;
}

static bool take(struct driver_options *options, int letter, const char *text)
{
    uint64_t size = 0;
    bool good = true;
    switch (letter) {
    case 's':
        return number("seconds", text, 0, UINT32_MAX, &options->seconds);
    case 'r':
        return number("runs", text, 0, UINT64_MAX, &options->runs);
    case 'e':
        return number("seed", text, 0, UINT64_MAX, &options->seed);
    case 't':
        return number("timeout", text, 0, UINT32_MAX, &options->timeout);
    case 'm':
        good = number("max-size", text, 1, SIZE_MAX_ALLOWED, &size);
        options->max_size = (size_t)size;
        return good;
    case 'c':
        if (options->corpus_count == DRIVER_CORPUS_MAX) {
            fprintf(stderr, "random: --corpus: more than %d folders\n", DRIVER_CORPUS_MAX);
            return false;
        }
        options->corpus[options->corpus_count++] = text;
        return true;
    case 'o':
        options->out = text;
        return true;
    case 'a':
        options->artifact = text;
        return true;
    case 'p':
        options->progress = true;
        return true;
    case 'h':
        fputs(help, stdout);
        exit(0);
    default:
        return false; /* getopt_long() has said why. */
    }
}

bool driver_options_read(struct driver_options *options, int argc, char **argv)
{
    *options = (struct driver_options){.seed = 1, .timeout = 20, .max_size = 4096, .out = "."};
    for (;;) {
        int letter = getopt_long(argc, argv, "", names, NULL);
        if (letter == -1) {
            break;
        }
        if (!take(options, letter, optarg)) {
            return false;
        }
    }
    if (optind != argc) {
        fprintf(stderr, "random: unexpected argument: %s\n", argv[optind]);
        return false;
    }
    return true;
}
