/* SPDX-License-Identifier: BSD-2-Clause */

/* The state as text: threads, queues and time. */
#include "hosted/show/text.h"

#include <inttypes.h>
#include <string.h>

#include "core/endpoint.h"
#include "core/kernel.h"
#include "core/ntfn.h"
#include "core/reply.h"
#include "hosted/show/show.h"
#include "hosted/state.h"
#include "hosted/words.h"

const char *text_ticks(const struct view *view, uint64_t ticks, char text[VIEW_LABEL])
{
    uint64_t per_us = sim_config_of(view->sim)->ticks_per_us;
    if (per_us == 0) {
        snprintf(text, VIEW_LABEL, "%" PRIu64 " ticks", ticks);
    } else {
        uint64_t tenths = ticks % per_us * 10 / per_us;
        int length = snprintf(text, VIEW_LABEL, "%" PRIu64, ticks / per_us);
        snprintf(text + length, (size_t)(VIEW_LABEL - length),
                 tenths == 0 ? " us" : ".%" PRIu64 " us", tenths);
    }
    return text;
}

const char *text_moment(const struct view *view, uint64_t time, char text[VIEW_LABEL])
{
    char distance[VIEW_LABEL];
    uint64_t now = sim_now(view->sim);
    if (time == now) {
        snprintf(text, VIEW_LABEL, "%" PRIu64 " (now)", time);
    } else if (time > now) {
        snprintf(text, VIEW_LABEL, "%" PRIu64 " (in %.40s)", time,
                 text_ticks(view, time - now, distance));
    } else {
        snprintf(text, VIEW_LABEL, "%" PRIu64 " (%.40s ago)", time,
                 text_ticks(view, now - time, distance));
    }
    return text;
}

/* --- Threads ---------------------------------------------------------------------------------- */

static void put_blocked(const struct view *view, const struct thread *thread, FILE *file)
{
    char label[VIEW_LABEL];
    if (thread->state == THREAD_BLOCKED_ON_SEND || thread->state == THREAD_BLOCKED_ON_RECEIVE) {
        fprintf(file, " at %s",
                view_pointer(view, CAP_ENDPOINT, thread->endpoint, sizeof(struct endpoint), label));
    }
    if (thread->state == THREAD_BLOCKED_ON_SEND) {
        fprintf(file, " with badge 0x%" PRIx64 "%s%s%s", thread->badge,
                view_flag(&thread->is_call) ? ", calling" : "",
                view_flag(&thread->can_grant) ? ", may grant" : "",
                view_flag(&thread->can_grant_reply) ? ", may grant reply" : "");
    } else if (thread->state == THREAD_BLOCKED_ON_NOTIFICATION) {
        fprintf(file, " at %s",
                view_pointer(view, CAP_NOTIFICATION, thread->ntfn, sizeof(struct ntfn), label));
    }
    if (thread->reply != NULL) {
        fprintf(file, "%s%s", thread->state == THREAD_BLOCKED_ON_REPLY ? " through " : " with ",
                view_pointer(view, CAP_REPLY, thread->reply, sizeof(struct reply), label));
    }
}

static void put_registers(const struct thread *thread, FILE *file)
{
    fprintf(file, "    %-16s pc=0x%" PRIx64 " trapped-at=0x%" PRIx64, "registers", thread->regs.pc,
            thread->regs.fault_pc);
    uint32_t column = 2;
    for (uint32_t i = 1; i < 32; i++) {
        if (thread->regs.x[i] == 0) {
            continue;
        }
        fprintf(file, "%s %s=0x%" PRIx64, column++ % 5 == 0 ? "\n                    " : "",
                words_register(i), thread->regs.x[i]);
    }
    fprintf(file, "\n");
}

static void put_fpu(const struct view *view, const struct thread *thread, FILE *file)
{
    const uint64_t *words = thread->fpu;
    for (uint32_t i = 0; i < CONFIG_CORES; i++) {
        if (view->k->cores[i].fpu_owner == thread) {
            words = view->sim->machine.cores[i].fpu;
        }
    }
    uint32_t used = 0;
    for (uint32_t i = 0; CONFIG_FPU && i < 33; i++) {
        if (words[i] == 0) {
            continue;
        }
        if (used++ == 0) {
            fprintf(file, "    %-16s", "FP registers");
        }
        char name[16];
        snprintf(name, sizeof name, i < 32 ? "f%" PRIu32 : "fcsr", i);
        fprintf(file, " %s=0x%" PRIx64, name, words[i]);
    }
    fprintf(file, "%s", used == 0 ? "" : "\n");
}

static void put_slots(const struct view *view, const struct thread *thread, FILE *file)
{
    for (uint32_t i = 0; i < THREAD_SLOT_COUNT; i++) {
        const struct cap *cap = &thread->slots[i].cap;
        if (cap->type == CAP_NULL) {
            continue;
        }
        char label[VIEW_LABEL];
        char details[VIEW_CAP];
        view_cap_details(cap, details);
        uint32_t object = view_find(view, cap->type, view_object_of(cap));
        fprintf(file, "    %-16s %s%s", words_thread_slot(i),
                view_object_label(view, object, label), details);
        if (i == THREAD_BUFFER) {
            fprintf(file, "; the buffer's address is 0x%" PRIx64, thread->buffer_vaddr);
        }
        fprintf(file, "\n");
    }
}

static void put_budget(const struct view *view, const struct sched_context *sc, FILE *file)
{
    char text[VIEW_LABEL];
    fprintf(file, "%s", text_ticks(view, sc->refills.budget, text));
    if (sc->refills.max == 0) {
        fprintf(file, ", inactive");
    } else if (sc->refills.period == 0) {
        fprintf(file, ", round robin");
    } else {
        fprintf(file, " every %s", text_ticks(view, sc->refills.period, text));
    }
}

static void put_thread_time(const struct view *view, const struct thread *thread, FILE *file)
{
    char label[VIEW_LABEL];
    const struct sched_context *sc = view_good(view->sim, thread->sc, sizeof *sc);
    fprintf(file, "    %-16s %s", "time",
            view_pointer(view, CAP_SCHED_CONTEXT, thread->sc, sizeof *sc, label));
    if (sc != NULL) {
        fprintf(file, ", ");
        put_budget(view, sc, file);
    }
    const struct refill *head = sc == NULL ? NULL : view_refill(view, sc, 0);
    if (head != NULL) {
        fprintf(file, "; %s left", text_ticks(view, head->amount, label));
        fprintf(file, " from %s", text_moment(view, head->time, label));
    }
    fprintf(file, "\n");
    if (thread->yield_to != NULL) {
        fprintf(file, "    %-16s %s\n", "yielding to",
                view_pointer(view, CAP_SCHED_CONTEXT, thread->yield_to, sizeof *sc, label));
    }
}

/* A debug name that the label does not tell in full. */
static void put_name(const struct thread *thread, FILE *file)
{
    size_t length = strnlen(thread->name, sizeof thread->name);
    bool plain = length <= 31;
    for (size_t i = 0; i < length && plain; i++) {
        plain = thread->name[i] > ' ' && thread->name[i] < 127;
    }
    if (plain) {
        return;
    }
    fprintf(file, "    %-16s \"", "name");
    for (size_t i = 0; i < length; i++) {
        unsigned char c = (unsigned char)thread->name[i];
        if (c < ' ' || c >= 127 || c == '"' || c == '\\') {
            fprintf(file, "\\x%02x", c);
        } else {
            fputc(c, file);
        }
    }
    fprintf(file, "\"\n");
}

static void put_thread(const struct view *view, const struct thread *thread, FILE *file)
{
    char text[VIEW_CAP];
    fprintf(file, "  %s: %s", view_thread(view, thread, text), words_state(thread->state));
    put_blocked(view, thread, file);
    fprintf(file, "%s%s%s\n", thread->queue == THREAD_QUEUE_NONE ? "" : ", in ",
            thread->queue == THREAD_QUEUE_NONE ? "" : words_queue(thread->queue),
            thread == sim_current(view->sim) ? ", current" : "");
    put_name(thread, file);
    fprintf(file, "    %-16s %u, may set up to %u; domain %u, core %u%s\n", "priority",
            thread->priority, thread->mcp, thread->domain, thread->core,
            (thread->flags & ABI_TCB_FLAG_FPU_DISABLED) != 0 ? ", FPU disabled" : "");
    put_thread_time(view, thread, file);
    if (thread->bound_ntfn != NULL) {
        fprintf(
            file, "    %-16s %s\n", "bound to",
            view_pointer(view, CAP_NOTIFICATION, thread->bound_ntfn, sizeof(struct ntfn), text));
    }
    put_slots(view, thread, file);
    if (thread->fault.type != FAULT_NONE) {
        fprintf(file, "    %-16s %s\n", "fault", view_fault(&thread->fault, text));
    }
    put_registers(thread, file);
    put_fpu(view, thread, file);
}

static void put_sc(const struct view *view, const struct view_object *object, FILE *file)
{
    const struct sched_context *sc = object->at;
    char text[VIEW_LABEL];
    fprintf(file, "  %s: ", view_label(object->type, object->paddr, text));
    put_budget(view, sc, file);
    fprintf(file, "%s, of %s", view_flag(&sc->sporadic) ? ", sporadic" : "",
            view_thread(view, sc->thread, text));
    fprintf(file, ", core %u, badge 0x%" PRIx64, sc->core, sc->badge);
    fprintf(file, ", %s used since last asked\n", text_ticks(view, sc->consumed, text));
    if (sc->ntfn != NULL) {
        fprintf(file, "    bound to %s\n",
                view_pointer(view, CAP_NOTIFICATION, sc->ntfn, sizeof(struct ntfn), text));
    }
    if (sc->reply != NULL) {
        fprintf(file, "    lent through %s\n",
                view_pointer(view, CAP_REPLY, sc->reply, sizeof(struct reply), text));
    }
    if (sc->yield_from != NULL) {
        fprintf(file, "    yielded to by %s\n", view_thread(view, sc->yield_from, text));
    }
    for (uint32_t i = 0;; i++) {
        const struct refill *refill = view_refill(view, sc, i);
        if (refill == NULL) {
            break;
        }
        fprintf(file, "    refill %" PRIu32 " of at most %" PRIu32 ": %s", i + 1, sc->refills.max,
                text_ticks(view, refill->amount, text));
        fprintf(file, " from %s\n", text_moment(view, refill->time, text));
    }
}

void text_threads(const struct view *view, FILE *file)
{
    fprintf(file, "\nThreads\n");
    for (uint32_t i = 0; i < view->thread_count; i++) {
        put_thread(view, view->threads[i], file);
    }
    fprintf(file, "\nScheduling contexts\n");
    for (uint32_t i = view_first(view, CAP_SCHED_CONTEXT); i < view_end(view, CAP_SCHED_CONTEXT);
         i++) {
        if (view->objects[i].at != NULL) {
            put_sc(view, &view->objects[i], file);
        }
    }
}

/* --- Queues ----------------------------------------------------------------------------------- */

static void put_queue(const struct view *view, const struct thread *head, FILE *file)
{
    char label[VIEW_LABEL];
    struct view_walk walk = {.next = head};
    for (;;) {
        const struct thread *thread = view_queue_next(view, &walk);
        if (thread == NULL) {
            break;
        }
        fprintf(file, " %s", view_thread(view, thread, label));
        if (thread->state == THREAD_BLOCKED_ON_SEND) {
            fprintf(file, " (badge 0x%" PRIx64 ")", thread->badge);
        }
    }
    fprintf(file, "%s\n", walk.next == NULL ? "" : " ... (see Problems)");
}

static void put_endpoint(const struct view *view, const struct view_object *object, FILE *file)
{
    const struct endpoint *endpoint = object->at;
    char label[VIEW_LABEL];
    const struct thread *first = view_good_thread(view->sim, endpoint->queue.head);
    const char *who = "nobody waits";
    if (first != NULL) {
        who = first->state == THREAD_BLOCKED_ON_SEND ? "senders:" : "receivers:";
    }
    fprintf(file, "  %s: %s", view_label(object->type, object->paddr, label), who);
    put_queue(view, endpoint->queue.head, file);
}

static void put_ntfn(const struct view *view, const struct view_object *object, FILE *file)
{
    const struct ntfn *ntfn = object->at;
    char label[VIEW_LABEL];
    fprintf(file, "  %s: %s, badges 0x%" PRIx64, view_label(object->type, object->paddr, label),
            words_ntfn(ntfn->state), ntfn->badge);
    if (ntfn->bound != NULL) {
        fprintf(file, ", bound to %s", view_thread(view, ntfn->bound, label));
    }
    if (ntfn->sc != NULL) {
        fprintf(file, ", with %s",
                view_pointer(view, CAP_SCHED_CONTEXT, ntfn->sc, sizeof *ntfn->sc, label));
    }
    fprintf(file, "%s", ntfn->queue.head == NULL ? "" : ", waiting:");
    put_queue(view, ntfn->queue.head, file);
}

/* From the top of the SC's call stack down: who waits for whom. */
static void put_stack(const struct view *view, const struct view_object *object, FILE *file)
{
    const struct sched_context *sc = object->at;
    char label[VIEW_LABEL];
    const struct reply *reply = view_good(view->sim, sc->reply, sizeof *reply);
    uint32_t replies = view_end(view, CAP_REPLY) - view_first(view, CAP_REPLY);
    if (reply == NULL) {
        return;
    }
    fprintf(file, "  %s is with ", view_label(object->type, object->paddr, label));
    fprintf(file, "%s", view_thread(view, sc->thread, label));
    for (uint32_t i = 0; reply != NULL && i < replies; i++) {
        fprintf(file, ", called by %s", view_thread(view, reply->thread, label));
        fprintf(file, " through %s", view_label(CAP_REPLY, view_paddr(reply), label));
        reply = view_good(view->sim, reply->prev, sizeof *reply);
    }
    fprintf(file, "\n");
}

static void put_reply(const struct view *view, const struct view_object *object, FILE *file)
{
    const struct reply *reply = object->at;
    char label[VIEW_LABEL];
    fprintf(file, "  %s: ", view_label(object->type, object->paddr, label));
    fprintf(file, "%s", reply->thread == NULL ? "free" : "");
    if (reply->thread != NULL) {
        const struct thread *thread = view_good_thread(view->sim, reply->thread);
        bool waits = thread != NULL && thread->state == THREAD_BLOCKED_ON_REPLY;
        fprintf(file, "%s%s", waits ? "to answer " : "of the receiver ",
                view_thread(view, reply->thread, label));
    }
    if (reply->prev != NULL) {
        fprintf(file, ", below it %s",
                view_pointer(view, CAP_REPLY, reply->prev, sizeof *reply, label));
    }
    if (reply->next != NULL) {
        fprintf(file, ", above it %s",
                view_pointer(view, CAP_REPLY, reply->next, sizeof *reply, label));
    }
    if (reply->sc != NULL) {
        fprintf(file, ", lends %s",
                view_pointer(view, CAP_SCHED_CONTEXT, reply->sc, sizeof *reply->sc, label));
    }
    fprintf(file, "\n");
}

typedef void put_object(const struct view *view, const struct view_object *object, FILE *file);

static void put_all(const struct view *view, const char *title, uint8_t type, put_object *put,
                    FILE *file)
{
    fprintf(file, "\n%s\n", title);
    for (uint32_t i = view_first(view, type); i < view_end(view, type); i++) {
        if (view->objects[i].at != NULL) {
            put(view, &view->objects[i], file);
        }
    }
}

static void put_core_queues(const struct view *view, uint32_t number, FILE *file)
{
    const struct core *core = &view->k->cores[number];
    for (uint32_t domain = 0; domain < CONFIG_DOMAINS; domain++) {
        for (uint32_t i = CONFIG_PRIORITIES; i-- > 0;) {
            const struct thread *head = core->ready[domain].queues[i].head;
            if (head != NULL) {
                fprintf(file, "  core %" PRIu32 ", domain %" PRIu32 ", priority %" PRIu32 ":",
                        number, domain, i);
                put_queue(view, head, file);
            }
        }
    }
    fprintf(file, "  core %" PRIu32 ", waiting for time to come:%s", number,
            core->release.head == NULL ? " nobody" : "");
    put_queue(view, core->release.head, file);
}

void text_queues(const struct view *view, FILE *file)
{
    fprintf(file, "\nReady and release queues\n");
    for (uint32_t i = 0; i < CONFIG_CORES; i++) {
        put_core_queues(view, i, file);
    }
    put_all(view, "Endpoints", CAP_ENDPOINT, put_endpoint, file);
    put_all(view, "Notifications", CAP_NOTIFICATION, put_ntfn, file);
    put_all(view, "Reply objects", CAP_REPLY, put_reply, file);
    put_all(view, "Call stacks, from the top", CAP_SCHED_CONTEXT, put_stack, file);
}

/* --- Time ------------------------------------------------------------------------------------- */

static void put_core(const struct view *view, uint32_t number, FILE *file)
{
    const struct core *core = &view->k->cores[number];
    const struct machine_core *machine = &view->sim->machine.cores[number];
    char text[VIEW_LABEL];
    fprintf(file, "  core %" PRIu32 ": current %s", number, view_thread(view, core->current, text));
    fprintf(
        file, ", on %s",
        view_pointer(view, CAP_SCHED_CONTEXT, core->current_sc, sizeof *core->current_sc, text));
    fprintf(file, ", %s not yet charged\n", text_ticks(view, core->uncharged, text));
    fprintf(file, "    timer %s\n",
            machine->deadline == UINT64_MAX ? "not armed"
                                            : text_moment(view, machine->deadline, text));
    fprintf(file, "    address space %s", view_label(CAP_PAGE_TABLE, machine->root, text));
    fprintf(file, ", ASID %u; FP registers of %s, %s\n", machine->asid,
            view_thread(view, core->fpu_owner, text), machine->fpu_enabled ? "on" : "off");
    fprintf(file, "    domain %u", core->domain);
    if (CONFIG_DOMAINS > 1) {
        fprintf(file, ", entry %" PRIu32 " of the schedule, for %s", core->domain_index,
                text_ticks(view, core->domain_left, text));
    }
    fprintf(file, "\n");
}

static void put_irq(const struct view *view, uint32_t irq, FILE *file)
{
    const struct cap *cap = &view->k->irq_slots[irq].cap;
    const struct plic *plic = &view->sim->machine.plic;
    char label[VIEW_LABEL];
    fprintf(file, "  %" PRIu32 ": %s", irq, words_irq(view->k->irq_states[irq]));
    if (cap->type != CAP_NULL) {
        fprintf(file, " to %s, badge 0x%" PRIx64, view_label(cap->type, view_object_of(cap), label),
                cap->badge);
    }
    fprintf(file, "%s%s%s\n", plic->enabled[0][irq] ? ", enabled" : ", disabled",
            plic->pending[irq] ? ", pending" : "", plic->in_service[irq] ? ", in service" : "");
}

void text_time(const struct view *view, FILE *file)
{
    char text[VIEW_LABEL];
    const struct sim_config *config = sim_config_of(view->sim);
    fprintf(file, "\nTime\n  now %" PRIu64 " ticks of %" PRIu64 " to the microsecond, ",
            sim_now(view->sim), config->ticks_per_us);
    fprintf(file, "%s since boot\n",
            text_ticks(view, sim_now(view->sim) - config->start_time, text));
    for (uint32_t i = 0; i < CONFIG_CORES; i++) {
        put_core(view, i, file);
    }
    for (uint32_t i = 0; CONFIG_DOMAINS > 1 && i < CONFIG_DOMAIN_SCHEDULE; i++) {
        const struct domain_entry *entry = &view->k->domain_schedule[i];
        if (entry->duration != 0) {
            fprintf(file, "  domain schedule, entry %" PRIu32 "%s: domain %u for %s\n", i,
                    i == view->k->domain_start ? " (start)" : "", entry->domain,
                    text_ticks(view, entry->duration, text));
        }
    }
    fprintf(file, "\nInterrupts\n");
    for (uint32_t i = 0; i < CONFIG_IRQ_LIMIT; i++) {
        if (view->k->irq_states[i] != IRQ_INACTIVE) {
            put_irq(view, i, file);
        }
    }
}
