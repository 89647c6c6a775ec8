/* SPDX-License-Identifier: BSD-2-Clause */
#include "hosted/words.h"

#include "core/kernel.h"
#include "core/ntfn.h"
#include "core/status.h"

static const char *name_in(const char *const *names, size_t count, size_t index)
{
    return index < count && names[index] != NULL ? names[index] : "(bad value)";
}

#define NAME(names, index) name_in(names, sizeof(names) / sizeof *(names), index)

const char *words_cap(uint8_t type)
{
    static const char *const names[] = {
#define ABI_X(number, name, words) [number] = words,
        ABI_CAPS(ABI_X)
#undef ABI_X
    };
    return NAME(names, type);
}

const char *words_kind(uint8_t type)
{
    static const char *const names[] = {
        [CAP_NULL] = "null",
        [CAP_FRAME] = "frame",
        [CAP_UNTYPED] = "untyped",
        [CAP_PAGE_TABLE] = "table",
        [CAP_ENDPOINT] = "endpoint",
        [CAP_NOTIFICATION] = "notification",
        [CAP_REPLY] = "reply",
        [CAP_CNODE] = "cnode",
        [CAP_ASID_CONTROL] = "asid-control",
        [CAP_TCB] = "tcb",
        [CAP_ASID_POOL] = "asid-pool",
        [CAP_IRQ_CONTROL] = "irq-control",
        [CAP_IRQ_HANDLER] = "irq",
        [CAP_ZOMBIE] = "zombie",
        [CAP_DOMAIN] = "domain",
        [CAP_SCHED_CONTEXT] = "sc",
        [CAP_SCHED_CONTROL] = "sched-control",
    };
    return NAME(names, type);
}

const char *words_state(uint8_t state)
{
    static const char *const names[] = {
        [THREAD_INACTIVE] = "inactive",
        [THREAD_RUNNING] = "running",
        [THREAD_RESTART] = "restart",
        [THREAD_BLOCKED_ON_RECEIVE] = "blocked on receive",
        [THREAD_BLOCKED_ON_SEND] = "blocked on send",
        [THREAD_BLOCKED_ON_REPLY] = "blocked on reply",
        [THREAD_BLOCKED_ON_NOTIFICATION] = "blocked on notification",
        [THREAD_IDLE] = "idle",
    };
    return NAME(names, state);
}

const char *words_queue(uint8_t queue)
{
    static const char *const names[] = {
        [THREAD_QUEUE_NONE] = "no queue",           [THREAD_QUEUE_READY] = "ready queue",
        [THREAD_QUEUE_RELEASE] = "release queue",   [THREAD_QUEUE_ENDPOINT] = "endpoint queue",
        [THREAD_QUEUE_NTFN] = "notification queue",
    };
    return NAME(names, queue);
}

const char *words_fault(uint8_t type)
{
    static const char *const names[] = {
#define ABI_X(value, name, stub) [value] = #stub,
        ABI_FAULTS(ABI_X)
#undef ABI_X
    };
    return NAME(names, type);
}

const char *words_lookup(uint8_t kind)
{
    static const char *const names[] = {
#define ABI_X(value, name, stub) [value] = #stub,
        ABI_LOOKUP_FAILURES(ABI_X)
#undef ABI_X
    };
    return NAME(names, kind);
}

const char *words_thread_slot(uint32_t slot)
{
    static const char *const names[] = {
        [THREAD_CSPACE] = "cspace",
        [THREAD_VSPACE] = "vspace",
        [THREAD_BUFFER] = "buffer",
        [THREAD_FAULT_HANDLER] = "fault-handler",
        [THREAD_TIMEOUT_HANDLER] = "timeout-handler",
    };
    return NAME(names, slot);
}

const char *words_irq(uint8_t state)
{
    static const char *const names[] = {
        [IRQ_INACTIVE] = "inactive",
        [IRQ_SIGNAL] = "signal",
        [IRQ_TIMER] = "timer",
        [IRQ_IPI] = "IPI",
    };
    return NAME(names, state);
}

const char *words_ntfn(uint8_t state)
{
    static const char *const names[] = {
        [NTFN_IDLE] = "idle",
        [NTFN_WAITING] = "waiting",
        [NTFN_ACTIVE] = "active",
    };
    return NAME(names, state);
}

const char *words_register(uint32_t number)
{
    static const char *const names[] = {
        "zero", "ra", "sp", "gp", "tp",  "t0",  "t1", "t2", "s0", "s1", "a0",
        "a1",   "a2", "a3", "a4", "a5",  "a6",  "a7", "s2", "s3", "s4", "s5",
        "s6",   "s7", "s8", "s9", "s10", "s11", "t3", "t4", "t5", "t6",
    };
    return NAME(names, number);
}
