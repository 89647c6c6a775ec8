/* SPDX-License-Identifier: BSD-2-Clause */

/* Traces: what entered the core, event by event, as text that people read (docs/traces.md).
 *
 * There are two kinds. A *program* trace names the root task's ELF file; replay executes that code
 * again, so a line only says what happened. A *calls* trace stands alone: each line also carries
 * the registers and memory that the core could see, and replay plays them without any user code.
 */
#ifndef HOSTED_TRACE_TRACE_H
#define HOSTED_TRACE_TRACE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "abi/api.h"
#include "hosted/error_text.h"
#include "hosted/sim.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    TRACE_VERSION = 1,
    TRACE_TEXT = 6144, /* Two messages of 120 words fit. */
    TRACE_NAME = 32,
    TRACE_BUFFER_WORDS = 128,
    TRACE_REGISTERS = 33, /* x0 to x31 by their numbers; 32 is the pc. */
    TRACE_PC = 32,
    TRACE_POLLS = 16,
    TRACE_LINE_MAX = 1 << 20, /* Bytes in a line of a trace. */
};

/* What is wrong with a trace, as a sentence that names the file's line ("line 12: ..."). From
 * trace_open() it begins with the file ("run.trace: line 12: ..."). */
struct trace_error {
    char text[ERROR_TEXT];
};

enum trace_kind { TRACE_PROGRAM, TRACE_CALLS };

/* Everything that replay needs to build the machine. */
struct trace_header {
    enum trace_kind kind;
    char origin[64]; /* Where it was recorded: "hosted", "qemu virt", ... */
    char build[24];  /* trace_build_id() of the recording kernel; "": any. */
    bool debug;
    bool fpu;
    uint32_t domains;
    uint32_t cores;
    /* Of the machine: RAM, reserved regions, devices, kernel_paddr, image_*, timer, interrupts,
     * root CNode, slices. image_data and dtb are set by whoever loads them; a calls trace leaves
     * the memory of both zero. */
    struct sim_config machine;
    char image_file[256]; /* Program traces: the ELF file, as it was named, */
    uint64_t image_hash;  /* and XXH3-64 of its bytes. */
    uint8_t *dtb;         /* Owned; null: the machine's own (hosted/board.dts), or zeros. */
    uint64_t dtb_size;    /* 0: none. */
    uint64_t instructions_per_tick;
    uint64_t seed;
    /* Program traces that were recorded elsewhere: the clock and the moments of interrupts come
     * from the trace, not from the simulator. */
    bool clock_recorded;
    uint64_t hash_every; /* Lines with a state hash: every n-th; 0: none. */
    uint64_t first;      /* Number of the first event recorded; 1 unless only the last were kept. */
    uint64_t boot_hash;  /* State hash after boot; with hash_every != 0. */
};

struct trace_word {
    uint64_t at; /* Register number (or TRACE_PC); index in the IPC buffer; physical address. */
    uint64_t value;
};

/* At the n-th preemption point looked at in this event (from 1): the clock, and an interrupt that
 * has become pending (0: none). With a recorded clock only the last one is kept: time adds up until
 * then, and the others found nothing. Then irq is what was claimed, and `pending` what it found. */
struct trace_poll {
    uint64_t n;
    uint64_t time;
    uint32_t irq;
    bool pending;
};

struct trace_thread {
    uint64_t paddr; /* Of the TCB. 0: the idle thread. UINT64_MAX ("*"): whoever is current. */
    char name[TRACE_NAME];
};

/* One event. Of a line of text: all but `next` and `before`. Of a running system: everything. */
struct trace_event {
    uint32_t line; /* In the file; 0: none. */
    uint64_t number;
    uint64_t time; /* Ticks; 0: the line does not say. */
    struct trace_thread who;
    enum sim_event event;
    uint64_t a; /* Fault: cause. Interrupt: number. */
    uint64_t b; /* Fault: value. */
    uint64_t pc;
    bool has_pc; /* Program traces with a recorded clock; others do without. */
    bool has_regs_hash;
    uint64_t regs_hash; /* XXH3-64 of x1..x31; likewise, for interrupts. */
    /* Likewise, unless it is the idle thread: the cycle counter when the thread was let go, and the
     * instructions that it has executed since. */
    uint64_t cycles;
    uint64_t ran;
    bool has_cycles;

    /* Calls traces: what user code has changed since the thread last ran. */
    uint32_t reg_count; /* Registers. The system call's own (below) are in `what`. */
    struct trace_word regs[TRACE_REGISTERS];
    uint32_t word_count; /* Words of memory that are in IPC buffers. */
    uint32_t word_capacity;
    struct trace_word *words; /* Owned. */
    uint32_t poll_count;
    struct trace_poll polls[TRACE_POLLS];

    char what[TRACE_TEXT];    /* The event in words, such as "Call 0x12 TCB_Resume()". */
    char outcome[TRACE_TEXT]; /* Behind "=": what the core answered, and who runs next. */
    bool has_hash;
    uint64_t hash;

    struct trace_thread next;

    /* What trace_describe_after() must know of the moment before. */
    struct {
        uint64_t polls;  /* sim_polls(). */
        uint64_t number; /* The system call's: a7. */
        uint8_t answer;  /* How its answer is to be read. */
        bool signals;    /* It may signal a notification. */
    } before;
};

/* A byte from outside to the serial port, after event `after` (0: boot) at `time`. */
struct trace_input {
    uint32_t line;
    uint64_t after;
    uint64_t time;
    uint8_t byte;
};

struct trace; /* A trace in memory: its text, and where its lines are. */

/* Reads a trace from a file or from memory. Null with *error if it is no trace, truncated, of an
 * unknown version, or its header is wrong. Event lines are only located and numbered here. */
struct trace *trace_open(const char *path, struct trace_error *error);
struct trace *trace_parse(const char *text, size_t size, struct trace_error *error);
void trace_close(struct trace *trace); /* Null is allowed. */

struct trace_header *trace_header(struct trace *trace);
uint64_t trace_events(const struct trace *trace); /* Number of its last event. */
uint32_t trace_inputs(const struct trace *trace, const struct trace_input **inputs);
/* Whether the trace ends as it should: the line "end ...", and what it says. */
const char *trace_ending(const struct trace *trace);

/* Event `number`, parsed now: false and *error if the line is malformed or there is none. The
 * event's owned parts are reused: start with a zeroed event, and trace_event_free() it. */
bool trace_event_at(struct trace *trace, uint64_t number, struct trace_event *event,
                    struct trace_error *error);
void trace_event_free(struct trace_event *event);
/* Back to an empty event; what it owns is kept for the next one. */
void trace_event_clear(struct trace_event *event);
/* Appends to the event's words. */
void trace_event_add_word(struct trace_event *event, uint64_t paddr, uint64_t value);

/* Writing: the header, then events and inputs in order, then the end. What they write,
 * trace_parse() reads back as it was. */
void trace_write_header(FILE *file, const struct trace_header *header);
/* Returns the line's length without the newline: up to TRACE_LINE_MAX it can be read back. */
size_t trace_write_event(FILE *file, const struct trace_header *header,
                         const struct trace_event *event);
void trace_write_input(FILE *file, const struct trace_input *input);
void trace_write_end(FILE *file, uint64_t events, const char *ending);

/* One event as the line that trace_write_event() writes, without the newline. Returns its length;
 * the text is cut to size - 1 characters. */
size_t trace_format_event(char *line, size_t size, const struct trace_header *header,
                          const struct trace_event *event);

/* --- Against a machine (describe.c, apply.c, hash.c) ------------------------------------------ */

/* Hash of the kernel's abstract state, by a walk over threads, scheduling contexts, capabilities
 * in derivation order with their places, queues, page tables, time and interrupts; without the
 * memory of users, FP registers and counters. Equal states have equal hashes, in every build. */
uint64_t trace_state_hash(const struct sim *sim);

/* Identifies the kernel's source and configuration: 16 hexadecimal digits. */
const char *trace_build_id(void);

/* What a recorder must remember between events to say what user code has changed. */
struct trace_shadow;
struct trace_shadow *trace_shadow_create(void);
void trace_shadow_free(struct trace_shadow *shadow);

/* Before the core is entered: fills everything about the input. With `shadow` (calls traces) also
 * registers and memory. */
void trace_describe_before(struct sim *sim, struct trace_shadow *shadow, enum sim_event event,
                           uint64_t a, uint64_t b, struct trace_event *out);
/* After it has returned: outcome, next. Not the hash. */
void trace_describe_after(struct sim *sim, struct trace_shadow *shadow, struct trace_event *out);

/* The kernel has looked for interrupts, during the event (sim_observer's poll). */
void trace_describe_poll(struct sim *sim, struct trace_event *out, uint64_t now, bool pending);

/* Fills a header for a machine that has just booted: build, configuration, and the machine, with
 * the places where everything is. Kind, origin, file, seed and hashes stay as they are. */
void trace_describe_machine(const struct sim *sim, struct trace_header *header);

/* How a thread is called in traces. */
void trace_describe_thread(const struct sim *sim, const struct thread *thread,
                           struct trace_thread *out);

/* What the words of an event (`what`) put into a machine. */
struct trace_action {
    enum sim_event event;
    uint64_t a; /* As in struct trace_event. */
    uint64_t b;
    uint64_t set; /* The registers it sets: bit n for the n-th, TRACE_PC among them. */
    uint64_t regs[TRACE_REGISTERS];
    uint32_t word_count;
    struct trace_word words[TRACE_BUFFER_WORDS]; /* Of the caller's IPC buffer, by index. */
    bool has_name;                               /* DebugNameThread: */
    uint32_t name_size; /* bytes at message word 0; with the NUL, if they are less than all. */
    char name[ABI_MSG_MAX_LENGTH * 8];
};

/* Reads the words of an event. False and *error ("expected ...") if they cannot be understood. */
bool trace_read_what(const char *what, struct trace_action *action, struct trace_error *error);

/* Puts a calls trace's event into the machine: registers, memory, clock, polls; the current thread
 * must be event->who. Then the caller fires it by sim_fire(). False with *error if the words
 * `what` cannot be understood, or name what is not there. */
bool trace_apply(struct sim *sim, const struct trace_event *event, struct trace_error *error);

#ifdef __cplusplus
}
#endif

#endif
