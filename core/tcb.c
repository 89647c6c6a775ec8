/* SPDX-License-Identifier: BSD-2-Clause */

#include "core/tcb.h"

#include <stdbool.h>
#include <stddef.h>

#include "core/bits.h"
#include "core/call.h"
#include "core/cdt.h"
#include "core/destroy.h"
#include "core/fpu.h"
#include "core/kernel.h"
#include "core/ntfn.h"
#include "core/sched_context.h"
#include "core/thread.h"

enum {
    CONTEXT_WORDS = 32,
    FRAME_WORDS = 16, /* The first half of the context, docs/abi/05 section 5.5.1. */
};

/* Bits of the flags word of the register invocations. */
static bool flag(uint64_t flags, uint32_t i)
{
    return bits_high(flags, i) % 2 == 1;
}

enum status tcb_read_registers(struct kernel *k, struct call *call)
{
    if (call->length < 2) {
        return call_fail(k, call, 1);
    }
    struct thread *thread = call->slot->cap.thread;
    uint64_t count = call_word(call, 1);

    if (count < 1 || count > CONTEXT_WORDS) {
        return call_fail_range(k, call, 2, 1, CONTEXT_WORDS);
    }
    if (thread == call->caller) {
        return call_fail(k, call, 3);
    }
    if (flag(call_word(call, 0), 0)) {
        thread_suspend(k, thread);
    }
    for (uint32_t i = 0; i < count; i++) {
        call_result(call, thread_context_get(thread, i));
    }
    return STATUS_OK;
}

enum status tcb_write_registers(struct kernel *k, struct call *call)
{
    if (call->length < 2) {
        return call_fail(k, call, 1);
    }
    struct thread *thread = call->slot->cap.thread;
    uint64_t count = call_word(call, 1);

    if (call->length - 2 < count) {
        return call_fail(k, call, 2);
    }
    if (thread == call->caller) {
        return call_fail(k, call, 3);
    }
    for (uint32_t i = 0; i < min_u64(count, CONTEXT_WORDS); i++) {
        thread_context_set(thread, i, call_word(call, 2 + i));
    }
    thread->regs.pc = thread->regs.fault_pc;
    if (flag(call_word(call, 0), 0)) {
        thread_resume(k, thread);
    }
    return STATUS_OK;
}

static void copy_context(const struct thread *from, struct thread *to, uint32_t start, uint32_t end)
{
    for (uint32_t i = start; i < end; i++) {
        thread_context_set(to, i, thread_context_get(from, i));
    }
}

enum status tcb_copy_registers(struct kernel *k, struct call *call)
{
    if (call->length < 1 || call->extra_count < 1) {
        return call_fail(k, call, 1);
    }
    if (call->extra[0]->cap.type != CAP_TCB) {
        return call_fail_cap(k, call, 2, 1);
    }
    struct thread *to = call->slot->cap.thread;
    struct thread *from = call->extra[0]->cap.thread;
    uint64_t flags = call_word(call, 0);

    if (flag(flags, 0)) {
        thread_suspend(k, from);
    }
    if (flag(flags, 1)) {
        thread_resume(k, to);
    }
    if (flag(flags, 2)) {
        copy_context(from, to, 0, FRAME_WORDS);
        to->regs.pc = to->regs.fault_pc;
    }
    if (flag(flags, 3)) {
        copy_context(from, to, FRAME_WORDS, CONTEXT_WORDS);
    }
    return STATUS_OK;
}

/* Replaces what a TCB slot holds by a copy of `source` with the capability `cap`, or by nothing if
 * that is null. Deleting the old content may destroy the source or the TCB capability itself: then
 * the slot stays empty. */
static void install(struct kernel *k, struct call *call, enum thread_slot which,
                    struct slot *source, struct cap cap)
{
    struct slot *slot = &call->slot->cap.thread->slots[which];
    struct cap source_before = source->cap;
    struct cap tcb_before = call->slot->cap;
    enum status status = destroy_slot(k, slot, false);
    ASSERT(status == STATUS_OK);

    if (cap_is_null(&cap) || !cap_same_object(k, &source_before, &source->cap) ||
        !cap_same_object(k, &tcb_before, &call->slot->cap)) {
        return;
    }
    cdt_insert_copy(k, slot, source, cap);
}

/* The five refusals of an IPC buffer, numbered from `check`. With address 0 nothing is checked. */
static enum status check_buffer(struct kernel *k, struct call *call, uint32_t check,
                                const struct slot *source, uint64_t address, struct cap *cap)
{
    *cap = cap_null();
    if (address == 0) {
        return STATUS_OK;
    }
    enum status status = cdt_derive(k, source, source->cap, cap);
    if (status != STATUS_OK) {
        return call_fail(k, call, status == STATUS_REVOKE_FIRST ? check : check + 1);
    }
    if (cap->type != CAP_FRAME) {
        return call_fail(k, call, check + 2);
    }
    if (cap->device) {
        return call_fail(k, call, check + 3);
    }
    if (!is_aligned(address, ABI_IPC_BUFFER_BITS)) {
        return call_fail(k, call, check + 4);
    }
    return STATUS_OK;
}

static void install_buffer(struct kernel *k, struct call *call, struct slot *source,
                           uint64_t address, struct cap cap)
{
    call->slot->cap.thread->buffer_vaddr = address;
    install(k, call, THREAD_BUFFER, source, cap);
}

/* A slot whose deletion would take long: the last capability to something with slots. */
static bool holds_last_container(const struct kernel *k, const struct slot *slot)
{
    bool container =
        slot->cap.type == CAP_CNODE || slot->cap.type == CAP_TCB || slot->cap.type == CAP_ZOMBIE;
    return container && cdt_is_final(k, slot);
}

/* New roots of a thread. */
struct space {
    struct slot *cspace_source;
    struct slot *vspace_source;
    struct cap cspace;
    struct cap vspace;
};

/* The seven refusals of a CSpace and a VSpace root, numbered from `check`. */
static enum status check_space(struct kernel *k, struct call *call, uint32_t check, uint64_t data,
                               struct space *space)
{
    const struct thread *thread = call->slot->cap.thread;
    struct cap cspace = space->cspace_source->cap;

    if (holds_last_container(k, &thread->slots[THREAD_CSPACE]) ||
        holds_last_container(k, &thread->slots[THREAD_VSPACE])) {
        return call_fail(k, call, check);
    }
    if (data != 0) {
        cspace = cap_change_data(cspace, data, false);
    }
    enum status status = cdt_derive(k, space->cspace_source, cspace, &space->cspace);
    if (status != STATUS_OK) {
        return call_fail(k, call, status == STATUS_REVOKE_FIRST ? check + 1 : check + 2);
    }
    if (space->cspace.type != CAP_CNODE) {
        return call_fail(k, call, check + 3);
    }
    status = cdt_derive(k, space->vspace_source, space->vspace_source->cap, &space->vspace);
    if (status != STATUS_OK) {
        return call_fail(k, call, status == STATUS_REVOKE_FIRST ? check + 4 : check + 5);
    }
    if (space->vspace.type != CAP_PAGE_TABLE) {
        return call_fail(k, call, check + 6);
    }
    return STATUS_OK;
}

static void install_space(struct kernel *k, struct call *call, const struct space *space)
{
    install(k, call, THREAD_CSPACE, space->cspace_source, space->cspace);
    install(k, call, THREAD_VSPACE, space->vspace_source, space->vspace);
}

enum status tcb_configure(struct kernel *k, struct call *call)
{
    if (call->length < 3 || call->extra_count < 3) {
        return call_fail(k, call, 1);
    }
    struct space space = {.cspace_source = call->extra[0], .vspace_source = call->extra[1]};
    struct slot *buffer_source = call->extra[2];
    uint64_t address = call_word(call, 2);
    struct cap buffer;

    enum status status = check_buffer(k, call, 2, buffer_source, address, &buffer);
    if (status != STATUS_OK) {
        return status;
    }
    status = check_space(k, call, 7, call_word(call, 0), &space);
    if (status != STATUS_OK) {
        return status;
    }

    /* Commit: cannot fail. */
    install_space(k, call, &space);
    if (call->slot->cap.type == CAP_TCB) {
        install_buffer(k, call, buffer_source, address, buffer);
    }
    return STATUS_OK;
}

enum status tcb_set_space(struct kernel *k, struct call *call)
{
    if (call->length < 2 || call->extra_count < 3) {
        return call_fail(k, call, 1);
    }
    struct slot *handler = call->extra[0];
    struct space space = {.cspace_source = call->extra[1], .vspace_source = call->extra[2]};
    enum status status = check_space(k, call, 2, call_word(call, 0), &space);

    if (status != STATUS_OK) {
        return status;
    }
    if (!cap_is_fault_handler(&handler->cap)) {
        return call_fail_cap(k, call, 9, 1);
    }

    /* Commit: cannot fail. */
    install(k, call, THREAD_FAULT_HANDLER, handler, handler->cap);
    if (call->slot->cap.type == CAP_TCB) {
        install_space(k, call, &space);
    }
    return STATUS_OK;
}

enum status tcb_set_ipc_buffer(struct kernel *k, struct call *call)
{
    if (call->length < 1 || call->extra_count < 1) {
        return call_fail(k, call, 1);
    }
    uint64_t address = call_word(call, 0);
    struct cap buffer;
    enum status status = check_buffer(k, call, 2, call->extra[0], address, &buffer);

    if (status == STATUS_OK) {
        install_buffer(k, call, call->extra[0], address, buffer);
    }
    return status;
}

enum status tcb_set_timeout_endpoint(struct kernel *k, struct call *call)
{
    if (call->extra_count < 1) {
        return call_fail(k, call, 1);
    }
    struct slot *handler = call->extra[0];
    if (!cap_is_fault_handler(&handler->cap)) {
        return call_fail_cap(k, call, 2, 1);
    }
    install(k, call, THREAD_TIMEOUT_HANDLER, handler, handler->cap);
    return STATUS_OK;
}

/* Checks 1 to 3 of the two priority invocations. */
static enum status check_priority(struct kernel *k, struct call *call)
{
    if (call->length < 1 || call->extra_count < 1) {
        return call_fail(k, call, 1);
    }
    const struct cap *authority = &call->extra[0]->cap;
    if (authority->type != CAP_TCB) {
        return call_fail_cap(k, call, 2, 1);
    }
    if (call_word(call, 0) > authority->thread->mcp) {
        return call_fail_range(k, call, 3, 0, authority->thread->mcp);
    }
    return STATUS_OK;
}

enum status tcb_set_priority(struct kernel *k, struct call *call)
{
    enum status status = check_priority(k, call);

    if (status == STATUS_OK) {
        thread_set_priority(k, call->slot->cap.thread, (uint8_t)call_word(call, 0));
    }
    return status;
}

enum status tcb_set_mc_priority(struct kernel *k, struct call *call)
{
    enum status status = check_priority(k, call);

    if (status == STATUS_OK) {
        call->slot->cap.thread->mcp = (uint8_t)call_word(call, 0);
    }
    return status;
}

/* Checks 5 to 8 of SetSchedParams. */
static enum status check_sched_params_sc(struct kernel *k, struct call *call)
{
    const struct thread *thread = call->slot->cap.thread;
    const struct cap *cap = &call->extra[1]->cap;

    if (cap->type == CAP_NULL) {
        return thread == call->caller ? call_fail(k, call, 8) : STATUS_OK;
    }
    if (cap->type != CAP_SCHED_CONTEXT) {
        return call_fail_cap(k, call, 9, 2);
    }
    if (cap->sc != thread->sc && thread->sc != NULL) {
        return call_fail(k, call, 5);
    }
    if (cap->sc != thread->sc && cap->sc->thread != NULL) {
        return call_fail(k, call, 6);
    }
    if (thread_is_blocked(thread) && !sched_context_released(k, cap->sc)) {
        return call_fail(k, call, 7);
    }
    return STATUS_OK;
}

static enum status check_sched_params(struct kernel *k, struct call *call)
{
    if (call->length < 2 || call->extra_count < 3) {
        return call_fail(k, call, 1);
    }
    const struct cap *authority = &call->extra[0]->cap;
    if (authority->type != CAP_TCB) {
        return call_fail_cap(k, call, 2, 1);
    }
    uint64_t mcp = authority->thread->mcp;
    if (call_word(call, 0) > mcp) {
        return call_fail_range(k, call, 3, 0, mcp);
    }
    if (call_word(call, 1) > mcp) {
        return call_fail_range(k, call, 4, 0, mcp);
    }
    enum status status = check_sched_params_sc(k, call);
    if (status != STATUS_OK) {
        return status;
    }
    if (!cap_is_fault_handler(&call->extra[2]->cap)) {
        return call_fail_cap(k, call, 10, 3);
    }
    return STATUS_OK;
}

enum status tcb_set_sched_params(struct kernel *k, struct call *call)
{
    enum status status = check_sched_params(k, call);

    if (status != STATUS_OK) {
        return status;
    }

    /* Commit: cannot fail. Installing the handler may delete the last capability of an endpoint,
     * but no TCB or SC. */
    struct thread *thread = call->slot->cap.thread;
    const struct cap *sc_cap = &call->extra[1]->cap;
    struct sched_context *sc = sc_cap->type == CAP_NULL ? NULL : sc_cap->sc;

    install(k, call, THREAD_FAULT_HANDLER, call->extra[2], call->extra[2]->cap);
    thread->mcp = (uint8_t)call_word(call, 0);
    thread_set_priority(k, thread, (uint8_t)call_word(call, 1));
    if (sc == thread->sc) {
        return STATUS_OK;
    }
    if (sc == NULL) {
        sched_context_unbind_thread(k, thread->sc);
    } else {
        sched_context_bind_thread(k, sc, thread);
    }
    return STATUS_OK;
}

enum status tcb_suspend(struct kernel *k, struct call *call)
{
    thread_suspend(k, call->slot->cap.thread);
    return STATUS_OK;
}

enum status tcb_resume(struct kernel *k, struct call *call)
{
    thread_resume(k, call->slot->cap.thread);
    return STATUS_OK;
}

enum status tcb_bind_notification(struct kernel *k, struct call *call)
{
    if (call->extra_count < 1) {
        return call_fail(k, call, 1);
    }
    struct thread *thread = call->slot->cap.thread;
    const struct cap *cap = &call->extra[0]->cap;

    if (thread->bound_ntfn != NULL) {
        return call_fail(k, call, 2);
    }
    if (cap->type != CAP_NOTIFICATION) {
        return call_fail(k, call, 3);
    }
    if ((cap->rights & ABI_RIGHT_READ) == 0) {
        return call_fail(k, call, 4);
    }
    if (cap->ntfn->state == NTFN_WAITING || cap->ntfn->bound != NULL) {
        return call_fail(k, call, 5);
    }
    ntfn_bind(cap->ntfn, thread);
    return STATUS_OK;
}

enum status tcb_unbind_notification(struct kernel *k, struct call *call)
{
    struct thread *thread = call->slot->cap.thread;

    if (thread->bound_ntfn == NULL) {
        return call_fail(k, call, 1);
    }
    ntfn_unbind(thread->bound_ntfn);
    return STATUS_OK;
}

enum status tcb_set_tls_base(struct kernel *k, struct call *call)
{
    if (call->length < 1) {
        return call_fail(k, call, 1);
    }
    call->slot->cap.thread->regs.x[REG_TP] = call_word(call, 0);
    return STATUS_OK;
}

enum status tcb_set_flags(struct kernel *k, struct call *call)
{
    if (call->length < 2) {
        return call_fail(k, call, 1);
    }
    struct thread *thread = call->slot->cap.thread;
    uint64_t legal = CONFIG_FPU ? ABI_TCB_FLAG_FPU_DISABLED : 0;
    uint64_t clear = call_word(call, 0);
    uint64_t set = call_word(call, 1);

    thread->flags = (uint8_t)((thread->flags & ~clear) | (set & legal));
    if ((thread->flags & ABI_TCB_FLAG_FPU_DISABLED) != 0) {
        fpu_release(k, thread);
    }
    call_result(call, thread->flags);
    return STATUS_OK;
}
