#!/usr/bin/python3
# SPDX-License-Identifier: BSD-2-Clause
"""tools/fuzz from beginning to end, with the real engines: campaign_test.py CLASS TOOLS/FUZZ
PROGRAM...

The programs are those of campaign_target.c. In place of Bazel there is a script that has built them
already, as those of targets that tools/fuzz knows; it fails, or takes for ever, if it is told to.
"""

import contextlib
import glob
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

HANGS = """#!/bin/sh
sleep 1000 &
echo $! >%(root)s/pid
wait
"""

BAZEL = r"""#!/bin/sh
echo "$*" >>%(root)s/bazel.log
if [ -e %(root)s/"$1-hangs" ]; then
    sleep 1000 &
    echo $! >%(root)s/pid
    wait
fi
case "$1 $*" in
    *" bazel-bin") echo %(root)s/built ;;
    *" output_path") echo %(root)s/output ;;
esac
for broken in $(cat %(root)s/broken); do
    case "$1 $*" in *"$broken"*) echo "$broken is broken"; exit 1 ;; esac
done
"""

COVERAGE = "SF:core/a.c\nDA:1,5\nDA:2,0\nend_of_record\n"
# How long a wait may take on a slow machine that does much else, where hours would be a mistake.
PATIENCE = 180


def read(path):
    with open(path, "rb") as file:
        return file.read()


def begins_with(path, word):
    """AFL++ takes files of its queue away for a moment."""
    with contextlib.suppress(FileNotFoundError):
        return read(path).startswith(word)
    return False


def flavour_of(path):
    """Of .../campaign_FLAVOUR/campaign_DRIVER_program."""
    return os.path.basename(os.path.dirname(path)).partition("_")[2]


def is_dead(pid):
    with contextlib.suppress(OSError):
        return read("/proc/%d/stat" % pid).rpartition(b")")[2].split()[0] == b"Z"
    return True


class Campaigns(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = os.path.join(folder.name, "root")
        self.out = os.path.join(folder.name, "out")
        tools = os.path.join(self.root, "tools")
        shutil.copytree(os.path.join(os.path.dirname(FUZZ), "lib"), os.path.join(tools, "lib"))
        shutil.copy(FUZZ, tools)
        self.put("tools/lib/bazel", BAZEL % {"root": self.root}, 0o755)
        self.put("tools/lib/packages.sh", "#!/bin/sh\n", 0o755)
        self.put("broken", "")
        self.put("core/a.c", "a();\nb();\n")
        self.put("output/_coverage/_coverage_report.dat", COVERAGE)
        for number, nearly in enumerate(("buf", "ubr")):  # One bit away from a find.
            self.put("fuzz/corpus/elf/seed-%d" % number, nearly)
        for path in PROGRAMS:
            for name in ("elf", "boot"):
                made = os.path.join(self.root, "built/fuzz", name, name + "_" + flavour_of(path))
                os.makedirs(made)
                shutil.copy(path, made)

    def put(self, name, text, mode=0o644):
        path = os.path.join(self.root, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w") as file:
            file.write(text)
        os.chmod(path, mode)

    def replace(self, flavour, text):
        """Another program in place of that."""
        for path in glob.glob(os.path.join(self.root, "built/fuzz/*/*_%s/*" % flavour)):
            os.remove(path)
            self.put(path, text, 0o755)

    def start(self, planted, *arguments, target="elf", folder=None):
        words = [os.path.join(self.root, "tools/fuzz"), "--target", target]
        if "--replay" not in arguments:
            words += ["--dir", folder or self.out]
        process = subprocess.Popen([*words, *arguments], stdout=subprocess.PIPE,
                                   stderr=subprocess.STDOUT, text=True,
                                   env={**os.environ, "CAMPAIGN": planted})
        self.addCleanup(self.end, process)
        return process

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.kill()
        process.wait()
        process.stdout.close()

    def fuzz(self, planted, *arguments, **options):
        """(status, output)"""
        return self.result(self.start(planted, *arguments, **options))

    def fuzz_until(self, condition, planted, *arguments, **options):
        """The same of a campaign that is ended by Ctrl-C once it has found something, and the
        condition holds."""
        process = self.start(planted, *arguments, "--seconds", "0", **options)
        said = self.read_until(process, "found after")
        self.wait_for(condition)
        process.send_signal(signal.SIGINT)
        status, rest = self.result(process)
        return status, said + rest

    def fuzz_until_found(self, planted, *arguments, **options):
        return self.fuzz_until(lambda: True, planted, *arguments, **options)

    def result(self, process):
        said, _ = process.communicate(timeout=PATIENCE)
        return process.returncode, said

    def read_until(self, process, text):
        """Reads lines of output until one that has the text, a pattern, and returns them."""
        said = ""
        timer = threading.Timer(PATIENCE, process.kill)
        timer.start()
        try:
            for line in process.stdout:
                said += line
                if re.search(text, line):
                    return said
        finally:
            timer.cancel()
        self.fail("%s, and no %s" % (said, text))

    def wait_for(self, what):
        deadline = time.monotonic() + PATIENCE
        while not what():
            self.assertLess(time.monotonic(), deadline)
            time.sleep(0.1)

    def queue(self):
        """What the fuzzers of AFL++ have kept."""
        return glob.glob(os.path.join(self.out, "elf/afl/*/queue/id*"))

    def find(self, name, target="elf"):
        return os.path.join(self.out, target, "finds", name)

    def check_find(self, said, name, text, target="elf"):
        """It is in the summary and, made small, in the folder; and it is seen when replayed."""
        self.assertRegex(said, r"(?m)^Found: \d")
        self.assertIn(text, said)
        folder = self.find(name, target)
        self.assertTrue(os.path.exists(os.path.join(folder, "README.md")))
        self.assertLessEqual(len(read(os.path.join(folder, "input"))), 4)
        self.check_replay(said, name + "/input", text, target)

    def check_replay(self, said, path, text, target="elf"):
        """The summary's command shows it; `path` is the end of the input's."""
        command = re.search(r"(?m)replay: tools/fuzz (.*%s( .*)?)$" % re.escape(path), said)
        status, played = self.fuzz("bue", *command.group(1).split(), target=target)
        self.assertIn("%s: %s" % (path, text), played)
        self.assertEqual(1, status)


class Alone(Campaigns):
    PLANTED = ("planted-it-was-found", "planted: it was found")

    def test_libfuzzer(self):
        status, said = self.fuzz_until_found("b", "--jobs", "2", "--seed", "5")
        self.assertEqual(1, status, said)
        self.check_find(said, *self.PLANTED)
        self.assertIn("Seed: 5.", said)

    def test_random(self):
        status, said = self.fuzz_until_found("b", "--engine", "random", "--jobs", "1")
        self.assertEqual(1, status, said)
        self.check_find(said, *self.PLANTED)

    def test_nothing_found(self):
        """Although the fuzzers have played inputs: the line of figures, every ten seconds, says
        when they have."""
        process = self.start("", "--seconds", "0")
        said = self.read_until(process, r"^\d[^,]*, [1-9][\d.]*[kMG]? inputs/s, ")
        process.send_signal(signal.SIGINT)
        status, rest = self.result(process)
        self.assertEqual(0, status, said + rest)
        self.assertRegex(rest, r"(?m)^elf: [1-9][\d,]* inputs in ")
        self.assertIn("Nothing was found.", rest)

    def test_sanitizers_find_what_afl_does_not_see(self):
        status, said = self.fuzz_until(
            lambda: any(begins_with(path, b"ubs") for path in self.queue()),
            "bu", "--engine", "afl", "--jobs", "2")
        self.assertEqual(1, status, said)
        self.check_find(said, *self.PLANTED)
        name, = (os.path.basename(path) for path in glob.glob(self.find("ubsan-*")))
        self.check_find(said, name, "ubsan: ")

    def test_resume_after_a_kill(self):
        process = self.start("b", "--seconds", "0", "--jobs", "1")
        self.read_until(process, "found after")
        process.kill()
        process.wait()
        status, said = self.fuzz("b", "--seconds", "3", "--jobs", "1", "--resume")
        self.assertEqual(1, status, said)
        self.assertIn("Found: 1.", said)
        self.check_find(said, *self.PLANTED)

    def test_afl_goes_on_after_a_kill(self):
        process = self.start("u", "--seconds", "0", "--jobs", "1", "--engine", "afl")
        self.wait_for(lambda: any(",op:" in path for path in self.queue()))
        process.kill()
        process.wait()
        status, said = self.fuzz_until_found("b", "--jobs", "1", "--engine", "afl", "--resume")
        self.assertEqual(1, status, said)
        self.check_find(said, *self.PLANTED)
        self.assertEqual(1, len(os.listdir(os.path.join(self.out, "elf/afl"))))

    def test_coverage_that_fails_loses_nothing(self):
        self.put("broken", "coverage")
        status, said = self.fuzz_until_found("b", target="boot")
        self.assertEqual(1, status, said)
        self.assertIn("boot: the coverage could not be measured: bazel coverage failed", said)
        self.check_find(said, *self.PLANTED, target="boot")
        status, said = self.fuzz("", "--seconds", "1", "--dir", self.out + "2", target="boot")
        self.assertEqual(2, status, said)
        self.assertIn("Nothing was found.", said)

    def test_coverage(self):
        status, said = self.fuzz("", "--seconds", "1", target="boot")
        self.assertEqual(0, status, said)
        self.assertIn("Coverage of core/: 1 of 2 lines (50.0 %)", said)
        self.assertIn(b"core/a.c", read(os.path.join(self.out, "boot/coverage.html")))
        (words,) = re.findall("(?m)^coverage.*$", read(self.root + "/bazel.log").decode())
        self.assertIn("--test_env=ALBIREO_FUZZ_ORACLES=off", words)
        self.assertIn("--test_arg=%s/boot/corpus" % self.out, words)

    def test_a_merge_that_fails_loses_nothing(self):
        self.replace("libfuzzer_sanitize", "#!/bin/sh\necho no merge; exit 1\n")
        status, said = self.fuzz_until_found("b", "--engine", "afl", "--jobs", "1")
        self.assertEqual(1, status, said)
        self.assertIn("the corpus is left as it was: libFuzzer's merge failed:\nno merge", said)
        self.check_find(said, *self.PLANTED)

    def test_one_target_is_broken_the_others_run(self):
        self.put("broken", "//fuzz/api: //fuzz:trace //fuzz:tree")
        # What there is to be found must be so within the fifth of the time that a target has.
        self.put("fuzz/corpus/elf/bug", "bug")
        status, said = self.fuzz("b", "--seconds", "30", target="all")
        self.assertEqual(1, status, said)
        for name in ("api", "trace", "tree"):
            self.assertIn("fuzz: %s: bazel build failed" % name, said)
        self.check_find(said, *self.PLANTED)
        self.assertEqual(1, said.count("To go on: "))

    def test_the_variant_with_domains_has_its_turn(self):
        """It alone has the bug: so its programs must have found it, and must play it."""
        for path in PROGRAMS:
            for name, planted in (("api", ""), ("api_domains", "b")):
                self.put("built/fuzz/api/%s_%s/x" % (name, flavour_of(path)),
                         '#!/bin/sh\nCAMPAIGN=%s exec %s "$@"\n' % (planted, path), 0o755)
        for name in ("watched", "sanitize", "domains"):
            self.put("built/fuzz/finds/fuzz_input_%s/x" % name, "#!/bin/sh\nexit 1\n", 0o755)
        self.put("fuzz/corpus/api/seed", "buf")
        status, said = self.fuzz_until_found("", "--jobs", "2", target="api")
        self.assertEqual(1, status, said)
        self.assertRegex(said, "replay: .* --target api-domains ")
        name, text = self.PLANTED
        self.check_find(said, name, text, target="api")
        readme = read(os.path.join(self.find(name, "api"), "README.md"))
        self.assertIn(b"--target api-domains", readme)

    def test_fuzzers_that_cannot_run(self):
        self.replace("libfuzzer", "#!/bin/sh\necho no world >&2; exit 2\n")
        status, said = self.fuzz("", "--seconds", "0", "--jobs", "2")
        self.assertEqual(2, status, said)
        self.assertIn("the 5th time in a row:\nno world", said)
        self.assertIn("Nothing was found.", said)


class Interrupted(Campaigns):
    """By Ctrl-C, in each phase. What hangs does so for much longer than PATIENCE, inputs too."""

    def setUp(self):
        super().setUp()
        engines = read(os.path.join(self.root, "tools/lib/fuzz_engines.py")).decode()
        patient = engines.replace("\nTIMEOUT_SECONDS = 20\n", "\nTIMEOUT_SECONDS = 1000\n")
        self.assertNotEqual(engines, patient)
        self.put("tools/lib/fuzz_engines.py", patient)

    def interrupt(self, process, *texts, ready=lambda: True, times=1):
        """After a line that has the first text, then after one that has the second, and so on; the
        last time not before `ready`. (status, output)"""
        said = ""
        for text in texts:
            said += self.read_until(process, text)
            if text == texts[-1]:
                self.wait_for(ready)
            for _ in range(times):
                time.sleep(0.5)
                process.send_signal(signal.SIGINT)
        status, rest = self.result(process)
        return status, said + rest

    def pid(self):
        """Of what hangs, or 0: it has not begun."""
        with contextlib.suppress(OSError, ValueError):
            return int(read(self.root + "/pid"))
        return 0

    def check_it_is_gone(self):
        self.assertNotEqual(0, self.pid())
        self.wait_for(lambda: is_dead(self.pid()))

    def test_fuzzing(self):
        status, said = self.interrupt(self.start("b", "--seconds", "0"), "found after")
        self.assertEqual(1, status, said)
        self.check_find(said, *Alone.PLANTED)

    def test_building(self):
        self.put("build-hangs", "")
        process = self.start("", "--seconds", "9")
        status, said = self.interrupt(process, "building", ready=self.pid)
        self.assertEqual(2, status, said)
        self.assertIn("fuzz: interrupted", said)
        self.check_it_is_gone()

    def test_measuring(self):
        self.put("coverage-hangs", "")
        process = self.start("b", "--seconds", "0", target="boot")
        status, said = self.interrupt(process, "found after", "measuring", ready=self.pid)
        self.assertEqual(1, status, said)
        self.check_it_is_gone()
        self.check_find(said, *Alone.PLANTED, target="boot")

    def test_merging(self):
        self.replace("libfuzzer_sanitize", HANGS % {"root": self.root})
        process = self.start("b", "--seconds", "0", "--engine", "afl", "--jobs", "1")
        status, said = self.interrupt(process, "found after", "goes through the sanitizers",
                                      ready=self.pid)
        self.assertEqual(1, status, said)
        self.assertIn("planted: it was found", said)
        self.check_it_is_gone()

    def test_reporting(self):
        """What was left out is done by --resume."""
        replay, = glob.glob(os.path.join(self.root, "built/fuzz/elf/elf_replay/*"))
        shutil.copy(replay, self.root)
        self.replace("replay", "#!/bin/sh\nsleep 1000\n")
        process = self.start("b", "--seconds", "0", "--sanitize", "0")
        status, said = self.interrupt(process, "found after", times=2)
        self.assertEqual(1, status, said)
        self.assertIn("Found: 1.", said)
        name, text = Alone.PLANTED
        self.assertEqual(["input.original"], os.listdir(self.find(name)))
        self.assertIn("; its report is left to --resume", said)
        shutil.copy(os.path.join(self.root, os.path.basename(replay)), replay)
        self.check_replay(said, name + "/input.original", text)
        self.replace("libfuzzer", "#!/bin/sh\nsleep 1\n")
        status, said = self.fuzz("b", "--seconds", "2", "--sanitize", "0", "--resume")
        self.assertEqual(1, status, said)
        self.check_find(said, name, text)

    def test_replaying(self):
        for name, text in (("one", "bug"), ("two", "end")):
            self.put(name, text)
        paths = [os.path.join(self.root, name) for name in ("one", "two")]
        process = self.start("be", "--replay", *paths)
        status, said = self.interrupt(process, "one: planted: it was found")
        self.assertEqual(1, status, said)
        self.assertNotIn("two: ", said)


class Together(Campaigns):
    def test_afl(self):
        """Two machines, as far as they can know: one has a seed that the other one needs."""
        shared = os.path.join(self.root, "shared")
        words = ["--engine", "afl", "--jobs", "1", "--sync", shared]
        self.put("fuzz/corpus/elf/seed-0", "shibbole")
        one = self.start("", "--seconds", "0", *words)
        queues = os.path.join(shared, "elf/*/queue")

        def have_it(fuzzers):
            """So many have the seed, or what they made of it."""
            return fuzzers == sum(
                any(begins_with(path, b"shibbole") for path in glob.glob(queue + "/id*"))
                for queue in glob.glob(queues))

        self.wait_for(lambda: have_it(1))
        self.put("fuzz/corpus/elf/seed-0", "x")
        two = self.start("", "--seconds", "0", *words, folder=self.out + "2")
        self.wait_for(lambda: have_it(2))
        for process in (one, two):
            process.send_signal(signal.SIGINT)
        for process in (one, two):
            status, said = self.result(process)
            self.assertEqual(0, status, said)
        queues = glob.glob(queues)
        self.assertEqual(2, len(queues))
        self.assertEqual(1, sum("/elf/main-" in queue for queue in queues))

    def test_libfuzzer(self):
        """They share the corpus, which is what is measured, too."""
        shared = os.path.join(self.root, "shared")
        status, said = self.fuzz("", "--seconds", "2", "--sync", shared, target="boot")
        self.assertEqual(0, status, said)
        self.assertTrue(os.listdir(os.path.join(shared, "boot")))
        self.assertIn("Coverage of core/: 1 of 2 lines", said)
        (words,) = re.findall("(?m)^coverage.*$", read(self.root + "/bazel.log").decode())
        self.assertIn("--test_arg=%s/boot" % shared, words.split())


if __name__ == "__main__":
    NAMES = sys.argv[1].split(",")
    FUZZ, *PROGRAMS = (os.path.abspath(path) for path in sys.argv[2:])
    unittest.main(argv=[sys.argv[0], *NAMES])
