/* SPDX-License-Identifier: BSD-2-Clause */

/* What the kernel asks of the firmware: RISC-V Supervisor Binary Interface Specification 1.0. */
#ifndef ARCH_RISCV64_SBI_H
#define ARCH_RISCV64_SBI_H

#include <stdbool.h>
#include <stdint.h>

#include "core/compiler.h"

enum sbi_extension {
    SBI_LEGACY_SET_TIMER = 0,
    SBI_LEGACY_PUTCHAR = 1,
    SBI_LEGACY_SHUTDOWN = 8,
    SBI_BASE = 0x10,
    SBI_RESET = 0x53525354, /* "SRST" */
    SBI_TIME = 0x54494D45,  /* "TIME" */
};

struct sbi_result {
    int64_t error;
    uint64_t value;
};

struct sbi_result sbi_call(uint64_t extension, uint64_t function, uint64_t a0, uint64_t a1);

/* Whether the firmware has an extension; firmware before SBI 0.2 has only the legacy ones. */
bool sbi_has(enum sbi_extension extension);

/* A timer interrupt of this hart at or after `deadline` (ticks). `time`: by the TIME extension. */
void sbi_set_timer(bool time, uint64_t deadline);

void sbi_putchar(char c);

/* Powers the machine off; if the firmware cannot do that, resets it; if it cannot do that either,
 * this hart stops for ever. */
NORETURN void sbi_shutdown(void);

#endif
