/* SPDX-License-Identifier: BSD-2-Clause */

/* What the invocation stubs put where, against the tables of docs/abi/04, 05, 09, 10 and 13. */
#include <cstring>
#include <vector>

#include "gtest/gtest.h"
#include "tests/user/fake_kernel.h"

namespace {

const seL4_Word SERVICE = 0x123;

class StubsTest : public ::testing::Test {
  protected:
    void SetUp() override
    {
        fake_reset();
    }

    /* The last call invoked SERVICE with this label, these words and these extra capabilities. */
    void expect(seL4_Word label, const std::vector<seL4_Word> &words,
                const std::vector<seL4_Word> &caps)
    {
        EXPECT_EQ(1, fake.calls);
        EXPECT_EQ((uint64_t)seL4_SysCall, fake.in.a[7]);
        EXPECT_EQ(SERVICE, fake.in.a[0]);
        EXPECT_EQ(label << 12 | caps.size() << 7 | words.size(), fake.in.a[1]) << "message info";
        for (size_t i = 0; i < words.size(); i++) {
            EXPECT_EQ(words[i], i < 4 ? fake.in.a[2 + i] : fake.buffer_seen.msg[i]) << "MR" << i;
        }
        for (size_t i = words.size(); i < 4; i++) {
            EXPECT_EQ(0u, fake.in.a[2 + i]) << "unused MR" << i;
        }
        for (size_t i = 0; i < caps.size(); i++) {
            EXPECT_EQ(caps[i], fake.buffer_seen.caps_or_badges[i]) << "extra cap " << i;
        }
        fake_reset();
    }

    void answer(seL4_Word label, const std::vector<seL4_Word> &words)
    {
        fake.out.a[1] = label << 12 | words.size();
        for (size_t i = 0; i < words.size() && i < 4; i++) {
            fake.out.a[2 + i] = words[i];
        }
    }
};

TEST_F(StubsTest, UntypedRetype)
{
    seL4_Untyped_Retype(SERVICE, 1, 2, 3, 4, 5, 6, 7);
    expect(1, {1, 2, 4, 5, 6, 7}, {3});
}

TEST_F(StubsTest, CNodeOnOneSlot)
{
    seL4_CNode_Revoke(SERVICE, 1, 64);
    expect(18, {1, 64}, {});
    seL4_CNode_Delete(SERVICE, 1, 64);
    expect(19, {1, 64}, {});
    seL4_CNode_CancelBadgedSends(SERVICE, 1, 64);
    expect(20, {1, 64}, {});
}

TEST_F(StubsTest, CNodeOnTwoSlots)
{
    seL4_CNode_Copy(SERVICE, 1, 2, 3, 4, 5, seL4_CanRead);
    expect(21, {1, 2, 4, 5, 2}, {3});
    seL4_CNode_Mint(SERVICE, 1, 2, 3, 4, 5, seL4_AllRights, 99);
    expect(22, {1, 2, 4, 5, 15, 99}, {3});
    seL4_CNode_Move(SERVICE, 1, 2, 3, 4, 5);
    expect(23, {1, 2, 4, 5}, {3});
    seL4_CNode_Mutate(SERVICE, 1, 2, 3, 4, 5, 99);
    expect(24, {1, 2, 4, 5, 99}, {3});
}

TEST_F(StubsTest, CNodeRotate)
{
    seL4_CNode_Rotate(SERVICE, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10);
    expect(25, {1, 2, 3, 5, 6, 7, 9, 10}, {4, 8});
}

TEST_F(StubsTest, TcbConfiguration)
{
    seL4_TCB_Configure(SERVICE, 1, 2, 3, 4, 5, 6);
    expect(5, {2, 4, 5}, {1, 3, 6});
    seL4_TCB_SetPriority(SERVICE, 1, 2);
    expect(6, {2}, {1});
    seL4_TCB_SetMCPriority(SERVICE, 1, 2);
    expect(7, {2}, {1});
    seL4_TCB_SetSchedParams(SERVICE, 1, 2, 3, 4, 5);
    expect(8, {2, 3}, {1, 4, 5});
    seL4_TCB_SetTimeoutEndpoint(SERVICE, 1);
    expect(9, {}, {1});
    seL4_TCB_SetIPCBuffer(SERVICE, 1, 2);
    expect(10, {1}, {2});
    seL4_TCB_SetSpace(SERVICE, 1, 2, 3, 4, 5);
    expect(11, {3, 5}, {1, 2, 4});
}

TEST_F(StubsTest, TcbOthers)
{
    seL4_TCB_Suspend(SERVICE);
    expect(12, {}, {});
    seL4_TCB_Resume(SERVICE);
    expect(13, {}, {});
    seL4_TCB_BindNotification(SERVICE, 1);
    expect(14, {}, {1});
    seL4_TCB_UnbindNotification(SERVICE);
    expect(15, {}, {});
    seL4_TCB_SetTLSBase(SERVICE, 1);
    expect(16, {1}, {});
    seL4_TCB_SetFlags(SERVICE, 1, 2);
    expect(17, {1, 2}, {});
}

TEST_F(StubsTest, Interrupts)
{
    seL4_IRQControl_Get(SERVICE, 1, 2, 3, 4);
    expect(26, {1, 3, 4}, {2});
    seL4_IRQControl_GetTrigger(SERVICE, 1, 2, 3, 4, 5);
    expect(46, {1, 2, 4, 5}, {3});
    seL4_IRQHandler_Ack(SERVICE);
    expect(27, {}, {});
    seL4_IRQHandler_SetNotification(SERVICE, 1);
    expect(28, {}, {1});
    seL4_IRQHandler_Clear(SERVICE);
    expect(29, {}, {});
}

TEST_F(StubsTest, Domains)
{
    seL4_DomainSet_Set(SERVICE, 1, 2);
    expect(30, {1}, {2});
    seL4_DomainSet_ScheduleConfigure(SERVICE, 1, 2, 3);
    expect(31, {1, 2, 3}, {});
    seL4_DomainSet_ScheduleSetStart(SERVICE, 1);
    expect(32, {1}, {});
}

TEST_F(StubsTest, SchedulingContexts)
{
    seL4_SchedControl_ConfigureFlags(SERVICE, 1, 2, 3, 4, 5, 6);
    expect(33, {2, 3, 4, 5, 6}, {1});
    seL4_SchedControl_Configure(SERVICE, 1, 2, 3, 4, 5);
    expect(33, {2, 3, 4, 5, 0}, {1});
    seL4_SchedContext_Bind(SERVICE, 1);
    expect(34, {}, {1});
    seL4_SchedContext_Unbind(SERVICE);
    expect(35, {}, {});
    seL4_SchedContext_UnbindObject(SERVICE, 1);
    expect(36, {}, {1});
    seL4_SchedContext_Consumed(SERVICE);
    expect(37, {}, {});
    seL4_SchedContext_YieldTo(SERVICE);
    expect(38, {}, {});
}

TEST_F(StubsTest, Memory)
{
    seL4_RISCV_PageTable_Map(SERVICE, 1, 2, seL4_RISCV_Default_VMAttributes);
    expect(39, {2, 0}, {1});
    seL4_RISCV_PageTable_Unmap(SERVICE);
    expect(40, {}, {});
    seL4_RISCV_Page_Map(SERVICE, 1, 2, seL4_ReadWrite, seL4_RISCV_ExecuteNever);
    expect(41, {2, 3, 1}, {1});
    seL4_RISCV_Page_Unmap(SERVICE);
    expect(42, {}, {});
    seL4_RISCV_Page_GetAddress(SERVICE);
    expect(43, {}, {});
    seL4_RISCV_ASIDControl_MakePool(SERVICE, 1, 2, 3, 4);
    expect(44, {3, 4}, {1, 2});
    seL4_RISCV_ASIDPool_Assign(SERVICE, 1);
    expect(45, {}, {1});
}

TEST_F(StubsTest, ReadRegistersFillsOnlyWhatWasAskedFor)
{
    seL4_UserContext regs;
    memset(&regs, 0x77, sizeof(regs));
    answer(0, {11, 12, 13, 14});
    fake.buffer->msg[4] = 15;

    EXPECT_EQ(seL4_NoError, seL4_TCB_ReadRegisters(SERVICE, 1, 2, 5, &regs));

    EXPECT_EQ(11u, regs.pc);
    EXPECT_EQ(12u, regs.ra);
    EXPECT_EQ(14u, regs.gp);
    EXPECT_EQ(15u, regs.s0);
    EXPECT_EQ(0x7777777777777777u, regs.s1);
    expect(2, {0x201, 5}, {});
}

TEST_F(StubsTest, ReadRegistersLeavesThemAloneOnError)
{
    seL4_UserContext regs;
    memset(&regs, 0x77, sizeof(regs));
    answer(seL4_RangeError, {1, 32});

    EXPECT_EQ(seL4_RangeError, seL4_TCB_ReadRegisters(SERVICE, 0, 0, 33, &regs));
    EXPECT_EQ(0x7777777777777777u, regs.pc);
}

TEST_F(StubsTest, WriteRegistersAlwaysSendsAll)
{
    seL4_UserContext regs = {};
    regs.pc = 1;
    regs.ra = 2;
    regs.sp = 3;
    regs.tp = 32;
    std::vector<seL4_Word> words(34, 0);
    words[0] = 0x301;
    words[1] = 7;
    words[2] = 1;
    words[3] = 2;
    words[4] = 3;
    words[33] = 32;

    seL4_TCB_WriteRegisters(SERVICE, 1, 3, 7, &regs);

    expect(3, words, {});
}

TEST_F(StubsTest, CopyRegistersPacksItsFlags)
{
    seL4_TCB_CopyRegisters(SERVICE, 9, 1, 0, 0, 0, 0);
    expect(4, {0x1}, {9});
    seL4_TCB_CopyRegisters(SERVICE, 9, 0, 1, 0, 0, 0);
    expect(4, {0x2}, {9});
    seL4_TCB_CopyRegisters(SERVICE, 9, 0, 0, 1, 0, 0);
    expect(4, {0x4}, {9});
    seL4_TCB_CopyRegisters(SERVICE, 9, 0, 0, 0, 1, 5);
    expect(4, {0x508}, {9});
}

TEST_F(StubsTest, ErrorDetailsAreLeftInTheBuffer)
{
    answer(seL4_RangeError, {20, 1000});

    EXPECT_EQ(seL4_RangeError, seL4_CNode_Delete(SERVICE, 1, 65));

    EXPECT_EQ(20u, seL4_GetMR(0));
    EXPECT_EQ(1000u, seL4_GetMR(1));
}

TEST_F(StubsTest, FailedMappingTellsTheMissingLevel)
{
    answer(seL4_FailedLookup, {0, seL4_MissingCapability, 21});

    seL4_RISCV_Page_Map(SERVICE, 1, 2, seL4_ReadWrite, seL4_RISCV_ExecuteNever);

    EXPECT_EQ((seL4_Word)SEL4_MAPPING_LOOKUP_NO_PT, seL4_MappingFailedLookupLevel());
}

TEST_F(StubsTest, ResultsComeBack)
{
    answer(0, {42});
    EXPECT_EQ(42u, seL4_TCB_SetFlags(SERVICE, 0, 1).flags);
    EXPECT_EQ(42u, seL4_SchedContext_Consumed(SERVICE).consumed);
    EXPECT_EQ(42u, seL4_SchedContext_YieldTo(SERVICE).consumed);
    EXPECT_EQ(42u, seL4_RISCV_Page_GetAddress(SERVICE).paddr);
    EXPECT_EQ(0, seL4_RISCV_Page_GetAddress(SERVICE).error);
}

TEST_F(StubsTest, ErrorsOfInvocationsWithResultsComeBack)
{
    answer(seL4_IllegalOperation, {});
    EXPECT_EQ(seL4_IllegalOperation, seL4_TCB_SetFlags(SERVICE, 0, 1).error);
    EXPECT_EQ(seL4_IllegalOperation, seL4_SchedContext_Consumed(SERVICE).error);
    EXPECT_EQ(seL4_IllegalOperation, seL4_SchedContext_YieldTo(SERVICE).error);
    EXPECT_EQ(seL4_IllegalOperation, seL4_RISCV_Page_GetAddress(SERVICE).error);
}

TEST_F(StubsTest, ShortInvocationsNeedNoBuffer)
{
    fake.buffer = nullptr;
    answer(seL4_IllegalOperation, {});

    EXPECT_EQ(seL4_IllegalOperation, seL4_TCB_Suspend(SERVICE));
    EXPECT_EQ(seL4_IllegalOperation, seL4_CNode_Delete(SERVICE, 1, 64));
}

} // namespace
