/* SPDX-License-Identifier: BSD-2-Clause */

/* One kernel event after the other: of a system that runs by itself, of a trace's calls, or of code
 * whose clock and interrupts were recorded elsewhere.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "core/kernel.h"
#include "hosted/session/internal.h"

enum session_end session_finish(struct session *session, enum session_end end, const char *format,
                                ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(session->complaint, sizeof session->complaint, format, arguments);
    va_end(arguments);
    session->end = end;
    session->end_at = sim_events(session->sim);
    return end;
}

/* --- What the simulator tells about an event -------------------------------------------------- */

__attribute__((noinline)) void session_debug_stop(uint64_t number)
{
    __asm__ volatile("" : : "r"(number) : "memory"); /* Not optimised away: debuggers stop here. */
}

static bool repeated(const struct session *session)
{
    return sim_events(session->sim) <= session->reached;
}

/* Calls are recorded once; a repeated event must not confuse what the recorder remembers. */
static struct trace_shadow *shadow(const struct session *session)
{
    return repeated(session) ? NULL : session->recorder.shadow;
}

static void before(void *context, enum sim_event event, uint64_t a, uint64_t b)
{
    struct session *session = context;
    trace_event_clear(&session->event);
    trace_describe_before(session->sim, shadow(session), event, a, b, &session->event);
    if (session->header.clock_recorded) {
        session_recorded_before(session);
    }
    session->event.number = sim_events(session->sim);
    if (session->event.number == session->stop_before) {
        session_debug_stop(session->event.number);
    }
}

static bool wants_hash(const struct session *session)
{
    uint64_t every = session->header.hash_every;
    if (session->options.no_hashes || sim_status(session->sim) == SIM_PANICKED) {
        return false; /* A broken kernel's state is not walked. */
    }
    return (session->has_line && session->line.has_hash) ||
           (every != 0 && session->event.number % every == 0);
}

static void after(void *context)
{
    struct session *session = context;
    trace_describe_after(session->sim, shadow(session), &session->event);
    if (session->header.clock_recorded) {
        session_recorded_after(session);
    }
    if (wants_hash(session)) {
        session->event.has_hash = true;
        session->event.hash = trace_state_hash(session->sim);
    }
    session->described = session->event.number;
}

static void poll(void *context, uint64_t now, bool pending)
{
    struct session *session = context;
    trace_describe_poll(session->sim, &session->event, now, pending);
}

static void describe(struct session *session, bool on)
{
    struct sim_observer observer = {session, before, after, poll};
    sim_observe(session->sim, on ? &observer : NULL);
}

/* --- The system runs by itself ---------------------------------------------------------------- */

enum session_end session_stopped(struct session *session)
{
    const struct sim *sim = session->sim;
    const char *why =
        sim_run_complaint(sim, sim_status(sim) == SIM_RUNNING ? SIM_RUN_IDLE : SIM_RUN_STOPPED);
    if (session->interrupted != 0) {
        session->interrupted = 0;
        session_finish(session, SESSION_STOPPED, SESSION_INTERRUPTED);
        session->end_at = UINT64_MAX; /* The next step may go on. */
        return SESSION_STOPPED;
    }
    if (session->has_line) {
        return session_finish(session, SESSION_DIFFERENT,
                              "event %" PRIu64 " (line %" PRIu32 "): the trace says that there is\n"
                              "    %s\nbut the system has stopped: %s",
                              sim_events(sim) + 1, session->line.line, session->line.what,
                              why == NULL ? "it has halted" : why);
    }
    return session_finish(session, SESSION_STOPPED, "%s", why == NULL ? "" : why);
}

/* Until event `last` has happened. */
static enum session_end run(struct session *session, uint64_t last)
{
    struct sim *sim = session->sim;
    sim_limit_events(sim, last);
    while (true) {
        session_input_arm(session);
        enum sim_run_end end = sim_run(sim, 0);
        if (sim_events(sim) == last) {
            return SESSION_EVENT;
        }
        if (end == SIM_RUN_IDLE && session->interrupted == 0 && session_input_wait(session)) {
            continue;
        }
        if (end == SIM_RUN_STOPPED || end == SIM_RUN_IDLE) {
            return session_stopped(session);
        }
        return session_finish(session, SESSION_STOPPED, "%s", sim_run_complaint(sim, end));
    }
}

/* --- A trace's calls -------------------------------------------------------------------------- */

static enum session_end bad_trace(struct session *session, const struct trace_error *error)
{
    return session_finish(session, SESSION_BAD_TRACE, "%s", error->text);
}

static enum session_end step_calls(struct session *session)
{
    const struct trace_event *line = &session->line;
    struct trace_error error;
    enum session_end end = session_compare_who(session);
    if (end != SESSION_EVENT) {
        return end;
    }
    if (!trace_apply(session->sim, line, &error)) {
        return bad_trace(session, &error);
    }
    sim_fire(session->sim, line->event, line->a, line->b);
    sim_clear_injections(session->sim);
    return SESSION_EVENT;
}

/* --- Any -------------------------------------------------------------------------------------- */

static bool runs_by_itself(const struct session *session)
{
    return session->header.kind == TRACE_PROGRAM && !session->header.clock_recorded;
}

static enum session_end make_event(struct session *session)
{
    if (runs_by_itself(session)) {
        return run(session, sim_events(session->sim) + 1);
    }
    return session->header.kind == TRACE_CALLS ? step_calls(session)
                                               : session_recorded_step(session);
}

/* What the trace says of the next event, if it does. */
static enum session_end read_line(struct session *session)
{
    uint64_t number = sim_events(session->sim) + 1;
    struct trace_error error;
    session->has_line = false;
    if (session->trace == NULL || number < session->header.first) {
        return SESSION_EVENT;
    }
    if (!trace_event_at(session->trace, number, &session->line, &error)) {
        return bad_trace(session, &error);
    }
    session->has_line = true;
    return SESSION_EVENT;
}

/* Whether the system ends where the trace ends, if that says it has ended by itself. */
static enum session_end at_end(struct session *session)
{
    const char *ending = trace_ending(session->trace);
    uint64_t last = sim_events(session->sim);
    session->has_line = false;
    bool halts = strcmp(ending, "halted") == 0;
    /* A last line without an outcome, or a check that the recording did not make. */
    if (sim_status(session->sim) == SIM_PANICKED && strncmp(ending, "panic", 5) != 0) {
        return session_finish(session, SESSION_DIFFERENT, "event %" PRIu64 ": kernel panic: %s",
                              last, sim_message(session->sim));
    }
    if (!runs_by_itself(session) || (!halts && strncmp(ending, "idle", 4) != 0)) {
        return session_finish(session, SESSION_END, "%s", "");
    }
    describe(session, true);
    if (run(session, last + 1) == SESSION_EVENT) {
        return session_finish(session, SESSION_DIFFERENT,
                              "event %" PRIu64 ": the trace ends here (%s), but the system goes "
                              "on:\n    %s",
                              last + 1, ending, session->event.what);
    }
    if (halts != (sim_status(session->sim) == SIM_HALTED)) {
        return session_finish(session, SESSION_DIFFERENT,
                              "after the last event, %" PRIu64 ": the trace ends with \"%s\", but "
                              "here the end is: %s",
                              last, ending,
                              session->complaint[0] == '\0' ? "halted" : session->complaint);
    }
    return session_finish(session, SESSION_END, "%s", "");
}

enum session_end session_repeat(struct session *session, uint64_t last)
{
    enum session_end end = SESSION_EVENT;
    sim_console_file(session->sim, NULL);
    describe(session, session->header.clock_recorded);
    session->has_line = false;
    if (runs_by_itself(session) && sim_events(session->sim) < last) {
        return run(session, last);
    }
    while (end == SESSION_EVENT && sim_events(session->sim) < last) {
        end = read_line(session);
        if (end == SESSION_EVENT) {
            end = make_event(session);
        }
    }
    return end;
}

static bool ended(const struct session *session)
{
    return session->end != SESSION_EVENT && session->end_at == sim_events(session->sim);
}

/* As far as the trace goes, and the system. */
static enum session_end may_step(struct session *session)
{
    if (ended(session)) {
        return session->end;
    }
    session->end = SESSION_EVENT;
    if (session->trace != NULL && sim_events(session->sim) >= trace_events(session->trace)) {
        return at_end(session);
    }
    enum session_end end = read_line(session);
    if (end != SESSION_EVENT) {
        return end;
    }
    return sim_status(session->sim) == SIM_RUNNING && session->interrupted == 0
               ? SESSION_EVENT
               : session_stopped(session);
}

static bool has_witness(const struct session *session)
{
    return session->trace != NULL || session->observer != NULL || session->recorder.file != NULL;
}

/* For the first time: to be recorded and observed. */
static void tell(struct session *session)
{
    session->reached = sim_events(session->sim);
    if (session->recorder.file != NULL) {
        session_record_event(session);
    }
    if (session->observer != NULL) {
        session->observer(session->observer_context, &session->event);
    }
}

enum session_end session_step(struct session *session)
{
    enum session_end end = may_step(session);
    if (end != SESSION_EVENT) {
        return end;
    }
    bool first = sim_events(session->sim) >= session->reached;
    sim_console_file(session->sim, first ? session->options.console : NULL);
    describe(session, has_witness(session));
    end = make_event(session);
    if (end != SESSION_EVENT) {
        return end;
    }
    if (session->has_line) {
        end = session_compare(session);
    }
    if (first) {
        tell(session);
    }
    session_keep(session);
    return end;
}
