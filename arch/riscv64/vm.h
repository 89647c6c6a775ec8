/* SPDX-License-Identifier: BSD-2-Clause */

/* The kernel's own address space (layout.h). Its root table is copied into the upper half of each
 * user's, so its entries are final before the first one is made. */
#ifndef ARCH_RISCV64_VM_H
#define ARCH_RISCV64_VM_H

#include <stdbool.h>
#include <stdint.h>

#include "core/boot.h"

/* Start-up, with the MMU off: makes tables in which everything below 254 GiB is in the window.
 * Gives the value for satp. Called once, by start.S. */
uint64_t vm_early(void);

/* Takes out of the window what is not RAM, and maps the registers of a device. Null if the region
 * cannot be mapped (more than 1 GiB), else where it is now. */
volatile void *vm_finish(const struct boot_region *ram, uint32_t ram_count,
                         struct boot_region device);

/* Physical address of the root table, and of something in the kernel image. */
uint64_t vm_root(void);
uint64_t vm_image_paddr(const void *object);

/* Where RAM (during boot: anything below 254 GiB) is in the window. */
void *vm_window(uint64_t paddr);

/* How many ASIDs this hart tells apart: a power of two, 1 if none. */
uint64_t vm_asid_count(void);

#endif
