/* SPDX-License-Identifier: BSD-2-Clause */

/* Fault messages as a handler sees them, docs/abi/08. */
#ifndef SEL4_FAULTS_H
#define SEL4_FAULTS_H

#include "sel4/functions.h"
#include "sel4/types.h"

/* A fault message, copied out of the IPC buffer: the label, then the words. */
typedef struct seL4_Fault {
    seL4_Word words[1 + seL4_UnknownSyscall_Length];
} seL4_Fault_t;

/* The fault that a message just received tells of; `tag` is its message info. */
LIBSEL4_INLINE_FUNC seL4_Fault_t seL4_getFault(seL4_MessageInfo_t tag)
{
    seL4_Fault_t fault = {{0}};
    int length = (int)seL4_MessageInfo_get_length(tag);
    fault.words[0] = seL4_MessageInfo_get_label(tag);
    for (int i = 0; i < length && i < seL4_UnknownSyscall_Length; i++) {
        fault.words[1 + i] = seL4_GetMR(i);
    }
    return fault;
}

LIBSEL4_INLINE_FUNC seL4_Word seL4_Fault_get_seL4_FaultType(seL4_Fault_t fault)
{
    return fault.words[0];
}

#define ALBIREO_FAULT_IS(name)                                                                     \
    LIBSEL4_INLINE_FUNC seL4_Bool seL4_is##name##_tag(seL4_MessageInfo_t tag)                      \
    {                                                                                              \
        return seL4_MessageInfo_get_label(tag) == seL4_Fault_##name;                               \
    }                                                                                              \
    LIBSEL4_INLINE_FUNC seL4_Bool seL4_is##name##_Fault(seL4_Fault_t fault)                        \
    {                                                                                              \
        return fault.words[0] == seL4_Fault_##name;                                                \
    }
#define ALBIREO_FAULT_WORD(fault_name, word, index)                                                \
    LIBSEL4_INLINE_FUNC seL4_Word seL4_Fault_##fault_name##_get_##word(seL4_Fault_t fault)         \
    {                                                                                              \
        return fault.words[1 + (index)];                                                           \
    }

ALBIREO_FAULT_IS(CapFault)
ALBIREO_FAULT_WORD(CapFault, IP, seL4_CapFault_IP)
ALBIREO_FAULT_WORD(CapFault, Addr, seL4_CapFault_Addr)
ALBIREO_FAULT_WORD(CapFault, InRecvPhase, seL4_CapFault_InRecvPhase)
ALBIREO_FAULT_WORD(CapFault, LookupFailureType, seL4_CapFault_LookupFailureType)
ALBIREO_FAULT_WORD(CapFault, MR4, seL4_CapFault_BitsLeft)
ALBIREO_FAULT_WORD(CapFault, MR5, seL4_CapFault_GuardMismatch_GuardFound)
ALBIREO_FAULT_WORD(CapFault, MR6, seL4_CapFault_GuardMismatch_BitsFound)

ALBIREO_FAULT_IS(UnknownSyscall)
ALBIREO_FAULT_WORD(UnknownSyscall, FaultIP, seL4_UnknownSyscall_FaultIP)
ALBIREO_FAULT_WORD(UnknownSyscall, SP, seL4_UnknownSyscall_SP)
ALBIREO_FAULT_WORD(UnknownSyscall, RA, seL4_UnknownSyscall_RA)
ALBIREO_FAULT_WORD(UnknownSyscall, A0, seL4_UnknownSyscall_A0)
ALBIREO_FAULT_WORD(UnknownSyscall, A1, seL4_UnknownSyscall_A1)
ALBIREO_FAULT_WORD(UnknownSyscall, A2, seL4_UnknownSyscall_A2)
ALBIREO_FAULT_WORD(UnknownSyscall, A3, seL4_UnknownSyscall_A3)
ALBIREO_FAULT_WORD(UnknownSyscall, A4, seL4_UnknownSyscall_A4)
ALBIREO_FAULT_WORD(UnknownSyscall, A5, seL4_UnknownSyscall_A5)
ALBIREO_FAULT_WORD(UnknownSyscall, A6, seL4_UnknownSyscall_A6)
ALBIREO_FAULT_WORD(UnknownSyscall, Syscall, seL4_UnknownSyscall_Syscall)

ALBIREO_FAULT_IS(UserException)
ALBIREO_FAULT_WORD(UserException, FaultIP, seL4_UserException_FaultIP)
ALBIREO_FAULT_WORD(UserException, SP, seL4_UserException_SP)
ALBIREO_FAULT_WORD(UserException, Number, seL4_UserException_Number)
ALBIREO_FAULT_WORD(UserException, Code, seL4_UserException_Code)

ALBIREO_FAULT_IS(Timeout)
ALBIREO_FAULT_WORD(Timeout, data, seL4_Timeout_Data)
ALBIREO_FAULT_WORD(Timeout, consumed, seL4_Timeout_Consumed)

ALBIREO_FAULT_IS(VMFault)
ALBIREO_FAULT_WORD(VMFault, IP, seL4_VMFault_IP)
ALBIREO_FAULT_WORD(VMFault, Addr, seL4_VMFault_Addr)
ALBIREO_FAULT_WORD(VMFault, PrefetchFault, seL4_VMFault_PrefetchFault)
ALBIREO_FAULT_WORD(VMFault, FSR, seL4_VMFault_FSR)

#undef ALBIREO_FAULT_IS
#undef ALBIREO_FAULT_WORD

/* Prepares the reply to a timeout fault: the first `length` registers of `regs` are set; the thread
 * restarts if `resume`. Send the message info returned to the Reply object. */
LIBSEL4_INLINE_FUNC seL4_MessageInfo_t seL4_TimeoutReply_new(seL4_Bool resume,
                                                             seL4_UserContext regs,
                                                             seL4_Word length)
{
    const seL4_Word *words = &regs.pc;
    for (int i = 0; i < (int)length && i < seL4_TimeoutReply_Length; i++) {
        seL4_SetMR(i, words[i]);
    }
    return seL4_MessageInfo_new(!resume, 0, 0, length);
}

#endif
