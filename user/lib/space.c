/* SPDX-License-Identifier: BSD-2-Clause */
#include "user/lib/space.h"

seL4_Error space_create(struct alloc *a, seL4_RISCV_ASIDPool pool, struct space *space)
{
    seL4_Error error = alloc_object(a, seL4_RISCV_PageTableObject, 0, &space->vspace);
    if (error != seL4_NoError) {
        return error;
    }
    return seL4_RISCV_ASIDPool_Assign(pool, space->vspace);
}

static seL4_Error add_table(struct alloc *a, const struct space *space, uint64_t vaddr)
{
    seL4_RISCV_PageTable table;
    seL4_Error error = alloc_object(a, seL4_RISCV_PageTableObject, 0, &table);
    if (error != seL4_NoError) {
        return error;
    }
    return seL4_RISCV_PageTable_Map(table, space->vspace, vaddr, seL4_RISCV_Default_VMAttributes);
}

seL4_Error space_map(struct alloc *a, const struct space *space, seL4_RISCV_Page frame,
                     uint64_t vaddr, seL4_CapRights_t rights)
{
    seL4_Error error =
        seL4_RISCV_Page_Map(frame, space->vspace, vaddr, rights, seL4_RISCV_Default_VMAttributes);
    for (int missing = 0; error == seL4_FailedLookup && missing < CONFIG_PT_LEVELS - 1; missing++) {
        error = add_table(a, space, vaddr);
        if (error != seL4_NoError) {
            return error;
        }
        error = seL4_RISCV_Page_Map(frame, space->vspace, vaddr, rights,
                                    seL4_RISCV_Default_VMAttributes);
    }
    return error;
}

seL4_Error space_tables(struct alloc *a, const struct space *space, uint64_t vaddr)
{
    /* Mapping a frame for a moment makes exactly the tables that are missing. */
    seL4_RISCV_Page frame;
    seL4_Error error = alloc_object(a, seL4_RISCV_4K_Page, 0, &frame);
    if (error != seL4_NoError) {
        return error;
    }
    error = space_map(a, space, frame, vaddr, seL4_AllRights);
    if (error != seL4_NoError) {
        return error;
    }
    return seL4_RISCV_Page_Unmap(frame);
}

seL4_Error space_map_new(struct alloc *a, const struct space *space, uint64_t vaddr, uint32_t count,
                         seL4_CPtr *frames)
{
    for (uint32_t i = 0; i < count; i++) {
        seL4_CPtr frame;
        seL4_Error error = alloc_object(a, seL4_RISCV_4K_Page, 0, &frame);
        if (error != seL4_NoError) {
            return error;
        }
        error = space_map(a, space, frame, vaddr + i * USER_PAGE_SIZE, seL4_ReadWrite);
        if (error != seL4_NoError) {
            return error;
        }
        if (frames != seL4_Null) {
            frames[i] = frame;
        }
    }
    return seL4_NoError;
}

seL4_Error space_share_image(struct alloc *a, const struct space *space, const seL4_BootInfo *info)
{
    /* The IPC buffer's page follows the image's last page (docs/abi/11 section 11.3). */
    uint64_t count = info->userImageFrames.end - info->userImageFrames.start;
    uint64_t vaddr = (uint64_t)(uintptr_t)info->ipcBuffer - count * USER_PAGE_SIZE;
    for (uint64_t i = 0; i < count; i++) {
        seL4_CPtr frame;
        seL4_Error error = alloc_mint(a, info->userImageFrames.start + i, seL4_CanRead, 0, &frame);
        if (error != seL4_NoError) {
            return error;
        }
        error = space_map(a, space, frame, vaddr + i * USER_PAGE_SIZE, seL4_CanRead);
        if (error != seL4_NoError) {
            return error;
        }
    }
    return seL4_NoError;
}
