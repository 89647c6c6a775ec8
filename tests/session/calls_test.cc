/* SPDX-License-Identifier: BSD-2-Clause */

/* Sessions without a program: calls traces, recorded and written by hand. */
#include "tests/session/support.h"

namespace albireo {
namespace {

bool has(const std::string &text, const std::string &part)
{
    return text.find(part) != std::string::npos;
}

struct CallsTest : ::testing::Test {
    Recorded recorded = record(native_header(), {nullptr, TRACE_CALLS, 0});

    /* How a replay ends, and why. */
    std::pair<enum session_end, std::string> replayed(const std::string &text)
    {
        TracePtr trace = parse(text);
        SessionPtr session = replay(trace.get());
        enum session_end end = session_goto(session.get(), UINT64_MAX);
        return {end, complaint(session.get())};
    }

    /* The number of the first event whose line has this in it. */
    uint64_t event_with(const std::string &part) const
    {
        size_t at = recorded.text.find(part);
        EXPECT_NE(at, std::string::npos) << part;
        return std::stoull(recorded.text.substr(recorded.text.rfind('\n', at) + 1));
    }
};

TEST_F(CallsTest, ReplaysANativeSystemWithoutItsCode)
{
    EXPECT_TRUE(has(recorded.text, "TCB_SetPriority"));
    EXPECT_TRUE(has(recorded.text, "ReplyRecv"));
    EXPECT_TRUE(has(recorded.text, "fault breakpoint"));
    auto [end, why] = replayed(recorded.text);
    EXPECT_EQ(end, SESSION_END) << why;
}

TEST_F(CallsTest, GoesBackAndForth)
{
    TracePtr trace = parse(recorded.text);
    SessionPtr session = replay(trace.get());
    std::vector<uint64_t> hashes = {trace_state_hash(session_sim(session.get()))};
    while (session_step(session.get()) == SESSION_EVENT) {
        hashes.push_back(trace_state_hash(session_sim(session.get())));
    }
    for (uint64_t to : {80u, 3u, 57u, 56u, 0u, 90u, 1u}) {
        ASSERT_EQ(session_goto(session.get(), to), SESSION_EVENT);
        EXPECT_EQ(trace_state_hash(session_sim(session.get())), hashes[to]) << to;
    }
}

TEST_F(CallsTest, ADroppedEventLeavesAnotherThreadRunning)
{
    /* The first call of the client: without it the server is not woken. */
    auto [end, why] = replayed(without(recorded.text, event_with("label=0 words=[0] |")));
    EXPECT_EQ(end, SESSION_DIFFERENT);
    EXPECT_TRUE(has(why, "the trace says that this comes from server@")) << why;
    EXPECT_TRUE(has(why, "but the current thread is client@")) << why;
}

TEST_F(CallsTest, AnotherArgumentHasAnotherOutcome)
{
    uint64_t number = event_with("priority=300");
    auto [end, why] = replayed(edited(recorded.text, number, "priority=300", "priority=30"));
    EXPECT_EQ(end, SESSION_DIFFERENT);
    EXPECT_TRUE(has(why, "event " + std::to_string(number) + " (line ")) << why;
    EXPECT_TRUE(has(why, "answers something else")) << why;
    EXPECT_TRUE(has(why, "error RangeError")) << why;
}

TEST_F(CallsTest, ADifferenceSaysNoMoreThanTheLine)
{
    std::string header = recorded.text.substr(0, recorded.text.find("\nhashes ") + 1);
    auto [end, why] =
        replayed(header + "1 *: Call 1 TCB_SetPriority(authority=1, priority=300) = ok\n"
                          "end 1 stopped\n");
    EXPECT_EQ(end, SESSION_DIFFERENT);
    EXPECT_TRUE(has(why, "the trace says  Call 0x1 TCB_SetPriority(") ||
                has(why, "the trace says  Call 1 TCB_SetPriority("))
        << why;
    EXPECT_FALSE(has(why, "any thread")) << why;
    EXPECT_FALSE(has(why, "says  @0")) << why;
}

/* A tree that may be anywhere is not reserved: in a replay neither. */
TEST(Calls, ATreeWithoutAPlaceOfItsOwn)
{
    std::vector<uint8_t> tree(5000, 0x5A);
    struct trace_header header = native_header();
    header.dtb = tree.data();
    header.dtb_size = tree.size();
    Recorded r = record(header, {nullptr, TRACE_CALLS, 0});
    TracePtr trace = parse(r.text);
    SessionPtr session = replay(trace.get());
    EXPECT_EQ(session_goto(session.get(), UINT64_MAX), SESSION_END) << complaint(session.get());
}

TEST_F(CallsTest, WordsThatCannotBeUnderstood)
{
    uint64_t number = event_with("TCB_SetPriority(");
    auto [end, why] =
        replayed(edited(recorded.text, number, "TCB_SetPriority(", "TCB_SetPiority("));
    EXPECT_EQ(end, SESSION_BAD_TRACE);
    EXPECT_TRUE(has(why, "line ")) << why;
    EXPECT_TRUE(has(why, "TCB_SetPiority")) << why;
}

/* The header of a recorded trace, for events of one's own. */
std::string header_of(const std::string &text)
{
    size_t hashes = text.find("\nhashes ");
    size_t events = text.find("\n1 ");
    return text.substr(0, std::min(hashes, events) + 1);
}

TEST_F(CallsTest, WrittenByHand)
{
    std::string header = header_of(recorded.text);
    std::string events = "1 *: Call 0x1 TCB_SetPriority(authority=1, priority=0x32) = ok\n"
                         "2 *: Call 1 TCB_SetPriority(authority=1, priority=300)\n"
                         "3 *: Yield\n"
                         "end 3 stopped\n";
    auto [end, why] = replayed(header + events);
    EXPECT_EQ(end, SESSION_END) << why;
}

TEST_F(CallsTest, NumbersOfOutcomesMayBeInAnyBase)
{
    std::string header = header_of(recorded.text);
    std::string call = "1 *: Call 1 TCB_SetPriority(authority=1, priority=300)";
    TracePtr trace = parse(header + call + "\nend 1 stopped\n");
    SessionPtr session = replay(trace.get());
    ASSERT_EQ(session_step(session.get()), SESSION_EVENT);
    std::string outcome = session_last(session.get())->outcome;
    size_t at = outcome.find("255");
    ASSERT_NE(at, std::string::npos) << outcome;
    session.reset();
    outcome.replace(at, 3, "0xff");
    auto [end, why] = replayed(header + call + " = " + outcome + "\nend 1 stopped\n");
    EXPECT_EQ(end, SESSION_END) << why;
}

TEST_F(CallsTest, NobodyIsThereToMakeACall)
{
    std::string header = header_of(recorded.text);
    auto [end, why] = replayed(header + "1 *: fault load-page at 0x0 address=0x0\n"
                                        "2 *: Yield\n"
                                        "end 2 stopped\n");
    EXPECT_EQ(end, SESSION_DIFFERENT);
    EXPECT_TRUE(has(why, "event 2")) << why;
    EXPECT_TRUE(has(why, "but the current thread is idle")) << why;
}

TEST_F(CallsTest, ARecordingCanBeMadeOfOne)
{
    TracePtr trace = parse(recorded.text);
    SessionPtr session = replay(trace.get());
    char *text = nullptr;
    size_t size = 0;
    struct session_error error = {};
    struct session_recording recording = {open_memstream(&text, &size), TRACE_CALLS, 0};
    ASSERT_TRUE(session_record(session.get(), &recording));
    EXPECT_EQ(session_goto(session.get(), UINT64_MAX), SESSION_END);
    ASSERT_TRUE(session_record_end(session.get(), &error)) << error.text;
    fclose(recording.file);
    session.reset();
    auto [end, why] = replayed(std::string(text, size));
    EXPECT_EQ(end, SESSION_END) << why;
    free(text);
}

} // namespace
} // namespace albireo
