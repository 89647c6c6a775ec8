/* SPDX-License-Identifier: BSD-2-Clause */

#include "core/ipc.h"

#include <stddef.h>

#include "core/bits.h"
#include "core/cdt.h"
#include "core/cspace.h"
#include "core/kernel.h"
#include "core/thread.h"

/* What became of a message's capabilities. */
struct transferred {
    uint32_t count;     /* Processed, unwrapped ones included. */
    uint32_t unwrapped; /* Bit mask. */
};

/* Copies message words; returns how many arrived. */
static uint32_t copy_words(struct thread *sender, const uint64_t *from, struct thread *receiver,
                           uint64_t *to, uint32_t length)
{
    uint32_t in_registers = min_u32(length, ABI_MSG_REGISTERS);

    for (uint32_t i = 0; i < in_registers; i++) {
        receiver->regs.x[REG_A2 + i] = sender->regs.x[REG_A2 + i];
    }
    if (from == NULL || to == NULL) {
        return in_registers;
    }
    for (uint32_t i = ABI_MSG_REGISTERS; i < length; i++) {
        to[ABI_BUFFER_MSG + i] = from[ABI_BUFFER_MSG + i];
    }
    return length;
}

/* The empty slot that the receiver named for capabilities, or null. */
static struct slot *receive_slot(struct thread *receiver, const uint64_t *buffer)
{
    struct slot *root = NULL;
    struct slot *slot = NULL;
    struct lookup_failure failure;

    if (!cspace_lookup(receiver, buffer[ABI_BUFFER_RECEIVE_CNODE], &root, &failure)) {
        return NULL;
    }
    if (cspace_slot(&root->cap, buffer[ABI_BUFFER_RECEIVE_INDEX], buffer[ABI_BUFFER_RECEIVE_DEPTH],
                    &slot, &failure) != STATUS_OK) {
        return NULL;
    }
    return cap_is_null(&slot->cap) ? slot : NULL;
}

/* Looks up the sender's extra capabilities: all of them, or none. */
static uint32_t find_caps(struct thread *sender, const uint64_t *buffer, uint32_t count,
                          struct slot **slots)
{
    struct lookup_failure failure;

    for (uint32_t i = 0; i < count; i++) {
        if (!cspace_lookup(sender, buffer[ABI_BUFFER_CAPS + i], &slots[i], &failure)) {
            return 0;
        }
    }
    return count;
}

static struct transferred transfer_caps(struct kernel *k, struct thread *receiver, uint64_t *buffer,
                                        const struct endpoint *endpoint, struct slot *const *slots,
                                        uint32_t count)
{
    struct transferred done = {0, 0};
    struct slot *free_slot = receive_slot(receiver, buffer);

    for (uint32_t i = 0; i < count; i++) {
        struct cap *cap = &slots[i]->cap;
        struct cap derived;

        if (endpoint != NULL && cap->type == CAP_ENDPOINT && cap->endpoint == endpoint) {
            buffer[ABI_BUFFER_CAPS + i] = cap->badge;
            done.unwrapped += 1u << i;
            done.count++;
            continue;
        }
        if (free_slot == NULL || cdt_derive(k, slots[i], *cap, &derived) != STATUS_OK ||
            cap_is_null(&derived)) {
            return done;
        }
        cdt_insert_copy(k, free_slot, slots[i], derived);
        free_slot = NULL;
        done.count++;
    }
    return done;
}

void ipc_transfer(struct kernel *k, struct thread *sender, struct thread *receiver,
                  const struct endpoint *endpoint, uint64_t badge, bool can_grant)
{
    uint64_t info = sender->regs.x[REG_A1];
    const uint64_t *from = thread_buffer(k, sender, false);
    uint64_t *to = thread_buffer(k, receiver, true);
    struct transferred caps = {0, 0};
    uint32_t length = copy_words(sender, from, receiver, to, message_length(info));

    if (can_grant && from != NULL && to != NULL) {
        struct slot *slots[ABI_MSG_MAX_CAPS];
        uint32_t count = find_caps(sender, from, message_extra_caps(info), slots);
        if (count != 0) {
            caps = transfer_caps(k, receiver, to, endpoint, slots, count);
        }
    }
    receiver->regs.x[REG_A0] = badge;
    receiver->regs.x[REG_A1] =
        message_info(message_label(info), caps.unwrapped, caps.count, length);
}
