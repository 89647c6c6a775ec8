/* SPDX-License-Identifier: BSD-2-Clause */
#include "user/lib/print.h"

#include <sel4/sel4.h>
#include <stdint.h>

#include "user/lib/console.h"

static void put_char(char c)
{
#ifdef CONFIG_PRINTING
    seL4_DebugPutChar(c);
#else
    console_put(c);
#endif
}

static void put_string(const char *string)
{
    for (; *string != '\0'; string++) {
        put_char(*string);
    }
}

static void put_number(uint64_t number, uint64_t base)
{
    char digits[20];
    int count = 0;
    do {
        digits[count] = "0123456789abcdef"[number % base];
        count++;
        number /= base;
    } while (number != 0);
    while (count > 0) {
        count--;
        put_char(digits[count]);
    }
}

static void put_signed(int64_t number)
{
    uint64_t magnitude = (uint64_t)number;
    if (number < 0) {
        put_char('-');
        magnitude = 0 - magnitude;
    }
    put_number(magnitude, 10);
}

void print_list(const char *format, va_list arguments)
{
    for (const char *p = format; *p != '\0'; p++) {
        if (*p != '%') {
            put_char(*p);
            continue;
        }
        p++;
        if (*p == 's') {
            put_string(va_arg(arguments, const char *));
        } else if (*p == 'c') {
            put_char((char)va_arg(arguments, int));
        } else if (*p == 'l' && p[1] == 'u') {
            put_number(va_arg(arguments, uint64_t), 10);
            p++;
        } else if (*p == 'l' && p[1] == 'x') {
            put_number(va_arg(arguments, uint64_t), 16);
            p++;
        } else if (*p == 'l' && p[1] == 'd') {
            put_signed(va_arg(arguments, int64_t));
            p++;
        } else {
            put_char('%');
            p -= *p == '%' ? 0 : 1; /* An unknown conversion is printed as it stands. */
        }
    }
}

void print(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_list(format, arguments);
    va_end(arguments);
}
