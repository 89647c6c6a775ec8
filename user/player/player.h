/* SPDX-License-Identifier: BSD-2-Clause */

/* The parts of the player. */
#ifndef USER_PLAYER_PLAYER_H
#define USER_PLAYER_PLAYER_H

#include <sel4/sel4.h>
#include <stdint.h>

#include "abi/player_script.h"
#include "user/lib/console.h"

/* entry.S */
extern const struct script player_script[]; /* One, and what it leads to. */
extern const char player_threads[];
void player_trap(uint64_t regs[9]);

/* Of the root task, for all threads of the trace. */
extern uint64_t player_tp;

/* What lies at an offset of the script. */
static inline const void *script_at(uint64_t offset)
{
    return (const char *)player_script + offset;
}

/* stage.c: makes the root task's surroundings as they were when the trace began: its CSpace,
 * untyped memory and page tables. Both say what is wrong and end if that cannot be done. */
struct stage {
    const seL4_BootInfo *info;
    struct alloc alloc;
    struct space space;
    struct console console;
    seL4_CPtr untypeds[ALLOC_UNTYPEDS_MAX]; /* For the trace. */
};
/* First of all: the memory that the trace uses. */
void stage_take(struct stage *stage);
/* Last of all: from then on the capabilities are the trace's. */
void stage_set(struct stage *stage);

/* play.c: plays the calls of a thread, which ends in the player's verdict. */
void player_thread(uint64_t index) __attribute__((noreturn));
/* Starts the thread that finds out when no other one runs. Between the two. */
seL4_Error play_watch(struct stage *stage);

#endif
