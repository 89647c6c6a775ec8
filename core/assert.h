/* SPDX-License-Identifier: BSD-2-Clause */

/* Assertions: always on. A failed one is a bug of the kernel, never of a user. */
#ifndef CORE_ASSERT_H
#define CORE_ASSERT_H

#include "core/compiler.h"

/* Implemented by the platform: reports a kernel bug and stops. Takes no state, so that it works
 * whatever is broken. */
NORETURN void machine_panic(const char *what, const char *file, int line);

#define ASSERT(condition)                                                                          \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            machine_panic(#condition, __FILE__, __LINE__);                                         \
        }                                                                                          \
    } while (0)

/* For places that control flow cannot reach unless the kernel is broken. */
#define UNREACHABLE(what) machine_panic("unreachable: " what, __FILE__, __LINE__)

#endif
