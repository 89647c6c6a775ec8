/* SPDX-License-Identifier: BSD-2-Clause */

/* Ends of waiting other than a message: the endpoint disappears, badged sends are cancelled, the
 * thread is suspended, resumed or deleted in each of its states (docs/abi/06 section 6.3, 07
 * section 7.10, 15 items 17 to 19 and 83). */
#include "tests/support/system.h"

namespace albireo {

namespace {

/* What a thread does when something comes in between. */
enum Situation {
    SENDING,
    CALLING,
    RECEIVING,
    WAITING,
    AWAITING_REPLY,
    FAULT_QUEUED,
    FAULT_TAKEN,
    READY,
};

const Situation kBlocked[] = {SENDING,        CALLING,      RECEIVING,  WAITING,
                              AWAITING_REPLY, FAULT_QUEUED, FAULT_TAKEN};

/* A thread above root in a situation. The fault, if any, is a load from 0x10. */
struct Scene {
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr badged = sys.mint(ep, 0x5);
    CPtr reply = sys.make(ABI_OBJECT_REPLY);
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    Thread thread;
    Word pc = 0; /* Of the blocking ecall. */

    explicit Scene(Situation situation)
    {
        thread = sys.spawn({.priority = 110, .fault_ep = badged});
        pc = thread.regs().pc;
        switch (situation) {
        case SENDING:
            sys.send(badged, 7);
            break;
        case CALLING:
            sys.call(badged, 7);
            break;
        case RECEIVING:
            sys.recv(ep, reply);
            break;
        case WAITING:
            sys.wait(ntfn);
            break;
        case AWAITING_REPLY:
            sys.call(badged, 7);
            EXPECT_EQ(sys.recv(ep, reply).label, 7u);
            break;
        case FAULT_QUEUED:
            sys.fault(13, 0x10);
            break;
        case FAULT_TAKEN:
            sys.fault(13, 0x10);
            EXPECT_EQ(sys.recv(ep, reply).label, Word{FAULT_VM});
            break;
        case READY:
            sys.TCB_SetPriority(thread.tcb, kTcb, 90);
        }
        EXPECT_CURRENT(sys, sys.root());
    }

    void expect_nothing_holds_it()
    {
        EXPECT_EQ(sys.endpoint_of(ep)->queue.head, nullptr);
        EXPECT_EQ(sys.ntfn_of(ntfn)->queue.head, nullptr);
        EXPECT_EQ(sys.ntfn_of(ntfn)->state, NTFN_IDLE);
        EXPECT_EQ(sys.reply_of(reply)->thread, nullptr);
    }
};

enum thread_state state_in(Situation situation)
{
    switch (situation) {
    case SENDING:
    case CALLING:
    case FAULT_QUEUED:
        return THREAD_BLOCKED_ON_SEND;
    case RECEIVING:
        return THREAD_BLOCKED_ON_RECEIVE;
    case WAITING:
        return THREAD_BLOCKED_ON_NOTIFICATION;
    case AWAITING_REPLY:
    case FAULT_TAKEN:
        return THREAD_BLOCKED_ON_REPLY;
    case READY:
        break;
    }
    return THREAD_RUNNING;
}

/* --- Suspend and Resume ----------------------------------------------------------------------- */

TEST(CancelSuspend, TakesABlockedThreadOutOfWhateverItIsIn)
{
    for (Situation situation : kBlocked) {
        SCOPED_TRACE(situation);
        Scene s(situation);
        EXPECT_EQ(s.thread.state(), state_in(situation));
        EXPECT_OK(s.sys.TCB_Suspend(s.thread.tcb));
        EXPECT_EQ(s.thread.state(), THREAD_INACTIVE);
        EXPECT_EQ(s.thread.object->reply, nullptr);
        EXPECT_EQ(s.thread.object->fault.type, FAULT_NONE);
        EXPECT_NE(s.thread.sc_object(), nullptr) << "the SC stays bound";
        EXPECT_EQ(s.thread.regs().fault_pc, s.pc);
        s.expect_nothing_holds_it();
    }
}

TEST(CancelSuspend, ResumedThreadRepeatsItsCallOrAccess)
{
    for (Situation situation : kBlocked) {
        for (bool suspend : {true, false}) { /* Resume alone cancels, too. */
            SCOPED_TRACE(situation);
            Scene s(situation);
            if (suspend) {
                EXPECT_OK(s.sys.TCB_Suspend(s.thread.tcb));
            }
            s.sys.TCB_Resume(s.thread.tcb);
            s.expect_nothing_holds_it();
            EXPECT_CURRENT(s.sys, s.thread);
            EXPECT_EQ(s.thread.regs().pc, s.pc);
            EXPECT_EQ(s.thread.object->fault.type, FAULT_NONE);
            if (situation == FAULT_QUEUED || situation == FAULT_TAKEN) {
                s.sys.fault(13, 0x10);
            } else {
                s.sys.refire();
            }
            EXPECT_CURRENT(s.sys, s.sys.root());
            EXPECT_TRUE(thread_is_blocked(s.thread.object));
        }
    }
}

TEST(CancelSuspend, CallerResumedWhileItAwaitsItsReplySendsTwiceAndTheFirstReplyDoesNothing)
{
    Scene s(AWAITING_REPLY);
    CPtr second = s.sys.make(ABI_OBJECT_REPLY);
    s.sys.TCB_Resume(s.thread.tcb);
    s.sys.refire();
    Reply again = s.sys.recv(s.ep, second);
    EXPECT_EQ(again.label, 7u);
    EXPECT_EQ(again.badge, 5u);
    s.sys.expect_unchanged([&] { EXPECT_OK(s.sys.call(s.reply, 0)); });
    EXPECT_EQ(s.thread.state(), THREAD_BLOCKED_ON_REPLY);
    s.sys.send(second, 3);
    EXPECT_CURRENT(s.sys, s.thread);
    EXPECT_EQ(s.sys.message().label, 3u);
}

TEST(CancelSuspend, ReadyThreadContinuesBehindItsCompletedCall)
{
    Scene s(READY);
    EXPECT_EQ(s.sys.TCB_ReadRegisters(s.thread.tcb, 0, 1)[0], s.pc) << "still the ecall";
    EXPECT_OK(s.sys.TCB_Suspend(s.thread.tcb));
    EXPECT_EQ(s.sys.TCB_ReadRegisters(s.thread.tcb, 0, 1)[0], s.pc + 4);
    s.sys.TCB_Resume(s.thread.tcb);
    s.sys.park();
    EXPECT_CURRENT(s.sys, s.thread);
    EXPECT_EQ(s.thread.regs().pc, s.pc + 4);
}

TEST(CancelSuspend, SuspendingTwiceChangesNothingMore)
{
    Scene s(SENDING);
    EXPECT_OK(s.sys.TCB_Suspend(s.thread.tcb));
    s.sys.expect_unchanged([&] { EXPECT_OK(s.sys.TCB_Suspend(s.thread.tcb)); });
}

TEST(CancelSuspend, ResumingAReadyThreadChangesNothing)
{
    Scene s(READY);
    s.sys.expect_unchanged([&] { EXPECT_OK(s.sys.TCB_Resume(s.thread.tcb)); });
    s.sys.expect_unchanged([&] { EXPECT_OK(s.sys.TCB_Resume(kTcb)); });
}

TEST(CancelSuspend, ThreadThatSuspendsItselfDoesSoAgainWhenResumed)
{
    System sys;
    Thread t = sys.spawn({.priority = 110});
    Word pc = t.regs().pc;
    sys.TCB_Suspend(t.tcb);
    EXPECT_CURRENT(sys, sys.root());
    EXPECT_EQ(t.state(), THREAD_INACTIVE);
    sys.TCB_Resume(t.tcb);
    EXPECT_CURRENT(sys, t);
    EXPECT_EQ(t.regs().pc, pc);
    sys.refire();
    EXPECT_CURRENT(sys, sys.root());
    EXPECT_EQ(t.state(), THREAD_INACTIVE);
}

TEST(CancelSuspend, WritingPcPlusFourSkipsTheInterruptedCall)
{
    Scene s(RECEIVING);
    Word pc = s.sys.TCB_ReadRegisters(s.thread.tcb, 0, 1)[0];
    EXPECT_EQ(pc, s.pc);
    s.sys.write_registers(s.thread.tcb, true, {pc + 4});
    EXPECT_CURRENT(s.sys, s.thread);
    EXPECT_EQ(s.thread.regs().pc, pc + 4);
    s.expect_nothing_holds_it();
}

TEST(CancelSuspend, OthersInTheQueueStay)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    std::vector<Thread> t;
    for (int i = 0; i < 3; i++) {
        t.push_back(sys.spawn({.priority = 110}));
        sys.send(ep, Word(i));
    }
    EXPECT_OK(sys.TCB_Suspend(t[1].tcb));
    EXPECT_OK(sys.TCB_SetPriority(kTcb, kTcb, 200));
    EXPECT_EQ(sys.nb_wait(ep).label, 0u);
    EXPECT_EQ(sys.nb_wait(ep).label, 2u);
    EXPECT_EQ(sys.endpoint_of(ep)->queue.head, nullptr);
}

/* --- Deleting the thread ---------------------------------------------------------------------- */

TEST(CancelDelete, DeletedThreadLeavesNothingBehind)
{
    for (Situation situation :
         {SENDING, CALLING, RECEIVING, WAITING, AWAITING_REPLY, FAULT_QUEUED, FAULT_TAKEN, READY}) {
        SCOPED_TRACE(situation);
        Scene s(situation);
        EXPECT_OK(s.sys.del(s.thread.tcb));
        s.expect_nothing_holds_it();
        EXPECT_EQ(s.sys.sc_of(s.thread.sc)->thread, nullptr);
        EXPECT_OK(s.sys.call(s.reply, 1));
        EXPECT_TRUE(s.sys.nb_send(s.ep, 1).returned);
    }
}

TEST(CancelDelete, ThreadThatDeletesItselfStops)
{
    System sys;
    Thread t = sys.spawn({.priority = 110});
    sys.del(t.tcb);
    EXPECT_CURRENT(sys, sys.root());
    EXPECT_TRUE(sys.is_empty(t.tcb));
}

/* --- The endpoint disappears ------------------------------------------------------------------ */

TEST(CancelAll, QueuedThreadsRestartAndTheirReplyObjectsAreFree)
{
    for (Situation situation : {SENDING, CALLING, RECEIVING}) {
        SCOPED_TRACE(situation);
        Scene s(situation);
        EXPECT_OK(s.sys.TCB_SetPriority(s.thread.tcb, kTcb, 90));
        EXPECT_OK(s.sys.revoke(s.ep));
        EXPECT_OK(s.sys.del(s.ep));
        EXPECT_EQ(s.thread.state(), THREAD_RESTART);
        EXPECT_EQ(s.thread.object->reply, nullptr);
        EXPECT_EQ(s.sys.reply_of(s.reply)->thread, nullptr);
        EXPECT_EQ(s.thread.regs().fault_pc, s.pc);
    }
}

TEST(CancelAll, NotTheLastCapabilityCancelsNothing)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr copy = sys.copy(ep);
    Thread t = sys.spawn({.priority = 110});
    sys.send(ep, 1);
    EXPECT_OK(sys.del(ep));
    EXPECT_EQ(t.state(), THREAD_BLOCKED_ON_SEND);
    EXPECT_EQ(sys.nb_wait(copy).returned, false); /* The sender continues at once. */
    EXPECT_EQ(sys.root().message().label, 1u);
}

TEST(CancelAll, SenderThenFindsAnEmptySlotAndContinues)
{
    Scene s(SENDING);
    EXPECT_OK(s.sys.TCB_SetSpace(s.thread.tcb, 0, kCNode, 0, kVSpace, 0)); /* No fault handler. */
    EXPECT_OK(s.sys.del(s.badged));
    s.sys.del(s.ep);
    EXPECT_CURRENT(s.sys, s.thread);
    EXPECT_EQ(s.thread.regs().pc, s.pc);
    EXPECT_TRUE(s.sys.refire());
}

TEST(CancelAll, CallerThenGetsInvalidCapability)
{
    Scene s(CALLING);
    s.sys.revoke(s.ep);
    s.sys.del(s.ep);
    EXPECT_CURRENT(s.sys, s.thread);
    EXPECT_TRUE(s.sys.refire());
    EXPECT_EQ(s.sys.message().label, Word{STATUS_INVALID_CAPABILITY});
    EXPECT_EQ(s.sys.message()[0], 0u);
}

TEST(CancelAll, ReceiverThenFaults)
{
    Scene s(RECEIVING);
    CPtr other = s.sys.make(ABI_OBJECT_ENDPOINT);
    EXPECT_OK(s.sys.TCB_SetSpace(s.thread.tcb, other, kCNode, 0, kVSpace, 0));
    EXPECT_OK(s.sys.del(s.badged));
    s.sys.del(s.ep);
    EXPECT_CURRENT(s.sys, s.thread);
    s.sys.refire();
    EXPECT_CURRENT(s.sys, s.sys.root());
    Reply fault = s.sys.recv(other, s.reply);
    EXPECT_EQ(fault.label, Word{FAULT_CAP});
    EXPECT_EQ(fault.words, (std::vector<Word>{s.pc, s.ep, 1, 2, 0}));
}

TEST(CancelAll, FaultersBecomeInactive)
{
    Scene s(FAULT_QUEUED);
    /* The handler slot of the thread holds the last capability: it must go, too. */
    EXPECT_OK(s.sys.revoke(s.ep));
    EXPECT_OK(s.sys.del(s.ep));
    EXPECT_EQ(s.thread.state(), THREAD_INACTIVE);
    EXPECT_EQ(s.thread.object->queue, THREAD_QUEUE_NONE);
}

TEST(CancelAll, CallerWhoseMessageWasTakenStays)
{
    Scene s(AWAITING_REPLY);
    EXPECT_OK(s.sys.revoke(s.ep));
    EXPECT_OK(s.sys.del(s.ep));
    EXPECT_EQ(s.thread.state(), THREAD_BLOCKED_ON_REPLY);
    s.sys.send(s.reply, 4);
    EXPECT_CURRENT(s.sys, s.thread);
    EXPECT_EQ(s.sys.message().label, 4u);
}

TEST(CancelAll, EverybodyIsRestartedAndTheHighestRuns)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    std::vector<Thread> t;
    for (uint8_t priority : {90, 110, 130, 120}) {
        t.push_back(sys.spawn({.priority = 200}));
        sys.wait(ep);
        EXPECT_OK(sys.TCB_SetPriority(t.back().tcb, kTcb, priority));
    }
    sys.del(ep);
    EXPECT_CURRENT(sys, t[2]);
    for (size_t i : {0, 1, 3}) {
        EXPECT_EQ(t[i].state(), THREAD_RESTART);
    }
    sys.TCB_Suspend(t[2].tcb);
    EXPECT_CURRENT(sys, t[3]);
    sys.TCB_Suspend(t[3].tcb);
    EXPECT_CURRENT(sys, t[1]);
    sys.TCB_Suspend(t[1].tcb);
    EXPECT_CURRENT(sys, sys.root());
}

TEST(CancelAll, SporadicThreadsGetAnUnblockRefresh)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    Thread t =
        sys.spawn({.priority = 110, .budget_us = 1000, .period_us = 10000, .sporadic = true});
    sys.wait(ep);
    EXPECT_OK(sys.TCB_SetPriority(t.tcb, kTcb, 90));
    sys.advance(2000);
    EXPECT_OK(sys.del(ep));
    EXPECT_EQ(refill_at(&t.sc_object()->refills, 0)->time, sys.now());
}

/* --- CancelBadgedSends ------------------------------------------------------------------------ */

TEST(CancelBadged, RestartsExactlyTheSendersWithThisBadge)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr five = sys.mint(ep, 5);
    CPtr six = sys.mint(ep, 6);
    std::vector<Thread> t;
    for (CPtr cap : {five, six, ep, five}) {
        t.push_back(sys.spawn({.priority = 110}));
        t.size() % 2 != 0 ? sys.send(cap, 1) : sys.call(cap, 1);
        EXPECT_OK(sys.TCB_SetPriority(t.back().tcb, kTcb, 90));
    }
    EXPECT_OK(sys.CNode_CancelBadgedSends(kCNode, five, 64));
    EXPECT_EQ(t[0].state(), THREAD_RESTART);
    EXPECT_EQ(t[1].state(), THREAD_BLOCKED_ON_SEND);
    EXPECT_EQ(t[2].state(), THREAD_BLOCKED_ON_SEND);
    EXPECT_EQ(t[3].state(), THREAD_RESTART);
    EXPECT_EQ(sys.nb_wait(ep).badge, 6u);
    EXPECT_EQ(sys.nb_wait(ep).badge, 0u);
    EXPECT_EQ(sys.endpoint_of(ep)->queue.head, nullptr);
    EXPECT_FALSE(sys.is_empty(five)) << "the capability stays";
}

TEST(CancelBadged, RestartedSenderSendsAgain)
{
    Scene s(SENDING);
    s.sys.CNode_CancelBadgedSends(kCNode, s.badged, 64);
    EXPECT_CURRENT(s.sys, s.thread);
    s.sys.refire();
    EXPECT_EQ(s.thread.state(), THREAD_BLOCKED_ON_SEND);
    s.sys.wait(s.ep);
    EXPECT_EQ(s.sys.root().message().label, 7u);
}

TEST(CancelBadged, FaultersWithThisBadgeBecomeInactive)
{
    Scene s(FAULT_QUEUED);
    EXPECT_OK(s.sys.CNode_CancelBadgedSends(kCNode, s.badged, 64));
    EXPECT_EQ(s.thread.state(), THREAD_INACTIVE);
    EXPECT_EQ(s.sys.endpoint_of(s.ep)->queue.head, nullptr);
}

TEST(CancelBadged, UnbadgedCapabilityCancelsNothing)
{
    for (Situation situation : {SENDING, CALLING, FAULT_QUEUED, RECEIVING}) {
        Scene s(situation);
        s.sys.expect_unchanged([&] { EXPECT_OK(s.sys.CNode_CancelBadgedSends(kCNode, s.ep, 64)); });
    }
}

TEST(CancelBadged, ReceiversStay)
{
    Scene s(RECEIVING);
    s.sys.expect_unchanged([&] { EXPECT_OK(s.sys.CNode_CancelBadgedSends(kCNode, s.badged, 64)); });
}

/* --- The notification disappears -------------------------------------------------------------- */

TEST(CancelNotification, WaitersRestart)
{
    System sys;
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    std::vector<Thread> t;
    for (int i = 0; i < 3; i++) {
        t.push_back(sys.spawn({.priority = 110}));
        sys.wait(ntfn);
        EXPECT_OK(sys.TCB_SetPriority(t.back().tcb, kTcb, 90));
    }
    EXPECT_OK(sys.del(ntfn));
    for (const Thread &thread : t) {
        EXPECT_EQ(thread.state(), THREAD_RESTART);
        EXPECT_EQ(thread.object->ntfn, nullptr);
    }
}

TEST(CancelNotification, WaiterThenFaults)
{
    Scene s(WAITING);
    s.sys.del(s.ntfn);
    EXPECT_CURRENT(s.sys, s.thread);
    s.sys.refire();
    EXPECT_CURRENT(s.sys, s.sys.root());
    EXPECT_EQ(s.sys.recv(s.ep, s.reply).words, (std::vector<Word>{s.pc, s.ntfn, 1, 2, 0}));
}

} // namespace

} // namespace albireo
