#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tests of tools/mutants: all patches apply and compile, and what is wrong is said."""

import glob
import importlib.machinery
import importlib.util
import io
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
TOOLS = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(TOOLS)
sys.path.insert(0, os.path.join(TOOLS, "lib"))

import fuzz_finds  # noqa: E402
import mutant_patch  # noqa: E402

_loader = importlib.machinery.SourceFileLoader("mutants", os.path.join(TOOLS, "mutants"))
mutants = importlib.util.module_from_spec(importlib.util.spec_from_loader("mutants", _loader))
_loader.exec_module(mutants)

PATCH = """class: queue membership
bug: a first line
  and a second one
config: domains=16
--- a/core/ram.c
+++ b/core/ram.c
@@ -2,3 +2,3 @@
 two
-three
+drei
 four
"""
FILE = "one\ntwo\nthree\nfour\nfive\n"


def run(*arguments):
    """Status, output and errors of tools/mutants."""
    done = subprocess.run([os.path.join(TOOLS, "mutants"), *arguments], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, text=True, check=False)
    return done.returncode, done.stdout, done.stderr


class Folder(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def write(self, name, text):
        path = os.path.join(self.folder, name)
        with open(path, "w") as file:
            file.write(text)
        return path


class Committed(unittest.TestCase):
    def test_all_apply_and_compile(self):
        status, output, errors = run("--check-only")
        count = len(glob.glob(os.path.join(ROOT, "fuzz", "mutants", "*.patch")))
        self.assertGreaterEqual(count, 48)
        self.assertEqual((status, output, errors),
                         (0, "%d of %d mutants apply and compile\n" % (count, count), ""))

    def test_names_numbers_and_sentences(self):
        read = [mutant_patch.read(path) for path in
                sorted(glob.glob(os.path.join(ROOT, "fuzz", "mutants", "*.patch")))]
        for number, mutant in enumerate(read, 1):
            self.assertRegex(mutant.name, "^%02d-[a-z0-9-]+$" % number)
        self.assertEqual(len({mutant.bug for mutant in read}), len(read))
        self.assertGreaterEqual(len({mutant.kind for mutant in read}), 20)


class Patches(Folder):
    def read(self, text):
        return mutant_patch.read(self.write("01-x.patch", text))

    def refused(self, text):
        with self.assertRaises(mutant_patch.PatchError) as caught:
            self.read(text)
        return str(caught.exception).replace(self.folder + "/", "")

    def test_header(self):
        mutant = self.read(PATCH)
        self.assertEqual(mutant[:5], ("01-x", "queue membership", "a first line and a second one",
                                      {"domains": 16}, "core/ram.c"))

    def test_applied_where_it_is_and_where_it_has_moved(self):
        mutant = self.read(PATCH)
        self.assertEqual(mutant_patch.apply(mutant, FILE), FILE.replace("three", "drei"))
        self.assertEqual(mutant_patch.apply(mutant, "zero\n" + FILE),
                         "zero\n" + FILE.replace("three", "drei"))

    def test_the_same_as_patch(self):
        path = sorted(glob.glob(os.path.join(ROOT, "fuzz", "mutants", "*.patch")))[0]
        mutant = mutant_patch.read(path)
        copy = os.path.join(self.folder, mutant.file)
        os.mkdir(os.path.dirname(copy))
        shutil.copyfile(os.path.join(ROOT, mutant.file), copy)
        with open(copy) as file:
            applied = mutant_patch.apply(mutant, file.read())
        subprocess.run(["patch", "-p1", "-s", "-d", self.folder, "-i", path], check=True)
        with open(copy) as file:
            self.assertEqual(file.read(), applied)

    def test_does_not_apply(self):
        with self.assertRaises(mutant_patch.PatchError) as caught:
            mutant_patch.apply(self.read(PATCH), FILE.replace("four", "vier"))
        self.assertEqual(str(caught.exception),
                         "01-x: hunk 1 of core/ram.c does not apply, at line 2")

    def test_not_a_mutant(self):
        self.assertEqual(self.refused(PATCH.replace("bug: a first line\n  and a second one\n", "")),
                         "01-x.patch: the header does not say its bug")
        self.assertEqual(self.refused("hello\n" + PATCH),
                         "01-x.patch: not a line of a header: hello")
        self.assertEqual(self.refused(PATCH.replace("domains=16", "many")),
                         "01-x.patch: config: expected NAME=NUMBER, not 'many'")
        self.assertEqual(self.refused(PATCH.replace("core/ram.c", "hosted/sim.c")),
                         "01-x.patch: expected a diff of one file of core/")
        self.assertEqual(self.refused(PATCH.replace(" four\n", "")),
                         "01-x.patch: hunk 1 is not as long as it says")
        self.assertEqual(self.refused(PATCH + "-five\n"), "01-x.patch: expected a hunk: -five")
        many = PATCH.replace("+2,3 @@", "+2,9 @@").replace("+drei\n", "+drei\n" * 7)
        self.assertEqual(self.refused(many), "01-x.patch: 7 lines with +, more than 6")


class Checking(Folder):
    def test_a_patch_that_does_not_apply(self):
        self.write("01-x.patch", PATCH)
        self.assertEqual(run("--check-only", "--patches", self.folder), (
            1, "0 of 1 mutants apply and compile\n",
            "mutants: 01-x: 01-x: hunk 1 of core/ram.c does not apply, at line 2\n"))

    def test_a_mutant_that_does_not_compile(self):
        with open(os.path.join(ROOT, "core", "ram.c")) as file:
            first, second = file.read().split("\n")[:2]
        self.write("01-x.patch", "class: c\nbug: b\n--- a/core/ram.c\n+++ b/core/ram.c\n"
                   "@@ -1,2 +1,3 @@\n %s\n+int unused_argument(int i) { return 0; }\n %s\n" % (
                       first, second))
        status, output, errors = run("--check-only", "--patches", self.folder)
        self.assertEqual((status, output), (1, "0 of 1 mutants apply and compile\n"))
        self.assertIn("mutants: 01-x: core/ram.c does not compile:\n", errors)
        self.assertIn("unused parameter", errors)

    def test_an_unknown_setting(self):
        self.write("01-x.patch", PATCH.replace("domains", "demesnes"))
        status, _, errors = run("--check-only", "--patches", self.folder)
        self.assertEqual((status, errors), (
            1, "mutants: 01-x: no setting of the kernel's configuration: demesnes\n"))

    def test_no_mutant_at_all(self):
        self.write("01-x.patch", "hello\n")
        status, _, errors = run("--patches", self.folder)
        self.assertEqual((status, errors), (
            1, "mutants: %s/01-x.patch: not a line of a header: hello\n" % self.folder))


class Arguments(Folder):
    def test_wrong_ones(self):
        for arguments, text in (
                (["--seconds", "0"], "argument --seconds: must be at least 1, not 0"),
                (["--seconds", "x"], "argument --seconds: invalid positive value: 'x'"),
                (["--only", "nix*"], "no mutant is called nix*"),
                (["--patches", "/nowhere"], "--patches: no such folder: /nowhere"),
                (["--out", "/nowhere/x"], "no such folder: /nowhere"),
                (["--driver", "afl"], "argument --driver: invalid choice: 'afl'"),
                (["more"], "unrecognized arguments: more")):
            status, output, errors = run(*arguments)
            self.assertEqual((status, output), (2, ""), arguments)
            self.assertIn("mutants: error: " + text, errors)

    def test_help(self):
        status, output, errors = run("--help")
        self.assertEqual((status, errors), (0, ""))
        self.assertIn("95 %", output)


class Table(Folder):
    RESULTS = [
        mutants.Result(mutant_patch.Mutant("01-x", "c", "bad", {}, "core/ram.c", []),
                       fuzz_finds.Find("tlb", "stale"), "", 1.25, 300, 4),
        mutants.Result(mutant_patch.Mutant("02-y", "d", "worse", {}, "core/ram.c", []), None, "",
                       5.0, 7, 0),
    ]

    def test_rows(self):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            for result in self.RESULTS:
                mutants.print_row(mutants.cells(result), [6, 5, 5, 9, 7, 9, 6])
        self.assertEqual(out.getvalue(),
                         "01-x    c      yes    tlb            1.2        300       4\n"
                         "02-y    d      no     -              5.0          7       -\n")

    def test_verdict(self):
        self.assertEqual(mutants.verdict(self.RESULTS), (1, "1 of 2 found (50.0 %)"))
        self.assertEqual(mutants.verdict([]), (0, "0 of 0 found (0.0 %)"))

    def test_markdown(self):
        path = os.path.join(self.folder, "table.md")
        mutants.write_markdown(path, self.RESULTS, mutants.parse(["--seconds", "5"]))
        with open(path) as file:
            self.assertEqual(file.read().split("\n")[1:], [
                "# Mutants", "", "1 of 2 found (50.0 %); 5 s each on one core at most, libfuzzer, "
                "oracles cheap.", "",
                "| mutant | class | found | by | seconds | inputs | events | what is wrong |",
                "|---|---|---|---|---|---|---|---|",
                "| 01-x | c | yes | tlb | 1.2 | 300 | 4 | bad |",
                "| 02-y | d | no | - | 5.0 | 7 | - | worse |", ""])


if __name__ == "__main__":
    unittest.main()
