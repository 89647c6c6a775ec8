/* SPDX-License-Identifier: BSD-2-Clause */
#include "fuzz/api/shrink.h"

#include <string.h>
#include <time.h>

/* The best input so far, and a place to try a smaller one. */
struct work {
    struct input *best;
    struct input next;
    shrink_test *test;
    void *context;
    const struct shrink_limits *limits;
    uint64_t trials;
    time_t start;
};

static time_t seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec;
}

static bool is_over(const struct work *w)
{
    const struct shrink_limits *limits = w->limits;
    return (limits->trials != 0 && w->trials >= limits->trials) ||
           (limits->seconds != 0 && seconds_now() - w->start >= (time_t)limits->seconds);
}

/* Whether `next` still finds the same; then it is the best. */
static bool try_next(struct work *w)
{
    if (is_over(w)) {
        return false;
    }
    w->trials++;
    if (!w->test(w->context, &w->next)) {
        return false;
    }
    *w->best = w->next;
    return true;
}

/* --- Fewer events ----------------------------------------------------------------------------- */

static bool try_without(struct work *w, uint32_t from, uint32_t count)
{
    const struct input *best = w->best;
    w->next = *best;
    memmove(&w->next.events[from], &best->events[from + count],
            (best->count - from - count) * sizeof best->events[0]);
    w->next.count -= count;
    memset(&w->next.events[w->next.count], 0, count * sizeof best->events[0]);
    return try_next(w);
}

/* Pieces of this size, from the end to the beginning: later events need earlier ones. */
static bool drop_pieces(struct work *w, uint32_t size)
{
    bool any = false;
    uint32_t end = w->best->count;
    while (end > 0 && !is_over(w)) {
        uint32_t from = end > size ? end - size : 0;
        any |= try_without(w, from, end - from);
        end = from;
    }
    return any;
}

static bool drop_events(struct work *w)
{
    bool any = false;
    for (uint32_t size = w->best->count; size > 1; size = (size + 1) / 2) {
        any |= drop_pieces(w, size);
    }
    /* What one event needed may go once that event is gone. */
    while (drop_pieces(w, 1)) {
        any = true;
    }
    return any;
}

/* --- Simpler events --------------------------------------------------------------------------- */

/* A byte of the best input, in the one that is tried. */
static uint8_t *next_byte(struct work *w, const uint8_t *at)
{
    return (uint8_t *)&w->next + (at - (const uint8_t *)w->best);
}

static bool try_byte(struct work *w, const uint8_t *at, uint8_t value)
{
    w->next = *w->best;
    *next_byte(w, at) = value;
    return try_next(w);
}

/* Towards zero: zero itself, else as far as half steps lead. */
static bool lower_byte(struct work *w, const uint8_t *at)
{
    bool any = false;
    if (*at == 0) {
        return false;
    }
    if (try_byte(w, at, 0)) {
        return true;
    }
    for (uint8_t step = *at / 2; step > 0; step /= 2) {
        while (*at > step && try_byte(w, at, (uint8_t)(*at - step))) {
            any = true;
        }
    }
    return any;
}

/* Many bytes mean the same kind: the smallest. */
static bool plain_kind(struct work *w, const struct input_event *event)
{
    uint8_t what = 0;
    while (input_kind_of(what) != input_kind_of(event->what)) {
        what++;
    }
    return what != event->what && try_byte(w, &event->what, what);
}

static bool clear_selector(struct work *w, const struct input_selector *selector)
{
    if (selector->mode == 0 && selector->pick == 0) {
        return false;
    }
    w->next = *w->best;
    *next_byte(w, &selector->mode) = 0;
    *next_byte(w, &selector->pick) = 0;
    if (try_next(w)) {
        return true;
    }
    bool any = lower_byte(w, &selector->mode);
    return lower_byte(w, &selector->pick) || any;
}

/* All at once: most events that are left need few of their selectors. */
static bool clear_selectors(struct work *w, const struct input_event *event)
{
    static const struct input_selector none[INPUT_SELECTORS];
    if (memcmp(event->selectors, none, sizeof none) == 0) {
        return false;
    }
    w->next = *w->best;
    memset(next_byte(w, &event->selectors[0].mode), 0, sizeof none);
    return try_next(w);
}

static bool simplify_event(struct work *w, const struct input_event *event)
{
    bool any = plain_kind(w, event);
    any |= lower_byte(w, &event->who);
    any |= lower_byte(w, &event->how);
    if (clear_selectors(w, event)) {
        any = true;
    } else {
        for (uint32_t i = 0; i < INPUT_SELECTORS; i++) {
            any |= clear_selector(w, &event->selectors[i]);
        }
    }
    /* Last: another invocation needs the arguments of this one no more. */
    any |= lower_byte(w, &event->which);
    return any;
}

static bool simplify_config(struct work *w)
{
    static const struct input_config plain;
    bool any = false;
    uint8_t *config = (uint8_t *)&w->best->config;
    if (memcmp(config, &plain, sizeof plain) == 0) {
        return false;
    }
    w->next = *w->best;
    w->next.config = plain;
    if (try_next(w)) {
        return true;
    }
    for (uint32_t i = 0; i < sizeof plain; i++) {
        any |= lower_byte(w, &config[i]);
    }
    return any;
}

/* Every step that succeeds lowers the number of events or some byte: this ends. */
void shrink(struct input *input, shrink_test *test, void *context,
            const struct shrink_limits *limits, struct shrink_totals *totals)
{
    struct work w = {
        .best = input, .test = test, .context = context, .limits = limits, .start = seconds_now()};
    bool any = true;
    totals->events_before = input->count;
    while (any && !is_over(&w)) {
        drop_events(&w);
        any = simplify_config(&w);
        for (uint32_t i = 0; i < input->count; i++) {
            any |= simplify_event(&w, &input->events[i]);
        }
    }
    totals->events_after = input->count;
    totals->trials = w.trials;
}

/* --- The same find ---------------------------------------------------------------------------- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

/* Behind the number that begins here. Hexadecimal digits belong to it only after 0x: the text
 * "3 bytes" has the number 3. */
static const char *skip_number(const char *text)
{
    if (text[0] == '0' && text[1] == 'x') {
        text += 2;
        while (is_digit(*text) || (*text >= 'a' && *text <= 'f') ||
               (*text >= 'A' && *text <= 'F')) {
            text++;
        }
        return text;
    }
    while (is_digit(*text)) {
        text++;
    }
    return text;
}

/* A digit within a word belongs to it: invariants R1 and R2 are two. */
bool shrink_same_text(const char *one, const char *other)
{
    bool in_word = false;
    while (*one != '\0' && *other != '\0') {
        if (!in_word && is_digit(*one) && is_digit(*other)) {
            one = skip_number(one);
            other = skip_number(other);
            continue;
        }
        if (*one != *other) {
            return false;
        }
        in_word = is_letter(*one) || (in_word && is_digit(*one));
        one++;
        other++;
    }
    return *one == *other;
}
