/* SPDX-License-Identifier: BSD-2-Clause */

/* Virtual time, the timer, interrupts, and interrupts at preemption points. */
#include "gtest/gtest.h"
#include "tests/support/system.h"

using namespace albireo;

namespace {

constexpr uint32_t kLine = 7;

/* A handler for kLine that signals a notification; both slots. */
struct Driver {
    CPtr handler;
    CPtr ntfn;
};

Driver make_driver(System &sys)
{
    Driver d = {sys.alloc_slot(), sys.make(ABI_OBJECT_NOTIFICATION)};
    EXPECT_OK(sys.IRQControl_Get(kIrqControl, kLine, kCNode, d.handler, 64));
    EXPECT_OK(sys.IRQHandler_SetNotification(d.handler, d.ntfn));
    return d;
}

} // namespace

TEST(Time, StandsStillUnlessTold)
{
    System sys;
    Word start = sys.now();
    sys.make(ABI_OBJECT_ENDPOINT);
    EXPECT_EQ(sys.now(), start);
    sys.advance_ticks(123);
    EXPECT_EQ(sys.now(), start + 123);
}

TEST(Time, EntriesAndAccessesCostWhatIsConfigured)
{
    SystemOptions options;
    options.configure = [](sim_config &config) {
        config.entry_ticks = 5;
        config.access_ticks = 2;
    };
    System sys(options);
    Word start = sys.now();
    Word events = sim_events(sys.sim());
    sys.nb_send(0);
    EXPECT_EQ(sys.now() - start, 5 * (sim_events(sys.sim()) - events));
    start = sys.now();
    Word value;
    sys.load(SIM_IMAGE_VADDR, &value);
    EXPECT_EQ(sys.now() - start, 2u);
}

TEST(Time, EqualThreadsAlternateBySlices)
{
    System sys;
    ThreadOptions options;
    options.budget_us = options.period_us = 1000;
    Thread a = sys.spawn(options);
    options.priority = 99;
    Thread b = sys.spawn(options);
    sys.park();
    EXPECT_CURRENT(sys, a);
    EXPECT_OK(sys.TCB_SetPriority(b.tcb, kTcb, 100));
    sys.advance(1000);
    EXPECT_CURRENT(sys, b);
    sys.advance(1000);
    EXPECT_CURRENT(sys, a);
}

TEST(Time, IdleJumpsToTheNextRelease)
{
    System sys;
    ThreadOptions options;
    options.budget_us = 100;
    options.period_us = 10000;
    Thread periodic = sys.spawn(options);
    sys.park();
    EXPECT_CURRENT(sys, periodic);
    Word start = sys.now();
    sys.yield();
    EXPECT_IDLE(sys);
    EXPECT_TRUE(sys.run_idle());
    EXPECT_CURRENT(sys, periodic);
    EXPECT_NEAR(static_cast<double>(sys.now() - start), 100000, 20);
}

TEST(Time, IdleForeverIsNoticed)
{
    System sys;
    sys.park();
    EXPECT_IDLE(sys);
    EXPECT_FALSE(sys.run_idle());
}

TEST(Time, RunsUpToTheEndOfTheClock)
{
    SystemOptions options;
    options.start_time = UINT64_MAX - 100000000;
    System sys(options);
    sys.advance(1000000);
    EXPECT_TRUE(sys.alive());
}

TEST(Irq, SignalsItsNotification)
{
    System sys;
    Driver d = make_driver(sys);
    sys.irq(kLine);
    EXPECT_EQ(sys.ntfn_of(d.ntfn)->state, NTFN_ACTIVE);
    EXPECT_FALSE(sim_irq_in_service(sys.sim(), kLine));
}

TEST(Irq, StaysInServiceUntilAckWhereTheBoardSaysSo)
{
    SystemOptions options;
    options.complete_at_claim = false;
    System sys(options);
    Driver d = make_driver(sys);
    sys.irq(kLine);
    EXPECT_TRUE(sim_irq_in_service(sys.sim(), kLine));
    EXPECT_TRUE(sys.nb_wait(d.ntfn).returned);
    sys.irq(kLine); /* Waits. */
    EXPECT_EQ(sys.ntfn_of(d.ntfn)->state, NTFN_IDLE);
    EXPECT_OK(sys.IRQHandler_Ack(d.handler));
    EXPECT_EQ(sys.ntfn_of(d.ntfn)->state, NTFN_ACTIVE);
}

TEST(Irq, DisabledSourceStaysPending)
{
    System sys;
    sys.irq(kLine);
    EXPECT_TRUE(sim_irq_pending(sys.sim(), kLine));
    EXPECT_FALSE(sim_irq_enabled(sys.sim(), kLine));
    Driver d = {sys.alloc_slot(), 0};
    EXPECT_OK(sys.IRQControl_Get(kIrqControl, kLine, kCNode, d.handler, 64));
    EXPECT_FALSE(sim_irq_pending(sys.sim(), kLine)) << "taken once it was enabled";
}

TEST(Irq, LevelFiresAgainUntilItGoesAway)
{
    SystemOptions options;
    options.complete_at_claim = false;
    System sys(options);
    Driver d = make_driver(sys);
    sim_set_irq_level(sys.sim(), kLine, true);
    EXPECT_TRUE(sys.nb_wait(d.ntfn).returned);
    EXPECT_OK(sys.IRQHandler_Ack(d.handler));
    EXPECT_EQ(sys.ntfn_of(d.ntfn)->state, NTFN_ACTIVE) << "still asserted";
    EXPECT_TRUE(sys.nb_wait(d.ntfn).returned);
    sim_set_irq_level(sys.sim(), kLine, false);
    EXPECT_OK(sys.IRQHandler_Ack(d.handler));
    EXPECT_EQ(sys.ntfn_of(d.ntfn)->state, NTFN_IDLE);
}

TEST(Irq, ScheduledOneEndsIdling)
{
    System sys;
    Driver d = make_driver(sys);
    Word start = sys.now();
    sim_schedule_irq(sys.sim(), kLine, start + 777);
    sys.wait(d.ntfn);
    EXPECT_IDLE(sys);
    EXPECT_TRUE(sys.run_idle());
    EXPECT_CURRENT(sys, sys.root());
    EXPECT_EQ(sys.now(), start + 777);
}

TEST(Irq, HeldOnesComeTogether)
{
    System sys;
    Driver d = make_driver(sys);
    sim_hold_irqs(sys.sim(), true);
    sys.irq(kLine);
    EXPECT_EQ(sys.ntfn_of(d.ntfn)->state, NTFN_IDLE);
    sim_hold_irqs(sys.sim(), false);
    EXPECT_EQ(sys.ntfn_of(d.ntfn)->state, NTFN_ACTIVE);
}

/* Revoking many capabilities passes a preemption point after each. */
TEST(Preemption, InterruptAtTheNthPoint)
{
    for (uint64_t n = 1; n <= 8; n++) {
        System sys;
        Driver d = make_driver(sys);
        CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
        for (int i = 0; i < 10; i++) {
            sys.copy(ep);
        }
        ThreadOptions options;
        options.priority = 200;
        Thread high = sys.spawn(options);
        sys.wait(d.ntfn);
        EXPECT_CURRENT(sys, sys.root());
        sys.poll_every(1);
        uint64_t polls = sim_polls(sys.sim());
        sys.preempt_at(n, kLine);
        EXPECT_FALSE(sys.revoke(ep).returned);
        EXPECT_CURRENT(sys, high);
        EXPECT_EQ(sim_polls(sys.sim()), polls + n);
        size_t left = 0;
        for (CPtr slot = ep + 1; slot <= ep + 10; slot++) {
            left += !sys.is_empty(slot);
        }
        EXPECT_EQ(left, 10 - n);
        sys.wait(d.ntfn);
        EXPECT_CURRENT(sys, sys.root());
        EXPECT_TRUE(sys.refire()); /* The revocation goes on by itself. */
        EXPECT_EQ(sys.message().label, 0u);
    }
}

TEST(Preemption, TimePassesAtAPoint)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    for (int i = 0; i < 10; i++) {
        sys.copy(ep);
    }
    ThreadOptions options;
    Thread equal = sys.spawn(options);
    sys.poll_every(1);
    sim_advance_at_preemption(sys.sim(), 4, 5000 * SIM_TICKS_PER_US);
    EXPECT_FALSE(sys.revoke(ep).returned) << "its slice ended";
    EXPECT_CURRENT(sys, equal);
    EXPECT_FALSE(sys.is_empty(ep + 5));
}
