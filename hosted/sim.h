/* SPDX-License-Identifier: BSD-2-Clause */

/* The simulator: a whole machine with the kernel on it, inside a Linux process.
 *
 * Guest RAM lies at a fixed host address (physical address + SIM_WINDOW), so at most one
 * simulator exists at a time. User code is played in one of two ways, and both may be mixed:
 * *scripted*, where the caller of this interface is the current thread (sets its registers and
 * fires sim_syscall(), sim_load() and so on), or *native*, where threads are C functions
 * (native.h) run by sim_run().
 *
 * Time is virtual and moves only where this interface says so. Interrupts that are pending and
 * enabled, and the timer when it is due, are taken whenever user code would continue: at the end
 * of every function below that is marked (event).
 *
 * A kernel panic does not end the process: the event that met it returns, sim_status() says
 * SIM_PANICKED, sim_message() why, and all further events do nothing.
 */
#ifndef HOSTED_SIM_H
#define HOSTED_SIM_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "core/boot.h"

#ifdef __cplusplus
extern "C" {
#endif

struct kernel;
struct sim;
struct thread;

#define SIM_WINDOW 0x200000000000u  /* Host address of RAM minus its physical address. */
#define SIM_RAM_BASE 0x80000000u    /* Default memory map, like QEMU's virt board. */
#define SIM_RAM_SIZE 0x4000000u     /* 64 MiB. */
#define SIM_FIRMWARE_SIZE 0x200000u /* Reserved at the start of RAM. */
#define SIM_IMAGE_VADDR 0x10000u    /* Default user image. */
#define SIM_IMAGE_SIZE 0x10000u     /* 16 pages. */
#define SIM_TICKS_PER_US 10u        /* Default timer: 10 MHz. */
#define SIM_RAM_LIMIT 0x400000000u  /* Most bytes of RAM in a memory map: 16 GiB. */

enum { SIM_ERROR_SIZE = 256 };

/* Why sim_create() refused, as a sentence that names the thing. */
struct sim_error {
    char text[SIM_ERROR_SIZE];
};

typedef void sim_native_entry(uint64_t argument);

/* What the kernel is entered for. */
enum sim_event {
    SIM_EVENT_SYSCALL, /* By the current thread's registers. */
    SIM_EVENT_FAULT,   /* a: scause, b: stval. */
    SIM_EVENT_IRQ,     /* a: the source that was claimed; 0: none, spurious. */
    SIM_EVENT_TICK,
};

/* A machine. Start from sim_config_default(); every field may then be changed. */
struct sim_config {
    uint32_t ram_count;
    struct boot_region ram[BOOT_REGIONS_MAX];
    uint32_t reserved_count; /* Firmware and the like. The simulator adds its own. */
    struct boot_region reserved[BOOT_REGIONS_MAX];
    uint32_t device_count; /* Devices of the kernel, kept from users. Default: CLINT, PLIC. */
    struct boot_region devices[BOOT_REGIONS_MAX];

    /* Where the kernel (struct kernel and a page table) and the user image go in RAM. 0: the first
     * place where they fit. */
    uint64_t kernel_paddr;
    uint64_t kernel_size; /* Kept for the kernel; 0: what it needs. */
    uint64_t image_paddr;

    /* The user image: image_size bytes (a multiple of 4096) at image_vaddr, zero but for the first
     * image_data_size bytes. With root_native the root task is that function; otherwise it starts
     * at image_entry and is scripted. */
    uint64_t image_vaddr;
    uint64_t image_size;
    const void *image_data;
    uint64_t image_data_size;
    uint64_t image_entry; /* Default: image_vaddr. */
    sim_native_entry *root_native;
    /* Every thread is native: a PC that is no native code faults, instead of ending sim_run(). */
    bool native_only;
    /* Native threads take an instruction fault at dispatch if their PC's page is not mapped. */
    bool fetch_check;
    /* User code that is not native is RV64 code: sim_run() interprets it. */
    bool interpret;
    uint64_t instructions_per_tick; /* Interpreted code; 0: 100, as QEMU's -icount shift=0. */
    uint64_t native_stack_size;     /* 0: 64 KiB, 256 KiB under sanitizers. */
    uint32_t native_threads;        /* Most native threads alive at a time. 0: 1024. */

    const void *dtb;    /* Device tree blob; null with a size: zeros. */
    uint64_t dtb_size;  /* 0: none. */
    uint64_t dtb_paddr; /* 0: the first place where it fits. Else it stays reserved. */

    uint64_t ticks_per_us;
    uint64_t start_time;   /* Clock at boot, ticks. */
    uint64_t entry_ticks;  /* Cost of each kernel entry; 0 by default. */
    uint64_t access_ticks; /* Cost of each user access; 0 by default. */

    uint32_t irq_max;           /* Highest source of the interrupt controller. */
    bool irq_complete_at_claim; /* QEMU's virt board; false: HiFive style. */
    uint32_t root_cnode_bits;   /* 0: 12. */
    uint32_t boot_slice_ms;     /* 0: 5. */

    uint32_t tlb_limit;    /* Translations per core; 0: never forgets one by itself. */
    bool tlb_keep_invalid; /* The TLB also remembers failed translations until flushed. */

    uint32_t poll_every;  /* As sim_poll_every(), from boot on; 0: ABI_WORK_UNITS. */
    uint32_t check_every; /* kernel_check() after every n-th event; 0: never. Default: 1. */
    FILE *console;        /* Console output goes here too; null: only kept, see sim_console(). */
};

enum sim_status {
    SIM_RUNNING,
    SIM_HALTED,   /* By DebugHalt, or switched off by a device. */
    SIM_PANICKED, /* A kernel bug: a failed assertion or a violated invariant. (Or see
                     sim_power_off().) */
};

void sim_config_default(struct sim_config *config);
/* Replaces the RAM regions by one of `size` bytes at SIM_RAM_BASE. */
void sim_config_memory(struct sim_config *config, uint64_t size);

/* Boots a machine. On failure null, and *error says why. A panic during boot is such a failure. */
struct sim *sim_create(const struct sim_config *config, struct sim_error *error);
void sim_destroy(struct sim *sim); /* Null is allowed. */

/* --- State ------------------------------------------------------------------------------------ */

enum sim_status sim_status(const struct sim *sim);
const char *sim_message(const struct sim *sim); /* Text of the panic, "" if there was none. */
struct kernel *sim_kernel(const struct sim *sim);
const struct sim_config *sim_config_of(const struct sim *sim);
const struct boot_params *sim_boot_params(const struct sim *sim);
struct thread *sim_current(const struct sim *sim); /* Of the acting core. */
bool sim_is_idle(const struct sim *sim);           /* The idle thread is current. */
uint64_t sim_now(const struct sim *sim);
uint64_t sim_events(const struct sim *sim); /* Kernel entries so far. */
uint64_t sim_checks(const struct sim *sim); /* kernel_check() runs so far. */
/* Everything written to the debug console since boot, or since sim_console_clear(). */
const char *sim_console(const struct sim *sim);
void sim_console_clear(struct sim *sim);
/* The core that the functions below act as. Default 0. */
void sim_select_core(struct sim *sim, uint32_t core);
/* Host address of `size` bytes of guest RAM, or null if they are not all RAM of one region. */
void *sim_ram(const struct sim *sim, uint64_t paddr, uint64_t size);
/* Runs kernel_check() now: false, and the simulator is panicked, on a violation. */
bool sim_check(struct sim *sim);

/* --- The current thread, scripted ------------------------------------------------------------- */

/* The current thread executes ecall with its registers as they are (event). regs.pc is taken as the
 * address of the ecall. A thread that must repeat its ecall is left with regs.pc at the ecall. */
void sim_syscall(struct sim *sim);

/* The current thread takes an exception: scause and stval (event). */
void sim_fault(struct sim *sim, uint64_t cause, uint64_t value);

/* User accesses of 1, 2, 4 or 8 bytes through MMU and TLB (event). They may cross a page. False
 * if the kernel was entered by a fault instead, and nothing was stored; the caller must then see
 * who is current. sim_fetch() reads like an instruction fetch. */
bool sim_load(struct sim *sim, uint64_t vaddr, uint32_t size, uint64_t *value);
bool sim_store(struct sim *sim, uint64_t vaddr, uint32_t size, uint64_t value);
bool sim_fetch(struct sim *sim, uint64_t vaddr, uint32_t size, uint64_t *value);

enum sim_access { SIM_FETCH, SIM_LOAD, SIM_STORE };

/* What the hardware would do for one byte: 0 and *paddr, or the exception's cause. Uses and fills
 * the TLB like an access, but does not enter the kernel. */
uint64_t sim_translate(struct sim *sim, uint64_t vaddr, enum sim_access access, uint64_t *paddr);

/* Floating-point registers of the current thread: 0..31 and 32 for fcsr (event). False if the FPU
 * was disabled: the thread has taken an illegal-instruction exception. */
bool sim_fpu_get(struct sim *sim, uint32_t index, uint64_t *value);
bool sim_fpu_set(struct sim *sim, uint32_t index, uint64_t value);

/* --- Time ------------------------------------------------------------------------------------- */

/* User code (or nobody, when idle) runs for this long. The timer fires at its deadline exactly, in
 * the middle if need be (event). */
void sim_advance(struct sim *sim, uint64_t ticks);

/* While the current thread stays the same and ticks are left: returns what is left (event). */
uint64_t sim_advance_current(struct sim *sim, uint64_t ticks);

/* If idle: jumps to the next timer deadline or scheduled interrupt and takes it (event). False if
 * the machine is not idle or nothing will ever happen. */
bool sim_run_idle(struct sim *sim);

/* The armed deadline, UINT64_MAX if there is none. */
uint64_t sim_deadline(const struct sim *sim);

/* --- Interrupts ------------------------------------------------------------------------------- */

/* A source of the interrupt controller fires once (event). While it is disabled or in service, it
 * stays pending. */
void sim_raise_irq(struct sim *sim, uint32_t line);
/* Level-triggered line: pending as long as asserted and not in service (event). */
void sim_set_irq_level(struct sim *sim, uint32_t line, bool asserted);
/* The source fires when the clock reaches `time`. At most 64 are scheduled. */
void sim_schedule_irq(struct sim *sim, uint32_t line, uint64_t time);
/* While held, nothing is delivered: several interrupts can become pending together. Releasing
 * delivers (event). The timer is held, too. */
void sim_hold_irqs(struct sim *sim, bool hold);
bool sim_irq_pending(const struct sim *sim, uint32_t line);
bool sim_irq_enabled(const struct sim *sim, uint32_t line);
bool sim_irq_in_service(const struct sim *sim, uint32_t line); /* Claimed, not completed. */

/* The kernel's preemption points. Every n-th one looks for interrupts; ABI_WORK_UNITS by default,
 * 1 makes every point count. */
void sim_poll_every(struct sim *sim, uint32_t n);
/* At the n-th look from now (n >= 1): the source fires; or time passes, so that the timer may be
 * due. At most 64 are outstanding. */
void sim_inject_at_preemption(struct sim *sim, uint64_t n, uint32_t line);
void sim_advance_at_preemption(struct sim *sim, uint64_t n, uint64_t ticks);
uint64_t sim_polls(const struct sim *sim); /* Looks so far. */
void sim_clear_injections(struct sim *sim);

/* --- Other settings of a running machine ------------------------------------------------------ */

/* config.entry_ticks and config.access_ticks from now on. */
void sim_set_costs(struct sim *sim, uint64_t entry_ticks, uint64_t access_ticks);
/* config.tlb_limit and config.tlb_keep_invalid from now on. The TLBs forget everything first. */
void sim_set_tlb(struct sim *sim, uint32_t limit, bool keep_invalid);

/* --- Devices ---------------------------------------------------------------------------------- */

typedef uint64_t sim_device_read(void *context, uint64_t offset, uint32_t size);
typedef void sim_device_write(void *context, uint64_t offset, uint32_t size, uint64_t value);

/* User accesses to physical addresses [base, base + size) outside RAM go there; others outside
 * RAM are access faults. A callback may raise interrupts. False if it overlaps RAM or a device,
 * or there are too many (16). */
bool sim_add_device(struct sim *sim, uint64_t base, uint64_t size, sim_device_read *read,
                    sim_device_write *write, void *context);

/* For devices that have a state, or change by themselves. `size` bytes at the context of the device
 * added last become part of snapshots, and `alarm` is called with it when the clock reaches the
 * time set for it. */
typedef void sim_device_alarm(void *context);
void sim_device_state(struct sim *sim, uint64_t size, sim_device_alarm *alarm);
/* Sets or moves the alarm of the device with this context; UINT64_MAX: no alarm. */
void sim_set_alarm(struct sim *sim, const void *context, uint64_t time);

/* For a device's callback: the machine is switched off. With a complaint, which becomes the
 * message, it counts as panicked. */
void sim_power_off(struct sim *sim, const char *complaint);
/* Likewise: writes to the console. */
void sim_console_put(struct sim *sim, char c);

/* --- Native threads (native.h) ---------------------------------------------------------------- */

enum sim_run_end {
    SIM_RUN_STOPPED,  /* Halted or panicked: see sim_status(). */
    SIM_RUN_IDLE,     /* Idle, and nothing will ever happen: deadlock, or all is done. */
    SIM_RUN_SCRIPTED, /* The current thread is not native: the caller must play it. */
    SIM_RUN_LIMIT,    /* max_events kernel entries have been made. */
    SIM_RUN_FULL,     /* More native threads than configured. */
};

/* Runs native threads, and time when idle, until one of the above. 0 events: no limit. */
enum sim_run_end sim_run(struct sim *sim, uint64_t max_events);

/* Why a run ended, in words; null if the system has stopped by itself. */
const char *sim_run_complaint(const struct sim *sim, enum sim_run_end end);

/* The PC at which a thread runs `entry`, with a0 as its argument. The same function gets the same
 * PC. These PCs are in the upper half of the user image, 64 bytes each; 0 if that is full. Scripted
 * threads must keep out of there. */
uint64_t sim_native_register(struct sim *sim, sim_native_entry *entry);

/* Native threads with a stack, after freeing those whose TCB is gone. */
uint32_t sim_native_live(struct sim *sim);

/* --- Interpreted code (config.interpret) ------------------------------------------------------ */

/* Instructions of user code since boot. */
uint64_t sim_instructions(const struct sim *sim);

/* For replaying what was recorded elsewhere: the current thread's code runs until it enters the
 * kernel by itself, and true, or for `limit` instructions. No interrupt is taken. */
bool sim_user_run(struct sim *sim, uint64_t limit);

/* --- Watching and replaying ------------------------------------------------------------------- */

/* Called around every kernel entry, also of native and scripted code. */
struct sim_observer {
    void *context;
    /* The kernel is about to be entered; sim_events() is already the event's number, from 1. */
    void (*before)(void *context, enum sim_event event, uint64_t a, uint64_t b);
    /* It has returned, panicked or halted, and kernel_check() has run. */
    void (*after)(void *context);
    /* It has looked for interrupts at a preemption point. */
    void (*poll)(void *context, uint64_t now, bool pending);
};

/* Null: nobody watches any more. *observer is copied. */
void sim_observe(struct sim *sim, const struct sim_observer *observer);

/* Called before the simulator itself writes to guest RAM: user stores of sim_store(), and what
 * machine.h lets the machine write. What the kernel writes, and what native and interpreted code
 * writes, is not told. Null: nobody is told any more. */
typedef void sim_written(void *context, void *at, uint64_t size);
void sim_observe_writes(struct sim *sim, sim_written *written, void *context);

/* No event beyond number `events` happens (UINT64_MAX: no limit): sim_run() ends with
 * SIM_RUN_LIMIT, and what was due is still due. */
void sim_limit_events(struct sim *sim, uint64_t events);

/* Enters the kernel for exactly this event, whatever is pending, and does nothing else. The
 * interrupt of SIM_EVENT_IRQ counts as just claimed. */
void sim_fire(struct sim *sim, enum sim_event event, uint64_t a, uint64_t b);
/* Sets the clock; never backwards. Devices' alarms ring; nobody takes their interrupts. */
void sim_set_time(struct sim *sim, uint64_t now);
/* Likewise, to where the instructions executed so far have brought it: what rdcycle and rdinstret
 * read, and, with instructions_per_tick, rdtime. */
void sim_set_cycles(struct sim *sim, uint64_t cycles);

/* What the kernel is told at preemption points, instead of what the simulator would say. */
struct sim_inputs {
    void *context;
    bool (*poll)(void *context, uint64_t *now); /* Whether an interrupt is pending, and the time. */
    uint32_t (*claim)(void *context);           /* The interrupt claimed after that, 0: none. */
};

/* Null: nothing instead. *inputs is copied. */
void sim_set_inputs(struct sim *sim, const struct sim_inputs *inputs);
/* The bytes written by sim_console_put() from now on go to this file, too. */
void sim_console_file(struct sim *sim, FILE *file);

/* --- Snapshots -------------------------------------------------------------------------------- */

struct sim_snapshot;

/* Copies the whole state: RAM, machine, native stacks. Native code keeps its state if that is
 * all on its stack and in guest memory; heap and globals are not restored. Null if out of
 * memory, or if the host does not tell which pages are in use (/proc/self/pagemap). Must not be
 * called by native code. */
struct sim_snapshot *sim_snapshot_take(struct sim *sim);
/* Back to the snapshot, any number of times, in the simulator it was taken from. */
void sim_snapshot_restore(struct sim *sim, const struct sim_snapshot *snapshot);
void sim_snapshot_free(struct sim_snapshot *snapshot);

/* The same without memory: the machine with its TLBs, interrupts, clock and counters, what
 * sim_set_costs() and sim_set_tlb() have set, status and message, devices' states, and how long the
 * console is. RAM and native stacks are the caller's to restore. Restoring allocates nothing once
 * the TLBs have been as large. */
struct sim_point;

struct sim_point *sim_point_take(const struct sim *sim); /* Null if out of memory. */
void sim_point_restore(struct sim *sim, const struct sim_point *point);
/* What is not as at the point: a name, null if nothing is. */
const char *sim_point_difference(const struct sim *sim, const struct sim_point *point);
void sim_point_free(struct sim_point *point); /* Null is allowed. */

/* --- In words --------------------------------------------------------------------------------- */

enum sim_dump_detail {
    SIM_DUMP_READABLE, /* Threads, scheduling contexts, capabilities in derivation order. */
    SIM_DUMP_STATE,    /* All of the state but counters and the current thread's registers, for
                          comparing: equal states give equal text. */
};

/* Writes the state in words. Never crashes, whatever the state: pointers are checked first. */
void sim_dump(const struct sim *sim, FILE *file, enum sim_dump_detail detail);

#ifdef __cplusplus
}
#endif

#endif
