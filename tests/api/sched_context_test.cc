/* SPDX-License-Identifier: BSD-2-Clause */

/* SchedControl_ConfigureFlags and SchedContext_Consumed: docs/abi/05 sections 5.8 and 5.9,
 * docs/abi/06 sections 6.5, 6.6 and 6.11, docs/abi/16 section 16.4. */

#include "tests/api/refusal.h"
#include "tests/api/sched_support.h"

namespace albireo {
namespace {

constexpr Word kConfigure = ABI_LABEL_SCHED_CONTROL_CONFIGURE_FLAGS;

class SchedControlTest : public ::testing::Test {
  protected:
    Reply configure(CPtr sc, Word budget, Word period, Word extra = 0, Word badge = 0,
                    Word flags = 0)
    {
        return sys.SchedControl_ConfigureFlags(control, sc, budget, period, extra, badge, flags);
    }
    CPtr fresh_sc(Word bits = 8)
    {
        return sys.make(ABI_OBJECT_SCHED_CONTEXT, bits);
    }
    /* A thread that has used up its budget; gives the time of its next refill. */
    Thread exhausted(Word budget_us, Word period_us)
    {
        Thread t = sys.spawn({.priority = 110, .budget_us = budget_us, .period_us = period_us});
        EXPECT_CURRENT(sys, t);
        sys.advance(budget_us);
        EXPECT_CURRENT(sys, sys.root());
        EXPECT_TRUE(in_release_queue(t));
        return t;
    }

    System sys;
    CPtr control = sys.sched_control();
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
};

/* --- Refusals -------------------------------------------------------------------------------- */

TEST_F(SchedControlTest, Refusals)
{
    CPtr sc = fresh_sc();
    const std::vector<Word> range = {20, kMaxPeriodUs};
    const Word above = kMaxPeriodUs + 1;
    expect_refused(
        sys, control, kConfigure,
        {{"no cap", 1, {1000, 1000, 0, 0, 0}, {}, {}},
         {"no cap, four words", 1, {1000, 1000, 0, 0}, {}, {}},
         {"no cap, bad budget", 1, {0, 1000, 0, 0, 0}, {}, {}},
         {"four words", 2, {1000, 1000, 0, 0}, {sc}, {}},
         {"four words, bad budget", 2, {0, 1000, 0, 0}, {ep}, {}},
         {"budget above the maximum", 3, {above, 1000, 0, 0, 0}, {sc}, range},
         {"budget and period above", 3, {above, above, 0, 0, 0}, {ep}, range},
         {"period above the maximum", 4, {1000, above, 0, 0, 0}, {sc}, range},
         {"period above, budget below", 4, {0, ~Word{0}, 0, 0, 0}, {ep}, range},
         {"budget 19", 5, {19, 1000, 0, 0, 0}, {sc}, range},
         {"budget 0, period 0", 5, {0, 0, 0, 0, 0}, {ep}, range},
         {"budget 20, period 19", 6, {20, 19, 0, 0, 0}, {sc}, range},
         {"period 0, wrong cap", 6, {20, 0, 99, 0, 0}, {ep}, range},
         {"budget above the period", 7, {2000, 1000, 0, 0, 0}, {sc}, {20, 1000}},
         {"budget above the period, wrong cap", 7, {1001, 1000, 99, 0, 0}, {ep}, {20, 1000}},
         {"an endpoint", 8, {1000, 1000, 0, 0, 0}, {ep}, {1}},
         {"null, too many refills", 8, {1000, 1000, 99, 0, 0}, {0}, {1}},
         {"a TCB", 8, {1000, 1000, 0, 0, 0}, {kTcb}, {1}}});
}

TEST_F(SchedControlTest, RefillsAreLimitedByTheSizeOfTheSc)
{
    for (Word bits = 7; bits <= 12; bits++) {
        Word most = ((1u << bits) - 96) / 16 - 2;
        CPtr sc = fresh_sc(bits);
        expect_refused(sys, control, kConfigure,
                       {{"one too many", 9, {500, 1000, most + 1, 0, 0}, {sc}, {0, most}},
                        {"far too many", 9, {500, 1000, ~Word{0}, 0, 0}, {sc}, {0, most}},
                        {"round robin", 9, {1000, 1000, most + 1, 0, 0}, {sc}, {0, most}}});
        EXPECT_OK(configure(sc, 500, 1000, most));
        EXPECT_EQ(most + 2, sys.sc_of(sc)->refills.max);
    }
}

TEST_F(SchedControlTest, TheLeastAndTheLongestAreAccepted)
{
    EXPECT_OK(configure(fresh_sc(), 20, kMaxPeriodUs));
    EXPECT_OK(configure(fresh_sc(), 20, 20));
    EXPECT_OK(configure(fresh_sc(), kMaxPeriodUs, kMaxPeriodUs));
    EXPECT_OK(configure(fresh_sc(), 20, 21));
}

TEST(SchedControlTicksTest, LimitsFollowTheTimer)
{
    System sys({.ticks_per_us = 1});
    CPtr sc = sys.make(ABI_OBJECT_SCHED_CONTEXT, 8);
    const Word most = 2305843009213693951;
    expect_refused(sys, sys.sched_control(), kConfigure,
                   {{"above the maximum", 3, {most + 1, 1000, 0, 0, 0}, {sc}, {20, most}},
                    {"budget 19", 5, {19, 1000, 0, 0, 0}, {sc}, {20, most}}});
    EXPECT_OK(sys.SchedControl_ConfigureFlags(sys.sched_control(), sc, 20, most, 0, 0, 0));
    EXPECT_EQ((Refills{{sys.now(), 20}}), refills_of(sys, sc));
}

TEST_F(SchedControlTest, OtherLabelsAreRefused)
{
    expect_label_refused(sys, control, ABI_LABEL_SCHED_CONTEXT_CONSUMED);
    expect_label_refused(sys, control, 0);
    expect_label_refused(sys, fresh_sc(), kConfigure);
    expect_label_refused(sys, fresh_sc(), ABI_LABEL_TCB_RESUME);
}

/* --- Rule "round robin" ---------------------------------------------------------------------- */

TEST_F(SchedControlTest, EqualTimesAreRoundRobin)
{
    CPtr sc = fresh_sc();
    sys.advance(7);
    EXPECT_OK(configure(sc, 1000, 1000, 5));
    const Word now = sys.now();
    EXPECT_EQ((Refills{{now, 10000}, {now, 0}}), refills_of(sys, sc));
    EXPECT_EQ(0u, sys.sc_of(sc)->refills.period);
    EXPECT_EQ(2u, sys.sc_of(sc)->refills.max);
}

TEST_F(SchedControlTest, RoundRobinIsAFreshSliceAlsoForARunnableThread)
{
    Thread t = exhausted(100, 10000);
    EXPECT_FALSE(configure(t.sc, 500, 500).returned);
    EXPECT_CURRENT(sys, t);
    EXPECT_EQ((Refills{{sys.now(), 5000}, {sys.now(), 0}}), refills_of(sys, t.sc));
}

/* --- Rule "new" ------------------------------------------------------------------------------ */

TEST_F(SchedControlTest, NewScHasItsFullBudgetNow)
{
    CPtr sc = fresh_sc();
    sys.advance(7);
    EXPECT_OK(configure(sc, 300, 1000, 5, 0x77, ABI_SC_SPORADIC));
    EXPECT_EQ((Refills{{sys.now(), 3000}}), refills_of(sys, sc));
    EXPECT_EQ(10000u, sys.sc_of(sc)->refills.period);
    EXPECT_EQ(7u, sys.sc_of(sc)->refills.max);
    EXPECT_EQ(0x77u, sys.sc_of(sc)->badge);
    EXPECT_TRUE(sys.sc_of(sc)->sporadic);
}

TEST_F(SchedControlTest, OnlyBitZeroOfTheFlagsCounts)
{
    CPtr sc = fresh_sc();
    EXPECT_OK(configure(sc, 300, 1000, 0, 0, ~Word{1}));
    EXPECT_FALSE(sys.sc_of(sc)->sporadic);
}

TEST_F(SchedControlTest, ReconfigurationClearsBadgeAndFlag)
{
    CPtr sc = fresh_sc();
    ASSERT_OK(configure(sc, 300, 1000, 0, 0x77, ABI_SC_SPORADIC));
    EXPECT_OK(configure(sc, 300, 1000));
    EXPECT_EQ(0u, sys.sc_of(sc)->badge);
    EXPECT_FALSE(sys.sc_of(sc)->sporadic);
}

TEST_F(SchedControlTest, ScOfNobodyGetsItsFullBudget)
{
    Thread t = exhausted(100, 10000);
    ASSERT_OK(sys.SchedContext_Unbind(t.sc));
    EXPECT_OK(configure(t.sc, 100, 10000));
    EXPECT_EQ((Refills{{sys.now(), 1000}}), refills_of(sys, t.sc));
}

TEST_F(SchedControlTest, ScOfAnInactiveThreadGetsItsFullBudget)
{
    Thread t = exhausted(100, 10000);
    ASSERT_OK(sys.TCB_Suspend(t.tcb));
    EXPECT_OK(configure(t.sc, 100, 10000));
    EXPECT_EQ((Refills{{sys.now(), 1000}}), refills_of(sys, t.sc));
    EXPECT_FALSE(sys.TCB_Resume(t.tcb).returned);
    EXPECT_CURRENT(sys, t);
}

TEST_F(SchedControlTest, ScOfABlockedThreadGetsItsFullBudget)
{
    Thread t = sys.spawn({.priority = 110, .budget_us = 100, .period_us = 10000});
    sys.advance(50);
    sys.wait(ep);
    EXPECT_CURRENT(sys, sys.root());
    EXPECT_EQ(2u, refills_of(sys, t.sc).size());
    EXPECT_OK(configure(t.sc, 100, 10000));
    EXPECT_EQ((Refills{{sys.now(), 1000}}), refills_of(sys, t.sc));
    EXPECT_EQ(THREAD_BLOCKED_ON_RECEIVE, t.state());
}

TEST_F(SchedControlTest, ConfiguringStartsAReadyThread)
{
    CPtr sc = fresh_sc();
    Thread t = sys.spawn({.priority = 110, .passive = true});
    ASSERT_OK(sys.SchedContext_Bind(sc, t.tcb));
    EXPECT_CURRENT(sys, sys.root());
    EXPECT_FALSE(configure(sc, 300, 1000).returned);
    EXPECT_CURRENT(sys, t);
}

TEST_F(SchedControlTest, ConfiguringTheScOfAnInactiveThreadStartsNothing)
{
    CPtr sc = fresh_sc();
    Thread t = sys.spawn({.priority = 110, .passive = true, .start = false});
    ASSERT_OK(sys.SchedContext_Bind(sc, t.tcb));
    EXPECT_OK(configure(sc, 300, 1000));
    EXPECT_EQ(THREAD_INACTIVE, t.state());
}

/* --- Rule "update" --------------------------------------------------------------------------- */

TEST_F(SchedControlTest, UpdateOfAReadyThreadStartsNow)
{
    Thread t = sys.spawn({.priority = 50, .budget_us = 100, .period_us = 10000});
    sys.advance(30);
    EXPECT_OK(configure(t.sc, 60, 5000, 3));
    EXPECT_EQ((Refills{{sys.now(), 600}}), refills_of(sys, t.sc));
    EXPECT_EQ(50000u, sys.sc_of(t.sc)->refills.period);
    EXPECT_EQ(5u, sys.sc_of(t.sc)->refills.max);
    EXPECT_EQ(ready_queue(sys, 50), names({t}));
}

TEST_F(SchedControlTest, UpdateToALargerBudgetAddsTheRestOnePeriodLater)
{
    Thread t = sys.spawn({.priority = 50, .budget_us = 100, .period_us = 10000});
    sys.advance(30);
    EXPECT_OK(configure(t.sc, 400, 5000));
    EXPECT_EQ((Refills{{sys.now(), 1000}, {sys.now() + 50000, 3000}}), refills_of(sys, t.sc));
}

TEST_F(SchedControlTest, UpdateKeepsTheHeadOnly)
{
    Thread t = sys.spawn({.priority = 110, .budget_us = 100, .period_us = 10000});
    sys.advance(60);
    sys.yield(); /* Nothing left before the next period, but 60 us later the rest. */
    EXPECT_CURRENT(sys, sys.root());
    const Refills before = refills_of(sys, t.sc);
    EXPECT_OK(configure(t.sc, 2000, 20000));
    const Refill head = before[0];
    EXPECT_EQ((Refills{head, {head.time + 200000, 20000 - head.amount}}), refills_of(sys, t.sc));
}

TEST_F(SchedControlTest, UpdateDoesNotReplenish)
{
    Thread t = exhausted(100, 10000);
    const Refills before = refills_of(sys, t.sc);
    EXPECT_OK(configure(t.sc, 100, 10000));
    EXPECT_EQ(before, refills_of(sys, t.sc));
    EXPECT_EQ(release_queue(sys), names({t}));
}

TEST_F(SchedControlTest, UpdateOfTheCallersRoundRobinKeepsTheRestOfItsSlice)
{
    sys.yield();
    const Word slice = refills_of(sys, kSchedContext)[0].amount;
    sys.advance(1000);
    EXPECT_OK(configure(kSchedContext, 4500, 10000));
    const Word now = sys.now();
    EXPECT_EQ((Refills{{now, slice - 10000}, {now + 100000, 45000 - (slice - 10000)}}),
              refills_of(sys, kSchedContext));
    EXPECT_CURRENT(sys, sys.root());
}

TEST_F(SchedControlTest, CallerMayShortenItsOwnBudget)
{
    sys.yield();
    sys.advance(1000);
    EXPECT_OK(configure(kSchedContext, 300, 10000));
    const Word now = sys.now();
    EXPECT_EQ((Refills{{now, 3000}}), refills_of(sys, kSchedContext));
    sys.advance_ticks(3000 - kEarly - 1);
    EXPECT_CURRENT(sys, sys.root());
    sys.advance_ticks(1);
    EXPECT_IDLE(sys);
}

TEST_F(SchedControlTest, TimerFollowsAShortenedSlice)
{
    Thread other = sys.spawn({.priority = 100});
    sys.yield();
    EXPECT_CURRENT(sys, other);
    EXPECT_OK(configure(other.sc, 300, 300));
    sys.advance_ticks(3000 - kEarly - 1);
    EXPECT_CURRENT(sys, other);
    sys.advance_ticks(1);
    EXPECT_CURRENT(sys, sys.root());
}

/* --- Consumed -------------------------------------------------------------------------------- */

class ConsumedTest : public SchedControlTest {
  protected:
    Word consumed(CPtr sc)
    {
        Reply reply = sys.SchedContext_Consumed(sc);
        EXPECT_OK(reply);
        EXPECT_EQ(1u, reply.length);
        return reply[0];
    }
    /* A thread above root has run that long and waits. */
    Thread ran(Word ticks)
    {
        Thread t = sys.spawn({.priority = 110, .budget_us = 5000, .period_us = 5000});
        sys.advance_ticks(ticks);
        sys.wait(ep);
        EXPECT_CURRENT(sys, sys.root());
        return t;
    }
};

TEST_F(ConsumedTest, UnusedScHasConsumedNothing)
{
    EXPECT_EQ(0u, consumed(fresh_sc()));
    EXPECT_EQ(0u, consumed(sys.make_sc(100, 1000)));
}

TEST_F(ConsumedTest, MicrosecondsAreRoundedDownAndTheCounterReset)
{
    Thread t = ran(12349);
    EXPECT_EQ(1234u, consumed(t.sc));
    EXPECT_EQ(0u, consumed(t.sc));
}

TEST_F(ConsumedTest, BySendTheCounterIsResetToo)
{
    Thread t = ran(12340);
    sys.send(t.sc, ABI_LABEL_SCHED_CONTEXT_CONSUMED);
    EXPECT_EQ(0u, consumed(t.sc));
}

TEST_F(ConsumedTest, TimeOfTheCurrentSliceIsNotYetIncluded)
{
    consumed(kSchedContext);
    sys.advance(100);
    EXPECT_EQ(0u, consumed(kSchedContext));
    sys.yield();
    EXPECT_EQ(100u, consumed(kSchedContext));
    EXPECT_EQ(0u, consumed(kSchedContext));
}

TEST_F(ConsumedTest, YieldCountsOnlyTheTimeReallyUsed)
{
    Thread t = sys.spawn({.priority = 110, .budget_us = 1000, .period_us = 5000});
    sys.advance(70);
    sys.yield();
    EXPECT_CURRENT(sys, sys.root());
    EXPECT_EQ(70u, consumed(t.sc));
}

TEST_F(ConsumedTest, SlicesAddUp)
{
    Thread t = sys.spawn({.priority = 110, .budget_us = 100, .period_us = 1000});
    sys.advance(5000);
    EXPECT_EQ(5 * 99u, consumed(t.sc)) << "each lasts until 1 us before its end";
}

TEST_F(ConsumedTest, CounterSurvivesReconfigurationAndBinding)
{
    Thread t = ran(12340);
    EXPECT_OK(configure(t.sc, 300, 1000));
    EXPECT_OK(sys.SchedContext_Unbind(t.sc));
    EXPECT_OK(sys.SchedContext_Bind(t.sc, sys.make(ABI_OBJECT_TCB)));
    EXPECT_EQ(1234u, consumed(t.sc));
}

TEST_F(ConsumedTest, ServersTimeCountsForTheScItRunsOn)
{
    CPtr reply = sys.make(ABI_OBJECT_REPLY);
    Thread server = sys.spawn({.priority = 120});
    sys.recv(ep, reply);
    ASSERT_OK(sys.SchedContext_Unbind(server.sc));
    Thread client = sys.spawn({.priority = 110, .budget_us = 5000, .period_us = 5000});
    sys.advance(10);
    sys.call(ep, 0);
    EXPECT_CURRENT(sys, server);
    sys.advance(20);
    sys.reply_recv(ep, reply);
    EXPECT_CURRENT(sys, client);
    sys.advance(40);
    sys.wait(sys.make(ABI_OBJECT_NOTIFICATION));
    EXPECT_EQ(70u, consumed(client.sc));
    EXPECT_EQ(0u, consumed(server.sc));
}

} // namespace
} // namespace albireo
