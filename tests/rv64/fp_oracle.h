/* SPDX-License-Identifier: BSD-2-Clause */

/* What the program that executes floating-point instructions and its driver say to each other. */
#ifndef TESTS_RV64_FP_ORACLE_H
#define TESTS_RV64_FP_ORACLE_H

#include <stdint.h>

/* So many that a batch, and its results, fit into a pipe. */
enum { FP_BATCH_MAX = 1024 };

struct fp_batch {
    uint32_t instruction; /* Reads registers 10, 11 and 12, x or f, and writes register 10. */
    uint32_t count;
};

struct fp_record {
    uint64_t operands[3];
    uint64_t frm;
};

struct fp_result {
    uint64_t x10;
    uint64_t f10;
    uint64_t fflags;
};

#endif
