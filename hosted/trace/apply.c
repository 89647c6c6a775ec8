/* SPDX-License-Identifier: BSD-2-Clause */

/* Plays an event of a calls trace: puts into the machine what user code would have put there. */
#include <string.h>

#include "core/bits.h"
#include "hosted/trace/event.h"
#include "hosted/trace/look.h"
#include "hosted/trace/text.h"
#include "hosted/trace/trace.h"

static bool fail(struct trace_error *error, const struct trace_event *event, const char *text)
{
    int length = 0;
    if (event->line != 0) {
        length = snprintf(error->text, sizeof error->text, "line %u: ", event->line);
    }
    snprintf(error->text + length, sizeof error->text - (size_t)length, "event %llu: %s",
             (unsigned long long)event->number, text);
    return false;
}

static void name_thread(char *out, size_t size, const struct trace_thread *thread)
{
    struct text text;
    text_to_buffer(&text, out, size);
    event_put_thread(&text, thread);
    text_end(&text);
}

/* The thread that the event is of runs; a system call or fault is of some thread. */
static bool check_who(const struct sim *sim, const struct trace_event *event,
                      const struct thread *current, struct trace_error *error)
{
    char text[256];
    char expected[64];
    char found[64];
    struct trace_thread thread;
    trace_describe_thread(sim, current, &thread);
    name_thread(expected, sizeof expected, &event->who);
    name_thread(found, sizeof found, &thread);
    if (event->who.paddr != UINT64_MAX && event->who.paddr != thread.paddr) {
        snprintf(text, sizeof text, "it is of %s, but %s runs", expected, found);
        return fail(error, event, text);
    }
    bool needs_thread = event->event == SIM_EVENT_SYSCALL || event->event == SIM_EVENT_FAULT;
    if (needs_thread && thread.paddr == 0) {
        return fail(error, event, "a system call or fault, but no thread runs");
    }
    return true;
}

static bool apply_time(struct sim *sim, const struct trace_event *event, struct trace_error *error)
{
    char text[160];
    /* Entering the kernel may itself take time, which the event's time includes. */
    uint64_t entry = sim_config_of(sim)->entry_ticks;
    uint64_t now = sim_now(sim);
    if (event->time == 0) {
        return true;
    }
    if (event->time < now || event->time - now < entry) {
        snprintf(text, sizeof text, "its time is %llu, but it is already %llu",
                 (unsigned long long)event->time, (unsigned long long)saturating_add(now, entry));
        return fail(error, event, text);
    }
    sim_set_time(sim, event->time - entry);
    return true;
}

static bool apply_polls(struct sim *sim, const struct trace_event *event, struct trace_error *error)
{
    uint64_t last = saturating_add(sim_now(sim), sim_config_of(sim)->entry_ticks);
    sim_clear_injections(sim); /* Of an event that did not get so far. */
    for (uint32_t i = 0; i < event->poll_count && i < TRACE_POLLS; i++) {
        const struct trace_poll *poll = &event->polls[i];
        if (poll->time < last) {
            return fail(error, event, "the time of a poll lies before what comes before it");
        }
        if (poll->time > last) {
            sim_advance_at_preemption(sim, poll->n, poll->time - last);
        }
        if (poll->irq != 0) {
            sim_inject_at_preemption(sim, poll->n, poll->irq);
        }
        last = poll->time;
    }
    return true;
}

/* Words in IPC buffers. A word that is in none is nothing the kernel can see, and is left out, so
 * that a trace stays playable when lines are taken out of it. */
static void apply_memory(const struct sim *sim, const struct trace_event *event)
{
    const struct thread *thread = sim->k->threads;
    if (event->word_count == 0) {
        return;
    }
    for (uint32_t n = 0; thread != NULL && n < LOOK_THREADS_MAX; n++) {
        if (!look_good(sim, thread, sizeof *thread)) {
            return;
        }
        uint64_t start = look_buffer(sim, thread, false);
        for (uint32_t i = 0; start != 0 && i < event->word_count; i++) {
            uint64_t paddr = event->words[i].at;
            if (paddr % 8 == 0 && paddr >= start && paddr - start < TRACE_BUFFER_WORDS * 8) {
                *(uint64_t *)sim_ram(sim, paddr, 8) = event->words[i].value;
            }
        }
        thread = thread->all_next;
    }
}

static void apply_registers(struct thread *thread, const struct trace_event *event,
                            const struct trace_action *action)
{
    for (uint32_t i = 0; i < event->reg_count && i < TRACE_REGISTERS; i++) {
        uint64_t number = event->regs[i].at;
        if (number == TRACE_PC) {
            thread->regs.pc = event->regs[i].value;
        } else if (number > 0 && number < TRACE_PC) {
            thread->regs.x[number] = event->regs[i].value;
        }
    }
    for (uint32_t i = 1; i < TRACE_PC; i++) {
        if ((action->set >> i & 1) != 0) {
            thread->regs.x[i] = action->regs[i];
        }
    }
    if ((action->set >> TRACE_PC & 1) != 0) {
        thread->regs.pc = action->regs[TRACE_PC];
    }
}

/* What the event's words put into the thread's own buffer, if it has one. */
static void apply_buffer(const struct sim *sim, const struct thread *thread,
                         const struct trace_action *action)
{
    uint64_t *buffer = look_buffer_words(sim, thread, false);
    if (buffer == NULL) {
        return;
    }
    for (uint32_t i = 0; i < action->word_count; i++) {
        buffer[action->words[i].at] = action->words[i].value;
    }
    if (action->has_name) {
        memcpy(buffer + ABI_BUFFER_MSG, action->name, action->name_size);
    }
}

bool trace_apply(struct sim *sim, const struct trace_event *event, struct trace_error *error)
{
    struct trace_action action;
    struct thread *current = sim_current(sim);
    if (sim_status(sim) != SIM_RUNNING || look_current(sim) == NULL) {
        return fail(error, event, "the system has stopped");
    }
    if (!trace_read_what(event->what, &action, error)) {
        char text[sizeof error->text];
        memcpy(text, error->text, sizeof text);
        return fail(error, event, text);
    }
    if (!check_who(sim, event, current, error) || !apply_time(sim, event, error) ||
        !apply_polls(sim, event, error)) {
        return false;
    }
    apply_memory(sim, event);
    if (!look_is_idle(sim, current)) {
        apply_registers(current, event, &action);
        apply_buffer(sim, current, &action);
    }
    return true;
}
