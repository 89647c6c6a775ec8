/* SPDX-License-Identifier: BSD-2-Clause */

/* An interpreter of user-mode RV64GC: I, M, A, F, D, C, Zicsr's user counters, Zifencei; as The
 * RISC-V Instruction Set Manual, Volume I (20191213) defines them. It knows no kernel and no MMU:
 * memory is what its owner's callbacks say.
 *
 * Deterministic: the same state, memory and answers of the callbacks give the same execution,
 * instruction by instruction.
 *
 * Instructions are decoded once, block by block. Stores of the interpreted code to memory that it
 * has executed are seen at once (as in QEMU), with or without fence.i; writes by others after
 * rv64_memory_changed().
 */
#ifndef HOSTED_RV64_RV64_H
#define HOSTED_RV64_RV64_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rv64;

enum { RV64_PAGE_BITS = 12, RV64_FCSR = 32 };

enum rv64_access { RV64_FETCH, RV64_LOAD, RV64_STORE };

/* Exception causes, as in scause. */
enum rv64_cause {
    RV64_CAUSE_FETCH_ACCESS = 1,
    RV64_CAUSE_ILLEGAL = 2,
    RV64_CAUSE_BREAKPOINT = 3,
    RV64_CAUSE_LOAD_MISALIGNED = 4,
    RV64_CAUSE_LOAD_ACCESS = 5,
    RV64_CAUSE_STORE_MISALIGNED = 6,
    RV64_CAUSE_STORE_ACCESS = 7,
    RV64_CAUSE_ECALL = 8,
    RV64_CAUSE_FETCH_PAGE = 12,
    RV64_CAUSE_LOAD_PAGE = 13,
    RV64_CAUSE_STORE_PAGE = 15,
};

/* The architectural state of one hart in user mode. */
struct rv64_state {
    uint64_t x[32]; /* x[0] is 0. */
    uint64_t pc;
    uint64_t *f;      /* f0..f31 and, at RV64_FCSR, fcsr; null or !fpu: FP instructions trap. */
    bool fpu;         /* sstatus.FS is not off. */
    uint64_t stop_pc; /* Stop before the instruction there, after at least one; odd: nowhere. */
};

/* What the interpreter asks of its owner. */
struct rv64_bus {
    void *context;

    /* The page that vaddr is in: 0, or the exception's cause. *page is the host address of its
     * first byte if all accesses of this kind to it may be made there directly until
     * rv64_translations_changed(); null if each must go through `access`: such a page has neither
     * code nor atomics, which get access faults. */
    uint64_t (*translate)(void *context, enum rv64_access access, uint64_t vaddr, void **page);

    /* A load or store of 1, 2, 4 or 8 bytes within a page that has no host address, or across two
     * pages: 0, or the cause, with the faulting address in *bad. `retired` instructions of this
     * rv64_run() come before it. */
    uint64_t (*access)(void *context, enum rv64_access access, uint64_t retired, uint64_t vaddr,
                       uint32_t size, uint64_t *value, uint64_t *bad);

    /* What rdtime reads, `retired` instructions after rv64_run() began. */
    uint64_t (*time)(void *context, uint64_t retired);
};

/* Why a run has ended. If several hold: a trap, then PC, then ASKED. */
enum rv64_stop {
    RV64_STOP_COUNT, /* `limit` instructions have been retired. */
    RV64_STOP_PC,    /* stop_pc is next. */
    RV64_STOP_TRAP,  /* An exception, ecall included; pc is the instruction's address. An illegal
                      * instruction's value is its bits, a breakpoint's is its address. */
    RV64_STOP_ASKED, /* A callback has called rv64_stop(). */
};

struct rv64_exit {
    uint64_t retired; /* Instructions completed by this run. The trapping one is not. */
    uint64_t cause;   /* With RV64_STOP_TRAP: scause and stval. */
    uint64_t value;
};

/* Null if out of memory. */
struct rv64 *rv64_create(const struct rv64_bus *bus);
void rv64_destroy(struct rv64 *rv64); /* Null is allowed. */

/* Executes at most `limit` (at least 1) instructions from state->pc on. The state is read at the
 * start and written at the end, but for f, which is always up to date. */
enum rv64_stop rv64_run(struct rv64 *rv64, struct rv64_state *state, uint64_t limit,
                        struct rv64_exit *exit);

/* For callbacks: the run ends after the current instruction. */
void rv64_stop(struct rv64 *rv64);

/* Which address space addresses are in: any number. Answers of `translate` are kept by space. */
void rv64_set_space(struct rv64 *rv64, uint64_t space);
/* Forget all answers of `translate`. */
void rv64_translations_changed(struct rv64 *rv64);
/* Memory may have been written by others: decoded code is compared with it before it runs again. */
void rv64_memory_changed(struct rv64 *rv64);
/* The reservation of LR is lost. It also is after any SC; and SC fails if address, size or space
 * are not those of LR, or if memory does not hold any more what LR read. */
void rv64_drop_reservation(struct rv64 *rv64);

/* cycle and instret: instructions retired since the creation, in callbacks those before the current
 * one; with their set function for snapshots. */
uint64_t rv64_retired(const struct rv64 *rv64);
void rv64_set_retired(struct rv64 *rv64, uint64_t retired);

/* One instruction in words, such as "addi a0, a0, 1"; `code` holds its 2 or 4 bytes. For people:
 * traces and debugging. Returns its length in bytes. */
uint32_t rv64_disassemble(uint32_t code, uint64_t pc, char *text, uint32_t size);

#ifdef __cplusplus
}
#endif

#endif
