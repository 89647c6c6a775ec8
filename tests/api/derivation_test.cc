/* SPDX-License-Identifier: BSD-2-Clause */

/* The derivation tree as users see it: what Revoke and Delete take away, and what stays
 * (docs/abi/03 section 3.6, 15 items 28 to 31, 16 section 16.2). cdt_model_test.cc tries all short
 * sequences.
 */
#include "tests/support/system.h"

namespace albireo {
namespace {

/* --- Copies ----------------------------------------------------------------------------------- */

struct Original {
    const char *name;
    std::function<CPtr(System &)> make;
    bool memory = true; /* Made of the untyped that make() uses. */
};

void PrintTo(const Original &original, std::ostream *out)
{
    *out << original.name;
}

Original object(const char *name, Word type, Word size_bits = 0)
{
    return {name, [=](System &sys) {
                return sys.make(type, size_bits);
            }};
}

Original boot_cap(const char *name, CPtr slot)
{
    return {name, [=](System &) { return slot; }, false};
}

CPtr mapped_table(System &sys)
{
    CPtr table = sys.make(ABI_OBJECT_PAGE_TABLE);
    EXPECT_OK(sys.RISCV_PageTable_Map(table, kVSpace, 0x40000000, 0));
    return table;
}

CPtr irq_handler(System &sys)
{
    CPtr slot = sys.alloc_slot();
    EXPECT_OK(sys.IRQControl_Get(kIrqControl, 7, kCNode, slot, 64));
    return slot;
}

class CopiesOf : public ::testing::TestWithParam<Original> {
  protected:
    void SetUp() override
    {
        original_ = GetParam().make(sys_);
        copy_ = sys_.copy(original_);
        second_ = sys_.copy(copy_);
    }

    bool all_there() const
    {
        return !sys_.is_empty(original_) && !sys_.is_empty(copy_) && !sys_.is_empty(second_);
    }

    System sys_;
    CPtr original_ = 0;
    CPtr copy_ = 0;
    CPtr second_ = 0; /* A copy of the copy. */
};

INSTANTIATE_TEST_SUITE_P(
    Derivation, CopiesOf,
    ::testing::Values(
        object("Endpoint", ABI_OBJECT_ENDPOINT), object("Notification", ABI_OBJECT_NOTIFICATION),
        object("Reply", ABI_OBJECT_REPLY), object("CNode", ABI_OBJECT_CAP_TABLE, 4),
        object("Tcb", ABI_OBJECT_TCB), object("SchedContext", ABI_OBJECT_SCHED_CONTEXT, 8),
        object("Frame", ABI_OBJECT_PAGE_4K), Original{"PageTable", mapped_table},
        Original{"IrqHandler", irq_handler}, boot_cap("AsidPool", kAsidPool),
        boot_cap("Domain", kDomain), boot_cap("AsidControl", kAsidControl),
        Original{"SchedControl", [](System &sys) { return sys.sched_control(); }, false}),
    [](const auto &info) { return std::string(info.param.name); });

TEST_P(CopiesOf, RevokeNothing)
{
    EXPECT_OK(sys_.revoke(copy_));
    EXPECT_OK(sys_.revoke(second_));
    EXPECT_TRUE(all_there());
}

TEST_P(CopiesOf, AreAllRevokedByTheOriginal)
{
    EXPECT_OK(sys_.revoke(original_));
    EXPECT_FALSE(sys_.is_empty(original_));
    EXPECT_TRUE(sys_.is_empty(copy_));
    EXPECT_TRUE(sys_.is_empty(second_));
}

TEST_P(CopiesOf, AreDeletedOneByOne)
{
    EXPECT_OK(sys_.del(copy_));
    EXPECT_TRUE(sys_.is_empty(copy_));
    EXPECT_FALSE(sys_.is_empty(original_));
    EXPECT_FALSE(sys_.is_empty(second_));
    EXPECT_OK(sys_.revoke(original_));
    EXPECT_TRUE(sys_.is_empty(second_));
}

TEST_P(CopiesOf, OutliveTheOriginalUntilTheUntypedIsRevoked)
{
    EXPECT_OK(sys_.del(original_));
    EXPECT_OK(sys_.revoke(copy_));
    EXPECT_OK(sys_.revoke(second_));
    EXPECT_FALSE(sys_.is_empty(copy_));
    EXPECT_FALSE(sys_.is_empty(second_));
    bool memory = GetParam().memory && sys_.cap_at(copy_).type != CAP_IRQ_HANDLER;
    EXPECT_OK(sys_.revoke(sys_.ram_untyped()));
    EXPECT_EQ(sys_.is_empty(copy_), memory);
    EXPECT_EQ(sys_.is_empty(second_), memory);
}

TEST_P(CopiesOf, StayRelatedWhenMoved)
{
    CPtr slots = sys_.alloc_slots(2);
    EXPECT_OK(sys_.move(slots, original_));
    EXPECT_OK(sys_.move(slots + 1, second_));
    EXPECT_OK(sys_.revoke(slots + 1));
    EXPECT_FALSE(sys_.is_empty(copy_));
    EXPECT_OK(sys_.revoke(slots));
    EXPECT_FALSE(sys_.is_empty(slots));
    EXPECT_TRUE(sys_.is_empty(copy_));
    EXPECT_TRUE(sys_.is_empty(slots + 1));
}

TEST(Derivation, GuardsDoNotMatterToKinship)
{
    System sys;
    CPtr node = sys.make_cnode(4);
    CPtr guarded = sys.mint(node, 3 << 6 | 5);
    CPtr other = sys.mint(guarded, 1 << 6 | 2);
    ASSERT_OK(sys.revoke(guarded));
    EXPECT_FALSE(sys.is_empty(other));
    ASSERT_OK(sys.revoke(node));
    EXPECT_TRUE(sys.is_empty(guarded));
    EXPECT_TRUE(sys.is_empty(other));
}

TEST(Derivation, RightsDoNotMatterToKinship)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr weak = sys.copy(ep, ABI_RIGHT_WRITE);
    ASSERT_OK(sys.revoke(ep));
    EXPECT_TRUE(sys.is_empty(weak));
}

TEST(Derivation, RevokeAndDeleteOfAnEmptySlotSucceed)
{
    System sys;
    CPtr slot = sys.alloc_slot();
    sys.expect_unchanged([&] {
        EXPECT_OK(sys.revoke(slot));
        EXPECT_OK(sys.del(slot));
    });
}

TEST(Derivation, RevokeOfACapabilityWithoutDescendantsDoesNothing)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    sys.make(ABI_OBJECT_ENDPOINT);
    sys.expect_unchanged([&] { EXPECT_OK(sys.revoke(ep)); });
}

/* --- Badges ----------------------------------------------------------------------------------- */

TEST(BadgedFamily, TheExampleOfTheContract)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr five = sys.mint(ep, 5);
    CPtr copy = sys.copy(five);
    ASSERT_OK(sys.revoke(copy));
    EXPECT_FALSE(sys.is_empty(five));
    ASSERT_OK(sys.revoke(five));
    EXPECT_TRUE(sys.is_empty(copy));
    EXPECT_FALSE(sys.is_empty(five));
}

TEST(BadgedFamily, RevokeLeavesOtherBadgesAndTheOriginal)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr five = sys.mint(ep, 5);
    CPtr six = sys.mint(ep, 6);
    CPtr five_copy = sys.copy(five);
    CPtr six_copy = sys.copy(six);
    CPtr plain = sys.copy(ep);
    ASSERT_OK(sys.revoke(five));
    EXPECT_TRUE(sys.is_empty(five_copy));
    for (CPtr slot : {ep, five, six, six_copy, plain}) {
        EXPECT_FALSE(sys.is_empty(slot));
    }
}

TEST(BadgedFamily, TheSameBadgeMintedTwiceMakesTwoFamilies)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr first = sys.mint(ep, 5);
    CPtr second = sys.mint(ep, 5);
    CPtr first_copy = sys.copy(first);
    CPtr second_copy = sys.copy(second);
    Snapshot both = sys.snapshot();
    ASSERT_OK(sys.revoke(second));
    EXPECT_TRUE(sys.is_empty(second_copy));
    EXPECT_FALSE(sys.is_empty(first));
    EXPECT_FALSE(sys.is_empty(first_copy));
    sys.restore(both);
    ASSERT_OK(sys.revoke(first));
    EXPECT_TRUE(sys.is_empty(first_copy));
    EXPECT_FALSE(sys.is_empty(second));
    EXPECT_FALSE(sys.is_empty(second_copy));
}

/* A copy whose badged original has gone is not taken over by the neighbour with that badge. */
TEST(BadgedFamily, OrphansAreNotAdoptedByTheSameBadge)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr first = sys.mint(ep, 5);
    CPtr second = sys.mint(ep, 5);
    CPtr orphan = sys.copy(first);
    CPtr orphans_copy = sys.copy(orphan);
    ASSERT_OK(sys.del(first));
    ASSERT_OK(sys.revoke(second));
    EXPECT_FALSE(sys.is_empty(orphan));
    ASSERT_OK(sys.del(orphans_copy));
    ASSERT_OK(sys.revoke(second));
    EXPECT_FALSE(sys.is_empty(orphan));
    ASSERT_OK(sys.revoke(ep));
    EXPECT_TRUE(sys.is_empty(orphan));
}

TEST(BadgedFamily, MintWithBadge0IsAPlainCopy)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr plain = sys.mint(ep, 0);
    CPtr copy = sys.copy(plain);
    ASSERT_OK(sys.revoke(plain));
    EXPECT_FALSE(sys.is_empty(copy));
    ASSERT_OK(sys.revoke(ep));
    EXPECT_TRUE(sys.is_empty(plain));
    EXPECT_TRUE(sys.is_empty(copy));
}

TEST(BadgedFamily, ABadgeMintedFromACopyIsAnOriginalToo)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr five = sys.mint(sys.copy(ep), 5);
    CPtr copy = sys.copy(five);
    ASSERT_OK(sys.revoke(five));
    EXPECT_TRUE(sys.is_empty(copy));
    ASSERT_OK(sys.revoke(ep));
    EXPECT_TRUE(sys.is_empty(five));
}

TEST(BadgedFamily, MoveKeepsThePlaceInTheTree)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr five = sys.mint(ep, 5);
    CPtr copy = sys.copy(five);
    CPtr slot = sys.alloc_slot();
    ASSERT_OK(sys.move(slot, five));
    ASSERT_OK(sys.revoke(slot));
    EXPECT_TRUE(sys.is_empty(copy));
    ASSERT_OK(sys.revoke(ep));
    EXPECT_TRUE(sys.is_empty(slot));
}

/* --- Untypeds --------------------------------------------------------------------------------- */

TEST(UntypedFamily, RevokeTakesGrandchildrenToo)
{
    System sys;
    CPtr outer = sys.untyped(14);
    CPtr inner = sys.alloc_slot();
    CPtr ep = sys.alloc_slot();
    ASSERT_OK(sys.retype(outer, ABI_OBJECT_UNTYPED, 12, inner));
    ASSERT_OK(sys.retype(inner, ABI_OBJECT_ENDPOINT, 0, ep));
    CPtr badged = sys.mint(ep, 5);
    ASSERT_OK(sys.revoke(inner));
    EXPECT_FALSE(sys.is_empty(inner));
    EXPECT_TRUE(sys.is_empty(ep));
    EXPECT_TRUE(sys.is_empty(badged));
    ASSERT_OK(sys.retype(inner, ABI_OBJECT_ENDPOINT, 0, ep));
    ASSERT_OK(sys.revoke(outer));
    EXPECT_TRUE(sys.is_empty(inner));
    EXPECT_TRUE(sys.is_empty(ep));
}

TEST(UntypedFamily, RevokeLeavesNeighboursInMemory)
{
    System sys;
    CPtr left = sys.untyped(12);
    CPtr middle = sys.untyped(12);
    CPtr right = sys.untyped(12);
    CPtr slots = sys.alloc_slots(3);
    ASSERT_OK(sys.retype(left, ABI_OBJECT_UNTYPED, 4, slots));
    ASSERT_OK(sys.retype(middle, ABI_OBJECT_UNTYPED, 4, slots + 1));
    ASSERT_OK(sys.retype(right, ABI_OBJECT_UNTYPED, 4, slots + 2));
    ASSERT_OK(sys.revoke(middle));
    EXPECT_FALSE(sys.is_empty(slots));
    EXPECT_TRUE(sys.is_empty(slots + 1));
    EXPECT_FALSE(sys.is_empty(slots + 2));
}

TEST(UntypedFamily, ACopyIsAChildAndAnOriginal)
{
    System sys;
    CPtr untyped = sys.untyped(12);
    CPtr copy = sys.copy(untyped);
    CPtr second = sys.copy(copy);
    EXPECT_CALL_ERROR(sys.CNode_Copy(kCNode, sys.alloc_slot(), 64, kCNode, untyped, 64, 15),
                      STATUS_REVOKE_FIRST, {});
    ASSERT_OK(sys.revoke(copy));
    EXPECT_TRUE(sys.is_empty(second));
    EXPECT_FALSE(sys.is_empty(copy));
    ASSERT_OK(sys.revoke(untyped));
    EXPECT_TRUE(sys.is_empty(copy));
}

/* MakePool inserts like a copy, so a pool is no original, other than the initial one. */
TEST(UntypedFamily, AnAsidPoolIsAChildThatCannotRevokeItsCopies)
{
    System sys;
    CPtr untyped = sys.untyped(12);
    CPtr pool = sys.alloc_slot();
    ASSERT_OK(sys.RISCV_ASIDControl_MakePool(kAsidControl, untyped, kCNode, pool, 64));
    CPtr copy = sys.copy(pool);
    ASSERT_OK(sys.revoke(pool));
    EXPECT_FALSE(sys.is_empty(copy));
    ASSERT_OK(sys.revoke(untyped));
    EXPECT_TRUE(sys.is_empty(pool));
    EXPECT_TRUE(sys.is_empty(copy));
}

/* --- Capabilities that the kernel holds ------------------------------------------------------- */

TEST(InstalledCaps, RevokingTheOriginalEmptiesTheSlotsOfATcb)
{
    System sys;
    CPtr node = sys.make_cnode(4);
    CPtr vspace = sys.make_vspace();
    CPtr frame = sys.make(ABI_OBJECT_PAGE_4K);
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr timeout = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr tcb = sys.make(ABI_OBJECT_TCB);
    ASSERT_OK(sys.TCB_Configure(tcb, node, 0, vspace, 0, 0x1000, frame));
    ASSERT_OK(sys.TCB_SetSchedParams(tcb, kTcb, 0, 0, 0, ep));
    ASSERT_OK(sys.TCB_SetTimeoutEndpoint(tcb, timeout));
    const CPtr originals[] = {node, vspace, frame, ep, timeout};
    const struct thread *thread = sys.thread_of(tcb);
    for (int i = 0; i < THREAD_SLOT_COUNT; i++) {
        EXPECT_EQ(thread->slots[i].cap.paddr, sys.cap_at(originals[i]).paddr);
        ASSERT_OK(sys.revoke(originals[i]));
        EXPECT_EQ(thread->slots[i].cap.type, CAP_NULL);
    }
}

TEST(InstalledCaps, KeepTheirObjectAlive)
{
    System sys;
    CPtr node = sys.make_cnode(4);
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    ASSERT_OK(sys.CNode_Copy(node, 1, 4, kCNode, ntfn, 64, 15));
    Thread thread = sys.spawn({.priority = 110, .cspace = node});
    EXPECT_CURRENT(sys, thread);
    sys.wait(Word(1) << 60);
    ASSERT_OK(sys.del(node));
    sys.signal(ntfn);
    EXPECT_CURRENT(sys, thread);
    EXPECT_TRUE(sys.signal(Word(1) << 60).returned);
}

TEST(InstalledCaps, TheRootTasksOwnSlotsAreCopiesOfItsInitialCaps)
{
    System sys;
    ASSERT_OK(sys.revoke(kBuffer));
    EXPECT_EQ(sys.buffer_of(sys.current()), nullptr);
    ASSERT_OK(sys.revoke(kVSpace));
    EXPECT_EQ(sys.root().object->slots[THREAD_VSPACE].cap.type, CAP_NULL);
    sys.revoke(kCNode);
    EXPECT_EQ(sys.root().object->slots[THREAD_CSPACE].cap.type, CAP_NULL);
}

TEST(InstalledCaps, RevokingANotificationRemovesItFromTheInterrupt)
{
    System sys;
    CPtr handler = irq_handler(sys);
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    ASSERT_OK(sys.IRQHandler_SetNotification(handler, sys.mint(ntfn, 4)));
    ASSERT_OK(sys.revoke(ntfn));
    EXPECT_EQ(sys.kernel()->irq_slots[7].cap.type, CAP_NULL);
    sys.irq(7);
    EXPECT_EQ(sys.ntfn_of(ntfn)->state, NTFN_IDLE);
}

TEST(InstalledCaps, AnInterruptKeepsItsNotificationAlive)
{
    System sys;
    CPtr handler = irq_handler(sys);
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    Thread waiter = sys.spawn({.priority = 110});
    sys.wait(ntfn);
    EXPECT_CURRENT(sys, sys.root());
    ASSERT_OK(sys.IRQHandler_SetNotification(handler, ntfn));
    ASSERT_OK(sys.del(ntfn));
    EXPECT_EQ(waiter.state(), THREAD_BLOCKED_ON_NOTIFICATION);
    sys.irq(7);
    EXPECT_CURRENT(sys, waiter);
}

TEST(InterruptFamily, RevokingIrqControlTakesAllHandlers)
{
    System sys;
    CPtr handlers = sys.alloc_slots(3);
    for (Word i = 0; i < 3; i++) {
        ASSERT_OK(sys.IRQControl_Get(kIrqControl, 10 + i, kCNode, handlers + i, 64));
    }
    CPtr copy = sys.copy(handlers + 1);
    ASSERT_OK(sys.revoke(kIrqControl));
    for (CPtr slot : {handlers, handlers + 1, handlers + 2, copy}) {
        EXPECT_TRUE(sys.is_empty(slot));
    }
    EXPECT_FALSE(sys.is_empty(kIrqControl));
    EXPECT_OK(sys.IRQControl_Get(kIrqControl, 11, kCNode, handlers, 64));
}

TEST(InterruptFamily, RevokingAHandlerTakesOnlyItsCopies)
{
    System sys;
    CPtr handler = irq_handler(sys);
    CPtr other = sys.alloc_slot();
    ASSERT_OK(sys.IRQControl_Get(kIrqControl, 8, kCNode, other, 64));
    CPtr copy = sys.copy(handler);
    CPtr other_copy = sys.copy(other);
    ASSERT_OK(sys.revoke(handler));
    EXPECT_TRUE(sys.is_empty(copy));
    EXPECT_FALSE(sys.is_empty(other));
    EXPECT_FALSE(sys.is_empty(other_copy));
    EXPECT_CALL_ERROR(sys.IRQControl_Get(kIrqControl, 7, kCNode, copy, 64), STATUS_REVOKE_FIRST);
}

/* --- Transfer by a message -------------------------------------------------------------------- */

TEST(TransferredCaps, AreRevokedByTheOriginal)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    CPtr slot = sys.alloc_slot();
    Thread receiver = sys.spawn({.priority = 110});
    EXPECT_CURRENT(sys, receiver);
    sys.set_receive_slot(kCNode, slot);
    sys.wait(ep);
    sys.send(ep, 0, {}, {sys.copy(ntfn)});
    EXPECT_CURRENT(sys, receiver);
    EXPECT_EQ(sys.ntfn_of(slot), sys.ntfn_of(ntfn));
    EXPECT_OK(sys.revoke(slot));
    EXPECT_FALSE(sys.is_empty(slot));
    EXPECT_OK(sys.revoke(ntfn));
    EXPECT_TRUE(sys.is_empty(slot));
}

} // namespace
} // namespace albireo
