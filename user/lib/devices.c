/* SPDX-License-Identifier: BSD-2-Clause */

/* Sources: bindings 8250, sifive-serial, syscon-poweroff, sifive,test0, gpio-poweroff, gpio-restart
 * and sifive,gpio of the Linux kernel's documentation; Devicetree Specification v0.4, section 2.4.1
 * for interrupts. */
#include "user/lib/devices.h"

#include "fdt/fdt.h"
#include "user/lib/port.h"
#include "user/lib/space.h"

enum {
    GPIO_FLAGS_ACTIVE_LOW = 1,
    GPIO_PINS = 32,
    FINISHER_PASS = 0x5555, /* What switches off by a sifive,test0. */

    /* Sizes of blocks of registers. */
    GPIO_SIZE = 0x44,
    SIFIVE_SIZE = 0x1c,
    NS16550_REGISTERS = 8,
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
                        uint32_t index, uint32_t otherwise)
{
    uint32_t value;
    return fdt_cell(tree, node, name, index, &value) ? value : otherwise;
}

/* A register, or a block of them, can be used if it is aligned and lies in one page. */
static bool is_usable(uint64_t paddr, uint64_t size, uint64_t align)
{
    return paddr % align == 0 && paddr % USER_PAGE_SIZE + size <= USER_PAGE_SIZE;
}

/* ---- Interrupts ---- */

static bool is_plic(const struct fdt *tree, const struct fdt_node *node)
{
    return fdt_has_string(tree, node, "compatible", "sifive,plic-1.0.0") ||
           fdt_has_string(tree, node, "compatible", "riscv,plic0");
}

static bool names_plic(const struct fdt *tree, const struct fdt_node *node, const char *property)
{
    uint32_t phandle;
    struct fdt_node controller;
    return fdt_cell(tree, node, property, 0, &phandle) &&
           fdt_find_phandle(tree, phandle, &controller) && is_plic(tree, &controller);
}

/* Is the PLIC what the node's `interrupts` are of? The closest ancestor that is a controller, or
 * says which one, decides. */
static bool has_plic_parent(const struct fdt *tree, const struct fdt_node *node)
{
    struct fdt_node at = *node;
    struct fdt_property property;
    while (!fdt_property(tree, &at, "interrupt-parent", &property)) {
        if (!fdt_parent(&at)) {
            return false;
        }
        if (fdt_property(tree, &at, "#interrupt-cells", &property)) {
            return is_plic(tree, &at);
        }
    }
    return names_plic(tree, &at, "interrupt-parent");
}

/* The node's first interrupt, if it is the PLIC's; else 0. */
static uint32_t find_irq(const struct fdt *tree, const struct fdt_node *node)
{
    struct fdt_property extended;
    if (fdt_property(tree, node, "interrupts-extended", &extended)) {
        return names_plic(tree, node, "interrupts-extended")
                   ? cell_or(tree, node, "interrupts-extended", 1, 0)
                   : 0;
    }
    return has_plic_parent(tree, node) ? cell_or(tree, node, "interrupts", 0, 0) : 0;
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
    uint32_t shift = 0;
    uint32_t width = 1;
    uint64_t size = SIFIVE_SIZE;
    if (kind == SERIAL_NS16550) {
        shift = cell_or(tree, node, "reg-shift", 0, 0);
        width = cell_or(tree, node, "reg-io-width", 0, 1);
        uint32_t offset = cell_or(tree, node, "reg-offset", 0, 0);
        if (shift > 3 || (width != 1 && (width != 4 || shift < 2)) || offset >= regs.size) {
            return false;
        }
        regs.start += offset;
        size = (uint64_t)NS16550_REGISTERS << shift;
    }
    if (!is_usable(regs.start, size, kind == SERIAL_NS16550 ? width : 4)) {
        return false;
    }
    *serial = (struct devices_serial){.kind = kind,
                                      .paddr = regs.start,
                                      .irq = find_irq(tree, node),
                                      .reg_shift = shift,
                                      .reg_width = width};
    return true;
}

static void find_serial(const struct fdt *tree, struct devices_serial *serial)
{
    struct fdt_node node;
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
    uint64_t size = it.kind == DEVICES_SWITCH_GPIO ? GPIO_SIZE : 4;
    if (devices->switch_count < DEVICES_SWITCHES_MAX && is_usable(it.paddr, size, 4)) {
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
        uint32_t offset = cell_or(tree, &node, "offset", 0, 0);
        if (offset < regs.size) {
            add_switch(devices, (struct devices_switch){
                                    .kind = DEVICES_SWITCH_REGISTER,
                                    .paddr = regs.start + offset,
                                    .value = value,
                                    .mask = cell_or(tree, &node, "mask", 0, UINT32_MAX)});
        }
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
                                                    .value = FINISHER_PASS,
                                                    .mask = UINT32_MAX});
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
    *devices = (struct devices){.serial.kind = SERIAL_NONE};
    if (!open_tree(&tree, info)) {
        return;
    }
    find_serial(&tree, &devices->serial);
    find_syscon(&tree, devices);
    find_finisher(&tree, devices);
    find_gpio(&tree, "gpio-poweroff", devices);
    find_gpio(&tree, "gpio-restart", devices); /* Better than nothing. */
}

/* 0: not there. */
static uint64_t timebase_of(const struct fdt *tree, const struct fdt_node *node)
{
    struct fdt_property property;
    uint64_t hz;
    return fdt_property(tree, node, "timebase-frequency", &property) &&
                   fdt_number(&property, 0, property.size / 4, &hz)
               ? hz
               : 0;
}

uint64_t devices_timebase(const seL4_BootInfo *info)
{
    struct fdt tree;
    struct fdt_node node;
    if (!open_tree(&tree, info) || !fdt_find(&tree, "/cpus", &node)) {
        return 0;
    }
    uint64_t hz = timebase_of(&tree, &node);
    bool more = fdt_first_child(&tree, &node);
    for (; more && hz == 0; more = fdt_next_sibling(&tree, &node)) {
        if (fdt_has_string(&tree, &node, "device_type", "cpu") && fdt_is_enabled(&tree, &node)) {
            hz = timebase_of(&tree, &node);
        }
    }
    return hz;
}
