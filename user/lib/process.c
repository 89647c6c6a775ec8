/* SPDX-License-Identifier: BSD-2-Clause */
#include "user/lib/process.h"

/* The guard that makes pointers plain slot numbers. */
static seL4_Word guard(void)
{
    return seL4_CNode_CapData_new(0, seL4_WordBits - PROCESS_CNODE_BITS).words[0];
}

seL4_Error process_grant(const struct alloc *a, const struct process *process, seL4_Word slot,
                         seL4_CPtr source, seL4_CapRights_t rights, seL4_Word badge)
{
    if (badge == 0) {
        return seL4_CNode_Copy(process->cnode, slot, PROCESS_CNODE_BITS, a->cnode, source,
                               ALLOC_DEPTH, rights);
    }
    return seL4_CNode_Mint(process->cnode, slot, PROCESS_CNODE_BITS, a->cnode, source, ALLOC_DEPTH,
                           rights, badge);
}

static seL4_Error make_spaces(struct alloc *a, const seL4_BootInfo *info, struct process *process)
{
    seL4_Error error = alloc_object(a, seL4_CapTableObject, PROCESS_CNODE_BITS, &process->cnode);
    if (error != seL4_NoError) {
        return error;
    }
    error = space_create(a, seL4_CapInitThreadASIDPool, &process->space);
    if (error != seL4_NoError) {
        return error;
    }
    error = space_share_image(a, &process->space, info);
    if (error != seL4_NoError) {
        return error;
    }
    error = process_grant(a, process, PROCESS_SLOT_CNODE, process->cnode, seL4_AllRights, guard());
    if (error != seL4_NoError) {
        return error;
    }
    return process_grant(a, process, PROCESS_SLOT_VSPACE, process->space.vspace, seL4_AllRights, 0);
}

seL4_Error process_create(struct alloc *a, const seL4_BootInfo *info,
                          const struct thread_spec *spec, struct process *process)
{
    seL4_Error error = make_spaces(a, info, process);
    if (error != seL4_NoError) {
        return error;
    }
    struct thread_spec own = *spec;
    own.area = PROCESS_AREA;
    own.space = &process->space;
    own.cspace = process->cnode;
    own.cspace_guard = guard();
    return thread_create(a, &own, &process->thread);
}
