#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tests of tools/mutants: all patches apply and compile, and what is wrong is said."""

import ast
import glob
import importlib.machinery
import importlib.util
import io
import contextlib
import concurrent.futures
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import unittest.mock

sys.dont_write_bytecode = True
TOOLS = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(TOOLS)
sys.path.insert(0, os.path.join(TOOLS, "lib"))

import fuzz_finds  # noqa: E402
import mutant_build  # noqa: E402
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


def starlark(*path):
    """The syntax tree of a file of the build, whose language is a part of Python."""
    with open(os.path.join(ROOT, *path), encoding="utf-8") as file:
        return ast.parse(file.read())


def strings(node):
    return [part.value for part in ast.walk(node)
            if isinstance(part, ast.Constant) and isinstance(part.value, str)]


def assigned(tree, name):
    return next(node.value for node in tree.body
                if isinstance(node, ast.Assign) and node.targets[0].id == name)


class Flags(unittest.TestCase):
    """What mutant_build.py says of flags is what the build says."""

    def test_of_the_watch(self):
        self.assertEqual(sorted(ast.literal_eval(assigned(starlark("core", "core.bzl"),
                                                          "_WATCHED"))),
                         sorted(mutant_build._WATCHED))

    def test_of_the_kernel(self):
        copts = assigned(starlark("core", "core.bzl"), "CORE_COPTS_UNWATCHED")
        self.assertEqual(sorted(ast.literal_eval(copts)),
                         sorted(mutant_build._CORE + mutant_build._WARNINGS))

    def test_of_the_link(self):
        wraps = [text for text in strings(starlark("fuzz", "harness", "BUILD")) if "--wrap" in text]
        self.assertEqual(wraps, mutant_build._WRAP)

    def test_of_what_guides(self):
        self.assertIn("edges_only", strings(starlark("core", "BUILD")))
        texts = strings(starlark("tools", "toolchains", "cc_toolchain_config.bzl"))
        self.assertEqual([text for text in texts if text.startswith("-fsanitize-coverage=")],
                         mutant_build._COVERAGE)

    def test_of_other_sources(self):
        for path, copts in (("harness", "_COPTS"), ("oracle", None)):
            tree = starlark("fuzz", path, "BUILD")
            texts = strings(assigned(tree, copts) if copts else tree)
            warnings = {text for text in texts if text.startswith("-W")}
            self.assertEqual(sorted(warnings - set(mutant_build._WRAP)),
                             sorted(mutant_build._WARNINGS))


class Compiling(Folder):
    def test_what_has_not_begun_when_one_fails_is_left_out(self):
        compiled, over = [], threading.Event()
        shutdown = concurrent.futures.ThreadPoolExecutor.shutdown

        def compile_one(source, *_):
            compiled.append(source)
            if source == "0":
                raise mutant_build.BuildError("0")
            over.wait()
            return source

        def shut(pool, wait=True, **options):
            if wait:
                over.set()
            shutdown(pool, wait=wait, **options)
            over.set()
        build = mutant_build.Build(ROOT, self.folder, {}, 1)
        with unittest.mock.patch.object(concurrent.futures.ThreadPoolExecutor, "shutdown", shut), \
                unittest.mock.patch.object(build, "_compile", compile_one):
            with self.assertRaises(mutant_build.BuildError):
                build._compile_all([str(number) for number in range(50)], "plain")
        self.assertLessEqual(len(compiled), 2)


class Stopped(Folder):
    def test_leaves_nothing_behind(self):
        environment = dict(os.environ, TMPDIR=self.folder)
        process = subprocess.Popen([os.path.join(TOOLS, "mutants"), "--only", "01-*"],
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment)
        try:
            # While it compiles the kernel.
            for _ in range(600):
                if glob.glob(os.path.join(self.folder, "mutants-*", "build-0")):
                    break
                time.sleep(0.1)
            self.assertEqual(len(os.listdir(self.folder)), 1)
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=100)
        finally:
            process.kill()
            process.communicate()
        self.assertEqual(process.returncode, 130)
        self.assertEqual(os.listdir(self.folder), [])


class Arguments(Folder):
    def test_wrong_ones(self):
        for arguments, text in (
                (["--seconds", "0"], "argument --seconds: must be at least 1, not 0"),
                (["--seconds", "x"], "argument --seconds: invalid positive value: 'x'"),
                (["--only", "nix*"], "no mutant is called nix*"),
                (["--patches", "/nowhere"], "--patches: no such folder: /nowhere"),
                (["--out", "/nowhere/x"], "no such folder: /nowhere"),
                (["--corpus", "/nowhere"], "--corpus: no such folder: /nowhere"),
                (["--out", self.folder], "--out: a folder: " + self.folder),
                (["--inputs", __file__], "--inputs: not a folder: " + __file__),
                (["--driver", "afl"], "argument --driver: invalid choice: 'afl'"),
                (["more"], "unrecognized arguments: more")):
            status, output, errors = run(*arguments)
            self.assertEqual((status, output), (2, ""), arguments)
            self.assertIn("mutants: error: " + text, errors)

    def test_help(self):
        status, output, errors = run("--help")
        self.assertEqual((status, errors), (0, ""))
        self.assertIn("95 %", output)
        for status in (0, 1, 2, 3, 130):
            self.assertRegex(output, r"\n  %d +[a-z]" % status)

    def test_corpus(self):
        self.assertEqual(mutants.parse([]).corpus, mutants.CORPUS)
        self.assertIsNone(mutants.parse(["--corpus", "none"]).corpus)
        self.assertEqual(mutants.parse(["--corpus", self.folder]).corpus, self.folder)


def result(name, find=None, source=mutants.FUZZING, seconds=1.25, inputs=300, events=4):
    return mutants.Result(mutant_patch.Mutant(name, "c", "bad", {}, "core/ram.c", []), find, source,
                          "", seconds, inputs, events)


TLB = fuzz_finds.Find("tlb", "stale")


class Table(Folder):
    RESULTS = [result("01-x", TLB), result("02-y", None, seconds=5.0, inputs=7),
               result("03-z", TLB, mutants.REPLAY, 0.25, 3),
               result("04-w", fuzz_finds.Find("world", "panic"), mutants.WORLD, 0.1, 0, 0)]

    def test_rows(self):
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            for one in self.RESULTS:
                mutants.print_row(mutants.cells(one), [6, 5, 5, 7, 9, 7, 9, 6])
        self.assertEqual(out.getvalue(), (
            "01-x    c      yes    fuzzing  tlb            1.2        300       4\n"
            "02-y    c      no     -        -              5.0          7       -\n"
            "03-z    c      yes    corpus   tlb            0.2          3       4\n"
            "04-w    c      no     world    world          0.1          0       -\n"))

    def test_verdict(self):
        self.assertEqual(mutants.verdict(self.RESULTS), (
            2, "2 of 4 found (50.0 %): 1 by fuzzing (25.0 %), 1 by the corpus alone (25.0 %); "
            "in 1 more the world cannot be made"))
        self.assertEqual(mutants.verdict([]), (
            0, "0 of 0 found (0.0 %): 0 by fuzzing (0.0 %), 0 by the corpus alone (0.0 %)"))

    def test_markdown(self):
        path = os.path.join(self.folder, "table.md")
        mutants.write_markdown(path, self.RESULTS[:2],
                               mutants.parse(["--seconds", "5", "--corpus", "none"]))
        with open(path) as file:
            self.assertEqual(file.read().split("\n")[1:], [
                "# Mutants", "",
                "1 of 2 found (50.0 %): 1 by fuzzing (50.0 %), 0 by the corpus alone (0.0 %); 5 s "
                "each on one core at most, libfuzzer, oracles cheap, from nothing.", "",
                "| mutant | class | found | from | by | seconds | inputs | events "
                "| what is wrong |",
                "|---|---|---|---|---|---|---|---|---|",
                "| 01-x | c | yes | fuzzing | tlb | 1.2 | 300 | 4 | bad |",
                "| 02-y | c | no | - | - | 5.0 | 7 | - | bad |", ""])


class Whole(Folder):
    """What one mutant, or the output, does to a run."""

    def test_a_full_disk_is_of_one_mutant(self):
        good, bad = (result(name, TLB) for name in ("01-x", "02-y"))

        def hunt(mutant):
            if mutant is bad.mutant:
                raise OSError(28, "No space")
            return good
        fake = unittest.mock.Mock(hunt=hunt)
        with contextlib.redirect_stdout(io.StringIO()), \
                contextlib.redirect_stderr(io.StringIO()) as said:
            results, whole = mutants.hunt_all(fake, [good.mutant, bad.mutant], mutants.parse([]))
        self.assertTrue(whole)
        self.assertEqual([(True, ""), (False, "[Errno 28] No space")],
                         [(mutants.is_found(one), one.why) for one in results])
        self.assertEqual("mutants: 02-y: [Errno 28] No space\n", said.getvalue())

    def test_a_hunt_that_fails_leaves_nothing(self):
        hunt = mutants.Hunt(mutants.parse([]), self.folder)
        hunt.build = unittest.mock.Mock(side_effect=OSError(28, "No space"))
        with self.assertRaises(OSError):
            hunt.hunt(result("01-x").mutant)
        self.assertEqual([], os.listdir(self.folder))

    def test_a_table_that_cannot_be_written(self):
        options = mutants.parse(["--out", os.path.join(self.folder, "table.md")])
        options.out = "/dev/full"
        with contextlib.redirect_stdout(io.StringIO()) as out, \
                contextlib.redirect_stderr(io.StringIO()) as said:
            self.assertEqual(1, mutants.conclude([result("01-x", TLB)], True, options))
        self.assertIn("1 of 1 found (100.0 %)", out.getvalue())
        self.assertIn("mutants: --out: [Errno 28]", said.getvalue())

    def test_exit_status(self):
        options = mutants.parse([])
        found, missed = result("01-x", TLB), result("02-y")
        with contextlib.redirect_stdout(io.StringIO()):
            self.assertEqual(0, mutants.conclude([found], True, options))
            self.assertEqual(1, mutants.conclude([found, missed], True, options))
            self.assertEqual(130, mutants.conclude([found], False, options))

    def test_nobody_reads(self):
        self.write("01-x.patch", PATCH)
        reader, writer = os.pipe()
        os.close(reader)
        with open(writer, "w") as out:
            done = subprocess.run(
                [os.path.join(TOOLS, "mutants"), "--check-only", "--patches", self.folder],
                stdout=out, stderr=subprocess.PIPE, text=True, check=False)
        self.assertEqual(
            (1, "mutants: 01-x: 01-x: hunk 1 of core/ram.c does not apply, at line 2\n"),
            (done.returncode, done.stderr))


class Replay(Folder):
    """What the corpus finds is told apart, and is not fuzzed."""

    def replay(self, *lines):
        tool = self.write("tool", "#!/bin/sh\ncat <<'EOF'\n%s\nEOF\n" % "\n".join(lines))
        os.chmod(tool, 0o755)
        options = mutants.parse(["--corpus", self.folder])
        return mutants.Hunt(options, self.folder)._replay(tool, self.folder)

    def test_an_input_that_finds_something(self):
        found, path = self.replay("/a: ok", "/b c: tlb: stale: page: 3", "/d: leak: x")
        self.assertEqual(path, "/b c")
        self.assertEqual((found.find, found.source, found.inputs),
                         (fuzz_finds.Find("tlb", "stale: page: 3"), mutants.REPLAY, 2))

    def test_none_that_does(self):
        self.assertEqual(self.replay("/a: ok", "/b: ok"), (None, None))


if __name__ == "__main__":
    unittest.main()
