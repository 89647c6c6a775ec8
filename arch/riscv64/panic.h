/* SPDX-License-Identifier: BSD-2-Clause */

/* The end: messages of a kernel that cannot go on. Printed in every build. tools/boot knows the
 * words at the beginning of these lines. */
#ifndef ARCH_RISCV64_PANIC_H
#define ARCH_RISCV64_PANIC_H

#include <stdint.h>

#include "core/compiler.h"

/* What a trap in the kernel left behind. */
struct panic_regs {
    uint64_t pc;
    uint64_t cause;
    uint64_t value;
    uint64_t x[32];
};

/* Called by trap.S, which has filled panic_regs. */
extern struct panic_regs panic_regs;
NORETURN void panic_trap(void);

/* "albireo: boot failed: WHAT", and stops. */
NORETURN void panic_boot_failed(const char *what);

#endif
