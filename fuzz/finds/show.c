/* SPDX-License-Identifier: BSD-2-Clause */

/* `fuzz_input show`: an input in words. */
#include "fuzz/finds/finds.h"

static const char help[] =
    "usage: fuzz_input show [OPTION]... FILE\n\n"
    "Prints what an input is made of; then what each event turns into when it is played, and what\n"
    "comes of it; of an input that crashes or does not end, as far as it gets.\n\n"
    "options:\n"
    "  --oracles L    off, cheap or full (default: full)\n"
    "  --timeout S    seconds that playing may take (default 10)\n"
    "  -h, --help     this text\n\n"
    "exit status: 0 it finds nothing; 1 it finds something; 2 wrong usage; 3 a file is missing\n";

int finds_show(int argc, char **argv)
{
    static const struct finds_usage usage = {help, "lt", 1, 1, false};
    static struct input input;
    struct finds_words words;
    struct finds_player player;
    struct oracle_find find;
    int status = FINDS_GOOD;
    if (!finds_words(&words, &usage, argc, argv, &status)) {
        return status;
    }
    if (!finds_read(&words, words.files[0], &input) || !finds_open(&words, &player)) {
        return FINDS_FILE;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    input_print(&input, stdout);
    putchar('\n');
    if (finds_try_logged(&player, &input, words.timeout, stdout, &find)) {
        printf("\n%s: %s\n", find.kind, find.text);
        status = FINDS_FOUND;
    }
    finds_close(&player);
    return status;
}
