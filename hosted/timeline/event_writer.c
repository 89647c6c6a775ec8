/* SPDX-License-Identifier: BSD-2-Clause */
#include "hosted/timeline/event_writer.h"

#include <inttypes.h>

static void put_quoted(FILE *file, const char *text)
{
    fputc('"', file);
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\') {
            fprintf(file, "\\%c", c);
        } else if (c < ' ' || c > '~' || c == '<') {
            fprintf(file, "\\u%04x", c);
        } else {
            fputc(c, file);
        }
    }
    fputc('"', file);
}

static void put_key(struct event_writer *writer, const char *key)
{
    if (!writer->in_args || !writer->first_arg) {
        fputc(',', writer->file);
    }
    writer->first_arg = false;
    put_quoted(writer->file, key);
    fputc(':', writer->file);
}

void event_open(struct event_writer *writer, FILE *file, uint64_t ticks_per_us)
{
    *writer = (struct event_writer){.file = file, .ticks_per_us = ticks_per_us};
    fputs("{\"displayTimeUnit\":\"ns\",\"traceEvents\":[", file);
}

void event_close(struct event_writer *writer, const char *origin, const char *ending)
{
    fputs("\n],\"otherData\":{\"producer\":\"albireo timeline\",\"origin\":", writer->file);
    put_quoted(writer->file, origin);
    fputs(",\"ending\":", writer->file);
    put_quoted(writer->file, ending);
    fputs("}}\n", writer->file);
}

void event_begin(struct event_writer *writer, char phase, struct event_track track, uint64_t ticks,
                 const char *name)
{
    fprintf(writer->file, "%s\n{\"ph\":\"%c\",\"pid\":%" PRIu32 ",\"tid\":%" PRIu32,
            writer->count == 0 ? "" : ",", phase, track.pid, track.tid);
    writer->count++;
    event_time(writer, "ts", ticks);
    if (name != NULL) {
        event_text(writer, "name", name);
    }
}

void event_args(struct event_writer *writer)
{
    fputs(",\"args\":{", writer->file);
    writer->in_args = true;
    writer->first_arg = true;
}

void event_end(struct event_writer *writer)
{
    fputs(writer->in_args ? "}}" : "}", writer->file);
    writer->in_args = false;
}

void event_text(struct event_writer *writer, const char *key, const char *text)
{
    put_key(writer, key);
    put_quoted(writer->file, text);
}

void event_number(struct event_writer *writer, const char *key, uint64_t number)
{
    put_key(writer, key);
    fprintf(writer->file, "%" PRIu64, number);
}

void event_hex(struct event_writer *writer, const char *key, uint64_t number)
{
    put_key(writer, key);
    fprintf(writer->file, "\"0x%" PRIx64 "\"", number);
}

void event_time(struct event_writer *writer, const char *key, uint64_t ticks)
{
    uint64_t rest = ticks % writer->ticks_per_us;
    put_key(writer, key);
    fprintf(writer->file, "%" PRIu64, ticks / writer->ticks_per_us);
    if (rest != 0) {
        fprintf(writer->file, ".%03" PRIu64, rest * 1000 / writer->ticks_per_us);
    }
}
