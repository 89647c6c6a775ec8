/* SPDX-License-Identifier: BSD-2-Clause */

/* An event of a log, for people. */
#include <inttypes.h>

#include "hosted/lockstep/internal.h"
#include "hosted/words.h"

static void print_place(FILE *file, const char *when, const struct log_place *place)
{
    if (place->thread == 0) {
        fprintf(file, "%s: idle\n", when);
        return;
    }
    fprintf(file, "%s: thread %" PRIx64 " at pc 0x%" PRIx64 ", cycle %" PRIu64 "\n", when,
            place->thread, place->pc, place->cycles);
    for (uint32_t i = 1; i < 32; i++) {
        fprintf(file, "  %3s %016" PRIx64 "%s", words_register(i), place->x[i],
                i % 4 == 0 || i == 31 ? "\n" : "");
    }
}

void lockstep_print_event(FILE *file, const struct log_event *event)
{
    fprintf(file, "event %" PRIu64 " at %" PRIu64 ": scause 0x%" PRIx64 ", value 0x%" PRIx64 "\n",
            event->number, event->time, event->cause, event->value);
    print_place(file, "before", &event->before);
    for (uint32_t i = 0; i < event->poll_count; i++) {
        fprintf(file, "preemption point %" PRIu32 " at %" PRIu64 "%s\n", i + 1,
                event->polls[i].time, event->polls[i].pending ? ": an interrupt is pending" : "");
    }
    if (event->has_claim) {
        fprintf(file, "claims %" PRIu32 "\n", event->claim);
    }
    if (event->has_after) {
        print_place(file, "after", &event->after);
        fprintf(file, "timer set to %" PRIu64 "\n", event->deadline);
    } else {
        fprintf(file, "the kernel has not come back\n");
    }
}
