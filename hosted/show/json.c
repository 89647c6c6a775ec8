/* SPDX-License-Identifier: BSD-2-Clause */

/* The state as one JSON object; docs/show.md describes it. */
#include "hosted/show/json.h"

#include "core/kernel.h"
#include "core/vspace.h"
#include "hosted/show/show.h"
#include "hosted/state.h"
#include "hosted/words.h"

enum { JSON_VERSION = 1 };

void json_pointer(struct json *j, const struct view *view, const char *key, uint8_t type,
                  const void *object, uint64_t size)
{
    char label[VIEW_LABEL];
    if (object == NULL) {
        json_null(j, key);
    } else {
        json_string(j, key, view_pointer(view, type, object, size, label));
    }
}

void json_thread(struct json *j, const struct view *view, const char *key,
                 const struct thread *thread)
{
    char label[VIEW_LABEL];
    if (thread == NULL) {
        json_null(j, key);
    } else {
        json_string(j, key, view_thread(view, thread, label));
    }
}

/* --- Capabilities ----------------------------------------------------------------------------- */

void json_cap(struct json *j, const struct view *view, const struct cap *cap)
{
    char text[VIEW_LABEL];
    uint32_t object = view_find(view, cap->type, view_object_of(cap));
    json_string(j, "type", words_cap(cap->type));
    json_string(j, "object", view_object_label(view, object, text));
    switch (cap->type) {
    case CAP_ENDPOINT:
    case CAP_NOTIFICATION:
        json_string(j, "rights", view_rights(cap->rights, text));
        json_hex(j, "badge", cap->badge);
        break;
    case CAP_REPLY:
        json_string(j, "rights", view_rights(cap->rights, text));
        break;
    case CAP_FRAME:
        json_string(j, "rights", view_rights(cap->rights, text));
        json_number(j, "size_bits", cap->bits);
        json_bool(j, "device", view_flag(&cap->device));
        break;
    case CAP_UNTYPED:
        json_number(j, "size_bits", cap->bits);
        json_bool(j, "device", view_flag(&cap->device));
        break;
    case CAP_CNODE:
        json_number(j, "radix", cap->bits);
        json_hex(j, "guard", cap->guard);
        json_number(j, "guard_bits", cap->guard_bits);
        break;
    case CAP_SCHED_CONTEXT:
        json_number(j, "size_bits", cap->bits);
        break;
    case CAP_ASID_POOL:
        json_number(j, "asid_base", cap->asid_base);
        break;
    case CAP_ZOMBIE:
        json_number(j, "slots_left", cap->left);
        break;
    default:
        break;
    }
    if ((cap->type == CAP_FRAME || cap->type == CAP_PAGE_TABLE) && cap->asid != 0) {
        json_hex(j, "mapped_at", cap->vaddr);
        json_number(j, "asid", cap->asid);
    }
}

static void put_caps(struct json *j, const struct view *view)
{
    char text[VIEW_LABEL];
    json_array(j, "capabilities");
    for (uint32_t i = 0; i < view->cap_count; i++) {
        const struct view_cap *cap = &view->caps[i];
        json_object(j, NULL);
        json_number(j, "index", i);
        json_cap(j, view, &cap->slot->cap);
        json_number(j, "depth", cap->depth);
        if (cap->parent == VIEW_NONE) {
            json_null(j, "parent");
        } else {
            json_number(j, "parent", cap->parent);
        }
        json_number(j, "children", cap->children);
        json_string(j, "place", view_place(view, cap, text));
        json_bool(j, "original", (cap->slot->cap.cdt & CDT_ORIGINAL) != 0);
        json_close(j);
    }
    json_close(j);
}

static void put_cnode(struct json *j, const struct view *view, const struct view_object *object)
{
    const struct slot *slots = object->at;
    char text[VIEW_LABEL];
    json_object(j, NULL);
    json_string(j, "id", view_label(object->type, object->paddr, text));
    json_hex(j, "address", object->paddr);
    json_number(j, "slots", object->size / sizeof *slots);
    json_number(j, "named_by", object->caps);
    json_array(j, "occupied");
    for (uint64_t i = 0; i < object->size / sizeof *slots; i++) {
        if (slots[i].cap.type == CAP_NULL) {
            continue;
        }
        uint32_t index = view_cap_in(view, &slots[i]);
        json_object(j, NULL);
        json_number(j, "slot", i);
        if (index == VIEW_NONE) {
            json_null(j, "capability");
        } else {
            json_number(j, "capability", index);
        }
        json_close(j);
    }
    json_close(j);
    json_close(j);
}

void json_cap_part(struct json *j, const struct view *view)
{
    put_caps(j, view);
    json_array(j, "cnodes");
    for (uint32_t i = view_first(view, CAP_CNODE); i < view_end(view, CAP_CNODE); i++) {
        if (view->objects[i].at != NULL) {
            put_cnode(j, view, &view->objects[i]);
        }
    }
    json_close(j);
}

/* --- Memory ----------------------------------------------------------------------------------- */

static void put_space(struct json *j, const struct view_space *space)
{
    char text[VIEW_LABEL];
    json_object(j, NULL);
    json_number(j, "asid", space->asid);
    json_string(j, "root", view_label(CAP_PAGE_TABLE, view_paddr(space->root), text));
    json_number(j, "lower_tables", space->tables);
    json_array(j, "ranges");
    for (uint32_t i = 0; i < space->range_count; i++) {
        const struct view_range *r = &space->ranges[i];
        char rights[] = {(r->rights & 1) != 0 ? 'r' : '-', (r->rights & 2) != 0 ? 'w' : '-',
                         (r->rights & 4) != 0 ? 'x' : '-', '\0'};
        json_object(j, NULL);
        json_hex(j, "start", r->start);
        json_hex(j, "end", r->end);
        json_string(j, "rights", rights);
        json_number(j, "page_bits", r->bits);
        json_number(j, "pages", r->pages);
        json_hex(j, "paddr", r->paddr);
        json_bool(j, "contiguous", r->contiguous);
        json_close(j);
    }
    json_close(j);
    json_close(j);
}

void json_memory_part(struct json *j, const struct view *view)
{
    json_array(j, "address_spaces");
    for (uint32_t i = 0; i < view->space_count; i++) {
        put_space(j, &view->spaces[i]);
    }
    json_close(j);
    json_array(j, "untypeds");
    for (uint32_t i = 0; i < view->cap_count; i++) {
        const struct cap *cap = &view->caps[i].slot->cap;
        char text[VIEW_LABEL];
        if (cap->type != CAP_UNTYPED) {
            continue;
        }
        json_object(j, NULL);
        json_number(j, "capability", i);
        json_hex(j, "paddr", cap->paddr);
        json_number(j, "size_bits", cap->bits);
        json_bool(j, "device", view_flag(&cap->device));
        json_number(j, "free_bytes", view_untyped_free(&view->caps[i]));
        json_number(j, "children", view->caps[i].children);
        json_string(j, "place", view_place(view, &view->caps[i], text));
        json_close(j);
    }
    json_close(j);
}

/* --- Time ------------------------------------------------------------------------------------- */

static void put_core(struct json *j, const struct view *view, uint32_t number)
{
    const struct core *core = &view->k->cores[number];
    const struct machine_core *machine = &view->sim->machine.cores[number];
    char text[VIEW_LABEL];
    json_object(j, NULL);
    json_thread(j, view, "current", core->current);
    json_pointer(j, view, "current_sc", CAP_SCHED_CONTEXT, core->current_sc,
                 sizeof *core->current_sc);
    json_number(j, "uncharged", core->uncharged);
    if (machine->deadline == UINT64_MAX) {
        json_null(j, "deadline");
    } else {
        json_number(j, "deadline", machine->deadline);
    }
    json_string(j, "vspace", view_label(CAP_PAGE_TABLE, machine->root, text));
    json_number(j, "asid", machine->asid);
    json_thread(j, view, "fpu_owner", core->fpu_owner);
    json_bool(j, "fpu_enabled", machine->fpu_enabled);
    json_number(j, "domain", core->domain);
    json_number(j, "domain_left", core->domain_left);
    json_number(j, "domain_index", core->domain_index);
    json_close(j);
}

static void put_irqs(struct json *j, const struct view *view)
{
    const struct plic *plic = &view->sim->machine.plic;
    json_array(j, "interrupts");
    for (uint32_t i = 0; i < CONFIG_IRQ_LIMIT; i++) {
        if (view->k->irq_states[i] == IRQ_INACTIVE) {
            continue;
        }
        json_object(j, NULL);
        json_number(j, "number", i);
        json_string(j, "state", words_irq(view->k->irq_states[i]));
        if (view->k->irq_slots[i].cap.type == CAP_NULL) {
            json_null(j, "signals");
        } else {
            json_object(j, "signals");
            json_cap(j, view, &view->k->irq_slots[i].cap);
            json_close(j);
        }
        json_bool(j, "enabled", plic->enabled[0][i]);
        json_bool(j, "pending", plic->pending[i]);
        json_bool(j, "in_service", plic->in_service[i]);
        json_close(j);
    }
    json_close(j);
}

void json_time_part(struct json *j, const struct view *view)
{
    json_array(j, "cores");
    for (uint32_t i = 0; i < CONFIG_CORES; i++) {
        put_core(j, view, i);
    }
    json_close(j);
    json_array(j, "domain_schedule");
    for (uint32_t i = 0; i < CONFIG_DOMAIN_SCHEDULE; i++) {
        const struct domain_entry *entry = &view->k->domain_schedule[i];
        if (entry->duration != 0) {
            json_object(j, NULL);
            json_number(j, "entry", i);
            json_number(j, "domain", entry->domain);
            json_number(j, "duration", entry->duration);
            json_bool(j, "start", i == view->k->domain_start);
            json_close(j);
        }
    }
    json_close(j);
    put_irqs(j, view);
}

/* --- All -------------------------------------------------------------------------------------- */

static void put_head(struct json *j, const struct view *view)
{
    static const char *const words[] = {
        [SIM_RUNNING] = "running", [SIM_HALTED] = "halted", [SIM_PANICKED] = "panicked"};
    json_string(j, "format", "albireo-show");
    json_number(j, "version", JSON_VERSION);
    json_number(j, "event", sim_events(view->sim));
    json_string(j, "status", words[sim_status(view->sim)]);
    json_string(j, "message", sim_message(view->sim));
    json_number(j, "now", sim_now(view->sim));
    json_number(j, "boot_time", sim_config_of(view->sim)->start_time);
    json_number(j, "ticks_per_us", sim_config_of(view->sim)->ticks_per_us);
    json_number(j, "problem_count", view->problem_count);
    json_array(j, "problems");
    for (uint32_t i = 0; i < view->problem_count && i < VIEW_PROBLEMS; i++) {
        json_string(j, NULL, view->problems[i]);
    }
    json_close(j);
}

void show_json(const struct sim *sim, uint32_t parts, FILE *file)
{
    static const struct {
        uint32_t part;
        void (*put)(struct json *j, const struct view *view);
    } sections[] = {
        {SHOW_TIME, json_time_part},     {SHOW_THREADS, json_thread_part},
        {SHOW_QUEUES, json_queue_part},  {SHOW_CAPS, json_cap_part},
        {SHOW_MEMORY, json_memory_part},
    };
    struct view *view = view_create(sim);
    struct json json = {.file = file, .lines = 2};
    json_object(&json, NULL);
    if (view == NULL) {
        json_string(&json, "error", "out of memory");
        json_close(&json);
        return;
    }
    put_head(&json, view);
    for (size_t i = 0; i < sizeof sections / sizeof *sections; i++) {
        if ((parts & sections[i].part) != 0) {
            sections[i].put(&json, view);
        }
    }
    json_close(&json);
    view_free(view);
}
