/* SPDX-License-Identifier: BSD-2-Clause */

/* The header of a trace: one table of keys, each with a reader and a writer. */
#include "hosted/trace/header.h"

#include <stdlib.h>
#include <string.h>

#include "core/bits.h"
#include "hosted/trace/text.h"

enum { TREE_SIZE_MAX = 1 << 19, POLL_EVERY_MAX = 1000000 };

#define FIRST_MAX ((uint64_t)1 << 62)
#define PADDR_MAX ((uint64_t)1 << 39) /* Beyond it there is no RAM in any machine. */
#define START_MAX ((uint64_t)1 << 60) /* The clock must not come to an end. */
#define COST_MAX ((uint64_t)1 << 32)

/* --- Writing ---------------------------------------------------------------------------------- */

static void put_key_dec(struct text *text, const char *key, uint64_t number)
{
    text_char(text, ' ');
    text_put(text, key);
    text_char(text, '=');
    text_dec(text, number);
}

static void put_key_hex(struct text *text, const char *key, uint64_t number)
{
    text_char(text, ' ');
    text_put(text, key);
    text_char(text, '=');
    text_hex(text, number);
}

static void put_regions(struct text *text, const char *key, const struct boot_region *regions,
                        uint32_t count)
{
    for (uint32_t i = 0; i < count && i < BOOT_REGIONS_MAX; i++) {
        text_put(text, key);
        text_char(text, ' ');
        text_hex(text, regions[i].start);
        text_char(text, ' ');
        text_hex(text, regions[i].end);
        text_char(text, '\n');
    }
}

static void put_base64(struct text *text, const uint8_t *bytes, uint64_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (uint64_t i = 0; i < size; i += 3) {
        uint64_t left = size - i;
        uint32_t group = (uint32_t)bytes[i] << 16;
        group |= left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0;
        group |= left > 2 ? bytes[i + 2] : 0;
        char out[4] = {digits[group >> 18], digits[group >> 12 & 63],
                       left > 1 ? digits[group >> 6 & 63] : '=',
                       left > 2 ? digits[group & 63] : '='};
        text_bytes(text, out, sizeof out);
    }
}

static void put_identity(struct text *text, const struct trace_header *h)
{
    text_put(text, h->kind == TRACE_CALLS ? "kind calls\n" : "kind program\n");
    if (h->origin[0] != '\0') {
        text_put(text, "origin ");
        text_put(text, h->origin);
        text_char(text, '\n');
    }
    if (h->build[0] != '\0') {
        text_put(text, "build ");
        text_put(text, h->build);
        text_char(text, '\n');
    }
    text_put(text, h->debug ? "config debug" : "config release");
    text_put(text, h->fpu ? " fpu" : " no-fpu");
    put_key_dec(text, "domains", h->domains);
    put_key_dec(text, "cores", h->cores);
    text_char(text, '\n');
}

static void put_memory(struct text *text, const struct trace_header *h)
{
    const struct sim_config *m = &h->machine;
    put_regions(text, "ram", m->ram, m->ram_count);
    put_regions(text, "reserved", m->reserved, m->reserved_count);
    put_regions(text, "device", m->devices, m->device_count);
    text_put(text, "kernel ");
    text_hex(text, m->kernel_paddr);
    if (m->kernel_size != 0) {
        put_key_hex(text, "size", m->kernel_size);
    }
    text_put(text, "\nimage");
    put_key_hex(text, "paddr", m->image_paddr);
    put_key_hex(text, "vaddr", m->image_vaddr);
    put_key_hex(text, "size", m->image_size);
    put_key_hex(text, "entry", m->image_entry);
    text_char(text, '\n');
    if (h->kind == TRACE_PROGRAM) {
        text_put(text, "file ");
        text_quoted(text, h->image_file, strlen(h->image_file));
        text_put(text, " hash=");
        text_hash(text, h->image_hash);
        text_char(text, '\n');
    }
    if (h->dtb_size != 0) {
        text_put(text, "tree");
        put_key_dec(text, "size", h->dtb_size);
        if (m->dtb_paddr != 0) {
            put_key_hex(text, "paddr", m->dtb_paddr);
        }
        if (h->dtb != NULL) {
            text_put(text, " base64:");
            put_base64(text, h->dtb, h->dtb_size);
        }
        text_char(text, '\n');
    }
}

static void put_time(struct text *text, const struct trace_header *h)
{
    const struct sim_config *m = &h->machine;
    text_put(text, "clock");
    put_key_dec(text, "start", m->start_time);
    put_key_dec(text, "per_us", m->ticks_per_us);
    put_key_dec(text, "instructions_per_tick", h->instructions_per_tick);
    if (m->entry_ticks != 0 || m->access_ticks != 0) {
        put_key_dec(text, "entry", m->entry_ticks);
        put_key_dec(text, "access", m->access_ticks);
    }
    text_put(text, h->clock_recorded ? " recorded\n" : "\n");
    text_put(text, "interrupts");
    put_key_dec(text, "max", m->irq_max);
    text_put(text, m->irq_complete_at_claim ? " complete_at_claim" : " complete_by_ack");
    if (m->poll_every != 0) {
        put_key_dec(text, "poll_every", m->poll_every);
    }
    text_char(text, '\n');
    text_put(text, "root");
    put_key_dec(text, "cnode_bits", m->root_cnode_bits);
    put_key_dec(text, "slice_ms", m->boot_slice_ms);
    text_char(text, '\n');
}

void trace_write_header(FILE *file, const struct trace_header *header)
{
    char buffer[4096];
    struct text text;
    text_to_file(&text, buffer, sizeof buffer, file);
    text_put(&text, "albireo-trace ");
    text_dec(&text, TRACE_VERSION);
    text_char(&text, '\n');
    put_identity(&text, header);
    put_memory(&text, header);
    put_time(&text, header);
    text_put(&text, "seed ");
    text_dec(&text, header->seed);
    text_char(&text, '\n');
    if (header->hash_every != 0) {
        text_put(&text, "hashes");
        put_key_dec(&text, "every", header->hash_every);
        text_put(&text, " boot=");
        text_hash(&text, header->boot_hash);
        text_char(&text, '\n');
    }
    if (header->first > 1) {
        text_put(&text, "first ");
        text_dec(&text, header->first);
        text_char(&text, '\n');
    }
    text_end(&text);
}

/* --- Reading ---------------------------------------------------------------------------------- */

void header_defaults(struct trace_header *h)
{
    memset(h, 0, sizeof *h);
    sim_config_default(&h->machine);
    h->machine.reserved_count = 0;
    h->machine.device_count = 0;
    h->machine.root_cnode_bits = 12;
    h->machine.boot_slice_ms = 5;
    h->debug = true;
    h->fpu = true;
    h->domains = 1;
    h->cores = 1;
    h->first = 1;
    h->instructions_per_tick = 100;
}

static bool read_kind(struct scan *scan, struct trace_header *h)
{
    const char *name;
    size_t length = scan_name(scan, &name);
    h->kind = scan_is(name, length, "calls") ? TRACE_CALLS : TRACE_PROGRAM;
    if (h->kind == TRACE_PROGRAM && !scan_is(name, length, "program")) {
        scan->at = name;
        return scan_expected(scan, "\"program\" or \"calls\"");
    }
    return true;
}

/* The rest of the line, without blanks around it. */
static bool read_rest(struct scan *scan, char *out, size_t size, const char *what)
{
    scan_spaces(scan);
    size_t length = (size_t)(scan->end - scan->at);
    while (length > 0 && (scan->at[length - 1] == ' ' || scan->at[length - 1] == '\t')) {
        length--;
    }
    if (length == 0 || length >= size) {
        return scan_fail(scan, "%s of %zu bytes; 1 to %zu are possible", what, length, size - 1);
    }
    memcpy(out, scan->at, length);
    out[length] = '\0';
    scan->at = scan->end;
    return true;
}

static bool read_origin(struct scan *scan, struct trace_header *h)
{
    return read_rest(scan, h->origin, sizeof h->origin, "an origin");
}

static bool read_build(struct scan *scan, struct trace_header *h)
{
    uint64_t ignored;
    scan_spaces(scan);
    const char *start = scan->at;
    if (!scan_hex(scan, 16, &ignored)) {
        return false;
    }
    memcpy(h->build, start, 16);
    h->build[16] = '\0';
    return true;
}

/* One of two words. */
static bool read_choice(struct scan *scan, const char *yes, const char *no, bool *choice)
{
    const char *name;
    size_t length = scan_name(scan, &name);
    *choice = scan_is(name, length, yes);
    if (*choice || scan_is(name, length, no)) {
        return true;
    }
    char what[80];
    snprintf(what, sizeof what, "\"%s\" or \"%s\"", yes, no);
    scan->at = name;
    return scan_expected(scan, what);
}

/* KEY=NUMBER within limits. */
static bool read_limited(struct scan *scan, const char *key, uint64_t min, uint64_t max,
                         uint64_t *number)
{
    if (!scan_key_number(scan, key, number)) {
        return false;
    }
    if (*number < min || *number > max) {
        return scan_fail(scan, "%s=%llu is not within %llu..%llu", key, (unsigned long long)*number,
                         (unsigned long long)min, (unsigned long long)max);
    }
    return true;
}

/* KEY=NUMBER up to a limit, or nothing. */
static bool read_optional(struct scan *scan, const char *key, uint64_t max, uint64_t *number)
{
    scan_spaces(scan);
    struct scan ahead = *scan;
    return !scan_take(&ahead, key) || read_limited(scan, key, 0, max, number);
}

/* Addresses and sizes of what consists of pages. */
static bool check_pages(struct scan *scan, const char *what, uint64_t number)
{
    return is_aligned(number, 12) ||
           scan_fail(scan, "%s 0x%llx is not a multiple of 4096", what, (unsigned long long)number);
}

static bool read_limited_32(struct scan *scan, const char *key, uint64_t min, uint64_t max,
                            uint32_t *number)
{
    uint64_t value = 0;
    bool good = read_limited(scan, key, min, max, &value);
    *number = (uint32_t)value;
    return good;
}

static bool read_config(struct scan *scan, struct trace_header *h)
{
    return read_choice(scan, "debug", "release", &h->debug) &&
           read_choice(scan, "fpu", "no-fpu", &h->fpu) &&
           read_limited_32(scan, "domains", 1, 256, &h->domains) &&
           read_limited_32(scan, "cores", 1, 8, &h->cores);
}

static bool read_region(struct scan *scan, struct boot_region *regions, uint32_t *count)
{
    struct boot_region region;
    if (!scan_number(scan, &region.start) || !scan_number(scan, &region.end)) {
        return false;
    }
    if (region.start >= region.end) {
        return scan_fail(scan, "the region is empty: 0x%llx to 0x%llx",
                         (unsigned long long)region.start, (unsigned long long)region.end);
    }
    if (*count == BOOT_REGIONS_MAX) {
        return scan_fail(scan, "more than %d regions", BOOT_REGIONS_MAX);
    }
    regions[(*count)++] = region;
    return true;
}

static bool read_ram(struct scan *scan, struct trace_header *h)
{
    struct sim_config *m = &h->machine;
    if (!read_region(scan, m->ram, &m->ram_count)) {
        return false;
    }
    const struct boot_region *ram = &m->ram[m->ram_count - 1];
    if (ram->end > PADDR_MAX) {
        return scan_fail(scan, "RAM ends at 0x%llx, beyond 0x%llx", (unsigned long long)ram->end,
                         (unsigned long long)PADDR_MAX);
    }
    return check_pages(scan, "the start of RAM", ram->start) &&
           check_pages(scan, "the end of RAM", ram->end);
}

static bool read_reserved(struct scan *scan, struct trace_header *h)
{
    return read_region(scan, h->machine.reserved, &h->machine.reserved_count);
}

static bool read_device(struct scan *scan, struct trace_header *h)
{
    return read_region(scan, h->machine.devices, &h->machine.device_count);
}

static bool read_kernel(struct scan *scan, struct trace_header *h)
{
    struct sim_config *m = &h->machine;
    return scan_limited(scan, "the kernel's address", PADDR_MAX, &m->kernel_paddr) &&
           check_pages(scan, "the kernel's address", m->kernel_paddr) &&
           read_optional(scan, "size", SIM_RAM_LIMIT, &m->kernel_size) &&
           check_pages(scan, "the kernel's size", m->kernel_size);
}

static bool read_image(struct scan *scan, struct trace_header *h)
{
    struct sim_config *m = &h->machine;
    return read_limited(scan, "paddr", 0, PADDR_MAX, &m->image_paddr) &&
           scan_key_number(scan, "vaddr", &m->image_vaddr) &&
           read_limited(scan, "size", 1, SIM_RAM_LIMIT, &m->image_size) &&
           scan_key_number(scan, "entry", &m->image_entry) &&
           check_pages(scan, "the image's paddr", m->image_paddr) &&
           check_pages(scan, "the image's vaddr", m->image_vaddr) &&
           check_pages(scan, "the image's size", m->image_size);
}

static bool read_file(struct scan *scan, struct trace_header *h)
{
    size_t length;
    if (!scan_quoted(scan, h->image_file, sizeof h->image_file - 1, &length)) {
        return false;
    }
    h->image_file[length] = '\0';
    if (length == 0 || strlen(h->image_file) != length) {
        return scan_fail(scan, "the name of the file is empty, or has a NUL in it");
    }
    scan_spaces(scan);
    return scan_need(scan, "hash=") && scan_hex(scan, 16, &h->image_hash);
}

static uint32_t base64_digit(char c)
{
    if (c >= 'A' && c <= 'Z') {
        return (uint32_t)(c - 'A');
    }
    if (c >= 'a' && c <= 'z') {
        return (uint32_t)(c - 'a') + 26;
    }
    if (c >= '0' && c <= '9') {
        return (uint32_t)(c - '0') + 52;
    }
    if (c == '+') {
        return 62;
    }
    return c == '/' ? 63 : 64;
}

/* Exactly `size` bytes; the '=' at the end may be left out. */
static bool read_base64(struct scan *scan, uint8_t *bytes, uint64_t size)
{
    uint32_t group = 0;
    uint32_t bits = 0;
    for (uint64_t done = 0; done < size;) {
        uint32_t digit = scan->at < scan->end ? base64_digit(*scan->at) : 64;
        if (digit > 63) {
            return scan_fail(scan, "base64 ends, or is none, after %llu of %llu bytes",
                             (unsigned long long)done, (unsigned long long)size);
        }
        scan->at++;
        group = (group << 6 | digit) & 0xFFFF;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            bytes[done++] = (uint8_t)(group >> bits);
        }
    }
    while (scan_take(scan, "=")) {
    }
    return true;
}

static bool read_tree(struct scan *scan, struct trace_header *h)
{
    if (!read_limited(scan, "size", 1, TREE_SIZE_MAX, &h->dtb_size) ||
        !read_optional(scan, "paddr", PADDR_MAX, &h->machine.dtb_paddr)) {
        return false;
    }
    scan_spaces(scan);
    if (!scan_take(scan, "base64:")) {
        return true;
    }
    h->dtb = malloc(h->dtb_size);
    if (h->dtb == NULL) {
        return scan_fail(scan, "out of memory");
    }
    return read_base64(scan, h->dtb, h->dtb_size);
}

static bool read_clock(struct scan *scan, struct trace_header *h)
{
    struct sim_config *m = &h->machine;
    if (!read_limited(scan, "start", 0, START_MAX, &m->start_time) ||
        !read_limited(scan, "per_us", 1, 1000000, &m->ticks_per_us) ||
        !read_limited(scan, "instructions_per_tick", 0, 1000000000, &h->instructions_per_tick)) {
        return false;
    }
    if (!read_optional(scan, "entry", COST_MAX, &m->entry_ticks) ||
        !read_optional(scan, "access", COST_MAX, &m->access_ticks)) {
        return false;
    }
    scan_spaces(scan);
    h->clock_recorded = scan_take(scan, "recorded");
    return true;
}

static bool read_interrupts(struct scan *scan, struct trace_header *h)
{
    struct sim_config *m = &h->machine;
    uint64_t poll_every = 0;
    bool good =
        read_limited_32(scan, "max", 1, 1023, &m->irq_max) &&
        read_choice(scan, "complete_at_claim", "complete_by_ack", &m->irq_complete_at_claim) &&
        read_optional(scan, "poll_every", POLL_EVERY_MAX, &poll_every);
    m->poll_every = (uint32_t)poll_every;
    return good;
}

static bool read_root(struct scan *scan, struct trace_header *h)
{
    struct sim_config *m = &h->machine;
    return read_limited_32(scan, "cnode_bits", 0, 32, &m->root_cnode_bits) &&
           read_limited_32(scan, "slice_ms", 0, 1000000, &m->boot_slice_ms);
}

static bool read_seed(struct scan *scan, struct trace_header *h)
{
    return scan_number(scan, &h->seed);
}

static bool read_hashes(struct scan *scan, struct trace_header *h)
{
    if (!scan_key_number(scan, "every", &h->hash_every)) {
        return false;
    }
    scan_spaces(scan);
    return scan_need(scan, "boot=") && scan_hex(scan, 16, &h->boot_hash);
}

static bool read_first(struct scan *scan, struct trace_header *h)
{
    if (!scan_number(scan, &h->first)) {
        return false;
    }
    return (h->first >= 1 && h->first <= FIRST_MAX) ||
           scan_fail(scan, "events are numbered from 1, up to 2^62");
}

enum { ALWAYS = 1, OF_PROGRAMS = 2, REPEATED = 4 };

static const struct header_key {
    const char *name;
    bool (*read)(struct scan *scan, struct trace_header *header);
    int needed;
} keys[] = {
    {"kind", read_kind, ALWAYS},
    {"origin", read_origin, 0},
    {"build", read_build, 0},
    {"config", read_config, OF_PROGRAMS},
    {"ram", read_ram, OF_PROGRAMS | REPEATED},
    {"reserved", read_reserved, REPEATED},
    {"device", read_device, REPEATED},
    {"kernel", read_kernel, OF_PROGRAMS},
    {"image", read_image, OF_PROGRAMS},
    {"file", read_file, OF_PROGRAMS},
    {"tree", read_tree, 0},
    {"clock", read_clock, OF_PROGRAMS},
    {"interrupts", read_interrupts, OF_PROGRAMS},
    {"root", read_root, OF_PROGRAMS},
    {"seed", read_seed, 0},
    {"hashes", read_hashes, 0},
    {"first", read_first, 0},
};

enum { KEYS = sizeof keys / sizeof *keys, KEY_RAM = 4, KEY_RESERVED = 5, KEY_DEVICE = 6 };

bool header_read_line(struct scan *scan, struct header_reading *reading,
                      struct trace_header *header)
{
    const char *name;
    size_t length = scan_name(scan, &name);
    for (uint32_t i = 0; i < KEYS; i++) {
        if (!scan_is(name, length, keys[i].name)) {
            continue;
        }
        bool again = (reading->seen & bit(i)) != 0;
        if (again && (keys[i].needed & REPEATED) == 0) {
            return scan_fail(scan, "the key \"%s\" comes twice", keys[i].name);
        }
        if (i == KEY_RAM && !again) {
            header->machine.ram_count = 0; /* Instead of the default. */
        }
        reading->seen |= bit(i);
        if (!keys[i].read(scan, header)) {
            return false;
        }
        return scan_at_end(scan) || scan_expected(scan, "nothing more on this line");
    }
    scan->at = name;
    return scan_expected(scan, "a key of the header, or an event");
}

/* Without a word about the memory map, it is the simulator's own. */
static void complete_regions(const struct header_reading *reading, struct trace_header *header)
{
    struct sim_config config;
    uint64_t any = bit(KEY_RAM) | bit(KEY_RESERVED) | bit(KEY_DEVICE);
    if ((reading->seen & any) != 0) {
        return;
    }
    sim_config_default(&config);
    header->machine.reserved_count = config.reserved_count;
    memcpy(header->machine.reserved, config.reserved, sizeof config.reserved);
    header->machine.device_count = config.device_count;
    memcpy(header->machine.devices, config.devices, sizeof config.devices);
}

bool header_complete(struct scan *scan, const struct header_reading *reading,
                     struct trace_header *header)
{
    for (uint32_t i = 0; i < KEYS; i++) {
        bool needed = (keys[i].needed & ALWAYS) != 0 ||
                      ((keys[i].needed & OF_PROGRAMS) != 0 && header->kind == TRACE_PROGRAM);
        if (needed && (reading->seen & bit(i)) == 0) {
            return scan_fail(scan, "the header has no key \"%s\"", keys[i].name);
        }
    }
    complete_regions(reading, header);
    if (header->kind == TRACE_CALLS && header->first != 1) {
        return scan_fail(scan, "a trace of calls begins with event 1, not %llu",
                         (unsigned long long)header->first);
    }
    return true;
}
