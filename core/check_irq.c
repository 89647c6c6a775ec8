/* SPDX-License-Identifier: BSD-2-Clause */

/* kernel_check(), interrupts: I. */

#include "core/check_internal.h"

#include "core/bits.h"

static bool has_handler(const struct check *c, uint64_t irq)
{
    return c->irqs[irq / 64] / bit(irq % 64) % 2 == 1;
}

/* Marks the numbers that have a handler capability. Those of one number follow each other. */
static bool find_handlers(struct check *c)
{
    for (uint64_t i = 0; i < c->count; i++) {
        const struct cap *cap = check_cap(c, i);
        if (cap->type != CAP_IRQ_HANDLER) {
            continue;
        }
        const struct cap *previous = check_cap(c, i - 1);
        bool repeats = previous->type == CAP_IRQ_HANDLER && previous->irq == cap->irq;
        REQUIRE(c, repeats || !has_handler(c, cap->irq), "C8",
                "handler capabilities of one interrupt follow each other", check_slot(c, i));
        if (!repeats) {
            c->irqs[cap->irq / 64] += bit(cap->irq % 64);
        }
    }
    return true;
}

/* The state of a number that is the kernel's own, IRQ_INACTIVE for all others. The kernel's numbers
 * are the highest: the timer's, and with several cores two IPIs' before it. */
static enum irq_state kernel_state(const struct kernel *k, uint32_t irq)
{
    if (irq == k->irq_max) {
        return IRQ_TIMER;
    }
    return CONFIG_CORES > 1 && irq < k->irq_max && k->irq_max - irq <= 2 ? IRQ_IPI : IRQ_INACTIVE;
}

static bool check_irq(struct check *c, uint32_t irq)
{
    uint8_t state = c->k->irq_states[irq];
    const struct slot *slot = &c->k->irq_slots[irq];
    bool occupied = slot->cap.type != CAP_NULL;

    if (kernel_state(c->k, irq) != IRQ_INACTIVE) {
        REQUIRE(c, state == kernel_state(c->k, irq) && !has_handler(c, irq), "I1",
                "the kernel's interrupts are its own", slot);
    } else {
        REQUIRE(c, state == (has_handler(c, irq) ? IRQ_SIGNAL : IRQ_INACTIVE), "I2",
                "an interrupt is in use exactly while a handler capability exists", slot);
    }
    REQUIRE(c, !occupied || state == IRQ_SIGNAL, "I3",
            "only an interrupt in use has a notification", slot);
    REQUIRE(c,
            !occupied || (slot->cap.type == CAP_NOTIFICATION &&
                          (slot->cap.rights == 0 || (slot->cap.rights & ABI_RIGHT_WRITE) != 0)),
            "I4", "an interrupt's slot holds a notification that may be signalled", slot);
    return true;
}

bool check_irqs(struct check *c)
{
    REQUIRE(c, c->k->irq_max >= 1 && c->k->irq_max < CONFIG_IRQ_LIMIT, "I1",
            "the highest interrupt is within the table", c->k);
    if (!find_handlers(c)) {
        return false;
    }
    for (uint32_t irq = 0; irq < CONFIG_IRQ_LIMIT; irq++) {
        if (!check_irq(c, irq)) {
            return false;
        }
    }
    return true;
}
