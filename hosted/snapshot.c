/* SPDX-License-Identifier: BSD-2-Clause */

/* Points: copies of the machine's own state. Snapshots: a point, and copies of the pages that were
 * ever touched, of RAM and of native stacks. Addresses do not change, so pointers in RAM stay good.
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

struct sim_point {
    const struct sim *sim;
    struct machine machine; /* The TLBs are copies of their own. */
    uint64_t entry_ticks;
    uint64_t access_ticks;
    uint32_t tlb_limit;
    bool tlb_keep_invalid;
    uint32_t core;
    enum sim_status status;
    char message[sizeof((struct sim *)0)->message];
    bool hold;
    size_t console_length;
    uint32_t device_count;          /* When it was taken. */
    void *devices[SIM_DEVICES_MAX]; /* Copies of their state. */
};

struct sim_snapshot {
    struct sim_point *point;
    struct copies ram[BOOT_REGIONS_MAX];
    bool has_arena;
    struct copies arena;
};

/* --- Points ----------------------------------------------------------------------------------- */

static bool take_devices(const struct sim *sim, struct sim_point *p)
{
    p->device_count = sim->device_count;
    for (uint32_t i = 0; i < sim->device_count; i++) {
        const struct device *device = &sim->devices[i];
        if (device->state_size == 0) {
            continue;
        }
        p->devices[i] = malloc(device->state_size);
        if (p->devices[i] == NULL) {
            return false;
        }
        memcpy(p->devices[i], device->context, device->state_size);
    }
    return true;
}

static void put_devices(const struct sim *sim, const struct sim_point *p)
{
    for (uint32_t i = 0; i < p->device_count; i++) {
        if (p->devices[i] != NULL) {
            memcpy(sim->devices[i].context, p->devices[i], sim->devices[i].state_size);
        }
    }
}

/* Byte by byte, so that equal machines stay equal in padding, too. */
static bool copy_machine(struct machine *to, const struct machine *from)
{
    struct tlb tlbs[CONFIG_CORES];
    bool good = true;
    for (uint32_t i = 0; i < CONFIG_CORES; i++) {
        tlbs[i] = to->cores[i].tlb;
        good = tlb_copy(&tlbs[i], &from->cores[i].tlb) && good;
    }
    memcpy(to, from, sizeof *to);
    for (uint32_t i = 0; i < CONFIG_CORES; i++) {
        to->cores[i].tlb = tlbs[i];
    }
    return good;
}

struct sim_point *sim_point_take(const struct sim *sim)
{
    struct sim_point *p = calloc(1, sizeof *p);
    if (p == NULL) {
        return NULL;
    }
    p->sim = sim;
    p->entry_ticks = sim->config.entry_ticks;
    p->access_ticks = sim->config.access_ticks;
    p->tlb_limit = sim->config.tlb_limit;
    p->tlb_keep_invalid = sim->config.tlb_keep_invalid;
    p->core = sim->core;
    p->status = sim->status;
    memcpy(p->message, sim->message, sizeof p->message);
    p->hold = sim->hold;
    p->console_length = sim->console_length;
    if (!copy_machine(&p->machine, &sim->machine) || !take_devices(sim, p)) {
        sim_point_free(p);
        return NULL;
    }
    return p;
}

void sim_point_restore(struct sim *sim, const struct sim_point *p)
{
    if (p->sim != sim) {
        sim_fail(sim, "simulator misused: a point of another simulator", __FILE__, __LINE__);
        return;
    }
    if (!copy_machine(&sim->machine, &p->machine)) {
        abort();
    }
    user_forget(sim);
    put_devices(sim, p);
    sim->config.entry_ticks = p->entry_ticks;
    sim->config.access_ticks = p->access_ticks;
    sim->config.tlb_limit = p->tlb_limit;
    sim->config.tlb_keep_invalid = p->tlb_keep_invalid;
    sim->core = p->core;
    sim->status = p->status;
    memcpy(sim->message, p->message, sizeof sim->message);
    sim->hold = p->hold;
    if (p->console_length < sim->console_length) {
        sim->console_length = p->console_length;
        sim->console[sim->console_length] = '\0';
    }
}

static const char *core_difference(const struct machine_core *a, const struct machine_core *b)
{
    if (a->deadline != b->deadline) {
        return "the timer's deadline";
    }
    if (a->root != b->root || a->asid != b->asid) {
        return "the address space";
    }
    if (a->fpu_enabled != b->fpu_enabled || memcmp(a->fpu, b->fpu, sizeof a->fpu) != 0) {
        return "the FPU";
    }
    return tlb_same(&a->tlb, &b->tlb) ? NULL : "the TLB";
}

static bool same_injections(const struct injection *a, uint32_t a_count, const struct injection *b,
                            uint32_t b_count)
{
    bool same = a_count == b_count;
    for (uint32_t i = 0; i < a_count && same; i++) {
        same = a[i].at == b[i].at && a[i].time == b[i].time && a[i].line == b[i].line;
    }
    return same;
}

static const char *machine_difference(const struct machine *a, const struct machine *b)
{
    if (a->now != b->now || a->part != b->part) {
        return "the clock";
    }
    if (a->events != b->events || a->instructions != b->instructions || a->polls != b->polls) {
        return "the counters";
    }
    for (uint32_t i = 0; i < CONFIG_CORES; i++) {
        const char *what = core_difference(&a->cores[i], &b->cores[i]);
        if (what != NULL) {
            return what;
        }
    }
    if (memcmp(&a->plic, &b->plic, sizeof a->plic) != 0) {
        return "the interrupt controller";
    }
    if (!same_injections(a->injections, a->injection_count, b->injections, b->injection_count)) {
        return "what is injected at preemption points";
    }
    if (!same_injections(a->scheduled, a->scheduled_count, b->scheduled, b->scheduled_count)) {
        return "the scheduled interrupts";
    }
    return memcmp(a->alarms, b->alarms, sizeof a->alarms) == 0 ? NULL : "the devices' alarms";
}

static bool same_devices(const struct sim *sim, const struct sim_point *p)
{
    bool same = sim->device_count == p->device_count;
    for (uint32_t i = 0; i < p->device_count && same; i++) {
        const struct device *device = &sim->devices[i];
        same = p->devices[i] == NULL ||
               memcmp(device->context, p->devices[i], device->state_size) == 0;
    }
    return same;
}

const char *sim_point_difference(const struct sim *sim, const struct sim_point *p)
{
    const struct sim_config *config = &sim->config;
    const char *what = machine_difference(&sim->machine, &p->machine);
    if (what != NULL) {
        return what;
    }
    if (sim->status != p->status || strcmp(sim->message, p->message) != 0) {
        return "the status";
    }
    if (config->entry_ticks != p->entry_ticks || config->access_ticks != p->access_ticks) {
        return "what entries and accesses cost";
    }
    if (config->tlb_limit != p->tlb_limit || config->tlb_keep_invalid != p->tlb_keep_invalid) {
        return "the TLB's settings";
    }
    if (sim->core != p->core || sim->hold != p->hold) {
        return "the acting core, or whether interrupts are held";
    }
    if (sim->console_length > p->console_length) {
        return "the console";
    }
    return same_devices(sim, p) ? NULL : "a device's state";
}

void sim_point_free(struct sim_point *p)
{
    if (p == NULL) {
        return;
    }
    for (uint32_t i = 0; i < SIM_DEVICES_MAX; i++) {
        free(p->devices[i]);
    }
    for (uint32_t i = 0; i < CONFIG_CORES; i++) {
        tlb_free(&p->machine.cores[i].tlb);
    }
    free(p);
}

/* --- Memory ----------------------------------------------------------------------------------- */

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

/* --- Snapshots -------------------------------------------------------------------------------- */

struct sim_snapshot *sim_snapshot_take(struct sim *sim)
{
    struct sim_snapshot *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return NULL;
    }
    s->point = sim_point_take(sim);
    if (s->point == NULL || !take_memory(sim, s)) {
        sim_snapshot_free(s);
        return NULL;
    }
    return s;
}

void sim_snapshot_restore(struct sim *sim, const struct sim_snapshot *s)
{
    if (s->point->sim != sim) {
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
    sim_point_restore(sim, s->point);
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
    sim_point_free(s->point);
    free(s);
}
