/* SPDX-License-Identifier: BSD-2-Clause */

/* Deletion: what goes with the last capability to an object, CNodes of any shape, and what other
 * threads may do to a deletion that was interrupted (docs/abi/03 section 3.9, 07 section 7.10, 15
 * items 33 to 35). preemption_test.cc interrupts at every point.
 */
#include <random>

#include "tests/api/stage.h"

namespace albireo {
namespace {

constexpr Word kRW = ABI_RIGHT_READ | ABI_RIGHT_WRITE;

/* A thread above root that has done `act` and is blocked by that. */
Thread blocked(System &sys, const std::function<void()> &act, CPtr fault_ep = 0)
{
    Thread thread = sys.spawn({.priority = 110, .fault_ep = fault_ep});
    EXPECT_CURRENT(sys, thread);
    act();
    EXPECT_CURRENT(sys, sys.root());
    EXPECT_OK(sys.TCB_SetPriority(thread.tcb, kTcb, 50));
    return thread;
}

/* --- The last capability to an object --------------------------------------------------------- */

TEST(LastCap, OfAnEndpointRestartsItsSenders)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    Thread sender = blocked(sys, [&] { sys.send(ep, 1); });
    Thread caller = blocked(sys, [&] { sys.call(ep, 1); });
    ASSERT_OK(sys.del(ep));
    EXPECT_EQ(sender.state(), THREAD_RESTART);
    EXPECT_EQ(caller.state(), THREAD_RESTART);
    sys.park();
    EXPECT_CURRENT(sys, caller);
    EXPECT_TRUE(sys.refire()); /* The Call now finds an empty slot. */
    EXPECT_EQ(sys.message().label, Word(STATUS_INVALID_CAPABILITY));
}

TEST(LastCap, OfAnEndpointRestartsItsReceiversWhoFault)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr faults = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr reply = sys.make(ABI_OBJECT_REPLY);
    Thread receiver = blocked(
        sys, [&] { sys.recv(ep, reply); }, faults);
    ASSERT_OK(sys.del(ep));
    EXPECT_EQ(receiver.state(), THREAD_RESTART);
    EXPECT_EQ(sys.reply_of(reply)->thread, nullptr);
    sys.park();
    EXPECT_CURRENT(sys, receiver);
    sys.refire();
    EXPECT_EQ(receiver.state(), THREAD_BLOCKED_ON_SEND);
    EXPECT_EQ(receiver.object->fault.type, FAULT_CAP);
}

TEST(LastCap, OfAnEndpointStopsThreadsThatHaveFaulted)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    Thread faulter = blocked(
        sys, [&] { sys.fault(2, 0); }, ep);
    ASSERT_OK(sys.del(ep));
    EXPECT_EQ(faulter.state(), THREAD_BLOCKED_ON_SEND); /* The TCB holds a capability to it. */
    ASSERT_OK(sys.TCB_SetSchedParams(faulter.tcb, kTcb, 50, 50, faulter.sc, 0));
    EXPECT_EQ(faulter.state(), THREAD_INACTIVE);
}

TEST(LastCap, OfAnEndpointIsNotACopy)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr copy = sys.mint(ep, 5);
    Thread sender = blocked(sys, [&] { sys.send(ep, 1); });
    ASSERT_OK(sys.del(ep));
    EXPECT_EQ(sender.state(), THREAD_BLOCKED_ON_SEND);
    ASSERT_OK(sys.del(copy));
    EXPECT_EQ(sender.state(), THREAD_RESTART);
}

TEST(LastCap, OfANotificationRestartsItsWaiters)
{
    System sys;
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    Thread waiter = blocked(sys, [&] { sys.wait(ntfn); });
    ASSERT_OK(sys.del(ntfn));
    EXPECT_EQ(waiter.state(), THREAD_RESTART);
}

TEST(LastCap, OfANotificationUnbindsItsThreadAndSchedContext)
{
    System sys;
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    CPtr other = sys.make(ABI_OBJECT_NOTIFICATION);
    CPtr tcb = sys.make(ABI_OBJECT_TCB);
    CPtr sc = sys.make_sc(1000, 1000);
    ASSERT_OK(sys.TCB_BindNotification(tcb, ntfn));
    ASSERT_OK(sys.SchedContext_Bind(sc, ntfn));
    ASSERT_OK(sys.del(ntfn));
    EXPECT_OK(sys.TCB_BindNotification(tcb, other));
    EXPECT_OK(sys.SchedContext_Bind(sc, other));
}

TEST(LastCap, OfAReplyStopsTheCallerAndGivesBackItsSchedContext)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr reply = sys.make(ABI_OBJECT_REPLY);
    Thread server = sys.spawn({.priority = 110});
    sys.recv(ep, reply);
    EXPECT_CURRENT(sys, sys.root());
    ASSERT_OK(sys.SchedContext_UnbindObject(server.sc, server.tcb));
    Thread caller = sys.spawn({.priority = 105});
    sys.call(ep, 1);
    EXPECT_CURRENT(sys, server);
    EXPECT_EQ(server.sc_object(), sys.sc_of(caller.sc));
    sys.del(reply);
    EXPECT_EQ(caller.state(), THREAD_INACTIVE);
    EXPECT_EQ(caller.sc_object(), sys.sc_of(caller.sc));
    EXPECT_EQ(server.sc_object(), nullptr);
    EXPECT_CURRENT(sys, sys.root());
}

TEST(LastCap, OfAReplyStopsTheReceiverThatWaitsWithIt)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr reply = sys.make(ABI_OBJECT_REPLY);
    Thread server = blocked(sys, [&] { sys.recv(ep, reply); });
    ASSERT_OK(sys.del(reply));
    EXPECT_EQ(server.state(), THREAD_INACTIVE);
    EXPECT_EQ(sys.endpoint_of(ep)->queue.head, nullptr);
}

TEST(LastCap, OfATcbFreesItsSchedContextAndNotification)
{
    System sys;
    Thread thread = sys.spawn({.priority = 50});
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    CPtr other = sys.make(ABI_OBJECT_TCB);
    ASSERT_OK(sys.TCB_BindNotification(thread.tcb, ntfn));
    ASSERT_OK(sys.del(thread.tcb));
    EXPECT_EQ(sys.sc_of(thread.sc)->thread, nullptr);
    EXPECT_OK(sys.SchedContext_Bind(thread.sc, other));
    EXPECT_OK(sys.TCB_BindNotification(other, ntfn));
}

TEST(LastCap, OfATcbTakesItFromAnyQueue)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    Thread sender = blocked(sys, [&] { sys.send(ep, 1); });
    Thread waiter = blocked(sys, [&] { sys.wait(ntfn); });
    Thread ready = sys.spawn({.priority = 50});
    for (const Thread &thread : {sender, waiter, ready}) {
        ASSERT_OK(sys.del(thread.tcb));
    }
    EXPECT_EQ(sys.endpoint_of(ep)->queue.head, nullptr);
    EXPECT_EQ(sys.ntfn_of(ntfn)->state, NTFN_IDLE);
    sys.park();
    EXPECT_IDLE(sys);
}

TEST(LastCap, OfTheCurrentThreadEndsIt)
{
    System sys;
    Thread thread = sys.spawn({.priority = 110});
    EXPECT_CURRENT(sys, thread);
    sys.del(thread.tcb);
    EXPECT_CURRENT(sys, sys.root());
    EXPECT_TRUE(sys.is_empty(thread.tcb));
    EXPECT_EQ(sys.sc_of(thread.sc)->thread, nullptr);
}

TEST(LastCap, OfASchedContextStopsItsThread)
{
    System sys;
    Thread thread = sys.spawn({.priority = 50});
    ASSERT_OK(sys.del(thread.sc));
    EXPECT_EQ(thread.sc_object(), nullptr);
    sys.park();
    EXPECT_IDLE(sys);
}

TEST(LastCap, OfTheCurrentSchedContextStopsTheCaller)
{
    System sys;
    Thread thread = sys.spawn({.priority = 110});
    EXPECT_CURRENT(sys, thread);
    sys.del(thread.sc);
    EXPECT_CURRENT(sys, sys.root());
    EXPECT_EQ(thread.state(), THREAD_RUNNING);
    sys.SchedContext_Bind(sys.make_sc(1000, 1000), thread.tcb);
    EXPECT_CURRENT(sys, thread);
}

TEST(LastCap, OfAnIrqHandlerMasksAndFreesTheInterrupt)
{
    System sys;
    CPtr handler = sys.alloc_slot();
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    ASSERT_OK(sys.IRQControl_Get(kIrqControl, 9, kCNode, handler, 64));
    ASSERT_OK(sys.IRQHandler_SetNotification(handler, ntfn));
    CPtr copy = sys.copy(handler);
    ASSERT_OK(sys.del(handler));
    EXPECT_TRUE(sim_irq_enabled(sys.sim(), 9));
    ASSERT_OK(sys.del(copy));
    EXPECT_FALSE(sim_irq_enabled(sys.sim(), 9));
    sys.irq(9);
    EXPECT_EQ(sys.ntfn_of(ntfn)->state, NTFN_IDLE);
    EXPECT_OK(sys.IRQControl_Get(kIrqControl, 9, kCNode, handler, 64));
}

TEST(LastCap, EveryFrameCapUnmapsItsOwnMapping)
{
    System sys;
    CPtr frame = sys.map_new_page(kVSpace, 0x40000000);
    CPtr copy = sys.copy(frame);
    ASSERT_OK(sys.RISCV_Page_Map(copy, kVSpace, 0x40001000, kRW, 0));
    ASSERT_OK(sys.del(copy));
    Word value = 0;
    EXPECT_TRUE(sys.load(0x40000000, &value));
    EXPECT_FALSE(sys.load(0x40001000, &value));
}

TEST(LastCap, OfAPageTableUnmapsIt)
{
    System sys;
    CPtr table = sys.make(ABI_OBJECT_PAGE_TABLE);
    CPtr leaf = sys.make(ABI_OBJECT_PAGE_TABLE);
    CPtr frame = sys.make(ABI_OBJECT_PAGE_4K);
    ASSERT_OK(sys.RISCV_PageTable_Map(table, kVSpace, 0x40000000, 0));
    ASSERT_OK(sys.RISCV_PageTable_Map(leaf, kVSpace, 0x40000000, 0));
    ASSERT_OK(sys.RISCV_Page_Map(frame, kVSpace, 0x40000000, kRW, 0));
    CPtr copy = sys.copy(leaf);
    ASSERT_OK(sys.del(leaf));
    EXPECT_TRUE(sys.store(0x40000000, 1));
    ASSERT_OK(sys.del(copy));
    EXPECT_FALSE(sys.store(0x40000000, 1));
}

/* --- CNodes ----------------------------------------------------------------------------------- */

TEST(CNodeDeletion, TakesWhatIsReachableOnlyThroughIt)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr kept = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr inner = sys.make_cnode(2);
    CPtr outer = sys.make_cnode(2);
    Thread lost_sender = blocked(sys, [&] { sys.send(ep, 1); });
    Thread kept_sender = blocked(sys, [&] { sys.send(kept, 1); });
    ASSERT_OK(sys.CNode_Move(inner, 0, 2, kCNode, ep, 64));
    ASSERT_OK(sys.CNode_Copy(inner, 1, 2, kCNode, kept, 64, 15));
    ASSERT_OK(sys.CNode_Move(outer, 3, 2, kCNode, inner, 64));
    ASSERT_OK(sys.del(outer));
    EXPECT_EQ(lost_sender.state(), THREAD_RESTART);
    EXPECT_EQ(kept_sender.state(), THREAD_BLOCKED_ON_SEND);
}

TEST(CNodeDeletion, OfACopyLeavesTheSlots)
{
    System sys;
    CPtr node = sys.make_cnode(2);
    CPtr copy = sys.mint(node, 1 << 6 | 3);
    ASSERT_OK(sys.CNode_Copy(node, 1, 2, kCNode, kTcb, 64, 15));
    ASSERT_OK(sys.del(node));
    EXPECT_EQ(sys.cap_at(copy).slots[1].cap.type, CAP_TCB);
}

TEST(CNodeDeletion, GoesFromTheHighestSlotDown)
{
    Stage stage;
    System &sys = stage.sys;
    CPtr node = stage.make_cnode(2);
    CPtr eps = sys.alloc_slots(4);
    std::vector<Thread> senders;
    for (Word i = 0; i < 4; i++) {
        ASSERT_OK(sys.retype(stage.untyped, ABI_OBJECT_ENDPOINT, 0, eps + i));
        senders.push_back(blocked(sys, [&] { sys.send(eps + i, 1); }));
        ASSERT_OK(sys.CNode_Move(node, i, 2, kCNode, eps + i, 64));
    }
    Snapshot start = sys.snapshot();
    size_t most = 4;
    for (uint64_t n = 1; n < 50; n++) {
        sys.restore(start);
        sys.preempt_at(n, kLine);
        if (sys.del(node).returned) {
            break;
        }
        size_t left = 0;
        for (size_t i = 0; i < 4; i++) {
            left += senders[i].state() == THREAD_BLOCKED_ON_SEND ? 1 : 0;
        }
        for (size_t i = 0; i < left; i++) {
            EXPECT_EQ(senders[i].state(), THREAD_BLOCKED_ON_SEND) << n;
        }
        EXPECT_LE(left, most);
        most = left;
    }
    EXPECT_LE(most, 1u);
    sim_clear_injections(sys.sim());
}

TEST(CNodeDeletion, OfAVeryDeepNestEnds)
{
    System sys;
    CPtr outer = sys.make_cnode(1);
    for (int i = 0; i < 3000; i++) {
        CPtr inner = sys.alloc_slot();
        ASSERT_OK(sys.move(inner, outer));
        ASSERT_OK(sys.retype(sys.ram_untyped(), ABI_OBJECT_CAP_TABLE, 1, outer));
        ASSERT_OK(sys.CNode_Move(outer, static_cast<Word>(i % 2), 1, kCNode, inner, 64));
    }
    ASSERT_OK(sys.del(outer));
    EXPECT_TRUE(sys.is_empty(outer));
    EXPECT_OK(sys.revoke(sys.ram_untyped()));
}

TEST(CNodeDeletion, OfAVeryWideNodeEnds)
{
    System sys;
    CPtr node = sys.make_cnode(12);
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    for (Word i = 0; i < 4096; i++) {
        ASSERT_OK(sys.CNode_Mint(node, i, 12, kCNode, ep, 64, 15, i));
    }
    ASSERT_OK(sys.del(node));
    EXPECT_EQ(cdt_first_child(sys.kernel(), sys.slot_at(ep)), nullptr);
}

/* Every level has two capabilities to the next: 2^40 ways down, but only 80 slots. */
TEST(CNodeDeletion, OfADiamondIsNotExponential)
{
    Stage stage;
    System &sys = stage.sys;
    CPtr outer = stage.make_cnode(1);
    for (int i = 0; i < 40; i++) {
        CPtr inner = outer;
        outer = stage.make_cnode(1);
        ASSERT_OK(sys.CNode_Copy(outer, 0, 1, kCNode, inner, 64, 15));
        ASSERT_OK(sys.CNode_Move(outer, 1, 1, kCNode, inner, 64));
    }
    uint64_t before = sim_polls(sys.sim());
    ASSERT_OK(sys.del(outer));
    EXPECT_LT(sim_polls(sys.sim()) - before, 1000u);
    EXPECT_EQ(cdt_first_child(sys.kernel(), sys.slot_at(stage.untyped)), nullptr);
    stage.expect_memory_back();
}

TEST(CNodeDeletion, OfACapabilityToItselfInsideItself)
{
    Stage stage;
    System &sys = stage.sys;
    CPtr node = stage.make_cnode(2);
    for (Word i = 0; i < 4; i++) {
        ASSERT_OK(sys.CNode_Copy(node, i, 2, kCNode, node, 64, 15));
    }
    ASSERT_OK(sys.CNode_Delete(node, 2, 2));
    EXPECT_EQ(sys.cap_at(node).slots[2].cap.type, CAP_NULL);
    EXPECT_EQ(sys.cap_at(node).slots[3].cap.type, CAP_CNODE);
    ASSERT_OK(sys.del(node));
    EXPECT_TRUE(sys.is_empty(node));
    stage.expect_memory_back();
}

/* --- In the middle ---------------------------------------------------------------------------- */

/* Runs `act` as root with an interrupt at each point, and `meanwhile` then; `after` at the end. */
void interrupt_everywhere(Stage &stage, const std::function<Reply()> &act,
                          const std::function<void()> &meanwhile,
                          const std::function<void(const Reply &)> &after)
{
    System &sys = stage.sys;
    Snapshot start = sys.snapshot();
    for (uint64_t n = 1; !::testing::Test::HasFailure(); n++) {
        SCOPED_TRACE("point " + std::to_string(n));
        sys.restore(start);
        sys.preempt_at(n, kLine);
        if (act().returned) {
            EXPECT_GT(n, 1u);
            break;
        }
        meanwhile();
        stage.watcher_waits();
        bool returned = sys.refire();
        Reply reply = sys.message();
        reply.returned = returned;
        after(reply);
    }
    sim_clear_injections(sys.sim());
}

CPtr dirty_memory(Stage &stage, Word bits)
{
    System &sys = stage.sys;
    CPtr memory = stage.make(ABI_OBJECT_UNTYPED, bits);
    CPtr whole = sys.alloc_slot();
    EXPECT_OK(sys.retype(memory, ABI_OBJECT_UNTYPED, bits, whole));
    memset(sim_ram(sys.sim(), sys.cap_at(memory).paddr, Word(1) << bits), 0x33, Word(1) << bits);
    EXPECT_OK(sys.del(whole));
    return memory;
}

TEST(InTheMiddle, TheUntypedOfARetypeCanBeUsedByAnother)
{
    Stage stage;
    System &sys = stage.sys;
    CPtr memory = dirty_memory(stage, 13);
    CPtr slots = sys.alloc_slots(2);
    interrupt_everywhere(
        stage, [&] { return sys.retype(memory, ABI_OBJECT_PAGE_4K, 0, slots); },
        [&] { EXPECT_OK(sys.retype(memory, ABI_OBJECT_ENDPOINT, 0, slots + 1)); },
        [&](const Reply &reply) {
            EXPECT_OK(reply);
            Word base = sys.cap_at(memory).paddr;
            EXPECT_EQ(sys.cap_at(slots).paddr, base + 4096);
            EXPECT_EQ(sys.cap_at(slots + 1).paddr, base + SIM_WINDOW);
        });
}

TEST(InTheMiddle, TheUntypedOfARetypeCanBeCopied)
{
    Stage stage;
    System &sys = stage.sys;
    CPtr memory = dirty_memory(stage, 13);
    CPtr slots = sys.alloc_slots(2);
    interrupt_everywhere(
        stage, [&] { return sys.retype(memory, ABI_OBJECT_PAGE_4K, 0, slots); },
        [&] {
            EXPECT_OK(sys.CNode_Copy(kCNode, slots + 1, 64, kCNode, memory, 64, 15));
            EXPECT_OK(sys.retype(slots + 1, ABI_OBJECT_UNTYPED, 13, stage.spare));
        },
        [&](const Reply &reply) {
            EXPECT_CALL_ERROR(reply, STATUS_NOT_ENOUGH_MEMORY, {0});
            const auto *bytes =
                static_cast<const uint8_t *>(sim_ram(sys.sim(), sys.cap_at(memory).paddr, 8192));
            EXPECT_TRUE(std::all_of(bytes, bytes + 8192, [](int b) { return b == 0; }));
        });
}

TEST(InTheMiddle, TheUntypedOfARetypeCanBeDeleted)
{
    Stage stage;
    System &sys = stage.sys;
    CPtr memory = dirty_memory(stage, 13);
    CPtr slot = sys.alloc_slot();
    interrupt_everywhere(
        stage, [&] { return sys.retype(memory, ABI_OBJECT_PAGE_4K, 0, slot); },
        [&] { EXPECT_OK(sys.del(memory)); },
        [&](const Reply &reply) { EXPECT_CALL_ERROR(reply, STATUS_INVALID_CAPABILITY, {0}); });
}

TEST(InTheMiddle, TheDestinationOfARetypeCanBeFilled)
{
    Stage stage;
    System &sys = stage.sys;
    CPtr memory = dirty_memory(stage, 13);
    CPtr slot = sys.alloc_slot();
    interrupt_everywhere(
        stage, [&] { return sys.retype(memory, ABI_OBJECT_PAGE_4K, 0, slot); },
        [&] { EXPECT_OK(sys.CNode_Copy(kCNode, slot, 64, kCNode, kTcb, 64, 15)); },
        [&](const Reply &reply) { EXPECT_CALL_ERROR(reply, STATUS_DELETE_FIRST, {}); });
}

TEST(InTheMiddle, RevokeTakesChildrenMadeMeanwhile)
{
    Stage stage;
    System &sys = stage.sys;
    for (int i = 0; i < 6; i++) {
        stage.make(ABI_OBJECT_ENDPOINT);
    }
    interrupt_everywhere(
        stage, [&] { return sys.revoke(stage.untyped); },
        [&] { EXPECT_OK(sys.retype(stage.untyped, ABI_OBJECT_CAP_TABLE, 2, stage.spare)); },
        [&](const Reply &reply) {
            EXPECT_OK(reply);
            EXPECT_TRUE(sys.is_empty(stage.spare));
            EXPECT_EQ(cdt_first_child(sys.kernel(), sys.slot_at(stage.untyped)), nullptr);
        });
}

/* The slot that root deletes is filled anew as soon as another has emptied it: that goes, too. */
TEST(InTheMiddle, DeleteTakesWhatIsInTheSlotWhenItGoesOn)
{
    Stage stage;
    System &sys = stage.sys;
    CPtr node = stage.make_cnode(2);
    interrupt_everywhere(
        stage, [&] { return sys.del(node); },
        [&] {
            EXPECT_OK(sys.del(node));
            EXPECT_OK(sys.CNode_Copy(kCNode, node, 64, kCNode, kTcb, 64, 15));
        },
        [&](const Reply &reply) {
            EXPECT_OK(reply);
            EXPECT_TRUE(sys.is_empty(node));
        });
}

/* The CNode in which the deleted slot lies goes away. */
TEST(InTheMiddle, TheInvokedCNodeCanBeDeleted)
{
    Stage stage;
    System &sys = stage.sys;
    CPtr outer = stage.make_cnode(1);
    CPtr inner = stage.make_cnode(3);
    for (Word i = 0; i < 8; i++) {
        ASSERT_OK(sys.CNode_Copy(inner, i, 3, kCNode, kTcb, 64, 15));
    }
    ASSERT_OK(sys.CNode_Move(outer, 1, 1, kCNode, inner, 64));
    interrupt_everywhere(
        stage, [&] { return sys.CNode_Delete(outer, 1, 1); }, [&] { EXPECT_OK(sys.del(outer)); },
        [&](const Reply &reply) {
            EXPECT_CALL_ERROR(reply, STATUS_INVALID_CAPABILITY, {0});
            EXPECT_EQ(cdt_first_child(sys.kernel(), sys.slot_at(stage.untyped)), nullptr);
        });
    stage.expect_memory_back();
}

/* A zombie is moved into a CNode, which is deleted; root's own Delete finds nothing. */
TEST(InTheMiddle, AZombieCanDieInsideAnotherCNode)
{
    Stage stage;
    System &sys = stage.sys;
    CPtr node = stage.make_cnode(3);
    CPtr grave = stage.make_cnode(2);
    for (Word i = 0; i < 8; i++) {
        ASSERT_OK(sys.CNode_Copy(node, i, 3, kCNode, kTcb, 64, 15));
    }
    interrupt_everywhere(
        stage, [&] { return sys.del(node); },
        [&] {
            if (!sys.is_empty(node)) {
                EXPECT_OK(sys.CNode_Move(grave, 2, 2, kCNode, node, 64));
            }
            EXPECT_OK(sys.del(grave));
        },
        [&](const Reply &reply) {
            EXPECT_OK(reply);
            EXPECT_EQ(cdt_first_child(sys.kernel(), sys.slot_at(stage.untyped)), nullptr);
        });
    stage.expect_memory_back();
}

/* A thread deletes its own TCB, which has the last capability to a CNode. It does not run again;
 * what is left then, another can delete. */
TEST(InTheMiddle, ACallerThatDeletesItselfLeavesTheRestToOthers)
{
    Stage stage;
    System &sys = stage.sys;
    CPtr node = stage.make_cnode(4);
    CPtr guarded = sys.mint(node, 60); /* Pointers are slot numbers. */
    for (Word i = 0; i < 16; i++) {
        ASSERT_OK(sys.CNode_Copy(node, i, 4, kCNode, kCNode, 64, 15));
    }
    Thread thread = sys.spawn({.priority = 110, .cspace = guarded, .start = false});
    ASSERT_OK(sys.del(node));
    ASSERT_OK(sys.del(guarded));
    sys.TCB_Resume(thread.tcb);
    Snapshot start = sys.snapshot();
    bool interrupted = true;
    uint64_t n = 1;
    for (; interrupted && !HasFailure(); n++) {
        SCOPED_TRACE("point " + std::to_string(n));
        sys.restore(start);
        EXPECT_CURRENT(sys, thread);
        sys.preempt_at(n, kLine);
        EXPECT_FALSE(sys.CNode_Delete(1, thread.tcb, 64).returned);
        interrupted = sys.is_current(stage.watcher);
        if (interrupted) {
            stage.watcher_waits();
        }
        sim_clear_injections(sys.sim());
        EXPECT_CURRENT(sys, sys.root());
        EXPECT_OK(sys.del(thread.tcb));
        EXPECT_TRUE(sys.is_empty(thread.tcb));
        EXPECT_EQ(cdt_first_child(sys.kernel(), sys.slot_at(stage.untyped)), nullptr);
    }
    EXPECT_GT(n, 10u);
    stage.expect_memory_back();
}

/* The end of a round-robin slice in the middle: an equal thread runs, then the call goes on. */
TEST(InTheMiddle, TheEndOfTheTimeSliceLetsAnEqualThreadRun)
{
    Stage stage;
    System &sys = stage.sys;
    Thread equal = sys.spawn({.priority = 100});
    for (int i = 0; i < 10; i++) {
        stage.make(ABI_OBJECT_ENDPOINT);
    }
    sim_advance_at_preemption(sys.sim(), 4, 6000 * SIM_TICKS_PER_US);
    EXPECT_FALSE(sys.revoke(stage.untyped).returned);
    EXPECT_CURRENT(sys, equal);
    sys.yield();
    EXPECT_CURRENT(sys, sys.root());
    EXPECT_TRUE(sys.refire());
    EXPECT_EQ(sys.message().label, Word(STATUS_OK));
    EXPECT_EQ(cdt_first_child(sys.kernel(), sys.slot_at(stage.untyped)), nullptr);
}

/* --- Random graphs ---------------------------------------------------------------------------- */

/* CNodes and TCBs full of capabilities to each other are deleted in a random order, interrupted at
 * random points, where the watcher deletes or moves others. All memory comes back. */
class RandomGraph : public ::testing::TestWithParam<int> {
  protected:
    static constexpr Word kNodes = 8;

    CPtr any()
    {
        return nodes_ + random_() % kNodes;
    }
    void build();
    void step();
    void meanwhile();

    Stage stage_;
    System &sys_ = stage_.sys;
    std::mt19937_64 random_{static_cast<uint64_t>(GetParam())};
    CPtr nodes_ = sys_.alloc_slots(kNodes);
};

INSTANTIATE_TEST_SUITE_P(Deletion, RandomGraph, ::testing::Range(0, 60));

void RandomGraph::build()
{
    for (CPtr node = nodes_; node < nodes_ + kNodes; node++) {
        bool tcb = node % 4 == 3;
        EXPECT_OK(
            sys_.retype(stage_.untyped, tcb ? ABI_OBJECT_TCB : ABI_OBJECT_CAP_TABLE, 2, node));
    }
    CPtr vspace = sys_.make_vspace();
    for (int i = 0; i < 40; i++) {
        CPtr to = any();
        CPtr from = any();
        if (sys_.cap_at(to).type == CAP_CNODE) {
            sys_.CNode_Copy(to, random_() % 4, 2, kCNode, from, 64, 15);
        } else {
            sys_.TCB_Configure(to, from, 0, vspace, 0, 0, 0);
        }
    }
}

/* In the middle: the watcher meddles. Errors are fine, broken state is not. */
void RandomGraph::meanwhile()
{
    CPtr slot = any();
    switch (random_() % 5) {
    case 0:
        sys_.del(slot);
        break;
    case 1:
        sys_.revoke(slot);
        break;
    case 2:
        sys_.CNode_Move(any(), random_() % 4, 2, kCNode, slot, 64);
        break;
    case 3:
        sys_.move(stage_.spare, slot);
        break;
    default:
        sys_.CNode_Copy(kCNode, slot, 64, any(), random_() % 4, 2, 15);
        break;
    }
}

void RandomGraph::step()
{
    CPtr node = any();
    sys_.preempt_at(1 + random_() % 12, kLine);
    bool returned = random_() % 4 == 0 ? sys_.CNode_Delete(node, random_() % 4, 2).returned
                                       : sys_.del(node).returned;
    while (!returned && sys_.is_current(stage_.watcher)) {
        meanwhile();
        stage_.watcher_waits();
        sys_.preempt_at(1 + random_() % 12, kLine);
        returned = sys_.refire();
    }
    EXPECT_TRUE(returned);
    sim_clear_injections(sys_.sim());
}

TEST_P(RandomGraph, DiesWhole)
{
    build();
    for (int i = 0; i < 12 && sys_.alive(); i++) {
        step();
    }
    stage_.expect_memory_back();
}

} // namespace
} // namespace albireo
