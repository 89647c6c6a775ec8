/* SPDX-License-Identifier: BSD-2-Clause */

/* How many instructions the kernel takes for what happens most often. A root task for QEMU's
 * -icount shift=0, under which the cycle counter counts instructions, of all modes, exactly.
 *
 * Prints a line for each: "bench NAME MIN MAX". A cost is that of all instructions between two
 * readings of the counter, such as one just before a client's ecall and one just after that of the
 * server which gets the call; that the ecalls themselves are in it, and sret.
 */
#include <stddef.h>

#include "bench/worker.h"
#include "user/lib/console.h"
#include "user/lib/port.h"
#include "user/lib/print.h"
#include "user/lib/root.h"

enum {
    MAIN_PRIORITY = 50,   /* Of the root task, which goes on when the others are done; */
    START_PRIORITY = 120, /* while it starts more than one. */
    PRIORITY = 100,       /* Of those that are measured, */
    HIGHER = 110,         /* and of what they wake. */
    LOWER = 90,
    SLICE_US = 60000000, /* No timer interrupt, unless wanted: */
    SHORT_SLICE_US = 1000,
    LABEL = 1,
    /* Registers of serial ports, and what to write there for an interrupt when nothing is left to
     * be sent. */
    NS_IER = 1,
    NS_IER_SENT = 2,
    SF_IE = 0x10,
    SF_IE_SENT = 1,
};

#define THREADS 0x40000000u /* Stacks and buffers. */
#define SHARED 0x50000000u  /* struct worker; at the same address in both address spaces. */
#define UART 0x50100000u    /* Likewise. */
#define PAGES 0x50200000u   /* Page tables without pages. */

enum worker_name { CLIENT, SERVER, FOREIGNER, WORKERS }; /* The last has its own address space. */

enum { SHARED_PAGES = (WORKERS * sizeof(struct worker) + sizeof(bool) + 4095) / 4096 };

struct bench {
    const seL4_BootInfo *info;
    struct alloc alloc;
    struct space space;
    struct space foreign;
    struct console console;
    struct serial uart;
    struct worker *workers;
    volatile bool *served;
    seL4_CPtr endpoint; /* With all rights. */
    seL4_CPtr fault_endpoint;
    seL4_CPtr reply;
    seL4_CPtr ntfn;
    seL4_CPtr ntfn_back;
    seL4_CPtr irq_ntfn;
    seL4_CPtr irq;
    seL4_CPtr done;
    seL4_CPtr park;
    seL4_CPtr slot;  /* Empty. */
    seL4_CPtr pages; /* The first of ROUNDS frames. */
    uint64_t overhead;
};

static void must(seL4_Error error, const char *what)
{
    if (error != seL4_NoError) {
        print("ipc: %s: error %lu\n", what, (uint64_t)error);
        user_halt();
    }
}

/* ---- Results ---- */

static uint64_t measured_overhead(void)
{
    uint64_t first;
    uint64_t second;
    __asm__ volatile("rdcycle %0\n"
                     "rdcycle %1"
                     : "=&r"(first), "=&r"(second));
    return second - first;
}

/* When a worker goes on for the first time after `time`; 0 if it does not. */
static uint64_t next_end(const struct worker *worker, uint64_t time)
{
    for (uint32_t i = 0; i < ROUNDS_MAX; i++) {
        if (worker->end[i] > time) {
            return worker->end[i];
        }
    }
    return 0;
}

/* From each time when one begins to when the other goes on; `extra` instructions do not count. */
static void report_leg(const struct bench *b, const char *name, const char *variant,
                       enum worker_name from, enum worker_name to, uint64_t extra)
{
    uint64_t min = UINT64_MAX;
    uint64_t max = 0;
    for (uint32_t i = 1; i < ROUNDS; i++) {
        uint64_t start = b->workers[from].start[i];
        uint64_t end = next_end(&b->workers[to], start);
        if (start != 0 && end != 0) {
            uint64_t cost = end - start - b->overhead - extra;
            min = cost < min ? cost : min;
            max = cost > max ? cost : max;
        }
    }
    print("bench %s%s %lu %lu\n", name, variant, min, max);
}

/* ---- Workers ---- */

static void set_priority(seL4_TCB tcb, uint8_t priority)
{
    must(seL4_TCB_SetPriority(tcb, seL4_CapInitThreadTCB, priority), "TCB_SetPriority");
}

static void set_fpu(const struct bench *b, enum worker_name name, bool on)
{
    seL4_Word off = seL4_TCBFlag_fpuDisabled;
    must(seL4_TCB_SetFlags(b->workers[name].thread.tcb, on ? off : 0, on ? 0 : off).error,
         "TCB_SetFlags");
}

/* Makes a worker ready for something new. */
static struct worker *prepare(struct bench *b, enum worker_name name, uint8_t priority)
{
    struct worker *w = &b->workers[name];
    w->kind = WORKER_TRAP;
    w->first = (struct albireo_trap){0};
    w->cap = seL4_CapNull;
    w->receive = seL4_CapNull;
    w->dirty_fpu = false;
    w->after = NULL;
    w->rounds = ROUNDS;
    w->finished = false;
    for (uint32_t i = 0; i < ROUNDS_MAX; i++) {
        w->start[i] = 0;
        w->end[i] = 0;
    }
    must(worker_stop(w), "TCB_Suspend");
    set_priority(w->thread.tcb, priority);
    return w;
}

static struct albireo_trap trap(int64_t number, seL4_CPtr a0, seL4_MessageInfo_t info, seL4_CPtr a6)
{
    return (struct albireo_trap){.a0 = a0, .a1 = info.words[0], .a6 = a6, .a7 = (seL4_Word)number};
}

static struct albireo_trap plain_trap(int64_t number, seL4_CPtr a0)
{
    return trap(number, a0, seL4_MessageInfo_new(0, 0, 0, 0), seL4_CapNull);
}

static void always(struct worker *w, struct albireo_trap trap)
{
    w->first = trap;
    w->next = trap;
}

/* One that waits for others goes on until it does. */
static void start(struct worker *w)
{
    must(worker_start(w), "starting a worker");
}

static void wait_for(const struct bench *b, const struct worker *w)
{
    while (!w->finished) {
        seL4_Wait(b->done, NULL);
    }
}

static void stop_all(struct bench *b)
{
    for (uint32_t i = 0; i < WORKERS; i++) {
        must(worker_stop(&b->workers[i]), "TCB_Suspend");
    }
}

/* One at whose end all is stopped. */
static void run(struct bench *b, struct worker *w)
{
    start(w);
    wait_for(b, w);
    stop_all(b);
}

/* Two that begin when both are ready. */
static void run_together(struct bench *b, struct worker *one, struct worker *other)
{
    set_priority(seL4_CapInitThreadTCB, START_PRIORITY);
    start(one);
    start(other);
    set_priority(seL4_CapInitThreadTCB, MAIN_PRIORITY);
    wait_for(b, one);
    wait_for(b, other);
}

/* A system call that returns to its caller. */
static void alone(struct bench *b, const char *name, struct albireo_trap trap,
                  void (*after)(struct worker *, uint32_t))
{
    struct worker *w = prepare(b, CLIENT, PRIORITY);
    always(w, trap);
    w->after = after;
    w->object = b->ntfn;
    run(b, w);
    report_leg(b, name, "", CLIENT, CLIENT, 0);
}

static void do_signal(struct worker *w, uint32_t round)
{
    (void)round;
    seL4_Signal(w->object);
}

static void do_wait(struct worker *w, uint32_t round)
{
    (void)round;
    seL4_Wait(w->object, NULL);
}

/* ---- System calls without a partner ---- */

static void measure_alone(struct bench *b)
{
    alone(b, "null", plain_trap(seL4_SysNBSend, seL4_CapNull), NULL);
    alone(b, "yield", plain_trap(seL4_SysYield, 0), NULL);
    alone(b, "signal", plain_trap(seL4_SysSend, b->ntfn), do_wait);
    alone(b, "poll-nothing", plain_trap(seL4_SysNBWait, b->ntfn), NULL);
    seL4_Signal(b->ntfn);
    alone(b, "poll", plain_trap(seL4_SysNBWait, b->ntfn), do_signal);
    alone(b, "wait", plain_trap(seL4_SysWait, b->ntfn), do_signal);
    seL4_Poll(b->ntfn, NULL);
}

/* ---- Calls ---- */

struct variant {
    const char *name;
    uint32_t words;
    bool cap;
    bool active;  /* The server has a scheduling context of its own. */
    bool foreign; /* And an address space of its own. */
    bool no_fpu;  /* Neither may use the FPU. */
};

static void delete_received(struct worker *w, uint32_t round)
{
    (void)round;
    must(seL4_CNode_Delete(seL4_CapInitThreadCNode, w->receive, ALLOC_DEPTH), "CNode_Delete");
}

static void start_server(struct worker *server, bool active)
{
    start(server);
    if (!active) {
        must(worker_make_passive(server), "SchedContext_Unbind");
    }
}

static void measure_call(struct bench *b, const struct variant *v)
{
    enum worker_name name = v->foreign ? FOREIGNER : SERVER;
    struct worker *client = prepare(b, CLIENT, PRIORITY);
    struct worker *server = prepare(b, name, PRIORITY);
    always(client, trap(seL4_SysCall, b->endpoint,
                        seL4_MessageInfo_new(LABEL, 0, v->cap ? 1 : 0, v->words), seL4_CapNull));
    client->cap = b->ntfn;
    server->first = trap(seL4_SysRecv, b->endpoint, seL4_MessageInfo_new(0, 0, 0, 0), b->reply);
    server->next =
        trap(seL4_SysReplyRecv, b->endpoint, seL4_MessageInfo_new(LABEL, 0, 0, v->words), b->reply);
    server->rounds = ROUNDS_MAX;
    if (v->cap) {
        server->receive = b->slot;
        server->after = delete_received;
    }
    set_fpu(b, CLIENT, !v->no_fpu);
    set_fpu(b, name, !v->no_fpu);
    start_server(server, v->active);
    run(b, client);
    report_leg(b, "call", v->name, CLIENT, name, 0);
    report_leg(b, "reply", v->name, name, CLIENT, 0);
    set_fpu(b, CLIENT, true);
    set_fpu(b, name, true);
}

static void measure_calls(struct bench *b)
{
    static const struct variant variants[] = {
        {.name = "-0"},
        {.name = "-1", .words = 1},
        {.name = "-2", .words = 2},
        {.name = "-3", .words = 3},
        {.name = "-4", .words = 4},
        {.name = "-10", .words = 10},
        {.name = "-0-cap", .cap = true},
        {.name = "-0-nofpu", .no_fpu = true},
        {.name = "-0-space", .foreign = true},
        {.name = "-4-space", .words = 4, .foreign = true},
        {.name = "-10-space", .words = 10, .foreign = true},
        {.name = "-0-cap-space", .cap = true, .foreign = true},
        {.name = "-0-nofpu-space", .no_fpu = true, .foreign = true},
        {.name = "-0-active", .active = true},
        {.name = "-4-active", .words = 4, .active = true},
        {.name = "-0-active-space", .active = true, .foreign = true},
        {.name = "-4-active-space", .words = 4, .active = true, .foreign = true},
    };
    for (uint32_t i = 0; i < sizeof variants / sizeof *variants; i++) {
        measure_call(b, &variants[i]);
    }
}

/* ---- Threads that wake others ---- */

enum fpu_use { FPU_CLEAN, FPU_DIRTY, FPU_OFF };

/* A signal, upon which the higher thread runs; it waits again, and the lower one goes on. */
static void measure_switch(struct bench *b, const char *variant, enum worker_name name,
                           enum fpu_use fpu)
{
    struct worker *low = prepare(b, CLIENT, PRIORITY);
    struct worker *high = prepare(b, name, HIGHER);
    always(low, plain_trap(seL4_SysSend, b->ntfn));
    always(high, plain_trap(seL4_SysWait, b->ntfn));
    low->dirty_fpu = fpu == FPU_DIRTY;
    high->dirty_fpu = fpu == FPU_DIRTY;
    high->rounds = ROUNDS_MAX;
    set_fpu(b, CLIENT, fpu != FPU_OFF);
    set_fpu(b, name, fpu != FPU_OFF);
    start(high);
    run(b, low);
    report_leg(b, "signal-to-higher", variant, CLIENT, name, 0);
    report_leg(b, "wait-to-lower", variant, name, CLIENT, 0);
    set_fpu(b, CLIENT, true);
    set_fpu(b, name, true);
}

/* A signal that makes a lower thread ready. That one waits again before the next signal comes: the
 * root task, which is lower still, tells the higher one to go on. */
static void measure_signal_to_lower(struct bench *b)
{
    struct worker *high = prepare(b, CLIENT, PRIORITY);
    struct worker *low = prepare(b, SERVER, LOWER);
    always(high, plain_trap(seL4_SysSend, b->ntfn));
    always(low, plain_trap(seL4_SysWait, b->ntfn));
    high->after = do_wait;
    high->object = b->ntfn_back;
    low->rounds = ROUNDS_MAX;
    start(low);
    start(high);
    while (!high->finished) {
        seL4_Signal(b->ntfn_back);
    }
    stop_all(b);
    report_leg(b, "signal-to-lower", "", CLIENT, CLIENT, 0);
}

static void measure_yield_to_other(struct bench *b, const char *variant, enum worker_name name)
{
    struct worker *one = prepare(b, CLIENT, PRIORITY);
    struct worker *other = prepare(b, name, PRIORITY);
    always(one, plain_trap(seL4_SysYield, 0));
    always(other, plain_trap(seL4_SysYield, 0));
    run_together(b, one, other);
    report_leg(b, "yield-to-other", variant, CLIENT, name, 0);
}

/* ---- Faults and interrupts ---- */

static void map_page(struct worker *w, uint32_t round)
{
    must(seL4_RISCV_Page_Map(w->object + round, seL4_CapInitThreadVSpace,
                             PAGES + round * USER_PAGE_SIZE, seL4_ReadWrite,
                             seL4_RISCV_Default_VMAttributes),
         "Page_Map");
}

static void measure_fault(struct bench *b, const char *variant, enum worker_name name, bool active)
{
    struct worker *client = prepare(b, CLIENT, PRIORITY);
    struct worker *handler = prepare(b, name, PRIORITY);
    client->kind = WORKER_LOAD;
    client->address = PAGES;
    handler->first =
        trap(seL4_SysRecv, b->fault_endpoint, seL4_MessageInfo_new(0, 0, 0, 0), b->reply);
    handler->next =
        trap(seL4_SysReplyRecv, b->fault_endpoint, seL4_MessageInfo_new(0, 0, 0, 0), b->reply);
    handler->rounds = ROUNDS_MAX;
    handler->after = map_page;
    handler->object = b->pages;
    start_server(handler, active);
    run(b, client);
    report_leg(b, "fault", variant, CLIENT, name, 0);
    report_leg(b, "fault-reply", variant, name, CLIENT, 0);
    for (uint32_t i = 0; i < ROUNDS; i++) {
        must(seL4_RISCV_Page_Unmap(b->pages + i), "Page_Unmap");
    }
}

static void serve(struct worker *w, uint32_t round)
{
    (void)round;
    serial_interrupts(&w->serial, 0);
    serial_events(&w->serial);
    must(seL4_IRQHandler_Ack(w->object), "IRQHandler_Ack");
    seL4_Poll(w->first.a0, NULL); /* A level-triggered source may have signalled once more. */
    *w->served = true;
}

/* From the store that causes it to the thread that handles it; on the way, the interrupted thread
 * executes the store alone. */
static void measure_interrupt(struct bench *b, const char *variant, enum worker_name name)
{
    bool sifive = b->uart.kind == SERIAL_SIFIVE;
    struct worker *client = prepare(b, CLIENT, PRIORITY);
    struct worker *driver = prepare(b, name, HIGHER);
    client->kind = WORKER_DEVICE;
    client->address = b->uart.base + (sifive ? SF_IE : (uint64_t)NS_IER << b->uart.reg_shift);
    client->value = sifive ? SF_IE_SENT : NS_IER_SENT;
    always(driver, plain_trap(seL4_SysWait, b->irq_ntfn));
    driver->rounds = ROUNDS_MAX;
    driver->after = serve;
    driver->object = b->irq;
    serial_drain(&b->uart);
    start(driver);
    run(b, client);
    report_leg(b, "interrupt", variant, CLIENT, name, 1);
}

static void set_slice(struct bench *b, enum worker_name name, seL4_Time us)
{
    must(seL4_SchedControl_Configure(b->info->schedcontrol.start, b->workers[name].thread.sc, us,
                                     us, 0, 0),
         "SchedControl_Configure");
}

/* The end of a time slice. What is left of the two loops, up to twice SPIN_LENGTH, less one round,
 * is in the cost of going from one to the other. */
static void measure_tick(struct bench *b)
{
    struct worker *one = prepare(b, CLIENT, PRIORITY);
    one->kind = WORKER_SPIN;
    set_slice(b, CLIENT, SHORT_SLICE_US);
    run(b, one);
    report_leg(b, "tick", "", CLIENT, CLIENT, SPIN_LENGTH - 1);

    one = prepare(b, CLIENT, PRIORITY);
    struct worker *other = prepare(b, SERVER, PRIORITY);
    one->kind = WORKER_SPIN;
    other->kind = WORKER_SPIN;
    set_slice(b, SERVER, SHORT_SLICE_US);
    run_together(b, one, other);
    report_leg(b, "tick-to-other", "", CLIENT, SERVER, SPIN_LENGTH - 1);
    set_slice(b, CLIENT, SLICE_US);
    set_slice(b, SERVER, SLICE_US);
}

/* ---- The stage ---- */

static void object(struct bench *b, seL4_Word type, seL4_CPtr *cap)
{
    must(alloc_object(&b->alloc, type, 0, cap), "making an object");
}

static void map_copy(struct bench *b, const struct space *space, seL4_CPtr frame, uint64_t vaddr)
{
    seL4_CPtr copy;
    must(alloc_mint(&b->alloc, frame, seL4_ReadWrite, 0, &copy), "copying a frame");
    must(space_map(&b->alloc, space, copy, vaddr, seL4_ReadWrite), "mapping a frame");
}

static void make_memory(struct bench *b)
{
    seL4_CPtr frames[SHARED_PAGES];
    b->space.vspace = seL4_CapInitThreadVSpace;
    must(space_create(&b->alloc, seL4_CapInitThreadASIDPool, &b->foreign), "an address space");
    must(space_share_image(&b->alloc, &b->foreign, b->info), "sharing the program");
    must(space_map_new(&b->alloc, &b->space, SHARED, SHARED_PAGES, frames), "shared memory");
    for (uint32_t i = 0; i < SHARED_PAGES; i++) {
        map_copy(b, &b->foreign, frames[i], SHARED + i * USER_PAGE_SIZE);
    }
    b->workers = (struct worker *)(uintptr_t)SHARED; // NOLINT: just mapped.
    b->served = (volatile bool *)&b->workers[WORKERS];
    must(space_tables(&b->alloc, &b->space, PAGES), "page tables");
    object(b, seL4_RISCV_4K_Page, &b->pages);
    for (uint32_t i = 1; i < ROUNDS; i++) {
        seL4_CPtr page;
        object(b, seL4_RISCV_4K_Page, &page); /* Slots are handed out in order. */
    }
}

static void make_devices(struct bench *b)
{
    const struct devices_serial *found = &b->console.devices.serial;
    uint64_t page = found->paddr & ~(USER_PAGE_SIZE - 1);
    must(found->kind == SERIAL_NONE || found->irq == 0 ? seL4_FailedLookup : seL4_NoError,
         "a serial port with an interrupt");
    map_copy(b, &b->space, console_frame(&b->console, page), UART);
    map_copy(b, &b->foreign, console_frame(&b->console, page), UART);
    b->uart = (struct serial){.kind = found->kind,
                              .base = UART + (found->paddr - page),
                              .reg_shift = found->reg_shift,
                              .reg_width = found->reg_width};
    serial_init(&b->uart);
    b->irq = alloc_slot(&b->alloc);
    must(seL4_IRQControl_Get(seL4_CapIRQControl, found->irq, seL4_CapInitThreadCNode, b->irq,
                             ALLOC_DEPTH),
         "IRQControl_Get");
    must(seL4_IRQHandler_SetNotification(b->irq, b->irq_ntfn), "IRQHandler_SetNotification");
}

static void make_workers(struct bench *b)
{
    static const char *const names[WORKERS] = {"client", "server", "foreigner"};
    for (uint32_t i = 0; i < WORKERS; i++) {
        struct worker *w = &b->workers[i];
        struct thread_spec spec = {
            .name = names[i],
            .area = THREADS + i * THREAD_AREA_PAGES * USER_PAGE_SIZE,
            .space = i == FOREIGNER ? &b->foreign : &b->space,
            .cspace = seL4_CapInitThreadCNode,
            .authority = seL4_CapInitThreadTCB,
            .priority = PRIORITY,
            .sched_control = b->info->schedcontrol.start,
            .budget_us = SLICE_US,
            .period_us = SLICE_US,
            .fault_endpoint = i == CLIENT ? b->fault_endpoint : seL4_CapNull,
        };
        must(worker_create(&b->alloc, spec, w), "making a thread");
        w->done = b->done;
        w->park = b->park;
        w->serial = b->uart;
        w->served = b->served;
    }
}

static void make_all(struct bench *b, const seL4_BootInfo *info)
{
    *b = (struct bench){.info = info, .space = {seL4_CapInitThreadVSpace}};
    alloc_init(&b->alloc, info);
    must(console_open(&b->console, &b->alloc, &b->space, info), "the console");
    must(seL4_SchedControl_Configure(info->schedcontrol.start, seL4_CapInitThreadSC, SLICE_US,
                                     SLICE_US, 0, 0),
         "SchedControl_Configure");
    make_memory(b);
    object(b, seL4_EndpointObject, &b->endpoint);
    object(b, seL4_EndpointObject, &b->fault_endpoint);
    object(b, seL4_ReplyObject, &b->reply);
    object(b, seL4_NotificationObject, &b->ntfn);
    object(b, seL4_NotificationObject, &b->ntfn_back);
    object(b, seL4_NotificationObject, &b->irq_ntfn);
    object(b, seL4_NotificationObject, &b->done);
    object(b, seL4_NotificationObject, &b->park);
    b->slot = alloc_slot(&b->alloc);
    make_devices(b);
    make_workers(b);
    set_priority(seL4_CapInitThreadTCB, MAIN_PRIORITY);
    b->overhead = measured_overhead();
}

void root_task(void *bootinfo)
{
    static struct bench b; /* Too large for the stack. */
    make_all(&b, (const seL4_BootInfo *)bootinfo);
    print("bench reading-the-counter %lu %lu\n", b.overhead, b.overhead);
    measure_alone(&b);
    measure_calls(&b);
    measure_switch(&b, "", SERVER, FPU_CLEAN);
    measure_switch(&b, "-dirty-fpu", SERVER, FPU_DIRTY);
    measure_switch(&b, "-nofpu", SERVER, FPU_OFF);
    measure_switch(&b, "-space", FOREIGNER, FPU_CLEAN);
    measure_switch(&b, "-nofpu-space", FOREIGNER, FPU_OFF);
    measure_signal_to_lower(&b);
    measure_yield_to_other(&b, "", SERVER);
    measure_yield_to_other(&b, "-space", FOREIGNER);
    measure_fault(&b, "", SERVER, false);
    measure_fault(&b, "-space", FOREIGNER, false);
    measure_fault(&b, "-active", SERVER, true);
    measure_fault(&b, "-active-space", FOREIGNER, true);
    measure_interrupt(&b, "", SERVER);
    measure_interrupt(&b, "-space", FOREIGNER);
    measure_tick(&b);
    print("bench end\n");
    user_halt();
}
