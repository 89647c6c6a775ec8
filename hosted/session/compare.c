/* SPDX-License-Identifier: BSD-2-Clause */

/* What happened against what the trace says, and the first difference in words. */
#include <ctype.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "hosted/session/internal.h"

enum { SIDE_SIZE = 2 * TRACE_TEXT + TRACE_NAME + 64 };

/* Numbers may be written in either base, by hand. */
static bool same_number(const char **a, const char **b)
{
    char *a_end;
    char *b_end;
    if (!isdigit((unsigned char)**a) || !isdigit((unsigned char)**b)) {
        return false;
    }
    if (strtoull(*a, &a_end, 0) != strtoull(*b, &b_end, 0)) {
        return false;
    }
    *a = a_end;
    *b = b_end;
    return true;
}

static bool same_text(const char *a, const char *b)
{
    while (*a != '\0' || *b != '\0') {
        if (same_number(&a, &b)) {
            continue;
        }
        if (*a++ != *b++) {
            return false;
        }
    }
    return true;
}

static const char *name_of(const struct trace_thread *who, char *text, size_t size)
{
    if (who->paddr == UINT64_MAX) {
        return "any thread";
    }
    if (who->paddr == 0) {
        return "idle";
    }
    snprintf(text, size, "%s@%" PRIx64, who->name, who->paddr);
    return text;
}

static bool same_thread(const struct trace_thread *expected, const struct trace_thread *is)
{
    return expected->paddr == UINT64_MAX || expected->paddr == is->paddr;
}

enum session_end session_compare_who(struct session *session)
{
    const struct trace_event *line = &session->line;
    struct trace_thread is;
    char expected_name[TRACE_NAME + 24];
    char name[TRACE_NAME + 24];
    trace_describe_thread(session->sim, sim_current(session->sim), &is);
    bool idle = sim_is_idle(session->sim);
    bool needs_thread = line->event == SIM_EVENT_SYSCALL || line->event == SIM_EVENT_FAULT;
    if (same_thread(&line->who, &is) && !(idle && needs_thread)) {
        return SESSION_EVENT;
    }
    return session_finish(session, SESSION_DIFFERENT,
                          "event %" PRIu64 " (line %" PRIu32 "): the trace says that this comes "
                          "from %s:\n    %s\nbut the current thread is %s",
                          line->number, line->line,
                          name_of(&line->who, expected_name, sizeof expected_name), line->what,
                          name_of(&is, name, sizeof name));
}

/* --- After the event -------------------------------------------------------------------------- */

/* "@TIME WHO: WHAT = OUTCOME"; a line that somebody has written need not say all of it. */
static void put_side(char *text, size_t size, const struct trace_event *event)
{
    char name[TRACE_NAME + 24];
    char time[24] = "";
    bool any = event->who.paddr == UINT64_MAX;
    if (event->time != 0) {
        snprintf(time, sizeof time, "@%" PRIu64 " ", event->time);
    }
    snprintf(text, size, "%s%s%s%s%s%s", time, any ? "" : name_of(&event->who, name, sizeof name),
             any ? "" : ": ", event->what, event->outcome[0] == '\0' ? "" : " = ", event->outcome);
}

/* Both sides, as lines: who does what, and the outcome. */
static enum session_end differ(struct session *session, const char *what)
{
    const struct trace_event *line = &session->line;
    const struct trace_event *event = &session->event;
    char expected[SIDE_SIZE];
    char happened[SIDE_SIZE];
    put_side(expected, sizeof expected, line);
    put_side(happened, sizeof happened, event);
    return session_finish(session, SESSION_DIFFERENT,
                          "event %" PRIu64 " (line %" PRIu32 "): %s\n"
                          "  the trace says  %s\n"
                          "  what happened   %s",
                          event->number, line->line, what, expected, happened);
}

/* A calls trace's `what` is not an expectation, it is what was made to happen. */
static bool same_input(const struct session *session)
{
    return session->header.kind == TRACE_CALLS ||
           same_text(session->line.what, session->event.what);
}

static const char *difference(const struct session *session)
{
    const struct trace_event *line = &session->line;
    const struct trace_event *event = &session->event;
    if (!same_thread(&line->who, &event->who)) {
        return "another thread enters the kernel";
    }
    if (!same_input(session)) {
        return line->event != event->event ? "the kernel is entered for another reason"
                                           : "the thread asks for something else";
    }
    if (line->time != 0 && line->time != event->time) {
        return "the same, but at another time";
    }
    const char *other =
        session->header.clock_recorded ? session_recorded_difference(session) : NULL;
    if (other == NULL && line->outcome[0] != '\0' && !same_text(line->outcome, event->outcome)) {
        return "the kernel answers something else";
    }
    return other;
}

enum session_end session_compare(struct session *session)
{
    const struct trace_event *line = &session->line;
    const struct trace_event *event = &session->event;
    const char *what = difference(session);
    if (what != NULL) {
        return differ(session, what);
    }
    if (line->has_hash && event->has_hash && line->hash != event->hash) {
        char text[160];
        snprintf(text, sizeof text,
                 "the same answer, but the kernel's state is another one than the trace says: its "
                 "hash is %016" PRIx64 ", not %016" PRIx64,
                 event->hash, line->hash);
        return differ(session, text);
    }
    return SESSION_EVENT;
}
