/* SPDX-License-Identifier: BSD-2-Clause */

/* What is left of objects with slots. While one is dismantled, a zombie stands for it somewhere;
 * when that goes, all slots of the object are empty: nobody would ever find what is left there. */
#include "core/thread.h"
#include "fuzz/oracle/rules.h"

static bool is_same_zombie(const struct cap *a, const struct cap *b)
{
    return a->type == CAP_ZOMBIE && b->type == CAP_ZOMBIE && a->slots == b->slots &&
           a->bits == b->bits;
}

/* It has only moved. */
static bool is_elsewhere(const struct objects *objects, const struct cap *zombie)
{
    for (uint32_t i = 0; i < objects->change_count; i++) {
        for (uint32_t half = 0; half < 2; half++) {
            const struct slot *slot = objects_slot(objects, objects->changes[i].line->at, half);
            if (slot != NULL && is_same_zombie(&slot->cap, zombie)) {
                return true;
            }
        }
    }
    return false;
}

static bool is_empty(const struct objects *objects, const struct cap *zombie)
{
    bool thread = zombie->bits == 0;
    uint64_t count = thread ? THREAD_SLOT_COUNT : (uint64_t)1 << zombie->bits % 32;
    const struct slot *first = zombie->slots;

    if (thread && objects_in_ram(objects, zombie->thread, sizeof *zombie->thread)) {
        first = zombie->thread->slots;
    }
    if (!objects_in_ram(objects, first, count * sizeof *first)) {
        return true;
    }
    for (uint64_t i = 0; i < count; i++) {
        if (first[i].cap.type != CAP_NULL) {
            return false;
        }
    }
    return true;
}

bool remains_check(const struct objects *objects, struct oracle_find *find)
{
    for (uint32_t i = 0; i < 2 * objects->change_count; i++) {
        const struct watch_line *line = objects->changes[i / 2].line;
        const struct slot *slot = objects_slot(objects, line->at, i % 2);
        struct cap was = object_cap_before(&line->before[i % 2 * (WATCH_LINE / 16)]);
        if (slot != NULL && was.type == CAP_ZOMBIE && !is_same_zombie(&slot->cap, &was) &&
            !is_elsewhere(objects, &was) && !is_empty(objects, &was)) {
            return oracle_fail(find, "memory", "an object goes, and a capability is left in it");
        }
    }
    return true;
}
