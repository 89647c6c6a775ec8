/* SPDX-License-Identifier: BSD-2-Clause */

/* Allocator of objects: cuts untyped memory, and hands out slots of the program's own CNode.
 *
 * For each untyped it keeps the same watermark as the kernel: objects are laid out upwards, each
 * aligned to its size, and memory comes back only when everything in the untyped has been revoked.
 * The CNode must be the root of the program's CSpace with pointers that are plain slot numbers, as
 * it is for the initial thread.
 */
#ifndef USER_LIB_ALLOC_H
#define USER_LIB_ALLOC_H

#include <sel4/sel4.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    ALLOC_UNTYPEDS_MAX = CONFIG_MAX_NUM_BOOTINFO_UNTYPED_CAPS,
    ALLOC_DEPTH = seL4_WordBits, /* Of pointers into the root CNode. */
};

struct alloc_untyped {
    seL4_CPtr cap;
    uint64_t paddr;
    uint64_t used; /* Watermark, bytes. */
    uint8_t size_bits;
    bool device;
};

struct alloc {
    seL4_CNode cnode;
    seL4_CPtr slot_next; /* Slots from here up to but not including slot_end are empty. */
    seL4_CPtr slot_end;
    uint32_t untyped_count;
    struct alloc_untyped untypeds[ALLOC_UNTYPEDS_MAX];
};

/* Takes over all untyped memory and all empty slots of the initial thread. */
void alloc_init(struct alloc *a, const seL4_BootInfo *info);

/* An empty slot, never handed out twice; 0 if there is none left. */
seL4_CPtr alloc_slot(struct alloc *a);

/* log2 of the size in bytes of an object. */
uint32_t alloc_object_bits(seL4_Word type, seL4_Word size_bits);

/* Bytes of RAM that have not been handed out. */
uint64_t alloc_free_bytes(const struct alloc *a);

/* Makes an object, in the smallest untyped where it fits. On success *cap is its capability. */
seL4_Error alloc_object(struct alloc *a, seL4_Word type, seL4_Word size_bits, seL4_CPtr *cap);

/* A 4 KiB frame of device memory, at `paddr`. Device memory below it in the same untyped is given
 * up, unless it was handed out before. */
seL4_Error alloc_device_frame(struct alloc *a, uint64_t paddr, seL4_CPtr *cap);

/* Cuts an untyped of 2^bits bytes out of `a`, and `slots` slots, into an allocator of their own:
 * revoking *cap destroys whatever is made with `sub`. */
seL4_Error alloc_delegate(struct alloc *a, uint32_t bits, uint32_t slots, struct alloc *sub,
                          seL4_Untyped *cap);

/* Copies a capability into a new slot, with fewer rights and, if `badge` is not 0, a badge. */
seL4_Error alloc_mint(struct alloc *a, seL4_CPtr source, seL4_CapRights_t rights, seL4_Word badge,
                      seL4_CPtr *cap);

#endif
