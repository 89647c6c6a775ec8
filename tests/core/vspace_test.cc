// SPDX-License-Identifier: BSD-2-Clause

// Address spaces against docs/abi/09, at the level of the handlers: hand-made tables and
// capabilities, and the sequence of worked examples of docs/abi/16 section 16.7.

#include <initializer_list>
#include <vector>

#include "gtest/gtest.h"
#include "tests/core/machine_stub.h"

namespace {

constexpr uint64_t kPage = 4096;
constexpr uint64_t kMega = 1u << 21;
constexpr uint64_t kGiga = 1u << 30;
constexpr uint8_t kReadWrite = ABI_RIGHT_READ | ABI_RIGHT_WRITE;

TEST(PteTest, ZeroIsNeitherValidNorATable)
{
    EXPECT_FALSE(pte_valid(0));
    EXPECT_FALSE(pte_is_table(0));
}

TEST(PteTest, PointerHasOnlyTheValidBitAndThePageNumber)
{
    uint64_t pte = pte_table(0x80201000);
    EXPECT_EQ(0x80201000u >> 12 << 10 | 1u, pte);
    EXPECT_TRUE(pte_valid(pte));
    EXPECT_TRUE(pte_is_table(pte));
    EXPECT_EQ(0x80201000u, pte_paddr(pte));
}

TEST(PteTest, LeafBitsFollowTheRights)
{
    const uint64_t base = 0x80201000u >> 12 << 10;
    const uint64_t always = 1 | 16 | 64 | 128; // V, U, A, D.
    EXPECT_EQ(base | always | 2 | 4 | 8, pte_leaf(0x80201000, kReadWrite, true));
    EXPECT_EQ(base | always | 2 | 4, pte_leaf(0x80201000, kReadWrite, false));
    EXPECT_EQ(base | always | 2 | 8, pte_leaf(0x80201000, ABI_RIGHT_READ, true));
    EXPECT_EQ(base | always | 2, pte_leaf(0x80201000, ABI_RIGHT_READ, false));
    EXPECT_EQ(base | always | 8, pte_leaf(0x80201000, 0, true));
}

TEST(PteTest, LeafNobodyMayUseIsInvalid)
{
    EXPECT_EQ(0u, pte_leaf(0x80201000, 0, false));
}

TEST(PteTest, NoLeafIsATable)
{
    for (uint8_t rights : {uint8_t{0}, uint8_t{ABI_RIGHT_READ}, kReadWrite}) {
        EXPECT_FALSE(pte_is_table(pte_leaf(0, rights, true)));
        EXPECT_FALSE(pte_is_table(pte_leaf(0, rights, false)));
    }
}

TEST(PteTest, HighestPhysicalAddressSurvives)
{
    const uint64_t paddr = (uint64_t{1} << 56) - kPage;
    EXPECT_EQ(paddr, pte_paddr(pte_leaf(paddr, kReadWrite, true)));
    EXPECT_EQ(paddr, pte_paddr(pte_table(paddr)));
}

TEST(VSpaceTest, LevelsCoverAGigaAMegaAndAPage)
{
    EXPECT_EQ(30u, vspace_level_bits(2));
    EXPECT_EQ(21u, vspace_level_bits(1));
    EXPECT_EQ(12u, vspace_level_bits(0));
    EXPECT_DEATH(vspace_level_bits(3), "panic: level < PT_LEVELS");
}

struct Answer {
    enum status status;
    std::vector<uint64_t> words;

    bool operator==(const Answer &other) const
    {
        return status == other.status && words == other.words;
    }
};

std::ostream &operator<<(std::ostream &out, const Answer &answer)
{
    out << "L=" << answer.status << ":" << std::hex;
    for (uint64_t word : answer.words) {
        out << " " << word;
    }
    return out << std::dec;
}

const Answer kOk = {STATUS_OK, {}};

// A kernel with RAM, an ASID pool and one VSpace, whose root is the capability root_. Capabilities
// are made directly; all of them are in the derivation sequence.
class VSpaceFixture : public testing::Test {
  protected:
    static constexpr uint64_t kRamBase = 0x80000000;
    static constexpr uint64_t kRamSize = 64u << 20;

    VSpaceFixture() : ram_(kRamBase, kRamSize)
    {
        k_ = ram_.at<struct kernel>(take(1u << 20));
        k_->machine = &machine_;
        k_->window = ram_.window();
        k_->ram_base = kRamBase;
        k_->ram_top = kRamBase + kRamSize;
        k_->slot_base = ram_.at<struct slot>(kRamBase) - 1;
        k_->kernel_vspace = take(kPage);
        ram_.at<struct page_table>(k_->kernel_vspace)->entries[511] = 0xCF;
        slots_ = ram_.at<struct slot>(take(4096 * sizeof(struct slot)));
        last_ = &k_->cdt_root;

        struct cap pool = cap_null();
        pool.type = CAP_ASID_POOL;
        pool.pool = ram_.at<struct asid_pool>(take(kPage));
        k_->asid_pools[0] = pool.pool;
        pool_ = add(pool);
        root_ = new_table();
        EXPECT_EQ(kOk, assign(pool_, root_));
        machine_.forget();
    }

    // Unused RAM, aligned to its size.
    uint64_t take(uint64_t size)
    {
        free_ = (free_ + size - 1) / size * size;
        uint64_t paddr = free_;
        free_ += size;
        return paddr;
    }

    struct slot *empty_slot()
    {
        return &slots_[used_++];
    }

    struct slot *add(struct cap cap)
    {
        struct slot *slot = empty_slot();
        cdt_insert_original(k_, slot, last_, cap);
        last_ = slot;
        return slot;
    }

    struct slot *copy(struct slot *source)
    {
        struct cap cap;
        EXPECT_EQ(STATUS_OK, cdt_derive(k_, source, source->cap, &cap));
        struct slot *slot = empty_slot();
        cdt_insert_copy(k_, slot, source, cap);
        if (last_ == source) {
            last_ = slot;
        }
        return slot;
    }

    struct slot *new_table()
    {
        struct cap cap = cap_null();
        cap.type = CAP_PAGE_TABLE;
        cap.table = ram_.at<struct page_table>(take(kPage));
        return add(cap);
    }

    struct slot *new_frame(uint8_t bits, uint8_t rights = kReadWrite)
    {
        struct cap cap = cap_null();
        cap.type = CAP_FRAME;
        cap.bits = bits;
        cap.rights = rights;
        cap.paddr = take(uint64_t{1} << bits);
        return add(cap);
    }

    struct slot *new_untyped(uint8_t bits)
    {
        struct cap cap = cap_null();
        cap.type = CAP_UNTYPED;
        cap.bits = bits;
        cap.paddr = take(uint64_t{1} << bits);
        return add(cap);
    }

    struct slot *new_cap(enum cap_type type)
    {
        struct cap cap = cap_null();
        cap.type = static_cast<uint8_t>(type);
        return add(cap);
    }

    Answer invoke(uint64_t label, struct slot *slot, std::initializer_list<uint64_t> words,
                  std::initializer_list<struct slot *> extra)
    {
        struct thread caller = {};
        struct call call = {};
        call.caller = &caller;
        call.slot = slot;
        call.label = label;
        for (uint64_t word : words) {
            caller.regs.x[REG_A2 + call.length++] = word;
        }
        for (struct slot *one : extra) {
            call.extra[call.extra_count++] = one;
        }
        call.is_call = true;
        enum status status = dispatch(&call);
        return {status, {call.result, call.result + call.result_count}};
    }

    enum status dispatch(struct call *call)
    {
        switch (call->label) {
        case ABI_LABEL_PAGE_TABLE_MAP:
            return page_table_map(k_, call);
        case ABI_LABEL_PAGE_TABLE_UNMAP:
            return page_table_unmap(k_, call);
        case ABI_LABEL_PAGE_MAP:
            return page_map(k_, call);
        case ABI_LABEL_PAGE_UNMAP:
            return page_unmap(k_, call);
        case ABI_LABEL_PAGE_GET_ADDRESS:
            return page_get_address(k_, call);
        case ABI_LABEL_ASID_CONTROL_MAKE_POOL:
            return asid_control_make_pool(k_, call);
        case ABI_LABEL_ASID_POOL_ASSIGN:
            return asid_pool_assign(k_, call);
        default:
            ADD_FAILURE() << "no such label";
            return STATUS_ILLEGAL_OPERATION;
        }
    }

    Answer map_table(struct slot *table, uint64_t vaddr, struct slot *vspace)
    {
        return invoke(ABI_LABEL_PAGE_TABLE_MAP, table, {vaddr, 0}, {vspace});
    }

    Answer map(struct slot *frame, uint64_t vaddr, struct slot *vspace,
               uint64_t rights = ABI_RIGHT_ALL, uint64_t attributes = 0)
    {
        return invoke(ABI_LABEL_PAGE_MAP, frame, {vaddr, rights, attributes}, {vspace});
    }

    Answer unmap_table(struct slot *table)
    {
        return invoke(ABI_LABEL_PAGE_TABLE_UNMAP, table, {}, {});
    }

    Answer unmap(struct slot *frame)
    {
        return invoke(ABI_LABEL_PAGE_UNMAP, frame, {}, {});
    }

    Answer assign(struct slot *pool, struct slot *table)
    {
        return invoke(ABI_LABEL_ASID_POOL_ASSIGN, pool, {}, {table});
    }

    // The entry that translates an address, as the MMU would find it.
    uint64_t entry(struct slot *root, uint64_t vaddr)
    {
        uint32_t level;
        return *vspace_walk(k_, root->cap.table, vaddr, &level);
    }

    struct slot *mapped_table(uint64_t vaddr, struct slot *vspace)
    {
        struct slot *table = new_table();
        EXPECT_EQ(kOk, map_table(table, vaddr, vspace));
        return table;
    }

    // A middle and a leaf table for an address: the leaf table.
    struct slot *tables_for(uint64_t vaddr, struct slot *vspace)
    {
        mapped_table(vaddr, vspace);
        return mapped_table(vaddr, vspace);
    }

    HostRam ram_;
    struct machine machine_;
    struct kernel *k_;
    struct slot *pool_;
    struct slot *root_;

  private:
    uint64_t free_ = kRamBase;
    struct slot *slots_;
    uint32_t used_ = 0;
    struct slot *last_;
};

// --- Walks ---------------------------------------------------------------------------------------

TEST_F(VSpaceFixture, WalkOfAnEmptyRootEndsThere)
{
    uint32_t level;
    uint64_t *found = vspace_walk(k_, root_->cap.table, 5 * kGiga + 123, &level);
    EXPECT_EQ(2u, level);
    EXPECT_EQ(&root_->cap.table->entries[5], found);
}

TEST_F(VSpaceFixture, WalkUsesNineBitsOfTheAddressPerLevel)
{
    const uint64_t vaddr = 3 * kGiga + 7 * kMega + 9 * kPage + 1;
    struct slot *middle = mapped_table(vaddr, root_);
    uint32_t level;
    EXPECT_EQ(&middle->cap.table->entries[7], vspace_walk(k_, root_->cap.table, vaddr, &level));
    EXPECT_EQ(1u, level);

    struct slot *leaf = mapped_table(vaddr, root_);
    EXPECT_EQ(&leaf->cap.table->entries[9], vspace_walk(k_, root_->cap.table, vaddr, &level));
    EXPECT_EQ(0u, level);
}

TEST_F(VSpaceFixture, WalkStopsAtALargePage)
{
    mapped_table(kGiga, root_);
    ASSERT_EQ(kOk, map(new_frame(21), kGiga, root_));
    uint32_t level;
    vspace_walk(k_, root_->cap.table, kGiga + kMega - 1, &level);
    EXPECT_EQ(1u, level);
}

// --- Worked examples -----------------------------------------------------------------------------

TEST_F(VSpaceFixture, PageTableMapRefusesAsInTheWorkedExamples)
{
    struct slot *pt = new_table();
    EXPECT_EQ((Answer{STATUS_TRUNCATED_MESSAGE, {}}),
              invoke(ABI_LABEL_PAGE_TABLE_MAP, pt, {0x50000000}, {root_}));
    EXPECT_EQ((Answer{STATUS_TRUNCATED_MESSAGE, {}}),
              invoke(ABI_LABEL_PAGE_TABLE_MAP, pt, {0x50000000, 0}, {}));
    EXPECT_EQ((Answer{STATUS_INVALID_CAPABILITY, {1}}),
              map_table(pt, 0x50000000, new_cap(CAP_ENDPOINT)));
    EXPECT_EQ((Answer{STATUS_INVALID_CAPABILITY, {1}}), map_table(pt, 0x50000000, new_table()));
    EXPECT_EQ((Answer{STATUS_INVALID_ARGUMENT, {0}}), map_table(pt, 0x3ffffff000, root_));
    EXPECT_EQ((Answer{STATUS_INVALID_ARGUMENT, {0}}), map_table(pt, UINT64_MAX, root_));
    EXPECT_FALSE(cap_is_mapped(&pt->cap));
}

TEST_F(VSpaceFixture, MappingFollowsTheWorkedExamples)
{
    struct slot *pt = new_table();
    struct slot *pt2 = new_table();
    struct slot *frame = new_frame(12);
    struct slot *mega = new_frame(21);

    EXPECT_EQ((Answer{STATUS_FAILED_LOOKUP, {0, 2, 0x1e}}), map(frame, 0x50000000, root_));
    EXPECT_EQ(kOk, map_table(pt, 0x50012345, root_));
    EXPECT_EQ(0x40000000u, pt->cap.vaddr);
    EXPECT_EQ((Answer{STATUS_INVALID_CAPABILITY, {0}}), map_table(pt, 0x50012345, root_));
    EXPECT_EQ((Answer{STATUS_FAILED_LOOKUP, {0, 2, 0x15}}), map(frame, 0x50000000, root_));
    EXPECT_EQ(kOk, map_table(pt2, 0x50000000, root_));
    EXPECT_EQ((Answer{STATUS_DELETE_FIRST, {}}), map_table(new_table(), 0x50000000, root_));
    EXPECT_EQ((Answer{STATUS_INVALID_CAPABILITY, {1}}), map(frame, 0x50000000, pt));
    EXPECT_EQ((Answer{STATUS_INVALID_CAPABILITY, {1}}), map_table(new_table(), 0x60000000, pt));
    EXPECT_EQ((Answer{STATUS_ALIGNMENT_ERROR, {}}), map(frame, 0x50000010, root_));
    EXPECT_EQ((Answer{STATUS_INVALID_ARGUMENT, {0}}), map(frame, 0x3ffffff000, root_));
    EXPECT_EQ((Answer{STATUS_FAILED_LOOKUP, {0, 2, 0xc}}), map(mega, 0x50000000, root_));

    EXPECT_EQ(kOk, map(frame, 0x50000000, root_));
    EXPECT_EQ((Answer{STATUS_INVALID_ARGUMENT, {0}}), map(frame, 0x50001000, root_));
    EXPECT_EQ(kOk, map(frame, 0x50000000, root_, ABI_RIGHT_READ));
    EXPECT_EQ(pte_leaf(frame->cap.paddr, ABI_RIGHT_READ, true), entry(root_, 0x50000000));
    EXPECT_EQ(kReadWrite, frame->cap.rights);
    struct slot *second = copy(frame);
    EXPECT_EQ((Answer{STATUS_DELETE_FIRST, {}}), map(second, 0x50000000, root_));
    EXPECT_EQ(kOk, map(second, 0x50001000, root_));
    EXPECT_EQ((Answer{STATUS_OK, {frame->cap.paddr}}),
              invoke(ABI_LABEL_PAGE_GET_ADDRESS, frame, {}, {}));
    EXPECT_EQ(kOk, map(mega, 0x50200000, root_));

    EXPECT_EQ((Answer{STATUS_REVOKE_FIRST, {}}), unmap_table(root_));
    EXPECT_EQ(kOk, unmap_table(pt2));
    EXPECT_EQ((Answer{STATUS_FAILED_LOOKUP, {0, 2, 0x15}}), map(frame, 0x50000000, root_));
    EXPECT_EQ(kOk, unmap(frame));
    EXPECT_EQ(kOk, unmap(frame));
    EXPECT_EQ(kOk, unmap_table(pt2));
    EXPECT_EQ((Answer{STATUS_INVALID_ARGUMENT, {0}}), map(mega, 0x50000000, root_));
}

TEST_F(VSpaceFixture, MakePoolAndAssignFollowTheWorkedExamples)
{
    struct slot *control = new_cap(CAP_ASID_CONTROL);
    struct slot *untyped = new_untyped(12);
    struct slot *occupied = new_cap(CAP_DOMAIN);
    struct cap root = cap_null();
    root.type = CAP_CNODE;
    root.bits = 1;
    root.slots = ram_.at<struct slot>(take(64));
    struct slot *cnode = add(root);
    cdt_insert_original(k_, &root.slots[1], occupied, occupied->cap);
    auto make = [&](struct slot *from, uint64_t index) {
        return invoke(ABI_LABEL_ASID_CONTROL_MAKE_POOL, control, {index, 1}, {from, cnode});
    };

    EXPECT_EQ((Answer{STATUS_TRUNCATED_MESSAGE, {}}),
              invoke(ABI_LABEL_ASID_CONTROL_MAKE_POOL, control, {0, 1}, {untyped}));
    EXPECT_EQ((Answer{STATUS_INVALID_CAPABILITY, {1}}), make(new_untyped(13), 0));
    EXPECT_EQ((Answer{STATUS_INVALID_CAPABILITY, {1}}), make(occupied, 0));
    EXPECT_EQ((Answer{STATUS_RANGE_ERROR, {1, 64}}),
              invoke(ABI_LABEL_ASID_CONTROL_MAKE_POOL, control, {0, 65}, {untyped, cnode}));
    EXPECT_EQ((Answer{STATUS_FAILED_LOOKUP, {0, 1}}),
              invoke(ABI_LABEL_ASID_CONTROL_MAKE_POOL, control, {0, 1}, {untyped, occupied}));
    EXPECT_EQ((Answer{STATUS_DELETE_FIRST, {}}), make(untyped, 1));
    ram_.at<uint64_t>(untyped->cap.paddr)[511] = 7;
    EXPECT_EQ(kOk, make(untyped, 0));
    EXPECT_EQ((Answer{STATUS_REVOKE_FIRST, {}}), make(untyped, 0));

    struct slot *pool = &root.slots[0];
    EXPECT_EQ(512u, pool->cap.asid_base);
    EXPECT_EQ(256u, untyped->cap.free_index);
    EXPECT_EQ(nullptr, pool->cap.pool->roots[511]);
    EXPECT_EQ(pool, cdt_first_child(k_, untyped));
    EXPECT_EQ(0, pool->cap.cdt & CDT_ORIGINAL);

    struct slot *table = new_table();
    EXPECT_EQ((Answer{STATUS_INVALID_CAPABILITY, {1}}), assign(pool, root_));
    EXPECT_EQ((Answer{STATUS_TRUNCATED_MESSAGE, {}}),
              invoke(ABI_LABEL_ASID_POOL_ASSIGN, pool, {}, {}));
    EXPECT_EQ(kOk, assign(pool, table));
    EXPECT_EQ((Answer{STATUS_INVALID_CAPABILITY, {1}}), assign(pool, table));
    EXPECT_EQ(512u, table->cap.asid);

    vspace_finalise_pool(k_, &pool->cap);
    EXPECT_EQ((Answer{STATUS_FAILED_LOOKUP, {0, 1}}), map(new_frame(12), 0x50000000, table));
    EXPECT_EQ((Answer{STATUS_FAILED_LOOKUP, {0, 1}}), map_table(new_table(), 0x50000000, table));
}

TEST_F(VSpaceFixture, DeviceMemoryIsNoPool)
{
    struct slot *untyped = new_untyped(12);
    untyped->cap.device = true;
    EXPECT_EQ((Answer{STATUS_INVALID_CAPABILITY, {1}}),
              invoke(ABI_LABEL_ASID_CONTROL_MAKE_POOL, new_cap(CAP_ASID_CONTROL), {0, 1},
                     {untyped, root_}));
}

TEST_F(VSpaceFixture, PoolZeroHolds511VSpacesAndHandsOutTheLowestFree)
{
    std::vector<struct slot *> tables;
    for (int i = 2; i < 512; i++) {
        tables.push_back(new_table());
        ASSERT_EQ(kOk, assign(pool_, tables.back()));
        ASSERT_EQ(i, tables.back()->cap.asid);
    }
    EXPECT_EQ((Answer{STATUS_DELETE_FIRST, {}}), assign(pool_, new_table()));

    vspace_finalise_table(k_, &tables[100]->cap);
    struct slot *late = new_table();
    EXPECT_EQ(kOk, assign(pool_, late));
    EXPECT_EQ(102u, late->cap.asid);
}

TEST_F(VSpaceFixture, AssignRefusesAPoolCapabilityWithoutItsPool)
{
    struct cap other = pool_->cap;
    other.pool = ram_.at<struct asid_pool>(take(kPage));
    struct slot *stale = add(other);
    EXPECT_EQ((Answer{STATUS_INVALID_CAPABILITY, {0}}), assign(stale, new_table()));
    k_->asid_pools[0] = nullptr;
    EXPECT_EQ((Answer{STATUS_FAILED_LOOKUP, {0, 1}}), assign(stale, new_table()));
}

TEST_F(VSpaceFixture, AssignCopiesTheKernelHalfAndKeepsTheUserHalf)
{
    struct slot *table = new_table();
    table->cap.table->entries[3] = 42;
    ASSERT_EQ(kOk, assign(pool_, table));
    EXPECT_EQ(42u, table->cap.table->entries[3]);
    EXPECT_EQ(0xCFu, table->cap.table->entries[511]);
}

// --- Corner cases --------------------------------------------------------------------------------

TEST_F(VSpaceFixture, ThePageThatEndsAtUserTopIsMappableAndTheNextIsNot)
{
    struct slot *frame = new_frame(12);
    const uint64_t last = ABI_USER_TOP - kPage;
    tables_for(last, root_);
    EXPECT_EQ((Answer{STATUS_INVALID_ARGUMENT, {0}}), map(frame, last + kPage, root_));
    EXPECT_EQ(kOk, map(frame, last, root_));
}

TEST_F(VSpaceFixture, ALargePageMustEndBelowUserTop)
{
    EXPECT_EQ((Answer{STATUS_INVALID_ARGUMENT, {0}}),
              map(new_frame(21), ABI_USER_TOP + kPage - kMega, root_));
}

TEST_F(VSpaceFixture, TheHighestAddressesDoNotWrapAround)
{
    struct slot *frame = new_frame(12);
    EXPECT_EQ((Answer{STATUS_INVALID_ARGUMENT, {0}}), map(frame, UINT64_MAX, root_));
    EXPECT_EQ((Answer{STATUS_INVALID_ARGUMENT, {0}}), map(frame, UINT64_MAX - 4095, root_));
}

TEST_F(VSpaceFixture, AMappingNobodyMayUseCountsAsMappedAndLeavesTheEntryInvalid)
{
    struct slot *frame = new_frame(12);
    tables_for(0, root_);
    EXPECT_EQ(kOk, map(frame, 0, root_, 0, ABI_VM_EXECUTE_NEVER));
    EXPECT_EQ(0u, entry(root_, 0));
    EXPECT_TRUE(cap_is_mapped(&frame->cap));
    EXPECT_EQ(kOk, map(new_frame(12), 0, root_)); // The entry is invalid, so it can be taken.
}

TEST_F(VSpaceFixture, RightsZeroMapsExecuteOnly)
{
    struct slot *frame = new_frame(12);
    tables_for(0, root_);
    EXPECT_EQ(kOk, map(frame, 0, root_, 0, 0));
    EXPECT_EQ(pte_leaf(frame->cap.paddr, 0, true), entry(root_, 0));
}

TEST_F(VSpaceFixture, MappedFrameIsRefusedInAnotherVSpace)
{
    struct slot *other = new_table();
    ASSERT_EQ(kOk, assign(pool_, other));
    tables_for(0, root_);
    tables_for(0, other);
    struct slot *frame = new_frame(12);
    ASSERT_EQ(kOk, map(frame, 0, root_));
    EXPECT_EQ((Answer{STATUS_INVALID_CAPABILITY, {1}}), map(frame, 0, other));
}

TEST_F(VSpaceFixture, UnmapLeavesAnotherFrameAtTheSamePlaceAlone)
{
    struct slot *frame = new_frame(12);
    struct slot *leaf = tables_for(0, root_);
    ASSERT_EQ(kOk, map(frame, 0, root_));
    ASSERT_EQ(kOk, unmap_table(leaf));
    ASSERT_EQ(kOk, map_table(leaf, 0, root_));
    struct slot *other = new_frame(12);
    ASSERT_EQ(kOk, map(other, 0, root_));

    EXPECT_EQ(kOk, unmap(frame));
    EXPECT_EQ(pte_leaf(other->cap.paddr, kReadWrite, true), entry(root_, 0));
    EXPECT_FALSE(cap_is_mapped(&frame->cap));
}

TEST_F(VSpaceFixture, RemapTakesThePlaceOfAnotherFrame)
{
    struct slot *frame = new_frame(12);
    struct slot *leaf = tables_for(0, root_);
    ASSERT_EQ(kOk, map(frame, 0, root_));
    ASSERT_EQ(kOk, unmap_table(leaf));
    ASSERT_EQ(kOk, map_table(leaf, 0, root_));
    ASSERT_EQ(kOk, map(new_frame(12), 0, root_));

    EXPECT_EQ(kOk, map(frame, 0, root_));
    EXPECT_EQ(pte_leaf(frame->cap.paddr, kReadWrite, true), entry(root_, 0));
}

TEST_F(VSpaceFixture, UnmapOfAFrameOfAnotherSizeAtTheSamePlaceDoesNothing)
{
    mapped_table(0, root_);
    struct slot *mega = new_frame(21);
    ASSERT_EQ(kOk, map(mega, 0, root_));
    struct cap small = mega->cap; // The first page of the large one, with a stale record.
    small.bits = 12;
    vspace_unmap_frame(k_, &small);
    EXPECT_TRUE(pte_valid(entry(root_, 0)));
}

TEST_F(VSpaceFixture, UnmapAfterTheVSpaceIsGoneSucceeds)
{
    struct slot *frame = new_frame(12);
    struct slot *leaf = tables_for(0, root_);
    ASSERT_EQ(kOk, map(frame, 0, root_));
    vspace_finalise_table(k_, &root_->cap);

    EXPECT_EQ(kOk, unmap(frame));
    EXPECT_EQ(kOk, unmap_table(leaf));
    EXPECT_FALSE(cap_is_mapped(&frame->cap));
    EXPECT_FALSE(cap_is_mapped(&leaf->cap));
    EXPECT_EQ(0u, leaf->cap.table->entries[0]);
}

TEST_F(VSpaceFixture, TableUnmapClearsTheTableAndItsParentsEntryOnly)
{
    struct slot *first = tables_for(0, root_);
    struct slot *second = mapped_table(kMega, root_);
    ASSERT_EQ(kOk, map(new_frame(12), 0, root_));
    ASSERT_EQ(kOk, map(new_frame(12), kMega, root_));

    EXPECT_EQ(kOk, unmap_table(first));
    EXPECT_EQ(0u, entry(root_, 0));
    EXPECT_EQ(0u, first->cap.table->entries[0]);
    EXPECT_TRUE(pte_valid(entry(root_, kMega)));
    EXPECT_TRUE(cap_is_mapped(&second->cap));
}

TEST_F(VSpaceFixture, TableWithCopiesCannotBeUnmapped)
{
    struct slot *table = mapped_table(0, root_);
    copy(table);
    EXPECT_EQ((Answer{STATUS_REVOKE_FIRST, {}}), unmap_table(table));
}

TEST_F(VSpaceFixture, StaleTableRecordDoesNotRemoveTheTableNowThere)
{
    struct slot *middle = mapped_table(0, root_);
    struct slot *leaf = mapped_table(0, root_);
    ASSERT_EQ(kOk, unmap_table(middle)); // The leaf's record is stale now.
    tables_for(0, root_);
    ASSERT_EQ(kOk, map(new_frame(12), 0, root_));

    vspace_finalise_table(k_, &leaf->cap);
    EXPECT_TRUE(pte_valid(entry(root_, 0)));
}

TEST_F(VSpaceFixture, FormerRootCanBecomeALowerTableAfterUnmap)
{
    struct slot *table = new_table();
    ASSERT_EQ(kOk, assign(pool_, table));
    vspace_free_asid(k_, table->cap.asid);
    EXPECT_EQ(kOk, unmap_table(table));
    EXPECT_EQ(0u, table->cap.table->entries[511]); // No kernel mappings in a lower table.
    EXPECT_EQ(kOk, map_table(table, 0, root_));
}

// --- What the machine is told --------------------------------------------------------------------

TEST_F(VSpaceFixture, EveryChangeOfALeafFlushesThatPage)
{
    struct slot *frame = new_frame(12);
    tables_for(0x5000, root_);
    machine_.forget();
    const std::vector<std::pair<uint16_t, uint64_t>> once = {{1, 0x5000}};

    ASSERT_EQ(kOk, map(frame, 0x5000, root_));
    EXPECT_EQ(once, machine_.page_flushes);
    machine_.forget();
    ASSERT_EQ(kOk, map(frame, 0x5000, root_, ABI_RIGHT_READ));
    EXPECT_EQ(once, machine_.page_flushes);
    machine_.forget();
    ASSERT_EQ(kOk, unmap(frame));
    EXPECT_EQ(once, machine_.page_flushes);
    machine_.forget();
    ASSERT_EQ(kOk, unmap(frame));
    EXPECT_TRUE(machine_.page_flushes.empty());
}

TEST_F(VSpaceFixture, EveryChangeOfAPointerFlushesTheAddressSpace)
{
    struct slot *table = new_table();
    ASSERT_EQ(kOk, map_table(table, 0, root_));
    EXPECT_EQ(std::vector<uint16_t>{1}, machine_.asid_flushes);
    machine_.forget();
    ASSERT_EQ(kOk, unmap_table(table));
    EXPECT_EQ(std::vector<uint16_t>{1}, machine_.asid_flushes);
    machine_.forget();
    ASSERT_EQ(kOk, map_table(table, 0, root_));
    machine_.forget();
    vspace_finalise_table(k_, &table->cap);
    EXPECT_EQ(std::vector<uint16_t>{1}, machine_.asid_flushes);
}

TEST_F(VSpaceFixture, ANewRootIsFlushedSoThatItsEntriesAreSeen)
{
    struct slot *other = new_table();
    ASSERT_EQ(kOk, assign(pool_, other));
    EXPECT_EQ(std::vector<uint16_t>{other->cap.asid}, machine_.asid_flushes);
}

class SwitchTest : public VSpaceFixture {
  protected:
    SwitchTest()
    {
        thread_.slots[THREAD_VSPACE].cap = root_->cap;
    }

    void expect_space(uint64_t root, uint16_t asid)
    {
        ASSERT_FALSE(machine_.switches.empty());
        EXPECT_EQ(root, machine_.switches.back().root);
        EXPECT_EQ(asid, machine_.switches.back().asid);
    }

    struct thread thread_ = {};
};

TEST_F(SwitchTest, TheThreadsVSpaceIsUsedAndToldOnce)
{
    vspace_switch(k_, &thread_);
    expect_space(ram_paddr(k_, root_->cap.table), 1);
    vspace_switch(k_, &thread_);
    EXPECT_EQ(1u, machine_.switches.size());
}

TEST_F(SwitchTest, WithoutVSpaceTheKernelsOwnIsUsed)
{
    thread_.slots[THREAD_VSPACE].cap = cap_null();
    vspace_switch(k_, &thread_);
    expect_space(k_->kernel_vspace, 0);
}

TEST_F(SwitchTest, ALowerTableIsNoAddressSpace)
{
    thread_.slots[THREAD_VSPACE].cap = mapped_table(0, root_)->cap;
    vspace_switch(k_, &thread_);
    expect_space(k_->kernel_vspace, 0);
}

TEST_F(SwitchTest, DeletingTheRootTakesTheCoreOutOfItBeforeTheFlush)
{
    vspace_switch(k_, &thread_);
    machine_.forget();
    vspace_finalise_table(k_, &root_->cap);
    expect_space(k_->kernel_vspace, 0);
    EXPECT_EQ("sa", machine_.order);
    EXPECT_EQ(std::vector<uint16_t>{1}, machine_.asid_flushes);
    EXPECT_EQ(nullptr, vspace_of_asid(k_, 1));

    vspace_switch(k_, &thread_); // Stays there.
    EXPECT_EQ(1u, machine_.switches.size());
}

TEST_F(SwitchTest, DeletingAnotherRootLeavesTheCoreWhereItIs)
{
    vspace_switch(k_, &thread_);
    struct slot *other = new_table();
    ASSERT_EQ(kOk, assign(pool_, other));
    machine_.forget();
    vspace_finalise_table(k_, &other->cap);
    EXPECT_TRUE(machine_.switches.empty());
    EXPECT_EQ(std::vector<uint16_t>{2}, machine_.asid_flushes);
}

TEST_F(SwitchTest, DeletingThePoolReleasesAllItsVSpaces)
{
    struct slot *other = new_table();
    ASSERT_EQ(kOk, assign(pool_, other));
    vspace_switch(k_, &thread_);
    machine_.forget();
    vspace_finalise_pool(k_, &pool_->cap);
    expect_space(k_->kernel_vspace, 0);
    EXPECT_EQ((std::vector<uint16_t>{1, 2}), machine_.asid_flushes);
    EXPECT_EQ(nullptr, vspace_of_asid(k_, 2));
}

TEST_F(SwitchTest, AReusedAsidDoesNotGiveBackTheOldAddressSpace)
{
    vspace_free_asid(k_, 1);
    struct slot *other = new_table();
    ASSERT_EQ(kOk, assign(pool_, other));
    ASSERT_EQ(1u, other->cap.asid);
    vspace_switch(k_, &thread_);
    expect_space(k_->kernel_vspace, 0);
}

} // namespace
