/* SPDX-License-Identifier: BSD-2-Clause */

/* Interpreted user code in a simulated machine: what it does reaches the kernel as on hardware, and
 * its time is the machine's. The interpreter by itself is tested in tests/rv64. */
#include <cstring>
#include <vector>

#include "core/kernel.h"
#include "gtest/gtest.h"
#include "hosted/sim.h"
#include "hosted/uart16550.h"

namespace {

/* Instructions of RV64I and Zicsr, as The RISC-V ISA Manual, Volume I, chapter 24 lists them. */
enum : uint32_t { ZERO = 0, T0 = 5, T1 = 6, T2 = 7, S0 = 8, S1 = 9, A0 = 10, A7 = 17 };

constexpr uint32_t kEcall = 0x00000073;
constexpr uint32_t kIllegal = 0xFFFFFFFF;

constexpr uint32_t i_type(uint32_t op, uint32_t f3, uint32_t rd, uint32_t rs1, int32_t imm)
{
    return static_cast<uint32_t>(imm) << 20 | rs1 << 15 | f3 << 12 | rd << 7 | op;
}

constexpr uint32_t addi(uint32_t rd, uint32_t rs1, int32_t imm)
{
    return i_type(0x13, 0, rd, rs1, imm);
}

constexpr uint32_t lui(uint32_t rd, uint32_t upper)
{
    return upper << 12 | rd << 7 | 0x37;
}

constexpr uint32_t ld(uint32_t rd, uint32_t rs1, int32_t imm)
{
    return i_type(0x03, 3, rd, rs1, imm);
}

constexpr uint32_t store(uint32_t f3, uint32_t rs2, uint32_t rs1, uint32_t imm)
{
    return (imm >> 5) << 25 | rs2 << 20 | rs1 << 15 | f3 << 12 | (imm & 31) << 7 | 0x23;
}

constexpr uint32_t sd(uint32_t rs2, uint32_t rs1, uint32_t imm)
{
    return store(3, rs2, rs1, imm);
}

constexpr uint32_t rdtime(uint32_t rd)
{
    return i_type(0x73, 2, rd, ZERO, 0xC01);
}

constexpr uint32_t rdcycle(uint32_t rd)
{
    return i_type(0x73, 2, rd, ZERO, 0xC00);
}

constexpr uint32_t lr_d(uint32_t rd, uint32_t rs1)
{
    return 2u << 27 | rs1 << 15 | 3 << 12 | rd << 7 | 0x2F;
}

constexpr uint32_t sc_d(uint32_t rd, uint32_t rs2, uint32_t rs1)
{
    return 3u << 27 | rs2 << 20 | rs1 << 15 | 3 << 12 | rd << 7 | 0x2F;
}

constexpr uint32_t fmv_d_x(uint32_t rd, uint32_t rs1)
{
    return 0xF2000053 | rs1 << 15 | rd << 7;
}

constexpr uint32_t kBackOne = 0xFFDFF06F; /* j .-4 */
constexpr uint32_t kBackTwo = 0xFF9FF06F; /* j .-8 */

constexpr uint64_t kImage = 0x10000;
constexpr uint64_t kData = kImage + 0x1000; /* The second page of the image. */

/* What the kernel was entered for. */
struct Entry {
    enum sim_event event;
    uint64_t cause;
    uint64_t value;
};

class User : public ::testing::Test {
  protected:
    void TearDown() override
    {
        sim_destroy(sim);
    }

    /* A machine whose root task is this code, with two zero pages behind it. */
    void boot(std::vector<uint32_t> code)
    {
        code_ = std::move(code);
        struct sim_error error;
        sim_config_default(&config);
        config.image_vaddr = kImage;
        config.image_entry = kImage;
        config.image_size = 0x3000;
        config.image_data = code_.data();
        config.image_data_size = code_.size() * sizeof(uint32_t);
        config.interpret = true;
        sim = sim_create(&config, &error);
        ASSERT_NE(sim, nullptr) << error.text;
        root = sim_current(sim);
        struct sim_observer observer = {};
        observer.context = &last;
        observer.before = [](void *context, enum sim_event event, uint64_t a, uint64_t b) {
            *static_cast<Entry *>(context) = {event, a, b};
        };
        sim_observe(sim, &observer);
    }

    void run(uint64_t events)
    {
        sim_run(sim, events);
        ASSERT_NE(sim_status(sim), SIM_PANICKED) << sim_message(sim);
    }

    /* Runs until the root has a fault, which nobody handles, and nothing runs any more. */
    void run_to_fault(uint64_t cause, uint64_t value)
    {
        EXPECT_EQ(sim_run(sim, 0), SIM_RUN_IDLE);
        EXPECT_EQ(last.event, SIM_EVENT_FAULT);
        EXPECT_EQ(last.cause, cause);
        EXPECT_EQ(last.value, value);
    }

    uint64_t word_at(uint64_t vaddr)
    {
        uint64_t word = 0;
        uint64_t paddr = sim_boot_params(sim)->image.start + (vaddr - kImage);
        memcpy(&word, sim_ram(sim, paddr, 8), 8);
        return word;
    }

    struct sim_config config;
    struct sim *sim = nullptr;
    struct thread *root = nullptr;
    Entry last = {};

  private:
    std::vector<uint32_t> code_;
};

TEST_F(User, SystemCallsReachTheKernel)
{
    boot(
        {addi(A0, ZERO, 99), addi(A7, ZERO, ABI_SYS_NB_SEND), kEcall, addi(S0, ZERO, 7), kBackOne});
    sim_limit_events(sim, 1);
    EXPECT_EQ(sim_run(sim, 0), SIM_RUN_LIMIT);
    EXPECT_EQ(sim_events(sim), 1u);
    EXPECT_EQ(last.event, SIM_EVENT_SYSCALL);
    EXPECT_EQ(sim_instructions(sim), 2u) << "the ecall itself is not completed";
    EXPECT_EQ(root->regs.x[A0], 99u);
    EXPECT_EQ(root->regs.pc, kImage + 12);
}

TEST_F(User, IllegalInstruction)
{
    boot({addi(ZERO, ZERO, 0), kIllegal});
    run_to_fault(2, kIllegal);
    EXPECT_EQ(root->regs.fault_pc, kImage + 4);
}

TEST_F(User, LoadFault)
{
    boot({lui(T0, 0x7000), ld(T1, T0, 8)});
    run_to_fault(13, 0x7000008);
    EXPECT_EQ(root->regs.x[T1], 0u);
}

TEST_F(User, StoreFaultAcrossPagesWritesNothing)
{
    /* Behind the image are the IPC buffer, BootInfo and no more, as there is no tree. */
    boot({lui(T0, 0x14), addi(T0, T0, 0x7FC), addi(T0, T0, 0x7FC), addi(T1, ZERO, -1),
          ld(S0, T0, 0), sd(T1, T0, 4), kBackOne});
    uint64_t paddr = 0;
    ASSERT_EQ(sim_translate(sim, 0x14FF8, SIM_LOAD, &paddr), 0u);
    run_to_fault(15, 0x15000);
    EXPECT_EQ(root->regs.fault_pc, kImage + 20);
    EXPECT_EQ(root->regs.x[S0], 0u);
    uint64_t tail = 1;
    memcpy(&tail, sim_ram(sim, paddr, 8), 8);
    EXPECT_EQ(tail, 0u);
}

TEST_F(User, FetchFault)
{
    boot({lui(T0, 0x7000), i_type(0x67, 0, ZERO, T0, 2)});
    run_to_fault(12, 0x7000002);
    EXPECT_EQ(root->regs.fault_pc, 0x7000002u);
}

/* TCB_WriteRegisters takes any pc; there is no odd one for the hardware. */
TEST_F(User, FetchFaultAtTheEndOfAllAddresses)
{
    boot({kBackOne});
    root->regs.pc = UINT64_MAX;
    run_to_fault(12, UINT64_MAX - 1);
    EXPECT_EQ(root->regs.fault_pc, UINT64_MAX - 1);
    EXPECT_EQ(sim_instructions(sim), 0u);
}

TEST_F(User, AccessesAtTheEndOfTime)
{
    boot({kBackOne});
    sim_destroy(sim);
    config.access_ticks = UINT64_MAX;
    sim = sim_create(&config, nullptr);
    uint64_t value = 0;
    (void)sim_load(sim, kImage, 4, &value);
    EXPECT_EQ(sim_now(sim), UINT64_MAX) << "the clock does not go back";
}

TEST_F(User, TimeIsInstructions)
{
    boot({rdtime(S0), addi(T0, ZERO, 1000), addi(T0, T0, -1), 0xFE029EE3 /* bnez t0, .-4 */,
          rdtime(S1), kIllegal});
    EXPECT_EQ(sim_run(sim, 0), SIM_RUN_IDLE);
    EXPECT_EQ(root->regs.x[S0], config.start_time);
    EXPECT_EQ(root->regs.x[S1], config.start_time + 2002 / 100);
    EXPECT_EQ(sim_instructions(sim), 2003u);
}

TEST_F(User, TheTimerStopsCodeAtItsDeadline)
{
    boot({addi(S0, S0, 1), kBackOne});
    uint64_t deadline = sim_deadline(sim);
    run(1);
    EXPECT_EQ(sim_now(sim), deadline);
    EXPECT_EQ(sim_instructions(sim), (deadline - config.start_time) * 100);
    EXPECT_EQ(root->regs.x[S0], sim_instructions(sim) / 2);
}

TEST_F(User, AnyNumberOfInstructionsMayBeATick)
{
    boot({addi(S0, S0, 1), kBackOne});
    sim_destroy(sim);
    config.instructions_per_tick = 3;
    sim = sim_create(&config, nullptr);
    uint64_t deadline = sim_deadline(sim);
    run(1);
    EXPECT_EQ(sim_instructions(sim), (deadline - config.start_time) * 3);
}

TEST_F(User, ReservationsDoNotSurviveTheKernel)
{
    boot({lui(T0, kData >> 12), lr_d(T1, T0), addi(A7, ZERO, ABI_SYS_YIELD), kEcall,
          sc_d(S0, A7, T0), lr_d(T1, T0), sc_d(S1, A7, T0), kIllegal});
    EXPECT_EQ(sim_run(sim, 0), SIM_RUN_IDLE);
    EXPECT_EQ(root->regs.x[S0], 1u) << "the kernel was in between";
    EXPECT_EQ(root->regs.x[S1], 0u);
    EXPECT_EQ(word_at(kData), static_cast<uint64_t>(ABI_SYS_YIELD));
}

TEST_F(User, FloatingPoint)
{
    boot({addi(T0, ZERO, 5), fmv_d_x(1, T0), i_type(0x53, 0, S0, 1, 0) | 0xE2000000, kIllegal});
    EXPECT_EQ(sim_run(sim, 0), SIM_RUN_IDLE);
    if (CONFIG_FPU) {
        EXPECT_EQ(root->regs.x[S0], 5u);
        EXPECT_EQ(root->regs.fault_pc, kImage + 12);
    } else {
        EXPECT_EQ(last.cause, 2u) << "an illegal instruction";
        EXPECT_EQ(root->regs.fault_pc, kImage + 4);
    }
}

/* A device in place of the second page of the image, by a page table that a test has edited. */
struct Bell {
    struct sim *sim;
    uint64_t rings;
    uint64_t time;
};

uint64_t bell_read(void *context, uint64_t offset, uint32_t)
{
    struct Bell *bell = static_cast<struct Bell *>(context);
    return sim_now(bell->sim) + offset;
}

void bell_write(void *context, uint64_t, uint32_t, uint64_t)
{
    struct Bell *bell = static_cast<struct Bell *>(context);
    bell->rings++;
    bell->time = sim_now(bell->sim);
    sim_raise_irq(bell->sim, 5);
}

TEST_F(User, DevicesAnswerAtTheTimeOfTheInstruction)
{
    constexpr uint64_t kBell = 0x40000000;
    boot({addi(T0, ZERO, 1000), addi(T0, T0, -1), 0xFE029EE3 /* bnez t0, .-4 */,
          lui(T1, kData >> 12), ld(S0, T1, 8), sd(S0, T1, 0), addi(S1, ZERO, 1), kIllegal});
    struct Bell bell = {sim, 0, 0};
    ASSERT_TRUE(sim_add_device(sim, kBell, 0x1000, bell_read, bell_write, &bell));
    uint64_t paddr = 0;
    ASSERT_EQ(sim_translate(sim, kImage, SIM_LOAD, &paddr), 0u);
    /* The table of the image's pages: the one with this entry for its first page. */
    const struct boot_region *ram = &sim_config_of(sim)->ram[0];
    for (uint64_t at = ram->start; at < ram->end; at += 8) {
        uint64_t *entry = static_cast<uint64_t *>(sim_ram(sim, at, 8));
        if (entry[0] >> 10 == paddr >> 12 && (entry[0] & 0xF) == 0xF) {
            entry[1] = kBell >> 12 << 10 | (entry[0] & 0x3FF);
        }
    }
    sim_limit_events(sim, 1);
    sim_run(sim, 0);
    EXPECT_EQ(bell.rings, 1u);
    EXPECT_EQ(bell.time, config.start_time + 2003 / 100);
    EXPECT_EQ(root->regs.x[S0], config.start_time + 20 + 8);
}

TEST_F(User, KernelEntriesCanBeMadeOneByOne)
{
    boot({addi(A7, ZERO, ABI_SYS_YIELD), addi(S0, S0, 1), kEcall, kBackTwo});
    for (uint64_t i = 1; i <= 10; i++) {
        sim_limit_events(sim, i);
        EXPECT_EQ(sim_run(sim, 0), SIM_RUN_LIMIT);
        EXPECT_EQ(sim_events(sim), i);
    }
}

TEST_F(User, ASnapshotBringsEverythingBack)
{
    boot({addi(A7, ZERO, ABI_SYS_YIELD), lui(T0, kData >> 12), ld(T1, T0, 0), addi(T1, T1, 1),
          sd(T1, T0, 0), kEcall, 0xFEDFF06F /* j .-20 */});
    sim_run(sim, 5);
    struct sim_snapshot *snapshot = sim_snapshot_take(sim);
    ASSERT_NE(snapshot, nullptr);
    sim_run(sim, 50);
    uint64_t now = sim_now(sim);
    uint64_t instructions = sim_instructions(sim);
    uint64_t count = word_at(kData);
    EXPECT_GT(count, 5u);
    sim_snapshot_restore(sim, snapshot);
    EXPECT_EQ(sim_events(sim), 5u);
    EXPECT_EQ(word_at(kData), 5u);
    sim_run(sim, 50);
    EXPECT_EQ(sim_now(sim), now);
    EXPECT_EQ(sim_instructions(sim), instructions);
    EXPECT_EQ(word_at(kData), count);
    sim_snapshot_free(snapshot);
}

TEST_F(User, AForgottenFlushShows)
{
    boot({lui(T0, kData >> 12), ld(S0, T0, 0), addi(A7, ZERO, ABI_SYS_YIELD), kEcall, ld(S1, T0, 0),
          kIllegal});
    sim_run(sim, 1);
    /* The frame goes elsewhere in the page table, and nobody tells the TLB. */
    uint64_t paddr = 0;
    ASSERT_EQ(sim_translate(sim, kData, SIM_LOAD, &paddr), 0u);
    uint64_t other = paddr + 0x1000;
    uint64_t one = 1;
    memcpy(sim_ram(sim, other, 8), &one, 8);
    const struct boot_region *ram = &sim_config_of(sim)->ram[0];
    uint64_t *table = nullptr;
    for (uint64_t at = ram->start; at < ram->end; at += 8) {
        uint64_t *entry = static_cast<uint64_t *>(sim_ram(sim, at, 8));
        if (*entry >> 10 == paddr >> 12 && (*entry & 0xF) == 0xF) {
            table = entry;
        }
    }
    ASSERT_NE(table, nullptr);
    uint64_t right = *table;
    *table = other >> 12 << 10 | (right & 0x3FF);
    sim_limit_events(sim, 2);
    sim_run(sim, 0);
    *table = right;
    EXPECT_EQ(root->regs.x[S1], 0u) << "through the translation that the TLB remembers";
}

TEST_F(User, RunsForAsLongAsItIsTold)
{
    boot({addi(S0, S0, 1), rdtime(S1), kBackTwo});
    uint64_t start = sim_now(sim) + 5;
    sim_set_cycles(sim, start * 100 + 98); /* rdtime is the last instruction of a tick, */
    EXPECT_FALSE(sim_user_run(sim, 6));
    EXPECT_EQ(root->regs.x[S0], 2u);
    EXPECT_EQ(root->regs.x[S1], start + 1) << "then three instructions later";
    EXPECT_EQ(root->regs.pc, kImage);
    EXPECT_EQ(sim_events(sim), 0u);
    EXPECT_FALSE(sim_user_run(sim, 1000));
    EXPECT_EQ(sim_instructions(sim), 6u + 1000u);
    EXPECT_EQ(sim_now(sim), start + (98 + 1006) / 100);
}

TEST_F(User, RunsIntoTheKernel)
{
    boot({rdcycle(S0), addi(A7, ZERO, ABI_SYS_YIELD), kEcall});
    sim_set_cycles(sim, sim_now(sim) * 100 + 7);
    EXPECT_TRUE(sim_user_run(sim, 1000));
    EXPECT_EQ(sim_events(sim), 1u);
    EXPECT_EQ(root->regs.x[S0], sim_now(sim) * 100 + 7);
}

struct Log {
    std::vector<uint64_t> events;
    uint64_t returns = 0;
    struct sim *sim = nullptr;
};

TEST_F(User, AnObserverSeesEveryEntry)
{
    boot({addi(A7, ZERO, ABI_SYS_YIELD), kEcall, kIllegal});
    Log log;
    log.sim = sim;
    struct sim_observer observer = {};
    observer.context = &log;
    observer.before = [](void *context, enum sim_event event, uint64_t a, uint64_t) {
        Log *l = static_cast<Log *>(context);
        l->events.push_back(sim_events(l->sim) * 100 + event * 10 + a);
    };
    observer.after = [](void *context) {
        static_cast<Log *>(context)->returns++;
    };
    sim_observe(sim, &observer);
    EXPECT_EQ(sim_run(sim, 0), SIM_RUN_IDLE);
    ASSERT_GE(log.events.size(), 2u);
    EXPECT_EQ(log.events[0], 100u + SIM_EVENT_SYSCALL * 10);
    EXPECT_EQ(log.events.back(), log.events.size() * 100 + SIM_EVENT_FAULT * 10 + 2);
    EXPECT_EQ(log.returns, log.events.size());
}

} // namespace
