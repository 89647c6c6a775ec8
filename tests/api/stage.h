/* SPDX-License-Identifier: BSD-2-Clause */

/* A system for tests that interrupt long operations, with a thread that runs in the middle. */
#ifndef TESTS_API_STAGE_H
#define TESTS_API_STAGE_H

#include <algorithm>
#include <cstring>

#include "tests/support/system.h"

namespace albireo {

constexpr uint32_t kLine = 5;
constexpr Word kBits = 20; /* Of the untyped that a scene is made in. */
constexpr Word kPages = Word(1) << (kBits - ABI_PAGE_BITS);

/* A system in which `watcher`, above root, waits for an interrupt, and polls always look. */
class Stage {
  public:
    Stage();

    /* A new object made of the stage's untyped. */
    CPtr make(Word type, Word size_bits = 0);
    CPtr make_cnode(Word radix)
    {
        return make(ABI_OBJECT_CAP_TABLE, radix);
    }
    /* The watcher has done its work and waits again; root goes on. */
    void watcher_waits();
    /* Makes states comparable: what the watcher did last does not count. */
    void forget_watcher();
    /* The untyped can be revoked, its whole memory can be had again, and is zero. */
    void expect_memory_back();

    System sys;
    CPtr untyped = 0;
    CPtr spare = 0;  /* An empty slot. */
    CPtr pages = 0;  /* kPages empty slots. */
    Word queued = 0; /* Threads of queue_senders() so far. */
    Thread watcher;

  private:
    CPtr wake_ = 0;
};

inline Stage::Stage()
{
    CPtr handler = sys.alloc_slot();
    untyped = sys.untyped(kBits);
    spare = sys.alloc_slot();
    pages = sys.alloc_slots(kPages);
    wake_ = sys.mint(sys.make(ABI_OBJECT_NOTIFICATION), 0x77);
    EXPECT_OK(sys.IRQControl_Get(kIrqControl, kLine, kCNode, handler, 64));
    EXPECT_OK(sys.IRQHandler_SetNotification(handler, wake_));
    watcher = sys.spawn({.priority = 200});
    EXPECT_CURRENT(sys, watcher);
    sys.wait(wake_);
    EXPECT_CURRENT(sys, sys.root());
    sys.poll_every(1);
}

inline CPtr Stage::make(Word type, Word size_bits)
{
    CPtr slot = sys.alloc_slot();
    EXPECT_OK(sys.retype(untyped, type, size_bits, slot));
    return slot;
}

inline void Stage::watcher_waits()
{
    EXPECT_CURRENT(sys, watcher);
    sys.wait(wake_);
    EXPECT_CURRENT(sys, sys.root());
}

inline void Stage::forget_watcher()
{
    memset(watcher.regs().x, 0, sizeof watcher.regs().x);
    watcher.regs().pc = 0;
    watcher.regs().fault_pc = 0;
    memset(watcher.buffer_words(), 0, ABI_BUFFER_WORDS * sizeof(Word));
}

inline void Stage::expect_memory_back()
{
    sys.poll_every(ABI_WORK_UNITS);
    EXPECT_OK(sys.revoke(untyped));
    EXPECT_OK(sys.retype(untyped, ABI_OBJECT_PAGE_4K, 0, pages, kPages));
    const auto *words =
        static_cast<const Word *>(sim_ram(sys.sim(), sys.cap_at(untyped).paddr, Word(1) << kBits));
    EXPECT_TRUE(std::all_of(words, words + (1 << kBits) / sizeof(Word),
                            [](Word word) { return word == 0; }));
}

} // namespace albireo

#endif
