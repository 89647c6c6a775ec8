/* SPDX-License-Identifier: BSD-2-Clause */

/* Scene 2: a server without time of its own, called by an urgent and a routine client. */
#include "user/demo/demo.h"
#include "user/lib/port.h"

enum {
    REQUESTS = 3,   /* Of each client. */
    SERVICE = 1000, /* Microseconds of work for each. */
    ROUTINE = 1,    /* Badges. */
    URGENT = 2,
    BUSY = 4,
    READY = 8,
    LOG_MAX = 2 * REQUESTS,
};

struct shared {
    seL4_CPtr endpoint;
    seL4_CPtr reply;
    seL4_CPtr ready; /* Badged capabilities to the root task's notification. */
    seL4_CPtr busy;
    uint64_t log[LOG_MAX]; /* Badges in the order of service. */
    uint32_t log_count;
};

struct client {
    const struct demo *demo;
    seL4_CPtr endpoint; /* Badged. */
    seL4_CPtr done;
    uint64_t right_answers;
};

static void server_main(uint64_t argument)
{
    struct shared *s = (struct shared *)(uintptr_t)argument;
    seL4_Word badge;
    seL4_NBSendRecv(s->ready, seL4_MessageInfo_new(0, 0, 0, 0), s->endpoint, &badge, s->reply);
    for (;;) {
        seL4_Word question = seL4_GetMR(0);
        if (s->log_count < LOG_MAX) {
            s->log[s->log_count] = badge;
            s->log_count++;
        }
        seL4_Signal(s->busy);
        user_work_us(SERVICE);
        seL4_SetMR(0, question * question);
        seL4_ReplyRecv(s->endpoint, seL4_MessageInfo_new(0, 0, 0, 1), &badge, s->reply);
    }
}

static void client_main(uint64_t argument)
{
    struct client *c = (struct client *)(uintptr_t)argument;
    for (seL4_Word i = 1; i <= REQUESTS; i++) {
        seL4_SetMR(0, i);
        seL4_MessageInfo_t info = seL4_Call(c->endpoint, seL4_MessageInfo_new(0, 0, 0, 1));
        if (seL4_MessageInfo_get_length(info) == 1 && seL4_GetMR(0) == i * i) {
            c->right_answers++;
        }
    }
    seL4_Signal(c->done);
    demo_park(c->demo);
}

static bool in_order(const struct shared *s)
{
    static const uint64_t expected[LOG_MAX] = {ROUTINE, URGENT, URGENT, URGENT, ROUTINE, ROUTINE};
    for (uint32_t i = 0; i < LOG_MAX; i++) {
        if (s->log[i] != expected[i]) {
            return false;
        }
    }
    return s->log_count == LOG_MAX;
}

/* The work was done in time that was charged to somebody, and no time was charged twice: one has
 * paid for its work, and left the other enough of what has passed. */
static bool paid(uint64_t one, uint64_t elapsed)
{
    uint64_t work = REQUESTS * SERVICE;
    uint64_t enough = work - work / 100; /* A thread's idea of its own time is not exact. */
    return one >= enough && one + enough <= elapsed;
}

static void report(struct demo *d, const struct shared *s, const struct client *clients,
                   const struct user_thread *threads, uint64_t elapsed)
{
    uint64_t routine = seL4_SchedContext_Consumed(threads[0].sc).consumed;
    uint64_t urgent = seL4_SchedContext_Consumed(threads[1].sc).consumed;
    demo_claim(d, clients[0].right_answers + clients[1].right_answers == LOG_MAX,
               "%lu calls got %lu right answers", (uint64_t)LOG_MAX,
               clients[0].right_answers + clients[1].right_answers);
    demo_claim(d, in_order(s), "served: routine, urgent, urgent, urgent, routine, routine");
    demo_claim(d, paid(routine, elapsed),
               "the server's work for the routine client was charged to it: %lu us", routine);
    demo_claim(d, paid(urgent, elapsed), "and that for the urgent client to that one: %lu us",
               urgent);
}

void scene_server(struct demo *d)
{
    struct user_thread server;
    struct user_thread threads[2];
    struct client clients[2] = {{0}};
    struct shared s = {.endpoint = demo_object(d, seL4_EndpointObject),
                       .reply = demo_object(d, seL4_ReplyObject)};
    seL4_CPtr ntfn = demo_object(d, seL4_NotificationObject);
    s.ready = demo_mint(d, ntfn, seL4_CanWrite, READY);
    s.busy = demo_mint(d, ntfn, seL4_CanWrite, BUSY);
    for (seL4_Word i = 0; i < 2; i++) {
        clients[i].demo = d;
        clients[i].endpoint = demo_mint(d, s.endpoint, seL4_AllRights, ROUTINE + i);
        clients[i].done = demo_mint(d, ntfn, seL4_CanWrite, ROUTINE + i);
    }

    demo_say("  The server starts with time of its own, for its preparations only.");
    struct thread_spec spec = demo_spec(d, "server", server_main, &s, 120);
    spec = demo_with_time(spec, 5000, 5000);
    if (!demo_start(d, &spec, &server)) {
        return;
    }
    demo_wait(ntfn, READY);
    demo_claim(d, seL4_SchedContext_Unbind(server.sc) == seL4_NoError,
               "its scheduling context is taken away while it waits");

    demo_say("  The routine client (priority 100) calls; then comes the urgent one (110).");
    spec = demo_with_time(demo_spec(d, "routine", client_main, &clients[0], 100), 10000, 10000);
    uint64_t start = user_now_us();
    demo_start(d, &spec, &threads[0]);
    demo_wait(ntfn, BUSY);
    spec = demo_with_time(demo_spec(d, "urgent", client_main, &clients[1], 110), 10000, 10000);
    demo_start(d, &spec, &threads[1]);
    demo_wait(ntfn, ROUTINE | URGENT);
    report(d, &s, clients, threads, user_now_us() - start);
}
