/* SPDX-License-Identifier: BSD-2-Clause */

/* The comparing watch: all of RAM against a copy, for any compiler and any sanitizer. */
#include <stdlib.h>
#include <string.h>

#include "fuzz/harness/watch_state.h"

enum { PAGE = 4096, PAGE_LINES = PAGE / WATCH_LINE };

bool watch_is_precise(void)
{
    return false;
}

void watch_sight_open(void)
{
    watch.shadow = malloc(watch_books.size);
    if (watch.shadow == NULL) {
        abort();
    }
    memcpy(watch.shadow, (const char *)watch_books.base, watch_books.size);
    watch.unseen = true;
}

static void look_at_page(uint32_t first)
{
    for (uint32_t line = first; line < first + PAGE_LINES; line++) {
        char *now = (char *)watch_books.base + (uint64_t)line * WATCH_LINE;
        char *before = watch.shadow + (uint64_t)line * WATCH_LINE;
        if (memcmp(now, before, WATCH_LINE) == 0) {
            continue;
        }
        /* A line that was seen changed before in this event keeps its first image. */
        if (watch_books.states[line].event != watch_books.event) {
            watch_first_write(line, (const uint64_t *)before);
        }
        watch_copy_line(before, now);
    }
}

void watch_sight_look(void)
{
    if (!watch.unseen) {
        return;
    }
    for (uint64_t offset = 0; offset < watch_books.size; offset += PAGE) {
        if (memcmp((const char *)watch_books.base + offset, watch.shadow + offset, PAGE) != 0) {
            look_at_page((uint32_t)(offset / WATCH_LINE));
        }
    }
    watch.unseen = false;
}

void watch_sight_write(uint64_t offset, uint64_t size)
{
    (void)offset;
    (void)size;
    watch.unseen = true;
}
