/* SPDX-License-Identifier: BSD-2-Clause */

#include "core/cap.h"

#include "core/bits.h"
#include "core/config.h"
#include "core/ram.h"
#include "core/thread.h"

struct cap cap_null(void)
{
    struct cap cap = {.type = CAP_NULL};
    return cap;
}

uint64_t cap_slot_count(const struct cap *cap)
{
    bool is_thread = cap->type == CAP_ZOMBIE && cap->bits == 0;
    return is_thread ? (uint64_t)THREAD_SLOT_COUNT : bit(cap->bits);
}

/* log2 of the size of the object that a zombie stands for. */
static uint32_t zombie_bits(const struct cap *cap)
{
    return cap->bits == 0 ? (uint32_t)CONFIG_TCB_BITS : cap->bits + (uint32_t)ABI_SLOT_BITS;
}

/* log2 of the size of a capability's object; false if it has no memory. */
static bool object_bits(const struct cap *cap, uint32_t *bits)
{
    switch ((enum cap_type)cap->type) {
    case CAP_UNTYPED:
    case CAP_FRAME:
    case CAP_SCHED_CONTEXT:
        *bits = cap->bits;
        return true;
    case CAP_ENDPOINT:
        *bits = ABI_ENDPOINT_BITS;
        return true;
    case CAP_NOTIFICATION:
        *bits = ABI_NOTIFICATION_BITS;
        return true;
    case CAP_REPLY:
        *bits = ABI_REPLY_BITS;
        return true;
    case CAP_CNODE:
        *bits = cap->bits + (uint32_t)ABI_SLOT_BITS;
        return true;
    case CAP_TCB:
        *bits = CONFIG_TCB_BITS;
        return true;
    case CAP_ZOMBIE:
        *bits = zombie_bits(cap);
        return true;
    case CAP_PAGE_TABLE:
        *bits = ABI_PAGE_TABLE_BITS;
        return true;
    case CAP_ASID_POOL:
        *bits = ABI_ASID_POOL_BITS;
        return true;
    case CAP_NULL:
    case CAP_IRQ_CONTROL:
    case CAP_IRQ_HANDLER:
    case CAP_DOMAIN:
    case CAP_SCHED_CONTROL:
    case CAP_ASID_CONTROL:
        return false;
    }
    return false;
}

bool cap_region(const struct kernel *k, const struct cap *cap, uint64_t *base, uint64_t *size)
{
    uint32_t bits = 0;
    if (!object_bits(cap, &bits)) {
        return false;
    }
    bool by_paddr = cap->type == CAP_UNTYPED || cap->type == CAP_FRAME;
    *base = by_paddr ? cap->paddr : ram_paddr(k, cap->slots);
    *size = bit(bits);
    return true;
}

static bool region_contains(const struct kernel *k, const struct cap *a, const struct cap *b)
{
    uint64_t a_base = 0;
    uint64_t a_size = 0;
    uint64_t b_base = 0;
    uint64_t b_size = 0;

    if (!cap_region(k, a, &a_base, &a_size) || !cap_region(k, b, &b_base, &b_size)) {
        return false;
    }
    return b_base >= a_base && b_size <= a_size && b_base - a_base <= a_size - b_size;
}

bool cap_covers(const struct kernel *k, const struct cap *a, const struct cap *b)
{
    switch ((enum cap_type)a->type) {
    case CAP_UNTYPED:
        return region_contains(k, a, b);
    case CAP_FRAME:
        return b->type == CAP_FRAME && region_contains(k, a, b);
    case CAP_ENDPOINT:
    case CAP_NOTIFICATION:
    case CAP_TCB:
    case CAP_REPLY:
    case CAP_PAGE_TABLE:
    case CAP_ASID_POOL:
        return b->type == a->type && b->slots == a->slots;
    case CAP_CNODE:
    case CAP_SCHED_CONTEXT:
        return b->type == a->type && b->slots == a->slots && b->bits == a->bits;
    case CAP_SCHED_CONTROL:
    case CAP_DOMAIN:
    case CAP_ASID_CONTROL:
        return b->type == a->type;
    case CAP_IRQ_CONTROL:
        return b->type == CAP_IRQ_CONTROL || b->type == CAP_IRQ_HANDLER;
    case CAP_IRQ_HANDLER:
        return b->type == CAP_IRQ_HANDLER && b->irq == a->irq;
    case CAP_NULL:
    case CAP_ZOMBIE:
        return false;
    }
    return false;
}

bool cap_same_object(const struct kernel *k, const struct cap *a, const struct cap *b)
{
    if (a->type == CAP_UNTYPED || a->type == CAP_IRQ_CONTROL) {
        return false;
    }
    if (a->type == CAP_FRAME) {
        return b->type == CAP_FRAME && b->paddr == a->paddr && b->bits == a->bits &&
               b->device == a->device;
    }
    return cap_covers(k, a, b);
}

uint8_t cap_mask_frame_rights(uint8_t rights, uint64_t mask)
{
    bool readable = (rights & ABI_RIGHT_READ) != 0 && (mask & ABI_RIGHT_READ) != 0;
    bool writable = (rights & ABI_RIGHT_WRITE) != 0 && (mask & ABI_RIGHT_WRITE) != 0;

    /* Write-only is not supported and becomes "none". */
    if (!readable) {
        return 0;
    }
    return writable ? ABI_RIGHT_READ | ABI_RIGHT_WRITE : ABI_RIGHT_READ;
}

struct cap cap_mask_rights(struct cap cap, uint64_t mask)
{
    if (cap.type == CAP_FRAME) {
        cap.rights = cap_mask_frame_rights(cap.rights, mask);
    } else if (cap.type == CAP_ENDPOINT || cap.type == CAP_NOTIFICATION || cap.type == CAP_REPLY) {
        cap.rights = (uint8_t)(cap.rights & mask);
    }
    return cap;
}

struct cap cap_change_data(struct cap cap, uint64_t data, bool preserve)
{
    if (cap.type == CAP_ENDPOINT || cap.type == CAP_NOTIFICATION) {
        if (preserve || cap.badge != 0) {
            return cap_null();
        }
        cap.badge = data;
    } else if (cap.type == CAP_CNODE) {
        uint8_t guard_bits = (uint8_t)(data % 64);
        if (guard_bits + cap.bits > 64) {
            return cap_null();
        }
        cap.guard_bits = guard_bits;
        cap.guard = bits_low(data / 64, guard_bits);
    }
    return cap;
}

bool cap_is_fault_handler(const struct cap *cap)
{
    if (cap->type == CAP_NULL) {
        return true;
    }
    return cap->type == CAP_ENDPOINT && (cap->rights & ABI_RIGHT_WRITE) != 0 &&
           (cap->rights & (ABI_RIGHT_GRANT | ABI_RIGHT_GRANT_REPLY)) != 0;
}
