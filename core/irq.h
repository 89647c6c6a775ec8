/* SPDX-License-Identifier: BSD-2-Clause */

/* Interrupts: delivery, and the capabilities that stand for them, docs/abi/10. */
#ifndef CORE_IRQ_H
#define CORE_IRQ_H

#include <stdint.h>

#include "core/status.h"

struct call;
struct kernel;

/* Handles a claimed external interrupt; 0 is spurious and ignored. */
void irq_handle(struct kernel *k, uint32_t irq);

/* The last handler capability is gone and the notification detached: mask, and make it free. */
void irq_release(struct kernel *k, uint32_t irq);

MUST_USE enum status irq_control_get(struct kernel *k, struct call *call);
MUST_USE enum status irq_control_get_trigger(struct kernel *k, struct call *call);
MUST_USE enum status irq_handler_ack(struct kernel *k, struct call *call);
MUST_USE enum status irq_handler_set_notification(struct kernel *k, struct call *call);
MUST_USE enum status irq_handler_clear(struct kernel *k, struct call *call);

#endif
