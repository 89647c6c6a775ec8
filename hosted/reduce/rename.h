/* SPDX-License-Identifier: BSD-2-Clause */

/* The numbers in an event's words. */
#ifndef HOSTED_REDUCE_RENAME_H
#define HOSTED_REDUCE_RENAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One number. */
struct token {
    size_t start; /* In the text. */
    size_t length;
    uint64_t value;
    bool hex;      /* Written with 0x: a pointer to a capability, an address, a badge. */
    bool argument; /* Behind a parenthesis or bracket. */
};

/* The n-th number of a text, from 0; false if it has fewer. What belongs to a word is no number. */
bool rename_token(const char *text, uint32_t n, struct token *token);

/* Writes the text with another number there, in hexadecimal if the old one was. False if it does
 * not fit. */
bool rename_put(char *out, size_t size, const char *text, const struct token *token,
                uint64_t value);

/* New values of hexadecimal numbers: `map` gives them. */
typedef uint64_t rename_map(const void *context, uint64_t value);
bool rename_all(char *out, size_t size, const char *text, rename_map *map, const void *context);

#ifdef __cplusplus
}
#endif

#endif
