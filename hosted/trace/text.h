/* SPDX-License-Identifier: BSD-2-Clause */

/* Writing and reading text, fast and within bounds. */
#ifndef HOSTED_TRACE_TEXT_H
#define HOSTED_TRACE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct trace_error;

/* --- Writing ---------------------------------------------------------------------------------- */

/* Where text goes: into a buffer, from which it goes on to `file` when full, or else is cut. */
struct text {
    char *buffer;
    size_t size;
    size_t used;
    size_t total; /* Characters put so far, cut ones included. */
    FILE *file;   /* Or null. */
};

void text_to_buffer(struct text *text, char *buffer, size_t size);
void text_to_file(struct text *text, char *buffer, size_t size, FILE *file);
/* Ends the string (of a buffer), or writes out the rest (to a file). */
void text_end(struct text *text);

void text_char(struct text *text, char c);
void text_put(struct text *text, const char *string);
void text_bytes(struct text *text, const char *bytes, size_t size);
void text_dec(struct text *text, uint64_t number);
void text_hex(struct text *text, uint64_t number); /* With 0x. */
/* Small ones in decimal, others in hexadecimal: counts and times; words that may be anything. */
void text_count(struct text *text, uint64_t number);
void text_word(struct text *text, uint64_t number);
void text_hash(struct text *text, uint64_t hash); /* 16 hexadecimal digits. */
/* In double quotes. What is not printable, and " \ = | # : as \xHH. */
void text_quoted(struct text *text, const char *bytes, size_t size);

/* --- Reading ---------------------------------------------------------------------------------- */

/* The rest of what is read. The first failure is kept in *error; afterwards everything fails. */
struct scan {
    const char *at;
    const char *end;
    struct trace_error *error;
    bool failed;
};

/* Fails with a sentence; always returns false. */
bool scan_fail(struct scan *scan, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Fails with "expected WHAT at "...""; always returns false. */
bool scan_expected(struct scan *scan, const char *what);

void scan_spaces(struct scan *scan);
bool scan_at_end(struct scan *scan); /* Nothing but blanks is left. */
/* Goes past `literal` if that comes next. */
bool scan_take(struct scan *scan, const char *literal);
/* Likewise, but fails otherwise. */
bool scan_need(struct scan *scan, const char *literal);
/* Letters, digits, '_' and '-'; after blanks. The length, 0 if there is none (no failure). */
size_t scan_name(struct scan *scan, const char **name);
bool scan_is(const char *name, size_t length, const char *string);
/* Decimal or 0x..., after blanks; with a '-' in front: two's complement. */
bool scan_number(struct scan *scan, uint64_t *number);
/* The same, at most `max`. `what` is what the error calls it. */
bool scan_limited(struct scan *scan, const char *what, uint64_t max, uint64_t *number);
/* Hexadecimal without 0x: `digits` of them, or 1 to 16 if that is 0. */
bool scan_hex(struct scan *scan, uint32_t digits, uint64_t *number);
/* KEY=NUMBER, after blanks. */
bool scan_key_number(struct scan *scan, const char *key, uint64_t *number);
/* As text_quoted() writes it: at most `size` bytes; their number in *length. */
bool scan_quoted(struct scan *scan, char *bytes, size_t size, size_t *length);

#endif
