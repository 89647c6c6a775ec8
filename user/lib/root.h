/* SPDX-License-Identifier: BSD-2-Clause */

/* The root task's main function. */
#ifndef USER_LIB_ROOT_H
#define USER_LIB_ROOT_H

/* Runs as the initial thread, on RISC-V and in the hosted simulator. `bootinfo` is its BootInfo,
 * ready to be read. seL4_GetIPCBuffer() works already. Must not return: ends with user_halt(). */
void root_task(void *bootinfo);

#endif
