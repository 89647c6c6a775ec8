/* SPDX-License-Identifier: BSD-2-Clause */

/* TCB_Suspend and TCB_Resume, and where a thread continues afterwards: docs/abi/06 sections 6.2 and
 * 6.3, docs/abi/15 items 17 to 19 and 99. */

#include "tests/api/refusal.h"
#include "tests/api/sched_support.h"

namespace albireo {
namespace {

class SuspendTest : public ::testing::Test {
  protected:
    /* Suspends and resumes; a thread above root then runs at once. */
    void restart(const Thread &t)
    {
        EXPECT_OK(sys.TCB_Suspend(t.tcb));
        EXPECT_EQ(THREAD_INACTIVE, t.state());
        sys.TCB_Resume(t.tcb);
    }

    System sys;
    Thread root = sys.root();
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    CPtr reply = sys.make(ABI_OBJECT_REPLY);
};

/* --- Suspend --------------------------------------------------------------------------------- */

TEST_F(SuspendTest, ReadyThreadLeavesItsQueueAndKeepsItsSc)
{
    Thread t = sys.spawn({.priority = 50});
    EXPECT_OK(sys.TCB_Suspend(t.tcb));
    EXPECT_EQ(THREAD_INACTIVE, t.state());
    EXPECT_TRUE(ready_queue(sys, 50).empty());
    EXPECT_EQ(sys.sc_of(t.sc), t.object->sc);
}

TEST_F(SuspendTest, SuspendingTwiceChangesNothing)
{
    Thread t = sys.spawn({.priority = 50});
    ASSERT_OK(sys.TCB_Suspend(t.tcb));
    sys.expect_unchanged([&] { EXPECT_OK(sys.TCB_Suspend(t.tcb)); });
}

TEST_F(SuspendTest, ThreadLeavesTheReleaseQueue)
{
    Thread t = sys.spawn({.priority = 110, .budget_us = 100, .period_us = 1000});
    sys.advance(100);
    EXPECT_TRUE(in_release_queue(t));
    EXPECT_OK(sys.TCB_Suspend(t.tcb));
    EXPECT_TRUE(release_queue(sys).empty());
    sys.advance(3000);
    EXPECT_CURRENT(sys, root);
}

TEST_F(SuspendTest, WaiterLeavesTheNotification)
{
    Thread t = sys.spawn({.priority = 110});
    sys.wait(ntfn);
    EXPECT_OK(sys.TCB_Suspend(t.tcb));
    EXPECT_EQ(NTFN_IDLE, sys.ntfn_of(ntfn)->state);
    EXPECT_TRUE(sys.signal(ntfn).returned);
    EXPECT_EQ(THREAD_INACTIVE, t.state());
    EXPECT_EQ(NTFN_ACTIVE, sys.ntfn_of(ntfn)->state);
}

TEST_F(SuspendTest, SenderLeavesTheEndpoint)
{
    Thread t = sys.spawn({.priority = 110});
    sys.send(ep, 1);
    EXPECT_OK(sys.TCB_Suspend(t.tcb));
    EXPECT_EQ(nullptr, sys.endpoint_of(ep)->queue.head);
    Reply received = sys.nb_recv(ep, reply);
    EXPECT_EQ(0u, received.badge);
    EXPECT_EQ(THREAD_INACTIVE, t.state());
}

TEST_F(SuspendTest, ReceiverLeavesTheEndpointAndItsReplyObject)
{
    Thread t = sys.spawn({.priority = 110});
    sys.recv(ep, reply);
    EXPECT_EQ(t.object, sys.reply_of(reply)->thread);
    EXPECT_OK(sys.TCB_Suspend(t.tcb));
    EXPECT_EQ(nullptr, sys.endpoint_of(ep)->queue.head);
    EXPECT_EQ(nullptr, sys.reply_of(reply)->thread);
}

TEST_F(SuspendTest, CallerIsUnlinkedFromItsReplyObjectAndTheScStaysLent)
{
    Thread server = sys.spawn({.priority = 120});
    sys.recv(ep, reply);
    ASSERT_OK(sys.SchedContext_Unbind(server.sc));
    Thread client = sys.spawn({.priority = 110});
    sys.call(ep, 1);
    EXPECT_CURRENT(sys, server);
    EXPECT_OK(sys.TCB_Suspend(client.tcb));
    EXPECT_CURRENT(sys, server);
    EXPECT_EQ(THREAD_INACTIVE, client.state());
    EXPECT_EQ(nullptr, sys.reply_of(reply)->thread);
    EXPECT_EQ(sys.sc_of(client.sc), server.object->sc);
    EXPECT_EQ(nullptr, sys.sc_of(client.sc)->reply);
}

TEST_F(SuspendTest, SuspendedFaulterForgetsItsFault)
{
    Thread t = sys.spawn({.priority = 110, .fault_ep = ep});
    const Word pc = t.regs().pc;
    sys.fault(2, 0);
    EXPECT_EQ(THREAD_BLOCKED_ON_SEND, t.state());
    EXPECT_EQ(FAULT_USER_EXCEPTION, t.object->fault.type);
    restart(t);
    EXPECT_CURRENT(sys, t);
    EXPECT_EQ(FAULT_NONE, t.object->fault.type);
    EXPECT_EQ(pc, t.regs().pc) << "the instruction is executed again";
    EXPECT_EQ(nullptr, sys.endpoint_of(ep)->queue.head);
}

TEST_F(SuspendTest, FaulterWithoutHandlerIsInactiveAndCanBeResumed)
{
    Thread t = sys.spawn({.priority = 110});
    const Word pc = t.regs().pc;
    sys.fault(2, 0);
    EXPECT_CURRENT(sys, root);
    EXPECT_EQ(THREAD_INACTIVE, t.state());
    sys.TCB_Resume(t.tcb);
    EXPECT_CURRENT(sys, t);
    EXPECT_EQ(pc, t.regs().pc);
}

/* --- Where it continues ---------------------------------------------------------------------- */

TEST_F(SuspendTest, CompletedSystemCallIsNotRepeated)
{
    Thread high = sys.spawn({.priority = 110});
    sys.wait(ntfn);
    const Word ecall = root.regs().pc;
    sys.signal(ntfn);
    EXPECT_CURRENT(sys, high);
    EXPECT_OK(sys.TCB_Suspend(kTcb));
    EXPECT_EQ(ecall + 4, root.regs().fault_pc);
    EXPECT_OK(sys.TCB_Resume(kTcb));
    sys.wait(ntfn);
    EXPECT_CURRENT(sys, root);
    EXPECT_EQ(ecall + 4, root.regs().pc);
}

TEST_F(SuspendTest, ResumedWaiterWaitsAgain)
{
    Thread t = sys.spawn({.priority = 110});
    const Word ecall = t.regs().pc;
    sys.wait(ntfn);
    restart(t);
    EXPECT_CURRENT(sys, t);
    EXPECT_EQ(ecall, t.regs().pc);
    sys.refire();
    EXPECT_EQ(THREAD_BLOCKED_ON_NOTIFICATION, t.state());
    sys.signal(sys.mint(ntfn, 5));
    EXPECT_CURRENT(sys, t);
    EXPECT_EQ(5u, sys.message().badge);
    EXPECT_EQ(ecall + 4, t.regs().pc);
}

TEST_F(SuspendTest, BlockedThreadMayBeResumedWithoutSuspend)
{
    Thread t = sys.spawn({.priority = 110});
    const Word ecall = t.regs().pc;
    sys.send(ep, 1);
    EXPECT_FALSE(sys.TCB_Resume(t.tcb).returned);
    EXPECT_CURRENT(sys, t);
    EXPECT_EQ(ecall, t.regs().pc);
    EXPECT_EQ(nullptr, sys.endpoint_of(ep)->queue.head);
}

TEST_F(SuspendTest, ThreadThatSuspendsItselfDoesItAgainWhenResumed)
{
    Thread t = sys.spawn({.priority = 110});
    const Word ecall = t.regs().pc;
    EXPECT_FALSE(sys.TCB_Suspend(t.tcb).returned);
    EXPECT_CURRENT(sys, root);
    EXPECT_EQ(THREAD_INACTIVE, t.state());
    EXPECT_EQ(ecall, t.regs().fault_pc);
    sys.TCB_Resume(t.tcb);
    EXPECT_CURRENT(sys, t);
    EXPECT_EQ(ecall, t.regs().pc);
    sys.refire();
    EXPECT_CURRENT(sys, root);
    EXPECT_EQ(THREAD_INACTIVE, t.state());
}

TEST_F(SuspendTest, ThreadThatSuspendsItselfBySendDoesItAgain)
{
    Thread t = sys.spawn({.priority = 110});
    const Word ecall = t.regs().pc;
    EXPECT_FALSE(sys.send(t.tcb, ABI_LABEL_TCB_SUSPEND).returned);
    EXPECT_EQ(THREAD_INACTIVE, t.state());
    EXPECT_EQ(ecall, t.regs().fault_pc);
}

TEST_F(SuspendTest, SelfSuspendedThreadGoesOnIfItsPcIsMoved)
{
    Thread t = sys.spawn({.priority = 110});
    const Word ecall = t.regs().pc;
    sys.TCB_Suspend(t.tcb);
    sys.write_registers(t.tcb, true, {ecall + 4});
    EXPECT_CURRENT(sys, t);
    EXPECT_EQ(ecall + 4, t.regs().pc);
}

TEST_F(SuspendTest, ResumedCallerSendsItsMessageTwice)
{
    CPtr second = sys.make(ABI_OBJECT_REPLY);
    Thread client = sys.spawn({.priority = 110});
    sys.call(ep, 9, {33});
    EXPECT_EQ(9u, sys.recv(ep, reply).label);
    EXPECT_EQ(THREAD_BLOCKED_ON_REPLY, client.state());
    restart(client);
    EXPECT_CURRENT(sys, client);
    sys.refire();
    Reply again = sys.recv(ep, second);
    EXPECT_EQ(9u, again.label);
    EXPECT_EQ(33u, again[0]);
    sys.expect_unchanged([&] { EXPECT_TRUE(sys.send(reply, 1).returned); });
    EXPECT_EQ(THREAD_BLOCKED_ON_REPLY, client.state());
    sys.send(second, 2);
    EXPECT_CURRENT(sys, client);
    EXPECT_EQ(2u, sys.message().label);
}

/* --- Resume ---------------------------------------------------------------------------------- */

TEST_F(SuspendTest, ResumeOfARunnableThreadChangesNothing)
{
    Thread ready = sys.spawn({.priority = 50});
    Thread other = sys.spawn({.priority = 50});
    Thread poor = sys.spawn({.passive = true});
    for (const Thread &t : {ready, other, poor, root}) {
        sys.expect_unchanged([&] { EXPECT_OK(sys.TCB_Resume(t.tcb)); });
    }
}

TEST_F(SuspendTest, ResumeOfAWaitingReleaseChangesNothing)
{
    Thread t = sys.spawn({.priority = 110, .budget_us = 100, .period_us = 1000});
    sys.advance(100);
    EXPECT_TRUE(in_release_queue(t));
    sys.expect_unchanged([&] { EXPECT_OK(sys.TCB_Resume(t.tcb)); });
}

TEST_F(SuspendTest, ResumeWithoutScOrWithAnInactiveOneIsAccepted)
{
    CPtr tcb = sys.make(ABI_OBJECT_TCB);
    EXPECT_OK(sys.TCB_Resume(tcb));
    EXPECT_EQ(THREAD_RESTART, sys.thread_of(tcb)->state);
    CPtr second = sys.make(ABI_OBJECT_TCB);
    ASSERT_OK(sys.SchedContext_Bind(sys.make(ABI_OBJECT_SCHED_CONTEXT, 8), second));
    EXPECT_OK(sys.TCB_Resume(second));
    EXPECT_EQ(THREAD_RESTART, sys.thread_of(second)->state);
    sys.wait(ntfn);
    EXPECT_IDLE(sys);
}

TEST_F(SuspendTest, ResumeWithAFutureHeadWaitsForTheRelease)
{
    Thread t = sys.spawn({.priority = 110, .budget_us = 100, .period_us = 1000});
    sys.advance(100);
    ASSERT_OK(sys.TCB_Suspend(t.tcb));
    EXPECT_OK(sys.TCB_Resume(t.tcb));
    EXPECT_EQ(names({t}), release_queue(sys));
    sys.advance(900);
    EXPECT_CURRENT(sys, t);
}

TEST_F(SuspendTest, ResumeWithASporadicScStartsItsBudgetNow)
{
    Thread t = sys.spawn(
        {.priority = 50, .budget_us = 100, .period_us = 1000, .sporadic = true, .start = false});
    sys.advance(70);
    EXPECT_OK(sys.TCB_Resume(t.tcb));
    EXPECT_EQ((Refills{{sys.now(), 1000}}), refills_of(sys, t.sc));
}

TEST_F(SuspendTest, ResumeWithADefaultScStartsItsBudgetWhenItRuns)
{
    Thread t = sys.spawn({.priority = 50, .budget_us = 100, .period_us = 1000, .start = false});
    const Refills before = refills_of(sys, t.sc);
    sys.advance(70);
    EXPECT_OK(sys.TCB_Resume(t.tcb));
    EXPECT_EQ(before, refills_of(sys, t.sc));
    sys.advance(70);
    sys.wait(ntfn);
    EXPECT_CURRENT(sys, t);
    EXPECT_EQ((Refills{{sys.now(), 1000}}), refills_of(sys, t.sc));
}

TEST_F(SuspendTest, SuspendAndResumeTakeNoWordsAndNoCaps)
{
    Thread t = sys.spawn({.priority = 50});
    EXPECT_OK(sys.call(t.tcb, ABI_LABEL_TCB_SUSPEND, {1, 2, 3, 4, 5}, {ep, ep}));
    EXPECT_EQ(THREAD_INACTIVE, t.state());
    EXPECT_OK(sys.call(t.tcb, ABI_LABEL_TCB_RESUME, {1, 2, 3, 4, 5}, {ep, ep}));
    EXPECT_EQ(THREAD_RESTART, t.state());
}

} // namespace
} // namespace albireo
