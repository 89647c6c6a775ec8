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

constexpr uint32_t kPlic = 50; /* Its phandle. */

Tree &plic(Tree *tree, const char *compatible = "sifive,plic-1.0.0")
{
    return device(tree, "plic@c000000", compatible, 0xc000000)
        .cells("#interrupt-cells", {1})
        .cells("phandle", {kPlic})
        .end();
}

TEST_F(DevicesTest, SerialPortIsTheConsole)
{
    Tree tree;
    begin(&tree).cells("interrupt-parent", {kPlic});
    plic(&tree);
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
    device(&tree, "serial@4fff", "ns16550a", 0x4fff).end();
    device(&tree, "serial@5001", "sifive,uart0", 0x5001).end();
    device(&tree, "serial@6000", "ns16550a", 0x6000).cells("reg-offset", {0x100}).end();
    device(&tree, "serial@7000", "ns16550a", 0x7000).cells("reg-io-width", {4}).end();
    tree.begin("serial@8000").strings("compatible", {"ns16550a"}).end().end().end();
    EXPECT_EQ(find(&tree).serial.kind, SERIAL_NONE);
}

TEST_F(DevicesTest, RegistersOf16550CanBeginLater)
{
    Tree tree;
    begin(&tree);
    device(&tree, "serial@1000", "ns16550a", 0x1000)
        .cells("reg-offset", {0x20})
        .cells("interrupts", {3})
        .end()
        .end()
        .end();
    EXPECT_EQ(find(&tree).serial.paddr, 0x1020u);
    EXPECT_EQ(find(&tree).serial.irq, 0u) << "nobody says whose interrupt that is";
}

/* ---- Interrupts: only the PLIC's count ---- */

struct InterruptTest : DevicesTest {
    /* Of a port on a bus with `bus_parent`, which has one of its own or not. */
    uint32_t irq(uint32_t bus_parent, uint32_t own_parent, const std::vector<uint32_t> &extended,
                 const char *controller = "sifive,plic-1.0.0")
    {
        Tree tree;
        begin(&tree).cells("interrupt-parent", {bus_parent});
        plic(&tree, controller);
        device(&tree, "gpio@1000", "sifive,gpio0", 0x1000).cells("#interrupt-cells", {2});
        tree.cells("phandle", {kGpio}).end();
        device(&tree, "serial@2000", "ns16550a", 0x2000).cells("interrupts", {7});
        if (own_parent != 0) {
            tree.cells("interrupt-parent", {own_parent});
        }
        if (!extended.empty()) {
            tree.cells("interrupts-extended", extended);
        }
        tree.end().end().end();
        struct devices found = find(&tree);
        EXPECT_EQ(found.serial.kind, SERIAL_NS16550);
        return found.serial.irq;
    }

    static constexpr uint32_t kGpio = 51;
    static constexpr uint32_t kNobody = 52;
};

TEST_F(InterruptTest, ParentIsOwnOrInherited)
{
    EXPECT_EQ(irq(kPlic, 0, {}), 7u);
    EXPECT_EQ(irq(kPlic, 0, {}, "riscv,plic0"), 7u);
    EXPECT_EQ(irq(kGpio, kPlic, {}), 7u);
    EXPECT_EQ(irq(kGpio, 0, {}), 0u);
    EXPECT_EQ(irq(kPlic, kGpio, {}), 0u);
    EXPECT_EQ(irq(kPlic, kNobody, {}), 0u);
    EXPECT_EQ(irq(kPlic, 0, {}, "riscv,aplic"), 0u);
}

TEST_F(InterruptTest, ExtendedOnesGoFirst)
{
    EXPECT_EQ(irq(kGpio, 0, {kPlic, 9}), 9u);
    EXPECT_EQ(irq(kPlic, 0, {kGpio, 9, 4}), 0u);
    EXPECT_EQ(irq(kPlic, 0, {kPlic}), 0u) << "cut off";
}

TEST_F(InterruptTest, ControllerAmongTheAncestorsIsTheParent)
{
    Tree tree;
    begin(&tree).cells("interrupt-parent", {kPlic});
    plic(&tree);
    tree.begin("nexus").cells("#interrupt-cells", {1}).cells("#address-cells", {2});
    tree.cells("#size-cells", {2}).empty("ranges");
    device(&tree, "serial@2000", "ns16550a", 0x2000).cells("interrupts", {7}).end();
    tree.end().end().end();
    EXPECT_EQ(find(&tree).serial.paddr, 0x2000u);
    EXPECT_EQ(find(&tree).serial.irq, 0u);
}

/* ---- Switches ---- */

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
    EXPECT_EQ(found.switches[0].mask, 0xffffffffu);
    EXPECT_EQ(found.switches[1].paddr, 0x1000u);
    EXPECT_EQ(found.switches[1].value, 0x5555u);
    EXPECT_EQ(found.switches[1].mask, 0xffffffffu);
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

/* One syscon-poweroff, of a device with 0x100 bytes of registers. */
struct devices find_syscon(DevicesTest *test, uint32_t offset, uint32_t mask)
{
    Tree tree;
    begin(&tree);
    device(&tree, "test@1000", "other,test", 0x1000).cells("phandle", {1}).end().end();
    tree.begin("poweroff")
        .strings("compatible", {"syscon-poweroff"})
        .cells("regmap", {1})
        .cells("offset", {offset})
        .cells("value", {0x34})
        .cells("mask", {mask})
        .end()
        .end();
    return test->find(&tree);
}

TEST_F(DevicesTest, SwitchMayBeBitsOfARegister)
{
    struct devices found = find_syscon(this, 8, 0xff);
    ASSERT_EQ(found.switch_count, 1u);
    EXPECT_EQ(found.switches[0].value, 0x34u);
    EXPECT_EQ(found.switches[0].mask, 0xffu);
}

TEST_F(DevicesTest, SwitchOutsideOfItsDeviceIsNone)
{
    EXPECT_EQ(find_syscon(this, 0x100, 0xff).switch_count, 0u);
    EXPECT_EQ(find_syscon(this, 6, 0xff).switch_count, 0u) << "not aligned";
}

/* ---- Time ---- */

/* Of two harts, which may be enabled. */
uint64_t timebase(DevicesTest *test, uint32_t cpus, const char *status0, uint32_t cpu0,
                  uint32_t cpu1)
{
    Tree tree;
    tree.begin("").begin("cpus");
    if (cpus != 0) {
        tree.cells("timebase-frequency", {cpus});
    }
    tree.begin("cpu-map").cells("timebase-frequency", {5}).end();
    tree.begin("cpu@0").strings("device_type", {"cpu"}).strings("status", {status0});
    tree.cells("timebase-frequency", {cpu0}).end();
    tree.begin("cpu@1").strings("device_type", {"cpu"});
    tree.cells("timebase-frequency", {cpu1}).end().end().end();
    test->give(tree.blob());
    return devices_timebase(&test->info_);
}

TEST_F(DevicesTest, TimebaseMayBeThatOfAHart)
{
    EXPECT_EQ(timebase(this, 3000000, "okay", 1000000, 2000000), 3000000u);
    EXPECT_EQ(timebase(this, 0, "okay", 1000000, 2000000), 1000000u);
    EXPECT_EQ(timebase(this, 0, "disabled", 1000000, 2000000), 2000000u);
    EXPECT_EQ(timebase(this, 0, "okay", 0, 2000000), 2000000u);
    EXPECT_EQ(timebase(this, 0, "okay", 0, 0), 0u);
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
    console.devices.switches[0] = {DEVICES_SWITCH_REGISTER, 0x10010, 0x5555, ~0u, false};
    console.devices.switches[1] = {DEVICES_SWITCH_GPIO, 0x10100, 1u << 10, 0, true};
    regs[0x5108] = 1; /* Another pin is driven, and low. */
    console_use(&console);
    console_switch_off();
    EXPECT_EQ(stores, (std::vector<Store>{{0, 0x5010, 0x5555},
                                          {100000, 0x510c, 0x400},
                                          {100000, 0x5108, 0x401},
                                          {200000, 0x510c, 0x000},
                                          {300000, 0x510c, 0x400}}));
}

TEST_F(ConsoleTest, BitsOutsideOfTheMaskStay)
{
    console.devices.switch_count = 2;
    console.devices.switches[0] = {DEVICES_SWITCH_REGISTER, 0x10010, 0xf034, 0xff, false};
    console.devices.switches[1] = {DEVICES_SWITCH_REGISTER, 0x10020, 0x34, ~0u, false};
    regs[0x5010] = 0x1256;
    place.load = [this](uint64_t vaddr, uint32_t) {
        EXPECT_NE(vaddr, 0x5020u) << "what is written as a whole need not be read";
        return regs[vaddr];
    };
    console_use(&console);
    console_switch_off();
    EXPECT_EQ(stores, (std::vector<Store>{{0, 0x5010, 0x1234}, {100000, 0x5020, 0x34}}));
}

TEST_F(ConsoleTest, ActiveHighPinIsDrivenHigh)
{
    console.devices.switch_count = 1;
    console.devices.switches[0] = {DEVICES_SWITCH_GPIO, 0x10100, 2, 0, false};
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

/* With device memory below 0x80000000 only, and a kernel that allows everything. */
struct OpenTest : ConsoleTest {
    void SetUp() override
    {
        ConsoleTest::SetUp();
        place.load = [](uint64_t vaddr, uint32_t) {
            return vaddr % 0x1000 == 0x14 ? uint64_t{1} : uint64_t{0}; /* Nothing to be sent. */
        };
        alloc.slot_next = 10;
        alloc.slot_end = 1000;
        alloc.untyped_count = 1;
        alloc.untypeds[0] = {1, 0, 0, 31, true};
    }

    seL4_Error open(uint32_t port, uint32_t finisher, uint32_t gpio)
    {
        Tree tree;
        begin(&tree);
        device(&tree, "serial", "sifive,uart0", port).end();
        device(&tree, "test", "sifive,test0", finisher).end();
        device(&tree, "gpio", "sifive,gpio0", gpio).cells("phandle", {2}).end().end();
        tree.begin("off").strings("compatible", {"gpio-poweroff"}).cells("gpios", {2, 3, 0}).end();
        tree.end();
        give(tree.blob());
        return console_open(&console, &alloc, &space, &info_);
    }

    struct alloc alloc = {};
    struct space space = {3};
};

TEST_F(OpenTest, HasWhatTheTreeNames)
{
    EXPECT_EQ(open(0x10000000, 0x100000, 0x10060000), seL4_NoError);
    EXPECT_EQ(console.page_count, 3u);
    EXPECT_EQ(console.devices.serial.kind, SERIAL_SIFIVE);
    EXPECT_EQ(console.devices.switch_count, 2u);
}

TEST_F(OpenTest, SwitchInRamIsDropped)
{
    EXPECT_EQ(open(0x10000000, 0x80001000, 0x10060000), seL4_NoError);
    EXPECT_EQ(console.page_count, 2u);
    EXPECT_EQ(console.devices.serial.kind, SERIAL_SIFIVE);
    ASSERT_EQ(console.devices.switch_count, 1u);
    EXPECT_EQ(console.devices.switches[0].paddr, 0x10060000u);
    EXPECT_EQ(console_frame(&console, 0x80001000), seL4_CapNull);
    EXPECT_NE(console_frame(&console, 0x10000000), seL4_CapNull);
    EXPECT_NE(console_frame(&console, 0x10060000), seL4_CapNull);
}

TEST_F(OpenTest, PortInRamIsNone)
{
    EXPECT_EQ(open(0x80001000, 0x100000, 0x80002000), seL4_NoError);
    EXPECT_EQ(console.devices.serial.kind, SERIAL_NONE);
    EXPECT_EQ(console.devices.serial.irq, 0u);
    EXPECT_EQ(console.serial.kind, SERIAL_NONE);
    ASSERT_EQ(console.devices.switch_count, 1u);
    EXPECT_EQ(console.devices.switches[0].paddr, 0x100000u);
}

#ifndef CONFIG_PRINTING
TEST_F(OpenTest, PortThatNeverSendsIsNotUsed)
{
    EXPECT_EQ(open(0x10000000, 0x100000, 0x10060000), seL4_NoError);
    EXPECT_EQ(console.serial.kind, SERIAL_SIFIVE);
    console = {};
    OpenTest::SetUp();
    place.load = [](uint64_t, uint32_t) {
        return uint64_t{0};
    };
    EXPECT_EQ(open(0x10000000, 0x100000, 0x10060000), seL4_NoError);
    EXPECT_EQ(console.serial.kind, SERIAL_NONE);
    uint64_t start = place.now_us;
    console_put('x');
    EXPECT_EQ(place.now_us, start);
}
#endif

} // namespace
