/* SPDX-License-Identifier: BSD-2-Clause */

#include "core/queue.h"

#include "core/assert.h"
#include "core/thread.h"

void queue_insert(struct thread_list *list, struct thread *thread, struct thread *next)
{
    ASSERT(thread->queue == THREAD_QUEUE_NONE);
    struct thread *prev = next == NULL ? list->tail : next->queue_prev;

    thread->queue_next = next;
    thread->queue_prev = prev;
    if (next == NULL) {
        list->tail = thread;
    } else {
        next->queue_prev = thread;
    }
    if (prev == NULL) {
        list->head = thread;
    } else {
        prev->queue_next = thread;
    }
}

void queue_remove(struct thread_list *list, struct thread *thread)
{
    ASSERT(thread->queue != THREAD_QUEUE_NONE);
    struct thread *next = thread->queue_next;
    struct thread *prev = thread->queue_prev;

    if (next == NULL) {
        list->tail = prev;
    } else {
        next->queue_prev = prev;
    }
    if (prev == NULL) {
        list->head = next;
    } else {
        prev->queue_next = next;
    }
    thread->queue_next = NULL;
    thread->queue_prev = NULL;
    thread->queue = THREAD_QUEUE_NONE;
}

void queue_insert_by_priority(struct thread_list *list, struct thread *thread)
{
    struct thread *before = list->tail;
    struct thread *next = NULL;

    while (before != NULL && before->priority < thread->priority) {
        next = before;
        before = before->queue_prev;
    }
    queue_insert(list, thread, next);
}
