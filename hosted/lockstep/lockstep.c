/* SPDX-License-Identifier: BSD-2-Clause */

#include "hosted/lockstep/lockstep.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "core/config.h"
#include "core/kernel.h"
#include "hosted/board_devices.h"
#include "hosted/elf.h"
#include "hosted/lockstep/internal.h"
#include "hosted/sim.h"
#include "hosted/words.h"

/* Instructions behind the place where user code should have entered the kernel by itself: an ecall
 * counts as one, and a loop of instructions that only QEMU refuses must end. */
enum { SLACK = 2 };

/* After the last event, for programs that switch the machine off by a device. */
#define LAST_RUN ((uint64_t)1 << 24)

/* --- Differences ------------------------------------------------------------------------------ */

void lockstep_differ(struct lockstep *l, const char *format, ...)
{
    va_list arguments;
    char *text = l->result->difference;
    if (!l->result->same) {
        return; /* The first one is the cause of all others. */
    }
    l->result->same = false;
    uint64_t number = l->event == NULL ? 0 : l->event->number;
    int length = snprintf(text, LOCKSTEP_TEXT, "event %" PRIu64 ": ", number);
    va_start(arguments, format);
    vsnprintf(text + length, LOCKSTEP_TEXT - (size_t)length, format, arguments);
    va_end(arguments);
}

static void current_place(const struct lockstep *l, struct log_place *place)
{
    const struct thread *thread = sim_current(l->sim);
    memset(place, 0, sizeof *place);
    if (!sim_is_idle(l->sim)) {
        place->thread = (uint64_t)(uintptr_t)thread - SIM_WINDOW;
        place->pc = thread->regs.pc;
        memcpy(place->x, thread->regs.x, sizeof place->x);
    }
}

/* `when`: "enters the kernel", ... */
static void compare_place(struct lockstep *l, const char *when, const struct log_place *log)
{
    struct log_place here;
    char text[LOCKSTEP_TEXT]; /* Room for all registers. */
    size_t length = 0;
    current_place(l, &here);
    if (log->thread != here.thread) {
        lockstep_differ(l, "thread %" PRIx64 " %s, but here it is thread %" PRIx64 " (0: idle)",
                        log->thread, when, here.thread);
        return;
    }
    if (here.thread == 0) {
        return;
    }
    if (log->pc != here.pc) {
        lockstep_differ(l, "thread %" PRIx64 " %s at pc 0x%" PRIx64 ", but here at 0x%" PRIx64,
                        log->thread, when, log->pc, here.pc);
        return;
    }
    for (uint32_t i = 1; i < 32; i++) {
        if (log->x[i] != here.x[i]) {
            length += (size_t)snprintf(text + length, sizeof text - length,
                                       "\n    %s: 0x%" PRIx64 ", here 0x%" PRIx64,
                                       words_register(i), log->x[i], here.x[i]);
        }
    }
    if (length != 0) {
        lockstep_differ(l, "thread %" PRIx64 " %s at pc 0x%" PRIx64 " with other registers:%s",
                        log->thread, when, log->pc, text);
    }
}

static void compare_deadline(struct lockstep *l, uint64_t log)
{
    uint64_t here = sim_deadline(l->sim);
    if (log != here) {
        lockstep_differ(l, "the timer is set to %" PRIu64 ", but here to %" PRIu64, log, here);
    }
}

/* --- One event -------------------------------------------------------------------------------- */

static enum sim_event kind_of(const struct log_event *event)
{
    switch (event->cause) {
    case LOG_CAUSE_ECALL:
        return SIM_EVENT_SYSCALL;
    case LOG_CAUSE_TIMER:
        return SIM_EVENT_TICK;
    case LOG_CAUSE_EXTERNAL:
        return SIM_EVENT_IRQ;
    default:
        return SIM_EVENT_FAULT;
    }
}

static void compare_reason(struct lockstep *l, enum sim_event event, uint64_t a, uint64_t b)
{
    const struct log_event *log = l->event;
    uint64_t cause = event == SIM_EVENT_SYSCALL ? LOG_CAUSE_ECALL : a;
    uint64_t value = event == SIM_EVENT_SYSCALL ? 0 : b;
    if (event == SIM_EVENT_TICK || event == SIM_EVENT_IRQ) { /* Fired by this file. */
        cause = log->cause;
        value = event == SIM_EVENT_IRQ ? log->value : 0;
    }
    /* At a breakpoint stval is the address or 0, as the hardware likes. */
    bool same_value = value == log->value || (cause == LOG_CAUSE_BREAKPOINT && log->value == 0);
    if (cause != log->cause || !same_value) {
        lockstep_differ(l,
                        "the kernel is entered with scause 0x%" PRIx64 ", stval 0x%" PRIx64
                        ", but here with 0x%" PRIx64 ", 0x%" PRIx64,
                        log->cause, log->value, cause, value);
    }
}

/* In virtual time both count instructions. An ecall has come to its end when it enters the kernel,
 * a page fault's instruction has not. Other exceptions come by way of the firmware, whose
 * instructions are counted, too. */
static void compare_count(struct lockstep *l)
{
    uint64_t cause = l->event->cause;
    uint64_t log = l->event->before.cycles - l->event->resumed;
    uint64_t here = sim_instructions(l->sim) - l->instructions;
    bool firmware = cause < LOG_CAUSE_FETCH_PAGE && cause != LOG_CAUSE_ECALL;
    uint64_t counted = cause == LOG_CAUSE_ECALL ? here + 1 : here;
    if (firmware ? counted > log : counted != log) {
        lockstep_differ(l,
                        "the thread has executed %" PRIu64 " instructions since it was let go, "
                        "but here %" PRIu64,
                        log, counted);
    }
}

static void before(void *context, enum sim_event event, uint64_t a, uint64_t b)
{
    struct lockstep *l = context;
    bool idle = sim_is_idle(l->sim);
    l->entered = true;
    sim_set_time(l->sim, l->event->time);
    compare_place(l, "enters the kernel", &l->event->before);
    compare_reason(l, event, a, b);
    if (!idle && l->result->same) {
        compare_count(l);
    }
    lockstep_trace_before(l, event, a, b);
}

static void after(void *context)
{
    lockstep_trace_after(context);
}

static bool poll(void *context, uint64_t *now)
{
    struct lockstep *l = context;
    const struct log_event *event = l->event;
    uint32_t n = l->polls++;
    if (n >= event->poll_count) {
        lockstep_differ(l, "the kernel looks for interrupts %" PRIu32 " times, but here once more",
                        event->poll_count);
        return true;
    }
    *now = event->polls[n].time;
    return event->polls[n].pending;
}

static uint32_t claim(void *context)
{
    struct lockstep *l = context;
    if (!l->event->has_claim) {
        lockstep_differ(l, "the kernel claims no interrupt, but here it does");
    }
    l->claims++;
    return l->event->claim;
}

/* User code runs up to where the kernel is entered. */
static void reach(struct lockstep *l)
{
    const struct log_event *event = l->event;
    uint64_t count = event->before.cycles - event->resumed;
    enum sim_event kind = kind_of(event);
    bool by_itself = kind == SIM_EVENT_SYSCALL || kind == SIM_EVENT_FAULT;
    uint64_t limit = saturating_add(count, by_itself ? SLACK : 0);

    sim_set_cycles(l->sim, event->resumed);
    l->instructions = sim_instructions(l->sim);
    if (sim_user_run(l->sim, limit) && !by_itself) {
        lockstep_differ(l,
                        "an interrupt comes after %" PRIu64
                        " instructions, but here user code enters the kernel before",
                        count);
    }
    if (!l->entered && by_itself) {
        lockstep_differ(
            l,
            "thread %" PRIx64 " enters the kernel at pc 0x%" PRIx64
            ", but here user code does not within %" PRIu64 " instructions and is at 0x%" PRIx64,
            event->before.thread, event->before.pc, count, sim_current(l->sim)->regs.pc);
    }
}

static void step(struct lockstep *l)
{
    const struct log_event *event = l->event;
    enum sim_event kind = kind_of(event);
    l->entered = false;
    l->polls = 0;
    l->claims = 0;
    if (event->before.thread != 0 && !sim_is_idle(l->sim)) {
        reach(l);
    }
    if (!l->result->same) {
        return;
    }
    if (!l->entered) {
        sim_fire(l->sim, kind, kind == SIM_EVENT_IRQ ? event->value : 0, 0);
    }
    if (l->polls < event->poll_count || (event->has_claim && l->claims == 0)) {
        lockstep_differ(
            l, "the kernel looks for interrupts %" PRIu32 " times, but here %" PRIu32 " times",
            event->poll_count, l->polls);
    }
    if (event->has_after && sim_status(l->sim) != SIM_RUNNING) {
        lockstep_differ(l, "the kernel goes on, but here it ends: %s",
                        sim_status(l->sim) == SIM_HALTED ? "halted" : sim_message(l->sim));
    } else if (event->has_after) {
        compare_place(l, "goes on", &event->after);
        compare_deadline(l, event->deadline);
    } else if (sim_status(l->sim) == SIM_RUNNING && l->log->header->full == 0) {
        lockstep_differ(l, "the kernel does not come back, but here it does");
    }
}

/* --- The machine ------------------------------------------------------------------------------ */

/* Always false. */
static bool fail(struct lockstep_error *error, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool fail(struct lockstep_error *error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(error->text, sizeof error->text, format, arguments);
    va_end(arguments);
    return false;
}

static bool check_config(const struct events_header *h, struct lockstep_error *error)
{
    if (h->debug != CONFIG_DEBUG || h->fpu != CONFIG_FPU || h->domains != CONFIG_DOMAINS ||
        h->cores != CONFIG_CORES) {
        return fail(error,
                    "the log is of a kernel with debug=%u fpu=%u domains=%u cores=%u; this "
                    "program has debug=%d fpu=%d domains=%d cores=%d",
                    h->debug, h->fpu, h->domains, h->cores, CONFIG_DEBUG, CONFIG_FPU,
                    CONFIG_DOMAINS, CONFIG_CORES);
    }
    return true;
}

static bool load_image(struct lockstep *l, struct lockstep_error *error)
{
    const struct boot_params *p = &l->log->header->params;
    const char *path = l->options->image;
    struct elf_error wrong;
    size_t size;
    uint64_t sum = 0;
    uint8_t *file = elf_read_file(path, &size, &wrong);
    bool good = file != NULL && elf_parse(path, file, size, CONFIG_FPU, &l->image, &wrong);
    if (good) {
        l->image_hash = XXH3_64bits(file, size);
    }
    free(file);
    if (!good) {
        return fail(error, "%s", wrong.text);
    }
    for (uint64_t i = 0; i < l->image.byte_count; i++) {
        sum += (uint64_t)l->image.bytes[i] << 8 * (i % 8);
    }
    if (l->image.size != p->image.end - p->image.start ||
        l->image.vaddr != p->image.start - p->image_offset || l->image.entry != p->entry ||
        sum != l->log->header->image_sum) {
        return fail(error, "%s is not the root task that the log is of", path);
    }
    return true;
}

static bool same_start(struct boot_region region, uint64_t start)
{
    return region.start == align_down(start, ABI_PAGE_BITS);
}

/* The kernel and the tree are reserved by the simulator itself. */
static void configure_memory(const struct log *log, struct sim_config *config)
{
    const struct boot_params *p = &log->header->params;
    config->ram_count = p->ram_count;
    memcpy(config->ram, p->ram, sizeof config->ram);
    config->device_count = p->device_count;
    memcpy(config->devices, p->devices, sizeof config->devices);
    config->reserved_count = 0;
    for (uint32_t i = 0; i < p->reserved_count; i++) {
        if (!same_start(p->reserved[i], log->header->kernel.start) &&
            (p->dtb_size == 0 || !same_start(p->reserved[i], p->dtb))) {
            config->reserved[config->reserved_count++] = p->reserved[i];
        }
    }
    config->kernel_paddr = log->header->kernel.start;
    config->kernel_size = log->header->kernel.end - log->header->kernel.start;
    config->image_paddr = p->image.start;
    config->dtb_paddr = p->dtb;
    config->dtb_size = p->dtb_size;
}

static void configure(const struct lockstep *l, struct sim_config *config)
{
    const struct boot_params *p = &l->log->header->params;
    sim_config_default(config);
    configure_memory(l->log, config);
    config->image_vaddr = l->image.vaddr;
    config->image_size = l->image.size;
    config->image_entry = l->image.entry;
    config->interpret = true;
    config->ticks_per_us = p->timer_hz / 1000000;
    config->instructions_per_tick = 1000000000 / p->timer_hz; /* One in a nanosecond. */
    config->start_time = p->now;
    config->irq_max = p->irq_max;
    config->irq_complete_at_claim = p->irq_complete_at_claim;
    config->root_cnode_bits = p->root_cnode_bits;
    config->boot_slice_ms = p->boot_slice_ms;
    config->check_every = 0;
}

/* QEMU's serial port sends at once. */
static bool create(struct lockstep *l, struct lockstep_error *error)
{
    struct sim_error wrong;
    struct sim_config config = l->config;
    config.image_data = l->image.bytes;
    config.image_data_size = l->image.byte_count;
    config.dtb = l->log->tree;
    config.console = l->options->console;
    l->sim = sim_create(&config, &wrong);
    if (l->sim == NULL) {
        return fail(error, "the simulator cannot be what the log says: %s", wrong.text);
    }
    if (!board_devices_attach(&l->devices, l->sim)) {
        return fail(error, "there is RAM where the devices should be, at 0x%x and 0x%x",
                    BOARD_FINISHER_PADDR, BOARD_UART_PADDR);
    }
    l->devices.uart.byte_ticks = 0;
    struct sim_observer observer = {.context = l, .before = before, .after = after};
    struct sim_inputs inputs = {.context = l, .poll = poll, .claim = claim};
    sim_observe(l->sim, &observer);
    sim_set_inputs(l->sim, &inputs);
    sim_hold_irqs(l->sim, true);
    return true;
}

/* --- All of it -------------------------------------------------------------------------------- */

/* What comes behind the last event in the log. */
static void finish(struct lockstep *l)
{
    char *text = l->result->ending;
    if (l->log->header->full != 0) {
        snprintf(text, LOCKSTEP_TEXT, "stopped: the log was full");
        return;
    }
    if (sim_status(l->sim) == SIM_RUNNING && !sim_is_idle(l->sim)) {
        sim_observe(l->sim, NULL);
        sim_set_cycles(l->sim, l->log->resumed);
        (void)sim_user_run(l->sim, LAST_RUN);
    }
    if (sim_status(l->sim) == SIM_PANICKED) {
        snprintf(text, LOCKSTEP_TEXT, "panic: %s", sim_message(l->sim));
    } else {
        snprintf(text, LOCKSTEP_TEXT, "%s",
                 sim_status(l->sim) == SIM_HALTED ? "halted" : "stopped");
    }
}

static void play(struct lockstep *l)
{
    struct lockstep_result *result = l->result;
    result->same = true;
    lockstep_trace_begin(l);
    compare_place(l, "starts", &l->log->first);
    compare_deadline(l, l->log->deadline);
    while (result->same && (l->event = log_next(l->log)) != NULL) {
        step(l);
        result->events += result->same ? 1 : 0;
    }
    if (result->same) {
        finish(l);
    }
    lockstep_trace_end(l);
}

bool lockstep_run(struct log *log, const struct lockstep_options *options,
                  struct lockstep_result *result, struct lockstep_error *error)
{
    struct lockstep *l = calloc(1, sizeof *l);
    if (l == NULL) {
        return fail(error, "out of memory");
    }
    memset(result, 0, sizeof *result);
    l->log = log;
    l->options = options;
    l->result = result;
    bool good = check_config(log->header, error) && load_image(l, error);
    if (good) {
        configure(l, &l->config);
        good = create(l, error);
    }
    if (good) {
        play(l);
    }
    sim_destroy(l->sim);
    elf_free(&l->image);
    trace_event_free(&l->line);
    free(l);
    return good;
}
