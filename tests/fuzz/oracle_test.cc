/* SPDX-License-Identifier: BSD-2-Clause */

/* The oracle: what a correct kernel does is no find, and each thing that a wrong one might do is
 * one. A wrong kernel is played by a hand that changes the state between the kernel's return and
 * the oracle's look. */
#include "fuzz/oracle/oracle.h"

#include <functional>
#include <initializer_list>
#include <string>

#include "core/ipc.h"
#include "core/kernel.h"
#include "core/thread.h"
#include "core/vspace.h"
#include "gtest/gtest.h"
extern "C" {
#include "hosted/state.h"
}

namespace {

using Hand = std::function<void()>;

/* A world, an oracle at the level of the parameter, and the current thread played by the test. */
class OracleTest : public testing::TestWithParam<enum oracle_level> {
  protected:
    static void SetUpTestSuite()
    {
        struct sim_error error;
        world_ = world_create(&error);
        ASSERT_NE(world_, nullptr) << error.text;
    }

    static void TearDownTestSuite()
    {
        world_destroy(world_);
        world_ = nullptr;
    }

    void SetUp() override
    {
        ASSERT_NE(world_, nullptr);
        oracle_ = oracle_create(world_, GetParam());
        ASSERT_NE(oracle_, nullptr);
        start(WORLD_SHARED);
    }

    void TearDown() override
    {
        sim_observe(world_->sim, nullptr);
        oracle_free(oracle_);
    }

    void start(enum world_topology topology)
    {
        struct sim_observer observer = {};
        observer.context = this;
        observer.before = [](void *context, enum sim_event event, uint64_t a, uint64_t b) {
            oracle_before(static_cast<OracleTest *>(context)->oracle_, event, a, b);
        };
        observer.after = [](void *context) {
            static_cast<OracleTest *>(context)->after();
        };
        observer.poll = [](void *, uint64_t, bool) {
            watch_poll();
        };
        world_reset(world_, topology);
        oracle_start(oracle_);
        sim_observe(world_->sim, &observer);
    }

    /* The next kernel entry is followed by this. */
    void tamper(const Hand &hand)
    {
        hand_ = hand;
    }

    /* As a kernel that writes where it should not. */
    template <typename T> static void put(T *at, T value)
    {
        watch_write(at, sizeof *at);
        *at = value;
    }

    struct thread *current()
    {
        return sim_current(world_->sim);
    }

    struct thread *thread(uint32_t t)
    {
        return world_->threads[t];
    }

    uint64_t &reg(uint32_t index)
    {
        watch_write(&current()->regs.x[index], 8);
        return current()->regs.x[index];
    }

    uint64_t *buffer(const struct thread *of)
    {
        const struct cap &frame = of->slots[THREAD_BUFFER].cap;
        uint64_t offset = of->buffer_vaddr % (uint64_t(1) << frame.bits);
        return static_cast<uint64_t *>(sim_ram(world_->sim, frame.paddr + offset, 1024));
    }

    /* The current thread makes a system call: with a message of its words, and capabilities. */
    void call(int64_t number, uint64_t cap, uint64_t label = 0,
              std::initializer_list<uint64_t> words = {}, std::initializer_list<uint64_t> caps = {})
    {
        uint64_t *to = buffer(current());
        uint32_t i = 0;
        watch_write(to, 1024);
        for (uint64_t word : words) {
            if (i < 4) {
                reg(REG_A2 + i) = word;
            }
            to[ABI_BUFFER_MSG + i] = word;
            i++;
        }
        uint32_t c = 0;
        for (uint64_t extra : caps) {
            to[ABI_BUFFER_CAPS + c++] = extra;
        }
        reg(REG_A7) = static_cast<uint64_t>(number);
        reg(REG_A0) = cap;
        reg(REG_A1) = message_info(label, 0, c, i);
        reg(REG_A6) = WORLD_SLOT_REPLY_0;
        sim_syscall(world_->sim);
    }

    void invoke(uint64_t cap, uint64_t label, std::initializer_list<uint64_t> words = {},
                std::initializer_list<uint64_t> caps = {})
    {
        call(ABI_SYS_CALL, cap, label, words, caps);
    }

    /* Threads of equal priority give way until it is this one's turn. */
    void become(uint32_t t)
    {
        for (int i = 0; i < 20 && current() != thread(t); i++) {
            if (sim_is_idle(world_->sim)) {
                sim_run_idle(world_->sim);
            } else {
                call(ABI_SYS_YIELD, 0);
            }
        }
        ASSERT_EQ(current(), thread(t));
    }

    /* beta waits at the endpoint it shares with alpha, whose turn it is. */
    void beta_receives()
    {
        become(2);
        call(ABI_SYS_RECV, WORLD_SLOT_SHARED_ENDPOINT);
        become(0);
    }

    std::string kind()
    {
        const struct oracle_find *find = oracle_find(oracle_);
        return find == nullptr ? "" : find->kind;
    }

    std::string text()
    {
        const struct oracle_find *find = oracle_find(oracle_);
        return find == nullptr ? "" : find->text;
    }

    void after()
    {
        if (hand_) {
            Hand hand = hand_;
            hand_ = nullptr;
            hand();
        }
        oracle_after(oracle_);
    }

    static struct world *world_;
    struct oracle *oracle_ = nullptr;
    Hand hand_;
};

struct world *OracleTest::world_;

INSTANTIATE_TEST_SUITE_P(Levels, OracleTest, testing::Values(ORACLE_CHEAP, ORACLE_FULL),
                         [](const testing::TestParamInfo<enum oracle_level> &info) {
                             return info.param == ORACLE_FULL ? "full" : "cheap";
                         });

/* --- Nothing to find -------------------------------------------------------------------------- */

TEST_P(OracleTest, FindsNothingInMessagesAnswersSignalsAndFaults)
{
    beta_receives();
    call(ABI_SYS_CALL, WORLD_SLOT_SHARED_ENDPOINT, 7, {1, 2, 3, 4, 5, 6});
    become(2);
    call(ABI_SYS_REPLY_RECV, WORLD_SLOT_SHARED_ENDPOINT, 8, {9, 8, 7, 6, 5});
    become(0);
    invoke(WORLD_SLOT_TCB_1, ABI_LABEL_TCB_READ_REGISTERS, {0, 32});
    invoke(WORLD_SLOT_TCB_1, ABI_LABEL_TCB_WRITE_REGISTERS, {0, 3, 0x400000, 0x111, 0x222});
    invoke(WORLD_SLOT_TCB_0, ABI_LABEL_TCB_SET_TLS_BASE, {0x333});
    invoke(WORLD_SLOT_TCB_1, ABI_LABEL_TCB_COPY_REGISTERS, {4 + 8}, {WORLD_SLOT_TCB_0});
    invoke(WORLD_SLOT_TCB_0, ABI_LABEL_TCB_COPY_REGISTERS, {4 + 8}, {WORLD_SLOT_TCB_1});
    invoke(WORLD_SLOT_DATA, ABI_LABEL_PAGE_GET_ADDRESS);
    invoke(WORLD_SLOT_CNODE, ABI_LABEL_CNODE_DELETE, {0, 99});
    call(ABI_SYS_NB_SEND, WORLD_SLOT_NTFN_BADGED);
    call(ABI_SYS_NB_WAIT, WORLD_SLOT_NTFN);
    EXPECT_EQ(current()->regs.x[REG_A0], WORLD_BADGE);
    sim_fault(world_->sim, 2, 0);
    EXPECT_EQ(kind(), "") << text();
    oracle_end(oracle_);
    EXPECT_EQ(kind(), "") << text();
}

TEST_P(OracleTest, FindsNothingInMappingsAndNewObjects)
{
    uint64_t value = 0;
    become(0);
    EXPECT_TRUE(sim_load(world_->sim, WORLD_VADDR_DATA, 8, &value));
    invoke(WORLD_SLOT_DATA, ABI_LABEL_PAGE_UNMAP);
    invoke(WORLD_SLOT_DATA, ABI_LABEL_PAGE_MAP, {WORLD_VADDR_FREE, 3, 0}, {WORLD_SLOT_VSPACE});
    EXPECT_TRUE(sim_store(world_->sim, WORLD_VADDR_FREE, 8, 5));
    for (uint64_t type : {ABI_OBJECT_TCB, ABI_OBJECT_CAP_TABLE, ABI_OBJECT_PAGE_4K}) {
        invoke(WORLD_SLOT_UNTYPED_0, ABI_LABEL_UNTYPED_RETYPE,
               {type, 1, 0, 0, WORLD_SLOT_FREE + type, 1}, {WORLD_SLOT_CNODE});
        EXPECT_EQ(reg(REG_A1), 0u);
    }
    EXPECT_EQ(kind(), "") << text();
    oracle_end(oracle_);
    EXPECT_EQ(kind(), "") << text();
}

TEST_P(OracleTest, LooksAtAllTopologies)
{
    for (int t = 0; t < WORLD_TOPOLOGIES; t++) {
        start(static_cast<enum world_topology>(t));
        for (int i = 0; i < 30; i++) {
            if (!sim_run_idle(world_->sim)) {
                call(ABI_SYS_YIELD, 0);
            }
        }
        oracle_end(oracle_);
        EXPECT_EQ(kind(), "") << "topology " << t << ": " << text();
    }
}

/* --- Leaks ------------------------------------------------------------------------------------ */

TEST_P(OracleTest, FindsARegisterChangedByAnInterrupt)
{
    tamper([this] { put(&thread(3)->regs.x[5], uint64_t(1)); });
    sim_fire(world_->sim, SIM_EVENT_TICK, 0, 0);
    EXPECT_EQ(kind(), "leak") << text();
    EXPECT_EQ(text().substr(0, 12), "t0 of beta 1");
    EXPECT_EQ(oracle_find(oracle_)->entry, 1u);
}

TEST_P(OracleTest, FindsAMessageRegisterBeyondTheLength)
{
    beta_receives();
    tamper([this] { put(&thread(2)->regs.x[REG_A4], current()->regs.x[REG_A7]); });
    call(ABI_SYS_SEND, WORLD_SLOT_SHARED_ENDPOINT, 7, {1, 2});
    EXPECT_EQ(kind(), "leak") << text();
}

TEST_P(OracleTest, FindsAMessageWordThatTheSenderDidNotSend)
{
    beta_receives();
    tamper([this] { put(&thread(2)->regs.x[REG_A3], uint64_t(3)); });
    call(ABI_SYS_SEND, WORLD_SLOT_SHARED_ENDPOINT, 7, {1, 2});
    EXPECT_EQ(kind(), "leak") << text();
}

TEST_P(OracleTest, FindsAWrongBadge)
{
    beta_receives();
    tamper([this] { put(&thread(2)->regs.x[REG_A0], uint64_t(0x77)); });
    call(ABI_SYS_SEND, WORLD_SLOT_SHARED_ENDPOINT, 7, {1, 2});
    EXPECT_EQ(kind(), "leak") << text();
}

TEST_P(OracleTest, FindsABufferWordBeyondTheLength)
{
    beta_receives();
    tamper([this] { put(&buffer(thread(2))[ABI_BUFFER_MSG + 6], uint64_t(0)); });
    call(ABI_SYS_SEND, WORLD_SLOT_SHARED_ENDPOINT, 7, {1, 2, 3, 4, 5, 6});
    EXPECT_EQ(kind(), "leak") << text();
}

TEST_P(OracleTest, FindsAPointerInAnAnswer)
{
    become(0);
    tamper([this] {
        put(&current()->regs.x[REG_A1], message_info(0, 0, 0, 1));
        put(&current()->regs.x[REG_A2], reinterpret_cast<uint64_t>(current()));
    });
    invoke(WORLD_SLOT_SC_0, ABI_LABEL_SCHED_CONTEXT_CONSUMED);
    EXPECT_EQ(kind(), "leak") << text();
}

TEST_P(OracleTest, FindsAnAnswerToWhatHasNone)
{
    become(0);
    tamper([this] { put(&current()->regs.x[REG_A2], uint64_t(1)); });
    invoke(WORLD_SLOT_TCB_1, ABI_LABEL_TCB_RESUME);
    EXPECT_EQ(kind(), "leak") << text();
}

TEST_P(OracleTest, FindsAWrongProgramCounter)
{
    become(0);
    tamper([this] { put(&current()->regs.pc, current()->regs.pc + 4); });
    invoke(WORLD_SLOT_TCB_1, ABI_LABEL_TCB_RESUME);
    EXPECT_EQ(kind(), "leak") << text();
}

TEST_P(OracleTest, FindsKernelDataInUserMemory)
{
    become(0);
    const struct cap &frame = world_->subsystems[0].cnode[WORLD_SLOT_DATA].cap;
    auto *words = static_cast<uint64_t *>(sim_ram(world_->sim, frame.paddr, 4096));
    tamper([&] { put(&words[100], uint64_t(1)); });
    call(ABI_SYS_YIELD, 0);
    EXPECT_EQ(kind(), "leak") << text();
}

TEST_P(OracleTest, FindsANewFrameThatIsNotCleared)
{
    become(0);
    tamper([] {
        const struct cap &frame = world_->subsystems[0].cnode[WORLD_SLOT_FREE].cap;
        ASSERT_EQ(frame.type, CAP_FRAME);
        auto *words = static_cast<uint64_t *>(sim_ram(world_->sim, frame.paddr, 4096));
        put(&words[511], WORLD_POISON);
    });
    invoke(WORLD_SLOT_UNTYPED_1, ABI_LABEL_UNTYPED_RETYPE,
           {ABI_OBJECT_PAGE_4K, 0, 0, 0, WORLD_SLOT_FREE, 1}, {WORLD_SLOT_CNODE});
    EXPECT_EQ(kind(), "leak") << text();
}

TEST_P(OracleTest, FindsAnothersFloatingPointRegisters)
{
    if (!CONFIG_FPU) {
        uint64_t value = 0;
        EXPECT_FALSE(sim_fpu_get(world_->sim, 0, &value));
        return;
    }
    become(0);
    ASSERT_TRUE(sim_fpu_set(world_->sim, 3, 42));
    become(2);
    EXPECT_EQ(kind(), "") << text();
    become(0);
    EXPECT_EQ(kind(), "") << text();
    tamper([] { world_->sim->machine.cores[0].fpu[3] = 42; });
    call(ABI_SYS_YIELD, 0);
    EXPECT_EQ(kind(), "leak") << text();
}

/* --- Translations ----------------------------------------------------------------------------- */

/* The entry of alpha's leaf table for an address in its 2 MiB. */
uint64_t *leaf_entry(struct world *world, uint64_t vaddr)
{
    const struct cap &table = world->subsystems[0].cnode[WORLD_SLOT_TABLE].cap;
    return &table.table->entries[vaddr / 4096 % 512];
}

TEST_P(OracleTest, FindsAnEntryOfTheTlbThatTheTablesHaveNoMore)
{
    uint64_t value = 0;
    become(0);
    ASSERT_TRUE(sim_load(world_->sim, WORLD_VADDR_DATA, 8, &value));
    tamper([] { put(leaf_entry(world_, WORLD_VADDR_DATA), uint64_t(0)); });
    sim_fire(world_->sim, SIM_EVENT_TICK, 0, 0);
    EXPECT_EQ(kind(), "tlb") << text();
}

TEST_P(OracleTest, FindsRightsThatTheTablesGiveNoMore)
{
    uint64_t value = 0;
    become(0);
    ASSERT_TRUE(sim_load(world_->sim, WORLD_VADDR_DATA, 8, &value));
    tamper([] {
        uint64_t *entry = leaf_entry(world_, WORLD_VADDR_DATA);
        put(entry, *entry & ~uint64_t(4));
    });
    sim_fire(world_->sim, SIM_EVENT_TICK, 0, 0);
    EXPECT_EQ(kind(), "tlb") << text();
}

TEST_P(OracleTest, FindsARememberedHoleThatIsFilled)
{
    become(0);
    sim_set_tlb(world_->sim, 0, true);
    uint64_t paddr = 0;
    ASSERT_NE(sim_translate(world_->sim, WORLD_VADDR_FREE, SIM_LOAD, &paddr), 0u);
    tamper(
        [] { put(leaf_entry(world_, WORLD_VADDR_FREE), *leaf_entry(world_, WORLD_VADDR_DATA)); });
    sim_fire(world_->sim, SIM_EVENT_TICK, 0, 0);
    /* An invariant, too: no capability backs the mapping. */
    EXPECT_EQ(kind(), GetParam() == ORACLE_FULL ? "invariant" : "tlb") << text();
}

TEST_P(OracleTest, FindsAnEntryOfNoAddressSpace)
{
    struct tlb_entry entry = {};
    entry.page = WORLD_VADDR_DATA / 4096;
    entry.bits = 12;
    entry.asid = 77;
    become(0);
    tlb_insert(&world_->sim->machine.cores[0].tlb, 0, &entry);
    sim_fire(world_->sim, SIM_EVENT_TICK, 0, 0);
    EXPECT_EQ(kind(), "tlb") << text();
}

TEST_P(OracleTest, FindsAThreadInAnothersAddressSpace)
{
    become(0);
    tamper([] { world_->sim->machine.cores[0].root = world_->subsystems[1].vspace; });
    sim_fire(world_->sim, SIM_EVENT_TICK, 0, 0);
    EXPECT_EQ(kind(), "tlb") << text();
}

/* --- Memory ----------------------------------------------------------------------------------- */

class MemoryTest : public OracleTest {
  protected:
    struct cap *made(uint64_t untyped, uint64_t type, uint64_t slot, uint64_t count)
    {
        become(0);
        invoke(untyped, ABI_LABEL_UNTYPED_RETYPE, {type, 0, 0, 0, slot, count}, {WORLD_SLOT_CNODE});
        return &world_->subsystems[0].cnode[untyped].cap;
    }

    std::string memory()
    {
        struct oracle_find find = {};
        return memory_check(world_, &find) ? "" : find.text;
    }
};

INSTANTIATE_TEST_SUITE_P(Cheap, MemoryTest, testing::Values(ORACLE_CHEAP));

TEST_P(MemoryTest, FindsObjectsBeyondTheWatermark)
{
    struct cap *untyped = made(WORLD_SLOT_UNTYPED_0, ABI_OBJECT_ENDPOINT, WORLD_SLOT_FREE, 2);
    EXPECT_EQ(memory(), "");
    put(&untyped->free_index, untyped->free_index - 1);
    EXPECT_NE(memory().find("lies beyond what was made of untyped"), std::string::npos) << memory();
}

TEST_P(MemoryTest, FindsObjectsInEachOther)
{
    made(WORLD_SLOT_UNTYPED_0, ABI_OBJECT_ENDPOINT, WORLD_SLOT_FREE, 2);
    struct cap *endpoint = &world_->subsystems[0].cnode[WORLD_SLOT_FREE].cap;
    const struct cap &table = world_->subsystems[0].cnode[WORLD_SLOT_TABLE].cap;
    put(&endpoint->paddr, table.paddr + 16);
    EXPECT_NE(memory().find("endpoint at"), std::string::npos) << memory();
    EXPECT_NE(memory().find("lies in page table"), std::string::npos) << memory();
}

TEST_P(MemoryTest, FindsObjectsThatOverlapInPart)
{
    struct cap *untyped = made(WORLD_SLOT_UNTYPED_0, ABI_OBJECT_NOTIFICATION, WORLD_SLOT_FREE, 3);
    EXPECT_EQ(untyped->free_index, 12u);
    struct cap *ntfn = &world_->subsystems[0].cnode[WORLD_SLOT_FREE + 1].cap;
    put(&ntfn->paddr, ntfn->paddr + 16);
    EXPECT_NE(memory().find("lies partly in notification"), std::string::npos) << memory();
}

TEST_P(MemoryTest, FindsFreeMemoryThatIsNotCleared)
{
    struct oracle_find find = {};
    const struct cap &untyped = world_->subsystems[0].cnode[WORLD_SLOT_UNTYPED_2].cap;
    auto *words = static_cast<uint64_t *>(sim_ram(world_->sim, untyped.paddr, 4096));
    EXPECT_TRUE(memory_check_free(world_, &find)) << find.text;
    put(&words[511], uint64_t(1));
    EXPECT_FALSE(memory_check_free(world_, &find));
    EXPECT_STREQ(find.kind, "memory");
}

/* --- Work ------------------------------------------------------------------------------------- */

class WorkTest : public OracleTest {
  protected:
    /* Every preemption point looks; alpha has 16 endpoints in free slots. */
    void prepare()
    {
        become(0);
        sim_poll_every(world_->sim, 1);
        invoke(WORLD_SLOT_UNTYPED_0, ABI_LABEL_UNTYPED_RETYPE,
               {ABI_OBJECT_ENDPOINT, 0, 0, 0, WORLD_SLOT_FREE, 16}, {WORLD_SLOT_CNODE});
        ASSERT_EQ(kind(), "") << text();
    }
};

INSTANTIATE_TEST_SUITE_P(Cheap, WorkTest, testing::Values(ORACLE_CHEAP));

TEST_P(WorkTest, FindsNothingInARevokeThatLooksAfterEachCapability)
{
    prepare();
    uint64_t polls = sim_polls(world_->sim);
    invoke(WORLD_SLOT_CNODE, ABI_LABEL_CNODE_REVOKE, {WORLD_SLOT_UNTYPED_0, 64});
    EXPECT_EQ(sim_polls(world_->sim) - polls, 15u);
    EXPECT_EQ(kind(), "") << text();
}

TEST_P(WorkTest, CountsACNodeOnceThatHadTwoCapabilities)
{
    become(0);
    sim_poll_every(world_->sim, 1);
    invoke(WORLD_SLOT_UNTYPED_0, ABI_LABEL_UNTYPED_RETYPE,
           {ABI_OBJECT_CAP_TABLE, 5, 0, 0, WORLD_SLOT_FREE, 1}, {WORLD_SLOT_CNODE});
    invoke(WORLD_SLOT_CNODE, ABI_LABEL_CNODE_COPY,
           {WORLD_SLOT_FREE + 1, 64, WORLD_SLOT_FREE, 64, ABI_RIGHT_ALL}, {WORLD_SLOT_CNODE});
    uint64_t polls = sim_polls(world_->sim);
    invoke(WORLD_SLOT_CNODE, ABI_LABEL_CNODE_REVOKE, {WORLD_SLOT_UNTYPED_0, 64});
    EXPECT_EQ(sim_polls(world_->sim) - polls, 33u);
    EXPECT_EQ(kind(), "") << text();
}

TEST_P(WorkTest, FindsARevokeThatDoesNotLook)
{
    prepare();
    tamper([] {
        for (uint32_t i = 0; i < 16; i++) {
            put(&world_->subsystems[0].cnode[WORLD_SLOT_FREE + i].cap.type, uint8_t(CAP_NULL));
        }
    });
    invoke(WORLD_SLOT_CNODE, ABI_LABEL_CNODE_REVOKE, {WORLD_SLOT_DATA, 64});
    EXPECT_EQ(kind(), "work") << text();
    EXPECT_EQ(text().substr(0, 16), "16 slots deleted");
}

TEST_P(WorkTest, FindsAClearingThatDoesNotLook)
{
    prepare();
    tamper([] {
        const struct cap &untyped = world_->subsystems[0].cnode[WORLD_SLOT_UNTYPED_0].cap;
        auto *words = static_cast<uint64_t *>(sim_ram(world_->sim, untyped.paddr, 16384));
        for (uint32_t i = 1024; i < 2048; i++) {
            put(&words[i], words[i] + 1);
        }
    });
    invoke(WORLD_SLOT_UNTYPED_0, ABI_LABEL_UNTYPED_RETYPE,
           {ABI_OBJECT_ENDPOINT, 0, 0, 0, WORLD_SLOT_FREE + 16, 1}, {WORLD_SLOT_CNODE});
    EXPECT_EQ(kind(), "work") << text();
    EXPECT_NE(text().find("chunks cleared"), std::string::npos);
}

/* Not followed where it leads, before it is found. */
TEST_P(WorkTest, FindsAReleaseQueueOfNoThreads)
{
    prepare();
    tamper([] {
        struct core *core = &world_->k->cores[0];
        put(&core->release.head, reinterpret_cast<struct thread *>(world_->k->window - 4096));
    });
    call(ABI_SYS_YIELD, 0);
    EXPECT_EQ(kind(), "schedule");
    EXPECT_EQ(text(), "a thread waits for time that nobody gives it");
}

/* --- The kernel's own word, and the end ------------------------------------------------------- */

TEST_P(OracleTest, ReportsAPanic)
{
    tamper([] { sim_power_off(world_->sim, "core/x.c:1: assertion failed: y"); });
    sim_fire(world_->sim, SIM_EVENT_TICK, 0, 0);
    EXPECT_EQ(kind(), "panic");
    EXPECT_EQ(text(), "core/x.c:1: assertion failed: y");
}

TEST_P(OracleTest, ReportsAViolatedInvariant)
{
    become(0);
    tamper([] { put(&world_->k->irq_states[90], uint8_t(IRQ_SIGNAL)); });
    call(ABI_SYS_YIELD, 0);
    for (int i = 0; i < 3000 && kind().empty(); i++) {
        /* Now and then, at the latest. */
        oracle_end(oracle_);
        if (kind().empty()) {
            call(ABI_SYS_NB_SEND, 0);
        }
    }
    EXPECT_EQ(kind(), "invariant") << text();
}

TEST_P(OracleTest, MeasuresWorkWhereTheWatchIsPrecise)
{
    become(0);
    invoke(WORLD_SLOT_UNTYPED_0, ABI_LABEL_UNTYPED_RETYPE,
           {ABI_OBJECT_PAGE_4K, 0, 0, 0, WORLD_SLOT_FREE, 1}, {WORLD_SLOT_CNODE});
    const struct oracle_work *work = oracle_work(oracle_);
    EXPECT_EQ(watch_is_precise(), work->steps > 1000) << work->steps;
    EXPECT_LE(work->steps, ORACLE_STEPS_MAX);
    if (watch_is_precise()) {
        EXPECT_STREQ(work->what, "Call, label 1 (Untyped_Retype), length 6, 1 caps");
        EXPECT_EQ(work->input, 1u);
    }
}

TEST_P(OracleTest, DoesNotLookAfterAFind)
{
    tamper([this] { put(&thread(3)->regs.x[5], uint64_t(1)); });
    sim_fire(world_->sim, SIM_EVENT_TICK, 0, 0);
    std::string first = text();
    tamper([this] { put(&thread(3)->regs.x[6], uint64_t(1)); });
    sim_fire(world_->sim, SIM_EVENT_TICK, 0, 0);
    EXPECT_EQ(text(), first);
    start(WORLD_APART);
    EXPECT_EQ(oracle_find(oracle_), nullptr);
}

} // namespace
