/* SPDX-License-Identifier: BSD-2-Clause */

/* Floating-point registers belong to threads: state is kept over everything that happens to a
 * thread, and nothing leaks (docs/abi/04 section 4.1, 05 SetFlags, 15 items 53 and 54). In a kernel
 * without FPU support every use of them is an exception.
 */
#include "tests/support/system.h"

namespace albireo {
namespace {

constexpr uint32_t kFcsr = 32;
constexpr Word kIllegalInstruction = 2;

class FpuTest : public ::testing::Test {
  protected:
    bool get(uint32_t index, Word *value)
    {
        return sim_fpu_get(sys.sim(), index, value);
    }
    bool set(uint32_t index, Word value)
    {
        return sim_fpu_set(sys.sim(), index, value);
    }
    /* All FP registers of the current thread := values that depend on seed and number. */
    void fill(Word seed)
    {
        for (uint32_t i = 0; i < 32; i++) {
            EXPECT_TRUE(set(i, seed * 1000 + i));
        }
        EXPECT_TRUE(set(kFcsr, seed % 32));
    }
    void expect_filled(Word seed)
    {
        Word value = 0;
        for (uint32_t i = 0; i < 32; i++) {
            EXPECT_TRUE(get(i, &value));
            EXPECT_EQ(seed * 1000 + i, value) << "f" << i;
        }
        EXPECT_TRUE(get(kFcsr, &value));
        EXPECT_EQ(seed % 32, value);
    }
    void expect_zero()
    {
        Word value = 1;
        for (uint32_t i = 0; i <= kFcsr; i++) {
            EXPECT_TRUE(get(i, &value));
            EXPECT_EQ(0u, value) << "f" << i;
        }
    }
    Reply set_flags(const Thread &thread, Word clear, Word flags)
    {
        return sys.TCB_SetFlags(thread.tcb, clear, flags);
    }

    System sys;
};

/* Everything below presumes an FPU. */
#define NEEDS_FPU()                                                                                \
    if (!CONFIG_FPU) {                                                                             \
        return;                                                                                    \
    }

TEST_F(FpuTest, WithoutFpuEveryUseIsAnIllegalInstruction)
{
    if (CONFIG_FPU) {
        return;
    }
    CPtr endpoint = sys.make(ABI_OBJECT_ENDPOINT);
    Thread thread = sys.spawn({.priority = 110, .fault_ep = endpoint});
    EXPECT_CURRENT(sys, thread);
    Word value;
    EXPECT_FALSE(get(0, &value));
    EXPECT_CURRENT(sys, sys.root());
    Reply fault = sys.recv(endpoint, sys.make(ABI_OBJECT_REPLY));
    EXPECT_EQ(Word{FAULT_USER_EXCEPTION}, fault.label);
    EXPECT_EQ(kIllegalInstruction, fault[2]);
}

TEST_F(FpuTest, FlagsAreLimitedToTheLegalOnesAndReturned)
{
    Thread thread = sys.spawn({.start = false});
    const Word legal = CONFIG_FPU ? ABI_TCB_FLAG_FPU_DISABLED : 0;
    struct {
        Word clear, set, result;
    } rows[] = {
        {0, 0, 0}, {0, 3, legal}, {0, 0, legal},           {~Word{1}, 0, legal},
        {1, 0, 0}, {1, 1, legal}, {~Word{0}, ~Word{1}, 0},
    };
    for (const auto &row : rows) {
        Reply reply = set_flags(thread, row.clear, row.set);
        EXPECT_OK(reply);
        ASSERT_EQ(1u, reply.length);
        EXPECT_EQ(row.result, reply[0]);
    }
    EXPECT_CALL_ERROR(sys.call(thread.tcb, ABI_LABEL_TCB_SET_FLAGS, {0}), STATUS_TRUNCATED_MESSAGE,
                      {});
}

TEST_F(FpuTest, InitialThreadStartsWithZeroState)
{
    NEEDS_FPU();
    expect_zero();
}

TEST_F(FpuTest, NewThreadStartsWithZeroState)
{
    NEEDS_FPU();
    fill(1);
    Thread thread = sys.spawn();
    sys.switch_to(thread);
    expect_zero();
}

TEST_F(FpuTest, EachThreadHasItsOwnState)
{
    NEEDS_FPU();
    Thread a = sys.spawn();
    Thread b = sys.spawn();
    fill(1);
    sys.switch_to(a);
    fill(2);
    sys.yield();
    EXPECT_CURRENT(sys, sys.root());
    sys.switch_to(b);
    fill(3);
    sys.yield();
    EXPECT_CURRENT(sys, sys.root());
    expect_filled(1);
    sys.switch_to(a);
    expect_filled(2);
    sys.yield();
    EXPECT_CURRENT(sys, sys.root());
    sys.switch_to(b);
    expect_filled(3);
}

TEST_F(FpuTest, StateSurvivesPreemptionByTimerAndInterrupt)
{
    NEEDS_FPU();
    CPtr handler = sys.alloc_slot();
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    ASSERT_OK(sys.IRQControl_Get(kIrqControl, 11, kCNode, handler, 64));
    ASSERT_OK(sys.IRQHandler_SetNotification(handler, ntfn));
    Thread driver = sys.spawn({.priority = 110});
    fill(2);
    sys.wait(ntfn);
    fill(1);
    sys.irq(11);
    EXPECT_CURRENT(sys, driver);
    expect_filled(2);
    sys.wait(ntfn);
    EXPECT_CURRENT(sys, sys.root());
    expect_filled(1);
    Thread other = sys.spawn();
    sys.advance(5000); /* Root's slice ends. */
    EXPECT_CURRENT(sys, other);
    expect_zero();
    fill(3);
    sys.advance(1000);
    EXPECT_CURRENT(sys, sys.root());
    expect_filled(1);
}

TEST_F(FpuTest, StateSurvivesCallAndReply)
{
    NEEDS_FPU();
    CPtr endpoint = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr reply = sys.make(ABI_OBJECT_REPLY);
    Thread server = sys.spawn({.priority = 110});
    fill(2);
    sys.recv(endpoint, reply);
    fill(1);
    sys.call(endpoint, 0, {1, 2, 3});
    EXPECT_CURRENT(sys, server);
    expect_filled(2);
    sys.reply_recv(endpoint, reply);
    EXPECT_CURRENT(sys, sys.root());
    expect_filled(1);
}

TEST_F(FpuTest, StateSurvivesIdleAndThreadsThatDoNotUseTheFpu)
{
    NEEDS_FPU();
    fill(1);
    Thread other = sys.spawn({.priority = 90});
    sys.park();
    EXPECT_CURRENT(sys, other);
    sys.unpark();
    EXPECT_CURRENT(sys, sys.root());
    expect_filled(1);
    sys.park();
    EXPECT_CURRENT(sys, other);
    ASSERT_TRUE(set(3, 5));
    sys.unpark();
    expect_filled(1);
}

TEST_F(FpuTest, StateSurvivesSuspendAndResume)
{
    NEEDS_FPU();
    Thread thread = sys.spawn();
    sys.switch_to(thread);
    fill(4);
    sys.yield();
    EXPECT_CURRENT(sys, sys.root());
    ASSERT_OK(sys.TCB_Suspend(thread.tcb));
    fill(1);
    ASSERT_OK(sys.TCB_Resume(thread.tcb));
    sys.switch_to(thread);
    expect_filled(4);
}

TEST_F(FpuTest, CopyRegistersDoesNotCopyFpState)
{
    NEEDS_FPU();
    Thread a = sys.spawn();
    Thread b = sys.spawn();
    sys.switch_to(a);
    fill(2);
    sys.yield();
    EXPECT_CURRENT(sys, sys.root());
    ASSERT_OK(sys.TCB_CopyRegisters(b.tcb, a.tcb, 0xC));
    sys.switch_to(b);
    expect_zero();
}

TEST_F(FpuTest, DisabledFpuGivesAnIllegalInstructionUntilEnabledAgain)
{
    NEEDS_FPU();
    CPtr endpoint = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr reply = sys.make(ABI_OBJECT_REPLY);
    Thread thread = sys.spawn({.fault_ep = endpoint});
    sys.switch_to(thread);
    fill(6);
    sys.yield();
    EXPECT_CURRENT(sys, sys.root());
    EXPECT_EQ(1u, set_flags(thread, 0, 1)[0]);
    sys.switch_to(thread);
    Word value;
    EXPECT_FALSE(get(0, &value));
    EXPECT_CURRENT(sys, sys.root());
    Reply fault = sys.recv(endpoint, reply);
    EXPECT_EQ(Word{FAULT_USER_EXCEPTION}, fault.label);
    EXPECT_EQ(4u, fault.length);
    EXPECT_EQ(thread.regs().fault_pc, fault[0]);
    EXPECT_EQ(kIllegalInstruction, fault[2]);
    EXPECT_EQ(0u, fault[3]);
    EXPECT_EQ(0u, set_flags(thread, 1, 0)[0]);
    sys.send(reply);
    sys.switch_to(thread);
    expect_filled(6);
}

TEST_F(FpuTest, ThreadCanDisableItsOwnFpuAtOnce)
{
    NEEDS_FPU();
    CPtr endpoint = sys.make(ABI_OBJECT_ENDPOINT);
    Thread thread = sys.spawn({.priority = 110, .fault_ep = endpoint});
    fill(7);
    EXPECT_EQ(1u, set_flags(thread, 0, 1)[0]);
    EXPECT_CURRENT(sys, thread);
    EXPECT_EQ(0u, set_flags(thread, 1, 0)[0]);
    expect_filled(7);
    EXPECT_EQ(1u, set_flags(thread, 0, 1)[0]);
    EXPECT_FALSE(set(0, 1));
    EXPECT_EQ(THREAD_BLOCKED_ON_SEND, thread.state());
}

TEST_F(FpuTest, DisabledThreadDoesNotDisturbTheOwner)
{
    NEEDS_FPU();
    Thread thread = sys.spawn();
    EXPECT_EQ(1u, set_flags(thread, 0, 1)[0]);
    fill(1);
    sys.switch_to(thread);
    sys.yield();
    EXPECT_CURRENT(sys, sys.root());
    expect_filled(1);
    /* Nor does the death of a thread that used it. */
    Thread other = sys.spawn();
    sys.switch_to(other);
    fill(2);
    sys.yield();
    EXPECT_CURRENT(sys, sys.root());
    ASSERT_OK(sys.del(other.tcb));
    expect_filled(1);
}

TEST_F(FpuTest, NothingLeaksThroughTheMemoryOfADeletedThread)
{
    NEEDS_FPU();
    CPtr memory = sys.untyped(CONFIG_TCB_BITS);
    CPtr tcb = sys.alloc_slot();
    ASSERT_OK(sys.retype(memory, ABI_OBJECT_TCB, 0, tcb));
    Thread thread = sys.spawn();
    for (Word round = 1; round <= 2; round++) {
        ASSERT_OK(sys.TCB_Configure(tcb, kCNode, 0, kVSpace, 0, 0, 0));
        CPtr sc = sys.make_sc(1000, 1000);
        ASSERT_OK(sys.TCB_SetSchedParams(tcb, kTcb, 255, 110, sc, 0));
        struct thread *object = sys.thread_of(tcb);
        sys.TCB_Resume(tcb);
        ASSERT_EQ(object, sys.current());
        expect_zero();
        fill(round);
        /* It deletes itself while it owns the FPU. */
        sys.del(tcb);
        EXPECT_CURRENT(sys, sys.root());
        ASSERT_OK(sys.retype(memory, ABI_OBJECT_TCB, 0, tcb));
    }
    sys.switch_to(thread);
    expect_zero();
}

TEST_F(FpuTest, StateSurvivesADomainSwitch)
{
    NEEDS_FPU();
    if (CONFIG_DOMAINS == 1) {
        return;
    }
    Thread other = sys.spawn();
    fill(1);
    ASSERT_OK(sys.DomainSet_Set(kDomain, 1, other.tcb));
    ASSERT_OK(sys.DomainSet_ScheduleConfigure(kDomain, 1, 1, 100000));
    ASSERT_OK(sys.DomainSet_ScheduleConfigure(kDomain, 2, 0, 100000));
    sys.DomainSet_ScheduleSetStart(kDomain, 1);
    EXPECT_CURRENT(sys, other);
    expect_zero();
    fill(2);
    sys.advance_ticks(100000);
    EXPECT_CURRENT(sys, sys.root());
    expect_filled(1);
}

} // namespace
} // namespace albireo
