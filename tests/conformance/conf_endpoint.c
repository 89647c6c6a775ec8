/* SPDX-License-Identifier: BSD-2-Clause */

/* Endpoints: who meets whom, and in what order (docs/abi/01, 07). What a message carries is in
 * conf_transfer.c, what becomes of a Reply object in conf_reply.c. */
#include "tests/conformance/conformance.h"
#include "tests/conformance/expect.h"

enum { LABEL = 7, ANSWER = 8 };

#define NOWHERE ((seL4_CPtr)1 << 40) /* Fails the guard of the root CNode. */

static seL4_Error delete_slot(seL4_CPtr slot)
{
    return seL4_CNode_Delete(seL4_CapInitThreadCNode, slot, ALLOC_DEPTH);
}

/* ---- The calls, one by one ---- */

static void send_waits(struct conf *c)
{
    struct pair pair = conf_pair(c);
    PEER(c, p, PEER_ABOVE);
    peer_send(p, pair.badged, LABEL);
    CHECK(c, !p->done);
    CHECK(c, is_message(conf_nb_wait(pair.ep), BADGE, LABEL));
    CHECK(c, p->done);
}

static void send_changes_no_register(struct conf *c)
{
    struct pair pair = conf_pair(c);
    PEER(c, p, PEER_ABOVE);
    peer_send(p, pair.badged, LABEL);
    conf_nb_wait(pair.ep);
    CHECK(c, p->done && p->regs.a0 == pair.badged && p->regs.a1 == conf_info(LABEL, 4));
    CHECK(c, p->regs.a2 == MARK_2 && p->regs.a5 == MARK_5);
}

static void recv_waits(struct conf *c)
{
    struct pair pair = conf_pair(c);
    PEER(c, p, PEER_ABOVE);
    peer_recv(p, pair.ep, c->reply);
    CHECK(c, !p->done);
    conf_nb_send(pair.badged, LABEL);
    CHECK(c, peer_got(p, BADGE, LABEL));
}

static void wait_receives_messages(struct conf *c)
{
    struct pair pair = conf_pair(c);
    PEER(c, p, PEER_ABOVE);
    peer_wait(p, pair.ep);
    CHECK(c, !p->done);
    conf_nb_send(pair.badged, LABEL);
    CHECK(c, peer_got(p, BADGE, LABEL));
}

static void send_finds_a_receiver(struct conf *c)
{
    struct pair pair = conf_pair(c);
    PEER(c, receiver, PEER_ABOVE);
    PEER(c, sender, PEER_ABOVE);
    peer_recv(receiver, pair.ep, c->reply);
    peer_send(sender, pair.badged, LABEL);
    CHECK(c, sender->done && peer_got(receiver, BADGE, LABEL));
}

static void nb_send_drops(struct conf *c)
{
    struct pair pair = conf_pair(c);
    PEER(c, p, PEER_ABOVE);
    conf_nb_send(pair.badged, LABEL);
    peer_recv(p, pair.ep, c->reply);
    CHECK(c, !p->done);
}

static void nb_recv_takes(struct conf *c)
{
    struct pair pair = conf_pair(c);
    PEER(c, p, PEER_ABOVE);
    peer_send(p, pair.badged, LABEL);
    CHECK(c, is_message(conf_nb_recv(pair.ep, c->reply), BADGE, LABEL));
}

static void nb_recv_finds_nothing(struct conf *c)
{
    struct pair pair = conf_pair(c);
    struct albireo_trap m = conf_trap((seL4_Word)seL4_SysNBRecv, pair.ep, 0xabc);
    m.a6 = c->reply;
    albireo_trap(&m);
    CHECK(c, m.a0 == 0 && m.a1 == 0xabc);
    CHECK(c, m.a2 == MARK_2 && m.a3 == MARK_3 && m.a4 == MARK_4 && m.a5 == MARK_5);
}

static void nb_wait_finds_nothing(struct conf *c)
{
    struct pair pair = conf_pair(c);
    struct albireo_trap m = conf_trap((seL4_Word)seL4_SysNBWait, pair.ep, 0xabc);
    albireo_trap(&m);
    CHECK(c, m.a0 == 0 && m.a1 == 0xabc && m.a2 == MARK_2 && m.a5 == MARK_5);
}

static void call_gets_an_answer(struct conf *c)
{
    struct pair pair = conf_pair(c);
    PEER(c, p, PEER_ABOVE);
    peer_call(p, pair.badged, LABEL);
    CHECK(c, is_message(conf_nb_recv(pair.ep, c->reply), BADGE, LABEL));
    CHECK(c, !p->done);
    conf_nb_send(c->reply, ANSWER);
    CHECK(c, peer_got(p, 0, ANSWER));
}

static void short_answer_leaves_registers(struct conf *c)
{
    struct pair pair = conf_pair(c);
    PEER(c, p, PEER_ABOVE);
    peer_call(p, pair.badged, LABEL);
    conf_nb_recv(pair.ep, c->reply);
    struct albireo_trap answer = conf_trap((seL4_Word)seL4_SysSend, c->reply, conf_info(ANSWER, 1));
    answer.a2 = 0x63;
    answer.a3 = 0x64;
    albireo_trap(&answer);
    CHECK(c, p->done && p->regs.a0 == 0 && p->regs.a1 == conf_info(ANSWER, 1));
    CHECK(c, p->regs.a2 == 0x63 && p->regs.a3 == MARK_3 && p->regs.a5 == MARK_5);
}

static void reply_recv_answers_and_waits(struct conf *c)
{
    struct pair pair = conf_pair(c);
    PEER(c, server, PEER_ABOVE);
    PEER(c, client, PEER_ABOVE);
    peer_recv(server, pair.ep, c->reply);
    for (seL4_Word round = 1; round <= 3; round++) {
        peer_call(client, pair.badged, LABEL + round);
        CHECK(c, peer_got(server, BADGE, LABEL + round));
        peer_reply_recv(server, pair.ep, c->reply, ANSWER + round);
        CHECK(c, !server->done);
        CHECK(c, peer_got(client, 0, ANSWER + round));
    }
}

static void reply_recv_takes_the_next(struct conf *c)
{
    struct pair pair = conf_pair(c);
    PEER(c, first, PEER_ABOVE);
    PEER(c, second, PEER_ABOVE);
    PEER(c, server, PEER_ABOVE);
    peer_call(first, pair.badged, 1);
    peer_call(second, pair.badged, 2);
    peer_recv(server, pair.ep, c->reply);
    CHECK(c, peer_got(server, BADGE, 1));
    peer_reply_recv(server, pair.ep, c->reply, ANSWER);
    CHECK(c, peer_got(server, BADGE, 2));
    CHECK(c, peer_got(first, 0, ANSWER) && !second->done);
}

static void reply_recv_without_a_caller(struct conf *c)
{
    struct pair pair = conf_pair(c);
    PEER(c, p, PEER_ABOVE);
    peer_reply_recv(p, pair.ep, c->reply, ANSWER);
    CHECK(c, !p->done);
    conf_nb_send(pair.badged, LABEL);
    CHECK(c, peer_got(p, BADGE, LABEL));
}

static struct albireo_trap nb_send_recv(seL4_CPtr dest, seL4_Word label, seL4_CPtr source,
                                        seL4_CPtr reply)
{
    struct albireo_trap regs =
        conf_trap((seL4_Word)seL4_SysNBSendRecv, source, conf_info(label, 4));
    regs.a6 = reply;
    regs.t0 = dest;
    return regs;
}

static struct albireo_trap nb_send_wait(seL4_CPtr dest, seL4_Word label, seL4_CPtr source)
{
    struct albireo_trap regs =
        conf_trap((seL4_Word)seL4_SysNBSendWait, source, conf_info(label, 4));
    regs.a6 = dest;
    return regs;
}

static void nb_send_recv_does_both(struct conf *c)
{
    struct pair out = conf_pair(c);
    struct pair in = conf_pair(c);
    PEER(c, receiver, PEER_ABOVE);
    PEER(c, p, PEER_ABOVE);
    peer_wait(receiver, out.ep);
    peer_trap(p, nb_send_recv(out.badged, LABEL, in.ep, c->reply));
    CHECK(c, peer_got(receiver, BADGE, LABEL));
    CHECK(c, !p->done);
    conf_nb_send(in.badged, ANSWER);
    CHECK(c, peer_got(p, BADGE, ANSWER));
}

static void nb_send_wait_does_both(struct conf *c)
{
    struct pair out = conf_pair(c);
    struct pair in = conf_pair(c);
    PEER(c, receiver, PEER_ABOVE);
    PEER(c, p, PEER_ABOVE);
    peer_wait(receiver, out.ep);
    peer_trap(p, nb_send_wait(out.badged, LABEL, in.ep));
    CHECK(c, peer_got(receiver, BADGE, LABEL));
    CHECK(c, !p->done);
    conf_nb_send(in.badged, ANSWER);
    CHECK(c, peer_got(p, BADGE, ANSWER));
}

static void nb_send_wait_waits_for_signals(struct conf *c)
{
    struct pair out = conf_pair(c);
    seL4_CPtr ntfn = conf_object(c, seL4_NotificationObject, 0);
    seL4_CPtr signal = conf_mint(c, ntfn, seL4_AllRights, 0x30);
    PEER(c, receiver, PEER_ABOVE);
    PEER(c, p, PEER_ABOVE);
    peer_wait(receiver, out.ep);
    peer_trap(p, nb_send_wait(out.badged, LABEL, ntfn));
    CHECK(c, peer_got(receiver, BADGE, LABEL) && !p->done);
    seL4_Signal(signal);
    CHECK(c, p->done && p->regs.a0 == 0x30);
}

static void combined_signals(struct conf *c)
{
    struct pair in = conf_pair(c);
    seL4_CPtr ntfn = conf_object(c, seL4_NotificationObject, 0);
    seL4_CPtr signal = conf_mint(c, ntfn, seL4_AllRights, 0x30);
    PEER(c, p, PEER_ABOVE);
    peer_trap(p, nb_send_recv(signal, LABEL, in.ep, c->reply));
    CHECK(c, conf_nb_wait(ntfn).a0 == 0x30);
    conf_nb_send(in.badged, LABEL);
    CHECK(c, peer_got(p, BADGE, LABEL));
}

static void combined_receives_though_nothing_sent(struct conf *c)
{
    struct pair out = conf_pair(c);
    struct pair in = conf_pair(c);
    PEER(c, sender, PEER_ABOVE);
    PEER(c, p, PEER_ABOVE);
    peer_send(sender, in.badged, 1);
    peer_trap(p, nb_send_recv(out.badged, LABEL, in.ep, c->reply)); /* Nobody receives. */
    CHECK(c, peer_got(p, BADGE, 1));
    peer_send(sender, in.badged, 2);
    peer_trap(p, nb_send_recv(conf_slot(c), LABEL, in.ep, c->reply)); /* An empty slot. */
    CHECK(c, peer_got(p, BADGE, 2));
    peer_send(sender, in.badged, 3);
    peer_trap(p, nb_send_wait(NOWHERE, LABEL, in.ep));
    CHECK(c, peer_got(p, BADGE, 3));
    peer_send(sender, in.badged, 4);
    peer_set_buffer(p, BUFFER_CAPS, NOWHERE); /* A capability that cannot be found. */
    struct albireo_trap regs = nb_send_wait(out.badged, LABEL, in.ep);
    regs.a1 = seL4_MessageInfo_new(LABEL, 0, 1, 4).words[0];
    peer_trap(p, regs);
    CHECK(c, peer_got(p, BADGE, 4));
}

static void combined_spares_threads(struct conf *c)
{
    struct pair in = conf_pair(c);
    seL4_CPtr ntfn = conf_object(c, seL4_NotificationObject, 0);
    PEER(c, victim, PEER_ABOVE);
    PEER(c, sender, PEER_ABOVE);
    PEER(c, p, PEER_ABOVE);
    peer_wait(victim, ntfn);
    peer_send(sender, in.badged, LABEL);
    peer_trap(p, nb_send_wait(victim->thread.tcb, TCBSuspend, in.ep));
    CHECK(c, peer_got(p, BADGE, LABEL));
    seL4_Signal(ntfn);
    CHECK(c, victim->done); /* Has not been suspended. */
}

static void combined_invokes_frames(struct conf *c)
{
    struct pair in = conf_pair(c);
    seL4_CPtr frame = conf_object(c, seL4_RISCV_4K_Page, 0);
    PEER(c, sender, PEER_ABOVE);
    PEER(c, p, PEER_ABOVE);
    REQUIRE(c, space_map(&c->scene, &c->space, frame, CONF_WINDOW, seL4_AllRights) == seL4_NoError);
    peer_send(sender, in.badged, LABEL);
    peer_trap(p, nb_send_wait(frame, RISCVPageUnmap, in.ep));
    CHECK(c, peer_got(p, BADGE, LABEL));
    /* It is not mapped any more, so it can be mapped at another address. */
    CHECK(c, space_map(&c->scene, &c->space, frame, CONF_WINDOW + USER_PAGE_SIZE, seL4_AllRights) ==
                 seL4_NoError);
}

static void yield_changes_no_register(struct conf *c)
{
    PEER(c, p, PEER_ABOVE);
    struct albireo_trap before = conf_trap((seL4_Word)seL4_SysYield, 0x1000, 0x1001);
    peer_trap(p, before);
    CHECK(c, p->done && p->regs.a0 == before.a0 && p->regs.a1 == before.a1);
    CHECK(c, p->regs.a2 == MARK_2 && p->regs.a3 == MARK_3);
    CHECK(c, p->regs.a4 == MARK_4 && p->regs.a5 == MARK_5);
}

/* ---- What cannot be sent to, or received from ---- */

static void call_on_nothing_is_refused(struct conf *c)
{
    CHECK(c, invalid_capability(conf_call(conf_slot(c), LABEL, NO_WORDS, NO_CAPS), 0));
    CHECK(c, conf_answer_length() == 1);
}

static void send_to_nothing_does_nothing(struct conf *c)
{
    PEER(c, p, PEER_ABOVE);
    peer_send(p, conf_slot(c), LABEL);
    CHECK(c, p->done && p->regs.a1 == conf_info(LABEL, 4));
    conf_nb_send(NOWHERE, LABEL);
}

static void sending_needs_the_right_to_write(struct conf *c)
{
    struct pair pair = conf_pair(c);
    seL4_CPtr mute = conf_mint(c, pair.ep, seL4_NoWrite, 0);
    PEER(c, receiver, PEER_ABOVE);
    peer_wait(receiver, pair.ep);
    CHECK(c, invalid_capability(conf_call(mute, LABEL, NO_WORDS, NO_CAPS), 0));
    conf_nb_send(mute, LABEL);
    CHECK(c, !receiver->done);
}

static void receiving_needs_the_right_to_read(struct conf *c)
{
    struct pair pair = conf_pair(c);
    struct pair handler = conf_pair(c);
    seL4_CPtr deaf = conf_mint(c, pair.ep, seL4_NoRead, 0);
    FAULTING_PEER(c, p, handler.badged);
    peer_recv(p, deaf, c->reply);
    struct albireo_trap m = conf_nb_wait(handler.ep);
    CHECK(c, m.a0 == BADGE && m.a1 == conf_info(seL4_Fault_CapFault, 5));
    CHECK(c, m.a3 == deaf && m.a4 == 1 && m.a5 == seL4_MissingCapability);
}

static void only_ipc_objects_are_received_from(struct conf *c)
{
    struct pair handler = conf_pair(c);
    const seL4_CPtr sources[] = {seL4_CapInitThreadTCB, seL4_CapInitThreadCNode, c->reply,
                                 c->untyped, seL4_CapInitThreadSC};
    FAULTING_PEER(c, p, handler.badged);
    for (uint32_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        struct albireo_trap regs = conf_trap((seL4_Word)seL4_SysNBWait, sources[i], 0);
        peer_trap(p, regs);
        struct albireo_trap m = conf_nb_recv(handler.ep, c->reply);
        CHECK(c, m.a0 == BADGE && conf_label(m) == seL4_Fault_CapFault && m.a3 == sources[i]);
        /* Answered, it would wait again: it goes on behind the call instead. */
        seL4_UserContext context = {.pc = m.a2 + 4};
        seL4_TCB_WriteRegisters(p->thread.tcb, true, 0, 1, &context);
        CHECK(c, p->done);
    }
}

static void receiving_needs_a_reply_object(struct conf *c)
{
    struct pair pair = conf_pair(c);
    struct pair handler = conf_pair(c);
    FAULTING_PEER(c, p, handler.badged);
    peer_recv(p, pair.ep, pair.ep); /* An endpoint is none. */
    struct albireo_trap m = conf_nb_wait(handler.ep);
    CHECK(c, m.a0 == BADGE && m.a1 == conf_info(seL4_Fault_CapFault, 5));
    CHECK(c, m.a3 == pair.ep && m.a4 == 1 && m.a5 == seL4_MissingCapability);
}

static void reply_recv_sends_to_what_it_names(struct conf *c)
{
    struct pair pair = conf_pair(c);
    struct pair other = conf_pair(c);
    struct pair handler = conf_pair(c);
    PEER(c, receiver, PEER_ABOVE);
    FAULTING_PEER(c, p, handler.badged);
    peer_wait(receiver, other.ep);
    peer_reply_recv(p, pair.ep, other.badged, LABEL); /* No Reply object. */
    CHECK(c, peer_got(receiver, BADGE, LABEL));
    struct albireo_trap m = conf_nb_wait(handler.ep);
    CHECK(c, m.a0 == BADGE && m.a3 == other.badged && m.a4 == 1);
}

static void combined_call_is_repeated_whole(struct conf *c)
{
    struct pair out = conf_pair(c);
    struct pair handler = conf_pair(c);
    seL4_CPtr late = conf_slot(c);
    PEER(c, receiver, PEER_ABOVE);
    FAULTING_PEER(c, p, handler.badged);
    peer_wait(receiver, out.ep);
    peer_trap(p, nb_send_wait(out.badged, LABEL, late));
    CHECK(c, peer_got(receiver, BADGE, LABEL));
    CHECK(c, conf_nb_recv(handler.ep, c->reply).a3 == late);
    peer_wait(receiver, out.ep);
    CHECK(c, seL4_CNode_Copy(seL4_CapInitThreadCNode, late, ALLOC_DEPTH, seL4_CapInitThreadCNode,
                             out.ep, ALLOC_DEPTH, seL4_AllRights) == seL4_NoError);
    conf_nb_send(c->reply, 0);
    CHECK(c, peer_got(receiver, BADGE, LABEL)); /* Once more. */
    CHECK(c, !p->done);
}

/* ---- Calls that nobody can answer ---- */

static void call_without_grant_never_returns(struct conf *c)
{
    struct pair pair = conf_pair(c);
    seL4_CPtr plain = conf_mint(c, pair.ep, seL4_CanWrite, BADGE + 1);
    PEER(c, p, PEER_ABOVE);
    peer_call(p, plain, LABEL);
    CHECK(c, is_message(conf_nb_recv(pair.ep, c->reply), BADGE + 1, LABEL));
    conf_nb_send(c->reply, ANSWER);
    CHECK(c, !p->done);
    seL4_TCB_Resume(p->thread.tcb); /* It calls again. */
    CHECK(c, is_message(conf_nb_recv(pair.ep, c->reply), BADGE + 1, LABEL));
    CHECK(c, !p->done);
}

static void call_needs_grant_or_grant_reply(struct conf *c)
{
    struct pair pair = conf_pair(c);
    seL4_CPtr grant = conf_mint(c, pair.ep, seL4_CapRights_new(0, 1, 0, 1), BADGE + 1);
    seL4_CPtr grant_reply = conf_mint(c, pair.ep, seL4_CapRights_new(1, 0, 0, 1), BADGE + 2);
    PEER(c, p, PEER_ABOVE);
    peer_call(p, grant, LABEL);
    conf_nb_recv(pair.ep, c->reply);
    conf_nb_send(c->reply, 1);
    CHECK(c, peer_got(p, 0, 1));
    peer_call(p, grant_reply, LABEL);
    conf_nb_recv(pair.ep, c->reply);
    conf_nb_send(c->reply, 2);
    CHECK(c, peer_got(p, 0, 2));
}

/* The same if the receiver comes first. */
static void waiting_receiver_gives_grant_its_due(struct conf *c)
{
    struct pair pair = conf_pair(c);
    const seL4_CPtr caps[] = {
        conf_mint(c, pair.ep, seL4_CapRights_new(0, 1, 0, 1), 1),
        conf_mint(c, pair.ep, seL4_CapRights_new(1, 0, 0, 1), 2),
        conf_mint(c, pair.ep, seL4_CanWrite, 3),
    };
    PEER(c, server, PEER_ABOVE);
    PEER(c, client, PEER_ABOVE);
    for (uint32_t i = 0; i < 3; i++) {
        peer_recv(server, pair.ep, c->reply);
        peer_call(client, caps[i], LABEL);
        CHECK(c, peer_got(server, i + 1, LABEL));
        conf_nb_send(c->reply, ANSWER);
        CHECK(c, client->done == (i < 2));
    }
}

static void call_to_a_waiter_never_returns(struct conf *c)
{
    struct pair pair = conf_pair(c);
    PEER(c, waiter, PEER_ABOVE);
    PEER(c, p, PEER_ABOVE);
    peer_wait(waiter, pair.ep);
    peer_call(p, pair.badged, LABEL);
    CHECK(c, peer_got(waiter, BADGE, LABEL));
    CHECK(c, !p->done);
    seL4_TCB_Resume(p->thread.tcb);
    CHECK(c, is_message(conf_nb_recv(pair.ep, c->reply), BADGE, LABEL));
    conf_nb_send(c->reply, ANSWER);
    CHECK(c, peer_got(p, 0, ANSWER));
}

/* ---- Queues ---- */

/* Four peers of which the second and the fourth have the higher priority; each has a capability
 * with a badge of its own, 1 to 4. */
struct crowd {
    seL4_CPtr ep;
    seL4_CPtr caps[4];
    struct peer *peers[4];
};

static bool gather(struct conf *c, struct crowd *crowd)
{
    crowd->ep = conf_object(c, seL4_EndpointObject, 0);
    for (uint32_t i = 0; i < 4; i++) {
        crowd->caps[i] = conf_mint(c, crowd->ep, seL4_AllRights, i + 1);
        crowd->peers[i] = peer_start(c, (uint8_t)(PEER_BELOW + i % 2));
        if (crowd->peers[i] == seL4_Null) {
            return false;
        }
    }
    return true;
}

static void all_send(struct crowd *crowd)
{
    for (uint32_t i = 0; i < 4; i++) {
        peer_send(crowd->peers[i], crowd->caps[i], LABEL);
        conf_settle();
    }
}

/* The badges of the messages that are there, in decimal digits: 1234. */
static seL4_Word drain(seL4_CPtr ep)
{
    seL4_Word order = 0;
    for (uint32_t i = 0; i < CONF_PEERS; i++) {
        seL4_Word badge = conf_nb_wait(ep).a0;
        if (badge == 0) {
            return order;
        }
        order = order * 10 + badge;
    }
    return order;
}

static void senders_queue_by_priority(struct conf *c)
{
    struct crowd crowd;
    REQUIRE(c, gather(c, &crowd));
    all_send(&crowd);
    CHECK(c, drain(crowd.ep) == 2413);
}

static void receivers_queue_by_priority(struct conf *c)
{
    struct crowd crowd;
    REQUIRE(c, gather(c, &crowd));
    for (uint32_t i = 0; i < 4; i++) {
        peer_wait(crowd.peers[i], crowd.ep);
        conf_settle();
    }
    for (seL4_Word label = 1; label <= 4; label++) {
        conf_nb_send(crowd.caps[0], label);
    }
    conf_settle();
    CHECK(c, peer_got(crowd.peers[1], 1, 1) && peer_got(crowd.peers[3], 1, 2));
    CHECK(c, peer_got(crowd.peers[0], 1, 3) && peer_got(crowd.peers[2], 1, 4));
}

static void priority_change_moves_a_sender(struct conf *c)
{
    struct crowd crowd;
    REQUIRE(c, gather(c, &crowd));
    all_send(&crowd);
    seL4_TCB_SetPriority(crowd.peers[2]->thread.tcb, seL4_CapInitThreadTCB, PEER_BELOW + 2);
    CHECK(c, drain(crowd.ep) == 3241);
}

static void new_priority_counts_from_now(struct conf *c)
{
    struct crowd crowd;
    REQUIRE(c, gather(c, &crowd));
    all_send(&crowd);
    /* The first goes behind those that have its new priority. */
    seL4_TCB_SetPriority(crowd.peers[0]->thread.tcb, seL4_CapInitThreadTCB, PEER_BELOW + 1);
    CHECK(c, drain(crowd.ep) == 2413);
    all_send(&crowd); /* Now 1, 2 and 4 are equals. */
    CHECK(c, drain(crowd.ep) == 1243);
}

static void suspended_sender_leaves_the_queue(struct conf *c)
{
    struct crowd crowd;
    REQUIRE(c, gather(c, &crowd));
    all_send(&crowd);
    seL4_TCB_Suspend(crowd.peers[1]->thread.tcb);
    seL4_TCB_Suspend(crowd.peers[0]->thread.tcb);
    CHECK(c, drain(crowd.ep) == 43);
    CHECK(c, !crowd.peers[0]->done && !crowd.peers[1]->done);
}

static void resumed_sender_sends_again(struct conf *c)
{
    struct crowd crowd;
    REQUIRE(c, gather(c, &crowd));
    all_send(&crowd);
    seL4_TCB_Resume(crowd.peers[1]->thread.tcb); /* Behind its equal, now. */
    conf_settle();
    CHECK(c, drain(crowd.ep) == 4213);
}

static void suspended_receiver_gets_nothing(struct conf *c)
{
    struct pair pair = conf_pair(c);
    PEER(c, first, PEER_ABOVE);
    PEER(c, second, PEER_ABOVE);
    peer_recv(first, pair.ep, c->reply);
    peer_wait(second, pair.ep);
    seL4_TCB_Suspend(first->thread.tcb);
    conf_nb_send(pair.badged, LABEL);
    CHECK(c, !first->done && peer_got(second, BADGE, LABEL));
    seL4_TCB_Resume(first->thread.tcb);
    conf_nb_send(pair.badged, LABEL);
    CHECK(c, peer_got(first, BADGE, LABEL));
}

static void endpoint_turns_round(struct conf *c)
{
    struct pair pair = conf_pair(c);
    PEER(c, p, PEER_ABOVE);
    for (seL4_Word round = 1; round <= 2; round++) {
        peer_send(p, pair.badged, round);
        CHECK(c, is_message(conf_nb_wait(pair.ep), BADGE, round));
        peer_wait(p, pair.ep);
        conf_nb_send(pair.badged, round);
        CHECK(c, peer_got(p, BADGE, round));
    }
}

/* ---- The end of an endpoint ---- */

static void deletion_ends_sends(struct conf *c)
{
    struct pair pair = conf_pair(c);
    PEER(c, p, PEER_ABOVE);
    peer_send(p, pair.badged, LABEL);
    CHECK(c, delete_slot(pair.ep) == seL4_NoError);
    CHECK(c, !p->done); /* There is still a capability to it. */
    CHECK(c, delete_slot(pair.badged) == seL4_NoError);
    CHECK(c, p->done && p->regs.a1 == conf_info(LABEL, 4));
}

static void deletion_refuses_calls(struct conf *c)
{
    struct pair pair = conf_pair(c);
    PEER(c, p, PEER_ABOVE);
    peer_call(p, pair.badged, LABEL);
    delete_slot(pair.ep);
    delete_slot(pair.badged);
    CHECK(c, p->done && p->regs.a0 == 0 && p->regs.a1 == conf_info(seL4_InvalidCapability, 1));
    CHECK(c, p->regs.a2 == 0 && p->regs.a3 == MARK_3);
}

static void deletion_faults_receivers(struct conf *c)
{
    struct pair pair = conf_pair(c);
    struct pair handler = conf_pair(c);
    FAULTING_PEER(c, p, handler.badged);
    peer_recv(p, pair.ep, c->reply);
    delete_slot(pair.badged);
    CHECK(c, conf_nb_wait(handler.ep).a0 == 0);
    delete_slot(pair.ep);
    struct albireo_trap m = conf_nb_wait(handler.ep);
    CHECK(c, m.a0 == BADGE && m.a1 == conf_info(seL4_Fault_CapFault, 5));
    CHECK(c, m.a3 == pair.ep && m.a4 == 1 && m.a5 == seL4_MissingCapability);
    CHECK(c, !p->done);
}

static void badged_sends_are_cancelled(struct conf *c)
{
    struct crowd crowd;
    REQUIRE(c, gather(c, &crowd));
    all_send(&crowd);
    /* The senders' own capability goes first, or they would send again. */
    seL4_CPtr copy = conf_mint(c, crowd.caps[1], seL4_AllRights, 0);
    CHECK(c, delete_slot(crowd.caps[1]) == seL4_NoError);
    CHECK(c,
          seL4_CNode_CancelBadgedSends(seL4_CapInitThreadCNode, copy, ALLOC_DEPTH) == seL4_NoError);
    conf_settle();
    CHECK(c, crowd.peers[1]->done);
    CHECK(c, !crowd.peers[0]->done && !crowd.peers[2]->done && !crowd.peers[3]->done);
    CHECK(c, drain(crowd.ep) == 413);
}

static void cancelled_sender_may_send_again(struct conf *c)
{
    struct crowd crowd;
    REQUIRE(c, gather(c, &crowd));
    all_send(&crowd);
    CHECK(c, seL4_CNode_CancelBadgedSends(seL4_CapInitThreadCNode, crowd.caps[1], ALLOC_DEPTH) ==
                 seL4_NoError);
    conf_settle();
    CHECK(c, drain(crowd.ep) == 4213);
}

static void unbadged_sends_are_not_cancelled(struct conf *c)
{
    struct crowd crowd;
    REQUIRE(c, gather(c, &crowd));
    all_send(&crowd);
    CHECK(c, seL4_CNode_CancelBadgedSends(seL4_CapInitThreadCNode, crowd.ep, ALLOC_DEPTH) ==
                 seL4_NoError);
    conf_settle();
    CHECK(c, drain(crowd.ep) == 2413);
}

static void cancelling_needs_all_rights(struct conf *c)
{
    struct pair pair = conf_pair(c);
    const seL4_CPtr wrong[] = {
        conf_slot(c),
        conf_object(c, seL4_NotificationObject, 0),
        conf_mint(c, pair.badged, seL4_NoRead, 0),
        conf_mint(c, pair.badged, seL4_NoWrite, 0),
        conf_mint(c, pair.badged, seL4_CapRights_new(0, 1, 1, 1), 0),
        conf_mint(c, pair.badged, seL4_CapRights_new(1, 0, 1, 1), 0),
    };
    for (uint32_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        CHECK(c, seL4_CNode_CancelBadgedSends(seL4_CapInitThreadCNode, wrong[i], ALLOC_DEPTH) ==
                     seL4_IllegalOperation);
    }
}

static const struct scenario scenarios[] = {
    {"a send waits for its receiver", send_waits},
    {"a send changes no register of the sender", send_changes_no_register},
    {"a receive waits for its sender", recv_waits},
    {"a wait receives messages, too", wait_receives_messages},
    {"a send with a receiver there does not wait", send_finds_a_receiver},
    {"a non-blocking send without a receiver is dropped", nb_send_drops},
    {"a non-blocking receive takes a message that is there", nb_recv_takes},
    {"a non-blocking receive without a message changes only a0", nb_recv_finds_nothing},
    {"a non-blocking wait without a message changes only a0", nb_wait_finds_nothing},
    {"a call returns with the answer", call_gets_an_answer},
    {"a short answer leaves the other message registers alone", short_answer_leaves_registers},
    {"ReplyRecv answers and waits for the next call", reply_recv_answers_and_waits},
    {"ReplyRecv takes a call that waits already", reply_recv_takes_the_next},
    {"ReplyRecv without a caller only receives", reply_recv_without_a_caller},
    {"NBSendRecv sends to one and receives from another", nb_send_recv_does_both},
    {"NBSendWait sends to one and waits for another", nb_send_wait_does_both},
    {"NBSendWait waits for a signal", nb_send_wait_waits_for_signals},
    {"the send half of a combined call can signal", combined_signals},
    {"a combined call receives even if nothing was sent", combined_receives_though_nothing_sent},
    {"the send half of a combined call does not invoke threads", combined_spares_threads},
    {"the send half of a combined call invokes frames", combined_invokes_frames},
    {"a yield changes no register", yield_changes_no_register},
    {"a call on an empty slot is refused", call_on_nothing_is_refused},
    {"a send to an empty slot does nothing", send_to_nothing_does_nothing},
    {"sending needs the right to write", sending_needs_the_right_to_write},
    {"receiving needs the right to read", receiving_needs_the_right_to_read},
    {"only endpoints and notifications are received from", only_ipc_objects_are_received_from},
    {"receiving from an endpoint needs a Reply object", receiving_needs_a_reply_object},
    {"ReplyRecv sends to an endpoint named as Reply object", reply_recv_sends_to_what_it_names},
    {"a combined call is repeated whole after a fault", combined_call_is_repeated_whole},
    {"a call without grant rights is delivered but never returns",
     call_without_grant_never_returns},
    {"a call returns with grant or with grant-reply", call_needs_grant_or_grant_reply},
    {"it is the same if the receiver comes first", waiting_receiver_gives_grant_its_due},
    {"a call to one that waits without Reply object never returns", call_to_a_waiter_never_returns},
    {"senders queue by priority, and by arrival among equals", senders_queue_by_priority},
    {"receivers queue by priority, and by arrival among equals", receivers_queue_by_priority},
    {"a new priority moves a waiting sender", priority_change_moves_a_sender},
    {"with a new priority a sender is behind its equals", new_priority_counts_from_now},
    {"a suspended sender leaves the queue", suspended_sender_leaves_the_queue},
    {"a resumed sender sends again, behind its equals", resumed_sender_sends_again},
    {"a suspended receiver gets no message", suspended_receiver_gets_nothing},
    {"an endpoint can be used in both directions in turn", endpoint_turns_round},
    {"the last capability's deletion ends sends", deletion_ends_sends},
    {"the last capability's deletion has calls refused", deletion_refuses_calls},
    {"the last capability's deletion has receivers fault", deletion_faults_receivers},
    {"sends with one badge are cancelled, others not", badged_sends_are_cancelled},
    {"a cancelled sender that still has its capability sends again",
     cancelled_sender_may_send_again},
    {"cancelling by an unbadged capability does nothing", unbadged_sends_are_not_cancelled},
    {"cancelling needs an endpoint capability with all rights", cancelling_needs_all_rights},
};
CONF_GROUP(endpoint, scenarios);
