/* SPDX-License-Identifier: BSD-2-Clause */

/* Scheduling contexts: time as an object, docs/abi/06 sections 6.5 to 6.14. */
#ifndef CORE_SCHED_CONTEXT_H
#define CORE_SCHED_CONTEXT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/refill.h"
#include "core/status.h"

struct call;
struct kernel;
struct ntfn;
struct reply;
struct thread;

/* The object: 96 bytes, then the ring of refills to the end of its memory. */
struct sched_context {
    struct refills refills; /* refills.ring points behind this header. */
    struct thread *thread;
    struct ntfn *ntfn;
    struct reply *reply;       /* Top of the call stack. */
    struct thread *yield_from; /* Waits for a yield-to of this SC. */
    uint64_t consumed;         /* Ticks charged since last asked. */
    uint8_t core;
    bool sporadic;
    uint8_t bits; /* log2 of the object's size. */
    uint64_t badge;
};

STATIC_ASSERT(sizeof(struct sched_context) == 96, "scheduling context header size");

/* SC is active and its head refill is ready at this core's time, docs/abi/06 section 6.5. */
bool sched_context_released(const struct kernel *k, const struct sched_context *sc);

/* Released, with a sufficient head: its thread may run. */
bool sched_context_usable(const struct kernel *k, const struct sched_context *sc);

void sched_context_init(struct sched_context *sc, uint8_t bits);

/* Number of refills that fit in an SC object of 2^bits bytes. */
uint32_t sched_context_capacity(uint8_t bits);

/* The SC and a thread without SC become each other's; the thread moves to the SC's core. */
void sched_context_donate(struct kernel *k, struct sched_context *sc, struct thread *to);

/* As by SchedContext_Bind, docs/abi/06 section 6.14. */
void sched_context_bind_thread(struct kernel *k, struct sched_context *sc, struct thread *thread);
void sched_context_unbind_thread(struct kernel *k, struct sched_context *sc);
void sched_context_bind_ntfn(struct sched_context *sc, struct ntfn *ntfn);
void sched_context_unbind_ntfn(struct sched_context *sc);

/* A sporadic SC that is not the current one gets an unblock refresh, docs/abi/06 section 6.8. Null
 * and other SCs are left alone. */
void sched_context_wake(struct kernel *k, struct sched_context *sc);

/* Ends a pending yield-to of this SC: the waiter gets its result. Nothing if there is none. */
void sched_context_complete_yield(struct kernel *k, struct sched_context *sc);

/* Consumed time in microseconds; resets the counter. */
uint64_t sched_context_take_consumed(const struct kernel *k, struct sched_context *sc);

/* Everything that deleting the last capability does. */
void sched_context_finalise(struct kernel *k, struct sched_context *sc);

MUST_USE enum status sched_control_configure_flags(struct kernel *k, struct call *call);
MUST_USE enum status sched_context_bind(struct kernel *k, struct call *call);
MUST_USE enum status sched_context_unbind(struct kernel *k, struct call *call);
MUST_USE enum status sched_context_unbind_object(struct kernel *k, struct call *call);
MUST_USE enum status sched_context_consumed(struct kernel *k, struct call *call);
MUST_USE enum status sched_context_yield_to(struct kernel *k, struct call *call);

#endif
