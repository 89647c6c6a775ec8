/* SPDX-License-Identifier: BSD-2-Clause */

/* The capabilities and other settings of a TCB: Configure, SetSpace, SetIPCBuffer,
 * SetTimeoutEndpoint, BindNotification, SetTLSBase, SetFlags (docs/abi/05 section 5.5, docs/abi/16
 * section 16.3, docs/abi/15 items 45 to 55). */

#include "tests/api/refusal.h"

namespace albireo {
namespace {

constexpr Word kConfigure = ABI_LABEL_TCB_CONFIGURE;
constexpr Word kSetSpace = ABI_LABEL_TCB_SET_SPACE;
constexpr Word kSetIpcBuffer = ABI_LABEL_TCB_SET_IPC_BUFFER;
constexpr Word kSetTimeoutEndpoint = ABI_LABEL_TCB_SET_TIMEOUT_ENDPOINT;
constexpr Word kBind = ABI_LABEL_TCB_BIND_NOTIFICATION;
constexpr Word kUnbind = ABI_LABEL_TCB_UNBIND_NOTIFICATION;
constexpr Word kBufferAt = 0x20000400;

/* A guard word, docs/abi/02 section 2.2. */
constexpr Word guard_word(Word size, Word value = 0)
{
    return value << 6 | size;
}

/* Capabilities of all the kinds that something may be wrong with. */
class TcbSpaceTest : public ::testing::Test {
  protected:
    CPtr parent_untyped()
    {
        CPtr untyped = sys.untyped(12);
        CPtr child = sys.alloc_slot();
        EXPECT_OK(sys.retype(untyped, ABI_OBJECT_ENDPOINT, 0, child));
        return untyped;
    }
    CPtr device_frame()
    {
        CPtr slot = sys.alloc_slot();
        EXPECT_OK(sys.retype(sys.device_untyped(12), ABI_OBJECT_PAGE_4K, 0, slot));
        return slot;
    }
    const struct cap &in_tcb(enum thread_slot which)
    {
        return target->slots[which].cap;
    }

    System sys;
    CPtr tcb = sys.make(ABI_OBJECT_TCB);
    struct thread *target = sys.thread_of(tcb);
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    CPtr frame = sys.make(ABI_OBJECT_PAGE_4K);
    CPtr cnode = sys.make_cnode(4);
    CPtr table = sys.make(ABI_OBJECT_PAGE_TABLE); /* Not mapped. */
    CPtr parent = parent_untyped();
    CPtr device = device_frame();
};

/* --- Configure ------------------------------------------------------------------------------- */

TEST_F(TcbSpaceTest, ConfigureRefusalsOfTheMessage)
{
    expect_refused(sys, tcb, kConfigure,
                   {{"no words", 1, {}, {kCNode, kVSpace, frame}, {}},
                    {"two words", 1, {0, 0}, {kCNode, kVSpace, frame}, {}},
                    {"no caps", 1, {0, 0, 0}, {}, {}},
                    {"two caps, no buffer wanted", 1, {0, 0, 0}, {kCNode, kVSpace}, {}},
                    {"two words, bad cap", 1, {0, 0}, {ep, ep, ep}, {}}});
}

TEST_F(TcbSpaceTest, ConfigureRefusalsOfTheBuffer)
{
    const Word at = kBufferAt;
    expect_refused(sys, tcb, kConfigure,
                   {{"parent untyped", 2, {0, 0, at}, {kCNode, kVSpace, parent}, {}},
                    {"parent untyped, bad CSpace", 2, {0, 0, at}, {ep, ep, parent}, {}},
                    {"unmapped table", 3, {0, 0, at}, {kCNode, kVSpace, table}, {}},
                    {"unmapped table, misaligned", 3, {0, 0, at + 1}, {parent, parent, table}, {}},
                    {"endpoint", 4, {0, 0, at}, {kCNode, kVSpace, ep}, {}},
                    {"null, misaligned", 4, {0, 0, at + 1}, {kCNode, kVSpace, 0}, {}},
                    {"childless untyped", 4, {0, 0, at}, {kCNode, kVSpace, sys.untyped(12)}, {}},
                    {"device frame", 5, {0, 0, at}, {kCNode, kVSpace, device}, {}},
                    {"device frame, misaligned", 5, {0, 0, at + 16}, {parent, kVSpace, device}, {}},
                    {"misaligned", 6, {0, 0, at + 16}, {kCNode, kVSpace, frame}, {}},
                    {"misaligned, bad CSpace", 6, {0, 0, at + 512}, {ep, ep, frame}, {}}});
}

TEST_F(TcbSpaceTest, ConfigureRefusalsOfTheSpaces)
{
    expect_refused(
        sys, tcb, kConfigure,
        {{"CSpace is a parent untyped", 8, {0, 0, 0}, {parent, kVSpace, 0}, {}},
         {"CSpace is a parent untyped, bad VSpace", 8, {9, 0, 0}, {parent, table, 0}, {}},
         {"CSpace is an unmapped table", 9, {0, 0, 0}, {table, kVSpace, 0}, {}},
         {"CSpace is an endpoint", 10, {0, 0, 0}, {ep, kVSpace, 0}, {}},
         {"CSpace is an endpoint, badged", 10, {7, 0, 0}, {ep, kVSpace, 0}, {}},
         {"CSpace is null", 10, {0, 0, 0}, {0, kVSpace, 0}, {}},
         {"CSpace is a VSpace", 10, {0, 0, 0}, {kVSpace, kVSpace, 0}, {}},
         {"impossible guard", 10, {guard_word(61), 0, 0}, {cnode, kVSpace, 0}, {}},
         {"CSpace is null, bad VSpace", 10, {0, 0, 0}, {0, parent, 0}, {}},
         {"VSpace is a parent untyped", 11, {0, 0, 0}, {cnode, parent, 0}, {}},
         {"VSpace is an unmapped table", 12, {0, 0, 0}, {cnode, table, 0}, {}},
         {"VSpace is an endpoint", 13, {0, 0, 0}, {cnode, ep, 0}, {}},
         {"VSpace is a CNode", 13, {0, 0, 0}, {cnode, kCNode, 0}, {}},
         {"VSpace is null", 13, {0, 0, 0}, {cnode, 0, 0}, {}}});
}

TEST_F(TcbSpaceTest, LastCapToTheInstalledCNodeIsNotReplaced)
{
    ASSERT_OK(sys.TCB_SetSpace(tcb, 0, cnode, 0, kVSpace, 0));
    ASSERT_OK(sys.del(cnode));
    expect_refused(sys, tcb, kConfigure,
                   {{"the last cap", 7, {0, 0, 0}, {kCNode, kVSpace, 0}, {}},
                    {"the last cap, bad CSpace", 7, {0, 0, 0}, {parent, parent, 0}, {}},
                    {"misaligned buffer", 6, {0, 0, 8}, {kCNode, kVSpace, frame}, {}}});
    expect_refused(sys, tcb, kSetSpace,
                   {{"the last cap", 2, {0, 0}, {0, kCNode, kVSpace}, {}},
                    {"the last cap, bad CSpace", 2, {0, 0}, {ntfn, parent, parent}, {}}});
}

TEST_F(TcbSpaceTest, ACopyOfTheInstalledCNodeLetsItBeReplaced)
{
    ASSERT_OK(sys.TCB_SetSpace(tcb, 0, cnode, 0, kVSpace, 0));
    sys.copy(cnode);
    ASSERT_OK(sys.del(cnode));
    EXPECT_OK(sys.TCB_SetSpace(tcb, 0, kCNode, 0, kVSpace, 0));
    EXPECT_EQ(sys.cap_at(kCNode).slots, in_tcb(THREAD_CSPACE).slots);
}

TEST_F(TcbSpaceTest, LastCapToTheInstalledVSpaceIsReplaced)
{
    CPtr vspace = sys.make_vspace();
    ASSERT_OK(sys.TCB_SetSpace(tcb, 0, cnode, 0, vspace, 0));
    ASSERT_OK(sys.del(vspace));
    EXPECT_OK(sys.TCB_SetSpace(tcb, 0, cnode, 0, kVSpace, 0));
    EXPECT_EQ(sys.cap_at(kVSpace).table, in_tcb(THREAD_VSPACE).table);
}

TEST_F(TcbSpaceTest, ConfigureInstallsEverything)
{
    EXPECT_OK(
        sys.TCB_Configure(tcb, cnode, guard_word(60, 0xF), kVSpace, ~Word{0}, kBufferAt, frame));
    EXPECT_EQ(sys.cap_at(cnode).slots, in_tcb(THREAD_CSPACE).slots);
    EXPECT_EQ(60, in_tcb(THREAD_CSPACE).guard_bits);
    EXPECT_EQ(0xFu, in_tcb(THREAD_CSPACE).guard);
    EXPECT_EQ(sys.cap_at(kVSpace).table, in_tcb(THREAD_VSPACE).table);
    EXPECT_EQ(sys.cap_at(frame).paddr, in_tcb(THREAD_BUFFER).paddr);
    EXPECT_EQ(kBufferAt, target->buffer_vaddr);
    EXPECT_EQ(CAP_NULL, in_tcb(THREAD_FAULT_HANDLER).type);
}

TEST_F(TcbSpaceTest, ConfigureKeepsHandlersPriorityAndSc)
{
    Thread t = sys.spawn({.priority = 7, .fault_ep = ep, .timeout_ep = ep, .start = false});
    EXPECT_OK(sys.TCB_Configure(t.tcb, cnode, 0, kVSpace, 0, 0, 0));
    EXPECT_EQ(CAP_ENDPOINT, t.object->slots[THREAD_FAULT_HANDLER].cap.type);
    EXPECT_EQ(CAP_ENDPOINT, t.object->slots[THREAD_TIMEOUT_HANDLER].cap.type);
    EXPECT_EQ(7, t.object->priority);
    EXPECT_EQ(sys.sc_of(t.sc), t.object->sc);
}

TEST_F(TcbSpaceTest, GuardWordZeroKeepsTheGuardOfTheCapability)
{
    CPtr guarded = sys.mint(cnode, guard_word(3, 5));
    EXPECT_OK(sys.TCB_Configure(tcb, guarded, 0, kVSpace, 0, 0, 0));
    EXPECT_EQ(3, in_tcb(THREAD_CSPACE).guard_bits);
    EXPECT_EQ(5u, in_tcb(THREAD_CSPACE).guard);
}

TEST_F(TcbSpaceTest, ConfigureWithAddressZeroRemovesTheBuffer)
{
    ASSERT_OK(sys.TCB_Configure(tcb, cnode, 0, kVSpace, 0, kBufferAt, frame));
    EXPECT_OK(sys.TCB_Configure(tcb, cnode, 0, kVSpace, 0, 0, frame));
    EXPECT_EQ(CAP_NULL, in_tcb(THREAD_BUFFER).type);
}

TEST_F(TcbSpaceTest, RevokingTheOriginalEmptiesTheSlotsOfTheTcb)
{
    ASSERT_OK(sys.TCB_Configure(tcb, cnode, 0, kVSpace, 0, kBufferAt, frame));
    ASSERT_OK(sys.TCB_SetTimeoutEndpoint(tcb, ep));
    EXPECT_OK(sys.revoke(cnode));
    EXPECT_OK(sys.revoke(frame));
    EXPECT_OK(sys.revoke(ep));
    EXPECT_EQ(CAP_NULL, in_tcb(THREAD_CSPACE).type);
    EXPECT_EQ(CAP_NULL, in_tcb(THREAD_BUFFER).type);
    EXPECT_EQ(CAP_NULL, in_tcb(THREAD_TIMEOUT_HANDLER).type);
    EXPECT_EQ(CAP_PAGE_TABLE, in_tcb(THREAD_VSPACE).type);
}

/* --- SetSpace -------------------------------------------------------------------------------- */

TEST_F(TcbSpaceTest, SetSpaceRefusals)
{
    expect_refused(sys, tcb, kSetSpace,
                   {{"one word", 1, {0}, {0, cnode, kVSpace}, {}},
                    {"two caps", 1, {0, 0}, {0, cnode}, {}},
                    {"no words, all bad", 1, {}, {ntfn, ep, ep}, {}},
                    {"CSpace is a parent untyped", 3, {0, 0}, {ntfn, parent, parent}, {}},
                    {"CSpace is an unmapped table", 4, {0, 0}, {ntfn, table, parent}, {}},
                    {"CSpace is an endpoint", 5, {0, 0}, {0, ep, kVSpace}, {}},
                    {"CSpace is an endpoint, rest bad", 5, {0, 0}, {ntfn, ep, parent}, {}},
                    {"CSpace is null", 5, {0, 0}, {0, 0, kVSpace}, {}},
                    {"impossible guard", 5, {guard_word(61), 0}, {0, cnode, kVSpace}, {}},
                    {"VSpace is a parent untyped", 6, {0, 0}, {ntfn, cnode, parent}, {}},
                    {"VSpace is an unmapped table", 7, {0, 0}, {ntfn, cnode, table}, {}},
                    {"VSpace is an endpoint", 8, {0, 0}, {ntfn, cnode, ep}, {}},
                    {"VSpace is null", 8, {0, 0}, {0, cnode, 0}, {}},
                    {"handler is a notification", 9, {0, 0}, {ntfn, cnode, kVSpace}, {1}}});
}

TEST_F(TcbSpaceTest, SetSpaceInstallsHandlerAndSpaces)
{
    EXPECT_OK(sys.TCB_SetSpace(tcb, ep, cnode, guard_word(60, 3), kVSpace, 99));
    EXPECT_EQ(sys.endpoint_of(ep), in_tcb(THREAD_FAULT_HANDLER).endpoint);
    EXPECT_EQ(sys.cap_at(cnode).slots, in_tcb(THREAD_CSPACE).slots);
    EXPECT_EQ(3u, in_tcb(THREAD_CSPACE).guard);
    EXPECT_EQ(sys.cap_at(kVSpace).table, in_tcb(THREAD_VSPACE).table);
    EXPECT_EQ(CAP_NULL, in_tcb(THREAD_BUFFER).type);
}

TEST_F(TcbSpaceTest, SetSpaceWithANullHandlerRemovesIt)
{
    ASSERT_OK(sys.TCB_SetSpace(tcb, ep, cnode, 0, kVSpace, 0));
    EXPECT_OK(sys.TCB_SetSpace(tcb, 0, cnode, 0, kVSpace, 0));
    EXPECT_EQ(CAP_NULL, in_tcb(THREAD_FAULT_HANDLER).type);
}

TEST_F(TcbSpaceTest, ThreadMayGiveItselfAnotherSpace)
{
    CPtr self = sys.copy(kCNode);
    EXPECT_OK(sys.TCB_SetSpace(kTcb, 0, self, 0, kVSpace, 0));
    EXPECT_OK(sys.TCB_SetMCPriority(tcb, kTcb, 3)) << "pointers mean what they meant";
}

/* --- SetIPCBuffer ---------------------------------------------------------------------------- */

TEST_F(TcbSpaceTest, IpcBufferRefusals)
{
    expect_refused(sys, tcb, kSetIpcBuffer,
                   {{"no word", 1, {}, {frame}, {}},
                    {"no cap", 1, {kBufferAt}, {}, {}},
                    {"no cap, though none needed", 1, {0}, {}, {}},
                    {"parent untyped", 2, {kBufferAt + 1}, {parent}, {}},
                    {"unmapped table", 3, {kBufferAt + 1}, {table}, {}},
                    {"endpoint", 4, {kBufferAt}, {ep}, {}},
                    {"null", 4, {kBufferAt + 1}, {0}, {}},
                    {"IRQ control", 4, {kBufferAt}, {kIrqControl}, {}},
                    {"device frame", 5, {kBufferAt + 1}, {device}, {}},
                    {"0x1010", 6, {0x1010}, {frame}, {}},
                    {"one below", 6, {0x13FF}, {frame}, {}}});
}

TEST_F(TcbSpaceTest, IpcBufferIsAnUnmappedCopyOfTheFrame)
{
    CPtr mapped = sys.map_new_page(kVSpace, 0x10000000);
    EXPECT_OK(sys.TCB_SetIPCBuffer(tcb, 0x1400, mapped));
    EXPECT_EQ(sys.cap_at(mapped).paddr, in_tcb(THREAD_BUFFER).paddr);
    EXPECT_EQ(0, in_tcb(THREAD_BUFFER).asid);
    EXPECT_EQ(0x1400u, target->buffer_vaddr);
}

TEST_F(TcbSpaceTest, AddressZeroRemovesTheBufferAndIgnoresTheCap)
{
    ASSERT_OK(sys.TCB_SetIPCBuffer(tcb, 0x1400, frame));
    EXPECT_OK(sys.TCB_SetIPCBuffer(tcb, 0, ep));
    EXPECT_EQ(CAP_NULL, in_tcb(THREAD_BUFFER).type);
    EXPECT_EQ(nullptr, sys.buffer_of(target));
}

TEST_F(TcbSpaceTest, FailedSetIpcBufferLeavesTheOldOneWorking)
{
    EXPECT_CALL_ERROR(sys.TCB_SetIPCBuffer(kTcb, 0x1010, frame), STATUS_ALIGNMENT_ERROR, {});
    EXPECT_CALL_ERROR(sys.TCB_SetIPCBuffer(kTcb, 0x1400, device), STATUS_ILLEGAL_OPERATION, {});
    ASSERT_OK(sys.write_registers(tcb, false, {1, 2, 3, 4, 5, 6}));
    EXPECT_EQ(6u, sys.TCB_ReadRegisters(tcb, 0, 6).length);
}

TEST_F(TcbSpaceTest, BufferIsAtTheAddressModuloTheFrame)
{
    Word before = sys.cap_at(frame).paddr;
    EXPECT_OK(sys.TCB_SetIPCBuffer(tcb, 0x7000800, frame));
    EXPECT_EQ(reinterpret_cast<Word *>(before + 0x800 + SIM_WINDOW), sys.buffer_of(target));
}

TEST_F(TcbSpaceTest, CallerMayReplaceItsOwnBuffer)
{
    EXPECT_OK(sys.TCB_SetIPCBuffer(kTcb, 0x1400, frame));
    EXPECT_EQ(reinterpret_cast<Word *>(sys.cap_at(frame).paddr + 0x400 + SIM_WINDOW),
              sys.buffer_of(sys.root().object));
    ASSERT_OK(sys.write_registers(tcb, false, {1, 2, 3, 4, 5, 6}));
    EXPECT_EQ(6u, sys.TCB_ReadRegisters(tcb, 0, 6)[5]);
}

TEST_F(TcbSpaceTest, RightsOfTheFrameAreNotChecked)
{
    CPtr none = sys.copy(frame, 0);
    EXPECT_OK(sys.TCB_SetIPCBuffer(tcb, 0x1400, none));
    EXPECT_EQ(nullptr, sys.buffer_of(target));
}

/* --- SetTimeoutEndpoint ---------------------------------------------------------------------- */

TEST_F(TcbSpaceTest, TimeoutEndpointRefusals)
{
    expect_refused(sys, tcb, kSetTimeoutEndpoint,
                   {{"no cap", 1, {}, {}, {}},
                    {"a notification", 2, {}, {ntfn}, {1}},
                    {"an endpoint to receive from", 2, {}, {sys.copy(ep, ABI_RIGHT_READ)}, {1}}});
}

TEST_F(TcbSpaceTest, TimeoutEndpointKeepsItsBadge)
{
    EXPECT_OK(sys.TCB_SetTimeoutEndpoint(tcb, sys.mint(ep, 0xBAD)));
    EXPECT_EQ(0xBADu, in_tcb(THREAD_TIMEOUT_HANDLER).badge);
    EXPECT_OK(sys.TCB_SetTimeoutEndpoint(tcb, 0));
    EXPECT_EQ(CAP_NULL, in_tcb(THREAD_TIMEOUT_HANDLER).type);
}

/* --- BindNotification ------------------------------------------------------------------------ */

TEST_F(TcbSpaceTest, BindNotificationRefusals)
{
    CPtr other = sys.make(ABI_OBJECT_NOTIFICATION);
    expect_refused(sys, tcb, kBind,
                   {{"no cap", 1, {}, {}, {}},
                    {"an endpoint", 3, {}, {ep}, {}},
                    {"null", 3, {}, {0}, {}},
                    {"no read right", 4, {}, {sys.copy(ntfn, ABI_RIGHT_WRITE)}, {}}});
    ASSERT_OK(sys.TCB_BindNotification(tcb, ntfn));
    expect_refused(sys, tcb, kBind,
                   {{"no cap, already bound", 1, {}, {}, {}},
                    {"the same again", 2, {}, {ntfn}, {}},
                    {"another", 2, {}, {other}, {}},
                    {"an endpoint, already bound", 2, {}, {ep}, {}}});
    expect_refused(sys, kTcb, kBind,
                   {{"that of another", 5, {}, {ntfn}, {}},
                    {"that of another, no read", 4, {}, {sys.copy(ntfn, ABI_RIGHT_WRITE)}, {}}});
}

TEST_F(TcbSpaceTest, NotificationWithWaitersIsNotBound)
{
    sys.spawn({.priority = 110});
    sys.wait(ntfn);
    EXPECT_CURRENT(sys, sys.root());
    expect_refused(sys, tcb, kBind, {"a notification with a waiter", 5, {}, {ntfn}, {}});
}

TEST_F(TcbSpaceTest, BindAndUnbindNotification)
{
    expect_refused(sys, tcb, kUnbind, {"none bound", 1, {}, {}, {}});
    EXPECT_OK(sys.TCB_BindNotification(tcb, sys.copy(ntfn, ABI_RIGHT_READ)));
    EXPECT_EQ(sys.ntfn_of(ntfn), target->bound_ntfn);
    EXPECT_EQ(target, sys.ntfn_of(ntfn)->bound);
    EXPECT_OK(sys.TCB_UnbindNotification(tcb));
    EXPECT_EQ(nullptr, target->bound_ntfn);
    EXPECT_EQ(nullptr, sys.ntfn_of(ntfn)->bound);
    expect_refused(sys, tcb, kUnbind, {"unbound", 1, {}, {}, {}});
    EXPECT_OK(sys.TCB_BindNotification(kTcb, ntfn));
}

TEST_F(TcbSpaceTest, ActiveNotificationIsBoundAndKeepsItsBadge)
{
    ASSERT_TRUE(sys.signal(sys.mint(ntfn, 0x30)).returned);
    EXPECT_OK(sys.TCB_BindNotification(kTcb, ntfn));
    Reply reply = sys.recv(ep, sys.make(ABI_OBJECT_REPLY));
    EXPECT_TRUE(reply.returned);
    EXPECT_EQ(0x30u, reply.badge);
}

/* --- SetTLSBase, SetFlags -------------------------------------------------------------------- */

TEST_F(TcbSpaceTest, TlsBase)
{
    expect_refused(sys, tcb, ABI_LABEL_TCB_SET_TLS_BASE, {"no word", 1, {}, {}, {}});
    EXPECT_OK(sys.TCB_SetTLSBase(tcb, 0x123456789ABCDEF0));
    EXPECT_EQ(0x123456789ABCDEF0u, target->regs.x[REG_TP]);
}

TEST_F(TcbSpaceTest, TlsBaseOfTheCallerChangesAtOnce)
{
    EXPECT_OK(sys.TCB_SetTLSBase(kTcb, 0x5000));
    EXPECT_EQ(0x5000u, sys.root().regs().x[REG_TP]);
}

TEST_F(TcbSpaceTest, FlagsRefusals)
{
    expect_refused(sys, tcb, ABI_LABEL_TCB_SET_FLAGS,
                   {{"no words", 1, {}, {}, {}}, {"one word", 1, {0}, {}, {}}});
}

TEST_F(TcbSpaceTest, FlagsAreClearedThenSetWithinTheLegalOnes)
{
    const Word legal = CONFIG_FPU ? ABI_TCB_FLAG_FPU_DISABLED : 0;
    const struct {
        Word clear, set, expected;
    } steps[] = {{0, 0, 0},
                 {0, 3, legal},
                 {0, 0, legal},
                 {1, 0, 0},
                 {1, 1, legal},
                 {~Word{0}, ~Word{0}, legal},
                 {~Word{1}, 0, legal},
                 {~Word{0}, 2, 0}};
    for (const auto &step : steps) {
        Reply reply = sys.TCB_SetFlags(tcb, step.clear, step.set);
        EXPECT_OK(reply);
        EXPECT_EQ(std::vector<Word>{step.expected}, reply.words);
        EXPECT_EQ(step.expected, target->flags);
    }
}

TEST_F(TcbSpaceTest, FlagsSentAndNotCalledTakeEffectWithoutAnswer)
{
    sys.send(tcb, ABI_LABEL_TCB_SET_FLAGS, {0, 1});
    EXPECT_EQ(CONFIG_FPU ? 1 : 0, target->flags);
    EXPECT_EQ(0u, sys.root().regs().x[REG_A2]);
    EXPECT_EQ(1u, sys.root().regs().x[REG_A3]) << "as sent";
}

TEST_F(TcbSpaceTest, ThreadWithDisabledFpuFaultsAndKeepsItsFpState)
{
    if (!CONFIG_FPU) {
        return;
    }
    Thread t = sys.spawn({.priority = 110, .fault_ep = ep});
    ASSERT_TRUE(sim_fpu_set(sys.sim(), 3, 0x4242));
    EXPECT_OK(sys.TCB_SetFlags(t.tcb, 0, 1));
    uint64_t value = 0;
    EXPECT_FALSE(sim_fpu_get(sys.sim(), 3, &value));
    EXPECT_CURRENT(sys, sys.root());
    EXPECT_OK(sys.TCB_SetFlags(t.tcb, 1, 0));
    CPtr reply = sys.make(ABI_OBJECT_REPLY);
    Reply fault = sys.recv(ep, reply);
    EXPECT_EQ(Word{FAULT_USER_EXCEPTION}, fault.label);
    EXPECT_EQ(2u, fault[2]);
    sys.send(reply);
    EXPECT_CURRENT(sys, t);
    EXPECT_TRUE(sim_fpu_get(sys.sim(), 3, &value));
    EXPECT_EQ(0x4242u, value);
}

} // namespace
} // namespace albireo
