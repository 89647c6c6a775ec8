/* SPDX-License-Identifier: BSD-2-Clause */

/* What a scenario of the register test works with: actors, what they do and must find, and the
 * objects that they use.
 *
 * A scenario says what each actor does, act by act, starts the actors with stage_go(), and ends
 * with stage_end(), which compares all registers after each act with what they should be. It is run
 * once in each style: with other values in all registers whose value it does not give.
 */
#ifndef TESTS_BOOT_REGISTERS_STAGE_H
#define TESTS_BOOT_REGISTERS_STAGE_H

#include <sel4/sel4.h>
#include <stdbool.h>
#include <stdint.h>

#include "tests/boot/registers/actor.h"
#include "user/lib/alloc.h"
#include "user/lib/console.h"
#include "user/lib/serial.h"
#include "user/lib/space.h"
#include "user/lib/thread.h"

/* Values of registers. */
enum style {
    STYLE_RANDOM,
    STYLE_ZERO,
    STYLE_ONES,
    STYLE_KERNEL, /* Addresses of the kernel. */
    STYLES,
};

enum {
    STAGE_PRIORITY = 50,          /* Of the root task: it goes on when no actor does. */
    STAGE_ABOVE = 120,            /* Before it lets the actors begin. */
    STAGE_ACTOR_PRIORITY = 100,   /* Of A and B; */
    STAGE_HANDLER_PRIORITY = 110, /* of C, which handles faults and interrupts. */
    STAGE_SLICE_US = 5000,

    BADGE_ENDPOINT = 0x1E0001, /* Of the capabilities below. */
    BADGE_NTFN = 0x1E0002,
    BADGE_FAULT = 0x1E0003,
    BADGE_TIMEOUT = 0x1E0004,
    BADGE_IRQ = 0x1E0005,
    BADGE_SC = 0x1E0006,
};

/* The root task's address space, which A and C share. B has one of its own: the same program, and
 * the page at 0. */
#define STAGE_THREADS 0x40000000u
#define STAGE_SHARED 0x50000000u    /* The actors; mapped everywhere. */
#define STAGE_ZERO_PAGE 0x50100000u /* The page at 0 once more, for C code. */
#define STAGE_UART 0x50101000u
#define STAGE_DATA 0x50102000u  /* A page of data, always mapped. */
#define STAGE_PAGES 0x50110000u /* Page tables, but no pages, unless a scenario maps them. */

struct stage {
    const seL4_BootInfo *info;
    struct alloc alloc;
    struct space space; /* The root task's, */
    struct space other; /* and B's. */
    struct console console;
    struct serial uart; /* Mapped at STAGE_UART. */
    seL4_IRQHandler irq;
    struct user_thread threads[ACTORS];
    struct actor *actors; /* ACTORS of them, at STAGE_SHARED. */

    seL4_CPtr endpoint;
    seL4_CPtr endpoint_badged;
    seL4_CPtr ntfn;
    seL4_CPtr ntfn_badged;
    seL4_CPtr fault_endpoint;
    seL4_CPtr timeout_endpoint; /* The same with another badge. */
    seL4_CPtr irq_ntfn;
    seL4_CPtr empty_slot;
    seL4_CPtr replies[ACTORS];
    seL4_CPtr page; /* A frame to map at STAGE_PAGES; */
    seL4_CPtr code; /* one for code. */
    seL4_CPtr code_next;
    seL4_CPtr untyped; /* Large, and of 2^untyped_bits bytes. */
    uint32_t untyped_bits;
    seL4_CPtr hole; /* Device memory where there is no device. */

    enum style style;
    bool failed;
};

struct scenario {
    const char *name;
    void (*run)(struct stage *s);
};

struct group {
    const char *name;
    const struct scenario *scenarios;
    uint32_t count;
};

extern const struct group group_syscalls;   /* syscalls.c */
extern const struct group group_faults;     /* faults.c */
extern const struct group group_refused;    /* refused.c */
extern const struct group group_interrupts; /* interrupts.c */

/* Makes everything; false if that is impossible. */
bool stage_init(struct stage *s, const seL4_BootInfo *info);

/* Runs a scenario in each style; whether it held. */
bool stage_play(struct stage *s, const struct scenario *scenario);

/* ---- For scenarios ---- */

/* The next act of an actor, with the style's values in all registers. */
struct act *stage_act(struct stage *s, enum actor_name actor);

/* Likewise: an ecall. */
struct act *stage_syscall(struct stage *s, enum actor_name actor, int64_t number, seL4_Word a0);

/* Likewise: a jump to a snippet. Not for C. */
struct act *stage_jump(struct stage *s, enum actor_name actor, const void *snippet);

/* Likewise: a call of a function. Not for B. */
void stage_work(struct stage *s, enum actor_name actor, void (*work)(const void *),
                const void *argument);

/* Gives a register, by number, a value that is not the style's. The kernel must preserve it. */
void act_set(struct act *act, uint32_t x, uint64_t value);

/* The register is to be found with another value. */
void act_expect(struct act *act, uint32_t x, uint64_t value);

/* Likewise a word in the IPC buffer. */
void act_set_word(struct act *act, uint32_t index, uint64_t value);

/* Sets a1 for a message with this label and length. */
void act_message(struct act *act, seL4_Word label, uint32_t length);

/* The act receives a message: badge, label and words. */
void act_receives(struct act *act, seL4_Word badge, seL4_Word label, uint32_t length,
                  const uint64_t *words);

/* It receives what the other one sends. */
void act_receives_from(struct act *act, seL4_Word badge, const struct act *sender);

/* Lets an actor perform its acts; it goes on until it blocks before this returns. */
void stage_go(const struct stage *s, enum actor_name actor);

/* Lets both begin, and only then run. */
void stage_go_together(const struct stage *s, enum actor_name one, enum actor_name other);

/* Waits until all actors have finished. */
void stage_wait(const struct stage *s);

/* Likewise; then compares. */
void stage_end(struct stage *s);

/* Gives an actor's scheduling context new parameters; equal ones mean round robin. */
void stage_configure(struct stage *s, enum actor_name actor, seL4_Time budget_us,
                     seL4_Time period_us);

/* Something holds, or the scenario fails. */
void stage_check(struct stage *s, bool holds, const char *what);
#define CHECK(s, condition) stage_check(s, condition, #condition)

/* The flags of the page at 0. */
volatile uint64_t *stage_flag(uint32_t offset);

uint64_t stage_address(const void *pointer);

/* Number of the register at an index, from 1 on, of seL4_UserContext. */
uint32_t stage_context_register(uint32_t index);

#endif
