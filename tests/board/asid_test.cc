/* SPDX-License-Identifier: BSD-2-Clause */

/* The rules of ASIDs against a model of a TLB that knows only the low bits of them. */
extern "C" {
#include "arch/riscv64/asid.h"
}

#include <gtest/gtest.h>

#include <random>
#include <set>
#include <vector>

namespace {

/* For each hardware ASID, the address spaces whose translations the TLB may hold. */
struct Model {
    explicit Model(uint64_t asid_count) : count(asid_count), owners(asid_count)
    {
    }

    void switch_to(uint64_t asid)
    {
        uint64_t fences[2] = {};
        uint32_t n = asid_fences(current, asid, count, fences);
        for (uint32_t i = 0; i < n; i++) {
            owners[fences[i]].clear();
        }
        current = asid;
        owners[asid_hardware(asid, count)].insert(asid);
    }

    bool only_own() const
    {
        return owners[asid_hardware(current, count)] == std::set<uint64_t>{current};
    }

    uint64_t count;
    std::vector<std::set<uint64_t>> owners;
    uint64_t current = 0;
};

TEST(Asid, NoAddressSpaceFindsAnothersTranslations)
{
    for (uint64_t count : {1, 2, 4, 16}) {
        Model model(count);
        std::mt19937_64 random(count);
        for (int step = 0; step < 20000; step++) {
            model.switch_to(random() % (4 * count + 1));
            ASSERT_TRUE(model.only_own()) << count << " ASIDs, step " << step;
        }
    }
}

TEST(Asid, WhatASharedOneLeavesIsGoneEvenIfItsOwnerComesLater)
{
    Model model(4);
    for (uint64_t asid : {5, 2, 1}) {
        model.switch_to(asid);
        EXPECT_TRUE(model.only_own()) << asid;
    }
}

TEST(Asid, NothingIsFencedWhereAllAreToldApart)
{
    uint64_t fences[2] = {};
    EXPECT_EQ(0u, asid_fences(1, 65535, 65536, fences));
    EXPECT_EQ(0u, asid_fences(65535, 0, 65536, fences));
}

TEST(Asid, WithoutHardwareAsidsEverySwitchBetweenUsersIsFenced)
{
    uint64_t fences[2] = {};
    EXPECT_EQ(1u, asid_fences(1, 2, 1, fences)) << "once is enough";
    EXPECT_EQ(0u, fences[0]);
}

} // namespace
