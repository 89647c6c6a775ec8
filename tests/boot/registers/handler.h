/* SPDX-License-Identifier: BSD-2-Clause */

/* C as the handler of A's faults. */
#ifndef TESTS_BOOT_REGISTERS_HANDLER_H
#define TESTS_BOOT_REGISTERS_HANDLER_H

#include <stdint.h>

#include "tests/boot/registers/stage.h"

/* MR2 and MR3 of a VMFault. */
enum access { ACCESS_LOAD = 5, ACCESS_STORE = 7, ACCESS_FETCH = 1 };

enum { INSTRUCTION_SIZE = 4 };

/* C's next act receives a fault message. */
struct act *handler_receives(struct stage *s, seL4_Word badge, seL4_Word fault, uint32_t length,
                             const uint64_t *words);
void handler_receives_vm_fault(struct stage *s, uint64_t pc, uint64_t address, enum access access);
void handler_receives_exception(struct stage *s, uint64_t pc, uint64_t sp, uint64_t cause);

/* It maps a frame into A's space; execute_never: the attribute. */
void handler_maps(struct stage *s, seL4_CPtr frame, uint64_t vaddr, seL4_CapRights_t rights,
                  bool execute_never);

/* It copies a capability into an empty slot. */
void handler_copies(struct stage *s, seL4_CPtr source, seL4_CPtr slot);

/* It has A go on elsewhere, by TCB_WriteRegisters. */
void handler_moves(struct stage *s, uint64_t pc);

/* It replies. A VMFault's reply carries words that must not matter. */
struct act *handler_replies(struct stage *s, uint32_t length);

/* It replies to a UserException: A goes on there. */
void handler_replies_exception(struct stage *s, uint64_t pc);

/* A's load, store and fetch at an address each give a VMFault with exactly that address. */
void refuse_access(struct stage *s, uint64_t address);

/* Starts both, A last; compares. */
void handler_end(struct stage *s);

#endif
