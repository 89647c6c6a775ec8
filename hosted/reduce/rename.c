/* SPDX-License-Identifier: BSD-2-Clause */
#include "hosted/reduce/rename.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool in_word(char c)
{
    return isalnum((unsigned char)c) || c == '_';
}

/* Quotes enclose characters and names, not numbers. */
static const char *skip_quoted(const char *at)
{
    const char *end = strchr(at + 1, *at);
    return end == NULL ? at + 1 : end + 1;
}

bool rename_token(const char *text, uint32_t n, struct token *token)
{
    bool argument = false;
    const char *at = text;
    while (*at != '\0') {
        if (*at == '"' || *at == '\'') {
            at = skip_quoted(at);
            continue;
        }
        argument = argument || *at == '(' || *at == '[';
        if (!in_word(*at)) {
            at++;
            continue;
        }
        char *end;
        token->value = strtoull(at, &end, 0);
        bool number = isdigit((unsigned char)*at) && !in_word(*end);
        if (number && n-- == 0) {
            token->start = (size_t)(at - text);
            token->length = (size_t)(end - at);
            token->hex = at[1] == 'x';
            token->argument = argument;
            return true;
        }
        while (in_word(*at)) {
            at++;
        }
    }
    return false;
}

bool rename_put(char *out, size_t size, const char *text, const struct token *token, uint64_t value)
{
    char number[24];
    snprintf(number, sizeof number, token->hex ? "0x%" PRIx64 : "%" PRIu64, value);
    int length = snprintf(out, size, "%.*s%s%s", (int)token->start, text, number,
                          text + token->start + token->length);
    return length >= 0 && (size_t)length < size;
}

bool rename_all(char *out, size_t size, const char *text, rename_map *map, const void *context)
{
    struct token token;
    size_t used = 0;
    size_t from = 0;
    for (uint32_t n = 0; rename_token(text, n, &token); n++) {
        if (!token.hex) {
            continue;
        }
        int length = snprintf(out + used, size - used, "%.*s0x%" PRIx64, (int)(token.start - from),
                              text + from, map(context, token.value));
        if (length < 0 || (size_t)length >= size - used) {
            return false;
        }
        used += (size_t)length;
        from = token.start + token.length;
    }
    int length = snprintf(out + used, size - used, "%s", text + from);
    return length >= 0 && (size_t)length < size - used;
}
