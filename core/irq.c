/* SPDX-License-Identifier: BSD-2-Clause */

#include "core/irq.h"

#include <stdbool.h>
#include <stddef.h>

#include "core/call.h"
#include "core/cdt.h"
#include "core/debug.h"
#include "core/destroy.h"
#include "core/kernel.h"
#include "core/machine.h"
#include "core/ntfn.h"

static void deliver(struct kernel *k, uint32_t irq)
{
    const struct cap *cap = &k->irq_slots[irq].cap;

    if (k->irq_complete_at_claim) {
        machine_irq_complete(k->machine, k->this_core, irq);
    }
    if (cap->type == CAP_NOTIFICATION) {
        ntfn_signal(k, cap->ntfn, cap->badge);
    } else if (!k->irq_reported[irq]) {
        /* Once: with the console's own interrupt, each message would raise the next one. */
        k->irq_reported[irq] = true;
        debug_unexpected_irq(k, irq, " has a handler but no notification\n");
    }
}

void irq_handle(struct kernel *k, uint32_t irq)
{
    if (irq == 0) {
        return;
    }
    if (irq <= k->irq_max && k->irq_states[irq] == IRQ_SIGNAL) {
        deliver(k, irq);
        return;
    }
    /* Nobody could acknowledge it. Completed first: a PLIC ignores the completion of a source that
     * is disabled, and would keep it from ever firing again. */
    debug_unexpected_irq(k, irq, " is nobody's: masked\n");
    machine_irq_complete(k->machine, k->this_core, irq);
    machine_irq_enable(k->machine, k->this_core, irq, false);
}

void irq_release(struct kernel *k, uint32_t irq)
{
    ASSERT(cap_is_null(&k->irq_slots[irq].cap));
    if (!k->irq_complete_at_claim) {
        /* It may be in service, and whoever gets it next has nothing to acknowledge. */
        machine_irq_complete(k->machine, k->this_core, irq);
    }
    machine_irq_enable(k->machine, k->this_core, irq, false);
    k->irq_states[irq] = IRQ_INACTIVE;
}

/* The checks and the commit that Get and GetTrigger share; the slot is named by words `index` and
 * index + 1. `trigger`: null, or the trigger mode to set. */
static enum status issue(struct kernel *k, struct call *call, uint32_t index, const bool *trigger)
{
    uint64_t irq = call_word(call, 0);
    struct slot *slot = NULL;

    if (irq == 0 || irq > k->irq_max) {
        return call_fail_range(k, call, 2, 1, k->irq_max);
    }
    if (k->irq_states[irq] != IRQ_INACTIVE) {
        return call_fail(k, call, 3);
    }
    enum status status = call_slot(k, call, 4, false, &call->extra[0]->cap, call_word(call, index),
                                   call_word(call, index + 1), &slot);
    if (status != STATUS_OK) {
        return status;
    }
    if (!cap_is_null(&slot->cap)) {
        return call_fail(k, call, 6);
    }

    /* Commit: cannot fail. */
    struct cap cap = {.irq = irq, .type = CAP_IRQ_HANDLER};
    if (trigger != NULL) {
        machine_irq_trigger(k->machine, (uint32_t)irq, *trigger);
    }
    k->irq_states[irq] = IRQ_SIGNAL;
    k->irq_reported[irq] = false;
    machine_irq_enable(k->machine, k->this_core, (uint32_t)irq, true);
    cdt_insert_copy(k, slot, call->slot, cap);
    return STATUS_OK;
}

enum status irq_control_get(struct kernel *k, struct call *call)
{
    if (call->length < 3 || call->extra_count < 1) {
        return call_fail(k, call, 1);
    }
    return issue(k, call, 1, NULL);
}

enum status irq_control_get_trigger(struct kernel *k, struct call *call)
{
    if (call->length < 4 || call->extra_count < 1) {
        return call_fail(k, call, 1);
    }
    bool edge = call_word(call, 1) != 0;
    return issue(k, call, 2, &edge);
}

enum status irq_handler_ack(struct kernel *k, struct call *call)
{
    if (!k->irq_complete_at_claim) {
        machine_irq_complete(k->machine, k->this_core, (uint32_t)call->slot->cap.irq);
    }
    return STATUS_OK;
}

enum status irq_handler_set_notification(struct kernel *k, struct call *call)
{
    if (call->extra_count < 1) {
        return call_fail(k, call, 1);
    }
    struct slot *source = call->extra[0];
    if (source->cap.type != CAP_NOTIFICATION || (source->cap.rights & ABI_RIGHT_WRITE) == 0) {
        return call_fail_cap(k, call, 2, 0);
    }
    struct slot *slot = &k->irq_slots[call->slot->cap.irq];
    struct cap cap = source->cap;
    cap.cdt = 0;

    /* Commit. Deleting the capability to the previous notification may take long, and cannot touch
     * `source`, which is another one. */
    enum status status = destroy_slot(k, slot, true);
    if (status != STATUS_OK) {
        return status;
    }
    cdt_insert_copy(k, slot, source, cap);
    k->irq_reported[call->slot->cap.irq] = false;
    return STATUS_OK;
}

enum status irq_handler_clear(struct kernel *k, struct call *call)
{
    return destroy_slot(k, &k->irq_slots[call->slot->cap.irq], true);
}
