/* SPDX-License-Identifier: BSD-2-Clause */

/* Notifications (docs/abi/07 sections 7.7 to 7.10). */
#include "tests/conformance/conformance.h"
#include "tests/conformance/expect.h"

enum { LABEL = 7, A = 0x30, B = 0x41 };

/* A notification, and two capabilities to signal it by. */
struct signals {
    seL4_CPtr ntfn;
    seL4_CPtr a;
    seL4_CPtr b;
};

static struct signals make_signals(struct conf *c)
{
    struct signals s = {.ntfn = conf_object(c, seL4_NotificationObject, 0)};
    s.a = conf_mint(c, s.ntfn, seL4_AllRights, A);
    s.b = conf_mint(c, s.ntfn, seL4_AllRights, B);
    return s;
}

/* The system call is done, and only a0 has changed: it is the badge. */
static bool got_signal(const struct peer *p, seL4_Word badge)
{
    return p->done && p->regs.a0 == badge && p->regs.a1 == 0 && p->regs.a2 == MARK_2 &&
           p->regs.a3 == MARK_3 && p->regs.a4 == MARK_4 && p->regs.a5 == MARK_5;
}

/* ---- Signal, wait, poll ---- */

static void signal_wakes_a_waiter(struct conf *c)
{
    struct signals s = make_signals(c);
    PEER(c, p, PEER_ABOVE);
    peer_wait(p, s.ntfn);
    CHECK(c, !p->done);
    seL4_Signal(s.a);
    CHECK(c, got_signal(p, A));
}

static void signal_waits_for_a_waiter(struct conf *c)
{
    struct signals s = make_signals(c);
    PEER(c, p, PEER_ABOVE);
    seL4_Signal(s.a);
    peer_wait(p, s.ntfn);
    CHECK(c, got_signal(p, A));
}

static void signals_accumulate(struct conf *c)
{
    struct signals s = make_signals(c);
    seL4_Signal(s.a);
    seL4_Signal(s.b);
    seL4_Signal(s.a);
    CHECK(c, conf_nb_wait(s.ntfn).a0 == (A | B));
    CHECK(c, conf_nb_wait(s.ntfn).a0 == 0);
}

static void poll_changes_only_a0(struct conf *c)
{
    struct signals s = make_signals(c);
    struct albireo_trap m = conf_trap((seL4_Word)seL4_SysNBWait, s.ntfn, 0xabc);
    albireo_trap(&m);
    CHECK(c, m.a0 == 0 && m.a1 == 0xabc && m.a2 == MARK_2 && m.a5 == MARK_5);
    seL4_Signal(s.a);
    m.a0 = s.ntfn;
    albireo_trap(&m);
    CHECK(c, m.a0 == A && m.a1 == 0xabc && m.a2 == MARK_2 && m.a5 == MARK_5);
}

static void badge_0_is_a_signal(struct conf *c)
{
    struct signals s = make_signals(c);
    PEER(c, p, PEER_ABOVE);
    peer_wait(p, s.ntfn);
    seL4_Signal(s.ntfn);
    CHECK(c, got_signal(p, 0));
    seL4_Signal(s.ntfn);
    peer_wait(p, s.ntfn); /* It is active, though there is no bit in it. */
    CHECK(c, got_signal(p, 0));
    peer_wait(p, s.ntfn);
    CHECK(c, !p->done);
}

static void all_bits_of_a_badge_count(struct conf *c)
{
    struct signals s = make_signals(c);
    seL4_CPtr high = conf_mint(c, s.ntfn, seL4_AllRights, 0x8000000000000001);
    seL4_Signal(high);
    seL4_Signal(s.a);
    CHECK(c, conf_nb_wait(s.ntfn).a0 == (0x8000000000000001 | A));
}

static void recv_takes_signals(struct conf *c)
{
    struct signals s = make_signals(c);
    PEER(c, p, PEER_ABOVE);
    peer_recv(p, s.ntfn, seL4_CapNull); /* Reply capabilities are not looked at. */
    CHECK(c, !p->done);
    seL4_Signal(s.a);
    CHECK(c, got_signal(p, A));
    seL4_Signal(s.b);
    CHECK(c, conf_nb_recv(s.ntfn, (seL4_CPtr)1 << 40).a0 == B);
}

static void every_send_signals(struct conf *c)
{
    struct signals s = make_signals(c);
    conf_nb_send(s.a, LABEL); /* With a message, which is lost. */
    CHECK(c, conf_nb_wait(s.ntfn).a0 == A);
    CHECK(c, conf_call(s.b, LABEL, WORDS(1, 2), NO_CAPS) == seL4_NoError);
    CHECK(c, conf_answer_length() == 0);
    CHECK(c, conf_nb_wait(s.ntfn).a0 == B);
}

/* ---- Who is woken ---- */

static void one_signal_wakes_one(struct conf *c)
{
    struct signals s = make_signals(c);
    PEER(c, first, PEER_ABOVE);
    PEER(c, second, PEER_ABOVE);
    PEER(c, high, PEER_ABOVE + 1);
    peer_wait(first, s.ntfn);
    peer_wait(second, s.ntfn);
    peer_wait(high, s.ntfn);
    seL4_Signal(s.a);
    CHECK(c, got_signal(high, A) && !first->done && !second->done);
    seL4_Signal(s.b);
    CHECK(c, got_signal(first, B) && !second->done);
    seL4_Signal(s.a);
    CHECK(c, got_signal(second, A));
    CHECK(c, conf_nb_wait(s.ntfn).a0 == 0);
}

static void new_priority_moves_a_waiter(struct conf *c)
{
    struct signals s = make_signals(c);
    PEER(c, first, PEER_ABOVE);
    PEER(c, second, PEER_ABOVE);
    peer_wait(first, s.ntfn);
    peer_wait(second, s.ntfn);
    seL4_TCB_SetPriority(second->thread.tcb, seL4_CapInitThreadTCB, PEER_ABOVE + 1);
    seL4_Signal(s.a);
    CHECK(c, got_signal(second, A) && !first->done);
}

static void suspended_waiter_is_not_woken(struct conf *c)
{
    struct signals s = make_signals(c);
    PEER(c, p, PEER_ABOVE);
    peer_wait(p, s.ntfn);
    seL4_TCB_Suspend(p->thread.tcb);
    seL4_Signal(s.a);
    CHECK(c, !p->done);
    seL4_TCB_Resume(p->thread.tcb); /* Waits again, and finds the signal. */
    CHECK(c, got_signal(p, A));
}

static void lower_waiter_runs_later(struct conf *c)
{
    struct signals s = make_signals(c);
    PEER(c, p, PEER_BELOW);
    peer_wait(p, s.ntfn);
    conf_settle();
    seL4_Signal(s.a);
    CHECK(c, !p->done);
    seL4_Signal(s.b); /* It waits no more; this is for the next one. */
    conf_settle();
    CHECK(c, got_signal(p, A));
    CHECK(c, conf_nb_wait(s.ntfn).a0 == B);
}

/* ---- Rights ---- */

static void signalling_needs_the_right_to_write(struct conf *c)
{
    struct signals s = make_signals(c);
    seL4_CPtr mute = conf_mint(c, s.ntfn, seL4_CanRead, 0);
    PEER(c, p, PEER_ABOVE);
    peer_wait(p, s.ntfn);
    seL4_Signal(mute);
    conf_nb_send(mute, LABEL);
    CHECK(c, invalid_capability(conf_call(mute, LABEL, NO_WORDS, NO_CAPS), 0));
    CHECK(c, !p->done);
}

static void waiting_needs_the_right_to_read(struct conf *c)
{
    struct signals s = make_signals(c);
    struct pair handler = conf_pair(c);
    seL4_CPtr deaf = conf_mint(c, s.ntfn, seL4_CanWrite, 0);
    FAULTING_PEER(c, p, handler.badged);
    seL4_Signal(s.a);
    peer_wait(p, deaf);
    struct albireo_trap m = conf_nb_wait(handler.ep);
    CHECK(c, m.a0 == BADGE && m.a1 == conf_info(seL4_Fault_CapFault, 5));
    CHECK(c, m.a3 == deaf && m.a4 == 1 && m.a5 == seL4_MissingCapability);
    CHECK(c, seL4_GetMR(4) == 0 && conf_nb_wait(s.ntfn).a0 == A);
}

/* ---- The end of a notification ---- */

static void deletion_faults_waiters(struct conf *c)
{
    struct signals s = make_signals(c);
    struct pair handler = conf_pair(c);
    FAULTING_PEER(c, p, handler.badged);
    peer_wait(p, s.ntfn);
    CHECK(c, seL4_CNode_Revoke(seL4_CapInitThreadCNode, s.ntfn, ALLOC_DEPTH) == seL4_NoError);
    CHECK(c, conf_nb_wait(handler.ep).a0 == 0);
    CHECK(c, seL4_CNode_Delete(seL4_CapInitThreadCNode, s.ntfn, ALLOC_DEPTH) == seL4_NoError);
    struct albireo_trap m = conf_nb_wait(handler.ep);
    CHECK(c, m.a0 == BADGE && conf_label(m) == seL4_Fault_CapFault && m.a3 == s.ntfn);
    CHECK(c, m.a4 == 1 && m.a5 == seL4_MissingCapability);
}

/* ---- Bound to a thread ---- */

static struct peer *bound_peer(struct conf *c, const struct signals *s)
{
    struct peer *p = peer_start(c, PEER_ABOVE);
    if (p != seL4_Null) {
        CHECK(c, seL4_TCB_BindNotification(p->thread.tcb, s->ntfn) == seL4_NoError);
    }
    return p;
}

static void bound_signal_ends_a_receive(struct conf *c)
{
    struct signals s = make_signals(c);
    struct pair pair = conf_pair(c);
    struct peer *p = bound_peer(c, &s);
    REQUIRE(c, p != seL4_Null);
    peer_recv(p, pair.ep, c->reply);
    seL4_Signal(s.a);
    CHECK(c, got_signal(p, A));
    peer_wait(p, pair.ep);
    seL4_Signal(s.b);
    CHECK(c, got_signal(p, B));
    conf_nb_send(pair.badged, LABEL); /* Nobody receives any more. */
    peer_recv(p, pair.ep, c->reply);
    CHECK(c, !p->done);
    conf_nb_send(pair.badged, LABEL);
    CHECK(c, peer_got(p, BADGE, LABEL));
}

static void bound_signal_comes_before_messages(struct conf *c)
{
    struct signals s = make_signals(c);
    struct pair pair = conf_pair(c);
    PEER(c, sender, PEER_ABOVE);
    struct peer *p = bound_peer(c, &s);
    REQUIRE(c, p != seL4_Null);
    peer_send(sender, pair.badged, LABEL);
    seL4_Signal(s.a);
    peer_recv(p, pair.ep, c->reply);
    CHECK(c, got_signal(p, A) && !sender->done);
    peer_recv(p, pair.ep, c->reply);
    CHECK(c, peer_got(p, BADGE, LABEL) && sender->done);
}

static void bound_signal_is_found_without_blocking(struct conf *c)
{
    struct signals s = make_signals(c);
    struct pair pair = conf_pair(c);
    struct peer *p = bound_peer(c, &s);
    REQUIRE(c, p != seL4_Null);
    seL4_Signal(s.a);
    struct albireo_trap regs = conf_trap((seL4_Word)seL4_SysNBRecv, pair.ep, 0);
    regs.a6 = c->reply;
    peer_trap(p, regs);
    CHECK(c, got_signal(p, A));
    peer_trap(p, regs);
    CHECK(c, got_signal(p, 0));
}

static void bound_thread_waits_for_it_as_before(struct conf *c)
{
    struct signals s = make_signals(c);
    struct pair pair = conf_pair(c);
    struct peer *p = bound_peer(c, &s);
    REQUIRE(c, p != seL4_Null);
    peer_wait(p, s.ntfn);
    seL4_Signal(s.a);
    CHECK(c, got_signal(p, A));
    seL4_Signal(s.b);
    peer_trap(p, conf_trap((seL4_Word)seL4_SysNBWait, s.ntfn, 0));
    CHECK(c, got_signal(p, B));
    peer_recv(p, pair.ep, c->reply);
    CHECK(c, !p->done);
}

static void bound_signal_does_not_end_a_send(struct conf *c)
{
    struct signals s = make_signals(c);
    struct pair pair = conf_pair(c);
    struct peer *p = bound_peer(c, &s);
    REQUIRE(c, p != seL4_Null);
    peer_call(p, pair.badged, LABEL);
    seL4_Signal(s.a);
    CHECK(c, !p->done);
    CHECK(c, is_message(conf_nb_recv(pair.ep, c->reply), BADGE, LABEL));
    seL4_Signal(s.b);
    CHECK(c, !p->done);
    conf_nb_send(c->reply, LABEL + 1);
    CHECK(c, peer_got(p, 0, LABEL + 1));
    peer_recv(p, pair.ep, c->reply);
    CHECK(c, got_signal(p, A | B));
}

static void bound_signal_leaves_the_reply_object(struct conf *c)
{
    struct signals s = make_signals(c);
    struct pair pair = conf_pair(c);
    PEER(c, client, PEER_ABOVE);
    struct peer *p = bound_peer(c, &s);
    REQUIRE(c, p != seL4_Null);
    peer_recv(p, pair.ep, c->reply);
    seL4_Signal(s.a);
    CHECK(c, got_signal(p, A));
    /* The Reply object is free for somebody else. */
    peer_call(client, pair.badged, LABEL);
    CHECK(c, is_message(conf_nb_recv(pair.ep, c->reply), BADGE, LABEL));
    conf_nb_send(c->reply, LABEL + 1);
    CHECK(c, peer_got(client, 0, LABEL + 1));
}

static void others_cannot_wait_for_a_bound_one(struct conf *c)
{
    struct signals s = make_signals(c);
    struct pair handler = conf_pair(c);
    struct peer *p = bound_peer(c, &s);
    REQUIRE(c, p != seL4_Null);
    FAULTING_PEER(c, other, handler.badged);
    const seL4_Word calls[] = {(seL4_Word)seL4_SysWait, (seL4_Word)seL4_SysNBWait,
                               (seL4_Word)seL4_SysRecv, (seL4_Word)seL4_SysNBRecv};
    for (uint32_t i = 0; i < 4; i++) {
        peer_trap(other, conf_trap(calls[i], s.ntfn, 0));
        struct albireo_trap m = conf_nb_recv(handler.ep, c->reply);
        CHECK(c, m.a0 == BADGE && conf_label(m) == seL4_Fault_CapFault && m.a3 == s.ntfn);
        CHECK(c, m.a4 == 1 && m.a5 == seL4_MissingCapability);
        seL4_UserContext context = {.pc = m.a2 + 4};
        seL4_TCB_WriteRegisters(other->thread.tcb, true, 0, 1, &context);
        CHECK(c, other->done);
    }
}

static void binding_makes_its_checks(struct conf *c)
{
    struct signals s = make_signals(c);
    struct signals awaited = make_signals(c);
    seL4_TCB tcb = conf_object(c, seL4_TCBObject, 0);
    seL4_TCB other = conf_object(c, seL4_TCBObject, 0);
    PEER(c, p, PEER_ABOVE);
    peer_wait(p, awaited.ntfn);
    CHECK(c, conf_call(tcb, TCBBindNotification, NO_WORDS, NO_CAPS) == seL4_TruncatedMessage);
    CHECK(c, seL4_TCB_BindNotification(tcb, conf_object(c, seL4_EndpointObject, 0)) ==
                 seL4_IllegalOperation);
    CHECK(c, seL4_TCB_BindNotification(tcb, conf_slot(c)) == seL4_IllegalOperation);
    CHECK(c, seL4_TCB_BindNotification(tcb, conf_mint(c, s.ntfn, seL4_CanWrite, 0)) ==
                 seL4_IllegalOperation);
    CHECK(c, seL4_TCB_BindNotification(tcb, awaited.ntfn) == seL4_IllegalOperation);
    CHECK(c, seL4_TCB_BindNotification(tcb, conf_mint(c, s.ntfn, seL4_CanRead, 0)) == seL4_NoError);
    CHECK(c, seL4_TCB_BindNotification(tcb, s.ntfn) == seL4_IllegalOperation);
    CHECK(c, seL4_TCB_BindNotification(other, s.ntfn) == seL4_IllegalOperation);
    CHECK(c, seL4_TCB_UnbindNotification(tcb) == seL4_NoError);
    CHECK(c, seL4_TCB_UnbindNotification(tcb) == seL4_IllegalOperation);
    CHECK(c, seL4_TCB_BindNotification(other, s.ntfn) == seL4_NoError);
}

static void unbound_signal_waits_for_a_wait(struct conf *c)
{
    struct signals s = make_signals(c);
    struct pair pair = conf_pair(c);
    struct peer *p = bound_peer(c, &s);
    REQUIRE(c, p != seL4_Null);
    peer_recv(p, pair.ep, c->reply);
    CHECK(c, seL4_TCB_UnbindNotification(p->thread.tcb) == seL4_NoError);
    seL4_Signal(s.a);
    CHECK(c, !p->done);
    CHECK(c, conf_nb_wait(s.ntfn).a0 == A); /* Others may wait again. */
}

static void binding_delivers_at_the_next_receive(struct conf *c)
{
    struct signals s = make_signals(c);
    struct pair pair = conf_pair(c);
    PEER(c, p, PEER_ABOVE);
    peer_recv(p, pair.ep, c->reply);
    seL4_Signal(s.a);
    CHECK(c, seL4_TCB_BindNotification(p->thread.tcb, s.ntfn) == seL4_NoError);
    CHECK(c, !p->done);
    conf_nb_send(pair.badged, LABEL);
    CHECK(c, peer_got(p, BADGE, LABEL));
    peer_recv(p, pair.ep, c->reply);
    CHECK(c, got_signal(p, A));
}

static void deletion_unbinds(struct conf *c)
{
    struct signals s = make_signals(c);
    struct signals other = make_signals(c);
    seL4_TCB tcb = conf_object(c, seL4_TCBObject, 0);
    REQUIRE(c, seL4_TCB_BindNotification(tcb, s.ntfn) == seL4_NoError);
    seL4_CNode_Revoke(seL4_CapInitThreadCNode, s.ntfn, ALLOC_DEPTH);
    CHECK(c, seL4_CNode_Delete(seL4_CapInitThreadCNode, s.ntfn, ALLOC_DEPTH) == seL4_NoError);
    CHECK(c, seL4_TCB_UnbindNotification(tcb) == seL4_IllegalOperation);
    CHECK(c, seL4_TCB_BindNotification(tcb, other.ntfn) == seL4_NoError);
    CHECK(c, seL4_CNode_Delete(seL4_CapInitThreadCNode, tcb, ALLOC_DEPTH) == seL4_NoError);
    seL4_TCB next = conf_object(c, seL4_TCBObject, 0);
    CHECK(c, seL4_TCB_BindNotification(next, other.ntfn) == seL4_NoError);
}

static const struct scenario scenarios[] = {
    {"a signal wakes a waiter, and changes only a0", signal_wakes_a_waiter},
    {"a signal waits for a waiter", signal_waits_for_a_waiter},
    {"signals accumulate, and are taken all at once", signals_accumulate},
    {"a poll changes only a0", poll_changes_only_a0},
    {"a signal with badge 0 is a signal", badge_0_is_a_signal},
    {"all bits of a badge count", all_bits_of_a_badge_count},
    {"receives take signals, and need no Reply object", recv_takes_signals},
    {"every kind of send signals", every_send_signals},
    {"a signal wakes one, by priority and by arrival", one_signal_wakes_one},
    {"a new priority moves a waiter", new_priority_moves_a_waiter},
    {"a suspended waiter is not woken", suspended_waiter_is_not_woken},
    {"a waiter of lower priority runs later", lower_waiter_runs_later},
    {"signalling needs the right to write", signalling_needs_the_right_to_write},
    {"waiting needs the right to read", waiting_needs_the_right_to_read},
    {"the last capability's deletion has waiters fault", deletion_faults_waiters},
    {"a bound thread's receive ends by a signal", bound_signal_ends_a_receive},
    {"a bound thread gets its signal before messages", bound_signal_comes_before_messages},
    {"a bound thread finds its signal without blocking", bound_signal_is_found_without_blocking},
    {"a bound thread can wait for its notification", bound_thread_waits_for_it_as_before},
    {"a bound thread's send does not end by a signal", bound_signal_does_not_end_a_send},
    {"a bound thread's signal sets the Reply object free", bound_signal_leaves_the_reply_object},
    {"others cannot wait for a bound notification", others_cannot_wait_for_a_bound_one},
    {"binding makes its checks", binding_makes_its_checks},
    {"after unbinding a signal waits for a wait", unbound_signal_waits_for_a_wait},
    {"a pending signal is delivered at the next receive", binding_delivers_at_the_next_receive},
    {"deletion of thread or notification unbinds them", deletion_unbinds},
};
CONF_GROUP(notification, scenarios);
