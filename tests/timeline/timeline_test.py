#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""`albireo timeline` on real traces: the format, and whether it says what the trace says.

Arguments: albireo, demo.elf, conformance.elf, then those of unittest.
"""

import collections
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import check_format  # noqa: E402

ALBIREO, DEMO, CONFORMANCE = (os.path.abspath(path) for path in sys.argv[1:4])
SECONDS = 300
THREADS = check_format.THREADS


def albireo(*arguments, status=0):
    done = subprocess.run([ALBIREO, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, timeout=SECONDS)
    errors = done.stderr.decode(errors="replace")
    if done.returncode != status:
        raise AssertionError("albireo %s: status %d, not %d: %s" % (
            " ".join(arguments), done.returncode, status, errors))
    return done.stdout.decode(), errors


class Traces(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.work = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, cls.work)
        cls.demo = cls.record("demo.trace", DEMO)

    @classmethod
    def record(cls, name, program, *options, status=0):
        path = os.path.join(cls.work, name)
        albireo("run", "--quiet", "--trace", path, *options, program, status=status)
        return path

    def path(self, name, text=None):
        path = os.path.join(self.work, name)
        if text is not None:
            with open(path, "w", encoding="ascii") as file:
                file.write(text)
        return path

    def timeline(self, trace, *options):
        """Checked; its events by phase."""
        return self.by_phase(check_format.check(albireo("timeline", *options, trace)[0]))

    @staticmethod
    def by_phase(timeline):
        phases = collections.defaultdict(list)
        for event in timeline["traceEvents"]:
            phases[event["ph"]].append(event)
        return phases

    @staticmethod
    def lines(trace):
        """[number, time, words] of a trace's events."""
        with open(trace, encoding="ascii") as file:
            found = re.findall(r"(?m)^([0-9]+) @([0-9]+) [^:]*: (.*)$", file.read())
        return [(int(number), int(time), words) for number, time, words in found]

    def expect_all_events(self, trace, phases):
        """Each event is a slice with the trace's words, at the trace's time."""
        shown = {event["args"]["event"]: event for event in phases["X"] if "args" in event}
        lines = [line for line in self.lines(trace) if not line[2].startswith("DebugPutChar")]
        self.assertEqual(sorted(shown), [number for number, _, _ in lines])
        for number, time, words in lines:
            self.assertAlmostEqual(shown[number]["ts"], time / 10, places=3)
            self.assertTrue(words.startswith(shown[number]["args"]["what"]), words)

    def names(self, phases):
        return {(e["pid"], e["tid"]): e["args"]["name"].replace(" (deleted)", "")
                for e in phases["M"] if e["name"] == "thread_name"}

    def arrows(self, phases):
        """(name, from, to): how often."""
        names = self.names(phases)
        ends = {e["id"]: names[e["pid"], e["tid"]] for e in phases["f"]}
        return collections.Counter((e["name"], names[e["pid"], e["tid"]], ends[e["id"]])
                                   for e in phases["s"])

    def test_demo_has_all_events(self):
        self.expect_all_events(self.demo, self.timeline(self.demo))

    def test_demo_arrows(self):
        arrows = self.arrows(self.timeline(self.demo))
        self.assertEqual(arrows["call", "routine", "server"], 3)
        self.assertEqual(arrows["reply", "server", "routine"], 3)
        self.assertEqual(arrows["call", "urgent", "server"], 3)
        self.assertEqual(arrows["reply", "server", "urgent"], 3)
        faults = arrows["fault", "paged", "pager"]
        self.assertGreater(faults, 3)
        self.assertEqual(arrows["reply", "pager", "paged"], faults)
        self.assertGreater(arrows["fault", "hog", "timeouts"], 5)
        self.assertGreater(arrows["signal", "server", "rootserver"], 0)
        self.assertGreater(arrows["resume", "rootserver", "server"], 0)
        self.assertGreater(arrows["interrupt", "interrupts and timer, core 0", "serial driver"], 1)

    def test_arrows_are_all_the_messages(self):
        """Every call through an endpoint that the trace has is an arrow, and so is every fault."""
        phases = self.timeline(self.demo)
        words = [words for _, _, words in self.lines(self.demo)]
        calls = sum(1 for line in words if re.match(r"Call \S+ \(endpoint\)", line))
        faults = sum(1 for line in words if line.startswith("fault "))
        timeouts = sum(1 for line in words if "Timeout(" in line)
        counted = collections.Counter(event["name"] for event in phases["s"])
        self.assertEqual(counted["call"], calls)
        self.assertEqual(counted["fault"], faults + timeouts)

    def test_demo_states_and_console(self):
        phases = self.timeline(self.demo)
        states = {event["name"] for event in phases["B"] if event["pid"] == THREADS}
        self.assertLessEqual({"running", "ready", "waits for its budget", "blocked on receive",
                              "blocked on reply", "blocked on notification"}, states)
        console = [event["name"] for event in phases["i"] if event.get("cat") == "console"]
        self.assertIn("All 38 claims hold.", [line.strip() for line in console])

    def test_budget(self):
        """It sinks by the time that passes, and is never more than a budget."""
        samples = [(event["ts"], event["args"]["us"]) for event in self.timeline(self.demo)["C"]]
        self.assertGreater(len(samples), 100)
        for (time, left), (later, less) in zip(samples, samples[1:]):
            self.assertTrue(0 <= less <= 10000)
            if later > time and left:
                self.assertAlmostEqual(less, max(left - (later - time), 0), places=2)

    def test_part_of_a_trace(self):
        faults = [number for number, _, words in self.lines(self.demo)
                  if words.startswith("fault ")]
        phases = self.timeline(self.demo, "--from", str(faults[0]), "--to", str(faults[-1]))
        events = [event["args"]["event"] for event in phases["X"] if "args" in event]
        self.assertEqual((min(events), max(events)), (faults[0], faults[-1]))
        self.assertIn("the timeline ends here", [event["name"] for event in phases["i"]])

    def test_conformance(self):
        trace = self.record("conformance.trace", CONFORMANCE, "--hash-every", "0")
        phases = self.timeline(trace)
        self.expect_all_events(trace, phases)
        arrows = collections.Counter(event["name"] for event in phases["s"])
        for name in ("call", "reply", "send", "signal", "fault", "resume"):
            self.assertGreater(arrows[name], 0, name)

    def test_calls_trace(self):
        trace = self.record("calls.trace", DEMO, "--trace-calls", "--max-events", "1500",
                            status=1)
        self.expect_all_events(trace, self.timeline(trace))

    def test_empty_trace(self):
        with open(self.demo, encoding="ascii") as file:
            header = re.match(r"(?s)(.*?\n)1 @", file.read()).group(1)
        phases = self.timeline(self.path("empty.trace", header + "end 0 stopped\n"))
        self.assertEqual(phases["X"], [])
        self.assertIn(("core 0"), self.names(phases).values())

    def test_run_that_goes_another_way(self):
        with open(self.demo, encoding="ascii") as file:
            text = file.read()
        changed = self.path("changed.trace", text.replace(" words=[2] ", " words=[5] ", 1))
        out, errors = albireo("timeline", changed, status=1)
        timeline = check_format.check(out)
        self.assertIn("albireo timeline: ", errors)
        self.assertIn("words=[5]", errors)
        self.assertNotIn("halted", timeline["otherData"]["ending"])

    def test_file_and_page(self):
        out, page = self.path("out.json"), self.path("out.html")
        printed = albireo("timeline", self.demo)[0]
        self.assertEqual(albireo("timeline", "-o", out, self.demo)[0], "")
        albireo("timeline", "--html", page, self.demo)
        with open(out, encoding="ascii") as file:
            self.assertEqual(file.read(), printed)
        with open(page, encoding="utf-8") as file:
            found = re.search(r'(?s)<script id="data" type="application/json">(.*?)</script>',
                              file.read())
        self.assertEqual(found.group(1), printed)

    def test_wrong_arguments(self):
        for arguments, status, text in (
                ((), 2, "no trace given"),
                (("a", "b"), 2, "more than one trace given"),
                (("--from", "x", self.demo), 2, "--from: expected the number of an event, not 'x'"),
                (("--from", "9", "--to", "8", self.demo), 2, "--from is behind --to"),
                (("--from", "999999", self.demo), 2, "--from: the trace ends with event"),
                (("-o", "a", "--html", "b", self.demo), 2, "give one of -o and --html"),
                (("-o", "/nonexistent/x", self.demo), 3, "/nonexistent/x: No such file"),
                (("/nonexistent/trace",), 3, "/nonexistent/trace"),
                ((ALBIREO,), 3, ALBIREO),
                (("-o", "/dev/full", self.demo), 3, "No space left")):
            errors = albireo("timeline", *arguments, status=status)[1]
            self.assertIn(text, errors)
            self.assertTrue(errors.startswith("albireo timeline: "), errors)

    def test_files_that_cannot_be(self):
        trace = self.path("own.trace", "albireo-trace 1\nkind songs\nend 0 x\n")
        errors = albireo("timeline", trace, status=3)[1]
        self.assertEqual(errors, 'albireo timeline: %s: line 2: expected "program" or "calls" '
                                 'at "songs"\n' % trace)
        link = self.path("link.json")
        os.symlink(trace, link)
        for option in "-o", "--html":
            errors = albireo("timeline", option, link, trace, status=2)[1]
            self.assertIn("%s is the trace; it would be overwritten" % link, errors)
        with open(trace, encoding="ascii") as file:
            self.assertIn("songs", file.read())

    def test_help(self):
        self.assertIn("usage: albireo timeline", albireo("timeline", "--help")[0])


class Checker(unittest.TestCase):
    """The checker itself refuses what is wrong."""

    def refuse(self, text, what):
        with self.assertRaisesRegex(check_format.FormatError, what):
            check_format.check(text)

    def events(self, *events):
        return '{"displayTimeUnit":"ns","traceEvents":[%s]}' % ",".join(
            '{"pid":1,"tid":1,%s}' % event for event in (
                *events, '"ph":"M","ts":99,"name":"thread_name","args":{"name":"x"}',
                '"ph":"M","ts":99,"name":"process_name","args":{"name":"x"}'))

    def test_wrong_ones(self):
        begin, end = '"ph":"B","ts":1,"name":"a"', '"ph":"E","ts":5'
        check_format.check(self.events(begin, end))
        self.refuse("{", "no JSON")
        self.refuse(self.events(begin), "begun and never ended")
        self.refuse(self.events(end), "an end without a begin")
        self.refuse(self.events(begin, '"ph":"X","ts":0.5,"dur":0,"name":"b"', end), "earlier")
        self.refuse(self.events(begin, '"ph":"X","ts":2,"name":"b"', end), "bad dur")
        self.refuse(self.events(begin, '"ph":"X","ts":2,"dur":9,"name":"b"', end), "slices cross")
        flow = '"name":"f","cat":"c","id":1'
        self.refuse(self.events(begin, '"ph":"s","ts":2,' + flow, end), "a flow with one end")
        self.refuse(self.events(begin, end, '"ph":"s","ts":7,' + flow,
                                '"ph":"f","bp":"e","ts":7,' + flow), "in no slice")
        self.refuse(self.events('"ph":"C","ts":1,"name":"c","args":{}'), "without numbers")
        self.refuse(self.events('"ph":"Q","ts":1,"name":"c"'), "bad phase")
        self.refuse(self.events('"ph":"B","ts":1,"name":"running","pid":2', end + ',"pid":2'),
                    "a track without name|threads run")


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1] + sys.argv[4:])
