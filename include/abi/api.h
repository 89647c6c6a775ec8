/* SPDX-License-Identifier: BSD-2-Clause */

/* The API, described once: system calls, invocations with their arguments, errors, faults, object
 * and capability types. Kernel dispatch, user stubs, error names and trace decoding are all
 * expanded from these tables; adding an invocation is one row here and one handler in core/.
 *
 * Source: docs/abi/ (section numbers are given at each table). Values are those of riscv64 + MCS.
 */
#ifndef ABI_API_H
#define ABI_API_H

/* Errors, 00 section 0.4. X(value, NAME, Name) */
#define ABI_ERRORS(X)                                                                              \
    X(0, OK, NoError)                                                                              \
    X(1, INVALID_ARGUMENT, InvalidArgument)                                                        \
    X(2, INVALID_CAPABILITY, InvalidCapability)                                                    \
    X(3, ILLEGAL_OPERATION, IllegalOperation)                                                      \
    X(4, RANGE_ERROR, RangeError)                                                                  \
    X(5, ALIGNMENT_ERROR, AlignmentError)                                                          \
    X(6, FAILED_LOOKUP, FailedLookup)                                                              \
    X(7, TRUNCATED_MESSAGE, TruncatedMessage)                                                      \
    X(8, DELETE_FIRST, DeleteFirst)                                                                \
    X(9, REVOKE_FIRST, RevokeFirst)                                                                \
    X(10, NOT_ENOUGH_MEMORY, NotEnoughMemory)

/* Lookup failures, 00 section 0.4. X(value, NAME, Name) */
#define ABI_LOOKUP_FAILURES(X)                                                                     \
    X(0, NONE, NoFailure)                                                                          \
    X(1, INVALID_ROOT, InvalidRoot)                                                                \
    X(2, MISSING_CAPABILITY, MissingCapability)                                                    \
    X(3, DEPTH_MISMATCH, DepthMismatch)                                                            \
    X(4, GUARD_MISMATCH, GuardMismatch)

/* Faults, 00 section 0.4 and 08. X(label, NAME, Name) */
#define ABI_FAULTS(X)                                                                              \
    X(0, NONE, NullFault)                                                                          \
    X(1, CAP, CapFault)                                                                            \
    X(2, UNKNOWN_SYSCALL, UnknownSyscall)                                                          \
    X(3, USER_EXCEPTION, UserException)                                                            \
    X(5, TIMEOUT, Timeout)                                                                         \
    X(6, VM, VMFault)

/* Object types of Untyped_Retype, 04 section 4.1. X(value, NAME, Name) */
#define ABI_OBJECTS(X)                                                                             \
    X(0, UNTYPED, UntypedObject)                                                                   \
    X(1, TCB, TCBObject)                                                                           \
    X(2, ENDPOINT, EndpointObject)                                                                 \
    X(3, NOTIFICATION, NotificationObject)                                                         \
    X(4, CAP_TABLE, CapTableObject)                                                                \
    X(5, SCHED_CONTEXT, SchedContextObject)                                                        \
    X(6, REPLY, ReplyObject)                                                                       \
    X(7, GIGA_PAGE, RISCV_Giga_Page)                                                               \
    X(8, PAGE_4K, RISCV_4K_Page)                                                                   \
    X(9, MEGA_PAGE, RISCV_Mega_Page)                                                               \
    X(10, PAGE_TABLE, RISCV_PageTableObject)

/* Capability types, 03 section 3.1. X(type number, NAME, name in words) */
#define ABI_CAPS(X)                                                                                \
    X(0, NULL, "null")                                                                             \
    X(1, FRAME, "frame")                                                                           \
    X(2, UNTYPED, "untyped")                                                                       \
    X(3, PAGE_TABLE, "page table")                                                                 \
    X(4, ENDPOINT, "endpoint")                                                                     \
    X(6, NOTIFICATION, "notification")                                                             \
    X(8, REPLY, "reply")                                                                           \
    X(10, CNODE, "CNode")                                                                          \
    X(11, ASID_CONTROL, "ASID control")                                                            \
    X(12, TCB, "TCB")                                                                              \
    X(13, ASID_POOL, "ASID pool")                                                                  \
    X(14, IRQ_CONTROL, "IRQ control")                                                              \
    X(16, IRQ_HANDLER, "IRQ handler")                                                              \
    X(18, ZOMBIE, "zombie")                                                                        \
    X(20, DOMAIN, "domain")                                                                        \
    X(22, SCHED_CONTEXT, "scheduling context")                                                     \
    X(24, SCHED_CONTROL, "SchedControl")

/* System calls of the API class, 01 section 1.3. X(number, NAME, Name) */
#define ABI_SYSCALLS(X)                                                                            \
    X(-1, CALL, Call)                                                                              \
    X(-2, REPLY_RECV, ReplyRecv)                                                                   \
    X(-3, NB_SEND_RECV, NBSendRecv)                                                                \
    X(-4, NB_SEND_WAIT, NBSendWait)                                                                \
    X(-5, SEND, Send)                                                                              \
    X(-6, NB_SEND, NBSend)                                                                         \
    X(-7, RECV, Recv)                                                                              \
    X(-8, NB_RECV, NBRecv)                                                                         \
    X(-9, WAIT, Wait)                                                                              \
    X(-10, NB_WAIT, NBWait)                                                                        \
    X(-11, YIELD, Yield)

/* Debug calls, 14. Known to debug kernels only; in a release kernel they are unknown. */
#define ABI_DEBUG_SYSCALLS(X)                                                                      \
    X(-12, DEBUG_PUT_CHAR, DebugPutChar)                                                           \
    X(-13, DEBUG_DUMP_SCHEDULER, DebugDumpScheduler)                                               \
    X(-14, DEBUG_HALT, DebugHalt)                                                                  \
    X(-15, DEBUG_CAP_IDENTIFY, DebugCapIdentify)                                                   \
    X(-16, DEBUG_SNAPSHOT, DebugSnapshot)                                                          \
    X(-17, DEBUG_NAME_THREAD, DebugNameThread)

/* Arguments of the invocations, 05. W(type, name): message word. B(name): a word whose stub
 * parameter is 8 bits wide (CNode depths). R(name): a rights word. D(name): a CNode guard word
 * (seL4_CNode_CapData). C(name): extra capability. In the order of the stub's parameters; words
 * and capabilities are numbered separately, each in this order. */
#define ABI_ARGS_NONE(W, B, R, D, C)
#define ABI_ARGS_UNTYPED_RETYPE(W, B, R, D, C)                                                     \
    W(seL4_Word, type)                                                                             \
    W(seL4_Word, size_bits)                                                                        \
    C(root)                                                                                        \
    W(seL4_Word, node_index)                                                                       \
    W(seL4_Word, node_depth)                                                                       \
    W(seL4_Word, node_offset)                                                                      \
    W(seL4_Word, num_objects)
#define ABI_ARGS_CNODE_SLOT(W, B, R, D, C) W(seL4_Word, index) B(depth)
#define ABI_ARGS_CNODE_COPY(W, B, R, D, C)                                                         \
    W(seL4_Word, dest_index)                                                                       \
    B(dest_depth) C(src_root) W(seL4_Word, src_index) B(src_depth) R(rights)
#define ABI_ARGS_CNODE_MINT(W, B, R, D, C)                                                         \
    W(seL4_Word, dest_index)                                                                       \
    B(dest_depth)                                                                                  \
    C(src_root) W(seL4_Word, src_index) B(src_depth) R(rights) W(seL4_Word, badge)
#define ABI_ARGS_CNODE_MOVE(W, B, R, D, C)                                                         \
    W(seL4_Word, dest_index) B(dest_depth) C(src_root) W(seL4_Word, src_index) B(src_depth)
#define ABI_ARGS_CNODE_MUTATE(W, B, R, D, C)                                                       \
    W(seL4_Word, dest_index)                                                                       \
    B(dest_depth)                                                                                  \
    C(src_root) W(seL4_Word, src_index) B(src_depth) W(seL4_Word, badge)
#define ABI_ARGS_CNODE_ROTATE(W, B, R, D, C)                                                       \
    W(seL4_Word, dest_index)                                                                       \
    B(dest_depth)                                                                                  \
    W(seL4_Word, dest_badge)                                                                       \
    C(pivot_root)                                                                                  \
    W(seL4_Word, pivot_index)                                                                      \
    B(pivot_depth) W(seL4_Word, pivot_badge) C(src_root) W(seL4_Word, src_index) B(src_depth)
#define ABI_ARGS_TCB_CONFIGURE(W, B, R, D, C)                                                      \
    C(cspace_root)                                                                                 \
    W(seL4_Word, cspace_root_data)                                                                 \
    C(vspace_root)                                                                                 \
    W(seL4_Word, vspace_root_data) W(seL4_Word, buffer) C(buffer_frame)
#define ABI_ARGS_TCB_SET_PRIORITY(W, B, R, D, C) C(authority) W(seL4_Word, priority)
#define ABI_ARGS_TCB_SET_MC_PRIORITY(W, B, R, D, C) C(authority) W(seL4_Word, mcp)
#define ABI_ARGS_TCB_SET_SCHED_PARAMS(W, B, R, D, C)                                               \
    C(authority)                                                                                   \
    W(seL4_Word, mcp)                                                                              \
    W(seL4_Word, priority) C(sched_context) C(fault_ep)
#define ABI_ARGS_TCB_SET_TIMEOUT_ENDPOINT(W, B, R, D, C) C(timeout_fault_ep)
#define ABI_ARGS_TCB_SET_IPC_BUFFER(W, B, R, D, C) W(seL4_Word, buffer) C(buffer_frame)
#define ABI_ARGS_TCB_SET_SPACE(W, B, R, D, C)                                                      \
    C(fault_ep)                                                                                    \
    C(cspace_root)                                                                                 \
    W(seL4_Word, cspace_root_data) C(vspace_root) W(seL4_Word, vspace_root_data)
#define ABI_ARGS_TCB_BIND_NOTIFICATION(W, B, R, D, C) C(notification)
#define ABI_ARGS_TCB_SET_TLS_BASE(W, B, R, D, C) W(seL4_Word, tls_base)
#define ABI_ARGS_TCB_SET_FLAGS(W, B, R, D, C) W(seL4_Word, clear) W(seL4_Word, set)
#define ABI_ARGS_TCB_READ_REGISTERS(W, B, R, D, C) W(seL4_Word, flags) W(seL4_Word, count)
#define ABI_ARGS_TCB_WRITE_REGISTERS(W, B, R, D, C) W(seL4_Word, flags) W(seL4_Word, count)
#define ABI_ARGS_TCB_COPY_REGISTERS(W, B, R, D, C) C(source) W(seL4_Word, flags)
#define ABI_ARGS_IRQ_GET(W, B, R, D, C) W(seL4_Word, irq) C(root) W(seL4_Word, index) B(depth)
#define ABI_ARGS_IRQ_GET_TRIGGER(W, B, R, D, C)                                                    \
    W(seL4_Word, irq) W(seL4_Word, trigger) C(root) W(seL4_Word, index) B(depth)
#define ABI_ARGS_IRQ_SET_NOTIFICATION(W, B, R, D, C) C(notification)
#define ABI_ARGS_DOMAIN_SET(W, B, R, D, C) W(seL4_Uint8, domain) C(thread)
#define ABI_ARGS_DOMAIN_SCHEDULE_CONFIGURE(W, B, R, D, C)                                          \
    W(seL4_Word, index) W(seL4_Uint8, domain) W(seL4_Word, duration)
#define ABI_ARGS_DOMAIN_SCHEDULE_SET_START(W, B, R, D, C) W(seL4_Word, index)
#define ABI_ARGS_SCHED_CONTROL_CONFIGURE_FLAGS(W, B, R, D, C)                                      \
    C(schedcontext)                                                                                \
    W(seL4_Time, budget)                                                                           \
    W(seL4_Time, period)                                                                           \
    W(seL4_Word, extra_refills) W(seL4_Word, badge) W(seL4_Word, flags)
#define ABI_ARGS_SCHED_CONTEXT_OBJECT(W, B, R, D, C) C(cap)
#define ABI_ARGS_PAGE_TABLE_MAP(W, B, R, D, C)                                                     \
    C(vspace) W(seL4_Word, vaddr) W(seL4_RISCV_VMAttributes, attr)
#define ABI_ARGS_PAGE_MAP(W, B, R, D, C)                                                           \
    C(vspace) W(seL4_Word, vaddr) R(rights) W(seL4_RISCV_VMAttributes, attr)
#define ABI_ARGS_ASID_CONTROL_MAKE_POOL(W, B, R, D, C)                                             \
    C(untyped) C(root) W(seL4_Word, index) B(depth)
#define ABI_ARGS_ASID_POOL_ASSIGN(W, B, R, D, C) C(vspace)

/* Invocations by the kind of the invoked capability, 05 section 5.1.
 * X(label, KIND, NAME, Stub, handler, ARGS, results)
 *   KIND     capability kind (ABI_CAPS)
 *   NAME     as in enum abi_label
 *   Stub     the public stub is seL4_<Stub>
 *   handler  core/ function: enum status handler(struct kernel *k, struct call *call)
 *   ARGS     ABI_ARGS_<ARGS>
 *   results  number of result words (variable ones: 32)
 */
#define ABI_INVOCATIONS_UNTYPED(X)                                                                 \
    X(1, UNTYPED, UNTYPED_RETYPE, Untyped_Retype, untyped_retype, UNTYPED_RETYPE, 0)

#define ABI_INVOCATIONS_TCB(X)                                                                     \
    X(2, TCB, TCB_READ_REGISTERS, TCB_ReadRegisters, tcb_read_registers, TCB_READ_REGISTERS, 32)   \
    X(3, TCB, TCB_WRITE_REGISTERS, TCB_WriteRegisters, tcb_write_registers, TCB_WRITE_REGISTERS,   \
      0)                                                                                           \
    X(4, TCB, TCB_COPY_REGISTERS, TCB_CopyRegisters, tcb_copy_registers, TCB_COPY_REGISTERS, 0)    \
    X(5, TCB, TCB_CONFIGURE, TCB_Configure, tcb_configure, TCB_CONFIGURE, 0)                       \
    X(6, TCB, TCB_SET_PRIORITY, TCB_SetPriority, tcb_set_priority, TCB_SET_PRIORITY, 0)            \
    X(7, TCB, TCB_SET_MC_PRIORITY, TCB_SetMCPriority, tcb_set_mc_priority, TCB_SET_MC_PRIORITY, 0) \
    X(8, TCB, TCB_SET_SCHED_PARAMS, TCB_SetSchedParams, tcb_set_sched_params,                      \
      TCB_SET_SCHED_PARAMS, 0)                                                                     \
    X(9, TCB, TCB_SET_TIMEOUT_ENDPOINT, TCB_SetTimeoutEndpoint, tcb_set_timeout_endpoint,          \
      TCB_SET_TIMEOUT_ENDPOINT, 0)                                                                 \
    X(10, TCB, TCB_SET_IPC_BUFFER, TCB_SetIPCBuffer, tcb_set_ipc_buffer, TCB_SET_IPC_BUFFER, 0)    \
    X(11, TCB, TCB_SET_SPACE, TCB_SetSpace, tcb_set_space, TCB_SET_SPACE, 0)                       \
    X(12, TCB, TCB_SUSPEND, TCB_Suspend, tcb_suspend, NONE, 0)                                     \
    X(13, TCB, TCB_RESUME, TCB_Resume, tcb_resume, NONE, 0)                                        \
    X(14, TCB, TCB_BIND_NOTIFICATION, TCB_BindNotification, tcb_bind_notification,                 \
      TCB_BIND_NOTIFICATION, 0)                                                                    \
    X(15, TCB, TCB_UNBIND_NOTIFICATION, TCB_UnbindNotification, tcb_unbind_notification, NONE, 0)  \
    X(16, TCB, TCB_SET_TLS_BASE, TCB_SetTLSBase, tcb_set_tls_base, TCB_SET_TLS_BASE, 0)            \
    X(17, TCB, TCB_SET_FLAGS, TCB_SetFlags, tcb_set_flags, TCB_SET_FLAGS, 1)

#define ABI_INVOCATIONS_CNODE(X)                                                                   \
    X(18, CNODE, CNODE_REVOKE, CNode_Revoke, cnode_revoke, CNODE_SLOT, 0)                          \
    X(19, CNODE, CNODE_DELETE, CNode_Delete, cnode_delete, CNODE_SLOT, 0)                          \
    X(20, CNODE, CNODE_CANCEL_BADGED_SENDS, CNode_CancelBadgedSends, cnode_cancel_badged_sends,    \
      CNODE_SLOT, 0)                                                                               \
    X(21, CNODE, CNODE_COPY, CNode_Copy, cnode_copy, CNODE_COPY, 0)                                \
    X(22, CNODE, CNODE_MINT, CNode_Mint, cnode_mint, CNODE_MINT, 0)                                \
    X(23, CNODE, CNODE_MOVE, CNode_Move, cnode_move, CNODE_MOVE, 0)                                \
    X(24, CNODE, CNODE_MUTATE, CNode_Mutate, cnode_mutate, CNODE_MUTATE, 0)                        \
    X(25, CNODE, CNODE_ROTATE, CNode_Rotate, cnode_rotate, CNODE_ROTATE, 0)

#define ABI_INVOCATIONS_IRQ_CONTROL(X)                                                             \
    X(26, IRQ_CONTROL, IRQ_CONTROL_GET, IRQControl_Get, irq_control_get, IRQ_GET, 0)               \
    X(46, IRQ_CONTROL, IRQ_CONTROL_GET_TRIGGER, IRQControl_GetTrigger, irq_control_get_trigger,    \
      IRQ_GET_TRIGGER, 0)

#define ABI_INVOCATIONS_IRQ_HANDLER(X)                                                             \
    X(27, IRQ_HANDLER, IRQ_HANDLER_ACK, IRQHandler_Ack, irq_handler_ack, NONE, 0)                  \
    X(28, IRQ_HANDLER, IRQ_HANDLER_SET_NOTIFICATION, IRQHandler_SetNotification,                   \
      irq_handler_set_notification, IRQ_SET_NOTIFICATION, 0)                                       \
    X(29, IRQ_HANDLER, IRQ_HANDLER_CLEAR, IRQHandler_Clear, irq_handler_clear, NONE, 0)

#define ABI_INVOCATIONS_DOMAIN(X)                                                                  \
    X(30, DOMAIN, DOMAIN_SET, DomainSet_Set, domain_set, DOMAIN_SET, 0)                            \
    X(31, DOMAIN, DOMAIN_SCHEDULE_CONFIGURE, DomainSet_ScheduleConfigure,                          \
      domain_schedule_configure, DOMAIN_SCHEDULE_CONFIGURE, 0)                                     \
    X(32, DOMAIN, DOMAIN_SCHEDULE_SET_START, DomainSet_ScheduleSetStart,                           \
      domain_schedule_set_start, DOMAIN_SCHEDULE_SET_START, 0)

#define ABI_INVOCATIONS_SCHED_CONTROL(X)                                                           \
    X(33, SCHED_CONTROL, SCHED_CONTROL_CONFIGURE_FLAGS, SchedControl_ConfigureFlags,               \
      sched_control_configure_flags, SCHED_CONTROL_CONFIGURE_FLAGS, 0)

#define ABI_INVOCATIONS_SCHED_CONTEXT(X)                                                           \
    X(34, SCHED_CONTEXT, SCHED_CONTEXT_BIND, SchedContext_Bind, sched_context_bind,                \
      SCHED_CONTEXT_OBJECT, 0)                                                                     \
    X(35, SCHED_CONTEXT, SCHED_CONTEXT_UNBIND, SchedContext_Unbind, sched_context_unbind, NONE, 0) \
    X(36, SCHED_CONTEXT, SCHED_CONTEXT_UNBIND_OBJECT, SchedContext_UnbindObject,                   \
      sched_context_unbind_object, SCHED_CONTEXT_OBJECT, 0)                                        \
    X(37, SCHED_CONTEXT, SCHED_CONTEXT_CONSUMED, SchedContext_Consumed, sched_context_consumed,    \
      NONE, 1)                                                                                     \
    X(38, SCHED_CONTEXT, SCHED_CONTEXT_YIELD_TO, SchedContext_YieldTo, sched_context_yield_to,     \
      NONE, 1)

#define ABI_INVOCATIONS_PAGE_TABLE(X)                                                              \
    X(39, PAGE_TABLE, PAGE_TABLE_MAP, RISCV_PageTable_Map, page_table_map, PAGE_TABLE_MAP, 0)      \
    X(40, PAGE_TABLE, PAGE_TABLE_UNMAP, RISCV_PageTable_Unmap, page_table_unmap, NONE, 0)

#define ABI_INVOCATIONS_FRAME(X)                                                                   \
    X(41, FRAME, PAGE_MAP, RISCV_Page_Map, page_map, PAGE_MAP, 0)                                  \
    X(42, FRAME, PAGE_UNMAP, RISCV_Page_Unmap, page_unmap, NONE, 0)                                \
    X(43, FRAME, PAGE_GET_ADDRESS, RISCV_Page_GetAddress, page_get_address, NONE, 1)

#define ABI_INVOCATIONS_ASID_CONTROL(X)                                                            \
    X(44, ASID_CONTROL, ASID_CONTROL_MAKE_POOL, RISCV_ASIDControl_MakePool,                        \
      asid_control_make_pool, ASID_CONTROL_MAKE_POOL, 0)

#define ABI_INVOCATIONS_ASID_POOL(X)                                                               \
    X(45, ASID_POOL, ASID_POOL_ASSIGN, RISCV_ASIDPool_Assign, asid_pool_assign, ASID_POOL_ASSIGN, 0)

/* All of them. */
#define ABI_INVOCATIONS(X)                                                                         \
    ABI_INVOCATIONS_UNTYPED(X)                                                                     \
    ABI_INVOCATIONS_TCB(X)                                                                         \
    ABI_INVOCATIONS_CNODE(X)                                                                       \
    ABI_INVOCATIONS_IRQ_CONTROL(X)                                                                 \
    ABI_INVOCATIONS_IRQ_HANDLER(X)                                                                 \
    ABI_INVOCATIONS_DOMAIN(X)                                                                      \
    ABI_INVOCATIONS_SCHED_CONTROL(X)                                                               \
    ABI_INVOCATIONS_SCHED_CONTEXT(X)                                                               \
    ABI_INVOCATIONS_PAGE_TABLE(X)                                                                  \
    ABI_INVOCATIONS_FRAME(X)                                                                       \
    ABI_INVOCATIONS_ASID_CONTROL(X)                                                                \
    ABI_INVOCATIONS_ASID_POOL(X)

enum abi_label {
    ABI_LABEL_INVALID = 0,
#define ABI_X(label, kind, name, stub, handler, args, results) ABI_LABEL_##name = label,
    ABI_INVOCATIONS(ABI_X)
#undef ABI_X
        ABI_LABEL_COUNT = 47,
};

enum abi_syscall {
#define ABI_X(number, name, stub) ABI_SYS_##name = number,
    ABI_SYSCALLS(ABI_X) ABI_DEBUG_SYSCALLS(ABI_X)
#undef ABI_X
};

enum abi_object {
#define ABI_X(value, name, stub) ABI_OBJECT_##name = value,
    ABI_OBJECTS(ABI_X)
#undef ABI_X
        ABI_OBJECT_COUNT = 11,
};

/* Sizes, log2 of bytes unless said otherwise, 00 section 0.4. */
enum abi_size {
    ABI_SLOT_BITS = 5,
    ABI_ENDPOINT_BITS = 4,
    ABI_NOTIFICATION_BITS = 6,
    ABI_REPLY_BITS = 5,
    ABI_TCB_BITS_FPU = 11,
    ABI_TCB_BITS_NO_FPU = 10,
    ABI_MIN_SCHED_CONTEXT_BITS = 7,
    ABI_IPC_BUFFER_BITS = 10,
    ABI_PAGE_BITS = 12,
    ABI_MEGA_PAGE_BITS = 21,
    ABI_GIGA_PAGE_BITS = 30,
    ABI_PAGE_TABLE_BITS = 12,
    ABI_PAGE_TABLE_INDEX_BITS = 9,
    ABI_ASID_POOL_BITS = 12,
    ABI_ASID_POOL_INDEX_BITS = 9,
    ABI_ASID_POOLS = 128,
    ABI_ASIDS_PER_POOL = 512,
    ABI_MIN_UNTYPED_BITS = 4,
    ABI_MAX_UNTYPED_BITS = 38,
    ABI_CORE_SCHED_CONTEXT_BYTES = 128,
    ABI_REFILL_BYTES = 16,
};

/* Limits, 00 section 0.4. */
enum abi_limit {
    ABI_MSG_MAX_LENGTH = 120, /* Words. */
    ABI_MSG_MAX_CAPS = 3,
    ABI_MSG_REGISTERS = 4, /* Message words in CPU registers. */
    ABI_MAX_PRIO = 255,
    ABI_RETYPE_FAN_OUT = 256,
    ABI_WORK_UNITS = 100,  /* Preemption points between two real checks. */
    ABI_RESET_CHUNK = 256, /* Bytes cleared between two preemption points. */
    ABI_BOOTINFO_UNTYPEDS = 230,
    ABI_MIN_BUDGET_US = 20,
};

#define ABI_USER_TOP 0x3FFFFFF000u /* First user address that cannot be mapped, 09 section 9.1. */

/* IPC buffer: indices in words from its start, 02 section 2.3. */
enum abi_buffer {
    ABI_BUFFER_MSG = 1,
    ABI_BUFFER_CAPS = 122,
    ABI_BUFFER_RECEIVE_CNODE = 125,
    ABI_BUFFER_RECEIVE_INDEX = 126,
    ABI_BUFFER_RECEIVE_DEPTH = 127,
    ABI_BUFFER_WORDS = 128,
};

/* Rights word, 02 section 2.2. */
enum abi_right {
    ABI_RIGHT_WRITE = 1,
    ABI_RIGHT_READ = 2,
    ABI_RIGHT_GRANT = 4,
    ABI_RIGHT_GRANT_REPLY = 8,
    ABI_RIGHT_ALL = 15,
};

#define ABI_VM_EXECUTE_NEVER 1u      /* VM attributes, bit 0. */
#define ABI_TCB_FLAG_FPU_DISABLED 1u /* TCB flags, bit 0. */
#define ABI_SC_SPORADIC 1u           /* SchedControl flags, bit 0. */

/* Initial CNode, 11 section 11.5. */
enum abi_initial_slot {
    ABI_SLOT_NULL = 0,
    ABI_SLOT_INIT_TCB = 1,
    ABI_SLOT_INIT_CNODE = 2,
    ABI_SLOT_INIT_VSPACE = 3,
    ABI_SLOT_IRQ_CONTROL = 4,
    ABI_SLOT_ASID_CONTROL = 5,
    ABI_SLOT_INIT_ASID_POOL = 6,
    ABI_SLOT_BOOTINFO_FRAME = 9,
    ABI_SLOT_INIT_BUFFER = 10,
    ABI_SLOT_DOMAIN = 11,
    ABI_SLOT_INIT_SC = 14,
    ABI_SLOT_DYNAMIC = 16,
};

#endif
