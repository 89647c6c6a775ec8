/* SPDX-License-Identifier: BSD-2-Clause */

/* Deletions that are stopped in the middle of finalising one object, docs/abi/03 section 3.9. */
#include <vector>

#include "tests/support/system.h"

namespace albireo {

namespace {

constexpr uint32_t kLine = 5;
constexpr size_t kThreads = 5;

class FinalisationTest : public ::testing::Test {
  protected:
    void SetUp() override
    {
        CPtr handler = sys.alloc_slot();
        ASSERT_OK(sys.IRQControl_Get(kIrqControl, kLine, kCNode, handler, 64));
        ASSERT_OK(sys.IRQHandler_SetNotification(handler, sys.make(ABI_OBJECT_NOTIFICATION)));
        sys.poll_every(1);
    }

    /* Threads below root that are blocked: each does `block` as the current thread. */
    std::vector<Thread> blocked(const std::function<void()> &block)
    {
        std::vector<Thread> threads;
        for (size_t i = 0; i < kThreads; i++) {
            threads.push_back(sys.spawn({.priority = 110}));
            block();
            EXPECT_CURRENT(sys, sys.root());
            EXPECT_OK(sys.TCB_SetPriority(threads.back().tcb, kTcb, 50));
        }
        return threads;
    }

    /* Deletes a slot of the root CNode while an interrupt comes at every preemption point. */
    void delete_interrupted(CPtr slot)
    {
        for (uint64_t n = 1; n <= 64; n++) {
            sys.preempt_at(n, kLine);
        }
        EXPECT_OK(sys.del(slot));
        EXPECT_GE(sys.restarts, kThreads - 1);
        EXPECT_TRUE(sys.is_empty(slot));
        sim_clear_injections(sys.sim());
    }

    System sys;
};

void expect_restarted(const std::vector<Thread> &threads)
{
    for (const Thread &thread : threads) {
        EXPECT_EQ(THREAD_RESTART, thread.state());
    }
}

TEST_F(FinalisationTest, OfAnEndpointWithManySendersGoesOnAfterInterrupts)
{
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    std::vector<Thread> senders = blocked([&] { sys.send(ep); });

    delete_interrupted(ep);
    expect_restarted(senders);
}

TEST_F(FinalisationTest, OfAnEndpointInsideACNodeGoesOnAfterInterrupts)
{
    CPtr cnode = sys.make_cnode(4);
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    std::vector<Thread> senders = blocked([&] { sys.send(ep); });
    ASSERT_OK(sys.CNode_Move(cnode, 3, 4, kCNode, ep, 64));

    delete_interrupted(cnode);
    expect_restarted(senders);
}

/* Senders above root try again as soon as they are restarted: they find nothing to queue on. */
TEST_F(FinalisationTest, OfAnEndpointEndsThoughItsSendersOutrankTheDeleter)
{
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    std::vector<Thread> senders;
    for (size_t i = 0; i < kThreads; i++) {
        senders.push_back(sys.spawn({.priority = 110}));
        sys.call(ep, 7);
    }
    CPtr park = sys.make(ABI_OBJECT_NOTIFICATION);
    EXPECT_CURRENT(sys, sys.root());
    for (uint64_t n = 1; n <= 64; n++) {
        sys.preempt_at(n, kLine);
    }
    sys.del(ep);
    for (int i = 0; i < 100 && !sys.is_current(sys.root()); i++) {
        EXPECT_TRUE(sys.refire()); /* Its Call, again. */
        EXPECT_EQ(uint64_t{STATUS_INVALID_CAPABILITY}, sys.message().label);
        sys.wait(park);
    }
    ASSERT_TRUE(sys.is_current(sys.root()));
    for (int i = 0; i < 100 && !sys.is_empty(ep); i++) {
        sys.refire();
        while (!sys.is_current(sys.root())) {
            EXPECT_TRUE(sys.refire());
            EXPECT_EQ(uint64_t{STATUS_INVALID_CAPABILITY}, sys.message().label);
            sys.wait(park);
        }
    }
    EXPECT_TRUE(sys.is_empty(ep));
    for (const Thread &sender : senders) {
        EXPECT_EQ(THREAD_BLOCKED_ON_NOTIFICATION, sender.state());
    }
}

/* An interrupt holds the last capability to a notification with many waiters, and loses it. */
class ReplacedNotificationTest : public FinalisationTest {
  protected:
    void SetUp() override
    {
        FinalisationTest::SetUp();
        ASSERT_OK(sys.IRQControl_Get(kIrqControl, kLine + 1, kCNode, handler, 64));
        ASSERT_OK(sys.IRQHandler_SetNotification(handler, ntfn));
        waiters = blocked([&] { sys.wait(ntfn); });
        ASSERT_OK(sys.del(ntfn));
        for (uint64_t n = 1; n <= 64; n++) {
            sys.preempt_at(n, kLine);
        }
    }

    CPtr handler = sys.alloc_slot();
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    std::vector<Thread> waiters;
};

TEST_F(ReplacedNotificationTest, ClearGoesOnAfterInterrupts)
{
    EXPECT_OK(sys.IRQHandler_Clear(handler));
    EXPECT_GE(sys.restarts, kThreads - 1);
    expect_restarted(waiters);
}

TEST_F(ReplacedNotificationTest, SetNotificationGoesOnAfterInterrupts)
{
    CPtr other = sys.make(ABI_OBJECT_NOTIFICATION);
    EXPECT_OK(sys.IRQHandler_SetNotification(handler, other));
    EXPECT_GE(sys.restarts, kThreads - 1);
    expect_restarted(waiters);
    sim_clear_injections(sys.sim());
    sys.irq(kLine + 1);
    EXPECT_EQ(NTFN_ACTIVE, sys.ntfn_of(other)->state);
}

TEST_F(FinalisationTest, OfAnInterruptsNotificationGoesOnAfterInterrupts)
{
    CPtr handler = sys.alloc_slot();
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    ASSERT_OK(sys.IRQControl_Get(kIrqControl, kLine + 1, kCNode, handler, 64));
    ASSERT_OK(sys.IRQHandler_SetNotification(handler, ntfn));
    std::vector<Thread> waiters = blocked([&] { sys.wait(ntfn); });
    ASSERT_OK(sys.del(ntfn)); /* Now the interrupt holds the last capability. */

    delete_interrupted(handler);
    expect_restarted(waiters);
    EXPECT_FALSE(sim_irq_enabled(sys.sim(), kLine + 1));
    EXPECT_OK(sys.IRQControl_Get(kIrqControl, kLine + 1, kCNode, handler, 64));
}

TEST(FinalisationOfInterruptsTest, OneInServiceFiresForItsNextOwner)
{
    System sys({.complete_at_claim = false});
    CPtr handler = sys.alloc_slot();
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    for (int owner = 0; owner < 2; owner++) {
        ASSERT_OK(sys.IRQControl_Get(kIrqControl, kLine, kCNode, handler, 64));
        ASSERT_OK(sys.IRQHandler_SetNotification(handler, sys.mint(ntfn, 1)));
        sys.irq(kLine);
        EXPECT_EQ(1u, sys.nb_wait(ntfn).badge);
        ASSERT_OK(sys.del(handler)); /* Never acknowledged. */
    }
}

/* Two CNodes hold the last capability to each other, and are made from different untypeds. Revoking
 * one untyped is stopped after every possible number of steps, then the other is revoked: its CNode
 * contains the slot that the first operation stands at. */
TEST_F(FinalisationTest, OfACycleIsTakenOverByTheRevocationOfItsOtherHalf)
{
    bool stopped = true;
    uint64_t n = 0;
    sys.auto_restart = false;
    while (stopped) {
        n++;
        CPtr first = sys.untyped(8);
        CPtr second = sys.untyped(8);
        CPtr a = sys.alloc_slot();
        CPtr b = sys.alloc_slot();
        ASSERT_OK(sys.retype(first, ABI_OBJECT_CAP_TABLE, 2, a));
        ASSERT_OK(sys.retype(second, ABI_OBJECT_CAP_TABLE, 3, b));
        CPtr way_in = sys.copy(a);
        ASSERT_OK(sys.CNode_Move(b, 5, 3, kCNode, a, 64));
        ASSERT_OK(sys.CNode_Move(way_in, 1, 2, kCNode, b, 64));
        ASSERT_OK(sys.del(way_in));

        sys.preempt_at(n, kLine);
        stopped = !sys.revoke(first).returned;
        sim_clear_injections(sys.sim());
        EXPECT_OK(sys.revoke(second));
        EXPECT_OK(sys.revoke(first));
        for (CPtr untyped : {first, second}) {
            CPtr again = sys.alloc_slot();
            EXPECT_OK(sys.retype(untyped, ABI_OBJECT_UNTYPED, 8, again));
        }
    }
    EXPECT_GT(n, 8u);
}

TEST_F(FinalisationTest, ARevokerThatDeletesItsOwnTimeStopsAndGoesOnWithNewTime)
{
    CPtr untyped = sys.untyped(14);
    CPtr first = sys.alloc_slots(4);
    CPtr sc = first + 3;
    ASSERT_OK(sys.retype(untyped, ABI_OBJECT_ENDPOINT, 0, first, 3));
    ASSERT_OK(sys.retype(untyped, ABI_OBJECT_SCHED_CONTEXT, 8, sc));
    ASSERT_OK(sys.SchedControl_ConfigureFlags(sys.sched_control(), sc, 1000, 1000, 0, 0, 0));
    Thread revoker = sys.spawn({.priority = 110, .passive = true});
    ASSERT_TRUE(sys.SchedContext_Bind(sc, revoker.tcb).returned == false);
    EXPECT_CURRENT(sys, revoker);

    /* The newest child, the SC, goes first. Nobody's time is left for the rest. */
    EXPECT_FALSE(sys.revoke(untyped).returned);
    EXPECT_CURRENT(sys, sys.root());
    EXPECT_TRUE(sys.is_empty(sc));
    EXPECT_FALSE(sys.is_empty(first));

    EXPECT_FALSE(sys.SchedContext_Bind(sys.make_sc(1000, 1000), revoker.tcb).returned);
    EXPECT_CURRENT(sys, revoker);
    EXPECT_TRUE(sys.refire());
    EXPECT_EQ(0u, sys.message().label);
    EXPECT_TRUE(sys.is_empty(first));
}

} // namespace

} // namespace albireo
