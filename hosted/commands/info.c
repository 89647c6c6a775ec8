/* SPDX-License-Identifier: BSD-2-Clause */

/* `albireo info`: the memory map, the root task's untyped memory and the build. */
#include <inttypes.h>
#include <stdio.h>

#include "core/bootinfo.h"
#include "core/kernel.h"
#include "core/ram.h"
#include "hosted/commands/commands.h"
#include "hosted/options.h"
#include "hosted/sim.h"

static void put_region(FILE *file, const char *what, const struct boot_region *r)
{
    uint64_t size = r->end - r->start;
    fprintf(file, "  %-16s 0x%010" PRIx64 "..0x%010" PRIx64 "  %10" PRIu64 " KiB\n", what, r->start,
            r->end, size >> 10);
}

static void put_map(const struct sim *sim, FILE *file)
{
    const struct boot_params *params = sim_boot_params(sim);
    fprintf(file, "Memory map\n");
    for (uint32_t i = 0; i < params->ram_count; i++) {
        put_region(file, "RAM", &params->ram[i]);
    }
    /* The simulator reserves the kernel's own memory last. */
    for (uint32_t i = 0; i < params->reserved_count; i++) {
        put_region(file, i + 1 == params->reserved_count ? "kernel" : "reserved",
                   &params->reserved[i]);
    }
    for (uint32_t i = 0; i < params->device_count; i++) {
        put_region(file, "kernel's device", &params->devices[i]);
    }
    put_region(file, "user image", &params->image);
}

static void put_untypeds(const struct bootinfo *info, FILE *file)
{
    uint64_t count = info->untyped.end - info->untyped.start;
    fprintf(file, "\nUntyped memory of the root task (%" PRIu64 " capabilities)\n", count);
    for (uint64_t i = 0; i < count; i++) {
        const struct bootinfo_untyped *untyped = &info->untyped_list[i];
        fprintf(file, "  slot %4" PRIu64 "  0x%010" PRIx64 "  2^%-2u bytes  %s\n",
                info->untyped.start + i, untyped->paddr, untyped->size_bits,
                untyped->is_device != 0 ? "device" : "RAM");
    }
    fprintf(file, "  empty slots: %" PRIu64 "..%" PRIu64 "\n", info->empty.start,
            info->empty.end - 1);
}

static void put_build(FILE *file)
{
    fprintf(file, "\nThis build\n");
    fprintf(file, "  debug calls      %s\n", CONFIG_DEBUG ? "yes" : "no");
    fprintf(file, "  floating point   %s\n", CONFIG_FPU ? "yes" : "no");
    fprintf(file, "  domains          %d\n", CONFIG_DOMAINS);
    fprintf(file, "  cores            %d\n", CONFIG_CORES);
    fprintf(file, "  kernel state     %zu bytes\n", sizeof(struct kernel));
    fprintf(file, "  TCB              %zu of %d bytes\n", sizeof(struct thread),
            1 << CONFIG_TCB_BITS);
    fprintf(file, "  capability slot  %zu bytes\n", sizeof(struct slot));
}

static void print(const struct sim *sim, FILE *file)
{
    const struct thread *root = sim_current(sim);
    /* At entry a0 is BootInfo's virtual address; its frame is named by a boot capability. */
    const struct cap *cnode = &root->slots[THREAD_CSPACE].cap;
    const struct cap *frame = &cnode->slots[ABI_SLOT_BOOTINFO_FRAME].cap;
    put_map(sim, file);
    put_untypeds(ram_at(sim_kernel(sim), frame->paddr), file);
    put_build(file);
}

int command_info(int argc, char **argv)
{
    static struct options options;
    struct sim_error error;
    int status;
    if (!options_command(&options, argc, argv, &status)) {
        return status;
    }
    struct sim *sim = sim_create(&options.config, &error);
    if (sim == NULL) {
        fprintf(stderr, "albireo info: %s\n", error.text);
        return COMMAND_FAILED;
    }
    print(sim, stdout);
    sim_destroy(sim);
    return COMMAND_GOOD;
}
