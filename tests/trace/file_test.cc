/* SPDX-License-Identifier: BSD-2-Clause */

/* Traces as text: what is written is read back, and what is no trace is refused with a reason. */
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>

#include "tests/trace/recording.h"

namespace albireo {
namespace {

std::string written(const std::function<void(FILE *)> &write)
{
    char *memory = nullptr;
    size_t size = 0;
    FILE *file = open_memstream(&memory, &size);
    write(file);
    std::fclose(file);
    std::string text(memory, size);
    std::free(memory);
    return text;
}

std::string header_text(const struct trace_header &header)
{
    return written([&](FILE *file) { trace_write_header(file, &header); });
}

/* A header in which nothing has its default. */
struct trace_header full_header()
{
    struct trace_header h = {};
    h.kind = TRACE_PROGRAM;
    std::strcpy(h.origin, "qemu virt, 64 MiB");
    std::strcpy(h.build, "0123456789abcdef");
    h.fpu = true;
    h.domains = 16;
    h.cores = 4;
    struct sim_config &m = h.machine;
    m.ram_count = 2;
    m.ram[0] = {0x80000000, 0x84000000};
    m.ram[1] = {0x90000000, 0x90800000};
    m.reserved_count = 1;
    m.reserved[0] = {0x80000000, 0x80200000};
    m.device_count = 2;
    m.devices[0] = {0x2000000, 0x2010000};
    m.devices[1] = {0xC000000, 0xC600000};
    m.kernel_paddr = 0x80200000;
    m.kernel_size = 0x40000;
    m.image_paddr = 0x80400000;
    m.image_vaddr = 0x10000;
    m.image_size = 0x23000;
    m.image_entry = 0x100E8;
    m.dtb_paddr = 0x82200000;
    m.start_time = 123456789;
    m.ticks_per_us = 10;
    m.entry_ticks = 7;
    m.access_ticks = 2;
    m.irq_max = 95;
    m.irq_complete_at_claim = true;
    m.root_cnode_bits = 13;
    m.boot_slice_ms = 4;
    std::strcpy(h.image_file, "out/a file with \"quotes\" = and | #.elf");
    h.image_hash = 0xFEDCBA9876543210;
    h.instructions_per_tick = 100;
    h.seed = 42;
    h.clock_recorded = true;
    h.hash_every = 3;
    h.boot_hash = 0x1122334455667788;
    h.first = 1000;
    return h;
}

void expect_same_regions(uint32_t count, const struct boot_region *a, uint32_t other,
                         const struct boot_region *b)
{
    ASSERT_EQ(count, other);
    for (uint32_t i = 0; i < count; i++) {
        EXPECT_EQ(a[i].start, b[i].start);
        EXPECT_EQ(a[i].end, b[i].end);
    }
}

void expect_same_machine(const struct sim_config &a, const struct sim_config &b)
{
    expect_same_regions(a.ram_count, a.ram, b.ram_count, b.ram);
    expect_same_regions(a.reserved_count, a.reserved, b.reserved_count, b.reserved);
    expect_same_regions(a.device_count, a.devices, b.device_count, b.devices);
    EXPECT_EQ(a.kernel_paddr, b.kernel_paddr);
    EXPECT_EQ(a.kernel_size, b.kernel_size);
    EXPECT_EQ(a.image_paddr, b.image_paddr);
    EXPECT_EQ(a.image_vaddr, b.image_vaddr);
    EXPECT_EQ(a.image_size, b.image_size);
    EXPECT_EQ(a.image_entry, b.image_entry);
    EXPECT_EQ(a.dtb_paddr, b.dtb_paddr);
    EXPECT_EQ(a.start_time, b.start_time);
    EXPECT_EQ(a.ticks_per_us, b.ticks_per_us);
    EXPECT_EQ(a.entry_ticks, b.entry_ticks);
    EXPECT_EQ(a.access_ticks, b.access_ticks);
    EXPECT_EQ(a.irq_max, b.irq_max);
    EXPECT_EQ(a.irq_complete_at_claim, b.irq_complete_at_claim);
    EXPECT_EQ(a.poll_every, b.poll_every);
    EXPECT_EQ(a.root_cnode_bits, b.root_cnode_bits);
    EXPECT_EQ(a.boot_slice_ms, b.boot_slice_ms);
}

void expect_same(const struct trace_header &a, const struct trace_header &b)
{
    EXPECT_EQ(a.kind, b.kind);
    EXPECT_STREQ(a.origin, b.origin);
    EXPECT_STREQ(a.build, b.build);
    EXPECT_EQ(a.debug, b.debug);
    EXPECT_EQ(a.fpu, b.fpu);
    EXPECT_EQ(a.domains, b.domains);
    EXPECT_EQ(a.cores, b.cores);
    expect_same_machine(a.machine, b.machine);
    EXPECT_STREQ(a.image_file, b.image_file);
    EXPECT_EQ(a.image_hash, b.image_hash);
    ASSERT_EQ(a.dtb_size, b.dtb_size);
    ASSERT_EQ(a.dtb == nullptr, b.dtb == nullptr);
    if (a.dtb != nullptr) {
        EXPECT_EQ(0, std::memcmp(a.dtb, b.dtb, a.dtb_size));
    }
    EXPECT_EQ(a.instructions_per_tick, b.instructions_per_tick);
    EXPECT_EQ(a.seed, b.seed);
    EXPECT_EQ(a.clock_recorded, b.clock_recorded);
    EXPECT_EQ(a.hash_every, b.hash_every);
    EXPECT_EQ(a.boot_hash, b.boot_hash);
    EXPECT_EQ(a.first, b.first);
}

TEST(TraceFile, EveryKeyOfTheHeaderComesBack)
{
    uint8_t tree[5] = {0xD0, 0x0D, 0xFE, 0xED, 0xFF};
    struct trace_header h = full_header();
    for (uint64_t size = 0; size < 5; size++) { /* base64 in all its endings; without. */
        h.dtb_size = size == 0 ? 77 : size;
        h.dtb = size == 0 ? nullptr : tree;
        Trace trace = parse(header_text(h) + "end 999 stopped\n");
        ASSERT_NE(trace, nullptr);
        expect_same(h, *trace_header(trace.get()));
    }
    h.kind = TRACE_CALLS;
    h.debug = true;
    h.fpu = false;
    h.image_file[0] = '\0';
    h.image_hash = 0;
    h.machine.irq_complete_at_claim = false;
    h.machine.poll_every = 3;
    h.clock_recorded = false;
    h.first = 1;
    h.hash_every = 0;
    h.boot_hash = 0;
    Trace trace = parse(header_text(h) + "end 0 stopped\n");
    ASSERT_NE(trace, nullptr);
    expect_same(h, *trace_header(trace.get()));
}

TEST(TraceFile, WhatIsLeftOutOfCallsHasDefaults)
{
    Trace trace = parse("albireo-trace 1\nkind calls\nend 0 nothing to do\n");
    ASSERT_NE(trace, nullptr);
    const struct trace_header &h = *trace_header(trace.get());
    struct sim_config config;
    sim_config_default(&config);
    config.root_cnode_bits = 12;
    config.boot_slice_ms = 5;
    expect_same_machine(config, h.machine);
    EXPECT_TRUE(h.debug && h.fpu);
    EXPECT_EQ(h.domains, 1u);
    EXPECT_EQ(h.cores, 1u);
    EXPECT_EQ(h.first, 1u);
    EXPECT_STREQ(h.build, "");
    EXPECT_EQ(trace_events(trace.get()), 0u);
    EXPECT_STREQ(trace_ending(trace.get()), "nothing to do");
}

TEST(TraceFile, EventsInputsCommentsAndBlankLines)
{
    Trace trace =
        parse("albireo-trace 1\n# A comment, with \xC3\xA4 and \xE2\x82\xAC.\nkind calls\n"
              "input @5 0x41 'A'\n\n1 *: timer\n# another\n   \n2 *: timer\n"
              "input @20 0x0a\ninput @30 35 '#'\n3 *: timer\nend 3 stopped\n# the end\n");
    ASSERT_NE(trace, nullptr);
    EXPECT_EQ(trace_events(trace.get()), 3u);
    const struct trace_input *inputs;
    ASSERT_EQ(trace_inputs(trace.get(), &inputs), 3u);
    const struct trace_input expected[] = {{4, 0, 5, 'A'}, {10, 2, 20, '\n'}, {11, 2, 30, '#'}};
    for (int i = 0; i < 3; i++) {
        EXPECT_EQ(inputs[i].line, expected[i].line);
        EXPECT_EQ(inputs[i].after, expected[i].after);
        EXPECT_EQ(inputs[i].time, expected[i].time);
        EXPECT_EQ(inputs[i].byte, expected[i].byte);
    }
    Event event;
    struct trace_error error = {};
    ASSERT_TRUE(trace_event_at(trace.get(), 2, event.get(), &error));
    EXPECT_EQ(event->line, 9u);
    EXPECT_EQ(event->number, 2u);
    EXPECT_FALSE(trace_event_at(trace.get(), 4, event.get(), &error));
    EXPECT_STREQ(error.text, "there is no event 4; the trace has 1 to 3");
    EXPECT_FALSE(trace_event_at(trace.get(), 0, event.get(), &error));
}

TEST(TraceFile, InputsComeBack)
{
    for (int byte = 0; byte < 256; byte++) {
        struct trace_input input = {0, 0, 77, static_cast<uint8_t>(byte)};
        std::string line = written([&](FILE *file) { trace_write_input(file, &input); });
        Trace trace = parse("albireo-trace 1\nkind calls\n" + line + "end 0 x\n");
        ASSERT_NE(trace, nullptr);
        const struct trace_input *inputs;
        ASSERT_EQ(trace_inputs(trace.get(), &inputs), 1u);
        EXPECT_EQ(inputs[0].byte, byte);
        EXPECT_EQ(inputs[0].time, 77u);
    }
}

TEST(TraceFile, TheLastEventsOnly)
{
    struct trace_header h = full_header();
    h.first = 998;
    Trace trace = parse(header_text(h) + "998 *: timer\n999 *: interrupt 10\nend 999 stopped\n");
    ASSERT_NE(trace, nullptr);
    Event event;
    struct trace_error error = {};
    EXPECT_EQ(trace_events(trace.get()), 999u);
    ASSERT_TRUE(trace_event_at(trace.get(), 999, event.get(), &error));
    EXPECT_EQ(event->a, 10u);
    EXPECT_FALSE(trace_event_at(trace.get(), 997, event.get(), &error));
    EXPECT_STREQ(error.text, "there is no event 997; the trace has 998 to 999");
}

/* --- Malformed -------------------------------------------------------------------------------- */

const char kCalls[] = "albireo-trace 1\nkind calls\n";

TEST(TraceFile, NoTrace)
{
    const char *first = "line 1: no trace: the first line is not \"albireo-trace 1\"";
    for (const char *text :
         {"", "\n", "\n\n\nalbireo-trace 1\n", "albireo-trace\n", "x", "ELF\n",
          "albireo-trace one\n", "albireo-trace 1 and more\n", "# comment\nalbireo-trace 1\n"}) {
        EXPECT_EQ(complaint(text), first) << text;
    }
    EXPECT_EQ(complaint("albireo-trace 2\nkind calls\nwhatever\n"),
              "line 1: version 2 of the format; this program reads 1");
    EXPECT_EQ(complaint("albireo-trace 0\n"),
              "line 1: version 0 of the format; this program reads 1");
    struct trace_error error = {};
    EXPECT_EQ(trace_open("/nowhere/at/all.trace", &error), nullptr);
    EXPECT_STREQ(error.text, "/nowhere/at/all.trace: No such file or directory");
    EXPECT_EQ(trace_open("/", &error), nullptr);
    EXPECT_STREQ(error.text, "/: Is a directory");
    EXPECT_EQ(trace_open("/dev/null", &error), nullptr);
    EXPECT_STREQ(error.text,
                 "/dev/null: line 1: no trace: the first line is not \"albireo-trace 1\"");
}

TEST(TraceFile, Truncated)
{
    std::string whole = std::string(kCalls) + "1 *: timer\n2 *: timer\nend 2 stopped\n";
    ASSERT_NE(parse(whole), nullptr);
    for (size_t size = 0; size < whole.size(); size++) {
        std::string error = complaint(whole.substr(0, size));
        EXPECT_TRUE(error.find("truncated") == 0 || error.find("no trace") != std::string::npos ||
                    error.find("the header has no key") != std::string::npos)
            << size << ": " << error;
    }
    EXPECT_EQ(complaint(std::string(kCalls) + "1 *: timer\n2 *: timer\n"),
              "truncated: there is no end line after event 2 (line 4)");
    EXPECT_EQ(complaint(std::string(kCalls) + "1 *: timer\n2 *: tim"),
              "truncated: there is no end line after event 1 (line 3, whose next line is cut off)");
    EXPECT_EQ(complaint(kCalls), "truncated: there is no end line after event 0 (line 2)");
}

TEST(TraceFile, WrongHeaders)
{
    const std::pair<const char *, const char *> cases[] = {
        {"kind", "line 2: expected \"program\" or \"calls\" at the end"},
        {"kind songs", "line 2: expected \"program\" or \"calls\" at \"songs\""},
        {"kind calls x", "line 2: expected nothing more on this line at \"x\""},
        {"color red", "line 2: expected a key of the header, or an event at \"color red\""},
        {"kind calls\nkind calls", "line 3: the key \"kind\" comes twice"},
        {"kind calls\nseed 1\nseed 2", "line 4: the key \"seed\" comes twice"},
        {"build 123", "line 2: expected 16 hexadecimal digits at \"123\""},
        {"build 0123456789abcdeg", "line 2: expected a number at \"0123456789abcdeg\""},
        {"origin", "line 2: an origin of 0 bytes; 1 to 63 are possible"},
        {"config debug", "line 2: expected \"fpu\" or \"no-fpu\" at the end"},
        {"config maybe fpu", "line 2: expected \"debug\" or \"release\" at \"maybe fpu\""},
        {"config debug fpu domains=0 cores=1", "line 2: domains=0 is not within 1..256"},
        {"config debug fpu domains=1 cores=9", "line 2: cores=9 is not within 1..8"},
        {"config debug fpu domains=1 hearts=9", "line 2: expected \"cores\" at \"hearts=9\""},
        {"ram 0x80000000", "line 2: expected a number at the end"},
        {"ram 5 5", "line 2: the region is empty: 0x5 to 0x5"},
        {"ram 6 5", "line 2: the region is empty: 0x6 to 0x5"},
        {"ram 0x80000000 0x10000000000000000", "line 2: expected a number below 2^64 at"},
        {"ram 0x80000000 0x80000800", "line 2: the end of RAM 0x80000800 is not a multiple of"},
        {"ram 0x80000000 0x8000001000", "line 2: RAM ends at 0x8000001000, beyond 0x8000000000"},
        {"kernel 0x80200008", "line 2: the kernel's address 0x80200008 is not a multiple of 4096"},
        {"kernel -4096", "line 2: the kernel's address is 18446744073709547520, more than"},
        {"kernel 0x80200000 size=0x40001", "line 2: the kernel's size 0x40001 is not a multiple"},
        {"kernel 0x80200000 size=-1", "line 2: size=18446744073709551615 is not within 0..171798"},
        {"kernel here", "line 2: expected a number at \"here\""},
        {"image paddr=1 vaddr=2 size=0 entry=1", "line 2: size=0 is not within 1..17179869184"},
        {"image paddr=1 vaddr=0 size=4096 entry=0", "line 2: the image's paddr 0x1 is not"},
        {"image paddr=0 vaddr=2 size=4096 entry=0", "line 2: the image's vaddr 0x2 is not"},
        {"image paddr=0 vaddr=0 size=4097 entry=0", "line 2: the image's size 0x1001 is not"},
        {"image paddr=-1 vaddr=0 size=1 entry=0", "line 2: paddr=18446744073709551615 is not"},
        {"file a.elf hash=0", "line 2: expected \"\"\" at \"a.elf hash=0\""},
        {"file \"a.elf hash=0", "line 2: expected \"\"\" at the end"},
        {"file \"\" hash=0123456789abcdef", "line 2: the name of the file is empty"},
        {"file \"a\\x00b\" hash=0123456789abcdef", "line 2: the name of the file is empty, or has"},
        {"file \"a\\n\" hash=0123456789abcdef", "line 2: expected xHH behind the backslash"},
        {"file \"a\" hash=", "line 2: expected a number at the end"},
        {"tree size=0", "line 2: size=0 is not within 1..524288"},
        {"tree size=4 paddr=-4096", "line 2: paddr=18446744073709547520 is not within 0..549755"},
        {"tree size=4 base64:AAA", "line 2: base64 ends, or is none, after 2 of 4 bytes"},
        {"tree size=3 base64:A*AA", "line 2: base64 ends, or is none, after 0 of 3 bytes"},
        {"tree size=3 base64:AAAAA", "line 2: expected nothing more on this line at \"A\""},
        {"clock start=1", "line 2: expected \"per_us\" at the end"},
        {"clock start=1 per_us=0", "line 2: per_us=0 is not within 1..1000000"},
        {"clock start=-1 per_us=1", "line 2: start=18446744073709551615 is not within 0..115292"},
        {"clock start=1 per_us=1 instructions_per_tick=1 entry=4294967297 access=0",
         "line 2: entry=4294967297 is not within 0..4294967296"},
        {"clock start=1 per_us=1 instructions_per_tick=1 entry=0 access=-1",
         "line 2: access=18446744073709551615 is not within 0..4294967296"},
        {"interrupts max=1024", "line 2: max=1024 is not within 1..1023"},
        {"interrupts max=5", "line 2: expected \"complete_at_claim\" or \"complete_by_ack\""},
        {"interrupts max=5 complete_by_ack poll_every=1000001",
         "line 2: poll_every=1000001 is not within 0..1000000"},
        {"root cnode_bits=33", "line 2: cnode_bits=33 is not within 0..32"},
        {"hashes every=1", "line 2: expected \"boot=\" at the end"},
        {"first 0", "line 2: events are numbered from 1"},
        {"kind calls\nfirst 5\n5 *: timer", "line 4: a trace of calls begins with event 1, not 5"},
        {"seed 1\n1 *: timer", "line 3: the header has no key \"kind\""},
        {"kind program\n1 *: timer", "line 3: the header has no key \"config\""},
    };
    for (const auto &[text, error] : cases) {
        std::string got = complaint("albireo-trace 1\n" + std::string(text) + "\nend 0 x\n");
        EXPECT_EQ(got.substr(0, std::strlen(error)), error) << text << ": " << got;
    }
}

TEST(TraceFile, TooManyRegions)
{
    std::string regions = "albireo-trace 1\n";
    for (int i = 0; i < 40; i++) {
        regions += "reserved " + std::to_string(i) + " 1000\n";
    }
    EXPECT_EQ(complaint(regions), "line 34: more than 32 regions");
}

/* A program's header lacks nothing. */
TEST(TraceFile, EveryKeyOfProgramsIsNeeded)
{
    std::string whole = header_text(full_header());
    for (const char *key :
         {"kind", "config", "ram", "kernel", "image", "file", "clock", "interrupts", "root"}) {
        std::string text;
        size_t at = 0;
        for (size_t end; (end = whole.find('\n', at)) != std::string::npos; at = end + 1) {
            std::string line = whole.substr(at, end + 1 - at);
            text += line.find(std::string(key) + " ") == 0 ? "" : line;
        }
        std::string error = complaint(text + "end 999 stopped\n");
        EXPECT_NE(error.find("the header has no key \"" + std::string(key) + "\""),
                  std::string::npos)
            << error;
    }
}

TEST(TraceFile, WrongLines)
{
    const std::pair<std::string, const char *> cases[] = {
        {"2 *: timer", "line 3: event 2 comes where event 1 is expected"},
        {"1 *: timer\n1 *: timer", "line 4: event 1 comes where event 2 is expected"},
        {"1 *: timer\n3 *: timer", "line 4: event 3 comes where event 2 is expected"},
        {"1x *: timer", "line 3: expected a number at \"1x *: timer\""},
        {"1 *: timer\nseed 1", "line 4: expected an event, \"input\" or \"end\" at \"seed 1\""},
        {"input 5 65", "line 3: expected \"@\" at \"5 65\""},
        {"input @5 256", "line 3: a byte is 256, more than 255"},
        {"input @5 65 'B'", "line 3: expected nothing more on this line at \"'B'\""},
        {"end 5 x", "line 3: the end is said to be after event 5, but the last is 0"},
        {"end", "line 3: expected a number at the end"},
        {"end 0 x\nend 0 x", "line 4: expected nothing behind the end at \"end 0 x\""},
        {"end 0 x\n1 *: timer", "line 4: expected nothing behind the end at \"1 *: timer\""},
        {std::string("1 *: ti\0mer", 11), "line 3: the control character 0x00 in column 8"},
        {"1 *: timer\x1B[1m", "line 3: the control character 0x1b in column 11"},
        {"1 *: timer\x7F", "line 3: the control character 0x7f in column 11"},
        {"# 1234567\x7F", "line 3: the control character 0x7f in column 10"},
        {"1 *: timer\xC2\x9B[1m", "line 3: the control character U+009B in column 11"},
        {"1 *: timer\r", "line 3: a carriage return; lines end in a newline alone"},
        {"# \xC0\x80", "line 3: the byte 0xc0 in column 3 is not UTF-8"},
        {"# \xED\xA0\x80", "line 3: the byte 0xed in column 3 is not UTF-8"},
        {"# \xF4\x90\x80\x80", "line 3: the byte 0xf4 in column 3 is not UTF-8"},
        {"# \xE2\x82", "line 3: the byte 0xe2 in column 3 is not UTF-8"},
        {"# 12345678901\x80", "line 3: the byte 0x80 in column 14 is not UTF-8"},
        {"# \xFF", "line 3: the byte 0xff in column 3 is not UTF-8"},
        {"#" + std::string(TRACE_LINE_MAX, 'x'), "line 3: more than 1048576 characters"},
    };
    for (const auto &[text, error] : cases) {
        EXPECT_EQ(complaint(kCalls + text + "\nend 0 x\n"), error) << text.substr(0, 100);
    }
    EXPECT_EQ(complaint(std::string(kCalls) + "end 0 x\nmore"),
              "line 4: expected nothing behind the end");
}

TEST(TraceFile, OpensFiles)
{
    char path[] = "/tmp/albireo_trace_XXXXXX";
    int fd = mkstemp(path);
    ASSERT_GE(fd, 0);
    FILE *file = fdopen(fd, "w");
    struct trace_header h = full_header();
    trace_write_header(file, &h);
    for (uint64_t i = h.first; i < h.first + 5000; i++) {
        std::fprintf(file, "%llu @%llu *: timer\n", static_cast<unsigned long long>(i),
                     static_cast<unsigned long long>(10 * i));
    }
    trace_write_end(file, h.first + 4999, "halted");
    std::fclose(file);
    struct trace_error error = {};
    Trace trace(trace_open(path, &error), trace_close);
    std::remove(path);
    ASSERT_NE(trace, nullptr) << error.text;
    EXPECT_EQ(trace_events(trace.get()), h.first + 4999);
    EXPECT_STREQ(trace_ending(trace.get()), "halted");
    Event event;
    for (uint64_t number : {h.first + 4999, h.first, h.first + 2500}) {
        ASSERT_TRUE(trace_event_at(trace.get(), number, event.get(), &error)) << error.text;
        EXPECT_EQ(event->time, 10 * number);
    }
}

} // namespace
} // namespace albireo
