/* SPDX-License-Identifier: BSD-2-Clause */

/* The register test: a root task for RISC-V that fills all registers a user program has, enters the
 * kernel in every way there is, and finds out what is in them afterwards: docs/abi/01 section 1.2,
 * 07 and 08 say exactly what. Each scenario is one line of TAP.
 */
#include <stddef.h>

#include "tests/boot/registers/stage.h"
#include "user/lib/port.h"
#include "user/lib/print.h"
#include "user/lib/root.h"

static const struct group *const groups[] = {&group_syscalls, &group_faults, &group_refused,
                                             &group_interrupts};

enum { GROUPS = sizeof groups / sizeof *groups };

static uint64_t scenario_count(void)
{
    uint64_t count = 0;
    for (uint32_t g = 0; g < GROUPS; g++) {
        count += groups[g]->count;
    }
    return count;
}

static bool play(struct stage *s, const struct group *group, uint32_t index, uint64_t number)
{
    const struct scenario *scenario = &group->scenarios[index];
    bool holds = stage_play(s, scenario);
    print("%s %lu - %s: %s\n", holds ? "ok" : "not ok", number, group->name, scenario->name);
    return holds;
}

void root_task(void *bootinfo)
{
    static struct stage stage; /* Too large for the stack. */
    uint64_t number = 0;
    uint64_t failures = 0;
    if (!stage_init(&stage, (const seL4_BootInfo *)bootinfo)) {
        print("Bail out! The stage cannot be made: memory, or the serial port, is missing.\n");
        user_halt();
    }
    print("TAP version 13\n1..%lu\n", scenario_count());
    for (uint32_t g = 0; g < GROUPS; g++) {
        for (uint32_t i = 0; i < groups[g]->count; i++) {
            number++;
            failures += play(&stage, groups[g], i, number) ? 0 : 1;
        }
    }
    if (failures == 0) {
        print("# all %lu hold\n", number);
    } else {
        print("# FAILED: %lu of %lu\n", failures, number);
    }
    user_halt();
}
