/* SPDX-License-Identifier: BSD-2-Clause */

/* Timeout faults: docs/abi/08 sections 8.3 to 8.5, docs/abi/06 section 6.9, docs/abi/07 section 7.4
 * step 5, docs/abi/15 items 95 and 96. */

#include <numeric>

#include "tests/api/sched_support.h"

namespace albireo {
namespace {

constexpr Word kTimeout = FAULT_TIMEOUT;

class TimeoutTest : public ::testing::Test {
  protected:
    /* A thread above root with 100 us in 1000 and a timeout handler. */
    Thread with_handler(ThreadOptions options = {})
    {
        options.priority = 110;
        options.budget_us = 100;
        options.period_us = 1000;
        options.sc_badge = 0x77;
        options.timeout_ep = handler;
        return sys.spawn(options);
    }
    /* It has used up its budget, and root has its fault. */
    Thread timed_out()
    {
        Thread t = with_handler();
        sys.advance(100);
        EXPECT_CURRENT(sys, root);
        EXPECT_EQ(THREAD_BLOCKED_ON_SEND, t.state());
        expect_fault(99);
        EXPECT_EQ(THREAD_BLOCKED_ON_REPLY, t.state());
        return t;
    }
    void expect_fault(Word consumed_us)
    {
        Reply fault = sys.recv(ep, reply);
        EXPECT_EQ(0xBADu, fault.badge);
        EXPECT_EQ(kTimeout, fault.label);
        EXPECT_EQ((std::vector<Word>{0x77, consumed_us}), fault.words);
        EXPECT_EQ(0u, fault.extra_caps);
    }

    System sys;
    Thread root = sys.root();
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr reply = sys.make(ABI_OBJECT_REPLY);
    CPtr handler = sys.mint(ep, 0xBAD);
    CPtr never = sys.make(ABI_OBJECT_NOTIFICATION);
};

/* --- Raising --------------------------------------------------------------------------------- */

TEST_F(TimeoutTest, EndOfTheBudgetSendsTheBadgeOfTheScAndTheTimeConsumed)
{
    timed_out();
}

TEST_F(TimeoutTest, FaulterWaitsInNoSchedulingQueueAndKeepsItsSc)
{
    Thread t = with_handler();
    sys.advance(100);
    EXPECT_EQ(THREAD_QUEUE_ENDPOINT, t.object->queue);
    EXPECT_EQ(sys.sc_of(t.sc), t.object->sc);
    sys.advance(5000);
    EXPECT_CURRENT(sys, root);
}

TEST_F(TimeoutTest, ConsumedTimeIsReadWhenTheMessageIsTaken)
{
    Thread t = with_handler();
    sys.advance(100);
    EXPECT_EQ(99u, sys.SchedContext_Consumed(t.sc)[0]);
    expect_fault(0);
}

TEST_F(TimeoutTest, TakingTheMessageResetsTheCounter)
{
    Thread t = timed_out();
    EXPECT_EQ(0u, sys.SchedContext_Consumed(t.sc)[0]);
}

TEST_F(TimeoutTest, WithoutScTheMessageHasOneWord)
{
    Thread t = with_handler();
    sys.advance(100);
    ASSERT_OK(sys.SchedContext_Unbind(t.sc));
    Reply fault = sys.recv(ep, reply);
    EXPECT_EQ(kTimeout, fault.label);
    EXPECT_EQ(std::vector<Word>{0x77}, fault.words);
}

TEST_F(TimeoutTest, SystemCallWithoutBudgetFaultsAndIsNotPerformed)
{
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    Thread t = with_handler();
    const Word pc = t.regs().pc;
    sys.advance(85);
    sys.signal(ntfn);
    EXPECT_CURRENT(sys, root);
    EXPECT_EQ(NTFN_IDLE, sys.ntfn_of(ntfn)->state);
    expect_fault(85);
    EXPECT_EQ(pc, sys.TCB_ReadRegisters(t.tcb, 0, 1)[0]);
    sys.send(reply);
    sys.advance(900);
    EXPECT_CURRENT(sys, t);
    EXPECT_EQ(pc, t.regs().pc);
    sys.refire();
    EXPECT_EQ(NTFN_ACTIVE, sys.ntfn_of(ntfn)->state);
}

TEST_F(TimeoutTest, RoundRobinNeverTimesOut)
{
    Thread t =
        sys.spawn({.priority = 110, .budget_us = 100, .period_us = 100, .timeout_ep = handler});
    sys.advance(5000);
    EXPECT_CURRENT(sys, t);
}

TEST_F(TimeoutTest, WithoutHandlerTheThreadWaitsForItsRelease)
{
    Thread t =
        sys.spawn({.priority = 110, .budget_us = 100, .period_us = 1000, .fault_ep = handler});
    sys.advance(100);
    EXPECT_EQ(names({t}), release_queue(sys));
    EXPECT_EQ(nullptr, sys.endpoint_of(ep)->queue.head);
}

TEST_F(TimeoutTest, RemovedHandlerIsNoHandler)
{
    Thread t = with_handler();
    EXPECT_OK(sys.TCB_SetTimeoutEndpoint(t.tcb, 0));
    sys.advance(100);
    EXPECT_EQ(names({t}), release_queue(sys));
}

TEST_F(TimeoutTest, TimeoutFaultsWithAnotherUsableRefillToo)
{
    Thread t = with_handler({.extra_refills = 4, .sporadic = true});
    Thread high = sys.spawn({.priority = 100});
    const Word start = sys.now();
    sys.advance(40);
    sys.wait(never);
    ASSERT_OK(sys.TCB_SetPriority(high.tcb, kTcb, 120)); /* Runs at once. */
    sys.advance_ticks(start + 5000 - sys.now());
    sys.signal(never);
    sys.advance_ticks(start + 12000 - sys.now());
    sys.recv(never);
    EXPECT_CURRENT(sys, t); /* [(start + 5000, 600), (start + 10000, 400)], both usable. */
    sys.advance(60);
    EXPECT_CURRENT(sys, root);
    EXPECT_EQ(THREAD_BLOCKED_ON_SEND, t.state());
    expect_fault(99);
}

TEST_F(TimeoutTest, SuspendedFaulterForgetsItsTimeout)
{
    Thread t = with_handler();
    sys.advance(100);
    EXPECT_OK(sys.TCB_Suspend(t.tcb));
    EXPECT_EQ(FAULT_NONE, t.object->fault.type);
    EXPECT_OK(sys.TCB_Resume(t.tcb));
    EXPECT_EQ(names({t}), release_queue(sys));
    sys.advance(900);
    EXPECT_CURRENT(sys, t);
}

/* --- Who takes it ---------------------------------------------------------------------------- */

TEST_F(TimeoutTest, WaitingHandlerRunsAtOnce)
{
    Thread server = sys.spawn({.priority = 120});
    sys.recv(ep, reply);
    Thread t = with_handler();
    sys.advance(100);
    EXPECT_CURRENT(sys, server);
    EXPECT_EQ((std::vector<Word>{0x77, 99}), sys.message().words);
    EXPECT_EQ(THREAD_BLOCKED_ON_REPLY, t.state());
    EXPECT_NE(server.object->sc, t.object->sc);
}

TEST_F(TimeoutTest, PassiveHandlerIsNotLentTheSc)
{
    Thread server = sys.spawn({.priority = 120});
    sys.recv(ep, reply);
    ASSERT_OK(sys.SchedContext_Unbind(server.sc));
    Thread t = with_handler();
    sys.advance(100);
    EXPECT_CURRENT(sys, root);
    EXPECT_EQ(THREAD_RUNNING, server.state());
    EXPECT_EQ(nullptr, server.object->sc);
    EXPECT_EQ(sys.sc_of(t.sc), t.object->sc);
    EXPECT_EQ(THREAD_BLOCKED_ON_REPLY, t.state());
    EXPECT_FALSE(sys.SchedContext_Bind(server.sc, server.tcb).returned);
    EXPECT_CURRENT(sys, server);
    EXPECT_EQ(kTimeout, sys.message().label);
}

TEST_F(TimeoutTest, HandlerWithoutReplyObjectLeavesTheFaulterInactive)
{
    Thread t = with_handler();
    sys.advance(100);
    EXPECT_EQ(kTimeout, sys.wait(ep).label);
    EXPECT_EQ(THREAD_INACTIVE, t.state());
}

/* --- Replying -------------------------------------------------------------------------------- */

TEST_F(TimeoutTest, EmptyReplyLetsItGoOnAtItsNextRelease)
{
    Thread t = timed_out();
    const Refills refills = refills_of(sys, t.sc);
    EXPECT_TRUE(sys.send(reply).returned);
    EXPECT_EQ(THREAD_RESTART, t.state());
    EXPECT_EQ(names({t}), release_queue(sys)) << "and no second timeout by the reply";
    EXPECT_EQ(refills, refills_of(sys, t.sc));
    sys.advance_ticks(refills[0].time - sys.now());
    EXPECT_CURRENT(sys, t);
}

TEST_F(TimeoutTest, SpinnerTimesOutOncePerPeriod)
{
    Thread t = with_handler();
    for (int i = 0; i < 20; i++) {
        EXPECT_CURRENT(sys, t);
        sys.advance(100);
        EXPECT_CURRENT(sys, root);
        expect_fault(99);
        EXPECT_TRUE(sys.send(reply).returned);
        sys.advance_ticks(refills_of(sys, t.sc)[0].time - sys.now());
    }
}

TEST_F(TimeoutTest, LateReplyLetsItGoOnAtOnce)
{
    Thread t = timed_out();
    sys.advance(2000);
    EXPECT_FALSE(sys.send(reply).returned);
    EXPECT_CURRENT(sys, t);
}

TEST_F(TimeoutTest, ReplyWithALabelStopsIt)
{
    Thread t = timed_out();
    sys.send(reply, 1);
    EXPECT_EQ(THREAD_INACTIVE, t.state());
    sys.advance(3000);
    EXPECT_CURRENT(sys, root);
}

TEST_F(TimeoutTest, ReplySetsAllRegisters)
{
    Thread t = timed_out();
    std::vector<Word> words(32);
    std::iota(words.begin(), words.end(), 1000);
    sys.send(reply, 0, words);
    sys.advance(900);
    EXPECT_CURRENT(sys, t);
    const int order[] = {1,  2,  3,  8,  9,  18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 10,
                         11, 12, 13, 14, 15, 16, 17, 5,  6,  7,  28, 29, 30, 31, 4};
    EXPECT_EQ(1000u, t.regs().pc);
    for (size_t i = 0; i < 31; i++) {
        EXPECT_EQ(1001 + i, t.regs().x[order[i]]) << "x" << order[i];
    }
}

TEST_F(TimeoutTest, ShortReplySetsOnlyTheFirstRegisters)
{
    Thread t = timed_out();
    const struct regs before = t.regs();
    sys.send(reply, 0, {0x5000, 0x6000});
    EXPECT_EQ(0x5000u, t.regs().fault_pc);
    EXPECT_EQ(0x6000u, t.regs().x[REG_RA]);
    EXPECT_EQ(before.x[REG_SP], t.regs().x[REG_SP]);
}

TEST_F(TimeoutTest, ReplyWithALabelSetsRegistersToo)
{
    Thread t = timed_out();
    sys.send(reply, 9, {0x5000});
    EXPECT_EQ(THREAD_INACTIVE, t.state());
    EXPECT_EQ(0x5000u, t.regs().fault_pc);
}

/* --- Replies to a caller without budget ------------------------------------------------------ */

/* A client of 100 us in 1000, whose server has used up that budget; root has the server's Reply
 * object. */
class LateReplyTest : public TimeoutTest {
  protected:
    void serve(CPtr clients_handler, CPtr servers_handler)
    {
        server = sys.spawn({.priority = 120, .timeout_ep = servers_handler});
        sys.recv(calls, call);
        ASSERT_OK(sys.SchedContext_Unbind(server.sc));
        client = sys.spawn({.priority = 110,
                            .budget_us = 100,
                            .period_us = 1000,
                            .sc_badge = 0x77,
                            .timeout_ep = clients_handler});
        sys.advance(10);
        sys.call(calls, 1);
        EXPECT_CURRENT(sys, server);
        sys.advance(90);
        EXPECT_CURRENT(sys, root);
        EXPECT_EQ(sys.sc_of(client.sc), server.object->sc);
    }
    CPtr calls = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr call = sys.make(ABI_OBJECT_REPLY);
    Thread server;
    Thread client;
};

TEST_F(LateReplyTest, ServerWithoutHandlerWaitsForTheReleaseOfTheClientsSc)
{
    serve(handler, 0);
    EXPECT_EQ(names({server}), release_queue(sys)) << "the client's handler does not matter";
    sys.advance(900);
    EXPECT_CURRENT(sys, server);
}

TEST_F(LateReplyTest, TimeoutInAServerIsTheServersWithTheClientsBadge)
{
    CPtr servers_handler = sys.mint(ep, 0xBAD);
    serve(0, servers_handler);
    EXPECT_EQ(THREAD_BLOCKED_ON_SEND, server.state());
    expect_fault(99);
    EXPECT_EQ(THREAD_BLOCKED_ON_REPLY, server.state());
    EXPECT_EQ(sys.sc_of(client.sc), server.object->sc);
    EXPECT_EQ(THREAD_BLOCKED_ON_REPLY, client.state());
}

TEST_F(LateReplyTest, HandlerMayAnswerTheClientAndResetTheServer)
{
    serve(0, sys.mint(ep, 0xBAD));
    expect_fault(99);
    EXPECT_TRUE(sys.send(call, 5).returned);
    EXPECT_EQ(sys.sc_of(client.sc), client.object->sc);
    EXPECT_EQ(names({client}), release_queue(sys));
    EXPECT_EQ(nullptr, server.object->sc);
    EXPECT_EQ(THREAD_BLOCKED_ON_REPLY, server.state());
    ASSERT_OK(sys.SchedContext_Bind(server.sc, server.tcb));
    EXPECT_FALSE(sys.send(reply, 0, {0x4000}).returned);
    EXPECT_CURRENT(sys, server);
    EXPECT_EQ(0x4000u, server.regs().pc);
}

TEST_F(LateReplyTest, ClientWithoutHandlerWaitsForItsRelease)
{
    serve(0, 0);
    EXPECT_TRUE(sys.send(call, 5).returned);
    EXPECT_EQ(names({client}), release_queue(sys));
    EXPECT_EQ(THREAD_RUNNING, client.state());
    sys.advance(900);
    EXPECT_CURRENT(sys, client);
    EXPECT_EQ(5u, sys.message().label);
}

TEST_F(LateReplyTest, ClientWithHandlerTimesOutWithItsReply)
{
    serve(handler, 0);
    const Word ecall = client.regs().fault_pc;
    EXPECT_TRUE(sys.send(call, 5).returned);
    EXPECT_EQ(THREAD_BLOCKED_ON_SEND, client.state());
    expect_fault(99);
    EXPECT_TRUE(sys.send(reply).returned);
    EXPECT_EQ(names({client}), release_queue(sys));
    sys.advance(900);
    EXPECT_CURRENT(sys, client);
    EXPECT_EQ(5u, sys.message().label);
    EXPECT_EQ(ecall + 4, client.regs().pc) << "its Call is complete and must not be repeated";
}

TEST_F(LateReplyTest, ReplyToAnotherFaultTimesOutIfTheHandlerHasUsedTheBudget)
{
    server = sys.spawn({.priority = 120});
    sys.recv(calls, call);
    ASSERT_OK(sys.SchedContext_Unbind(server.sc));
    client = with_handler({.fault_ep = calls});
    const Word pc = client.regs().pc;
    sys.fault(2, 0);
    EXPECT_CURRENT(sys, server);
    sys.advance(100);
    EXPECT_CURRENT(sys, root);
    EXPECT_TRUE(sys.send(call).returned);
    EXPECT_EQ(THREAD_BLOCKED_ON_SEND, client.state());
    expect_fault(99);
    EXPECT_TRUE(sys.send(reply).returned);
    sys.advance(900);
    EXPECT_CURRENT(sys, client);
    EXPECT_EQ(pc, client.regs().pc);
}

} // namespace
} // namespace albireo
