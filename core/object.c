/* SPDX-License-Identifier: BSD-2-Clause */

#include "core/object.h"

#include "core/assert.h"
#include "core/config.h"
#include "core/kernel.h"
#include "core/ram.h"
#include "core/sched_context.h"
#include "core/thread.h"

uint32_t object_size_bits(uint64_t type, uint64_t size_bits)
{
    ASSERT(size_bits < 64);
    switch ((enum abi_object)type) {
    case ABI_OBJECT_UNTYPED:
    case ABI_OBJECT_SCHED_CONTEXT:
        return (uint32_t)size_bits;
    case ABI_OBJECT_CAP_TABLE:
        return (uint32_t)size_bits + ABI_SLOT_BITS;
    case ABI_OBJECT_TCB:
        return CONFIG_TCB_BITS;
    case ABI_OBJECT_ENDPOINT:
        return ABI_ENDPOINT_BITS;
    case ABI_OBJECT_NOTIFICATION:
        return ABI_NOTIFICATION_BITS;
    case ABI_OBJECT_REPLY:
        return ABI_REPLY_BITS;
    case ABI_OBJECT_GIGA_PAGE:
        return ABI_GIGA_PAGE_BITS;
    case ABI_OBJECT_MEGA_PAGE:
        return ABI_MEGA_PAGE_BITS;
    case ABI_OBJECT_PAGE_4K:
        return ABI_PAGE_BITS;
    case ABI_OBJECT_PAGE_TABLE:
        return ABI_PAGE_TABLE_BITS;
    case ABI_OBJECT_COUNT:
        break;
    }
    UNREACHABLE("an unknown object type");
}

bool object_may_be_device(uint64_t type)
{
    return type == ABI_OBJECT_UNTYPED || type == ABI_OBJECT_PAGE_4K ||
           type == ABI_OBJECT_MEGA_PAGE || type == ABI_OBJECT_GIGA_PAGE;
}

static struct cap memory_cap(enum cap_type type, uint64_t paddr, uint32_t bits, bool device)
{
    struct cap cap = {
        .paddr = paddr, .type = (uint8_t)type, .bits = (uint8_t)bits, .device = device};

    if (type == CAP_FRAME) {
        cap.rights = ABI_RIGHT_READ | ABI_RIGHT_WRITE;
    }
    return cap;
}

static struct cap object_cap(const struct kernel *k, enum cap_type type, uint64_t paddr,
                             uint8_t bits, uint8_t rights)
{
    struct cap cap = {
        .slots = ram_at(k, paddr), .type = (uint8_t)type, .bits = bits, .rights = rights};

    return cap;
}

struct cap object_create(struct kernel *k, uint64_t type, uint64_t paddr, uint8_t size_bits,
                         bool device)
{
    switch ((enum abi_object)type) {
    case ABI_OBJECT_UNTYPED:
        return memory_cap(CAP_UNTYPED, paddr, size_bits, device);
    case ABI_OBJECT_GIGA_PAGE:
    case ABI_OBJECT_MEGA_PAGE:
    case ABI_OBJECT_PAGE_4K:
        return memory_cap(CAP_FRAME, paddr, object_size_bits(type, size_bits), device);
    case ABI_OBJECT_TCB: {
        struct cap cap = object_cap(k, CAP_TCB, paddr, 0, 0);
        thread_init(k, cap.thread, current_thread(k)->name);
        return cap;
    }
    case ABI_OBJECT_SCHED_CONTEXT: {
        struct cap cap = object_cap(k, CAP_SCHED_CONTEXT, paddr, size_bits, 0);
        sched_context_init(cap.sc, size_bits);
        return cap;
    }
    case ABI_OBJECT_ENDPOINT:
        return object_cap(k, CAP_ENDPOINT, paddr, 0, ABI_RIGHT_ALL);
    case ABI_OBJECT_NOTIFICATION:
        return object_cap(k, CAP_NOTIFICATION, paddr, 0, ABI_RIGHT_READ | ABI_RIGHT_WRITE);
    case ABI_OBJECT_CAP_TABLE:
        return object_cap(k, CAP_CNODE, paddr, size_bits, 0);
    case ABI_OBJECT_REPLY:
        return object_cap(k, CAP_REPLY, paddr, 0, ABI_RIGHT_GRANT);
    case ABI_OBJECT_PAGE_TABLE:
        return object_cap(k, CAP_PAGE_TABLE, paddr, 0, 0);
    case ABI_OBJECT_COUNT:
        break;
    }
    UNREACHABLE("an unknown object type");
}
