/* SPDX-License-Identifier: BSD-2-Clause */

/* The command line of `albireo`. */
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "hosted/options.h"

namespace {

struct Parsed {
    bool good;
    struct options options;
    std::string error;
};

Parsed parse(std::vector<std::string> words)
{
    std::vector<char *> argv;
    for (std::string &word : words) {
        argv.push_back(word.data());
    }
    argv.push_back(nullptr);
    Parsed p = {};
    struct sim_error error = {};
    p.good = options_parse(&p.options, static_cast<int>(words.size()), argv.data(), &error);
    p.error = error.text;
    return p;
}

} // namespace

TEST(Options, Sizes)
{
    uint64_t size;
    EXPECT_TRUE(options_size("64M", &size));
    EXPECT_EQ(size, 64u << 20);
    EXPECT_TRUE(options_size("0x1000", &size));
    EXPECT_EQ(size, 0x1000u);
    EXPECT_TRUE(options_size("3G", &size));
    EXPECT_EQ(size, uint64_t{3} << 30);
    EXPECT_TRUE(options_size("4K", &size));
    EXPECT_EQ(size, 4096u);
    for (const char *bad : {"", "M", "-1", " 1", "1 ", "1MB", "0xG", "99999999999999999999",
                            "18446744073709551615K", "1.5G"}) {
        EXPECT_FALSE(options_size(bad, &size)) << bad;
    }
}

TEST(Options, DefaultsAreTheDefaultMachine)
{
    Parsed p = parse({});
    ASSERT_TRUE(p.good);
    EXPECT_EQ(p.options.config.ram[0].end, SIM_RAM_BASE + SIM_RAM_SIZE);
    EXPECT_EQ(p.options.config.check_every, 1u);
    EXPECT_EQ(p.options.demo.seed, 1u);
    EXPECT_FALSE(p.options.demo.quiet);
}

TEST(Options, AllOfThem)
{
    Parsed p = parse({"--ram", "0x80000000:32M", "--ram=0x100000000:1G", "--reserve",
                      "0x81000000:4K", "--seed", "7", "--checks=off", "--quiet"});
    ASSERT_TRUE(p.good) << p.error;
    EXPECT_EQ(p.options.config.ram_count, 2u);
    EXPECT_EQ(p.options.config.ram[0].end, 0x82000000u);
    EXPECT_EQ(p.options.config.ram[1].start, 0x100000000u);
    EXPECT_EQ(p.options.config.reserved_count, 2u);
    EXPECT_EQ(p.options.config.reserved[1].end, 0x81001000u);
    EXPECT_EQ(p.options.demo.seed, 7u);
    EXPECT_EQ(p.options.config.check_every, 0u);
    EXPECT_TRUE(p.options.demo.quiet);
}

TEST(Options, WrongOnesAreNamed)
{
    const std::vector<std::pair<std::vector<std::string>, std::string>> cases = {
        {{"--nonsense"}, "--nonsense"},
        {{"word"}, "word"},
        {{"--memory"}, "--memory"},
        {{"--memory", "lots"}, "lots"},
        {{"--memory", "0xFFFFFFFFFFFFFFFF"}, "0xFFFFFFFFFFFFFFFF"},
        {{"--memoryx=1"}, "--memoryx"},
        {{"--ram", "64M"}, "64M"},
        {{"--ram", "1:-1"}, "1:-1"},
        {{"--ram", "0xFFFFFFFFFFFFF000:8K"}, "beyond"},
        {{"--ram", "0x80000000:64M", "--memory", "1M"}, "--ram"},
        {{"--memory", "1M", "--ram", "0x80000000:64M"}, "--memory"},
        {{"--checks", "maybe"}, "maybe"},
        {{"--seed", "x"}, "'x'"},
    };
    for (const auto &[words, part] : cases) {
        Parsed p = parse(words);
        EXPECT_FALSE(p.good) << words[0];
        EXPECT_NE(p.error.find(part), std::string::npos) << p.error;
    }
}

TEST(Options, TooManyRegionsAreRefused)
{
    std::vector<std::string> words;
    for (int i = 0; i <= BOOT_REGIONS_MAX; i++) {
        words.push_back("--reserve=0x80000000:4K");
    }
    Parsed p = parse(words);
    EXPECT_FALSE(p.good);
    EXPECT_NE(p.error.find("too many"), std::string::npos) << p.error;
}
