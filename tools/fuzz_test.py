#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""Tests of tools/fuzz, with a fuzzer of a few lines in place of the real ones."""

import contextlib
import hashlib
import importlib.machinery
import importlib.util
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest
import unittest.mock

sys.dont_write_bytecode = True
TOOLS = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(TOOLS, "lib"))

import coverage_report  # noqa: E402
import fuzz_campaign  # noqa: E402
import fuzz_engines  # noqa: E402
import fuzz_finds  # noqa: E402
import fuzz_folder  # noqa: E402
import fuzz_report  # noqa: E402
import fuzz_targets  # noqa: E402

_loader = importlib.machinery.SourceFileLoader("fuzz", os.path.join(TOOLS, "fuzz"))
fuzz = importlib.util.module_from_spec(importlib.util.spec_from_loader("fuzz", _loader))
_loader.exec_module(fuzz)

# A libFuzzer that finds something in each input that contains the word "bug", which it looks for
# in its corpus first, and makes one itself in its third run.
FAKE = r"""#!/usr/bin/python3
import glob, hashlib, os, sys, time
corpus = sys.argv[1]
options = dict(word[1:].split("=", 1) for word in sys.argv[2:])
print("INFO: Running", file=sys.stderr)

def run(data):
    if b"bug" in data:
        name = "crash-" + hashlib.sha1(data).hexdigest()
        open(options["artifact_prefix"] + name, "wb").write(data)
        print("fuzz: panic: core/a.c:%d: it broke at 0x%x" % (os.getpid(), id(data)),
              file=sys.stderr)
        print("==1== ERROR: libFuzzer: deadly signal", file=sys.stderr)
        os._exit(77)

for path in glob.glob(corpus + "/*"):
    run(open(path, "rb").read())
count = len(glob.glob(corpus + "/*"))
print("#%d\tNEW    cov: 11 ft: 22 corp: 1/1b exec/s: 0 rss: 1Mb" % 100, file=sys.stderr)
print("fuzz: inputs 100 events 1600 entries 2000", file=sys.stderr)
print("fuzz: longest 77 steps, input 3 entry 4: Call CNode_Revoke", file=sys.stderr)
sys.stderr.flush()
open(corpus + "/new-%d" % os.getpid(), "w").write(str(os.getpid()))
%s
time.sleep(float(options["max_total_time"]))
print("stat::number_of_executed_units: 100", file=sys.stderr)
"""

TARGET = fuzz_targets.TARGETS["api-domains"]  # It has no variant.
# Longer than anything takes on a busy machine: what is waited for ends a test.
PATIENCE = 60


class Diagnosis(unittest.TestCase):
    def diagnose(self, output, status=77):
        return fuzz_finds.diagnose(output, status)

    def test_own_words_come_first(self):
        text = "INFO\nfuzz: authority: slot 0x12 of alpha\nSUMMARY: AddressSanitizer: ABRT in f\n"
        self.assertEqual(("authority", "slot 0x12 of alpha"), self.diagnose(text))

    def test_statistics_are_no_find(self):
        text = "fuzz: inputs 1 events 2 entries 3\nfuzz: longest 1 steps, input 2 entry 3: a: b\n"
        self.assertIsNone(self.diagnose(text, 0))

    def test_sanitizers(self):
        stack = ("    #0 0x7f in memcpy string/memcpy.S:4\n"
                 "    #1 0x55 in flatten /a/b/hosted/elf.c:264:13\n")
        asan = "==7==ERROR: AddressSanitizer: heap-use-after-free on address 0x1\n" + stack
        self.assertEqual(("address", "heap-use-after-free in flatten"), self.diagnose(asan))
        ubsan = "core/a.c:1:2: runtime error: shift by 64\nSUMMARY: UndefinedBehaviorSanitizer: x\n"
        self.assertEqual(("ubsan", "core/a.c:1:2: runtime error: shift by 64"),
                         self.diagnose(ubsan))

    def test_a_signal_is_the_same_under_every_sanitizer(self):
        stack = "    #1 0x55 in flatten /a/b/hosted/elf.c:264:13\n"
        for tool in ("Address", "UndefinedBehavior"):
            text = "==7==ERROR: %sSanitizer: SEGV on unknown address\n%s" % (tool, stack)
            self.assertEqual(("signal", "SEGV in flatten"), self.diagnose(text))

    def test_limits_of_libfuzzer(self):
        stack = "    #4 0x55 in endpoint_cancel core/endpoint.c:12:3\n"
        self.assertEqual(("timeout", "timeout in endpoint_cancel"),
                         self.diagnose("ALARM\n" + stack + "SUMMARY: libFuzzer: timeout\n", 70))
        self.assertEqual("memory-limit",
                         self.diagnose("SUMMARY: libFuzzer: out-of-memory (malloc)\n", 71).kind)

    def test_signals(self):
        self.assertEqual(("signal", "SEGV"), self.diagnose("nothing said\n", -11))
        self.assertEqual("signal", self.diagnose("==1== ERROR: libFuzzer: deadly signal\n").kind)

    def test_no_find(self):
        self.assertIsNone(self.diagnose("cannot open\n", 2))
        self.assertIsNone(self.diagnose("", 0))

    def test_numbers_and_addresses_do_not_count(self):
        find = fuzz_finds.Find
        one = find("panic", "core/a.c:12: thread 0x80ff")
        self.assertEqual(fuzz_finds.key(one),
                         fuzz_finds.key(find("panic", "core/a.c:99: thread 0x8000000")))
        self.assertNotEqual(fuzz_finds.key(one),
                            fuzz_finds.key(find("leak", "core/a.c:12: thread 0x80ff")))
        self.assertNotEqual(fuzz_finds.key(one),
                            fuzz_finds.key(find("panic", "core/b.c:12: thread 0x80ff")))

        self.assertNotEqual(fuzz_finds.key(find("invariant", "R1 violated")),
                            fuzz_finds.key(find("invariant", "R2 violated")))

    def test_names_of_folders(self):
        find = fuzz_finds.Find("panic", "core/a.c:12: x->y == NULL && " + "long " * 20)
        name = fuzz_finds.name(find, [])
        self.assertEqual("panic-core-a-c-x-y-null-long-long-long-long-long", name)
        self.assertEqual(name + "-2", fuzz_finds.name(find, [name]))


class Minimising(unittest.TestCase):
    def test_what_is_needed_stays(self):
        data = bytes(range(1, 200))
        small = fuzz_finds.minimise(data, lambda d: b"\x07" in d and b"\x99" in d)
        self.assertEqual(b"\x07\x99", small)

    def test_what_must_keep_its_place_is_zeroed_around(self):
        self.assertEqual(b"\0\0\0x", fuzz_finds.minimise(b"abcxyz", lambda d: d[3:4] == b"x"))

    def test_units_are_kept(self):
        data = b"head" + b"".join(b"%04d" % n for n in range(50))
        trials = []
        small = fuzz_finds.minimise(data, lambda d: trials.append(len(d)) or b"0033" in d, 4)
        self.assertEqual(b"0033", small)
        self.assertEqual({0}, {size % 4 for size in trials})

    def test_time_is_over(self):
        self.assertEqual(b"abc", fuzz_finds.minimise(b"abc", lambda data: False))


class FakeTools(dict):
    """Programs by name."""

    @staticmethod
    def dictionary():
        return ""


class Fuzzing(unittest.TestCase):
    """Campaigns with the fake fuzzer."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = os.path.join(folder.name, "api")
        self.tools = {}
        self.said = []
        self.reports = []

    def fake(self, *lines):
        """A fuzzer that does this after its first lines."""
        path = os.path.join(os.path.dirname(self.folder), "fake")
        with open(path, "w") as file:
            file.write(FAKE.replace("%s\n", "\n".join(lines) + "\n"))
        os.chmod(path, 0o755)
        self.tools = FakeTools(libfuzzer=path, libfuzzer_sanitize=path)

    def seed(self, text):
        path = os.path.join(os.path.dirname(self.folder), "seed-" + text)
        with open(path, "w") as file:
            file.write(text)
        return path

    def campaign(self, resume=False, jobs=2, seeds=(), seed=None):
        def report(find, where):
            self.reports.append((find["name"], sorted(os.listdir(where))))
        made = fuzz_campaign.Campaign(TARGET, self.folder, os.path.join(self.folder, "corpus"),
                                      jobs, 0, "", report, self.said.append)
        self.addCleanup(made.close)
        try:
            made.open(resume, seed)
        except fuzz_campaign.CampaignError:
            made.close()
            raise
        made.seed(seeds)
        return made

    def run_it(self, campaign, seconds, progress=lambda: None):
        engine = fuzz_engines.LibFuzzer(TARGET, self.tools, self.folder, campaign.corpus, None)
        try:
            campaign.run(engine, seconds, progress)
        finally:
            campaign.finish(engine)
            campaign.close()
        with open(os.path.join(self.folder, "state.json")) as file:
            return json.load(file)

    def run_until(self, campaign, condition):
        """The state after a campaign that is ended once condition(campaign) is true."""
        def look():
            if condition(campaign):
                campaign.stop.set()
        state = self.run_it(campaign, PATIENCE, look)
        self.assertTrue(campaign.stop.is_set(), "it did not come to that")
        return state

    @staticmethod
    def has_found(campaign):
        return bool(campaign.state["finds"])

    def test_nothing_found(self):
        self.fake("pass")
        lines = []

        def both_have_said_all(campaign):
            inputs, events = campaign.totals()
            said = campaign.state["longest"] == 77 and inputs >= 200 and events >= 2 * 1600
            if said:
                lines.append(fuzz_report.progress_line(campaign))
            return said
        state = self.run_until(self.campaign(), both_have_said_all)
        self.assertEqual([], state["finds"])
        self.assertEqual((11, 22), (state["cov"], state["features"]))
        self.assertEqual((77, "Call CNode_Revoke"), (state["longest"], state["longest_what"]))
        self.assertGreaterEqual(state["inputs"], 200)
        self.assertGreaterEqual(state["events"], 2 * 1600)
        self.assertRegex(lines[0], r"events/s \(16.0 each\), cov 11 ft 22, corpus \d, finds 0$")

    def test_a_find_is_kept_once_counted_always_and_workers_go_on(self):
        self.fake("if not os.getpid() % 2: run(b'a bug of %d' % os.getpid())",
                  "run(b'bug')")
        state = self.run_until(self.campaign(), lambda campaign: self.has_found(campaign) and
                               campaign.state["finds"][0]["count"] > 3)
        self.assertEqual(1, len(state["finds"]))
        find = state["finds"][0]
        self.assertTrue(find["reported"])
        self.assertEqual([("panic-core-a-c-it-broke-at", ["input.original"])], self.reports)
        self.assertEqual(1, len(self.said))

    def test_a_seed_that_crashes_is_a_find_and_does_not_stop_the_rest(self):
        self.fake("pass")
        state = self.run_until(
            self.campaign(seeds=[self.seed("a bug"), self.seed("good")]),
            lambda campaign: self.has_found(campaign) and campaign.totals()[0] > 0)
        self.assertEqual(["panic"], [find["kind"] for find in state["finds"]])
        corpus = os.listdir(os.path.join(self.folder, "corpus"))
        self.assertIn(hashlib.sha1(b"good").hexdigest(), corpus)
        self.assertNotIn(hashlib.sha1(b"a bug").hexdigest(), corpus)

    def test_resume_adds_up(self):
        self.fake("run(b'bug')")
        first = self.run_until(self.campaign(jobs=1), self.has_found)
        count = first["finds"][0]["count"]
        second = self.run_until(self.campaign(resume=True, jobs=1),
                                lambda campaign: campaign.state["finds"][0]["count"] > count)
        self.assertEqual(1, len(second["finds"]))
        self.assertGreater(second["inputs"], first["inputs"])
        self.assertGreater(second["slot"], first["slot"])
        self.assertGreater(second["seconds"], first["seconds"])
        self.assertEqual(1, len(self.reports))

    def test_a_campaign_is_not_begun_anew_by_accident(self):
        self.fake("pass")
        self.run_it(self.campaign(), 1)
        with self.assertRaisesRegex(fuzz_campaign.CampaignError, "--resume goes on with it"):
            self.campaign()

    def test_two_at_once(self):
        first = self.campaign()
        self.assertEqual([], first.workers)
        with self.assertRaisesRegex(fuzz_campaign.CampaignError, "another tools/fuzz"):
            self.campaign(resume=True)

    def test_what_a_killed_run_left(self):
        """Its report is made up for, and its last artifact is found."""
        self.fake("pass")
        campaign = self.campaign()
        campaign.state["finds"].append(
            {"key": "leak: x", "kind": "leak", "text": "x", "name": "leak-x", "count": 1,
             "after": 1.0, "sanitize": False, "oracles": "full", "domains": False, "saved": True,
             "reported": False})
        campaign.save()
        campaign.close()
        os.makedirs(os.path.join(self.folder, "finds", "leak-x"))
        os.makedirs(os.path.join(self.folder, "work", "0"))
        with open(os.path.join(self.folder, "work", "0", "crash-1"), "w") as file:
            file.write("one more bug")
        state = self.run_until(self.campaign(resume=True),
                               lambda campaign: len(campaign.state["finds"]) == 2)
        self.assertEqual(["leak-x", "panic-core-a-c-it-broke-at"],
                         sorted(name for name, _ in self.reports))
        self.assertEqual([True, True], [find["reported"] for find in state["finds"]])

    def test_damaged_state(self):
        other = '{"version": 2, "target": "elf"}'
        for text, problem in (("{", "state.json"), ("[]", "not the state"), (other, "on api"),
                              ('{"version": 1}', "not the state")):
            os.makedirs(self.folder, exist_ok=True)
            with open(os.path.join(self.folder, "state.json"), "w") as file:
                file.write(text)
            with self.assertRaisesRegex(fuzz_campaign.CampaignError, problem):
                self.campaign(resume=True)

    def test_state_of_the_version_before(self):
        campaign = self.campaign(seed=5)
        campaign.state["finds"].append({"name": "x", "key": "k", "kind": "k", "text": "x"})
        campaign.save()
        campaign.close()
        path = os.path.join(self.folder, "state.json")
        with open(path) as file:
            state = json.load(file)
        state["version"] = 1
        del state["deaths"], state["id"]
        with open(path, "w") as file:
            json.dump(state, file)
        state = self.campaign(resume=True).state
        self.assertEqual((2, 0, 5), (state["version"], state["deaths"], state["seed"]))
        self.assertEqual((False, True), (state["finds"][0]["domains"], state["finds"][0]["saved"]))

    def test_a_fuzzer_that_cannot_run(self):
        self.fake("print('no world', file=sys.stderr)", "sys.exit(2)")
        with unittest.mock.patch.object(fuzz_campaign, "PAUSE_SECONDS", 0.1):
            with self.assertRaisesRegex(fuzz_campaign.CampaignError,
                                        "(?s)status 2.*the 5th time in a row.*no world"):
                self.run_it(self.campaign(), PATIENCE)
        self.assertEqual(4, len(self.said))

    def test_a_worker_that_is_killed_is_replaced(self):
        """As the kernel does if there is no memory left."""
        flag = os.path.join(os.path.dirname(self.folder), "once")
        self.fake("if not os.path.exists(%r): open(%r, 'w'); os.kill(os.getpid(), 9)" %
                  (flag, flag))
        state = self.run_until(self.campaign(jobs=1),
                               lambda campaign: campaign.totals()[0] >= 200)
        self.assertEqual([], state["finds"])
        self.assertEqual(1, state["deaths"])
        self.assertIn("status -9 without a find, and another one takes its place", self.said[0])

    def test_a_find_without_its_input_is_told_and_one_with_it_is_better(self):
        flag = os.path.join(os.path.dirname(self.folder), "full")
        open(flag, "w").close()
        self.fake("full = os.path.exists(%r)" % flag,
                  "if full: options['artifact_prefix'] = '/dev/full/'",
                  "try: run(b'bug')",
                  "except OSError: print('fuzz: panic: core/a.c:1: it broke at 0x1',"
                  " file=sys.stderr); os._exit(77)")
        state = self.run_until(self.campaign(jobs=1), self.has_found)
        self.assertEqual([False], [find["saved"] for find in state["finds"]])
        self.assertRegex(self.said[0], r"^found after \d+ s: panic: core/a.c:1: it broke at 0x1$")
        self.assertEqual("its input is lost: the worker could not save it", self.said[1])
        self.assertEqual([], self.reports)
        os.remove(flag)
        state = self.run_until(self.campaign(resume=True, jobs=1),
                               lambda campaign: campaign.state["finds"][0]["saved"])
        self.assertEqual([(True, True)], [(f["saved"], f["reported"]) for f in state["finds"]])
        self.assertEqual(1, len(self.reports))

    def test_an_input_that_was_written_in_part_is_not_one(self):
        self.fake("pass")
        worker = fuzz_engines.Worker(["sh", "-c", "echo fuzz: leak: x >&2; exit 77"],
                                     self.folder, fuzz_engines.Role(False, ""))
        with open(os.path.join(self.folder, "crash-" + "0" * 40), "w") as file:
            file.write("half")
        while worker.poll() is None:
            time.sleep(0.05)
        self.assertEqual((None, ("leak", "x")), worker.find())

    def test_a_disk_without_room_for_the_state(self):
        self.fake("pass")
        campaign = self.campaign()
        error = OSError(28, "No space left on device")
        with unittest.mock.patch.object(fuzz_campaign, "save_state", side_effect=error):
            campaign.save()
            campaign.save()
        self.assertEqual(["the campaign's state cannot be saved: [Errno 28] "
                          "No space left on device"], self.said)
        self.assertEqual([], self.run_it(campaign, 1)["finds"])

    def test_a_disk_without_room_for_workers(self):
        self.fake("pass")
        campaign = self.campaign(jobs=1)
        with unittest.mock.patch.object(fuzz_campaign, "PAUSE_SECONDS", 0.1):
            with unittest.mock.patch.object(fuzz_engines.LibFuzzer, "start",
                                            side_effect=OSError(28, "No space")):
                with self.assertRaisesRegex(fuzz_campaign.CampaignError, "No space"):
                    self.run_it(campaign, PATIENCE)

    def test_seeds(self):
        """Another one each time, unless it is given; for good."""
        first = self.campaign()
        first.close()
        seed = first.state["seed"]
        again = self.campaign(resume=True)
        self.assertEqual(seed, again.state["seed"])
        again.close()
        with self.assertRaisesRegex(fuzz_campaign.CampaignError, "has been begun with %d" % seed):
            self.campaign(resume=True, seed=seed + 1)
        self.folder += "-other"
        other = self.campaign()
        self.assertNotEqual(seed, other.state["seed"])
        self.folder += "-given"
        self.assertEqual(7, self.campaign(seed=7).state["seed"])

    def test_reports_that_fail_leave_the_others(self):
        self.fake("pass")
        campaign = self.campaign(jobs=1)
        campaign._report = unittest.mock.Mock(side_effect=subprocess.TimeoutExpired("show", 60))
        engine = fuzz_engines.LibFuzzer(TARGET, self.tools, self.folder, campaign.corpus, None)
        campaign.run(engine, 1, lambda: None)
        for text in ("one", "two"):
            campaign.found(self.seed(text), fuzz_finds.Find("leak", text),
                           fuzz_engines.Role(False, "full"))
        self.assertTrue(campaign.unfinished())
        campaign.finish(engine)
        self.assertEqual(2, campaign._report.call_count)
        self.assertEqual(2, sum("no report could be made" in line for line in self.said))

    def test_slow_workers_get_a_sample_and_add_nothing(self):
        self.fake("pass")
        campaign = self.campaign(seeds=[self.seed(str(n)) for n in range(150)])
        engine = fuzz_engines.LibFuzzer(TARGET, self.tools, self.folder, campaign.corpus, None)
        worker = engine.start(0, fuzz_engines.Role(False, "full", True), 1, 7, "id")
        while worker.poll() is None:
            time.sleep(0.1)
        self.assertEqual(101, len(os.listdir(os.path.join(self.folder, "work", "0", "corpus"))))
        self.assertEqual(150, campaign.corpus_size())

    def test_stop_ends_workers_and_keeps_their_counts(self):
        self.fake("time.sleep(1000)")
        campaign = self.campaign()
        workers = []

        def both_have_begun():
            if campaign.totals()[0] == 200:
                workers.extend(campaign.workers)
                campaign.stop.set()
        state = self.run_it(campaign, 0, both_have_begun)
        self.assertEqual(200, state["inputs"])
        self.assertEqual([], campaign.workers)
        self.assertEqual(2, len(workers))
        self.assertNotIn(None, [worker.poll() for worker in workers])

    def test_what_one_worker_has_left_cannot_be_read(self):
        self.fake("pass")
        campaign = self.campaign()
        campaign._settle = unittest.mock.Mock(side_effect=[OSError(5, "Input/output error"), None])
        self.run_until(campaign, lambda campaign: len(campaign.workers) == 2)
        self.assertEqual(2, campaign._settle.call_count)
        self.assertEqual(["what a fuzzer has left cannot be read: [Errno 5] Input/output error"],
                         self.said)
        self.assertEqual([], campaign.workers)

    def test_a_history_that_is_lost_does_not_lose_the_report(self):
        campaign = self.campaign()
        campaign._reporter = unittest.mock.Mock()
        with unittest.mock.patch.object(fuzz_folder, "keep_history",
                                        side_effect=OSError(28, "No space")):
            campaign.found(self.seed("x"), fuzz_finds.Find("residue", "a page"),
                           fuzz_engines.Role(False, "full"))
        campaign._reporter.add.assert_called_once_with(campaign.state["finds"][0])
        self.assertEqual("the inputs before it are lost: [Errno 28] No space", self.said[-1])

    def examine(self, campaign, diagnose):
        """Lets a campaign examine a crash and a hang that AFL++ has seen; the engine."""
        tools = unittest.mock.Mock(diagnose=diagnose)
        engine = fuzz_engines.Afl(TARGET, tools, self.folder, campaign.corpus, None)
        worker = unittest.mock.Mock(role=fuzz_engines.Role(False, "cheap", False, True))
        worker.new_crashes = lambda: [(b"one", False), (b"two", True)]
        campaign._reporter = unittest.mock.Mock()
        for path in engine.new_crashes(worker):
            campaign._examine(engine, path)
        campaign._take_examined(engine)
        return engine

    def waiting(self):
        return len(os.listdir(os.path.join(self.folder, "crashes")))

    def test_a_crash_that_does_not_show_again_is_a_find_all_the_same(self):
        campaign = self.campaign()
        self.examine(campaign, lambda path, role: None)
        find, = campaign.state["finds"]
        self.assertEqual(("crash", True, "cheap", True),
                         (find["kind"], find["saved"], find["oracles"], find["domains"]))
        with open(os.path.join(self.folder, "finds", find["name"], "input.original")) as file:
            self.assertEqual("one", file.read())
        self.assertEqual("it did not end, but does when it is played again: an input of SHA-1 " +
                         hashlib.sha1(b"two").hexdigest(), self.said[-1])
        self.assertEqual(0, self.waiting())

    def test_a_crash_that_cannot_be_examined_waits(self):
        campaign = self.campaign()
        self.examine(campaign, unittest.mock.Mock(side_effect=OSError(12, "No memory")))
        self.assertEqual([], campaign.state["finds"])
        self.assertEqual(["a crash cannot be looked at, which is left to --resume: "
                          "[Errno 12] No memory"] * 2, self.said)
        self.assertEqual(2, self.waiting())

    def test_a_crash_for_which_there_is_no_room_waits(self):
        campaign = self.campaign()
        with unittest.mock.patch.object(campaign, "_save_input", return_value=False):
            self.examine(campaign, lambda path, role: fuzz_finds.Find("leak", "x"))
        self.assertEqual([False], [find["saved"] for find in campaign.state["finds"]])
        self.assertEqual(2, self.waiting())
        campaign.close()
        campaign = self.campaign(resume=True)
        self.examine(campaign, lambda path, role: fuzz_finds.Find("leak", "x"))
        self.assertEqual([True], [find["saved"] for find in campaign.state["finds"]])
        self.assertEqual(0, self.waiting())

    def test_a_crash_of_which_it_cannot_be_noted_that_it_was_examined(self):
        campaign = self.campaign()
        with unittest.mock.patch.object(fuzz_engines.Afl, "examined",
                                        side_effect=OSError(28, "No space")):
            self.examine(campaign, lambda path, role: fuzz_finds.Find("leak", path[-1:]))
        self.assertEqual(1, len(campaign.state["finds"]))
        self.assertEqual(2, campaign.state["finds"][0]["count"])
        self.assertEqual(2, sum("it cannot be noted" in line for line in self.said))

    def test_a_crash_that_cannot_be_kept_is_told_once(self):
        campaign = self.campaign()
        campaign._examiner = unittest.mock.Mock()
        engine = unittest.mock.Mock()
        engine.new_crashes.side_effect = OSError(28, "No space")
        campaign._look = unittest.mock.Mock()
        for _ in range(3):
            campaign._collect(engine, unittest.mock.Mock())
        self.assertEqual(["a crash cannot be looked at yet: [Errno 28] No space"], self.said)


class Summary(unittest.TestCase):
    def summary(self, **changes):
        campaign = fuzz_campaign.Campaign(TARGET, "/x/api", "/x/api/corpus", 1, 0, "", None, None)
        campaign.state.update(seconds=3723.4, inputs=3723000, played=3723000,
                              events=37230000, **changes)
        campaign.corpus_size = lambda: 5
        return "\n".join(fuzz_report.summary(
            campaign, "x/api", coverage_report.Counts(100, 95, 10, 9),
            lambda find, path: "REPLAY " + path, "GO ON"))

    def test_nothing_found(self):
        text = self.summary(longest=9, longest_what="Yield")
        for part in ("api-domains: 3,723,000 inputs in 1 h 2 min, 999 each second.",
                     "Events: 37,230,000, 10.0 in an input.", "95 of 100 lines (95.0 %)",
                     "9 steps without a preemption point: Yield", "Nothing was found.", "GO ON"):
            self.assertIn(part, text)

    def test_finds(self):
        find = {"kind": "leak", "text": "a register", "name": "leak-a", "count": 2, "after": 61,
                "saved": True}
        text = self.summary(finds=[find], deaths=3, seed=99)
        for part in ("Found: 1.", "leak: a register", "after 1 min 1 s, met 2 times",
                     "REPLAY x/api/finds/leak-a/input", "Seed: 99.", "were replaced: 3."):
            self.assertIn(part, text)
        text = self.summary(finds=[{**find, "saved": False}])
        self.assertIn("met 2 times; its input could not be saved", text)
        self.assertNotIn("REPLAY", text)
        text = self.summary(finds=[{**find, "reported": False}])
        self.assertIn("met 2 times; its report is left to --resume", text)
        self.assertIn("REPLAY x/api/finds/leak-a/input.original", text)
        self.assertNotIn("README.md", text)

    def test_the_longest_entry_has_its_report_or_it_is_not_named(self):
        with tempfile.TemporaryDirectory() as folder:
            campaign = fuzz_campaign.Campaign(TARGET, folder, folder, 1, 0, "", None, None)
            campaign.state.update(longest=9, longest_what="Yield")
            campaign.longest.steps = 9

            def text():
                return "\n".join(fuzz_report.summary(campaign, "x", None, None, ""))
            self.assertNotIn("README.md", text())
            os.mkdir(os.path.join(folder, "longest"))
            open(os.path.join(folder, "longest", "README.md"), "w").close()
            self.assertIn("x/longest/README.md", text())

    def test_replay_commands_are_for_a_shell(self):
        tools = fuzz_targets.Tools("/", TARGET, "/")
        find = {"sanitize": False, "oracles": "full", "domains": False}
        self.assertEqual("tools/fuzz --replay 'a b/input' --target api-domains --oracles full",
                         tools.replay_command(find, "a b/input"))

    def test_coverage_page(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        os.mkdir(os.path.join(folder.name, "core"))
        with open(os.path.join(folder.name, "core", "a.c"), "w") as file:
            file.write("a = b < c;\nASSERT(a);\nd();\n")
        sources = {"core/a.c": ({1: 3, 2: 0, 3: 0}, {1: {("0", "0"): 1, ("0", "1"): 0}})}
        more = {"core/a.c": ({1: 1}, {1: {("0", "1"): 2}}), "hosted/b.c": ({1: 1}, {})}
        fuzz_report.add_reports(sources, more)
        page, counts = fuzz_report.coverage_page(folder.name, sources)
        self.assertEqual((2, 1, 2, 2), counts)
        self.assertIn('<span class="yes">a = b &lt; c;</span>', page)
        self.assertIn('<span class="">ASSERT(a);</span>', page)
        self.assertIn('<span class="no">d();</span>', page)
        self.assertNotIn("hosted", page)


class CommandLine(unittest.TestCase):
    def wrong(self, *arguments):
        with contextlib.redirect_stderr(io.StringIO()) as said:
            with self.assertRaises(SystemExit) as caught:
                fuzz.parse(list(arguments))
        self.assertEqual(2, caught.exception.code)
        return said.getvalue()

    def test_wrong_arguments(self):
        self.assertIn("--jobs", self.wrong("--jobs", "0"))
        self.assertIn("--seconds", self.wrong("--seconds", "-1"))
        self.assertIn("--seconds", self.wrong("--seconds", "soon"))
        self.assertIn("invalid choice", self.wrong("--target", "kernel"))
        self.assertIn("invalid choice", self.wrong("--engine", "honggfuzz"))
        self.assertIn("invalid choice", self.wrong("--oracles", "delphi"))
        for seconds in ("0", "4"):  # Less than a second each would be for ever.
            self.assertIn("needs --seconds, at least 5",
                          self.wrong("--target", "all", "--seconds", seconds))
        self.assertIn("--seed", self.wrong("--seed", "-1"))
        self.assertIn("--seed", self.wrong("--seed", str(1 << 32)))
        self.assertIn("nothing to share", self.wrong("--engine", "random", "--sync", "x"))
        self.assertIn("one target", self.wrong("--target", "all", "--replay", "x"))
        self.assertIn("unrecognized", self.wrong("everything"))
        self.assertIn("--replay: no such file: no", self.wrong("--replay", __file__, "no"))
        self.assertIn("--replay: no such file: /", self.wrong("--replay", "/"))

    def test_help_and_status_of_the_program(self):
        done = subprocess.run([os.path.join(TOOLS, "fuzz"), "--help"], stdout=subprocess.PIPE,
                              check=True)
        self.assertIn(b"Exit status", done.stdout)
        done = subprocess.run([os.path.join(TOOLS, "fuzz"), "--jobs", "none"],
                              stderr=subprocess.PIPE, check=False)
        self.assertEqual(2, done.returncode)

    def test_how_to_go_on(self):
        for words in ("", "--seconds 60 --dir d", "--target elf", "--target all --seconds 50",
                      "--jobs 99 --engine afl --oracles full --sanitize 7 --sync s"):
            options = fuzz.parse(words.split())
            command = fuzz.go_on_command(options).split()
            self.assertEqual(["tools/fuzz", "--resume"], command[:2])
            again = fuzz.parse(command[1:])
            again.resume = False
            self.assertEqual(options, again)
        self.assertEqual("tools/fuzz --resume --dir 'a b'",
                         fuzz.go_on_command(fuzz.parse(["--dir", "a b"])))

    def test_all_targets_are_those_that_are_no_variants(self):
        self.assertEqual(["api", "boot", "trace", "elf", "tree"], fuzz_targets.ALL)

    def test_a_line_every_ten_seconds_without_a_terminal(self):
        out = io.StringIO()
        screen = fuzz.Screen(out)
        screen.progress(lambda: "early")
        screen._last -= fuzz.LINE_SECONDS + 1
        screen.progress(lambda: "now")
        screen.progress(lambda: "too soon")
        screen.tell("find")
        self.assertEqual("now\nfind\n", out.getvalue())


class Ends(unittest.TestCase):
    """Of a run: nothing loses the summary."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.out = io.StringIO()
        self.run_ = fuzz.Run(fuzz.parse([]), fuzz.Screen(self.out), fuzz.Interrupts())

    def test_a_report_that_cannot_be_made(self):
        campaign = unittest.mock.Mock(target=TARGET)
        campaign.finish.side_effect = OSError(28, "No space")
        with contextlib.redirect_stderr(io.StringIO()) as said:
            self.run_._report(campaign, None, None)
        self.assertTrue(self.run_.failed)
        self.assertEqual("fuzz: api-domains: a report could not be made: [Errno 28] No space\n",
                         said.getvalue())

    def test_the_summary_is_in_a_file_too(self):
        self.run_._tell_summary(self.folder, ["", "one", "two"])
        with open(os.path.join(self.folder, "summary.txt")) as file:
            self.assertEqual("one\ntwo\n", file.read())
        self.assertEqual("\none\ntwo\n", self.out.getvalue())
        with contextlib.redirect_stderr(io.StringIO()) as said:
            self.run_._tell_summary(os.path.join(self.folder, "none"), ["one"])
        self.assertTrue(self.run_.failed)
        self.assertIn("none/summary.txt", said.getvalue())

    def test_nobody_reads_what_is_said(self):
        reader, writer = os.pipe()
        os.close(reader)
        with open(writer, "w") as out:
            screen = fuzz.Screen(out)
            for _ in range(2):
                screen.tell("line")
                screen._last -= fuzz.LINE_SECONDS + 1
                screen.progress(lambda: "line")
            with contextlib.redirect_stderr(out):
                fuzz.complain("line")

    def handler_of_a_closed_terminal(self, before):
        """Within main(), when it began with that one."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            self.addCleanup(signal.signal, number, signal.getsignal(number))
        signal.signal(signal.SIGHUP, before)
        met = []
        with unittest.mock.patch.object(fuzz.subprocess, "run"), \
                unittest.mock.patch.object(fuzz.Run, "fuzz_all", lambda run: met.append(
                    signal.getsignal(signal.SIGHUP))):
            self.assertEqual(0, fuzz.main([]))
        return met[0]

    def test_a_terminal_that_is_closed_is_like_an_interrupt(self):
        handler = self.handler_of_a_closed_terminal(signal.SIG_DFL)
        self.assertEqual(fuzz.Interrupts.handle, handler.__func__)

    def test_nohup(self):
        self.assertEqual(signal.SIG_IGN, self.handler_of_a_closed_terminal(signal.SIG_IGN))


class Interruption(unittest.TestCase):
    def test_first_a_wish(self):
        interrupts = fuzz.Interrupts()
        with interrupts.calmly():
            interrupts.handle()
            self.assertTrue(interrupts.stop.is_set())
        with self.assertRaises(KeyboardInterrupt):
            interrupts.handle()

    def test_twice_is_an_end_but_not_in_the_middle(self):
        interrupts = fuzz.Interrupts()
        done = False
        with self.assertRaises(KeyboardInterrupt):
            with interrupts.calmly():
                interrupts.handle()
                interrupts.handle()
                done = True
        self.assertTrue(done)

    def test_at_once_where_nothing_is_to_be_done_in_order(self):
        interrupts = fuzz.Interrupts()
        with self.assertRaises(KeyboardInterrupt):
            interrupts.handle()
        self.assertTrue(interrupts.stop.is_set())


if __name__ == "__main__":
    unittest.main()
