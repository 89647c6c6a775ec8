/* SPDX-License-Identifier: BSD-2-Clause */

#include "core/refill.h"

#include "core/assert.h"
#include "core/bits.h"

/* Ring index of the i-th refill from the head. */
static uint32_t ring_index(const struct refills *r, uint32_t i)
{
    ASSERT(i < r->max && r->head < r->max);
    uint32_t to_end = r->max - r->head;
    return i < to_end ? r->head + i : i - to_end;
}

struct refill *refill_at(const struct refills *r, uint32_t i)
{
    return &r->ring[ring_index(r, i)];
}

struct refill *refill_last(const struct refills *r)
{
    ASSERT(r->count >= 1);
    return refill_at(r, r->count - 1);
}

bool refill_ready(const struct refills *r, uint64_t now)
{
    return r->period == 0 || refill_at(r, 0)->time <= now;
}

bool refill_sufficient(const struct refills *r, uint64_t usage, uint64_t min_budget)
{
    uint64_t amount = refill_at(r, 0)->amount;
    return usage <= amount && amount - usage >= min_budget;
}

static struct refill pop(struct refills *r)
{
    ASSERT(r->count >= 2);
    struct refill head = *refill_at(r, 0);

    r->head = ring_index(r, 1);
    r->count--;
    return head;
}

/* Section 6.7 "append": at the end, merged with the last one if they touch or the ring is full. */
static void append(struct refills *r, uint64_t time, uint64_t amount)
{
    struct refill *last = refill_last(r);

    if (saturating_add(last->time, last->amount) >= time) {
        last->amount += amount;
    } else if (r->count < r->max) {
        r->count++;
        last = refill_last(r);
        last->time = time;
        last->amount = amount;
    } else {
        last->time = time - last->amount;
        last->amount += amount;
    }
}

void refill_new(struct refills *r, uint32_t max, uint64_t budget, uint64_t period, uint64_t now)
{
    bool round_robin = budget == period;

    r->period = round_robin ? 0 : period;
    r->budget = budget;
    r->max = round_robin ? 2 : max;
    r->head = 0;
    r->count = round_robin ? 2 : 1;
    r->ring[0].time = now;
    r->ring[0].amount = budget;
    r->ring[1].time = now;
    r->ring[1].amount = 0;
}

void refill_update(struct refills *r, uint32_t max, uint64_t budget, uint64_t period, uint64_t now,
                   uint64_t min_budget)
{
    struct refill head = *refill_at(r, 0);

    if (refill_ready(r, now)) {
        head.time = now;
    }
    r->period = period;
    r->budget = budget;
    r->max = max;
    r->head = 0;
    r->count = 1;
    if (head.amount >= budget) {
        head.amount = budget;
        r->ring[0] = head;
        return;
    }
    r->ring[0] = head;
    append(r, saturating_add(head.time, period), budget - head.amount);
    ASSERT(refill_at(r, 0)->amount >= min_budget);
}

/* Step 3 of "use": the head must hold a minimum budget. The next refill swallows a smaller one and
 * ends when it did before. */
static void merge_small_heads(struct refills *r, uint64_t min_budget)
{
    while (refill_at(r, 0)->amount < min_budget) {
        struct refill small = pop(r);
        struct refill *head = refill_at(r, 0);
        head->amount += small.amount;
        head->time -= small.amount;
    }
}

/* After one whole round of "use" step 1 no two refills touch any more, and each further round only
 * adds a period to every time. So many rounds are one addition: the kernel's work is bounded by the
 * size of the ring, however long nobody called it. Returns the usage that is left. */
static uint64_t skip_rounds(struct refills *r, uint64_t usage, uint64_t limit)
{
    uint64_t last = refill_last(r)->time;

    if (usage / r->budget < 2 || last >= limit) {
        return usage;
    }
    uint64_t rounds = min_u64(usage / r->budget - 1, (limit - last - 1) / r->period);
    for (uint32_t i = 0; i < r->count; i++) {
        refill_at(r, i)->time += rounds * r->period;
    }
    return usage - rounds * r->budget;
}

/* Section 6.7 "use". */
static void use(struct refills *r, uint64_t usage, const struct refill_limits *limits)
{
    uint64_t limit = limits->max_release_time;
    uint64_t charged = 0;
    bool skipped = false;

    while (refill_at(r, 0)->amount <= usage && refill_at(r, 0)->time < limit) {
        usage -= refill_at(r, 0)->amount;
        charged = saturating_add(charged, refill_at(r, 0)->amount);
        if (r->count == 1) {
            refill_at(r, 0)->time += r->period;
        } else {
            struct refill used = pop(r);
            append(r, used.time + r->period, used.amount);
        }
        if (!skipped && charged >= r->budget) {
            usage = skip_rounds(r, usage, limit);
            skipped = true;
        }
    }
    struct refill *head = refill_at(r, 0);
    if (usage > 0 && head->time < limit) {
        uint64_t time = head->time + r->period;
        head->amount -= usage;
        head->time += usage;
        append(r, time, usage);
    }
    merge_small_heads(r, limits->min_budget);
}

void refill_commit(struct refills *r, uint64_t usage, const struct refill_limits *limits)
{
    if (usage == 0) {
        return;
    }
    if (r->period != 0) {
        use(r, usage, limits);
        return;
    }
    ASSERT(refill_at(r, 0)->amount >= usage);
    refill_at(r, 0)->amount -= usage;
    refill_last(r)->amount += usage;
}

void refill_expire(struct refills *r, uint64_t usage, const struct refill_limits *limits)
{
    if (r->period != 0) {
        use(r, usage, limits);
        return;
    }
    refill_at(r, 0)->amount += refill_last(r)->amount;
    refill_last(r)->amount = 0;
}

bool refill_unblock(struct refills *r, uint64_t now)
{
    if (r->period == 0 || !refill_ready(r, now)) {
        return false;
    }
    refill_at(r, 0)->time = now;
    while (r->count >= 2) {
        struct refill *head = refill_at(r, 0);
        uint64_t amount = head->amount;
        if (refill_at(r, 1)->time > saturating_add(now, amount)) {
            break;
        }
        (void)pop(r);
        head = refill_at(r, 0);
        head->time = now;
        head->amount += amount;
    }
    return true;
}

bool refill_valid(const struct refills *r, uint64_t min_budget)
{
    if (r->max < 2 || r->head >= r->max || r->count < 1 || r->count > r->max) {
        return false;
    }
    bool round_robin = r->period == 0;
    uint64_t sum = 0;
    uint64_t end = 0;

    for (uint32_t i = 0; i < r->count; i++) {
        const struct refill *refill = refill_at(r, i);
        if (refill->amount > r->budget - sum) {
            return false;
        }
        if (!round_robin && i > 0 && refill->time < end) {
            return false;
        }
        sum += refill->amount;
        end = saturating_add(refill->time, refill->amount);
    }
    return sum == r->budget && refill_at(r, 0)->amount >= min_budget &&
           (!round_robin || r->count == 2);
}
