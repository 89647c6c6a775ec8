# SPDX-License-Identifier: BSD-2-Clause
"""The processes that fuzz, for tools/fuzz: libFuzzer, AFL++ and the seeded random driver.

A worker is one process with a folder of its own. What it says is read as it comes: how far it is,
and, if it dies, of what.
"""

import collections
import contextlib
import csv
import glob
import hashlib
import os
import random
import re
import shutil
import signal
import subprocess
import threading
import time

import fuzz_finds
import fuzz_process

# What a worker does: with sanitizers or not; with oracles at this level, "" if there are none;
# on a sample of the corpus or on all of it; with the target's variant that has several domains.
Role = collections.namedtuple("Role", "sanitize oracles sample domains", defaults=[False, False])

# A slow input is a hang.
TIMEOUT_SECONDS = 20
MEMORY_MIB = 4096
FULL_EVERY = 8
# Prime to the others: so there are full ones among them, too.
DOMAINS_EVERY = 5
# Of the corpus, for workers that look closely and are slow.
SAMPLE = 100
_TAIL_LINES = 400
# In a worker's folder: the input with the longest kernel entry, and the last inputs of all.
LONGEST, HISTORY = "longest", "history"
# How long one libFuzzer at the end may look at what all of AFL++ has kept.
MERGE_SECONDS = 600
_SYMBOLIZER = "/usr/bin/llvm-symbolizer-14"
# No program does that to itself.
_KILLED = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)

_LIBFUZZER_STATUS = re.compile(r"#(\d+)\s+\w+\s+cov: (\d+) ft: (\d+)")
_LIBFUZZER_TOTAL = re.compile(r"stat::number_of_executed_units:\s*(\d+)")
_RANDOM_STATUS = re.compile(r"random: inputs (\d+)")
# What a target says of itself with ALBIREO_FUZZ_STATS=1, now and then.
_STATS = re.compile(r"fuzz: inputs (\d+) events (\d+)")
_LONGEST = re.compile(r"fuzz: longest (\d+) steps, input \d+ entry \d+: (.*)")


def role(slot, sanitize_every, oracles, levels, variant=False):
    """The Role of this slice of work: slices are numbered from 0, over all workers. `levels`: the
    target has oracles; `variant`: it has one with domains."""
    sanitize = sanitize_every > 0 and slot % sanitize_every == sanitize_every - 1
    domains = variant and not sanitize and slot % DOMAINS_EVERY == 1
    if not levels:
        return Role(sanitize, "", False, domains)
    if oracles:
        return Role(sanitize, oracles, sanitize, domains)
    if sanitize:
        # The sanitizers look; oracles cost much there (harness/watch.h).
        return Role(True, "off", True)
    full = slot % FULL_EVERY == 2
    return Role(False, "full" if full else "cheap", full, domains)


def program(kind, work_role):
    """The name of the program of this kind for this role, as of Tools."""
    return ("domains_" * work_role.domains) + kind + ("_sanitize" * work_role.sanitize)


def worker_seed(seed, slot):
    """Of a campaign's seed, another one for each slice of work: positive, of 31 bits."""
    digest = hashlib.sha256(b"%d %d" % (seed, slot)).digest()
    return int.from_bytes(digest[:4], "little") % (2 ** 31 - 1) + 1


def own_files(folder):
    """What the API target is told to keep in a worker's folder."""
    return {"ALBIREO_FUZZ_LONGEST": os.path.join(folder, LONGEST),
            "ALBIREO_FUZZ_HISTORY": os.path.join(folder, HISTORY)}


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


def _is_whole(path):
    """Not if the disk was full: libFuzzer names inputs by their SHA-1."""
    digest = os.path.basename(path).partition("-")[2]
    with open(path, "rb") as file:
        return len(digest) != 40 or hashlib.sha1(file.read()).hexdigest() == digest


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
        self.started = time.monotonic()
        os.makedirs(folder, exist_ok=True)
        self.process = fuzz_process.start(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            env=environment(work_role, {**own_files(folder), **(extra_env or {})}),
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
        """(path of an input, Find) of what it has died of, once it has ended; or None. The path is
        None if the input could not be saved."""
        status = self.process.poll()
        found = fuzz_finds.diagnose(self.output(), status)
        paths = [path for path in artifacts(self.folder) if _is_whole(path)]
        if found and not paths and found.kind == "signal" and -status in _KILLED:
            return None  # By others: the machine had no memory left, say.
        return (paths[0] if paths else None, found) if found else None

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
            pass
        fuzz_process.clear(worker.process)
        worker.poll()


class LibFuzzer:
    """Workers with one corpus between them, which each reloads; each does one slice."""

    name = "libfuzzer"
    slices = True

    def __init__(self, target, tools, folder, corpus, shared):
        del shared  # Then the corpus is.
        self._target, self._tools = target, tools
        self._folder, self._corpus = folder, corpus

    def finish(self, found):
        pass

    def start(self, index, work_role, seconds, seed, campaign_id):
        del campaign_id
        folder = os.path.join(self._folder, "work", str(index))
        shutil.rmtree(folder, ignore_errors=True)
        binary = self._tools[program("libfuzzer", work_role)]
        corpus, reload = self._corpus, 1
        if work_role.sample:
            # It is so slow that it would be busy with the corpus alone. It adds nothing to it.
            corpus, reload = os.path.join(folder, "corpus"), 0
            self._take_sample(corpus, seed)
        command = [binary, corpus, "-reload=%d" % reload, "-print_final_stats=1",
                   "-artifact_prefix=%s/" % folder, "-max_len=%d" % self._target.max_len,
                   "-max_total_time=%d" % max(1, seconds), "-timeout=%d" % TIMEOUT_SECONDS,
                   "-rss_limit_mb=%d" % MEMORY_MIB, "-seed=%d" % seed,
                   # With targets as fast as these, it would spend over 40 % of the time on the
                   # choice of what to change next.
                   "-entropic=0"]
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

    def finish(self, found):
        pass

    def start(self, index, work_role, seconds, seed, campaign_id):
        del campaign_id
        folder = os.path.join(self._folder, "work", str(index))
        shutil.rmtree(folder, ignore_errors=True)
        binary = self._tools[program("random", work_role)]
        command = [binary, "--seconds", str(max(1, int(seconds))),
                   "--seed", str(seed), "--max-size", str(self._target.max_len), "--progress",
                   "--timeout", str(TIMEOUT_SECONDS), "--corpus", self._corpus,
                   "--artifact", os.path.join(folder, "crash-input")]
        return Worker(command, folder, work_role)


class AflWorker(Worker):
    """One afl-fuzz, which goes on after a find. It writes its figures to files."""

    def __init__(self, command, folder, work_role, out, extra_env):
        self._out = out
        self._seen = set()
        # Of a run that this one goes on with.
        self._inputs_before = self._figures().get("total_execs", 0)
        super().__init__(command, folder, work_role, extra_env)

    def _figures(self):
        """The last ones by their names; {} if there are none yet."""
        try:
            with open(os.path.join(self._out, "plot_data")) as file:
                names, *rows = csv.reader(line.lstrip("# ") for line in file)
        except (OSError, ValueError, csv.Error):
            return {}
        for row in reversed(rows):
            figures = dict(zip((name.strip() for name in names), row))
            # The last row may be cut off: it is being written, or was when the machine stopped.
            with contextlib.suppress(KeyError, ValueError):
                return {name: int(figures[name]) for name in ("total_execs", "edges_found")}
        return {}

    def refresh(self):
        figures = self._figures()
        if figures:
            self.inputs = max(self.inputs, figures["total_execs"] - self._inputs_before)
            self.cov = max(self.cov, figures["edges_found"])

    def find(self):
        """None: what afl-fuzz itself dies of is none of the target's; see new_crashes()."""
        return None

    def new_crashes(self):
        """(contents, whether it is a hang) of crash files that have come since it was asked last;
        those with which the caller did not come to an end are among them again. When it goes on
        with a folder, afl-fuzz gives another name to that of the crashes of before."""
        for kind in ("crashes*", "hangs*"):
            for path in sorted(glob.glob(os.path.join(self._out, kind, "id*"))):
                if path in self._seen:
                    continue
                with contextlib.suppress(FileNotFoundError):
                    with open(path, "rb") as file:
                        data = file.read()
                    yield data, kind == "hangs*"
                    self._seen.add(path)


# What is known of an input that afl-fuzz says has crashed; `role` is that of the worker.
Crash = collections.namedtuple("Crash", "digest hang role")

_CRASH_NAME = re.compile(r"(?P<digest>[0-9a-f]{40})-(?P<how>crash|hang)-(?P<kernel>plain|domains)"
                         r"-(?P<oracles>[a-z]*)")


def _crash_name(crash):
    return "%s-%s-%s-%s" % (crash.digest, "hang" if crash.hang else "crash",
                            "domains" if crash.role.domains else "plain", crash.role.oracles)


def _write_whole(path, data):
    """All or nothing."""
    try:
        with open(path + ".new", "wb") as file:
            file.write(data)
        os.replace(path + ".new", path)
    except OSError:
        with contextlib.suppress(OSError):
            os.remove(path + ".new")
        raise


class Afl:
    """One main afl-fuzz and secondaries, which look at each other's finds in a folder.

    What they say has crashed is played again to know of what. FOLDER/crashes/ has those inputs that
    wait for that: their names begin with their SHA-1, and say what a Crash says. FOLDER/examined
    has the SHA-1 of those that it was done with.
    """

    name = "afl"
    slices = False

    def __init__(self, target, tools, folder, corpus, shared):
        self._target, self._tools = target, tools
        self._folder, self._corpus = folder, corpus
        self.out = shared or os.path.join(folder, "afl")
        self._waiting = os.path.join(folder, "crashes")
        self._examined_path = os.path.join(folder, "examined")
        os.makedirs(self._waiting, exist_ok=True)
        self._left = [path for path in sorted(glob.glob(os.path.join(self._waiting, "*")))
                      if _CRASH_NAME.fullmatch(os.path.basename(path))]
        self._known = {self.crash(path).digest for path in self._left}
        if os.path.exists(self._examined_path):
            with open(self._examined_path) as file:
                self._known.update(file.read().split())

    @staticmethod
    def crash(path):
        """The Crash that is at such a path."""
        name = _CRASH_NAME.fullmatch(os.path.basename(path))
        return Crash(name["digest"], name["how"] == "hang",
                     Role(False, name["oracles"], False, name["kernel"] == "domains"))

    def diagnose(self, path):
        """What it finds when it is played as it was when it crashed; or None."""
        return self._tools.diagnose(path, self.crash(path).role)

    def new_crashes(self, worker):
        """Paths of inputs that nobody has examined yet."""
        for data, hang in worker.new_crashes():
            crash = Crash(hashlib.sha1(data).hexdigest(), hang, worker.role)
            if crash.digest not in self._known:
                path = os.path.join(self._waiting, _crash_name(crash))
                _write_whole(path, data)
                self._known.add(crash.digest)
                self._left.append(path)
        paths, self._left = self._left, []
        return paths

    def examined(self, path):
        """What this input finds is on record. It is not looked at again, also after --resume."""
        with open(self._examined_path, "a") as file:
            file.write(self.crash(path).digest + "\n")
        os.remove(path)

    def finish(self, found):
        """What AFL++ has kept goes through the sanitizers into the corpus, which is for all
        engines; found(path, find, role) is told what they find. May raise TimeoutExpired."""
        queues = [path for path in glob.glob(os.path.join(self.out, "*", "queue"))
                  if os.listdir(path)]
        if not queues:
            return
        folder = os.path.join(self._folder, "work", "merge")
        shutil.rmtree(folder, ignore_errors=True)
        os.makedirs(folder)
        work_role = Role(True, "off" if self._target.has_oracles else "")
        try:
            self._tools.minimise_corpus(self._corpus, queues, folder, work_role, MERGE_SECONDS)
        finally:
            for path in artifacts(folder):
                find = self._tools.diagnose(path, work_role)
                if find:
                    found(path, find, work_role)

    def _name(self, index, campaign_id):
        """Unique among all campaigns that share the folder; one of all is the main one."""
        host = re.sub(r"[^A-Za-z0-9_-]", "_", os.uname().nodename)[:16] + "-" + campaign_id
        main = glob.glob(os.path.join(self.out, "*", "is_main_node"))
        own = "main-" + host
        others = [path for path in main if os.path.basename(os.path.dirname(path)) != own]
        if index == 0 and not others:
            return "-M", own
        return "-S", "%s-%d" % (host, index)

    def start(self, index, work_role, seconds, seed, campaign_id):
        option, name = self._name(index, campaign_id)
        folder = os.path.join(self._folder, "work", str(index))
        os.makedirs(self.out, exist_ok=True)
        command = ["afl-fuzz", option, name, "-i", self._corpus, "-o", self.out,
                   "-t", str(1000 * TIMEOUT_SECONDS), "-s", str(seed),
                   "-G", str(self._target.max_len)]
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
        return AflWorker(command + ["--", self._tools[program("afl", work_role)]], folder,
                         work_role, os.path.join(self.out, name), extra)


ENGINES = {engine.name: engine for engine in (LibFuzzer, Afl, Random)}
