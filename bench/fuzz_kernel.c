/* SPDX-License-Identifier: BSD-2-Clause */

/* How many kernel entries a second the simulator makes of a scripted thread, as a fuzzer plays it:
 * without invariant checks, a mix of NBSend, Signal, Wait, Yield, Call and ReplyRecv.
 *
 * Times are CPU time of this process. Usage: fuzz_kernel [rounds], of six entries each. Prints
 * "kernel entries/s N".
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/bootinfo.h"
#include "core/kernel.h"
#include "core/ram.h"
#include "core/thread.h"
#include "hosted/sim.h"

enum {
    ENTRIES = 6, /* Of a round. */
    LABEL_SHIFT = 12,
    CAPS_SHIFT = 7,
    BUDGET_US = 10000,
    SERVER_PRIORITY = 254, /* Root has 255: nobody is woken into its way. */
    SC_BITS = 8,
    UNTYPED_BITS_LEAST = 16,
};

static struct sim *sim;
static struct thread *root;
static uint64_t memory; /* An untyped capability. */
static uint64_t next_slot;

static void fail(const char *what)
{
    fprintf(stderr, "fuzz_kernel: %s %s\n", what, sim == NULL ? "" : sim_message(sim));
    exit(1);
}

/* --- System calls of the current thread ------------------------------------------------------- */

static void ecall(int64_t number, uint64_t a0, uint64_t info, uint64_t reply)
{
    struct regs *regs = &sim_current(sim)->regs;
    regs->x[REG_A0] = a0;
    regs->x[REG_A0 + 1] = info;
    regs->x[REG_A0 + 6] = reply;
    regs->x[REG_A7] = (uint64_t)number;
    sim_syscall(sim);
}

struct message {
    uint64_t length;
    uint64_t words[8];
    uint64_t caps[ABI_MSG_MAX_CAPS];
};

static void invoke(uint64_t cap, uint64_t label, const struct message *message)
{
    const struct cap *frame = &root->slots[THREAD_BUFFER].cap;
    uint64_t *buffer = ram_words(sim_kernel(sim), frame->paddr + root->buffer_vaddr % 4096);
    memcpy(&root->regs.x[REG_A0 + 2], message->words, ABI_MSG_REGISTERS * sizeof *buffer);
    memcpy(buffer + ABI_BUFFER_MSG, message->words, sizeof message->words);
    memcpy(buffer + ABI_BUFFER_CAPS, message->caps, sizeof message->caps);
    ecall(ABI_SYS_CALL, cap,
          label << LABEL_SHIFT | ABI_MSG_MAX_CAPS << CAPS_SHIFT | message->length, 0);
    if (sim_status(sim) != SIM_RUNNING || sim_current(sim) != root ||
        root->regs.x[REG_A0 + 1] >> LABEL_SHIFT != 0) {
        fail("an invocation fails while the system is built");
    }
}

static uint64_t make(uint64_t type, uint64_t bits)
{
    uint64_t slot = next_slot++;
    invoke(memory, ABI_LABEL_UNTYPED_RETYPE,
           &(struct message){6, {type, bits, 0, 0, slot, 1}, {ABI_SLOT_INIT_CNODE}});
    return slot;
}

/* --- The system ------------------------------------------------------------------------------- */

struct objects {
    uint64_t endpoint, notification, reply;
    struct thread *server;
};

static void find_memory(const struct bootinfo *info)
{
    uint64_t count = info->untyped.end - info->untyped.start;
    for (uint64_t i = 0; i < count; i++) {
        const struct bootinfo_untyped *untyped = &info->untyped_list[i];
        if (untyped->is_device == 0 && untyped->size_bits >= UNTYPED_BITS_LEAST) {
            memory = info->untyped.start + i;
        }
    }
    if (memory == 0) {
        fail("no untyped memory is large enough");
    }
}

/* The server waits for calls, and root is current. */
static void build(struct objects *o)
{
    const struct slot *slots = root->slots[THREAD_CSPACE].cap.slots;
    const struct bootinfo *info = ram_at(sim_kernel(sim), slots[ABI_SLOT_BOOTINFO_FRAME].cap.paddr);
    next_slot = info->empty.start;
    find_memory(info);
    o->endpoint = make(ABI_OBJECT_ENDPOINT, 0);
    o->notification = make(ABI_OBJECT_NOTIFICATION, 0);
    o->reply = make(ABI_OBJECT_REPLY, 0);
    uint64_t tcb = make(ABI_OBJECT_TCB, 0);
    uint64_t sc = make(ABI_OBJECT_SCHED_CONTEXT, SC_BITS);
    o->server = slots[tcb].cap.thread;
    invoke(info->sched_control.start, ABI_LABEL_SCHED_CONTROL_CONFIGURE_FLAGS,
           &(struct message){5, {BUDGET_US, BUDGET_US}, {sc}});
    invoke(tcb, ABI_LABEL_TCB_CONFIGURE,
           &(struct message){3, {0}, {ABI_SLOT_INIT_CNODE, ABI_SLOT_INIT_VSPACE}});
    invoke(tcb, ABI_LABEL_TCB_SET_SCHED_PARAMS,
           &(struct message){2, {0, SERVER_PRIORITY}, {ABI_SLOT_INIT_TCB, sc}});
    invoke(tcb, ABI_LABEL_TCB_RESUME, &(struct message){0});
    ecall(ABI_SYS_WAIT, o->notification, 0, 0); /* Root waits, so that the server runs. */
    if (sim_current(sim) != o->server) {
        fail("the server does not run");
    }
    ecall(ABI_SYS_NB_SEND, o->notification, 0, 0);
    if (sim_current(sim) != root) {
        fail("root does not run again");
    }
    ecall(ABI_SYS_CALL, o->endpoint, 0, 0); /* It is queued until the server receives. */
    ecall(ABI_SYS_RECV, o->endpoint, 0, o->reply);
    ecall(ABI_SYS_REPLY_RECV, o->endpoint, 0, o->reply);
    if (sim_current(sim) != root) {
        fail("the server does not answer");
    }
}

static void run_round(const struct objects *o)
{
    ecall(ABI_SYS_NB_SEND, ABI_SLOT_NULL, 0, 0);
    ecall(ABI_SYS_SEND, o->notification, 0, 0);
    ecall(ABI_SYS_WAIT, o->notification, 0, 0);
    ecall(ABI_SYS_YIELD, 0, 0, 0);
    ecall(ABI_SYS_CALL, o->endpoint, 4, 0);
    ecall(ABI_SYS_REPLY_RECV, o->endpoint, 4, o->reply);
}

/* Every call of a round does what it is for. */
static void check_round(const struct objects *o)
{
    ecall(ABI_SYS_SEND, o->notification, 0, 0);
    ecall(ABI_SYS_WAIT, o->notification, 0, 0);
    bool good = sim_current(sim) == root;
    ecall(ABI_SYS_YIELD, 0, 0, 0);
    good = good && sim_current(sim) == root;
    ecall(ABI_SYS_CALL, o->endpoint, 4, 0);
    good = good && sim_current(sim) == o->server;
    ecall(ABI_SYS_REPLY_RECV, o->endpoint, 4, o->reply);
    if (!good || sim_current(sim) != root || !sim_check(sim)) {
        fail("a round goes wrong");
    }
}

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static uint64_t number(const char *text)
{
    char *end = NULL;
    uint64_t value = strtoull(text, &end, 10);
    if (end == text || *end != '\0' || value == 0) {
        fprintf(stderr, "fuzz_kernel: not a number of rounds: %s\n", text);
        exit(2);
    }
    return value;
}

int main(int argc, char **argv)
{
    uint64_t rounds = argc > 1 ? number(argv[1]) : 2000000;
    struct sim_config config;
    struct sim_error error;
    struct objects objects;
    sim_config_default(&config);
    sim_config_memory(&config, 4 << 20);
    config.check_every = 0;
    sim = sim_create(&config, &error);
    if (sim == NULL) {
        fail(error.text);
    }
    root = sim_current(sim);
    build(&objects);
    check_round(&objects);
    uint64_t entries = sim_events(sim);
    double start = cpu_seconds();
    for (uint64_t i = 0; i < rounds; i++) {
        run_round(&objects);
    }
    double seconds = cpu_seconds() - start;
    entries = sim_events(sim) - entries;
    check_round(&objects);
    if (entries != ENTRIES * rounds) {
        fail("there were other kernel entries, too");
    }
    printf("kernel entries/s %.0f\n", (double)entries / seconds);
    sim_destroy(sim);
    return 0;
}
