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

/* Microseconds since the machine was started. */
uint64_t user_now_us(void);

/* Computes: returns when the calling thread has had the CPU for about this long. */
void user_work_us(uint64_t us);

/* Registers with which a new thread runs `entry` with `argument`, on the stack that ends at
 * `stack_top`; its IPC buffer is at `buffer`, and is what seL4_GetIPCBuffer() returns there.
 * `entry` must not return. */
void user_thread_context(seL4_UserContext *regs, void (*entry)(uint64_t), uint64_t argument,
                         uint64_t stack_top, uint64_t buffer);

/* For the initial thread: stops the machine if the kernel lets a program do so, else the thread. */
void user_halt(void) __attribute__((noreturn));

#endif
