/* SPDX-License-Identifier: BSD-2-Clause */

/* The command line of driver_random.c. */
#ifndef FUZZ_HARNESS_DRIVER_OPTIONS_H
#define FUZZ_HARNESS_DRIVER_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DRIVER_CORPUS_MAX = 16 };

struct driver_options {
    uint64_t seconds; /* 0: no limit. */
    uint64_t runs;    /* Likewise. */
    uint64_t seed;
    uint64_t timeout; /* Seconds for one input; 0: no limit. */
    size_t max_size;
    const char *corpus[DRIVER_CORPUS_MAX];
    int corpus_count;
    const char *out;
    const char *artifact; /* May be null. */
    bool progress;
};

/* False if they are wrong; it has said why. --help is answered, and ends the process. */
bool driver_options_read(struct driver_options *options, int argc, char **argv);

#endif
