/* SPDX-License-Identifier: BSD-2-Clause */

/* Donation of scheduling contexts by IPC: every row of the matrix in docs/abi/07 section 7.11, in
 * both orders of arrival, and what becomes of a lent SC that somebody interferes with (15 items 64
 * to 73). */
#include "tests/support/system.h"

namespace albireo {

namespace {

enum Form { SEND, NB_SEND, CALL, REPLY_RECV, NB_SEND_RECV, NB_SEND_WAIT, FAULT, TIMEOUT };

/* What the receiver has. */
struct Receiver {
    const char *name;
    bool own_sc;
    bool reply;
};

const Receiver kReceivers[] = {
    {"with SC and Reply object", true, true},
    {"with SC only", true, false},
    {"passive with Reply object", false, true},
    {"passive", false, false},
};

struct Outcome {
    enum thread_state sender;
    bool moved;   /* The receiver has the sender's SC. */
    bool stacked; /* And returns it with its reply. */
};

bool is_combined(Form form)
{
    return form == REPLY_RECV || form == NB_SEND_RECV || form == NB_SEND_WAIT;
}

Outcome expected(Form form, const Receiver &r, bool receiver_first)
{
    switch (form) {
    case SEND:
    case NB_SEND:
        return {THREAD_RUNNING, false, false};
    case CALL:
    case FAULT:
        if (!r.reply) {
            return {THREAD_INACTIVE, false, false};
        }
        return {THREAD_BLOCKED_ON_REPLY, !r.own_sc, !r.own_sc};
    case TIMEOUT:
        return {r.reply ? THREAD_BLOCKED_ON_REPLY : THREAD_INACTIVE, false, false};
    case REPLY_RECV:
    case NB_SEND_RECV:
    case NB_SEND_WAIT:
        break;
    }
    return {THREAD_RUNNING, !r.own_sc && receiver_first, false};
}

Word label_of(Form form)
{
    return form == FAULT ? Word{FAULT_VM} : form == TIMEOUT ? Word{FAULT_TIMEOUT} : 7;
}

/* The current thread sends to `dest`; the receive half of a combined call is fed by `ready`. */
void act(System &sys, Form form, CPtr dest, CPtr ready)
{
    switch (form) {
    case SEND:
        sys.send(dest, 7);
        break;
    case NB_SEND:
        sys.nb_send(dest, 7);
        break;
    case CALL:
        sys.call(dest, 7);
        break;
    case REPLY_RECV:
        sys.reply_recv(ready, dest, 7);
        break;
    case NB_SEND_RECV:
        sys.nb_send_recv(dest, ready, 0, 7);
        break;
    case NB_SEND_WAIT:
        sys.nb_send_wait(dest, ready, 7);
        break;
    case FAULT:
        sys.fault(13, 0x10);
        break;
    case TIMEOUT:
        sys.advance(1500);
    }
}

struct Scene {
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr badged = sys.mint(ep, 0x5);
    CPtr reply = sys.make(ABI_OBJECT_REPLY);
    CPtr ready = sys.make(ABI_OBJECT_NOTIFICATION);

    Scene()
    {
        sys.signal(ready);
    }

    Thread make_sender(uint8_t priority = 110)
    {
        return sys.spawn({.priority = priority,
                          .budget_us = 1000,
                          .period_us = 10000,
                          .fault_ep = badged,
                          .timeout_ep = badged});
    }

    void make_passive(const Thread &thread)
    {
        EXPECT_OK(sys.SchedContext_Unbind(thread.sc));
    }

    /* Waits on `ep`; root continues. */
    Thread make_receiver(const Receiver &r, uint8_t priority = 105)
    {
        Thread t = sys.spawn({.priority = priority});
        r.reply ? sys.recv(ep, reply) : sys.wait(ep);
        EXPECT_EQ(t.state(), THREAD_BLOCKED_ON_RECEIVE);
        if (!r.own_sc) {
            make_passive(t);
        }
        return t;
    }

    void expect_outcome(const Outcome &o, const Thread &sender, const Thread &receiver,
                        const Receiver &r)
    {
        struct sched_context *sc = sys.sc_of(sender.sc);
        EXPECT_EQ(sender.state(), o.sender);
        EXPECT_EQ(receiver.state(), THREAD_RUNNING);
        EXPECT_EQ(sender.sc_object(), o.moved ? nullptr : sc);
        EXPECT_EQ(receiver.sc_object(), o.moved ? sc : r.own_sc ? sys.sc_of(receiver.sc) : nullptr);
        EXPECT_EQ(sc->reply, o.stacked ? sys.reply_of(reply) : nullptr);
        bool attached = o.sender == THREAD_BLOCKED_ON_REPLY;
        EXPECT_EQ(sys.reply_of(reply)->thread, attached ? sender.object : nullptr);
    }
};

const Receiver kPassive = {"passive with Reply object", false, true};

/* --- The matrix ------------------------------------------------------------------------------- */

TEST(DonationMatrix, ReceiverArrivesFirst)
{
    for (Form form :
         {SEND, NB_SEND, CALL, REPLY_RECV, NB_SEND_RECV, NB_SEND_WAIT, FAULT, TIMEOUT}) {
        for (const Receiver &r : kReceivers) {
            SCOPED_TRACE(std::string(r.name) + ", form " + std::to_string(form));
            Scene s;
            Thread receiver = s.make_receiver(r);
            Thread sender = s.make_sender();
            act(s.sys, form, s.badged, s.ready);
            Outcome o = expected(form, r, true);
            s.expect_outcome(o, sender, receiver, r);
            EXPECT_EQ(receiver.message().label, label_of(form));
            EXPECT_EQ(receiver.message().badge, 5u);
            bool sender_goes_on = o.sender == THREAD_RUNNING && !o.moved;
            bool receiver_runs = r.own_sc || o.moved;
            EXPECT_CURRENT(s.sys, sender_goes_on  ? sender
                                  : receiver_runs ? receiver
                                                  : s.sys.root());
            if (is_combined(form)) {
                EXPECT_EQ(s.sys.ntfn_of(s.ready)->state, NTFN_IDLE) << "the receive half happened";
            }
        }
    }
}

/* The receiver comes to a queued sender. To arrive without SC, it gives its own away in the send
 * half of the same call. */
TEST(DonationMatrix, SenderArrivesFirst)
{
    for (Form form : {SEND, CALL, FAULT, TIMEOUT}) {
        for (const Receiver &r : kReceivers) {
            SCOPED_TRACE(std::string(r.name) + ", form " + std::to_string(form));
            Scene s;
            CPtr heir_ep = s.sys.make(ABI_OBJECT_ENDPOINT);
            Thread heir = s.sys.spawn({.priority = 103});
            s.sys.wait(heir_ep);
            s.make_passive(heir);
            Thread sender = s.make_sender();
            act(s.sys, form, s.badged, 0);
            EXPECT_EQ(sender.state(), THREAD_BLOCKED_ON_SEND);
            Thread receiver = s.sys.spawn({.priority = 105});
            if (r.own_sc) {
                r.reply ? s.sys.recv(s.ep, s.reply) : s.sys.wait(s.ep);
            } else if (r.reply) {
                s.sys.nb_send_recv(heir_ep, s.ep, s.reply);
            } else {
                s.sys.nb_send_wait(heir_ep, s.ep);
            }
            s.expect_outcome(expected(form, r, false), sender, receiver, r);
            EXPECT_EQ(receiver.message().label, label_of(form));
            EXPECT_EQ(heir.sc_object(), r.own_sc ? nullptr : s.sys.sc_of(receiver.sc));
        }
    }
}

/* --- Receivers and senders without SC --------------------------------------------------------- */

TEST(DonationNone, PassiveReceiverOfAPlainMessageContinuesWhenItGetsAnSc)
{
    Scene s;
    Thread receiver = s.make_receiver(kPassive, 120);
    EXPECT_TRUE(s.sys.send(s.badged, 7, {1}).returned);
    EXPECT_CURRENT(s.sys, s.sys.root());
    EXPECT_EQ(receiver.object->queue, THREAD_QUEUE_NONE);
    s.sys.SchedContext_Bind(receiver.sc, receiver.tcb);
    EXPECT_CURRENT(s.sys, receiver);
    EXPECT_EQ(s.sys.message().label, 7u);
    EXPECT_EQ(s.sys.message().badge, 5u);
}

TEST(DonationNone, QueuedSenderWhoseScIsRemovedStaysQueuedAndThenWaitsForAnSc)
{
    Scene s;
    Thread sender = s.make_sender();
    s.sys.send(s.badged, 7);
    s.make_passive(sender);
    EXPECT_EQ(sender.state(), THREAD_BLOCKED_ON_SEND);
    EXPECT_EQ(s.sys.wait(s.ep).label, 7u);
    EXPECT_CURRENT(s.sys, s.sys.root());
    EXPECT_EQ(sender.state(), THREAD_RUNNING);
    s.sys.SchedContext_Bind(sender.sc, sender.tcb);
    EXPECT_CURRENT(s.sys, sender);
}

TEST(DonationNone, QueuedCallerWithoutScHasNothingToLend)
{
    Scene s;
    Thread sender = s.make_sender();
    s.sys.call(s.badged, 7);
    s.make_passive(sender);
    EXPECT_EQ(s.sys.recv(s.ep, s.reply).label, 7u);
    EXPECT_EQ(sender.state(), THREAD_BLOCKED_ON_REPLY);
    EXPECT_TRUE(s.sys.send(s.reply, 1).returned);
    EXPECT_EQ(sender.state(), THREAD_RUNNING);
    EXPECT_EQ(sender.object->queue, THREAD_QUEUE_NONE);
}

TEST(DonationNone, WaitingReceiverWhoseScIsRemovedStillGetsMessages)
{
    Scene s;
    Thread receiver = s.make_receiver({"", true, true}, 120);
    s.make_passive(receiver);
    EXPECT_EQ(receiver.state(), THREAD_BLOCKED_ON_RECEIVE);
    EXPECT_TRUE(s.sys.send(s.ep, 1).returned);
    EXPECT_EQ(receiver.state(), THREAD_RUNNING);
    EXPECT_EQ(receiver.message().label, 1u);
}

TEST(DonationNone, CallerKeepsItsScWhileAnActiveServerWorks)
{
    Scene s;
    Thread server = s.make_receiver({"", true, true}, 120);
    Thread client = s.make_sender();
    s.sys.call(s.badged, 7);
    EXPECT_CURRENT(s.sys, server);
    s.sys.reply_recv(s.ep, s.reply, 8);
    EXPECT_CURRENT(s.sys, client);
    EXPECT_EQ(client.sc_object(), s.sys.sc_of(client.sc));
    EXPECT_EQ(server.sc_object(), s.sys.sc_of(server.sc));
}

/* --- Permanent donation ----------------------------------------------------------------------- */

TEST(DonationPermanent, SenderOfACombinedCallDoesNotGetItsScBack)
{
    Scene s;
    Thread receiver = s.make_receiver(kPassive, 120);
    Thread sender = s.make_sender();
    s.sys.nb_send_wait(s.badged, s.ready, 7);
    EXPECT_CURRENT(s.sys, receiver);
    s.sys.recv(s.ep, s.reply); /* It blocks again, with the SC. */
    EXPECT_CURRENT(s.sys, s.sys.root());
    EXPECT_EQ(receiver.sc_object(), s.sys.sc_of(sender.sc));
    EXPECT_EQ(sender.sc_object(), nullptr);
    EXPECT_EQ(sender.state(), THREAD_RUNNING);
    /* With an SC it continues behind its call. */
    Word pc = sender.regs().pc;
    s.sys.SchedContext_Bind(receiver.sc, sender.tcb);
    EXPECT_CURRENT(s.sys, sender);
    EXPECT_EQ(sender.regs().pc, pc);
    EXPECT_EQ(sender.regs().pc, sender.regs().fault_pc + 4);
}

TEST(DonationPermanent, ReceiveHalfBlocksWithoutSc)
{
    Scene s;
    CPtr own = s.sys.make(ABI_OBJECT_ENDPOINT);
    CPtr own_reply = s.sys.make(ABI_OBJECT_REPLY);
    Thread receiver = s.make_receiver(kPassive, 120);
    Thread sender = s.make_sender();
    s.sys.nb_send_recv(s.badged, own, own_reply, 7);
    EXPECT_CURRENT(s.sys, receiver);
    EXPECT_EQ(sender.state(), THREAD_BLOCKED_ON_RECEIVE);
    EXPECT_EQ(sender.sc_object(), nullptr);
    /* It has become a passive server. */
    s.sys.call(own, 1);
    EXPECT_CURRENT(s.sys, sender);
    EXPECT_EQ(sender.sc_object(), s.sys.sc_of(sender.sc));
}

TEST(DonationPermanent, ReceiveHalfThatFaultsIsReportedWithoutSc)
{
    Scene s;
    CPtr handler_ep = s.sys.make(ABI_OBJECT_ENDPOINT);
    CPtr empty = s.sys.alloc_slot();
    Thread receiver = s.make_receiver(kPassive, 120);
    Thread sender = s.sys.spawn({.priority = 110, .fault_ep = handler_ep});
    Word pc = sender.regs().pc;
    s.sys.nb_send_wait(s.badged, empty, 7);
    EXPECT_CURRENT(s.sys, receiver);
    EXPECT_EQ(sender.state(), THREAD_BLOCKED_ON_SEND);
    EXPECT_EQ(sender.sc_object(), nullptr);
    s.sys.TCB_Suspend(receiver.tcb);
    CPtr reply = s.sys.make(ABI_OBJECT_REPLY);
    EXPECT_EQ(s.sys.recv(handler_ep, reply).words, (std::vector<Word>{pc, empty, 1, 2, 0}));
    EXPECT_TRUE(s.sys.send(reply).returned);
    EXPECT_EQ(sender.state(), THREAD_RESTART);
    EXPECT_EQ(sender.object->queue, THREAD_QUEUE_NONE);
}

/* --- Faults ----------------------------------------------------------------------------------- */

TEST(DonationFault, PassiveHandlerRunsOnTheScOfTheFaulterAndReturnsIt)
{
    Scene s;
    Thread handler = s.make_receiver(kPassive, 120);
    Thread faulter = s.make_sender();
    s.sys.fault(13, 0x10);
    EXPECT_CURRENT(s.sys, handler);
    EXPECT_EQ(handler.sc_object(), s.sys.sc_of(faulter.sc));
    s.sys.reply_recv(s.ep, s.reply);
    EXPECT_CURRENT(s.sys, faulter);
    EXPECT_EQ(faulter.sc_object(), s.sys.sc_of(faulter.sc));
    EXPECT_EQ(handler.sc_object(), nullptr);
}

TEST(DonationFault, PassiveHandlerOfATimeoutRunsWhenItGetsAnSc)
{
    Scene s;
    Thread handler = s.make_receiver(kPassive, 120);
    Thread faulter = s.make_sender();
    s.sys.advance(1500);
    EXPECT_EQ(faulter.state(), THREAD_BLOCKED_ON_REPLY);
    EXPECT_EQ(handler.state(), THREAD_RUNNING);
    EXPECT_CURRENT(s.sys, s.sys.root());
    s.sys.SchedContext_Bind(handler.sc, handler.tcb);
    EXPECT_CURRENT(s.sys, handler);
    EXPECT_EQ(s.sys.message().label, Word{FAULT_TIMEOUT});
}

/* --- Interference with a lent SC -------------------------------------------------------------- */

/* A passive server (105) that works on the SC of a client (110); then root, who has got priority
 * 200, interferes. */
struct Lent : Scene {
    Thread server;
    Thread client;
    CPtr spare;

    Lent()
    {
        spare = sys.make_sc(1000, 1000);
        server = make_receiver(kPassive);
        client = make_sender();
        sys.call(badged, 7);
        EXPECT_CURRENT(sys, server);
        sys.TCB_SetPriority(kTcb, kTcb, 200);
        EXPECT_CURRENT(sys, sys.root());
    }

    struct sched_context *sc() const
    {
        return sys.sc_of(client.sc);
    }
};

TEST(DonationLent, UnboundFromTheServerItReturnsWithTheReply)
{
    Lent s;
    EXPECT_OK(s.sys.SchedContext_UnbindObject(s.client.sc, s.server.tcb));
    EXPECT_EQ(s.server.sc_object(), nullptr);
    EXPECT_EQ(s.sc()->reply, s.sys.reply_of(s.reply)) << "the call stack stays attached";
    EXPECT_OK(s.sys.call(s.reply, 3));
    EXPECT_EQ(s.client.sc_object(), s.sc());
    EXPECT_EQ(s.client.state(), THREAD_RUNNING);
}

TEST(DonationLent, BoundToTheClientInTheMeantimeTheReplyMovesNone)
{
    Lent s;
    EXPECT_OK(s.sys.SchedContext_UnbindObject(s.client.sc, s.server.tcb));
    EXPECT_OK(s.sys.SchedContext_Bind(s.client.sc, s.client.tcb));
    EXPECT_EQ(s.client.state(), THREAD_BLOCKED_ON_REPLY);
    EXPECT_OK(s.sys.call(s.reply, 3));
    EXPECT_EQ(s.client.sc_object(), s.sc());
    EXPECT_EQ(s.sc()->thread, s.client.object);
    EXPECT_EQ(s.sc()->reply, nullptr);
    EXPECT_EQ(s.client.message().label, 3u);
}

TEST(DonationLent, BoundToAThirdThreadTheReplyTakesItAway)
{
    Lent s;
    Thread third = s.sys.spawn({.priority = 90, .passive = true});
    EXPECT_OK(s.sys.SchedContext_UnbindObject(s.client.sc, s.server.tcb));
    EXPECT_OK(s.sys.SchedContext_Bind(s.client.sc, third.tcb));
    EXPECT_EQ(third.sc_object(), s.sc());
    EXPECT_OK(s.sys.call(s.reply, 3));
    EXPECT_EQ(third.sc_object(), nullptr);
    EXPECT_EQ(third.object->queue, THREAD_QUEUE_NONE);
    EXPECT_EQ(s.client.sc_object(), s.sc());
}

TEST(DonationLent, UnbindDetachesTheCallStack)
{
    Lent s;
    EXPECT_OK(s.sys.SchedContext_Unbind(s.client.sc));
    EXPECT_EQ(s.server.sc_object(), nullptr);
    EXPECT_EQ(s.sc()->reply, nullptr);
    EXPECT_EQ(s.client.state(), THREAD_BLOCKED_ON_REPLY);
    EXPECT_OK(s.sys.call(s.reply, 3));
    EXPECT_EQ(s.client.state(), THREAD_RUNNING);
    EXPECT_EQ(s.client.sc_object(), nullptr);
    EXPECT_EQ(s.sc()->thread, nullptr);
}

TEST(DonationLent, ClientThatGotAnotherScLeavesTheLentOneWithTheServer)
{
    Lent s;
    EXPECT_OK(s.sys.SchedContext_Bind(s.spare, s.client.tcb));
    EXPECT_OK(s.sys.call(s.reply, 3));
    EXPECT_EQ(s.client.sc_object(), s.sys.sc_of(s.spare));
    EXPECT_EQ(s.server.sc_object(), s.sc());
    EXPECT_EQ(s.sc()->reply, nullptr);
}

TEST(DonationLent, ServerThatGotAnotherScKeepsIt)
{
    Lent s;
    EXPECT_OK(s.sys.SchedContext_UnbindObject(s.client.sc, s.server.tcb));
    EXPECT_OK(s.sys.SchedContext_Bind(s.spare, s.server.tcb));
    EXPECT_OK(s.sys.call(s.reply, 3));
    EXPECT_EQ(s.server.sc_object(), s.sys.sc_of(s.spare));
    EXPECT_EQ(s.client.sc_object(), s.sc());
}

TEST(DonationLent, DeletedScStopsTheServerAndTheClientGetsItsReplyOnly)
{
    Lent s;
    EXPECT_OK(s.sys.del(s.client.sc));
    EXPECT_EQ(s.server.sc_object(), nullptr);
    EXPECT_EQ(s.server.object->queue, THREAD_QUEUE_NONE);
    EXPECT_OK(s.sys.call(s.reply, 3));
    EXPECT_EQ(s.client.state(), THREAD_RUNNING);
    EXPECT_EQ(s.client.sc_object(), nullptr);
    EXPECT_EQ(s.client.message().label, 3u);
}

TEST(DonationLent, DeletedClientLeavesItsScWithTheServer)
{
    Lent s;
    EXPECT_OK(s.sys.del(s.client.tcb));
    EXPECT_EQ(s.server.sc_object(), s.sc());
    EXPECT_EQ(s.sc()->reply, nullptr);
    EXPECT_EQ(s.sys.reply_of(s.reply)->thread, nullptr);
}

TEST(DonationLent, TimeOfTheServerIsChargedToTheClientsSc)
{
    Lent s;
    EXPECT_OK(s.sys.SchedContext_Consumed(s.client.sc));
    s.sys.park();
    EXPECT_CURRENT(s.sys, s.server);
    s.sys.advance(300);
    s.sys.unpark();
    EXPECT_CURRENT(s.sys, s.sys.root());
    EXPECT_EQ(s.sys.SchedContext_Consumed(s.client.sc)[0], 300u);
}

TEST(DonationLent, ServerWithoutTimeoutHandlerWaitsForTheReplenishment)
{
    Lent s;
    s.sys.park();
    s.sys.advance(1500);
    EXPECT_IDLE(s.sys);
    EXPECT_TRUE(thread_is_runnable(s.server.object));
    EXPECT_EQ(s.server.object->queue, THREAD_QUEUE_RELEASE);
    EXPECT_EQ(s.server.sc_object(), s.sc());
    s.sys.advance(9000);
    EXPECT_CURRENT(s.sys, s.server);
}

TEST(DonationLent, ReplyObjectUsedForAnotherReceiveReturnsNothing)
{
    Lent s;
    CPtr other = s.sys.make(ABI_OBJECT_ENDPOINT);
    EXPECT_TRUE(s.sys.nb_recv(other, s.reply).returned);
    EXPECT_EQ(s.client.state(), THREAD_INACTIVE);
    EXPECT_EQ(s.client.sc_object(), nullptr);
    EXPECT_EQ(s.server.sc_object(), s.sc()) << "cancelled by the caller's end: no SC moves";
    EXPECT_EQ(s.sc()->reply, nullptr);
}

} // namespace

} // namespace albireo
