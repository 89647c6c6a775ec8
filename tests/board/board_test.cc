/* SPDX-License-Identifier: BSD-2-Clause */

/* What the kernel learns from device trees: real ones, ones that lack something, hostile ones. */
#include <cstring>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/fdt/guarded.h"
#include "tests/fdt/tree.h"

extern "C" {
#include "arch/riscv64/board.h"
#include "core/config.h"
#include "fuzz/board_sound.h"
}

using namespace albireo;

namespace {

/* A blob in guarded memory, and what board_read() says of it. */
struct Result {
    explicit Result(const Bytes &blob)
        : guarded(guarded_new(blob.size())), tree(guarded_copy(&guarded, blob.data(), blob.size())),
          board(new struct board)
    {
        struct board_error text = {};
        ok = board_read(board.get(), tree, blob.size(), &text);
        error = ok ? "" : text.text;
        if (ok) {
            const char *problem = board_unsound(board.get(), tree, blob.size());
            EXPECT_EQ(nullptr, problem) << problem;
        } else {
            EXPECT_NE("", error);
        }
    }
    ~Result()
    {
        guarded_free(&guarded);
    }
    Result(const Result &) = delete;
    Result &operator=(const Result &) = delete;

    const struct board *operator->() const
    {
        return board.get();
    }

    struct guarded guarded;
    const uint8_t *tree;
    std::unique_ptr<struct board> board;
    bool ok;
    std::string error;
};

std::string error_of(const Bytes &blob)
{
    return Result(blob).error;
}

/* "START-END START-END ...", hexadecimal. */
std::string text_of(const struct boot_region *regions, uint32_t count)
{
    std::ostringstream text;
    text << std::hex;
    for (uint32_t i = 0; i < count; i++) {
        text << (i > 0 ? " " : "") << regions[i].start << "-" << regions[i].end;
    }
    return text.str();
}

std::string ram_of(const Result &result)
{
    return result.error + text_of(result->ram, result->ram_count);
}

std::string reserved_of(const Result &result)
{
    return result.error + text_of(result->reserved, result->reserved_count);
}

std::string devices_of(const Result &result)
{
    return result.error + text_of(result->devices, result->device_count);
}

/* "ID:CONTEXT ID:CONTEXT ...", with '+' for floating point and '*' for Sstc; '-' for no context. */
std::string harts_of(const Result &result)
{
    std::ostringstream text;
    text << result.error;
    for (uint32_t i = 0; i < result->hart_count; i++) {
        const struct board_hart &hart = result->harts[i];
        text << (i > 0 ? " " : "") << hart.id << ":";
        if (hart.plic_context == BOARD_NO_CONTEXT) {
            text << "-";
        } else {
            text << hart.plic_context;
        }
        text << (hart.fpu ? "+" : "") << (hart.sstc ? "*" : "");
    }
    return text.str();
}

/* A tree of the folder trees/, compiled. */
Bytes real_tree(const std::string &name)
{
    std::ifstream file("tests/board/" + name + ".dtb", std::ios::binary);
    Bytes blob{std::istreambuf_iterator<char>(file), {}};
    EXPECT_FALSE(blob.empty()) << name;
    return blob;
}

TEST(Board, QemuVirt)
{
    Result virt(real_tree("virt"));
    ASSERT_EQ("", virt.error);
    EXPECT_STREQ("riscv-virtio,qemu", virt->name);
    EXPECT_EQ("80000000-c0000000", ram_of(virt));
    EXPECT_EQ("", reserved_of(virt));
    EXPECT_EQ("0:1+* 1:3+* 2:5+* 3:7+*", harts_of(virt));
    EXPECT_EQ(10000000u, virt->timebase_hz);
    EXPECT_EQ("c000000-c600000", text_of(&virt->plic, 1));
    EXPECT_EQ(95u, virt->plic_sources); /* Its tree says 96, as if 0 were one. */
    EXPECT_EQ("2000000-2010000 c000000-c600000", devices_of(virt));
    EXPECT_TRUE(virt->quirks.complete_at_claim);
    EXPECT_FALSE(virt->quirks.flush_all);
    EXPECT_FALSE(virt->quirks.extend_stval);
    EXPECT_EQ(real_tree("virt").size(), virt->tree_size);
    EXPECT_EQ(nullptr, virt->bootargs);
    EXPECT_STREQ("/soc/serial@10000000", virt->stdout_path);
}

TEST(Board, QemuSifiveUHasAHartWithoutMmu)
{
    Result sifive_u(real_tree("sifive_u"));
    ASSERT_EQ("", sifive_u.error);
    EXPECT_STREQ("SiFive HiFive Unleashed A00", sifive_u->name);
    EXPECT_EQ("80000000-100000000", ram_of(sifive_u));
    EXPECT_EQ("1:2+ 2:4+ 3:6+ 4:8+", harts_of(sifive_u));
    EXPECT_EQ(1000000u, sifive_u->timebase_hz);
    EXPECT_EQ(53u, sifive_u->plic_sources);
    EXPECT_EQ("2000000-2010000 c000000-10000000", devices_of(sifive_u));
    EXPECT_FALSE(sifive_u->quirks.complete_at_claim);
    EXPECT_TRUE(sifive_u->quirks.flush_all);
    EXPECT_FALSE(sifive_u->quirks.extend_stval);
}

TEST(Board, UnmatchedHasErrataAndADisabledHart)
{
    Result unmatched(real_tree("unmatched_board"));
    ASSERT_EQ("", unmatched.error);
    EXPECT_STREQ("SiFive HiFive Unmatched A00", unmatched->name);
    EXPECT_EQ("80000000-480000000", ram_of(unmatched));
    EXPECT_EQ("80000000-80080000", reserved_of(unmatched));
    EXPECT_EQ("1:2+ 2:4+ 3:6+ 4:8+", harts_of(unmatched));
    EXPECT_EQ(1000000u, unmatched->timebase_hz);
    EXPECT_EQ(69u, unmatched->plic_sources);
    EXPECT_EQ("2000000-2010000 c000000-10000000", devices_of(unmatched));
    EXPECT_FALSE(unmatched->quirks.complete_at_claim);
    EXPECT_TRUE(unmatched->quirks.flush_all);
    EXPECT_TRUE(unmatched->quirks.extend_stval);
    EXPECT_STREQ("console=serial", unmatched->bootargs);
    EXPECT_STREQ("serial0", unmatched->stdout_path);
}

TEST(Board, UnmatchedInQemuDiffersOnlyWhereQemuDoes)
{
    Result board(real_tree("unmatched_board"));
    Result qemu(real_tree("unmatched"));
    ASSERT_EQ("", qemu.error);
    EXPECT_EQ("80000000-a0000000", ram_of(qemu));
    EXPECT_EQ("", reserved_of(qemu));
    EXPECT_EQ(harts_of(board), harts_of(qemu));
    EXPECT_EQ(devices_of(board), devices_of(qemu));
    EXPECT_EQ(53u, qemu->plic_sources);
    EXPECT_EQ(board->quirks.flush_all, qemu->quirks.flush_all);
}

TEST(Board, QemuVirtWithAclintHasItsPartsAsDevices)
{
    Result aclint(real_tree("virt_aclint"));
    EXPECT_EQ("2000000-2010000 2f00000-2f04000 c000000-c600000", devices_of(aclint));
}

TEST(Board, SmallIsEnough)
{
    Result small(real_tree("small"));
    ASSERT_EQ("", small.error);
    EXPECT_STREQ("small", small->name);
    EXPECT_EQ("40000000-41000000", ram_of(small));
    EXPECT_EQ("40000000-40001000 40100000-40101000", reserved_of(small));
    EXPECT_EQ("3:0*", harts_of(small));
    EXPECT_EQ("10000000-10201000", devices_of(small));
}

TEST(Board, AHartIsFoundByItsId)
{
    Result sifive_u(real_tree("sifive_u"));
    ASSERT_NE(nullptr, board_hart(sifive_u.board.get(), 3));
    EXPECT_EQ(6u, board_hart(sifive_u.board.get(), 3)->plic_context);
    EXPECT_EQ(nullptr, board_hart(sifive_u.board.get(), 0));
}

/* Of QEMU's virt, without something. */
std::string without_node(const std::string &path)
{
    Bytes blob = real_tree("virt");
    remove_node(&blob, path);
    return error_of(blob);
}

std::string without_property(const std::string &path, const std::string &name)
{
    Bytes blob = real_tree("virt");
    remove_property(&blob, path, name);
    return error_of(blob);
}

std::string with_cell(const std::string &path, const std::string &name, uint32_t index,
                      uint32_t value)
{
    Bytes blob = real_tree("virt");
    set_cell(&blob, path, name, index, value);
    return error_of(blob);
}

std::string with_size_that_wraps(const std::string &path)
{
    Bytes blob = real_tree("virt");
    set_cell(&blob, path, "reg", 2, 0xffffffff);
    set_cell(&blob, path, "reg", 3, 0xffffffff);
    return error_of(blob);
}

/* The property is missing in all four harts. */
std::string without_in_harts(const std::string &path, const std::string &name)
{
    Bytes blob = real_tree("virt");
    for (const char *hart : {"0", "1", "2", "3"}) {
        remove_property(&blob, std::string("/cpus/cpu@") + hart + path, name);
    }
    return error_of(blob);
}

TEST(BoardError, NoMemory)
{
    EXPECT_EQ("the device tree has no memory node", without_node("/memory@80000000"));
    EXPECT_EQ("the device tree has no memory node",
              without_property("/memory@80000000", "device_type"));
    EXPECT_EQ("/memory@80000000: reg is missing", without_property("/memory@80000000", "reg"));
    EXPECT_EQ("the device tree's memory nodes hold no whole page",
              with_cell("/memory@80000000", "reg", 3, 0xfff));
}

TEST(BoardError, MemoryThatWraps)
{
    EXPECT_EQ("/memory@80000000: reg is malformed or has no translation by ranges",
              with_size_that_wraps("/memory@80000000"));
}

TEST(BoardError, NoHarts)
{
    EXPECT_EQ("the device tree has no /cpus node", without_node("/cpus"));
    EXPECT_EQ("/cpus: no cpu node in here", without_in_harts("", "device_type"));
    EXPECT_EQ("/cpus/cpu@3: no hart can run the kernel; this one has no rv64imac (riscv,isa)",
              without_in_harts("", "riscv,isa"));
    EXPECT_EQ("/cpus/cpu@3: no hart can run the kernel; this one has no MMU with Sv39 (mmu-type)",
              without_in_harts("", "mmu-type"));
}

TEST(BoardError, AHartWithoutNumber)
{
    EXPECT_EQ("/cpus/cpu@2: reg is missing or not one number",
              without_property("/cpus/cpu@2", "reg"));
}

TEST(BoardError, TwoHartsWithTheSameNumber)
{
    EXPECT_EQ("/cpus/cpu@2: reg is the same as that of another hart",
              with_cell("/cpus/cpu@2", "reg", 0, 1));
}

TEST(BoardError, NoTimebase)
{
    const char error[] = "/cpus: timebase-frequency is missing, 0 or not one number";
    EXPECT_EQ(error, without_property("/cpus", "timebase-frequency"));
    EXPECT_EQ(error, with_cell("/cpus", "timebase-frequency", 0, 0));
}

TEST(BoardError, NoPlic)
{
    const char error[] = "the device tree has no PLIC (sifive,plic-1.0.0 or riscv,plic0)";
    EXPECT_EQ(error, without_node("/soc/plic@c000000"));
    EXPECT_EQ(error, without_property("/soc/plic@c000000", "compatible"));
}

TEST(BoardError, NoPlicRegisters)
{
    const char error[] =
        "/soc/plic@c000000: reg is missing, malformed or has no translation by ranges";
    EXPECT_EQ(error, without_property("/soc/plic@c000000", "reg"));
    EXPECT_EQ(error, without_property("/soc", "ranges"));
}

TEST(BoardError, ThePlicIsTooSmallForTheContextsInUse)
{
    const char error[] =
        "/soc/plic@c000000: reg is too small for the contexts of interrupts-extended";
    EXPECT_EQ("", with_cell("/soc/plic@c000000", "reg", 3, 0x208000));
    EXPECT_EQ(error, with_cell("/soc/plic@c000000", "reg", 3, 0x207fff));
    EXPECT_EQ(error, with_cell("/soc/plic@c000000", "reg", 3, 0));
}

TEST(BoardError, NumberOfSources)
{
    const char error[] = "/soc/plic@c000000: riscv,ndev is not within 1 to 1023";
    EXPECT_EQ("/soc/plic@c000000: riscv,ndev is missing",
              without_property("/soc/plic@c000000", "riscv,ndev"));
    EXPECT_EQ(error, with_cell("/soc/plic@c000000", "riscv,ndev", 0, 0));
    EXPECT_EQ("", with_cell("/soc/plic@c000000", "riscv,ndev", 0, 1));
    EXPECT_EQ("", with_cell("/soc/plic@c000000", "riscv,ndev", 0, 1023));
    EXPECT_EQ(error, with_cell("/soc/plic@c000000", "riscv,ndev", 0, 1024));
}

TEST(BoardError, NoContexts)
{
    const char error[] = "/soc/plic@c000000: interrupts-extended names no S-mode context (cause 9)";
    EXPECT_EQ(error, without_property("/soc/plic@c000000", "interrupts-extended"));
    EXPECT_EQ(error, without_in_harts("/interrupt-controller", "phandle"));
    EXPECT_EQ(error, without_in_harts("/interrupt-controller", "compatible"));
}

TEST(BoardError, TheTimersRegistersAreUnknown)
{
    EXPECT_EQ("/soc/clint@2000000: reg is missing", without_property("/soc/clint@2000000", "reg"));
    EXPECT_EQ("/soc/clint@2000000: reg is malformed or has no translation by ranges",
              with_size_that_wraps("/soc/clint@2000000"));
}

TEST(BoardError, WhatIsNoDeviceTree)
{
    EXPECT_EQ("there is no device tree (its magic number d00dfeed is missing)",
              error_of(Bytes(4096, 0)));
}

TEST(BoardError, ALongPathIsCut)
{
    Tree tree;
    tree.begin("").begin("memory" + std::string(300, 'x')).strings("device_type", {"memory"});
    tree.end().end();
    std::string error = error_of(tree.blob());
    EXPECT_EQ(0u, error.find("/memoryxxxx"));
    EXPECT_NE(std::string::npos, error.find("xx: reg is missing"));
    EXPECT_LT(error.size(), static_cast<size_t>(BOARD_ERROR_SIZE));
}

/* Phandle of a hart's interrupt controller. */
uint32_t intc(uint32_t hart)
{
    return 100 + hart;
}

void hart_tail(Tree *tree, uint32_t id)
{
    tree->begin("interrupt-controller").strings("compatible", {"riscv,cpu-intc"});
    tree->cells("phandle", {intc(id)}).end().end();
}

void hart(Tree *tree, uint32_t id, const std::string &isa = "rv64imac",
          const std::string &mmu = "riscv,sv39")
{
    tree->begin("cpu@" + std::to_string(id)).strings("device_type", {"cpu"}).cells("reg", {id});
    tree->strings("riscv,isa", {isa}).strings("mmu-type", {mmu});
    hart_tail(tree, id);
}

void memory(Tree *tree, const std::vector<uint32_t> &reg)
{
    tree->begin("memory").strings("device_type", {"memory"}).cells("reg", reg).end();
}

/* The parts of a small machine; a test replaces some. All cells are two. */
struct Parts {
    std::function<void(Tree *)> root = [](Tree *) {
    };
    std::function<void(Tree *)> ram = [](Tree *tree) {
        memory(tree, {0, 0x80000000, 0, 0x10000});
    };
    std::function<void(Tree *)> reserved = [](Tree *) {
    };
    std::function<void(Tree *)> cpus = [](Tree *tree) {
        tree->cells("timebase-frequency", {1000000});
        hart(tree, 0);
    };
    std::vector<uint32_t> contexts = {intc(0), 9};
    std::function<void(Tree *)> devices = [](Tree *) {
    };

    Tree tree() const
    {
        Tree tree;
        tree.begin("").cells("#address-cells", {2}).cells("#size-cells", {2});
        root(&tree);
        ram(&tree);
        tree.begin("reserved-memory").cells("#address-cells", {2}).cells("#size-cells", {2});
        tree.empty("ranges");
        reserved(&tree);
        tree.end().begin("cpus").cells("#address-cells", {1}).cells("#size-cells", {0});
        cpus(&tree);
        tree.end().begin("plic").strings("compatible", {"riscv,plic0"});
        tree.cells("reg", {0, 0xc000000, 0, 0x600000}).cells("riscv,ndev", {31});
        tree.cells("interrupts-extended", contexts).end();
        devices(&tree);
        return tree.end();
    }
    Bytes blob() const
    {
        return tree().blob();
    }
};

TEST(BoardRam, IsRoundedInwards)
{
    Parts parts;
    parts.ram = [](Tree *tree) {
        memory(tree, {0, 0x80000001, 0, 0x2fff, 0, 0x90000000, 0, 0x1fff, 0, 0xa0000800, 0, 0x1000,
                      0, 0xb0000000, 0, 0});
    };
    EXPECT_EQ("80001000-80003000 90000000-90001000", ram_of(Result(parts.blob())));
}

TEST(BoardRam, IsSortedAndMergedOverAllNodes)
{
    Parts parts;
    parts.ram = [](Tree *tree) {
        memory(tree, {0, 0x5000, 0, 0x1000, 0, 0x1000, 0, 0x1000, 0, 0x3000, 0, 0x1000});
        memory(tree, {0, 0x4000, 0, 0x1000, 8, 0, 8, 0, 0, 0x9000, 0, 0x3000});
        memory(tree, {0, 0xa000, 0, 0x1000, 0, 0x8000, 0, 0x8000});
    };
    EXPECT_EQ("1000-2000 3000-6000 8000-10000 800000000-1000000000", ram_of(Result(parts.blob())));
}

TEST(BoardRam, ANewRegionMaySwallowAllOthers)
{
    Parts parts;
    parts.ram = [](Tree *tree) {
        memory(tree, {0, 0x1000, 0, 0x1000, 0, 0x3000, 0, 0x1000, 0, 0x5000, 0, 0x1000, //
                      0, 0, 0, 0x10000});
    };
    EXPECT_EQ("0-10000", ram_of(Result(parts.blob())));
}

TEST(BoardRam, DisabledMemoryIsNone)
{
    Parts parts;
    parts.ram = [](Tree *tree) {
        memory(tree, {0, 0x1000, 0, 0x1000});
        tree->begin("memory@1").strings("device_type", {"memory"});
        tree->strings("status", {"disabled"}).cells("reg", {0, 0x10000, 0, 0x1000}).end();
    };
    EXPECT_EQ("1000-2000", ram_of(Result(parts.blob())));
}

std::vector<uint32_t> separate_pages(uint32_t count)
{
    std::vector<uint32_t> reg;
    for (uint32_t i = count; i > 0; i--) {
        reg.insert(reg.end(), {0, i * 0x2000, 0, 0x1000});
    }
    return reg;
}

TEST(BoardRam, HasAtMost32Regions)
{
    Parts parts;
    parts.ram = [](Tree *tree) {
        memory(tree, separate_pages(32));
    };
    EXPECT_EQ(32u, Result(parts.blob())->ram_count);
    parts.ram = [](Tree *tree) {
        memory(tree, separate_pages(33));
    };
    EXPECT_EQ("/memory: with this there are more than 32 separate regions", error_of(parts.blob()));
}

TEST(BoardRam, TheLastPageOfAllIsLeftOut)
{
    Parts parts;
    parts.ram = [](Tree *tree) {
        memory(tree, {0, 0x1000, 0, 0x1000, 0xffffffff, 0xffffe000, 0, 0x1fff});
    };
    EXPECT_EQ("1000-2000 ffffffffffffe000-fffffffffffff000", ram_of(Result(parts.blob())));
}

void reserve(Tree *tree, const std::string &name, const std::vector<uint32_t> &reg)
{
    tree->begin(name).cells("reg", reg).end();
}

TEST(BoardReserved, IsRoundedOutwardsSortedAndMerged)
{
    Parts parts;
    parts.reserved = [](Tree *tree) {
        reserve(tree, "c", {0, 0x90000fff, 0, 2});
        reserve(tree, "a", {0, 0x80000800, 0, 0x100, 0, 0x80003000, 0, 0x1000});
        reserve(tree, "b", {0, 0x80000000, 0, 0x900});
    };
    Tree tree = parts.tree();
    tree.reserve(0x80002001, 0x1000).reserve(0x90000000, 1);
    EXPECT_EQ("80000000-80001000 80002000-80004000 90000000-90002000",
              reserved_of(Result(tree.blob())));
}

TEST(BoardReserved, NeedNotBeInRam)
{
    Parts parts;
    EXPECT_EQ("1000-2000", reserved_of(Result(parts.tree().reserve(0x1234, 5).blob())));
}

TEST(BoardReserved, WishesForMemoryAreNoReservations)
{
    Parts parts;
    parts.reserved = [](Tree *tree) {
        tree->begin("pool").cells("size", {0, 0x100000}).end();
        tree->begin("off").strings("status", {"disabled"}).cells("reg", {0, 0, 0, 0x1000}).end();
    };
    EXPECT_EQ("", reserved_of(Result(parts.blob())));
}

TEST(BoardReserved, WhatCannotBeReadIsAnError)
{
    Parts parts;
    parts.reserved = [](Tree *tree) {
        reserve(tree, "x", {0, 0x1000, 0});
    };
    EXPECT_EQ("/reserved-memory/x: reg is malformed or has no translation by ranges",
              error_of(parts.blob()));
    parts.reserved = [](Tree *tree) {
        reserve(tree, "x", {});
    };
    EXPECT_EQ("/reserved-memory/x: reg is missing", error_of(parts.blob()));
}

TEST(BoardReserved, TheEventLogIsOneOfThem)
{
    Parts parts;
    parts.reserved = [](Tree *tree) {
        reserve(tree, "other", {0, 0x70000000, 0, 0x1000});
        tree->begin("log").strings("compatible", {"albireo,event-log"});
        tree->cells("reg", {0, 0x90000800, 0, 0x2000}).end();
    };
    Result result(parts.blob());
    EXPECT_EQ("70000000-70001000 90000000-90003000", reserved_of(result));
    EXPECT_EQ(CONFIG_DEBUG ? 0x90001000u : 0, result->event_log.start); /* Whole pages of it. */
    EXPECT_EQ(CONFIG_DEBUG ? 0x90002000u : 0, result->event_log.end);
    EXPECT_EQ(0u, Result(Parts().blob())->event_log.end);
}

TEST(BoardReserved, HasAtMost32Regions)
{
    Parts parts;
    parts.reserved = [](Tree *tree) {
        reserve(tree, "x", separate_pages(32));
    };
    EXPECT_EQ(32u, Result(parts.blob())->reserved_count);
    EXPECT_EQ("/reserved-memory/x: with this there are more than 32 separate regions",
              error_of(parts.tree().reserve(0x90000000, 1).blob()));
    Tree tree = Parts().tree();
    for (uint64_t i = 1; i <= 33; i++) {
        tree.reserve(i * 0x2000, 0x1000);
    }
    EXPECT_EQ("/memreserve/: more than 32 separate regions", error_of(tree.blob()));
}

TEST(BoardReserved, AnEntryThatWrapsIsAnError)
{
    EXPECT_EQ("/memreserve/: an entry reaches beyond the last address",
              error_of(Parts().tree().reserve(0xfffffffffffff000, 0x1000).blob()));
}

TEST(BoardReserved, MayReachToTheLastPageButOne)
{
    Tree tree = Parts().tree().reserve(0xffffffffffffe800, 0x17ff);
    EXPECT_EQ("ffffffffffffe000-fffffffffffff000", reserved_of(Result(tree.blob())));
}

TEST(BoardReserved, EntriesWithoutSizeReserveNothing)
{
    Tree tree = Parts().tree().reserve(0x2000, 0);
    EXPECT_EQ("", reserved_of(Result(tree.blob())));
}

/* Harts of a machine with one hart that is as `isa` says. */
std::string harts_with_isa(const std::string &isa)
{
    Parts parts;
    parts.cpus = [&](Tree *tree) {
        tree->cells("timebase-frequency", {1000000});
        hart(tree, 0, isa);
    };
    return harts_of(Result(parts.blob()));
}

const char kNoIsa[] = "/cpus/cpu@0: no hart can run the kernel; this one has no rv64imac "
                      "(riscv,isa)";

TEST(BoardHart, TheIsaStringNamesExtensions)
{
    EXPECT_EQ("0:0", harts_with_isa("rv64imac"));
    EXPECT_EQ("0:0", harts_with_isa("rv64imafc"));
    EXPECT_EQ("0:0+", harts_with_isa("rv64imafdc"));
    EXPECT_EQ("0:0+", harts_with_isa("rv64gc"));
    EXPECT_EQ("0:0+", harts_with_isa("rv64imafdcsu"));
    EXPECT_EQ("0:0", harts_with_isa("rv64imac_zicsr_zifencei"));
    EXPECT_EQ("0:0*", harts_with_isa("rv64imac_sstc"));
    EXPECT_EQ("0:0+*", harts_with_isa("rv64imafdch_zicsr_sstc_svinval"));
    EXPECT_EQ("0:0*", harts_with_isa("rv64imacsstc"));
    EXPECT_EQ("0:0", harts_with_isa("rv64imac_sstcx_xsstc_sst"));
    EXPECT_EQ("0:0", harts_with_isa("rv64imac__"));
}

TEST(BoardHart, TheKernelNeedsRv64imac)
{
    for (const char *isa : {"", "rv", "rv64", "rv32imac", "rv64mac", "rv64iac", "rv64imc",
                            "rv64ima", "rv64im_ac", "rv64imzac", "RV64IMAC"}) {
        EXPECT_EQ(kNoIsa, harts_with_isa(isa)) << isa;
    }
}

/* Harts of a machine with one hart that is described by the newer binding. */
std::string harts_with_extensions(const std::string &base, const std::vector<std::string> &list)
{
    Parts parts;
    parts.cpus = [&](Tree *tree) {
        tree->cells("timebase-frequency", {1000000});
        tree->begin("cpu@0").strings("device_type", {"cpu"}).cells("reg", {0});
        tree->strings("mmu-type", {"riscv,sv39"}).strings("riscv,isa", {"rv32e"});
        tree->strings("riscv,isa-base", {base}).strings("riscv,isa-extensions", list);
        hart_tail(tree, 0);
    };
    return harts_of(Result(parts.blob()));
}

TEST(BoardHart, TheListOfExtensionsGoesBeforeTheIsaString)
{
    EXPECT_EQ("0:0", harts_with_extensions("rv64i", {"i", "m", "a", "c", "zicsr"}));
    EXPECT_EQ("0:0+*", harts_with_extensions("rv64i", {"i", "m", "a", "f", "d", "c", "sstc"}));
    EXPECT_EQ(kNoIsa, harts_with_extensions("rv32i", {"i", "m", "a", "c"}));
    EXPECT_EQ(kNoIsa, harts_with_extensions("rv64i", {"i", "m", "ac"}));
}

TEST(BoardHart, TheKernelNeedsAnMmuWithSv39)
{
    for (const char *mmu : {"riscv,sv39", "riscv,sv48", "riscv,sv57", "riscv,sv32", "riscv,none"}) {
        Parts parts;
        parts.cpus = [&](Tree *tree) {
            tree->cells("timebase-frequency", {1000000});
            hart(tree, 0, "rv64imac", mmu);
        };
        bool fit = strcmp(mmu, "riscv,sv39") >= 0 && strcmp(mmu, "riscv,sv57") <= 0;
        EXPECT_EQ(fit ? "0:0"
                      : "/cpus/cpu@0: no hart can run the kernel; this one has no MMU with Sv39 "
                        "(mmu-type)",
                  harts_of(Result(parts.blob())))
            << mmu;
    }
}

TEST(BoardHart, ADisabledHartIsIgnored)
{
    Parts parts;
    parts.cpus = [](Tree *tree) {
        tree->cells("timebase-frequency", {1000000});
        tree->begin("cpu@0").strings("device_type", {"cpu"}).strings("status", {"disabled"}).end();
    };
    EXPECT_EQ("/cpus/cpu@0: no hart can run the kernel; this one is not enabled (status)",
              error_of(parts.blob()));
    auto without = parts.cpus;
    parts.cpus = [&](Tree *tree) {
        without(tree);
        hart(tree, 5);
    };
    parts.contexts = {intc(5), 11, intc(5), 9};
    EXPECT_EQ("5:1", harts_of(Result(parts.blob())));
}

TEST(BoardHart, NumbersMayHaveTwoCells)
{
    Parts parts;
    parts.cpus = [](Tree *tree) {
        tree->cells("timebase-frequency", {0, 1000000});
        tree->begin("cpu").strings("device_type", {"cpu"}).cells("reg", {1, 2});
        tree->strings("riscv,isa", {"rv64imac"}).strings("mmu-type", {"riscv,sv39"});
        hart_tail(tree, 0);
    };
    Result result(parts.blob());
    EXPECT_EQ("4294967298:0", harts_of(result));
    EXPECT_EQ(1000000u, result->timebase_hz);
}

TEST(BoardHart, TheTimebaseMayBeThatOfAHart)
{
    Bytes blob = real_tree("small");
    EXPECT_EQ(1000000u, Result(blob)->timebase_hz);
    remove_property(&blob, "/cpus/cpu", "timebase-frequency");
    EXPECT_EQ("/cpus: timebase-frequency is missing, 0 or not one number", error_of(blob));
}

Bytes with_harts(uint32_t count)
{
    Parts parts;
    parts.cpus = [&](Tree *tree) {
        tree->cells("timebase-frequency", {1000000});
        for (uint32_t i = 0; i < count; i++) {
            hart(tree, i);
        }
    };
    return parts.blob();
}

TEST(BoardHart, ThereAreAtMost64)
{
    EXPECT_EQ(64u, Result(with_harts(64))->hart_count);
    EXPECT_EQ("/cpus/cpu@64: there are more than 64 harts", error_of(with_harts(65)));
    EXPECT_EQ("/cpus/cpu@64: there are more than 64 harts", error_of(with_harts(1000)));
}

TEST(BoardPlic, AContextIsTheIndexOfItsEntry)
{
    Parts parts;
    parts.cpus = [](Tree *tree) {
        tree->cells("timebase-frequency", {1000000});
        hart(tree, 0);
        hart(tree, 1);
        hart(tree, 2);
    };
    parts.contexts = {intc(2), 0xffffffff, intc(1), 9, 0xffffffff, 9, intc(0), 11, intc(0), 9};
    EXPECT_EQ("0:4 1:1 2:-", harts_of(Result(parts.blob())));
}

TEST(BoardPlic, SourcesAreAsManyAsTheTreeSays)
{
    for (uint32_t count : {1u, 95u, 96u, 97u, 1023u}) {
        Bytes blob = real_tree("sifive_u");
        set_cell(&blob, "/soc/interrupt-controller", "riscv,ndev", 0, count);
        EXPECT_EQ(count, Result(blob)->plic_sources);
    }
}

TEST(BoardPlic, QemusVirtCountsOneSourceTooMany)
{
    Bytes blob = real_tree("virt");
    for (uint32_t count : {94u, 95u, 96u, 97u}) {
        set_cell(&blob, "/soc/plic", "riscv,ndev", 0, count);
        EXPECT_EQ(count == 96 ? 95 : count, Result(blob)->plic_sources);
    }
}

TEST(BoardPlic, HalfAnEntryIsNone)
{
    Parts parts;
    parts.contexts = {intc(0)};
    EXPECT_EQ("/plic: interrupts-extended names no S-mode context (cause 9)",
              error_of(parts.blob()));
}

TEST(BoardPlic, ADisabledPlicIsNone)
{
    Parts parts;
    parts.root = [](Tree *tree) {
        tree->strings("status", {"okay"});
    };
    EXPECT_EQ("", error_of(parts.blob()));
    parts.root = [](Tree *tree) {
        tree->begin("off").strings("compatible", {"riscv,plic0"}).strings("status", {"disabled"});
        tree->end();
    };
    EXPECT_EQ("c000000-c600000", devices_of(Result(parts.blob())));
}

TEST(BoardDevices, ATimerThatTheFirmwareKeepsIsStillNoUsers)
{
    Parts parts;
    parts.devices = [](Tree *tree) {
        tree->begin("clint").strings("compatible", {"riscv,clint0"});
        tree->strings("status", {"disabled"}).cells("reg", {0, 0x2000800, 0, 0x100}).end();
    };
    EXPECT_EQ("2000000-2001000 c000000-c600000", devices_of(Result(parts.blob())));
}

TEST(BoardDevices, AreAtMost32)
{
    Parts parts;
    parts.devices = [](Tree *tree) {
        tree->begin("timer").strings("compatible", {"riscv,aclint-mtimer"});
        tree->cells("reg", separate_pages(32)).end();
    };
    EXPECT_EQ("/timer: with this there are more than 32 separate regions", error_of(parts.blob()));
}

std::string name_with(const std::function<void(Tree *)> &root)
{
    Parts parts;
    parts.root = root;
    return Result(parts.blob())->name;
}

TEST(BoardName, IsTheModelOrElseTheFirstCompatible)
{
    EXPECT_EQ("M", name_with([](Tree *tree) {
                  tree->strings("compatible", {"a", "b"}).strings("model", {"M"});
              }));
    EXPECT_EQ("a", name_with([](Tree *tree) { tree->strings("compatible", {"a", "b"}); }));
    EXPECT_EQ("unnamed", name_with([](Tree *) {}));
    EXPECT_EQ("unnamed", name_with([](Tree *tree) { tree->strings("model", {""}); }));
}

TEST(BoardName, IsCutAndPrintable)
{
    EXPECT_EQ(std::string(63, 'x'),
              name_with([](Tree *tree) { tree->strings("model", {std::string(100, 'x')}); }));
    EXPECT_EQ("a b?[31m?",
              name_with([](Tree *tree) { tree->strings("model", {"a b\x1b[31m\xff"}); }));
}

struct board_quirks quirks_of(const char *name)
{
    Parts parts;
    parts.root = [&](Tree *tree) {
        tree->strings("compatible", {"x", name});
    };
    return Result(parts.blob())->quirks;
}

TEST(BoardName, EachNameOfTheFu740TellsItsErrata)
{
    for (const char *name : {"sifive,hifive-unmatched-a00", "sifive,fu740-c000", "sifive,fu740"}) {
        EXPECT_TRUE(quirks_of(name).flush_all) << name;
        EXPECT_TRUE(quirks_of(name).extend_stval) << name;
    }
}

TEST(BoardName, EachNameOfTheFu540TellsItsErratum)
{
    for (const char *name : {"sifive,hifive-unleashed-a00", "sifive,fu540-c000", "sifive,fu540"}) {
        EXPECT_TRUE(quirks_of(name).flush_all) << name;
        EXPECT_FALSE(quirks_of(name).extend_stval) << name;
    }
}

TEST(BoardName, OthersHaveNoErrata)
{
    EXPECT_FALSE(quirks_of("sifive,fu54").flush_all);
    EXPECT_FALSE(quirks_of("riscv-virtio").flush_all);
    EXPECT_FALSE(quirks_of("riscv-virtio").extend_stval);
}

/* Hostile trees: nothing outside of them is read, and what is accepted is sound. */

class Hostile : public testing::TestWithParam<const char *> {};

TEST_P(Hostile, ATreeCutToAnyLengthIsRefused)
{
    Bytes blob = real_tree(GetParam());
    for (size_t size = 0; size < blob.size(); size++) {
        EXPECT_FALSE(Result(Bytes(blob.begin(), blob.begin() + static_cast<long>(size))).ok);
    }
}

TEST_P(Hostile, ATreeWithAnyByteChangedIsRefusedOrSound)
{
    Bytes blob = real_tree(GetParam());
    size_t refused = 0;
    for (size_t i = 0; i < blob.size(); i++) {
        for (uint8_t change : {0x01, 0x02, 0x04, 0x80, 0xff}) {
            blob[i] ^= change;
            refused += !Result(blob).ok;
            blob[i] ^= change;
        }
    }
    EXPECT_GT(refused, 100u);
    EXPECT_TRUE(Result(blob).ok);
}

INSTANTIATE_TEST_SUITE_P(Trees, Hostile, testing::Values("virt", "unmatched_board", "small"),
                         [](const auto &info) { return std::string(info.param); });

TEST(HostileBoard, ThousandsOfHartsAndContextsTakeTheirTimeOnce)
{
    Parts parts;
    parts.cpus = [](Tree *tree) {
        tree->cells("timebase-frequency", {1000000});
        for (uint32_t i = 0; i < 64; i++) {
            hart(tree, i);
        }
        for (uint32_t i = 64; i < 1000; i++) {
            hart(tree, i, "rv64imac", "riscv,none");
        }
    };
    parts.contexts.assign(8000, intc(63));
    parts.contexts.insert(parts.contexts.end(), {intc(63), 9});
    Bytes blob = parts.blob();
    EXPECT_EQ("/plic: reg is too small for the contexts of interrupts-extended", error_of(blob));
}

} // namespace
