/* SPDX-License-Identifier: BSD-2-Clause */

/* Entering the kernel from a program that runs on a RISC-V core (or an interpreter of one), and
 * where such a program keeps the address of its IPC buffer. */
#ifndef ARCH_RISCV64_SEL4_ARCH_TRAP_H
#define ARCH_RISCV64_SEL4_ARCH_TRAP_H

#include "sel4/types.h"

/* Registers that a system call reads or writes, docs/abi/01 section 1.4. */
struct albireo_trap {
    seL4_Word a0, a1, a2, a3, a4, a5, a6, a7, t0;
};

LIBSEL4_INLINE_FUNC void albireo_trap(struct albireo_trap *t)
{
    register seL4_Word a0 __asm__("a0") = t->a0;
    register seL4_Word a1 __asm__("a1") = t->a1;
    register seL4_Word a2 __asm__("a2") = t->a2;
    register seL4_Word a3 __asm__("a3") = t->a3;
    register seL4_Word a4 __asm__("a4") = t->a4;
    register seL4_Word a5 __asm__("a5") = t->a5;
    register seL4_Word a6 __asm__("a6") = t->a6;
    register seL4_Word a7 __asm__("a7") = t->a7;
    register seL4_Word t0 __asm__("t0") = t->t0;
    __asm__ volatile("ecall"
                     : "+r"(a0), "+r"(a1), "+r"(a2), "+r"(a3), "+r"(a4), "+r"(a5)
                     : "r"(a6), "r"(a7), "r"(t0)
                     : "memory");
    t->a0 = a0;
    t->a1 = a1;
    t->a2 = a2;
    t->a3 = a3;
    t->a4 = a4;
    t->a5 = a5;
}

#ifdef __cplusplus
extern "C" {
#endif

/* Each thread's own, found through tp; set by the thread's start-up code (//user/riscv64). */
extern __thread seL4_IPCBuffer *__sel4_ipc_buffer __attribute__((tls_model("local-exec")));

#ifdef __cplusplus
}
#endif

LIBSEL4_INLINE_FUNC void seL4_SetIPCBuffer(seL4_IPCBuffer *buffer)
{
    __sel4_ipc_buffer = buffer;
}

LIBSEL4_INLINE_FUNC seL4_IPCBuffer *seL4_GetIPCBuffer(void)
{
    return __sel4_ipc_buffer;
}

#endif
