/* SPDX-License-Identifier: BSD-2-Clause */

/* Looking at kernel state that may be broken: a pointer is followed only if it points into guest
 * RAM, and nothing is changed.
 */
#ifndef HOSTED_TRACE_LOOK_H
#define HOSTED_TRACE_LOOK_H

#include <stdbool.h>
#include <stdint.h>

#include "core/kernel.h"
#include "hosted/state.h"

enum { LOOK_THREADS_MAX = 1 << 20 }; /* More are taken for a circle. */

/* Slots, and all objects larger than those, are aligned to a slot's size. */
static inline uint64_t look_alignment(uint64_t size)
{
    return size >= sizeof(struct slot) ? sizeof(struct slot) : sizeof(uint64_t);
}

/* The object can be read. */
bool look_good(const struct sim *sim, const void *object, uint64_t size);
/* Its physical address; 0 for null. */
uint64_t look_paddr(const void *object);

/* The thread is an idle thread; it is one of the system's other threads. */
bool look_is_idle(const struct sim *sim, const struct thread *thread);
bool look_is_thread(const struct sim *sim, const struct thread *thread);
/* The acting core's current thread, or null if that pointer is broken. */
const struct thread *look_current(const struct sim *sim);

/* The thread's IPC buffer if the kernel may read (write) it: its physical address, else 0. */
uint64_t look_buffer(const struct sim *sim, const struct thread *thread, bool write);
/* The same as its 128 words, or null. */
uint64_t *look_buffer_words(const struct sim *sim, const struct thread *thread, bool write);

/* What a system call's lookup finds, docs/abi/03 section 3.4; null if nothing. */
const struct slot *look_slot(const struct sim *sim, const struct thread *thread, uint64_t cptr);

#endif
