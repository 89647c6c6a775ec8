/* SPDX-License-Identifier: BSD-2-Clause */

/* Bounded work, seen in two ways. Steps: accesses to memory between two preemption points, which a
 * precise watch counts. Units: what a long operation has visibly done in an entry, in the units of
 * docs/DESIGN.md ("Long operations"), each of which must have passed a preemption point; this
 * needs no precise watch. Never more than was done is seen; of containers that went, the first
 * CONTAINERS_MAX.
 */
#include <inttypes.h>
#include <stddef.h>

#include "core/ipc.h"
#include "core/kernel.h"
#include "fuzz/oracle/objects.h"
#include "fuzz/oracle/oracle.h"
#include "fuzz/oracle/source.h"

enum {
    /* What is done between two preemption points beyond units. */
    UNITS_SLACK = 8,
    /* A new object: its capability, its place in the sequence; a TCB's name, byte by byte. */
    STEPS_PER_OBJECT = 70,
    STEPS_PER_NAME = 4 * CONFIG_NAME_SIZE,
    CONTAINERS_MAX = 16,
    LINES_PER_CHUNK = ABI_RESET_CHUNK / WATCH_LINE,
    LINES_PER_OBJECT = (1 << CONFIG_TCB_BITS) / WATCH_LINE,
};

/* Debug calls print what there is, of which the contract says nothing (docs/abi/14). */
bool work_is_debug_call(const struct oracle_event *event)
{
    int64_t number = (int64_t)event->registers[REG_A7];
    return event->event == SIM_EVENT_SYSCALL && number <= ABI_SYS_DEBUG_PUT_CHAR &&
           number >= ABI_SYS_DEBUG_NAME_THREAD;
}

/* --- Steps ------------------------------------------------------------------------------------ */

/* The number of objects that an Untyped_Retype asks for, at most what it may; else 0. */
static uint64_t objects_asked_for(const struct work_event *work)
{
    const struct oracle_event *event = work->event;
    const uint64_t *buffer = source_buffer(work->world, event->subject, false);
    uint64_t cptr;
    if (!source_sends(event, &cptr) || buffer == NULL ||
        message_label(event->registers[REG_A1]) != ABI_LABEL_UNTYPED_RETYPE) {
        return 0;
    }
    uint64_t count = watch_before(&buffer[ABI_BUFFER_MSG + 5]);
    return count <= ABI_RETYPE_FAN_OUT ? count : 0;
}

uint64_t work_steps_max(const struct work_event *work)
{
    uint64_t each = STEPS_PER_OBJECT;
    if (work->event->registers[REG_A2] == ABI_OBJECT_TCB) {
        each += STEPS_PER_NAME;
    }
    return ORACLE_STEPS_BASE + (uint64_t)ORACLE_STEPS_UNIT * work->world->k->work_units_per_poll +
           each * objects_asked_for(work);
}

static bool steps_check(const struct work_event *work, struct oracle_find *find)
{
    uint64_t steps = watch_most_steps();
    char what[96];
    if (steps <= ORACLE_STEPS_BASE || steps <= work_steps_max(work)) {
        return true;
    }
    oracle_describe(work->event, what, sizeof what);
    return oracle_fail(find, "work",
                       "%" PRIu64 " steps between preemption points, at most %" PRIu64 ": %s",
                       steps, work_steps_max(work), what);
}

/* --- Units ------------------------------------------------------------------------------------ */

/* Chunks of this untyped's memory that were cleared: whole ones, but for what new objects hold. */
static uint64_t chunks_cleared(const struct work_event *work, const struct cap *untyped)
{
    uint32_t count;
    uint64_t lines = 0;
    const struct watch_line *line = watch_lines(&count);
    for (uint32_t i = 0; i < count; i++) {
        uint64_t paddr = (uint64_t)(uintptr_t)line[i].at - work->world->k->window;
        lines += paddr - untyped->paddr < (uint64_t)1 << untyped->bits;
    }
    uint64_t made = objects_asked_for(work) * LINES_PER_OBJECT;
    return lines > made ? (lines - made) / LINES_PER_CHUNK : 0;
}

/* The derivation sequence of a wrong kernel may lead anywhere, or go round in circles. */
static bool exists(const struct work_event *work, const struct slot *slots)
{
    const struct kernel *k = work->world->k;
    uint64_t left = (k->ram_top - k->ram_base) / sizeof *slots;
    for (uint32_t number = k->cdt_root.next; number != 0; number = k->slot_base[number].next) {
        const struct cap *cap = &k->slot_base[number].cap;
        if (left-- == 0 || !objects_in_ram(work->objects, cap, sizeof(struct slot))) {
            return false;
        }
        if ((cap->type == CAP_CNODE || cap->type == CAP_ZOMBIE) && cap->slots == slots) {
            return true;
        }
    }
    return false;
}

/* Containers of which capabilities were deleted: several may have been to the same one. */
struct containers {
    const struct slot *slots[CONTAINERS_MAX];
    uint32_t count;
};

/* False if the container has been counted, or can no more be. */
static bool counts(struct containers *containers, const struct slot *slots)
{
    for (uint32_t i = 0; i < containers->count; i++) {
        if (containers->slots[i] == slots) {
            return false;
        }
    }
    if (containers->count == CONTAINERS_MAX) {
        return false;
    }
    containers->slots[containers->count++] = slots;
    return true;
}

/* Slots that deleting has looked at, of the container that a slot's capability stood for. */
static uint64_t slots_examined(const struct work_event *work, struct containers *containers,
                               const struct cap *was, const struct cap *is)
{
    bool container = was->type == CAP_CNODE || was->type == CAP_ZOMBIE;
    if (was->type == CAP_ZOMBIE && is->type == CAP_ZOMBIE) {
        return was->slots == is->slots && was->left > is->left ? was->left - is->left : 0;
    }
    if (!container || is->type != CAP_NULL || exists(work, was->slots) ||
        !counts(containers, was->slots)) {
        return 0;
    }
    return was->type == CAP_ZOMBIE ? was->left : (uint64_t)1 << was->bits;
}

/* Capabilities deleted, or slots of containers that are no more, whichever are more. */
static uint64_t slots_deleted(const struct work_event *work)
{
    uint32_t count;
    uint64_t deleted = 0;
    uint64_t examined = 0;
    struct containers containers = {.count = 0};
    const struct watch_line *lines = watch_lines(&count);
    for (uint32_t i = 0; i < 2 * count; i++) {
        const struct watch_line *line = &lines[i / 2];
        const struct slot *slot = objects_slot(work->objects, line->at, i % 2);
        if (slot == NULL) {
            continue;
        }
        struct cap was = object_cap_before(&line->before[i % 2 * WATCH_LINE_WORDS / 2]);
        deleted += was.type != CAP_NULL && slot->cap.type == CAP_NULL;
        examined += slots_examined(work, &containers, &was, &slot->cap);
    }
    return deleted > examined ? deleted : examined;
}

static bool units_check(const struct work_event *work, struct oracle_find *find)
{
    const struct oracle_event *event = work->event;
    uint64_t allowed = work->world->k->work_units_per_poll * (work->polls + 1) + UNITS_SLACK;
    uint64_t cptr;
    uint64_t units = 0;
    const char *what = "slots deleted";
    if (!source_sends(event, &cptr)) {
        return true;
    }
    uint64_t label = message_label(event->registers[REG_A1]);
    if (label == ABI_LABEL_CNODE_REVOKE || label == ABI_LABEL_CNODE_DELETE) {
        units = slots_deleted(work);
    } else if (label == ABI_LABEL_UNTYPED_RETYPE) {
        const struct slot *slot = source_lookup(work->world, event->subject, cptr);
        bool untyped = slot != NULL && slot->cap.type == CAP_UNTYPED && !slot->cap.device;
        units = untyped ? chunks_cleared(work, &slot->cap) : 0;
        what = "chunks cleared";
    }
    if (units <= allowed) {
        return true;
    }
    return oracle_fail(find, "work",
                       "%" PRIu64 " %s in an entry of %" PRIu64 " looks for interrupts, one at "
                       "every %" PRIu32 " preemption points: %s",
                       units, what, work->polls, work->world->k->work_units_per_poll,
                       label == ABI_LABEL_UNTYPED_RETYPE ? "Untyped_Retype"
                                                         : "CNode_Delete, "
                                                           "CNode_Revoke");
}

bool work_check(const struct work_event *work, struct oracle_find *find)
{
    return work_is_debug_call(work->event) || (steps_check(work, find) && units_check(work, find));
}
