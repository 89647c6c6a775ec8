/* SPDX-License-Identifier: BSD-2-Clause */

/* Debug system calls, and their absence from release kernels (docs/abi/14 sections 14.1, 14.2 and
 * 14.4, 15 item 15). */
#include <array>
#include <cstring>

#include "tests/support/system.h"

namespace albireo {

namespace {

using Registers = std::array<Word, 32>;

Registers registers_of(const struct thread *thread)
{
    Registers r;
    for (size_t i = 0; i < r.size(); i++) {
        r[i] = thread->regs.x[i];
    }
    return r;
}

/* The current thread, its registers poisoned, makes a debug call; what they must be if it changes
 * none. */
Registers fire(System &sys, int64_t number, Word a0)
{
    struct thread *caller = sys.current();
    for (Word i = 1; i < 32; i++) {
        caller->regs.x[i] = 0xBAD0000000 + i;
    }
    Registers expected = registers_of(caller);
    expected[REG_A7] = static_cast<Word>(number);
    expected[REG_A0] = a0;
    sys.ecall(number, {a0});
    return expected;
}

void put_name(System &sys, const std::string &name)
{
    char *at = reinterpret_cast<char *>(sys.buffer_of(sys.current()) + ABI_BUFFER_MSG);
    std::memcpy(at, name.c_str(), name.size() + 1);
}

std::string dump_scheduler(System &sys)
{
    sys.clear_console();
    EXPECT_TRUE(sys.ecall(ABI_SYS_DEBUG_DUMP_SCHEDULER));
    return sys.console();
}

size_t count(const std::string &text, const std::string &part)
{
    size_t n = 0;
    for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) {
        n++;
    }
    return n;
}

TEST(DebugCalls, OfAReleaseKernelAreUnknownSyscalls)
{
    if (CONFIG_DEBUG) {
        return;
    }
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr reply = sys.make(ABI_OBJECT_REPLY);
    Thread t = sys.spawn({.priority = 110, .fault_ep = ep});
    for (int64_t number = -12; number >= -17; number--) {
        Word pc = t.regs().pc;
        sys.clear_console();
        Registers expected = fire(sys, number, kTcb);
        EXPECT_EQ(registers_of(t.object), expected);
        EXPECT_EQ(sys.console(), "");
        Reply fault = sys.recv(ep, reply);
        EXPECT_EQ(fault.label, Word{FAULT_UNKNOWN_SYSCALL});
        EXPECT_EQ(fault[0], pc);
        EXPECT_EQ(fault[3], kTcb);
        EXPECT_EQ(fault[10], static_cast<Word>(number));
        sys.send(reply, 0, {pc + 4});
        EXPECT_CURRENT(sys, t);
    }
}

TEST(DebugCalls, ThatDoNotExistHereAreUnknownSyscallsInEveryKernel)
{
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr reply = sys.make(ABI_OBJECT_REPLY);
    sys.spawn({.priority = 110, .fault_ep = ep});
    for (int64_t number = -18; number >= -33; number--) {
        Word pc = sys.current()->regs.pc;
        sys.ecall(number);
        EXPECT_EQ(sys.recv(ep, reply)[10], static_cast<Word>(number));
        sys.send(reply, 0, {pc + 4});
    }
}

TEST(DebugCalls, ChangeNoRegisterButResults)
{
    if (!CONFIG_DEBUG) {
        return;
    }
    System sys;
    put_name(sys, "somebody");
    for (int64_t number : {ABI_SYS_DEBUG_PUT_CHAR, ABI_SYS_DEBUG_DUMP_SCHEDULER,
                           ABI_SYS_DEBUG_SNAPSHOT, ABI_SYS_DEBUG_NAME_THREAD}) {
        Word pc = sys.current()->regs.pc;
        Registers expected = fire(sys, number, kTcb);
        EXPECT_CURRENT(sys, sys.root());
        EXPECT_EQ(registers_of(sys.current()), expected) << number;
        EXPECT_EQ(sys.current()->regs.pc, pc + 4);
    }
    Registers expected = fire(sys, ABI_SYS_DEBUG_CAP_IDENTIFY, kTcb);
    expected[REG_A0] = CAP_TCB;
    EXPECT_EQ(registers_of(sys.current()), expected);
}

TEST(DebugCalls, NeitherConsumeBudgetNorSwitchThreads)
{
    if (!CONFIG_DEBUG) {
        return;
    }
    System sys;
    Thread t = sys.spawn({.priority = 110, .budget_us = 1000, .period_us = 10000});
    sys.advance(990); /* Too little is left for any other call. */
    Word left = refill_at(&t.sc_object()->refills, 0)->amount;
    sys.ecall(ABI_SYS_DEBUG_PUT_CHAR, {'x'});
    sys.ecall(ABI_SYS_DEBUG_CAP_IDENTIFY, {kTcb});
    EXPECT_CURRENT(sys, t);
    EXPECT_EQ(refill_at(&t.sc_object()->refills, 0)->amount, left);
    sys.ecall(99);
    EXPECT_CURRENT(sys, sys.root());
    EXPECT_EQ(t.state(), THREAD_RESTART);
}

TEST(DebugCalls, CapabilityPointersThatDoNotResolveAreNoFaults)
{
    if (!CONFIG_DEBUG) {
        return;
    }
    System sys;
    EXPECT_TRUE(sys.ecall(ABI_SYS_DEBUG_CAP_IDENTIFY, {CPtr{1} << 40}));
    EXPECT_EQ(sys.message().badge, 0u);
}

/* --- Console ---------------------------------------------------------------------------------- */

TEST(DebugPutChar, WritesTheLowEightBitsByteByByte)
{
    if (!CONFIG_DEBUG) {
        return;
    }
    System sys;
    sys.clear_console();
    for (Word c : {Word{'a'}, Word{'\n'}, Word{'\r'}, Word{0x100 + 'b'}, ~Word{0} << 8 | 'c'}) {
        sys.ecall(ABI_SYS_DEBUG_PUT_CHAR, {c});
    }
    EXPECT_EQ(sys.console(), "a\n\rbc");
}

TEST(DebugDumpScheduler, HasALineForEveryThreadAfterThreeOfHeading)
{
    if (!CONFIG_DEBUG) {
        return;
    }
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    size_t before = count(dump_scheduler(sys), "\n");
    EXPECT_GE(before, 4u);
    sys.make(ABI_OBJECT_TCB);
    sys.make(ABI_OBJECT_TCB);
    EXPECT_EQ(count(dump_scheduler(sys), "\n"), before + 2);
    sys.spawn({.priority = 110});
    sys.wait(ep);
    std::string table = dump_scheduler(sys);
    EXPECT_EQ(count(table, "\n"), before + 3);
    EXPECT_NE(table.find("rootserver"), std::string::npos);
    EXPECT_NE(table.find("child of: 'rootserver'"), std::string::npos);
}

TEST(DebugDumpScheduler, NamesEveryState)
{
    if (!CONFIG_DEBUG) {
        return;
    }
    System sys;
    CPtr ep = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr other = sys.make(ABI_OBJECT_ENDPOINT);
    CPtr reply = sys.make(ABI_OBJECT_REPLY);
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    sys.make(ABI_OBJECT_TCB);
    sys.spawn({.priority = 50});
    sys.spawn({.priority = 110});
    sys.wait(ntfn);
    sys.spawn({.priority = 110});
    sys.send(other);
    sys.spawn({.priority = 110});
    sys.call(ep, 1);
    sys.recv(ep, reply);
    sys.spawn({.priority = 110});
    sys.wait(ep);
    std::string table = dump_scheduler(sys);
    for (const char *state : {"inactive", "running", "restart", "blocked on recv",
                              "blocked on send", "blocked on reply", "blocked on ntfn"}) {
        EXPECT_NE(table.find(state), std::string::npos) << state << " is not in\n" << table;
    }
}

TEST(DebugSnapshot, PrintsAndReturns)
{
    if (!CONFIG_DEBUG) {
        return;
    }
    System sys;
    sys.clear_console();
    EXPECT_TRUE(sys.ecall(ABI_SYS_DEBUG_SNAPSHOT));
    EXPECT_NE(sys.console(), "");
}

TEST(DebugCalls, LeaveTheStateAlone)
{
    if (!CONFIG_DEBUG) {
        return;
    }
    System sys;
    sys.expect_unchanged([&] {
        sys.ecall(ABI_SYS_DEBUG_PUT_CHAR, {'x'});
        sys.ecall(ABI_SYS_DEBUG_DUMP_SCHEDULER);
        sys.ecall(ABI_SYS_DEBUG_SNAPSHOT);
        sys.ecall(ABI_SYS_DEBUG_CAP_IDENTIFY, {kTcb});
    });
}

TEST(DebugHalt, StopsTheMachine)
{
    if (!CONFIG_DEBUG) {
        return;
    }
    System sys;
    sys.ecall(ABI_SYS_DEBUG_HALT);
    EXPECT_EQ(sim_status(sys.sim()), SIM_HALTED);
}

/* --- Capability types ------------------------------------------------------------------------- */

TEST(DebugCapIdentify, KnowsEveryKind)
{
    if (!CONFIG_DEBUG) {
        return;
    }
    System sys;
    CPtr handler = sys.alloc_slot();
    EXPECT_OK(sys.IRQControl_Get(kIrqControl, 5, kCNode, handler, 64));
    const struct {
        CPtr cap;
        Word type;
    } cases[] = {
        {sys.alloc_slot(), 0},
        {CPtr{1} << 40, 0},
        {sys.make(ABI_OBJECT_PAGE_4K), 1},
        {sys.untyped(12), 2},
        {sys.make(ABI_OBJECT_PAGE_TABLE), 3},
        {sys.make(ABI_OBJECT_ENDPOINT), 4},
        {sys.make(ABI_OBJECT_NOTIFICATION), 6},
        {sys.make(ABI_OBJECT_REPLY), 8},
        {kCNode, 10},
        {kAsidControl, 11},
        {kTcb, 12},
        {kAsidPool, 13},
        {kIrqControl, 14},
        {handler, 16},
        {kDomain, 20},
        {kSchedContext, 22},
        {sys.sched_control(), 24},
    };
    for (const auto &c : cases) {
        EXPECT_TRUE(sys.ecall(ABI_SYS_DEBUG_CAP_IDENTIFY, {c.cap}));
        EXPECT_EQ(sys.message().badge, c.type) << c.cap;
    }
}

/* --- Names ------------------------------------------------------------------------------------ */

TEST(DebugNameThread, NameShowsInTheTableCutToTheSpaceThereIs)
{
    if (!CONFIG_DEBUG) {
        return;
    }
    System sys;
    CPtr tcb = sys.make(ABI_OBJECT_TCB);
    put_name(sys, "Alnitak");
    EXPECT_TRUE(sys.ecall(ABI_SYS_DEBUG_NAME_THREAD, {tcb}));
    EXPECT_NE(dump_scheduler(sys).find("Alnitak"), std::string::npos);
    const size_t space = CONFIG_FPU ? 847 : 335;
    for (size_t length : {size_t{0}, space - 1, space, space + 1, size_t{959}}) {
        std::string name(length, 'n');
        put_name(sys, name);
        EXPECT_TRUE(sys.ecall(ABI_SYS_DEBUG_NAME_THREAD, {tcb}));
        EXPECT_STREQ(sys.thread_of(tcb)->name, name.substr(0, space).c_str()) << length;
    }
}

TEST(DebugNameThread, NewThreadsAreNamedAfterTheirCreator)
{
    if (!CONFIG_DEBUG) {
        return;
    }
    System sys;
    put_name(sys, "parent");
    EXPECT_TRUE(sys.ecall(ABI_SYS_DEBUG_NAME_THREAD, {kTcb}));
    CPtr tcb = sys.make(ABI_OBJECT_TCB);
    EXPECT_STREQ(sys.thread_of(tcb)->name, "child of: 'parent'");
}

TEST(DebugNameThread, HaltsOnACapabilityThatIsNoTcb)
{
    if (!CONFIG_DEBUG) {
        return;
    }
    for (CPtr cap : {CPtr{0}, CPtr{1} << 40, kCNode}) {
        System sys;
        put_name(sys, "x");
        sys.ecall(ABI_SYS_DEBUG_NAME_THREAD, {cap});
        EXPECT_EQ(sim_status(sys.sim()), SIM_HALTED) << cap;
    }
}

TEST(DebugNameThread, HaltsWithoutAWritableBuffer)
{
    if (!CONFIG_DEBUG) {
        return;
    }
    for (Word rights : {Word{0}, Word{ABI_RIGHT_READ}, Word{ABI_RIGHT_ALL}}) {
        System sys;
        sys.spawn(
            {.priority = 110, .with_buffer = rights != ABI_RIGHT_ALL, .buffer_rights = rights});
        sys.ecall(ABI_SYS_DEBUG_NAME_THREAD, {kTcb});
        EXPECT_EQ(sim_status(sys.sim()), SIM_HALTED) << rights;
    }
}

TEST(DebugNameThread, HaltsWithoutANulIn960Bytes)
{
    if (!CONFIG_DEBUG) {
        return;
    }
    System sys;
    put_name(sys, std::string(960, 'n')); /* The NUL comes one too late. */
    sys.ecall(ABI_SYS_DEBUG_NAME_THREAD, {kTcb});
    EXPECT_EQ(sim_status(sys.sim()), SIM_HALTED);
}

/* --- Diagnostics ------------------------------------------------------------------------------ */

TEST(DebugDiagnostics, FaultWithoutHandlerIsReportedByDebugKernelsOnly)
{
    System sys;
    Thread t = sys.spawn({.priority = 110});
    sys.clear_console();
    sys.fault(13, 0x10);
    EXPECT_EQ(t.state(), THREAD_INACTIVE);
    EXPECT_EQ(sys.console().empty(), !CONFIG_DEBUG);
}

TEST(DebugDiagnostics, ReleaseKernelsPrintNothing)
{
    if (CONFIG_DEBUG) {
        return;
    }
    System sys;
    sys.clear_console();
    EXPECT_CALL_ERROR(sys.call(kTcb, 0), STATUS_ILLEGAL_OPERATION);
    EXPECT_CALL_ERROR(sys.CNode_Delete(kCNode, 0, 0), STATUS_RANGE_ERROR);
    EXPECT_EQ(sys.console(), "");
}

} // namespace

} // namespace albireo
