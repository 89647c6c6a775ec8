/* SPDX-License-Identifier: BSD-2-Clause */

/* TCB_ReadRegisters, TCB_WriteRegisters and TCB_CopyRegisters: docs/abi/05 section 5.5, docs/abi/16
 * section 16.3, and which PC of a thread they mean (docs/abi/06 sections 6.2 and 6.3). */

#include <numeric>

#include "tests/api/refusal.h"

namespace albireo {
namespace {

constexpr Word kRead = ABI_LABEL_TCB_READ_REGISTERS;
constexpr Word kWrite = ABI_LABEL_TCB_WRITE_REGISTERS;
constexpr Word kCopy = ABI_LABEL_TCB_COPY_REGISTERS;
constexpr size_t kRegisters = 32;

/* Flags of TCB_CopyRegisters. */
enum { SUSPEND_SOURCE = 1, RESUME_DEST = 2, FRAME = 4, INTEGER = 8 };

/* Numbers of the registers in the order of section 5.5.1; the first is the PC. */
constexpr int kOrder[kRegisters] = {-1, 1,  2,  3,  8,  9,  18, 19, 20, 21, 22, 23, 24, 25, 26, 27,
                                    10, 11, 12, 13, 14, 15, 16, 17, 5,  6,  7,  28, 29, 30, 31, 4};

std::vector<Word> numbered(Word first, size_t count = kRegisters)
{
    std::vector<Word> values(count);
    std::iota(values.begin(), values.end(), first);
    return values;
}

/* The registers of a thread in that order, straight from its TCB. */
std::vector<Word> context_of(const struct thread *thread)
{
    std::vector<Word> values;
    for (int number : kOrder) {
        values.push_back(number < 0 ? thread->regs.fault_pc : thread->regs.x[number]);
    }
    return values;
}

class TcbRegistersTest : public ::testing::Test {
  protected:
    System sys;
    CPtr tcb = sys.make(ABI_OBJECT_TCB);
    struct thread *target = sys.thread_of(tcb);
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
};

/* --- Refusals -------------------------------------------------------------------------------- */

TEST_F(TcbRegistersTest, ReadRefusals)
{
    expect_refused(sys, tcb, kRead,
                   {{"no words", 1, {}, {}, {}},
                    {"one word", 1, {0}, {}, {}},
                    {"no register", 2, {0, 0}, {}, {1, 32}},
                    {"33 registers", 2, {0, 33}, {}, {1, 32}},
                    {"all registers there may be", 2, {0, ~Word{0}}, {}, {1, 32}}});
    expect_refused(sys, kTcb, kRead,
                   {{"one word, itself", 1, {0}, {}, {}},
                    {"no register, itself", 2, {0, 0}, {}, {1, 32}},
                    {"33 registers, itself", 2, {0, 33}, {}, {1, 32}},
                    {"itself", 3, {0, 1}, {}, {}},
                    {"itself, suspending", 3, {1, 1}, {}, {}}});
}

TEST_F(TcbRegistersTest, WriteRefusals)
{
    expect_refused(sys, tcb, kWrite,
                   {{"no words", 1, {}, {}, {}},
                    {"one word", 1, {0}, {}, {}},
                    {"fewer words than said", 2, {0, 3, 1, 2}, {}, {}},
                    {"no word but one said", 2, {0, 1}, {}, {}},
                    {"more than any message holds", 2, {0, ~Word{0}, 1, 2}, {}, {}},
                    {"a count that overflows", 2, {0, ~Word{1}, 1, 2}, {}, {}}});
    expect_refused(sys, kTcb, kWrite,
                   {{"one word, itself", 1, {0}, {}, {}},
                    {"fewer words than said, itself", 2, {0, 3, 1, 2}, {}, {}},
                    {"itself", 3, {0, 2, 1, 2}, {}, {}},
                    {"itself, no register", 3, {0, 0}, {}, {}}});
}

TEST_F(TcbRegistersTest, CopyRefusals)
{
    expect_refused(sys, tcb, kCopy,
                   {{"no word", 1, {}, {kTcb}, {}},
                    {"no word, source not a TCB", 1, {}, {ep}, {}},
                    {"no source", 1, {0}, {}, {}},
                    {"source is an endpoint", 2, {0}, {ep}, {1}},
                    {"source is null", 2, {0}, {0}, {1}}});
}

TEST_F(TcbRegistersTest, LabelsOfOtherObjectsAreRefused)
{
    for (Word label : {Word{0}, Word{ABI_LABEL_UNTYPED_RETYPE}, Word{ABI_LABEL_CNODE_REVOKE},
                       Word{ABI_LABEL_DOMAIN_SET}, Word{ABI_LABEL_SCHED_CONTEXT_BIND}, Word{47},
                       Word{1} << 40}) {
        expect_label_refused(sys, tcb, label);
    }
}

/* --- ReadRegisters --------------------------------------------------------------------------- */

TEST_F(TcbRegistersTest, FreshThreadHasOnlyZeros)
{
    Reply reply = sys.TCB_ReadRegisters(tcb, 0, 32);
    EXPECT_OK(reply);
    EXPECT_EQ(std::vector<Word>(32, 0), reply.words);
}

TEST_F(TcbRegistersTest, RegistersComeInTheOrderOfTheUserContext)
{
    for (int number : kOrder) {
        if (number > 0) {
            target->regs.x[number] = static_cast<Word>(1000 + number);
        }
    }
    target->regs.fault_pc = 77;
    target->regs.pc = 88;
    Reply reply = sys.TCB_ReadRegisters(tcb, 0, 32);
    EXPECT_OK(reply);
    EXPECT_EQ(context_of(target), reply.words);
}

TEST_F(TcbRegistersTest, ReadGivesAsManyAsAskedFor)
{
    ASSERT_OK(sys.write_registers(tcb, false, {0x1234, 0x5678}));
    Reply reply = sys.TCB_ReadRegisters(tcb, 0, 5);
    EXPECT_OK(reply);
    EXPECT_EQ((std::vector<Word>{0x1234, 0x5678, 0, 0, 0}), reply.words);
}

TEST_F(TcbRegistersTest, ReadDoesNotDisturbItsTarget)
{
    sys.expect_unchanged([&] { EXPECT_OK(sys.TCB_ReadRegisters(tcb, 0xFFFE, 32)); });
}

TEST_F(TcbRegistersTest, WithoutBufferReadGivesFourRegisters)
{
    ASSERT_OK(sys.write_registers(tcb, false, numbered(50)));
    Thread poor = sys.spawn({.priority = 110, .with_buffer = false});
    EXPECT_CURRENT(sys, poor);
    Reply reply = sys.TCB_ReadRegisters(tcb, 0, 32);
    EXPECT_OK(reply);
    EXPECT_EQ(numbered(50, 4), reply.words);
}

TEST_F(TcbRegistersTest, WithReadOnlyBufferReadGivesFourRegisters)
{
    ASSERT_OK(sys.write_registers(tcb, false, numbered(50)));
    Thread poor = sys.spawn({.priority = 110, .buffer_rights = ABI_RIGHT_READ});
    EXPECT_CURRENT(sys, poor);
    Reply reply = sys.TCB_ReadRegisters(tcb, 0, 32);
    EXPECT_OK(reply);
    EXPECT_EQ(numbered(50, 4), reply.words);
}

TEST_F(TcbRegistersTest, ReadSuspendsIfAsked)
{
    Thread other = sys.spawn();
    EXPECT_EQ(THREAD_RESTART, other.state());
    EXPECT_OK(sys.TCB_ReadRegisters(other.tcb, 0, 1));
    EXPECT_EQ(THREAD_RESTART, other.state());
    EXPECT_OK(sys.TCB_ReadRegisters(other.tcb, 1, 1));
    EXPECT_EQ(THREAD_INACTIVE, other.state());
}

TEST_F(TcbRegistersTest, OnlyBitZeroOfTheReadFlagsCounts)
{
    Thread other = sys.spawn();
    EXPECT_OK(sys.TCB_ReadRegisters(other.tcb, ~Word{1}, 1));
    EXPECT_EQ(THREAD_RESTART, other.state());
}

TEST_F(TcbRegistersTest, ReadBySendDoesNotAnswer)
{
    sys.send(tcb, kRead, {0, 5});
    EXPECT_EQ(kRead << 12 | 2, sys.root().regs().x[REG_A1]) << "the message info as sent";
    EXPECT_EQ(5u, sys.root().regs().x[REG_A3]);
}

/* --- WriteRegisters -------------------------------------------------------------------------- */

TEST_F(TcbRegistersTest, WriteSetsAllRegisters)
{
    EXPECT_OK(sys.write_registers(tcb, false, numbered(100)));
    EXPECT_EQ(numbered(100), context_of(target));
    EXPECT_EQ(100u, target->regs.pc);
    EXPECT_EQ(0u, target->regs.x[0]);
    EXPECT_EQ(THREAD_INACTIVE, target->state);
}

TEST_F(TcbRegistersTest, NoBitsAreMasked)
{
    EXPECT_OK(sys.write_registers(tcb, false, std::vector<Word>(32, ~Word{0})));
    EXPECT_EQ(std::vector<Word>(32, ~Word{0}), sys.TCB_ReadRegisters(tcb, 0, 32).words);
}

TEST_F(TcbRegistersTest, RegistersBeyondTheCountStay)
{
    ASSERT_OK(sys.write_registers(tcb, false, numbered(100)));
    EXPECT_OK(sys.write_registers(tcb, false, {1, 2, 3}));
    std::vector<Word> expected = numbered(100);
    std::iota(expected.begin(), expected.begin() + 3, 1);
    EXPECT_EQ(expected, context_of(target));
}

TEST_F(TcbRegistersTest, WordsBeyondTheCountAreIgnored)
{
    EXPECT_OK(sys.call(tcb, kWrite, {0, 2, 7, 8, 9, 10}));
    std::vector<Word> expected(32, 0);
    expected[0] = 7;
    expected[1] = 8;
    EXPECT_EQ(expected, context_of(target));
}

TEST_F(TcbRegistersTest, CountBeyondAllRegistersWritesAll)
{
    EXPECT_OK(sys.write_registers(tcb, false, numbered(100, 40)));
    EXPECT_EQ(numbered(100), context_of(target));
}

TEST_F(TcbRegistersTest, WriteOfNoRegisterIsAllowed)
{
    sys.expect_unchanged([&] { EXPECT_OK(sys.write_registers(tcb, false, {})); });
}

TEST_F(TcbRegistersTest, WriteResumesIfAsked)
{
    EXPECT_OK(sys.write_registers(tcb, true, {0x40}));
    EXPECT_EQ(THREAD_RESTART, target->state);
}

TEST_F(TcbRegistersTest, OnlyBitZeroOfTheWriteFlagsCounts)
{
    EXPECT_OK(sys.call(tcb, kWrite, {~Word{1}, 1, 0x40}));
    EXPECT_EQ(THREAD_INACTIVE, target->state);
}

TEST_F(TcbRegistersTest, ThreadStartsWithWhatWasWritten)
{
    Thread other = sys.spawn({.priority = 110, .start = false});
    EXPECT_FALSE(sys.write_registers(other.tcb, true, numbered(0x10000)).returned);
    EXPECT_CURRENT(sys, other);
    EXPECT_EQ(0x10000u, other.regs().pc);
    for (size_t i = 1; i < kRegisters; i++) {
        EXPECT_EQ(0x10000 + i, other.regs().x[kOrder[i]]) << i;
    }
}

/* --- CopyRegisters --------------------------------------------------------------------------- */

class TcbCopyTest : public TcbRegistersTest {
  protected:
    void SetUp() override
    {
        ASSERT_OK(sys.write_registers(tcb, false, numbered(100)));
        ASSERT_OK(sys.write_registers(source, false, numbered(500)));
    }
    CPtr source = sys.make(ABI_OBJECT_TCB);
    struct thread *from = sys.thread_of(source);
};

TEST_F(TcbCopyTest, NoFlagCopiesNothing)
{
    sys.expect_unchanged([&] { EXPECT_OK(sys.TCB_CopyRegisters(tcb, source, 0)); });
}

TEST_F(TcbCopyTest, FrameRegistersAreTheFirstSixteen)
{
    EXPECT_OK(sys.TCB_CopyRegisters(tcb, source, FRAME));
    std::vector<Word> expected = numbered(100);
    std::iota(expected.begin(), expected.begin() + 16, 500);
    EXPECT_EQ(expected, context_of(target));
    EXPECT_EQ(500u, target->regs.pc);
    EXPECT_EQ(numbered(500), context_of(from));
}

TEST_F(TcbCopyTest, IntegerRegistersAreTheLastSixteen)
{
    EXPECT_OK(sys.TCB_CopyRegisters(tcb, source, INTEGER));
    std::vector<Word> expected = numbered(100);
    std::iota(expected.begin() + 16, expected.end(), 516);
    EXPECT_EQ(expected, context_of(target));
    EXPECT_EQ(100u, target->regs.pc);
}

TEST_F(TcbCopyTest, BothAreAll)
{
    EXPECT_OK(sys.TCB_CopyRegisters(tcb, source, FRAME | INTEGER));
    EXPECT_EQ(numbered(500), context_of(target));
}

TEST_F(TcbCopyTest, OtherFlagBitsAreIgnored)
{
    sys.expect_unchanged([&] { EXPECT_OK(sys.TCB_CopyRegisters(tcb, source, ~Word{15})); });
}

TEST_F(TcbCopyTest, SourceIsSuspendedIfAsked)
{
    Thread other = sys.spawn();
    EXPECT_OK(sys.TCB_CopyRegisters(tcb, other.tcb, SUSPEND_SOURCE));
    EXPECT_EQ(THREAD_INACTIVE, other.state());
    EXPECT_EQ(THREAD_INACTIVE, target->state);
}

TEST_F(TcbCopyTest, DestinationIsResumedIfAsked)
{
    EXPECT_OK(sys.TCB_CopyRegisters(tcb, source, RESUME_DEST));
    EXPECT_EQ(THREAD_RESTART, target->state);
    EXPECT_EQ(THREAD_INACTIVE, from->state);
}

TEST_F(TcbCopyTest, SuspendComesBeforeResume)
{
    Thread other = sys.spawn();
    EXPECT_OK(sys.TCB_CopyRegisters(other.tcb, other.tcb, SUSPEND_SOURCE | RESUME_DEST));
    EXPECT_EQ(THREAD_RESTART, other.state());
}

TEST_F(TcbCopyTest, ResumedDestinationStartsWithTheNewRegisters)
{
    Thread other = sys.spawn({.priority = 110, .start = false});
    EXPECT_FALSE(sys.TCB_CopyRegisters(other.tcb, source, RESUME_DEST | FRAME | INTEGER).returned);
    EXPECT_CURRENT(sys, other);
    EXPECT_EQ(500u, other.regs().pc);
    EXPECT_EQ(numbered(500), context_of(other.object));
}

TEST_F(TcbCopyTest, SourceMayBeTheCaller)
{
    Word ecall = sys.root().regs().pc;
    sys.root().regs().x[REG_RA] = 0xABC;
    EXPECT_OK(sys.TCB_CopyRegisters(tcb, kTcb, FRAME));
    EXPECT_EQ(ecall, target->regs.fault_pc);
    EXPECT_EQ(0xABCu, target->regs.x[REG_RA]);
}

TEST_F(TcbCopyTest, DestinationMayBeTheCaller)
{
    sys.TCB_CopyRegisters(kTcb, source, FRAME | INTEGER);
    EXPECT_CURRENT(sys, sys.root());
    EXPECT_EQ(500u, sys.root().regs().pc);
    EXPECT_EQ(501u, sys.root().regs().x[REG_RA]);
    EXPECT_EQ(531u, sys.root().regs().x[REG_TP]);
    EXPECT_EQ(0u, sys.root().regs().x[REG_A0]) << "the answer of the call comes on top";
}

TEST_F(TcbCopyTest, CallerSuspendsItselfAsSource)
{
    Thread other = sys.spawn();
    EXPECT_FALSE(sys.TCB_CopyRegisters(tcb, kTcb, SUSPEND_SOURCE).returned);
    EXPECT_EQ(THREAD_INACTIVE, sys.root().state());
    EXPECT_CURRENT(sys, other);
}

/* --- Which PC -------------------------------------------------------------------------------- */

/* A thread above root, which waits for what root signals. */
class TcbPcTest : public TcbRegistersTest {
  protected:
    Word pc_of(const Thread &thread, bool suspend)
    {
        Reply reply = sys.TCB_ReadRegisters(thread.tcb, suspend ? 1 : 0, 1);
        EXPECT_OK(reply);
        return reply[0];
    }
    /* Completes a system call by which `high` is preferred; gives its address. */
    Word preempted_at()
    {
        Word ecall = sys.root().regs().pc;
        sys.signal(ntfn);
        EXPECT_CURRENT(sys, high);
        return ecall;
    }
    void SetUp() override
    {
        EXPECT_CURRENT(sys, high);
        sys.wait(ntfn);
        EXPECT_CURRENT(sys, sys.root());
    }
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    Thread high = sys.spawn({.priority = 110});
    Word waits_at = high.regs().pc;
};

TEST_F(TcbPcTest, OfAReadyThreadIsItsCompletedSystemCall)
{
    Word ecall = preempted_at();
    EXPECT_EQ(ecall, pc_of(sys.root(), false));
}

TEST_F(TcbPcTest, OfAThreadSuspendedByTheReadIsBehindItsSystemCall)
{
    Word ecall = preempted_at();
    EXPECT_EQ(ecall + 4, pc_of(sys.root(), true));
}

TEST_F(TcbPcTest, OfAThreadSuspendedBeforeIsBehindItsSystemCall)
{
    Word ecall = preempted_at();
    EXPECT_OK(sys.TCB_Suspend(kTcb));
    EXPECT_EQ(ecall + 4, pc_of(sys.root(), false));
}

TEST_F(TcbPcTest, OfABlockedThreadIsItsSystemCall)
{
    EXPECT_EQ(THREAD_BLOCKED_ON_NOTIFICATION, high.state());
    EXPECT_EQ(waits_at, pc_of(high, false));
    EXPECT_EQ(waits_at, pc_of(high, true));
}

TEST_F(TcbPcTest, OfAThreadPreemptedByAnInterruptIsWhereItContinues)
{
    CPtr handler = sys.alloc_slot();
    ASSERT_OK(sys.IRQControl_Get(kIrqControl, 5, kCNode, handler, 64));
    ASSERT_OK(sys.IRQHandler_SetNotification(handler, ntfn));
    Word next = sys.root().regs().pc;
    sys.irq(5);
    EXPECT_CURRENT(sys, high);
    EXPECT_EQ(next, pc_of(sys.root(), false));
}

TEST_F(TcbPcTest, WriteOfNoRegisterRepeatsACompletedSystemCall)
{
    Word ecall = preempted_at();
    EXPECT_EQ(ecall + 4, sys.root().regs().pc);
    EXPECT_OK(sys.write_registers(kTcb, false, {}));
    EXPECT_EQ(ecall, sys.root().regs().pc);
    sys.wait(ntfn);
    EXPECT_CURRENT(sys, sys.root());
    sys.refire(); /* The signal once more. */
    EXPECT_CURRENT(sys, high);
}

TEST_F(TcbPcTest, WriteOfNoRegisterToASuspendedThreadRepeatsNothing)
{
    Word ecall = preempted_at();
    EXPECT_OK(sys.TCB_Suspend(kTcb));
    EXPECT_OK(sys.write_registers(kTcb, true, {}));
    sys.wait(ntfn);
    EXPECT_CURRENT(sys, sys.root());
    EXPECT_EQ(ecall + 4, sys.root().regs().pc);
}

TEST_F(TcbPcTest, BlockedThreadSkipsItsSystemCallIfItsPcIsMovedOn)
{
    sys.write_registers(high.tcb, true, {waits_at + 4});
    EXPECT_CURRENT(sys, high);
    EXPECT_EQ(waits_at + 4, high.regs().pc);
}

} // namespace
} // namespace albireo
