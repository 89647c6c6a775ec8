/* SPDX-License-Identifier: BSD-2-Clause */

/* The words of the command line. */
#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/finds/finds.h"

enum { TIMEOUT_SECONDS = 10, TIMEOUT_MAX = 3600, SECONDS_MAX = 1 << 20 };

static const struct option known[] = {
    {"oracles", required_argument, NULL, 'l'}, {"timeout", required_argument, NULL, 't'},
    {"trials", required_argument, NULL, 'T'},  {"seconds", required_argument, NULL, 's'},
    {"name", required_argument, NULL, 'n'},    {"reduce", no_argument, NULL, 'r'},
    {"help", no_argument, NULL, 'h'},          {NULL, 0, NULL, 0},
};

void finds_complain(const struct finds_words *words, const char *format, ...)
{
    va_list arguments;
    fprintf(stderr, "fuzz_input %s: ", words->command);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
}

static bool take_level(struct finds_words *w)
{
    static const char *const names[] = {
        [ORACLE_OFF] = "off", [ORACLE_CHEAP] = "cheap", [ORACLE_FULL] = "full"};
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(optarg, names[i]) == 0) {
            w->level = (enum oracle_level)i;
            return true;
        }
    }
    finds_complain(w, "--oracles: expected off, cheap or full, not '%s'", optarg);
    return false;
}

static bool take_number(struct finds_words *w, const char *option, uint64_t min, uint64_t max,
                        uint64_t *number)
{
    char *end;
    errno = 0;
    *number = strtoull(optarg, &end, 10);
    if (optarg[0] >= '0' && optarg[0] <= '9' && *end == '\0' && errno == 0 && *number >= min &&
        *number <= max) {
        return true;
    }
    finds_complain(w, "%s: expected a number within %llu..%llu, not '%s'", option,
                   (unsigned long long)min, (unsigned long long)max, optarg);
    return false;
}

/* By its letter as well as by its name. */
static void complain_of_option(const struct finds_words *w, int code)
{
    const struct option *option = known;
    while (option->name != NULL && option->val != code) {
        option++;
    }
    if (option->name != NULL) {
        finds_complain(w, "it does not take this option: --%s", option->name);
    } else {
        finds_complain(w, "it does not take this option: -%c", code);
    }
}

static bool take(struct finds_words *w, const char *options, int code)
{
    uint64_t number;
    if (code != 'h' && (code == '?' || strchr(options, code) == NULL)) {
        if (code != '?') {
            complain_of_option(w, code);
        }
        return false; /* Else getopt_long() has said what is wrong. */
    }
    switch (code) {
    case 'o':
        w->output = optarg;
        return true;
    case 'n':
        w->name = optarg;
        return true;
    case 'l':
        return take_level(w);
    case 't':
        if (!take_number(w, "--timeout", 1, TIMEOUT_MAX, &number)) {
            return false;
        }
        w->timeout = (uint32_t)number;
        return true;
    case 'T':
        return take_number(w, "--trials", 0, UINT64_MAX, &w->trials);
    case 's':
        if (!take_number(w, "--seconds", 0, SECONDS_MAX, &number)) {
            return false;
        }
        w->seconds = (uint32_t)number;
        return true;
    case 'r':
        w->reduce = true;
        return true;
    default:
        w->help = true;
        return true;
    }
}

static bool check_files(const struct finds_words *w, const struct finds_usage *usage)
{
    if (w->file_count < usage->files_min) {
        finds_complain(w, "no file given");
        return false;
    }
    if (w->file_count > usage->files_max) {
        finds_complain(w, "unexpected argument '%s'", w->files[usage->files_max]);
        return false;
    }
    if (usage->needs_output && w->output == NULL) {
        finds_complain(w, "no output given (-o)");
        return false;
    }
    return true;
}

bool finds_words(struct finds_words *words, const struct finds_usage *usage, int argc, char **argv,
                 int *status)
{
    static char name[64];
    int code;
    bool good = true;
    memset(words, 0, sizeof *words);
    words->command = argv[0];
    words->level = ORACLE_FULL;
    words->timeout = TIMEOUT_SECONDS;
    snprintf(name, sizeof name, "fuzz_input %.40s", argv[0]);
    char *command = argv[0];
    argv[0] = name; /* For getopt_long()'s messages. */
    optind = 1;
    while (good && (code = getopt_long(argc, argv, "o:n:h", known, NULL)) != -1) {
        good = take(words, usage->options, code);
    }
    argv[0] = command;
    words->files = argv + optind;
    words->file_count = argc - optind;
    if (good && words->help) {
        fputs(usage->help, stdout);
        *status = FINDS_GOOD;
        return false;
    }
    if (good && check_files(words, usage)) {
        return true;
    }
    fprintf(stderr, "Try 'fuzz_input %s --help'.\n", words->command);
    *status = FINDS_USAGE;
    return false;
}
