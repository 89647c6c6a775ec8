/* SPDX-License-Identifier: BSD-2-Clause */

#include "core/fpu.h"

#include <stdbool.h>
#include <stddef.h>

#include "core/kernel.h"
#include "core/machine.h"

void fpu_release_core(struct kernel *k, uint32_t core)
{
    struct thread *owner = k->cores[core].fpu_owner;

    if (owner != NULL) {
        machine_fpu_save(k->machine, core, owner->fpu);
        k->cores[core].fpu_owner = NULL;
    }
}

void fpu_release(struct kernel *k, const struct thread *thread)
{
    for (uint32_t i = 0; i < CONFIG_CORES; i++) {
        if (k->cores[i].fpu_owner == thread) {
            fpu_release_core(k, i);
        }
    }
}

void fpu_switch(struct kernel *k, struct thread *thread)
{
    struct core *core = this_core(k);

    if (!CONFIG_FPU || thread->state == THREAD_IDLE) {
        return;
    }
    bool enable = (thread->flags & ABI_TCB_FLAG_FPU_DISABLED) == 0;
    if (enable && core->fpu_owner != thread) {
        fpu_release_core(k, k->this_core);
        fpu_release(k, thread);
        machine_fpu_load(k->machine, k->this_core, thread->fpu);
        core->fpu_owner = thread;
    }
    if (enable != core->fpu_enabled) {
        machine_fpu_enable(k->machine, k->this_core, enable);
        core->fpu_enabled = enable;
    }
}
