/* SPDX-License-Identifier: BSD-2-Clause */

/* System calls: numbers, which registers they change and which they keep (docs/abi/01 sections 1.2
 * to 1.4). */
#include <array>

#include "tests/support/system.h"

namespace albireo {

namespace {

using Registers = std::array<Word, 32>;

Word info(Word label, Word length, Word caps = 0)
{
    return label << 12 | caps << 7 | length;
}

Registers registers_of(const struct thread *thread)
{
    Registers r;
    for (size_t i = 0; i < r.size(); i++) {
        r[i] = thread->regs.x[i];
    }
    return r;
}

/* All 31 registers get values of their own. */
void poison(struct thread *thread)
{
    for (size_t i = 1; i < 32; i++) {
        thread->regs.x[i] = 0xBAD0000000000000 + i * 0x01010101;
    }
}

/* The current thread, poisoned, executes a system call. Gives what its registers must be afterwards
 * if the call changes none. */
Registers fire(System &sys, int64_t number, const std::vector<Word> &a, const Word *t0 = nullptr)
{
    struct thread *caller = sys.current();
    poison(caller);
    Registers expected = registers_of(caller);
    expected[REG_A7] = static_cast<Word>(number);
    for (size_t i = 0; i < a.size(); i++) {
        expected[REG_A0 + i] = a[i];
    }
    if (t0 != nullptr) {
        expected[REG_T0] = *t0;
    }
    sys.ecall(number, a, t0);
    return expected;
}

/* A sender above root that blocks in a Send to `ep` with a message of that many words. */
Thread queued_sender(System &sys, CPtr ep, Word label, const std::vector<Word> &words)
{
    Thread sender = sys.spawn({.priority = 110});
    sys.send(ep, label, words);
    EXPECT_EQ(sender.state(), THREAD_BLOCKED_ON_SEND);
    EXPECT_CURRENT(sys, sys.root());
    return sender;
}

/* --- Registers -------------------------------------------------------------------------------- */

TEST(SyscallRegisters, YieldChangesNone)
{
    System sys;
    Registers expected = fire(sys, ABI_SYS_YIELD, {});
    EXPECT_CURRENT(sys, sys.root());
    EXPECT_EQ(registers_of(sys.current()), expected);
}

TEST(SyscallRegisters, EveryCallContinuesBehindItsEcall)
{
    System sys;
    Word pc = sys.current()->regs.pc;
    sys.yield();
    EXPECT_EQ(sys.current()->regs.pc, pc + 4);
    EXPECT_EQ(sys.current()->regs.fault_pc, pc);
}

TEST(SyscallRegisters, SendAndNbSendChangeNoneWhateverTheDestinationSays)
{
    System sys;
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    CPtr reply = sys.make(ABI_OBJECT_REPLY);
    CPtr mute = sys.copy(sys.make(ABI_OBJECT_ENDPOINT), 0);
    CPtr empty = sys.alloc_slot();
    CPtr tcb = sys.make(ABI_OBJECT_TCB);
    for (int64_t number : {ABI_SYS_SEND, ABI_SYS_NB_SEND}) {
        for (CPtr dest : {ntfn, reply, mute, empty, tcb, kCNode}) {
            /* Label 0: kernel objects refuse it. */
            Registers expected = fire(sys, number, {dest, info(0, 4)});
            EXPECT_EQ(registers_of(sys.current()), expected) << number << " to " << dest;
        }
    }
}

TEST(SyscallRegisters, SuccessfulInvocationBySendChangesNone)
{
    System sys;
    CPtr tcb = sys.make(ABI_OBJECT_TCB);
    Registers expected = fire(sys, ABI_SYS_SEND, {tcb, info(ABI_LABEL_TCB_SET_TLS_BASE, 1), 0x77});
    EXPECT_EQ(sys.thread_of(tcb)->regs.x[REG_TP], 0x77u);
    EXPECT_EQ(registers_of(sys.current()), expected);
}

TEST(SyscallRegisters, InvocationWithResultsBySendChangesNone)
{
    System sys;
    CPtr frame = sys.make(ABI_OBJECT_PAGE_4K);
    for (int64_t number : {ABI_SYS_SEND, ABI_SYS_NB_SEND}) {
        Registers expected = fire(sys, number, {frame, info(ABI_LABEL_PAGE_GET_ADDRESS, 0)});
        EXPECT_EQ(registers_of(sys.current()), expected);
    }
}

TEST(SyscallRegisters, NbSendToAnIdleEndpointChangesNone)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    Registers expected = fire(sys, ABI_SYS_NB_SEND, {ep, info(3, 4)});
    EXPECT_EQ(registers_of(sys.current()), expected);
    EXPECT_EQ(sys.endpoint_of(ep)->queue.head, nullptr);
}

TEST(SyscallRegisters, SendThatBlocksChangesNoneOfTheSender)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    Thread sender = sys.spawn({.priority = 110});
    Registers expected = fire(sys, ABI_SYS_SEND, {ep, info(9, 2), 1, 2});
    EXPECT_EQ(registers_of(sender.object), expected);
    sys.wait(ep);
    EXPECT_EQ(sys.root().message().label, 9u);
    EXPECT_CURRENT(sys, sender);
    EXPECT_EQ(registers_of(sender.object), expected);
}

TEST(SyscallRegisters, CallWithoutResultSetsA0AndA1ToZeroOnly)
{
    System sys;
    CPtr ntfn = sys.mint(sys.make(ABI_OBJECT_NOTIFICATION), 5);
    CPtr reply = sys.make(ABI_OBJECT_REPLY);
    for (CPtr dest : {ntfn, reply}) {
        Registers expected = fire(sys, ABI_SYS_CALL, {dest, info(77, 4)});
        expected[REG_A0] = 0;
        expected[REG_A1] = 0;
        EXPECT_EQ(registers_of(sys.current()), expected);
    }
}

TEST(SyscallRegisters, CallWithOneResultWordSetsA0A1AndA2Only)
{
    System sys;
    CPtr frame = sys.make(ABI_OBJECT_PAGE_4K);
    Registers expected = fire(sys, ABI_SYS_CALL, {frame, info(ABI_LABEL_PAGE_GET_ADDRESS, 0)});
    expected[REG_A0] = 0;
    expected[REG_A1] = info(0, 1);
    expected[REG_A2] = sys.cap_at(frame).paddr;
    EXPECT_EQ(registers_of(sys.current()), expected);
}

TEST(SyscallRegisters, ErrorWithoutDetailsSetsA0AndA1Only)
{
    System sys;
    CPtr tcb = sys.make(ABI_OBJECT_TCB);
    Registers expected = fire(sys, ABI_SYS_CALL, {tcb, info(0, 4)});
    expected[REG_A0] = 0;
    expected[REG_A1] = info(STATUS_ILLEGAL_OPERATION, 0);
    EXPECT_EQ(registers_of(sys.current()), expected);
}

TEST(SyscallRegisters, ErrorDetailsFillAsManyRegistersAsTheyNeed)
{
    System sys;
    CPtr empty = sys.alloc_slot();
    Registers expected = fire(sys, ABI_SYS_CALL, {empty, info(5, 4)});
    expected[REG_A0] = 0;
    expected[REG_A1] = info(STATUS_INVALID_CAPABILITY, 1);
    expected[REG_A2] = 0;
    EXPECT_EQ(registers_of(sys.current()), expected);

    expected = fire(sys, ABI_SYS_CALL, {kCNode, info(ABI_LABEL_CNODE_DELETE, 2), empty, 0});
    expected[REG_A0] = 0;
    expected[REG_A1] = info(STATUS_RANGE_ERROR, 2);
    expected[REG_A2] = 1;
    expected[REG_A3] = 64;
    EXPECT_EQ(registers_of(sys.current()), expected);
}

TEST(SyscallRegisters, ReceiveSetsA0A1AndAsManyMessageRegistersAsWordsCame)
{
    for (Word length = 0; length <= 4; length++) {
        System sys;
        CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
        CPtr badged = sys.mint(ep, 0x1111);
        std::vector<Word> words;
        for (Word i = 0; i < length; i++) {
            words.push_back(0x500 + i);
        }
        queued_sender(sys, badged, 0x44, words);
        Thread receiver = sys.root();
        Registers expected = fire(sys, ABI_SYS_WAIT, {ep});
        expected[REG_A0] = 0x1111;
        expected[REG_A1] = info(0x44, length);
        for (Word i = 0; i < length; i++) {
            expected[REG_A2 + i] = 0x500 + i;
        }
        EXPECT_EQ(registers_of(receiver.object), expected) << length << " words";
    }
}

TEST(SyscallRegisters, BlockedReceiverGetsTheSameRegistersLater)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr badged = sys.mint(ep, 0x2222);
    Thread receiver = sys.spawn({.priority = 110});
    Registers expected = fire(sys, ABI_SYS_WAIT, {ep});
    EXPECT_EQ(registers_of(receiver.object), expected);
    sys.send(badged, 3, {8, 9});
    expected[REG_A0] = 0x2222;
    expected[REG_A1] = info(3, 2);
    expected[REG_A2] = 8;
    expected[REG_A3] = 9;
    EXPECT_EQ(registers_of(receiver.object), expected);
}

TEST(SyscallRegisters, FailedNonBlockingReceiveClearsA0Only)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    CPtr reply = sys.make(ABI_OBJECT_REPLY);
    struct {
        int64_t number;
        std::vector<Word> a;
    } const cases[] = {
        {ABI_SYS_NB_RECV, {ep, 0xabc, 1, 2, 3, 4, reply}},
        {ABI_SYS_NB_RECV, {ntfn, 0xabc, 1, 2, 3, 4}},
        {ABI_SYS_NB_WAIT, {ep, 0xabc}},
        {ABI_SYS_NB_WAIT, {ntfn, 0xabc}},
    };
    for (const auto &c : cases) {
        Registers expected = fire(sys, c.number, c.a);
        expected[REG_A0] = 0;
        EXPECT_EQ(registers_of(sys.current()), expected) << c.number;
    }
}

TEST(SyscallRegisters, ReceivedSignalSetsA0Only)
{
    System sys;
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    CPtr badged = sys.mint(ntfn, 0x30);
    for (int64_t number : {ABI_SYS_RECV, ABI_SYS_NB_RECV, ABI_SYS_WAIT, ABI_SYS_NB_WAIT}) {
        sys.signal(badged);
        Registers expected = fire(sys, number, {ntfn});
        expected[REG_A0] = 0x30;
        EXPECT_EQ(registers_of(sys.current()), expected) << number;
    }
}

TEST(SyscallRegisters, CombinedCallsChangeWhatTheirReceiveHalfChanges)
{
    System sys;
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    CPtr badged = sys.mint(ntfn, 0x30);
    CPtr reply = sys.make(ABI_OBJECT_REPLY);
    for (int64_t number : {ABI_SYS_REPLY_RECV, ABI_SYS_NB_SEND_RECV, ABI_SYS_NB_SEND_WAIT}) {
        sys.signal(badged);
        Registers expected = fire(sys, number, {ntfn, info(1, 2), 3, 4, 5, 6, reply}, &reply);
        expected[REG_A0] = 0x30;
        EXPECT_EQ(registers_of(sys.current()), expected) << number;
    }
}

TEST(SyscallRegisters, FloatingPointRegistersAreKept)
{
    if (!CONFIG_FPU) {
        return;
    }
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    ASSERT_TRUE(sim_fpu_set(sys.sim(), 7, 0x77));
    Thread other = sys.spawn({.priority = 110});
    ASSERT_TRUE(sim_fpu_set(sys.sim(), 7, 0x99));
    sys.wait(ep);
    sys.send(ep, 1, {1, 2, 3, 4});
    Word value = 0;
    EXPECT_CURRENT(sys, other);
    EXPECT_TRUE(sim_fpu_get(sys.sim(), 7, &value));
    EXPECT_EQ(value, 0x99u);
    sys.wait(ep);
    EXPECT_TRUE(sim_fpu_get(sys.sim(), 7, &value));
    EXPECT_EQ(value, 0x77u);
}

/* --- Numbers ---------------------------------------------------------------------------------- */

TEST(SyscallNumbers, EveryOtherNumberIsAnUnknownSyscallWithAll64BitsInTheFault)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr reply = sys.make(ABI_OBJECT_REPLY);
    Thread odd = sys.spawn({.priority = 110, .fault_ep = ep});
    std::vector<int64_t> numbers = {
        0,         1,        2, 11, 0xc1, 0xffffffff, int64_t{1} << 32, -1 - (int64_t{1} << 32),
        INT64_MAX, INT64_MIN};
    for (int64_t n = -18; n >= -40; n--) {
        numbers.push_back(n);
    }
    for (int64_t n = -12; n >= -17 && !CONFIG_DEBUG; n--) {
        numbers.push_back(n);
    }
    for (int64_t number : numbers) {
        EXPECT_CURRENT(sys, odd);
        Word pc = sys.current()->regs.pc;
        Registers expected = fire(sys, number, {});
        EXPECT_EQ(registers_of(odd.object), expected);
        EXPECT_CURRENT(sys, sys.root());
        Reply r = sys.recv(ep, reply);
        EXPECT_EQ(r.label, Word{FAULT_UNKNOWN_SYSCALL}) << number;
        EXPECT_EQ(r[0], pc);
        EXPECT_EQ(r[10], static_cast<Word>(number));
        sys.send(reply, 0, {pc + 4});
    }
}

TEST(SyscallNumbers, NumbersOfTheApiDoNotFault)
{
    System sys;
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    for (int64_t number = -1; number >= -11; number--) {
        sys.signal(ntfn);
        EXPECT_TRUE(sys.ecall(number, {ntfn, 0, 0, 0, 0, 0, ntfn}, &ntfn)) << number;
    }
    EXPECT_EQ(sys.kernel()->counters.faults[FAULT_UNKNOWN_SYSCALL], 0u);
}

} // namespace

} // namespace albireo
