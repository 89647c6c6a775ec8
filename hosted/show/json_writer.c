/* SPDX-License-Identifier: BSD-2-Clause */
#include "hosted/show/json_writer.h"

#include <inttypes.h>
#include <string.h>

static void put_quoted(FILE *file, const char *bytes, size_t size)
{
    fputc('"', file);
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (c == '"' || c == '\\') {
            fprintf(file, "\\%c", c);
        } else if (c < ' ' || c >= 127) {
            fprintf(file, "\\u%04x", c);
        } else {
            fputc(c, file);
        }
    }
    fputc('"', file);
}

/* What comes before every value. */
static void begin(struct json *json, const char *key)
{
    if (json->depth > 0) {
        bool used = json->open[json->depth - 1].used;
        json->open[json->depth - 1].used = true;
        fputs(used ? "," : "", json->file);
        if (json->depth <= json->lines) {
            fprintf(json->file, "\n%*s", (int)json->depth, "");
        } else {
            fputs(used ? " " : "", json->file);
        }
    }
    if (key != NULL) {
        put_quoted(json->file, key, strlen(key));
        fputs(": ", json->file);
    }
}

static void open_one(struct json *json, const char *key, char opening, char closing)
{
    begin(json, key);
    fputc(opening, json->file);
    json->open[json->depth].close = closing;
    json->open[json->depth].used = false;
    json->depth++;
}

void json_object(struct json *json, const char *key)
{
    open_one(json, key, '{', '}');
}

void json_array(struct json *json, const char *key)
{
    open_one(json, key, '[', ']');
}

void json_close(struct json *json)
{
    json->depth--;
    if (json->open[json->depth].used && json->depth < json->lines) {
        fprintf(json->file, "\n%*s", (int)json->depth, "");
    }
    fputc(json->open[json->depth].close, json->file);
    fputs(json->depth == 0 ? "\n" : "", json->file);
}

void json_string(struct json *json, const char *key, const char *value)
{
    json_bytes(json, key, value, strlen(value));
}

void json_bytes(struct json *json, const char *key, const char *bytes, size_t size)
{
    begin(json, key);
    put_quoted(json->file, bytes, strnlen(bytes, size));
}

void json_number(struct json *json, const char *key, uint64_t value)
{
    begin(json, key);
    fprintf(json->file, "%" PRIu64, value);
}

void json_hex(struct json *json, const char *key, uint64_t value)
{
    begin(json, key);
    fprintf(json->file, "\"0x%" PRIx64 "\"", value);
}

void json_bool(struct json *json, const char *key, bool value)
{
    begin(json, key);
    fputs(value ? "true" : "false", json->file);
}

void json_null(struct json *json, const char *key)
{
    begin(json, key);
    fputs("null", json->file);
}
