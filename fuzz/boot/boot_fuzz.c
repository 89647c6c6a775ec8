/* SPDX-License-Identifier: BSD-2-Clause */

/* One input is one machine at power-on: its memory map or device tree, and a root task. Whatever
 * they say, kernel_boot() refuses with a reason, or makes a sound system in which nobody is given
 * memory that is not his.
 */
#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include "core/bits.h"
#include "core/kernel.h"
#include "core/machine.h"
#include "fuzz/boot/boot_input.h"
#include "fuzz/boot/boot_sound.h"
#include "fuzz/harness/target.h"

/* More than this is not cleared for a root CNode, or copied for a task, in reasonable time. */
#define CLEARED_MAX ((uint64_t)16 << 20)

enum { PAGE = 4096 };

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

/* --- The kernel's memory ---------------------------------------------------------------------- */

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
            found = want.start < want.end && boot_within(want, p->ram, p->ram_count) &&
                    !boot_overlap(want, p->image) && !boot_overlap(want, dtb) &&
                    want.end <= BOOT_PADDR_TOP;
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

/* A page, or the first one behind what it overlaps. */
static struct boot_region behind(struct boot_region page, struct boot_region taken)
{
    if (boot_overlap(page, taken)) {
        page.start = align_up(taken.end, 12);
        page.end = page.start + PAGE;
    }
    return page;
}

/* The loader's page table is a good one even then: kernel_boot() does not look into page tables.
 * Without a page of RAM for it there is no boot. */
static void misplace_kernel(struct boot_input *input)
{
    struct boot_params *p = &input->params;
    struct boot_region kernel = kernel_region(input);
    struct boot_region tree = boot_tree_region(p);
    for (uint32_t i = 0; i < p->ram_count && i < BOOT_REGIONS_MAX; i++) {
        uint64_t start = align_up(p->ram[i].start, 12);
        struct boot_region table = {start, start + PAGE};
        table = behind(behind(behind(table, kernel), tree), kernel);
        if (boot_within(table, &p->ram[i], 1)) {
            p->kernel_vspace = table.start;
            p->reserved_count += p->reserved_count < BOOT_REGIONS_MAX;
            p->reserved[min_u64(p->reserved_count, BOOT_REGIONS_MAX) - 1] = table;
            return;
        }
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
    if (p->dtb_size > CLEARED_MAX && p->dtb_size < BOOT_PADDR_TOP) {
        p->dtb_size = CLEARED_MAX;
    }
}

/* Whether the boot loader has done its part for the kernel's own memory. */
static bool is_well_placed(const struct boot_input *input)
{
    const struct boot_params *p = &input->params;
    struct boot_region kernel = kernel_region(input);
    return boot_covered(kernel, p->reserved, p->reserved_count) &&
           boot_within(kernel, p->ram, p->ram_count) && !boot_overlap(kernel, p->image) &&
           !boot_overlap(kernel, boot_tree_region(p));
}

static bool is_zero(const void *memory, size_t size)
{
    const uint8_t *bytes = memory;
    return size == 0 || (bytes[0] == 0 && memcmp(bytes, bytes + 1, size - 1) == 0);
}

/* Whoever refuses to boot leaves the kernel's memory alone. Where the image or the tree lies it has
 * contents, which are looked at in any case. */
static void check_untouched(const struct boot_input *input, const char *text)
{
    const struct kernel *k = boot_ram(input->kernel_paddr);
    struct boot_region kernel = kernel_region(input);
    if (!boot_overlap(kernel, input->params.image) &&
        !boot_overlap(kernel, boot_tree_region(&input->params)) && !is_zero(k, sizeof *k)) {
        boot_unsound("a refused boot (%s) has touched the kernel's memory", text);
    }
}

static void boot(struct boot_input *input)
{
    struct kernel *k = boot_ram(input->kernel_paddr);
    enum boot_status status = kernel_boot(k, &input->params);
    if (status != BOOT_OK) {
        const char *text = boot_status_text(status);
        if (text == NULL || text[0] == '\0') {
            boot_unsound("status %d has no text", (int)status);
        }
        check_untouched(input, text);
        return;
    }
    if (!is_well_placed(input)) {
        boot_unsound("booted with a kernel in memory that is not its own");
    }
    boot_check_system(k, input);
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
    boot_ram_map();
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
    input.kernel_paddr %= BOOT_PADDR_TOP / 2;
    if (input.kernel_misplaced || !place_kernel(&input)) {
        misplace_kernel(&input);
    }
    input.params.machine = &machine;
    input.params.window = BOOT_WINDOW;
    boot_fill_memory(&input);
    if (setjmp(escape) == 0) {
        boot(&input);
    } else {
        on_panic(&input);
    }
    boot_check_contents(&input);
    boot_ram_clear();
    boot_input_free(&input);
    return 0;
}
