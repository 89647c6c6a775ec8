/* SPDX-License-Identifier: BSD-2-Clause */
#include "tests/conformance/record.h"

#include "user/lib/port.h"

enum { STEP_US = 10 };

void trace_add(struct trace *t, char event)
{
    if (t->count < TRACE_MAX) {
        t->events[t->count++] = event;
    }
}

bool trace_is(const struct trace *t, const char *events)
{
    uint32_t i = 0;
    while (i < t->count && events[i] == t->events[i]) {
        i++;
    }
    return i == t->count && events[i] == '\0';
}

void marker_main(uint64_t argument)
{
    const struct marker *m = (const struct marker *)(uintptr_t)argument;
    if (m->first != seL4_CapNull) {
        seL4_Wait(m->first, seL4_Null);
    }
    trace_add(m->trace, m->event);
    if (m->done != seL4_CapNull) {
        seL4_Signal(m->done);
    }
    conf_park(m->conf);
}

void bursts_take(struct bursts *b, uint64_t until_us)
{
    for (;;) {
        uint64_t now = user_now_us();
        if (b->count == 0 || now - b->end[b->count - 1] > BURST_GAP_US) {
            b->start[b->count++] = now;
        }
        b->end[b->count - 1] = now;
        if (b->count == b->wanted || now >= until_us) {
            return;
        }
        user_work_us(STEP_US);
    }
}

void bursts_main(uint64_t argument)
{
    struct bursts *b = (struct bursts *)(uintptr_t)argument;
    if (b->first != seL4_CapNull) {
        seL4_Wait(b->first, seL4_Null);
    }
    bursts_take(b, UINT64_MAX);
    if (b->done != seL4_CapNull) {
        seL4_Signal(b->done);
    }
    conf_park(b->conf);
}

uint64_t burst_us(const struct bursts *b, uint32_t i)
{
    return b->end[i] - b->start[i];
}

bool within(uint64_t value, uint64_t low, uint64_t high, uint64_t margin)
{
    return value + margin >= low && value <= high + margin;
}

void work_until(uint64_t us)
{
    while (user_now_us() < us) {
        user_work_us(STEP_US);
    }
}
