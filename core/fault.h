/* SPDX-License-Identifier: BSD-2-Clause */

/* Faults as messages, docs/abi/08. */
#ifndef CORE_FAULT_H
#define CORE_FAULT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/status.h"

struct kernel;
struct thread;

/* Each of these stops the current thread and sends its fault to its fault handler. */
void fault_cap(struct kernel *k, uint64_t cptr, bool receive_phase,
               const struct lookup_failure *failure);
void fault_unknown_syscall(struct kernel *k, uint64_t number);
void fault_user_exception(struct kernel *k, uint64_t number, uint64_t code);
void fault_vm(struct kernel *k, uint64_t address, uint64_t status, bool fetch);

/* Sends a Timeout fault of `thread` to its timeout handler, which must be an endpoint. */
void fault_timeout(struct kernel *k, struct thread *thread);

/* The thread has a timeout handler. */
bool fault_has_timeout_handler(const struct thread *thread);

/* Delivers `sender`'s pending fault to `receiver` as a message with this badge. */
void fault_transfer(struct kernel *k, const struct thread *sender, struct thread *receiver,
                    uint64_t badge);

/* Applies `replier`'s message to the faulted thread: true if that restarts, false if it stays
 * inactive. The fault is forgotten. */
bool fault_reply(struct kernel *k, struct thread *faulter, const struct thread *replier);

#endif
