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

struct watch_books watch_books;
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
    if (watch_books.size != 0 || config->ram_count != 1) {
        fprintf(stderr, "watch_open: a watch is open, or there are %u regions of RAM, not 1\n",
                config->ram_count);
        abort();
    }
    watch = (struct watch){.sim = sim};
    watch_books = (struct watch_books){.size = size, .event = 1};
    watch_books.base = (uintptr_t)sim_ram(sim, config->ram[0].start, size);
    watch_books.states = make(lines, sizeof *watch_books.states);
    watch_books.lines = make(lines, sizeof *watch_books.lines);
    watch_books.dirty = make(2 * lines, sizeof *watch_books.dirty); /* Two: see next_event(). */
    watch_sight_open();
    sim_observe_writes(sim, written, NULL);
}

void watch_close(void)
{
    if (watch_books.size == 0) {
        return;
    }
    sim_observe_writes(watch.sim, NULL, NULL);
    for (uint32_t i = 0; i < WATCH_MARKS_MAX; i++) {
        watch_mark_free(watch.marks[i]);
    }
    free(watch_books.states);
    free(watch_books.lines);
    free(watch_books.dirty);
    free(watch.shadow);
    watch = (struct watch){.sim = NULL};
    watch_books = (struct watch_books){.size = 0};
}

void watch_write(void *at, size_t size)
{
    uint64_t offset = (uintptr_t)at - watch_books.base;
    if (offset < watch_books.size && size != 0) {
        watch_sight_write(offset, size);
    }
}

/* Lines that were written before count no more. Every 4 billion events the numbers begin anew: then
 * lines may become dirty once more. */
static void next_event(void)
{
    watch_books.event++;
    if (watch_books.event == 0) {
        memset(watch_books.states, 0, watch_books.size / WATCH_LINE * sizeof *watch_books.states);
        watch_books.event = 1;
        watch_books.arrived = 0;
    }
    watch_books.count = 0;
}

void watch_begin(void)
{
    watch_sight_look();
    next_event();
    watch.unseen = true;
    watch_books.steps = 0;
    watch.steps_polled = 0;
    watch.steps_most = 0;
}

const struct watch_line *watch_lines(uint32_t *count)
{
    watch_sight_look();
    *count = watch_books.count;
    return watch_books.lines;
}

void watch_poll(void)
{
    uint64_t steps = watch_books.steps - watch.steps_polled;
    watch.steps_polled = watch_books.steps;
    if (steps > watch.steps_most) {
        watch.steps_most = steps;
    }
}

uint64_t watch_most_steps(void)
{
    uint64_t steps = watch_books.steps - watch.steps_polled;
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
    for (uint64_t offset = 0; offset < watch_books.size; offset += PAGE) {
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

/* Whatever is written from now on is another event's. */
static void arrive(const struct watch_mark *mark)
{
    watch_books.dirty_count = 0;
    watch.at = mark;
    watch_books.arrived = watch_books.event;
    next_event();
}

struct watch_mark *watch_mark(void)
{
    uint32_t slot = free_slot();
    struct watch_mark *mark = calloc(1, sizeof *mark);
    if (slot == WATCH_MARKS_MAX || mark == NULL) {
        free(mark);
        return NULL;
    }
    watch.unseen = true; /* The kernel does not tell what it writes. */
    watch_sight_look();
    mark->slot = slot;
    mark->serial = ++watch.serial;
    watch.marks[slot] = mark;
    mark->point = sim_point_take(watch.sim);
    mark->ram = malloc(watch_books.size);
    if (mark->point == NULL || mark->ram == NULL) {
        watch_mark_free(mark);
        return NULL;
    }
    memcpy(mark->ram, (const char *)watch_books.base, watch_books.size); // NOLINT: guest RAM.
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
    char *ram = (char *)watch_books.base; // NOLINT: guest RAM.
    for (uint32_t i = 0; i < count; i++) {
        uint64_t offset = (uint64_t)lines[i] * WATCH_LINE;
        watch_copy_line(ram + offset, mark->ram + offset);
    }
    for (uint32_t i = 0; i < count && watch.shadow != NULL; i++) {
        uint64_t offset = (uint64_t)lines[i] * WATCH_LINE;
        watch_copy_line(watch.shadow + offset, mark->ram + offset);
    }
}

/* From nowhere: every line. */
static void put_everything(const struct watch_mark *mark)
{
    for (uint32_t line = 0; line < watch_books.size / WATCH_LINE; line++) {
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
        put_lines(mark, watch_books.dirty, watch_books.dirty_count);
    }
    if (from != NULL && from != mark) {
        const struct line_set *set =
            from->serial > mark->serial ? &from->differs[mark->slot] : &mark->differs[from->slot];
        put_lines(mark, set->lines, set->count);
    }
    sim_point_restore(watch.sim, mark->point);
    arrive(mark);
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
    const char *ram = (const char *)watch_books.base; // NOLINT: guest RAM.
    if (memcmp(ram, mark->ram, watch_books.size) != 0) {
        uint64_t offset = first_difference(ram, mark->ram, watch_books.size);
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
