/* SPDX-License-Identifier: BSD-2-Clause */

/* A kernel event in words: the state right before and right after it is all that is needed. */
#include "hosted/trace/describe.h"

#include <string.h>

#include "hosted/trace/event.h"
#include "hosted/trace/names.h"
#include "hosted/trace/text.h"
#include "hosted/words.h"

/* --- Machines --------------------------------------------------------------------------------- */

void trace_describe_machine(const struct sim *sim, struct trace_header *header)
{
    const struct sim_config *config = sim_config_of(sim);
    const struct boot_params *params = sim_boot_params(sim);
    snprintf(header->build, sizeof header->build, "%s", trace_build_id());
    header->debug = CONFIG_DEBUG;
    header->fpu = CONFIG_FPU;
    header->domains = CONFIG_DOMAINS;
    header->cores = CONFIG_CORES;
    header->machine = *config;
    header->machine.kernel_paddr = look_paddr(sim->k);
    header->machine.image_paddr = params->image.start;
    header->machine.image_entry = params->entry;
    header->dtb_size = params->dtb_size;
    header->instructions_per_tick = config->instructions_per_tick;
    header->first = 1;
}

/* --- Threads ---------------------------------------------------------------------------------- */

static char in_name(char c)
{
    bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                c == '.' || c == '-' || c == '\'';
    return good ? c : '_';
}

void trace_describe_thread(const struct sim *sim, const struct thread *thread,
                           struct trace_thread *out)
{
    out->name[0] = '\0';
    out->paddr = 0;
    if (thread == NULL || look_is_idle(sim, thread)) {
        return;
    }
    out->paddr = look_paddr(thread);
    if (!CONFIG_DEBUG || !look_good(sim, thread, sizeof *thread)) {
        return;
    }
    size_t i = 0;
    for (; i < TRACE_NAME - 1 && thread->name[i] != '\0'; i++) {
        out->name[i] = in_name(thread->name[i]);
    }
    out->name[i] = '\0';
}

/* --- Before ----------------------------------------------------------------------------------- */

static void put_fault(const struct thread *thread, const struct trace_event *out, struct text *text)
{
    const char *name = cause_name(out->a);
    text_put(text, "fault ");
    if (name != NULL) {
        text_put(text, name);
    } else {
        text_put(text, "cause-");
        text_dec(text, out->a);
    }
    text_put(text, " at ");
    text_hex(text, thread->regs.pc);
    text_put(text, " address=");
    text_hex(text, out->b);
}

static void put_what(const struct sim *sim, const struct thread *thread, struct text *text,
                     struct trace_event *out)
{
    switch (out->event) {
    case SIM_EVENT_SYSCALL:
        describe_syscall(sim, thread, text, out);
        return;
    case SIM_EVENT_FAULT:
        put_fault(thread, out, text);
        return;
    case SIM_EVENT_IRQ:
        text_put(text, "interrupt ");
        text_dec(text, out->a);
        out->before.signals = true;
        return;
    case SIM_EVENT_TICK:
        text_put(text, "timer");
        return;
    }
}

void trace_describe_before(struct sim *sim, struct trace_shadow *shadow, enum sim_event event,
                           uint64_t a, uint64_t b, struct trace_event *out)
{
    const struct thread *thread = look_current(sim);
    struct text text;
    trace_event_clear(out);
    out->number = sim_events(sim);
    out->time = sim_now(sim);
    out->event = event;
    out->a = a;
    out->b = b;
    out->before.polls = sim_polls(sim);
    text_to_buffer(&text, out->what, sizeof out->what);
    trace_describe_thread(sim, thread, &out->who);
    if (thread == NULL) {
        text_put(&text, "timer"); /* Whatever it is, the kernel will not survive it. */
    } else {
        out->pc = thread->regs.pc;
        put_what(sim, thread, &text, out);
    }
    text_end(&text);
    if (shadow != NULL && thread != NULL) {
        shadow_before(shadow, sim, out);
    }
}

void trace_describe_poll(struct sim *sim, struct trace_event *out, uint64_t now, bool pending)
{
    uint64_t last = out->poll_count == 0 ? out->time : out->polls[out->poll_count - 1].time;
    if (now == last && !pending) {
        return;
    }
    uint32_t irq = 0;
    const struct plic *plic = &sim->machine.plic;
    for (uint32_t i = 1; pending && irq == 0 && i <= plic->max; i++) {
        if (plic->pending[i] && plic->enabled[sim->core][i] && !plic->in_service[i]) {
            irq = i;
        }
    }
    /* Without room, the last one stands for those before it: time only adds up. */
    uint32_t at = out->poll_count < TRACE_POLLS ? out->poll_count++ : TRACE_POLLS - 1;
    out->polls[at] = (struct trace_poll){sim_polls(sim) - out->before.polls, now, irq, false};
}

/* --- After ------------------------------------------------------------------------------------ */

/* What has become of a thread that does not run on and has got no answer. */
static void put_fate(const struct thread *thread, const struct trace_event *out, struct text *text)
{
    switch ((enum thread_state)thread->state) {
    case THREAD_BLOCKED_ON_RECEIVE:
    case THREAD_BLOCKED_ON_SEND:
    case THREAD_BLOCKED_ON_REPLY:
    case THREAD_BLOCKED_ON_NOTIFICATION:
        text_put(text, words_state(thread->state));
        return;
    case THREAD_INACTIVE:
        text_put(text, "stopped");
        return;
    case THREAD_RUNNING:
    case THREAD_RESTART:
    case THREAD_IDLE:
        break;
    }
    if (thread->queue == THREAD_QUEUE_RELEASE) {
        text_put(text, "out of time");
    } else if (out->event == SIM_EVENT_SYSCALL || out->event == SIM_EVENT_FAULT) {
        text_put(text, "will repeat");
    } else {
        text_put(text, "preempted");
    }
}

/* The thread that caused or met the event. */
static void put_who(const struct sim *sim, const struct thread *thread, bool stays,
                    const struct trace_event *out, struct text *text)
{
    bool complete = out->event == SIM_EVENT_SYSCALL && thread->state == THREAD_RUNNING &&
                    thread->regs.pc != out->pc;
    if (complete) {
        describe_answer(sim, thread, (enum answer)out->before.answer, text);
    } else if (!stays) {
        put_fate(thread, out, text);
    } else if (out->event == SIM_EVENT_SYSCALL || out->event == SIM_EVENT_FAULT) {
        text_put(text, "will repeat");
    } else {
        text_put(text, "continues");
    }
}

static void put_panic(const char *message, struct text *text)
{
    text_put(text, "panic: ");
    for (; *message != '\0'; message++) {
        char c = *message;
        text_char(text, c < 0x20 || c == '#' || c == 0x7F ? '.' : c);
    }
}

static void put_outcome(const struct sim *sim, const struct thread *next, struct text *text,
                        struct trace_event *out)
{
    const struct thread *who = (const void *)(uintptr_t)(out->who.paddr + SIM_WINDOW);
    if (sim_status(sim) == SIM_PANICKED) {
        put_panic(sim_message(sim), text);
        return;
    }
    if (sim_status(sim) == SIM_HALTED || next == NULL) {
        text_put(text, next == NULL ? "broken: there is no valid current thread" : "halted");
        return;
    }
    bool stays = out->next.paddr == out->who.paddr;
    bool was_idle = out->who.paddr == 0;
    if (was_idle) {
        text_put(text, stays ? "continues" : "");
    } else if (look_is_thread(sim, who)) {
        put_who(sim, who, stays, out, text);
    } else {
        text_put(text, "deleted");
    }
    if (!stays) {
        text_put(text, was_idle ? "-> " : " -> ");
        event_put_thread(text, &out->next);
        if (out->next.paddr != 0) {
            describe_return(sim, next, out->before.signals, text);
        }
    }
}

void trace_describe_after(struct sim *sim, struct trace_shadow *shadow, struct trace_event *out)
{
    const struct thread *next = look_current(sim);
    struct text text;
    trace_describe_thread(sim, next, &out->next);
    text_to_buffer(&text, out->outcome, sizeof out->outcome);
    put_outcome(sim, next, &text, out);
    text_end(&text);
    if (shadow != NULL && next != NULL) {
        shadow_after(shadow, sim);
    }
}
