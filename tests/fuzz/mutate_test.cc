/* SPDX-License-Identifier: BSD-2-Clause */

/* Random inputs and mutations: the same from the same seed, within bounds, of all there is. */
#include "fuzz/api/mutate.h"

#include <algorithm>
#include <cstring>
#include <set>

#include <gtest/gtest.h>

#include "abi/api.h"

extern "C" {
void *afl_custom_init(void *afl, unsigned int seed);
void afl_custom_deinit(void *data);
size_t afl_custom_fuzz(void *data, uint8_t *buffer, size_t size, uint8_t **out,
                       uint8_t *other_buffer, size_t other_size, size_t max_size);
int32_t afl_custom_init_trim(void *data, uint8_t *buffer, size_t size);
size_t afl_custom_trim(void *data, uint8_t **out);
int32_t afl_custom_post_trim(void *data, uint8_t success);
}

namespace albireo {

namespace {

constexpr uint32_t kMax = INPUT_EVENTS_MAX;

struct input random_input(uint32_t events, uint64_t seed)
{
    struct input input;
    std::memset(&input, 0xEE, sizeof input); /* All of it is to be overwritten. */
    mutate_random(&input, events, seed);
    return input;
}

bool same(const struct input &a, const struct input &b)
{
    return std::memcmp(&a, &b, sizeof a) == 0;
}

bool same_event(const struct input_event &a, const struct input_event &b)
{
    return std::memcmp(&a, &b, sizeof a) == 0;
}

/* It is what its bytes are decoded to. */
void expect_canonical(const struct input &input)
{
    uint8_t bytes[INPUT_SIZE_MAX];
    struct input again;
    ASSERT_LE(input.count, kMax);
    size_t size = input_encode(&input, bytes);
    ASSERT_LE(size, static_cast<size_t>(INPUT_SIZE_MAX));
    input_decode(bytes, size, &again);
    EXPECT_TRUE(same(input, again));
}

TEST(MutateRandom, IsTheSameFromTheSameSeed)
{
    for (uint64_t seed = 0; seed < 50; seed++) {
        EXPECT_TRUE(same(random_input(32, seed), random_input(32, seed)));
        EXPECT_FALSE(same(random_input(32, seed), random_input(32, seed + 1)));
    }
}

TEST(MutateRandom, HasUpToSoManyEvents)
{
    EXPECT_EQ(random_input(0, 7).count, 0u);
    std::set<uint32_t> counts;
    for (uint64_t seed = 0; seed < 300; seed++) {
        struct input input = random_input(16, seed);
        expect_canonical(input);
        counts.insert(input.count);
    }
    EXPECT_EQ(*counts.begin(), 1u);
    EXPECT_EQ(*counts.rbegin(), 16u);
    EXPECT_EQ(counts.size(), 16u);
    expect_canonical(random_input(1000, 3));
}

TEST(MutateRandom, UsesEverythingThereIs)
{
    std::set<int> kinds;
    std::set<uint32_t> labels, topologies;
    std::set<bool> whos;
    std::set<uint8_t> modes;
    for (uint64_t seed = 0; seed < 400; seed++) {
        struct input input = random_input(kMax, seed);
        topologies.insert(input.config.topology % 4);
        for (uint32_t i = 0; i < input.count; i++) {
            const struct input_event &event = input.events[i];
            kinds.insert(input_kind_of(event.what));
            whos.insert(event.who != 0);
            if (input_kind_of(event.what) == INPUT_INVOKE) {
                labels.insert(input_label(&event));
            }
            for (const struct input_selector &selector : event.selectors) {
                modes.insert(selector.mode);
            }
        }
    }
    EXPECT_EQ(kinds.size(), static_cast<size_t>(INPUT_KINDS));
    EXPECT_EQ(labels.size(), static_cast<size_t>(ABI_LABEL_COUNT - 1));
    EXPECT_EQ(topologies.size(), 4u);
    EXPECT_EQ(whos.size(), 2u);
    EXPECT_EQ(modes.size(), 256u);
}

/* Runs of dependent events name the same slots again; single events would hardly ever. */
TEST(MutateRandom, NamesTheSameAgain)
{
    uint32_t again = 0;
    uint32_t all = 0;
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct input input = random_input(kMax, seed);
        for (uint32_t i = 1; i < input.count; i++) {
            all++;
            for (const struct input_selector &a : input.events[i - 1].selectors) {
                again += std::any_of(std::begin(input.events[i].selectors),
                                     std::end(input.events[i].selectors),
                                     [&a](const struct input_selector &b) {
                                         return a.mode == 0 && a.pick >= 40 && b.mode == 0 &&
                                                b.pick == a.pick;
                                     })
                             ? 1
                             : 0;
            }
        }
    }
    EXPECT_GT(again * 100 / all, 15u);
}

TEST(Mutate, IsTheSameFromTheSameSeed)
{
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct input a = random_input(20, 5);
        struct input b = a;
        mutate(&a, seed);
        mutate(&b, seed);
        EXPECT_TRUE(same(a, b));
    }
}

TEST(Mutate, MostlyChangesSomething)
{
    uint32_t changed = 0;
    for (uint64_t seed = 0; seed < 1000; seed++) {
        struct input a = random_input(20, seed);
        struct input b = a;
        mutate(&b, seed);
        changed += same(a, b) ? 0 : 1;
    }
    EXPECT_GT(changed, 900u);
}

TEST(Mutate, StaysWithinBoundsHoweverLong)
{
    for (uint32_t start : {0u, 1u, kMax}) {
        struct input whole = random_input(start, 1);
        for (uint64_t seed = 2; whole.count < start; seed++) {
            whole = random_input(start, seed);
        }
        struct input input = whole;
        uint32_t least = kMax;
        uint32_t most = 0;
        for (uint64_t seed = 0; seed < 20000; seed++) {
            /* Some mutations begin anew: a long input does not stay one for long. */
            input = seed % 4 == 0 ? whole : input;
            mutate(&input, seed);
            least = std::min(least, input.count);
            most = std::max(most, input.count);
            if (seed % 100 == 0) {
                expect_canonical(input);
            }
        }
        EXPECT_GT(most, start == kMax ? kMax - 1 : 20u);
        EXPECT_LE(most, kMax);
        EXPECT_LT(least, 100u);
    }
}

/* Every byte of an event, and of the configuration, is changed sooner or later by itself. */
TEST(Mutate, ReachesEveryByte)
{
    std::set<size_t> events, config;
    struct input base = random_input(1, 9);
    base.count = 1;
    for (uint64_t seed = 0; seed < 5000; seed++) {
        struct input input = base;
        mutate(&input, seed);
        for (size_t i = 0; i < sizeof base.config; i++) {
            if (reinterpret_cast<uint8_t *>(&base.config)[i] !=
                reinterpret_cast<uint8_t *>(&input.config)[i]) {
                config.insert(i);
            }
        }
        for (size_t i = 0; input.count == 1 && i < sizeof base.events[0]; i++) {
            if (reinterpret_cast<uint8_t *>(base.events)[i] !=
                reinterpret_cast<uint8_t *>(input.events)[i]) {
                events.insert(i);
            }
        }
    }
    EXPECT_EQ(events.size(), static_cast<size_t>(INPUT_EVENT));
    EXPECT_EQ(config.size(), static_cast<size_t>(INPUT_HEADER) - sizeof base.config.spare);
}

/* But for those that begin anew, in a world where nothing has happened. */
TEST(Mutate, KeepsMostOfALongInput)
{
    uint32_t kept = 0;
    uint32_t anew = 0;
    struct input base = random_input(kMax, 11);
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct input input = base;
        mutate(&input, seed);
        uint32_t before = kept;
        for (uint32_t i = 0; i < base.count; i++) {
            kept += std::any_of(input.events, input.events + input.count,
                                [&](const struct input_event &event) {
                                    return same_event(event, base.events[i]);
                                })
                        ? 1
                        : 0;
        }
        anew += kept == before ? 1 : 0;
    }
    EXPECT_GT(anew, 200u / 8);
    EXPECT_LT(anew, 200u / 2);
    EXPECT_GT(kept, (200 - anew) * base.count * 8 / 10);
}

TEST(Splice, HasPartsOfBothInOrder)
{
    uint32_t both = 0;
    struct input one = {}, other = {};
    one.count = other.count = 40;
    for (uint8_t i = 0; i < 40; i++) {
        one.events[i].how = static_cast<uint8_t>(1 + i);
        other.events[i].how = static_cast<uint8_t>(101 + i);
    }
    for (uint64_t seed = 0; seed < 500; seed++) {
        struct input out;
        mutate_splice(&out, &one, &other, seed);
        expect_canonical(out);
        uint8_t last_one = 0, last_other = 100;
        for (uint32_t i = 0; i < out.count; i++) {
            uint8_t &last = out.events[i].how > 100 ? last_other : last_one;
            EXPECT_GT(out.events[i].how, last);
            last = out.events[i].how;
        }
        both += last_one != 0 && last_other != 100 ? 1 : 0;
    }
    EXPECT_GT(both, 300u);
}

TEST(Splice, OfFullAndEmptyInputs)
{
    struct input full = random_input(kMax, 1);
    struct input empty = random_input(0, 2);
    full.count = kMax;
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct input out;
        mutate_splice(&out, &full, &full, seed);
        expect_canonical(out);
        mutate_splice(&out, &empty, &full, seed);
        expect_canonical(out);
        mutate_splice(&out, &full, &empty, seed);
        expect_canonical(out);
        mutate_splice(&out, &empty, &empty, seed);
        EXPECT_EQ(out.count, 0u);
    }
}

/* --- AFL++'s interface ------------------------------------------------------------------------ */

class Afl : public ::testing::Test {
  protected:
    void SetUp() override
    {
        data_ = afl_custom_init(nullptr, 7);
        ASSERT_NE(data_, nullptr);
        size_ = encode(random_input(20, 3), bytes_);
        other_size_ = encode(random_input(20, 4), other_);
    }
    void TearDown() override
    {
        afl_custom_deinit(data_);
    }
    static size_t encode(const struct input &input, uint8_t *bytes)
    {
        return input_encode(&input, bytes);
    }
    static struct input decode(const uint8_t *bytes, size_t size)
    {
        struct input input;
        input_decode(bytes, size, &input);
        return input;
    }

    void *data_ = nullptr;
    uint8_t bytes_[INPUT_SIZE_MAX], other_[INPUT_SIZE_MAX];
    size_t size_ = 0, other_size_ = 0;
};

TEST_F(Afl, MutatesAndSplices)
{
    uint32_t mixed = 0;
    struct input other = decode(other_, other_size_);
    for (uint32_t n = 0; n < 400; n++) {
        uint8_t *out = nullptr;
        size_t size = afl_custom_fuzz(data_, bytes_, size_, &out, other_, other_size_, 4096);
        ASSERT_NE(out, nullptr);
        struct input made = decode(out, size);
        expect_canonical(made);
        mixed += std::any_of(made.events, made.events + made.count,
                             [&](const struct input_event &event) {
                                 return same_event(event, other.events[other.count - 1]);
                             })
                     ? 1
                     : 0;
    }
    EXPECT_GT(mixed, 10u);
    EXPECT_LT(mixed, 100u);
}

TEST_F(Afl, KeepsToTheSizeAllowed)
{
    for (size_t most : {0u, 1u, 8u, 50u, 100u}) {
        for (uint32_t n = 0; n < 100; n++) {
            uint8_t *out = nullptr;
            EXPECT_LE(afl_custom_fuzz(data_, bytes_, size_, &out, nullptr, 0, most), most);
        }
    }
}

/* Trimming asks for one event after the other; what was refused stays. */
TEST_F(Afl, TrimsByEvents)
{
    struct input base = decode(bytes_, size_);
    int32_t steps = afl_custom_init_trim(data_, bytes_, size_);
    EXPECT_EQ(steps, static_cast<int32_t>(base.count));
    struct input kept = base;
    for (int32_t step = 0; step < steps;) {
        uint8_t *out = nullptr;
        size_t size = afl_custom_trim(data_, &out);
        EXPECT_LE(size, size_);
        struct input tried = decode(out, size);
        EXPECT_EQ(tried.count, kept.count - 1);
        bool success = step % 2 == 0;
        kept = success ? tried : kept;
        int32_t next = afl_custom_post_trim(data_, success ? 1 : 0);
        EXPECT_EQ(next, step + 1);
        step = next;
    }
    EXPECT_EQ(kept.count, base.count - (base.count + 1) / 2);
}

} // namespace

} // namespace albireo
