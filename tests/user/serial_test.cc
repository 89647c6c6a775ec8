/* SPDX-License-Identifier: BSD-2-Clause */

/* What the library does to the registers of serial ports. */
#include <map>
#include <string>

#include "gtest/gtest.h"
#include "tests/user/fake_port.h"

extern "C" {
#include "user/lib/serial.h"
}

namespace {

constexpr uint64_t kBase = 0x1000;

/* Registers that keep what is written, but for those that a test says more about. */
struct SerialTest : ::testing::Test {
    void SetUp() override
    {
        place_reset();
        place.load = [this](uint64_t vaddr, uint32_t size) {
            EXPECT_EQ(size, width);
            uint64_t reg = vaddr - kBase;
            return read ? read(reg) : regs[reg];
        };
        place.store = [this](uint64_t vaddr, uint32_t size, uint64_t value) {
            EXPECT_EQ(size, width);
            if (vaddr == kBase + data) {
                sent += static_cast<char>(value);
            }
            regs[vaddr - kBase] = value;
            last = vaddr - kBase;
        };
    }

    std::map<uint64_t, uint64_t> regs;
    std::function<uint64_t(uint64_t reg)> read;
    std::string sent;
    uint64_t data = 0; /* Where bytes to be sent are written. */
    uint64_t last = 0;
    uint32_t width = 1;
};

const uint8_t *bytes(const char *text)
{
    return reinterpret_cast<const uint8_t *>(text);
}

/* ---- 16550 ---- */

enum { IER = 1, FCR = 2, IIR = 2, MCR = 4, LSR = 5 };

struct Ns16550Test : SerialTest {
    struct serial s = {SERIAL_NS16550, kBase, 0, 1};
};

TEST_F(Ns16550Test, InitWaitsForTheLastByteAndTurnsTheFifoOn)
{
    regs[IER] = 0xff;
    place.while_working = [this] {
        regs[LSR] = place.now_us == 3 ? 0x60 : 0x20;
    };
    serial_init(&s);
    EXPECT_EQ(place.now_us, 3u);
    EXPECT_EQ(regs[IER], 0u);
    EXPECT_EQ(regs[FCR], 0x07u);
    EXPECT_EQ(regs[MCR], 0x0bu);
}

TEST_F(Ns16550Test, FillsTheFifoOnlyWhenItIsEmpty)
{
    regs[LSR] = 0x00;
    EXPECT_EQ(serial_fill(&s, bytes("ab"), 2), 0u);
    regs[LSR] = 0x20;
    EXPECT_EQ(serial_fill(&s, bytes("0123456789abcdefghi"), 19), 16u);
    EXPECT_EQ(serial_fill(&s, bytes("ghi"), 3), 3u);
    EXPECT_EQ(sent, "0123456789abcdefghi");
}

TEST_F(Ns16550Test, PutWaitsForRoom)
{
    place.while_working = [this] {
        regs[LSR] = place.now_us == 5 ? 0x20 : 0;
    };
    serial_put(&s, 'x');
    EXPECT_EQ(place.now_us, 5u);
    EXPECT_EQ(sent, "x");
}

TEST_F(Ns16550Test, NothingWaitsForeverForADeadPort)
{
    for (uint64_t all : {0x00, 0xff}) {
        uint64_t start = place.now_us;
        read = [=](uint64_t) {
            return all;
        };
        EXPECT_EQ(serial_init(&s), all != 0);
        EXPECT_EQ(serial_drain(&s), all != 0);
        serial_put(&s, 'x');
        EXPECT_EQ(place.now_us - start, all == 0 ? uint64_t{3 * SERIAL_PATIENCE_US} : 0);
    }
}

TEST_F(Ns16550Test, GetsWhatWasReceived)
{
    uint8_t byte = 0;
    EXPECT_FALSE(serial_get(&s, &byte));
    regs[LSR] = 0x61;
    regs[data] = 'y';
    EXPECT_TRUE(serial_get(&s, &byte));
    EXPECT_EQ(byte, 'y');
}

TEST_F(Ns16550Test, InterruptsAreTurnedOnAndOff)
{
    serial_interrupts(&s, SERIAL_SENT);
    EXPECT_EQ(regs[IER], 2u);
    serial_interrupts(&s, SERIAL_SENT | SERIAL_RECEIVED);
    EXPECT_EQ(regs[IER], 3u);
    serial_interrupts(&s, SERIAL_RECEIVED);
    EXPECT_EQ(regs[IER], 1u);
    serial_interrupts(&s, 0);
    EXPECT_EQ(regs[IER], 0u);
}

TEST_F(Ns16550Test, EventsAreThoseThatAreTurnedOn)
{
    bool identified = false;
    read = [&](uint64_t reg) {
        identified = identified || reg == IIR;
        return regs[reg];
    };
    regs[LSR] = 0x61;
    EXPECT_EQ(serial_events(&s), 0u);
    EXPECT_TRUE(identified) << "reading that register clears the interrupt";
    regs[IER] = 2;
    EXPECT_EQ(serial_events(&s), SERIAL_SENT);
    regs[IER] = 3;
    EXPECT_EQ(serial_events(&s), SERIAL_SENT + SERIAL_RECEIVED);
    regs[LSR] = 0x01;
    EXPECT_EQ(serial_events(&s), SERIAL_RECEIVED);
}

TEST_F(Ns16550Test, RegistersCanBeWideAndFarApart)
{
    struct serial wide = {SERIAL_NS16550, kBase, 2, 4};
    width = 4;
    serial_interrupts(&wide, SERIAL_RECEIVED);
    EXPECT_EQ(regs[4 * IER], 1u);
    regs[4 * LSR] = 0x60;
    serial_put(&wide, 'w');
    EXPECT_EQ(sent, "w");
}

/* ---- SiFive ---- */

enum { TXDATA = 0, RXDATA = 4, TXCTRL = 8, RXCTRL = 12, IE = 16, IP = 20 };

struct SifiveTest : SerialTest {
    void SetUp() override
    {
        SerialTest::SetUp();
        width = 4;
        data = TXDATA;
    }

    struct serial s = {SERIAL_SIFIVE, kBase, 0, 1};
};

TEST_F(SifiveTest, InitEnablesBothDirectionsAndKeepsTheFormat)
{
    regs[IE] = 3;
    regs[TXCTRL] = 0x30002; /* Two stop bits. */
    regs[IP] = 1;
    EXPECT_TRUE(serial_init(&s));
    EXPECT_EQ(regs[IE], 0u);
    EXPECT_EQ(regs[TXCTRL], 0x10003u);
    EXPECT_EQ(regs[RXCTRL], 0x1u);
}

TEST_F(SifiveTest, NothingWaitsForeverForADeadPort)
{
    for (uint64_t all : {0x00000000u, 0xffffffffu}) {
        uint64_t start = place.now_us;
        read = [=](uint64_t) {
            return all;
        };
        EXPECT_EQ(serial_init(&s), all != 0) << "0: the FIFO never gets empty";
        serial_put(&s, 'x');
        EXPECT_EQ(place.now_us - start, uint64_t{SERIAL_PATIENCE_US} + (all == 0 ? 0 : 100));
    }
}

TEST_F(SifiveTest, FillsUntilTheFifoIsFull)
{
    read = [this](uint64_t) {
        return sent.size() < 8 ? 0 : uint64_t{0x80000000};
    };
    EXPECT_EQ(serial_fill(&s, bytes("0123456789"), 10), 8u);
    EXPECT_EQ(serial_fill(&s, bytes("89"), 2), 0u);
    EXPECT_EQ(sent, "01234567");
}

TEST_F(SifiveTest, PutWaitsForRoom)
{
    regs[TXDATA] = 0x80000000;
    place.while_working = [this] {
        regs[TXDATA] = place.now_us == 4 ? 0 : 0x80000000;
    };
    serial_put(&s, 'x');
    EXPECT_EQ(place.now_us, 4u);
    EXPECT_EQ(sent, "x");
}

TEST_F(SifiveTest, DrainWaitsForTheFifoAndOneMoreByte)
{
    place.while_working = [this] {
        regs[IP] = place.now_us >= 7 ? 1 : 0;
    };
    serial_drain(&s);
    EXPECT_EQ(place.now_us, 107u);
}

TEST_F(SifiveTest, GetsWhatWasReceived)
{
    uint8_t byte = 0;
    regs[RXDATA] = 0x80000000;
    EXPECT_FALSE(serial_get(&s, &byte));
    regs[RXDATA] = 'z';
    EXPECT_TRUE(serial_get(&s, &byte));
    EXPECT_EQ(byte, 'z');
}

TEST_F(SifiveTest, InterruptsAndEvents)
{
    serial_interrupts(&s, SERIAL_SENT);
    EXPECT_EQ(regs[IE], 1u);
    serial_interrupts(&s, SERIAL_RECEIVED);
    EXPECT_EQ(regs[IE], 2u);
    regs[IP] = 3;
    EXPECT_EQ(serial_events(&s), SERIAL_RECEIVED);
    regs[IE] = 3;
    EXPECT_EQ(serial_events(&s), SERIAL_SENT + SERIAL_RECEIVED);
    regs[IP] = 1;
    EXPECT_EQ(serial_events(&s), SERIAL_SENT);
}

/* ---- None ---- */

TEST_F(SerialTest, NoPortTakesEverythingAndIsNeverTouched)
{
    struct serial s = {SERIAL_NONE, 0, 0, 0};
    place.load = [](uint64_t, uint32_t) {
        ADD_FAILURE();
        return uint64_t{0};
    };
    place.store = [](uint64_t, uint32_t, uint64_t) {
        ADD_FAILURE();
    };
    uint8_t byte = 0;
    serial_init(&s);
    serial_put(&s, 'a');
    serial_drain(&s);
    serial_interrupts(&s, SERIAL_SENT);
    EXPECT_EQ(serial_fill(&s, bytes("abc"), 3), 3u);
    EXPECT_FALSE(serial_get(&s, &byte));
    EXPECT_EQ(serial_events(&s), 0u);
}

} // namespace
