/* SPDX-License-Identifier: BSD-2-Clause */

/* SchedContext_Bind, Unbind and UnbindObject: docs/abi/05 section 5.9, docs/abi/06 section 6.14,
 * docs/abi/15 items 84 to 89, docs/abi/16 section 16.4. */

#include "tests/api/refusal.h"
#include "tests/api/sched_support.h"

namespace albireo {
namespace {

constexpr Word kBind = ABI_LABEL_SCHED_CONTEXT_BIND;
constexpr Word kUnbind = ABI_LABEL_SCHED_CONTEXT_UNBIND;
constexpr Word kUnbindObject = ABI_LABEL_SCHED_CONTEXT_UNBIND_OBJECT;

class ScBindTest : public ::testing::Test {
  protected:
    CPtr fresh_sc()
    {
        return sys.make(ABI_OBJECT_SCHED_CONTEXT, 8);
    }
    /* An SC whose budget comes back in the future; nobody has it. */
    CPtr exhausted_sc(Word period_us = 10000, bool sporadic = false)
    {
        Thread t = sys.spawn(
            {.priority = 120, .budget_us = 100, .period_us = period_us, .sporadic = sporadic});
        sys.advance(100);
        EXPECT_CURRENT(sys, sys.root());
        EXPECT_TRUE(in_release_queue(t));
        EXPECT_OK(sys.SchedContext_Unbind(t.sc));
        return t.sc;
    }
    /* A thread without SC that waits on `waited`. */
    Thread blocked_passive()
    {
        Thread t = sys.spawn({.priority = 120});
        EXPECT_CURRENT(sys, t);
        sys.wait(waited);
        EXPECT_OK(sys.SchedContext_Unbind(t.sc));
        return t;
    }

    System sys;
    Thread root = sys.root();
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    CPtr waited = sys.make(ABI_OBJECT_NOTIFICATION);
};

/* --- Refusals -------------------------------------------------------------------------------- */

TEST_F(ScBindTest, BindRefusals)
{
    CPtr sc = fresh_sc();
    expect_refused(sys, sc, kBind,
                   {{"no cap", 1, {}, {}, {}},
                    {"an endpoint", 7, {}, {ep}, {1}},
                    {"null", 7, {}, {0}, {1}},
                    {"an SC", 7, {}, {kSchedContext}, {1}},
                    {"a TCB with an SC", 3, {}, {kTcb}, {}}});
    CPtr tcb = sys.make(ABI_OBJECT_TCB);
    EXPECT_OK(sys.SchedContext_Bind(sc, tcb));
    expect_refused(sys, sc, kBind,
                   {{"no cap, already bound", 1, {}, {}, {}},
                    {"the same again", 2, {}, {tcb}, {}},
                    {"a TCB with another SC", 2, {}, {kTcb}, {}},
                    {"another TCB", 2, {}, {sys.make(ABI_OBJECT_TCB)}, {}},
                    {"an endpoint, already bound", 7, {}, {ep}, {1}}});
}

TEST_F(ScBindTest, NotificationBindRefusals)
{
    CPtr sc = fresh_sc();
    EXPECT_OK(sys.SchedContext_Bind(sc, ntfn));
    expect_refused(sys, sc, kBind,
                   {{"the same again", 5, {}, {ntfn}, {}}, {"another", 5, {}, {waited}, {}}});
    expect_refused(sys, fresh_sc(), kBind, {"that of another SC", 6, {}, {ntfn}, {}});
}

TEST_F(ScBindTest, BlockedThreadNeedsAReleasedSc)
{
    CPtr future = exhausted_sc();
    Thread t = blocked_passive();
    expect_refused(sys, fresh_sc(), kBind, {"not configured", 4, {}, {t.tcb}, {}});
    expect_refused(sys, future, kBind, {"head in the future", 4, {}, {t.tcb}, {}});
    EXPECT_OK(sys.SchedContext_Bind(sys.make_sc(100, 1000), t.tcb));
}

TEST_F(ScBindTest, UnbindRefusesTheCallersSc)
{
    expect_refused(sys, kSchedContext, kUnbind, {"its own", 1, {}, {}, {}});
}

TEST_F(ScBindTest, UnbindObjectRefusals)
{
    CPtr sc = fresh_sc();
    CPtr tcb = sys.make(ABI_OBJECT_TCB);
    ASSERT_OK(sys.SchedContext_Bind(sc, tcb));
    ASSERT_OK(sys.SchedContext_Bind(sc, ntfn));
    expect_refused(sys, sc, kUnbindObject,
                   {{"no cap", 1, {}, {}, {}},
                    {"a TCB with another SC", 2, {}, {kTcb}, {}},
                    {"a TCB without SC", 2, {}, {sys.make(ABI_OBJECT_TCB)}, {}},
                    {"another notification", 4, {}, {waited}, {}},
                    {"an endpoint", 5, {}, {ep}, {1}},
                    {"null", 5, {}, {0}, {1}}});
    expect_refused(sys, kSchedContext, kUnbindObject,
                   {{"the caller", 3, {}, {kTcb}, {}}, {"another TCB", 2, {}, {tcb}, {}}});
    CPtr unbound = fresh_sc();
    expect_refused(sys, unbound, kUnbindObject,
                   {{"a TCB, but the SC has none", 2, {}, {tcb}, {}},
                    {"the caller, but the SC has none", 2, {}, {kTcb}, {}},
                    {"a notification, but the SC has none", 4, {}, {ntfn}, {}}});
}

TEST_F(ScBindTest, UnbindObjectOfANotificationTwice)
{
    CPtr sc = fresh_sc();
    ASSERT_OK(sys.SchedContext_Bind(sc, ntfn));
    EXPECT_OK(sys.SchedContext_UnbindObject(sc, ntfn));
    EXPECT_EQ(nullptr, sys.sc_of(sc)->ntfn);
    EXPECT_EQ(nullptr, sys.ntfn_of(ntfn)->sc);
    expect_refused(sys, sc, kUnbindObject, {"again", 4, {}, {ntfn}, {}});
}

/* --- Bind to a thread ------------------------------------------------------------------------ */

TEST_F(ScBindTest, ScMayHaveAThreadAndANotification)
{
    CPtr sc = fresh_sc();
    CPtr tcb = sys.make(ABI_OBJECT_TCB);
    EXPECT_OK(sys.SchedContext_Bind(sc, sys.copy(ntfn, 0))) << "no rights are needed";
    EXPECT_OK(sys.SchedContext_Bind(sc, tcb));
    EXPECT_EQ(sys.thread_of(tcb), sys.sc_of(sc)->thread);
    EXPECT_EQ(sys.ntfn_of(ntfn), sys.sc_of(sc)->ntfn);
    EXPECT_EQ(sys.sc_of(sc), sys.ntfn_of(ntfn)->sc);
}

TEST_F(ScBindTest, UnconfiguredScStartsNothing)
{
    Thread t = sys.spawn({.priority = 110, .passive = true});
    EXPECT_OK(sys.SchedContext_Bind(fresh_sc(), t.tcb));
    EXPECT_EQ(THREAD_RESTART, t.state());
    EXPECT_FALSE(in_ready_queue(t));
}

TEST_F(ScBindTest, ReadyThreadAboveTheCallerRunsAtOnce)
{
    Thread t = sys.spawn({.priority = 110, .passive = true});
    CPtr sc = sys.make_sc(100, 1000);
    EXPECT_FALSE(sys.SchedContext_Bind(sc, t.tcb).returned);
    EXPECT_CURRENT(sys, t);
}

TEST_F(ScBindTest, ReadyThreadOfEqualPriorityGoesToTheHeadBehindTheCaller)
{
    Thread other = sys.spawn();
    Thread t = sys.spawn({.passive = true});
    EXPECT_OK(sys.SchedContext_Bind(sys.make_sc(100, 1000), t.tcb));
    EXPECT_EQ(names({t, other}), ready_queue(sys, 100));
}

TEST_F(ScBindTest, ReadyThreadBelowTheCallerGoesToTheHeadOfItsQueue)
{
    Thread other = sys.spawn({.priority = 50});
    Thread t = sys.spawn({.priority = 50, .passive = true});
    EXPECT_OK(sys.SchedContext_Bind(sys.make_sc(100, 1000), t.tcb));
    EXPECT_EQ(names({t, other}), ready_queue(sys, 50));
}

TEST_F(ScBindTest, InactiveThreadStaysInactive)
{
    Thread t = sys.spawn({.priority = 110, .passive = true, .start = false});
    EXPECT_OK(sys.SchedContext_Bind(sys.make_sc(100, 1000), t.tcb));
    EXPECT_EQ(THREAD_INACTIVE, t.state());
    EXPECT_FALSE(sys.TCB_Resume(t.tcb).returned);
    EXPECT_CURRENT(sys, t);
}

TEST_F(ScBindTest, BlockedThreadStaysBlockedAndRunsWhenWoken)
{
    Thread t = blocked_passive();
    EXPECT_OK(sys.SchedContext_Bind(sys.make_sc(100, 1000), t.tcb));
    EXPECT_EQ(THREAD_BLOCKED_ON_NOTIFICATION, t.state());
    sys.signal(waited);
    EXPECT_CURRENT(sys, t);
}

TEST_F(ScBindTest, ThreadWokenWithoutScContinuesWhenItGetsOne)
{
    Thread t = blocked_passive();
    EXPECT_TRUE(sys.signal(sys.mint(waited, 0x42)).returned);
    EXPECT_EQ(THREAD_RUNNING, t.state());
    EXPECT_FALSE(sys.SchedContext_Bind(sys.make_sc(100, 1000), t.tcb).returned);
    EXPECT_CURRENT(sys, t);
    EXPECT_EQ(0x42u, sys.message().badge);
}

TEST_F(ScBindTest, ReadyThreadWithAFutureScWaitsForItsRelease)
{
    CPtr future = exhausted_sc();
    Thread t = sys.spawn({.priority = 110, .passive = true});
    const Word release = refills_of(sys, future)[0].time;
    EXPECT_OK(sys.SchedContext_Bind(future, t.tcb));
    EXPECT_EQ(names({t}), release_queue(sys));
    sys.advance_ticks(release - sys.now() - kEarly - 1);
    EXPECT_CURRENT(sys, sys.root());
    sys.advance_ticks(1); /* The timer comes early and again until it is time. */
    EXPECT_CURRENT(sys, t);
    EXPECT_EQ(release, sys.now());
}

TEST_F(ScBindTest, SporadicScStartsItsBudgetWhenBound)
{
    CPtr sc = sys.make_sc(100, 1000, 0, 0, ABI_SC_SPORADIC);
    Thread t = sys.spawn({.priority = 50, .passive = true});
    sys.advance(70);
    EXPECT_OK(sys.SchedContext_Bind(sc, t.tcb));
    EXPECT_EQ((Refills{{sys.now(), 1000}}), refills_of(sys, sc));
}

TEST_F(ScBindTest, DefaultScKeepsItsRefillsWhenBound)
{
    CPtr sc = sys.make_sc(100, 1000);
    const Refills before = refills_of(sys, sc);
    Thread t = sys.spawn({.priority = 50, .passive = true});
    sys.advance(70);
    EXPECT_OK(sys.SchedContext_Bind(sc, t.tcb));
    EXPECT_EQ(before, refills_of(sys, sc));
}

TEST_F(ScBindTest, SporadicFutureScIsNotRefreshedByBinding)
{
    CPtr future = exhausted_sc(10000, true);
    const Refills before = refills_of(sys, future);
    Thread t = sys.spawn({.priority = 110, .passive = true});
    EXPECT_OK(sys.SchedContext_Bind(future, t.tcb));
    EXPECT_EQ(before, refills_of(sys, future));
    EXPECT_TRUE(in_release_queue(t));
}

TEST_F(ScBindTest, RebindingGivesNoBudget)
{
    Thread t = sys.spawn({.priority = 110, .budget_us = 100, .period_us = 10000});
    sys.advance(100);
    const Refills before = refills_of(sys, t.sc);
    for (int i = 0; i < 3; i++) {
        ASSERT_OK(sys.SchedContext_Unbind(t.sc));
        ASSERT_OK(sys.SchedContext_Bind(t.sc, t.tcb));
        EXPECT_EQ(before, refills_of(sys, t.sc));
        EXPECT_EQ(names({t}), release_queue(sys));
    }
}

TEST_F(ScBindTest, SuspendAndResumeGiveNoBudget)
{
    Thread t = sys.spawn({.priority = 110, .budget_us = 100, .period_us = 10000});
    sys.advance(100);
    const Refills before = refills_of(sys, t.sc);
    for (int i = 0; i < 3; i++) {
        ASSERT_OK(sys.TCB_Suspend(t.tcb));
        EXPECT_EQ(names({}), release_queue(sys));
        ASSERT_OK(sys.TCB_Resume(t.tcb));
        EXPECT_EQ(before, refills_of(sys, t.sc));
        EXPECT_EQ(names({t}), release_queue(sys));
    }
}

/* --- Unbind ---------------------------------------------------------------------------------- */

TEST_F(ScBindTest, UnbindOfAnUnboundScSucceeds)
{
    CPtr sc = fresh_sc();
    sys.expect_unchanged([&] { EXPECT_OK(sys.SchedContext_Unbind(sc)); });
}

TEST_F(ScBindTest, UnbindFreesThreadAndNotification)
{
    CPtr sc = sys.make_sc(100, 1000);
    Thread t = sys.spawn({.priority = 50, .passive = true});
    ASSERT_OK(sys.SchedContext_Bind(sc, t.tcb));
    ASSERT_OK(sys.SchedContext_Bind(sc, ntfn));
    EXPECT_OK(sys.SchedContext_Unbind(sc));
    EXPECT_EQ(nullptr, t.object->sc);
    EXPECT_EQ(nullptr, sys.sc_of(sc)->thread);
    EXPECT_EQ(nullptr, sys.sc_of(sc)->ntfn);
    EXPECT_EQ(nullptr, sys.ntfn_of(ntfn)->sc);
    EXPECT_EQ(THREAD_RESTART, t.state());
    EXPECT_TRUE(ready_queue(sys, 50).empty());
}

TEST_F(ScBindTest, UnbindTakesAThreadOutOfTheReleaseQueue)
{
    Thread t = sys.spawn({.priority = 110, .budget_us = 100, .period_us = 1000});
    sys.advance(100);
    EXPECT_TRUE(in_release_queue(t));
    EXPECT_OK(sys.SchedContext_UnbindObject(t.sc, t.tcb));
    EXPECT_EQ(names({}), release_queue(sys));
    sys.advance(3000);
    EXPECT_CURRENT(sys, sys.root());
}

TEST_F(ScBindTest, UnbindObjectOfTheThreadKeepsTheNotification)
{
    CPtr sc = sys.make_sc(100, 1000);
    CPtr tcb = sys.make(ABI_OBJECT_TCB);
    ASSERT_OK(sys.SchedContext_Bind(sc, tcb));
    ASSERT_OK(sys.SchedContext_Bind(sc, ntfn));
    EXPECT_OK(sys.SchedContext_UnbindObject(sc, tcb));
    EXPECT_EQ(nullptr, sys.sc_of(sc)->thread);
    EXPECT_EQ(sys.ntfn_of(ntfn), sys.sc_of(sc)->ntfn);
}

TEST_F(ScBindTest, QueuedSenderThatLosesItsScStaysQueued)
{
    Thread t = sys.spawn({.priority = 110});
    sys.send(ep, 5, {17});
    EXPECT_CURRENT(sys, sys.root());
    EXPECT_OK(sys.SchedContext_Unbind(t.sc));
    EXPECT_EQ(THREAD_BLOCKED_ON_SEND, t.state());
    Reply message = sys.recv(ep, sys.make(ABI_OBJECT_REPLY));
    EXPECT_EQ(5u, message.label);
    EXPECT_EQ(17u, message[0]);
    EXPECT_EQ(THREAD_RUNNING, t.state());
    EXPECT_FALSE(sys.SchedContext_Bind(t.sc, t.tcb).returned);
    EXPECT_CURRENT(sys, t);
}

/* --- Lent SCs -------------------------------------------------------------------------------- */

/* A client above root has called a passive server, which has then waited for root to look at it. */
class LentScTest : public ScBindTest {
  protected:
    void SetUp() override
    {
        EXPECT_CURRENT(sys, server);
        sys.recv(ep, reply);
        ASSERT_OK(sys.SchedContext_Unbind(server.sc));
        client = sys.spawn({.priority = 110});
        sys.call(ep, 7);
        EXPECT_CURRENT(sys, server);
        lent = sys.sc_of(client.sc);
        EXPECT_EQ(lent, server.object->sc);
        sys.wait(waited);
        EXPECT_CURRENT(sys, sys.root());
    }
    CPtr reply = sys.make(ABI_OBJECT_REPLY);
    Thread server = sys.spawn({.priority = 120});
    Thread client;
    struct sched_context *lent = nullptr;
};

TEST_F(LentScTest, UnbindObjectStopsTheServerAndAReplyReturnsTheSc)
{
    EXPECT_OK(sys.SchedContext_UnbindObject(client.sc, server.tcb));
    EXPECT_EQ(nullptr, server.object->sc);
    EXPECT_EQ(nullptr, lent->thread);
    EXPECT_EQ(sys.reply_of(reply), lent->reply);
    sys.send(reply, 3);
    EXPECT_CURRENT(sys, client);
    EXPECT_EQ(lent, client.object->sc);
}

TEST_F(LentScTest, UnbindDetachesTheCallStackToo)
{
    EXPECT_OK(sys.SchedContext_Unbind(client.sc));
    EXPECT_EQ(nullptr, server.object->sc);
    EXPECT_EQ(nullptr, lent->reply);
    EXPECT_TRUE(sys.send(reply, 3).returned);
    EXPECT_EQ(THREAD_RUNNING, client.state()) << "the reply is delivered";
    EXPECT_EQ(nullptr, client.object->sc) << "without any SC";
}

TEST_F(LentScTest, ReplyMovesNoScIfTheClientHasItAgain)
{
    ASSERT_OK(sys.SchedContext_UnbindObject(client.sc, server.tcb));
    EXPECT_OK(sys.SchedContext_Bind(client.sc, client.tcb)) << "blocked, but the SC is released";
    sys.send(reply, 3);
    EXPECT_CURRENT(sys, client);
    EXPECT_EQ(lent, client.object->sc);
}

TEST_F(LentScTest, ReplyTakesTheScFromAThirdThread)
{
    ASSERT_OK(sys.SchedContext_UnbindObject(client.sc, server.tcb));
    Thread third = sys.spawn({.priority = 50, .passive = true});
    ASSERT_OK(sys.SchedContext_Bind(client.sc, third.tcb));
    sys.send(reply, 3);
    EXPECT_CURRENT(sys, client);
    EXPECT_EQ(lent, client.object->sc);
    EXPECT_EQ(nullptr, third.object->sc);
}

TEST_F(LentScTest, ClientsTcbIsNotTheScsThread)
{
    expect_refused(sys, client.sc, kUnbindObject, {"the lender", 2, {}, {client.tcb}, {}});
}

TEST_F(LentScTest, DeletedScStopsServerAndClient)
{
    EXPECT_OK(sys.del(client.sc));
    EXPECT_EQ(nullptr, server.object->sc);
    EXPECT_TRUE(sys.signal(waited).returned);
    EXPECT_EQ(THREAD_RUNNING, server.state());
    EXPECT_CURRENT(sys, sys.root());
    EXPECT_TRUE(sys.send(reply, 3).returned);
    EXPECT_EQ(THREAD_RUNNING, client.state());
    EXPECT_CURRENT(sys, sys.root());
}

TEST_F(LentScTest, ServerThatRunsOnTheCallersScIsTheOneWhoMayNotUnbindIt)
{
    sys.signal(waited);
    EXPECT_CURRENT(sys, server);
    expect_refused(sys, client.sc, kUnbind, {"its own now", 1, {}, {}, {}});
    expect_refused(sys, client.sc, kUnbindObject, {"itself", 3, {}, {server.tcb}, {}});
}

/* --- Deletion -------------------------------------------------------------------------------- */

TEST_F(ScBindTest, DeletingTheScOfAReadyThreadStopsIt)
{
    Thread t = sys.spawn({.priority = 50});
    EXPECT_OK(sys.del(t.sc));
    EXPECT_EQ(nullptr, t.object->sc);
    EXPECT_TRUE(ready_queue(sys, 50).empty());
}

TEST_F(ScBindTest, ThreadThatDeletesItsOwnScStopsUntilItGetsOne)
{
    Thread t = sys.spawn({.priority = 110});
    EXPECT_CURRENT(sys, t);
    EXPECT_FALSE(sys.del(t.sc).returned);
    EXPECT_CURRENT(sys, sys.root());
    EXPECT_EQ(nullptr, t.object->sc);
    EXPECT_FALSE(sys.SchedContext_Bind(sys.make_sc(100, 1000), t.tcb).returned);
    EXPECT_CURRENT(sys, t);
    EXPECT_EQ(0u, sys.message().label);
}

TEST_F(ScBindTest, TimeOfAThreadThatDeletesItselfIsChargedToItsSc)
{
    Thread t = sys.spawn({.priority = 110, .budget_us = 100, .period_us = 1000});
    const Word start = sys.now();
    sys.advance(50);
    sys.del(t.tcb);
    EXPECT_CURRENT(sys, root);
    EXPECT_EQ((Refills{{start + 500, 500}, {start + 10000, 500}}), refills_of(sys, t.sc));
    EXPECT_EQ(50u, sys.SchedContext_Consumed(t.sc)[0]);
}

TEST_F(ScBindTest, DeletingABoundNotificationFreesTheSc)
{
    CPtr sc = fresh_sc();
    ASSERT_OK(sys.SchedContext_Bind(sc, ntfn));
    EXPECT_OK(sys.del(ntfn));
    EXPECT_EQ(nullptr, sys.sc_of(sc)->ntfn);
    EXPECT_OK(sys.SchedContext_Bind(sc, waited));
}

TEST_F(ScBindTest, DeletingABoundTcbFreesTheSc)
{
    Thread t = sys.spawn({.priority = 50});
    EXPECT_OK(sys.del(t.tcb));
    EXPECT_EQ(nullptr, sys.sc_of(t.sc)->thread);
    EXPECT_OK(sys.SchedContext_Bind(t.sc, sys.make(ABI_OBJECT_TCB)));
}

} // namespace
} // namespace albireo
