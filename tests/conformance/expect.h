/* SPDX-License-Identifier: BSD-2-Clause */

/* What an invocation answers: errors with their details (docs/abi/02 section 2.6), and invocations
 * that the stubs cannot make because they are wrong on purpose.
 *
 * The predicates take what a stub has just returned; the details are still in the IPC buffer.
 */
#ifndef TESTS_CONFORMANCE_EXPECT_H
#define TESTS_CONFORMANCE_EXPECT_H

#include <sel4/sel4.h>
#include <stdbool.h>
#include <stdint.h>

bool invalid_argument(seL4_Error error, seL4_Word number);
bool invalid_capability(seL4_Error error, seL4_Word number);
bool range_error(seL4_Error error, seL4_Word min, seL4_Word max);
bool not_enough_memory(seL4_Error error, seL4_Word bytes);

/* Failed lookups; `source` is 1 for lookups of what is copied or moved, else 0. */
bool invalid_root(seL4_Error error, seL4_Word source);
bool missing_capability(seL4_Error error, seL4_Word source, seL4_Word bits_left);
bool depth_mismatch(seL4_Error error, seL4_Word source, seL4_Word bits_left, seL4_Word bits_found);
bool guard_mismatch(seL4_Error error, seL4_Word source, seL4_Word bits_left, seL4_Word guard,
                    seL4_Word bits_found);

/* Arguments of conf_call(): WORDS(1, 2), NO_WORDS, CAPS(tcb), NO_CAPS. */
#define WORDS(...)                                                                                 \
    (uint32_t)(sizeof((seL4_Word[]){__VA_ARGS__}) / sizeof(seL4_Word)), (const seL4_Word[])        \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }
#define CAPS(...) WORDS(__VA_ARGS__)
#define NO_WORDS 0, (const seL4_Word *)seL4_Null
#define NO_CAPS 0, (const seL4_Word *)seL4_Null

/* Calls with any label, number of words, and extra capabilities. The first four words of the
 * answer are found as after a stub; conf_answer_length() is the length of the last one. */
seL4_Error conf_call(seL4_CPtr service, seL4_Word label, uint32_t word_count,
                     const seL4_Word *words, uint32_t cap_count, const seL4_CPtr *caps);
seL4_Word conf_answer_length(void);

#endif
