/* SPDX-License-Identifier: BSD-2-Clause */

/* Faults: the message of each kind, who gets it, and what a reply does (docs/abi/08, 15 items 14,
 * 16 and 95, 16 section 16.8). Pointers that cannot be resolved: see lookup_test. */
#include <array>

#include "tests/support/system.h"

namespace albireo {

namespace {

using Registers = std::array<Word, 32>;

Registers registers_of(const Thread &thread)
{
    Registers r;
    for (size_t i = 0; i < r.size(); i++) {
        r[i] = thread.regs().x[i];
    }
    return r;
}

void poison(const Thread &thread)
{
    for (Word i = 1; i < 32; i++) {
        thread.regs().x[i] = 0xBAD0000000 + i;
    }
}

std::vector<Word> numbered(Word count, Word base)
{
    std::vector<Word> words;
    for (Word i = 0; i < count; i++) {
        words.push_back(base + i);
    }
    return words;
}

/* The registers that reply words 0.. set, 0 for the PC. */
const std::vector<int> kSyscallOrder = {0,      REG_SP, REG_RA, REG_A0, REG_A1,
                                        REG_A2, REG_A3, REG_A4, REG_A5, REG_A6};
const std::vector<int> kExceptionOrder = {0, REG_SP};
const std::vector<int> kTimeoutOrder = {0,  1,  2,  3,  8,  9,  18, 19, 20, 21, 22,
                                        23, 24, 25, 26, 27, 10, 11, 12, 13, 14, 15,
                                        16, 17, 5,  6,  7,  28, 29, 30, 31, 4};

/* A thread above root with handlers for faults (badge 0xbad) and timeouts (0xbed). Root receives.
 * */
struct Bench {
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr fault_ep = sys.mint(ep, 0xbad);
    CPtr timeout_ep = sys.mint(ep, 0xbed);
    CPtr reply = sys.make(ABI_OBJECT_REPLY);
    Thread thread;
    Word pc = 0; /* Where it stands. */

    Bench()
    {
        thread = sys.spawn({.priority = 110,
                            .budget_us = 1000,
                            .period_us = 10000,
                            .sc_badge = 0x77,
                            .fault_ep = fault_ep,
                            .timeout_ep = timeout_ep});
        pc = thread.regs().pc;
        poison(thread);
    }

    Reply take()
    {
        EXPECT_CURRENT(sys, sys.root());
        Reply r = sys.recv(ep, reply);
        EXPECT_EQ(thread.state(), THREAD_BLOCKED_ON_REPLY);
        EXPECT_EQ(r.extra_caps, 0u);
        EXPECT_EQ(r.unwrapped, 0u);
        return r;
    }

    void make_fault(enum fault_type type)
    {
        switch (type) {
        case FAULT_CAP:
            sys.ecall(ABI_SYS_WAIT, {0});
            break;
        case FAULT_UNKNOWN_SYSCALL:
            sys.ecall(0xc1);
            break;
        case FAULT_USER_EXCEPTION:
            sys.fault(2, 0);
            break;
        case FAULT_TIMEOUT:
            sys.advance(1500);
            break;
        case FAULT_VM:
            sys.fault(13, 0x10);
            break;
        case FAULT_NONE:
            break;
        }
    }
};

struct KindOfFault {
    enum fault_type type;
    Word length;
    Word badge;
    const std::vector<int> order; /* What its reply sets. */
    bool label_matters;
};

const KindOfFault kKinds[] = {
    {FAULT_CAP, 5, 0xbad, {}, false},
    {FAULT_UNKNOWN_SYSCALL, 11, 0xbad, kSyscallOrder, true},
    {FAULT_USER_EXCEPTION, 4, 0xbad, kExceptionOrder, true},
    {FAULT_TIMEOUT, 2, 0xbed, kTimeoutOrder, true},
    {FAULT_VM, 4, 0xbad, {}, false},
};

/* --- Messages --------------------------------------------------------------------------------- */

TEST(FaultMessage, LabelLengthAndBadgeOfEachKind)
{
    for (const KindOfFault &kind : kKinds) {
        Bench b;
        Registers before = registers_of(b.thread);
        b.make_fault(kind.type);
        Reply r = b.take();
        EXPECT_EQ(r.label, Word{kind.type});
        EXPECT_EQ(r.length, kind.length) << kind.type;
        EXPECT_EQ(r.badge, kind.badge) << kind.type;
        if (kind.type != FAULT_CAP && kind.type != FAULT_UNKNOWN_SYSCALL) {
            EXPECT_EQ(registers_of(b.thread), before) << "the thread keeps its registers";
        }
    }
}

TEST(FaultMessage, IsTheSameForAHandlerThatWaits)
{
    for (const KindOfFault &kind : kKinds) {
        Bench b;
        b.sys.TCB_SetPriority(b.thread.tcb, kTcb, 90);
        EXPECT_EQ(b.sys.current(), b.sys.root().object);
        b.sys.recv(b.ep, b.reply);
        EXPECT_CURRENT(b.sys, b.thread);
        poison(b.thread);
        Word pc = b.thread.regs().pc;
        b.make_fault(kind.type);
        EXPECT_CURRENT(b.sys, b.sys.root());
        Reply r = b.sys.message();
        EXPECT_EQ(r.label, Word{kind.type});
        EXPECT_EQ(r.length, kind.length) << kind.type;
        EXPECT_EQ(r.badge, kind.badge);
        EXPECT_EQ(r[0], kind.type == FAULT_TIMEOUT ? 0x77 : pc);
        EXPECT_EQ(b.thread.state(), THREAD_BLOCKED_ON_REPLY);
    }
}

TEST(FaultMessage, UnknownSyscallCarriesSpRaA0ToA6AndTheNumber)
{
    Bench b;
    b.sys.ecall(0xc1, {0x1001});
    const struct regs &regs = b.thread.regs();
    EXPECT_EQ(b.take().words,
              (std::vector<Word>{b.pc, regs.x[REG_SP], regs.x[REG_RA], 0x1001, regs.x[REG_A1],
                                 regs.x[REG_A2], regs.x[REG_A3], regs.x[REG_A4], regs.x[REG_A5],
                                 regs.x[REG_A6], 0xc1}));
}

TEST(FaultMessage, UserExceptionCarriesSpAndTheCause)
{
    for (Word cause : {0, 2, 3, 4, 6, 10, 14, 18, 24}) {
        Bench b;
        b.sys.fault(cause, 0x1234);
        Reply r = b.take();
        EXPECT_EQ(r.label, Word{FAULT_USER_EXCEPTION});
        EXPECT_EQ(r.words, (std::vector<Word>{b.pc, b.thread.regs().x[REG_SP], cause, 0}));
    }
}

TEST(FaultMessage, VmFaultCarriesAddressKindOfAccessAndStatus)
{
    struct {
        Word cause;
        Word fetch;
        Word status;
    } const cases[] = {{1, 1, 1}, {5, 0, 5}, {7, 0, 7}, {12, 1, 1}, {13, 0, 5}, {15, 0, 7}};
    for (const auto &c : cases) {
        for (Word address : {Word{0x10}, Word{0x3FFFFFF008}, ~Word{0} << 38, Word{1} << 63}) {
            Bench b;
            b.sys.fault(c.cause, address);
            Reply r = b.take();
            EXPECT_EQ(r.label, Word{FAULT_VM});
            EXPECT_EQ(r.words, (std::vector<Word>{b.pc, address, c.fetch, c.status}));
        }
    }
}

TEST(FaultMessage, RealAccessesFault)
{
    Bench b;
    Word value = 0;
    EXPECT_FALSE(b.sys.load(0x10, &value));
    EXPECT_EQ(b.take().words, (std::vector<Word>{b.pc, 0x10, 0, 5}));
    b.sys.send(b.reply);
    EXPECT_FALSE(b.sys.store(0x60000008, 1));
    EXPECT_EQ(b.take().words, (std::vector<Word>{b.pc, 0x60000008, 0, 7}));
    b.sys.send(b.reply);
    EXPECT_FALSE(b.sys.fetch(0x60000000));
    EXPECT_EQ(b.take().words, (std::vector<Word>{b.pc, 0x60000000, 1, 1}));
}

TEST(FaultMessage, FpuThatIsDisabledIsAnIllegalInstruction)
{
    if (!CONFIG_FPU) {
        return;
    }
    Bench b;
    b.sys.TCB_SetFlags(b.thread.tcb, 0, ABI_TCB_FLAG_FPU_DISABLED);
    Word value = 0;
    Word pc = b.thread.regs().pc;
    EXPECT_FALSE(sim_fpu_get(b.sys.sim(), 0, &value));
    Reply r = b.take();
    EXPECT_EQ(r.words, (std::vector<Word>{pc, b.thread.regs().x[REG_SP], 2, 0}));
    EXPECT_OK(b.sys.TCB_SetFlags(b.thread.tcb, ABI_TCB_FLAG_FPU_DISABLED, 0));
    b.sys.send(b.reply);
    EXPECT_CURRENT(b.sys, b.thread);
    EXPECT_TRUE(sim_fpu_get(b.sys.sim(), 0, &value));
    EXPECT_EQ(value, 0u);
}

TEST(FaultMessage, CapabilitiesNamedInTheBufferAreNotSent)
{
    Bench b;
    CPtr slot = b.sys.alloc_slot();
    Word *root = b.sys.root().buffer_words();
    root[ABI_BUFFER_RECEIVE_CNODE] = kCNode;
    root[ABI_BUFFER_RECEIVE_INDEX] = slot;
    root[ABI_BUFFER_RECEIVE_DEPTH] = 64;
    b.thread.buffer_words()[ABI_BUFFER_CAPS] = kTcb;
    b.sys.ecall(0xc1, {0, 3 << 7});
    EXPECT_EQ(b.take().extra_caps, 0u);
    EXPECT_TRUE(b.sys.is_empty(slot));
}

TEST(FaultMessage, HandlerWithoutWritableBufferGetsFourWords)
{
    for (Word rights : {Word{0}, Word{ABI_RIGHT_READ}, Word{ABI_RIGHT_ALL}}) {
        Bench b;
        b.sys.ecall(0xc1);
        Thread handler = b.sys.spawn(
            {.priority = 105, .with_buffer = rights != ABI_RIGHT_ALL, .buffer_rights = rights});
        Reply r = b.sys.recv(b.ep, b.reply);
        EXPECT_CURRENT(b.sys, handler);
        EXPECT_EQ(r.length, 4u);
        EXPECT_EQ(r.words,
                  (std::vector<Word>{b.pc, b.thread.regs().x[REG_SP], b.thread.regs().x[REG_RA],
                                     b.thread.regs().x[REG_A0]}));
    }
}

TEST(FaultMessage, LongFaultFillsTheBufferOfTheHandler)
{
    Bench b;
    b.sys.ecall(0xc1);
    b.take();
    const Word *buffer = b.sys.root().buffer_words();
    EXPECT_EQ(buffer[ABI_BUFFER_MSG + 4], b.thread.regs().x[REG_A1]);
    EXPECT_EQ(buffer[ABI_BUFFER_MSG + 10], 0xc1u);
}

/* --- Delivery --------------------------------------------------------------------------------- */

TEST(FaultDelivery, FaultersQueueLikeSendersByPriority)
{
    Bench b;
    b.sys.fault(13, 0x10);
    EXPECT_EQ(b.thread.state(), THREAD_BLOCKED_ON_SEND);
    Thread sender = b.sys.spawn({.priority = 120});
    b.sys.send(b.ep, 0x55);
    EXPECT_EQ(b.sys.endpoint_of(b.ep)->queue.head, sender.object);
    EXPECT_EQ(sender.object->queue_next, b.thread.object);
    EXPECT_OK(b.sys.TCB_SetPriority(kTcb, kTcb, 200));
    EXPECT_EQ(b.sys.recv(b.ep, b.reply).label, 0x55u);
    EXPECT_EQ(b.sys.recv(b.ep, b.reply).label, Word{FAULT_VM});
}

TEST(FaultDelivery, ReceiverWithoutReplyObjectStopsTheFaulter)
{
    for (const KindOfFault &kind : kKinds) {
        Bench b;
        b.make_fault(kind.type);
        Reply r = b.sys.nb_wait(b.ep);
        EXPECT_EQ(r.label, Word{kind.type});
        EXPECT_EQ(r.length, kind.length);
        EXPECT_EQ(b.thread.state(), THREAD_INACTIVE);
    }
}

TEST(FaultDelivery, HandlerWithGrantOrGrantReplyCanReply)
{
    for (Word rights :
         {ABI_RIGHT_WRITE | ABI_RIGHT_GRANT, ABI_RIGHT_WRITE | ABI_RIGHT_GRANT_REPLY}) {
        System sys;
        CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
        CPtr reply = sys.make(ABI_OBJECT_REPLY);
        Thread t = sys.spawn({.priority = 110, .fault_ep = sys.mint(ep, 3, Word(rights))});
        sys.fault(13, 0x10);
        EXPECT_EQ(sys.recv(ep, reply).badge, 3u);
        sys.send(reply);
        EXPECT_CURRENT(sys, t);
    }
}

TEST(FaultDelivery, WithoutHandlerTheThreadBecomesInactiveAndRetriesWhenResumed)
{
    System sys;
    Thread t = sys.spawn({.priority = 110});
    Word pc = t.regs().pc;
    sys.clear_console();
    sys.fault(13, 0x10);
    EXPECT_CURRENT(sys, sys.root());
    EXPECT_EQ(t.state(), THREAD_INACTIVE);
    if (!CONFIG_DEBUG) {
        EXPECT_EQ(sys.console(), "");
    }
    sys.TCB_Resume(t.tcb);
    EXPECT_CURRENT(sys, t);
    EXPECT_EQ(t.regs().pc, pc);
}

TEST(FaultDelivery, RevokedHandlerIsNoHandler)
{
    Bench b;
    CPtr ep = b.sys.make(ABI_OBJECT_ENDPOINT);
    EXPECT_OK(b.sys.TCB_SetSpace(b.thread.tcb, ep, kCNode, 0, kVSpace, 0));
    b.sys.revoke(ep);
    EXPECT_CURRENT(b.sys, b.thread);
    b.sys.fault(13, 0x10);
    EXPECT_EQ(b.thread.state(), THREAD_INACTIVE);
}

TEST(FaultDelivery, WithoutTimeoutHandlerNoTimeoutFault)
{
    Bench b;
    b.sys.TCB_SetTimeoutEndpoint(b.thread.tcb, b.sys.alloc_slot());
    b.sys.advance(1500);
    EXPECT_CURRENT(b.sys, b.sys.root());
    EXPECT_EQ(b.thread.object->queue, THREAD_QUEUE_RELEASE);
    EXPECT_EQ(b.sys.endpoint_of(b.ep)->queue.head, nullptr);
}

/* --- Replies ---------------------------------------------------------------------------------- */

/* Root replies with a label and words; what the registers must be then. */
void expect_reply(const KindOfFault &kind, Word label, Word length)
{
    SCOPED_TRACE("fault " + std::to_string(kind.type) + ", label " + std::to_string(label) +
                 ", length " + std::to_string(length));
    Bench b;
    b.make_fault(kind.type);
    Word pc = kind.type == FAULT_TIMEOUT ? b.thread.regs().pc : b.pc;
    b.take();
    Registers expected = registers_of(b.thread);
    for (size_t i = 0; i < length && i < kind.order.size(); i++) {
        if (kind.order[i] == 0) {
            pc = 0x5000 + i;
        } else {
            expected[size_t(kind.order[i])] = 0x5000 + i;
        }
    }
    b.sys.send(b.reply, label, numbered(length, 0x5000));
    bool restart = label == 0 || !kind.label_matters;
    EXPECT_EQ(b.thread.object->fault.type, FAULT_NONE);
    EXPECT_EQ(registers_of(b.thread), expected);
    if (restart && kind.type == FAULT_TIMEOUT) {
        EXPECT_EQ(b.thread.state(), THREAD_RESTART);
        EXPECT_EQ(b.thread.object->queue, THREAD_QUEUE_RELEASE);
        EXPECT_EQ(b.thread.regs().fault_pc, pc);
    } else if (restart) {
        EXPECT_CURRENT(b.sys, b.thread);
        EXPECT_EQ(b.thread.regs().pc, pc);
    } else {
        EXPECT_CURRENT(b.sys, b.sys.root());
        EXPECT_EQ(b.thread.state(), THREAD_INACTIVE);
        EXPECT_EQ(b.thread.regs().fault_pc, pc);
    }
}

TEST(FaultReply, EveryLengthSetsAsManyRegistersAndLeavesTheRest)
{
    for (const KindOfFault &kind : kKinds) {
        for (Word length = 0; length <= kind.order.size() + 2; length++) {
            expect_reply(kind, 0, length);
        }
        expect_reply(kind, 0, 120);
    }
}

TEST(FaultReply, OtherLabelsStopTheThreadButSetItsRegisters)
{
    for (const KindOfFault &kind : kKinds) {
        for (Word label : {Word{1}, Word{5}, Word{1} << 51}) {
            expect_reply(kind, label, 0);
            expect_reply(kind, label, 1);
            expect_reply(kind, label, kind.order.size());
        }
    }
}

TEST(FaultReply, StoppedThreadContinuesAtItsNewPcWhenResumed)
{
    Bench b;
    b.sys.ecall(0xc1);
    b.take();
    EXPECT_TRUE(b.sys.send(b.reply, 1, {b.pc + 4}).returned);
    b.sys.TCB_Resume(b.thread.tcb);
    EXPECT_CURRENT(b.sys, b.thread);
    EXPECT_EQ(b.thread.regs().pc, b.pc + 4);
}

TEST(FaultReply, EmptyReplyToAnUnknownSyscallMakesItFaultAgain)
{
    Bench b;
    b.sys.ecall(0xc1);
    b.take();
    b.sys.send(b.reply);
    EXPECT_CURRENT(b.sys, b.thread);
    EXPECT_EQ(b.thread.regs().pc, b.pc);
    b.sys.refire();
    EXPECT_EQ(b.take()[10], 0xc1u);
}

TEST(FaultReply, EveryFormOfReplyingWorks)
{
    for (int form = 0; form < 6; form++) {
        Bench b;
        CPtr ready = b.sys.make(ABI_OBJECT_NOTIFICATION);
        b.sys.ecall(0xc1);
        b.sys.signal(ready);
        b.take();
        switch (form) {
        case 0:
            b.sys.send(b.reply, 0, {0x7000});
            break;
        case 1:
            b.sys.nb_send(b.reply, 0, {0x7000});
            break;
        case 2:
            b.sys.call(b.reply, 0, {0x7000});
            break;
        case 3:
            b.sys.reply_recv(b.ep, b.reply, 0, {0x7000});
            break;
        case 4:
            b.sys.nb_send_recv(b.reply, ready, 0, 0, {0x7000});
            break;
        default:
            b.sys.nb_send_wait(b.reply, ready, 0, {0x7000});
        }
        EXPECT_CURRENT(b.sys, b.thread);
        EXPECT_EQ(b.thread.regs().pc, 0x7000u) << form;
    }
}

TEST(FaultReply, ReplierWithoutBufferSetsAtMostFourRegisters)
{
    for (enum fault_type type : {FAULT_UNKNOWN_SYSCALL, FAULT_TIMEOUT}) {
        Bench b;
        b.make_fault(type);
        b.take();
        b.sys.spawn({.priority = 105, .with_buffer = false});
        Registers expected = registers_of(b.thread);
        const std::vector<int> &order = type == FAULT_TIMEOUT ? kTimeoutOrder : kSyscallOrder;
        for (size_t i = 1; i < 4; i++) {
            expected[size_t(order[i])] = 0x5000 + i;
        }
        b.sys.send(b.reply, 0, numbered(10, 0x5000));
        EXPECT_EQ(registers_of(b.thread), expected);
    }
}

TEST(FaultReply, ReplierMayHaveAReadOnlyBuffer)
{
    Bench b;
    b.sys.ecall(0xc1);
    b.take();
    b.sys.spawn({.priority = 105, .buffer_rights = ABI_RIGHT_READ});
    b.sys.send(b.reply, 0, numbered(10, 0x5000));
    EXPECT_EQ(b.thread.regs().x[REG_A6], 0x5009u);
}

TEST(FaultReply, CapabilitiesInItAreIgnored)
{
    Bench b;
    CPtr slot = b.sys.alloc_slot();
    Word *buffer = b.thread.buffer_words();
    buffer[ABI_BUFFER_RECEIVE_CNODE] = kCNode;
    buffer[ABI_BUFFER_RECEIVE_INDEX] = slot;
    buffer[ABI_BUFFER_RECEIVE_DEPTH] = 64;
    b.sys.ecall(0xc1);
    b.take();
    b.sys.send(b.reply, 0, {b.pc}, {kTcb});
    EXPECT_CURRENT(b.sys, b.thread);
    EXPECT_TRUE(b.sys.is_empty(slot));
}

TEST(FaultReply, RegistersWrittenMeanwhileStayBelowTheReply)
{
    Bench b;
    b.sys.fault(2, 0);
    b.take();
    EXPECT_OK(b.sys.write_registers(b.thread.tcb, false, {0x7000, 0x111, 0x222}));
    EXPECT_EQ(b.thread.state(), THREAD_BLOCKED_ON_REPLY);
    b.sys.send(b.reply, 0, {0x8000});
    EXPECT_CURRENT(b.sys, b.thread);
    EXPECT_EQ(b.thread.regs().pc, 0x8000u);
    EXPECT_EQ(b.thread.regs().x[REG_RA], 0x111u);
    EXPECT_EQ(b.thread.regs().x[REG_SP], 0x222u);
}

TEST(FaultReply, PcWrittenMeanwhileIsWhereItRestarts)
{
    Bench b;
    b.sys.fault(13, 0x10);
    b.take();
    EXPECT_OK(b.sys.write_registers(b.thread.tcb, false, {0x7000}));
    b.sys.send(b.reply);
    EXPECT_EQ(b.thread.regs().pc, 0x7000u);
}

/* --- Timeouts --------------------------------------------------------------------------------- */

TEST(FaultTimeout, CarriesBadgeAndConsumedTimeAndResetsTheCounter)
{
    Bench b;
    b.sys.advance(1500);
    Reply r = b.take();
    EXPECT_EQ(r[0], 0x77u);
    EXPECT_GE(r[1], 980u);
    EXPECT_LE(r[1], 1001u);
    EXPECT_EQ(b.sys.SchedContext_Consumed(b.thread.sc)[0], 0u);
}

TEST(FaultTimeout, ConsumedTimeIsReadWhenTheMessageIsTaken)
{
    Bench b;
    b.sys.advance(1500);
    EXPECT_GE(b.sys.SchedContext_Consumed(b.thread.sc)[0], 980u);
    EXPECT_EQ(b.take()[1], 0u);
}

TEST(FaultTimeout, WithoutScTheMessageHasOneWord)
{
    Bench b;
    b.sys.advance(1500);
    EXPECT_OK(b.sys.SchedContext_Unbind(b.thread.sc));
    EXPECT_EQ(b.take().words, (std::vector<Word>{0x77}));
}

TEST(FaultTimeout, RepeatsOncePerExhaustedBudget)
{
    Bench b;
    for (int i = 0; i < 3; i++) {
        Word start = b.sys.now();
        EXPECT_CURRENT(b.sys, b.thread);
        b.sys.advance(1005);
        Reply r = b.take();
        EXPECT_EQ(r.label, Word{FAULT_TIMEOUT});
        EXPECT_TRUE(b.sys.send(b.reply).returned) << "no second fault by the reply itself";
        EXPECT_EQ(b.thread.state(), THREAD_RESTART);
        EXPECT_EQ(b.thread.object->queue, THREAD_QUEUE_RELEASE);
        while (!b.sys.is_current(b.thread) && b.sys.now() < start + 200000) {
            b.sys.advance(10);
        }
        EXPECT_NEAR(double(b.sys.now() - start), 100000.0, 1000.0);
    }
}

TEST(FaultTimeout, ThreadContinuesWhereItWasInterrupted)
{
    Bench b;
    b.sys.advance(1500);
    b.take();
    b.sys.send(b.reply);
    b.sys.advance(9000);
    EXPECT_CURRENT(b.sys, b.thread);
    EXPECT_EQ(b.thread.regs().pc, b.pc);
}

TEST(FaultTimeout, ExpiryAtASystemCallSkipsItUntilTheReply)
{
    Bench b;
    CPtr ntfn = b.sys.make(ABI_OBJECT_NOTIFICATION);
    Word pc = b.thread.regs().pc;
    b.sys.advance(985);
    b.sys.signal(ntfn);
    Reply r = b.take();
    EXPECT_EQ(r.label, Word{FAULT_TIMEOUT});
    EXPECT_EQ(b.sys.ntfn_of(ntfn)->state, NTFN_IDLE);
    EXPECT_EQ(b.thread.regs().fault_pc, pc);
    b.sys.send(b.reply);
    b.sys.advance(9500);
    EXPECT_CURRENT(b.sys, b.thread);
    b.sys.refire();
    EXPECT_EQ(b.sys.ntfn_of(ntfn)->state, NTFN_ACTIVE);
}

TEST(FaultTimeout, NeverForRoundRobinAndNotByYield)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    Thread robin = sys.spawn({.priority = 110, .timeout_ep = ep});
    sys.advance(5000);
    EXPECT_CURRENT(sys, robin);
    sys.TCB_Suspend(robin.tcb);
    Thread periodic =
        sys.spawn({.priority = 110, .budget_us = 1000, .period_us = 10000, .timeout_ep = ep});
    sys.yield();
    EXPECT_CURRENT(sys, sys.root());
    EXPECT_EQ(periodic.state(), THREAD_RUNNING);
    EXPECT_EQ(periodic.object->queue, THREAD_QUEUE_RELEASE);
    EXPECT_EQ(sys.endpoint_of(ep)->queue.head, nullptr);
}

TEST(FaultTimeout, LowerHandlerThatWaitsGetsItAtOnce)
{
    Bench b;
    b.sys.TCB_SetPriority(b.thread.tcb, kTcb, 90);
    b.sys.recv(b.ep, b.reply);
    EXPECT_CURRENT(b.sys, b.thread);
    b.sys.advance(1005);
    EXPECT_CURRENT(b.sys, b.sys.root());
    EXPECT_EQ(b.sys.message().label, Word{FAULT_TIMEOUT});
}

/* --- Timeouts in passive servers -------------------------------------------------------------- */

/* A passive server with a timeout handler, on the SC (badge 0x44) of a client. Root (100) is lower.
 * */
struct ServerBench {
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr timeout = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr timeout_badged = sys.mint(timeout, 0x99);
    CPtr reply = sys.make(ABI_OBJECT_REPLY);
    CPtr root_reply = sys.make(ABI_OBJECT_REPLY);
    Thread server;
    Thread client;

    ServerBench()
    {
        server = sys.spawn({.priority = 110, .timeout_ep = timeout_badged});
        sys.recv(ep, reply);
        EXPECT_OK(sys.SchedContext_Unbind(server.sc));
        client =
            sys.spawn({.priority = 105, .budget_us = 1000, .period_us = 10000, .sc_badge = 0x44});
        sys.call(ep, 1);
        EXPECT_CURRENT(sys, server);
        sys.advance(1005);
        EXPECT_CURRENT(sys, sys.root());
    }
};

TEST(FaultTimeoutInServer, IsTheServersFaultWithTheBadgeOfTheClientsSc)
{
    ServerBench b;
    Reply r = b.sys.recv(b.timeout, b.root_reply);
    EXPECT_EQ(r.label, Word{FAULT_TIMEOUT});
    EXPECT_EQ(r.badge, 0x99u);
    EXPECT_EQ(r[0], 0x44u);
    EXPECT_EQ(b.server.state(), THREAD_BLOCKED_ON_REPLY);
    EXPECT_EQ(b.server.sc_object(), b.sys.sc_of(b.client.sc)) << "it keeps the SC";
}

TEST(FaultTimeoutInServer, HandlerRepliesToTheClientAndResetsTheServer)
{
    ServerBench b;
    b.sys.recv(b.timeout, b.root_reply);
    EXPECT_TRUE(b.sys.send(b.reply, 0xe).returned);
    EXPECT_EQ(b.client.sc_object(), b.sys.sc_of(b.client.sc));
    EXPECT_EQ(b.client.message().label, 0xeu);
    EXPECT_EQ(b.client.object->queue, THREAD_QUEUE_RELEASE);
    EXPECT_EQ(b.server.sc_object(), nullptr);
    EXPECT_OK(b.sys.SchedContext_Bind(b.server.sc, b.server.tcb));
    b.sys.send(b.root_reply, 0, numbered(32, 0x5000));
    EXPECT_CURRENT(b.sys, b.server);
    EXPECT_EQ(b.server.regs().pc, 0x5000u);
    EXPECT_EQ(b.server.regs().x[REG_TP], 0x501fu);
}

} // namespace

} // namespace albireo
