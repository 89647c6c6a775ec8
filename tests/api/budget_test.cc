/* SPDX-License-Identifier: BSD-2-Clause */

/* Budgets in virtual time: who has the processor from when to when, the timer, the release queue,
 * and what happens to a thread that enters the kernel without budget (docs/abi/06 sections 6.5 to
 * 6.10, docs/abi/01 section 1.5, docs/abi/15 items 86 to 97). */

#include <random>

#include "tests/api/sched_support.h"

namespace albireo {
namespace {

class BudgetTest : public ::testing::Test {
  protected:
    Stints observe_for(Word us)
    {
        Stints runs;
        observe(sys, us * kTicks, &runs);
        return runs;
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
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
};

/* --- Round robin ----------------------------------------------------------------------------- */

TEST_F(BudgetTest, RoundRobinThreadsAlternateEachWithItsSlice)
{
    Thread b = sys.spawn({.budget_us = 1000, .period_us = 1000});
    Thread c = sys.spawn({.budget_us = 2000, .period_us = 2000});
    const Word start = sys.now();
    Stints expected;
    Word at = start;
    for (int i = 0; i < 10; i++) {
        for (const auto &turn : {std::pair<Thread, Word>{root, 5000}, {b, 1000}, {c, 2000}}) {
            const Word length = turn.second * kTicks - kEarly;
            expected.push_back({thread_name(turn.first.object), at, length});
            at += length;
        }
    }
    Stints runs;
    observe(sys, at - start, &runs);
    EXPECT_EQ(expected, runs);
}

TEST_F(BudgetTest, RoundRobinThreadAloneNeverStops)
{
    Thread low = sys.spawn({.priority = 99});
    Stints runs = observe_for(100000);
    EXPECT_EQ(1u, runs.size());
    EXPECT_TRUE(in_ready_queue(low));
}

TEST_F(BudgetTest, RoundRobinSlicesAreUnaffectedByPreemption)
{
    Thread b = sys.spawn({.budget_us = 1000, .period_us = 1000});
    Thread high = sys.spawn({.priority = 110, .budget_us = 30, .period_us = 300});
    Stints runs;
    observe(sys, 20000 * kTicks, &runs);
    Word used = 0;
    for (size_t i = 0; i + 1 < runs.size(); i++) {
        if (runs[i].who == thread_name(high.object)) {
            continue;
        }
        used += runs[i].length;
        bool changes = runs[i + 1].who != thread_name(high.object);
        if (changes) {
            Word slice = runs[i].who == thread_name(b.object) ? 10000 : 50000;
            EXPECT_LE(used, slice - kEarly) << runs[i];
            EXPECT_GT(used, slice - kMinBudget) << runs[i];
            used = 0;
        }
    }
}

/* --- Periodic threads ------------------------------------------------------------------------ */

TEST_F(BudgetTest, PeriodicThreadGetsItsBudgetInEachOfAHundredPeriods)
{
    Thread p = sys.spawn({.priority = 110, .budget_us = 100, .period_us = 1000});
    const Word start = sys.now();
    Stints runs = stints_of(observe_for(99500), p);
    ASSERT_EQ(100u, runs.size());
    for (Word i = 0; i < runs.size(); i++) {
        /* What is left when the timer comes early moves the next refill forward by as much. */
        EXPECT_EQ(start + i * (10000 - kEarly), runs[i].start) << i;
        EXPECT_EQ(1000 - kEarly, runs[i].length) << i;
    }
    EXPECT_LE(most_in_window(runs, 10000), 1000u);
}

TEST_F(BudgetTest, LowerThreadGetsTheRest)
{
    Thread p = sys.spawn({.priority = 110, .budget_us = 400, .period_us = 1000});
    Stints runs = observe_for(100000);
    const Word share = total_of(stints_of(runs, p));
    EXPECT_EQ(100000 * kTicks, share + total_of(stints_of(runs, root)));
    EXPECT_GE(share, 99u * 4000);
    EXPECT_LE(share, 101u * 4000);
}

TEST_F(BudgetTest, AloneAPeriodicThreadLeavesTheProcessorIdle)
{
    Thread p = sys.spawn({.priority = 110, .budget_us = 400, .period_us = 1000});
    const Word start = sys.now();
    EXPECT_CURRENT(sys, p);
    EXPECT_OK(sys.TCB_Suspend(kTcb));
    Stints runs = observe_for(3000);
    ASSERT_GE(runs.size(), 4u);
    EXPECT_EQ((Stint{thread_name(p.object), start, 4000 - kEarly}), runs[0]);
    EXPECT_EQ("idle", runs[1].who);
    EXPECT_EQ((Stint{thread_name(p.object), start + 10000 - kEarly, 4000 - kEarly}), runs[2]);
}

/* A thread under test at 110, a disturber at 120; each is woken by an interrupt. */
class WindowTest : public BudgetTest, public ::testing::WithParamInterface<Word> {
  protected:
    CPtr woken_by(uint32_t line)
    {
        CPtr object = sys.make(ABI_OBJECT_NOTIFICATION);
        CPtr handler = sys.alloc_slot();
        EXPECT_OK(sys.IRQControl_Get(kIrqControl, line, kCNode, handler, 64));
        EXPECT_OK(sys.IRQHandler_SetNotification(handler, object));
        return object;
    }
    /* Ticks that the thread under test has used so far. */
    Word used() const
    {
        const struct core *core = this_core(sys.kernel());
        const struct sched_context *sc = under_test.sc_object();
        bool charged = core->current_sc == sc;
        return sc->consumed + (charged ? core->uncharged + sys.now() - core->now : 0);
    }
    /* As observe(), for the thread under test. A gap of less than kEarly between two of its stints
     * is not seen: time passes within one event when the timer comes early. So the lengths are
     * what was charged. */
    void follow(Word ticks)
    {
        const Word end = sys.now() + ticks;
        while (sys.alive() && sys.now() < end) {
            const Word start = sys.now();
            const Word before = used();
            sim_advance_current(sys.sim(), end - start);
            if (used() > before) {
                stints.push_back({"", start, used() - before});
            }
        }
    }
    /* Random running, blocking and waking. */
    void disturb(const ThreadOptions &options, bool preempt)
    {
        CPtr own = woken_by(5);
        CPtr others = woken_by(6);
        Thread high = sys.spawn({.priority = 120, .budget_us = 5000, .period_us = 5000});
        sys.wait(others);
        under_test = sys.spawn(options);
        std::mt19937_64 random(GetParam());
        for (int step = 0; step < 1000; step++) {
            follow(random() % 900 + 1);
            if (sys.is_current(high)) {
                sys.wait(others);
            } else if (preempt && random() % 3 == 0) {
                sys.irq(6);
            } else if (sys.is_current(under_test) && random() % 4 == 0) {
                sys.wait(own);
            } else if (random() % 3 == 0) {
                sys.irq(5);
            }
        }
        EXPECT_TRUE(sys.alive());
        EXPECT_GT(stints.size(), 50u);
    }
    /* A stint is known to within kEarly, so the window is a little shorter at both ends. */
    void expect_no_window_above_the_budget()
    {
        EXPECT_LE(most_in_window(stints, 7000 - 2 * kEarly), 2000u);
    }
    Stints stints;
    Thread under_test;
};

TEST_P(WindowTest, DefaultScNeverExceedsItsBudgetInAPeriod)
{
    disturb({.priority = 110, .budget_us = 200, .period_us = 700}, true);
    expect_no_window_above_the_budget();
}

TEST_P(WindowTest, DefaultScWithMoreRefillsNeverExceedsItsBudgetInAPeriod)
{
    disturb({.priority = 110, .budget_us = 200, .period_us = 700, .extra_refills = 8}, true);
    expect_no_window_above_the_budget();
}

TEST_P(WindowTest, SporadicScNeverExceedsItsBudgetInAPeriodUnlessPreempted)
{
    disturb(
        {.priority = 110, .budget_us = 200, .period_us = 700, .extra_refills = 8, .sporadic = true},
        false);
    expect_no_window_above_the_budget();
}

/* While it is preempted its refills keep their times, so it may catch up; but not get more. */
TEST_P(WindowTest, PreemptedSporadicScKeepsItsShareOfTheWhole)
{
    const Word start = sys.now();
    disturb(
        {.priority = 110, .budget_us = 200, .period_us = 700, .extra_refills = 8, .sporadic = true},
        true);
    EXPECT_LE(total_of(stints), ((sys.now() - start) / 7000 + 1) * 2000);
}

INSTANTIATE_TEST_SUITE_P(Seeds, WindowTest, ::testing::Range(Word{1}, Word{5}));

/* --- When budgets restart -------------------------------------------------------------------- */

TEST_F(BudgetTest, DefaultScRestartsItsWindowWhenItRunsAgain)
{
    Thread high = sys.spawn({.priority = 120});
    sys.wait(ntfn);
    Thread p = sys.spawn({.priority = 110, .budget_us = 100, .period_us = 1000});
    const Word start = sys.now();
    sys.advance(30);
    sys.signal(ntfn);
    EXPECT_CURRENT(sys, high);
    EXPECT_EQ((Refills{{start + 300, 700}, {start + 10000, 300}}), refills_of(sys, p.sc));
    sys.advance(200);
    block();
    EXPECT_CURRENT(sys, p);
    EXPECT_EQ((Refills{{start + 2300, 700}, {start + 10000, 300}}), refills_of(sys, p.sc));
}

TEST_F(BudgetTest, SporadicScKeepsItsRefillsWhilePreempted)
{
    Thread high = sys.spawn({.priority = 120});
    sys.wait(ntfn);
    Thread p = sys.spawn({.priority = 110, .budget_us = 100, .period_us = 1000, .sporadic = true});
    const Word start = sys.now();
    sys.advance(30);
    sys.signal(ntfn);
    EXPECT_CURRENT(sys, high);
    sys.advance(200);
    block();
    EXPECT_CURRENT(sys, p);
    EXPECT_EQ((Refills{{start + 300, 700}, {start + 10000, 300}}), refills_of(sys, p.sc));
}

/* A thread that has used 400 of its 1000 ticks blocks somehow; later root, which is above it then,
 * lets it go on somehow. */
struct Wake {
    const char *name;
    std::function<void(System &, CPtr object, CPtr reply)> block;
    std::function<void(System &, const Thread &, CPtr object, CPtr reply)> wake;
    Word type;
};

void PrintTo(const Wake &wake, std::ostream *out)
{
    *out << wake.name;
}

class WakeTest : public BudgetTest, public ::testing::WithParamInterface<Wake> {
  protected:
    Refills after_wake(bool sporadic)
    {
        const Wake &w = GetParam();
        CPtr object = sys.make(w.type);
        CPtr reply = sys.make(ABI_OBJECT_REPLY);
        Thread p =
            sys.spawn({.priority = 110, .budget_us = 100, .period_us = 1000, .sporadic = sporadic});
        start = sys.now();
        sys.advance(40);
        w.block(sys, object, reply);
        EXPECT_CURRENT(sys, root);
        EXPECT_OK(sys.TCB_SetPriority(p.tcb, kTcb, 50));
        sys.advance(300);
        w.wake(sys, p, object, reply);
        EXPECT_CURRENT(sys, root);
        EXPECT_EQ(names({p}), ready_queue(sys, 50));
        return refills_of(sys, p.sc);
    }
    Word start = 0;
};

TEST_P(WakeTest, RestartsASporadicBudget)
{
    Refills refills = after_wake(true);
    EXPECT_EQ((Refills{{start + 3400, 600}, {start + 10000, 400}}), refills);
}

TEST_P(WakeTest, LeavesADefaultBudgetUntilItRuns)
{
    Refills refills = after_wake(false);
    EXPECT_EQ((Refills{{start + 400, 600}, {start + 10000, 400}}), refills);
}

const auto kWaits = [](System &s, CPtr object, CPtr) {
    s.wait(object);
};
const auto kSends = [](System &s, CPtr object, CPtr) {
    s.send(object);
};
const auto kReceives = [](System &s, CPtr object, CPtr reply) {
    s.recv(object, reply);
};
const auto kSignalled = [](System &s, const Thread &, CPtr object, CPtr) {
    s.signal(object);
};
const auto kReceived = [](System &s, const Thread &, CPtr object, CPtr) {
    s.wait(object);
};
const auto kResumed = [](System &s, const Thread &t, CPtr, CPtr) {
    s.TCB_Resume(t.tcb);
};
const auto kDeleted = [](System &s, const Thread &, CPtr object, CPtr) {
    s.del(object);
};
constexpr Word kEndpoint = ABI_OBJECT_ENDPOINT;
constexpr Word kNotification = ABI_OBJECT_NOTIFICATION;

INSTANTIATE_TEST_SUITE_P(
    Kinds, WakeTest,
    ::testing::Values(Wake{"Signal", kWaits, kSignalled, kNotification},
                      Wake{"MessageToAReceiver", kReceives, kSignalled, kEndpoint},
                      Wake{"ReceptionFromASender", kSends, kReceived, kEndpoint},
                      Wake{"Reply", [](System &s, CPtr object, CPtr) { s.call(object, 1); },
                           [](System &s, const Thread &, CPtr object, CPtr reply) {
                               s.recv(object, reply);
                               s.send(reply);
                           },
                           kEndpoint},
                      Wake{"ResumeOfAWaiter", kWaits, kResumed, kNotification},
                      Wake{"ResumeOfASender", kSends, kResumed, kEndpoint},
                      Wake{"ResumeOfAnInactiveThread", [](System &s, CPtr, CPtr) { s.fault(2, 0); },
                           kResumed, kEndpoint},
                      Wake{"EndOfTheEndpoint", kSends, kDeleted, kEndpoint},
                      Wake{"EndOfTheNotification", kWaits, kDeleted, kNotification}),
    [](const ::testing::TestParamInfo<Wake> &info) { return info.param.name; });

} // namespace
} // namespace albireo
