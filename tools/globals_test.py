#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""core/ has no mutable global: proved on its object files.

Usage: tools/globals_test.py FILE...

First tests globals.py itself on planted variables, then runs it on the archives that are given.
"""

import os
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import globals as state  # noqa: E402

ARCHIVES = []


def problems_of(text, *options):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "a.o")
        subprocess.run(["/usr/bin/gcc", "-x", "c", "-O2", "-c", "-o", path, *options, "-"],
                       input=text, text=True, check=True)
        archive = os.path.join(folder, "a.a")
        subprocess.run(["/usr/bin/ar", "rcs", archive, path], check=True)
        found = state.problems(path)
        assert len(found) == len(state.problems(archive)), "object and archive differ"
        return " ".join(found)


class Globals(unittest.TestCase):
    def test_planted_variables_are_found(self):
        use = " int f(void) { return ++planted; }"
        for text, options in (
                ("int planted;" + use, []),
                ("int planted = 1;" + use, []),
                ("int planted;" + use, ["-fcommon"]),
                ("static int planted;" + use, []),
                ("_Thread_local int planted;" + use, []),
                ("_Thread_local int planted = 1;" + use, []),
                ("int f(void) { static int planted; return ++planted; }", []),
                ("const char *planted = \"a\";", ["-fPIC"]),
                ("__attribute__((section(\"mine\"))) int planted = 1;", [])):
            self.assertIn("planted", problems_of(text, *options), text)

    def test_constructors_are_found(self):
        text = "void g(void); __attribute__((constructor)) void f(void) { g(); }"
        self.assertIn("init_array", problems_of(text))

    def test_constants_are_not_found(self):
        for options in ([], ["-fPIC"], ["-g"]):
            self.assertEqual("", problems_of(
                "void g(void); void h(void); extern int elsewhere;"
                "void (*const table[])(void) = {g, h};"
                "static const char *const names[] = {\"a\", \"b\"};"
                "const char *f(int i) { static const int c[] = {3, 4}; g();"
                " return names[c[i] + elsewhere]; }", *options))

    def test_nothing_is_not_a_proof(self):
        with tempfile.TemporaryDirectory() as folder:
            archive = os.path.join(folder, "a.a")
            subprocess.run(["/usr/bin/ar", "rcs", archive], check=True)
            self.assertNotEqual([], state.problems(archive))
            self.assertNotEqual([], state.problems(os.path.join(folder, "missing.a")))

    def test_archives(self):
        for archive in ARCHIVES:
            self.assertEqual([], state.problems(archive))


if __name__ == "__main__":
    ARCHIVES = sys.argv[1:]
    unittest.main(argv=sys.argv[:1])
