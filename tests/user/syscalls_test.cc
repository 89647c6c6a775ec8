/* SPDX-License-Identifier: BSD-2-Clause */

/* Registers of the system calls, against the table in docs/abi/01 section 1.4; and the plain forms'
 * dealings with the IPC buffer. */
#include <cstring>

#include "gtest/gtest.h"
#include "tests/user/fake_kernel.h"

namespace {

enum : seL4_Word { SRC = 0x51, DEST = 0xDE, REPLY = 0x4E };

class SyscallsTest : public ::testing::Test {
  protected:
    void SetUp() override
    {
        fake_reset();
        for (int i = 0; i < 6; i++) {
            seL4_SetMR(i, 100 + (seL4_Word)i);
        }
        fake.out.a[0] = 0xBAD6E;
        fake.out.a[1] = seL4_MessageInfo_new(9, 0, 0, 4).words[0];
        for (int i = 0; i < 4; i++) {
            fake.out.a[2 + i] = 200 + (uint64_t)i;
        }
    }

    const seL4_MessageInfo_t info_ = seL4_MessageInfo_new(7, 0, 0, 6);
    seL4_Word sender_ = 0;
    seL4_Word mr_[4] = {1, 2, 3, 4};

    void expect_call(seL4_Syscall_ID number, seL4_Word a0, seL4_Word a1, seL4_Word a6, seL4_Word t0)
    {
        EXPECT_EQ(1, fake.calls);
        EXPECT_EQ((uint64_t)number, fake.in.a[7]);
        EXPECT_EQ(a0, fake.in.a[0]);
        EXPECT_EQ(a1, fake.in.a[1]);
        EXPECT_EQ(a6, fake.in.a[6]);
        EXPECT_EQ(t0, fake.in.t0);
    }

    void expect_sent(seL4_Word first)
    {
        for (int i = 0; i < 4; i++) {
            EXPECT_EQ(first + (seL4_Word)i, fake.in.a[2 + i]);
        }
    }

    /* The answer's words are in the buffer, and what is behind them is untouched. */
    void expect_received(seL4_MessageInfo_t info)
    {
        EXPECT_EQ(9u, seL4_MessageInfo_get_label(info));
        for (int i = 0; i < 4; i++) {
            EXPECT_EQ(200 + (seL4_Word)i, seL4_GetMR(i));
        }
        EXPECT_EQ(104u, seL4_GetMR(4));
    }

    /* The answer's words are in mr_, and the buffer is untouched. */
    void expect_received_in_mrs(seL4_MessageInfo_t info)
    {
        EXPECT_EQ(9u, seL4_MessageInfo_get_label(info));
        for (int i = 0; i < 4; i++) {
            EXPECT_EQ(200 + (seL4_Word)i, mr_[i]);
            EXPECT_EQ(100 + (seL4_Word)i, seL4_GetMR(i));
        }
    }

    void expect_sender()
    {
        EXPECT_EQ(0xBAD6Eu, sender_);
    }
};

TEST_F(SyscallsTest, Send)
{
    seL4_Send(DEST, info_);
    expect_call(seL4_SysSend, DEST, info_.words[0], 0, 0);
    expect_sent(100);
}

TEST_F(SyscallsTest, SendWithMRs)
{
    seL4_SendWithMRs(DEST, info_, &mr_[0], &mr_[1], &mr_[2], &mr_[3]);
    expect_call(seL4_SysSend, DEST, info_.words[0], 0, 0);
    expect_sent(1);
}

TEST_F(SyscallsTest, NBSend)
{
    seL4_NBSend(DEST, info_);
    expect_call(seL4_SysNBSend, DEST, info_.words[0], 0, 0);
    expect_sent(100);
}

TEST_F(SyscallsTest, NBSendWithMRs)
{
    seL4_NBSendWithMRs(DEST, info_, &mr_[0], &mr_[1], &mr_[2], &mr_[3]);
    expect_call(seL4_SysNBSend, DEST, info_.words[0], 0, 0);
    expect_sent(1);
}

TEST_F(SyscallsTest, Signal)
{
    seL4_Signal(DEST);
    expect_call(seL4_SysSend, DEST, 0, 0, 0);
}

TEST_F(SyscallsTest, Call)
{
    expect_received(seL4_Call(DEST, info_));
    expect_call(seL4_SysCall, DEST, info_.words[0], 0, 0);
    expect_sent(100);
}

TEST_F(SyscallsTest, CallWithMRs)
{
    expect_received_in_mrs(seL4_CallWithMRs(DEST, info_, &mr_[0], &mr_[1], &mr_[2], &mr_[3]));
    expect_call(seL4_SysCall, DEST, info_.words[0], 0, 0);
    expect_sent(1);
}

TEST_F(SyscallsTest, Recv)
{
    expect_received(seL4_Recv(SRC, &sender_, REPLY));
    expect_call(seL4_SysRecv, SRC, 0, REPLY, 0);
    expect_sender();
}

TEST_F(SyscallsTest, RecvWithMRs)
{
    expect_received_in_mrs(
        seL4_RecvWithMRs(SRC, &sender_, &mr_[0], &mr_[1], &mr_[2], &mr_[3], REPLY));
    expect_call(seL4_SysRecv, SRC, 0, REPLY, 0);
    expect_sender();
}

TEST_F(SyscallsTest, NBRecv)
{
    expect_received(seL4_NBRecv(SRC, &sender_, REPLY));
    expect_call(seL4_SysNBRecv, SRC, 0, REPLY, 0);
    expect_sender();
}

TEST_F(SyscallsTest, NBRecvWithMRs)
{
    expect_received_in_mrs(
        seL4_NBRecvWithMRs(SRC, &sender_, &mr_[0], &mr_[1], &mr_[2], &mr_[3], REPLY));
    expect_call(seL4_SysNBRecv, SRC, 0, REPLY, 0);
    expect_sender();
}

TEST_F(SyscallsTest, Wait)
{
    expect_received(seL4_Wait(SRC, &sender_));
    expect_call(seL4_SysWait, SRC, 0, 0, 0);
    expect_sender();
}

TEST_F(SyscallsTest, WaitWithMRs)
{
    expect_received_in_mrs(seL4_WaitWithMRs(SRC, &sender_, &mr_[0], &mr_[1], &mr_[2], &mr_[3]));
    expect_call(seL4_SysWait, SRC, 0, 0, 0);
    expect_sender();
}

TEST_F(SyscallsTest, NBWait)
{
    expect_received(seL4_NBWait(SRC, &sender_));
    expect_call(seL4_SysNBWait, SRC, 0, 0, 0);
    expect_sender();
}

TEST_F(SyscallsTest, NBWaitWithMRs)
{
    expect_received_in_mrs(seL4_NBWaitWithMRs(SRC, &sender_, &mr_[0], &mr_[1], &mr_[2], &mr_[3]));
    expect_call(seL4_SysNBWait, SRC, 0, 0, 0);
    expect_sender();
}

TEST_F(SyscallsTest, Poll)
{
    expect_received(seL4_Poll(SRC, &sender_));
    expect_call(seL4_SysNBWait, SRC, 0, 0, 0);
    expect_sender();
}

TEST_F(SyscallsTest, ReplyRecv)
{
    expect_received(seL4_ReplyRecv(SRC, info_, &sender_, REPLY));
    expect_call(seL4_SysReplyRecv, SRC, info_.words[0], REPLY, 0);
    expect_sent(100);
    expect_sender();
}

TEST_F(SyscallsTest, ReplyRecvWithMRs)
{
    expect_received_in_mrs(
        seL4_ReplyRecvWithMRs(SRC, info_, &sender_, &mr_[0], &mr_[1], &mr_[2], &mr_[3], REPLY));
    expect_call(seL4_SysReplyRecv, SRC, info_.words[0], REPLY, 0);
    expect_sent(1);
    expect_sender();
}

TEST_F(SyscallsTest, NBSendRecv)
{
    expect_received(seL4_NBSendRecv(DEST, info_, SRC, &sender_, REPLY));
    expect_call(seL4_SysNBSendRecv, SRC, info_.words[0], REPLY, DEST);
    expect_sent(100);
    expect_sender();
}

TEST_F(SyscallsTest, NBSendRecvWithMRs)
{
    expect_received_in_mrs(seL4_NBSendRecvWithMRs(DEST, info_, SRC, &sender_, &mr_[0], &mr_[1],
                                                  &mr_[2], &mr_[3], REPLY));
    expect_call(seL4_SysNBSendRecv, SRC, info_.words[0], REPLY, DEST);
    expect_sent(1);
    expect_sender();
}

TEST_F(SyscallsTest, NBSendWait)
{
    expect_received(seL4_NBSendWait(DEST, info_, SRC, &sender_));
    expect_call(seL4_SysNBSendWait, SRC, info_.words[0], DEST, 0);
    expect_sent(100);
    expect_sender();
}

TEST_F(SyscallsTest, NBSendWaitWithMRs)
{
    expect_received_in_mrs(
        seL4_NBSendWaitWithMRs(DEST, info_, SRC, &sender_, &mr_[0], &mr_[1], &mr_[2], &mr_[3]));
    expect_call(seL4_SysNBSendWait, SRC, info_.words[0], DEST, 0);
    expect_sent(1);
    expect_sender();
}

TEST_F(SyscallsTest, Yield)
{
    seL4_Yield();
    expect_call(seL4_SysYield, 0, 0, 0, 0);
}

TEST_F(SyscallsTest, WithMRsFormsSkipNullPointersAndWordsBeyondTheLength)
{
    seL4_CallWithMRs(DEST, seL4_MessageInfo_new(7, 0, 0, 1), &mr_[0], &mr_[1], nullptr, nullptr);

    EXPECT_EQ(1u, fake.in.a[2]);
    EXPECT_EQ(0u, fake.in.a[3]);
    EXPECT_EQ(0u, fake.in.a[4]);
    EXPECT_EQ(200u, mr_[0]);
    EXPECT_EQ(201u, mr_[1]);
    EXPECT_EQ(3u, mr_[2]);
}

TEST_F(SyscallsTest, WithMRsFormsNeedNoBuffer)
{
    fake.buffer = nullptr;

    seL4_CallWithMRs(DEST, info_, &mr_[0], nullptr, nullptr, nullptr);
    seL4_RecvWithMRs(SRC, nullptr, nullptr, nullptr, nullptr, nullptr, REPLY);
    EXPECT_EQ(2, fake.calls);
}

TEST_F(SyscallsTest, BufferAccessors)
{
    seL4_SetCap(2, 33);
    seL4_SetUserData(44);
    seL4_SetCapReceivePath(1, 2, 3);

    EXPECT_EQ(33u, fake.buffer->caps_or_badges[2]);
    EXPECT_EQ(33u, seL4_GetCap(2));
    EXPECT_EQ(33u, seL4_GetBadge(2));
    EXPECT_EQ(44u, fake.buffer->userData);
    EXPECT_EQ(1u, fake.buffer->receiveCNode);
    EXPECT_EQ(2u, fake.buffer->receiveIndex);
    EXPECT_EQ(3u, fake.buffer->receiveDepth);
}

TEST_F(SyscallsTest, FaultIsTakenFromTheMessage)
{
    seL4_Fault_t fault = seL4_getFault(seL4_MessageInfo_new(seL4_Fault_VMFault, 0, 0, 4));

    EXPECT_TRUE(seL4_isVMFault_Fault(fault));
    EXPECT_FALSE(seL4_isCapFault_Fault(fault));
    EXPECT_EQ(100u, seL4_Fault_VMFault_get_IP(fault));
    EXPECT_EQ(101u, seL4_Fault_VMFault_get_Addr(fault));
    EXPECT_EQ(102u, seL4_Fault_VMFault_get_PrefetchFault(fault));
    EXPECT_EQ(103u, seL4_Fault_VMFault_get_FSR(fault));
}

TEST_F(SyscallsTest, TimeoutReplyCarriesRegistersInTheirOrder)
{
    seL4_UserContext regs = {};
    regs.pc = 1;
    regs.ra = 2;
    regs.sp = 3;
    regs.gp = 4;
    regs.tp = 5;

    seL4_MessageInfo_t info = seL4_TimeoutReply_new(1, regs, 32);

    EXPECT_EQ(0u, seL4_MessageInfo_get_label(info));
    EXPECT_EQ(32u, seL4_MessageInfo_get_length(info));
    EXPECT_EQ(1u, seL4_GetMR(seL4_TimeoutReply_FaultIP));
    EXPECT_EQ(2u, seL4_GetMR(seL4_TimeoutReply_LR));
    EXPECT_EQ(3u, seL4_GetMR(seL4_TimeoutReply_SP));
    EXPECT_EQ(4u, seL4_GetMR(seL4_TimeoutReply_GP));
    EXPECT_EQ(5u, seL4_GetMR(seL4_TimeoutReply_TP));
}

#ifdef CONFIG_DEBUG_BUILD
TEST_F(SyscallsTest, DebugCalls)
{
    EXPECT_EQ(0xBAD6Eu, seL4_DebugCapIdentify(DEST));
    expect_call(seL4_SysDebugCapIdentify, DEST, 0, 0, 0);
    fake.calls = 0;
    seL4_DebugNameThread(DEST, "albireo");
    expect_call(seL4_SysDebugNameThread, DEST, 0, 0, 0);
    EXPECT_STREQ("albireo", (const char *)fake.buffer_seen.msg);
    seL4_DebugPutString("hi\n");
    EXPECT_EQ("hi\n", fake.console);
}

TEST_F(SyscallsTest, DebugNamesAreCutToTheMessageArea)
{
    std::string name(2000, 'x');
    seL4_DebugNameThread(DEST, name.c_str());

    EXPECT_EQ(959u, strlen((const char *)fake.buffer_seen.msg));
    EXPECT_EQ(0xEEEEEEEEEEEEEEEEu, fake.buffer_seen.userData);
}
#endif

} // namespace
