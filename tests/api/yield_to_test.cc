/* SPDX-License-Identifier: BSD-2-Clause */

/* SchedContext_YieldTo: docs/abi/05 section 5.9, docs/abi/06 section 6.12, docs/abi/15 items 91 to
 * 94. */

#include "tests/api/refusal.h"
#include "tests/api/sched_support.h"

namespace albireo {
namespace {

constexpr Word kYieldTo = ABI_LABEL_SCHED_CONTEXT_YIELD_TO;

class YieldToTest : public ::testing::Test {
  protected:
    /* Root yields to a thread of its own priority, which then has run for that long. */
    void yield_to_and_advance(const Thread &t, Word ticks)
    {
        EXPECT_FALSE(sys.SchedContext_YieldTo(t.sc).returned);
        EXPECT_CURRENT(sys, t);
        EXPECT_EQ(sys.sc_of(t.sc), root.object->yield_to);
        sys.advance_ticks(ticks);
        EXPECT_CURRENT(sys, t);
    }
    /* Root goes on and has the result of its YieldTo. */
    void expect_result(Word us)
    {
        EXPECT_CURRENT(sys, root);
        Reply result = sys.message_of(root.object);
        EXPECT_EQ(0u, result.badge);
        EXPECT_EQ(0u, result.label);
        EXPECT_EQ(std::vector<Word>{us}, result.words);
        EXPECT_EQ(nullptr, root.object->yield_to);
    }
    void expect_at_once(CPtr sc, Word us)
    {
        Reply result = sys.SchedContext_YieldTo(sc);
        EXPECT_OK(result);
        EXPECT_EQ(std::vector<Word>{us}, result.words);
        EXPECT_EQ(nullptr, root.object->yield_to);
        EXPECT_EQ(nullptr, sys.sc_of(sc)->yield_from);
    }
    /* The current thread waits for nothing. */
    void block()
    {
        sys.wait(never);
    }

    System sys;
    Thread root = sys.root();
    CPtr never = sys.make(ABI_OBJECT_NOTIFICATION);
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
};

/* --- Refusals -------------------------------------------------------------------------------- */

TEST_F(YieldToTest, Refusals)
{
    Thread high = sys.spawn({.priority = 120, .start = false});
    expect_refused(sys, sys.make_sc(100, 100), kYieldTo, {"no thread", 1, {}, {}, {}});
    expect_refused(sys, kSchedContext, kYieldTo, {"its own", 2, {}, {}, {}});
    ASSERT_OK(sys.TCB_SetMCPriority(kTcb, kTcb, 119));
    expect_refused(sys, high.sc, kYieldTo, {"above the MCP", 3, {}, {}, {}});
    ASSERT_OK(sys.TCB_SetMCPriority(kTcb, kTcb, 50));
    expect_refused(sys, kSchedContext, kYieldTo, {"its own, above its MCP", 2, {}, {}, {}});
}

TEST_F(YieldToTest, PriorityMayEqualTheMcp)
{
    Thread high = sys.spawn({.priority = 120, .start = false});
    ASSERT_OK(sys.TCB_SetMCPriority(kTcb, kTcb, 120));
    expect_at_once(high.sc, 0);
}

/* --- Returning at once ----------------------------------------------------------------------- */

TEST_F(YieldToTest, InactiveThread)
{
    Thread t = sys.spawn({.start = false});
    expect_at_once(t.sc, 0);
}

TEST_F(YieldToTest, BlockedThreadAndItsConsumedTimeIsReset)
{
    Thread t = sys.spawn({.priority = 110});
    sys.advance_ticks(1239);
    sys.wait(ntfn);
    expect_at_once(t.sc, 123);
    expect_at_once(t.sc, 0);
    EXPECT_EQ(THREAD_BLOCKED_ON_NOTIFICATION, t.state());
}

TEST_F(YieldToTest, UnconfiguredSc)
{
    CPtr sc = sys.make(ABI_OBJECT_SCHED_CONTEXT, 8);
    Thread t = sys.spawn({.passive = true});
    ASSERT_OK(sys.SchedContext_Bind(sc, t.tcb));
    expect_at_once(sc, 0);
}

TEST_F(YieldToTest, ThreadThatWaitsForItsRelease)
{
    Thread t = sys.spawn({.priority = 110, .budget_us = 100, .period_us = 1000});
    sys.advance(100);
    EXPECT_TRUE(in_release_queue(t));
    expect_at_once(t.sc, 99);
    EXPECT_EQ(names({t}), release_queue(sys));
}

TEST_F(YieldToTest, LowerThreadMovesToTheHeadOfItsQueue)
{
    Thread a = sys.spawn({.priority = 50});
    Thread b = sys.spawn({.priority = 50});
    EXPECT_EQ(names({b, a}), ready_queue(sys, 50));
    expect_at_once(a.sc, 0);
    EXPECT_EQ(names({a, b}), ready_queue(sys, 50));
}

TEST_F(YieldToTest, BySendTheImmediateResultIsNotDelivered)
{
    Thread t = sys.spawn({.priority = 50});
    sys.send(t.sc, kYieldTo, {7, 8});
    EXPECT_EQ(t.sc, root.regs().x[REG_A0]);
    EXPECT_EQ(kYieldTo << 12 | 2, root.regs().x[REG_A1]);
    EXPECT_EQ(7u, root.regs().x[REG_A2]);
}

TEST_F(YieldToTest, BySendTheCounterIsResetToo)
{
    Thread t = sys.spawn({.priority = 110});
    sys.advance(70);
    sys.wait(ntfn);
    sys.send(t.sc, kYieldTo);
    expect_at_once(t.sc, 0);
}

/* --- Waiting --------------------------------------------------------------------------------- */

TEST_F(YieldToTest, EqualThreadRunsAndTheCallerIsNext)
{
    Thread other = sys.spawn();
    Thread t = sys.spawn();
    Thread last = sys.spawn();
    EXPECT_FALSE(sys.SchedContext_YieldTo(t.sc).returned);
    EXPECT_CURRENT(sys, t);
    EXPECT_EQ(names({root, other, last}), ready_queue(sys, 100));
    EXPECT_EQ(root.object, sys.sc_of(t.sc)->yield_from);
}

TEST_F(YieldToTest, ResultIsReadWhenTheCallerRunsAgain)
{
    Thread t = sys.spawn();
    yield_to_and_advance(t, 4567);
    block();
    expect_result(456);
    EXPECT_EQ(0u, sys.SchedContext_Consumed(t.sc)[0]);
}

TEST_F(YieldToTest, EqualSpinnerRunsForItsSlice)
{
    Thread t = sys.spawn({.budget_us = 20000, .period_us = 20000});
    yield_to_and_advance(t, 200000 - kEarly - 1);
    sys.advance_ticks(1);
    expect_result(19999);
}

TEST_F(YieldToTest, PeriodicThreadRunsForItsBudget)
{
    Thread t = sys.spawn({.budget_us = 300, .period_us = 1000});
    yield_to_and_advance(t, 3000 - kEarly - 1);
    sys.advance_ticks(1);
    expect_result(299);
    EXPECT_TRUE(in_release_queue(t));
}

TEST_F(YieldToTest, YieldOfTheTargetEndsIt)
{
    Thread t = sys.spawn();
    yield_to_and_advance(t, 4567);
    sys.yield();
    expect_result(456);
    EXPECT_EQ(names({t}), ready_queue(sys, 100));
}

TEST_F(YieldToTest, BySendTheDeferredResultIsWrittenAnyway)
{
    Thread t = sys.spawn();
    EXPECT_FALSE(sys.send(t.sc, kYieldTo).returned);
    EXPECT_CURRENT(sys, t);
    sys.advance_ticks(4567);
    block();
    expect_result(456);
}

TEST_F(YieldToTest, CallerIsRunnableAndItsSystemCallIsDone)
{
    Thread t = sys.spawn();
    const Word ecall = root.regs().pc;
    yield_to_and_advance(t, 10);
    block();
    EXPECT_EQ(ecall + 4, root.regs().pc);
}

TEST_F(YieldToTest, HigherThreadInBetweenDoesNotEndIt)
{
    Thread high = sys.spawn({.priority = 120});
    sys.wait(ntfn);
    Thread t = sys.spawn();
    yield_to_and_advance(t, 1000);
    sys.signal(ntfn);
    EXPECT_CURRENT(sys, high);
    EXPECT_EQ(root.object, sys.sc_of(t.sc)->yield_from);
    sys.advance(50);
    block();
    EXPECT_CURRENT(sys, t);
    sys.advance_ticks(234);
    block();
    expect_result(123);
}

TEST_F(YieldToTest, CallerMayBeResumedFirst)
{
    Thread high = sys.spawn({.priority = 120});
    sys.wait(ntfn);
    Thread t = sys.spawn();
    yield_to_and_advance(t, 1000);
    sys.signal(ntfn);
    EXPECT_OK(sys.TCB_SetPriority(kTcb, high.tcb, 110));
    block();
    expect_result(100);
    EXPECT_EQ(names({t}), ready_queue(sys, 100));
}

/* --- What completes or forgets it ------------------------------------------------------------ */

/* Root has yielded to `t`, which has run for 100 us and woken `high`. */
class YieldToPendingTest : public YieldToTest {
  protected:
    void SetUp() override
    {
        EXPECT_CURRENT(sys, high);
        sys.wait(ntfn);
        t = sys.spawn();
        yield_to_and_advance(t, 1000);
        sys.signal(ntfn);
        EXPECT_CURRENT(sys, high);
    }
    /* Root has its result although it has not run yet. */
    void expect_completed(Word us)
    {
        EXPECT_EQ(nullptr, root.object->yield_to);
        EXPECT_EQ(std::vector<Word>{us}, sys.message_of(root.object).words);
    }
    Thread high = sys.spawn({.priority = 120});
    Thread t;
};

TEST_F(YieldToPendingTest, AnotherYieldToCompletesIt)
{
    Reply result = sys.SchedContext_YieldTo(t.sc);
    EXPECT_OK(result);
    EXPECT_EQ(std::vector<Word>{0}, result.words) << "the first one had all";
    expect_completed(100);
    EXPECT_EQ(nullptr, sys.sc_of(t.sc)->yield_from);
}

TEST_F(YieldToPendingTest, RefusedYieldToDoesNotCompleteIt)
{
    ASSERT_OK(sys.TCB_SetMCPriority(high.tcb, high.tcb, 20));
    EXPECT_CALL_ERROR(sys.SchedContext_YieldTo(t.sc), STATUS_ILLEGAL_OPERATION, {});
    EXPECT_EQ(root.object, sys.sc_of(t.sc)->yield_from);
}

TEST_F(YieldToPendingTest, DeletingTheScCompletesIt)
{
    EXPECT_OK(sys.del(t.sc));
    expect_completed(100);
    block();
    EXPECT_CURRENT(sys, root);
}

TEST_F(YieldToPendingTest, DeletingTheTcbCompletesIt)
{
    EXPECT_OK(sys.del(t.tcb));
    expect_completed(100);
    EXPECT_EQ(nullptr, sys.sc_of(t.sc)->yield_from);
    block();
    EXPECT_CURRENT(sys, root);
}

TEST_F(YieldToPendingTest, SuspendingTheTargetLetsTheCallerContinue)
{
    EXPECT_OK(sys.TCB_Suspend(t.tcb));
    block();
    expect_result(100);
}

TEST_F(YieldToPendingTest, SuspendingTheCallerForgetsIt)
{
    EXPECT_OK(sys.TCB_Suspend(kTcb));
    EXPECT_EQ(nullptr, root.object->yield_to);
    EXPECT_EQ(nullptr, sys.sc_of(t.sc)->yield_from);
    EXPECT_OK(sys.TCB_Resume(kTcb));
    EXPECT_EQ(100u, sys.SchedContext_Consumed(t.sc)[0]) << "nobody has read it";
    block();
    EXPECT_CURRENT(sys, root);
    EXPECT_EQ(kYieldTo, sys.message().label) << "its registers are as it left them";
}

TEST_F(YieldToPendingTest, DeletingTheCallerForgetsIt)
{
    const struct sched_context *sc = sys.sc_of(t.sc); /* The test looks through root's CSpace. */
    EXPECT_OK(sys.del(kTcb));
    EXPECT_EQ(nullptr, sc->yield_from);
    block();
    EXPECT_CURRENT(sys, t);
}

TEST_F(YieldToPendingTest, UnbindingTheScLetsTheCallerContinue)
{
    EXPECT_OK(sys.SchedContext_Unbind(t.sc));
    block();
    EXPECT_CURRENT(sys, root);
    EXPECT_EQ(0u, sys.message_of(root.object).label);
    EXPECT_EQ(1u, sys.message_of(root.object).length);
}

TEST_F(YieldToPendingTest, ConsumedReadBySomebodyElseIsGone)
{
    EXPECT_EQ(100u, sys.SchedContext_Consumed(t.sc)[0]);
    EXPECT_OK(sys.TCB_Suspend(t.tcb));
    block();
    expect_result(0);
}

TEST_F(YieldToPendingTest, CallerMayYieldAgainLater)
{
    EXPECT_OK(sys.TCB_Suspend(t.tcb));
    block();
    expect_result(100);
    ASSERT_OK(sys.TCB_Resume(t.tcb));
    yield_to_and_advance(t, 500);
    block();
    expect_result(50);
}

} // namespace
} // namespace albireo
