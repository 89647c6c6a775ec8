/* SPDX-License-Identifier: BSD-2-Clause */
#include "hosted/board_devices.h"

#include "hosted/sim.h"

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

void board_devices_describe(struct sim_config *config)
{
    config->dtb = board_tree;
    config->dtb_size = board_tree_size;
}

bool board_devices_attach(struct board_devices *devices, struct sim *sim)
{
    return uart16550_add(&devices->uart, sim, BOARD_UART_PADDR, BOARD_UART_IRQ) &&
           sim_add_device(sim, BOARD_FINISHER_PADDR, BOARD_DEVICE_SIZE, finisher_read,
                          finisher_write, sim);
}
