#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""What tools/fuzz makes of finds: report_test.py FUZZ_INPUT SANITIZED REPLAY SANITIZED

The programs are of the kernel of broken.patch: fuzz_input and the player of files, both with the
precise watch and with sanitizers.
"""

import glob
import json
import os
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join("tools", "lib"))

import fuzz_campaign  # noqa: E402
import fuzz_engines  # noqa: E402
import fuzz_finds  # noqa: E402
import fuzz_folder  # noqa: E402
import fuzz_report  # noqa: E402
import fuzz_targets  # noqa: E402

PROGRAMS = {}
ROLE = fuzz_engines.Role(False, "cheap", False, False)
# Two bytes of an event of 16; the others are zeros.
LOAD, YIELD, INVOKE = b"\xbc", b"\xb3", b"\x00"
SET_PRIORITY, SET_MC_PRIORITY, UNBIND, SET_TLS_BASE = b"\x05", b"\x06", b"\x0e", b"\x0f"


def event(kind, which=b"\0"):
    return kind + b"\0" + which + bytes(13)


def make_input(*calls):
    """Invocations among what does not matter."""
    data = bytes(8) + event(LOAD) + event(YIELD)
    for call in calls:
        data += event(INVOKE, call) + event(LOAD, b"\2")
    return data


class Reports(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.tools = fuzz_targets.Tools(".", fuzz_targets.TARGETS["api"], self.folder)
        self.tools.paths = PROGRAMS

    def replace(self, *what):
        """(where, name, value) each, until the end of the test."""
        for where, name, value in what:
            self.addCleanup(setattr, where, name, getattr(where, name))
            setattr(where, name, value)

    def report(self, data, kind, text, role=ROLE):
        found = fuzz_finds.Find(kind, text)
        find = {"key": fuzz_finds.key(found), "kind": kind, "text": text, "name": "it",
                "sanitize": role.sanitize, "oracles": role.oracles, "domains": role.domains}
        with open(os.path.join(self.folder, "input.original"), "wb") as file:
            file.write(data)
        self.tools.report(find, self.folder, "shown")
        return find

    def read(self, name):
        with open(os.path.join(self.folder, name)) as file:
            return file.read()

    def size(self, name):
        return os.path.getsize(os.path.join(self.folder, name))

    def exists(self, name):
        return os.path.exists(os.path.join(self.folder, name))

    def shows_again(self, find):
        """By what the report has left, as its README says."""
        role = fuzz_folder.replay_role(find)
        found = self.tools.diagnose(os.path.join(self.folder, "input"), role)
        self.assertTrue(fuzz_folder.is_same(find, found), found)
        self.assertIn(self.tools.replay_command(find, "shown/input"), self.read("README.md"))

    def test_an_input_that_does_not_end(self):
        """Nothing waits for its end."""
        self.replace((fuzz_engines, "TIMEOUT_SECONDS", 4), (fuzz_folder, "_PLAY_SECONDS", 4),
                     (fuzz_folder, "_HANG_SECONDS", 1))
        find = self.report(make_input(SET_PRIORITY), "timeout", "timeout in tcb_set_priority")
        self.assertEqual({"sanitize": False, "oracles": "full"}, find["shows"])
        self.assertLess(self.size("input"), self.size("input.original"))
        self.assertIn("hang: the input does not end in time", self.read("input.txt"))
        self.assertIn("invoke TCB_SetPriority", self.read("input.txt"))
        self.assertIn("TCB_SetPriority(", self.read("it.trace").splitlines()[-3])
        self.assertIn("ABI_LABEL_TCB_SET_PRIORITY", self.read("it_test.cc"))
        self.shows_again(find)

    def test_what_sanitizers_find_is_made_small_by_events(self):
        text = "core/tcb.c:1:2: runtime error: shift exponent 40 is too large for 32-bit type 'int'"
        role = ROLE._replace(sanitize=True, oracles="off")
        data = make_input(SET_MC_PRIORITY)
        with open(os.path.join(self.folder, "seen"), "wb") as file:
            file.write(data)
        seen = self.tools.diagnose(os.path.join(self.folder, "seen"), role)
        self.assertEqual("ubsan", seen.kind)
        self.assertEqual(text.split(": ", 1)[1], seen.text.split(": ", 1)[1])
        find = self.report(data, "ubsan", seen.text, role)
        self.assertEqual({"sanitize": True, "oracles": "off"}, find["shows"])
        self.assertLess(self.size("input"), 8 + 16)
        self.assertIn("  1: invoke TCB_SetMCPriority", self.read("input.txt"))
        self.assertIn("runtime error: shift exponent", self.read("input.txt"))
        self.assertIn("TCB_SetMCPriority(", self.read("it.trace").splitlines()[-3])
        self.assertIn("ALBIREO_FIND_IS_SANITIZED();", self.read("it_test.cc"))
        self.assertIn(", ORACLE_OFF));", self.read("it_test.cc"))
        self.assertIn("find_test(sanitize = True)", self.read("README.md"))
        self.shows_again(find)

    def test_too_much_work(self):
        find = self.report(make_input(SET_TLS_BASE), "work",
                           "7 steps between preemption points, at most 8: Call, label 16 "
                           "(TCB_SetTLSBase), length 1, 0 caps")
        self.assertEqual({"sanitize": False, "oracles": "full"}, find["shows"])
        self.assertLess(self.size("input"), 8 + 16)
        self.assertIn("ALBIREO_FIND_COUNTS_STEPS();", self.read("it_test.cc"))
        self.shows_again(find)

    def test_what_does_not_show_again_is_not_made_small(self):
        def shrunk(*_):
            raise AssertionError("it is made small")

        self.replace((fuzz_folder.Reporter, "_shrink", shrunk),
                     (fuzz_folder.Reporter, "_minimise", shrunk))
        data = make_input()
        find = self.report(data, "leak", "a register of another")
        self.assertIsNone(find["shows"])
        self.assertIn("**Seen once**", self.read("README.md"))
        self.assertNotIn("--replay", self.read("README.md"))
        self.assertEqual(len(data), self.size("input"))
        self.assertIn("event 1: load", self.read("input.txt"))
        self.assertEqual([], glob.glob(os.path.join(self.folder, "it*")))

    def test_the_level_that_shows_it_is_the_one_that_is_used(self):
        seen = []

        def diagnose(path, role):
            seen.append(role.oracles)
            with open(path, "rb") as file:
                shown = role.oracles == "cheap" and LOAD in file.read()
            return fuzz_finds.Find("leak", "a register") if shown else None

        self.tools.diagnose = diagnose
        find = self.report(make_input(), "leak", "a register")
        self.assertEqual(["full", "cheap"], seen[:2])
        self.assertEqual({"cheap"}, set(seen[1:]))
        self.assertEqual({"sanitize": False, "oracles": "cheap"}, find["shows"])
        self.assertIn("--oracles cheap", self.read("README.md"))
        self.assertIn(", ORACLE_CHEAP));", self.read("it_test.cc"))
        # By bytes, but in whole events: fuzz_input does not find it.
        self.assertEqual(0, (self.size("input") - 8) % 16)

    def history(self, *inputs):
        os.mkdir(os.path.join(self.folder, "history"))
        for number, data in enumerate(inputs, 1):
            with open(os.path.join(self.folder, "history", "%04d" % number), "wb") as file:
                file.write(data)

    def test_of_the_last_inputs_the_guilty_one_is_found(self):
        good = make_input()
        self.history(good, good, make_input(UNBIND), good)
        find = self.report(good, "residue", "RAM at physical address 0x8: 0x01, was 0x00")
        self.assertEqual({"sanitize": False, "oracles": "full"}, find["shows"])
        self.assertIn("invoke TCB_UnbindNotification", self.read("input.txt"))
        self.assertIn("residue: not as built", self.read("input.txt"))
        self.assertLess(self.size("input"), 8 + 16)
        self.assertFalse(self.exists("history"))
        self.shows_again(find)

    def test_if_none_of_the_last_inputs_is_guilty_alone_all_are_kept(self):
        good = make_input()
        self.history(good, good)
        find = self.report(good, "residue", "RAM at physical address 0x8: 0x01, was 0x00")
        self.assertIsNone(find["shows"])
        self.assertIn("ALBIREO_FUZZ_RESIDUE=1", self.read("README.md"))
        self.assertIn("shown/history", self.read("README.md"))
        self.assertTrue(self.exists("history/0002"))


class Worker:
    """As of fuzz_engines, for a program that has ended."""

    def __init__(self, folder, role=ROLE):
        self.folder, self.role = folder, role


class Longest(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.work = os.path.join(self.folder, "work")
        os.mkdir(self.work)
        self.tools = fuzz_targets.Tools(".", fuzz_targets.TARGETS["api"], self.folder)
        self.tools.paths = PROGRAMS

    def play(self, name, data):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(data)
        env = fuzz_engines.environment(ROLE, fuzz_engines.own_files(self.work))
        os.spawnve(os.P_WAIT, PROGRAMS["replay"], [PROGRAMS["replay"], path], env)

    def test_its_input_is_kept_with_a_trace(self):
        self.play("short", bytes(8) + event(YIELD))
        longest = fuzz_folder.Longest(self.folder)
        self.assertEqual(0, longest.steps)
        self.assertTrue(longest.take(Worker(self.work)))
        short = longest.steps
        # A message to oneself, and then not much: by a process that goes on from there.
        long = bytes(8) + event(INVOKE, b"\x0a") + event(YIELD)
        self.play("long", long)
        self.assertTrue(longest.take(Worker(self.work)))
        self.assertGreater(longest.steps, short)
        self.play("short", bytes(8) + event(YIELD))
        self.assertFalse(longest.take(Worker(self.work)))
        with open(longest.input, "rb") as file:
            self.assertEqual(long, file.read())

        self.tools.report_longest(longest)
        with open(os.path.join(longest.folder, "README.md")) as file:
            readme = file.read()
        self.assertIn("%d steps between two preemption points: Call" % longest.steps, readme)
        self.assertRegex(readme, r"Longest kernel entry: \d+ steps .*, in input, entry 1: Call")
        with open(os.path.join(longest.folder, "longest.trace")) as file:
            self.assertIn("Call ", file.read().splitlines()[-3])
        with open(os.path.join(longest.folder, "input.txt")) as file:
            self.assertIn("event 1: invoke", file.read())
        again = fuzz_folder.Longest(self.folder)
        self.assertEqual((longest.steps, longest.what), (again.steps, again.what))

    def test_what_a_worker_writes_meanwhile(self):
        longest = fuzz_folder.Longest(self.folder)
        for text in ("", "many steps", "12"):
            with open(os.path.join(self.work, "longest.txt"), "w") as file:
                file.write(text)
            self.assertFalse(longest.take(Worker(self.work)))
        with open(os.path.join(self.work, "longest.txt"), "w") as file:
            file.write("12 Yield\n")
        self.assertFalse(longest.take(Worker(self.work)))  # Its input is not there.


class Environment(unittest.TestCase):
    def test_how_often_residue_is_looked_for(self):
        with tempfile.NamedTemporaryFile() as file:
            for value, expected in (("0", 2), ("4097", 2), ("1x", 2), ("1", 0), ("4096", 0)):
                done = subprocess.run(
                    [PROGRAMS["replay"], file.name], env={"ALBIREO_FUZZ_RESIDUE": value},
                    stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False)
                self.assertEqual(expected, done.returncode)
                if expected:
                    self.assertIn(b"ALBIREO_FUZZ_RESIDUE: expected 1..4096, not '%s'" %
                                  value.encode(), done.stderr)


class Found(unittest.TestCase):
    """What a campaign hands over."""

    def test_the_last_inputs_go_to_the_find(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        top = os.path.join(folder.name, "api")
        seen = []
        campaign = fuzz_campaign.Campaign(
            fuzz_targets.TARGETS["api"], top, os.path.join(top, "corpus"), 1, 0, "",
            lambda find, where: seen.append(sorted(os.listdir(where))), lambda line: None)
        self.addCleanup(campaign.close)
        campaign.open(False, 1)
        campaign.seed([])
        work = os.path.join(top, "work", "0")
        os.makedirs(os.path.join(work, "history"))
        for name in ("crash-x", "history/0001"):
            with open(os.path.join(work, name), "wb") as file:
                file.write(b"x")

        class Engine:
            slices = True

            def start(self, *_):
                campaign.found(os.path.join(work, "crash-x"),
                               fuzz_finds.Find("residue", "RAM"), ROLE)
                campaign.stop.set()
                raise OSError("enough")

        campaign.run(Engine(), 5, lambda: None)
        campaign.finish(Engine())
        self.assertEqual([["history", "input.original"]], seen)
        with open(os.path.join(top, "state.json")) as file:
            self.assertTrue(json.load(file)["finds"][0]["reported"])


class Summary(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.longest = os.path.join(folder.name, "longest")
        os.makedirs(self.longest)
        with open(os.path.join(self.longest, "about.json"), "w") as file:
            json.dump({"steps": 77, "what": "Yield", "domains": False}, file)
        self.campaign = fuzz_campaign.Campaign(
            fuzz_targets.TARGETS["api"], folder.name, folder.name, 1, 0, "", None, None)
        self.campaign.state.update(longest=77, longest_what="Yield")
        self.find = {"kind": "leak", "text": "a", "name": "leak-a", "count": 1, "after": 1,
                     "saved": True, "reported": True}

    def lines(self):
        return fuzz_report.summary(
            self.campaign, "x", None, lambda find, path: "REPLAY " + path, "")

    def test_finds_that_do_not_show_again_and_the_longest_entry(self):
        with open(os.path.join(self.longest, "README.md"), "w"):
            pass
        again = dict(self.find, text="b", name="leak-b",
                     shows={"sanitize": False, "oracles": "full"})
        self.campaign.state.update(finds=[dict(self.find, shows=None), again])
        lines = self.lines()
        self.assertIn("    seen once: played alone, its input does not show it again", lines)
        self.assertEqual(["    replay: REPLAY x/finds/leak-b/input"],
                         [line for line in lines if "REPLAY" in line])
        self.assertIn("  x/longest/README.md", lines)

    def test_what_is_not_there_is_not_named(self):
        """Reports may be left out."""
        self.campaign.state.update(finds=[dict(self.find, reported=False)])
        lines = self.lines()
        self.assertFalse([line for line in lines if "README.md" in line], lines)
        self.assertIn("    after 1 s, met 1 time; its report is left to --resume", lines)
        self.assertIn("    replay: REPLAY x/finds/leak-a/input.original", lines)


if __name__ == "__main__":
    PROGRAMS.update(zip(("fuzz_input", "fuzz_input_sanitize", "replay", "replay_sanitize"),
                        map(os.path.realpath, sys.argv[1:])))
    unittest.main(argv=sys.argv[:1])
