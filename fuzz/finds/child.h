/* SPDX-License-Identifier: BSD-2-Clause */

/* Work that may end the process: in a child. */
#ifndef FUZZ_FINDS_CHILD_H
#define FUZZ_FINDS_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fuzz/oracle/oracle.h"

#ifdef __cplusplus
extern "C" {
#endif

/* True, and *find, if something was found. */
typedef bool child_work(void *context, struct oracle_find *find);

/* Runs it in a child process, and returns what it returns. A child that crashes has found something
 * of kind "crash", one that takes longer than so many seconds something of kind "hang". It does not
 * outlive its parent. What it prints on standard output is there when this returns, unless it
 * crashes: then what had been flushed. */
bool child_run(child_work *work, void *context, uint32_t seconds, struct oracle_find *find);

/* Memory, all zero, that children and parent share. Never null. */
void *child_shared(size_t size);

#ifdef __cplusplus
}
#endif

#endif
