/* SPDX-License-Identifier: BSD-2-Clause */

/* Types of the API, docs/abi/02 and 05 section 5.5.1. */
#ifndef SEL4_TYPES_H
#define SEL4_TYPES_H

#include "sel4/constants.h"
#include "sel4/errors.h"
#include "sel4/macros.h"
#include "sel4/objecttype.h"
#include "sel4/simple_types.h"

/* Capability pointers, named after what they are expected to point to. */
typedef seL4_CPtr seL4_CNode;
typedef seL4_CPtr seL4_IRQHandler;
typedef seL4_CPtr seL4_IRQControl;
typedef seL4_CPtr seL4_TCB;
typedef seL4_CPtr seL4_Untyped;
typedef seL4_CPtr seL4_DomainSet;
typedef seL4_CPtr seL4_SchedContext;
typedef seL4_CPtr seL4_SchedControl;
typedef seL4_CPtr seL4_RISCV_Page;
typedef seL4_CPtr seL4_RISCV_PageTable;
typedef seL4_CPtr seL4_RISCV_ASIDControl;
typedef seL4_CPtr seL4_RISCV_ASIDPool;

#define seL4_NilData ((seL4_Word)0)

/* A word of bit fields in a struct of its own, so that it is not mistaken for a number, with its
 * accessors TYPE_get_FIELD, TYPE_set_FIELD. */
#define ALBIREO_WORD_FIELD(type, field, shift, width)                                              \
    LIBSEL4_INLINE_FUNC seL4_Word type##_get_##field(type##_t word)                                \
    {                                                                                              \
        return (word.words[0] >> (shift)) & (~(seL4_Word)0 >> (64 - (width)));                     \
    }                                                                                              \
    LIBSEL4_INLINE_FUNC type##_t type##_set_##field(type##_t word, seL4_Word value)                \
    {                                                                                              \
        seL4_Word mask = (~(seL4_Word)0 >> (64 - (width))) << (shift);                             \
        word.words[0] = (word.words[0] & ~mask) | ((value << (shift)) & mask);                     \
        return word;                                                                               \
    }                                                                                              \
    LIBSEL4_INLINE_FUNC seL4_Word type##_ptr_get_##field(const type##_t *word)                     \
    {                                                                                              \
        return type##_get_##field(*word);                                                          \
    }                                                                                              \
    LIBSEL4_INLINE_FUNC void type##_ptr_set_##field(type##_t *word, seL4_Word value)               \
    {                                                                                              \
        *word = type##_set_##field(*word, value);                                                  \
    }

/* Message info, 02 section 2.1. */
typedef struct {
    seL4_Word words[1];
} seL4_MessageInfo_t;
ALBIREO_WORD_FIELD(seL4_MessageInfo, length, 0, 7)
ALBIREO_WORD_FIELD(seL4_MessageInfo, extraCaps, 7, 2)
ALBIREO_WORD_FIELD(seL4_MessageInfo, capsUnwrapped, 9, 3)
ALBIREO_WORD_FIELD(seL4_MessageInfo, label, 12, 52)

LIBSEL4_INLINE_FUNC seL4_MessageInfo_t seL4_MessageInfo_new(seL4_Word label,
                                                            seL4_Word capsUnwrapped,
                                                            seL4_Word extraCaps, seL4_Word length)
{
    seL4_MessageInfo_t info = {{0}};
    info = seL4_MessageInfo_set_label(info, label);
    info = seL4_MessageInfo_set_capsUnwrapped(info, capsUnwrapped);
    info = seL4_MessageInfo_set_extraCaps(info, extraCaps);
    return seL4_MessageInfo_set_length(info, length);
}

/* Rights, 02 section 2.2. */
typedef struct {
    seL4_Word words[1];
} seL4_CapRights_t;
ALBIREO_WORD_FIELD(seL4_CapRights, capAllowWrite, 0, 1)
ALBIREO_WORD_FIELD(seL4_CapRights, capAllowRead, 1, 1)
ALBIREO_WORD_FIELD(seL4_CapRights, capAllowGrant, 2, 1)
ALBIREO_WORD_FIELD(seL4_CapRights, capAllowGrantReply, 3, 1)

LIBSEL4_INLINE_FUNC seL4_CapRights_t seL4_CapRights_new(seL4_Word capAllowGrantReply,
                                                        seL4_Word capAllowGrant,
                                                        seL4_Word capAllowRead,
                                                        seL4_Word capAllowWrite)
{
    seL4_CapRights_t rights = {{0}};
    rights = seL4_CapRights_set_capAllowGrantReply(rights, capAllowGrantReply);
    rights = seL4_CapRights_set_capAllowGrant(rights, capAllowGrant);
    rights = seL4_CapRights_set_capAllowRead(rights, capAllowRead);
    return seL4_CapRights_set_capAllowWrite(rights, capAllowWrite);
}

#define seL4_NoRights seL4_CapRights_new(0, 0, 0, 0)
#define seL4_CanWrite seL4_CapRights_new(0, 0, 0, 1)
#define seL4_CanRead seL4_CapRights_new(0, 0, 1, 0)
#define seL4_ReadWrite seL4_CapRights_new(0, 0, 1, 1)
#define seL4_CanGrant seL4_CapRights_new(0, 1, 0, 0)
#define seL4_CanGrantReply seL4_CapRights_new(1, 0, 0, 0)
#define seL4_NoRead seL4_CapRights_new(1, 1, 0, 1)
#define seL4_NoWrite seL4_CapRights_new(1, 1, 1, 0)
#define seL4_AllRights seL4_CapRights_new(1, 1, 1, 1)

/* Guard of a CNode capability, 02 section 2.2. */
typedef struct {
    seL4_Word words[1];
} seL4_CNode_CapData_t;
ALBIREO_WORD_FIELD(seL4_CNode_CapData, guardSize, 0, 6)
ALBIREO_WORD_FIELD(seL4_CNode_CapData, guard, 6, 58)

LIBSEL4_INLINE_FUNC seL4_CNode_CapData_t seL4_CNode_CapData_new(seL4_Word guard,
                                                                seL4_Word guardSize)
{
    seL4_CNode_CapData_t data = {{0}};
    data = seL4_CNode_CapData_set_guard(data, guard);
    return seL4_CNode_CapData_set_guardSize(data, guardSize);
}

#undef ALBIREO_WORD_FIELD

/* Registers of a thread, in the order of the register-transfer invocations. */
typedef struct seL4_UserContext_ {
    seL4_Word pc, ra, sp, gp;
    seL4_Word s0, s1, s2, s3, s4, s5, s6, s7, s8, s9, s10, s11;
    seL4_Word a0, a1, a2, a3, a4, a5, a6, a7;
    seL4_Word t0, t1, t2, t3, t4, t5, t6, tp;
} seL4_UserContext;

/* The IPC buffer, 02 section 2.3. */
typedef struct seL4_IPCBuffer_ {
    seL4_MessageInfo_t tag; /* Not used by the kernel. */
    seL4_Word msg[seL4_MsgMaxLength];
    seL4_Word userData; /* Not used by the kernel. */
    seL4_Word caps_or_badges[seL4_MsgMaxExtraCaps];
    seL4_CPtr receiveCNode;
    seL4_CPtr receiveIndex;
    seL4_Word receiveDepth;
} __attribute__((aligned(1 << seL4_IPCBufferSizeBits))) seL4_IPCBuffer;

#endif
