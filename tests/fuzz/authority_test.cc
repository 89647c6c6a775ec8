/* SPDX-License-Identifier: BSD-2-Clause */

/* Confinement: what a correct kernel does is within authority, and what is beyond it is found, in
 * the lines written as well as by looking at everything. */
#include "tests/fuzz/shadow.h"

namespace albireo {

struct world *ShadowTest::world_;

namespace {

enum { ALPHA, BETA, GAMMA, FREE = WORLD_SLOT_FREE };

/* Topology, and whether everything is looked at. In WORLD_SHARED gamma is a domain of its own. */
class AuthorityTest : public ShadowTest, public testing::WithParamInterface<bool> {
  protected:
    void SetUp() override
    {
        ShadowTest::SetUp();
        everything_ = GetParam();
    }
    /* The kernel gives gamma this capability. */
    void give_gamma(const struct cap &given)
    {
        meanwhile([&] {
            put(slot(GAMMA, FREE), *slot(GAMMA, FREE));
            cap(GAMMA, FREE) = given;
        });
    }
};

INSTANTIATE_TEST_SUITE_P(Looks, AuthorityTest, testing::Bool(),
                         [](const testing::TestParamInfo<bool> &info) {
                             return info.param ? "everything" : "lines";
                         });

/* --- Within authority ------------------------------------------------------------------------- */

TEST_P(AuthorityTest, WhatIsBuiltIsWithinAuthority)
{
    for (int t = 0; t < WORLD_TOPOLOGIES; t++) {
        start(t);
        become(0);
        call(ABI_SYS_YIELD, 0);
        EXPECT_EQ("", found()) << t;
    }
}

TEST_P(AuthorityTest, ObjectsCopiesAndMappingsOfOnesOwnAreWithinAuthority)
{
    become(4);
    invoke(WORLD_SLOT_UNTYPED_2, ABI_LABEL_UNTYPED_RETYPE, {ABI_OBJECT_CAP_TABLE, 4, 0, 0, FREE, 1},
           {WORLD_SLOT_CNODE});
    invoke(WORLD_SLOT_UNTYPED_2, ABI_LABEL_UNTYPED_RETYPE,
           {ABI_OBJECT_ENDPOINT, 0, 0, 0, FREE + 1, 2}, {WORLD_SLOT_CNODE});
    invoke(WORLD_SLOT_CNODE, ABI_LABEL_CNODE_MINT, {FREE + 4, 64, FREE + 1, 64, ABI_RIGHT_READ, 77},
           {WORLD_SLOT_CNODE});
    invoke(WORLD_SLOT_CNODE, ABI_LABEL_CNODE_MOVE, {FREE + 5, 64, FREE + 4, 64},
           {WORLD_SLOT_CNODE});
    invoke(WORLD_SLOT_FRAME_FREE, ABI_LABEL_PAGE_MAP,
           {WORLD_VADDR_FREE, ABI_RIGHT_READ | ABI_RIGHT_WRITE, 0}, {WORLD_SLOT_VSPACE});
    invoke(WORLD_SLOT_CNODE, ABI_LABEL_CNODE_DELETE, {FREE, 64});
    EXPECT_EQ("", found());
}

TEST_P(AuthorityTest, GrantedCapabilitiesMayBeCopiedWithLess)
{
    become(4);
    invoke(WORLD_SLOT_CNODE, ABI_LABEL_CNODE_COPY,
           {FREE, 64, WORLD_SLOT_PLAIN_ENDPOINT, 64, ABI_RIGHT_WRITE}, {WORLD_SLOT_CNODE});
    invoke(WORLD_SLOT_CNODE, ABI_LABEL_CNODE_COPY,
           {FREE + 1, 64, WORLD_SLOT_SHARED_FRAME, 64, ABI_RIGHT_READ}, {WORLD_SLOT_CNODE});
    EXPECT_EQ("", found());
}

TEST_P(AuthorityTest, ATopologyIsKnownAgainAfterAnother)
{
    become(4);
    invoke(WORLD_SLOT_UNTYPED_2, ABI_LABEL_UNTYPED_RETYPE, {ABI_OBJECT_PAGE_4K, 0, 0, 0, FREE, 1},
           {WORLD_SLOT_CNODE});
    start(WORLD_APART);
    become(0);
    start(WORLD_SHARED);
    become(4);
    invoke(WORLD_SLOT_UNTYPED_2, ABI_LABEL_UNTYPED_RETYPE, {ABI_OBJECT_CAP_TABLE, 7, 0, 0, FREE, 1},
           {WORLD_SLOT_CNODE});
    EXPECT_EQ("", found());
}

/* --- Capabilities beyond it ------------------------------------------------------------------- */

TEST_P(AuthorityTest, AnothersObjectIsFound)
{
    for (uint32_t i : {WORLD_SLOT_CNODE, WORLD_SLOT_TCB_1, WORLD_SLOT_ENDPOINT, WORLD_SLOT_SC_1,
                       WORLD_SLOT_VSPACE, WORLD_SLOT_DATA, WORLD_SLOT_UNTYPED_2, WORLD_SLOT_DEVICE,
                       WORLD_SLOT_REPLY_0, WORLD_SLOT_NTFN, WORLD_SLOT_IRQ_HANDLER}) {
        start(WORLD_SHARED);
        give_gamma(cap(ALPHA, i));
        EXPECT_TRUE(found("authority: domain 1 has a capability")) << i << " " << found();
    }
}

TEST_P(AuthorityTest, AControlCapabilityThatWasNotGivenIsFound)
{
    for (uint8_t type : {CAP_DOMAIN, CAP_IRQ_CONTROL}) {
        struct cap given = cap_null();
        start(WORLD_SHARED);
        given.type = type;
        give_gamma(given);
        EXPECT_TRUE(found("authority: domain 1 has a capability")) << found();
    }
}

TEST_P(AuthorityTest, MoreRightsThanGrantedAreFound)
{
    struct cap given = cap(GAMMA, WORLD_SLOT_PLAIN_ENDPOINT);
    given.rights = ABI_RIGHT_ALL;
    give_gamma(given);
    EXPECT_TRUE(found("authority: domain 1 has a capability")) << found();

    start(WORLD_SHARED);
    given = cap(GAMMA, WORLD_SLOT_SHARED_FRAME);
    given.rights = ABI_RIGHT_READ | ABI_RIGHT_WRITE;
    given.asid = 0;
    given.vaddr = 0;
    give_gamma(given);
    EXPECT_TRUE(found("authority: domain 1 has a capability")) << found();
}

TEST_P(AuthorityTest, AnotherBadgeThanGrantedIsFound)
{
    struct cap given = cap(GAMMA, WORLD_SLOT_PLAIN_ENDPOINT);
    given.badge ^= 0x1000;
    give_gamma(given);
    EXPECT_TRUE(found("authority: domain 1 has a capability")) << found();
}

TEST_P(AuthorityTest, AnObjectThatIsTooLargeIsFound)
{
    struct cap given = cap(GAMMA, WORLD_SLOT_UNTYPED_2);
    given.bits = WORLD_RANGE_BITS + 1;
    given.paddr = world_->subsystems[GAMMA].ram.start;
    give_gamma(given);
    EXPECT_TRUE(found("authority: domain 1 has a capability")) << found();
}

TEST_P(AuthorityTest, MemoryThatBecomesADeviceIsFound)
{
    struct cap given = cap(GAMMA, WORLD_SLOT_UNTYPED_2);
    given.device = true;
    give_gamma(given);
    EXPECT_TRUE(found("authority: domain 1 has a capability")) << found();
}

TEST_P(AuthorityTest, AnInterruptThatSignalsOthersIsFound)
{
    meanwhile([&] {
        struct slot *to = &k()->irq_slots[world_->subsystems[GAMMA].irq];
        put(to, *to);
        to->cap = cap(ALPHA, WORLD_SLOT_NTFN);
    });
    EXPECT_TRUE(found("authority: interrupt 3 signals")) << found();
}

/* --- Threads ---------------------------------------------------------------------------------- */

TEST_P(AuthorityTest, APriorityAboveAllThatWereGivenIsFound)
{
    meanwhile([&] { put(&thread(4)->priority, WORLD_MCP + 1); });
    EXPECT_TRUE(found("authority: a thread of domain 1 has priority")) << found();

    start(WORLD_SHARED);
    meanwhile([&] { put(&thread(4)->mcp, 255); });
    EXPECT_TRUE(found("authority: a thread of domain 1 has priority")) << found();
}

TEST_P(AuthorityTest, AForeignSchedulingDomainIsFound)
{
    meanwhile([&] { put(&thread(4)->domain, 9); });
    EXPECT_TRUE(found("runs in the scheduler's domain 9")) << found();
}

/* --- Mappings --------------------------------------------------------------------------------- */

TEST_P(AuthorityTest, AMappingOfAnothersMemoryIsFound)
{
    meanwhile([&] { put(leaf(GAMMA, WORLD_VADDR_FREE), *leaf(ALPHA, WORLD_VADDR_DATA)); });
    EXPECT_TRUE(found("authority: domain 1 maps memory it was not given")) << found();
}

TEST_P(AuthorityTest, AMappingWithMoreRightsThanGrantedIsFound)
{
    uint64_t *entry = leaf(GAMMA, WORLD_VADDR_SHARED);
    ASSERT_NE(0u, *entry);
    meanwhile([&] { put(entry, *entry | 4u); });
    EXPECT_TRUE(found("authority: domain 1 maps memory it was not given")) << found();
}

TEST_P(AuthorityTest, AMappingForTheKernelIsFound)
{
    uint64_t *entry = leaf(GAMMA, WORLD_VADDR_DATA);
    meanwhile([&] { put(entry, *entry & ~uint64_t{16}); });
    EXPECT_TRUE(found("authority: domain 1 maps memory it was not given")) << found();
}

TEST_P(AuthorityTest, APageTableThatIsAFrameIsFound)
{
    uint64_t paddr = cap(GAMMA, WORLD_SLOT_DATA).paddr;
    meanwhile([&] { put(leaf(GAMMA, WORLD_VADDR_FREE), paddr / 4096 * 1024 + 1); });
    EXPECT_TRUE(found("authority: domain 1 translates by what is no table")) << found();
}

/* --- Only by looking at everything ------------------------------------------------------------ */

using EverythingTest = ShadowTest;

TEST_F(EverythingTest, AMappingWithoutCapabilityIsFound)
{
    uint64_t paddr = cap(GAMMA, WORLD_SLOT_FRAME_FREE).paddr;
    meanwhile([&] { put(leaf(GAMMA, WORLD_VADDR_FREE), paddr / 4096 * 1024 + 0xD7); });
    EXPECT_TRUE(found("authority: no live capability backs PTE")) << found();
}

TEST_F(EverythingTest, AMappingThatOutlivesItsCapabilityIsFound)
{
    meanwhile([&] {
        struct cap *frame = &cap(GAMMA, WORLD_SLOT_DATA);
        put(frame, *frame);
        frame->asid = 0;
        frame->vaddr = 0;
    });
    EXPECT_TRUE(found("authority: no live capability backs PTE")) << found();
}

TEST_F(EverythingTest, AMappingWithMoreRightsThanItsCapabilityIsFound)
{
    meanwhile([&] { put(&cap(GAMMA, WORLD_SLOT_DATA).rights, ABI_RIGHT_READ); });
    EXPECT_TRUE(found("authority: no live capability backs PTE")) << found();
}

TEST_F(EverythingTest, AnAddressSpaceWithoutRootIsFound)
{
    const struct cap &pool = cap(ALPHA, WORLD_SLOT_ASID_POOL);
    meanwhile([&] { put(&pool.pool->roots[300], cap(ALPHA, WORLD_SLOT_TABLE_FREE).table); });
    EXPECT_TRUE(found("has a root without capability")) << found();
}

TEST_F(EverythingTest, AnObjectInFreeMemoryIsFound)
{
    struct cap *range = nullptr;
    for (uint32_t i = k()->cdt_root.next; i != 0; i = k()->slot_base[i].next) {
        struct cap *each = &k()->slot_base[i].cap;
        bool gammas = each->paddr == world_->subsystems[GAMMA].ram.start;
        range = gammas && each->bits == WORLD_RANGE_BITS ? each : range;
    }
    ASSERT_NE(nullptr, range);
    meanwhile([&] { put(&range->free_index, 1); });
    EXPECT_TRUE(found("authority: a capability, type")) << found();
}

TEST_F(EverythingTest, ACapabilityInPlainMemoryIsFound)
{
    auto *fake = reinterpret_cast<struct slot *>(ram(cap(GAMMA, WORLD_SLOT_DATA).paddr));
    meanwhile([&] {
        put(fake, *slot(GAMMA, WORLD_SLOT_DATA));
        fake->next = k()->cdt_root.next;
        put(&k()->cdt_root.next, static_cast<uint32_t>(fake - k()->slot_base));
    });
    EXPECT_TRUE(found("in what is no slot")) << found();
}

TEST_F(EverythingTest, ASequenceThatLeavesMemoryOrDoesNotEndIsFound)
{
    meanwhile([&] { put(&slot(GAMMA, WORLD_SLOT_DATA)->next, 0xFFFFFFF0u); });
    EXPECT_TRUE(found("the derivation sequence")) << found();

    start(WORLD_SHARED);
    meanwhile([&] { put(&slot(GAMMA, WORLD_SLOT_DATA)->next, k()->cdt_root.next); });
    EXPECT_TRUE(found("the derivation sequence")) << found();
}

} // namespace
} // namespace albireo
