/* SPDX-License-Identifier: BSD-2-Clause */

/* Invocations of CNode capabilities, docs/abi/05 section 5.4. */
#ifndef CORE_CNODE_H
#define CORE_CNODE_H

#include "core/status.h"

struct call;
struct kernel;

MUST_USE enum status cnode_revoke(struct kernel *k, struct call *call);
MUST_USE enum status cnode_delete(struct kernel *k, struct call *call);
MUST_USE enum status cnode_cancel_badged_sends(struct kernel *k, struct call *call);
MUST_USE enum status cnode_copy(struct kernel *k, struct call *call);
MUST_USE enum status cnode_mint(struct kernel *k, struct call *call);
MUST_USE enum status cnode_move(struct kernel *k, struct call *call);
MUST_USE enum status cnode_mutate(struct kernel *k, struct call *call);
MUST_USE enum status cnode_rotate(struct kernel *k, struct call *call);

#endif
