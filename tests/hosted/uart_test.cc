/* SPDX-License-Identifier: BSD-2-Clause */

/* The simulated serial port, and what devices with a state and a clock of their own need. */
#include <cstring>
#include <string>

#include "gtest/gtest.h"
#include "hosted/board_devices.h"
#include "tests/support/system.h"

using namespace albireo;

namespace {

enum { DATA = 0, IER = 1, IIR = 2, FCR = 2, LCR = 3, MCR = 4, LSR = 5, MSR = 6, SCR = 7 };

constexpr Word kPage = 0x40000000;
constexpr uint32_t kLine = 10;

/* The port's registers, mapped for the root, who is scripted. */
struct UartTest : ::testing::Test {
    explicit UartTest(bool complete_at_claim = true) : sys(options(complete_at_claim))
    {
        CPtr untyped = sys.device_untyped(12);
        CPtr frame = sys.alloc_slot();
        EXPECT_TRUE(uart16550_add(&uart, sys.sim(), sys.cap_at(untyped).paddr, kLine));
        EXPECT_OK(sys.retype(untyped, ABI_OBJECT_PAGE_4K, 0, frame));
        sys.map_tables(kVSpace, kPage);
        EXPECT_OK(sys.RISCV_Page_Map(frame, kVSpace, kPage, 3, 0));
    }

    static SystemOptions options(bool complete_at_claim)
    {
        SystemOptions o;
        o.complete_at_claim = complete_at_claim;
        return o;
    }

    uint8_t get(Word reg)
    {
        Word value = 0;
        EXPECT_TRUE(sys.load(kPage + reg, &value, 1));
        return static_cast<uint8_t>(value);
    }

    void set(Word reg, uint8_t value)
    {
        EXPECT_TRUE(sys.store(kPage + reg, value, 1));
    }

    void send(const std::string &text)
    {
        for (char c : text) {
            set(DATA, static_cast<uint8_t>(c));
        }
    }

    void receive(const std::string &text)
    {
        for (char c : text) {
            uart16550_receive(&uart, static_cast<uint8_t>(c));
        }
    }

    /* Lets so many bytes be sent. */
    void pass(uint64_t bytes)
    {
        sim_advance(sys.sim(), bytes * uart.byte_ticks);
    }

    bool pending() const
    {
        return sim_irq_pending(sys.sim(), kLine);
    }

    System sys;
    struct uart16550 uart;
};

TEST_F(UartTest, ByteIsSentInItsTime)
{
    EXPECT_EQ(uart.byte_ticks, 868u) << "10 bits at 115200 baud and 10 MHz";
    EXPECT_EQ(get(LSR), 0x60);
    send("a");
    EXPECT_EQ(get(LSR), 0x20) << "room for the next one, but not idle";
    sim_advance(sys.sim(), uart.byte_ticks - 1);
    EXPECT_EQ(sys.console(), "");
    sim_advance(sys.sim(), 1);
    EXPECT_EQ(sys.console(), "a");
    EXPECT_EQ(get(LSR), 0x60);
}

TEST_F(UartTest, WithoutFifoOneByteWaits)
{
    send("ab");
    EXPECT_EQ(get(LSR), 0x00);
    send("c");
    pass(5);
    EXPECT_EQ(sys.console(), "ab") << "the third byte had no place";
}

TEST_F(UartTest, FifoHolds16)
{
    set(FCR, 1);
    send("0123456789abcdefXY");
    pass(1);
    EXPECT_EQ(sys.console(), "0");
    EXPECT_EQ(get(LSR), 0x00);
    pass(16);
    EXPECT_EQ(sys.console(), "0123456789abcdefX") << "one was in the shift register at once";
    EXPECT_EQ(get(LSR), 0x60);
}

TEST_F(UartTest, ClearedFifoSendsOnlyWhatIsOnItsWay)
{
    set(FCR, 1);
    send("abc");
    set(FCR, 5);
    pass(3);
    EXPECT_EQ(sys.console(), "a");
}

TEST_F(UartTest, EmptyTransmitterInterruptsOnce)
{
    set(FCR, 1);
    EXPECT_FALSE(pending());
    set(IER, 2);
    EXPECT_TRUE(pending()) << "who begins to listen is told";
    EXPECT_EQ(get(IIR), 0xc2);
    EXPECT_EQ(get(IIR), 0xc1) << "reading it cleared it";
    EXPECT_FALSE(pending());
    send("abc");
    EXPECT_FALSE(pending());
    pass(1);
    EXPECT_FALSE(pending());
    pass(1);
    EXPECT_TRUE(pending()) << "the last one has left the FIFO";
    send("d");
    EXPECT_FALSE(pending()) << "writing clears it, too";
}

TEST_F(UartTest, ReceivedBytesInterruptUntilTheyAreRead)
{
    set(IER, 1);
    receive("x");
    EXPECT_TRUE(pending());
    EXPECT_EQ(get(IIR), 0x04);
    EXPECT_EQ(get(LSR), 0x61);
    EXPECT_EQ(get(DATA), 'x');
    EXPECT_FALSE(pending());
    EXPECT_EQ(get(LSR), 0x60);
    EXPECT_EQ(get(DATA), 0) << "nothing there";
}

TEST_F(UartTest, FewerBytesThanTheTriggerLevelAreATimeout)
{
    set(FCR, 0x41); /* 4 bytes. */
    set(IER, 1);
    receive("abc");
    EXPECT_EQ(get(IIR), 0xcc);
    receive("d");
    EXPECT_EQ(get(IIR), 0xc4);
    set(FCR, 0x43);
    EXPECT_EQ(get(IIR), 0xc1) << "cleared";
}

TEST_F(UartTest, OverrunIsToldOnce)
{
    set(IER, 5);
    receive("ab");
    EXPECT_EQ(get(IIR), 0x06);
    EXPECT_EQ(get(LSR), 0x63);
    EXPECT_EQ(get(LSR), 0x61);
    EXPECT_EQ(get(IIR), 0x04);
    EXPECT_EQ(get(DATA), 'a') << "the one that came first";
}

TEST_F(UartTest, LoopbackReceivesWhatIsSentAndNothingElse)
{
    set(MCR, 0x1b);
    EXPECT_EQ(get(MSR), 0xb0);
    set(MCR, 0x10);
    EXPECT_EQ(get(MSR), 0x00);
    send("q");
    receive("w");
    pass(1);
    EXPECT_EQ(sys.console(), "");
    EXPECT_EQ(get(DATA), 'q');
    EXPECT_EQ(get(LSR), 0x60);
}

TEST_F(UartTest, RegistersKeepWhatTheyShould)
{
    EXPECT_EQ(get(MSR), 0xb0) << "connected";
    set(SCR, 0x5a);
    EXPECT_EQ(get(SCR), 0x5a);
    set(MCR, 0xff);
    EXPECT_EQ(get(MCR), 0x1f);
    set(MCR, 0);
    set(IER, 0xff);
    EXPECT_EQ(get(IER), 0x0f);
    set(LCR, 0x83);
    set(DATA, 0x12);
    set(IER, 0x34);
    EXPECT_EQ(get(DATA), 0x12);
    EXPECT_EQ(get(IER), 0x34);
    set(LCR, 0x03);
    EXPECT_EQ(get(LCR), 0x03);
    EXPECT_EQ(get(IER), 0x0f);
    set(LSR, 0xff);
    set(MSR, 0xff);
    EXPECT_EQ(get(LSR), 0x60);
    pass(1);
    EXPECT_EQ(sys.console(), "") << "a divisor is not sent";
    Word value = 1;
    EXPECT_TRUE(sys.load(kPage + 0x80, &value, 1));
    EXPECT_EQ(value, 0u);
    EXPECT_TRUE(sys.store(kPage + 0x80, 1, 1));
}

/* The root gets the interrupt of a port whose level counts. */
struct UartLevelTest : UartTest {
    UartLevelTest() : UartTest(false)
    {
        ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
        handler = sys.alloc_slot();
        EXPECT_OK(sys.IRQControl_Get(kIrqControl, kLine, kCNode, handler, 64));
        EXPECT_OK(sys.IRQHandler_SetNotification(handler, sys.mint(ntfn, 1)));
    }

    bool signalled()
    {
        return sys.nb_wait(ntfn).badge == 1;
    }

    CPtr ntfn = 0;
    CPtr handler = 0;
};

TEST_F(UartLevelTest, InterruptComesAgainUntilTheReasonIsGone)
{
    set(FCR, 1);
    set(IER, 1);
    receive("ab");
    EXPECT_TRUE(signalled());
    EXPECT_FALSE(signalled()) << "not completed yet";
    EXPECT_EQ(get(DATA), 'a');
    EXPECT_OK(sys.IRQHandler_Ack(handler));
    EXPECT_TRUE(signalled()) << "there is another byte";
    EXPECT_EQ(get(DATA), 'b');
    EXPECT_OK(sys.IRQHandler_Ack(handler));
    EXPECT_FALSE(signalled());
}

/* ---- Devices and snapshots, alarms, power ---- */

TEST_F(UartTest, SnapshotHasTheBytesOnTheirWay)
{
    set(FCR, 1);
    send("abc");
    pass(1);
    Snapshot snapshot = sys.snapshot();
    for (int round = 0; round < 2; round++) {
        EXPECT_EQ(sys.console(), "a");
        pass(2);
        EXPECT_EQ(sys.console(), "abc");
        set(FCR, 0);
        set(SCR, 7);
        sys.restore(snapshot);
        EXPECT_EQ(get(SCR), 0);
        EXPECT_EQ(get(LSR), 0x00);
    }
}

TEST_F(UartTest, IdleMachineWaitsForTheDevice)
{
    CPtr ntfn = sys.make(ABI_OBJECT_NOTIFICATION);
    CPtr handler = sys.alloc_slot();
    ASSERT_OK(sys.IRQControl_Get(kIrqControl, kLine, kCNode, handler, 64));
    ASSERT_OK(sys.IRQHandler_SetNotification(handler, ntfn));
    set(FCR, 1);
    send("abc");
    set(IER, 2);
    uint64_t start = sim_now(sys.sim());
    EXPECT_FALSE(sys.wait(ntfn).returned);
    while (sim_is_idle(sys.sim())) {
        ASSERT_TRUE(sim_run_idle(sys.sim()));
    }
    EXPECT_EQ(sim_now(sys.sim()) - start, 2 * uart.byte_ticks);
    EXPECT_CURRENT(sys, sys.root());
}

TEST(Devices, AlarmNeedsADevice)
{
    System sys;
    sys.expect_panic();
    sim_set_alarm(sys.sim(), &sys, 5);
    EXPECT_TRUE(sys.panicked());
}

TEST(Devices, StateNeedsADevice)
{
    System sys;
    sys.expect_panic();
    sim_device_state(sys.sim(), 1, nullptr);
    EXPECT_TRUE(sys.panicked());
}

/* The board's devices are where the tree says; the root has access to the finisher's page. */
struct BoardTest : ::testing::Test {
    BoardTest() : sys(options(&devices))
    {
        EXPECT_TRUE(board_devices_attach(&devices, sys.sim()));
        const struct sim_config *config = sim_config_of(sys.sim());
        EXPECT_EQ(config->dtb_size, board_tree_size);
        EXPECT_EQ(board_tree[0], 0xd0) << "the magic number of a device tree";
    }

    static SystemOptions options(struct board_devices *devices)
    {
        SystemOptions o;
        o.configure = [devices](sim_config &config) {
            board_devices_describe(devices, &config, 1);
        };
        return o;
    }

    /* The boot untyped that begins at address 0 has the finisher 1 MiB on. */
    CPtr finisher_frame()
    {
        CPtr low = 0;
        for (CPtr slot = 16; low == 0 && slot < 4096; slot++) {
            const struct cap &cap = sys.cap_at(slot);
            low = cap.type == CAP_UNTYPED && cap.device && cap.paddr == 0 ? slot : 0;
        }
        CPtr frame = sys.alloc_slot();
        EXPECT_OK(sys.retype(low, ABI_OBJECT_UNTYPED, 20, sys.alloc_slot()));
        EXPECT_OK(sys.retype(low, ABI_OBJECT_PAGE_4K, 0, frame));
        EXPECT_EQ(sys.cap_at(frame).paddr, BOARD_FINISHER_PADDR);
        return frame;
    }

    void write(uint64_t offset, uint64_t value)
    {
        CPtr frame = finisher_frame();
        sys.map_tables(kVSpace, kPage);
        EXPECT_OK(sys.RISCV_Page_Map(frame, kVSpace, kPage, 3, 0));
        sys.store(kPage + offset, value, 4);
    }

    struct board_devices devices;
    System sys;
};

TEST(BoardTree, HasSeedAndMemory)
{
    struct sim_config config;
    static struct board_devices one, again, two;
    sim_config_default(&config);
    board_devices_describe(&one, &config, 1);
    board_devices_describe(&again, &config, 1);
    board_devices_describe(&two, &config, 2);
    EXPECT_EQ(memcmp(one.tree, again.tree, board_tree_size), 0);
    uint64_t different = 0;
    for (uint64_t i = 0; i < board_tree_size; i++) {
        different += one.tree[i] != two.tree[i];
    }
    EXPECT_GT(different, 16u) << "32 bytes of /chosen/rng-seed";
    EXPECT_LE(different, 32u);
    sim_config_memory(&config, 0x1000000);
    board_devices_describe(&two, &config, 1);
    EXPECT_NE(memcmp(one.tree, two.tree, board_tree_size), 0) << "another size of RAM";
}

TEST_F(BoardTest, FinisherSwitchesOff)
{
    write(0, 0x5555);
    EXPECT_EQ(sim_status(sys.sim()), SIM_HALTED);
}

TEST_F(BoardTest, FinisherCountsAFailureAsOne)
{
    sys.expect_panic();
    write(0, 0x13333);
    EXPECT_TRUE(sys.panicked());
    EXPECT_NE(sys.message_of_panic().find("says that it failed"), std::string::npos);
}

TEST_F(BoardTest, FinisherIgnoresWhatItDoesNotKnow)
{
    write(4, 0x5555);
    sys.store(kPage, 1, 4);
    Word value = 1;
    EXPECT_TRUE(sys.load(kPage, &value, 4));
    EXPECT_EQ(value, 0u);
    EXPECT_TRUE(sys.alive());
}

TEST_F(BoardTest, PortIsWhereTheBoardHasIt)
{
    EXPECT_EQ(devices.uart.irq, BOARD_UART_IRQ);
    EXPECT_FALSE(uart16550_add(&devices.uart, sys.sim(), BOARD_UART_PADDR, 1)) << "taken";
}

TEST(Devices, BoardNeedsItsAddresses)
{
    SystemOptions o;
    o.configure = [](sim_config &config) {
        config.ram_count = 1;
        config.ram[0] = {0x10000000, 0x12000000};
        config.reserved_count = 0;
    };
    System sys(o);
    struct board_devices devices;
    EXPECT_FALSE(board_devices_attach(&devices, sys.sim()));
}

} // namespace
