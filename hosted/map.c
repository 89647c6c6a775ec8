/* SPDX-License-Identifier: BSD-2-Clause */

/* The memory of a simulated machine: checks the map that was asked for, finds places for the
 * kernel, the device tree and the user image, and maps RAM at its fixed host addresses.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "core/bits.h"
#include "core/kernel.h"
#include "core/vspace.h"
#include "hosted/state.h"

/* RAM lies below this, as the user-visible part of physical memory (docs/abi/11 section 11.8). */
#define PADDR_TOP 0x8000000000u

/* The upper half of the kernel's root table: supervisor, global, accessed, dirty, R, W, X,
 * valid. */
#define KERNEL_LEAF 0xEFu

static bool overlap(const struct boot_region *a, const struct boot_region *b)
{
    return a->start < b->end && b->start < a->end;
}

static bool within(const struct boot_region *inner, const struct boot_region *outer)
{
    return inner->start >= outer->start && inner->end <= outer->end;
}

static bool fail_region(struct sim_error *error, const char *what, const struct boot_region *r)
{
    snprintf(error->text, sizeof error->text, "RAM region 0x%" PRIx64 "..0x%" PRIx64 " %s",
             r->start, r->end, what);
    return false;
}

static bool check_ram_region(const struct sim_config *config, uint32_t index,
                             struct sim_error *error)
{
    const struct boot_region *r = &config->ram[index];
    if (r->start >= r->end) {
        return fail_region(error, "is empty", r);
    }
    if (!is_aligned(r->start, 12) || !is_aligned(r->end, 12)) {
        return fail_region(error, "does not consist of whole pages of 4096 bytes", r);
    }
    if (r->end > PADDR_TOP) {
        return fail_region(error, "lies beyond physical address 0x8000000000", r);
    }
    for (uint32_t i = 0; i < index; i++) {
        const struct boot_region *other = &config->ram[i];
        if (overlap(r, other)) {
            char what[80];
            snprintf(what, sizeof what, "overlaps RAM region 0x%" PRIx64 "..0x%" PRIx64,
                     other->start, other->end);
            return fail_region(error, what, r);
        }
    }
    return true;
}

static bool check_ram(const struct sim_config *config, struct sim_error *error)
{
    if (config->ram_count == 0) {
        snprintf(error->text, sizeof error->text, "the machine has no RAM region");
        return false;
    }
    if (config->ram_count > BOOT_REGIONS_MAX || config->reserved_count >= BOOT_REGIONS_MAX ||
        config->device_count > BOOT_REGIONS_MAX) {
        snprintf(error->text, sizeof error->text,
                 "too many regions: at most %d of RAM, %d reserved, %d of devices",
                 BOOT_REGIONS_MAX, BOOT_REGIONS_MAX - 1, BOOT_REGIONS_MAX);
        return false;
    }
    uint64_t total = 0;
    for (uint32_t i = 0; i < config->ram_count; i++) {
        if (!check_ram_region(config, i, error)) {
            return false;
        }
        total += config->ram[i].end - config->ram[i].start;
    }
    if (total > SIM_RAM_LIMIT) {
        snprintf(error->text, sizeof error->text,
                 "%" PRIu64 " MiB of RAM are more than the limit of %" PRIu64 " MiB", total >> 20,
                 (uint64_t)SIM_RAM_LIMIT >> 20);
        return false;
    }
    return true;
}

static bool check_image(const struct sim_config *config, struct sim_error *error)
{
    const char *what = NULL;
    if (config->image_size == 0 || !is_aligned(config->image_size, 12)) {
        what = "size is not a positive multiple of 4096";
    } else if (!is_aligned(config->image_vaddr, 12)) {
        what = "virtual address is not page aligned";
    } else if (config->image_data_size > config->image_size) {
        what = "data is larger than the image";
    } else if (config->image_vaddr >= ABI_USER_TOP ||
               config->image_size > ABI_USER_TOP - config->image_vaddr) {
        what = "ends beyond the user address space";
    }
    if (what != NULL) {
        snprintf(error->text, sizeof error->text,
                 "user image (0x%" PRIx64 " bytes at virtual address 0x%" PRIx64 "): its %s",
                 config->image_size, config->image_vaddr, what);
        return false;
    }
    return true;
}

/* The end of a reserved region that overlaps `want`, or 0. */
static uint64_t blocked_until(const struct boot_params *params, const struct boot_region *want)
{
    for (uint32_t i = 0; i < params->reserved_count; i++) {
        if (overlap(&params->reserved[i], want)) {
            return params->reserved[i].end;
        }
    }
    return 0;
}

/* A place for `size` bytes at `paddr`, or at the first possible one if that is 0. */
static bool place(const struct boot_params *params, const char *what, uint64_t paddr, uint64_t size,
                  struct boot_region *found, struct sim_error *error)
{
    for (uint32_t i = 0; i < params->ram_count; i++) {
        const struct boot_region *ram = &params->ram[i];
        uint64_t start = paddr == 0 ? ram->start : paddr;
        struct boot_region want = {start, start + size};
        while (start <= PADDR_TOP && size <= PADDR_TOP && within(&want, ram)) {
            uint64_t end = blocked_until(params, &want);
            if (end == 0) {
                *found = want;
                return true;
            }
            if (paddr != 0) {
                break;
            }
            start = align_up(end, 12);
            want = (struct boot_region){start, start + size};
        }
    }
    if (paddr == 0) {
        snprintf(error->text, sizeof error->text,
                 "no room in RAM for the %s: it needs %" PRIu64 " KiB in one piece outside "
                 "reserved regions",
                 what, size >> 10);
    } else {
        snprintf(error->text, sizeof error->text,
                 "the %s does not fit at physical address 0x%" PRIx64 ": its %" PRIu64
                 " KiB are not in RAM or overlap a reserved region",
                 what, paddr, size >> 10);
    }
    return false;
}

/* Reserves while planning; only the kernel's region stays in what boot is told. */
static void reserve(struct boot_params *params, struct boot_region region)
{
    params->reserved[params->reserved_count++] = region;
}

static uint64_t kernel_size(const struct sim_config *config)
{
    uint64_t least = align_up(sizeof(struct kernel), 12) + SIM_PAGE;
    return config->kernel_size > least ? align_up(config->kernel_size, 12) : least;
}

static bool full(const struct boot_params *params, struct sim_error *error)
{
    if (params->reserved_count < BOOT_REGIONS_MAX) {
        return false;
    }
    snprintf(error->text, sizeof error->text, "too many reserved regions for a device tree");
    return true;
}

/* A device tree whose place is given may lie in reserved memory. */
static bool plan_tree(const struct sim_config *config, struct boot_params *params,
                      struct sim_error *error)
{
    struct boot_region dtb = {config->dtb_paddr,
                              config->dtb_paddr + align_up(config->dtb_size, 12)};
    if (config->dtb_size == 0) {
        return true;
    }
    if (full(params, error)) {
        return false;
    }
    bool placed = false;
    for (uint32_t i = 0; i < params->ram_count; i++) {
        placed = placed || within(&dtb, &params->ram[i]);
    }
    if ((config->dtb_paddr == 0 || !placed) &&
        !place(params, "device tree", config->dtb_paddr, align_up(config->dtb_size, 12), &dtb,
               error)) {
        return false;
    }
    reserve(params, dtb);
    params->dtb = dtb.start;
    params->dtb_size = config->dtb_size;
    return true;
}

static bool plan(struct sim *sim, struct boot_region *kernel, struct sim_error *error)
{
    const struct sim_config *config = &sim->config;
    struct boot_params *params = &sim->params;
    if (!place(params, "kernel", config->kernel_paddr, kernel_size(config), kernel, error)) {
        return false;
    }
    reserve(params, *kernel);
    uint32_t reserved = params->reserved_count;
    if (!plan_tree(config, params, error)) {
        return false;
    }
    if (config->dtb_paddr != 0) {
        reserved = params->reserved_count;
    }
    bool placed =
        place(params, "user image", config->image_paddr, config->image_size, &params->image, error);
    params->reserved_count = reserved;
    params->image_offset = params->image.start - config->image_vaddr;
    return placed;
}

static void fill_params(struct sim *sim)
{
    const struct sim_config *config = &sim->config;
    struct boot_params *params = &sim->params;
    params->machine = &sim->machine;
    params->window = SIM_WINDOW;
    params->timer_hz = config->ticks_per_us * 1000000;
    params->now = config->start_time;
    params->ram_count = config->ram_count;
    memcpy(params->ram, config->ram, sizeof params->ram);
    params->reserved_count = config->reserved_count;
    memcpy(params->reserved, config->reserved, sizeof params->reserved);
    params->device_count = config->device_count;
    memcpy(params->devices, config->devices, sizeof params->devices);
    params->entry = config->image_entry;
    params->irq_max = config->irq_max;
    params->irq_complete_at_claim = config->irq_complete_at_claim;
    params->root_cnode_bits = config->root_cnode_bits;
    params->boot_slice_ms = config->boot_slice_ms;
}

static void *host(uint64_t paddr)
{
    return (void *)(uintptr_t)(SIM_WINDOW + paddr); // NOLINT: the window is fixed.
}

static bool map_ram(struct sim *sim, struct sim_error *error)
{
    while (sim->mapped < sim->config.ram_count) {
        const struct boot_region *r = &sim->config.ram[sim->mapped];
        size_t size = r->end - r->start;
        void *at = mmap(host(r->start), size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
        if (at == MAP_FAILED || at != host(r->start)) {
            if (at != MAP_FAILED) {
                munmap(at, size);
            }
            return fail_region(error, "cannot be mapped at its host address", r);
        }
        /* Snapshots give pages back one by one, which is slow in huge ones. */
        (void)madvise(at, size, MADV_NOHUGEPAGE);
        sim->mapped++;
    }
    return true;
}

/* A root table with the kernel's mappings only. In this body nothing runs through them; they are
 * there to be copied into every address space, and for user accesses to fault on. */
static void fill_kernel_vspace(struct sim *sim)
{
    uint64_t *entries = host(sim->params.kernel_vspace);
    for (uint64_t i = PT_ENTRIES / 2; i < PT_ENTRIES; i++) {
        uint64_t page_number = (i - PT_ENTRIES / 2) << 18;
        entries[i] = page_number << 10 | KERNEL_LEAF;
    }
}

bool map_create(struct sim *sim, struct sim_error *error)
{
    struct boot_region kernel;
    if (!check_ram(&sim->config, error) || !check_image(&sim->config, error)) {
        return false;
    }
    fill_params(sim);
    if (!plan(sim, &kernel, error) || !map_ram(sim, error)) {
        return false;
    }
    sim->k = host(kernel.start);
    sim->params.kernel_vspace = kernel.start + align_up(sizeof(struct kernel), 12);
    fill_kernel_vspace(sim);
    if (sim->config.image_data_size != 0) {
        memcpy(host(sim->params.image.start), sim->config.image_data, sim->config.image_data_size);
    }
    if (sim->config.dtb != NULL && sim->config.dtb_size != 0) {
        memcpy(host(sim->params.dtb), sim->config.dtb, sim->config.dtb_size);
    }
    return true;
}

void map_destroy(struct sim *sim)
{
    while (sim->mapped > 0) {
        const struct boot_region *r = &sim->config.ram[--sim->mapped];
        munmap(host(r->start), r->end - r->start);
    }
}

void *sim_ram(const struct sim *sim, uint64_t paddr, uint64_t size)
{
    for (uint32_t i = 0; i < sim->mapped; i++) {
        const struct boot_region *r = &sim->config.ram[i];
        if (paddr >= r->start && paddr < r->end && size <= r->end - paddr) {
            return host(paddr);
        }
    }
    return NULL;
}
