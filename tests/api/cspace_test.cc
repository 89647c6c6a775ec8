/* SPDX-License-Identifier: BSD-2-Clause */

/* Resolving capability pointers: system calls' lookups, slot lookups, and a comparison of both with
 * a naive resolver over random CSpaces (docs/abi/03 sections 3.4 and 3.5, 15 section 15.2).
 */
#include <random>

#include "tests/support/system.h"

namespace albireo {
namespace {

/* The guard word of section 2.2. */
Word guard_word(Word value, Word size)
{
    return value << 6 | size;
}

/* --- System calls ----------------------------------------------------------------------------- */

/* A thread above root with a CSpace of its own; its faults come to `fault_ep`. */
struct Caller {
    explicit Caller(System &system) : sys(system)
    {
        ep = sys.make(ABI_OBJECT_ENDPOINT);
        reply = sys.make(ABI_OBJECT_REPLY);
    }

    void start(CPtr cspace)
    {
        thread = sys.spawn({.priority = 110, .cspace = cspace, .fault_ep = ep});
        EXPECT_CURRENT(sys, thread);
    }

    /* The words of the CapFault that the thread has just raised. */
    std::vector<Word> fault()
    {
        EXPECT_CURRENT(sys, sys.root());
        Reply r = sys.nb_recv(ep, reply);
        EXPECT_EQ(r.label, Word(FAULT_CAP));
        return r.words;
    }

    /* What follows the pointer in a CapFault: phase, kind, and so on. */
    void expect_fault(CPtr pointer, const std::vector<Word> &rest)
    {
        Word pc = thread.regs().fault_pc;
        std::vector<Word> expected = {pc, pointer};
        expected.insert(expected.end(), rest.begin(), rest.end());
        EXPECT_EQ(fault(), expected);
    }

    System &sys;
    CPtr ep;
    CPtr reply;
    Thread thread;
};

TEST(SyscallLookup, ACSpaceOf64LevelsResolves)
{
    System sys;
    const CPtr pointer = 0xA5C3F00F12345679;
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    CPtr inner = sys.copy(ntfn);
    for (Word level = 0; level < 64; level++) {
        CPtr node = sys.make_cnode(1);
        ASSERT_OK(sys.CNode_Move(node, pointer >> level & 1, 1, kCNode, inner, 64));
        inner = node;
    }
    Caller caller(sys);
    caller.start(inner);
    EXPECT_TRUE(sys.signal(pointer).returned);
    EXPECT_EQ(sys.ntfn_of(ntfn)->state, NTFN_ACTIVE);
}

TEST(SyscallLookup, EveryBitOf64LevelsCounts)
{
    System sys;
    const CPtr pointer = 0xA5C3F00F12345679;
    CPtr inner = sys.make(ABI_OBJECT_NOTIFICATION);
    for (Word level = 0; level < 64; level++) {
        CPtr node = sys.make_cnode(1);
        ASSERT_OK(sys.CNode_Move(node, pointer >> level & 1, 1, kCNode, inner, 64));
        inner = node;
    }
    Caller caller(sys);
    caller.start(inner);
    for (Word bit = 0; bit < 64; bit++) {
        /* The other slot of that level is empty. */
        EXPECT_CALL_ERROR(sys.call(pointer ^ Word(1) << bit, 1), STATUS_INVALID_CAPABILITY, {0});
    }
}

TEST(SyscallLookup, StopsAtTheFirstCapabilityThatIsNoCNode)
{
    System sys;
    CPtr node = sys.make_cnode(4);
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    ASSERT_OK(sys.CNode_Copy(node, 9, 4, kCNode, ntfn, 64, ABI_RIGHT_ALL));
    Caller caller(sys);
    caller.start(node);
    for (Word rest : {Word(0), Word(1), ~Word(0) >> 4}) {
        sys.signal(Word(9) << 60 | rest);
        EXPECT_EQ(sys.ntfn_of(ntfn)->state, NTFN_ACTIVE);
        sys.nb_wait(Word(9) << 60 | rest);
        EXPECT_EQ(sys.ntfn_of(ntfn)->state, NTFN_IDLE);
    }
}

TEST(SyscallLookup, AnEmptySlotIsANullCapability)
{
    System sys;
    CPtr node = sys.make_cnode(4);
    Caller caller(sys);
    caller.start(node);
    EXPECT_CALL_ERROR(sys.call(Word(3) << 60, 1), STATUS_INVALID_CAPABILITY, {0});
    EXPECT_TRUE(sys.send(Word(3) << 60, 1).returned);
    sys.recv(Word(3) << 60);
    caller.expect_fault(Word(3) << 60, {1, 2, 0});
}

TEST(SyscallLookup, AGuardThatDiffersFaults)
{
    System sys;
    CPtr node = sys.make_cnode(4);
    CPtr guarded = sys.mint(node, guard_word(0x2A, 8));
    Caller caller(sys);
    caller.start(guarded);
    EXPECT_CALL_ERROR(sys.call(Word(0x2A3) << 52, 1), STATUS_INVALID_CAPABILITY, {0});
    sys.call(Word(0x2B3) << 52, 1);
    caller.expect_fault(Word(0x2B3) << 52, {0, 4, 64, 0x2A, 8});
}

TEST(SyscallLookup, AGuardOfASecondLevelSeesTheBitsLeft)
{
    System sys;
    CPtr outer = sys.make_cnode(4);
    CPtr inner = sys.make_cnode(4);
    ASSERT_OK(sys.CNode_Mint(outer, 1, 4, kCNode, inner, 64, 15, guard_word(5, 50)));
    Caller caller(sys);
    caller.start(outer);
    sys.call(Word(1) << 60 | Word(4) << 10, 1);
    caller.expect_fault(Word(1) << 60 | Word(4) << 10, {0, 4, 60, 5, 50});
}

TEST(SyscallLookup, AGuardLongerThanTheBitsLeftFaults)
{
    System sys;
    CPtr outer = sys.make_cnode(4);
    CPtr inner = sys.make_cnode(1);
    ASSERT_OK(sys.CNode_Mint(outer, 1, 4, kCNode, inner, 64, 15, guard_word(0, 63)));
    Caller caller(sys);
    caller.start(outer);
    sys.call(Word(1) << 60, 1);
    caller.expect_fault(Word(1) << 60, {0, 4, 60, 0, 63});
}

TEST(SyscallLookup, ALevelDeeperThanTheBitsLeftFaults)
{
    System sys;
    CPtr outer = sys.make_cnode(4);
    CPtr inner = sys.make_cnode(2);
    ASSERT_OK(sys.CNode_Mint(outer, 1, 4, kCNode, inner, 64, 15, guard_word(0, 59)));
    Caller caller(sys);
    caller.start(outer);
    sys.call(Word(1) << 60, 1);
    caller.expect_fault(Word(1) << 60, {0, 3, 60, 61});
}

TEST(SyscallLookup, ACNodeInItselfUsesTheBitsUp)
{
    System sys;
    CPtr node = sys.make_cnode(3);
    ASSERT_OK(sys.CNode_Copy(node, 0, 3, kCNode, node, 64, 15));
    Caller caller(sys);
    caller.start(node);
    sys.call(0, 1); /* 21 levels of 3 bits leave one. */
    caller.expect_fault(0, {0, 3, 1, 3});
}

TEST(SyscallLookup, WithoutCSpaceThereIsNoRoot)
{
    System sys;
    CPtr node = sys.make_cnode(4);
    Caller caller(sys);
    Thread thread =
        sys.spawn({.priority = 110, .cspace = node, .fault_ep = caller.ep, .start = false});
    ASSERT_OK(sys.revoke(node));
    sys.TCB_Resume(thread.tcb);
    caller.thread = thread;
    EXPECT_CURRENT(sys, thread);
    sys.nb_send(1, 1);
    EXPECT_CURRENT(sys, thread);
    sys.call(1, 1);
    caller.expect_fault(1, {0, 1});
}

TEST(SyscallLookup, ExtraCapsThatDoNotResolveFault)
{
    System sys;
    CPtr node = sys.make_cnode(4);
    CPtr guarded = sys.mint(node, guard_word(1, 4));
    ASSERT_OK(sys.CNode_Copy(node, 2, 4, kCNode, sys.make(ABI_OBJECT_TCB), 64, 15));
    Caller caller(sys);
    caller.start(guarded);
    CPtr tcb = Word(0x12) << 56;
    sys.call(tcb, ABI_LABEL_TCB_SET_PRIORITY, {1}, {Word(0x22) << 56});
    caller.expect_fault(Word(0x22) << 56, {0, 4, 64, 1, 4});
}

/* --- Slot lookups ----------------------------------------------------------------------------- */

TEST(SlotLookup, TheRootIsCheckedBeforeTheDepth)
{
    System sys;
    EXPECT_CALL_ERROR(sys.CNode_Copy(kCNode, 4000, 64, kTcb, 1, 0, 15), STATUS_FAILED_LOOKUP,
                      {1, 1});
    EXPECT_CALL_ERROR(sys.CNode_Copy(kCNode, 4000, 64, kCNode, 1, 0, 15), STATUS_RANGE_ERROR,
                      {1, 64});
}

TEST(SlotLookup, OnlyTheLowBitsOfTheIndexTakePart)
{
    System sys;
    CPtr node = sys.make_cnode(4);
    for (Word noise : {Word(0), Word(1) << 4, ~Word(0) << 4}) {
        EXPECT_OK(sys.CNode_Copy(node, noise | 5, 4, kCNode, kTcb, 64, 15));
        EXPECT_EQ(sys.cap_at(node).slots[5].cap.type, CAP_TCB);
        EXPECT_OK(sys.CNode_Delete(node, noise | 5, 4));
        EXPECT_EQ(sys.cap_at(node).slots[5].cap.type, CAP_NULL);
    }
}

TEST(SlotLookup, TheDepthMustBeExact)
{
    System sys;
    CPtr node = sys.make_cnode(4);
    ASSERT_OK(sys.CNode_Copy(node, 0, 4, kCNode, kTcb, 64, 15));
    for (Word depth = 1; depth < 4; depth++) {
        EXPECT_CALL_ERROR(sys.CNode_Delete(node, 0, depth), STATUS_FAILED_LOOKUP, {0, 3, depth, 4});
    }
    for (Word depth = 5; depth <= 64; depth++) {
        EXPECT_CALL_ERROR(sys.CNode_Delete(node, 0, depth), STATUS_FAILED_LOOKUP,
                          {0, 3, depth - 4, 0});
    }
    EXPECT_OK(sys.CNode_Delete(node, 0, 4));
}

/* With the exact depth the slot itself is named, whatever it holds. */
TEST(SlotLookup, ACNodeInTheSlotIsNotEntered)
{
    System sys;
    CPtr outer = sys.make_cnode(4);
    CPtr inner = sys.make_cnode(4);
    ASSERT_OK(sys.CNode_Move(outer, 7, 4, kCNode, inner, 64));
    ASSERT_OK(sys.CNode_Copy(outer, 0x7A, 8, kCNode, kTcb, 64, 15));
    EXPECT_EQ(sys.cap_at(outer).slots[7].cap.slots[10].cap.type, CAP_TCB);
    ASSERT_OK(sys.CNode_Delete(outer, 7, 4));
    EXPECT_EQ(sys.cap_at(outer).slots[7].cap.type, CAP_NULL);
}

TEST(SlotLookup, AnEmptySlotOnTheWayLeavesBits)
{
    System sys;
    CPtr node = sys.make_cnode(4);
    EXPECT_CALL_ERROR(sys.CNode_Delete(node, 0x7A, 8), STATUS_FAILED_LOOKUP, {0, 3, 4, 0});
}

/* --- Against a naive resolver ----------------------------------------------------------------- */

/* A CNode capability as section 3.4 sees it. Slots hold a child or a leaf with a badge. */
struct Node {
    CPtr cptr = 0;
    Word radix = 0;
    Word guard = 0;
    Word guard_bits = 0;
    std::vector<int> children; /* Per slot: index of a Node, or kLeaf. */
    std::vector<Word> badges;
};

constexpr int kLeaf = -1;

class RandomCSpace {
  public:
    RandomCSpace(System &sys, uint64_t seed);
    /* A random address, likely to match some guards. */
    Word address(Word bits);
    /* The badge of the leaf that is found, or the details of the FailedLookup. */
    bool resolve(Word address, Word bits, Word *badge, std::vector<Word> *failure) const;

    /* The bits left when a leaf is found, else 0. */
    Word left_over(Word address, Word bits) const;

    std::mt19937_64 random;
    std::vector<Node> nodes;

  private:
    void fill(System &sys, int index, int depth);

    CPtr ep_;
    Word next_badge_ = 1;
};

RandomCSpace::RandomCSpace(System &sys, uint64_t seed)
    : random(seed), nodes(1), ep_(sys.make(ABI_OBJECT_ENDPOINT))
{
    fill(sys, 0, 0);
}

/* Depth is at most three, so the calls nest no deeper. */
void RandomCSpace::fill(System &sys, int index, int depth)
{
    Node node;
    node.radix = 1 + random() % 3;
    node.guard_bits = random() % 3 == 0 ? random() % 20 : random() % 3;
    node.guard = random() & ((Word(1) << node.guard_bits) - 1);
    node.cptr = sys.mint(sys.make_cnode(node.radix), guard_word(node.guard, node.guard_bits));
    for (Word i = 0; i < Word(1) << node.radix; i++) {
        bool deeper = depth < 3 && random() % 2 == 0;
        node.children.push_back(deeper ? static_cast<int>(nodes.size()) : kLeaf);
        node.badges.push_back(deeper ? 0 : next_badge_++);
        Word at = node.guard << node.radix | i;
        Word bits = node.guard_bits + node.radix;
        if (!deeper) {
            EXPECT_OK(sys.CNode_Mint(node.cptr, at, bits, kCNode, ep_, 64, 15, node.badges[i]));
            continue;
        }
        nodes.emplace_back();
        fill(sys, node.children[i], depth + 1);
        CPtr child = nodes[static_cast<size_t>(node.children[i])].cptr;
        EXPECT_OK(sys.CNode_Copy(node.cptr, at, bits, kCNode, child, 64, 15));
    }
    nodes[static_cast<size_t>(index)] = node;
}

Word RandomCSpace::address(Word bits)
{
    Word address = 0;
    Word left = bits;
    const Node *node = &nodes[0];
    while (node->guard_bits + node->radix <= left) {
        Word slot = random() % (Word(1) << node->radix);
        left -= node->guard_bits + node->radix;
        address |= (node->guard << node->radix | slot) << left;
        if (node->children[slot] == kLeaf) {
            break;
        }
        node = &nodes[static_cast<size_t>(node->children[slot])];
    }
    switch (random() % 4) {
    case 0:
        return address ^ Word(1) << random() % 64;
    case 1:
        return address | (left == 0 ? 0 : random() % (Word(1) << left % 64));
    default:
        return address;
    }
}

bool RandomCSpace::resolve(Word address, Word bits, Word *badge, std::vector<Word> *failure) const
{
    const Node *node = &nodes[0];
    for (;;) {
        Word guard = 0;
        for (Word i = 0; i < node->guard_bits && i < bits; i++) {
            guard = guard << 1 | (address >> (bits - 1 - i) & 1);
        }
        if (node->guard_bits > bits || guard != node->guard) {
            *failure = {1, 4, bits, node->guard, node->guard_bits};
            return false;
        }
        Word level = node->guard_bits + node->radix;
        if (level > bits) {
            *failure = {1, 3, bits, level};
            return false;
        }
        bits -= level;
        Word slot = (bits == 64 ? 0 : address >> bits) & ((Word(1) << node->radix) - 1);
        int child = node->children[slot];
        if (bits == 0 || child == kLeaf) {
            *badge = node->badges[slot];
            *failure = {1, 3, bits, 0};
            return bits == 0;
        }
        node = &nodes[static_cast<size_t>(child)];
    }
}

Word RandomCSpace::left_over(Word address, Word bits) const
{
    Word badge = 0;
    std::vector<Word> failure;
    bool exact = resolve(address, bits, &badge, &failure);
    return exact || badge == 0 ? 0 : failure[2];
}

TEST(SlotLookup, AgreesWithANaiveResolver)
{
    uint32_t found = 0;
    for (uint64_t seed = 1; seed <= 25; seed++) {
        System sys;
        CPtr dest = sys.alloc_slot();
        RandomCSpace space(sys, seed);
        for (int i = 0; i < 200; i++) {
            Word bits = 1 + space.random() % (i % 2 == 0 ? 16 : 64);
            Word address = space.address(bits);
            if (i % 3 != 0) {
                Word left = space.left_over(address, bits);
                address >>= left;
                bits -= left;
            }
            Word badge = 0;
            std::vector<Word> failure;
            bool good = space.resolve(address, bits, &badge, &failure);
            Reply r = sys.CNode_Copy(kCNode, dest, 64, space.nodes[0].cptr, address, bits, 15);
            SCOPED_TRACE("seed " + std::to_string(seed) + " step " + std::to_string(i));
            if (!good) {
                EXPECT_CALL_ERROR(r, STATUS_FAILED_LOOKUP, failure);
                continue;
            }
            ASSERT_OK(r);
            const struct cap &cap = sys.cap_at(dest);
            EXPECT_EQ(cap.type, badge == 0 ? CAP_CNODE : CAP_ENDPOINT);
            EXPECT_EQ(cap.type == CAP_ENDPOINT ? cap.badge : 0, badge);
            ASSERT_OK(sys.del(dest));
            found++;
        }
    }
    EXPECT_GT(found, 500u);
}

/* A caller in the random CSpace sends through a pointer: it blocks with the badge found, or
 * faults. */
TEST(SyscallLookup, AgreesWithANaiveResolver)
{
    uint32_t found = 0;
    for (uint64_t seed = 100; seed < 115; seed++) {
        System sys;
        RandomCSpace space(sys, seed);
        Caller caller(sys);
        caller.start(space.nodes[0].cptr);
        Snapshot start = sys.snapshot();
        for (int i = 0; i < 60; i++) {
            Word address = space.address(64);
            Word badge = 0;
            std::vector<Word> failure;
            bool good = space.resolve(address, 64, &badge, &failure);
            SCOPED_TRACE("seed " + std::to_string(seed) + " step " + std::to_string(i));
            sys.restore(start);
            EXPECT_EQ(sys.send(address).returned, good && badge == 0);
            if (badge != 0) {
                EXPECT_EQ(caller.thread.object->fault.type, FAULT_NONE);
                EXPECT_EQ(caller.thread.object->badge, badge);
                found++;
            } else if (!good) {
                failure[0] = 0; /* The phase. */
                caller.expect_fault(address, failure);
            }
        }
    }
    EXPECT_GT(found, 100u);
}

/* Failures are kept in TCBs: what was in their memory before must not stay there. */
TEST(LookupFailure, IsWrittenWholeWhateverItsKind)
{
    const struct cap no_cnode = cap_null();
    struct slot *slot = nullptr;
    uint32_t bits_left = 0;
    for (bool exact : {false, true}) {
        struct lookup_failure failure = {LOOKUP_GUARD_MISMATCH, 99, 99, 99};
        if (exact) {
            EXPECT_EQ(STATUS_FAILED_LOOKUP, cspace_slot(&no_cnode, 0, 64, &slot, &failure));
        } else {
            EXPECT_FALSE(cspace_resolve(&no_cnode, 0, 64, &slot, &bits_left, &failure));
        }
        EXPECT_EQ(LOOKUP_INVALID_ROOT, failure.kind);
        EXPECT_EQ(0u, failure.bits_left);
        EXPECT_EQ(0u, failure.bits_found);
        EXPECT_EQ(0u, failure.guard_found);
    }
}

} // namespace
} // namespace albireo
