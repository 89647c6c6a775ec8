/* SPDX-License-Identifier: BSD-2-Clause */

/* What user programs need from the place they run in, beyond system calls. Implemented once for
 * RISC-V and once for the hosted simulator, bound at link time.
 */
#ifndef USER_LIB_PORT_H
#define USER_LIB_PORT_H

#include <sel4/sel4.h>
#include <stdint.h>

/* Accesses to the calling thread's address space. For memory that is mapped there on purpose, such
 * as device registers, another program's pages, or pages that a pager brings in: in the simulator
 * only these go through the MMU, where a plain variable lies in the host's memory. */
uint64_t user_load64(uint64_t vaddr);
void user_store64(uint64_t vaddr, uint64_t value);
uint32_t user_load32(uint64_t vaddr);
void user_store32(uint64_t vaddr, uint32_t value);
uint8_t user_load8(uint64_t vaddr);
void user_store8(uint64_t vaddr, uint8_t value);

/* Microseconds since the machine was started. */
uint64_t user_now_us(void);

/* Computes: returns when the calling thread has had the CPU for about this long. */
void user_work_us(uint64_t us);

/* The calling thread's floating-point registers f0..f31, and fcsr as 32; 64 bits each. A
 * UserException fault (illegal instruction) if the thread may not use them. */
uint64_t user_fpu_get(uint32_t index);
void user_fpu_set(uint32_t index, uint64_t value);

/* Execute a 4-byte instruction that causes exception 2 (illegal instruction), 3 (breakpoint). They
 * return if the fault handler has the thread go on 4 bytes behind it. */
void user_illegal_instruction(void);
void user_breakpoint(void);

/* Registers with which a new thread runs `entry` with `argument`, on the stack that ends at
 * `stack_top`; its IPC buffer is at `buffer`, and is what seL4_GetIPCBuffer() returns there.
 * `entry` must not return. */
void user_thread_context(seL4_UserContext *regs, void (*entry)(uint64_t), uint64_t argument,
                         uint64_t stack_top, uint64_t buffer);

/* For the initial thread: its extra BootInfo (info->extraLen bytes) as memory that can be read. */
const void *user_extra_bootinfo(const seL4_BootInfo *info);

/* For the initial thread: stops the machine if the kernel lets a program do so, or the thread's
 * console (user/lib/console.h) knows how; else the thread. */
void user_halt(void) __attribute__((noreturn));

#endif
