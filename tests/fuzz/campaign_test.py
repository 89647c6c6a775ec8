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
import time
import unittest

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
# How long all that is to be quick may take, on a busy machine.
PATIENCE = 60


def read(path):
    with open(path, "rb") as file:
        return file.read()


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
        said, _ = process.communicate(timeout=3 * PATIENCE)
        return process.returncode, said

    def read_until(self, process, text):
        """Reads lines of output until one that has the text, and returns them."""
        said = ""
        for line in process.stdout:
            said += line
            if text in line:
                return said
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
        command = re.search(r"replay: tools/fuzz (.*%s/input.*)" % name, said).group(1)
        status, played = self.fuzz("bue", *command.split(), target=target)
        self.assertIn("%s/input: %s" % (name, text), played)
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
        status, said = self.fuzz("", "--seconds", "2")
        self.assertEqual(0, status, said)
        self.assertIn("Nothing was found.", said)

    def test_sanitizers_find_what_afl_does_not_see(self):
        status, said = self.fuzz_until(
            lambda: any(read(path)[:3] == b"ubs" for path in self.queue()),
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
        status, said = self.fuzz("b", "--seconds", "15", target="all")
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
    """By Ctrl-C, in each phase."""

    def interrupt(self, process, *texts, times=1):
        """After a line that has the first text, then after one that has the second, and so on;
        (status, output, seconds since the last)."""
        said = ""
        for text in texts:
            said += self.read_until(process, text)
            time.sleep(1)
            began = time.monotonic()
            for _ in range(times):
                process.send_signal(signal.SIGINT)
                time.sleep(0.3)
        status, rest = self.result(process)
        return status, said + rest, time.monotonic() - began

    def check_bazel_is_gone(self):
        pid = int(read(self.root + "/pid"))
        self.wait_for(lambda: is_dead(pid))

    def test_fuzzing(self):
        status, said, _ = self.interrupt(self.start("b", "--seconds", "0"), "found after")
        self.assertEqual(1, status, said)
        self.check_find(said, *Alone.PLANTED)

    def test_building(self):
        self.put("build-hangs", "")
        process = self.start("", "--seconds", "9")
        status, said, seconds = self.interrupt(process, "building")
        self.assertEqual(2, status, said)
        self.assertIn("fuzz: interrupted", said)
        self.assertLess(seconds, 20)
        self.check_bazel_is_gone()

    def test_measuring(self):
        self.put("coverage-hangs", "")
        process = self.start("b", "--seconds", "0", target="boot")
        status, said, seconds = self.interrupt(process, "found after", "measuring")
        self.assertEqual(1, status, said)
        self.assertLess(seconds, 20)
        self.check_bazel_is_gone()
        self.check_find(said, *Alone.PLANTED, target="boot")

    def test_merging(self):
        self.replace("libfuzzer_sanitize", "#!/bin/sh\nsleep 1000\n")
        process = self.start("b", "--seconds", "0", "--engine", "afl", "--jobs", "1")
        status, said, seconds = self.interrupt(process, "found after",
                                               "goes through the sanitizers")
        self.assertEqual(1, status, said)
        self.assertIn("planted: it was found", said)
        self.assertLess(seconds, 20)

    def test_reporting(self):
        """What was left out is done by --resume."""
        replay, = glob.glob(os.path.join(self.root, "built/fuzz/elf/elf_replay/*"))
        shutil.copy(replay, self.root)
        self.replace("replay", "#!/bin/sh\nsleep 1000\n")
        process = self.start("b", "--seconds", "0", "--sanitize", "0")
        status, said, seconds = self.interrupt(process, "found after", times=2)
        self.assertEqual(1, status, said)
        self.assertIn("Found: 1.", said)
        self.assertLess(seconds, 15)
        shutil.copy(os.path.join(self.root, os.path.basename(replay)), replay)
        self.replace("libfuzzer", "#!/bin/sh\nsleep 1\n")
        status, said = self.fuzz("b", "--seconds", "2", "--sanitize", "0", "--resume")
        self.assertEqual(1, status, said)
        self.check_find(said, *Alone.PLANTED)

    def test_replaying(self):
        for name, text in (("one", "bug"), ("two", "end")):
            self.put(name, text)
        paths = [os.path.join(self.root, name) for name in ("one", "two")]
        process = self.start("be", "--replay", *paths)
        status, said, seconds = self.interrupt(process, "one: planted: it was found")
        self.assertEqual(1, status, said)
        self.assertLess(seconds, 15)


class Together(Campaigns):
    def test_afl(self):
        """Two machines, as far as they can know: one has a seed that the other one needs."""
        shared = os.path.join(self.root, "shared")
        words = ["--engine", "afl", "--jobs", "1", "--sync", shared]
        self.put("fuzz/corpus/elf/seed-0", "shibbole")
        one = self.start("", "--seconds", "12", *words)
        queues = os.path.join(shared, "elf/*/queue")
        self.wait_for(lambda: glob.glob(queues + "/id*"))
        self.put("fuzz/corpus/elf/seed-0", "x")
        two = self.start("", "--seconds", "8", *words, folder=self.out + "2")
        for process in (one, two):
            status, said = self.result(process)
            self.assertEqual(0, status, said)
        queues = sorted(glob.glob(queues))
        self.assertEqual(2, len(queues))
        self.assertEqual(1, sum("/elf/main-" in queue for queue in queues))
        for queue in queues:
            self.assertIn(b"shibbole", {read(path)[:8] for path in glob.glob(queue + "/id*")})

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
