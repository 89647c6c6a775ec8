/* SPDX-License-Identifier: BSD-2-Clause */

/* Conditions to stop at, and the prompt. */
#include <cinttypes>

#include "hosted/session/replay.h"
#include "tests/session/support.h"

namespace albireo {
namespace {

bool has(const std::string &text, const std::string &part)
{
    return text.find(part) != std::string::npos;
}

struct MovingTest : ::testing::Test {
    Recorded recorded = record(native_header(), {nullptr, TRACE_CALLS, 0});
    TracePtr trace = parse(recorded.text);
    SessionPtr session = replay(trace.get());
    struct replay moves = {};

    void SetUp() override
    {
        moves.session = session.get();
        moves.last = trace_events(trace.get());
    }
    void TearDown() override
    {
        replay_free(&moves);
    }

    /* Stops there the next time; "" if it never happens. */
    std::string stopped_by(const std::string &words)
    {
        struct session_error error = {};
        replay_free(&moves);
        struct condition *condition = condition_parse(words.c_str(), &error);
        EXPECT_NE(condition, nullptr) << error.text;
        EXPECT_TRUE(replay_add(&moves, condition, &error)) << error.text;
        enum replay_end end = replay_to(&moves, UINT64_MAX);
        EXPECT_TRUE(end == REPLAY_BREAK || end == REPLAY_END);
        return end == REPLAY_BREAK ? moves.why.text : "";
    }
    std::string last_line() const
    {
        const struct trace_event *event = session_last(session.get());
        return std::string(event->who.name) + ": " + event->what + " = " + event->outcome;
    }
    std::string asked(const std::string &commands, enum replay_end *end = nullptr)
    {
        std::string input = commands;
        char *text = nullptr;
        size_t size = 0;
        FILE *in = fmemopen(&input[0], input.size(), "r");
        FILE *out = open_memstream(&text, &size);
        enum replay_end last = replay_prompt(&moves, REPLAY_THERE, in, out);
        fclose(in);
        fclose(out);
        std::string answer(text, size);
        free(text);
        if (end != nullptr) {
            *end = last;
        }
        return answer;
    }
};

TEST_F(MovingTest, WhatIsNoCondition)
{
    for (const char *words :
         {"", "foo", "blocksserver", "runs", "deletes", "deletes xyz", "deletes 80 1", "writes",
          "writes 80400000:", "writes 80400000:0", "writes 80400000:9999999999", "writes :8",
          "error Nonsense", "calls", "calls TCB_", "calls Yeld", "panic now", "panics",
          "blocks 0123456789012345678901234567890123456789012345678901234567890123456789"}) {
        struct session_error error = {};
        EXPECT_EQ(condition_parse(words, &error), nullptr) << words;
        EXPECT_TRUE(has(error.text, "is no condition")) << error.text;
    }
    for (const char *name :
         {"blocks", "runs", "deletes", "writes", "error", "calls", "fault", "panic"}) {
        EXPECT_TRUE(has(condition_help(), std::string("  ") + name)) << name;
    }
}

TEST_F(MovingTest, WritesMustMeanRam)
{
    struct session_error error = {};
    struct condition *condition = condition_parse("writes 1000:8", &error);
    ASSERT_NE(condition, nullptr);
    EXPECT_FALSE(replay_add(&moves, condition, &error));
    EXPECT_TRUE(has(error.text, "no RAM")) << error.text;
}

TEST_F(MovingTest, Blocks)
{
    std::string why = stopped_by("blocks");
    EXPECT_TRUE(has(why, "server@") && has(why, "blocked on receive")) << why;
    why = stopped_by("blocks client");
    EXPECT_TRUE(has(why, "client@") && has(why, "blocked on reply")) << why;
    EXPECT_TRUE(has(last_line(), "client: Call")) << last_line();
    EXPECT_EQ(stopped_by("blocks nobody"), "");
}

TEST_F(MovingTest, Runs)
{
    std::string why = stopped_by("runs client");
    ASSERT_TRUE(has(why, "client@") && has(why, " runs")) << why;
    uint64_t first = session_events(session.get());
    /* By address, and by both. */
    std::string both = why.substr(0, why.find(' '));
    EXPECT_NE(stopped_by("runs " + both), "");
    EXPECT_GT(session_events(session.get()), first);
    EXPECT_NE(stopped_by("runs " + both.substr(both.find('@') + 1)), "");
    EXPECT_EQ(stopped_by("runs 12345678"), "");
}

TEST_F(MovingTest, DeletesAndWrites)
{
    std::string why = stopped_by("runs client");
    std::string tcb = why.substr(why.find('@') + 1, why.find(' ') - why.find('@') - 1);
    ASSERT_EQ(session_goto(session.get(), 0), SESSION_EVENT);
    why = stopped_by("deletes " + tcb);
    EXPECT_TRUE(has(why, "0x" + tcb) && has(why, ": 0, before 1")) << why;
    EXPECT_TRUE(has(last_line(), "CNode_Delete")) << last_line();
    ASSERT_EQ(session_goto(session.get(), 0), SESSION_EVENT);
    why = stopped_by("writes 0x" + tcb + ":1024");
    EXPECT_TRUE(has(why, "changes from 0x")) << why;
    EXPECT_TRUE(has(last_line(), "Untyped_Retype") || has(last_line(), "TCB_")) << last_line();
}

TEST_F(MovingTest, ErrorsCallsFaults)
{
    std::string why = stopped_by("error RangeError");
    EXPECT_TRUE(has(why, "error RangeError")) << why;
    EXPECT_TRUE(has(last_line(), "priority=300")) << last_line();
    EXPECT_EQ(stopped_by("error DeleteFirst"), "");
    ASSERT_EQ(session_goto(session.get(), 0), SESSION_EVENT);
    EXPECT_TRUE(has(stopped_by("fault"), "fault breakpoint"));
    ASSERT_EQ(session_goto(session.get(), 0), SESSION_EVENT);
    EXPECT_TRUE(has(stopped_by("fault client"), "fault breakpoint"));
    ASSERT_EQ(session_goto(session.get(), 0), SESSION_EVENT);
    EXPECT_EQ(stopped_by("fault server"), "");
    ASSERT_EQ(session_goto(session.get(), 0), SESSION_EVENT);
    EXPECT_TRUE(has(stopped_by("calls ReplyRecv"), "ReplyRecv"));
    EXPECT_TRUE(has(last_line(), "server: ReplyRecv")) << last_line();
    EXPECT_TRUE(has(stopped_by("calls CNode_Delete"), "CNode_Delete"));
    EXPECT_EQ(stopped_by("panic"), "");
}

TEST_F(MovingTest, SeveralConditions)
{
    struct session_error error = {};
    for (const char *words : {"calls CNode_Delete", "fault", "error RangeError"}) {
        ASSERT_TRUE(replay_add(&moves, condition_parse(words, &error), &error)) << error.text;
    }
    ASSERT_EQ(replay_to(&moves, UINT64_MAX), REPLAY_BREAK);
    EXPECT_TRUE(has(moves.why.text, "fault breakpoint")) << moves.why.text;
    ASSERT_EQ(replay_to(&moves, UINT64_MAX), REPLAY_BREAK);
    EXPECT_TRUE(has(moves.why.text, "CNode_Delete")) << moves.why.text;
    ASSERT_EQ(replay_to(&moves, UINT64_MAX), REPLAY_BREAK);
    EXPECT_TRUE(has(moves.why.text, "error RangeError")) << moves.why.text;
    EXPECT_EQ(replay_to(&moves, UINT64_MAX), REPLAY_END);
    while (moves.condition_count < REPLAY_CONDITIONS) {
        ASSERT_TRUE(replay_add(&moves, condition_parse("panic", &error), &error));
    }
    EXPECT_FALSE(replay_add(&moves, condition_parse("panic", &error), &error));
    EXPECT_TRUE(has(error.text, "more than 16 conditions")) << error.text;
}

TEST_F(MovingTest, ThePromptMoves)
{
    std::string answer = asked("step 3\nback\n\nwhere\nto 5\nq\nstep\n");
    EXPECT_EQ(session_events(session.get()), 5u) << answer;
    std::vector<std::string> starts;
    for (size_t at = 0; at < answer.size(); at = answer.find('\n', at) + 1) {
        starts.push_back(answer.substr(at, answer.find_first_of(" \n", at) - at));
    }
    EXPECT_EQ(starts,
              (std::vector<std::string>{"0:", "event", "1", "2", "3", "2", "1", "1", "event", "5"}))
        << answer;
}

TEST_F(MovingTest, ThePromptStopsAtConditions)
{
    enum replay_end end;
    std::string answer = asked("break fault client\ncontinue\nshow threads\n", &end);
    EXPECT_EQ(end, REPLAY_BREAK);
    EXPECT_TRUE(has(answer, ": fault breakpoint")) << answer;
    EXPECT_TRUE(has(answer, "client@")) << answer;
    answer = asked("continue\n", &end);
    EXPECT_EQ(end, REPLAY_END);
    EXPECT_TRUE(has(answer, "the trace ends after event " + std::to_string(moves.last))) << answer;
    answer = asked("back 3\nto 0\nback\n", &end);
    EXPECT_EQ(end, REPLAY_THERE);
    EXPECT_EQ(session_events(session.get()), 0u);
}

TEST_F(MovingTest, ThePromptExplains)
{
    std::string answer = asked("help\nfoo\nstep x\nto\nshow foo\nbreak foo\nbreak writes 0:8\n");
    for (const char *part :
         {"make the next event happen", "blocks [THREAD]", "unknown command 'foo'",
          "expected a number, not 'x'", "to which event?", "nothing is called 'foo'",
          "'foo' is no condition", "there is no RAM"}) {
        EXPECT_TRUE(has(answer, part)) << part << " in\n" << answer;
    }
}

TEST_F(MovingTest, ThePromptShowsDifferences)
{
    session.reset();
    TracePtr changed = parse(edited(recorded.text, 4, " = ok", " = blocked"));
    SessionPtr other = replay(changed.get());
    moves.session = other.get();
    enum replay_end end;
    std::string answer = asked("continue\n", &end);
    EXPECT_EQ(end, REPLAY_DIFFERENT);
    EXPECT_TRUE(has(answer, "event 4 (line ")) << answer;
    EXPECT_TRUE(has(answer, "answers something else")) << answer;
}

} // namespace
} // namespace albireo
