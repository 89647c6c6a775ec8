/* SPDX-License-Identifier: BSD-2-Clause */

/* Kernel panics and violated invariants are failures of a test, not of the process. */
#include <string>

#include "gtest/gtest-spi.h"
#include "gtest/gtest.h"
#include "tests/support/system.h"

using namespace albireo;

TEST(Panic, ViolatedInvariantIsReported)
{
    System sys;
    sys.expect_panic();
    sys.root().object->priority = 77; /* Then it is in no place for that priority... */
    sys.kernel()->cores[0].ready[0].summary = 1;
    sys.nb_send(0);
    EXPECT_TRUE(sys.panicked());
    EXPECT_NE(sys.message_of_panic().find("invariant"), std::string::npos)
        << sys.message_of_panic();
}

TEST(Panic, NothingHappensAfterwards)
{
    System sys;
    sys.expect_panic();
    sys.kernel()->cores[0].ready[0].summary = 1;
    sys.nb_send(0);
    ASSERT_TRUE(sys.panicked());
    Word events = sim_events(sys.sim());
    sim_syscall(sys.sim());
    sim_fault(sys.sim(), 13, 0);
    sim_raise_irq(sys.sim(), 3);
    sim_advance(sys.sim(), 1000000);
    Word value;
    EXPECT_FALSE(sim_load(sys.sim(), SIM_IMAGE_VADDR, 8, &value));
    EXPECT_FALSE(sim_run_idle(sys.sim()));
    EXPECT_EQ(sim_events(sys.sim()), events);
}

TEST(Panic, AssertionIsReportedWithItsPlace)
{
    SystemOptions options;
    options.checks = false;
    System sys(options);
    sys.expect_panic();
    /* The kernel asserts what it learns of a root table. */
    sys.kernel()->kernel_vspace = 1;
    EXPECT_OK(sys.CNode_Copy(kCNode, 1000, 64, kCNode, kTcb, 64, 15));
    sys.park();
    EXPECT_TRUE(sys.panicked());
    EXPECT_NE(sys.message_of_panic().find(".c:"), std::string::npos) << sys.message_of_panic();
}

TEST(Panic, FailsTheTestThatMeetsIt)
{
    EXPECT_NONFATAL_FAILURE(
        {
            System sys;
            sys.kernel()->cores[0].ready[0].summary = 1;
            sys.nb_send(0);
        },
        "kernel panic");
}

TEST(Panic, DumpOfABrokenStateDoesNotCrash)
{
    System sys;
    sys.expect_panic();
    struct kernel *k = sys.kernel();
    Thread thread = sys.spawn();
    thread.object->sc = reinterpret_cast<struct sched_context *>(0x1234);
    thread.object->all_next = reinterpret_cast<struct thread *>(UINTPTR_MAX - 7);
    thread.object->state = 99;
    k->cores[0].release.head = reinterpret_cast<struct thread *>(8);
    sys.slot_at(kTcb)->next = 0x7FFFFFFF;
    EXPECT_NE(sys.dump().find("bad"), std::string::npos);
    k->cores[0].current = nullptr;
    EXPECT_FALSE(sys.dump().empty());
    k->cores[0].current = thread.object;
    k->cores[0].current = sys.root().object;
}

TEST(Panic, HaltIsNoPanic)
{
    System sys;
    sys.ecall(ABI_SYS_DEBUG_HALT);
    EXPECT_FALSE(sys.panicked());
    /* A release kernel does not know the call: its caller has faulted, and the machine goes on. */
    EXPECT_EQ(sim_status(sys.sim()), CONFIG_DEBUG ? SIM_HALTED : SIM_RUNNING);
    EXPECT_EQ(sys.alive(), !CONFIG_DEBUG);
    EXPECT_EQ(sys.root().state(), CONFIG_DEBUG ? THREAD_RUNNING : THREAD_INACTIVE);
}

TEST(Panic, MisuseOfTheSimulatorIsReported)
{
    System sys;
    sys.expect_panic();
    sys.park();
    ASSERT_TRUE(sys.is_idle());
    sim_syscall(sys.sim());
    EXPECT_TRUE(sys.panicked());
    EXPECT_NE(sys.message_of_panic().find("misused"), std::string::npos);
}
