/* SPDX-License-Identifier: BSD-2-Clause */

/* What was recorded as calls happens again on a fresh machine, without any user code. */
#include <cstring>
#include <functional>

#include "tests/trace/recording.h"

namespace albireo {
namespace {

/* Records a scenario and plays it: the same events, outcomes, hashes, and the same trace again. */
std::string record_and_play(const std::function<void(System &)> &scenario,
                            const SystemOptions &options = {})
{
    std::string text;
    std::vector<std::string> lines;
    {
        SystemOptions untouched = options;
        untouched.root_priority = ABI_MAX_PRIO; /* Recording begins before the first call. */
        System sys(untouched);
        Recording recording(sys.sim());
        sys.TCB_SetPriority(kTcb, kTcb, 100);
        scenario(sys);
        EXPECT_FALSE(sys.panicked());
        text = recording.text();
        lines = recording.lines;
    }
    std::vector<std::string> played = play(text);
    EXPECT_EQ(played.size(), lines.size());
    for (size_t i = 0; i < lines.size() && i < played.size(); i++) {
        EXPECT_EQ(without_names(lines[i]), without_names(played[i]));
    }
    return text;
}

TEST(TraceApply, MessagesAndCapabilities)
{
    record_and_play([](System &sys) {
        CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
        CPtr reply = sys.make(ABI_OBJECT_REPLY);
        sys.spawn({.priority = 110});
        CPtr free_slot = sys.alloc_slot();
        sys.set_receive_slot(kCNode, free_slot);
        sys.recv(ep, reply);
        sys.call(ep, 7, {1, 2, 3, 4, 5, 6, 7, 0x1234567890}, {kBuffer, ep});
        EXPECT_EQ(sys.message().extra_caps, 2u);
        sys.reply_recv(ep, reply, 1, {10, 20, 30, 40, 50});
        EXPECT_EQ(sys.message()[4], 50u);
        sys.send(ep, 9, std::vector<Word>(ABI_MSG_MAX_LENGTH, 0xABCDEF), {ep, ep, ep});
        sys.nb_send_recv(ep, ep, reply, 5, {1, 2, 3, 4, 5});
        EXPECT_TRUE(sys.is_current(sys.root()));
    });
}

TEST(TraceApply, EveryKindOfInvocationAndError)
{
    record_and_play([](System &sys) {
        CPtr memory = sys.untyped(20);
        CPtr first = sys.alloc_slots(8);
        sys.retype(memory, ABI_OBJECT_ENDPOINT, 0, first, 4);
        sys.CNode_Mint(kCNode, first + 4, 64, kCNode, first, 64, ABI_RIGHT_ALL, 0x77);
        sys.CNode_Rotate(kCNode, first + 5, 64, 0, kCNode, first + 4, 64, 0, kCNode, first, 64);
        sys.CNode_Delete(kCNode, 0, 99);
        CPtr vspace = sys.make_vspace();
        sys.map_new_page(vspace, 0x40000000);
        Thread thread = sys.spawn({.priority = 50, .start = false});
        sys.write_registers(thread.tcb, false, std::vector<Word>(32, 0x1111));
        sys.TCB_ReadRegisters(thread.tcb, 0, 32);
        sys.TCB_CopyRegisters(thread.tcb, kTcb, 12);
        sys.TCB_SetFlags(thread.tcb, 0, 1);
        sys.revoke(memory);
    });
}

TEST(TraceApply, FaultsTimeAndInterrupts)
{
    record_and_play([](System &sys) {
        CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
        CPtr reply = sys.make(ABI_OBJECT_REPLY);
        CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
        CPtr handler = sys.alloc_slot();
        sys.IRQControl_Get(kIrqControl, 10, kCNode, handler, 64);
        sys.IRQHandler_SetNotification(handler, sys.mint(ntfn, 4));
        sys.spawn({.priority = 110});
        sys.recv(ep, reply);
        sys.spawn({.priority = 105, .fault_ep = ep, .timeout_ep = ep});
        Word value;
        sys.load(0x12345000, &value);
        sys.reply_recv(ep, reply);
        sys.advance(300);
        sys.irq(10);
        sys.fault(2, 0);
        sys.reply_recv(ep, reply, 1); /* The worker stays stopped. */
        EXPECT_TRUE(sys.is_current(sys.root()));
        sys.wait(ntfn);
        EXPECT_EQ(sys.message().badge, 4u);
        sys.IRQHandler_Ack(handler);
        sys.wait(ntfn);
        sys.advance(100000);
        sys.irq(10);
        sys.yield();
        sys.ecall(99, {1, 2, 3});
    });
}

TEST(TraceApply, Preemption)
{
    record_and_play([](System &sys) {
        CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
        CPtr handler = sys.alloc_slot();
        sys.IRQControl_Get(kIrqControl, 10, kCNode, handler, 64);
        sys.IRQHandler_SetNotification(handler, sys.make(ABI_OBJECT_NOTIFICATION));
        for (int i = 0; i < 450; i++) {
            sys.copy(ep);
        }
        sys.preempt_at(3, 10);
        sim_advance_at_preemption(sys.sim(), 2, 40);
        sys.revoke(ep);
        EXPECT_EQ(sys.restarts, 1u);
    });
}

/* Threads share their buffer's memory; buffers come, go and come back. */
TEST(TraceApply, Buffers)
{
    record_and_play([](System &sys) {
        CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
        CPtr frame = sys.make(ABI_OBJECT_PAGE_4K);
        CPtr reply = sys.make(ABI_OBJECT_REPLY);
        Word *words = static_cast<Word *>(sim_ram(sys.sim(), sys.cap_at(frame).paddr, 4096));
        words[ABI_BUFFER_RECEIVE_CNODE] = 0x123; /* Before it is anybody's buffer. */
        words[128 + ABI_BUFFER_RECEIVE_CNODE] = kCNode;
        words[128 + ABI_BUFFER_RECEIVE_INDEX] = sys.alloc_slot();
        words[128 + ABI_BUFFER_RECEIVE_DEPTH] = 64;
        Thread server = sys.spawn({.priority = 110, .start = false});
        sys.TCB_SetIPCBuffer(server.tcb, 0x1400, frame);
        sys.TCB_Resume(server.tcb);
        sys.recv(ep, reply);
        sys.call(ep, 1, {1, 2, 3, 4, 5}, {kBuffer});
        EXPECT_EQ(sys.message().extra_caps, 1u);
        EXPECT_EQ(words[128 + ABI_BUFFER_MSG + 4], 5u);
        sys.reply_recv(ep, reply, 0, {1, 2, 3, 4, 77, 88});
        EXPECT_EQ(sys.message()[5], 88u);
        sys.TCB_SetIPCBuffer(server.tcb, 0, 0);
        words[128 + ABI_BUFFER_RECEIVE_DEPTH] = 0;
        words[128 + ABI_BUFFER_MSG + 4] = 55;
        sys.TCB_SetIPCBuffer(server.tcb, 0x1400, frame);
        sys.call(ep, 1, {1, 2, 3, 4, 5}, {kBuffer});
        EXPECT_EQ(sys.message().extra_caps, 0u);
        sys.reply_recv(ep, reply);
        Thread twin = sys.spawn({.priority = 50, .start = false});
        sys.TCB_SetIPCBuffer(twin.tcb, 0x1400, frame);
        words[128 + ABI_BUFFER_RECEIVE_DEPTH] = 64;
        sys.call(ep, 1, {1, 2, 3, 4, 5}, {kBuffer});
    });
}

TEST(TraceApply, OtherMachines)
{
    SystemOptions options;
    options.memory = 32u << 20;
    options.complete_at_claim = false;
    options.start_time = 12345;
    options.ticks_per_us = 1;
    options.root_cnode_bits = 14;
    options.boot_slice_ms = 7;
    options.dtb = std::vector<uint8_t>(1000, 0x55);
    options.configure = [](struct sim_config &config) {
        config.kernel_paddr = 0x81000000;
        config.image_paddr = 0x80800000;
        config.image_size = 0x8000;
        config.image_vaddr = 0x400000;
        config.image_entry = 0x400080;
        config.entry_ticks = 3;
        config.irq_max = 31;
    };
    std::string text = record_and_play(
        [](System &sys) {
            sys.make(ABI_OBJECT_ENDPOINT);
            sys.advance(100000);
            sys.yield();
        },
        options);
    EXPECT_NE(text.find("\nkernel 0x81000000\n"), std::string::npos) << text.substr(0, 1000);
    EXPECT_NE(text.find(" entry=3 access=0\n"), std::string::npos);
}

TEST(TraceApply, DebugCalls)
{
    std::string text = record_and_play([](System &sys) {
        Word *buffer = sys.buffer_of(sys.current());
        std::strcpy(reinterpret_cast<char *>(buffer + ABI_BUFFER_MSG), "the one and only");
        sys.ecall(ABI_SYS_DEBUG_NAME_THREAD, {kTcb});
        if (CONFIG_DEBUG) { /* Else root has faulted, and nobody runs. */
            sys.ecall(ABI_SYS_DEBUG_CAP_IDENTIFY, {kTcb});
            sys.ecall(ABI_SYS_DEBUG_PUT_CHAR, {'x'});
            std::memset(buffer + ABI_BUFFER_MSG, 'y', 960); /* A name that does not end. */
            sys.ecall(ABI_SYS_DEBUG_NAME_THREAD, {kTcb});
        }
    });
    const char *expected = CONFIG_DEBUG ? " the_one_and_only@" : ": unknown-syscall -17";
    EXPECT_NE(text.find(expected), std::string::npos) << text;
}

/* --- Written by hand -------------------------------------------------------------------------- */

TEST(TraceApply, ByHand)
{
    std::vector<std::string> lines = play(calls_trace(
        {"1 *: Call 0x1 TCB_SetPriority(authority=0x1, priority=100) = ok",
         "2 *: Call 0x1 TCB_SetPriority(authority=0x1, priority=1000) = error RangeError (0..255)",
         "# Time passes by the numbers behind the @.", "3 @1000500 *: timer", "4 *: Yield",
         "5 *: Call 0xfff TCB_Resume() = error InvalidCapability (capability 0)",
         "6 *: Recv 0x1 reply=0x0 | regs sp=0x1234 pc=0x10200 = stopped -> idle",
         "7 @2000000 idle: interrupt 3"},
        7));
    ASSERT_EQ(lines.size(), 7u);
    EXPECT_EQ(lines[3].substr(0, 10), "4 @1000500");
    EXPECT_NE(lines[5].find(" pc=0x10200"), std::string::npos) << lines[5];
}

/* Plays one line on a machine that has just booted: what is wrong with it. */
std::string refusal(System &sys, const std::string &line)
{
    Event event(line);
    struct trace_error error = {};
    EXPECT_FALSE(trace_apply(sys.sim(), event.get(), &error)) << line;
    return error.text;
}

TEST(TraceApply, WhatCannotBePlayed)
{
    System sys;
    struct trace_thread root;
    trace_describe_thread(sys.sim(), sys.root().object, &root);
    char name[64];
    std::snprintf(name, sizeof name, "%s@%llx", root.name,
                  static_cast<unsigned long long>(root.paddr));
    EXPECT_EQ(refusal(sys, "1 bob@80001000: Yield"),
              "line 3: event 1: it is of bob@80001000, but " + std::string(name) + " runs");
    EXPECT_EQ(refusal(sys, "1 idle: timer"),
              "line 3: event 1: it is of idle, but " + std::string(name) + " runs");
    EXPECT_EQ(refusal(sys, "1 @999999 *: timer"),
              "line 3: event 1: its time is 999999, but it is already 1000000");
    EXPECT_EQ(refusal(sys, "1 *: timer | poll 1@5"),
              "line 3: event 1: the time of a poll lies before what comes before it");
    Event event("1 *: timer");
    std::strcpy(event->what, "sing");
    struct trace_error error = {};
    EXPECT_FALSE(trace_apply(sys.sim(), event.get(), &error));
    EXPECT_STREQ(error.text, "line 3: event 1: expected a system call, fault, interrupt or timer "
                             "at \"sing\"");
    sys.TCB_Suspend(kTcb);
    EXPECT_EQ(refusal(sys, "1 *: Yield"),
              "line 3: event 1: a system call or fault, but no thread runs");
    sys.expect_panic();
    sim_syscall(sys.sim());
    EXPECT_EQ(refusal(sys, "1 *: timer"), "line 3: event 1: the system has stopped");
}

/* A trace cannot write what is not a user's. */
TEST(TraceApply, MemoryOutsideOfBuffers)
{
    System sys;
    uint64_t before = trace_state_hash(sys.sim());
    std::string line = "1 *: timer | memory 0x0=1 0xfffffffffffffff8=1 0x80200000=1,2,3,4,5,6";
    char here[64];
    std::snprintf(
        here, sizeof here, " 0x%llx=1,2,3",
        static_cast<unsigned long long>(reinterpret_cast<uintptr_t>(sys.kernel()) - SIM_WINDOW));
    Event event(line + here);
    struct trace_error error = {};
    EXPECT_TRUE(trace_apply(sys.sim(), event.get(), &error)) << error.text;
    EXPECT_EQ(before, trace_state_hash(sys.sim()));
    EXPECT_TRUE(sim_check(sys.sim()));
}

} // namespace
} // namespace albireo
