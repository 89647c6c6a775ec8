/* SPDX-License-Identifier: BSD-2-Clause */

/* Message transfer between threads, docs/abi/02. */
#ifndef CORE_IPC_H
#define CORE_IPC_H

#include <stdbool.h>
#include <stdint.h>

struct endpoint;
struct kernel;
struct thread;

/* The message info word (section 2.1): its fields, and putting it together. */
static inline uint32_t message_length(uint64_t info)
{
    uint32_t length = (uint32_t)(info % 128);
    return length > 120 ? 120 : length;
}

static inline uint32_t message_extra_caps(uint64_t info)
{
    return (uint32_t)(info / 128 % 4);
}

static inline uint64_t message_label(uint64_t info)
{
    return info / 4096;
}

static inline uint64_t message_info(uint64_t label, uint32_t unwrapped, uint32_t extra_caps,
                                    uint32_t length)
{
    return label * 4096 + (uint64_t)unwrapped * 512 + (uint64_t)extra_caps * 128 + length;
}

/* Copies `sender`'s message (sections 2.4 and 2.5) to `receiver`: words, capabilities if
 * `can_grant`, a0 := badge, a1. `endpoint` is what it is sent through; null for a reply. */
void ipc_transfer(struct kernel *k, struct thread *sender, struct thread *receiver,
                  const struct endpoint *endpoint, uint64_t badge, bool can_grant);

#endif
