/* SPDX-License-Identifier: BSD-2-Clause */

#include "fuzz/oracle/objects.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "core/config.h"
#include "core/kernel.h"

enum { SPANS_MAX = 256 };

/* Cells that have been changed since the input began. */
struct span {
    uint32_t start, count;
};

/* The map of one topology: as it is built, and as it is now. */
struct objects_layer {
    object_cell *built;
    object_cell *now;
    struct span spans[SPANS_MAX];
    uint32_t span_count; /* More than SPANS_MAX: all cells may have changed. */
};

/* There is one world at a time. */
static struct objects *shared;

uint32_t object_owner_of(uint32_t world_owner)
{
    if (world_owner == WORLD_OWNER_KERNEL) {
        return OBJECT_OWNER_KERNEL;
    }
    return world_owner < WORLD_SUBSYSTEMS ? world_owner : (uint32_t)OBJECT_OWNER_ROOT;
}

enum object_kind object_of_cap(const struct cap *cap)
{
    switch ((enum cap_type)cap->type) {
    case CAP_FRAME:
        return OBJECT_FRAME;
    case CAP_PAGE_TABLE:
        return OBJECT_TABLE;
    case CAP_ENDPOINT:
        return OBJECT_ENDPOINT;
    case CAP_NOTIFICATION:
        return OBJECT_NTFN;
    case CAP_REPLY:
        return OBJECT_REPLY;
    case CAP_CNODE:
        return OBJECT_SLOTS;
    case CAP_TCB:
        return OBJECT_TCB;
    case CAP_ZOMBIE:
        return cap->bits == 0 ? OBJECT_TCB : OBJECT_SLOTS;
    case CAP_ASID_POOL:
        return OBJECT_POOL;
    case CAP_SCHED_CONTEXT:
        return OBJECT_SC;
    case CAP_NULL:
    case CAP_UNTYPED:
    case CAP_ASID_CONTROL:
    case CAP_IRQ_CONTROL:
    case CAP_IRQ_HANDLER:
    case CAP_DOMAIN:
    case CAP_SCHED_CONTROL:
        return OBJECT_NONE;
    }
    return OBJECT_NONE;
}

/* log2 of an object's size. */
static uint32_t size_bits(const struct cap *cap)
{
    static const uint8_t fixed[OBJECT_KINDS] = {
        [OBJECT_TCB] = CONFIG_TCB_BITS,        [OBJECT_ENDPOINT] = ABI_ENDPOINT_BITS,
        [OBJECT_NTFN] = ABI_NOTIFICATION_BITS, [OBJECT_REPLY] = ABI_REPLY_BITS,
        [OBJECT_TABLE] = ABI_PAGE_TABLE_BITS,  [OBJECT_POOL] = ABI_ASID_POOL_BITS,
    };
    enum object_kind kind = object_of_cap(cap);
    if (kind == OBJECT_SLOTS) {
        return cap->bits + (uint32_t)ABI_SLOT_BITS;
    }
    return fixed[kind] != 0 ? fixed[kind] : cap->bits;
}

bool object_region(const struct world *world, const struct cap *cap, uint64_t *base, uint64_t *size)
{
    if (object_of_cap(cap) == OBJECT_NONE && cap->type != CAP_UNTYPED) {
        return false;
    }
    bool physical = cap->type == CAP_UNTYPED || cap->type == CAP_FRAME;
    *base = physical ? cap->paddr : cap->paddr - world->k->window;
    *size = (uint64_t)1 << size_bits(cap) % 64;
    return true;
}

bool object_same_cap(const struct cap *a, const struct cap *b)
{
    return a->type == b->type && a->bits == b->bits && a->rights == b->rights &&
           a->paddr == b->paddr && a->badge == b->badge && a->left == b->left;
}

object_cell objects_at(const struct objects *objects, const void *address)
{
    if (!objects_in_ram(objects, address, 1)) {
        return OBJECT_NONE + 16 * OBJECT_OWNER_ROOT;
    }
    return *objects_line(objects, address);
}

const struct slot *objects_slot(const struct objects *objects, const uint64_t *line, uint32_t half)
{
    const void *at = line + half * WATCH_LINE_WORDS / 2;
    const object_cell *cells = objects_line(objects, at);
    enum object_kind kind = object_kind(cells[0]);
    uint64_t offset = 0;
    uint64_t end = 0;

    if (kind == OBJECT_SLOTS) {
        /* A smaller object may lie where slots were: then they all are gone. */
        return object_kind(cells[1]) == OBJECT_SLOTS ? at : NULL;
    }
    if (kind == OBJECT_TCB) {
        offset = (uint64_t)(uintptr_t)at % ((uint64_t)1 << CONFIG_TCB_BITS) -
                 offsetof(struct thread, slots);
        end = THREAD_SLOT_COUNT * sizeof(struct slot);
    } else if (kind == OBJECT_KERNEL) {
        offset = (uint64_t)(uintptr_t)at - (uint64_t)(uintptr_t)objects->world->k->irq_slots;
        end = sizeof objects->world->k->irq_slots;
    }
    return offset < end ? at : NULL;
}

/* --- Building --------------------------------------------------------------------------------- */

/* Notes what a capability stands for; false if that is not in RAM. */
static bool note(struct objects *objects, object_cell *cells, const struct cap *cap,
                 struct span *span)
{
    uint64_t base = 0;
    uint64_t size = 0;
    uint64_t window = objects->world->k->window;

    if (object_of_cap(cap) == OBJECT_NONE || !object_region(objects->world, cap, &base, &size) ||
        size < OBJECT_UNIT || !objects_in_ram(objects, (void *)(uintptr_t)(base + window), size)) {
        return false;
    }
    span->start = (uint32_t)((base + window - objects->ram) / OBJECT_UNIT);
    span->count = (uint32_t)(size / OBJECT_UNIT);
    object_cell kind = (object_cell)object_of_cap(cap);
    for (uint32_t i = span->start; i < span->start + span->count; i++) {
        cells[i] = (object_cell)(cells[i] / 16u * 16u + kind);
    }
    return true;
}

static void fill_owners(const struct objects *objects, object_cell *cells)
{
    const struct world *world = objects->world;
    uint64_t base = objects->ram - world->k->window;
    for (uint64_t i = 0; i < objects->size / OBJECT_UNIT; i++) {
        uint32_t owner = object_owner_of(world_owner(world, base + i * OBJECT_UNIT));
        cells[i] = (object_cell)(owner * 16u);
    }
}

/* Kinds from all capabilities there are. */
static void fill_kinds(struct objects *objects, object_cell *cells)
{
    const struct kernel *k = objects->world->k;
    uint64_t first = ((uint64_t)(uintptr_t)k - objects->ram) / OBJECT_UNIT;
    struct span span;

    for (uint64_t i = 0; i < sizeof *k / OBJECT_UNIT; i++) {
        cells[first + i] = (object_cell)(cells[first + i] + OBJECT_KERNEL);
    }
    for (uint32_t number = k->cdt_root.next; number != 0; number = k->slot_base[number].next) {
        (void)note(objects, cells, &k->slot_base[number].cap, &span);
    }
}

/* A topology is seen for the first time. Null if out of memory. */
static struct objects_layer *build(struct objects *objects)
{
    uint64_t count = objects->size / OBJECT_UNIT;
    struct objects_layer *layer = calloc(1, sizeof *layer);
    object_cell *cells = calloc(2, count);
    if (layer == NULL || cells == NULL) {
        free(layer);
        free(cells);
        return NULL;
    }
    layer->built = cells;
    layer->now = cells + count;
    fill_owners(objects, layer->built);
    fill_kinds(objects, layer->built);
    memcpy(layer->now, layer->built, count);
    return layer;
}

struct objects *objects_share(const struct world *world)
{
    if (shared == NULL) {
        uint64_t size = world->k->ram_top - world->k->ram_base;
        struct objects *made = calloc(1, sizeof *made);
        struct object_change *changes = calloc(size / WATCH_LINE, sizeof *changes);
        const struct watch_line **plain = calloc(size / WATCH_LINE, sizeof *plain);
        if (made == NULL || changes == NULL || plain == NULL) {
            free(made);
            free(changes);
            free(plain);
            return NULL;
        }
        made->world = world;
        made->ram = world->k->ram_base + world->k->window;
        made->size = size;
        made->changes = changes;
        made->plain = plain;
        shared = made;
    }
    shared->shares++;
    return shared;
}

void objects_release(struct objects *objects)
{
    if (objects == NULL || --objects->shares != 0) {
        return;
    }
    for (uint32_t i = 0; i < WORLD_TOPOLOGIES; i++) {
        if (objects->layers[i] != NULL) {
            free(objects->layers[i]->built);
            free(objects->layers[i]);
        }
    }
    free(objects->changes);
    free(objects->plain);
    free(objects);
    shared = NULL;
}

/* --- From input to input, and from event to event --------------------------------------------- */

static void restore(const struct objects *objects, struct objects_layer *layer)
{
    if (layer->span_count > SPANS_MAX) {
        memcpy(layer->now, layer->built, objects->size / OBJECT_UNIT);
    } else {
        for (uint32_t i = 0; i < layer->span_count; i++) {
            struct span span = layer->spans[i];
            memcpy(layer->now + span.start, layer->built + span.start, span.count);
        }
    }
    layer->span_count = 0;
}

void objects_start(struct objects *objects)
{
    struct objects_layer **layer = &objects->layers[objects->world->topology];

    if (objects->layer != NULL) {
        restore(objects, objects->layer);
    }
    if (*layer == NULL) {
        *layer = build(objects);
    }
    if (*layer == NULL) {
        abort(); /* Out of memory. */
    }
    objects->layer = *layer;
    objects->cells = objects->layer->now;
    objects->event = 0;
    objects->change_count = 0;
    objects->plain_count = 0;
}

static void note_slot(struct objects *objects, const struct slot *slot, const uint64_t *before)
{
    struct objects_layer *layer = objects->layer;
    struct cap was = object_cap_before(before);
    struct span span;

    if (slot->cap.type == CAP_NULL || object_same_cap(&slot->cap, &was) ||
        !note(objects, layer->now, &slot->cap, &span)) {
        return;
    }
    if (layer->span_count < SPANS_MAX) {
        layer->spans[layer->span_count] = span;
    }
    if (layer->span_count <= SPANS_MAX) {
        layer->span_count++;
    }
}

uint32_t objects_changed_words(const struct watch_line *line)
{
    uint32_t changed = 0;
    for (uint32_t i = 0; i < WATCH_LINE_WORDS; i++) {
        changed |= (uint32_t)(line->at[i] != line->before[i]) << i;
    }
    return changed;
}

/* Of struct kernel, only slots and the domain schedule have rules. Most lines are of the rest. */
static bool has_rules(const struct kernel *k, const struct watch_line *line)
{
    uintptr_t offset = (uintptr_t)line->at - (uintptr_t)k;
    return offset >= sizeof *k || (offset + WATCH_LINE > offsetof(struct kernel, domain_start) &&
                                   offset < offsetof(struct kernel, counters));
}

/* All cells of the line are of no object. */
static bool is_plain(const object_cell *cells)
{
    uint32_t all = 0;
    for (uint32_t i = 0; i < OBJECT_LINE_UNITS; i++) {
        all |= object_kind(cells[i]);
    }
    return all == OBJECT_NONE;
}

/* Of the kinds that fill lines, those without slots. */
static bool has_no_slots(enum object_kind kind)
{
    const uint32_t fill = 1u << OBJECT_FRAME | 1u << OBJECT_TABLE | 1u << OBJECT_SC |
                          1u << OBJECT_NTFN | 1u << OBJECT_POOL;
    return (fill >> kind & 1) != 0;
}

/* The halves of a changed line that are slots. Most lines are of one kind that has none. */
static void find_slots(const struct objects *objects, struct object_change *change)
{
    const object_cell *cells = objects_line(objects, change->line->at);

    change->first = cells[0];
    change->slots[0] = change->slots[1] = false;
    if (has_no_slots(object_kind(cells[0]))) {
        return;
    }
    for (uint32_t half = 0; half < 2; half++) {
        change->slots[half] = objects_slot(objects, change->line->at, half) != NULL;
    }
}

static void list(struct objects *objects, const struct watch_line *line)
{
    struct object_change *change = &objects->changes[objects->change_count];

    change->changed = objects_changed_words(line);
    if (change->changed == 0) {
        return;
    }
    objects->change_count++;
    change->line = line;
    find_slots(objects, change);
    for (uint32_t half = 0; half < 2; half++) {
        uint32_t first = half * WATCH_LINE_WORDS / 2;
        const void *slot = line->at + first;
        if (change->slots[half]) {
            note_slot(objects, slot, &line->before[first]);
        }
    }
}

/* Something was made: lines of it may have been listed before as something else, or as nothing. */
static void list_made(struct objects *objects)
{
    uint32_t kept = 0;
    for (uint32_t i = 0; i < objects->change_count; i++) {
        find_slots(objects, &objects->changes[i]);
    }
    for (uint32_t i = 0; i < objects->plain_count; i++) {
        const struct watch_line *line = objects->plain[i];
        if (is_plain(objects_line(objects, line->at))) {
            objects->plain[kept++] = line;
        } else {
            list(objects, line);
        }
    }
    objects->plain_count = kept;
}

void objects_update(struct objects *objects)
{
    uint32_t count = 0;
    const struct watch_line *lines = watch_lines(&count);

    if (objects->event == watch_books.event && objects->lines == count) {
        return;
    }
    objects->event = watch_books.event;
    objects->lines = count;
    objects->change_count = 0;
    objects->plain_count = 0;
    uint32_t spans = objects->layer->span_count;
    for (uint32_t i = 0; i < count; i++) {
        if (!has_rules(objects->world->k, &lines[i])) {
            continue;
        }
        if (is_plain(objects_line(objects, lines[i].at))) {
            objects->plain[objects->plain_count++] = &lines[i];
        } else {
            list(objects, &lines[i]);
        }
    }
    if (spans != objects->layer->span_count) {
        list_made(objects);
    }
}
