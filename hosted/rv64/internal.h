/* SPDX-License-Identifier: BSD-2-Clause */

/* The parts of the interpreter, for the files of hosted/rv64/ only.
 *
 * Code is kept as blocks: runs of instructions within a page, left by jumps and ended by those that
 * are always taken. An instruction is a struct op; its handler does the
 * work and calls the handler of the next op as its last action, which compilers turn into a jump.
 * The handler of the last op returns the next block if it knows it, else null, and the loop in
 * run.c goes on from there. So the C stack is at most one block deep even without that
 * optimisation.
 *
 * Blocks are found by the host address of their code, so they outlive changes of address spaces,
 * and hold no virtual addresses: those are relative to rv->pc, the address of the running block.
 */
#ifndef HOSTED_RV64_INTERNAL_H
#define HOSTED_RV64_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "hosted/rv64/rv64.h"
#include "hosted/rv64/table.h"

#define RV64_LIKELY(condition) __builtin_expect(!!(condition), 1)

enum {
    RV64_PAGE = 1 << RV64_PAGE_BITS,
    RV64_SINK = 32,          /* The register that x0 as a destination stands for. */
    RV64_BLOCK_MAX = 64,     /* Instructions of a block. */
    RV64_PAGE_ENTRIES = 256, /* Of the page caches for loads and for stores. */
    RV64_FETCH_ENTRIES = 64,
    RV64_JUMP_ENTRIES = 2048,
    RV64_SLOTS = 255,
    RV64_SPACES = 64,
    RV64_BUCKETS = 1 << 14,
    RV64_CODE_PAGES = 4096, /* Capacity of that table; at most half of it is used. */
    RV64_ARENA = 16 << 20,  /* Bytes of blocks. */
};

struct op;
struct block;

/* A decoded instruction. Register 0 as an integer destination is RV64_SINK. */
struct op {
    struct block *(*run)(struct rv64 *rv, struct op *op);
    int64_t imm;        /* With `at` added if it is relative to the pc. */
    struct block *link; /* Where its jump leads, if that is in the same page and known. */
    uint8_t rd, rs1, rs2, rs3;
    uint8_t rm;
    uint8_t index; /* Position in the block. */
    uint16_t at;   /* Offset from the block's first byte. */
};

struct block {
    uint64_t epoch;       /* When it was last known to agree with memory. */
    uint16_t count;       /* Of instructions. One more op ends the block. */
    uint16_t size;        /* In bytes. */
    const uint8_t *host;  /* Where the code is. */
    const uint8_t *tail;  /* Second half of a lone instruction across two pages, else null. */
    struct block *bucket; /* Next in the same bucket. */
    uint8_t *bytes;       /* What was decoded. */
    struct op ops[];
};

/* One answer of `translate`. The tag is the page with the slot of its space in bits 3 to 10, and
 * bit 11 if the page holds decoded code. A fast access compares it with the address, whose bits
 * below the access' size are kept: misaligned accesses, code pages and misses all take the slow
 * way. Slot 0 is never used: zeroes match nothing.
 *
 * A space uses a window of half the entries that begins at a place of its own, so that programs
 * with the same addresses do not push out each other's. */
struct page_entry {
    uint64_t tag;
    uint64_t offset; /* Host address - virtual address, modulo 2^64. */
};

#define RV64_TAG_CODE 0x800u

struct jump_entry {
    uint64_t pc;
    uint64_t tag; /* rv->tag of then. */
    struct block *block;
};

struct space_entry {
    uint64_t space;
    uint64_t tag; /* 0: unused. */
};

/* A host page with decoded code. */
struct code_page {
    const uint8_t *page;
    uint64_t lines; /* Which of its 64-byte lines. */
};

struct rv64 {
    uint64_t x[33]; /* First, and with the sink. */
    uint64_t pc;    /* Of the running block; at the end of a run, of the next instruction. */
    uint64_t *f;    /* Null: FP instructions trap. */
    uint64_t tag;   /* The current space's slot, as in page_entry. */
    struct page_entry *load; /* The windows of the current space. */
    struct page_entry *store;
    struct page_entry *fetch;
    struct jump_entry *jump;
    uint64_t left; /* Instructions that may be retired from the running block's first one on. */
    uint64_t epoch;
    struct block *block; /* The running one. */

    bool interrupted; /* End the block: something that it relies on has changed. */
    bool asked;       /* rv64_stop(). */
    bool trapped;
    uint64_t cause;
    uint64_t value;

    struct rv64_bus bus;
    uint64_t space;
    uint64_t limit;   /* Of this run. */
    uint64_t done;    /* Retired in this run, as of the latest callback. */
    uint64_t retired; /* In all runs before. */

    bool reserved; /* By LR: */
    uint32_t reserved_size;
    uint64_t reserved_space;
    uint64_t reserved_vaddr;
    uint64_t reserved_value;

    uint64_t slots; /* Handed out. */
    struct space_entry spaces[RV64_SPACES];
    struct page_entry loads[2 * RV64_PAGE_ENTRIES];
    struct page_entry stores[2 * RV64_PAGE_ENTRIES];
    struct page_entry fetches[2 * RV64_FETCH_ENTRIES];
    struct jump_entry jumps[2 * RV64_JUMP_ENTRIES];

    uint8_t *arena;
    size_t arena_used;
    struct block *buckets[RV64_BUCKETS];
    struct code_page code[RV64_CODE_PAGES];
    uint32_t code_count;
};

/* --- Decoding (decode.c, compressed.c) -------------------------------------------------------- */

/* The length in bytes of the instruction that begins with these 16 bits. */
static inline uint32_t rv64_length(uint32_t code)
{
    return (code & 3) == 3 ? 4 : 2;
}

/* The 32-bit instruction that a 16-bit one stands for; 0, which is illegal, if it is reserved. */
uint32_t rv64_expand(uint32_t code);

/* The 32-bit instruction that 2 or 4 bytes are or stand for. */
uint32_t rv64_full(uint32_t code);

/* One row of the table. */
struct rv64_format {
    const char *name;
    const char *operands;
    uint32_t match;
    uint32_t mask;
    struct block *(*run)(struct rv64 *rv, struct op *op);
};

/* Null if the 32 bits are illegal. */
const struct rv64_format *rv64_find_format(uint32_t code);

/* Immediates by their letter in the table. */
int64_t rv64_immediate(char operand, uint32_t code);

/* Fills in all but `index`; what is illegal becomes an instruction that traps. Returns whether the
 * block ends with it. */
bool rv64_decode(uint32_t code, uint32_t at, struct op *op);

/* --- Blocks (block.c) ------------------------------------------------------------------------- */

/* The block at rv->pc, in agreement with memory; null after a trap. */
struct block *rv64_find_block(struct rv64 *rv);
/* Where the jump by op->imm has led, if that is another page or not linked yet. */
struct block *rv64_chain(struct rv64 *rv, struct op *op);
/* A store of this size to a page with decoded code is about to happen. */
void rv64_code_written(struct rv64 *rv, const uint8_t *host, uint32_t size);
/* The entry of the page that this byte is in, or null. */
struct code_page *rv64_code_page(struct rv64 *rv, const uint8_t *host);

/* --- Memory (memory.c) ------------------------------------------------------------------------ */

/* The host address of an aligned or unaligned access within a page, or null: *cause is then the
 * exception, or 0 if the page has no host address. */
uint8_t *rv64_page_pointer(struct rv64 *rv, enum rv64_access access, uint64_t vaddr,
                           uint64_t *cause);
/* All that a fast load or store does not cover. False: it has trapped. */
bool rv64_load(struct rv64 *rv, struct op *op, uint32_t size, uint64_t *value);
bool rv64_store(struct rv64 *rv, struct op *op, uint32_t size, uint64_t value);
/* The place of an atomic access; null: it has trapped. */
uint8_t *rv64_atomic(struct rv64 *rv, struct op *op, enum rv64_access access, uint32_t size);

/* --- Execution -------------------------------------------------------------------------------- */

#define RV64_DECLARE(name, operands, match, mask)                                                  \
    struct block *rv64_op_##name(struct rv64 *rv, struct op *op);
RV64_TABLE(RV64_DECLARE)
#undef RV64_DECLARE

struct block *rv64_op_illegal(struct rv64 *rv, struct op *op);
/* Of a block without a jump; of the first part of a block. */
struct block *rv64_op_end(struct rv64 *rv, struct op *op);
struct block *rv64_op_cut(struct rv64 *rv, struct op *op);

/* What a handler returns: the next instruction in the block. */
#define RV64_NEXT(rv, op) ((op)[1].run((rv), (op) + 1))

/* Before callbacks: how far the run is. */
static inline void rv64_note_progress(struct rv64 *rv, struct op *op)
{
    rv->done = rv->limit - rv->left + op->index;
}

/* Leaves the block before this instruction. */
static inline struct block *rv64_leave(struct rv64 *rv, struct op *op)
{
    rv->pc += op->at;
    rv->left -= op->index;
    return NULL;
}

/* What a handler returns after anything that may have had side effects on the interpreter. */
static inline struct block *rv64_next_or_leave(struct rv64 *rv, struct op *op)
{
    return RV64_LIKELY(!rv->interrupted) ? RV64_NEXT(rv, op) : rv64_leave(rv, op + 1);
}

static inline struct block *rv64_trap(struct rv64 *rv, struct op *op, uint64_t cause,
                                      uint64_t value)
{
    rv->trapped = true;
    rv->cause = cause;
    rv->value = value;
    return rv64_leave(rv, op);
}

static inline struct jump_entry *rv64_jump_entry(struct rv64 *rv, uint64_t pc)
{
    return &rv->jump[(pc >> 1 ^ pc >> RV64_PAGE_BITS) & (RV64_JUMP_ENTRIES - 1)];
}

/* The block at rv->pc if that can be told at once, else null. */
static inline struct block *rv64_jump(struct rv64 *rv)
{
    const struct jump_entry *entry = rv64_jump_entry(rv, rv->pc);
    bool found = entry->pc == rv->pc && entry->tag == rv->tag && entry->block->epoch == rv->epoch;
    return RV64_LIKELY(found) ? entry->block : NULL;
}

/* Jumps by op->imm from the block's start; `retired` of its instructions are done. */
static inline struct block *rv64_jump_by(struct rv64 *rv, struct op *op, uint32_t retired)
{
    struct block *next = op->link;
    rv->pc += (uint64_t)op->imm;
    rv->left -= retired;
    return RV64_LIKELY(next != NULL && next->epoch == rv->epoch) ? next : rv64_chain(rv, op);
}

static inline uint64_t rv64_sext32(uint64_t value)
{
    return (uint64_t)(int64_t)(int32_t)(uint32_t)value;
}

#endif
