/* SPDX-License-Identifier: BSD-2-Clause */
#include "user/lib/console.h"

#include "user/lib/port.h"

/* A SiFive GPIO controller (FU540-C000 manual, chapter 17). */
enum { GPIO_OUTPUT_EN = 0x08, GPIO_OUTPUT_VAL = 0x0c };

enum { SWITCH_US = 100000 }; /* How long to wait for a switch to have its effect. */

#ifdef CONFIG_PRINTING
enum { KERNEL_PRINTS = 1 };
#else
enum { KERNEL_PRINTS = 0 };
#endif

/* ---- Opening ---- */

static uint64_t page_of(uint64_t paddr)
{
    return paddr - paddr % USER_PAGE_SIZE;
}

/* Adds the page with `paddr`, unless it is there, and keeps them in order: an allocator gives
 * device memory in ascending order only. */
static void add_page(struct console *c, uint64_t paddr)
{
    uint32_t at = 0;
    while (at < c->page_count && c->pages[at].paddr < page_of(paddr)) {
        at++;
    }
    if (at < c->page_count && c->pages[at].paddr == page_of(paddr)) {
        return;
    }
    for (uint32_t i = c->page_count; i > at; i--) {
        c->pages[i] = c->pages[i - 1];
    }
    c->pages[at] = (struct console_page){.paddr = page_of(paddr)};
    c->page_count++;
}

/* A page that cannot be had, because it lies in RAM or belongs to the kernel, is dropped. */
static void take_pages(struct console *c, struct alloc *a)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < c->page_count; i++) {
        struct console_page page = c->pages[i];
        if (alloc_device_frame(a, page.paddr, &page.frame) == seL4_NoError) {
            c->pages[count] = page;
            count++;
        }
    }
    c->page_count = count;
}

static seL4_Error map_pages(struct console *c, struct alloc *a, const struct space *space)
{
    for (uint32_t i = 0; i < c->page_count; i++) {
        uint64_t vaddr = CONSOLE_AREA + i * USER_PAGE_SIZE;
        seL4_Error error = space_map(a, space, c->pages[i].frame, vaddr, seL4_ReadWrite);
        if (error != seL4_NoError) {
            return error;
        }
        c->pages[i].vaddr = vaddr;
    }
    return seL4_NoError;
}

/* Null if there is none. */
static const struct console_page *find_page(const struct console *c, uint64_t paddr)
{
    for (uint32_t i = 0; i < c->page_count; i++) {
        if (c->pages[i].paddr == page_of(paddr)) {
            return &c->pages[i];
        }
    }
    return seL4_Null;
}

/* What lies in a page that was dropped is as if the tree had not named it. */
static void drop_devices(struct console *c)
{
    struct devices *d = &c->devices;
    uint32_t count = 0;
    if (find_page(c, d->serial.paddr) == seL4_Null) {
        d->serial = (struct devices_serial){.kind = SERIAL_NONE};
    }
    for (uint32_t i = 0; i < d->switch_count; i++) {
        if (find_page(c, d->switches[i].paddr) != seL4_Null) {
            d->switches[count] = d->switches[i];
            count++;
        }
    }
    d->switch_count = count;
}

/* Where a register is mapped; 0: nowhere. */
static uint64_t mapped(const struct console *c, uint64_t paddr)
{
    const struct console_page *page = find_page(c, paddr);
    return page == seL4_Null || page->vaddr == 0 ? 0 : page->vaddr + paddr % USER_PAGE_SIZE;
}

seL4_Error console_open(struct console *console, struct alloc *a, const struct space *space,
                        const seL4_BootInfo *info)
{
    *console = (struct console){0};
    devices_find(&console->devices, info);
    const struct devices_serial *found = &console->devices.serial;
    if (found->kind != SERIAL_NONE) {
        add_page(console, found->paddr);
    }
    for (uint32_t i = 0; i < console->devices.switch_count; i++) {
        add_page(console, console->devices.switches[i].paddr);
    }
    take_pages(console, a);
    drop_devices(console);
    if (KERNEL_PRINTS) {
        return seL4_NoError;
    }
    seL4_Error error = map_pages(console, a, space);
    if (error != seL4_NoError) {
        return error;
    }
    if (found->kind != SERIAL_NONE) {
        console->serial = (struct serial){.kind = found->kind,
                                          .base = mapped(console, found->paddr),
                                          .reg_shift = found->reg_shift,
                                          .reg_width = found->reg_width};
        if (!serial_init(&console->serial)) {
            console->serial.kind = SERIAL_NONE; /* Nobody waits again for what never sends. */
        }
    }
    console_use(console);
    return seL4_NoError;
}

void console_use(const struct console *console)
{
    seL4_SetUserData((seL4_Word)(uintptr_t)console);
}

seL4_CPtr console_frame(const struct console *console, uint64_t paddr)
{
    const struct console_page *page = find_page(console, paddr);
    return page == seL4_Null ? seL4_CapNull : page->frame;
}

/* ---- Using ---- */

static const struct console *own_console(void)
{
    return (const struct console *)(uintptr_t)seL4_GetUserData(); // NOLINT: made by console_use().
}

void console_put(char c)
{
    const struct console *console = own_console();
    if (console == seL4_Null) {
        return;
    }
    if (c == '\n') {
        serial_put(&console->serial, '\r');
    }
    serial_put(&console->serial, (uint8_t)c);
}

/* A pulse: some circuits want the level, some the edge. */
static void drive_pin(uint64_t gpio, uint32_t pin, bool active_low)
{
    uint32_t value = user_load32(gpio + GPIO_OUTPUT_VAL);
    uint32_t passive = active_low ? value | pin : value & ~pin;
    user_store32(gpio + GPIO_OUTPUT_VAL, passive);
    user_store32(gpio + GPIO_OUTPUT_EN, user_load32(gpio + GPIO_OUTPUT_EN) | pin);
    user_work_us(SWITCH_US);
    user_store32(gpio + GPIO_OUTPUT_VAL, passive ^ pin);
    user_work_us(SWITCH_US);
    user_store32(gpio + GPIO_OUTPUT_VAL, passive);
}

/* To write may be all that a register is good for, so it is read only if it must be. */
static void write_bits(uint64_t vaddr, uint32_t value, uint32_t mask)
{
    uint32_t others = mask == UINT32_MAX ? 0 : user_load32(vaddr) & ~mask;
    user_store32(vaddr, others | (value & mask));
}

void console_switch_off(void)
{
    const struct console *console = own_console();
    if (console == seL4_Null) {
        return;
    }
    serial_drain(&console->serial);
    for (uint32_t i = 0; i < console->devices.switch_count; i++) {
        const struct devices_switch *it = &console->devices.switches[i];
        uint64_t vaddr = mapped(console, it->paddr);
        if (it->kind == DEVICES_SWITCH_GPIO) {
            drive_pin(vaddr, it->value, it->active_low);
        } else {
            write_bits(vaddr, it->value, it->mask);
        }
        user_work_us(SWITCH_US);
    }
}
