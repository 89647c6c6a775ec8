/* SPDX-License-Identifier: BSD-2-Clause */

/* This program's kernel has the bug that docs/tutorial.md plants: the trace that the tutorial ends
 * with finds it. (Without the bug it passes: replay_test.) */
#include "tests/replay/replay.h"

#include "hosted/session/session.h"
#include "hosted/trace/trace.h"
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

/* A trace may leave open what comes of its last call; a panic is not it. */
TEST(Tutorial, APanicThatTheTraceDoesNotTellIsADifference)
{
    std::string text = replay_read("tests/replay/stale-reply.trace");
    size_t outcome = text.find(" = ok", text.find("\n11 "));
    ASSERT_NE(outcome, std::string::npos);
    text.erase(outcome, text.find('\n', outcome) - outcome);
    if (!replay_fits(text)) {
        return;
    }
    struct trace_error wrong = {};
    struct session_error error = {};
    struct trace *trace = trace_parse(text.data(), text.size(), &wrong);
    ASSERT_NE(trace, nullptr) << wrong.text;
    struct session_options options = {};
    options.any_build = true;
    options.check_every = 1;
    struct session *session = session_replay(trace, &options, &error);
    ASSERT_NE(session, nullptr) << error.text;
    enum session_end end = SESSION_EVENT;
    while (end == SESSION_EVENT) {
        end = session_step(session);
    }
    EXPECT_EQ(end, SESSION_DIFFERENT);
    std::string complaint = session_complaint(session);
    EXPECT_NE(std::string::npos, complaint.find("kernel panic: invariant R2")) << complaint;
    session_close(session);
    trace_close(trace);
}

} // namespace

} // namespace albireo
