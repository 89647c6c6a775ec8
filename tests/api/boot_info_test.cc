/* SPDX-License-Identifier: BSD-2-Clause */

/* Boot as the root task sees it: registers, initial capabilities, address space, BootInfo and its
 * list of untypeds (docs/abi/11, 16 section 16.10), on several machines.
 */
#include "tests/support/system.h"

#include <algorithm>
#include <array>
#include <cstring>

extern "C" {
#include "core/bootinfo.h"
}

namespace albireo {
namespace {

constexpr Word kPageSize = 0x1000;
constexpr Word kPhysicalTop = Word{1} << 39; /* End of what users can get. */

/* A range of physical addresses, without its end. */
struct Range {
    Word start, end;
    bool operator==(const Range &other) const
    {
        return start == other.start && end == other.end;
    }
};

std::ostream &operator<<(std::ostream &out, const Range &r)
{
    return out << std::hex << r.start << ".." << r.end;
}

/* A piece of memory as BootInfo describes it. */
struct Piece {
    Word paddr, bits;
    bool operator==(const Piece &other) const
    {
        return paddr == other.paddr && bits == other.bits;
    }
};

std::ostream &operator<<(std::ostream &out, const Piece &p)
{
    return out << std::hex << p.paddr << "/" << std::dec << p.bits;
}

/* What of `all` is in none of `taken`. */
std::vector<Range> without(Range all, std::vector<Range> taken)
{
    std::sort(taken.begin(), taken.end(),
              [](const Range &a, const Range &b) { return a.start < b.start; });
    std::vector<Range> rest;
    Word at = all.start;
    for (const Range &r : taken) {
        if (r.start > at && r.start < all.end) {
            rest.push_back({at, r.start});
        }
        at = std::max(at, r.end);
    }
    if (at < all.end) {
        rest.push_back({at, all.end});
    }
    return rest;
}

/* Greedy from the low end: the largest aligned power of two that fits, from 16 bytes to 2^38. */
void cut(Range range, std::vector<Piece> *pieces)
{
    while (range.end - range.start >= 16) {
        Word bits = 38;
        while (range.start % (Word{1} << bits) != 0 ||
               range.end - range.start < (Word{1} << bits)) {
            bits--;
        }
        pieces->push_back({range.start, bits});
        range.start += Word{1} << bits;
    }
}

std::vector<Range> ranges_of(const struct boot_region *regions, uint32_t count)
{
    std::vector<Range> ranges;
    for (uint32_t i = 0; i < count; i++) {
        ranges.push_back({regions[i].start, regions[i].end});
    }
    return ranges;
}

/* A device tree blob as far as the kernel cares: its magic number and some bytes. */
std::vector<uint8_t> blob(size_t size)
{
    std::vector<uint8_t> bytes(size);
    for (size_t i = 0; i < size; i++) {
        bytes[i] = static_cast<uint8_t>(7 * i + 1);
    }
    const uint8_t magic[] = {0xd0, 0x0d, 0xfe, 0xed};
    std::copy(magic, magic + sizeof magic, bytes.begin());
    return bytes;
}

struct Board {
    const char *name;
    SystemOptions options;
};

void PrintTo(const Board &board, std::ostream *out)
{
    *out << board.name;
}

SystemOptions options(std::function<void(sim_config &)> configure)
{
    SystemOptions o;
    o.root_priority = 255; /* As booted. */
    o.configure = std::move(configure);
    return o;
}

Board plain_board()
{
    return {"Plain", options({})};
}

/* QEMU's virt board; with RAM up to 0x140000000, 3 GiB, as in docs/abi/16 section 16.10. */
Board virt_board(Word ram_end)
{
    Board board = {"Virt", options([ram_end](sim_config &c) {
                       c.ram[0] = {0x80200000, ram_end};
                       c.reserved_count = 0;
                       c.image_size = 0x26000;
                   })};
    board.options.dtb = blob(0x14ae - 16);
    return board;
}

/* An image that needs two middle tables and three leaf tables; its entry is not at its start. */
Board wide_image_board()
{
    Board board = {"WideImage", options([](sim_config &c) {
                       c.image_vaddr = 0x40000000 - 0x200000 - 0x3000;
                       c.image_size = 0x203000 + 0x5000;
                       c.image_entry = 0x3FFFF124;
                   })};
    board.options.dtb = blob(3 * 4096 + 8);
    board.options.root_cnode_bits = 13;
    return board;
}

/* Three pieces of RAM, odd reserved regions in and out of it, another timer. */
Board scattered_board()
{
    Board board = {"Scattered", options([](sim_config &c) {
                       c.ram_count = 3;
                       c.ram[0] = {0x100000000, 0x100400000};
                       c.ram[1] = {0x80000000, 0x80801000};
                       c.ram[2] = {0x200003000, 0x200017000};
                       c.reserved_count = 4;
                       c.reserved[0] = {0x80000000, 0x80200000};
                       c.reserved[1] = {0x100001010, 0x100001fe8};
                       c.reserved[2] = {0x100001800, 0x100002020};
                       c.reserved[3] = {0x10000000, 0x10001000};
                       c.device_count = 3;
                       c.devices[2] = {0x30000010, 0x30000040};
                   })};
    board.options.ticks_per_us = 1;
    board.options.boot_slice_ms = 7;
    return board;
}

class BootInfoTest : public ::testing::TestWithParam<Board> {
  protected:
    BootInfoTest() : options_(GetParam().options), sys(options_)
    {
        info = reinterpret_cast<const struct bootinfo *>(sys.bootinfo());
        params = sim_boot_params(sys.sim());
        image_start = params->image.start - params->image_offset;
        image_end = params->image.end - params->image_offset;
        extra_pages = (info->extra_len + kPageSize - 1) / kPageSize;
    }

    /* The root task's view of one byte: its physical address, or ~0 if any access faults. */
    Word translate(Word vaddr)
    {
        Word paddr[3] = {0, 0, 0};
        for (int access = SIM_FETCH; access <= SIM_STORE; access++) {
            if (sim_translate(sys.sim(), vaddr, static_cast<sim_access>(access), &paddr[access]) !=
                0) {
                return ~Word{0};
            }
        }
        return paddr[0] == paddr[1] && paddr[1] == paddr[2] ? paddr[0] : ~Word{0};
    }
    std::vector<Piece> untypeds(bool device)
    {
        std::vector<Piece> pieces;
        for (Word i = 0; i < info->untyped.end - info->untyped.start; i++) {
            const struct bootinfo_untyped &u = info->untyped_list[i];
            if ((u.is_device != 0) == device) {
                pieces.push_back({u.paddr, u.size_bits});
            }
        }
        return pieces;
    }
    Word type_at(CPtr slot)
    {
        if (!CONFIG_DEBUG) {
            return sys.cap_at(slot).type;
        }
        sys.ecall(ABI_SYS_DEBUG_CAP_IDENTIFY, {slot});
        return sys.root().regs().x[REG_A0];
    }
    /* A 4 KiB frame that may be read and written, mapped here in the initial VSpace. */
    void expect_frame(CPtr slot, Word vaddr, Word paddr)
    {
        const struct cap &cap = sys.cap_at(slot);
        EXPECT_EQ(CAP_FRAME, cap.type);
        EXPECT_EQ(12u, cap.bits);
        EXPECT_EQ(ABI_RIGHT_READ | ABI_RIGHT_WRITE, cap.rights);
        EXPECT_FALSE(cap.device);
        EXPECT_EQ(1u, cap.asid);
        EXPECT_EQ(vaddr, cap.vaddr);
        EXPECT_EQ(paddr, cap.paddr);
        EXPECT_EQ(paddr, translate(vaddr));
    }

    SystemOptions options_;
    System sys;
    const struct bootinfo *info = nullptr;
    const struct boot_params *params = nullptr;
    Word image_start = 0; /* Virtual. */
    Word image_end = 0;
    Word extra_pages = 0;
};

INSTANTIATE_TEST_SUITE_P(Boards, BootInfoTest,
                         ::testing::Values(plain_board(), virt_board(0x84000000),
                                           wide_image_board(), scattered_board()),
                         [](const ::testing::TestParamInfo<Board> &board) {
                             return std::string(board.param.name);
                         });

/* --- The initial thread ----------------------------------------------------------------------- */

TEST_P(BootInfoTest, RegistersAreZeroButPcAndA0)
{
    const struct regs &regs = sys.root().regs();
    EXPECT_EQ(params->entry, regs.pc);
    for (uint32_t i = 0; i < 32; i++) {
        EXPECT_EQ(i == REG_A0 ? image_end + kPageSize : 0, regs.x[i]) << "x" << i;
    }
}

TEST_P(BootInfoTest, InitialThreadIsAsDocumented)
{
    const struct thread *t = sys.root().object;
    EXPECT_CURRENT(sys, sys.root());
    EXPECT_EQ(THREAD_RUNNING, t->state);
    EXPECT_EQ(255u, t->priority);
    EXPECT_EQ(255u, t->mcp);
    EXPECT_EQ(0u, t->domain);
    EXPECT_EQ(0u, t->flags);
    EXPECT_EQ(CAP_NULL, t->slots[THREAD_FAULT_HANDLER].cap.type);
    EXPECT_EQ(CAP_NULL, t->slots[THREAD_TIMEOUT_HANDLER].cap.type);
    if (CONFIG_DEBUG) {
        EXPECT_STREQ("rootserver", t->name);
    }
}

TEST_P(BootInfoTest, InitialScIsRoundRobinWithTheBootSlice)
{
    const struct sched_context *sc = sys.sc_of(kSchedContext);
    Word slice = options_.boot_slice_ms * 1000 * options_.ticks_per_us;
    EXPECT_EQ(sys.root().object, sc->thread);
    EXPECT_EQ(0u, sc->refills.period);
    EXPECT_EQ(slice, sc->refills.budget);
    EXPECT_EQ(7u, sys.cap_at(kSchedContext).bits);
    EXPECT_EQ(0u, sc->badge);
    /* Another thread of its priority gets its turn when the slice is over. */
    Thread other = sys.spawn({.priority = 255});
    EXPECT_CURRENT(sys, sys.root());
    sys.advance_ticks(slice - 1 - 30 * options_.ticks_per_us);
    EXPECT_CURRENT(sys, sys.root());
    sys.advance_ticks(30 * options_.ticks_per_us);
    EXPECT_CURRENT(sys, other);
}

TEST_P(BootInfoTest, RevokingTheRootCNodeTakesTheInitialThreadsCSpace)
{
    /* The thread's own slots hold copies. */
    sys.revoke(kCNode);
    EXPECT_EQ(CAP_NULL, sys.root().object->slots[THREAD_CSPACE].cap.type);
}

TEST_P(BootInfoTest, IpcBufferWorks)
{
    EXPECT_EQ(image_end, info->ipc_buffer);
    Word value = 0;
    ASSERT_TRUE(sys.store(image_end + 8 * ABI_BUFFER_CAPS, kVSpace));
    Word *words = sys.root().buffer_words();
    ASSERT_NE(nullptr, words);
    EXPECT_EQ(Word{kVSpace}, words[ABI_BUFFER_CAPS]);
    /* A result of more than four words arrives there. */
    Thread other = sys.spawn({.start = false, .pc = 0x1234560});
    ASSERT_OK(sys.write_registers(other.tcb, false, {1, 2, 3, 4, 5}));
    EXPECT_EQ(5u, sys.TCB_ReadRegisters(other.tcb, 0, 5)[4]);
    ASSERT_TRUE(sys.load(image_end + 8 * (ABI_BUFFER_MSG + 4), &value));
    EXPECT_EQ(5u, value);
}

/* --- Capabilities ----------------------------------------------------------------------------- */

TEST_P(BootInfoTest, FixedSlotsHoldTheDocumentedTypes)
{
    const Word types[] = {
        CAP_NULL,         CAP_TCB,        CAP_CNODE, CAP_PAGE_TABLE, CAP_IRQ_CONTROL,
        CAP_ASID_CONTROL, CAP_ASID_POOL,  CAP_NULL,  CAP_NULL,       CAP_FRAME,
        CAP_FRAME,        CAP_DOMAIN,     CAP_NULL,  CAP_NULL,       CAP_SCHED_CONTEXT,
        CAP_NULL,         CAP_PAGE_TABLE,
    };
    for (CPtr slot = 0; slot < sizeof types / sizeof types[0]; slot++) {
        EXPECT_EQ(types[slot], type_at(slot)) << "slot " << slot;
    }
}

TEST_P(BootInfoTest, RootCNodeResolvesPlainSlotNumbers)
{
    const struct cap &cap = sys.cap_at(kCNode);
    EXPECT_EQ(options_.root_cnode_bits, cap.bits);
    EXPECT_EQ(64 - options_.root_cnode_bits, cap.guard_bits);
    EXPECT_EQ(0u, cap.guard);
    EXPECT_EQ(options_.root_cnode_bits, info->cnode_bits);
    Word slots = Word{1} << options_.root_cnode_bits;
    EXPECT_OK(sys.CNode_Copy(kCNode, slots - 1, 64, kCNode, kTcb, 64, ABI_RIGHT_ALL));
    EXPECT_CALL_ERROR(sys.CNode_Copy(kCNode, slots, 64, kCNode, kTcb, 64, ABI_RIGHT_ALL),
                      STATUS_FAILED_LOOKUP,
                      {0, LOOKUP_GUARD_MISMATCH, 64, 0, 64 - options_.root_cnode_bits});
}

TEST_P(BootInfoTest, DynamicSlotsFollowOneAnotherAsDocumented)
{
    EXPECT_EQ(Word{ABI_SLOT_DYNAMIC}, info->user_image_paging.start);
    Word next = info->user_image_paging.end;
    if (extra_pages == 0) {
        EXPECT_EQ(0u, info->extra_pages.start);
        EXPECT_EQ(0u, info->extra_pages.end);
    } else {
        EXPECT_EQ(next, info->extra_pages.start);
        EXPECT_EQ(extra_pages, info->extra_pages.end - next);
        next = info->extra_pages.end;
    }
    EXPECT_EQ(next, info->sched_control.start);
    EXPECT_EQ(Word{CONFIG_CORES}, info->sched_control.end - info->sched_control.start);
    EXPECT_EQ(info->sched_control.end, info->user_image_frames.start);
    EXPECT_EQ((image_end - image_start) / kPageSize,
              info->user_image_frames.end - info->user_image_frames.start);
    EXPECT_EQ(info->user_image_frames.end, info->untyped.start);
    EXPECT_EQ(info->untyped.end, info->empty.start);
    EXPECT_EQ(Word{1} << options_.root_cnode_bits, info->empty.end);
    for (Word slot = info->empty.start; slot < info->empty.end; slot++) {
        ASSERT_TRUE(sys.is_empty(slot)) << "slot " << slot;
    }
}

TEST_P(BootInfoTest, PlainFieldsHaveTheirValues)
{
    EXPECT_EQ(0u, info->node_id);
    EXPECT_EQ(Word{CONFIG_CORES}, info->num_nodes);
    EXPECT_EQ(0u, info->num_io_pt_levels);
    EXPECT_EQ(0u, info->shared_frames.start + info->shared_frames.end);
    EXPECT_EQ(0u, info->io_space_caps.start + info->io_space_caps.end);
    EXPECT_EQ(0u, info->domain);
    for (Word i = 0; i < CONFIG_CORES; i++) {
        const struct cap &cap = sys.cap_at(info->sched_control.start + i);
        EXPECT_EQ(CAP_SCHED_CONTROL, cap.type);
        EXPECT_EQ(i, cap.core);
    }
}

TEST_P(BootInfoTest, InitialCapabilitiesAreOriginals)
{
    for (CPtr slot = 0; slot < info->empty.start; slot++) {
        const struct cap &cap = sys.cap_at(slot);
        if (cap.type != CAP_NULL) {
            EXPECT_EQ(CDT_ORIGINAL | CDT_FIRST_BADGED, cap.cdt) << "slot " << slot;
        }
    }
    for (enum thread_slot i : {THREAD_CSPACE, THREAD_VSPACE, THREAD_BUFFER}) {
        EXPECT_EQ(0u, sys.root().object->slots[i].cap.cdt & CDT_ORIGINAL);
    }
}

/* --- Address space ---------------------------------------------------------------------------- */

TEST_P(BootInfoTest, ImageIsMappedPageByPageWithAllRights)
{
    EXPECT_EQ(1u, sys.cap_at(kVSpace).asid);
    for (Word i = 0; i < info->user_image_frames.end - info->user_image_frames.start; i++) {
        expect_frame(info->user_image_frames.start + i, image_start + i * kPageSize,
                     params->image.start + i * kPageSize);
    }
}

TEST_P(BootInfoTest, BufferBootInfoAndExtraPagesFollowTheImage)
{
    expect_frame(kBuffer, image_end, sys.cap_at(kBuffer).paddr);
    CPtr info_frame = ABI_SLOT_BOOTINFO_FRAME;
    expect_frame(info_frame, image_end + kPageSize, sys.cap_at(info_frame).paddr);
    Word at = image_end + 2 * kPageSize;
    for (Word i = 0; i < extra_pages; i++, at += kPageSize) {
        expect_frame(info->extra_pages.start + i, at,
                     sys.cap_at(info->extra_pages.start).paddr + i * kPageSize);
    }
    /* And nothing more. */
    EXPECT_EQ(~Word{0}, translate(at));
    EXPECT_EQ(~Word{0}, translate(image_start - 1));
    EXPECT_EQ(~Word{0}, translate(0));
}

TEST_P(BootInfoTest, PagingCapabilitiesAreMiddleThenLeafTablesAscending)
{
    Word last = image_end + 2 * kPageSize - 1;
    for (Word pages = 1; extra_pages != 0; pages *= 2) {
        if (pages >= extra_pages) {
            last += pages * kPageSize; /* A power of two is allocated. */
            break;
        }
    }
    std::vector<Word> expected;
    for (Word bits : {30, 21}) {
        for (Word i = image_start >> bits; i <= last >> bits; i++) {
            expected.push_back(i << bits);
        }
    }
    std::vector<Word> found;
    for (CPtr slot = info->user_image_paging.start; slot < info->user_image_paging.end; slot++) {
        const struct cap &cap = sys.cap_at(slot);
        EXPECT_EQ(CAP_PAGE_TABLE, cap.type);
        EXPECT_EQ(1u, cap.asid);
        found.push_back(cap.vaddr);
    }
    EXPECT_EQ(expected, found);
}

TEST_P(BootInfoTest, InitialPagesCanBeUnmappedThroughTheirCapabilities)
{
    CPtr frame = info->user_image_frames.end - 1;
    Word vaddr = image_end - kPageSize;
    ASSERT_TRUE(sys.store(vaddr, 1));
    ASSERT_OK(sys.RISCV_Page_Unmap(frame));
    EXPECT_EQ(~Word{0}, translate(vaddr));
    EXPECT_OK(sys.RISCV_Page_Map(frame, kVSpace, vaddr, ABI_RIGHT_READ, 0));
    Word value = 0;
    ASSERT_TRUE(sys.load(vaddr, &value));
    EXPECT_EQ(1u, value);
}

/* --- Extra BootInfo --------------------------------------------------------------------------- */

TEST_P(BootInfoTest, DeviceTreeIsTheOnlyChunk)
{
    const std::vector<uint8_t> &dtb = options_.dtb;
    if (dtb.empty()) {
        EXPECT_EQ(0u, info->extra_len);
        return;
    }
    Word extra = image_end + 2 * kPageSize;
    Word id = 0;
    Word length = 0;
    ASSERT_TRUE(sys.load(extra, &id));
    ASSERT_TRUE(sys.load(extra + 8, &length));
    EXPECT_EQ(Word{BOOTINFO_ID_FDT}, id);
    EXPECT_EQ(16 + dtb.size(), length);
    EXPECT_EQ(length, info->extra_len);
    for (size_t i = 0; i < dtb.size(); i++) {
        Word byte = 0;
        ASSERT_TRUE(sys.load(extra + 16 + i, &byte, 1));
        ASSERT_EQ(dtb[i], byte) << "byte " << i;
    }
}

/* --- Untypeds --------------------------------------------------------------------------------- */

TEST_P(BootInfoTest, UntypedListDescribesTheCapabilities)
{
    for (Word i = 0; i < info->untyped.end - info->untyped.start; i++) {
        const struct bootinfo_untyped &u = info->untyped_list[i];
        const struct cap &cap = sys.cap_at(info->untyped.start + i);
        EXPECT_EQ(CAP_UNTYPED, cap.type);
        EXPECT_EQ(cap.paddr, u.paddr);
        EXPECT_EQ(cap.bits, u.size_bits);
        EXPECT_EQ(cap.device ? 1 : 0, u.is_device);
        EXPECT_EQ(0u, u.paddr % (Word{1} << u.size_bits));
        for (uint8_t byte : u.padding) {
            EXPECT_EQ(0u, byte);
        }
    }
}

TEST_P(BootInfoTest, DeviceUntypedsAreExactlyWhatIsNeitherRamNorTheKernelsDevices)
{
    std::vector<Range> taken = ranges_of(params->ram, params->ram_count);
    constexpr Word unit = 0x200000; /* Devices are reserved in units of 2 MiB. */
    for (const Range &r : ranges_of(params->devices, params->device_count)) {
        taken.push_back({r.start / unit * unit, (r.end + unit - 1) / unit * unit});
    }
    for (const Range &r : ranges_of(params->reserved, params->reserved_count)) {
        taken.push_back(r);
    }
    std::vector<Piece> expected;
    for (const Range &gap : without({0, kPhysicalTop}, taken)) {
        cut(gap, &expected);
    }
    EXPECT_EQ(expected, untypeds(true));
    /* They come first. */
    for (Word i = 0; i < expected.size(); i++) {
        EXPECT_EQ(1u, info->untyped_list[i].is_device);
    }
}

/* Bytes of the objects that the root task is made of. */
Word root_object_bytes(const struct bootinfo *info, Word extra_pages)
{
    Word extra = extra_pages == 0 ? 0 : kPageSize;
    while (extra < extra_pages * kPageSize) {
        extra *= 2;
    }
    Word tables = info->user_image_paging.end - info->user_image_paging.start;
    return (Word{1} << (info->cnode_bits + ABI_SLOT_BITS)) + (Word{1} << CONFIG_TCB_BITS) +
           (Word{1} << ABI_MIN_SCHED_CONTEXT_BITS) + (4 + tables) * kPageSize + extra;
}

TEST_P(BootInfoTest, RamUntypedsAreExactlyTheRestOfRam)
{
    std::vector<Range> taken = ranges_of(params->reserved, params->reserved_count);
    taken.push_back({params->image.start, params->image.end});
    taken.push_back({params->dtb, params->dtb + params->dtb_size});
    std::vector<Range> given;
    for (const Piece &p : untypeds(false)) {
        given.push_back({p.paddr, p.paddr + (Word{1} << p.bits)});
        taken.push_back(given.back());
    }
    /* What is left is one hole, with the initial objects in it, and crumbs below 16 bytes. */
    std::vector<Range> holes;
    for (const Range &ram : ranges_of(params->ram, params->ram_count)) {
        for (const Range &hole : without(ram, taken)) {
            if (hole.end - hole.start >= 16) {
                holes.push_back(hole);
            }
        }
    }
    ASSERT_EQ(1u, holes.size());
    EXPECT_LT(holes[0].end - holes[0].start - root_object_bytes(info, extra_pages), 16u);
    /* Nothing is given out twice, or although it is taken. */
    std::vector<Range> kept = ranges_of(params->reserved, params->reserved_count);
    kept.push_back({params->image.start, params->image.end});
    kept.push_back({params->dtb, params->dtb + params->dtb_size});
    for (CPtr slot = 1; slot < info->untyped.start; slot++) {
        Word base, size;
        if (cap_region(sys.kernel(), &sys.cap_at(slot), &base, &size)) {
            kept.push_back({base, base + size});
        }
    }
    for (size_t i = 0; i < given.size(); i++) {
        EXPECT_TRUE(i == 0 || given[i - 1].end <= given[i].start ||
                    given[i - 1].start > given[i].start);
        for (const Range &k : kept) {
            EXPECT_TRUE(given[i].end <= k.start || k.end <= given[i].start)
                << given[i] << " overlaps " << k;
        }
    }
}

TEST_P(BootInfoTest, RamUntypedsAreCutGreedily)
{
    std::vector<Piece> all = untypeds(false);
    std::vector<Piece> expected;
    for (size_t i = 0; i < all.size();) {
        Range run = {all[i].paddr, all[i].paddr};
        while (i < all.size() && all[i].paddr == run.end) {
            run.end += Word{1} << all[i].bits;
            i++;
        }
        cut(run, &expected);
    }
    EXPECT_EQ(expected, all);
}

TEST_P(BootInfoTest, RamUntypedsAreChildlessAndClearedByTheFirstRetype)
{
    CPtr slot = info->empty.end - 1;
    for (CPtr untyped = info->untyped.start; untyped < info->untyped.end; untyped++) {
        const struct cap &cap = sys.cap_at(untyped);
        if (cap.device || cap.bits < 12 || cap.bits > 16) {
            continue;
        }
        Word *words = static_cast<Word *>(sim_ram(sys.sim(), cap.paddr, Word{1} << cap.bits));
        std::fill(words, words + (Word{1} << cap.bits) / 8, 0x5555);
        ASSERT_OK(sys.retype(untyped, ABI_OBJECT_PAGE_4K, 0, slot));
        EXPECT_EQ(cap.paddr, sys.RISCV_Page_GetAddress(slot)[0]);
        EXPECT_EQ(0, std::count(words, words + (Word{1} << cap.bits) / 8, 0x5555u));
        ASSERT_OK(sys.del(slot));
    }
}

/* --- Particular machines ---------------------------------------------------------------------- */

TEST(BootInfoExampleTest, VirtBoardGivesTheMeasuredWords)
{
    System sys(virt_board(0x140000000).options);
    EXPECT_EQ(0x37000u, sys.root().regs().x[REG_A0]);
    const Word *words = sys.bootinfo();
    Word cores = CONFIG_CORES - 1;
    const std::vector<Word> expected = {
        0x14ae, 0, 1 + cores, 0, 0x36000,
    };
    EXPECT_EQ(expected, std::vector<Word>(words, words + 5));
    EXPECT_EQ(0x1000u, words[6]);
    const std::vector<Word> rest = {
        0,   0, 0x15 + cores, 0x3b + cores, 0x10,         0x12, 0, 0, 0x12, 0x14,
        0xc, 0, 0x14,         0x15 + cores, 0x3b + cores,
    };
    EXPECT_EQ(rest, std::vector<Word>(words + 7, words + 22));
    const std::vector<Piece> devices = {
        {0, 25},
        {0x2200000, 21},
        {0x2400000, 22},
        {0x2800000, 23},
        {0x3000000, 24},
        {0x4000000, 26},
        {0x8000000, 26},
        {0xc600000, 21},
        {0xc800000, 23},
        {0xd000000, 24},
        {0xe000000, 25},
        {0x10000000, 28},
        {0x20000000, 29},
        {0x40000000, 30},
        {0x80000000, 21},
        {0x140000000, 30},
        {0x180000000, 31},
        {0x200000000, 33},
        {0x400000000, 34},
        {0x800000000, 35},
        {0x1000000000, 36},
        {0x2000000000, 37},
        {0x4000000000, 38},
    };
    const struct bootinfo *info = reinterpret_cast<const struct bootinfo *>(words);
    for (size_t i = 0; i < devices.size(); i++) {
        EXPECT_EQ(devices[i],
                  (Piece{info->untyped_list[i].paddr, info->untyped_list[i].size_bits}));
        EXPECT_EQ(1u, info->untyped_list[i].is_device);
    }
    EXPECT_EQ(0u, info->untyped_list[devices.size()].is_device);
}

TEST(BootInfoExampleTest, BytesAfterTheDeviceTreeAreGivenOutFromTheNext16)
{
    SystemOptions o = options({});
    o.dtb = blob(5000);
    System sys(o);
    const struct boot_params *params = sim_boot_params(sys.sim());
    Word end = params->dtb + params->dtb_size;
    Word next = (end + 15) / 16 * 16;
    const struct bootinfo *info = reinterpret_cast<const struct bootinfo *>(sys.bootinfo());
    bool found = false;
    for (Word i = 0; i < info->untyped.end - info->untyped.start; i++) {
        found = found || info->untyped_list[i].paddr == next;
    }
    EXPECT_TRUE(found);
}

TEST(BootInfoExampleTest, MoreThan230RegionsAreCutOff)
{
    SystemOptions o = options([](sim_config &c) {
        /* Each costs about 2 * 9 pieces of RAM, besides the gaps between them. */
        c.ram_count = 16;
        for (Word i = 0; i < c.ram_count; i++) {
            Word base = 0x80000000 + i * 0x10000000;
            c.ram[i] = {base + 0x1000, base + 0x7ff000};
        }
        c.reserved_count = 0;
    });
    System sys(o);
    const struct bootinfo *info = reinterpret_cast<const struct bootinfo *>(sys.bootinfo());
    EXPECT_EQ(Word{ABI_BOOTINFO_UNTYPEDS}, info->untyped.end - info->untyped.start);
    EXPECT_EQ(info->untyped.end, info->empty.start);
    EXPECT_TRUE(sys.is_empty(info->untyped.end));
    /* The list is a prefix: devices, then RAM ascending. */
    Word last = 0;
    bool ram = false;
    for (Word i = 0; i < ABI_BOOTINFO_UNTYPEDS; i++) {
        const struct bootinfo_untyped &u = info->untyped_list[i];
        if (!ram && u.is_device == 0) {
            ram = true;
            last = 0;
        }
        EXPECT_EQ(ram ? 0 : 1, u.is_device);
        EXPECT_TRUE(i == 0 || u.paddr >= last);
        last = u.paddr;
        EXPECT_EQ(CAP_UNTYPED, sys.cap_at(info->untyped.start + i).type);
    }
    EXPECT_TRUE(ram);
}

} // namespace
} // namespace albireo
