/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/session/support.h"

#include <elf.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>

#include "core/config.h"
#include "hosted/native.h"

extern "C" {
#include "user/lib/alloc.h"
#include "user/lib/port.h"
#include "user/lib/print.h"
#include "user/lib/thread.h"
}

namespace albireo {

/* --- Files ------------------------------------------------------------------------------------ */

TempFile::TempFile(const std::string &name, const std::string &content)
{
    path_ = ::testing::TempDir() + "/" + std::to_string(getpid()) + "-" + name;
    std::ofstream(path_, std::ios::binary) << content;
}

TempFile::~TempFile()
{
    unlink(path_.c_str());
}

/* --- A program -------------------------------------------------------------------------------- */

namespace {

constexpr uint64_t kVaddr = 0x10000;

enum : uint32_t { X0 = 0, T1 = 6, S0 = 8, A0 = 10, A1 = 11, A7 = 17, ECALL = 0x73 };

uint32_t addi(uint32_t rd, uint32_t rs, int32_t value)
{
    return static_cast<uint32_t>(value) << 20 | rs << 15 | rd << 7 | 0x13;
}

uint32_t lui(uint32_t rd, uint32_t pages)
{
    return pages << 12 | rd << 7 | 0x37;
}

/* If rs is not 0, back by this many instructions. */
uint32_t loop(uint32_t rs, uint32_t count)
{
    uint32_t offset = 0u - 4 * count;
    return (offset >> 12 & 1) << 31 | (offset >> 5 & 0x3f) << 25 | rs << 15 | 1 << 12 |
           (offset >> 1 & 0xf) << 8 | (offset >> 11 & 1) << 7 | 0x63;
}

std::string elf(const std::vector<uint32_t> &code)
{
    Elf64_Ehdr header = {};
    Elf64_Phdr segment = {};
    memcpy(header.e_ident, ELFMAG, SELFMAG);
    header.e_ident[EI_CLASS] = ELFCLASS64;
    header.e_ident[EI_DATA] = ELFDATA2LSB;
    header.e_ident[EI_VERSION] = EV_CURRENT;
    header.e_type = ET_EXEC;
    header.e_machine = EM_RISCV;
    header.e_version = EV_CURRENT;
    header.e_entry = kVaddr;
    header.e_phoff = sizeof header;
    header.e_ehsize = sizeof header;
    header.e_phentsize = sizeof segment;
    header.e_phnum = 1;
    segment.p_type = PT_LOAD;
    segment.p_flags = PF_R | PF_X;
    segment.p_offset = 0x1000;
    segment.p_vaddr = kVaddr;
    segment.p_paddr = kVaddr;
    segment.p_filesz = segment.p_memsz = code.size() * sizeof code[0];
    segment.p_align = 0x1000;
    std::string file(segment.p_offset + segment.p_filesz, '\0');
    memcpy(&file[0], &header, sizeof header);
    memcpy(&file[sizeof header], &segment, sizeof segment);
    memcpy(&file[segment.p_offset], code.data(), segment.p_filesz);
    return file;
}

} // namespace

std::string counting_elf(uint32_t rounds)
{
    return elf({
        addi(S0, X0, static_cast<int32_t>(rounds)),
        addi(A7, X0, ABI_SYS_NB_SEND),
        lui(T1, 2), /* Each round: */
        addi(T1, T1, -1),
        loop(T1, 1),
        addi(A0, S0, 0x400),
        addi(A1, X0, 0),
        ECALL,
        addi(S0, S0, -1),
        loop(S0, 7),
        0,
    });
}

struct trace_header program_header(const std::string &path)
{
    struct trace_header header;
    struct session_error error;
    EXPECT_TRUE(session_header(&header, path.c_str(), 16u << 20, &error)) << error.text;
    header.machine.boot_slice_ms = 1;
    return header;
}

/* --- A native system -------------------------------------------------------------------------- */

namespace {

constexpr uint64_t kCalls = 20;

struct World {
    const seL4_BootInfo *info;
    struct alloc alloc;
    struct space space;
    seL4_CPtr endpoint, reply, done, never;
    uint64_t area;
};
World world;

void server_main(uint64_t /*argument*/)
{
    seL4_Word badge;
    seL4_MessageInfo_t info = seL4_Recv(world.endpoint, &badge, world.reply);
    for (;;) {
        /* One more; or, after a fault, on behind the instruction. */
        bool fault = seL4_MessageInfo_get_label(info) != 0;
        seL4_SetMR(0, seL4_GetMR(0) + (fault ? 4 : 1));
        info = seL4_MessageInfo_new(0, 0, 0, 1);
        info = seL4_ReplyRecv(world.endpoint, info, &badge, world.reply);
    }
}

void client_main(uint64_t /*argument*/)
{
    for (uint64_t i = 0; i < kCalls; i++) {
        seL4_SetMR(0, i);
        seL4_Call(world.endpoint, seL4_MessageInfo_new(0, 0, 0, 1));
        if (i == kCalls / 2) {
            albireo_native_exception(3);
        }
        print("%u ", static_cast<unsigned>(i)); /* Release kernels have no console. */
        albireo_native_work(1000);
    }
    seL4_Signal(world.done);
    for (;;) {
        seL4_Wait(world.never, nullptr);
    }
}

struct user_thread spawn(const char *name, void (*entry)(uint64_t), uint8_t priority)
{
    struct user_thread thread;
    struct thread_spec spec = {};
    spec.name = name;
    spec.entry = entry;
    spec.area = world.area;
    spec.space = &world.space;
    spec.cspace = seL4_CapInitThreadCNode;
    spec.authority = seL4_CapInitThreadTCB;
    spec.priority = priority;
    spec.sched_control = world.info->schedcontrol.start;
    spec.budget_us = spec.period_us = 1000;
    spec.fault_endpoint = world.endpoint;
    world.area += THREAD_AREA_PAGES * USER_PAGE_SIZE;
    EXPECT_EQ(thread_create(&world.alloc, &spec, &thread), seL4_NoError);
    EXPECT_EQ(thread_start(&thread), seL4_NoError);
    return thread;
}

void root_main(uint64_t bootinfo)
{
    world = {};
    world.info = static_cast<const seL4_BootInfo *>(albireo_native_pointer(bootinfo, false));
    world.space = {seL4_CapInitThreadVSpace};
    world.area = 0x40000000;
    alloc_init(&world.alloc, world.info);
    alloc_object(&world.alloc, seL4_EndpointObject, 0, &world.endpoint);
    alloc_object(&world.alloc, seL4_ReplyObject, 0, &world.reply);
    alloc_object(&world.alloc, seL4_NotificationObject, 0, &world.done);
    alloc_object(&world.alloc, seL4_NotificationObject, 0, &world.never);
    seL4_TCB_SetPriority(seL4_CapInitThreadTCB, seL4_CapInitThreadTCB, 100);
    spawn("server", server_main, 120);
    struct user_thread client = spawn("client", client_main, 110);
    seL4_Wait(world.done, nullptr);
    seL4_CNode_Delete(seL4_CapInitThreadCNode, client.tcb, seL4_WordBits);
    seL4_TCB_SetPriority(seL4_CapInitThreadTCB, seL4_CapInitThreadTCB, 300); /* Refused. */
    for (;;) {
        seL4_Wait(world.never, nullptr);
    }
}

} // namespace

struct trace_header native_header()
{
    struct trace_header header = {};
    header.kind = TRACE_PROGRAM;
    header.debug = CONFIG_DEBUG;
    header.fpu = CONFIG_FPU;
    header.domains = CONFIG_DOMAINS;
    header.cores = CONFIG_CORES;
    header.hash_every = 1;
    header.first = 1;
    sim_config_default(&header.machine);
    sim_config_memory(&header.machine, 16u << 20);
    header.machine.root_native = root_main;
    header.machine.native_only = true;
    return header;
}

/* --- Recording and replaying ------------------------------------------------------------------ */

Recorded record(const struct trace_header &header, const struct session_recording &how,
                uint64_t most)
{
    Recorded recorded;
    struct session_error error = {};
    struct session_options options = {};
    struct session_recording recording = how;
    char *text = nullptr;
    size_t size = 0;
    SessionPtr session(session_boot(&header, &options, &error));
    EXPECT_NE(session, nullptr) << error.text;
    recording.file = open_memstream(&text, &size);
    EXPECT_TRUE(session_record(session.get(), &recording));
    while (session_events(session.get()) < most && session_step(session.get()) == SESSION_EVENT) {
    }
    recorded.complaint = complaint(session.get());
    recorded.events = session_events(session.get());
    recorded.console = sim_console(session_sim(session.get()));
    EXPECT_TRUE(session_record_end(session.get(), &error)) << error.text;
    fclose(recording.file);
    recorded.text = std::string(text, size);
    free(text);
    return recorded;
}

TracePtr parse(const std::string &text)
{
    struct trace_error error = {};
    TracePtr trace(trace_parse(text.data(), text.size(), &error));
    EXPECT_NE(trace, nullptr) << error.text;
    return trace;
}

SessionPtr replay(struct trace *trace, struct session_options options, struct session_error *error)
{
    struct session_error ignored = {};
    struct session_error *wrong = error == nullptr ? &ignored : error;
    SessionPtr session(session_replay(trace, &options, wrong));
    if (error == nullptr) {
        EXPECT_NE(session, nullptr) << wrong->text;
    }
    return session;
}

/* --- Editing ---------------------------------------------------------------------------------- */

namespace {

std::vector<std::string> lines_of(const std::string &text)
{
    std::vector<std::string> lines;
    std::istringstream stream(text);
    for (std::string line; std::getline(stream, line);) {
        lines.push_back(line);
    }
    return lines;
}

std::string joined(const std::vector<std::string> &lines)
{
    std::string text;
    for (const std::string &line : lines) {
        text += line + "\n";
    }
    return text;
}

/* The number that an event's line begins with; 0: it is another line. */
uint64_t number_of(const std::string &line)
{
    return isdigit(static_cast<unsigned char>(line[0])) ? std::stoull(line) : 0;
}

} // namespace

std::string edited(const std::string &text, uint64_t number, const std::string &from,
                   const std::string &to)
{
    std::vector<std::string> lines = lines_of(text);
    bool found = false;
    for (std::string &line : lines) {
        size_t at = number_of(line) == number ? line.find(from) : std::string::npos;
        if (at != std::string::npos) {
            line.replace(at, from.size(), to);
            found = true;
        }
    }
    EXPECT_TRUE(found) << "no \"" << from << "\" in event " << number;
    return joined(lines);
}

std::string without(const std::string &text, uint64_t number)
{
    std::vector<std::string> lines;
    for (const std::string &line : lines_of(text)) {
        uint64_t n = number_of(line);
        if (n > number) {
            lines.push_back(std::to_string(n - 1) + line.substr(line.find(' ')));
        } else if (line.compare(0, 4, "end ") == 0) {
            uint64_t last = std::stoull(line.substr(4));
            lines.push_back("end " + std::to_string(last - 1) + line.substr(line.find(' ', 4)));
        } else if (n != number || n == 0) {
            lines.push_back(line);
        }
    }
    return joined(lines);
}

std::string with_header(const std::string &text, const std::string &from, const std::string &to)
{
    size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.substr(0, at) + to + text.substr(at + from.size());
}

std::string complaint(const struct session *session)
{
    const char *text = session_complaint(session);
    return text == nullptr ? "" : text;
}

} // namespace albireo
