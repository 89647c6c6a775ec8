/* SPDX-License-Identifier: BSD-2-Clause */
#include "hosted/show/view.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "core/bits.h"
#include "core/cdt.h"
#include "core/endpoint.h"
#include "core/kernel.h"
#include "core/ntfn.h"
#include "core/reply.h"
#include "core/vspace.h"

/* More than this is no object's size: a shift by it, and by ABI_SLOT_BITS more, is defined. */
enum { SIZE_BITS_MAX = 40, THREAD_ALIGNMENT_BITS = 5 };

STATIC_ASSERT(_Alignof(struct thread) == 1 << THREAD_ALIGNMENT_BITS, "alignment of threads");

void view_problem(struct view *view, const char *format, ...)
{
    if (view->problem_count < VIEW_PROBLEMS) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(view->problems[view->problem_count], sizeof view->problems[0], format, arguments);
        va_end(arguments);
    }
    view->problem_count++;
}

bool view_grow(void **array, uint32_t count, uint32_t *capacity, size_t size)
{
    if (count < *capacity) {
        return true;
    }
    uint32_t larger = *capacity == 0 ? 64 : 2 * *capacity;
    void *moved = larger > *capacity ? realloc(*array, larger * size) : NULL;
    if (moved == NULL) {
        return false;
    }
    *array = moved;
    *capacity = larger;
    return true;
}

/* --- Careful reading -------------------------------------------------------------------------- */

const void *view_good(const struct sim *sim, const void *pointer, uint64_t size)
{
    uint64_t address = (uintptr_t)pointer;
    bool good = is_aligned(address, 3) && address >= SIM_WINDOW &&
                sim_ram(sim, address - SIM_WINDOW, size) != NULL;
    return good ? pointer : NULL;
}

const struct thread *view_good_thread(const struct sim *sim, const struct thread *thread)
{
    bool good = is_aligned((uintptr_t)thread, THREAD_ALIGNMENT_BITS) &&
                view_good(sim, thread, sizeof *thread) != NULL;
    return good ? thread : NULL;
}

bool view_flag(const bool *flag)
{
    unsigned char byte;
    memcpy(&byte, flag, 1);
    return byte != 0;
}

uint64_t view_paddr(const void *pointer)
{
    return pointer == NULL ? 0 : (uint64_t)(uintptr_t)pointer - SIM_WINDOW;
}

static const struct slot *slot_numbered(const struct view *view, uint32_t number)
{
    uint64_t address = (uint64_t)(uintptr_t)view->k->slot_base + (uint64_t)number * 32;
    const void *slot = (const void *)(uintptr_t)address; // NOLINT: checked right here.
    return view_good(view->sim, slot, sizeof(struct slot));
}

/* --- Objects ---------------------------------------------------------------------------------- */

static bool by_paddr(uint8_t type)
{
    return type == CAP_UNTYPED || type == CAP_FRAME;
}

static bool has_number(uint8_t type)
{
    return type == CAP_IRQ_HANDLER || type == CAP_SCHED_CONTROL;
}

static bool has_memory(uint8_t type)
{
    return !has_number(type) && type != CAP_IRQ_CONTROL && type != CAP_ASID_CONTROL &&
           type != CAP_DOMAIN;
}

/* Bytes of the object, 0 if the capability makes no sense. */
static uint64_t object_size(const struct cap *cap)
{
    bool one_slot_at_least = cap->type == CAP_CNODE || cap->type == CAP_ZOMBIE;
    if (cap->bits > SIZE_BITS_MAX) {
        return 0;
    }
    switch (cap->type) {
    case CAP_UNTYPED:
    case CAP_FRAME:
    case CAP_SCHED_CONTEXT:
        return bit(cap->bits);
    case CAP_ENDPOINT:
        return sizeof(struct endpoint);
    case CAP_NOTIFICATION:
        return sizeof(struct ntfn);
    case CAP_REPLY:
        return sizeof(struct reply);
    case CAP_TCB:
        return sizeof(struct thread);
    case CAP_PAGE_TABLE:
        return sizeof(struct page_table);
    case CAP_ASID_POOL:
        return sizeof(struct asid_pool);
    default:
        break;
    }
    if (!one_slot_at_least) {
        return 0;
    }
    bool thread = cap->type == CAP_ZOMBIE && cap->bits == 0;
    return thread ? THREAD_SLOT_COUNT * sizeof(struct slot) : bit(cap->bits) * sizeof(struct slot);
}

uint64_t view_object_of(const struct cap *cap)
{
    if (by_paddr(cap->type) || has_number(cap->type)) {
        return cap->paddr;
    }
    return has_memory(cap->type) ? view_paddr(cap->slots) : 0;
}

static bool is_known(uint8_t type)
{
    switch (type) {
#define ABI_X(number, name, words) case CAP_##name:
        ABI_CAPS(ABI_X)
#undef ABI_X
        return true;
    default:
        return false;
    }
}

static const void *object_memory(const struct view *view, uint8_t type, uint64_t paddr,
                                 uint64_t size)
{
    uint64_t least = type == CAP_SCHED_CONTEXT ? sizeof(struct sched_context) : 1;
    if (!has_memory(type) || size < least ||
        !is_aligned(paddr, type == CAP_TCB ? THREAD_ALIGNMENT_BITS : 3)) {
        return NULL;
    }
    return sim_ram(view->sim, paddr, size);
}

static bool add_object(struct view *view, uint8_t type, uint64_t paddr, uint64_t size)
{
    void *array = view->objects;
    if (!view_grow(&array, view->object_count, &view->object_capacity, sizeof *view->objects)) {
        return false;
    }
    view->objects = array;
    view->objects[view->object_count++] = (struct view_object){
        .type = type,
        .paddr = paddr,
        .size = size,
        .at = object_memory(view, type, paddr, size),
        .first = VIEW_NONE,
    };
    return true;
}

/* Larger ones first among those at the same address: the first of them is kept. */
static int compare_objects(const void *left, const void *right)
{
    const struct view_object *a = left;
    const struct view_object *b = right;
    if (a->type != b->type) {
        return a->type < b->type ? -1 : 1;
    }
    if (a->paddr != b->paddr) {
        return a->paddr < b->paddr ? -1 : 1;
    }
    return (a->size < b->size) - (a->size > b->size);
}

static void sort_objects(struct view *view)
{
    if (view->object_count == 0) {
        return;
    }
    qsort(view->objects, view->object_count, sizeof *view->objects, compare_objects);
    uint32_t kept = 1;
    for (uint32_t i = 1; i < view->object_count; i++) {
        const struct view_object *last = &view->objects[kept - 1];
        if (view->objects[i].type != last->type || view->objects[i].paddr != last->paddr) {
            view->objects[kept++] = view->objects[i];
        }
    }
    view->object_count = kept;
}

/* The first object that is not before (type, paddr). */
static uint32_t lower_bound(const struct view *view, uint8_t type, uint64_t paddr)
{
    uint32_t low = 0;
    uint32_t high = view->object_count;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        const struct view_object *object = &view->objects[middle];
        if (object->type < type || (object->type == type && object->paddr < paddr)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

uint32_t view_find(const struct view *view, uint8_t type, uint64_t paddr)
{
    uint32_t i = lower_bound(view, type, paddr);
    bool found =
        i < view->object_count && view->objects[i].type == type && view->objects[i].paddr == paddr;
    return found ? i : VIEW_NONE;
}

uint32_t view_first(const struct view *view, uint8_t type)
{
    return lower_bound(view, type, 0);
}

uint32_t view_end(const struct view *view, uint8_t type)
{
    return lower_bound(view, (uint8_t)(type + 1), 0);
}

/* --- The capability derivation tree ----------------------------------------------------------- */

/* Whether the core's comparison of capabilities is defined for it. */
static bool is_sound(const struct cap *cap)
{
    return is_known(cap->type) && cap->bits <= SIZE_BITS_MAX;
}

/* Makes the new capability the child of the last one before it that is its parent. */
static void place_in_tree(struct view *view, uint32_t index)
{
    struct view_cap *cap = &view->caps[index];
    uint32_t parent = index == 0 ? VIEW_NONE : index - 1;
    while (parent != VIEW_NONE) {
        const struct slot *above = view->caps[parent].slot;
        if (is_sound(&above->cap) && is_sound(&cap->slot->cap) &&
            cdt_is_parent(view->k, above, cap->slot)) {
            break;
        }
        parent = view->caps[parent].parent;
    }
    cap->parent = parent;
    if (parent != VIEW_NONE) {
        cap->depth = view->caps[parent].depth + 1;
        view->caps[parent].children++;
    }
}

static bool add_cap(struct view *view, const struct slot *slot, bool alone)
{
    void *array = view->caps;
    if (!view_grow(&array, view->cap_count, &view->cap_capacity, sizeof *view->caps)) {
        return false;
    }
    view->caps = array;
    uint32_t index = view->cap_count++;
    view->caps[index] = (struct view_cap){
        .slot = slot, .parent = VIEW_NONE, .object = VIEW_NONE, .holder = VIEW_NONE};
    if (!alone) {
        place_in_tree(view, index);
    }
    const struct cap *cap = &slot->cap;
    if (!is_known(cap->type)) {
        view_problem(view, "the capability in slot 0x%" PRIx64 " has the unknown type %u",
                     view_paddr(slot), cap->type);
        return true;
    }
    return add_object(view, cap->type, view_object_of(cap), object_size(cap));
}

static bool find_caps(struct view *view)
{
    const struct slot *slot = &view->k->cdt_root;
    bool barrier = true;
    bool full = false;
    while (slot->next != 0) {
        uint32_t number = slot->next;
        slot = slot_numbered(view, number);
        if (slot == NULL) {
            view_problem(view, "the derivation sequence leads to slot %" PRIu32 ", not in RAM",
                         number);
            return true;
        }
        if (!view_index_add(view->by_slot, (uintptr_t)slot, view->cap_count, &full)) {
            view_problem(view, "the derivation sequence loops at slot 0x%" PRIx64,
                         view_paddr(slot));
            return !full;
        }
        /* Null slots keep apart those that would otherwise seem to be parent and child. */
        if (slot->cap.type != CAP_NULL && !add_cap(view, slot, barrier)) {
            return false;
        }
        barrier = slot->cap.type == CAP_NULL;
    }
    return true;
}

uint32_t view_cap_in(const struct view *view, const struct slot *slot)
{
    uint32_t index = view_index_get(view->by_slot, (uintptr_t)slot);
    bool found = index < view->cap_count && view->caps[index].slot == slot;
    return found ? index : VIEW_NONE;
}

/* --- Threads and what hangs on them ----------------------------------------------------------- */

static bool find_threads(struct view *view, struct view_index *seen)
{
    const struct thread *thread = view->k->threads;
    bool full = false;
    while (thread != NULL) {
        if (view_good_thread(view->sim, thread) == NULL) {
            view_problem(view, "the list of threads leads to 0x%" PRIx64 ", no place for a thread",
                         (uint64_t)(uintptr_t)thread);
            return true;
        }
        if (!view_index_add(seen, (uintptr_t)thread, 0, &full)) {
            view_problem(view, "the list of threads loops at 0x%" PRIx64, view_paddr(thread));
            return !full;
        }
        void *array = view->threads;
        if (!view_grow(&array, view->thread_count, &view->thread_capacity,
                       sizeof(struct thread *)) ||
            !add_object(view, CAP_TCB, view_paddr(thread), sizeof *thread)) {
            return false;
        }
        view->threads = array;
        view->threads[view->thread_count++] = thread;
        thread = thread->all_next;
    }
    return true;
}

static void oldest_first(struct view *view)
{
    for (uint32_t i = 0; i < view->thread_count / 2; i++) {
        const struct thread *thread = view->threads[i];
        view->threads[i] = view->threads[view->thread_count - 1 - i];
        view->threads[view->thread_count - 1 - i] = thread;
    }
}

/* Scheduling contexts are found by their threads, too. */
static bool find_scs(struct view *view)
{
    for (uint32_t i = 0; i < view->thread_count; i++) {
        const struct sched_context *sc = view->threads[i]->sc;
        if (sc == NULL) {
            continue;
        }
        if (view_good(view->sim, sc, sizeof *sc) == NULL) {
            view_problem(view, "the thread at 0x%" PRIx64 " has an SC at 0x%" PRIx64 ", not in RAM",
                         view_paddr(view->threads[i]), (uint64_t)(uintptr_t)sc);
        } else if (!add_object(view, CAP_SCHED_CONTEXT, view_paddr(sc), sizeof *sc)) {
            return false;
        }
    }
    return true;
}

/* --- Where capabilities are ------------------------------------------------------------------- */

/* The object of this type that holds the slot: PLACE_UNKNOWN if there is none. */
static bool held_by(const struct view *view, struct view_cap *cap, uint8_t type)
{
    uint64_t paddr = view_paddr(cap->slot);
    uint32_t i = lower_bound(view, type, paddr + 1);
    if (i == 0 || view->objects[i - 1].type != type) {
        return false;
    }
    const struct view_object *object = &view->objects[i - 1];
    uint64_t start = object->paddr + (type == CAP_TCB ? offsetof(struct thread, slots) : 0);
    uint64_t size = type == CAP_TCB ? THREAD_SLOT_COUNT * sizeof(struct slot) : object->size;
    if (object->at == NULL || paddr < start || paddr - start >= size) {
        return false;
    }
    cap->place = type == CAP_TCB ? PLACE_TCB : PLACE_CNODE;
    cap->holder = i - 1;
    cap->index = (paddr - start) / sizeof(struct slot);
    return true;
}

static void find_places(struct view *view)
{
    uint64_t irq_slots = view_paddr(view->k->irq_slots);
    for (uint32_t i = 0; i < view->cap_count; i++) {
        struct view_cap *cap = &view->caps[i];
        uint64_t paddr = view_paddr(cap->slot);
        if (paddr >= irq_slots && paddr - irq_slots < sizeof view->k->irq_slots) {
            cap->place = PLACE_IRQ;
            cap->index = (paddr - irq_slots) / sizeof(struct slot);
        } else if (!held_by(view, cap, CAP_CNODE) && !held_by(view, cap, CAP_TCB)) {
            held_by(view, cap, CAP_ZOMBIE);
        }
        if (is_known(cap->slot->cap.type)) {
            cap->object = view_find(view, cap->slot->cap.type, view_object_of(&cap->slot->cap));
        }
        if (cap->object != VIEW_NONE) {
            struct view_object *object = &view->objects[cap->object];
            object->first = object->caps == 0 ? i : object->first;
            object->caps++;
        }
    }
}

static void check_objects(struct view *view)
{
    for (uint32_t i = 0; i < view->object_count; i++) {
        const struct view_object *object = &view->objects[i];
        if (has_memory(object->type) && !by_paddr(object->type) && object->at == NULL) {
            char label[VIEW_LABEL];
            view_problem(view, "%s is not in RAM", view_label(object->type, object->paddr, label));
        }
    }
}

/* --- Queues ----------------------------------------------------------------------------------- */

const struct thread *view_queue_next(const struct view *view, struct view_walk *walk)
{
    const struct thread *thread = view_good_thread(view->sim, walk->next);
    /* A thread is in one queue once: more steps than threads (and one idle thread for each core)
     * go round in circles. */
    if (thread == NULL || walk->steps >= view->thread_count + CONFIG_CORES) {
        return NULL;
    }
    walk->steps++;
    walk->next = thread->queue_next;
    return thread;
}

static void check_queue(struct view *view, const char *what, const struct thread *head)
{
    struct view_walk walk = {.next = head};
    while (view_queue_next(view, &walk) != NULL) {
    }
    if (walk.next == NULL) {
        return;
    }
    if (view_good_thread(view->sim, walk.next) == NULL) {
        view_problem(view, "the queue of %s leads to 0x%" PRIx64 ", no place for a thread", what,
                     (uint64_t)(uintptr_t)walk.next);
    } else {
        view_problem(view, "the queue of %s has more threads than there are", what);
    }
}

static void check_queues(struct view *view)
{
    for (uint32_t i = 0; i < view->object_count; i++) {
        const struct view_object *object = &view->objects[i];
        char label[VIEW_LABEL];
        view_label(object->type, object->paddr, label);
        if (object->at != NULL && object->type == CAP_ENDPOINT) {
            check_queue(view, label, ((const struct endpoint *)object->at)->queue.head);
        } else if (object->at != NULL && object->type == CAP_NOTIFICATION) {
            check_queue(view, label, ((const struct ntfn *)object->at)->queue.head);
        }
    }
    for (uint32_t i = 0; i < CONFIG_CORES; i++) {
        const struct core *core = &view->k->cores[i];
        check_queue(view, "threads waiting for release", core->release.head);
        for (uint32_t j = 0; j < CONFIG_DOMAINS * CONFIG_PRIORITIES; j++) {
            check_queue(view, "ready threads",
                        core->ready[j / CONFIG_PRIORITIES].queues[j % CONFIG_PRIORITIES].head);
        }
    }
}

const struct refill *view_refill(const struct view *view, const struct sched_context *sc,
                                 uint32_t i)
{
    const struct refills *r = &sc->refills;
    if (i >= r->count || r->count > r->max ||
        view_good(view->sim, r->ring, r->max * sizeof *r->ring) == NULL) {
        return NULL;
    }
    return &r->ring[(r->head + (uint64_t)i) % r->max];
}

/* --- All -------------------------------------------------------------------------------------- */

static bool fill(struct view *view)
{
    view->by_slot = view_index_create();
    struct view_index *seen = view_index_create();
    bool good = view->by_slot != NULL && seen != NULL && find_caps(view) &&
                find_threads(view, seen) && find_scs(view);
    view_index_free(seen);
    if (!good) {
        return false;
    }
    oldest_first(view);
    sort_objects(view);
    find_places(view);
    check_objects(view);
    check_queues(view);
    return view_find_spaces(view);
}

struct view *view_create(const struct sim *sim)
{
    struct view *view = calloc(1, sizeof *view);
    if (view == NULL) {
        return NULL;
    }
    view->sim = sim;
    view->k = sim_kernel(sim);
    if (!fill(view)) {
        view_free(view);
        return NULL;
    }
    return view;
}

void view_free(struct view *view)
{
    if (view == NULL) {
        return;
    }
    for (uint32_t i = 0; i < view->space_count; i++) {
        free(view->spaces[i].ranges);
    }
    free(view->spaces);
    free(view->threads);
    free(view->objects);
    free(view->caps);
    view_index_free(view->by_slot);
    free(view);
}
