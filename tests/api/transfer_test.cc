/* SPDX-License-Identifier: BSD-2-Clause */

/* Capabilities in messages: unwrapping, the receive slot, derivation, grant (docs/abi/02 section
 * 2.5, 15 items 81 and 82, 16 section 16.9). */
#include "tests/support/system.h"

namespace albireo {

namespace {

/* Root sends to a receiver above it. Extra capabilities are named by letters: e, the endpoint
 * itself, badged 0x91, 0x92, 0x93 by position; n, notification; t, TCB; 0, empty slot; u, untyped
 * with children; p, unmapped page table; i, IRQ control; x, another endpoint with a badge and few
 * rights. */
struct Bench {
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    CPtr empty = sys.alloc_slot();
    CPtr used = sys.untyped(12);
    CPtr table = sys.make(ABI_OBJECT_PAGE_TABLE);
    CPtr other = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr poor = sys.mint(other, 0x77, ABI_RIGHT_WRITE);
    CPtr badged[3];
    CPtr slot = sys.alloc_slot(); /* The receive slot. */
    Thread receiver;

    Bench()
    {
        EXPECT_OK(sys.retype(used, ABI_OBJECT_ENDPOINT, 0, sys.alloc_slot()));
        for (Word i = 0; i < 3; i++) {
            badged[i] = sys.mint(ep, 0x91 + i);
        }
        receiver = sys.spawn({.priority = 110, .start = false});
        clear_badges();
    }

    void clear_badges()
    {
        for (Word i = 0; i < 3; i++) {
            receiver.buffer_words()[ABI_BUFFER_CAPS + i] = 0xBAD;
        }
    }

    /* The receiver waits, with the receive slot given. */
    void wait(CPtr cnode, CPtr index, Word depth)
    {
        sys.TCB_Resume(receiver.tcb);
        ASSERT_TRUE(sys.is_current(receiver));
        sys.set_receive_slot(cnode, index, depth);
        sys.wait(ep);
    }

    std::vector<CPtr> caps(const std::string &letters)
    {
        std::vector<CPtr> list;
        for (char c : letters) {
            size_t i = list.size();
            list.push_back(c == 'e'   ? badged[i]
                           : c == 'n' ? ntfn
                           : c == 't' ? kTcb
                           : c == 'u' ? used
                           : c == 'p' ? table
                           : c == 'i' ? kIrqControl
                           : c == 'x' ? poor
                                      : empty);
        }
        return list;
    }

    Word badge(Word i) const
    {
        return receiver.buffer_words()[ABI_BUFFER_CAPS + i];
    }
};

struct Case {
    const char *caps;
    Word extra;
    Word unwrapped;
    int transferred; /* Position of the capability that is really transferred, or -1. */
};

const Case kFree[] = {
    {"", 0, 0, -1},   {"n", 1, 0, 0},   {"nt", 1, 0, 0},   {"e", 1, 1, -1},  {"en", 2, 1, 1},
    {"ent", 2, 1, 1}, {"een", 3, 3, 2}, {"eee", 3, 7, -1}, {"ne", 2, 2, 0},  {"nee", 3, 6, 0},
    {"nen", 2, 2, 0}, {"ene", 3, 5, 1}, {"0", 0, 0, -1},   {"0n", 0, 0, -1}, {"e0n", 1, 1, -1},
    {"u", 0, 0, -1},  {"un", 0, 0, -1}, {"eu", 1, 1, -1},  {"p", 0, 0, -1},  {"epn", 1, 1, -1},
    {"in", 0, 0, -1}, {"ei", 1, 1, -1}, {"x", 1, 0, 0},    {"xe", 2, 2, 0},  {"nu", 1, 0, 0},
};

const Case kNoSlot[] = {
    {"n", 0, 0, -1},  {"en", 1, 1, -1},  {"ee", 2, 3, -1}, {"eee", 3, 7, -1},
    {"ne", 0, 0, -1}, {"ene", 1, 1, -1}, {"x", 0, 0, -1},
};

void expect_transfer(const Case &c, Bench &b, const Reply &r, CPtr slot)
{
    EXPECT_EQ(r.extra_caps, c.extra);
    EXPECT_EQ(r.unwrapped, c.unwrapped);
    EXPECT_EQ(r.words, (std::vector<Word>{1, 2, 3, 4, 5, 6}));
    for (Word i = 0; i < 3; i++) {
        EXPECT_EQ(b.badge(i), c.unwrapped & 1 << i ? 0x91 + i : 0xBADu) << i;
    }
    if (c.transferred >= 0) {
        const struct cap &sent = b.sys.cap_at(b.caps(c.caps)[static_cast<size_t>(c.transferred)]);
        const struct cap &got = b.sys.cap_at(slot);
        EXPECT_EQ(got.type, sent.type);
        EXPECT_EQ(got.badge, sent.badge);
        EXPECT_EQ(got.rights, sent.rights);
        EXPECT_EQ(got.slots, sent.slots) << "the object";
    } else {
        EXPECT_TRUE(b.sys.is_empty(slot));
    }
}

const std::vector<Word> kSix = {1, 2, 3, 4, 5, 6};

TEST(CapTransfer, WithAFreeReceiveSlot)
{
    for (const Case &c : kFree) {
        SCOPED_TRACE(c.caps);
        Bench b;
        b.wait(kCNode, b.slot, 64);
        b.sys.send(b.ep, 0x123456789abcd, kSix, b.caps(c.caps));
        expect_transfer(c, b, b.receiver.message(), b.slot);
        EXPECT_EQ(b.receiver.message().label, 0x123456789abcdu);
    }
}

TEST(CapTransfer, FromAQueuedSender)
{
    for (const Case &c : kFree) {
        SCOPED_TRACE(c.caps);
        Bench b;
        Thread sender = b.sys.spawn({.priority = 120});
        b.sys.send(b.ep, 1, kSix, b.caps(c.caps));
        b.wait(kCNode, b.slot, 64); /* Gets the message; the sender runs. */
        EXPECT_EQ(sender.state(), THREAD_RUNNING);
        expect_transfer(c, b, b.receiver.message(), b.slot);
    }
}

TEST(CapTransfer, IntoAnOccupiedReceiveSlot)
{
    for (const Case &c : kNoSlot) {
        SCOPED_TRACE(c.caps);
        Bench b;
        CPtr occupied = b.sys.copy(kTcb);
        b.wait(kCNode, occupied, 64);
        b.sys.send(b.ep, 1, kSix, b.caps(c.caps));
        expect_transfer(c, b, b.receiver.message(), b.slot);
        EXPECT_EQ(b.sys.cap_at(occupied).type, CAP_TCB);
    }
}

TEST(CapTransfer, WithABadReceivePath)
{
    for (const Case &c : kNoSlot) {
        Bench b;
        CPtr cnode = b.sys.make_cnode(4);
        ASSERT_OK(b.sys.CNode_Copy(cnode, 0, 4, kCNode, kTcb, 64, 15));
        const struct {
            CPtr cnode, index, depth;
        } paths[] = {
            {CPtr{1} << 40, b.slot, 64}, /* Not resolved. */
            {b.empty, b.slot, 64},       /* Not a CNode. */
            {kTcb, b.slot, 64},
            {kCNode, b.slot, 0}, /* Depth. */
            {kCNode, b.slot, 65},
            {kCNode, b.slot, ~Word{0}},
            {kCNode, b.slot, 63},
            {kCNode, b.slot | CPtr{1} << 40, 64}, /* Guard. */
            {cnode, 1, 3},                        /* Too shallow. */
            {cnode, 0, 5},                        /* Bits remain. */
        };
        for (const auto &path : paths) {
            SCOPED_TRACE(std::string(c.caps) + " depth " + std::to_string(path.depth));
            b.wait(path.cnode, path.index, path.depth);
            b.clear_badges();
            b.sys.send(b.ep, 1, kSix, b.caps(c.caps));
            expect_transfer(c, b, b.receiver.message(), b.slot);
            b.sys.TCB_Suspend(b.receiver.tcb); /* By itself: root continues. */
            EXPECT_OK(b.sys.write_registers(b.receiver.tcb, false, {0x10000}));
        }
    }
}

TEST(CapTransfer, IntoASlotOfAnotherCnode)
{
    Bench b;
    CPtr cnode = b.sys.make_cnode(4);
    b.wait(cnode, 9, 4);
    b.sys.send(b.ep, 1, {}, {b.ntfn});
    EXPECT_EQ(b.sys.message().extra_caps, 1u);
    EXPECT_EQ(b.sys.cap_at(cnode).slots[9].cap.type, CAP_NOTIFICATION);
}

TEST(CapTransfer, NeedsTheGrantRightOfTheSendersEndpoint)
{
    for (Word rights : {Word{ABI_RIGHT_WRITE}, Word{ABI_RIGHT_WRITE | ABI_RIGHT_READ},
                        Word{ABI_RIGHT_WRITE | ABI_RIGHT_READ | ABI_RIGHT_GRANT_REPLY}}) {
        for (const Case &c : kFree) {
            Bench b;
            CPtr poor = b.sys.copy(b.ep, rights);
            b.wait(kCNode, b.slot, 64);
            b.sys.send(poor, 1, kSix, b.caps(c.caps));
            expect_transfer({c.caps, 0, 0, -1}, b, b.receiver.message(), b.slot);
        }
    }
}

TEST(CapTransfer, HappensInEveryFormOfSending)
{
    for (int form = 0; form < 6; form++) {
        Bench b;
        CPtr wake = b.sys.make(ABI_OBJECT_NOTIFICATION);
        b.sys.signal(wake);
        b.wait(kCNode, b.slot, 64);
        std::vector<CPtr> caps = b.caps("en");
        switch (form) {
        case 0:
            b.sys.send(b.ep, 1, kSix, caps);
            break;
        case 1:
            b.sys.nb_send(b.ep, 1, kSix, caps);
            break;
        case 2:
            b.sys.call(b.ep, 1, kSix, caps);
            break;
        case 3:
            b.sys.reply_recv(wake, b.ep, 1, kSix, caps);
            break;
        case 4:
            b.sys.nb_send_recv(b.ep, wake, 0, 1, kSix, caps);
            break;
        default:
            b.sys.nb_send_wait(b.ep, wake, 1, kSix, caps);
        }
        SCOPED_TRACE(form);
        expect_transfer({"en", 2, 1, 1}, b, b.receiver.message(), b.slot);
    }
}

TEST(CapTransfer, ExtraCapsBeyondTheCountAreNotTaken)
{
    Bench b;
    b.wait(kCNode, b.slot, 64);
    Word *buffer = b.sys.root().buffer_words();
    buffer[ABI_BUFFER_CAPS] = b.badged[0];
    buffer[ABI_BUFFER_CAPS + 1] = b.ntfn;
    b.sys.ecall(ABI_SYS_SEND, {b.ep, 1 << 7});
    EXPECT_EQ(b.receiver.message().extra_caps, 1u);
    EXPECT_TRUE(b.sys.is_empty(b.slot));
}

TEST(CapTransfer, EndpointWithoutRightsIsStillUnwrapped)
{
    Bench b;
    CPtr mute = b.sys.mint(b.ep, 0x55, 0);
    b.wait(kCNode, b.slot, 64);
    b.sys.send(b.ep, 1, {}, {mute});
    EXPECT_EQ(b.sys.message().unwrapped, 1u);
    EXPECT_EQ(b.badge(0), 0x55u);
}

TEST(CapTransfer, IsACopyThatTheOriginalRevokes)
{
    Bench b;
    b.wait(kCNode, b.slot, 64);
    b.sys.send(b.ep, 1, {}, {b.ntfn});
    EXPECT_CURRENT(b.sys, b.receiver);
    EXPECT_FALSE(b.sys.is_empty(b.slot));
    EXPECT_OK(b.sys.revoke(b.slot));
    EXPECT_FALSE(b.sys.is_empty(b.ntfn)) << "a copy revokes nothing";
    EXPECT_OK(b.sys.revoke(b.ntfn));
    EXPECT_TRUE(b.sys.is_empty(b.slot));
}

TEST(CapTransfer, MappedFrameArrivesUnmapped)
{
    Bench b;
    CPtr frame = b.sys.map_new_page(kVSpace, 0x50000000);
    b.wait(kCNode, b.slot, 64);
    b.sys.send(b.ep, 1, {}, {frame});
    EXPECT_EQ(b.sys.cap_at(b.slot).type, CAP_FRAME);
    EXPECT_EQ(b.sys.cap_at(b.slot).asid, 0);
    EXPECT_NE(b.sys.cap_at(frame).asid, 0);
}

TEST(CapTransfer, ChildlessUntypedGivesItsMemoryAway)
{
    Bench b;
    CPtr memory = b.sys.untyped(12);
    b.wait(kCNode, b.slot, 64);
    b.sys.send(b.ep, 1, {}, {memory});
    EXPECT_EQ(b.sys.cap_at(b.slot).type, CAP_UNTYPED);
    EXPECT_CALL_ERROR(b.sys.retype(memory, ABI_OBJECT_ENDPOINT, 0, b.sys.alloc_slot()),
                      STATUS_NOT_ENOUGH_MEMORY, {0});
    EXPECT_OK(b.sys.retype(b.slot, ABI_OBJECT_ENDPOINT, 0, b.sys.alloc_slot()));
}

TEST(CapTransfer, PointersAreLookedUpAgainWhenTheMessageIsTaken)
{
    Bench b;
    Thread sender = b.sys.spawn({.priority = 120});
    b.sys.send(b.ep, 1, kSix, b.caps("n"));
    sender.buffer_words()[ABI_BUFFER_CAPS] = b.poor;
    b.wait(kCNode, b.slot, 64);
    expect_transfer({"x", 1, 0, 0}, b, b.receiver.message(), b.slot);
}

TEST(CapTransfer, PointerThatNoLongerResolvesSuppressesAllOfThem)
{
    for (Word bad = 0; bad < 3; bad++) {
        Bench b;
        Thread sender = b.sys.spawn({.priority = 120});
        b.sys.send(b.ep, 1, kSix, b.caps("een"));
        sender.buffer_words()[ABI_BUFFER_CAPS + bad] = CPtr{1} << 40;
        b.wait(kCNode, b.slot, 64);
        EXPECT_EQ(sender.state(), THREAD_RUNNING) << "no fault";
        expect_transfer({"", 0, 0, -1}, b, b.receiver.message(), b.slot);
    }
}

TEST(CapTransfer, QueuedSenderKeepsBadgeAndGrantOfTheCapabilityItUsed)
{
    for (bool grant : {false, true}) {
        Bench b;
        CPtr cap = b.sys.mint(b.ep, 0x55, grant ? 15 : ABI_RIGHT_WRITE);
        b.sys.spawn({.priority = 120});
        b.sys.send(cap, 1, kSix, b.caps("en"));
        ASSERT_OK(b.sys.del(cap));
        ASSERT_OK(b.sys.CNode_Copy(kCNode, cap, 64, kCNode, b.ep, 64, grant ? 1 : 15));
        b.wait(kCNode, b.slot, 64);
        EXPECT_EQ(b.receiver.message().badge, 0x55u);
        expect_transfer(grant ? Case{"en", 2, 1, 1} : Case{"en", 0, 0, -1}, b, b.receiver.message(),
                        b.slot);
    }
}

/* --- In replies ------------------------------------------------------------------------------- */

/* The receiver of the bench calls instead; root replies. */
Reply reply_to_caller(Bench &b, CPtr reply, CPtr reply_used, const std::string &letters)
{
    b.sys.TCB_Resume(b.receiver.tcb);
    b.sys.set_receive_slot(kCNode, b.slot);
    b.sys.call(b.ep, 1);
    EXPECT_EQ(b.sys.recv(b.ep, reply).label, 1u);
    b.sys.send(reply_used, 2, kSix, b.caps(letters));
    EXPECT_CURRENT(b.sys, b.receiver);
    return b.receiver.message();
}

TEST(CapTransferInReply, OneCapabilityIsTransferred)
{
    Bench b;
    CPtr reply = b.sys.make(ABI_OBJECT_REPLY);
    expect_transfer({"nt", 1, 0, 0}, b, reply_to_caller(b, reply, reply, "nt"), b.slot);
}

TEST(CapTransferInReply, NothingIsUnwrapped)
{
    Bench b;
    CPtr reply = b.sys.make(ABI_OBJECT_REPLY);
    expect_transfer({"en", 1, 0, 0}, b, reply_to_caller(b, reply, reply, "en"), b.slot);
}

TEST(CapTransferInReply, NeedsTheGrantRightOfTheReplyCapability)
{
    for (Word rights : {Word{0}, Word{ABI_RIGHT_ALL & ~ABI_RIGHT_GRANT}}) {
        Bench b;
        CPtr reply = b.sys.make(ABI_OBJECT_REPLY);
        CPtr poor = b.sys.copy(reply, rights);
        expect_transfer({"n", 0, 0, -1}, b, reply_to_caller(b, reply, poor, "n"), b.slot);
    }
    Bench b;
    CPtr reply = b.sys.make(ABI_OBJECT_REPLY);
    CPtr rich = b.sys.copy(reply, ABI_RIGHT_GRANT);
    expect_transfer({"n", 1, 0, 0}, b, reply_to_caller(b, reply, rich, "n"), b.slot);
}

} // namespace

} // namespace albireo
