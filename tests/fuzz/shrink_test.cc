/* SPDX-License-Identifier: BSD-2-Clause */

/* Shrinking, with tests that are made up: what is left is what they ask for, and no more. */
#include "fuzz/api/shrink.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <functional>
#include <thread>

#include <gtest/gtest.h>

#include "fuzz/api/mutate.h"

namespace albireo {

namespace {

using Predicate = std::function<bool(const struct input &)>;

bool ask(void *context, const struct input *input)
{
    return (*static_cast<Predicate *>(context))(*input);
}

struct shrink_totals shrunk(struct input *input, Predicate predicate, uint64_t trials = 0)
{
    struct shrink_totals totals = {};
    EXPECT_TRUE(predicate(*input));
    const struct shrink_limits limits = {trials, 0};
    shrink(input, ask, &predicate, &limits, &totals);
    EXPECT_TRUE(predicate(*input));
    EXPECT_EQ(totals.events_after, input->count);
    return totals;
}

/* Events that nothing needs, with something in every byte. */
struct input noise(uint32_t events)
{
    struct input input = {};
    std::memset(&input.config, 0x77, sizeof input.config);
    std::memset(input.config.spare, 0, sizeof input.config.spare);
    input.count = events;
    for (uint32_t i = 0; i < events; i++) {
        std::memset(&input.events[i], 0x55, sizeof input.events[i]);
    }
    return input;
}

/* Positions of events with this mark, in order. */
bool has_marks(const struct input &input, std::initializer_list<uint8_t> marks)
{
    const uint8_t *next = marks.begin();
    for (uint32_t i = 0; i < input.count && next != marks.end(); i++) {
        next += input.events[i].how == *next ? 1 : 0;
    }
    return next == marks.end();
}

struct input with_marks(uint32_t events, std::initializer_list<std::pair<uint32_t, uint8_t>> marks)
{
    struct input input = noise(events);
    for (auto [at, mark] : marks) {
        input.events[at].how = mark;
    }
    return input;
}

bool all_zero(const void *at, size_t size)
{
    const auto *bytes = static_cast<const uint8_t *>(at);
    return std::all_of(bytes, bytes + size, [](uint8_t byte) { return byte == 0; });
}

TEST(Shrink, LeavesNothingOfWhatNothingNeeds)
{
    struct input input = noise(INPUT_EVENTS_MAX);
    struct shrink_totals totals = shrunk(&input, [](const struct input &) { return true; });
    EXPECT_EQ(totals.events_before, static_cast<uint32_t>(INPUT_EVENTS_MAX));
    EXPECT_EQ(input.count, 0u);
    EXPECT_TRUE(all_zero(&input, sizeof input));
}

TEST(Shrink, KeepsOneEventAndZeroesTheRestOfIt)
{
    struct input input = with_marks(100, {{63, 200}});
    shrunk(&input, [](const struct input &i) { return has_marks(i, {200}); });
    ASSERT_EQ(input.count, 1u);
    EXPECT_EQ(input.events[0].how, 200);
    input.events[0].how = 0;
    EXPECT_TRUE(all_zero(&input, offsetof(struct input, count)));
    EXPECT_TRUE(all_zero(input.events, sizeof input.events));
}

TEST(Shrink, KeepsEventsThatNeedEachOtherInTheirOrder)
{
    struct input input = with_marks(120, {{2, 3}, {59, 1}, {60, 4}, {119, 2}});
    struct shrink_totals totals = shrunk(&input, [](const struct input &i) {
        return has_marks(i, {3, 1, 4, 2});
    });
    ASSERT_EQ(input.count, 4u);
    EXPECT_EQ(input.events[0].how, 3);
    EXPECT_EQ(input.events[3].how, 2);
    EXPECT_LT(totals.trials, 1000u);
}

/* Leaving out the second makes the first one superfluous. */
TEST(Shrink, ComesBackToEventsThatWereNeededBefore)
{
    struct input input = with_marks(40, {{5, 7}, {30, 9}});
    shrunk(&input, [](const struct input &i) {
        bool user = has_marks(i, {9});
        return !user || has_marks(i, {7, 9});
    });
    EXPECT_EQ(input.count, 0u);
}

TEST(Shrink, LowersBytesAsFarAsTheyGo)
{
    struct input input = noise(3);
    input.events[1].selectors[4].pick = 201;
    input.events[1].which = 90;
    shrunk(&input, [](const struct input &i) {
        const struct input_event *end = i.events + i.count;
        return std::any_of(i.events, end, [](const struct input_event &event) {
            return event.selectors[4].pick >= 137 && event.which >= 33;
        });
    });
    ASSERT_EQ(input.count, 1u);
    EXPECT_EQ(input.events[0].selectors[4].pick, 137);
    EXPECT_EQ(input.events[0].which, 33);
    EXPECT_EQ(input.events[0].who, 0);
}

TEST(Shrink, KeepsTheKindByItsSmallestByte)
{
    struct input input = noise(2);
    input.events[1].what = static_cast<uint8_t>(input_what(INPUT_SEND) + 5);
    shrunk(&input, [](const struct input &i) {
        return std::any_of(i.events, i.events + i.count, [](const struct input_event &event) {
            return input_kind_of(event.what) == INPUT_SEND;
        });
    });
    ASSERT_EQ(input.count, 1u);
    EXPECT_EQ(input.events[0].what, input_what(INPUT_SEND));
}

TEST(Shrink, KeepsTheConfigurationThatIsNeeded)
{
    struct input input = noise(4);
    shrunk(&input, [](const struct input &i) { return i.config.poll == 0x77; });
    EXPECT_EQ(input.count, 0u);
    EXPECT_EQ(input.config.poll, 0x77);
    input.config.poll = 0;
    EXPECT_TRUE(all_zero(&input.config, sizeof input.config));
}

TEST(Shrink, StopsAfterSoManyTrials)
{
    struct input input = with_marks(100, {{10, 1}, {90, 2}});
    uint64_t asked = 0;
    struct shrink_totals totals = shrunk(
        &input,
        [&asked](const struct input &i) {
            asked++;
            return has_marks(i, {1, 2});
        },
        7);
    EXPECT_EQ(totals.trials, 7u);
    EXPECT_EQ(asked, 7u + 2u); /* Before and after. */
}

/* Of tests that take their time, as of an input that does not end: what there is by then is
 * kept. */
TEST(Shrink, StopsAfterSoManySecondsWithTheBestSoFar)
{
    struct input input = with_marks(INPUT_EVENTS_MAX, {{10, 1}, {90, 2}});
    Predicate slow = [](const struct input &i) {
        std::this_thread::sleep_for(std::chrono::milliseconds(300));
        return has_marks(i, {1, 2});
    };
    const struct shrink_limits limits = {0, 1};
    struct shrink_totals totals = {};
    auto start = std::chrono::steady_clock::now();
    shrink(&input, ask, &slow, &limits, &totals);
    std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
    EXPECT_LT(took.count(), 10);
    EXPECT_GE(totals.trials, 1u);
    EXPECT_LT(totals.trials, 20u);
    EXPECT_TRUE(has_marks(input, {1, 2}));
}

/* The result is as it would be decoded: nothing hides behind the last event. */
TEST(Shrink, ResultsAreCanonical)
{
    for (uint64_t seed = 0; seed < 20; seed++) {
        struct input input;
        mutate_random(&input, 60, seed);
        uint32_t before = input.count;
        shrunk(&input, [before](const struct input &i) { return i.count * 3 >= before; });
        uint8_t bytes[INPUT_SIZE_MAX];
        struct input again;
        input_decode(bytes, input_encode(&input, bytes), &again);
        EXPECT_EQ(std::memcmp(&input, &again, sizeof input), 0);
    }
}

TEST(SameText, NumbersDoNotCount)
{
    EXPECT_TRUE(shrink_same_text("", ""));
    EXPECT_TRUE(shrink_same_text("thread at 0x80401000: 5 of 7", "thread at 0x1: 50 of 71234"));
    EXPECT_TRUE(shrink_same_text("0xABCDEF", "12"));
    EXPECT_TRUE(shrink_same_text("core/cdt.c:12: bad", "core/cdt.c:340: bad"));
}

TEST(SameText, WordsDo)
{
    EXPECT_FALSE(shrink_same_text("a", ""));
    EXPECT_FALSE(shrink_same_text("", "a"));
    EXPECT_FALSE(shrink_same_text("bound 5", "found 5"));
    EXPECT_FALSE(shrink_same_text("5 bytes", "5 beads"));
    EXPECT_FALSE(shrink_same_text("at 5", "at"));
    EXPECT_FALSE(shrink_same_text("at 5", "at 5 and 6"));
}

/* An invariant's number belongs to its name. */
TEST(SameText, DigitsOfNamesDo)
{
    EXPECT_FALSE(shrink_same_text("invariant R1 violated", "invariant R2 violated"));
    EXPECT_FALSE(shrink_same_text("x1", "x11"));
    EXPECT_TRUE(shrink_same_text("invariant R1 at 3", "invariant R1 at 4"));
    EXPECT_FALSE(shrink_same_text("3bytes", "3beads"));
}

} // namespace

} // namespace albireo
