/* SPDX-License-Identifier: BSD-2-Clause */

/* Native threads: C functions as user threads, in every state a thread can get into. */
#include <algorithm>
#include <memory>
#include <vector>

#include "gtest/gtest.h"
#include "hosted/native.h"
#include "tests/support/system.h"

using namespace albireo;

namespace {

/* What the threads of a test tell each other and the test. Native code may share host memory. */
struct Shared {
    CPtr ep = 0;
    CPtr reply = 0;
    CPtr ntfn = 0;
    CPtr never = 0; /* A notification that nobody signals. */
    CPtr tcb = 0;
    std::vector<Word> log;
    uint64_t count = 0;
    uint64_t progress = 0;
};

Shared *shared;

/* --- System calls as native code makes them --------------------------------------------------- */

struct native_regs ecall(int64_t number, Word a0 = 0, Word info = 0, Word mr0 = 0, Word mr1 = 0,
                         Word a6 = 0)
{
    struct native_regs regs = {{a0, info, mr0, mr1, 0, 0, a6, static_cast<Word>(number)}, 0};
    albireo_native_ecall(&regs);
    return regs;
}

Word info_word(Word label, Word length)
{
    return label << 12 | length;
}

Word call(CPtr dest, Word label, Word mr0)
{
    return ecall(ABI_SYS_CALL, dest, info_word(label, 1), mr0).a[2];
}

void wait_for(CPtr ntfn)
{
    ecall(ABI_SYS_WAIT, ntfn);
}

/* --- The harness: the root is scripted and parked, the threads are native --------------------- */

class Native : public ::testing::Test {
  protected:
    void SetUp() override
    {
        shared = &shared_;
        sys.reset(new System(options()));
        shared_.ep = sys->make(ABI_OBJECT_ENDPOINT);
        shared_.reply = sys->make(ABI_OBJECT_REPLY);
        shared_.ntfn = sys->make(ABI_OBJECT_NOTIFICATION);
        shared_.never = sys->make(ABI_OBJECT_NOTIFICATION);
        wake_ = sys->make(ABI_OBJECT_NOTIFICATION);
        CPtr handler = sys->alloc_slot();
        ASSERT_OK(sys->IRQControl_Get(kIrqControl, kWakeLine, kCNode, handler, 64));
        ASSERT_OK(sys->IRQHandler_SetNotification(handler, wake_));
    }

    void TearDown() override
    {
        sys.reset();
        shared = nullptr;
    }

    static SystemOptions options()
    {
        SystemOptions o;
        o.memory = 64u << 20;
        return o;
    }

    /* A native thread below the root, not running before the root waits. */
    Thread start(sim_native_entry *entry, Word argument = 0, uint8_t priority = 50,
                 CPtr fault_ep = 0)
    {
        ThreadOptions o;
        o.priority = priority;
        o.pc = sim_native_register(sys->sim(), entry);
        o.start = false;
        o.fault_ep = fault_ep;
        Thread t = sys->spawn(o);
        restart(t, entry, argument);
        return t;
    }

    /* Gives a thread a new entry and argument, and resumes it. */
    void restart(const Thread &t, sim_native_entry *entry, Word argument)
    {
        std::vector<Word> registers(32);
        registers[0] = sim_native_register(sys->sim(), entry);
        registers[16] = argument;                     /* a0, docs/abi/05 section 5.5.1. */
        sys->write_registers(t.tcb, true, registers); /* It may run at once. */
    }

    /* The root waits, the threads run until nothing is left to do, and the root is back. */
    enum sim_run_end run(uint64_t limit = 0)
    {
        sys->wait(wake_);
        enum sim_run_end end = sim_run(sys->sim(), limit);
        EXPECT_FALSE(sys->panicked()) << sys->message_of_panic() << "\n" << sys->dump();
        sys->irq(kWakeLine);
        EXPECT_CURRENT(*sys, sys->root());
        return end;
    }

    static constexpr uint32_t kWakeLine = 30;
    CPtr wake_ = 0;
    Shared shared_;
    std::unique_ptr<System> sys;
};

/* --- Bodies ----------------------------------------------------------------------------------- */

void log_argument(uint64_t argument)
{
    shared->log.push_back(argument);
}

void echo_server(uint64_t)
{
    struct native_regs r = ecall(ABI_SYS_RECV, shared->ep, 0, 0, 0, shared->reply);
    for (;;) {
        Word answer = 2 * r.a[2];
        r = ecall(ABI_SYS_REPLY_RECV, shared->ep, info_word(0, 1), answer, 0, shared->reply);
    }
}

void echo_client(uint64_t argument)
{
    shared->log.push_back(call(shared->ep, 1, argument));
    wait_for(shared->never);
}

void count_and_block(uint64_t)
{
    shared->count++;
    wait_for(shared->never);
    shared->count += 1000000; /* Never. */
}

void worker(uint64_t ticks)
{
    albireo_native_work(ticks);
    shared->log.push_back(albireo_native_time());
    wait_for(shared->never);
}

void deep(uint64_t levels)
{
    volatile char frame[200];
    frame[0] = static_cast<char>(levels);
    if (levels > 0) {
        deep(levels - 1);
    } else {
        wait_for(shared->ep);
    }
    shared->progress += static_cast<unsigned char>(frame[0]);
}

void spinner(uint64_t)
{
    for (;;) {
        albireo_native_work(100);
        shared->progress++;
    }
}

} // namespace

TEST_F(Native, RunsWithItsArgument)
{
    start(log_argument, 4711);
    run();
    EXPECT_EQ(shared_.log, std::vector<Word>{4711});
}

TEST_F(Native, CallsAndAnswers)
{
    start(echo_server, 0, 60);
    for (Word i = 0; i < 5; i++) {
        start(echo_client, i);
    }
    EXPECT_EQ(run(), SIM_RUN_IDLE);
    std::sort(shared_.log.begin(), shared_.log.end());
    EXPECT_EQ(shared_.log, (std::vector<Word>{0, 2, 4, 6, 8}));
}

TEST_F(Native, HasItsOwnIpcBuffer)
{
    static Word *buffers[2];
    auto body = [](uint64_t i) {
        buffers[i] = static_cast<Word *>(albireo_native_ipc_buffer());
        buffers[i][5] = 100 + i;
    };
    Thread a = start(body, 0);
    Thread b = start(body, 1);
    run();
    EXPECT_EQ(buffers[0], a.buffer_words());
    EXPECT_EQ(buffers[1], b.buffer_words());
    EXPECT_EQ(a.buffer_words()[5], 100u);
    EXPECT_EQ(b.buffer_words()[5], 101u);
}

TEST_F(Native, HundredsBlockAndAreDestroyed)
{
    constexpr int kThreads = 400;
    std::vector<Thread> threads;
    for (int i = 0; i < kThreads; i++) {
        threads.push_back(start(count_and_block));
    }
    run();
    EXPECT_EQ(shared_.count, static_cast<uint64_t>(kThreads));
    EXPECT_EQ(sim_native_live(sys->sim()), static_cast<uint32_t>(kThreads));
}

/* A thread that is destroyed while blocked gives its stack back, also to a thread whose TCB lies at
 * the same address. */
TEST(NativeRecycling, StacksOfDestroyedThreads)
{
    Shared local;
    shared = &local;
    SystemOptions options;
    options.memory = 64u << 20;
    options.configure = [](sim_config &config) {
        config.native_threads = 10;
    };
    System sys(options);
    local.never = sys.make(ABI_OBJECT_NOTIFICATION);
    CPtr memory = sys.untyped(16);
    CPtr slots = sys.alloc_slots(10);
    Word pc = sim_native_register(sys.sim(), count_and_block);
    std::vector<CPtr> scs;
    for (int i = 0; i < 10; i++) {
        scs.push_back(sys.make_sc(1000, 1000));
    }
    for (int round = 0; round < 5; round++) {
        ASSERT_OK(sys.retype(memory, ABI_OBJECT_TCB, 0, slots, 10));
        for (Word i = 0; i < 10; i++) {
            CPtr tcb = slots + i;
            ASSERT_OK(sys.TCB_Configure(tcb, kCNode, 0, kVSpace, 0, 0, 0));
            ASSERT_OK(sys.TCB_SetSchedParams(tcb, kTcb, 0, 150, scs[i], 0));
            sys.write_registers(tcb, true, {pc});
            /* It preempts the root, runs natively, blocks, and the root is back. */
            ASSERT_EQ(sim_run(sys.sim(), 0), SIM_RUN_SCRIPTED);
            EXPECT_CURRENT(sys, sys.root());
        }
        EXPECT_EQ(sim_native_live(sys.sim()), 10u);
        EXPECT_EQ(local.count, 10u * static_cast<uint64_t>(round + 1));
        ASSERT_OK(sys.revoke(memory));
        EXPECT_EQ(sim_native_live(sys.sim()), 0u);
    }
    shared = nullptr;
}

TEST(NativeRecycling, MoreThanConfiguredIsReported)
{
    Shared local;
    shared = &local;
    SystemOptions options;
    options.configure = [](sim_config &config) {
        config.native_threads = 2;
    };
    System sys(options);
    local.never = sys.make(ABI_OBJECT_NOTIFICATION);
    for (int i = 0; i < 3; i++) {
        ThreadOptions o;
        o.priority = 50;
        o.pc = sim_native_register(sys.sim(), count_and_block);
        sys.spawn(o);
    }
    sys.park();
    EXPECT_EQ(sim_run(sys.sim(), 0), SIM_RUN_FULL);
    EXPECT_EQ(local.count, 2u);
    shared = nullptr;
}

TEST_F(Native, DeepStacksSurviveBlocking)
{
    Thread t = start(deep, 50);
    run();
    EXPECT_EQ(t.state(), THREAD_BLOCKED_ON_RECEIVE);
    start([](uint64_t) { ecall(ABI_SYS_SEND, shared->ep); });
    run();
    EXPECT_EQ(shared_.progress, 50u * 51 / 2);
}

TEST_F(Native, BudgetsArePreemptive)
{
    start(worker, 25000); /* Slices of 1000 us = 10000 ticks. */
    start(worker, 25000);
    Word begin = sys->now();
    run();
    ASSERT_EQ(shared_.log.size(), 2u);
    /* They take turns: the first ends after 3 + 2 slices, or a little earlier. */
    EXPECT_NEAR(static_cast<double>(shared_.log[0] - begin), 45000, 300);
    EXPECT_NEAR(static_cast<double>(shared_.log[1] - begin), 50000, 300);
}

TEST_F(Native, LimitEndsTheRun)
{
    start(spinner);
    EXPECT_EQ(run(20), SIM_RUN_LIMIT);
    EXPECT_EQ(run(20), SIM_RUN_LIMIT);
    EXPECT_GT(shared_.progress, 0u);
}

TEST_F(Native, SuspendedAndResumedCallIsMadeAgain)
{
    Thread client = start(echo_client, 21);
    run(); /* Blocks: there is no server. */
    EXPECT_EQ(client.state(), THREAD_BLOCKED_ON_SEND);
    shared_.tcb = client.tcb;
    start(echo_server, 0, 40);
    start(
        [](uint64_t) {
            ecall(ABI_SYS_CALL, shared->tcb, info_word(ABI_LABEL_TCB_SUSPEND, 0));
            ecall(ABI_SYS_CALL, shared->tcb, info_word(ABI_LABEL_TCB_RESUME, 0));
        },
        0, 70);
    run();
    EXPECT_EQ(shared_.log, std::vector<Word>{42}) << "one answer to one question";
}

TEST_F(Native, NewEntryDiscardsTheOldContext)
{
    Thread t = start(count_and_block);
    run();
    EXPECT_EQ(shared_.count, 1u);
    shared_.tcb = t.tcb;
    start([](uint64_t) {
        Word pc = albireo_native_entry(log_argument);
        struct native_regs regs = {{shared->tcb, info_word(ABI_LABEL_TCB_WRITE_REGISTERS, 3), 1, 1,
                                    pc, 0, 0, static_cast<Word>(ABI_SYS_CALL)},
                                   0};
        albireo_native_ecall(&regs);
    });
    run();
    EXPECT_EQ(shared_.log.size(), 1u);
    EXPECT_EQ(shared_.count, 1u);
}

/* --- Faults ----------------------------------------------------------------------------------- */

namespace {

constexpr Word kHole = 0x50000000;

void toucher(uint64_t vaddr)
{
    shared->log.push_back(albireo_native_load(vaddr, 8));
    albireo_native_store(vaddr, 8, 5);
    shared->log.push_back(albireo_native_load(vaddr, 8));
    wait_for(shared->never);
}

/* Answers a fault: by skipping what faulted. */
void skipper(uint64_t)
{
    CPtr tcb = shared->tcb;
    struct native_regs r = ecall(ABI_SYS_RECV, shared->ep, 0, 0, 0, shared->reply);
    for (;;) {
        shared->count++;
        Word pc = r.a[2];
        struct native_regs w = {{tcb, info_word(ABI_LABEL_TCB_WRITE_REGISTERS, 3), 0, 1, pc + 4, 0,
                                 0, static_cast<Word>(ABI_SYS_CALL)},
                                0};
        albireo_native_ecall(&w);
        r = ecall(ABI_SYS_REPLY_RECV, shared->ep, 0, 0, 0, shared->reply);
    }
}

void excepting(uint64_t cause)
{
    shared->progress++;
    albireo_native_exception(cause);
    shared->log.push_back(cause);
    wait_for(shared->never);
}

/* Answers faults: repeats the instruction. */
void repeater(uint64_t)
{
    ecall(ABI_SYS_RECV, shared->ep, 0, 0, 0, shared->reply);
    for (;;) {
        shared->count++;
        ecall(ABI_SYS_REPLY_RECV, shared->ep, 0, 0, 0, shared->reply);
    }
}

} // namespace

TEST_F(Native, AccessesGoThroughTheMmu)
{
    sys->map_new_page(kVSpace, kHole);
    start(toucher, kHole);
    run();
    EXPECT_EQ(shared_.log, (std::vector<Word>{0, 5}));
}

TEST_F(Native, FaultingAccessIsRetriedUntilItWorks)
{
    Thread t = start(toucher, kHole, 150, shared_.ep);
    /* Above the root: it runs as soon as sim_run() lets it. */
    EXPECT_EQ(sim_run(sys->sim(), 0), SIM_RUN_SCRIPTED);
    EXPECT_EQ(t.state(), THREAD_BLOCKED_ON_SEND);
    Reply fault = sys->recv(shared_.ep, shared_.reply);
    EXPECT_EQ(fault.label, static_cast<Word>(FAULT_VM));
    EXPECT_EQ(fault[1], kHole);
    sys->map_new_page(kVSpace, kHole);
    sys->send(shared_.reply);
    EXPECT_EQ(sim_run(sys->sim(), 0), SIM_RUN_SCRIPTED);
    EXPECT_EQ(shared_.log, (std::vector<Word>{0, 5}));
}

TEST_F(Native, FaultingAccessCanBeSkipped)
{
    Thread t = start(toucher, kHole, 50, shared_.ep);
    shared_.tcb = t.tcb;
    start(skipper, 0, 60);
    run(500);
    EXPECT_EQ(shared_.log, (std::vector<Word>{0, 0}));
    EXPECT_EQ(shared_.count, 3u) << "two loads and a store";
}

TEST_F(Native, ExceptionIsAFaultThatCanBeSkipped)
{
    Thread t = start(excepting, 3, 50, shared_.ep);
    run();
    EXPECT_EQ(t.state(), THREAD_BLOCKED_ON_SEND);
    EXPECT_EQ(t.object->fault.type, FAULT_USER_EXCEPTION);
    EXPECT_EQ(t.object->fault.address, 3u) << "the cause";
    shared_.tcb = t.tcb;
    start(skipper, 0, 60);
    run();
    EXPECT_EQ(shared_.count, 1u);
    EXPECT_EQ(shared_.log, (std::vector<Word>{3}));
}

TEST_F(Native, ExceptionIsTakenAgainWhereTheThreadIsRestarted)
{
    start(excepting, 2, 50, shared_.ep);
    start(repeater, 0, 60);
    run(200);
    EXPECT_GT(shared_.count, 10u);
    EXPECT_EQ(shared_.progress, 1u) << "the function was not entered again";
    EXPECT_TRUE(shared_.log.empty());
}

TEST_F(Native, ReturningFaultsAtRa)
{
    Thread t = start([](uint64_t) {}, 0, 50, shared_.ep);
    run();
    EXPECT_EQ(t.state(), THREAD_BLOCKED_ON_SEND);
    EXPECT_EQ(t.object->fault.type, FAULT_VM);
    EXPECT_TRUE(t.object->fault.fetch);
    EXPECT_EQ(t.object->fault.address, 0u);
}

TEST_F(Native, FloatingPointStateIsPerThread)
{
    auto body = [](uint64_t i) {
        albireo_native_fpu_set(3, 1000 + i);
        for (int round = 0; round < 5; round++) {
            ecall(ABI_SYS_YIELD);
            shared->log.push_back(albireo_native_fpu_get(3) - i);
        }
    };
    Thread first = start(body, 1, 50, shared_.ep);
    start(body, 2, 50, shared_.ep);
    run();
    if (CONFIG_FPU) {
        EXPECT_EQ(shared_.log, std::vector<Word>(10, 1000));
        return;
    }
    EXPECT_TRUE(shared_.log.empty()) << "without FPU its first use is an illegal instruction";
    EXPECT_EQ(first.state(), THREAD_BLOCKED_ON_SEND);
    EXPECT_EQ(first.object->fault.type, FAULT_USER_EXCEPTION);
    EXPECT_EQ(first.object->fault.address, 2u);
}

TEST_F(Native, PointerSeesGuestMemory)
{
    sys->map_new_page(kVSpace, kHole);
    sys->store(kHole + 8, 77);
    start([](uint64_t) {
        auto *words = static_cast<Word *>(albireo_native_pointer(kHole, true));
        shared->log.push_back(words[1]);
        words[2] = 78;
        shared->log.push_back(albireo_native_load(kHole + 16, 8));
    });
    run();
    EXPECT_EQ(shared_.log, (std::vector<Word>{77, 78}));
}

/* --- Snapshots -------------------------------------------------------------------------------- */

namespace {

void step(uint64_t)
{
    volatile uint64_t steps = 0; /* On the stack, so the snapshot has it. */
    for (;;) {
        steps = steps + 1;
        shared->log.push_back(Word{steps});
        wait_for(shared->ntfn);
    }
}

} // namespace

TEST_F(Native, SnapshotBringsBackStacks)
{
    constexpr uint32_t kLine = 9;
    CPtr handler = sys->alloc_slot();
    ASSERT_OK(sys->IRQControl_Get(kIrqControl, kLine, kCNode, handler, 64));
    ASSERT_OK(sys->IRQHandler_SetNotification(handler, shared_.ntfn));
    start(step);
    run();
    EXPECT_EQ(shared_.log.back(), 1u);
    Snapshot snapshot = sys->snapshot();
    for (int round = 0; round < 3; round++) {
        for (Word i = 2; i < 5; i++) {
            sys->irq(kLine); /* Makes the stepper go on. */
            run();
            EXPECT_EQ(shared_.log.back(), i) << "in round " << round;
        }
        sys->restore(snapshot);
    }
}

/* Threads that did not exist at the snapshot are gone, and their contexts with them. */
TEST_F(Native, SnapshotFromBeforeTheFirstThread)
{
    Snapshot snapshot = sys->snapshot();
    for (uint64_t round = 1; round <= 3; round++) {
        start(count_and_block);
        run();
        EXPECT_EQ(shared_.count, round);
        EXPECT_EQ(sim_native_live(sys->sim()), 1u);
        sys->restore(snapshot);
        EXPECT_EQ(sim_native_live(sys->sim()), 0u);
    }
}
