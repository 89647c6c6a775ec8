/* SPDX-License-Identifier: BSD-2-Clause */

/* ELF files of root tasks, good and bad: each complaint names the field. */
#include <elf.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <functional>
#include <string>
#include <vector>

#include "abi/api.h"
#include "gtest/gtest.h"
#include "hosted/elf.h"

namespace {

struct File {
    Elf64_Ehdr header = {};
    std::vector<Elf64_Phdr> segments;
    std::string content = std::string(0x100, 'x');

    File()
    {
        memcpy(header.e_ident, "\177ELF\2\1\1", 7);
        header.e_type = ET_EXEC;
        header.e_machine = EM_RISCV;
        header.e_version = EV_CURRENT;
        header.e_entry = 0x10010;
        header.e_phoff = sizeof header;
        header.e_phentsize = sizeof(Elf64_Phdr);
        add(0x10000, 0x100, 0x2100, PF_R | PF_W | PF_X);
    }

    Elf64_Phdr &add(uint64_t vaddr, uint64_t file_size, uint64_t size, uint32_t flags)
    {
        Elf64_Phdr s = {};
        s.p_type = PT_LOAD;
        s.p_flags = flags;
        s.p_offset = 0x1000;
        s.p_vaddr = vaddr;
        s.p_filesz = file_size;
        s.p_memsz = size;
        s.p_align = 0x1000;
        segments.push_back(s);
        header.e_phnum = static_cast<uint16_t>(segments.size());
        return segments.back();
    }

    std::vector<uint8_t> bytes() const
    {
        std::vector<uint8_t> all(0x1000 + content.size());
        memcpy(all.data(), &header, sizeof header);
        memcpy(all.data() + sizeof header, segments.data(), segments.size() * sizeof segments[0]);
        memcpy(all.data() + 0x1000, content.data(), content.size());
        return all;
    }
};

/* The complaint, "" if there is none. */
std::string parse(const std::vector<uint8_t> &bytes, bool fpu = true)
{
    struct elf_image image;
    struct elf_error error = {};
    /* A copy of just that size, for the address sanitizer. */
    std::vector<uint8_t> exact(bytes);
    exact.shrink_to_fit();
    bool good = elf_parse("task.elf", exact.data(), exact.size(), fpu, &image, &error);
    elf_free(&image);
    return good ? "" : error.text;
}

TEST(Elf, Flattens)
{
    File file;
    file.add(0x8080, 0x10, 0x20, PF_R).p_align = 1;
    auto bytes = file.bytes();
    struct elf_image image;
    struct elf_error error;
    ASSERT_TRUE(elf_parse("task.elf", bytes.data(), bytes.size(), true, &image, &error))
        << error.text;
    EXPECT_EQ(image.vaddr, 0x8000u);
    EXPECT_EQ(image.size, 0xB000u) << "up to 0x12100, in whole pages";
    EXPECT_EQ(image.byte_count, 0x8100u);
    EXPECT_EQ(image.entry, 0x10010u);
    EXPECT_EQ(image.bytes[0x7F], 0);
    EXPECT_EQ(image.bytes[0x80], 'x');
    EXPECT_EQ(image.bytes[0x90], 0);
    EXPECT_EQ(image.bytes[0x80FF], 'x');
    elf_free(&image);
}

struct Bad {
    const char *name;
    std::function<void(File &)> spoil;
    const char *complaint;
};

void PrintTo(const Bad &bad, std::ostream *out)
{
    *out << bad.name;
}

class BadElf : public ::testing::TestWithParam<Bad> {};

TEST_P(BadElf, IsRefused)
{
    File file;
    GetParam().spoil(file);
    std::string complaint = parse(file.bytes(), false);
    EXPECT_EQ(complaint.rfind("task.elf: ", 0), 0u) << complaint;
    EXPECT_NE(complaint.find(GetParam().complaint), std::string::npos) << complaint;
}

const Bad kBad[] = {
    {"Magic", [](File &f) { f.header.e_ident[0] = 0; }, "not an ELF file"},
    {"Class", [](File &f) { f.header.e_ident[EI_CLASS] = 1; }, "EI_CLASS is 1, not 2"},
    {"Endian", [](File &f) { f.header.e_ident[EI_DATA] = 2; }, "EI_DATA is 2, not 1"},
    {"Version", [](File &f) { f.header.e_ident[EI_VERSION] = 9; }, "EI_VERSION is 9, not 1"},
    {"Dynamic", [](File &f) { f.header.e_type = ET_DYN; }, "e_type is 3 (ET_DYN)"},
    {"Object", [](File &f) { f.header.e_type = ET_REL; }, "e_type is 1, not 2"},
    {"Machine", [](File &f) { f.header.e_machine = EM_X86_64; }, "e_machine is 62, not 243"},
    {"Version2", [](File &f) { f.header.e_version = 7; }, "e_version is 7, not 1"},
    {"Embedded", [](File &f) { f.header.e_flags = 8; }, "EF_RISCV_RVE"},
    {"Quad", [](File &f) { f.header.e_flags = 6; }, "quad precision"},
    {"Double", [](File &f) { f.header.e_flags = 4; }, "no FPU"},
    {"NoHeaders", [](File &f) { f.header.e_phnum = 0; }, "e_phnum is 0"},
    {"HeaderSize", [](File &f) { f.header.e_phentsize = 55; }, "e_phentsize is 55, not 56"},
    {"HeadersInside", [](File &f) { f.header.e_phoff = 8; }, "e_phoff is 0x8"},
    {"HeadersBeyond", [](File &f) { f.header.e_phoff = UINT64_MAX - 8; }, "end of the file"},
    {"ManyHeaders", [](File &f) { f.header.e_phnum = 0xFFFE; }, "end of the file"},
    {"FileSize", [](File &f) { f.segments[0].p_filesz = 0x3000; }, "more than p_memsz"},
    {"Offset", [](File &f) { f.segments[0].p_offset = UINT64_MAX - 0xFFF; }, "end of the file"},
    {"Address", [](File &f) { f.segments[0].p_vaddr = ABI_USER_TOP; }, "last user address"},
    {"Wraps", [](File &f) { f.segments[0].p_memsz = UINT64_MAX; }, "last user address"},
    {"Align", [](File &f) { f.segments[0].p_align = 3; }, "p_align is 0x3"},
    {"Congruence", [](File &f) { f.segments[0].p_vaddr += 16; }, "differ modulo p_align"},
    {"Interpreter", [](File &f) { f.segments[0].p_type = PT_INTERP; }, "PT_INTERP"},
    {"DynamicHeader", [](File &f) { f.segments[0].p_type = PT_DYNAMIC; }, "PT_DYNAMIC"},
    {"Nothing", [](File &f) { f.segments[0].p_type = PT_NOTE; }, "nothing to load"},
    {"Empty",
     [](File &f) {
         f.segments[0].p_filesz = 0;
         f.segments[0].p_memsz = 0;
     },
     "nothing to load"},
    {"Overlap", [](File &f) { f.add(0x12000, 0, 0x1000, PF_R); }, "headers 0 and 1 overlap"},
    {"OddEntry", [](File &f) { f.header.e_entry++; }, "even address"},
    {"Outside", [](File &f) { f.header.e_entry = 0x1234; }, "outside of all PT_LOAD"},
    {"NotExecutable", [](File &f) { f.segments[0].p_flags = PF_R; }, "lack PF_X"},
    {"EntryInZeros", [](File &f) { f.header.e_entry = 0x10200; }, "all is zero"},
    {"Span", [](File &f) { f.add(0x2000000000, 0, 0x1000, PF_R); }, "a mistake"},
    {"Many",
     [](File &f) {
         for (uint64_t i = 0; i < 64; i++) {
             f.add(0x20000 + i * 0x1000, 0, 16, PF_R);
         }
     },
     "more than 64 segments"},
};

INSTANTIATE_TEST_SUITE_P(All, BadElf, ::testing::ValuesIn(kBad),
                         [](const auto &info) { return std::string(info.param.name); });

TEST(Elf, CutShortAnywhere)
{
    auto bytes = File().bytes();
    for (size_t size = 0; size < 0x1000 + 0x100; size++) {
        std::vector<uint8_t> head(bytes.begin(), bytes.begin() + static_cast<long>(size));
        EXPECT_NE(parse(head), "") << size;
    }
}

TEST(Elf, Files)
{
    struct elf_image image;
    struct elf_error error = {};
    EXPECT_FALSE(elf_load("/nowhere/at/all", true, &image, &error));
    EXPECT_STREQ(error.text, "/nowhere/at/all: No such file or directory");
    EXPECT_FALSE(elf_load("/", true, &image, &error));
    EXPECT_STREQ(error.text, "/: not a regular file");
    /* Nobody will ever write to it. */
    std::string fifo = ::testing::TempDir() + "/" + std::to_string(getpid()) + "-fifo";
    ASSERT_EQ(mkfifo(fifo.c_str(), 0600), 0);
    EXPECT_FALSE(elf_load(fifo.c_str(), true, &image, &error));
    EXPECT_EQ(error.text, fifo + ": not a regular file");
    unlink(fifo.c_str());
}

TEST(Elf, ASegmentWithoutBytesMayHaveAnyOffset)
{
    for (uint64_t offset : {UINT64_MAX - 0xFFF, UINT64_MAX, uint64_t{1} << 63}) {
        File file;
        file.add(0x20000, 0, 0x1000, PF_R | PF_W).p_offset = offset;
        EXPECT_EQ(parse(file.bytes()), "") << offset;
    }
}

} // namespace
