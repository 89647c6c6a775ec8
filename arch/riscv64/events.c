/* SPDX-License-Identifier: BSD-2-Clause */

#include "arch/riscv64/events.h"

#include <stddef.h>

#include "arch/riscv64/csr.h"
#include "arch/riscv64/layout.h"
#include "arch/riscv64/state.h"
#include "arch/riscv64/trap.h"
#include "arch/riscv64/vm.h"
#include "core/assert.h"
#include "core/bits.h"
#include "core/entry.h"
#include "core/kernel.h"

STATIC_ASSERT(sizeof(struct events_record) == 8, "the head of a record is a word");
STATIC_ASSERT(sizeof(struct events_header) % 8 == 0, "words follow the header");

enum {
    RECORD_WORDS_MAX = 1 + 6 + 31,
};

bool events_logged;

static struct {
    struct events_header *header;
    uint64_t *end;
    uint64_t *at;      /* Where the next record goes. */
    uint64_t last[32]; /* Registers, as the log's reader knows them. */
    uint64_t *cycles;  /* Of the last EVENTS_EXIT. */
} log;

/* Where they go when the log is full. */
static uint64_t lost_cycles;

/* Appends a record. Without `regs` the thread has none. */
static void append(enum events_kind kind, const uint64_t *words, uint32_t count,
                   const struct regs *regs)
{
    struct events_record record = {.kind = (uint16_t)kind};
    uint64_t *at = log.at + 1;
    if (!events_logged) {
        return;
    }
    if (log.end - log.at < RECORD_WORDS_MAX) {
        log.header->full = 1;
        events_logged = false;
        return;
    }
    for (uint32_t i = 0; i < count; i++) {
        *at++ = words[i];
    }
    for (uint32_t i = 1; regs != NULL && i < 32; i++) {
        if (regs->x[i] != log.last[i]) {
            record.mask |= 1u << i;
            log.last[i] = regs->x[i];
            *at++ = regs->x[i];
        }
    }
    record.words = (uint16_t)(at - log.at - 1);
    *log.at = record.kind | (uint64_t)record.words << 16 | (uint64_t)record.mask << 32;
    log.at = at;
    log.header->used = (uint64_t)((uintptr_t)at - (uintptr_t)log.header);
}

static uint64_t thread_paddr(const struct cpu *cpu, const struct thread *thread)
{
    return thread == cpu->core->idle ? 0 : (uint64_t)(uintptr_t)thread - cpu->k->window;
}

/* The kernel goes on with the current thread; when, is filled in later. */
static void append_exit(const struct cpu *cpu)
{
    const struct thread *thread = cpu->core->current;
    bool idle = thread == cpu->core->idle;
    uint64_t deadline;
    __asm__ volatile("csrr %0, 0x14D" : "=r"(deadline) : : "memory"); /* stimecmp */
    uint64_t words[] = {deadline, 0, thread_paddr(cpu, thread), idle ? 0 : thread->regs.pc};
    log.cycles = log.at + 2;
    append(EVENTS_EXIT, words, 4, idle ? NULL : &thread->regs);
    if (!events_logged || idle) {
        log.cycles = &lost_cycles;
    }
}

/* An entry for one cause, with all that belongs to it. Interrupts are claimed first, as without a
 * log. */
static void enter(struct cpu *cpu, uint64_t cause, uint64_t cycles)
{
    uint64_t value = 0;
    if (cause == CAUSE_EXTERNAL) {
        value = plic_claim(&the_machine.plic, cpu->plic_context);
    } else if (cause < CAUSE_INTERRUPT && cause != CAUSE_ECALL_FROM_USER) {
        value = trap_fault_address(cause);
    }
    uint64_t now = csr_time();
    const struct thread *thread = cpu->core->current;
    bool idle = thread == cpu->core->idle;
    uint64_t pc = idle ? 0 : thread->regs.pc;
    uint64_t words[] = {now, cause, value, cycles, thread_paddr(cpu, thread), pc};
    append(EVENTS_ENTRY, words, 6, idle ? NULL : &thread->regs);

    if (cause == CAUSE_ECALL_FROM_USER) {
        kernel_on_syscall(cpu->k, cpu->index, now);
    } else if (cause == CAUSE_EXTERNAL) {
        kernel_on_irq(cpu->k, cpu->index, now, (uint32_t)value);
    } else if (cause == CAUSE_TIMER) {
        kernel_on_tick(cpu->k, cpu->index, now);
    } else {
        ASSERT(cause < CAUSE_INTERRUPT);
        kernel_on_fault(cpu->k, cpu->index, now, cause, value);
    }
    append_exit(cpu);
}

/* What trap_idle() waits for. */
static uint64_t next_interrupt(void)
{
    for (;;) {
        uint64_t pending = CSR_READ(sip);
        if ((pending & INTERRUPT_EXTERNAL) != 0) {
            return CAUSE_EXTERNAL;
        }
        if ((pending & INTERRUPT_TIMER) != 0) {
            return CAUSE_TIMER;
        }
        wait_for_interrupt();
    }
}

uint64_t *events_trap(struct cpu *cpu, uint64_t cause, uint64_t cycles)
{
    enter(cpu, cause, cycles - EVENTS_ENTRY_INSTRUCTIONS);
    while (cpu->core->current == cpu->core->idle) {
        enter(cpu, next_interrupt(), 0);
    }
    return log.cycles;
}

uint64_t *events_begin(void)
{
    return log.cycles;
}

void events_poll(uint64_t now, bool pending)
{
    append(EVENTS_POLL, (const uint64_t[]){now, pending}, 2, NULL);
}

void events_claim(uint32_t irq)
{
    append(EVENTS_CLAIM, (const uint64_t[]){irq}, 1, NULL);
}

/* Symbol of trap.S. */
void events_entry(void);

bool events_start(const struct cpu *cpu, struct boot_region region,
                  const struct boot_params *params, struct boot_region kernel, uint64_t image_sum)
{
    uint64_t tree_size = align_up(params->dtb_size, 3);
    if (region.end - region.start < sizeof(struct events_header) + tree_size ||
        !the_machine.has_stimecmp) {
        return false;
    }
    log.header = vm_window(region.start);
    log.end = vm_window(region.end);
    *log.header = (struct events_header){
        .magic = EVENTS_MAGIC,
        .version = EVENTS_VERSION,
        .header_size = sizeof(struct events_header),
        .debug = CONFIG_DEBUG,
        .fpu = CONFIG_FPU,
        .domains = CONFIG_DOMAINS,
        .cores = CONFIG_CORES,
        .kernel = kernel,
        .params = *params,
        .image_sum = image_sum,
        .tree_size = params->dtb_size,
    };
    log.at = (uint64_t *)(log.header + 1);
    const uint64_t *tree = vm_window(params->dtb); /* Whole pages are reserved for it. */
    for (uint64_t i = 0; i < tree_size / 8; i++) {
        *log.at++ = tree[i];
    }
    log.header->used = (uint64_t)((uintptr_t)log.at - (uintptr_t)log.header);
    events_logged = true;
    append_exit(cpu);
    CSR_WRITE(stvec, (uintptr_t)events_entry);
    return true;
}
