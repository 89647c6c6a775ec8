/* SPDX-License-Identifier: BSD-2-Clause */

/* Who runs next: the scheduler's rules and the worked ordering examples of docs/abi/06 section
 * 6.13, and Yield (docs/abi/01 section 1.8, docs/abi/15 item 86). */

#include "tests/api/sched_support.h"

namespace albireo {
namespace {

/* Root is thread A of the examples, with priority 10. */
class SchedTest : public ::testing::Test {
  protected:
    /* A thread that waits on an object and is then given its priority. */
    Thread waiting(uint8_t priority, CPtr object, CPtr with_reply = 0)
    {
        Thread t = sys.spawn({.priority = 20});
        EXPECT_CURRENT(sys, t);
        if (with_reply != 0) {
            sys.recv(object, with_reply);
        } else {
            sys.wait(object);
        }
        EXPECT_CURRENT(sys, a);
        EXPECT_OK(sys.TCB_SetPriority(t.tcb, kTcb, priority));
        return t;
    }
    Thread passive_server(uint8_t priority)
    {
        Thread t = waiting(priority, ep, reply);
        EXPECT_OK(sys.SchedContext_Unbind(t.sc));
        return t;
    }
    /* The running thread waits for nothing. */
    void block()
    {
        sys.wait(never);
    }

    System sys{{.root_priority = 10}};
    Thread a = sys.root();
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr reply = sys.make(ABI_OBJECT_REPLY);
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    CPtr never = sys.make(ABI_OBJECT_NOTIFICATION);
};

/* --- Worked examples ------------------------------------------------------------------------- */

TEST_F(SchedTest, ResumedEqualGoesToTheTail)
{
    Thread c = sys.spawn({.priority = 10});
    Thread b = sys.spawn({.priority = 10, .start = false});
    EXPECT_OK(sys.TCB_Resume(b.tcb));
    EXPECT_CURRENT(sys, a);
    EXPECT_EQ(names({c, b}), ready_queue(sys, 10));
}

TEST_F(SchedTest, ResumedHigherThreadRunsAndTheCallerIsFirstInItsQueue)
{
    Thread c = sys.spawn({.priority = 10});
    Thread b = sys.spawn({.priority = 11, .start = false});
    EXPECT_FALSE(sys.TCB_Resume(b.tcb).returned);
    EXPECT_CURRENT(sys, b);
    EXPECT_EQ(names({a, c}), ready_queue(sys, 10));
}

TEST_F(SchedTest, CalledPassiveServerRunsIfNothingElseIsReady)
{
    Thread b = passive_server(5);
    EXPECT_FALSE(sys.call(ep, 1).returned);
    EXPECT_CURRENT(sys, b);
}

TEST_F(SchedTest, CalledPassiveServerWaitsForHigherThreads)
{
    Thread b = passive_server(5);
    Thread c = sys.spawn({.priority = 7});
    sys.call(ep, 1);
    EXPECT_CURRENT(sys, c);
    EXPECT_EQ(names({b}), ready_queue(sys, 5));
    block();
    EXPECT_CURRENT(sys, b);
}

TEST_F(SchedTest, CalledPassiveServerWaitsForEqualsOfItsCaller)
{
    Thread b = passive_server(5);
    Thread d = sys.spawn({.priority = 10});
    sys.call(ep, 1);
    EXPECT_CURRENT(sys, d);
    block();
    EXPECT_CURRENT(sys, b);
}

TEST_F(SchedTest, CalledPassiveServerComesBeforeItsEquals)
{
    Thread e = sys.spawn({.priority = 5});
    Thread b = passive_server(5);
    sys.call(ep, 1);
    EXPECT_CURRENT(sys, b);
    EXPECT_EQ(names({e}), ready_queue(sys, 5));
}

TEST_F(SchedTest, CalledServerBehindHigherThreadsIsFirstAmongItsEquals)
{
    Thread e = sys.spawn({.priority = 5});
    Thread c = sys.spawn({.priority = 7});
    Thread b = passive_server(5);
    sys.call(ep, 1);
    EXPECT_CURRENT(sys, c);
    EXPECT_EQ(names({b, e}), ready_queue(sys, 5));
}

TEST_F(SchedTest, ReceiverOfASendGoesToTheTailOfItsEquals)
{
    Thread b = waiting(10, ep);
    Thread c = sys.spawn({.priority = 10});
    EXPECT_TRUE(sys.send(ep).returned);
    EXPECT_CURRENT(sys, a);
    EXPECT_EQ(names({c, b}), ready_queue(sys, 10));
}

TEST_F(SchedTest, ClientThatGetsItsReplyFromABlockingServerRunsAheadOfItsEquals)
{
    Thread b = sys.spawn({.priority = 10});
    Thread c = sys.spawn({.priority = 10});
    sys.recv(ep, reply);
    EXPECT_CURRENT(sys, b);
    sys.call(ep, 1);
    EXPECT_CURRENT(sys, a) << "which waited, and runs directly";
    EXPECT_EQ(names({c}), ready_queue(sys, 10));
    EXPECT_FALSE(sys.reply_recv(ep, reply).returned);
    EXPECT_CURRENT(sys, b);
    EXPECT_EQ(names({c}), ready_queue(sys, 10));
}

TEST_F(SchedTest, HigherThreadPreemptsAtTheFirstOfTwoSignals)
{
    CPtr second = sys.make(ABI_OBJECT_NOTIFICATION);
    Thread b = waiting(12, ntfn);
    Thread c = waiting(12, second);
    sys.signal(ntfn);
    EXPECT_CURRENT(sys, b);
    block();
    EXPECT_CURRENT(sys, a);
    sys.signal(second);
    EXPECT_CURRENT(sys, c);
}

TEST_F(SchedTest, EndOfSliceGoesToTheTail)
{
    Thread b = sys.spawn({.priority = 10});
    Thread c = sys.spawn({.priority = 10});
    sys.advance(5000);
    EXPECT_CURRENT(sys, b);
    EXPECT_EQ(names({c, a}), ready_queue(sys, 10));
}

TEST_F(SchedTest, PreemptedThreadContinuesWithTheRestOfItsSlice)
{
    Thread b = waiting(20, ntfn);
    Thread c = sys.spawn({.priority = 10});
    sys.yield();
    EXPECT_CURRENT(sys, c);
    sys.advance(300);
    sys.signal(ntfn);
    EXPECT_CURRENT(sys, b);
    EXPECT_EQ(names({c, a}), ready_queue(sys, 10));
    sys.advance(400);
    block();
    EXPECT_CURRENT(sys, c);
    sys.advance_ticks(7000 - kEarly - 1);
    EXPECT_CURRENT(sys, c);
    sys.advance_ticks(1);
    EXPECT_CURRENT(sys, a);
}

/* --- Switch candidates ----------------------------------------------------------------------- */

TEST_F(SchedTest, LowerThreadMadeReadyGoesToTheHeadOfItsQueue)
{
    Thread b = sys.spawn({.priority = 5});
    Thread c = sys.spawn({.priority = 5});
    EXPECT_EQ(names({c, b}), ready_queue(sys, 5));
}

TEST_F(SchedTest, TwoThreadsMadeReadyByOneCallGoToTheHead)
{
    Thread client = sys.spawn({.priority = 20});
    sys.call(ep, 1);
    Thread sender = sys.spawn({.priority = 20});
    sys.send(ep, 2);
    EXPECT_CURRENT(sys, a);
    EXPECT_OK(sys.TCB_SetPriority(client.tcb, kTcb, 10));
    EXPECT_OK(sys.TCB_SetPriority(sender.tcb, kTcb, 10));
    EXPECT_EQ(1u, sys.recv(ep, reply).label);
    EXPECT_EQ(THREAD_BLOCKED_ON_REPLY, client.state());
    Thread other = sys.spawn({.priority = 10});
    EXPECT_EQ(2u, sys.reply_recv(ep, reply).label);
    EXPECT_CURRENT(sys, a);
    EXPECT_EQ(names({sender, client, other}), ready_queue(sys, 10));
}

TEST_F(SchedTest, HigherOfTwoThreadsMadeReadyByOneCallRuns)
{
    Thread client = sys.spawn({.priority = 30});
    sys.call(ep, 1);
    Thread sender = sys.spawn({.priority = 20});
    sys.send(ep, 2);
    EXPECT_CURRENT(sys, a);
    sys.recv(ep, reply);
    EXPECT_FALSE(sys.reply_recv(ep, reply).returned);
    EXPECT_CURRENT(sys, client);
    EXPECT_EQ(names({sender}), ready_queue(sys, 20));
    EXPECT_EQ(names({a}), ready_queue(sys, 10));
}

TEST_F(SchedTest, ThreadWithoutScIsNoCandidate)
{
    Thread b = sys.spawn({.priority = 20, .passive = true});
    EXPECT_CURRENT(sys, a);
    EXPECT_EQ(THREAD_RESTART, b.state());
    EXPECT_EQ(THREAD_QUEUE_NONE, b.object->queue);
}

TEST_F(SchedTest, HigherThreadWokenByAnInterruptPreempts)
{
    Thread b = waiting(20, ntfn);
    CPtr handler = sys.alloc_slot();
    ASSERT_OK(sys.IRQControl_Get(kIrqControl, 5, kCNode, handler, 64));
    ASSERT_OK(sys.IRQHandler_SetNotification(handler, ntfn));
    const Word pc = a.regs().pc;
    sys.irq(5);
    EXPECT_CURRENT(sys, b);
    EXPECT_EQ(names({a}), ready_queue(sys, 10));
    block();
    EXPECT_CURRENT(sys, a);
    EXPECT_EQ(pc, a.regs().pc);
}

TEST_F(SchedTest, EqualThreadWokenByAnInterruptDoesNotPreempt)
{
    Thread b = waiting(10, ntfn);
    Thread c = sys.spawn({.priority = 10});
    CPtr handler = sys.alloc_slot();
    ASSERT_OK(sys.IRQControl_Get(kIrqControl, 5, kCNode, handler, 64));
    ASSERT_OK(sys.IRQHandler_SetNotification(handler, ntfn));
    sys.irq(5);
    EXPECT_CURRENT(sys, a);
    EXPECT_EQ(names({c, b}), ready_queue(sys, 10));
}

TEST_F(SchedTest, IdleMachineRunsWhomAnInterruptWakes)
{
    CPtr handler = sys.alloc_slot();
    ASSERT_OK(sys.IRQControl_Get(kIrqControl, 5, kCNode, handler, 64));
    ASSERT_OK(sys.IRQHandler_SetNotification(handler, ntfn));
    sys.wait(ntfn);
    EXPECT_IDLE(sys);
    sys.irq(5);
    EXPECT_CURRENT(sys, a);
}

TEST_F(SchedTest, HighestPriorityRunsFirst)
{
    std::vector<Thread> threads;
    const int priorities[] = {0, 1, 63, 64, 65, 127, 128, 191, 192, 254, 255};
    ASSERT_OK(sys.TCB_SetPriority(kTcb, kTcb, 255));
    for (int priority : priorities) {
        threads.push_back(sys.spawn({.priority = static_cast<uint8_t>(priority)}));
        EXPECT_CURRENT(sys, a);
    }
    block();
    for (size_t i = threads.size(); i-- > 0;) {
        EXPECT_CURRENT(sys, threads[i]);
        block();
    }
    EXPECT_IDLE(sys);
}

TEST_F(SchedTest, RunningThreadIsInNoQueue)
{
    Thread b = sys.spawn({.priority = 20});
    EXPECT_CURRENT(sys, b);
    EXPECT_EQ(THREAD_QUEUE_NONE, b.object->queue);
    EXPECT_EQ(THREAD_RUNNING, b.state());
    EXPECT_TRUE(in_ready_queue(a));
}

TEST_F(SchedTest, BlockedThreadIsInNoReadyQueue)
{
    Thread b = waiting(20, ntfn);
    EXPECT_EQ(THREAD_QUEUE_NTFN, b.object->queue);
    EXPECT_TRUE(ready_queue(sys, 20).empty());
}

/* --- Yield ----------------------------------------------------------------------------------- */

TEST_F(SchedTest, RoundRobinYieldGoesBehindItsEqualsWithAFreshSlice)
{
    Thread b = sys.spawn({.priority = 10});
    Thread c = sys.spawn({.priority = 10});
    sys.advance(1000);
    sys.yield();
    EXPECT_CURRENT(sys, b);
    EXPECT_EQ(names({c, a}), ready_queue(sys, 10));
    EXPECT_EQ(50000u, refills_of(sys, kSchedContext)[0].amount);
    EXPECT_EQ(0u, refills_of(sys, kSchedContext)[1].amount);
}

TEST_F(SchedTest, RoundRobinYieldAloneGoesOnWithAFreshSlice)
{
    Thread low = sys.spawn({.priority = 9});
    for (int i = 0; i < 5; i++) {
        sys.advance(4000);
        sys.yield();
        EXPECT_CURRENT(sys, a);
    }
    EXPECT_TRUE(in_ready_queue(low));
    sys.advance_ticks(50000 - kEarly - 1);
    EXPECT_EQ(50000u, refills_of(sys, kSchedContext)[0].amount) << "not yet expired";
}

TEST_F(SchedTest, YieldChangesNoRegister)
{
    for (size_t i = 1; i < 32; i++) {
        a.regs().x[i] = 0x1000 + i;
    }
    const Word pc = a.regs().pc;
    EXPECT_TRUE(sys.ecall(ABI_SYS_YIELD));
    for (size_t i = 1; i < 32; i++) {
        EXPECT_EQ(i == REG_A7 ? static_cast<Word>(ABI_SYS_YIELD) : 0x1000 + i, a.regs().x[i]) << i;
    }
    EXPECT_EQ(pc + 4, a.regs().pc);
}

TEST_F(SchedTest, PeriodicYieldWaitsForTheNextPeriod)
{
    Thread b = sys.spawn({.priority = 20, .budget_us = 100, .period_us = 1000});
    const Word start = sys.now();
    sys.advance(30);
    sys.yield();
    EXPECT_CURRENT(sys, a);
    EXPECT_EQ((Refills{{start + 10000, 1000}}), refills_of(sys, b.sc));
    EXPECT_EQ(names({b}), release_queue(sys));
}

TEST_F(SchedTest, PeriodicYieldInALoopRunsOncePerPeriod)
{
    Thread b = sys.spawn({.priority = 20, .budget_us = 100, .period_us = 1000});
    const Word start = sys.now();
    for (Word i = 1; i <= 20; i++) {
        sys.advance(30);
        EXPECT_CURRENT(sys, b);
        sys.yield();
        EXPECT_CURRENT(sys, a);
        sys.advance_ticks(start + i * 10000 - kEarly - 1 - sys.now());
        EXPECT_CURRENT(sys, a);
        sys.advance_ticks(1);
        EXPECT_CURRENT(sys, b);
        EXPECT_EQ(start + i * 10000, sys.now());
    }
}

/* A sporadic SC keeps its refills apart while its thread is preempted. */
TEST_F(SchedTest, PeriodicYieldWithAnotherUsableRefillStaysReady)
{
    Thread c = waiting(30, never);
    Thread b = sys.spawn({.priority = 20,
                          .budget_us = 100,
                          .period_us = 1000,
                          .extra_refills = 4,
                          .sporadic = true});
    const Word start = sys.now();
    sys.advance(40);
    sys.wait(ntfn);
    EXPECT_EQ((Refills{{start + 400, 600}, {start + 10000, 400}}), refills_of(sys, b.sc));
    sys.advance_ticks(start + 5000 - sys.now());
    sys.signal(ntfn);
    EXPECT_CURRENT(sys, b);
    sys.advance(10);
    sys.signal(never);
    EXPECT_CURRENT(sys, c);
    sys.advance(600);
    sys.send(ep);
    EXPECT_CURRENT(sys, b);
    EXPECT_EQ((Refills{{start + 5100, 500}, {start + 10000, 400}, {start + 15000, 100}}),
              refills_of(sys, b.sc));
    sys.yield();
    EXPECT_CURRENT(sys, b) << "alone at its priority";
    EXPECT_EQ((Refills{{start + 10000, 400}, {start + 15000, 600}}), refills_of(sys, b.sc));
    EXPECT_FALSE(in_release_queue(b));
}

TEST_F(SchedTest, YieldRaisesNoTimeoutFault)
{
    Thread b = sys.spawn({.priority = 20, .budget_us = 100, .period_us = 1000, .timeout_ep = ep});
    sys.yield();
    EXPECT_CURRENT(sys, a);
    EXPECT_EQ(THREAD_RUNNING, b.state());
    EXPECT_EQ(names({b}), release_queue(sys));
}

TEST_F(SchedTest, YieldWithLessThanTheMinimumLeftIsExecutedAgain)
{
    Thread b = sys.spawn({.priority = 20, .budget_us = 100, .period_us = 1000});
    const Word pc = b.regs().pc;
    sys.advance_ticks(801); /* 199 left. */
    EXPECT_CURRENT(sys, b);
    sys.yield();
    EXPECT_CURRENT(sys, a);
    EXPECT_EQ(THREAD_RESTART, b.state());
    sys.advance(900);
    EXPECT_CURRENT(sys, b);
    EXPECT_EQ(pc, b.regs().pc);
}

} // namespace
} // namespace albireo
