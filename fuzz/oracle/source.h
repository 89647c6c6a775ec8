/* SPDX-License-Identifier: BSD-2-Clause */

/* Where what a thread finds in its registers and its IPC buffer after a kernel entry may come from,
 * by docs/abi/01, 02, 05, 07 and 08: a message, a fault's message, a reply to a fault, a signal,
 * the answer to an invocation, registers written by an invocation. A *source* says for each
 * register and each word of the buffer whether it may have been changed to what it is.
 */
#ifndef FUZZ_ORACLE_SOURCE_H
#define FUZZ_ORACLE_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/thread.h"
#include "fuzz/oracle/oracle.h"

#ifdef __cplusplus
extern "C" {
#endif

enum source_kind {
    SOURCE_MESSAGE,
    SOURCE_FAULT,
    SOURCE_FAULT_REPLY,
    SOURCE_SIGNAL, /* Or none: a non-blocking receive that found nothing. */
    SOURCE_ANSWER, /* Of a kernel object to a Call. */
    SOURCE_YIELD,  /* The answer to a YieldTo, when the thread runs again. */
    SOURCE_WRITE,  /* TCB_WriteRegisters, _CopyRegisters, _SetTLSBase. */
    SOURCE_DEBUG,
};

/* One entry of the kernel, and a thread that may have received something in it. */
struct source {
    const struct world *world;
    const struct oracle_event *event;
    const struct thread *to;
    enum source_kind kind;
    const struct thread *from; /* Of a message, a fault or a reply to one. */
};

/* Whether this source can have been one for this thread at all, by what the thread did before. */
bool source_possible(const struct source *source);

/* Register x[index] of source->to was changed to what it is now. */
bool source_gives_register(const struct source *source, uint32_t index);
/* Its fault PC was. */
bool source_gives_fault_pc(const struct source *source);
/* Word `index` of its IPC buffer was changed to `value`. */
bool source_gives_word(const struct source *source, uint32_t index, uint64_t value);

/* The IPC buffer of a thread as the kernel may read or write it (docs/abi/02 section 2.3), by the
 * thread's capability as it is now; null if it has none. */
const uint64_t *source_buffer(const struct world *world, const struct thread *thread, bool write);

/* The slot that a capability pointer means to a thread with 64 bits of depth; null if none. */
const struct slot *source_lookup(const struct world *world, const struct thread *thread,
                                 uint64_t cptr);

/* A register or word of what it was before the event; only the words of RAM change. */
uint64_t source_register_before(const struct oracle_event *event, const struct thread *thread,
                                uint32_t index);

/* The event is a system call that sends: to this capability pointer. */
bool source_sends(const struct oracle_event *event, uint64_t *cptr);

/* An address of the host: the kernel's own, which no user must see. */
bool source_is_host_address(const struct world *world, uint64_t value);

#ifdef __cplusplus
}
#endif

#endif
