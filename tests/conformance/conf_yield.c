/* SPDX-License-Identifier: BSD-2-Clause */

/* SchedContext_YieldTo, docs/abi/06 section 6.12. On times see conf_budget.c. */
#include "tests/conformance/conformance.h"
#include "tests/conformance/record.h"
#include "user/lib/port.h"

enum { LOW = CONF_PRIORITY - 20, HIGH = CONF_PRIORITY + 10 };
enum { SLICE = 4000, MIN_BUDGET_US = 20, SLACK_US = 50, COARSE_US = 200 };

static void spinner_main(uint64_t argument)
{
    uint64_t *rounds = (uint64_t *)(uintptr_t)argument;
    for (;;) {
        user_work_us(100);
        *rounds += 1;
    }
}

static bool spinner_start(struct conf *c, uint64_t *rounds, uint8_t priority,
                          struct user_thread *thread)
{
    *rounds = 0;
    struct thread_spec spec = conf_spec(c, "spinner", spinner_main, rounds, priority);
    spec = conf_with_time(spec, SLICE, SLICE);
    return conf_start(c, &spec, thread);
}

static void errors(struct conf *c)
{
    seL4_SchedContext sc = conf_object(c, seL4_SchedContextObject, seL4_MinSchedContextBits);
    CHECK(c, seL4_SchedContext_YieldTo(sc).error == seL4_IllegalOperation);
    CHECK(c, seL4_SchedContext_YieldTo(seL4_CapInitThreadSC).error == seL4_IllegalOperation);
}

static void inactive_thread(struct conf *c)
{
    seL4_SchedContext sc = conf_object(c, seL4_SchedContextObject, seL4_MinSchedContextBits);
    CHECK(c, seL4_SchedContext_Bind(sc, conf_object(c, seL4_TCBObject, 0)) == seL4_NoError);
    seL4_SchedContext_YieldTo_t result = seL4_SchedContext_YieldTo(sc);
    CHECK(c, result.error == seL4_NoError);
    CHECK(c, result.consumed == 0);
}

static void lower_thread(struct conf *c)
{
    uint64_t rounds;
    struct user_thread thread;
    REQUIRE(c, spinner_start(c, &rounds, LOW, &thread));
    seL4_SchedContext_YieldTo_t result = seL4_SchedContext_YieldTo(thread.sc);
    CHECK(c, result.error == seL4_NoError);
    CHECK(c, result.consumed == 0);
    CHECK(c, rounds == 0);
}

static void lower_thread_becomes_first(struct conf *c)
{
    struct trace trace = {0};
    struct marker markers[2];
    struct user_thread threads[2];
    for (uint32_t i = 0; i < 2; i++) {
        markers[i] = (struct marker){.conf = c, .trace = &trace, .event = (char)('a' + i)};
        struct thread_spec spec = conf_spec(c, "marker", marker_main, &markers[i], LOW);
        spec = conf_with_time(spec, SLICE, SLICE);
        markers[i].done = conf_object(c, seL4_NotificationObject, 0);
        REQUIRE(c, conf_start(c, &spec, &threads[i]));
    }
    CHECK(c, seL4_SchedContext_YieldTo(threads[0].sc).error == seL4_NoError);
    seL4_Wait(markers[1].done, seL4_Null);
    CHECK(c, trace_is(&trace, "ab"));
}

static void equal_thread_has_its_slice(struct conf *c)
{
    uint64_t rounds;
    struct user_thread thread;
    REQUIRE(c, spinner_start(c, &rounds, CONF_PRIORITY, &thread));
    uint64_t start = user_now_us();
    seL4_SchedContext_YieldTo_t result = seL4_SchedContext_YieldTo(thread.sc);
    uint64_t elapsed = user_now_us() - start;
    CHECK(c, result.error == seL4_NoError);
    CHECK(c, within(result.consumed, SLICE - MIN_BUDGET_US, SLICE, SLACK_US));
    CHECK(c, within(elapsed, SLICE - MIN_BUDGET_US, SLICE, COARSE_US));
    CHECK(c, rounds > 0);
}

/* Of three equals: the target first, then the caller, though the other one was ready before. */
static void caller_is_next(struct conf *c)
{
    struct trace trace = {0};
    struct marker markers[2];
    struct user_thread threads[2];
    seL4_CPtr done = conf_object(c, seL4_NotificationObject, 0);
    for (uint32_t i = 0; i < 2; i++) {
        markers[i] = (struct marker){.conf = c, .trace = &trace, .event = (char)('a' + i)};
        struct thread_spec spec = conf_spec(c, "marker", marker_main, &markers[i], CONF_PRIORITY);
        spec = conf_with_time(spec, SLICE, SLICE);
        markers[i].done = i == 0 ? done : seL4_CapNull;
        REQUIRE(c, conf_start(c, &spec, &threads[i]));
    }
    seL4_SchedContext_YieldTo_t result = seL4_SchedContext_YieldTo(threads[1].sc);
    trace_add(&trace, '.');
    seL4_Wait(done, seL4_Null);
    CHECK(c, result.error == seL4_NoError);
    CHECK(c, result.consumed <= COARSE_US);
    CHECK(c, trace_is(&trace, "b.a"));
}

/* A thread that yields to another one, and notes what comes of it. */
struct caller {
    const struct conf *conf;
    seL4_SchedContext target;
    seL4_CPtr done;
    bool returned;
    seL4_SchedContext_YieldTo_t result;
    struct user_thread thread;
};

static void caller_main(uint64_t argument)
{
    struct caller *caller = (struct caller *)(uintptr_t)argument;
    caller->result = seL4_SchedContext_YieldTo(caller->target);
    caller->returned = true;
    seL4_Signal(caller->done);
    conf_park(caller->conf);
}

static bool caller_start(struct conf *c, struct caller *caller, seL4_SchedContext target,
                         seL4_Word mcp)
{
    *caller = (struct caller){.conf = c, .target = target};
    caller->done = conf_object(c, seL4_NotificationObject, 0);
    struct thread_spec spec = conf_spec(c, "caller", caller_main, caller, LOW);
    spec = conf_with_time(spec, SLICE, SLICE);
    return conf_create(c, &spec, &caller->thread) &&
           CHECK(c, seL4_TCB_SetMCPriority(caller->thread.tcb, seL4_CapInitThreadTCB, mcp) ==
                        seL4_NoError) &&
           CHECK(c, thread_start(&caller->thread) == seL4_NoError);
}

static void mcp_bounds_the_target(struct conf *c)
{
    uint64_t rounds;
    struct user_thread thread;
    struct caller caller;
    REQUIRE(c, spinner_start(c, &rounds, LOW, &thread));
    CHECK(c, seL4_TCB_Suspend(thread.tcb) == seL4_NoError);
    REQUIRE(c, caller_start(c, &caller, thread.sc, LOW - 1));
    seL4_Wait(caller.done, seL4_Null);
    CHECK(c, caller.result.error == seL4_IllegalOperation);
    REQUIRE(c, caller_start(c, &caller, thread.sc, LOW));
    seL4_Wait(caller.done, seL4_Null);
    CHECK(c, caller.result.error == seL4_NoError);
}

/* Signals after a period. */
struct alarm {
    const struct conf *conf;
    seL4_CPtr done;
};

static void alarm_main(uint64_t argument)
{
    const struct alarm *alarm = (const struct alarm *)(uintptr_t)argument;
    seL4_Yield();
    seL4_Signal(alarm->done);
    conf_park(alarm->conf);
}

/* A spinner with a slice of 4 ms and a caller that has yielded to it 2 ms ago. */
static bool stage_waiting_caller(struct conf *c, struct user_thread *spinner, uint64_t *rounds,
                                 struct caller *caller)
{
    struct user_thread thread;
    struct alarm alarm = {c, conf_object(c, seL4_NotificationObject, 0)};
    struct thread_spec spec = conf_spec(c, "alarm", alarm_main, &alarm, HIGH);
    spec = conf_with_time(spec, 1000, SLICE / 2);
    if (!spinner_start(c, rounds, LOW, spinner) ||
        !caller_start(c, caller, spinner->sc, seL4_MaxPrio) || !conf_start(c, &spec, &thread)) {
        return false;
    }
    seL4_Wait(alarm.done, seL4_Null);
    return CHECK(c, *rounds > 0) && CHECK(c, !caller->returned);
}

static void suspended_target(struct conf *c)
{
    uint64_t rounds;
    struct user_thread spinner;
    struct caller caller;
    REQUIRE(c, stage_waiting_caller(c, &spinner, &rounds, &caller));
    CHECK(c, seL4_TCB_Suspend(spinner.tcb) == seL4_NoError);
    seL4_Wait(caller.done, seL4_Null);
    CHECK(c, caller.result.error == seL4_NoError);
    CHECK(c, within(caller.result.consumed, SLICE / 2, SLICE / 2, COARSE_US));
}

static void deleted_target(struct conf *c)
{
    uint64_t rounds;
    struct user_thread spinner;
    struct caller caller;
    REQUIRE(c, stage_waiting_caller(c, &spinner, &rounds, &caller));
    CHECK(c, seL4_CNode_Delete(c->alloc.cnode, spinner.sc, ALLOC_DEPTH) == seL4_NoError);
    seL4_Wait(caller.done, seL4_Null);
    CHECK(c, caller.result.error == seL4_NoError);
    CHECK(c, within(caller.result.consumed, SLICE / 2, SLICE / 2, COARSE_US));
}

/* The first caller is ready again, at once; the second is served. */
static void second_caller_completes_the_first(struct conf *c)
{
    uint64_t rounds;
    struct user_thread spinner;
    struct caller caller;
    REQUIRE(c, stage_waiting_caller(c, &spinner, &rounds, &caller));
    seL4_SchedContext_YieldTo_t result = seL4_SchedContext_YieldTo(spinner.sc);
    CHECK(c, result.error == seL4_NoError);
    CHECK(c, result.consumed == 0); /* The first caller was told. */
    seL4_Wait(caller.done, seL4_Null);
    CHECK(c, caller.result.error == seL4_NoError);
    CHECK(c, within(caller.result.consumed, SLICE / 2, SLICE / 2, COARSE_US));
}

static const struct scenario scenarios[] = {
    {"YieldTo wants a thread, and another one", errors},
    {"YieldTo an inactive thread returns at once", inactive_thread},
    {"YieldTo a lower thread returns at once", lower_thread},
    {"YieldTo a lower thread puts it before its equals", lower_thread_becomes_first},
    {"YieldTo an equal thread gives it its slice", equal_thread_has_its_slice},
    {"YieldTo puts the caller behind the target and before others", caller_is_next},
    {"YieldTo wants a maximum controlled priority for the target", mcp_bounds_the_target},
    {"YieldTo ends when the target is suspended", suspended_target},
    {"YieldTo ends when the scheduling context is deleted", deleted_target},
    {"YieldTo ends when somebody else yields to the same", second_caller_completes_the_first},
};

const struct group conf_yield = {"yield", scenarios, sizeof scenarios / sizeof *scenarios};
