/* SPDX-License-Identifier: BSD-2-Clause */

/* Debug system calls and console diagnostics, docs/abi/14. Nothing here in a release kernel. */
#ifndef CORE_DEBUG_H
#define CORE_DEBUG_H

#include <stdbool.h>
#include <stdint.h>

struct kernel;
struct thread;

/* Executes a debug system call of the current thread; false if the number is none, or the kernel
 * is not a debug kernel. */
bool debug_syscall(struct kernel *k, uint64_t number);

/* Prints a line about a fault that nobody handles. */
void debug_unhandled_fault(struct kernel *k, const struct thread *thread);

/* Prints a line about an interrupt that nobody waits for. */
void debug_unexpected_irq(struct kernel *k, uint32_t irq, const char *what);

/* Console output of a debug kernel. */
void debug_print(struct kernel *k, const char *text);
void debug_print_number(struct kernel *k, uint64_t value, uint32_t base);

#endif
