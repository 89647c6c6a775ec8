/* SPDX-License-Identifier: BSD-2-Clause */

/* Actors: threads that enter the kernel with all registers under control, and note what they find
 * in them afterwards. The root task tells them what to do and what they should find.
 */
#ifndef TESTS_BOOT_REGISTERS_ACTOR_H
#define TESTS_BOOT_REGISTERS_ACTOR_H

#include <sel4/sel4.h>
#include <stdbool.h>
#include <stdint.h>

/* Numbers of the integer registers. */
enum reg { RA = 1, SP, GP, TP, T0, T1, T2, S0, S1, A0, A1, A2, A3, A4, A5, A6, A7, S2, S3, S4 };
enum { S5 = S4 + 1, S6, S7, S8, S9, S10, S11, T3, T4, T5, T6 };

/* All that a user program sees but pc. x[0] is always 0. layout.h knows the offsets. */
struct registers {
    uint64_t x[32];
    uint64_t f[32];
    uint64_t fcsr;
};

enum actor_name { ACTOR_A, ACTOR_B, ACTOR_C, ACTORS };

enum {
    ACTS_MAX = 5,
    ACT_WORDS = 36,         /* Of the IPC buffer that are looked at. */
    ACT_REGISTER_WORDS = 4, /* Message words that travel in registers. */
};

/* One entry into the kernel, or a piece of ordinary work in between. */
struct act {
    void (*probe)(const struct registers *in); /* Or null, for */
    void (*work)(const void *argument);        /* this. */
    const void *argument;
    struct registers in;
    struct registers out;
    struct registers expected;
    /* The message words of the IPC buffer. Those that come and go in registers are not in it: the
     * kernel must leave their place alone, like what is behind the end of a message. */
    uint64_t in_words[ACT_WORDS];
    uint64_t out_words[ACT_WORDS];
    uint64_t expected_words[ACT_WORDS];
    seL4_CPtr cap; /* The first extra capability. */
};

struct actor {
    seL4_CPtr go; /* Signalled when there is something to do. */
    const struct registers *area;
    uint32_t act_count;
    uint32_t done; /* How many acts have been finished. */
    struct act acts[ACTS_MAX];
};

/* What an actor's thread runs; the argument is its struct actor. */
void actor_main(uint64_t actor) __attribute__((noreturn));

/* probes.S. The probe that executes an ecall, by actor; where that is, and what follows it. */
extern void (*const actor_ecall[ACTORS])(const struct registers *in);
extern const char *const actor_ecall_at[ACTORS];
extern const char *const actor_ecall_back[ACTORS];

void probe_jump_a(const struct registers *in);
void probe_jump_b(const struct registers *in);
extern const char probe_jump_a_at[], probe_jump_a_back[], probe_jump_b_back[];

extern const char snippet_load[], snippet_store[], snippet_return[], snippet_illegal[],
    snippet_breakpoint[], snippet_lr[], snippet_raise_flag[], snippet_answer[],
    snippet_ecall_loop[], snippet_ask[], snippet_interrupt_1[], snippet_interrupt_4[],
    snippet_wait[], snippet_wait_time[], snippet_relay_a[], snippet_relay_b[], snippet_lr_sc[],
    snippet_lr_ecall_sc[], snippet_lr_fault_sc[], snippet_lr_wait_sc[], snippet_sc[],
    snippet_fresh[];

/* Compares; prints the differences, as TAP diagnostics that begin with `who`. */
bool registers_equal(const char *who, const struct registers *found,
                     const struct registers *expected);

/* "a0" for 10. */
const char *register_name(uint32_t number);

#endif
