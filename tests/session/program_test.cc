/* SPDX-License-Identifier: BSD-2-Clause */

/* Sessions with a program: running, recording, replaying, and every way to differ. */
#include <chrono>
#include <random>
#include <thread>

#include "core/config.h"

#include "tests/session/support.h"

namespace albireo {
namespace {

constexpr uint32_t kRounds = 300;

struct ProgramTest : ::testing::Test {
    TempFile file{"counting.elf", counting_elf(kRounds)};
    struct trace_header header = program_header(file.path());

    Recorded recorded()
    {
        return record(header, {nullptr, TRACE_PROGRAM, 0});
    }
};

bool has(const std::string &text, const std::string &part)
{
    return text.find(part) != std::string::npos;
}

/* Replays to the end, which must be `end`, and gives the complaint. */
std::string replayed(const std::string &text, enum session_end expected,
                     struct session_options options = {})
{
    TracePtr trace = parse(text);
    SessionPtr session = replay(trace.get(), options);
    enum session_end end = SESSION_EVENT;
    while (end == SESSION_EVENT) {
        end = session_step(session.get());
    }
    EXPECT_EQ(end, expected) << complaint(session.get());
    EXPECT_EQ(session_step(session.get()), end) << "it is over";
    return complaint(session.get());
}

TEST_F(ProgramTest, MakesOneEventAtATime)
{
    struct session_options options = {};
    struct session_error error = {};
    SessionPtr session(session_boot(&header, &options, &error));
    ASSERT_NE(session, nullptr) << error.text;
    EXPECT_EQ(session_last(session.get()), nullptr);
    for (uint64_t n = 1; n <= 10; n++) {
        ASSERT_EQ(session_step(session.get()), SESSION_EVENT);
        EXPECT_EQ(session_events(session.get()), n);
        EXPECT_EQ(sim_events(session_sim(session.get())), n);
    }
    EXPECT_EQ(complaint(session.get()), "");
}

TEST_F(ProgramTest, SaysWhyItEnds)
{
    Recorded r = recorded();
    EXPECT_GT(r.events, kRounds);
    EXPECT_TRUE(has(r.complaint, "nothing will ever wake them")) << r.complaint;
    EXPECT_TRUE(has(r.text, "\nend " + std::to_string(r.events) + " idle")) << r.text;
}

TEST_F(ProgramTest, ObserversSeeEachEventOnce)
{
    struct session_options options = {};
    struct session_error error = {};
    SessionPtr session(session_boot(&header, &options, &error));
    ASSERT_NE(session, nullptr) << error.text;
    std::vector<uint64_t> seen;
    session_observe(
        session.get(),
        [](void *context, const struct trace_event *event) {
            static_cast<std::vector<uint64_t> *>(context)->push_back(event->number);
        },
        &seen);
    ASSERT_EQ(session_goto(session.get(), 20), SESSION_EVENT);
    ASSERT_EQ(session_goto(session.get(), 5), SESSION_EVENT);
    ASSERT_EQ(session_goto(session.get(), 22), SESSION_EVENT);
    ASSERT_EQ(seen.size(), 22u);
    for (uint64_t i = 0; i < seen.size(); i++) {
        EXPECT_EQ(seen[i], i + 1);
    }
}

TEST_F(ProgramTest, TwoRunsAreTheSame)
{
    EXPECT_EQ(recorded().text, recorded().text);
}

TEST_F(ProgramTest, ReplaysWhatItRecorded)
{
    Recorded r = recorded();
    EXPECT_EQ(replayed(r.text, SESSION_END), "");
}

TEST_F(ProgramTest, ReplaysARecordingOfAReplay)
{
    Recorded r = recorded();
    TracePtr trace = parse(r.text);
    SessionPtr session = replay(trace.get());
    char *text = nullptr;
    size_t size = 0;
    struct session_recording recording = {open_memstream(&text, &size), TRACE_CALLS, 0};
    ASSERT_TRUE(session_record(session.get(), &recording));
    /* Going back and forth leaves no mark in it. */
    ASSERT_EQ(session_goto(session.get(), 50), SESSION_EVENT);
    ASSERT_EQ(session_goto(session.get(), 10), SESSION_EVENT);
    ASSERT_EQ(session_goto(session.get(), r.events), SESSION_EVENT);
    struct session_error error = {};
    ASSERT_TRUE(session_record_end(session.get(), &error)) << error.text;
    fclose(recording.file);
    session.reset();
    EXPECT_EQ(replayed(std::string(text, size), SESSION_END), "");
    free(text);
}

TEST_F(ProgramTest, KeepsOnlyTheLastEvents)
{
    Recorded all = recorded();
    Recorded last = record(header, {nullptr, TRACE_PROGRAM, 7});
    ASSERT_EQ(last.events, all.events);
    TracePtr trace = parse(last.text);
    EXPECT_EQ(trace_header(trace.get())->first, all.events - 6);
    EXPECT_EQ(last.text.substr(last.text.find("\n" + std::to_string(all.events) + " ")),
              all.text.substr(all.text.find("\n" + std::to_string(all.events) + " ")));
    EXPECT_EQ(replayed(last.text, SESSION_END), "");
    std::string wrong = replayed(edited(last.text, all.events - 6, "#", "#f"), SESSION_BAD_TRACE);
    EXPECT_TRUE(has(wrong, "line ")) << wrong;
    /* There may be fewer events than asked for. */
    Recorded few = record(header, {nullptr, TRACE_PROGRAM, 1000000});
    EXPECT_EQ(few.text, all.text);
}

/* --- Differences ------------------------------------------------------------------------------ */

TEST_F(ProgramTest, FindsAnotherCall)
{
    Recorded r = recorded();
    std::string why = replayed(edited(r.text, 5, "NBSend", "Send"), SESSION_DIFFERENT);
    EXPECT_TRUE(has(why, "event 5 (line ")) << why;
    EXPECT_TRUE(has(why, "asks for something else")) << why;
    EXPECT_TRUE(has(why, ": Send 0x")) << why;
    EXPECT_TRUE(has(why, ": NBSend 0x")) << why;
}

TEST_F(ProgramTest, FindsAnotherOutcome)
{
    Recorded r = recorded();
    std::string why = replayed(edited(r.text, 6, " = ", " = blocked and "), SESSION_DIFFERENT);
    EXPECT_TRUE(has(why, "event 6 (line ")) << why;
    EXPECT_TRUE(has(why, "answers something else")) << why;
}

TEST_F(ProgramTest, FindsAnotherTime)
{
    Recorded r = recorded();
    size_t at = r.text.find("\n7 @");
    ASSERT_NE(at, std::string::npos);
    std::string text = r.text;
    text[at + 10] = text[at + 10] == '9' ? '8' : static_cast<char>(text[at + 10] + 1);
    std::string why = replayed(text, SESSION_DIFFERENT);
    EXPECT_TRUE(has(why, "event 7 (line ")) << why;
    EXPECT_TRUE(has(why, "another time")) << why;
}

TEST_F(ProgramTest, FindsAnotherThread)
{
    Recorded r = recorded();
    std::string why = replayed(edited(r.text, 8, "@8", "@9"), SESSION_DIFFERENT);
    EXPECT_TRUE(has(why, "another thread") || has(why, "another time")) << why;
}

std::string with_another_hash(const std::string &text, uint64_t number)
{
    size_t line = text.find("\n" + std::to_string(number) + " @");
    size_t hash = text.find('#', line);
    std::string changed = text;
    changed[hash + 1] = changed[hash + 1] == '0' ? '1' : '0';
    return changed;
}

TEST_F(ProgramTest, FindsAnotherStateBehindTheSameAnswer)
{
    Recorded r = recorded();
    std::string text = with_another_hash(r.text, 9);
    std::string why = replayed(text, SESSION_DIFFERENT);
    EXPECT_TRUE(has(why, "event 9 (line ")) << why;
    EXPECT_TRUE(has(why, "the same answer, but the kernel's state")) << why;
    struct session_options options = {};
    options.no_hashes = true;
    EXPECT_EQ(replayed(text, SESSION_END, options), "");
}

TEST_F(ProgramTest, FindsAnotherBoot)
{
    Recorded r = recorded();
    size_t at = r.text.find("boot=") + 5;
    std::string text = r.text;
    text[at] = text[at] == '0' ? '1' : '0';
    std::string why = replayed(text, SESSION_DIFFERENT);
    EXPECT_TRUE(has(why, "event 0")) << why;
}

TEST_F(ProgramTest, FindsThatTheSystemStopsEarly)
{
    Recorded r = recorded();
    std::string last = std::to_string(r.events);
    std::string more = std::to_string(r.events + 1);
    std::string line = "\n" + more + " @9999999 *: Yield\nend " + more + " ";
    std::string text = with_header(r.text, "\nend " + last + " ", line);
    std::string why = replayed(text, SESSION_DIFFERENT);
    EXPECT_TRUE(has(why, "event " + more)) << why;
    EXPECT_TRUE(has(why, "the system has stopped")) << why;
}

TEST_F(ProgramTest, FindsThatTheSystemGoesOn)
{
    Recorded part = record(header, {nullptr, TRACE_PROGRAM, 0}, 20);
    EXPECT_EQ(replayed(part.text, SESSION_END), "");
    std::string why =
        replayed(with_header(part.text, "end 20 stopped", "end 20 halted"), SESSION_DIFFERENT);
    EXPECT_TRUE(has(why, "the system goes on")) << why;
}

TEST_F(ProgramTest, FindsThatTheSystemGoesOnAfterBoot)
{
    Recorded none = record(header, {nullptr, TRACE_PROGRAM, 0}, 0);
    std::string why =
        replayed(with_header(none.text, "end 0 stopped", "end 0 halted"), SESSION_DIFFERENT);
    EXPECT_TRUE(has(why, "event 1: ")) << why;
    EXPECT_TRUE(has(why, "the system goes on:\n    NBSend 0x")) << why;
}

TEST_F(ProgramTest, FindsThatTheSystemEndsInAnotherWay)
{
    Recorded r = recorded();
    std::string why = replayed(with_header(r.text, " idle: ", " halted\n#"), SESSION_DIFFERENT);
    EXPECT_TRUE(has(why, "here the end is")) << why;
}

TEST_F(ProgramTest, GoesBackFromADifference)
{
    Recorded r = recorded();
    TracePtr trace = parse(edited(r.text, 40, "NBSend", "Send"));
    SessionPtr session = replay(trace.get());
    ASSERT_EQ(session_goto(session.get(), 100), SESSION_DIFFERENT);
    EXPECT_EQ(session_events(session.get()), 40u);
    ASSERT_EQ(session_goto(session.get(), 38), SESSION_EVENT);
    EXPECT_EQ(complaint(session.get()), "");
    EXPECT_EQ(session_last(session.get())->number, 38u);
    EXPECT_EQ(session_step(session.get()), SESSION_EVENT);
    EXPECT_EQ(session_step(session.get()), SESSION_DIFFERENT);
}

TEST_F(ProgramTest, MalformedLinesAreFoundWhenTheyAreReached)
{
    Recorded r = recorded();
    TracePtr trace = parse(edited(r.text, 30, ": ", "; "));
    SessionPtr session = replay(trace.get());
    EXPECT_EQ(session_goto(session.get(), 29), SESSION_EVENT);
    EXPECT_EQ(session_step(session.get()), SESSION_BAD_TRACE);
    EXPECT_TRUE(has(complaint(session.get()), "line ")) << complaint(session.get());
    EXPECT_EQ(session_events(session.get()), 29u);
}

/* --- Back ------------------------------------------------------------------------------------- */

struct Moment {
    uint64_t hash, now, instructions;
};

Moment moment(const struct session *session)
{
    const struct sim *sim = session_sim(session);
    return {trace_state_hash(sim), sim_now(sim), sim_instructions(sim)};
}

TEST_F(ProgramTest, GoesBackAndForth)
{
    Recorded r = recorded();
    TracePtr trace = parse(r.text);
    SessionPtr session = replay(trace.get());
    std::vector<Moment> moments = {moment(session.get())};
    while (session_step(session.get()) == SESSION_EVENT) {
        moments.push_back(moment(session.get()));
    }
    ASSERT_EQ(moments.size(), r.events + 1);
    std::mt19937_64 random(1);
    for (int i = 0; i < 60; i++) {
        uint64_t to = random() % moments.size();
        ASSERT_EQ(session_goto(session.get(), to), SESSION_EVENT) << complaint(session.get());
        Moment now = moment(session.get());
        ASSERT_EQ(session_events(session.get()), to);
        ASSERT_EQ(now.hash, moments[to].hash);
        ASSERT_EQ(now.now, moments[to].now);
        ASSERT_EQ(now.instructions, moments[to].instructions);
        ASSERT_EQ(session_last(session.get()) == nullptr, to == 0);
        if (to != 0) {
            ASSERT_EQ(session_last(session.get())->number, to);
        }
    }
}

/* What is printed comes once, however often it is repeated; the kept text is always that of the
 * moment. */
TEST(Console, GoesBackWithTheSystem)
{
    struct trace_header header = native_header();
    struct session_error error = {};
    struct session_options options = {};
    char *text = nullptr;
    size_t size = 0;
    options.console = open_memstream(&text, &size);
    SessionPtr session(session_boot(&header, &options, &error));
    ASSERT_NE(session, nullptr) << error.text;
    std::vector<std::string> consoles = {sim_console(session_sim(session.get()))};
    while (session_step(session.get()) == SESSION_EVENT) {
        consoles.push_back(sim_console(session_sim(session.get())));
    }
    EXPECT_EQ(consoles.back().size() > consoles.front().size(), CONFIG_DEBUG != 0);
    for (uint64_t to : {70u, 0u, 60u, 3u, 89u}) {
        ASSERT_EQ(session_goto(session.get(), to), SESSION_EVENT);
        EXPECT_EQ(sim_console(session_sim(session.get())), consoles[to]) << to;
    }
    fflush(options.console);
    EXPECT_EQ(std::string(text, size), consoles.back());
    session.reset();
    fclose(options.console);
    free(text);
}

TEST_F(ProgramTest, OneStepBackAtATime)
{
    Recorded r = recorded();
    TracePtr trace = parse(r.text);
    SessionPtr session = replay(trace.get());
    ASSERT_EQ(session_goto(session.get(), 200), SESSION_EVENT);
    std::vector<Moment> moments;
    for (uint64_t n = 200; n > 150; n--) {
        moments.push_back(moment(session.get()));
        ASSERT_EQ(session_goto(session.get(), n - 1), SESSION_EVENT);
    }
    for (uint64_t n = 151; n <= 200; n++) {
        ASSERT_EQ(session_step(session.get()), SESSION_EVENT);
        EXPECT_EQ(moment(session.get()).hash, moments[200 - n].hash);
    }
}

TEST_F(ProgramTest, ForwardsOnlyCannotGoBack)
{
    Recorded r = recorded();
    TracePtr trace = parse(r.text);
    struct session_options options = {};
    options.forwards_only = true;
    SessionPtr session = replay(trace.get(), options);
    ASSERT_EQ(session_goto(session.get(), 20), SESSION_EVENT);
    EXPECT_EQ(session_goto(session.get(), 10), SESSION_STOPPED);
    EXPECT_TRUE(has(complaint(session.get()), "no snapshot")) << complaint(session.get());
}

/* --- Device trees ----------------------------------------------------------------------------- */

TEST_F(ProgramTest, ATreeMayBeAnywhere)
{
    for (enum trace_kind kind : {TRACE_PROGRAM, TRACE_CALLS}) {
        for (bool given : {true, false}) {
            if (!given) {
                header.machine.dtb_paddr = header.machine.image_paddr = 0;
            }
            Recorded r = record(header, {nullptr, kind, 0}, 10);
            EXPECT_EQ(has(r.text.substr(r.text.find("\ntree ")), "paddr="), given);
            EXPECT_EQ(replayed(r.text, SESSION_END), "");
        }
        header = program_header(file.path());
    }
}

/* --- Stopping --------------------------------------------------------------------------------- */

/* A loop without end, and the trace of a clock that ticks after so many instructions. */
std::string looping_trace(const std::string &recorded, const std::string &instructions)
{
    std::string text = recorded.substr(0, recorded.find("\n1 @"));
    size_t clock = text.find('\n', text.find("\nclock ") + 1);
    return text.substr(0, clock) + " recorded" + text.substr(clock) +
           "\n1 *: timer | at pc=0x10000 cycles=900000000000000+" + instructions +
           "\nend 1 stopped\n";
}

TEST(LongRun, CanBeInterruptedAndGoesOn)
{
    std::string elf = counting_elf(1);
    elf.replace(0x1000, 4, std::string("\x6f\0\0\0", 4)); /* j . */
    TempFile file("looping.elf", elf);
    Recorded r = record(program_header(file.path()), {nullptr, TRACE_PROGRAM, 0}, 1);
    for (const char *instructions : {"67108864", "18446744073709551615"}) {
        bool ends = instructions[0] == '6';
        TracePtr trace = parse(looping_trace(r.text, instructions));
        SessionPtr session = replay(trace.get());
        for (int i = 0; i < (ends ? 1 : 3); i++) {
            std::thread other([&session] {
                std::this_thread::sleep_for(std::chrono::milliseconds(10));
                session_interrupt(session.get());
            });
            EXPECT_EQ(session_step(session.get()), SESSION_STOPPED);
            other.join();
            EXPECT_EQ(complaint(session.get()), "interrupted");
            EXPECT_EQ(session_events(session.get()), 0u);
        }
        uint64_t done = sim_instructions(session_sim(session.get()));
        EXPECT_GT(done, 0u);
        EXPECT_EQ(done % (1 << 24), 0u);
        if (ends) {
            EXPECT_EQ(session_step(session.get()), SESSION_EVENT) << complaint(session.get());
            EXPECT_EQ(sim_instructions(session_sim(session.get())), 67108864u);
        }
    }
}

TEST_F(ProgramTest, InterruptedByASignal)
{
    struct session_options options = {};
    struct session_error error = {};
    SessionPtr session(session_boot(&header, &options, &error));
    ASSERT_NE(session, nullptr) << error.text;
    char *text = nullptr;
    size_t size = 0;
    struct session_recording recording = {open_memstream(&text, &size), TRACE_PROGRAM, 0};
    ASSERT_TRUE(session_record(session.get(), &recording));
    ASSERT_EQ(session_step(session.get()), SESSION_EVENT);
    session_interrupt(session.get());
    EXPECT_EQ(session_step(session.get()), SESSION_STOPPED);
    EXPECT_EQ(complaint(session.get()), "interrupted");
    EXPECT_EQ(session_step(session.get()), SESSION_EVENT) << "it can go on";
    session_interrupt(session.get());
    EXPECT_EQ(session_step(session.get()), SESSION_STOPPED);
    ASSERT_TRUE(session_record_end(session.get(), &error)) << error.text;
    fclose(recording.file);
    EXPECT_TRUE(has(std::string(text, size), "\nend 2 interrupted\n")) << text;
    free(text);
}

TEST_F(ProgramTest, AFullDiskIsNoticed)
{
    struct session_options options = {};
    struct session_error error = {};
    SessionPtr session(session_boot(&header, &options, &error));
    ASSERT_NE(session, nullptr) << error.text;
    FILE *full = fopen("/dev/full", "w");
    ASSERT_NE(full, nullptr);
    struct session_recording recording = {full, TRACE_PROGRAM, 0};
    ASSERT_TRUE(session_record(session.get(), &recording));
    ASSERT_EQ(session_goto(session.get(), 3), SESSION_EVENT);
    EXPECT_FALSE(session_record_end(session.get(), &error));
    EXPECT_STREQ(error.text, "the trace could not be written");
    fclose(full);
}

} // namespace
} // namespace albireo
