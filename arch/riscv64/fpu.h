/* SPDX-License-Identifier: BSD-2-Clause */

/* The FP registers, f0 to f31 as 64 bits each and then fcsr: FPU_WORDS words of core/thread.h.
 * sstatus.FS must not be off. The rest of the kernel is compiled without FP instructions. */
#ifndef ARCH_RISCV64_FPU_H
#define ARCH_RISCV64_FPU_H

#include <stdint.h>

void fpu_save(uint64_t *words);
void fpu_load(const uint64_t *words);

#endif
