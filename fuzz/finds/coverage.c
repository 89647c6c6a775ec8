/* SPDX-License-Identifier: BSD-2-Clause */
#include "fuzz/finds/coverage.h"

#include <inttypes.h>
#include <string.h>

#include "abi/checks.h"

/* --- Counting --------------------------------------------------------------------------------- */

static void add_between(uint64_t *to, const uint32_t *now, const uint32_t *before, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        to[i] += now[i] - before[i];
    }
}

bool coverage_play(const struct finds_player *player, const struct input *input,
                   struct coverage *coverage)
{
    static struct counters before;
    struct world *world = player->world;
    const struct counters *now = &world->k->counters;
    world_reset(world, (enum world_topology)(input->config.topology % WORLD_TOPOLOGIES));
    before = *now;
    bool good = play_input(world, player->oracle, input, NULL);
    add_between(coverage->syscalls, now->syscalls, before.syscalls, 32);
    add_between(coverage->faults, now->faults, before.faults, 8);
    add_between(coverage->success, now->success, before.success, ABI_LABEL_COUNT);
    add_between(&coverage->errors[0][0], &now->errors[0][0], &before.errors[0][0],
                ABI_LABEL_COUNT * ABI_CHECK_MAX);
    add_between(coverage->unknown_label, now->unknown_label, before.unknown_label, 32);
    add_between(coverage->preempted, now->preempted, before.preempted, ABI_LABEL_COUNT);
    return !good;
}

bool coverage_add(struct coverage *coverage, const struct coverage *more)
{
    /* All members are counters of one type. */
    uint64_t *to = coverage->syscalls;
    const uint64_t *from = more->syscalls;
    bool any = false;
    for (size_t i = 0; i < sizeof *coverage / sizeof *to; i++) {
        any |= to[i] == 0 && from[i] != 0;
        to[i] += from[i];
    }
    return any;
}

/* --- The table -------------------------------------------------------------------------------- */

struct row {
    const char *invocation;
    int label;
    int check; /* 0: success. */
    const char *error;
    const char *text;
};

static const struct row rows[] = {
#define ABI_X(label, kind, name, stub, handler, args, results) {#stub, label, 0, "OK", "success"},
    ABI_INVOCATIONS(ABI_X)
#undef ABI_X
#define ABI_X(name, number, error, text) {#name, ABI_LABEL_##name, number, #error, text},
        ABI_CHECKS(ABI_X)
#undef ABI_X
};

enum { ROWS = sizeof rows / sizeof *rows };

/* The kinds that have invocations, so that an unknown label can be refused. */
static const struct kind {
    const char *words;
    int type;
} kinds[] = {
    {"untyped", CAP_UNTYPED},
    {"TCB", CAP_TCB},
    {"CNode", CAP_CNODE},
    {"IRQ control", CAP_IRQ_CONTROL},
    {"IRQ handler", CAP_IRQ_HANDLER},
    {"domain", CAP_DOMAIN},
    {"SchedControl", CAP_SCHED_CONTROL},
    {"scheduling context", CAP_SCHED_CONTEXT},
    {"page table", CAP_PAGE_TABLE},
    {"frame", CAP_FRAME},
    {"ASID control", CAP_ASID_CONTROL},
    {"ASID pool", CAP_ASID_POOL},
};

enum { KINDS = sizeof kinds / sizeof *kinds };

static uint64_t count_of(const struct coverage *c, const struct row *row)
{
    return row->check == 0 ? c->success[row->label] : c->errors[row->label][row->check];
}

static void print_row(const char *name, int check, const char *error, uint64_t count,
                      const char *text, FILE *file)
{
    fprintf(file, "%-32s %2d  %-18s %10" PRIu64 "  %s\n", name, check, error, count, text);
}

/* Those that are reached, or those that are not. Returns how many. */
static uint32_t print_rows(const struct coverage *c, bool reached, FILE *file)
{
    uint32_t printed = 0;
    for (uint32_t i = 0; i < ROWS; i++) {
        uint64_t count = count_of(c, &rows[i]);
        if ((count != 0) == reached) {
            print_row(rows[i].invocation, rows[i].check, rows[i].error, count, rows[i].text, file);
            printed++;
        }
    }
    for (uint32_t i = 0; i < KINDS; i++) {
        uint64_t count = c->unknown_label[kinds[i].type];
        if ((count != 0) == reached) {
            print_row(kinds[i].words, 0, "ILLEGAL_OPERATION", count, "unknown label", file);
            printed++;
        }
    }
    return printed;
}

static void print_calls(const struct coverage *c, FILE *file)
{
    fputs("\nSystem calls:", file);
#define ABI_X(number, name, stub) fprintf(file, " %s %" PRIu64, #stub, c->syscalls[-(number)]);
    ABI_SYSCALLS(ABI_X)
#undef ABI_X
    fputs("\nFaults:", file);
#define ABI_X(label, name, stub)                                                                   \
    if ((label) != 0) {                                                                            \
        fprintf(file, " %s %" PRIu64, #stub, c->faults[label]);                                    \
    }
    ABI_FAULTS(ABI_X)
#undef ABI_X
    fputs("\nPreempted:", file);
#define ABI_X(label, kind, name, stub, handler, args, results)                                     \
    if (c->preempted[label] != 0) {                                                                \
        fprintf(file, " %s %" PRIu64, #stub, c->preempted[label]);                                 \
    }
    ABI_INVOCATIONS(ABI_X)
#undef ABI_X
    fputc('\n', file);
}

static void print_shares(const struct coverage *c, FILE *file)
{
    uint64_t good = 0;
    uint64_t all = 0;
    for (uint32_t i = 0; i < ABI_LABEL_COUNT; i++) {
        good += c->success[i];
        for (uint32_t check = 0; check < ABI_CHECK_MAX; check++) {
            all += c->errors[i][check];
        }
    }
    for (uint32_t i = 0; i < 32; i++) {
        all += c->unknown_label[i];
    }
    all += good;
    fprintf(file, "%" PRIu64 " invocations, of which %.1f %% succeed\n", all,
            all == 0 ? 0.0 : 100.0 * (double)good / (double)all);
}

void coverage_print(const struct coverage *c, FILE *file)
{
    print_shares(c, file);
    fputs("\nReached: invocation, check (0: none failed), error, how often, what is refused\n",
          file);
    uint32_t reached = print_rows(c, true, file);
    fputs("\nNot reached:\n", file);
    uint32_t missed = print_rows(c, false, file);
    print_calls(c, file);
    fprintf(file, "\n%" PRIu32 " of %" PRIu32 " pairs of invocation and outcome are reached.\n",
            reached, reached + missed);
}
