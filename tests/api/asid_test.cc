/* SPDX-License-Identifier: BSD-2-Clause */

/* ASID control and ASID pools: making pools, assigning ASIDs, running out of either, deletion
 * (docs/abi/09 sections 9.3, 9.9 and 9.10, 15 section 15.7, 16 section 16.7).
 */
#include "tests/support/system.h"

namespace albireo {
namespace {

constexpr Word kVaddr = 0x50000000;

class AsidTest : public ::testing::Test {
  protected:
    CPtr table()
    {
        return sys.make(ABI_OBJECT_PAGE_TABLE);
    }
    Reply make_pool(CPtr untyped, Word index, Word depth = 64, CPtr root = kCNode)
    {
        return sys.RISCV_ASIDControl_MakePool(kAsidControl, untyped, root, index, depth);
    }
    CPtr new_pool()
    {
        CPtr slot = sys.alloc_slot();
        EXPECT_OK(make_pool(sys.untyped(12), slot));
        return slot;
    }
    Reply assign(CPtr pool, CPtr vspace)
    {
        return sys.RISCV_ASIDPool_Assign(pool, vspace);
    }
    Word asid_of(CPtr vspace)
    {
        return sys.cap_at(vspace).asid;
    }
    void refused(Word error, const std::vector<Word> &details, const std::function<Reply()> &call)
    {
        sys.expect_unchanged([&] { EXPECT_CALL_ERROR(call(), error, details); });
    }

    System sys{{.memory = 64u << 20}};
};

/* For running out of pools and ASIDs. */
class AsidLimitTest : public AsidTest {
  protected:
    /* Further pools until `count` exist besides the initial one. */
    std::vector<CPtr> make_pools(size_t count)
    {
        std::vector<CPtr> pools;
        while (pools.size() < count) {
            pools.push_back(new_pool());
        }
        return pools;
    }
    void assign_all(CPtr pool, Word first_asid, Word count)
    {
        CPtr tables = sys.alloc_slots(count);
        CPtr memory = sys.untyped(21);
        for (Word made = 0; made < count; made += 128) {
            Word some = std::min<Word>(128, count - made);
            ASSERT_OK(sys.retype(memory, ABI_OBJECT_PAGE_TABLE, 0, tables + made, some));
        }
        for (Word i = 0; i < count; i++) {
            ASSERT_OK(assign(pool, tables + i));
            ASSERT_EQ(first_asid + i, asid_of(tables + i));
        }
        first_table_ = tables;
    }

    CPtr first_table_ = 0;
};

/* --- ASIDControl_MakePool --------------------------------------------------------------------- */

TEST_F(AsidTest, MakePoolNeedsTwoWordsAndTwoCapabilities)
{
    CPtr untyped = sys.untyped(12);
    CPtr slot = sys.alloc_slot();
    constexpr Word label = ABI_LABEL_ASID_CONTROL_MAKE_POOL;
    refused(STATUS_TRUNCATED_MESSAGE, {}, [&] {
        return sys.call(kAsidControl, label, {slot}, {untyped, kCNode});
    });
    refused(STATUS_TRUNCATED_MESSAGE, {}, [&] {
        return sys.call(kAsidControl, label, {slot, 64}, {untyped});
    });
    refused(STATUS_TRUNCATED_MESSAGE, {}, [&] {
        return sys.call(kAsidControl, label, {slot, 64});
    });
    EXPECT_OK(sys.call(kAsidControl, label, {slot, 64}, {untyped, kCNode}));
}

TEST_F(AsidTest, MakePoolNeedsAnUntypedOf4KiBOfRam)
{
    CPtr slot = sys.alloc_slot();
    CPtr endpoint = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr frame = sys.make(ABI_OBJECT_PAGE_4K);
    CPtr smaller = sys.untyped(11);
    CPtr larger = sys.untyped(13);
    CPtr device = sys.device_untyped(12);
    for (CPtr wrong : {endpoint, frame, smaller, larger, device, slot}) {
        refused(STATUS_INVALID_CAPABILITY, {1}, [&] { return make_pool(wrong, slot); });
        /* Wins over a bad destination. */
        refused(STATUS_INVALID_CAPABILITY, {1}, [&] { return make_pool(wrong, slot, 0); });
        refused(STATUS_INVALID_CAPABILITY, {1}, [&] { return make_pool(wrong, kTcb); });
    }
    ASSERT_OK(sys.retype(larger, ABI_OBJECT_UNTYPED, 12, slot));
    refused(STATUS_INVALID_CAPABILITY, {1}, [&] { return make_pool(larger, slot); });
}

TEST_F(AsidTest, MakePoolNeedsAChildlessUntyped)
{
    CPtr untyped = sys.untyped(12);
    CPtr child = sys.alloc_slot();
    CPtr slot = sys.alloc_slot();
    ASSERT_OK(sys.retype(untyped, ABI_OBJECT_ENDPOINT, 0, child));
    refused(STATUS_REVOKE_FIRST, {}, [&] { return make_pool(untyped, slot); });
    /* Wins over a bad destination. */
    refused(STATUS_REVOKE_FIRST, {}, [&] { return make_pool(untyped, slot, 65); });
    ASSERT_OK(sys.del(child));
    EXPECT_OK(make_pool(untyped, slot));
}

TEST_F(AsidTest, MakePoolChecksItsDestination)
{
    CPtr untyped = sys.untyped(12);
    CPtr slot = sys.alloc_slot();
    refused(STATUS_RANGE_ERROR, {1, 64}, [&] { return make_pool(untyped, slot, 0); });
    refused(STATUS_RANGE_ERROR, {1, 64}, [&] { return make_pool(untyped, slot, 65); });
    refused(STATUS_RANGE_ERROR, {1, 64}, [&] { return make_pool(untyped, kTcb, ~Word{0}); });
    /* Not being a CNode wins over the depth. */
    refused(STATUS_FAILED_LOOKUP, {0, LOOKUP_INVALID_ROOT},
            [&] { return make_pool(untyped, slot, 0, kTcb); });
    refused(STATUS_FAILED_LOOKUP, {0, LOOKUP_GUARD_MISMATCH, 12, 0, 52},
            [&] { return make_pool(untyped, slot, 12); });
    refused(STATUS_FAILED_LOOKUP, {0, LOOKUP_GUARD_MISMATCH, 64, 0, 52},
            [&] { return make_pool(untyped, slot + 4096, 64); });
    refused(STATUS_DELETE_FIRST, {}, [&] { return make_pool(untyped, kTcb); });
    CPtr cnode = sys.make_cnode(3);
    refused(STATUS_FAILED_LOOKUP, {0, LOOKUP_DEPTH_MISMATCH, 2, 3},
            [&] { return make_pool(untyped, 1, 2, cnode); });
    EXPECT_OK(make_pool(untyped, 5, 3, cnode));
}

TEST_F(AsidTest, MakePoolUsesUpTheUntypedAndTheLowestFreeIndex)
{
    CPtr untyped = sys.untyped(12);
    CPtr slot = sys.alloc_slot();
    ASSERT_OK(make_pool(untyped, slot));
    EXPECT_EQ(1u * ABI_ASIDS_PER_POOL, sys.cap_at(slot).asid_base);
    CPtr other = sys.alloc_slot();
    refused(STATUS_REVOKE_FIRST, {}, [&] { return make_pool(untyped, other); });
    refused(STATUS_NOT_ENOUGH_MEMORY, {0},
            [&] { return sys.retype(untyped, ABI_OBJECT_ENDPOINT, 0, other); });
    CPtr second = new_pool();
    EXPECT_EQ(2u * ABI_ASIDS_PER_POOL, sys.cap_at(second).asid_base);
    /* The pool is a child of its untyped; its index is free when it is gone. */
    ASSERT_OK(sys.revoke(untyped));
    EXPECT_TRUE(sys.is_empty(slot));
    CPtr third = new_pool();
    EXPECT_EQ(1u * ABI_ASIDS_PER_POOL, sys.cap_at(third).asid_base);
}

TEST_F(AsidTest, PoolMadeOfUsedMemoryIsEmpty)
{
    CPtr untyped = sys.untyped(12);
    CPtr frame = sys.alloc_slot();
    ASSERT_OK(sys.retype(untyped, ABI_OBJECT_PAGE_4K, 0, frame));
    sys.map_tables(kVSpace, kVaddr);
    ASSERT_OK(sys.RISCV_Page_Map(frame, kVSpace, kVaddr, 3, 0));
    for (Word i = 0; i < 4096; i += 8) {
        ASSERT_TRUE(sys.store(kVaddr + i, ~Word{0}));
    }
    ASSERT_OK(sys.del(frame));
    CPtr pool = sys.alloc_slot();
    ASSERT_OK(make_pool(untyped, pool));
    CPtr vspace = table();
    ASSERT_OK(assign(pool, vspace));
    EXPECT_EQ(1u * ABI_ASIDS_PER_POOL, asid_of(vspace));
}

TEST_F(AsidLimitTest, At128PoolsMakePoolAsksToDeleteOneFirst)
{
    std::vector<CPtr> pools = make_pools(ABI_ASID_POOLS - 1);
    for (size_t i = 0; i < pools.size(); i++) {
        ASSERT_EQ((i + 1) * ABI_ASIDS_PER_POOL, sys.cap_at(pools[i]).asid_base);
    }
    CPtr untyped = sys.untyped(12);
    CPtr slot = sys.alloc_slot();
    refused(STATUS_DELETE_FIRST, {}, [&] { return make_pool(untyped, slot); });
    /* Wins over a wrong untyped; a short message wins over it. */
    refused(STATUS_DELETE_FIRST, {}, [&] { return make_pool(kTcb, slot); });
    refused(STATUS_TRUNCATED_MESSAGE, {}, [&] {
        return sys.call(kAsidControl, ABI_LABEL_ASID_CONTROL_MAKE_POOL, {slot}, {untyped, kCNode});
    });
    ASSERT_OK(sys.del(pools[40]));
    EXPECT_OK(make_pool(untyped, slot));
    EXPECT_EQ(41u * ABI_ASIDS_PER_POOL, sys.cap_at(slot).asid_base);
}

TEST_F(AsidTest, CopiesOfAsidControlAndPoolsWork)
{
    CPtr control = sys.copy(kAsidControl);
    CPtr slot = sys.alloc_slot();
    ASSERT_OK(sys.RISCV_ASIDControl_MakePool(control, sys.untyped(12), kCNode, slot, 64));
    CPtr copy = sys.copy(slot);
    CPtr first = table();
    CPtr second = table();
    ASSERT_OK(assign(copy, first));
    /* The pool lives as long as one capability to it. */
    ASSERT_OK(sys.del(slot));
    ASSERT_OK(assign(copy, second));
    EXPECT_EQ(asid_of(first) + 1, asid_of(second));
    sys.map_new_page(first, kVaddr);
}

/* --- ASIDPool_Assign -------------------------------------------------------------------------- */

TEST_F(AsidTest, AssignNeedsAnUnmappedPageTable)
{
    CPtr pool = new_pool();
    CPtr endpoint = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr lower = table();
    ASSERT_OK(sys.RISCV_PageTable_Map(lower, kVSpace, kVaddr, 0));
    refused(STATUS_TRUNCATED_MESSAGE, {},
            [&] { return sys.call(pool, ABI_LABEL_ASID_POOL_ASSIGN); });
    for (CPtr wrong : {endpoint, kVSpace, lower, pool, sys.alloc_slot()}) {
        refused(STATUS_INVALID_CAPABILITY, {1}, [&] { return assign(pool, wrong); });
    }
    CPtr vspace = table();
    ASSERT_OK(assign(pool, vspace));
    refused(STATUS_INVALID_CAPABILITY, {1}, [&] { return assign(pool, vspace); });
    refused(STATUS_INVALID_CAPABILITY, {1}, [&] { return assign(kAsidPool, vspace); });
}

TEST_F(AsidTest, AssignTakesTheLowestFreeAsid)
{
    CPtr pool = new_pool();
    CPtr first = table();
    CPtr second = table();
    CPtr third = table();
    ASSERT_OK(assign(pool, first));
    ASSERT_OK(assign(pool, second));
    Word base = sys.cap_at(pool).asid_base;
    EXPECT_EQ(base, asid_of(first));
    EXPECT_EQ(base + 1, asid_of(second));
    ASSERT_OK(sys.del(first));
    ASSERT_OK(assign(pool, third));
    EXPECT_EQ(base, asid_of(third));
}

TEST_F(AsidTest, InitialVSpaceHasAsid1AndTheInitialPoolGoesOnWith2)
{
    EXPECT_EQ(1u, asid_of(kVSpace));
    CPtr vspace = table();
    ASSERT_OK(assign(kAsidPool, vspace));
    EXPECT_EQ(2u, asid_of(vspace));
}

TEST_F(AsidTest, AssignedTableIsAVSpaceThatMapsAndCanBeCopied)
{
    CPtr vspace = table();
    CPtr frame = sys.make(ABI_OBJECT_PAGE_4K);
    EXPECT_CALL_ERROR(sys.RISCV_Page_Map(frame, vspace, kVaddr, 3, 0), STATUS_INVALID_CAPABILITY,
                      {1});
    ASSERT_OK(assign(kAsidPool, vspace));
    CPtr copy = sys.copy(vspace);
    sys.map_tables(copy, kVaddr);
    EXPECT_OK(sys.RISCV_Page_Map(frame, copy, kVaddr, 3, 0));
    refused(STATUS_INVALID_CAPABILITY, {1}, [&] { return assign(kAsidPool, copy); });
}

TEST_F(AsidLimitTest, FullPoolAsksToDeleteAVSpaceFirst)
{
    CPtr pool = new_pool();
    assign_all(pool, ABI_ASIDS_PER_POOL, ABI_ASIDS_PER_POOL);
    CPtr vspace = table();
    refused(STATUS_DELETE_FIRST, {}, [&] { return assign(pool, vspace); });
    /* A wrong table wins over the full pool. */
    refused(STATUS_INVALID_CAPABILITY, {1}, [&] { return assign(pool, kVSpace); });
    ASSERT_OK(sys.del(first_table_ + 300));
    EXPECT_OK(assign(pool, vspace));
    EXPECT_EQ(ABI_ASIDS_PER_POOL + 300u, asid_of(vspace));
}

TEST_F(AsidLimitTest, InitialPoolHolds511VSpaces)
{
    /* ASID 0 is nobody's, ASID 1 the initial VSpace's. */
    assign_all(kAsidPool, 2, ABI_ASIDS_PER_POOL - 2);
    CPtr vspace = table();
    refused(STATUS_DELETE_FIRST, {}, [&] { return assign(kAsidPool, vspace); });
}

/* --- Rows that no user can reach: a capability whose pool is not in the table ----------------- */

class AsidPoolTableTest : public ::testing::Test {
  protected:
    /* The kernel's table of pools is edited, so that its invariants do not hold meanwhile. */
    System sys{{.checks = false}};
};

TEST_F(AsidPoolTableTest, AssignFromAPoolThatIsGoneFailsTheLookup)
{
    CPtr pool = sys.alloc_slot();
    ASSERT_OK(sys.RISCV_ASIDControl_MakePool(kAsidControl, sys.untyped(12), kCNode, pool, 64));
    CPtr vspace = sys.make(ABI_OBJECT_PAGE_TABLE);
    struct asid_pool *saved = sys.kernel()->asid_pools[1];
    sys.kernel()->asid_pools[1] = nullptr;
    EXPECT_CALL_ERROR(sys.RISCV_ASIDPool_Assign(pool, vspace), STATUS_FAILED_LOOKUP,
                      {0, LOOKUP_INVALID_ROOT});
    /* A wrong table wins over it. */
    EXPECT_CALL_ERROR(sys.RISCV_ASIDPool_Assign(pool, kVSpace), STATUS_INVALID_CAPABILITY, {1});
    sys.kernel()->asid_pools[1] = saved;
    EXPECT_OK(sys.RISCV_ASIDPool_Assign(pool, vspace));
    EXPECT_TRUE(sim_check(sys.sim()));
}

TEST_F(AsidPoolTableTest, AssignFromAPoolThatWasReplacedIsAnInvalidCapability)
{
    CPtr pool = sys.alloc_slot();
    ASSERT_OK(sys.RISCV_ASIDControl_MakePool(kAsidControl, sys.untyped(12), kCNode, pool, 64));
    CPtr vspace = sys.make(ABI_OBJECT_PAGE_TABLE);
    struct asid_pool *saved = sys.kernel()->asid_pools[1];
    sys.kernel()->asid_pools[1] = sys.kernel()->asid_pools[0];
    EXPECT_CALL_ERROR(sys.RISCV_ASIDPool_Assign(pool, vspace), STATUS_INVALID_CAPABILITY, {0});
    EXPECT_CALL_ERROR(sys.RISCV_ASIDPool_Assign(pool, kVSpace), STATUS_INVALID_CAPABILITY, {1});
    sys.kernel()->asid_pools[1] = saved;
    EXPECT_OK(sys.RISCV_ASIDPool_Assign(pool, vspace));
    EXPECT_TRUE(sim_check(sys.sim()));
}

/* --- Deletion --------------------------------------------------------------------------------- */

TEST_F(AsidTest, DeletingTheLastPoolCapabilityTakesAllItsAsids)
{
    CPtr pool = new_pool();
    CPtr first = table();
    CPtr second = table();
    ASSERT_OK(assign(pool, first));
    ASSERT_OK(assign(pool, second));
    CPtr frame = sys.map_new_page(first, kVaddr);
    CPtr other = sys.make(ABI_OBJECT_PAGE_4K);
    CPtr pt = table();
    ASSERT_OK(sys.del(pool));
    for (CPtr vspace : {first, second}) {
        refused(STATUS_FAILED_LOOKUP, {0, LOOKUP_INVALID_ROOT},
                [&] { return sys.RISCV_Page_Map(other, vspace, kVaddr, 3, 0); });
        refused(STATUS_FAILED_LOOKUP, {0, LOOKUP_INVALID_ROOT},
                [&] { return sys.RISCV_PageTable_Map(pt, vspace, kVaddr, 0); });
    }
    EXPECT_OK(sys.RISCV_Page_Unmap(frame));
    EXPECT_OK(sys.del(first));
    EXPECT_OK(sys.del(second));
}

TEST_F(AsidTest, RootOfADeletedPoolIsNotARootAnyMore)
{
    CPtr pool = new_pool();
    CPtr vspace = table();
    ASSERT_OK(assign(pool, vspace));
    EXPECT_CALL_ERROR(sys.RISCV_PageTable_Unmap(vspace), STATUS_REVOKE_FIRST, {});
    ASSERT_OK(sys.del(pool));
    /* No ASID leads to it, so unmapping makes it a fresh table. */
    EXPECT_OK(sys.RISCV_PageTable_Unmap(vspace));
    EXPECT_OK(assign(kAsidPool, vspace));
    sys.map_new_page(vspace, kVaddr);
}

TEST_F(AsidTest, OldRootDoesNotTakeTheAsidOfItsSuccessorAlong)
{
    CPtr pool = new_pool();
    CPtr old_root = table();
    ASSERT_OK(assign(pool, old_root));
    ASSERT_OK(sys.del(pool));
    pool = new_pool();
    CPtr new_root = table();
    ASSERT_OK(assign(pool, new_root));
    ASSERT_EQ(asid_of(old_root), asid_of(new_root));
    CPtr frame = sys.make(ABI_OBJECT_PAGE_4K);
    refused(STATUS_INVALID_CAPABILITY, {1},
            [&] { return sys.RISCV_Page_Map(frame, old_root, kVaddr, 3, 0); });
    ASSERT_OK(sys.del(old_root));
    sys.map_tables(new_root, kVaddr);
    EXPECT_OK(sys.RISCV_Page_Map(frame, new_root, kVaddr, 3, 0));
}

TEST_F(AsidTest, DeletingTheInitialPoolStopsTheRootTask)
{
    CPtr handler_ep = sys.make(ABI_OBJECT_ENDPOINT);
    ASSERT_OK(sys.TCB_SetSchedParams(kTcb, kTcb, 255, 100, kSchedContext, handler_ep));
    ASSERT_OK(sys.del(kAsidPool));
    EXPECT_CURRENT(sys, sys.root());
    uint64_t paddr;
    EXPECT_EQ(12u, sim_translate(sys.sim(), sys.root().regs().pc, SIM_FETCH, &paddr));
    EXPECT_FALSE(sys.fetch(sys.root().regs().pc));
    EXPECT_EQ(THREAD_BLOCKED_ON_SEND, sys.root().state());
    EXPECT_IDLE(sys);
}

/* --- Unknown labels --------------------------------------------------------------------------- */

TEST_F(AsidTest, UnknownLabelsAreIllegalOperations)
{
    for (CPtr cap : {kAsidControl, kAsidPool}) {
        for (Word label : {Word{0}, Word{ABI_LABEL_PAGE_MAP}, Word{ABI_LABEL_COUNT}}) {
            refused(STATUS_ILLEGAL_OPERATION, {}, [&] { return sys.call(cap, label); });
        }
    }
    refused(STATUS_ILLEGAL_OPERATION, {},
            [&] { return sys.call(kAsidControl, ABI_LABEL_ASID_POOL_ASSIGN); });
    refused(STATUS_ILLEGAL_OPERATION, {},
            [&] { return sys.call(kAsidPool, ABI_LABEL_ASID_CONTROL_MAKE_POOL); });
}

/* --- The worked example ----------------------------------------------------------------------- */

TEST_F(AsidTest, WorkedExampleOfAsids)
{
    CPtr slot = sys.alloc_slot();
    CPtr untyped = sys.untyped(12);
    EXPECT_CALL_ERROR(
        sys.call(kAsidControl, ABI_LABEL_ASID_CONTROL_MAKE_POOL, {slot, 64}, {untyped}),
        STATUS_TRUNCATED_MESSAGE, {});
    EXPECT_CALL_ERROR(make_pool(sys.untyped(13), slot), STATUS_INVALID_CAPABILITY, {1});
    EXPECT_CALL_ERROR(make_pool(untyped, kTcb), STATUS_DELETE_FIRST, {});
    EXPECT_OK(make_pool(untyped, slot));
    EXPECT_CALL_ERROR(make_pool(untyped, sys.alloc_slot()), STATUS_REVOKE_FIRST, {});
    EXPECT_CALL_ERROR(assign(slot, kVSpace), STATUS_INVALID_CAPABILITY, {1});
    EXPECT_CALL_ERROR(sys.call(slot, ABI_LABEL_ASID_POOL_ASSIGN), STATUS_TRUNCATED_MESSAGE, {});
    CPtr vspace = table();
    EXPECT_OK(assign(slot, vspace));
    EXPECT_CALL_ERROR(assign(slot, vspace), STATUS_INVALID_CAPABILITY, {1});
    EXPECT_OK(sys.del(slot));
    CPtr frame = sys.make(ABI_OBJECT_PAGE_4K);
    CPtr pt = table();
    EXPECT_CALL_ERROR(sys.RISCV_Page_Map(frame, vspace, kVaddr, 3, 0), STATUS_FAILED_LOOKUP,
                      {0, 1});
    EXPECT_CALL_ERROR(sys.RISCV_PageTable_Map(pt, vspace, kVaddr, 0), STATUS_FAILED_LOOKUP, {0, 1});
}

} // namespace
} // namespace albireo
