#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Compares runs of the conformance program, line by line.

    compare.py EXPECTED ACTUAL...

Each file is what a run has written to the console. Only its TAP lines count: the version, the plan,
`ok` and `not ok`, and the count at the end. What firmware and kernel write, and diagnostics, may
differ. The run EXPECTED must be complete and hold; the others must have the same lines.

Exit status 0 if that is so; else 1, and the first difference is named.
"""

import re
import sys

TAP_LINE = re.compile(r"(TAP version \d|\d+\.\.\d|ok \d|not ok \d|Bail out!|# all \d|# FAILED: )")
PLAN = re.compile(r"1\.\.(\d+)$")


def tap_lines(text):
    """The TAP lines of a console's output: pairs of line number and line."""
    lines = enumerate(text.replace("\r", "").split("\n"), start=1)
    return [(number, line.rstrip()) for number, line in lines if TAP_LINE.match(line)]


def complaint(lines):
    """What is wrong with a run by itself, or None: it must be complete, and all must hold."""
    if len(lines) < 2 or not lines[0][1].startswith("TAP version"):
        return "there is no TAP version line with a plan behind it"
    plan = PLAN.match(lines[1][1])
    if plan is None:
        return f"line {lines[1][0]} is not the plan: {lines[1][1]}"
    count = int(plan.group(1))
    for index, (number, line) in enumerate(lines[2 : count + 2], start=1):
        if not line.startswith(f"ok {index} - "):
            return f"line {number} is not 'ok {index}': {line}"
    if len(lines) < count + 3:
        return f"it ends after {len(lines) - 2} of {count} scenarios"
    number, line = lines[count + 2]
    if line != f"# all {count} scenarios hold" or len(lines) > count + 3:
        return f"it does not end at line {number}: {line}"
    return None


def difference(expected, actual):
    """The first difference between two runs, or None."""
    for (e_number, e_line), (a_number, a_line) in zip(expected, actual):
        if e_line != a_line:
            return f"line {a_number}: {a_line}\n  instead of (line {e_number}): {e_line}"
    if len(actual) < len(expected):
        number, line = expected[len(actual)]
        return f"it ends before (line {number}): {line}"
    if len(actual) > len(expected):
        number, line = actual[len(expected)]
        return f"line {number} is one too many: {line}"
    return None


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return tap_lines(file.read())


def main(arguments):
    if len(arguments) < 1 or arguments[0].startswith("-"):
        print(__doc__.strip(), file=sys.stderr)
        return 2
    expected = read(arguments[0])
    findings = [(arguments[0], complaint(expected))]
    findings += [(path, difference(expected, read(path))) for path in arguments[1:]]
    wrong = [f"{path}: {finding}" for path, finding in findings if finding is not None]
    for text in wrong:
        print(text, file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
