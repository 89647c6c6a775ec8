/* SPDX-License-Identifier: BSD-2-Clause */
#include "bench/worker.h"

#include <stddef.h>

#include "user/lib/port.h"

/* A loop of SPIN_LENGTH instructions, and what is longer than any run of it: an interruption. */
enum { SPIN_GAP = 100 };

/* ---- What is timed: nothing stands between the two readings but the thing itself ---- */

static void timed_trap(struct albireo_trap *t, uint64_t *start, uint64_t *end)
{
    register seL4_Word a0 __asm__("a0") = t->a0;
    register seL4_Word a1 __asm__("a1") = t->a1;
    register seL4_Word a2 __asm__("a2") = t->a2;
    register seL4_Word a3 __asm__("a3") = t->a3;
    register seL4_Word a4 __asm__("a4") = t->a4;
    register seL4_Word a5 __asm__("a5") = t->a5;
    register seL4_Word a6 __asm__("a6") = t->a6;
    register seL4_Word a7 __asm__("a7") = t->a7;
    register seL4_Word t0 __asm__("t0") = t->t0;
    uint64_t before;
    uint64_t after;
    __asm__ volatile("rdcycle %[before]\n"
                     "ecall\n"
                     "rdcycle %[after]"
                     : [before] "=&r"(before), [after] "=&r"(after), "+r"(a0), "+r"(a1), "+r"(a2),
                       "+r"(a3), "+r"(a4), "+r"(a5)
                     : "r"(a6), "r"(a7), "r"(t0)
                     : "memory");
    t->a0 = a0;
    *start = before;
    *end = after;
}

static void timed_load(uint64_t address, uint64_t *start, uint64_t *end)
{
    uint64_t before;
    uint64_t after;
    uint64_t value;
    __asm__ volatile("rdcycle %[before]\n"
                     "ld %[value], 0(%[address])\n"
                     "rdcycle %[after]"
                     : [before] "=&r"(before), [after] "=&r"(after), [value] "=&r"(value)
                     : [address] "r"(address)
                     : "memory");
    *start = before;
    *end = after;
}

/* Between the store and the second reading comes the interrupt. */
static void timed_store(const struct worker *w, uint64_t *start, uint64_t *end)
{
    uint64_t before;
    uint64_t after;
    if (w->serial.kind == SERIAL_SIFIVE || w->serial.reg_width == 4) {
        __asm__ volatile("rdcycle %[before]\n"
                         "sw %[value], 0(%[address])\n"
                         "rdcycle %[after]"
                         : [before] "=&r"(before), [after] "=&r"(after)
                         : [value] "r"(w->value), [address] "r"(w->address)
                         : "memory");
    } else {
        __asm__ volatile("rdcycle %[before]\n"
                         "sb %[value], 0(%[address])\n"
                         "rdcycle %[after]"
                         : [before] "=&r"(before), [after] "=&r"(after)
                         : [value] "r"(w->value), [address] "r"(w->address)
                         : "memory");
    }
    *start = before;
    *end = after;
}

/* Spins until it has been interrupted: the last reading before that, and the first one after. */
static void timed_spin(uint64_t *start, uint64_t *end)
{
    uint64_t before;
    uint64_t after;
    uint64_t gap;
    __asm__ volatile("rdcycle %[after]\n"
                     "1: mv %[before], %[after]\n"
                     "rdcycle %[after]\n"
                     "sub %[gap], %[after], %[before]\n"
                     "bltu %[gap], %[limit], 1b"
                     : [before] "=&r"(before), [after] "=&r"(after), [gap] "=&r"(gap)
                     : [limit] "r"((uint64_t)SPIN_GAP)
                     : "memory");
    *start = before;
    *end = after;
}

/* ---- The thread ---- */

static void dirty_fpu(void)
{
    __asm__ volatile(".option push\n"
                     ".option arch, +f, +d\n"
                     "fmv.d.x ft0, zero\n"
                     ".option pop");
}

static void work(struct worker *w, uint32_t round)
{
    struct albireo_trap trap = round == 0 ? w->first : w->next;
    uint64_t *start = &w->start[round];
    uint64_t *end = &w->end[round];
    switch (w->kind) {
    case WORKER_TRAP:
        timed_trap(&trap, start, end);
        break;
    case WORKER_LOAD:
        timed_load(w->address + round * USER_PAGE_SIZE, start, end);
        break;
    case WORKER_DEVICE:
        *w->served = false;
        timed_store(w, start, end);
        while (!*w->served) {
        }
        break;
    case WORKER_SPIN:
        timed_spin(start, end);
        break;
    }
}

static void worker_main(uint64_t argument)
{
    struct worker *w = (struct worker *)(uintptr_t)argument; // NOLINT: made from a pointer.
    seL4_IPCBuffer *buffer = seL4_GetIPCBuffer();
    buffer->caps_or_badges[0] = w->cap;
    seL4_SetCapReceivePath(seL4_CapInitThreadCNode, w->receive, ALLOC_DEPTH);
    for (uint32_t round = 0; round < w->rounds; round++) {
        if (w->dirty_fpu) {
            dirty_fpu();
        }
        work(w, round);
        if (w->after != NULL) {
            w->after(w, round);
        }
    }
    w->finished = true;
    seL4_Signal(w->done);
    for (;;) {
        seL4_Wait(w->park, NULL);
    }
}

seL4_Error worker_create(struct alloc *a, struct thread_spec spec, struct worker *worker)
{
    seL4_Error error;
    spec.entry = worker_main;
    spec.argument = (uint64_t)(uintptr_t)worker;
    error = thread_create(a, &spec, &worker->thread);
    if (error != seL4_NoError) {
        return error;
    }
    worker->has_time = true;
    return seL4_TCB_ReadRegisters(worker->thread.tcb, 0, 0,
                                  sizeof worker->context / sizeof(seL4_Word), &worker->context);
}

seL4_Error worker_stop(struct worker *worker)
{
    return seL4_TCB_Suspend(worker->thread.tcb);
}

seL4_Error worker_start(struct worker *worker)
{
    seL4_Error error = worker_stop(worker);
    if (error == seL4_NoError && !worker->has_time) {
        error = seL4_SchedContext_Bind(worker->thread.sc, worker->thread.tcb);
        worker->has_time = true;
    }
    if (error != seL4_NoError) {
        return error;
    }
    return seL4_TCB_WriteRegisters(worker->thread.tcb, 1, 0,
                                   sizeof worker->context / sizeof(seL4_Word), &worker->context);
}

seL4_Error worker_make_passive(struct worker *worker)
{
    worker->has_time = false;
    return seL4_SchedContext_Unbind(worker->thread.sc);
}
