/* SPDX-License-Identifier: BSD-2-Clause */

/* Faults and their handlers (docs/abi/08). Timeout faults are in conf_budget.c. */
#include "tests/conformance/conformance.h"
#include "tests/conformance/expect.h"
#include "user/lib/port.h"

enum {
    DEPTH = ALLOC_DEPTH,
    LABEL = 7,
    ECALL = 4, /* Bytes of the instruction; of those that fault on purpose here, too. */
    ILLEGAL = 2,
    BREAKPOINT = 3,
    LOAD = 5,
    STORE = 7,
    FETCH = 1,
    VALUE = 0x77,
};

#define NOWHERE ((seL4_CPtr)1 << 40)

static const seL4_CNode root = seL4_CapInitThreadCNode;

/* ---- Help ---- */

/* The fault that waits at the handler's endpoint, which must be this one; its words from MR4 on are
 * in the root task's buffer. */
static struct albireo_trap take(struct conf *c, const struct pair *handler, seL4_Word label,
                                seL4_Word length)
{
    struct albireo_trap m = conf_nb_recv(handler->ep, c->reply);
    CHECK(c, m.a0 == BADGE);
    CHECK(c, m.a1 == conf_info(label, length));
    return m;
}

/* Answers it; MR0 and MR1 are these. */
static void answer(struct conf *c, seL4_Word label, seL4_Word length, seL4_Word mr0, seL4_Word mr1)
{
    struct albireo_trap regs =
        conf_trap((seL4_Word)seL4_SysSend, c->reply, conf_info(label, length));
    regs.a2 = mr0;
    regs.a3 = mr1;
    albireo_trap(&regs);
}

static seL4_UserContext registers(const struct peer *p)
{
    seL4_UserContext context = {0};
    seL4_TCB_ReadRegisters(p->thread.tcb, false, 0, 32, &context);
    return context;
}

static void illegal(struct peer *p)
{
    (void)p;
    user_illegal_instruction();
}

static void breakpoint(struct peer *p)
{
    (void)p;
    user_breakpoint();
}

/* A system call number that is none, with every argument register marked. */
static struct albireo_trap unknown_call(seL4_Word number)
{
    struct albireo_trap regs = conf_trap(number, 0x1000, 0x1001);
    regs.a6 = 0x1006;
    return regs;
}

/* ---- CapFault ---- */

static void cap_fault_of_a_send(struct conf *c)
{
    struct pair handler = conf_pair(c);
    FAULTING_PEER(c, p, handler.badged);
    peer_send(p, NOWHERE, LABEL);
    struct albireo_trap m = take(c, &handler, seL4_Fault_CapFault, 7);
    CHECK(c, m.a2 == registers(p).pc && m.a3 == NOWHERE && m.a4 == 0);
}

static void cap_fault_of_a_receive(struct conf *c)
{
    struct pair handler = conf_pair(c);
    FAULTING_PEER(c, p, handler.badged);
    peer_recv(p, NOWHERE, c->reply);
    struct albireo_trap m = take(c, &handler, seL4_Fault_CapFault, 7);
    CHECK(c, m.a5 == seL4_GuardMismatch && seL4_GetMR(4) == 64 && seL4_GetMR(5) == 0);
    CHECK(c, m.a2 == registers(p).pc && m.a3 == NOWHERE && m.a4 == 1);
}

static void cap_fault_of_a_missing_source(struct conf *c)
{
    struct pair handler = conf_pair(c);
    seL4_CPtr none = conf_slot(c);
    FAULTING_PEER(c, p, handler.badged);
    peer_wait(p, none);
    struct albireo_trap m = take(c, &handler, seL4_Fault_CapFault, 5);
    CHECK(c, m.a3 == none && m.a4 == 1 && m.a5 == seL4_MissingCapability && seL4_GetMR(4) == 0);
}

static void cap_fault_of_the_reply_object(struct conf *c)
{
    struct pair pair = conf_pair(c);
    struct pair handler = conf_pair(c);
    FAULTING_PEER(c, p, handler.badged);
    peer_recv(p, pair.ep, NOWHERE);
    struct albireo_trap m = take(c, &handler, seL4_Fault_CapFault, 7);
    CHECK(c, m.a3 == NOWHERE && m.a4 == 1 && m.a5 == seL4_GuardMismatch);
}

static void cap_fault_without_blocking(struct conf *c)
{
    struct pair handler = conf_pair(c);
    FAULTING_PEER(c, p, handler.badged);
    peer_trap(p, conf_trap((seL4_Word)seL4_SysNBWait, NOWHERE, 0));
    CHECK(c, take(c, &handler, seL4_Fault_CapFault, 7).a4 == 1 && !p->done);
    /* A non-blocking send does not fault. */
    FAULTING_PEER(c, q, handler.badged);
    peer_trap(q, conf_trap((seL4_Word)seL4_SysNBSend, NOWHERE, 0));
    CHECK(c, q->done);
}

static void cap_fault_is_tried_again(struct conf *c)
{
    struct pair pair = conf_pair(c);
    struct pair handler = conf_pair(c);
    seL4_CPtr late = conf_slot(c);
    FAULTING_PEER(c, p, handler.badged);
    peer_wait(p, late);
    take(c, &handler, seL4_Fault_CapFault, 5);
    answer(c, 9, 4, 0x1234, 0x1234); /* Label and words mean nothing. */
    take(c, &handler, seL4_Fault_CapFault, 5);
    CHECK(c,
          seL4_CNode_Copy(root, late, DEPTH, root, pair.ep, DEPTH, seL4_AllRights) == seL4_NoError);
    answer(c, 0, 0, 0, 0);
    CHECK(c, !p->done);
    conf_nb_send(pair.badged, LABEL);
    CHECK(c, peer_got(p, BADGE, LABEL));
}

/* ---- UnknownSyscall ---- */

static void unknown_syscall_shows_registers(struct conf *c)
{
    struct pair handler = conf_pair(c);
    FAULTING_PEER(c, p, handler.badged);
    peer_trap(p, unknown_call(0xc1));
    struct albireo_trap m = take(c, &handler, seL4_Fault_UnknownSyscall, 11);
    seL4_Word a0 = m.a5;
    seL4_Word rest[7];
    for (int i = 0; i < 7; i++) {
        rest[i] = seL4_GetMR(4 + i);
    }
    CHECK(c, a0 == 0x1000 && rest[0] == 0x1001 && rest[1] == MARK_2 && rest[2] == MARK_3);
    CHECK(c, rest[3] == MARK_4 && rest[4] == MARK_5 && rest[5] == 0x1006 && rest[6] == 0xc1);
    seL4_UserContext context = registers(p);
    CHECK(c, m.a2 == context.pc && m.a3 == context.sp && m.a4 == context.ra);
}

static void every_other_number_is_unknown(struct conf *c)
{
    struct pair handler = conf_pair(c);
    const seL4_Word numbers[] = {
        0, 1, 0x7fffffffffffffff, (seL4_Word)-34, (seL4_Word)-100, 0xffffffff, 0x8000000000000000};
    FAULTING_PEER(c, p, handler.badged);
    for (uint32_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
        peer_trap(p, unknown_call(numbers[i]));
        struct albireo_trap m = take(c, &handler, seL4_Fault_UnknownSyscall, 11);
        CHECK(c, seL4_GetMR(10) == numbers[i]);
        answer(c, 0, 1, m.a2 + ECALL, 0);
        CHECK(c, p->done && p->regs.a0 == 0x1000 && p->regs.a5 == MARK_5);
    }
}

static void unknown_syscall_is_repeated(struct conf *c)
{
    struct pair handler = conf_pair(c);
    FAULTING_PEER(c, p, handler.badged);
    peer_trap(p, unknown_call(0xc1));
    struct albireo_trap first = take(c, &handler, seL4_Fault_UnknownSyscall, 11);
    answer(c, 0, 0, 0, 0); /* The same instruction again. */
    CHECK(c, !p->done);
    CHECK(c, take(c, &handler, seL4_Fault_UnknownSyscall, 11).a2 == first.a2);
}

static void unknown_syscall_is_emulated(struct conf *c)
{
    struct pair handler = conf_pair(c);
    FAULTING_PEER(c, p, handler.badged);
    peer_trap(p, unknown_call(0xc1));
    struct albireo_trap m = take(c, &handler, seL4_Fault_UnknownSyscall, 11);
    /* All registers but a6, which is not read back, as the answer says. */
    for (int i = 4; i < 10; i++) {
        seL4_SetMR(i, 0x2000u + (seL4_Word)i);
    }
    struct albireo_trap regs = conf_trap((seL4_Word)seL4_SysSend, c->reply, conf_info(0, 9));
    regs.a2 = m.a2 + ECALL;
    regs.a3 = m.a3;
    regs.a4 = m.a4;
    regs.a5 = 0x2003;
    albireo_trap(&regs);
    CHECK(c, p->done && p->regs.a0 == 0x2003 && p->regs.a1 == 0x2004 && p->regs.a2 == 0x2005);
    CHECK(c, p->regs.a3 == 0x2006 && p->regs.a4 == 0x2007 && p->regs.a5 == 0x2008);
}

static void unknown_syscall_stops_the_thread(struct conf *c)
{
    struct pair handler = conf_pair(c);
    FAULTING_PEER(c, p, handler.badged);
    peer_trap(p, unknown_call(0xc1));
    seL4_UserContext before = registers(p);
    struct albireo_trap m = take(c, &handler, seL4_Fault_UnknownSyscall, 11);
    for (int i = 4; i < 20; i++) {
        seL4_SetMR(i, 0x2000u + (seL4_Word)i);
    }
    struct albireo_trap regs = conf_trap((seL4_Word)seL4_SysSend, c->reply, conf_info(1, 20));
    regs.a2 = m.a2 + ECALL;
    regs.a3 = 0x2001;
    regs.a4 = 0x2002;
    regs.a5 = 0x2003;
    albireo_trap(&regs);
    CHECK(c, !p->done);
    seL4_UserContext after = registers(p);
    CHECK(c, after.pc == before.pc + ECALL && after.sp == 0x2001 && after.ra == 0x2002);
    CHECK(c, after.a0 == 0x2003 && after.a5 == 0x2008 && after.a6 == 0x2009);
    CHECK(c, after.a7 == before.a7 && after.t0 == before.t0);
    after.sp = before.sp;
    after.ra = before.ra;
    CHECK(c, seL4_TCB_WriteRegisters(p->thread.tcb, true, 0, 32, &after) == seL4_NoError);
    CHECK(c, p->done && p->regs.a0 == 0x2003); /* And can be resumed. */
}

/* ---- UserException ---- */

static void exception_shows_its_number(struct conf *c)
{
    struct pair handler = conf_pair(c);
    FAULTING_PEER(c, p, handler.badged);
    peer_run(p, illegal);
    struct albireo_trap m = take(c, &handler, seL4_Fault_UserException, 4);
    CHECK(c, m.a2 == registers(p).pc && m.a3 == registers(p).sp);
    CHECK(c, m.a4 == ILLEGAL && m.a5 == 0);
}

static void breakpoint_is_an_exception(struct conf *c)
{
    struct pair handler = conf_pair(c);
    FAULTING_PEER(c, p, handler.badged);
    peer_run(p, breakpoint);
    struct albireo_trap m = take(c, &handler, seL4_Fault_UserException, 4);
    CHECK(c, m.a2 == registers(p).pc && m.a4 == BREAKPOINT && m.a5 == 0);
    answer(c, 0, 1, m.a2 + ECALL, 0);
    CHECK(c, p->done);
}

static void exception_is_tried_again(struct conf *c)
{
    struct pair handler = conf_pair(c);
    FAULTING_PEER(c, p, handler.badged);
    peer_run(p, illegal);
    struct albireo_trap m = take(c, &handler, seL4_Fault_UserException, 4);
    answer(c, 0, 0, 0, 0);
    CHECK(c, take(c, &handler, seL4_Fault_UserException, 4).a2 == m.a2);
    answer(c, 0, 1, m.a2 + ECALL, 0);
    CHECK(c, p->done);
}

static void exception_stops_the_thread(struct conf *c)
{
    struct pair handler = conf_pair(c);
    FAULTING_PEER(c, p, handler.badged);
    peer_run(p, illegal);
    struct albireo_trap m = take(c, &handler, seL4_Fault_UserException, 4);
    answer(c, 1, 4, m.a2 + ECALL, 0x2001);
    CHECK(c, !p->done);
    seL4_UserContext context = registers(p);
    CHECK(c, context.pc == m.a2 + ECALL && context.sp == 0x2001);
    context.sp = m.a3;
    CHECK(c, seL4_TCB_WriteRegisters(p->thread.tcb, true, 0, 3, &context) == seL4_NoError);
    CHECK(c, p->done);
}

/* ---- VMFault ---- */

static void vm_fault_of_a_load(struct conf *c)
{
    struct pair handler = conf_pair(c);
    FAULTING_PEER(c, p, handler.badged);
    peer_load(p, CONF_WINDOW + 0x128);
    struct albireo_trap m = take(c, &handler, seL4_Fault_VMFault, 4);
    CHECK(c, m.a2 == registers(p).pc && m.a3 == CONF_WINDOW + 0x128 && m.a4 == 0 && m.a5 == LOAD);
}

static void vm_fault_of_a_store(struct conf *c)
{
    struct pair handler = conf_pair(c);
    FAULTING_PEER(c, p, handler.badged);
    peer_store(p, CONF_WINDOW + 0x128, VALUE);
    struct albireo_trap m = take(c, &handler, seL4_Fault_VMFault, 4);
    CHECK(c, m.a3 == CONF_WINDOW + 0x128 && m.a4 == 0 && m.a5 == STORE);
}

static void vm_fault_of_a_fetch(struct conf *c)
{
    struct pair handler = conf_pair(c);
    FAULTING_PEER(c, p, handler.badged);
    seL4_UserContext context = {.pc = CONF_WINDOW + 0x128};
    CHECK(c, seL4_TCB_WriteRegisters(p->thread.tcb, true, 0, 1, &context) == seL4_NoError);
    struct albireo_trap m = take(c, &handler, seL4_Fault_VMFault, 4);
    CHECK(c, m.a2 == CONF_WINDOW + 0x128 && m.a3 == m.a2 && m.a4 == 1 && m.a5 == FETCH);
}

static void vm_fault_of_kernel_addresses(struct conf *c)
{
    struct pair handler = conf_pair(c);
    const uint64_t addresses[] = {0x3ffffff000, 0xffffffff80200000, 0xffffffc000000000,
                                  0x4000000000, 0x8000000000000000};
    for (uint32_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        FAULTING_PEER(c, p, handler.badged);
        peer_load(p, addresses[i]);
        struct albireo_trap m = take(c, &handler, seL4_Fault_VMFault, 4);
        CHECK(c, m.a3 == addresses[i] && m.a4 == 0 && m.a5 == LOAD && !p->done);
    }
}

static void vm_fault_is_tried_again(struct conf *c)
{
    struct pair handler = conf_pair(c);
    FAULTING_PEER(c, p, handler.badged);
    peer_store(p, CONF_WINDOW, VALUE);
    take(c, &handler, seL4_Fault_VMFault, 4);
    answer(c, 9, 4, 0x1234, 0x1234); /* Label and words mean nothing. */
    take(c, &handler, seL4_Fault_VMFault, 4);
    REQUIRE(c, space_map_new(&c->scene, &c->space, CONF_WINDOW, 1, seL4_Null) == seL4_NoError);
    answer(c, 0, 0, 0, 0);
    CHECK(c, p->done && user_load64(CONF_WINDOW) == VALUE);
    peer_load(p, CONF_WINDOW);
    CHECK(c, p->done && p->value == VALUE);
}

static void store_to_a_read_only_page_faults(struct conf *c)
{
    struct pair handler = conf_pair(c);
    seL4_CPtr frame = conf_object(c, seL4_RISCV_4K_Page, 0);
    REQUIRE(c, space_map(&c->scene, &c->space, frame, CONF_WINDOW, seL4_CanRead) == seL4_NoError);
    FAULTING_PEER(c, p, handler.badged);
    peer_load(p, CONF_WINDOW);
    CHECK(c, p->done);
    peer_store(p, CONF_WINDOW, VALUE);
    struct albireo_trap m = take(c, &handler, seL4_Fault_VMFault, 4);
    CHECK(c, m.a3 == CONF_WINDOW && m.a5 == STORE && user_load64(CONF_WINDOW) == 0);
}

/* ---- Handlers ---- */

static void waiting_handler_is_woken(struct conf *c)
{
    struct pair handler = conf_pair(c);
    PEER(c, server, PEER_ABOVE);
    FAULTING_PEER(c, p, handler.badged);
    peer_recv(server, handler.ep, c->reply);
    peer_load(p, CONF_WINDOW);
    CHECK(c, server->done && server->regs.a0 == BADGE);
    CHECK(c, server->regs.a1 == conf_info(seL4_Fault_VMFault, 4));
    CHECK(c, server->regs.a3 == CONF_WINDOW && server->regs.a5 == LOAD);
    REQUIRE(c, space_map_new(&c->scene, &c->space, CONF_WINDOW, 1, seL4_Null) == seL4_NoError);
    peer_reply_recv(server, handler.ep, c->reply, 0);
    CHECK(c, p->done && !server->done);
}

static void handler_without_reply_object_stops_the_thread(struct conf *c)
{
    struct pair handler = conf_pair(c);
    FAULTING_PEER(c, p, handler.badged);
    peer_load(p, CONF_WINDOW);
    CHECK(c, conf_nb_wait(handler.ep).a0 == BADGE);
    REQUIRE(c, space_map_new(&c->scene, &c->space, CONF_WINDOW, 1, seL4_Null) == seL4_NoError);
    CHECK(c, !p->done);
    seL4_TCB_Resume(p->thread.tcb); /* It tries again. */
    CHECK(c, p->done);
}

static void handler_without_buffer_gets_four_words(struct conf *c)
{
    struct pair handler = conf_pair(c);
    PEER(c, server, PEER_ABOVE);
    FAULTING_PEER(c, p, handler.badged);
    seL4_TCB_SetIPCBuffer(server->thread.tcb, 0, seL4_CapNull);
    peer_recv(server, handler.ep, c->reply);
    peer_trap(p, unknown_call(0xc1));
    CHECK(c, server->done && server->regs.a1 == conf_info(seL4_Fault_UnknownSyscall, 4));
    CHECK(c, server->regs.a5 == 0x1000);
}

static void no_handler_stops_the_thread(struct conf *c)
{
    PEER(c, p, PEER_ABOVE);
    peer_load(p, CONF_WINDOW);
    CHECK(c, !p->done);
    REQUIRE(c, space_map_new(&c->scene, &c->space, CONF_WINDOW, 1, seL4_Null) == seL4_NoError);
    CHECK(c, !p->done);
    seL4_TCB_Resume(p->thread.tcb);
    CHECK(c, p->done);
}

static void revoked_handler_is_none(struct conf *c)
{
    struct pair handler = conf_pair(c);
    FAULTING_PEER(c, p, handler.badged);
    CHECK(c, seL4_CNode_Revoke(root, handler.badged, DEPTH) == seL4_NoError);
    peer_load(p, CONF_WINDOW);
    CHECK(c, !p->done && conf_nb_wait(handler.ep).a0 == 0);
}

static void handler_keeps_the_endpoint(struct conf *c)
{
    struct pair handler = conf_pair(c);
    seL4_CPtr other = conf_mint(c, handler.ep, seL4_CanRead, 0);
    FAULTING_PEER(c, p, handler.badged);
    CHECK(c, seL4_CNode_Delete(root, handler.badged, DEPTH) == seL4_NoError);
    CHECK(c, seL4_CNode_Delete(root, handler.ep, DEPTH) == seL4_NoError);
    peer_load(p, CONF_WINDOW);
    CHECK(c, conf_nb_recv(other, c->reply).a0 == BADGE);
}

static void endpoint_that_ends_stops_the_thread(struct conf *c)
{
    struct pair handler = conf_pair(c);
    FAULTING_PEER(c, p, handler.badged);
    peer_load(p, CONF_WINDOW);
    REQUIRE(c, space_map_new(&c->scene, &c->space, CONF_WINDOW, 1, seL4_Null) == seL4_NoError);
    CHECK(c, seL4_CNode_Revoke(root, handler.ep, DEPTH) == seL4_NoError);
    CHECK(c, seL4_CNode_Delete(root, handler.ep, DEPTH) == seL4_NoError);
    CHECK(c, !p->done); /* Stopped, not tried again. */
    seL4_TCB_Resume(p->thread.tcb);
    CHECK(c, p->done);
}

static void cancelled_fault_stops_the_thread(struct conf *c)
{
    struct pair handler = conf_pair(c);
    FAULTING_PEER(c, p, handler.badged);
    peer_load(p, CONF_WINDOW);
    CHECK(c, seL4_CNode_CancelBadgedSends(root, handler.badged, DEPTH) == seL4_NoError);
    CHECK(c, !p->done && conf_nb_wait(handler.ep).a0 == 0);
    seL4_TCB_Resume(p->thread.tcb);
    CHECK(c, take(c, &handler, seL4_Fault_VMFault, 4).a3 == CONF_WINDOW);
}

static void handler_needs_write_and_grant(struct conf *c)
{
    struct pair pair = conf_pair(c);
    seL4_TCB tcb = conf_object(c, seL4_TCBObject, 0);
    const seL4_CPtr wrong[] = {
        conf_mint(c, pair.ep, seL4_CanWrite, 0),
        conf_mint(c, pair.ep, seL4_NoWrite, 0),
        conf_mint(c, pair.ep, seL4_ReadWrite, 0),
        c->park,
        tcb,
    };
    const seL4_CPtr right[] = {
        seL4_CapNull,
        conf_mint(c, pair.ep, seL4_CapRights_new(1, 0, 0, 1), 0),
        conf_mint(c, pair.ep, seL4_CapRights_new(0, 1, 0, 1), 0),
    };
    const seL4_CPtr own = seL4_CapInitThreadTCB;
    for (uint32_t i = 0; i < 5; i++) {
        CHECK(c, invalid_capability(seL4_TCB_SetSchedParams(tcb, own, 0, 0, 0, wrong[i]), 3));
        CHECK(c,
              invalid_capability(seL4_TCB_SetSpace(tcb, wrong[i], root, 0, c->space.vspace, 0), 1));
        CHECK(c, invalid_capability(seL4_TCB_SetTimeoutEndpoint(tcb, wrong[i]), 1));
    }
    for (uint32_t i = 0; i < 3; i++) {
        CHECK(c, seL4_TCB_SetSchedParams(tcb, own, 0, 0, 0, right[i]) == seL4_NoError);
        CHECK(c, seL4_TCB_SetSpace(tcb, right[i], root, 0, c->space.vspace, 0) == seL4_NoError);
        CHECK(c, seL4_TCB_SetTimeoutEndpoint(tcb, right[i]) == seL4_NoError);
    }
}

static void one_of_the_grants_suffices(struct conf *c)
{
    struct pair handler = conf_pair(c);
    const seL4_CPtr caps[] = {
        conf_mint(c, handler.ep, seL4_CapRights_new(0, 1, 0, 1), BADGE),
        conf_mint(c, handler.ep, seL4_CapRights_new(1, 0, 0, 1), BADGE),
    };
    for (uint32_t i = 0; i < 2; i++) {
        FAULTING_PEER(c, p, caps[i]);
        peer_run(p, illegal);
        struct albireo_trap m = take(c, &handler, seL4_Fault_UserException, 4);
        answer(c, 0, 1, m.a2 + ECALL, 0);
        CHECK(c, p->done);
    }
}

static void handler_can_be_replaced(struct conf *c)
{
    struct pair first = conf_pair(c);
    struct pair second = conf_pair(c);
    struct pair third = conf_pair(c);
    FAULTING_PEER(c, p, first.badged);
    CHECK(c, seL4_TCB_SetSpace(p->thread.tcb, second.badged, root, 0, c->space.vspace, 0) ==
                 seL4_NoError);
    peer_load(p, CONF_WINDOW);
    CHECK(c, conf_nb_wait(first.ep).a0 == 0);
    take(c, &second, seL4_Fault_VMFault, 4);
    CHECK(c, seL4_TCB_SetSchedParams(p->thread.tcb, seL4_CapInitThreadTCB, 0, PEER_ABOVE,
                                     p->thread.sc, third.badged) == seL4_NoError);
    answer(c, 0, 0, 0, 0);
    CHECK(c, conf_nb_wait(second.ep).a0 == 0);
    take(c, &third, seL4_Fault_VMFault, 4);
}

/* ---- While a fault is pending ---- */

static void resumed_thread_faults_again(struct conf *c)
{
    struct pair handler = conf_pair(c);
    FAULTING_PEER(c, p, handler.badged);
    peer_load(p, CONF_WINDOW);
    take(c, &handler, seL4_Fault_VMFault, 4);
    seL4_TCB_Suspend(p->thread.tcb);
    answer(c, 0, 0, 0, 0); /* Nobody waits for it any more. */
    CHECK(c, conf_nb_wait(handler.ep).a0 == 0);
    seL4_TCB_Resume(p->thread.tcb);
    CHECK(c, take(c, &handler, seL4_Fault_VMFault, 4).a3 == CONF_WINDOW);
}

static void registers_can_be_written_meanwhile(struct conf *c)
{
    struct pair handler = conf_pair(c);
    FAULTING_PEER(c, p, handler.badged);
    peer_trap(p, unknown_call(0xc1));
    take(c, &handler, seL4_Fault_UnknownSyscall, 11);
    seL4_UserContext context = registers(p);
    context.pc += ECALL;
    context.a0 = 0x2003;
    CHECK(c, seL4_TCB_WriteRegisters(p->thread.tcb, false, 0, 32, &context) == seL4_NoError);
    CHECK(c, !p->done);
    answer(c, 0, 0, 0, 0);
    CHECK(c, p->done && p->regs.a0 == 0x2003 && p->regs.a1 == 0x1001);
}

static void answer_carries_no_capabilities(struct conf *c)
{
    struct pair handler = conf_pair(c);
    seL4_CPtr slot = conf_slot(c);
    FAULTING_PEER(c, p, handler.badged);
    peer_set_buffer(p, BUFFER_RECEIVE, root);
    peer_set_buffer(p, BUFFER_RECEIVE + 1, slot);
    peer_set_buffer(p, BUFFER_RECEIVE + 2, DEPTH);
    peer_run(p, illegal);
    struct albireo_trap m = take(c, &handler, seL4_Fault_UserException, 4);
    seL4_SetCap(0, c->park);
    struct albireo_trap regs =
        conf_trap((seL4_Word)seL4_SysSend, c->reply, seL4_MessageInfo_new(0, 0, 1, 1).words[0]);
    regs.a2 = m.a2 + ECALL;
    albireo_trap(&regs);
    CHECK(c, p->done && conf_slot_is_empty(c, slot));
}

static void faults_queue_by_priority(struct conf *c)
{
    struct pair handler = conf_pair(c);
    PEER(c, sender, PEER_ABOVE);
    FAULTING_PEER(c, p, handler.badged);
    peer_send(sender, handler.ep, LABEL);
    seL4_TCB_SetPriority(p->thread.tcb, seL4_CapInitThreadTCB, PEER_ABOVE + 1);
    peer_load(p, CONF_WINDOW);
    CHECK(c, conf_nb_recv(handler.ep, c->reply).a0 == BADGE);
    CHECK(c, !sender->done && conf_label(conf_nb_wait(handler.ep)) == LABEL && sender->done);
}

static const struct scenario scenarios[] = {
    {"CapFault: a send names the pointer, in the send phase", cap_fault_of_a_send},
    {"CapFault: a receive names the pointer, in the receive phase", cap_fault_of_a_receive},
    {"CapFault: a receive from an empty slot", cap_fault_of_a_missing_source},
    {"CapFault: a receive with a bad pointer to its Reply object", cap_fault_of_the_reply_object},
    {"CapFault: a non-blocking receive faults, a non-blocking send does not",
     cap_fault_without_blocking},
    {"CapFault: every answer has the call tried again", cap_fault_is_tried_again},
    {"UnknownSyscall: the message shows the registers", unknown_syscall_shows_registers},
    {"UnknownSyscall: numbers that are no calls", every_other_number_is_unknown},
    {"UnknownSyscall: an empty answer repeats the call", unknown_syscall_is_repeated},
    {"UnknownSyscall: the answer sets registers", unknown_syscall_is_emulated},
    {"UnknownSyscall: an answer with a label stops the thread", unknown_syscall_stops_the_thread},
    {"UserException: the message shows the exception's number", exception_shows_its_number},
    {"UserException: a breakpoint has number 3, and can be skipped", breakpoint_is_an_exception},
    {"UserException: an empty answer repeats the instruction", exception_is_tried_again},
    {"UserException: an answer with a label stops the thread", exception_stops_the_thread},
    {"VMFault: a load has status 5", vm_fault_of_a_load},
    {"VMFault: a store has status 7", vm_fault_of_a_store},
    {"VMFault: an instruction fetch has status 1", vm_fault_of_a_fetch},
    {"VMFault: addresses beyond the user's", vm_fault_of_kernel_addresses},
    {"VMFault: every answer has the access tried again", vm_fault_is_tried_again},
    {"VMFault: a store to a read-only page", store_to_a_read_only_page_faults},
    {"a handler that waits is woken", waiting_handler_is_woken},
    {"a handler without Reply object leaves the thread stopped",
     handler_without_reply_object_stops_the_thread},
    {"a handler without buffer gets four words", handler_without_buffer_gets_four_words},
    {"without handler the thread stops, and can be resumed", no_handler_stops_the_thread},
    {"a handler that was revoked is none", revoked_handler_is_none},
    {"a handler needs no capability but the thread's", handler_keeps_the_endpoint},
    {"a pending fault's endpoint that ends stops the thread", endpoint_that_ends_stops_the_thread},
    {"a pending fault that is cancelled stops the thread", cancelled_fault_stops_the_thread},
    {"a handler needs write and one of the grants", handler_needs_write_and_grant},
    {"with either grant the thread gets its answer", one_of_the_grants_suffices},
    {"a handler can be replaced", handler_can_be_replaced},
    {"a thread that is resumed faults again", resumed_thread_faults_again},
    {"registers can be written while a fault is pending", registers_can_be_written_meanwhile},
    {"an answer to a fault carries no capabilities", answer_carries_no_capabilities},
    {"faults and messages queue by priority", faults_queue_by_priority},
};
CONF_GROUP(fault, scenarios);
