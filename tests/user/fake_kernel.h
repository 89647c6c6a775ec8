/* SPDX-License-Identifier: BSD-2-Clause */

/* Stands in for the kernel under the user's headers: notes what a system call brings, and answers
 * as told. */
#ifndef TESTS_USER_FAKE_KERNEL_H
#define TESTS_USER_FAKE_KERNEL_H

#include <sel4/sel4.h>

#include <string>

#include "hosted/native.h"

struct fake_kernel {
    native_regs in;             /* Of the last call. */
    native_regs out;            /* What it is answered. */
    seL4_IPCBuffer *buffer;     /* Null: the thread has none. */
    seL4_IPCBuffer buffer_seen; /* As it was at the last call. */
    int calls;
    std::string console; /* What DebugPutChar wrote. */
};

extern fake_kernel fake;

/* Forgets everything; the thread has a buffer filled with 0xEE. */
void fake_reset();

#endif
