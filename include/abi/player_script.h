/* SPDX-License-Identifier: BSD-2-Clause */

/* What //user/player plays: made from a trace by `albireo to-elf`, which puts it where the player's
 * ELF file has a segment for it. All fields are 64-bit little-endian words; offsets are in bytes
 * from the start of the script, which is 4096-byte aligned.
 */
#ifndef ABI_PLAYER_SCRIPT_H
#define ABI_PLAYER_SCRIPT_H

#include <stdint.h>

#define SCRIPT_MAGIC 0x31524559414c5053u /* "SPLAYER1" */

enum {
    SCRIPT_THREADS_MAX = 64,
    SCRIPT_BUFFER_WORDS = 128, /* Of an IPC buffer. */
};

/* Where the IPC buffers of threads other than the root task's are mapped: one page for each, in the
 * order of threads. The player has the page tables ready. */
#define SCRIPT_BUFFERS 0x3020000000u

struct script {
    uint64_t magic;
    uint64_t size; /* Of all, in bytes. */
    /* The root task's CSpace, as the trace has it: one CNode of 2^cnode_bits slots. */
    uint64_t cnode_bits;
    uint64_t sched_control; /* Slot of the one for core 0. */
    uint64_t untyped_count;
    uint64_t untypeds; /* Offset of struct script_untyped[]: those that the trace uses. */
    uint64_t table_count;
    uint64_t tables; /* Offset of addresses that had page tables when the root task started. */
    uint64_t thread_count;
    uint64_t threads; /* Offset of struct script_thread[]; the first is the root task. */
    uint64_t event_count;
    /* The thread that runs after the last event, as an index; SCRIPT_NOBODY, SCRIPT_ANYBODY. */
    uint64_t last;
};

#define SCRIPT_NOBODY UINT64_MAX
#define SCRIPT_ANYBODY (UINT64_MAX - 1) /* It is not known. */

struct script_untyped {
    uint64_t slot;
    uint64_t bits;
    uint64_t device; /* 1: of a device, at: */
    uint64_t paddr;
};

struct script_thread {
    uint64_t name;   /* Offset of a string. */
    uint64_t buffer; /* Where its IPC buffer is in its page, in words. */
    uint64_t call_count;
    uint64_t calls; /* Offset of struct script_call[], in the order in which they are made. */
};

enum script_flags {
    SCRIPT_OWN = 1,   /* A call that the trace does not have; must succeed. */
    SCRIPT_PLACE = 2, /* TCB_WriteRegisters: a4, the pc, is the place where thread a4 starts. */
    SCRIPT_NEVER = 4, /* Does not return. */
    SCRIPT_LABEL = 8, /* Of a1, only the label is compared. */
};

struct script_call {
    uint64_t event;      /* Number in the trace. */
    uint64_t order;      /* Among the events that are played, from 0. */
    uint64_t what;       /* Offset of a string: the call in words. */
    uint64_t flags;      /* enum script_flags. */
    uint64_t in[9];      /* a0..a7, t0. */
    uint64_t compare;    /* Bit i: a<i> must be as in `out`. */
    uint64_t out[6];     /* a0..a5, when it has returned. */
    uint64_t load_count; /* Words of IPC buffers to set before, */
    uint64_t loads;      /* offset of struct script_word[]; */
    uint64_t word_count; /* and of its own to compare after it, */
    uint64_t words;      /* offset of struct script_word[]. */
};

struct script_word {
    uint64_t thread; /* Whose buffer. */
    uint64_t index;  /* Word in the buffer. */
    uint64_t value;
};

#endif
