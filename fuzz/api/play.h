/* SPDX-License-Identifier: BSD-2-Clause */

/* Plays an input in a world, under the eyes of an oracle. */
#ifndef FUZZ_API_PLAY_H
#define FUZZ_API_PLAY_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "fuzz/api/input.h"
#include "fuzz/api/world.h"
#include "fuzz/oracle/oracle.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What has been played so far, over all inputs. */
struct play_totals {
    uint64_t inputs;
    uint64_t events;  /* Of inputs. */
    uint64_t idle;    /* Events in which nobody could act, but for interrupts and time. */
    uint64_t entries; /* Of the kernel. */
};

/* `log`: what each event turned into, in words; null: nothing. `watcher`: sees every kernel entry,
 * too, as a recorder of traces does; null: nobody. */
struct play_options {
    FILE *log;
    const struct sim_observer *watcher;
};

/* Resets the world and plays. False if the oracle or the kernel found something:
 * oracle_find(oracle) says what. `oracle` may be null: then only a panic is a find, and the watch
 * counts no events. Options may be null. */
bool play_input(struct world *world, struct oracle *oracle, const struct input *input,
                const struct play_options *options);

const struct play_totals *play_totals(void);

#ifdef __cplusplus
}
#endif

#endif
