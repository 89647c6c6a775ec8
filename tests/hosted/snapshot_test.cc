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

/* --- Points: the machine alone ---------------------------------------------------------------- */

namespace {

using Point = std::unique_ptr<struct sim_point, decltype(&sim_point_free)>;

Point take_point(const System &sys)
{
    return {sim_point_take(sys.sim()), sim_point_free};
}

} // namespace

TEST(Point, BringsBackTheMachineAndLeavesMemory)
{
    System sys;
    Point point = take_point(sys);
    Word now = sys.now();
    ASSERT_TRUE(sys.store(SIM_IMAGE_VADDR, 2));
    sim_hold_irqs(sys.sim(), true);
    sim_set_time(sys.sim(), now + 5);
    sim_raise_irq(sys.sim(), 9);
    sim_console_put(sys.sim(), 'x');
    EXPECT_NE(sim_point_difference(sys.sim(), point.get()), nullptr);

    sim_point_restore(sys.sim(), point.get());
    EXPECT_EQ(sim_point_difference(sys.sim(), point.get()), nullptr);
    EXPECT_EQ(sys.now(), now);
    EXPECT_FALSE(sim_irq_pending(sys.sim(), 9));
    EXPECT_EQ(sys.console().find('x'), std::string::npos);
    Word value = 0;
    EXPECT_TRUE(sys.load(SIM_IMAGE_VADDR, &value));
    EXPECT_EQ(value, 2u);
}

/* Also a larger one than there ever was, and a smaller one after it. */
TEST(Point, IncludesTheTlb)
{
    System sys;
    Point none = take_point(sys);
    Word paddr;
    for (Word i = 0; i < 300; i++) {
        sim_translate(sys.sim(), 0x40000000 + (i << 12), SIM_LOAD, &paddr);
    }
    EXPECT_STREQ(sim_point_difference(sys.sim(), none.get()), "the TLB");
    Point many = take_point(sys);
    sim_point_restore(sys.sim(), none.get());
    EXPECT_EQ(sim_point_difference(sys.sim(), none.get()), nullptr);
    EXPECT_STREQ(sim_point_difference(sys.sim(), many.get()), "the TLB");
    sim_translate(sys.sim(), 0x40000000, SIM_LOAD, &paddr);
    sim_point_restore(sys.sim(), many.get());
    EXPECT_EQ(sim_point_difference(sys.sim(), many.get()), nullptr);
}

TEST(Point, IncludesTheStatusAndADevicesState)
{
    static uint64_t state = 1;
    System sys;
    ASSERT_TRUE(sim_add_device(
        sys.sim(), 0x50000000, 4096, [](void *, uint64_t, uint32_t) { return uint64_t{0}; },
        [](void *, uint64_t, uint32_t, uint64_t) {}, &state));
    sim_device_state(sys.sim(), sizeof state, [](void *) {});
    Point point = take_point(sys);
    state = 2;
    EXPECT_STREQ(sim_point_difference(sys.sim(), point.get()), "a device's state");
    sys.expect_panic();
    sim_power_off(sys.sim(), "off");
    EXPECT_STREQ(sim_point_difference(sys.sim(), point.get()), "the status");
    sim_point_restore(sys.sim(), point.get());
    EXPECT_EQ(state, 1u);
    EXPECT_TRUE(sys.alive());
    EXPECT_EQ(sys.message_of_panic(), "");
}

TEST(Settings, CanBeChangedWhileItRuns)
{
    System sys;
    struct sim *sim = sys.sim();
    Point point = take_point(sys);
    sim_set_costs(sim, 30, 4);
    Word now = sys.now(), value, paddr;
    ASSERT_TRUE(sys.load(SIM_IMAGE_VADDR, &value));
    EXPECT_EQ(sys.now(), now + 4);
    sys.nb_send(0);
    EXPECT_EQ(sys.now(), now + 34);

    /* One translation at a time, and none that failed. */
    CPtr frame = sys.map_new_page(kVSpace, 0x40000000);
    ASSERT_TRUE(sys.load(0x40000000, &value));
    sim_set_tlb(sim, 1, false);
    ASSERT_NE(sim_translate(sim, 0x40001000, SIM_LOAD, &paddr), 0u);
    ASSERT_EQ(sim_translate(sim, 0x40000000, SIM_LOAD, &paddr), 0u);
    uint32_t level;
    *vspace_walk(sys.kernel(), sys.cap_at(kVSpace).table, 0x40000000, &level) = 0;
    EXPECT_EQ(sim_translate(sim, 0x40000000, SIM_LOAD, &paddr), 0u) << "remembered";
    ASSERT_EQ(sim_translate(sim, SIM_IMAGE_VADDR, SIM_LOAD, &paddr), 0u);
    EXPECT_NE(sim_translate(sim, 0x40000000, SIM_LOAD, &paddr), 0u) << "forgotten for another";
    EXPECT_NE(frame, 0u);

    sim_point_restore(sim, point.get());
    EXPECT_EQ(sim_config_of(sim)->entry_ticks, 0u);
    EXPECT_EQ(sim_config_of(sim)->access_ticks, 0u);
    EXPECT_EQ(sim_config_of(sim)->tlb_limit, 0u);
    EXPECT_TRUE(sim_config_of(sim)->tlb_keep_invalid);
}

TEST(Settings, WritesOfTheSimulatorAreTold)
{
    static std::vector<std::pair<void *, uint64_t>> told;
    System sys;
    told.clear();
    sim_observe_writes(
        sys.sim(), [](void *, void *at, uint64_t size) { told.emplace_back(at, size); }, nullptr);
    sys.nb_send(0);
    EXPECT_EQ(told.size(), 0u) << "not those of the kernel";
    ASSERT_TRUE(sys.store(SIM_IMAGE_VADDR + 8, 1, 4));
    sys.poll_every(1);
    ASSERT_EQ(told.size(), 2u);
    const auto *image = static_cast<char *>(
        sim_ram(sys.sim(), sim_boot_params(sys.sim())->image.start, SIM_IMAGE_SIZE));
    EXPECT_EQ(told[0], std::make_pair<void *>(const_cast<char *>(image) + 8, uint64_t{4}));
    EXPECT_EQ(told[1].first, &sys.kernel()->work_units_per_poll);
    sim_observe_writes(sys.sim(), nullptr, nullptr);
    ASSERT_TRUE(sys.store(SIM_IMAGE_VADDR, 1));
    EXPECT_EQ(told.size(), 2u);
}
