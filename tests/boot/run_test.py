#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Boots a root task with tools/boot in virtual time, and judges what it printed.

Usage: run_test.py [--same-as TAP] [--expect REGEX] KERNEL.img ROOTTASK.elf OPTION...

The system must shut down by itself. With --same-as, the lines of TAP must be the same as in that
file; with --expect, the output must have a line that matches. Without either, it must be TAP of
which every line says "ok". OPTIONs are those of tools/boot.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import xml.etree.ElementTree

SECONDS = 600


def tap_problem(output):
    """What is wrong with a program's TAP by itself, or None."""
    plans = re.findall(r"(?m)^1\.\.([0-9]+)$", output)
    results = re.findall(r"(?m)^(ok|not ok) ([0-9]+)", output)
    if len(plans) != 1 or int(plans[0]) == 0:
        return "there is no plan, or more than one"
    if [int(number) for _, number in results] != list(range(1, int(plans[0]) + 1)):
        return "the plan says %s, but there are %d results" % (plans[0], len(results))
    bad = [number for verdict, number in results if verdict != "ok"]
    return "not ok: " + ", ".join(bad) if bad else None


def write_cases(output):
    """Each result as a test case of its own, for whoever counts them."""
    suite = xml.etree.ElementTree.Element("testsuite", name="root task")
    for verdict, name in re.findall(r"(?m)^(ok|not ok) ([0-9]+.*)$", output):
        case = xml.etree.ElementTree.SubElement(suite, "testcase", name=name)
        if verdict != "ok":
            xml.etree.ElementTree.SubElement(case, "failure")
    if len(suite) != 0 and "XML_OUTPUT_FILE" in os.environ:
        xml.etree.ElementTree.ElementTree(suite).write(os.environ["XML_OUTPUT_FILE"])


def judge(options, output):
    if options.expect and not re.search("(?m)^(?:%s)$" % options.expect, output):
        return "no line matches " + options.expect
    if options.same_as:
        with tempfile.NamedTemporaryFile("w", suffix=".tap") as actual:
            actual.write(output)
            actual.flush()
            done = subprocess.run([sys.executable, "tests/conformance/compare.py",
                                   options.same_as, actual.name])
        if done.returncode != 0:
            return "the TAP differs from %s" % options.same_as
    return None if options.expect else tap_problem(output)


def main():
    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)
    parser.add_argument("--same-as")
    parser.add_argument("--expect")
    parser.add_argument("kernel")
    parser.add_argument("task")
    options, rest = parser.parse_known_args()
    command = ["tools/boot", "--kernel", options.kernel, "--icount", "--timeout", str(SECONDS),
               *rest, options.task]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
    output = done.stdout.decode(errors="replace").replace("\r", "")
    write_cases(output)
    problem = judge(options, output) if done.returncode == 0 else (
        "tools/boot ended with status %d" % done.returncode)
    if problem:
        sys.stdout.write(output)
        print("\nFAILED: %s\n%s" % (problem, " ".join(command)))
        return 1
    print("%d lines, as they should be" % output.count("\n"))
    return 0


if __name__ == "__main__":
    os.environ.setdefault("ALBIREO_SKIP_PACKAGES", "1")
    sys.exit(main())
