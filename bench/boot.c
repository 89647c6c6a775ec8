/* SPDX-License-Identifier: BSD-2-Clause */

/* How many instructions there are from reset to the root task's first one, firmware included. A
 * root task for QEMU's -icount shift=0. */
#include <sel4/sel4.h>
#include <stdint.h>

#include "user/lib/alloc.h"
#include "user/lib/console.h"
#include "user/lib/port.h"
#include "user/lib/print.h"
#include "user/lib/root.h"
#include "user/lib/space.h"

/* boot_start.S */
extern const uint64_t boot_cycles;

void root_task(void *bootinfo)
{
    const seL4_BootInfo *info = (const seL4_BootInfo *)bootinfo;
    static struct alloc alloc;
    static struct console console;
    const struct space space = {seL4_CapInitThreadVSpace};
    alloc_init(&alloc, info);
    console_open(&console, &alloc, &space, info);
    print("bench boot %lu %lu\nbench end\n", boot_cycles, boot_cycles);
    user_halt();
}
