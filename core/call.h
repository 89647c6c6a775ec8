/* SPDX-License-Identifier: BSD-2-Clause */

/* An invocation being decoded: its arguments, and what it answers (docs/abi/05 section 5.2).
 *
 * A handler checks, then commits. It refuses with one of the call_fail functions, naming the check
 * that failed by its number in abi/checks.h, which also fixes the error.
 */
#ifndef CORE_CALL_H
#define CORE_CALL_H

#include <stdbool.h>
#include <stdint.h>

#include "core/cap.h"
#include "core/status.h"

struct kernel;
struct thread;

enum { CALL_WORDS = 32 }; /* Longest result. */

struct call {
    struct thread *caller;
    struct slot *slot; /* Of the invoked capability. */
    uint64_t label;
    uint32_t length;        /* Words of the message, at most 4 without a buffer. */
    const uint64_t *buffer; /* The caller's IPC buffer for reading, or null. */
    struct slot *extra[ABI_MSG_MAX_CAPS];
    uint32_t extra_count;
    bool is_call; /* The caller waits for an answer. */

    bool answered; /* The caller's registers are already as they must be (deferred result). */
    uint32_t result_count; /* On success: result[0..result_count-1]. On error: detail words. */
    uint64_t result[CALL_WORDS];
};

/* Message word i < length. */
uint64_t call_word(const struct call *call, uint32_t i);

/* Refuse by check number `check` of the invocation call->label. The plain one is for errors
 * without details and for TruncatedMessage. */
MUST_USE enum status call_fail(struct kernel *k, struct call *call, uint32_t check);
MUST_USE enum status call_fail_argument(struct kernel *k, struct call *call, uint32_t check,
                                        uint64_t argument);
MUST_USE enum status call_fail_cap(struct kernel *k, struct call *call, uint32_t check,
                                   uint64_t number);
MUST_USE enum status call_fail_range(struct kernel *k, struct call *call, uint32_t check,
                                     uint64_t min, uint64_t max);
MUST_USE enum status call_fail_lookup(struct kernel *k, struct call *call, uint32_t check,
                                      bool source, const struct lookup_failure *failure);
MUST_USE enum status call_fail_missing(struct kernel *k, struct call *call, uint32_t check,
                                       bool source, uint64_t depth);
MUST_USE enum status call_fail_memory(struct kernel *k, struct call *call, uint32_t check,
                                      uint64_t free_bytes);

/* A slot lookup (cspace_slot) as part of an invocation: on failure refuses by check `range_check`
 * (bad depth) or range_check + 1 (no such slot). */
MUST_USE enum status call_slot(struct kernel *k, struct call *call, uint32_t range_check,
                               bool source, const struct cap *root, uint64_t index, uint64_t depth,
                               struct slot **found);

/* One result word. */
void call_result(struct call *call, uint64_t word);

/* Sets registers and buffer of `thread` to a kernel reply: label, count words (docs/abi/02 2.6). */
void call_reply(struct kernel *k, struct thread *thread, uint64_t label, const uint64_t *words,
                uint32_t count);

/* Writes a lookup failure's description at words[0..]: the number of words. */
uint32_t call_describe_lookup(const struct lookup_failure *failure, uint64_t *words);

#endif
