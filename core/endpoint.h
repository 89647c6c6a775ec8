/* SPDX-License-Identifier: BSD-2-Clause */

/* Endpoint: where senders and receivers meet, docs/abi/07 sections 7.1 to 7.3.
 *
 * Invariant: all queued threads are senders or all are receivers, ordered by priority, FIFO among
 * equals. The endpoint's state follows from its first thread.
 */
#ifndef CORE_ENDPOINT_H
#define CORE_ENDPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/queue.h"
#include "core/status.h"

struct kernel;
struct reply;
struct thread;

struct endpoint {
    struct thread_list queue;
};

STATIC_ASSERT(sizeof(struct endpoint) == 1u << ABI_ENDPOINT_BITS, "endpoint size");

/* How a message is sent. */
struct send {
    uint64_t badge;
    bool can_grant;
    bool can_grant_reply;
    bool is_call;
    bool may_donate;
    bool blocking;
};

/* Sends `sender`'s message, or its pending fault, to the endpoint: delivers, blocks or drops. */
void endpoint_send(struct kernel *k, struct endpoint *endpoint, struct thread *sender,
                   const struct send *send);

/* Receives for `receiver`, with a Reply object or null: delivers or blocks; if not blocking and
 * nothing is there, a0 := 0. */
void endpoint_receive(struct kernel *k, struct endpoint *endpoint, struct thread *receiver,
                      struct reply *reply, bool blocking);

/* Takes a thread out of its endpoint's queue; its Reply object is detached. */
void endpoint_cancel(struct kernel *k, struct thread *thread);

/* Puts a queued thread where its new priority belongs. */
void endpoint_reorder(struct thread *thread);

/* Cancels every queued thread (docs/abi/07 section 7.10), preemptibly. */
MUST_USE enum status endpoint_cancel_all(struct kernel *k, struct endpoint *endpoint,
                                         bool preemptible);

/* Cancels the senders that used this badge, preemptibly. */
MUST_USE enum status endpoint_cancel_badged(struct kernel *k, struct endpoint *endpoint,
                                            uint64_t badge);

#endif
