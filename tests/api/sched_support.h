/* SPDX-License-Identifier: BSD-2-Clause */

/* What tests of scheduling look at: queues and refills, straight from the kernel's state. */
#ifndef TESTS_API_SCHED_SUPPORT_H
#define TESTS_API_SCHED_SUPPORT_H

#include <algorithm>
#include <ostream>
#include <string>
#include <vector>

#include "tests/support/system.h"

namespace albireo {

constexpr Word kTicks = SIM_TICKS_PER_US;               /* Per microsecond. */
constexpr Word kMinBudget = ABI_MIN_BUDGET_US * kTicks; /* 200 ticks. */
constexpr Word kEarly = kTicks;                         /* The timer comes 1 us early. */
constexpr Word kMaxPeriodUs = UINT64_MAX / kTicks / 8;

struct Refill {
    Word time;
    Word amount;
    bool operator==(const Refill &other) const
    {
        return time == other.time && amount == other.amount;
    }
};

inline std::ostream &operator<<(std::ostream &out, const Refill &refill)
{
    return out << "(" << refill.time << ", " << refill.amount << ")";
}

using Refills = std::vector<Refill>;

inline Refills refills_of(const struct sched_context *sc)
{
    Refills all;
    for (uint32_t i = 0; i < sc->refills.count; i++) {
        const struct refill *refill = refill_at(&sc->refills, i);
        all.push_back({refill->time, refill->amount});
    }
    return all;
}

inline Refills refills_of(const System &sys, CPtr sc)
{
    return refills_of(sys.sc_of(sc));
}

using Names = std::vector<std::string>;

inline Names names(std::initializer_list<Thread> threads)
{
    Names all;
    for (const Thread &thread : threads) {
        all.push_back(thread_name(thread.object));
    }
    return all;
}

inline Names queue_of(const struct thread_list &list)
{
    Names all;
    for (const struct thread *t = list.head; t != nullptr; t = t->queue_next) {
        all.push_back(thread_name(t));
    }
    return all;
}

/* The ready queue of a priority in the current domain, from its head on. */
inline Names ready_queue(const System &sys, uint8_t priority)
{
    const struct core *core = this_core(sys.kernel());
    return queue_of(core->ready[core->domain].queues[priority]);
}

inline Names release_queue(const System &sys)
{
    return queue_of(this_core(sys.kernel())->release);
}

inline bool in_release_queue(const Thread &thread)
{
    return thread.object->queue == THREAD_QUEUE_RELEASE;
}

inline bool in_ready_queue(const Thread &thread)
{
    return thread.object->queue == THREAD_QUEUE_READY;
}

/* The processor belonged to one thread for this long. */
struct Stint {
    std::string who;
    Word start;
    Word length;
    bool operator==(const Stint &other) const
    {
        return who == other.who && start == other.start && length == other.length;
    }
};

inline std::ostream &operator<<(std::ostream &out, const Stint &stint)
{
    return out << stint.who << " from " << stint.start << " for " << stint.length;
}

using Stints = std::vector<Stint>;

/* Lets time pass and appends who had the processor, in order. */
inline void observe(System &sys, Word ticks, Stints *stints)
{
    const Word end = sys.now() + ticks;
    while (sys.alive() && sys.now() < end) {
        const Word start = sys.now();
        const std::string who = thread_name(sys.current());
        sim_advance_current(sys.sim(), end - start);
        if (!stints->empty() && stints->back().who == who &&
            stints->back().start + stints->back().length == start) {
            stints->back().length += sys.now() - start;
        } else {
            stints->push_back({who, start, sys.now() - start});
        }
    }
    EXPECT_TRUE(sys.alive()) << sys.message_of_panic();
}

/* The stints of one thread. */
inline Stints stints_of(const Stints &stints, const Thread &thread)
{
    Stints own;
    for (const Stint &stint : stints) {
        if (stint.who == thread_name(thread.object)) {
            own.push_back(stint);
        }
    }
    return own;
}

inline Word total_of(const Stints &stints)
{
    Word total = 0;
    for (const Stint &stint : stints) {
        total += stint.length;
    }
    return total;
}

/* The most that these stints have in any window of this length. Such a window may be taken to end
 * where a stint ends. */
inline Word most_in_window(const Stints &stints, Word window)
{
    Word most = 0;
    for (size_t last = 0; last < stints.size(); last++) {
        const Word end = stints[last].start + stints[last].length;
        Word sum = 0;
        for (size_t i = last + 1; i-- > 0;) {
            const Word from = std::max(stints[i].start, end < window ? 0 : end - window);
            const Word to = stints[i].start + stints[i].length;
            if (to <= from) {
                break;
            }
            sum += to - from;
        }
        most = std::max(most, sum);
    }
    return most;
}

} // namespace albireo

#endif
