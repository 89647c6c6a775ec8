/* SPDX-License-Identifier: BSD-2-Clause */

/* Message words: lengths, labels, badges, IPC buffers that are missing or may only be read, and the
 * messages that kernel objects answer with (docs/abi/02 sections 2.1 to 2.4 and 2.6). */
#include "tests/support/system.h"

namespace albireo {

namespace {

constexpr Word kPoison = 0xBADBADBADBADBAD0;

std::vector<Word> numbered(Word count, Word base = 0x1000)
{
    std::vector<Word> words;
    for (Word i = 0; i < count; i++) {
        words.push_back(base + i);
    }
    return words;
}

/* Access of a thread to its IPC buffer. */
struct Buffer {
    const char *name;
    bool present;
    Word rights;
    bool readable;
    bool writable;
};

const Buffer kBuffers[] = {
    {"none", false, 3, false, false},
    {"read-write", true, 3, true, true},
    {"read-only", true, 2, true, false},
    {"no rights", true, 0, false, false},
};

/* A sender and a receiver above root, who starts them in either order. */
struct Transfer {
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    Thread sender;
    Thread receiver;

    Transfer(const Buffer &from, const Buffer &to)
    {
        sender = sys.spawn({.priority = 110,
                            .with_buffer = from.present,
                            .buffer_rights = from.rights,
                            .start = false});
        receiver = sys.spawn({.priority = 110,
                              .with_buffer = to.present,
                              .buffer_rights = to.rights,
                              .start = false});
    }

    void start(const Thread &thread)
    {
        sys.TCB_Resume(thread.tcb);
        EXPECT_CURRENT(sys, thread);
    }

    Reply run(bool sender_first, const std::vector<Word> &words, const std::vector<CPtr> &caps = {})
    {
        if (sender_first) {
            start(sender);
            sys.send(ep, 7, words, caps);
            start(receiver);
            EXPECT_TRUE(sys.wait(ep).returned);
        } else {
            start(receiver);
            sys.wait(ep);
            start(sender);
            EXPECT_TRUE(sys.send(ep, 7, words, caps).returned);
        }
        return receiver.message();
    }
};

TEST(MessageWords, EveryLengthArrivesAtAWaitingReceiver)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    Thread receiver = sys.spawn({.priority = 110});
    for (Word length = 0; length <= 120; length++) {
        sys.wait(ep);
        sys.send(ep, 1, numbered(length, length << 8));
        ASSERT_TRUE(sys.is_current(receiver));
        EXPECT_EQ(sys.message().length, length);
        EXPECT_EQ(sys.message().words, numbered(length, length << 8));
    }
}

TEST(MessageWords, EveryLengthArrivesFromAQueuedSender)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    sys.spawn({.priority = 110});
    for (Word length = 0; length <= 120; length++) {
        sys.send(ep, 1, numbered(length, length << 8));
        ASSERT_TRUE(sys.is_current(sys.root()));
        sys.wait(ep);
        EXPECT_EQ(sys.root().message().length, length);
        EXPECT_EQ(sys.root().message().words, numbered(length, length << 8));
    }
}

TEST(MessageWords, EveryLengthArrivesInAReply)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr reply = sys.make(ABI_OBJECT_REPLY);
    Thread client = sys.spawn({.priority = 110});
    for (Word length = 0; length <= 120; length += 3) {
        sys.call(ep, 1);
        sys.recv(ep, reply);
        sys.send(reply, 2, numbered(length, length << 8));
        ASSERT_TRUE(sys.is_current(client));
        EXPECT_EQ(sys.message().words, numbered(length, length << 8));
        EXPECT_EQ(sys.message().label, 2u);
    }
}

TEST(MessageWords, LengthAbove120Is120)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    Thread receiver = sys.spawn({.priority = 110});
    for (Word length = 121; length <= 127; length++) {
        sys.wait(ep);
        sys.ecall(ABI_SYS_SEND, {ep, 3 << 12 | length});
        ASSERT_TRUE(sys.is_current(receiver));
        EXPECT_EQ(sys.message().length, 120u);
        EXPECT_EQ(receiver.regs().x[REG_A1], Word{3 << 12 | 120});
    }
}

TEST(MessageWords, LabelHas52Bits)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    sys.spawn({.priority = 110});
    for (Word label : {Word{0}, Word{0x123456789abcd}, (Word{1} << 52) - 1, Word{1} << 51}) {
        sys.wait(ep);
        sys.send(ep, label);
        EXPECT_EQ(sys.message().label, label);
    }
}

TEST(MessageWords, BadgeHas64Bits)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    sys.spawn({.priority = 110});
    for (Word badge : {Word{0}, Word{1}, Word{1} << 63, ~Word{0}}) {
        CPtr cap = 0;
        sys.wait(ep);
        cap = badge == 0 ? ep : sys.mint(ep, badge);
        sys.send(cap, 1);
        EXPECT_EQ(sys.message().badge, badge);
    }
}

TEST(MessageWords, UnwrappedBitsOfTheSenderAreIgnored)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    Thread receiver = sys.spawn({.priority = 110});
    sys.wait(ep);
    sys.ecall(ABI_SYS_SEND, {ep, Word{5} << 12 | 7 << 9 | 1, 0x99});
    EXPECT_CURRENT(sys, receiver);
    EXPECT_EQ(receiver.regs().x[REG_A1], Word{5 << 12 | 1});
}

TEST(MessageWords, OnlyWordsFromTheFifthOnGoThroughTheBuffers)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    Thread receiver = sys.spawn({.priority = 110});
    Word *to = receiver.buffer_words();
    for (Word i = 0; i < ABI_BUFFER_WORDS; i++) {
        to[i] = kPoison + i;
    }
    sys.wait(ep);
    Word *from = sys.root().buffer_words();
    for (Word i = 0; i < ABI_BUFFER_WORDS; i++) {
        from[i] = i;
    }
    sys.send(ep, 1, {0xa, 0xb, 0xc, 0xd, 0xe, 0xf});
    EXPECT_EQ(sys.message().words, (std::vector<Word>{0xa, 0xb, 0xc, 0xd, 0xe, 0xf}));
    for (Word i = 0; i < ABI_BUFFER_WORDS; i++) {
        bool message = i == ABI_BUFFER_MSG + 4 || i == ABI_BUFFER_MSG + 5;
        EXPECT_EQ(to[i], message ? 0xa + i - ABI_BUFFER_MSG : kPoison + i) << i;
    }
    for (Word i = 0; i < ABI_BUFFER_MSG + 4; i++) {
        EXPECT_EQ(from[i], i) << "the sender's buffer is only read";
    }
}

TEST(MessageBuffers, LongMessageNeedsAReadableAndAWritableOne)
{
    for (const Buffer &from : kBuffers) {
        for (const Buffer &to : kBuffers) {
            for (bool sender_first : {false, true}) {
                SCOPED_TRACE(std::string(from.name) + " to " + to.name);
                Transfer t(from, to);
                Reply r = t.run(sender_first, numbered(6));
                Word expected = from.readable && to.writable ? 6 : 4;
                EXPECT_EQ(r.length, expected);
                EXPECT_EQ(r.label, 7u);
                EXPECT_EQ(r.words, numbered(expected));
            }
        }
    }
}

TEST(MessageBuffers, ShortMessageNeedsNone)
{
    for (const Buffer &from : kBuffers) {
        for (const Buffer &to : kBuffers) {
            Transfer t(from, to);
            EXPECT_EQ(t.run(false, numbered(4)).words, numbered(4));
        }
    }
}

TEST(MessageBuffers, CapabilitiesNeedAReadableAndAWritableOne)
{
    for (const Buffer &from : kBuffers) {
        for (const Buffer &to : kBuffers) {
            for (bool sender_first : {false, true}) {
                SCOPED_TRACE(std::string(from.name) + " to " + to.name);
                Transfer t(from, to);
                CPtr badged = t.sys.mint(t.ep, 0x99);
                Reply r = t.run(sender_first, numbered(2), {badged});
                bool good = from.readable && to.writable;
                EXPECT_EQ(r.extra_caps, good ? 1u : 0u);
                EXPECT_EQ(r.unwrapped, good ? 1u : 0u);
                EXPECT_EQ(r.length, 2u);
            }
        }
    }
}

TEST(MessageBuffers, ReceiverThatMayNotWriteItsBufferKeepsIt)
{
    Transfer t(kBuffers[1], kBuffers[2]);
    Word *buffer = t.receiver.buffer_words();
    buffer[ABI_BUFFER_MSG + 4] = kPoison;
    t.run(false, numbered(6));
    EXPECT_EQ(buffer[ABI_BUFFER_MSG + 4], kPoison);
}

TEST(MessageBuffers, ReplyToACallerWithoutBufferHasFourWords)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr reply = sys.make(ABI_OBJECT_REPLY);
    Thread client = sys.spawn({.priority = 110, .with_buffer = false});
    sys.call(ep, 1);
    sys.recv(ep, reply);
    sys.send(reply, 2, numbered(9));
    EXPECT_CURRENT(sys, client);
    EXPECT_EQ(sys.message().length, 4u);
}

TEST(MessageBuffers, LieAtTheirAddressModuloTheSizeOfTheFrame)
{
    struct {
        Word type;
        Word address;
        Word offset;
    } const cases[] = {
        {ABI_OBJECT_PAGE_4K, 0x1000, 0},
        {ABI_OBJECT_PAGE_4K, 0x12345400, 0x400},
        {ABI_OBJECT_PAGE_4K, 0xC00, 0xC00},
        {ABI_OBJECT_MEGA_PAGE, 0x12345400, 0x145400},
    };
    for (const auto &c : cases) {
        System sys;
        CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
        Thread receiver = sys.spawn({.priority = 110, .with_buffer = false, .start = false});
        CPtr frame = sys.make(c.type); /* Last: a large one uses up the untyped. */
        EXPECT_OK(sys.TCB_SetIPCBuffer(receiver.tcb, c.address, frame));
        sys.TCB_Resume(receiver.tcb);
        sys.wait(ep);
        sys.send(ep, 1, numbered(6));
        const auto *words =
            static_cast<const Word *>(sim_ram(sys.sim(), sys.cap_at(frame).paddr + c.offset, 1024));
        ASSERT_NE(words, nullptr);
        EXPECT_EQ(words[ABI_BUFFER_MSG + 4], 0x1004u);
        EXPECT_EQ(words[ABI_BUFFER_MSG + 5], 0x1005u);
    }
}

TEST(MessageBuffers, DeletingTheFrameTakesTheBufferAway)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    Thread receiver = sys.spawn({.priority = 110});
    sys.wait(ep);
    ASSERT_OK(sys.revoke(receiver.buffer));
    sys.send(ep, 1, numbered(6));
    EXPECT_CURRENT(sys, receiver);
    EXPECT_EQ(sys.message().length, 4u);
}

/* --- Answers of kernel objects ---------------------------------------------------------------- */

TEST(MessageOfKernel, EachLookupFailureHasItsWords)
{
    System sys;
    CPtr cnode = sys.make_cnode(4);
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    ASSERT_OK(sys.CNode_Copy(cnode, 0, 4, kCNode, ep, 64, 15));
    CPtr to = sys.alloc_slot();
    CPtr empty = sys.alloc_slot();
    EXPECT_CALL_ERROR(sys.CNode_Copy(kCNode, to, 64, kTcb, 1, 64, 15), STATUS_FAILED_LOOKUP,
                      {1, 1});
    EXPECT_CALL_ERROR(sys.CNode_Copy(kCNode, to, 64, kCNode, empty, 64, 15), STATUS_FAILED_LOOKUP,
                      {1, 2, 64});
    EXPECT_CALL_ERROR(sys.CNode_Delete(cnode, 0, 3), STATUS_FAILED_LOOKUP, {0, 3, 3, 4});
    EXPECT_CALL_ERROR(sys.CNode_Delete(cnode, 0, 5), STATUS_FAILED_LOOKUP, {0, 3, 1, 0});
    EXPECT_CALL_ERROR(sys.CNode_Delete(kCNode, empty, 20), STATUS_FAILED_LOOKUP, {0, 4, 20, 0, 52});
}

TEST(MessageOfKernel, FifthWordOfAnErrorNeedsAWritableBuffer)
{
    for (const Buffer &buffer : kBuffers) {
        System sys;
        CPtr empty = sys.alloc_slot();
        Thread caller = sys.spawn(
            {.priority = 110, .with_buffer = buffer.present, .buffer_rights = buffer.rights});
        Reply r = sys.CNode_Delete(kCNode, empty, 20);
        EXPECT_CURRENT(sys, caller);
        std::vector<Word> expected = {0, 4, 20, 0};
        if (buffer.writable) {
            expected.push_back(52);
        }
        EXPECT_CALL_ERROR(r, STATUS_FAILED_LOOKUP, expected);
        EXPECT_EQ(r.length, expected.size());
    }
}

TEST(MessageOfKernel, ResultsBeyondFourWordsNeedAWritableBuffer)
{
    for (const Buffer &buffer : kBuffers) {
        System sys;
        CPtr tcb = sys.make(ABI_OBJECT_TCB);
        EXPECT_OK(sys.write_registers(tcb, false, numbered(32)));
        sys.spawn({.priority = 110, .with_buffer = buffer.present, .buffer_rights = buffer.rights});
        Reply r = sys.TCB_ReadRegisters(tcb, 0, 32);
        EXPECT_OK(r);
        EXPECT_EQ(r.length, buffer.writable ? 32u : 4u);
        EXPECT_EQ(r.words, numbered(buffer.writable ? 32 : 4));
    }
}

TEST(MessageOfKernel, AnswersCarryNoBadgeAndNoCapabilities)
{
    System sys;
    CPtr frame = sys.make(ABI_OBJECT_PAGE_4K);
    sys.ecall(ABI_SYS_CALL, {frame, Word{ABI_LABEL_PAGE_GET_ADDRESS} << 12 | 3 << 7 | 7 << 9});
    Reply r = sys.message();
    EXPECT_EQ(r.badge, 0u);
    EXPECT_EQ(r.extra_caps, 0u);
    EXPECT_EQ(r.unwrapped, 0u);
    EXPECT_EQ(r.words, (std::vector<Word>{sys.cap_at(frame).paddr}));
}

TEST(MessageOfKernel, DetailsOfEachError)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr tcb = sys.make(ABI_OBJECT_TCB);
    CPtr small = sys.untyped(4);
    CPtr to = sys.alloc_slot();
    CPtr frame = sys.make(ABI_OBJECT_PAGE_4K);
    EXPECT_CALL_ERROR(sys.retype(small, 11, 0, to), STATUS_INVALID_ARGUMENT, {0});
    EXPECT_CALL_ERROR(sys.TCB_SetPriority(tcb, ep, 1), STATUS_INVALID_CAPABILITY, {1});
    EXPECT_CALL_ERROR(sys.call(tcb, 0), STATUS_ILLEGAL_OPERATION, {});
    EXPECT_CALL_ERROR(sys.TCB_SetPriority(tcb, kTcb, 256), STATUS_RANGE_ERROR, {0, 255});
    EXPECT_CALL_ERROR(sys.TCB_SetIPCBuffer(tcb, 0x1010, frame), STATUS_ALIGNMENT_ERROR, {});
    EXPECT_CALL_ERROR(sys.call(tcb, ABI_LABEL_TCB_SET_PRIORITY), STATUS_TRUNCATED_MESSAGE, {});
    EXPECT_CALL_ERROR(sys.retype(small, ABI_OBJECT_ENDPOINT, 0, kTcb), STATUS_DELETE_FIRST, {});
    EXPECT_CALL_ERROR(sys.retype(small, ABI_OBJECT_NOTIFICATION, 0, to), STATUS_NOT_ENOUGH_MEMORY,
                      {16});
    EXPECT_OK(sys.retype(small, ABI_OBJECT_ENDPOINT, 0, to));
    EXPECT_CALL_ERROR(sys.CNode_Copy(kCNode, sys.alloc_slot(), 64, kCNode, small, 64, 15),
                      STATUS_REVOKE_FIRST, {});
}

} // namespace

} // namespace albireo
