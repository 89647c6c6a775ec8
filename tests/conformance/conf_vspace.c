/* SPDX-License-Identifier: BSD-2-Clause */

/* Page tables, frames and what they do to accesses, docs/abi/09. Accesses that may fault are made
 * by a probe. Address spaces as such are in conf_asid.c.
 */
#include "abi/api.h"
#include "tests/conformance/conformance.h"
#include "tests/conformance/probe.h"
#include "user/lib/port.h"

/* The 1 GiB region of CONF_WINDOW also has threads' stacks, and so page tables; that of FAR has
 * none. */
#define WINDOW ((uint64_t)CONF_WINDOW)
#define FAR 0x80000000u
#define LAST_PAGE (seL4_UserTop - USER_PAGE_SIZE)

enum { LOAD_FAULT = 5, STORE_FAULT = 7, FETCH_FAULT = 1, ILLEGAL_INSTRUCTION = 2 };
enum { PATTERN = 0x5eed, BUFFER_OFFSET = 0x400, BUFFER_MSG_4 = 8 + 4 * 8 };

static const seL4_RISCV_VMAttributes usual = seL4_RISCV_Default_VMAttributes;

static seL4_RISCV_Page new_frame(struct conf *c)
{
    return conf_object(c, seL4_RISCV_4K_Page, 0);
}

static seL4_RISCV_PageTable new_table(struct conf *c)
{
    return conf_object(c, seL4_RISCV_PageTableObject, 0);
}

static seL4_CPtr copy_of(struct conf *c, seL4_CPtr cap)
{
    return conf_mint(c, cap, seL4_AllRights, 0);
}

/* Map into the root's space. */
static seL4_Error map(const struct conf *c, seL4_RISCV_Page frame, uint64_t vaddr,
                      seL4_CapRights_t rights)
{
    return seL4_RISCV_Page_Map(frame, c->space.vspace, vaddr, rights, usual);
}

static seL4_Error map_table(const struct conf *c, seL4_RISCV_PageTable table, uint64_t vaddr)
{
    return seL4_RISCV_PageTable_Map(table, c->space.vspace, vaddr, usual);
}

static seL4_Error remove_cap(const struct conf *c, seL4_CPtr cap)
{
    return seL4_CNode_Delete(c->alloc.cnode, cap, ALLOC_DEPTH);
}

/* A failed lookup for want of a table whose entries cover 2^bits bytes. */
static bool lacks(seL4_Error error, seL4_Word bits)
{
    return error == seL4_FailedLookup && seL4_GetMR(0) == 0 &&
           seL4_GetMR(1) == seL4_MissingCapability && seL4_MappingFailedLookupLevel() == bits;
}

/* A frame at WINDOW with a pattern in it, and a probe. */
static bool stage(struct conf *c, struct probe *p, seL4_RISCV_Page *frame)
{
    *frame = new_frame(c);
    if (!probe_start(c, p) || !CHECK(c, space_map(&c->scene, &c->space, *frame, WINDOW,
                                                  seL4_ReadWrite) == seL4_NoError)) {
        return false;
    }
    user_store64(WINDOW, PATTERN);
    return true;
}

/* ---- Page tables ---- */

static void table_map_errors(struct conf *c)
{
    seL4_RISCV_PageTable table = new_table(c);
    seL4_CPtr vspace = c->space.vspace;
    seL4_Word words[] = {FAR, usual};
    CHECK(c, albireo_invoke(table, ABI_LABEL_PAGE_TABLE_MAP, 1, words, 1, &vspace, 0) ==
                 seL4_TruncatedMessage);
    CHECK(c, albireo_invoke(table, ABI_LABEL_PAGE_TABLE_MAP, 2, words, 0, &vspace, 0) ==
                 seL4_TruncatedMessage);
    CHECK(c, albireo_invoke(table, ABI_LABEL_PAGE_MAP, 2, words, 1, &vspace, 0) ==
                 seL4_IllegalOperation);
    CHECK(c, seL4_RISCV_PageTable_Map(table, c->park, UINT64_MAX, usual) == seL4_InvalidCapability);
    CHECK(c, seL4_GetMR(0) == 1);
    CHECK(c, seL4_RISCV_PageTable_Map(table, table, FAR, usual) == seL4_InvalidCapability);
    CHECK(c, seL4_GetMR(0) == 1);
    CHECK(c, map_table(c, table, seL4_UserTop) == seL4_InvalidArgument);
    CHECK(c, seL4_GetMR(0) == 0);
    CHECK(c, map_table(c, table, UINT64_MAX) == seL4_InvalidArgument);
    CHECK(c, map_table(c, table, FAR) == seL4_NoError);
    CHECK(c, seL4_RISCV_PageTable_Map(table, c->park, FAR, usual) == seL4_InvalidCapability);
    CHECK(c, seL4_GetMR(0) == 0);
    CHECK(c, seL4_RISCV_PageTable_Map(new_table(c), table, FAR, usual) == seL4_InvalidCapability);
    CHECK(c, seL4_GetMR(0) == 1);
}

static void tables_go_to_the_missing_level(struct conf *c)
{
    seL4_RISCV_Page frame = new_frame(c);
    CHECK(c, lacks(map(c, frame, FAR, seL4_ReadWrite), seL4_HugePageBits));
    CHECK(c, map_table(c, new_table(c), FAR + 0x12345) == seL4_NoError);
    CHECK(c, lacks(map(c, frame, FAR, seL4_ReadWrite), seL4_LargePageBits));
    CHECK(c, map_table(c, new_table(c), FAR + 0x12345) == seL4_NoError);
    CHECK(c, map_table(c, new_table(c), FAR) == seL4_DeleteFirst);
    CHECK(c, map(c, frame, FAR, seL4_ReadWrite) == seL4_NoError);
    CHECK(c, lacks(map(c, new_frame(c), FAR + ((uint64_t)1 << seL4_LargePageBits), seL4_ReadWrite),
                   seL4_LargePageBits));
    user_store64(FAR, PATTERN);
    CHECK(c, user_load64(FAR) == PATTERN);
}

static void table_unmap_checks(struct conf *c)
{
    seL4_RISCV_PageTable table = new_table(c);
    CHECK(c, seL4_RISCV_PageTable_Unmap(table) == seL4_NoError);
    CHECK(c, map_table(c, table, FAR) == seL4_NoError);
    seL4_CPtr copy = copy_of(c, table);
    CHECK(c, seL4_RISCV_PageTable_Unmap(table) == seL4_RevokeFirst);
    CHECK(c, seL4_RISCV_PageTable_Unmap(copy) == seL4_RevokeFirst);
    CHECK(c, remove_cap(c, copy) == seL4_NoError);
    CHECK(c, seL4_RISCV_PageTable_Unmap(table) == seL4_NoError);
    CHECK(c, seL4_RISCV_PageTable_Unmap(table) == seL4_NoError);
    CHECK(c, seL4_RISCV_PageTable_Unmap(c->space.vspace) == seL4_RevokeFirst);
    struct space other;
    REQUIRE(c, space_create(&c->scene, seL4_CapInitThreadASIDPool, &other) == seL4_NoError);
    CHECK(c, seL4_RISCV_PageTable_Unmap(other.vspace) == seL4_RevokeFirst);
}

static void only_mapped_tables_are_copied(struct conf *c)
{
    seL4_RISCV_PageTable table = new_table(c);
    seL4_CPtr slot = conf_slot(c);
    CHECK(c, seL4_CNode_Copy(c->alloc.cnode, slot, ALLOC_DEPTH, c->alloc.cnode, table, ALLOC_DEPTH,
                             seL4_AllRights) == seL4_IllegalOperation);
    CHECK(c, map_table(c, table, FAR) == seL4_NoError);
    CHECK(c, seL4_CNode_Copy(c->alloc.cnode, slot, ALLOC_DEPTH, c->alloc.cnode, table, ALLOC_DEPTH,
                             seL4_AllRights) == seL4_NoError);
}

/* Frames below keep their record, so they can only come back to the same place. */
static void table_takes_its_frames_along(struct conf *c)
{
    struct probe p;
    seL4_RISCV_Page frame = new_frame(c);
    seL4_RISCV_PageTable leaf = new_table(c);
    REQUIRE(c, probe_start(c, &p));
    CHECK(c, map_table(c, leaf, WINDOW) == seL4_NoError);
    CHECK(c, map(c, frame, WINDOW, seL4_ReadWrite) == seL4_NoError);
    CHECK(c, outcome_is_done(probe_store(&p, WINDOW, PATTERN)));
    CHECK(c, seL4_RISCV_PageTable_Unmap(leaf) == seL4_NoError);
    CHECK(c, outcome_is_vm_fault(probe_load(&p, WINDOW), WINDOW, LOAD_FAULT));
    CHECK(c, lacks(map(c, frame, WINDOW, seL4_ReadWrite), seL4_LargePageBits));
    CHECK(c, map_table(c, leaf, WINDOW) == seL4_NoError);
    CHECK(c, outcome_is_vm_fault(probe_load(&p, WINDOW), WINDOW, LOAD_FAULT));
    CHECK(c, map(c, frame, WINDOW + USER_PAGE_SIZE, seL4_ReadWrite) == seL4_InvalidArgument);
    CHECK(c, map(c, frame, WINDOW, seL4_ReadWrite) == seL4_NoError);
    CHECK(c, outcome_is(probe_load(&p, WINDOW), PATTERN));
}

static void deleted_table_takes_its_frames_along(struct conf *c)
{
    struct probe p;
    seL4_RISCV_PageTable leaf = new_table(c);
    REQUIRE(c, probe_start(c, &p));
    CHECK(c, map_table(c, leaf, WINDOW) == seL4_NoError);
    CHECK(c, map(c, new_frame(c), WINDOW, seL4_ReadWrite) == seL4_NoError);
    CHECK(c, outcome_is(probe_load(&p, WINDOW), 0));
    CHECK(c, remove_cap(c, leaf) == seL4_NoError);
    CHECK(c, outcome_is_vm_fault(probe_load(&p, WINDOW), WINDOW, LOAD_FAULT));
    CHECK(c, map_table(c, new_table(c), WINDOW) == seL4_NoError);
    CHECK(c, outcome_is_vm_fault(probe_load(&p, WINDOW), WINDOW, LOAD_FAULT));
}

/* ---- Mapping frames ---- */

static void page_map_errors(struct conf *c)
{
    seL4_RISCV_Page frame = new_frame(c);
    seL4_RISCV_PageTable table = new_table(c);
    seL4_CPtr vspace = c->space.vspace;
    seL4_Word words[] = {FAR, 3, usual};
    CHECK(c, albireo_invoke(frame, ABI_LABEL_PAGE_MAP, 2, words, 1, &vspace, 0) ==
                 seL4_TruncatedMessage);
    CHECK(c, albireo_invoke(frame, ABI_LABEL_PAGE_MAP, 3, words, 0, &vspace, 0) ==
                 seL4_TruncatedMessage);
    CHECK(c, albireo_invoke(frame, ABI_LABEL_PAGE_TABLE_MAP, 3, words, 1, &vspace, 0) ==
                 seL4_IllegalOperation);
    CHECK(c, seL4_RISCV_Page_Map(frame, c->park, FAR, seL4_ReadWrite, usual) ==
                 seL4_InvalidCapability);
    CHECK(c, seL4_GetMR(0) == 1);
    CHECK(c,
          seL4_RISCV_Page_Map(frame, table, FAR, seL4_ReadWrite, usual) == seL4_InvalidCapability);
    CHECK(c, map_table(c, table, FAR) == seL4_NoError);
    CHECK(c,
          seL4_RISCV_Page_Map(frame, table, FAR, seL4_ReadWrite, usual) == seL4_InvalidCapability);
    CHECK(c, seL4_GetMR(0) == 1);
    CHECK(c, map(c, frame, FAR + 8, seL4_ReadWrite) == seL4_AlignmentError);
    CHECK(c, lacks(map(c, frame, FAR, seL4_ReadWrite), seL4_LargePageBits));
}

static void user_top_is_the_limit(struct conf *c)
{
    seL4_RISCV_Page frame = new_frame(c);
    CHECK(c, map(c, frame, seL4_UserTop, seL4_ReadWrite) == seL4_InvalidArgument);
    CHECK(c, seL4_GetMR(0) == 0);
    CHECK(c, map(c, frame, seL4_UserTop - 8, seL4_ReadWrite) == seL4_InvalidArgument);
    CHECK(c, map(c, frame, UINT64_MAX - 7, seL4_ReadWrite) == seL4_InvalidArgument);
    CHECK(c, map(c, frame, (uint64_t)1 << 63, seL4_ReadWrite) == seL4_InvalidArgument);
    CHECK(c, space_map(&c->scene, &c->space, frame, LAST_PAGE, seL4_ReadWrite) == seL4_NoError);
    user_store64(seL4_UserTop - 8, PATTERN);
    CHECK(c, user_load64(seL4_UserTop - 8) == PATTERN);
}

static void addresses_beyond_fault(struct conf *c)
{
    struct probe p;
    const uint64_t kernel = 0xffffffff80000000;
    const uint64_t no_address = (uint64_t)1 << 45;
    REQUIRE(c, probe_start(c, &p));
    CHECK(c, outcome_is_vm_fault(probe_load(&p, seL4_UserTop), seL4_UserTop, LOAD_FAULT));
    CHECK(c, outcome_is_vm_fault(probe_store(&p, kernel, 1), kernel, STORE_FAULT));
    CHECK(c, outcome_is_vm_fault(probe_load(&p, kernel), kernel, LOAD_FAULT));
    CHECK(c, outcome_is_vm_fault(probe_load(&p, no_address), no_address, LOAD_FAULT));
    CHECK(c, outcome_is_vm_fault(probe_jump(&p, kernel), kernel, FETCH_FAULT));
    CHECK(c, outcome_is_vm_fault(probe_load(&p, 0), 0, LOAD_FAULT));
}

static void frame_has_one_place(struct conf *c)
{
    seL4_RISCV_Page frame = new_frame(c);
    struct space other;
    CHECK(c, space_create(&c->scene, seL4_CapInitThreadASIDPool, &other) == seL4_NoError);
    CHECK(c, space_tables(&c->scene, &other, WINDOW) == seL4_NoError);
    CHECK(c, space_map(&c->scene, &c->space, frame, WINDOW, seL4_ReadWrite) == seL4_NoError);
    CHECK(c, map(c, frame, WINDOW + USER_PAGE_SIZE, seL4_ReadWrite) == seL4_InvalidArgument);
    CHECK(c, seL4_GetMR(0) == 0);
    CHECK(c, seL4_RISCV_Page_Map(frame, other.vspace, WINDOW, seL4_ReadWrite, usual) ==
                 seL4_InvalidCapability);
    CHECK(c, seL4_GetMR(0) == 1);
    CHECK(c, map(c, frame, WINDOW, seL4_ReadWrite) == seL4_NoError);
    CHECK(c, seL4_RISCV_Page_Unmap(frame) == seL4_NoError);
    CHECK(c, seL4_RISCV_Page_Unmap(frame) == seL4_NoError);
    CHECK(c, map(c, frame, WINDOW + USER_PAGE_SIZE, seL4_ReadWrite) == seL4_NoError);
}

static void place_has_one_frame(struct conf *c)
{
    seL4_RISCV_Page frame = new_frame(c);
    CHECK(c, space_map(&c->scene, &c->space, frame, WINDOW, seL4_ReadWrite) == seL4_NoError);
    CHECK(c, map(c, new_frame(c), WINDOW, seL4_ReadWrite) == seL4_DeleteFirst);
    CHECK(c, map(c, copy_of(c, frame), WINDOW, seL4_ReadWrite) == seL4_DeleteFirst);
}

static void copies_are_mapped_apart(struct conf *c)
{
    struct probe p;
    seL4_RISCV_Page frame;
    REQUIRE(c, stage(c, &p, &frame));
    seL4_CPtr copy = copy_of(c, frame);
    CHECK(c, map(c, copy, WINDOW + USER_PAGE_SIZE, seL4_ReadWrite) == seL4_NoError);
    CHECK(c, outcome_is(probe_load(&p, WINDOW + USER_PAGE_SIZE), PATTERN));
    user_store64(WINDOW + USER_PAGE_SIZE + 8, PATTERN + 1);
    CHECK(c, outcome_is(probe_load(&p, WINDOW + 8), PATTERN + 1));
    CHECK(c, remove_cap(c, copy) == seL4_NoError);
    CHECK(c, outcome_is_vm_fault(probe_load(&p, WINDOW + USER_PAGE_SIZE), WINDOW + USER_PAGE_SIZE,
                                 LOAD_FAULT));
    CHECK(c, outcome_is(probe_load(&p, WINDOW), PATTERN));
}

static void move_keeps_the_mapping(struct conf *c)
{
    struct probe p;
    seL4_RISCV_Page frame;
    REQUIRE(c, stage(c, &p, &frame));
    seL4_CPtr moved = conf_slot(c);
    CHECK(c, seL4_CNode_Move(c->alloc.cnode, moved, ALLOC_DEPTH, c->alloc.cnode, frame,
                             ALLOC_DEPTH) == seL4_NoError);
    CHECK(c, outcome_is(probe_load(&p, WINDOW), PATTERN));
    CHECK(c, map(c, moved, WINDOW + USER_PAGE_SIZE, seL4_ReadWrite) == seL4_InvalidArgument);
    CHECK(c, seL4_RISCV_Page_Unmap(moved) == seL4_NoError);
    CHECK(c, outcome_is_vm_fault(probe_load(&p, WINDOW), WINDOW, LOAD_FAULT));
}

static void revoking_unmaps_copies_only(struct conf *c)
{
    struct probe p;
    seL4_RISCV_Page frame;
    REQUIRE(c, stage(c, &p, &frame));
    CHECK(c, map(c, copy_of(c, frame), WINDOW + USER_PAGE_SIZE, seL4_ReadWrite) == seL4_NoError);
    CHECK(c, seL4_CNode_Revoke(c->alloc.cnode, frame, ALLOC_DEPTH) == seL4_NoError);
    CHECK(c, outcome_is(probe_load(&p, WINDOW), PATTERN));
    CHECK(c, outcome_is_vm_fault(probe_load(&p, WINDOW + USER_PAGE_SIZE), WINDOW + USER_PAGE_SIZE,
                                 LOAD_FAULT));
}

static void addresses_are_of_the_memory(struct conf *c)
{
    seL4_RISCV_Page frame = new_frame(c);
    seL4_RISCV_Page other = new_frame(c);
    uint64_t paddr = seL4_RISCV_Page_GetAddress(frame).paddr;
    CHECK(c, seL4_RISCV_Page_GetAddress(frame).error == seL4_NoError);
    CHECK(c, paddr % USER_PAGE_SIZE == 0);
    CHECK(c, seL4_RISCV_Page_GetAddress(other).paddr == paddr + USER_PAGE_SIZE);
    CHECK(c, seL4_RISCV_Page_GetAddress(copy_of(c, frame)).paddr == paddr);
    CHECK(c, space_map(&c->scene, &c->space, frame, WINDOW, seL4_ReadWrite) == seL4_NoError);
    CHECK(c, seL4_RISCV_Page_GetAddress(frame).paddr == paddr);
}

/* ---- Rights and attributes ---- */

static void read_only_mapping(struct conf *c)
{
    struct probe p;
    seL4_RISCV_Page frame = new_frame(c);
    REQUIRE(c, probe_start(c, &p));
    CHECK(c, space_map(&c->scene, &c->space, frame, WINDOW, seL4_CanRead) == seL4_NoError);
    CHECK(c, outcome_is(probe_load(&p, WINDOW), 0));
    CHECK(c, outcome_is_vm_fault(probe_store(&p, WINDOW + 16, 1), WINDOW + 16, STORE_FAULT));
    CHECK(c, outcome_is(probe_load(&p, WINDOW + 16), 0));
}

static void read_only_capability(struct conf *c)
{
    struct probe p;
    seL4_RISCV_Page frame;
    REQUIRE(c, stage(c, &p, &frame));
    seL4_CPtr copy = conf_mint(c, frame, seL4_CanRead, 0);
    CHECK(c, map(c, copy, WINDOW + USER_PAGE_SIZE, seL4_ReadWrite) == seL4_NoError);
    CHECK(c, outcome_is(probe_load(&p, WINDOW + USER_PAGE_SIZE), PATTERN));
    CHECK(c, outcome_is_vm_fault(probe_store(&p, WINDOW + USER_PAGE_SIZE, 1),
                                 WINDOW + USER_PAGE_SIZE, STORE_FAULT));
}

static void remapping_takes_rights_at_once(struct conf *c)
{
    struct probe p;
    seL4_RISCV_Page frame;
    REQUIRE(c, stage(c, &p, &frame));
    CHECK(c, outcome_is_done(probe_store(&p, WINDOW, 1)));
    CHECK(c, map(c, frame, WINDOW, seL4_CanRead) == seL4_NoError);
    CHECK(c, outcome_is_vm_fault(probe_store(&p, WINDOW, 2), WINDOW, STORE_FAULT));
    CHECK(c, outcome_is(probe_load(&p, WINDOW), 1));
}

static void remapping_gives_rights_at_once(struct conf *c)
{
    struct probe p;
    seL4_RISCV_Page frame = new_frame(c);
    REQUIRE(c, probe_start(c, &p));
    CHECK(c, space_map(&c->scene, &c->space, frame, WINDOW, seL4_CanRead) == seL4_NoError);
    CHECK(c, outcome_is_vm_fault(probe_store(&p, WINDOW, 1), WINDOW, STORE_FAULT));
    CHECK(c, outcome_is_vm_fault(probe_again(&p), WINDOW, STORE_FAULT));
    CHECK(c, map(c, frame, WINDOW, seL4_ReadWrite) == seL4_NoError);
    CHECK(c, outcome_is_done(probe_again(&p)));
    CHECK(c, outcome_is(probe_load(&p, WINDOW), 1));
}

/* Zeros are an illegal instruction: to fetch them worked. */
static void execute_never(struct conf *c)
{
    struct probe p;
    seL4_RISCV_Page frame = new_frame(c);
    REQUIRE(c, probe_start(c, &p));
    CHECK(c, space_map(&c->scene, &c->space, frame, WINDOW, seL4_CanRead) == seL4_NoError);
    CHECK(c, outcome_is_exception(probe_jump(&p, WINDOW), ILLEGAL_INSTRUCTION));
    CHECK(c, seL4_RISCV_Page_Map(frame, c->space.vspace, WINDOW, seL4_ReadWrite,
                                 seL4_RISCV_ExecuteNever) == seL4_NoError);
    CHECK(c, outcome_is_vm_fault(probe_jump(&p, WINDOW), WINDOW, FETCH_FAULT));
    CHECK(c, outcome_is_done(probe_store(&p, WINDOW, 0)));
    CHECK(c, map(c, frame, WINDOW, seL4_ReadWrite) == seL4_NoError);
    CHECK(c, outcome_is_exception(probe_jump(&p, WINDOW), ILLEGAL_INSTRUCTION));
}

static void execute_only(struct conf *c)
{
    struct probe p;
    seL4_RISCV_Page frame = new_frame(c);
    REQUIRE(c, probe_start(c, &p));
    CHECK(c, space_map(&c->scene, &c->space, frame, WINDOW, seL4_NoRights) == seL4_NoError);
    CHECK(c, outcome_is_exception(probe_jump(&p, WINDOW), ILLEGAL_INSTRUCTION));
    CHECK(c, outcome_is_vm_fault(probe_load(&p, WINDOW), WINDOW, LOAD_FAULT));
    CHECK(c, outcome_is_vm_fault(probe_store(&p, WINDOW, 1), WINDOW, STORE_FAULT));
}

static void write_only_is_no_access(struct conf *c)
{
    struct probe p;
    seL4_RISCV_Page frame = new_frame(c);
    REQUIRE(c, probe_start(c, &p));
    CHECK(c, space_map(&c->scene, &c->space, frame, WINDOW, seL4_CanWrite) == seL4_NoError);
    CHECK(c, outcome_is_vm_fault(probe_store(&p, WINDOW, 1), WINDOW, STORE_FAULT));
    CHECK(c, outcome_is_vm_fault(probe_load(&p, WINDOW), WINDOW, LOAD_FAULT));
}

/* Nothing is in the table, but the capability has its place; another one can take it. */
static void no_access_at_all(struct conf *c)
{
    struct probe p;
    seL4_RISCV_Page frame = new_frame(c);
    REQUIRE(c, probe_start(c, &p));
    CHECK(c, space_tables(&c->scene, &c->space, WINDOW) == seL4_NoError);
    CHECK(c, seL4_RISCV_Page_Map(frame, c->space.vspace, WINDOW, seL4_NoRights,
                                 seL4_RISCV_ExecuteNever) == seL4_NoError);
    CHECK(c, outcome_is_vm_fault(probe_load(&p, WINDOW), WINDOW, LOAD_FAULT));
    CHECK(c, outcome_is_vm_fault(probe_jump(&p, WINDOW), WINDOW, FETCH_FAULT));
    CHECK(c, map(c, frame, WINDOW + USER_PAGE_SIZE, seL4_ReadWrite) == seL4_InvalidArgument);
    CHECK(c, map(c, new_frame(c), WINDOW, seL4_ReadWrite) == seL4_NoError);
    CHECK(c, seL4_RISCV_Page_Unmap(frame) == seL4_NoError);
    CHECK(c, outcome_is(probe_load(&p, WINDOW), 0));
}

/* ---- Nothing stale ---- */

static void unmapped_page_faults_at_once(struct conf *c)
{
    struct probe p;
    seL4_RISCV_Page frame;
    REQUIRE(c, stage(c, &p, &frame));
    CHECK(c, outcome_is(probe_load(&p, WINDOW), PATTERN));
    CHECK(c, seL4_RISCV_Page_Unmap(frame) == seL4_NoError);
    CHECK(c, outcome_is_vm_fault(probe_load(&p, WINDOW), WINDOW, LOAD_FAULT));
    CHECK(c, map(c, frame, WINDOW, seL4_ReadWrite) == seL4_NoError);
    CHECK(c, outcome_is(probe_again(&p), PATTERN));
}

static void deleted_page_faults_at_once(struct conf *c)
{
    struct probe p;
    seL4_RISCV_Page frame;
    REQUIRE(c, stage(c, &p, &frame));
    CHECK(c, outcome_is_done(probe_store(&p, WINDOW, 1)));
    CHECK(c, remove_cap(c, frame) == seL4_NoError);
    CHECK(c, outcome_is_vm_fault(probe_store(&p, WINDOW, 2), WINDOW, STORE_FAULT));
}

static void other_frame_shows_at_once(struct conf *c)
{
    struct probe p;
    seL4_RISCV_Page frame;
    REQUIRE(c, stage(c, &p, &frame));
    seL4_RISCV_Page other = new_frame(c);
    CHECK(c, map(c, other, WINDOW + USER_PAGE_SIZE, seL4_ReadWrite) == seL4_NoError);
    user_store64(WINDOW + USER_PAGE_SIZE, PATTERN + 1);
    CHECK(c, outcome_is(probe_load(&p, WINDOW), PATTERN));
    CHECK(c, seL4_RISCV_Page_Unmap(other) == seL4_NoError);
    for (uint32_t i = 0; i < 3; i++) {
        CHECK(c, seL4_RISCV_Page_Unmap(frame) == seL4_NoError);
        CHECK(c, map(c, other, WINDOW, seL4_ReadWrite) == seL4_NoError);
        CHECK(c, outcome_is(probe_load(&p, WINDOW), PATTERN + 1));
        CHECK(c, seL4_RISCV_Page_Unmap(other) == seL4_NoError);
        CHECK(c, map(c, frame, WINDOW, seL4_ReadWrite) == seL4_NoError);
        CHECK(c, outcome_is(probe_load(&p, WINDOW), PATTERN));
    }
}

/* ---- Large pages ---- */

static void mega_page(struct conf *c)
{
    struct probe p;
    const uint64_t size = (uint64_t)1 << seL4_LargePageBits;
    REQUIRE(c, probe_start(c, &p));
    CHECK(c, space_tables(&c->scene, &c->space, WINDOW) == seL4_NoError);
    seL4_RISCV_PageTable table = new_table(c);
    seL4_RISCV_Page small = new_frame(c);
    seL4_RISCV_Page frame = conf_object(c, seL4_RISCV_Mega_Page, 0);
    CHECK(c, lacks(map(c, frame, WINDOW, seL4_ReadWrite), seL4_PageBits));
    CHECK(c, lacks(map(c, frame, FAR, seL4_ReadWrite), seL4_HugePageBits));
    CHECK(c, map(c, frame, WINDOW + size + USER_PAGE_SIZE, seL4_ReadWrite) == seL4_AlignmentError);
    CHECK(c, map(c, frame, seL4_UserTop + USER_PAGE_SIZE - size, seL4_ReadWrite) ==
                 seL4_InvalidArgument);
    CHECK(c, map(c, frame, WINDOW + size, seL4_ReadWrite) == seL4_NoError);
    CHECK(c, outcome_is_done(probe_store(&p, WINDOW + size, 1)));
    CHECK(c, outcome_is_done(probe_store(&p, WINDOW + 2 * size - 8, 2)));
    CHECK(c, outcome_is(probe_load(&p, WINDOW + size + USER_PAGE_SIZE), 0));
    CHECK(c, map_table(c, table, WINDOW + size) == seL4_DeleteFirst);
    CHECK(c, lacks(map(c, small, WINDOW + size, seL4_ReadWrite), seL4_LargePageBits));
    CHECK(c, seL4_RISCV_Page_Unmap(frame) == seL4_NoError);
    CHECK(c, outcome_is_vm_fault(probe_load(&p, WINDOW + size + 8), WINDOW + size + 8, LOAD_FAULT));
    CHECK(c, map(c, frame, WINDOW + 2 * size, seL4_CanRead) == seL4_NoError);
    CHECK(c, outcome_is(probe_load(&p, WINDOW + 3 * size - 8), 2));
    CHECK(c, outcome_is_vm_fault(probe_store(&p, WINDOW + 2 * size, 1), WINDOW + 2 * size,
                                 STORE_FAULT));
}

/* A device frame of the highest addresses, where no board has anything. */
static seL4_RISCV_Page far_device_frame(struct conf *c, seL4_Word type)
{
    const seL4_BootInfo *info = c->info;
    seL4_CPtr slot = conf_slot(c);
    for (uint64_t i = 0; i < info->untyped.end - info->untyped.start; i++) {
        const seL4_UntypedDesc *u = &info->untypedList[i];
        if (u->paddr + ((uint64_t)1 << u->sizeBits) == CONFIG_PADDR_USER_DEVICE_TOP) {
            CHECK(c, seL4_Untyped_Retype(info->untyped.start + i, type, 0, c->alloc.cnode, 0, 0,
                                         slot, 1) == seL4_NoError);
        }
    }
    return slot;
}

static void giga_page(struct conf *c)
{
    seL4_RISCV_Page frame = far_device_frame(c, seL4_RISCV_Giga_Page);
    CHECK(c, space_tables(&c->scene, &c->space, WINDOW) == seL4_NoError);
    CHECK(c, map(c, frame, WINDOW, seL4_ReadWrite) == seL4_AlignmentError);
    CHECK(c, lacks(map(c, frame, CONF_AREAS, seL4_ReadWrite), seL4_LargePageBits));
    CHECK(c, map(c, frame, (uint64_t)255 << seL4_HugePageBits, seL4_ReadWrite) ==
                 seL4_InvalidArgument);
    CHECK(c, map(c, frame, FAR, seL4_ReadWrite) == seL4_NoError);
    CHECK(c, map_table(c, new_table(c), FAR) == seL4_DeleteFirst);
    CHECK(c, lacks(map(c, new_frame(c), FAR, seL4_ReadWrite), seL4_HugePageBits));
    CHECK(c, seL4_RISCV_Page_Unmap(frame) == seL4_NoError);
    CHECK(c, map_table(c, new_table(c), FAR) == seL4_NoError);
}

static void absent_device_faults(struct conf *c)
{
    struct probe p;
    seL4_RISCV_Page frame = far_device_frame(c, seL4_RISCV_4K_Page);
    REQUIRE(c, probe_start(c, &p));
    CHECK(c, space_map(&c->scene, &c->space, frame, WINDOW, seL4_ReadWrite) == seL4_NoError);
    CHECK(c, outcome_is_vm_fault(probe_load(&p, WINDOW), WINDOW, LOAD_FAULT));
    CHECK(c, outcome_is_vm_fault(probe_store(&p, WINDOW, 1), WINDOW, STORE_FAULT));
}

/* ---- IPC buffers ---- */

/* Has the probe receive a message of five words; the fifth goes through its buffer. */
static bool send_five_words(struct probe *p, seL4_Word fifth)
{
    seL4_Word badge;
    seL4_SetMR(0, 0); /* To load from an address that can be loaded from. */
    seL4_SetMR(1, WINDOW);
    seL4_SetMR(4, fifth);
    seL4_Send(p->requests, seL4_MessageInfo_new(0, 0, 0, 5));
    seL4_Recv(p->answers, &badge, p->reply);
    return seL4_GetMR(0) == user_load64(WINDOW);
}

static void buffer_may_be_anywhere(struct conf *c)
{
    struct probe p;
    seL4_RISCV_Page frame;
    REQUIRE(c, stage(c, &p, &frame));
    const uint64_t elsewhere = 0x12345000 + BUFFER_OFFSET; /* Nothing is mapped there. */
    CHECK(c, seL4_TCB_SetIPCBuffer(p.thread.tcb, elsewhere, copy_of(c, frame)) == seL4_NoError);
    CHECK(c, send_five_words(&p, PATTERN + 1));
    CHECK(c, user_load64(WINDOW + BUFFER_OFFSET + BUFFER_MSG_4) == PATTERN + 1);
}

static void read_only_buffer_receives_no_words(struct conf *c)
{
    struct probe p;
    seL4_RISCV_Page frame;
    REQUIRE(c, stage(c, &p, &frame));
    seL4_CPtr copy = conf_mint(c, frame, seL4_CanRead, 0);
    CHECK(c, seL4_TCB_SetIPCBuffer(p.thread.tcb, WINDOW + BUFFER_OFFSET, copy) == seL4_NoError);
    CHECK(c, send_five_words(&p, PATTERN + 1));
    CHECK(c, user_load64(WINDOW + BUFFER_OFFSET + BUFFER_MSG_4) == 0);
}

static void buffer_checks(struct conf *c)
{
    struct probe p;
    seL4_RISCV_Page frame;
    REQUIRE(c, stage(c, &p, &frame));
    seL4_TCB tcb = p.thread.tcb;
    CHECK(c, seL4_TCB_SetIPCBuffer(tcb, WINDOW + BUFFER_OFFSET, frame) == seL4_NoError);
    CHECK(c, seL4_TCB_SetIPCBuffer(tcb, WINDOW + 16, frame) == seL4_AlignmentError);
    CHECK(c, seL4_TCB_SetIPCBuffer(tcb, WINDOW, c->park) == seL4_IllegalOperation);
    CHECK(c, seL4_TCB_SetIPCBuffer(tcb, WINDOW + 16, far_device_frame(c, seL4_RISCV_4K_Page)) ==
                 seL4_IllegalOperation);
    CHECK(c, send_five_words(&p, PATTERN + 1));
    CHECK(c, user_load64(WINDOW + BUFFER_OFFSET + BUFFER_MSG_4) == PATTERN + 1);
    CHECK(c, seL4_TCB_SetIPCBuffer(tcb, 0, seL4_CapNull) == seL4_NoError);
    CHECK(c, send_five_words(&p, PATTERN + 2));
    CHECK(c, user_load64(WINDOW + BUFFER_OFFSET + BUFFER_MSG_4) == PATTERN + 1);
}

static void buffer_goes_with_its_frame(struct conf *c)
{
    struct probe p;
    seL4_RISCV_Page frame;
    REQUIRE(c, stage(c, &p, &frame));
    CHECK(c, seL4_TCB_SetIPCBuffer(p.thread.tcb, WINDOW, frame) == seL4_NoError);
    CHECK(c, send_five_words(&p, PATTERN + 1));
    CHECK(c, user_load64(WINDOW + BUFFER_MSG_4) == PATTERN + 1);
    CHECK(c, seL4_CNode_Revoke(c->alloc.cnode, frame, ALLOC_DEPTH) == seL4_NoError);
    CHECK(c, send_five_words(&p, PATTERN + 2));
    CHECK(c, user_load64(WINDOW + BUFFER_MSG_4) == PATTERN + 1);
}

static void buffer_in_a_mega_page(struct conf *c)
{
    struct probe p;
    const uint64_t size = (uint64_t)1 << seL4_LargePageBits;
    seL4_RISCV_Page frame;
    REQUIRE(c, stage(c, &p, &frame));
    seL4_RISCV_Page large = conf_object(c, seL4_RISCV_Mega_Page, 0);
    CHECK(c, map(c, large, WINDOW + size, seL4_ReadWrite) == seL4_NoError);
    uint64_t buffer = WINDOW + 2 * size - BUFFER_OFFSET;
    CHECK(c, seL4_TCB_SetIPCBuffer(p.thread.tcb, buffer, large) == seL4_NoError);
    CHECK(c, send_five_words(&p, PATTERN + 1));
    CHECK(c, user_load64(buffer + BUFFER_MSG_4) == PATTERN + 1);
}

static const struct scenario scenarios[] = {
    {"PageTable_Map makes its checks in order", table_map_errors},
    {"a page table goes to the highest level that lacks one", tables_go_to_the_missing_level},
    {"PageTable_Unmap refuses with copies and for a root", table_unmap_checks},
    {"only a mapped page table can be copied", only_mapped_tables_are_copied},
    {"an unmapped page table takes its frames along", table_takes_its_frames_along},
    {"a deleted page table takes its frames along", deleted_table_takes_its_frames_along},
    {"Page_Map makes its checks in order", page_map_errors},
    {"the last page below UserTop can be mapped, nothing behind", user_top_is_the_limit},
    {"accesses beyond UserTop fault with their address", addresses_beyond_fault},
    {"a frame capability is mapped at one place", frame_has_one_place},
    {"a place has one frame", place_has_one_frame},
    {"copies of a frame capability are mapped independently", copies_are_mapped_apart},
    {"moving a frame capability keeps its mapping", move_keeps_the_mapping},
    {"revoking a frame unmaps the copies", revoking_unmaps_copies_only},
    {"GetAddress tells where the memory is", addresses_are_of_the_memory},
    {"a page mapped read-only cannot be written", read_only_mapping},
    {"a read-only capability maps read-only", read_only_capability},
    {"mapping again with fewer rights takes effect at once", remapping_takes_rights_at_once},
    {"mapping again with more rights lets the access go on", remapping_gives_rights_at_once},
    {"a page can be mapped execute-never", execute_never},
    {"a page without rights can be executed only", execute_only},
    {"the right to write alone is none", write_only_is_no_access},
    {"a page without rights and execute-never is not there", no_access_at_all},
    {"an unmapped page faults at once, and again works at once", unmapped_page_faults_at_once},
    {"a page whose capability is deleted faults at once", deleted_page_faults_at_once},
    {"another frame at the same address shows at once", other_frame_shows_at_once},
    {"a 2 MiB page is mapped whole and aligned", mega_page},
    {"a 1 GiB page takes the place of a middle table", giga_page},
    {"a device that is not there is a VM fault", absent_device_faults},
    {"an IPC buffer need not be mapped", buffer_may_be_anywhere},
    {"a read-only IPC buffer receives no words", read_only_buffer_receives_no_words},
    {"an IPC buffer is an aligned part of a frame of RAM", buffer_checks},
    {"revoking the frame takes the IPC buffer away", buffer_goes_with_its_frame},
    {"an IPC buffer may be at the end of a 2 MiB page", buffer_in_a_mega_page},
};

const struct group conf_vspace = {"vspace", scenarios, sizeof scenarios / sizeof *scenarios};
