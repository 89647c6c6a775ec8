/* SPDX-License-Identifier: BSD-2-Clause */

/* Traces and files that do not fit: each is refused with a sentence that says what is wrong. */
#include "core/config.h"
#include "tests/session/support.h"

namespace albireo {
namespace {

struct HeaderTest : ::testing::Test {
    TempFile file{"counting.elf", counting_elf(10)};
    struct trace_header header = program_header(file.path());
    std::string text = record(header, {nullptr, TRACE_PROGRAM, 0}).text;

    /* What session_replay() says of a trace; "" if it is content. */
    std::string refusal(const std::string &changed, struct session_options options = {})
    {
        struct session_error error = {};
        TracePtr trace = parse(changed);
        SessionPtr session = trace == nullptr ? nullptr : replay(trace.get(), options, &error);
        EXPECT_EQ(session == nullptr, error.text[0] != '\0');
        return error.text;
    }
};

#define EXPECT_SAYS(text, part) EXPECT_NE((text).find(part), std::string::npos) << (text)

TEST_F(HeaderTest, IsFineAsRecorded)
{
    EXPECT_EQ(refusal(text), "");
}

TEST_F(HeaderTest, AnotherConfiguration)
{
    const char *build = CONFIG_DEBUG ? "debug" : "release";
    const char *other = CONFIG_DEBUG ? "release" : "debug";
    std::string fpu = CONFIG_FPU ? "fpu" : "no-fpu";
    std::string config = std::string("config ") + build + " " + fpu;
    EXPECT_SAYS(refusal(with_header(text, config, std::string("config ") + other + " " + fpu)),
                std::string("is of a ") + other + " kernel, this is a " + build);
    EXPECT_SAYS(
        refusal(with_header(text, config,
                            std::string("config ") + build + (CONFIG_FPU ? " no-fpu" : " fpu"))),
        "FPU support");
    std::string domains = "domains=" + std::to_string(CONFIG_DOMAINS);
    EXPECT_SAYS(refusal(with_header(text, domains, "domains=77")), "with domains=77");
    std::string cores = "cores=" + std::to_string(CONFIG_CORES);
    EXPECT_SAYS(refusal(with_header(text, cores, "cores=7")), "with cores=7");
}

TEST_F(HeaderTest, AnotherBuild)
{
    std::string line = std::string("build ") + trace_build_id();
    std::string changed = with_header(text, line, "build 0123456789abcdef");
    std::string why = refusal(changed);
    EXPECT_SAYS(why, "kernel build 0123456789abcdef");
    EXPECT_SAYS(why, trace_build_id());
    struct session_options options = {};
    options.any_build = true;
    EXPECT_EQ(refusal(changed, options), "");
    EXPECT_EQ(refusal(with_header(text, line + "\n", "")), "") << "no build: any";
}

TEST_F(HeaderTest, TheProgramIsMissing)
{
    std::string why = refusal(with_header(text, file.path(), "/nowhere/root.elf"));
    EXPECT_SAYS(why, "/nowhere/root.elf");
}

TEST_F(HeaderTest, TheProgramIsAnother)
{
    TempFile other("other.elf", counting_elf(11));
    std::string why = refusal(with_header(text, file.path(), other.path()));
    EXPECT_SAYS(why, other.path());
    EXPECT_SAYS(why, "is not the file that was recorded");
    struct session_options options = {};
    options.image_path = other.path().c_str();
    EXPECT_SAYS(refusal(text, options), "is not the file that was recorded");
}

TEST_F(HeaderTest, TheProgramIsNoElf)
{
    TempFile other("noise.elf", "this is no ELF file");
    EXPECT_SAYS(refusal(with_header(text, file.path(), other.path())), other.path());
}

TEST_F(HeaderTest, TheProgramHasMoved)
{
    std::string name = file.path().substr(file.path().rfind('/') + 1);
    std::string changed = with_header(text, file.path(), "elsewhere/" + name);
    EXPECT_SAYS(refusal(changed), "elsewhere/" + name);
    struct session_options options = {};
    options.image_path = file.path().c_str();
    EXPECT_EQ(refusal(changed, options), "");
    std::string dir = ::testing::TempDir();
    options.image_path = nullptr;
    options.trace_dir = dir.c_str();
    EXPECT_EQ(refusal(changed, options), "") << "it is beside the trace";
}

TEST_F(HeaderTest, TheImageDoesNotFitTheFile)
{
    EXPECT_SAYS(refusal(with_header(text, "entry=0x10000", "entry=0x10004")), "line \"image\"");
}

TEST_F(HeaderTest, TheTreeIsOfAnotherSize)
{
    size_t at = text.find("size=", text.find("\ntree "));
    size_t end = text.find('\n', at);
    std::string why = refusal(text.substr(0, at) + "size=17" + text.substr(end));
    EXPECT_SAYS(why, "lacks its device tree");
}

TEST_F(HeaderTest, TheMachineCannotBe)
{
    EXPECT_SAYS(refusal(with_header(text, "kernel 0x80200000", "kernel 0x1000")), "kernel");
    EXPECT_SAYS(refusal(with_header(text, "cnode_bits=0", "cnode_bits=3")), "boot");
}

TEST_F(HeaderTest, CallsMustBeAllThere)
{
    std::string calls = record(header, {nullptr, TRACE_CALLS, 0}).text;
    size_t at = calls.find("\n1 @") + 1;
    size_t second = calls.find("\n2 @") + 1;
    EXPECT_EQ(refusal(calls), "");
    struct session_error error = {};
    struct trace_error wrong = {};
    std::string cut = calls.substr(0, at) + "first 2\n" + calls.substr(second);
    TracePtr trace(trace_parse(cut.data(), cut.size(), &wrong));
    if (trace == nullptr) {
        EXPECT_NE(wrong.text[0], '\0');
        return; /* The parser refuses it already. */
    }
    EXPECT_EQ(replay(trace.get(), {}, &error), nullptr);
    EXPECT_SAYS(std::string(error.text), "must have all events");
}

TEST_F(HeaderTest, FilesForSessionHeader)
{
    struct trace_header h;
    struct session_error error = {};
    EXPECT_FALSE(session_header(&h, "/nowhere.elf", 16u << 20, &error));
    EXPECT_SAYS(std::string(error.text), "/nowhere.elf");
    std::string longest(300, 'x');
    EXPECT_FALSE(session_header(&h, longest.c_str(), 16u << 20, &error));
    EXPECT_SAYS(std::string(error.text), "a path of more than 255 characters");
}

TEST_F(HeaderTest, TooLittleMemory)
{
    struct session_error error = {};
    struct session_options options = {};
    struct trace_header h;
    ASSERT_TRUE(session_header(&h, file.path().c_str(), 1u << 20, &error)) << error.text;
    SessionPtr session(session_boot(&h, &options, &error));
    EXPECT_EQ(session, nullptr);
    EXPECT_NE(error.text[0], '\0');
}

} // namespace
} // namespace albireo
