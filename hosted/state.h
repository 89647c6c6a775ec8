/* SPDX-License-Identifier: BSD-2-Clause */

/* The parts of a simulator, for the files of hosted/ only. What a snapshot must bring back is in
 * RAM, in struct machine, or in the native arena; the rest of struct sim is the host's.
 */
#ifndef HOSTED_STATE_H
#define HOSTED_STATE_H

#include <setjmp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/boot.h"
#include "core/check.h"
#include "core/config.h"
#include "hosted/sim.h"

struct native;
struct user;

enum {
    SIM_PAGE = 4096,
    SIM_INJECTIONS_MAX = 64,
    SIM_DEVICES_MAX = 16,
    TLB_BUCKETS = 256,
};

/* --- TLB (tlb.c) ------------------------------------------------------------------------------ */

/* One remembered translation: a valid leaf PTE, or that there was none (pte 0). */
struct tlb_entry {
    uint64_t page; /* vaddr >> bits. */
    uint64_t pte;
    uint32_t next; /* In its bucket or in the free list: index + 1, 0 at the end. */
    uint16_t asid;
    uint8_t bits; /* 12, 21 or 30. */
    bool global;  /* Of all address spaces. */
};

struct tlb {
    struct tlb_entry *entries;
    uint32_t capacity;
    uint32_t used;   /* Entries ever handed out. */
    uint32_t free;   /* Head of the free list: index + 1. */
    uint32_t count;  /* Remembered now. */
    uint32_t victim; /* Where the next replacement looks first, if there is a limit. */
    uint32_t buckets[TLB_BUCKETS];
};

/* The entry that covers vaddr in this address space, or null. */
const struct tlb_entry *tlb_find(const struct tlb *tlb, uint16_t asid, uint64_t vaddr);
/* Remembers a translation; with a limit (not 0) an older one may have to go. */
void tlb_insert(struct tlb *tlb, uint32_t limit, const struct tlb_entry *entry);
void tlb_flush_page(struct tlb *tlb, uint16_t asid, uint64_t vaddr);
void tlb_flush_asid(struct tlb *tlb, uint16_t asid);
void tlb_clear(struct tlb *tlb); /* Forgets everything, but keeps its memory. */
/* `to` uses its own memory again if that is enough. False if there is none: `to` is then empty. */
bool tlb_copy(struct tlb *to, const struct tlb *from);
bool tlb_same(const struct tlb *a, const struct tlb *b); /* Now and in what they will forget. */
void tlb_free(struct tlb *tlb);

/* --- Interrupt controller (plic.c) ------------------------------------------------------------ */

/* Sources 1..irq_max. A source is pending, or in service (claimed and not completed), or neither;
 * while in service, further edges wait in `latched`. */
struct plic {
    bool pending[CONFIG_IRQ_LIMIT];
    uint32_t pending_count;
    bool latched[CONFIG_IRQ_LIMIT];
    bool level[CONFIG_IRQ_LIMIT]; /* The line is asserted. */
    bool in_service[CONFIG_IRQ_LIMIT];
    bool edge[CONFIG_IRQ_LIMIT]; /* As configured; informative. */
    bool enabled[CONFIG_CORES][CONFIG_IRQ_LIMIT];
    uint32_t max;
};

void plic_raise(struct plic *plic, uint32_t line);
void plic_set_level(struct plic *plic, uint32_t line, bool asserted);
uint32_t plic_claim(struct plic *plic, uint32_t core); /* 0: none. */
void plic_claimed(struct plic *plic, uint32_t line);   /* This one, whatever it was. */
void plic_complete(struct plic *plic, uint32_t core, uint32_t line);
bool plic_any(const struct plic *plic, uint32_t core); /* Something to claim. */

/* --- Machine ---------------------------------------------------------------------------------- */

/* Something that happens at a preemption point, or at a time. */
struct injection {
    uint64_t at;   /* Number of the poll; or ticks. */
    uint64_t time; /* With line 0: ticks that pass. */
    uint32_t line;
};

struct machine_core {
    uint64_t deadline; /* UINT64_MAX: not armed. */
    uint64_t root;     /* Physical address of the root table. */
    uint16_t asid;
    bool fpu_enabled;
    uint64_t fpu[33];
    struct tlb tlb;
};

struct machine {
    struct sim *sim;
    uint64_t now;
    uint64_t events;       /* Kernel entries. */
    uint64_t instructions; /* Of interpreted user code. */
    uint64_t part;         /* Instructions since the clock last moved. */
    uint64_t polls;
    struct machine_core cores[CONFIG_CORES];
    struct plic plic;
    struct injection injections[SIM_INJECTIONS_MAX]; /* By poll. */
    uint32_t injection_count;
    struct injection scheduled[SIM_INJECTIONS_MAX]; /* By time. */
    uint32_t scheduled_count;
    uint64_t alarms[SIM_DEVICES_MAX]; /* Of the devices; UINT64_MAX: none. */
};

struct device {
    uint64_t base;
    uint64_t size;
    sim_device_read *read;
    sim_device_write *write;
    void *context;
    uint64_t state_size; /* At the context, for snapshots. */
    sim_device_alarm *alarm;
};

struct sim {
    struct sim_config config;
    struct boot_params params;
    struct kernel *k; /* In guest RAM. */
    struct machine machine;
    uint32_t core; /* The acting one. */

    enum sim_status status;
    char message[512];
    jmp_buf escape; /* Out of the kernel, on panic and halt. */
    bool busy;      /* In the kernel, or in a device's callback: interrupts wait. */
    bool hold;
    uint64_t limit; /* Of machine.events. */
    uint64_t checks;
    struct sim_observer observer; /* Its functions may be null. */
    struct sim_inputs inputs;     /* Likewise. */
    sim_written *written;         /* May be null. */
    void *written_context;
    uint64_t *scratch; /* For kernel_check(). */
    uint64_t scratch_count;

    uint32_t mapped; /* RAM regions that are mapped so far. */
    struct device devices[SIM_DEVICES_MAX];
    uint32_t device_count;
    char *console;
    size_t console_length;
    size_t console_capacity;
    struct native *native;
    struct user *user; /* Interprets; null until it is first needed. */
};

/* --- Shared by the files of hosted/ ----------------------------------------------------------- */

/* Enters the kernel once. a and b: cause and value, or the interrupt. */
void sim_enter(struct sim *sim, enum sim_event event, uint64_t a, uint64_t b);
/* kernel_boot() and kernel_check(), with panics caught: those set sim->status. */
void sim_boot(struct sim *sim, enum boot_status *status);
uint64_t sim_guarded_scratch(struct sim *sim);
bool sim_guarded_check(struct sim *sim, struct check_scratch scratch,
                       struct check_failure *failure);
/* Takes pending interrupts: what happens whenever user code would continue. */
void sim_settle(struct sim *sim);
/* Ends the run as a panic does; for misuse of the simulator, too. */
void sim_fail(struct sim *sim, const char *what, const char *file, int line);
/* What is scheduled for now or earlier happens: interrupts become pending, devices' alarms ring. */
void sim_fire_scheduled(struct sim *sim);

/* This guest memory is about to be written by the simulator. */
void sim_tell_written(struct sim *sim, void *at, uint64_t size);

/* Plans and maps memory (map.c): fills sim->params and sim->k. */
bool map_create(struct sim *sim, struct sim_error *error);
void map_destroy(struct sim *sim);

/* One access without entering the kernel: 0, or the cause, with the address in *bad. */
uint64_t mmu_access(struct sim *sim, enum sim_access access, uint64_t vaddr, uint32_t size,
                    uint64_t *value, uint64_t *bad);

/* The next moment, after now and not after `limit`, at which something may happen (clock.c). */
uint64_t sim_next_moment(const struct sim *sim, uint64_t limit);

/* Interpreted code (user.c): the current thread runs until something may happen. */
void user_run(struct sim *sim);
void user_destroy(struct sim *sim);
/* The interpreter knows nothing any more: after a snapshot was restored. */
void user_forget(struct sim *sim);
/* The kernel has run, or it has flushed translations. */
void user_after_kernel(struct sim *sim);
void user_translations_changed(struct sim *sim);

/* Native threads: the arena exists from the first use on. */
void native_destroy(struct sim *sim);
/* The memory that a snapshot must copy; false if there is none. */
bool native_arena(const struct sim *sim, void **base, size_t *size);

#endif
