#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Stand-in for Bazel's CoverageOutputGenerator, with LCOV as output.

As lcov_merger, after each test, in the folder that the manifest's paths start from:
    --coverage_dir=D --output_file=F --source_file_manifest=M --filter_sources=REGEX...
As report generator, after all:
    --reports_file=R --output_file=F

It runs gcov itself. Bazel's own script for that is not run for tests of other rules than cc_test,
and mixes up sources of one name in different folders.

A branch is known by its line, the number of branches of that line, and its place among them: the
same line has other branches where another configuration lets the compiler fold a condition. LCOV's
"block" is that number.
"""

import collections
import json
import os
import re
import shutil
import subprocess
import sys


class Report:
    """Counters by source file."""

    def __init__(self, allowed, filters):
        self.allowed = allowed
        self.filters = filters
        self.lines = collections.defaultdict(collections.Counter)
        self.branches = collections.defaultdict(collections.Counter)
        self.functions = collections.defaultdict(collections.Counter)
        self.function_lines = {}

    def wanted(self, path):
        if self.allowed is not None and path not in self.allowed:
            return False
        return not path.startswith("/") and not any(f.fullmatch(path) for f in self.filters)

    def add_gcda(self, path):
        """Runs gcov on a file of counters; its .gcno lies beside it."""
        gcov = os.environ.get("COVERAGE_GCOV_PATH", "/usr/bin/gcov")
        output = subprocess.run([gcov, "--json-format", "--branch-probabilities", "--stdout", path],
                                stdout=subprocess.PIPE, check=True).stdout
        for source in json.loads(output)["files"]:
            name = source["file"].replace("/proc/self/cwd/", "")
            if self.wanted(name):
                self.add_source(name, source)

    def add_source(self, name, source):
        for function in source["functions"]:
            self.functions[name][function["name"]] += function["execution_count"]
            self.function_lines[name, function["name"]] = function["start_line"]
        for line in source["lines"]:
            number = line["line_number"]
            self.lines[name][number] += line["count"]
            branches = [b["count"] for b in line.get("branches", []) if not b.get("throw")]
            for index, count in enumerate(branches):
                self.branches[name][number, len(branches), index] += count

    def add_lcov(self, path):
        name = None
        with open(path) as file:
            for row in file:
                key, _, value = row.strip().partition(":")
                if key == "SF":
                    name = value
                elif key == "FN":
                    line, function = value.split(",", 1)
                    self.function_lines[name, function] = int(line)
                elif key == "FNDA":
                    count, function = value.split(",", 1)
                    self.functions[name][function] += int(count)
                elif key == "BRDA":
                    *where, count = value.split(",")
                    self.branches[name][tuple(map(int, where))] += int(count) if count != "-" else 0
                elif key == "DA":
                    line, count = value.split(",")[:2]
                    self.lines[name][int(line)] += int(count)

    def write(self, path):
        with open(path, "w") as out:
            for name in sorted(self.lines):
                out.write("SF:%s\n" % name)
                self.write_source(out, name)
                out.write("end_of_record\n")

    def write_source(self, out, name):
        functions = sorted(self.functions[name].items())
        for function, _ in functions:
            out.write("FN:%d,%s\n" % (self.function_lines[name, function], function))
        for function, count in functions:
            out.write("FNDA:%d,%s\n" % (count, function))
        out.write("FNF:%d\nFNH:%d\n" % (len(functions), sum(1 for _, n in functions if n)))
        branches = sorted(self.branches[name].items())
        for where, count in branches:
            out.write("BRDA:%d,%d,%d," % where + "%d\n" % count)
        if branches:
            out.write("BRF:%d\nBRH:%d\n" % (len(branches), sum(1 for _, n in branches if n)))
        lines = sorted(self.lines[name].items())
        for line, count in lines:
            out.write("DA:%d,%d\n" % (line, count))
        out.write("LH:%d\nLF:%d\n" % (sum(1 for _, n in lines if n), len(lines)))


def main():
    options = collections.defaultdict(list)
    for argument in sys.argv[1:]:
        name, _, value = argument.lstrip("-").partition("=")
        options[name].append(value)
    manifest = None
    for path in options["source_file_manifest"]:
        with open(path) as file:
            manifest = file.read().split()
    report = Report(None if manifest is None else set(manifest),
                    [re.compile(regex) for regex in options["filter_sources"]])
    for folder in options["coverage_dir"]:
        for notes in manifest or []:
            counters = os.path.join(folder, os.path.splitext(notes)[0] + ".gcda")
            if notes.endswith(".gcno") and os.path.exists(counters):
                beside = os.path.join(folder, notes)
                if not os.path.exists(beside):
                    shutil.copyfile(notes, beside)
                report.add_gcda(counters)
    for reports in options["reports_file"]:
        with open(reports) as file:
            for path in file.read().split():
                if os.path.exists(path):
                    report.add_lcov(path)
    report.write(options["output_file"][0])


if __name__ == "__main__":
    main()
