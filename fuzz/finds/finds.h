/* SPDX-License-Identifier: BSD-2-Clause */

/* The commands of the program `fuzz_input`, which knows inputs of the API target: plays them, shows
 * them, makes them small, and makes traces and tests of them. Each command gets the words behind
 * its name, prints its own help on --help, says what is wrong on standard error as "fuzz_input
 * NAME: ...", and gives the exit status.
 */
#ifndef FUZZ_FINDS_FINDS_H
#define FUZZ_FINDS_FINDS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "fuzz/api/input.h"
#include "fuzz/api/play.h"
#include "fuzz/api/world.h"
#include "fuzz/oracle/oracle.h"

enum finds_exit {
    FINDS_GOOD = 0,
    FINDS_FOUND = 1, /* An input finds something; or it does not, where it should. */
    FINDS_USAGE = 2,
    FINDS_FILE = 3, /* A file that is missing, or cannot be written. */
};

/* argv[0] is the command's name. */
typedef int finds_command(int argc, char **argv);

finds_command finds_play;
finds_command finds_show;
finds_command finds_shrink;
finds_command finds_trace;
finds_command finds_test;
finds_command finds_stats;
finds_command finds_minimise;

/* --- Words (words.c) -------------------------------------------------------------------------- */

/* What commands have in common: options of one letter or of --NAME, and files. */
struct finds_words {
    const char *command; /* For messages. */
    const char *output;  /* -o */
    const char *name;    /* -n, --name */
    enum oracle_level level;
    uint32_t timeout; /* --timeout: seconds for one input. */
    uint32_t seconds; /* --seconds: for all; 0: no limit. */
    uint64_t trials;  /* --trials; 0: no limit. */
    bool reduce;
    bool help;
    char **files;
    int file_count;
};

/* Which options and how many files a command takes. */
struct finds_usage {
    const char *help;
    const char *options; /* Letters: o n l(evel) t(imeout) T(rials) s(econds) r(educe). */
    int files_min, files_max;
    bool needs_output;
};

/* Reads the words. False if the command is over, with *status: the help has been printed, or what
 * is wrong has been said. */
bool finds_words(struct finds_words *words, const struct finds_usage *usage, int argc, char **argv,
                 int *status);

/* "fuzz_input COMMAND: ..." on standard error, with a newline. */
__attribute__((format(printf, 2, 3))) void finds_complain(const struct finds_words *words,
                                                          const char *format, ...);

/* --- Files (files.c) -------------------------------------------------------------------------- */

/* False, and a complaint, if the file cannot be read. What is behind the largest input has no
 * meaning (input.h), and is not read. */
bool finds_read(const struct finds_words *words, const char *path, struct input *input);
/* Whole, or a complaint. */
bool finds_write(const struct finds_words *words, const char *path, const void *bytes, size_t size);

/* The files of directories, which are read in the order of names; files stand for themselves. */
struct finds_list {
    char **paths;
    uint32_t count, capacity;
};

bool finds_list(const struct finds_words *words, char **names, int count, struct finds_list *list);
void finds_list_free(struct finds_list *list);
/* Without the directories. */
const char *finds_base_name(const char *path);

/* --- Playing (player.c) ----------------------------------------------------------------------- */

struct finds_player {
    struct world *world;
    struct oracle *oracle;
};

/* A complaint if there is no world. */
bool finds_open(const struct finds_words *words, struct finds_player *player);
void finds_close(struct finds_player *player);

/* True if the input finds something. In a child process: a crash of the kernel or the simulator is
 * a find of kind "crash", an input that does not end within so many seconds one of kind "hang". */
bool finds_try(const struct finds_player *player, const struct input *input, uint32_t seconds,
               struct oracle_find *find);
/* Likewise; what each event turns into goes to `log`, as far as it gets. For that, `log` is line
 * buffered: what has been said before a crash must have left the process. */
bool finds_try_logged(const struct finds_player *player, const struct input *input,
                      uint32_t seconds, FILE *log, struct oracle_find *find);

#endif
