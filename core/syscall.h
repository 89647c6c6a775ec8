/* SPDX-License-Identifier: BSD-2-Clause */

/* System calls of the API class: decoding and dispatch, docs/abi/01. */
#ifndef CORE_SYSCALL_H
#define CORE_SYSCALL_H

#include <stdbool.h>
#include <stdint.h>

#include "core/compiler.h"

struct kernel;

/* The number is that of an API call. */
bool syscall_is_api(uint64_t number);

/* Executes an API call of the current thread. True if a long operation in it was preempted: the
 * thread will execute the call again. */
MUST_USE bool syscall_execute(struct kernel *k, uint64_t number);

#endif
