/* SPDX-License-Identifier: BSD-2-Clause */

/* What `albireo reduce` and `albireo to-elf` are made of. */
#include "hosted/reduce/reduce.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <vector>

#include "hosted/player/script.h"
#include "hosted/reduce/rename.h"
#include "tests/replay/replay.h"
#include "tests/support/core.h"

namespace albireo {

namespace {

/* A trace of this kernel, of lines without numbers. */
std::string trace_of(const std::vector<std::string> &lines)
{
    std::string text = std::string("albireo-trace 1\nkind calls\nconfig ") +
                       (CONFIG_DEBUG ? "debug" : "release") + (CONFIG_FPU ? " fpu" : " no-fpu") +
                       " domains=" + std::to_string(CONFIG_DOMAINS) +
                       " cores=" + std::to_string(CONFIG_CORES) + "\n";
    for (size_t i = 0; i < lines.size(); i++) {
        text += std::to_string(i + 1) + " *: " + lines[i] + "\n";
    }
    return text + "end " + std::to_string(lines.size()) + " written by hand\n";
}

using TracePointer = std::unique_ptr<struct trace, decltype(&trace_close)>;

TracePointer parse(const std::string &text)
{
    struct trace_error error = {};
    TracePointer trace(trace_parse(text.data(), text.size(), &error), trace_close);
    EXPECT_NE(nullptr, trace) << error.text;
    return trace;
}

/* The text of what is left when the outcome is to be kept; empty if it is not there. */
std::string reduced(const std::vector<std::string> &lines, const char *outcome)
{
    TracePointer trace = parse(trace_of(lines));
    struct session_error error = {};
    std::unique_ptr<struct trial, decltype(&trial_free)> trial(
        trial_create(trace.get(), false, &error), trial_free);
    EXPECT_NE(nullptr, trial) << error.text;
    struct reduction r = {};
    r.symptom.kind = SYMPTOM_OUTCOME;
    std::snprintf(r.symptom.text, sizeof r.symptom.text, "%s", outcome);
    std::string text;
    if (trial_cut_at(trial.get(), &r.symptom) && reduce(trial.get(), &r)) {
        char *left = reduce_text(trial.get(), &r, false, "a comment", &error);
        EXPECT_NE(nullptr, left) << error.text;
        text = left == nullptr ? "" : left;
        std::free(left);
    }
    std::free(r.steps);
    return text;
}

size_t events_of(const std::string &text)
{
    size_t count = 0;
    for (size_t at = 0; at < text.size(); at = text.find('\n', at) + 1) {
        count += text[at] >= '0' && text[at] <= '9' ? 1 : 0;
    }
    return count;
}

const std::string kEndpoint =
    "Call 0x45 Untyped_Retype(type=EndpointObject, size_bits=0, root=0x2, node_index=0x0, "
    "node_depth=0, node_offset=0x100, num_objects=1)";

TEST(Reduce, LeavesOnlyWhatTheOutcomeNeeds)
{
    std::string text = reduced({kEndpoint, "Yield", "DebugPutChar 0x41", "Yield",
                                "Call 0x2 CNode_Delete(index=0x300, depth=64)", kEndpoint, "Yield"},
                               "DeleteFirst");
    EXPECT_EQ(1u, events_of(text)) << text; /* Any slot that is not empty will do. */
    EXPECT_NE(std::string::npos, text.find("# a comment\n")) << text;
    EXPECT_EQ("", replay_complaint(text)) << text;
}

TEST(Reduce, MakesArgumentsSmaller)
{
    std::string text =
        reduced({"Call 0x2 CNode_Mint(dest_index=0x123, dest_depth=70, src_root=0x2, "
                 "src_index=0x77, src_depth=64, rights=all, badge=0x99)"},
                "RangeError (1..64)");
    EXPECT_EQ(1u, events_of(text)) << text;
    EXPECT_EQ(std::string::npos, text.find("0x99")) << text;
}

TEST(Reduce, FindsNoOutcomeThatIsNotThere)
{
    EXPECT_EQ("", reduced({"Yield", "Yield"}, "DeleteFirst"));
}

TEST(Reduce, SymptomsOfPanicsAreTheirTextsWithoutAddresses)
{
    struct symptom symptom;
    symptom_of_message(&symptom, "invariant C1 violated: neighbours (object 0x200080200000)");
    EXPECT_TRUE(symptom_is_message(&symptom, "invariant C1 violated: neighbours (object 0x1)"));
    EXPECT_FALSE(symptom_is_message(&symptom, "invariant C2 violated: neighbours (object 0x1)"));
}

TEST(Reduce, TakesLongLines)
{
    std::string words = "7";
    for (int i = 1; i < 520000; i++) {
        words += ",7";
    }
    std::string text =
        reduced({"Yield | memory 0x82000000=" + words, kEndpoint, kEndpoint}, "DeleteFirst");
    EXPECT_EQ(1u, events_of(text)) << text;
}

TEST(Reduce, NamesTheEventThatDoesNotFit)
{
    std::string text = trace_of({"Yield", "Yield"});
    text.replace(text.find("2 *:"), 4, "2 other@1000:");
    TracePointer trace = parse(text);
    struct session_error error = {};
    std::unique_ptr<struct trial, decltype(&trial_free)> trial(
        trial_create(trace.get(), false, &error), trial_free);
    ASSERT_NE(nullptr, trial) << error.text;
    const struct step *steps;
    EXPECT_EQ(1u, trial_steps(trial.get(), &steps));
    EXPECT_NE(std::string::npos, std::string(trial_cut(trial.get())).find("event 2"));
}

/* Empty if all events can be read, and played here. */
std::string check_complaint(const std::string &text)
{
    TracePointer trace = parse(text);
    struct session_error error = {};
    return reduce_check(trace.get(), &error) ? "" : error.text;
}

TEST(Reduce, ChecksEventsAndConfiguration)
{
    EXPECT_EQ("", check_complaint(trace_of({"Yield", "Yield"})));
    std::string complaint = check_complaint(trace_of({"Yield", "Yeld"}));
    EXPECT_NE(std::string::npos, complaint.find("line 5")) << complaint;
    std::string other = trace_of({"Yield"});
    std::string mine = CONFIG_FPU ? " fpu" : " no-fpu";
    other.replace(other.find(mine), mine.size(), CONFIG_FPU ? " no-fpu" : " fpu");
    EXPECT_NE(std::string::npos, check_complaint(other).find("FPU")) << check_complaint(other);
}

TEST(Reduce, ErrorsNameTheFile)
{
    std::string directory = ::testing::TempDir() + std::to_string(getpid()) + "-";
    directory += std::string(230, 'd'); /* Long names come whole. */
    std::filesystem::create_directory(directory);
    std::string path = directory + "/reduce.trace";
    std::ofstream(path) << trace_of({"Yield", "Yeld"});
    struct session_error cut = {};
    struct session_error error = {};
    EXPECT_EQ(nullptr, reduce_calls(path.c_str(), nullptr, &cut, &error));
    EXPECT_EQ(0u, std::string(error.text).find(path + ": line 5")) << error.text;
    std::filesystem::remove_all(directory);
}

std::string plain(const char *text)
{
    char *out = nullptr;
    size_t size = 0;
    FILE *file = open_memstream(&out, &size);
    reduce_put_plain(file, text);
    std::fclose(file);
    std::string copy = out;
    std::free(out);
    return copy;
}

TEST(Reduce, EscapesWhatGoesIntoComments)
{
    EXPECT_EQ("From bug.trace", plain("From bug.trace"));
    EXPECT_EQ("a\\x0ab\\xff\\x7f", plain("a\nb\xff\x7f"));
}

/* ---- Numbers in events ---- */

TEST(Rename, FindsNumbersAndNotDigitsInNames)
{
    struct token token;
    const char *text = "Call 0x12 RISCV_4K_Page(a=3, \"0x9\", 'x7', b=[0x10])";
    ASSERT_TRUE(rename_token(text, 0, &token));
    EXPECT_EQ(0x12u, token.value);
    EXPECT_TRUE(token.hex && !token.argument);
    ASSERT_TRUE(rename_token(text, 1, &token));
    EXPECT_EQ(3u, token.value);
    EXPECT_TRUE(!token.hex && token.argument);
    ASSERT_TRUE(rename_token(text, 2, &token));
    EXPECT_EQ(0x10u, token.value);
    EXPECT_FALSE(rename_token(text, 3, &token));
}

uint64_t plus_one(const void *context, uint64_t value)
{
    EXPECT_EQ(nullptr, context);
    return value + 1;
}

TEST(Rename, PutsOtherNumbers)
{
    char out[64];
    struct token token;
    ASSERT_TRUE(rename_token("a 0x12 7", 0, &token));
    ASSERT_TRUE(rename_put(out, sizeof out, "a 0x12 7", &token, 255));
    EXPECT_STREQ("a 0xff 7", out);
    EXPECT_FALSE(rename_put(out, 5, "a 0x12 7", &token, 255));
    ASSERT_TRUE(rename_all(out, sizeof out, "a 0x12 7 0xff", plus_one, nullptr));
    EXPECT_STREQ("a 0x13 7 0x100", out);
    EXPECT_FALSE(rename_all(out, 6, "a 0x12 7 0xff", plus_one, nullptr));
}

/* ---- Scripts of the player ---- */

/* Empty if a script can be made; else why not. */
std::string script_complaint(const std::vector<std::string> &lines, bool skip = false)
{
    TracePointer trace = parse(trace_of(lines));
    struct script_options options = {};
    options.skip = skip;
    struct session_error error = {};
    size_t size = 0;
    uint8_t *script = script_make(trace.get(), &options, &size, &error);
    std::string complaint = script == nullptr ? error.text : "";
    std::free(script);
    return complaint;
}

TEST(Script, IsMadeOfCalls)
{
    EXPECT_EQ("", script_complaint({kEndpoint, "Yield"}));
    EXPECT_EQ("", script_complaint({}));
}

TEST(Script, SaysWhichEventCannotBePlayed)
{
    std::string complaint = script_complaint({"Yield", "fault load-page at 0x10000 address=0x0"});
    EXPECT_NE(std::string::npos, complaint.find("event 2")) << complaint;
    EXPECT_NE(std::string::npos, complaint.find("fault")) << complaint;
    EXPECT_EQ("", script_complaint({"Yield", "fault load-page at 0x10000 address=0x0"}, true));
    complaint = script_complaint({"interrupt 3"});
    EXPECT_NE(std::string::npos, complaint.find("interrupt")) << complaint;
}

/* The player has room for 64 threads, the root task's among them. */
TEST(Script, NamesTheEventOfAThreadTooMany)
{
    std::vector<std::string> lines = {
        "Call 0x45 Untyped_Retype(type=TCBObject, size_bits=0, root=0x2, node_index=0x0, "
        "node_depth=0, node_offset=0x100, num_objects=64)"};
    for (int i = 0; i < 64; i++) {
        lines.push_back("Call " + std::to_string(0x100 + i) + " TCB_Suspend()");
    }
    std::string complaint = script_complaint(lines);
    EXPECT_EQ(0u, complaint.find("event 65 (")) << complaint;
    EXPECT_NE(std::string::npos, complaint.find("64")) << complaint;
    EXPECT_EQ("", script_complaint(lines, true));
    lines.pop_back();
    EXPECT_EQ("", script_complaint(lines));
}

TEST(Script, TellsReasonsOnceWithTheirCounts)
{
    std::string fault = "fault load-page at 0x10000 address=0x0";
    TracePointer trace = parse(trace_of({"interrupt 3", "interrupt 4", "interrupt 5", fault}));
    char *text = nullptr;
    size_t size = 0;
    size_t script_size = 0;
    struct script_options options = {};
    options.skip = true;
    options.warnings = open_memstream(&text, &size);
    struct session_error error = {};
    uint8_t *script = script_make(trace.get(), &options, &script_size, &error);
    std::fclose(options.warnings);
    std::string said = text;
    std::free(script);
    std::free(text);
    EXPECT_NE(std::string::npos, said.find("3 events, the first is event 1 (interrupt 3)")) << said;
    EXPECT_NE(std::string::npos, said.find("left out: event 4 (fault")) << said;
    EXPECT_EQ(2, std::count(said.begin(), said.end(), '\n')) << said;
}

TEST(Script, ExpectsWhatTheTraceSays)
{
    EXPECT_EQ("", script_complaint({kEndpoint + " = error IllegalOperation"}));
    std::string complaint = script_complaint({kEndpoint + " = ok [1, 2, 3]"});
    EXPECT_NE(std::string::npos, complaint.find("event 1")) << complaint;
}

TEST(Script, GoesIntoThePlayerOnly)
{
    std::vector<uint8_t> script(5000, 7);
    size_t size = 0;
    uint8_t *elf =
        script_pack(player_debug, player_debug_size, script.data(), script.size(), &size);
    ASSERT_NE(nullptr, elf);
    EXPECT_EQ(0, std::memcmp(elf + size - script.size(), script.data(), script.size()));
    std::free(elf);
    std::vector<uint8_t> other(player_debug, player_debug + player_debug_size);
    other.resize(200); /* Its segments are cut off. */
    EXPECT_EQ(nullptr, script_pack(other.data(), other.size(), script.data(), 8, &size));
    EXPECT_EQ(nullptr, script_pack(other.data(), 10, script.data(), 8, &size));
}

} // namespace

} // namespace albireo
