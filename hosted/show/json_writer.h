/* SPDX-License-Identifier: BSD-2-Clause */

/* Writes JSON as it comes: commas, quotes and escapes are taken care of. Keys are null within
 * arrays. 64-bit words that are no counts or times are strings such as "0x80431000".
 */
#ifndef HOSTED_SHOW_JSON_WRITER_H
#define HOSTED_SHOW_JSON_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { JSON_DEPTH = 8 };

struct json {
    FILE *file;
    uint32_t depth;
    uint32_t lines; /* Down to this depth every member has a line of its own. */
    struct {
        char close;
        bool used;
    } open[JSON_DEPTH];
};

void json_object(struct json *json, const char *key);
void json_array(struct json *json, const char *key);
void json_close(struct json *json); /* The object or array opened last. */
void json_string(struct json *json, const char *key, const char *value);
/* Any bytes, up to `size` or a NUL; those beyond ASCII are taken as Latin-1. */
void json_bytes(struct json *json, const char *key, const char *bytes, size_t size);
void json_number(struct json *json, const char *key, uint64_t value);
void json_hex(struct json *json, const char *key, uint64_t value);
void json_bool(struct json *json, const char *key, bool value);
void json_null(struct json *json, const char *key);

#endif
