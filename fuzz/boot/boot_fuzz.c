/* SPDX-License-Identifier: BSD-2-Clause */

/* One input is one machine at power-on: its memory map or device tree, and a root task. Whatever
 * they say, kernel_boot() refuses with a reason, or makes a sound system in which nobody is given
 * memory that is not his.
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "core/bits.h"
#include "core/bootinfo.h"
#include "core/check.h"
#include "core/kernel.h"
#include "core/machine.h"
#include "fuzz/boot/boot_input.h"
#include "fuzz/harness/target.h"

/* All physical addresses that RAM may have (docs/abi/11 section 11.8), at a fixed host address. */
#define WINDOW 0x200000000000u
#define PADDR_TOP ((uint64_t)1 << 39)

/* More than this is not cleared for a root CNode, or copied for a task, in reasonable time. */
#define CLEARED_MAX ((uint64_t)16 << 20)

enum { PAGE = 4096, PIECES_MAX = ABI_BOOTINFO_UNTYPEDS + 2 * BOOT_REGIONS_MAX + 8 };

struct machine {
    uint64_t root; /* As told by machine_vspace_switch(). */
};

static struct machine machine;
static jmp_buf escape;
static char reason[256];

/* --- core/machine.h, for a machine that only boots -------------------------------------------- */

NORETURN void machine_panic(const char *what, const char *file, int line)
{
    snprintf(reason, sizeof reason, "%s:%d: %s", file, line, what);
    longjmp(escape, 1);
}

bool machine_poll(struct machine *m, uint32_t core, uint64_t *now)
{
    (void)m;
    (void)core;
    *now = 0;
    return false;
}

uint32_t machine_irq_claim(struct machine *m, uint32_t core)
{
    (void)m;
    (void)core;
    return 0;
}

void machine_irq_complete(struct machine *m, uint32_t core, uint32_t irq)
{
    (void)m;
    (void)core;
    (void)irq;
}

void machine_irq_enable(struct machine *m, uint32_t core, uint32_t irq, bool enable)
{
    (void)m;
    (void)core;
    (void)irq;
    (void)enable;
}

void machine_irq_trigger(struct machine *m, uint32_t irq, bool edge)
{
    (void)m;
    (void)irq;
    (void)edge;
}

void machine_timer_set(struct machine *m, uint32_t core, uint64_t deadline)
{
    (void)m;
    (void)core;
    (void)deadline;
}

void machine_vspace_switch(struct machine *m, uint32_t core, uint64_t root_paddr, uint16_t asid)
{
    (void)core;
    (void)asid;
    m->root = root_paddr;
}

void machine_tlb_flush_page(struct machine *m, uint16_t asid, uint64_t vaddr)
{
    (void)m;
    (void)asid;
    (void)vaddr;
}

void machine_tlb_flush_asid(struct machine *m, uint16_t asid)
{
    (void)m;
    (void)asid;
}

void machine_fpu_save(struct machine *m, uint32_t core, uint64_t *words)
{
    (void)m;
    (void)core;
    memset(words, 0, FPU_WORDS * sizeof *words);
}

void machine_fpu_load(struct machine *m, uint32_t core, const uint64_t *words)
{
    (void)m;
    (void)core;
    (void)words;
}

void machine_fpu_enable(struct machine *m, uint32_t core, bool enable)
{
    (void)m;
    (void)core;
    (void)enable;
}

void machine_console(struct machine *m, char c)
{
    (void)m;
    (void)c;
}

NORETURN void machine_halt(struct machine *m)
{
    (void)m;
    longjmp(escape, 1);
}

/* --- The machine's memory --------------------------------------------------------------------- */

static void *ram(uint64_t paddr)
{
    return (void *)(uintptr_t)(WINDOW + paddr); // NOLINT: the window is fixed.
}

static void map_window(void)
{
    void *at = mmap(ram(0), PADDR_TOP, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED_NOREPLACE, -1, 0);
    if (at != ram(0)) {
        fprintf(stderr, "512 GiB of address space at 0x%llx cannot be had\n",
                (unsigned long long)WINDOW);
        exit(2);
    }
}

/* Regions that are empty, or end before they start, overlap nothing. */
static bool overlap(struct boot_region a, struct boot_region b)
{
    return a.start < a.end && b.start < b.end && a.start < b.end && b.start < a.end;
}

static bool within(struct boot_region inner, const struct boot_region *regions, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        if (inner.start >= regions[i].start && inner.end <= regions[i].end) {
            return true;
        }
    }
    return false;
}

static bool overlaps_any(struct boot_region r, const struct boot_region *regions, uint32_t count)
{
    for (uint32_t i = 0; i < count && i < BOOT_REGIONS_MAX; i++) {
        if (overlap(r, regions[i])) {
            return true;
        }
    }
    return false;
}

/* The kernel lies where a boot loader would have put it: in RAM, in nobody's way, reserved. False
 * if there is no such place. Then, or if the input says that the loader has failed, it lies where
 * the input says, and has to notice what is wrong before it touches memory. */
static bool place_kernel(struct boot_input *input)
{
    struct boot_params *p = &input->params;
    uint64_t size = align_up(sizeof(struct kernel), 12) + PAGE;
    struct boot_region dtb = {p->dtb, p->dtb + align_up(p->dtb_size, 12)};
    bool found = false;
    struct boot_region want = {input->kernel_paddr, input->kernel_paddr + size};
    for (uint32_t i = 0; i < p->ram_count && i < BOOT_REGIONS_MAX && !found; i++) {
        for (uint32_t tries = 0; tries < 4 && !found; tries++) {
            want.start = align_up(p->ram[i].start, 12) + tries * 2 * size;
            want.end = want.start + size;
            found = want.start < want.end && within(want, p->ram, p->ram_count) &&
                    !overlap(want, p->image) && !overlap(want, dtb) && want.end <= PADDR_TOP;
        }
    }
    if (!found || p->reserved_count >= BOOT_REGIONS_MAX) {
        return false;
    }
    input->kernel_paddr = want.start;
    p->reserved[p->reserved_count++] = want;
    p->kernel_vspace = want.end - PAGE;
    return true;
}

static struct boot_region kernel_region(const struct boot_input *input)
{
    return (struct boot_region){input->kernel_paddr, input->kernel_paddr + sizeof(struct kernel)};
}

/* The loader's page table is a good one even then: kernel_boot() does not look into page tables.
 * Without a page of RAM for it there is no boot. */
static void misplace_kernel(struct boot_input *input)
{
    struct boot_params *p = &input->params;
    struct boot_region kernel = kernel_region(input);
    for (uint32_t i = 0; i < p->ram_count && i < BOOT_REGIONS_MAX; i++) {
        uint64_t start = align_up(p->ram[i].start, 12);
        struct boot_region table = {start, start + PAGE};
        if (overlap(table, kernel)) {
            table.start = align_up(kernel.end, 12);
            table.end = table.start + PAGE;
        }
        if (within(table, &p->ram[i], 1)) {
            p->kernel_vspace = table.start;
            p->reserved_count += p->reserved_count < BOOT_REGIONS_MAX;
            p->reserved[min_u64(p->reserved_count, BOOT_REGIONS_MAX) - 1] = table;
            return;
        }
    }
}

/* --- What must hold --------------------------------------------------------------------------- */

__attribute__((format(printf, 1, 2))) static _Noreturn void unsound(const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    fuzz_found("boot", text);
}

/* Memory that has been given to somebody. */
struct pieces {
    struct boot_region regions[PIECES_MAX];
    uint32_t count;
};

/* Nobody else has it. */
static void give(struct pieces *given, struct boot_region region, const char *what)
{
    for (uint32_t i = 0; i < given->count; i++) {
        if (overlap(region, given->regions[i])) {
            unsound("%s 0x%" PRIx64 "..0x%" PRIx64 " overlaps what was given before", what,
                    region.start, region.end);
        }
    }
    if (given->count < PIECES_MAX) {
        given->regions[given->count++] = region;
    }
}

static void check_untyped(const struct boot_params *p, const struct bootinfo_untyped *u,
                          struct pieces *given)
{
    struct boot_region region = {u->paddr, u->paddr + bit(u->size_bits)};
    if (u->size_bits < ABI_MIN_UNTYPED_BITS || u->size_bits > ABI_MAX_UNTYPED_BITS ||
        !is_aligned(u->paddr, u->size_bits)) {
        unsound("an untyped of 2^%u bytes at 0x%" PRIx64, u->size_bits, u->paddr);
    }
    if (overlaps_any(region, p->reserved, p->reserved_count)) {
        unsound("untyped 0x%" PRIx64 " overlaps reserved memory", u->paddr);
    }
    if (u->is_device == 0 && !within(region, p->ram, p->ram_count)) {
        /* It may span neighbouring regions of RAM. */
        for (uint64_t at = region.start; at < region.end; at += PAGE) {
            struct boot_region page = {at, at + 1};
            if (!within(page, p->ram, p->ram_count)) {
                unsound("untyped 0x%" PRIx64 " is not in RAM", u->paddr);
            }
        }
    }
    if (u->is_device != 0 && (overlaps_any(region, p->ram, p->ram_count) ||
                              overlaps_any(region, p->devices, p->device_count))) {
        unsound("device untyped 0x%" PRIx64 " overlaps RAM or the kernel's devices", u->paddr);
    }
    give(given, region, "untyped");
}

static void check_initial_frames(const struct kernel *k, const struct slot *cnode,
                                 struct bootinfo_slots slots, struct pieces *given,
                                 struct boot_region *all)
{
    *all = (struct boot_region){0, 0};
    for (uint64_t i = slots.start; i < slots.end; i++) {
        const struct cap *cap = &cnode[i].cap;
        if (cap->type != CAP_FRAME || cap->device || cap->bits != ABI_PAGE_BITS || cap->asid == 0) {
            unsound("slot %" PRIu64 " is no mapped page of the image", i);
        }
        if (i == slots.start) {
            all->start = cap->paddr;
        } else if (cap->paddr != all->end) {
            unsound("the pages of the image are not in order at slot %" PRIu64, i);
        }
        all->end = cap->paddr + PAGE;
    }
    if (all->end != 0) {
        give(given, *all, "the image");
    }
    (void)k;
}

static void check_bootinfo(const struct kernel *k, const struct boot_params *p)
{
    static struct pieces given;
    const struct thread *root = k->cores[0].current;
    const struct slot *cnode = root->slots[THREAD_CSPACE].cap.slots;
    const struct bootinfo *info = ram(cnode[ABI_SLOT_BOOTINFO_FRAME].cap.paddr);
    struct boot_region image;
    given.count = 0;
    check_initial_frames(k, cnode, info->user_image_frames, &given, &image);
    if (image.start != p->image.start || image.end != p->image.end) {
        unsound("the image's frames are 0x%" PRIx64 "..0x%" PRIx64, image.start, image.end);
    }
    struct boot_region buffer = {cnode[ABI_SLOT_INIT_BUFFER].cap.paddr,
                                 cnode[ABI_SLOT_INIT_BUFFER].cap.paddr + PAGE};
    give(&given, buffer, "the IPC buffer");
    if (info->untyped.end - info->untyped.start > ABI_BOOTINFO_UNTYPEDS) {
        unsound("%" PRIu64 " untypeds", info->untyped.end - info->untyped.start);
    }
    for (uint64_t i = 0; i < info->untyped.end - info->untyped.start; i++) {
        const struct cap *cap = &cnode[info->untyped.start + i].cap;
        const struct bootinfo_untyped *u = &info->untyped_list[i];
        if (cap->type != CAP_UNTYPED || cap->paddr != u->paddr || cap->bits != u->size_bits ||
            cap->device != (u->is_device != 0)) {
            unsound("BootInfo's untyped %" PRIu64 " is not what the slot holds", i);
        }
        check_untyped(p, u, &given);
    }
    if (root->regs.pc != p->entry) {
        unsound("the root task starts at 0x%" PRIx64, root->regs.pc);
    }
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
        unsound("no memory for %" PRIu64 " words", need);
    }
    if (!kernel_check(k, (struct check_scratch){words, count}, &failure)) {
        unsound("invariant %s: %s", failure.invariant, failure.what);
    }
}

/* --- One input -------------------------------------------------------------------------------- */

/* What would be cleared or copied is kept small enough, where RAM has room for more. */
static void limit_sizes(struct boot_params *p)
{
    if (p->root_cnode_bits > 18 && p->root_cnode_bits <= 32) {
        p->root_cnode_bits = 18;
    }
    if (p->image.end - p->image.start > CLEARED_MAX && p->image.end > p->image.start) {
        p->image.end = p->image.start + CLEARED_MAX;
    }
    if (p->dtb_size > CLEARED_MAX && p->dtb_size < PADDR_TOP) {
        p->dtb_size = CLEARED_MAX;
    }
}

static void fill_memory(const struct boot_input *input)
{
    const struct boot_params *p = &input->params;
    if (input->image.bytes != NULL && within(p->image, p->ram, p->ram_count) &&
        p->image.end <= PADDR_TOP) {
        memcpy(ram(p->image.start), input->image.bytes, input->image.byte_count);
    }
}

/* Page by page: regions may be many. */
static bool covered(struct boot_region region, const struct boot_region *regions, uint32_t count)
{
    bool all = true;
    for (uint64_t at = region.start; at < region.end && all; at += PAGE) {
        struct boot_region part = {at, region.end - at < PAGE ? region.end : at + PAGE};
        all = within(part, regions, count);
    }
    return all;
}

/* Whether the boot loader has done its part for the kernel's own memory. */
static bool is_well_placed(const struct boot_input *input)
{
    const struct boot_params *p = &input->params;
    struct boot_region kernel = kernel_region(input);
    struct boot_region dtb = {p->dtb, p->dtb + p->dtb_size};
    return covered(kernel, p->reserved, p->reserved_count) &&
           covered(kernel, p->ram, p->ram_count) && !overlap(kernel, p->image) &&
           !overlap(kernel, dtb);
}

static bool is_zero(const void *memory, size_t size)
{
    const uint8_t *bytes = memory;
    return size == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0);
}

/* Whoever refuses to boot leaves memory alone. Where the image lies it has contents. */
static void check_untouched(const struct boot_input *input, const char *text)
{
    const struct kernel *k = ram(input->kernel_paddr);
    if (!overlap(kernel_region(input), input->params.image) && !is_zero(k, sizeof *k)) {
        unsound("a refused boot (%s) has touched memory", text);
    }
}

static void boot(struct boot_input *input)
{
    struct kernel *k = ram(input->kernel_paddr);
    enum boot_status status = kernel_boot(k, &input->params);
    if (status != BOOT_OK) {
        const char *text = boot_status_text(status);
        if (text == NULL || text[0] == '\0') {
            unsound("status %d has no text", (int)status);
        }
        check_untouched(input, text);
        return;
    }
    if (!is_well_placed(input)) {
        unsound("booted with a kernel in memory that is not its own");
    }
    check_invariants(k);
    check_bootinfo(k, &input->params);
}

/* A boot loader that has misplaced the kernel gets an assertion of the plan, before anything is
 * touched. Every other panic is a find: there is nothing that the kernel may not refuse. */
static void on_panic(const struct boot_input *input)
{
    if (is_well_placed(input) || strstr(reason, "core/boot_plan.c:") == NULL) {
        fuzz_found("panic", reason);
    }
    check_untouched(input, reason);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    map_window();
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct boot_input input;
    if (!boot_input_decode(data, size, &input)) {
        boot_input_free(&input);
        return 0;
    }
    limit_sizes(&input.params);
    input.kernel_paddr %= PADDR_TOP / 2;
    if (input.kernel_misplaced || !place_kernel(&input)) {
        misplace_kernel(&input);
    }
    input.params.machine = &machine;
    input.params.window = WINDOW;
    fill_memory(&input);
    if (setjmp(escape) == 0) {
        boot(&input);
    } else {
        on_panic(&input);
    }
    madvise(ram(0), PADDR_TOP, MADV_DONTNEED);
    boot_input_free(&input);
    return 0;
}
