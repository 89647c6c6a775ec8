/* SPDX-License-Identifier: BSD-2-Clause */

/* A world under the eyes of the two shadows, authority and integrity. A wrong kernel is played by a
 * hand that changes the state between the kernel's return and their look. */
#ifndef TESTS_FUZZ_SHADOW_H
#define TESTS_FUZZ_SHADOW_H

#include <functional>
#include <initializer_list>
#include <string>

#include "gtest/gtest.h"
#include "tests/support/core.h"

extern "C" {
#include "core/ipc.h"
#include "fuzz/oracle/oracle.h"
}

namespace albireo {

using Hand = std::function<void()>;
using Words = std::initializer_list<uint64_t>;

class ShadowTest : public ::testing::Test {
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

    void SetUp() override
    {
        ASSERT_NE(nullptr, world_);
        authority_ = authority_create(world_);
        integrity_ = integrity_create(world_);
        ASSERT_NE(nullptr, authority_);
        ASSERT_NE(nullptr, integrity_);
        start(WORLD_SHARED);
    }
    void TearDown() override
    {
        sim_observe(world_->sim, nullptr);
        integrity_free(integrity_);
        authority_free(authority_);
    }

    void start(int topology)
    {
        struct sim_observer observer = {};
        observer.context = this;
        observer.before = [](void *context, enum sim_event event, uint64_t a, uint64_t b) {
            static_cast<ShadowTest *>(context)->before(event, a, b);
        };
        observer.after = [](void *context) {
            static_cast<ShadowTest *>(context)->after();
        };
        world_reset(world_, static_cast<enum world_topology>(topology));
        authority_start(authority_);
        find_ = {};
        sim_observe(world_->sim, &observer);
    }

    /* What the shadows have found first, in words; "" if nothing. */
    std::string found() const
    {
        return find_.kind[0] == 0 ? "" : std::string(find_.kind) + ": " + find_.text;
    }
    bool found(const char *what) const
    {
        return found().find(what) != std::string::npos;
    }

    /* The next kernel entry is followed by this. */
    void tamper(const Hand &hand)
    {
        hand_ = hand;
    }
    template <typename T, typename V> static void put(T *at, V value)
    {
        watch_write(at, sizeof *at);
        *at = static_cast<T>(value);
    }
    /* The current thread, alpha's first, yields, and meanwhile this happens. */
    void meanwhile(const Hand &hand)
    {
        become(0);
        EXPECT_EQ("", found());
        tamper(hand);
        call(ABI_SYS_YIELD, 0);
    }

    struct kernel *k() const
    {
        return world_->k;
    }
    struct thread *current() const
    {
        return sim_current(world_->sim);
    }
    struct thread *thread(uint32_t t) const
    {
        return world_->threads[t];
    }
    struct slot *slot(uint32_t s, uint32_t i) const
    {
        return &world_->subsystems[s].cnode[i];
    }
    struct cap &cap(uint32_t s, uint32_t i) const
    {
        return slot(s, i)->cap;
    }
    uint64_t *ram(uint64_t paddr) const
    {
        return static_cast<uint64_t *>(ram_at(k(), paddr));
    }
    uint64_t *leaf(uint32_t s, uint64_t vaddr) const
    {
        return &ram(ram_paddr(k(), cap(s, WORLD_SLOT_TABLE).table))[vaddr / 4096 % 512];
    }
    uint64_t *buffer(const struct thread *of) const
    {
        const struct cap &frame = of->slots[THREAD_BUFFER].cap;
        return ram(frame.paddr + of->buffer_vaddr % (uint64_t{1} << frame.bits));
    }

    /* The current thread makes a system call with a message of these words and capabilities. */
    void call(int64_t number, uint64_t cptr, uint64_t label = 0, Words words = {}, Words caps = {})
    {
        uint64_t *to = buffer(current());
        struct regs &regs = current()->regs;
        uint32_t i = 0;
        uint32_t c = 0;
        watch_write(to, 1024);
        watch_write(&regs, sizeof regs);
        for (uint64_t word : words) {
            if (i < ABI_MSG_REGISTERS) {
                regs.x[REG_A2 + i] = word;
            }
            to[ABI_BUFFER_MSG + i++] = word;
        }
        for (uint64_t extra : caps) {
            to[ABI_BUFFER_CAPS + c++] = extra;
        }
        regs.x[REG_A7] = static_cast<uint64_t>(number);
        regs.x[REG_A0] = cptr;
        regs.x[REG_A1] = message_info(label, 0, c, i);
        regs.x[REG_A6] = WORLD_SLOT_REPLY_0;
        sim_syscall(world_->sim);
    }
    /* An invocation that succeeds: the caller goes on. */
    void invoke(uint64_t cptr, uint64_t label, Words words = {}, Words caps = {})
    {
        const struct thread *caller = current();
        call(ABI_SYS_CALL, cptr, label, words, caps);
        EXPECT_EQ(0u, message_label(caller->regs.x[REG_A1])) << "label " << label;
    }
    /* Threads of equal priority give way until it is this one's turn. Some first wait for a new
     * period. */
    void become(uint32_t t)
    {
        for (int i = 0; i < 20 && current() != thread(t); i++) {
            if (sim_is_idle(world_->sim)) {
                sim_run_idle(world_->sim);
            } else if (i == 8) {
                sim_advance(world_->sim, WORLD_PERIOD_US * k()->ticks_per_us);
            } else {
                call(ABI_SYS_YIELD, 0);
            }
        }
        ASSERT_EQ(thread(t), current());
    }

    static struct world *world_;
    bool everything_ = true; /* Authority looks at all there is. */

  private:
    void before(enum sim_event event, uint64_t a, uint64_t b)
    {
        watch_begin();
        event_ = {};
        event_.event = event;
        event_.a = a;
        event_.b = b;
        event_.subject = current();
        event_.domain = world_owner_of(world_, current());
        event_.polls = sim_polls(world_->sim);
        for (uint32_t i = 0; i < 32; i++) {
            event_.registers[i] = current()->regs.x[i];
        }
        event_.pc = current()->regs.pc;
        integrity_before(integrity_, &event_);
    }
    void after()
    {
        if (hand_) {
            hand_();
            hand_ = nullptr;
        }
        if (find_.kind[0] != 0) {
            return;
        }
        struct oracle_find find = {};
        if (!authority_check(authority_, everything_, &find) ||
            !integrity_check(integrity_, &event_, &find)) {
            find_ = find;
        }
    }

    struct authority *authority_ = nullptr;
    struct integrity *integrity_ = nullptr;
    struct oracle_event event_ = {};
    struct oracle_find find_ = {};
    Hand hand_;
};

} // namespace albireo

#endif
