/* SPDX-License-Identifier: BSD-2-Clause */

/* Scene 5: a thread that never stops, above another one that has work to do. */
#include "user/demo/demo.h"
#include "user/lib/port.h"

enum { BUDGET = 2000, PERIOD = 10000, WORK = 80000, ROUND = 100, BADGE = 77, DONE = 1 };

struct race {
    struct demo *demo;
    seL4_CPtr timeouts; /* Endpoint. */
    seL4_CPtr reply;
    seL4_CPtr done;
    uint64_t faults;
    uint64_t charged; /* Microseconds, as told by the fault messages. */
    uint64_t hogged;  /* What the hog knows that it had. */
    uint64_t strange;
};

static void hog_main(uint64_t argument)
{
    struct race *r = (struct race *)(uintptr_t)argument;
    for (;;) {
        user_work_us(ROUND);
        r->hogged += ROUND;
    }
}

static void worker_main(uint64_t argument)
{
    struct race *r = (struct race *)(uintptr_t)argument;
    user_work_us(WORK);
    seL4_Signal(r->done);
    demo_park(r->demo);
}

/* Notes each overrun and lets the hog go on, when it has budget again. */
static void handler_main(uint64_t argument)
{
    struct race *r = (struct race *)(uintptr_t)argument;
    seL4_MessageInfo_t info = seL4_Recv(r->timeouts, seL4_Null, r->reply);
    for (;;) {
        seL4_Fault_t fault = seL4_getFault(info);
        if (seL4_isTimeout_Fault(fault) && seL4_Fault_Timeout_get_data(fault) == BADGE) {
            r->faults++;
            r->charged += seL4_Fault_Timeout_get_consumed(fault);
        } else {
            r->strange++;
        }
        info = seL4_ReplyRecv(r->timeouts, seL4_MessageInfo_new(0, 0, 0, 0), seL4_Null, r->reply);
    }
}

/* How much time passes until the work is done is not claimed: an emulator may get no time itself.
 * It then charges a thread with more than its budget, which the thread pays for later. */
static void report(struct demo *d, const struct race *r, uint64_t elapsed)
{
    demo_claim(d, r->faults > 0 && r->strange == 0,
               "the hog overran its budget %lu times; each time its handler was told", r->faults);
    demo_claim(d, r->hogged <= (elapsed / PERIOD + 1) * BUDGET,
               "it ran for %lu us in %lu us: no more than its budget", r->hogged, elapsed);
    demo_claim(d, r->charged >= r->hogged, "and all of that was charged to it");
    demo_claim(d, elapsed - r->charged >= WORK - WORK / 100,
               "the worker below it did its %lu us of work in the rest", (uint64_t)WORK);
}

void scene_budget(struct demo *d)
{
    struct user_thread hog;
    struct user_thread others[2];
    struct race r = {.demo = d,
                     .timeouts = demo_object(d, seL4_EndpointObject),
                     .reply = demo_object(d, seL4_ReplyObject)};
    seL4_CPtr ntfn = demo_object(d, seL4_NotificationObject);
    r.done = demo_mint(d, ntfn, seL4_CanWrite, DONE);

    demo_say("  A hog of priority 150 may use %lu us in %lu us; a worker has priority 100.",
             (uint64_t)BUDGET, (uint64_t)PERIOD);
    struct thread_spec spec = demo_spec(d, "timeouts", handler_main, &r, 200);
    spec = demo_with_time(spec, 5000, 5000);
    demo_start(d, &spec, &others[0]);
    spec = demo_with_time(demo_spec(d, "worker", worker_main, &r, 100), 10000, 10000);
    demo_start(d, &spec, &others[1]);
    spec = demo_with_time(demo_spec(d, "hog", hog_main, &r, 150), BUDGET, PERIOD);
    spec.timeout_endpoint = r.timeouts;
    spec.sc_badge = BADGE;
    uint64_t start = user_now_us();
    if (!demo_start(d, &spec, &hog)) {
        return;
    }
    demo_wait(ntfn, DONE);
    uint64_t elapsed = user_now_us() - start;
    demo_ok(d, seL4_TCB_Suspend(hog.tcb), "stopping the hog");
    r.charged += seL4_SchedContext_Consumed(hog.sc).consumed;
    report(d, &r, elapsed);
}
