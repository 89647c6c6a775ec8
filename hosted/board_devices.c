/* SPDX-License-Identifier: BSD-2-Clause */
#include "hosted/board_devices.h"

#include <string.h>

#include "core/assert.h"
#include "core/bits.h"
#include "hosted/sim.h"

#define TREE_MEMORY 0x8000000u /* RAM in board.dts. */
#define TREE_BELOW 0xC0000000u

enum { MEGA_PAGE_BITS = 21, TREE_SEED = 32 };

/* What is written to the first register of the device that switches off. */
enum { FINISHER_FAIL = 0x3333, FINISHER_PASS = 0x5555, FINISHER_RESET = 0x7777 };

static uint64_t finisher_read(void *context, uint64_t offset, uint32_t size)
{
    (void)context;
    (void)offset;
    (void)size;
    return 0;
}

static void finisher_write(void *context, uint64_t offset, uint32_t size, uint64_t value)
{
    (void)size;
    if (offset != 0) {
        return;
    }
    switch (value & 0xffff) {
    case FINISHER_PASS:
    case FINISHER_RESET: /* Nobody switches it on again. */
        sim_power_off(context, NULL);
        break;
    case FINISHER_FAIL:
        sim_power_off(context, "a program switched the machine off and says that it failed");
        break;
    default:
        break;
    }
}

static void put_big_endian(uint8_t *to, uint64_t value)
{
    for (uint32_t i = 0; i < 8; i++) {
        to[i] = (uint8_t)(value >> (56 - 8 * i));
    }
}

/* Where these bytes of board.dts, which occur once, are in the blob. */
static uint8_t *find(uint8_t *tree, const uint8_t *bytes, uint64_t size)
{
    uint64_t at = 0;
    while (at + size < board_tree_size && memcmp(tree + at, bytes, size) != 0) {
        at += 4;
    }
    ASSERT(at + size < board_tree_size);
    return tree + at;
}

/* The memory node's "reg". */
static void describe_memory(uint8_t *tree, const struct boot_region *ram)
{
    uint8_t reg[16];
    put_big_endian(reg, SIM_RAM_BASE);
    put_big_endian(reg + 8, TREE_MEMORY);
    uint8_t *found = find(tree, reg, sizeof reg);
    put_big_endian(found, ram->start);
    put_big_endian(found + 8, ram->end - ram->start);
}

/* Numbers of SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators). */
static void describe_seed(uint8_t *tree, uint64_t seed)
{
    uint8_t bytes[TREE_SEED];
    for (uint32_t i = 0; i < TREE_SEED; i++) {
        bytes[i] = i % 2 == 0 ? 0xAA : 0x55;
    }
    uint8_t *found = find(tree, bytes, sizeof bytes);
    for (uint32_t i = 0; i < TREE_SEED; i += 8) {
        seed += 0x9E3779B97F4A7C15;
        uint64_t z = seed;
        z = (z ^ z >> 30) * 0xBF58476D1CE4E5B9;
        z = (z ^ z >> 27) * 0x94D049BB133111EB;
        put_big_endian(found + i, z ^ z >> 31);
    }
}

void board_devices_describe(struct board_devices *devices, struct sim_config *config, uint64_t seed)
{
    ASSERT(board_tree_size <= sizeof devices->tree);
    memcpy(devices->tree, board_tree, board_tree_size);
    describe_memory(devices->tree, &config->ram[0]);
    describe_seed(devices->tree, seed);
    config->dtb = devices->tree;
    config->dtb_size = board_tree_size;
}

void board_devices_virt(struct sim_config *config, uint64_t memory)
{
    sim_config_memory(config, memory);
    config->kernel_paddr = BOARD_KERNEL_PADDR;
    config->kernel_size = BOARD_KERNEL_SIZE;
    config->image_paddr = BOARD_KERNEL_PADDR + BOARD_KERNEL_SIZE;
    /* Where QEMU puts its tree. */
    config->dtb_paddr =
        align_down(min_u64(SIM_RAM_BASE + memory, TREE_BELOW) - board_tree_size, MEGA_PAGE_BITS);
    config->interpret = true;
}

bool board_devices_attach(struct board_devices *devices, struct sim *sim)
{
    return uart16550_add(&devices->uart, sim, BOARD_UART_PADDR, BOARD_UART_IRQ) &&
           sim_add_device(sim, BOARD_FINISHER_PADDR, BOARD_DEVICE_SIZE, finisher_read,
                          finisher_write, sim);
}
