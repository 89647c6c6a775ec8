/* SPDX-License-Identifier: BSD-2-Clause */

/* Build settings of the kernel as constants. They come from Bazel settings (//config) by way of a
 * generated header; everything else about a machine is learnt at run time.
 */
#ifndef CORE_CONFIG_H
#define CORE_CONFIG_H

#include "abi/api.h"
#include "config/albireo_config.h"

enum {
    CONFIG_DEBUG = ALBIREO_DEBUG,     /* Debug system calls and console diagnostics. */
    CONFIG_FPU = ALBIREO_FPU,         /* Threads have F and D registers. */
    CONFIG_DOMAINS = ALBIREO_DOMAINS, /* Number of scheduler domains, 1..256. */
    CONFIG_CORES = ALBIREO_CORES,     /* Number of cores the state is laid out for, 1..8. */

    CONFIG_PRIORITIES = 256,
    CONFIG_TCB_BITS = CONFIG_FPU ? ABI_TCB_BITS_FPU : ABI_TCB_BITS_NO_FPU,
    /* Bytes of a thread's debug name with its NUL: what the TCB object has left over
     * (docs/abi/14 section 14.2). */
    CONFIG_NAME_SIZE = CONFIG_FPU ? 848 : 336,
    /* Entries of the domain schedule, docs/abi/13 section 13.1. */
    CONFIG_DOMAIN_SCHEDULE = CONFIG_DOMAINS == 1 ? 2 : 100,
    CONFIG_IRQ_LIMIT = 1024, /* Interrupt numbers are below this. */
};

#endif
