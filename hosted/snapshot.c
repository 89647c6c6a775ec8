/* SPDX-License-Identifier: BSD-2-Clause */

/* Snapshots: copies of the pages that were ever touched, of RAM and of native stacks, and of the
 * machine's own state. Addresses do not change, so pointers in RAM stay good.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "hosted/sanitizer.h"
#include "hosted/state.h"

/* A page in /proc/self/pagemap is present or swapped out. Others read as zero. */
#define PAGEMAP_USED 0xC000000000000000u

enum { PAGEMAP_CHUNK = 512 };

/* Copies of the non-zero pages of one mapping. */
struct copies {
    char *base;
    size_t size;
    size_t count;
    size_t capacity;
    size_t *pages; /* Their numbers, ascending. */
    char *bytes;   /* count * SIM_PAGE. */
};

struct sim_snapshot {
    const struct sim *sim;
    struct machine machine; /* The TLBs are copies of their own. */
    uint32_t core;
    enum sim_status status;
    char message[sizeof((struct sim *)0)->message];
    bool hold;
    size_t console_length;
    struct copies ram[BOOT_REGIONS_MAX];
    bool has_arena;
    struct copies arena;
    uint32_t device_count;          /* When it was taken. */
    void *devices[SIM_DEVICES_MAX]; /* Copies of their state. */
};

static bool is_zero(const char *page)
{
    uint64_t words[SIM_PAGE / 8];
    memcpy(words, page, SIM_PAGE);
    uint64_t all = 0;
    for (size_t i = 0; i < SIM_PAGE / 8; i++) {
        all |= words[i];
    }
    return all == 0;
}

static bool copies_add(struct copies *c, size_t page)
{
    if (c->count == c->capacity) {
        size_t capacity = c->capacity == 0 ? 64 : 2 * c->capacity;
        size_t *pages = realloc(c->pages, capacity * sizeof *pages);
        if (pages == NULL) {
            return false;
        }
        c->pages = pages;
        char *bytes = realloc(c->bytes, capacity * SIM_PAGE);
        if (bytes == NULL) {
            return false;
        }
        c->bytes = bytes;
        c->capacity = capacity;
    }
    c->pages[c->count] = page;
    /* Stack pages have poisoned parts: not memcpy(), which a sanitizer watches. */
    sanitizer_copy(c->bytes + c->count * SIM_PAGE, c->base + page * SIM_PAGE, SIM_PAGE);
    if (!is_zero(c->bytes + c->count * SIM_PAGE)) {
        c->count++;
    }
    return true;
}

/* Whether pages [first, first + count) may hold anything. Guard pages never do, and must not be
 * read. */
static bool used_pages(int pagemap, const char *base, size_t first, size_t count, uint64_t *used)
{
    size_t bytes = count * sizeof *used;
    off_t at = (off_t)(((uintptr_t)base / SIM_PAGE + first) * sizeof *used);
    return pread(pagemap, used, bytes, at) == (ssize_t)bytes;
}

static bool copies_take(struct copies *c, void *base, size_t size)
{
    int pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
    bool good = pagemap >= 0;
    size_t pages = size / SIM_PAGE;
    c->base = base;
    c->size = size;
    for (size_t first = 0; first < pages && good; first += PAGEMAP_CHUNK) {
        uint64_t used[PAGEMAP_CHUNK];
        size_t count = pages - first < PAGEMAP_CHUNK ? pages - first : PAGEMAP_CHUNK;
        good = used_pages(pagemap, c->base, first, count, used);
        for (size_t i = 0; i < count && good; i++) {
            good = (used[i] & PAGEMAP_USED) == 0 || copies_add(c, first + i);
        }
    }
    if (pagemap >= 0) {
        close(pagemap);
    }
    return good;
}

/* All pages become zero again, then those that were not are written. */
static void copies_put(const struct copies *c)
{
    madvise(c->base, c->size, MADV_DONTNEED);
    for (size_t i = 0; i < c->count; i++) {
        memcpy(c->base + c->pages[i] * SIM_PAGE, c->bytes + i * SIM_PAGE, SIM_PAGE);
    }
}

static void copies_free(struct copies *c)
{
    free(c->pages);
    free(c->bytes);
}

static bool take_memory(struct sim *sim, struct sim_snapshot *s)
{
    for (uint32_t i = 0; i < sim->config.ram_count; i++) {
        const struct boot_region *r = &sim->config.ram[i];
        size_t size = r->end - r->start;
        if (!copies_take(&s->ram[i], sim_ram(sim, r->start, size), size)) {
            return false;
        }
    }
    void *base;
    size_t size;
    s->has_arena = native_arena(sim, &base, &size);
    return !s->has_arena || copies_take(&s->arena, base, size);
}

static bool take_devices(const struct sim *sim, struct sim_snapshot *s)
{
    s->device_count = sim->device_count;
    for (uint32_t i = 0; i < sim->device_count; i++) {
        const struct device *device = &sim->devices[i];
        if (device->state_size == 0) {
            continue;
        }
        s->devices[i] = malloc(device->state_size);
        if (s->devices[i] == NULL) {
            return false;
        }
        memcpy(s->devices[i], device->context, device->state_size);
    }
    return true;
}

static void put_devices(const struct sim *sim, const struct sim_snapshot *s)
{
    for (uint32_t i = 0; i < s->device_count; i++) {
        if (s->devices[i] != NULL) {
            memcpy(sim->devices[i].context, s->devices[i], sim->devices[i].state_size);
        }
    }
}

static void copy_machine(struct machine *to, const struct machine *from)
{
    struct tlb tlbs[CONFIG_CORES];
    for (uint32_t i = 0; i < CONFIG_CORES; i++) {
        tlbs[i] = to->cores[i].tlb;
        tlb_copy(&tlbs[i], &from->cores[i].tlb);
    }
    *to = *from;
    for (uint32_t i = 0; i < CONFIG_CORES; i++) {
        to->cores[i].tlb = tlbs[i];
    }
}

struct sim_snapshot *sim_snapshot_take(struct sim *sim)
{
    struct sim_snapshot *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return NULL;
    }
    s->sim = sim;
    copy_machine(&s->machine, &sim->machine);
    s->core = sim->core;
    s->status = sim->status;
    memcpy(s->message, sim->message, sizeof s->message);
    s->hold = sim->hold;
    s->console_length = sim->console_length;
    if (!take_memory(sim, s) || !take_devices(sim, s)) {
        sim_snapshot_free(s);
        return NULL;
    }
    return s;
}

void sim_snapshot_restore(struct sim *sim, const struct sim_snapshot *s)
{
    if (s->sim != sim) {
        sim_fail(sim, "simulator misused: a snapshot of another simulator", __FILE__, __LINE__);
        return;
    }
    for (uint32_t i = 0; i < sim->config.ram_count; i++) {
        copies_put(&s->ram[i]);
    }
    void *base;
    size_t size;
    if (native_arena(sim, &base, &size)) {
        /* It may have grown, or come into being, since. */
        madvise(base, size, MADV_DONTNEED);
        sanitizer_unpoison(base, size);
    }
    if (s->has_arena) {
        copies_put(&s->arena);
    }
    copy_machine(&sim->machine, &s->machine);
    user_forget(sim);
    put_devices(sim, s);
    sim->core = s->core;
    sim->status = s->status;
    memcpy(sim->message, s->message, sizeof sim->message);
    sim->hold = s->hold;
    if (s->console_length < sim->console_length) {
        sim->console_length = s->console_length;
        sim->console[sim->console_length] = '\0';
    }
}

void sim_snapshot_free(struct sim_snapshot *s)
{
    if (s == NULL) {
        return;
    }
    for (uint32_t i = 0; i < BOOT_REGIONS_MAX; i++) {
        copies_free(&s->ram[i]);
    }
    copies_free(&s->arena);
    for (uint32_t i = 0; i < SIM_DEVICES_MAX; i++) {
        free(s->devices[i]);
    }
    for (uint32_t i = 0; i < CONFIG_CORES; i++) {
        tlb_free(&s->machine.cores[i].tlb);
    }
    free(s);
}
