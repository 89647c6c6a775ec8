/* SPDX-License-Identifier: BSD-2-Clause */

/* Who runs, docs/abi/06 sections 6.3, 6.4, 6.13 and 13. Time goes by only where a scenario says so:
 * slices are longer than what the threads do, except in those about slices.
 */
#include "abi/api.h"
#include "tests/conformance/conformance.h"
#include "tests/conformance/record.h"
#include "user/lib/port.h"

enum { LOW = CONF_PRIORITY - 20, MIDDLE = CONF_PRIORITY - 10, HIGH = CONF_PRIORITY + 10 };
enum { LONG_US = 100000, MARKERS_MAX = 4 };
enum { DONE_A = 1, DONE_B = 2, DONE_C = 4 };

/* Threads that note their letters. */
struct cast {
    struct trace trace;
    seL4_CPtr done; /* Notification; marker i signals bit i. */
    uint32_t count;
    struct marker markers[MARKERS_MAX];
    struct user_thread threads[MARKERS_MAX];
};

static void cast_init(struct conf *c, struct cast *cast)
{
    cast->trace.count = 0;
    cast->count = 0;
    cast->done = conf_object(c, seL4_NotificationObject, 0);
}

/* Adds one. It waits for a signal of `first` before it notes its letter, if that is not null. */
static struct user_thread *cast_add(struct conf *c, struct cast *cast, char event, uint8_t priority,
                                    seL4_CPtr first)
{
    uint32_t i = cast->count++;
    cast->markers[i] = (struct marker){
        .conf = c,
        .trace = &cast->trace,
        .event = event,
        .first = first,
        .done = conf_mint(c, cast->done, seL4_CanWrite, (seL4_Word)1 << i),
    };
    struct thread_spec spec = conf_spec(c, "marker", marker_main, &cast->markers[i], priority);
    spec = conf_with_time(spec, LONG_US, LONG_US);
    conf_create(c, &spec, &cast->threads[i]);
    return &cast->threads[i];
}

/* Root's own turn in the trace. */
static void own_turn(struct cast *cast)
{
    trace_add(&cast->trace, '.');
}

static bool set_priority(seL4_TCB tcb, seL4_Word priority)
{
    return seL4_TCB_SetPriority(tcb, seL4_CapInitThreadTCB, priority) == seL4_NoError;
}

/* ---- Priorities ---- */

static void higher_runs_at_once(struct conf *c)
{
    struct cast cast;
    cast_init(c, &cast);
    CHECK(c, thread_start(cast_add(c, &cast, 'a', HIGH, 0)) == seL4_NoError);
    own_turn(&cast);
    CHECK(c, trace_is(&cast.trace, "a."));
}

static void equal_waits(struct conf *c)
{
    struct cast cast;
    cast_init(c, &cast);
    CHECK(c, thread_start(cast_add(c, &cast, 'a', CONF_PRIORITY, 0)) == seL4_NoError);
    CHECK(c, thread_start(cast_add(c, &cast, 'b', CONF_PRIORITY, 0)) == seL4_NoError);
    CHECK(c, thread_start(cast_add(c, &cast, 'c', CONF_PRIORITY, 0)) == seL4_NoError);
    own_turn(&cast);
    conf_wait(cast.done, DONE_A | DONE_B | DONE_C);
    CHECK(c, trace_is(&cast.trace, ".abc"));
}

static void lower_waits(struct conf *c)
{
    struct cast cast;
    cast_init(c, &cast);
    CHECK(c, thread_start(cast_add(c, &cast, 'a', LOW, 0)) == seL4_NoError);
    CHECK(c, thread_start(cast_add(c, &cast, 'b', MIDDLE, 0)) == seL4_NoError);
    user_work_us(1000);
    own_turn(&cast);
    conf_wait(cast.done, DONE_A | DONE_B);
    CHECK(c, trace_is(&cast.trace, ".ba"));
}

/* A candidate that does not get the CPU goes to the head of its queue, 06 section 6.13. */
static void last_of_the_lower_is_first(struct conf *c)
{
    struct cast cast;
    cast_init(c, &cast);
    CHECK(c, thread_start(cast_add(c, &cast, 'a', LOW, 0)) == seL4_NoError);
    CHECK(c, thread_start(cast_add(c, &cast, 'b', LOW, 0)) == seL4_NoError);
    own_turn(&cast);
    conf_wait(cast.done, DONE_A | DONE_B);
    CHECK(c, trace_is(&cast.trace, ".ba"));
}

static void signal_preempts(struct conf *c)
{
    struct cast cast;
    cast_init(c, &cast);
    seL4_CPtr high = conf_object(c, seL4_NotificationObject, 0);
    seL4_CPtr low = conf_object(c, seL4_NotificationObject, 0);
    thread_start(cast_add(c, &cast, 'a', HIGH, high));
    thread_start(cast_add(c, &cast, 'b', HIGH, low));
    CHECK(c, set_priority(cast.threads[1].tcb, LOW));
    seL4_Signal(low);
    own_turn(&cast);
    seL4_Signal(high);
    own_turn(&cast);
    conf_wait(cast.done, DONE_A | DONE_B);
    CHECK(c, trace_is(&cast.trace, ".a.b"));
}

static void raised_runs_at_once(struct conf *c)
{
    struct cast cast;
    cast_init(c, &cast);
    seL4_TCB tcb = cast_add(c, &cast, 'a', LOW, 0)->tcb;
    CHECK(c, seL4_TCB_Resume(tcb) == seL4_NoError);
    own_turn(&cast);
    CHECK(c, set_priority(tcb, HIGH));
    own_turn(&cast);
    CHECK(c, trace_is(&cast.trace, ".a."));
}

static void lowered_gives_way(struct conf *c)
{
    struct cast cast;
    cast_init(c, &cast);
    CHECK(c, thread_start(cast_add(c, &cast, 'a', MIDDLE, 0)) == seL4_NoError);
    own_turn(&cast);
    CHECK(c, set_priority(seL4_CapInitThreadTCB, LOW));
    own_turn(&cast);
    CHECK(c, trace_is(&cast.trace, ".a."));
}

/* It is still at the head of its queue, before its equals. */
static void priority_set_again_keeps_the_cpu(struct conf *c)
{
    struct cast cast;
    cast_init(c, &cast);
    CHECK(c, thread_start(cast_add(c, &cast, 'a', CONF_PRIORITY, 0)) == seL4_NoError);
    CHECK(c, set_priority(seL4_CapInitThreadTCB, CONF_PRIORITY));
    own_turn(&cast);
    conf_wait(cast.done, DONE_A);
    CHECK(c, trace_is(&cast.trace, ".a"));
}

static void raised_waiter_is_first(struct conf *c)
{
    struct cast cast;
    cast_init(c, &cast);
    seL4_CPtr ntfn = conf_object(c, seL4_NotificationObject, 0);
    thread_start(cast_add(c, &cast, 'a', HIGH, ntfn));
    thread_start(cast_add(c, &cast, 'b', HIGH, ntfn));
    thread_start(cast_add(c, &cast, 'c', HIGH, ntfn));
    CHECK(c, set_priority(cast.threads[1].tcb, HIGH + 1));
    seL4_Signal(ntfn);
    CHECK(c, set_priority(cast.threads[2].tcb, HIGH + 1));
    seL4_Signal(ntfn);
    seL4_Signal(ntfn);
    CHECK(c, trace_is(&cast.trace, "bca"));
}

/* ---- Errors and other effects of the setters ---- */

static void set_priority_errors(struct conf *c)
{
    seL4_TCB tcb = conf_object(c, seL4_TCBObject, 0);
    seL4_Word words[] = {1};
    CHECK(c, albireo_invoke(tcb, ABI_LABEL_TCB_SET_PRIORITY, 1, words, 0, seL4_Null, 0) ==
                 seL4_TruncatedMessage);
    CHECK(c, seL4_TCB_SetPriority(tcb, c->park, 1) == seL4_InvalidCapability);
    CHECK(c, seL4_GetMR(0) == 1);
    CHECK(c, seL4_TCB_SetPriority(tcb, tcb, 1) == seL4_RangeError);
    CHECK(c, seL4_GetMR(0) == 0 && seL4_GetMR(1) == 0);
    CHECK(c,
          seL4_TCB_SetPriority(tcb, seL4_CapInitThreadTCB, (seL4_Word)1 << 40) == seL4_RangeError);
    CHECK(c, seL4_GetMR(1) == seL4_MaxPrio);
}

static void set_mcp_errors(struct conf *c)
{
    seL4_TCB tcb = conf_object(c, seL4_TCBObject, 0);
    CHECK(c, seL4_TCB_SetMCPriority(tcb, c->park, 1) == seL4_InvalidCapability);
    CHECK(c, seL4_GetMR(0) == 1);
    CHECK(c, seL4_TCB_SetMCPriority(tcb, seL4_CapInitThreadTCB, 300) == seL4_RangeError);
    CHECK(c, seL4_GetMR(0) == 0 && seL4_GetMR(1) == seL4_MaxPrio);
}

static void mcp_bounds_what_its_holder_sets(struct conf *c)
{
    seL4_TCB authority = conf_object(c, seL4_TCBObject, 0);
    seL4_TCB tcb = conf_object(c, seL4_TCBObject, 0);
    CHECK(c, seL4_TCB_SetMCPriority(authority, seL4_CapInitThreadTCB, 7) == seL4_NoError);
    CHECK(c, seL4_TCB_SetPriority(tcb, authority, 7) == seL4_NoError);
    CHECK(c, seL4_TCB_SetPriority(tcb, authority, 8) == seL4_RangeError);
    CHECK(c, seL4_GetMR(0) == 0 && seL4_GetMR(1) == 7);
    CHECK(c, seL4_TCB_SetMCPriority(tcb, authority, 8) == seL4_RangeError);
    CHECK(c, set_priority(authority, 200));
    CHECK(c, seL4_TCB_SetMCPriority(tcb, authority, 7) == seL4_NoError);
}

static void mcp_leaves_priority_alone(struct conf *c)
{
    struct cast cast;
    cast_init(c, &cast);
    seL4_TCB tcb = cast_add(c, &cast, 'a', HIGH, 0)->tcb;
    CHECK(c, seL4_TCB_SetMCPriority(tcb, seL4_CapInitThreadTCB, 1) == seL4_NoError);
    CHECK(c, seL4_TCB_Resume(tcb) == seL4_NoError);
    own_turn(&cast);
    CHECK(c, trace_is(&cast.trace, "a."));
}

static void set_sched_params_errors(struct conf *c)
{
    seL4_TCB own = seL4_CapInitThreadTCB;
    seL4_TCB tcb = conf_object(c, seL4_TCBObject, 0);
    seL4_Word words[] = {1, 1};
    seL4_CPtr caps[] = {own, 0};
    CHECK(c, albireo_invoke(tcb, ABI_LABEL_TCB_SET_SCHED_PARAMS, 2, words, 2, caps, 0) ==
                 seL4_TruncatedMessage);
    CHECK(c, seL4_TCB_SetSchedParams(tcb, c->park, 300, 300, c->park, c->park) ==
                 seL4_InvalidCapability);
    CHECK(c, seL4_GetMR(0) == 1);
    CHECK(c, seL4_TCB_SetSchedParams(tcb, own, 300, 1, c->park, c->park) == seL4_RangeError);
    CHECK(c, seL4_TCB_SetSchedParams(tcb, own, 1, 300, c->park, c->park) == seL4_RangeError);
    CHECK(c, seL4_TCB_SetSchedParams(tcb, own, 1, 1, c->park, c->park) == seL4_InvalidCapability);
    CHECK(c, seL4_GetMR(0) == 2);
    CHECK(c, seL4_TCB_SetSchedParams(tcb, own, 1, 1, 0, c->park) == seL4_InvalidCapability);
    CHECK(c, seL4_GetMR(0) == 3);
    CHECK(c, seL4_TCB_SetSchedParams(own, own, seL4_MaxPrio, CONF_PRIORITY, 0, 0) ==
                 seL4_IllegalOperation);
    CHECK(c, seL4_TCB_SetSchedParams(tcb, own, 1, 1, 0, 0) == seL4_NoError);
}

static void set_sched_params_checks_the_handler(struct conf *c)
{
    seL4_TCB own = seL4_CapInitThreadTCB;
    seL4_TCB tcb = conf_object(c, seL4_TCBObject, 0);
    seL4_CPtr endpoint = conf_object(c, seL4_EndpointObject, 0);
    seL4_CPtr no_grant = conf_mint(c, endpoint, seL4_ReadWrite, 0);
    seL4_CPtr no_write = conf_mint(c, endpoint, seL4_NoWrite, 0);
    seL4_CPtr enough = conf_mint(c, endpoint, seL4_CapRights_new(1, 0, 0, 1), 0);
    CHECK(c, seL4_TCB_SetSchedParams(tcb, own, 1, 1, 0, no_grant) == seL4_InvalidCapability);
    CHECK(c, seL4_GetMR(0) == 3);
    CHECK(c, seL4_TCB_SetSchedParams(tcb, own, 1, 1, 0, no_write) == seL4_InvalidCapability);
    CHECK(c, seL4_TCB_SetSchedParams(tcb, own, 1, 1, 0, enough) == seL4_NoError);
}

static void set_sched_params_binds(struct conf *c)
{
    seL4_TCB own = seL4_CapInitThreadTCB;
    seL4_TCB tcb = conf_object(c, seL4_TCBObject, 0);
    seL4_SchedContext sc = conf_object(c, seL4_SchedContextObject, seL4_MinSchedContextBits);
    seL4_SchedContext other = conf_object(c, seL4_SchedContextObject, seL4_MinSchedContextBits);
    CHECK(c, seL4_TCB_SetSchedParams(tcb, own, 1, 1, sc, 0) == seL4_NoError);
    CHECK(c, seL4_TCB_SetSchedParams(tcb, own, 1, 1, sc, 0) == seL4_NoError);
    CHECK(c, seL4_TCB_SetSchedParams(tcb, own, 1, 1, other, 0) == seL4_IllegalOperation);
    CHECK(c, seL4_TCB_SetSchedParams(tcb, own, 1, 1, seL4_CapInitThreadSC, 0) ==
                 seL4_IllegalOperation);
    CHECK(c, seL4_SchedContext_Bind(sc, tcb) == seL4_IllegalOperation);
    CHECK(c, seL4_TCB_SetSchedParams(tcb, own, 1, 1, 0, 0) == seL4_NoError);
    CHECK(c, seL4_SchedContext_Bind(sc, tcb) == seL4_NoError);
}

static void set_sched_params_acts_at_once(struct conf *c)
{
    struct cast cast;
    cast_init(c, &cast);
    struct user_thread *thread = cast_add(c, &cast, 'a', LOW, 0);
    CHECK(c, thread_start(thread) == seL4_NoError);
    own_turn(&cast);
    CHECK(c, seL4_TCB_SetSchedParams(thread->tcb, seL4_CapInitThreadTCB, 0, HIGH, thread->sc, 0) ==
                 seL4_NoError);
    own_turn(&cast);
    CHECK(c, trace_is(&cast.trace, ".a."));
}

/* ---- Yield and slices ---- */

struct yielder {
    const struct conf *conf;
    struct trace *trace;
    char event;
    seL4_CPtr done;
};

static void yielder_main(uint64_t argument)
{
    const struct yielder *y = (const struct yielder *)(uintptr_t)argument;
    for (uint32_t i = 0; i < 3; i++) {
        trace_add(y->trace, y->event);
        seL4_Yield();
    }
    seL4_Signal(y->done);
    conf_park(y->conf);
}

static void add_yielder(struct conf *c, struct cast *cast, struct yielder *y, char event,
                        uint8_t priority)
{
    struct user_thread thread;
    *y = (struct yielder){c, &cast->trace, event,
                          conf_mint(c, cast->done, seL4_CanWrite, event == 'a' ? DONE_A : DONE_B)};
    struct thread_spec spec = conf_spec(c, "yielder", yielder_main, y, priority);
    spec = conf_with_time(spec, LONG_US, LONG_US);
    conf_start(c, &spec, &thread);
}

static void yield_goes_behind_equals(struct conf *c)
{
    struct cast cast;
    struct yielder yielders[2];
    cast_init(c, &cast);
    add_yielder(c, &cast, &yielders[0], 'a', CONF_PRIORITY);
    add_yielder(c, &cast, &yielders[1], 'b', CONF_PRIORITY);
    conf_wait(cast.done, DONE_A | DONE_B);
    CHECK(c, trace_is(&cast.trace, "ababab"));
}

static void yield_is_not_for_the_lower(struct conf *c)
{
    struct cast cast;
    struct yielder yielders[2];
    cast_init(c, &cast);
    add_yielder(c, &cast, &yielders[0], 'a', LOW);
    add_yielder(c, &cast, &yielders[1], 'b', MIDDLE);
    conf_wait(cast.done, DONE_A | DONE_B);
    CHECK(c, trace_is(&cast.trace, "bbbaaa"));
}

/* Notes a letter for each half millisecond of its work. */
static void worker_main(uint64_t argument)
{
    const struct yielder *y = (const struct yielder *)(uintptr_t)argument;
    for (uint32_t i = 0; i < 20; i++) {
        user_work_us(500);
        trace_add(y->trace, y->event);
    }
    seL4_Signal(y->done);
    conf_park(y->conf);
}

/* 10 ms of work in slices of 2 ms: five turns each, six if kernel time makes slices short. */
static void slices_take_turns(struct conf *c)
{
    struct cast cast;
    struct yielder workers[2];
    struct user_thread threads[2];
    cast_init(c, &cast);
    for (uint32_t i = 0; i < 2; i++) {
        workers[i] =
            (struct yielder){c, &cast.trace, (char)('a' + i),
                             conf_mint(c, cast.done, seL4_CanWrite, i == 0 ? DONE_A : DONE_B)};
        struct thread_spec spec = conf_spec(c, "worker", worker_main, &workers[i], LOW);
        spec = conf_with_time(spec, 2000, 2000);
        conf_start(c, &spec, &threads[i]);
    }
    conf_wait(cast.done, DONE_A | DONE_B);
    uint32_t turns = 1;
    uint32_t length = 1;
    uint32_t longest = 0;
    for (uint32_t i = 1; i < cast.trace.count; i++) {
        bool same = cast.trace.events[i] == cast.trace.events[i - 1];
        turns += same ? 0 : 1;
        length = same ? length + 1 : 1;
        longest = length > longest ? length : longest;
    }
    CHECK(c, cast.trace.count == 40);
    CHECK(c, turns >= 9 && turns <= 12);
    CHECK(c, longest <= 5);
}

/* ---- Preemption ---- */

struct sleeper {
    struct trace *trace;
    char event;
};

/* Runs once a period: Yield ends what is left of the budget. */
static void sleeper_main(uint64_t argument)
{
    const struct sleeper *s = (const struct sleeper *)(uintptr_t)argument;
    for (;;) {
        seL4_Yield();
        trace_add(s->trace, s->event);
    }
}

static bool create_sleeper(struct conf *c, struct sleeper *sleeper, struct trace *trace, char event,
                           seL4_Time period_us, struct user_thread *thread)
{
    *sleeper = (struct sleeper){trace, event};
    struct thread_spec spec = conf_spec(c, "sleeper", sleeper_main, sleeper, HIGH);
    spec = conf_with_time(spec, 1000, period_us);
    return conf_create(c, &spec, thread);
}

static bool start_sleeper(struct conf *c, struct sleeper *sleeper, struct trace *trace, char event,
                          seL4_Time period_us)
{
    struct user_thread thread;
    return create_sleeper(c, sleeper, trace, event, period_us, &thread) &&
           CHECK(c, thread_start(&thread) == seL4_NoError);
}

/* At 3 ms, 5 ms, 6 ms and 7 ms. */
static void threads_wake_in_the_order_of_their_times(struct conf *c)
{
    static const seL4_Time periods[] = {3000, 7000, 5000};
    struct trace trace = {0};
    struct sleeper sleepers[3];
    struct user_thread threads[3];
    for (uint32_t i = 0; i < 3; i++) {
        REQUIRE(c,
                create_sleeper(c, &sleepers[i], &trace, (char)('a' + i), periods[i], &threads[i]));
    }
    for (uint32_t i = 0; i < 3; i++) {
        CHECK(c, thread_start(&threads[i]) == seL4_NoError);
    }
    work_until(user_now_us() + 8000);
    CHECK(c, trace_is(&trace, "acab"));
}

static void waking_thread_preempts(struct conf *c)
{
    struct cast cast;
    struct sleeper sleeper;
    cast_init(c, &cast);
    REQUIRE(c, start_sleeper(c, &sleeper, &cast.trace, 'h', 10000));
    user_work_us(35000);
    own_turn(&cast);
    CHECK(c, trace_is(&cast.trace, "hhh."));
}

struct long_work {
    const struct conf *conf;
    struct trace *trace;
    seL4_CPtr done;
};

static void long_work_main(uint64_t argument)
{
    const struct long_work *w = (const struct long_work *)(uintptr_t)argument;
    trace_add(w->trace, 'a');
    user_work_us(8000);
    trace_add(w->trace, 'A');
    seL4_Signal(w->done);
    conf_park(w->conf);
}

/* It does not go behind its equals when a higher thread has run. */
static void preempted_thread_goes_on(struct conf *c)
{
    struct cast cast;
    struct sleeper sleeper;
    struct user_thread thread;
    cast_init(c, &cast);
    struct long_work work = {c, &cast.trace, conf_mint(c, cast.done, seL4_CanWrite, DONE_B)};
    CHECK(c, thread_start(cast_add(c, &cast, 'b', LOW, 0)) == seL4_NoError);
    struct thread_spec spec = conf_spec(c, "work", long_work_main, &work, LOW);
    spec = conf_with_time(spec, LONG_US, LONG_US);
    REQUIRE(c, conf_start(c, &spec, &thread));
    REQUIRE(c, start_sleeper(c, &sleeper, &cast.trace, 'h', 5000));
    conf_wait(cast.done, DONE_A | DONE_B);
    CHECK(c, trace_is(&cast.trace, "ahAb"));
}

/* ---- Suspend and resume ---- */

static void suspended_thread_does_not_run(struct conf *c)
{
    struct cast cast;
    cast_init(c, &cast);
    seL4_TCB tcb = cast_add(c, &cast, 'a', CONF_PRIORITY, 0)->tcb;
    CHECK(c, seL4_TCB_Resume(tcb) == seL4_NoError);
    CHECK(c, seL4_TCB_Suspend(tcb) == seL4_NoError);
    seL4_Yield();
    own_turn(&cast);
    CHECK(c, seL4_TCB_Resume(tcb) == seL4_NoError);
    conf_wait(cast.done, DONE_A);
    CHECK(c, trace_is(&cast.trace, ".a"));
}

static void resuming_a_ready_thread_does_nothing(struct conf *c)
{
    struct cast cast;
    cast_init(c, &cast);
    CHECK(c, thread_start(cast_add(c, &cast, 'a', CONF_PRIORITY, 0)) == seL4_NoError);
    CHECK(c, thread_start(cast_add(c, &cast, 'b', CONF_PRIORITY, 0)) == seL4_NoError);
    CHECK(c, seL4_TCB_Resume(cast.threads[0].tcb) == seL4_NoError);
    CHECK(c, seL4_TCB_Resume(seL4_CapInitThreadTCB) == seL4_NoError);
    conf_wait(cast.done, DONE_A | DONE_B);
    CHECK(c, trace_is(&cast.trace, "ab"));
}

/* Stopped in the middle of its work, it does the rest later. */
static void suspended_work_goes_on(struct conf *c)
{
    struct cast cast;
    struct sleeper sleeper;
    struct user_thread thread;
    cast_init(c, &cast);
    struct long_work work = {c, &cast.trace, conf_mint(c, cast.done, seL4_CanWrite, DONE_A)};
    struct thread_spec spec = conf_spec(c, "work", long_work_main, &work, CONF_PRIORITY);
    spec = conf_with_time(spec, 3000, 3000);
    REQUIRE(c, conf_start(c, &spec, &thread));
    REQUIRE(c, start_sleeper(c, &sleeper, &cast.trace, 'h', LONG_US));
    seL4_Yield(); /* The work gets its slice, and it is our turn again. */
    own_turn(&cast);
    CHECK(c, seL4_TCB_Suspend(thread.tcb) == seL4_NoError);
    CHECK(c, seL4_TCB_Suspend(thread.tcb) == seL4_NoError);
    seL4_Yield();
    own_turn(&cast);
    CHECK(c, seL4_TCB_Resume(thread.tcb) == seL4_NoError);
    conf_wait(cast.done, DONE_A);
    CHECK(c, trace_is(&cast.trace, "a..A"));
}

static void lone_suspended_waiter_repeats_its_wait(struct conf *c)
{
    struct cast cast;
    cast_init(c, &cast);
    seL4_CPtr ntfn = conf_object(c, seL4_NotificationObject, 0);
    seL4_TCB tcb = cast_add(c, &cast, 'a', HIGH, ntfn)->tcb;
    CHECK(c, seL4_TCB_Resume(tcb) == seL4_NoError);
    CHECK(c, seL4_TCB_Suspend(tcb) == seL4_NoError);
    seL4_Signal(ntfn); /* Nobody waits: it stays. */
    own_turn(&cast);
    CHECK(c, seL4_TCB_Resume(tcb) == seL4_NoError);
    CHECK(c, trace_is(&cast.trace, ".a"));
}

/* ---- Domains ---- */

enum { DOMAINS = CONFIG_NUM_DOMAINS, SCHEDULES = CONFIG_NUM_DOMAIN_SCHEDULES };

static void domain_set_errors(struct conf *c)
{
    seL4_TCB tcb = conf_object(c, seL4_TCBObject, 0);
    seL4_Word words[] = {99};
    seL4_CPtr caps[] = {tcb};
    CHECK(c, albireo_invoke(seL4_CapDomain, ABI_LABEL_DOMAIN_SET, 0, words, 1, caps, 0) ==
                 seL4_TruncatedMessage);
    CHECK(c, albireo_invoke(seL4_CapDomain, ABI_LABEL_DOMAIN_SET, 1, words, 0, caps, 0) ==
                 seL4_InvalidArgument);
    CHECK(c, seL4_GetMR(0) == 0);
    words[0] = 0;
    CHECK(c, albireo_invoke(seL4_CapDomain, ABI_LABEL_DOMAIN_SET, 1, words, 0, caps, 0) ==
                 seL4_TruncatedMessage);
    CHECK(c, seL4_DomainSet_Set(seL4_CapDomain, 0, c->park) == seL4_InvalidArgument);
    CHECK(c, seL4_GetMR(0) == 1);
    CHECK(c, seL4_DomainSet_Set(seL4_CapDomain, DOMAINS, tcb) == seL4_InvalidArgument);
    CHECK(c, seL4_DomainSet_Set(seL4_CapDomain, DOMAINS - 1, tcb) == seL4_NoError);
}

static void domain_labels_are_for_domains(struct conf *c)
{
    seL4_Word words[] = {0, 0, 1};
    seL4_CPtr caps[] = {seL4_CapInitThreadTCB};
    CHECK(c, albireo_invoke(seL4_CapInitThreadTCB, ABI_LABEL_DOMAIN_SET, 1, words, 1, caps, 0) ==
                 seL4_IllegalOperation);
    CHECK(c, albireo_invoke(seL4_CapDomain, ABI_LABEL_TCB_SUSPEND, 0, words, 0, caps, 0) ==
                 seL4_IllegalOperation);
}

static void schedule_configure_errors(struct conf *c)
{
    seL4_DomainSet domain = seL4_CapDomain;
    seL4_Word words[] = {0, 0};
    CHECK(c, albireo_invoke(domain, ABI_LABEL_DOMAIN_SCHEDULE_CONFIGURE, 2, words, 0, seL4_Null,
                            0) == seL4_TruncatedMessage);
    CHECK(c, seL4_DomainSet_ScheduleConfigure(domain, SCHEDULES - 1, 200, 0) == seL4_RangeError);
    CHECK(c, seL4_GetMR(0) == 0 && seL4_GetMR(1) == SCHEDULES - 2);
    CHECK(c, seL4_DomainSet_ScheduleConfigure(domain, 0, 200, 0) == seL4_RangeError);
    CHECK(c, seL4_GetMR(0) == 0 && seL4_GetMR(1) == DOMAINS - 1);
    CHECK(c, seL4_DomainSet_ScheduleConfigure(domain, 0, 0, (seL4_Word)1 << 56) ==
                 seL4_InvalidArgument);
    CHECK(c, seL4_GetMR(0) == 2);
    CHECK(c, seL4_DomainSet_ScheduleConfigure(domain, 0, 0, 0) == seL4_InvalidArgument);
    CHECK(c, seL4_GetMR(0) == 2);
    CHECK(c,
          seL4_DomainSet_ScheduleConfigure(domain, 0, 0, ((seL4_Word)1 << 56) - 1) == seL4_NoError);
}

static void schedule_set_start_errors(struct conf *c)
{
    seL4_DomainSet domain = seL4_CapDomain;
    CHECK(c, albireo_invoke(domain, ABI_LABEL_DOMAIN_SCHEDULE_SET_START, 0, seL4_Null, 0, seL4_Null,
                            0) == seL4_TruncatedMessage);
    CHECK(c, seL4_DomainSet_ScheduleSetStart(domain, SCHEDULES) == seL4_RangeError);
    CHECK(c, seL4_GetMR(0) == 0 && seL4_GetMR(1) == SCHEDULES - 1);
    CHECK(c, seL4_DomainSet_ScheduleSetStart(domain, 1) == seL4_InvalidArgument);
    CHECK(c, seL4_GetMR(0) == 0);
    CHECK(c, seL4_DomainSet_ScheduleSetStart(domain, 0) == seL4_NoError);
}

static void own_domain_changes_nothing(struct conf *c)
{
    struct cast cast;
    cast_init(c, &cast);
    seL4_TCB tcb = cast_add(c, &cast, 'a', LOW, 0)->tcb;
    CHECK(c, seL4_TCB_Resume(tcb) == seL4_NoError);
    CHECK(c, seL4_DomainSet_Set(seL4_CapDomain, 0, tcb) == seL4_NoError);
    CHECK(c, seL4_DomainSet_Set(seL4_CapDomain, 0, seL4_CapInitThreadTCB) == seL4_NoError);
    own_turn(&cast);
    conf_wait(cast.done, DONE_A);
    CHECK(c, trace_is(&cast.trace, ".a"));
}

static const struct scenario scenarios[] = {
    {"a thread of higher priority runs at once", higher_runs_at_once},
    {"threads of equal priority run one after the other", equal_waits},
    {"a thread of lower priority waits", lower_waits},
    {"of lower threads made ready, the last is first", last_of_the_lower_is_first},
    {"a signal lets a higher thread preempt, and no lower one", signal_preempts},
    {"a ready thread that is raised runs at once", raised_runs_at_once},
    {"a thread that lowers itself gives way", lowered_gives_way},
    {"setting the same priority keeps the CPU", priority_set_again_keeps_the_cpu},
    {"a waiter that is raised is served first", raised_waiter_is_first},
    {"SetPriority checks message, authority and range", set_priority_errors},
    {"SetMCPriority checks authority and range", set_mcp_errors},
    {"a maximum controlled priority bounds its holder", mcp_bounds_what_its_holder_sets},
    {"a maximum controlled priority below the priority is allowed", mcp_leaves_priority_alone},
    {"SetSchedParams makes its checks in order", set_sched_params_errors},
    {"SetSchedParams wants a handler that it can call", set_sched_params_checks_the_handler},
    {"SetSchedParams binds and unbinds a scheduling context", set_sched_params_binds},
    {"SetSchedParams takes effect at once", set_sched_params_acts_at_once},
    {"Yield goes behind threads of equal priority", yield_goes_behind_equals},
    {"Yield lets no lower thread run", yield_is_not_for_the_lower},
    {"round-robin threads take turns by slices", slices_take_turns},
    {"a thread whose time has come preempts a lower one", waking_thread_preempts},
    {"threads wake in the order of their times", threads_wake_in_the_order_of_their_times},
    {"a preempted thread goes on before its equals", preempted_thread_goes_on},
    {"a suspended thread does not run until resumed", suspended_thread_does_not_run},
    {"resuming a ready thread does nothing", resuming_a_ready_thread_does_nothing},
    {"suspended work goes on where it stopped", suspended_work_goes_on},
    {"a suspended waiter waits again when resumed", lone_suspended_waiter_repeats_its_wait},
    {"DomainSet_Set makes its checks in order", domain_set_errors},
    {"domains and threads do not take each other's labels", domain_labels_are_for_domains},
    {"ScheduleConfigure makes its checks in order", schedule_configure_errors},
    {"ScheduleSetStart makes its checks in order", schedule_set_start_errors},
    {"setting the domain that a thread has changes no order", own_domain_changes_nothing},
};

const struct group conf_sched = {"sched", scenarios, sizeof scenarios / sizeof *scenarios};
