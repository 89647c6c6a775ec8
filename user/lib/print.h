/* SPDX-License-Identifier: BSD-2-Clause */

/* Text: on the kernel's debug console; where the kernel has none, on the calling thread's console
 * (user/lib/console.h), if it has one. */
#ifndef USER_LIB_PRINT_H
#define USER_LIB_PRINT_H

#include <stdarg.h>

/* Like printf(), but knows only %s, %c, %lu, %ld, %lx and %%, without widths. */
void print(const char *format, ...) __attribute__((format(printf, 1, 2)));
void print_list(const char *format, va_list arguments);

#endif
