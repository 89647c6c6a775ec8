/* SPDX-License-Identifier: BSD-2-Clause */

/* Loads, stores, translations and devices. */
#include "gtest/gtest.h"

#include "tests/rv64/encode.h"
#include "tests/rv64/machine.h"

using namespace rv;

namespace {

constexpr uint64_t kValue = 0x8182838485868788;

struct Access {
    const char *name;
    uint32_t instruction; /* To or from a1, at offset 0 from a0. */
    uint32_t size;
};

const Access kLoads[] = {
    {"lb", lb(a1, 0, a0), 1},
    {"lh", lh(a1, 0, a0), 2},
    {"lw", lw(a1, 0, a0), 4},
    {"ld", ld(a1, 0, a0), 8},
};
const Access kStores[] = {
    {"sb", sb(a1, 0, a0), 1},
    {"sh", sh(a1, 0, a0), 2},
    {"sw", sw(a1, 0, a0), 4},
    {"sd", sd(a1, 0, a0), 8},
};

uint64_t sign_extend(uint64_t value, uint32_t size)
{
    uint32_t unused = 64 - 8 * size;
    return static_cast<uint64_t>(static_cast<int64_t>(value << unused) >> unused);
}

} // namespace

TEST(MemoryTest, LoadsAtEveryOffsetAroundAPageBoundary)
{
    for (const Access &load : kLoads) {
        for (uint64_t offset = 0; offset < 16; offset++) {
            Machine machine;
            uint64_t vaddr = kData + kPage - 8 + offset;
            machine.write(vaddr, kValue);
            machine.state.x[a0] = vaddr;
            Outcome outcome = machine.run_code({load.instruction, load.instruction, ecall});
            EXPECT_EQ(uint64_t{RV64_CAUSE_ECALL}, outcome.cause);
            EXPECT_EQ(sign_extend(kValue, load.size), machine.state.x[a1])
                << load.name << " at " << offset;
        }
    }
}

TEST(MemoryTest, StoresAtEveryOffsetAroundAPageBoundary)
{
    for (const Access &store : kStores) {
        for (uint64_t offset = 0; offset < 16; offset++) {
            Machine machine;
            uint64_t vaddr = kData + kPage - 8 + offset;
            uint64_t mask = UINT64_MAX >> (64 - 8 * store.size);
            machine.state.x[a0] = vaddr;
            machine.state.x[a1] = kValue;
            machine.run_code({store.instruction, ecall});
            EXPECT_EQ(kValue & mask, machine.read(vaddr)) << store.name << " at " << offset;
            EXPECT_EQ(0u, machine.read(vaddr - 8));
        }
    }
}

TEST(MemoryTest, MissingPagesFaultWithTheirAddress)
{
    for (const Access &load : kLoads) {
        Machine machine;
        machine.state.x[a0] = 0x99001;
        machine.state.x[a1] = 5;
        Outcome outcome = machine.run_code({nop, load.instruction, ecall});
        EXPECT_EQ(uint64_t{RV64_CAUSE_LOAD_PAGE}, outcome.cause);
        EXPECT_EQ(0x99001u, outcome.value);
        EXPECT_EQ(1u, outcome.retired);
        EXPECT_EQ(kCode + 4, machine.state.pc);
        EXPECT_EQ(5u, machine.state.x[a1]);
    }
    for (const Access &store : kStores) {
        Machine machine;
        machine.map(kData, 2, Machine::kRead);
        machine.state.x[a0] = kData + 8;
        Outcome outcome = machine.run_code({store.instruction, ecall});
        EXPECT_EQ(uint64_t{RV64_CAUSE_STORE_PAGE}, outcome.cause);
        EXPECT_EQ(kData + 8, outcome.value);
        EXPECT_EQ(0u, outcome.retired);
    }
}

TEST(MemoryTest, AnAccessWhoseSecondPageIsMissingHasNoEffect)
{
    Machine machine;
    machine.unmap(kData + kPage);
    machine.state.x[a0] = kData + kPage - 3;
    machine.state.x[a1] = kValue;
    Outcome outcome = machine.run_code({sd(a1, 0, a0), ecall});
    EXPECT_EQ(uint64_t{RV64_CAUSE_STORE_PAGE}, outcome.cause);
    EXPECT_EQ(kData + kPage, outcome.value);
    EXPECT_EQ(0u, machine.read(kData + kPage - 8));
    outcome = machine.run_code({ld(a1, 0, a0), ecall});
    EXPECT_EQ(uint64_t{RV64_CAUSE_LOAD_PAGE}, outcome.cause);
    EXPECT_EQ(kData + kPage, outcome.value);
    EXPECT_EQ(kValue, machine.state.x[a1]);
}

TEST(MemoryTest, DevicePagesAreAccessedOneByOne)
{
    Machine machine;
    machine.device_value = 0xFFFFFFFFFFFFFF80;
    machine.state.x[a0] = kDevice;
    machine.run_code({lb(a1, 5, a0), sw(a1, 8, a0), sw(a1, 8, a0), ecall});
    ASSERT_EQ(3u, machine.device_log.size());
    EXPECT_EQ(RV64_LOAD, machine.device_log[0].access);
    EXPECT_EQ(kDevice + 5, machine.device_log[0].vaddr);
    EXPECT_EQ(1u, machine.device_log[0].size);
    EXPECT_EQ(RV64_STORE, machine.device_log[2].access);
    EXPECT_EQ(4u, machine.device_log[2].size);
    EXPECT_EQ(UINT64_MAX - 0x7F, machine.device_log[2].value);
    EXPECT_EQ(UINT64_MAX - 0x7F, machine.state.x[a1]);
}

TEST(MemoryTest, CodeCannotBeFetchedFromADevice)
{
    Machine machine;
    machine.state.pc = kDevice + 2;
    Outcome outcome = machine.run();
    EXPECT_EQ(uint64_t{RV64_CAUSE_FETCH_ACCESS}, outcome.cause);
    EXPECT_EQ(kDevice + 2, outcome.value);
}

/* --- Translations ----------------------------------------------------------------------------- */

TEST(MemoryTest, EachPageIsTranslatedOncePerKindOfAccess)
{
    Machine machine;
    machine.state.x[a0] = kData;
    machine.run_code(
        {li(a2, 50), ld(a1, 0, a0), sd(a1, 8, a0), addi(a2, a2, -1), bne(a2, zero, -12), ecall});
    EXPECT_EQ(3u, machine.translations);
}

TEST(MemoryTest, ChangedTranslationsCountOnceTheyAreAnnounced)
{
    Machine machine;
    machine.write(kData, 1);
    machine.frame(9)[0] = 2;
    machine.state.x[a0] = kData;
    machine.run_code({ld(a1, 0, a0), sd(a0, 8, a0), ecall});
    EXPECT_EQ(1u, machine.state.x[a1]);
    machine.map(kData, 9);
    rv64_translations_changed(machine.rv64);
    machine.run_code({ld(a1, 0, a0), sd(a0, 16, a0), ecall});
    EXPECT_EQ(2u, machine.state.x[a1]);
    EXPECT_EQ(kData, machine.read(kData + 16));
    machine.unmap(kData);
    rv64_translations_changed(machine.rv64);
    EXPECT_EQ(uint64_t{RV64_CAUSE_LOAD_PAGE}, machine.run_code({ld(a1, 0, a0), ecall}).cause);
}

TEST(MemoryTest, SpacesHaveTheirOwnTranslations)
{
    Machine machine;
    machine.write_code(kCode, {ld(a1, 0, a0), sd(a0, 8, a0), ecall});
    for (uint64_t space = 1; space <= 3; space++) {
        machine.set_space(space);
        machine.map(kCode, 0);
        machine.map(kData, static_cast<uint32_t>(10 + space));
        machine.write(kData, 100 + space);
    }
    for (uint64_t round = 0; round < 30; round++) {
        uint64_t space = 1 + round % 3;
        machine.set_space(space);
        machine.state.pc = kCode;
        machine.state.x[a0] = kData;
        machine.run();
        EXPECT_EQ(100 + space, machine.state.x[a1]);
    }
    EXPECT_EQ(9u, machine.translations); /* Kept by space. */
}

TEST(MemoryTest, ThousandsOfSpacesAndChangesNeverConfuseThePages)
{
    Machine machine;
    for (uint32_t i = 0; i < 20; i++) { /* Each code with a mark of its own. */
        machine.map(kCode, 40 + i);
        machine.write_code(kCode,
                           {li(a4, static_cast<int32_t>(i)), ld(a1, 0, a0), sd(a2, 0, a0), ecall});
    }
    for (uint64_t round = 0; round < 5000; round++) {
        uint64_t vaddr = kData + round % 16 * kPage;
        machine.set_space(round * 7 % 900);
        machine.map(kCode, 40 + static_cast<uint32_t>(round % 20));
        machine.map(vaddr, 8 + static_cast<uint32_t>(round % 30));
        rv64_translations_changed(machine.rv64);
        machine.write(vaddr, round);
        machine.state.pc = kCode;
        machine.state.x[a0] = vaddr;
        machine.state.x[a2] = ~round;
        ASSERT_EQ(uint64_t{RV64_CAUSE_ECALL}, machine.run().cause);
        ASSERT_EQ(round, machine.state.x[a1]);
        ASSERT_EQ(~round, machine.read(vaddr));
        ASSERT_EQ(round % 20, machine.state.x[a4]);
    }
}

TEST(MemoryTest, AnyNumberOfChangesForgetsWhatWasBefore)
{
    Machine machine;
    machine.state.x[a0] = kData;
    for (uint32_t i = 0; i < 2; i++) {
        machine.map(kCode, 40 + i);
        machine.write_code(kCode,
                           {li(a2, static_cast<int32_t>(i)), ld(a1, 0, a0), sd(a0, 8, a0), ecall});
        machine.map(kData, 50 + i);
        machine.write(kData, i);
    }
    for (uint32_t changes = 1; changes < 600; changes++) {
        uint32_t i = changes % 2;
        machine.map(kCode, 40 + i);
        machine.map(kData, 50 + i);
        machine.write(kData + 8, 0);
        for (uint32_t j = 0; j < changes; j++) {
            rv64_translations_changed(machine.rv64);
        }
        machine.state.pc = kCode;
        machine.run();
        ASSERT_EQ(i, machine.state.x[a1]);
        ASSERT_EQ(i, machine.state.x[a2]);
        ASSERT_EQ(kData, machine.read(kData + 8));
    }
}

TEST(MemoryTest, ADeviceThatChangesTheTranslationsAffectsTheNextInstruction)
{
    Machine machine;
    machine.write(kData, 1);
    machine.frame(9)[0] = 2;
    machine.on_device = [&] {
        machine.map(kData, 9);
        rv64_translations_changed(machine.rv64);
    };
    machine.state.x[a0] = kData;
    machine.state.x[a2] = kDevice;
    Outcome outcome = machine.run_code({ld(a1, 0, a0), sd(a1, 0, a2), ld(a3, 0, a0), ecall});
    EXPECT_EQ(3u, outcome.retired);
    EXPECT_EQ(1u, machine.state.x[a1]);
    EXPECT_EQ(2u, machine.state.x[a3]);
}

TEST(MemoryTest, PagesThatShareACacheEntryDoNotMix)
{
    Machine machine;
    uint64_t other = kData + 256 * kPage;
    machine.map(other, 12);
    machine.write(kData, 1);
    machine.write(other, 2);
    machine.state.x[a0] = kData;
    machine.state.x[a1] = other;
    machine.run_code({ld(a2, 0, a0), ld(a3, 0, a1), ld(a4, 0, a0), sd(a3, 8, a0), sd(a2, 8, a1),
                      sd(a3, 16, a0), ecall});
    EXPECT_EQ(1u, machine.state.x[a2]);
    EXPECT_EQ(2u, machine.state.x[a3]);
    EXPECT_EQ(1u, machine.state.x[a4]);
    EXPECT_EQ(2u, machine.read(kData + 8));
    EXPECT_EQ(1u, machine.read(other + 8));
    EXPECT_EQ(2u, machine.read(kData + 16));
}

/* --- Atomics ---------------------------------------------------------------------------------- */

class ReservationTest : public testing::Test {
  protected:
    ReservationTest()
    {
        machine_.state.x[a0] = kData;
        machine_.state.x[a1] = 7;
        machine_.write(kData, 0xFFFFFFFF00000001);
    }

    /* Runs lr.d a2 alone; `between` happens; then sc.d a3, a1: whether it succeeded. */
    bool stores_after(const std::function<void()> &between)
    {
        Outcome outcome =
            machine_.run_code({atomic(kLr, 8, a2, zero, a0), atomic(kSc, 8, a3, a1, a0), ecall}, 1);
        EXPECT_EQ(RV64_STOP_COUNT, outcome.stop);
        between();
        EXPECT_EQ(RV64_STOP_TRAP, machine_.run().stop);
        EXPECT_EQ(machine_.state.x[a3] == 0, machine_.read(kData) == 7);
        return machine_.state.x[a3] == 0;
    }

    Machine machine_;
};

TEST_F(ReservationTest, AStoreConditionalSucceedsOnce)
{
    EXPECT_TRUE(stores_after([] {}));
    EXPECT_EQ(0xFFFFFFFF00000001, machine_.state.x[a2]);
    machine_.run_code({atomic(kSc, 8, a3, a0, a0), ecall});
    EXPECT_EQ(1u, machine_.state.x[a3]);
    EXPECT_EQ(7u, machine_.read(kData));
}

TEST_F(ReservationTest, ADroppedReservationIsLost)
{
    EXPECT_FALSE(stores_after([&] { rv64_drop_reservation(machine_.rv64); }));
}

TEST_F(ReservationTest, AChangedValueIsNoticed)
{
    EXPECT_FALSE(stores_after([&] { machine_.write(kData, 5); }));
}

TEST_F(ReservationTest, AReservationIsOfOneSpace)
{
    EXPECT_FALSE(stores_after([&] {
        machine_.set_space(1);
        machine_.map(kCode, 0);
        machine_.map(kData, 2);
    }));
}

TEST_F(ReservationTest, AReservationIsOfOneAddress)
{
    EXPECT_FALSE(stores_after([&] { machine_.state.x[a0] += 8; }));
}

TEST_F(ReservationTest, AReservationIsOfOneSize)
{
    machine_.run_code({atomic(kLr, 8, a2, zero, a0), atomic(kSc, 4, a3, a1, a0), ecall});
    EXPECT_EQ(1u, machine_.state.x[a3]);
    EXPECT_EQ(0xFFFFFFFF00000001, machine_.read(kData));
}

TEST_F(ReservationTest, AnyStoreConditionalEndsIt)
{
    machine_.state.x[a4] = kData + 8;
    machine_.run_code({atomic(kLr, 8, a2, zero, a0), atomic(kSc, 8, a5, a1, a4),
                       atomic(kSc, 8, a3, a1, a0), ecall});
    EXPECT_EQ(1u, machine_.state.x[a5]);
    EXPECT_EQ(1u, machine_.state.x[a3]);
}

TEST_F(ReservationTest, WordsAreSignExtended)
{
    machine_.write(kData, 0x80000000);
    machine_.run_code({atomic(kLr, 4, a2, zero, a0), atomic(kSc, 4, a3, a1, a0), ecall});
    EXPECT_EQ(0xFFFFFFFF80000000, machine_.state.x[a2]);
    EXPECT_EQ(0u, machine_.state.x[a3]);
    EXPECT_EQ(7u, machine_.read(kData));
}

TEST_F(ReservationTest, AWordOfLoadReservedAtAPageThatMayNotBeWritten)
{
    machine_.map(kData, 2, Machine::kRead);
    Outcome outcome =
        machine_.run_code({atomic(kLr, 8, a2, zero, a0), atomic(kSc, 8, a3, a1, a0), ecall});
    EXPECT_EQ(uint64_t{RV64_CAUSE_STORE_PAGE}, outcome.cause);
    EXPECT_EQ(kData, outcome.value);
    EXPECT_EQ(kCode + 4, machine_.state.pc);
}

TEST(AtomicTest, MisalignedAddressesTrap)
{
    for (uint32_t size : {4u, 8u}) {
        for (Atomic kind : {kLr, kSc, kAmoAdd, kAmoSwap}) {
            Machine machine;
            machine.state.x[a0] = kData + size / 2;
            Outcome outcome = machine.run_code({atomic(kind, size, a1, zero, a0), ecall});
            uint64_t cause = kind == kLr ? RV64_CAUSE_LOAD_MISALIGNED : RV64_CAUSE_STORE_MISALIGNED;
            EXPECT_EQ(cause, outcome.cause);
            EXPECT_EQ(kData + size / 2, outcome.value);
            EXPECT_EQ(0u, outcome.retired);
        }
    }
}

TEST(AtomicTest, DevicesHaveNone)
{
    Machine machine;
    machine.state.x[a0] = kDevice;
    Outcome outcome = machine.run_code({atomic(kAmoAdd, 8, a1, zero, a0), ecall});
    EXPECT_EQ(uint64_t{RV64_CAUSE_STORE_ACCESS}, outcome.cause);
    EXPECT_EQ(kDevice, outcome.value);
    outcome = machine.run_code({atomic(kLr, 8, a1, zero, a0), ecall});
    EXPECT_EQ(uint64_t{RV64_CAUSE_LOAD_ACCESS}, outcome.cause);
    EXPECT_TRUE(machine.device_log.empty());
}

TEST(AtomicTest, AReadOnlyPageFaultsAsAStore)
{
    Machine machine;
    machine.map(kData, 2, Machine::kRead);
    machine.state.x[a0] = kData;
    Outcome outcome = machine.run_code({atomic(kAmoSwap, 4, a1, a0, a0), ecall});
    EXPECT_EQ(uint64_t{RV64_CAUSE_STORE_PAGE}, outcome.cause);
    EXPECT_EQ(0u, machine.read(kData));
}
