/* SPDX-License-Identifier: BSD-2-Clause */

/* All mutable state of the kernel, but for the objects in RAM. Hot fields first.
 *
 * struct kernel itself lies in RAM, 32-byte aligned, not below k->slot_base: its interrupt table
 * and derivation-sequence heads are slots like any other.
 */
#ifndef CORE_KERNEL_H
#define CORE_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "abi/checks.h"
#include "core/cap.h"
#include "core/config.h"
#include "core/refill.h"
#include "core/sched.h"
#include "core/sched_context.h"
#include "core/thread.h"

struct asid_pool;
struct machine;

/* State of one core. */
struct core {
    struct thread *current;           /* Never null; the idle thread if nothing else. */
    struct sched_context *current_sc; /* Charged for the time now passing. */
    uint64_t now;                     /* Time stamp of this kernel entry, ticks. */
    uint64_t uncharged;               /* Ticks used since the last charge ("consumed so far"). */
    uint8_t action;                   /* enum sched_action. */
    bool reprogram;                   /* The timer must be armed anew. */
    struct thread *candidate;         /* With SCHED_SWITCH. */
    uint8_t domain;                   /* Current one. */
    uint64_t domain_left;             /* Ticks; with several domains. */
    uint32_t domain_index;            /* Entry of the schedule. */
    uint32_t work_units;              /* Preemption points passed since the last real check. */
    struct thread *fpu_owner;         /* Whose FP registers are loaded, or null. */
    bool fpu_enabled;                 /* As last told to the machine. */
    uint64_t vspace_root;             /* As last told to the machine: paddr of the root table. */
    uint16_t vspace_asid;
    struct thread_list release; /* By head refill's time. */
    struct thread *idle;
    struct ready_queues ready[CONFIG_DOMAINS];
    struct thread idle_thread;
    struct sched_context idle_sc;
    struct refill idle_refills[2];
};

enum irq_state { IRQ_INACTIVE, IRQ_SIGNAL, IRQ_TIMER, IRQ_IPI };

struct domain_entry {
    uint64_t duration; /* Ticks. Both 0: end marker. */
    uint8_t domain;
};

/* Events since boot, for statistics and for the table of provoked errors. */
struct counters {
    uint64_t entries;
    uint32_t syscalls[32];                           /* By negated number. */
    uint32_t faults[8];                              /* By fault type. */
    uint32_t success[ABI_LABEL_COUNT];               /* By label. */
    uint32_t errors[ABI_LABEL_COUNT][ABI_CHECK_MAX]; /* By label and check. */
    uint32_t unknown_label[32];                      /* By capability type. */
    uint32_t preempted[ABI_LABEL_COUNT];
};

struct kernel {
    uint32_t this_core; /* Of this kernel entry. */
    struct core cores[CONFIG_CORES];

    struct machine *machine;
    uint64_t window;        /* Kernel address of RAM minus its physical address. */
    struct slot *slot_base; /* Slot number 0. */
    uint64_t ram_base;      /* Lowest and highest physical address of RAM the kernel can see. */
    uint64_t ram_top;
    uint64_t ticks_per_us;
    uint64_t max_period_us;
    uint64_t timer_slack; /* 1 us in ticks: the timer is armed this much early. */
    struct refill_limits limits;

    struct thread *threads; /* All but the idle threads, newest first. */
    struct asid_pool *asid_pools[ABI_ASID_POOLS];
    uint64_t kernel_vspace; /* Physical address of a root table without user mappings. */

    uint32_t work_units_per_poll; /* ABI_WORK_UNITS; tests poll at every preemption point. */
    uint32_t irq_max;             /* Highest interrupt number. */
    bool irq_complete_at_claim;   /* The kernel completes, not Ack (docs/abi/10 section 10.4). */
    uint8_t irq_states[CONFIG_IRQ_LIMIT]; /* enum irq_state. */
    bool irq_reported[CONFIG_IRQ_LIMIT];  /* Debug builds have said that its interrupts are lost. */

    uint32_t domain_start;
    struct domain_entry domain_schedule[CONFIG_DOMAIN_SCHEDULE];

    /* Slots: the heads of the derivation sequence (always null) and the notifications installed
     * for interrupts. */
    ALIGNED(32) struct slot cdt_root;
    struct slot cdt_barriers[CONFIG_CORES];
    struct slot irq_slots[CONFIG_IRQ_LIMIT];

    struct counters counters;
};

static inline struct core *this_core(struct kernel *k)
{
    return &k->cores[k->this_core];
}

static inline struct thread *current_thread(const struct kernel *k)
{
    return k->cores[k->this_core].current;
}

/* A preemption point: true if the running operation must stop now (docs/abi/03 section 3.9). Cheap
 * but for every ABI_WORK_UNITS-th call. Implemented in entry.c. Whoever is told true must return at
 * once with STATUS_PREEMPTED: the time that has passed may be more than the budget covers. */
bool kernel_preempt(struct kernel *k);

#endif
