/* SPDX-License-Identifier: BSD-2-Clause */

/* Numbers with API names: sizes, limits, flags, positions in fault messages, docs/abi/00 sections
 * 0.4 and 0.6. */
#ifndef SEL4_CONSTANTS_H
#define SEL4_CONSTANTS_H

#include "abi/api.h"
#include "sel4/config.h"
#include "sel4/macros.h"
#include "sel4/simple_types.h"

/* Sizes, log2 of bytes. */
#define seL4_WordBits 64
#define seL4_WordSizeBits 3
#define seL4_SlotBits 5
#define seL4_EndpointBits 4
#define seL4_NotificationBits 6
#define seL4_ReplyBits 5
#define seL4_MinSchedContextBits 7
#define seL4_IPCBufferSizeBits 10
#define seL4_PageBits 12
#define seL4_LargePageBits 21
#define seL4_HugePageBits 30
#define seL4_PageTableBits 12
#define seL4_PageTableIndexBits 9
#define seL4_PageTableEntryBits 3
#define seL4_VSpaceBits seL4_PageTableBits
#define seL4_ASIDPoolBits 12
#define seL4_ASIDPoolIndexBits 9
#define seL4_NumASIDPoolsBits 7
#define seL4_MinUntypedBits 4
#define seL4_MaxUntypedBits 38
#define seL4_BootInfoFrameBits 12
#define seL4_BootInfoFrameSize (1 << seL4_BootInfoFrameBits)

#ifdef CONFIG_HAVE_FPU
#define seL4_TCBBits 11
#else
#define seL4_TCBBits 10
#endif

/* A scheduling context of 2^bits bytes: a fixed part, then refills. */
#define seL4_CoreSchedContextBytes 128
#define seL4_RefillSizeBytes 16
#define seL4_MaxExtraRefills(bits)                                                                 \
    ((((seL4_Word)1 << (bits)) - seL4_CoreSchedContextBytes) / seL4_RefillSizeBytes)

#define seL4_UserTop 0x0000003FFFFFF000
#define seL4_LogBufferSize 0x100000
#define seL4_UntypedRetypeMaxObjects CONFIG_RETYPE_FAN_OUT_LIMIT

/* Messages. */
#define seL4_MsgLengthBits 7
#define seL4_MsgExtraCapBits 2
#define seL4_GuardSizeBits 6
#define seL4_GuardBits 58

enum seL4_MsgLimits {
    seL4_MsgMaxLength = 120,
    seL4_MsgMaxExtraCaps = 3,
    seL4_FastMessageRegisters = 4,
};

enum priorityConstants {
    seL4_InvalidPrio = -1,
    seL4_MinPrio = 0,
    seL4_MaxPrio = CONFIG_NUM_PRIORITIES - 1,
};

typedef enum {
    seL4_TCBFlag_NoFlag = 0x0,
    seL4_TCBFlag_fpuDisabled = 0x1,
    SEL4_FORCE_LONG_ENUM(seL4_TCBFlag)
} seL4_TCBFlag;
#ifdef CONFIG_HAVE_FPU
#define seL4_TCBFlag_MASK seL4_TCBFlag_fpuDisabled
#else
#define seL4_TCBFlag_MASK seL4_TCBFlag_NoFlag
#endif

typedef enum {
    seL4_SchedContext_NoFlag = 0x0,
    seL4_SchedContext_Sporadic = 0x1,
    SEL4_FORCE_LONG_ENUM(seL4_SchedContextFlag)
} seL4_SchedContextFlag;

typedef enum {
    seL4_RISCV_Default_VMAttributes = 0x0,
    seL4_RISCV_ExecuteNever = 0x1,
    SEL4_FORCE_LONG_ENUM(seL4_RISCV_VMAttributes)
} seL4_RISCV_VMAttributes;

/* Labels of fault messages, docs/abi/08. */
typedef enum {
#define ABI_X(value, name, stub) seL4_Fault_##stub = value,
    ABI_FAULTS(ABI_X)
#undef ABI_X
        SEL4_FORCE_LONG_ENUM(seL4_FaultType)
} seL4_FaultType;

/* Positions of the words in fault messages and in replies to them. */
typedef enum {
    seL4_CapFault_IP,
    seL4_CapFault_Addr,
    seL4_CapFault_InRecvPhase,
    seL4_CapFault_LookupFailureType,
    seL4_CapFault_BitsLeft,
    seL4_CapFault_DepthMismatch_BitsFound,
    seL4_CapFault_GuardMismatch_GuardFound = seL4_CapFault_DepthMismatch_BitsFound,
    seL4_CapFault_GuardMismatch_BitsFound,
    SEL4_FORCE_LONG_ENUM(seL4_CapFault_Msg)
} seL4_CapFault_Msg;

typedef enum {
    seL4_VMFault_IP,
    seL4_VMFault_Addr,
    seL4_VMFault_PrefetchFault,
    seL4_VMFault_FSR,
    seL4_VMFault_Length,
    SEL4_FORCE_LONG_ENUM(seL4_VMFault_Msg)
} seL4_VMFault_Msg;

typedef enum {
    seL4_UnknownSyscall_FaultIP,
    seL4_UnknownSyscall_SP,
    seL4_UnknownSyscall_RA,
    seL4_UnknownSyscall_A0,
    seL4_UnknownSyscall_A1,
    seL4_UnknownSyscall_A2,
    seL4_UnknownSyscall_A3,
    seL4_UnknownSyscall_A4,
    seL4_UnknownSyscall_A5,
    seL4_UnknownSyscall_A6,
    seL4_UnknownSyscall_Syscall,
    seL4_UnknownSyscall_Length,
    SEL4_FORCE_LONG_ENUM(seL4_UnknownSyscall_Msg)
} seL4_UnknownSyscall_Msg;

typedef enum {
    seL4_UserException_FaultIP,
    seL4_UserException_SP,
    seL4_UserException_Number,
    seL4_UserException_Code,
    seL4_UserException_Length,
    SEL4_FORCE_LONG_ENUM(seL4_UserException_Msg)
} seL4_UserException_Msg;

typedef enum {
    seL4_Timeout_Data,
    seL4_Timeout_Consumed,
    seL4_Timeout_Length,
    SEL4_FORCE_LONG_ENUM(seL4_Timeout_Msg)
} seL4_Timeout_Msg;

typedef enum {
    seL4_TimeoutReply_FaultIP,
    seL4_TimeoutReply_LR,
    seL4_TimeoutReply_SP,
    seL4_TimeoutReply_GP,
    seL4_TimeoutReply_s0,
    seL4_TimeoutReply_s1,
    seL4_TimeoutReply_s2,
    seL4_TimeoutReply_s3,
    seL4_TimeoutReply_s4,
    seL4_TimeoutReply_s5,
    seL4_TimeoutReply_s6,
    seL4_TimeoutReply_s7,
    seL4_TimeoutReply_s8,
    seL4_TimeoutReply_s9,
    seL4_TimeoutReply_s10,
    seL4_TimeoutReply_s11,
    seL4_TimeoutReply_a0,
    seL4_TimeoutReply_a1,
    seL4_TimeoutReply_a2,
    seL4_TimeoutReply_a3,
    seL4_TimeoutReply_a4,
    seL4_TimeoutReply_a5,
    seL4_TimeoutReply_a6,
    seL4_TimeoutReply_a7,
    seL4_TimeoutReply_t0,
    seL4_TimeoutReply_t1,
    seL4_TimeoutReply_t2,
    seL4_TimeoutReply_t3,
    seL4_TimeoutReply_t4,
    seL4_TimeoutReply_t5,
    seL4_TimeoutReply_t6,
    seL4_TimeoutReply_TP,
    seL4_TimeoutReply_Length,
    SEL4_FORCE_LONG_ENUM(seL4_TimeoutReply_Msg)
} seL4_TimeoutReply_Msg;

/* After a FailedLookup of seL4_RISCV_Page_Map: the message register with what one entry of the
 * missing table would cover, and its value if the lowest table is missing, 09 section 9.6. */
#define SEL4_MAPPING_LOOKUP_LEVEL 2
#define SEL4_MAPPING_LOOKUP_NO_PT 21

#endif
