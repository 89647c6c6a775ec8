/* SPDX-License-Identifier: BSD-2-Clause */

/* Floating-point registers: which thread's are loaded. A thread's FP state stays in the core's
 * registers until another thread with an enabled FPU runs there, or it is taken away. In a kernel
 * without FPU all of this does nothing.
 */
#ifndef CORE_FPU_H
#define CORE_FPU_H

#include <stdint.h>

struct kernel;
struct thread;

/* Makes the FP registers those of the thread about to run, or switches the FPU off for it. */
void fpu_switch(struct kernel *k, struct thread *thread);

/* Saves the thread's FP registers, if loaded anywhere, into the TCB. */
void fpu_release(struct kernel *k, const struct thread *thread);

/* The same for whoever owns this core's. */
void fpu_release_core(struct kernel *k, uint32_t core);

#endif
