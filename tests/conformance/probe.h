/* SPDX-License-Identifier: BSD-2-Clause */

/* A probe: a thread above the root task's priority that makes accesses on request, in the root's or
 * another address space. Its faults come to the root task as outcomes, and do not stop it for good.
 */
#ifndef TESTS_CONFORMANCE_PROBE_H
#define TESTS_CONFORMANCE_PROBE_H

#include "tests/conformance/conformance.h"

enum { PROBE_PRIORITY = CONF_PRIORITY + 10 };

struct outcome {
    bool faulted;
    uint64_t value;     /* What was loaded. */
    seL4_Fault_t fault; /* If it faulted. */
};

struct probe {
    struct user_thread thread;
    seL4_UserContext start; /* Registers with which it begins. */
    seL4_CPtr requests;
    seL4_CPtr answers; /* Endpoint for answers and faults. */
    seL4_CPtr reply;   /* A faulting probe waits for it. */
    bool faulted;
};

/* A probe in the root task's address space, or in that of a new process. */
bool probe_start(struct conf *c, struct probe *p);
bool probe_start_process(struct conf *c, struct probe *p, struct process *process);

struct outcome probe_load(struct probe *p, uint64_t vaddr);
struct outcome probe_store(struct probe *p, uint64_t vaddr, uint64_t value);
struct outcome probe_fpu_get(struct probe *p, uint32_t index);
struct outcome probe_fpu_set(struct probe *p, uint32_t index, uint64_t value);

/* It jumps to `pc`. Always faults: there must be no code there, that is nothing or zeros. */
struct outcome probe_jump(struct probe *p, uint64_t pc);

/* Replies to the fault of the last outcome: what is tried again comes out how? */
struct outcome probe_again(struct probe *p);

/* Without a fault, and with this value. */
bool outcome_is(struct outcome outcome, uint64_t value);
bool outcome_is_done(struct outcome outcome);

/* A VM fault at this address with this status (docs/abi/08): 5 load, 7 store, 1 instruction. */
bool outcome_is_vm_fault(struct outcome outcome, uint64_t vaddr, uint64_t status);

/* A user exception with this number. */
bool outcome_is_exception(struct outcome outcome, uint64_t number);

#endif
