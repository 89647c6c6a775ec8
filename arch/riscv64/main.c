/* SPDX-License-Identifier: BSD-2-Clause */

/* Start-up in C: from what the firmware and the image say to a booted kernel. */
#include <stddef.h>

#include "arch/riscv64/board.h"
#include "arch/riscv64/console.h"
#include "arch/riscv64/csr.h"
#include "arch/riscv64/events.h"
#include "arch/riscv64/image.h"
#include "arch/riscv64/layout.h"
#include "arch/riscv64/panic.h"
#include "arch/riscv64/sbi.h"
#include "arch/riscv64/state.h"
#include "arch/riscv64/trap.h"
#include "arch/riscv64/vm.h"
#include "core/bits.h"
#include "core/kernel.h"

/* The most that a device tree may be; and what firmware may keep at the start of RAM without saying
 * so (docs/abi/11 section 11.2: "the first 2 MiB of RAM belong to the firmware"). */
enum { TREE_SIZE_MAX = 2 << 20, FIRMWARE_SIZE = 2 << 20 };

/* Physical addresses that page tables can name. */
#define PADDR_END ((uint64_t)1 << 56)

/* Called by start.S; gives the struct cpu of the core that goes on. */
struct cpu *main(uint64_t hart, uint64_t tree, uint64_t base);

/* Linker symbols. */
extern char image_start[], stacks_start[], image_end[];

/* Too large for the stack. */
static struct board board;
static struct boot_params params;
static struct kernel the_kernel;

static void require(bool holds, const char *otherwise)
{
    if (!holds) {
        panic_boot_failed(otherwise);
    }
}

static bool overlap(struct boot_region a, struct boot_region b)
{
    return a.start < b.end && b.start < a.end;
}

static void reserve(uint64_t start, uint64_t end)
{
    require(params.reserved_count < BOOT_REGIONS_MAX,
            "the device tree reserves too many regions of memory");
    params.reserved[params.reserved_count].start = align_down(start, ABI_PAGE_BITS);
    params.reserved[params.reserved_count].end = align_up(end, ABI_PAGE_BITS);
    params.reserved_count++;
}

/* The RAM that the window shows. What lies beyond is nobody's. */
static void take_ram(void)
{
    uint64_t limit = (uint64_t)VM_WINDOW_GIGA_PAGES << ABI_GIGA_PAGE_BITS;
    for (uint32_t i = 0; i < board.ram_count; i++) {
        struct boot_region region = board.ram[i];
        if (region.end > limit) {
            reserve(region.start > limit ? region.start : limit, region.end);
        }
        region.end = min_u64(region.end, limit);
        if (region.start < region.end) {
            params.ram[params.ram_count] = region;
            params.ram_count++;
        }
    }
}

/* The RAM region that all of `region` lies in, or null. */
static const struct boot_region *ram_around(struct boot_region region)
{
    for (uint32_t i = 0; i < params.ram_count; i++) {
        if (params.ram[i].start <= region.start && region.end <= params.ram[i].end) {
            return &params.ram[i];
        }
    }
    return NULL;
}

/* The start of a RAM region is kept for firmware, unless the kernel was put there. */
static void reserve_firmware(const struct boot_region *ram, uint64_t base)
{
    if (base < ram->start || base - ram->start >= FIRMWARE_SIZE) {
        reserve(ram->start, min_u64(ram->start + FIRMWARE_SIZE, ram->end));
    }
}

static void take_memory(uint64_t base, uint64_t tree, uint64_t tree_size)
{
    struct boot_region image = {base, base + (uint64_t)(image_end - image_start)};
    take_ram();
    const struct boot_region *ram = ram_around(image);
    require(ram != NULL, "the kernel is not in the RAM that the device tree shows");
    for (uint32_t i = 0; i < board.reserved_count; i++) {
        require(!overlap(image, board.reserved[i]), "the kernel overlaps reserved memory");
        reserve(board.reserved[i].start, board.reserved[i].end);
    }
    reserve_firmware(&params.ram[0], base); /* The lowest: the tree's reader has sorted them. */
    if (ram != &params.ram[0]) {
        reserve_firmware(ram, base);
    }
    reserve(image.start, image.end);
    reserve(tree, tree + tree_size);
    params.dtb = tree;
    params.dtb_size = tree_size;
    for (uint32_t i = 0; i < board.device_count; i++) {
        params.devices[i] = board.devices[i];
    }
    params.device_count = board.device_count;
}

/* The root task, where the boot loader has put it: right behind the kernel. */
static void take_root_task(const struct image_header *header, uint64_t base)
{
    require(header->payload_offset != 0,
            "the image holds no root task (tools/mkimage packs one behind the kernel)");
    uint64_t limit = (uint64_t)1 << 38;
    require(header->payload_offset >= header->kernel_size && header->payload_offset < limit &&
                header->payload_size < limit && header->payload_file_size <= header->payload_size &&
                header->payload_offset % 4096 == 0 && header->payload_size % 4096 == 0 &&
                header->payload_vaddr % 4096 == 0 && header->payload_file_size % 8 == 0,
            "the header of the image is damaged: where the root task is makes no sense");
    params.image.start = base + header->payload_offset;
    params.image.end = params.image.start + header->payload_size;
    require(ram_around(params.image) != NULL, "the root task does not fit in the RAM behind it");
    for (uint32_t i = 0; i < params.reserved_count; i++) {
        require(!overlap(params.image, params.reserved[i]),
                "the root task overlaps reserved memory or the device tree");
    }
    uint64_t *words = vm_window(params.image.start);
    uint64_t sum = 0;
    for (uint64_t i = 0; i < header->payload_file_size / 8; i++) {
        sum += words[i];
    }
    require(sum == header->checksum, "the root task is damaged: its checksum is wrong");
    for (uint64_t i = header->payload_file_size / 8; i < header->payload_size / 8; i++) {
        words[i] = 0;
    }
    fence_instructions();
    params.image_offset = params.image.start - header->payload_vaddr;
    params.entry = header->entry;
    params.root_cnode_bits = header->root_cnode_bits;
    params.boot_slice_ms = header->boot_slice_ms;
}

/* The hart that runs, as core 0. */
static void take_hart(struct cpu *cpu)
{
    const struct board_hart *hart = board_hart(&board, cpu->hart);
    require(hart != NULL, "the device tree does not show the hart that boots as one that is "
                          "enabled and has an MMU");
    require(!CONFIG_FPU || hart->fpu, "the hart has no F and D extensions, which this kernel is "
                                      "configured for");
    require(hart->plic_context != BOARD_NO_CONTEXT,
            "the PLIC sends no external interrupts to the S-mode of the hart that boots");
    cpu->plic_context = hart->plic_context;
    the_machine.has_stimecmp = hart->sstc && csr_try_stimecmp();
    the_machine.has_sbi_time = sbi_has(SBI_TIME);
    the_machine.asid_count = vm_asid_count();
}

static void take_devices(void)
{
    the_machine.quirks = board.quirks;
    require(board.plic.end <= PADDR_END, "the PLIC lies beyond all physical addresses");
    for (uint32_t i = 0; i < board.ram_count; i++) {
        require(!overlap(board.plic, board.ram[i]), "the PLIC lies in RAM");
    }
    the_machine.plic.sources = board.plic_sources;
    the_machine.plic.registers = vm_finish(params.ram, params.ram_count, board.plic);
    require(the_machine.plic.registers != NULL, "the registers of the PLIC take more than 1 GiB");
    plic_init(&the_machine.plic, the_machine.cpus[0].plic_context);
}

/* The other cores get the other harts. They stay stopped: nobody starts them. */
static void take_other_harts(void)
{
    uint32_t core = 1;
    require(board.hart_count >= CONFIG_CORES,
            "the board has fewer harts than the cores that this kernel is configured for");
    for (uint32_t i = 0; i < board.hart_count && core < CONFIG_CORES; i++) {
        if (board.harts[i].id != the_machine.cpus[0].hart) {
            the_machine.cpus[core].hart = board.harts[i].id;
            the_machine.cpus[core].plic_context = board.harts[i].plic_context;
            core++;
        }
    }
}

static void init_cpus(uint64_t hart)
{
    for (uint32_t i = 0; i < CONFIG_CORES; i++) {
        struct cpu *cpu = &the_machine.cpus[i];
        cpu->index = i;
        cpu->stack_top =
            (uint64_t)(uintptr_t)stacks_start + (i + 1) * (uint64_t)(STACK_GUARD + STACK_SIZE);
        cpu->k = vm_window(vm_image_paddr(&the_kernel));
        cpu->core = &cpu->k->cores[i];
    }
    the_machine.cpus[0].hart = hart;
}

static void greet(void)
{
    uint64_t bytes = 0;
    if (!CONFIG_DEBUG) {
        return;
    }
    for (uint32_t i = 0; i < params.ram_count; i++) {
        bytes += params.ram[i].end - params.ram[i].start;
    }
    console_text("\nalbireo: debug build on ");
    console_text(board.name);
    console_text(", hart ");
    console_number(the_machine.cpus[0].hart);
    console_text(" of ");
    console_number(board.hart_count);
    console_text(", ");
    console_number(bytes >> 20);
    console_text(" MiB of RAM, timer ");
    console_number(board.timebase_hz / 1000);
    console_text(the_machine.has_stimecmp ? " kHz (Sstc), " : " kHz (SBI), ");
    console_number(board.plic_sources);
    console_text(" interrupts, ");
    console_number(the_machine.asid_count);
    console_text(" ASIDs");
    if (board.stdout_path != NULL) {
        console_text(", console ");
        console_text(board.stdout_path);
    }
    console_text(CONFIG_CORES > 1 ? "; only core 0 runs\n" : "\n");
}

static void boot_kernel(struct cpu *cpu)
{
    params.machine = &the_machine;
    params.window = VM_WINDOW;
    params.kernel_vspace = vm_root();
    params.timer_hz = board.timebase_hz;
    params.now = csr_time();
    params.irq_max = board.plic_sources;
    params.irq_complete_at_claim = board.quirks.complete_at_claim;
    enum boot_status status = kernel_boot(cpu->k, &params);
    require(status == BOOT_OK, boot_status_text(status));
    fence_all(); /* The page tables are written before they are used. */
    the_machine.has_kernel = true;
}

/* The log must be a reserved part of RAM of its own, which the kernel sees in the window. */
static void log_events(const struct image_header *header, uint64_t base)
{
    struct boot_region image = {base, base + (uint64_t)(image_end - image_start)};
    struct boot_region tree = {params.dtb, params.dtb + params.dtb_size};
    if (board.event_log.start == board.event_log.end) {
        return;
    }
    require(
        ram_around(board.event_log) != NULL && !overlap(board.event_log, tree) &&
            events_start(&the_machine.cpus[0], board.event_log, &params, image, header->checksum),
        "the event log is not in RAM, overlaps the device tree or is too small, or the hart has "
        "no Sstc");
}

struct cpu *main(uint64_t hart, uint64_t tree, uint64_t base)
{
    struct cpu *cpu = &the_machine.cpus[0];
    const struct image_header *header = (const struct image_header *)image_start;
    struct board_error error;

    init_cpus(hart);
    require(tree != 0 && tree < (uint64_t)VM_WINDOW_GIGA_PAGES << ABI_GIGA_PAGE_BITS,
            "the firmware passes no device tree in a1");
    require(board_read(&board, vm_window(tree), TREE_SIZE_MAX, &error), error.text);
    take_memory(base, tree, board.tree_size);
    take_root_task(header, base);
    take_hart(cpu);
    take_other_harts();
    take_devices();
    /* What firmware may have left that user code could feel. */
    (void)csr_try_senvcfg();
    (void)csr_try_hstatus();
    CSR_CLEAR(sstatus,
              SSTATUS_SIE | SSTATUS_SPP | SSTATUS_FS | SSTATUS_VS | SSTATUS_SUM | SSTATUS_MXR);
    greet();
    boot_kernel(cpu);
    if (CONFIG_DEBUG) {
        log_events(header, base);
    }
    CSR_WRITE(sie, INTERRUPT_TIMER | INTERRUPT_EXTERNAL);
    return cpu;
}
