/* SPDX-License-Identifier: BSD-2-Clause */

/* CNodes: lookup, and the eight operations on slots (docs/abi/03, 05 section 5.4). */
#include "tests/conformance/conformance.h"
#include "tests/conformance/expect.h"
#include "user/lib/port.h"

enum { DEPTH = ALLOC_DEPTH, SMALL_BITS = 4, LABEL = 7 };

static const seL4_CNode root = seL4_CapInitThreadCNode;

/* The root CNode's guard. */
static seL4_Word root_guard_bits(const struct conf *c)
{
    return seL4_WordBits - c->info->initThreadCNodeSizeBits;
}

static seL4_Error copy(seL4_CPtr dest, seL4_CPtr source)
{
    return seL4_CNode_Copy(root, dest, DEPTH, root, source, DEPTH, seL4_AllRights);
}

static seL4_Error mint(seL4_CPtr dest, seL4_CPtr source, seL4_Word data)
{
    return seL4_CNode_Mint(root, dest, DEPTH, root, source, DEPTH, seL4_AllRights, data);
}

static seL4_Error move(seL4_CPtr dest, seL4_CPtr source)
{
    return seL4_CNode_Move(root, dest, DEPTH, root, source, DEPTH);
}

static seL4_Error mutate(seL4_CPtr dest, seL4_CPtr source, seL4_Word data)
{
    return seL4_CNode_Mutate(root, dest, DEPTH, root, source, DEPTH, data);
}

static seL4_Error rotate(seL4_CPtr dest, seL4_CPtr pivot, seL4_CPtr source)
{
    return seL4_CNode_Rotate(root, dest, DEPTH, 0, root, pivot, DEPTH, 0, root, source, DEPTH);
}

static seL4_Error delete (seL4_CPtr slot)
{
    return seL4_CNode_Delete(root, slot, DEPTH);
}

static seL4_Error revoke(seL4_CPtr slot)
{
    return seL4_CNode_Revoke(root, slot, DEPTH);
}

static seL4_Word guard(seL4_Word value, seL4_Word bits)
{
    return seL4_CNode_CapData_new(value, bits).words[0];
}

static seL4_CPtr small_cnode(struct conf *c)
{
    return conf_object(c, seL4_CapTableObject, SMALL_BITS);
}

/* What is known of a capability to an endpoint: its badge. A waiting sender makes it visible. */
static seL4_Word badge_of(struct conf *c, struct peer *p, seL4_CPtr cap, seL4_CPtr ep)
{
    peer_send(p, cap, LABEL);
    seL4_Word badge = conf_nb_wait(ep).a0;
    CHECK(c, p->done);
    return badge;
}

/* ---- Lookup ---- */

static void depth_is_1_to_64(struct conf *c)
{
    seL4_CPtr slot = conf_slot(c);
    CHECK(c, range_error(seL4_CNode_Delete(root, slot, 0), 1, 64));
    CHECK(c, range_error(seL4_CNode_Delete(root, slot, 65), 1, 64));
    CHECK(c, range_error(seL4_CNode_Copy(root, slot, DEPTH, root, 1, 0, seL4_AllRights), 1, 64));
    CHECK(c, range_error(seL4_CNode_Copy(root, slot, DEPTH, root, 1, 65, seL4_AllRights), 1, 64));
    /* The depth is a whole word. */
    CHECK(c, range_error(conf_call(root, CNodeDelete, WORDS(slot, 0x140), NO_CAPS), 1, 64));
    CHECK(c, conf_answer_length() == 2);
}

static void source_root_is_a_cnode(struct conf *c)
{
    seL4_CPtr slot = conf_slot(c);
    seL4_CPtr none = conf_slot(c);
    CHECK(c, invalid_root(seL4_CNode_Copy(root, slot, DEPTH, seL4_CapInitThreadTCB, 1, DEPTH,
                                          seL4_AllRights),
                          1));
    CHECK(c, invalid_root(seL4_CNode_Move(root, slot, DEPTH, none, 1, DEPTH), 1));
    /* That is looked at before the depth. */
    CHECK(c, invalid_root(seL4_CNode_Move(root, slot, DEPTH, none, 1, 0), 1));
    CHECK(c, invalid_root(conf_call(root, CNodeMove, WORDS(slot, DEPTH, 1, 0), CAPS(none)), 1));
    CHECK(c, conf_answer_length() == 2);
}

static void guard_must_match(struct conf *c)
{
    seL4_CPtr slot = conf_slot(c);
    seL4_Word bits = root_guard_bits(c);
    seL4_CPtr high = (seL4_CPtr)1 << (seL4_WordBits - bits - 1);
    CHECK(c, guard_mismatch(seL4_CNode_Delete(root, high, 63), 0, 63, 0, bits));
    CHECK(c, depth_mismatch(seL4_CNode_Delete(root, 0, 63), 0, 63, 64));
    CHECK(c, guard_mismatch(seL4_CNode_Delete(root, slot, 20), 0, 20, 0, bits));
    CHECK(c, guard_mismatch(delete ((seL4_CPtr)1 << 40 | slot), 0, 64, 0, bits));
    CHECK(c, guard_mismatch(copy(slot, (seL4_CPtr)1 << 63 | 1), 1, 64, 0, bits));
    conf_call(root, CNodeDelete, WORDS(slot, 20), NO_CAPS);
    CHECK(c, conf_answer_length() == 5);
}

static void minted_guard_must_match(struct conf *c)
{
    seL4_CPtr guarded = conf_slot(c);
    REQUIRE(c, mint(guarded, small_cnode(c), guard(0xf, 60)) == seL4_NoError);
    CHECK(c, guard_mismatch(seL4_CNode_Delete(guarded, 0, 64), 0, 64, 0xf, 60));
    CHECK(c, seL4_CNode_Delete(guarded, 0xf0, 64) == seL4_NoError);
    CHECK(c, seL4_CNode_Delete(guarded, 0xff, 64) == seL4_NoError);
    CHECK(c, guard_mismatch(seL4_CNode_Delete(guarded, 0x1f0, 64), 0, 64, 0xf, 60));
}

static void guard_and_index_fit_in_the_depth(struct conf *c)
{
    seL4_CPtr small = small_cnode(c);
    CHECK(c, depth_mismatch(seL4_CNode_Delete(small, 0, 3), 0, 3, SMALL_BITS));
    CHECK(c, seL4_CNode_Delete(small, 0, 4) == seL4_NoError);
    seL4_CPtr guarded = conf_slot(c);
    REQUIRE(c, mint(guarded, small, guard(3, 4)) == seL4_NoError);
    CHECK(c, depth_mismatch(seL4_CNode_Delete(guarded, 3, 4), 0, 4, 4 + SMALL_BITS));
    CHECK(c, guard_mismatch(seL4_CNode_Delete(guarded, 3, 3), 0, 3, 3, 4));
    conf_call(small, CNodeDelete, WORDS(0, 3), NO_CAPS);
    CHECK(c, conf_answer_length() == 4);
}

static void operations_need_the_exact_depth(struct conf *c)
{
    seL4_CPtr small = small_cnode(c);
    seL4_CPtr slot = conf_slot(c);
    REQUIRE(c, seL4_CNode_Copy(small, 0, 4, root, seL4_CapInitThreadTCB, DEPTH, seL4_AllRights) ==
                   seL4_NoError);
    CHECK(c, depth_mismatch(seL4_CNode_Delete(small, 0, 5), 0, 1, 0));
    CHECK(c, depth_mismatch(seL4_CNode_Delete(small, 0, 64), 0, 60, 0));
    CHECK(c,
          depth_mismatch(seL4_CNode_Copy(root, slot, DEPTH, small, 0, 6, seL4_AllRights), 1, 2, 0));
    /* Of an empty slot, too. */
    CHECK(c, depth_mismatch(seL4_CNode_Delete(small, 0x2, 5), 0, 1, 0));
}

static void only_low_bits_of_the_index_count(struct conf *c)
{
    seL4_CPtr small = small_cnode(c);
    seL4_CPtr slot = conf_slot(c);
    CHECK(c, seL4_CNode_Copy(small, ~(seL4_Word)0 << 4 | 3, 4, root, seL4_CapInitThreadTCB, DEPTH,
                             seL4_AllRights) == seL4_NoError);
    CHECK(c, seL4_CNode_Copy(root, slot, DEPTH, small, 3, 4, seL4_AllRights) == seL4_NoError);
}

/* Three levels below one capability: 2 bits; a guard of 3 bits and 3 bits; 4 bits. Gives the
 * first; the second and third are in *middle and *leaf. */
static seL4_CPtr make_levels(struct conf *c, seL4_CPtr *middle, seL4_CPtr *leaf)
{
    seL4_CPtr top = conf_object(c, seL4_CapTableObject, 2);
    *middle = conf_object(c, seL4_CapTableObject, 3);
    *leaf = conf_object(c, seL4_CapTableObject, 4);
    CHECK(c, seL4_CNode_Mint(top, 2, 2, root, *middle, DEPTH, seL4_AllRights, guard(5, 3)) ==
                 seL4_NoError);
    CHECK(c, seL4_CNode_Copy(*middle, 6, 3, root, *leaf, DEPTH, seL4_AllRights) == seL4_NoError);
    return top;
}

static void operations_reach_every_level(struct conf *c)
{
    enum { TOP = 2, MIDDLE = TOP << 6 | 5 << 3 | 6, LEAF = MIDDLE << 4 | 9 };
    seL4_CPtr middle;
    seL4_CPtr leaf;
    seL4_CPtr top = make_levels(c, &middle, &leaf);
    seL4_CPtr slot = conf_slot(c);
    REQUIRE(c, seL4_CNode_Copy(leaf, 9, 4, root, seL4_CapInitThreadTCB, DEPTH, seL4_AllRights) ==
                   seL4_NoError);
    CHECK(c, seL4_CNode_Move(root, slot, DEPTH, top, LEAF, 12) == seL4_NoError);
    CHECK(c, missing_capability(seL4_CNode_Move(root, slot + 1, DEPTH, leaf, 9, 4), 1, 4));
    CHECK(c, seL4_CNode_Move(top, LEAF, 12, root, slot, DEPTH) == seL4_NoError);
    CHECK(c, seL4_CNode_Delete(leaf, 9, 4) == seL4_NoError);
    /* The CNodes on the way are in slots, too. */
    CHECK(c, seL4_CNode_Copy(top, 1, 2, top, MIDDLE, 8, seL4_AllRights) == seL4_NoError);
    CHECK(c, seL4_CNode_Delete(top, MIDDLE, 8) == seL4_NoError);
    CHECK(c, seL4_CNode_Delete(top, TOP, 2) == seL4_NoError);
}

static void levels_fail_on_their_own(struct conf *c)
{
    seL4_CPtr middle;
    seL4_CPtr leaf;
    seL4_CPtr top = make_levels(c, &middle, &leaf);
    /* In the second level 10 of 12 bits are left. */
    CHECK(c, guard_mismatch(seL4_CNode_Delete(top, 2 << 10 | 4 << 7, 12), 0, 10, 5, 3));
    CHECK(c, guard_mismatch(seL4_CNode_Delete(top, 2 << 2 | 2, 4), 0, 2, 5, 3));
    CHECK(c, depth_mismatch(seL4_CNode_Delete(top, 2 << 4 | 5 << 1, 6), 0, 4, 6));
    CHECK(c, depth_mismatch(seL4_CNode_Delete(top, (2 << 6 | 5 << 3 | 6) << 3, 11), 0, 3, 4));
    CHECK(c, depth_mismatch(seL4_CNode_Delete(top, 1 << 10, 12), 0, 10, 0));
}

static void sixty_four_levels_resolve(struct conf *c)
{
    enum { LEVELS = 64 };
    seL4_CPtr first = conf_object(c, seL4_CapTableObject, 1);
    seL4_CPtr last = first;
    seL4_Word path = 0;
    for (uint32_t i = 1; i < LEVELS; i++) {
        seL4_CPtr next = conf_object(c, seL4_CapTableObject, 1);
        seL4_Word bit = i % 3 == 0;
        REQUIRE(c,
                seL4_CNode_Copy(last, bit, 1, root, next, DEPTH, seL4_AllRights) == seL4_NoError);
        path = path << 1 | bit;
        last = next;
    }
    path = path << 1 | 1;
    CHECK(c, seL4_CNode_Copy(first, path, 64, root, seL4_CapInitThreadTCB, DEPTH, seL4_AllRights) ==
                 seL4_NoError);
    CHECK(c,
          seL4_CNode_Copy(root, conf_slot(c), DEPTH, last, 1, 1, seL4_AllRights) == seL4_NoError);
    CHECK(c, seL4_CNode_Delete(first, path, 64) == seL4_NoError);
}

/* ---- Lookup of a system call's capabilities ---- */

/* A peer whose CSpace is a small CNode without guard: the first four bits are the slot. Slot 1 has
 * what it waits for. */
static struct peer *small_space_peer(struct conf *c, seL4_CPtr small, seL4_CPtr handler)
{
    struct thread_spec spec = peer_spec(c, PEER_ABOVE);
    seL4_CPtr go = peer_go(c);
    spec.cspace = small;
    spec.fault_endpoint = handler;
    CHECK(c, seL4_CNode_Copy(small, 1, 4, root, go, DEPTH, seL4_AllRights) == seL4_NoError);
    return peer_start_as(c, &spec, go, (seL4_CPtr)1 << 60);
}

static void system_calls_ignore_remaining_bits(struct conf *c)
{
    struct pair pair = conf_pair(c);
    seL4_CPtr small = small_cnode(c);
    struct peer *p = small_space_peer(c, small, seL4_CapNull);
    REQUIRE(c, p != seL4_Null);
    REQUIRE(c,
            seL4_CNode_Copy(small, 2, 4, root, pair.badged, DEPTH, seL4_AllRights) == seL4_NoError);
    peer_send(p, (seL4_CPtr)2 << 60 | 0x123456789, LABEL);
    CHECK(c, is_message(conf_nb_wait(pair.ep), BADGE, LABEL));
    CHECK(c, p->done);
}

static void system_calls_descend(struct conf *c)
{
    struct pair pair = conf_pair(c);
    seL4_CPtr small = small_cnode(c);
    seL4_CPtr inner = small_cnode(c);
    struct peer *p = small_space_peer(c, small, seL4_CapNull);
    REQUIRE(c, p != seL4_Null);
    REQUIRE(c, seL4_CNode_Mint(small, 2, 4, root, inner, DEPTH, seL4_AllRights, guard(0xab, 56)) ==
                   seL4_NoError);
    REQUIRE(c,
            seL4_CNode_Copy(inner, 3, 4, root, pair.badged, DEPTH, seL4_AllRights) == seL4_NoError);
    peer_send(p, (seL4_CPtr)2 << 60 | 0xab3, LABEL);
    CHECK(c, is_message(conf_nb_wait(pair.ep), BADGE, LABEL));
    CHECK(c, p->done);
}

/* What the handler is told of a call through this pointer: phase and kind in a4 and a5. */
static struct albireo_trap lookup_fault(struct conf *c, struct peer *p, seL4_CPtr pointer,
                                        const struct pair *handler)
{
    peer_call(p, pointer, LABEL);
    struct albireo_trap m = conf_nb_recv(handler->ep, c->reply);
    CHECK(c, m.a0 == BADGE && conf_label(m) == seL4_Fault_CapFault);
    CHECK(c, m.a3 == pointer && m.a4 == 0 && !p->done);
    seL4_TCB_Suspend(p->thread.tcb);
    return m;
}

static void fault_names_a_wrong_guard(struct conf *c)
{
    struct pair handler = conf_pair(c);
    FAULTING_PEER(c, p, handler.badged);
    struct albireo_trap m = lookup_fault(c, p, (seL4_CPtr)1 << 40 | 3, &handler);
    CHECK(c, conf_length(m) == 7 && m.a5 == seL4_GuardMismatch);
    CHECK(c, seL4_GetMR(4) == 64 && seL4_GetMR(5) == 0 && seL4_GetMR(6) == root_guard_bits(c));
}

static void fault_names_a_wrong_depth(struct conf *c)
{
    struct pair handler = conf_pair(c);
    seL4_CPtr small = small_cnode(c);
    struct peer *p = small_space_peer(c, small, handler.badged);
    REQUIRE(c, p != seL4_Null);
    REQUIRE(c, seL4_CNode_Mint(small, 2, 4, root, small_cnode(c), DEPTH, seL4_AllRights,
                               guard(0, 57)) == seL4_NoError);
    struct albireo_trap m = lookup_fault(c, p, (seL4_CPtr)2 << 60, &handler);
    CHECK(c, conf_length(m) == 6 && m.a5 == seL4_DepthMismatch);
    CHECK(c, seL4_GetMR(4) == 60 && seL4_GetMR(5) == 61);
}

static void fault_names_a_missing_cspace(struct conf *c)
{
    struct pair handler = conf_pair(c);
    seL4_CPtr small = small_cnode(c);
    struct peer *p = small_space_peer(c, small, handler.badged);
    REQUIRE(c, p != seL4_Null);
    /* The peer waits; the thread's own capability to its CNode is a copy, and revoked. */
    CHECK(c, revoke(small) == seL4_NoError);
    struct albireo_trap m = lookup_fault(c, p, (seL4_CPtr)1 << 60, &handler);
    CHECK(c, conf_length(m) == 4 && m.a5 == seL4_InvalidRoot);
}

/* ---- Copy and Mint ---- */

static void copy_has_fewer_rights(struct conf *c)
{
    struct pair pair = conf_pair(c);
    seL4_CPtr nothing = conf_mint(c, pair.ep, seL4_NoRights, 0);
    seL4_CPtr write = conf_mint(c, pair.ep, seL4_CanWrite, 0);
    seL4_CPtr still_write = conf_mint(c, write, seL4_AllRights, 0);
    PEER(c, receiver, PEER_ABOVE);
    peer_wait(receiver, pair.ep);
    CHECK(c, invalid_capability(conf_call(nothing, LABEL, NO_WORDS, NO_CAPS), 0));
    CHECK(c, !receiver->done);
    conf_nb_send(still_write, LABEL);
    CHECK(c, peer_got(receiver, 0, LABEL));
    /* Cancelling needs all rights; a copy of a copy has got none back. */
    CHECK(c, seL4_CNode_CancelBadgedSends(root, still_write, DEPTH) == seL4_IllegalOperation);
}

static void copy_needs_an_empty_slot(struct conf *c)
{
    seL4_CPtr a = conf_object(c, seL4_EndpointObject, 0);
    seL4_CPtr b = conf_object(c, seL4_EndpointObject, 0);
    CHECK(c, copy(a, b) == seL4_DeleteFirst);
    CHECK(c, mint(a, b, BADGE) == seL4_DeleteFirst);
    CHECK(c, move(a, b) == seL4_DeleteFirst);
    CHECK(c, move(a, a) == seL4_DeleteFirst);
    CHECK(c, mutate(a, b, 0) == seL4_DeleteFirst);
    CHECK(c, copy(a, conf_slot(c)) == seL4_DeleteFirst); /* Before the source is looked at. */
}

static void nothing_cannot_be_copied(struct conf *c)
{
    seL4_CPtr slot = conf_slot(c);
    seL4_CPtr none = conf_slot(c);
    seL4_CPtr small = small_cnode(c);
    CHECK(c, missing_capability(copy(slot, none), 1, 64));
    CHECK(c, missing_capability(mint(slot, none, 0), 1, 64));
    CHECK(c, missing_capability(move(slot, none), 1, 64));
    CHECK(c, missing_capability(mutate(slot, none, 0), 1, 64));
    CHECK(c, missing_capability(seL4_CNode_Copy(root, slot, DEPTH, small, 7, 4, seL4_AllRights), 1,
                                4));
}

static void some_capabilities_have_no_copies(struct conf *c)
{
    seL4_CPtr slot = conf_slot(c);
    seL4_CPtr used = conf_object(c, seL4_UntypedObject, 6);
    REQUIRE(c, seL4_Untyped_Retype(used, seL4_EndpointObject, 0, root, 0, 0, conf_slot(c), 1) ==
                   seL4_NoError);
    CHECK(c, copy(slot, seL4_CapIRQControl) == seL4_IllegalOperation);
    seL4_CPtr table = conf_object(c, seL4_RISCV_PageTableObject, 0);
    CHECK(c, copy(slot, table) == seL4_IllegalOperation);
    CHECK(c, mint(slot, table, 0) == seL4_IllegalOperation);
    CHECK(c, copy(slot, used) == seL4_RevokeFirst);
    CHECK(c, conf_slot_is_empty(c, slot));
}

static void most_capabilities_have_copies(struct conf *c)
{
    const seL4_CPtr sources[] = {
        seL4_CapInitThreadTCB,
        seL4_CapInitThreadCNode,
        seL4_CapInitThreadVSpace,
        seL4_CapASIDControl,
        seL4_CapInitThreadASIDPool,
        seL4_CapInitThreadIPCBuffer,
        seL4_CapDomain,
        seL4_CapInitThreadSC,
        c->info->schedcontrol.start,
        c->reply,
        c->park,
        conf_object(c, seL4_EndpointObject, 0),
        conf_object(c, seL4_UntypedObject, 6),
    };
    for (uint32_t i = 0; i < sizeof sources / sizeof *sources; i++) {
        seL4_CPtr slot = conf_slot(c);
        CHECK(c, copy(slot, sources[i]) == seL4_NoError);
        CHECK(c, !conf_slot_is_empty(c, slot));
        CHECK(c, delete (slot) == seL4_NoError);
    }
}

static void minted_badge_is_received(struct conf *c)
{
    seL4_CPtr ep = conf_object(c, seL4_EndpointObject, 0);
    const seL4_Word badges[] = {1, 0x8000000000000000, 0xffffffffffffffff};
    PEER(c, p, PEER_ABOVE);
    for (uint32_t i = 0; i < 3; i++) {
        seL4_CPtr badged = conf_slot(c);
        CHECK(c, mint(badged, ep, badges[i]) == seL4_NoError);
        CHECK(c, badge_of(c, p, badged, ep) == badges[i]);
        CHECK(c, badge_of(c, p, conf_mint(c, badged, seL4_AllRights, 0), ep) == badges[i]);
    }
}

static void badge_is_never_changed(struct conf *c)
{
    struct pair pair = conf_pair(c);
    seL4_CPtr ntfn = conf_object(c, seL4_NotificationObject, 0);
    seL4_CPtr signal = conf_mint(c, ntfn, seL4_AllRights, BADGE);
    seL4_CPtr slot = conf_slot(c);
    CHECK(c, mint(slot, pair.badged, BADGE + 1) == seL4_IllegalOperation);
    CHECK(c, mint(slot, pair.badged, BADGE) == seL4_IllegalOperation);
    CHECK(c, mint(slot, pair.badged, 0) == seL4_IllegalOperation);
    CHECK(c, mint(slot, signal, BADGE + 1) == seL4_IllegalOperation);
    CHECK(c, mutate(slot, pair.badged, BADGE) == seL4_IllegalOperation);
    CHECK(c, mutate(slot, pair.ep, BADGE) == seL4_IllegalOperation);
    CHECK(c, mutate(slot, pair.ep, 0) == seL4_IllegalOperation);
    CHECK(c, mutate(slot, ntfn, 0) == seL4_IllegalOperation);
    CHECK(c, !conf_slot_is_empty(c, pair.ep) && conf_slot_is_empty(c, slot));
}

static void other_kinds_have_no_badge(struct conf *c)
{
    seL4_CPtr tcb = conf_object(c, seL4_TCBObject, 0);
    seL4_CPtr copied = conf_slot(c);
    seL4_CPtr moved = conf_slot(c);
    CHECK(c, mint(copied, tcb, BADGE) == seL4_NoError);
    CHECK(c, mutate(moved, copied, BADGE) == seL4_NoError);
    CHECK(c, seL4_TCB_Suspend(moved) == seL4_NoError && conf_slot_is_empty(c, copied));
}

static void guard_fits_in_a_word(struct conf *c)
{
    seL4_CPtr small = small_cnode(c);
    seL4_CPtr slot = conf_slot(c);
    CHECK(c, mint(slot, small, guard(0, 61)) == seL4_IllegalOperation);
    CHECK(c, mutate(slot, small, guard(0, 61)) == seL4_IllegalOperation);
    CHECK(c, mint(slot, small, guard(0, 60)) == seL4_NoError);
}

static void guard_is_cut_to_its_size(struct conf *c)
{
    seL4_CPtr slot = conf_slot(c);
    REQUIRE(c, mint(slot, small_cnode(c), guard(0x123, 4)) == seL4_NoError);
    CHECK(c, seL4_CNode_Delete(slot, 0x30, 8) == seL4_NoError);
    CHECK(c, guard_mismatch(seL4_CNode_Delete(slot, 0x20, 8), 0, 8, 3, 4));
}

static void copy_keeps_the_guard(struct conf *c)
{
    seL4_CPtr small = small_cnode(c);
    seL4_CPtr guarded = conf_slot(c);
    seL4_CPtr copied = conf_slot(c);
    seL4_CPtr cleared = conf_slot(c);
    seL4_CPtr moved = conf_slot(c);
    REQUIRE(c, mint(guarded, small, guard(3, 4)) == seL4_NoError);
    REQUIRE(c, copy(copied, guarded) == seL4_NoError);
    CHECK(c, seL4_CNode_Delete(copied, 0x30, 8) == seL4_NoError);
    REQUIRE(c, mint(cleared, guarded, 0) == seL4_NoError);
    CHECK(c, seL4_CNode_Delete(cleared, 0, 4) == seL4_NoError);
    REQUIRE(c, move(moved, guarded) == seL4_NoError);
    CHECK(c, seL4_CNode_Delete(moved, 0x30, 8) == seL4_NoError);
    REQUIRE(c, mutate(guarded, moved, guard(1, 1)) == seL4_NoError);
    CHECK(c, seL4_CNode_Delete(guarded, 0x10, 5) == seL4_NoError);
    CHECK(c, conf_slot_is_empty(c, moved));
}

/* ---- Move and Rotate ---- */

static void move_takes_badge_and_rights_along(struct conf *c)
{
    struct pair pair = conf_pair(c);
    seL4_CPtr weak = conf_mint(c, pair.badged, seL4_CanWrite, 0);
    seL4_CPtr slot = conf_slot(c);
    PEER(c, p, PEER_ABOVE);
    CHECK(c, move(slot, weak) == seL4_NoError && conf_slot_is_empty(c, weak));
    CHECK(c, badge_of(c, p, slot, pair.ep) == BADGE);
    CHECK(c, seL4_CNode_CancelBadgedSends(root, slot, DEPTH) == seL4_IllegalOperation);
}

static void what_has_no_copies_can_move(struct conf *c)
{
    seL4_CPtr slot = conf_slot(c);
    CHECK(c, move(slot, seL4_CapIRQControl) == seL4_NoError);
    CHECK(c, conf_slot_is_empty(c, seL4_CapIRQControl));
    CHECK(c, move(seL4_CapIRQControl, slot) == seL4_NoError);
    CHECK(c, move(slot, conf_object(c, seL4_RISCV_PageTableObject, 0)) == seL4_NoError);
}

static void moved_frame_stays_mapped(struct conf *c)
{
    enum { VALUE = 0x77 };
    seL4_CPtr frame = conf_object(c, seL4_RISCV_4K_Page, 0);
    seL4_CPtr moved = conf_slot(c);
    seL4_CPtr copied = conf_slot(c);
    REQUIRE(c, space_map(&c->scene, &c->space, frame, CONF_WINDOW, seL4_ReadWrite) == seL4_NoError);
    REQUIRE(c, move(moved, frame) == seL4_NoError);
    user_store64(CONF_WINDOW, VALUE);
    CHECK(c, user_load64(CONF_WINDOW) == VALUE);
    CHECK(c,
          invalid_argument(seL4_RISCV_Page_Map(moved, c->space.vspace, CONF_WINDOW + USER_PAGE_SIZE,
                                               seL4_ReadWrite, seL4_RISCV_Default_VMAttributes),
                           0));
    REQUIRE(c, copy(copied, moved) == seL4_NoError);
    REQUIRE(c, space_map(&c->scene, &c->space, copied, CONF_WINDOW + USER_PAGE_SIZE,
                         seL4_ReadWrite) == seL4_NoError);
    CHECK(c, user_load64(CONF_WINDOW + USER_PAGE_SIZE) == VALUE);
}

static void moved_original_still_revokes(struct conf *c)
{
    seL4_CPtr tcb = conf_object(c, seL4_TCBObject, 0);
    seL4_CPtr copied = conf_mint(c, tcb, seL4_AllRights, 0);
    seL4_CPtr moved = conf_slot(c);
    CHECK(c, move(moved, tcb) == seL4_NoError && revoke(moved) == seL4_NoError);
    CHECK(c, conf_slot_is_empty(c, copied) && !conf_slot_is_empty(c, moved));
}

/* Three different objects to tell apart: each answers to a label of its own. */
static bool is_tcb(seL4_CPtr slot)
{
    return conf_call(slot, TCBSuspend, NO_WORDS, NO_CAPS) == seL4_NoError;
}

static bool is_frame(seL4_CPtr slot)
{
    return conf_call(slot, RISCVPageUnmap, NO_WORDS, NO_CAPS) == seL4_NoError;
}

static void rotate_moves_two(struct conf *c)
{
    seL4_CPtr tcb = conf_object(c, seL4_TCBObject, 0);
    seL4_CPtr frame = conf_object(c, seL4_RISCV_4K_Page, 0);
    seL4_CPtr dest = conf_slot(c);
    CHECK(c, rotate(dest, frame, tcb) == seL4_NoError);
    CHECK(c, is_frame(dest) && is_tcb(frame) && conf_slot_is_empty(c, tcb));
}

static void rotate_swaps(struct conf *c)
{
    seL4_CPtr tcb = conf_object(c, seL4_TCBObject, 0);
    seL4_CPtr frame = conf_object(c, seL4_RISCV_4K_Page, 0);
    CHECK(c, rotate(tcb, frame, tcb) == seL4_NoError);
    CHECK(c, is_frame(tcb) && is_tcb(frame));
}

static void rotate_keeps_families(struct conf *c)
{
    seL4_CPtr tcb = conf_object(c, seL4_TCBObject, 0);
    seL4_CPtr tcb_copy = conf_mint(c, tcb, seL4_AllRights, 0);
    seL4_CPtr frame = conf_object(c, seL4_RISCV_4K_Page, 0);
    seL4_CPtr frame_copy = conf_mint(c, frame, seL4_AllRights, 0);
    /* A copy and an original change places; each stays what it is. */
    CHECK(c, rotate(tcb_copy, frame, tcb_copy) == seL4_NoError);
    CHECK(c, is_frame(tcb_copy) && is_tcb(frame));
    CHECK(c, revoke(frame) == seL4_NoError && is_tcb(tcb) && is_frame(frame_copy));
    CHECK(c, revoke(tcb_copy) == seL4_NoError);
    CHECK(c, conf_slot_is_empty(c, frame_copy) && is_frame(tcb_copy) && is_tcb(frame));
    CHECK(c, revoke(tcb) == seL4_NoError);
    CHECK(c, conf_slot_is_empty(c, frame) && is_frame(tcb_copy));
}

static void rotate_sets_guards(struct conf *c)
{
    seL4_CPtr source = small_cnode(c);
    seL4_CPtr pivot = small_cnode(c);
    seL4_CPtr dest = conf_slot(c);
    REQUIRE(c, seL4_CNode_Rotate(root, dest, DEPTH, guard(1, 2), root, pivot, DEPTH, guard(2, 3),
                                 root, source, DEPTH) == seL4_NoError);
    CHECK(c, guard_mismatch(seL4_CNode_Delete(dest, 0, 6), 0, 6, 1, 2));
    CHECK(c, guard_mismatch(seL4_CNode_Delete(pivot, 0, 7), 0, 7, 2, 3));
    CHECK(c, seL4_CNode_Rotate(root, source, DEPTH, 0, root, pivot, DEPTH, guard(0, 61), root, dest,
                               DEPTH) == seL4_IllegalOperation);
    CHECK(c, seL4_CNode_Rotate(root, source, DEPTH, guard(0, 61), root, pivot, DEPTH, 0, root, dest,
                               DEPTH) == seL4_IllegalOperation);
}

static void swap_sets_guards(struct conf *c)
{
    seL4_CPtr a = small_cnode(c);
    seL4_CPtr b = conf_object(c, seL4_CapTableObject, SMALL_BITS + 1);
    REQUIRE(c, seL4_CNode_Rotate(root, a, DEPTH, guard(1, 2), root, b, DEPTH, guard(2, 3), root, a,
                                 DEPTH) == seL4_NoError);
    CHECK(c, guard_mismatch(seL4_CNode_Delete(a, 0, 7), 0, 7, 1, 2));
    CHECK(c, guard_mismatch(seL4_CNode_Delete(b, 0, 7), 0, 7, 2, 3));
    CHECK(c, seL4_CNode_Delete(a, 1 << 5, 7) == seL4_NoError);
    CHECK(c, seL4_CNode_Delete(b, 2 << 4, 7) == seL4_NoError);
}

static void rotate_makes_its_checks_in_order(struct conf *c)
{
    seL4_CPtr tcb = conf_object(c, seL4_TCBObject, 0);
    seL4_CPtr frame = conf_object(c, seL4_RISCV_4K_Page, 0);
    seL4_CPtr ep = conf_object(c, seL4_EndpointObject, 0);
    seL4_CPtr none = conf_slot(c);
    seL4_CPtr dest = conf_slot(c);
    CHECK(c, rotate(dest, tcb, tcb) == seL4_IllegalOperation);
    CHECK(c, rotate(dest, none, none) == seL4_IllegalOperation);
    CHECK(c, rotate(dest, dest, tcb) == seL4_IllegalOperation);
    CHECK(c, rotate(frame, ep, tcb) == seL4_DeleteFirst);
    CHECK(c, rotate(frame, ep, none) == seL4_DeleteFirst);
    CHECK(c, missing_capability(rotate(dest, frame, none), 1, 64));
    CHECK(c, missing_capability(rotate(dest, none, frame), 0, 64));
    CHECK(c, rotate(dest, frame, ep) == seL4_IllegalOperation);
    CHECK(c, rotate(dest, ep, frame) == seL4_IllegalOperation);
    CHECK(c, is_tcb(tcb) && is_frame(frame) && conf_slot_is_empty(c, dest));
}

static void rotate_looks_up_source_then_pivot(struct conf *c)
{
    seL4_CPtr tcb = conf_object(c, seL4_TCBObject, 0);
    seL4_CPtr dest = conf_slot(c);
    CHECK(c, range_error(seL4_CNode_Rotate(root, dest, DEPTH, 0, tcb, tcb, DEPTH, 0, root, tcb, 0),
                         1, 64));
    CHECK(c, invalid_root(
                 seL4_CNode_Rotate(root, dest, DEPTH, 0, tcb, tcb, DEPTH, 0, root, tcb, DEPTH), 1));
    CHECK(c, invalid_root(
                 seL4_CNode_Rotate(root, dest, DEPTH, 0, root, tcb, DEPTH, 0, tcb, tcb, DEPTH), 1));
    CHECK(c,
          range_error(seL4_CNode_Rotate(root, dest, DEPTH, 0, root, tcb, 65, 0, root, tcb, DEPTH),
                      1, 64));
}

/* ---- Delete and Revoke; the derivation tree ---- */

static void empty_slots_are_deleted_and_revoked(struct conf *c)
{
    seL4_CPtr slot = conf_slot(c);
    CHECK(c, delete (slot) == seL4_NoError && revoke(slot) == seL4_NoError);
}

static void delete_leaves_copies(struct conf *c)
{
    struct pair pair = conf_pair(c);
    PEER(c, p, PEER_ABOVE);
    seL4_CPtr other = conf_mint(c, pair.ep, seL4_AllRights, 0);
    CHECK(c, delete (pair.ep) == seL4_NoError && conf_slot_is_empty(c, pair.ep));
    CHECK(c, badge_of(c, p, pair.badged, other) == BADGE);
}

static void revoke_deletes_descendants(struct conf *c)
{
    seL4_CPtr tcb = conf_object(c, seL4_TCBObject, 0);
    seL4_CPtr copied = conf_mint(c, tcb, seL4_AllRights, 0);
    seL4_CPtr copied_again = conf_mint(c, copied, seL4_AllRights, 0);
    seL4_CPtr other = conf_object(c, seL4_TCBObject, 0);
    CHECK(c, revoke(tcb) == seL4_NoError);
    CHECK(c, conf_slot_is_empty(c, copied) && conf_slot_is_empty(c, copied_again));
    CHECK(c, is_tcb(tcb) && is_tcb(other));
}

static void revoke_by_a_copy_deletes_nothing(struct conf *c)
{
    seL4_CPtr tcb = conf_object(c, seL4_TCBObject, 0);
    seL4_CPtr copied = conf_mint(c, tcb, seL4_AllRights, 0);
    seL4_CPtr copied_again = conf_mint(c, copied, seL4_AllRights, 0);
    CHECK(c, revoke(copied) == seL4_NoError);
    CHECK(c, is_tcb(tcb) && is_tcb(copied) && is_tcb(copied_again));
}

static void badged_capability_is_an_original(struct conf *c)
{
    struct pair pair = conf_pair(c);
    seL4_CPtr copied = conf_mint(c, pair.badged, seL4_AllRights, 0);
    seL4_CPtr other = conf_mint(c, pair.ep, seL4_AllRights, BADGE + 1);
    seL4_CPtr same_badge = conf_mint(c, pair.ep, seL4_AllRights, BADGE);
    CHECK(c, revoke(copied) == seL4_NoError && !conf_slot_is_empty(c, pair.badged));
    CHECK(c, revoke(pair.badged) == seL4_NoError);
    CHECK(c, conf_slot_is_empty(c, copied) && !conf_slot_is_empty(c, pair.badged));
    CHECK(c, !conf_slot_is_empty(c, other) && !conf_slot_is_empty(c, same_badge));
    CHECK(c, !conf_slot_is_empty(c, pair.ep));
    CHECK(c, revoke(pair.ep) == seL4_NoError);
    CHECK(c, conf_slot_is_empty(c, pair.badged) && conf_slot_is_empty(c, other));
    CHECK(c, conf_slot_is_empty(c, same_badge) && !conf_slot_is_empty(c, pair.ep));
}

static void badge_0_makes_a_plain_copy(struct conf *c)
{
    seL4_CPtr ep = conf_object(c, seL4_EndpointObject, 0);
    seL4_CPtr minted = conf_slot(c);
    REQUIRE(c, mint(minted, ep, 0) == seL4_NoError);
    seL4_CPtr copied = conf_mint(c, minted, seL4_AllRights, 0);
    CHECK(c, revoke(minted) == seL4_NoError && !conf_slot_is_empty(c, copied));
    CHECK(c, revoke(ep) == seL4_NoError && conf_slot_is_empty(c, copied));
    CHECK(c, conf_slot_is_empty(c, minted));
}

static void deleted_cnode_deletes_what_it_holds(struct conf *c)
{
    struct pair pair = conf_pair(c);
    seL4_CPtr small = small_cnode(c);
    PEER(c, p, PEER_ABOVE);
    peer_call(p, pair.badged, LABEL);
    REQUIRE(c, seL4_CNode_Move(small, 3, 4, root, pair.ep, DEPTH) == seL4_NoError);
    REQUIRE(c, delete (pair.badged) == seL4_NoError);
    CHECK(c, !p->done); /* The endpoint's last capability is in the CNode. */
    CHECK(c, delete (small) == seL4_NoError);
    CHECK(c, p->done && p->regs.a1 == conf_info(seL4_InvalidCapability, 1));
}

/* ---- Messages ---- */

static void every_operation_looks_up_its_slot(struct conf *c)
{
    seL4_Word bits = root_guard_bits(c);
    seL4_CPtr none = conf_slot(c);
    for (seL4_Word label = CNodeRevoke; label <= CNodeRotate; label++) {
        seL4_Word words[8] = {none, DEPTH, 0, DEPTH, 0, 0, 0, DEPTH};
        const seL4_CPtr caps[] = {root, root};
        CHECK(c, conf_call(root, label, 1, words, 2, caps) == seL4_TruncatedMessage);
        words[1] = 0;
        CHECK(c, range_error(conf_call(root, label, 2, words, 2, caps), 1, 64));
        words[1] = 65;
        CHECK(c, range_error(conf_call(root, label, 8, words, 2, caps), 1, 64));
        words[1] = 20;
        CHECK(c, guard_mismatch(conf_call(root, label, 8, words, 2, caps), 0, 20, 0, bits));
        words[1] = 63;
        words[0] = 0;
        CHECK(c, depth_mismatch(conf_call(root, label, 8, words, 2, caps), 0, 63, 64));
    }
}

static void every_copy_looks_up_its_source(struct conf *c)
{
    seL4_Word bits = root_guard_bits(c);
    seL4_CPtr none = conf_slot(c);
    for (seL4_Word label = CNodeCopy; label <= CNodeMutate; label++) {
        seL4_Word words[8] = {none, DEPTH, none, 0, 0, 0, 0, 0};
        const seL4_CPtr caps[] = {root};
        CHECK(c, conf_call(root, label, 3, words, 1, caps) == seL4_TruncatedMessage);
        CHECK(c, conf_call(root, label, 8, words, NO_CAPS) == seL4_TruncatedMessage);
        CHECK(c, range_error(conf_call(root, label, 4, words, 1, caps), 1, 64));
        words[3] = 20;
        CHECK(c, guard_mismatch(conf_call(root, label, 4, words, 1, caps), 1, 20, 0, bits));
        words[3] = DEPTH;
        CHECK(c, missing_capability(conf_call(root, label, 4, words, 1, caps), 1, 64));
        words[0] = seL4_CapInitThreadTCB;
        CHECK(c, conf_call(root, label, 4, words, 1, caps) == seL4_DeleteFirst);
    }
}

/* Other objects' invocations that fill a slot find it in the same way. */
static void every_new_capability_looks_up_its_slot(struct conf *c)
{
    enum { POOL_BITS = 12, IRQ = 1 };
    seL4_Word bits = root_guard_bits(c);
    seL4_CPtr slot = conf_slot(c);
    seL4_CPtr pool = conf_object(c, seL4_UntypedObject, POOL_BITS);
    CHECK(c, range_error(seL4_IRQControl_Get(seL4_CapIRQControl, IRQ, root, slot, 0), 1, 64));
    CHECK(c, range_error(seL4_IRQControl_GetTrigger(seL4_CapIRQControl, IRQ, 1, root, slot, 65), 1,
                         64));
    CHECK(c, range_error(seL4_RISCV_ASIDControl_MakePool(seL4_CapASIDControl, pool, root, slot, 0),
                         1, 64));
    CHECK(c, guard_mismatch(seL4_IRQControl_Get(seL4_CapIRQControl, IRQ, root, slot, 20), 0, 20, 0,
                            bits));
    CHECK(c, guard_mismatch(seL4_IRQControl_GetTrigger(seL4_CapIRQControl, IRQ, 1, root, slot, 20),
                            0, 20, 0, bits));
    CHECK(c,
          guard_mismatch(seL4_RISCV_ASIDControl_MakePool(seL4_CapASIDControl, pool, root, slot, 20),
                         0, 20, 0, bits));
    CHECK(c, conf_slot_is_empty(c, slot));
}

static void operations_need_all_their_words(struct conf *c)
{
    seL4_CPtr slot = conf_slot(c);
    CHECK(c, conf_call(root, CNodeDelete, WORDS(slot), NO_CAPS) == seL4_TruncatedMessage);
    CHECK(c, conf_answer_length() == 0);
    CHECK(c, conf_call(root, CNodeRevoke, WORDS(slot), NO_CAPS) == seL4_TruncatedMessage);
    CHECK(c, conf_call(root, CNodeCancelBadgedSends, NO_WORDS, NO_CAPS) == seL4_TruncatedMessage);
    CHECK(c,
          conf_call(root, CNodeCopy, WORDS(slot, DEPTH, 1), CAPS(root)) == seL4_TruncatedMessage);
    CHECK(c, conf_call(root, CNodeCopy, WORDS(slot, DEPTH, 1, DEPTH, 15), NO_CAPS) ==
                 seL4_TruncatedMessage);
    CHECK(c, conf_call(root, CNodeCopy, WORDS(slot, DEPTH, 1, DEPTH), CAPS(root)) ==
                 seL4_TruncatedMessage);
    CHECK(c, conf_call(root, CNodeMint, WORDS(slot, DEPTH, 1, DEPTH, 15), CAPS(root)) ==
                 seL4_TruncatedMessage);
    CHECK(c, conf_call(root, CNodeMutate, WORDS(slot, DEPTH, 1, DEPTH), CAPS(root)) ==
                 seL4_TruncatedMessage);
    CHECK(c, conf_call(root, CNodeRotate, WORDS(slot, DEPTH, 0, 1, DEPTH, 0, 3),
                       CAPS(root, root)) == seL4_TruncatedMessage);
    CHECK(c, conf_call(root, CNodeRotate, WORDS(slot, DEPTH, 0, 1, DEPTH, 0, 3, DEPTH),
                       CAPS(root)) == seL4_TruncatedMessage);
    CHECK(c, conf_slot_is_empty(c, slot));
}

static void cnodes_take_no_other_labels(struct conf *c)
{
    CHECK(c, conf_call(root, TCBSetFlags, NO_WORDS, NO_CAPS) == seL4_IllegalOperation);
    CHECK(c, conf_call(root, IRQIssueIRQHandler, NO_WORDS, NO_CAPS) == seL4_IllegalOperation);
    CHECK(c, conf_call(root, 0, NO_WORDS, NO_CAPS) == seL4_IllegalOperation);
    CHECK(c, conf_answer_length() == 0);
}

static void longer_messages_are_fine(struct conf *c)
{
    seL4_CPtr slot = conf_slot(c);
    CHECK(c, conf_call(root, CNodeMove, WORDS(slot, DEPTH, c->reply, DEPTH, 1, 2, 3, 4, 5),
                       CAPS(root, 1, 1)) == seL4_NoError);
    CHECK(c, !conf_slot_is_empty(c, slot));
}

static const struct scenario scenarios[] = {
    {"depths are 1 to 64", depth_is_1_to_64},
    {"the root of a source slot must be a CNode", source_root_is_a_cnode},
    {"the guard of the root CNode must match", guard_must_match},
    {"a guard that was minted must match", minted_guard_must_match},
    {"guard and index must fit in the depth", guard_and_index_fit_in_the_depth},
    {"an operation needs the exact depth", operations_need_the_exact_depth},
    {"only the low bits of an index count", only_low_bits_of_the_index_count},
    {"operations reach every level of a tree of CNodes", operations_reach_every_level},
    {"a lookup fails at the level where it does not fit", levels_fail_on_their_own},
    {"64 levels of one bit resolve", sixty_four_levels_resolve},
    {"system calls ignore bits that remain", system_calls_ignore_remaining_bits},
    {"system calls descend through CNodes", system_calls_descend},
    {"a CapFault names a wrong guard", fault_names_a_wrong_guard},
    {"a CapFault names a wrong depth", fault_names_a_wrong_depth},
    {"a CapFault names a missing CSpace", fault_names_a_missing_cspace},
    {"a copy has no more rights than given", copy_has_fewer_rights},
    {"a copy needs an empty slot", copy_needs_an_empty_slot},
    {"an empty slot cannot be copied or moved", nothing_cannot_be_copied},
    {"some capabilities cannot be copied", some_capabilities_have_no_copies},
    {"the others can", most_capabilities_have_copies},
    {"a minted badge is what receivers see", minted_badge_is_received},
    {"a badge cannot be changed", badge_is_never_changed},
    {"other capabilities ignore the badge", other_kinds_have_no_badge},
    {"guard and index must fit in a word", guard_fits_in_a_word},
    {"a guard is cut to its size", guard_is_cut_to_its_size},
    {"copies and moves keep the guard, Mint and Mutate set it", copy_keeps_the_guard},
    {"Move takes badge and rights along", move_takes_badge_and_rights_along},
    {"what cannot be copied can be moved", what_has_no_copies_can_move},
    {"a moved frame stays mapped, a copy is not", moved_frame_stays_mapped},
    {"a moved original still has its children", moved_original_still_revokes},
    {"Rotate moves two capabilities", rotate_moves_two},
    {"Rotate swaps if source and destination are one", rotate_swaps},
    {"Rotate leaves copies copies, and originals originals", rotate_keeps_families},
    {"Rotate sets guards", rotate_sets_guards},
    {"Rotate sets guards of capabilities that it swaps", swap_sets_guards},
    {"Rotate makes its checks in order", rotate_makes_its_checks_in_order},
    {"Rotate looks up the source before the pivot", rotate_looks_up_source_then_pivot},
    {"empty slots can be deleted and revoked", empty_slots_are_deleted_and_revoked},
    {"Delete leaves other capabilities to the object", delete_leaves_copies},
    {"Revoke deletes copies, and their copies", revoke_deletes_descendants},
    {"Revoke by a copy deletes nothing", revoke_by_a_copy_deletes_nothing},
    {"a badged capability is an original of its own", badged_capability_is_an_original},
    {"Mint with badge 0 makes a plain copy", badge_0_makes_a_plain_copy},
    {"a CNode that is deleted deletes what it holds", deleted_cnode_deletes_what_it_holds},
    {"every operation looks up its slot first", every_operation_looks_up_its_slot},
    {"every copy looks up its source next", every_copy_looks_up_its_source},
    {"every new capability's slot is looked up alike", every_new_capability_looks_up_its_slot},
    {"an operation needs all its words and capabilities", operations_need_all_their_words},
    {"CNodes take no other labels", cnodes_take_no_other_labels},
    {"words and capabilities that are not needed are ignored", longer_messages_are_fine},
};
CONF_GROUP(cspace, scenarios);
