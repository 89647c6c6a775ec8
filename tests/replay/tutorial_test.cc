/* SPDX-License-Identifier: BSD-2-Clause */

/* This program's kernel has the bug that docs/tutorial.md plants: the trace that the tutorial ends
 * with finds it. (Without the bug it passes: replay_test.) */
#include "tests/replay/replay.h"

#include "tests/support/core.h"

namespace albireo {

namespace {

TEST(Tutorial, TheTraceFindsThePlantedBug)
{
    std::string trace = replay_read("tests/replay/stale-reply.trace");
    std::string complaint = replay_complaint(trace);
    if (!replay_fits(trace)) {
        EXPECT_NE(std::string::npos, complaint.find("the trace is of a")) << complaint;
        return;
    }
    EXPECT_NE(std::string::npos, complaint.find("event 11: kernel panic: invariant R2 violated"))
        << complaint;
}

} // namespace

} // namespace albireo
