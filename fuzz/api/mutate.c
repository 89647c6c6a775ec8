/* SPDX-License-Identifier: BSD-2-Clause */
#include "fuzz/api/mutate.h"

#include <string.h>

#include "fuzz/api/mutate_recipes.h"
#include "fuzz/api/mutate_rng.h"

enum {
    RUN_MAX = 8,         /* Events that are deleted, moved or copied together. */
    CHANGES_MAX = 16,    /* Of one mutation. */
    CHANGE_PERCENT = 60, /* That there is another one. */
    ANEW_PERCENT = 25,
};

/* --- Sequences of events ---------------------------------------------------------------------- */

/* Makes room for `count` events at `at`; fewer if there is not as much. Those at the end go. */
static uint32_t open_gap(struct input *input, uint32_t at, uint32_t count)
{
    if (count > INPUT_EVENTS_MAX - at) {
        count = INPUT_EVENTS_MAX - at;
    }
    uint32_t behind = input->count - at;
    if (behind > INPUT_EVENTS_MAX - at - count) {
        behind = INPUT_EVENTS_MAX - at - count;
    }
    memmove(&input->events[at + count], &input->events[at], behind * sizeof input->events[0]);
    input->count = at + count + behind;
    return count;
}

static void insert(struct input *input, uint32_t at, const struct input_event *events,
                   uint32_t count)
{
    count = open_gap(input, at, count);
    memcpy(&input->events[at], events, count * sizeof *events);
}

static void delete_run(struct input *input, uint32_t at, uint32_t count)
{
    memmove(&input->events[at], &input->events[at + count],
            (input->count - at - count) * sizeof input->events[0]);
    input->count -= count;
}

/* A few events that follow each other: where, and how many. The input has some. */
static uint32_t choose_run(const struct input *input, struct rng *rng, uint32_t *at)
{
    *at = rng_below(rng, input->count);
    uint32_t most = input->count - *at < RUN_MAX ? input->count - *at : RUN_MAX;
    return rng_chance(rng, 50) ? 1 : 1 + rng_below(rng, most);
}

/* --- Bytes ------------------------------------------------------------------------------------ */

/* Small steps, values at the edges, or anything. */
static uint8_t change_byte(uint8_t value, struct rng *rng)
{
    static const uint8_t edges[] = {0,  1,  2,  3,  4,   7,   8,   15, 16,
                                    31, 32, 63, 64, 127, 128, 254, 255};
    switch (rng_below(rng, 5)) {
    case 0:
    case 1:
        return (uint8_t)(value + 1 + rng_below(rng, 4));
    case 2:
        return (uint8_t)(value - 1 - rng_below(rng, 4));
    case 3:
        return edges[rng_below(rng, sizeof edges)];
    default:
        return rng_byte(rng);
    }
}

static void change_selector(struct input_event *event, struct rng *rng)
{
    struct input_selector *selector = &event->selectors[rng_below(rng, INPUT_SELECTORS)];
    switch (rng_below(rng, 4)) {
    case 0:
        selector->mode = change_byte(selector->mode, rng);
        break;
    case 1:
        selector->mode = rng_byte(rng);
        selector->pick = rng_byte(rng);
        break;
    default:
        selector->pick = change_byte(selector->pick, rng);
        break;
    }
}

static void change_kind(struct input_event *event, struct rng *rng)
{
    event->what = rng_chance(rng, 50) ? rng_byte(rng)
                                      : input_what((enum input_kind)rng_below(rng, INPUT_KINDS));
}

static void change_event(struct input_event *event, struct rng *rng)
{
    switch (rng_below(rng, 10)) {
    case 0:
        change_kind(event, rng);
        break;
    case 1:
        event->who = rng_chance(rng, 50) ? 0 : rng_byte(rng);
        break;
    case 2:
    case 3:
        event->which = change_byte(event->which, rng);
        break;
    case 4:
        event->how = rng_chance(rng, 30) ? 0 : change_byte(event->how, rng);
        break;
    default:
        change_selector(event, rng);
        break;
    }
}

/* Bytes count one by one: most values are as a user would choose them, some are anything. */
static void change_config(struct input *input, struct rng *rng)
{
    uint8_t *const bytes[] = {&input->config.topology,    &input->config.poll,
                              &input->config.entry_ticks, &input->config.access_ticks,
                              &input->config.tlb,         &input->config.start};
    uint8_t *byte = bytes[rng_below(rng, sizeof bytes / sizeof *bytes)];
    *byte = rng_chance(rng, 30) ? 0 : change_byte(*byte, rng);
}

/* --- Changes ---------------------------------------------------------------------------------- */

static void insert_new(struct input *input, struct rng *rng)
{
    struct input_event events[RECIPE_EVENTS_MAX];
    uint32_t count = recipe_random(events, rng);
    insert(input, rng_below(rng, input->count + 1), events, count);
}

/* A copy of an event somewhere behind it, with something changed: mostly the same objects again. */
static void insert_variant(struct input *input, struct rng *rng)
{
    uint32_t from = rng_below(rng, input->count);
    struct input_event event = input->events[from];
    change_event(&event, rng);
    insert(input, from + 1 + rng_below(rng, input->count - from), &event, 1);
}

/* A recipe or two in a world where nothing has happened yet: in the middle of a long input much of
 * what they need is gone. */
static void start_anew(struct input *input, struct rng *rng)
{
    struct input_event events[RECIPE_EVENTS_MAX];
    uint32_t recipes = 1 + rng_below(rng, 2);
    if (rng_chance(rng, 70)) {
        memset(&input->config, 0, sizeof input->config);
    }
    input->config.topology = rng_byte(rng);
    input->count = 0;
    for (uint32_t i = 0; i < recipes; i++) {
        uint32_t count = recipe_whole(events, rng);
        insert(input, input->count, events, count);
    }
}

static void delete_some(struct input *input, struct rng *rng)
{
    uint32_t at;
    uint32_t count = choose_run(input, rng, &at);
    delete_run(input, at, count);
}

static void copy_some(struct input *input, struct rng *rng)
{
    struct input_event run[RUN_MAX];
    uint32_t at;
    uint32_t count = choose_run(input, rng, &at);
    memcpy(run, &input->events[at], count * sizeof *run);
    insert(input, rng_below(rng, input->count + 1), run, count);
}

static void move_some(struct input *input, struct rng *rng)
{
    struct input_event run[RUN_MAX];
    uint32_t at;
    uint32_t count = choose_run(input, rng, &at);
    memcpy(run, &input->events[at], count * sizeof *run);
    delete_run(input, at, count);
    insert(input, rng_below(rng, input->count + 1), run, count);
}

static void swap_two(struct input *input, struct rng *rng)
{
    struct input_event *a = &input->events[rng_below(rng, input->count)];
    struct input_event *b = &input->events[rng_below(rng, input->count)];
    struct input_event kept = *a;
    *a = *b;
    *b = kept;
}

/* What one event names, another one names, too: capabilities are used again. */
static void share_selector(struct input *input, struct rng *rng)
{
    const struct input_event *from = &input->events[rng_below(rng, input->count)];
    struct input_event *to = &input->events[rng_below(rng, input->count)];
    uint32_t place = rng_below(rng, INPUT_SELECTORS);
    uint32_t other = rng_chance(rng, 50) ? place : rng_below(rng, INPUT_SELECTORS);
    to->selectors[place] = from->selectors[other];
}

/* Everything of an event but what it is applied to, or the other way round. */
static void mix_two(struct input *input, struct rng *rng)
{
    const struct input_event *from = &input->events[rng_below(rng, input->count)];
    struct input_event *to = &input->events[rng_below(rng, input->count)];
    if (rng_chance(rng, 50)) {
        memcpy(to->selectors, from->selectors, sizeof to->selectors);
    } else {
        to->what = from->what;
        to->which = from->which;
    }
}

static void change_some(struct input *input, struct rng *rng)
{
    change_event(&input->events[rng_below(rng, input->count)], rng);
}

static const struct change {
    void (*make)(struct input *input, struct rng *rng);
    uint8_t weight;
    bool needs_events;
} changes[] = {
    {change_some, 30, true},    {insert_new, 20, false}, {share_selector, 10, true},
    {insert_variant, 10, true}, {delete_some, 9, true},  {move_some, 5, true},
    {copy_some, 5, true},       {mix_two, 4, true},      {swap_two, 3, true},
    {change_config, 4, false},
};

enum { CHANGES = sizeof changes / sizeof *changes, WEIGHTS = 100 };

static void change(struct input *input, struct rng *rng)
{
    uint32_t left = rng_below(rng, WEIGHTS);
    uint32_t i = 0;
    while (i < CHANGES - 1 && left >= changes[i].weight) {
        left -= changes[i++].weight;
    }
    if (changes[i].needs_events && input->count == 0) {
        insert_new(input, rng);
        return;
    }
    changes[i].make(input, rng);
}

/* What is not used is zero: then it is decoded as it is here from what it is encoded to. */
static void clear_rest(struct input *input)
{
    memset(&input->events[input->count], 0,
           (INPUT_EVENTS_MAX - input->count) * sizeof input->events[0]);
    memset(input->config.spare, 0, sizeof input->config.spare);
}

void mutate_random(struct input *input, uint32_t events, uint64_t seed)
{
    struct rng rng = rng_seeded(seed);
    memset(input, 0, sizeof *input);
    uint32_t most = events < INPUT_EVENTS_MAX ? events : INPUT_EVENTS_MAX;
    for (uint32_t i = 0; i < 8; i++) {
        if (rng_chance(&rng, 40)) {
            change_config(input, &rng);
        }
    }
    uint32_t target = most == 0 ? 0 : 1 + rng_below(&rng, most);
    while (input->count < target) {
        struct input_event made[RECIPE_EVENTS_MAX];
        uint32_t count = recipe_random(made, &rng);
        insert(input, input->count, made, count);
    }
    if (input->count > target) {
        input->count = target;
    }
    clear_rest(input);
}

void mutate(struct input *input, uint64_t seed)
{
    struct rng rng = rng_seeded(seed);
    if (rng_chance(&rng, ANEW_PERCENT)) {
        start_anew(input, &rng);
    } else {
        change(input, &rng);
    }
    for (uint32_t i = 1; i < CHANGES_MAX && rng_chance(&rng, CHANGE_PERCENT); i++) {
        change(input, &rng);
    }
    clear_rest(input);
}

/* The beginning of one and then the end of the other; or, less often, a run of the other in the
 * middle of the one. The configuration is that of the one: its events were made under it. */
void mutate_splice(struct input *out, const struct input *one, const struct input *other,
                   uint64_t seed)
{
    struct rng rng = rng_seeded(seed);
    uint32_t from = rng_below(&rng, other->count + 1);
    uint32_t at = rng_below(&rng, one->count + 1);
    uint32_t count = other->count - from;
    *out = *one;
    if (rng_chance(&rng, 60)) {
        out->count = at;
    } else if (count > RUN_MAX) {
        count = 1 + rng_below(&rng, RUN_MAX);
    }
    insert(out, at, &other->events[from], count);
    clear_rest(out);
}
