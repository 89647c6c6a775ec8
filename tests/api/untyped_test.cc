/* SPDX-License-Identifier: BSD-2-Clause */

/* Untyped_Retype: every error in the order of the checks, and what a successful retype makes of
 * the memory (docs/abi/04, 15 section 15.3, 16 section 16.1).
 */
#include <cstring>

#include "tests/support/system.h"

namespace albireo {
namespace {

constexpr Word kLabel = ABI_LABEL_UNTYPED_RETYPE;

/* Where the object of a capability lies. */
Word address_of(const struct cap &cap)
{
    bool physical = cap.type == CAP_FRAME || cap.type == CAP_UNTYPED;
    return physical ? cap.paddr : reinterpret_cast<Word>(cap.slots) - SIM_WINDOW;
}

/* Whether the first 2^bits bytes of a capability's object are zero. */
bool is_zero(const System &sys, const struct cap &cap, Word bits)
{
    const auto *bytes =
        static_cast<const uint8_t *>(sim_ram(sys.sim(), address_of(cap), Word(1) << bits));
    for (Word i = 0; i < Word(1) << bits; i++) {
        if (bytes[i] != 0) {
            return false;
        }
    }
    return true;
}

void fill(const System &sys, const struct cap &cap, Word bits, uint8_t byte)
{
    memset(sim_ram(sys.sim(), address_of(cap), Word(1) << bits), byte, Word(1) << bits);
}

Word offset_in(const System &sys, CPtr untyped, CPtr object)
{
    return address_of(sys.cap_at(object)) - sys.cap_at(untyped).paddr;
}

/* --- Errors ----------------------------------------------------------------------------------- */

struct Refusal {
    const char *name;
    std::vector<Word> words; /* type, size_bits, index, depth, offset, number. */
    CPtr root;
    Word error;
    std::vector<Word> details;
};

void PrintTo(const Refusal &refusal, std::ostream *out)
{
    *out << refusal.name;
}

class RetypeRefuses : public ::testing::TestWithParam<Refusal> {};

TEST_P(RetypeRefuses, WithDetailsAndNoEffect)
{
    const Refusal &refusal = GetParam();
    System sys;
    CPtr untyped = sys.untyped(16);
    ASSERT_OK(sys.retype(untyped, ABI_OBJECT_ENDPOINT, 0, sys.alloc_slot()));
    sys.expect_unchanged([&] {
        Reply r = sys.call(untyped, kLabel, refusal.words, {refusal.root});
        EXPECT_CALL_ERROR(r, refusal.error, refusal.details);
    });
}

const Refusal kRefusals[] = {
    {"FiveWords", {1, 0, 0, 0, 4000}, kCNode, STATUS_TRUNCATED_MESSAGE, {}},
    {"NoWords", {}, kCNode, STATUS_TRUNCATED_MESSAGE, {}},
    {"Type11", {11, 0, 0, 0, 4000, 1}, kCNode, STATUS_INVALID_ARGUMENT, {0}},
    {"HugeType", {~Word(0), 0, 0, 0, 4000, 1}, kCNode, STATUS_INVALID_ARGUMENT, {0}},
    {"SizeBits64", {1, 64, 0, 0, 4000, 1}, kCNode, STATUS_RANGE_ERROR, {0, 38}},
    {"HugeSizeBits", {4, ~Word(0), 0, 0, 4000, 1}, kCNode, STATUS_RANGE_ERROR, {0, 38}},
    {"Untyped39", {0, 39, 0, 0, 4000, 1}, kCNode, STATUS_RANGE_ERROR, {0, 38}},
    {"CapTable34", {4, 34, 0, 0, 4000, 1}, kCNode, STATUS_RANGE_ERROR, {0, 38}},
    {"SchedContext39", {5, 39, 0, 0, 4000, 1}, kCNode, STATUS_RANGE_ERROR, {0, 38}},
    {"CapTable0", {4, 0, 0, 0, 4000, 1}, kCNode, STATUS_INVALID_ARGUMENT, {1}},
    {"Untyped3", {0, 3, 0, 0, 4000, 1}, kCNode, STATUS_INVALID_ARGUMENT, {1}},
    {"SchedContext6", {5, 6, 0, 0, 4000, 1}, kCNode, STATUS_INVALID_ARGUMENT, {1}},
    {"RootIsATcb", {1, 0, 0, 0, 4000, 1}, kTcb, STATUS_FAILED_LOOKUP, {0, 2, 0}},
    {"RootIsNull", {1, 0, 0, 0, 4000, 1}, 0, STATUS_FAILED_LOOKUP, {0, 2, 0}},
    {"RootIsATcbWithDepth", {1, 0, 0, 5, 4000, 1}, kTcb, STATUS_FAILED_LOOKUP, {0, 1}},
    {"Depth65", {1, 0, 0, 65, 4000, 1}, kCNode, STATUS_RANGE_ERROR, {1, 64}},
    {"HugeDepth", {1, 0, 0, ~Word(0), 4000, 1}, kCNode, STATUS_RANGE_ERROR, {1, 64}},
    {"DestinationIsATcb", {1, 0, kTcb, 64, 4000, 1}, kCNode, STATUS_FAILED_LOOKUP, {0, 2, 64}},
    {"DestinationIsEmpty", {1, 0, 0, 64, 4000, 1}, kCNode, STATUS_FAILED_LOOKUP, {0, 2, 64}},
    {"Depth12", {1, 0, 2, 12, 4096, 1}, kCNode, STATUS_FAILED_LOOKUP, {0, 4, 12, 0, 52}},
    {"Offset4096", {1, 0, 0, 0, 4096, 1}, kCNode, STATUS_RANGE_ERROR, {0, 4095}},
    {"Offset4096InNode", {1, 0, 2, 64, 4096, 1}, kCNode, STATUS_RANGE_ERROR, {0, 4095}},
    {"HugeOffset", {1, 0, 0, 0, ~Word(0), 1}, kCNode, STATUS_RANGE_ERROR, {0, 4095}},
    {"NoObjects", {1, 0, 0, 0, 4000, 0}, kCNode, STATUS_RANGE_ERROR, {1, 256}},
    {"Objects257", {1, 0, 0, 0, 3000, 257}, kCNode, STATUS_RANGE_ERROR, {1, 256}},
    {"HugeNumber", {1, 0, 0, 0, 3000, ~Word(0)}, kCNode, STATUS_RANGE_ERROR, {1, 256}},
    {"BeyondTheEnd", {1, 0, 0, 0, 4090, 7}, kCNode, STATUS_RANGE_ERROR, {1, 6}},
    {"Occupied", {1, 0, 0, 0, 1, 1}, kCNode, STATUS_DELETE_FIRST, {}},
    {"LastOccupied", {2, 0, 0, 0, 7, 3}, kCNode, STATUS_DELETE_FIRST, {}},
    {"TooLarge", {0, 38, 0, 0, 4000, 1}, kCNode, STATUS_NOT_ENOUGH_MEMORY, {0xFFF0}},
    {"TooMany", {8, 0, 0, 0, 4000, 16}, kCNode, STATUS_NOT_ENOUGH_MEMORY, {0xFFF0}},
};

INSTANTIATE_TEST_SUITE_P(Untyped, RetypeRefuses, ::testing::ValuesIn(kRefusals),
                         [](const auto &info) { return std::string(info.param.name); });

TEST(RetypeErrors, OtherLabelsAreIllegal)
{
    System sys;
    CPtr untyped = sys.untyped(12);
    for (Word label : {0u, 2u, 18u, 46u, 47u, 1000u}) {
        EXPECT_CALL_ERROR(sys.call(untyped, label, {}), STATUS_ILLEGAL_OPERATION, {});
    }
}

TEST(RetypeErrors, WithoutExtraCapTheMessageIsTruncated)
{
    System sys;
    CPtr untyped = sys.untyped(12);
    sys.expect_unchanged([&] {
        EXPECT_CALL_ERROR(sys.call(untyped, kLabel, {11, 0, 0, 0, 4000, 1}),
                          STATUS_TRUNCATED_MESSAGE, {});
    });
}

TEST(RetypeErrors, WithoutBufferTheMessageIsTruncated)
{
    System sys;
    CPtr untyped = sys.untyped(12);
    Thread bare = sys.spawn({.priority = 110, .with_buffer = false});
    EXPECT_CURRENT(sys, bare);
    /* Length 6 with one capability, but only the words in registers exist. */
    ASSERT_TRUE(sys.ecall(ABI_SYS_CALL, {untyped, kLabel << 12 | 1 << 7 | 6, 1, 0, 0, 0}));
    EXPECT_EQ(sys.message().label, Word(STATUS_TRUNCATED_MESSAGE));
}

TEST(RetypeErrors, DeviceMemoryMakesOnlyUntypedsAndFrames)
{
    System sys;
    CPtr device = sys.device_untyped(12);
    CPtr slot = sys.alloc_slot();
    const Word refused[][2] = {{ABI_OBJECT_TCB, 0},           {ABI_OBJECT_ENDPOINT, 0},
                               {ABI_OBJECT_NOTIFICATION, 0},  {ABI_OBJECT_CAP_TABLE, 1},
                               {ABI_OBJECT_SCHED_CONTEXT, 7}, {ABI_OBJECT_REPLY, 0},
                               {ABI_OBJECT_PAGE_TABLE, 0}};
    for (const Word(&object)[2] : refused) {
        sys.expect_unchanged([&] {
            EXPECT_CALL_ERROR(sys.retype(device, object[0], object[1], slot),
                              STATUS_INVALID_ARGUMENT, {1});
        });
    }
}

/* A message to a device untyped of 4 KiB that offends as many checks as can be, and then one less
 * each time: the first offended check answers. */
TEST(RetypeErrors, AnEarlierCheckWins)
{
    System sys;
    CPtr device = sys.device_untyped(12);
    CPtr last = 4095;
    ASSERT_OK(sys.CNode_Copy(kCNode, last, 64, kCNode, kTcb, 64, ABI_RIGHT_ALL));
    struct {
        std::vector<Word> words;
        CPtr root;
        Word error;
        std::vector<Word> details;
    } const steps[] = {
        {{11, 64, 0, 65, 4096}, kTcb, STATUS_TRUNCATED_MESSAGE, {}},
        {{11, 64, 0, 65, 4096, 0}, kTcb, STATUS_INVALID_ARGUMENT, {0}},
        {{1, 64, 0, 65, 4096, 0}, kTcb, STATUS_RANGE_ERROR, {0, 38}},
        {{4, 0, 0, 65, 4096, 0}, kTcb, STATUS_INVALID_ARGUMENT, {1}},
        {{0, 3, 0, 65, 4096, 0}, kTcb, STATUS_INVALID_ARGUMENT, {1}},
        {{5, 6, 0, 65, 4096, 0}, kTcb, STATUS_INVALID_ARGUMENT, {1}},
        {{4, 12, 0, 65, 4096, 0}, kTcb, STATUS_FAILED_LOOKUP, {0, 1}},
        {{4, 12, 0, 0, 4096, 0}, kTcb, STATUS_FAILED_LOOKUP, {0, 2, 0}},
        {{4, 12, 1, 65, 4096, 0}, kCNode, STATUS_RANGE_ERROR, {1, 64}},
        {{4, 12, 1, 63, 4096, 0}, kCNode, STATUS_FAILED_LOOKUP, {0, 3, 63, 64}},
        {{4, 12, 4000, 63, 4096, 0}, kCNode, STATUS_FAILED_LOOKUP, {0, 4, 63, 0, 52}},
        {{4, 12, 1, 64, 4096, 0}, kCNode, STATUS_FAILED_LOOKUP, {0, 2, 64}},
        {{4, 12, 2, 64, 4096, 0}, kCNode, STATUS_RANGE_ERROR, {0, 4095}},
        {{4, 12, 2, 64, 4095, 0}, kCNode, STATUS_RANGE_ERROR, {1, 256}},
        {{4, 12, 2, 64, 4095, 257}, kCNode, STATUS_RANGE_ERROR, {1, 256}},
        {{4, 12, 2, 64, 4095, 2}, kCNode, STATUS_RANGE_ERROR, {1, 1}},
        {{4, 12, 2, 64, 4095, 1}, kCNode, STATUS_DELETE_FIRST, {}},
        {{4, 12, 2, 64, 4094, 1}, kCNode, STATUS_NOT_ENOUGH_MEMORY, {4096}},
        {{4, 7, 2, 64, 4094, 1}, kCNode, STATUS_INVALID_ARGUMENT, {1}},
    };
    for (const auto &step : steps) {
        sys.expect_unchanged([&] {
            EXPECT_CALL_ERROR(sys.call(device, kLabel, step.words, {step.root}), step.error,
                              step.details);
        });
    }
    EXPECT_CALL_ERROR(sys.call(device, 2, {11, 64}), STATUS_ILLEGAL_OPERATION, {});
    EXPECT_OK(sys.call(device, kLabel, {8, 0, 2, 64, 4094, 1}, {kCNode}));
}

TEST(RetypeErrors, FailureDoesNotResetAChildlessUntyped)
{
    System sys;
    CPtr untyped = sys.untyped(13);
    CPtr frame = sys.alloc_slot();
    ASSERT_OK(sys.retype(untyped, ABI_OBJECT_PAGE_4K, 0, frame));
    fill(sys, sys.cap_at(frame), 12, 0x5A);
    ASSERT_OK(sys.del(frame));
    Word index = sys.cap_at(untyped).free_index;
    EXPECT_CALL_ERROR(sys.retype(untyped, ABI_OBJECT_UNTYPED, 14, frame), STATUS_NOT_ENOUGH_MEMORY,
                      {8192});
    EXPECT_EQ(sys.cap_at(untyped).free_index, index);
    EXPECT_FALSE(is_zero(sys, sys.cap_at(untyped), 13));
}

TEST(RetypeErrors, SendIsSilentOnErrorAndOnSuccess)
{
    System sys;
    CPtr untyped = sys.untyped(12);
    CPtr slot = sys.alloc_slot();
    Word a1 = kLabel << 12 | 1 << 7 | 6;
    for (Word type : {Word(99), Word(ABI_OBJECT_ENDPOINT)}) {
        Reply r = sys.send(untyped, kLabel, {type, 0, 0, 0, slot, 1}, {kCNode});
        EXPECT_TRUE(r.returned);
        EXPECT_EQ(sys.root().regs().x[REG_A0], untyped);
        EXPECT_EQ(sys.root().regs().x[REG_A1], a1);
        EXPECT_EQ(sys.root().regs().x[REG_A2], type);
        EXPECT_EQ(sys.is_empty(slot), type == 99);
    }
}

/* --- What is made ----------------------------------------------------------------------------- */

struct Object {
    const char *name;
    Word type;
    Word size_bits;
    Word bits; /* log2 of its size. */
    uint8_t cap;
};

void PrintTo(const Object &object, std::ostream *out)
{
    *out << object.name;
}

class RetypeMakes : public ::testing::TestWithParam<Object> {};

const Object kObjects[] = {
    {"SmallestUntyped", ABI_OBJECT_UNTYPED, 4, 4, CAP_UNTYPED},
    {"Untyped", ABI_OBJECT_UNTYPED, 13, 13, CAP_UNTYPED},
    {"Tcb", ABI_OBJECT_TCB, 0, CONFIG_TCB_BITS, CAP_TCB},
    {"TcbWhateverTheSize", ABI_OBJECT_TCB, 63, CONFIG_TCB_BITS, CAP_TCB},
    {"Endpoint", ABI_OBJECT_ENDPOINT, 0, 4, CAP_ENDPOINT},
    {"EndpointWhateverTheSize", ABI_OBJECT_ENDPOINT, 63, 4, CAP_ENDPOINT},
    {"Notification", ABI_OBJECT_NOTIFICATION, 0, 6, CAP_NOTIFICATION},
    {"SmallestCapTable", ABI_OBJECT_CAP_TABLE, 1, 6, CAP_CNODE},
    {"CapTable", ABI_OBJECT_CAP_TABLE, 8, 13, CAP_CNODE},
    {"SmallestSchedContext", ABI_OBJECT_SCHED_CONTEXT, 7, 7, CAP_SCHED_CONTEXT},
    {"SchedContext", ABI_OBJECT_SCHED_CONTEXT, 10, 10, CAP_SCHED_CONTEXT},
    {"Reply", ABI_OBJECT_REPLY, 0, 5, CAP_REPLY},
    {"Page", ABI_OBJECT_PAGE_4K, 0, 12, CAP_FRAME},
    {"MegaPage", ABI_OBJECT_MEGA_PAGE, 0, 21, CAP_FRAME},
    {"PageTable", ABI_OBJECT_PAGE_TABLE, 0, 12, CAP_PAGE_TABLE},
};

INSTANTIATE_TEST_SUITE_P(Untyped, RetypeMakes, ::testing::ValuesIn(kObjects),
                         [](const auto &info) { return std::string(info.param.name); });

TEST_P(RetypeMakes, TwoThatFillMemoryOfTwiceTheSize)
{
    const Object &object = GetParam();
    System sys;
    CPtr untyped = sys.untyped(object.bits + 1);
    CPtr slots = sys.alloc_slots(3);
    ASSERT_OK(sys.retype(untyped, object.type, object.size_bits, slots));
    ASSERT_OK(sys.retype(untyped, object.type, object.size_bits, slots + 1));
    EXPECT_EQ(sys.cap_at(slots).type, object.cap);
    EXPECT_EQ(sys.cap_at(slots + 1).type, object.cap);
    EXPECT_EQ(offset_in(sys, untyped, slots), 0u);
    EXPECT_EQ(offset_in(sys, untyped, slots + 1), Word(1) << object.bits);
    EXPECT_CALL_ERROR(sys.retype(untyped, object.type, object.size_bits, slots + 2),
                      STATUS_NOT_ENOUGH_MEMORY, {0});
}

TEST_P(RetypeMakes, OneThatExactlyFits)
{
    const Object &object = GetParam();
    System sys;
    CPtr untyped = sys.untyped(object.bits);
    CPtr slots = sys.alloc_slots(2);
    EXPECT_CALL_ERROR(sys.retype(untyped, object.type, object.size_bits, slots, 2),
                      STATUS_NOT_ENOUGH_MEMORY, {Word(1) << object.bits});
    EXPECT_OK(sys.retype(untyped, object.type, object.size_bits, slots));
}

TEST_P(RetypeMakes, ChildrenOfTheUntyped)
{
    const Object &object = GetParam();
    System sys;
    CPtr untyped = sys.untyped(object.bits + 1);
    CPtr slots = sys.alloc_slots(2);
    ASSERT_OK(sys.retype(untyped, object.type, object.size_bits, slots, 2));
    ASSERT_OK(sys.revoke(untyped));
    EXPECT_TRUE(sys.is_empty(slots));
    EXPECT_TRUE(sys.is_empty(slots + 1));
}

TEST(RetypeEffects, SuccessIsAnEmptyMessage)
{
    System sys;
    CPtr untyped = sys.untyped(12);
    Reply r = sys.retype(untyped, ABI_OBJECT_ENDPOINT, 0, sys.alloc_slot());
    EXPECT_OK(r);
    EXPECT_EQ(r.badge, 0u);
    EXPECT_EQ(sys.root().regs().x[REG_A1], 0u);
}

TEST(RetypeEffects, LargePagesOfAGibibyteComeFromDeviceMemory)
{
    System sys;
    CPtr untyped = sys.device_untyped(30);
    CPtr slot = sys.alloc_slots(2);
    ASSERT_OK(sys.retype(untyped, ABI_OBJECT_GIGA_PAGE, 0, slot));
    EXPECT_EQ(sys.cap_at(slot).type, CAP_FRAME);
    EXPECT_EQ(sys.cap_at(slot).bits, 30u);
    EXPECT_TRUE(sys.cap_at(slot).device);
    EXPECT_CALL_ERROR(sys.retype(untyped, ABI_OBJECT_GIGA_PAGE, 0, slot + 1),
                      STATUS_NOT_ENOUGH_MEMORY, {0});
}

TEST(RetypeEffects, FramesAndUntypedsOfDeviceMemoryAreDevice)
{
    System sys;
    CPtr device = sys.device_untyped(14);
    CPtr slots = sys.alloc_slots(3);
    ASSERT_OK(sys.retype(device, ABI_OBJECT_PAGE_4K, 0, slots));
    ASSERT_OK(sys.retype(device, ABI_OBJECT_UNTYPED, 12, slots + 1));
    EXPECT_TRUE(sys.cap_at(slots).device);
    EXPECT_TRUE(sys.cap_at(slots + 1).device);
    EXPECT_CALL_ERROR(sys.retype(slots + 1, ABI_OBJECT_ENDPOINT, 0, slots + 2),
                      STATUS_INVALID_ARGUMENT, {1});
    ASSERT_OK(sys.retype(slots + 1, ABI_OBJECT_PAGE_4K, 0, slots + 2));
    EXPECT_TRUE(sys.cap_at(slots + 2).device);
    EXPECT_FALSE(sys.cap_at(sys.make(ABI_OBJECT_PAGE_4K)).device);
}

TEST(RetypeEffects, ChildlessDeviceMemoryStartsFromTheBeginning)
{
    System sys;
    CPtr device = sys.device_untyped(13);
    CPtr slots = sys.alloc_slots(2);
    ASSERT_OK(sys.retype(device, ABI_OBJECT_PAGE_4K, 0, slots, 2));
    ASSERT_OK(sys.revoke(device));
    ASSERT_OK(sys.retype(device, ABI_OBJECT_PAGE_4K, 0, slots, 2));
    EXPECT_EQ(offset_in(sys, device, slots), 0u);
}

TEST(RetypeEffects, ObjectsOfOneCallLieInARow)
{
    System sys;
    CPtr untyped = sys.untyped(14);
    CPtr slots = sys.alloc_slots(256);
    ASSERT_OK(sys.retype(untyped, ABI_OBJECT_NOTIFICATION, 0, slots, 256));
    for (Word i = 0; i < 256; i++) {
        EXPECT_EQ(offset_in(sys, untyped, slots + i), i * 64);
    }
    EXPECT_EQ(sys.cap_at(untyped).free_index * 16, 1u << 14);
}

TEST(RetypeEffects, EveryObjectIsAlignedToItsSize)
{
    System sys;
    CPtr untyped = sys.untyped(14);
    CPtr slots = sys.alloc_slots(5);
    ASSERT_OK(sys.retype(untyped, ABI_OBJECT_ENDPOINT, 0, slots));
    ASSERT_OK(sys.retype(untyped, ABI_OBJECT_NOTIFICATION, 0, slots + 1));
    ASSERT_OK(sys.retype(untyped, ABI_OBJECT_ENDPOINT, 0, slots + 2));
    ASSERT_OK(sys.retype(untyped, ABI_OBJECT_PAGE_4K, 0, slots + 3));
    ASSERT_OK(sys.retype(untyped, ABI_OBJECT_REPLY, 0, slots + 4));
    EXPECT_EQ(offset_in(sys, untyped, slots), 0u);
    EXPECT_EQ(offset_in(sys, untyped, slots + 1), 64u);
    EXPECT_EQ(offset_in(sys, untyped, slots + 2), 128u);
    EXPECT_EQ(offset_in(sys, untyped, slots + 3), 4096u);
    EXPECT_EQ(offset_in(sys, untyped, slots + 4), 8192u);
    EXPECT_EQ(sys.cap_at(untyped).free_index, (8192u + 32u) / 16u);
}

/* Check 14 does not count what rounding up loses; with a power of two it never matters. */
TEST(RetypeEffects, OneMoreThanFitsAfterRoundingIsRefused)
{
    System sys;
    CPtr untyped = sys.untyped(13);
    CPtr slots = sys.alloc_slots(3);
    ASSERT_OK(sys.retype(untyped, ABI_OBJECT_ENDPOINT, 0, slots));
    EXPECT_CALL_ERROR(sys.retype(untyped, ABI_OBJECT_PAGE_4K, 0, slots + 1, 2),
                      STATUS_NOT_ENOUGH_MEMORY, {8192 - 16});
    EXPECT_OK(sys.retype(untyped, ABI_OBJECT_PAGE_4K, 0, slots + 1));
    EXPECT_CALL_ERROR(sys.retype(untyped, ABI_OBJECT_PAGE_4K, 0, slots + 2),
                      STATUS_NOT_ENOUGH_MEMORY, {0});
}

TEST(RetypeEffects, NodeDepth0UsesTheRootWhateverTheIndex)
{
    System sys;
    CPtr untyped = sys.untyped(12);
    CPtr slot = sys.alloc_slot();
    ASSERT_OK(sys.call(untyped, kLabel, {2, 0, ~Word(0), 0, slot, 1}, {kCNode}));
    EXPECT_EQ(sys.cap_at(slot).type, CAP_ENDPOINT);
}

TEST(RetypeEffects, TheDestinationMayBeANestedCNode)
{
    System sys;
    CPtr untyped = sys.untyped(12);
    CPtr node = sys.make_cnode(2);
    ASSERT_OK(sys.call(untyped, kLabel, {2, 0, node, 64, 1, 3}, {kCNode}));
    const struct slot *slots = sys.cap_at(node).slots;
    EXPECT_EQ(slots[0].cap.type, CAP_NULL);
    for (int i = 1; i < 4; i++) {
        EXPECT_EQ(slots[i].cap.type, CAP_ENDPOINT);
    }
    EXPECT_CALL_ERROR(sys.call(untyped, kLabel, {2, 0, node, 64, 4, 1}, {kCNode}),
                      STATUS_RANGE_ERROR, {0, 3});
}

/* --- Initial state of objects ----------------------------------------------------------------- */

TEST(NewObjects, EndpointHasAllRightsAndNoBadge)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    EXPECT_EQ(sys.cap_at(ep).rights, ABI_RIGHT_ALL);
    EXPECT_EQ(sys.cap_at(ep).badge, 0u);
    EXPECT_EQ(sys.endpoint_of(ep)->queue.head, nullptr);
}

TEST(NewObjects, NotificationCanSignalAndWaitAndIsUnbound)
{
    System sys;
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    EXPECT_EQ(sys.cap_at(ntfn).rights, ABI_RIGHT_READ | ABI_RIGHT_WRITE);
    EXPECT_EQ(sys.cap_at(ntfn).badge, 0u);
    EXPECT_EQ(sys.ntfn_of(ntfn)->state, NTFN_IDLE);
    EXPECT_EQ(sys.ntfn_of(ntfn)->bound, nullptr);
    EXPECT_EQ(sys.ntfn_of(ntfn)->sc, nullptr);
}

TEST(NewObjects, ReplyMayGrantAndIsUnused)
{
    System sys;
    CPtr reply = sys.make(ABI_OBJECT_REPLY);
    EXPECT_EQ(sys.cap_at(reply).rights, ABI_RIGHT_GRANT);
    EXPECT_EQ(sys.reply_of(reply)->thread, nullptr);
}

TEST(NewObjects, CapTableIsEmptyWithoutGuard)
{
    System sys;
    CPtr node = sys.make_cnode(6);
    EXPECT_EQ(sys.cap_at(node).bits, 6u);
    EXPECT_EQ(sys.cap_at(node).guard, 0u);
    EXPECT_EQ(sys.cap_at(node).guard_bits, 0u);
    for (int i = 0; i < 64; i++) {
        EXPECT_EQ(sys.cap_at(node).slots[i].cap.type, CAP_NULL);
    }
}

TEST(NewObjects, TcbIsInactiveWithNothing)
{
    System sys;
    const struct thread *thread = sys.thread_of(sys.make(ABI_OBJECT_TCB));
    EXPECT_EQ(thread->state, THREAD_INACTIVE);
    EXPECT_EQ(thread->priority, 0u);
    EXPECT_EQ(thread->mcp, 0u);
    EXPECT_EQ(thread->domain, 0u);
    EXPECT_EQ(thread->flags, 0u);
    EXPECT_EQ(thread->core, 0u);
    EXPECT_EQ(thread->sc, nullptr);
    EXPECT_EQ(thread->bound_ntfn, nullptr);
    EXPECT_EQ(thread->regs.pc, 0u);
    if (CONFIG_DEBUG) {
        EXPECT_STREQ(thread->name, "child of: 'rootserver'");
    }
    for (int i = 0; i < 32; i++) {
        EXPECT_EQ(thread->regs.x[i], 0u);
    }
    for (const struct slot &slot : thread->slots) {
        EXPECT_EQ(slot.cap.type, CAP_NULL);
    }
}

TEST(NewObjects, SchedContextIsNotConfigured)
{
    System sys;
    const struct sched_context *sc = sys.sc_of(sys.make(ABI_OBJECT_SCHED_CONTEXT, 8));
    EXPECT_EQ(sc->refills.max, 0u);
    EXPECT_EQ(sc->thread, nullptr);
    EXPECT_EQ(sc->ntfn, nullptr);
    EXPECT_EQ(sc->badge, 0u);
    EXPECT_EQ(sc->core, 0u);
    EXPECT_FALSE(sc->sporadic);
}

/* (2^k - 96) / 16 refills fit, of which two are always there. */
TEST(NewObjects, SchedContextHoldsAsManyRefillsAsFit)
{
    System sys;
    for (Word bits = 7; bits <= 12; bits++) {
        Word extra = ((Word(1) << bits) - 96) / 16 - 2;
        CPtr sc = sys.make(ABI_OBJECT_SCHED_CONTEXT, bits);
        EXPECT_CALL_ERROR(
            sys.SchedControl_ConfigureFlags(sys.sched_control(), sc, 1000, 2000, extra + 1, 0, 0),
            STATUS_RANGE_ERROR, {0, extra});
        EXPECT_OK(
            sys.SchedControl_ConfigureFlags(sys.sched_control(), sc, 1000, 2000, extra, 0, 0));
    }
}

TEST(NewObjects, FrameIsReadWriteAndUnmapped)
{
    System sys;
    for (Word type : {ABI_OBJECT_PAGE_4K, ABI_OBJECT_MEGA_PAGE}) {
        const struct cap &cap = sys.cap_at(sys.make(type));
        EXPECT_EQ(cap.rights, ABI_RIGHT_READ | ABI_RIGHT_WRITE);
        EXPECT_EQ(cap.asid, 0u);
        EXPECT_EQ(cap.bits, type == ABI_OBJECT_PAGE_4K ? 12u : 21u);
    }
}

TEST(NewObjects, PageTableIsEmptyAndUnmapped)
{
    System sys;
    const struct cap &cap = sys.cap_at(sys.make(ABI_OBJECT_PAGE_TABLE));
    EXPECT_EQ(cap.asid, 0u);
    EXPECT_TRUE(is_zero(sys, cap, 12));
}

TEST(NewObjects, UntypedIsUnused)
{
    System sys;
    CPtr slot = sys.alloc_slot();
    ASSERT_OK(sys.retype(sys.untyped(12), ABI_OBJECT_UNTYPED, 10, slot));
    EXPECT_EQ(sys.cap_at(slot).bits, 10u);
    EXPECT_EQ(sys.cap_at(slot).free_index, 0u);
    EXPECT_FALSE(sys.cap_at(slot).device);
}

/* --- Reset and reuse -------------------------------------------------------------------------- */

/* Fills the untyped of 2^13 bytes with two frames of dirt and deletes those. */
CPtr dirty_untyped(System &sys)
{
    CPtr untyped = sys.untyped(13);
    CPtr frames = sys.alloc_slots(2);
    EXPECT_OK(sys.retype(untyped, ABI_OBJECT_PAGE_4K, 0, frames, 2));
    fill(sys, sys.cap_at(untyped), 13, 0xA5);
    EXPECT_OK(sys.del(frames));
    EXPECT_OK(sys.del(frames + 1));
    return untyped;
}

TEST(UntypedReset, DeletingSomeChildrenFreesNothing)
{
    System sys;
    CPtr untyped = sys.untyped(13);
    CPtr frames = sys.alloc_slots(2);
    ASSERT_OK(sys.retype(untyped, ABI_OBJECT_PAGE_4K, 0, frames, 2));
    for (CPtr deleted : {frames, frames + 1}) {
        Snapshot both = sys.snapshot();
        ASSERT_OK(sys.del(deleted));
        EXPECT_CALL_ERROR(sys.retype(untyped, ABI_OBJECT_ENDPOINT, 0, deleted),
                          STATUS_NOT_ENOUGH_MEMORY, {0});
        sys.restore(both);
    }
}

TEST(UntypedReset, AfterTheLastChildTheNextRetypeStartsWithZeroedMemory)
{
    System sys;
    CPtr untyped = dirty_untyped(sys);
    CPtr frame = sys.alloc_slot();
    ASSERT_OK(sys.retype(untyped, ABI_OBJECT_PAGE_4K, 0, frame));
    EXPECT_EQ(offset_in(sys, untyped, frame), 0u);
    EXPECT_TRUE(is_zero(sys, sys.cap_at(untyped), 13));
    EXPECT_EQ(sys.cap_at(untyped).free_index, 256u);
}

TEST(UntypedReset, ZeroesWhateverTheNewObjectIs)
{
    for (Word type : {ABI_OBJECT_ENDPOINT, ABI_OBJECT_UNTYPED, ABI_OBJECT_PAGE_TABLE}) {
        System sys;
        CPtr untyped = dirty_untyped(sys);
        ASSERT_OK(sys.retype(untyped, type, 12, sys.alloc_slot()));
        EXPECT_TRUE(is_zero(sys, sys.cap_at(untyped), 13));
    }
}

TEST(UntypedReset, OnlyWhenTheNextRetypeHappens)
{
    System sys;
    CPtr untyped = dirty_untyped(sys);
    EXPECT_EQ(sys.cap_at(untyped).free_index, 512u);
    EXPECT_FALSE(is_zero(sys, sys.cap_at(untyped), 13));
}

TEST(UntypedReset, WithAChildNothingIsZeroed)
{
    System sys;
    CPtr untyped = sys.untyped(14);
    CPtr frames = sys.alloc_slots(3);
    ASSERT_OK(sys.retype(untyped, ABI_OBJECT_PAGE_4K, 0, frames, 2));
    fill(sys, sys.cap_at(untyped), 13, 0xA5);
    ASSERT_OK(sys.del(frames));
    ASSERT_OK(sys.retype(untyped, ABI_OBJECT_PAGE_4K, 0, frames + 2));
    EXPECT_EQ(offset_in(sys, untyped, frames + 2), 8192u);
    const auto *bytes = static_cast<uint8_t *>(sim_ram(sys.sim(), sys.cap_at(untyped).paddr, 8192));
    EXPECT_EQ(bytes[0], 0xA5);
    EXPECT_EQ(bytes[8191], 0xA5);
}

TEST(UntypedReset, SmallUntypedsToo)
{
    System sys;
    for (Word bits = 4; bits <= 9; bits++) {
        CPtr untyped = sys.untyped(bits);
        CPtr slot = sys.alloc_slot();
        for (int round = 0; round < 3; round++) {
            ASSERT_OK(sys.retype(untyped, ABI_OBJECT_UNTYPED, bits, slot));
            EXPECT_TRUE(is_zero(sys, sys.cap_at(slot), bits)) << bits;
            EXPECT_CALL_ERROR(sys.retype(untyped, ABI_OBJECT_UNTYPED, 4, sys.alloc_slot()),
                              STATUS_NOT_ENOUGH_MEMORY, {0});
            fill(sys, sys.cap_at(slot), bits, 0xFF);
            ASSERT_OK(sys.del(slot));
        }
    }
}

TEST(UntypedReset, CopiesKeepAnObjectsMemoryInUse)
{
    System sys;
    CPtr untyped = sys.untyped(12);
    CPtr slots = sys.alloc_slots(2);
    ASSERT_OK(sys.retype(untyped, ABI_OBJECT_PAGE_4K, 0, slots));
    CPtr copy = sys.copy(slots);
    ASSERT_OK(sys.del(slots));
    EXPECT_CALL_ERROR(sys.retype(untyped, ABI_OBJECT_ENDPOINT, 0, slots + 1),
                      STATUS_NOT_ENOUGH_MEMORY, {0});
    ASSERT_OK(sys.del(copy));
    EXPECT_OK(sys.retype(untyped, ABI_OBJECT_PAGE_4K, 0, slots + 1));
}

TEST(UntypedReset, GrandchildrenKeepAnUntypedInUse)
{
    System sys;
    CPtr untyped = sys.untyped(13);
    CPtr inner = sys.alloc_slot();
    CPtr slots = sys.alloc_slots(2);
    ASSERT_OK(sys.retype(untyped, ABI_OBJECT_UNTYPED, 12, inner));
    ASSERT_OK(sys.retype(inner, ABI_OBJECT_ENDPOINT, 0, slots));
    ASSERT_OK(sys.del(inner));
    EXPECT_CALL_ERROR(sys.retype(untyped, ABI_OBJECT_UNTYPED, 13, slots + 1),
                      STATUS_NOT_ENOUGH_MEMORY, {4096});
    ASSERT_OK(sys.del(slots));
    EXPECT_OK(sys.retype(untyped, ABI_OBJECT_UNTYPED, 13, slots + 1));
}

TEST(UntypedReset, ACopyTakesTheMemory)
{
    System sys;
    CPtr untyped = sys.untyped(12);
    CPtr slots = sys.alloc_slots(2);
    CPtr copy = sys.copy(untyped);
    EXPECT_EQ(sys.cap_at(copy).free_index, 0u);
    EXPECT_EQ(sys.cap_at(untyped).free_index, 256u);
    EXPECT_CALL_ERROR(sys.retype(untyped, ABI_OBJECT_ENDPOINT, 0, slots), STATUS_NOT_ENOUGH_MEMORY,
                      {0});
    EXPECT_OK(sys.retype(copy, ABI_OBJECT_PAGE_4K, 0, slots));
    ASSERT_OK(sys.revoke(untyped));
    EXPECT_TRUE(sys.is_empty(copy));
    EXPECT_TRUE(sys.is_empty(slots));
    EXPECT_OK(sys.retype(untyped, ABI_OBJECT_PAGE_4K, 0, slots));
}

/* The untypeds of BootInfo that nobody has used: slot number and the device flag. */
TEST(BootUntypeds, AreFullButChildless)
{
    System sys;
    CPtr start = sys.bootinfo()[21];
    CPtr end = sys.bootinfo()[22];
    uint32_t seen = 0;
    for (CPtr slot = start; slot < end; slot++) {
        const struct cap &cap = sys.cap_at(slot);
        if (slot == sys.ram_untyped() || cap.bits > 16) {
            continue;
        }
        EXPECT_EQ(cap.free_index * 16, Word(1) << cap.bits);
        if (!cap.device) {
            fill(sys, cap, cap.bits, 0x77);
        }
        CPtr whole = sys.alloc_slot();
        EXPECT_OK(sys.retype(slot, ABI_OBJECT_UNTYPED, cap.bits, whole));
        EXPECT_TRUE(cap.device || is_zero(sys, cap, cap.bits));
        seen++;
    }
    EXPECT_GT(seen, 0u);
}

} // namespace
} // namespace albireo
