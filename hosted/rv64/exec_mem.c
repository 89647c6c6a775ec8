/* SPDX-License-Identifier: BSD-2-Clause */

/* Loads, stores and atomics. */
#include <string.h>

#include "hosted/rv64/internal.h"

/* The entry for an access of this size at vaddr matches if its tag is the result. */
static inline uint64_t fast_tag(const struct rv64 *rv, uint64_t vaddr, uint32_t size)
{
    return (vaddr & (~(uint64_t)(RV64_PAGE - 1) | (size - 1))) | rv->tag;
}

static inline uint8_t *host_pointer(const struct page_entry *entry, uint64_t vaddr)
{
    return (uint8_t *)(uintptr_t)(vaddr + entry->offset);
}

static inline uint64_t address_of(const struct rv64 *rv, struct op *op)
{
    return rv->x[op->rs1] + (uint64_t)op->imm;
}

/* The rare part of each load and store is a function of its own, called last, so that the common
 * one needs no stack frame. `set` puts the raw value into the destination. */
#define LOAD(name, type, check, set)                                                               \
    static __attribute__((noinline)) struct block *slow_##name(struct rv64 *rv, struct op *op)     \
    {                                                                                              \
        uint64_t loaded = 0;                                                                       \
        if (!rv64_load(rv, op, sizeof(type), &loaded)) {                                           \
            return NULL;                                                                           \
        }                                                                                          \
        type value = (type)loaded;                                                                 \
        set;                                                                                       \
        return rv64_next_or_leave(rv, op);                                                         \
    }                                                                                              \
    struct block *rv64_op_##name(struct rv64 *rv, struct op *op)                                   \
    {                                                                                              \
        check;                                                                                     \
        uint64_t vaddr = address_of(rv, op);                                                       \
        const struct page_entry *entry =                                                           \
            &rv->load[vaddr >> RV64_PAGE_BITS & (RV64_PAGE_ENTRIES - 1)];                          \
        if (!RV64_LIKELY(entry->tag == fast_tag(rv, vaddr, sizeof(type)))) {                       \
            return slow_##name(rv, op);                                                            \
        }                                                                                          \
        type value;                                                                                \
        memcpy(&value, host_pointer(entry, vaddr), sizeof value);                                  \
        set;                                                                                       \
        return RV64_NEXT(rv, op);                                                                  \
    }

#define STORE(name, type, check, source)                                                           \
    static __attribute__((noinline)) struct block *slow_##name(struct rv64 *rv, struct op *op)     \
    {                                                                                              \
        return rv64_store(rv, op, sizeof(type), source) ? rv64_next_or_leave(rv, op) : NULL;       \
    }                                                                                              \
    struct block *rv64_op_##name(struct rv64 *rv, struct op *op)                                   \
    {                                                                                              \
        check;                                                                                     \
        uint64_t vaddr = address_of(rv, op);                                                       \
        const struct page_entry *entry =                                                           \
            &rv->store[vaddr >> RV64_PAGE_BITS & (RV64_PAGE_ENTRIES - 1)];                         \
        if (!RV64_LIKELY(entry->tag == fast_tag(rv, vaddr, sizeof(type)))) {                       \
            return slow_##name(rv, op);                                                            \
        }                                                                                          \
        type value = (type)source;                                                                 \
        memcpy(host_pointer(entry, vaddr), &value, sizeof value);                                  \
        return RV64_NEXT(rv, op);                                                                  \
    }

#define NO_CHECK (void)0
#define NEEDS_FPU                                                                                  \
    if (!RV64_LIKELY(rv->f != NULL)) {                                                             \
        return rv64_op_illegal(rv, op);                                                            \
    }                                                                                              \
    (void)0

#define LOAD_SIGNED(name, type) LOAD(name, type, NO_CHECK, rv->x[op->rd] = (uint64_t)(int64_t)value)
#define LOAD_UNSIGNED(name, type) LOAD(name, type, NO_CHECK, rv->x[op->rd] = value)

LOAD_SIGNED(lb, int8_t)
LOAD_SIGNED(lh, int16_t)
LOAD_SIGNED(lw, int32_t)
LOAD_UNSIGNED(ld, uint64_t)
LOAD_UNSIGNED(lbu, uint8_t)
LOAD_UNSIGNED(lhu, uint16_t)
LOAD_UNSIGNED(lwu, uint32_t)
LOAD(flw, uint32_t, NEEDS_FPU, rv->f[op->rd] = UINT64_C(0xFFFFFFFF00000000) | value)
LOAD(fld, uint64_t, NEEDS_FPU, rv->f[op->rd] = value)

STORE(sb, uint8_t, NO_CHECK, rv->x[op->rs2])
STORE(sh, uint16_t, NO_CHECK, rv->x[op->rs2])
STORE(sw, uint32_t, NO_CHECK, rv->x[op->rs2])
STORE(sd, uint64_t, NO_CHECK, rv->x[op->rs2])
STORE(fsw, uint32_t, NEEDS_FPU, rv->f[op->rs2])
STORE(fsd, uint64_t, NEEDS_FPU, rv->f[op->rs2])

/* --- A ---------------------------------------------------------------------------------------- */

/* A read-modify-write of a type, whose new value is `result` of a = memory and b = rs2. */
#define ATOMIC(name, type, extend, result)                                                         \
    struct block *rv64_op_##name(struct rv64 *rv, struct op *op)                                   \
    {                                                                                              \
        uint8_t *host = rv64_atomic(rv, op, RV64_STORE, sizeof(type));                             \
        if (host == NULL) {                                                                        \
            return NULL;                                                                           \
        }                                                                                          \
        type a;                                                                                    \
        type b = (type)rv->x[op->rs2];                                                             \
        memcpy(&a, host, sizeof a);                                                                \
        type stored = (result);                                                                    \
        memcpy(host, &stored, sizeof stored);                                                      \
        rv->x[op->rd] = extend(a);                                                                 \
        return rv64_next_or_leave(rv, op);                                                         \
    }

#define ATOMICS(suffix, type, stype, extend)                                                       \
    ATOMIC(amoswap_##suffix, type, extend, b)                                                      \
    ATOMIC(amoadd_##suffix, type, extend, a + b)                                                   \
    ATOMIC(amoxor_##suffix, type, extend, a ^ b)                                                   \
    ATOMIC(amoand_##suffix, type, extend, a &b)                                                    \
    ATOMIC(amoor_##suffix, type, extend, a | b)                                                    \
    ATOMIC(amomin_##suffix, type, extend, (stype)a < (stype)b ? a : b)                             \
    ATOMIC(amomax_##suffix, type, extend, (stype)a > (stype)b ? a : b)                             \
    ATOMIC(amominu_##suffix, type, extend, a < b ? a : b)                                          \
    ATOMIC(amomaxu_##suffix, type, extend, a > b ? a : b)

ATOMICS(w, uint32_t, int32_t, rv64_sext32)
ATOMICS(d, uint64_t, int64_t, )

static struct block *load_reserved(struct rv64 *rv, struct op *op, uint32_t size)
{
    const uint8_t *host = rv64_atomic(rv, op, RV64_LOAD, size);
    if (host == NULL) {
        return NULL;
    }
    rv->reserved = true;
    rv->reserved_size = size;
    rv->reserved_space = rv->space;
    rv->reserved_vaddr = rv->x[op->rs1];
    rv->reserved_value = 0;
    memcpy(&rv->reserved_value, host, size);
    rv->x[op->rd] = size == 4 ? rv64_sext32(rv->reserved_value) : rv->reserved_value;
    return rv64_next_or_leave(rv, op);
}

/* Succeeds if it is of the address, size and space of the latest LR, if nothing has dropped the
 * reservation, and if memory still holds what LR read: so that a store by another hart, or by the
 * kernel, is noticed unless it did not change the value. Fails without an access otherwise, but
 * for the page of a reserved address that can no longer be written, which traps. */
static struct block *store_conditional(struct rv64 *rv, struct op *op, uint32_t size)
{
    uint64_t vaddr = rv->x[op->rs1];
    bool reserved = rv->reserved && rv->reserved_vaddr == vaddr && rv->reserved_size == size &&
                    rv->reserved_space == rv->space;
    if (!reserved && vaddr % size != 0) {
        return rv64_trap(rv, op, RV64_CAUSE_STORE_MISALIGNED, vaddr);
    }
    uint8_t *host = reserved ? rv64_atomic(rv, op, RV64_STORE, size) : NULL;
    if (reserved && host == NULL) {
        return NULL;
    }
    bool done = reserved && memcmp(host, &rv->reserved_value, size) == 0;
    if (done) {
        memcpy(host, &rv->x[op->rs2], size);
    }
    rv->reserved = false;
    rv->x[op->rd] = !done;
    return rv64_next_or_leave(rv, op);
}

struct block *rv64_op_lr_w(struct rv64 *rv, struct op *op)
{
    return load_reserved(rv, op, 4);
}

struct block *rv64_op_lr_d(struct rv64 *rv, struct op *op)
{
    return load_reserved(rv, op, 8);
}

struct block *rv64_op_sc_w(struct rv64 *rv, struct op *op)
{
    return store_conditional(rv, op, 4);
}

struct block *rv64_op_sc_d(struct rv64 *rv, struct op *op)
{
    return store_conditional(rv, op, 8);
}
