#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Judges the coverage of core/.

Usage: coverage_report.py ROOT REPORT

ROOT is the source tree, REPORT an LCOV file. docs/coverage_exceptions.txt explains lines that no
test reaches, one in a row:

    core/file.c: exact text of the line, without the blanks around it: reason

The text and not a number, so that an entry survives changes elsewhere in the file; it holds for
every line of the file with that text. An entry that no unreached line needs is an error.
"""

import collections
import os
import re
import sys

LINES_MIN = 95.0
BRANCHES_MIN = 90.0
EXCEPTIONS = "docs/coverage_exceptions.txt"

# Their failing arms are only reached by a broken kernel.
ASSERTION = re.compile(r"\b(?:ASSERT(?:_SLOW)?|UNREACHABLE)\s*\(")

Counts = collections.namedtuple("Counts", "lines lines_hit branches branches_hit")


def read_report(path):
    """{source: ({line: count}, {line: [count of a branch]})}"""
    sources = {}
    lines = branches = None
    with open(path) as file:
        for row in file:
            key, _, value = row.strip().partition(":")
            if key == "SF":
                lines, branches = sources.setdefault(
                    value, ({}, collections.defaultdict(dict)))
            elif key == "DA":
                number, count = value.split(",")[:2]
                lines[int(number)] = lines.get(int(number), 0) + int(count)
            elif key == "BRDA":
                number, block, branch, count = value.split(",")
                branches[int(number)][block, branch] = 0 if count == "-" else int(count)
    return sources


def assertion_lines(text):
    """Numbers of the lines that belong to an assertion, up to its closing parenthesis."""
    found = set()
    depth = 0
    for number, line in enumerate(text, 1):
        match = None if depth else ASSERTION.search(line)
        if depth or match:
            found.add(number)
            rest = line[match.start():] if match else line
            depth = max(0, depth + rest.count("(") - rest.count(")"))
    return found


def read_exceptions(path):
    """({(file, text): reason}, [malformed rows])"""
    entries = {}
    malformed = []
    if not os.path.exists(path):
        return entries, malformed
    with open(path) as file:
        for number, row in enumerate(file, 1):
            row = row.strip()
            if not row or row.startswith("#"):
                continue
            source, _, rest = row.partition(": ")
            # The text may have colons of its own, the reason may not.
            text, _, reason = rest.rpartition(": ")
            if not source or not text or not reason:
                malformed.append("%s:%d: expected `file: text: reason`" % (EXCEPTIONS, number))
            else:
                entries[source, text.strip()] = reason
    return entries, malformed


def measure(text, lines, branches):
    """(Counts, [numbers of unreached lines]) of one file."""
    excluded = assertion_lines(text)
    counted = {number: count for number, count in lines.items() if number not in excluded}
    arms = [count for number, by_branch in branches.items() if number not in excluded
            for count in by_branch.values()]
    unreached = sorted(number for number, count in counted.items() if count == 0)
    return Counts(len(counted), len(counted) - len(unreached), len(arms),
                  sum(1 for count in arms if count)), unreached


def percent(hit, total):
    return 100.0 * hit / total if total else 100.0


def row(name, counts):
    return "%-32s %6d %6d %7.1f%% %8d %6d %7.1f%%" % (
        name, counts.lines, counts.lines_hit, percent(counts.lines_hit, counts.lines),
        counts.branches, counts.branches_hit, percent(counts.branches_hit, counts.branches))


def judge(total, unexplained, stale, malformed):
    """What is wrong, a line each."""
    problems = list(malformed)
    lines = percent(total.lines_hit, total.lines)
    branches = percent(total.branches_hit, total.branches)
    if total.lines == 0:
        problems.append("nothing of core/ was measured")
    if lines < LINES_MIN:
        problems.append("lines: %.1f %% reached, at least %.0f %%" % (lines, LINES_MIN))
    if branches < BRANCHES_MIN:
        problems.append("branches: %.1f %% reached, at least %.0f %%" % (branches, BRANCHES_MIN))
    if unexplained:
        problems.append("%d unreached lines without a reason in %s" % (unexplained, EXCEPTIONS))
    for source, text in stale:
        problems.append("%s: not needed, delete: %s: %s" % (EXCEPTIONS, source, text))
    return problems


def main(root, report):
    exceptions, malformed = read_exceptions(os.path.join(root, EXCEPTIONS))
    stale = set(exceptions)
    total = Counts(0, 0, 0, 0)
    details = []
    unexplained = 0
    print("Not counted: lines of assertions (ASSERT, ASSERT_SLOW, UNREACHABLE), whose failing arms")
    print("only a broken kernel reaches.\n")
    print("%-32s %6s %6s %8s %8s %6s %8s" % ("file", "lines", "hit", "", "branches", "hit", ""))
    for source, (lines, branches) in sorted(read_report(report).items()):
        if not source.startswith("core/"):
            continue
        with open(os.path.join(root, source)) as file:
            text = file.read().split("\n")
        counts, unreached = measure(text, lines, branches)
        total = Counts(*(a + b for a, b in zip(total, counts)))
        print(row(source, counts))
        for number in unreached:
            line = text[number - 1].strip()
            reason = exceptions.get((source, line))
            stale.discard((source, line))
            unexplained += reason is None
            details.append("%s:%d: %s" % (source, number, line))
            details.append("    " + (reason or "NO REASON GIVEN"))
    print(row("total", total))
    if details:
        print("\nUnreached lines:")
        print("\n".join(details))
    problems = judge(total, unexplained, sorted(stale), malformed)
    print()
    for problem in problems:
        print("FAIL " + problem)
    if not problems:
        print("ok   coverage")
    return 1 if problems else 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
