/* SPDX-License-Identifier: BSD-2-Clause */

/* Everything a user program needs to talk to the kernel.
 *
 * How the kernel is entered comes from sel4/arch/trap.h, of which there are two, chosen by include
 * path: include/arch/riscv64 for programs that run on RISC-V, user/native/include for threads that
 * are C functions in the hosted simulator.
 */
#ifndef SEL4_SEL4_H
#define SEL4_SEL4_H

#include "sel4/bootinfo_types.h"
#include "sel4/config.h"
#include "sel4/constants.h"
#include "sel4/errors.h"
#include "sel4/faults.h"
#include "sel4/functions.h"
#include "sel4/invocation.h"
#include "sel4/macros.h"
#include "sel4/objecttype.h"
#include "sel4/simple_types.h"
#include "sel4/stubs.h"
#include "sel4/syscalls.h"
#include "sel4/types.h"

#endif
