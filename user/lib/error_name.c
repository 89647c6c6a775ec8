/* SPDX-License-Identifier: BSD-2-Clause */
#include "user/lib/error_name.h"

#include "abi/api.h"

const char *sel4_error_name(seL4_Error error)
{
    switch ((seL4_Word)error) {
#define ABI_X(value, name, stub)                                                                   \
    case value:                                                                                    \
        return #stub;
        ABI_ERRORS(ABI_X)
#undef ABI_X
    default:
        return "?";
    }
}

const char *sel4_fault_name(seL4_Word label)
{
    switch (label) {
#define ABI_X(value, name, stub)                                                                   \
    case value:                                                                                    \
        return #stub;
        ABI_FAULTS(ABI_X)
#undef ABI_X
    default:
        return "?";
    }
}
