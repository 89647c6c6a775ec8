/* SPDX-License-Identifier: BSD-2-Clause */

/* The root task of `albireo demo`, implemented in user/demo/. */
#ifndef HOSTED_DEMO_ENTRY_H
#define HOSTED_DEMO_ENTRY_H

#include <stdbool.h>
#include <stdint.h>

struct demo_options {
    uint64_t seed;
    bool quiet;
};

/* Set before the root task starts. */
extern struct demo_options demo_options;

/* Runs as the initial thread. `bootinfo` is a host pointer to the BootInfo frame, so it can be used
 * like the one in a0 of an RV64 root task. Ends with DebugHalt. */
void root_task(void *bootinfo);

#endif
