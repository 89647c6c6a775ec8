# SPDX-License-Identifier: BSD-2-Clause
"""The processes that fuzz, for tools/fuzz: libFuzzer, AFL++ and the seeded random driver.

A worker is one process with a folder of its own. What it says is read as it comes: how far it is,
and, if it dies, of what.
"""

import collections
import contextlib
import csv
import ctypes
import glob
import os
import random
import re
import shutil
import signal
import subprocess
import threading
import time

import fuzz_finds

# What a worker does: with sanitizers or not; with oracles at this level, "" if there are none;
# on a sample of the corpus or on all of it.
Role = collections.namedtuple("Role", "sanitize oracles sample", defaults=[False])

# A slow input is a hang.
TIMEOUT_SECONDS = 20
MEMORY_MIB = 4096
FULL_EVERY = 8
# Of the corpus, for workers that look closely and are slow.
SAMPLE = 100
_TAIL_LINES = 400
_SYMBOLIZER = "/usr/bin/llvm-symbolizer-14"

_LIBFUZZER_STATUS = re.compile(r"#(\d+)\s+\w+\s+cov: (\d+) ft: (\d+)")
_LIBFUZZER_TOTAL = re.compile(r"stat::number_of_executed_units:\s*(\d+)")
_RANDOM_STATUS = re.compile(r"random: inputs (\d+)")
# What a target says of itself with ALBIREO_FUZZ_STATS=1, now and then.
_STATS = re.compile(r"fuzz: inputs (\d+) events (\d+)")
_LONGEST = re.compile(r"fuzz: longest (\d+) steps, input \d+ entry \d+: (.*)")

# Of prctl(): a worker does not outlive tools/fuzz, however that ends.
_PR_SET_PDEATHSIG = 1


def role(slot, sanitize_every, oracles, levels):
    """The Role of this slice of work: slices are numbered from 0, over all workers."""
    sanitize = sanitize_every > 0 and slot % sanitize_every == sanitize_every - 1
    if not levels:
        return Role(sanitize, "")
    if oracles:
        return Role(sanitize, oracles, sanitize)
    if sanitize:
        # The sanitizers look; oracles cost much there (harness/watch.h).
        return Role(True, "off", True)
    full = slot % FULL_EVERY == 2
    return Role(False, "full" if full else "cheap", full)


def _in_child():
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def environment(work_role, extra=None):
    env = dict(os.environ)
    if work_role.oracles:
        env["ALBIREO_FUZZ_ORACLES"] = work_role.oracles
    env["ALBIREO_FUZZ_STATS"] = "1"
    env["UBSAN_OPTIONS"] = "print_stacktrace=1:halt_on_error=1"
    for name in ("ASAN", "UBSAN"):
        env[name + "_SYMBOLIZER_PATH"] = _SYMBOLIZER
    env.update(extra or {})
    return env


def artifacts(folder):
    """Inputs that workers of such a folder have died of."""
    return sorted(path for kind in ("crash", "timeout", "oom", "leak")
                  for path in glob.glob(os.path.join(folder, kind + "-*")))


class Worker:
    """One process. Counts are of this process, and only grow."""

    def __init__(self, command, folder, work_role, extra_env=None):
        self.folder = folder
        self.role = work_role
        # Of `played` inputs it is known how many events they have.
        self.inputs = self.played = self.events = self.longest = 0
        self.longest_what = ""
        self.cov = self.features = 0
        self._tail = collections.deque(maxlen=_TAIL_LINES)
        os.makedirs(folder, exist_ok=True)
        # A session of its own: Ctrl-C is for tools/fuzz, which then ends its workers in order.
        self.process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            env=environment(work_role, extra_env), start_new_session=True, preexec_fn=_in_child,
            errors="replace", cwd=folder)
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        with self.process.stderr as pipe:
            for line in pipe:
                self._tail.append(line)
                self.read_line(line)

    def read_line(self, line):
        match = _LIBFUZZER_STATUS.match(line)
        if match:
            inputs, self.cov, self.features = map(int, match.groups())
            self.inputs = max(self.inputs, inputs)
            return
        match = _LIBFUZZER_TOTAL.match(line) or _RANDOM_STATUS.match(line)
        if match:
            self.inputs = max(self.inputs, int(match.group(1)))
            return
        match = _STATS.match(line)
        if match:
            self.played, self.events = map(int, match.groups())
            self.inputs = max(self.inputs, self.played)
            return
        match = _LONGEST.match(line)
        if match and int(match.group(1)) > self.longest:
            self.longest, self.longest_what = int(match.group(1)), match.group(2).strip()

    def poll(self):
        """None while it runs, then its status; then all it said has been read, too."""
        status = self.process.poll()
        if status is not None:
            self._reader.join(5)
        return status

    def output(self):
        return "".join(list(self._tail))

    def find(self):
        """(path of an input, Find) of what it has died of, once it has ended; or None."""
        found = fuzz_finds.diagnose(self.output(), self.process.poll())
        paths = artifacts(self.folder)
        return (paths[0], found) if found and paths else None

    def end(self, number=signal.SIGINT):
        if self.process.poll() is None:
            self.process.send_signal(number)


def end_all(workers, seconds=5):
    """Asks all to end, and insists after some seconds."""
    for worker in workers:
        worker.end()
    deadline = time.monotonic() + seconds
    for worker in workers:
        try:
            worker.process.wait(max(0.1, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            worker.process.kill()
            worker.process.wait()
        worker.poll()


class LibFuzzer:
    """Workers with one corpus between them, which each reloads; each does one slice."""

    name = "libfuzzer"
    slices = True

    def __init__(self, target, tools, folder, corpus, shared):
        del shared  # Then the corpus is.
        self._target, self._tools = target, tools
        self._folder, self._corpus = folder, corpus

    def finish(self):
        pass

    def start(self, index, work_role, seconds, seed):
        folder = os.path.join(self._folder, "work", str(index))
        shutil.rmtree(folder, ignore_errors=True)
        binary = self._tools["libfuzzer_sanitize" if work_role.sanitize else "libfuzzer"]
        corpus, reload = self._corpus, 1
        if work_role.sample:
            # It is so slow that it would be busy with the corpus alone. It adds nothing to it.
            corpus, reload = os.path.join(folder, "corpus"), 0
            self._take_sample(corpus, seed)
        command = [binary, corpus, "-reload=%d" % reload, "-print_final_stats=1",
                   "-artifact_prefix=%s/" % folder, "-max_len=%d" % self._target.max_len,
                   "-max_total_time=%d" % max(1, seconds), "-timeout=%d" % TIMEOUT_SECONDS,
                   "-rss_limit_mb=%d" % MEMORY_MIB, "-seed=%d" % (seed or 1)]
        if self._tools.dictionary():
            command.append("-dict=" + self._tools.dictionary())
        return Worker(command, folder, work_role)


    def _take_sample(self, folder, seed):
        os.makedirs(folder)
        names = sorted(os.listdir(self._corpus))
        for name in random.Random(seed).sample(names, min(len(names), SAMPLE)):
            with contextlib.suppress(OSError):  # Another worker may have replaced it.
                shutil.copyfile(os.path.join(self._corpus, name), os.path.join(folder, name))


class Random:
    """Inputs that follow from a seed alone: nothing is learned, and nothing is needed."""

    name = "random"
    slices = True

    def __init__(self, target, tools, folder, corpus, shared):
        del shared
        self._target, self._tools = target, tools
        self._folder, self._corpus = folder, corpus

    def finish(self):
        pass

    def start(self, index, work_role, seconds, seed):
        folder = os.path.join(self._folder, "work", str(index))
        shutil.rmtree(folder, ignore_errors=True)
        binary = self._tools["random_sanitize" if work_role.sanitize else "random"]
        command = [binary, "--seconds", str(max(1, int(seconds))),
                   "--seed", str(seed), "--max-size", str(self._target.max_len), "--progress",
                   "--timeout", str(TIMEOUT_SECONDS), "--corpus", self._corpus,
                   "--artifact", os.path.join(folder, "crash-input")]
        return Worker(command, folder, work_role)


class AflWorker(Worker):
    """One afl-fuzz, which goes on after a find. It writes its figures to files."""

    def __init__(self, command, folder, work_role, out, extra_env):
        super().__init__(command, folder, work_role, extra_env)
        self._out = out
        self._seen = set(self._crashes())

    def _crashes(self):
        return [path for kind in ("crashes", "hangs")
                for path in sorted(glob.glob(os.path.join(self._out, kind, "id*")))]

    def refresh(self):
        with_rows = []
        try:
            with open(os.path.join(self._out, "plot_data")) as file:
                with_rows = list(csv.reader(line.lstrip("# ") for line in file))
        except OSError:
            return
        if len(with_rows) < 2 or len(with_rows[-1]) < len(with_rows[0]):
            return
        values = dict(zip((cell.strip() for cell in with_rows[0]), with_rows[-1]))
        self.inputs = max(self.inputs, int(values["total_execs"]))
        self.cov = max(self.cov, int(values["edges_found"]))

    def new_crashes(self):
        new = [path for path in self._crashes() if path not in self._seen]
        self._seen.update(new)
        return new


class Afl:
    """One main afl-fuzz and secondaries, which look at each other's finds in a folder."""

    name = "afl"
    slices = False

    def __init__(self, target, tools, folder, corpus, shared):
        self._target, self._tools = target, tools
        self._folder, self._corpus = folder, corpus
        self.out = shared or os.path.join(folder, "afl")

    def diagnose(self, path, work_role):
        return self._tools.diagnose(path, work_role)

    def finish(self):
        """What AFL++ has kept goes through the sanitizers into the corpus, which is for all
        engines."""
        self._tools.minimise_corpus(self._corpus, glob.glob(os.path.join(self.out, "*", "queue")))

    def _name(self, index):
        """Unique among all machines that share the folder; one of all is the main one."""
        host = re.sub(r"[^A-Za-z0-9_-]", "_", os.uname().nodename)
        main = glob.glob(os.path.join(self.out, "*", "is_main_node"))
        own = "main-" + host
        others = [path for path in main if os.path.basename(os.path.dirname(path)) != own]
        if index == 0 and not others:
            return "-M", own
        return "-S", "%s-%d" % (host, index)

    def start(self, index, work_role, seconds, seed):
        option, name = self._name(index)
        folder = os.path.join(self._folder, "work", str(index))
        os.makedirs(self.out, exist_ok=True)
        command = ["afl-fuzz", option, name, "-i", self._corpus, "-o", self.out,
                   "-t", str(1000 * TIMEOUT_SECONDS), "-s", str(seed or 1)]
        if seconds:
            command += ["-V", str(max(1, int(seconds)))]
        if self._tools.dictionary():
            command += ["-x", self._tools.dictionary()]
        extra = {"AFL_NO_UI": "1", "AFL_TRY_AFFINITY": "1",
                 "AFL_AUTORESUME": "1", "AFL_SKIP_CPUFREQ": "1",
                 "AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES": "1"}
        if "mutator" in self._tools:
            extra["AFL_CUSTOM_MUTATOR_LIBRARY"] = self._tools["mutator"]
            extra["AFL_CUSTOM_MUTATOR_ONLY"] = "1"
        return AflWorker(command + ["--", self._tools["afl"]], folder, work_role,
                         os.path.join(self.out, name), extra)


ENGINES = {engine.name: engine for engine in (LibFuzzer, Afl, Random)}
