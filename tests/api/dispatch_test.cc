/* SPDX-License-Identifier: BSD-2-Clause */

/* What each form of sending does with each kind of destination, labels that a kind does not know,
 * and the two halves of the combined calls (docs/abi/01 sections 1.4 and 1.6, 05 section 5.2). */
#include "tests/support/system.h"

namespace albireo {

namespace {

/* A combined call of the current thread. Its receive half waits on `source`. */
enum Form { SEND, NB_SEND, CALL, REPLY_RECV, NB_SEND_RECV, NB_SEND_WAIT };

constexpr Form kCombined[] = {REPLY_RECV, NB_SEND_RECV, NB_SEND_WAIT};
constexpr Form kSimple[] = {SEND, NB_SEND, CALL};

struct Message {
    CPtr dest = 0;
    Word label = 0;
    std::vector<Word> words = {};
    std::vector<CPtr> caps = {};
};

Reply perform(System &sys, Form form, const Message &m, CPtr source = 0)
{
    switch (form) {
    case SEND:
        return sys.send(m.dest, m.label, m.words, m.caps);
    case NB_SEND:
        return sys.nb_send(m.dest, m.label, m.words, m.caps);
    case CALL:
        return sys.call(m.dest, m.label, m.words, m.caps);
    case REPLY_RECV:
        return sys.reply_recv(source, m.dest, m.label, m.words, m.caps);
    case NB_SEND_RECV:
        return sys.nb_send_recv(m.dest, source, 0, m.label, m.words, m.caps);
    case NB_SEND_WAIT:
        return sys.nb_send_wait(m.dest, source, m.label, m.words, m.caps);
    }
    return Reply();
}

CPtr make_handler(System &sys)
{
    CPtr slot = sys.alloc_slot();
    EXPECT_OK(sys.IRQControl_Get(kIrqControl, 5, kCNode, slot, 64));
    return slot;
}

/* A kind of kernel object and a capability of it. */
struct Kind {
    enum cap_type type;
    CPtr (*make)(System &sys);
};

const Kind kObjectKinds[] = {
    {CAP_UNTYPED,
     [](System &sys) {
         return sys.untyped(12);
     }},
    {CAP_CNODE,
     [](System &sys) {
         return sys.make_cnode(2);
     }},
    {CAP_TCB,
     [](System &sys) {
         return sys.make(ABI_OBJECT_TCB);
     }},
    {CAP_IRQ_CONTROL,
     [](System &) {
         return kIrqControl;
     }},
    {CAP_IRQ_HANDLER, make_handler},
    {CAP_DOMAIN,
     [](System &) {
         return kDomain;
     }},
    {CAP_SCHED_CONTEXT,
     [](System &sys) {
         return sys.make_sc(1000, 1000);
     }},
    {CAP_SCHED_CONTROL,
     [](System &sys) {
         return sys.sched_control();
     }},
    {CAP_FRAME,
     [](System &sys) {
         return sys.make(ABI_OBJECT_PAGE_4K);
     }},
    {CAP_PAGE_TABLE,
     [](System &sys) {
         return sys.make(ABI_OBJECT_PAGE_TABLE);
     }},
    {CAP_ASID_CONTROL,
     [](System &) {
         return kAsidControl;
     }},
    {CAP_ASID_POOL,
     [](System &) {
         return kAsidPool;
     }},
};

bool knows(enum cap_type type, Word label)
{
    switch (label) {
#define ABI_X(number, kind, name, stub, handler, args, results)                                    \
    case number:                                                                                   \
        return type == CAP_##kind;
        ABI_INVOCATIONS(ABI_X)
#undef ABI_X
    default:
        return false;
    }
}

/* One invocation on each kind, with something to see when it has happened. */
struct Operation {
    const char *name;
    bool in_first_phase; /* Also the send half of a combined call may do it. */
    Message message;
    std::function<bool()> done;
};

Operation retype_operation(System &sys)
{
    CPtr untyped = sys.untyped(12);
    CPtr slot = sys.alloc_slot();
    return {"untyped",
            true,
            {untyped, ABI_LABEL_UNTYPED_RETYPE, {ABI_OBJECT_ENDPOINT, 0, 0, 0, slot, 1}, {kCNode}},
            [&sys, slot] {
                return sys.cap_at(slot).type == CAP_ENDPOINT;
            }};
}

std::vector<Operation> operations_on_threads(System &sys)
{
    CPtr victim = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr tcb = sys.make(ABI_OBJECT_TCB);
    CPtr sc = sys.make_sc(1000, 1000);
    EXPECT_OK(sys.SchedContext_Bind(sc, tcb));
    CPtr raw = sys.make(ABI_OBJECT_SCHED_CONTEXT, 8);
    sys.thread_of(tcb)->domain = 0;
    Word last = CONFIG_DOMAINS - 1; /* With one domain there is nothing to see: the same one. */
    return {
        {"CNode",
         false,
         {kCNode, ABI_LABEL_CNODE_DELETE, {victim, 64}},
         [&sys, victim] {
             return sys.is_empty(victim);
         }},
        {"TCB",
         false,
         {tcb, ABI_LABEL_TCB_SET_TLS_BASE, {0x1234}},
         [&sys, tcb] {
             return sys.thread_of(tcb)->regs.x[REG_TP] == 0x1234;
         }},
        {"SchedContext",
         false,
         {sc, ABI_LABEL_SCHED_CONTEXT_UNBIND},
         [&sys, sc] {
             return sys.sc_of(sc)->thread == nullptr;
         }},
        {"SchedControl",
         false,
         {sys.sched_control(),
          ABI_LABEL_SCHED_CONTROL_CONFIGURE_FLAGS,
          {1000, 1000, 0, 7, 0},
          {raw}},
         [&sys, raw] {
             return sys.sc_of(raw)->refills.max != 0;
         }},
        {"domain",
         false,
         {kDomain, ABI_LABEL_DOMAIN_SET, {last}, {tcb}},
         [&sys, tcb, last] {
             return last != 0 && sys.thread_of(tcb)->domain == last;
         }},
    };
}

std::vector<Operation> operations_on_interrupts(System &sys)
{
    CPtr slot = sys.alloc_slot();
    CPtr handler = make_handler(sys);
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    return {
        {"IRQ control",
         true,
         {kIrqControl, ABI_LABEL_IRQ_CONTROL_GET, {7, slot, 64}, {kCNode}},
         [&sys, slot] {
             return sys.cap_at(slot).type == CAP_IRQ_HANDLER;
         }},
        {"IRQ handler",
         true,
         {handler, ABI_LABEL_IRQ_HANDLER_SET_NOTIFICATION, {}, {ntfn}},
         [&sys] {
             return sys.kernel()->irq_slots[5].cap.type == CAP_NOTIFICATION;
         }},
    };
}

std::vector<Operation> operations_on_memory(System &sys)
{
    CPtr table = sys.make(ABI_OBJECT_PAGE_TABLE);
    CPtr root_table = sys.make(ABI_OBJECT_PAGE_TABLE);
    CPtr frame = sys.make(ABI_OBJECT_PAGE_4K);
    CPtr memory = sys.untyped(12);
    CPtr slot = sys.alloc_slot();
    sys.map_tables(kVSpace, 0x50000000);
    return {
        {"page table",
         true,
         {table, ABI_LABEL_PAGE_TABLE_MAP, {0x60000000, 0}, {kVSpace}},
         [&sys, table] {
             return sys.cap_at(table).asid != 0;
         }},
        {"frame",
         true,
         {frame, ABI_LABEL_PAGE_MAP, {0x50000000, 3, 0}, {kVSpace}},
         [&sys, frame] {
             return sys.cap_at(frame).asid != 0;
         }},
        {"ASID control",
         true,
         {kAsidControl, ABI_LABEL_ASID_CONTROL_MAKE_POOL, {slot, 64}, {memory, kCNode}},
         [&sys, slot] {
             return sys.cap_at(slot).type == CAP_ASID_POOL;
         }},
        {"ASID pool",
         true,
         {kAsidPool, ABI_LABEL_ASID_POOL_ASSIGN, {}, {root_table}},
         [&sys, root_table] {
             return sys.cap_at(root_table).asid != 0;
         }},
    };
}

std::vector<Operation> operations(System &sys)
{
    std::vector<Operation> all = {retype_operation(sys)};
    for (auto make : {operations_on_threads, operations_on_interrupts, operations_on_memory}) {
        for (const Operation &o : make(sys)) {
            all.push_back(o);
        }
    }
    return all;
}

/* --- Destinations ----------------------------------------------------------------------------- */

TEST(SyscallDispatch, UnknownLabelIsAnIllegalOperationForEveryKindOfObject)
{
    for (const Kind &kind : kObjectKinds) {
        System sys;
        CPtr cap = kind.make(sys);
        ASSERT_EQ(sys.cap_at(cap).type, kind.type);
        sys.expect_unchanged([&] {
            for (Word label = 0; label < ABI_LABEL_COUNT + 2; label++) {
                if (!knows(kind.type, label)) {
                    EXPECT_CALL_ERROR(sys.call(cap, label, {1, 2, 3, 4}), STATUS_ILLEGAL_OPERATION,
                                      {});
                }
            }
            /* No bit of the label is ignored. */
            for (Word label = 0; label < ABI_LABEL_COUNT; label++) {
                EXPECT_CALL_ERROR(sys.call(cap, label | Word{1} << 51), STATUS_ILLEGAL_OPERATION);
                EXPECT_CALL_ERROR(sys.call(cap, label | 64), STATUS_ILLEGAL_OPERATION);
            }
        });
    }
}

TEST(SyscallDispatch, InvocationsHappenBySendNbSendAndCall)
{
    for (Form form : kSimple) {
        System sys;
        for (const Operation &o : operations(sys)) {
            if (CONFIG_DOMAINS == 1 && o.message.dest == kDomain) {
                continue;
            }
            EXPECT_FALSE(o.done()) << o.name;
            Reply r = perform(sys, form, o.message);
            EXPECT_TRUE(r.returned) << o.name;
            EXPECT_TRUE(o.done()) << o.name << ", form " << form;
        }
    }
}

TEST(SyscallDispatch, SendHalfOfACombinedCallInvokesOnlyMemoryAndInterruptObjects)
{
    for (Form form : kCombined) {
        System sys;
        CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
        CPtr badged = sys.mint(ntfn, 0x40);
        for (const Operation &o : operations(sys)) {
            sys.signal(badged);
            Reply r = perform(sys, form, o.message, ntfn);
            EXPECT_EQ(o.done(), o.in_first_phase) << o.name << ", form " << form;
            EXPECT_TRUE(r.returned) << o.name;
            EXPECT_EQ(r.badge, 0x40u) << o.name << ": the receive half happens anyhow";
        }
    }
}

TEST(SyscallDispatch, RefusedSendHalfLeavesNoTrace)
{
    for (Form form : kCombined) {
        System sys;
        CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
        for (const Operation &o : operations_on_threads(sys)) {
            sys.expect_unchanged([&] {
                sys.signal(ntfn);
                EXPECT_TRUE(perform(sys, form, o.message, ntfn).returned) << o.name;
            });
        }
    }
}

TEST(SyscallDispatch, DestinationsWithoutWriteRightAndEmptySlotsAreInvalidCapabilityZero)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    Word others = ABI_RIGHT_READ | ABI_RIGHT_GRANT | ABI_RIGHT_GRANT_REPLY;
    const CPtr refused[] = {sys.alloc_slot(), sys.copy(ep, others), sys.copy(ntfn, others),
                            sys.copy(ep, 0), sys.copy(ntfn, 0)};
    for (CPtr dest : refused) {
        sys.expect_unchanged([&] {
            EXPECT_CALL_ERROR(sys.call(dest, 1, {5}), STATUS_INVALID_CAPABILITY, {0});
            EXPECT_TRUE(sys.send(dest, 1, {5}).returned);
            EXPECT_TRUE(sys.nb_send(dest, 1, {5}).returned);
        });
        for (Form form : kCombined) {
            sys.signal(ntfn);
            EXPECT_TRUE(perform(sys, form, {dest, 1, {5}}, ntfn).returned);
        }
    }
}

TEST(SyscallDispatch, ZombieIsInvalidCapabilityZero)
{
    System sys;
    CPtr cnode = sys.make_cnode(6);
    for (Word i = 0; i < 64; i++) {
        EXPECT_OK(sys.CNode_Copy(cnode, i, 6, kCNode, kTcb, 64, 15));
    }
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    CPtr handler = make_handler(sys);
    EXPECT_OK(sys.IRQHandler_SetNotification(handler, ntfn));
    Thread driver = sys.spawn({.priority = 110});
    sys.wait(ntfn);
    sys.poll_every(1);
    sys.preempt_at(10, 5);
    sys.del(cnode);
    EXPECT_CURRENT(sys, driver);
    ASSERT_EQ(sys.cap_at(cnode).type, CAP_ZOMBIE);
    EXPECT_CALL_ERROR(sys.call(cnode, ABI_LABEL_CNODE_DELETE, {0, 6}), STATUS_INVALID_CAPABILITY,
                      {0});
    EXPECT_TRUE(sys.send(cnode, ABI_LABEL_CNODE_DELETE, {0, 6}).returned);
}

TEST(SyscallDispatch, EveryFormSignalsANotification)
{
    for (Form form : {SEND, NB_SEND, CALL, REPLY_RECV, NB_SEND_RECV, NB_SEND_WAIT}) {
        System sys;
        CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
        CPtr badged = sys.mint(ntfn, 0x50);
        CPtr other = sys.make(ABI_OBJECT_NOTIFICATION);
        sys.signal(other);
        EXPECT_TRUE(perform(sys, form, {badged, 99, {1, 2, 3, 4, 5}}, other).returned);
        EXPECT_EQ(sys.nb_wait(ntfn).badge, 0x50u) << form;
    }
}

TEST(SyscallDispatch, EveryFormSendsToAWaitingReceiver)
{
    for (Form form : {SEND, NB_SEND, REPLY_RECV, NB_SEND_RECV, NB_SEND_WAIT}) {
        System sys;
        CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
        CPtr badged = sys.mint(ep, 0x60);
        CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
        sys.signal(ntfn);
        Thread receiver = sys.spawn({.priority = 110});
        sys.wait(ep);
        perform(sys, form, {badged, 99, {1, 2, 3, 4, 5}}, ntfn);
        EXPECT_CURRENT(sys, receiver);
        EXPECT_EQ(sys.message().badge, 0x60u);
        EXPECT_EQ(sys.message().label, 99u);
        EXPECT_EQ(sys.message().words, (std::vector<Word>{1, 2, 3, 4, 5}));
        EXPECT_EQ(sys.root().state(), THREAD_RUNNING);
    }
}

TEST(SyscallDispatch, EveryFormReplies)
{
    for (Form form : {SEND, NB_SEND, CALL, REPLY_RECV, NB_SEND_RECV, NB_SEND_WAIT}) {
        System sys;
        CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
        CPtr reply = sys.make(ABI_OBJECT_REPLY);
        CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
        sys.signal(ntfn);
        Thread client = sys.spawn({.priority = 110});
        sys.call(ep, 1);
        sys.recv(ep, reply);
        EXPECT_EQ(client.state(), THREAD_BLOCKED_ON_REPLY);
        perform(sys, form, {reply, 5, {0x63}}, ntfn);
        EXPECT_CURRENT(sys, client);
        EXPECT_EQ(sys.message().badge, 0u);
        EXPECT_EQ(sys.message().label, 5u);
        EXPECT_EQ(sys.message().words, (std::vector<Word>{0x63}));
        EXPECT_EQ(sys.reply_of(reply)->thread, nullptr);
    }
}

TEST(SyscallDispatch, InvocationByNbSendWithTooFewWordsDoesNothing)
{
    System sys;
    CPtr tcb = sys.make(ABI_OBJECT_TCB);
    sys.expect_unchanged([&] {
        EXPECT_TRUE(sys.nb_send(tcb, ABI_LABEL_TCB_SET_TLS_BASE).returned);
        EXPECT_TRUE(sys.send(tcb, ABI_LABEL_TCB_SET_TLS_BASE).returned);
    });
}

/* --- Combined calls --------------------------------------------------------------------------- */

TEST(SyscallCombined, NbSendWaitTakesItsDestinationFromA6)
{
    System sys;
    CPtr to = sys.make(ABI_OBJECT_NOTIFICATION);
    CPtr wrong = sys.make(ABI_OBJECT_NOTIFICATION);
    CPtr from = sys.make(ABI_OBJECT_NOTIFICATION);
    sys.signal(from);
    sys.ecall(ABI_SYS_NB_SEND_WAIT, {from, 0, 0, 0, 0, 0, to}, &wrong);
    EXPECT_EQ(sys.ntfn_of(to)->state, NTFN_ACTIVE);
    EXPECT_EQ(sys.ntfn_of(wrong)->state, NTFN_IDLE);
}

TEST(SyscallCombined, NbSendRecvTakesItsDestinationFromT0)
{
    System sys;
    CPtr to = sys.make(ABI_OBJECT_NOTIFICATION);
    CPtr wrong = sys.make(ABI_OBJECT_NOTIFICATION);
    CPtr from = sys.make(ABI_OBJECT_NOTIFICATION);
    sys.signal(from);
    sys.ecall(ABI_SYS_NB_SEND_RECV, {from, 0, 0, 0, 0, 0, wrong}, &to);
    EXPECT_EQ(sys.ntfn_of(to)->state, NTFN_ACTIVE);
    EXPECT_EQ(sys.ntfn_of(wrong)->state, NTFN_IDLE);
}

TEST(SyscallCombined, ReplyRecvTakesItsDestinationFromA6)
{
    System sys;
    CPtr to = sys.make(ABI_OBJECT_NOTIFICATION);
    CPtr wrong = sys.make(ABI_OBJECT_NOTIFICATION);
    CPtr from = sys.make(ABI_OBJECT_NOTIFICATION);
    sys.signal(from);
    sys.ecall(ABI_SYS_REPLY_RECV, {from, 0, 0, 0, 0, 0, to}, &wrong);
    EXPECT_EQ(sys.ntfn_of(to)->state, NTFN_ACTIVE);
    EXPECT_EQ(sys.ntfn_of(wrong)->state, NTFN_IDLE);
}

TEST(SyscallCombined, ReceiveHalfHappensWhenTheSendHalfIsDropped)
{
    for (Form form : kCombined) {
        System sys;
        CPtr idle = sys.make(ABI_OBJECT_ENDPOINT);
        CPtr ntfn = sys.mint(sys.make(ABI_OBJECT_NOTIFICATION), 0x70);
        for (CPtr dest : {CPtr{1} << 40, sys.alloc_slot(), idle}) {
            sys.signal(ntfn);
            Reply r = perform(sys, form, {dest, 1, {2}}, ntfn);
            EXPECT_TRUE(r.returned) << form;
            EXPECT_EQ(r.badge, 0x70u) << form;
        }
        EXPECT_EQ(sys.endpoint_of(idle)->queue.head, nullptr) << "not blocked, nothing queued";
    }
}

TEST(SyscallCombined, PreemptedSendHalfRepeatsTheWholeCallBeforeTheReceiveHalf)
{
    System sys;
    CPtr big = sys.untyped(16);
    CPtr first = sys.alloc_slots(2);
    CPtr child = sys.alloc_slot();
    EXPECT_OK(sys.retype(big, ABI_OBJECT_UNTYPED, 15, child));
    EXPECT_OK(sys.del(child)); /* Used and childless: the next retype clears it again. */
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    CPtr irq_ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    CPtr handler = make_handler(sys);
    EXPECT_OK(sys.IRQHandler_SetNotification(handler, irq_ntfn));
    Thread driver = sys.spawn({.priority = 110});
    sys.wait(irq_ntfn);
    sys.signal(ntfn);
    sys.poll_every(1);
    sys.preempt_at(3, 5);
    Word pc = sys.current()->regs.pc;
    sys.nb_send_wait(big, ntfn, ABI_LABEL_UNTYPED_RETYPE, {ABI_OBJECT_ENDPOINT, 0, 0, 0, first, 1},
                     {kCNode});
    EXPECT_CURRENT(sys, driver);
    EXPECT_EQ(sys.root().state(), THREAD_RESTART);
    EXPECT_EQ(sys.root().regs().fault_pc, pc);
    EXPECT_EQ(sys.ntfn_of(ntfn)->state, NTFN_ACTIVE) << "the receive half was skipped";
    EXPECT_TRUE(sys.is_empty(first));
    sys.wait(irq_ntfn);
    EXPECT_CURRENT(sys, sys.root());
    EXPECT_EQ(sys.current()->regs.pc, pc) << "stands at its ecall again";
    EXPECT_TRUE(sys.refire());
    EXPECT_EQ(sys.cap_at(first).type, CAP_ENDPOINT);
    EXPECT_EQ(sys.ntfn_of(ntfn)->state, NTFN_IDLE);
}

} // namespace

} // namespace albireo
