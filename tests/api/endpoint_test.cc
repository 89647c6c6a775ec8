/* SPDX-License-Identifier: BSD-2-Clause */

/* Endpoints: who meets whom, in which order, who runs then, and what becomes of callers
 * (docs/abi/07 sections 7.1 to 7.3). */
#include "tests/support/system.h"

namespace albireo {

namespace {

/* The threads queued on an endpoint, first to last. */
std::vector<struct thread *> queue_of(System &sys, CPtr ep)
{
    std::vector<struct thread *> queue;
    for (struct thread *t = sys.endpoint_of(ep)->queue.head; t != nullptr; t = t->queue_next) {
        queue.push_back(t);
    }
    return queue;
}

std::vector<struct thread *> objects(const std::vector<Thread> &threads)
{
    std::vector<struct thread *> list;
    for (const Thread &t : threads) {
        list.push_back(t.object);
    }
    return list;
}

/* A thread that blocks in a Send (Call, Wait); then root continues. */
Thread sender_at(System &sys, CPtr ep, uint8_t priority, Word label)
{
    Thread t = sys.spawn({.priority = priority});
    sys.send(ep, label);
    EXPECT_EQ(t.state(), THREAD_BLOCKED_ON_SEND);
    return t;
}

Thread caller_at(System &sys, CPtr ep, uint8_t priority, Word label)
{
    Thread t = sys.spawn({.priority = priority});
    sys.call(ep, label, {1, 2});
    return t;
}

Thread receiver_at(System &sys, CPtr ep, uint8_t priority, CPtr reply = 0)
{
    Thread t = sys.spawn({.priority = priority});
    reply != 0 ? sys.recv(ep, reply) : sys.wait(ep);
    EXPECT_EQ(t.state(), THREAD_BLOCKED_ON_RECEIVE);
    return t;
}

/* --- Sending ---------------------------------------------------------------------------------- */

TEST(EndpointSend, BlocksWithoutAReceiverAndRemembersItsCapability)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr badged = sys.mint(ep, 0x1234, ABI_RIGHT_WRITE | ABI_RIGHT_GRANT);
    Thread s = sender_at(sys, badged, 110, 1);
    EXPECT_CURRENT(sys, sys.root());
    EXPECT_EQ(s.object->endpoint, sys.endpoint_of(ep));
    EXPECT_EQ(s.object->badge, 0x1234u);
    EXPECT_TRUE(s.object->can_grant);
    EXPECT_FALSE(s.object->can_grant_reply);
    EXPECT_FALSE(s.object->is_call);
    EXPECT_EQ(queue_of(sys, ep), objects({s}));
}

TEST(EndpointSend, BlockedReaderOfItsPcSeesTheEcall)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    Thread s = sys.spawn({.priority = 110});
    Word pc = s.regs().pc;
    sys.send(ep);
    EXPECT_EQ(sys.TCB_ReadRegisters(s.tcb, 0, 1)[0], pc);
}

TEST(EndpointSend, NonBlockingMessageWithoutReceiverIsLost)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    sys.expect_unchanged([&] { EXPECT_TRUE(sys.nb_send(ep, 1, {2}).returned); });
    EXPECT_EQ(sys.nb_wait(ep).badge, 0u);
    sender_at(sys, ep, 110, 1); /* Also when others queue. */
    sys.expect_unchanged([&] { EXPECT_TRUE(sys.nb_send(ep, 1, {2}).returned); });
}

TEST(EndpointSend, HigherReceiverRunsAtOnce)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    Thread r = receiver_at(sys, ep, 110);
    sys.send(ep, 5);
    EXPECT_CURRENT(sys, r);
    EXPECT_EQ(sys.message().label, 5u);
    EXPECT_EQ(sys.root().state(), THREAD_RUNNING);
    EXPECT_EQ(sys.root().object->queue, THREAD_QUEUE_READY);
}

TEST(EndpointSend, EqualReceiverRunsLaterBehindOthers)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    Thread r = sys.spawn({.priority = 110});
    sys.TCB_SetPriority(r.tcb, kTcb, 110);
    sys.wait(ep);
    EXPECT_OK(sys.TCB_SetPriority(r.tcb, kTcb, 100));
    Thread other = sys.spawn({.priority = 100});
    EXPECT_TRUE(sys.send(ep, 5).returned);
    EXPECT_CURRENT(sys, sys.root());
    sys.park();
    EXPECT_CURRENT(sys, other);
    sys.yield();
    EXPECT_CURRENT(sys, r);
}

TEST(EndpointSend, GoesToExactlyOneReceiver)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    Thread first = receiver_at(sys, ep, 110);
    Thread second = receiver_at(sys, ep, 110);
    sys.send(ep, 5);
    EXPECT_EQ(first.state(), THREAD_RUNNING);
    EXPECT_EQ(second.state(), THREAD_BLOCKED_ON_RECEIVE);
    EXPECT_EQ(second.regs().x[REG_A1], 0u);
}

/* --- Order ------------------------------------------------------------------------------------ */

TEST(EndpointOrder, SendersAreServedByPriorityAndFifoAmongEquals)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    Thread a = sender_at(sys, ep, 110, 1);
    Thread b = sender_at(sys, ep, 120, 2);
    Thread c = sender_at(sys, ep, 110, 3);
    Thread d = sender_at(sys, ep, 120, 4);
    Thread e = sender_at(sys, ep, 105, 5);
    EXPECT_EQ(queue_of(sys, ep), objects({b, d, a, c, e}));
    EXPECT_OK(sys.TCB_SetPriority(kTcb, kTcb, 200));
    for (Word label : {2, 4, 1, 3, 5}) {
        EXPECT_EQ(sys.nb_wait(ep).label, label);
    }
}

TEST(EndpointOrder, ReceiversAreServedByPriorityAndFifoAmongEquals)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    Thread a = receiver_at(sys, ep, 110);
    Thread b = receiver_at(sys, ep, 120);
    Thread c = receiver_at(sys, ep, 110);
    Thread d = receiver_at(sys, ep, 120);
    Thread e = receiver_at(sys, ep, 105);
    EXPECT_EQ(queue_of(sys, ep), objects({b, d, a, c, e}));
    EXPECT_OK(sys.TCB_SetPriority(kTcb, kTcb, 200));
    Word label = 1;
    for (const Thread &t : {b, d, a, c, e}) {
        EXPECT_TRUE(sys.nb_send(ep, label).returned);
        EXPECT_EQ(t.message().label, label);
        EXPECT_EQ(t.state(), THREAD_RUNNING);
        label++;
    }
}

TEST(EndpointOrder, NewPriorityMovesAQueuedThreadBehindItsEquals)
{
    for (bool senders : {true, false}) {
        System sys;
        CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
        std::vector<Thread> t;
        for (uint8_t priority : {130, 120, 120, 110}) {
            t.push_back(senders ? sender_at(sys, ep, priority, 1) : receiver_at(sys, ep, priority));
        }
        EXPECT_OK(sys.TCB_SetPriority(t[3].tcb, kTcb, 120));
        EXPECT_EQ(queue_of(sys, ep), objects({t[0], t[1], t[2], t[3]}));
        EXPECT_OK(sys.TCB_SetPriority(t[0].tcb, kTcb, 120));
        EXPECT_EQ(queue_of(sys, ep), objects({t[1], t[2], t[3], t[0]}));
        EXPECT_OK(sys.TCB_SetPriority(t[1].tcb, kTcb, 120)); /* The same: behind, too. */
        EXPECT_EQ(queue_of(sys, ep), objects({t[2], t[3], t[0], t[1]}));
        EXPECT_OK(sys.TCB_SetPriority(t[0].tcb, kTcb, 255));
        EXPECT_EQ(queue_of(sys, ep), objects({t[0], t[2], t[3], t[1]}));
        EXPECT_OK(sys.TCB_SetPriority(t[0].tcb, kTcb, 1));
        EXPECT_EQ(queue_of(sys, ep), objects({t[2], t[3], t[1], t[0]}));
        EXPECT_EQ(t[0].state(), senders ? THREAD_BLOCKED_ON_SEND : THREAD_BLOCKED_ON_RECEIVE);
    }
}

TEST(EndpointOrder, CallersAndSendersShareOneQueue)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    Thread a = caller_at(sys, ep, 110, 1);
    Thread b = sender_at(sys, ep, 110, 2);
    EXPECT_EQ(queue_of(sys, ep), objects({a, b}));
    EXPECT_EQ(a.state(), THREAD_BLOCKED_ON_SEND);
    EXPECT_TRUE(a.object->is_call);
}

/* --- Receiving -------------------------------------------------------------------------------- */

TEST(EndpointReceive, BlocksWithItsReplyObject)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr reply = sys.make(ABI_OBJECT_REPLY);
    Thread r = receiver_at(sys, ep, 110, reply);
    EXPECT_EQ(r.object->reply, sys.reply_of(reply));
    EXPECT_EQ(sys.reply_of(reply)->thread, r.object);
    EXPECT_EQ(queue_of(sys, ep), objects({r}));
}

TEST(EndpointReceive, PlainMessageFreesTheReplyObject)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr reply = sys.make(ABI_OBJECT_REPLY);
    Thread r = receiver_at(sys, ep, 110, reply);
    sys.send(ep, 1);
    EXPECT_EQ(r.object->reply, nullptr);
    EXPECT_EQ(sys.reply_of(reply)->thread, nullptr);
}

TEST(EndpointReceive, EveryFormTakesFromTheQueue)
{
    for (int form = 0; form < 7; form++) {
        System sys;
        CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
        CPtr reply = sys.make(ABI_OBJECT_REPLY);
        CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
        CPtr badged = sys.mint(ep, 0x88);
        Thread s = sender_at(sys, badged, 110, 5);
        switch (form) {
        case 0:
            sys.recv(ep, reply);
            break;
        case 1:
            sys.nb_recv(ep, reply);
            break;
        case 2:
            sys.wait(ep);
            break;
        case 3:
            sys.nb_wait(ep);
            break;
        case 4:
            sys.reply_recv(ep, reply);
            break;
        case 5:
            sys.nb_send_recv(ntfn, ep, reply);
            break;
        default:
            sys.nb_send_wait(ntfn, ep);
        }
        EXPECT_EQ(sys.root().message().badge, 0x88u) << form;
        EXPECT_EQ(sys.root().message().label, 5u) << form;
        EXPECT_CURRENT(sys, s);
        EXPECT_EQ(sys.root().state(), THREAD_RUNNING);
    }
}

TEST(EndpointReceive, SenderOfLowerPriorityWaitsItsTurn)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    Thread s = sender_at(sys, ep, 110, 5);
    EXPECT_OK(sys.TCB_SetPriority(s.tcb, kTcb, 90));
    EXPECT_TRUE(sys.wait(ep).returned);
    EXPECT_EQ(s.state(), THREAD_RUNNING);
    EXPECT_EQ(s.object->queue, THREAD_QUEUE_READY);
}

/* --- Calls ------------------------------------------------------------------------------------ */

struct Authority {
    Word rights;
    bool may_call;
};

const Authority kAuthorities[] = {
    {ABI_RIGHT_WRITE, false},
    {ABI_RIGHT_WRITE | ABI_RIGHT_READ, false},
    {ABI_RIGHT_WRITE | ABI_RIGHT_GRANT, true},
    {ABI_RIGHT_WRITE | ABI_RIGHT_GRANT_REPLY, true},
    {ABI_RIGHT_ALL, true},
};

/* The caller (110) and the receiver (105), who may have a Reply object, in either order. */
void expect_call(const Authority &authority, bool with_reply, bool receiver_first)
{
    SCOPED_TRACE(std::to_string(authority.rights) + (with_reply ? " reply" : " no reply") +
                 (receiver_first ? " receiver first" : " caller first"));
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr reply = with_reply ? sys.make(ABI_OBJECT_REPLY) : 0;
    CPtr cap = sys.mint(ep, 0x77, authority.rights);
    Thread caller;
    Thread receiver;
    if (receiver_first) {
        receiver = receiver_at(sys, ep, 105, reply);
        caller = caller_at(sys, cap, 110, 9);
    } else {
        caller = caller_at(sys, cap, 110, 9);
        EXPECT_EQ(caller.state(), THREAD_BLOCKED_ON_SEND);
        receiver = sys.spawn({.priority = 105});
        EXPECT_TRUE((with_reply ? sys.recv(ep, reply) : sys.wait(ep)).returned);
    }
    EXPECT_CURRENT(sys, receiver);
    EXPECT_EQ(sys.message().badge, 0x77u);
    EXPECT_EQ(sys.message().label, 9u);
    EXPECT_EQ(sys.message().words, (std::vector<Word>{1, 2}));
    if (authority.may_call && with_reply) {
        EXPECT_EQ(caller.state(), THREAD_BLOCKED_ON_REPLY);
        EXPECT_EQ(caller.object->reply, sys.reply_of(reply));
        EXPECT_EQ(sys.reply_of(reply)->thread, caller.object);
    } else {
        EXPECT_EQ(caller.state(), THREAD_INACTIVE);
        EXPECT_EQ(caller.object->reply, nullptr);
        if (with_reply) {
            EXPECT_EQ(sys.reply_of(reply)->thread, nullptr);
        }
    }
    EXPECT_NE(caller.sc_object(), nullptr) << "the receiver has an SC of its own";
}

TEST(EndpointCall, CallerBlocksOnReplyIfItMayAndThereIsAReplyObjectElseItStops)
{
    for (const Authority &authority : kAuthorities) {
        for (bool with_reply : {false, true}) {
            for (bool receiver_first : {false, true}) {
                expect_call(authority, with_reply, receiver_first);
            }
        }
    }
}

TEST(EndpointCall, EveryReceiveFormWithoutReplyCapabilityStopsTheCaller)
{
    for (int form = 0; form < 3; form++) {
        System sys;
        CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
        CPtr reply = sys.make(ABI_OBJECT_REPLY);
        CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
        Thread caller = caller_at(sys, ep, 110, 9);
        Reply r = form == 0   ? sys.wait(ep)
                  : form == 1 ? sys.nb_wait(ep)
                              : sys.nb_send_wait(ntfn, ep);
        EXPECT_EQ(r.label, 9u);
        EXPECT_EQ(caller.state(), THREAD_INACTIVE) << form;
        EXPECT_EQ(sys.reply_of(reply)->thread, nullptr);
    }
}

TEST(EndpointCall, StoppedCallerThatIsResumedCallsAgain)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr reply = sys.make(ABI_OBJECT_REPLY);
    Thread caller = caller_at(sys, ep, 110, 9);
    EXPECT_EQ(sys.wait(ep).label, 9u);
    sys.TCB_Resume(caller.tcb);
    EXPECT_CURRENT(sys, caller);
    sys.refire();
    EXPECT_CURRENT(sys, sys.root());
    EXPECT_EQ(caller.state(), THREAD_BLOCKED_ON_SEND);
    EXPECT_EQ(sys.recv(ep, reply).label, 9u);
    EXPECT_EQ(caller.state(), THREAD_BLOCKED_ON_REPLY);
}

TEST(EndpointCall, CalleeRunsEvenIfItIsLowerWhenNobodyElseIsReady)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr reply = sys.make(ABI_OBJECT_REPLY);
    Thread r = receiver_at(sys, ep, 110, reply);
    EXPECT_OK(sys.TCB_SetPriority(r.tcb, kTcb, 50));
    Thread c = sys.spawn({.priority = 70});
    Thread ready = sys.spawn({.priority = 60});
    sys.call(ep, 1);
    EXPECT_CURRENT(sys, c) << "root has lost its turn to the highest ready thread";
    sys.TCB_Suspend(c.tcb);
    EXPECT_CURRENT(sys, ready);
    sys.TCB_Suspend(ready.tcb);
    EXPECT_CURRENT(sys, r);
}

TEST(EndpointCall, CalleeAsHighAsAnyReadyThreadRunsDirectly)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr reply = sys.make(ABI_OBJECT_REPLY);
    Thread r = receiver_at(sys, ep, 110, reply);
    EXPECT_OK(sys.TCB_SetPriority(r.tcb, kTcb, 70));
    sys.spawn({.priority = 70});
    sys.call(ep, 1);
    EXPECT_CURRENT(sys, r);
}

/* --- A Reply object that is in use ------------------------------------------------------------ */

/* Root receives with a Reply object that somebody else is attached to. */
enum Receive { BLOCKS, FAILS, GETS_SIGNAL, GETS_MESSAGE };

void expect_taken(Receive what, bool by_caller)
{
    SCOPED_TRACE(std::to_string(what) + (by_caller ? " caller" : " receiver"));
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr first = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr reply = sys.make(ABI_OBJECT_REPLY);
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    EXPECT_OK(sys.TCB_BindNotification(kTcb, ntfn));
    Thread holder;
    if (by_caller) {
        holder = caller_at(sys, first, 110, 1);
        EXPECT_EQ(sys.recv(first, reply).label, 1u);
        EXPECT_EQ(holder.state(), THREAD_BLOCKED_ON_REPLY);
    } else {
        holder = receiver_at(sys, first, 110, reply);
    }

    if (what == GETS_SIGNAL) {
        sys.signal(ntfn);
    } else if (what == GETS_MESSAGE) {
        sender_at(sys, ep, 110, 2);
    }
    what == FAILS ? sys.nb_recv(ep, reply) : sys.recv(ep, reply);
    EXPECT_EQ(holder.state(), THREAD_INACTIVE);
    EXPECT_EQ(holder.object->reply, nullptr);
    EXPECT_EQ(holder.object->queue, THREAD_QUEUE_NONE);
    EXPECT_EQ(sys.endpoint_of(first)->queue.head, nullptr);
    EXPECT_EQ(sys.reply_of(reply)->thread, what == BLOCKS ? sys.root().object : nullptr);
}

TEST(EndpointReplyInUse, ItsHolderIsStoppedWhateverTheReceiveDoes)
{
    for (Receive what : {BLOCKS, FAILS, GETS_SIGNAL, GETS_MESSAGE}) {
        expect_taken(what, true);
        expect_taken(what, false);
    }
}

TEST(EndpointReplyInUse, StoppedHolderThatIsResumedRepeatsItsCall)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr reply = sys.make(ABI_OBJECT_REPLY);
    Thread caller = caller_at(sys, ep, 110, 1);
    sys.recv(ep, reply);
    EXPECT_TRUE(sys.nb_recv(ep, reply).returned);
    EXPECT_EQ(caller.state(), THREAD_INACTIVE);
    sys.TCB_Resume(caller.tcb);
    sys.refire();
    EXPECT_EQ(sys.nb_recv(ep, reply).label, 1u) << "sent a second time";
}

TEST(EndpointReplyInUse, NotificationSourceDoesNotTouchIt)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr reply = sys.make(ABI_OBJECT_REPLY);
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    Thread caller = caller_at(sys, ep, 110, 1);
    sys.recv(ep, reply);
    sys.nb_recv(ntfn, reply);
    EXPECT_EQ(caller.state(), THREAD_BLOCKED_ON_REPLY);
    sys.nb_wait(ep);
    EXPECT_EQ(caller.state(), THREAD_BLOCKED_ON_REPLY);
}

TEST(EndpointReplyInUse, ReplyRecvRepliesFirstSoNobodyIsStopped)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr reply = sys.make(ABI_OBJECT_REPLY);
    Thread caller = caller_at(sys, ep, 110, 1);
    sys.recv(ep, reply);
    sys.reply_recv(ep, reply, 2, {3});
    EXPECT_CURRENT(sys, caller);
    EXPECT_EQ(sys.message().words, (std::vector<Word>{3}));
    EXPECT_EQ(sys.root().state(), THREAD_BLOCKED_ON_RECEIVE);
    EXPECT_EQ(sys.reply_of(reply)->thread, sys.root().object);
}

} // namespace

} // namespace albireo
