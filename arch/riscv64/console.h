/* SPDX-License-Identifier: BSD-2-Clause */

/* Text on the firmware's console: the debug build's messages, and last words. */
#ifndef ARCH_RISCV64_CONSOLE_H
#define ARCH_RISCV64_CONSOLE_H

#include <stdint.h>

void console_text(const char *text);
void console_number(uint64_t number);
void console_hex(uint64_t number); /* 0x and 16 digits. */

#endif
