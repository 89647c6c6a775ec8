/* SPDX-License-Identifier: BSD-2-Clause */

/* The demonstration: a root task that shows, scene by scene, what the kernel is for. Each scene
 * says in plain words what it does, and every statement printed as a fact has just been verified.
 *
 * The scenes use nothing but the public API and user/lib/.
 */
#ifndef USER_DEMO_DEMO_H
#define USER_DEMO_DEMO_H

#include <sel4/sel4.h>
#include <stdbool.h>
#include <stdint.h>

#include "user/lib/alloc.h"
#include "user/lib/console.h"
#include "user/lib/process.h"
#include "user/lib/space.h"
#include "user/lib/thread.h"

enum {
    DEMO_SCENE_BITS = 22,    /* Each scene has 4 MiB to itself, */
    DEMO_SCENE_SLOTS = 1024, /* and so many slots. */
};

struct demo {
    const seL4_BootInfo *info;
    struct alloc alloc;
    struct space space;
    struct console console;
    uint64_t area_next;   /* Next thread's stack and buffer. */
    struct alloc scene;   /* What the present scene is made of, */
    seL4_Untyped untyped; /* and what is revoked at its end. */
    seL4_CPtr park;       /* A notification that nobody signals. */
    uint64_t claims;
    uint64_t failures;
};

/* Prints a line. */
void demo_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* Prints a line that claims something, and whether it is so. */
void demo_claim(struct demo *d, bool holds, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Counts a failure, with the name of what failed, unless there was no error. */
bool demo_ok(struct demo *d, seL4_Error error, const char *what);

/* Object made of the scene's memory; null, and a failure counted, if that was impossible. */
seL4_CPtr demo_object(struct demo *d, seL4_Word type);

/* Badged (unless 0) copy of a capability, likewise. */
seL4_CPtr demo_mint(struct demo *d, seL4_CPtr source, seL4_CapRights_t rights, seL4_Word badge);

/* A passive thread in the root task's spaces; fields may be changed before it is made. */
struct thread_spec demo_spec(struct demo *d, const char *name, void (*entry)(uint64_t),
                             const void *argument, uint8_t priority);

/* Gives it time: budget every period. */
struct thread_spec demo_with_time(struct thread_spec spec, seL4_Time budget_us,
                                  seL4_Time period_us);

/* Makes it, and starts it unless that failed. */
bool demo_start(struct demo *d, const struct thread_spec *spec, struct user_thread *thread);

/* The calling thread has no more to do. */
void demo_park(const struct demo *d) __attribute__((noreturn));

/* Waits until all of `badges` have been signalled. */
void demo_wait(seL4_CPtr ntfn, seL4_Word badges);

void scene_boot(struct demo *d);
void scene_server(struct demo *d);
void scene_pager(struct demo *d);
void scene_driver(struct demo *d);
void scene_budget(struct demo *d);
void scene_revoke(struct demo *d);
void scene_copy(struct demo *d);

#endif
