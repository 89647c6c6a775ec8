/* SPDX-License-Identifier: BSD-2-Clause */

/* Where runs end, what they count, and what exceptions say. */
#include "gtest/gtest.h"

#include "tests/rv64/encode.h"
#include "tests/rv64/machine.h"

using namespace rv;

namespace {

/* 100 iterations of 3 instructions, then an ecall: 301 are retired before it. */
const std::vector<uint32_t> kLoop = {
    li(a0, 100), addi(a1, a1, 2), addi(a0, a0, -1), bne(a0, zero, -8), ecall,
};
constexpr uint64_t kLoopLength = 301;

} // namespace

TEST(RunTest, AProgramRunsToItsSystemCall)
{
    Machine machine;
    Outcome outcome = machine.run_code(kLoop);
    EXPECT_EQ(RV64_STOP_TRAP, outcome.stop);
    EXPECT_EQ(uint64_t{RV64_CAUSE_ECALL}, outcome.cause);
    EXPECT_EQ(0u, outcome.value);
    EXPECT_EQ(kLoopLength, outcome.retired);
    EXPECT_EQ(kCode + 16, machine.state.pc);
    EXPECT_EQ(200u, machine.state.x[a1]);
}

TEST(RunTest, EveryLimitStopsAfterExactlySoManyInstructions)
{
    for (uint64_t limit = 1; limit < 20; limit++) {
        Machine machine;
        machine.write_code(kCode, kLoop);
        uint64_t total = 0;
        Outcome outcome;
        do {
            outcome = machine.run(limit);
            total += outcome.retired;
            if (outcome.stop == RV64_STOP_COUNT) {
                ASSERT_EQ(limit, outcome.retired);
            }
        } while (outcome.stop == RV64_STOP_COUNT);
        EXPECT_EQ(RV64_STOP_TRAP, outcome.stop);
        EXPECT_EQ(kLoopLength, total) << "limit " << limit;
        EXPECT_EQ(200u, machine.state.x[a1]);
        EXPECT_EQ(kLoopLength, rv64_retired(machine.rv64));
    }
}

TEST(RunTest, EachInstructionAloneLeavesThePcOfTheNext)
{
    Machine machine;
    const std::vector<uint32_t> code = {
        c_nop,
        li(a0, 1),
        beq(a0, zero, 8),
        c_nop, /* at 0, 2, 6, 10 */
        jal(ra, 8),
        nop,
        c_nop,
        auipc(a1, 0), /* at 12, 16, 20, 22 */
        jalr(zero, a1, 12),
        nop,
        bne(a0, zero, 8),
        nop,
        ecall /* at 26, 30, 34, 38, 42 */
    };
    machine.write_code(kCode, code);
    std::vector<uint64_t> places;
    while (machine.run(1).stop == RV64_STOP_COUNT) {
        places.push_back(machine.state.pc - kCode);
    }
    EXPECT_EQ((std::vector<uint64_t>{2, 6, 10, 12, 20, 22, 26, 34, 42}), places);
    EXPECT_EQ(kCode + 16, machine.state.x[ra]);
    EXPECT_EQ(9u, rv64_retired(machine.rv64));
    machine.state.pc = kCode;
    EXPECT_EQ(9u, machine.run().retired);
}

TEST(RunTest, StopPcStopsBeforeItsInstructionWhereverThatIsInABlock)
{
    for (uint64_t offset = 0; offset <= 16; offset += 4) {
        Machine machine;
        machine.write_code(kCode, {nop, nop, nop, nop, nop, ecall});
        machine.state.pc = kCode - 4;
        machine.map(kCode - kPage, 4);
        machine.write_code(kCode - 4, {nop});
        machine.state.stop_pc = kCode + offset;
        Outcome outcome = machine.run();
        EXPECT_EQ(RV64_STOP_PC, outcome.stop);
        EXPECT_EQ(kCode + offset, machine.state.pc);
        EXPECT_EQ(1 + offset / 4, outcome.retired);
    }
}

TEST(RunTest, StopPcAtTheStartIsPassedOnce)
{
    Machine machine;
    machine.write_code(kCode, {addi(a0, a0, 1), jal(zero, -4)});
    machine.state.stop_pc = kCode;
    Outcome outcome = machine.run();
    EXPECT_EQ(RV64_STOP_PC, outcome.stop);
    EXPECT_EQ(2u, outcome.retired);
    EXPECT_EQ(1u, machine.state.x[a0]);
}

TEST(RunTest, StopPcComesBeforeTheLimitAndAnExceptionBeforeBoth)
{
    Machine machine;
    machine.write_code(kCode, {nop, nop, ecall});
    machine.state.stop_pc = kCode + 8;
    EXPECT_EQ(RV64_STOP_PC, machine.run(2).stop);
    EXPECT_EQ(RV64_STOP_TRAP, machine.run(1).stop);
}

TEST(RunTest, StopPcInTheMiddleOfAnInstructionIsNeverNext)
{
    Machine machine;
    machine.write_code(kCode, {nop, nop, ecall});
    machine.state.stop_pc = kCode + 6;
    EXPECT_EQ(RV64_STOP_TRAP, machine.run().stop);
}

TEST(RunTest, X0StaysZeroAsEveryKindOfDestination)
{
    Machine machine;
    machine.state.x[zero] = 77;
    machine.state.x[a0] = kData;
    machine.write(kData, 0x55);
    machine.run_code({addi(zero, a0, 1), ld(zero, 0, a0), jal(zero, 4), auipc(zero, 1),
                      atomic(kAmoAdd, 8, zero, a0, a0), csrrs(zero, kCycle, zero),
                      add(a1, zero, zero), ecall});
    EXPECT_EQ(0u, machine.state.x[zero]);
    EXPECT_EQ(0u, machine.state.x[a1]);
    EXPECT_EQ(kData + 0x55, machine.read(kData)); /* The side effects are still there. */
}

TEST(RunTest, BreakpointsGiveTheirAddress)
{
    Machine machine;
    Outcome outcome = machine.run_code({nop, ebreak});
    EXPECT_EQ(uint64_t{RV64_CAUSE_BREAKPOINT}, outcome.cause);
    EXPECT_EQ(kCode + 4, outcome.value);
    outcome = machine.run_code({nop, c_nop, c_ebreak});
    EXPECT_EQ(uint64_t{RV64_CAUSE_BREAKPOINT}, outcome.cause);
    EXPECT_EQ(kCode + 6, outcome.value);
}

TEST(RunTest, JumpsClearBitZeroAndSoDoesTheStart)
{
    Machine machine;
    machine.write_code(kCode, {auipc(a0, 0), jalr(ra, a0, 13), ebreak, ecall});
    machine.state.pc = kCode | 1;
    Outcome outcome = machine.run();
    EXPECT_EQ(uint64_t{RV64_CAUSE_ECALL}, outcome.cause);
    EXPECT_EQ(kCode + 12, machine.state.pc);
    EXPECT_EQ(kCode + 8, machine.state.x[ra]);
}

TEST(RunTest, JalrReadsItsBaseBeforeItWritesTheLink)
{
    Machine machine;
    machine.run_code({auipc(ra, 0), jalr(ra, ra, 12), ebreak, ecall});
    EXPECT_EQ(kCode + 12, machine.state.pc);
    EXPECT_EQ(kCode + 8, machine.state.x[ra]);
}

TEST(RunTest, ACallbackCanEndTheRunAfterItsInstruction)
{
    Machine machine;
    machine.on_device = [&] {
        rv64_stop(machine.rv64);
    };
    machine.device_value = 9;
    machine.state.x[a0] = kDevice;
    Outcome outcome = machine.run_code({nop, ld(a1, 0, a0), nop, sd(a1, 8, a0), nop, ecall});
    EXPECT_EQ(RV64_STOP_ASKED, outcome.stop);
    EXPECT_EQ(2u, outcome.retired);
    EXPECT_EQ(9u, machine.state.x[a1]);
    EXPECT_EQ(kCode + 8, machine.state.pc);
    outcome = machine.run();
    EXPECT_EQ(RV64_STOP_ASKED, outcome.stop);
    EXPECT_EQ(2u, outcome.retired);
    outcome = machine.run();
    EXPECT_EQ(RV64_STOP_TRAP, outcome.stop);
    EXPECT_EQ(1u, outcome.retired);
}

TEST(RunTest, StoppingInAReadingOfTheTimeOrATranslationWorksToo)
{
    Machine machine;
    machine.on_time = [&] {
        rv64_stop(machine.rv64);
    };
    Outcome outcome = machine.run_code({nop, csrrs(a0, kTime, zero), nop, ecall});
    EXPECT_EQ(RV64_STOP_ASKED, outcome.stop);
    EXPECT_EQ(2u, outcome.retired);
    machine.on_translate = [&] {
        rv64_stop(machine.rv64);
    };
    rv64_translations_changed(machine.rv64);
    outcome = machine.run();
    EXPECT_EQ(RV64_STOP_ASKED, outcome.stop);
    EXPECT_EQ(1u, outcome.retired); /* The instruction that was being fetched. */
    outcome = machine.run();
    EXPECT_EQ(RV64_STOP_TRAP, outcome.stop);
}

TEST(RunTest, CallbacksLearnHowManyInstructionsCameBefore)
{
    Machine machine;
    machine.state.x[a0] = kDevice;
    rv64_set_retired(machine.rv64, 1000);
    std::vector<uint64_t> totals;
    machine.on_device = [&] {
        totals.push_back(rv64_retired(machine.rv64));
    };
    machine.run_code(
        {nop, sw(zero, 0, a0), nop, nop, lw(a1, 4, a0), jal(zero, 4), sb(zero, 0, a0), ecall});
    ASSERT_EQ(3u, machine.device_log.size());
    EXPECT_EQ(1u, machine.device_log[0].retired);
    EXPECT_EQ(4u, machine.device_log[1].retired);
    EXPECT_EQ(6u, machine.device_log[2].retired);
    EXPECT_EQ((std::vector<uint64_t>{1001, 1004, 1006}), totals);
    EXPECT_EQ(1007u, rv64_retired(machine.rv64));
}

TEST(RunTest, TwoInterpretersDoNotDisturbEachOther)
{
    Machine one, two;
    one.write_code(kCode, kLoop);
    two.write_code(kCode, {li(a1, 5), ecall});
    EXPECT_EQ(10u, one.run(10).retired);
    two.run();
    EXPECT_EQ(5u, two.state.x[a1]);
    one.run();
    EXPECT_EQ(200u, one.state.x[a1]);
}

TEST(RunTest, DestroyingNothingIsAllowed)
{
    rv64_destroy(nullptr);
}

/* --- M's special cases, as the manual lists them ---------------------------------------------- */

TEST(DivisionTest, DivisionByZeroAndOverflowHaveResults)
{
    constexpr uint64_t kLeast = uint64_t{1} << 63, kLeastWord = 0xFFFFFFFF80000000;
    constexpr uint64_t kMinusOne = UINT64_MAX;
    enum { kDiv = 4, kDivu, kRem, kRemu };
    const struct {
        uint32_t funct3;
        bool word;
        uint64_t dividend, divisor, result;
    } cases[] = {
        {kDiv, false, 7, 0, kMinusOne},
        {kDivu, false, 7, 0, kMinusOne},
        {kRem, false, 7, 0, 7},
        {kRemu, false, 7, 0, 7},
        {kDiv, false, kLeast, kMinusOne, kLeast},
        {kRem, false, kLeast, kMinusOne, 0},
        {kDiv, false, 7, kMinusOne, kMinusOne - 6},
        {kRem, false, kMinusOne - 6, 2, kMinusOne},
        {kDivu, false, kLeast, kMinusOne, 0},
        {kRemu, false, kLeast, kMinusOne, kLeast},
        {kDiv, true, 7, uint64_t{1} << 32, kMinusOne},
        {kDivu, true, 7, 0, kMinusOne},
        {kRem, true, kLeastWord, 0, kLeastWord},
        {kRemu, true, 0x80000000, 0, kLeastWord},
        {kDiv, true, 0x80000000, 0xFFFFFFFF, kLeastWord},
        {kRem, true, 0x80000000, 0xFFFFFFFF, 0},
        {kDivu, true, kMinusOne, 1, kMinusOne},
        {kDiv, true, 7, kMinusOne, kMinusOne - 6},
    };
    for (const auto &c : cases) {
        Machine machine;
        machine.state.x[a0] = c.dividend;
        machine.state.x[a1] = c.divisor;
        uint32_t opcode = c.word ? 0x3B : 0x33;
        machine.run_code({i_type(opcode, c.funct3, a2, a0, 1 << 5 | a1), ecall});
        EXPECT_EQ(c.result, machine.state.x[a2])
            << c.funct3 << (c.word ? " word " : " ") << c.dividend << " by " << c.divisor;
    }
}
