/* SPDX-License-Identifier: BSD-2-Clause */

/* Sources: bindings 8250, sifive-serial, syscon-poweroff, sifive,test0, gpio-poweroff, gpio-restart
 * and sifive,gpio of the Linux kernel's documentation. */
#include "user/lib/devices.h"

#include "fdt/fdt.h"
#include "user/lib/port.h"

enum {
    GPIO_FLAGS_ACTIVE_LOW = 1,
    GPIO_PINS = 32,
    FINISHER_PASS = 0x5555, /* What switches off by a sifive,test0. */
};

static bool open_tree(struct fdt *tree, const seL4_BootInfo *info)
{
    const uint8_t *chunks = user_extra_bootinfo(info);
    uint64_t left = info->extraLen;
    while (left > sizeof(seL4_BootInfoHeader)) {
        const seL4_BootInfoHeader *header = (const seL4_BootInfoHeader *)chunks;
        if (header->len < sizeof *header || header->len > left) {
            return false;
        }
        if (header->id == SEL4_BOOTINFO_HEADER_FDT) {
            return fdt_open(tree, chunks + sizeof *header, header->len - sizeof *header) ==
                   seL4_Null;
        }
        chunks += header->len;
        left -= header->len;
    }
    return false;
}

static uint32_t cell_or(const struct fdt *tree, const struct fdt_node *node, const char *name,
                        uint32_t otherwise)
{
    uint32_t value;
    return fdt_cell(tree, node, name, 0, &value) ? value : otherwise;
}

/* ---- The serial port ---- */

static enum serial_kind serial_kind(const struct fdt *tree, const struct fdt_node *node)
{
    if (fdt_has_string(tree, node, "compatible", "ns16550a") ||
        fdt_has_string(tree, node, "compatible", "ns16550")) {
        return SERIAL_NS16550;
    }
    if (fdt_has_string(tree, node, "compatible", "sifive,uart0")) {
        return SERIAL_SIFIVE;
    }
    return SERIAL_NONE;
}

static bool read_serial(const struct fdt *tree, const struct fdt_node *node,
                        struct devices_serial *serial)
{
    struct fdt_region regs;
    enum serial_kind kind = serial_kind(tree, node);
    if (kind == SERIAL_NONE || fdt_reg(tree, node, 0, &regs) != FDT_FOUND) {
        return false;
    }
    uint32_t shift = cell_or(tree, node, "reg-shift", 0);
    uint32_t width = cell_or(tree, node, "reg-io-width", 1);
    if (shift > 3 || (width != 1 && width != 4)) {
        return false;
    }
    /* The interrupt controller of the whole board is the only one that the kernel knows; its
     * interrupts have one cell. */
    *serial = (struct devices_serial){.kind = kind,
                                      .paddr = regs.start,
                                      .irq = cell_or(tree, node, "interrupts", 0),
                                      .reg_shift = shift,
                                      .reg_width = width};
    return true;
}

static void find_serial(const struct fdt *tree, struct devices_serial *serial)
{
    struct fdt_node node;
    serial->kind = SERIAL_NONE;
    if (fdt_chosen_console(tree, &node) && read_serial(tree, &node, serial)) {
        return;
    }
    fdt_root(tree, &node);
    while (fdt_next(tree, &node)) {
        if (fdt_is_enabled(tree, &node) && read_serial(tree, &node, serial)) {
            return;
        }
    }
}

/* ---- Switching off ---- */

static bool first_compatible(const struct fdt *tree, const char *compatible, struct fdt_node *node)
{
    fdt_root(tree, node);
    return fdt_next_compatible(tree, compatible, node);
}

static void add_switch(struct devices *devices, struct devices_switch it)
{
    if (devices->switch_count < DEVICES_SWITCHES_MAX) {
        devices->switches[devices->switch_count] = it;
        devices->switch_count++;
    }
}

/* A register of another device, which `regmap` names. */
static void find_syscon(const struct fdt *tree, struct devices *devices)
{
    struct fdt_node node;
    struct fdt_node device;
    struct fdt_region regs;
    uint32_t phandle;
    uint32_t value;
    if (first_compatible(tree, "syscon-poweroff", &node) &&
        fdt_cell(tree, &node, "regmap", 0, &phandle) && fdt_find_phandle(tree, phandle, &device) &&
        fdt_reg(tree, &device, 0, &regs) == FDT_FOUND &&
        fdt_cell(tree, &node, "value", 0, &value)) {
        uint32_t offset = cell_or(tree, &node, "offset", 0);
        add_switch(devices, (struct devices_switch){.kind = DEVICES_SWITCH_REGISTER,
                                                    .paddr = regs.start + offset,
                                                    .value = value});
    }
}

static void find_finisher(const struct fdt *tree, struct devices *devices)
{
    struct fdt_node node;
    struct fdt_region regs;
    if (first_compatible(tree, "sifive,test0", &node) &&
        fdt_reg(tree, &node, 0, &regs) == FDT_FOUND) {
        add_switch(devices, (struct devices_switch){.kind = DEVICES_SWITCH_REGISTER,
                                                    .paddr = regs.start,
                                                    .value = FINISHER_PASS});
    }
}

/* `gpios` is one phandle with the number of the pin and flags. */
static void find_gpio(const struct fdt *tree, const char *compatible, struct devices *devices)
{
    struct fdt_node node;
    struct fdt_node controller;
    struct fdt_region regs;
    uint32_t phandle;
    uint32_t pin;
    uint32_t flags;
    if (first_compatible(tree, compatible, &node) && fdt_cell(tree, &node, "gpios", 0, &phandle) &&
        fdt_cell(tree, &node, "gpios", 1, &pin) && pin < GPIO_PINS &&
        fdt_cell(tree, &node, "gpios", 2, &flags) && fdt_find_phandle(tree, phandle, &controller) &&
        fdt_has_string(tree, &controller, "compatible", "sifive,gpio0") &&
        fdt_reg(tree, &controller, 0, &regs) == FDT_FOUND) {
        add_switch(devices,
                   (struct devices_switch){.kind = DEVICES_SWITCH_GPIO,
                                           .paddr = regs.start,
                                           .value = (uint32_t)1 << pin,
                                           .active_low = (flags & GPIO_FLAGS_ACTIVE_LOW) != 0});
    }
}

/* ---- All ---- */

void devices_find(struct devices *devices, const seL4_BootInfo *info)
{
    struct fdt tree;
    devices->serial.kind = SERIAL_NONE;
    devices->switch_count = 0;
    if (!open_tree(&tree, info)) {
        return;
    }
    find_serial(&tree, &devices->serial);
    find_syscon(&tree, devices);
    find_finisher(&tree, devices);
    find_gpio(&tree, "gpio-poweroff", devices);
    find_gpio(&tree, "gpio-restart", devices); /* Better than nothing. */
}

uint64_t devices_timebase(const seL4_BootInfo *info)
{
    struct fdt tree;
    struct fdt_node cpus;
    struct fdt_property property;
    uint64_t hz;
    if (!open_tree(&tree, info) || !fdt_find(&tree, "/cpus", &cpus) ||
        !fdt_property(&tree, &cpus, "timebase-frequency", &property) ||
        !fdt_number(&property, 0, property.size / 4, &hz)) {
        return 0;
    }
    return hz;
}
