/* SPDX-License-Identifier: BSD-2-Clause */

/* Page tables and frames as capabilities: the checks of their invocations, in order, and what they
 * change (docs/abi/09, 15 section 15.7, 16 section 16.7). What user accesses see of it is tested in
 * vspace_access_test.cc.
 */
#include "tests/support/system.h"

namespace albireo {
namespace {

constexpr Word kVaddr = 0x50000000;
constexpr Word kReadWrite = ABI_RIGHT_READ | ABI_RIGHT_WRITE;
constexpr Word kPageSize = 0x1000;
constexpr Word kMegaSize = 0x200000;

/* Detail words of FailedLookup: the target's lookup failed. */
const std::vector<Word> kNoRoot = {0, LOOKUP_INVALID_ROOT};
std::vector<Word> missing_level(Word bits)
{
    return {0, LOOKUP_MISSING_CAPABILITY, bits};
}

class VSpaceTest : public ::testing::Test {
  protected:
    CPtr table()
    {
        return sys.make(ABI_OBJECT_PAGE_TABLE);
    }
    CPtr page()
    {
        return sys.make(ABI_OBJECT_PAGE_4K);
    }
    CPtr mega()
    {
        return sys.make(ABI_OBJECT_MEGA_PAGE);
    }
    CPtr giga()
    {
        CPtr slot = sys.alloc_slot();
        EXPECT_OK(sys.retype(sys.device_untyped(30), ABI_OBJECT_GIGA_PAGE, 0, slot));
        return slot;
    }
    CPtr endpoint()
    {
        return sys.make(ABI_OBJECT_ENDPOINT);
    }

    /* A VSpace of a pool of its own, whose ASID is gone with the pool. */
    CPtr lost_vspace()
    {
        CPtr pool = sys.alloc_slot();
        EXPECT_OK(sys.RISCV_ASIDControl_MakePool(kAsidControl, sys.untyped(12), kCNode, pool, 64));
        CPtr vspace = table();
        EXPECT_OK(sys.RISCV_ASIDPool_Assign(pool, vspace));
        EXPECT_OK(sys.del(pool));
        return vspace;
    }

    Reply map_table(CPtr pt, Word vaddr, CPtr vspace = kVSpace)
    {
        return sys.RISCV_PageTable_Map(pt, vspace, vaddr, 0);
    }
    Reply map(CPtr frame, Word vaddr, CPtr vspace = kVSpace, Word rights = kReadWrite)
    {
        return sys.RISCV_Page_Map(frame, vspace, vaddr, rights, 0);
    }

    /* The invocation is refused like this and changes nothing. */
    void refused(Word error, const std::vector<Word> &details, const std::function<Reply()> &call)
    {
        sys.expect_unchanged([&] { EXPECT_CALL_ERROR(call(), error, details); });
    }

    System sys{{.memory = 64u << 20}}; /* Room for several mega pages. */
};

/* --- PageTable_Map ---------------------------------------------------------------------------- */

TEST_F(VSpaceTest, PageTableMapNeedsTwoWordsAndACapability)
{
    CPtr pt = table();
    CPtr ep = endpoint();
    refused(STATUS_TRUNCATED_MESSAGE, {},
            [&] { return sys.call(pt, ABI_LABEL_PAGE_TABLE_MAP, {kVaddr}, {kVSpace}); });
    refused(STATUS_TRUNCATED_MESSAGE, {}, [&] {
        return sys.call(pt, ABI_LABEL_PAGE_TABLE_MAP, {kVaddr, 0});
    });
    EXPECT_OK(sys.call(pt, ABI_LABEL_PAGE_TABLE_MAP, {kVaddr, 0}, {kVSpace}));
    /* Truncation wins over "already mapped". */
    refused(STATUS_TRUNCATED_MESSAGE, {},
            [&] { return sys.call(pt, ABI_LABEL_PAGE_TABLE_MAP, {ABI_USER_TOP}, {ep}); });
}

TEST_F(VSpaceTest, MappedPageTableCannotBeMappedAgain)
{
    CPtr pt = table();
    CPtr ep = endpoint();
    ASSERT_OK(map_table(pt, kVaddr));
    refused(STATUS_INVALID_CAPABILITY, {0}, [&] { return map_table(pt, kVaddr + kMegaSize); });
    /* Wins over a bad VSpace and a bad address. */
    refused(STATUS_INVALID_CAPABILITY, {0}, [&] { return map_table(pt, ABI_USER_TOP, ep); });
}

TEST_F(VSpaceTest, VSpaceRootCannotBeMappedAsAPageTable)
{
    CPtr vspace = sys.make_vspace();
    refused(STATUS_INVALID_CAPABILITY, {0}, [&] { return map_table(vspace, kVaddr); });
}

TEST_F(VSpaceTest, PageTableMapNeedsAMappedPageTableAsVSpace)
{
    CPtr pt = table();
    CPtr unmapped = table();
    CPtr frame = page();
    for (CPtr wrong : {endpoint(), unmapped, pt, frame, sys.alloc_slot()}) {
        refused(STATUS_INVALID_CAPABILITY, {1}, [&] { return map_table(pt, kVaddr, wrong); });
        refused(STATUS_INVALID_CAPABILITY, {1}, [&] { return map_table(pt, ABI_USER_TOP, wrong); });
    }
}

TEST_F(VSpaceTest, PageTableMapRefusesAddressesFromUserTopOn)
{
    CPtr pt = table();
    CPtr lost = lost_vspace();
    for (Word vaddr : {Word{ABI_USER_TOP}, Word{ABI_USER_TOP} + 1, Word{1} << 38, Word{1} << 39,
                       Word{1} << 63, ~Word{0}}) {
        refused(STATUS_INVALID_ARGUMENT, {0}, [&] { return map_table(pt, vaddr); });
        /* Wins over the VSpace being gone. */
        refused(STATUS_INVALID_ARGUMENT, {0}, [&] { return map_table(pt, vaddr, lost); });
    }
    EXPECT_OK(map_table(pt, ABI_USER_TOP - 1));
}

TEST_F(VSpaceTest, PageTableMapIntoALostVSpaceFailsTheLookup)
{
    CPtr pt = table();
    CPtr lost = lost_vspace();
    refused(STATUS_FAILED_LOOKUP, kNoRoot, [&] { return map_table(pt, kVaddr, lost); });
}

TEST_F(VSpaceTest, LostVSpaceIsReportedBeforeNotBeingARoot)
{
    CPtr pool = sys.alloc_slot();
    ASSERT_OK(sys.RISCV_ASIDControl_MakePool(kAsidControl, sys.untyped(12), kCNode, pool, 64));
    CPtr vspace = table();
    ASSERT_OK(sys.RISCV_ASIDPool_Assign(pool, vspace));
    CPtr lower = table();
    CPtr pt = table();
    CPtr frame = page();
    ASSERT_OK(map_table(lower, kVaddr, vspace));
    refused(STATUS_INVALID_CAPABILITY, {1}, [&] { return map_table(pt, kVaddr, lower); });
    refused(STATUS_INVALID_CAPABILITY, {1}, [&] { return map(frame, kVaddr, lower); });
    ASSERT_OK(sys.del(pool));
    refused(STATUS_FAILED_LOOKUP, kNoRoot, [&] { return map_table(pt, kVaddr, lower); });
    refused(STATUS_FAILED_LOOKUP, kNoRoot, [&] { return map(frame, kVaddr, lower); });
}

TEST_F(VSpaceTest, PageTableMapNeedsARoot)
{
    CPtr middle = table();
    CPtr leaf = table();
    CPtr pt = table();
    ASSERT_OK(map_table(middle, kVaddr));
    ASSERT_OK(map_table(leaf, kVaddr));
    refused(STATUS_INVALID_CAPABILITY, {1}, [&] { return map_table(pt, kVaddr, middle); });
    refused(STATUS_INVALID_CAPABILITY, {1}, [&] { return map_table(pt, kVaddr, leaf); });
}

TEST_F(VSpaceTest, PageTablesFillTheHighestMissingLevelAndThenNoMore)
{
    CPtr middle = table();
    CPtr leaf = table();
    CPtr pt = table();
    ASSERT_OK(map_table(middle, kVaddr + 0x12345));
    EXPECT_EQ(0x40000000u, sys.cap_at(middle).vaddr);
    ASSERT_OK(map_table(leaf, kVaddr + 0x12345));
    EXPECT_EQ(kVaddr, sys.cap_at(leaf).vaddr);
    refused(STATUS_DELETE_FIRST, {}, [&] { return map_table(pt, kVaddr + 0x12345); });
    EXPECT_OK(map_table(pt, kVaddr + kMegaSize));
}

TEST_F(VSpaceTest, PageTableMapRefusesAPlaceThatAFrameOccupies)
{
    CPtr pt = table();
    CPtr big = giga();
    ASSERT_OK(map(big, 0x40000000));
    refused(STATUS_DELETE_FIRST, {}, [&] { return map_table(pt, kVaddr); });
    ASSERT_OK(sys.RISCV_Page_Unmap(big));
    ASSERT_OK(map_table(pt, kVaddr));

    CPtr frame = mega();
    CPtr leaf = table();
    ASSERT_OK(map(frame, kVaddr));
    refused(STATUS_DELETE_FIRST, {}, [&] { return map_table(leaf, kVaddr); });
    ASSERT_OK(sys.RISCV_Page_Unmap(frame));
    ASSERT_OK(map_table(leaf, kVaddr));

    CPtr small = page();
    CPtr another = table();
    ASSERT_OK(map(small, kVaddr));
    refused(STATUS_DELETE_FIRST, {}, [&] { return map_table(another, kVaddr); });
}

/* --- PageTable_Unmap -------------------------------------------------------------------------- */

TEST_F(VSpaceTest, PageTableUnmapNeedsTheOnlyCapability)
{
    CPtr pt = table();
    ASSERT_OK(map_table(pt, kVaddr));
    CPtr copy = sys.copy(pt);
    refused(STATUS_REVOKE_FIRST, {}, [&] { return sys.RISCV_PageTable_Unmap(pt); });
    refused(STATUS_REVOKE_FIRST, {}, [&] { return sys.RISCV_PageTable_Unmap(copy); });
    ASSERT_OK(sys.del(pt));
    EXPECT_OK(sys.RISCV_PageTable_Unmap(copy));
    EXPECT_OK(map_table(copy, kVaddr));
}

TEST_F(VSpaceTest, VSpaceRootCannotBeUnmapped)
{
    CPtr vspace = sys.make_vspace();
    refused(STATUS_REVOKE_FIRST, {}, [&] { return sys.RISCV_PageTable_Unmap(vspace); });
    refused(STATUS_REVOKE_FIRST, {}, [&] { return sys.RISCV_PageTable_Unmap(kVSpace); });
    /* With a copy, too. */
    sys.copy(vspace);
    refused(STATUS_REVOKE_FIRST, {}, [&] { return sys.RISCV_PageTable_Unmap(vspace); });
}

TEST_F(VSpaceTest, PageTableUnmapClearsTheTableAndMakesItMappableElsewhere)
{
    CPtr middle = table();
    CPtr leaf = table();
    CPtr frame = page();
    ASSERT_OK(map_table(middle, kVaddr));
    ASSERT_OK(map_table(leaf, kVaddr));
    ASSERT_OK(map(frame, kVaddr));
    ASSERT_OK(sys.RISCV_PageTable_Unmap(leaf));
    ASSERT_OK(map_table(leaf, kVaddr + kMegaSize));
    /* The place of the old mapping in the table is free again. */
    CPtr other = page();
    EXPECT_OK(map(other, kVaddr + kMegaSize));
    /* The first frame keeps its record. */
    refused(STATUS_INVALID_ARGUMENT, {0}, [&] { return map(frame, kVaddr + kMegaSize); });
}

TEST_F(VSpaceTest, PageTableUnmapOfAnUnmappedTableSucceeds)
{
    CPtr pt = table();
    EXPECT_OK(sys.RISCV_PageTable_Unmap(pt));
    ASSERT_OK(map_table(pt, kVaddr));
    EXPECT_OK(sys.RISCV_PageTable_Unmap(pt));
    EXPECT_OK(sys.RISCV_PageTable_Unmap(pt));
}

TEST_F(VSpaceTest, TablesOfALostVSpaceMustBeUnmappedBeforeTheyAreMappedElsewhere)
{
    CPtr vspace = sys.make_vspace();
    CPtr pt = table();
    ASSERT_OK(map_table(pt, kVaddr, vspace));
    ASSERT_OK(sys.del(vspace));
    refused(STATUS_INVALID_CAPABILITY, {0}, [&] { return map_table(pt, kVaddr); });
    EXPECT_OK(sys.RISCV_PageTable_Unmap(pt));
    EXPECT_OK(map_table(pt, kVaddr));
}

TEST_F(VSpaceTest, UnmappingAStaleTableLeavesItsSuccessorAlone)
{
    CPtr middle = table();
    CPtr leaf = table();
    ASSERT_OK(map_table(middle, kVaddr));
    ASSERT_OK(map_table(leaf, kVaddr));
    ASSERT_OK(sys.RISCV_PageTable_Unmap(middle)); /* leaf's record is stale now. */
    ASSERT_OK(map_table(middle, kVaddr));
    CPtr successor = table();
    CPtr frame = page();
    ASSERT_OK(map_table(successor, kVaddr));
    ASSERT_OK(map(frame, kVaddr));
    EXPECT_OK(sys.RISCV_PageTable_Unmap(leaf));
    Word value;
    EXPECT_TRUE(sys.load(kVaddr, &value));
}

TEST_F(VSpaceTest, DeletingOneOfTwoTableCapabilitiesKeepsTheMapping)
{
    CPtr pt = table();
    CPtr frame = page();
    CPtr leaf = table();
    ASSERT_OK(map_table(pt, kVaddr));
    ASSERT_OK(map_table(leaf, kVaddr));
    ASSERT_OK(map(frame, kVaddr));
    CPtr copy = sys.copy(leaf);
    ASSERT_OK(sys.del(leaf));
    Word value;
    EXPECT_TRUE(sys.load(kVaddr, &value));
    ASSERT_OK(sys.del(copy));
    refused(STATUS_FAILED_LOOKUP, missing_level(21), [&] { return map(frame, kVaddr); });
}

TEST_F(VSpaceTest, UnmappedPageTableCannotBeCopied)
{
    CPtr pt = table();
    CPtr slot = sys.alloc_slot();
    refused(STATUS_ILLEGAL_OPERATION, {},
            [&] { return sys.CNode_Copy(kCNode, slot, 64, kCNode, pt, 64, ABI_RIGHT_ALL); });
    ASSERT_OK(map_table(pt, kVaddr));
    EXPECT_OK(sys.CNode_Copy(kCNode, slot, 64, kCNode, pt, 64, ABI_RIGHT_ALL));
}

/* --- Page_Map --------------------------------------------------------------------------------- */

TEST_F(VSpaceTest, PageMapNeedsThreeWordsAndACapability)
{
    CPtr frame = page();
    sys.map_tables(kVSpace, kVaddr);
    refused(STATUS_TRUNCATED_MESSAGE, {}, [&] {
        return sys.call(frame, ABI_LABEL_PAGE_MAP, {kVaddr, kReadWrite}, {kVSpace});
    });
    refused(STATUS_TRUNCATED_MESSAGE, {}, [&] {
        return sys.call(frame, ABI_LABEL_PAGE_MAP, {kVaddr, kReadWrite, 0});
    });
    CPtr ep = endpoint();
    refused(STATUS_TRUNCATED_MESSAGE, {}, [&] {
        return sys.call(frame, ABI_LABEL_PAGE_MAP, {ABI_USER_TOP, 0}, {ep});
    });
    EXPECT_OK(sys.call(frame, ABI_LABEL_PAGE_MAP, {kVaddr, kReadWrite, 0}, {kVSpace}));
}

TEST_F(VSpaceTest, PageMapNeedsAMappedPageTableAsVSpace)
{
    CPtr frame = page();
    CPtr unmapped = table();
    for (CPtr wrong : {endpoint(), unmapped, frame, sys.alloc_slot()}) {
        refused(STATUS_INVALID_CAPABILITY, {1}, [&] { return map(frame, kVaddr, wrong); });
        refused(STATUS_INVALID_CAPABILITY, {1}, [&] { return map(frame, ABI_USER_TOP, wrong); });
    }
}

TEST_F(VSpaceTest, PageMapIntoALostVSpaceFailsTheLookup)
{
    CPtr frame = page();
    CPtr lost = lost_vspace();
    refused(STATUS_FAILED_LOOKUP, kNoRoot, [&] { return map(frame, kVaddr, lost); });
    /* Wins over a bad address. */
    refused(STATUS_FAILED_LOOKUP, kNoRoot, [&] { return map(frame, ABI_USER_TOP + 1, lost); });
}

TEST_F(VSpaceTest, PageMapNeedsARoot)
{
    CPtr frame = page();
    CPtr pt = table();
    ASSERT_OK(map_table(pt, kVaddr));
    refused(STATUS_INVALID_CAPABILITY, {1}, [&] { return map(frame, kVaddr, pt); });
    /* Wins over a bad address. */
    refused(STATUS_INVALID_CAPABILITY, {1}, [&] { return map(frame, ABI_USER_TOP + 1, pt); });
}

TEST_F(VSpaceTest, PageMapRefusesFramesThatReachUserTop)
{
    struct {
        CPtr frame;
        Word vaddr; /* Of the last aligned place below 2^38. */
    } rows[] = {{page(), 0x3FFFFFF000}, {mega(), 0x3FFFE00000}, {giga(), 0x3FC0000000}};
    for (const auto &row : rows) {
        refused(STATUS_INVALID_ARGUMENT, {0}, [&] { return map(row.frame, row.vaddr); });
        /* Wins over misalignment, and over the missing tables. */
        refused(STATUS_INVALID_ARGUMENT, {0}, [&] { return map(row.frame, row.vaddr + 8); });
        refused(STATUS_INVALID_ARGUMENT, {0}, [&] { return map(row.frame, Word{1} << 38); });
        refused(STATUS_INVALID_ARGUMENT, {0}, [&] { return map(row.frame, Word{1} << 63); });
    }
}

TEST_F(VSpaceTest, LastPageBelowUserTopCanBeMapped)
{
    CPtr frame = page();
    sys.map_tables(kVSpace, ABI_USER_TOP - kPageSize);
    EXPECT_OK(map(frame, ABI_USER_TOP - kPageSize));
    EXPECT_TRUE(sys.store(ABI_USER_TOP - 8, 7));
}

TEST_F(VSpaceTest, PageMapNeedsAnAddressAlignedToTheFrame)
{
    CPtr frame = page();
    CPtr big = mega();
    CPtr huge = giga();
    /* Wins over the missing tables. */
    refused(STATUS_ALIGNMENT_ERROR, {}, [&] { return map(frame, kVaddr + 1); });
    refused(STATUS_ALIGNMENT_ERROR, {}, [&] { return map(frame, kVaddr + 0x800); });
    refused(STATUS_ALIGNMENT_ERROR, {}, [&] { return map(big, kVaddr + kPageSize); });
    refused(STATUS_ALIGNMENT_ERROR, {}, [&] { return map(huge, kVaddr); });
}

TEST_F(VSpaceTest, PageMapNamesTheMissingLevel)
{
    CPtr frame = page();
    CPtr big = mega();
    CPtr huge = giga();
    refused(STATUS_FAILED_LOOKUP, missing_level(30), [&] { return map(frame, kVaddr); });
    refused(STATUS_FAILED_LOOKUP, missing_level(30), [&] { return map(big, kVaddr); });
    ASSERT_OK(map_table(table(), kVaddr));
    refused(STATUS_FAILED_LOOKUP, missing_level(21), [&] { return map(frame, kVaddr); });
    refused(STATUS_FAILED_LOOKUP, missing_level(21), [&] { return map(huge, 0x40000000); });
    ASSERT_OK(map_table(table(), kVaddr));
    refused(STATUS_FAILED_LOOKUP, missing_level(12), [&] { return map(big, kVaddr); });
    refused(STATUS_FAILED_LOOKUP, missing_level(21), [&] { return map(huge, 0x40000000); });
    EXPECT_OK(map(frame, kVaddr));
    EXPECT_OK(map(big, kVaddr + kMegaSize));
    EXPECT_OK(map(huge, 0x80000000));
}

TEST_F(VSpaceTest, LargerFrameInTheWayIsALevelMismatch)
{
    CPtr frame = page();
    CPtr big = mega();
    ASSERT_OK(map_table(table(), kVaddr));
    ASSERT_OK(map(mega(), kVaddr));
    refused(STATUS_FAILED_LOOKUP, missing_level(21), [&] { return map(frame, kVaddr); });
    ASSERT_OK(map(giga(), 0x80000000));
    refused(STATUS_FAILED_LOOKUP, missing_level(30), [&] { return map(big, 0x80000000); });
}

TEST_F(VSpaceTest, FrameCapabilityIsForOneVSpaceAtATime)
{
    CPtr other = sys.make_vspace();
    CPtr frame = sys.map_new_page(kVSpace, kVaddr);
    /* The levels are looked at first. */
    refused(STATUS_FAILED_LOOKUP, missing_level(30), [&] { return map(frame, kVaddr, other); });
    sys.map_tables(other, kVaddr);
    refused(STATUS_INVALID_CAPABILITY, {1}, [&] { return map(frame, kVaddr, other); });
    /* Wins over being mapped at another address, and over an occupied place. */
    sys.map_new_page(other, kVaddr + kPageSize);
    refused(STATUS_INVALID_CAPABILITY, {1}, [&] { return map(frame, kVaddr + kPageSize, other); });
    ASSERT_OK(sys.RISCV_Page_Unmap(frame));
    EXPECT_OK(map(frame, kVaddr, other));
}

TEST_F(VSpaceTest, FrameCapabilityIsForOneAddressAtATime)
{
    CPtr frame = sys.map_new_page(kVSpace, kVaddr);
    sys.map_new_page(kVSpace, kVaddr + 2 * kPageSize);
    refused(STATUS_INVALID_ARGUMENT, {0}, [&] { return map(frame, kVaddr + kPageSize); });
    /* Wins over an occupied place. */
    refused(STATUS_INVALID_ARGUMENT, {0}, [&] { return map(frame, kVaddr + 2 * kPageSize); });
    /* The levels are looked at first. */
    refused(STATUS_FAILED_LOOKUP, missing_level(21),
            [&] { return map(frame, kVaddr + kMegaSize); });
}

TEST_F(VSpaceTest, UnmappedFrameCannotReplaceAMapping)
{
    sys.map_new_page(kVSpace, kVaddr);
    CPtr frame = page();
    refused(STATUS_DELETE_FIRST, {}, [&] { return map(frame, kVaddr); });
    CPtr big = mega();
    ASSERT_OK(map(mega(), kVaddr + kMegaSize));
    refused(STATUS_DELETE_FIRST, {}, [&] { return map(big, kVaddr + kMegaSize); });
    CPtr huge = giga();
    ASSERT_OK(map(giga(), 0x80000000));
    refused(STATUS_DELETE_FIRST, {}, [&] { return map(huge, 0x80000000); });
}

TEST_F(VSpaceTest, MappingWithoutAnyRightsLeavesThePlaceFreeButCountsAsMapped)
{
    CPtr frame = page();
    CPtr other = page();
    sys.map_tables(kVSpace, kVaddr);
    ASSERT_OK(sys.RISCV_Page_Map(frame, kVSpace, kVaddr, 0, ABI_VM_EXECUTE_NEVER));
    refused(STATUS_INVALID_ARGUMENT, {0}, [&] { return map(frame, kVaddr + kPageSize); });
    EXPECT_OK(map(other, kVaddr));
}

TEST_F(VSpaceTest, RemapTakesItsPlaceBackFromAnotherFrame)
{
    CPtr leaf = table();
    CPtr first = page();
    CPtr second = page();
    ASSERT_OK(map_table(table(), kVaddr));
    ASSERT_OK(map_table(leaf, kVaddr));
    ASSERT_OK(map(first, kVaddr));
    ASSERT_TRUE(sys.store(kVaddr, 1));
    ASSERT_OK(sys.RISCV_PageTable_Unmap(leaf));
    ASSERT_OK(map_table(leaf, kVaddr));
    ASSERT_OK(map(second, kVaddr));
    ASSERT_TRUE(sys.store(kVaddr, 2));
    ASSERT_OK(map(first, kVaddr));
    Word value = 0;
    ASSERT_TRUE(sys.load(kVaddr, &value));
    EXPECT_EQ(1u, value);
    /* The second one's record is stale; unmapping it touches nothing. */
    ASSERT_OK(sys.RISCV_Page_Unmap(second));
    ASSERT_TRUE(sys.load(kVaddr, &value));
    EXPECT_EQ(1u, value);
}

/* --- Page_Unmap, Page_GetAddress -------------------------------------------------------------- */

TEST_F(VSpaceTest, PageUnmapAlwaysSucceeds)
{
    CPtr frame = page();
    EXPECT_OK(sys.RISCV_Page_Unmap(frame));
    sys.map_tables(kVSpace, kVaddr);
    ASSERT_OK(map(frame, kVaddr));
    EXPECT_OK(sys.RISCV_Page_Unmap(frame));
    EXPECT_OK(sys.RISCV_Page_Unmap(frame));
    EXPECT_OK(map(frame, kVaddr + kPageSize));

    CPtr vspace = sys.make_vspace();
    CPtr other = sys.map_new_page(vspace, kVaddr);
    ASSERT_OK(sys.del(vspace));
    EXPECT_OK(sys.RISCV_Page_Unmap(other));
    EXPECT_OK(map(other, kVaddr));
}

TEST_F(VSpaceTest, PageGetAddressGivesThePhysicalAddress)
{
    for (CPtr frame : {page(), mega(), giga()}) {
        Reply reply = sys.RISCV_Page_GetAddress(frame);
        EXPECT_OK(reply);
        ASSERT_EQ(1u, reply.length);
        EXPECT_EQ(sys.cap_at(frame).paddr, reply[0]);
    }
    CPtr frame = page();
    Reply before = sys.RISCV_Page_GetAddress(frame);
    sys.map_tables(kVSpace, kVaddr);
    ASSERT_OK(map(frame, kVaddr));
    EXPECT_EQ(before[0], sys.RISCV_Page_GetAddress(frame)[0]);
    EXPECT_EQ(before[0], sys.RISCV_Page_GetAddress(sys.copy(frame))[0]);
}

TEST_F(VSpaceTest, FramesOfOneRetypeAreContiguous)
{
    CPtr slots = sys.alloc_slots(4);
    ASSERT_OK(sys.retype(sys.untyped(14), ABI_OBJECT_PAGE_4K, 0, slots, 4));
    Word base = sys.RISCV_Page_GetAddress(slots)[0];
    EXPECT_EQ(0u, base % (4 * kPageSize));
    for (Word i = 0; i < 4; i++) {
        EXPECT_EQ(base + i * kPageSize, sys.RISCV_Page_GetAddress(slots + i)[0]);
    }
}

/* --- Copies ----------------------------------------------------------------------------------- */

TEST_F(VSpaceTest, CopyOfAMappedFrameIsUnmapped)
{
    CPtr frame = sys.map_new_page(kVSpace, kVaddr);
    CPtr copy = sys.copy(frame);
    CPtr minted = sys.mint(frame, 0);
    refused(STATUS_DELETE_FIRST, {}, [&] { return map(copy, kVaddr); });
    EXPECT_OK(map(copy, kVaddr + kPageSize));
    EXPECT_OK(map(minted, kVaddr + 2 * kPageSize));
    /* Each has its own record: unmapping one leaves the others. */
    ASSERT_OK(sys.RISCV_Page_Unmap(frame));
    Word value;
    EXPECT_TRUE(sys.load(kVaddr + kPageSize, &value));
    EXPECT_TRUE(sys.load(kVaddr + 2 * kPageSize, &value));
}

TEST_F(VSpaceTest, MovedFrameStaysMapped)
{
    CPtr frame = sys.map_new_page(kVSpace, kVaddr);
    CPtr dest = sys.alloc_slot();
    ASSERT_OK(sys.move(dest, frame));
    Word value;
    EXPECT_TRUE(sys.load(kVaddr, &value));
    refused(STATUS_INVALID_ARGUMENT, {0}, [&] { return map(dest, kVaddr + kPageSize); });
    CPtr mutated = sys.alloc_slot();
    ASSERT_OK(sys.CNode_Mutate(kCNode, mutated, 64, kCNode, dest, 64, 0));
    EXPECT_TRUE(sys.load(kVaddr, &value));
    ASSERT_OK(sys.RISCV_Page_Unmap(mutated));
    EXPECT_OK(map(page(), kVaddr));
}

TEST_F(VSpaceTest, CopiesOfAMappedTableAreMapped)
{
    CPtr pt = table();
    ASSERT_OK(map_table(pt, kVaddr));
    CPtr copy = sys.copy(pt);
    refused(STATUS_INVALID_CAPABILITY, {0}, [&] { return map_table(copy, kVaddr + kMegaSize); });
}

/* --- Unknown labels --------------------------------------------------------------------------- */

TEST_F(VSpaceTest, UnknownLabelsAreIllegalOperations)
{
    CPtr frame = page();
    CPtr pt = table();
    for (Word label : {Word{ABI_LABEL_INVALID}, Word{ABI_LABEL_CNODE_DELETE},
                       Word{ABI_LABEL_ASID_POOL_ASSIGN}, Word{ABI_LABEL_COUNT}, Word{1} << 40}) {
        refused(STATUS_ILLEGAL_OPERATION, {}, [&] { return sys.call(frame, label); });
        refused(STATUS_ILLEGAL_OPERATION, {}, [&] { return sys.call(pt, label); });
    }
    refused(STATUS_ILLEGAL_OPERATION, {},
            [&] { return sys.call(frame, ABI_LABEL_PAGE_TABLE_UNMAP); });
    refused(STATUS_ILLEGAL_OPERATION, {}, [&] { return sys.call(pt, ABI_LABEL_PAGE_UNMAP); });
}

/* --- The worked example ----------------------------------------------------------------------- */

TEST_F(VSpaceTest, WorkedExampleOfVirtualMemory)
{
    CPtr pt = table(), pt2 = table(), pt3 = table(), unmapped = table();
    CPtr frame = page(), big = mega();
    EXPECT_CALL_ERROR(sys.call(pt, ABI_LABEL_PAGE_TABLE_MAP, {kVaddr}, {kVSpace}),
                      STATUS_TRUNCATED_MESSAGE, {});
    EXPECT_CALL_ERROR(map_table(pt, kVaddr, endpoint()), STATUS_INVALID_CAPABILITY, {1});
    EXPECT_CALL_ERROR(map_table(pt, kVaddr, unmapped), STATUS_INVALID_CAPABILITY, {1});
    EXPECT_CALL_ERROR(map_table(pt, 0x3FFFFFF000), STATUS_INVALID_ARGUMENT, {0});
    EXPECT_CALL_ERROR(map(frame, kVaddr), STATUS_FAILED_LOOKUP, {0, 2, 0x1e});
    EXPECT_OK(map_table(pt, 0x50012345));
    EXPECT_CALL_ERROR(map_table(pt, 0x50012345), STATUS_INVALID_CAPABILITY, {0});
    EXPECT_CALL_ERROR(map(frame, kVaddr), STATUS_FAILED_LOOKUP, {0, 2, 0x15});
    EXPECT_OK(map_table(pt2, kVaddr));
    EXPECT_CALL_ERROR(map_table(pt3, kVaddr), STATUS_DELETE_FIRST, {});
    EXPECT_CALL_ERROR(map(frame, kVaddr, pt), STATUS_INVALID_CAPABILITY, {1});
    EXPECT_CALL_ERROR(map(frame, 0x50000010), STATUS_ALIGNMENT_ERROR, {});
    EXPECT_CALL_ERROR(map(frame, 0x3FFFFFF000), STATUS_INVALID_ARGUMENT, {0});
    EXPECT_CALL_ERROR(map(big, kVaddr), STATUS_FAILED_LOOKUP, {0, 2, 0xc});
    EXPECT_OK(map(frame, kVaddr));
    EXPECT_CALL_ERROR(map(frame, 0x50001000), STATUS_INVALID_ARGUMENT, {0});
    EXPECT_OK(map(frame, kVaddr, kVSpace, ABI_RIGHT_READ));
    CPtr copy = sys.copy(frame);
    EXPECT_CALL_ERROR(map(copy, kVaddr), STATUS_DELETE_FIRST, {});
    EXPECT_OK(map(copy, 0x50001000));
    EXPECT_EQ(1u, sys.RISCV_Page_GetAddress(frame).length);
    EXPECT_OK(map(big, 0x50200000));
    EXPECT_CALL_ERROR(sys.RISCV_PageTable_Unmap(kVSpace), STATUS_REVOKE_FIRST, {});
    EXPECT_OK(sys.RISCV_PageTable_Unmap(pt2));
    EXPECT_CALL_ERROR(map(frame, kVaddr), STATUS_FAILED_LOOKUP, {0, 2, 0x15});
    EXPECT_OK(sys.RISCV_Page_Unmap(frame));
    EXPECT_OK(sys.RISCV_Page_Unmap(frame));
    EXPECT_OK(sys.RISCV_PageTable_Unmap(pt2));
    EXPECT_CALL_ERROR(map(big, kVaddr), STATUS_INVALID_ARGUMENT, {0});
}

} // namespace
} // namespace albireo
