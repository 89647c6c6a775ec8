/* SPDX-License-Identifier: BSD-2-Clause */

/* Event logs and lock-step without QEMU: the log is written here, of a run of the simulator itself.
 * That of the kernel on RISC-V is tested in tests/boot. */
#include "hosted/lockstep/lockstep.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "core/config.h"
#include "core/kernel.h"
#include "gtest/gtest.h"
#include "hosted/session/session.h"
#include "hosted/sim.h"

namespace {

/* A root task that reads the clock, makes system calls, is interrupted by the timer, faults. As The
 * RISC-V ISA Manual, Volume I, chapter 24 has the instructions. */
const std::vector<uint32_t> kProgram = {
    0xC01025F3, /* rdtime a1 */
    0xC0002673, /* rdcycle a2 */
    0x05800513, /* li a0, 0x58 */
    0xFFA00893, /* li a7, -6: NBSend, to no one. */
    0x00000073, /* ecall */
    0xFF500893, /* li a7, -11: Yield */
    0x00000073, /* ecall */
    0x00080337, /* lui t1, 0x80: half a million rounds of 2 instructions are more than a slice. */
    0xFFF30313, /* addi t1, t1, -1 */
    0xFE031EE3, /* bnez t1, .-4 */
    0xC01025F3, /* rdtime a1 */
    0x00000073, /* ecall: Yield */
    0x00003403, /* ld s0, 0(zero): a fault, and nobody to handle it. */
};
const uint32_t kHalt[] = {0xFF200893 /* li a7, -14: DebugHalt */, 0x00000073};

constexpr uint64_t kImage = 0x10000;
constexpr uint64_t kCodeOffset = 0x78;
constexpr uint64_t kPerTick = 100;

template <typename T> void put(std::string *out, const T &value)
{
    out->append(reinterpret_cast<const char *>(&value), sizeof value);
}

/* System V ABI, chapters 4 and 5. */
std::string elf_of(const std::vector<uint32_t> &code)
{
    std::string elf("\x7f"
                    "ELF\2\1\1",
                    7);
    elf.resize(16);
    put<uint16_t>(&elf, 2);   /* An executable */
    put<uint16_t>(&elf, 243); /* for RISC-V. */
    put<uint32_t>(&elf, 1);
    put<uint64_t>(&elf, kImage + kCodeOffset); /* Entry. */
    put<uint64_t>(&elf, 64);                   /* Program headers: one. */
    put<uint64_t>(&elf, 0);
    put<uint32_t>(&elf, 0);
    for (int half : {64, 56, 1, 0, 0, 0}) {
        put<uint16_t>(&elf, static_cast<uint16_t>(half));
    }
    put<uint32_t>(&elf, 1); /* To be loaded, */
    put<uint32_t>(&elf, 7); /* with all rights. */
    uint64_t size = kCodeOffset + code.size() * 4;
    for (uint64_t word : {uint64_t{0}, kImage, kImage, size, size, uint64_t{4096}}) {
        put(&elf, word);
    }
    for (uint32_t instruction : code) {
        put(&elf, instruction);
    }
    return elf;
}

/* Writes what the kernel of arch/riscv64 would have written. */
class Writer {
  public:
    explicit Writer(const std::vector<uint32_t> &code)
    {
        elf = elf_of(code);
        struct sim_config config;
        struct sim_error error;
        sim_config_default(&config);
        config.interpret = true;
        config.image_vaddr = kImage;
        config.image_size = 4096;
        config.image_data = elf.data();
        config.image_data_size = elf.size();
        config.image_entry = kImage + kCodeOffset;
        config.start_time = 1000;
        config.boot_slice_ms = 1;
        sim = sim_create(&config, &error);
        if (sim == nullptr) {
            ADD_FAILURE() << error.text;
            return;
        }
        sim_set_cycles(sim, cycles()); /* As if the kernel took no time. */
        write_header();
        place(EVENTS_EXIT);
        struct sim_observer observer = {this, before, after, nullptr};
        sim_observe(sim, &observer);
        sim_run(sim, 0);
        finish();
    }

    std::string elf;
    std::string log;
    std::vector<size_t> times; /* Offsets of words that are no consequence of anything. */
    size_t records = 0;        /* Offset of the first one. */

  private:
    static void before(void *context, enum sim_event event, uint64_t a, uint64_t b)
    {
        Writer *w = static_cast<Writer *>(context);
        const uint64_t causes[] = {8, a, (uint64_t{1} << 63) + 9, (uint64_t{1} << 63) + 5};
        uint64_t value = event == SIM_EVENT_FAULT ? b : event == SIM_EVENT_IRQ ? a : 0;
        w->times.push_back(w->log.size() + 8);
        w->entry = {sim_now(w->sim), causes[event], value};
        w->place(EVENTS_ENTRY);
    }

    static void after(void *context)
    {
        Writer *w = static_cast<Writer *>(context);
        if (sim_status(w->sim) == SIM_RUNNING) {
            w->place(EVENTS_EXIT);
        }
    }

    uint64_t cycles() const
    {
        return sim_config_of(sim)->start_time * kPerTick + sim_instructions(sim);
    }

    void place(enum events_kind kind)
    {
        std::vector<uint64_t> words;
        const struct thread *thread = sim_current(sim);
        bool idle = sim_is_idle(sim);
        uint64_t paddr = idle ? 0 : reinterpret_cast<uintptr_t>(thread) - SIM_WINDOW;
        uint64_t pc = idle ? 0 : thread->regs.pc;
        if (kind == EVENTS_ENTRY) {
            uint64_t ecall = entry[1] == 8 ? 1 : 0; /* QEMU counts it as executed. */
            words = {entry[0], entry[1], entry[2], idle ? 0 : cycles() + ecall, paddr, pc};
        } else {
            words = {sim_deadline(sim), idle ? 0 : cycles(), paddr, pc};
        }
        uint32_t mask = 0;
        for (int i = 1; i < 32 && !idle; i++) {
            if (thread->regs.x[i] != last[i]) {
                last[i] = thread->regs.x[i];
                mask |= 1u << i;
                words.push_back(last[i]);
            }
        }
        put(&log,
            events_record{static_cast<uint16_t>(kind), static_cast<uint16_t>(words.size()), mask});
        for (uint64_t word : words) {
            put(&log, word);
        }
    }

    void write_header()
    {
        struct events_header header = {};
        header.magic = EVENTS_MAGIC;
        header.version = EVENTS_VERSION;
        header.header_size = sizeof header;
        header.debug = CONFIG_DEBUG;
        header.fpu = CONFIG_FPU;
        header.domains = CONFIG_DOMAINS;
        header.cores = CONFIG_CORES;
        header.params = *sim_boot_params(sim);
        uint64_t kernel = reinterpret_cast<uintptr_t>(sim_kernel(sim)) - SIM_WINDOW;
        for (uint32_t i = 0; i < header.params.reserved_count; i++) {
            if (header.params.reserved[i].start == kernel) {
                header.kernel = header.params.reserved[i];
            }
        }
        for (size_t i = 0; i < elf.size(); i++) {
            header.image_sum += uint64_t{static_cast<uint8_t>(elf[i])} << 8 * (i % 8);
        }
        put(&log, header);
        records = log.size();
    }

    void finish()
    {
        uint64_t used = log.size();
        memcpy(&log[offsetof(struct events_header, used)], &used, sizeof used);
        sim_destroy(sim);
        sim = nullptr;
    }

    struct sim *sim = nullptr;
    std::vector<uint64_t> entry;
    uint64_t last[32] = {};
};

std::string path(const char *name)
{
    return ::testing::TempDir() + "lockstep_" + name;
}

std::string write(const char *name, const std::string &data)
{
    std::ofstream(path(name), std::ios::binary) << data;
    return path(name);
}

/* What lock-step says of a log: "" if all is the same, a difference, or "error: ...". */
std::string play(const std::string &log_bytes, const std::string &elf, uint64_t *events = nullptr,
                 FILE *trace = nullptr)
{
    struct log log;
    struct log_error wrong;
    std::string log_path = write("log", log_bytes);
    std::string elf_path = write("elf", elf);
    if (!log_open(&log, log_path.c_str(), &wrong)) {
        return std::string("error: ") + wrong.text;
    }
    struct lockstep_options options = {};
    options.image = elf_path.c_str();
    options.origin = "test";
    options.trace = trace;
    options.hash_every = 1;
    auto result = std::make_unique<struct lockstep_result>();
    struct lockstep_error error;
    bool played = lockstep_run(&log, &options, result.get(), &error);
    log_close(&log);
    if (!played) {
        return std::string("error: ") + error.text;
    }
    if (events != nullptr) {
        *events = result->events;
    }
    return result->same ? "" : result->difference;
}

std::vector<uint32_t> halting(bool faulting)
{
    std::vector<uint32_t> code = kProgram;
    if (!faulting) {
        code.pop_back();
    }
    code.insert(code.end(), std::begin(kHalt), std::end(kHalt));
    return code;
}

TEST(Lockstep, IsTheSameAsItself)
{
    for (bool faulting : {false, true}) {
        Writer writer(halting(faulting));
        uint64_t events = 0;
        EXPECT_EQ("", play(writer.log, writer.elf, &events));
        EXPECT_EQ(writer.times.size(), events);
        EXPECT_LT(4u, events);
    }
}

/* Each bit at the end of each word. What is no consequence of anything, the clock at an entry, is
 * what lock-step takes from the log: anything may come of it. */
TEST(Lockstep, FindsEveryChange)
{
    Writer writer(halting(true));
    size_t next = 0;
    for (size_t at = writer.records; at < writer.log.size(); at += 8) {
        std::string changed = writer.log;
        changed[at] = static_cast<char>(changed[at] ^ 1);
        std::string said = play(changed, writer.elf);
        if (next < writer.times.size() && at == writer.times[next]) {
            next++;
        } else {
            EXPECT_NE("", said) << "the word at byte " << at;
        }
    }
    EXPECT_EQ(writer.times.size(), next);
}

TEST(Lockstep, SaysWhatDiffers)
{
    Writer writer(halting(false));
    struct events_record head;
    std::string changed = writer.log;
    memcpy(&head, &changed[writer.records], sizeof head);
    size_t first = writer.records + 8 + 8 * size_t{head.words};
    memcpy(&head, &changed[first], sizeof head);
    ASSERT_EQ(EVENTS_ENTRY, head.kind);
    ASSERT_EQ(1u << 10, head.mask & -head.mask); /* a0 is the first that has changed. */
    changed[first + 8 + 6 * 8] = 0x59;
    std::string said = play(changed, writer.elf);
    EXPECT_NE(std::string::npos, said.find("event 1: thread ")) << said;
    EXPECT_NE(std::string::npos, said.find("a0: 0x59, here 0x58")) << said;

    changed = writer.log;
    changed[first + 8 + 3 * 8] = static_cast<char>(changed[first + 8 + 3 * 8] + 2);
    said = play(changed, writer.elf);
    EXPECT_NE(std::string::npos, said.find("has executed 7 instructions")) << said;
    EXPECT_NE(std::string::npos, said.find("but here 5")) << said;
}

/* The longest that can be said of registers. */
TEST(Lockstep, NamesAllRegisters)
{
    std::vector<uint32_t> code;
    for (uint32_t i = 1; i < 32; i++) {
        code.push_back(0xFFF00013 | i << 7); /* li xI, -1 */
    }
    code.push_back(0x00000073); /* ecall */
    code.insert(code.end(), std::begin(kHalt), std::end(kHalt));
    Writer writer(code);
    struct events_record head;
    std::string changed = writer.log;
    memcpy(&head, &changed[writer.records], sizeof head);
    size_t first = writer.records + 8 + 8 * size_t{head.words};
    memcpy(&head, &changed[first], sizeof head);
    ASSERT_EQ(UINT32_MAX - 1, head.mask);
    for (size_t i = 0; i < 31; i++) {
        uint64_t other = 0xFEDCBA9876543200 + i;
        memcpy(&changed[first + 8 + (6 + i) * 8], &other, sizeof other);
    }
    std::string said = play(changed, writer.elf);
    EXPECT_EQ(31, std::count(said.begin(), said.end(), '\n')) << said;
    EXPECT_NE(std::string::npos, said.find("ra: 0xfedcba9876543200, here 0xffffffffffffffff"));
    EXPECT_NE(std::string::npos, said.find("t6: 0xfedcba987654321e, here 0xffffffffffffffff"));
}

TEST(Lockstep, AnotherProgramIsRefused)
{
    Writer writer(halting(false));
    std::string other = elf_of(halting(true));
    EXPECT_NE(std::string::npos, play(writer.log, other).find("is not the root task"));
    EXPECT_EQ("error: ", play(writer.log, "no ELF").substr(0, 7));
}

TEST(Log, EveryTruncationIsRefused)
{
    Writer writer(halting(true));
    for (size_t size = 0; size < writer.log.size(); size += size < 64 ? 1 : 7) {
        EXPECT_EQ("error: ", play(writer.log.substr(0, size), writer.elf).substr(0, 7)) << size;
    }
}

TEST(Log, OtherVersionsAndOtherFilesAreNamed)
{
    Writer writer(halting(true));
    std::string changed = writer.log;
    changed[offsetof(struct events_header, version)] = 2;
    EXPECT_NE(std::string::npos, play(changed, writer.elf).find("a log of version 2"));
    EXPECT_NE(std::string::npos, play(std::string(4096, 'x'), writer.elf).find("not an event log"));
    changed = writer.log;
    changed[offsetof(struct events_header, domains)] = 99;
    EXPECT_NE(std::string::npos, play(changed, writer.elf).find("domains=99"));
    struct log log;
    struct log_error error;
    EXPECT_FALSE(log_open(&log, "/nowhere", &error));
    EXPECT_NE(nullptr, strstr(error.text, "/nowhere")) << error.text;
}

/* Whatever the header says, there is an answer. */
TEST(Log, HeadersOfAnyKindCrashNothing)
{
    Writer writer(halting(true));
    for (size_t at = 16; at < writer.records; at += 4) {
        for (char bits : {'\x01', '\x7F'}) {
            std::string changed = writer.log;
            changed[at] = static_cast<char>(changed[at] ^ bits);
            (void)play(changed, writer.elf);
        }
    }
}

/* The trace that comes out of it can be replayed by itself, forwards and backwards. */
TEST(Lockstep, ItsTraceReplays)
{
    Writer writer(halting(true));
    std::string trace_path = path("trace");
    FILE *file = fopen(trace_path.c_str(), "w");
    ASSERT_NE(nullptr, file);
    uint64_t events = 0;
    EXPECT_EQ("", play(writer.log, writer.elf, &events, file));
    fclose(file);

    struct trace_error wrong;
    struct session_error error;
    struct session_options options = {};
    struct trace *trace = trace_open(trace_path.c_str(), &wrong);
    ASSERT_NE(nullptr, trace) << wrong.text;
    EXPECT_TRUE(trace_header(trace)->clock_recorded);
    EXPECT_EQ(events, trace_events(trace));
    struct session *session = session_replay(trace, &options, &error);
    ASSERT_NE(nullptr, session) << error.text;
    EXPECT_EQ(SESSION_EVENT, session_goto(session, events)) << session_complaint(session);
    EXPECT_EQ(SESSION_EVENT, session_goto(session, 2)) << session_complaint(session);
    EXPECT_EQ(SESSION_EVENT, session_goto(session, events)) << session_complaint(session);
    session_close(session);
    trace_close(trace);
}

} // namespace
