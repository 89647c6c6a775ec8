/* SPDX-License-Identifier: BSD-2-Clause */

/* `fuzz_input shrink`: a small input with the same find. */
#include "fuzz/api/shrink.h"

#include <inttypes.h>
#include <string.h>

#include "fuzz/finds/finds.h"

static const char help[] =
    "usage: fuzz_input shrink [OPTION]... FILE -o FILE\n\n"
    "Leaves out events and makes the others simple, as long as the input still finds the same:\n"
    "the same kind of find, and the same words but for numbers. Every trial is a process of its\n"
    "own.\n\n"
    "options:\n"
    "  -o FILE        where the small input goes; always needed\n"
    "  --oracles L    off, cheap or full (default: full)\n"
    "  --trials N     at most so many trials (default 0: until nothing can be left out)\n"
    "  --seconds S    for at most so many seconds, then the smallest so far (default 0: likewise)\n"
    "  --timeout S    seconds that a trial may take (default 10)\n"
    "  -h, --help     this text\n\n"
    "exit status: 0 done; 1 the input finds nothing; 2 wrong usage; 3 a file is missing or\n"
    "cannot be written\n";

struct search {
    const struct finds_player *player;
    uint32_t timeout;
    struct oracle_find find; /* What is to be kept. */
};

static bool finds_the_same(void *context, const struct input *input)
{
    const struct search *search = context;
    struct oracle_find find;
    return finds_try(search->player, input, search->timeout, &find) &&
           strcmp(find.kind, search->find.kind) == 0 &&
           shrink_same_text(find.text, search->find.text);
}

static int shrink_it(const struct finds_words *words, const struct finds_player *player,
                     struct input *input)
{
    uint8_t bytes[INPUT_SIZE_MAX];
    struct search search = {.player = player, .timeout = words->timeout};
    const struct shrink_limits limits = {.trials = words->trials, .seconds = words->seconds};
    struct shrink_totals totals = {0};
    if (!finds_try(player, input, words->timeout, &search.find)) {
        finds_complain(words, "%s finds nothing", words->files[0]);
        return FINDS_FOUND;
    }
    shrink(input, finds_the_same, &search, &limits, &totals);
    size_t size = input_encode(input, bytes);
    if (!finds_write(words, words->output, bytes, size)) {
        return FINDS_FILE;
    }
    printf("%s: %s: %s\n", words->output, search.find.kind, search.find.text);
    printf("%" PRIu32 " of %" PRIu32 " events are left, after %" PRIu64 " trials\n",
           totals.events_after, totals.events_before, totals.trials);
    return FINDS_GOOD;
}

int finds_shrink(int argc, char **argv)
{
    static const struct finds_usage usage = {help, "oltTs", 1, 1, true};
    static struct input input;
    struct finds_words words;
    struct finds_player player;
    int status;
    if (!finds_words(&words, &usage, argc, argv, &status)) {
        return status;
    }
    if (!finds_read(&words, words.files[0], &input) || !finds_open(&words, &player)) {
        return FINDS_FILE;
    }
    status = shrink_it(&words, &player, &input);
    finds_close(&player);
    return status;
}
