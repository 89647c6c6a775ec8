/* SPDX-License-Identifier: BSD-2-Clause */

#include "core/debug.h"

#include <stddef.h>

#include "core/cdt.h"
#include "core/cspace.h"
#include "core/kernel.h"
#include "core/machine.h"
#include "core/thread.h"

static const char *cap_name(uint8_t type)
{
    switch ((enum cap_type)type) {
#define ABI_X(number, name, words)                                                                 \
    case CAP_##name:                                                                               \
        return words;
        ABI_CAPS(ABI_X)
#undef ABI_X
    }
    return "unknown";
}

static const char *state_name(uint8_t state)
{
    switch ((enum thread_state)state) {
    case THREAD_INACTIVE:
        return "inactive";
    case THREAD_RUNNING:
        return "running";
    case THREAD_RESTART:
        return "restart";
    case THREAD_BLOCKED_ON_RECEIVE:
        return "blocked on recv";
    case THREAD_BLOCKED_ON_SEND:
        return "blocked on send";
    case THREAD_BLOCKED_ON_REPLY:
        return "blocked on reply";
    case THREAD_BLOCKED_ON_NOTIFICATION:
        return "blocked on ntfn";
    case THREAD_IDLE:
        return "idle";
    }
    return "unknown";
}

static const char *fault_name(uint8_t type)
{
    switch ((enum fault_type)type) {
#define ABI_X(value, name, words)                                                                  \
    case FAULT_##name:                                                                             \
        return #words;
        ABI_FAULTS(ABI_X)
#undef ABI_X
    }
    return "unknown";
}

void debug_print(struct kernel *k, const char *text)
{
    if (!CONFIG_DEBUG) {
        return;
    }
    for (uint32_t i = 0; text[i] != 0; i++) {
        machine_console(k->machine, text[i]);
    }
}

void debug_print_number(struct kernel *k, uint64_t value, uint32_t base)
{
    char digits[32];
    uint32_t i = sizeof(digits) - 1;

    digits[i] = 0;
    do {
        i--;
        digits[i] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0);
    debug_print(k, base == 16 ? "0x" : "");
    debug_print(k, &digits[i]);
}

void debug_unhandled_fault(struct kernel *k, const struct thread *thread)
{
    debug_print(k, "unhandled ");
    debug_print(k, fault_name(thread->fault.type));
    debug_print(k, " of '");
    debug_print(k, thread->name);
    debug_print(k, "' at ");
    debug_print_number(k, thread->regs.fault_pc, 16);
    debug_print(k, ", address or number ");
    debug_print_number(k, thread->fault.address, 16);
    debug_print(k, "\n");
}

void debug_unexpected_irq(struct kernel *k, uint32_t irq, const char *what)
{
    debug_print(k, "interrupt ");
    debug_print_number(k, irq, 10);
    debug_print(k, what);
}

/* Prints `text` in a column of `width` characters, cut if it is longer. */
static void print_column(struct kernel *k, const char *text, uint32_t width)
{
    bool ended = false;

    for (uint32_t i = 0; i < width; i++) {
        ended = ended || text[i] == 0;
        machine_console(k->machine, ended ? ' ' : text[i]);
    }
    machine_console(k->machine, ' ');
}

static void print_thread(struct kernel *k, const struct thread *thread)
{
    print_column(k, thread->name, 40);
    print_column(k, state_name(thread->state), 16);
    debug_print_number(k, thread->regs.fault_pc, 16);
    debug_print(k, " ");
    debug_print_number(k, thread->priority, 10);
    if (CONFIG_CORES > 1) {
        debug_print(k, " ");
        debug_print_number(k, thread->core, 10);
    }
    if (CONFIG_DOMAINS > 1) {
        debug_print(k, " ");
        debug_print_number(k, thread->domain, 10);
    }
    debug_print(k, thread->queue == THREAD_QUEUE_RELEASE ? " yes\n" : " no\n");
}

/* Docs/abi/14 section 14.4. */
static void dump_scheduler(struct kernel *k)
{
    debug_print(k, "Dumping all threads\n");
    print_column(k, "Name", 40);
    print_column(k, "State", 16);
    debug_print(k, "IP Prio");
    debug_print(k, CONFIG_CORES > 1 ? " Core" : "");
    debug_print(k, CONFIG_DOMAINS > 1 ? " Domain" : "");
    debug_print(k, " InReleaseQueue\n");
    debug_print(k, "--------------------------------------------------------------------------\n");
    for (const struct thread *t = k->threads; t != NULL; t = t->all_next) {
        print_thread(k, t);
    }
    for (uint32_t i = 0; i < CONFIG_CORES; i++) {
        print_thread(k, k->cores[i].idle);
    }
}

/* Every capability of the system in the order of derivation. */
static void snapshot(struct kernel *k)
{
    const struct slot *slot = cdt_next(k, &k->cdt_root);

    debug_print(k, "capabilities {\n");
    while (slot != NULL) {
        if (!cap_is_null(&slot->cap)) {
            debug_print(k, (slot->cap.cdt & CDT_ORIGINAL) != 0 ? "  " : "    copy ");
            debug_print(k, cap_name(slot->cap.type));
            debug_print(k, " object ");
            debug_print_number(k, slot->cap.paddr, 16);
            debug_print(k, " data ");
            debug_print_number(k, slot->cap.badge, 16);
            debug_print(k, "\n");
        }
        slot = cdt_next(k, slot);
    }
    debug_print(k, "}\n");
}

/* The type number of a capability, 0 if there is none. */
static uint64_t identify(struct thread *thread, uint64_t cptr)
{
    struct slot *slot = NULL;
    struct lookup_failure failure;

    return cspace_lookup(thread, cptr, &slot, &failure) ? slot->cap.type : CAP_NULL;
}

/* Docs/abi/14 section 14.2: a debug kernel halts on wrong arguments. */
static void name_thread(struct kernel *k, struct thread *caller, uint64_t cptr)
{
    struct slot *slot = NULL;
    struct lookup_failure failure;
    const uint64_t *buffer = thread_buffer(k, caller, true);
    uint32_t length = 0;

    if (!cspace_lookup(caller, cptr, &slot, &failure) || slot->cap.type != CAP_TCB ||
        buffer == NULL) {
        debug_print(k, "DebugNameThread: not a TCB, or no IPC buffer\n");
        machine_halt(k->machine);
    }
    const char *name = (const char *)(buffer + ABI_BUFFER_MSG);
    while (length < ABI_MSG_MAX_LENGTH * 8 && name[length] != 0) {
        length++;
    }
    if (length == ABI_MSG_MAX_LENGTH * 8) {
        debug_print(k, "DebugNameThread: the name does not end\n");
        machine_halt(k->machine);
    }
    thread_set_name(slot->cap.thread, "", name, "");
}

static void execute(struct kernel *k, int64_t number)
{
    struct thread *thread = current_thread(k);
    uint64_t *x = thread->regs.x;

    if (number == ABI_SYS_DEBUG_PUT_CHAR) {
        machine_console(k->machine, (char)(x[REG_A0] % 256));
    } else if (number == ABI_SYS_DEBUG_DUMP_SCHEDULER) {
        dump_scheduler(k);
    } else if (number == ABI_SYS_DEBUG_HALT) {
        debug_print(k, "halted by '");
        debug_print(k, thread->name);
        debug_print(k, "'\n");
        machine_halt(k->machine);
    } else if (number == ABI_SYS_DEBUG_CAP_IDENTIFY) {
        x[REG_A0] = identify(thread, x[REG_A0]);
    } else if (number == ABI_SYS_DEBUG_SNAPSHOT) {
        snapshot(k);
    } else {
        ASSERT(number == ABI_SYS_DEBUG_NAME_THREAD);
        name_thread(k, thread, x[REG_A0]);
    }
}

bool debug_syscall(struct kernel *k, uint64_t number)
{
    int64_t call = (int64_t)number;

    if (!CONFIG_DEBUG || call > ABI_SYS_DEBUG_PUT_CHAR || call < ABI_SYS_DEBUG_NAME_THREAD) {
        return false;
    }
    k->counters.syscalls[-call]++;
    execute(k, call);
    return true;
}
