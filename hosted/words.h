/* SPDX-License-Identifier: BSD-2-Clause */

/* What the kernel's numbers are called, for everything that shows state to people. Every function
 * takes any number: one that has no name is "(bad value)".
 */
#ifndef HOSTED_WORDS_H
#define HOSTED_WORDS_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

const char *words_cap(uint8_t type);          /* "endpoint", "scheduling context". */
const char *words_kind(uint8_t type);         /* Likewise as one short word: "endpoint", "sc". */
const char *words_state(uint8_t state);       /* enum thread_state: "blocked on send". */
const char *words_queue(uint8_t queue);       /* enum thread_queue: "ready queue". */
const char *words_fault(uint8_t type);        /* FAULT_*: "VMFault". */
const char *words_lookup(uint8_t kind);       /* LOOKUP_*: "MissingCapability". */
const char *words_thread_slot(uint32_t slot); /* enum thread_slot: "cspace". */
const char *words_irq(uint8_t state);         /* enum irq_state: "signal". */
const char *words_ntfn(uint8_t state);        /* enum ntfn_state: "waiting". */
const char *words_register(uint32_t number);  /* x0..x31 by their ABI names: "a0". */

#ifdef __cplusplus
}
#endif

#endif
