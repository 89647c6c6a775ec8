// SPDX-License-Identifier: BSD-2-Clause

// kernel_check() reports each violation by its number in docs/INVARIANTS.md, and survives any
// state.

#include <cctype>
#include <fstream>
#include <random>
#include <set>

#include "gtest/gtest.h"
#include "tests/core/check_cases.h"

Edit::~Edit()
{
    for (auto it = saved_.rbegin(); it != saved_.rend(); ++it) {
        memcpy(it->place, it->bytes.data(), it->bytes.size());
    }
}

void Edit::save(void *place, size_t size)
{
    const uint8_t *bytes = static_cast<const uint8_t *>(place);
    saved_.push_back({place, std::vector<uint8_t>(bytes, bytes + size)});
}

void Edit::unlink(struct slot &slot)
{
    set(cdt_prev(state_.k, &slot)->next, slot.next);
    if (slot.next != 0) {
        set(cdt_next(state_.k, &slot)->prev, slot.prev);
    }
}

void Edit::move_slot(struct slot &from, struct slot &to)
{
    uint32_t number = ram_slot_number(state_.k, &to);
    set(cdt_prev(state_.k, &from)->next, number);
    if (from.next != 0) {
        set(cdt_next(state_.k, &from)->prev, number);
    }
    set(to, from);
    set_bytes(from, 0);
}

static std::string name_of(const Case &c)
{
    return std::string(c.invariant) + ", " + c.what;
}

// For GoogleTest, instead of the bytes.
void PrintTo(const Case &c, std::ostream *out)
{
    *out << name_of(c);
}

namespace {

// One state for all tests: every change to it is taken back.
Rich &rich()
{
    static Rich state;
    return state;
}

class CheckTest : public testing::TestWithParam<Case> {};

TEST_P(CheckTest, ReportsTheViolationByItsNumber)
{
    Rich &state = rich();
    {
        Edit edit(state);
        GetParam().apply(state, edit);
        EXPECT_EQ(state.check(), GetParam().invariant)
            << "case: " << name_of(GetParam()) << "; reported: " << state.failure.what;
    }
    ASSERT_EQ(state.check(), "ok") << "the change was not taken back";
}

std::string test_name(const testing::TestParamInfo<Case> &info)
{
    std::string name = name_of(info.param);
    for (char &c : name) {
        c = isalnum(static_cast<unsigned char>(c)) ? c : '_';
    }
    return name;
}

INSTANTIATE_TEST_SUITE_P(Memory, CheckTest, testing::ValuesIn(memory_cases), test_name);
INSTANTIATE_TEST_SUITE_P(Threads, CheckTest, testing::ValuesIn(thread_cases), test_name);

TEST(Check, AcceptsAStateWithEverythingInIt)
{
    EXPECT_EQ(rich().check(), "ok") << rich().failure.what;
}

TEST(Check, AcceptsAFreshlyBootedKernel)
{
    Booted state;
    EXPECT_EQ(state.check(), "ok") << state.failure.what;
}

// Numbers as the document defines them: "**C1**" at the start of a list item.
std::set<std::string> documented()
{
    std::set<std::string> numbers;
    std::ifstream file("docs/INVARIANTS.md");
    const std::string mark = "* **";
    for (std::string line; std::getline(file, line);) {
        if (line.compare(0, mark.size(), mark) != 0) {
            continue;
        }
        std::string number = line.substr(mark.size(), line.find("**", mark.size()) - mark.size());
        EXPECT_TRUE(numbers.insert(number).second) << number << " is defined twice";
    }
    return numbers;
}

TEST(Check, EveryDocumentedInvariantIsViolatedByATest)
{
    std::set<std::string> tested;
    if (!CONFIG_FPU) {
        tested.insert("F3"); // Cannot be violated without violating F1.
    }
    for (const auto *cases : {&memory_cases, &thread_cases}) {
        for (const Case &c : *cases) {
            tested.insert(c.invariant);
        }
    }
    EXPECT_EQ(documented(), tested);
}

TEST(Check, SaysWhenItHasTooLittleScratchMemory)
{
    Rich &state = rich();
    std::vector<uint64_t> words(kernel_check_scratch(state.k));
    struct check_failure failure;
    EXPECT_TRUE(kernel_check(state.k, {words.data(), words.size()}, &failure));
    EXPECT_FALSE(kernel_check(state.k, {words.data(), words.size() - 1}, &failure));
    EXPECT_STREQ(failure.invariant, "C0");
}

TEST(Check, ChangesNothing)
{
    Rich &state = rich();
    Word end = state.cap(state.memory).paddr + state.cap(state.memory).free_index * 16;
    const uint8_t *from = state.ram.at<uint8_t>(state.k->ram_base);
    const uint8_t *to = state.ram.at<uint8_t>(end);
    std::vector<uint8_t> before(from, to);
    EXPECT_EQ(state.check(), "ok");
    EXPECT_EQ(memcmp(from, before.data(), before.size()), 0);
}

// What the check trusts (core/check_internal.h), and what it never looks at.
bool is_trusted(const struct kernel *k, const void *place)
{
    return place == &k->window || place == &k->slot_base || place == &k->ram_base ||
           place == &k->ram_top;
}

// Words of the kernel and of all objects it manages.
class Words {
  public:
    explicit Words(Rich &state)
    {
        add(state.k, offsetof(struct kernel, counters));
        for (const struct slot *slot = &state.k->cdt_root; slot != nullptr;
             slot = cdt_next(state.k, slot)) {
            uint64_t base, size;
            bool has_memory = slot->cap.type != CAP_NULL && slot->cap.type != CAP_UNTYPED &&
                              cap_region(state.k, &slot->cap, &base, &size);
            if (has_memory && slot->cap.type != CAP_FRAME) {
                add(state.ram.at<void>(base), size < 8192 ? size : 8192);
            }
        }
    }

    uint64_t *pick(std::mt19937_64 &random, const struct kernel *k) const
    {
        for (;;) {
            const auto &range = ranges_[random() % ranges_.size()];
            uint64_t *word = range.first + random() % range.second;
            if (!is_trusted(k, word)) {
                return word;
            }
        }
    }

  private:
    void add(void *start, size_t size)
    {
        ranges_.push_back({static_cast<uint64_t *>(start), size / 8});
    }
    std::vector<std::pair<uint64_t *, size_t>> ranges_;
};

uint64_t mutate(std::mt19937_64 &random, uint64_t old, uint64_t other)
{
    switch (random() % 7) {
    case 0:
        return old ^ (uint64_t{1} << random() % 64);
    case 1:
        return other;
    case 2:
        return random() % 512;
    case 3:
        return old + (random() % 65) * 8 - 256;
    case 4: {
        uint64_t shift = random() % 8 * 8;
        return (old & ~(uint64_t{0xff} << shift)) | (random() & 0xff) << shift;
    }
    case 5:
        return (old & 0xffffffff00000000u) | (other & 0xffffffffu);
    default:
        return random();
    }
}

TEST(Check, SurvivesAnyStateAndFindsMostDamage)
{
    Rich &state = rich();
    Words words(state);
    const int rounds = 30000;
    int found = 0;

    for (int seed = 0; seed < rounds; seed++) {
        SCOPED_TRACE("seed " + std::to_string(seed));
        std::mt19937_64 random(static_cast<uint64_t>(seed));
        Edit edit(state);
        for (uint64_t i = random() % 4 + 1; i > 0; i--) {
            uint64_t *word = words.pick(random, state.k);
            edit.set(*word, mutate(random, *word, *words.pick(random, state.k)));
        }
        if (state.check() != "ok") {
            EXPECT_NE(state.failure.what, nullptr);
            found++;
        }
    }
    ASSERT_EQ(state.check(), "ok");
    EXPECT_GT(found, rounds / 3); // Registers, names and the like may have any value.
    RecordProperty("found", found);
}

} // namespace
