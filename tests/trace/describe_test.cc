/* SPDX-License-Identifier: BSD-2-Clause */

/* What happens in a real system, in words. */
#include <cinttypes>
#include <cstring>

#include "tests/trace/recording.h"

namespace albireo {
namespace {

std::string hex(uint64_t number)
{
    char text[32];
    std::snprintf(text, sizeof text, "0x%" PRIx64, number);
    return text;
}

/* A thread as traces call it. */
std::string who(const System &sys, const Thread &thread)
{
    struct trace_thread t;
    trace_describe_thread(sys.sim(), thread.object, &t);
    return std::string(t.name) + "@" + hex(t.paddr).substr(2);
}

/* A system of which every event is described; the stage for most tests. */
class Describe : public ::testing::Test {
  protected:
    Describe()
    {
        ep = sys.make(ABI_OBJECT_ENDPOINT);
        ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
        reply = sys.make(ABI_OBJECT_REPLY);
        server = sys.spawn({.priority = 110});
        sys.wait(ntfn); /* The server sleeps; root goes on. */
    }
    void expect(const std::string &what, const std::string &outcome)
    {
        EXPECT_EQ(recording.what(), what);
        EXPECT_EQ(recording.outcome(), outcome);
    }

    System sys;
    Recording recording{sys.sim(), TRACE_PROGRAM};
    CPtr ep, ntfn, reply;
    Thread server;
};

TEST_F(Describe, Invocations)
{
    sys.TCB_SetPriority(kTcb, kTcb, 99);
    expect("Call 0x1 TCB_SetPriority(authority=0x1, priority=99)", "ok");
    sys.TCB_SetPriority(kTcb, kTcb, 100000);
    expect("Call 0x1 TCB_SetPriority(authority=0x1, priority=100000)", "error RangeError (0..255)");
    sys.TCB_SetPriority(kTcb, kBuffer, 5);
    expect("Call 0x1 TCB_SetPriority(authority=0xa, priority=5)",
           "error InvalidCapability (capability 1)");
    sys.call(kTcb, ABI_LABEL_TCB_SET_PRIORITY);
    expect("Call 0x1 (TCB) label=TCB_SetPriority words=[]", "error TruncatedMessage");
    sys.call(kTcb, 77, {1, 2});
    expect("Call 0x1 (TCB) label=77 words=[1, 2]", "error IllegalOperation");
    sys.call(kTcb, ABI_LABEL_TCB_SUSPEND + 100);
    expect("Call 0x1 (TCB) label=112 words=[]", "error IllegalOperation");
    sys.call(0xFF0, 0);
    expect("Call 0xff0 (null)", "error InvalidCapability (capability 0)");
    sys.TCB_SetSpace(kTcb, 0, kCNode, 0, kVSpace, 0);
    EXPECT_EQ(recording.what(), "Call 0x1 TCB_SetSpace(fault_ep=0x0, cspace_root=0x2, "
                                "cspace_root_data=0x0, vspace_root=0x3, vspace_root_data=0x0)");
    sys.write_registers(server.tcb, false, {0x10100, 7});
    expect("Call " + hex(server.tcb) +
               " TCB_WriteRegisters(flags=0, count=2, pc=0x10100, ra=7, length=4)",
           "ok");
    sys.call(server.tcb, ABI_LABEL_TCB_WRITE_REGISTERS, std::vector<Word>(36, 0));
    expect("Call " + hex(server.tcb) +
               " TCB_WriteRegisters(flags=0, count=0, length=34, words=[0, 0])",
           "ok");
    sys.SchedContext_Consumed(kSchedContext);
    expect("Call 0xe SchedContext_Consumed()", "ok [0]");
    sys.send(kTcb, ABI_LABEL_TCB_SET_PRIORITY, {99}, {kTcb});
    expect("Send 0x1 TCB_SetPriority(authority=0x1, priority=99)", "done");
}

TEST_F(Describe, ObjectsAndRightsHaveNames)
{
    CPtr slot = sys.alloc_slot();
    sys.retype(sys.ram_untyped(), ABI_OBJECT_MEGA_PAGE, 0, slot);
    expect("Call " + hex(sys.ram_untyped()) +
               " Untyped_Retype(type=RISCV_Mega_Page, size_bits=0, root=0x2, node_index=0x0, "
               "node_depth=0, node_offset=" +
               hex(slot) + ", num_objects=1)",
           "ok");
    sys.retype(sys.ram_untyped(), 99, 0, slot);
    EXPECT_NE(recording.what().find("(type=99,"), std::string::npos);
    expect(recording.what(), "error InvalidArgument (argument 0)");
    for (const auto &[rights, name] :
         std::vector<std::pair<Word, std::string>>{{0, "none"},
                                                   {1, "write"},
                                                   {2, "read"},
                                                   {3, "read+write"},
                                                   {12, "grant+grant-reply"},
                                                   {15, "all"},
                                                   {16, "0x10"}}) {
        sys.CNode_Copy(kCNode, slot, 64, kCNode, ep, 64, rights);
        expect("Call 0x2 CNode_Copy(dest_index=" + hex(slot) +
                   ", dest_depth=64, src_root=0x2, src_index=" + hex(ep) +
                   ", src_depth=64, rights=" + name + ")",
               "error DeleteFirst");
        struct trace_action action;
        struct trace_error error;
        ASSERT_TRUE(trace_read_what(recording.last().what, &action, &error)) << error.text;
        ASSERT_EQ(action.word_count, 2u);
        EXPECT_EQ(action.words[0].value, rights);
    }
}

TEST_F(Describe, ErrorsWithDetails)
{
    CPtr slot = sys.alloc_slot();
    sys.CNode_Delete(kCNode, 0, 0);
    expect("Call 0x2 CNode_Delete(index=0x0, depth=0)", "error RangeError (1..64)");
    sys.CNode_Move(kCNode, slot, 64, kCNode, 0xFF0, 64);
    EXPECT_EQ(recording.outcome(), "error FailedLookup (source, MissingCapability, 64 bits left)");
    sys.CNode_Delete(kTcb, slot, 64);
    EXPECT_EQ(recording.outcome(), "error IllegalOperation");
    sys.CNode_Copy(kCNode, slot, 64, kTcb, ep, 64, 15);
    EXPECT_EQ(recording.outcome(), "error FailedLookup (source, InvalidRoot)");
    sys.CNode_Delete(kCNode, slot, 63);
    EXPECT_EQ(recording.outcome(),
              "error FailedLookup (target, DepthMismatch, 63 bits left, level of 64 bits)");
    CPtr guarded = sys.mint(sys.make_cnode(4), 60 | 5 << 6);
    sys.CNode_Delete(guarded, 0, 64);
    EXPECT_EQ(recording.outcome(),
              "error FailedLookup (target, GuardMismatch, 64 bits left, guard 0x5 of 60 bits)");
    CPtr small = sys.untyped(12);
    sys.retype(small, ABI_OBJECT_UNTYPED, 13, slot);
    EXPECT_EQ(recording.outcome(), "error NotEnoughMemory (4096 bytes left)");
    sys.revoke(ep);
    sys.CNode_Copy(kCNode, slot, 64, kCNode, sys.ram_untyped(), 64, 15);
    EXPECT_EQ(recording.outcome(), "error RevokeFirst");
    sys.TCB_SetIPCBuffer(server.tcb, 1, kBuffer);
    EXPECT_EQ(recording.outcome(), "error AlignmentError");
}

TEST_F(Describe, CallAndReply)
{
    std::string s = who(sys, server);
    std::string root = who(sys, sys.root());
    sys.signal(ntfn);
    expect("Send " + hex(ntfn) + " (notification)", "done -> " + s + ": badge=0x0");
    CPtr badged = sys.mint(ep, 0x42);
    CPtr other = sys.mint(ep, 0x43);
    sys.recv(ep, reply);
    expect("Recv " + hex(ep) + " reply=" + hex(reply), "blocked on receive -> " + root);
    sys.call(badged, 7, {1, 2, 3, 4, 5, 0x123456}, {other});
    expect("Call " + hex(badged) + " (endpoint) label=7 words=[1, 2, 3, 4, 5, 0x123456] caps=[" +
               hex(other) + "]",
           "blocked on reply -> " + s +
               ": badge=0x42 label=7 words=[1, 2, 3, 4, 5, 0x123456] caps=1 unwrapped=0x43");
    sys.reply_recv(ep, reply, 3, {9});
    expect("ReplyRecv " + hex(ep) + " reply=" + hex(reply) + " label=3 words=[9]",
           "blocked on receive -> " + root + ": label=3 words=[9]");
    sys.nb_send(badged, 1);
    expect("NBSend " + hex(badged) + " (endpoint) label=1 words=[]",
           "done -> " + s + ": badge=0x42 label=1 words=[]");
    sys.nb_send_recv(ntfn, ep, reply, 0, {});
    expect("NBSendRecv dest=" + hex(ntfn) + " source=" + hex(ep) + " reply=" + hex(reply) +
               " (notification)",
           "blocked on receive -> " + root);
}

TEST_F(Describe, Receiving)
{
    sys.nb_recv(ep, reply);
    expect("NBRecv " + hex(ep) + " reply=" + hex(reply), "nothing");
    sys.signal(ntfn); /* The server takes this one, */
    sys.wait(ntfn);
    CPtr badged = sys.mint(ntfn, 0x10);
    CPtr own = sys.make(ABI_OBJECT_NOTIFICATION);
    sys.signal(own);
    expect("Send " + hex(own) + " (notification)", "done");
    sys.nb_wait(own);
    expect("NBWait " + hex(own), "badge=0x0");
    sys.nb_wait(ep);
    expect("NBWait " + hex(ep) + " (endpoint)", "nothing");
    sys.signal(badged);
    EXPECT_EQ(recording.outcome(), "done -> " + who(sys, server) + ": badge=0x10");
    sys.nb_send_wait(ep, ntfn, 5, {});
    expect("NBSendWait dest=" + hex(ep) + " source=" + hex(ntfn) + " (endpoint) label=5 words=[]",
           "blocked on notification -> " + who(sys, sys.root()));
    sys.recv(0xFF0, 0);
    expect("Recv 0xff0 reply=0x0 (null)", "stopped -> idle");
}

/* A queued sender; the message comes when the receiver asks for it. */
TEST_F(Describe, ASenderWaits)
{
    std::string s = who(sys, server);
    std::string root = who(sys, sys.root());
    sys.send(ep, 5, {1});
    expect("Send " + hex(ep) + " (endpoint) label=5 words=[1]", "blocked on send -> idle");
    sys.irq(0);
    ASSERT_TRUE(sys.is_idle());
}

TEST_F(Describe, Faults)
{
    std::string root = who(sys, sys.root());
    sys.signal(ntfn);
    sys.recv(ep, reply); /* The server is the handler. */
    Thread bad = sys.spawn({.priority = 105, .fault_ep = sys.mint(ep, 7)});
    std::string b = who(sys, bad);
    std::string s = who(sys, server);
    Word pc = bad.regs().pc;
    Word value;
    EXPECT_EQ(recording.outcome(), "ok -> " + b);
    sys.load(0x123000, &value);
    expect("fault load-page at " + hex(pc) + " address=0x123000",
           "blocked on reply -> " + s + ": badge=0x7 VMFault(pc=" + hex(pc) +
               ", address=0x123000, fetch=0, status=5)");
    sys.reply_recv(ep, reply);
    EXPECT_EQ(recording.outcome(), "blocked on receive -> " + b);
    sys.fault(2, 0);
    expect("fault illegal-instruction at " + hex(pc) + " address=0x0",
           "blocked on reply -> " + s + ": badge=0x7 UserException(pc=" + hex(pc) +
               ", sp=0x0, number=2, code=0)");
    sys.reply_recv(ep, reply);
    sys.fault(20, 1);
    EXPECT_EQ(recording.what(), "fault cause-20 at " + hex(pc) + " address=0x1");
    sys.reply_recv(ep, reply);
    sys.ecall(-33, {1, 2, 3, 4, 5, 6, 7});
    expect("unknown-syscall -33", "blocked on reply -> " + s +
                                      ": badge=0x7 UnknownSyscall(pc=" + hex(pc) +
                                      ", sp=0x0, ra=0x0, a0=1, a1=2, a2=3, a3=4, a4=5, a5=6, a6=7, "
                                      "number=0xffffffffffffffdf)");
    sys.reply_recv(ep, reply);
    sys.call(0xFF0, 0, {}, {});
    EXPECT_EQ(recording.outcome(), "error InvalidCapability (capability 0)");
    sys.recv(0xFF0, 0);
    EXPECT_EQ(recording.outcome(), "blocked on reply -> " + s +
                                       ": badge=0x7 CapFault(pc=" + hex(pc + 4) +
                                       ", pointer=0xff0, receiving, MissingCapability, 0 bits "
                                       "left)");
    sys.reply_recv(ep, reply);
    EXPECT_EQ(recording.outcome(), "blocked on receive -> " + b);
}

TEST_F(Describe, TimeAndInterrupts)
{
    std::string s = who(sys, server);
    std::string root = who(sys, sys.root());
    CPtr handler = sys.alloc_slot();
    sys.IRQControl_Get(kIrqControl, 10, kCNode, handler, 64);
    sys.IRQHandler_SetNotification(handler, sys.mint(ntfn, 0x10));
    sys.irq(10);
    expect("interrupt 10", "preempted -> " + s + ": badge=0x10");
    sys.wait(ntfn);
    Thread equal = sys.spawn({.priority = 100});
    sys.advance(20000);
    EXPECT_EQ(recording.what(), "timer");
    EXPECT_EQ(recording.outcome().substr(0, 13), "preempted -> ");
    sys.TCB_Suspend(sys.is_current(equal) ? kTcb : equal.tcb);
    sys.TCB_Suspend(sys.is_current(equal) ? equal.tcb : kTcb);
    expect(recording.what(), "stopped -> idle");
}

TEST_F(Describe, Preemption)
{
    std::vector<CPtr> copies;
    for (int i = 0; i < 10; i++) {
        sys.copy(ep);
    }
    sys.poll_every(1);
    sys.auto_restart = false;
    CPtr handler = sys.alloc_slot();
    sys.IRQControl_Get(kIrqControl, 10, kCNode, handler, 64);
    sys.IRQHandler_SetNotification(handler, sys.make(ABI_OBJECT_NOTIFICATION));
    sys.preempt_at(3, 10);
    sys.revoke(ep);
    expect("Call 0x2 CNode_Revoke(index=" + hex(ep) + ", depth=64)", "will repeat");
    ASSERT_EQ(recording.last().poll_count, 1u);
    EXPECT_EQ(recording.last().polls[0].n, 3u);
    EXPECT_EQ(recording.last().polls[0].irq, 10u);
    sim_advance_at_preemption(sys.sim(), 2, 5);
    sys.refire();
    ASSERT_EQ(recording.last().poll_count, 1u);
    EXPECT_EQ(recording.last().polls[0].n, 2u);
    EXPECT_EQ(recording.last().polls[0].time, recording.last().time + 5);
    EXPECT_EQ(recording.last().polls[0].irq, 0u);
    EXPECT_EQ(recording.outcome(), "ok");
}

TEST_F(Describe, DeletingOneself)
{
    sys.signal(ntfn);
    ASSERT_TRUE(sys.is_current(server));
    sys.revoke(server.tcb);
    sys.del(server.tcb);
    EXPECT_EQ(recording.outcome(), "deleted -> " + who(sys, sys.root()));
}

TEST_F(Describe, MessagesThatTheKernelCannotSeeAll)
{
    sys.TCB_SetIPCBuffer(kTcb, 0, 0);
    sys.ecall(ABI_SYS_CALL, {kTcb, 6 << 12 | 5 << 9 | 2 << 7 | 125, 1, 2, 3, 4});
    expect("Call 0x1 (TCB) label=TCB_SetPriority words=[1, 2, 3, 4] length=125 extra=2 unwrapped=5",
           "error TruncatedMessage");
}

TEST_F(Describe, AFullMessage)
{
    sys.signal(ntfn);
    sys.recv(ep, reply);
    std::vector<Word> words(ABI_MSG_MAX_LENGTH, 0xFFFFFFFFFFFFFFFF);
    sys.call(ep, (1ull << 52) - 1, words, {ep, ep, ep});
    struct trace_action action;
    struct trace_error error;
    ASSERT_TRUE(trace_read_what(recording.last().what, &action, &error)) << error.text;
    EXPECT_EQ(action.word_count, 119u);
    EXPECT_EQ(recording.outcome().substr(recording.outcome().size() - 50),
              "] caps=3 unwrapped=0x0 unwrapped=0x0 unwrapped=0x0");
}

TEST_F(Describe, DebugCalls)
{
    if (!CONFIG_DEBUG) {
        sys.ecall(ABI_SYS_DEBUG_PUT_CHAR, {'A'});
        EXPECT_EQ(recording.what(), "unknown-syscall -12");
        return;
    }
    sys.ecall(ABI_SYS_DEBUG_PUT_CHAR, {'A'});
    expect("DebugPutChar 0x41 'A'", "done");
    sys.ecall(ABI_SYS_DEBUG_PUT_CHAR, {'='});
    expect("DebugPutChar 0x3d", "done");
    sys.ecall(ABI_SYS_DEBUG_CAP_IDENTIFY, {ep});
    expect("DebugCapIdentify " + hex(ep), "4 (endpoint)");
    Word *buffer = sys.buffer_of(sys.current());
    std::strcpy(reinterpret_cast<char *>(buffer + ABI_BUFFER_MSG), "a name | = #1");
    sys.ecall(ABI_SYS_DEBUG_NAME_THREAD, {server.tcb});
    expect("DebugNameThread " + hex(server.tcb) + " \"a name \\x7c \\x3d \\x231\"", "done");
    EXPECT_EQ(who(sys, server).substr(0, 14), "a_name______1@");
    std::memset(buffer + ABI_BUFFER_MSG, 0xFF, 960); /* A name that does not end. */
    sys.ecall(ABI_SYS_DEBUG_NAME_THREAD, {server.tcb});
    std::string name;
    for (int i = 0; i < 960; i++) {
        name += "\\xff";
    }
    expect("DebugNameThread " + hex(server.tcb) + " \"" + name + "\"", "halted");
}

TEST_F(Describe, APanic)
{
    sys.expect_panic();
    sys.current()->priority = 3; /* It is in no queue of that priority. */
    sys.kernel()->cores[0].domain = 200;
    sys.TCB_SetPriority(server.tcb, kTcb, 9);
    EXPECT_TRUE(sys.panicked());
    EXPECT_EQ(recording.outcome().substr(0, 7), "panic: ");
    EXPECT_EQ(recording.outcome().find('#'), std::string::npos);
}

} // namespace
} // namespace albireo
