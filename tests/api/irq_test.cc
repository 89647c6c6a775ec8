/* SPDX-License-Identifier: BSD-2-Clause */

/* Interrupts: obtaining handlers, delivery as signals, and the acknowledge protocol on both kinds
 * of board (docs/abi/10, 15 section 15.8, 16 section 16.6).
 */
#include "tests/support/system.h"

namespace albireo {
namespace {

constexpr Word kSources = 95;                                   /* Of the interrupt controller. */
constexpr Word kMaxIrq = kSources + (CONFIG_CORES > 1 ? 3 : 1); /* IPIs, then the timer. */
constexpr Word kLine = 11;

class IrqFixture {
  public:
    explicit IrqFixture(bool complete_at_claim) : sys({.complete_at_claim = complete_at_claim})
    {
    }

    Reply get(Word irq, Word index, Word depth = 64, CPtr root = kCNode)
    {
        return sys.IRQControl_Get(kIrqControl, irq, root, index, depth);
    }
    Reply get_trigger(Word irq, Word index, Word depth = 64, CPtr root = kCNode, Word trigger = 1)
    {
        return sys.IRQControl_GetTrigger(kIrqControl, irq, trigger, root, index, depth);
    }
    CPtr handler(Word irq = kLine)
    {
        CPtr slot = sys.alloc_slot();
        EXPECT_OK(get(irq, slot));
        return slot;
    }
    /* A handler that signals a new notification with this badge. */
    struct Line {
        CPtr handler, ntfn, minted;
    };
    Line line(Word irq = kLine, Word badge = 0x30)
    {
        Line l = {handler(irq), sys.make(ABI_OBJECT_NOTIFICATION), 0};
        l.minted = sys.mint(l.ntfn, badge);
        EXPECT_OK(sys.IRQHandler_SetNotification(l.handler, l.minted));
        return l;
    }
    Word poll(CPtr ntfn)
    {
        return sys.nb_wait(ntfn).badge;
    }
    bool enabled(Word irq)
    {
        return sim_irq_enabled(sys.sim(), static_cast<uint32_t>(irq));
    }
    bool in_service(Word irq)
    {
        return sim_irq_in_service(sys.sim(), static_cast<uint32_t>(irq));
    }
    bool pending(Word irq)
    {
        return sim_irq_pending(sys.sim(), static_cast<uint32_t>(irq));
    }
    void refused(Word error, const std::vector<Word> &details, const std::function<Reply()> &call)
    {
        sys.expect_unchanged([&] { EXPECT_CALL_ERROR(call(), error, details); });
    }

    System sys;
};

/* Where the board makes no difference. */
class IrqTest : public ::testing::Test, public IrqFixture {
  protected:
    IrqTest() : IrqFixture(true)
    {
    }
};

/* On a board as QEMU's, and on one where Ack completes. */
class IrqBoardTest : public ::testing::TestWithParam<bool>, public IrqFixture {
  protected:
    IrqBoardTest() : IrqFixture(GetParam())
    {
    }
};

INSTANTIATE_TEST_SUITE_P(Boards, IrqBoardTest, ::testing::Values(true, false),
                         [](const ::testing::TestParamInfo<bool> &board) {
                             return board.param ? "CompletesAtClaim" : "CompletesAtAck";
                         });

/* The two variants of Get: the same checks, one more word. */
struct GetVariant {
    const char *name;
    Word label;
    std::vector<Word> head; /* Words between irq and index. */
};

const GetVariant kGetVariants[] = {
    {"IRQControl_Get", ABI_LABEL_IRQ_CONTROL_GET, {}},
    {"IRQControl_GetTrigger", ABI_LABEL_IRQ_CONTROL_GET_TRIGGER, {1}},
};

class IrqControlTest : public ::testing::TestWithParam<GetVariant>, public IrqFixture {
  protected:
    IrqControlTest() : IrqFixture(true)
    {
    }
    Reply obtain(Word irq, Word index, Word depth = 64, CPtr root = kCNode)
    {
        return sys.call(kIrqControl, GetParam().label, words(irq, index, depth), {root});
    }
    std::vector<Word> words(Word irq, Word index, Word depth)
    {
        std::vector<Word> all = {irq};
        all.insert(all.end(), GetParam().head.begin(), GetParam().head.end());
        all.push_back(index);
        all.push_back(depth);
        return all;
    }
};

INSTANTIATE_TEST_SUITE_P(Variants, IrqControlTest, ::testing::ValuesIn(kGetVariants),
                         [](const ::testing::TestParamInfo<GetVariant> &variant) {
                             return std::string(variant.param.name).substr(11);
                         });

/* --- IRQControl_Get, GetTrigger --------------------------------------------------------------- */

TEST_P(IrqControlTest, NeedsItsWordsAndACapability)
{
    CPtr slot = sys.alloc_slot();
    std::vector<Word> all = words(kLine, slot, 64);
    std::vector<Word> few(all.begin(), all.end() - 1);
    refused(STATUS_TRUNCATED_MESSAGE, {},
            [&] { return sys.call(kIrqControl, GetParam().label, few, {kCNode}); });
    refused(STATUS_TRUNCATED_MESSAGE, {},
            [&] { return sys.call(kIrqControl, GetParam().label, all); });
    /* Wins over a bad number. */
    refused(STATUS_TRUNCATED_MESSAGE, {},
            [&] { return sys.call(kIrqControl, GetParam().label, words(0, slot, 64)); });
    EXPECT_OK(sys.call(kIrqControl, GetParam().label, all, {kCNode}));
}

TEST_P(IrqControlTest, NumbersReachFrom1ToTheKernelsOwn)
{
    CPtr slot = sys.alloc_slot();
    for (Word irq : {Word{0}, kMaxIrq + 1, kMaxIrq + 2, Word{1} << 32, ~Word{0}}) {
        refused(STATUS_RANGE_ERROR, {1, kMaxIrq}, [&] { return obtain(irq, slot); });
        /* Wins over a bad destination. */
        refused(STATUS_RANGE_ERROR, {1, kMaxIrq}, [&] { return obtain(irq, slot, 0); });
    }
    EXPECT_OK(obtain(1, slot));
    EXPECT_OK(obtain(kSources, sys.alloc_slot()));
}

TEST_P(IrqControlTest, InterruptInUseMustBeRevokedFirst)
{
    CPtr slot = sys.alloc_slot();
    CPtr other = sys.alloc_slot();
    ASSERT_OK(obtain(kLine, slot));
    refused(STATUS_REVOKE_FIRST, {}, [&] { return obtain(kLine, other); });
    refused(STATUS_REVOKE_FIRST, {}, [&] { return get(kLine, other); });
    refused(STATUS_REVOKE_FIRST, {}, [&] { return get_trigger(kLine, other); });
    /* Wins over a bad destination. */
    refused(STATUS_REVOKE_FIRST, {}, [&] { return obtain(kLine, other, 0); });
    refused(STATUS_REVOKE_FIRST, {}, [&] { return obtain(kLine, kTcb); });
}

TEST_P(IrqControlTest, KernelsOwnInterruptsAreInUse)
{
    CPtr slot = sys.alloc_slot();
    for (Word irq = kSources + 1; irq <= kMaxIrq; irq++) {
        refused(STATUS_REVOKE_FIRST, {}, [&] { return obtain(irq, slot); });
    }
}

TEST_P(IrqControlTest, DestinationIsLookedUpThenMustBeEmpty)
{
    CPtr slot = sys.alloc_slot();
    refused(STATUS_RANGE_ERROR, {1, 64}, [&] { return obtain(kLine, slot, 0); });
    refused(STATUS_RANGE_ERROR, {1, 64}, [&] { return obtain(kLine, kTcb, 65); });
    refused(STATUS_FAILED_LOOKUP, {0, LOOKUP_INVALID_ROOT},
            [&] { return obtain(kLine, slot, 0, kTcb); });
    refused(STATUS_FAILED_LOOKUP, {0, LOOKUP_GUARD_MISMATCH, 12, 0, 52},
            [&] { return obtain(kLine, slot, 12); });
    refused(STATUS_FAILED_LOOKUP, {0, LOOKUP_GUARD_MISMATCH, 64, 0, 52},
            [&] { return obtain(kLine, (Word{1} << 40) + kTcb); });
    refused(STATUS_DELETE_FIRST, {}, [&] { return obtain(kLine, kTcb); });
    EXPECT_FALSE(enabled(kLine));
    CPtr cnode = sys.make_cnode(2);
    EXPECT_OK(obtain(kLine, 3, 2, cnode));
}

TEST_P(IrqControlTest, SuccessGivesAHandlerAndUnmasksTheSource)
{
    CPtr slot = sys.alloc_slot();
    EXPECT_FALSE(enabled(kLine));
    ASSERT_OK(obtain(kLine, slot));
    EXPECT_TRUE(enabled(kLine));
    EXPECT_FALSE(enabled(kLine + 1));
    EXPECT_EQ(CAP_IRQ_HANDLER, sys.cap_at(slot).type);
    EXPECT_EQ(kLine, sys.cap_at(slot).irq);
}

TEST_F(IrqTest, AllSourcesAreMaskedAtBoot)
{
    for (Word irq = 1; irq <= kSources; irq++) {
        EXPECT_FALSE(enabled(irq));
    }
}

TEST_F(IrqTest, InterruptRaisedWhileMaskedComesWhenItIsObtained)
{
    sys.expect_unchanged([&] { sys.irq(kLine); });
    EXPECT_TRUE(pending(kLine));
    handler();
    EXPECT_FALSE(pending(kLine));
}

TEST_F(IrqTest, IrqControlCannotBeCopiedButMoved)
{
    CPtr dest = sys.alloc_slot();
    refused(STATUS_ILLEGAL_OPERATION, {}, [&] {
        return sys.CNode_Copy(kCNode, dest, 64, kCNode, kIrqControl, 64, ABI_RIGHT_ALL);
    });
    refused(STATUS_ILLEGAL_OPERATION, {}, [&] {
        return sys.CNode_Mint(kCNode, dest, 64, kCNode, kIrqControl, 64, ABI_RIGHT_ALL, 0);
    });
    ASSERT_OK(sys.move(dest, kIrqControl));
    EXPECT_OK(sys.IRQControl_Get(dest, kLine, kCNode, sys.alloc_slot(), 64));
    EXPECT_CALL_ERROR(get(kLine + 1, sys.alloc_slot()), STATUS_INVALID_CAPABILITY, {0});
}

TEST_F(IrqTest, RevokingIrqControlTakesAllHandlersAndMasksThem)
{
    CPtr first = handler(3);
    CPtr second = handler(4);
    CPtr copy = sys.copy(second);
    ASSERT_OK(sys.revoke(kIrqControl));
    EXPECT_TRUE(sys.is_empty(first) && sys.is_empty(second) && sys.is_empty(copy));
    EXPECT_FALSE(enabled(3) || enabled(4));
    EXPECT_OK(get(3, first));
}

TEST_F(IrqTest, LastHandlerCapabilityFreesTheInterrupt)
{
    CPtr first = handler();
    CPtr copy = sys.copy(first);
    ASSERT_OK(sys.del(first));
    EXPECT_TRUE(enabled(kLine));
    EXPECT_CALL_ERROR(get(kLine, first), STATUS_REVOKE_FIRST, {});
    ASSERT_OK(sys.del(copy));
    EXPECT_FALSE(enabled(kLine));
    EXPECT_OK(get(kLine, first));
    EXPECT_TRUE(enabled(kLine));
}

TEST_F(IrqTest, NotificationIsDetachedWithTheLastHandler)
{
    Line l = line();
    ASSERT_OK(sys.del(l.handler));
    ASSERT_OK(get(kLine, l.handler));
    sys.irq(kLine);
    EXPECT_EQ(0u, poll(l.ntfn));
}

TEST_F(IrqTest, UnknownLabelsAreIllegalOperations)
{
    CPtr h = handler();
    for (Word label : {Word{0}, Word{ABI_LABEL_PAGE_MAP}, Word{ABI_LABEL_COUNT}}) {
        refused(STATUS_ILLEGAL_OPERATION, {}, [&] { return sys.call(kIrqControl, label); });
        refused(STATUS_ILLEGAL_OPERATION, {}, [&] { return sys.call(h, label); });
    }
    refused(STATUS_ILLEGAL_OPERATION, {},
            [&] { return sys.call(kIrqControl, ABI_LABEL_IRQ_HANDLER_ACK); });
    refused(STATUS_ILLEGAL_OPERATION, {}, [&] {
        return sys.call(h, ABI_LABEL_IRQ_CONTROL_GET, {1, 2, 3}, {kCNode});
    });
}

TEST_F(IrqTest, WorkedExampleOfInterrupts)
{
    CPtr slot = sys.alloc_slot();
    EXPECT_CALL_ERROR(get(0, slot), STATUS_RANGE_ERROR, {1, kMaxIrq});
    EXPECT_CALL_ERROR(get(96, slot), STATUS_REVOKE_FIRST, {});
    EXPECT_CALL_ERROR(get(99, slot), STATUS_RANGE_ERROR, {1, kMaxIrq});
    EXPECT_CALL_ERROR(get(11, kTcb), STATUS_DELETE_FIRST, {});
    EXPECT_OK(get(11, slot));
    EXPECT_CALL_ERROR(get(11, sys.alloc_slot()), STATUS_REVOKE_FIRST, {});
    CPtr endpoint = sys.make(ABI_OBJECT_ENDPOINT);
    EXPECT_CALL_ERROR(sys.IRQHandler_SetNotification(slot, endpoint), STATUS_INVALID_CAPABILITY,
                      {0});
    EXPECT_CALL_ERROR(sys.call(slot, ABI_LABEL_IRQ_HANDLER_SET_NOTIFICATION),
                      STATUS_TRUNCATED_MESSAGE, {});
    EXPECT_OK(sys.del(slot));
    EXPECT_OK(get(11, slot));
}

/* --- SetNotification, Clear ------------------------------------------------------------------- */

TEST_F(IrqTest, SetNotificationNeedsANotificationThatMayBeSignalled)
{
    CPtr h = handler();
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    CPtr endpoint = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr read_only = sys.copy(ntfn, ABI_RIGHT_READ);
    refused(STATUS_TRUNCATED_MESSAGE, {},
            [&] { return sys.call(h, ABI_LABEL_IRQ_HANDLER_SET_NOTIFICATION); });
    for (CPtr wrong : {endpoint, read_only, sys.alloc_slot(), h}) {
        refused(STATUS_INVALID_CAPABILITY, {0},
                [&] { return sys.IRQHandler_SetNotification(h, wrong); });
    }
    CPtr write_only = sys.copy(ntfn, ABI_RIGHT_WRITE);
    EXPECT_OK(sys.IRQHandler_SetNotification(h, write_only));
}

TEST_F(IrqTest, FailedSetNotificationKeepsTheOldOne)
{
    Line l = line();
    EXPECT_CALL_ERROR(sys.IRQHandler_SetNotification(l.handler, kTcb), STATUS_INVALID_CAPABILITY,
                      {0});
    sys.irq(kLine);
    EXPECT_EQ(0x30u, poll(l.ntfn));
}

TEST_P(IrqBoardTest, SetNotificationReplacesTheOldOne)
{
    Line l = line();
    CPtr other = sys.make(ABI_OBJECT_NOTIFICATION);
    ASSERT_OK(sys.IRQHandler_SetNotification(l.handler, sys.mint(other, 0x8)));
    sys.irq(kLine);
    EXPECT_EQ(0u, poll(l.ntfn));
    EXPECT_EQ(0x8u, poll(other));
}

TEST_P(IrqBoardTest, ClearDetachesTheNotification)
{
    Line l = line();
    ASSERT_OK(sys.IRQHandler_Clear(l.handler));
    sys.irq(kLine);
    EXPECT_EQ(0u, poll(l.ntfn));
    EXPECT_OK(sys.IRQHandler_Clear(l.handler)); /* Without one, too. */
    EXPECT_TRUE(enabled(kLine));
}

TEST_P(IrqBoardTest, InterruptWithoutNotificationIsDroppedButStaysClaimedUntilAck)
{
    CPtr h = handler();
    sys.irq(kLine);
    EXPECT_EQ(!GetParam(), in_service(kLine));
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    ASSERT_OK(sys.IRQHandler_SetNotification(h, sys.mint(ntfn, 1)));
    EXPECT_EQ(0u, poll(ntfn));
    sys.irq(kLine);
    EXPECT_EQ(GetParam() ? 1u : 0u, poll(ntfn));
    ASSERT_OK(sys.IRQHandler_Ack(h));
    EXPECT_EQ(GetParam() ? 0u : 1u, poll(ntfn));
}

TEST_F(IrqTest, InstalledNotificationSurvivesItsUsersCapabilities)
{
    Line l = line();
    Thread driver = sys.spawn({.priority = 110, .start = false});
    ASSERT_OK(sys.TCB_BindNotification(driver.tcb, l.ntfn));
    CPtr endpoint = sys.make(ABI_OBJECT_ENDPOINT);
    sys.TCB_Resume(driver.tcb);
    EXPECT_CURRENT(sys, driver);
    sys.recv(endpoint, sys.make(ABI_OBJECT_REPLY));
    EXPECT_CURRENT(sys, sys.root());
    /* Deleted, not revoked: what is left is the copy in the interrupt table. */
    ASSERT_OK(sys.del(l.ntfn));
    ASSERT_OK(sys.del(l.minted));
    sys.irq(kLine);
    EXPECT_CURRENT(sys, driver);
    EXPECT_EQ(0x30u, sys.message().badge);
}

TEST_F(IrqTest, RevokingTheNotificationDetachesIt)
{
    Line l = line();
    ASSERT_OK(sys.revoke(l.ntfn));
    sys.irq(kLine);
    EXPECT_EQ(0u, poll(l.ntfn));
}

/* --- Delivery --------------------------------------------------------------------------------- */

TEST_P(IrqBoardTest, InterruptIsASignalWithTheBadgeOfTheInstalledCapability)
{
    Line l = line(kLine, 0x8000000000000001);
    sys.irq(kLine);
    EXPECT_EQ(0x8000000000000001u, poll(l.ntfn));
    EXPECT_EQ(0u, poll(l.ntfn));
}

TEST_P(IrqBoardTest, InterruptWakesAndPreemptsByPriority)
{
    Line l = line();
    Thread driver = sys.spawn({.priority = 110});
    EXPECT_CURRENT(sys, driver);
    sys.wait(l.ntfn);
    EXPECT_CURRENT(sys, sys.root());
    sys.irq(kLine);
    EXPECT_CURRENT(sys, driver);
    EXPECT_EQ(0x30u, sys.message().badge);
}

TEST_P(IrqBoardTest, InterruptForALowerThreadDoesNotDisturbTheCurrentOne)
{
    Line l = line();
    Thread driver = sys.spawn({.priority = 90});
    sys.park();
    EXPECT_CURRENT(sys, driver);
    sys.wait(l.ntfn);
    EXPECT_IDLE(sys);
    sys.irq(kLine); /* Wakes an idle processor, too. */
    EXPECT_CURRENT(sys, driver);
    sys.unpark();
    EXPECT_CURRENT(sys, sys.root());
    sys.irq(kLine);
    EXPECT_CURRENT(sys, sys.root());
}

TEST_P(IrqBoardTest, OneNotificationCanServeSeveralInterrupts)
{
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    for (Word irq = 1; irq <= 3; irq++) {
        ASSERT_OK(sys.IRQHandler_SetNotification(handler(irq), sys.mint(ntfn, 1u << irq)));
    }
    sim_hold_irqs(sys.sim(), true);
    sys.irq(3);
    sys.irq(1);
    EXPECT_EQ(0u, poll(ntfn));
    Word events = sim_events(sys.sim());
    sim_hold_irqs(sys.sim(), false);
    EXPECT_EQ(events + 2, sim_events(sys.sim())); /* One kernel entry each. */
    EXPECT_EQ(0xAu, poll(ntfn));
}

TEST_P(IrqBoardTest, ExternalInterruptIsTakenBeforeTheTimer)
{
    Line l = line();
    Thread driver = sys.spawn({.priority = 100});
    sys.switch_to(driver);
    sys.wait(l.ntfn);
    Thread other = sys.spawn({.priority = 100});
    EXPECT_CURRENT(sys, sys.root());
    sim_hold_irqs(sys.sim(), true);
    sys.advance(5000); /* Root's slice is over. */
    sys.irq(kLine);
    EXPECT_CURRENT(sys, sys.root());
    sim_hold_irqs(sys.sim(), false);
    /* One entry ends root's slice and wakes the driver, at the head of the queue. Had the timer
     * come first, the other thread would have started and the driver gone to the tail. */
    EXPECT_CURRENT(sys, driver);
    sys.yield();
    EXPECT_CURRENT(sys, other);
}

TEST_F(IrqTest, SpuriousInactiveAndUnknownInterruptsAreIgnored)
{
    struct kernel *k = sys.kernel();
    sys.expect_unchanged([&] { kernel_on_irq(k, 0, sys.now(), 0); });
    sys.expect_unchanged([&] { kernel_on_irq(k, 0, sys.now(), kLine); });
    EXPECT_FALSE(enabled(kLine));
    sys.expect_unchanged([&] { kernel_on_irq(k, 0, sys.now(), 1000); });
    EXPECT_FALSE(enabled(1000));
    EXPECT_TRUE(sim_check(sys.sim()));
}

/* --- Acknowledging ---------------------------------------------------------------------------- */

TEST_P(IrqBoardTest, AckWithoutAPendingInterruptIsHarmless)
{
    Line l = line();
    sys.expect_unchanged([&] { EXPECT_OK(sys.IRQHandler_Ack(l.handler)); });
    sys.irq(kLine);
    EXPECT_EQ(0x30u, poll(l.ntfn));
    EXPECT_OK(sys.IRQHandler_Ack(l.handler));
    EXPECT_OK(sys.IRQHandler_Ack(l.handler));
    sys.irq(kLine);
    EXPECT_EQ(0x30u, poll(l.ntfn));
}

TEST_P(IrqBoardTest, SecondInterruptComesAtOnceOnlyWhereTheKernelCompletes)
{
    Line l = line();
    sys.irq(kLine);
    EXPECT_EQ(0x30u, poll(l.ntfn));
    EXPECT_EQ(!GetParam(), in_service(kLine));
    sys.irq(kLine);
    EXPECT_EQ(GetParam() ? 0x30u : 0u, poll(l.ntfn));
    EXPECT_TRUE(enabled(kLine)); /* Not masked between delivery and Ack. */
    ASSERT_OK(sys.IRQHandler_Ack(l.handler));
    EXPECT_EQ(GetParam() ? 0u : 0x30u, poll(l.ntfn));
}

TEST_P(IrqBoardTest, UnacknowledgedSourceDoesNotHoldUpOthers)
{
    Line first = line(3, 1);
    Line second = line(4, 2);
    sys.irq(3);
    sys.irq(4);
    EXPECT_EQ(1u, poll(first.ntfn));
    EXPECT_EQ(2u, poll(second.ntfn));
    /* Ack is for its own source only. */
    ASSERT_OK(sys.IRQHandler_Ack(second.handler));
    EXPECT_EQ(!GetParam(), in_service(3));
    EXPECT_FALSE(in_service(4));
}

TEST_P(IrqBoardTest, CopyOfAHandlerAcknowledges)
{
    Line l = line();
    CPtr copy = sys.copy(l.handler);
    sys.irq(kLine);
    ASSERT_OK(sys.IRQHandler_Ack(copy));
    EXPECT_FALSE(in_service(kLine));
}

TEST_F(IrqTest, SignalsMergeWhereTheKernelCompletes)
{
    Line l = line();
    sys.irq(kLine);
    sys.irq(kLine);
    sys.irq(kLine);
    EXPECT_EQ(0x30u, poll(l.ntfn));
    EXPECT_EQ(0u, poll(l.ntfn));
}

TEST(IrqLevelTest, AssertedLevelFiresAgainAfterAck)
{
    IrqFixture f(false);
    IrqFixture::Line l = f.line();
    sim_set_irq_level(f.sys.sim(), kLine, true);
    EXPECT_EQ(0x30u, f.poll(l.ntfn));
    EXPECT_EQ(0u, f.poll(l.ntfn));
    ASSERT_OK(f.sys.IRQHandler_Ack(l.handler)); /* The device still wants something. */
    EXPECT_EQ(0x30u, f.poll(l.ntfn));
    sim_set_irq_level(f.sys.sim(), kLine, false);
    ASSERT_OK(f.sys.IRQHandler_Ack(l.handler));
    EXPECT_EQ(0u, f.poll(l.ntfn));
}

TEST_P(IrqBoardTest, DriverLoopAcknowledgesAndWaitsInOneCall)
{
    Line l = line();
    Thread driver = sys.spawn({.priority = 110});
    sys.wait(l.ntfn);
    for (int i = 0; i < 3; i++) {
        sys.irq(kLine);
        EXPECT_CURRENT(sys, driver);
        EXPECT_EQ(0x30u, sys.message().badge);
        EXPECT_EQ(!GetParam(), in_service(kLine));
        sys.nb_send_wait(l.handler, l.ntfn, ABI_LABEL_IRQ_HANDLER_ACK);
        EXPECT_FALSE(in_service(kLine));
        EXPECT_CURRENT(sys, sys.root());
    }
}

/* --- Passive drivers -------------------------------------------------------------------------- */

TEST_P(IrqBoardTest, PassiveDriverRunsOnTheNotificationsSc)
{
    Line l = line();
    Thread driver = sys.spawn({.priority = 110});
    sys.wait(l.ntfn);
    ASSERT_OK(sys.SchedContext_UnbindObject(driver.sc, driver.tcb));
    ASSERT_OK(sys.SchedContext_Bind(driver.sc, l.ntfn));
    sys.irq(kLine);
    EXPECT_CURRENT(sys, driver);
    EXPECT_EQ(sys.sc_of(driver.sc), driver.sc_object());
    sys.nb_send_wait(l.handler, l.ntfn, ABI_LABEL_IRQ_HANDLER_ACK);
    EXPECT_EQ(nullptr, driver.sc_object());
    sys.irq(kLine);
    EXPECT_CURRENT(sys, driver);
}

TEST_P(IrqBoardTest, DriverWithoutAnyScGetsTheSignalAndRunsWhenItGetsAnSc)
{
    Line l = line();
    Thread driver = sys.spawn({.priority = 110});
    sys.wait(l.ntfn);
    ASSERT_OK(sys.SchedContext_UnbindObject(driver.sc, driver.tcb));
    sys.irq(kLine);
    EXPECT_CURRENT(sys, sys.root());
    EXPECT_EQ(THREAD_RUNNING, driver.state());
    EXPECT_EQ(0x30u, driver.message().badge);
    sys.SchedContext_Bind(driver.sc, driver.tcb);
    EXPECT_CURRENT(sys, driver);
    EXPECT_EQ(0x30u, sys.message().badge);
}

TEST_F(IrqTest, DeletedScOfANotificationIsNotDonatedAnyMore)
{
    Line l = line();
    Thread driver = sys.spawn({.priority = 110});
    sys.wait(l.ntfn);
    ASSERT_OK(sys.SchedContext_UnbindObject(driver.sc, driver.tcb));
    ASSERT_OK(sys.SchedContext_Bind(driver.sc, l.ntfn));
    ASSERT_OK(sys.del(driver.sc));
    sys.irq(kLine);
    EXPECT_CURRENT(sys, sys.root());
    EXPECT_EQ(THREAD_RUNNING, driver.state());
}

/* --- At preemption points --------------------------------------------------------------------- */

TEST_P(IrqBoardTest, InterruptDuringALongRevokeIsDeliveredBeforeItEnds)
{
    Line l = line();
    Thread driver = sys.spawn({.priority = 110});
    sys.wait(l.ntfn);
    CPtr untyped = sys.untyped(12);
    CPtr slots = sys.alloc_slots(20);
    ASSERT_OK(sys.retype(untyped, ABI_OBJECT_ENDPOINT, 0, slots, 20));
    sys.poll_every(1);
    sys.preempt_at(5, kLine);
    Reply reply = sys.revoke(untyped);
    EXPECT_FALSE(reply.returned);
    EXPECT_CURRENT(sys, driver);
    EXPECT_FALSE(sys.is_empty(slots));
    sys.nb_send_wait(l.handler, l.ntfn, ABI_LABEL_IRQ_HANDLER_ACK);
    /* The caller repeats its call, and that succeeds once. */
    EXPECT_CURRENT(sys, sys.root());
    EXPECT_TRUE(sys.refire());
    EXPECT_EQ(0u, sys.message().label);
    for (CPtr i = 0; i < 20; i++) {
        EXPECT_TRUE(sys.is_empty(slots + i));
    }
}

} // namespace
} // namespace albireo
