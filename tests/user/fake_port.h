/* SPDX-License-Identifier: BSD-2-Clause */

/* Stands in for the place that user programs run in (user/lib/port.h). */
#ifndef TESTS_USER_FAKE_PORT_H
#define TESTS_USER_FAKE_PORT_H

#include <sel4/sel4.h>

#include <cstdint>
#include <functional>

struct fake_place {
    /* What the calling thread's accesses do. */
    std::function<uint64_t(uint64_t vaddr, uint32_t size)> load;
    std::function<void(uint64_t vaddr, uint32_t size, uint64_t value)> store;
    std::function<void()> while_working; /* Called once a microsecond. */
    uint64_t now_us;
    const void *extra_bootinfo;
};

extern fake_place place;

/* Memory reads as zero; time is 0. */
void place_reset();

#endif
