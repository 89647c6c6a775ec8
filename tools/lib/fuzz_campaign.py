# SPDX-License-Identifier: BSD-2-Clause
"""A fuzzing campaign on one target, for tools/fuzz: its folder, its workers, what it found.

    FOLDER/corpus/      inputs that reach something new, named by their SHA-1; may be elsewhere
    FOLDER/bin/         the programs
    FOLDER/finds/NAME/  one for each different find
    FOLDER/state.json   totals and the list of finds, so that a campaign can go on
    FOLDER/work/        of the workers; of no use afterwards
"""

import collections
import fcntl
import hashlib
import json
import os
import queue
import random
import shutil
import threading
import time

import fuzz_engines
import fuzz_finds

STATE_VERSION = 1
SAVE_SECONDS = 10
# What is added up over all workers.
_COUNTS = ("inputs", "played", "events")
# A worker's slice; short campaigns have shorter ones, so that every role gets its turn.
SLICE_SECONDS = 60
SLICES_MIN = 8
# Rates are those of the last moments; libFuzzer itself counts aloud only now and then.
_RATE_SECONDS = {True: 10, False: 60}


class CampaignError(Exception):
    """A sentence that says why fuzzing cannot begin or go on."""


def new_state(target):
    return {"version": STATE_VERSION, "target": target, "seconds": 0.0, "inputs": 0, "played": 0,
            "events": 0, "slot": 0, "seed": 1, "cov": 0, "features": 0, "longest": 0,
            "longest_what": "", "finds": []}


def load_state(path, target):
    try:
        with open(path) as file:
            state = json.load(file)
    except (OSError, ValueError) as error:
        raise CampaignError("%s: %s" % (path, error)) from error
    expected = new_state(target)
    if not isinstance(state, dict) or state.get("version") != STATE_VERSION:
        raise CampaignError("%s: not the state of a campaign of this version" % path)
    if set(state) != set(expected) or state["target"] != target:
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


class Finisher:
    """Makes reports of new finds, one after the other, while the workers go on."""

    def __init__(self, report):
        self._report = report
        self._queue = queue.Queue()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self):
        while True:
            find = self._queue.get()
            if find is None:
                return
            self._report(find)

    def add(self, find):
        self._queue.put(find)

    def finish(self):
        """Waits until all reports are made."""
        self._queue.put(None)
        self._thread.join()


class Campaign:
    """`report(find, folder)` makes the report on a find, whose input lies in folder/input.original;
    `tell(line)` says something to the user."""

    def __init__(self, target, folder, corpus, jobs, sanitize_every, oracles, report, tell):
        self.target, self.folder, self.jobs = target, folder, jobs
        self._sanitize_every, self._oracles = sanitize_every, oracles
        self._report, self._tell = report, tell
        self.corpus = corpus
        self._state_path = os.path.join(folder, "state.json")
        self.state = new_state(target.name)
        self.workers = []
        self.stop = threading.Event()
        self._samples = collections.deque([(0, 0, 0)])
        self._started = time.monotonic()  # And not before: building does not count.
        self._seconds_before = 0.0
        self._finisher = None
        self._saving = threading.Lock()
        self._lock = None

    def open(self, resume):
        """Makes the folder, or takes up what is there."""
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
            self.state = load_state(self._state_path, self.target.name)
            # Of workers that were killed: what crashes at the start is found again.
            work = os.path.join(self.folder, "work")
            add_to_corpus(self.corpus, fuzz_engines.artifacts(os.path.join(work, "*")))
            shutil.rmtree(work)
        self._seconds_before = self.state["seconds"]

    def seed(self, paths):
        """The campaign has all these inputs to begin with; a new one is on record from here on."""
        add_to_corpus(self.corpus, paths)
        if not os.listdir(self.corpus):
            # Something that is not over at once: libFuzzer and AFL++ give up if nothing happens.
            data = random.Random(1).randbytes(min(1000, self.target.max_len))
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
        with self._saving:
            save_state(self._state_path, state)

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
        slot = self.state["slot"]
        self.state["slot"] += 1
        role = fuzz_engines.role(slot, self._sanitize_every if engine.slices else 0,
                                 self._oracles, self.target.has_oracles)
        return engine.start(index, role, left, self.state["seed"] + slot)

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
        if status != 0 and not found and not ending:
            raise CampaignError("a fuzzer ended with status %d without a find:\n%s" %
                                (status, worker.output()[-3000:]))

    def _look(self, worker):
        state = self.state
        if worker.longest > state["longest"]:
            state["longest"], state["longest_what"] = worker.longest, worker.longest_what
        if not worker.role.sanitize:
            state["cov"] = max(state["cov"], worker.cov)
            state["features"] = max(state["features"], worker.features)

    def found(self, path, find, role):
        """A find, with its input at `path`: new, or one more of the same."""
        key = fuzz_finds.key(find)
        with open(path, "rb") as file:
            data = file.read()
        # What is in the corpus is run at every start: no worker would get past it.
        in_corpus = os.path.join(self.corpus, hashlib.sha1(data).hexdigest())
        if os.path.exists(in_corpus):
            os.remove(in_corpus)
        for known in self.state["finds"]:
            if known["key"] == key:
                known["count"] += 1
                return
        name = fuzz_finds.name(find, [known["name"] for known in self.state["finds"]])
        folder = os.path.join(self.folder, "finds", name)
        os.makedirs(folder, exist_ok=True)
        shutil.copyfile(path, os.path.join(folder, "input.original"))
        entry = {"key": key, "kind": find.kind, "text": find.text, "name": name, "count": 1,
                 "after": round(self.seconds(), 1), "sanitize": role.sanitize,
                 "oracles": role.oracles, "reported": False}
        self.state["finds"].append(entry)
        self.save()
        self._tell("found after %.0f s: %s: %s" % (self.seconds(), find.kind, find.text))
        self._finisher.add(entry)

    def _make_report(self, entry):
        folder = os.path.join(self.folder, "finds", entry["name"])
        try:
            self._report(entry, folder)
            entry["reported"] = True
        except (OSError, ValueError, CampaignError) as error:
            self._tell("%s: %s" % (folder, error))

    # --- The whole ---

    def run(self, engine, seconds, progress):
        """Fuzzes for so long (0: until `stop` is set), or raises CampaignError. `progress()` is
        called five times a second."""
        self._started = time.monotonic()
        self._samples.clear()
        self._sample()
        self._finisher = Finisher(self._make_report)
        for entry in self.state["finds"]:
            if not entry["reported"]:
                self._finisher.add(entry)
        try:
            self._work(engine, seconds, progress)
        finally:
            fuzz_engines.end_all(self.workers)
            workers, self.workers = self.workers, []
            for worker in workers:
                self._collect(engine, worker)
                self._settle(worker, ending=True)
            self.state["seconds"] = self.seconds()
            self._finisher.finish()
            self._save(self.state)

    def _collect(self, engine, worker):
        """Looks at a worker that may still run."""
        if not engine.slices:
            worker.refresh()
            for path in worker.new_crashes():
                find = engine.diagnose(path, worker.role)
                if find:
                    self.found(path, find, worker.role)
        self._look(worker)

    def _work(self, engine, seconds, progress):
        saved = time.monotonic()
        slots = [None] * self.jobs
        while not self.stop.is_set():
            left = seconds - (time.monotonic() - self._started) if seconds else 0
            if seconds and left <= 0:
                return
            for index, worker in enumerate(slots):
                if worker is not None and worker.poll() is not None:
                    self.workers.remove(worker)
                    self._collect(engine, worker)
                    self._settle(worker, ending=False)
                    worker = slots[index] = None
                if worker is None:
                    length = self._slice(seconds, left) if engine.slices else left
                    slots[index] = self._start_worker(engine, index, length)
                    self.workers.append(slots[index])
                else:
                    self._collect(engine, worker)
            if time.monotonic() - saved >= SAVE_SECONDS:
                self.save()
                saved = time.monotonic()
            self._sample()
            progress()
            self.stop.wait(0.2)
