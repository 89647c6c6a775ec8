/* SPDX-License-Identifier: BSD-2-Clause */

/* What invocations return, docs/abi/00 section 0.4. */
#ifndef SEL4_ERRORS_H
#define SEL4_ERRORS_H

#include "abi/api.h"
#include "sel4/macros.h"

typedef enum {
#define ABI_X(value, name, stub) seL4_##stub = value,
    ABI_ERRORS(ABI_X)
#undef ABI_X
        seL4_NumErrors,
    SEL4_FORCE_LONG_ENUM(seL4_Error)
} seL4_Error;

typedef enum {
#define ABI_X(value, name, stub) seL4_##stub = value,
    ABI_LOOKUP_FAILURES(ABI_X)
#undef ABI_X
        SEL4_FORCE_LONG_ENUM(seL4_LookupFailureType)
} seL4_LookupFailureType;

#endif
