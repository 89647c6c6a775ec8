/* SPDX-License-Identifier: BSD-2-Clause */

/* Threads as objects (docs/abi/05 section 5.5, 06 section 6.3). Priorities are in conf_sched.c,
 * bound notifications in conf_notification.c, the FPU in conf_fpu.c. */
#include "tests/conformance/conformance.h"
#include "tests/conformance/expect.h"
#include "user/lib/port.h"

enum { DEPTH = ALLOC_DEPTH, LABEL = 7, ECALL = 4, REGISTERS = 32, FRAME_REGISTERS = 16 };

static const seL4_CNode root = seL4_CapInitThreadCNode;
static const seL4_TCB own = seL4_CapInitThreadTCB;

static seL4_TCB new_tcb(struct conf *c)
{
    return conf_object(c, seL4_TCBObject, 0);
}

/* Registers with a different value each. */
static seL4_UserContext pattern(seL4_Word first)
{
    seL4_UserContext context;
    seL4_Word *words = &context.pc;
    for (uint32_t i = 0; i < REGISTERS; i++) {
        words[i] = first + 2 * i;
    }
    return context;
}

/* Whether registers from..to-1 of the thread are those of the pattern. */
static bool has_pattern(seL4_TCB tcb, seL4_Word first, uint32_t from, uint32_t to)
{
    seL4_UserContext context = {0};
    seL4_UserContext expected = pattern(first);
    if (seL4_TCB_ReadRegisters(tcb, false, 0, REGISTERS, &context) != seL4_NoError) {
        return false;
    }
    for (uint32_t i = from; i < to; i++) {
        if ((&context.pc)[i] != (&expected.pc)[i]) {
            return false;
        }
    }
    return true;
}

static bool is_clear(seL4_TCB tcb)
{
    seL4_UserContext context = pattern(1);
    seL4_TCB_ReadRegisters(tcb, false, 0, REGISTERS, &context);
    for (uint32_t i = 0; i < REGISTERS; i++) {
        if ((&context.pc)[i] != 0) {
            return false;
        }
    }
    return true;
}

/* ---- Registers ---- */

static void new_thread_has_clear_registers(struct conf *c)
{
    CHECK(c, is_clear(new_tcb(c)));
}

static void registers_are_written_and_read(struct conf *c)
{
    seL4_TCB tcb = new_tcb(c);
    seL4_UserContext context = pattern(0x1000);
    CHECK(c, seL4_TCB_WriteRegisters(tcb, false, 0, REGISTERS, &context) == seL4_NoError);
    CHECK(c, has_pattern(tcb, 0x1000, 0, REGISTERS));
}

static void some_registers_are_written(struct conf *c)
{
    seL4_TCB tcb = new_tcb(c);
    seL4_UserContext context = pattern(0x1000);
    seL4_TCB_WriteRegisters(tcb, false, 0, REGISTERS, &context);
    context = pattern(0x2000);
    CHECK(c, seL4_TCB_WriteRegisters(tcb, false, 0, 5, &context) == seL4_NoError);
    CHECK(c, has_pattern(tcb, 0x2000, 0, 5) && has_pattern(tcb, 0x1000, 5, REGISTERS));
    CHECK(c, seL4_TCB_WriteRegisters(tcb, false, 0, 0, &context) == seL4_NoError);
    CHECK(c, has_pattern(tcb, 0x2000, 0, 5) && has_pattern(tcb, 0x1000, 5, REGISTERS));
}

static void only_32_registers_are_written(struct conf *c)
{
    seL4_TCB tcb = new_tcb(c);
    seL4_Word words[2 + REGISTERS + 4] = {0, REGISTERS + 4};
    seL4_UserContext context = pattern(0x1000);
    for (uint32_t i = 0; i < REGISTERS; i++) {
        words[2 + i] = (&context.pc)[i];
    }
    CHECK(c, conf_call(tcb, TCBWriteRegisters, 2 + REGISTERS + 4, words, NO_CAPS) == seL4_NoError);
    CHECK(c, has_pattern(tcb, 0x1000, 0, REGISTERS));
}

static void some_registers_are_read(struct conf *c)
{
    seL4_TCB tcb = new_tcb(c);
    seL4_UserContext context = pattern(0x1000);
    seL4_TCB_WriteRegisters(tcb, false, 0, REGISTERS, &context);
    CHECK(c, conf_call(tcb, TCBReadRegisters, WORDS(0, 5), NO_CAPS) == seL4_NoError);
    CHECK(c, conf_answer_length() == 5);
    for (int i = 0; i < 5; i++) {
        CHECK(c, seL4_GetMR(i) == 0x1000u + 2 * (seL4_Word)i);
    }
}

static void register_counts_are_checked(struct conf *c)
{
    seL4_TCB tcb = new_tcb(c);
    seL4_UserContext context;
    CHECK(c, conf_call(tcb, TCBReadRegisters, WORDS(0), NO_CAPS) == seL4_TruncatedMessage);
    CHECK(c, range_error(seL4_TCB_ReadRegisters(tcb, false, 0, 0, &context), 1, REGISTERS));
    CHECK(c, range_error(seL4_TCB_ReadRegisters(tcb, false, 0, 33, &context), 1, REGISTERS));
    CHECK(c, conf_call(tcb, TCBWriteRegisters, WORDS(0), NO_CAPS) == seL4_TruncatedMessage);
    CHECK(c,
          conf_call(tcb, TCBWriteRegisters, WORDS(0, 3, 1, 2), NO_CAPS) == seL4_TruncatedMessage);
    CHECK(c,
          conf_call(tcb, TCBWriteRegisters, WORDS(0, 2, 0x1234, 0x5678), NO_CAPS) == seL4_NoError);
    CHECK(c, conf_call(tcb, TCBWriteRegisters, WORDS(0, 0), NO_CAPS) == seL4_NoError);
    CHECK(c, conf_call(tcb, TCBReadRegisters, WORDS(0, 3), NO_CAPS) == seL4_NoError);
    CHECK(c, seL4_GetMR(0) == 0x1234 && seL4_GetMR(1) == 0x5678 && seL4_GetMR(2) == 0);
}

static void own_registers_are_not_read_or_written(struct conf *c)
{
    seL4_UserContext context = {0};
    CHECK(c, seL4_TCB_ReadRegisters(own, false, 0, REGISTERS, &context) == seL4_IllegalOperation);
    CHECK(c, seL4_TCB_WriteRegisters(own, false, 0, 1, &context) == seL4_IllegalOperation);
    /* That comes after the checks of the message. */
    CHECK(c, range_error(seL4_TCB_ReadRegisters(own, false, 0, 0, &context), 1, REGISTERS));
    CHECK(c, conf_call(own, TCBWriteRegisters, WORDS(0, 1), NO_CAPS) == seL4_TruncatedMessage);
}

static void registers_are_copied_by_halves(struct conf *c)
{
    seL4_TCB source = new_tcb(c);
    seL4_TCB dest = new_tcb(c);
    seL4_UserContext context = pattern(0x1000);
    seL4_TCB_WriteRegisters(source, false, 0, REGISTERS, &context);
    context = pattern(0x2000);
    seL4_TCB_WriteRegisters(dest, false, 0, REGISTERS, &context);
    CHECK(c, seL4_TCB_CopyRegisters(dest, source, false, false, false, false, 0) == seL4_NoError);
    CHECK(c, has_pattern(dest, 0x2000, 0, REGISTERS));
    CHECK(c, seL4_TCB_CopyRegisters(dest, source, false, false, true, false, 0) == seL4_NoError);
    CHECK(c, has_pattern(dest, 0x1000, 0, FRAME_REGISTERS));
    CHECK(c, has_pattern(dest, 0x2000, FRAME_REGISTERS, REGISTERS));
    seL4_TCB_WriteRegisters(dest, false, 0, REGISTERS, &context);
    CHECK(c, seL4_TCB_CopyRegisters(dest, source, false, false, false, true, 0) == seL4_NoError);
    CHECK(c, has_pattern(dest, 0x2000, 0, FRAME_REGISTERS));
    CHECK(c, has_pattern(dest, 0x1000, FRAME_REGISTERS, REGISTERS));
}

static void own_registers_are_copied(struct conf *c)
{
    seL4_TCB dest = new_tcb(c);
    CHECK(c, seL4_TCB_CopyRegisters(dest, own, false, false, true, true, 0) == seL4_NoError);
    seL4_UserContext context = {0};
    seL4_TCB_ReadRegisters(dest, false, 0, REGISTERS, &context);
    /* As the call had them. */
    CHECK(c, context.pc != 0 && context.a0 == dest && context.a7 == (seL4_Word)seL4_SysCall);
}

static void copy_checks_its_source(struct conf *c)
{
    seL4_TCB tcb = new_tcb(c);
    CHECK(c, conf_call(tcb, TCBCopyRegisters, NO_WORDS, CAPS(tcb)) == seL4_TruncatedMessage);
    CHECK(c, conf_call(tcb, TCBCopyRegisters, WORDS(0), NO_CAPS) == seL4_TruncatedMessage);
    CHECK(c, invalid_capability(seL4_TCB_CopyRegisters(tcb, root, false, false, true, true, 0), 1));
    CHECK(c, invalid_capability(
                 seL4_TCB_CopyRegisters(tcb, conf_slot(c), false, false, true, true, 0), 1));
}

static void copy_suspends_or_resumes(struct conf *c)
{
    seL4_CPtr ntfn = conf_object(c, seL4_NotificationObject, 0);
    PEER(c, source, PEER_ABOVE);
    PEER(c, dest, PEER_ABOVE);
    peer_wait(source, ntfn);
    peer_wait(dest, ntfn);
    seL4_TCB source_tcb = source->thread.tcb;
    seL4_TCB dest_tcb = dest->thread.tcb;
    seL4_TCB_Suspend(dest_tcb);
    CHECK(c, seL4_TCB_CopyRegisters(dest_tcb, source_tcb, false, true, false, false, 0) ==
                 seL4_NoError);
    seL4_Signal(ntfn);
    seL4_Signal(ntfn);
    CHECK(c, source->done && dest->done);
    peer_wait(source, ntfn);
    peer_wait(dest, ntfn);
    CHECK(c, seL4_TCB_CopyRegisters(dest_tcb, source_tcb, true, false, false, false, 0) ==
                 seL4_NoError);
    seL4_Signal(ntfn);
    seL4_Signal(ntfn);
    CHECK(c, !source->done && dest->done);
}

static void pc_of_a_blocked_thread_is_its_call(struct conf *c)
{
    seL4_CPtr ntfn = conf_object(c, seL4_NotificationObject, 0);
    seL4_UserContext first = {0};
    seL4_UserContext second = {0};
    PEER(c, p, PEER_ABOVE);
    peer_wait(p, ntfn);
    seL4_TCB_ReadRegisters(p->thread.tcb, false, 0, REGISTERS, &first);
    CHECK(c, first.a0 == ntfn && first.a7 == (seL4_Word)seL4_SysWait && first.a2 == MARK_2);
    seL4_TCB_ReadRegisters(p->thread.tcb, true, 0, REGISTERS, &second); /* Suspends it. */
    CHECK(c, second.pc == first.pc);
    seL4_Signal(ntfn);
    CHECK(c, !p->done);
    seL4_TCB_Resume(p->thread.tcb);
    CHECK(c, p->done);
}

static void blocked_call_can_be_skipped(struct conf *c)
{
    PEER(c, p, PEER_ABOVE);
    seL4_UserContext context = {0};
    peer_wait(p, c->park);
    seL4_TCB_ReadRegisters(p->thread.tcb, true, 0, REGISTERS, &context);
    context.pc += ECALL;
    context.a0 = 0x1234;
    CHECK(c, seL4_TCB_WriteRegisters(p->thread.tcb, true, 0, REGISTERS, &context) == seL4_NoError);
    CHECK(c, p->done && p->regs.a0 == 0x1234 && p->regs.a2 == MARK_2);
}

static void completed_call_is_behind_a_suspended_thread(struct conf *c)
{
    seL4_CPtr ntfn = conf_object(c, seL4_NotificationObject, 0);
    seL4_CPtr signal = conf_mint(c, ntfn, seL4_AllRights, 0x30);
    seL4_UserContext blocked = {0};
    seL4_UserContext ready = {0};
    seL4_UserContext suspended = {0};
    PEER(c, p, PEER_BELOW);
    peer_wait(p, ntfn);
    conf_settle();
    seL4_TCB_ReadRegisters(p->thread.tcb, false, 0, REGISTERS, &blocked);
    seL4_Signal(signal); /* Its wait is over, but it is not its turn. */
    seL4_TCB_ReadRegisters(p->thread.tcb, false, 0, REGISTERS, &ready);
    CHECK(c, ready.pc == blocked.pc && ready.a0 == 0x30);
    seL4_TCB_ReadRegisters(p->thread.tcb, true, 0, REGISTERS, &suspended);
    CHECK(c, suspended.pc == blocked.pc + ECALL);
    seL4_TCB_Resume(p->thread.tcb);
    conf_settle();
    CHECK(c, p->done && p->regs.a0 == 0x30);
}

static void writing_no_register_repeats_the_call(struct conf *c)
{
    seL4_CPtr ntfn = conf_object(c, seL4_NotificationObject, 0);
    PEER(c, p, PEER_BELOW);
    peer_wait(p, ntfn);
    conf_settle();
    seL4_Signal(ntfn); /* Done, with badge 0 in a0, which is the pointer of the call. */
    seL4_UserContext context = {0};
    seL4_TCB_WriteRegisters(p->thread.tcb, false, 0, 0, &context);
    seL4_TCB_ReadRegisters(p->thread.tcb, false, 0, REGISTERS, &context);
    context.a0 = ntfn;
    seL4_TCB_WriteRegisters(p->thread.tcb, false, 0, REGISTERS, &context);
    conf_settle();
    CHECK(c, !p->done);
    seL4_Signal(ntfn);
    conf_settle();
    CHECK(c, p->done);
}

/* ---- Suspend and Resume ---- */

static void suspend_itself(struct peer *p)
{
    p->value++;
    seL4_TCB_Suspend(p->thread.tcb);
    p->value += 100;
}

static void thread_suspends_itself(struct conf *c)
{
    seL4_UserContext context = {0};
    PEER(c, p, PEER_ABOVE);
    p->value = 0;
    peer_run(p, suspend_itself);
    CHECK(c, !p->done && p->value == 1);
    seL4_TCB_Resume(p->thread.tcb); /* Suspends itself again. */
    CHECK(c, !p->done && p->value == 1);
    seL4_TCB_ReadRegisters(p->thread.tcb, false, 0, REGISTERS, &context);
    context.pc += ECALL;
    context.a0 = 0;
    context.a1 = 0;
    seL4_TCB_WriteRegisters(p->thread.tcb, true, 0, REGISTERS, &context);
    CHECK(c, p->done && p->value == 101);
}

static void suspending_twice_is_once(struct conf *c)
{
    seL4_CPtr ntfn = conf_object(c, seL4_NotificationObject, 0);
    PEER(c, p, PEER_ABOVE);
    peer_wait(p, ntfn);
    CHECK(c, seL4_TCB_Suspend(p->thread.tcb) == seL4_NoError);
    CHECK(c, seL4_TCB_Suspend(p->thread.tcb) == seL4_NoError);
    seL4_Signal(ntfn);
    CHECK(c, !p->done);
    CHECK(c, seL4_TCB_Resume(p->thread.tcb) == seL4_NoError);
    CHECK(c, p->done);
    CHECK(c, seL4_TCB_Resume(own) == seL4_NoError); /* Running: nothing. */
}

static void resume_without_time_is_accepted(struct conf *c)
{
    struct thread_spec spec = peer_spec(c, PEER_ABOVE);
    seL4_CPtr go = peer_go(c);
    seL4_CPtr sc = conf_object(c, seL4_SchedContextObject, THREAD_SC_BITS);
    spec.budget_us = 0;
    struct peer *p = peer_start_as(c, &spec, go, go);
    REQUIRE(c, p != seL4_Null);
    p->value = 0;
    peer_run(p, suspend_itself);
    CHECK(c, seL4_TCB_Resume(p->thread.tcb) == seL4_NoError);
    CHECK(c, seL4_TCB_Resume(new_tcb(c)) == seL4_NoError);
    CHECK(c, seL4_SchedContext_Bind(sc, p->thread.tcb) == seL4_NoError);
    CHECK(c, p->value == 0); /* The scheduling context is not configured. */
    CHECK(c, seL4_SchedControl_Configure(c->info->schedcontrol.start, sc, 1000, 1000, 0, 0) ==
                 seL4_NoError);
    CHECK(c, p->value == 1);
}

static void scheduling_context_serves_one_thread(struct conf *c)
{
    seL4_TCB tcb = new_tcb(c);
    seL4_CPtr sc = conf_object(c, seL4_SchedContextObject, THREAD_SC_BITS);
    CHECK(c, seL4_TCB_SetSchedParams(tcb, own, 0, 0, seL4_CapInitThreadSC, 0) ==
                 seL4_IllegalOperation);
    CHECK(c, seL4_TCB_SetSchedParams(tcb, own, 0, 0, sc, 0) == seL4_NoError);
    CHECK(c, seL4_TCB_SetSchedParams(tcb, own, 0, 0, sc, 0) == seL4_NoError);
    CHECK(c, seL4_TCB_SetSchedParams(new_tcb(c), own, 0, 0, sc, 0) == seL4_IllegalOperation);
    CHECK(c, seL4_TCB_SetSchedParams(tcb, own, 0, 0, 0, 0) == seL4_NoError);
    CHECK(c, seL4_TCB_SetSchedParams(new_tcb(c), own, 0, 0, sc, 0) == seL4_NoError);
}

/* ---- SetTLSBase, SetFlags ---- */

static void tls_base_is_tp(struct conf *c)
{
    seL4_TCB tcb = new_tcb(c);
    seL4_UserContext context = {0};
    CHECK(c, conf_call(tcb, TCBSetTLSBase, NO_WORDS, NO_CAPS) == seL4_TruncatedMessage);
    CHECK(c, seL4_TCB_SetTLSBase(tcb, 0x123456789) == seL4_NoError);
    seL4_TCB_ReadRegisters(tcb, false, 0, REGISTERS, &context);
    CHECK(c, context.tp == 0x123456789 && context.t6 == 0);
}

static void flags_are_changed_and_returned(struct conf *c)
{
    seL4_TCB tcb = new_tcb(c);
    CHECK(c, conf_call(tcb, TCBSetFlags, WORDS(0), NO_CAPS) == seL4_TruncatedMessage);
    CHECK(c, seL4_TCB_SetFlags(tcb, 0, 0).flags == 0);
    CHECK(c, seL4_TCB_SetFlags(tcb, 0, ~(seL4_Word)0).flags == seL4_TCBFlag_MASK);
    CHECK(c, conf_call(tcb, TCBSetFlags, WORDS(0, 0), NO_CAPS) == seL4_NoError);
    CHECK(c, conf_answer_length() == 1 && seL4_GetMR(0) == seL4_TCBFlag_MASK);
    CHECK(c, seL4_TCB_SetFlags(tcb, ~(seL4_Word)0, 0).flags == 0);
    CHECK(c,
          seL4_TCB_SetFlags(tcb, seL4_TCBFlag_MASK, seL4_TCBFlag_MASK).flags == seL4_TCBFlag_MASK);
}

/* ---- SetIPCBuffer, SetSpace, Configure ---- */

static void buffer_is_checked(struct conf *c)
{
    seL4_TCB tcb = new_tcb(c);
    seL4_CPtr frame = conf_object(c, seL4_RISCV_4K_Page, 0);
    seL4_CPtr table = conf_object(c, seL4_RISCV_PageTableObject, 0);
    CHECK(c, conf_call(tcb, TCBSetIPCBuffer, NO_WORDS, CAPS(frame)) == seL4_TruncatedMessage);
    CHECK(c, conf_call(tcb, TCBSetIPCBuffer, WORDS(0x1000), NO_CAPS) == seL4_TruncatedMessage);
    CHECK(c, seL4_TCB_SetIPCBuffer(tcb, 0x1000, root) == seL4_IllegalOperation);
    CHECK(c, seL4_TCB_SetIPCBuffer(tcb, 0x1000, conf_slot(c)) == seL4_IllegalOperation);
    CHECK(c, seL4_TCB_SetIPCBuffer(tcb, 0x1010, root) == seL4_IllegalOperation);
    CHECK(c, seL4_TCB_SetIPCBuffer(tcb, 0x1000, c->untyped) == seL4_RevokeFirst);
    CHECK(c, seL4_TCB_SetIPCBuffer(tcb, 0x1000, table) == seL4_IllegalOperation);
    CHECK(c, seL4_TCB_SetIPCBuffer(tcb, 0x1010, frame) == seL4_AlignmentError);
    CHECK(c, seL4_TCB_SetIPCBuffer(tcb, 0x1200, frame) == seL4_AlignmentError);
    CHECK(c, seL4_TCB_SetIPCBuffer(tcb, 0x1400, frame) == seL4_NoError);
    CHECK(c, seL4_TCB_SetIPCBuffer(tcb, 0, frame) == seL4_NoError);
    CHECK(c, seL4_TCB_SetIPCBuffer(tcb, 0, root) == seL4_NoError);
}

static void failed_change_keeps_the_buffer(struct conf *c)
{
    struct pair pair = conf_pair(c);
    PEER(c, p, PEER_ABOVE);
    CHECK(c, seL4_TCB_SetIPCBuffer(p->thread.tcb, CONF_WINDOW, root) == seL4_IllegalOperation);
    peer_set_buffer(p, BUFFER_MSG + 4, 0x1234);
    peer_trap(p, conf_trap((seL4_Word)seL4_SysSend, pair.badged, conf_info(LABEL, 5)));
    CHECK(c, conf_length(conf_nb_wait(pair.ep)) == 5 && seL4_GetMR(4) == 0x1234);
}

static void space_is_checked(struct conf *c)
{
    seL4_TCB tcb = new_tcb(c);
    seL4_CPtr vspace = c->space.vspace;
    seL4_CPtr table = conf_object(c, seL4_RISCV_PageTableObject, 0);
    seL4_CPtr ep = conf_object(c, seL4_EndpointObject, 0);
    seL4_CPtr small = conf_object(c, seL4_CapTableObject, 4);
    CHECK(c, conf_call(tcb, TCBSetSpace, WORDS(0), CAPS(0, root, vspace)) == seL4_TruncatedMessage);
    CHECK(c, conf_call(tcb, TCBSetSpace, WORDS(0, 0), CAPS(0, root)) == seL4_TruncatedMessage);
    CHECK(c, seL4_TCB_SetSpace(tcb, 0, ep, 0, vspace, 0) == seL4_IllegalOperation);
    CHECK(c, seL4_TCB_SetSpace(tcb, 0, 0, 0, vspace, 0) == seL4_IllegalOperation);
    CHECK(c, seL4_TCB_SetSpace(tcb, 0, table, 0, vspace, 0) == seL4_IllegalOperation);
    CHECK(c, seL4_TCB_SetSpace(tcb, 0, c->untyped, 0, table, 0) == seL4_RevokeFirst);
    CHECK(c, seL4_TCB_SetSpace(tcb, 0, small, 61, vspace, 0) == seL4_IllegalOperation);
    CHECK(c, seL4_TCB_SetSpace(tcb, 0, small, 60, ep, 0) == seL4_IllegalOperation);
    CHECK(c, seL4_TCB_SetSpace(tcb, 0, small, 60, 0, 0) == seL4_IllegalOperation);
    CHECK(c, seL4_TCB_SetSpace(tcb, 0, small, 60, table, 0) == seL4_IllegalOperation);
    CHECK(c, seL4_TCB_SetSpace(tcb, 0, small, 60, c->untyped, 0) == seL4_RevokeFirst);
    /* A bad space is reported before a bad handler. */
    CHECK(c, seL4_TCB_SetSpace(tcb, c->park, ep, 0, vspace, 0) == seL4_IllegalOperation);
    CHECK(c, invalid_capability(seL4_TCB_SetSpace(tcb, c->park, small, 60, vspace, 0), 1));
    CHECK(c, seL4_TCB_SetSpace(tcb, ep, small, 60, vspace, 0x1234) == seL4_NoError);
    CHECK(c, seL4_TCB_SetSpace(tcb, 0, root, 0, vspace, 0) == seL4_NoError);
}

static void configuration_is_checked(struct conf *c)
{
    seL4_TCB tcb = new_tcb(c);
    seL4_CPtr vspace = c->space.vspace;
    seL4_CPtr frame = conf_object(c, seL4_RISCV_4K_Page, 0);
    seL4_CPtr table = conf_object(c, seL4_RISCV_PageTableObject, 0);
    CHECK(c, conf_call(tcb, TCBConfigure, WORDS(0, 0), CAPS(root, vspace, frame)) ==
                 seL4_TruncatedMessage);
    CHECK(c, conf_call(tcb, TCBConfigure, WORDS(0, 0, 0x1000), CAPS(root, vspace)) ==
                 seL4_TruncatedMessage);
    /* The buffer first, then the CSpace, then the VSpace. */
    CHECK(c, seL4_TCB_Configure(tcb, 0, 0, 0, 0, 0x1010, frame) == seL4_AlignmentError);
    CHECK(c, seL4_TCB_Configure(tcb, root, 0, vspace, 0, 0x1000, root) == seL4_IllegalOperation);
    CHECK(c, seL4_TCB_Configure(tcb, root, 0, vspace, 0, 0x1000, c->untyped) == seL4_RevokeFirst);
    CHECK(c, seL4_TCB_Configure(tcb, 0, 0, vspace, 0, 0x1000, frame) == seL4_IllegalOperation);
    CHECK(c, seL4_TCB_Configure(tcb, table, 0, vspace, 0, 0, 0) == seL4_IllegalOperation);
    CHECK(c, seL4_TCB_Configure(tcb, c->untyped, 0, table, 0, 0, 0) == seL4_RevokeFirst);
    CHECK(c, seL4_TCB_Configure(tcb, root, 0, root, 0, 0x1000, frame) == seL4_IllegalOperation);
    CHECK(c, seL4_TCB_Configure(tcb, root, 0, table, 0, 0, 0) == seL4_IllegalOperation);
    CHECK(c, seL4_TCB_Configure(tcb, root, 0, c->untyped, 0, 0, 0) == seL4_RevokeFirst);
    CHECK(c, seL4_TCB_Configure(tcb, root, 0, vspace, 0, 0x1000, table) == seL4_IllegalOperation);
    CHECK(c, seL4_TCB_Configure(tcb, root, 0, vspace, 0, 0, 0) == seL4_NoError);
    CHECK(c, seL4_TCB_Configure(tcb, root, 0, vspace, 0, 0x1000, frame) == seL4_NoError);
}

static void space_takes_effect_at_once(struct conf *c)
{
    struct pair pair = conf_pair(c);
    seL4_CNode small = conf_object(c, seL4_CapTableObject, 4);
    seL4_CNode other = conf_object(c, seL4_CapTableObject, 4);
    struct thread_spec spec = peer_spec(c, PEER_ABOVE);
    seL4_CPtr go = peer_go(c);
    spec.cspace = small;
    spec.cspace_guard = 60;
    CHECK(c, seL4_CNode_Copy(small, 1, 4, root, go, DEPTH, seL4_AllRights) == seL4_NoError);
    CHECK(c, seL4_CNode_Copy(other, 1, 4, root, go, DEPTH, seL4_AllRights) == seL4_NoError);
    CHECK(c,
          seL4_CNode_Copy(other, 2, 4, root, pair.badged, DEPTH, seL4_AllRights) == seL4_NoError);
    struct peer *p = peer_start_as(c, &spec, go, 1);
    REQUIRE(c, p != seL4_Null);
    peer_call(p, 2, LABEL);
    CHECK(c, p->done && conf_label(p->regs) == seL4_InvalidCapability);
    CHECK(c, seL4_TCB_SetSpace(p->thread.tcb, 0, other, 60, c->space.vspace, 0) == seL4_NoError);
    peer_send(p, 2, LABEL);
    CHECK(c, is_message(conf_nb_wait(pair.ep), BADGE, LABEL) && p->done);
}

static void last_capability_in_a_thread_is_not_replaced(struct conf *c)
{
    seL4_TCB tcb = new_tcb(c);
    seL4_CPtr vspace = c->space.vspace;
    seL4_CNode small = conf_object(c, seL4_CapTableObject, 4);
    CHECK(c, seL4_TCB_SetSpace(tcb, 0, small, 60, vspace, 0) == seL4_NoError);
    CHECK(c, seL4_CNode_Delete(root, small, DEPTH) == seL4_NoError);
    CHECK(c, seL4_TCB_SetSpace(tcb, 0, root, 0, vspace, 0) == seL4_IllegalOperation);
    CHECK(c, seL4_TCB_Configure(tcb, root, 0, vspace, 0, 0, 0) == seL4_IllegalOperation);
}

static void revoked_spaces_leave_the_thread(struct conf *c)
{
    seL4_TCB tcb = new_tcb(c);
    seL4_CPtr vspace = c->space.vspace;
    seL4_CNode small = conf_object(c, seL4_CapTableObject, 4);
    CHECK(c, seL4_TCB_SetSpace(tcb, 0, small, 60, vspace, 0) == seL4_NoError);
    CHECK(c, seL4_CNode_Revoke(root, small, DEPTH) == seL4_NoError);
    /* The slot's capability is a copy and gone, so it can be set again. */
    CHECK(c, seL4_TCB_SetSpace(tcb, 0, root, 0, vspace, 0) == seL4_NoError);
}

/* ---- Messages ---- */

static void threads_take_no_other_labels(struct conf *c)
{
    seL4_TCB tcb = new_tcb(c);
    CHECK(c, conf_call(tcb, CNodeRevoke, WORDS(0, 0), NO_CAPS) == seL4_IllegalOperation);
    CHECK(c, conf_call(tcb, UntypedRetype, NO_WORDS, NO_CAPS) == seL4_IllegalOperation);
    CHECK(c, conf_call(tcb, 0, NO_WORDS, NO_CAPS) == seL4_IllegalOperation);
    CHECK(c, conf_call(tcb, 0xfffffffffffff, NO_WORDS, NO_CAPS) == seL4_IllegalOperation);
    CHECK(c, conf_call(tcb, TCBSetTimeoutEndpoint, NO_WORDS, NO_CAPS) == seL4_TruncatedMessage);
    CHECK(c, conf_call(tcb, TCBSetMCPriority, NO_WORDS, CAPS(own)) == seL4_TruncatedMessage);
    CHECK(c, conf_call(tcb, TCBSetMCPriority, WORDS(0), NO_CAPS) == seL4_TruncatedMessage);
}

static const struct scenario scenarios[] = {
    {"a new thread has clear registers", new_thread_has_clear_registers},
    {"registers are written and read", registers_are_written_and_read},
    {"the first registers are written alone", some_registers_are_written},
    {"no more than 32 registers are written", only_32_registers_are_written},
    {"the first registers are read alone", some_registers_are_read},
    {"register counts are checked", register_counts_are_checked},
    {"a thread's own registers are neither read nor written",
     own_registers_are_not_read_or_written},
    {"CopyRegisters copies one half, or the other", registers_are_copied_by_halves},
    {"CopyRegisters copies a thread's own registers", own_registers_are_copied},
    {"CopyRegisters checks its source", copy_checks_its_source},
    {"CopyRegisters suspends the source, or resumes the destination", copy_suspends_or_resumes},
    {"the pc of a blocked thread is at its system call", pc_of_a_blocked_thread_is_its_call},
    {"a system call that blocks can be skipped", blocked_call_can_be_skipped},
    {"the pc of a suspended thread is behind what it completed",
     completed_call_is_behind_a_suspended_thread},
    {"writing registers repeats a completed system call", writing_no_register_repeats_the_call},
    {"a thread suspends itself, and again when resumed", thread_suspends_itself},
    {"suspending and resuming may be done twice", suspending_twice_is_once},
    {"a thread without time may be resumed, and runs when it gets some",
     resume_without_time_is_accepted},
    {"a scheduling context serves one thread", scheduling_context_serves_one_thread},
    {"SetTLSBase sets tp", tls_base_is_tp},
    {"SetFlags returns the flags, without unknown ones", flags_are_changed_and_returned},
    {"SetIPCBuffer makes its checks", buffer_is_checked},
    {"a failed SetIPCBuffer keeps the buffer", failed_change_keeps_the_buffer},
    {"SetSpace makes its checks in order", space_is_checked},
    {"Configure makes its checks in order", configuration_is_checked},
    {"SetSpace takes effect at once", space_takes_effect_at_once},
    {"the last capability to a CNode is not replaced", last_capability_in_a_thread_is_not_replaced},
    {"a space that was revoked can be replaced", revoked_spaces_leave_the_thread},
    {"threads take no other labels, and no short messages", threads_take_no_other_labels},
};
CONF_GROUP(tcb, scenarios);
