/* SPDX-License-Identifier: BSD-2-Clause */

/* Every error check of every invocation, in the contract's order (docs/abi/04, 05, 09, 10, 13).
 *
 * A handler names the check that failed by its number; the error it returns is the one in its row.
 * The kernel counts how often each row fired, and the test run fails if a row was never provoked.
 * Check 0 of every capability kind, an unknown label (IllegalOperation), is counted separately.
 */
#ifndef ABI_CHECKS_H
#define ABI_CHECKS_H

/* X(NAME of the invocation, number, ERROR, what is refused) */
#define ABI_CHECKS(X)                                                                              \
    X(UNTYPED_RETYPE, 1, TRUNCATED_MESSAGE, "fewer than 6 words or no extra cap")                  \
    X(UNTYPED_RETYPE, 2, INVALID_ARGUMENT, "unknown object type")                                  \
    X(UNTYPED_RETYPE, 3, RANGE_ERROR, "size_bits or object size beyond 38")                        \
    X(UNTYPED_RETYPE, 4, INVALID_ARGUMENT, "CapTable of size 0")                                   \
    X(UNTYPED_RETYPE, 5, INVALID_ARGUMENT, "Untyped below 4 bits")                                 \
    X(UNTYPED_RETYPE, 6, INVALID_ARGUMENT, "SchedContext below 7 bits")                            \
    X(UNTYPED_RETYPE, 7, RANGE_ERROR, "node_depth not in 1..64")                                   \
    X(UNTYPED_RETYPE, 8, FAILED_LOOKUP, "node_index does not resolve")                             \
    X(UNTYPED_RETYPE, 9, FAILED_LOOKUP, "destination is not a CNode")                              \
    X(UNTYPED_RETYPE, 10, RANGE_ERROR, "node_offset beyond the CNode")                             \
    X(UNTYPED_RETYPE, 11, RANGE_ERROR, "num_objects not in 1..256")                                \
    X(UNTYPED_RETYPE, 12, RANGE_ERROR, "num_objects beyond the end of the CNode")                  \
    X(UNTYPED_RETYPE, 13, DELETE_FIRST, "a destination slot is occupied")                          \
    X(UNTYPED_RETYPE, 14, NOT_ENOUGH_MEMORY, "objects do not fit")                                 \
    X(UNTYPED_RETYPE, 15, INVALID_ARGUMENT, "device memory, and neither Untyped nor frame")        \
    X(CNODE_REVOKE, 1, TRUNCATED_MESSAGE, "fewer than 2 words")                                    \
    X(CNODE_REVOKE, 2, RANGE_ERROR, "depth not in 1..64")                                          \
    X(CNODE_REVOKE, 3, FAILED_LOOKUP, "index does not resolve")                                    \
    X(CNODE_DELETE, 1, TRUNCATED_MESSAGE, "fewer than 2 words")                                    \
    X(CNODE_DELETE, 2, RANGE_ERROR, "depth not in 1..64")                                          \
    X(CNODE_DELETE, 3, FAILED_LOOKUP, "index does not resolve")                                    \
    X(CNODE_CANCEL_BADGED_SENDS, 1, TRUNCATED_MESSAGE, "fewer than 2 words")                       \
    X(CNODE_CANCEL_BADGED_SENDS, 2, RANGE_ERROR, "depth not in 1..64")                             \
    X(CNODE_CANCEL_BADGED_SENDS, 3, FAILED_LOOKUP, "index does not resolve")                       \
    X(CNODE_CANCEL_BADGED_SENDS, 4, ILLEGAL_OPERATION, "not an endpoint cap with all rights")      \
    X(CNODE_COPY, 1, TRUNCATED_MESSAGE, "fewer than 2 words")                                      \
    X(CNODE_COPY, 2, RANGE_ERROR, "depth not in 1..64")                                            \
    X(CNODE_COPY, 3, FAILED_LOOKUP, "index does not resolve")                                      \
    X(CNODE_COPY, 4, TRUNCATED_MESSAGE, "fewer than 4 words or no extra cap")                      \
    X(CNODE_COPY, 5, DELETE_FIRST, "destination occupied")                                         \
    X(CNODE_COPY, 6, RANGE_ERROR, "source depth not in 1..64")                                     \
    X(CNODE_COPY, 7, FAILED_LOOKUP, "source does not resolve")                                     \
    X(CNODE_COPY, 8, FAILED_LOOKUP, "source slot empty")                                           \
    X(CNODE_COPY, 9, TRUNCATED_MESSAGE, "fewer than 5 words")                                      \
    X(CNODE_COPY, 10, REVOKE_FIRST, "untyped with children")                                       \
    X(CNODE_COPY, 11, ILLEGAL_OPERATION, "page table not mapped")                                  \
    X(CNODE_COPY, 12, ILLEGAL_OPERATION, "cap cannot be copied")                                   \
    X(CNODE_MINT, 1, TRUNCATED_MESSAGE, "fewer than 2 words")                                      \
    X(CNODE_MINT, 2, RANGE_ERROR, "depth not in 1..64")                                            \
    X(CNODE_MINT, 3, FAILED_LOOKUP, "index does not resolve")                                      \
    X(CNODE_MINT, 4, TRUNCATED_MESSAGE, "fewer than 4 words or no extra cap")                      \
    X(CNODE_MINT, 5, DELETE_FIRST, "destination occupied")                                         \
    X(CNODE_MINT, 6, RANGE_ERROR, "source depth not in 1..64")                                     \
    X(CNODE_MINT, 7, FAILED_LOOKUP, "source does not resolve")                                     \
    X(CNODE_MINT, 8, FAILED_LOOKUP, "source slot empty")                                           \
    X(CNODE_MINT, 9, TRUNCATED_MESSAGE, "fewer than 6 words")                                      \
    X(CNODE_MINT, 10, REVOKE_FIRST, "untyped with children")                                       \
    X(CNODE_MINT, 11, ILLEGAL_OPERATION, "page table not mapped")                                  \
    X(CNODE_MINT, 12, ILLEGAL_OPERATION,                                                           \
      "cap cannot be copied, badged again, or given this guard")                                   \
    X(CNODE_MOVE, 1, TRUNCATED_MESSAGE, "fewer than 2 words")                                      \
    X(CNODE_MOVE, 2, RANGE_ERROR, "depth not in 1..64")                                            \
    X(CNODE_MOVE, 3, FAILED_LOOKUP, "index does not resolve")                                      \
    X(CNODE_MOVE, 4, TRUNCATED_MESSAGE, "fewer than 4 words or no extra cap")                      \
    X(CNODE_MOVE, 5, DELETE_FIRST, "destination occupied")                                         \
    X(CNODE_MOVE, 6, RANGE_ERROR, "source depth not in 1..64")                                     \
    X(CNODE_MOVE, 7, FAILED_LOOKUP, "source does not resolve")                                     \
    X(CNODE_MOVE, 8, FAILED_LOOKUP, "source slot empty")                                           \
    X(CNODE_MUTATE, 1, TRUNCATED_MESSAGE, "fewer than 2 words")                                    \
    X(CNODE_MUTATE, 2, RANGE_ERROR, "depth not in 1..64")                                          \
    X(CNODE_MUTATE, 3, FAILED_LOOKUP, "index does not resolve")                                    \
    X(CNODE_MUTATE, 4, TRUNCATED_MESSAGE, "fewer than 4 words or no extra cap")                    \
    X(CNODE_MUTATE, 5, DELETE_FIRST, "destination occupied")                                       \
    X(CNODE_MUTATE, 6, RANGE_ERROR, "source depth not in 1..64")                                   \
    X(CNODE_MUTATE, 7, FAILED_LOOKUP, "source does not resolve")                                   \
    X(CNODE_MUTATE, 8, FAILED_LOOKUP, "source slot empty")                                         \
    X(CNODE_MUTATE, 9, TRUNCATED_MESSAGE, "fewer than 5 words")                                    \
    X(CNODE_MUTATE, 10, ILLEGAL_OPERATION, "endpoint, notification, or impossible guard")          \
    X(CNODE_ROTATE, 1, TRUNCATED_MESSAGE, "fewer than 2 words")                                    \
    X(CNODE_ROTATE, 2, RANGE_ERROR, "depth not in 1..64")                                          \
    X(CNODE_ROTATE, 3, FAILED_LOOKUP, "index does not resolve")                                    \
    X(CNODE_ROTATE, 4, TRUNCATED_MESSAGE, "fewer than 8 words or 2 extra caps")                    \
    X(CNODE_ROTATE, 5, RANGE_ERROR, "source depth not in 1..64")                                   \
    X(CNODE_ROTATE, 6, FAILED_LOOKUP, "source does not resolve")                                   \
    X(CNODE_ROTATE, 7, RANGE_ERROR, "pivot depth not in 1..64")                                    \
    X(CNODE_ROTATE, 8, FAILED_LOOKUP, "pivot does not resolve")                                    \
    X(CNODE_ROTATE, 9, ILLEGAL_OPERATION, "pivot is the source or the destination")                \
    X(CNODE_ROTATE, 10, DELETE_FIRST, "destination occupied")                                      \
    X(CNODE_ROTATE, 11, FAILED_LOOKUP, "source slot empty")                                        \
    X(CNODE_ROTATE, 12, FAILED_LOOKUP, "pivot slot empty")                                         \
    X(CNODE_ROTATE, 13, ILLEGAL_OPERATION, "source cap cannot take the new data")                  \
    X(CNODE_ROTATE, 14, ILLEGAL_OPERATION, "pivot cap cannot take the new data")                   \
    X(TCB_READ_REGISTERS, 1, TRUNCATED_MESSAGE, "fewer than 2 words")                              \
    X(TCB_READ_REGISTERS, 2, RANGE_ERROR, "count not in 1..32")                                    \
    X(TCB_READ_REGISTERS, 3, ILLEGAL_OPERATION, "target is the caller")                            \
    X(TCB_WRITE_REGISTERS, 1, TRUNCATED_MESSAGE, "fewer than 2 words")                             \
    X(TCB_WRITE_REGISTERS, 2, TRUNCATED_MESSAGE, "fewer register words than count")                \
    X(TCB_WRITE_REGISTERS, 3, ILLEGAL_OPERATION, "target is the caller")                           \
    X(TCB_COPY_REGISTERS, 1, TRUNCATED_MESSAGE, "no word or no extra cap")                         \
    X(TCB_COPY_REGISTERS, 2, INVALID_CAPABILITY, "source is not a TCB")                            \
    X(TCB_CONFIGURE, 1, TRUNCATED_MESSAGE, "fewer than 3 words or 3 extra caps")                   \
    X(TCB_CONFIGURE, 2, REVOKE_FIRST, "buffer is an untyped with children")                        \
    X(TCB_CONFIGURE, 3, ILLEGAL_OPERATION, "buffer is a page table that is not mapped")            \
    X(TCB_CONFIGURE, 4, ILLEGAL_OPERATION, "buffer is not a frame")                                \
    X(TCB_CONFIGURE, 5, ILLEGAL_OPERATION, "buffer is a device frame")                             \
    X(TCB_CONFIGURE, 6, ALIGNMENT_ERROR, "buffer address not 1024-aligned")                        \
    X(TCB_CONFIGURE, 7, ILLEGAL_OPERATION, "holds the last cap to its CSpace")                     \
    X(TCB_CONFIGURE, 8, REVOKE_FIRST, "CSpace root is an untyped with children")                   \
    X(TCB_CONFIGURE, 9, ILLEGAL_OPERATION, "CSpace root is a page table that is not mapped")       \
    X(TCB_CONFIGURE, 10, ILLEGAL_OPERATION, "CSpace root is not a CNode, or impossible guard")     \
    X(TCB_CONFIGURE, 11, REVOKE_FIRST, "VSpace root is an untyped with children")                  \
    X(TCB_CONFIGURE, 12, ILLEGAL_OPERATION, "VSpace root is not mapped")                           \
    X(TCB_CONFIGURE, 13, ILLEGAL_OPERATION, "VSpace root is not a page table")                     \
    X(TCB_SET_PRIORITY, 1, TRUNCATED_MESSAGE, "no word or no extra cap")                           \
    X(TCB_SET_PRIORITY, 2, INVALID_CAPABILITY, "authority is not a TCB")                           \
    X(TCB_SET_PRIORITY, 3, RANGE_ERROR, "value above the authority's MCP")                         \
    X(TCB_SET_MC_PRIORITY, 1, TRUNCATED_MESSAGE, "no word or no extra cap")                        \
    X(TCB_SET_MC_PRIORITY, 2, INVALID_CAPABILITY, "authority is not a TCB")                        \
    X(TCB_SET_MC_PRIORITY, 3, RANGE_ERROR, "value above the authority's MCP")                      \
    X(TCB_SET_SCHED_PARAMS, 1, TRUNCATED_MESSAGE, "fewer than 2 words or 3 extra caps")            \
    X(TCB_SET_SCHED_PARAMS, 2, INVALID_CAPABILITY, "authority is not a TCB")                       \
    X(TCB_SET_SCHED_PARAMS, 3, RANGE_ERROR, "MCP above the authority's MCP")                       \
    X(TCB_SET_SCHED_PARAMS, 4, RANGE_ERROR, "priority above the authority's MCP")                  \
    X(TCB_SET_SCHED_PARAMS, 5, ILLEGAL_OPERATION, "target has another SC")                         \
    X(TCB_SET_SCHED_PARAMS, 6, ILLEGAL_OPERATION, "SC has another thread")                         \
    X(TCB_SET_SCHED_PARAMS, 7, ILLEGAL_OPERATION, "target is blocked and the SC is not released")  \
    X(TCB_SET_SCHED_PARAMS, 8, ILLEGAL_OPERATION, "null SC for the caller itself")                 \
    X(TCB_SET_SCHED_PARAMS, 9, INVALID_CAPABILITY, "neither SC nor null")                          \
    X(TCB_SET_SCHED_PARAMS, 10, INVALID_CAPABILITY, "not a fault endpoint")                        \
    X(TCB_SET_TIMEOUT_ENDPOINT, 1, TRUNCATED_MESSAGE, "no extra cap")                              \
    X(TCB_SET_TIMEOUT_ENDPOINT, 2, INVALID_CAPABILITY, "not a fault endpoint")                     \
    X(TCB_SET_IPC_BUFFER, 1, TRUNCATED_MESSAGE, "no word or no extra cap")                         \
    X(TCB_SET_IPC_BUFFER, 2, REVOKE_FIRST, "buffer is an untyped with children")                   \
    X(TCB_SET_IPC_BUFFER, 3, ILLEGAL_OPERATION, "buffer is a page table that is not mapped")       \
    X(TCB_SET_IPC_BUFFER, 4, ILLEGAL_OPERATION, "buffer is not a frame")                           \
    X(TCB_SET_IPC_BUFFER, 5, ILLEGAL_OPERATION, "buffer is a device frame")                        \
    X(TCB_SET_IPC_BUFFER, 6, ALIGNMENT_ERROR, "buffer address not 1024-aligned")                   \
    X(TCB_SET_SPACE, 1, TRUNCATED_MESSAGE, "fewer than 2 words or 3 extra caps")                   \
    X(TCB_SET_SPACE, 2, ILLEGAL_OPERATION, "holds the last cap to its CSpace")                     \
    X(TCB_SET_SPACE, 3, REVOKE_FIRST, "CSpace root is an untyped with children")                   \
    X(TCB_SET_SPACE, 4, ILLEGAL_OPERATION, "CSpace root is a page table that is not mapped")       \
    X(TCB_SET_SPACE, 5, ILLEGAL_OPERATION, "CSpace root is not a CNode, or impossible guard")      \
    X(TCB_SET_SPACE, 6, REVOKE_FIRST, "VSpace root is an untyped with children")                   \
    X(TCB_SET_SPACE, 7, ILLEGAL_OPERATION, "VSpace root is not mapped")                            \
    X(TCB_SET_SPACE, 8, ILLEGAL_OPERATION, "VSpace root is not a page table")                      \
    X(TCB_SET_SPACE, 9, INVALID_CAPABILITY, "not a fault endpoint")                                \
    X(TCB_BIND_NOTIFICATION, 1, TRUNCATED_MESSAGE, "no extra cap")                                 \
    X(TCB_BIND_NOTIFICATION, 2, ILLEGAL_OPERATION, "TCB already bound")                            \
    X(TCB_BIND_NOTIFICATION, 3, ILLEGAL_OPERATION, "not a notification")                           \
    X(TCB_BIND_NOTIFICATION, 4, ILLEGAL_OPERATION, "no read right")                                \
    X(TCB_BIND_NOTIFICATION, 5, ILLEGAL_OPERATION, "notification has waiters or is bound")         \
    X(TCB_UNBIND_NOTIFICATION, 1, ILLEGAL_OPERATION, "none bound")                                 \
    X(TCB_SET_TLS_BASE, 1, TRUNCATED_MESSAGE, "no word")                                           \
    X(TCB_SET_FLAGS, 1, TRUNCATED_MESSAGE, "fewer than 2 words")                                   \
    X(IRQ_CONTROL_GET, 1, TRUNCATED_MESSAGE, "fewer than 3 words or no extra cap")                 \
    X(IRQ_CONTROL_GET, 2, RANGE_ERROR, "irq not in 1..maxIRQ")                                     \
    X(IRQ_CONTROL_GET, 3, REVOKE_FIRST, "irq in use")                                              \
    X(IRQ_CONTROL_GET, 4, RANGE_ERROR, "depth not in 1..64")                                       \
    X(IRQ_CONTROL_GET, 5, FAILED_LOOKUP, "index does not resolve")                                 \
    X(IRQ_CONTROL_GET, 6, DELETE_FIRST, "slot occupied")                                           \
    X(IRQ_CONTROL_GET_TRIGGER, 1, TRUNCATED_MESSAGE, "fewer than 4 words or no extra cap")         \
    X(IRQ_CONTROL_GET_TRIGGER, 2, RANGE_ERROR, "irq not in 1..maxIRQ")                             \
    X(IRQ_CONTROL_GET_TRIGGER, 3, REVOKE_FIRST, "irq in use")                                      \
    X(IRQ_CONTROL_GET_TRIGGER, 4, RANGE_ERROR, "depth not in 1..64")                               \
    X(IRQ_CONTROL_GET_TRIGGER, 5, FAILED_LOOKUP, "index does not resolve")                         \
    X(IRQ_CONTROL_GET_TRIGGER, 6, DELETE_FIRST, "slot occupied")                                   \
    X(IRQ_HANDLER_SET_NOTIFICATION, 1, TRUNCATED_MESSAGE, "no extra cap")                          \
    X(IRQ_HANDLER_SET_NOTIFICATION, 2, INVALID_CAPABILITY,                                         \
      "not a notification, or no write right")                                                     \
    X(DOMAIN_SET, 1, TRUNCATED_MESSAGE, "no word")                                                 \
    X(DOMAIN_SET, 2, INVALID_ARGUMENT, "no such domain")                                           \
    X(DOMAIN_SET, 3, TRUNCATED_MESSAGE, "no extra cap")                                            \
    X(DOMAIN_SET, 4, INVALID_ARGUMENT, "not a TCB")                                                \
    X(DOMAIN_SCHEDULE_CONFIGURE, 1, TRUNCATED_MESSAGE, "fewer than 3 words")                       \
    X(DOMAIN_SCHEDULE_CONFIGURE, 2, RANGE_ERROR, "index beyond the table")                         \
    X(DOMAIN_SCHEDULE_CONFIGURE, 3, RANGE_ERROR, "no such domain")                                 \
    X(DOMAIN_SCHEDULE_CONFIGURE, 4, INVALID_ARGUMENT, "duration of 2^56 or more")                  \
    X(DOMAIN_SCHEDULE_CONFIGURE, 5, INVALID_ARGUMENT, "end marker with a domain")                  \
    X(DOMAIN_SCHEDULE_CONFIGURE, 6, INVALID_ARGUMENT, "end marker at the start index")             \
    X(DOMAIN_SCHEDULE_SET_START, 1, TRUNCATED_MESSAGE, "no word")                                  \
    X(DOMAIN_SCHEDULE_SET_START, 2, RANGE_ERROR, "index beyond the table")                         \
    X(DOMAIN_SCHEDULE_SET_START, 3, INVALID_ARGUMENT, "entry is an end marker")                    \
    X(SCHED_CONTROL_CONFIGURE_FLAGS, 1, TRUNCATED_MESSAGE, "no extra cap")                         \
    X(SCHED_CONTROL_CONFIGURE_FLAGS, 2, TRUNCATED_MESSAGE, "fewer than 5 words")                   \
    X(SCHED_CONTROL_CONFIGURE_FLAGS, 3, RANGE_ERROR, "budget above the maximum")                   \
    X(SCHED_CONTROL_CONFIGURE_FLAGS, 4, RANGE_ERROR, "period above the maximum")                   \
    X(SCHED_CONTROL_CONFIGURE_FLAGS, 5, RANGE_ERROR, "budget below the minimum")                   \
    X(SCHED_CONTROL_CONFIGURE_FLAGS, 6, RANGE_ERROR, "period below the minimum")                   \
    X(SCHED_CONTROL_CONFIGURE_FLAGS, 7, RANGE_ERROR, "budget above the period")                    \
    X(SCHED_CONTROL_CONFIGURE_FLAGS, 8, INVALID_CAPABILITY, "not an SC")                           \
    X(SCHED_CONTROL_CONFIGURE_FLAGS, 9, RANGE_ERROR, "too many extra refills")                     \
    X(SCHED_CONTEXT_BIND, 1, TRUNCATED_MESSAGE, "no extra cap")                                    \
    X(SCHED_CONTEXT_BIND, 2, ILLEGAL_OPERATION, "SC already has a thread")                         \
    X(SCHED_CONTEXT_BIND, 3, ILLEGAL_OPERATION, "thread already has an SC")                        \
    X(SCHED_CONTEXT_BIND, 4, ILLEGAL_OPERATION, "thread blocked and SC not released")              \
    X(SCHED_CONTEXT_BIND, 5, ILLEGAL_OPERATION, "SC already has a notification")                   \
    X(SCHED_CONTEXT_BIND, 6, ILLEGAL_OPERATION, "notification already has an SC")                  \
    X(SCHED_CONTEXT_BIND, 7, INVALID_CAPABILITY, "neither TCB nor notification")                   \
    X(SCHED_CONTEXT_UNBIND, 1, ILLEGAL_OPERATION, "SC is the caller's")                            \
    X(SCHED_CONTEXT_UNBIND_OBJECT, 1, TRUNCATED_MESSAGE, "no extra cap")                           \
    X(SCHED_CONTEXT_UNBIND_OBJECT, 2, ILLEGAL_OPERATION, "not this SC's thread")                   \
    X(SCHED_CONTEXT_UNBIND_OBJECT, 3, ILLEGAL_OPERATION, "thread is the caller")                   \
    X(SCHED_CONTEXT_UNBIND_OBJECT, 4, ILLEGAL_OPERATION, "not this SC's notification")             \
    X(SCHED_CONTEXT_UNBIND_OBJECT, 5, INVALID_CAPABILITY, "neither TCB nor notification")          \
    X(SCHED_CONTEXT_YIELD_TO, 1, ILLEGAL_OPERATION, "SC has no thread")                            \
    X(SCHED_CONTEXT_YIELD_TO, 2, ILLEGAL_OPERATION, "thread is the caller")                        \
    X(SCHED_CONTEXT_YIELD_TO, 3, ILLEGAL_OPERATION, "thread's priority above the caller's MCP")    \
    X(PAGE_TABLE_MAP, 1, TRUNCATED_MESSAGE, "fewer than 2 words or no extra cap")                  \
    X(PAGE_TABLE_MAP, 2, INVALID_CAPABILITY, "table already mapped")                               \
    X(PAGE_TABLE_MAP, 3, INVALID_CAPABILITY, "VSpace is not a mapped page table")                  \
    X(PAGE_TABLE_MAP, 4, INVALID_ARGUMENT, "vaddr not a user address")                             \
    X(PAGE_TABLE_MAP, 5, FAILED_LOOKUP, "VSpace is gone")                                          \
    X(PAGE_TABLE_MAP, 6, INVALID_CAPABILITY, "not a VSpace root")                                  \
    X(PAGE_TABLE_MAP, 7, DELETE_FIRST, "something is mapped there")                                \
    X(PAGE_TABLE_UNMAP, 1, REVOKE_FIRST, "another cap to the table exists")                        \
    X(PAGE_TABLE_UNMAP, 2, REVOKE_FIRST, "table is a VSpace root")                                 \
    X(PAGE_MAP, 1, TRUNCATED_MESSAGE, "fewer than 3 words or no extra cap")                        \
    X(PAGE_MAP, 2, INVALID_CAPABILITY, "VSpace is not a mapped page table")                        \
    X(PAGE_MAP, 3, FAILED_LOOKUP, "VSpace is gone")                                                \
    X(PAGE_MAP, 4, INVALID_CAPABILITY, "not a VSpace root")                                        \
    X(PAGE_MAP, 5, INVALID_ARGUMENT, "not a user address")                                         \
    X(PAGE_MAP, 6, ALIGNMENT_ERROR, "vaddr not aligned")                                           \
    X(PAGE_MAP, 7, FAILED_LOOKUP, "no page table, or one of another level")                        \
    X(PAGE_MAP, 8, INVALID_CAPABILITY, "mapped in another VSpace")                                 \
    X(PAGE_MAP, 9, INVALID_ARGUMENT, "mapped at another address")                                  \
    X(PAGE_MAP, 10, DELETE_FIRST, "something is mapped there")                                     \
    X(ASID_CONTROL_MAKE_POOL, 1, TRUNCATED_MESSAGE, "fewer than 2 words or 2 extra caps")          \
    X(ASID_CONTROL_MAKE_POOL, 2, DELETE_FIRST, "all pools in use")                                 \
    X(ASID_CONTROL_MAKE_POOL, 3, INVALID_CAPABILITY, "not an untyped of 4 KiB RAM")                \
    X(ASID_CONTROL_MAKE_POOL, 4, REVOKE_FIRST, "untyped has children")                             \
    X(ASID_CONTROL_MAKE_POOL, 5, RANGE_ERROR, "depth not in 1..64")                                \
    X(ASID_CONTROL_MAKE_POOL, 6, FAILED_LOOKUP, "index does not resolve")                          \
    X(ASID_CONTROL_MAKE_POOL, 7, DELETE_FIRST, "slot occupied")                                    \
    X(ASID_POOL_ASSIGN, 1, TRUNCATED_MESSAGE, "no extra cap")                                      \
    X(ASID_POOL_ASSIGN, 2, INVALID_CAPABILITY, "not an unmapped page table")                       \
    X(ASID_POOL_ASSIGN, 3, FAILED_LOOKUP, "the pool is gone")                                      \
    X(ASID_POOL_ASSIGN, 4, INVALID_CAPABILITY, "another pool is there")                            \
    X(ASID_POOL_ASSIGN, 5, DELETE_FIRST, "pool full")

enum { ABI_CHECK_MAX = 16 }; /* Numbers are below this. */

#endif
