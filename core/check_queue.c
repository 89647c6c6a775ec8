/* SPDX-License-Identifier: BSD-2-Clause */

/* kernel_check(), queues of threads: Q, E and N.
 *
 * Every queue is walked and its members counted. A member names its queue, so it is in no other;
 * if as many members are found as there are threads that name a queue, none is missing.
 */

#include "core/check_internal.h"

#include "core/bits.h"
#include "core/endpoint.h"
#include "core/ntfn.h"
#include "core/queue.h"
#include "core/sched_context.h"
#include "core/thread.h"

/* A queue, and the numbers of its invariants. */
struct queue {
    const struct thread_list *list;
    enum thread_queue kind;
    const void *owner; /* Endpoint or notification. */
    uint32_t core;     /* Of ready and release queues. */
    uint32_t domain;   /* Of ready queues. */
    uint32_t priority;
    const char *links;
    const char *members;
    const char *order;
};

/* The thread names this queue. Where it can be seen at all, and what else must hold there. */
static bool belongs(const struct queue *queue, const struct thread *thread)
{
    if (thread->queue != queue->kind) {
        return false;
    }
    switch (queue->kind) {
    case THREAD_QUEUE_READY:
        return thread->core == queue->core && thread->domain == queue->domain &&
               thread->priority == queue->priority && check_has_active_sc(thread);
    case THREAD_QUEUE_RELEASE:
        return thread->core == queue->core && check_has_active_sc(thread);
    case THREAD_QUEUE_ENDPOINT:
        return thread->endpoint == queue->owner && thread->state == queue->list->head->state;
    case THREAD_QUEUE_NTFN:
        return thread->ntfn == queue->owner;
    case THREAD_QUEUE_NONE:
        return false;
    }
    return false;
}

static uint64_t head_time(const struct thread *thread)
{
    return refill_at(&thread->sc->refills, 0)->time;
}

/* `thread` may come directly after `before`. */
static bool in_order(const struct queue *queue, const struct thread *before,
                     const struct thread *thread)
{
    switch (queue->kind) {
    case THREAD_QUEUE_RELEASE:
        return head_time(before) <= head_time(thread);
    case THREAD_QUEUE_ENDPOINT:
    case THREAD_QUEUE_NTFN:
        return before->priority >= thread->priority;
    case THREAD_QUEUE_READY:
    case THREAD_QUEUE_NONE:
        return true;
    }
    return true;
}

static bool check_queue(struct check *c, const struct queue *queue)
{
    const struct thread *prev = NULL;

    for (const struct thread *thread = queue->list->head; thread != NULL;
         thread = thread->queue_next) {
        REQUIRE(c, check_is_thread(c, thread) && thread->queue_prev == prev, queue->links,
                "queued threads exist and name their neighbours", thread);
        REQUIRE(c, belongs(queue, thread), queue->members,
                "a thread in a queue is there by its own fields", thread);
        REQUIRE(c, prev == NULL || in_order(queue, prev, thread), queue->order,
                "the queue is in order", thread);
        prev = thread;
        c->queued[queue->kind]++;
    }
    REQUIRE(c, queue->list->tail == prev, queue->links, "a queue ends with its tail", queue->list);
    return true;
}

/* --- Ready and release queues ----------------------------------------------------------------- */

/* The latest time that any core has seen. */
static uint64_t latest(const struct kernel *k)
{
    uint64_t now = 0;
    for (uint32_t i = 0; i < CONFIG_CORES; i++) {
        now = k->cores[i].now > now ? k->cores[i].now : now;
    }
    return now;
}

/* Threads of a ready queue have been released. */
static bool check_released(struct check *c, const struct thread_list *list)
{
    for (const struct thread *thread = list->head; thread != NULL; thread = thread->queue_next) {
        REQUIRE(c, refill_ready(&thread->sc->refills, latest(c->k)), "Q5",
                "a ready thread's head refill can be used", thread);
    }
    return true;
}

static bool check_ready(struct check *c, uint32_t core, uint32_t domain)
{
    const struct ready_queues *ready = &c->k->cores[core].ready[domain];

    for (uint32_t priority = 0; priority < CONFIG_PRIORITIES; priority++) {
        const struct thread_list *list = &ready->queues[priority];
        bool marked = ready->words[priority / 64] / bit(priority % 64) % 2 == 1;

        REQUIRE(c, marked == !queue_is_empty(list), "Q3",
                "the bit map says which ready queues are not empty", list);
        if (list->head == NULL && list->tail == NULL) {
            continue;
        }
        struct queue queue = {list, THREAD_QUEUE_READY, NULL, core, domain, priority, "Q1", "Q2",
                              "Q2"};
        if (!check_queue(c, &queue) || !check_released(c, list)) {
            return false;
        }
    }
    uint64_t summary = 0;
    for (uint32_t word = 0; word < SCHED_WORDS; word++) {
        summary += ready->words[word] != 0 ? bit(word) : 0;
    }
    REQUIRE(c, ready->summary == summary, "Q3", "the summary says which words are not 0", ready);
    return true;
}

static bool check_core_queues(struct check *c, uint32_t core)
{
    struct queue release = {
        &c->k->cores[core].release, THREAD_QUEUE_RELEASE, NULL, core, 0, 0, "Q1", "Q2", "Q4"};

    for (uint32_t domain = 0; domain < CONFIG_DOMAINS; domain++) {
        if (!check_ready(c, core, domain)) {
            return false;
        }
    }
    return check_queue(c, &release);
}

/* --- Endpoints and notifications -------------------------------------------------------------- */

static bool check_endpoint(struct check *c, const struct endpoint *endpoint)
{
    struct queue queue = {
        &endpoint->queue, THREAD_QUEUE_ENDPOINT, endpoint, 0, 0, 0, "E1", "E2", "E3"};
    return check_queue(c, &queue);
}

static bool check_ntfn(struct check *c, const struct ntfn *ntfn)
{
    struct queue queue = {&ntfn->queue, THREAD_QUEUE_NTFN, ntfn, 0, 0, 0, "N1", "N2", "N3"};
    return check_queue(c, &queue);
}

static bool check_object_queues(struct check *c)
{
    for (uint64_t i = 0; i < c->object_count; i++) {
        const struct check_object *object = &c->objects[i];
        if (object->type == CAP_ENDPOINT && !check_endpoint(c, check_object_at(c, object))) {
            return false;
        }
        if (object->type == CAP_NOTIFICATION && !check_ntfn(c, check_object_at(c, object))) {
            return false;
        }
    }
    return true;
}

/* --- All together ----------------------------------------------------------------------------- */

/* No thread says that it is in a queue and is not. */
static bool check_complete(struct check *c)
{
    uint64_t missing[CHECK_QUEUES];

    for (uint32_t i = 0; i < CHECK_QUEUES; i++) {
        missing[i] = c->queued[i];
    }
    for (uint64_t i = 0; i < c->object_count; i++) {
        if (c->objects[i].type == CAP_TCB) {
            const struct thread *thread = check_object_at(c, &c->objects[i]);
            missing[thread->queue]--;
        }
    }
    REQUIRE(c, missing[THREAD_QUEUE_READY] == 0 && missing[THREAD_QUEUE_RELEASE] == 0, "Q6",
            "threads that say they are in a ready or release queue are", c->k);
    REQUIRE(c, missing[THREAD_QUEUE_ENDPOINT] == 0, "E4",
            "threads that say they wait at an endpoint are queued there", c->k);
    REQUIRE(c, missing[THREAD_QUEUE_NTFN] == 0, "N4",
            "threads that say they wait at a notification are queued there", c->k);
    return true;
}

bool check_queues(struct check *c)
{
    for (uint32_t core = 0; core < CONFIG_CORES; core++) {
        if (!check_core_queues(c, core)) {
            return false;
        }
    }
    return check_object_queues(c) && check_complete(c);
}
