/* SPDX-License-Identifier: BSD-2-Clause */

/* What an invocation may set depends on its arguments: priorities on the authority that is named,
 * an interrupt's notification on the right to signal it, the schedule's start on what is there. */
#include <inttypes.h>
#include <stddef.h>

#include "core/ipc.h"
#include "core/kernel.h"
#include "fuzz/oracle/rules.h"
#include "fuzz/oracle/source.h"

#define KIND "authority"

/* A system call that sends an invocation. */
struct invoked {
    const struct world *world;
    const struct oracle_event *event;
    const struct slot *slot; /* Of the invoked capability. */
    uint64_t label;
};

/* The i-th extra capability; null if there is none. */
static const struct slot *extra(const struct invoked *invoked, uint32_t i)
{
    const struct thread *caller = invoked->event->subject;
    const uint64_t *buffer = source_buffer(invoked->world, caller, false);

    if (buffer == NULL || i >= message_extra_caps(invoked->event->registers[REG_A1])) {
        return NULL;
    }
    return source_lookup(invoked->world, caller, watch_before(&buffer[ABI_BUFFER_CAPS + i]));
}

#define WORD_OF(field) (offsetof(struct thread, field) / 8)

_Static_assert(WORD_OF(priority) == WORD_OF(state), "byte_before() reads one word");
_Static_assert(WORD_OF(mcp) == WORD_OF(state), "byte_before() reads one word");

/* A byte of a thread, next to its state, before the event. */
static uint8_t byte_before(const struct thread *thread, const uint8_t *field)
{
    const uint8_t *word = (const uint8_t *)thread + offsetof(struct thread, state) / 8 * 8;
    return (uint8_t)(watch_before(word) >> 8 * (field - word));
}

static bool raised(const struct thread *thread, const uint8_t *field, uint8_t most)
{
    return *field > most && *field != byte_before(thread, field);
}

static bool priorities_hold(const struct invoked *invoked, struct oracle_find *find)
{
    const struct slot *authority = extra(invoked, 0);
    const struct thread *thread = invoked->slot->cap.thread;

    if (invoked->slot->cap.type != CAP_TCB || authority == NULL || authority->cap.type != CAP_TCB) {
        return true;
    }
    const struct thread *by = authority->cap.thread;
    uint8_t most = byte_before(by, &by->mcp);
    if (!raised(thread, &thread->priority, most) && !raised(thread, &thread->mcp, most)) {
        return true;
    }
    return oracle_fail(find, KIND,
                       "a thread gets priority %u, mcp %u by an authority whose mcp is %u",
                       thread->priority, thread->mcp, most);
}

/* Whoever installs it could signal it. */
static bool notification_holds(const struct invoked *invoked, struct oracle_find *find)
{
    const struct slot *source = extra(invoked, 0);
    uint64_t irq = invoked->slot->cap.irq;

    if (invoked->slot->cap.type != CAP_IRQ_HANDLER || irq > invoked->world->k->irq_max ||
        source == NULL || source->cap.type != CAP_NOTIFICATION ||
        (source->cap.rights & ABI_RIGHT_WRITE) != 0) {
        return true;
    }
    const struct cap *installed = &invoked->world->k->irq_slots[irq].cap;
    return installed->type != CAP_NOTIFICATION || (installed->rights & ABI_RIGHT_WRITE) != 0 ||
           oracle_fail(find, KIND, "interrupt %" PRIu64 " signals by a capability that may not",
                       irq);
}

static bool schedule_begins(const struct kernel *k, struct oracle_find *find)
{
    const struct domain_entry *first = &k->domain_schedule[k->domain_start];
    return CONFIG_DOMAINS == 1 || first->domain != 0 || first->duration != 0 ||
           oracle_fail(find, "schedule", "the schedule of domains begins with its end");
}

/* Time is given to entries of the schedule, and not to its end. */
static bool domain_has_time(const struct kernel *k, struct oracle_find *find)
{
    const struct core *core = &k->cores[0];
    return CONFIG_DOMAINS == 1 || core->domain_left != 0 ||
           oracle_fail(find, "schedule", "domain %u runs by entry %u of the schedule, without time",
                       core->domain, core->domain_index);
}

bool limits_check(const struct world *world, const struct oracle_event *event,
                  struct oracle_find *find)
{
    struct invoked invoked = {world, event, NULL, message_label(event->registers[REG_A1])};
    uint64_t cptr;

    if (!domain_has_time(world->k, find)) {
        return false;
    }
    if (!source_sends(event, &cptr)) {
        return true;
    }
    switch (invoked.label) { /* tidy: open switch */
    case ABI_LABEL_TCB_SET_PRIORITY:
    case ABI_LABEL_TCB_SET_MC_PRIORITY:
    case ABI_LABEL_TCB_SET_SCHED_PARAMS:
        invoked.slot = source_lookup(world, event->subject, cptr);
        return invoked.slot == NULL || priorities_hold(&invoked, find);
    case ABI_LABEL_IRQ_HANDLER_SET_NOTIFICATION:
        invoked.slot = source_lookup(world, event->subject, cptr);
        return invoked.slot == NULL || notification_holds(&invoked, find);
    case ABI_LABEL_DOMAIN_SCHEDULE_CONFIGURE:
    case ABI_LABEL_DOMAIN_SCHEDULE_SET_START:
        return schedule_begins(world->k, find);
    default:
        return true;
    }
}
