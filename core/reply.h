/* SPDX-License-Identifier: BSD-2-Clause */

/* Reply objects and the call stacks they form, docs/abi/07 sections 7.1 and 7.4 to 7.6.
 *
 * Invariants: `thread` is null, waits to receive with this object, or is blocked on reply
 * through it, and points back. prev and next are consistent both ways; the top of a stack, and only
 * it, names the SC, which points back.
 */
#ifndef CORE_REPLY_H
#define CORE_REPLY_H

#include <stdbool.h>

#include "core/status.h"

struct call;
struct kernel;
struct sched_context;
struct thread;

struct reply {
    struct thread *thread;
    struct reply *prev;       /* Towards the first caller. */
    struct reply *next;       /* Towards the top of the stack. */
    struct sched_context *sc; /* Only at the top: the SC lent along this stack. */
};

STATIC_ASSERT(sizeof(struct reply) == 1u << ABI_REPLY_BITS, "Reply size");

/* `caller` blocks on `reply` for `callee`; its SC moves along if `donate` and possible. */
void reply_push(struct kernel *k, struct reply *reply, struct thread *caller, struct thread *callee,
                bool donate);

/* Takes `reply`, on which a caller is blocked, from its stack; the SC of a top goes back to the
 * caller if that has none. The caller becomes Inactive. */
void reply_remove(struct kernel *k, struct reply *reply);

/* The same by the caller's end: no SC moves; the stack is cut. */
void reply_remove_caller(struct kernel *k, struct thread *caller);

/* Detaches a Reply object from a thread that waits to receive with it. */
void reply_detach(struct reply *reply);

/* Frees a Reply object for a new receive: whoever is attached is cancelled and Inactive. */
void reply_clear(struct kernel *k, struct reply *reply);

/* Replies from `replier` through the object, docs/abi/07 section 7.4. */
void reply_transfer(struct kernel *k, struct reply *reply, struct thread *replier, bool can_grant);

#endif
