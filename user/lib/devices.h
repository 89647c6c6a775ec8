/* SPDX-License-Identifier: BSD-2-Clause */

/* The devices that programs here know how to use, as the device tree describes them: the kernel
 * hands the tree on to the root task in the extra BootInfo. What the tree does not say, or says in
 * a way that makes no sense, is taken as absent.
 */
#ifndef USER_LIB_DEVICES_H
#define USER_LIB_DEVICES_H

#include <sel4/sel4.h>
#include <stdbool.h>
#include <stdint.h>

#include "user/lib/serial.h"

struct devices_serial {
    enum serial_kind kind; /* SERIAL_NONE: there is none. */
    uint64_t paddr;
    uint32_t irq; /* At the PLIC, the only controller that the kernel knows. 0: none. */
    uint32_t reg_shift;
    uint32_t reg_width;
};

/* A way to switch the machine off. */
enum devices_switch_kind {
    DEVICES_SWITCH_REGISTER, /* Write the value to the bits of the mask. */
    DEVICES_SWITCH_GPIO,     /* Drive a pin of a SiFive GPIO controller. */
};

struct devices_switch {
    enum devices_switch_kind kind;
    uint64_t paddr; /* Of the register; of the controller. */
    uint32_t value; /* To write; the pin's bit. */
    uint32_t mask;
    bool active_low;
};

enum { DEVICES_SWITCHES_MAX = 4 };

struct devices {
    struct devices_serial serial; /* The console, or else the first one. */
    uint32_t switch_count;
    struct devices_switch switches[DEVICES_SWITCHES_MAX]; /* The best comes first. */
};

void devices_find(struct devices *devices, const seL4_BootInfo *info);

/* The frequency of rdtime in Hz, of all harts or else of the first enabled one that has it; 0 if
 * the tree does not tell. */
uint64_t devices_timebase(const seL4_BootInfo *info);

#endif
