/* SPDX-License-Identifier: BSD-2-Clause */

/* The watch, in the strategy that this build has: what was written is told, and rewinding leaves
 * nothing. The build that is watched runs the same tests.
 */
#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "fuzz/harness/watch.h"
#include "gtest/gtest.h"
#include "tests/support/system.h"

using namespace albireo;

namespace {

constexpr uint64_t kRam = 4u << 20;

/* A small system, and the watch that is open on it. */
class Watched : public testing::Test {
  protected:
    Watched() : sys({.memory = kRam, .checks = false})
    {
        watch_open(sys.sim());
    }
    ~Watched() override
    {
        watch_close();
    }

    const uint64_t *ram() const
    {
        return static_cast<const uint64_t *>(sim_ram(sys.sim(), SIM_RAM_BASE, kRam));
    }
    /* The fixture writes the current thread's registers and buffer itself. */
    void tell() const
    {
        struct thread *thread = sys.current();
        watch_write(&thread->regs, sizeof thread->regs);
        if (Word *buffer = sys.buffer_of(thread)) {
            watch_write(buffer, 1024);
        }
    }
    /* What `action` changes lies in the lines told, and what was there before is known. */
    void expect_told(const std::function<void()> &action) const
    {
        std::vector<uint64_t> before(ram(), ram() + kRam / 8);
        watch_begin();
        tell();
        action();
        uint32_t count;
        const struct watch_line *lines = watch_lines(&count);
        std::vector<bool> told(kRam / WATCH_LINE);
        for (uint32_t i = 0; i < count; i++) {
            uint64_t word = static_cast<uint64_t>(lines[i].at - ram());
            ASSERT_EQ(word % WATCH_LINE_WORDS, 0u);
            EXPECT_FALSE(told[word / WATCH_LINE_WORDS]) << "told twice";
            told[word / WATCH_LINE_WORDS] = true;
            EXPECT_EQ(memcmp(lines[i].before, &before[word], WATCH_LINE), 0);
        }
        for (uint64_t word = 0; word < before.size(); word++) {
            ASSERT_EQ(watch_before(ram() + word), before[word]) << word;
            if (ram()[word] != before[word]) {
                ASSERT_TRUE(told[word / WATCH_LINE_WORDS]) << word;
            }
        }
    }
    std::string left(const struct watch_mark *mark) const
    {
        char what[200];
        return watch_is_at(mark, what, sizeof what) ? "" : what;
    }

    System sys;
};

TEST_F(Watched, EveryChangedWordIsInTheLines)
{
    CPtr ntfn = 0, copy = 0;
    CPtr cnode = 0;
    Thread thread;
    expect_told([&] { ntfn = sys.make(ABI_OBJECT_NOTIFICATION); });
    expect_told([&] { copy = sys.mint(ntfn, 5); });
    expect_told([&] { sys.signal(copy); });
    expect_told([&] { sys.wait(ntfn); });
    expect_told([&] { cnode = sys.make_cnode(6); });
    expect_told([&] { sys.map_new_page(kVSpace, 0x40000000); });
    expect_told([&] { thread = sys.spawn(); });
    expect_told([&] { sys.yield(); });
    expect_told([&] { sys.advance(2000); });
    expect_told([&] { sys.irq(7); });
    expect_told([&] { sys.fault(13, 0x1234); });
    expect_told([&] { sys.TCB_SetPriority(thread.tcb, kTcb, 7); });
    expect_told([&] { sys.revoke(ntfn); });
    expect_told([&] { sys.del(cnode); });
    expect_told([&] { sys.revoke(sys.ram_untyped()); });
    EXPECT_TRUE(sys.alive());
}

TEST_F(Watched, WhatUsersAndTheMachineWriteIsTold)
{
    uint32_t count;
    watch_begin();
    ASSERT_TRUE(sys.store(SIM_IMAGE_VADDR + 60, 0x1122334455667788)); /* In two lines. */
    const struct watch_line *lines = watch_lines(&count);
    ASSERT_EQ(count, 2u);
    EXPECT_EQ(lines[0].before[7], 0u);
    EXPECT_EQ(lines[0].at[7] >> 32, 0x55667788u);
    EXPECT_EQ(lines[1].at[0], 0x11223344u);

    watch_begin();
    sys.poll_every(1);
    const auto address = reinterpret_cast<uintptr_t>(&sys.kernel()->work_units_per_poll);
    lines = watch_lines(&count);
    ASSERT_EQ(count, 1u);
    EXPECT_EQ(reinterpret_cast<uintptr_t>(lines[0].at), address / WATCH_LINE * WATCH_LINE);
}

TEST_F(Watched, AnEventsLinesAreItsOwn)
{
    uint32_t count;
    watch_begin();
    ASSERT_TRUE(sys.store(SIM_IMAGE_VADDR, 1));
    ASSERT_TRUE(sys.store(SIM_IMAGE_VADDR, 2));
    EXPECT_EQ(watch_lines(&count)->before[0], 0u);
    EXPECT_EQ(count, 1u);
    watch_begin();
    watch_lines(&count);
    EXPECT_EQ(count, 0u);
    ASSERT_TRUE(sys.store(SIM_IMAGE_VADDR, 3));
    EXPECT_EQ(watch_lines(&count)->before[0], 2u);
    EXPECT_EQ(count, 1u);
}

TEST_F(Watched, RewindingLeavesNothing)
{
    struct watch_mark *mark = watch_mark();
    ASSERT_NE(mark, nullptr);
    EXPECT_EQ(left(mark), "");
    for (int i = 0; i < 3; i++) {
        tell();
        CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
        sys.spawn();
        sys.map_new_page(kVSpace, 0x40000000);
        ASSERT_TRUE(sys.store(0x40000000, 1));
        sys.mint(ep, 5);
        sys.advance(3000);
        sys.poll_every(1);
        sys.irq(3);
        EXPECT_NE(left(mark), "");
        watch_rewind(mark);
        EXPECT_EQ(left(mark), "");
        EXPECT_TRUE(sim_check(sys.sim()));
    }
}

TEST_F(Watched, RewindingUndoesAPanic)
{
    sys.expect_panic();
    struct watch_mark *mark = watch_mark();
    watch_write(&sys.kernel()->cores[0].ready[0].summary, 8);
    sys.kernel()->cores[0].ready[0].summary = 1;
    EXPECT_FALSE(sim_check(sys.sim()));
    ASSERT_TRUE(sys.panicked());
    watch_rewind(mark);
    EXPECT_TRUE(sys.alive());
    EXPECT_EQ(left(mark), "");
}

/* Whatever single thing is left, it is found, and named. */
TEST_F(Watched, WhatIsLeftIsNamed)
{
    struct watch_mark *mark = watch_mark();
    struct sim *sim = sys.sim();
    const struct {
        const char *what;
        std::function<void()> leave;
    } things[] = {
        {"RAM at physical address 0x80100005: 0x07, was 0x00",
         [&] {
             auto *byte = static_cast<uint8_t *>(sim_ram(sim, SIM_RAM_BASE + 0x100005, 1));
             watch_write(byte, 1);
             *byte = 7;
         }},
        {"the TLB",
         [&] {
             uint64_t paddr;
             sim_translate(sim, 0x70000000, SIM_LOAD, &paddr);
         }},
        {"the interrupt controller",
         [&] {
             sim_limit_events(sim, 0); /* Nobody takes it. */
             sim_raise_irq(sim, 9);
         }},
        {"the clock",
         [&] {
             sim_set_time(sim, sim_now(sim) + 1);
         }},
        {"the console",
         [&] {
             sim_console_put(sim, 'x');
         }},
        {"what entries and accesses cost",
         [&] {
             sim_set_costs(sim, 1, 0);
         }},
        {"what is injected at preemption points",
         [&] {
             sim_inject_at_preemption(sim, 5, 4);
         }},
        {"the scheduled interrupts",
         [&] {
             sim_schedule_irq(sim, 4, UINT64_MAX);
         }},
        {"the acting core, or whether interrupts are held",
         [&] {
             sim_hold_irqs(sim, true);
         }},
        {"the status",
         [&] {
             sim_power_off(sim, nullptr);
         }},
        {"the FPU",
         [&] {
             uint64_t registers[FPU_WORDS] = {1};
             machine_fpu_load(sys.kernel()->machine, 0, registers);
         }},
    };
    for (const auto &thing : things) {
        thing.leave();
        sim_limit_events(sim, UINT64_MAX);
        EXPECT_EQ(left(mark), thing.what);
        watch_rewind(mark);
        EXPECT_EQ(left(mark), "") << thing.what;
    }
}

/* What the TLB has forgotten for that would be named first. */
TEST_F(Watched, TheTlbsSettingsAreNamed)
{
    const struct sim_config *config = sim_config_of(sys.sim());
    uint32_t limit = config->tlb_limit;
    sim_set_tlb(sys.sim(), limit, config->tlb_keep_invalid);
    struct watch_mark *mark = watch_mark();
    sim_set_tlb(sys.sim(), limit + 1, config->tlb_keep_invalid);
    EXPECT_EQ(left(mark), "the TLB's settings");
    watch_rewind(mark);
    EXPECT_EQ(left(mark), "");
    EXPECT_EQ(config->tlb_limit, limit);
}

/* From each mark to each other, with and without something written between. */
TEST_F(Watched, MarksCanBeChangedBetween)
{
    std::vector<struct watch_mark *> marks;
    for (int i = 0; i < 4; i++) {
        tell();
        sys.make(i % 2 == 0 ? ABI_OBJECT_ENDPOINT : ABI_OBJECT_NOTIFICATION);
        ASSERT_TRUE(sys.store(SIM_IMAGE_VADDR + 64 * static_cast<Word>(i), 1));
        sys.advance(100);
        marks.push_back(watch_mark());
        ASSERT_NE(marks.back(), nullptr);
    }
    watch_mark_free(marks[1]);
    marks[1] = watch_mark(); /* In the place of an older one. */
    for (auto *from : marks) {
        for (auto *to : marks) {
            watch_rewind(from);
            EXPECT_EQ(left(from), "");
            EXPECT_TRUE(sys.store(SIM_IMAGE_VADDR + 128, 9));
            EXPECT_TRUE(sys.store(SIM_IMAGE_VADDR + 1024, 9));
            watch_rewind(to);
            EXPECT_EQ(left(to), "");
        }
    }
    EXPECT_NE(left(marks[0]), "") << "they do differ";
    watch_mark_free(marks[3]); /* Where it is: now it is nowhere. */
    EXPECT_TRUE(sys.store(SIM_IMAGE_VADDR + 1024, 9));
    watch_rewind(marks[0]);
    EXPECT_EQ(left(marks[0]), "");
}

/* A line that was written before a mark, and is written again in the same event. */
TEST_F(Watched, AMarkMayBeInTheMiddleOfAnEvent)
{
    watch_begin();
    ASSERT_TRUE(sys.store(SIM_IMAGE_VADDR, 1));
    struct watch_mark *mark = watch_mark();
    ASSERT_NE(mark, nullptr);
    ASSERT_TRUE(sys.store(SIM_IMAGE_VADDR, 2));
    watch_rewind(mark);
    EXPECT_EQ(left(mark), "");
}

/* What the kernel has written since lines were last asked for is no later event's. */
TEST_F(Watched, AMarkEndsAnEvent)
{
    uint32_t count;
    watch_begin();
    watch_lines(&count);
    sys.kernel()->counters.entries++; /* By the kernel, which tells a comparing watch nothing. */
    ASSERT_NE(watch_mark(), nullptr);
    watch_begin();
    watch_lines(&count);
    EXPECT_EQ(count, 0u);
}

TEST_F(Watched, MarksAreLimited)
{
    std::vector<struct watch_mark *> marks;
    for (int i = 0; i < WATCH_MARKS_MAX; i++) {
        marks.push_back(watch_mark());
        ASSERT_NE(marks.back(), nullptr);
    }
    EXPECT_EQ(watch_mark(), nullptr);
    watch_mark_free(marks[5]);
    EXPECT_NE(watch_mark(), nullptr);
}

/* Work is counted where the compiler tells it, and by pieces. */
TEST_F(Watched, StepsAreCounted)
{
    watch_begin();
    EXPECT_EQ(watch_most_steps(), 0u);
    tell();
    sys.nb_send(0);
    uint64_t small = watch_most_steps();
    watch_begin();
    tell();
    CPtr cnode = sys.make_cnode(8); /* Its 8 KiB are cleared by memset(). */
    uint64_t large = watch_most_steps();
    if (!watch_is_precise()) {
        EXPECT_EQ(small, 0u);
        EXPECT_EQ(large, 0u);
        return;
    }
    EXPECT_GT(small, 20u);
    EXPECT_LT(small, 1000u);
    EXPECT_GT(large, 1024u);

    /* A poll begins a new piece. */
    watch_begin();
    tell();
    sys.nb_send(0);
    watch_poll();
    uint64_t first = watch_most_steps();
    sys.nb_send(0);
    sys.nb_send(0);
    uint64_t both = watch_most_steps();
    EXPECT_GT(first, 20u);
    EXPECT_GT(both, first + first / 2);
    EXPECT_LT(both, 3 * first);
    watch_poll();
    sys.nb_send(0);
    EXPECT_EQ(watch_most_steps(), both);
    EXPECT_TRUE(sys.del(cnode).ok());
}

} // namespace
