/* SPDX-License-Identifier: BSD-2-Clause */

#include "core/call.h"

#include "abi/checks.h"
#include "core/assert.h"
#include "core/bits.h"
#include "core/cspace.h"
#include "core/ipc.h"
#include "core/kernel.h"
#include "core/thread.h"

/* The error of each check of each invocation. */
static const uint8_t check_errors[ABI_LABEL_COUNT][ABI_CHECK_MAX] = {
#define ABI_X(name, check, error, text) [ABI_LABEL_##name][check] = STATUS_##error,
    ABI_CHECKS(ABI_X)
#undef ABI_X
};

uint64_t call_word(const struct call *call, uint32_t i)
{
    ASSERT(i < call->length);
    if (i < ABI_MSG_REGISTERS) {
        return call->caller->regs.x[REG_A2 + i];
    }
    ASSERT(call->buffer != NULL);
    return call->buffer[ABI_BUFFER_MSG + i];
}

enum status call_fail(struct kernel *k, struct call *call, uint32_t check)
{
    ASSERT(call->label < ABI_LABEL_COUNT && check < ABI_CHECK_MAX);
    uint8_t error = check_errors[call->label][check];

    ASSERT(error != STATUS_OK);
    k->counters.errors[call->label][check]++;
    call->result_count = 0;
    return (enum status)error;
}

static enum status fail_with(struct kernel *k, struct call *call, uint32_t check,
                             enum status expected, uint64_t word)
{
    enum status status = call_fail(k, call, check);

    ASSERT(status == expected);
    call_result(call, word);
    return status;
}

enum status call_fail_argument(struct kernel *k, struct call *call, uint32_t check,
                               uint64_t argument)
{
    return fail_with(k, call, check, STATUS_INVALID_ARGUMENT, argument);
}

enum status call_fail_cap(struct kernel *k, struct call *call, uint32_t check, uint64_t number)
{
    return fail_with(k, call, check, STATUS_INVALID_CAPABILITY, number);
}

enum status call_fail_range(struct kernel *k, struct call *call, uint32_t check, uint64_t min,
                            uint64_t max)
{
    enum status status = fail_with(k, call, check, STATUS_RANGE_ERROR, min);

    call_result(call, max);
    return status;
}

enum status call_fail_memory(struct kernel *k, struct call *call, uint32_t check,
                             uint64_t free_bytes)
{
    return fail_with(k, call, check, STATUS_NOT_ENOUGH_MEMORY, free_bytes);
}

enum status call_fail_lookup(struct kernel *k, struct call *call, uint32_t check, bool source,
                             const struct lookup_failure *failure)
{
    enum status status = fail_with(k, call, check, STATUS_FAILED_LOOKUP, source ? 1 : 0);

    call->result_count += call_describe_lookup(failure, &call->result[1]);
    return status;
}

enum status call_fail_missing(struct kernel *k, struct call *call, uint32_t check, bool source,
                              uint64_t depth)
{
    struct lookup_failure failure = {
        .kind = LOOKUP_MISSING_CAPABILITY,
        .bits_left = (uint32_t)depth,
    };
    return call_fail_lookup(k, call, check, source, &failure);
}

enum status call_slot(struct kernel *k, struct call *call, uint32_t range_check, bool source,
                      const struct cap *root, uint64_t index, uint64_t depth, struct slot **found)
{
    struct lookup_failure failure;
    enum status status = cspace_slot(root, index, depth, found, &failure);

    if (status == STATUS_RANGE_ERROR) {
        return call_fail_range(k, call, range_check, 1, 64);
    }
    if (status != STATUS_OK) {
        return call_fail_lookup(k, call, range_check + 1, source, &failure);
    }
    return STATUS_OK;
}

void call_result(struct call *call, uint64_t word)
{
    ASSERT(call->result_count < CALL_WORDS);
    call->result[call->result_count] = word;
    call->result_count++;
}

void call_reply(struct kernel *k, struct thread *thread, uint64_t label, const uint64_t *words,
                uint32_t count)
{
    uint64_t *buffer = thread_buffer(k, thread, true);
    uint32_t length = buffer == NULL ? min_u32(count, ABI_MSG_REGISTERS) : count;

    for (uint32_t i = 0; i < length; i++) {
        if (i < ABI_MSG_REGISTERS) {
            thread->regs.x[REG_A2 + i] = words[i];
        } else {
            buffer[ABI_BUFFER_MSG + i] = words[i];
        }
    }
    thread->regs.x[REG_A0] = 0;
    thread->regs.x[REG_A1] = message_info(label, 0, 0, length);
}

uint32_t call_describe_lookup(const struct lookup_failure *failure, uint64_t *words)
{
    words[0] = failure->kind;
    words[1] = failure->bits_left;
    switch (failure->kind) {
    case LOOKUP_NONE:
    case LOOKUP_INVALID_ROOT:
        return 1;
    case LOOKUP_MISSING_CAPABILITY:
        return 2;
    case LOOKUP_DEPTH_MISMATCH:
        words[2] = failure->bits_found;
        return 3;
    case LOOKUP_GUARD_MISMATCH:
        words[2] = failure->guard_found;
        words[3] = failure->bits_found;
        return 4;
    }
    return 1;
}
