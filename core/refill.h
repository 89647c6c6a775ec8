/* SPDX-License-Identifier: BSD-2-Clause */

/* Refills: the arithmetic of budgets, docs/abi/06 sections 6.5 to 6.8. Pure functions of a ring of
 * refills and of times; no threads, no queues. Times and amounts are in timer ticks.
 *
 * Invariant (refill_valid), for an active ring: 1 <= count <= max; amounts sum to the budget; the
 * head holds at least the minimum budget; each refill ends no later than the next starts (not for
 * round robin, which has period 0 and exactly two refills: left and used).
 */
#ifndef CORE_REFILL_H
#define CORE_REFILL_H

#include <stdbool.h>
#include <stdint.h>

struct refill {
    uint64_t time;   /* From when it can be used. */
    uint64_t amount; /* How much. */
};

/* A ring of refills and what governs it; part of a scheduling context. */
struct refills {
    struct refill *ring; /* max entries. */
    uint64_t period;     /* 0: round robin. */
    uint64_t budget;
    uint32_t max; /* 0: inactive. RAM is below 2^37 bytes, so 32 bits count all that fit. */
    uint32_t head;
    uint32_t count;
};

/* What the machine's timer makes of the constants of section 6.5. */
struct refill_limits {
    uint64_t min_budget;       /* Ticks. */
    uint64_t max_release_time; /* Refills at or beyond this are not pushed further. */
};

/* The i-th refill from the head; the last one. */
struct refill *refill_at(const struct refills *r, uint32_t i);
struct refill *refill_last(const struct refills *r);

/* The head can be used at `now`. */
bool refill_ready(const struct refills *r, uint64_t now);

/* The head covers `usage` and a minimum budget beyond it. */
bool refill_sufficient(const struct refills *r, uint64_t usage, uint64_t min_budget);

/* Starts a ring afresh: one refill of the whole budget from `now`; round robin if budget and
 * period are equal. */
void refill_new(struct refills *r, uint32_t max, uint64_t budget, uint64_t period, uint64_t now);

/* Changes the parameters of an active ring and keeps the bandwidth limit, section 6.6 "update". */
void refill_update(struct refills *r, uint32_t max, uint64_t budget, uint64_t period, uint64_t now,
                   uint64_t min_budget);

/* Charges `usage` within the head ("commit") or at the end of a slice ("expire"). */
void refill_commit(struct refills *r, uint64_t usage, const struct refill_limits *limits);
void refill_expire(struct refills *r, uint64_t usage, const struct refill_limits *limits);

/* Section 6.8: a ready head starts now, refills that it then reaches are merged. True if it changed
 * anything that a timer depends on. */
bool refill_unblock(struct refills *r, uint64_t now);

/* The invariant above. */
bool refill_valid(const struct refills *r, uint64_t min_budget);

#endif
