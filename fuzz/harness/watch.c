/* SPDX-License-Identifier: BSD-2-Clause */

/* The books of the watch: lines written in this event, lines that differ from a mark, marks. */
#include "fuzz/harness/watch.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz/harness/watch_state.h"

enum { PAGE = 4096, PAGE_LINES = PAGE / WATCH_LINE };

/* Lines of RAM by number, ascending. */
struct line_set {
    uint32_t *lines;
    uint32_t count;
};

struct watch_mark {
    uint32_t slot;   /* In watch.marks. */
    uint64_t serial; /* Greater than that of all older marks. */
    struct sim_point *point;
    char *ram;
    struct line_set differs[WATCH_MARKS_MAX]; /* From the older marks in these slots. */
};

struct watch watch;

/* --- Books ------------------------------------------------------------------------------------ */

static void *make(uint64_t count, uint64_t size)
{
    void *memory = calloc(count, size);
    if (memory == NULL) {
        abort();
    }
    return memory;
}

static void written(void *context, void *at, uint64_t size)
{
    (void)context;
    watch_write(at, size);
}

void watch_open(struct sim *sim)
{
    const struct sim_config *config = sim_config_of(sim);
    uint64_t size = config->ram[0].end - config->ram[0].start;
    uint64_t lines = size / WATCH_LINE;
    if (watch.size != 0 || config->ram_count != 1) {
        fprintf(stderr, "watch_open: a watch is open, or there are %u regions of RAM, not 1\n",
                config->ram_count);
        abort();
    }
    watch = (struct watch){.sim = sim, .size = size, .event = 1};
    watch.base = (uintptr_t)sim_ram(sim, config->ram[0].start, size);
    watch.states = make(lines, sizeof *watch.states);
    watch.lines = make(lines, sizeof *watch.lines);
    watch.dirty = make(lines, sizeof *watch.dirty);
    watch.is_dirty = make(lines, sizeof *watch.is_dirty);
    watch_sight_open();
    sim_observe_writes(sim, written, NULL);
}

void watch_close(void)
{
    if (watch.size == 0) {
        return;
    }
    sim_observe_writes(watch.sim, NULL, NULL);
    for (uint32_t i = 0; i < WATCH_MARKS_MAX; i++) {
        watch_mark_free(watch.marks[i]);
    }
    free(watch.states);
    free(watch.lines);
    free(watch.dirty);
    free(watch.is_dirty);
    free(watch.shadow);
    watch = (struct watch){.size = 0};
}

void watch_first_write(uint32_t line, const uint64_t *before)
{
    struct watch_line *entry = &watch.lines[watch.count];
    entry->at = (uint64_t *)(watch.base + (uint64_t)line * WATCH_LINE); // NOLINT: guest RAM.
    watch_copy_line(entry->before, before);
    watch.states[line] = (struct watch_line_state){watch.event, watch.count};
    watch.count++;
    if (!watch.is_dirty[line]) {
        watch.is_dirty[line] = true;
        watch.dirty[watch.dirty_count++] = line;
    }
}

void watch_write(void *at, size_t size)
{
    uint64_t offset = (uintptr_t)at - watch.base;
    if (offset < watch.size && size != 0) {
        watch_sight_write(offset, size);
    }
}

/* Lines that were written before count no more. */
static void next_event(void)
{
    watch.event++;
    if (watch.event == 0) {
        memset(watch.states, 0, watch.size / WATCH_LINE * sizeof *watch.states);
        watch.event = 1;
    }
    watch.count = 0;
}

void watch_begin(void)
{
    watch_sight_look();
    next_event();
    watch.unseen = true;
    watch.steps = 0;
    watch.steps_polled = 0;
    watch.steps_most = 0;
}

const struct watch_line *watch_lines(uint32_t *count)
{
    watch_sight_look();
    *count = watch.count;
    return watch.lines;
}

uint64_t watch_before(const void *at)
{
    uint64_t offset = (uintptr_t)at - watch.base;
    const struct watch_line_state *state = &watch.states[offset / WATCH_LINE];
    if (state->event != watch.event) {
        return *(const uint64_t *)at;
    }
    return watch.lines[state->index].before[offset % WATCH_LINE / 8];
}

void watch_poll(void)
{
    uint64_t steps = watch.steps - watch.steps_polled;
    watch.steps_polled = watch.steps;
    if (steps > watch.steps_most) {
        watch.steps_most = steps;
    }
}

uint64_t watch_most_steps(void)
{
    uint64_t steps = watch.steps - watch.steps_polled;
    return steps > watch.steps_most ? steps : watch.steps_most;
}

/* --- Marks ------------------------------------------------------------------------------------ */

static bool add_line(struct line_set *set, uint32_t line)
{
    /* Grows by powers of two. */
    if ((set->count & (set->count - 1)) == 0) {
        uint32_t room = set->count == 0 ? 1 : 2 * set->count;
        uint32_t *lines = realloc(set->lines, room * sizeof *lines);
        if (lines == NULL) {
            return false;
        }
        set->lines = lines;
    }
    set->lines[set->count++] = line;
    return true;
}

/* Where two copies of RAM differ. False if out of memory. */
static bool compare(const char *a, const char *b, struct line_set *set)
{
    for (uint64_t offset = 0; offset < watch.size; offset += PAGE) {
        if (memcmp(a + offset, b + offset, PAGE) == 0) {
            continue;
        }
        for (uint64_t at = offset; at < offset + PAGE; at += WATCH_LINE) {
            if (memcmp(a + at, b + at, WATCH_LINE) != 0 &&
                !add_line(set, (uint32_t)(at / WATCH_LINE))) {
                return false;
            }
        }
    }
    return true;
}

static bool compare_with_older(struct watch_mark *mark)
{
    for (uint32_t i = 0; i < WATCH_MARKS_MAX; i++) {
        const struct watch_mark *older = watch.marks[i];
        if (older != NULL && older != mark && !compare(mark->ram, older->ram, &mark->differs[i])) {
            return false;
        }
    }
    return true;
}

static uint32_t free_slot(void)
{
    uint32_t slot = 0;
    while (slot < WATCH_MARKS_MAX && watch.marks[slot] != NULL) {
        slot++;
    }
    return slot;
}

static void arrive(const struct watch_mark *mark)
{
    for (uint32_t i = 0; i < watch.dirty_count; i++) {
        watch.is_dirty[watch.dirty[i]] = false;
    }
    watch.dirty_count = 0;
    watch.at = mark;
}

struct watch_mark *watch_mark(void)
{
    uint32_t slot = free_slot();
    struct watch_mark *mark = calloc(1, sizeof *mark);
    if (slot == WATCH_MARKS_MAX || mark == NULL) {
        free(mark);
        return NULL;
    }
    watch_sight_look();
    mark->slot = slot;
    mark->serial = ++watch.serial;
    watch.marks[slot] = mark;
    mark->point = sim_point_take(watch.sim);
    mark->ram = malloc(watch.size);
    if (mark->point == NULL || mark->ram == NULL) {
        watch_mark_free(mark);
        return NULL;
    }
    memcpy(mark->ram, (const char *)watch.base, watch.size); // NOLINT: guest RAM.
    if (!compare_with_older(mark)) {
        watch_mark_free(mark);
        return NULL;
    }
    arrive(mark);
    return mark;
}

void watch_mark_free(struct watch_mark *mark)
{
    if (mark == NULL) {
        return;
    }
    if (watch.at == mark) {
        watch.at = NULL;
    }
    watch.marks[mark->slot] = NULL;
    for (uint32_t i = 0; i < WATCH_MARKS_MAX; i++) {
        free(mark->differs[i].lines);
    }
    sim_point_free(mark->point);
    free(mark->ram);
    free(mark);
}

static void put_lines(const struct watch_mark *mark, const uint32_t *lines, uint32_t count)
{
    char *ram = (char *)watch.base; // NOLINT: guest RAM.
    for (uint32_t i = 0; i < count; i++) {
        uint64_t offset = (uint64_t)lines[i] * WATCH_LINE;
        watch_copy_line(ram + offset, mark->ram + offset);
        if (watch.shadow != NULL) {
            watch_copy_line(watch.shadow + offset, mark->ram + offset);
        }
    }
}

/* From nowhere: every line. */
static void put_everything(const struct watch_mark *mark)
{
    for (uint32_t line = 0; line < watch.size / WATCH_LINE; line++) {
        put_lines(mark, &line, 1);
    }
}

void watch_rewind(const struct watch_mark *mark)
{
    const struct watch_mark *from = watch.at;
    watch.unseen = true;
    watch_sight_look();
    if (from == NULL) {
        put_everything(mark);
    } else {
        put_lines(mark, watch.dirty, watch.dirty_count);
    }
    if (from != NULL && from != mark) {
        const struct line_set *set =
            from->serial > mark->serial ? &from->differs[mark->slot] : &mark->differs[from->slot];
        put_lines(mark, set->lines, set->count);
    }
    sim_point_restore(watch.sim, mark->point);
    arrive(mark);
    next_event();
}

/* --- Looking whether it is all there ---------------------------------------------------------- */

static uint64_t first_difference(const char *a, const char *b, uint64_t size)
{
    uint64_t at = 0;
    while (at < size && a[at] == b[at]) {
        at++;
    }
    return at;
}

bool watch_is_at(const struct watch_mark *mark, char *what, size_t size)
{
    const char *ram = (const char *)watch.base; // NOLINT: guest RAM.
    if (memcmp(ram, mark->ram, watch.size) != 0) {
        uint64_t offset = first_difference(ram, mark->ram, watch.size);
        snprintf(what, size, "RAM at physical address 0x%" PRIx64 ": 0x%02x, was 0x%02x",
                 sim_config_of(watch.sim)->ram[0].start + offset, (uint8_t)ram[offset],
                 (uint8_t)mark->ram[offset]);
        return false;
    }
    const char *difference = sim_point_difference(watch.sim, mark->point);
    if (difference != NULL) {
        snprintf(what, size, "%s", difference);
        return false;
    }
    return true;
}
