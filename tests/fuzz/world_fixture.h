/* SPDX-License-Identifier: BSD-2-Clause */

/* A world, and the means to act in it as the current thread. One world for all tests of a suite. */
#ifndef TESTS_FUZZ_WORLD_FIXTURE_H
#define TESTS_FUZZ_WORLD_FIXTURE_H

#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/core.h"

extern "C" {
#include "fuzz/api/world.h"
#include "fuzz/harness/watch.h"
}

namespace albireo {

using Word = uint64_t;

inline enum world_topology topology(int i)
{
    return static_cast<enum world_topology>(i);
}

class WorldTest : public ::testing::Test {
  protected:
    static void SetUpTestSuite()
    {
        struct sim_error error;
        world_ = world_create(&error);
        ASSERT_NE(nullptr, world_) << error.text;
    }
    static void TearDownTestSuite()
    {
        world_destroy(world_);
        world_ = nullptr;
    }

    void reset(int t)
    {
        world_reset(world_, topology(t));
        EXPECT_EQ(t, world_->topology);
    }
    struct kernel *k() const
    {
        return world_->k;
    }
    struct thread *current() const
    {
        return sim_current(world_->sim);
    }
    bool running() const
    {
        return sim_status(world_->sim) == SIM_RUNNING;
    }
    const struct cap &cap(uint32_t s, Word slot) const
    {
        return world_->subsystems[s].cnode[slot].cap;
    }
    void advance(Word us)
    {
        sim_advance(world_->sim, us * k()->ticks_per_us);
    }

    /* --- The current thread acts -------------------------------------------------------------- */

    void trap(int64_t number, const std::vector<Word> &a)
    {
        struct regs &regs = current()->regs;
        watch_write(&regs, sizeof regs);
        for (size_t i = 0; i < a.size(); i++) {
            regs.x[REG_A0 + i] = a[i];
        }
        regs.x[REG_A7] = static_cast<Word>(number);
        sim_syscall(world_->sim);
    }

    /* Of an invocation: its error, 0 for success. */
    Word call(Word cptr, Word label, const std::vector<Word> &words = {},
              const std::vector<Word> &caps = {})
    {
        struct thread *caller = current();
        const struct cap &frame = caller->slots[THREAD_BUFFER].cap;
        Word *buffer = ram_words(k(), frame.paddr);
        watch_write(buffer, ABI_BUFFER_WORDS * sizeof *buffer);
        std::vector<Word> a = {cptr, label << 12 | caps.size() << 7 | words.size(), 0, 0, 0, 0};
        for (size_t i = 0; i < words.size(); i++) {
            (i < 4 ? a[2 + i] : buffer[ABI_BUFFER_MSG + i]) = words[i];
        }
        for (size_t i = 0; i < caps.size(); i++) {
            buffer[ABI_BUFFER_CAPS + i] = caps[i];
        }
        trap(ABI_SYS_CALL, a);
        return caller->regs.x[REG_A1] >> 12;
    }

    /* Yields until thread t is current. */
    bool become(uint32_t t)
    {
        for (int i = 0; i < 200 && running() && current() != world_->threads[t]; i++) {
            if (sim_is_idle(world_->sim)) {
                sim_run_idle(world_->sim);
            } else {
                trap(ABI_SYS_YIELD, {});
            }
            advance(world_->threads[t]->domain == k()->cores[0].domain ? 0 : 500);
        }
        return current() == world_->threads[t];
    }

    /* What the kernel has said of success. */
    uint32_t successes(Word label) const
    {
        return k()->counters.success[label];
    }

    std::string revoke()
    {
        char what[300] = "";
        return world_revoke(world_, what, sizeof what) ? "" : what;
    }
    std::string is_reset()
    {
        char what[300] = "";
        return world_is_reset(world_, what, sizeof what) ? "" : what;
    }

    static inline struct world *world_ = nullptr;
};

} // namespace albireo

#endif
