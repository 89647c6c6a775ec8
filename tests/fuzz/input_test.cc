/* SPDX-License-Identifier: BSD-2-Clause */
#include "fuzz/api/input.h"

#include <cstdlib>
#include <cstring>
#include <random>
#include <string>
#include <vector>

#include "abi/api.h"
#include "gtest/gtest.h"

namespace albireo {
namespace {

using Bytes = std::vector<uint8_t>;

struct input decoded(const Bytes &bytes)
{
    struct input input;
    input_decode(bytes.data(), bytes.size(), &input);
    return input;
}

Bytes encoded(const struct input &input)
{
    Bytes bytes(INPUT_SIZE_MAX);
    bytes.resize(input_encode(&input, bytes.data()));
    return bytes;
}

bool same(const struct input &a, const struct input &b)
{
    return std::memcmp(&a, &b, sizeof a) == 0;
}

/* Bytes of which many are zero, of any size up to beyond the longest input. */
Bytes random_bytes(std::mt19937_64 &random)
{
    Bytes bytes(random() % (INPUT_SIZE_MAX + 40));
    for (uint8_t &byte : bytes) {
        byte = static_cast<uint8_t>(random() % 2 == 0 ? 0 : random());
    }
    return bytes;
}

std::string printed(const struct input &input)
{
    char *text = nullptr;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    input_print(&input, file);
    std::fclose(file);
    std::string result(text, size);
    std::free(text);
    return result;
}

TEST(Input, EveryStringOfBytesDecodesAndWhatItMeansSurvivesEncoding)
{
    std::mt19937_64 random(1);
    for (int i = 0; i < 3000; i++) {
        Bytes bytes = random_bytes(random);
        struct input input = decoded(bytes);
        Bytes again = encoded(input);
        EXPECT_TRUE(same(input, decoded(again)));
        EXPECT_LE(again.size(), bytes.size());
        EXPECT_EQ(again, encoded(decoded(again)));
    }
}

TEST(Input, TheEncodingIsTheShortestOne)
{
    std::mt19937_64 random(2);
    for (int i = 0; i < 1000; i++) {
        struct input input = decoded(random_bytes(random));
        Bytes shorter = encoded(input);
        if (!shorter.empty()) {
            shorter.pop_back();
            EXPECT_FALSE(same(input, decoded(shorter)));
        }
    }
}

TEST(Input, TheNumberOfEventsFollowsFromTheSize)
{
    EXPECT_EQ(0u, decoded({}).count);
    EXPECT_EQ(0u, decoded(Bytes(INPUT_HEADER)).count);
    EXPECT_EQ(1u, decoded(Bytes(INPUT_HEADER + 1)).count);
    EXPECT_EQ(1u, decoded(Bytes(INPUT_HEADER + INPUT_EVENT)).count);
    EXPECT_EQ(2u, decoded(Bytes(INPUT_HEADER + INPUT_EVENT + 1)).count);
    EXPECT_EQ(uint32_t{INPUT_EVENTS_MAX}, decoded(Bytes(INPUT_SIZE_MAX + 1000)).count);
}

TEST(Input, EventsOfZerosKeepTheirPlace)
{
    struct input input = decoded(Bytes(INPUT_HEADER + 3 * INPUT_EVENT));
    EXPECT_EQ(3u, input.count);
    EXPECT_EQ(size_t{INPUT_HEADER + 2 * INPUT_EVENT + 1}, encoded(input).size());
    EXPECT_TRUE(encoded(decoded(Bytes(INPUT_HEADER))).empty());
}

TEST(Input, FieldsAreInTheOrderOfTheBytes)
{
    Bytes bytes(INPUT_HEADER + INPUT_EVENT);
    for (size_t i = 0; i < bytes.size(); i++) {
        bytes[i] = static_cast<uint8_t>(i + 1);
    }
    struct input input = decoded(bytes);
    EXPECT_EQ(1, input.config.topology);
    EXPECT_EQ(6, input.config.start);
    EXPECT_EQ(0, input.config.spare[0]);
    EXPECT_EQ(9, input.events[0].what);
    EXPECT_EQ(12, input.events[0].how);
    EXPECT_EQ(13, input.events[0].selectors[0].mode);
    EXPECT_EQ(24, input.events[0].selectors[5].pick);
}

TEST(Input, EveryKindHasABytePickedAsOftenAsItsWeight)
{
    std::vector<int> count(INPUT_KINDS);
    for (int what = 0; what < 256; what++) {
        count[input_kind_of(static_cast<uint8_t>(what))]++;
    }
    for (uint32_t kind = 0; kind < INPUT_KINDS; kind++) {
        auto k = static_cast<enum input_kind>(kind);
        EXPECT_EQ(k, input_kind_of(input_what(k)));
        EXPECT_GE(count[kind], 1) << input_kind_name(k);
    }
    EXPECT_NEAR(0.45, count[INPUT_INVOKE] / 256.0, 0.02);
    EXPECT_NEAR(
        0.25, (count[INPUT_SEND] + count[INPUT_RECEIVE] + count[INPUT_SEND_RECEIVE]) / 256.0, 0.02);
}

TEST(Input, EveryLabelCanBeMeant)
{
    std::vector<int> count(ABI_LABEL_COUNT);
    for (int which = 0; which < 256; which++) {
        struct input_event event = {};
        event.which = static_cast<uint8_t>(which);
        count[input_label(&event)]++;
    }
    EXPECT_EQ(0, count[ABI_LABEL_INVALID]);
    for (uint32_t label = 1; label < ABI_LABEL_COUNT; label++) {
        struct input_event event = {};
        event.which = input_which(label);
        EXPECT_EQ(label, input_label(&event));
        EXPECT_GE(count[label], 5) << label;
    }
}

TEST(Input, IsPrintedALineForEachEvent)
{
    struct input input = decoded(Bytes(INPUT_HEADER + 2 * INPUT_EVENT));
    input.events[1].what = input_what(INPUT_TIME);
    input.events[1].selectors[0] = {3, 4};
    EXPECT_EQ("topology 0, poll 0, entry ticks 0, access ticks 0, tlb 0, start 0\n"
              "  1: invoke Untyped_Retype, who 0, how 0, 0/0 0/0 0/0 0/0 0/0 0/0\n"
              "  2: time 0, who 0, how 0, 3/4 0/0 0/0 0/0 0/0 0/0\n",
              printed(input));
}

} // namespace
} // namespace albireo
