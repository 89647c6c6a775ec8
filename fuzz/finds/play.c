/* SPDX-License-Identifier: BSD-2-Clause */

/* `fuzz_input play`: what inputs find. */
#include "fuzz/finds/finds.h"

#include <limits.h>

static const char help[] =
    "usage: fuzz_input play [OPTION]... FILE|DIRECTORY...\n\n"
    "Plays inputs, each in a process of its own, and prints for each \"FILE: ok\", or what it\n"
    "finds: \"FILE: KIND: TEXT\". Kinds: panic, invariant, authority, integrity, leak, tlb, work,\n"
    "schedule, memory, residue; crash (of the process), hang.\n\n"
    "options:\n"
    "  --oracles L    off, cheap or full (default: full)\n"
    "  --timeout S    seconds that an input may take (default 10)\n"
    "  -h, --help     this text\n\n"
    "exit status: 0 nothing found; 1 some input finds something; 2 wrong usage; 3 a file is\n"
    "missing\n";

int finds_play(int argc, char **argv)
{
    static const struct finds_usage usage = {help, "lt", 1, INT_MAX, false};
    static struct input input;
    struct finds_words words;
    struct finds_player player;
    struct finds_list list;
    int status = FINDS_GOOD;
    if (!finds_words(&words, &usage, argc, argv, &status)) {
        return status;
    }
    if (!finds_list(&words, words.files, words.file_count, &list)) {
        return FINDS_FILE;
    }
    if (!finds_open(&words, &player)) {
        finds_list_free(&list);
        return FINDS_FILE;
    }
    for (uint32_t i = 0; i < list.count && status != FINDS_FILE; i++) {
        struct oracle_find find;
        if (!finds_read(&words, list.paths[i], &input)) {
            status = FINDS_FILE;
        } else if (finds_try(&player, &input, words.timeout, &find)) {
            printf("%s: %s: %s\n", list.paths[i], find.kind, find.text);
            status = FINDS_FOUND;
        } else {
            printf("%s: ok\n", list.paths[i]);
        }
    }
    finds_close(&player);
    finds_list_free(&list);
    return status;
}
