/* SPDX-License-Identifier: BSD-2-Clause */
#include "hosted/reduce/reduce.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "hosted/reduce/work.h"

enum {
    PAIRS_MAX = 60,  /* Of so many events, any two are tried together. */
    CHUNK_LEAST = 8, /* Before they are looked at one by one, events are made simpler. */
};

/* ---- Trying ---- */

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

bool work_in_time(struct work *w, const char *what)
{
    double now = seconds();
    if (w->r->talk && now - w->said >= 1) {
        w->said = now;
        fprintf(stderr, "reduce: %" PRIu32 " events left after %" PRIu64 " trials, %s\n", w->count,
                trial_count(w->trial), what);
    }
    w->r->timed_out = w->r->seconds != 0 && now - w->start >= w->r->seconds;
    return !w->r->timed_out;
}

bool work_try(struct work *w, uint32_t count)
{
    if (!trial_run(w->trial, w->attempt, count, &w->r->symptom, w->made)) {
        return false;
    }
    w->count = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (w->made[i]) {
            w->steps[w->count++] = w->attempt[i];
        }
    }
    return true;
}

void work_copy(struct work *w)
{
    memcpy(w->attempt, w->steps, w->count * sizeof *w->steps);
}

/* Without steps [from, to). */
static bool try_without(struct work *w, uint32_t from, uint32_t to)
{
    memcpy(w->attempt, w->steps, from * sizeof *w->steps);
    memcpy(w->attempt + from, w->steps + to, (w->count - to) * sizeof *w->steps);
    return work_try(w, w->count - (to - from));
}

/* The last step is never left out when its outcome is the symptom. */
static uint32_t removable(const struct work *w)
{
    bool pinned = w->r->symptom.kind == SYMPTOM_OUTCOME;
    return pinned && w->count > 0 ? w->count - 1 : w->count;
}

/* ---- Episodes ---- */

/* Programs make things, use them and delete them again. A *boundary* is a step before which there
 * are no more capabilities than ever after: what lies between two of them made nothing that lasts.
 * Writes their indices, ascending. */
static uint32_t find_boundaries(const struct work *w, uint32_t *boundaries)
{
    uint32_t least = UINT32_MAX;
    uint32_t found = 0;
    for (uint32_t i = w->count; i-- > 0;) {
        if (w->steps[i].level <= least) {
            least = w->steps[i].level;
            boundaries[found++] = i;
        }
    }
    for (uint32_t i = 0; i < found / 2; i++) {
        uint32_t other = boundaries[found - 1 - i];
        boundaries[found - 1 - i] = boundaries[i];
        boundaries[i] = other;
    }
    return found;
}

/* Groups of `size` episodes, from the last one before the symptom's. */
static bool remove_groups(struct work *w, uint32_t size, uint32_t *boundaries)
{
    bool any = false;
    uint32_t to = find_boundaries(w, boundaries);
    to = to == 0 ? 0 : to - 1;
    while (to > 0 && work_in_time(w, "removing what left no traces")) {
        uint32_t from = to > size ? to - size : 0;
        if (try_without(w, boundaries[from], boundaries[to])) {
            /* What was passed over is gone, too: indices below stay as they are if nothing was. */
            uint32_t found = find_boundaries(w, boundaries);
            from = from < found ? from : found == 0 ? 0 : found - 1;
            any = true;
        }
        to = from;
    }
    return any;
}

static void remove_episodes(struct work *w)
{
    uint32_t *boundaries = calloc((size_t)w->count + 1, sizeof *boundaries);
    if (boundaries == NULL) {
        abort();
    }
    uint32_t size = find_boundaries(w, boundaries);
    while (size > 1 && work_in_time(w, "removing what left no traces")) {
        size = (size + 1) / 2;
        (void)remove_groups(w, size, boundaries);
    }
    free(boundaries);
}

/* ---- Chunks ---- */

/* Every chunk once, from the end. */
static bool remove_chunks(struct work *w, uint32_t size)
{
    bool any = false;
    char what[40];
    snprintf(what, sizeof what, "removing %" PRIu32 " at a time", size);
    uint32_t to = removable(w);
    while (to > 0 && work_in_time(w, what)) {
        uint32_t from = to > size ? to - size : 0;
        bool good = try_without(w, from, to);
        any = any || good;
        to = from < removable(w) ? from : removable(w);
    }
    return any;
}

/* Chunks of half of the events, of a quarter and so on, down to `least`. */
static void remove_events(struct work *w, uint32_t least)
{
    uint32_t size = w->count;
    while (size > least) {
        size = (size + 1) / 2;
        (void)remove_chunks(w, size);
        size = size < w->count ? size : w->count;
    }
    while (least == 1 && work_in_time(w, "removing one at a time") && remove_chunks(w, 1)) {
    }
}

static bool try_without_two(struct work *w, uint32_t i, uint32_t j)
{
    uint32_t count = 0;
    for (uint32_t k = 0; k < w->count; k++) {
        if (k != i && k != j) {
            w->attempt[count++] = w->steps[k];
        }
    }
    return work_try(w, count);
}

/* Two that need each other, such as a call and its answer. */
static bool remove_pair(struct work *w)
{
    for (uint32_t j = removable(w); j-- > 1;) {
        for (uint32_t i = j; i-- > 0;) {
            if (!work_in_time(w, "removing two at a time")) {
                return false;
            }
            if (try_without_two(w, i, j)) {
                return true;
            }
        }
    }
    return false;
}

static void remove_pairs(struct work *w)
{
    while (w->count <= PAIRS_MAX && remove_pair(w)) {
        (void)remove_chunks(w, 1);
    }
}

/* ---- All of it ---- */

static bool start(struct work *w, struct trial *trial, struct reduction *r)
{
    const struct step *steps;
    uint32_t count = trial_steps(trial, &steps);
    *w = (struct work){.trial = trial, .r = r, .start = seconds(), .said = seconds()};
    w->steps = calloc((size_t)count + 1, sizeof *w->steps);
    w->attempt = calloc((size_t)count + 1, sizeof *w->attempt);
    w->made = calloc((size_t)count + 1, sizeof *w->made);
    if (w->steps == NULL || w->attempt == NULL || w->made == NULL) {
        abort();
    }
    memcpy(w->attempt, steps, count * sizeof *steps);
    return work_try(w, count);
}

bool reduce(struct trial *trial, struct reduction *r)
{
    struct work w;
    bool good = start(&w, trial, r);
    if (good) {
        remove_episodes(&w);
        remove_events(&w, CHUNK_LEAST);
        simplify_at_once(&w);
        remove_events(&w, 1);
        if (!r->keep_machine) {
            simplify_machine(&w);
        }
        uint32_t before;
        do {
            before = w.count;
            simplify_events(&w);
            remove_events(&w, 1);
            (void)simplify_aliases(&w);
            simplify_memory(&w);
            remove_pairs(&w);
        } while (w.count < before && !r->timed_out);
        simplify_slots(&w);
    }
    r->steps = w.steps;
    r->count = w.count;
    free(w.attempt);
    free(w.made);
    return good;
}
