/* SPDX-License-Identifier: BSD-2-Clause */
#include "user/lib/alloc.h"

void alloc_init(struct alloc *a, const seL4_BootInfo *info)
{
    a->cnode = seL4_CapInitThreadCNode;
    a->slot_next = info->empty.start;
    a->slot_end = info->empty.end;
    a->untyped_count = (uint32_t)(info->untyped.end - info->untyped.start);
    for (uint32_t i = 0; i < a->untyped_count; i++) {
        a->untypeds[i] = (struct alloc_untyped){
            .cap = info->untyped.start + i,
            .paddr = info->untypedList[i].paddr,
            .used = 0,
            .size_bits = info->untypedList[i].sizeBits,
            .device = info->untypedList[i].isDevice != 0,
        };
    }
}

seL4_CPtr alloc_slot(struct alloc *a)
{
    if (a->slot_next == a->slot_end) {
        return seL4_CapNull;
    }
    a->slot_next++;
    return a->slot_next - 1;
}

uint32_t alloc_object_bits(seL4_Word type, seL4_Word size_bits)
{
    switch (type) {
    case seL4_TCBObject:
        return seL4_TCBBits;
    case seL4_EndpointObject:
        return seL4_EndpointBits;
    case seL4_NotificationObject:
        return seL4_NotificationBits;
    case seL4_CapTableObject:
        return (uint32_t)size_bits + seL4_SlotBits;
    case seL4_ReplyObject:
        return seL4_ReplyBits;
    case seL4_RISCV_Giga_Page:
        return seL4_HugePageBits;
    case seL4_RISCV_4K_Page:
        return seL4_PageBits;
    case seL4_RISCV_Mega_Page:
        return seL4_LargePageBits;
    case seL4_RISCV_PageTableObject:
        return seL4_PageTableBits;
    default:
        return (uint32_t)size_bits; /* Untyped and SchedContext. */
    }
}

/* Where the next object of 2^bits bytes would begin. */
static uint64_t place(const struct alloc_untyped *u, uint32_t bits)
{
    uint64_t size = (uint64_t)1 << bits;
    return (u->used + size - 1) / size * size;
}

static uint64_t untyped_size(const struct alloc_untyped *u)
{
    return (uint64_t)1 << u->size_bits;
}

static bool fits(const struct alloc_untyped *u, uint32_t bits)
{
    return bits <= u->size_bits && untyped_size(u) - ((uint64_t)1 << bits) >= place(u, bits);
}

uint64_t alloc_free_bytes(const struct alloc *a)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < a->untyped_count; i++) {
        bytes += a->untypeds[i].device ? 0 : untyped_size(&a->untypeds[i]) - a->untypeds[i].used;
    }
    return bytes;
}

static seL4_Error carve(struct alloc *a, struct alloc_untyped *u, seL4_Word type,
                        seL4_Word size_bits, seL4_CPtr *cap)
{
    seL4_CPtr slot = alloc_slot(a);
    if (slot == seL4_CapNull) {
        return seL4_NotEnoughMemory;
    }
    seL4_Error error = seL4_Untyped_Retype(u->cap, type, size_bits, a->cnode, 0, 0, slot, 1);
    if (error != seL4_NoError) {
        a->slot_next--; /* The slot just taken is still empty. */
        return error;
    }
    uint32_t bits = alloc_object_bits(type, size_bits);
    u->used = place(u, bits) + ((uint64_t)1 << bits);
    *cap = slot;
    return seL4_NoError;
}

seL4_Error alloc_object(struct alloc *a, seL4_Word type, seL4_Word size_bits, seL4_CPtr *cap)
{
    uint32_t bits = alloc_object_bits(type, size_bits);
    struct alloc_untyped *best = seL4_Null;
    for (uint32_t i = 0; i < a->untyped_count; i++) {
        struct alloc_untyped *u = &a->untypeds[i];
        if (!u->device && fits(u, bits) && (best == seL4_Null || u->size_bits < best->size_bits)) {
            best = u;
        }
    }
    return best == seL4_Null ? seL4_NotEnoughMemory : carve(a, best, type, size_bits, cap);
}

/* log2 of the largest aligned piece between the watermark and `end`. */
static uint32_t gap_bits(const struct alloc_untyped *u, uint64_t end)
{
    uint32_t bits = seL4_MinUntypedBits;
    while (bits < u->size_bits && u->used % ((uint64_t)2 << bits) == 0 &&
           u->used + ((uint64_t)2 << bits) <= end) {
        bits++;
    }
    return bits;
}

seL4_Error alloc_device_frame(struct alloc *a, uint64_t paddr, seL4_CPtr *cap)
{
    for (uint32_t i = 0; i < a->untyped_count; i++) {
        struct alloc_untyped *u = &a->untypeds[i];
        if (!u->device || u->size_bits < seL4_PageBits || paddr < u->paddr + u->used ||
            paddr - u->paddr >= untyped_size(u)) {
            continue;
        }
        while (u->paddr + u->used < paddr) {
            seL4_CPtr gap;
            uint32_t bits = gap_bits(u, paddr - u->paddr);
            seL4_Error error = carve(a, u, seL4_UntypedObject, bits, &gap);
            if (error != seL4_NoError) {
                return error;
            }
        }
        return carve(a, u, seL4_RISCV_4K_Page, 0, cap);
    }
    return seL4_NotEnoughMemory;
}

seL4_Error alloc_delegate(struct alloc *a, uint32_t bits, uint32_t slots, struct alloc *sub,
                          seL4_Untyped *cap)
{
    if (a->slot_end - a->slot_next < (seL4_CPtr)slots + 1) {
        return seL4_NotEnoughMemory;
    }
    seL4_Error error = alloc_object(a, seL4_UntypedObject, bits, cap);
    if (error != seL4_NoError) {
        return error;
    }
    sub->cnode = a->cnode;
    sub->slot_next = a->slot_next;
    sub->slot_end = a->slot_next + slots;
    a->slot_next = sub->slot_end;
    sub->untyped_count = 1;
    sub->untypeds[0] = (struct alloc_untyped){.cap = *cap, .size_bits = (uint8_t)bits};
    return seL4_NoError;
}

seL4_Error alloc_mint(struct alloc *a, seL4_CPtr source, seL4_CapRights_t rights, seL4_Word badge,
                      seL4_CPtr *cap)
{
    seL4_CPtr slot = alloc_slot(a);
    if (slot == seL4_CapNull) {
        return seL4_NotEnoughMemory;
    }
    seL4_Error error = badge == 0 ? seL4_CNode_Copy(a->cnode, slot, ALLOC_DEPTH, a->cnode, source,
                                                    ALLOC_DEPTH, rights)
                                  : seL4_CNode_Mint(a->cnode, slot, ALLOC_DEPTH, a->cnode, source,
                                                    ALLOC_DEPTH, rights, badge);
    if (error != seL4_NoError) {
        a->slot_next--;
        return error;
    }
    *cap = slot;
    return seL4_NoError;
}
