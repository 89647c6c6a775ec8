/* SPDX-License-Identifier: BSD-2-Clause */

/* Whatever the state: something is shown, it is well formed, and nothing crashes. */
#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/show/world.h"

using namespace albireo;
using testing::HasSubstr;

/* All three outputs of a state that need not make sense. */
static void show_all(const System &sys)
{
    EXPECT_THAT(text_of(sys.sim()), HasSubstr("After event"));
    EXPECT_TRUE(is_json(json_of(sys.sim())));
    std::string dot = dot_of(sys.sim());
    ASSERT_GT(dot.size(), 2u);
    EXPECT_EQ(dot.substr(dot.size() - 2), "}\n");
}

namespace {

/* Words of kernel objects, to be damaged. */
class Damage {
  public:
    Damage(const System &sys, int seed) : random_(static_cast<uint64_t>(seed))
    {
        add(sys.kernel(), sizeof(struct kernel));
        for (const struct slot *slot = &sys.kernel()->cdt_root; slot->next != 0;) {
            slot = sys.kernel()->slot_base + slot->next;
            uint64_t base = 0;
            uint64_t size = 0;
            if (cap_region(sys.kernel(), &slot->cap, &base, &size) &&
                slot->cap.type != CAP_UNTYPED && slot->cap.type != CAP_FRAME) {
                add(ram_at(sys.kernel(), base), size);
            }
        }
    }

    void one()
    {
        auto &region = regions_[random_() % regions_.size()];
        uint64_t *word = region.first + random_() % region.second;
        /* Slots of big CNodes are mostly empty: prefer what means something. */
        for (int i = 0; i < 8 && *word == 0; i++) {
            word = region.first + random_() % region.second;
        }
        *word = value(*word);
    }

  private:
    void add(void *start, uint64_t size)
    {
        regions_.emplace_back(static_cast<uint64_t *>(start), size / sizeof(uint64_t));
    }
    uint64_t value(uint64_t old)
    {
        const auto &region = regions_[random_() % regions_.size()];
        uint64_t inside = reinterpret_cast<uint64_t>(region.first + random_() % region.second);
        switch (random_() % 8) {
        case 0:
            return old ^ uint64_t { 1 } << (random_() % 64);
        case 1:
            return random_();
        case 2:
            return inside & ~uint64_t{31}; /* A pointer to something else. */
        case 3:
            return inside + 4;
        case 4:
            return old + 32 * (random_() % 64) - 32 * 32;
        case 5:
            return (inside - SIM_WINDOW) >> 2 | 1; /* A page table entry. */
        case 6:
            return random_() % 2 == 0 ? UINT64_MAX : UINT64_MAX - 4095;
        default:
            return 0;
        }
    }

    std::mt19937_64 random_;
    std::vector<std::pair<uint64_t *, uint64_t>> regions_;
};

} // namespace

class DamageTest : public testing::TestWithParam<int> {};

TEST_P(DamageTest, RandomWordsOfKernelObjects)
{
    SystemOptions options;
    options.memory = 8u << 20;
    System sys(options);
    build_world(sys);
    Snapshot whole = sys.snapshot();
    Damage damage(sys, GetParam());
    for (int round = 0; round < 40; round++) {
        SCOPED_TRACE(round);
        sys.restore(whole);
        for (int i = 0; i <= round % 10; i++) {
            damage.one();
            show_all(sys);
        }
    }
    sys.restore(whole);
}

INSTANTIATE_TEST_SUITE_P(Seeds, DamageTest, testing::Range(0, 16));

TEST(Damage, QueueThatLoops)
{
    System sys;
    build_world(sys);
    Snapshot whole = sys.snapshot();
    struct thread *waiter = nullptr;
    for (struct thread *t = sys.kernel()->threads; t != nullptr; t = t->all_next) {
        waiter = t->state == THREAD_BLOCKED_ON_SEND ? t : waiter;
    }
    ASSERT_NE(waiter, nullptr);
    waiter->queue_next = waiter;
    EXPECT_THAT(text_of(sys.sim()), HasSubstr("has more threads than there are"));
    show_all(sys);
    sys.restore(whole);
}

TEST(Damage, ListOfThreadsThatLoops)
{
    System sys;
    build_world(sys);
    Snapshot whole = sys.snapshot();
    sys.kernel()->threads->all_next->all_next = sys.kernel()->threads;
    EXPECT_THAT(text_of(sys.sim()), HasSubstr("the list of threads loops at 0x"));
    show_all(sys);
    sys.restore(whole);
}

TEST(Damage, ThreadsThatAreNotAligned)
{
    System sys;
    build_world(sys);
    Snapshot whole = sys.snapshot();
    auto *crooked = reinterpret_cast<struct thread *>(
        reinterpret_cast<char *>(sys.kernel()->threads->all_next) + 16);
    sys.kernel()->threads->all_next = crooked;
    sys.kernel()->cores[0].release.head = crooked;
    EXPECT_THAT(text_of(sys.sim()), HasSubstr("no place for a thread"));
    show_all(sys);
    sys.restore(whole);
}

TEST(Damage, DerivationSequenceThatLoops)
{
    System sys;
    build_world(sys);
    Snapshot whole = sys.snapshot();
    struct slot *slot = sys.slot_at(kVSpace);
    slot->next = sys.kernel()->cdt_root.next;
    EXPECT_THAT(text_of(sys.sim()), HasSubstr("the derivation sequence loops at slot 0x"));
    EXPECT_THAT(text_of(sys.sim()), HasSubstr("NOT in the derivation sequence"));
    show_all(sys);
    sys.restore(whole);
}

TEST(Damage, CallStackThatLoops)
{
    System sys;
    build_world(sys);
    Snapshot whole = sys.snapshot();
    for (struct thread *t = sys.kernel()->threads; t != nullptr; t = t->all_next) {
        if (t->reply != nullptr) {
            t->reply->prev = t->reply;
        }
    }
    show_all(sys);
    sys.restore(whole);
}

TEST(Damage, PageTablesThatPointAtEachOther)
{
    System sys;
    build_world(sys);
    Snapshot whole = sys.snapshot();
    struct page_table *root = sys.cap_at(kVSpace).table;
    for (uint64_t &entry : root->entries) {
        entry = pte_table(ram_paddr(sys.kernel(), root));
    }
    std::string text = text_of(sys.sim());
    EXPECT_THAT(text, HasSubstr("Problems"));
    show_all(sys);
    sys.restore(whole);
}

TEST(Damage, PageTableOutsideOfRam)
{
    System sys;
    Snapshot whole = sys.snapshot();
    sys.cap_at(kVSpace).table->entries[5] = pte_table(0x12345000);
    EXPECT_THAT(text_of(sys.sim()),
                HasSubstr("address space 1 has a table at 0x12345000, not in RAM"));
    show_all(sys);
    sys.restore(whole);
}

TEST(Damage, EveryWordOfAThread)
{
    System sys;
    build_world(sys);
    Snapshot whole = sys.snapshot();
    struct thread *thread = sys.kernel()->threads;
    for (size_t at = 0; at < offsetof(struct thread, fpu); at += 8) {
        for (uint64_t value : {uint64_t{0}, UINT64_MAX, uint64_t{0x0101010101010101}}) {
            memcpy(reinterpret_cast<char *>(thread) + at, &value, 8);
            show_all(sys);
        }
        sys.restore(whole);
    }
}

TEST(Damage, NothingInTheKernelsState)
{
    System sys;
    Snapshot whole = sys.snapshot();
    for (int byte : {0, 0xFF, 0x80, 0x01}) {
        memset(static_cast<void *>(sys.kernel()), byte, sizeof(struct kernel));
        show_all(sys);
        sys.restore(whole);
    }
}
