/* SPDX-License-Identifier: BSD-2-Clause */

/* What programs find in the device tree, and how the console uses what it names. */
#include <cstring>
#include <map>
#include <vector>

#include "gtest/gtest.h"
#include "tests/fdt/tree.h"
#include "tests/user/fake_kernel.h"
#include "tests/user/fake_port.h"

extern "C" {
#include "user/lib/console.h"
#include "user/lib/devices.h"
}

namespace {

using albireo::Bytes;
using albireo::Tree;

struct DevicesTest : ::testing::Test {
    void SetUp() override
    {
        fake_reset();
        place_reset();
        memset(&info_, 0, sizeof(info_));
    }

    /* The tree is in the extra BootInfo, after a chunk of another kind. */
    void give(const Bytes &blob)
    {
        seL4_BootInfoHeader padding = {SEL4_BOOTINFO_HEADER_PADDING, 24};
        seL4_BootInfoHeader header = {SEL4_BOOTINFO_HEADER_FDT, sizeof(header) + blob.size()};
        extra_.assign(padding.len, 0);
        memcpy(extra_.data(), &padding, sizeof(padding));
        auto *bytes = reinterpret_cast<const uint8_t *>(&header);
        extra_.insert(extra_.end(), bytes, bytes + sizeof(header));
        extra_.insert(extra_.end(), blob.begin(), blob.end());
        info_.extraLen = extra_.size();
        place.extra_bootinfo = extra_.data();
    }

    struct devices find(Tree *tree)
    {
        struct devices devices;
        give(tree->blob());
        devices_find(&devices, &info_);
        return devices;
    }

    seL4_BootInfo info_;
    Bytes extra_;
};

/* A root and a bus with 64-bit addresses; both stay open. */
Tree &begin(Tree *tree)
{
    return tree->begin("")
        .cells("#address-cells", {2})
        .cells("#size-cells", {2})
        .begin("soc")
        .cells("#address-cells", {2})
        .cells("#size-cells", {2})
        .empty("ranges");
}

Tree &device(Tree *tree, const char *name, const char *compatible, uint32_t paddr)
{
    return tree->begin(name).strings("compatible", {compatible}).cells("reg", {0, paddr, 0, 0x100});
}

TEST_F(DevicesTest, SerialPortIsTheConsole)
{
    Tree tree;
    begin(&tree);
    device(&tree, "serial@1000", "ns16550a", 0x1000).cells("interrupts", {3}).end();
    device(&tree, "serial@2000", "sifive,uart0", 0x2000).cells("interrupts", {7}).end();
    tree.end().begin("chosen").strings("stdout-path", {"second:115200"}).end();
    tree.begin("aliases").strings("second", {"/soc/serial@2000"}).end().end();
    struct devices found = find(&tree);
    EXPECT_EQ(found.serial.kind, SERIAL_SIFIVE);
    EXPECT_EQ(found.serial.paddr, 0x2000u);
    EXPECT_EQ(found.serial.irq, 7u);
    EXPECT_EQ(found.switch_count, 0u);
}

TEST_F(DevicesTest, WithoutConsoleItIsTheFirstEnabledOne)
{
    Tree tree;
    begin(&tree);
    device(&tree, "serial@1000", "ns16550a", 0x1000).strings("status", {"disabled"}).end();
    device(&tree, "serial@2000", "ns16550", 0x2000)
        .cells("reg-shift", {2})
        .cells("reg-io-width", {4})
        .end();
    device(&tree, "serial@3000", "ns16550a", 0x3000).end().end().end();
    struct devices found = find(&tree);
    EXPECT_EQ(found.serial.kind, SERIAL_NS16550);
    EXPECT_EQ(found.serial.paddr, 0x2000u);
    EXPECT_EQ(found.serial.irq, 0u) << "it has none";
    EXPECT_EQ(found.serial.reg_shift, 2u);
    EXPECT_EQ(found.serial.reg_width, 4u);
}

TEST_F(DevicesTest, PortThatCannotBeUsedIsNone)
{
    Tree tree;
    begin(&tree);
    device(&tree, "serial@1000", "ns16550a", 0x1000).cells("reg-io-width", {2}).end();
    device(&tree, "serial@2000", "ns16550a", 0x2000).cells("reg-shift", {9}).end();
    device(&tree, "serial@3000", "arm,pl011", 0x3000).end();
    tree.begin("serial@4000").strings("compatible", {"ns16550a"}).end().end().end();
    EXPECT_EQ(find(&tree).serial.kind, SERIAL_NONE);
}

TEST_F(DevicesTest, SwitchesAreTheBestFirst)
{
    Tree tree;
    begin(&tree);
    device(&tree, "test@1000", "sifive,test0", 0x1000).cells("phandle", {1}).end();
    device(&tree, "gpio@2000", "sifive,gpio0", 0x2000).cells("phandle", {2}).end().end();
    tree.begin("restart").strings("compatible", {"gpio-restart"}).cells("gpios", {2, 10, 1}).end();
    tree.begin("off").strings("compatible", {"gpio-poweroff"}).cells("gpios", {2, 3, 0}).end();
    tree.begin("poweroff")
        .strings("compatible", {"syscon-poweroff"})
        .cells("regmap", {1})
        .cells("offset", {8})
        .cells("value", {0x1234})
        .end()
        .end();
    struct devices found = find(&tree);
    ASSERT_EQ(found.switch_count, 4u);
    EXPECT_EQ(found.switches[0].kind, DEVICES_SWITCH_REGISTER);
    EXPECT_EQ(found.switches[0].paddr, 0x1008u);
    EXPECT_EQ(found.switches[0].value, 0x1234u);
    EXPECT_EQ(found.switches[1].paddr, 0x1000u);
    EXPECT_EQ(found.switches[1].value, 0x5555u);
    EXPECT_EQ(found.switches[2].kind, DEVICES_SWITCH_GPIO);
    EXPECT_EQ(found.switches[2].value, 1u << 3);
    EXPECT_FALSE(found.switches[2].active_low);
    EXPECT_EQ(found.switches[3].paddr, 0x2000u);
    EXPECT_EQ(found.switches[3].value, 1u << 10);
    EXPECT_TRUE(found.switches[3].active_low);
}

TEST_F(DevicesTest, SwitchWithoutItsDeviceIsNone)
{
    Tree tree;
    begin(&tree);
    device(&tree, "gpio@2000", "other,gpio", 0x2000).cells("phandle", {2}).end().end();
    tree.begin("restart").strings("compatible", {"gpio-restart"}).cells("gpios", {2, 10, 1}).end();
    tree.begin("off").strings("compatible", {"gpio-poweroff"}).cells("gpios", {2, 32, 1}).end();
    tree.begin("poweroff")
        .strings("compatible", {"syscon-poweroff"})
        .cells("regmap", {9})
        .cells("value", {1})
        .end()
        .end();
    EXPECT_EQ(find(&tree).switch_count, 0u);
}

TEST_F(DevicesTest, TimebaseIsThatOfTheCpus)
{
    Tree tree;
    tree.begin("").begin("cpus").cells("timebase-frequency", {1000000}).end().end();
    give(tree.blob());
    EXPECT_EQ(devices_timebase(&info_), 1000000u);
}

TEST_F(DevicesTest, NothingIsFoundWithoutATree)
{
    struct devices devices;
    devices_find(&devices, &info_);
    EXPECT_EQ(devices.serial.kind, SERIAL_NONE);
    EXPECT_EQ(devices.switch_count, 0u);
    EXPECT_EQ(devices_timebase(&info_), 0u);
    give(Bytes(100, 0));
    EXPECT_EQ(devices_timebase(&info_), 0u) << "that is no tree";
    extra_[8] = 8;
    EXPECT_EQ(devices_timebase(&info_), 0u) << "a chunk shorter than its header";
    extra_[8] = 255;
    EXPECT_EQ(devices_timebase(&info_), 0u) << "or longer than all of them";
}

/* ---- The console ---- */

struct ConsoleTest : DevicesTest {
    void SetUp() override
    {
        DevicesTest::SetUp();
        fake.buffer->userData = 0;
        place.store = [this](uint64_t vaddr, uint32_t size, uint64_t value) {
            EXPECT_EQ(size, 4u);
            stores.push_back({place.now_us, vaddr, value});
            regs[vaddr] = value;
        };
        place.load = [this](uint64_t vaddr, uint32_t) {
            return regs[vaddr];
        };
        console.page_count = 1;
        console.pages[0].paddr = 0x10000;
        console.pages[0].vaddr = 0x5000;
    }

    struct Store {
        uint64_t time;
        uint64_t vaddr;
        uint64_t value;
        bool operator==(const Store &other) const
        {
            return time == other.time && vaddr == other.vaddr && value == other.value;
        }
    };

    struct console console = {};
    std::vector<Store> stores;
    std::map<uint64_t, uint64_t> regs;
};

TEST_F(ConsoleTest, ThreadWithoutOneWritesNowhere)
{
    console.serial = {SERIAL_SIFIVE, 0x5000, 0, 1};
    console_put('x');
    console_switch_off();
    EXPECT_TRUE(stores.empty());
    console_use(&console);
    console_put('x');
    EXPECT_EQ(stores.size(), 1u);
    console_use(seL4_Null);
    console_put('x');
    EXPECT_EQ(stores.size(), 1u);
}

TEST_F(ConsoleTest, NewlineIsWhatTerminalsWant)
{
    console.serial = {SERIAL_SIFIVE, 0x5000, 0, 1};
    console_use(&console);
    console_put('\n');
    EXPECT_EQ(stores, (std::vector<Store>{{0, 0x5000, '\r'}, {0, 0x5000, '\n'}}));
}

TEST_F(ConsoleTest, SwitchesAreTriedInTurn)
{
    console.devices.switch_count = 2;
    console.devices.switches[0] = {DEVICES_SWITCH_REGISTER, 0x10010, 0x5555, false};
    console.devices.switches[1] = {DEVICES_SWITCH_GPIO, 0x10100, 1u << 10, true};
    regs[0x5108] = 1; /* Another pin is driven, and low. */
    console_use(&console);
    console_switch_off();
    EXPECT_EQ(stores, (std::vector<Store>{{0, 0x5010, 0x5555},
                                          {100000, 0x510c, 0x400},
                                          {100000, 0x5108, 0x401},
                                          {200000, 0x510c, 0x000},
                                          {300000, 0x510c, 0x400}}));
}

TEST_F(ConsoleTest, ActiveHighPinIsDrivenHigh)
{
    console.devices.switch_count = 1;
    console.devices.switches[0] = {DEVICES_SWITCH_GPIO, 0x10100, 2, false};
    regs[0x510c] = 0x82;
    console_use(&console);
    console_switch_off();
    EXPECT_EQ(
        stores,
        (std::vector<Store>{
            {0, 0x510c, 0x80}, {0, 0x5108, 0x02}, {100000, 0x510c, 0x82}, {200000, 0x510c, 0x80}}));
}

TEST_F(ConsoleTest, FrameIsFoundByAnyAddressInItsPage)
{
    console.pages[0].frame = 77;
    EXPECT_EQ(console_frame(&console, 0x10123), 77u);
    EXPECT_EQ(console_frame(&console, 0x11000), seL4_CapNull);
}

} // namespace
