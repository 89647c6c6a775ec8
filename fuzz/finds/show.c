/* SPDX-License-Identifier: BSD-2-Clause */

/* `fuzz_input show`: an input in words. */
#include "fuzz/finds/finds.h"

static const char help[] =
    "usage: fuzz_input show [OPTION]... FILE\n\n"
    "Prints what an input is made of; then what each event turns into when it is played, and what\n"
    "comes of it.\n\n"
    "options:\n"
    "  --oracles L    off, cheap or full (default: full)\n"
    "  -h, --help     this text\n\n"
    "exit status: 0 it finds nothing; 1 it finds something; 2 wrong usage; 3 a file is missing\n";

int finds_show(int argc, char **argv)
{
    static const struct finds_usage usage = {help, "l", 1, 1, false};
    static struct input input;
    struct finds_words words;
    struct finds_player player;
    struct play_options options = {.log = stdout};
    int status = FINDS_GOOD;
    if (!finds_words(&words, &usage, argc, argv, &status)) {
        return status;
    }
    if (!finds_read(&words, words.files[0], &input) || !finds_open(&words, &player)) {
        return FINDS_FILE;
    }
    setvbuf(stdout, NULL, _IOLBF, 0); /* What has been played stays visible if playing crashes. */
    input_print(&input, stdout);
    putchar('\n');
    if (!play_input(player.world, player.oracle, &input, &options)) {
        const struct oracle_find *find = oracle_find(player.oracle);
        printf("\n%s: %s\n", find->kind, find->text);
        status = FINDS_FOUND;
    }
    finds_close(&player);
    return status;
}
