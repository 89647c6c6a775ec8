/* SPDX-License-Identifier: BSD-2-Clause */
#include "user/lib/thread.h"

#include "user/lib/port.h"

static uint64_t stack_top(const struct thread_spec *spec)
{
    return spec->area + (1 + THREAD_STACK_PAGES) * USER_PAGE_SIZE;
}

/* Stack and IPC buffer, with an unmapped page below, between and above. */
static seL4_Error make_memory(struct alloc *a, const struct thread_spec *spec, uint64_t *buffer,
                              seL4_CPtr *buffer_frame)
{
    seL4_Error error =
        space_map_new(a, spec->space, spec->area + USER_PAGE_SIZE, THREAD_STACK_PAGES, seL4_Null);
    if (error != seL4_NoError) {
        return error;
    }
    *buffer = stack_top(spec) + USER_PAGE_SIZE;
    return space_map_new(a, spec->space, *buffer, 1, buffer_frame);
}

static seL4_Error make_sched_context(struct alloc *a, const struct thread_spec *spec,
                                     seL4_SchedContext *sc)
{
    *sc = seL4_CapNull;
    if (spec->budget_us == 0) {
        return seL4_NoError;
    }
    seL4_Error error = alloc_object(a, seL4_SchedContextObject, THREAD_SC_BITS, sc);
    if (error != seL4_NoError) {
        return error;
    }
    return seL4_SchedControl_Configure(spec->sched_control, *sc, spec->budget_us, spec->period_us,
                                       seL4_MaxExtraRefills(THREAD_SC_BITS), spec->sc_badge);
}

static seL4_Error configure(const struct thread_spec *spec, const struct user_thread *thread,
                            uint64_t buffer, seL4_CPtr buffer_frame)
{
    seL4_Error error = seL4_TCB_Configure(thread->tcb, spec->cspace, spec->cspace_guard,
                                          spec->space->vspace, seL4_NilData, buffer, buffer_frame);
    if (error != seL4_NoError) {
        return error;
    }
    error = seL4_TCB_SetSchedParams(thread->tcb, spec->authority, seL4_MinPrio, spec->priority,
                                    thread->sc, spec->fault_endpoint);
    if (error != seL4_NoError || spec->timeout_endpoint == seL4_CapNull) {
        return error;
    }
    return seL4_TCB_SetTimeoutEndpoint(thread->tcb, spec->timeout_endpoint);
}

seL4_Error thread_create(struct alloc *a, const struct thread_spec *spec,
                         struct user_thread *thread)
{
    uint64_t buffer;
    seL4_CPtr buffer_frame;
    seL4_Error error = alloc_object(a, seL4_TCBObject, 0, &thread->tcb);
    if (error != seL4_NoError) {
        return error;
    }
    error = make_memory(a, spec, &buffer, &buffer_frame);
    if (error != seL4_NoError) {
        return error;
    }
    error = make_sched_context(a, spec, &thread->sc);
    if (error != seL4_NoError) {
        return error;
    }
    error = configure(spec, thread, buffer, buffer_frame);
    if (error != seL4_NoError) {
        return error;
    }
#ifdef CONFIG_DEBUG_BUILD
    seL4_DebugNameThread(thread->tcb, spec->name);
#endif
    seL4_UserContext regs = {0};
    user_thread_context(&regs, spec->entry, spec->argument, stack_top(spec), buffer);
    return seL4_TCB_WriteRegisters(thread->tcb, 0, 0, sizeof(regs) / sizeof(seL4_Word), &regs);
}

seL4_Error thread_start(const struct user_thread *thread)
{
    return seL4_TCB_Resume(thread->tcb);
}
