/* SPDX-License-Identifier: BSD-2-Clause */

/* Random use of the whole API: several threads with CSpaces and VSpaces of their own invoke what
 * they hold, talk, fault, are interrupted, preempted and starved. After every event kernel_check()
 * runs. At the end of each sequence the root task revokes all memory and must get it back in full.
 *
 * One seed is one sequence. ALBIREO_SEED: the first seed, ALBIREO_SEEDS: how many.
 */
#include "tests/api/random_world.h"

#include <chrono>
#include <cstdlib>
#include <iomanip>
#include <iostream>

namespace albireo {
namespace random_world {
namespace {

constexpr Word kDefaultSeeds = 1000;
constexpr Word kStepsPerSeed = 400;
constexpr Word kEnoughSeeds = 500; /* For expectations of what is reached. */

Word from_environment(const char *name, Word otherwise)
{
    const char *text = std::getenv(name);
    return text == nullptr || *text == '\0' ? otherwise : std::strtoull(text, nullptr, 0);
}

struct Row {
    Word label, check;
    const char *name;
};

const Row kRows[] = {
#define ABI_X(invocation, number, error, text)                                                     \
    {ABI_LABEL_##invocation, number, #invocation " " #number ": " text},
    ABI_CHECKS(ABI_X)
#undef ABI_X
};

/* Rows of the table of checks that no sequence has provoked. */
std::vector<std::string> missed(const Totals &totals)
{
    std::vector<std::string> names;
    for (const Row &row : kRows) {
        if (totals.by_check[row.label][row.check] == 0) {
            names.push_back(row.name);
        }
    }
    return names;
}

double share(const Totals &totals)
{
    Word all = totals.success + totals.errors;
    return all == 0 ? 0 : 100.0 * static_cast<double>(totals.success) / static_cast<double>(all);
}

void report(const Totals &totals, Word seeds)
{
    std::cout << seeds << " seeds, " << totals.steps << " steps (" << totals.idle << " idle, "
              << totals.repairs << " repairs), " << totals.entries << " kernel entries ("
              << totals.entries / seeds << " a seed), " << totals.preempted << " preemptions, "
              << totals.lost << " without an end\n";
#define ABI_X(number, name, stub)                                                                  \
    std::cout << std::setw(10) << totals.syscalls[-(number)] << "  " #stub "\n";
    ABI_SYSCALLS(ABI_X)
#undef ABI_X
#define ABI_X(number, name, stub)                                                                  \
    std::cout << std::setw(10) << totals.faults[number] << "  " #stub "\n";
    ABI_FAULTS(ABI_X)
#undef ABI_X
    std::cout << totals.success + totals.errors << " invocations decoded, " << std::fixed
              << std::setprecision(1) << share(totals) << " % successful\n";
#define ABI_X(label, kind, name, stub, handler, args, results)                                     \
    std::cout << std::setw(10) << totals.by_label[label] << "  " #stub "\n";
    ABI_INVOCATIONS(ABI_X)
#undef ABI_X
    std::vector<std::string> names = missed(totals);
    std::cout << std::size(kRows) - names.size() << " of " << std::size(kRows)
              << " error checks provoked; not:\n";
    for (const std::string &name : names) {
        std::cout << "    " << name << "\n";
    }
}

TEST(RandomUse, KeepsEveryInvariantAndReturnsAllMemory)
{
    Word first = from_environment("ALBIREO_SEED", 1);
    Word seeds = from_environment("ALBIREO_SEEDS", kDefaultSeeds);
    World world;
    for (Word seed = first; seed - first < seeds; seed++) {
        world.run(seed, kStepsPerSeed);
        if (HasFailure()) {
            ADD_FAILURE() << "seed " << seed << "; what happened last:\n"
                          << world.history() << "\nAgain: ALBIREO_SEED=" << seed
                          << " ALBIREO_SEEDS=1 bazel test --test_env=ALBIREO_SEED"
                          << " --test_env=ALBIREO_SEEDS //tests/api:random_test";
            return;
        }
    }
    report(world.totals, seeds);
    if (seeds < kEnoughSeeds) {
        return;
    }
    EXPECT_GT(share(world.totals), 30.0);
    EXPECT_LT(world.totals.lost, seeds / 50);
#define ABI_X(label, kind, name, stub, handler, args, results)                                     \
    EXPECT_NE(0u, world.totals.by_label[label]) << #stub << " never succeeded";
    ABI_INVOCATIONS(ABI_X)
#undef ABI_X
    EXPECT_LT(missed(world.totals).size(), std::size(kRows) / 2);
}

} // namespace
} // namespace random_world
} // namespace albireo
