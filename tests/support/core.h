/* SPDX-License-Identifier: BSD-2-Clause */

/* The kernel's headers, for C++. */
#ifndef TESTS_SUPPORT_CORE_H
#define TESTS_SUPPORT_CORE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

extern "C" {
#include "abi/api.h"
#include "abi/checks.h"
#include "core/boot.h"
#include "core/call.h"
#include "core/cap.h"
#include "core/cdt.h"
#include "core/check.h"
#include "core/config.h"
#include "core/cspace.h"
#include "core/endpoint.h"
#include "core/entry.h"
#include "core/kernel.h"
#include "core/machine.h"
#include "core/ntfn.h"
#include "core/ram.h"
#include "core/refill.h"
#include "core/reply.h"
#include "core/sched_context.h"
#include "core/thread.h"
#include "core/vspace.h"
#include "hosted/sim.h"
}

#endif
