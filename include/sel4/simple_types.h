/* SPDX-License-Identifier: BSD-2-Clause */

/* Integers under their API names. */
#ifndef SEL4_SIMPLE_TYPES_H
#define SEL4_SIMPLE_TYPES_H

#include <stdint.h>

typedef int8_t seL4_Int8;
typedef uint8_t seL4_Uint8;
typedef int16_t seL4_Int16;
typedef uint16_t seL4_Uint16;
typedef int32_t seL4_Int32;
typedef uint32_t seL4_Uint32;
typedef int64_t seL4_Int64;
typedef uint64_t seL4_Uint64;

typedef seL4_Uint64 seL4_Word;
typedef seL4_Int8 seL4_Bool;
typedef seL4_Word seL4_CPtr;
typedef seL4_Uint64 seL4_Time; /* Microseconds. */
typedef seL4_Word seL4_NodeId;
typedef seL4_Word seL4_PAddr;
typedef seL4_Word seL4_Domain;

#define seL4_True 1
#define seL4_False 0
#ifdef __cplusplus
#define seL4_Null nullptr
#else
#define seL4_Null ((void *)0)
#endif

#endif
