/* SPDX-License-Identifier: BSD-2-Clause */

/* The empty target: what is left is the drivers' own speed. */
#include "fuzz/harness/target.h"

static volatile uint8_t sum; /* So that the bytes must be read. */

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t all = 0;
    for (size_t i = 0; i < size; i++) {
        all = (uint8_t)(all + data[i]);
    }
    sum = all;
    return 0;
}
