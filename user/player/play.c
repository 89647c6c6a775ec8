/* SPDX-License-Identifier: BSD-2-Clause */

/* Playing: each thread of the trace makes its calls and compares what comes back. Threads run only
 * when the kernel under test lets them, so the order of the calls is compared, too.
 */
#include "user/lib/error_name.h"
#include "user/lib/port.h"
#include "user/lib/print.h"
#include "user/lib/thread.h"
#include "user/player/player.h"

enum {
    WATCH_US = 20000, /* Nothing has happened for so long: nothing will. */
    WATCHER_PRIORITY = 0,
    REGISTERS = 6, /* a0..a5. */
    LABEL_SHIFT = 12,
};

#define WATCHER_AREA 0x3010000000u

uint64_t player_tp;

/* Shared by the threads of one address space, which take turns. */
static uint64_t played;                        /* Events of the trace, so far. */
static uint64_t positions[SCRIPT_THREADS_MAX]; /* Each thread's next call. */
static uint64_t *root_buffer;
static const struct console *shared_console;

static const struct script_thread *thread_at(uint64_t index)
{
    return (const struct script_thread *)script_at(player_script->threads) + index;
}

static const char *name_of(uint64_t thread)
{
    return script_at(thread_at(thread)->name);
}

static volatile uint64_t *buffer_of(uint64_t thread)
{
    uint64_t *page = (uint64_t *)(SCRIPT_BUFFERS + thread * USER_PAGE_SIZE);
    return thread == 0 ? root_buffer : page + thread_at(thread)->buffer;
}

/* ---- In words ---- */

static void put_words(const uint64_t regs[REGISTERS], const volatile uint64_t *more, uint64_t count)
{
    print(" words=[");
    for (uint64_t i = 0; i < count && i < 4; i++) {
        print(i == 0 ? "0x%lx" : ", 0x%lx", regs[2 + i]);
    }
    for (uint64_t i = 4; i < count && more != seL4_Null; i++) {
        print(", 0x%lx", more[1 + i]);
    }
    print("]");
}

/* The message in a thread's registers; `more`: its IPC buffer, or null. */
static void put_message(const uint64_t regs[REGISTERS], const volatile uint64_t *more)
{
    seL4_MessageInfo_t info = {{regs[1]}};
    uint64_t label = seL4_MessageInfo_get_label(info);
    if (regs[0] == 0 && label == 0 && seL4_MessageInfo_get_length(info) == 0) {
        print("ok");
        return;
    }
    print("badge=0x%lx label=0x%lx", regs[0], label);
    if (regs[0] == 0 && label != 0 && *sel4_error_name((seL4_Error)label) != '?') {
        print(" (%s)", sel4_error_name((seL4_Error)label));
    }
    put_words(regs, more, seL4_MessageInfo_get_length(info));
    if (seL4_MessageInfo_get_extraCaps(info) != 0) {
        print(" caps=%lu", seL4_MessageInfo_get_extraCaps(info));
    }
}

static void put_event(uint64_t thread, const struct script_call *call)
{
    print("player: event %lu: %s %s: ", call->event, name_of(thread),
          (const char *)script_at(call->what));
}

/* The event that is due, of whatever thread, begins the message. */
static void put_due(void)
{
    for (uint64_t i = 0; i < player_script->thread_count; i++) {
        const struct script_thread *thread = thread_at(i);
        const struct script_call *calls = script_at(thread->calls);
        for (uint64_t k = positions[i]; k < thread->call_count; k++) {
            if ((calls[k].flags & SCRIPT_OWN) == 0 && calls[k].order == played) {
                put_event(i, &calls[k]);
                return;
            }
        }
    }
    print("player: after the last event: ");
}

static void verdict_good(void) __attribute__((noreturn));
static void verdict_good(void)
{
    print("player: all %lu calls as recorded\n", player_script->event_count);
    user_halt();
}

/* Somebody runs who should not. */
static void verdict_order(const char *who) __attribute__((noreturn));
static void verdict_order(const char *who)
{
    put_due();
    print("expected now, but %s\n", who);
    user_halt();
}

static void verdict_runs(uint64_t thread) __attribute__((noreturn));
static void verdict_runs(uint64_t thread)
{
    put_due();
    print("expected now, but %s runs\n", name_of(thread));
    user_halt();
}

/* ---- Playing ---- */

static void load(const struct script_call *call)
{
    const struct script_word *words = script_at(call->loads);
    for (uint64_t i = 0; i < call->load_count; i++) {
        buffer_of(words[i].thread)[words[i].index] = words[i].value;
    }
}

static bool as_expected(const struct script_call *call, const uint64_t regs[REGISTERS])
{
    const struct script_word *words = script_at(call->words);
    /* Of a1 perhaps only the label. */
    uint64_t differ = regs[1] ^ call->out[1];
    if ((call->compare & 2) != 0 &&
        ((call->flags & SCRIPT_LABEL) != 0 ? differ >> LABEL_SHIFT : differ) != 0) {
        return false;
    }
    for (uint64_t i = 0; i < REGISTERS; i++) {
        if (i != 1 && (call->compare >> i & 1) != 0 && regs[i] != call->out[i]) {
            return false;
        }
    }
    for (uint64_t i = 0; i < call->word_count; i++) {
        if (buffer_of(words[i].thread)[words[i].index] != words[i].value) {
            return false;
        }
    }
    return true;
}

/* The expected words as an IPC buffer would have them. */
static void put_expected(const struct script_call *call)
{
    uint64_t buffer[SCRIPT_BUFFER_WORDS] = {0};
    const struct script_word *words = script_at(call->words);
    for (uint64_t i = 0; i < call->word_count; i++) {
        buffer[words[i].index % SCRIPT_BUFFER_WORDS] = words[i].value;
    }
    put_message(call->out, buffer);
}

static void verdict_different(uint64_t thread, const struct script_call *call,
                              const uint64_t regs[REGISTERS]) __attribute__((noreturn));
static void verdict_different(uint64_t thread, const struct script_call *call,
                              const uint64_t regs[REGISTERS])
{
    put_event(thread, call);
    print("expected ");
    if ((call->flags & SCRIPT_NEVER) != 0) {
        print("no return");
    } else {
        put_expected(call);
    }
    print(", got ");
    put_message(regs, call->word_count == 0 ? seL4_Null : buffer_of(thread));
    print("\n");
    user_halt();
}

/* A call of the player's own: it makes what the trace takes for granted. */
static void make_own(uint64_t thread, const struct script_call *call, uint64_t regs[9])
{
    player_trap(regs);
    if (seL4_MessageInfo_get_label((seL4_MessageInfo_t){{regs[1]}}) != 0) {
        put_event(thread, call);
        print("not played: the player's preparations for it failed: ");
        put_message(regs, seL4_Null);
        print("\n");
        user_halt();
    }
}

static void make(uint64_t thread, const struct script_call *call)
{
    uint64_t regs[9];
    for (uint64_t i = 0; i < 9; i++) {
        regs[i] = call->in[i];
    }
    if ((call->flags & SCRIPT_PLACE) != 0) {
        regs[4] = (uint64_t)(uintptr_t)player_threads + 4 * regs[4];
    }
    load(call);
    if ((call->flags & SCRIPT_OWN) != 0) {
        make_own(thread, call, regs);
        return;
    }
    if (call->order != played) {
        verdict_runs(thread);
    }
    played++;
    player_trap(regs);
    if ((call->flags & SCRIPT_NEVER) != 0 || !as_expected(call, regs)) {
        verdict_different(thread, call, regs);
    }
}

void player_thread(uint64_t index)
{
    const struct script_thread *thread = thread_at(index);
    const struct script_call *calls = script_at(thread->calls);
    while (positions[index] < thread->call_count) {
        positions[index]++; /* A thread that is started anew goes on with the next. */
        make(index, &calls[positions[index] - 1]);
    }
    bool last = player_script->last == index || player_script->last == SCRIPT_ANYBODY;
    if (played == player_script->event_count && last) {
        verdict_good();
    }
    verdict_runs(index);
}

/* ---- Watching ---- */

/* Runs when all others wait. */
static void watch(uint64_t argument)
{
    (void)argument;
    if (shared_console != seL4_Null) {
        console_use(shared_console);
    }
    volatile uint64_t *progress = &played;
    uint64_t seen = *progress;
    uint64_t since = user_now_us();
    while (user_now_us() - since < WATCH_US) {
        if (*progress != seen) {
            seen = *progress;
            since = user_now_us();
        }
    }
    if (played == player_script->event_count && player_script->last >= SCRIPT_ANYBODY) {
        verdict_good();
    }
    verdict_order("nobody runs");
}

seL4_Error play_watch(struct stage *stage)
{
    struct user_thread watcher;
    struct thread_spec spec = {
        .name = "watcher",
        .entry = watch,
        .area = WATCHER_AREA,
        .space = &stage->space,
        .cspace = seL4_CapInitThreadCNode,
        .authority = seL4_CapInitThreadTCB,
        .priority = WATCHER_PRIORITY,
        .sched_control = stage->info->schedcontrol.start,
        .budget_us = 5000,
        .period_us = 5000,
    };
    root_buffer = (uint64_t *)seL4_GetIPCBuffer();
#ifndef CONFIG_PRINTING
    shared_console = &stage->console;
#endif
    seL4_Error error = thread_create(&stage->alloc, &spec, &watcher);
    return error != seL4_NoError ? error : thread_start(&watcher);
}
