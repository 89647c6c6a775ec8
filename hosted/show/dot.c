/* SPDX-License-Identifier: BSD-2-Clause */

/* The state as a Graphviz digraph. Threads that share a CSpace make a cluster with it and with
 * their address spaces; what they communicate through lies between the clusters. A CNode is a table
 * with a row for each capability that means something to people, and edges from the rows; frames,
 * untyped memory and page tables are only counted, or the picture would be of nothing else.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "core/endpoint.h"
#include "core/kernel.h"
#include "core/ntfn.h"
#include "core/reply.h"
#include "core/vspace.h"
#include "hosted/show/show.h"
#include "hosted/show/view.h"
#include "hosted/words.h"

enum {
    ROWS_MAX = 60,  /* Of a CNode. */
    RANGES_MAX = 8, /* Of an address space. */
};

struct dot {
    const struct view *view;
    uint32_t *homes; /* Of each address space: home_of(). */
    uint32_t parts;
    FILE *file;
};

static bool wants(const struct dot *d, uint32_t part)
{
    return (d->parts & part) != 0;
}

static bool is_node(uint8_t type)
{
    return type == CAP_TCB || type == CAP_CNODE || type == CAP_ENDPOINT ||
           type == CAP_NOTIFICATION || type == CAP_REPLY || type == CAP_SCHED_CONTEXT ||
           type == CAP_IRQ_HANDLER;
}

/* The address space with this root, or null. */
static const struct view_space *space_of(const struct view *view, uint64_t root)
{
    for (uint32_t i = 0; i < view->space_count; i++) {
        if (view_paddr(view->spaces[i].root) == root) {
            return &view->spaces[i];
        }
    }
    return NULL;
}

/* Whether the picture has a node for what the capability names. */
static bool names_node(const struct dot *d, const struct cap *cap)
{
    uint64_t paddr = view_object_of(cap);
    if (cap->type == CAP_PAGE_TABLE) {
        return wants(d, SHOW_MEMORY) && space_of(d->view, paddr) != NULL;
    }
    uint32_t object = view_find(d->view, cap->type, paddr);
    if (!is_node(cap->type) || object == VIEW_NONE) {
        return false;
    }
    if (cap->type == CAP_TCB || cap->type == CAP_SCHED_CONTEXT) {
        return wants(d, SHOW_THREADS) && d->view->objects[object].at != NULL;
    }
    return cap->type == CAP_IRQ_HANDLER || d->view->objects[object].at != NULL;
}

/* The thread that runs on this SC and is drawn with it, or null. */
static const struct thread *runner_of(const struct view *view, const struct sched_context *sc)
{
    uint32_t i = view_find(view, CAP_TCB, view_paddr(sc->thread));
    const struct thread *thread = i == VIEW_NONE ? NULL : view->objects[i].at;
    return thread != NULL && thread->sc == sc ? thread : NULL;
}

/* The node of an object: of an SC, the row in its thread. */
static void put_id(const struct dot *d, uint8_t type, uint64_t paddr)
{
    uint32_t i = type == CAP_SCHED_CONTEXT ? view_find(d->view, type, paddr) : VIEW_NONE;
    const struct sched_context *sc = i == VIEW_NONE ? NULL : d->view->objects[i].at;
    const struct thread *thread = sc == NULL ? NULL : runner_of(d->view, sc);
    if (thread != NULL) {
        fprintf(d->file, "\"%s_%" PRIx64 "\":sc", words_kind(CAP_TCB), view_paddr(thread));
    } else {
        fprintf(d->file, "\"%s_%" PRIx64 "\"", words_kind(type), paddr);
    }
}

/* --- Nodes ------------------------------------------------------------------------------------ */

static const char *state_colour(uint8_t state)
{
    static const char *const colours[] = {
        [THREAD_INACTIVE] = "#e8e8e8",
        [THREAD_RUNNING] = "#b7e4b0",
        [THREAD_RESTART] = "#d9f0d3",
        [THREAD_BLOCKED_ON_RECEIVE] = "#cfe1f2",
        [THREAD_BLOCKED_ON_SEND] = "#f9d6b8",
        [THREAD_BLOCKED_ON_REPLY] = "#f6e3b4",
        [THREAD_BLOCKED_ON_NOTIFICATION] = "#e2dcef",
        [THREAD_IDLE] = "#e8e8e8",
    };
    return state < sizeof colours / sizeof *colours ? colours[state] : "#ff8080";
}

static void put_budget(const struct dot *d, const struct sched_context *sc)
{
    uint64_t per_us = sim_config_of(d->view->sim)->ticks_per_us;
    uint64_t unit = per_us == 0 ? 1 : per_us;
    fprintf(d->file, "sc@%" PRIx64 ": %" PRIu64 " us", view_paddr(sc), sc->refills.budget / unit);
    if (sc->refills.period != 0) {
        fprintf(d->file, " every %" PRIu64 " us", sc->refills.period / unit);
    }
}

static void put_thread(const struct dot *d, const struct thread *thread)
{
    char label[VIEW_LABEL];
    const struct sched_context *sc = view_good(d->view->sim, thread->sc, sizeof *sc);
    fprintf(d->file, "    ");
    put_id(d, CAP_TCB, view_paddr(thread));
    fprintf(d->file,
            " [shape=box, style=\"rounded,filled\", fillcolor=\"%s\", penwidth=%s, margin=0.05, "
            "label=<<table border=\"0\" cellborder=\"0\" cellspacing=\"1\" cellpadding=\"1\">"
            "<tr><td><b>%s</b></td></tr><tr><td>%s</td></tr><tr><td>priority %u</td></tr>",
            state_colour(thread->state), thread == sim_current(d->view->sim) ? "3" : "1",
            view_thread(d->view, thread, label), words_state(thread->state), thread->priority);
    if (sc != NULL && runner_of(d->view, sc) == thread) {
        fprintf(d->file, "<tr><td port=\"sc\" bgcolor=\"#fff7d6\"><font point-size=\"9\">");
        put_budget(d, sc);
        fprintf(d->file, "</font></td></tr>");
    }
    fprintf(d->file, "</table>>];\n");
}

/* One that no thread runs on. */
static void put_sc(const struct dot *d, const struct sched_context *sc)
{
    fprintf(d->file, "  ");
    put_id(d, CAP_SCHED_CONTEXT, view_paddr(sc));
    fprintf(d->file, " [shape=box, style=filled, fillcolor=\"#fff7d6\", fontsize=9, label=<");
    put_budget(d, sc);
    fprintf(d->file, ">];\n");
}

static void put_space(const struct dot *d, const struct view_space *space)
{
    char size[VIEW_LABEL];
    fprintf(d->file, "    ");
    put_id(d, CAP_PAGE_TABLE, view_paddr(space->root));
    fprintf(d->file,
            " [shape=folder, style=filled, fillcolor=\"#f3f0e6\", fontsize=10, "
            "label=<<b>address space, ASID %u</b><br/>root %" PRIx64 ", %" PRIu32 " tables<br/>",
            space->asid, view_paddr(space->root), space->tables);
    for (uint32_t i = 0; i < space->range_count && i < RANGES_MAX; i++) {
        const struct view_range *r = &space->ranges[i];
        fprintf(d->file, "0x%" PRIx64 " %c%c%c, %" PRIu32 " x %s<br align=\"left\"/>", r->start,
                (r->rights & 1) != 0 ? 'r' : '-', (r->rights & 2) != 0 ? 'w' : '-',
                (r->rights & 4) != 0 ? 'x' : '-', r->pages, view_size(r->bits, size));
    }
    if (space->range_count > RANGES_MAX) {
        fprintf(d->file, "and %" PRIu32 " more ranges<br align=\"left\"/>",
                space->range_count - RANGES_MAX);
    }
    fprintf(d->file, ">];\n");
}

/* What the rows of a CNode leave out, counted by kind. */
static void put_rest(const struct dot *d, const struct view_object *cnode, uint32_t hidden)
{
    const struct slot *slots = cnode->at;
    uint32_t counts[256] = {0};
    uint32_t total = 0;
    for (uint64_t i = 0; i < cnode->size / sizeof *slots; i++) {
        const struct cap *cap = &slots[i].cap;
        if (cap->type != CAP_NULL && !names_node(d, cap)) {
            counts[cap->type]++;
            total++;
        }
    }
    if (total + hidden == 0) {
        return;
    }
    fprintf(d->file, "<tr><td colspan=\"2\" align=\"left\"><font color=\"#606060\">");
    const char *comma = "also ";
    for (uint32_t type = 0; type < 256; type++) {
        if (counts[type] != 0) {
            fprintf(d->file, "%s%" PRIu32 " %s%s", comma, counts[type], words_cap((uint8_t)type),
                    counts[type] == 1 ? "" : "s");
            comma = ",<br align=\"left\"/>";
        }
    }
    if (hidden != 0) {
        fprintf(d->file, "%s%" PRIu32 " more", comma, hidden);
    }
    fprintf(d->file, "<br align=\"left\"/></font></td></tr>");
}

/* A row says what the capability may do; the edge from it, to what. */
static void put_row(const struct dot *d, uint64_t index, const struct cap *cap)
{
    char text[VIEW_LABEL];
    fprintf(d->file,
            "<tr><td align=\"right\">0x%" PRIx64 "</td><td align=\"left\" port=\"s%" PRIu64 "\">%s",
            index, index, cap->type == CAP_PAGE_TABLE ? "vspace" : words_kind(cap->type));
    if (cap->type == CAP_ENDPOINT || cap->type == CAP_NOTIFICATION) {
        fprintf(d->file, " %s", view_rights(cap->rights, text));
        if (cap->badge != 0) {
            fprintf(d->file, " badge 0x%" PRIx64, cap->badge);
        }
    }
    fprintf(d->file, "</td></tr>");
}

static void put_cnode(const struct dot *d, const struct view_object *cnode)
{
    const struct slot *slots = cnode->at;
    uint64_t count = cnode->size / sizeof *slots;
    uint32_t rows = 0;
    fprintf(d->file, "    ");
    put_id(d, CAP_CNODE, cnode->paddr);
    fprintf(d->file,
            " [shape=plain, label=<<table border=\"0\" cellborder=\"1\" cellspacing=\"0\" "
            "cellpadding=\"3\" bgcolor=\"white\"><tr><td colspan=\"2\" bgcolor=\"#505860\">"
            "<font color=\"white\"><b>cnode@%" PRIx64 "</b>, %" PRIu64 " slots</font></td></tr>",
            cnode->paddr, count);
    for (uint64_t i = 0; i < count; i++) {
        if (names_node(d, &slots[i].cap) && rows++ < ROWS_MAX) {
            put_row(d, i, &slots[i].cap);
        }
    }
    put_rest(d, cnode, rows > ROWS_MAX ? rows - ROWS_MAX : 0);
    fprintf(d->file, "</table>>];\n");
}

static void put_ipc_node(const struct dot *d, const struct view_object *object)
{
    const char *shape = "ellipse";
    const char *colour = "#a8d0e6";
    char label[VIEW_LABEL];
    view_label(object->type, object->paddr, label);
    if (object->type == CAP_NOTIFICATION) {
        shape = "hexagon, margin=\"0,0.02\"";
        colour = "#f7c59f";
    } else if (object->type == CAP_REPLY) {
        shape = "cds";
        colour = "#d8c4e8";
    } else if (object->type == CAP_IRQ_HANDLER) {
        shape = "invtriangle";
        colour = "#f4a6a6";
    }
    fprintf(d->file, "  ");
    put_id(d, object->type, object->paddr);
    fprintf(d->file, " [shape=%s, style=filled, fillcolor=\"%s\", label=<<b>%s</b>", shape, colour,
            label);
    if (object->type == CAP_NOTIFICATION && object->at != NULL) {
        const struct ntfn *ntfn = object->at;
        fprintf(d->file, "<br/>%s", words_ntfn(ntfn->state));
        if (ntfn->badge != 0) {
            fprintf(d->file, " 0x%" PRIx64, ntfn->badge);
        }
    }
    fprintf(d->file, ">];\n");
}

/* --- Edges ------------------------------------------------------------------------------------ */

static const char *edge_style(uint8_t type)
{
    switch (type) {
    case CAP_ENDPOINT:
        return "color=\"#2f6f9f\"";
    case CAP_NOTIFICATION:
        return "color=\"#c06010\"";
    case CAP_REPLY:
        return "color=\"#8050a0\"";
    case CAP_IRQ_HANDLER:
        return "color=\"#c03030\"";
    default:
        return "color=\"#b0b0b0\"";
    }
}

static void put_cnode_edges(const struct dot *d, const struct view_object *cnode)
{
    const struct slot *slots = cnode->at;
    uint32_t rows = 0;
    for (uint64_t i = 0; i < cnode->size / sizeof *slots && rows < ROWS_MAX; i++) {
        const struct cap *cap = &slots[i].cap;
        if (!names_node(d, cap)) {
            continue;
        }
        rows++;
        /* A CNode's capability to itself would only be a knot. */
        if (cap->type == CAP_CNODE && view_object_of(cap) == cnode->paddr) {
            continue;
        }
        fprintf(d->file, "  ");
        put_id(d, CAP_CNODE, cnode->paddr);
        fprintf(d->file, ":s%" PRIu64 " -> ", i);
        put_id(d, cap->type, view_object_of(cap));
        fprintf(d->file, " [%s];\n", edge_style(cap->type));
    }
}

/* The CNode that is the thread's CSpace, as an index of objects; VIEW_NONE: none. */
static uint32_t cspace_of(const struct view *view, const struct thread *thread)
{
    const struct cap *cap = &thread->slots[THREAD_CSPACE].cap;
    return cap->type == CAP_CNODE ? view_find(view, CAP_CNODE, view_object_of(cap)) : VIEW_NONE;
}

/* The cluster of an address space: of the first thread that uses it. */
static uint32_t home_of(const struct view *view, const struct page_table *root)
{
    for (uint32_t i = 0; i < view->thread_count; i++) {
        const struct cap *cap = &view->threads[i]->slots[THREAD_VSPACE].cap;
        if (cap->type == CAP_PAGE_TABLE && cap->table == root) {
            return cspace_of(view, view->threads[i]);
        }
    }
    return VIEW_NONE;
}

/* Null if out of memory. */
static uint32_t *find_homes(const struct view *view)
{
    uint32_t *homes = view == NULL ? NULL : calloc(view->space_count + 1u, sizeof *homes);
    for (uint32_t i = 0; homes != NULL && i < view->space_count; i++) {
        homes[i] = home_of(view, view->spaces[i].root);
    }
    return homes;
}

/* The thread runs in the only address space of its cluster: that needs no edge. */
static bool is_at_home(const struct dot *d, const struct thread *thread)
{
    const struct view *view = d->view;
    uint32_t cspace = cspace_of(view, thread);
    uint32_t spaces = 0;
    bool own = false;
    for (uint32_t i = 0; i < view->space_count; i++) {
        if (d->homes[i] == cspace) {
            spaces++;
            own = own || view->spaces[i].root == thread->slots[THREAD_VSPACE].cap.table;
        }
    }
    return own && spaces == 1 && cspace != VIEW_NONE;
}

/* From a thread to something that it refers to, if the picture has that. */
static void put_edge(const struct dot *d, const struct thread *thread, uint8_t type,
                     const void *object, const char *attributes)
{
    uint32_t found = view_find(d->view, type, view_paddr(object));
    if (object == NULL || found == VIEW_NONE || d->view->objects[found].at == NULL) {
        return;
    }
    fprintf(d->file, "  ");
    put_id(d, CAP_TCB, view_paddr(thread));
    fprintf(d->file, " -> ");
    put_id(d, type, view_paddr(object));
    fprintf(d->file, " [%s];\n", attributes);
}

static void put_handler(const struct dot *d, const struct thread *thread, uint32_t slot,
                        const char *name)
{
    const struct cap *cap = &thread->slots[slot].cap;
    if (cap->type != CAP_ENDPOINT) {
        return;
    }
    char attributes[160];
    snprintf(attributes, sizeof attributes,
             "style=dotted, color=\"#c03030\", fontcolor=\"#c03030\", label=\"%s, badge 0x%" PRIx64
             "\"",
             name, cap->badge);
    put_edge(d, thread, CAP_ENDPOINT, cap->endpoint, attributes);
}

static void put_thread_edges(const struct dot *d, const struct thread *thread)
{
    const struct cap *vspace = &thread->slots[THREAD_VSPACE].cap;
    if (names_node(d, vspace) && vspace->type == CAP_PAGE_TABLE && !is_at_home(d, thread)) {
        put_edge(d, thread, CAP_PAGE_TABLE, vspace->table, "penwidth=2, color=\"#b0a070\"");
    }
    if (wants(d, SHOW_CAPS)) {
        put_handler(d, thread, THREAD_FAULT_HANDLER, "faults");
        put_handler(d, thread, THREAD_TIMEOUT_HANDLER, "timeouts");
    }
    if (!wants(d, SHOW_QUEUES)) {
        return;
    }
    put_edge(d, thread, CAP_NOTIFICATION, thread->bound_ntfn,
             "style=dashed, arrowhead=none, color=\"#c06010\", label=\"bound\"");
    if (thread->state == THREAD_BLOCKED_ON_NOTIFICATION) {
        put_edge(d, thread, CAP_NOTIFICATION, thread->ntfn,
                 "style=bold, penwidth=2.5, color=\"#c06010\", fontcolor=\"#c06010\", "
                 "label=\"waits\"");
    } else if (thread->state == THREAD_BLOCKED_ON_RECEIVE) {
        put_edge(d, thread, CAP_ENDPOINT, thread->endpoint,
                 "penwidth=2.5, color=\"#2f6f9f\", fontcolor=\"#2f6f9f\", label=\"receives\"");
    } else if (thread->state == THREAD_BLOCKED_ON_SEND) {
        put_edge(d, thread, CAP_ENDPOINT, thread->endpoint,
                 "penwidth=2.5, color=\"#d07020\", fontcolor=\"#d07020\", label=\"sends\"");
    }
    put_edge(d, thread, CAP_REPLY, thread->reply,
             thread->state == THREAD_BLOCKED_ON_REPLY
                 ? "penwidth=2.5, color=\"#8050a0\", fontcolor=\"#8050a0\", label=\"awaits\""
                 : "style=dashed, color=\"#8050a0\"");
}

static void put_reply_edges(const struct dot *d, const struct view_object *object)
{
    const struct reply *reply = object->at;
    uint32_t sc = view_find(d->view, CAP_SCHED_CONTEXT, view_paddr(reply->sc));
    if (reply->sc != NULL && sc != VIEW_NONE && d->view->objects[sc].at != NULL) {
        fprintf(d->file, "  ");
        put_id(d, CAP_REPLY, object->paddr);
        fprintf(d->file, " -> ");
        put_id(d, CAP_SCHED_CONTEXT, view_paddr(reply->sc));
        fprintf(d->file, " [style=dashed, color=\"#b09030\", fontcolor=\"#907010\", "
                         "label=\"time\"];\n");
    }
}

static void put_irq_edges(const struct dot *d, const struct view_object *object)
{
    const struct cap *cap =
        object->paddr < CONFIG_IRQ_LIMIT ? &d->view->k->irq_slots[object->paddr].cap : NULL;
    if (cap != NULL && cap->type == CAP_NOTIFICATION && names_node(d, cap)) {
        fprintf(d->file, "  ");
        put_id(d, CAP_IRQ_HANDLER, object->paddr);
        fprintf(d->file, " -> ");
        put_id(d, CAP_NOTIFICATION, view_object_of(cap));
        fprintf(d->file, " [color=\"#c03030\", label=\"signals, badge 0x%" PRIx64 "\"];\n",
                cap->badge);
    }
}

/* --- Clusters --------------------------------------------------------------------------------- */

/* What belongs to one CSpace, or (VIEW_NONE) to none. */
static void put_members(const struct dot *d, uint32_t cspace)
{
    const struct view *view = d->view;
    for (uint32_t i = 0; i < view->thread_count && wants(d, SHOW_THREADS); i++) {
        if (cspace_of(view, view->threads[i]) == cspace) {
            put_thread(d, view->threads[i]);
        }
    }
    for (uint32_t i = 0; i < view->space_count && wants(d, SHOW_MEMORY); i++) {
        if (d->homes[i] == cspace) {
            put_space(d, &view->spaces[i]);
        }
    }
}

static bool is_cspace(const struct view *view, uint32_t cnode)
{
    for (uint32_t i = 0; i < view->thread_count; i++) {
        if (cspace_of(view, view->threads[i]) == cnode) {
            return true;
        }
    }
    return false;
}

static void put_clusters(const struct dot *d)
{
    const struct view *view = d->view;
    for (uint32_t i = view_first(view, CAP_CNODE); i < view_end(view, CAP_CNODE); i++) {
        bool cluster = is_cspace(view, i);
        if (cluster) {
            fprintf(d->file,
                    "  subgraph \"cluster_%" PRIx64 "\" {\n"
                    "    label=\"\"; style=\"rounded,filled\"; color=\"#c8ccd0\"; "
                    "fillcolor=\"#f8f9fa\";\n",
                    view->objects[i].paddr);
        }
        if (wants(d, SHOW_CAPS) && view->objects[i].at != NULL) {
            put_cnode(d, &view->objects[i]);
        }
        if (cluster) {
            put_members(d, i);
            fprintf(d->file, "  }\n");
        }
    }
    put_members(d, VIEW_NONE);
}

/* --- All -------------------------------------------------------------------------------------- */

static bool is_ipc(const struct view_object *object)
{
    bool memory = object->type == CAP_ENDPOINT || object->type == CAP_NOTIFICATION ||
                  object->type == CAP_REPLY;
    return object->type == CAP_IRQ_HANDLER || (memory && object->at != NULL);
}

static void put_nodes(const struct dot *d)
{
    put_clusters(d);
    uint32_t end = view_end(d->view, CAP_SCHED_CONTEXT);
    for (uint32_t i = view_first(d->view, CAP_SCHED_CONTEXT); i < end && wants(d, SHOW_THREADS);
         i++) {
        const struct sched_context *sc = d->view->objects[i].at;
        if (sc != NULL && runner_of(d->view, sc) == NULL) {
            put_sc(d, sc);
        }
    }
    for (uint32_t i = 0; i < d->view->object_count; i++) {
        if (is_ipc(&d->view->objects[i]) && (wants(d, SHOW_CAPS) || wants(d, SHOW_QUEUES))) {
            put_ipc_node(d, &d->view->objects[i]);
        }
    }
}

static void put_edges(const struct dot *d)
{
    for (uint32_t i = 0; i < d->view->thread_count && wants(d, SHOW_THREADS); i++) {
        put_thread_edges(d, d->view->threads[i]);
    }
    for (uint32_t i = 0; i < d->view->object_count; i++) {
        const struct view_object *object = &d->view->objects[i];
        if (object->type == CAP_CNODE && object->at != NULL && wants(d, SHOW_CAPS)) {
            put_cnode_edges(d, object);
        } else if (object->type == CAP_REPLY && object->at != NULL && wants(d, SHOW_QUEUES) &&
                   wants(d, SHOW_THREADS)) {
            put_reply_edges(d, object);
        } else if (object->type == CAP_IRQ_HANDLER && wants(d, SHOW_CAPS)) {
            put_irq_edges(d, object);
        }
    }
}

static void put_caption(const struct dot *d)
{
    const struct sim *sim = d->view->sim;
    uint64_t per_us = sim_config_of(sim)->ticks_per_us;
    uint64_t ticks = sim_now(sim) - sim_config_of(sim)->start_time;
    fprintf(d->file,
            "  label=\"The system after event %" PRIu64 ", %" PRIu64 " us after boot%s\";\n",
            sim_events(sim), per_us == 0 ? ticks : ticks / per_us,
            d->view->problem_count == 0 ? "" : "; its state has problems");
}

void show_dot(const struct sim *sim, uint32_t parts, FILE *file)
{
    struct view *view = view_create(sim);
    struct dot d = {.view = view, .homes = find_homes(view), .parts = parts, .file = file};
    fprintf(
        file,
        "digraph albireo {\n"
        "  graph [rankdir=LR, nodesep=0.18, ranksep=0.9, fontname=\"Helvetica,Arial,sans-serif\", "
        "bgcolor=white];\n"
        "  node [fontname=\"Helvetica,Arial,sans-serif\", fontsize=11];\n"
        "  edge [fontname=\"Helvetica,Arial,sans-serif\", fontsize=9, arrowsize=0.7];\n");
    if (d.homes == NULL) {
        fprintf(file, "  \"out of memory\";\n");
    } else {
        put_caption(&d);
        put_nodes(&d);
        put_edges(&d);
    }
    fprintf(file, "}\n");
    free(d.homes);
    view_free(view);
}
