/* SPDX-License-Identifier: BSD-2-Clause */

/* Entering the kernel from a thread that is a C function in the hosted simulator, and where such a
 * thread's IPC buffer is. The simulator runs all threads on one host thread, so the buffer cannot
 * be found through a thread-local variable; it is asked for. */
#ifndef USER_NATIVE_INCLUDE_SEL4_ARCH_TRAP_H
#define USER_NATIVE_INCLUDE_SEL4_ARCH_TRAP_H

#include <sel4/types.h>

#include "hosted/native.h"

/* Registers that a system call reads or writes, docs/abi/01 section 1.4. */
struct albireo_trap {
    seL4_Word a0, a1, a2, a3, a4, a5, a6, a7, t0;
};

LIBSEL4_INLINE_FUNC void albireo_trap(struct albireo_trap *t)
{
    struct native_regs regs = {{t->a0, t->a1, t->a2, t->a3, t->a4, t->a5, t->a6, t->a7}, t->t0};
    albireo_native_ecall(&regs);
    t->a0 = regs.a[0];
    t->a1 = regs.a[1];
    t->a2 = regs.a[2];
    t->a3 = regs.a[3];
    t->a4 = regs.a[4];
    t->a5 = regs.a[5];
}

/* The kernel knows the buffer already; there is nothing to remember. */
LIBSEL4_INLINE_FUNC void seL4_SetIPCBuffer(seL4_IPCBuffer *buffer)
{
    (void)buffer;
}

LIBSEL4_INLINE_FUNC seL4_IPCBuffer *seL4_GetIPCBuffer(void)
{
    return (seL4_IPCBuffer *)albireo_native_ipc_buffer();
}

#endif
