// SPDX-License-Identifier: BSD-2-Clause

// Booting against docs/abi/11 and the worked example of docs/abi/16 section 16.10.

#include <algorithm>
#include <cstring>
#include <memory>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "tests/core/machine_stub.h"

namespace {

constexpr uint64_t kPage = 4096;
constexpr uint64_t kMega = 1u << 21;
constexpr uint64_t kDtbSize = 0x14ae - 16;
constexpr uint64_t kTop = uint64_t{1} << 39;

struct Piece {
    uint64_t paddr;
    int bits;

    uint64_t end() const
    {
        return paddr + (uint64_t{1} << bits);
    }
    bool operator==(const Piece &other) const
    {
        return paddr == other.paddr && bits == other.bits;
    }
};

std::ostream &operator<<(std::ostream &out, const Piece &piece)
{
    return out << std::hex << piece.paddr << "/" << std::dec << piece.bits;
}

// A board: one window over all RAM, the kernel in the first megabytes of it, then device tree and
// user image. Tests change the parameters, then boot.
class Board {
  public:
    Board(uint64_t ram_start, uint64_t ram_end)
        : ram(ram_start, ram_end - ram_start), kernel_paddr(ram_start)
    {
        params.machine = &machine;
        params.window = ram.window();
        params.timer_hz = 10000000;
        params.now = 123456;
        params.ram_count = 1;
        params.ram[0] = {ram_start, ram_end};
        params.irq_max = 95;
        params.irq_complete_at_claim = true;
        place(ram_start);
    }

    // Kernel, device tree and image one after another from `start`; the rest is free.
    void place(uint64_t start)
    {
        kernel_paddr = start;
        params.kernel_vspace = (start + sizeof(struct kernel) + kPage - 1) / kPage * kPage;
        params.reserved_count = 1;
        params.reserved[0] = {start, params.kernel_vspace + kPage};
        params.dtb = params.kernel_vspace + kPage;
        params.dtb_size = kDtbSize;
        memcpy(ram.at<void>(params.dtb), "\xd0\x0d\xfe\xed", 4);
        ram.at<uint8_t>(params.dtb)[kDtbSize - 1] = 0x5a;
        uint64_t image = (params.dtb + kDtbSize + kPage - 1) / kPage * kPage;
        params.image = {image, image + 0x26000};
        params.image_offset = image - 0x10000;
        params.entry = 0x10100;
    }

    enum boot_status boot()
    {
        k = ram.at<struct kernel>(kernel_paddr);
        memset(static_cast<void *>(k), 0, sizeof(struct kernel));
        enum boot_status status = kernel_boot(k, &params);
        if (status == BOOT_OK) {
            info = info_in_vspace();
        }
        return status;
    }

    bool kernel_is_untouched() const
    {
        const auto *bytes = reinterpret_cast<const uint8_t *>(k);
        return std::all_of(bytes, bytes + sizeof(struct kernel), [](uint8_t b) { return b == 0; });
    }

    struct thread *root() const
    {
        return k->cores[0].current;
    }
    struct slot *slot(uint64_t i) const
    {
        return &root()->slots[THREAD_CSPACE].cap.slots[i];
    }

    // The entry for a user address in the initial VSpace.
    uint64_t pte(uint64_t vaddr) const
    {
        uint32_t level;
        uint64_t *entry = vspace_walk(k, vspace_of_asid(k, 1), vaddr, &level);
        return level == 0 ? *entry : 0;
    }

    std::vector<Piece> untypeds(bool device) const
    {
        std::vector<Piece> pieces;
        for (uint64_t i = 0; i < info->untyped.end - info->untyped.start; i++) {
            const struct bootinfo_untyped *one = &info->untyped_list[i];
            if ((one->is_device != 0) == device) {
                pieces.push_back({one->paddr, one->size_bits});
            }
        }
        return pieces;
    }

    // The first violated invariant, or "".
    std::string check() const
    {
        std::vector<uint64_t> words(kernel_check_scratch(k));
        struct check_failure failure = {};
        if (kernel_check(k, {words.data(), words.size()}, &failure)) {
            return "";
        }
        return std::string(failure.invariant) + ": " + failure.what;
    }

    struct machine machine;
    HostRam ram;
    uint64_t kernel_paddr;
    struct boot_params params = {};
    struct kernel *k = nullptr;
    struct bootinfo *info = nullptr;

  private:
    struct bootinfo *info_in_vspace() const
    {
        return ram.at<struct bootinfo>(pte_paddr(pte(root()->regs.x[REG_A0])));
    }
};

class QemuBootTest : public testing::Test {
  protected:
    QemuBootTest() : board_(0x80200000, 0x140000000)
    {
        board_.params.device_count = 2;
        board_.params.devices[0] = {0x2000000, 0x2010000};
        board_.params.devices[1] = {0xc000000, 0xc600000};
        EXPECT_EQ(BOOT_OK, board_.boot());
    }

    Board board_;
};

TEST_F(QemuBootTest, InitialRegistersAreTheBootInfoAddressAndZeros)
{
    const struct regs &regs = board_.root()->regs;
    for (int i = 0; i < 32; i++) {
        EXPECT_EQ(i == REG_A0 ? 0x37000u : 0u, regs.x[i]) << i;
    }
    EXPECT_EQ(0x10100u, regs.pc);
}

TEST_F(QemuBootTest, BootInfoIsThatOfTheWorkedExample)
{
    const uint64_t nodes = CONFIG_CORES;
    const uint64_t untyped = 0x3a + nodes;
    const struct bootinfo &info = *board_.info;
    const std::vector<uint64_t> expected = {0x14ae,
                                            0,
                                            nodes,
                                            0,
                                            0x36000,
                                            info.untyped.end,
                                            0x1000,
                                            0,
                                            0,
                                            0x14 + nodes,
                                            untyped,
                                            0x10,
                                            0x12,
                                            0,
                                            0,
                                            0x12,
                                            0x14,
                                            12,
                                            0,
                                            0x14,
                                            0x14 + nodes,
                                            untyped};
    const auto *words = reinterpret_cast<const uint64_t *>(&info);
    EXPECT_EQ(expected, std::vector<uint64_t>(words, words + expected.size()));
    EXPECT_GT(info.untyped.end, untyped + 23);
    EXPECT_LT(info.untyped.end, untyped + 230);
}

TEST_F(QemuBootTest, ExtraBootInfoHoldsTheDeviceTree)
{
    const auto *chunk = board_.ram.at<struct bootinfo_chunk>(pte_paddr(board_.pte(0x38000)));
    const auto *data = reinterpret_cast<const uint8_t *>(chunk + 1);
    EXPECT_EQ(6u, chunk->id);
    EXPECT_EQ(0x14aeu, chunk->len);
    EXPECT_EQ(0, memcmp(data, board_.ram.at<void>(board_.params.dtb), kDtbSize));
    EXPECT_EQ(0, memcmp(data, "\xd0\x0d\xfe\xed", 4));
}

TEST_F(QemuBootTest, FixedSlotsHoldTheContractsTypes)
{
    const int types[] = {0, 12, 10, 3, 14, 11, 13, 0, 0, 1, 1, 20, 0, 0, 22, 0, 3};
    for (int i = 0; i < 17; i++) {
        EXPECT_EQ(types[i], board_.slot(static_cast<uint64_t>(i))->cap.type) << i;
    }
}

TEST_F(QemuBootTest, DeviceUntypedsAreThoseOfTheWorkedExample)
{
    const std::vector<Piece> expected = {{0, 25},
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
                                         {0x4000000000, 38}};
    EXPECT_EQ(expected, board_.untypeds(true));
}

TEST_F(QemuBootTest, RamBehindTheDeviceTreeIsCutFromItsFirstAlignedAddress)
{
    const uint64_t first = (board_.params.dtb + kDtbSize + 15) / 16 * 16;
    EXPECT_EQ(first, board_.untypeds(false)[0].paddr);
    EXPECT_EQ(5, board_.untypeds(false)[0].bits);
}

TEST_F(QemuBootTest, UntypedCapabilitiesMatchTheirDescriptorsAndAreFull)
{
    const struct bootinfo &info = *board_.info;
    for (uint64_t i = info.untyped.start; i < info.untyped.end; i++) {
        const struct bootinfo_untyped &one = info.untyped_list[i - info.untyped.start];
        const struct cap &cap = board_.slot(i)->cap;
        ASSERT_EQ(CAP_UNTYPED, cap.type);
        EXPECT_EQ(one.paddr, cap.paddr);
        EXPECT_EQ(one.size_bits, cap.bits);
        EXPECT_EQ(one.is_device != 0, cap.device);
        EXPECT_EQ((uint64_t{1} << cap.bits) / 16, cap.free_index);
        EXPECT_EQ(nullptr, cdt_first_child(board_.k, board_.slot(i)));
    }
    for (uint64_t i = info.untyped.end; i < 4096; i++) {
        ASSERT_TRUE(cap_is_null(&board_.slot(i)->cap));
    }
}

TEST_F(QemuBootTest, AddressSpaceIsImageBufferBootInfoAndNothingElse)
{
    const uint64_t all = 1 | 2 | 4 | 8 | 16 | 64 | 128;
    for (uint64_t vaddr = 0x10000; vaddr < 0x3a000; vaddr += kPage) {
        EXPECT_EQ(all, board_.pte(vaddr) % 1024) << std::hex << vaddr;
    }
    for (uint64_t vaddr = 0x10000; vaddr < 0x36000; vaddr += kPage) {
        EXPECT_EQ(vaddr + board_.params.image_offset, pte_paddr(board_.pte(vaddr)));
    }
    for (uint64_t vaddr = 0; vaddr < kMega; vaddr += kPage) {
        EXPECT_EQ(vaddr >= 0x10000 && vaddr < 0x3a000, pte_valid(board_.pte(vaddr)));
    }
    const struct page_table *root = vspace_of_asid(board_.k, 1);
    EXPECT_TRUE(
        std::all_of(root->entries + 1, root->entries + 256, [](uint64_t pte) { return pte == 0; }));
}

TEST_F(QemuBootTest, FrameCapabilitiesKnowWhereTheyAreMapped)
{
    std::vector<uint64_t> slots = {ABI_SLOT_BOOTINFO_FRAME, ABI_SLOT_INIT_BUFFER};
    for (uint64_t i = board_.info->extra_pages.start; i < board_.info->extra_pages.end; i++) {
        slots.push_back(i);
    }
    const struct bootinfo_slots image = board_.info->user_image_frames;
    for (uint64_t i = image.start; i < image.end; i++) {
        slots.push_back(i);
        EXPECT_EQ(0x10000 + (i - image.start) * kPage, board_.slot(i)->cap.vaddr);
    }
    for (uint64_t i : slots) {
        const struct cap &cap = board_.slot(i)->cap;
        ASSERT_EQ(CAP_FRAME, cap.type) << i;
        EXPECT_EQ(1u, cap.asid);
        EXPECT_EQ(12, cap.bits);
        EXPECT_EQ(ABI_RIGHT_READ | ABI_RIGHT_WRITE, cap.rights);
        EXPECT_EQ(cap.paddr, pte_paddr(board_.pte(cap.vaddr)));
    }
}

TEST_F(QemuBootTest, ThreadAndSchedulingContextAreAsTheContractSays)
{
    const struct thread *thread = board_.root();
    EXPECT_EQ(THREAD_RUNNING, thread->state);
    EXPECT_EQ(255, thread->priority);
    EXPECT_EQ(255, thread->mcp);
    EXPECT_STREQ("rootserver", thread->name);
    EXPECT_EQ(0x36000u, thread->buffer_vaddr);
    EXPECT_EQ(52, thread->slots[THREAD_CSPACE].cap.guard_bits);
    EXPECT_EQ(0u, thread->slots[THREAD_CSPACE].cap.guard);
    EXPECT_TRUE(cap_is_null(&thread->slots[THREAD_FAULT_HANDLER].cap));
    EXPECT_FALSE(cap_is_mapped(&thread->slots[THREAD_BUFFER].cap));

    const struct sched_context *sc = board_.slot(ABI_SLOT_INIT_SC)->cap.sc;
    EXPECT_EQ(sc, thread->sc);
    EXPECT_EQ(thread, sc->thread);
    EXPECT_EQ(50000u, sc->refills.budget);
    EXPECT_EQ(0u, sc->refills.period); // Round robin.
    EXPECT_EQ(sc, board_.k->cores[0].current_sc);
    EXPECT_STREQ("idle_thread", board_.k->cores[0].idle->name);
}

TEST_F(QemuBootTest, TcbSlotsHoldChildrenOfTheRootCNodesCapabilities)
{
    const struct thread *thread = board_.root();
    EXPECT_EQ(&thread->slots[THREAD_CSPACE], cdt_first_child(board_.k, board_.slot(2)));
    EXPECT_EQ(&thread->slots[THREAD_VSPACE], cdt_first_child(board_.k, board_.slot(3)));
    EXPECT_EQ(&thread->slots[THREAD_BUFFER], cdt_first_child(board_.k, board_.slot(10)));
}

TEST_F(QemuBootTest, NoOtherBootCapabilityHasChildren)
{
    for (uint64_t i = 0; i < board_.info->empty.start; i++) {
        if (i != 2 && i != 3 && i != 10 && !cap_is_null(&board_.slot(i)->cap)) {
            EXPECT_EQ(nullptr, cdt_first_child(board_.k, board_.slot(i))) << i;
        }
    }
}

TEST_F(QemuBootTest, MachineRunsTheThreadInItsVSpaceWithTheTimerArmed)
{
    ASSERT_EQ(1u, board_.machine.switches.size());
    EXPECT_EQ(ram_paddr(board_.k, vspace_of_asid(board_.k, 1)), board_.machine.switches[0].root);
    EXPECT_EQ(1, board_.machine.switches[0].asid);
    ASSERT_FALSE(board_.machine.deadlines.empty());
    EXPECT_EQ(123456u + 50000 - 10, board_.machine.deadlines.back());
}

TEST_F(QemuBootTest, LimitsFollowFromTheTimer)
{
    EXPECT_EQ(10u, board_.k->ticks_per_us);
    EXPECT_EQ(200u, board_.k->limits.min_budget);
    EXPECT_EQ(230584300921369395u, board_.k->max_period_us);
    EXPECT_EQ(UINT64_MAX - 5 * 2305843009213693950u, board_.k->limits.max_release_time);
}

TEST_F(QemuBootTest, InterruptsBehindTheControllersAreTheKernels)
{
    EXPECT_EQ(CONFIG_CORES > 1 ? 98u : 96u, board_.k->irq_max);
    EXPECT_EQ(IRQ_TIMER, board_.k->irq_states[board_.k->irq_max]);
    EXPECT_EQ(IRQ_INACTIVE, board_.k->irq_states[95]);
    EXPECT_EQ(CONFIG_CORES > 1 ? IRQ_IPI : IRQ_TIMER, board_.k->irq_states[96]);
}

TEST_F(QemuBootTest, EveryInvariantHolds)
{
    EXPECT_EQ("", board_.check());
}

// --- Parameters ----------------------------------------------------------------------------------

constexpr uint64_t kBase = 0x80000000;

class BootTest : public testing::Test {
  protected:
    BootTest() : board_(kBase, kBase + (8u << 20))
    {
    }

    void refused(enum boot_status status)
    {
        EXPECT_EQ(status, board_.boot());
        EXPECT_TRUE(board_.kernel_is_untouched());
        EXPECT_TRUE(board_.machine.order.empty());
    }

    Board board_;
};

TEST_F(BootTest, WithoutDeviceTreeThereIsNoExtraBootInfo)
{
    board_.params.dtb = 0;
    board_.params.dtb_size = 0;
    ASSERT_EQ(BOOT_OK, board_.boot());
    EXPECT_EQ(0u, board_.info->extra_len);
    EXPECT_EQ(0u, board_.info->extra_pages.end);
    EXPECT_EQ(0x12u, board_.info->sched_control.start);
    EXPECT_FALSE(pte_valid(board_.pte(0x38000)));
    EXPECT_EQ("", board_.check());
}

TEST_F(BootTest, CNodeSizeAndTimeSliceCanBeChosen)
{
    board_.params.root_cnode_bits = 8;
    board_.params.boot_slice_ms = 2;
    ASSERT_EQ(BOOT_OK, board_.boot());
    EXPECT_EQ(8u, board_.info->cnode_bits);
    EXPECT_EQ(256u, board_.info->empty.end);
    EXPECT_EQ(56, board_.slot(2)->cap.guard_bits);
    EXPECT_EQ(20000u, board_.root()->sc->refills.budget);
    EXPECT_EQ("", board_.check());
}

TEST_F(BootTest, ImageAcrossGigabytesGetsTablesForAllItTouches)
{
    // The image ends 4 KiB below 1 GiB; the buffer is below, BootInfo and the rest above.
    board_.params.image_offset = board_.params.image.end - ((1u << 30) - kPage);
    ASSERT_EQ(BOOT_OK, board_.boot());
    EXPECT_EQ(0x10u, board_.info->user_image_paging.start);
    EXPECT_EQ(0x14u, board_.info->user_image_paging.end);
    EXPECT_EQ(0u, board_.slot(0x10)->cap.vaddr);
    EXPECT_EQ(1u << 30, board_.slot(0x11)->cap.vaddr);
    EXPECT_EQ((1u << 30) - kMega, board_.slot(0x12)->cap.vaddr);
    EXPECT_EQ(1u << 30, board_.slot(0x13)->cap.vaddr);
    EXPECT_EQ(1u << 30, board_.root()->regs.x[REG_A0]);
    EXPECT_EQ("", board_.check());
}

TEST_F(BootTest, AFreeSlotAtTheStartOfRamHasANumber)
{
    board_.place(kBase + kMega);
    ASSERT_EQ(BOOT_OK, board_.boot());
    EXPECT_EQ(kBase, board_.untypeds(false)[0].paddr);
    EXPECT_EQ(1u, ram_slot_number(board_.k, board_.ram.at<struct slot>(kBase)));
}

TEST_F(BootTest, ReservedMemoryOutsideRamIsNoDeviceUntyped)
{
    board_.params.reserved[board_.params.reserved_count++] = {0x1000, 0x3000};
    ASSERT_EQ(BOOT_OK, board_.boot());
    EXPECT_EQ((Piece{0, 12}), board_.untypeds(true)[0]);
    EXPECT_EQ((Piece{0x3000, 12}), board_.untypeds(true)[1]);
}

TEST_F(BootTest, SurplusUntypedsAreDropped)
{
    // 30 holes of one 16-byte unit each, so placed that the gaps fall into many pieces.
    for (uint64_t i = 0; i < 30; i++) {
        uint64_t hole = kBase + (4u << 20) + (i << 16) + 0x5550 + 16 * i;
        board_.params.reserved[board_.params.reserved_count++] = {hole, hole + 16};
    }
    ASSERT_EQ(BOOT_OK, board_.boot());
    EXPECT_EQ(230u, board_.info->untyped.end - board_.info->untyped.start);
    EXPECT_EQ(board_.info->untyped.end, board_.info->empty.start);
    EXPECT_EQ(CAP_UNTYPED, board_.slot(board_.info->untyped.end - 1)->cap.type);
    EXPECT_TRUE(cap_is_null(&board_.slot(board_.info->untyped.end)->cap));
    EXPECT_EQ("", board_.check());
}

TEST_F(BootTest, ObjectsAreAlignedToTheirSizes)
{
    ASSERT_EQ(BOOT_OK, board_.boot());
    EXPECT_EQ(0u, ram_paddr(board_.k, board_.slot(0)) % (4096 * 32));
    EXPECT_EQ(0u, ram_paddr(board_.k, board_.root()) % (1u << CONFIG_TCB_BITS));
    EXPECT_EQ(0u, ram_paddr(board_.k, board_.root()->sc) % 128);
    EXPECT_EQ(0u, ram_paddr(board_.k, vspace_of_asid(board_.k, 1)) % kPage);
}

TEST_F(BootTest, RefusesMissingOrEmptyRam)
{
    board_.params.ram_count = 0;
    refused(BOOT_NO_RAM);
    board_.params.ram_count = 2;
    board_.params.ram[1] = {0x90000000, 0x90000000};
    refused(BOOT_NO_RAM);
}

TEST_F(BootTest, RefusesOverlappingRamInAnyOrder)
{
    board_.params.ram_count = 2;
    board_.params.ram[1] = {kBase - kPage, kBase + 1};
    refused(BOOT_RAM_OVERLAPS);
    std::swap(board_.params.ram[0], board_.params.ram[1]);
    refused(BOOT_RAM_OVERLAPS);
}

TEST_F(BootTest, RefusesRamThatSpansTooMuchOrLiesTooHigh)
{
    board_.params.ram_count = 2;
    board_.params.ram[1] = {kBase + (uint64_t{1} << 37) - kPage, kBase + (uint64_t{1} << 37)};
    refused(BOOT_RAM_SPAN);
    board_.params.ram[1] = {kTop - kPage, kTop + kPage};
    refused(BOOT_RAM_SPAN);
}

TEST_F(BootTest, RefusesTooManyRegions)
{
    board_.params.reserved_count = BOOT_REGIONS_MAX + 1;
    refused(BOOT_TOO_MANY_REGIONS);
    board_.params.reserved_count = 1;
    board_.params.device_count = BOOT_REGIONS_MAX + 1;
    refused(BOOT_TOO_MANY_REGIONS);
    board_.params.device_count = 0;
    board_.params.ram_count = BOOT_REGIONS_MAX + 1;
    refused(BOOT_TOO_MANY_REGIONS);
}

TEST_F(BootTest, RefusesAClockThatDoesNotCountMicroseconds)
{
    board_.params.timer_hz = 0;
    refused(BOOT_BAD_TIMER);
    board_.params.timer_hz = 1500000;
    refused(BOOT_BAD_TIMER);
}

TEST_F(BootTest, TheKernelsInterruptNumbersMustExist)
{
    const uint32_t kernel_irqs = CONFIG_CORES > 1 ? 3 : 1;
    board_.params.irq_max = CONFIG_IRQ_LIMIT - kernel_irqs;
    refused(BOOT_BAD_IRQ_MAX);
    board_.params.irq_max = UINT32_MAX;
    refused(BOOT_BAD_IRQ_MAX);
    board_.params.irq_max = CONFIG_IRQ_LIMIT - kernel_irqs - 1;
    EXPECT_EQ(BOOT_OK, board_.boot());
}

TEST_F(BootTest, RefusesAnImageThatIsEmptyOrNotAligned)
{
    const struct boot_region image = board_.params.image;
    board_.params.image.end = image.start;
    refused(BOOT_IMAGE_ALIGNMENT);
    board_.params.image = {image.start + 16, image.end};
    refused(BOOT_IMAGE_ALIGNMENT);
    board_.params.image = {image.start, image.end - 16};
    refused(BOOT_IMAGE_ALIGNMENT);
    board_.params.image = image;
    board_.params.image_offset += 16;
    refused(BOOT_IMAGE_ALIGNMENT);
}

TEST_F(BootTest, RefusesAnImageThatIsNotInOneRamRegion)
{
    board_.params.image = {kBase + (8u << 20) - kPage, kBase + (8u << 20) + kPage};
    refused(BOOT_IMAGE_NOT_IN_RAM);
    board_.params.ram_count = 2;
    board_.params.ram[1] = {kBase + (8u << 20), kBase + (9u << 20)};
    refused(BOOT_IMAGE_NOT_IN_RAM); // Contiguous, yet not one region.
}

TEST_F(BootTest, RefusesAnImageOverReservedMemoryOrTheDeviceTree)
{
    const struct boot_region image = board_.params.image;
    board_.params.image.start = board_.params.reserved[0].end - kPage;
    refused(BOOT_IMAGE_OVERLAPS);
    board_.params.image = image;
    board_.params.dtb = image.end - 1;
    refused(BOOT_IMAGE_OVERLAPS);
}

TEST_F(BootTest, RefusesADeviceTreeOutsideRam)
{
    board_.params.dtb_size = UINT64_MAX;
    refused(BOOT_DTB_NOT_IN_RAM);
    board_.params.dtb = kBase - kDtbSize;
    board_.params.dtb_size = kDtbSize + 1;
    refused(BOOT_DTB_NOT_IN_RAM);
}

TEST_F(BootTest, WhatFollowsTheImageMustEndBelowUserTop)
{
    const uint64_t size = 0x26000;
    const uint64_t behind = 4 * kPage; // Buffer, BootInfo, two pages of extra BootInfo.
    const uint64_t last = ABI_USER_TOP - kPage - behind - size;
    board_.params.image_offset = board_.params.image.start - last;
    ASSERT_EQ(BOOT_OK, board_.boot());
    board_.params.image_offset -= kPage;
    board_.machine.forget();
    refused(BOOT_IMAGE_RANGE);
    board_.params.image_offset = board_.params.image.start + kPage; // Virtual address -4096.
    refused(BOOT_IMAGE_RANGE);
}

TEST_F(BootTest, RefusesACNodeWithoutRoomForTheCapabilities)
{
    board_.params.root_cnode_bits = 4;
    refused(BOOT_CNODE_TOO_SMALL);
    board_.params.root_cnode_bits = 6; // Too few for the untypeds, not for the rest.
    refused(BOOT_CNODE_TOO_SMALL);
    board_.params.root_cnode_bits = 8;
    EXPECT_EQ(BOOT_OK, board_.boot());
    EXPECT_GT(board_.info->empty.start, 64u);
    EXPECT_LT(board_.info->untyped.start, 64u);
}

TEST_F(BootTest, RefusesIfTheInitialObjectsFindNoRoom)
{
    board_.params.root_cnode_bits = 18; // 8 MiB.
    refused(BOOT_NO_MEMORY);
    board_.params.root_cnode_bits = 60;
    refused(BOOT_NO_MEMORY);
    board_.params.root_cnode_bits = 12;
    board_.params.reserved[board_.params.reserved_count++] = {board_.params.image.end, kTop};
    refused(BOOT_NO_MEMORY);
}

TEST_F(BootTest, AKernelThatIsNotReservedIsAPanic)
{
    board_.params.reserved_count = 0;
    EXPECT_DEATH((void)board_.boot(), "panic: ");
}

TEST_F(BootTest, AKernelInTheImageOrInTheDeviceTreeIsAPanic)
{
    uint64_t image = board_.params.image.start;
    uint64_t tree = (board_.params.dtb + kPage - 1) / kPage * kPage;
    board_.params.reserved_count = 0;
    board_.kernel_paddr = image;
    EXPECT_DEATH((void)board_.boot(), "panic: .*image");
    board_.params.image = {kBase + 2 * kMega, kBase + 2 * kMega + 0x26000};
    board_.params.dtb_size = 0x80000;
    board_.kernel_paddr = tree;
    EXPECT_DEATH((void)board_.boot(), "panic: .*dtb_region");
}

TEST_F(BootTest, AKernelBetweenTwoRegionsOfRamIsAPanic)
{
    struct boot_params &p = board_.params;
    uint64_t end = p.ram[0].end;
    p.ram[0].end = end - 2 * kMega;
    p.ram[1] = {end - kMega, end};
    p.ram_count = 2;
    board_.kernel_paddr = end - 2 * kMega;
    EXPECT_DEATH((void)board_.boot(), "panic: .*in_ram");
}

TEST(BootStatusTest, EveryStatusHasASentenceOfItsOwn)
{
    std::vector<std::string> texts;
    for (int i = BOOT_OK; i <= BOOT_NO_MEMORY; i++) {
        texts.push_back(boot_status_text(static_cast<enum boot_status>(i)));
        EXPECT_NE("unknown boot status", texts.back());
    }
    std::sort(texts.begin(), texts.end());
    EXPECT_EQ(texts.end(), std::unique(texts.begin(), texts.end()));
}

// --- Memory maps against a model -----------------------------------------------------------------

// One element per 16 bytes of the window: how often an untyped, or anything else, has it.
class MemoryModel {
  public:
    explicit MemoryModel(uint64_t size) : taken_(size / 16), given_(size / 16)
    {
    }

    void take(uint64_t start, uint64_t end)
    {
        for (uint64_t i = clamp(start); i < clamp(end + 15); i++) {
            taken_[i] = true;
        }
    }
    void give(uint64_t start, uint64_t end)
    {
        for (uint64_t i = clamp(start); i < clamp(end); i++) {
            given_[i]++;
        }
    }
    void give_back(uint64_t start, uint64_t end)
    {
        for (uint64_t i = clamp(start); i < clamp(end); i++) {
            taken_[i] = false;
        }
    }
    // The first address that is given out though taken, or twice, or not though free.
    uint64_t first_difference() const
    {
        for (size_t i = 0; i < taken_.size(); i++) {
            if (given_[i] != (taken_[i] ? 0 : 1)) {
                return kBase + 16 * i;
            }
        }
        return 0;
    }

  private:
    uint64_t clamp(uint64_t paddr) const
    {
        return paddr < kBase ? 0 : std::min<uint64_t>((paddr - kBase) / 16, taken_.size());
    }

    std::vector<bool> taken_;
    std::vector<int> given_;
};

struct boot_region objects_of(const Board &board)
{
    std::vector<uint64_t> starts = {ram_paddr(board.k, board.slot(0)),
                                    ram_paddr(board.k, vspace_of_asid(board.k, 1))};
    const uint64_t start = *std::min_element(starts.begin(), starts.end());
    return {start, ram_paddr(board.k, board.root()->sc) + 128}; // The SC is the smallest.
}

// Random maps: several RAM regions in any order, reserved regions that overlap one another and lie
// across the ends of RAM. Every 16 bytes of RAM belong either to the kernel or to one untyped.
TEST(BootMapTest, EveryUnitOfFreeRamIsGivenOutOnce)
{
    const uint64_t size = 12u << 20;
    for (uint32_t seed = 0; seed < 40; seed++) {
        SCOPED_TRACE(seed);
        std::mt19937_64 random(seed);
        auto below = [&](uint64_t limit) {
            return random() % limit;
        };
        Board board(kBase, kBase + size);
        struct boot_params &params = board.params;
        params.root_cnode_bits = 9;
        const uint64_t end1 = kBase + (4u << 20) + below(kMega);
        const uint64_t start2 = end1 + below(2) * below(kMega);
        const uint64_t end2 = start2 + 1 + below(kMega);
        const uint64_t start3 = end2 + 16 + below(kMega);
        params.ram_count = 3;
        params.ram[0] = {start2, end2};
        params.ram[1] = {start3, kBase + size};
        params.ram[2] = {kBase, end1};
        for (int i = 0; i < 6; i++) {
            uint64_t start = params.image.end + below(size);
            params.reserved[params.reserved_count++] = {start, start + below(200000)};
        }
        ASSERT_EQ(BOOT_OK, board.boot());
        ASSERT_LT(board.info->untyped.end - board.info->untyped.start, 230u);

        MemoryModel model(size);
        model.take(end1, start2);
        model.take(end2, start3);
        if (end1 == start2) {
            model.give_back(end1, end1 + 16);
        }
        for (uint32_t i = 0; i < params.reserved_count; i++) {
            model.take(params.reserved[i].start, params.reserved[i].end);
        }
        model.take(params.dtb, params.dtb + params.dtb_size);
        model.take(params.image.start, params.image.end);
        struct boot_region objects = objects_of(board);
        model.take(objects.start, objects.end);
        for (const Piece &piece : board.untypeds(false)) {
            EXPECT_EQ(0u, piece.paddr % (uint64_t{1} << piece.bits));
            model.give(piece.paddr, piece.end());
        }
        EXPECT_EQ(0u, model.first_difference()) << std::hex << model.first_difference();
        EXPECT_EQ("", board.check());
    }
}

TEST(BootMapTest, GapsAreWhatNoBlockedRegionCovers)
{
    struct boot_map map;
    struct boot_region gap;
    boot_map_init(&map);
    boot_map_block(&map, 0x3000, 0x4000);
    boot_map_block(&map, 0x1000, 0x2000);
    boot_map_block(&map, 0x1800, 0x2800); // Overlaps.
    boot_map_block(&map, 0x2700, 0x2808); // A little longer than another.
    boot_map_block(&map, 0x1100, 0x1200); // Inside another.
    boot_map_block(&map, 0x5000, 0x5000); // Empty.
    boot_map_block(&map, 0x6000, UINT64_MAX);

    ASSERT_TRUE(boot_map_gap(&map, 0, &gap));
    EXPECT_EQ(0u, gap.start);
    EXPECT_EQ(0x1000u, gap.end);
    ASSERT_TRUE(boot_map_gap(&map, gap.end, &gap));
    EXPECT_EQ(0x2808u, gap.start);
    EXPECT_EQ(0x3000u, gap.end);
    ASSERT_TRUE(boot_map_gap(&map, gap.end, &gap));
    EXPECT_EQ(0x4000u, gap.start);
    EXPECT_EQ(0x6000u, gap.end);
    EXPECT_FALSE(boot_map_gap(&map, gap.end, &gap));
    ASSERT_TRUE(boot_map_gap(&map, 0x4100, &gap));
    EXPECT_EQ(0x4100u, gap.start);
}

TEST(BootMapTest, PiecesAreGreedyAndAtLeast16Bytes)
{
    struct boot_map map;
    boot_map_init(&map);
    boot_map_block(&map, 0, 0x1001); // The first unit that is free whole is at 0x1010.
    boot_map_block(&map, 0x1c1f, 0x2000);
    boot_map_block(&map, 0x200f, UINT64_MAX);
    std::vector<Piece> pieces;
    uint64_t paddr;
    uint32_t bits;
    while (boot_map_piece(&map, &paddr, &bits)) {
        pieces.push_back({paddr, static_cast<int>(bits)});
    }
    const std::vector<Piece> expected = {{0x1010, 4},  {0x1020, 5},  {0x1040, 6},
                                         {0x1080, 7},  {0x1100, 8},  {0x1200, 9},
                                         {0x1400, 10}, {0x1800, 10}, {0x1c00, 4}};
    EXPECT_EQ(expected, pieces);
}

TEST(BootMapTest, NoPieceIsLargerThan2To38)
{
    struct boot_map map;
    boot_map_init(&map);
    uint64_t paddr;
    uint32_t bits;
    ASSERT_TRUE(boot_map_piece(&map, &paddr, &bits));
    EXPECT_EQ(38u, bits);
    ASSERT_TRUE(boot_map_piece(&map, &paddr, &bits));
    EXPECT_EQ(uint64_t{1} << 38, paddr);
    EXPECT_FALSE(boot_map_piece(&map, &paddr, &bits));
}

} // namespace
