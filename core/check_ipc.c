/* SPDX-License-Identifier: BSD-2-Clause */

/* kernel_check(), communication: notifications but for their queues (N), and Reply objects (R). */

#include "core/check_internal.h"

#include "core/ntfn.h"
#include "core/queue.h"
#include "core/reply.h"
#include "core/sched_context.h"
#include "core/thread.h"

/* --- Notifications ---------------------------------------------------------------------------- */

static bool check_ntfn_state(struct check *c, const struct ntfn *ntfn)
{
    bool waiting = ntfn->state == NTFN_WAITING;

    REQUIRE(c, ntfn->state <= NTFN_ACTIVE, "N5", "the notification is in a state that exists",
            ntfn);
    REQUIRE(c, waiting == !queue_is_empty(&ntfn->queue), "N5",
            "a notification is waiting exactly while threads wait", ntfn);
    REQUIRE(c, ntfn->state == NTFN_ACTIVE || ntfn->badge == 0, "N6",
            "badges are pending only while active", ntfn);
    REQUIRE(c, ntfn->reserved[0] == 0 && ntfn->reserved[1] == 0, "N6", "unused fields are 0", ntfn);
    return true;
}

static bool check_ntfn_links(struct check *c, const struct ntfn *ntfn)
{
    const struct thread *bound = ntfn->bound;
    const struct sched_context *sc = ntfn->sc;

    REQUIRE(c, bound == NULL || (check_is_thread(c, bound) && bound->bound_ntfn == ntfn), "N7",
            "a notification and its bound thread name each other", ntfn);
    REQUIRE(c,
            bound == NULL || queue_is_empty(&ntfn->queue) ||
                (ntfn->queue.head == bound && ntfn->queue.tail == bound),
            "N8", "only the bound thread waits", ntfn);
    REQUIRE(c,
            sc == NULL || (check_find(c, sc, CAP_SCHED_CONTEXT) != CHECK_NONE && sc->ntfn == ntfn),
            "N9", "a notification and its SC name each other", ntfn);
    return true;
}

/* --- Replies ---------------------------------------------------------------------------------- */

static bool in_stack(const struct reply *reply)
{
    return reply->prev != NULL || reply->next != NULL || reply->sc != NULL;
}

/* Null, or a Reply object. */
static bool may_be_reply(const struct check *c, const struct reply *reply)
{
    return reply == NULL || check_find(c, reply, CAP_REPLY) != CHECK_NONE;
}

static bool check_reply(struct check *c, const struct reply *reply)
{
    const struct thread *thread = reply->thread;
    const struct sched_context *sc = reply->sc;

    REQUIRE(c, thread == NULL || (check_is_thread(c, thread) && thread->reply == reply), "R1",
            "a Reply object and its thread name each other", reply);
    REQUIRE(c, may_be_reply(c, reply->prev) && may_be_reply(c, reply->next), "R3",
            "neighbours in a call stack are Reply objects", reply);
    REQUIRE(c,
            (reply->prev == NULL || reply->prev->next == reply) &&
                (reply->next == NULL || reply->next->prev == reply),
            "R3", "neighbours in a call stack name each other", reply);
    REQUIRE(c, !in_stack(reply) || (thread != NULL && thread->state == THREAD_BLOCKED_ON_REPLY),
            "R4", "a Reply object in a call stack has a caller", reply);
    REQUIRE(c,
            sc == NULL ||
                (reply->next == NULL && check_find(c, sc, CAP_SCHED_CONTEXT) != CHECK_NONE &&
                 sc->reply == reply),
            "R5", "only the top of a call stack names the SC, which names it", reply);
    return true;
}

/* A thread names a Reply object as its state wants. */
static bool check_replier(struct check *c, const struct thread *thread)
{
    const struct reply *reply = thread->reply;

    REQUIRE(c,
            reply == NULL ||
                (check_find(c, reply, CAP_REPLY) != CHECK_NONE && reply->thread == thread),
            "R1", "a thread and its Reply object name each other", thread);
    REQUIRE(c,
            reply == NULL || thread->state == THREAD_BLOCKED_ON_REPLY ||
                thread->state == THREAD_BLOCKED_ON_RECEIVE,
            "R2", "a thread with a Reply object waits for a reply or to receive", thread);
    REQUIRE(c, reply != NULL || thread->state != THREAD_BLOCKED_ON_REPLY, "R2",
            "a thread that waits for a reply has a Reply object", thread);
    return true;
}

static bool check_bound(struct check *c, const struct thread *thread)
{
    const struct ntfn *ntfn = thread->bound_ntfn;

    REQUIRE(c,
            ntfn == NULL ||
                (check_find(c, ntfn, CAP_NOTIFICATION) != CHECK_NONE && ntfn->bound == thread),
            "N7", "a thread and its bound notification name each other", thread);
    return true;
}

static bool check_lent(struct check *c, const struct sched_context *sc)
{
    REQUIRE(c,
            sc->reply == NULL ||
                (check_find(c, sc->reply, CAP_REPLY) != CHECK_NONE && sc->reply->sc == sc),
            "R5", "an SC and the top of its call stack name each other", sc);
    return true;
}

/* Call stacks have an end: walking down from all tops meets all Reply objects that are in one.
 * Those below a top can have only one predecessor, so no walk is endless. */
static bool check_stacks(struct check *c)
{
    uint64_t members = 0;
    uint64_t met = 0;

    for (uint64_t i = 0; i < c->object_count; i++) {
        if (c->objects[i].type != CAP_REPLY) {
            continue;
        }
        const struct reply *reply = check_object_at(c, &c->objects[i]);
        members++;
        if (reply->next != NULL) {
            continue;
        }
        for (; reply != NULL; reply = reply->prev) {
            met++;
        }
    }
    REQUIRE(c, met == members, "R6", "call stacks have a top", c->k);
    return true;
}

/* --- All together ----------------------------------------------------------------------------- */

static bool check_object(struct check *c, const struct check_object *object)
{
    switch ((enum cap_type)object->type) {
    case CAP_NOTIFICATION:
        return check_ntfn_state(c, check_object_at(c, object)) &&
               check_ntfn_links(c, check_object_at(c, object));
    case CAP_REPLY:
        return check_reply(c, check_object_at(c, object));
    case CAP_TCB:
        return check_replier(c, check_object_at(c, object)) &&
               check_bound(c, check_object_at(c, object));
    case CAP_SCHED_CONTEXT:
        return check_lent(c, check_object_at(c, object));
    case CAP_NULL:
    case CAP_UNTYPED:
    case CAP_FRAME:
    case CAP_PAGE_TABLE:
    case CAP_ENDPOINT:
    case CAP_CNODE:
    case CAP_ASID_CONTROL:
    case CAP_ASID_POOL:
    case CAP_IRQ_CONTROL:
    case CAP_IRQ_HANDLER:
    case CAP_ZOMBIE:
    case CAP_DOMAIN:
    case CAP_SCHED_CONTROL:
        return true;
    }
    return true;
}

bool check_ipc(struct check *c)
{
    for (uint64_t i = 0; i < c->object_count; i++) {
        if (!check_object(c, &c->objects[i])) {
            return false;
        }
    }
    return check_stacks(c);
}
