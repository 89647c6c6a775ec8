/* SPDX-License-Identifier: BSD-2-Clause */

/* Labels of the invocations under their user-visible names, docs/abi/05 section 5.1. */
#ifndef SEL4_INVOCATION_H
#define SEL4_INVOCATION_H

#include "abi/api.h"

enum invocation_label {
    InvalidInvocation = ABI_LABEL_INVALID,
    UntypedRetype = ABI_LABEL_UNTYPED_RETYPE,
    TCBReadRegisters = ABI_LABEL_TCB_READ_REGISTERS,
    TCBWriteRegisters = ABI_LABEL_TCB_WRITE_REGISTERS,
    TCBCopyRegisters = ABI_LABEL_TCB_COPY_REGISTERS,
    TCBConfigure = ABI_LABEL_TCB_CONFIGURE,
    TCBSetPriority = ABI_LABEL_TCB_SET_PRIORITY,
    TCBSetMCPriority = ABI_LABEL_TCB_SET_MC_PRIORITY,
    TCBSetSchedParams = ABI_LABEL_TCB_SET_SCHED_PARAMS,
    TCBSetTimeoutEndpoint = ABI_LABEL_TCB_SET_TIMEOUT_ENDPOINT,
    TCBSetIPCBuffer = ABI_LABEL_TCB_SET_IPC_BUFFER,
    TCBSetSpace = ABI_LABEL_TCB_SET_SPACE,
    TCBSuspend = ABI_LABEL_TCB_SUSPEND,
    TCBResume = ABI_LABEL_TCB_RESUME,
    TCBBindNotification = ABI_LABEL_TCB_BIND_NOTIFICATION,
    TCBUnbindNotification = ABI_LABEL_TCB_UNBIND_NOTIFICATION,
    TCBSetTLSBase = ABI_LABEL_TCB_SET_TLS_BASE,
    TCBSetFlags = ABI_LABEL_TCB_SET_FLAGS,
    CNodeRevoke = ABI_LABEL_CNODE_REVOKE,
    CNodeDelete = ABI_LABEL_CNODE_DELETE,
    CNodeCancelBadgedSends = ABI_LABEL_CNODE_CANCEL_BADGED_SENDS,
    CNodeCopy = ABI_LABEL_CNODE_COPY,
    CNodeMint = ABI_LABEL_CNODE_MINT,
    CNodeMove = ABI_LABEL_CNODE_MOVE,
    CNodeMutate = ABI_LABEL_CNODE_MUTATE,
    CNodeRotate = ABI_LABEL_CNODE_ROTATE,
    IRQIssueIRQHandler = ABI_LABEL_IRQ_CONTROL_GET,
    IRQAckIRQ = ABI_LABEL_IRQ_HANDLER_ACK,
    IRQSetIRQHandler = ABI_LABEL_IRQ_HANDLER_SET_NOTIFICATION,
    IRQClearIRQHandler = ABI_LABEL_IRQ_HANDLER_CLEAR,
    DomainSetSet = ABI_LABEL_DOMAIN_SET,
    DomainScheduleConfigure = ABI_LABEL_DOMAIN_SCHEDULE_CONFIGURE,
    DomainScheduleSetStart = ABI_LABEL_DOMAIN_SCHEDULE_SET_START,
    SchedControlConfigureFlags = ABI_LABEL_SCHED_CONTROL_CONFIGURE_FLAGS,
    SchedContextBind = ABI_LABEL_SCHED_CONTEXT_BIND,
    SchedContextUnbind = ABI_LABEL_SCHED_CONTEXT_UNBIND,
    SchedContextUnbindObject = ABI_LABEL_SCHED_CONTEXT_UNBIND_OBJECT,
    SchedContextConsumed = ABI_LABEL_SCHED_CONTEXT_CONSUMED,
    SchedContextYieldTo = ABI_LABEL_SCHED_CONTEXT_YIELD_TO,
    nInvocationLabels,
};

enum sel4_arch_invocation_label { nSeL4ArchInvocationLabels = nInvocationLabels };

enum arch_invocation_label {
    RISCVPageTableMap = ABI_LABEL_PAGE_TABLE_MAP,
    RISCVPageTableUnmap = ABI_LABEL_PAGE_TABLE_UNMAP,
    RISCVPageMap = ABI_LABEL_PAGE_MAP,
    RISCVPageUnmap = ABI_LABEL_PAGE_UNMAP,
    RISCVPageGetAddress = ABI_LABEL_PAGE_GET_ADDRESS,
    RISCVASIDControlMakePool = ABI_LABEL_ASID_CONTROL_MAKE_POOL,
    RISCVASIDPoolAssign = ABI_LABEL_ASID_POOL_ASSIGN,
    RISCVIRQIssueIRQHandlerTrigger = ABI_LABEL_IRQ_CONTROL_GET_TRIGGER,
    nArchInvocationLabels,
};

#endif
