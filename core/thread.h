/* SPDX-License-Identifier: BSD-2-Clause */

/* Thread control block: registers, state, and the five capability slots of a thread
 * (docs/abi/06 sections 6.1 to 6.4 and 6.15).
 *
 * Invariant: a thread is in the queue that its `queue` field names and in no other; see
 * docs/INVARIANTS.md, group T.
 */
#ifndef CORE_THREAD_H
#define CORE_THREAD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/cap.h"
#include "core/config.h"
#include "core/status.h"

enum thread_state {
    THREAD_INACTIVE,
    THREAD_RUNNING,
    THREAD_RESTART,
    THREAD_BLOCKED_ON_RECEIVE,
    THREAD_BLOCKED_ON_SEND,
    THREAD_BLOCKED_ON_REPLY,
    THREAD_BLOCKED_ON_NOTIFICATION,
    THREAD_IDLE,
};

/* Which queue the links belong to. */
enum thread_queue {
    THREAD_QUEUE_NONE,
    THREAD_QUEUE_READY,
    THREAD_QUEUE_RELEASE,
    THREAD_QUEUE_ENDPOINT,
    THREAD_QUEUE_NTFN,
};

/* The capability slots of a thread. */
enum thread_slot {
    THREAD_CSPACE,
    THREAD_VSPACE,
    THREAD_BUFFER,
    THREAD_FAULT_HANDLER,
    THREAD_TIMEOUT_HANDLER,
    THREAD_SLOT_COUNT,
};

/* RISC-V register numbers, as index into regs.x. */
enum reg {
    REG_RA = 1,
    REG_SP = 2,
    REG_GP = 3,
    REG_TP = 4,
    REG_T0 = 5,
    REG_A0 = 10,
    REG_A1 = 11,
    REG_A2 = 12,
    REG_A3 = 13,
    REG_A4 = 14,
    REG_A5 = 15,
    REG_A6 = 16,
    REG_A7 = 17,
};

/* User registers. x[0] is always 0. */
struct regs {
    uint64_t x[32];
    uint64_t pc;       /* Where the thread continues ("next PC"). */
    uint64_t fault_pc; /* Where its last trap came from. */
};

enum { FPU_WORDS = CONFIG_FPU ? 33 : 1 }; /* f0..f31 and fcsr. */

/* What a thread faulted with, until it is replied to (docs/abi/08). */
struct fault {
    uint8_t type;       /* FAULT_*. */
    bool receive_phase; /* CapFault. */
    uint8_t lookup_kind;
    uint8_t bits_left;
    uint8_t bits_found;
    uint64_t address; /* CapFault: pointer. VMFault: address. Timeout: badge.
                         UserException: number. UnknownSyscall: number. */
    uint64_t code;    /* VMFault: status; UserException: code. CapFault: guard found. */
    bool fetch;       /* VMFault: of an instruction. */
};

enum fault_type {
#define ABI_X(value, name, stub) FAULT_##name = value,
    ABI_FAULTS(ABI_X)
#undef ABI_X
};

struct thread {
    struct regs regs;
    uint8_t state; /* enum thread_state. */
    uint8_t queue; /* enum thread_queue. */
    uint8_t priority;
    uint8_t mcp;
    uint8_t domain;
    uint8_t core;
    uint8_t flags; /* ABI_TCB_FLAG_*. */
    struct sched_context *sc;
    struct thread *queue_next;
    struct thread *queue_prev;

    /* While blocked. */
    struct endpoint *endpoint; /* On send or receive: queued there. */
    struct ntfn *ntfn;         /* On a notification: queued there. */
    struct reply *reply;       /* On receive or reply: the Reply object used, if any. */
    uint64_t badge;            /* On send: of the capability used. */
    bool can_grant;            /* On send; the rights of the capability used. */
    bool can_grant_reply;
    bool is_call;

    ALIGNED(32) struct slot slots[THREAD_SLOT_COUNT];
    uint64_t buffer_vaddr; /* Of the IPC buffer; used modulo the frame's size. */
    struct ntfn *bound_ntfn;
    struct sched_context *yield_to; /* The SC that this thread yielded to and waits for. */
    struct fault fault;
    struct thread *all_next; /* All threads of the system, newest first (debug, checking). */
    struct thread *all_prev;
    uint64_t fpu[FPU_WORDS]; /* Valid while no core owns the thread's FP registers. */
    char name[CONFIG_NAME_SIZE];
};

STATIC_ASSERT(sizeof(struct thread) <= (1u << CONFIG_TCB_BITS), "TCB fits its object");

bool thread_is_runnable(const struct thread *thread); /* Running or Restart. */
bool thread_is_blocked(const struct thread *thread);  /* One of the four blocked states. */
bool thread_is_stopped(const struct thread *thread);  /* Inactive or blocked. */

/* Runnable, with an active SC, and not waiting for its release (docs/abi/06 section 6.1). */
bool thread_is_schedulable(const struct thread *thread);

/* A fresh thread in zeroed memory (docs/abi/04 section 4.1), named after its creator. */
void thread_init(struct kernel *k, struct thread *thread, const char *creator);

/* Sets the state; if the current thread stops being schedulable, a new one will be chosen. */
void thread_set_state(struct kernel *k, struct thread *thread, enum thread_state state);

/* Takes the thread out of whatever IPC it is in (docs/abi/06 section 6.3, 1) and forgets its
 * pending fault. The state becomes Inactive if it was blocked. */
void thread_cancel_ipc(struct kernel *k, struct thread *thread);

void thread_suspend(struct kernel *k, struct thread *thread);
void thread_resume(struct kernel *k, struct thread *thread);

/* docs/abi/06 section 6.4. */
void thread_set_priority(struct kernel *k, struct thread *thread, uint8_t priority);

/* Everything that deleting the last capability to a thread does, except emptying its slots. */
void thread_finalise(struct kernel *k, struct thread *thread);

/* The i-th register in the order of docs/abi/05 section 5.5.1, i < 32. */
uint64_t thread_context_get(const struct thread *thread, uint32_t i);
void thread_context_set(struct thread *thread, uint32_t i, uint64_t value);

/* The words of the thread's IPC buffer if the kernel may read it (write it), else null. */
uint64_t *thread_buffer(const struct kernel *k, const struct thread *thread, bool write);

/* Sets the debug name, cut to size. */
void thread_set_name(struct thread *thread, const char *prefix, const char *name,
                     const char *suffix);

#endif
