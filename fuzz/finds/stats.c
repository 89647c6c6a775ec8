/* SPDX-License-Identifier: BSD-2-Clause */

/* `fuzz_input stats`: what a corpus reaches. */
#include <inttypes.h>
#include <limits.h>

#include "fuzz/finds/coverage.h"

static const char help[] =
    "usage: fuzz_input stats [OPTION]... FILE|DIRECTORY...\n\n"
    "Plays inputs and prints how many events they have, the share of invocations that succeed,\n"
    "which pairs of invocation and outcome are reached and which are not, system calls and\n"
    "faults, and the longest kernel entry. With cheap oracles.\n\n"
    "options:\n"
    "  -h, --help     this text\n\n"
    "exit status: 0 good; 1 some input finds something; 2 wrong usage; 3 a file is missing\n";

static void print_work(const struct oracle *oracle, const struct finds_list *list)
{
    const struct oracle_work *work = oracle_work(oracle);
    printf("\nLongest kernel entry: %" PRIu64 " steps between preemption points", work->steps);
    if (work->input >= 1 && work->input <= list->count) {
        printf(", in %s, entry %" PRIu64 ": %s", list->paths[work->input - 1], work->entry,
               work->what);
    }
    putchar('\n');
}

static void print_totals(const struct coverage *coverage)
{
    const struct play_totals *totals = play_totals();
    double inputs = totals->inputs == 0 ? 1 : (double)totals->inputs;
    printf("%" PRIu64 " inputs, %" PRIu64 " events (mean %.1f), %" PRIu64
           " kernel entries (mean %.1f)\n",
           totals->inputs, totals->events, (double)totals->events / inputs, totals->entries,
           (double)totals->entries / inputs);
    coverage_print(coverage, stdout);
}

static int play_all(const struct finds_words *words, const struct finds_player *player,
                    const struct finds_list *list)
{
    static struct coverage coverage;
    static struct input input;
    int status = FINDS_GOOD;
    for (uint32_t i = 0; i < list->count; i++) {
        if (!finds_read(words, list->paths[i], &input)) {
            return FINDS_FILE;
        }
        if (coverage_play(player, &input, &coverage)) {
            const struct oracle_find *find = oracle_find(player->oracle);
            fprintf(stderr, "%s: %s: %s\n", list->paths[i], find->kind, find->text);
            status = FINDS_FOUND;
        }
    }
    print_totals(&coverage);
    print_work(player->oracle, list);
    return status;
}

int finds_stats(int argc, char **argv)
{
    static const struct finds_usage usage = {help, "", 1, INT_MAX, false};
    struct finds_words words;
    struct finds_player player;
    struct finds_list list;
    int status = FINDS_FILE;
    if (!finds_words(&words, &usage, argc, argv, &status)) {
        return status;
    }
    words.level = ORACLE_CHEAP; /* The full ones put the kernel's counters back. */
    if (!finds_list(&words, words.files, words.file_count, &list)) {
        return FINDS_FILE;
    }
    if (finds_open(&words, &player)) {
        status = play_all(&words, &player, &list);
        finds_close(&player);
    }
    finds_list_free(&list);
    return status;
}
