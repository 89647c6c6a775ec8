/* SPDX-License-Identifier: BSD-2-Clause */

/* The API target: an input is a sequence of events in a prepared world (input.h, world.h), and
 * oracles look after every kernel entry (oracle.h).
 *
 * Environment: ALBIREO_FUZZ_ORACLES=off|cheap|full (default cheap); ALBIREO_FUZZ_STATS=1 prints
 * what has been played, every second and when the process exits.
 */
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "fuzz/api/input.h"
#include "fuzz/api/mutate.h"
#include "fuzz/api/play.h"
#include "fuzz/api/world.h"
#include "fuzz/harness/target.h"
#include "fuzz/oracle/oracle.h"

/* Comparing everything takes longer than many inputs. */
enum { INPUTS_PER_RESIDUE_CHECK = 4096, INPUTS_PER_LOOK_AT_CLOCK = 16, EXIT_WRONG = 2 };

static struct world *world;
static struct oracle *oracle;
static bool prints_stats;

static enum oracle_level level_from_environment(void)
{
    static const char *const names[] = {
        [ORACLE_OFF] = "off", [ORACLE_CHEAP] = "cheap", [ORACLE_FULL] = "full"};
    const char *value = getenv("ALBIREO_FUZZ_ORACLES");
    if (value == NULL) {
        return ORACLE_CHEAP;
    }
    for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(value, names[i]) == 0) {
            return (enum oracle_level)i;
        }
    }
    fprintf(stderr, "api_fuzz: ALBIREO_FUZZ_ORACLES: expected off, cheap or full, not '%s'\n",
            value);
    exit(EXIT_WRONG);
}

static void print_stats(void)
{
    const struct play_totals *totals = play_totals();
    const struct oracle_work *work = oracle_work(oracle);
    fprintf(stderr, "fuzz: inputs %" PRIu64 " events %" PRIu64 " entries %" PRIu64 "\n",
            totals->inputs, totals->events, totals->entries);
    fprintf(stderr, "fuzz: longest %" PRIu64 " steps, input %" PRIu64 " entry %" PRIu64 ": %s\n",
            work->steps, work->input, work->entry, work->what);
}

/* libFuzzer does not let a process exit that finds something or is interrupted. */
static void print_stats_each_second(void)
{
    static time_t last;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
    if (now.tv_sec != last) {
        last = now.tv_sec;
        print_stats();
    }
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    struct sim_error error;
    enum oracle_level level = level_from_environment();
    world = world_create(&error);
    if (world == NULL) {
        fprintf(stderr, "api_fuzz: the world cannot be made: %s\n", error.text);
        exit(EXIT_WRONG);
    }
    oracle = oracle_create(world, level);
    if (oracle == NULL) {
        fputs("api_fuzz: out of memory\n", stderr);
        exit(EXIT_WRONG);
    }
    const char *stats = getenv("ALBIREO_FUZZ_STATS");
    prints_stats = stats != NULL && strcmp(stats, "1") == 0;
    if (prints_stats) {
        atexit(print_stats);
    }
    return 0;
}

static void check_residue(void)
{
    char what[256];
    world_reset(world, world->topology);
    if (!world_is_reset(world, what, sizeof what)) {
        fuzz_found("residue", what);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct input input;
    input_decode(data, size, &input);
    if (!play_input(world, oracle, &input, NULL)) {
        const struct oracle_find *find = oracle_find(oracle);
        fuzz_found(find->kind, find->text);
    }
    if (prints_stats && play_totals()->inputs % INPUTS_PER_LOOK_AT_CLOCK == 0) {
        print_stats_each_second();
    }
    if (play_totals()->inputs % INPUTS_PER_RESIDUE_CHECK == 0) {
        check_residue();
    }
    return 0;
}

/* Cut to max_size, it is still an input. */
static size_t put_input(const struct input *input, uint8_t *data, size_t max_size)
{
    uint8_t bytes[INPUT_SIZE_MAX];
    size_t size = input_encode(input, bytes);
    if (size > max_size) {
        size = max_size;
    }
    memcpy(data, bytes, size);
    return size;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t max_size, unsigned int seed)
{
    static struct input input;
    input_decode(data, size, &input);
    mutate(&input, seed);
    return put_input(&input, data, max_size);
}

size_t LLVMFuzzerCustomCrossOver(const uint8_t *one, size_t one_size, const uint8_t *other,
                                 size_t other_size, uint8_t *out, size_t max_size,
                                 unsigned int seed)
{
    static struct input first, second, made;
    input_decode(one, one_size, &first);
    input_decode(other, other_size, &second);
    mutate_splice(&made, &first, &second, seed);
    return put_input(&made, out, max_size);
}
