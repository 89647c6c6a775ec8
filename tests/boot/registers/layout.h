/* SPDX-License-Identifier: BSD-2-Clause */

/* The page at address 0, which code reaches without a base register. Included by C and by
 * assembler code; actor.c asserts the offsets.
 *
 * It holds an area for each actor: struct registers, where all registers go once the kernel has
 * been left, and then those that a function preserves, while it tries something. Flags follow.
 */
#ifndef TESTS_BOOT_REGISTERS_LAYOUT_H
#define TESTS_BOOT_REGISTERS_LAYOUT_H

#define AREA_SIZE 648 /* Three areas and the flags fit in 2 KiB, which is what sd can reach. */
#define AREA_F 256
#define AREA_FCSR 512
#define AREA_SAVED 520

#define FLAGS 1944
#define FLAG_GO 1944   /* Ends a loop that waits; its value gets into t0. */
#define FLAG_A 1952    /* How many rounds of the relay A has begun, */
#define FLAG_B 1960    /* and B. */
#define FLAG_PARK 1968 /* A notification that nobody signals. */

#endif
