/* SPDX-License-Identifier: BSD-2-Clause */

/* The inputs of the API target, as bytes and as what they mean. Decoding is total: every string of
 * bytes is an input, and every input of at most INPUT_EVENTS_MAX events has exactly one shortest
 * string of bytes.
 *
 * 8 bytes of configuration, then 16 bytes for each event. What is missing at the end reads as
 * zeros; what is more than INPUT_SIZE_MAX is not read.
 */
#ifndef FUZZ_API_INPUT_H
#define FUZZ_API_INPUT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    INPUT_HEADER = 8,
    INPUT_EVENT = 16,
    INPUT_EVENTS_MAX = 128,
    INPUT_SIZE_MAX = INPUT_HEADER + INPUT_EVENTS_MAX * INPUT_EVENT,
    INPUT_SELECTORS = 6,
};

/* What an event is. Byte 0 chooses one, by weights (input.c). */
enum input_kind {
    INPUT_INVOKE,       /* Call of an invocation by the API tables: `which` is its label. */
    INPUT_SEND,         /* Send, NBSend, Call: a message. */
    INPUT_RECEIVE,      /* Recv, NBRecv, Wait, NBWait. */
    INPUT_SEND_RECEIVE, /* ReplyRecv, NBSendRecv, NBSendWait. */
    INPUT_YIELD,
    INPUT_SYSCALL, /* Any system call number, also unknown ones, on raw registers. */
    INPUT_LOAD,    /* User accesses through MMU and TLB. */
    INPUT_STORE,
    INPUT_FETCH,
    INPUT_FAULT,       /* An exception: cause and value. */
    INPUT_FPU,         /* Reads or writes an FP register. */
    INPUT_BUFFER,      /* Writes words of the IPC buffer: receive slot, capabilities, message. */
    INPUT_REGISTERS,   /* Sets registers of the current thread. */
    INPUT_IRQ,         /* A source fires, or several at once. */
    INPUT_IRQ_AT_POLL, /* Likewise, at the n-th preemption point from now. */
    INPUT_TIME, /* Time passes: a little, to the next deadline, or to the edges of 64 bits. */
    INPUT_TIME_AT_POLL, /* At the n-th preemption point from now. */
    INPUT_KINDS,
};

/* Chooses a value of a type that follows from its place: `mode` says how, `pick` which. */
struct input_selector {
    uint8_t mode;
    uint8_t pick;
};

/* The 16 bytes of an event, in this order. */
struct input_event {
    uint8_t what;  /* Kind: see input_kind_of(). */
    uint8_t who;   /* Thread that acts: 0: whoever is current; else, if it can be made so. */
    uint8_t which; /* Invocation, system call, cause, ...: modulo what there is. */
    uint8_t how;   /* Message length, number of capabilities, odd messages. */
    struct input_selector selectors[INPUT_SELECTORS];
};

struct input_config {
    uint8_t topology;     /* Of the world: modulo WORLD_TOPOLOGIES. */
    uint8_t poll;         /* The kernel looks at each preemption point, or at one of 2, 10, 100. */
    uint8_t entry_ticks;  /* What a kernel entry costs; a selection of values. */
    uint8_t access_ticks; /* What a user access costs. */
    uint8_t tlb;          /* Its size, and whether it keeps invalid entries. */
    uint8_t start;        /* When it begins: near a budget's end, at the edges of 64 bits. */
    uint8_t spare[2];     /* 0 in what input_encode() writes. */
};

struct input {
    struct input_config config;
    uint32_t count;
    struct input_event events[INPUT_EVENTS_MAX];
};

enum input_kind input_kind_of(uint8_t what);
/* A byte that means this kind. */
uint8_t input_what(enum input_kind kind);
const char *input_kind_name(enum input_kind kind);
/* The label of an INPUT_INVOKE; and a byte `which` that means a label. */
uint32_t input_label(const struct input_event *event);
uint8_t input_which(uint32_t label);

void input_decode(const uint8_t *data, size_t size, struct input *input);
/* Returns the size, at most INPUT_SIZE_MAX. Trailing zeros are left out. */
size_t input_encode(const struct input *input, uint8_t *data);
/* In words, a line for each event. What it selects in a world is play's to say. */
void input_print(const struct input *input, FILE *file);

#ifdef __cplusplus
}
#endif

#endif
