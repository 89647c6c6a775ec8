/* SPDX-License-Identifier: BSD-2-Clause */

/* Scheduler domains: invocations of the domain capability, docs/abi/13. */
#ifndef CORE_DOMAIN_H
#define CORE_DOMAIN_H

#include "core/status.h"

struct call;
struct kernel;

MUST_USE enum status domain_set(struct kernel *k, struct call *call);
MUST_USE enum status domain_schedule_configure(struct kernel *k, struct call *call);
MUST_USE enum status domain_schedule_set_start(struct kernel *k, struct call *call);

#endif
