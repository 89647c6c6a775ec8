/* SPDX-License-Identifier: BSD-2-Clause */

/* The table of provoked errors: one row for each check of each invocation. */
#include <cstdio>
#include <ostream>

#include "tests/support/system.h"

namespace albireo {

namespace {

struct Totals {
    uint64_t success[ABI_LABEL_COUNT];
    uint64_t errors[ABI_LABEL_COUNT][ABI_CHECK_MAX];
    uint64_t unknown_label[32];
    uint64_t syscalls[32];
    uint64_t faults[8];
};

Totals totals;

struct Row {
    const char *invocation;
    int label;
    int check; /* 0: success. */
    const char *error;
    const char *text;
};

const Row rows[] = {
#define ABI_X(label, kind, name, stub, handler, args, results) {#stub, label, 0, "OK", "success"},
    ABI_INVOCATIONS(ABI_X)
#undef ABI_X
#define ABI_X(name, number, error, text) {#name, ABI_LABEL_##name, number, #error, text},
        ABI_CHECKS(ABI_X)
#undef ABI_X
};

struct Kind {
    const char *words;
    int type;
};

/* The kinds that have invocations, so that an unknown label can be refused. */
const Kind kinds[] = {
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

uint64_t count_of(const Row &row)
{
    return row.check == 0 ? totals.success[row.label] : totals.errors[row.label][row.check];
}

void put(std::ostream &out, const Row &row)
{
    char line[200];
    std::snprintf(line, sizeof line, "%-32s %2d  %-18s %10llu  %s\n", row.invocation, row.check,
                  row.error, static_cast<unsigned long long>(count_of(row)), row.text);
    out << line;
}

void put_kind(std::ostream &out, const Kind &kind)
{
    char line[200];
    std::snprintf(
        line, sizeof line, "%-32s %2d  %-18s %10llu  %s\n", kind.words, 0, "ILLEGAL_OPERATION",
        static_cast<unsigned long long>(totals.unknown_label[kind.type]), "unknown label");
    out << line;
}

void add_all(uint64_t *to, const uint32_t *now, const uint32_t *before, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        to[i] += now[i] - before[i];
    }
}

} // namespace

void CountersTable::add(const struct counters &now, const struct counters &before)
{
    add_all(totals.success, now.success, before.success, ABI_LABEL_COUNT);
    add_all(totals.unknown_label, now.unknown_label, before.unknown_label, 32);
    add_all(totals.syscalls, now.syscalls, before.syscalls, 32);
    add_all(totals.faults, now.faults, before.faults, 8);
    for (size_t i = 0; i < ABI_LABEL_COUNT; i++) {
        add_all(totals.errors[i], now.errors[i], before.errors[i], ABI_CHECK_MAX);
    }
}

void CountersTable::report(std::ostream &out)
{
    out << "# invocation, check (0: none failed), error, how often, what is refused\n";
    for (const Row &row : rows) {
        put(out, row);
    }
    for (const Kind &kind : kinds) {
        put_kind(out, kind);
    }
    out << "# system calls\n";
#define ABI_X(number, name, stub) out << #stub << " " << totals.syscalls[-(number)] << "\n";
    ABI_SYSCALLS(ABI_X)
#undef ABI_X
    out << "# faults\n";
#define ABI_X(label, name, stub) out << #stub << " " << totals.faults[label] << "\n";
    ABI_FAULTS(ABI_X)
#undef ABI_X
}

namespace {

/* With a single domain, a domain other than 0 is refused before an end marker is looked for. */
bool unreachable(const Row &row)
{
    return CONFIG_DOMAINS == 1 && row.label == ABI_LABEL_DOMAIN_SCHEDULE_CONFIGURE &&
           row.check == 5;
}

/* False, and a line, if `count` is 0. */
bool provoked(uint64_t count, const char *what, std::ostream &out)
{
    if (count == 0) {
        out << what << " 0\n";
    }
    return count != 0;
}

} // namespace

bool CountersTable::complete(std::ostream &out)
{
    bool complete = true;
#define ABI_X(number, name, stub) complete &= provoked(totals.syscalls[-(number)], #stub, out);
    ABI_SYSCALLS(ABI_X)
#undef ABI_X
#define ABI_X(label, name, stub)                                                                   \
    complete &= label == 0 || provoked(totals.faults[label], #stub, out);
    ABI_FAULTS(ABI_X)
#undef ABI_X
    for (const Row &row : rows) {
        if (count_of(row) == 0 && !unreachable(row)) {
            complete = false;
            put(out, row);
        }
    }
    for (const Kind &kind : kinds) {
        if (totals.unknown_label[kind.type] == 0) {
            complete = false;
            put_kind(out, kind);
        }
    }
    return complete;
}

} // namespace albireo
