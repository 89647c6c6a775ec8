# SPDX-License-Identifier: BSD-2-Clause
"""A fuzzing campaign on one target, for tools/fuzz: its folder, its workers, what it found.

    FOLDER/corpus/      inputs that reach something new, named by their SHA-1; may be elsewhere
    FOLDER/bin/         the programs
    FOLDER/finds/NAME/  one for each different find
    FOLDER/longest/     the input with the longest kernel entry
    FOLDER/state.json   totals and the list of finds, so that a campaign can go on
    FOLDER/summary.txt  what was said in the end
    FOLDER/work/        of the workers; of no use afterwards
    FOLDER/afl/, crashes/, examined   of AFL++: fuzz_engines.Afl
"""

import collections
import contextlib
import fcntl
import hashlib
import json
import os
import queue
import random
import secrets
import shutil
import subprocess
import threading
import time

import fuzz_engines
import fuzz_finds
import fuzz_folder
import fuzz_report

STATE_VERSION = 2
SAVE_SECONDS = 10
SEED_LIMIT = 1 << 32
# Workers that die without a find: so many in a row, each after this pause, and it is hopeless.
DEATHS_MAX = 5
PAUSE_SECONDS = 1
# But not in a row if they had worked that long.
DEATH_APART_SECONDS = 30
# Of a find that does not show again when its input is played alone.
INPUTS_TRIED = 4
# What is added up over all workers.
_COUNTS = ("inputs", "played", "events")
# A worker's slice; short campaigns have shorter ones, so that every role gets its turn.
SLICE_SECONDS = 60
SLICES_MIN = 8
# Rates are those of the last moments; libFuzzer itself counts aloud only now and then.
_RATE_SECONDS = {True: 10, False: 60}


class CampaignError(Exception):
    """A sentence that says why fuzzing cannot begin or go on."""


def new_state(target, seed=1):
    """`deaths`: of workers, without a find. `id` is the campaign's, among all that share inputs."""
    return {"version": STATE_VERSION, "target": target, "seconds": 0.0, "inputs": 0, "played": 0,
            "events": 0, "slot": 0, "seed": seed, "cov": 0, "features": 0, "longest": 0,
            "longest_what": "", "deaths": 0, "id": secrets.token_hex(3), "finds": []}


def _renew(state):
    """What version 1 did not know."""
    state.update(version=STATE_VERSION, deaths=0, id=secrets.token_hex(3))
    for find in state["finds"]:
        find.update(domains=False, saved=True)


def load_state(path, target):
    try:
        with open(path) as file:
            state = json.load(file)
    except (OSError, ValueError) as error:
        raise CampaignError("%s: %s" % (path, error)) from error
    if isinstance(state, dict) and state.get("version") == 1 and "finds" in state:
        _renew(state)
    if not isinstance(state, dict) or state.get("version") != STATE_VERSION:
        raise CampaignError("%s: not the state of a campaign of this version" % path)
    if set(state) != set(new_state(target)) or state["target"] != target:
        raise CampaignError("%s: not the state of a campaign on %s" % (path, target))
    return state


def save_state(path, state):
    """All or nothing: a campaign that is killed meanwhile has the state of before."""
    temporary = path + ".new"
    with open(temporary, "w") as file:
        json.dump(state, file, indent=1)
        file.write("\n")
    os.replace(temporary, path)


def add_to_corpus(corpus, paths):
    for path in paths:
        with open(path, "rb") as file:
            data = file.read()
        shutil.copyfile(path, os.path.join(corpus, hashlib.sha1(data).hexdigest()))


class Beside:
    """Does the same with one thing after the other, while the workers go on."""

    def __init__(self, work):
        self._work = work
        self._queue = queue.Queue()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while True:
            arguments = self._queue.get()
            if arguments is None:
                return
            self._work(*arguments)

    def add(self, *arguments):
        self._queue.put(arguments)

    def finish(self):
        """Waits until all is done."""
        self._queue.put(None)
        self._thread.join()


class Campaign:
    """`report(find, folder)` makes the report on a find, whose input lies in folder/input.original;
    `tell(line)` says something to the user.

    open(), seed(), run(), finish(), close(). run() is over as soon as `stop` is set, and must not
    be interrupted otherwise. finish() may be: what it leaves undone, --resume makes up for.
    """

    def __init__(self, target, folder, corpus, jobs, sanitize_every, oracles, report, tell):
        self.target, self.folder, self.jobs = target, folder, jobs
        self._sanitize_every, self._oracles = sanitize_every, oracles
        self._report, self._tell = report, tell
        self.corpus = corpus
        self._state_path = os.path.join(folder, "state.json")
        self.state = new_state(target.name)
        self.longest = fuzz_folder.Longest(folder)
        self.workers = []
        self.stop = threading.Event()
        self._samples = collections.deque([(0, 0, 0)])
        self._started = time.monotonic()  # And not before: building does not count.
        self._seconds_before = 0.0
        self._reporter = self._examiner = None
        self._examined = queue.Queue()
        self._saving = threading.Lock()
        self._cannot_save = self._cannot_look = False
        self._deaths_in_row = 0
        self._pause_until = 0.0
        self._lock = None

    def open(self, resume, seed=None):
        """Makes the folder, or takes up what is there. All that is random follows from `seed`."""
        existing = os.path.exists(self._state_path)
        if existing and not resume:
            raise CampaignError("%s holds a campaign: --resume goes on with it, --dir begins "
                                "another one elsewhere" % self.folder)
        for path in (self.corpus, *(os.path.join(self.folder, n) for n in ("finds", "work"))):
            os.makedirs(path, exist_ok=True)
        self._lock = open(os.path.join(self.folder, "lock"), "w")
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise CampaignError("%s: another tools/fuzz is at work there" % self.folder) from error
        if existing:
            state = load_state(self._state_path, self.target.name)
            if seed not in (None, state["seed"]):
                raise CampaignError("--seed %d: the campaign in %s has been begun with %d" %
                                    (seed, self.folder, state["seed"]))
            self.state = state
            # Of workers that were killed: what crashes at the start is found again.
            work = os.path.join(self.folder, "work")
            add_to_corpus(self.corpus, fuzz_engines.artifacts(os.path.join(work, "*")))
            shutil.rmtree(work)
        else:
            self.state["seed"] = secrets.randbelow(SEED_LIMIT) if seed is None else seed
        self._seconds_before = self.state["seconds"]

    def seed(self, paths):
        """The campaign has all these inputs to begin with; a new one is on record from here on."""
        add_to_corpus(self.corpus, paths)
        if not os.listdir(self.corpus):
            # Something that is not over at once: libFuzzer and AFL++ give up if nothing happens.
            data = random.Random(self.state["seed"]).randbytes(min(1000, self.target.max_len))
            with open(os.path.join(self.corpus, hashlib.sha1(data).hexdigest()), "wb") as file:
                file.write(data)
        self.save()

    def close(self):
        if self._lock:
            self._lock.close()
            self._lock = None

    def totals(self):
        """(inputs, events) so far, those of the running workers among them."""
        return self._total("inputs"), self._total("events")

    def _total(self, name):
        return self.state[name] + sum(getattr(worker, name) for worker in self.workers)

    def mean_events(self):
        """In an input, of those of which it is known."""
        return self._total("events") / max(1, self._total("played"))

    def corpus_size(self):
        return len(os.listdir(self.corpus))

    def seconds(self):
        return self._seconds_before + time.monotonic() - self._started

    def save(self):
        """What runs is counted in, so that nothing but the last moments is lost by a kill."""
        state = dict(self.state)
        for name in _COUNTS:
            state[name] = self._total(name)
        state["seconds"] = self.seconds()
        self._save(state)

    def _save(self, state):
        """If it cannot be saved, there is a line, and the campaign goes on."""
        try:
            with self._saving:
                save_state(self._state_path, state)
            self._cannot_save = False
        except OSError as error:
            if not self._cannot_save:
                self._tell("the campaign's state cannot be saved: %s" % error)
            self._cannot_save = True

    def _sample(self):
        inputs, events = self.totals()
        now = time.monotonic()
        self._samples.append((now, inputs, events))
        while now - self._samples[0][0] > _RATE_SECONDS[events > 0] and len(self._samples) > 2:
            self._samples.popleft()

    def rates(self):
        """(inputs, events) per second, lately."""
        (then, *before), (now, *after) = self._samples[0], self._samples[-1]
        return [(last - first) / max(now - then, 1e-3) for first, last in zip(before, after)]

    # --- Workers ---

    def _start_worker(self, engine, index, left):
        """A new worker; or None if that is for later."""
        if time.monotonic() < self._pause_until:
            return None
        slot = self.state["slot"]
        self.state["slot"] += 1
        role = fuzz_engines.role(
            slot if engine.slices else index, self._sanitize_every if engine.slices else 0,
            self._oracles, self.target.has_oracles, self.target.variant != "")
        try:
            worker = engine.start(index, role, left,
                                  fuzz_engines.worker_seed(self.state["seed"], slot),
                                  self.state["id"])
        except OSError as error:
            self._died("a fuzzer cannot be started", str(error))
            return None
        self.workers.append(worker)
        return worker

    def _died(self, what, why):
        """A worker is lost without a find: the next one may fare better, once there is memory, or
        room on the disk. Raises CampaignError if there seems to be no hope."""
        self.state["deaths"] += 1
        self._deaths_in_row += 1
        if self._deaths_in_row >= DEATHS_MAX:
            raise CampaignError("%s, the %dth time in a row:\n%s" %
                                (what, self._deaths_in_row, why))
        last = why.strip().split("\n")[-1]
        self._tell("%s, and another one takes its place%s" % (what, ": " + last if last else ""))
        self._pause_until = time.monotonic() + PAUSE_SECONDS

    def _slice(self, seconds, left):
        if not seconds:
            return SLICE_SECONDS
        share = max(5, seconds * self.jobs / SLICES_MIN)
        return min(SLICE_SECONDS, share, left)

    def _settle(self, worker, ending):
        """Takes over what a worker that has ended leaves."""
        status = worker.poll()
        for name in _COUNTS:
            self.state[name] += getattr(worker, name)
        self._look(worker)
        found = worker.find()
        if found:
            self.found(*found, worker.role)
        lived = time.monotonic() - worker.started
        if found or status == 0 or lived >= DEATH_APART_SECONDS:
            self._deaths_in_row = 0
        if status != 0 and not found and not ending:
            self._died("a fuzzer ended with status %d without a find" % status,
                       worker.output()[-3000:])

    def _look(self, worker):
        state = self.state
        if worker.longest > state["longest"]:
            state["longest"], state["longest_what"] = worker.longest, worker.longest_what
        with contextlib.suppress(OSError):  # The disk may be full; it is tried again.
            if self.longest.take(worker):
                state["longest"], state["longest_what"] = self.longest.steps, self.longest.what
        if not worker.role.sanitize:
            state["cov"] = max(state["cov"], worker.cov)
            state["features"] = max(state["features"], worker.features)

    def found(self, path, find, role):
        """A find: new, or one more of the same. Its input is at `path`, if that is not None."""
        data = self._take_input(path) if path else None
        key = fuzz_finds.key(find)
        same = [known for known in self.state["finds"] if known["key"] == key]
        if same:
            entry = same[0]
            entry["count"] += 1
            # Another input may show it again where the first one does not.
            useless = entry.get("shows", True) is None and entry["count"] <= INPUTS_TRIED
            if data is None or (entry["saved"] and not useless):
                return
        else:
            entry = self._new_find(key, find, role)
            self._tell("found after %s: %s: %s" % (
                fuzz_report.duration(entry["after"]), find.kind, find.text))
        entry.update(sanitize=role.sanitize, oracles=role.oracles, domains=role.domains,
                     saved=self._save_input(entry, data))
        self.save()
        if entry["saved"]:
            if find.kind == "residue":
                self._keep_history(path, entry)
            self._reporter.add(entry)

    def _keep_history(self, path, entry):
        try:
            fuzz_folder.keep_history(os.path.dirname(path),
                                     os.path.join(self.folder, "finds", entry["name"]))
        except OSError as error:
            self._tell("the inputs before it are lost: %s" % error)

    def _take_input(self, path):
        """The input, which is in the corpus no longer; or None."""
        try:
            with open(path, "rb") as file:
                data = file.read()
        except OSError as error:
            self._tell(str(error))
            return None
        # What is in the corpus is run at every start: no worker would get past it.
        with contextlib.suppress(OSError):
            os.remove(os.path.join(self.corpus, hashlib.sha1(data).hexdigest()))
        return data

    def _new_find(self, key, find, role):
        name = fuzz_finds.name(find, [known["name"] for known in self.state["finds"]])
        entry = {"key": key, "kind": find.kind, "text": find.text, "name": name, "count": 1,
                 "after": round(self.seconds(), 1), "sanitize": role.sanitize,
                 "oracles": role.oracles, "domains": role.domains, "saved": False,
                 "reported": False}
        with self._saving:
            self.state["finds"].append(entry)
        return entry

    def _save_input(self, entry, data):
        """True if the input of the find is on the disk."""
        why = "the worker could not save it"
        if data is not None:
            folder = os.path.join(self.folder, "finds", entry["name"])
            try:
                os.makedirs(folder, exist_ok=True)
                with open(os.path.join(folder, "input.original"), "wb") as file:
                    file.write(data)
                return True
            except OSError as error:
                why = str(error)
        self._tell("its input is lost: %s" % why)
        return False

    def _has_input(self, find):
        key = fuzz_finds.key(find)
        return any(known["saved"] for known in self.state["finds"] if known["key"] == key)

    def _make_report(self, entry):
        folder = os.path.join(self.folder, "finds", entry["name"])
        # Reports may change it, but not while the state is being saved.
        before, made = dict(entry), dict(entry)
        try:
            self._report(made, folder)
            made["reported"] = True
        except (OSError, ValueError, CampaignError, subprocess.SubprocessError) as error:
            self._tell("%s: no report could be made: %s" % (folder, error))
        with self._saving:
            entry.update({name: value for name, value in made.items()
                          if name not in before or before[name] != value})

    # --- The whole ---

    def run(self, engine, seconds, progress):
        """Fuzzes for so long (0: until `stop` is set), or raises CampaignError. `progress()` is
        called five times a second."""
        self._started = time.monotonic()
        self._samples.clear()
        self._sample()
        self._reporter = Beside(self._make_report)
        if not engine.slices:
            self._examiner = Beside(lambda path: self._examine(engine, path))
        for entry in self.state["finds"]:
            if entry["saved"] and not entry["reported"]:
                self._reporter.add(entry)
        try:
            self._work(engine, seconds, progress)
        finally:
            fuzz_engines.end_all(self.workers)
            workers, self.workers = self.workers, []
            for worker in workers:
                try:
                    self._collect(engine, worker)
                    self._settle(worker, ending=True)
                except OSError as error:  # The others have something to say, too.
                    self._tell("what a fuzzer has left cannot be read: %s" % error)
            self.state["seconds"] = self.seconds()
            self._save(self.state)

    def unfinished(self):
        """Whether there are finds of which reports are still to be made."""
        return any(find["saved"] and not find["reported"] for find in self.state["finds"])

    def finish(self, engine):
        """Waits until all is looked at, and all reports are made."""
        try:
            if self._examiner:
                self._examiner.finish()
                self._take_examined(engine)
            self._reporter.finish()
        finally:
            self._save(self.state)

    def _collect(self, engine, worker):
        """Looks at a worker that may still run."""
        if self._examiner:
            worker.refresh()
            try:
                for path in engine.new_crashes(worker):
                    self._examiner.add(path)
                self._cannot_look = False
            except OSError as error:
                if not self._cannot_look:  # It is tried again and again.
                    self._tell("a crash cannot be looked at yet: %s" % error)
                self._cannot_look = True
            self._take_examined(engine)
        self._look(worker)

    def _examine(self, engine, path):
        try:
            self._examined.put((path, engine.diagnose(path)))
        except OSError as error:
            self._tell("a crash cannot be looked at, which is left to --resume: %s" % error)

    def _take_examined(self, engine):
        """Takes over what has come out meanwhile."""
        while not self._examined.empty():
            path, find = self._examined.get()
            crash = engine.crash(path)
            if not find and not crash.hang:
                # The one time counts, as it does with libFuzzer.
                find = fuzz_finds.Find("crash", "AFL++ saw a crash that does not show again")
            if find:
                self.found(path, find, crash.role)
                if not self._has_input(find):
                    continue  # It waits where it is, for --resume.
            else:
                self._tell("it did not end, but does when it is played again: an input of SHA-1 %s"
                           % crash.digest)
            try:
                engine.examined(path)
            except OSError as error:  # After --resume it is examined once more.
                self._tell("it cannot be noted that a crash was looked at: %s" % error)

    def _work(self, engine, seconds, progress):
        saved = time.monotonic()
        slots = [None] * self.jobs
        while not self.stop.is_set():
            left = seconds - (time.monotonic() - self._started) if seconds else 0
            if seconds and left <= 0:
                return
            length = self._slice(seconds, left) if engine.slices else left
            for index in range(self.jobs):
                slots[index] = self._tend(engine, index, slots[index], length)
            if time.monotonic() - saved >= SAVE_SECONDS:
                self.save()
                saved = time.monotonic()
            self._sample()
            progress()
            self.stop.wait(0.2)

    def _tend(self, engine, index, worker, length):
        """Looks after a worker; the one that is there now, if any."""
        if worker is not None and worker.poll() is not None:
            self.workers.remove(worker)
            self._collect(engine, worker)
            self._settle(worker, ending=False)
            worker = None
        if worker is None:
            return self._start_worker(engine, index, length)
        self._collect(engine, worker)
        return worker
