/* SPDX-License-Identifier: BSD-2-Clause */

/* The arithmetic of refills: the examples of docs/abi/16 section 16.11, the rules of docs/abi/06
 * sections 6.5 to 6.8 one by one, and seeded random sequences against a naive model of them. */

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <initializer_list>
#include <ostream>
#include <random>
#include <vector>

#include "gtest/gtest.h"

extern "C" {
#include "core/refill.h"
}

namespace {

constexpr uint64_t kMin = 200; /* 20 us at 10 ticks each. */
constexpr uint64_t kMaxPeriod = UINT64_MAX / 10 / 8 * 10;
constexpr uint64_t kMaxRelease = UINT64_MAX - 5 * kMaxPeriod;
constexpr struct refill_limits kLimits = {kMin, kMaxRelease};
constexpr uint32_t kCapacity = 16;

struct Refill {
    uint64_t time;
    uint64_t amount;
    bool operator==(const Refill &other) const
    {
        return time == other.time && amount == other.amount;
    }
};

std::ostream &operator<<(std::ostream &out, const Refill &refill)
{
    return out << "(" << refill.time << ", " << refill.amount << ")";
}

/* A ring with memory of its own. */
class Ring {
  public:
    Ring(uint32_t max, uint64_t budget, uint64_t period, uint64_t now)
    {
        r.ring = memory_.data();
        refill_new(&r, max, budget, period, now);
    }
    Ring(const Ring &) = delete;
    Ring &operator=(const Ring &) = delete;

    std::vector<Refill> list() const
    {
        std::vector<Refill> all;
        for (uint32_t i = 0; i < r.count; i++) {
            all.push_back({refill_at(&r, i)->time, refill_at(&r, i)->amount});
        }
        return all;
    }
    uint64_t sum() const
    {
        uint64_t total = 0;
        for (const Refill &refill : list()) {
            total += refill.amount;
        }
        return total;
    }
    /* Replaces the content: for states that take long to reach. */
    void set(std::initializer_list<Refill> refills)
    {
        r.head = 0;
        r.count = 0;
        r.budget = 0;
        for (const Refill &refill : refills) {
            memory_[r.count++] = {refill.time, refill.amount};
            r.budget += refill.amount;
        }
    }

    struct refills r = {};

  private:
    std::array<struct refill, kCapacity> memory_ = {};
};

using List = std::vector<Refill>;

/* --- Worked examples ------------------------------------------------------------------------- */

TEST(RefillExampleTest, ConstantBandwidthWithTwoRefills)
{
    Ring ring(2, 10000, 50000, 1000);
    EXPECT_EQ((List{{1000, 10000}}), ring.list());

    refill_commit(&ring.r, 3000, &kLimits);
    EXPECT_EQ((List{{4000, 7000}, {51000, 3000}}), ring.list());

    refill_unblock(&ring.r, 6000);
    EXPECT_EQ((List{{6000, 7000}, {51000, 3000}}), ring.list());

    EXPECT_FALSE(refill_sufficient(&ring.r, 6900, kMin));
    refill_expire(&ring.r, 6900, &kLimits);
    EXPECT_EQ((List{{52900, 10000}}), ring.list());
    EXPECT_FALSE(refill_ready(&ring.r, 52899));
    EXPECT_TRUE(refill_ready(&ring.r, 52900));
}

TEST(RefillExampleTest, RoundRobinSlice)
{
    Ring ring(2, 50000, 50000, 700);
    EXPECT_EQ(0u, ring.r.period);
    EXPECT_EQ((List{{700, 50000}, {700, 0}}), ring.list());

    refill_commit(&ring.r, 20000, &kLimits);
    EXPECT_EQ((List{{700, 30000}, {700, 20000}}), ring.list());

    refill_expire(&ring.r, 29900, &kLimits);
    EXPECT_EQ((List{{700, 50000}, {700, 0}}), ring.list());
}

TEST(RefillExampleTest, YieldOfASingleRefill)
{
    Ring ring(2, 10000, 50000, 1000);
    refill_expire(&ring.r, 10000, &kLimits);
    EXPECT_EQ((List{{51000, 10000}}), ring.list());
}

/* --- The rules ------------------------------------------------------------------------------- */

TEST(RefillTest, HeadIsReadyFromItsTimeOn)
{
    Ring ring(2, 1000, 5000, 100);
    EXPECT_FALSE(refill_ready(&ring.r, 99));
    EXPECT_TRUE(refill_ready(&ring.r, 100));
    EXPECT_TRUE(refill_ready(&ring.r, UINT64_MAX));
}

TEST(RefillTest, HeadIsSufficientIfTheMinimumRemains)
{
    Ring ring(2, 1000, 5000, 100);
    EXPECT_TRUE(refill_sufficient(&ring.r, 0, kMin));
    EXPECT_TRUE(refill_sufficient(&ring.r, 800, kMin));
    EXPECT_FALSE(refill_sufficient(&ring.r, 801, kMin));
    EXPECT_FALSE(refill_sufficient(&ring.r, 1000, kMin));
    EXPECT_FALSE(refill_sufficient(&ring.r, 1001, kMin));
    EXPECT_FALSE(refill_sufficient(&ring.r, UINT64_MAX, kMin));
}

TEST(RefillTest, RoundRobinHasTwoRefillsHoweverManyAreAllowed)
{
    Ring ring(10, 1000, 1000, 100);
    EXPECT_EQ(2u, ring.r.max);
    EXPECT_EQ(2u, ring.r.count);
    EXPECT_TRUE(refill_valid(&ring.r, kMin));
}

TEST(RefillTest, CommitOfNothingChangesNothing)
{
    Ring ring(2, 1000, 5000, 100);
    refill_commit(&ring.r, 0, &kLimits);
    EXPECT_EQ((List{{100, 1000}}), ring.list());
}

TEST(RefillTest, UsageMovesOnePeriodFurther)
{
    Ring ring(4, 1000, 5000, 100);
    refill_commit(&ring.r, 300, &kLimits);
    EXPECT_EQ((List{{400, 700}, {5100, 300}}), ring.list());
}

TEST(RefillTest, AdjacentUsagesMerge)
{
    Ring ring(4, 1000, 5000, 100);
    refill_commit(&ring.r, 300, &kLimits);
    refill_commit(&ring.r, 250, &kLimits);
    EXPECT_EQ((List{{650, 450}, {5100, 550}}), ring.list());
}

TEST(RefillTest, UsagesWithAGapStaySeparate)
{
    Ring ring(4, 1000, 5000, 100);
    refill_commit(&ring.r, 300, &kLimits);
    refill_unblock(&ring.r, 401);
    refill_commit(&ring.r, 250, &kLimits);
    EXPECT_EQ((List{{651, 450}, {5100, 300}, {5401, 250}}), ring.list());
}

TEST(RefillTest, FullRingDelaysItsLastRefillAndMerges)
{
    Ring ring(2, 1000, 5000, 100);
    refill_commit(&ring.r, 300, &kLimits);
    refill_unblock(&ring.r, 1000);
    refill_commit(&ring.r, 250, &kLimits);
    EXPECT_EQ((List{{1250, 450}, {5700, 550}}), ring.list());
}

TEST(RefillTest, WholeHeadIsPoppedBeforeItsSuccessorIsAppended)
{
    Ring ring(2, 1000, 5000, 100);
    refill_commit(&ring.r, 300, &kLimits);
    refill_expire(&ring.r, 700, &kLimits);
    EXPECT_EQ((List{{5100, 1000}}), ring.list()) << "(5100, 300) ends where (5400, 700) starts";
}

TEST(RefillTest, UsageBeyondTheHeadIsTakenFromTheNext)
{
    Ring ring(4, 1000, 5000, 100);
    ring.set({{100, 300}, {2000, 700}});
    refill_expire(&ring.r, 400, &kLimits);
    EXPECT_EQ((List{{2100, 600}, {5100, 300}, {7000, 100}}), ring.list());
}

TEST(RefillTest, UsageOfSeveralBudgetsPushesASingleRefillSeveralPeriods)
{
    Ring ring(2, 1000, 5000, 100);
    refill_expire(&ring.r, 3300, &kLimits);
    EXPECT_EQ((List{{15400, 700}, {20100, 300}}), ring.list());
}

TEST(RefillTest, TooSmallHeadJoinsTheNextAndEndsWithIt)
{
    Ring ring(4, 1000, 5000, 100);
    refill_expire(&ring.r, 850, &kLimits);
    EXPECT_EQ((List{{4950, 1000}}), ring.list());
}

TEST(RefillTest, SeveralTooSmallHeadsJoin)
{
    Ring ring(8, 1000, 5000, 100);
    ring.set({{100, 400}, {1000, 20}, {2000, 80}, {3000, 500}});
    refill_expire(&ring.r, 350, &kLimits);
    EXPECT_EQ((List{{2850, 650}, {5100, 350}}), ring.list());
}

TEST(RefillTest, HeadAtTheEndOfTimeIsNotPushed)
{
    Ring ring(2, 1000, 5000, kMaxRelease);
    refill_expire(&ring.r, 900, &kLimits);
    EXPECT_EQ((List{{kMaxRelease, 1000}}), ring.list());
    refill_commit(&ring.r, 300, &kLimits);
    EXPECT_EQ((List{{kMaxRelease, 1000}}), ring.list());
    refill_expire(&ring.r, 1000, &kLimits);
    EXPECT_EQ((List{{kMaxRelease, 1000}}), ring.list());
}

TEST(RefillTest, HeadJustBeforeTheEndOfTimeIsPushed)
{
    Ring ring(2, 1000, 5000, kMaxRelease - 1);
    refill_expire(&ring.r, 1000, &kLimits);
    EXPECT_EQ((List{{kMaxRelease + 4999, 1000}}), ring.list());
}

TEST(RefillTest, UnblockLetsAReadyHeadStartNow)
{
    Ring ring(4, 1000, 5000, 100);
    EXPECT_TRUE(refill_unblock(&ring.r, 2000));
    EXPECT_EQ((List{{2000, 1000}}), ring.list());
}

TEST(RefillTest, UnblockMergesWhatTheHeadReaches)
{
    Ring ring(4, 1000, 5000, 100);
    ring.set({{100, 300}, {1000, 200}, {2200, 100}, {2601, 400}});
    refill_unblock(&ring.r, 2000);
    EXPECT_EQ((List{{2000, 600}, {2601, 400}}), ring.list());
}

TEST(RefillTest, UnblockMergesARefillThatStartsWhereTheHeadEnds)
{
    Ring ring(4, 1000, 5000, 100);
    ring.set({{100, 300}, {2300, 700}});
    refill_unblock(&ring.r, 2000);
    EXPECT_EQ((List{{2000, 1000}}), ring.list());
}

TEST(RefillTest, UnblockLeavesAFutureHeadAlone)
{
    Ring ring(4, 1000, 5000, 100);
    EXPECT_FALSE(refill_unblock(&ring.r, 99));
    EXPECT_EQ((List{{100, 1000}}), ring.list());
}

TEST(RefillTest, UnblockLeavesRoundRobinAlone)
{
    Ring ring(2, 1000, 1000, 100);
    refill_commit(&ring.r, 300, &kLimits);
    EXPECT_FALSE(refill_unblock(&ring.r, 5000));
    EXPECT_EQ((List{{100, 700}, {100, 300}}), ring.list());
}

TEST(RefillTest, UnblockSurvivesTheEndOfTime)
{
    Ring ring(4, 1000, 5000, 100);
    ring.set({{100, 300}, {UINT64_MAX - 50, 700}});
    refill_unblock(&ring.r, UINT64_MAX - 100);
    EXPECT_EQ((List{{UINT64_MAX - 100, 1000}}), ring.list());
}

/* --- Reconfiguration ------------------------------------------------------------------------- */

TEST(RefillUpdateTest, SmallerBudgetCutsTheHead)
{
    Ring ring(4, 1000, 5000, 100);
    refill_commit(&ring.r, 300, &kLimits);
    refill_update(&ring.r, 2, 600, 8000, 900, kMin);
    EXPECT_EQ((List{{900, 600}}), ring.list());
    EXPECT_EQ(2u, ring.r.max);
    EXPECT_EQ(8000u, ring.r.period);
    EXPECT_EQ(600u, ring.r.budget);
}

TEST(RefillUpdateTest, LargerBudgetComesOnePeriodLater)
{
    Ring ring(4, 1000, 5000, 100);
    refill_commit(&ring.r, 300, &kLimits);
    refill_update(&ring.r, 6, 2000, 8000, 900, kMin);
    EXPECT_EQ((List{{900, 700}, {8900, 1300}}), ring.list());
    EXPECT_EQ(6u, ring.r.max);
}

TEST(RefillUpdateTest, FutureHeadKeepsItsTime)
{
    Ring ring(4, 1000, 5000, 100);
    refill_update(&ring.r, 4, 600, 8000, 50, kMin);
    EXPECT_EQ((List{{100, 600}}), ring.list());
}

TEST(RefillUpdateTest, RoundRobinKeepsTheRestOfItsSlice)
{
    Ring ring(2, 1000, 1000, 100);
    refill_commit(&ring.r, 300, &kLimits);
    refill_update(&ring.r, 4, 1000, 8000, 900, kMin);
    EXPECT_EQ((List{{900, 700}, {8900, 300}}), ring.list());
    EXPECT_EQ(8000u, ring.r.period);
}

TEST(RefillUpdateTest, EqualBudgetNeedsNoSecondRefill)
{
    Ring ring(4, 1000, 5000, 100);
    refill_update(&ring.r, 4, 1000, 8000, 900, kMin);
    EXPECT_EQ((List{{900, 1000}}), ring.list());
}

/* --- The invariant ---------------------------------------------------------------------------- */

class RefillValidTest : public ::testing::Test {
  protected:
    bool valid_with(std::initializer_list<Refill> refills)
    {
        ring.set(refills);
        return refill_valid(&ring.r, kMin);
    }
    Ring ring{3, 1000, 5000, 100};
};

TEST_F(RefillValidTest, RefillsMayTouch)
{
    EXPECT_TRUE(valid_with({{100, 300}, {400, 200}, {600, 500}}));
}

TEST_F(RefillValidTest, RefillsMustNotOverlap)
{
    EXPECT_FALSE(valid_with({{100, 300}, {399, 700}}));
    EXPECT_FALSE(valid_with({{100, 300}, {500, 100}, {599, 600}}));
    EXPECT_FALSE(valid_with({{5000, 300}, {100, 700}}));
}

TEST_F(RefillValidTest, HeadNeedsTheMinimum)
{
    EXPECT_TRUE(valid_with({{100, kMin}, {1000, 700}}));
    EXPECT_FALSE(valid_with({{100, kMin - 1}, {1000, 700}}));
}

TEST_F(RefillValidTest, OthersMayBeSmall)
{
    EXPECT_TRUE(valid_with({{100, kMin}, {1000, 1}}));
}

TEST_F(RefillValidTest, AmountsMustSumToTheBudget)
{
    ASSERT_TRUE(valid_with({{100, 300}, {1000, 700}}));
    ring.r.budget = 999;
    EXPECT_FALSE(refill_valid(&ring.r, kMin));
    ring.r.budget = 1001;
    EXPECT_FALSE(refill_valid(&ring.r, kMin));
}

TEST_F(RefillValidTest, CountMustBeWithinTheMaximum)
{
    ASSERT_TRUE(valid_with({{100, 300}, {1000, 300}, {2000, 400}}));
    ring.r.max = 2;
    EXPECT_FALSE(refill_valid(&ring.r, kMin));
    EXPECT_FALSE(valid_with({}));
}

TEST_F(RefillValidTest, RoundRobinHasExactlyTwo)
{
    ring.r.period = 0;
    ring.r.max = 2;
    EXPECT_TRUE(valid_with({{100, 300}, {100, 700}}));
    EXPECT_FALSE(valid_with({{100, 1000}}));
}

/* --- Against a model ------------------------------------------------------------------------- */

using Wide = unsigned __int128; /* Times of the model: nothing overflows. */

/* Sections 6.5 to 6.8, read aloud. */
class Model {
  public:
    struct Entry {
        Wide time;
        Wide amount;
    };

    Model(size_t max, Wide budget, Wide period, Wide now)
        : round_robin(budget == period), max_(round_robin ? 2 : max),
          period_(round_robin ? 0 : period)
    {
        ring.push_back({now, budget});
        if (round_robin) {
            ring.push_back({now, 0});
        }
    }

    void commit(Wide u)
    {
        if (round_robin) {
            ring.front().amount -= u;
            ring.back().amount += u;
            return;
        }
        use(u);
    }

    void expire(Wide u)
    {
        if (round_robin) {
            ring.front().amount += ring.back().amount;
            ring.back().amount = 0;
            return;
        }
        use(u);
    }

    void unblock(Wide now)
    {
        if (round_robin || ring.front().time > now) {
            return;
        }
        ring.front().time = now;
        while (ring.size() > 1 && ring[1].time <= ring[0].time + ring[0].amount) {
            Entry popped = ring.front();
            ring.pop_front();
            ring.front().time = popped.time;
            ring.front().amount += popped.amount;
        }
    }

    void update(size_t max, Wide budget, Wide period, Wide now)
    {
        ring.resize(1);
        round_robin = false;
        max_ = max;
        period_ = period;
        Entry &head = ring.front();
        if (head.time <= now) {
            head.time = now;
        }
        if (head.amount >= budget) {
            head.amount = budget;
        } else {
            append({head.time + period, budget - head.amount});
        }
    }

    std::deque<Entry> ring;
    bool round_robin;

  private:
    void use(Wide u)
    {
        while (ring.front().amount <= u && ring.front().time < kMaxRelease) {
            u -= ring.front().amount;
            if (ring.size() == 1) {
                ring.front().time += period_;
                continue;
            }
            Entry popped = ring.front();
            ring.pop_front();
            append({popped.time + period_, popped.amount});
        }
        if (u > 0 && ring.front().time < kMaxRelease) {
            Entry used = {ring.front().time + period_, u};
            ring.front().amount -= u;
            ring.front().time += u;
            append(used);
        }
        while (ring.front().amount < kMin) {
            Entry popped = ring.front();
            ring.pop_front();
            ring.front().amount += popped.amount;
            ring.front().time -= popped.amount;
        }
    }

    void append(Entry entry)
    {
        Entry &last = ring.back();
        if (last.time + last.amount >= entry.time) {
            last.amount += entry.amount;
        } else if (ring.size() < max_) {
            ring.push_back(entry);
        } else {
            last.time = entry.time - last.amount;
            last.amount += entry.amount;
        }
    }

    size_t max_;
    Wide period_;
};

/* What a run of random operations starts from. */
struct Range {
    const char *name;
    uint64_t start;
    uint64_t budget_max;
    uint64_t period_max;
};

std::ostream &operator<<(std::ostream &out, const Range &range)
{
    return out << range.name;
}

/* One SC, its model, and a clock that only goes on. */
class Pair {
  public:
    Pair(const Range &range, uint64_t seed)
        : range_(range), random_(seed), now_(range.start), max_(2 + below(kCapacity - 1)),
          budget_(between(kMin, range.budget_max)), period_(pick_period()),
          ring_(max_, budget_, period_, now_), model_(max_, budget_, period_, now_)
    {
    }

    void step()
    {
        switch (below(8)) {
        case 0:
        case 1:
        case 2:
            commit();
            break;
        case 3:
            expire();
            break;
        case 4:
            yield();
            break;
        case 5:
        case 6:
            pass(between(0, below(2) == 0 ? 2 * period_ : budget_));
            refill_unblock(&ring_.r, now_);
            model_.unblock(now_);
            break;
        default:
            update();
            break;
        }
    }

    void check(uint64_t seed, int step) const
    {
        SCOPED_TRACE(::testing::Message() << "seed " << seed << ", step " << step);
        ASSERT_TRUE(refill_valid(&ring_.r, kMin)) << ::testing::PrintToString(ring_.list());
        ASSERT_EQ(budget_, ring_.sum());
        List expected;
        for (const Model::Entry &entry : model_.ring) {
            ASSERT_LE(entry.time, Wide{UINT64_MAX}) << "the model itself left the clock";
            expected.push_back(
                {static_cast<uint64_t>(entry.time), static_cast<uint64_t>(entry.amount)});
        }
        ASSERT_EQ(expected, ring_.list());
    }

  private:
    uint64_t below(uint64_t n)
    {
        return random_() % n;
    }
    uint64_t between(uint64_t low, uint64_t high)
    {
        return low + below(high - low + 1);
    }
    void pass(uint64_t ticks)
    {
        now_ += std::min(ticks, UINT64_MAX - now_);
    }

    uint64_t pick_period()
    {
        bool round_robin = below(8) == 0;
        return round_robin ? budget_ : between(budget_ + 1, range_.period_max);
    }

    uint64_t head() const
    {
        return refill_at(&ring_.r, 0)->amount;
    }

    /* As the scheduler does it: as long as the minimum remains. */
    void commit()
    {
        uint64_t used = between(0, head() - kMin);
        pass(used);
        refill_commit(&ring_.r, used, &kLimits);
        model_.commit(used);
    }

    /* As the scheduler notices it: less than the minimum remains, or entry was late. */
    void expire()
    {
        uint64_t late = below(4) == 0 ? 3 * budget_ : kMin;
        uint64_t used = between(head() - kMin + 1, head() + late);
        pass(used);
        refill_expire(&ring_.r, used, &kLimits);
        model_.expire(used);
    }

    void yield()
    {
        uint64_t used = head();
        refill_expire(&ring_.r, used, &kLimits);
        model_.expire(used);
    }

    /* Parameters whose times still fit the clock. */
    void update()
    {
        uint64_t budget = between(kMin, range_.budget_max);
        uint64_t period = between(budget + 1, range_.period_max);
        uint64_t time = std::max(now_, refill_at(&ring_.r, 0)->time);
        if (time > UINT64_MAX - period) {
            return;
        }
        budget_ = budget;
        period_ = period;
        max_ = static_cast<uint32_t>(2 + below(kCapacity - 1));
        refill_update(&ring_.r, max_, budget_, period_, now_, kMin);
        model_.update(max_, budget_, period_, now_);
    }

    Range range_;
    std::mt19937_64 random_;
    uint64_t now_;
    uint32_t max_;
    uint64_t budget_;
    uint64_t period_;
    Ring ring_;
    Model model_;
};

class RefillModelTest : public ::testing::TestWithParam<Range> {};

TEST_P(RefillModelTest, RandomSequencesAgree)
{
    for (uint64_t seed = 1; seed <= 300; seed++) {
        Pair pair(GetParam(), seed);
        for (int step = 0; step < 200; step++) {
            pair.step();
            pair.check(seed, step);
            if (HasFatalFailure()) {
                return;
            }
        }
    }
}

INSTANTIATE_TEST_SUITE_P(
    Times, RefillModelTest,
    ::testing::Values(Range{"small", 1000, 1000, 3000}, Range{"usual", 1000000, 100000, 1000000},
                      Range{"wide", 1, 1 << 20, uint64_t{1} << 40},
                      Range{"untilTheLastRelease", kMaxRelease - 2000000, 20000, 100000},
                      Range{"beyondTheLastRelease", kMaxRelease + 1, 20000, 100000},
                      Range{"untilTheEnd", UINT64_MAX - 2000000, 20000, 100000},
                      Range{"longPeriods", 1000, kMaxPeriod, kMaxPeriod}),
    [](const ::testing::TestParamInfo<Range> &info) { return info.param.name; });

/* In no window of one period is more used than the budget, whatever the pattern of use. */
TEST(RefillTest, NoWindowOfAPeriodHoldsMoreThanTheBudget)
{
    for (uint64_t seed = 1; seed <= 100; seed++) {
        std::mt19937_64 random(seed);
        const uint64_t budget = 1000 + random() % 3000;
        const uint64_t period = budget + 1 + random() % 20000;
        Ring ring(2 + random() % 8, budget, period, 5000);
        std::deque<Refill> used; /* Start and length. */
        uint64_t now = 5000;
        for (int step = 0; step < 300; step++) {
            now = std::max(now + random() % 500, refill_at(&ring.r, 0)->time);
            refill_unblock(&ring.r, now);
            uint64_t head = refill_at(&ring.r, 0)->amount;
            uint64_t u = random() % 3 == 0 ? head : random() % (head - kMin + 1);
            refill_commit(&ring.r, u, &kLimits);
            used.push_back({now, u});
            now += u;
            uint64_t in_window = 0;
            for (const Refill &run : used) {
                uint64_t from = std::max(run.time, now < period ? 0 : now - period);
                uint64_t to = run.time + run.amount;
                in_window += to > from ? to - from : 0;
            }
            ASSERT_LE(in_window, budget) << "seed " << seed << ", step " << step;
        }
    }
}

} // namespace
