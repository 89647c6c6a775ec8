/* SPDX-License-Identifier: BSD-2-Clause */
#include "fuzz/boot/boot_input.h"

#include <string.h>

#include "arch/riscv64/board.h"
#include "core/config.h"
#include "fuzz/harness/target.h"

enum { PAGE = 4096, TREE_PLACES = 3 };

struct reader {
    const uint8_t *data;
    size_t size;
    size_t next;
};

static uint8_t read_byte(struct reader *r)
{
    return r->next < r->size ? r->data[r->next++] : 0;
}

static uint16_t read_half(struct reader *r)
{
    uint16_t low = read_byte(r);
    return (uint16_t)(low | read_byte(r) << 8);
}

/* 16 bits anywhere in a word, and a little more or less: sizes, addresses, edges. */
static uint64_t read_number(struct reader *r)
{
    uint64_t number = read_half(r);
    uint8_t shift = read_byte(r);
    int8_t more = (int8_t)read_byte(r);
    number <<= shift % 48;
    return number + (uint64_t)(int64_t)more * (shift >= 128 ? 1 : PAGE);
}

/* Up to `size` bytes of the input itself. */
static const uint8_t *read_part(struct reader *r, size_t size, size_t *got)
{
    const uint8_t *part = r->data + r->next;
    *got = r->size - r->next < size ? r->size - r->next : size;
    r->next += *got;
    return part;
}

static struct boot_region read_region(struct reader *r)
{
    uint64_t start = read_number(r);
    return (struct boot_region){start, start + read_number(r)};
}

static uint32_t read_regions(struct reader *r, struct boot_region *regions)
{
    uint32_t count = read_byte(r) % (BOOT_REGIONS_MAX + 4u);
    /* Few are the rule. */
    count = count < BOOT_REGIONS_MAX - 4 ? count % 4 : count;
    for (uint32_t i = 0; i < count && i < BOOT_REGIONS_MAX; i++) {
        regions[i] = read_region(r);
    }
    return count;
}

static bool take_tree(struct boot_input *input, const uint8_t *tree, size_t size)
{
    static struct board board; /* Large. */
    struct board_error error = {{0}};
    struct boot_params *p = &input->params;
    if (!board_read(&board, tree, size, &error)) {
        if (memchr(error.text, '\0', sizeof error.text) == NULL || error.text[0] == '\0') {
            fuzz_found("error", "a tree is refused without a sentence");
        }
        return false;
    }
    p->ram_count = board.ram_count;
    memcpy(p->ram, board.ram, sizeof p->ram);
    p->reserved_count = board.reserved_count;
    memcpy(p->reserved, board.reserved, sizeof p->reserved);
    p->device_count = board.device_count;
    memcpy(p->devices, board.devices, sizeof p->devices);
    p->timer_hz = board.timebase_hz;
    p->irq_max = board.plic_sources;
    p->irq_complete_at_claim = board.quirks.complete_at_claim;
    p->dtb_size = board.tree_size;
    input->tree = tree;
    return true;
}

static void read_memory(struct reader *r, struct boot_params *p)
{
    p->ram_count = read_regions(r, p->ram);
    p->reserved_count = read_regions(r, p->reserved);
    p->device_count = read_regions(r, p->devices);
    /* Mostly what it must be: a number of megahertz. */
    uint64_t hz = read_number(r);
    p->timer_hz = hz % 8 != 0 ? (hz % 1000 + 1) * 1000000 : hz;
    uint32_t irqs = read_half(r);
    p->irq_max = read_byte(r) % 8 != 0 ? irqs % 128 : irqs;
    p->irq_complete_at_claim = read_byte(r) % 2 != 0;
    p->dtb_size = read_number(r);
}

/* Places: by number, or so many pages into a region of RAM. */
static uint64_t read_place(struct reader *r, const struct boot_params *p)
{
    uint8_t how = read_byte(r);
    uint64_t number = read_number(r);
    uint32_t ram = how % (uint32_t)TREE_PLACES;
    if (how >= 224 || ram >= p->ram_count) {
        return number;
    }
    uint64_t size = p->ram[ram].end - p->ram[ram].start;
    return p->ram[ram].start + (size == 0 ? 0 : number % size & ~(uint64_t)(PAGE - 1));
}

static void read_task(struct reader *r, struct boot_input *input)
{
    struct boot_params *p = &input->params;
    uint64_t size = read_number(r);
    uint64_t vaddr = read_number(r);
    p->entry = read_number(r);
    p->image.start = read_place(r, p);
    if (input->image.bytes != NULL) {
        size = input->image.size;
        vaddr = input->image.vaddr;
        p->entry = input->image.entry;
    }
    p->image.end = p->image.start + size;
    p->image_offset = p->image.start - vaddr;
}

bool boot_input_decode(const uint8_t *data, size_t size, struct boot_input *input)
{
    struct reader r = {data, size, 0};
    struct elf_error error = {{0}};
    memset(input, 0, sizeof *input);
    uint8_t parts = read_byte(&r);
    size_t tree_size = (parts & 1) != 0 ? read_half(&r) : 0;
    size_t elf_size = (parts & 2) != 0 ? read_half(&r) : 0;
    const uint8_t *tree = read_part(&r, tree_size, &tree_size);
    const uint8_t *elf = read_part(&r, elf_size, &elf_size);
    if ((parts & 1) != 0 && !take_tree(input, tree, tree_size)) {
        return false;
    }
    if ((parts & 2) != 0 && !elf_parse("input", elf, elf_size, CONFIG_FPU, &input->image, &error)) {
        return false;
    }
    if ((parts & 1) == 0) {
        read_memory(&r, &input->params);
    }
    struct boot_params *p = &input->params;
    p->dtb = p->dtb_size == 0 ? 0 : read_place(&r, p);
    read_task(&r, input);
    p->now = read_number(&r) >> 4;
    p->root_cnode_bits = read_byte(&r) % 40u;
    p->boot_slice_ms = read_byte(&r) % 16 != 0 ? 0u : read_half(&r);
    input->kernel_misplaced = read_byte(&r) % 16 == 1;
    input->kernel_paddr = read_place(&r, p) & ~(uint64_t)(PAGE - 1);
    return true;
}

void boot_input_free(struct boot_input *input)
{
    if (input->image.bytes != NULL) {
        elf_free(&input->image);
    }
}
