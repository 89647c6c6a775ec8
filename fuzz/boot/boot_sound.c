/* SPDX-License-Identifier: BSD-2-Clause */
#include "fuzz/boot/boot_sound.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/bits.h"
#include "core/bootinfo.h"
#include "core/check.h"
#include "core/kernel.h"
#include "fuzz/harness/target.h"

/* Pieces: untypeds, the image with its tables, the other initial objects, the device tree. */
enum { PAGE = 4096, PIECES_MAX = ABI_BOOTINFO_UNTYPEDS + 2 * BOOT_REGIONS_MAX + 8 };

/* --- Memory ----------------------------------------------------------------------------------- */

void *boot_ram(uint64_t paddr)
{
    return (void *)(uintptr_t)(BOOT_WINDOW + paddr); // NOLINT: the window is fixed.
}

void boot_ram_map(void)
{
    void *at = mmap(boot_ram(0), BOOT_PADDR_TOP, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    if (at != boot_ram(0)) {
        fprintf(stderr, "512 GiB of address space at 0x%llx cannot be had\n",
                (unsigned long long)BOOT_WINDOW);
        exit(2);
    }
}

void boot_ram_clear(void)
{
    madvise(boot_ram(0), BOOT_PADDR_TOP, MADV_DONTNEED);
}

bool boot_overlap(struct boot_region a, struct boot_region b)
{
    return a.start < a.end && b.start < b.end && a.start < b.end && b.start < a.end;
}

bool boot_within(struct boot_region inner, const struct boot_region *regions, uint32_t count)
{
    for (uint32_t i = 0; i < count && i < BOOT_REGIONS_MAX && inner.start < inner.end; i++) {
        if (inner.start >= regions[i].start && inner.end <= regions[i].end) {
            return true;
        }
    }
    return false;
}

/* The end of a region with this address; the address itself if there is none. */
static uint64_t end_at(uint64_t at, const struct boot_region *regions, uint32_t count)
{
    for (uint32_t i = 0; i < count && i < BOOT_REGIONS_MAX; i++) {
        if (at >= regions[i].start && at < regions[i].end) {
            return regions[i].end;
        }
    }
    return at;
}

bool boot_covered(struct boot_region inner, const struct boot_region *regions, uint32_t count)
{
    uint64_t at = inner.start;
    uint64_t end = end_at(at, regions, count);
    while (at < inner.end && end > at) {
        at = end;
        end = end_at(at, regions, count);
    }
    return inner.start < inner.end && at >= inner.end;
}

bool boot_overlaps_any(struct boot_region r, const struct boot_region *regions, uint32_t count)
{
    for (uint32_t i = 0; i < count && i < BOOT_REGIONS_MAX; i++) {
        if (boot_overlap(r, regions[i])) {
            return true;
        }
    }
    return false;
}

struct boot_region boot_tree_region(const struct boot_params *p)
{
    bool has_tree = p->dtb != 0 && p->dtb_size != 0;
    return has_tree ? (struct boot_region){p->dtb, p->dtb + p->dtb_size}
                    : (struct boot_region){0, 0};
}

/* --- Contents --------------------------------------------------------------------------------- */

void boot_unsound(const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    fuzz_found("boot", text);
}

static bool is_memory(const struct boot_params *p, struct boot_region region)
{
    return boot_within(region, p->ram, p->ram_count) && region.end <= BOOT_PADDR_TOP;
}

/* The image may have been cut to less than its contents. */
static uint64_t image_bytes(const struct boot_input *input)
{
    struct boot_region image = input->params.image;
    bool filled = input->image.bytes != NULL && is_memory(&input->params, image);
    return filled ? min_u64(input->image.byte_count, image.end - image.start) : 0;
}

static uint64_t tree_bytes(const struct boot_input *input)
{
    struct boot_region tree = boot_tree_region(&input->params);
    return input->tree != NULL && is_memory(&input->params, tree) ? tree.end - tree.start : 0;
}

void boot_fill_memory(const struct boot_input *input)
{
    const struct boot_params *p = &input->params;
    uint64_t image_size = image_bytes(input);
    uint64_t tree_size = tree_bytes(input);
    if (image_size != 0) {
        memcpy(boot_ram(p->image.start), input->image.bytes, image_size);
    }
    if (tree_size != 0) {
        memcpy(boot_ram(p->dtb), input->tree, tree_size);
    }
}

void boot_check_contents(const struct boot_input *input)
{
    const struct boot_params *p = &input->params;
    uint64_t image_size = image_bytes(input);
    uint64_t tree_size = tree_bytes(input);
    if (image_size != 0 && !boot_overlap(p->image, boot_tree_region(p)) &&
        memcmp(boot_ram(p->image.start), input->image.bytes, image_size) != 0) {
        boot_unsound("the image is not as it was loaded");
    }
    if (tree_size != 0 && memcmp(boot_ram(p->dtb), input->tree, tree_size) != 0) {
        boot_unsound("the device tree is not as it was loaded");
    }
}

/* --- Who has which memory --------------------------------------------------------------------- */

/* A system that has booted. */
struct system {
    const struct boot_input *input;
    const struct boot_params *p;
    const struct thread *root;
    const struct slot *cnode;
    const struct bootinfo *info;
    /* Memory that has been given to somebody. */
    struct boot_region given[PIECES_MAX];
    uint32_t given_count;
};

/* Nobody else has it. */
static void take(struct system *s, struct boot_region region, const char *what)
{
    for (uint32_t i = 0; i < s->given_count; i++) {
        if (boot_overlap(region, s->given[i])) {
            boot_unsound("%s 0x%" PRIx64 "..0x%" PRIx64 " overlaps what was given before", what,
                         region.start, region.end);
        }
    }
    if (s->given_count == PIECES_MAX) {
        boot_unsound("more than %d pieces of memory are given", PIECES_MAX);
    }
    s->given[s->given_count++] = region;
}

static void give(struct system *s, struct boot_region region, const char *what)
{
    if (boot_overlaps_any(region, s->p->reserved, s->p->reserved_count)) {
        boot_unsound("%s 0x%" PRIx64 " overlaps reserved memory", what, region.start);
    }
    take(s, region, what);
}

static void give_ram(struct system *s, struct boot_region region, const char *what)
{
    if (!boot_covered(region, s->p->ram, s->p->ram_count)) {
        boot_unsound("%s 0x%" PRIx64 " is not in RAM", what, region.start);
    }
    give(s, region, what);
}

static void check_untyped(struct system *s, const struct bootinfo_untyped *u)
{
    const struct boot_params *p = s->p;
    struct boot_region region = {u->paddr, u->paddr + bit(u->size_bits)};
    if (u->size_bits < ABI_MIN_UNTYPED_BITS || u->size_bits > ABI_MAX_UNTYPED_BITS ||
        !is_aligned(u->paddr, u->size_bits)) {
        boot_unsound("an untyped of 2^%u bytes at 0x%" PRIx64, u->size_bits, u->paddr);
    }
    if (u->is_device == 0) {
        give_ram(s, region, "untyped");
        return;
    }
    if (boot_overlaps_any(region, p->ram, p->ram_count) ||
        boot_overlaps_any(region, p->devices, p->device_count)) {
        boot_unsound("device untyped 0x%" PRIx64 " overlaps RAM or the kernel's devices", u->paddr);
    }
    give(s, region, "device untyped");
}

static void check_untypeds(struct system *s)
{
    struct bootinfo_slots slots = s->info->untyped;
    if (slots.end - slots.start > ABI_BOOTINFO_UNTYPEDS) {
        boot_unsound("%" PRIu64 " untypeds", slots.end - slots.start);
    }
    for (uint64_t i = 0; i < slots.end - slots.start; i++) {
        const struct cap *cap = &s->cnode[slots.start + i].cap;
        const struct bootinfo_untyped *u = &s->info->untyped_list[i];
        if (cap->type != CAP_UNTYPED || cap->paddr != u->paddr || cap->bits != u->size_bits ||
            cap->device != (u->is_device != 0)) {
            boot_unsound("BootInfo's untyped %" PRIu64 " is not what the slot holds", i);
        }
        check_untyped(s, u);
    }
}

/* Mapped pages of RAM, one after another: where they lie. */
static struct boot_region check_frames(struct system *s, struct bootinfo_slots slots,
                                       const char *what)
{
    struct boot_region all = {0, 0};
    for (uint64_t i = slots.start; i < slots.end; i++) {
        const struct cap *cap = &s->cnode[i].cap;
        if (cap->type != CAP_FRAME || cap->device || cap->bits != ABI_PAGE_BITS || cap->asid == 0) {
            boot_unsound("slot %" PRIu64 " is no mapped page of %s", i, what);
        }
        if (i == slots.start) {
            all.start = cap->paddr;
        } else if (cap->paddr != all.end) {
            boot_unsound("the pages of %s are not in order at slot %" PRIu64, what, i);
        }
        all.end = cap->paddr + PAGE;
    }
    if (all.end != 0) {
        give_ram(s, all, what);
    }
    return all;
}

static void check_object(struct system *s, uint64_t slot, enum cap_type type, uint32_t bits,
                         const char *what)
{
    const struct cap *cap = &s->cnode[slot].cap;
    if (cap->type != type) {
        boot_unsound("slot %" PRIu64 " does not hold %s", slot, what);
    }
    /* They all begin with a pointer to the object. */
    uint64_t paddr = (uint64_t)(uintptr_t)cap->slots - BOOT_WINDOW;
    give_ram(s, (struct boot_region){paddr, paddr + bit(bits)}, what);
}

static void check_objects(struct system *s)
{
    struct bootinfo_slots tables = s->info->user_image_paging;
    uint32_t cnode_bits = s->p->root_cnode_bits == 0 ? 12 : s->p->root_cnode_bits;
    check_object(s, ABI_SLOT_INIT_CNODE, CAP_CNODE, cnode_bits + ABI_SLOT_BITS, "the root CNode");
    check_object(s, ABI_SLOT_INIT_TCB, CAP_TCB, CONFIG_TCB_BITS, "the TCB");
    check_object(s, ABI_SLOT_INIT_VSPACE, CAP_PAGE_TABLE, ABI_PAGE_TABLE_BITS, "the VSpace");
    check_object(s, ABI_SLOT_INIT_ASID_POOL, CAP_ASID_POOL, ABI_ASID_POOL_BITS, "the ASID pool");
    check_object(s, ABI_SLOT_INIT_SC, CAP_SCHED_CONTEXT, ABI_MIN_SCHED_CONTEXT_BITS, "the SC");
    for (uint64_t i = tables.start; i < tables.end; i++) {
        check_object(s, i, CAP_PAGE_TABLE, ABI_PAGE_TABLE_BITS, "a page table");
    }
}

/* Where a tree is only a size, there are zeros. */
static bool is_copy_of_tree(const struct boot_input *input, const uint8_t *data)
{
    uint64_t size = input->params.dtb_size;
    if (input->tree != NULL) {
        return memcmp(data, input->tree, size) == 0;
    }
    return data[0] == 0 && memcmp(data, data + 1, size - 1) == 0;
}

/* The extra BootInfo: the tree, behind a header. */
static void check_extra(struct system *s)
{
    struct boot_region pages = check_frames(s, s->info->extra_pages, "the extra BootInfo");
    struct boot_region tree = boot_tree_region(s->p);
    uint64_t length = tree.end == 0 ? 0 : sizeof(struct bootinfo_chunk) + s->p->dtb_size;
    if (s->info->extra_len != length || pages.end - pages.start != align_up(length, 12)) {
        boot_unsound("extra BootInfo of 0x%" PRIx64 " bytes in 0x%" PRIx64, s->info->extra_len,
                     pages.end - pages.start);
    }
    if (length == 0) {
        return;
    }
    take(s, tree, "the device tree"); /* It may be reserved, too. */
    const struct bootinfo_chunk *chunk = boot_ram(pages.start);
    if (chunk->id != BOOTINFO_ID_FDT || chunk->len != length ||
        !is_copy_of_tree(s->input, (const uint8_t *)(chunk + 1))) {
        boot_unsound("the extra BootInfo does not hold the device tree");
    }
}

static void check_memory(struct system *s)
{
    const struct boot_params *p = s->p;
    struct boot_region image = check_frames(s, s->info->user_image_frames, "the image");
    if (image.start != p->image.start || image.end != p->image.end) {
        boot_unsound("the image's frames are 0x%" PRIx64 "..0x%" PRIx64, image.start, image.end);
    }
    const struct bootinfo_slots info = {ABI_SLOT_BOOTINFO_FRAME, ABI_SLOT_BOOTINFO_FRAME + 1};
    const struct bootinfo_slots buffer = {ABI_SLOT_INIT_BUFFER, ABI_SLOT_INIT_BUFFER + 1};
    check_frames(s, info, "BootInfo");
    check_frames(s, buffer, "the IPC buffer");
    check_extra(s);
    check_objects(s);
    check_untypeds(s);
}

static void check_invariants(struct kernel *k)
{
    static uint64_t *words;
    static uint64_t count;
    struct check_failure failure = {0};
    uint64_t need = kernel_check_scratch(k);
    if (need > count) {
        free(words);
        words = calloc(need, sizeof *words);
        count = words == NULL ? 0 : need;
    }
    if (words == NULL) {
        boot_unsound("no memory for %" PRIu64 " words", need);
    }
    if (!kernel_check(k, (struct check_scratch){words, count}, &failure)) {
        boot_unsound("invariant %s: %s", failure.invariant, failure.what);
    }
}

void boot_check_system(struct kernel *k, const struct boot_input *input)
{
    static struct system system;
    check_invariants(k);
    const struct thread *root = k->cores[0].current;
    const struct slot *cnode = root->slots[THREAD_CSPACE].cap.slots;
    const struct bootinfo *info = boot_ram(cnode[ABI_SLOT_BOOTINFO_FRAME].cap.paddr);
    system = (struct system){
        .input = input, .p = &input->params, .root = root, .cnode = cnode, .info = info};
    check_memory(&system);
    if (root->regs.pc != input->params.entry) {
        boot_unsound("the root task starts at 0x%" PRIx64, root->regs.pc);
    }
}
