/* SPDX-License-Identifier: BSD-2-Clause */

/* Program traces that were recorded under QEMU: the clock and interrupts come from the trace, and
 * user code runs for exactly as many instructions as it did there.
 */
#include <inttypes.h>
#include <xxhash.h>

#include "core/bits.h"
#include "core/kernel.h"
#include "hosted/session/internal.h"

/* An ecall or a fault may be this much later than it should be, before the search is given up. */
enum { SLACK = 2 };

/* Instructions between two looks at whether somebody wants an end. */
enum { PIECE = 1 << 24 };

/* What the trace says of preemption points: the last one of the event, or null. */
static const struct trace_poll *last_poll(const struct session *session)
{
    const struct trace_event *line = &session->line;
    return line->poll_count == 0 ? NULL : &line->polls[line->poll_count - 1];
}

/* Those before the last one have found nothing, and time adds up. */
static bool poll(void *context, uint64_t *now)
{
    struct session *session = context;
    const struct trace_poll *last = last_poll(session);
    session->polls++;
    if (last == NULL || session->polls < last->n) {
        return false;
    }
    *now = last->time > *now ? last->time : *now;
    return last->pending;
}

static uint32_t claim(void *context)
{
    const struct trace_poll *last = last_poll(context);
    return last == NULL ? 0 : last->irq;
}

void session_recorded_begin(struct session *session)
{
    struct sim_inputs inputs = {.context = session, .poll = poll, .claim = claim};
    sim_set_inputs(session->sim, &inputs);
    session->devices.uart.byte_ticks = 0; /* QEMU's sends at once. */
}

void session_recorded_before(struct session *session)
{
    struct trace_event *event = &session->event;
    if (session->line.time > sim_now(session->sim)) {
        sim_set_time(session->sim, session->line.time); /* Else the times differ: compared later. */
    }
    if (!sim_is_idle(session->sim)) {
        const struct regs *regs = &sim_current(session->sim)->regs;
        event->pc = regs->pc;
        event->has_pc = true;
        event->regs_hash = XXH3_64bits(&regs->x[1], 31 * sizeof regs->x[1]);
        event->has_regs_hash = true;
        event->cycles = session->line.cycles;
        event->ran = sim_instructions(session->sim) - session->instructions;
        event->has_cycles = true;
    }
    event->time = sim_now(session->sim);
}

void session_recorded_after(struct session *session)
{
    struct trace_event *event = &session->event;
    const struct trace_poll *last = last_poll(session);
    event->poll_count = session->polls == 0 ? 0 : 1;
    event->polls[0] = (struct trace_poll){.n = session->polls, .time = sim_now(session->sim)};
    if (last != NULL) {
        event->polls[0].irq = last->irq;
        event->polls[0].pending = last->pending;
    }
}

const char *session_recorded_difference(const struct session *session)
{
    static char text[200];
    const struct trace_event *line = &session->line;
    const struct trace_event *event = &session->event;
    const struct trace_poll *last = last_poll(session);
    uint64_t polls = last == NULL ? 0 : last->n;
    if (event->has_pc && ((line->has_pc && line->pc != event->pc) ||
                          (line->has_cycles && line->ran != event->ran))) {
        snprintf(text, sizeof text,
                 "the same, but at pc 0x%" PRIx64 " after %" PRIu64
                 " user instructions, not at 0x%" PRIx64 " after %" PRIu64,
                 event->pc, event->ran, line->pc, line->ran);
        return text;
    }
    if (line->has_regs_hash && event->has_regs_hash && line->regs_hash != event->regs_hash) {
        return "the same, but the thread has other registers (| at regs=)";
    }
    if (session->polls != polls) {
        snprintf(text, sizeof text,
                 "the same, but the kernel looks for interrupts %" PRIu64 " times, not %" PRIu64,
                 session->polls, polls);
        return text;
    }
    return NULL;
}

/* The clock only moves forwards. */
static enum session_end backwards(struct session *session, const char *what, uint64_t value)
{
    return session_finish(session, SESSION_BAD_TRACE,
                          "line %" PRIu32 ": %s%" PRIu64 " is before the event before it",
                          session->line.line, what, value);
}

/* The current thread is let go where the trace says, unless an interrupted run goes on. */
static enum session_end let_go(struct session *session)
{
    const struct trace_event *line = &session->line;
    if (!line->has_cycles) {
        return session_finish(session, SESSION_BAD_TRACE,
                              "line %" PRIu32
                              ": the clock was recorded, but the event does not say "
                              "where user code was (| at pc=... cycles=...)",
                              line->line);
    }
    if (!session->underway &&
        line->cycles / session->header.instructions_per_tick < sim_now(session->sim)) {
        return backwards(session, "cycles=", line->cycles);
    }
    if (!session->underway) {
        sim_set_cycles(session->sim, line->cycles);
        session->instructions = sim_instructions(session->sim);
    }
    session->underway = false;
    return SESSION_EVENT;
}

/* True if it has entered the kernel by itself. If not, it has executed `limit` instructions since
 * it was let go, or the system has stopped, or session->underway: somebody has interrupted. */
static bool run_up_to(struct session *session, uint64_t limit)
{
    uint64_t left = limit - (sim_instructions(session->sim) - session->instructions);
    while (left > 0 && sim_status(session->sim) == SIM_RUNNING) {
        uint64_t piece = min_u64(left, PIECE);
        if (session->interrupted != 0) {
            session->underway = true;
            return false;
        }
        if (sim_user_run(session->sim, piece)) {
            return true;
        }
        left -= piece;
    }
    return false;
}

/* User code runs to the place where the trace has the event. */
static enum session_end reach(struct session *session)
{
    const struct trace_event *line = &session->line;
    uint64_t number = sim_events(session->sim) + 1;
    bool by_itself = line->event == SIM_EVENT_SYSCALL || line->event == SIM_EVENT_FAULT;
    uint64_t limit = saturating_add(line->ran, by_itself ? SLACK : 0);
    enum session_end end = let_go(session);
    if (end != SESSION_EVENT) {
        return end;
    }
    if (run_up_to(session, limit)) {
        return SESSION_EVENT; /* Compared later; it may be the wrong one. */
    }
    if (session->underway || sim_status(session->sim) != SIM_RUNNING) {
        return session_stopped(session);
    }
    if (!by_itself) {
        sim_fire(session->sim, line->event, line->a, line->b);
        return SESSION_EVENT;
    }
    return session_finish(
        session, SESSION_DIFFERENT,
        "event %" PRIu64 " (line %" PRIu32 "): the trace has it at pc 0x%" PRIx64 ", after %" PRIu64
        " instructions; here user code is at 0x%" PRIx64 " then, and does not enter the kernel",
        number, line->line, line->pc, line->ran, sim_current(session->sim)->regs.pc);
}

enum session_end session_recorded_step(struct session *session)
{
    const struct trace_event *line = &session->line;
    enum session_end end = session_compare_who(session);
    if (end != SESSION_EVENT) {
        return end;
    }
    session->polls = 0;
    session_input_arm(session);
    if (!sim_is_idle(session->sim)) {
        return reach(session);
    }
    if (line->time < sim_now(session->sim)) {
        return backwards(session, "@", line->time);
    }
    sim_fire(session->sim, line->event, line->a, line->b);
    return SESSION_EVENT;
}
