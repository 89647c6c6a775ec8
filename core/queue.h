/* SPDX-License-Identifier: BSD-2-Clause */

/* Doubly linked lists of threads, by the threads' own links. A thread is in at most one. */
#ifndef CORE_QUEUE_H
#define CORE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

struct thread;

struct thread_list {
    struct thread *head;
    struct thread *tail;
};

static inline bool queue_is_empty(const struct thread_list *list)
{
    return list->head == NULL;
}

/* Inserts before `next`, at the tail if that is null. The caller sets thread->queue. */
void queue_insert(struct thread_list *list, struct thread *thread, struct thread *next);

void queue_remove(struct thread_list *list, struct thread *thread);

/* Inserts behind all of at least this thread's priority. Scans from the tail: threads of equal
 * priority, the common case, cost one step. */
void queue_insert_by_priority(struct thread_list *list, struct thread *thread);

#endif
