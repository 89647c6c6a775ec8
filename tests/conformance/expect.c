/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/conformance/expect.h"

static bool detail(int index, seL4_Word value)
{
    return seL4_GetMR(index) == value;
}

bool invalid_argument(seL4_Error error, seL4_Word number)
{
    return error == seL4_InvalidArgument && detail(0, number);
}

bool invalid_capability(seL4_Error error, seL4_Word number)
{
    return error == seL4_InvalidCapability && detail(0, number);
}

bool range_error(seL4_Error error, seL4_Word min, seL4_Word max)
{
    return error == seL4_RangeError && detail(0, min) && detail(1, max);
}

bool not_enough_memory(seL4_Error error, seL4_Word bytes)
{
    return error == seL4_NotEnoughMemory && detail(0, bytes);
}

static bool failed_lookup(seL4_Error error, seL4_Word source, seL4_Word kind)
{
    return error == seL4_FailedLookup && detail(0, source) && detail(1, kind);
}

bool invalid_root(seL4_Error error, seL4_Word source)
{
    return failed_lookup(error, source, seL4_InvalidRoot);
}

bool missing_capability(seL4_Error error, seL4_Word source, seL4_Word bits_left)
{
    return failed_lookup(error, source, seL4_MissingCapability) && detail(2, bits_left);
}

bool depth_mismatch(seL4_Error error, seL4_Word source, seL4_Word bits_left, seL4_Word bits_found)
{
    return failed_lookup(error, source, seL4_DepthMismatch) && detail(2, bits_left) &&
           detail(3, bits_found);
}

bool guard_mismatch(seL4_Error error, seL4_Word source, seL4_Word bits_left, seL4_Word guard,
                    seL4_Word bits_found)
{
    return failed_lookup(error, source, seL4_GuardMismatch) && detail(2, bits_left) &&
           detail(3, guard) && detail(4, bits_found);
}

seL4_Error conf_call(seL4_CPtr service, seL4_Word label, uint32_t word_count,
                     const seL4_Word *words, uint32_t cap_count, const seL4_CPtr *caps)
{
    for (uint32_t i = 0; i < cap_count; i++) {
        seL4_SetCap((int)i, caps[i]);
    }
    for (uint32_t i = 0; i < word_count; i++) {
        seL4_SetMR((int)i, words[i]);
    }
    seL4_SetTag(seL4_Call(service, seL4_MessageInfo_new(label, 0, cap_count, word_count)));
    return (seL4_Error)seL4_MessageInfo_get_label(seL4_GetTag());
}

seL4_Word conf_answer_length(void)
{
    return seL4_MessageInfo_get_length(seL4_GetTag());
}
