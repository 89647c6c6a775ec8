/* SPDX-License-Identifier: BSD-2-Clause */

/* Every trace in this folder is replayed. It passes if the kernel answers as the trace says, and
 * violates no invariant. */
#include "tests/replay/replay.h"

#include <algorithm>
#include <cctype>
#include <filesystem>
#include <vector>

#include "tests/support/core.h"

namespace albireo {

namespace {

constexpr const char *kFolder = "tests/replay"; /* From the root of the runfiles. */

std::vector<std::string> traces()
{
    std::vector<std::string> found;
    for (const auto &entry : std::filesystem::directory_iterator(kFolder)) {
        if (entry.path().extension() == ".trace") {
            found.push_back(entry.path().stem().string());
        }
    }
    std::sort(found.begin(), found.end());
    return found;
}

std::string test_name(const ::testing::TestParamInfo<std::string> &info)
{
    std::string name = info.param;
    std::replace_if(
        name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
    return name;
}

class Trace : public ::testing::TestWithParam<std::string> {};

/* A trace of a kernel with other settings must be refused, which says which they are. */
TEST_P(Trace, Replays)
{
    std::string text = replay_read(std::string(kFolder) + "/" + GetParam() + ".trace");
    std::string complaint = replay_complaint(text);
    if (replay_fits(text)) {
        EXPECT_EQ("", complaint);
    } else {
        EXPECT_NE(std::string::npos, complaint.find("the trace is of a")) << complaint;
    }
}

INSTANTIATE_TEST_SUITE_P(Bugs, Trace, ::testing::ValuesIn(traces()), test_name);

/* What the tests above would say. */
constexpr const char kGood[] = R"(albireo-trace 1
kind calls
1 *: Call 2 CNode_Delete(index=0x100, depth=64) = ok
2 *: Call 2 CNode_Delete(index=0x100, depth=70) = error RangeError (1..64)
end 2 written by hand
)";

std::string replaced(std::string text, const std::string &from, const std::string &to)
{
    size_t at = text.find(from);
    EXPECT_NE(std::string::npos, at) << from;
    return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

/* With this kernel's own settings. */
std::string good_trace()
{
    std::string config = std::string("kind calls\nconfig ") + (CONFIG_DEBUG ? "debug" : "release") +
                         (CONFIG_FPU ? " fpu" : " no-fpu") +
                         " domains=" + std::to_string(CONFIG_DOMAINS) +
                         " cores=" + std::to_string(CONFIG_CORES) + "\n";
    return replaced(kGood, "kind calls\n", config);
}

TEST(Replay, IsContentWithWhatTheKernelDoes)
{
    EXPECT_TRUE(replay_fits(good_trace()));
    EXPECT_EQ("", replay_complaint(good_trace()));
}

TEST(Replay, ComplainsOfAnAnswerThatIsNotTheTraces)
{
    std::string complaint =
        replay_complaint(replaced(good_trace(), "= ok", "= error IllegalOperation"));
    EXPECT_NE(std::string::npos, complaint.find("event 1")) << complaint;
    EXPECT_NE(std::string::npos, complaint.find("error IllegalOperation")) << complaint;
}

TEST(Replay, ComplainsOfWhatIsNoTrace)
{
    EXPECT_NE("", replay_complaint("something else"));
    EXPECT_NE("", replay_complaint(""));
    EXPECT_NE("", replay_complaint_of_file("tests/replay/no.such.trace"));
    EXPECT_FALSE(replay_fits("something else"));
}

TEST(Replay, ComplainsOfAnotherConfiguration)
{
    std::string other =
        replaced(good_trace(), CONFIG_FPU ? " fpu" : " no-fpu", CONFIG_FPU ? " no-fpu" : " fpu");
    EXPECT_FALSE(replay_fits(other));
    EXPECT_NE(std::string::npos, replay_complaint(other).find("FPU"));
}

} // namespace

} // namespace albireo
