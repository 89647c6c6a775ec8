/* SPDX-License-Identifier: BSD-2-Clause */

/* The API target: an input is a sequence of events in a prepared world (input.h, world.h), and
 * oracles look after every kernel entry (oracle.h).
 *
 * Environment:
 *   ALBIREO_FUZZ_ORACLES=off|cheap|full   default cheap
 *   ALBIREO_FUZZ_STATS=1                  prints what has been played, every second and when the
 *                                         process exits
 *   ALBIREO_FUZZ_RESIDUE=N                whether something is left behind is looked at after every
 *                                         N-th input, at most and by default 4096: that takes
 *                                         longer than many inputs
 *   ALBIREO_FUZZ_LONGEST=FILE             the input with the longest kernel entry so far is kept
 *                                         there; "STEPS EVENT" in FILE.txt. Goes on from what is
 *                                         there.
 *   ALBIREO_FUZZ_HISTORY=DIRECTORY        when something is left behind, which need not be of the
 *                                         last input, the inputs since the look before go there,
 *                                         as 0001, 0002, ... in the order in which they were played
 */
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "fuzz/api/input.h"
#include "fuzz/api/mutate.h"
#include "fuzz/api/play.h"
#include "fuzz/api/world.h"
#include "fuzz/harness/target.h"
#include "fuzz/oracle/oracle.h"

enum { RESIDUE_MAX = 4096, INPUTS_PER_LOOK_AT_CLOCK = 16, EXIT_WRONG = 2 };

static struct world *world;
static struct oracle *oracle;
static bool prints_stats;
static const char *longest_path;
static const char *history_path;
static uint64_t residue_every = RESIDUE_MAX;

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

static void residue_from_environment(void)
{
    const char *value = getenv("ALBIREO_FUZZ_RESIDUE");
    if (value == NULL) {
        return;
    }
    char *end;
    residue_every = strtoull(value, &end, 10);
    if (value[0] < '0' || value[0] > '9' || *end != '\0' || residue_every < 1 ||
        residue_every > RESIDUE_MAX) {
        fprintf(stderr, "api_fuzz: ALBIREO_FUZZ_RESIDUE: expected 1..%d, not '%s'\n", RESIDUE_MAX,
                value);
        exit(EXIT_WRONG);
    }
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

/* --- Files ------------------------------------------------------------------------------------ */

/* Fuzzing goes on without it: it is said, and the file is as it was. */
static void complain(const char *path)
{
    fprintf(stderr, "api_fuzz: %s: %s\n", path, strerror(errno));
}

/* Who reads it meanwhile sees what was there or what is new. */
static void write_file(const char *path, const void *data, size_t size)
{
    char temporary[PATH_MAX];
    if (snprintf(temporary, sizeof temporary, "%s.new", path) >= (int)sizeof temporary) {
        errno = ENAMETOOLONG;
        complain(path);
        return;
    }
    FILE *file = fopen(temporary, "wb");
    bool good = file != NULL && fwrite(data, 1, size, file) == size && fflush(file) == 0;
    if (file != NULL && fclose(file) != 0) {
        good = false;
    }
    if (!good || rename(temporary, path) != 0) {
        complain(path);
        (void)unlink(temporary);
    }
}

/* --- The longest kernel entry ----------------------------------------------------------------- */

static uint64_t longest_steps;

static void longest_text_path(char *path)
{
    snprintf(path, PATH_MAX, "%.*s.txt", PATH_MAX - 5, longest_path);
}

/* AFL++ starts the process anew from time to time. */
static void longest_open(const char *path)
{
    char text_path[PATH_MAX];
    longest_path = path;
    if (path == NULL) {
        return;
    }
    longest_text_path(text_path);
    FILE *file = fopen(text_path, "r");
    if (file != NULL) {
        char text[32] = "";
        (void)!fgets(text, sizeof text, file);
        longest_steps = strtoull(text, NULL, 10);
        fclose(file);
    }
}

/* Of an input in which nothing was found. */
static void longest_note(const uint8_t *data, size_t size)
{
    const struct oracle_work *work = oracle_work(oracle);
    char text_path[PATH_MAX];
    char text[sizeof work->what + 24];
    if (longest_path == NULL || work->steps <= longest_steps) {
        return;
    }
    longest_steps = work->steps;
    longest_text_path(text_path);
    int length = snprintf(text, sizeof text, "%" PRIu64 " %s\n", work->steps, work->what);
    write_file(longest_path, data, size);
    write_file(text_path, text, (size_t)length);
}

/* --- The last inputs -------------------------------------------------------------------------- */

static struct {
    size_t size;
    uint8_t bytes[INPUT_SIZE_MAX]; /* More has no meaning. */
} history[RESIDUE_MAX];
static uint32_t history_count;

static void history_note(const uint8_t *data, size_t size)
{
    if (history_path != NULL && history_count < RESIDUE_MAX) {
        history[history_count].size = size < INPUT_SIZE_MAX ? size : INPUT_SIZE_MAX;
        memcpy(history[history_count].bytes, data, history[history_count].size);
        history_count++;
    }
}

static void history_write(void)
{
    char path[PATH_MAX];
    if (history_path == NULL) {
        return;
    }
    if (mkdir(history_path, 0777) != 0 && errno != EEXIST) {
        complain(history_path);
        return;
    }
    for (uint32_t i = 0; i < history_count; i++) {
        snprintf(path, sizeof path, "%.*s/%04" PRIu32, PATH_MAX - 12, history_path, i + 1);
        write_file(path, history[i].bytes, history[i].size);
    }
}

/* --- The target ------------------------------------------------------------------------------- */

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
    residue_from_environment();
    longest_open(getenv("ALBIREO_FUZZ_LONGEST"));
    history_path = getenv("ALBIREO_FUZZ_HISTORY");
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
        history_write();
        fuzz_found("residue", what);
    }
    history_count = 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct input input;
    history_note(data, size);
    input_decode(data, size, &input);
    if (!play_input(world, oracle, &input, NULL)) {
        const struct oracle_find *find = oracle_find(oracle);
        fuzz_found(find->kind, find->text);
    }
    longest_note(data, size);
    if (prints_stats && play_totals()->inputs % INPUTS_PER_LOOK_AT_CLOCK == 0) {
        print_stats_each_second();
    }
    if (play_totals()->inputs % residue_every == 0) {
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
