/* SPDX-License-Identifier: BSD-2-Clause */

/* Lines of events: read, written again, refused. */
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "tests/trace/recording.h"

namespace albireo {
namespace {

/* Lines as they are written. */
const char *const kLines[] = {
    "1 *: timer",
    "1 idle: timer = -> client@80440000",
    "1 @123456789012 @80440000: interrupt 10 = continues",
    "1 *: interrupt 0",
    "1 child_of_'x.y-z'@80440000: Yield = will repeat #0123456789abcdef",
    "1 *: Yield #0123456789abcdef",
    "1 *: Call 0x12 TCB_Resume()",
    "1 *: Call 0x12 TCB_SetPriority(authority=0x1, priority=100)",
    "1 *: Call 0x12 TCB_SetPriority(authority=0x1, priority=100, words=[1, 2], caps=[0x5])",
    "1 *: Call 0x12 TCB_Resume(words=[1], caps=[0x5])",
    "1 *: Call 0x2 CNode_Mint(dest_index=0x10, dest_depth=64, src_root=0x2, src_index=0x3, "
    "src_depth=64, rights=read+write, badge=0xff)",
    "1 *: Call 0x2 CNode_Copy(dest_index=0x10, dest_depth=64, src_root=0x2, src_index=0x3, "
    "src_depth=64, rights=grant-reply)",
    "1 *: Send 0x40 Untyped_Retype(type=RISCV_4K_Page, size_bits=0, root=0x2, node_index=0x0, "
    "node_depth=0, node_offset=0x52, num_objects=1)",
    "1 *: Call 0x12 TCB_WriteRegisters(flags=0, count=32, pc=0x10000, sp=0x20000, tp=5, length=34)",
    "1 *: Call 0x12 (TCB) label=TCB_SetPriority words=[]",
    "1 *: Call 0x12 (endpoint) label=7 words=[1, 2, 3, 4, 5, 0xffffffffffffffff] caps=[0x5, 0x6]",
    "1 *: Call 0x12 (endpoint) label=7 words=[1] length=127 extra=3 unwrapped=7",
    "1 *: Send 0x12 (notification) = done",
    "1 *: NBSend 0x12 (no such slot) label=0 words=[0]",
    "1 *: ReplyRecv 0x20 reply=0x21 label=0 words=[1, 2] = badge=0x7 label=5 words=[]",
    "1 *: NBSendRecv dest=0x5 source=0x20 reply=0x21 (endpoint) label=1 words=[]",
    "1 *: NBSendWait dest=0x5 source=0x20 (notification)",
    "1 *: Recv 0x20 reply=0x21",
    "1 *: NBRecv 0x20 reply=0x21 (null) = nothing",
    "1 *: Wait 0x20",
    "1 *: NBWait 0x20 (endpoint)",
    "1 *: unknown-syscall -33",
    "1 *: unknown-syscall 0x7fffffffffffffff",
    "1 *: DebugPutChar 0x48 'H'",
    "1 *: DebugPutChar 0xa",
    "1 *: DebugDumpScheduler",
    "1 *: DebugHalt = halted",
    "1 *: DebugCapIdentify 0x5 = 4 (endpoint)",
    "1 *: DebugSnapshot",
    "1 *: DebugNameThread 0x5 \"a name \\x3d \\x22x\\x22\"",
    "1 *: DebugNameThread 0x5",
    "1 *: fault load-page at 0x10000 address=0x0",
    "1 *: fault illegal-instruction at 0x10000 address=0x0",
    "1 *: fault cause-10 at 0x10000 address=0xffffffffffffffff",
    "1 *: fault store-access address=0x10",
    "1 *: timer | regs ra=1 t6=0x10000 pc=0x10004 = continues",
    "1 *: timer | memory 0x80000000=1,2,3 0x80000100=0x12345678 = continues",
    "1 *: Yield | poll 1@1000 | poll 5@2000 irq=7",
    "1 *: timer | at pc=0x10004 regs=0123456789abcdef = continues",
    "1 *: Yield | at pc=0x10004",
    "1 *: timer | at pc=0x10004 regs=0123456789abcdef cycles=1000000+84 = continues",
    "1 *: Yield | poll 9@3000 irq=7 pending | at pc=0x10004 cycles=5+0",
    "1 *: timer | regs a0=0 | memory 0x80000000=0 | poll 1@5 | at pc=0x0 = continues "
    "#0000000000000000",
    "1 *: timer = panic: the text = has | all the words",
};

TEST(TraceEvent, EveryShapeComesBackAsItWas)
{
    for (const char *line : kLines) {
        Event event(line);
        EXPECT_EQ(event.line(), line);
    }
}

TEST(TraceEvent, PeopleMayWriteMoreFreely)
{
    const std::pair<const char *, const char *> cases[] = {
        {"1   *:   timer", "1 *: timer"},
        {"1 *: timer = ", "1 *: timer"},
        {"0x1 @0x10 *: timer  |  regs  a0=0x5   pc=16  =  continues  ",
         "1 @16 *: timer | regs a0=5 pc=16 = continues"},
        {"1 *: Call 18 TCB_SetPriority( authority=1 , priority=0x64 )",
         "1 *: Call 18 TCB_SetPriority( authority=1 , priority=0x64 )"},
        {"1 *: timer | memory 2147483648=1 2147483656=2", "1 *: timer | memory 0x80000000=1,2"},
    };
    for (const auto &[line, written] : cases) {
        EXPECT_EQ(Event(line).line(), written);
    }
}

TEST(TraceEvent, TheParts)
{
    Event event("1 @77 bob@80440000: fault store-page at 0x10004 address=0x5000 "
                "| regs a0=9 pc=4 | memory 0x8000=1,2 | poll 2@78 irq=3 "
                "= blocked -> x@1 #00000000000000ff");
    EXPECT_EQ(event->line, 3u);
    EXPECT_EQ(event->number, 1u);
    EXPECT_EQ(event->time, 77u);
    EXPECT_EQ(event->who.paddr, 0x80440000u);
    EXPECT_STREQ(event->who.name, "bob");
    EXPECT_EQ(event->event, SIM_EVENT_FAULT);
    EXPECT_EQ(event->a, 15u);
    EXPECT_EQ(event->b, 0x5000u);
    ASSERT_EQ(event->reg_count, 2u);
    EXPECT_EQ(event->regs[0].at, 10u);
    EXPECT_EQ(event->regs[0].value, 9u);
    EXPECT_EQ(event->regs[1].at, static_cast<uint64_t>(TRACE_PC));
    ASSERT_EQ(event->word_count, 2u);
    EXPECT_EQ(event->words[1].at, 0x8008u);
    EXPECT_EQ(event->words[1].value, 2u);
    ASSERT_EQ(event->poll_count, 1u);
    EXPECT_EQ(event->polls[0].n, 2u);
    EXPECT_EQ(event->polls[0].time, 78u);
    EXPECT_EQ(event->polls[0].irq, 3u);
    EXPECT_STREQ(event->outcome, "blocked -> x@1");
    EXPECT_TRUE(event->has_hash);
    EXPECT_EQ(event->hash, 255u);
    EXPECT_EQ(Event("1 idle: timer")->who.paddr, 0u);
    EXPECT_EQ(Event("1 *: timer")->who.paddr, UINT64_MAX);
    EXPECT_EQ(Event("1 idle@5: timer")->who.paddr, 5u);
    EXPECT_EQ(Event("1 *: interrupt 9")->a, 9u);
    EXPECT_EQ(Event("1 *: interrupt 9")->event, SIM_EVENT_IRQ);
    EXPECT_EQ(Event("1 *: timer")->event, SIM_EVENT_TICK);
}

/* --- What the words put into a machine -------------------------------------------------------- */

struct trace_action action_of(const std::string &what)
{
    struct trace_action action;
    struct trace_error error = {};
    EXPECT_TRUE(trace_read_what(what.c_str(), &action, &error)) << error.text;
    return action;
}

void expect_registers(const std::string &what, const std::vector<std::pair<int, Word>> &registers)
{
    struct trace_action action = action_of(what);
    uint64_t set = 0;
    for (const auto &[number, value] : registers) {
        set |= 1ull << number;
        EXPECT_EQ(action.regs[number], value) << what << ": " << number;
    }
    EXPECT_EQ(action.set, set) << what;
}

constexpr Word number(int call)
{
    return static_cast<Word>(static_cast<int64_t>(call));
}

TEST(TraceEvent, WordsBecomeRegisters)
{
    constexpr int t0 = 5, a0 = 10, a1 = 11, a2 = 12, a3 = 13, a4 = 14, a5 = 15, a6 = 16, a7 = 17;
    expect_registers("Call 5", {{a7, number(-1)}, {a0, 5}, {a1, 0}});
    expect_registers("Send 5 label=3 words=[7]",
                     {{a7, number(-5)}, {a0, 5}, {a1, 3 << 12 | 1}, {a2, 7}});
    expect_registers("NBSend 5", {{a7, number(-6)}, {a0, 5}, {a1, 0}});
    expect_registers("ReplyRecv 5 reply=6", {{a7, number(-2)}, {a0, 5}, {a6, 6}, {a1, 0}});
    expect_registers("NBSendRecv dest=4 source=5 reply=6",
                     {{a7, number(-3)}, {t0, 4}, {a0, 5}, {a6, 6}, {a1, 0}});
    expect_registers("NBSendWait dest=4 source=5", {{a7, number(-4)}, {a6, 4}, {a0, 5}, {a1, 0}});
    expect_registers("Recv 5 reply=6", {{a7, number(-7)}, {a0, 5}, {a6, 6}});
    expect_registers("NBRecv 5 reply=6", {{a7, number(-8)}, {a0, 5}, {a6, 6}});
    expect_registers("Wait 5", {{a7, number(-9)}, {a0, 5}});
    expect_registers("NBWait 5", {{a7, number(-10)}, {a0, 5}});
    expect_registers("Yield", {{a7, number(-11)}});
    expect_registers("DebugPutChar 0x141 'A'", {{a7, number(-12)}, {a0, 0x141}});
    expect_registers("unknown-syscall 99", {{a7, 99}});
    expect_registers("timer", {});
    expect_registers("fault load-page at 0x100 address=5", {{TRACE_PC, 0x100}});
    expect_registers("Call 5 label=1 words=[1, 2, 3, 4, 5, 6] caps=[8, 9] unwrapped=5",
                     {{a7, number(-1)},
                      {a0, 5},
                      {a1, 1 << 12 | 5 << 9 | 2 << 7 | 6},
                      {a2, 1},
                      {a3, 2},
                      {a4, 3},
                      {a5, 4}});
}

TEST(TraceEvent, WordsBecomeMemory)
{
    struct trace_action action = action_of("Call 5 label=1 words=[1, 2, 3, 4, 50, 60] caps=[8, 9]");
    const std::vector<std::pair<Word, Word>> expected = {
        {ABI_BUFFER_MSG + 4, 50},
        {ABI_BUFFER_MSG + 5, 60},
        {ABI_BUFFER_CAPS, 8},
        {ABI_BUFFER_CAPS + 1, 9},
    };
    ASSERT_EQ(action.word_count, expected.size());
    for (size_t i = 0; i < expected.size(); i++) {
        EXPECT_EQ(action.words[i].at, expected[i].first);
        EXPECT_EQ(action.words[i].value, expected[i].second);
    }
    action = action_of("Call 5 TCB_WriteRegisters(flags=1, count=32, tp=7, pc=0x100, length=34)");
    EXPECT_EQ(action.regs[11], 3u << 12 | 34);
    EXPECT_EQ(action.regs[14], 0x100u);
    ASSERT_EQ(action.word_count, 30u);
    EXPECT_EQ(action.words[29].at, ABI_BUFFER_MSG + 33u);
    EXPECT_EQ(action.words[29].value, 7u);
    action = action_of("DebugNameThread 5 \"ab\\x20\"");
    EXPECT_TRUE(action.has_name);
    EXPECT_EQ(action.name_size, 4u);
    EXPECT_STREQ(action.name, "ab ");
    action = action_of("DebugNameThread 5 \"" + std::string(960, 'x') + "\"");
    EXPECT_EQ(action.name_size, 960u);
    EXPECT_EQ(action.name[959], 'x');
    std::string words = "Call 5 label=1 words=[0";
    for (int i = 1; i < ABI_MSG_MAX_LENGTH; i++) {
        words += ", " + std::to_string(i);
    }
    action = action_of(words + "] caps=[1, 2, 3]");
    EXPECT_EQ(action.word_count, static_cast<uint32_t>(ABI_MSG_MAX_LENGTH - 4 + 3));
}

/* --- Malformed -------------------------------------------------------------------------------- */

const std::pair<const char *, const char *> kWrongLines[] = {
    {"1", "expected a thread, NAME@ADDRESS, \"idle\" or \"*\" at the end"},
    {"1 timer", "expected a thread, NAME@ADDRESS, \"idle\" or \"*\" at \"timer\""},
    {"1 *:", "expected a system call, fault, interrupt or timer at the end"},
    {"1 *", "expected \":\" at the end"},
    {"1 @x *: timer", "expected a number at \"x *: timer\""},
    {"1 bob: timer", "expected a thread, NAME@ADDRESS, \"idle\" or \"*\" at \"bob: timer\""},
    {"1 bob@: timer", "expected a number at \": timer\""},
    {"1 bob@0: timer", "expected the address of a TCB at \"bob@0: timer\""},
    {"1 a_name_of_more_than_31_characters_is_too_long@5: timer",
     "expected a thread, NAME@ADDRESS, \"idle\" or \"*\" at"},
    {"1 *: sleep", "expected a system call, fault, interrupt or timer at \"sleep\""},
    {"1 *: timer 5", "expected nothing more in this event at \"5\""},
    {"1 *: interrupt", "expected a number at the end"},
    {"1 *: interrupt 1024", "an interrupt's number is 1024, more than 1023"},
    {"1 *: fault", "expected an exception, such as load-page at the end"},
    {"1 *: fault of mine", "expected an exception, such as load-page at \"of mine\""},
    {"1 *: fault cause-x address=1", "expected a number at \"x address=1\""},
    {"1 *: fault load-page at 5", "expected \"address\" at the end"},
    {"1 *: Call", "expected a number at the end"},
    {"1 *: Call x", "expected a number at \"x\""},
    {"1 *: Call 5 TCB_Fly()", "expected an invocation at \"TCB_Fly()\""},
    {"1 *: Call 5 TCB_Resume(", "expected \"words=\", \"caps=\" or \")\" at the end"},
    {"1 *: Call 5 TCB_Resume(1)", "expected \"words=\", \"caps=\" or \")\" at \"1)\""},
    {"1 *: Call 5 TCB_SetPriority(1, 2)", "expected the argument \"authority=\" at \"1, 2)\""},
    {"1 *: Call 5 TCB_SetPriority(authority=1)", "expected \",\" at \")\""},
    {"1 *: Call 5 TCB_SetPriority(authority=1, mcp=2)",
     "expected the argument \"priority=\" at \"mcp=2)\""},
    {"1 *: Call 5 TCB_SetPriority(authority=1, priority=2) x",
     "expected nothing more in this event at \"x\""},
    {"1 *: Call 5 TCB_SetPriority(authority=1, priority=2, caps=[1, 2, 3])",
     "a list of more than 3"},
    {"1 *: Call 5 TCB_WriteRegisters(flags=1, count=2, length=35)", "a length is 35, more than 34"},
    {"1 *: Call 5 TCB_WriteRegisters(flags=1, count=2, x7=3)",
     "expected \"words=\", \"caps=\" or \")\" at \"x7=3)\""},
    {"1 *: Call 5 CNode_Copy(dest_index=1, dest_depth=1, src_root=1, src_index=1, src_depth=1, "
     "rights=fly)",
     "expected rights, such as read+write at \"fly)\""},
    {"1 *: Call 5 (endpoint label=1", "expected \")\" at the end"},
    {"1 *: Call 5 label=x words=[]", "expected a number at \"x words=[]\""},
    {"1 *: Call 5 label=0x10000000000000 words=[]", "a label is 4503599627370496, more than"},
    {"1 *: Call 5 words=[1 2]", "expected \"]\" at \"2]\""},
    {"1 *: Call 5 words=[1,", "expected a number at the end"},
    {"1 *: Call 5 words=[1, 2] length=1", "the message has more words or capabilities than"},
    {"1 *: Call 5 length=128", "a length is 128, more than 127"},
    {"1 *: Call 5 caps=[1, 2, 3, 4]", "a list of more than 3"},
    {"1 *: Call 5 wrds=[1]", "expected \"words=\", \"caps=\" or \")\" at \"wrds=[1]\""},
    {"1 *: Recv 5", "expected \"reply\" at the end"},
    {"1 *: DebugNameThread 5 \"x", "expected \"\"\" at the end"},
    {"1 *: timer | songs a=1", "expected a clause (regs, memory, poll, at) at \"songs"},
    {"1 *: timer | regs", "expected a register at the end"},
    {"1 *: timer | regs zero=1", "expected a register at \"zero=1\""},
    {"1 *: timer | regs a0=1 a0=2", "the register a0 comes twice"},
    {"1 *: timer | regs a0=1 | regs a1=2", "the clause \"regs\" comes twice"},
    {"1 *: timer | regs a0", "expected \"=\" at the end"},
    {"1 *: timer | memory 5=1", "the address 0x5 is not a multiple of 8"},
    {"1 *: timer | memory 8=1,", "expected a number at the end"},
    {"1 *: timer | memory 8", "expected \"=\" at the end"},
    {"1 *: timer | poll 0@1", "polls are numbered from 1, in ascending order"},
    {"1 *: timer | poll 2@1 | poll 2@1", "polls are numbered from 1, in ascending order"},
    {"1 *: timer | poll 2", "expected \"@\" at the end"},
    {"1 *: timer | poll 2@3 irq=1024", "an interrupt's number is 1024, more than 1023"},
    {"1 *: timer | poll 2@3 x", "expected \" | \" or \" = \" at \"x\""},
    {"1 *: timer | at 5", "expected \"pc\" at \"5\""},
    {"1 *: timer | at pc=5 regs=5", "expected 16 hexadecimal digits at \"5\""},
    {"1 *: timer | reads 5", "expected a clause (regs, memory, poll, at) at \"reads 5\""},
    {"1 *: timer = x #123", "expected a state hash of 16 hexadecimal digits at \"#123\""},
    {"1 *: timer #0123456789abcdeg", "expected a state hash of 16 hexadecimal digits at"},
};

TEST(TraceEvent, WrongLines)
{
    for (const auto &[line, text] : kWrongLines) {
        Trace trace = parse(calls_trace({line}, 1));
        ASSERT_NE(trace, nullptr);
        Event event;
        struct trace_error error = {};
        EXPECT_FALSE(trace_event_at(trace.get(), 1, event.get(), &error)) << line;
        std::string expected = "line 3: " + std::string(text);
        EXPECT_EQ(std::string(error.text).substr(0, expected.size()), expected) << line;
    }
    std::string polls = "1 *: timer";
    for (int i = 1; i <= TRACE_POLLS + 1; i++) {
        polls += " | poll " + std::to_string(i) + "@5";
    }
    for (const std::string &line : {polls, "1 *: Call 5 words=[" + std::string(7000, '1') + "]",
                                    "1 *: timer = " + std::string(TRACE_TEXT, 'x')}) {
        Trace trace = parse(calls_trace({line}, 1));
        Event event;
        struct trace_error error = {};
        EXPECT_FALSE(trace_event_at(trace.get(), 1, event.get(), &error));
        EXPECT_EQ(std::string(error.text).substr(0, 8), "line 3: ");
    }
}

/* Every prefix of every line is read, or refused with a reason. */
TEST(TraceEvent, LinesCutShort)
{
    for (std::string line : kLines) {
        for (size_t size = 1; size < line.size(); size++) {
            Trace trace = parse(calls_trace({line.substr(0, size)}, 1));
            Event event;
            struct trace_error error = {};
            bool good = trace_event_at(trace.get(), 1, event.get(), &error);
            EXPECT_EQ(good, error.text[0] == '\0') << line.substr(0, size);
        }
    }
}

TEST(TraceEvent, BuffersOfAnySize)
{
    struct trace_header header = {};
    for (const char *line : kLines) {
        Event event(line);
        size_t whole = std::strlen(line);
        for (size_t size : {size_t{1}, size_t{2}, whole / 2 + 1, whole, whole + 1}) {
            std::string text(size, '?');
            EXPECT_EQ(trace_format_event(text.data(), size, &header, event.get()), whole);
            EXPECT_EQ(std::string(text.c_str()), std::string(line).substr(0, size - 1));
        }
        EXPECT_EQ(trace_format_event(nullptr, 0, &header, event.get()), whole);
    }
}

/* Who writes a line learns whether it can be read back. */
TEST(TraceEvent, LengthsOfAnySize)
{
    struct trace_header header = {};
    for (uint64_t words : {1u, 100u, 60000u}) {
        Event event(kLines[0]);
        for (uint64_t i = 0; i < words; i++) {
            trace_event_add_word(event.get(), 0x80000000 + 8 * i, UINT64_MAX - i);
        }
        char *text = nullptr;
        size_t size = 0;
        FILE *file = open_memstream(&text, &size);
        size_t length = trace_write_event(file, &header, event.get());
        fclose(file);
        EXPECT_EQ(length + 1, size);
        EXPECT_EQ(length, trace_format_event(nullptr, 0, &header, event.get()));
        EXPECT_EQ(length > TRACE_LINE_MAX, words == 60000);
        free(text);
    }
}

} // namespace
} // namespace albireo
