/* SPDX-License-Identifier: BSD-2-Clause */

/* Address spaces and their identifiers, docs/abi/09 sections 9.3 and 9.9 to 9.13. */
#include "abi/api.h"
#include "tests/conformance/conformance.h"
#include "tests/conformance/probe.h"
#include "user/lib/port.h"

#define WINDOW ((uint64_t)CONF_WINDOW)

enum { LOAD_FAULT = 5, STORE_FAULT = 7, FETCH_FAULT = 1, PATTERN = 0x5eed };
enum { POOLS = 1 << seL4_NumASIDPoolsBits };

static const seL4_RISCV_VMAttributes usual = seL4_RISCV_Default_VMAttributes;

static seL4_RISCV_PageTable new_table(struct conf *c)
{
    return conf_object(c, seL4_RISCV_PageTableObject, 0);
}

static seL4_Error remove_cap(const struct conf *c, seL4_CPtr cap)
{
    return seL4_CNode_Delete(c->alloc.cnode, cap, ALLOC_DEPTH);
}

static seL4_Error make_pool(const struct conf *c, seL4_Untyped untyped, seL4_CPtr slot)
{
    return seL4_RISCV_ASIDControl_MakePool(seL4_CapASIDControl, untyped, c->alloc.cnode, slot,
                                           ALLOC_DEPTH);
}

static seL4_CPtr new_pool(struct conf *c)
{
    seL4_CPtr pool = conf_slot(c);
    CHECK(c, make_pool(c, conf_object(c, seL4_UntypedObject, seL4_ASIDPoolBits), pool) ==
                 seL4_NoError);
    return pool;
}

static seL4_Error assign(seL4_RISCV_ASIDPool pool, seL4_RISCV_PageTable table)
{
    return seL4_RISCV_ASIDPool_Assign(pool, table);
}

/* ---- Pools ---- */

static void make_pool_errors(struct conf *c)
{
    seL4_CPtr slot = conf_slot(c);
    seL4_Untyped untyped = conf_object(c, seL4_UntypedObject, seL4_ASIDPoolBits);
    seL4_Untyped large = conf_object(c, seL4_UntypedObject, seL4_ASIDPoolBits + 1);
    seL4_Word words[] = {slot, ALLOC_DEPTH};
    seL4_CPtr caps[] = {untyped, c->alloc.cnode};
    const seL4_Word label = ABI_LABEL_ASID_CONTROL_MAKE_POOL;
    CHECK(c, albireo_invoke(seL4_CapASIDControl, label + 1, 2, words, 2, caps, 0) ==
                 seL4_IllegalOperation);
    CHECK(c, albireo_invoke(seL4_CapASIDControl, label, 1, words, 2, caps, 0) ==
                 seL4_TruncatedMessage);
    CHECK(c, albireo_invoke(seL4_CapASIDControl, label, 2, words, 1, caps, 0) ==
                 seL4_TruncatedMessage);
    CHECK(c, make_pool(c, c->park, c->park) == seL4_InvalidCapability);
    CHECK(c, seL4_GetMR(0) == 1);
    CHECK(c, make_pool(c, large, c->park) == seL4_InvalidCapability);
    CHECK(c, make_pool(c, untyped, c->park) == seL4_DeleteFirst);
    CHECK(c, seL4_RISCV_ASIDControl_MakePool(seL4_CapASIDControl, untyped, c->park, slot,
                                             ALLOC_DEPTH) == seL4_FailedLookup);
    CHECK(c, make_pool(c, untyped, slot) == seL4_NoError);
    CHECK(c, make_pool(c, untyped, conf_slot(c)) == seL4_RevokeFirst);
}

static void device_memory_is_no_pool(struct conf *c)
{
    const seL4_BootInfo *info = c->info;
    seL4_CPtr untyped = conf_slot(c);
    for (uint64_t i = 0; i < info->untyped.end - info->untyped.start; i++) {
        const seL4_UntypedDesc *u = &info->untypedList[i];
        if (u->paddr + ((uint64_t)1 << u->sizeBits) == CONFIG_PADDR_USER_DEVICE_TOP) {
            CHECK(c, seL4_Untyped_Retype(info->untyped.start + i, seL4_UntypedObject,
                                         seL4_ASIDPoolBits, c->alloc.cnode, 0, 0, untyped,
                                         1) == seL4_NoError);
        }
    }
    CHECK(c, make_pool(c, untyped, conf_slot(c)) == seL4_InvalidCapability);
    CHECK(c, seL4_GetMR(0) == 1);
}

static void pools_run_out(struct conf *c)
{
    seL4_CPtr pool = seL4_CapNull;
    for (uint32_t i = 1; i < POOLS; i++) { /* The initial one is there already. */
        pool = new_pool(c);
    }
    seL4_Untyped untyped = conf_object(c, seL4_UntypedObject, seL4_ASIDPoolBits);
    seL4_CPtr slot = conf_slot(c);
    CHECK(c, make_pool(c, untyped, slot) == seL4_DeleteFirst);
    CHECK(c, remove_cap(c, pool) == seL4_NoError);
    CHECK(c, make_pool(c, untyped, slot) == seL4_NoError);
}

static void assign_errors(struct conf *c)
{
    seL4_RISCV_ASIDPool pool = new_pool(c);
    seL4_RISCV_PageTable table = new_table(c);
    seL4_RISCV_PageTable lower = new_table(c);
    seL4_CPtr caps[] = {table};
    CHECK(c, albireo_invoke(pool, ABI_LABEL_PAGE_MAP, 0, seL4_Null, 1, caps, 0) ==
                 seL4_IllegalOperation);
    CHECK(c, albireo_invoke(pool, ABI_LABEL_ASID_POOL_ASSIGN, 0, seL4_Null, 0, caps, 0) ==
                 seL4_TruncatedMessage);
    CHECK(c, assign(pool, c->park) == seL4_InvalidCapability);
    CHECK(c, seL4_GetMR(0) == 1);
    CHECK(c, seL4_RISCV_PageTable_Map(lower, c->space.vspace, WINDOW, usual) == seL4_NoError);
    CHECK(c, assign(pool, lower) == seL4_InvalidCapability);
    CHECK(c, assign(pool, table) == seL4_NoError);
    CHECK(c, assign(pool, table) == seL4_InvalidCapability);
    CHECK(c, assign(pool, c->space.vspace) == seL4_InvalidCapability);
    CHECK(c, seL4_GetMR(0) == 1);
}

static void pools_are_full(struct conf *c)
{
    seL4_RISCV_ASIDPool pool = new_pool(c);
    seL4_RISCV_PageTable first = new_table(c);
    CHECK(c, assign(pool, first) == seL4_NoError);
    for (uint32_t i = 1; i < 1 << seL4_ASIDPoolIndexBits; i++) {
        CHECK(c, assign(pool, new_table(c)) == seL4_NoError);
    }
    CHECK(c, remove_cap(c, first) == seL4_NoError);
    seL4_RISCV_PageTable next = new_table(c);
    CHECK(c, assign(pool, next) == seL4_NoError);
    CHECK(c, assign(pool, new_table(c)) == seL4_DeleteFirst);
}

static void deleted_pool_takes_its_spaces_along(struct conf *c)
{
    seL4_RISCV_ASIDPool pool = new_pool(c);
    seL4_RISCV_Page frame = conf_object(c, seL4_RISCV_4K_Page, 0);
    struct space space;
    CHECK(c, space_create(&c->scene, pool, &space) == seL4_NoError);
    CHECK(c, space_map(&c->scene, &space, frame, WINDOW, seL4_ReadWrite) == seL4_NoError);
    CHECK(c, remove_cap(c, pool) == seL4_NoError);
    CHECK(c,
          seL4_RISCV_PageTable_Map(new_table(c), space.vspace, WINDOW, usual) == seL4_FailedLookup);
    CHECK(c, seL4_GetMR(0) == 0 && seL4_GetMR(1) == seL4_InvalidRoot);
    CHECK(c, seL4_RISCV_Page_Map(frame, space.vspace, WINDOW, seL4_ReadWrite, usual) ==
                 seL4_FailedLookup);
    CHECK(c, seL4_GetMR(0) == 0 && seL4_GetMR(1) == seL4_InvalidRoot);
    CHECK(c, seL4_RISCV_Page_Unmap(frame) == seL4_NoError);
}

/* ---- Threads in other address spaces ---- */

/* Puts a new frame into the process, and into the root's space at `view`. */
static bool add_frame(struct conf *c, const struct process *process, uint64_t view)
{
    seL4_RISCV_Page frame = conf_object(c, seL4_RISCV_4K_Page, 0);
    seL4_CPtr copy = conf_mint(c, frame, seL4_AllRights, 0);
    return CHECK(c, space_map(&c->scene, &process->space, frame, WINDOW, seL4_ReadWrite) ==
                        seL4_NoError) &&
           CHECK(c, space_map(&c->scene, &c->space, copy, view, seL4_ReadWrite) == seL4_NoError);
}

static void same_address_other_memory(struct conf *c)
{
    struct probe p[2];
    struct process process[2];
    for (uint32_t i = 0; i < 2; i++) {
        REQUIRE(c, probe_start_process(c, &p[i], &process[i]));
        REQUIRE(c, add_frame(c, &process[i], WINDOW + i * USER_PAGE_SIZE));
    }
    for (uint64_t round = 0; round < 4; round++) {
        CHECK(c, outcome_is_done(probe_store(&p[0], WINDOW, PATTERN + round)));
        CHECK(c, outcome_is_done(probe_store(&p[1], WINDOW, ~(PATTERN + round))));
        CHECK(c, outcome_is(probe_load(&p[0], WINDOW), PATTERN + round));
        CHECK(c, outcome_is(probe_load(&p[1], WINDOW), ~(PATTERN + round)));
        CHECK(c, user_load64(WINDOW) == PATTERN + round);
        CHECK(c, user_load64(WINDOW + USER_PAGE_SIZE) == ~(PATTERN + round));
    }
}

static void unmapping_reaches_other_spaces(struct conf *c)
{
    struct probe p;
    struct process process;
    seL4_RISCV_Page frame = conf_object(c, seL4_RISCV_4K_Page, 0);
    REQUIRE(c, probe_start_process(c, &p, &process));
    CHECK(c, space_map(&c->scene, &process.space, frame, WINDOW, seL4_ReadWrite) == seL4_NoError);
    CHECK(c, outcome_is(probe_load(&p, WINDOW), 0));
    CHECK(c, seL4_RISCV_Page_Unmap(frame) == seL4_NoError);
    CHECK(c, outcome_is_vm_fault(probe_load(&p, WINDOW), WINDOW, LOAD_FAULT));
}

static void processes_cannot_write_the_image(struct conf *c)
{
    struct probe p;
    struct process process;
    REQUIRE(c, probe_start_process(c, &p, &process));
    uint64_t page = (uint64_t)(uintptr_t)c->info->ipcBuffer - USER_PAGE_SIZE;
    uint64_t content = user_load64(page);
    CHECK(c, outcome_is(probe_load(&p, page), content));
    CHECK(c, outcome_is_vm_fault(probe_store(&p, page, ~content), page, STORE_FAULT));
    CHECK(c, user_load64(page) == content);
    uint64_t buffer = page + USER_PAGE_SIZE;
    CHECK(c, outcome_is_vm_fault(probe_load(&p, buffer), buffer, LOAD_FAULT));
}

static void thread_loses_its_space(struct conf *c)
{
    struct probe p;
    struct process process;
    REQUIRE(c, probe_start_process(c, &p, &process));
    REQUIRE(c, add_frame(c, &process, WINDOW));
    CHECK(c, outcome_is(probe_load(&p, WINDOW), 0));
    CHECK(c, seL4_CNode_Revoke(c->alloc.cnode, process.space.vspace, ALLOC_DEPTH) == seL4_NoError);
    CHECK(c, remove_cap(c, process.space.vspace) == seL4_NoError);
    struct outcome outcome = probe_load(&p, WINDOW);
    CHECK(c, outcome.faulted && seL4_isVMFault_Fault(outcome.fault));
    CHECK(c, seL4_Fault_VMFault_get_PrefetchFault(outcome.fault) == 1);
    CHECK(c, seL4_Fault_VMFault_get_FSR(outcome.fault) == FETCH_FAULT);
    CHECK(c,
          seL4_Fault_VMFault_get_Addr(outcome.fault) == seL4_Fault_VMFault_get_IP(outcome.fault));
}

static void thread_loses_its_pool(struct conf *c)
{
    struct probe p;
    struct space space;
    seL4_RISCV_ASIDPool pool = new_pool(c);
    REQUIRE(c, probe_start(c, &p));
    CHECK(c, space_create(&c->scene, pool, &space) == seL4_NoError);
    CHECK(c, space_share_image(&c->scene, &space, c->info) == seL4_NoError);
    CHECK(c, seL4_TCB_SetSpace(p.thread.tcb, conf_mint(c, p.answers, seL4_AllRights, 2),
                               c->alloc.cnode, 0, space.vspace, 0) == seL4_NoError);
    CHECK(c, remove_cap(c, pool) == seL4_NoError);
    CHECK(c, outcome_is_vm_fault(probe_jump(&p, p.start.pc), p.start.pc, FETCH_FAULT));
}

/* SetSpace takes a table that is no root; the thread then has no memory. */
static void lower_table_is_no_space(struct conf *c)
{
    struct probe p;
    REQUIRE(c, probe_start(c, &p));
    seL4_RISCV_PageTable table = new_table(c);
    seL4_CPtr handler = conf_mint(c, p.answers, seL4_AllRights, 2);
    CHECK(c, seL4_TCB_SetSpace(p.thread.tcb, handler, c->alloc.cnode, 0, table, 0) ==
                 seL4_IllegalOperation);
    CHECK(c, seL4_RISCV_PageTable_Map(table, c->space.vspace, WINDOW, usual) == seL4_NoError);
    CHECK(c, seL4_TCB_SetSpace(p.thread.tcb, handler, c->alloc.cnode, 0, table, 0) == seL4_NoError);
    struct outcome outcome = probe_jump(&p, p.start.pc);
    CHECK(c, outcome_is_vm_fault(outcome, p.start.pc, FETCH_FAULT));
    CHECK(c, seL4_TCB_SetSpace(p.thread.tcb, handler, c->alloc.cnode, 0, c->space.vspace, 0) ==
                 seL4_NoError);
    CHECK(c, outcome_is_done(probe_load(&p, (uint64_t)(uintptr_t)c->info->ipcBuffer)));
}

/* The new address space has the identifier of the deleted one. */
static void reused_identifier_has_nothing_stale(struct conf *c)
{
    struct probe p[2];
    struct process process[2];
    REQUIRE(c, probe_start_process(c, &p[0], &process[0]));
    REQUIRE(c, add_frame(c, &process[0], WINDOW));
    CHECK(c, outcome_is(probe_load(&p[0], WINDOW), 0));
    CHECK(c, remove_cap(c, p[0].thread.tcb) == seL4_NoError);
    CHECK(c,
          seL4_CNode_Revoke(c->alloc.cnode, process[0].space.vspace, ALLOC_DEPTH) == seL4_NoError);
    CHECK(c, remove_cap(c, process[0].space.vspace) == seL4_NoError);
    REQUIRE(c, probe_start_process(c, &p[1], &process[1]));
    CHECK(c, outcome_is_vm_fault(probe_load(&p[1], WINDOW), WINDOW, LOAD_FAULT));
    REQUIRE(c, add_frame(c, &process[1], WINDOW + USER_PAGE_SIZE));
    user_store64(WINDOW, PATTERN);
    CHECK(c, outcome_is(probe_load(&p[1], WINDOW), 0));
}

/* ---- What is left of a deleted address space ---- */

static void records_outlive_their_space(struct conf *c)
{
    struct space space;
    seL4_RISCV_PageTable table = new_table(c);
    seL4_RISCV_Page frame = conf_object(c, seL4_RISCV_4K_Page, 0);
    CHECK(c, space_create(&c->scene, seL4_CapInitThreadASIDPool, &space) == seL4_NoError);
    CHECK(c, seL4_RISCV_PageTable_Map(table, space.vspace, WINDOW, usual) == seL4_NoError);
    CHECK(c, space_map(&c->scene, &space, frame, WINDOW, seL4_ReadWrite) == seL4_NoError);
    CHECK(c, remove_cap(c, space.vspace) == seL4_NoError);
    CHECK(c, seL4_RISCV_PageTable_Map(table, c->space.vspace, WINDOW, usual) ==
                 seL4_InvalidCapability);
    CHECK(c, seL4_GetMR(0) == 0);
    CHECK(c, seL4_RISCV_PageTable_Unmap(table) == seL4_NoError);
    CHECK(c, seL4_RISCV_PageTable_Map(table, c->space.vspace, WINDOW, usual) == seL4_NoError);
    CHECK(c, seL4_RISCV_Page_Unmap(frame) == seL4_NoError);
    CHECK(c, space_map(&c->scene, &c->space, frame, WINDOW, seL4_ReadWrite) == seL4_NoError);
    user_store64(WINDOW, PATTERN);
    CHECK(c, user_load64(WINDOW) == PATTERN);
}

static const struct scenario scenarios[] = {
    {"MakePool makes its checks in order", make_pool_errors},
    {"device memory makes no pool", device_memory_is_no_pool},
    {"there are 128 pools, and a deleted one can be made again", pools_run_out},
    {"Assign makes its checks in order", assign_errors},
    {"a pool has 512 address spaces, and a deleted one is free", pools_are_full},
    {"a deleted pool takes its address spaces along", deleted_pool_takes_its_spaces_along},
    {"one address shows different memory in different spaces", same_address_other_memory},
    {"a page unmapped in another space faults there at once", unmapping_reaches_other_spaces},
    {"a process cannot write its program, nor see the maker's buffer",
     processes_cannot_write_the_image},
    {"a thread whose address space is deleted cannot fetch", thread_loses_its_space},
    {"a thread whose pool is deleted cannot fetch", thread_loses_its_pool},
    {"a thread with a lower table for a space cannot fetch", lower_table_is_no_space},
    {"a reused identifier shows nothing of the old space", reused_identifier_has_nothing_stale},
    {"capabilities stay mapped when their space is deleted", records_outlive_their_space},
};

const struct group conf_asid = {"asid", scenarios, sizeof scenarios / sizeof *scenarios};
