/* SPDX-License-Identifier: BSD-2-Clause */

#include "arch/riscv64/vm.h"

#include <stddef.h>

#include "abi/api.h"
#include "arch/riscv64/csr.h"
#include "arch/riscv64/layout.h"
#include "core/bits.h"
#include "core/config.h"
#include "core/vspace.h"

/* Page-table entries of the kernel: RISC-V Privileged Architecture, section 4.3. Accessed and dirty
 * are set, since hardware may leave that to software. */
enum {
    PTE_TABLE = 0x01,  /* Valid. */
    PTE_COMMON = 0xE1, /* Valid, global, accessed, dirty. */
    PTE_READ = 0x02,
    PTE_WRITE = 0x04,
    PTE_EXECUTE = 0x08,
};

enum {
    ROOT_WINDOW = PT_ENTRIES / 2,
    ROOT_IMAGE = 510,
    ROOT_DEVICES = 511,
    MIDDLE_IMAGE = 1,
};

#define PAGE_SIZE ((uint64_t)1 << ABI_PAGE_BITS)
#define MEGA_PAGE_SIZE ((uint64_t)1 << ABI_MEGA_PAGE_BITS)
#define GIGA_PAGE_SIZE ((uint64_t)1 << ABI_GIGA_PAGE_BITS)

/* Linker symbols, all page aligned. */
extern char image_start[], text_end[], rodata_end[], stacks_start[], image_end[];

static ALIGNED(4096) struct page_table root;
static ALIGNED(4096) struct page_table image_middle;
static ALIGNED(4096) struct page_table image_leaf;
static ALIGNED(4096) struct page_table device_middle;

static uint64_t entry(uint64_t paddr, uint64_t flags)
{
    return paddr / PAGE_SIZE * 1024 + flags;
}

/* Whether an offset from the start of the image lies in the guard page below a stack. */
static bool in_guard(uint64_t offset)
{
    uint64_t start = (uint64_t)(stacks_start - image_start);
    return offset >= start &&
           offset < start + CONFIG_CORES * (uint64_t)(STACK_GUARD + STACK_SIZE) &&
           (offset - start) % (STACK_GUARD + STACK_SIZE) < STACK_GUARD;
}

static uint64_t image_flags(uint64_t offset)
{
    if (offset < (uint64_t)(text_end - image_start)) {
        return PTE_COMMON + PTE_READ + PTE_EXECUTE;
    }
    if (offset < (uint64_t)(rodata_end - image_start)) {
        return PTE_COMMON + PTE_READ;
    }
    return PTE_COMMON + PTE_READ + PTE_WRITE;
}

/* Runs at physical addresses: no absolute ones may be in its code, so no tables, no switch. */
uint64_t vm_early(void)
{
    uint64_t base = (uint64_t)(uintptr_t)image_start;
    uint64_t size = (uint64_t)(image_end - image_start);

    for (uint64_t i = 0; i < VM_WINDOW_GIGA_PAGES; i++) {
        root.entries[ROOT_WINDOW + i] =
            entry(i * GIGA_PAGE_SIZE, PTE_COMMON + PTE_READ + PTE_WRITE);
    }
    for (uint64_t offset = 0; offset < size; offset += PAGE_SIZE) {
        image_leaf.entries[offset / PAGE_SIZE] =
            in_guard(offset) ? 0 : entry(base + offset, image_flags(offset));
    }
    image_middle.entries[MIDDLE_IMAGE] = entry((uint64_t)(uintptr_t)&image_leaf, PTE_TABLE);
    root.entries[ROOT_IMAGE] = entry((uint64_t)(uintptr_t)&image_middle, PTE_TABLE);
    root.entries[ROOT_DEVICES] = entry((uint64_t)(uintptr_t)&device_middle, PTE_TABLE);
    return SATP_SV39 + (uint64_t)(uintptr_t)&root / PAGE_SIZE;
}

static bool touches(const struct boot_region *ram, uint32_t ram_count, uint64_t start, uint64_t end)
{
    for (uint32_t i = 0; i < ram_count; i++) {
        if (ram[i].start < end && start < ram[i].end) {
            return true;
        }
    }
    return false;
}

volatile void *vm_finish(const struct boot_region *ram, uint32_t ram_count,
                         struct boot_region device)
{
    uint64_t start = align_down(device.start, ABI_MEGA_PAGE_BITS);
    uint64_t count = (device.end - start + MEGA_PAGE_SIZE - 1) / MEGA_PAGE_SIZE;
    if (count > PT_ENTRIES) {
        return NULL;
    }
    for (uint64_t i = 0; i < count; i++) {
        device_middle.entries[i] =
            entry(start + i * MEGA_PAGE_SIZE, PTE_COMMON + PTE_READ + PTE_WRITE);
    }
    for (uint64_t i = 0; i < VM_WINDOW_GIGA_PAGES; i++) {
        if (!touches(ram, ram_count, i * GIGA_PAGE_SIZE, (i + 1) * GIGA_PAGE_SIZE)) {
            root.entries[ROOT_WINDOW + i] = 0;
        }
    }
    fence_all();
    return (volatile void *)(uintptr_t)(VM_DEVICES + (device.start - start));
}

uint64_t vm_image_paddr(const void *object)
{
    uint64_t base = image_leaf.entries[0] / 1024 * PAGE_SIZE;
    return (uint64_t)(uintptr_t)object - VM_IMAGE + base;
}

uint64_t vm_root(void)
{
    return vm_image_paddr(&root);
}

void *vm_window(uint64_t paddr)
{
    return (void *)(uintptr_t)(paddr + VM_WINDOW);
}

uint64_t vm_asid_count(void)
{
    uint64_t satp = CSR_READ(satp);
    CSR_WRITE(satp, satp | (uint64_t)0xFFFF << SATP_ASID_SHIFT);
    uint64_t bits = CSR_READ(satp) >> SATP_ASID_SHIFT & 0xFFFF;
    CSR_WRITE(satp, satp);
    fence_all();
    return bits + 1;
}
