/* SPDX-License-Identifier: BSD-2-Clause */

/* Feedback beyond coverage of code: which invocation had which outcome, by the kernel's own
 * counters. libFuzzer finds the array by its section, and clears it before each input; for others
 * it is memory like any other.
 */
#include <string.h>

#include "core/kernel.h"
#include "fuzz/api/play_parts.h"

enum {
    SYSCALLS = sizeof(((struct counters *)0)->syscalls) / sizeof(uint32_t),
    FAULTS = sizeof(((struct counters *)0)->faults) / sizeof(uint32_t),
    KINDS = sizeof(((struct counters *)0)->unknown_label) / sizeof(uint32_t),
    OUTCOMES = ABI_CHECK_MAX + 1, /* Success is 0, where no check is; preempted comes last. */
    FEATURES = ABI_LABEL_COUNT * OUTCOMES + SYSCALLS + FAULTS + KINDS,
};

__attribute__((used, section("__libfuzzer_extra_counters"))) static uint8_t features[FEATURES];

/* What the kernel had counted when the input began. */
static struct counters before;

void play_features_begin(const struct play *play)
{
    before = play->k->counters;
}

static void note(uint8_t *feature, const uint32_t *now, const uint32_t *then, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        uint32_t more = now[i] - then[i];
        feature[i] = (uint8_t)(more < UINT8_MAX ? more : UINT8_MAX);
    }
}

void play_features_end(const struct play *play)
{
    const struct counters *now = &play->k->counters;
    uint8_t *rest = &features[ABI_LABEL_COUNT * OUTCOMES];
    /* Only labels that some message had: the others' rows have not changed. */
    for (uint64_t left = play->labels & (((uint64_t)1 << ABI_LABEL_COUNT) - 1); left != 0;
         left &= left - 1) {
        uint32_t label = (uint32_t)__builtin_ctzll(left);
        uint8_t *row = &features[label * OUTCOMES];
        note(row, now->errors[label], before.errors[label], ABI_CHECK_MAX);
        note(row, &now->success[label], &before.success[label], 1);
        note(row + ABI_CHECK_MAX, &now->preempted[label], &before.preempted[label], 1);
    }
    note(rest, now->syscalls, before.syscalls, SYSCALLS);
    note(rest + SYSCALLS, now->faults, before.faults, FAULTS);
    note(rest + SYSCALLS + FAULTS, now->unknown_label, before.unknown_label, KINDS);
}
