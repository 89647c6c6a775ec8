/* SPDX-License-Identifier: BSD-2-Clause */

/* The words of traces: names of system calls, invocations and their arguments, errors, faults,
 * registers; expanded from include/abi/api.h.
 */
#ifndef HOSTED_TRACE_NAMES_H
#define HOSTED_TRACE_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* How an argument is shown. */
enum argument_style {
    ARGUMENT_WORD,
    ARGUMENT_HEX,    /* Slot numbers, addresses, badges. */
    ARGUMENT_OBJECT, /* An object type. */
    ARGUMENT_RIGHTS,
    ARGUMENT_CAP, /* An extra capability, by its pointer. */
};

struct argument {
    const char *name;
    uint8_t length; /* Of the name. */
    uint8_t style;  /* As the table of the API has it: words, rights or capabilities. */
};

/* Words are told apart by their names. */
enum argument_style argument_style(const struct argument *argument);

struct invocation {
    const char *name; /* Of the stub, without seL4_. Null: no such label. */
    uint8_t kind;     /* CAP_*: of the invoked capability. */
    uint8_t count;    /* Arguments, in the order of the stub's parameters. */
    uint8_t words;    /* Of these, message words */
    uint8_t caps;     /* and capabilities. */
    struct argument arguments[12];
};

/* By label; null if there is none. */
const struct invocation *invocation_of(uint64_t label);
/* By name: its label, 0 if there is none. */
uint32_t invocation_label(const char *name, size_t length);

/* Of a system call's number, also of the debug calls'. Null if there is none. */
const char *syscall_name(uint64_t number);
/* By name: false if there is none. */
bool syscall_number(const char *name, size_t length, uint64_t *number);

const char *error_name(uint64_t error); /* Null if there is none. */
const char *object_name(uint64_t type); /* Null if there is none. */
bool object_type(const char *name, size_t length, uint64_t *type);

/* Exceptions, such as "load-page"; null if they have no name. */
const char *cause_name(uint64_t cause);
bool cause_number(const char *name, size_t length, uint64_t *cause);

/* Registers but zero: "ra", "a0", "pc". */
const char *register_name(uint64_t number);
bool register_number(const char *name, size_t length, uint64_t *number);
/* The i-th register of a user context, i < 32, docs/abi/05 section 5.5.1. */
uint32_t context_register(uint32_t i);

#endif
