/* SPDX-License-Identifier: BSD-2-Clause */

/* A last word before the process dies of a find. */
#ifndef FUZZ_HARNESS_DEATH_H
#define FUZZ_HARNESS_DEATH_H

/* From now on, once, before the process dies by abort(), a deadly signal or a sanitizer. The
 * function may call only what a signal handler may. */
void death_expect(void (*last_word)(void));

#endif
