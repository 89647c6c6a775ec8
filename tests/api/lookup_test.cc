/* SPDX-License-Identifier: BSD-2-Clause */

/* Capability pointers that system calls cannot use: which forms fault, with what message, and which
 * ignore it; what happens before anything is looked up (docs/abi/01 sections 1.5 to 1.7, 03 section
 * 3.5, 08 section 8.2). */
#include "tests/support/system.h"

namespace albireo {

namespace {

constexpr CPtr kNowhere = (CPtr{1} << 40) + 3; /* Guard mismatch in the initial CSpace. */
const std::vector<Word> kNowhereFound = {4, 0x40, 0, 0x34};
const std::vector<Word> kWrongKind = {2, 0};

/* Root (100) handles the faults of a thread above it. */
struct Bench {
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr fault_ep = sys.mint(ep, 0xbad);
    CPtr reply = sys.make(ABI_OBJECT_REPLY);
    Thread victim;

    explicit Bench(CPtr cspace = kCNode, Word cspace_data = 0, bool with_buffer = true)
    {
        victim = sys.spawn({.priority = 110,
                            .with_buffer = with_buffer,
                            .cspace = cspace,
                            .cspace_data = cspace_data,
                            .fault_ep = fault_ep,
                            .start = false});
    }

    void start()
    {
        sys.TCB_Resume(victim.tcb);
        EXPECT_CURRENT(sys, victim);
    }

    /* `action` of the victim ends in a CapFault, which root answers: it then stands there again. */
    void expect_cap_fault(const std::function<void()> &action, CPtr pointer, Word receive_phase,
                          const std::vector<Word> &description)
    {
        ASSERT_TRUE(sys.is_current(victim));
        Word pc = victim.regs().pc;
        action();
        ASSERT_TRUE(sys.is_current(sys.root())) << "no fault";
        Reply fault = sys.recv(ep, reply);
        std::vector<Word> words = {pc, pointer, receive_phase};
        words.insert(words.end(), description.begin(), description.end());
        EXPECT_EQ(fault.label, Word{FAULT_CAP});
        EXPECT_EQ(fault.badge, 0xbadu);
        EXPECT_EQ(fault.words, words);
        EXPECT_EQ(fault.extra_caps, 0u);
        sys.send(reply);
        EXPECT_CURRENT(sys, victim);
        EXPECT_EQ(victim.regs().pc, pc);
    }

    void expect_no_fault(const std::function<void()> &action)
    {
        Word pc = victim.regs().pc;
        action();
        EXPECT_CURRENT(sys, victim);
        EXPECT_EQ(victim.regs().pc, pc + 4);
    }
};

/* The receive-type forms, all from `source`; those that take one with `reply`. The send halves go
 * nowhere. */
struct ReceiveForm {
    const char *name;
    bool uses_reply;
    void (*fire)(System &sys, CPtr source, CPtr reply);
};

const ReceiveForm kReceiveForms[] = {
    {"Recv", true,
     [](System &sys, CPtr source, CPtr reply) {
         sys.recv(source, reply);
     }},
    {"NBRecv", true,
     [](System &sys, CPtr source, CPtr reply) {
         sys.nb_recv(source, reply);
     }},
    {"ReplyRecv", true,
     [](System &sys, CPtr source, CPtr reply) {
         sys.reply_recv(source, reply);
     }},
    {"NBSendRecv", true,
     [](System &sys, CPtr source, CPtr reply) {
         sys.nb_send_recv(kNowhere, source, reply);
     }},
    {"Wait", false,
     [](System &sys, CPtr source, CPtr) {
         sys.wait(source);
     }},
    {"NBWait", false,
     [](System &sys, CPtr source, CPtr) {
         sys.nb_wait(source);
     }},
    {"NBSendWait", false,
     [](System &sys, CPtr source, CPtr) {
         sys.nb_send_wait(kNowhere, source);
     }},
};

/* A CSpace of 16 slots with a guard of 56 bits, so that 4 bits are left behind it: slot 1: a CNode
 * of 8 bits; 2: one of 2 bits with guard 3 of 2 bits; 3: one with a guard of 5 bits; 4: an
 * endpoint. */
CPtr make_small_cspace(System &sys, CPtr ep)
{
    CPtr root = sys.make_cnode(4);
    CPtr deep = sys.make_cnode(8);
    CPtr guarded = sys.make_cnode(2);
    EXPECT_OK(sys.CNode_Copy(root, 1, 4, kCNode, deep, 64, 15));
    EXPECT_OK(sys.CNode_Mint(root, 2, 4, kCNode, guarded, 64, 15, 3 << 6 | 2));
    EXPECT_OK(sys.CNode_Mint(root, 3, 4, kCNode, guarded, 64, 15, 9 << 6 | 5));
    EXPECT_OK(sys.CNode_Copy(root, 4, 4, kCNode, ep, 64, 15));
    return root;
}

constexpr Word kGuard56 = 56;

struct Unresolvable {
    CPtr pointer;
    std::vector<Word> description;
};

const Unresolvable kUnresolvable[] = {
    {0x10, {3, 4, 8}},
    {0x20, {4, 4, 3, 2}},
    {0x30, {4, 4, 9, 5}},
    {0x100, {4, 64, 0, 56}},
};

/* A bench whose victim has that CSpace. */
struct SmallBench : Bench {
    CPtr target;

    SmallBench() : Bench()
    {
        target = sys.make(ABI_OBJECT_ENDPOINT);
        CPtr cspace = make_small_cspace(sys, target);
        EXPECT_OK(sys.TCB_SetSpace(victim.tcb, fault_ep, cspace, kGuard56, kVSpace, 0));
        start();
    }
};

/* --- Send forms ------------------------------------------------------------------------------- */

TEST(LookupOfDestination, SendAndCallFaultWithEachKindOfFailure)
{
    SmallBench b;
    for (const Unresolvable &u : kUnresolvable) {
        b.expect_cap_fault([&] { b.sys.send(u.pointer); }, u.pointer, 0, u.description);
        b.expect_cap_fault([&] { b.sys.call(u.pointer, 1); }, u.pointer, 0, u.description);
    }
}

TEST(LookupOfDestination, WithoutCspaceEveryPointerIsAnInvalidRoot)
{
    Bench b;
    CPtr cnode = b.sys.make_cnode(4);
    ASSERT_OK(b.sys.TCB_SetSpace(b.victim.tcb, b.fault_ep, cnode, 0, kVSpace, 0));
    ASSERT_OK(b.sys.revoke(cnode)); /* Takes the copy in the TCB away. */
    b.start();
    b.expect_cap_fault([&] { b.sys.send(1); }, 1, 0, {1});
    b.expect_cap_fault([&] { b.sys.call(0, 1); }, 0, 0, {1});
    b.expect_cap_fault([&] { b.sys.wait(2); }, 2, 1, {1});
    b.expect_no_fault([&] { b.sys.nb_send(1); });
}

TEST(LookupOfDestination, InitialCspaceRefusesHighBits)
{
    Bench b;
    b.start();
    b.expect_cap_fault([&] { b.sys.call(kNowhere, 1); }, kNowhere, 0, kNowhereFound);
}

TEST(LookupOfDestination, NbSendIgnoresAFailure)
{
    SmallBench b;
    for (const Unresolvable &u : kUnresolvable) {
        b.expect_no_fault([&] { b.sys.nb_send(u.pointer, 1, {2, 3}); });
    }
}

TEST(LookupOfDestination, BitsBehindACapabilityThatIsNoCnodeAreIgnored)
{
    SmallBench b;
    for (CPtr pointer : {0x40, 0x47, 0x4f}) {
        b.sys.send(pointer, 5);
        EXPECT_EQ(b.victim.state(), THREAD_BLOCKED_ON_SEND);
        EXPECT_EQ(b.sys.nb_recv(b.target, b.reply).returned, false); /* The victim continues. */
        EXPECT_EQ(b.sys.root().message().label, 5u);
        EXPECT_CURRENT(b.sys, b.victim);
    }
}

TEST(LookupOfDestination, EmptySlotIsNoFaultForSendersButForReceivers)
{
    Bench b;
    CPtr empty = b.sys.alloc_slot();
    b.start();
    b.expect_no_fault([&] { b.sys.send(empty); });
    b.expect_no_fault([&] { b.sys.call(empty, 1); });
    EXPECT_EQ(b.sys.message().label, Word{STATUS_INVALID_CAPABILITY});
    b.expect_cap_fault([&] { b.sys.wait(empty); }, empty, 1, kWrongKind);
}

/* --- Extra capabilities ----------------------------------------------------------------------- */

TEST(LookupOfExtraCaps, CallAndSendFaultEvenOverAnEndpointWithoutGrant)
{
    Bench b;
    CPtr target = b.sys.copy(b.sys.make(ABI_OBJECT_ENDPOINT), ABI_RIGHT_WRITE);
    CPtr ntfn = b.sys.make(ABI_OBJECT_NOTIFICATION);
    CPtr empty = b.sys.alloc_slot();
    b.start();
    for (CPtr dest : {target, ntfn, empty, kTcb}) {
        for (size_t bad = 0; bad < 3; bad++) {
            std::vector<CPtr> caps = {kTcb, kTcb, kTcb};
            caps[bad] = kNowhere;
            b.expect_cap_fault([&] { b.sys.call(dest, 1, {}, caps); }, kNowhere, 0, kNowhereFound);
            b.expect_cap_fault([&] { b.sys.send(dest, 1, {}, caps); }, kNowhere, 0, kNowhereFound);
        }
    }
}

TEST(LookupOfExtraCaps, FirstFailureIsReported)
{
    SmallBench b;
    b.expect_cap_fault([&] { b.sys.call(0x40, 1, {}, {0x40, 0x20, 0x10}); }, 0x20, 0, {4, 4, 3, 2});
}

TEST(LookupOfExtraCaps, DestinationIsLookedUpFirst)
{
    SmallBench b;
    b.expect_cap_fault([&] { b.sys.call(0x10, 1, {}, {0x20}); }, 0x10, 0, {3, 4, 8});
}

TEST(LookupOfExtraCaps, NbSendIsDropped)
{
    Bench b;
    CPtr ntfn = b.sys.make(ABI_OBJECT_NOTIFICATION);
    b.start();
    b.expect_no_fault([&] { b.sys.nb_send(ntfn, 0, {}, {kNowhere}); });
    EXPECT_EQ(b.sys.ntfn_of(ntfn)->state, NTFN_IDLE);
    b.expect_no_fault([&] { b.sys.nb_send(ntfn, 0, {}, {kTcb}); });
    EXPECT_EQ(b.sys.ntfn_of(ntfn)->state, NTFN_ACTIVE);
}

TEST(LookupOfExtraCaps, CombinedCallDropsTheSendAndReceives)
{
    System sys;
    CPtr to = sys.make(ABI_OBJECT_NOTIFICATION);
    CPtr from = sys.mint(sys.make(ABI_OBJECT_NOTIFICATION), 8);
    sys.signal(from);
    EXPECT_EQ(sys.nb_send_wait(to, from, 0, {}, {kNowhere}).badge, 8u);
    sys.signal(from);
    EXPECT_EQ(sys.nb_send_recv(to, from, 0, 0, {}, {kTcb, kNowhere}).badge, 8u);
    sys.signal(from);
    EXPECT_EQ(sys.reply_recv(from, to, 0, {}, {kNowhere}).badge, 8u);
    EXPECT_EQ(sys.ntfn_of(to)->state, NTFN_IDLE);
}

TEST(LookupOfExtraCaps, PointerToAnEmptySlotIsANullCapability)
{
    Bench b;
    CPtr empty = b.sys.alloc_slot();
    CPtr tcb = b.sys.make(ABI_OBJECT_TCB);
    b.start();
    b.expect_no_fault([&] {
        EXPECT_CALL_ERROR(b.sys.TCB_SetPriority(tcb, empty, 1), STATUS_INVALID_CAPABILITY, {1});
    });
}

TEST(LookupOfExtraCaps, WithoutBufferThereAreNone)
{
    Bench b(kCNode, 0, false);
    CPtr tcb = b.sys.make(ABI_OBJECT_TCB);
    b.start();
    b.expect_no_fault([&] {
        b.sys.ecall(ABI_SYS_CALL, {tcb, Word{ABI_LABEL_TCB_SET_PRIORITY} << 12 | 3 << 7 | 1, 1});
    });
    EXPECT_EQ(b.sys.message().label, Word{STATUS_TRUNCATED_MESSAGE});
}

TEST(LookupOfExtraCaps, WithoutBufferAMessageHasAtMostFourWords)
{
    Bench b(kCNode, 0, false);
    CPtr tcb = b.sys.make(ABI_OBJECT_TCB);
    b.start();
    /* Three registers would be five words. */
    b.expect_no_fault([&] {
        b.sys.ecall(ABI_SYS_CALL, {tcb, Word{ABI_LABEL_TCB_WRITE_REGISTERS} << 12 | 5, 0, 3});
    });
    EXPECT_EQ(b.sys.message().label, Word{STATUS_TRUNCATED_MESSAGE});
    b.expect_no_fault([&] {
        b.sys.ecall(ABI_SYS_CALL,
                    {tcb, Word{ABI_LABEL_TCB_WRITE_REGISTERS} << 12 | 5, 0, 2, 0x123, 0x456});
    });
    EXPECT_EQ(b.sys.message().label, 0u);
}

/* --- Receive forms ---------------------------------------------------------------------------- */

TEST(LookupOfSource, EveryReceiveFormFaultsWithEachKindOfFailure)
{
    SmallBench b;
    for (const ReceiveForm &form : kReceiveForms) {
        SCOPED_TRACE(form.name);
        for (const Unresolvable &u : kUnresolvable) {
            b.expect_cap_fault([&] { form.fire(b.sys, u.pointer, 0); }, u.pointer, 1,
                               u.description);
        }
    }
}

TEST(LookupOfSource, EveryReceiveFormFaultsOnCapabilitiesThatCannotReceive)
{
    Bench b;
    System &sys = b.sys;
    CPtr handler = sys.alloc_slot();
    EXPECT_OK(sys.IRQControl_Get(kIrqControl, 5, kCNode, handler, 64));
    CPtr bound = sys.make(ABI_OBJECT_NOTIFICATION);
    CPtr other = sys.make(ABI_OBJECT_TCB);
    EXPECT_OK(sys.TCB_BindNotification(other, bound));
    sys.signal(bound); /* Even with a signal pending. */
    Word rights = ABI_RIGHT_WRITE | ABI_RIGHT_GRANT | ABI_RIGHT_GRANT_REPLY;
    const CPtr sources[] = {
        sys.alloc_slot(),
        sys.copy(sys.make(ABI_OBJECT_ENDPOINT), rights),
        sys.copy(sys.make(ABI_OBJECT_NOTIFICATION), rights),
        bound,
        sys.make(ABI_OBJECT_REPLY),
        sys.make(ABI_OBJECT_TCB),
        sys.make(ABI_OBJECT_SCHED_CONTEXT, 8),
        sys.make(ABI_OBJECT_PAGE_4K),
        sys.make(ABI_OBJECT_PAGE_TABLE),
        sys.untyped(12),
        handler,
        kCNode,
        kIrqControl,
        kDomain,
        kAsidControl,
        kAsidPool,
        sys.sched_control(),
    };
    b.start();
    for (const ReceiveForm &form : kReceiveForms) {
        for (CPtr source : sources) {
            SCOPED_TRACE(std::string(form.name) + " from " + std::to_string(source));
            b.expect_cap_fault([&] { form.fire(sys, source, b.reply); }, source, 1, kWrongKind);
        }
    }
}

TEST(LookupOfReply, FormsWithAReplyCapabilityFaultOnAWrongOneOnEndpoints)
{
    Bench b;
    CPtr target = b.sys.make(ABI_OBJECT_ENDPOINT);
    CPtr empty = b.sys.alloc_slot();
    b.start();
    for (const ReceiveForm &form : kReceiveForms) {
        SCOPED_TRACE(form.name);
        if (!form.uses_reply) {
            continue;
        }
        auto with = [&](CPtr reply) {
            return [&, reply] {
                form.fire(b.sys, target, reply);
            };
        };
        b.expect_cap_fault(with(kNowhere), kNowhere, 1, kNowhereFound);
        b.expect_cap_fault(with(empty), empty, 1, kWrongKind);
        b.expect_cap_fault(with(target), target, 1, kWrongKind);
        b.expect_cap_fault(with(kCNode), kCNode, 1, kWrongKind);
    }
}

TEST(LookupOfReply, SourceIsJudgedFirst)
{
    Bench b;
    CPtr mute = b.sys.copy(b.sys.make(ABI_OBJECT_ENDPOINT), ABI_RIGHT_WRITE);
    b.start();
    for (const ReceiveForm &form : kReceiveForms) {
        SCOPED_TRACE(form.name);
        b.expect_cap_fault([&] { form.fire(b.sys, mute, kNowhere); }, mute, 1, kWrongKind);
        b.expect_cap_fault([&] { form.fire(b.sys, kNowhere, kNowhere + 1); }, kNowhere, 1,
                           kNowhereFound);
    }
}

TEST(LookupOfReply, NotificationsDoNotNeedOne)
{
    Bench b;
    CPtr ntfn = b.sys.mint(b.sys.make(ABI_OBJECT_NOTIFICATION), 6);
    b.start();
    for (const ReceiveForm &form : kReceiveForms) {
        SCOPED_TRACE(form.name);
        b.sys.signal(ntfn);
        b.expect_no_fault([&] { form.fire(b.sys, ntfn, kNowhere); });
        EXPECT_EQ(b.sys.message().badge, 6u);
    }
}

TEST(LookupOfReply, WaitFormsDoNotLookAtA6)
{
    Bench b;
    CPtr target = b.sys.make(ABI_OBJECT_ENDPOINT);
    b.start();
    b.sys.ecall(ABI_SYS_NB_WAIT, {target, 0, 0, 0, 0, 0, kNowhere});
    EXPECT_CURRENT(b.sys, b.victim);
    b.sys.ecall(ABI_SYS_WAIT, {target, 0, 0, 0, 0, 0, kNowhere});
    EXPECT_EQ(b.victim.state(), THREAD_BLOCKED_ON_RECEIVE);
    EXPECT_EQ(b.victim.object->reply, nullptr);
}

TEST(LookupOfReply, ReplyRecvThroughAnEndpointSendsAndThenFaults)
{
    Bench b;
    CPtr source = b.sys.make(ABI_OBJECT_ENDPOINT);
    CPtr other = b.sys.make(ABI_OBJECT_ENDPOINT);
    Thread receiver = b.sys.spawn({.priority = 120});
    b.sys.wait(other);
    b.start();
    b.sys.reply_recv(source, other, 3, {4});
    EXPECT_EQ(receiver.message().label, 3u);
    EXPECT_CURRENT(b.sys, receiver);
    EXPECT_EQ(b.victim.state(), THREAD_BLOCKED_ON_SEND) << "of its fault";
    EXPECT_EQ(b.victim.object->fault.address, other);
}

TEST(LookupOfReply, AnsweredFaultOfTheReceiveHalfRepeatsTheSendHalf)
{
    for (bool by_wait : {false, true}) {
        Bench b;
        CPtr counter = b.sys.mint(b.sys.make(ABI_OBJECT_NOTIFICATION), 1);
        CPtr source = b.sys.alloc_slot();
        CPtr ready = b.sys.mint(b.sys.make(ABI_OBJECT_NOTIFICATION), 2);
        b.start();
        if (by_wait) {
            b.sys.nb_send_wait(counter, source);
        } else {
            b.sys.nb_send_recv(counter, source, 0);
        }
        EXPECT_CURRENT(b.sys, b.sys.root());
        EXPECT_EQ(b.sys.nb_wait(counter).badge, 1u) << "sent once";
        EXPECT_EQ(b.sys.recv(b.ep, b.reply).label, Word{FAULT_CAP});
        EXPECT_OK(b.sys.CNode_Copy(kCNode, source, 64, kCNode, ready, 64, 15));
        b.sys.signal(ready);
        b.sys.send(b.reply);
        EXPECT_CURRENT(b.sys, b.victim);
        EXPECT_TRUE(b.sys.refire());
        EXPECT_EQ(b.sys.message().badge, 2u);
        EXPECT_EQ(b.sys.ntfn_of(counter)->state, NTFN_ACTIVE) << "sent again";
    }
}

/* --- Before the operation --------------------------------------------------------------------- */

TEST(SyscallPrologue, CallWithoutEnoughBudgetIsNotPerformedAndRepeatedAfterTheNextRefill)
{
    System sys;
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    Thread periodic = sys.spawn({.priority = 110, .budget_us = 1000, .period_us = 10000});
    sys.advance(985); /* 15 us are left, below the minimum budget. */
    EXPECT_CURRENT(sys, periodic);
    Word pc = periodic.regs().pc;
    sys.signal(ntfn);
    EXPECT_CURRENT(sys, sys.root());
    EXPECT_EQ(sys.ntfn_of(ntfn)->state, NTFN_IDLE);
    EXPECT_EQ(periodic.state(), THREAD_RESTART);
    EXPECT_EQ(periodic.object->queue, THREAD_QUEUE_RELEASE);
    sys.advance(9100); /* To a little after 10 ms. */
    EXPECT_CURRENT(sys, periodic);
    EXPECT_EQ(periodic.regs().pc, pc);
    EXPECT_TRUE(sys.refire());
    EXPECT_EQ(sys.ntfn_of(ntfn)->state, NTFN_ACTIVE);
}

TEST(SyscallPrologue, EnoughBudgetIsTheMinimumBudget)
{
    System sys;
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    Thread periodic = sys.spawn({.priority = 110, .budget_us = 1000, .period_us = 10000});
    sys.advance(980);
    EXPECT_TRUE(sys.signal(ntfn).returned);
    EXPECT_CURRENT(sys, periodic);
    EXPECT_EQ(sys.ntfn_of(ntfn)->state, NTFN_ACTIVE);
}

TEST(SyscallPrologue, UnknownSystemCallsAndFaultsAreSkippedLikewise)
{
    for (bool by_fault : {false, true}) {
        System sys;
        CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
        Thread periodic =
            sys.spawn({.priority = 110, .budget_us = 1000, .period_us = 10000, .fault_ep = ep});
        sys.advance(985);
        by_fault ? sys.fault(13, 0x10) : static_cast<void>(sys.ecall(99));
        EXPECT_EQ(periodic.state(), THREAD_RESTART);
        EXPECT_EQ(periodic.object->queue, THREAD_QUEUE_RELEASE);
        EXPECT_EQ(sys.endpoint_of(ep)->queue.head, nullptr);
    }
}

TEST(SyscallPrologue, RoundRobinThreadRepeatsItsCallAfterItsEquals)
{
    System sys;
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    Thread equal = sys.spawn({.priority = 100});
    sys.advance(4990); /* Of root's slice of 5 ms. */
    EXPECT_CURRENT(sys, sys.root());
    sys.signal(ntfn);
    EXPECT_CURRENT(sys, equal);
    EXPECT_EQ(sys.ntfn_of(ntfn)->state, NTFN_IDLE);
    EXPECT_EQ(sys.root().state(), THREAD_RESTART);
    sys.yield();
    EXPECT_CURRENT(sys, sys.root());
    EXPECT_TRUE(sys.refire());
    EXPECT_EQ(sys.ntfn_of(ntfn)->state, NTFN_ACTIVE);
}

TEST(SyscallPrologue, LoneRoundRobinThreadRepeatsItsCallAtOnce)
{
    System sys;
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    sys.advance(4990);
    EXPECT_TRUE(sys.signal(ntfn).returned);
    EXPECT_EQ(sys.restarts, 1u);
    EXPECT_EQ(sys.ntfn_of(ntfn)->state, NTFN_ACTIVE);
}

TEST(SyscallYield, RoundRobinThreadGoesBehindItsEqualsAndLowerOnesNeverRun)
{
    System sys;
    Thread equal = sys.spawn({.priority = 100});
    Thread lower = sys.spawn({.priority = 90});
    sys.yield();
    EXPECT_CURRENT(sys, equal);
    sys.yield();
    EXPECT_CURRENT(sys, sys.root());
    EXPECT_EQ(lower.object->queue, THREAD_QUEUE_READY);
}

TEST(SyscallYield, PeriodicThreadWaitsForItsNextRefill)
{
    System sys;
    Thread periodic = sys.spawn({.priority = 110, .budget_us = 1000, .period_us = 10000});
    sys.advance(100);
    sys.yield();
    EXPECT_CURRENT(sys, sys.root());
    EXPECT_EQ(periodic.state(), THREAD_RUNNING);
    EXPECT_EQ(periodic.object->queue, THREAD_QUEUE_RELEASE);
    Reply consumed = sys.SchedContext_Consumed(periodic.sc);
    EXPECT_EQ(consumed[0], 100u) << "only the time really used";
    sys.advance(9901);
    EXPECT_CURRENT(sys, periodic);
}

} // namespace

} // namespace albireo
