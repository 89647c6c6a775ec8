#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""`albireo replay` and `albireo verify` with real programs: moves, conditions, output, errors.

Usage: replay_test.py ALBIREO DEMO.elf ECHO.elf
"""

import json
import os
import random
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ALBIREO, DEMO, ECHO = (os.path.abspath(path) for path in sys.argv[1:4])
SECONDS = 600

GOOD, FAILED, USAGE, INPUT = range(4)


def albireo(*words, stdin=b"", env=None):
    """(exit status, standard output, standard error)."""
    done = subprocess.run((ALBIREO,) + words, input=stdin, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=SECONDS, env=env, check=False)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


class ReplayTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.dir = tempfile.mkdtemp()
        cls.demo = os.path.join(cls.dir, "demo.trace")
        status, cls.console, err = albireo("run", "--trace", cls.demo, DEMO)
        assert status == GOOD, err
        with open(cls.demo) as file:
            cls.lines = [line for line in file.read().split("\n") if re.match(r"\d+ ", line)]

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.dir)

    def expect(self, status, *words, stdin=b""):
        """Standard output, or standard error if it must fail."""
        got, out, err = albireo(*words, stdin=stdin)
        self.assertEqual(got, status, "%s\n%s%s" % (" ".join(words), out[-2000:], err))
        return out if status == GOOD else err

    def write(self, name, text):
        path = os.path.join(self.dir, name)
        with open(path, "w") as file:
            file.write(text)
        return path

    def edited(self, name, number, change):
        """The demo's trace with the line of one event changed."""
        with open(self.demo) as file:
            lines = file.read().split("\n")
        at = next(i for i, line in enumerate(lines) if line.startswith("%d " % number))
        lines[at] = change(lines[at])
        return self.write(name, "\n".join(lines)), at + 1

    # --- All as recorded ---

    def test_replays_all(self):
        out = self.expect(GOOD, "replay", self.demo)
        count = len(self.lines)
        self.assertTrue(out.startswith(self.console))
        self.assertIn("%d of %d events, %d compared: all as recorded.\n" % (
            count, count, count), out)
        self.assertIn('The trace ends with "halted".', out)
        self.assertEqual(self.expect(GOOD, "replay", "--quiet", self.demo), "")

    def test_calls_need_no_program(self):
        elf = os.path.join(self.dir, "gone.elf")
        calls = os.path.join(self.dir, "calls.trace")
        shutil.copy(DEMO, elf)
        self.expect(GOOD, "run", "--quiet", "--trace", calls, "--trace-calls", elf)
        os.unlink(elf)
        self.expect(GOOD, "replay", "--quiet", calls)

    def test_the_last_events(self):
        last = os.path.join(self.dir, "last.trace")
        self.expect(GOOD, "run", "--quiet", "--trace", last, "--trace-last", "10", DEMO)
        out = self.expect(GOOD, "replay", last)
        self.assertIn("%d of %d events, 10 compared" % (len(self.lines), len(self.lines)), out)

    def test_input_is_in_the_trace(self):
        trace = os.path.join(self.dir, "echo.trace")
        text = b"some words, more of them than a serial port holds at a time\n\x04"
        out = self.expect(GOOD, "run", "--trace", trace, ECHO, stdin=text)
        self.assertIn(text[:-1].decode(), out)
        with open(trace) as file:
            inputs = re.findall(r"^input @\d+ 0x([0-9a-f]+)", file.read(), re.MULTILINE)
        self.assertEqual(bytes(int(byte, 16) for byte in inputs), text)
        self.assertIn(text[:-1].decode(), self.expect(GOOD, "replay", trace))
        # Going back, they come again.
        with open(trace) as file:
            lines = [line for line in file.read().split("\n") if re.match(r"\d+ ", line)]
        places = [len(lines), 30, len(lines) - 40, len(lines) - 3, 1, len(lines)]
        out = self.expect(GOOD, "replay", "--step", "--quiet", trace, stdin="".join(
            "to %d\n" % place for place in places).encode())
        self.assertEqual(out.split("\n")[2:-1], [lines[place - 1] for place in places])
        # Also if it comes late, and only the last events are kept.
        with subprocess.Popen((ALBIREO, "run", "--trace", trace, "--trace-last", "5", ECHO),
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE) as run:
            for byte in text:
                run.stdin.write(bytes([byte]))
                run.stdin.flush()
            run.stdin.close()
            run.stdout.read()
            self.assertEqual(run.wait(SECONDS), GOOD)
        self.expect(GOOD, "replay", "--quiet", trace)

    # --- Moving about ---

    def where(self, *words):
        found = json.loads(self.expect(GOOD, "replay", self.demo, "--json", *words))
        self.assertEqual(found["of"], len(self.lines))
        event = self.lines[found["events"] - 1] if found["events"] != 0 else None
        self.assertEqual(found["event"], event)
        return found

    def test_to_and_back(self):
        self.assertEqual(self.where("--to", "0")["events"], 0)
        self.assertEqual(self.where("--to", "17")["events"], 17)
        self.assertEqual(self.where("--to", "1700", "--back", "5")["events"], 1695)
        self.assertEqual(self.where("--back", "1")["events"], len(self.lines) - 1)
        self.assertEqual(self.where("--to", "5", "--back", "100")["events"], 0)

    def test_random_moves(self):
        """Far more work than snapshots are kept for."""
        dice = random.Random(1)
        places = [dice.randint(1, len(self.lines)) for _ in range(25)]
        commands = "".join("to %d\n" % place for place in places) + "back\nstep\nquit\n"
        out = self.expect(GOOD, "replay", "--step", "--quiet", self.demo, stdin=commands.encode())
        expected = [self.lines[place - 1] for place in places]
        expected += [self.lines[places[-1] - 2], self.lines[places[-1] - 1]]
        self.assertEqual(out.split("\n")[2:-1], expected)

    def test_conditions(self):
        found = self.where("--break-on", "error RangeError", "--break-on", "fault")
        self.assertEqual(found["end"], "condition")
        first = next(i for i, line in enumerate(self.lines)
                     if ": fault " in line or "= error RangeError" in line)
        self.assertEqual(found["events"], first + 1)
        out = self.expect(GOOD, "replay", self.demo, "--quiet", "--break-on", "blocks",
                          "--show", "threads")
        self.assertIn("blocked on", out)
        self.assertEqual(self.where("--break-on", "panic")["end"], "end")

    def test_show(self):
        state = self.where("--to", "900", "--show", "all")["state"]
        self.assertIsInstance(state, dict)
        self.assertIsNone(self.where("--to", "900")["state"])
        text = self.expect(GOOD, "replay", self.demo, "--quiet", "--to", "900", "--show", "queues")
        self.assertIn("Ready", text)

    def test_gdb(self):
        line = next(line for line in self.lines if "Untyped_Retype" in line)
        script = self.write("gdb.sh", "#!/bin/sh\nprintf '%s\\n' \"$@\"\n")
        os.chmod(script, 0o755)
        env = dict(os.environ, ALBIREO_GDB=script)
        status, out, _ = albireo("replay", self.demo, "--gdb", "--to", line.split(" ")[0], env=env)
        self.assertEqual(status, GOOD)
        words = out.split("\n")
        self.assertIn("tbreak session_debug_stop", words)
        arguments = words[words.index("--args") + 1:]
        self.assertEqual(arguments[1:5],
                         ["replay", self.demo, "--stop-before", line.split(" ")[0]])
        # Debian's own stops where the kernel is entered for the system call.
        status, out, err = albireo("replay", self.demo, "--gdb", "--to", line.split(" ")[0],
                                   stdin=b"info symbol $pc\nkill\nquit\n")
        self.assertEqual(status, GOOD, out + err)
        self.assertRegex(out, r"kernel_on_syscall(\(.*\))?( \+ \d+)? in section \.text")
        env["ALBIREO_GDB"] = "/nowhere/gdb"
        status, _, err = albireo("replay", self.demo, "--gdb", env=env)
        self.assertEqual(status, INPUT)
        self.assertIn("cannot run /nowhere/gdb", err)

    # --- Differences ---

    def test_another_outcome(self):
        trace, at = self.edited("outcome.trace", 1000, lambda line: line.replace(" = ", " = not "))
        err = self.expect(FAILED, "replay", "--quiet", trace)
        self.assertIn("event 1000 (line %d): the kernel answers something else" % at, err)
        status, out, _ = albireo("replay", trace, "--json", "--back", "3")
        found = json.loads(out)
        self.assertEqual(status, FAILED)
        self.assertEqual([found[key] for key in ("end", "end_at", "events")],
                         ["difference", 1000, 997])
        self.assertEqual(found["happened"], self.lines[999])
        self.assertEqual(found["expected"], self.lines[999].replace(" = ", " = not "))
        self.assertEqual(found["event"], self.lines[996])

    def test_another_state(self):
        trace, _ = self.edited("state.trace", 1000, lambda line: line[:-1] + "%x" % (
            int(line[-1], 16) ^ 1))
        err = self.expect(FAILED, "replay", "--quiet", trace)
        self.assertIn("the same answer, but the kernel's state is another one", err)
        self.expect(GOOD, "replay", "--quiet", "--no-hashes", trace)

    # --- Bad input ---

    def test_wrong_words(self):
        for words, part in [
                ((), "no trace given"),
                (("a", "b"), "more than one trace"),
                (("--to", "x", "t"), "--to: expected the number of an event, not 'x'"),
                (("--to", "-1", "t"), "not '-1'"),
                (("--back", "1k", "t"), "--back: expected"),
                (("--break-on", "explodes", "t"), "'explodes' is no condition; conditions are\n"),
                (("--show", "foo", "t"), "nothing is called 'foo'"),
                (("--checks", "maybe", "t"), "expected on or off, not 'maybe'"),
                (("--json", "--step", "t"), "exclude each other"),
                (("--to", "99999999", self.demo), "the trace ends with event %d" % len(self.lines)),
                (("--break-on", "writes 10:8", self.demo), "there is no RAM"),
                (("--bogus", "t"), "--bogus"),
        ]:
            err = self.expect(USAGE, "replay", *words)
            self.assertIn(part, err)
        self.assertIn("conditions:\n  blocks [THREAD]", self.expect(GOOD, "replay", "--help"))

    def test_bad_files(self):
        with open(self.demo) as file:
            text = file.read()
        other_build = re.sub(r"\nbuild .*", "\nbuild 0123456789abcdef", text)
        for name, changed, part in [
                ("cut.trace", text[:len(text) // 2], "line "),
                ("noise.trace", "what is this?\n", "line 1"),
                ("future.trace", text.replace("albireo-trace 1", "albireo-trace 2", 1), "version"),
                ("build.trace", other_build, "--any-build"),
                ("config.trace", text.replace("config debug", "config release", 1),
                 "is of a release"),
                ("file.trace", text.replace(DEMO, "/nowhere/demo.elf", 1), "/nowhere/demo.elf"),
        ]:
            err = self.expect(INPUT, "replay", "--quiet", self.write(name, changed))
            self.assertIn(part, err)
        self.expect(INPUT, "replay", os.path.join(self.dir, "missing.trace"))
        self.assertIn("not the file that was recorded",
                      self.expect(INPUT, "replay", "--image", ECHO, self.demo))
        elsewhere = os.path.join(self.dir, "build.trace")
        self.expect(GOOD, "replay", "--quiet", "--any-build", elsewhere)

    # --- verify ---

    def test_verify(self):
        out = self.expect(GOOD, "verify", DEMO)
        last = re.search(r"#([0-9a-f]{16})", self.lines[-1]).group(1)
        self.assertEqual(out, "%d events, both runs are the same. Final state hash: %s. The end: "
                              "halted.\n" % (len(self.lines), last))
        out = self.expect(GOOD, "verify", "--max-events=100", "--memory", "64M", DEMO)
        self.assertIn("100 events, both runs are the same.", out)
        self.assertIn("The end: stopped.", out)

    def test_verify_wrong_words(self):
        for words, part in [((), "no root task given"), (("a", "b"), "more than one"),
                            (("--memory", "lots", "a"), "--memory: expected a number, not 'lots'"),
                            (("--root-cnode-bits", "40", "a"), "at most 32")]:
            self.assertIn(part, self.expect(USAGE, "verify", *words))
        self.assertIn("/nowhere.elf", self.expect(INPUT, "verify", "/nowhere.elf"))
        self.assertIn("usage: albireo verify", self.expect(GOOD, "verify", "--help"))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
