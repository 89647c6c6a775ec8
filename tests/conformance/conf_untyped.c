/* SPDX-License-Identifier: BSD-2-Clause */

/* Untyped memory and Retype (docs/abi/04). */
#include "tests/conformance/conformance.h"
#include "tests/conformance/expect.h"
#include "user/lib/port.h"

enum {
    DEPTH = ALLOC_DEPTH,
    PAGES_BITS = 14, /* Four pages. */
    PAGE = 1 << seL4_PageBits,
    MANY = CONFIG_RETYPE_FAN_OUT_LIMIT,
};

static const seL4_CNode root = seL4_CapInitThreadCNode;

static seL4_Untyped untyped(struct conf *c, seL4_Word size_bits)
{
    return conf_object(c, seL4_UntypedObject, size_bits);
}

/* Objects in consecutive slots of the root CNode. */
static seL4_Error retype(seL4_Untyped parent, seL4_Word type, seL4_Word size_bits, seL4_CPtr slot,
                         seL4_Word count)
{
    return seL4_Untyped_Retype(parent, type, size_bits, root, 0, 0, slot, count);
}

/* Empty slots, one after the other. */
static seL4_CPtr slots(struct conf *c, uint32_t count)
{
    seL4_CPtr first = conf_slot(c);
    for (uint32_t i = 1; i < count; i++) {
        conf_slot(c);
    }
    return first;
}

/* How much is left in an untyped that has children: the error says it. */
static bool has_left(struct conf *c, seL4_Untyped parent, seL4_Word bytes)
{
    seL4_Error error = retype(parent, seL4_UntypedObject, seL4_MaxUntypedBits, conf_slot(c), 1);
    return not_enough_memory(error, bytes);
}

static seL4_Error delete (seL4_CPtr slot)
{
    return seL4_CNode_Delete(root, slot, DEPTH);
}

static seL4_Error revoke(seL4_CPtr slot)
{
    return seL4_CNode_Revoke(root, slot, DEPTH);
}

static uint64_t address(seL4_CPtr frame)
{
    return seL4_RISCV_Page_GetAddress(frame).paddr;
}

/* A device untyped of at least 2^bits bytes that nobody uses; null if there is none. */
static seL4_Untyped device_untyped(struct conf *c, uint32_t bits)
{
    for (uint32_t i = c->alloc.untyped_count; i > 0; i--) {
        const struct alloc_untyped *u = &c->alloc.untypeds[i - 1];
        if (u->device && u->used == 0 && u->size_bits >= bits) {
            return u->cap;
        }
    }
    return seL4_CapNull;
}

/* ---- What can be made ---- */

static void every_type_is_made(struct conf *c)
{
    static const struct {
        seL4_Word type;
        seL4_Word size_bits;
        seL4_Word bytes;
    } objects[] = {
        {seL4_UntypedObject, 4, 16},
        {seL4_UntypedObject, 12, 4096},
        {seL4_TCBObject, 0, 1 << seL4_TCBBits},
        {seL4_EndpointObject, 0, 16},
        {seL4_NotificationObject, 0, 64},
        {seL4_CapTableObject, 1, 64},
        {seL4_CapTableObject, 6, 2048},
        {seL4_SchedContextObject, 7, 128},
        {seL4_SchedContextObject, 10, 1024},
        {seL4_ReplyObject, 0, 32},
        {seL4_RISCV_4K_Page, 0, 4096},
        {seL4_RISCV_PageTableObject, 0, 4096},
    };
    seL4_Untyped parent = untyped(c, PAGES_BITS);
    for (uint32_t i = 0; i < sizeof objects / sizeof *objects; i++) {
        seL4_CPtr slot = conf_slot(c);
        CHECK(c, retype(parent, objects[i].type, objects[i].size_bits, slot, 1) == seL4_NoError);
        CHECK(c, !conf_slot_is_empty(c, slot));
        CHECK(c, has_left(c, parent, 4 * PAGE - objects[i].bytes));
        CHECK(c, delete (slot) == seL4_NoError);
    }
}

static void mega_page_is_made(struct conf *c)
{
    seL4_CPtr frame = conf_object(c, seL4_RISCV_Mega_Page, 0);
    CHECK(c, address(frame) % (1u << seL4_LargePageBits) == 0);
}

static void giga_page_is_made_of_device_memory(struct conf *c)
{
    seL4_Untyped device = device_untyped(c, seL4_HugePageBits);
    seL4_CPtr frame = conf_slot(c);
    REQUIRE(c, device != seL4_CapNull);
    CHECK(c, retype(device, seL4_RISCV_Giga_Page, 0, frame, 1) == seL4_NoError);
    CHECK(c, address(frame) % (1u << seL4_HugePageBits) == 0);
}

static void ignored_size_is_ignored(struct conf *c)
{
    seL4_Untyped parent = untyped(c, PAGES_BITS);
    CHECK(c, retype(parent, seL4_EndpointObject, 63, conf_slot(c), 1) == seL4_NoError);
    CHECK(c, retype(parent, seL4_TCBObject, 5, conf_slot(c), 1) == seL4_NoError);
    CHECK(c, has_left(c, parent, 4 * PAGE - 2 * (1 << seL4_TCBBits)));
}

static void sched_context_size_bounds_refills(struct conf *c)
{
    for (seL4_Word bits = seL4_MinSchedContextBits; bits <= 10; bits++) {
        seL4_CPtr sc = conf_object(c, seL4_SchedContextObject, bits);
        seL4_Word extra = ((1u << bits) - 96) / 16 - 2;
        CHECK(c, seL4_SchedControl_Configure(c->info->schedcontrol.start, sc, 1000, 2000, extra,
                                             0) == seL4_NoError);
        CHECK(c, range_error(seL4_SchedControl_Configure(c->info->schedcontrol.start, sc, 1000,
                                                         2000, extra + 1, 0),
                             0, extra));
    }
}

/* ---- Where it goes ---- */

static void objects_go_to_consecutive_slots(struct conf *c)
{
    seL4_Untyped parent = untyped(c, PAGES_BITS);
    seL4_CPtr first = slots(c, 4);
    REQUIRE(c, retype(parent, seL4_RISCV_4K_Page, 0, first, 3) == seL4_NoError);
    CHECK(c, conf_slot_is_empty(c, first + 3));
    CHECK(c, address(first + 1) == address(first) + PAGE);
    CHECK(c, address(first + 2) == address(first) + 2 * PAGE);
}

static void objects_are_aligned_to_their_size(struct conf *c)
{
    seL4_Untyped parent = untyped(c, PAGES_BITS);
    seL4_CPtr first = slots(c, 4);
    REQUIRE(c, retype(parent, seL4_RISCV_4K_Page, 0, first, 1) == seL4_NoError);
    uint64_t base = address(first);
    REQUIRE(c, revoke(parent) == seL4_NoError);
    CHECK(c, base % (4 * PAGE) == 0);
    REQUIRE(c, retype(parent, seL4_EndpointObject, 0, first, 1) == seL4_NoError);
    CHECK(c, has_left(c, parent, 4 * PAGE - 16));
    REQUIRE(c, retype(parent, seL4_NotificationObject, 0, first + 1, 1) == seL4_NoError);
    CHECK(c, has_left(c, parent, 4 * PAGE - 128));
    REQUIRE(c, retype(parent, seL4_EndpointObject, 0, first + 2, 1) == seL4_NoError);
    CHECK(c, has_left(c, parent, 4 * PAGE - 144));
    REQUIRE(c, retype(parent, seL4_RISCV_4K_Page, 0, first + 3, 1) == seL4_NoError);
    CHECK(c, address(first + 3) == base + PAGE);
    CHECK(c, has_left(c, parent, 2 * PAGE));
}

static void destination_is_found_by_index_and_depth(struct conf *c)
{
    seL4_Untyped parent = untyped(c, PAGES_BITS);
    seL4_CNode outer = conf_object(c, seL4_CapTableObject, 3);
    seL4_CNode inner = conf_object(c, seL4_CapTableObject, 2);
    REQUIRE(c, seL4_CNode_Copy(outer, 5, 3, root, inner, DEPTH, seL4_AllRights) == seL4_NoError);
    CHECK(c, seL4_Untyped_Retype(parent, seL4_TCBObject, 0, outer, 5, 3, 1, 2) == seL4_NoError);
    CHECK(c, seL4_CNode_Move(root, conf_slot(c), DEPTH, inner, 2, 2) == seL4_NoError);
    CHECK(c, seL4_CNode_Move(root, conf_slot(c), DEPTH, inner, 1, 2) == seL4_NoError);
    CHECK(c, missing_capability(seL4_CNode_Move(root, conf_slot(c), DEPTH, inner, 3, 2), 1, 2));
}

static void depth_0_means_the_root_itself(struct conf *c)
{
    seL4_Untyped parent = untyped(c, PAGES_BITS);
    seL4_CNode small = conf_object(c, seL4_CapTableObject, 2);
    CHECK(c, seL4_Untyped_Retype(parent, seL4_TCBObject, 0, small, 0x1234567890, 0, 3, 1) ==
                 seL4_NoError);
    CHECK(c, seL4_CNode_Delete(small, 3, 2) == seL4_NoError);
}

static void destination_must_be_a_cnode(struct conf *c)
{
    seL4_Untyped parent = untyped(c, PAGES_BITS);
    seL4_CPtr slot = conf_slot(c);
    const seL4_Word bits = c->info->initThreadCNodeSizeBits;
    const seL4_Word tcb = seL4_TCBObject;
    const seL4_CPtr own = seL4_CapInitThreadTCB;
    CHECK(c, missing_capability(seL4_Untyped_Retype(parent, tcb, 0, own, 0, 0, slot, 1), 0, 0));
    CHECK(c, invalid_root(seL4_Untyped_Retype(parent, tcb, 0, own, 0, 5, slot, 1), 0));
    CHECK(c, range_error(seL4_Untyped_Retype(parent, tcb, 0, root, 0, 65, slot, 1), 1, 64));
    CHECK(c, missing_capability(seL4_Untyped_Retype(parent, tcb, 0, root, 1, 64, slot, 1), 0, 64));
    CHECK(c, guard_mismatch(seL4_Untyped_Retype(parent, tcb, 0, root, 2, bits, slot, 1), 0, bits, 0,
                            64 - bits));
    CHECK(c, conf_slot_is_empty(c, slot));
}

static void destination_must_be_in_the_cnode(struct conf *c)
{
    seL4_Untyped parent = untyped(c, PAGES_BITS);
    seL4_CNode small = conf_object(c, seL4_CapTableObject, 4);
    const seL4_Word ep = seL4_EndpointObject;
    CHECK(c, range_error(seL4_Untyped_Retype(parent, ep, 0, small, 0, 0, 16, 1), 0, 15));
    CHECK(c, range_error(seL4_Untyped_Retype(parent, ep, 0, small, 0, 0, 16, 0), 0, 15));
    CHECK(c, range_error(seL4_Untyped_Retype(parent, ep, 0, small, 0, 0, 10, 7), 1, 6));
    CHECK(c, range_error(seL4_Untyped_Retype(parent, ep, 0, small, 0, 0, 0, 17), 1, 16));
    CHECK(c, seL4_Untyped_Retype(parent, ep, 0, small, 0, 0, 10, 6) == seL4_NoError);
}

static void number_is_1_to_256(struct conf *c)
{
    seL4_Untyped parent = untyped(c, PAGES_BITS);
    seL4_CPtr first = slots(c, MANY);
    CHECK(c, range_error(retype(parent, seL4_EndpointObject, 0, first, 0), 1, MANY));
    CHECK(c, range_error(retype(parent, seL4_EndpointObject, 0, first, MANY + 1), 1, MANY));
    CHECK(c, retype(parent, seL4_EndpointObject, 0, first, MANY) == seL4_NoError);
    CHECK(c, has_left(c, parent, 4 * PAGE - MANY * 16));
    CHECK(c, !conf_slot_is_empty(c, first + MANY - 1));
}

static void destination_must_be_empty(struct conf *c)
{
    seL4_Untyped parent = untyped(c, PAGES_BITS);
    seL4_CPtr first = slots(c, 3);
    REQUIRE(c, retype(parent, seL4_TCBObject, 0, first + 2, 1) == seL4_NoError);
    CHECK(c, retype(parent, seL4_EndpointObject, 0, first + 2, 1) == seL4_DeleteFirst);
    CHECK(c, retype(parent, seL4_EndpointObject, 0, first, 3) == seL4_DeleteFirst);
    CHECK(c, conf_slot_is_empty(c, first) && conf_slot_is_empty(c, first + 1));
    CHECK(c, retype(parent, seL4_EndpointObject, 0, first, 2) == seL4_NoError);
}

/* ---- What cannot be made ---- */

static void type_and_size_must_be_valid(struct conf *c)
{
    seL4_Untyped parent = untyped(c, PAGES_BITS);
    seL4_CPtr slot = conf_slot(c);
    CHECK(c, invalid_argument(retype(parent, seL4_RISCV_PageTableObject + 1, 0, slot, 1), 0));
    CHECK(c, invalid_argument(retype(parent, ~(seL4_Word)0, 0, slot, 1), 0));
    CHECK(c, range_error(retype(parent, seL4_TCBObject, 64, slot, 1), 0, seL4_MaxUntypedBits));
    CHECK(c, range_error(retype(parent, seL4_UntypedObject, 39, slot, 1), 0, seL4_MaxUntypedBits));
    CHECK(c, range_error(retype(parent, seL4_CapTableObject, 34, slot, 1), 0, seL4_MaxUntypedBits));
    CHECK(c, range_error(retype(parent, seL4_SchedContextObject, 39, slot, 1), 0,
                         seL4_MaxUntypedBits));
    CHECK(c, invalid_argument(retype(parent, seL4_CapTableObject, 0, slot, 1), 1));
    CHECK(c, invalid_argument(retype(parent, seL4_UntypedObject, 3, slot, 1), 1));
    CHECK(c, invalid_argument(retype(parent, seL4_SchedContextObject, 6, slot, 1), 1));
    CHECK(c, conf_slot_is_empty(c, slot));
}

static void checks_are_made_in_order(struct conf *c)
{
    seL4_Untyped parent = untyped(c, seL4_PageBits);
    const seL4_CPtr own = seL4_CapInitThreadTCB;
    /* Type, size, destination, place, number, occupied slots, memory. */
    CHECK(c, invalid_argument(seL4_Untyped_Retype(parent, 99, 99, own, 0, 5, 0, 0), 0));
    CHECK(c,
          range_error(seL4_Untyped_Retype(parent, 0, 99, own, 0, 5, 0, 0), 0, seL4_MaxUntypedBits));
    CHECK(c, invalid_argument(seL4_Untyped_Retype(parent, 0, 3, own, 0, 5, 0, 0), 1));
    CHECK(c, invalid_root(seL4_Untyped_Retype(parent, 0, 4, own, 0, 5, ~(seL4_Word)0, 0), 0));
    CHECK(c, range_error(seL4_Untyped_Retype(parent, 0, 4, root, 0, 0, ~(seL4_Word)0, 0), 0,
                         ((seL4_Word)1 << c->info->initThreadCNodeSizeBits) - 1));
    CHECK(c, range_error(seL4_Untyped_Retype(parent, 0, 38, root, 0, 0, 1, 0), 1, MANY));
    CHECK(c, seL4_Untyped_Retype(parent, 0, 38, root, 0, 0, 1, 1) == seL4_DeleteFirst);
    CHECK(c, has_left(c, parent, PAGE));
}

static void memory_must_suffice(struct conf *c)
{
    seL4_Untyped parent = untyped(c, PAGES_BITS);
    seL4_CPtr first = slots(c, 5);
    CHECK(c, not_enough_memory(retype(parent, seL4_RISCV_Mega_Page, 0, first, 1), 4 * PAGE));
    CHECK(c, not_enough_memory(retype(parent, seL4_RISCV_4K_Page, 0, first, 5), 4 * PAGE));
    REQUIRE(c, retype(parent, seL4_RISCV_4K_Page, 0, first, 3) == seL4_NoError);
    CHECK(c, not_enough_memory(retype(parent, seL4_RISCV_4K_Page, 0, first + 3, 2), PAGE));
    CHECK(c, retype(parent, seL4_RISCV_4K_Page, 0, first + 3, 1) == seL4_NoError);
    CHECK(c, not_enough_memory(retype(parent, seL4_RISCV_4K_Page, 0, first + 4, 1), 0));
}

static void smallest_untyped_holds_an_endpoint(struct conf *c)
{
    seL4_Untyped parent = untyped(c, seL4_MinUntypedBits);
    CHECK(c, not_enough_memory(retype(parent, seL4_ReplyObject, 0, conf_slot(c), 1), 16));
    CHECK(c, retype(parent, seL4_EndpointObject, 0, conf_slot(c), 1) == seL4_NoError);
    CHECK(c, has_left(c, parent, 0));
}

static void message_must_be_whole(struct conf *c)
{
    seL4_Untyped parent = untyped(c, PAGES_BITS);
    seL4_CPtr slot = conf_slot(c);
    CHECK(c, conf_call(parent, UntypedRetype, WORDS(1, 0, 0, 0, slot), CAPS(root)) ==
                 seL4_TruncatedMessage);
    CHECK(c, conf_call(parent, UntypedRetype, WORDS(1, 0, 0, 0, slot, 1), NO_CAPS) ==
                 seL4_TruncatedMessage);
    CHECK(c, conf_call(parent, UntypedRetype, NO_WORDS, NO_CAPS) == seL4_TruncatedMessage);
    CHECK(c, conf_call(parent, TCBReadRegisters, WORDS(1, 0, 0, 0, slot, 1), CAPS(root)) ==
                 seL4_IllegalOperation);
    CHECK(c, conf_slot_is_empty(c, slot));
}

/* ---- Device memory ---- */

static void device_memory_makes_frames_and_untypeds(struct conf *c)
{
    seL4_Untyped device = device_untyped(c, seL4_LargePageBits);
    REQUIRE(c, device != seL4_CapNull);
    seL4_CPtr slot = conf_slot(c);
    const seL4_Word refused[][2] = {
        {seL4_TCBObject, 0},
        {seL4_EndpointObject, 0},
        {seL4_NotificationObject, 0},
        {seL4_CapTableObject, 4},
        {seL4_SchedContextObject, 8},
        {seL4_ReplyObject, 0},
        {seL4_RISCV_PageTableObject, 0},
    };
    for (uint32_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        CHECK(c, invalid_argument(retype(device, refused[i][0], refused[i][1], slot, 1), 1));
    }
    const seL4_Word made[][2] = {
        {seL4_UntypedObject, 12},
        {seL4_RISCV_4K_Page, 0},
        {seL4_RISCV_Mega_Page, 0},
    };
    for (uint32_t i = 0; i < sizeof made / sizeof *made; i++) {
        CHECK(c, retype(device, made[i][0], made[i][1], slot, 1) == seL4_NoError);
        CHECK(c, delete (slot) == seL4_NoError);
    }
}

static void device_memory_stays_device_memory(struct conf *c)
{
    seL4_Untyped device = device_untyped(c, seL4_PageBits);
    seL4_CPtr child = conf_slot(c);
    seL4_CPtr slot = conf_slot(c);
    REQUIRE(c, retype(device, seL4_UntypedObject, 12, child, 1) == seL4_NoError);
    CHECK(c, invalid_argument(retype(child, seL4_EndpointObject, 0, slot, 1), 1));
    /* Occupied slots and lack of memory are reported before that. */
    CHECK(c, retype(child, seL4_EndpointObject, 0, 1, 1) == seL4_DeleteFirst);
    CHECK(c, not_enough_memory(retype(child, seL4_CapTableObject, 8, slot, 1), PAGE));
    REQUIRE(c, retype(child, seL4_RISCV_4K_Page, 0, slot, 1) == seL4_NoError);
    seL4_TCB tcb = conf_object(c, seL4_TCBObject, 0);
    CHECK(c, seL4_TCB_SetIPCBuffer(tcb, 0x1000, slot) == seL4_IllegalOperation);
    CHECK(c, seL4_TCB_Configure(tcb, root, 0, c->space.vspace, 0, 0x1000, slot) ==
                 seL4_IllegalOperation);
}

/* ---- Getting memory back ---- */

static void deletion_of_some_frees_nothing(struct conf *c)
{
    seL4_Untyped parent = untyped(c, PAGES_BITS);
    seL4_CPtr first = slots(c, 4);
    REQUIRE(c, retype(parent, seL4_RISCV_4K_Page, 0, first, 4) == seL4_NoError);
    for (uint32_t i = 0; i < 3; i++) {
        CHECK(c, delete (first + i) == seL4_NoError);
        CHECK(c, has_left(c, parent, 0));
    }
    CHECK(c, delete (first + 3) == seL4_NoError);
    CHECK(c, has_left(c, parent, 4 * PAGE));
    CHECK(c, retype(parent, seL4_RISCV_4K_Page, 0, first, 4) == seL4_NoError);
}

static void revocation_frees_all(struct conf *c)
{
    seL4_Untyped parent = untyped(c, PAGES_BITS);
    seL4_Untyped child = conf_slot(c);
    seL4_CPtr first = slots(c, 3);
    REQUIRE(c, retype(parent, seL4_UntypedObject, 12, child, 1) == seL4_NoError);
    REQUIRE(c, retype(child, seL4_EndpointObject, 0, first, 3) == seL4_NoError);
    seL4_CPtr badged = conf_mint(c, first, seL4_AllRights, 1);
    CHECK(c, revoke(parent) == seL4_NoError);
    CHECK(c, conf_slot_is_empty(c, child) && conf_slot_is_empty(c, first));
    CHECK(c, conf_slot_is_empty(c, first + 2) && conf_slot_is_empty(c, badged));
    CHECK(c, has_left(c, parent, 4 * PAGE));
}

static void memory_comes_back_clear(struct conf *c)
{
    seL4_Untyped parent = untyped(c, seL4_PageBits);
    seL4_CPtr frame = conf_slot(c);
    for (uint32_t round = 0; round < 2; round++) {
        REQUIRE(c, retype(parent, seL4_RISCV_4K_Page, 0, frame, 1) == seL4_NoError);
        REQUIRE(c, space_map(&c->scene, &c->space, frame, CONF_WINDOW, seL4_ReadWrite) ==
                       seL4_NoError);
        for (uint64_t offset = 0; offset < PAGE; offset += 256) {
            CHECK(c, user_load64(CONF_WINDOW + offset) == 0);
            user_store64(CONF_WINDOW + offset, ~offset);
        }
        REQUIRE(c, revoke(parent) == seL4_NoError);
    }
}

static void failed_retype_changes_nothing(struct conf *c)
{
    enum { VALUE = 0x77 };
    seL4_Untyped parent = untyped(c, PAGES_BITS);
    seL4_CPtr frame = conf_slot(c);
    REQUIRE(c, retype(parent, seL4_RISCV_4K_Page, 0, frame, 1) == seL4_NoError);
    REQUIRE(c, space_map(&c->scene, &c->space, frame, CONF_WINDOW, seL4_ReadWrite) == seL4_NoError);
    user_store64(CONF_WINDOW, VALUE);
    CHECK(c, retype(parent, seL4_RISCV_4K_Page, 0, frame, 1) == seL4_DeleteFirst);
    CHECK(c, not_enough_memory(retype(parent, seL4_RISCV_4K_Page, 0, conf_slot(c), 4), 3 * PAGE));
    CHECK(c, invalid_argument(retype(parent, seL4_UntypedObject, 3, conf_slot(c), 1), 1));
    CHECK(c, has_left(c, parent, 3 * PAGE) && user_load64(CONF_WINDOW) == VALUE);
}

/* ---- Copies of untypeds ---- */

static void copy_takes_the_memory(struct conf *c)
{
    seL4_Untyped parent = untyped(c, PAGES_BITS);
    seL4_Untyped copied = conf_mint(c, parent, seL4_AllRights, 0);
    seL4_CPtr frame = conf_slot(c);
    CHECK(c, has_left(c, parent, 0));
    CHECK(c, retype(copied, seL4_RISCV_4K_Page, 0, frame, 1) == seL4_NoError);
    CHECK(c, revoke(parent) == seL4_NoError);
    CHECK(c, conf_slot_is_empty(c, copied) && conf_slot_is_empty(c, frame));
    CHECK(c, has_left(c, parent, 4 * PAGE));
}

static void parents_have_no_copies(struct conf *c)
{
    seL4_Untyped parent = untyped(c, PAGES_BITS);
    seL4_CPtr child = conf_slot(c);
    seL4_CPtr slot = conf_slot(c);
    REQUIRE(c, retype(parent, seL4_TCBObject, 0, child, 1) == seL4_NoError);
    CHECK(c, seL4_CNode_Copy(root, slot, DEPTH, root, parent, DEPTH, seL4_AllRights) ==
                 seL4_RevokeFirst);
    CHECK(c, seL4_CNode_Mint(root, slot, DEPTH, root, parent, DEPTH, seL4_AllRights, 0) ==
                 seL4_RevokeFirst);
    CHECK(c, delete (child) == seL4_NoError);
    CHECK(c,
          seL4_CNode_Copy(root, slot, DEPTH, root, parent, DEPTH, seL4_AllRights) == seL4_NoError);
}

static void moved_parent_keeps_its_children(struct conf *c)
{
    seL4_Untyped parent = untyped(c, PAGES_BITS);
    seL4_CPtr child = conf_slot(c);
    seL4_Untyped moved = conf_slot(c);
    REQUIRE(c, retype(parent, seL4_RISCV_4K_Page, 0, child, 1) == seL4_NoError);
    REQUIRE(c, seL4_CNode_Move(root, moved, DEPTH, root, parent, DEPTH) == seL4_NoError);
    CHECK(c, has_left(c, moved, 3 * PAGE));
    CHECK(c, revoke(moved) == seL4_NoError && conf_slot_is_empty(c, child));
}

static void deleted_parent_keeps_its_children(struct conf *c)
{
    seL4_Untyped parent = untyped(c, PAGES_BITS);
    seL4_CPtr child = conf_slot(c);
    REQUIRE(c, retype(parent, seL4_RISCV_4K_Page, 0, child, 1) == seL4_NoError);
    CHECK(c, delete (parent) == seL4_NoError);
    CHECK(c, address(child) != 0);
    /* It is a child of the untyped that the parent was made of. */
    CHECK(c, seL4_CNode_Revoke(root, c->untyped, DEPTH) == seL4_NoError);
    CHECK(c, conf_slot_is_empty(c, child));
}

static const struct scenario scenarios[] = {
    {"every type is made, and takes what it should", every_type_is_made},
    {"a 2 MiB page is made", mega_page_is_made},
    {"a 1 GiB page is made of device memory", giga_page_is_made_of_device_memory},
    {"the size is ignored where the type has one", ignored_size_is_ignored},
    {"a scheduling context's size bounds its refills", sched_context_size_bounds_refills},
    {"objects go to consecutive slots and addresses", objects_go_to_consecutive_slots},
    {"objects are aligned to their size", objects_are_aligned_to_their_size},
    {"the destination is found by index and depth", destination_is_found_by_index_and_depth},
    {"depth 0 means the root itself", depth_0_means_the_root_itself},
    {"the destination must be a CNode", destination_must_be_a_cnode},
    {"the destination must be in the CNode", destination_must_be_in_the_cnode},
    {"1 to 256 objects are made at a time", number_is_1_to_256},
    {"the destination must be empty", destination_must_be_empty},
    {"type and size must be valid", type_and_size_must_be_valid},
    {"checks are made in order", checks_are_made_in_order},
    {"memory must suffice, to the last byte", memory_must_suffice},
    {"the smallest untyped holds an endpoint", smallest_untyped_holds_an_endpoint},
    {"the message must be whole", message_must_be_whole},
    {"device memory makes frames and untypeds only", device_memory_makes_frames_and_untypeds},
    {"device memory stays device memory", device_memory_stays_device_memory},
    {"deletion of some objects frees nothing, of all everything", deletion_of_some_frees_nothing},
    {"revocation frees everything, with what was made of it", revocation_frees_all},
    {"memory comes back clear", memory_comes_back_clear},
    {"a retype that fails changes nothing", failed_retype_changes_nothing},
    {"the copy of an untyped takes its memory", copy_takes_the_memory},
    {"an untyped with children cannot be copied", parents_have_no_copies},
    {"an untyped that is moved keeps its children", moved_parent_keeps_its_children},
    {"children of a deleted untyped belong to its parent", deleted_parent_keeps_its_children},
};
CONF_GROUP(untyped, scenarios);
