/* SPDX-License-Identifier: BSD-2-Clause */

/* Address spaces: Sv39 page tables, frames and ASIDs, docs/abi/09. */
#ifndef CORE_VSPACE_H
#define CORE_VSPACE_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/api.h"
#include "core/cap.h"
#include "core/status.h"

struct call;
struct kernel;
struct thread;

enum { PT_ENTRIES = 512, PT_LEVELS = 3 };

struct page_table {
    uint64_t entries[PT_ENTRIES]; /* RISC-V Sv39 PTEs. */
};

/* ASID -> root table. */
struct asid_pool {
    struct page_table *roots[ABI_ASIDS_PER_POOL];
};

/* PTE fields of the RISC-V privileged specification, as small accessors without bit tricks. */
bool pte_valid(uint64_t pte);
bool pte_is_table(uint64_t pte); /* Valid, and R = W = X = 0. */
uint64_t pte_paddr(uint64_t pte);
uint64_t pte_table(uint64_t paddr); /* Pointer to the next table. */
/* User leaf; 0 (invalid) if it would be readable, writable and executable by nobody. */
uint64_t pte_leaf(uint64_t paddr, uint8_t rights, bool execute);

/* log2 of the bytes that an entry at `level` covers: 2 -> 30, 1 -> 21, 0 -> 12. */
uint32_t vspace_level_bits(uint32_t level);

/* Where a walk for `vaddr` ends: the first entry from the root that is not a table pointer, and its
 * level (2 root, 0 leaf). */
uint64_t *vspace_walk(const struct kernel *k, struct page_table *root, uint64_t vaddr,
                      uint32_t *level);

/* The root table of an ASID, or null. */
struct page_table *vspace_of_asid(const struct kernel *k, uint16_t asid);

/* Removes a mapped frame capability's mapping, if it is still there, and flushes the TLB. */
void vspace_unmap_frame(struct kernel *k, const struct cap *frame);

/* Deleting the last capability of a page table: unmaps it, or frees its ASID if it is a root. */
void vspace_finalise_table(struct kernel *k, const struct cap *table);

/* Takes its ASID from a VSpace. No core runs in it or has translations of it any more. */
void vspace_free_asid(struct kernel *k, uint16_t asid);

/* Deleting the last capability of an ASID pool. */
void vspace_finalise_pool(struct kernel *k, const struct cap *pool);

/* Makes the machine use the thread's address space, docs/abi/09 section 9.12. */
void vspace_switch(struct kernel *k, const struct thread *thread);

/* Boot only: installs a table or a 4 KiB frame in the initial address space. */
void vspace_boot_map_table(struct kernel *k, struct page_table *root, uint64_t vaddr,
                           struct page_table *table);
void vspace_boot_map_frame(struct kernel *k, struct page_table *root, uint64_t vaddr,
                           uint64_t paddr);
/* Copies the kernel's mappings into the upper half of a root table. */
void vspace_copy_kernel(const struct kernel *k, struct page_table *root);

MUST_USE enum status page_table_map(struct kernel *k, struct call *call);
MUST_USE enum status page_table_unmap(struct kernel *k, struct call *call);
MUST_USE enum status page_map(struct kernel *k, struct call *call);
MUST_USE enum status page_unmap(struct kernel *k, struct call *call);
MUST_USE enum status page_get_address(struct kernel *k, struct call *call);
MUST_USE enum status asid_control_make_pool(struct kernel *k, struct call *call);
MUST_USE enum status asid_pool_assign(struct kernel *k, struct call *call);

#endif
