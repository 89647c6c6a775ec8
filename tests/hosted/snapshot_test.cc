/* SPDX-License-Identifier: BSD-2-Clause */

/* Snapshots bring back everything. */
#include "gtest/gtest.h"
#include "tests/support/system.h"

using namespace albireo;

TEST(Snapshot, BringsBackTheWholeState)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    sys.store(SIM_IMAGE_VADDR, 1);
    std::string before = sys.state();
    Word now = sys.now();
    Snapshot snapshot = sys.snapshot();

    sys.store(SIM_IMAGE_VADDR, 2);
    sys.mint(ep, 5);
    sys.spawn();
    sys.advance(100);
    sys.revoke(ep);
    EXPECT_NE(sys.state(), before);

    sys.restore(snapshot);
    EXPECT_EQ(sys.state(), before);
    EXPECT_EQ(sys.now(), now);
    Word value = 0;
    EXPECT_TRUE(sys.load(SIM_IMAGE_VADDR, &value));
    EXPECT_EQ(value, 1u);
    EXPECT_TRUE(sim_check(sys.sim()));
}

TEST(Snapshot, CanBeRestoredAgainAndRunsOnAlike)
{
    System sys;
    Thread thread = sys.spawn();
    Snapshot snapshot = sys.snapshot();
    std::string first;
    for (int i = 0; i < 3; i++) {
        sys.advance(3000);
        EXPECT_OK(sys.TCB_Suspend(thread.tcb));
        if (i == 0) {
            first = sys.state();
        }
        EXPECT_EQ(sys.state(), first);
        sys.restore(snapshot);
    }
}

TEST(Snapshot, UndoesAPanic)
{
    System sys;
    sys.expect_panic();
    Snapshot snapshot = sys.snapshot();
    sys.kernel()->cores[0].ready[0].summary = 1;
    sys.nb_send(0);
    ASSERT_TRUE(sys.panicked());
    sys.restore(snapshot);
    EXPECT_TRUE(sys.alive());
    sys.make(ABI_OBJECT_ENDPOINT);
    EXPECT_TRUE(sys.alive());
}

/* The TLB is part of the state: a translation that was not there is not there again. */
TEST(Snapshot, IncludesTheTlb)
{
    System sys;
    constexpr Word page = 0x40000000;
    CPtr frame = sys.map_new_page(kVSpace, page);
    Snapshot unused = sys.snapshot();
    Word value = 1;
    EXPECT_TRUE(sys.load(page, &value));
    Snapshot used = sys.snapshot();
    uint32_t level;
    Word paddr;

    *vspace_walk(sys.kernel(), sys.cap_at(kVSpace).table, page, &level) = 0;
    EXPECT_EQ(sim_translate(sys.sim(), page, SIM_LOAD, &paddr), 0u) << "still in the TLB";
    sys.restore(unused);
    *vspace_walk(sys.kernel(), sys.cap_at(kVSpace).table, page, &level) = 0;
    EXPECT_EQ(sim_translate(sys.sim(), page, SIM_LOAD, &paddr), 13u);
    sys.restore(used);
    EXPECT_EQ(sim_translate(sys.sim(), page, SIM_LOAD, &paddr), 0u);
    EXPECT_EQ(paddr, sys.cap_at(frame).paddr);
}

/* The console is the machine's, and there without system calls that write to it. */
TEST(Snapshot, ConsoleIsCutBack)
{
    System sys;
    auto *machine = sys.kernel()->machine;
    sys.clear_console();
    machine_console(machine, 'a');
    Snapshot snapshot = sys.snapshot();
    machine_console(machine, 'b');
    EXPECT_EQ(sys.console(), "ab");
    sys.restore(snapshot);
    EXPECT_EQ(sys.console(), "a");
}
