/* SPDX-License-Identifier: BSD-2-Clause */

/* The state as text: capabilities and memory. */
#include <inttypes.h>

#include "core/kernel.h"
#include "core/vspace.h"
#include "hosted/show/text.h"
#include "hosted/words.h"

/* --- Capabilities ----------------------------------------------------------------------------- */

static bool same_place(const struct view_cap *a, const struct view_cap *b)
{
    return a->place == PLACE_CNODE && b->place == PLACE_CNODE && a->holder == b->holder &&
           b->index == a->index + 1;
}

/* Frames or untypeds that lie side by side in memory and in their CNode, alike in all else. */
static bool goes_on(const struct view_cap *a, const struct view_cap *b)
{
    const struct cap *x = &a->slot->cap;
    const struct cap *y = &b->slot->cap;
    bool memory = x->type == CAP_FRAME || x->type == CAP_UNTYPED;
    if (!memory || y->type != x->type || y->bits != x->bits || x->bits >= 64 || a->children != 0 ||
        b->children != 0 || a->depth != b->depth || !same_place(a, b)) {
        return false;
    }
    uint64_t size = (uint64_t)1 << x->bits;
    if (y->paddr != x->paddr + size || y->rights != x->rights || y->asid != x->asid ||
        y->cdt != x->cdt || view_flag(&y->device) != view_flag(&x->device)) {
        return false;
    }
    return x->type == CAP_UNTYPED ? y->free_index == x->free_index
                                  : x->asid == 0 || y->vaddr == x->vaddr + size;
}

/* How many capabilities from `first` on make one line. */
static uint32_t run_length(const struct view *view, uint32_t first)
{
    uint32_t count = 1;
    while (first + count < view->cap_count &&
           goes_on(&view->caps[first + count - 1], &view->caps[first + count])) {
        count++;
    }
    return count;
}

static void put_run(const struct view *view, uint32_t first, uint32_t count, FILE *file)
{
    const struct view_cap *cap = &view->caps[first];
    char text[VIEW_CAP];
    char place[VIEW_LABEL];
    enum { DEPTH_SHOWN = 40 };
    uint32_t depth = cap->depth < DEPTH_SHOWN ? cap->depth : DEPTH_SHOWN;
    int indent = 2 + 2 * (int)depth;
    fprintf(file, "%*s%s", indent, "", view_describe(view, cap, text));
    fprintf(file, "  in %s", view_place(view, cap, place));
    if (count > 1) {
        uint64_t all = (uint64_t)count << cap->slot->cap.bits;
        fprintf(file, " and so on: %" PRIu32 " side by side, to 0x%" PRIx64 " in slot 0x%" PRIx64,
                count, cap->slot->cap.paddr + all, cap->index + count - 1);
    }
    fprintf(file, "\n");
}

static void put_tree(const struct view *view, FILE *file)
{
    fprintf(file, "\nCapabilities in the order of derivation, children indented (%" PRIu32 ")\n",
            view->cap_count);
    for (uint32_t i = 0; i < view->cap_count;) {
        uint32_t count = run_length(view, i);
        put_run(view, i, count, file);
        i += count;
    }
}

/* --- CNodes ----------------------------------------------------------------------------------- */

static uint32_t put_slot(const struct view *view, const struct slot *slots, uint64_t index,
                         FILE *file)
{
    const struct slot *slot = &slots[index];
    uint32_t i = view_cap_in(view, slot);
    if (i == VIEW_NONE) {
        fprintf(file, "    0x%-6" PRIx64 " %s, NOT in the derivation sequence\n", index,
                words_cap(slot->cap.type));
        return 1;
    }
    char text[VIEW_CAP];
    uint32_t count = run_length(view, i);
    fprintf(file, "    0x%-6" PRIx64 " %s", index, view_describe(view, &view->caps[i], text));
    if (count > 1) {
        fprintf(file, " and so on, to slot 0x%" PRIx64, index + count - 1);
    }
    fprintf(file, "\n");
    return count;
}

static void put_cnode(const struct view *view, const struct view_object *object, FILE *file)
{
    const struct slot *slots = object->at;
    char label[VIEW_LABEL];
    fprintf(file, "  %s, %" PRIu64 " slots, named by %" PRIu32 " capabilities\n",
            view_label(object->type, object->paddr, label), object->size / sizeof *slots,
            object->caps);
    for (uint64_t i = 0; i < object->size / sizeof *slots;) {
        i += slots[i].cap.type == CAP_NULL ? 1 : put_slot(view, slots, i, file);
    }
}

void text_caps(const struct view *view, FILE *file)
{
    put_tree(view, file);
    fprintf(file, "\nCNodes and their occupied slots\n");
    for (uint32_t i = view_first(view, CAP_CNODE); i < view_end(view, CAP_CNODE); i++) {
        if (view->objects[i].at != NULL) {
            put_cnode(view, &view->objects[i], file);
        }
    }
}

/* --- Memory ----------------------------------------------------------------------------------- */

static void put_space(const struct view *view, const struct view_space *space, FILE *file)
{
    char label[VIEW_LABEL];
    fprintf(file, "  ASID %u, root %s, %" PRIu32 " tables below it\n", space->asid,
            view_label(CAP_PAGE_TABLE, view_paddr(space->root), label), space->tables);
    for (uint32_t i = 0; i < view->thread_count; i++) {
        const struct cap *root = &view->threads[i]->slots[THREAD_VSPACE].cap;
        if (root->type == CAP_PAGE_TABLE && root->table == space->root) {
            fprintf(file, "    of %s\n", view_thread(view, view->threads[i], label));
        }
    }
    for (uint32_t i = 0; i < space->range_count; i++) {
        const struct view_range *r = &space->ranges[i];
        fprintf(file,
                "    0x%010" PRIx64 "..0x%010" PRIx64 " %c%c%c %6" PRIu32 " x %-6s %s 0x%" PRIx64
                "\n",
                r->start, r->end, (r->rights & 1) != 0 ? 'r' : '-',
                (r->rights & 2) != 0 ? 'w' : '-', (r->rights & 4) != 0 ? 'x' : '-', r->pages,
                view_size(r->bits, label), r->contiguous ? "at" : "scattered, first at", r->paddr);
    }
}

static void put_untyped(const struct view *view, uint32_t index, FILE *file)
{
    const struct view_cap *cap = &view->caps[index];
    char label[VIEW_LABEL];
    fprintf(file, "  0x%010" PRIx64 " %9s%s, %" PRIu64 " bytes free, %" PRIu32 " children",
            cap->slot->cap.paddr, view_size(cap->slot->cap.bits, label),
            view_flag(&cap->slot->cap.device) ? " of device memory" : "", view_untyped_free(cap),
            cap->children);
    fprintf(file, "  in %s\n", view_place(view, cap, label));
}

void text_memory(const struct view *view, FILE *file)
{
    fprintf(file, "\nAddress spaces\n");
    for (uint32_t i = 0; i < view->space_count; i++) {
        put_space(view, &view->spaces[i], file);
    }
    fprintf(file, "\nUntyped memory\n");
    for (uint32_t i = 0; i < view->cap_count; i++) {
        if (view->caps[i].slot->cap.type == CAP_UNTYPED) {
            put_untyped(view, i, file);
        }
    }
}
