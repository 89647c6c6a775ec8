/* SPDX-License-Identifier: BSD-2-Clause */

/* Notifications: signals, waiters, binding to a thread, and the SC that a notification lends
 * (docs/abi/07 sections 7.7 to 7.9, 15 items 74 to 80 and 118). */
#include <algorithm>
#include <array>

#include "tests/support/system.h"

namespace albireo {

namespace {

using Registers = std::array<Word, 32>;

Registers registers_of(const Thread &thread)
{
    Registers r;
    for (size_t i = 0; i < r.size(); i++) {
        r[i] = thread.regs().x[i];
    }
    return r;
}

void poison(const Thread &thread)
{
    for (Word i = 1; i < 32; i++) {
        thread.regs().x[i] = 0xBAD0000000 + i;
    }
}

/* A thread that waits for it; root continues. */
Thread waiter_at(System &sys, CPtr ntfn, uint8_t priority)
{
    Thread t = sys.spawn({.priority = priority});
    sys.wait(ntfn);
    EXPECT_EQ(t.state(), THREAD_BLOCKED_ON_NOTIFICATION);
    return t;
}

Thread passive_waiter(System &sys, CPtr ntfn, uint8_t priority)
{
    Thread t = waiter_at(sys, ntfn, priority);
    EXPECT_OK(sys.SchedContext_Unbind(t.sc));
    return t;
}

/* --- Signals ---------------------------------------------------------------------------------- */

TEST(NtfnSignal, BadgesThatNobodyWaitsForAreOredAndOneReceiveTakesThemAll)
{
    System sys;
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    CPtr a = sys.mint(ntfn, 0x30);
    CPtr b = sys.mint(ntfn, 0x41);
    sys.signal(a);
    sys.signal(b);
    sys.signal(a);
    EXPECT_EQ(sys.nb_wait(ntfn).badge, 0x71u);
    EXPECT_EQ(sys.nb_wait(ntfn).badge, 0u);
    EXPECT_EQ(sys.ntfn_of(ntfn)->state, NTFN_IDLE);
}

TEST(NtfnSignal, BadgeZeroMakesItActiveToo)
{
    System sys;
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    sys.signal(ntfn);
    EXPECT_EQ(sys.ntfn_of(ntfn)->state, NTFN_ACTIVE);
    EXPECT_TRUE(sys.wait(ntfn).returned);
    EXPECT_EQ(sys.message().badge, 0u);
}

TEST(NtfnSignal, AllBitsOfTheBadgeCount)
{
    System sys;
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    CPtr badged = sys.mint(ntfn, ~Word{0});
    sys.signal(badged);
    EXPECT_EQ(sys.nb_wait(ntfn).badge, ~Word{0});
}

TEST(NtfnSignal, WakesTheLongestWaiterOnly)
{
    System sys;
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    CPtr badged = sys.mint(ntfn, 0x8);
    Thread first = waiter_at(sys, ntfn, 110);
    Thread second = waiter_at(sys, ntfn, 110);
    sys.signal(badged);
    EXPECT_CURRENT(sys, first);
    EXPECT_EQ(sys.message().badge, 8u);
    EXPECT_EQ(second.state(), THREAD_BLOCKED_ON_NOTIFICATION);
    EXPECT_EQ(sys.ntfn_of(ntfn)->state, NTFN_WAITING) << "nothing is left over";
}

TEST(NtfnSignal, WaitersAreServedByPriorityAndFifoAmongEquals)
{
    System sys;
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    Thread a = waiter_at(sys, ntfn, 110);
    Thread b = waiter_at(sys, ntfn, 120);
    Thread c = waiter_at(sys, ntfn, 110);
    Thread d = waiter_at(sys, ntfn, 120);
    EXPECT_OK(sys.TCB_SetPriority(a.tcb, kTcb, 110)); /* Behind its equals again. */
    EXPECT_OK(sys.TCB_SetPriority(kTcb, kTcb, 200));
    for (const Thread &t : {b, d, c, a}) {
        EXPECT_EQ(t.state(), THREAD_BLOCKED_ON_NOTIFICATION);
        sys.signal(ntfn);
        EXPECT_EQ(t.state(), THREAD_RUNNING);
    }
    EXPECT_EQ(sys.ntfn_of(ntfn)->state, NTFN_IDLE);
}

TEST(NtfnSignal, WokenWaiterHasChangedA0Only)
{
    System sys;
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    CPtr badged = sys.mint(ntfn, 0x66);
    Thread t = sys.spawn({.priority = 110});
    poison(t);
    sys.ecall(ABI_SYS_WAIT, {ntfn});
    Registers expected = registers_of(t);
    sys.send(badged, 5, {1, 2, 3, 4}); /* The message is not looked at. */
    expected[REG_A0] = 0x66;
    EXPECT_EQ(registers_of(t), expected);
    EXPECT_EQ(t.regs().pc, t.regs().fault_pc + 4);
}

TEST(NtfnSignal, EqualWaiterComesLaterHigherOneAtOnce)
{
    System sys;
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    Thread t = waiter_at(sys, ntfn, 110);
    EXPECT_OK(sys.TCB_SetPriority(t.tcb, kTcb, 100));
    EXPECT_TRUE(sys.signal(ntfn).returned);
    EXPECT_EQ(t.object->queue, THREAD_QUEUE_READY);
    sys.yield();
    EXPECT_CURRENT(sys, t);
    sys.wait(ntfn);
    EXPECT_OK(sys.TCB_SetPriority(t.tcb, kTcb, 101));
    sys.signal(ntfn);
    EXPECT_CURRENT(sys, t);
}

TEST(NtfnSignal, SporadicWaiterGetsAnUnblockRefresh)
{
    System sys;
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    Thread t =
        sys.spawn({.priority = 110, .budget_us = 1000, .period_us = 10000, .sporadic = true});
    sys.wait(ntfn);
    EXPECT_OK(sys.TCB_SetPriority(t.tcb, kTcb, 90));
    sys.advance(2000);
    sys.signal(ntfn);
    EXPECT_EQ(refill_at(&t.sc_object()->refills, 0)->time, sys.now());
}

/* --- Bound to a thread ------------------------------------------------------------------------ */

/* A thread above root with a bound notification. */
struct Bound {
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    CPtr badged = sys.mint(ntfn, 0x30);
    CPtr reply = sys.make(ABI_OBJECT_REPLY);
    Thread thread;

    Bound()
    {
        thread = sys.spawn({.priority = 110, .start = false});
        EXPECT_OK(sys.TCB_BindNotification(thread.tcb, ntfn));
    }

    void start()
    {
        sys.TCB_Resume(thread.tcb);
        EXPECT_CURRENT(sys, thread);
    }
};

TEST(NtfnBound, SignalEndsAReceiveOnAnEndpoint)
{
    for (bool with_reply : {true, false}) {
        Bound b;
        b.start();
        poison(b.thread);
        if (with_reply) {
            b.sys.ecall(ABI_SYS_RECV, {b.ep, 0xabc, 1, 2, 3, 4, b.reply});
        } else {
            b.sys.ecall(ABI_SYS_WAIT, {b.ep, 0xabc, 1, 2, 3, 4});
        }
        EXPECT_EQ(b.thread.state(), THREAD_BLOCKED_ON_RECEIVE);
        Registers expected = registers_of(b.thread);
        expected[REG_A0] = 0x30;
        b.sys.signal(b.badged);
        EXPECT_CURRENT(b.sys, b.thread);
        EXPECT_EQ(registers_of(b.thread), expected);
        EXPECT_EQ(b.thread.object->reply, nullptr);
        EXPECT_EQ(b.sys.reply_of(b.reply)->thread, nullptr);
        EXPECT_EQ(b.sys.endpoint_of(b.ep)->queue.head, nullptr);
        EXPECT_EQ(b.sys.ntfn_of(b.ntfn)->state, NTFN_IDLE);
    }
}

TEST(NtfnBound, PendingSignalIsReceivedInsteadOfAMessage)
{
    for (int64_t number : {ABI_SYS_RECV, ABI_SYS_NB_RECV, ABI_SYS_WAIT, ABI_SYS_NB_WAIT}) {
        Bound b;
        Thread sender = b.sys.spawn({.priority = 120});
        b.sys.send(b.ep, 7);
        b.sys.signal(b.badged);
        b.start();
        poison(b.thread);
        Registers expected = registers_of(b.thread);
        const std::vector<Word> a = {b.ep, 0xabc, 1, 2, 3, 4, b.reply};
        std::copy(a.begin(), a.end(), expected.begin() + REG_A0);
        expected[REG_A7] = static_cast<Word>(number);
        expected[REG_A0] = 0x30;
        b.sys.ecall(number, a);
        EXPECT_EQ(registers_of(b.thread), expected);
        EXPECT_EQ(b.sys.reply_of(b.reply)->thread, nullptr);
        EXPECT_EQ(sender.state(), THREAD_BLOCKED_ON_SEND);
        EXPECT_EQ(b.sys.ntfn_of(b.ntfn)->state, NTFN_IDLE);
        b.sys.ecall(number, {b.ep, 0, 0, 0, 0, 0, b.reply});
        EXPECT_EQ(b.thread.message().label, 7u) << "the message comes next";
    }
}

TEST(NtfnBound, SignalStaysPendingWhileTheThreadDoesSomethingElse)
{
    for (int situation = 0; situation < 4; situation++) {
        Bound b;
        CPtr other = b.sys.make(ABI_OBJECT_NOTIFICATION);
        b.start();
        switch (situation) {
        case 0:
            b.sys.send(b.ep, 1);
            break;
        case 1:
            b.sys.call(b.ep, 1);
            b.sys.recv(b.ep, b.reply);
            EXPECT_EQ(b.thread.state(), THREAD_BLOCKED_ON_REPLY);
            break;
        case 2:
            b.sys.wait(other);
            break;
        default:
            b.sys.TCB_Suspend(b.thread.tcb);
        }
        enum thread_state before = b.thread.state();
        EXPECT_TRUE(b.sys.signal(b.badged).returned);
        EXPECT_EQ(b.thread.state(), before) << situation;
        EXPECT_EQ(b.sys.ntfn_of(b.ntfn)->state, NTFN_ACTIVE);
        EXPECT_EQ(b.sys.ntfn_of(b.ntfn)->badge, 0x30u);
    }
}

TEST(NtfnBound, ThreadPollsItsOwnNotification)
{
    Bound b;
    b.sys.signal(b.badged);
    b.start();
    EXPECT_EQ(b.sys.nb_wait(b.ntfn).badge, 0x30u);
    EXPECT_EQ(b.sys.nb_recv(b.ep, b.reply).badge, 0u);
}

TEST(NtfnBound, ThreadWaitsForItsOwnNotification)
{
    Bound b;
    b.start();
    b.sys.wait(b.ntfn);
    EXPECT_EQ(b.thread.state(), THREAD_BLOCKED_ON_NOTIFICATION);
    b.sys.signal(b.badged);
    EXPECT_CURRENT(b.sys, b.thread);
    EXPECT_EQ(b.sys.message().badge, 0x30u);
}

TEST(NtfnBound, BindingDoesNotDeliverWhatIsPending)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    CPtr badged = sys.mint(ntfn, 0x30);
    Thread t = sys.spawn({.priority = 110});
    sys.wait(ep);
    sys.signal(badged);
    EXPECT_OK(sys.TCB_BindNotification(t.tcb, ntfn));
    EXPECT_EQ(t.state(), THREAD_BLOCKED_ON_RECEIVE);
    sys.signal(badged); /* Active stays active. */
    EXPECT_EQ(t.state(), THREAD_BLOCKED_ON_RECEIVE);
    sys.send(ep, 1);
    EXPECT_CURRENT(sys, t);
    EXPECT_EQ(sys.nb_wait(ep).badge, 0x30u) << "by the next receive";
}

TEST(NtfnBound, UnboundThreadIsNoLongerWoken)
{
    Bound b;
    b.start();
    b.sys.wait(b.ep);
    EXPECT_OK(b.sys.TCB_UnbindNotification(b.thread.tcb));
    b.sys.signal(b.badged);
    EXPECT_EQ(b.thread.state(), THREAD_BLOCKED_ON_RECEIVE);
    EXPECT_EQ(b.sys.nb_wait(b.ntfn).badge, 0x30u) << "anybody may wait now";
}

TEST(NtfnBound, DeletingTheThreadUnbinds)
{
    Bound b;
    EXPECT_OK(b.sys.del(b.thread.tcb));
    EXPECT_EQ(b.sys.ntfn_of(b.ntfn)->bound, nullptr);
    EXPECT_TRUE(b.sys.signal(b.badged).returned);
}

TEST(NtfnBound, DeletingTheNotificationUnbinds)
{
    Bound b;
    EXPECT_OK(b.sys.revoke(b.ntfn));
    EXPECT_OK(b.sys.del(b.ntfn));
    EXPECT_EQ(b.thread.object->bound_ntfn, nullptr);
    CPtr another = b.sys.make(ABI_OBJECT_NOTIFICATION);
    EXPECT_OK(b.sys.TCB_BindNotification(b.thread.tcb, another));
}

/* --- Lending an SC ---------------------------------------------------------------------------- */

/* A notification with an SC, and a passive thread (110) that waits for it. */
struct Lending {
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr reply = sys.make(ABI_OBJECT_REPLY);
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    CPtr sc = sys.make_sc(1000, 10000);
    Thread driver;

    Lending()
    {
        driver = passive_waiter(sys, ntfn, 110);
        EXPECT_OK(sys.SchedContext_Bind(sc, ntfn));
    }

    struct sched_context *object() const
    {
        return sys.sc_of(sc);
    }
};

TEST(NtfnLends, WokenPassiveThreadRunsOnTheScAndReturnsItWhenItWaitsAgain)
{
    Lending l;
    for (int i = 0; i < 3; i++) {
        l.sys.signal(l.ntfn);
        EXPECT_CURRENT(l.sys, l.driver);
        EXPECT_EQ(l.driver.sc_object(), l.object());
        EXPECT_EQ(l.object()->thread, l.driver.object);
        l.sys.wait(l.ntfn);
        EXPECT_CURRENT(l.sys, l.sys.root());
        EXPECT_EQ(l.driver.sc_object(), nullptr);
        EXPECT_EQ(l.object()->thread, nullptr);
        EXPECT_EQ(l.object()->ntfn, l.sys.ntfn_of(l.ntfn));
    }
}

TEST(NtfnLends, ThreadThatFindsASignalKeepsTheSc)
{
    Lending l;
    l.sys.signal(l.ntfn);
    l.sys.signal(l.ntfn);
    EXPECT_TRUE(l.sys.wait(l.ntfn).returned);
    EXPECT_CURRENT(l.sys, l.driver);
    EXPECT_EQ(l.driver.sc_object(), l.object());
    EXPECT_TRUE(l.sys.nb_wait(l.ntfn).returned);
    EXPECT_EQ(l.driver.sc_object(), l.object());
}

TEST(NtfnLends, WaitingForAnotherNotificationOrUnboundEndpointKeepsTheSc)
{
    Lending l;
    CPtr other = l.sys.make(ABI_OBJECT_NOTIFICATION);
    l.sys.signal(l.ntfn);
    l.sys.wait(other);
    EXPECT_EQ(l.driver.sc_object(), l.object());
    l.sys.signal(other);
    EXPECT_CURRENT(l.sys, l.driver);
    l.sys.recv(l.ep, l.reply);
    EXPECT_EQ(l.driver.sc_object(), l.object());
}

TEST(NtfnLends, ThreadWithItsOwnScGetsNone)
{
    System sys;
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    CPtr sc = sys.make_sc(1000, 1000);
    EXPECT_OK(sys.SchedContext_Bind(sc, ntfn));
    Thread t = waiter_at(sys, ntfn, 110);
    sys.signal(ntfn);
    EXPECT_CURRENT(sys, t);
    EXPECT_EQ(t.sc_object(), sys.sc_of(t.sc));
    EXPECT_EQ(sys.sc_of(sc)->thread, nullptr);
}

TEST(NtfnLends, SecondWaiterGetsNothingWhileTheScIsInUse)
{
    Lending l;
    Thread second = passive_waiter(l.sys, l.ntfn, 105);
    l.sys.signal(l.ntfn);
    EXPECT_CURRENT(l.sys, l.driver);
    l.sys.signal(l.ntfn);
    EXPECT_CURRENT(l.sys, l.driver);
    EXPECT_EQ(second.state(), THREAD_RUNNING);
    EXPECT_EQ(second.sc_object(), nullptr);
    l.sys.wait(l.ntfn);
    EXPECT_CURRENT(l.sys, l.sys.root());
    EXPECT_EQ(second.sc_object(), nullptr) << "returning it helps nobody";
    /* Another signal does not find it waiting: it wakes the driver. */
    l.sys.signal(l.ntfn);
    EXPECT_CURRENT(l.sys, l.driver);
    l.sys.wait(l.ntfn);
    l.sys.SchedContext_Bind(second.sc, second.tcb);
    EXPECT_CURRENT(l.sys, second);
}

TEST(NtfnLends, DeletedUserFreesTheScForTheNext)
{
    Lending l;
    Thread second = passive_waiter(l.sys, l.ntfn, 105);
    l.sys.signal(l.ntfn);
    EXPECT_CURRENT(l.sys, l.driver);
    l.sys.del(l.driver.tcb);
    EXPECT_CURRENT(l.sys, l.sys.root());
    EXPECT_EQ(l.object()->thread, nullptr);
    l.sys.signal(l.ntfn);
    EXPECT_CURRENT(l.sys, second);
    EXPECT_EQ(second.sc_object(), l.object());
}

TEST(NtfnLends, DeletedScIsDetachedAndSignalsWakeWithoutIt)
{
    Lending l;
    EXPECT_OK(l.sys.del(l.sc));
    EXPECT_EQ(l.sys.ntfn_of(l.ntfn)->sc, nullptr);
    EXPECT_TRUE(l.sys.signal(l.ntfn).returned);
    EXPECT_EQ(l.driver.state(), THREAD_RUNNING);
    EXPECT_EQ(l.driver.sc_object(), nullptr);
}

TEST(NtfnLends, DeletedNotificationLeavesTheScWithItsUser)
{
    Lending l;
    l.sys.signal(l.ntfn);
    EXPECT_CURRENT(l.sys, l.driver);
    EXPECT_OK(l.sys.del(l.ntfn));
    EXPECT_CURRENT(l.sys, l.driver);
    EXPECT_EQ(l.driver.sc_object(), l.object());
    EXPECT_EQ(l.object()->ntfn, nullptr);
}

TEST(NtfnLends, ScWithoutBudgetSendsTheWokenThreadToTheReleaseQueue)
{
    Lending l;
    l.sys.signal(l.ntfn);
    l.sys.advance(500);
    l.sys.yield(); /* The rest of the budget. */
    EXPECT_CURRENT(l.sys, l.sys.root());
    EXPECT_EQ(l.driver.object->queue, THREAD_QUEUE_RELEASE);
    l.sys.TCB_Suspend(l.driver.tcb);
    EXPECT_OK(l.sys.SchedContext_UnbindObject(l.sc, l.driver.tcb));
    Thread second = passive_waiter(l.sys, l.ntfn, 105);
    EXPECT_TRUE(l.sys.signal(l.ntfn).returned);
    EXPECT_EQ(second.sc_object(), l.object());
    EXPECT_EQ(second.state(), THREAD_RUNNING);
    EXPECT_EQ(second.object->queue, THREAD_QUEUE_RELEASE);
    l.sys.advance(10000);
    EXPECT_CURRENT(l.sys, second);
}

TEST(NtfnLends, ScOfThreadAndNotificationIsUnboundFromTheThreadWhenItWaits)
{
    System sys;
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    Thread t = sys.spawn({.priority = 110, .start = false});
    Thread other = sys.spawn({.priority = 90, .passive = true});
    EXPECT_OK(sys.SchedContext_Bind(t.sc, ntfn));
    sys.TCB_Resume(t.tcb);
    EXPECT_CURRENT(sys, t);
    sys.wait(ntfn);
    EXPECT_CURRENT(sys, sys.root());
    EXPECT_EQ(t.sc_object(), nullptr);
    EXPECT_EQ(sys.sc_of(t.sc)->thread, nullptr);
    EXPECT_OK(sys.SchedContext_Bind(t.sc, other.tcb)) << "it is free";
    EXPECT_TRUE(sys.signal(ntfn).returned);
    EXPECT_EQ(t.state(), THREAD_RUNNING);
    EXPECT_EQ(t.sc_object(), nullptr) << "in use by the other";
}

TEST(NtfnLends, LazilyUnboundScComesBackWithTheNextSignal)
{
    System sys;
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    Thread t = sys.spawn({.priority = 110, .start = false});
    EXPECT_OK(sys.SchedContext_Bind(t.sc, ntfn));
    sys.TCB_Resume(t.tcb);
    sys.wait(ntfn);
    sys.signal(ntfn);
    EXPECT_CURRENT(sys, t);
    EXPECT_EQ(t.sc_object(), sys.sc_of(t.sc));
}

/* --- Lending, and bound to the thread --------------------------------------------------------- */

struct BoundLending : Bound {
    CPtr sc = sys.make_sc(1000, 1000);

    BoundLending()
    {
        start();
        sys.recv(ep, reply);
        EXPECT_OK(sys.SchedContext_Unbind(thread.sc));
        EXPECT_OK(sys.SchedContext_Bind(sc, ntfn));
    }

    struct sched_context *object() const
    {
        return sys.sc_of(sc);
    }
};

TEST(NtfnLendsBound, SignalWakesTheReceiverOnTheScAndABlockingReceiveReturnsIt)
{
    BoundLending b;
    for (int i = 0; i < 3; i++) {
        b.sys.signal(b.badged);
        EXPECT_CURRENT(b.sys, b.thread);
        EXPECT_EQ(b.thread.sc_object(), b.object());
        b.sys.recv(b.ep, b.reply);
        EXPECT_CURRENT(b.sys, b.sys.root());
        EXPECT_EQ(b.thread.sc_object(), nullptr);
        EXPECT_EQ(b.object()->thread, nullptr);
    }
}

TEST(NtfnLendsBound, NonBlockingReceiveKeepsTheSc)
{
    BoundLending b;
    b.sys.signal(b.badged);
    EXPECT_TRUE(b.sys.nb_recv(b.ep, b.reply).returned);
    EXPECT_EQ(b.thread.sc_object(), b.object());
}

TEST(NtfnLendsBound, PendingSignalKeepsTheSc)
{
    BoundLending b;
    b.sys.signal(b.badged);
    b.sys.signal(b.badged);
    EXPECT_TRUE(b.sys.recv(b.ep, b.reply).returned);
    EXPECT_EQ(b.thread.sc_object(), b.object());
}

TEST(NtfnLendsBound, BlockingReceiveThatGetsAPlainMessageReturnsTheScAndStops)
{
    BoundLending b;
    b.sys.signal(b.badged);
    EXPECT_CURRENT(b.sys, b.thread);
    b.sys.TCB_SetPriority(b.thread.tcb, kTcb, 90);
    EXPECT_CURRENT(b.sys, b.sys.root());
    b.sys.spawn({.priority = 120});
    b.sys.send(b.ep, 7);
    b.sys.park();
    EXPECT_CURRENT(b.sys, b.thread);
    b.sys.recv(b.ep, b.reply);
    EXPECT_EQ(b.thread.sc_object(), nullptr);
    EXPECT_EQ(b.thread.state(), THREAD_RUNNING);
    EXPECT_EQ(b.thread.message().label, 7u);
    EXPECT_EQ(b.thread.object->queue, THREAD_QUEUE_NONE);
}

TEST(NtfnLendsBound, BlockingReceiveThatGetsACallGoesOnWithTheCallersSc)
{
    BoundLending b;
    b.sys.signal(b.badged);
    b.sys.TCB_SetPriority(b.thread.tcb, kTcb, 90);
    Thread caller = b.sys.spawn({.priority = 120});
    b.sys.call(b.ep, 7);
    b.sys.park();
    EXPECT_CURRENT(b.sys, b.thread);
    b.sys.recv(b.ep, b.reply);
    EXPECT_CURRENT(b.sys, b.thread);
    EXPECT_EQ(b.thread.sc_object(), b.sys.sc_of(caller.sc));
    EXPECT_EQ(b.object()->thread, nullptr);
    EXPECT_EQ(caller.state(), THREAD_BLOCKED_ON_REPLY);
}

/* --- Lending to a thread that has just given its SC away -------------------------------------- */

/* A passive receiver, to give an SC to. */
Thread heir_at(System &sys, CPtr ep)
{
    Thread heir = sys.spawn({.priority = 105});
    sys.wait(ep);
    EXPECT_OK(sys.SchedContext_Unbind(heir.sc));
    return heir;
}

TEST(NtfnLendsLate, WaitOnAnActiveNotificationGetsItsSc)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    CPtr sc = sys.make_sc(1000, 1000);
    Thread heir = heir_at(sys, ep);
    EXPECT_OK(sys.SchedContext_Bind(sc, ntfn));
    sys.signal(ntfn);
    Thread t = sys.spawn({.priority = 110});
    sys.nb_send_wait(ep, ntfn);
    EXPECT_CURRENT(sys, t);
    EXPECT_EQ(t.sc_object(), sys.sc_of(sc));
    EXPECT_EQ(heir.sc_object(), sys.sc_of(t.sc));
}

TEST(NtfnLendsLate, ReceiveOfABoundThreadWithASignalPendingGetsItsSc)
{
    Bound b;
    CPtr heir_ep = b.sys.make(ABI_OBJECT_ENDPOINT);
    CPtr sc = b.sys.make_sc(1000, 1000);
    Thread heir = heir_at(b.sys, heir_ep);
    EXPECT_OK(b.sys.SchedContext_Bind(sc, b.ntfn));
    b.sys.signal(b.badged);
    b.start();
    b.sys.nb_send_recv(heir_ep, b.ep, b.reply);
    EXPECT_CURRENT(b.sys, b.thread);
    EXPECT_EQ(b.thread.sc_object(), b.sys.sc_of(sc));
    EXPECT_EQ(b.thread.message().badge, 0x30u);
    EXPECT_EQ(heir.sc_object(), b.sys.sc_of(b.thread.sc));
}

TEST(NtfnLendsLate, WithoutScItWakesAndDoesNotRun)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    heir_at(sys, ep);
    sys.signal(ntfn);
    Thread t = sys.spawn({.priority = 110});
    sys.nb_send_wait(ep, ntfn);
    EXPECT_EQ(t.state(), THREAD_RUNNING);
    EXPECT_EQ(t.sc_object(), nullptr);
}

} // namespace

} // namespace albireo
