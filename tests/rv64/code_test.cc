/* SPDX-License-Identifier: BSD-2-Clause */

/* Fetching and the coherence of decoded code: nobody may see that it is decoded once. */
#include "gtest/gtest.h"

#include <algorithm>

#include "tests/rv64/encode.h"
#include "tests/rv64/machine.h"

using namespace rv;

TEST(CodeTest, ABlockThatOverwritesItsNextInstructionRunsTheNewOne)
{
    Machine machine;
    machine.state.x[a0] = kCode;
    machine.state.x[a1] = li(a2, 2);
    Outcome outcome = machine.run_code({nop, sw(a1, 8, a0), li(a2, 1), ecall});
    EXPECT_EQ(2u, machine.state.x[a2]);
    EXPECT_EQ(3u, outcome.retired);
}

TEST(CodeTest, ALoopThatChangesItselfEachTimeIsFollowed)
{
    Machine machine;
    machine.state.x[a0] = kCode;
    machine.state.x[a1] = addi(a2, a2, 0);
    machine.state.x[a4] = uint64_t{1} << 20; /* One more in the immediate. */
    machine.run_code({li(a3, 50), add(a1, a1, a4), sw(a1, 12, a0), addi(a2, a2, 100),
                      addi(a3, a3, -1), bne(a3, zero, -16), ecall});
    EXPECT_EQ(50u * 51 / 2, machine.state.x[a2]);
}

TEST(CodeTest, StoresOfEverySizeAndAtomicsAreNoticed)
{
    const uint32_t writers[] = {
        sb(a1, 8, a0), sh(a1, 8, a0), sw(a1, 8, a0), sd(a1, 8, a0), atomic(kAmoSwap, 4, a5, a1, a4),
    };
    for (uint32_t writer : writers) {
        Machine machine;
        std::vector<uint32_t> code = {nop, writer, li(t1, 1), nop, ecall};
        machine.state.x[a0] = kCode;
        machine.state.x[a4] = kCode + 8;
        uint64_t changed = li(t2, 1); /* Differs in the first byte. */
        machine.state.x[a1] = changed | uint64_t{code[3]} << 32;
        machine.run_code(code);
        EXPECT_EQ(1u, machine.state.x[t2]) << std::hex << writer;
    }
}

TEST(CodeTest, AStoreAcrossTwoPagesOfCodeIsNoticed)
{
    Machine machine;
    uint64_t end = kCode + kPage;
    machine.write_code(end - 4, {li(a2, 1), li(a3, 1), ecall});
    machine.state.pc = end - 4;
    machine.run(); /* Decoded. */
    machine.write_code(kCode, {sd(a1, 0, a0), jalr(zero, a0, 0)});
    machine.state.pc = kCode;
    machine.state.x[a0] = end - 4;
    machine.state.x[a1] = uint64_t{li(a2, 5)} | uint64_t{li(a3, 6)} << 32;
    machine.run();
    EXPECT_EQ(5u, machine.state.x[a2]);
    EXPECT_EQ(6u, machine.state.x[a3]);
}

TEST(CodeTest, DataInAPageOfCodeIsOrdinaryMemory)
{
    Machine machine;
    machine.state.x[a0] = kCode + 2048;
    Outcome outcome = machine.run_code({li(a1, 100), ld(a2, 0, a0), addi(a2, a2, 3), sd(a2, 0, a0),
                                        addi(a1, a1, -1), bne(a1, zero, -16), ecall});
    EXPECT_EQ(300u, machine.read(kCode + 2048));
    EXPECT_EQ(501u, outcome.retired);
    EXPECT_EQ(3u, machine.translations);
}

TEST(CodeTest, APageThatBecomesCodeAfterItsStoresWereCachedIsWatched)
{
    Machine machine;
    uint64_t place = kData + 64;
    machine.write_code(place, {li(a2, 1), jalr(zero, ra, 0)});
    machine.state.x[a0] = place;
    machine.state.x[a1] = li(a2, 9);
    /* A store to the page before any of it is executed; its code; a store to that; its code. */
    Outcome outcome = machine.run_code({sd(zero, 64, a0), jalr(ra, a0, 0), add(a3, a2, zero),
                                        sw(a1, 0, a0), jalr(ra, a0, 0), ecall});
    EXPECT_EQ(uint64_t{RV64_CAUSE_ECALL}, outcome.cause);
    EXPECT_EQ(1u, machine.state.x[a3]);
    EXPECT_EQ(9u, machine.state.x[a2]);
}

TEST(CodeTest, CodeIsWatchedThroughEveryAliasAndSpace)
{
    Machine machine;
    uint64_t alias = 0x700000;
    machine.write_code(kCode, {sw(a1, 8, a0), nop, li(a2, 1), ecall});
    machine.map(alias, 0);
    machine.state.x[a0] = alias;
    machine.state.x[a1] = li(a2, 2);
    machine.run();
    EXPECT_EQ(2u, machine.state.x[a2]);
    machine.set_space(5);
    machine.map(kCode, 0);
    machine.map(kData, 0);
    machine.state.pc = kCode;
    machine.state.x[a0] = kData;
    machine.state.x[a1] = li(a2, 3);
    machine.run();
    EXPECT_EQ(3u, machine.state.x[a2]);
}

TEST(CodeTest, WritesByOthersCountOnceTheyAreAnnounced)
{
    Machine machine;
    machine.run_code({li(a2, 1), jal(zero, 8), nop, ecall});
    for (int32_t value = 2; value < 10; value++) {
        machine.write_code(kCode, {li(a2, value)});
        rv64_memory_changed(machine.rv64);
        machine.state.pc = kCode;
        machine.run();
        EXPECT_EQ(static_cast<uint64_t>(value), machine.state.x[a2]);
    }
}

TEST(CodeTest, WritesByOthersCountForBlocksThatJumpsLeadTo)
{
    Machine machine;
    machine.write_code(kCode, {jal(zero, 8), nop, li(a2, 0), addi(a3, a3, -1), bne(a3, zero, -16),
                               beq(zero, zero, 4), ecall});
    for (int32_t value = 1; value < 10; value++) {
        machine.write_code(kCode + 8, {li(a2, value)});
        rv64_memory_changed(machine.rv64);
        machine.state.pc = kCode;
        machine.state.x[a3] = 3;
        machine.run();
        EXPECT_EQ(static_cast<uint64_t>(value), machine.state.x[a2]);
    }
}

TEST(CodeTest, ADeviceThatWritesCodeAffectsTheNextInstruction)
{
    Machine machine;
    machine.on_device = [&] {
        machine.write_code(kCode + 4, {li(a2, 2)});
        rv64_memory_changed(machine.rv64);
    };
    machine.state.x[a0] = kDevice;
    machine.run_code({sw(zero, 0, a0), li(a2, 1), ecall});
    EXPECT_EQ(2u, machine.state.x[a2]);
}

TEST(CodeTest, TheSameCodeAtTwoAddressesIsRelativeToEach)
{
    Machine machine;
    machine.write_code(kCode, {auipc(a1, 1), jal(ra, 8), nop, beq(zero, zero, 8), nop, ecall});
    machine.map(0x400000, 0);
    for (uint64_t base : {kCode, uint64_t{0x400000}, kCode}) {
        machine.state.pc = base;
        machine.run();
        EXPECT_EQ(base + kPage, machine.state.x[a1]);
        EXPECT_EQ(base + 8, machine.state.x[ra]);
        EXPECT_EQ(base + 20, machine.state.pc);
    }
}

TEST(CodeTest, OneAddressInTwoSpacesHasTwoCodes)
{
    Machine machine;
    for (uint32_t space = 0; space < 2; space++) {
        machine.set_space(space);
        machine.map(kCode, 20 + space);
        machine.write_code(kCode, {li(a2, 7 + static_cast<int32_t>(space)), ecall});
    }
    for (uint32_t round = 0; round < 6; round++) {
        machine.set_space(round % 2);
        machine.state.pc = kCode;
        machine.run();
        EXPECT_EQ(7 + round % 2, machine.state.x[a2]);
    }
}

TEST(CodeTest, JumpsToAnotherPageEndInThatOfTheSpace)
{
    Machine machine;
    machine.write_code(kCode, {jal(zero, static_cast<int32_t>(kPage))});
    for (uint32_t space = 0; space < 2; space++) {
        machine.set_space(space);
        machine.map(kCode, 0);
        machine.map(kCode + kPage, 1 + 20 * space); /* Next to kCode's; elsewhere. */
        machine.write_code(kCode + kPage,
                           {li(a2, 7 + static_cast<int32_t>(space)), addi(a3, a3, -1),
                            beq(a3, zero, 8), jalr(zero, s0, 0), ecall});
    }
    machine.state.x[s0] = kCode;
    for (uint32_t round = 0; round < 6; round++) {
        machine.set_space(round % 2);
        machine.state.pc = kCode;
        machine.state.x[a3] = 3;
        machine.run();
        EXPECT_EQ(7 + round % 2, machine.state.x[a2]);
    }
}

TEST(CodeTest, JumpsBetweenTwoPagesOfOneFrameAreJumpsToAnotherPage)
{
    Machine machine;
    int32_t far = static_cast<int32_t>(kPage) + 16;
    machine.map(kCode + kPage, 0); /* Like kCode. */
    machine.write_code(kCode, {addi(a3, a3, -1), beq(a3, zero, 8), jal(zero, far - 8), ecall,
                               li(a2, 1), jalr(zero, s0, 0)});
    machine.state.x[s0] = kCode;
    machine.state.x[a3] = 4;
    machine.run();
    EXPECT_EQ(1u, machine.state.x[a2]);
    machine.set_space(1);
    machine.map(kCode, 0);
    machine.map(kCode + kPage, 1);
    machine.write_code(kCode + kPage + 16, {li(a2, 2), jalr(zero, s0, 0)});
    machine.state.pc = kCode;
    machine.state.x[a3] = 4;
    machine.run();
    EXPECT_EQ(2u, machine.state.x[a2]);
}

/* --- Page boundaries -------------------------------------------------------------------------- */

TEST(CodeTest, CodeRunsOnIntoTheNextPage)
{
    Machine machine;
    machine.write_code(kCode + kPage - 8, {addi(a1, a1, 1), addi(a1, a1, 1), addi(a1, a1, 1),
                                           addi(a2, a2, 1), jal(zero, -16)});
    machine.state.pc = kCode + kPage - 8;
    EXPECT_EQ(501u, machine.run(501).retired);
    EXPECT_EQ(301u, machine.state.x[a1]);
    EXPECT_EQ(100u, machine.state.x[a2]);
}

TEST(CodeTest, AnInstructionMayLieInTwoPages)
{
    Machine machine;
    uint64_t end = kCode + kPage;
    machine.write_code(end - 4, {c_nop, addi(a1, a1, 3), addi(a3, a3, -1), bne(a3, zero, -8)});
    machine.write_code(end + 10, {ecall});
    machine.state.pc = end - 4;
    machine.state.x[a3] = 20;
    Outcome outcome = machine.run();
    EXPECT_EQ(uint64_t{RV64_CAUSE_ECALL}, outcome.cause);
    EXPECT_EQ(60u, machine.state.x[a1]);
    EXPECT_EQ(61u, outcome.retired);
}

TEST(CodeTest, TheSecondHalfOfAnInstructionIsThatOfItsSpace)
{
    Machine machine;
    machine.write_code(kCode + kPage - 2, {addi(a1, zero, 1), ecall});
    machine.set_space(1);
    machine.map(kCode, 0);
    machine.map(kCode + kPage, 30);
    machine.write_code(kCode + kPage - 2, {addi(a1, zero, 2), ecall});
    for (uint64_t round = 0; round < 6; round++) {
        machine.set_space(round % 2);
        machine.state.pc = kCode + kPage - 2;
        machine.run();
        EXPECT_EQ(1 + round % 2, machine.state.x[a1]);
    }
}

TEST(CodeTest, AJumpToAnInstructionInTwoPagesMeetsTheSecondHalfOfItsSpace)
{
    Machine machine;
    uint64_t start = kCode + kPage - 2;
    machine.write_code(kCode, {jal(zero, static_cast<int32_t>(kPage) - 2)});
    for (uint32_t space = 0; space < 2; space++) {
        machine.set_space(space);
        machine.map(kCode, 0);
        machine.map(kCode + kPage, 30 + space);
        machine.write_code(start, {addi(a1, zero, 1 + static_cast<int32_t>(space)),
                                   addi(a3, a3, -1), beq(a3, zero, 8), jalr(zero, s0, 0), ecall});
    }
    machine.state.x[s0] = kCode;
    for (uint64_t round = 0; round < 6; round++) {
        machine.set_space(round % 2);
        machine.state.pc = kCode;
        machine.state.x[a3] = 3;
        machine.run();
        EXPECT_EQ(1 + round % 2, machine.state.x[a1]);
    }
}

TEST(CodeTest, AnOwnerThatForgetsATranslationWithEachNewOneIsAskedAgain)
{
    Machine machine;
    uint64_t start = kCode + kPage - 2;
    machine.on_translate = [&] {
        rv64_translations_changed(machine.rv64);
    };
    machine.write_code(start, {addi(a1, zero, 1), ecall});
    machine.state.pc = start;
    machine.run();
    EXPECT_EQ(1u, machine.state.x[a1]);
    machine.map(kCode, 30); /* Forgotten when the second half was fetched. */
    machine.write_code(start, {addi(a2, zero, 2), ecall});
    machine.state.pc = start;
    machine.run();
    EXPECT_EQ(2u, machine.state.x[a2]);
}

TEST(CodeTest, AJumpInTwoPagesIsWatchedInTheSecond)
{
    Machine machine;
    uint64_t start = kCode + kPage - 2;
    machine.write_code(start, {jal(zero, 0x400)});
    machine.write_code(start + 0x400, {sh(a0, 0, t0), addi(a1, a1, 1), jalr(zero, s0, 0)});
    machine.write_code(start + 0x800, {addi(a2, a2, 1), ecall});
    machine.state.pc = start;
    machine.state.x[s0] = start;
    machine.state.x[t0] = start + 2;
    machine.state.x[a0] = jal(zero, 0x800) >> 16;
    Outcome outcome = machine.run(100);
    EXPECT_EQ(uint64_t{RV64_CAUSE_ECALL}, outcome.cause);
    EXPECT_EQ(1u, machine.state.x[a1]);
    EXPECT_EQ(1u, machine.state.x[a2]);
}

TEST(CodeTest, EachHalfIsWatched)
{
    for (uint64_t half = 0; half < 2; half++) {
        Machine machine;
        uint64_t start = kCode + kPage - 2;
        uint32_t changed = half == 0 ? addi(a2, a1, 1) : addi(a1, a1, 65);
        machine.write_code(start, {addi(a1, a1, 1), jal(zero, 0x800)});
        machine.write_code(start + 4 + 0x800, {sh(a0, 0, t0), addi(t1, t1, 1), addi(s1, s1, -1),
                                               beq(s1, zero, 8), jalr(zero, s0, 0), ecall});
        machine.state.pc = start;
        machine.state.x[s1] = 2;
        machine.state.x[s0] = start;
        machine.state.x[t0] = start + 2 * half;
        machine.state.x[a0] = changed >> 16 * half;
        machine.run();
        EXPECT_EQ(half == 0 ? 1u : 66u, machine.state.x[a1]);
        EXPECT_EQ(half == 0 ? 2u : 0u, machine.state.x[a2]);
    }
}

TEST(CodeTest, FetchFaultsNameTheHalfThatIsMissing)
{
    Machine machine;
    uint64_t end = kCode + 2 * kPage;
    machine.write_code(end - 4, {nop});
    machine.state.pc = end - 4;
    Outcome outcome = machine.run();
    EXPECT_EQ(uint64_t{RV64_CAUSE_FETCH_PAGE}, outcome.cause);
    EXPECT_EQ(end, outcome.value);
    EXPECT_EQ(end, machine.state.pc);
    EXPECT_EQ(1u, outcome.retired);

    machine.map(end, 5);
    machine.write_code(end - 2, {nop, ecall});
    machine.unmap(end);
    machine.state.pc = end - 2;
    outcome = machine.run();
    EXPECT_EQ(uint64_t{RV64_CAUSE_FETCH_PAGE}, outcome.cause);
    EXPECT_EQ(end, outcome.value);
    EXPECT_EQ(end - 2, machine.state.pc);
    EXPECT_EQ(0u, outcome.retired);

    machine.map(end, 5);
    EXPECT_EQ(uint64_t{RV64_CAUSE_ECALL}, machine.run().cause);
}

TEST(CodeTest, AShortInstructionAtTheEndOfAPageNeedsNoOther)
{
    Machine machine;
    uint64_t end = kCode + 2 * kPage;
    machine.write_code(end - 2, {c_li(a1, 3)});
    machine.state.pc = end - 2;
    Outcome outcome = machine.run();
    EXPECT_EQ(3u, machine.state.x[a1]);
    EXPECT_EQ(1u, outcome.retired);
    EXPECT_EQ(end, outcome.value);
}

TEST(CodeTest, PagesThatMayNotBeExecutedFault)
{
    Machine machine;
    machine.map(kCode, 0, Machine::kRead | Machine::kWrite);
    Outcome outcome = machine.run_code({nop});
    EXPECT_EQ(uint64_t{RV64_CAUSE_FETCH_PAGE}, outcome.cause);
    EXPECT_EQ(kCode, outcome.value);
}

/* --- Size ------------------------------------------------------------------------------------- */

TEST(CodeTest, LongRunsWithoutAJumpAreRunWhole)
{
    Machine machine;
    std::vector<uint32_t> code(1000, addi(a1, a1, 1));
    code.push_back(ecall);
    Outcome outcome = machine.run_code(code);
    EXPECT_EQ(1000u, outcome.retired);
    EXPECT_EQ(1000u, machine.state.x[a1]);
    for (uint64_t limit : {63u, 64u, 65u, 128u}) {
        machine.state.pc = kCode;
        EXPECT_EQ(limit, machine.run(limit).retired);
        EXPECT_EQ(kCode + 4 * limit, machine.state.pc);
    }
}

TEST(CodeTest, EndlessNewCodeFitsInTheCache)
{
    Machine machine;
    /* A page of 1000 instructions, decoded from each of 20 starts and changed 60 times: more than
     * the cache holds. */
    std::vector<uint32_t> code(1000, addi(a1, a1, 1));
    code.push_back(ecall);
    machine.write_code(kCode, code);
    for (uint64_t round = 0; round < 60 * 20; round++) {
        if (round % 20 == 0) {
            for (uint64_t i = 0; i < 1000; i += 32) {
                machine.write_code(kCode + 4 * i, {addi(a1, zero, static_cast<int32_t>(round))});
            }
            rv64_memory_changed(machine.rv64);
        }
        machine.state.pc = kCode + 4 * (round % 20);
        ASSERT_EQ(1000 - round % 20, machine.run().retired);
        ASSERT_EQ(round / 20 * 20 + 999 % 32, machine.state.x[a1]);
    }
}

TEST(CodeTest, MoreCodeThanTheCacheHoldsRunsTwiceTheSame)
{
    Machine machine;
    /* From every start in a page a block of its own, as all of them are 64 instructions long. */
    constexpr uint32_t kPages = 24, kInstructions = 1024;
    constexpr uint64_t kBase = 0x800000, kOdd = 0x900000;
    auto run_odd = [&] { /* Where nothing else pushes it out of any cache. */
                         machine.state.pc = kOdd + 2;
                         machine.state.x[a2] = 0;
                         EXPECT_EQ(uint64_t{RV64_CAUSE_ECALL}, machine.run().cause);
                         EXPECT_EQ(9u, machine.state.x[a2]);
    };
    machine.map(kOdd, 4);
    machine.write_code(kOdd + 2, {c_li(a2, 9), ecall});
    run_odd();
    for (uint32_t page = 0; page < kPages; page++) {
        machine.map(kBase + 2 * page * kPage, 8 + page);
        for (uint32_t i = 0; i < kInstructions; i++) {
            int32_t value = static_cast<int32_t>((page * 7 + i) % 2000);
            machine.write_code(kBase + 2 * page * kPage + 4 * i, {addi(a1, a1, value)});
        }
    }
    for (uint32_t round = 0; round < 2 * kPages * kInstructions; round++) {
        uint32_t page = round / kInstructions % kPages, start = round % kInstructions;
        uint32_t length = std::min(64u, kInstructions - start);
        uint64_t expected = 0;
        for (uint32_t i = 0; i < length; i++) {
            expected += (page * 7 + start + i) % 2000;
        }
        machine.state.pc = kBase + 2 * page * kPage + 4 * start;
        machine.state.x[a1] = 0;
        ASSERT_EQ(length, machine.run(length).retired);
        ASSERT_EQ(expected, machine.state.x[a1]) << "page " << page << ", start " << start;
    }
    run_odd();
}
