/* SPDX-License-Identifier: BSD-2-Clause */

/* What native user code calls: C functions that run as threads of the simulated system. In an RV64
 * program each of these is an instruction or two; the public stubs (include/sel4/) funnel through
 * them when built for the host.
 *
 * All of them may only be called from within a native thread, that is, below sim_run(). Each is a
 * point where the thread can fault, be preempted, suspended, restarted at another PC or destroyed;
 * then the call returns later, or never. No other point is: native code between two of them takes
 * no time.
 *
 * Native code must not keep locks, and what it allocates on the host's heap is lost if the thread
 * is destroyed.
 */
#ifndef HOSTED_NATIVE_H
#define HOSTED_NATIVE_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The registers of a system call, docs/abi/01: in and out. */
struct native_regs {
    uint64_t a[8]; /* a0..a7; a7 is the system call number. */
    uint64_t t0;
};

/* ecall. All registers are written back as they are when the thread continues. */
void albireo_native_ecall(struct native_regs *regs);

/* The calling thread's IPC buffer: a host pointer to the 1024 bytes that the kernel uses, valid
 * until the thread's buffer changes. If it has none, scratch memory that nobody reads. */
void *albireo_native_ipc_buffer(void);

/* Accesses to the thread's address space: 1, 2, 4 or 8 bytes, through MMU and TLB. A fault goes to
 * the thread's fault handler and the access is repeated, or skipped (a load then gives 0). */
uint64_t albireo_native_load(uint64_t vaddr, uint32_t size);
void albireo_native_store(uint64_t vaddr, uint32_t size, uint64_t value);

/* A host pointer to the byte at `vaddr`, good until the end of its page, as long as it stays
 * mapped. Faults like a load or store of one byte. Null for device memory. */
void *albireo_native_pointer(uint64_t vaddr, bool write);

/* The thread computes for this long: its budget runs, it can be preempted. */
void albireo_native_work(uint64_t ticks);

/* rdtime. */
uint64_t albireo_native_time(void);

/* Floating-point registers f0..f31, and fcsr as 32. */
uint64_t albireo_native_fpu_get(uint32_t index);
void albireo_native_fpu_set(uint32_t index, uint64_t value);

/* An instruction of 4 bytes that takes this exception (scause), such as 2 for an illegal one and 3
 * for a breakpoint. Executed again if the thread is restarted there; returns if the thread goes on
 * 4 bytes further. */
void albireo_native_exception(uint64_t cause);

/* tp, the thread pointer: TCB_SetTLSBase sets it, and so may the thread itself. */
uint64_t albireo_native_tp(void);
void albireo_native_set_tp(uint64_t value);

/* The PC at which a new thread runs `entry` with a0 as argument: for WriteRegisters. */
uint64_t albireo_native_entry(void (*entry)(uint64_t argument));

/* True within a native thread. */
bool albireo_native_active(void);

#ifdef __cplusplus
}
#endif

#endif
