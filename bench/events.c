/* SPDX-License-Identifier: BSD-2-Clause */

/* How many kernel events a second the hosted body handles: two native threads that call each other,
 * so that every event is a Call or a ReplyRecv with a thread switch. Without invariant checks and
 * with kernel_check() after every event; the ratio is what the checks cost.
 *
 * Times are CPU time of this process. Usage: events [calls without checks [calls with checks]]
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <sel4/sel4.h>

#include "hosted/native.h"
#include "hosted/sim.h"
#include "user/lib/alloc.h"
#include "user/lib/port.h"
#include "user/lib/thread.h"

enum { SERVER_PRIORITY = 254, AREA = 0x40000000 };

static uint64_t calls_wanted; /* Set before each run. */
static double cpu_start;
static double cpu_end;
static uint64_t events_start;
static uint64_t events_end;
static struct sim *machine;

struct server {
    seL4_CPtr endpoint;
    seL4_CPtr reply;
};

static double cpu_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void server_main(uint64_t argument)
{
    const struct server *s = (const struct server *)(uintptr_t)argument;
    seL4_Word badge;

    seL4_Recv(s->endpoint, &badge, s->reply);
    for (;;) {
        seL4_ReplyRecv(s->endpoint, seL4_MessageInfo_new(0, 0, 0, 1), &badge, s->reply);
    }
}

static void check(seL4_Error error, const char *what)
{
    if (error != seL4_NoError) {
        fprintf(stderr, "events: %s: error %d\n", what, (int)error);
        exit(1);
    }
}

static void client_main(uint64_t bootinfo)
{
    const seL4_BootInfo *info = albireo_native_pointer(bootinfo, false);
    static struct alloc alloc;
    struct space space = {.vspace = seL4_CapInitThreadVSpace};
    struct user_thread thread;
    struct server server;

    seL4_SetIPCBuffer(info->ipcBuffer);
    alloc_init(&alloc, info);
    check(alloc_object(&alloc, seL4_EndpointObject, 0, &server.endpoint), "endpoint");
    check(alloc_object(&alloc, seL4_ReplyObject, 0, &server.reply), "reply object");
    struct thread_spec spec = {
        .name = "server",
        .entry = server_main,
        .argument = (uint64_t)(uintptr_t)&server,
        .area = AREA,
        .space = &space,
        .cspace = seL4_CapInitThreadCNode,
        .authority = seL4_CapInitThreadTCB,
        .priority = SERVER_PRIORITY,
        .sched_control = info->schedcontrol.start,
        .budget_us = 1000,
        .period_us = 1000,
    };
    check(thread_create(&alloc, &spec, &thread), "server thread");
    check(thread_start(&thread), "starting the server");
    events_start = sim_events(machine);
    cpu_start = cpu_seconds();
    for (uint64_t i = 0; i < calls_wanted; i++) {
        seL4_SetMR(0, i);
        (void)seL4_Call(server.endpoint, seL4_MessageInfo_new(0, 0, 0, 1));
    }
    cpu_end = cpu_seconds();
    events_end = sim_events(machine);
    user_halt();
}

/* Events a second of one run. */
static double run(uint64_t calls, uint32_t check_every)
{
    struct sim_config config;
    struct sim_error error;

    sim_config_default(&config);
    config.root_native = client_main;
    config.check_every = check_every;
    calls_wanted = calls;
    machine = sim_create(&config, &error);
    if (machine == NULL) {
        fprintf(stderr, "events: %s\n", error.text);
        exit(1);
    }
    enum sim_run_end end = sim_run(machine, 0);
    if (end != SIM_RUN_STOPPED || sim_status(machine) != SIM_HALTED) {
        fprintf(stderr, "events: the run ended early: %s\n", sim_message(machine));
        exit(1);
    }
    sim_destroy(machine);
    return (double)(events_end - events_start) / (cpu_end - cpu_start);
}

static uint64_t number(const char *text)
{
    char *end = NULL;
    uint64_t value = strtoull(text, &end, 10);

    if (end == text || *end != '\0' || value == 0) {
        fprintf(stderr, "events: not a number of calls: %s\n", text);
        exit(2);
    }
    return value;
}

int main(int argc, char **argv)
{
    if (argc > 3) {
        fprintf(stderr, "usage: events [calls without checks [calls with checks]]\n");
        return 2;
    }
    uint64_t calls = argc > 1 ? number(argv[1]) : 1000000;
    uint64_t checked_calls = argc > 2 ? number(argv[2]) : 20000;
    double off = run(calls, 0);
    double on = run(checked_calls, 1);

    printf("kernel events a second, native threads, Call and ReplyRecv\n");
    printf("  invariant checks off       %12.0f  (%" PRIu64 " calls)\n", off, calls);
    printf("  checks after every event   %12.0f  (%" PRIu64 " calls)\n", on, checked_calls);
    printf("  ratio                      %12.1f\n", off / on);
    return 0;
}
