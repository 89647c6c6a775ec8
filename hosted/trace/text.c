/* SPDX-License-Identifier: BSD-2-Clause */

#include "hosted/trace/text.h"

#include <stdarg.h>
#include <string.h>

#include "hosted/trace/trace.h"

enum { QUOTE_MAX = 40 }; /* Of the text that an error shows. */

/* Numbers below these are shown in decimal. */
#define COUNT_BELOW 10000000000u
#define WORD_BELOW 10000u

static const char hex_digits[] = "0123456789abcdef";

/* --- Writing ---------------------------------------------------------------------------------- */

void text_to_buffer(struct text *text, char *buffer, size_t size)
{
    *text = (struct text){.buffer = buffer, .size = size};
}

void text_to_file(struct text *text, char *buffer, size_t size, FILE *file)
{
    *text = (struct text){.buffer = buffer, .size = size, .file = file};
}

void text_end(struct text *text)
{
    if (text->file != NULL) {
        fwrite(text->buffer, 1, text->used, text->file);
        text->used = 0;
    } else if (text->size > 0) {
        text->buffer[text->used] = '\0';
    }
}

void text_bytes(struct text *text, const char *bytes, size_t size)
{
    text->total += size;
    while (size > 0) {
        size_t room = text->size - text->used;
        if (text->file != NULL && room == 0) {
            text_end(text);
            continue;
        }
        if (text->file == NULL) {
            room = room > 0 ? room - 1 : 0; /* For the NUL. */
        }
        size_t part = size < room ? size : room;
        if (part == 0) {
            return;
        }
        memcpy(text->buffer + text->used, bytes, part);
        text->used += part;
        bytes += part;
        size -= part;
    }
}

void text_char(struct text *text, char c)
{
    text_bytes(text, &c, 1);
}

void text_put(struct text *text, const char *string)
{
    text_bytes(text, string, strlen(string));
}

void text_dec(struct text *text, uint64_t number)
{
    char digits[20];
    size_t at = sizeof digits;
    do {
        digits[--at] = (char)('0' + number % 10);
        number /= 10;
    } while (number != 0);
    text_bytes(text, digits + at, sizeof digits - at);
}

void text_hex(struct text *text, uint64_t number)
{
    char digits[18];
    size_t at = sizeof digits;
    do {
        digits[--at] = hex_digits[number % 16];
        number /= 16;
    } while (number != 0);
    digits[--at] = 'x';
    digits[--at] = '0';
    text_bytes(text, digits + at, sizeof digits - at);
}

void text_count(struct text *text, uint64_t number)
{
    if (number < COUNT_BELOW) {
        text_dec(text, number);
    } else {
        text_hex(text, number);
    }
}

void text_word(struct text *text, uint64_t number)
{
    if (number < WORD_BELOW) {
        text_dec(text, number);
    } else {
        text_hex(text, number);
    }
}

void text_hash(struct text *text, uint64_t hash)
{
    char digits[16];
    for (size_t i = sizeof digits; i-- > 0; hash /= 16) {
        digits[i] = hex_digits[hash % 16];
    }
    text_bytes(text, digits, sizeof digits);
}

void text_quoted(struct text *text, const char *bytes, size_t size)
{
    text_char(text, '"');
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (c >= 0x20 && c < 0x7F && strchr("\"\\=|#", c) == NULL) {
            text_char(text, (char)c);
            continue;
        }
        char escape[4] = {'\\', 'x', hex_digits[c / 16], hex_digits[c % 16]};
        text_bytes(text, escape, sizeof escape);
    }
    text_char(text, '"');
}

/* --- Reading ---------------------------------------------------------------------------------- */

bool scan_fail(struct scan *scan, const char *format, ...)
{
    if (!scan->failed) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(scan->error->text, sizeof scan->error->text, format, arguments);
        va_end(arguments);
    }
    scan->failed = true;
    return false;
}

bool scan_expected(struct scan *scan, const char *what)
{
    size_t left = (size_t)(scan->end - scan->at);
    if (left == 0) {
        return scan_fail(scan, "expected %s at the end", what);
    }
    bool cut = left > QUOTE_MAX;
    return scan_fail(scan, "expected %s at \"%.*s%s\"", what, cut ? QUOTE_MAX : (int)left, scan->at,
                     cut ? "..." : "");
}

void scan_spaces(struct scan *scan)
{
    while (scan->at < scan->end && (*scan->at == ' ' || *scan->at == '\t')) {
        scan->at++;
    }
}

bool scan_at_end(struct scan *scan)
{
    scan_spaces(scan);
    return scan->at == scan->end;
}

bool scan_take(struct scan *scan, const char *literal)
{
    size_t length = strlen(literal);
    if (scan->failed || (size_t)(scan->end - scan->at) < length ||
        memcmp(scan->at, literal, length) != 0) {
        return false;
    }
    scan->at += length;
    return true;
}

bool scan_need(struct scan *scan, const char *literal)
{
    if (scan_take(scan, literal)) {
        return true;
    }
    char what[64];
    snprintf(what, sizeof what, "\"%s\"", literal);
    return scan_expected(scan, what);
}

static bool in_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-';
}

size_t scan_name(struct scan *scan, const char **name)
{
    scan_spaces(scan);
    const char *start = scan->at;
    *name = start;
    if (scan->failed) {
        return 0;
    }
    while (scan->at < scan->end && in_name(*scan->at)) {
        scan->at++;
    }
    return (size_t)(scan->at - start);
}

bool scan_is(const char *name, size_t length, const char *string)
{
    return strlen(string) == length && memcmp(name, string, length) == 0;
}

/* The value of a hexadecimal digit, 16 for other characters. */
static uint32_t digit_of(char c)
{
    if (c >= '0' && c <= '9') {
        return (uint32_t)(c - '0');
    }
    if (c >= 'a' && c <= 'f') {
        return (uint32_t)(c - 'a') + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return (uint32_t)(c - 'A') + 10;
    }
    return 16;
}

/* Digits to this base. */
static bool digits(struct scan *scan, uint32_t base, uint64_t *number)
{
    const char *start = scan->at;
    uint64_t value = 0;
    for (; scan->at < scan->end; scan->at++) {
        uint32_t digit = digit_of(*scan->at);
        if (digit >= base) {
            break;
        }
        if (value > (UINT64_MAX - digit) / base) {
            scan->at = start;
            return scan_expected(scan, "a number below 2^64");
        }
        value = value * base + digit;
    }
    *number = value;
    if (scan->at == start || (scan->at < scan->end && in_name(*scan->at))) {
        scan->at = start;
        return scan_expected(scan, "a number");
    }
    return true;
}

bool scan_number(struct scan *scan, uint64_t *number)
{
    *number = 0;
    scan_spaces(scan);
    if (scan->failed) {
        return false;
    }
    bool negative = scan_take(scan, "-");
    if (!digits(scan, scan_take(scan, "0x") ? 16 : 10, number)) {
        return false;
    }
    *number = negative ? 0 - *number : *number;
    return true;
}

bool scan_limited(struct scan *scan, const char *what, uint64_t max, uint64_t *number)
{
    if (!scan_number(scan, number)) {
        return false;
    }
    if (*number > max) {
        return scan_fail(scan, "%s is %llu, more than %llu", what, (unsigned long long)*number,
                         (unsigned long long)max);
    }
    return true;
}

bool scan_hex(struct scan *scan, uint32_t count, uint64_t *number)
{
    *number = 0;
    if (scan->failed) {
        return false;
    }
    const char *start = scan->at;
    if (!digits(scan, 16, number)) {
        return false;
    }
    size_t length = (size_t)(scan->at - start);
    if (count != 0 && length != count) {
        scan->at = start;
        char what[64];
        snprintf(what, sizeof what, "%u hexadecimal digits", count);
        return scan_expected(scan, what);
    }
    return true;
}

bool scan_key_number(struct scan *scan, const char *key, uint64_t *number)
{
    scan_spaces(scan);
    return scan_need(scan, key) && scan_need(scan, "=") && scan_number(scan, number);
}

/* The character behind a backslash. */
static bool escaped(struct scan *scan, char *c)
{
    if (scan->end - scan->at < 3 || scan->at[0] != 'x' || digit_of(scan->at[1]) > 15 ||
        digit_of(scan->at[2]) > 15) {
        return scan_expected(scan, "xHH behind the backslash");
    }
    *c = (char)(digit_of(scan->at[1]) * 16 + digit_of(scan->at[2]));
    scan->at += 3;
    return true;
}

bool scan_quoted(struct scan *scan, char *bytes, size_t size, size_t *length)
{
    *length = 0;
    scan_spaces(scan);
    if (!scan_need(scan, "\"")) {
        return false;
    }
    while (scan->at < scan->end && *scan->at != '"') {
        char c = *scan->at++;
        if (c == '\\' && !escaped(scan, &c)) {
            return false;
        }
        if (*length == size) {
            return scan_fail(scan, "a string of more than %zu bytes", size);
        }
        bytes[(*length)++] = c;
    }
    return scan_need(scan, "\"");
}
