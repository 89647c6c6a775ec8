/* SPDX-License-Identifier: BSD-2-Clause */

/* Scheduler domains: docs/abi/13, docs/abi/16 section 16.5, docs/abi/15 items 119 to 122. With one
 * domain only the invocations are left; the rest needs several. */

#include "tests/api/refusal.h"
#include "tests/api/sched_support.h"

namespace albireo {
namespace {

constexpr Word kSet = ABI_LABEL_DOMAIN_SET;
constexpr Word kScheduleConfigure = ABI_LABEL_DOMAIN_SCHEDULE_CONFIGURE;
constexpr Word kSetStart = ABI_LABEL_DOMAIN_SCHEDULE_SET_START;
constexpr Word kDomains = CONFIG_DOMAINS;
constexpr Word kLength = kDomains == 1 ? 2 : 100;
constexpr Word kForever = Word{1} << 56;

class DomainTest : public ::testing::Test {
  protected:
    System sys;
    Thread root = sys.root();
    CPtr tcb = sys.make(ABI_OBJECT_TCB);
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    CPtr never = sys.make(ABI_OBJECT_NOTIFICATION);
};

/* --- Invocations ----------------------------------------------------------------------------- */

TEST_F(DomainTest, SetRefusals)
{
    expect_refused(sys, kDomain, kSet,
                   {{"no words", 1, {}, {}, {}},
                    {"no words, but a TCB", 1, {}, {tcb}, {}},
                    {"domain 300 without cap", 2, {300}, {}, {0}},
                    {"domain 300 of an endpoint", 2, {300}, {ep}, {0}},
                    {"the first that does not exist", 2, {kDomains}, {tcb}, {0}},
                    {"the whole word counts", 2, {Word{1} << 32}, {tcb}, {0}},
                    {"domain 0 without cap", 3, {0}, {}, {}},
                    {"an endpoint", 4, {0}, {ep}, {1}},
                    {"null", 4, {0}, {0}, {1}}});
}

TEST_F(DomainTest, ScheduleConfigureRefusals)
{
    const Word top = kLength - 2;
    const Word last = kDomains - 1;
    expect_refused(sys, kDomain, kScheduleConfigure,
                   {{"no words", 1, {}, {}, {}},
                    {"two words", 1, {1000, 1000}, {}, {}},
                    {"index 1000", 2, {1000, 0, 1}, {}, {0, top}},
                    {"the last index, all else bad", 2, {kLength - 1, 999, kForever}, {}, {0, top}},
                    {"domain 200", 3, {0, 200, 1}, {}, {0, last}},
                    {"the first that does not exist", 3, {0, kDomains, kForever}, {}, {0, last}},
                    {"duration 2^56", 4, {0, 0, kForever}, {}, {2}},
                    {"duration beyond", 4, {0, 0, ~Word{0}}, {}, {2}},
                    {"end marker at the start", 6, {0, 0, 0}, {}, {2}}});
}

TEST_F(DomainTest, EndMarkerNamesNoDomain)
{
    if (kDomains == 1) {
        return; /* There is no other domain to name: check 3 refuses. */
    }
    expect_refused(sys, kDomain, kScheduleConfigure,
                   {{"elsewhere", 5, {1, 3, 0}, {}, {1}}, {"at the start", 5, {0, 3, 0}, {}, {1}}});
}

TEST_F(DomainTest, SetStartRefusals)
{
    expect_refused(sys, kDomain, kSetStart,
                   {{"no words", 1, {}, {}, {}},
                    {"index 1000", 2, {1000}, {}, {0, kLength - 1}},
                    {"the first beyond", 2, {kLength}, {}, {0, kLength - 1}},
                    {"an end marker", 3, {1}, {}, {0}},
                    {"the last entry", 3, {kLength - 1}, {}, {0}}});
}

TEST_F(DomainTest, OtherLabelsAreRefused)
{
    expect_label_refused(sys, kDomain, 0);
    expect_label_refused(sys, kDomain, ABI_LABEL_TCB_RESUME);
    expect_label_refused(sys, kDomain, ABI_LABEL_SCHED_CONTROL_CONFIGURE_FLAGS);
    expect_label_refused(sys, tcb, kSet);
    expect_label_refused(sys, tcb, kScheduleConfigure);
}

TEST_F(DomainTest, BootScheduleIsOneEndlessEntry)
{
    const struct kernel *k = sys.kernel();
    EXPECT_EQ(kForever - 1, k->domain_schedule[0].duration);
    EXPECT_EQ(0, k->domain_schedule[0].domain);
    for (Word i = 1; i < kLength; i++) {
        EXPECT_EQ(0u, k->domain_schedule[i].duration);
        EXPECT_EQ(0, k->domain_schedule[i].domain);
    }
    EXPECT_EQ(0u, k->domain_start);
}

TEST_F(DomainTest, InvocationsSucceedAlsoWithOneDomain)
{
    Thread t = sys.spawn({.priority = 50});
    EXPECT_OK(sys.DomainSet_Set(kDomain, 0, t.tcb));
    EXPECT_OK(sys.DomainSet_Set(kDomain, 0, tcb));
    EXPECT_OK(sys.DomainSet_ScheduleConfigure(kDomain, 0, 0, 50000));
    EXPECT_EQ(50000u, sys.kernel()->domain_schedule[0].duration);
    EXPECT_OK(sys.DomainSet_ScheduleConfigure(kDomain, 0, 0, kForever - 1));
    EXPECT_OK(sys.DomainSet_ScheduleSetStart(kDomain, 0));
    EXPECT_CURRENT(sys, root);
}

TEST_F(DomainTest, OneDomainNeverEnds)
{
    ASSERT_OK(sys.DomainSet_ScheduleConfigure(kDomain, 0, 0, 50000));
    ASSERT_OK(sys.DomainSet_ScheduleSetStart(kDomain, 0));
    sys.advance(1000000);
    EXPECT_CURRENT(sys, root);
    EXPECT_EQ(0u, this_core(sys.kernel())->domain_index);
}

/* Goes to the head of its ready queue, even behind nobody. */
TEST_F(DomainTest, SetPutsAReadyThreadAtTheHead)
{
    Thread a = sys.spawn({.priority = 50});
    Thread b = sys.spawn({.priority = 50});
    EXPECT_EQ(names({b, a}), ready_queue(sys, 50));
    EXPECT_OK(sys.DomainSet_Set(kDomain, 0, a.tcb));
    EXPECT_EQ(names({a, b}), ready_queue(sys, 50));
}

TEST_F(DomainTest, SetOfThreadsThatAreNotReadyMovesNothing)
{
    Thread poor = sys.spawn({.passive = true});
    Thread inactive = sys.spawn({.start = false});
    Thread released = sys.spawn({.priority = 110, .budget_us = 100, .period_us = 1000});
    sys.advance(100);
    EXPECT_TRUE(in_release_queue(released));
    sys.expect_unchanged([&] {
        EXPECT_OK(sys.DomainSet_Set(kDomain, 0, poor.tcb));
        EXPECT_OK(sys.DomainSet_Set(kDomain, 0, inactive.tcb));
        EXPECT_OK(sys.DomainSet_Set(kDomain, 0, released.tcb));
    });
}

/* --- Several domains ------------------------------------------------------------------------- */

/* Skipped, by returning early, where there is one domain only. */
class DomainsTest : public DomainTest {
  protected:
    static constexpr bool kSeveral = kDomains > 1;

    /* Domain 0 and 1 in turn for so many microseconds each, from now on; round-robin threads. */
    void take_turns(Word us0, Word us1)
    {
        ASSERT_OK(sys.DomainSet_ScheduleConfigure(kDomain, 0, 0, us0 * kTicks));
        ASSERT_OK(sys.DomainSet_ScheduleConfigure(kDomain, 1, 1, us1 * kTicks));
    }
    void restart_schedule()
    {
        sys.DomainSet_ScheduleSetStart(kDomain, 0);
        EXPECT_CURRENT(sys, root);
    }
    Thread in_domain(Word domain, ThreadOptions options = {})
    {
        options.start = false;
        Thread t = sys.spawn(options);
        EXPECT_OK(sys.DomainSet_Set(kDomain, domain, t.tcb));
        EXPECT_OK(sys.TCB_Resume(t.tcb));
        EXPECT_EQ(domain, t.object->domain);
        return t;
    }
    Word domain_now()
    {
        return this_core(sys.kernel())->domain;
    }
    Names queue_in(Word domain, uint8_t priority)
    {
        return queue_of(this_core(sys.kernel())->ready[domain % kDomains].queues[priority]);
    }
};

TEST_F(DomainsTest, EveryDomainMayBeConfigured)
{
    for (Word i = 0; i < kLength - 1; i++) {
        EXPECT_OK(sys.DomainSet_ScheduleConfigure(kDomain, i, i % kDomains, kForever - 1 - i));
        EXPECT_EQ(kForever - 1 - i, sys.kernel()->domain_schedule[i].duration);
        EXPECT_EQ(i % kDomains, sys.kernel()->domain_schedule[i].domain);
    }
    EXPECT_OK(sys.DomainSet_ScheduleConfigure(kDomain, 0, 0, 1));
}

TEST_F(DomainsTest, EntryBecomesAnEndMarkerAgain)
{
    if (!kSeveral) {
        return;
    }
    ASSERT_OK(sys.DomainSet_ScheduleConfigure(kDomain, 1, 1, 1));
    EXPECT_OK(sys.DomainSet_ScheduleConfigure(kDomain, 1, 0, 0));
    EXPECT_CALL_ERROR(sys.DomainSet_ScheduleSetStart(kDomain, 1), STATUS_INVALID_ARGUMENT, {0});
}

TEST_F(DomainsTest, ThreadOfAnotherDomainDoesNotRun)
{
    if (!kSeveral) {
        return;
    }
    Thread t = in_domain(1, {.priority = 200});
    EXPECT_CURRENT(sys, root);
    EXPECT_EQ(names({t}), queue_in(1, 200));
    sys.wait(never);
    EXPECT_IDLE(sys);
}

TEST_F(DomainsTest, ThreadMovedToAnotherDomainWaitsAtTheHeadThere)
{
    if (!kSeveral) {
        return;
    }
    Thread first = in_domain(3);
    Thread t = sys.spawn();
    EXPECT_OK(sys.DomainSet_Set(kDomain, 3, t.tcb));
    EXPECT_EQ(names({t, first}), queue_in(3, 100));
    EXPECT_TRUE(queue_in(0, 100).empty());
    EXPECT_OK(sys.DomainSet_Set(kDomain, 0, t.tcb));
    EXPECT_EQ(names({t}), queue_in(0, 100));
}

TEST_F(DomainsTest, ThreadThatMovesItselfStopsUntilItsDomainComes)
{
    if (!kSeveral) {
        return;
    }
    Thread other = sys.spawn({.priority = 50});
    EXPECT_FALSE(sys.DomainSet_Set(kDomain, 2, kTcb).returned);
    EXPECT_CURRENT(sys, other);
    EXPECT_EQ(names({root}), queue_in(2, 100));
    ASSERT_OK(sys.DomainSet_ScheduleConfigure(kDomain, 1, 2, 1000000));
    sys.DomainSet_ScheduleSetStart(kDomain, 1);
    EXPECT_CURRENT(sys, root);
    EXPECT_EQ(0u, sys.message().label);
    EXPECT_EQ(2u, domain_now());
}

TEST_F(DomainsTest, NewThreadsGetTheDomainOfTheirCreation)
{
    if (!kSeveral) {
        return;
    }
    Thread t = in_domain(1);
    take_turns(1000, 1000);
    restart_schedule();
    sys.advance(1000);
    EXPECT_CURRENT(sys, t);
    EXPECT_EQ(1, sys.thread_of(sys.make(ABI_OBJECT_TCB))->domain);
    EXPECT_EQ(0, sys.thread_of(tcb)->domain);
}

TEST_F(DomainsTest, SetStartEndsTheCurrentTimeAtOnce)
{
    if (!kSeveral) {
        return;
    }
    Thread t = in_domain(1, {.priority = 3});
    take_turns(1000, 1000);
    EXPECT_FALSE(sys.DomainSet_ScheduleSetStart(kDomain, 1).returned);
    EXPECT_CURRENT(sys, t);
    EXPECT_EQ(1u, this_core(sys.kernel())->domain_index);
    EXPECT_EQ(10000u, this_core(sys.kernel())->domain_left);
    EXPECT_TRUE(in_ready_queue(root));
}

TEST_F(DomainsTest, StartIndexIsWhereTheScheduleWraps)
{
    if (!kSeveral) {
        return;
    }
    Thread t = in_domain(1);
    take_turns(1000, 1000);
    sys.DomainSet_ScheduleSetStart(kDomain, 1);
    for (int i = 0; i < 5; i++) {
        EXPECT_CURRENT(sys, t);
        sys.advance(1000);
    }
    EXPECT_EQ(1u, sys.kernel()->domain_start);
    EXPECT_OK(sys.DomainSet_ScheduleConfigure(kDomain, 0, 0, 0)) << "no longer the start";
}

TEST_F(DomainsTest, ReconfiguringTheRunningEntryDoesNotChangeItsRemainingTime)
{
    if (!kSeveral) {
        return;
    }
    Thread t = in_domain(1);
    take_turns(1000, 1000);
    restart_schedule();
    sys.advance(300);
    EXPECT_OK(sys.DomainSet_ScheduleConfigure(kDomain, 0, 0, 77777));
    sys.advance_ticks(7000 - kEarly - 1);
    EXPECT_CURRENT(sys, root);
    sys.advance_ticks(1);
    EXPECT_CURRENT(sys, t);
}

/* The time of each thread, in whole rounds of the schedule. */
TEST_F(DomainsTest, DomainsTakeTurnsExactly)
{
    if (!kSeveral) {
        return;
    }
    Thread t = in_domain(1);
    take_turns(300, 700);
    restart_schedule();
    const Word start = sys.now();
    Stints stints;
    observe(sys, 50 * (2990 + 6990), &stints);
    ASSERT_EQ(100u, stints.size());
    for (Word i = 0; i < 50; i++) {
        const Word round = start + i * (2990 + 6990);
        EXPECT_EQ((Stint{thread_name(root.object), round, 3000 - kEarly}), stints[2 * i]);
        EXPECT_EQ((Stint{thread_name(t.object), round + 2990, 7000 - kEarly}), stints[2 * i + 1]);
    }
}

TEST_F(DomainsTest, DomainWithoutThreadsLeavesTheProcessorIdle)
{
    if (!kSeveral) {
        return;
    }
    take_turns(300, 700);
    restart_schedule();
    const Word start = sys.now();
    Stints stints;
    observe(sys, 2990 + 6990 + 2990, &stints);
    ASSERT_EQ(3u, stints.size());
    EXPECT_EQ((Stint{"idle", start + 2990, 6990}), stints[1]);
    EXPECT_EQ(thread_name(root.object), stints[2].who);
}

TEST_F(DomainsTest, TimerComesOneMicrosecondBeforeTheEndOfTheDomain)
{
    if (!kSeveral) {
        return;
    }
    take_turns(300, 700);
    restart_schedule();
    EXPECT_EQ(sys.now() + 3000 - kEarly, sim_deadline(sys.sim()));
}

TEST_F(DomainsTest, CallWithMoreThanTheMinimumOfTheDomainLeftIsPerformed)
{
    if (!kSeveral) {
        return;
    }
    take_turns(300, 500);
    restart_schedule();
    sys.advance_ticks(3000 - kMinBudget - 1);
    EXPECT_TRUE(sys.signal(ntfn).returned);
    EXPECT_EQ(NTFN_ACTIVE, sys.ntfn_of(ntfn)->state);
}

TEST_F(DomainsTest, CallWithTheMinimumOfTheDomainLeftIsExecutedInItsNextTurn)
{
    if (!kSeveral) {
        return;
    }
    take_turns(300, 500);
    restart_schedule();
    const Word pc = root.regs().pc;
    sys.advance_ticks(3000 - kMinBudget);
    EXPECT_FALSE(sys.signal(ntfn).returned);
    EXPECT_EQ(NTFN_IDLE, sys.ntfn_of(ntfn)->state);
    EXPECT_IDLE(sys);
    EXPECT_EQ(THREAD_RESTART, root.state());
    sys.advance(500);
    EXPECT_CURRENT(sys, root);
    EXPECT_EQ(pc, root.regs().pc);
    EXPECT_TRUE(sys.refire());
    EXPECT_EQ(NTFN_ACTIVE, sys.ntfn_of(ntfn)->state);
}

TEST_F(DomainsTest, FaultAtTheEndOfTheDomainIsRaisedLater)
{
    if (!kSeveral) {
        return;
    }
    Thread t = sys.spawn({.priority = 110, .fault_ep = ep});
    take_turns(300, 700);
    sys.DomainSet_ScheduleSetStart(kDomain, 0);
    EXPECT_CURRENT(sys, t);
    sys.advance_ticks(2900);
    sys.fault(2, 0);
    EXPECT_IDLE(sys);
    EXPECT_EQ(FAULT_NONE, t.object->fault.type);
    sys.advance(701);
    EXPECT_CURRENT(sys, t);
}

TEST_F(DomainsTest, PreemptedThreadKeepsItsPlaceAndItsSlice)
{
    if (!kSeveral) {
        return;
    }
    Thread other = sys.spawn({.budget_us = 1000, .period_us = 1000});
    Thread t = in_domain(1);
    take_turns(300, 700);
    restart_schedule();
    const Word before = refills_of(sys, kSchedContext)[0].amount;
    sys.advance(300);
    EXPECT_CURRENT(sys, t);
    EXPECT_EQ(names({root, other}), queue_in(0, 100));
    EXPECT_EQ(before - (3000 - kEarly), refills_of(sys, kSchedContext)[0].amount);
    sys.advance(699);
    EXPECT_CURRENT(sys, root);
    EXPECT_EQ(names({other}), queue_in(0, 100));
}

TEST_F(DomainsTest, SignalAcrossDomainsWakesForLater)
{
    if (!kSeveral) {
        return;
    }
    Thread t = sys.spawn({.priority = 110});
    sys.wait(ntfn);
    ASSERT_OK(sys.DomainSet_Set(kDomain, 1, t.tcb));
    take_turns(300, 700);
    restart_schedule();
    EXPECT_TRUE(sys.signal(sys.mint(ntfn, 9)).returned);
    EXPECT_EQ(THREAD_RUNNING, t.state());
    EXPECT_EQ(names({t}), queue_in(1, 110));
    sys.advance(300);
    EXPECT_CURRENT(sys, t);
    EXPECT_EQ(9u, sys.message().badge);
}

TEST_F(DomainsTest, ReleaseOfAnotherDomainWaitsForIt)
{
    if (!kSeveral) {
        return;
    }
    Thread t = in_domain(1, {.priority = 110, .budget_us = 100, .period_us = 400});
    take_turns(300, 300);
    restart_schedule();
    sys.advance(300);
    EXPECT_CURRENT(sys, t);
    sys.advance(200);
    EXPECT_IDLE(sys);
    EXPECT_EQ(names({t}), release_queue(sys));
    sys.advance(250);
    EXPECT_CURRENT(sys, root);
    EXPECT_EQ(names({t}), queue_in(1, 110));
    EXPECT_TRUE(release_queue(sys).empty());
    sys.advance(150);
    EXPECT_CURRENT(sys, t);
}

/* The expiry of a budget is a kernel entry, too. */
TEST_F(DomainsTest, EntryWithTheMinimumOfTheDomainLeftEndsItsTurn)
{
    if (!kSeveral) {
        return;
    }
    Thread t = sys.spawn({.priority = 110, .budget_us = 285, .period_us = 1000});
    Thread other = in_domain(1);
    take_turns(300, 700);
    sys.DomainSet_ScheduleSetStart(kDomain, 0);
    EXPECT_CURRENT(sys, t);
    sys.advance_ticks(2850 - kEarly - 1);
    EXPECT_CURRENT(sys, t);
    sys.advance_ticks(1);
    EXPECT_CURRENT(sys, other);
}

TEST_F(DomainsTest, EqualDomainsMayFollowEachOther)
{
    if (!kSeveral) {
        return;
    }
    ASSERT_OK(sys.DomainSet_ScheduleConfigure(kDomain, 1, 0, 3000));
    ASSERT_OK(sys.DomainSet_ScheduleConfigure(kDomain, 2, 0, 3000));
    sys.DomainSet_ScheduleSetStart(kDomain, 1);
    EXPECT_CURRENT(sys, root);
    sys.advance(300);
    EXPECT_CURRENT(sys, root);
    EXPECT_EQ(2u, this_core(sys.kernel())->domain_index);
    sys.advance(300);
    EXPECT_EQ(1u, this_core(sys.kernel())->domain_index);
}

TEST_F(DomainsTest, LongOperationGoesOnInItsNextTurn)
{
    if (!kSeveral) {
        return;
    }
    for (int i = 0; i < 20; i++) {
        sys.copy(ntfn);
    }
    take_turns(300, 700);
    restart_schedule();
    sys.poll_every(1);
    sim_advance_at_preemption(sys.sim(), 3, 2900);
    EXPECT_FALSE(sys.revoke(ntfn).returned);
    EXPECT_IDLE(sys);
    EXPECT_EQ(1u, sys.kernel()->counters.preempted[ABI_LABEL_CNODE_REVOKE]);
    sys.advance(700);
    EXPECT_CURRENT(sys, root);
    EXPECT_TRUE(sys.refire());
    EXPECT_EQ(0u, sys.message().label);
}

} // namespace
} // namespace albireo
