#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Counts single test cases of a Bazel test run.

Usage: test_counts.py --status=STATUS EVENTS

EVENTS is what --build_event_json_file wrote, STATUS the exit status of Bazel. Prints three numbers:
passed, failed, skipped. A test target that is not a GoogleTest counts as one case, and so does a
target that was not built. Names of failures go to standard error.
"""

import json
import sys
import urllib.parse
import xml.etree.ElementTree

TESTS_FAILED = 3


def count_xml(path):
    """(passed, failed, skipped) of a test.xml, None if it cannot be read."""
    try:
        tree = xml.etree.ElementTree.parse(path)
    except (OSError, xml.etree.ElementTree.ParseError):
        return None
    passed = failed = skipped = 0
    for case in tree.iter("testcase"):
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
        elif case.find("skipped") is not None or case.get("result") == "skipped":
            skipped += 1
        elif case.get("status") != "notrun":
            passed += 1
    return passed, failed, skipped


def count_result(result):
    """(passed, failed, skipped) of one test target's result."""
    ok = result.get("status") == "PASSED"
    counts = None
    for output in result.get("testActionOutput", []):
        if output.get("name") == "test.xml":
            counts = count_xml(urllib.parse.unquote(urllib.parse.urlparse(output["uri"]).path))
    if counts is None or sum(counts) == 0:
        return (1, 0, 0) if ok else (0, 1, 0)
    passed, failed, skipped = counts
    # A test that fails outside of its cases: a leak, a time-out, a crash at exit.
    if not ok and failed == 0:
        failed = 1
    return passed, failed, skipped


def count_events(lines, status):
    """((passed, failed, skipped), [what failed]) of a whole run."""
    results = {}
    broken = set()
    for line in lines:
        event = json.loads(line)
        ident = event.get("id", {})
        if "testResult" in ident and "testResult" in event:
            # Of several attempts the last one counts.
            key = ident["testResult"]
            results[key["label"], key.get("shard", 0), key.get("run", 0)] = event["testResult"]
        elif "targetCompleted" in ident:
            if "aborted" in event or not event.get("completed", {}).get("success"):
                if event.get("aborted", {}).get("reason") != "SKIPPED":
                    broken.add(ident["targetCompleted"]["label"])
    totals = [0, 0, 0]
    failures = []
    for (label, _, _), result in sorted(results.items()):
        counts = count_result(result)
        totals = [a + b for a, b in zip(totals, counts)]
        if counts[1]:
            failures.append("%s: %d failed" % (label, counts[1]))
    for label in sorted(broken):
        failures.append("%s: not built" % label)
    totals[1] += len(broken)
    if status not in (0, TESTS_FAILED) and not failures:
        failures.append("bazel: exit status %d" % status)
        totals[1] += 1
    return totals, failures


def main():
    if len(sys.argv) != 3 or not sys.argv[1].startswith("--status="):
        sys.exit(__doc__)
    try:
        with open(sys.argv[2]) as file:
            lines = file.readlines()
    except OSError:
        lines = []
    totals, failures = count_events(lines, int(sys.argv[1].split("=")[1]))
    for failure in failures:
        print("FAILED " + failure, file=sys.stderr)
    print(*totals)


if __name__ == "__main__":
    main()
