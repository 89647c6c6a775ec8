/* SPDX-License-Identifier: BSD-2-Clause */

/* The loop over the events of an input: who acts, who watches, when it ends. */
#include "fuzz/api/play.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include "core/kernel.h"
#include "fuzz/api/play_parts.h"
#include "fuzz/harness/watch.h"
#include "hosted/trace/trace.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

enum {
    SWITCHES_MAX = 6, /* Yields in a row, to get to a thread. */
    REPEATS_MAX = 64, /* System calls repeated in a row; and in all of an input: */
    REPEATS_OF_INPUT = 96,
    IDLE_MAX = 8,   /* Moments waited for, one after the other. */
    TICKS_MAX = 4,  /* Timer interrupts in the course of one event of time. */
    TCB_SHIFT = 10, /* TCBs are at least that far apart, as log2. */
};

/* Ticks for which a domain must run so that users get on in any case, and what an input may still
 * do where one runs for less. */
enum { SHORT_DOMAIN = 3000, ENTRIES_OF_SHORT_DOMAINS = 256 };

/* `who`: in its low bits a thread, in the others whether it first finishes what it has begun. */
enum { WHO_THREADS = 8, WHO_NEXT = 7, WHO_LETS_GO = 0xE0 };

static struct play_totals totals;
static struct play the_play;

/* What the log says of a kernel entry; too large for a stack. */
static struct trace_event described;

const struct play_totals *play_totals(void)
{
    return &totals;
}

bool play_stopped(const struct play *play)
{
    return sim_status(play->sim) != SIM_RUNNING || sim_events(play->sim) >= play->last_entry ||
           (play->oracle != NULL && oracle_find(play->oracle) != NULL);
}

void play_log(const struct play *play, const char *format, ...)
{
    if (play->options != NULL && play->options->log != NULL) {
        va_list arguments;
        va_start(arguments, format);
        vfprintf(play->options->log, format, arguments);
        va_end(arguments);
    }
}

/* --- Observers -------------------------------------------------------------------------------- */

static void observe_before(void *context, enum sim_event event, uint64_t a, uint64_t b)
{
    struct play *play = context;
    const struct play_options *options = play->options;
    if (options != NULL && options->log != NULL) {
        trace_describe_before(play->sim, NULL, event, a, b, &described);
    }
    if (options != NULL && options->watcher != NULL && options->watcher->before != NULL) {
        options->watcher->before(options->watcher->context, event, a, b);
    }
    if (play->oracle != NULL) {
        oracle_before(play->oracle, event, a, b);
    }
}

static void log_entry(struct play *play, FILE *log)
{
    trace_describe_after(play->sim, NULL, &described);
    fprintf(log, "  %" PRIu64 " @%" PRIu64 " %s: %s = %s\n", described.number, described.time,
            described.who.name, described.what, described.outcome);
}

static void observe_after(void *context)
{
    struct play *play = context;
    const struct play_options *options = play->options;
    if (!play->ending && sim_current(play->sim) == play->world->root) {
        sim_power_off(play->sim, "the root task, which must sleep, is current");
    }
    /* First: a violated invariant that it finds is an outcome for the others. */
    if (play->oracle != NULL) {
        oracle_after(play->oracle);
    }
    /* That root takes everything back is not the input's doing. */
    bool tell = !play->ending || sim_status(play->sim) == SIM_PANICKED;
    if (options != NULL && options->log != NULL && tell) {
        log_entry(play, options->log);
    }
    if (options != NULL && options->watcher != NULL && options->watcher->after != NULL) {
        options->watcher->after(options->watcher->context);
    }
}

static void observe_poll(void *context, uint64_t now, bool pending)
{
    struct play *play = context;
    const struct play_options *options = play->options;
    watch_poll();
    if (play->oracle != NULL) {
        oracle_poll(play->oracle, now);
    }
    if (options != NULL && options->watcher != NULL && options->watcher->poll != NULL) {
        options->watcher->poll(options->watcher->context, now, pending);
    }
}

/* --- Time ------------------------------------------------------------------------------------- */

/* The clock goes on to there at once, and what is due then is taken: the timer comes late, as
 * behind a long trap of the firmware. */
static void jump(struct play *play, uint64_t time)
{
    sim_set_time(play->sim, time < PLAY_TIME_MAX ? time : PLAY_TIME_MAX);
    sim_advance(play->sim, 0);
}

/* The kernel arms the timer a little early, and finds nothing to do before the time has come. Where
 * it is not about that moment nobody waits for each of its tries. */
static uint64_t deadline_for_sure(const struct play *play)
{
    uint64_t deadline = sim_deadline(play->sim);
    uint64_t now = sim_now(play->sim);
    if (deadline >= PLAY_TIME_MAX) {
        return UINT64_MAX;
    }
    deadline += play->k->timer_slack;
    return deadline > now ? deadline : now;
}

void play_time(struct play *play, uint64_t ticks)
{
    uint64_t now = sim_now(play->sim);
    uint64_t room = now < PLAY_TIME_MAX ? PLAY_TIME_MAX - now : 0;
    uint64_t end = now + (ticks < room ? ticks : room);
    for (uint32_t i = 0; i < TICKS_MAX && !play_stopped(play); i++) {
        uint64_t deadline = deadline_for_sure(play);
        if (deadline >= end) {
            break;
        }
        jump(play, deadline);
    }
    now = sim_now(play->sim);
    if (now >= end || play_stopped(play)) {
        return;
    }
    if (deadline_for_sure(play) >= end) {
        sim_advance(play->sim, end - now);
    } else {
        jump(play, end);
    }
}

/* Until somebody runs, if anything will ever happen. */
static bool wake(struct play *play)
{
    for (uint32_t i = 0; i < IDLE_MAX && sim_is_idle(play->sim) && !play_stopped(play); i++) {
        uint64_t deadline = deadline_for_sure(play);
        if (deadline == UINT64_MAX) {
            break;
        }
        jump(play, deadline);
    }
    return !sim_is_idle(play->sim);
}

/* --- Who acts --------------------------------------------------------------------------------- */

static struct play_ecall *ecall_of(struct play *play, const struct thread *thread)
{
    return &play->ecalls[((uintptr_t)thread >> TCB_SHIFT) % PLAY_ECALLS];
}

static bool is_short(uint64_t duration)
{
    return duration != 0 && duration < SHORT_DOMAIN;
}

static bool has_short_domains(const struct kernel *k)
{
    bool any = false;
    for (uint32_t i = 0; i < CONFIG_DOMAIN_SCHEDULE; i++) {
        any = any || is_short(k->domain_schedule[i].duration);
    }
    return any;
}

/* A schedule may be shorter than a kernel entry takes. Then the timer is due whenever the kernel
 * returns, and nobody ever gets on: that is what its user asked for, and must do no more harm than
 * that. From the call that makes it so, an input has a number of entries left, and then ends. */
static void syscall_now(struct play *play)
{
    const struct thread *thread = sim_current(play->sim);
    bool configures = CONFIG_DOMAINS > 1 &&
                      thread->regs.x[REG_A1] >> 12 == ABI_LABEL_DOMAIN_SCHEDULE_CONFIGURE &&
                      is_short(thread->regs.x[REG_A4]);
    if (configures && play->last_entry == UINT64_MAX) {
        play->last_entry = sim_events(play->sim) + ENTRIES_OF_SHORT_DOMAINS;
        sim_limit_events(play->sim, play->last_entry);
    }
    sim_syscall(play->sim);
    if (configures && !has_short_domains(play->k)) {
        play->last_entry = UINT64_MAX;
        sim_limit_events(play->sim, UINT64_MAX);
    }
}

void play_syscall(struct play *play, uint64_t number)
{
    struct thread *thread = sim_current(play->sim);
    uint64_t label = thread->regs.x[REG_A1] >> 12;
    thread->regs.x[REG_A7] = number;
    *ecall_of(play, thread) = (struct play_ecall){thread, thread->regs.pc};
    play->labels |= label < 64 ? (uint64_t)1 << label : 0;
    syscall_now(play);
}

void play_repeat(struct play *play)
{
    for (uint32_t i = 0; i < REPEATS_MAX && !play_stopped(play); i++) {
        const struct thread *thread = sim_current(play->sim);
        const struct play_ecall *ecall = ecall_of(play, thread);
        if (sim_is_idle(play->sim) || ecall->thread != thread || ecall->pc != thread->regs.pc ||
            play->repeats == REPEATS_OF_INPUT) {
            return;
        }
        play->repeats++;
        syscall_now(play);
    }
}

/* The current thread gives up its slice. */
static void yield(struct play *play)
{
    struct thread *thread = sim_current(play->sim);
    watch_write(&thread->regs, sizeof thread->regs);
    play_syscall(play, (uint64_t)ABI_SYS_YIELD);
}

/* Other threads yield until it is this one's turn, if that can be. Its memory may by now be
 * something else's: then the number of turns ends this. */
static void switch_to(struct play *play, const struct thread *thread)
{
    for (uint32_t i = 0; i < SWITCHES_MAX; i++) {
        const struct thread *current = sim_current(play->sim);
        if (play_stopped(play) || sim_is_idle(play->sim) || current == thread ||
            thread->queue != THREAD_QUEUE_READY || thread->priority < current->priority) {
            return;
        }
        yield(play);
        play_repeat(play);
    }
}

/* True if a thread can act. */
static bool choose_thread(struct play *play, uint8_t who)
{
    uint32_t number = who % WHO_THREADS;
    bool lets_go = (who & WHO_LETS_GO) == WHO_LETS_GO;
    if (!wake(play)) {
        return false;
    }
    if (!lets_go) {
        play_repeat(play);
    }
    if (play_stopped(play) || !wake(play)) {
        return false;
    }
    if (number == WHO_NEXT) {
        yield(play);
    } else if (number != 0) {
        switch_to(play, play->world->threads[number - 1]);
    }
    if (!lets_go) {
        play_repeat(play);
    }
    return !play_stopped(play) && wake(play);
}

/* --- Configuration ---------------------------------------------------------------------------- */

/* How far the clock goes on before the first event. */
static void start_time(struct play *play, uint8_t start)
{
    static const uint64_t moments[] = {
        (uint64_t)1 << 32, (uint64_t)1 << 55,  (uint64_t)1 << 62,
        (uint64_t)1 << 63, UINT64_MAX / 8 * 3, /* Refills from about here on stay where they are. */
        PLAY_TIME_MAX,
    };
    uint64_t now = sim_now(play->sim);
    uint64_t deadline = sim_deadline(play->sim);
    uint64_t left = deadline > now ? deadline - now : 0;
    uint64_t less = start / 8u * 7;
    uint32_t kind = start % 8;
    if (kind == 1) {
        play_time(play, left > less ? left - less : left);
    } else if (kind > 1) {
        play_time(play, moments[(kind - 2) % COUNT(moments)] - now - less * less);
    } else {
        play_time(play, less);
    }
}

static void configure(struct play *play, const struct input_config *config)
{
    static const uint8_t polls[] = {1, ABI_WORK_UNITS, 2, 10};
    static const uint8_t entry_ticks[] = {10, 1, 3, 0, 20, 30, 60, 100};
    static const uint8_t access_ticks[] = {0, 1, 7, 30};
    static const uint8_t tlb_limits[] = {0, 1, 2, 3, 4, 8, 16, 32};
    struct kernel *k = play->k;
    watch_write(&k->work_units_per_poll, sizeof k->work_units_per_poll);
    sim_poll_every(play->sim, polls[config->poll % COUNT(polls)]);
    sim_set_costs(play->sim, entry_ticks[config->entry_ticks % COUNT(entry_ticks)],
                  access_ticks[config->access_ticks % COUNT(access_ticks)]);
    sim_set_tlb(play->sim, tlb_limits[config->tlb % COUNT(tlb_limits)],
                (config->tlb & COUNT(tlb_limits)) == 0);
    sim_clear_injections(play->sim);
    if (config->start != 0) {
        start_time(play, config->start);
    }
}

/* --- The loop --------------------------------------------------------------------------------- */

static void play_events(struct play *play, const struct input *input)
{
    for (uint32_t i = 0; i < input->count && !play_stopped(play); i++) {
        const struct input_event *event = &input->events[i];
        play_log(play, "event %u: %s\n", i + 1, input_kind_name(input_kind_of(event->what)));
        bool alive = choose_thread(play, event->who);
        if (play_stopped(play)) {
            return;
        }
        if (!alive) {
            play->idle++;
            play_log(play, "  nobody can act\n");
        }
        totals.events++;
        play_event(play, event, alive);
    }
}

static void begin(struct play *play, struct world *world, struct oracle *oracle,
                  const struct play_options *options)
{
    *play = (struct play){.world = world,
                          .sim = world->sim,
                          .k = world->k,
                          .oracle = oracle,
                          .options = options,
                          .last_entry = UINT64_MAX};
    struct sim_observer observer = {play, observe_before, observe_after, observe_poll};
    sim_observe(play->sim, &observer);
}

bool play_input(struct world *world, struct oracle *oracle, const struct input *input,
                const struct play_options *options)
{
    struct play *play = &the_play;
    world_reset(world, (enum world_topology)(input->config.topology % WORLD_TOPOLOGIES));
    begin(play, world, oracle, options);
    uint64_t entries = sim_events(play->sim);
    if (oracle != NULL) {
        oracle_start(oracle);
    }
    play_features_begin(play);
    configure(play, &input->config);
    play_events(play, input);
    play_features_end(play);
    totals.inputs++;
    totals.idle += play->idle;
    totals.entries += sim_events(play->sim) - entries;
    bool good = sim_status(play->sim) != SIM_PANICKED;
    play->ending = true;
    sim_limit_events(play->sim, UINT64_MAX);
    if (oracle != NULL) {
        oracle_end(oracle);
        good = oracle_find(oracle) == NULL;
    }
    sim_observe(world->sim, NULL);
    return good;
}
