/* SPDX-License-Identifier: BSD-2-Clause */

/* This program's kernel has the bug by which made.input finds something: the trace that `fuzz_input
 * trace` makes of it meets the same violated invariant at its last event.
 */
#include <gtest/gtest.h>

#include "tests/replay/replay.h"

namespace albireo {

namespace {

TEST(MadeTrace, EndsAsTheInputDoes)
{
    std::string trace = replay_read("tests/fuzz/made.trace");
    size_t end = trace.rfind("\nend ");
    ASSERT_NE(end, std::string::npos);
    std::string last = std::to_string(std::stoul(trace.substr(end + 5)));
    std::string complaint = replay_complaint(trace);
    std::string expected = "event " + last + ": kernel panic: invariant R2 violated: a thread with";
    EXPECT_EQ(complaint.substr(0, expected.size()), expected) << complaint;
}

} // namespace

} // namespace albireo
