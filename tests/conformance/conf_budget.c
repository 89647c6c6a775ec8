/* SPDX-License-Identifier: BSD-2-Clause */

/* Scheduling contexts and the time they give, docs/abi/05 sections 5.8 and 5.9, 06 and 08.
 *
 * Times are what the threads themselves see on the clock. A budget is used up when less than
 * MIN_BUDGET_US of it is left; what is left is added to the next refill, which begins that much
 * earlier. SLACK_US allows for kernel entries, for the clock's resolution and for the step in which
 * the clock is looked at (10 us); where several threads have their turn in between, COARSE_US.
 */
#include "abi/api.h"
#include "tests/conformance/conformance.h"
#include "tests/conformance/record.h"
#include "user/lib/port.h"

enum { LOW = CONF_PRIORITY - 20, HIGH = CONF_PRIORITY + 10 };
enum { MIN_BUDGET_US = 20, SLACK_US = 50, COARSE_US = 200, LONG_US = 100000 };
enum { BUDGET = 2000, PERIOD = 10000 };
enum { SC_BADGE = 77, HANDLER = 5, SMALL_BITS = seL4_MinSchedContextBits };

#define FOREVER UINT64_MAX

static seL4_Error configure(const struct conf *c, seL4_SchedContext sc, seL4_Time budget,
                            seL4_Time period, seL4_Word extra)
{
    return seL4_SchedControl_Configure(c->info->schedcontrol.start, sc, budget, period, extra, 0);
}

static seL4_SchedContext new_sched_context(struct conf *c)
{
    return conf_object(c, seL4_SchedContextObject, SMALL_BITS);
}

/* ---- A thread that records when it has the CPU ---- */

struct recorder {
    struct bursts bursts;
    struct user_thread thread;
    seL4_CPtr done; /* Notification. */
};

static bool recorder_create(struct conf *c, struct recorder *r, uint32_t wanted, uint8_t priority,
                            seL4_Time budget, seL4_Time period)
{
    r->done = conf_object(c, seL4_NotificationObject, 0);
    r->bursts = (struct bursts){.conf = c, .wanted = wanted, .done = r->done};
    struct thread_spec spec = conf_spec(c, "recorder", bursts_main, &r->bursts, priority);
    spec = conf_with_time(spec, budget, period);
    return conf_create(c, &spec, &r->thread);
}

static bool is_budget(uint64_t us, uint64_t budget)
{
    return within(us, budget - MIN_BUDGET_US, budget, SLACK_US);
}

static bool is_period(uint64_t us, uint64_t period)
{
    return within(us, period - MIN_BUDGET_US, period, SLACK_US);
}

/* ---- Configuring ---- */

static void configure_is_truncated(struct conf *c)
{
    seL4_CPtr control = c->info->schedcontrol.start;
    seL4_Word words[] = {1000, 1000, 0, 0, 0};
    seL4_CPtr caps[] = {new_sched_context(c)};
    CHECK(c, albireo_invoke(control, ABI_LABEL_SCHED_CONTROL_CONFIGURE_FLAGS, 5, words, 0, caps,
                            0) == seL4_TruncatedMessage);
    CHECK(c, albireo_invoke(control, ABI_LABEL_SCHED_CONTROL_CONFIGURE_FLAGS, 4, words, 1, caps,
                            0) == seL4_TruncatedMessage);
    CHECK(c, albireo_invoke(control, ABI_LABEL_SCHED_CONTEXT_BIND, 5, words, 1, caps, 0) ==
                 seL4_IllegalOperation);
    CHECK(c, albireo_invoke(control, ABI_LABEL_SCHED_CONTROL_CONFIGURE_FLAGS, 5, words, 1, caps,
                            0) == seL4_NoError);
}

/* The longest period depends on the timer: 2^64 ticks of 0.1 us or 1 us, by 8. */
static bool is_longest_period(seL4_Word us)
{
    return us == 230584300921369395u || us == 2305843009213693951u;
}

static void budget_has_bounds(struct conf *c)
{
    seL4_SchedContext sc = new_sched_context(c);
    CHECK(c, configure(c, sc, MIN_BUDGET_US - 1, 1000, 0) == seL4_RangeError);
    CHECK(c, seL4_GetMR(0) == MIN_BUDGET_US);
    CHECK(c, is_longest_period(seL4_GetMR(1)));
    CHECK(c, configure(c, sc, MIN_BUDGET_US, MIN_BUDGET_US - 1, 0) == seL4_RangeError);
    CHECK(c, is_longest_period(seL4_GetMR(1)));
    CHECK(c, configure(c, sc, 0, 0, 0) == seL4_RangeError);
    CHECK(c, configure(c, sc, MIN_BUDGET_US, MIN_BUDGET_US, 0) == seL4_NoError);
}

static void period_has_bounds(struct conf *c)
{
    seL4_SchedContext sc = new_sched_context(c);
    CHECK(c, configure(c, sc, 1000, UINT64_MAX, 0) == seL4_RangeError);
    CHECK(c, seL4_GetMR(0) == MIN_BUDGET_US);
    seL4_Time longest = seL4_GetMR(1);
    CHECK(c, is_longest_period(longest));
    CHECK(c, configure(c, sc, 1000, longest + 1, 0) == seL4_RangeError);
    CHECK(c, configure(c, sc, longest + 1, 1000, 0) == seL4_RangeError);
    CHECK(c, configure(c, sc, MIN_BUDGET_US, longest, 0) == seL4_NoError);
    CHECK(c, configure(c, sc, longest, longest, 0) == seL4_NoError);
}

static void budget_is_within_the_period(struct conf *c)
{
    CHECK(c, configure(c, c->park, 2000, 1000, 0) == seL4_RangeError);
    CHECK(c, seL4_GetMR(0) == MIN_BUDGET_US && seL4_GetMR(1) == 1000);
    CHECK(c, configure(c, c->park, 1000, 2000, 99) == seL4_InvalidCapability);
    CHECK(c, seL4_GetMR(0) == 1);
}

static void refills_are_bounded_by_size(struct conf *c)
{
    for (seL4_Word bits = SMALL_BITS; bits <= SMALL_BITS + 2; bits++) {
        seL4_SchedContext sc = conf_object(c, seL4_SchedContextObject, bits);
        seL4_Word extra = seL4_MaxExtraRefills(bits);
        CHECK(c, configure(c, sc, 1000, 2000, extra + 1) == seL4_RangeError);
        CHECK(c, seL4_GetMR(0) == 0 && seL4_GetMR(1) == extra);
        CHECK(c, configure(c, sc, 1000, 2000, extra) == seL4_NoError);
        CHECK(c, configure(c, sc, 1000, 1000, extra) == seL4_NoError);
    }
}

/* ---- Binding ---- */

static void bind_errors(struct conf *c)
{
    seL4_SchedContext sc = new_sched_context(c);
    seL4_SchedContext other = new_sched_context(c);
    seL4_TCB tcb = conf_object(c, seL4_TCBObject, 0);
    seL4_CPtr ntfn = conf_object(c, seL4_NotificationObject, 0);
    CHECK(c, albireo_invoke(sc, ABI_LABEL_SCHED_CONTEXT_BIND, 0, seL4_Null, 0, seL4_Null, 0) ==
                 seL4_TruncatedMessage);
    CHECK(c, seL4_SchedContext_Bind(sc, conf_object(c, seL4_EndpointObject, 0)) ==
                 seL4_InvalidCapability);
    CHECK(c, seL4_GetMR(0) == 1);
    CHECK(c, seL4_SchedContext_Bind(sc, tcb) == seL4_NoError);
    CHECK(c, seL4_SchedContext_Bind(sc, tcb) == seL4_IllegalOperation);
    CHECK(c, seL4_SchedContext_Bind(other, tcb) == seL4_IllegalOperation);
    CHECK(c, seL4_SchedContext_Bind(sc, ntfn) == seL4_NoError);
    CHECK(c, seL4_SchedContext_Bind(sc, ntfn) == seL4_IllegalOperation);
    CHECK(c, seL4_SchedContext_Bind(other, ntfn) == seL4_IllegalOperation);
}

static void unbind_object_errors(struct conf *c)
{
    seL4_SchedContext sc = new_sched_context(c);
    seL4_TCB tcb = conf_object(c, seL4_TCBObject, 0);
    seL4_CPtr ntfn = conf_object(c, seL4_NotificationObject, 0);
    CHECK(c, albireo_invoke(sc, ABI_LABEL_SCHED_CONTEXT_UNBIND_OBJECT, 0, seL4_Null, 0, seL4_Null,
                            0) == seL4_TruncatedMessage);
    CHECK(c, seL4_SchedContext_UnbindObject(sc, sc) == seL4_InvalidCapability);
    CHECK(c, seL4_GetMR(0) == 1);
    CHECK(c, seL4_SchedContext_UnbindObject(sc, tcb) == seL4_IllegalOperation);
    CHECK(c, seL4_SchedContext_UnbindObject(sc, ntfn) == seL4_IllegalOperation);
    CHECK(c, seL4_SchedContext_Bind(sc, tcb) == seL4_NoError);
    CHECK(c, seL4_SchedContext_Bind(sc, ntfn) == seL4_NoError);
    CHECK(c, seL4_SchedContext_UnbindObject(sc, ntfn) == seL4_NoError);
    CHECK(c, seL4_SchedContext_UnbindObject(sc, tcb) == seL4_NoError);
    CHECK(c, seL4_SchedContext_UnbindObject(sc, tcb) == seL4_IllegalOperation);
    CHECK(c, seL4_SchedContext_UnbindObject(seL4_CapInitThreadSC, seL4_CapInitThreadTCB) ==
                 seL4_IllegalOperation);
}

static void unbind_frees_both(struct conf *c)
{
    seL4_SchedContext sc = new_sched_context(c);
    seL4_TCB tcb = conf_object(c, seL4_TCBObject, 0);
    seL4_CPtr ntfn = conf_object(c, seL4_NotificationObject, 0);
    CHECK(c, seL4_SchedContext_Bind(sc, tcb) == seL4_NoError);
    CHECK(c, seL4_SchedContext_Bind(sc, ntfn) == seL4_NoError);
    CHECK(c, seL4_SchedContext_Unbind(sc) == seL4_NoError);
    CHECK(c, seL4_SchedContext_Unbind(sc) == seL4_NoError);
    CHECK(c, seL4_SchedContext_Bind(sc, tcb) == seL4_NoError);
    CHECK(c, seL4_SchedContext_Bind(sc, ntfn) == seL4_NoError);
    CHECK(c, seL4_SchedContext_Unbind(seL4_CapInitThreadSC) == seL4_IllegalOperation);
}

/* A marker of high priority that has no scheduling context, and has been started. */
static bool start_without_time(struct conf *c, struct trace *trace, struct marker *marker,
                               struct user_thread *thread)
{
    trace->count = 0;
    *marker = (struct marker){.conf = c, .trace = trace, .event = 'a'};
    struct thread_spec spec = conf_spec(c, "marker", marker_main, marker, HIGH);
    return conf_start(c, &spec, thread);
}

static void no_sched_context_no_run(struct conf *c)
{
    struct trace trace;
    struct marker marker;
    struct user_thread thread;
    REQUIRE(c, start_without_time(c, &trace, &marker, &thread));
    seL4_SchedContext sc = new_sched_context(c);
    CHECK(c, configure(c, sc, 1000, 1000, 0) == seL4_NoError);
    user_work_us(1000);
    trace_add(&trace, '.');
    CHECK(c, seL4_SchedContext_Bind(sc, thread.tcb) == seL4_NoError);
    trace_add(&trace, '.');
    CHECK(c, trace_is(&trace, ".a."));
}

static void unconfigured_no_run(struct conf *c)
{
    struct trace trace;
    struct marker marker;
    struct user_thread thread;
    REQUIRE(c, start_without_time(c, &trace, &marker, &thread));
    seL4_SchedContext sc = new_sched_context(c);
    CHECK(c, seL4_SchedContext_Bind(sc, thread.tcb) == seL4_NoError);
    user_work_us(1000);
    trace_add(&trace, '.');
    CHECK(c, configure(c, sc, 1000, 1000, 0) == seL4_NoError);
    trace_add(&trace, '.');
    CHECK(c, trace_is(&trace, ".a."));
}

static void unbound_thread_stops(struct conf *c)
{
    struct recorder r;
    REQUIRE(c, recorder_create(c, &r, BURSTS_MAX, CONF_PRIORITY, 1000, 1000));
    CHECK(c, thread_start(&r.thread) == seL4_NoError);
    seL4_Yield();
    CHECK(c, r.bursts.count == 1);
    CHECK(c, seL4_SchedContext_UnbindObject(r.thread.sc, r.thread.tcb) == seL4_NoError);
    user_work_us(3000);
    seL4_Yield();
    CHECK(c, r.bursts.count == 1);
    CHECK(c, seL4_SchedContext_Bind(r.thread.sc, r.thread.tcb) == seL4_NoError);
    seL4_Yield();
    CHECK(c, r.bursts.count == 2);
}

static void deleted_sched_context_stops(struct conf *c)
{
    struct recorder r;
    REQUIRE(c, recorder_create(c, &r, BURSTS_MAX, CONF_PRIORITY, 1000, 1000));
    CHECK(c, thread_start(&r.thread) == seL4_NoError);
    seL4_Yield();
    CHECK(c, r.bursts.count == 1);
    CHECK(c, seL4_CNode_Delete(c->alloc.cnode, r.thread.sc, ALLOC_DEPTH) == seL4_NoError);
    user_work_us(1000);
    seL4_Yield();
    CHECK(c, r.bursts.count == 1);
    seL4_SchedContext sc = new_sched_context(c);
    CHECK(c, configure(c, sc, 1000, 1000, 0) == seL4_NoError);
    CHECK(c, seL4_SchedContext_Bind(sc, r.thread.tcb) == seL4_NoError);
    seL4_Yield();
    CHECK(c, r.bursts.count == 2);
}

/* Deletes what is in a slot, and notes a letter before and after. */
struct deleter {
    const struct conf *conf;
    struct trace *trace;
    seL4_CPtr slot;
};

static void deleter_main(uint64_t argument)
{
    const struct deleter *d = (const struct deleter *)(uintptr_t)argument;
    trace_add(d->trace, 'a');
    seL4_CNode_Delete(d->conf->alloc.cnode, d->slot, ALLOC_DEPTH);
    trace_add(d->trace, 'b');
    conf_park(d->conf);
}

static void own_sched_context_can_be_deleted(struct conf *c)
{
    struct trace trace = {0};
    struct user_thread thread;
    struct deleter deleter = {c, &trace, 0};
    struct thread_spec spec = conf_spec(c, "deleter", deleter_main, &deleter, HIGH);
    spec = conf_with_time(spec, 1000, 1000);
    REQUIRE(c, conf_create(c, &spec, &thread));
    deleter.slot = thread.sc;
    CHECK(c, thread_start(&thread) == seL4_NoError);
    user_work_us(3000);
    trace_add(&trace, '.');
    seL4_SchedContext sc = new_sched_context(c);
    CHECK(c, configure(c, sc, 1000, 1000, 0) == seL4_NoError);
    CHECK(c, seL4_SchedContext_Bind(sc, thread.tcb) == seL4_NoError);
    CHECK(c, trace_is(&trace, "a.b"));
}

/* A thread that is blocked takes no scheduling context that cannot be used at once. */
static void blocked_thread_takes_released_ones_only(struct conf *c)
{
    struct recorder r;
    REQUIRE(c, recorder_create(c, &r, 2, HIGH, BUDGET, LONG_US));
    r.bursts.first = conf_object(c, seL4_NotificationObject, 0);
    CHECK(c, thread_start(&r.thread) == seL4_NoError);
    CHECK(c, seL4_SchedContext_Unbind(r.thread.sc) == seL4_NoError);
    seL4_SchedContext sc = new_sched_context(c);
    CHECK(c, seL4_SchedContext_Bind(sc, r.thread.tcb) == seL4_IllegalOperation);
    CHECK(c, seL4_SchedContext_Bind(r.thread.sc, r.thread.tcb) == seL4_NoError);
    seL4_Signal(r.bursts.first); /* It uses up its budget, */
    CHECK(c, r.bursts.count == 1);
    CHECK(c, seL4_SchedContext_Unbind(r.thread.sc) == seL4_NoError);
    CHECK(c,
          seL4_TCB_WriteRegisters(r.thread.tcb, 0, 0, 0, &(seL4_UserContext){0}) == seL4_NoError);
    CHECK(c, seL4_SchedContext_Bind(r.thread.sc, r.thread.tcb) == seL4_NoError); /* not blocked. */
    CHECK(c, seL4_SchedContext_Unbind(r.thread.sc) == seL4_NoError);
    struct recorder other;
    REQUIRE(c, recorder_create(c, &other, 1, HIGH, 1000, 1000));
    other.bursts.first = r.bursts.first;
    CHECK(c, thread_start(&other.thread) == seL4_NoError);
    CHECK(c, seL4_SchedContext_Unbind(other.thread.sc) == seL4_NoError);
    CHECK(c, seL4_SchedContext_Bind(r.thread.sc, other.thread.tcb) == seL4_IllegalOperation);
    CHECK(c, seL4_TCB_SetSchedParams(other.thread.tcb, seL4_CapInitThreadTCB, 0, HIGH, r.thread.sc,
                                     0) == seL4_IllegalOperation);
}

/* ---- Budgets and periods ---- */

static void budget_in_each_period(struct conf *c)
{
    struct recorder r;
    REQUIRE(c, recorder_create(c, &r, 6, HIGH, BUDGET, PERIOD));
    CHECK(c, thread_start(&r.thread) == seL4_NoError);
    seL4_Wait(r.done, seL4_Null);
    for (uint32_t i = 0; i + 1 < r.bursts.count; i++) {
        CHECK(c, is_budget(burst_us(&r.bursts, i), BUDGET));
        CHECK(c, is_period(r.bursts.start[i + 1] - r.bursts.start[i], PERIOD));
    }
}

/* A lower thread, here the root task, has the CPU in between. */
static void the_rest_is_for_the_lower(struct conf *c)
{
    struct recorder r;
    struct bursts own = {.conf = c, .wanted = 5};
    REQUIRE(c, recorder_create(c, &r, BURSTS_MAX, HIGH, BUDGET, PERIOD));
    CHECK(c, thread_start(&r.thread) == seL4_NoError);
    bursts_take(&own, FOREVER);
    for (uint32_t i = 0; i + 1 < own.count; i++) {
        CHECK(c, within(burst_us(&own, i), PERIOD - BUDGET - MIN_BUDGET_US,
                        PERIOD - BUDGET + MIN_BUDGET_US, SLACK_US));
    }
}

static void consumed_is_what_was_used(struct conf *c)
{
    struct recorder r;
    REQUIRE(c, recorder_create(c, &r, 5, HIGH, BUDGET, PERIOD));
    CHECK(c, seL4_SchedContext_Consumed(r.thread.sc).consumed == 0);
    CHECK(c, thread_start(&r.thread) == seL4_NoError);
    seL4_Wait(r.done, seL4_Null);
    uint64_t used = 0;
    for (uint32_t i = 0; i < r.bursts.count; i++) {
        used += burst_us(&r.bursts, i);
    }
    CHECK(c, within(seL4_SchedContext_Consumed(r.thread.sc).consumed, used, used, 5 * SLACK_US));
    CHECK(c, seL4_SchedContext_Consumed(r.thread.sc).consumed == 0);
}

static void consumed_survives(struct conf *c)
{
    struct recorder r;
    REQUIRE(c, recorder_create(c, &r, 2, HIGH, BUDGET, PERIOD));
    CHECK(c, thread_start(&r.thread) == seL4_NoError);
    CHECK(c, seL4_SchedContext_Unbind(r.thread.sc) == seL4_NoError);
    CHECK(c, configure(c, r.thread.sc, 1000, 1000, 0) == seL4_NoError);
    CHECK(c,
          seL4_SchedContext_Bind(r.thread.sc, conf_object(c, seL4_TCBObject, 0)) == seL4_NoError);
    CHECK(c, is_budget(seL4_SchedContext_Consumed(r.thread.sc).consumed, BUDGET));
}

/* A thread that wakes after several periods has its budget, and then waits for a period. */
static void wake_late(struct conf *c, seL4_Word flags)
{
    struct recorder r;
    REQUIRE(c, recorder_create(c, &r, 3, HIGH, BUDGET, PERIOD));
    r.bursts.first = conf_object(c, seL4_NotificationObject, 0);
    CHECK(c, seL4_SchedControl_ConfigureFlags(c->info->schedcontrol.start, r.thread.sc, BUDGET,
                                              PERIOD, 0, 0, flags) == seL4_NoError);
    CHECK(c, thread_start(&r.thread) == seL4_NoError);
    work_until(user_now_us() + 3 * PERIOD + PERIOD / 2);
    seL4_Signal(r.bursts.first);
    seL4_Wait(r.done, seL4_Null);
    CHECK(c, is_budget(burst_us(&r.bursts, 0), BUDGET));
    CHECK(c, is_period(r.bursts.start[1] - r.bursts.start[0], PERIOD));
    CHECK(c, is_budget(burst_us(&r.bursts, 1), BUDGET));
}

static void budget_is_not_saved(struct conf *c)
{
    wake_late(c, seL4_SchedContext_NoFlag);
}

static void sporadic_budget_is_not_saved(struct conf *c)
{
    wake_late(c, seL4_SchedContext_Sporadic);
}

static void slices_are_exact(struct conf *c)
{
    struct recorder r[2];
    REQUIRE(c, recorder_create(c, &r[0], 5, LOW, 3000, 3000));
    REQUIRE(c, recorder_create(c, &r[1], 5, LOW, 3000, 3000));
    CHECK(c, thread_start(&r[0].thread) == seL4_NoError);
    CHECK(c, thread_start(&r[1].thread) == seL4_NoError);
    seL4_Wait(r[1].done, seL4_Null); /* The second was first, and is now alone in its fifth. */
    for (uint32_t i = 0; i < 4; i++) {
        CHECK(c, is_budget(burst_us(&r[0].bursts, i), 3000));
        CHECK(c, is_budget(burst_us(&r[1].bursts, i), 3000));
        CHECK(c, within(r[1].bursts.start[i + 1] - r[1].bursts.start[i], 6000 - 2 * MIN_BUDGET_US,
                        6000, 2 * SLACK_US));
    }
}

struct yielder {
    const struct conf *conf;
    seL4_CPtr done;
    uint64_t start[4];
};

static void yielder_main(uint64_t argument)
{
    struct yielder *y = (struct yielder *)(uintptr_t)argument;
    for (uint32_t i = 0; i < 4; i++) {
        y->start[i] = user_now_us();
        seL4_Yield();
    }
    seL4_Signal(y->done);
    conf_park(y->conf);
}

static void yield_ends_the_budget(struct conf *c)
{
    struct user_thread thread;
    struct yielder y = {c, conf_object(c, seL4_NotificationObject, 0), {0}};
    struct thread_spec spec = conf_spec(c, "yielder", yielder_main, &y, HIGH);
    seL4_CPtr timeouts = conf_object(c, seL4_EndpointObject, 0);
    spec = conf_with_time(spec, BUDGET, PERIOD);
    spec.timeout_endpoint = timeouts;
    REQUIRE(c, conf_start(c, &spec, &thread));
    seL4_Wait(y.done, seL4_Null);
    for (uint32_t i = 0; i < 3; i++) {
        CHECK(c, within(y.start[i + 1] - y.start[i], PERIOD, PERIOD, SLACK_US));
    }
    CHECK(c, seL4_SchedContext_Consumed(thread.sc).consumed <= 4 * SLACK_US);
}

/* ---- No more budget than configured ---- */

/* A recorder that has used up its budget 5 ms ago, of a period of 20 ms. */
static bool exhausted(struct conf *c, struct recorder *r)
{
    if (!recorder_create(c, r, BURSTS_MAX, HIGH, BUDGET, 2 * PERIOD) ||
        !CHECK(c, thread_start(&r->thread) == seL4_NoError)) {
        return false;
    }
    work_until(user_now_us() + PERIOD / 2);
    return CHECK(c, r->bursts.count == 1);
}

/* It runs in its time, and not before. */
static void runs_in_its_time(struct conf *c, const struct recorder *r)
{
    work_until(r->bursts.start[0] + 2 * PERIOD - 2 * SLACK_US);
    CHECK(c, r->bursts.count == 1);
    work_until(r->bursts.start[0] + 2 * PERIOD + 2 * SLACK_US);
    CHECK(c, r->bursts.count == 2);
}

static void suspension_gives_no_budget(struct conf *c)
{
    struct recorder r;
    REQUIRE(c, exhausted(c, &r));
    CHECK(c, seL4_TCB_Suspend(r.thread.tcb) == seL4_NoError);
    CHECK(c, seL4_TCB_Resume(r.thread.tcb) == seL4_NoError);
    runs_in_its_time(c, &r);
}

static void binding_gives_no_budget(struct conf *c)
{
    struct recorder r;
    REQUIRE(c, exhausted(c, &r));
    CHECK(c, seL4_SchedContext_Unbind(r.thread.sc) == seL4_NoError);
    CHECK(c, seL4_SchedContext_Bind(r.thread.sc, r.thread.tcb) == seL4_NoError);
    runs_in_its_time(c, &r);
}

static void priority_gives_no_budget(struct conf *c)
{
    struct recorder r;
    REQUIRE(c, exhausted(c, &r));
    CHECK(c, seL4_TCB_SetPriority(r.thread.tcb, seL4_CapInitThreadTCB, HIGH + 1) == seL4_NoError);
    CHECK(c, seL4_SchedContext_YieldTo(r.thread.sc).error == seL4_NoError);
    runs_in_its_time(c, &r);
}

static void reconfiguring_a_ready_thread_gives_no_budget(struct conf *c)
{
    struct recorder r;
    REQUIRE(c, exhausted(c, &r));
    CHECK(c, configure(c, r.thread.sc, BUDGET, 2 * PERIOD, 0) == seL4_NoError);
    runs_in_its_time(c, &r);
}

static void configuring_a_stopped_thread_gives_budget(struct conf *c)
{
    struct recorder r;
    REQUIRE(c, exhausted(c, &r));
    CHECK(c, seL4_TCB_Suspend(r.thread.tcb) == seL4_NoError);
    CHECK(c, configure(c, r.thread.sc, BUDGET, PERIOD, 0) == seL4_NoError);
    CHECK(c, seL4_TCB_Resume(r.thread.tcb) == seL4_NoError);
    CHECK(c, r.bursts.count == 2);
    work_until(user_now_us() + PERIOD);
    CHECK(c, is_budget(burst_us(&r.bursts, 1), BUDGET));
    CHECK(c, r.bursts.count == 3);
    CHECK(c, is_period(r.bursts.start[2] - r.bursts.start[1], PERIOD));
}

/* ---- Refills ---- */

/* Uses its budget a millisecond at a time, as it is signalled; at last all that is left. */
struct eater {
    const struct conf *conf;
    seL4_CPtr food; /* Notification. */
    uint64_t start; /* Of the first meal. */
    struct bursts bursts;
};

static void eater_main(uint64_t argument)
{
    struct eater *e = (struct eater *)(uintptr_t)argument;
    for (uint32_t i = 0; i < 3; i++) {
        seL4_Wait(e->food, seL4_Null);
        uint64_t now = user_now_us();
        e->start = i == 0 ? now : e->start;
        work_until(now + 1000);
    }
    seL4_Wait(e->food, seL4_Null);
    bursts_take(&e->bursts, FOREVER);
    seL4_Signal(e->bursts.done);
    conf_park(e->conf);
}

/* Four meals of 1 ms at 0, 5, 10 and 15 ms, of a budget of 4 ms in 20 ms; until time comes again
 * three times. */
static bool eat(struct conf *c, struct eater *e, seL4_Word extra_refills)
{
    struct user_thread thread;
    seL4_CPtr done = conf_object(c, seL4_NotificationObject, 0);
    *e = (struct eater){
        .conf = c,
        .food = conf_object(c, seL4_NotificationObject, 0),
        .bursts = {.conf = c, .wanted = 3, .done = done},
    };
    struct thread_spec spec = conf_spec(c, "eater", eater_main, e, HIGH);
    spec = conf_with_time(spec, 4000, 20000);
    if (!conf_create(c, &spec, &thread) ||
        !CHECK(c, configure(c, thread.sc, 4000, 20000, extra_refills) == seL4_NoError) ||
        !CHECK(c, thread_start(&thread) == seL4_NoError)) {
        return false;
    }
    uint64_t start = user_now_us();
    for (uint32_t i = 0; i < 4; i++) {
        work_until(start + i * 5000);
        seL4_Signal(e->food);
    }
    seL4_Wait(done, seL4_Null);
    return true;
}

static void each_piece_comes_back(struct conf *c)
{
    struct eater e;
    REQUIRE(c, eat(c, &e, seL4_MaxExtraRefills(THREAD_SC_BITS)));
    CHECK(c, within(burst_us(&e.bursts, 0), 1000, 1000, COARSE_US));
    CHECK(c, within(e.bursts.start[1] - e.start, 20000, 20000, COARSE_US));
    CHECK(c, within(burst_us(&e.bursts, 1), 1000, 1000, COARSE_US));
    CHECK(c, within(e.bursts.start[2] - e.start, 25000, 25000, COARSE_US));
}

/* With two refills each piece delays those before it: to 24, then 28 ms; and to 32 ms if, at the
 * end, something too small to be used is left over. */
static void few_refills_come_back_together(struct conf *c)
{
    struct eater e;
    REQUIRE(c, eat(c, &e, 0));
    CHECK(c, within(burst_us(&e.bursts, 0), 1000, 1000, COARSE_US));
    CHECK(c, within(e.bursts.start[1] - e.start, 28000, 32000, COARSE_US));
    CHECK(c, within(burst_us(&e.bursts, 1), 3000, 4000, COARSE_US));
}

/* Waits a period, and then has the CPU for some time. */
struct intruder {
    const struct conf *conf;
    seL4_SchedContext sc;
    uint64_t length_us;
};

static void intruder_main(uint64_t argument)
{
    const struct intruder *i = (const struct intruder *)(uintptr_t)argument;
    seL4_Yield();
    configure(i->conf, i->sc, LONG_US, LONG_US, 0);
    work_until(user_now_us() + i->length_us);
    conf_park(i->conf);
}

/* A thread with 5 ms in 20 ms loses the CPU from 2 ms to 6 ms. */
static bool be_intruded(struct conf *c, struct recorder *r, seL4_Word flags)
{
    struct user_thread thread;
    struct intruder intruder = {c, 0, 4000};
    struct thread_spec spec = conf_spec(c, "intruder", intruder_main, &intruder, HIGH);
    spec = conf_with_time(spec, 1000, 2000);
    if (!recorder_create(c, r, 4, LOW, 5000, 20000) || !conf_create(c, &spec, &thread)) {
        return false;
    }
    intruder.sc = thread.sc;
    if (!CHECK(c, seL4_SchedControl_ConfigureFlags(c->info->schedcontrol.start, r->thread.sc, 5000,
                                                   20000, seL4_MaxExtraRefills(THREAD_SC_BITS), 0,
                                                   flags) == seL4_NoError) ||
        !CHECK(c, thread_start(&r->thread) == seL4_NoError) ||
        !CHECK(c, thread_start(&thread) == seL4_NoError)) {
        return false;
    }
    seL4_Wait(r->done, seL4_Null);
    return CHECK(c, within(burst_us(&r->bursts, 0), 2000, 2000, COARSE_US)) &&
           CHECK(c, within(r->bursts.start[1] - r->bursts.start[0], 6000, 6000, COARSE_US)) &&
           CHECK(c, within(burst_us(&r->bursts, 1), 3000, 3000, COARSE_US));
}

/* What is used after a preemption comes back a period after that. */
static void preemption_restarts_the_window(struct conf *c)
{
    struct recorder r;
    REQUIRE(c, be_intruded(c, &r, seL4_SchedContext_NoFlag));
    CHECK(c, within(r.bursts.start[2] - r.bursts.start[0], 20000, 20000, COARSE_US));
    CHECK(c, within(burst_us(&r.bursts, 2), 2000, 2000, COARSE_US));
    CHECK(c, within(r.bursts.start[3] - r.bursts.start[0], 26000, 26000, COARSE_US));
}

/* All comes back a period after the thread became ready. */
static void sporadic_keeps_the_window(struct conf *c)
{
    struct recorder r;
    REQUIRE(c, be_intruded(c, &r, seL4_SchedContext_Sporadic));
    CHECK(c, within(r.bursts.start[2] - r.bursts.start[0], 20000, 20000, COARSE_US));
    CHECK(c, within(burst_us(&r.bursts, 2), 5000, 5000, COARSE_US));
    CHECK(c, within(r.bursts.start[3] - r.bursts.start[0], 40000, 40000, COARSE_US));
}

/* A thread can configure its own: it keeps what is left, at most the new budget. */
struct reformer {
    struct recorder recorder;
    seL4_Error error;
};

static void reformer_main(uint64_t argument)
{
    struct reformer *f = (struct reformer *)(uintptr_t)argument;
    f->error = configure(f->recorder.bursts.conf, f->recorder.thread.sc, BUDGET, PERIOD, 0);
    bursts_take(&f->recorder.bursts, FOREVER);
    seL4_Signal(f->recorder.done);
    conf_park(f->recorder.bursts.conf);
}

static void own_budget_can_be_changed(struct conf *c)
{
    struct reformer f = {.error = seL4_InvalidArgument};
    f.recorder.done = conf_object(c, seL4_NotificationObject, 0);
    f.recorder.bursts = (struct bursts){.conf = c, .wanted = 3};
    struct thread_spec spec = conf_spec(c, "reformer", reformer_main, &f, HIGH);
    spec = conf_with_time(spec, LONG_US, LONG_US);
    REQUIRE(c, conf_start(c, &spec, &f.recorder.thread));
    seL4_Wait(f.recorder.done, seL4_Null);
    CHECK(c, f.error == seL4_NoError);
    for (uint32_t i = 0; i < 2; i++) {
        CHECK(c, is_budget(burst_us(&f.recorder.bursts, i), BUDGET));
        CHECK(c, is_period(f.recorder.bursts.start[i + 1] - f.recorder.bursts.start[i], PERIOD));
    }
}

static const struct scenario scenarios[] = {
    {"ConfigureFlags wants five words and a capability", configure_is_truncated},
    {"a budget is at least 20 us", budget_has_bounds},
    {"a period is at most an eighth of what the clock counts", period_has_bounds},
    {"a budget is at most the period", budget_is_within_the_period},
    {"refills are bounded by the object's size", refills_are_bounded_by_size},
    {"Bind makes its checks", bind_errors},
    {"UnbindObject makes its checks", unbind_object_errors},
    {"Unbind frees thread and notification", unbind_frees_both},
    {"a thread without scheduling context does not run", no_sched_context_no_run},
    {"a thread with an unconfigured one does not run", unconfigured_no_run},
    {"a thread that loses its scheduling context stops", unbound_thread_stops},
    {"a thread whose scheduling context is deleted stops", deleted_sched_context_stops},
    {"a thread may delete its own scheduling context", own_sched_context_can_be_deleted},
    {"a blocked thread takes only one that is released", blocked_thread_takes_released_ones_only},
    {"a thread gets its budget in each period", budget_in_each_period},
    {"the rest of the period is for lower threads", the_rest_is_for_the_lower},
    {"consumed time is what was used, once", consumed_is_what_was_used},
    {"consumed time survives unbinding and configuring", consumed_survives},
    {"budget that is not used is not saved", budget_is_not_saved},
    {"sporadic budget that is not used is not saved", sporadic_budget_is_not_saved},
    {"round-robin slices have their length", slices_are_exact},
    {"Yield gives up the budget until the next period", yield_ends_the_budget},
    {"suspending and resuming gives no budget", suspension_gives_no_budget},
    {"unbinding and binding gives no budget", binding_gives_no_budget},
    {"neither SetPriority nor YieldTo gives budget", priority_gives_no_budget},
    {"configuring anew gives a ready thread no budget",
     reconfiguring_a_ready_thread_gives_no_budget},
    {"configuring anew gives a suspended thread its budget",
     configuring_a_stopped_thread_gives_budget},
    {"with enough refills each piece comes back in time", each_piece_comes_back},
    {"with two refills the pieces come back together", few_refills_come_back_together},
    {"a preemption restarts the window of a budget", preemption_restarts_the_window},
    {"a sporadic budget keeps its window when preempted", sporadic_keeps_the_window},
    {"a thread may change its own budget", own_budget_can_be_changed},
};

const struct group conf_budget = {"budget", scenarios, sizeof scenarios / sizeof *scenarios};
