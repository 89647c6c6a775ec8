/* SPDX-License-Identifier: BSD-2-Clause */

/* Object types for seL4_Untyped_Retype, docs/abi/04 section 4.1. */
#ifndef SEL4_OBJECTTYPE_H
#define SEL4_OBJECTTYPE_H

#include "abi/api.h"
#include "sel4/simple_types.h"

enum api_object {
#define ABI_X(value, name, stub) seL4_##stub = value,
    ABI_OBJECTS(ABI_X)
#undef ABI_X
        seL4_ObjectTypeCount,
    seL4_NonArchObjectTypeCount = seL4_RISCV_Giga_Page,
    seL4_ModeObjectTypeCount = seL4_RISCV_4K_Page,
};

typedef seL4_Word seL4_ObjectType;
typedef seL4_Word api_object_t;

/* 512 GiB pages do not exist with three levels of tables: an impossible type. */
#define seL4_RISCV_Tera_Page 0xffffffff

#endif
