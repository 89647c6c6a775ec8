/* SPDX-License-Identifier: BSD-2-Clause */

/* What tests of scheduling look at: queues and refills, straight from the kernel's state. */
#ifndef TESTS_API_SCHED_SUPPORT_H
#define TESTS_API_SCHED_SUPPORT_H

#include <ostream>
#include <string>
#include <vector>

#include "tests/support/system.h"

namespace albireo {

constexpr Word kTicks = SIM_TICKS_PER_US;                   /* Per microsecond. */
constexpr Word kMinBudget = ABI_MIN_BUDGET_US * kTicks;     /* 200 ticks. */
constexpr Word kEarly = kTicks;                             /* The timer comes 1 us early. */
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

} // namespace albireo

#endif
