/* SPDX-License-Identifier: BSD-2-Clause */

/* Reply objects: single use, copies, whoever replies, and what deleting them does (docs/abi/07
 * sections 7.4 to 7.6, 15 items 61 to 63 and 69). */
#include "tests/support/system.h"

namespace albireo {

namespace {

/* A caller (110) with its own SC whose message root has taken with a Reply object. */
struct Scene {
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr reply = sys.make(ABI_OBJECT_REPLY);
    Thread caller;
    Word pc = 0;

    explicit Scene(const ThreadOptions &options = {.priority = 110})
    {
        caller = sys.spawn(options);
        pc = caller.regs().pc;
        sys.call(ep, 1, {10, 20});
        EXPECT_EQ(sys.recv(ep, reply).label, 1u);
        EXPECT_EQ(caller.state(), THREAD_BLOCKED_ON_REPLY);
    }
};

/* A server without SC, of that priority, waiting on `ep`. */
Thread passive_server(System &sys, CPtr ep, CPtr reply, uint8_t priority)
{
    Thread server = sys.spawn({.priority = priority});
    sys.recv(ep, reply);
    EXPECT_CURRENT(sys, sys.root());
    EXPECT_OK(sys.SchedContext_Unbind(server.sc));
    return server;
}

TEST(Reply, CallerContinuesWithBadgeZeroAndTheRepliersMessage)
{
    Scene s;
    s.sys.send(s.reply, 5, {0x63});
    EXPECT_CURRENT(s.sys, s.caller);
    EXPECT_EQ(s.caller.regs().pc, s.pc + 4);
    EXPECT_EQ(s.caller.regs().x[REG_A0], 0u);
    EXPECT_EQ(s.caller.regs().x[REG_A1], 0x5001u);
    EXPECT_EQ(s.caller.regs().x[REG_A2], 0x63u);
    EXPECT_EQ(s.caller.regs().x[REG_A3], 20u) << "beyond the length: as the caller had it";
}

TEST(Reply, UnusedObjectTakesRepliesAndDoesNothing)
{
    System sys;
    CPtr reply = sys.make(ABI_OBJECT_REPLY);
    sys.expect_unchanged([&] {
        EXPECT_OK(sys.call(reply, 9, {1}));
        EXPECT_TRUE(sys.send(reply, 9, {1}).returned);
        EXPECT_TRUE(sys.nb_send(reply, 9, {1}).returned);
    });
}

TEST(Reply, SecondReplyDoesNothing)
{
    Scene s;
    EXPECT_OK(s.sys.TCB_SetPriority(s.caller.tcb, kTcb, 90));
    EXPECT_OK(s.sys.call(s.reply, 5, {0x63}));
    s.sys.expect_unchanged([&] { EXPECT_OK(s.sys.call(s.reply, 6, {0x64})); });
    EXPECT_EQ(s.caller.message().label, 5u);
}

TEST(Reply, ObjectOfAWaitingReceiverTakesRepliesAndDoesNothing)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr reply = sys.make(ABI_OBJECT_REPLY);
    Thread receiver = sys.spawn({.priority = 110});
    sys.recv(ep, reply);
    sys.expect_unchanged([&] { EXPECT_OK(sys.call(reply, 5, {1})); });
    EXPECT_EQ(receiver.state(), THREAD_BLOCKED_ON_RECEIVE);
}

TEST(Reply, ObjectCanBeUsedAgain)
{
    Scene s;
    for (Word i = 0; i < 3; i++) {
        s.sys.send(s.reply, i);
        EXPECT_CURRENT(s.sys, s.caller);
        EXPECT_EQ(s.sys.message().label, i);
        s.sys.call(s.ep, 100 + i);
        EXPECT_EQ(s.sys.recv(s.ep, s.reply).label, 100 + i);
    }
}

TEST(Reply, AnybodyWithACopyMayReplyAndTheFirstWins)
{
    Scene s;
    CPtr copy = s.sys.copy(s.reply, 0);
    Thread other = s.sys.spawn({.priority = 120});
    s.sys.nb_send(copy, 8);
    EXPECT_CURRENT(s.sys, other);
    s.sys.TCB_Suspend(other.tcb);
    EXPECT_CURRENT(s.sys, s.caller);
    EXPECT_EQ(s.sys.message().label, 8u);
    s.sys.call(s.ep, 2);
    EXPECT_OK(s.sys.call(s.reply, 9)) << "used up";
    EXPECT_EQ(s.caller.state(), THREAD_BLOCKED_ON_SEND);
}

TEST(Reply, EqualCallerComesAfterTheReplier)
{
    Scene s;
    EXPECT_OK(s.sys.TCB_SetPriority(s.caller.tcb, kTcb, 100));
    EXPECT_TRUE(s.sys.send(s.reply, 5).returned);
    EXPECT_EQ(s.caller.state(), THREAD_RUNNING);
    s.sys.yield();
    EXPECT_CURRENT(s.sys, s.caller);
}

TEST(Reply, ReplyRecvToAnEqualRunsItBeforeOthers)
{
    Scene s;
    EXPECT_OK(s.sys.TCB_SetPriority(s.caller.tcb, kTcb, 100));
    s.sys.spawn({.priority = 100});
    s.sys.reply_recv(s.ep, s.reply, 5);
    EXPECT_CURRENT(s.sys, s.caller);
}

TEST(Reply, ReachesOnlyTheCallerThatThisObjectHolds)
{
    Scene s;
    Thread second = s.sys.spawn({.priority = 120});
    CPtr other = s.sys.make(ABI_OBJECT_REPLY);
    s.sys.call(s.ep, 3);
    EXPECT_EQ(s.sys.recv(s.ep, other).label, 3u);
    s.sys.send(other, 4);
    EXPECT_CURRENT(s.sys, second);
    EXPECT_EQ(s.caller.state(), THREAD_BLOCKED_ON_REPLY);
}

TEST(Reply, SeveralCallersAreAnsweredInAnyOrder)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    std::vector<Thread> callers;
    std::vector<CPtr> replies;
    for (Word i = 0; i < 4; i++) {
        callers.push_back(sys.spawn({.priority = 110}));
        sys.call(ep, i);
        replies.push_back(sys.make(ABI_OBJECT_REPLY));
        EXPECT_EQ(sys.recv(ep, replies[i]).label, i);
    }
    for (Word i : {2, 0, 3, 1}) {
        sys.send(replies[i], 50 + i);
        EXPECT_CURRENT(sys, callers[i]);
        EXPECT_EQ(sys.message().label, 50 + i);
        sys.TCB_Suspend(callers[i].tcb);
    }
}

/* --- SC of the caller ------------------------------------------------------------------------- */

TEST(ReplyTime, CallerWithoutBudgetWaitsForItsRelease)
{
    Scene s({.priority = 110, .budget_us = 1000, .period_us = 10000});
    struct refills *refills = &s.caller.sc_object()->refills;
    refill_at(refills, 0)->time = s.sys.now() + 50000; /* As if its budget were used up. */
    s.sys.send(s.reply, 5);
    EXPECT_CURRENT(s.sys, s.sys.root());
    EXPECT_EQ(s.caller.state(), THREAD_RUNNING);
    EXPECT_EQ(s.caller.object->queue, THREAD_QUEUE_RELEASE);
    s.sys.advance(5001);
    EXPECT_CURRENT(s.sys, s.caller);
    EXPECT_EQ(s.sys.message().label, 5u);
}

TEST(ReplyTime, CallerWithoutBudgetAndWithTimeoutHandlerFaults)
{
    System sys;
    CPtr timeout = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr badged = sys.mint(timeout, 0x70);
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr reply = sys.make(ABI_OBJECT_REPLY);
    CPtr reply2 = sys.make(ABI_OBJECT_REPLY);
    Thread caller = sys.spawn({.priority = 110,
                               .budget_us = 1000,
                               .period_us = 10000,
                               .sc_badge = 0x33,
                               .timeout_ep = badged});
    sys.call(ep, 1);
    sys.recv(ep, reply);
    refill_at(&caller.sc_object()->refills, 0)->time = sys.now() + 50000;
    EXPECT_OK(sys.call(reply, 5));
    EXPECT_EQ(caller.state(), THREAD_BLOCKED_ON_SEND);
    Reply fault = sys.recv(timeout, reply2);
    EXPECT_EQ(fault.label, Word{FAULT_TIMEOUT});
    EXPECT_EQ(fault.badge, 0x70u);
    EXPECT_EQ(fault[0], 0x33u);
    /* Answering that one does not fault again. */
    EXPECT_OK(sys.call(reply2, 0));
    EXPECT_EQ(caller.state(), THREAD_RESTART);
    EXPECT_EQ(caller.object->queue, THREAD_QUEUE_RELEASE);
}

TEST(ReplyTime, SporadicCallerGetsAnUnblockRefresh)
{
    Scene s({.priority = 110, .budget_us = 1000, .period_us = 10000, .sporadic = true});
    EXPECT_OK(s.sys.TCB_SetPriority(s.caller.tcb, kTcb, 90));
    s.sys.advance(2000);
    EXPECT_OK(s.sys.call(s.reply, 5));
    EXPECT_EQ(refill_at(&s.caller.sc_object()->refills, 0)->time, s.sys.now());
}

/* --- Deletion --------------------------------------------------------------------------------- */

TEST(ReplyDelete, CallerBecomesInactiveAndCallsAgainWhenResumed)
{
    Scene s;
    EXPECT_OK(s.sys.del(s.reply));
    EXPECT_EQ(s.caller.state(), THREAD_INACTIVE);
    EXPECT_EQ(s.caller.object->reply, nullptr);
    EXPECT_NE(s.caller.sc_object(), nullptr);
    s.sys.TCB_Resume(s.caller.tcb);
    EXPECT_CURRENT(s.sys, s.caller);
    EXPECT_EQ(s.caller.regs().pc, s.pc);
    s.sys.refire();
    CPtr reply = s.sys.make(ABI_OBJECT_REPLY);
    EXPECT_EQ(s.sys.recv(s.ep, reply).label, 1u);
}

TEST(ReplyDelete, NotTheLastCapabilityDoesNothing)
{
    Scene s;
    CPtr copy = s.sys.copy(s.reply);
    EXPECT_OK(s.sys.del(s.reply));
    EXPECT_EQ(s.caller.state(), THREAD_BLOCKED_ON_REPLY);
    s.sys.send(copy, 4);
    EXPECT_CURRENT(s.sys, s.caller);
    EXPECT_EQ(s.sys.message().label, 4u);
}

TEST(ReplyDelete, WaitingReceiverBecomesInactive)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr reply = sys.make(ABI_OBJECT_REPLY);
    Thread receiver = sys.spawn({.priority = 110});
    sys.recv(ep, reply);
    EXPECT_OK(sys.del(reply));
    EXPECT_EQ(receiver.state(), THREAD_INACTIVE);
    EXPECT_EQ(receiver.object->reply, nullptr);
    EXPECT_EQ(sys.endpoint_of(ep)->queue.head, nullptr);
}

TEST(ReplyDelete, UnusedObjectGoesQuietly)
{
    Scene s;
    CPtr unused = s.sys.make(ABI_OBJECT_REPLY);
    EXPECT_OK(s.sys.del(unused));
    EXPECT_EQ(s.caller.state(), THREAD_BLOCKED_ON_REPLY);
}

TEST(ReplyDelete, FaultedCallerBecomesInactiveAndRepeatsItsAccessWhenResumed)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr reply = sys.make(ABI_OBJECT_REPLY);
    Thread t = sys.spawn({.priority = 110, .fault_ep = ep});
    Word pc = t.regs().pc;
    sys.fault(13, 0x10);
    EXPECT_EQ(sys.recv(ep, reply).label, Word{FAULT_VM});
    EXPECT_OK(sys.del(reply));
    EXPECT_EQ(t.state(), THREAD_INACTIVE);
    sys.TCB_Resume(t.tcb);
    EXPECT_CURRENT(sys, t);
    EXPECT_EQ(t.regs().pc, pc);
    EXPECT_EQ(t.object->fault.type, FAULT_NONE);
}

/* --- Passive servers -------------------------------------------------------------------------- */

TEST(ReplyPassive, ServerRunsOnTheClientsScAtItsOwnPriorityUntilItReplies)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr reply = sys.make(ABI_OBJECT_REPLY);
    Thread server = passive_server(sys, ep, reply, 120);
    Thread client = sys.spawn({.priority = 110});
    Thread between = sys.spawn({.priority = 105});
    sys.call(ep, 1);
    EXPECT_CURRENT(sys, server);
    EXPECT_EQ(server.sc_object(), sys.sc_of(client.sc));
    EXPECT_EQ(client.sc_object(), nullptr);
    EXPECT_EQ(server.sc_object()->reply, sys.reply_of(reply));
    EXPECT_EQ(sys.reply_of(reply)->sc, server.sc_object());
    sys.TCB_SetPriority(server.tcb, kTcb, 104);
    EXPECT_CURRENT(sys, between);
    sys.TCB_Suspend(between.tcb);
    EXPECT_CURRENT(sys, server);
    sys.reply_recv(ep, reply, 2);
    EXPECT_CURRENT(sys, client);
    EXPECT_EQ(client.sc_object(), sys.sc_of(client.sc));
    EXPECT_EQ(server.sc_object(), nullptr);
    EXPECT_EQ(server.state(), THREAD_BLOCKED_ON_RECEIVE);
    EXPECT_EQ(client.sc_object()->reply, nullptr);
}

TEST(ReplyPassive, ServerThatRepliesWithoutReceivingStops)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr reply = sys.make(ABI_OBJECT_REPLY);
    Thread server = passive_server(sys, ep, reply, 120);
    Thread client = sys.spawn({.priority = 110});
    sys.call(ep, 1);
    Word pc = server.regs().pc;
    sys.send(reply, 2);
    EXPECT_CURRENT(sys, client);
    EXPECT_EQ(server.state(), THREAD_RUNNING);
    EXPECT_EQ(server.sc_object(), nullptr);
    EXPECT_EQ(server.object->queue, THREAD_QUEUE_NONE);
    sys.SchedContext_Bind(server.sc, server.tcb);
    EXPECT_CURRENT(sys, server);
    EXPECT_EQ(server.regs().pc, pc + 4) << "continues behind its Send";
}

TEST(ReplyPassive, ReplyRecvWithACallerWaitingTakesItsScAtOnce)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr reply = sys.make(ABI_OBJECT_REPLY);
    Thread server = passive_server(sys, ep, reply, 120);
    Thread first = sys.spawn({.priority = 110, .start = false});
    Thread second = sys.spawn({.priority = 115, .start = false});
    sys.TCB_Resume(first.tcb);
    sys.call(ep, 1);
    EXPECT_CURRENT(sys, server);
    sys.TCB_SetPriority(server.tcb, kTcb, 105);
    sys.TCB_Resume(second.tcb);
    EXPECT_CURRENT(sys, second);
    sys.call(ep, 2);
    EXPECT_CURRENT(sys, server);
    EXPECT_EQ(second.state(), THREAD_BLOCKED_ON_SEND);
    sys.reply_recv(ep, reply, 3);
    EXPECT_EQ(server.sc_object(), sys.sc_of(second.sc));
    EXPECT_EQ(server.message().label, 2u);
    EXPECT_EQ(first.sc_object(), sys.sc_of(first.sc));
    EXPECT_EQ(first.message().label, 3u);
    EXPECT_CURRENT(sys, first); /* 110 before the server's 105. */
}

TEST(ReplyPassive, SuspendedCallerLeavesItsScWithTheServer)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr reply = sys.make(ABI_OBJECT_REPLY);
    Thread server = passive_server(sys, ep, reply, 120);
    Thread client = sys.spawn({.priority = 110});
    sys.call(ep, 1);
    EXPECT_CURRENT(sys, server);
    EXPECT_OK(sys.TCB_Suspend(client.tcb));
    EXPECT_EQ(server.sc_object(), sys.sc_of(client.sc));
    EXPECT_EQ(server.sc_object()->reply, nullptr);
    EXPECT_OK(sys.call(reply, 2)) << "nobody is there";
    EXPECT_EQ(server.sc_object(), sys.sc_of(client.sc));
}

TEST(ReplyPassive, DeletingTheReplyObjectReturnsTheSc)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr reply = sys.make(ABI_OBJECT_REPLY);
    Thread server = passive_server(sys, ep, reply, 120);
    Thread client = sys.spawn({.priority = 110});
    sys.call(ep, 1);
    sys.del(reply);
    EXPECT_CURRENT(sys, sys.root());
    EXPECT_EQ(server.sc_object(), nullptr);
    EXPECT_EQ(server.state(), THREAD_RUNNING);
    EXPECT_EQ(client.state(), THREAD_INACTIVE);
    EXPECT_EQ(client.sc_object(), sys.sc_of(client.sc));
    sys.TCB_Resume(client.tcb);
    EXPECT_CURRENT(sys, client) << "repeats the Call";
}

TEST(ReplyPassive, DeletingTheServerReturnsNothing)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr reply = sys.make(ABI_OBJECT_REPLY);
    Thread server = passive_server(sys, ep, reply, 120);
    Thread client = sys.spawn({.priority = 110});
    sys.call(ep, 1);
    sys.del(server.tcb);
    EXPECT_CURRENT(sys, sys.root());
    EXPECT_EQ(client.sc_object(), nullptr);
    EXPECT_EQ(sys.sc_of(client.sc)->thread, nullptr);
    EXPECT_EQ(client.state(), THREAD_BLOCKED_ON_REPLY);
    /* The call stack is still attached: a reply by root returns it. */
    sys.send(reply, 3);
    EXPECT_CURRENT(sys, client);
    EXPECT_EQ(sys.message().label, 3u);
}

TEST(ReplyPassive, ScDeletedWhileLentStopsTheServerAndTheClientStaysWithoutOne)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr reply = sys.make(ABI_OBJECT_REPLY);
    Thread server = passive_server(sys, ep, reply, 120);
    Thread client = sys.spawn({.priority = 110});
    sys.call(ep, 1);
    sys.del(client.sc);
    EXPECT_CURRENT(sys, sys.root());
    EXPECT_EQ(server.sc_object(), nullptr);
    EXPECT_TRUE(sys.send(reply, 3).returned);
    EXPECT_EQ(client.state(), THREAD_RUNNING);
    EXPECT_EQ(client.message().label, 3u);
    EXPECT_EQ(client.sc_object(), nullptr);
    sys.SchedContext_Bind(server.sc, client.tcb);
    EXPECT_CURRENT(sys, client);
}

} // namespace

} // namespace albireo
