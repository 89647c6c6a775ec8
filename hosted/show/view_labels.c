/* SPDX-License-Identifier: BSD-2-Clause */

/* What things are called. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "core/kernel.h"
#include "hosted/show/view.h"
#include "hosted/words.h"

enum { NAME_LENGTH = 31 };

static bool is_plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (c != '\0' && strchr("_.'-", c) != NULL);
}

const char *view_thread(const struct view *view, const struct thread *thread, char text[VIEW_LABEL])
{
    if (thread == NULL) {
        snprintf(text, VIEW_LABEL, "nobody");
        return text;
    }
    if (view_good_thread(view->sim, thread) == NULL) {
        snprintf(text, VIEW_LABEL, "bad pointer 0x%" PRIx64, (uint64_t)(uintptr_t)thread);
        return text;
    }
    for (uint32_t i = 0; i < CONFIG_CORES; i++) {
        if (thread == &view->k->cores[i].idle_thread) {
            snprintf(text, VIEW_LABEL, "idle");
            return text;
        }
    }
    size_t length = strnlen(thread->name, NAME_LENGTH);
    for (size_t i = 0; i < length; i++) {
        text[i] = thread->name[i];
        if (!is_plain(text[i])) {
            text[i] = '_';
        }
    }
    snprintf(text + length, VIEW_LABEL - length, "@%" PRIx64, view_paddr(thread));
    return text;
}

const char *view_label(uint8_t type, uint64_t paddr, char text[VIEW_LABEL])
{
    switch (type) {
    case CAP_NULL:
    case CAP_IRQ_CONTROL:
    case CAP_ASID_CONTROL:
    case CAP_DOMAIN:
        snprintf(text, VIEW_LABEL, "%s", words_kind(type));
        break;
    case CAP_IRQ_HANDLER:
    case CAP_SCHED_CONTROL:
        snprintf(text, VIEW_LABEL, "%s-%" PRIu64, words_kind(type), paddr);
        break;
    default:
        snprintf(text, VIEW_LABEL, "%s@%" PRIx64, words_kind(type), paddr);
        break;
    }
    return text;
}

const char *view_pointer(const struct view *view, uint8_t type, const void *object, uint64_t size,
                         char text[VIEW_LABEL])
{
    if (object == NULL) {
        snprintf(text, VIEW_LABEL, "none");
    } else if (view_good(view->sim, object, size) == NULL) {
        snprintf(text, VIEW_LABEL, "bad pointer 0x%" PRIx64, (uint64_t)(uintptr_t)object);
    } else {
        view_label(type, view_paddr(object), text);
    }
    return text;
}

const char *view_object_label(const struct view *view, uint32_t object, char text[VIEW_LABEL])
{
    if (object == VIEW_NONE) {
        snprintf(text, VIEW_LABEL, "nothing known");
        return text;
    }
    const struct view_object *o = &view->objects[object];
    if (o->type == CAP_TCB && o->at != NULL) {
        return view_thread(view, o->at, text);
    }
    return view_label(o->type, o->paddr, text);
}

const char *view_place(const struct view *view, const struct view_cap *cap, char text[VIEW_LABEL])
{
    char holder[VIEW_LABEL];
    switch (cap->place) {
    case PLACE_CNODE:
        snprintf(text, VIEW_LABEL, "%.50s[0x%" PRIx64 "]",
                 view_object_label(view, cap->holder, holder), cap->index);
        break;
    case PLACE_TCB:
        snprintf(text, VIEW_LABEL, "%.60s.%s", view_object_label(view, cap->holder, holder),
                 words_thread_slot((uint32_t)cap->index));
        break;
    case PLACE_IRQ:
        snprintf(text, VIEW_LABEL, "interrupt %" PRIu64, cap->index);
        break;
    case PLACE_UNKNOWN:
        snprintf(text, VIEW_LABEL, "slot 0x%" PRIx64, view_paddr(cap->slot));
        break;
    }
    return text;
}

const char *view_rights(uint8_t rights, char text[VIEW_LABEL])
{
    snprintf(text, VIEW_LABEL, "%c%c%c%c", (rights & ABI_RIGHT_READ) != 0 ? 'r' : '-',
             (rights & ABI_RIGHT_WRITE) != 0 ? 'w' : '-',
             (rights & ABI_RIGHT_GRANT) != 0 ? 'g' : '-',
             (rights & ABI_RIGHT_GRANT_REPLY) != 0 ? 'p' : '-');
    return text;
}

const char *view_size(uint32_t bits, char text[VIEW_LABEL])
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB"};
    uint32_t unit = bits < 40 ? bits / 10 : 3;
    if (bits < 64) {
        snprintf(text, VIEW_LABEL, "%" PRIu64 " %s", (uint64_t)1 << (bits - 10 * unit),
                 units[unit]);
    } else {
        snprintf(text, VIEW_LABEL, "2^%" PRIu32 " bytes", bits);
    }
    return text;
}

static void describe_memory(const struct cap *cap, char text[VIEW_CAP])
{
    char size[VIEW_LABEL];
    char rights[VIEW_LABEL];
    const char *device = view_flag(&cap->device) ? " device" : "";
    view_size(cap->bits, size);
    if (cap->type == CAP_UNTYPED) {
        snprintf(text, VIEW_CAP, " %s%s", size, device);
        return;
    }
    rights[0] = (cap->rights & ABI_RIGHT_READ) != 0 ? 'r' : '-';
    rights[1] = (cap->rights & ABI_RIGHT_WRITE) != 0 ? 'w' : '-';
    rights[2] = '\0';
    int length = snprintf(text, VIEW_CAP, " %s%s %s", size, device, rights);
    if (cap_is_mapped(cap) && length > 0 && length < VIEW_CAP) {
        snprintf(text + length, (size_t)(VIEW_CAP - length), ", at 0x%" PRIx64 " in ASID %u",
                 cap->vaddr, cap->asid);
    }
}

void view_cap_details(const struct cap *cap, char text[VIEW_CAP])
{
    char rights[VIEW_LABEL];
    text[0] = '\0';
    switch (cap->type) {
    case CAP_UNTYPED:
    case CAP_FRAME:
        describe_memory(cap, text);
        break;
    case CAP_ENDPOINT:
    case CAP_NOTIFICATION:
        snprintf(text, VIEW_CAP, " %s", view_rights(cap->rights, rights));
        if (cap->badge != 0) {
            snprintf(text + 5, VIEW_CAP - 5, " badge 0x%" PRIx64, cap->badge);
        }
        break;
    case CAP_REPLY:
        snprintf(text, VIEW_CAP, " %s", view_rights(cap->rights, rights));
        break;
    case CAP_CNODE:
        snprintf(text, VIEW_CAP, " of 2^%u slots, guard 0x%" PRIx64 " of %u bits", cap->bits,
                 cap->guard, cap->guard_bits);
        break;
    case CAP_PAGE_TABLE:
        if (cap_is_mapped(cap)) {
            snprintf(text, VIEW_CAP, " at 0x%" PRIx64 " in ASID %u", cap->vaddr, cap->asid);
        }
        break;
    case CAP_ASID_POOL:
        snprintf(text, VIEW_CAP, " of ASIDs from %" PRIu64, cap->asid_base);
        break;
    case CAP_SCHED_CONTEXT:
        snprintf(text, VIEW_CAP, " of 2^%u bytes", cap->bits);
        break;
    case CAP_ZOMBIE:
        snprintf(text, VIEW_CAP, " of a %s, %" PRIu32 " slots to go",
                 cap->bits == 0 ? "TCB" : "CNode", cap->left);
        break;
    default:
        break;
    }
}

uint64_t view_untyped_free(const struct view_cap *cap)
{
    uint64_t free_index = cap->slot->cap.free_index;
    uint32_t bits = cap->slot->cap.bits;
    uint64_t size = bits < 60 ? (uint64_t)1 << bits : 0;
    if (cap->children == 0) {
        return size;
    }
    return free_index < size / 16 ? size - free_index * 16 : 0;
}

const char *view_describe(const struct view *view, const struct view_cap *cap, char text[VIEW_CAP])
{
    char label[VIEW_LABEL];
    char details[VIEW_CAP];
    view_cap_details(&cap->slot->cap, details);
    if (cap->slot->cap.type == CAP_UNTYPED) {
        snprintf(details + strlen(details), 40, ", %" PRIu64 " bytes free", view_untyped_free(cap));
    }
    snprintf(text, VIEW_CAP, "%.79s%.150s", view_object_label(view, cap->object, label), details);
    return text;
}

const char *view_fault(const struct fault *fault, char text[VIEW_CAP])
{
    const char *name = words_fault(fault->type);
    switch (fault->type) {
    case FAULT_CAP:
        snprintf(text, VIEW_CAP,
                 "%s: pointer 0x%" PRIx64 " while %s: %s, %u bits left, %u found, guard 0x%" PRIx64,
                 name, fault->address, view_flag(&fault->receive_phase) ? "receiving" : "sending",
                 words_lookup(fault->lookup_kind), fault->bits_left, fault->bits_found,
                 fault->code);
        break;
    case FAULT_VM:
        snprintf(text, VIEW_CAP, "%s: %s at 0x%" PRIx64 ", cause %" PRIu64, name,
                 view_flag(&fault->fetch) ? "instruction" : "data", fault->address, fault->code);
        break;
    case FAULT_UNKNOWN_SYSCALL:
        snprintf(text, VIEW_CAP, "%s: number %" PRId64, name, (int64_t)fault->address);
        break;
    case FAULT_USER_EXCEPTION:
        snprintf(text, VIEW_CAP, "%s: number %" PRIu64 ", code 0x%" PRIx64, name, fault->address,
                 fault->code);
        break;
    case FAULT_TIMEOUT:
        snprintf(text, VIEW_CAP, "%s: badge 0x%" PRIx64, name, fault->address);
        break;
    default:
        snprintf(text, VIEW_CAP, "%s", name);
        break;
    }
    return text;
}
