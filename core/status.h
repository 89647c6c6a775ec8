/* SPDX-License-Identifier: BSD-2-Clause */

/* How an operation ended. The first eleven values are the API's errors (docs/abi/00 section 0.4);
 * STATUS_PREEMPTED never reaches a user: the system call is executed again later.
 */
#ifndef CORE_STATUS_H
#define CORE_STATUS_H

#include <stdint.h>

#include "abi/api.h"
#include "core/compiler.h"

enum status {
#define ABI_X(value, name, stub) STATUS_##name = value,
    ABI_ERRORS(ABI_X)
#undef ABI_X
        STATUS_PREEMPTED = 16, /* Stopped at a preemption point; all is whole. */
};

enum lookup_kind {
#define ABI_X(value, name, stub) LOOKUP_##name = value,
    ABI_LOOKUP_FAILURES(ABI_X)
#undef ABI_X
};

/* Why a capability pointer did not resolve, docs/abi/02 section 2.6. */
struct lookup_failure {
    enum lookup_kind kind;
    uint32_t bits_left;
    uint32_t bits_found;
    uint64_t guard_found;
};

#endif
