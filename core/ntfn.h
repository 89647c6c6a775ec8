/* SPDX-License-Identifier: BSD-2-Clause */

/* Notification: a word of badges that threads can wait for, docs/abi/07 sections 7.7 to 7.9.
 *
 * Invariant: waiting if and only if the queue is not empty; badges are pending only while active.
 */
#ifndef CORE_NTFN_H
#define CORE_NTFN_H

#include <stdbool.h>
#include <stdint.h>

#include "core/queue.h"
#include "core/status.h"

struct kernel;
struct sched_context;
struct thread;

enum ntfn_state { NTFN_IDLE, NTFN_WAITING, NTFN_ACTIVE };

struct ntfn {
    struct thread_list queue;
    uint64_t badge; /* OR of the signals not yet received. */
    struct thread *bound;
    struct sched_context *sc;
    uint8_t state; /* enum ntfn_state. */
    uint64_t reserved[2];
};

STATIC_ASSERT(sizeof(struct ntfn) == 1u << ABI_NOTIFICATION_BITS, "notification size");

void ntfn_signal(struct kernel *k, struct ntfn *ntfn, uint64_t badge);

/* Waits or polls for `thread`. */
void ntfn_wait(struct kernel *k, struct ntfn *ntfn, struct thread *thread, bool blocking);

/* Delivers an active bound notification to a receiving thread, docs/abi/07 section 7.3 step 1. */
void ntfn_complete(struct kernel *k, struct ntfn *ntfn, struct thread *thread);

void ntfn_cancel(struct kernel *k, struct thread *thread);
void ntfn_reorder(struct thread *thread);
void ntfn_bind(struct ntfn *ntfn, struct thread *thread);
void ntfn_unbind(struct ntfn *ntfn);

/* Restarts every waiter, preemptibly. */
MUST_USE enum status ntfn_cancel_all(struct kernel *k, struct ntfn *ntfn, bool preemptible);

/* If the thread runs on the notification's SC, gives it back. */
void ntfn_return_sc(struct kernel *k, struct ntfn *ntfn, struct thread *thread);

#endif
