/* SPDX-License-Identifier: BSD-2-Clause */

#include "hosted/lockstep/log.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/bits.h"
#include "core/thread.h"
#include "hosted/elf.h"

enum { RECORD_SIZE = sizeof(struct events_record) };

/* Always false. */
static bool fail(const struct log *log, struct log_error *error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static bool fail(const struct log *log, struct log_error *error, const char *format, ...)
{
    char text[200];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    snprintf(error->text, sizeof error->text, "%.100s: %s", log->path, text);
    return false;
}

/* --- The header ------------------------------------------------------------------------------- */

static bool check_params(const struct log *log, struct log_error *error)
{
    const struct boot_params *p = &log->header->params;
    uint8_t complete_at_claim;
    memcpy(&complete_at_claim, &p->irq_complete_at_claim, 1);
    if (complete_at_claim > 1) {
        return fail(log, error, "the header is damaged: %u is no truth value", complete_at_claim);
    }
    if (p->ram_count > BOOT_REGIONS_MAX || p->reserved_count > BOOT_REGIONS_MAX ||
        p->device_count > BOOT_REGIONS_MAX) {
        return fail(log, error, "the header has more than %d regions", BOOT_REGIONS_MAX);
    }
    if (p->timer_hz == 0 || p->timer_hz % 1000000 != 0 || 1000000000 % p->timer_hz != 0) {
        return fail(log, error, "the header's timer of %" PRIu64 " Hz is none", p->timer_hz);
    }
    if (p->image.start >= p->image.end || log->header->kernel.start >= log->header->kernel.end) {
        return fail(log, error, "the header's kernel or root task is empty");
    }
    return true;
}

static bool check_header(struct log *log, size_t size, struct log_error *error)
{
    const struct events_header *h = (const struct events_header *)(void *)log->bytes;
    if (size < sizeof h->magic || h->magic != EVENTS_MAGIC) {
        return fail(log, error, "not an event log of tools/boot --record");
    }
    if (size >= offsetof(struct events_header, used) && h->version != EVENTS_VERSION) {
        return fail(log, error, "a log of version %" PRIu32 "; this program reads version %d",
                    h->version, EVENTS_VERSION);
    }
    if (size < sizeof *h || h->header_size != sizeof *h) {
        return fail(log, error, "the header is cut short, or of another size");
    }
    if (h->used > size || h->used % 8 != 0 || h->used < sizeof *h ||
        h->tree_size > h->used - sizeof *h || align_up(h->tree_size, 3) > h->used - sizeof *h) {
        return fail(log, error,
                    "cut short: of %" PRIu64 " bytes, %zu are there, and the device tree has "
                    "%" PRIu64,
                    h->used, size, h->tree_size);
    }
    log->header = h;
    log->tree = log->bytes + sizeof *h;
    return check_params(log, error);
}

/* --- Records ---------------------------------------------------------------------------------- */

/* A record, and what follows it. */
struct record {
    struct events_record head;
    const uint64_t *words;
    uint32_t registers; /* How many of the words. */
    size_t size;        /* Bytes, with its head. */
};

static bool record_at(const struct log *log, struct record *record)
{
    static const uint8_t fixed[] = {
        [EVENTS_ENTRY] = 6, [EVENTS_EXIT] = 4, [EVENTS_POLL] = 2, [EVENTS_CLAIM] = 1};
    uint64_t left = log->header->used - log->at;
    const uint8_t *at = log->bytes + log->at;
    if (left < RECORD_SIZE) {
        return false;
    }
    memcpy(&record->head, at, RECORD_SIZE);
    record->size = RECORD_SIZE + 8 * (size_t)record->head.words;
    record->registers = (uint32_t)__builtin_popcount(record->head.mask);
    record->words = (const uint64_t *)(const void *)(at + RECORD_SIZE);
    uint32_t kind = record->head.kind;
    return record->size <= left && kind < sizeof fixed && fixed[kind] != 0 &&
           record->head.words == fixed[kind] + record->registers && (record->head.mask & 1) == 0;
}

/* CYCLES, THREAD, PC and registers, with which a record ends. False if they make no sense: the idle
 * thread has nothing. */
static bool take_place(struct log *log, const struct record *record, struct log_place *place)
{
    const uint64_t *value = record->words + record->head.words - record->registers;
    place->cycles = value[-3];
    place->thread = value[-2];
    place->pc = value[-1];
    for (uint32_t i = 1; i < 32; i++) {
        if ((record->head.mask >> i & 1) != 0) {
            log->x[i] = *value++;
        }
    }
    memcpy(place->x, log->x, sizeof place->x);
    return place->thread != 0 || (place->cycles == 0 && place->pc == 0 && record->registers == 0);
}

static void add_poll(struct log_event *event, uint64_t time, bool pending)
{
    if (event->poll_count == event->poll_capacity) {
        event->poll_capacity = event->poll_capacity == 0 ? 64 : 2 * event->poll_capacity;
        event->polls = realloc(event->polls, event->poll_capacity * sizeof *event->polls);
        if (event->polls == NULL) {
            abort();
        }
    }
    event->polls[event->poll_count++] = (struct log_poll){time, pending};
}

static bool begin_event(struct log *log, const struct record *record)
{
    struct log_event *event = &log->event;
    event->number = ++log->events;
    event->time = record->words[0];
    event->cause = record->words[1];
    event->value = record->words[2];
    event->resumed = log->resumed;
    event->poll_count = 0;
    event->has_claim = false;
    event->claim = 0;
    event->has_after = false;
    return take_place(log, record, &event->before);
}

/* The records of an event behind its first. False if one of them is not where it should be. */
static bool take_record(struct log *log, const struct record *record)
{
    struct log_event *event = &log->event;
    switch (record->head.kind) {
    case EVENTS_POLL:
        add_poll(event, record->words[0], record->words[1] != 0);
        return !event->has_claim;
    case EVENTS_CLAIM:
        event->claim = (uint32_t)record->words[0];
        event->has_claim = !event->has_claim;
        return event->has_claim;
    case EVENTS_EXIT:
        event->has_after = true;
        event->deadline = record->words[0];
        log->resumed = record->words[1];
        return take_place(log, record, &event->after);
    default:
        return false;
    }
}

/* Reads an event; false at the end, and *good is false if that is none. */
static bool read_event(struct log *log, bool *good)
{
    struct record record;
    *good = true;
    if (log->at == log->header->used) {
        return false;
    }
    *good =
        record_at(log, &record) && record.head.kind == EVENTS_ENTRY && begin_event(log, &record);
    if (!*good) {
        return false;
    }
    log->at += record.size;
    while (!log->event.has_after && log->at < log->header->used) {
        if (!record_at(log, &record) || !take_record(log, &record)) {
            *good = false;
            return false;
        }
        log->at += record.size;
    }
    return true;
}

/* Back to the first event. False if the root task's first registers are not there. */
static bool rewind_log(struct log *log)
{
    struct record record;
    log->at = log->header->header_size + align_up(log->header->tree_size, 3);
    log->events = 0;
    memset(log->x, 0, sizeof log->x);
    if (!record_at(log, &record) || record.head.kind != EVENTS_EXIT) {
        return false;
    }
    log->deadline = record.words[0];
    log->resumed = record.words[1];
    log->at += record.size;
    return take_place(log, &record, &log->first);
}

/* --- All of it -------------------------------------------------------------------------------- */

bool log_open(struct log *log, const char *path, struct log_error *error)
{
    struct elf_error wrong;
    size_t size;
    *log = (struct log){.path = path};
    log->bytes = elf_read_file(path, &size, &wrong);
    if (log->bytes == NULL) {
        snprintf(error->text, sizeof error->text, "%s", wrong.text);
        return false;
    }
    bool good = check_header(log, size, error);
    if (good) {
        good = rewind_log(log);
        while (good && read_event(log, &good)) {
        }
        if (!good) {
            fail(log, error, "damaged at byte %zu, in event %" PRIu64, log->at, log->events);
        }
        good = good && rewind_log(log);
    }
    if (!good) {
        log_close(log);
    }
    return good;
}

void log_close(struct log *log)
{
    free(log->bytes);
    free(log->event.polls);
    *log = (struct log){.path = NULL};
}

const struct log_event *log_next(struct log *log)
{
    bool good;
    return read_event(log, &good) ? &log->event : NULL;
}
