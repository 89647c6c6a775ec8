/* SPDX-License-Identifier: BSD-2-Clause */

#include "arch/riscv64/console.h"

#include "arch/riscv64/sbi.h"

void console_text(const char *text)
{
    for (; *text != '\0'; text++) {
        sbi_putchar(*text);
    }
}

void console_number(uint64_t number)
{
    char digits[21];
    uint32_t i = sizeof(digits) - 1;

    digits[i] = '\0';
    do {
        i--;
        digits[i] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    console_text(&digits[i]);
}

void console_hex(uint64_t number)
{
    console_text("0x");
    for (int32_t shift = 60; shift >= 0; shift -= 4) {
        sbi_putchar("0123456789abcdef"[number >> shift & 15]);
    }
}
