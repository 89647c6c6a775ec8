/* SPDX-License-Identifier: BSD-2-Clause */

/* The root task's console: where print() goes and how user_halt() switches off in a release system,
 * whose kernel does neither.
 *
 * A thread's console is named by the user data word of its IPC buffer. So each thread has its own
 * or none, and a process, which cannot reach the device, prints nowhere instead of faulting.
 */
#ifndef USER_LIB_CONSOLE_H
#define USER_LIB_CONSOLE_H

#include <sel4/sel4.h>

#include "user/lib/alloc.h"
#include "user/lib/devices.h"
#include "user/lib/serial.h"
#include "user/lib/space.h"

/* Addresses of the root task's space that a console uses. */
#define CONSOLE_AREA 0x38000000u
#define CONSOLE_AREA_END 0x38010000u

enum { CONSOLE_PAGES_MAX = 1 + DEVICES_SWITCHES_MAX };

struct console_page {
    uint64_t paddr;
    uint64_t vaddr; /* 0 until it is mapped. */
    seL4_CPtr frame;
};

struct console {
    struct devices devices;
    struct serial serial; /* For polled output. SERIAL_NONE: none. */
    /* The devices' register pages, ascending. Who is to drive the serial port gets a copy of its
     * frame; then console and driver share the device and must take turns. */
    uint32_t page_count;
    struct console_page pages[CONSOLE_PAGES_MAX];
};

/* Finds the devices and takes their frames from `a`; maps them (in `space`, the caller's) if the
 * kernel has no console. The calling thread then has this console. On an error it has none; what
 * was found and taken stays valid. There is no error if there is no device, nor if one cannot be
 * had: that is then not in `devices`. */
seL4_Error console_open(struct console *console, struct alloc *a, const struct space *space,
                        const seL4_BootInfo *info);

/* The calling thread, in the same address space, prints there, too. Null: nowhere. */
void console_use(const struct console *console);

/* The frame of the page at physical address `paddr`, or null. */
seL4_CPtr console_frame(const struct console *console, uint64_t paddr);

/* Of the calling thread's console, if it has one: writes a character, after what the newline needs
 * on a terminal. */
void console_put(char c);

/* Likewise: finishes output and switches off. Returns if that does not work. */
void console_switch_off(void);

#endif
