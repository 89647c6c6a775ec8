/* SPDX-License-Identifier: BSD-2-Clause */

#include "core/boot_plan.h"

#include "abi/api.h"
#include "core/bits.h"
#include "core/cap.h"
#include "core/config.h"

#define PAGE_SIZE ((uint64_t)1 << ABI_PAGE_BITS)

/* The kernel numbers slots with 32 bits from the lowest RAM on; number 0 means none. */
#define RAM_SPAN_MAX (((uint64_t)1 << 37) - 2 * sizeof(struct slot))

static bool overlap(struct boot_region a, struct boot_region b)
{
    return a.start < b.end && b.start < a.end;
}

static bool in_ram(const struct boot_params *params, struct boot_region region)
{
    for (uint32_t i = 0; i < params->ram_count; i++) {
        if (params->ram[i].start <= region.start && region.end <= params->ram[i].end) {
            return true;
        }
    }
    return false;
}

static bool has_dtb(const struct boot_params *params)
{
    return params->dtb != 0 && params->dtb_size != 0;
}

static struct boot_region dtb_region(const struct boot_params *params)
{
    struct boot_region region = {0, 0};
    if (has_dtb(params)) {
        region.start = params->dtb;
        region.end = saturating_add(params->dtb, params->dtb_size);
    }
    return region;
}

/* The lowest start of RAM at or above `from`, BOOT_MAP_TOP if there is none. */
static uint64_t ram_start(const struct boot_params *params, uint64_t from)
{
    uint64_t start = BOOT_MAP_TOP;
    for (uint32_t i = 0; i < params->ram_count; i++) {
        if (params->ram[i].start >= from) {
            start = min_u64(start, params->ram[i].start);
        }
    }
    return start;
}

static void block_reserved(const struct boot_params *params, struct boot_map *map)
{
    for (uint32_t i = 0; i < params->reserved_count; i++) {
        boot_map_block(map, params->reserved[i].start, params->reserved[i].end);
    }
}

void boot_plan_device_map(const struct boot_params *params, struct boot_map *map)
{
    boot_map_init(map);
    block_reserved(params, map);
    for (uint32_t i = 0; i < params->ram_count; i++) {
        boot_map_block(map, params->ram[i].start, params->ram[i].end);
    }
    for (uint32_t i = 0; i < params->device_count; i++) {
        /* Kernel devices are kept back in units of a large page. */
        uint64_t end = min_u64(params->devices[i].end, BOOT_MAP_TOP);
        boot_map_block(map, align_down(params->devices[i].start, ABI_MEGA_PAGE_BITS),
                       align_up(end, ABI_MEGA_PAGE_BITS));
    }
}

void boot_plan_ram_map(const struct boot_params *params, const struct boot_plan *plan,
                       struct boot_map *map)
{
    boot_map_init(map);
    boot_map_block(map, 0, ram_start(params, 0));
    for (uint32_t i = 0; i < params->ram_count; i++) {
        boot_map_block(map, params->ram[i].end, ram_start(params, params->ram[i].end));
    }
    block_reserved(params, map);
    boot_map_block(map, params->image.start, params->image.end);
    boot_map_block(map, dtb_region(params).start, dtb_region(params).end);
    boot_map_block(map, plan->object_memory.start, plan->object_memory.end);
}

static enum boot_status check_ram(const struct boot_params *params, struct boot_plan *plan)
{
    if (params->ram_count > BOOT_REGIONS_MAX || params->reserved_count > BOOT_REGIONS_MAX ||
        params->device_count > BOOT_REGIONS_MAX) {
        return BOOT_TOO_MANY_REGIONS;
    }
    if (params->ram_count == 0) {
        return BOOT_NO_RAM;
    }
    plan->ram_base = params->ram[0].start;
    plan->ram_top = params->ram[0].end;
    for (uint32_t i = 0; i < params->ram_count; i++) {
        if (params->ram[i].start >= params->ram[i].end) {
            return BOOT_NO_RAM;
        }
        for (uint32_t other = 0; other < i; other++) {
            if (overlap(params->ram[i], params->ram[other])) {
                return BOOT_RAM_OVERLAPS;
            }
        }
        plan->ram_base = min_u64(plan->ram_base, params->ram[i].start);
        plan->ram_top = params->ram[i].end > plan->ram_top ? params->ram[i].end : plan->ram_top;
    }
    if (plan->ram_top > BOOT_MAP_TOP || plan->ram_top - plan->ram_base > RAM_SPAN_MAX) {
        return BOOT_RAM_SPAN;
    }
    return BOOT_OK;
}

static enum boot_status check_machine(const struct boot_params *params)
{
    if (params->timer_hz == 0 || params->timer_hz % 1000000 != 0) {
        return BOOT_BAD_TIMER;
    }
    uint32_t kernel_irqs = CONFIG_CORES > 1 ? 3 : 1;
    if (params->irq_max >= CONFIG_IRQ_LIMIT - kernel_irqs) {
        return BOOT_BAD_IRQ_MAX;
    }
    return BOOT_OK;
}

static enum boot_status check_image(const struct boot_params *params)
{
    struct boot_region image = params->image;
    struct boot_region dtb = dtb_region(params);
    if (image.start >= image.end || !is_aligned(image.start, ABI_PAGE_BITS) ||
        !is_aligned(image.end, ABI_PAGE_BITS) || !is_aligned(params->image_offset, ABI_PAGE_BITS)) {
        return BOOT_IMAGE_ALIGNMENT;
    }
    if (!in_ram(params, image)) {
        return BOOT_IMAGE_NOT_IN_RAM;
    }
    if (has_dtb(params) && !in_ram(params, dtb)) {
        return BOOT_DTB_NOT_IN_RAM;
    }
    bool overlaps = overlap(image, dtb);
    for (uint32_t i = 0; i < params->reserved_count; i++) {
        overlaps = overlaps || overlap(image, params->reserved[i]);
    }
    return overlaps ? BOOT_IMAGE_OVERLAPS : BOOT_OK;
}

/* Number of units of 2^bits bytes that [start, end) touches. */
static uint64_t units_touched(uint64_t start, uint64_t end, uint32_t bits)
{
    return bits_high(end - 1, bits) - bits_high(start, bits) + 1;
}

/* log2 of the bytes that the extra BootInfo occupies: a power of two of pages. */
static uint32_t extra_bits(uint64_t pages)
{
    return pages <= 1 ? ABI_PAGE_BITS : ABI_PAGE_BITS + highest_bit(pages - 1) + 1;
}

/* Lays out the initial address space. */
static enum boot_status plan_vspace(const struct boot_params *params, struct boot_plan *plan)
{
    uint64_t size = params->image.end - params->image.start;
    plan->image_vaddr = params->image.start - params->image_offset; /* May wrap around. */
    plan->image_pages = size / PAGE_SIZE;
    plan->extra_len = 0;
    if (has_dtb(params)) {
        plan->extra_len = 16 + params->dtb_size;
    }
    plan->extra_pages = (plan->extra_len + PAGE_SIZE - 1) / PAGE_SIZE;

    uint64_t behind = 2 * PAGE_SIZE;
    if (plan->extra_pages != 0) {
        behind += bit(extra_bits(plan->extra_pages));
    }
    /* Sizes are below 2^38, RAM being at most 2^37 bytes: the sum cannot overflow. */
    if (plan->image_vaddr >= ABI_USER_TOP || plan->image_vaddr + size + behind >= ABI_USER_TOP) {
        return BOOT_IMAGE_RANGE;
    }
    plan->buffer_vaddr = plan->image_vaddr + size;
    plan->info_vaddr = plan->buffer_vaddr + PAGE_SIZE;
    plan->extra_vaddr = plan->info_vaddr + PAGE_SIZE;
    plan->end_vaddr = plan->buffer_vaddr + behind;
    plan->middle_tables = units_touched(plan->image_vaddr, plan->end_vaddr, ABI_GIGA_PAGE_BITS);
    plan->leaf_tables = units_touched(plan->image_vaddr, plan->end_vaddr, ABI_MEGA_PAGE_BITS);
    return BOOT_OK;
}

static void plan_object(struct boot_plan *plan, enum boot_object_kind kind, uint32_t bits,
                        uint64_t count)
{
    plan->objects[kind].bits = bits;
    plan->objects[kind].count = count;
    plan->objects[kind].paddr = 0;
}

static void plan_objects(struct boot_plan *plan)
{
    plan_object(plan, BOOT_CNODE, plan->cnode_bits + ABI_SLOT_BITS, 1);
    plan_object(plan, BOOT_VSPACE, ABI_PAGE_TABLE_BITS, 1);
    plan_object(plan, BOOT_TABLES, ABI_PAGE_TABLE_BITS, plan->middle_tables + plan->leaf_tables);
    plan_object(plan, BOOT_POOL, ABI_ASID_POOL_BITS, 1);
    plan_object(plan, BOOT_BUFFER, ABI_PAGE_BITS, 1);
    plan_object(plan, BOOT_INFO, ABI_PAGE_BITS, 1);
    plan_object(plan, BOOT_EXTRA, extra_bits(plan->extra_pages), plan->extra_pages == 0 ? 0 : 1);
    plan_object(plan, BOOT_TCB, CONFIG_TCB_BITS, 1);
    plan_object(plan, BOOT_SC, ABI_MIN_SCHED_CONTEXT_BITS, 1);
}

/* The highest place in free RAM for `size` bytes aligned to 2^bits. */
static bool find_room(const struct boot_map *map, uint64_t size, uint32_t bits, uint64_t *place)
{
    bool found = false;
    struct boot_region gap = {0, 0};
    while (boot_map_gap(map, gap.end, &gap)) {
        if (gap.end - gap.start < size) {
            continue;
        }
        uint64_t start = align_down(gap.end - size, bits);
        if (start >= gap.start) {
            *place = start;
            found = true;
        }
    }
    return found;
}

/* Finds room for all objects. The largest comes first, so that each is aligned to its size if the
 * first one is. */
static enum boot_status place_objects(const struct boot_params *params, struct boot_plan *plan)
{
    uint64_t size = 0;
    uint32_t bits_max = 0;
    for (uint32_t i = 0; i < BOOT_OBJECT_KINDS; i++) {
        const struct boot_object *object = &plan->objects[i];
        size += object->count * bit(object->bits);
        bits_max = object->bits > bits_max ? object->bits : bits_max;
    }

    struct boot_map map;
    uint64_t start;
    plan->object_memory.start = 0;
    plan->object_memory.end = 0;
    boot_plan_ram_map(params, plan, &map);
    if (!find_room(&map, size, bits_max, &start)) {
        return BOOT_NO_MEMORY;
    }
    plan->object_memory.start = start;
    plan->object_memory.end = start + size;

    for (uint32_t bits = bits_max; bits > 0; bits--) {
        for (uint32_t i = 0; i < BOOT_OBJECT_KINDS; i++) {
            struct boot_object *object = &plan->objects[i];
            if (object->bits == bits) {
                object->paddr = start;
                start += object->count * bit(bits);
            }
        }
    }
    ASSERT(start == plan->object_memory.end);
    return BOOT_OK;
}

static uint64_t count_pieces(struct boot_map *map)
{
    uint64_t count = 0;
    uint64_t paddr;
    uint32_t bits;
    while (boot_map_piece(map, &paddr, &bits)) {
        count++;
    }
    return count;
}

/* Whether the root CNode holds all initial capabilities. */
static enum boot_status check_slots(const struct boot_params *params, const struct boot_plan *plan)
{
    struct boot_map map;
    boot_plan_device_map(params, &map);
    uint64_t untypeds = count_pieces(&map);
    boot_plan_ram_map(params, plan, &map);
    untypeds += count_pieces(&map);

    uint64_t slots = ABI_SLOT_DYNAMIC + plan->middle_tables + plan->leaf_tables;
    slots += plan->extra_pages + CONFIG_CORES + plan->image_pages;
    slots += min_u64(untypeds, ABI_BOOTINFO_UNTYPEDS);
    return slots > bit(plan->cnode_bits) ? BOOT_CNODE_TOO_SMALL : BOOT_OK;
}

/* A struct kernel that is given out would be the user's. */
static void assert_reserved(const struct boot_params *params, const struct boot_plan *plan,
                            struct boot_region kernel)
{
    struct boot_map map;
    struct boot_region gap;
    ASSERT(in_ram(params, kernel));
    boot_plan_ram_map(params, plan, &map);
    ASSERT(!boot_map_gap(&map, kernel.start, &gap) || gap.start >= kernel.end);
    ASSERT(!overlap(kernel, plan->object_memory));
    /* The image and the device tree are no gaps either, but not the kernel's. */
    ASSERT(!overlap(kernel, params->image) && !overlap(kernel, dtb_region(params)));
}

enum boot_status boot_plan_make(const struct boot_params *params, struct boot_region kernel,
                                struct boot_plan *plan)
{
    enum boot_status status = check_ram(params, plan);
    if (status == BOOT_OK) {
        status = check_machine(params);
    }
    if (status == BOOT_OK) {
        status = check_image(params);
    }
    if (status == BOOT_OK) {
        status = plan_vspace(params, plan);
    }
    if (status != BOOT_OK) {
        return status;
    }
    plan->cnode_bits = params->root_cnode_bits == 0 ? 12 : params->root_cnode_bits;
    if (plan->cnode_bits > 32) {
        return BOOT_NO_MEMORY; /* More than all RAM there can be. */
    }
    plan_objects(plan);
    status = place_objects(params, plan);
    if (status == BOOT_OK) {
        status = check_slots(params, plan);
    }
    if (status == BOOT_OK) {
        assert_reserved(params, plan, kernel);
    }
    return status;
}
