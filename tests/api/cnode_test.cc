/* SPDX-License-Identifier: BSD-2-Clause */

/* CNode invocations: every error in the order of the checks, and what each one does to the slots
 * (docs/abi/05 section 5.4, 03 sections 3.2, 3.7 and 3.8, 15 section 15.2, 16 section 16.2).
 */
#include "tests/support/system.h"

namespace albireo {
namespace {

constexpr CPtr kEmpty = 4000; /* Bit 11 is set: with depth 63 it is a bit of the guard. */
constexpr Word kRW = ABI_RIGHT_READ | ABI_RIGHT_WRITE;

struct Invocation {
    const char *name;
    Word label;
    size_t words; /* Of a complete message; 2: no source. */
};

void PrintTo(const Invocation &invocation, std::ostream *out)
{
    *out << invocation.name;
}

const Invocation kAll[] = {
    {"Revoke", ABI_LABEL_CNODE_REVOKE, 2},
    {"Delete", ABI_LABEL_CNODE_DELETE, 2},
    {"CancelBadgedSends", ABI_LABEL_CNODE_CANCEL_BADGED_SENDS, 2},
    {"Copy", ABI_LABEL_CNODE_COPY, 5},
    {"Mint", ABI_LABEL_CNODE_MINT, 6},
    {"Move", ABI_LABEL_CNODE_MOVE, 4},
    {"Mutate", ABI_LABEL_CNODE_MUTATE, 5},
    {"Rotate", ABI_LABEL_CNODE_ROTATE, 8},
};

std::string name_of(const ::testing::TestParamInfo<Invocation> &info)
{
    return info.param.name;
}

/* One message and its answer. */
struct Step {
    std::vector<Word> words;
    std::vector<CPtr> caps;
    Word error;
    std::vector<Word> details;
};

void expect_refusals(System &sys, Word label, const std::vector<Step> &steps)
{
    for (size_t i = 0; i < steps.size(); i++) {
        SCOPED_TRACE("step " + std::to_string(i));
        sys.expect_unchanged([&] {
            EXPECT_CALL_ERROR(sys.call(kCNode, label, steps[i].words, steps[i].caps),
                              steps[i].error, steps[i].details);
        });
    }
}

/* --- The target slot -------------------------------------------------------------------------- */

class CNodeTarget : public ::testing::TestWithParam<Invocation> {};

INSTANTIATE_TEST_SUITE_P(CNode, CNodeTarget, ::testing::ValuesIn(kAll), name_of);

TEST_P(CNodeTarget, IsCheckedFirst)
{
    System sys;
    expect_refusals(
        sys, GetParam().label,
        {
            {{}, {}, STATUS_TRUNCATED_MESSAGE, {}},
            {{kEmpty}, {}, STATUS_TRUNCATED_MESSAGE, {}},
            {{kEmpty, 0}, {}, STATUS_RANGE_ERROR, {1, 64}},
            {{kEmpty, 65}, {}, STATUS_RANGE_ERROR, {1, 64}},
            {{kEmpty, ~Word(0)}, {}, STATUS_RANGE_ERROR, {1, 64}},
            {{kEmpty, 63}, {}, STATUS_FAILED_LOOKUP, {0, 4, 63, 0, 52}},
            {{kEmpty, 20}, {}, STATUS_FAILED_LOOKUP, {0, 4, 20, 0, 52}},
            {{kTcb, 63}, {}, STATUS_FAILED_LOOKUP, {0, 3, 63, 64}},
            {{(Word(1) << 40) + kEmpty, 64}, {}, STATUS_FAILED_LOOKUP, {0, 4, 64, 0, 52}},
        });
}

TEST_P(CNodeTarget, WinsOverWrongSources)
{
    System sys;
    expect_refusals(sys, GetParam().label,
                    {
                        {{kTcb, 0, 0, 0, 0, 0, 0, 0}, {kTcb, kTcb}, STATUS_RANGE_ERROR, {1, 64}},
                        {{kTcb, 3, 0, 0, 0, 0, 0, 0}, {}, STATUS_FAILED_LOOKUP, {0, 4, 3, 0, 52}},
                    });
}

TEST_P(CNodeTarget, OfAnUnguardedCNodeNeedsTheExactDepth)
{
    System sys;
    CPtr node = sys.make_cnode(4);
    ASSERT_OK(sys.CNode_Copy(node, 0, 4, kCNode, sys.make(ABI_OBJECT_ENDPOINT), 64, 15));
    Word label = GetParam().label;
    EXPECT_CALL_ERROR(sys.call(node, label, {0, 3}), STATUS_FAILED_LOOKUP, {0, 3, 3, 4});
    EXPECT_CALL_ERROR(sys.call(node, label, {0, 5}), STATUS_FAILED_LOOKUP, {0, 3, 1, 0});
}

TEST(CNodeLabels, OthersAreIllegal)
{
    System sys;
    for (Word label : {0u, 1u, 17u, 26u, 47u, 100000u}) {
        EXPECT_CALL_ERROR(sys.call(kCNode, label), STATUS_ILLEGAL_OPERATION, {});
    }
}

TEST(CNodeLabels, SendReportsNothing)
{
    System sys;
    sys.expect_unchanged([&] {
        EXPECT_TRUE(sys.send(kCNode, ABI_LABEL_CNODE_DELETE, {1, 0}).returned);
    });
    EXPECT_EQ(sys.root().regs().x[REG_A0], kCNode);
}

/* --- Source and destination of Copy, Mint, Move and Mutate ------------------------------------ */

class CNodeSource : public ::testing::TestWithParam<Invocation> {};

INSTANTIATE_TEST_SUITE_P(CNode, CNodeSource, ::testing::ValuesIn(kAll + 3, kAll + 7), name_of);

/* Each step mends what the one before was refused for. */
TEST_P(CNodeSource, AnEarlierCheckWins)
{
    System sys;
    expect_refusals(
        sys, GetParam().label,
        {
            {{kTcb, 64, kEmpty}, {kTcb}, STATUS_TRUNCATED_MESSAGE, {}},
            {{kTcb, 64, kEmpty, 0}, {}, STATUS_TRUNCATED_MESSAGE, {}},
            {{kTcb, 64, kEmpty, 0}, {kTcb}, STATUS_DELETE_FIRST, {}},
            {{kEmpty, 64, kEmpty, 0}, {kTcb}, STATUS_FAILED_LOOKUP, {1, 1}},
            {{kEmpty, 64, kEmpty, 0}, {0}, STATUS_FAILED_LOOKUP, {1, 1}},
            {{kEmpty, 64, kEmpty, 0}, {kCNode}, STATUS_RANGE_ERROR, {1, 64}},
            {{kEmpty, 64, kEmpty, 65}, {kCNode}, STATUS_RANGE_ERROR, {1, 64}},
            {{kEmpty, 64, kEmpty, 63}, {kCNode}, STATUS_FAILED_LOOKUP, {1, 4, 63, 0, 52}},
            {{kEmpty, 64, kEmpty, 64}, {kCNode}, STATUS_FAILED_LOOKUP, {1, 2, 64}},
        });
}

TEST_P(CNodeSource, LookupErrorsTellTheSourceFromTheTarget)
{
    System sys;
    CPtr node = sys.make_cnode(4);
    ASSERT_OK(sys.CNode_Copy(node, 0, 4, kCNode, sys.make(ABI_OBJECT_ENDPOINT), 64, 15));
    expect_refusals(sys, GetParam().label,
                    {
                        {{kEmpty, 64, 0, 3}, {node}, STATUS_FAILED_LOOKUP, {1, 3, 3, 4}},
                        {{kEmpty, 64, 0, 5}, {node}, STATUS_FAILED_LOOKUP, {1, 3, 1, 0}},
                        {{kEmpty, 64, 1, 4}, {node}, STATUS_FAILED_LOOKUP, {1, 2, 4}},
                    });
}

TEST_P(CNodeSource, TheDestinationCannotBeTheSource)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    sys.expect_unchanged([&] {
        EXPECT_CALL_ERROR(sys.call(kCNode, GetParam().label, {ep, 64, ep, 64, 15, 0}, {kCNode}),
                          STATUS_DELETE_FIRST, {});
    });
}

/* Also with a source that could not be taken: the length is checked before the capability. */
TEST_P(CNodeSource, AShortMessageIsTruncatedOnceTheSourceIsFound)
{
    const Invocation &invocation = GetParam();
    System sys;
    for (CPtr source : {kTcb, kIrqControl, sys.ram_untyped(), sys.make(ABI_OBJECT_PAGE_TABLE)}) {
        for (size_t length = 4; length < invocation.words; length++) {
            std::vector<Word> words = {kEmpty, 64, source, 64, 15};
            words.resize(length);
            sys.expect_unchanged([&] {
                EXPECT_CALL_ERROR(sys.call(kCNode, invocation.label, words, {kCNode}),
                                  STATUS_TRUNCATED_MESSAGE, {});
            });
        }
    }
}

TEST_P(CNodeSource, LongerMessagesAreFine)
{
    System sys;
    CPtr tcb = sys.make(ABI_OBJECT_TCB);
    EXPECT_OK(sys.call(kCNode, GetParam().label, {kEmpty, 64, tcb, 64, 15, 0, 9, 9, 9, 9},
                       {kCNode, kTcb, kTcb}));
    EXPECT_EQ(sys.cap_at(kEmpty).type, CAP_TCB);
}

/* --- Copy and Mint ---------------------------------------------------------------------------- */

class CNodeDerivation : public ::testing::TestWithParam<Invocation> {};

INSTANTIATE_TEST_SUITE_P(CNode, CNodeDerivation, ::testing::ValuesIn(kAll + 3, kAll + 5), name_of);

Reply derive(System &sys, Word label, CPtr source, Word rights = ABI_RIGHT_ALL)
{
    return sys.call(kCNode, label, {kEmpty, 64, source, 64, rights, 0}, {kCNode});
}

TEST_P(CNodeDerivation, OfAnUntypedWithChildrenNeedsRevoke)
{
    System sys;
    CPtr untyped = sys.untyped(12);
    CPtr child = sys.alloc_slot();
    ASSERT_OK(sys.retype(untyped, ABI_OBJECT_ENDPOINT, 0, child));
    sys.expect_unchanged([&] {
        EXPECT_CALL_ERROR(derive(sys, GetParam().label, untyped), STATUS_REVOKE_FIRST, {});
    });
    ASSERT_OK(sys.del(child));
    EXPECT_OK(derive(sys, GetParam().label, untyped));
}

TEST_P(CNodeDerivation, OfAnUnmappedPageTableIsIllegal)
{
    System sys;
    CPtr table = sys.make(ABI_OBJECT_PAGE_TABLE);
    sys.expect_unchanged([&] {
        EXPECT_CALL_ERROR(derive(sys, GetParam().label, table), STATUS_ILLEGAL_OPERATION, {});
    });
}

TEST_P(CNodeDerivation, OfIrqControlIsIllegal)
{
    System sys;
    sys.expect_unchanged([&] {
        EXPECT_CALL_ERROR(derive(sys, GetParam().label, kIrqControl), STATUS_ILLEGAL_OPERATION, {});
    });
}

TEST_P(CNodeDerivation, OfAPageTableThatIsMappedOrHasAnAsid)
{
    System sys;
    CPtr vspace = sys.make_vspace();
    CPtr table = sys.make(ABI_OBJECT_PAGE_TABLE);
    ASSERT_OK(sys.RISCV_PageTable_Map(table, vspace, 0x40000000, 0));
    for (CPtr source : {vspace, table}) {
        EXPECT_OK(derive(sys, GetParam().label, source));
        EXPECT_EQ(sys.cap_at(kEmpty).table, sys.cap_at(source).table);
        EXPECT_EQ(sys.cap_at(kEmpty).asid, sys.cap_at(source).asid);
        ASSERT_OK(sys.del(kEmpty));
    }
}

TEST_P(CNodeDerivation, OfAFrameForgetsTheMapping)
{
    System sys;
    CPtr frame = sys.map_new_page(kVSpace, 0x40000000);
    ASSERT_NE(sys.cap_at(frame).asid, 0u);
    EXPECT_OK(derive(sys, GetParam().label, frame));
    EXPECT_EQ(sys.cap_at(kEmpty).asid, 0u);
    EXPECT_EQ(sys.cap_at(kEmpty).paddr, sys.cap_at(frame).paddr);
    EXPECT_NE(sys.cap_at(frame).asid, 0u);
}

TEST_P(CNodeDerivation, OfEveryOtherKindGivesTheSame)
{
    System sys;
    CPtr handler = sys.alloc_slot();
    ASSERT_OK(sys.IRQControl_Get(kIrqControl, 3, kCNode, handler, 64));
    const CPtr sources[] = {kTcb,
                            kCNode,
                            kAsidControl,
                            kAsidPool,
                            kDomain,
                            kSchedContext,
                            sys.sched_control(),
                            handler,
                            sys.make(ABI_OBJECT_REPLY),
                            sys.untyped(12)};
    for (CPtr source : sources) {
        const struct cap before = sys.cap_at(source);
        EXPECT_OK(derive(sys, GetParam().label, source, 0));
        EXPECT_EQ(sys.cap_at(kEmpty).type, before.type);
        EXPECT_EQ(sys.cap_at(kEmpty).paddr, before.paddr);
        EXPECT_EQ(sys.cap_at(kEmpty).bits, before.bits);
        ASSERT_OK(sys.del(kEmpty));
    }
}

TEST_P(CNodeDerivation, MasksTheRightsOfAnEndpoint)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    for (Word mask = 0; mask < 32; mask++) {
        EXPECT_OK(derive(sys, GetParam().label, ep, mask));
        EXPECT_EQ(sys.cap_at(kEmpty).rights, mask & ABI_RIGHT_ALL);
        EXPECT_EQ(sys.cap_at(kEmpty).type, CAP_ENDPOINT);
        ASSERT_OK(sys.del(kEmpty));
    }
}

TEST_P(CNodeDerivation, NeverAddsRights)
{
    System sys;
    CPtr weak = sys.copy(sys.make(ABI_OBJECT_ENDPOINT), ABI_RIGHT_WRITE);
    EXPECT_OK(derive(sys, GetParam().label, weak));
    EXPECT_EQ(sys.cap_at(kEmpty).rights, ABI_RIGHT_WRITE);
}

TEST_P(CNodeDerivation, MasksTheRightsOfANotification)
{
    System sys;
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    for (Word mask = 0; mask < 16; mask++) {
        EXPECT_OK(derive(sys, GetParam().label, ntfn, mask));
        EXPECT_EQ(sys.cap_at(kEmpty).rights, mask & kRW);
        ASSERT_OK(sys.del(kEmpty));
    }
}

TEST_P(CNodeDerivation, MasksTheGrantRightOfAReply)
{
    System sys;
    CPtr reply = sys.make(ABI_OBJECT_REPLY);
    for (Word mask = 0; mask < 16; mask++) {
        EXPECT_OK(derive(sys, GetParam().label, reply, mask));
        EXPECT_EQ(sys.cap_at(kEmpty).rights, mask & ABI_RIGHT_GRANT);
        ASSERT_OK(sys.del(kEmpty));
    }
}

/* Read-write, read-only or none; write-only becomes none. */
TEST_P(CNodeDerivation, MasksTheRightsOfAFrame)
{
    System sys;
    CPtr frame = sys.make(ABI_OBJECT_PAGE_4K);
    for (Word have : {Word(kRW), Word(ABI_RIGHT_READ), Word(0)}) {
        CPtr source = sys.copy(frame, have);
        ASSERT_EQ(sys.cap_at(source).rights, have);
        for (Word mask = 0; mask < 16; mask++) {
            Word read = (mask & ABI_RIGHT_READ) != 0 ? mask & kRW : 0;
            EXPECT_OK(derive(sys, GetParam().label, source, mask));
            EXPECT_EQ(sys.cap_at(kEmpty).rights, have & read) << have << " " << mask;
            ASSERT_OK(sys.del(kEmpty));
        }
    }
}

TEST(CNodeCopy, ACapabilityWithoutRightsIsStillOne)
{
    System sys;
    CPtr none = sys.copy(sys.make(ABI_OBJECT_ENDPOINT), 0);
    EXPECT_CALL_ERROR(sys.call(none, 5), STATUS_INVALID_CAPABILITY, {0});
    EXPECT_CALL_ERROR(sys.CNode_Copy(kCNode, none, 64, kCNode, kTcb, 64, 15), STATUS_DELETE_FIRST,
                      {});
}

TEST(CNodeCopy, KeepsBadgeAndGuard)
{
    System sys;
    CPtr badged = sys.mint(sys.make(ABI_OBJECT_ENDPOINT), 0x123456789ABCDEF0);
    EXPECT_EQ(sys.cap_at(sys.copy(badged)).badge, 0x123456789ABCDEF0u);
    CPtr guarded = sys.mint(sys.make_cnode(2), 5 << 6 | 7);
    CPtr copy = sys.copy(guarded);
    EXPECT_EQ(sys.cap_at(copy).guard, 5u);
    EXPECT_EQ(sys.cap_at(copy).guard_bits, 7u);
}

TEST(CNodeCopy, WorksBetweenCNodesOfAnyDepth)
{
    System sys;
    CPtr a = sys.make_cnode(3);
    CPtr b = sys.make_cnode(5);
    ASSERT_OK(sys.CNode_Copy(a, 7, 3, kCNode, kTcb, 64, 15));
    ASSERT_OK(sys.CNode_Copy(b, 31, 5, a, 7, 3, 15));
    EXPECT_EQ(sys.cap_at(a).slots[7].cap.type, CAP_TCB);
    EXPECT_EQ(sys.cap_at(b).slots[31].cap.type, CAP_TCB);
}

/* --- Mint ------------------------------------------------------------------------------------- */

Reply mint_to_empty(System &sys, CPtr source, Word data, Word rights = ABI_RIGHT_ALL)
{
    return sys.CNode_Mint(kCNode, kEmpty, 64, kCNode, source, 64, rights, data);
}

TEST(CNodeMint, BadgesAnEndpointOrNotificationOnce)
{
    System sys;
    for (Word type : {ABI_OBJECT_ENDPOINT, ABI_OBJECT_NOTIFICATION}) {
        CPtr badged = sys.mint(sys.make(type), 5);
        EXPECT_EQ(sys.cap_at(badged).badge, 5u);
        for (Word badge : {0u, 5u, 6u}) {
            sys.expect_unchanged([&] {
                EXPECT_CALL_ERROR(mint_to_empty(sys, badged, badge), STATUS_ILLEGAL_OPERATION, {});
            });
        }
    }
}

TEST(CNodeMint, AllBitsOfABadgeCount)
{
    System sys;
    EXPECT_EQ(sys.cap_at(sys.mint(sys.make(ABI_OBJECT_ENDPOINT), ~Word(0))).badge, ~Word(0));
}

TEST(CNodeMint, ReducesRightsAndBadgesAtOnce)
{
    System sys;
    ASSERT_OK(mint_to_empty(sys, sys.make(ABI_OBJECT_ENDPOINT), 9, ABI_RIGHT_WRITE));
    EXPECT_EQ(sys.cap_at(kEmpty).badge, 9u);
    EXPECT_EQ(sys.cap_at(kEmpty).rights, ABI_RIGHT_WRITE);
}

TEST(CNodeMint, IgnoresTheDataForOtherKinds)
{
    System sys;
    for (CPtr source : {kTcb, kDomain, kSchedContext, sys.make(ABI_OBJECT_REPLY)}) {
        ASSERT_OK(mint_to_empty(sys, source, 77));
        EXPECT_EQ(sys.cap_at(kEmpty).badge, sys.cap_at(source).badge);
        ASSERT_OK(sys.del(kEmpty));
    }
}

/* Mint and Mutate set the guard alike. */
struct Guarding {
    const char *name;
    std::function<Reply(System &, CPtr, Word)> set;
};

void PrintTo(const Guarding &guarding, std::ostream *out)
{
    *out << guarding.name;
}

class CNodeGuard : public ::testing::TestWithParam<Guarding> {};

INSTANTIATE_TEST_SUITE_P(CNode, CNodeGuard,
                         ::testing::Values(Guarding{"Mint",
                                                    [](System &sys, CPtr source, Word data) {
                                                        return mint_to_empty(sys, source, data);
                                                    }},
                                           Guarding{"Mutate",
                                                    [](System &sys, CPtr source, Word data) {
                                                        return sys.CNode_Mutate(kCNode, kEmpty, 64,
                                                                                kCNode, source, 64,
                                                                                data);
                                                    }}),
                         [](const auto &info) { return std::string(info.param.name); });

TEST_P(CNodeGuard, MustFitInAWordWithTheRadix)
{
    System sys;
    CPtr node = sys.make_cnode(4);
    for (Word size : {61u, 62u, 63u}) {
        sys.expect_unchanged([&] {
            EXPECT_CALL_ERROR(GetParam().set(sys, node, size), STATUS_ILLEGAL_OPERATION, {});
        });
    }
    EXPECT_OK(GetParam().set(sys, node, 0xF << 6 | 60));
    EXPECT_EQ(sys.cap_at(kEmpty).guard_bits, 60u);
    EXPECT_EQ(sys.cap_at(kEmpty).guard, 0xFu);
    EXPECT_CALL_ERROR(sys.CNode_Delete(kEmpty, 0, 64), STATUS_FAILED_LOOKUP, {0, 4, 64, 15, 60});
    EXPECT_OK(sys.CNode_Delete(kEmpty, 0xF0, 64));
}

TEST_P(CNodeGuard, HasOnlyAsManyBitsAsItsSize)
{
    System sys;
    EXPECT_OK(GetParam().set(sys, sys.make_cnode(4), Word(0xFF) << 6 | 3));
    EXPECT_EQ(sys.cap_at(kEmpty).guard, 7u);
    EXPECT_EQ(sys.cap_at(kEmpty).guard_bits, 3u);
}

TEST_P(CNodeGuard, IsClearedByData0)
{
    System sys;
    CPtr guarded = sys.mint(sys.make_cnode(4), 1 << 6 | 4);
    EXPECT_OK(GetParam().set(sys, guarded, 0));
    EXPECT_EQ(sys.cap_at(kEmpty).guard_bits, 0u);
    EXPECT_EQ(sys.cap_at(kEmpty).guard, 0u);
}

/* --- Move and Mutate -------------------------------------------------------------------------- */

TEST(CNodeMove, TakesAnythingAsItIs)
{
    System sys;
    CPtr untyped = sys.untyped(12);
    ASSERT_OK(sys.retype(untyped, ABI_OBJECT_ENDPOINT, 0, sys.alloc_slot()));
    const CPtr sources[] = {kIrqControl,
                            untyped,
                            sys.make(ABI_OBJECT_PAGE_TABLE),
                            sys.mint(sys.make(ABI_OBJECT_ENDPOINT), 5, ABI_RIGHT_WRITE),
                            sys.map_new_page(kVSpace, 0x40000000),
                            sys.mint(sys.make_cnode(4), 3 << 6 | 9),
                            kSchedContext,
                            kTcb};
    for (CPtr source : sources) {
        const struct cap before = sys.cap_at(source);
        EXPECT_OK(sys.move(kEmpty, source));
        const struct cap &after = sys.cap_at(kEmpty);
        EXPECT_TRUE(sys.is_empty(source));
        EXPECT_EQ(after.type, before.type);
        EXPECT_EQ(after.paddr, before.paddr);
        EXPECT_EQ(after.badge, before.badge);
        EXPECT_EQ(after.rights, before.rights);
        EXPECT_EQ(after.asid, before.asid);
        EXPECT_EQ(after.guard_bits, before.guard_bits);
        EXPECT_EQ(after.cdt, before.cdt);
        EXPECT_OK(sys.move(source, kEmpty));
    }
}

TEST(CNodeMove, AMovedFrameStaysMapped)
{
    System sys;
    CPtr frame = sys.map_new_page(kVSpace, 0x40000000);
    ASSERT_OK(sys.move(kEmpty, frame));
    EXPECT_TRUE(sys.store(0x40000000, 42));
    ASSERT_OK(sys.del(kEmpty));
    EXPECT_FALSE(sys.store(0x40000000, 42));
}

TEST(CNodeMove, TheInvokedCNodeCapCanItselfBeMoved)
{
    System sys;
    CPtr second = sys.copy(kCNode);
    ASSERT_OK(sys.CNode_Move(second, kEmpty, 64, second, second, 64));
    EXPECT_TRUE(sys.is_empty(second));
    EXPECT_OK(sys.CNode_Delete(kEmpty, kEmpty, 64));
    EXPECT_TRUE(sys.is_empty(kEmpty));
}

TEST(CNodeMutate, NeverWorksOnEndpointsAndNotifications)
{
    System sys;
    for (Word type : {ABI_OBJECT_ENDPOINT, ABI_OBJECT_NOTIFICATION}) {
        CPtr plain = sys.make(type);
        for (CPtr source : {plain, sys.mint(plain, 5)}) {
            for (Word data : {0u, 5u}) {
                sys.expect_unchanged([&] {
                    EXPECT_CALL_ERROR(
                        sys.CNode_Mutate(kCNode, kEmpty, 64, kCNode, source, 64, data),
                        STATUS_ILLEGAL_OPERATION, {});
                });
            }
        }
    }
}

TEST(CNodeMutate, MovesOtherKindsUnchanged)
{
    System sys;
    CPtr tcb = sys.make(ABI_OBJECT_TCB);
    const struct cap before = sys.cap_at(tcb);
    ASSERT_OK(sys.CNode_Mutate(kCNode, kEmpty, 64, kCNode, tcb, 64, 5));
    EXPECT_TRUE(sys.is_empty(tcb));
    EXPECT_EQ(sys.cap_at(kEmpty).thread, before.thread);
}

TEST(CNodeMutate, EmptiesTheSource)
{
    System sys;
    CPtr node = sys.make_cnode(4);
    ASSERT_OK(sys.CNode_Mutate(kCNode, kEmpty, 64, kCNode, node, 64, 1));
    EXPECT_TRUE(sys.is_empty(node));
}

/* --- Rotate ----------------------------------------------------------------------------------- */

Reply rotate(System &sys, CPtr dest, Word dest_data, CPtr pivot, Word pivot_data, CPtr source)
{
    return sys.CNode_Rotate(kCNode, dest, 64, dest_data, kCNode, pivot, 64, pivot_data, kCNode,
                            source, 64);
}

TEST(CNodeRotate, AnEarlierCheckWins)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr tcb = sys.make(ABI_OBJECT_TCB);
    const CPtr e = kEmpty;
    const std::vector<CPtr> none = {kTcb, kTcb};
    const std::vector<CPtr> source = {kTcb, kCNode};
    const std::vector<CPtr> both = {kCNode, kCNode};
    expect_refusals(
        sys, ABI_LABEL_CNODE_ROTATE,
        {
            {{kTcb, 64, 0, e, 0, 0, e}, none, STATUS_TRUNCATED_MESSAGE, {}},
            {{kTcb, 64, 0, e, 0, 0, e, 0}, {kTcb}, STATUS_TRUNCATED_MESSAGE, {}},
            {{kTcb, 64, 0, e, 0, 0, e, 0}, none, STATUS_FAILED_LOOKUP, {1, 1}},
            {{kTcb, 64, 0, e, 0, 0, e, 0}, source, STATUS_RANGE_ERROR, {1, 64}},
            {{kTcb, 64, 0, e, 0, 0, e, 65}, source, STATUS_RANGE_ERROR, {1, 64}},
            {{kTcb, 64, 0, e, 0, 0, e, 63}, source, STATUS_FAILED_LOOKUP, {1, 4, 63, 0, 52}},
            {{kTcb, 64, 0, e, 0, 0, e, 64}, source, STATUS_FAILED_LOOKUP, {1, 1}},
            {{kTcb, 64, 0, e, 0, 0, e, 64}, both, STATUS_RANGE_ERROR, {1, 64}},
            {{kTcb, 64, 0, e, 65, 0, e, 64}, both, STATUS_RANGE_ERROR, {1, 64}},
            {{kTcb, 64, 0, e, 62, 0, e, 64}, both, STATUS_FAILED_LOOKUP, {1, 4, 62, 0, 52}},
            {{kTcb, 64, 0, e, 64, 0, e, 64}, both, STATUS_ILLEGAL_OPERATION, {}},
            {{kTcb, 64, 0, kTcb, 64, 0, e, 64}, both, STATUS_ILLEGAL_OPERATION, {}},
            {{kTcb, 64, 0, e + 1, 64, 0, e, 64}, both, STATUS_DELETE_FIRST, {}},
            {{e + 2, 64, 0, e + 1, 64, 0, e, 64}, both, STATUS_FAILED_LOOKUP, {1, 2, 64}},
            {{e, 64, 0, e + 1, 64, 0, e, 64}, both, STATUS_FAILED_LOOKUP, {1, 2, 64}},
            {{e + 2, 64, 0, e + 1, 64, 0, ep, 64}, both, STATUS_FAILED_LOOKUP, {0, 2, 64}},
            {{e, 64, 0, ep, 64, 0, tcb, 64}, both, STATUS_ILLEGAL_OPERATION, {}},
            {{e, 64, 0, tcb, 64, 0, ep, 64}, both, STATUS_ILLEGAL_OPERATION, {}},
        });
    EXPECT_OK(rotate(sys, e, 0, tcb, 0, kTcb));
}

TEST(CNodeRotate, MovesThePivotToTheDestinationAndTheSourceToThePivot)
{
    System sys;
    CPtr sc = sys.make(ABI_OBJECT_SCHED_CONTEXT, 8);
    CPtr tcb = sys.make(ABI_OBJECT_TCB);
    struct sched_context *sc_object = sys.sc_of(sc);
    struct thread *thread = sys.thread_of(tcb);
    ASSERT_OK(rotate(sys, kEmpty, 0, sc, 0, tcb));
    EXPECT_EQ(sys.sc_of(kEmpty), sc_object);
    EXPECT_EQ(sys.thread_of(sc), thread);
    EXPECT_TRUE(sys.is_empty(tcb));
}

TEST(CNodeRotate, WithTheSourceAsDestinationSwaps)
{
    System sys;
    CPtr sc = sys.make(ABI_OBJECT_SCHED_CONTEXT, 8);
    CPtr tcb = sys.make(ABI_OBJECT_TCB);
    struct sched_context *sc_object = sys.sc_of(sc);
    struct thread *thread = sys.thread_of(tcb);
    ASSERT_OK(rotate(sys, tcb, 0, sc, 0, tcb));
    EXPECT_EQ(sys.sc_of(tcb), sc_object);
    EXPECT_EQ(sys.thread_of(sc), thread);
}

TEST(CNodeRotate, SwapsNeighboursInTheDerivationOrderEitherWay)
{
    for (bool newer_first : {false, true}) {
        System sys;
        CPtr untyped = sys.untyped(12);
        CPtr node = sys.alloc_slots(3);
        CPtr parent = node + 2;
        ASSERT_OK(sys.retype(untyped, ABI_OBJECT_UNTYPED, 10, parent));
        ASSERT_OK(sys.retype(parent, ABI_OBJECT_CAP_TABLE, 3, node));
        ASSERT_OK(sys.CNode_Copy(kCNode, node + 1, 64, kCNode, node, 64, 15));
        CPtr source = newer_first ? node + 1 : node;
        CPtr pivot = newer_first ? node : node + 1;
        ASSERT_OK(rotate(sys, source, 1 << 6 | 3, pivot, 2 << 6 | 5, source));
        EXPECT_EQ(sys.cap_at(source).guard_bits, 3u);
        EXPECT_EQ(sys.cap_at(pivot).guard_bits, 5u);
        /* The original is now where the copy was. */
        ASSERT_OK(sys.revoke(node));
        EXPECT_EQ(sys.cap_at(node + 1).type, CAP_CNODE);
        ASSERT_OK(sys.revoke(node + 1));
        EXPECT_TRUE(sys.is_empty(node));
        ASSERT_OK(sys.revoke(parent));
        EXPECT_TRUE(sys.is_empty(node + 1));
    }
}

/* The pivot's new data is for the capability that ends in the pivot slot. */
TEST(CNodeRotate, SetsTheGuards)
{
    System sys;
    CPtr pivot = sys.make_cnode(4);
    CPtr source = sys.make_cnode(5);
    ASSERT_OK(rotate(sys, kEmpty, 3 << 6 | 2, pivot, 9 << 6 | 8, source));
    EXPECT_EQ(sys.cap_at(kEmpty).bits, 4u);
    EXPECT_EQ(sys.cap_at(kEmpty).guard, 3u);
    EXPECT_EQ(sys.cap_at(kEmpty).guard_bits, 2u);
    EXPECT_EQ(sys.cap_at(pivot).bits, 5u);
    EXPECT_EQ(sys.cap_at(pivot).guard, 9u);
    EXPECT_EQ(sys.cap_at(pivot).guard_bits, 8u);
}

TEST(CNodeRotate, RefusesImpossibleGuards)
{
    System sys;
    CPtr pivot = sys.make_cnode(4);
    CPtr source = sys.make_cnode(6);
    sys.expect_unchanged([&] {
        EXPECT_CALL_ERROR(rotate(sys, kEmpty, 0, pivot, 59, source), STATUS_ILLEGAL_OPERATION, {});
        EXPECT_CALL_ERROR(rotate(sys, kEmpty, 61, pivot, 0, source), STATUS_ILLEGAL_OPERATION, {});
    });
    EXPECT_OK(rotate(sys, kEmpty, 60, pivot, 58, source));
}

/* --- CancelBadgedSends ------------------------------------------------------------------------ */

Reply cancel(System &sys, CPtr slot)
{
    return sys.CNode_CancelBadgedSends(kCNode, slot, 64);
}

/* A thread blocked on sending through `ep`; below root afterwards. */
Thread sender(System &sys, CPtr ep, bool is_call)
{
    Thread thread = sys.spawn({.priority = 110});
    EXPECT_CURRENT(sys, thread);
    is_call ? sys.call(ep, 7) : sys.send(ep, 7);
    EXPECT_CURRENT(sys, sys.root());
    EXPECT_EQ(thread.state(), THREAD_BLOCKED_ON_SEND);
    EXPECT_OK(sys.TCB_SetPriority(thread.tcb, kTcb, 50));
    return thread;
}

TEST(CNodeCancelBadgedSends, NeedsAnEndpointWithAllRights)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    for (Word rights = 0; rights < 15; rights++) {
        CPtr weak = sys.mint(ep, 5, rights);
        sys.expect_unchanged(
            [&] { EXPECT_CALL_ERROR(cancel(sys, weak), STATUS_ILLEGAL_OPERATION, {}); });
    }
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    for (CPtr slot : {kEmpty, ntfn, kTcb, kCNode}) {
        EXPECT_CALL_ERROR(cancel(sys, slot), STATUS_ILLEGAL_OPERATION, {});
    }
    EXPECT_OK(cancel(sys, sys.mint(ep, 5)));
}

TEST(CNodeCancelBadgedSends, RestartsOnlySendersWithThisBadge)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr five = sys.mint(ep, 5);
    CPtr six = sys.mint(ep, 6);
    Thread five_send = sender(sys, five, false);
    Thread six_send = sender(sys, six, false);
    Thread five_call = sender(sys, five, true);
    Thread plain = sender(sys, ep, false);
    ASSERT_OK(cancel(sys, five));
    EXPECT_EQ(five_send.state(), THREAD_RESTART);
    EXPECT_EQ(five_call.state(), THREAD_RESTART);
    EXPECT_EQ(six_send.state(), THREAD_BLOCKED_ON_SEND);
    EXPECT_EQ(plain.state(), THREAD_BLOCKED_ON_SEND);
    EXPECT_EQ(sys.cap_at(five).badge, 5u);
}

TEST(CNodeCancelBadgedSends, ACancelledSenderSendsAgain)
{
    System sys;
    CPtr five = sys.mint(sys.make(ABI_OBJECT_ENDPOINT), 5);
    Thread thread = sender(sys, five, true);
    ASSERT_OK(cancel(sys, five));
    sys.park();
    EXPECT_CURRENT(sys, thread);
    EXPECT_FALSE(sys.refire());
    EXPECT_EQ(thread.state(), THREAD_BLOCKED_ON_SEND);
}

TEST(CNodeCancelBadgedSends, StopsSendersThatHaveFaulted)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr five = sys.mint(ep, 5);
    Thread faulter = sys.spawn({.priority = 110, .fault_ep = five});
    EXPECT_CURRENT(sys, faulter);
    sys.fault(2, 0);
    EXPECT_EQ(faulter.state(), THREAD_BLOCKED_ON_SEND);
    ASSERT_OK(cancel(sys, sys.mint(ep, 6)));
    EXPECT_EQ(faulter.state(), THREAD_BLOCKED_ON_SEND);
    ASSERT_OK(cancel(sys, five));
    EXPECT_EQ(faulter.state(), THREAD_INACTIVE);
    EXPECT_EQ(sys.endpoint_of(ep)->queue.head, nullptr);
}

TEST(CNodeCancelBadgedSends, WithoutBadgeDoesNothing)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    sender(sys, ep, false);
    sender(sys, sys.mint(ep, 5), false);
    sys.expect_unchanged([&] { EXPECT_OK(cancel(sys, ep)); });
}

TEST(CNodeCancelBadgedSends, LeavesReceiversAlone)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr five = sys.mint(ep, 5);
    Thread receiver = sys.spawn({.priority = 110});
    EXPECT_CURRENT(sys, receiver);
    sys.wait(five);
    ASSERT_EQ(receiver.state(), THREAD_BLOCKED_ON_RECEIVE);
    sys.expect_unchanged([&] { EXPECT_OK(cancel(sys, five)); });
}

} // namespace
} // namespace albireo
