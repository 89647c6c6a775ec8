/* SPDX-License-Identifier: BSD-2-Clause */

/* Scheduling: ready queues, release queue, the choice of the next thread, and the accounting of
 * time (docs/abi/06 sections 6.7 to 6.13 and 13).
 *
 * Benno scheduling: a ready queue holds only threads that can run at once. A two-level bitmap finds
 * the highest priority in two steps.
 */
#ifndef CORE_SCHED_H
#define CORE_SCHED_H

#include <stdbool.h>
#include <stdint.h>

#include "core/config.h"
#include "core/queue.h"

struct kernel;
struct sched_context;
struct thread;

enum sched_action {
    SCHED_KEEP,   /* The current thread goes on. */
    SCHED_SWITCH, /* To core->candidate, if nothing better is ready. */
    SCHED_CHOOSE, /* Anew. */
};

enum { SCHED_WORDS = CONFIG_PRIORITIES / 64 };

/* The ready queues of one domain on one core. Invariant: word p / 64, bit p % 64 is set if and only
 * if queue p is not empty; summary bit w if and only if word w is not 0. */
struct ready_queues {
    uint64_t summary;
    uint64_t words[SCHED_WORDS];
    struct thread_list queues[CONFIG_PRIORITIES];
};

/* Ready queues. A thread that is in one leaves by sched_dequeue. */
void sched_enqueue_head(struct kernel *k, struct thread *thread);
void sched_enqueue_tail(struct kernel *k, struct thread *thread);

/* Removes the thread from its ready or release queue, if it is in one. */
void sched_dequeue(struct kernel *k, struct thread *thread);

/* Puts a thread in the release queue of its core, by its head refill's time, FIFO among equals. */
void sched_enqueue_release(struct kernel *k, struct thread *thread);

/* Makes a thread that became runnable a switch candidate, docs/abi/06 section 6.13. */
void sched_candidate(struct kernel *k, struct thread *thread);

/* If `thread` is current and no longer schedulable, a new one will be chosen. */
void sched_recheck(struct kernel *k, const struct thread *thread);

/* A new choice at the end of this kernel entry. */
void sched_full(struct kernel *k);

/* If the thread is schedulable but its SC's head is not usable: to the release queue. */
void sched_postpone(struct kernel *k, struct thread *thread);

/* Kernel entry: reads the clock, charges nothing yet (docs/abi/01 section 1.5 step 1). */
void sched_account(struct kernel *k, uint64_t now);

/* Steps 2 and 3: true if the current thread may do what it came for. If not, its slice or its
 * domain has ended; it will execute the same instruction again. */
bool sched_check_budget(struct kernel *k);

/* Accounting after a preempted operation, docs/abi/06 section 6.7. */
void sched_check_preempted(struct kernel *k);

/* True if the current SC and domain still have time at core->now: for preemption points. */
bool sched_has_time(const struct kernel *k);

/* Commits the time used so far to the current SC. */
void sched_commit(struct kernel *k);

/* Yield, docs/abi/01 section 1.8. */
void sched_give_up(struct kernel *k);

/* The end of a kernel entry: chooses, switches, arms the timer. */
void sched_exit(struct kernel *k);

/* The domain schedule continues at its start index at the end of this entry. */
void sched_restart_domains(struct kernel *k);

#endif
