/* SPDX-License-Identifier: BSD-2-Clause */

/* kernel_check(), each capability by itself: C2 to C6. */

#include "core/check_internal.h"

#include "core/bits.h"
#include "core/thread.h"

enum { CAP_TYPES = CAP_SCHED_CONTROL + 1 };

/* Which fields a kind of capability uses; the others are 0. */
struct shape {
    bool exists;
    bool object; /* The first word: object, address or number. */
    bool second; /* The second word: badge, guard, address... */
    bool bits;
    bool asid;
    bool guard_bits;
    bool device;
    bool left;
    uint8_t rights; /* Possible ones; for a zombie, the anchor. */
};

static const struct shape shapes[CAP_TYPES] = {
    [CAP_NULL] = {.exists = true},
    [CAP_UNTYPED] = {.exists = true, .object = true, .second = true, .bits = true, .device = true},
    [CAP_ENDPOINT] = {.exists = true, .object = true, .second = true, .rights = ABI_RIGHT_ALL},
    [CAP_NOTIFICATION] = {.exists = true,
                          .object = true,
                          .second = true,
                          .rights = ABI_RIGHT_WRITE | ABI_RIGHT_READ},
    [CAP_REPLY] = {.exists = true, .object = true, .rights = ABI_RIGHT_GRANT},
    [CAP_CNODE] =
        {.exists = true, .object = true, .second = true, .bits = true, .guard_bits = true},
    [CAP_TCB] = {.exists = true, .object = true},
    [CAP_IRQ_CONTROL] = {.exists = true},
    [CAP_IRQ_HANDLER] = {.exists = true, .object = true},
    [CAP_ZOMBIE] =
        {.exists = true, .object = true, .second = true, .bits = true, .left = true, .rights = 1},
    [CAP_DOMAIN] = {.exists = true},
    [CAP_SCHED_CONTEXT] = {.exists = true, .object = true, .bits = true},
    [CAP_SCHED_CONTROL] = {.exists = true, .object = true},
    [CAP_FRAME] = {.exists = true,
                   .object = true,
                   .second = true,
                   .bits = true,
                   .asid = true,
                   .device = true,
                   .rights = ABI_RIGHT_WRITE | ABI_RIGHT_READ},
    [CAP_PAGE_TABLE] = {.exists = true, .object = true, .second = true, .asid = true},
    [CAP_ASID_CONTROL] = {.exists = true},
    [CAP_ASID_POOL] = {.exists = true, .object = true, .second = true},
};

/* The fields that the kind does not use are 0. */
static bool unused_are_zero(const struct cap *cap, const struct shape *shape)
{
    if ((!shape->object && cap->paddr != 0) || (!shape->second && cap->badge != 0) ||
        (!shape->bits && cap->bits != 0) || (shape->rights == 0 && cap->rights != 0)) {
        return false;
    }
    if (shape->left) {
        return true;
    }
    return (shape->asid || cap->asid == 0) && (shape->guard_bits || cap->guard_bits == 0) &&
           check_bool(&cap->device) <= (shape->device ? 1 : 0);
}

/* --- Ranges of fields, by kind ---------------------------------------------------------------- */

static bool untyped_in_range(const struct cap *cap)
{
    return cap->bits >= ABI_MIN_UNTYPED_BITS && cap->bits <= ABI_MAX_UNTYPED_BITS &&
           cap->free_index <= bit(cap->bits) / 16;
}

static bool cnode_in_range(const struct cap *cap)
{
    return cap->bits >= 1 && cap->bits <= ABI_MAX_UNTYPED_BITS - ABI_SLOT_BITS &&
           cap->guard_bits < 64 && cap->guard_bits + cap->bits <= 64 &&
           bits_high(cap->guard, cap->guard_bits) == 0;
}

static bool frame_in_range(const struct cap *cap)
{
    if (cap->bits != ABI_PAGE_BITS && cap->bits != ABI_MEGA_PAGE_BITS &&
        cap->bits != ABI_GIGA_PAGE_BITS) {
        return false;
    }
    if (!cap_is_mapped(cap)) {
        return cap->vaddr == 0;
    }
    return is_aligned(cap->vaddr, cap->bits) && cap->vaddr < ABI_USER_TOP &&
           bit(cap->bits) <= ABI_USER_TOP - cap->vaddr;
}

/* A record that names a place: what an entry of the root or of a middle table covers. */
static bool page_table_in_range(const struct cap *cap)
{
    if (!cap_is_mapped(cap)) {
        return cap->vaddr == 0;
    }
    return is_aligned(cap->vaddr, ABI_MEGA_PAGE_BITS) && cap->vaddr < ABI_USER_TOP;
}

static bool zombie_in_range(const struct cap *cap)
{
    uint64_t count = cap->bits == 0 ? (uint64_t)THREAD_SLOT_COUNT : bit(cap->bits % 64);
    return cap->bits <= ABI_MAX_UNTYPED_BITS - ABI_SLOT_BITS && cap->left <= count;
}

static bool in_range(const struct kernel *k, const struct cap *cap)
{
    switch ((enum cap_type)cap->type) {
    case CAP_UNTYPED:
        return untyped_in_range(cap);
    case CAP_CNODE:
        return cnode_in_range(cap);
    case CAP_FRAME:
        return frame_in_range(cap);
    case CAP_PAGE_TABLE:
        return page_table_in_range(cap);
    case CAP_ZOMBIE:
        return zombie_in_range(cap);
    case CAP_ASID_POOL:
        return cap->asid_base % ABI_ASIDS_PER_POOL == 0 &&
               cap->asid_base / ABI_ASIDS_PER_POOL < ABI_ASID_POOLS;
    case CAP_SCHED_CONTEXT:
        return cap->bits >= ABI_MIN_SCHED_CONTEXT_BITS && cap->bits <= ABI_MAX_UNTYPED_BITS;
    case CAP_IRQ_HANDLER:
        return cap->irq >= 1 && cap->irq <= k->irq_max && cap->irq < CONFIG_IRQ_LIMIT;
    case CAP_SCHED_CONTROL:
        return cap->core < CONFIG_CORES;
    case CAP_NULL:
    case CAP_ENDPOINT:
    case CAP_NOTIFICATION:
    case CAP_REPLY:
    case CAP_TCB:
    case CAP_IRQ_CONTROL:
    case CAP_DOMAIN:
    case CAP_ASID_CONTROL:
        return true;
    }
    return false;
}

/* --- All together ----------------------------------------------------------------------------- */

static bool rights_in_range(const struct cap *cap)
{
    /* Write-only frames do not exist. */
    return (cap->rights & ~(uint32_t)shapes[cap->type].rights) == 0 &&
           (cap->type != CAP_FRAME || cap->rights != ABI_RIGHT_WRITE);
}

/* The object is aligned to its size and lies where its kind may lie. */
static bool region_in_range(const struct check *c, const struct cap *cap)
{
    uint32_t bits = check_object_bits(cap);
    if (bits == 0) {
        return true;
    }
    uint64_t base = check_object_base(c, cap);
    bool may_be_device = cap->type == CAP_UNTYPED || cap->type == CAP_FRAME;
    if (may_be_device && check_bool(&cap->device) != 0) {
        return is_aligned(base, bits) && bits_high(base, 56) == 0;
    }
    return is_aligned(base, bits) && check_in_ram(c->k, base, bit(bits));
}

/* The heads of the sequence: the root comes first, barriers later. */
static bool is_head(const struct check *c, uint64_t i)
{
    const struct slot *slot = check_slot(c, i);
    const struct slot *barriers = c->k->cdt_barriers;
    return slot == &c->k->cdt_root || (slot >= barriers && slot < barriers + CONFIG_CORES);
}

bool check_cap_fields(struct check *c)
{
    for (uint64_t i = 0; i < c->count; i++) {
        const struct slot *slot = check_slot(c, i);
        const struct cap *cap = &slot->cap;

        REQUIRE(c, (cap->type == CAP_NULL) == is_head(c, i), "C2",
                "the slots in the sequence are occupied, and its heads are not", slot);
        REQUIRE(c, cap->type < CAP_TYPES && shapes[cap->type].exists, "C3",
                "the capability is of a kind that exists", slot);
        REQUIRE(c, unused_are_zero(cap, &shapes[cap->type]), "C3",
                "fields that the kind of capability does not use are 0", slot);
        REQUIRE(c, in_range(c->k, cap), "C4", "the capability's fields are in range", slot);
        REQUIRE(c, rights_in_range(cap), "C5", "rights are among those of the kind", slot);
        REQUIRE(c, region_in_range(c, cap), "C6",
                "the object is aligned to its size and lies in memory", slot);
    }
    return true;
}
