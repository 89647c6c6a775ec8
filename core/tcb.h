/* SPDX-License-Identifier: BSD-2-Clause */

/* Invocations of TCB capabilities, docs/abi/05 section 5.5. */
#ifndef CORE_TCB_H
#define CORE_TCB_H

#include "core/status.h"

struct call;
struct kernel;
struct slot;
struct thread;

MUST_USE enum status tcb_read_registers(struct kernel *k, struct call *call);
MUST_USE enum status tcb_write_registers(struct kernel *k, struct call *call);
MUST_USE enum status tcb_copy_registers(struct kernel *k, struct call *call);
MUST_USE enum status tcb_configure(struct kernel *k, struct call *call);
MUST_USE enum status tcb_set_priority(struct kernel *k, struct call *call);
MUST_USE enum status tcb_set_mc_priority(struct kernel *k, struct call *call);
MUST_USE enum status tcb_set_sched_params(struct kernel *k, struct call *call);
MUST_USE enum status tcb_set_timeout_endpoint(struct kernel *k, struct call *call);
MUST_USE enum status tcb_set_ipc_buffer(struct kernel *k, struct call *call);
MUST_USE enum status tcb_set_space(struct kernel *k, struct call *call);
MUST_USE enum status tcb_suspend(struct kernel *k, struct call *call);
MUST_USE enum status tcb_resume(struct kernel *k, struct call *call);
MUST_USE enum status tcb_bind_notification(struct kernel *k, struct call *call);
MUST_USE enum status tcb_unbind_notification(struct kernel *k, struct call *call);
MUST_USE enum status tcb_set_tls_base(struct kernel *k, struct call *call);
MUST_USE enum status tcb_set_flags(struct kernel *k, struct call *call);

#endif
