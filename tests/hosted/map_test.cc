/* SPDX-License-Identifier: BSD-2-Clause */

/* Memory maps: those that boot, and those that are refused, each with the reason. */
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "tests/support/core.h"

namespace {

struct sim_config defaults()
{
    struct sim_config config;
    sim_config_default(&config);
    return config;
}

/* The message with which this machine is refused; "" if it boots. */
std::string refusal(const struct sim_config &config)
{
    struct sim_error error;
    struct sim *sim = sim_create(&config, &error);
    std::string text = sim == nullptr ? error.text : "";
    EXPECT_EQ(sim == nullptr, !text.empty());
    sim_destroy(sim);
    return text;
}

void expect_refused(const struct sim_config &config, const std::string &part)
{
    std::string text = refusal(config);
    EXPECT_NE(text.find(part), std::string::npos) << "got: " << text;
}

} // namespace

TEST(Map, DefaultBoots)
{
    EXPECT_EQ(refusal(defaults()), "");
}

TEST(Map, SeveralRegionsBoot)
{
    struct sim_config config = defaults();
    config.ram_count = 3;
    config.ram[0] = {0x90000000, 0x90800000};
    config.ram[1] = {0x80000000, 0x80800000};
    config.ram[2] = {0x100000000, 0x100400000};
    config.reserved_count = 3;
    config.reserved[1] = {0x90100000, 0x90200000};
    config.reserved[2] = {0x90180000, 0x90300000}; /* They may overlap. */
    EXPECT_EQ(refusal(config), "");
}

TEST(Map, SmallMemoryIsRefused)
{
    struct sim_config config = defaults();
    sim_config_memory(&config, 0x200000); /* All of it is the firmware's. */
    expect_refused(config, "no room in RAM for the kernel");
    sim_config_memory(&config, 0x200000 + 0x10000);
    EXPECT_NE(refusal(config), "");
}

TEST(Map, BadRamIsRefused)
{
    struct sim_config config = defaults();
    config.ram_count = 0;
    expect_refused(config, "no RAM region");

    config = defaults();
    config.ram_count = 2;
    config.ram[1] = {0x83FFF000, 0x85000000};
    expect_refused(config, "0x83fff000..0x85000000 overlaps RAM region 0x80000000..0x84000000");

    config = defaults();
    config.ram[0].end += 1;
    expect_refused(config, "whole pages");

    config = defaults();
    config.ram[0].end = config.ram[0].start;
    expect_refused(config, "is empty");

    config = defaults();
    config.ram[0].end = 0x8000001000;
    expect_refused(config, "beyond");

    config = defaults();
    config.ram[0].end = config.ram[0].start + SIM_RAM_LIMIT + 0x1000;
    expect_refused(config, "limit");

    config = defaults();
    config.ram_count = BOOT_REGIONS_MAX + 1;
    expect_refused(config, "too many regions");
}

TEST(Map, BadImageIsRefused)
{
    struct sim_config config = defaults();
    config.image_size = 100;
    expect_refused(config, "multiple of 4096");

    config = defaults();
    config.image_vaddr = 0x10001;
    expect_refused(config, "page aligned");

    config = defaults();
    config.image_vaddr = ABI_USER_TOP - 0x1000;
    expect_refused(config, "user address space");

    config = defaults();
    config.image_size = 0x8000000;
    expect_refused(config, "no room in RAM for the user image");

    config = defaults();
    config.image_paddr = 0x80000000;
    expect_refused(config, "user image does not fit at physical address 0x80000000");

    std::vector<char> data(0x11000);
    config = defaults();
    config.image_data = data.data();
    config.image_data_size = data.size();
    expect_refused(config, "larger than the image");
}

TEST(Map, ImageThatLeavesNoRoomBehindItIsRefusedByBoot)
{
    struct sim_config config = defaults();
    config.image_vaddr = ABI_USER_TOP - config.image_size;
    config.image_entry = config.image_vaddr;
    expect_refused(config, "boot failed");
}

TEST(Map, BadKernelPlaceIsRefused)
{
    struct sim_config config = defaults();
    config.kernel_paddr = 0x70000000;
    expect_refused(config, "kernel does not fit at physical address 0x70000000");
    config.kernel_paddr = 0x80300000;
    EXPECT_EQ(refusal(config), "");
}

TEST(Map, BadClocksAndInterruptsAreRefused)
{
    struct sim_config config = defaults();
    config.ticks_per_us = 0;
    EXPECT_NE(refusal(config), "");
    config = defaults();
    config.irq_max = 0;
    expect_refused(config, "irq_max");
    config.irq_max = CONFIG_IRQ_LIMIT;
    expect_refused(config, "irq_max");
}

TEST(Map, DeviceTreeReachesTheRootTask)
{
    std::vector<unsigned char> dtb(5000);
    for (size_t i = 0; i < dtb.size(); i++) {
        dtb[i] = static_cast<unsigned char>(i * 7);
    }
    struct sim_config config = defaults();
    config.dtb = dtb.data();
    config.dtb_size = dtb.size();
    struct sim *sim = sim_create(&config, nullptr);
    ASSERT_NE(sim, nullptr);
    /* a0 is BootInfo; the chunk lies a page behind it, its data 16 bytes on. */
    uint64_t bootinfo = sim_current(sim)->regs.x[REG_A0];
    uint64_t extra = 0;
    EXPECT_TRUE(sim_load(sim, bootinfo, 8, &extra));
    EXPECT_EQ(extra, 16 + dtb.size());
    for (size_t i : {size_t{0}, size_t{4079}, size_t{4080}, dtb.size() - 1}) {
        uint64_t byte = 0;
        EXPECT_TRUE(sim_load(sim, bootinfo + 4096 + 16 + i, 1, &byte));
        EXPECT_EQ(byte, dtb[i]) << i;
    }
    sim_destroy(sim);
}

TEST(Map, OnlyOneSimulatorAtATime)
{
    struct sim_config config = defaults();
    struct sim *sim = sim_create(&config, nullptr);
    ASSERT_NE(sim, nullptr);
    struct sim_error error;
    EXPECT_EQ(sim_create(&config, &error), nullptr);
    EXPECT_NE(std::string(error.text).find("another simulator"), std::string::npos);
    sim_destroy(sim);
    EXPECT_EQ(refusal(config), "");
}

TEST(Map, ManyInARow)
{
    struct sim_config config = defaults();
    config.ram[0] = {0x80000000, 0x80000000 + 0x400000};
    for (int i = 0; i < 50; i++) {
        EXPECT_EQ(refusal(config), "") << "the " << i << "th in a row";
    }
}
