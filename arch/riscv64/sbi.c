/* SPDX-License-Identifier: BSD-2-Clause */

#include "arch/riscv64/sbi.h"

#include "arch/riscv64/csr.h"

enum { SBI_BASE_PROBE = 3 };
enum sbi_reset_type { SBI_RESET_SHUTDOWN = 0, SBI_RESET_COLD_REBOOT = 1 };

struct sbi_result sbi_call(uint64_t extension, uint64_t function, uint64_t a0, uint64_t a1)
{
    register uint64_t r0 __asm__("a0") = a0;
    register uint64_t r1 __asm__("a1") = a1;
    register uint64_t r2 __asm__("a2") = 0;
    register uint64_t r6 __asm__("a6") = function;
    register uint64_t r7 __asm__("a7") = extension;

    __asm__ volatile("ecall" : "+r"(r0), "+r"(r1) : "r"(r2), "r"(r6), "r"(r7) : "memory");
    struct sbi_result result = {(int64_t)r0, r1};
    return result;
}

bool sbi_has(enum sbi_extension extension)
{
    struct sbi_result result = sbi_call(SBI_BASE, SBI_BASE_PROBE, extension, 0);
    return result.error == 0 && result.value != 0;
}

void sbi_set_timer(bool time, uint64_t deadline)
{
    (void)sbi_call(time ? SBI_TIME : SBI_LEGACY_SET_TIMER, 0, deadline, 0);
}

void sbi_putchar(char c)
{
    (void)sbi_call(SBI_LEGACY_PUTCHAR, 0, (uint8_t)c, 0);
}

NORETURN void sbi_shutdown(void)
{
    if (sbi_has(SBI_RESET)) {
        /* Each returns only if the firmware cannot do it. */
        (void)sbi_call(SBI_RESET, 0, SBI_RESET_SHUTDOWN, 0);
        (void)sbi_call(SBI_RESET, 0, SBI_RESET_COLD_REBOOT, 0);
    }
    (void)sbi_call(SBI_LEGACY_SHUTDOWN, 0, 0, 0);
    for (;;) {
        wait_for_interrupt();
    }
}
