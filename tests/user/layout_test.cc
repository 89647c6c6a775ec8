/* SPDX-License-Identifier: BSD-2-Clause */

/* Numbers and layouts that are compiled into user binaries, against the contract's own figures:
 * docs/abi/00 sections 0.4 and 0.6, 01 section 1.3, 02 sections 2.1 to 2.3, 05 section 5.1, 08, 11.
 * All of it is decided by the compiler; that this file compiles is the test. */
#include <sel4/sel4.h>

#include <cstddef>

#include "gtest/gtest.h"

#define IS(name, value) static_assert((long)(name) == (long)(value), #name)
#define HAS_SIZE(type, bytes) static_assert(sizeof(type) == (bytes), #type)
#define HAS_OFFSET(type, member, bytes)                                                            \
    static_assert(offsetof(type, member) == (bytes), #type "." #member)

/* Types. */
HAS_SIZE(seL4_Word, 8);
HAS_SIZE(seL4_CPtr, 8);
HAS_SIZE(seL4_Domain, 8);
HAS_SIZE(seL4_NodeId, 8);
HAS_SIZE(seL4_Time, 8);
HAS_SIZE(seL4_Bool, 1);
HAS_SIZE(seL4_Error, 8);
HAS_SIZE(seL4_LookupFailureType, 8);
HAS_SIZE(seL4_FaultType, 8);
HAS_SIZE(seL4_RISCV_VMAttributes, 8);
HAS_SIZE(seL4_TCBFlag, 8);
HAS_SIZE(seL4_SchedContextFlag, 8);
HAS_SIZE(seL4_Syscall_ID, 8);
HAS_SIZE(seL4_CapFault_Msg, 8);
HAS_SIZE(seL4_VMFault_Msg, 8);
HAS_SIZE(seL4_UnknownSyscall_Msg, 8);
HAS_SIZE(seL4_UserException_Msg, 8);
HAS_SIZE(seL4_Timeout_Msg, 8);
HAS_SIZE(seL4_TimeoutReply_Msg, 8);
HAS_SIZE(seL4_BootInfoID, 8);
HAS_SIZE(seL4_MessageInfo_t, 8);
HAS_SIZE(seL4_CapRights_t, 8);
HAS_SIZE(seL4_CNode_CapData_t, 8);

/* Errors. */
IS(seL4_NoError, 0);
IS(seL4_InvalidArgument, 1);
IS(seL4_InvalidCapability, 2);
IS(seL4_IllegalOperation, 3);
IS(seL4_RangeError, 4);
IS(seL4_AlignmentError, 5);
IS(seL4_FailedLookup, 6);
IS(seL4_TruncatedMessage, 7);
IS(seL4_DeleteFirst, 8);
IS(seL4_RevokeFirst, 9);
IS(seL4_NotEnoughMemory, 10);

IS(seL4_NoFailure, 0);
IS(seL4_InvalidRoot, 1);
IS(seL4_MissingCapability, 2);
IS(seL4_DepthMismatch, 3);
IS(seL4_GuardMismatch, 4);

/* Object types. */
IS(seL4_UntypedObject, 0);
IS(seL4_TCBObject, 1);
IS(seL4_EndpointObject, 2);
IS(seL4_NotificationObject, 3);
IS(seL4_CapTableObject, 4);
IS(seL4_SchedContextObject, 5);
IS(seL4_ReplyObject, 6);
IS(seL4_RISCV_Giga_Page, 7);
IS(seL4_RISCV_4K_Page, 8);
IS(seL4_RISCV_Mega_Page, 9);
IS(seL4_RISCV_PageTableObject, 10);
IS(seL4_ObjectTypeCount, 11);
IS(seL4_RISCV_Tera_Page, 0xffffffff);

/* Sizes and limits. */
IS(seL4_WordBits, 64);
IS(seL4_WordSizeBits, 3);
IS(seL4_SlotBits, 5);
IS(seL4_EndpointBits, 4);
IS(seL4_NotificationBits, 6);
IS(seL4_ReplyBits, 5);
#if ALBIREO_FPU
IS(seL4_TCBBits, 11);
IS(seL4_TCBFlag_MASK, 1);
#else
IS(seL4_TCBBits, 10);
IS(seL4_TCBFlag_MASK, 0);
#endif
IS(seL4_MinSchedContextBits, 7);
IS(seL4_IPCBufferSizeBits, 10);
IS(seL4_PageBits, 12);
IS(seL4_LargePageBits, 21);
IS(seL4_HugePageBits, 30);
IS(seL4_PageTableBits, 12);
IS(seL4_VSpaceBits, 12);
IS(seL4_PageTableIndexBits, 9);
IS(seL4_PageTableEntryBits, 3);
IS(seL4_ASIDPoolBits, 12);
IS(seL4_ASIDPoolIndexBits, 9);
IS(seL4_NumASIDPoolsBits, 7);
IS(seL4_MinUntypedBits, 4);
IS(seL4_MaxUntypedBits, 38);
IS(seL4_BootInfoFrameBits, 12);
IS(seL4_CoreSchedContextBytes, 128);
IS(seL4_RefillSizeBytes, 16);
IS(seL4_MaxExtraRefills(7), 0);
IS(seL4_MaxExtraRefills(8), 8);
IS(seL4_MaxExtraRefills(9), 24);
IS(seL4_UserTop, 0x3FFFFFF000);
IS(seL4_LogBufferSize, 1 << 20);
IS(seL4_MsgMaxLength, 120);
IS(seL4_MsgMaxExtraCaps, 3);
IS(seL4_MinPrio, 0);
IS(seL4_MaxPrio, 255);
IS(seL4_InvalidPrio, -1);
IS(seL4_UntypedRetypeMaxObjects, 256);

/* Flags. */
IS(seL4_TCBFlag_NoFlag, 0);
IS(seL4_TCBFlag_fpuDisabled, 1);
IS(seL4_SchedContext_NoFlag, 0);
IS(seL4_SchedContext_Sporadic, 1);
IS(seL4_RISCV_Default_VMAttributes, 0);
IS(seL4_RISCV_ExecuteNever, 1);

/* System calls. */
IS(seL4_SysCall, -1);
IS(seL4_SysReplyRecv, -2);
IS(seL4_SysNBSendRecv, -3);
IS(seL4_SysNBSendWait, -4);
IS(seL4_SysSend, -5);
IS(seL4_SysNBSend, -6);
IS(seL4_SysRecv, -7);
IS(seL4_SysNBRecv, -8);
IS(seL4_SysWait, -9);
IS(seL4_SysNBWait, -10);
IS(seL4_SysYield, -11);
IS(seL4_SysDebugPutChar, -12);
IS(seL4_SysDebugDumpScheduler, -13);
IS(seL4_SysDebugHalt, -14);
IS(seL4_SysDebugCapIdentify, -15);
IS(seL4_SysDebugSnapshot, -16);
IS(seL4_SysDebugNameThread, -17);

/* Invocation labels. */
IS(InvalidInvocation, 0);
IS(UntypedRetype, 1);
IS(TCBReadRegisters, 2);
IS(TCBWriteRegisters, 3);
IS(TCBCopyRegisters, 4);
IS(TCBConfigure, 5);
IS(TCBSetPriority, 6);
IS(TCBSetMCPriority, 7);
IS(TCBSetSchedParams, 8);
IS(TCBSetTimeoutEndpoint, 9);
IS(TCBSetIPCBuffer, 10);
IS(TCBSetSpace, 11);
IS(TCBSuspend, 12);
IS(TCBResume, 13);
IS(TCBBindNotification, 14);
IS(TCBUnbindNotification, 15);
IS(TCBSetTLSBase, 16);
IS(TCBSetFlags, 17);
IS(CNodeRevoke, 18);
IS(CNodeDelete, 19);
IS(CNodeCancelBadgedSends, 20);
IS(CNodeCopy, 21);
IS(CNodeMint, 22);
IS(CNodeMove, 23);
IS(CNodeMutate, 24);
IS(CNodeRotate, 25);
IS(IRQIssueIRQHandler, 26);
IS(IRQAckIRQ, 27);
IS(IRQSetIRQHandler, 28);
IS(IRQClearIRQHandler, 29);
IS(DomainSetSet, 30);
IS(DomainScheduleConfigure, 31);
IS(DomainScheduleSetStart, 32);
IS(SchedControlConfigureFlags, 33);
IS(SchedContextBind, 34);
IS(SchedContextUnbind, 35);
IS(SchedContextUnbindObject, 36);
IS(SchedContextConsumed, 37);
IS(SchedContextYieldTo, 38);
IS(RISCVPageTableMap, 39);
IS(RISCVPageTableUnmap, 40);
IS(RISCVPageMap, 41);
IS(RISCVPageUnmap, 42);
IS(RISCVPageGetAddress, 43);
IS(RISCVASIDControlMakePool, 44);
IS(RISCVASIDPoolAssign, 45);
IS(RISCVIRQIssueIRQHandlerTrigger, 46);

/* Faults. */
IS(seL4_Fault_NullFault, 0);
IS(seL4_Fault_CapFault, 1);
IS(seL4_Fault_UnknownSyscall, 2);
IS(seL4_Fault_UserException, 3);
IS(seL4_Fault_Timeout, 5);
IS(seL4_Fault_VMFault, 6);

IS(seL4_CapFault_IP, 0);
IS(seL4_CapFault_Addr, 1);
IS(seL4_CapFault_InRecvPhase, 2);
IS(seL4_CapFault_LookupFailureType, 3);
IS(seL4_CapFault_BitsLeft, 4);
IS(seL4_CapFault_DepthMismatch_BitsFound, 5);
IS(seL4_CapFault_GuardMismatch_GuardFound, 5);
IS(seL4_CapFault_GuardMismatch_BitsFound, 6);
IS(seL4_VMFault_IP, 0);
IS(seL4_VMFault_Addr, 1);
IS(seL4_VMFault_PrefetchFault, 2);
IS(seL4_VMFault_FSR, 3);
IS(seL4_VMFault_Length, 4);
IS(seL4_UnknownSyscall_FaultIP, 0);
IS(seL4_UnknownSyscall_SP, 1);
IS(seL4_UnknownSyscall_RA, 2);
IS(seL4_UnknownSyscall_A0, 3);
IS(seL4_UnknownSyscall_A6, 9);
IS(seL4_UnknownSyscall_Syscall, 10);
IS(seL4_UnknownSyscall_Length, 11);
IS(seL4_UserException_FaultIP, 0);
IS(seL4_UserException_SP, 1);
IS(seL4_UserException_Number, 2);
IS(seL4_UserException_Code, 3);
IS(seL4_UserException_Length, 4);
IS(seL4_Timeout_Data, 0);
IS(seL4_Timeout_Consumed, 1);
IS(seL4_Timeout_Length, 2);
IS(seL4_TimeoutReply_FaultIP, 0);
IS(seL4_TimeoutReply_LR, 1);
IS(seL4_TimeoutReply_SP, 2);
IS(seL4_TimeoutReply_GP, 3);
IS(seL4_TimeoutReply_s0, 4);
IS(seL4_TimeoutReply_s11, 15);
IS(seL4_TimeoutReply_a0, 16);
IS(seL4_TimeoutReply_a7, 23);
IS(seL4_TimeoutReply_t0, 24);
IS(seL4_TimeoutReply_t6, 30);
IS(seL4_TimeoutReply_TP, 31);
IS(seL4_TimeoutReply_Length, 32);
IS(SEL4_MAPPING_LOOKUP_LEVEL, 2);
IS(SEL4_MAPPING_LOOKUP_NO_PT, 21);

/* Registers of a thread. */
HAS_SIZE(seL4_UserContext, 256);
HAS_OFFSET(seL4_UserContext, pc, 0 * 8);
HAS_OFFSET(seL4_UserContext, ra, 1 * 8);
HAS_OFFSET(seL4_UserContext, sp, 2 * 8);
HAS_OFFSET(seL4_UserContext, gp, 3 * 8);
HAS_OFFSET(seL4_UserContext, s0, 4 * 8);
HAS_OFFSET(seL4_UserContext, s1, 5 * 8);
HAS_OFFSET(seL4_UserContext, s11, 15 * 8);
HAS_OFFSET(seL4_UserContext, a0, 16 * 8);
HAS_OFFSET(seL4_UserContext, a7, 23 * 8);
HAS_OFFSET(seL4_UserContext, t0, 24 * 8);
HAS_OFFSET(seL4_UserContext, t6, 30 * 8);
HAS_OFFSET(seL4_UserContext, tp, 31 * 8);

/* IPC buffer. */
HAS_SIZE(seL4_IPCBuffer, 1024);
static_assert(alignof(seL4_IPCBuffer) == 1024, "alignment of the IPC buffer");
HAS_OFFSET(seL4_IPCBuffer, tag, 0);
HAS_OFFSET(seL4_IPCBuffer, msg, 8);
HAS_OFFSET(seL4_IPCBuffer, userData, 968);
HAS_OFFSET(seL4_IPCBuffer, caps_or_badges, 976);
HAS_OFFSET(seL4_IPCBuffer, receiveCNode, 1000);
HAS_OFFSET(seL4_IPCBuffer, receiveIndex, 1008);
HAS_OFFSET(seL4_IPCBuffer, receiveDepth, 1016);

/* BootInfo. */
IS(seL4_CapNull, 0);
IS(seL4_CapInitThreadTCB, 1);
IS(seL4_CapInitThreadCNode, 2);
IS(seL4_CapInitThreadVSpace, 3);
IS(seL4_CapInitThreadPD, 3);
IS(seL4_CapIRQControl, 4);
IS(seL4_CapASIDControl, 5);
IS(seL4_CapInitThreadASIDPool, 6);
IS(seL4_CapIOPortControl, 7);
IS(seL4_CapIOSpace, 8);
IS(seL4_CapBootInfoFrame, 9);
IS(seL4_CapInitThreadIPCBuffer, 10);
IS(seL4_CapDomain, 11);
IS(seL4_CapSMMUSIDControl, 12);
IS(seL4_CapSMMUCBControl, 13);
IS(seL4_CapInitThreadSC, 14);
IS(seL4_CapSMC, 15);
IS(seL4_NumInitialCaps, 16);
HAS_SIZE(seL4_UntypedDesc, 16);
HAS_OFFSET(seL4_UntypedDesc, paddr, 0);
HAS_OFFSET(seL4_UntypedDesc, sizeBits, 8);
HAS_OFFSET(seL4_UntypedDesc, isDevice, 9);
HAS_SIZE(seL4_BootInfo, 3864);
HAS_OFFSET(seL4_BootInfo, extraLen, 0);
HAS_OFFSET(seL4_BootInfo, nodeID, 8);
HAS_OFFSET(seL4_BootInfo, numNodes, 16);
HAS_OFFSET(seL4_BootInfo, numIOPTLevels, 24);
HAS_OFFSET(seL4_BootInfo, ipcBuffer, 32);
HAS_OFFSET(seL4_BootInfo, empty, 40);
HAS_OFFSET(seL4_BootInfo, sharedFrames, 56);
HAS_OFFSET(seL4_BootInfo, userImageFrames, 72);
HAS_OFFSET(seL4_BootInfo, userImagePaging, 88);
HAS_OFFSET(seL4_BootInfo, ioSpaceCaps, 104);
HAS_OFFSET(seL4_BootInfo, extraBIPages, 120);
HAS_OFFSET(seL4_BootInfo, initThreadCNodeSizeBits, 136);
HAS_OFFSET(seL4_BootInfo, initThreadDomain, 144);
HAS_OFFSET(seL4_BootInfo, schedcontrol, 152);
HAS_OFFSET(seL4_BootInfo, untyped, 168);
HAS_OFFSET(seL4_BootInfo, untypedList, 184);
HAS_SIZE(seL4_BootInfoHeader, 16);
IS(SEL4_BOOTINFO_HEADER_PADDING, 0);
IS(SEL4_BOOTINFO_HEADER_X86_VBE, 1);
IS(SEL4_BOOTINFO_HEADER_X86_MBMMAP, 2);
IS(SEL4_BOOTINFO_HEADER_X86_ACPI_RSDP, 3);
IS(SEL4_BOOTINFO_HEADER_X86_FRAMEBUFFER, 4);
IS(SEL4_BOOTINFO_HEADER_X86_TSC_FREQ, 5);
IS(SEL4_BOOTINFO_HEADER_FDT, 6);
IS(SEL4_BOOTINFO_HEADER_NUM, 7);

/* Words of bit fields are made by functions. */
TEST(LayoutTest, MessageInfoHasItsFieldsWhereTheContractSays)
{
    seL4_MessageInfo_t info = seL4_MessageInfo_new(0xFEDCBA9876543, 5, 2, 0x55);

    EXPECT_EQ(0xFEDCBA9876543u << 12 | 5u << 9 | 2u << 7 | 0x55u, info.words[0]);
    EXPECT_EQ(0xFEDCBA9876543u, seL4_MessageInfo_get_label(info));
    EXPECT_EQ(5u, seL4_MessageInfo_get_capsUnwrapped(info));
    EXPECT_EQ(2u, seL4_MessageInfo_get_extraCaps(info));
    EXPECT_EQ(0x55u, seL4_MessageInfo_get_length(info));
}

TEST(LayoutTest, SettingAFieldLeavesTheOthers)
{
    seL4_MessageInfo_t info = seL4_MessageInfo_new(~0ul, 7, 3, 127);

    info = seL4_MessageInfo_set_extraCaps(info, 0);
    EXPECT_EQ(~(3ul << 7), info.words[0]);
    seL4_MessageInfo_ptr_set_label(&info, 0);
    EXPECT_EQ(7u << 9 | 127u, info.words[0]);
}

TEST(LayoutTest, RightsHaveTheirValues)
{
    EXPECT_EQ(0u, seL4_NoRights.words[0]);
    EXPECT_EQ(1u, seL4_CanWrite.words[0]);
    EXPECT_EQ(2u, seL4_CanRead.words[0]);
    EXPECT_EQ(3u, seL4_ReadWrite.words[0]);
    EXPECT_EQ(4u, seL4_CanGrant.words[0]);
    EXPECT_EQ(8u, seL4_CanGrantReply.words[0]);
    EXPECT_EQ(13u, seL4_NoRead.words[0]);
    EXPECT_EQ(14u, seL4_NoWrite.words[0]);
    EXPECT_EQ(15u, seL4_AllRights.words[0]);
}

TEST(LayoutTest, GuardWordHoldsSizeBelowGuard)
{
    EXPECT_EQ(0x5u << 6 | 61u, seL4_CNode_CapData_new(0x5, 61).words[0]);
    EXPECT_EQ(63u, seL4_CNode_CapData_new(0, 63).words[0]);
}
