/* SPDX-License-Identifier: BSD-2-Clause */

/* The devices of a simulated machine and the tree that describes them. Both are like QEMU's virt
 * board as far as they go: a serial port, and a device to power off by.
 *
 *     static struct board_devices devices;
 *     sim_config_default(&config);
 *     board_devices_describe(&devices, &config, 1);
 *     struct sim *sim = sim_create(&config, &error);
 *     if (sim != NULL && board_devices_attach(&devices, sim)) ...
 */
#ifndef HOSTED_BOARD_DEVICES_H
#define HOSTED_BOARD_DEVICES_H

#include <stdbool.h>
#include <stdint.h>

#include "hosted/uart16550.h"

#ifdef __cplusplus
extern "C" {
#endif

struct sim;
struct sim_config;

#define BOARD_UART_PADDR 0x10000000u
#define BOARD_UART_IRQ 10u
#define BOARD_FINISHER_PADDR 0x100000u
#define BOARD_DEVICE_SIZE 0x1000u

enum { BOARD_TREE_MAX = 16384 };

struct board_devices {
    struct uart16550 uart; /* uart16550_receive() types something. */
    uint8_t tree[BOARD_TREE_MAX];
};

/* The device tree blob made of board.dts, for 128 MiB of RAM. */
extern const uint8_t board_tree[];
extern const uint64_t board_tree_size;

/* Before sim_create(), when the RAM is known: the root task will find the tree in its extra
 * BootInfo. The tree has one region of RAM, the first one, and in /chosen/rng-seed 32 bytes that
 * depend on nothing but `seed`. */
void board_devices_describe(struct board_devices *devices, struct sim_config *config,
                            uint64_t seed);

/* Memory as on QEMU's virt board with `memory` bytes of RAM, of which firmware and kernel keep the
 * same parts. The root task is interpreted; the caller adds its image. */
#define BOARD_KERNEL_PADDR 0x80200000u
#define BOARD_KERNEL_SIZE 0x40000u
void board_devices_virt(struct sim_config *config, uint64_t memory);

/* After it: the devices come to be. False if RAM is where one of them should be. `devices` must
 * outlive the simulator; its state is part of snapshots. */
bool board_devices_attach(struct board_devices *devices, struct sim *sim);

#ifdef __cplusplus
}
#endif

#endif
