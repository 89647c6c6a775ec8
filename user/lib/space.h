/* SPDX-License-Identifier: BSD-2-Clause */

/* Address spaces: mapping frames, with the page tables they need. */
#ifndef USER_LIB_SPACE_H
#define USER_LIB_SPACE_H

#include <sel4/sel4.h>
#include <stdint.h>

#include "user/lib/alloc.h"

#define USER_PAGE_SIZE ((uint64_t)1 << seL4_PageBits)

struct space {
    seL4_RISCV_PageTable vspace;
};

/* An empty address space. */
seL4_Error space_create(struct alloc *a, seL4_RISCV_ASIDPool pool, struct space *space);

/* Makes the page tables that a 4 KiB frame at `vaddr` needs, as far as they are missing. */
seL4_Error space_tables(struct alloc *a, const struct space *space, uint64_t vaddr);

/* Maps a 4 KiB frame, and page tables where they are missing. */
seL4_Error space_map(struct alloc *a, const struct space *space, seL4_RISCV_Page frame,
                     uint64_t vaddr, seL4_CapRights_t rights);

/* Makes new frames and maps them from `vaddr` on, writable. The capabilities are in `count`
 * consecutive elements of `frames`, if it is not null. */
seL4_Error space_map_new(struct alloc *a, const struct space *space, uint64_t vaddr, uint32_t count,
                         seL4_CPtr *frames);

/* Maps the initial thread's program into another address space, at the same addresses and read
 * only, so that threads there can run the same code. */
seL4_Error space_share_image(struct alloc *a, const struct space *space, const seL4_BootInfo *info);

#endif
