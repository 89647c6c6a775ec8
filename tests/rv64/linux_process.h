/* SPDX-License-Identifier: BSD-2-Clause */

/* Just enough of a Linux process to run a static RV64 program that computes and writes: the
 * segments of its ELF file, a stack, and the system calls write and exit.
 */
#ifndef TESTS_RV64_LINUX_PROCESS_H
#define TESTS_RV64_LINUX_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

#include "hosted/rv64/rv64.h"

#ifdef __cplusplus
extern "C" {
#endif

struct linux_process;

/* Null, with a reason in words on stderr, if the file is no such program. */
struct linux_process *linux_process_load(const char *path);
void linux_process_free(struct linux_process *process);

/* Runs to the exit, in runs of at most `steps` instructions, with the program's output on this
 * process' stdout: its status; or -1, with a reason on stderr, after an exception or a system call
 * that there is not. */
int linux_process_run(struct linux_process *process, uint64_t steps);
uint64_t linux_process_retired(const struct linux_process *process);

#ifdef __cplusplus
}
#endif

#endif
