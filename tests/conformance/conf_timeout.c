/* SPDX-License-Identifier: BSD-2-Clause */

/* Timeout faults, docs/abi/08 section 8.5 and 06 section 6.9. On times see conf_budget.c. */
#include "tests/conformance/conformance.h"
#include "tests/conformance/record.h"
#include "user/lib/port.h"

enum { HIGH = CONF_PRIORITY + 10, MIN_BUDGET_US = 20, SLACK_US = 50 };
enum { BUDGET = 2000, PERIOD = 10000, SC_BADGE = 77, HANDLER_BADGE = 5, REGISTERS = 32 };

/* A thread that never stops, above the root task, which handles its timeouts. */
struct hog {
    struct user_thread thread;
    seL4_CPtr endpoint;
    seL4_CPtr reply;
    seL4_Word badge; /* Of the last message, */
    seL4_MessageInfo_t info;
    uint64_t time_us; /* and when it came. */
};

static void hog_main(uint64_t argument)
{
    uint64_t *rounds = (uint64_t *)(uintptr_t)argument;
    for (;;) {
        user_work_us(100);
        *rounds += 1;
    }
}

static bool hog_start(struct conf *c, struct hog *h, uint64_t *rounds, seL4_Time budget)
{
    *rounds = 0;
    h->endpoint = conf_object(c, seL4_EndpointObject, 0);
    h->reply = conf_object(c, seL4_ReplyObject, 0);
    struct thread_spec spec = conf_spec(c, "hog", hog_main, rounds, HIGH);
    spec = conf_with_time(spec, budget, PERIOD);
    spec.sc_badge = SC_BADGE;
    spec.timeout_endpoint = conf_mint(c, h->endpoint, seL4_AllRights, HANDLER_BADGE);
    return conf_start(c, &spec, &h->thread);
}

static void hog_take(struct hog *h)
{
    h->info = seL4_Recv(h->endpoint, &h->badge, h->reply);
    h->time_us = user_now_us();
}

static void hog_reply(struct hog *h, seL4_Word label)
{
    seL4_Send(h->reply, seL4_MessageInfo_new(label, 0, 0, 0));
}

static bool no_timeout_pending(const struct hog *h)
{
    seL4_Word badge;
    seL4_NBRecv(h->endpoint, &badge, h->reply);
    return badge == 0;
}

static void message_tells_who_and_how_much(struct conf *c)
{
    struct hog h;
    uint64_t rounds;
    REQUIRE(c, hog_start(c, &h, &rounds, BUDGET));
    hog_take(&h);
    CHECK(c, h.badge == HANDLER_BADGE);
    CHECK(c, seL4_isTimeout_tag(h.info));
    CHECK(c, seL4_MessageInfo_get_length(h.info) == seL4_Timeout_Length);
    CHECK(c, seL4_MessageInfo_get_extraCaps(h.info) == 0);
    CHECK(c, seL4_GetMR(seL4_Timeout_Data) == SC_BADGE);
    CHECK(c, within(seL4_GetMR(seL4_Timeout_Consumed), BUDGET - MIN_BUDGET_US, BUDGET, SLACK_US));
    CHECK(c, seL4_SchedContext_Consumed(h.thread.sc).consumed == 0);
}

static void one_in_each_period(struct conf *c)
{
    struct hog h;
    uint64_t rounds;
    REQUIRE(c, hog_start(c, &h, &rounds, BUDGET));
    hog_take(&h);
    for (uint32_t i = 0; i < 3; i++) {
        uint64_t before = h.time_us;
        hog_reply(&h, 0);
        hog_take(&h);
        CHECK(c, within(h.time_us - before, PERIOD - MIN_BUDGET_US, PERIOD, SLACK_US));
        CHECK(c, seL4_GetMR(seL4_Timeout_Data) == SC_BADGE);
        CHECK(c, within(seL4_GetMR(seL4_Timeout_Consumed), BUDGET - MIN_BUDGET_US,
                        BUDGET + MIN_BUDGET_US, SLACK_US));
    }
}

/* Also when its budget has come back, as long as nobody replies. */
static void thread_waits_for_the_reply(struct conf *c)
{
    struct hog h;
    uint64_t rounds;
    REQUIRE(c, hog_start(c, &h, &rounds, BUDGET));
    hog_take(&h);
    uint64_t before = rounds;
    work_until(h.time_us + 3 * PERIOD);
    CHECK(c, rounds == before);
    hog_reply(&h, 0);
    CHECK(c, rounds > before);
    hog_take(&h);
    CHECK(c, h.badge == HANDLER_BADGE);
}

static void label_in_the_reply_stops(struct conf *c)
{
    struct hog h;
    uint64_t rounds;
    REQUIRE(c, hog_start(c, &h, &rounds, BUDGET));
    hog_take(&h);
    uint64_t before = rounds;
    hog_reply(&h, 1);
    work_until(h.time_us + 2 * PERIOD);
    CHECK(c, rounds == before);
    CHECK(c, no_timeout_pending(&h));
    CHECK(c, seL4_TCB_Resume(h.thread.tcb) == seL4_NoError);
    CHECK(c, rounds > before);
}

/* The handler sends the thread somewhere else: where another one was meant to begin. */
static void reply_sets_registers(struct conf *c)
{
    struct hog h;
    uint64_t rounds;
    struct user_thread other;
    struct trace trace = {0};
    seL4_UserContext regs;
    struct marker marker = {.conf = c, .trace = &trace, .event = 'a'};
    struct thread_spec spec = conf_spec(c, "other", marker_main, &marker, HIGH);
    REQUIRE(c, conf_create(c, &spec, &other));
    CHECK(c, seL4_TCB_ReadRegisters(other.tcb, 0, 0, REGISTERS, &regs) == seL4_NoError);
    REQUIRE(c, hog_start(c, &h, &rounds, BUDGET));
    hog_take(&h);
    uint64_t before = rounds;
    seL4_Send(h.reply, seL4_TimeoutReply_new(1, regs, REGISTERS));
    work_until(h.time_us + 2 * PERIOD);
    CHECK(c, trace_is(&trace, "a"));
    CHECK(c, rounds == before);
    CHECK(c, no_timeout_pending(&h));
}

static void none_for_round_robin(struct conf *c)
{
    struct hog h;
    uint64_t rounds;
    CHECK(c,
          seL4_TCB_SetPriority(seL4_CapInitThreadTCB, seL4_CapInitThreadTCB, HIGH) == seL4_NoError);
    REQUIRE(c, hog_start(c, &h, &rounds, PERIOD));
    seL4_Yield();
    seL4_Yield();
    CHECK(c, rounds > 0);
    CHECK(c, no_timeout_pending(&h));
}

static void none_without_handler(struct conf *c)
{
    struct hog h;
    uint64_t rounds;
    REQUIRE(c, hog_start(c, &h, &rounds, BUDGET));
    hog_take(&h);
    CHECK(c, seL4_TCB_SetTimeoutEndpoint(h.thread.tcb, seL4_CapNull) == seL4_NoError);
    hog_reply(&h, 0);
    uint64_t before = rounds;
    work_until(h.time_us + 2 * PERIOD);
    CHECK(c, rounds > before);
    CHECK(c, no_timeout_pending(&h));
}

static void fault_waits_for_a_handler(struct conf *c)
{
    struct hog h;
    uint64_t rounds;
    REQUIRE(c, hog_start(c, &h, &rounds, BUDGET));
    work_until(user_now_us() + 3 * PERIOD);
    uint64_t before = rounds;
    hog_take(&h);
    CHECK(c, rounds == before);
    CHECK(c, seL4_GetMR(seL4_Timeout_Data) == SC_BADGE);
    CHECK(c, within(seL4_GetMR(seL4_Timeout_Consumed), BUDGET - MIN_BUDGET_US, BUDGET, SLACK_US));
}

/* What the message says is read when it is taken: by then there is no scheduling context. */
static void message_without_sched_context(struct conf *c)
{
    struct hog h;
    uint64_t rounds;
    REQUIRE(c, hog_start(c, &h, &rounds, BUDGET));
    work_until(user_now_us() + 2 * PERIOD);
    CHECK(c, seL4_SchedContext_Unbind(h.thread.sc) == seL4_NoError);
    hog_take(&h);
    CHECK(c, seL4_isTimeout_tag(h.info));
    CHECK(c, seL4_MessageInfo_get_length(h.info) == 1);
    CHECK(c, seL4_GetMR(seL4_Timeout_Data) == SC_BADGE);
}

static void suspended_thread_forgets_its_fault(struct conf *c)
{
    struct hog h;
    uint64_t rounds;
    REQUIRE(c, hog_start(c, &h, &rounds, BUDGET));
    work_until(user_now_us() + PERIOD / 2);
    CHECK(c, seL4_TCB_Suspend(h.thread.tcb) == seL4_NoError);
    CHECK(c, no_timeout_pending(&h));
    uint64_t before = rounds;
    CHECK(c, seL4_TCB_Resume(h.thread.tcb) == seL4_NoError);
    hog_take(&h);
    CHECK(c, rounds > before);
    CHECK(c, h.badge == HANDLER_BADGE);
}

static void handler_is_checked(struct conf *c)
{
    seL4_TCB tcb = conf_object(c, seL4_TCBObject, 0);
    seL4_CPtr endpoint = conf_object(c, seL4_EndpointObject, 0);
    CHECK(c, albireo_invoke(tcb, ABI_LABEL_TCB_SET_TIMEOUT_ENDPOINT, 0, seL4_Null, 0, seL4_Null,
                            0) == seL4_TruncatedMessage);
    CHECK(c, seL4_TCB_SetTimeoutEndpoint(tcb, c->park) == seL4_InvalidCapability);
    CHECK(c, seL4_GetMR(0) == 1);
    CHECK(c, seL4_TCB_SetTimeoutEndpoint(tcb, conf_mint(c, endpoint, seL4_ReadWrite, 0)) ==
                 seL4_InvalidCapability);
    CHECK(c, seL4_TCB_SetTimeoutEndpoint(
                 tcb, conf_mint(c, endpoint, seL4_CapRights_new(0, 1, 0, 1), 0)) == seL4_NoError);
    CHECK(c, seL4_TCB_SetTimeoutEndpoint(tcb, seL4_CapNull) == seL4_NoError);
}

static const struct scenario scenarios[] = {
    {"the message names the scheduling context and its consumption",
     message_tells_who_and_how_much},
    {"an empty reply lets the thread go on in its next period", one_in_each_period},
    {"the thread waits for the reply, budget or not", thread_waits_for_the_reply},
    {"a reply with a label stops the thread", label_in_the_reply_stops},
    {"a reply with 32 registers sends the thread elsewhere", reply_sets_registers},
    {"a round-robin thread has no timeouts", none_for_round_robin},
    {"a thread without handler waits for its next period", none_without_handler},
    {"the fault waits for its handler", fault_waits_for_a_handler},
    {"without scheduling context the message has one word", message_without_sched_context},
    {"suspending the thread forgets the fault", suspended_thread_forgets_its_fault},
    {"SetTimeoutEndpoint checks what it is given", handler_is_checked},
};

const struct group conf_timeout = {"timeout", scenarios, sizeof scenarios / sizeof *scenarios};
