/* SPDX-License-Identifier: BSD-2-Clause */

/* TCB_SetPriority, TCB_SetMCPriority and TCB_SetSchedParams: docs/abi/05 section 5.5, docs/abi/06
 * section 6.4, docs/abi/16 section 16.3. */

#include "tests/api/refusal.h"
#include "tests/api/sched_support.h"

namespace albireo {
namespace {

constexpr Word kSetPriority = ABI_LABEL_TCB_SET_PRIORITY;
constexpr Word kSetMcPriority = ABI_LABEL_TCB_SET_MC_PRIORITY;
constexpr Word kSetSchedParams = ABI_LABEL_TCB_SET_SCHED_PARAMS;

class TcbTest : public ::testing::Test {
  protected:
    /* A thread without SC, blocked in Wait. */
    Thread blocked_passive()
    {
        Thread t = sys.spawn({.priority = 110});
        EXPECT_CURRENT(sys, t);
        sys.wait(sys.make(ABI_OBJECT_NOTIFICATION));
        EXPECT_CURRENT(sys, sys.root());
        EXPECT_OK(sys.SchedContext_Unbind(t.sc));
        t.sc = 0;
        return t;
    }
    /* An SC whose budget comes back in the future; nobody has it. */
    CPtr exhausted_sc()
    {
        Thread t = sys.spawn({.priority = 110, .budget_us = 100, .period_us = 10000});
        sys.advance(100);
        EXPECT_CURRENT(sys, sys.root());
        EXPECT_EQ(THREAD_QUEUE_RELEASE, t.object->queue);
        EXPECT_OK(sys.SchedContext_Unbind(t.sc));
        return t.sc;
    }
    const struct cap &handler_of(const struct thread *thread)
    {
        return thread->slots[THREAD_FAULT_HANDLER].cap;
    }

    System sys;
    CPtr tcb = sys.make(ABI_OBJECT_TCB);
    struct thread *target = sys.thread_of(tcb);
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
};

/* --- SetPriority and SetMCPriority ----------------------------------------------------------- */

TEST_F(TcbTest, PriorityRefusals)
{
    for (Word label : {kSetPriority, kSetMcPriority}) {
        expect_refused(sys, tcb, label,
                       {{"no word", 1, {}, {kTcb}, {}},
                        {"no word, authority not a TCB", 1, {}, {ep}, {}},
                        {"no authority", 1, {1}, {}, {}},
                        {"no authority, value too high", 1, {256}, {}, {}},
                        {"authority is an endpoint", 2, {1}, {ep}, {1}},
                        {"authority is null", 2, {1}, {0}, {1}},
                        {"value too high for anybody, no authority", 2, {256}, {ep}, {1}},
                        {"256", 3, {256}, {kTcb}, {0, 255}},
                        {"300", 3, {300}, {kTcb}, {0, 255}},
                        {"the whole word is compared", 3, {1ull << 32}, {kTcb}, {0, 255}},
                        {"above the authority's MCP", 3, {1}, {tcb}, {0, 0}}});
    }
}

TEST_F(TcbTest, FreshThreadHasPriorityAndMcpZero)
{
    EXPECT_EQ(0, target->priority);
    EXPECT_EQ(0, target->mcp);
}

TEST_F(TcbTest, PriorityMayEqualTheAuthoritysMcp)
{
    Thread authority = sys.spawn({.mcp = 50, .start = false});
    EXPECT_OK(sys.TCB_SetPriority(tcb, authority.tcb, 50));
    EXPECT_EQ(50, target->priority);
    EXPECT_CALL_ERROR(sys.TCB_SetPriority(tcb, authority.tcb, 51), STATUS_RANGE_ERROR, {0, 50});
    EXPECT_EQ(50, target->priority);
}

TEST_F(TcbTest, AuthorityNeedNotBeTheCaller)
{
    ASSERT_OK(sys.TCB_SetMCPriority(kTcb, kTcb, 100));
    Thread authority = sys.spawn({.mcp = 100, .start = false});
    EXPECT_CALL_ERROR(sys.TCB_SetPriority(tcb, kTcb, 101), STATUS_RANGE_ERROR, {0, 100});
    EXPECT_OK(sys.TCB_SetPriority(tcb, authority.tcb, 100));
}

TEST_F(TcbTest, AuthoritysOwnPriorityDoesNotMatter)
{
    Thread authority = sys.spawn({.priority = 3, .mcp = 200, .start = false});
    EXPECT_OK(sys.TCB_SetPriority(tcb, authority.tcb, 200));
    EXPECT_EQ(200, target->priority);
}

TEST_F(TcbTest, AuthorityMayBeTheTarget)
{
    Thread t = sys.spawn({.priority = 3, .mcp = 200, .start = false});
    EXPECT_OK(sys.TCB_SetPriority(t.tcb, t.tcb, 200));
    EXPECT_EQ(200, t.object->priority);
}

TEST_F(TcbTest, McpMayBeBelowThePriority)
{
    Thread t = sys.spawn({.priority = 90, .mcp = 95});
    EXPECT_OK(sys.TCB_SetMCPriority(t.tcb, kTcb, 5));
    EXPECT_EQ(5, t.object->mcp);
    EXPECT_EQ(90, t.object->priority);
    EXPECT_EQ(THREAD_QUEUE_READY, t.object->queue);
}

TEST_F(TcbTest, LoweredMcpCannotBeRaisedByItself)
{
    ASSERT_OK(sys.TCB_SetMCPriority(kTcb, kTcb, 100));
    EXPECT_CALL_ERROR(sys.TCB_SetMCPriority(kTcb, kTcb, 101), STATUS_RANGE_ERROR, {0, 100});
}

/* --- SetSchedParams -------------------------------------------------------------------------- */

TEST_F(TcbTest, SchedParamsRefusalsOfTheMessage)
{
    expect_refused(sys, tcb, kSetSchedParams,
                   {{"no words", 1, {}, {kTcb, 0, 0}, {}},
                    {"one word", 1, {1}, {kTcb, 0, 0}, {}},
                    {"no caps", 1, {1, 1}, {}, {}},
                    {"two caps", 1, {1, 1}, {kTcb, 0}, {}},
                    {"two caps, bad authority", 1, {1, 1}, {ep, 0}, {}}});
}

TEST_F(TcbTest, SchedParamsRefusalsInOrder)
{
    expect_refused(
        sys, tcb, kSetSchedParams,
        {{"authority is an endpoint", 2, {1, 1}, {ep, 0, 0}, {1}},
         {"authority is null, all else bad", 2, {256, 256}, {0, ep, ntfn}, {1}},
         {"MCP too high", 3, {256, 1}, {kTcb, 0, 0}, {0, 255}},
         {"MCP above the authority's, all else bad", 3, {1, 300}, {tcb, ep, ntfn}, {0, 0}},
         {"priority too high", 4, {255, 256}, {kTcb, 0, 0}, {0, 255}},
         {"priority too high, all else bad", 4, {255, 256}, {kTcb, ep, ntfn}, {0, 255}},
         {"SC is an endpoint", 9, {1, 1}, {kTcb, ep, 0}, {2}},
         {"SC is an endpoint, bad handler", 9, {1, 1}, {kTcb, ep, ntfn}, {2}},
         {"handler is a notification", 10, {1, 1}, {kTcb, 0, ntfn}, {3}}});
}

TEST_F(TcbTest, SchedParamsRefusesASecondSc)
{
    Thread owner = sys.spawn({.start = false});
    Thread other = sys.spawn({.start = false});
    CPtr fresh = sys.make_sc(1000, 1000);
    expect_refused(sys, owner.tcb, kSetSchedParams,
                   {{"a second SC", 5, {1, 1}, {kTcb, fresh, 0}, {}},
                    {"the SC of another", 5, {1, 1}, {kTcb, other.sc, 0}, {}},
                    {"a second SC, bad handler", 5, {1, 1}, {kTcb, fresh, ntfn}, {}}});
}

TEST_F(TcbTest, SchedParamsRefusesAnScBoundElsewhere)
{
    Thread other = sys.spawn({.start = false});
    CPtr unreleased = exhausted_sc();
    Thread blocked = blocked_passive();
    expect_refused(sys, tcb, kSetSchedParams,
                   {{"the SC of another", 6, {1, 1}, {kTcb, other.sc, 0}, {}},
                    {"the SC of another, bad handler", 6, {1, 1}, {kTcb, other.sc, ntfn}, {}}});
    ASSERT_OK(sys.SchedContext_Bind(unreleased, tcb));
    expect_refused(sys, blocked.tcb, kSetSchedParams,
                   {"that of another, not released", 6, {1, 1}, {kTcb, unreleased, 0}, {}});
}

TEST_F(TcbTest, SchedParamsRefusesAnUnreleasedScForABlockedThread)
{
    CPtr unconfigured = sys.make(ABI_OBJECT_SCHED_CONTEXT, 8);
    CPtr future = exhausted_sc();
    Thread blocked = blocked_passive();
    expect_refused(sys, blocked.tcb, kSetSchedParams,
                   {{"not configured", 7, {1, 1}, {kTcb, unconfigured, 0}, {}},
                    {"head in the future", 7, {1, 1}, {kTcb, future, 0}, {}},
                    {"head in the future, bad handler", 7, {1, 1}, {kTcb, future, ntfn}, {}}});
}

TEST_F(TcbTest, SchedParamsRefusesItsOwnUnreleasedScToo)
{
    Thread t = sys.spawn({.priority = 110, .budget_us = 100, .period_us = 10000, .timeout_ep = ep});
    sys.advance(100);
    EXPECT_CURRENT(sys, sys.root());
    EXPECT_EQ(THREAD_BLOCKED_ON_SEND, t.state()) << "with a timeout fault";
    expect_refused(sys, t.tcb, kSetSchedParams,
                   {"its own, head in the future", 7, {1, 1}, {kTcb, t.sc, 0}, {}});
}

TEST_F(TcbTest, SchedParamsAcceptsAFutureScForAThreadThatIsNotBlocked)
{
    CPtr future = exhausted_sc();
    EXPECT_OK(sys.TCB_SetSchedParams(tcb, kTcb, 1, 1, future, 0));
    EXPECT_EQ(sys.sc_of(future), target->sc);
}

TEST_F(TcbTest, SchedParamsAcceptsAReleasedScForABlockedThread)
{
    Thread blocked = blocked_passive();
    CPtr sc = sys.make_sc(1000, 1000);
    EXPECT_OK(sys.TCB_SetSchedParams(blocked.tcb, kTcb, 1, 1, sc, 0));
    EXPECT_EQ(sys.sc_of(sc), blocked.object->sc);
    EXPECT_EQ(THREAD_BLOCKED_ON_NOTIFICATION, blocked.state());
}

TEST_F(TcbTest, SchedParamsRefusesToTakeTheCallersSc)
{
    expect_refused(sys, kTcb, kSetSchedParams,
                   {{"null SC for itself", 8, {255, 100}, {kTcb, 0, 0}, {}},
                    {"null SC for itself, bad handler", 8, {255, 100}, {kTcb, 0, ntfn}, {}}});
}

TEST_F(TcbTest, SchedParamsSetsEverything)
{
    CPtr sc = sys.make_sc(1000, 2000);
    CPtr handler = sys.mint(ep, 0xBAD, ABI_RIGHT_ALL);
    EXPECT_OK(sys.TCB_SetSchedParams(tcb, kTcb, 70, 60, sc, handler));
    EXPECT_EQ(70, target->mcp);
    EXPECT_EQ(60, target->priority);
    EXPECT_EQ(sys.sc_of(sc), target->sc);
    EXPECT_EQ(target, sys.sc_of(sc)->thread);
    EXPECT_EQ(CAP_ENDPOINT, handler_of(target).type);
    EXPECT_EQ(0xBADu, handler_of(target).badge);
    EXPECT_EQ(THREAD_INACTIVE, target->state);
}

TEST_F(TcbTest, SchedParamsWithTheSameScKeepsIt)
{
    Thread t = sys.spawn();
    EXPECT_OK(sys.TCB_SetSchedParams(t.tcb, kTcb, 1, 2, t.sc, 0));
    EXPECT_EQ(sys.sc_of(t.sc), t.object->sc);
    EXPECT_EQ(1, t.object->mcp);
    EXPECT_EQ(2, t.object->priority);
}

TEST_F(TcbTest, SchedParamsWithANullScTakesItAway)
{
    Thread t = sys.spawn();
    EXPECT_EQ(THREAD_QUEUE_READY, t.object->queue);
    EXPECT_OK(sys.TCB_SetSchedParams(t.tcb, kTcb, 255, 100, 0, 0));
    EXPECT_EQ(nullptr, t.object->sc);
    EXPECT_EQ(nullptr, sys.sc_of(t.sc)->thread);
    EXPECT_EQ(THREAD_QUEUE_NONE, t.object->queue);
}

TEST_F(TcbTest, SchedParamsWithANullScLeavesAPassiveThreadPassive)
{
    EXPECT_OK(sys.TCB_SetSchedParams(tcb, kTcb, 1, 1, 0, 0));
    EXPECT_EQ(nullptr, target->sc);
}

TEST_F(TcbTest, SchedParamsReplacesTheFaultHandler)
{
    ASSERT_OK(sys.TCB_SetSchedParams(tcb, kTcb, 1, 1, 0, ep));
    EXPECT_EQ(CAP_ENDPOINT, handler_of(target).type);
    EXPECT_OK(sys.TCB_SetSchedParams(tcb, kTcb, 1, 1, 0, 0));
    EXPECT_EQ(CAP_NULL, handler_of(target).type);
}

TEST_F(TcbTest, SchedParamsOfTheCallerItselfWithItsSc)
{
    EXPECT_OK(sys.TCB_SetSchedParams(kTcb, kTcb, 200, 150, kSchedContext, 0));
    EXPECT_EQ(150, sys.root().object->priority);
    EXPECT_EQ(200, sys.root().object->mcp);
}

TEST_F(TcbTest, SchedParamsStartsARunnableThreadThatGetsItsSc)
{
    Thread t = sys.spawn({.priority = 10, .passive = true});
    EXPECT_EQ(THREAD_RESTART, t.state());
    CPtr sc = sys.make_sc(1000, 1000);
    EXPECT_FALSE(sys.TCB_SetSchedParams(t.tcb, kTcb, 255, 110, sc, 0).returned);
    EXPECT_CURRENT(sys, t);
}

/* Which capabilities may be fault handlers: docs/abi/08 section 8.1. */
TEST_F(TcbTest, FaultHandlerNeedsWriteAndAKindOfGrant)
{
    for (Word rights = 0; rights <= ABI_RIGHT_ALL; rights++) {
        bool good = (rights & ABI_RIGHT_WRITE) != 0 &&
                    (rights & (ABI_RIGHT_GRANT | ABI_RIGHT_GRANT_REPLY)) != 0;
        CPtr handler = sys.copy(ep, rights);
        SCOPED_TRACE(rights);
        EXPECT_EQ(good ? STATUS_OK : STATUS_INVALID_CAPABILITY,
                  sys.TCB_SetSchedParams(tcb, kTcb, 0, 0, 0, handler).label);
        EXPECT_EQ(good ? STATUS_OK : STATUS_INVALID_CAPABILITY,
                  sys.TCB_SetTimeoutEndpoint(tcb, handler).label);
        EXPECT_EQ(good ? STATUS_OK : STATUS_INVALID_CAPABILITY,
                  sys.TCB_SetSpace(tcb, handler, kCNode, 0, kVSpace, 0).label);
    }
}

/* --- The table of docs/abi/06 section 6.4 ---------------------------------------------------- */

class SetPriorityTest : public TcbTest {};

TEST_F(SetPriorityTest, ReadyThreadGoesToTheHeadOfItsNewQueue)
{
    Thread a = sys.spawn({.priority = 50});
    Thread b = sys.spawn({.priority = 50});
    Thread moved = sys.spawn({.priority = 40});
    EXPECT_OK(sys.TCB_SetPriority(moved.tcb, kTcb, 50));
    EXPECT_EQ(names({moved, b, a}), ready_queue(sys, 50));
    EXPECT_TRUE(ready_queue(sys, 40).empty());
}

TEST_F(SetPriorityTest, ReadyThreadWithTheSamePriorityGoesToTheHead)
{
    Thread a = sys.spawn({.priority = 50});
    Thread b = sys.spawn({.priority = 50});
    EXPECT_EQ(names({b, a}), ready_queue(sys, 50));
    EXPECT_OK(sys.TCB_SetPriority(a.tcb, kTcb, 50));
    EXPECT_EQ(names({a, b}), ready_queue(sys, 50));
}

TEST_F(SetPriorityTest, ReadyThreadRaisedAboveTheCallerRunsBeforeTheCallReturns)
{
    Thread t = sys.spawn({.priority = 50});
    EXPECT_FALSE(sys.TCB_SetPriority(t.tcb, kTcb, 101).returned);
    EXPECT_CURRENT(sys, t);
    EXPECT_EQ(names({sys.root()}), ready_queue(sys, 100));
    sys.park();
    EXPECT_CURRENT(sys, sys.root());
    EXPECT_EQ(0u, sys.message().label);
}

TEST_F(SetPriorityTest, ReadyThreadRaisedToTheCallersPriorityDoesNotPreempt)
{
    Thread a = sys.spawn({.priority = 100});
    Thread b = sys.spawn({.priority = 50});
    EXPECT_OK(sys.TCB_SetPriority(b.tcb, kTcb, 100));
    EXPECT_CURRENT(sys, sys.root());
    EXPECT_EQ(names({b, a}), ready_queue(sys, 100));
}

TEST_F(SetPriorityTest, CallerLoweredBelowAReadyThreadLosesTheProcessor)
{
    Thread t = sys.spawn({.priority = 50});
    EXPECT_FALSE(sys.TCB_SetPriority(kTcb, kTcb, 49).returned);
    EXPECT_CURRENT(sys, t);
    EXPECT_EQ(names({sys.root()}), ready_queue(sys, 49));
}

TEST_F(SetPriorityTest, CallerLoweredToAReadyThreadsPriorityGoesOn)
{
    Thread t = sys.spawn({.priority = 50});
    EXPECT_OK(sys.TCB_SetPriority(kTcb, kTcb, 50));
    EXPECT_CURRENT(sys, sys.root());
    EXPECT_EQ(names({t}), ready_queue(sys, 50));
}

TEST_F(SetPriorityTest, CallerThatKeepsItsPriorityGoesOn)
{
    Thread t = sys.spawn({.priority = 100});
    EXPECT_OK(sys.TCB_SetPriority(kTcb, kTcb, 100));
    EXPECT_EQ(names({t}), ready_queue(sys, 100));
}

TEST_F(SetPriorityTest, RunnableThreadWithoutScJustChanges)
{
    Thread t = sys.spawn({.priority = 50, .passive = true});
    EXPECT_OK(sys.TCB_SetPriority(t.tcb, kTcb, 200));
    EXPECT_EQ(200, t.object->priority);
    EXPECT_EQ(THREAD_QUEUE_NONE, t.object->queue);
    EXPECT_CURRENT(sys, sys.root());
}

TEST_F(SetPriorityTest, ThreadInTheReleaseQueueStaysThere)
{
    Thread t = sys.spawn({.priority = 110, .budget_us = 100, .period_us = 1000});
    sys.advance(100);
    EXPECT_EQ(THREAD_QUEUE_RELEASE, t.object->queue);
    EXPECT_OK(sys.TCB_SetPriority(t.tcb, kTcb, 200));
    EXPECT_EQ(200, t.object->priority);
    EXPECT_EQ(THREAD_QUEUE_RELEASE, t.object->queue);
    EXPECT_CURRENT(sys, sys.root());
    sys.advance(900);
    EXPECT_CURRENT(sys, t);
}

TEST_F(SetPriorityTest, InactiveThreadJustChanges)
{
    Thread t = sys.spawn({.start = false});
    EXPECT_OK(sys.TCB_SetPriority(t.tcb, kTcb, 200));
    EXPECT_EQ(200, t.object->priority);
    EXPECT_EQ(THREAD_INACTIVE, t.state());
    EXPECT_CURRENT(sys, sys.root());
}

TEST_F(SetPriorityTest, CallerWaitingForAReplyJustChanges)
{
    CPtr reply = sys.make(ABI_OBJECT_REPLY);
    Thread server = sys.spawn({.priority = 120});
    sys.recv(ep, reply);
    Thread client = sys.spawn({.priority = 110});
    EXPECT_CURRENT(sys, client);
    sys.call(ep, 1);
    EXPECT_CURRENT(sys, server);
    EXPECT_EQ(THREAD_BLOCKED_ON_REPLY, client.state());
    EXPECT_OK(sys.TCB_SetPriority(client.tcb, kTcb, 200));
    EXPECT_EQ(200, client.object->priority);
    EXPECT_EQ(THREAD_BLOCKED_ON_REPLY, client.state());
    EXPECT_CURRENT(sys, server);
}

/* Three threads queued on something, the middle one changed. */
class SetPriorityOfQueuedTest : public SetPriorityTest {
  protected:
    template <typename Block> std::vector<Thread> block(const Block &operation)
    {
        std::vector<Thread> threads;
        for (uint8_t priority : {130, 120, 110}) {
            Thread t = sys.spawn({.priority = priority});
            EXPECT_CURRENT(sys, t);
            operation();
            EXPECT_CURRENT(sys, sys.root());
            threads.push_back(t);
        }
        return threads;
    }
    /* Root's changes keep the queue in order: up, among equals, down. */
    void expect_reordering(const std::vector<Thread> &t, const struct thread_list &list)
    {
        EXPECT_EQ(names({t[0], t[1], t[2]}), queue_of(list));
        EXPECT_OK(sys.TCB_SetPriority(t[2].tcb, kTcb, 140));
        EXPECT_EQ(names({t[2], t[0], t[1]}), queue_of(list));
        EXPECT_OK(sys.TCB_SetPriority(t[2].tcb, kTcb, 130));
        EXPECT_EQ(names({t[0], t[2], t[1]}), queue_of(list)) << "behind its equals";
        EXPECT_OK(sys.TCB_SetPriority(t[0].tcb, kTcb, 130));
        EXPECT_EQ(names({t[2], t[0], t[1]}), queue_of(list)) << "the same priority, too";
        EXPECT_OK(sys.TCB_SetPriority(t[2].tcb, kTcb, 0));
        EXPECT_EQ(names({t[0], t[1], t[2]}), queue_of(list));
        EXPECT_CURRENT(sys, sys.root());
    }
};

TEST_F(SetPriorityOfQueuedTest, SendersAreReordered)
{
    std::vector<Thread> t = block([&] { sys.send(ep); });
    EXPECT_EQ(THREAD_BLOCKED_ON_SEND, t[0].state());
    expect_reordering(t, sys.endpoint_of(ep)->queue);
    EXPECT_EQ(THREAD_BLOCKED_ON_SEND, t[2].state());
}

TEST_F(SetPriorityOfQueuedTest, ReceiversAreReordered)
{
    std::vector<Thread> t = block([&] { sys.wait(ep); });
    EXPECT_EQ(THREAD_BLOCKED_ON_RECEIVE, t[0].state());
    expect_reordering(t, sys.endpoint_of(ep)->queue);
    EXPECT_EQ(THREAD_BLOCKED_ON_RECEIVE, t[2].state());
}

TEST_F(SetPriorityOfQueuedTest, WaitersAreReordered)
{
    std::vector<Thread> t = block([&] { sys.wait(ntfn); });
    EXPECT_EQ(THREAD_BLOCKED_ON_NOTIFICATION, t[0].state());
    expect_reordering(t, sys.ntfn_of(ntfn)->queue);
    EXPECT_EQ(THREAD_BLOCKED_ON_NOTIFICATION, t[2].state());
}

} // namespace
} // namespace albireo
