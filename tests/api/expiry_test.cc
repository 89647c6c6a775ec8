/* SPDX-License-Identifier: BSD-2-Clause */

/* The end of a budget: at kernel entry, at the timer, at a preemption point and at the end of time;
 * and the release queue (docs/abi/06 sections 6.7, 6.9, 6.10 and 6.13, docs/abi/01 section 1.5). */

#include "tests/api/sched_support.h"

namespace albireo {
namespace {

constexpr Word kMaxRelease = UINT64_MAX - 5 * kMaxPeriodUs * kTicks;

class ExpiryTest : public ::testing::Test {
  protected:
    /* A thread above root with 100 us in 1000, which has used all but `left` ticks. */
    Thread nearly_spent(Word left, ThreadOptions options = {})
    {
        options.priority = 110;
        options.budget_us = 100;
        options.period_us = options.period_us == 100 ? 100 : 1000;
        Thread t = sys.spawn(options);
        EXPECT_CURRENT(sys, t);
        sys.advance_ticks(1000 - left);
        EXPECT_CURRENT(sys, t);
        return t;
    }
    /* The current thread waits for nothing. */
    void block()
    {
        sys.wait(never);
    }
    Word deadline()
    {
        return sim_deadline(sys.sim());
    }
    Word signalled()
    {
        return sys.ntfn_of(ntfn)->state == NTFN_ACTIVE;
    }

    System sys;
    Thread root = sys.root();
    CPtr never = sys.make(ABI_OBJECT_NOTIFICATION);
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
};

/* --- At kernel entry ------------------------------------------------------------------------- */

TEST_F(ExpiryTest, WithExactlyTheMinimumLeftACallIsPerformed)
{
    Thread t = nearly_spent(kMinBudget);
    EXPECT_TRUE(sys.signal(ntfn).returned);
    EXPECT_TRUE(signalled());
    EXPECT_CURRENT(sys, t);
}

TEST_F(ExpiryTest, WithLessThanTheMinimumLeftACallIsExecutedInTheNextPeriod)
{
    Thread t = nearly_spent(kMinBudget - 1);
    const Word pc = t.regs().pc;
    const Word at = sys.now();
    EXPECT_FALSE(sys.signal(ntfn).returned);
    EXPECT_FALSE(signalled());
    EXPECT_CURRENT(sys, root);
    EXPECT_EQ(THREAD_RESTART, t.state());
    EXPECT_EQ((Refills{{at - 801 + 10000 - 199, 1000}}), refills_of(sys, t.sc));
    sys.advance(900);
    EXPECT_CURRENT(sys, t);
    EXPECT_EQ(pc, t.regs().pc);
    EXPECT_TRUE(sys.refire());
    EXPECT_TRUE(signalled());
}

TEST_F(ExpiryTest, ArgumentsOfTheRepeatedCallAreAsBefore)
{
    Thread t = nearly_spent(100);
    CPtr tcb = t.tcb;
    sys.send(tcb, ABI_LABEL_TCB_SET_TLS_BASE, {0x1234});
    EXPECT_CURRENT(sys, root);
    EXPECT_EQ(0u, t.regs().x[REG_TP]);
    sys.advance(900);
    EXPECT_CURRENT(sys, t);
    sys.refire();
    EXPECT_EQ(0x1234u, t.regs().x[REG_TP]);
}

TEST_F(ExpiryTest, RoundRobinThreadAloneRepeatsItsCallAtOnceWithAFreshSlice)
{
    Thread t = nearly_spent(100, {.period_us = 100});
    sys.restarts = 0;
    EXPECT_TRUE(sys.signal(ntfn).returned);
    EXPECT_EQ(1u, sys.restarts);
    EXPECT_TRUE(signalled());
    EXPECT_EQ(1000u, refills_of(sys, t.sc)[0].amount);
}

TEST_F(ExpiryTest, RoundRobinThreadRepeatsItsCallAfterItsEqual)
{
    Thread t = nearly_spent(500, {.period_us = 100});
    Thread other = sys.spawn({.priority = 110});
    sys.advance_ticks(400);
    EXPECT_CURRENT(sys, t);
    sys.signal(ntfn);
    EXPECT_CURRENT(sys, other);
    EXPECT_FALSE(signalled());
    sys.yield();
    EXPECT_CURRENT(sys, t);
    sys.refire();
    EXPECT_TRUE(signalled());
}

TEST_F(ExpiryTest, FaultIsRaisedInTheNextPeriod)
{
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    Thread t = nearly_spent(100, {.fault_ep = ep});
    const Word pc = t.regs().pc;
    sys.fault(2, 0);
    EXPECT_CURRENT(sys, root);
    EXPECT_EQ(FAULT_NONE, t.object->fault.type);
    EXPECT_EQ(names({t}), release_queue(sys));
    sys.advance(900);
    EXPECT_CURRENT(sys, t);
    EXPECT_EQ(pc, t.regs().pc);
    sys.fault(2, 0);
    EXPECT_EQ(THREAD_BLOCKED_ON_SEND, t.state());
}

TEST_F(ExpiryTest, UnknownSystemCallFaultsInTheNextPeriod)
{
    Thread t = nearly_spent(100);
    sys.ecall(99);
    EXPECT_EQ(THREAD_RESTART, t.state());
    EXPECT_TRUE(in_release_queue(t));
}

TEST_F(ExpiryTest, InterruptIsHandledThoughTheBudgetEnds)
{
    CPtr handler = sys.alloc_slot();
    ASSERT_OK(sys.IRQControl_Get(kIrqControl, 5, kCNode, handler, 64));
    ASSERT_OK(sys.IRQHandler_SetNotification(handler, ntfn));
    Thread t = nearly_spent(100);
    const Word pc = t.regs().pc;
    sys.irq(5);
    EXPECT_TRUE(signalled());
    EXPECT_CURRENT(sys, root);
    EXPECT_TRUE(in_release_queue(t));
    sys.advance(900);
    EXPECT_CURRENT(sys, t);
    EXPECT_EQ(pc, t.regs().pc);
}

TEST_F(ExpiryTest, DebugCallsDoNotEndABudget)
{
    if (!CONFIG_DEBUG) {
        return;
    }
    Thread t = nearly_spent(100);
    EXPECT_TRUE(sys.ecall(ABI_SYS_DEBUG_CAP_IDENTIFY, {kTcb}));
    EXPECT_CURRENT(sys, t);
}

/* --- The timer ------------------------------------------------------------------------------- */

TEST_F(ExpiryTest, TimerComesOneMicrosecondBeforeTheEndOfTheHead)
{
    Thread t = sys.spawn({.priority = 110, .budget_us = 300, .period_us = 1000});
    EXPECT_EQ(sys.now() + 3000 - kEarly, deadline());
    sys.advance_ticks(3000 - kEarly - 1);
    EXPECT_CURRENT(sys, t);
    sys.advance_ticks(1);
    EXPECT_CURRENT(sys, root);
}

TEST_F(ExpiryTest, TimerComesOneMicrosecondBeforeARelease)
{
    Thread t = sys.spawn({.priority = 110, .budget_us = 300, .period_us = 1000});
    sys.advance(300);
    EXPECT_CURRENT(sys, root);
    EXPECT_EQ(refills_of(sys, t.sc)[0].time - kEarly, deadline());
    const Word events = sim_events(sys.sim());
    sys.advance_ticks(deadline() - sys.now() - 1);
    EXPECT_EQ(events, sim_events(sys.sim()));
    EXPECT_CURRENT(sys, root);
    sys.advance_ticks(1);
    EXPECT_CURRENT(sys, t);
    EXPECT_EQ(refills_of(sys, t.sc)[0].time, sys.now()) << "it never starts before its time";
}

TEST_F(ExpiryTest, TimerIsForTheFirstOfSeveralReasons)
{
    Thread late = sys.spawn({.priority = 110, .budget_us = 100, .period_us = 20000});
    sys.advance(100);
    Thread soon = sys.spawn({.priority = 110, .budget_us = 100, .period_us = 1000});
    sys.advance(100);
    EXPECT_CURRENT(sys, root);
    EXPECT_EQ(names({soon, late}), release_queue(sys));
    EXPECT_EQ(refills_of(sys, soon.sc)[0].time - kEarly, deadline());
}

TEST_F(ExpiryTest, TimerOfAnIdleMachineIsForTheNextRelease)
{
    Thread t = sys.spawn({.priority = 110, .budget_us = 300, .period_us = 1000});
    sys.advance(300);
    block();
    EXPECT_IDLE(sys);
    EXPECT_TRUE(sys.run_idle());
    EXPECT_CURRENT(sys, t);
    EXPECT_EQ(refills_of(sys, t.sc)[0].time, sys.now());
}

TEST_F(ExpiryTest, IdleMachineWithNothingToReleaseSleeps)
{
    block();
    EXPECT_IDLE(sys);
    EXPECT_FALSE(sys.run_idle());
    const Word events = sim_events(sys.sim());
    sys.advance(1000000000);
    EXPECT_EQ(events, sim_events(sys.sim()));
}

TEST_F(ExpiryTest, UnchangedSchedulingDoesNotMoveTheTimer)
{
    sys.yield();
    const Word before = deadline();
    sys.advance(1000);
    sys.signal(ntfn);
    EXPECT_EQ(before, deadline());
}

TEST_F(ExpiryTest, SwitchMovesTheTimer)
{
    Thread other = sys.spawn({.budget_us = 700, .period_us = 700});
    sys.advance(1000);
    sys.yield();
    EXPECT_CURRENT(sys, other);
    EXPECT_EQ(sys.now() + 7000 - kEarly, deadline());
}

/* --- The release queue ----------------------------------------------------------------------- */

class ReleaseTest : public ExpiryTest {
  protected:
    /* A thread that has just used up 100 us. */
    Thread spent(Word period_us, uint8_t priority = 110)
    {
        Thread t = sys.spawn({.priority = 110, .budget_us = 100, .period_us = period_us});
        sys.advance_ticks(1000 - kEarly);
        EXPECT_CURRENT(sys, root);
        EXPECT_OK(sys.TCB_SetPriority(t.tcb, kTcb, priority));
        return t;
    }
    void advance_to(Word time)
    {
        sys.advance_ticks(time - sys.now());
    }
};

TEST_F(ReleaseTest, ThreadsWaitInTheOrderOfTheirTimes)
{
    Thread a = spent(9000);
    Thread b = spent(5000);
    Thread c = spent(7000);
    Thread d = spent(20000);
    EXPECT_EQ(names({b, c, a, d}), release_queue(sys));
}

TEST_F(ReleaseTest, PrioritiesDoNotMatterForTheOrder)
{
    Thread a = spent(9000, 200);
    Thread b = spent(5000, 3);
    EXPECT_EQ(names({b, a}), release_queue(sys));
}

/* 990 ticks later with a period that is 990 ticks shorter: the same time. */
TEST_F(ReleaseTest, EqualTimesAreFirstInFirstOut)
{
    Thread a = spent(5000);
    Thread b = spent(4901);
    Thread c = spent(4802);
    EXPECT_EQ(refills_of(sys, a.sc), refills_of(sys, b.sc));
    EXPECT_EQ(refills_of(sys, a.sc), refills_of(sys, c.sc));
    EXPECT_EQ(names({a, b, c}), release_queue(sys));
}

/* Each becomes a switch candidate in turn, and goes to the head. */
TEST_F(ReleaseTest, OfEqualThreadsReleasedTogetherTheLastRunsFirst)
{
    Thread a = spent(5000);
    Thread b = spent(4901);
    Thread c = spent(4802);
    advance_to(refills_of(sys, a.sc)[0].time);
    EXPECT_CURRENT(sys, c);
    EXPECT_EQ(names({b, a}), ready_queue(sys, 110));
    EXPECT_TRUE(release_queue(sys).empty());
}

TEST_F(ReleaseTest, OfThreadsReleasedTogetherTheHighestRunsFirst)
{
    Thread a = spent(5000, 130);
    Thread b = spent(4901, 120);
    advance_to(refills_of(sys, a.sc)[0].time);
    EXPECT_CURRENT(sys, a);
    EXPECT_EQ(names({b}), ready_queue(sys, 120));
    EXPECT_EQ(names({root}), ready_queue(sys, 100));
}

TEST_F(ReleaseTest, ReleasedEqualDoesNotPreempt)
{
    Thread other = sys.spawn();
    Thread a = spent(1000, 100);
    advance_to(refills_of(sys, a.sc)[0].time);
    EXPECT_CURRENT(sys, root);
    EXPECT_EQ(names({other, a}), ready_queue(sys, 100));
}

TEST_F(ReleaseTest, ReleasedLowerThreadGoesToTheHeadOfItsQueue)
{
    Thread other = sys.spawn({.priority = 50});
    Thread a = spent(1000, 50);
    advance_to(refills_of(sys, a.sc)[0].time);
    EXPECT_CURRENT(sys, root);
    EXPECT_EQ(names({a, other}), ready_queue(sys, 50));
}

TEST_F(ReleaseTest, MessageDoesNotEndTheWaitForTheRelease)
{
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr reply = sys.make(ABI_OBJECT_REPLY);
    Thread server = sys.spawn({.priority = 120});
    sys.recv(ep, reply);
    ASSERT_OK(sys.SchedContext_Unbind(server.sc));
    Thread client = sys.spawn({.priority = 110, .budget_us = 100, .period_us = 1000});
    sys.call(ep, 1);
    EXPECT_CURRENT(sys, server);
    sys.advance(100);
    EXPECT_CURRENT(sys, root);
    EXPECT_EQ(names({server}), release_queue(sys)) << "it waits with the client's SC";
    EXPECT_TRUE(sys.send(reply, 7).returned);
    EXPECT_EQ(names({client}), release_queue(sys)) << "which has gone back";
    EXPECT_EQ(THREAD_RUNNING, client.state());
    sys.advance(900);
    EXPECT_CURRENT(sys, client);
    EXPECT_EQ(7u, sys.message().label);
}

/* --- At a preemption point ------------------------------------------------------------------- */

class PreemptedTest : public ExpiryTest {
  protected:
    /* A thread above root that revokes many copies; time passes at the third preemption point. */
    Thread revoke_with(const ThreadOptions &options, Word ticks)
    {
        for (int i = 0; i < 20; i++) {
            sys.copy(ntfn);
        }
        Thread t = sys.spawn(options);
        EXPECT_CURRENT(sys, t);
        sys.poll_every(1);
        sim_advance_at_preemption(sys.sim(), 3, ticks);
        sys.revoke(ntfn);
        return t;
    }
    Word preemptions()
    {
        return sys.kernel()->counters.preempted[ABI_LABEL_CNODE_REVOKE];
    }
    size_t copies()
    {
        size_t count = 0;
        for (CPtr slot = ntfn; slot < ntfn + 40; slot++) {
            count += sys.cap_at(slot).type == CAP_NOTIFICATION &&
                     sys.cap_at(slot).ntfn == sys.cap_at(ntfn).ntfn;
        }
        return count - 1;
    }
};

TEST_F(PreemptedTest, OperationStopsWhenItsBudgetEndsAndGoesOnLater)
{
    Thread t = revoke_with({.priority = 110, .budget_us = 100, .period_us = 1000}, 801);
    EXPECT_EQ(1u, preemptions());
    EXPECT_CURRENT(sys, root);
    EXPECT_EQ(names({t}), release_queue(sys));
    EXPECT_EQ(17u, copies());
    sys.advance(900);
    EXPECT_CURRENT(sys, t);
    EXPECT_TRUE(sys.refire());
    EXPECT_EQ(0u, copies());
    EXPECT_EQ(0u, sys.message().label);
}

TEST_F(PreemptedTest, OperationGoesOnWhileTheMinimumIsLeft)
{
    Thread t = revoke_with({.priority = 110, .budget_us = 100, .period_us = 1000}, 800);
    EXPECT_EQ(0u, preemptions());
    EXPECT_CURRENT(sys, t);
    EXPECT_EQ(0u, copies());
}

TEST_F(PreemptedTest, RoundRobinThreadAloneGoesOnAtOnce)
{
    Thread t = revoke_with({.priority = 110, .budget_us = 100, .period_us = 100}, 900);
    EXPECT_EQ(1u, preemptions());
    EXPECT_EQ(1u, sys.restarts);
    EXPECT_CURRENT(sys, t);
    EXPECT_EQ(0u, copies());
}

TEST_F(PreemptedTest, TimeoutFaultIsRaised)
{
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    Thread t = revoke_with(
        {.priority = 110, .budget_us = 100, .period_us = 1000, .sc_badge = 0x77, .timeout_ep = ep},
        900);
    EXPECT_CURRENT(sys, root);
    EXPECT_EQ(THREAD_BLOCKED_ON_SEND, t.state());
    CPtr reply = sys.make(ABI_OBJECT_REPLY);
    Reply fault = sys.recv(ep, reply);
    EXPECT_EQ(Word{FAULT_TIMEOUT}, fault.label);
    EXPECT_EQ((std::vector<Word>{0x77, 90}), fault.words);
    sys.send(reply);
    sys.advance(910);
    EXPECT_CURRENT(sys, t);
    EXPECT_TRUE(sys.refire());
    EXPECT_EQ(0u, copies());
}

TEST_F(PreemptedTest, InterruptAtThePointIsHandledFirst)
{
    CPtr handler = sys.alloc_slot();
    ASSERT_OK(sys.IRQControl_Get(kIrqControl, 5, kCNode, handler, 64));
    ASSERT_OK(sys.IRQHandler_SetNotification(handler, never));
    Thread high = sys.spawn({.priority = 120});
    block();
    for (int i = 0; i < 20; i++) {
        sys.copy(ntfn);
    }
    sys.poll_every(1);
    sys.preempt_at(3, 5);
    EXPECT_FALSE(sys.revoke(ntfn).returned);
    EXPECT_CURRENT(sys, high);
    block();
    EXPECT_CURRENT(sys, root);
    EXPECT_TRUE(sys.refire());
    EXPECT_EQ(0u, copies());
}

/* --- The end of time ------------------------------------------------------------------------- */

TEST(EndOfTimeTest, RoundRobinGoesOn)
{
    System sys({.start_time = UINT64_MAX - 20000000});
    Thread b = sys.spawn({.budget_us = 1000, .period_us = 1000});
    const Word start = sys.now();
    Stints stints;
    observe(sys, 100 * 59980, &stints);
    ASSERT_EQ(200u, stints.size());
    for (Word i = 0; i < 100; i++) {
        EXPECT_EQ((Stint{thread_name(sys.root().object), start + i * 59980, 49990}), stints[2 * i]);
        EXPECT_EQ((Stint{thread_name(b.object), start + i * 59980 + 49990, 9990}),
                  stints[2 * i + 1]);
    }
}

TEST(EndOfTimeTest, BudgetsAreNotPushedBeyondTheLastRelease)
{
    System sys({.start_time = kMaxRelease - 15000});
    Thread p = sys.spawn({.priority = 110, .budget_us = 100, .period_us = 1000});
    const Word start = sys.now();
    Stints stints;
    observe(sys, 60000, &stints);
    Stints own = stints_of(stints, p);
    ASSERT_EQ(3u, own.size());
    EXPECT_EQ(start + 9990, own[1].start);
    EXPECT_EQ(start + 19980, own[2].start) << "at or after the last release it is never pushed";
    EXPECT_EQ(start + 60000, own[2].start + own[2].length) << "so it runs on";
}

TEST(EndOfTimeTest, YieldBeyondTheLastReleaseStaysReady)
{
    System sys({.start_time = kMaxRelease + 5});
    Thread p = sys.spawn({.priority = 110, .budget_us = 100, .period_us = 1000});
    const Refills before = refills_of(sys, p.sc);
    sys.yield();
    EXPECT_CURRENT(sys, p);
    EXPECT_EQ(before, refills_of(sys, p.sc));
}

TEST(EndOfTimeTest, SliceThatEndsAfterTheEndOfTimeIsJustLong)
{
    System sys({.start_time = UINT64_MAX - 30000});
    sys.yield();
    const Word events = sim_events(sys.sim());
    sys.advance_ticks(29000);
    EXPECT_CURRENT(sys, sys.root());
    EXPECT_LE(sim_events(sys.sim()), events + 2);
    EXPECT_TRUE(sys.signal(sys.make(ABI_OBJECT_NOTIFICATION)).returned);
}

TEST(EndOfTimeTest, LongestPeriodsFit)
{
    for (Word time : {Word{1000}, kMaxRelease - 5000, kMaxRelease + 5, UINT64_MAX - 50000000}) {
        SCOPED_TRACE(time);
        System sys({.start_time = time});
        Thread p =
            sys.spawn({.priority = 110, .budget_us = kMaxPeriodUs - 1, .period_us = kMaxPeriodUs});
        sys.advance(100);
        EXPECT_CURRENT(sys, p);
        EXPECT_OK(sys.SchedControl_ConfigureFlags(sys.sched_control(), kSchedContext, 20,
                                                  kMaxPeriodUs, 0, 0, 0));
        sys.wait(sys.make(ABI_OBJECT_NOTIFICATION));
        EXPECT_CURRENT(sys, sys.root());
        sys.advance(100);
        EXPECT_TRUE(sys.alive());
        EXPECT_EQ(time < kMaxRelease ? "idle" : thread_name(sys.root().object),
                  thread_name(sys.current()));
    }
}

} // namespace
} // namespace albireo
