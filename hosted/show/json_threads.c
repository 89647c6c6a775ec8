/* SPDX-License-Identifier: BSD-2-Clause */

/* The state as JSON: threads and queues. */
#include <inttypes.h>

#include "core/endpoint.h"
#include "core/kernel.h"
#include "core/ntfn.h"
#include "core/reply.h"
#include "hosted/show/json.h"
#include "hosted/state.h"
#include "hosted/words.h"

typedef void put_object(struct json *j, const struct view *view, const struct view_object *object);

static void put_all(struct json *j, const struct view *view, const char *key, uint8_t type,
                    put_object *put)
{
    json_array(j, key);
    for (uint32_t i = view_first(view, type); i < view_end(view, type); i++) {
        if (view->objects[i].at != NULL) {
            put(j, view, &view->objects[i]);
        }
    }
    json_close(j);
}

/* --- Threads ---------------------------------------------------------------------------------- */

static void put_registers(struct json *j, const struct thread *thread)
{
    json_object(j, "registers");
    json_hex(j, "pc", thread->regs.pc);
    json_hex(j, "trapped_at", thread->regs.fault_pc);
    for (uint32_t i = 1; i < 32; i++) {
        if (thread->regs.x[i] != 0) {
            json_hex(j, words_register(i), thread->regs.x[i]);
        }
    }
    json_close(j);
}

static void put_fpu(struct json *j, const struct view *view, const struct thread *thread)
{
    const uint64_t *words = thread->fpu;
    for (uint32_t i = 0; i < CONFIG_CORES; i++) {
        if (view->k->cores[i].fpu_owner == thread) {
            words = view->sim->machine.cores[i].fpu;
        }
    }
    json_object(j, "fp_registers");
    for (uint32_t i = 0; CONFIG_FPU && i < 33; i++) {
        char name[16];
        snprintf(name, sizeof name, i < 32 ? "f%" PRIu32 : "fcsr", i);
        if (words[i] != 0) {
            json_hex(j, name, words[i]);
        }
    }
    json_close(j);
}

static void put_fault(struct json *j, const struct fault *fault)
{
    char text[VIEW_CAP];
    if (fault->type == FAULT_NONE) {
        json_null(j, "fault");
        return;
    }
    json_object(j, "fault");
    json_string(j, "type", words_fault(fault->type));
    json_string(j, "text", view_fault(fault, text));
    json_hex(j, "address", fault->address);
    json_hex(j, "code", fault->code);
    json_close(j);
}

static void put_blocked(struct json *j, const struct view *view, const struct thread *thread)
{
    if (thread->state == THREAD_BLOCKED_ON_NOTIFICATION) {
        json_pointer(j, view, "blocked_on", CAP_NOTIFICATION, thread->ntfn, sizeof(struct ntfn));
    } else if (thread->state == THREAD_BLOCKED_ON_REPLY) {
        json_pointer(j, view, "blocked_on", CAP_REPLY, thread->reply, sizeof(struct reply));
    } else if (thread->state == THREAD_BLOCKED_ON_SEND ||
               thread->state == THREAD_BLOCKED_ON_RECEIVE) {
        json_pointer(j, view, "blocked_on", CAP_ENDPOINT, thread->endpoint,
                     sizeof(struct endpoint));
    } else {
        json_null(j, "blocked_on");
    }
    if (thread->state == THREAD_BLOCKED_ON_SEND) {
        json_object(j, "send");
        json_hex(j, "badge", thread->badge);
        json_bool(j, "call", view_flag(&thread->is_call));
        json_bool(j, "grant", view_flag(&thread->can_grant));
        json_bool(j, "grant_reply", view_flag(&thread->can_grant_reply));
        json_close(j);
    }
    json_pointer(j, view, "reply", CAP_REPLY, thread->reply, sizeof(struct reply));
}

static void put_thread(struct json *j, const struct view *view, const struct thread *thread)
{
    json_object(j, NULL);
    json_thread(j, view, "id", thread);
    json_hex(j, "address", view_paddr(thread));
    json_bytes(j, "name", thread->name, sizeof thread->name);
    json_string(j, "state", words_state(thread->state));
    json_bool(j, "current", thread == sim_current(view->sim));
    json_string(j, "queue", words_queue(thread->queue));
    put_blocked(j, view, thread);
    json_number(j, "priority", thread->priority);
    json_number(j, "mcp", thread->mcp);
    json_number(j, "domain", thread->domain);
    json_number(j, "core", thread->core);
    json_number(j, "flags", thread->flags);
    json_pointer(j, view, "sc", CAP_SCHED_CONTEXT, thread->sc, sizeof *thread->sc);
    json_pointer(j, view, "yield_to", CAP_SCHED_CONTEXT, thread->yield_to, sizeof *thread->sc);
    json_pointer(j, view, "bound_notification", CAP_NOTIFICATION, thread->bound_ntfn,
                 sizeof(struct ntfn));
    json_hex(j, "buffer_address", thread->buffer_vaddr);
    for (uint32_t i = 0; i < THREAD_SLOT_COUNT; i++) {
        static const char *const keys[] = {"cspace", "vspace", "buffer", "fault_handler",
                                           "timeout_handler"};
        if (thread->slots[i].cap.type == CAP_NULL) {
            json_null(j, keys[i]);
        } else {
            json_object(j, keys[i]);
            json_cap(j, view, &thread->slots[i].cap);
            json_close(j);
        }
    }
    put_fault(j, &thread->fault);
    put_registers(j, thread);
    put_fpu(j, view, thread);
    json_close(j);
}

static void put_sc(struct json *j, const struct view *view, const struct view_object *object)
{
    const struct sched_context *sc = object->at;
    char text[VIEW_LABEL];
    json_object(j, NULL);
    json_string(j, "id", view_label(object->type, object->paddr, text));
    json_hex(j, "address", object->paddr);
    json_thread(j, view, "thread", sc->thread);
    json_pointer(j, view, "notification", CAP_NOTIFICATION, sc->ntfn, sizeof(struct ntfn));
    json_pointer(j, view, "reply", CAP_REPLY, sc->reply, sizeof(struct reply));
    json_thread(j, view, "yield_from", sc->yield_from);
    json_number(j, "budget", sc->refills.budget);
    json_number(j, "period", sc->refills.period);
    json_number(j, "consumed", sc->consumed);
    json_number(j, "core", sc->core);
    json_bool(j, "sporadic", view_flag(&sc->sporadic));
    json_hex(j, "badge", sc->badge);
    json_number(j, "max_refills", sc->refills.max);
    json_array(j, "refills");
    for (uint32_t i = 0;; i++) {
        const struct refill *refill = view_refill(view, sc, i);
        if (refill == NULL) {
            break;
        }
        json_object(j, NULL);
        json_number(j, "time", refill->time);
        json_number(j, "amount", refill->amount);
        json_close(j);
    }
    json_close(j);
    json_close(j);
}

void json_thread_part(struct json *j, const struct view *view)
{
    json_array(j, "threads");
    for (uint32_t i = 0; i < view->thread_count; i++) {
        put_thread(j, view, view->threads[i]);
    }
    json_close(j);
    put_all(j, view, "scheduling_contexts", CAP_SCHED_CONTEXT, put_sc);
}

static void put_queue(struct json *j, const struct view *view, const char *key,
                      const struct thread *head)
{
    struct view_walk walk = {.next = head};
    json_array(j, key);
    for (;;) {
        const struct thread *thread = view_queue_next(view, &walk);
        if (thread == NULL) {
            break;
        }
        json_thread(j, view, NULL, thread);
    }
    json_close(j);
}

/* --- Queues ----------------------------------------------------------------------------------- */

static void put_endpoint(struct json *j, const struct view *view, const struct view_object *object)
{
    const struct endpoint *endpoint = object->at;
    const struct thread *first = view_good_thread(view->sim, endpoint->queue.head);
    char text[VIEW_LABEL];
    json_object(j, NULL);
    json_string(j, "id", view_label(object->type, object->paddr, text));
    json_hex(j, "address", object->paddr);
    json_bool(j, "senders", first != NULL && first->state == THREAD_BLOCKED_ON_SEND);
    put_queue(j, view, "queue", endpoint->queue.head);
    json_close(j);
}

static void put_ntfn(struct json *j, const struct view *view, const struct view_object *object)
{
    const struct ntfn *ntfn = object->at;
    char text[VIEW_LABEL];
    json_object(j, NULL);
    json_string(j, "id", view_label(object->type, object->paddr, text));
    json_hex(j, "address", object->paddr);
    json_string(j, "state", words_ntfn(ntfn->state));
    json_hex(j, "badges", ntfn->badge);
    json_thread(j, view, "bound_thread", ntfn->bound);
    json_pointer(j, view, "sc", CAP_SCHED_CONTEXT, ntfn->sc, sizeof *ntfn->sc);
    put_queue(j, view, "queue", ntfn->queue.head);
    json_close(j);
}

static void put_reply(struct json *j, const struct view *view, const struct view_object *object)
{
    const struct reply *reply = object->at;
    char text[VIEW_LABEL];
    json_object(j, NULL);
    json_string(j, "id", view_label(object->type, object->paddr, text));
    json_hex(j, "address", object->paddr);
    json_thread(j, view, "thread", reply->thread);
    json_pointer(j, view, "below", CAP_REPLY, reply->prev, sizeof *reply);
    json_pointer(j, view, "above", CAP_REPLY, reply->next, sizeof *reply);
    json_pointer(j, view, "sc", CAP_SCHED_CONTEXT, reply->sc, sizeof *reply->sc);
    json_close(j);
}

static void put_core_queues(struct json *j, const struct view *view)
{
    json_array(j, "ready");
    for (uint32_t i = 0; i < CONFIG_CORES * CONFIG_DOMAINS * CONFIG_PRIORITIES; i++) {
        uint32_t priority = CONFIG_PRIORITIES - 1 - i % CONFIG_PRIORITIES;
        uint32_t domain = i / CONFIG_PRIORITIES % CONFIG_DOMAINS;
        uint32_t core = i / CONFIG_PRIORITIES / CONFIG_DOMAINS;
        const struct thread *head = view->k->cores[core].ready[domain].queues[priority].head;
        if (head != NULL) {
            json_object(j, NULL);
            json_number(j, "core", core);
            json_number(j, "domain", domain);
            json_number(j, "priority", priority);
            put_queue(j, view, "queue", head);
            json_close(j);
        }
    }
    json_close(j);
    json_array(j, "release");
    for (uint32_t i = 0; i < CONFIG_CORES; i++) {
        put_queue(j, view, NULL, view->k->cores[i].release.head);
    }
    json_close(j);
}

void json_queue_part(struct json *j, const struct view *view)
{
    put_core_queues(j, view);
    put_all(j, view, "endpoints", CAP_ENDPOINT, put_endpoint);
    put_all(j, view, "notifications", CAP_NOTIFICATION, put_ntfn);
    put_all(j, view, "replies", CAP_REPLY, put_reply);
}
