#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tests of compare.py: what it lets pass and what it names."""

import io
import os
import sys
import tempfile
import unittest
from contextlib import redirect_stderr

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import compare  # noqa: E402

GOOD = """OpenSBI v1.1
TAP version 13
1..2
ok 1 - a: one
an unhandled fault, says the kernel
ok 2 - a: two
# all 2 scenarios hold
"""


class CompareTest(unittest.TestCase):
    def compare(self, *texts):
        """Exit status and what is said, for runs with these consoles."""
        with tempfile.TemporaryDirectory() as folder:
            paths = []
            for index, text in enumerate(texts):
                paths.append(os.path.join(folder, f"run{index}"))
                with open(paths[-1], "w", encoding="utf-8", newline="") as file:
                    file.write(text)
            said = io.StringIO()
            with redirect_stderr(said):
                status = compare.main(paths)
            return status, said.getvalue()

    def assert_refused(self, what, *texts):
        status, said = self.compare(*texts)
        self.assertEqual(status, 1)
        self.assertIn(what, said)

    def test_equal_runs_pass(self):
        self.assertEqual(self.compare(GOOD, GOOD, GOOD), (0, ""))

    def test_a_single_run_is_judged(self):
        self.assertEqual(self.compare(GOOD), (0, ""))

    def test_other_lines_and_line_ends_do_not_count(self):
        other = "U-Boot 2023\r\n\r\n" + GOOD.replace("OpenSBI v1.1\n", "").replace("\n", "\r\n")
        other = other.replace("an unhandled fault, says the kernel\r\n", "# a.c:1: x == y\r\n")
        self.assertEqual(self.compare(GOOD, other), (0, ""))

    def test_failure_is_named(self):
        bad = GOOD.replace("ok 2", "not ok 2").replace("# all 2 scenarios hold", "# FAILED: 1 of 2")
        self.assert_refused("line 6: not ok 2 - a: two", GOOD, bad)
        self.assert_refused("line 6 is not 'ok 2'", bad, bad)

    def test_other_name_is_named(self):
        self.assert_refused("line 4: ok 1 - a: uno", GOOD, GOOD.replace("one", "uno"))

    def test_first_difference_is_named(self):
        status, said = self.compare(GOOD, GOOD.replace("one", "uno").replace("two", "due"))
        self.assertEqual(status, 1)
        self.assertIn("uno", said)
        self.assertNotIn("due", said)

    def test_every_wrong_run_is_named(self):
        status, said = self.compare(GOOD, GOOD.replace("one", "uno"), GOOD, "")
        self.assertEqual(status, 1)
        self.assertIn("run1:", said)
        self.assertNotIn("run2:", said)
        self.assertIn("run3: it ends before (line 2): TAP version 13", said)

    def test_missing_end_is_named(self):
        cut = GOOD[: GOOD.index("ok 2")]
        self.assert_refused("it ends before (line 6): ok 2 - a: two", GOOD, cut)
        self.assert_refused("it ends after 1 of 2 scenarios", cut, cut)

    def test_missing_count_is_named(self):
        cut = GOOD[: GOOD.index("# all")]
        self.assert_refused("it ends after 2 of 2 scenarios", cut, cut)

    def test_surplus_is_named(self):
        self.assert_refused("line 8 is one too many: ok 3", GOOD, GOOD + "ok 3 - a: three\n")
        self.assert_refused("it does not end at line 7", GOOD + "ok 3 - a: three\n")

    def test_wrong_count_is_named(self):
        self.assert_refused("it does not end at line 7", GOOD.replace("# all 2", "# all 3"))

    def test_no_tap_at_all_is_named(self):
        self.assert_refused("there is no TAP version line", "", "")
        self.assert_refused("there is no TAP version line", "panic\n" + GOOD[GOOD.index("1..2") :])

    def test_plan_comes_second(self):
        self.assert_refused("line 3 is not the plan", GOOD.replace("1..2\n", ""))

    def test_reboot_is_named(self):
        self.assert_refused("line 7: TAP version 13", GOOD, GOOD[: GOOD.index("ok 2")] + GOOD)

    def test_usage(self):
        said = io.StringIO()
        with redirect_stderr(said):
            self.assertEqual(compare.main([]), 2)
        self.assertIn("compare.py EXPECTED ACTUAL...", said.getvalue())


if __name__ == "__main__":
    unittest.main()
