/* SPDX-License-Identifier: BSD-2-Clause */

/* Capabilities and the slots that hold them, docs/abi/03.
 *
 * A slot is 32 bytes: 24 of capability, 8 of links in the derivation sequence. Fields are ordinary
 * C fields; which of a union's members is meant follows from the type.
 */
#ifndef CORE_CAP_H
#define CORE_CAP_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/api.h"
#include "core/compiler.h"

struct asid_pool;
struct endpoint;
struct kernel;
struct ntfn;
struct page_table;
struct reply;
struct sched_context;
struct slot;
struct thread;

enum cap_type {
#define ABI_X(number, name, words) CAP_##name = number,
    ABI_CAPS(ABI_X)
#undef ABI_X
};

/* Bits of cap.cdt. They belong to the slot, not to the authority (docs/abi/03 section 3.6). */
enum {
    CDT_ORIGINAL = 1,     /* Can be a parent ("revocable"). */
    CDT_FIRST_BADGED = 2, /* Not a copy of the badged capability before it. */
};

struct cap {
    union {
        uint64_t paddr;        /* Untyped, frame: physical base address. */
        uint64_t irq;          /* IRQ handler: number. */
        uint64_t core;         /* SchedControl. */
        struct slot *slots;    /* CNode; zombie: the slots still to be emptied. */
        struct thread *thread; /* TCB. */
        struct endpoint *endpoint;
        struct ntfn *ntfn;
        struct reply *reply;
        struct sched_context *sc;
        struct page_table *table;
        struct asid_pool *pool;
    };
    union {
        uint64_t badge;      /* Endpoint, notification. */
        uint64_t guard;      /* CNode: value, in its low guard_bits bits. */
        uint64_t free_index; /* Untyped: 16-byte units handed out from the base. */
        uint64_t vaddr;      /* Frame, page table: where mapped (asid is not 0). */
        uint64_t asid_base;  /* ASID pool: its first ASID. */
        struct {
            uint32_t ring_next; /* Zombie: those that die together (destroy.h), slot numbers. */
            uint32_t ring_prev;
        };
    };
    uint8_t type; /* enum cap_type. */
    uint8_t bits; /* Untyped, frame, SC: log2 size in bytes. CNode, zombie of one: radix.
                     Zombie of a TCB: 0. */
    union {
        uint8_t rights; /* Endpoint, notification, reply, frame: ABI_RIGHT_*. */
        bool anchor;    /* Zombie: an operation works on this very slot (destroy.h). */
    };
    uint8_t cdt; /* CDT_*; 0 in a capability outside a slot. */
    union {
        struct {
            uint16_t asid; /* Frame, page table: of the VSpace it is mapped in; 0: not mapped. */
            uint8_t guard_bits; /* CNode. */
            bool device;        /* Untyped, frame. */
        };
        uint32_t left; /* Zombie: slots not yet examined, counted from slot 0. */
    };
};

struct slot {
    struct cap cap;
    uint32_t next; /* Slot numbers (ram.h) of the neighbours in the derivation sequence. */
    uint32_t prev;
};

STATIC_ASSERT(sizeof(struct cap) == 24, "capability size");
STATIC_ASSERT(sizeof(struct slot) == 32, "slot size");

/* A null capability. */
struct cap cap_null(void);

/* Number of 32-byte slots of a CNode or zombie capability's object. */
uint64_t cap_slot_count(const struct cap *cap);

/* The physical memory that a capability's object occupies: false if it has none. */
bool cap_region(const struct kernel *k, const struct cap *cap, uint64_t *base, uint64_t *size);

/* "a covers b", docs/abi/03 section 3.6. */
bool cap_covers(const struct kernel *k, const struct cap *a, const struct cap *b);

/* "a is the same object as b", docs/abi/03 section 3.6. */
bool cap_same_object(const struct kernel *k, const struct cap *a, const struct cap *b);

/* The capability with its rights intersected with a rights word, docs/abi/03 section 3.2. */
struct cap cap_mask_rights(struct cap cap, uint64_t mask);

/* Frame rights masked by a rights word: ABI_RIGHT_READ|WRITE, ABI_RIGHT_READ, or 0. */
uint8_t cap_mask_frame_rights(uint8_t rights, uint64_t mask);

/* The capability with its badge or guard changed (docs/abi/03 section 3.8), null if not allowed. */
struct cap cap_change_data(struct cap cap, uint64_t data, bool preserve);

/* A null capability, or an endpoint with write and at least one of grant and grant-reply. */
bool cap_is_fault_handler(const struct cap *cap);

static inline bool cap_is_null(const struct cap *cap)
{
    return cap->type == CAP_NULL;
}

static inline bool cap_is_mapped(const struct cap *cap)
{
    return cap->asid != 0;
}

#endif
