/* SPDX-License-Identifier: BSD-2-Clause */

/* The software MMU and its TLB. */
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/system.h"

using namespace albireo;

namespace {

constexpr Word kPage = 0x40000000;

enum Cause : Word { FETCH_PAGE = 12, LOAD_PAGE = 13, STORE_PAGE = 15 };

Word translate(System &sys, Word vaddr, enum sim_access access)
{
    Word paddr;
    return sim_translate(sys.sim(), vaddr, access, &paddr);
}

/* The leaf entry for a mapped address, as the kernel wrote it. */
Word *leaf_of(System &sys, Word vaddr)
{
    uint32_t level;
    return vspace_walk(sys.kernel(), sys.cap_at(kVSpace).table, vaddr, &level);
}

std::string dump(System &sys)
{
    char *text = nullptr;
    size_t size = 0;
    FILE *file = open_memstream(&text, &size);
    sim_dump(sys.sim(), file, SIM_DUMP_STATE);
    std::fclose(file);
    std::string all(text, size);
    std::free(text);
    return all;
}

} // namespace

TEST(Mmu, UserImageIsMapped)
{
    System sys;
    Word value = 1;
    EXPECT_TRUE(sys.load(SIM_IMAGE_VADDR, &value));
    EXPECT_EQ(value, 0u);
    EXPECT_TRUE(sys.store(SIM_IMAGE_VADDR + 8, 0x1122334455667788));
    EXPECT_TRUE(sys.load(SIM_IMAGE_VADDR + 9, &value, 2));
    EXPECT_EQ(value, 0x6677u);
    EXPECT_TRUE(sys.fetch(SIM_IMAGE_VADDR));
}

TEST(Mmu, RightsAreChecked)
{
    System sys;
    sys.map_new_page(kVSpace, kPage, ABI_RIGHT_READ, ABI_VM_EXECUTE_NEVER);
    EXPECT_EQ(translate(sys, kPage, SIM_LOAD), 0u);
    EXPECT_EQ(translate(sys, kPage, SIM_STORE), STORE_PAGE);
    EXPECT_EQ(translate(sys, kPage, SIM_FETCH), FETCH_PAGE);
}

TEST(Mmu, KernelAndNonCanonicalAddressesFault)
{
    System sys;
    for (Word vaddr : {Word{1} << 38, Word{0xFFFFFFC000000000}, Word{0xFFFFFFFF80200000},
                       Word{0x0100000000010000}, Word{SIM_WINDOW + SIM_RAM_BASE}}) {
        EXPECT_EQ(translate(sys, vaddr, SIM_LOAD), LOAD_PAGE) << vaddr;
        EXPECT_EQ(translate(sys, vaddr, SIM_FETCH), FETCH_PAGE) << vaddr;
    }
}

/* Only the root's upper half belongs to the kernel: the exact dump has all of the other tables. */
TEST(Mmu, DumpsShowUpperHalvesOfLowerTables)
{
    for (Word vaddr : {kPage, kPage + 300 * 4096, kPage + 300 * (Word{1} << 21)}) {
        System sys;
        sys.map_new_page(kVSpace, vaddr);
        Word *leaf = leaf_of(sys, vaddr);
        std::string before = dump(sys);
        *leaf ^= 0x80; /* Dirty. */
        std::string after = dump(sys);
        *leaf ^= 0x80;
        EXPECT_NE(before, after) << vaddr;
        EXPECT_EQ(before, dump(sys));
        EXPECT_EQ(before.find("entry 511:"), std::string::npos) << "the kernel's half of a root";
    }
}

TEST(Mmu, AccessedAndDirtyBitsMustBeSet)
{
    System sys;
    sys.map_new_page(kVSpace, kPage);
    Word *leaf = leaf_of(sys, kPage);
    Word good = *leaf;
    *leaf = good & ~Word{0x80}; /* Dirty. */
    EXPECT_EQ(translate(sys, kPage, SIM_LOAD), 0u);
    EXPECT_EQ(translate(sys, kPage, SIM_STORE), STORE_PAGE);
    /* The TLB remembers that leaf until it is flushed. */
    *leaf = good;
    EXPECT_EQ(translate(sys, kPage, SIM_STORE), STORE_PAGE);
}

TEST(Mmu, UnaccessedLeafFaults)
{
    System sys;
    sys.map_new_page(kVSpace, kPage);
    *leaf_of(sys, kPage) &= ~Word{0x40};
    EXPECT_EQ(translate(sys, kPage, SIM_LOAD), LOAD_PAGE);
}

TEST(Mmu, StaleTranslationStaysUntilFlushed)
{
    System sys;
    CPtr frame = sys.map_new_page(kVSpace, kPage);
    EXPECT_TRUE(sys.store(kPage, 42));
    /* As a kernel would do that forgets to flush: */
    Word *leaf = leaf_of(sys, kPage);
    Word entry = *leaf;
    *leaf = 0;
    EXPECT_EQ(translate(sys, kPage, SIM_LOAD), 0u) << "the TLB forgot by itself";
    *leaf = entry;
    /* And as this one does: */
    EXPECT_OK(sys.RISCV_Page_Unmap(frame));
    EXPECT_EQ(translate(sys, kPage, SIM_LOAD), LOAD_PAGE);
}

TEST(Mmu, FailedTranslationStaysUntilFlushed)
{
    System sys;
    sys.map_tables(kVSpace, kPage);
    EXPECT_EQ(translate(sys, kPage, SIM_LOAD), LOAD_PAGE);
    Word *leaf = leaf_of(sys, kPage);
    *leaf = *leaf_of(sys, SIM_IMAGE_VADDR); /* Behind the kernel's back. */
    EXPECT_EQ(translate(sys, kPage, SIM_LOAD), LOAD_PAGE) << "found without a flush";
    *leaf = 0;
    CPtr frame = sys.make(ABI_OBJECT_PAGE_4K);
    EXPECT_OK(sys.RISCV_Page_Map(frame, kVSpace, kPage, 3, 0));
    EXPECT_EQ(translate(sys, kPage, SIM_LOAD), 0u);
}

TEST(Mmu, LimitedTlbForgets)
{
    SystemOptions options;
    options.configure = [](sim_config &config) {
        config.tlb_limit = 2;
    };
    System sys(options);
    sys.map_new_page(kVSpace, kPage);
    EXPECT_EQ(translate(sys, kPage, SIM_LOAD), 0u);
    Word *leaf = leaf_of(sys, kPage);
    Word entry = *leaf;
    *leaf = 0;
    for (Word i = 0; i < 4; i++) {
        translate(sys, SIM_IMAGE_VADDR + i * 4096, SIM_LOAD);
    }
    EXPECT_EQ(translate(sys, kPage, SIM_LOAD), LOAD_PAGE);
    *leaf = entry;
}

TEST(Mmu, AddressSpacesAreKeptApart)
{
    System sys;
    sys.map_new_page(kVSpace, kPage);
    EXPECT_TRUE(sys.store(kPage, 42));
    CPtr other = sys.make_vspace();
    ThreadOptions options;
    options.priority = 110;
    options.vspace = other;
    Thread thread = sys.spawn(options);
    EXPECT_CURRENT(sys, thread);
    EXPECT_EQ(translate(sys, kPage, SIM_LOAD), LOAD_PAGE);
}

TEST(Mmu, AccessAcrossAPageIsAllOrNothing)
{
    System sys;
    ThreadOptions options;
    options.priority = 110;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    options.fault_ep = ep;
    sys.map_new_page(kVSpace, kPage);
    Thread thread = sys.spawn(options);
    Word before = 0;
    EXPECT_TRUE(sys.load(kPage + 4088, &before));
    EXPECT_FALSE(sys.store(kPage + 4092, ~Word{0})) << "the second page is not mapped";
    EXPECT_CURRENT(sys, sys.root());
    EXPECT_EQ(thread.state(), THREAD_BLOCKED_ON_SEND);
    EXPECT_EQ(thread.object->fault.address, kPage + 4096);
    EXPECT_EQ(thread.object->fault.code, 7u);
    Word after = 1;
    EXPECT_TRUE(sys.load(kPage + 4088, &after));
    EXPECT_EQ(after, before);
    sys.map_new_page(kVSpace, kPage + 4096);
    EXPECT_TRUE(sys.store(kPage + 4092, 0x0102030405060708));
    EXPECT_TRUE(sys.load(kPage + 4092, &after));
    EXPECT_EQ(after, 0x0102030405060708u);
    EXPECT_TRUE(sys.load(kPage + 4096, &after, 4));
    EXPECT_EQ(after, 0x01020304u);
}

namespace {

struct Recorder {
    struct sim *sim = nullptr;
    std::vector<Word> writes;
};

uint64_t recorder_read(void *, uint64_t offset, uint32_t)
{
    return 0xFFFFFFFFFFFFFF00u + offset;
}

void recorder_write(void *context, uint64_t offset, uint32_t size, uint64_t value)
{
    auto *recorder = static_cast<Recorder *>(context);
    recorder->writes.insert(recorder->writes.end(), {offset, size, value});
}

} // namespace

TEST(Mmu, DevicesAnswerAndNothingElseDoes)
{
    System sys;
    Recorder recorder;
    /* make() below takes the first frame of the largest device untyped. */
    CPtr untyped = sys.device_untyped(13);
    Word paddr = sys.cap_at(untyped).paddr;
    EXPECT_TRUE(sim_add_device(sys.sim(), paddr, 0x1000, recorder_read, recorder_write, &recorder));
    EXPECT_FALSE(
        sim_add_device(sys.sim(), paddr + 0xFFF, 1, recorder_read, recorder_write, &recorder));
    EXPECT_FALSE(
        sim_add_device(sys.sim(), SIM_RAM_BASE, 1, recorder_read, recorder_write, nullptr));
    CPtr frames = sys.alloc_slots(2);
    EXPECT_OK(sys.retype(untyped, ABI_OBJECT_PAGE_4K, 0, frames, 2));
    sys.map_tables(kVSpace, kPage);
    EXPECT_OK(sys.RISCV_Page_Map(frames, kVSpace, kPage, 3, 0));
    EXPECT_OK(sys.RISCV_Page_Map(frames + 1, kVSpace, kPage + 4096, 3, 0));
    Word value;
    EXPECT_TRUE(sys.load(kPage + 4, &value, 1));
    EXPECT_EQ(value, 4u);
    EXPECT_TRUE(sys.store(kPage + 16, 0x55, 4));
    EXPECT_EQ(recorder.writes, (std::vector<Word>{16, 4, 0x55}));
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    ThreadOptions options;
    options.priority = 110;
    options.fault_ep = ep;
    Thread thread = sys.spawn(options);
    EXPECT_FALSE(sys.load(kPage + 4096, &value)) << "nothing is there";
    EXPECT_EQ(thread.object->fault.address, kPage + 4096);
    EXPECT_EQ(thread.object->fault.code, 5u);
}
