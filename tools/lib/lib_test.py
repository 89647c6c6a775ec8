#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tests of test_counts.py and coverage_report.py."""

import contextlib
import io
import json
import os
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import coverage_report  # noqa: E402
import test_counts  # noqa: E402

CASES = """<testsuites><testsuite>
<testcase name="a" status="run" result="completed"/>
<testcase name="b" status="run" result="completed"><failure message="x"/></testcase>
<testcase name="c" status="run" result="skipped"><skipped message="x"/></testcase>
<testcase name="d" status="notrun" result="suppressed"/>
</testsuite></testsuites>"""


class TestCounts(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)

    def result(self, label, status, text=None):
        """The event of one test; `text` is its test.xml."""
        output = []
        if text is not None:
            path = os.path.join(self.folder.name, label.replace("/", "_"))
            with open(path, "w") as file:
                file.write(text)
            output = [{"name": "test.xml", "uri": "file://" + path}]
        return json.dumps({"id": {"testResult": {"label": label}},
                           "testResult": {"status": status, "testActionOutput": output}})

    def test_cases_are_counted(self):
        counts, failures = test_counts.count_events([self.result("//a", "FAILED", CASES)], 3)
        self.assertEqual([1, 1, 1], counts)
        self.assertEqual(["//a: 1 failed"], failures)

    def test_failure_outside_of_the_cases(self):
        good = '<testsuites><testcase name="a"/></testsuites>'
        counts, _ = test_counts.count_events([self.result("//a", "FAILED", good)], 3)
        self.assertEqual([1, 1, 0], counts)

    def test_target_without_cases_counts_one(self):
        events = [self.result("//a", "PASSED"), self.result("//b", "TIMEOUT", "not xml")]
        self.assertEqual([1, 1, 0], test_counts.count_events(events, 3)[0])

    def test_broken_target_counts_as_failed(self):
        event = json.dumps({"id": {"targetCompleted": {"label": "//a"}}, "completed": {}})
        self.assertEqual(([0, 1, 0], ["//a: not built"]), test_counts.count_events([event], 1))

    def test_incompatible_target_does_not(self):
        event = json.dumps({"id": {"targetCompleted": {"label": "//a"}},
                            "aborted": {"reason": "SKIPPED"}})
        self.assertEqual(([0, 0, 0], []), test_counts.count_events([event], 0))

    def test_bazel_itself_fails(self):
        self.assertEqual([0, 1, 0], test_counts.count_events([], 37)[0])


class Coverage(unittest.TestCase):
    def judge(self, lines, exceptions=None, text="a\nb\nASSERT(c &&\n    d);\n"):
        with tempfile.TemporaryDirectory() as root, io.StringIO() as out:
            os.makedirs(os.path.join(root, "core"))
            os.makedirs(os.path.join(root, "docs"))
            report = os.path.join(root, "report")
            files = {"core/a.c": text, "report": "SF:core/a.c\n" + lines + "end_of_record\n"}
            if exceptions:
                files[coverage_report.EXCEPTIONS] = exceptions
            for name, content in files.items():
                with open(os.path.join(root, name), "w") as file:
                    file.write(content)
            with contextlib.redirect_stdout(out):
                status = coverage_report.main(root, report)
            return status, out.getvalue()

    def test_everything_reached(self):
        self.assertEqual(0, self.judge("DA:1,1\nDA:2,1\nBRDA:1,2,0,1\nBRDA:1,2,1,5\n")[0])

    def test_assertions_are_not_counted(self):
        self.assertEqual(0, self.judge("DA:1,1\nDA:3,0\nDA:4,0\nBRDA:3,2,0,0\n")[0])

    def test_unreached_line_needs_a_reason(self):
        lines = "".join("DA:%d,1\n" % number for number in range(2, 50)) + "DA:1,0\n"
        text = "x: y;\n" + "b\n" * 50
        status, output = self.judge(lines, text=text)
        self.assertEqual(1, status)
        self.assertIn("core/a.c:1: x: y;", output)
        self.assertEqual(0, self.judge(lines, "core/a.c: x: y;: why\n", text)[0])

    def test_stale_and_malformed_exceptions(self):
        self.assertEqual(1, self.judge("DA:1,1\n", "core/a.c: b: why\n")[0])
        self.assertEqual(1, self.judge("DA:1,1\n", "core/a.c\n")[0])

    def test_too_few_branches(self):
        status, output = self.judge("DA:1,1\nBRDA:1,2,0,1\nBRDA:1,2,1,0\n")
        self.assertEqual(1, status)
        self.assertIn("branches: 50.0 %", output)

    def test_nothing_measured(self):
        self.assertEqual(1, self.judge("")[0])


if __name__ == "__main__":
    unittest.main()
