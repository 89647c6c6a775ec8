/* SPDX-License-Identifier: BSD-2-Clause */

/* Who has sent what to whom: the kernel keeps no record of it, but an event and the states before
 * and after it say so. */
#include <string.h>

#include "hosted/timeline/internal.h"

static void add_flow(struct timeline *t, const char *name, struct event_track from,
                     const struct track *to)
{
    if (timeline_grow(t, (void **)&t->flows, t->flow_count, &t->flow_capacity, sizeof *t->flows)) {
        t->flows[t->flow_count++] = (struct flow){name, from, thread_track(to)};
    }
}

static bool starts_with(const char *text, const char *start)
{
    return strncmp(text, start, strlen(start)) == 0;
}

/* The name of the invocation, of `*length` characters, that the words have right before a "(". What
 * is invoked otherwise stands there alone: "Call 0x12 (endpoint)". */
static const char *invocation(const struct trace_event *event, size_t *length)
{
    const char *paren = strchr(event->what, '(');
    if (event->event != SIM_EVENT_SYSCALL || paren == NULL || paren == event->what ||
        paren[-1] == ' ') {
        return NULL;
    }
    const char *start = paren;
    while (start > event->what && start[-1] != ' ') {
        start--;
    }
    *length = (size_t)(paren - start);
    return start;
}

static bool is_invocation(const struct trace_event *event)
{
    size_t length;
    return invocation(event, &length) != NULL;
}

static bool receives(const struct trace_event *event)
{
    size_t verb = strcspn(event->what, " ");
    return event->event == SIM_EVENT_SYSCALL && verb >= 4 &&
           (strncmp(event->what + verb - 4, "Recv", 4) == 0 ||
            strncmp(event->what + verb - 4, "Wait", 4) == 0);
}

/* Somebody's message, signal or answer has reached a thread that waited for it. */
static void arrow_to(struct timeline *t, const struct trace_event *event, const struct track *actor,
                     const struct track *to, uint8_t old)
{
    bool from_device = event->event == SIM_EVENT_IRQ || is_invocation(event);
    if (actor != NULL && actor != to && actor->fault != FAULT_NONE &&
        old == THREAD_BLOCKED_ON_RECEIVE) {
        add_flow(t, "fault", thread_track(actor), to);
    } else if (from_device && old != THREAD_BLOCKED_ON_REPLY) {
        /* An invocation has met an interrupt at a preemption point. */
        if (event->event != SIM_EVENT_IRQ) {
            event_begin(&t->writer, 'X', interrupt_track(t->core), t->time,
                        "interrupt, preempting");
            event_text(&t->writer, "cat", "interrupt");
            event_time(&t->writer, "dur", 0);
            event_end(&t->writer);
        }
        add_flow(t, "interrupt", interrupt_track(t->core), to);
    } else if (actor != NULL && event->event == SIM_EVENT_SYSCALL) {
        bool signal = strstr(event->what, "(notification)") != NULL;
        const char *name = old == THREAD_BLOCKED_ON_REPLY     ? "reply"
                           : signal                           ? "signal"
                           : starts_with(event->what, "Call") ? "call"
                                                              : "send";
        add_flow(t, is_invocation(event) ? "resume" : name, thread_track(actor), to);
    }
}

/* What a change of state says about communication. `old` was the state before. */
void timeline_arrow(struct timeline *t, const struct trace_event *event, const struct track *actor,
                    const struct track *track, uint8_t old)
{
    uint8_t state = track->state;
    if (old == THREAD_BLOCKED_ON_SEND && state != THREAD_RESTART) {
        if (actor != NULL && actor != track && receives(event)) {
            const char *name = state == THREAD_BLOCKED_ON_REPLY ? "call" : "send";
            name = track->fault != FAULT_NONE ? "fault" : name;
            add_flow(t, name, thread_track(track), actor);
        }
    } else if (state == THREAD_RUNNING &&
               (old == THREAD_BLOCKED_ON_RECEIVE || old == THREAD_BLOCKED_ON_REPLY ||
                old == THREAD_BLOCKED_ON_NOTIFICATION)) {
        arrow_to(t, event, actor, track, old);
    } else if (state == THREAD_RESTART && old == THREAD_BLOCKED_ON_REPLY) {
        arrow_to(t, event, actor, track, old); /* A fault was answered. */
    } else if ((state == THREAD_RUNNING || state == THREAD_RESTART) && old == THREAD_INACTIVE &&
               actor != NULL && actor != track && is_invocation(event)) {
        add_flow(t, "resume", thread_track(actor), track);
    }
}

void timeline_short_name(const struct trace_event *event, char *name, size_t size)
{
    const char *what = event->what;
    size_t length;
    const char *invoked = invocation(event, &length);
    int verb = (int)strcspn(what, " ");
    const char *object = strchr(what, '(');
    if (invoked != NULL) {
        snprintf(name, size, "%.*s", (int)length, invoked);
    } else if (event->event == SIM_EVENT_SYSCALL && object != NULL) {
        snprintf(name, size, "%.*s %.*s", verb, what, (int)strcspn(object + 1, ")"), object + 1);
    } else if (event->event == SIM_EVENT_SYSCALL) {
        snprintf(name, size, "%.*s", verb, what);
    } else {
        int second = what[verb] == '\0' ? 0 : 1 + (int)strcspn(what + verb + 1, " ");
        snprintf(name, size, "%.*s", verb + second, what);
    }
}
