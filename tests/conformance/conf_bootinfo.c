/* SPDX-License-Identifier: BSD-2-Clause */

/* What the root task finds at its start, docs/abi/11. */
#include "abi/api.h"
#include "tests/conformance/conformance.h"
#include "tests/conformance/probe.h"
#include "user/lib/port.h"

enum { CNODE_BITS_MIN = 12, FDT_MAGIC = 0xd00dfeed };

/* ---- Placement ---- */

static uint64_t buffer_vaddr(const struct conf *c)
{
    return (uint64_t)(uintptr_t)c->info->ipcBuffer;
}

static uint64_t bootinfo_vaddr(const struct conf *c)
{
    return buffer_vaddr(c) + USER_PAGE_SIZE;
}

static uint64_t extra_vaddr(const struct conf *c)
{
    return buffer_vaddr(c) + 2 * USER_PAGE_SIZE;
}

static uint64_t region_count(seL4_SlotRegion region)
{
    return region.end - region.start;
}

static uint64_t image_vaddr(const struct conf *c)
{
    return buffer_vaddr(c) - region_count(c->info->userImageFrames) * USER_PAGE_SIZE;
}

static uint64_t extra_pages(const struct conf *c)
{
    return (c->info->extraLen + USER_PAGE_SIZE - 1) / USER_PAGE_SIZE;
}

/* Mapping a frame again where it is mapped works, and fails anywhere else. */
static bool is_mapped_at(const struct conf *c, seL4_RISCV_Page frame, uint64_t vaddr)
{
    return seL4_RISCV_Page_Map(frame, c->space.vspace, vaddr, seL4_ReadWrite,
                               seL4_RISCV_Default_VMAttributes) == seL4_NoError;
}

static uint64_t paddr_of(seL4_RISCV_Page frame)
{
    seL4_RISCV_Page_GetAddress_t result = seL4_RISCV_Page_GetAddress(frame);
    return result.error == seL4_NoError ? result.paddr : UINT64_MAX;
}

/* ---- The fixed slots ---- */

/* Capabilities are told apart by errors that only their kind gives. */
static void slot_tcb(struct conf *c)
{
    seL4_UserContext regs;
    CHECK(c, seL4_TCB_ReadRegisters(seL4_CapInitThreadTCB, 0, 0, 0, &regs) == seL4_RangeError);
    CHECK(c,
          seL4_TCB_ReadRegisters(seL4_CapInitThreadTCB, 0, 0, 1, &regs) == seL4_IllegalOperation);
}

static void slot_cnode(struct conf *c)
{
    seL4_CPtr slot = conf_slot(c);
    CHECK(c, seL4_CNode_Copy(seL4_CapInitThreadCNode, slot, ALLOC_DEPTH, seL4_CapInitThreadCNode,
                             seL4_CapInitThreadCNode, ALLOC_DEPTH, seL4_AllRights) == seL4_NoError);
    CHECK(c, seL4_CNode_Delete(slot, slot, ALLOC_DEPTH) == seL4_NoError);
}

static void slot_vspace(struct conf *c)
{
    CHECK(c, seL4_RISCV_PageTable_Unmap(seL4_CapInitThreadVSpace) == seL4_RevokeFirst);
    CHECK(c, seL4_RISCV_ASIDPool_Assign(seL4_CapInitThreadASIDPool, seL4_CapInitThreadVSpace) ==
                 seL4_InvalidCapability);
    CHECK(c, seL4_GetMR(0) == 1);
}

static void slot_irq_control(struct conf *c)
{
    seL4_CPtr slot = conf_slot(c);
    CHECK(c, seL4_IRQControl_Get(seL4_CapIRQControl, 0, seL4_CapInitThreadCNode, slot,
                                 ALLOC_DEPTH) == seL4_RangeError);
    CHECK(c, seL4_GetMR(0) == 1);
}

static void slots_asid(struct conf *c)
{
    struct space space;
    CHECK(c, seL4_RISCV_ASIDControl_MakePool(seL4_CapASIDControl, seL4_CapInitThreadTCB,
                                             seL4_CapInitThreadCNode, 0,
                                             ALLOC_DEPTH) == seL4_InvalidCapability);
    CHECK(c, seL4_GetMR(0) == 1);
    CHECK(c, space_create(&c->scene, seL4_CapInitThreadASIDPool, &space) == seL4_NoError);
}

static void slot_domain(struct conf *c)
{
    CHECK(c,
          seL4_DomainSet_Set(seL4_CapDomain, 0, seL4_CapInitThreadVSpace) == seL4_InvalidArgument);
    CHECK(c, seL4_GetMR(0) == 1);
    CHECK(c, seL4_DomainSet_Set(seL4_CapDomain, 0, seL4_CapInitThreadTCB) == seL4_NoError);
}

static void slot_sched_context(struct conf *c)
{
    CHECK(c, seL4_SchedContext_UnbindObject(seL4_CapInitThreadSC, seL4_CapInitThreadTCB) ==
                 seL4_IllegalOperation);
    CHECK(c, seL4_SchedContext_Consumed(seL4_CapInitThreadSC).error == seL4_NoError);
    CHECK(c, seL4_SchedContext_Consumed(seL4_CapInitThreadSC).consumed == 0);
}

static void slots_of_others(struct conf *c)
{
    CHECK(c, conf_slot_is_empty(c, seL4_CapNull));
    CHECK(c, conf_slot_is_empty(c, seL4_CapIOPortControl));
    CHECK(c, conf_slot_is_empty(c, seL4_CapIOSpace));
    CHECK(c, conf_slot_is_empty(c, seL4_CapSMMUSIDControl));
    CHECK(c, conf_slot_is_empty(c, seL4_CapSMMUCBControl));
    CHECK(c, conf_slot_is_empty(c, seL4_CapSMC));
}

/* Revoking an original deletes the copies; a copy revokes nothing. */
static void capabilities_are_originals(struct conf *c)
{
    seL4_CPtr copy = conf_mint(c, seL4_CapBootInfoFrame, seL4_AllRights, 0);
    CHECK(c, seL4_CNode_Revoke(c->alloc.cnode, copy, ALLOC_DEPTH) == seL4_NoError);
    CHECK(c, !conf_slot_is_empty(c, copy));
    CHECK(c, seL4_CNode_Revoke(c->alloc.cnode, seL4_CapBootInfoFrame, ALLOC_DEPTH) == seL4_NoError);
    CHECK(c, conf_slot_is_empty(c, copy));
    CHECK(c, is_mapped_at(c, seL4_CapBootInfoFrame, bootinfo_vaddr(c)));
}

/* ---- The initial thread ---- */

static void guard_fills_pointers(struct conf *c)
{
    seL4_Word bits = c->info->initThreadCNodeSizeBits;
    CHECK(c, bits >= CNODE_BITS_MIN);
    CHECK(c, seL4_CNode_Delete(seL4_CapInitThreadCNode, (seL4_Word)1 << bits, ALLOC_DEPTH) ==
                 seL4_FailedLookup);
    CHECK(c, seL4_GetMR(0) == 0);
    CHECK(c, seL4_GetMR(1) == seL4_GuardMismatch);
    CHECK(c, seL4_GetMR(2) == ALLOC_DEPTH);
    CHECK(c, seL4_GetMR(3) == 0);
    CHECK(c, seL4_GetMR(4) == ALLOC_DEPTH - bits);
    CHECK(c, seL4_CNode_Delete(seL4_CapInitThreadCNode, 0, (seL4_Uint8)bits) == seL4_FailedLookup);
    CHECK(c, seL4_GetMR(2) == bits);
}

static void mcp_is_highest(struct conf *c)
{
    seL4_TCB tcb = conf_object(c, seL4_TCBObject, 0);
    CHECK(c, seL4_TCB_SetPriority(tcb, seL4_CapInitThreadTCB, seL4_MaxPrio) == seL4_NoError);
    CHECK(c, seL4_TCB_SetPriority(tcb, seL4_CapInitThreadTCB, seL4_MaxPrio + 1) == seL4_RangeError);
    CHECK(c, seL4_GetMR(0) == seL4_MinPrio);
    CHECK(c, seL4_GetMR(1) == seL4_MaxPrio);
}

static void flags_are_clear(struct conf *c)
{
    seL4_TCB_SetFlags_t result = seL4_TCB_SetFlags(seL4_CapInitThreadTCB, 0, 0);
    CHECK(c, result.error == seL4_NoError);
    CHECK(c, result.flags == seL4_TCBFlag_NoFlag);
}

static void no_bound_notification(struct conf *c)
{
    CHECK(c, seL4_TCB_UnbindNotification(seL4_CapInitThreadTCB) == seL4_IllegalOperation);
}

static void smallest_sched_context(struct conf *c)
{
    CHECK(c, seL4_SchedControl_Configure(c->info->schedcontrol.start, seL4_CapInitThreadSC, 5000,
                                         5000, 1, 0) == seL4_RangeError);
    CHECK(c, seL4_GetMR(0) == 0);
    CHECK(c, seL4_GetMR(1) == 0);
}

/* ---- BootInfo ---- */

static void fixed_fields(struct conf *c)
{
    const seL4_BootInfo *info = c->info;
    CHECK(c, info->nodeID == 0);
    CHECK(c, info->numNodes == CONFIG_MAX_NUM_NODES);
    CHECK(c, info->numIOPTLevels == 0);
    CHECK(c, info->initThreadDomain == 0);
    CHECK(c, info->sharedFrames.start == 0 && info->sharedFrames.end == 0);
    CHECK(c, info->ioSpaceCaps.start == 0 && info->ioSpaceCaps.end == 0);
}

static void bootinfo_is_behind_the_buffer(struct conf *c)
{
    uint64_t vaddr = bootinfo_vaddr(c);
    CHECK(c, buffer_vaddr(c) % USER_PAGE_SIZE == 0);
    CHECK(c, user_load64(vaddr) == c->info->extraLen);
    CHECK(c, user_load64(vaddr + 32) == buffer_vaddr(c));
    CHECK(c, user_load64(vaddr + 40) == c->info->empty.start);
    CHECK(c, user_load64(vaddr + 136) == c->info->initThreadCNodeSizeBits);
    CHECK(c, user_load64(vaddr + 184) == c->info->untypedList[0].paddr);
    CHECK(c, is_mapped_at(c, seL4_CapBootInfoFrame, vaddr));
}

static void buffer_is_behind_the_image(struct conf *c)
{
    seL4_SetMR(7, 0x1122334455667788);
    CHECK(c, user_load64(buffer_vaddr(c) + 8 + 7 * 8) == 0x1122334455667788);
    CHECK(c, is_mapped_at(c, seL4_CapInitThreadIPCBuffer, buffer_vaddr(c)));
}

/* Dynamic slots: the regions are whole, in bounds, and apart. */
static void regions_are_apart(struct conf *c)
{
    const seL4_BootInfo *info = c->info;
    const seL4_SlotRegion regions[] = {info->userImagePaging, info->extraBIPages,
                                       info->schedcontrol,    info->userImageFrames,
                                       info->untyped,         info->empty};
    enum { REGIONS = sizeof regions / sizeof *regions };
    seL4_Word slots = (seL4_Word)1 << info->initThreadCNodeSizeBits;
    for (uint32_t i = 0; i < REGIONS; i++) {
        CHECK(c, regions[i].start >= seL4_NumInitialCaps);
        CHECK(c, regions[i].start <= regions[i].end && regions[i].end <= slots);
        for (uint32_t j = 0; j < i; j++) {
            CHECK(c, regions[i].start >= regions[j].end || regions[j].start >= regions[i].end);
        }
    }
    CHECK(c, info->empty.end == slots);
}

static void one_sched_control_a_node(struct conf *c)
{
    seL4_SlotRegion region = c->info->schedcontrol;
    CHECK(c, region_count(region) == c->info->numNodes);
    for (seL4_CPtr cap = region.start; cap < region.end; cap++) {
        CHECK(c, seL4_SchedControl_Configure(cap, c->park, 1000, 1000, 0, 0) ==
                     seL4_InvalidCapability);
        CHECK(c, seL4_GetMR(0) == 1);
    }
}

static void image_frames(struct conf *c)
{
    seL4_SlotRegion region = c->info->userImageFrames;
    uint64_t paddr = paddr_of(region.start);
    for (uint64_t i = 0; i < region_count(region); i++) {
        CHECK(c, is_mapped_at(c, region.start + i, image_vaddr(c) + i * USER_PAGE_SIZE));
        CHECK(c, paddr_of(region.start + i) == paddr + i * USER_PAGE_SIZE);
    }
}

/* The address behind the pages whose tables exist: extra BootInfo is allocated as a power of two of
 * pages. */
static uint64_t tables_end(const struct conf *c)
{
    uint64_t pages = c->info->extraLen == 0 ? 0 : 1;
    while (pages < extra_pages(c)) {
        pages *= 2;
    }
    return extra_vaddr(c) + pages * USER_PAGE_SIZE;
}

static uint64_t touched(uint64_t start, uint64_t end, uint32_t bits)
{
    return ((end - 1) >> bits) - (start >> bits) + 1;
}

static void image_tables(struct conf *c)
{
    seL4_SlotRegion region = c->info->userImagePaging;
    CHECK(c,
          region_count(region) == touched(image_vaddr(c), tables_end(c), seL4_HugePageBits) +
                                      touched(image_vaddr(c), tables_end(c), seL4_LargePageBits));
    for (seL4_CPtr cap = region.start; cap < region.end; cap++) {
        CHECK(c,
              seL4_RISCV_PageTable_Map(cap, c->space.vspace, CONF_WINDOW,
                                       seL4_RISCV_Default_VMAttributes) == seL4_InvalidCapability);
        CHECK(c, seL4_GetMR(0) == 0);
    }
}

static void nothing_else_is_mapped(struct conf *c)
{
    struct probe probe;
    REQUIRE(c, probe_start(c, &probe));
    uint64_t end = extra_vaddr(c) + extra_pages(c) * USER_PAGE_SIZE;
    CHECK(c, outcome_is_done(probe_load(&probe, end - 8)));
    CHECK(c, outcome_is_vm_fault(probe_load(&probe, end), end, 5));
    uint64_t start = image_vaddr(c);
    CHECK(c, outcome_is_done(probe_load(&probe, start)));
    CHECK(c, outcome_is_vm_fault(probe_load(&probe, start - 8), start - 8, 5));
}

static void empty_slots_are_empty(struct conf *c)
{
    bool empty = true;
    for (seL4_CPtr slot = c->alloc.slot_next; slot < c->info->empty.end; slot++) {
        empty = conf_slot_is_empty(c, slot) && empty;
    }
    CHECK(c, empty);
    CHECK(c, c->alloc.slot_next < c->info->empty.end);
}

/* ---- Extra BootInfo ---- */

static void extra_pages_are_mapped(struct conf *c)
{
    seL4_SlotRegion region = c->info->extraBIPages;
    CHECK(c, region_count(region) == extra_pages(c));
    CHECK(c, region_count(region) > 0);
    for (uint64_t i = 0; i < region_count(region); i++) {
        CHECK(c, is_mapped_at(c, region.start + i, extra_vaddr(c) + i * USER_PAGE_SIZE));
    }
}

static uint32_t load_big_endian(uint64_t vaddr)
{
    return __builtin_bswap32(user_load32(vaddr));
}

static void extra_is_the_device_tree(struct conf *c)
{
    uint64_t chunk = extra_vaddr(c);
    REQUIRE(c, c->info->extraLen > sizeof(seL4_BootInfoHeader));
    CHECK(c, user_load64(chunk) == SEL4_BOOTINFO_HEADER_FDT);
    CHECK(c, user_load64(chunk + 8) == c->info->extraLen);
    CHECK(c, load_big_endian(chunk + sizeof(seL4_BootInfoHeader)) == FDT_MAGIC);
    CHECK(c, load_big_endian(chunk + sizeof(seL4_BootInfoHeader) + 4) ==
                 c->info->extraLen - sizeof(seL4_BootInfoHeader));
}

/* ---- Untyped memory ---- */

static uint64_t untyped_end(const seL4_UntypedDesc *u)
{
    return u->paddr + ((uint64_t)1 << u->sizeBits);
}

static void untypeds_are_well_formed(struct conf *c)
{
    CHECK(c, region_count(c->info->untyped) > 0);
    REQUIRE(c, region_count(c->info->untyped) <= CONFIG_MAX_NUM_BOOTINFO_UNTYPED_CAPS);
    for (uint64_t i = 0; i < region_count(c->info->untyped); i++) {
        const seL4_UntypedDesc *u = &c->info->untypedList[i];
        CHECK(c, u->sizeBits >= seL4_MinUntypedBits && u->sizeBits <= seL4_MaxUntypedBits);
        CHECK(c, u->paddr % ((uint64_t)1 << u->sizeBits) == 0);
        CHECK(c, u->isDevice <= 1);
        for (uint32_t j = 0; j < sizeof u->padding; j++) {
            CHECK(c, u->padding[j] == 0);
        }
    }
}

static void device_untypeds_come_first(struct conf *c)
{
    bool ram_seen = false;
    uint64_t end = 0;
    for (uint64_t i = 0; i < region_count(c->info->untyped); i++) {
        const seL4_UntypedDesc *u = &c->info->untypedList[i];
        ram_seen = ram_seen || !u->isDevice;
        CHECK(c, !(ram_seen && u->isDevice));
        if (u->isDevice) {
            CHECK(c, u->paddr >= end);
            end = untyped_end(u);
        }
    }
    CHECK(c, ram_seen);
    CHECK(c, c->info->untypedList[0].isDevice && c->info->untypedList[0].paddr == 0);
    CHECK(c, end == CONFIG_PADDR_USER_DEVICE_TOP);
}

static void untypeds_do_not_overlap(struct conf *c)
{
    for (uint64_t i = 0; i < region_count(c->info->untyped); i++) {
        const seL4_UntypedDesc *u = &c->info->untypedList[i];
        for (uint64_t j = 0; j < i; j++) {
            const seL4_UntypedDesc *other = &c->info->untypedList[j];
            CHECK(c, u->paddr >= untyped_end(other) || other->paddr >= untyped_end(u));
        }
    }
}

static bool in_an_untyped(const struct conf *c, uint64_t paddr)
{
    for (uint64_t i = 0; i < region_count(c->info->untyped); i++) {
        const seL4_UntypedDesc *u = &c->info->untypedList[i];
        if (paddr >= u->paddr && paddr < untyped_end(u)) {
            return true;
        }
    }
    return false;
}

static void program_is_in_no_untyped(struct conf *c)
{
    seL4_SlotRegion image = c->info->userImageFrames;
    seL4_SlotRegion extra = c->info->extraBIPages;
    CHECK(c, !in_an_untyped(c, paddr_of(seL4_CapBootInfoFrame)));
    CHECK(c, !in_an_untyped(c, paddr_of(seL4_CapInitThreadIPCBuffer)));
    for (seL4_CPtr frame = image.start; frame < image.end; frame++) {
        CHECK(c, !in_an_untyped(c, paddr_of(frame)));
    }
    for (seL4_CPtr frame = extra.start; frame < extra.end; frame++) {
        CHECK(c, !in_an_untyped(c, paddr_of(frame)));
    }
}

/* The smallest untyped for a frame of which the program has used nothing; null if there is none. */
static const struct alloc_untyped *unused_untyped(const struct conf *c)
{
    const struct alloc_untyped *best = seL4_Null;
    for (uint32_t i = 0; i < c->alloc.untyped_count; i++) {
        const struct alloc_untyped *u = &c->alloc.untypeds[i];
        if (!u->device && u->used == 0 && u->size_bits >= seL4_PageBits &&
            (best == seL4_Null || u->size_bits < best->size_bits)) {
            best = u;
        }
    }
    return best;
}

static bool page_is_zero(uint64_t vaddr)
{
    uint64_t sum = 0;
    for (uint64_t at = 0; at < USER_PAGE_SIZE; at += 8) {
        sum |= user_load64(vaddr + at);
    }
    return sum == 0;
}

/* The first frame of it lies at its start, and is zero: also when it has been written before. */
static void ram_is_cleared(struct conf *c)
{
    const struct alloc_untyped *u = unused_untyped(c);
    seL4_CPtr frame = conf_slot(c);
    REQUIRE(c, u != seL4_Null);
    for (uint32_t round = 0; round < 2; round++) {
        REQUIRE(c, seL4_Untyped_Retype(u->cap, seL4_RISCV_4K_Page, 0, c->alloc.cnode, 0, 0, frame,
                                       1) == seL4_NoError);
        CHECK(c, paddr_of(frame) == u->paddr);
        REQUIRE(c, space_map(&c->scene, &c->space, frame, CONF_WINDOW, seL4_ReadWrite) ==
                       seL4_NoError);
        CHECK(c, page_is_zero(CONF_WINDOW));
        user_store64(CONF_WINDOW, UINT64_MAX);
        user_store64(CONF_WINDOW + USER_PAGE_SIZE - 8, UINT64_MAX);
        CHECK(c, seL4_CNode_Delete(c->alloc.cnode, frame, ALLOC_DEPTH) == seL4_NoError);
    }
}

/* The untyped that is all of the top half: no board has anything there. */
static seL4_CPtr far_device_untyped(const struct conf *c)
{
    for (uint64_t i = 0; i < region_count(c->info->untyped); i++) {
        if (untyped_end(&c->info->untypedList[i]) == CONFIG_PADDR_USER_DEVICE_TOP) {
            return c->info->untyped.start + i;
        }
    }
    return seL4_CapNull;
}

static void device_memory_makes_frames_only(struct conf *c)
{
    seL4_CPtr untyped = far_device_untyped(c);
    seL4_CPtr slot = conf_slot(c);
    seL4_CNode root = c->alloc.cnode;
    REQUIRE(c, untyped != seL4_CapNull);
    CHECK(c, seL4_Untyped_Retype(untyped, seL4_TCBObject, 0, root, 0, 0, slot, 1) ==
                 seL4_InvalidArgument);
    CHECK(c, seL4_GetMR(0) == 1);
    CHECK(c, seL4_Untyped_Retype(untyped, seL4_RISCV_PageTableObject, 0, root, 0, 0, slot, 1) ==
                 seL4_InvalidArgument);
    CHECK(c,
          seL4_Untyped_Retype(untyped, seL4_RISCV_4K_Page, 0, root, 0, 0, slot, 1) == seL4_NoError);
    CHECK(c, paddr_of(slot) == c->info->untypedList[untyped - c->info->untyped.start].paddr);
}

static const struct scenario scenarios[] = {
    {"slot 1 has the thread's TCB", slot_tcb},
    {"slot 2 has the root CNode", slot_cnode},
    {"slot 3 has the address space", slot_vspace},
    {"slot 4 has the control of interrupts", slot_irq_control},
    {"slots 5 and 6 have the control of address-space ids and a pool", slots_asid},
    {"slot 11 has the domains", slot_domain},
    {"slot 14 has the thread's scheduling context", slot_sched_context},
    {"slots for what RISC-V has not are empty", slots_of_others},
    {"initial capabilities are originals", capabilities_are_originals},
    {"pointers are slot numbers with a guard of zeros", guard_fills_pointers},
    {"the maximum controlled priority is 255", mcp_is_highest},
    {"the thread has no flags set", flags_are_clear},
    {"the thread has no bound notification", no_bound_notification},
    {"the scheduling context has two refills", smallest_sched_context},
    {"fields that are the same everywhere", fixed_fields},
    {"BootInfo lies in the page behind the IPC buffer", bootinfo_is_behind_the_buffer},
    {"the IPC buffer lies in the page behind the image", buffer_is_behind_the_image},
    {"slot regions are apart and end with the CNode", regions_are_apart},
    {"there is one SchedControl for each node", one_sched_control_a_node},
    {"each page of the image has its frame, in order", image_frames},
    {"there are page tables for the program and no others", image_tables},
    {"pages around the program are not mapped", nothing_else_is_mapped},
    {"the empty slots are empty", empty_slots_are_empty},
    {"extra BootInfo is mapped behind BootInfo", extra_pages_are_mapped},
    {"extra BootInfo is one chunk, the device tree", extra_is_the_device_tree},
    {"untypeds are aligned and well described", untypeds_are_well_formed},
    {"device untypeds come first, from address 0 to the top", device_untypeds_come_first},
    {"untypeds do not overlap", untypeds_do_not_overlap},
    {"the program's own frames are in no untyped", program_is_in_no_untyped},
    {"RAM is clear when it is retyped", ram_is_cleared},
    {"device memory makes frames, no kernel objects", device_memory_makes_frames_only},
};

const struct group conf_bootinfo = {"bootinfo", scenarios, sizeof scenarios / sizeof *scenarios};
