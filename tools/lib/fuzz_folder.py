# SPDX-License-Identifier: BSD-2-Clause
"""What tools/fuzz makes of a find: the files in its folder. And of the longest kernel entry.

Nothing here takes for ever, whatever an input does: programs play it in children with a time limit,
and they themselves have one, too.
"""

import contextlib
import json
import os
import re
import shlex
import shutil
import subprocess
import time

import fuzz_engines
import fuzz_finds
import fuzz_process

# Seconds: for one input; for one that does not end, again and again; to make an input small, by
# events and by bytes; for all inputs of a history; and for a program that has a limit of its own.
_PLAY_SECONDS = 10
_HANG_SECONDS = 2
_SHRINK_SECONDS = 120
_MINIMISE_SECONDS = 60
_HISTORY_SECONDS = 300
_SPARE_SECONDS = 60
_SHRINK_TRIALS = 200000
# Of an input of the API target: what comes before the events, and each of them.
_EVENT_BYTES = 16

# The text of these says where the process was, or which program has noticed.
_TOLD_BY_KIND = ("timeout", "memory-limit", "residue")
_SAID_IN = re.compile(r"fuzz: in the input (.*)")

_README = """<!-- SPDX-License-Identifier: BSD-2-Clause -->
# %(kind)s

%(text)s

Found by `tools/fuzz`%(under)s. %(again)s

| | |
|---|---|
%(table)s
"""

_AGAIN = """To see it again:

```sh
%s
```"""

_ONCE = """**Seen once**: played alone, the input does not show it again, neither with full
oracles nor as it was found. So it is as it was found, and there is no trace and no test of it."""

_HISTORY = """

What was left behind need not be of the last input, and no single one of those since the look before
leaves anything behind. They are in `history/`, in the order in which they were played:

```sh
ALBIREO_FUZZ_ORACLES=%s ALBIREO_FUZZ_RESIDUE=1 %s %s
```"""

_LONGEST_README = """<!-- SPDX-License-Identifier: BSD-2-Clause -->
# The longest kernel entry

%(steps)d steps between two preemption points: %(what)s

`fuzz_input stats input` says of this input:

    %(stats)s

| | |
|---|---|
%(table)s
"""


def _table(rows):
    return "\n".join("| `%s` | %s |" % row for row in rows)


def _head(text):
    """Its first word: of a signal, which."""
    return text.split(" ", 1)[0]


def is_same(find, found):
    """Whether `found`, which a replay has met, is this find of a campaign's state."""
    if found is None or found.kind != find["kind"]:
        return False
    if found.kind == "signal":
        return _head(found.text) == _head(find["text"])
    return found.kind in _TOLD_BY_KIND or fuzz_finds.key(found) == find["key"]


def _own_role(find):
    return fuzz_engines.Role(find["sanitize"], find["oracles"], False, find["domains"])


def replay_role(find):
    """How the find shows again, as far as that is known."""
    shows = find.get("shows")
    own = _own_role(find)
    return own._replace(**shows) if shows else own


class Reporter:
    """Makes reports, with the programs in `tools` and its diagnose()."""

    def __init__(self, tools, has_oracles):
        self._tools, self._has_oracles = tools, has_oracles

    # --- Programs ---

    def _fuzz_input(self, role):
        """Its path; None if the target has none."""
        name = fuzz_engines.program("fuzz_input", role)
        return self._tools[name] if name in self._tools else None

    def _run(self, role, words, seconds):
        """(status, what it prints) of fuzz_input; None if it does not end."""
        try:
            return fuzz_process.run(
                [self._fuzz_input(role), *words], seconds, env=fuzz_engines.environment(role),
                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        except subprocess.TimeoutExpired:
            return None

    def _make(self, role, words, folder, output, file):
        """Runs fuzz_input on folder/input; it writes to `output`, or what it prints goes to `file`.
        True if there is something."""
        path = os.path.join(folder, file)
        words = [words[0], "--timeout", str(_PLAY_SECONDS), *words[1:]]
        if role.oracles:
            words += ["--oracles", role.oracles]
        if output:
            words += ["-o", os.path.join(folder, output)]
        done = self._run(role, [*words, os.path.join(folder, "input")],
                         2 * _PLAY_SECONDS + _SPARE_SECONDS)
        if done and done[1] and not output:
            with open(path, "wb") as out:
                out.write(done[1])
        return done is not None and os.path.exists(path)

    # --- Does it show again? ---

    def _roles(self, find):
        """In which it may show, the best one first. Full oracles see everything that there is to be
        seen of an input; cheap ones look at all of the state only now and then, so that most
        inputs that are made smaller would seem to find nothing."""
        own = _own_role(find)
        plain = own._replace(sanitize=False)
        full = [plain._replace(oracles="full")] if self._has_oracles else []
        return list(dict.fromkeys([*full, plain, own]))

    def _shows(self, find, path):
        """The first Role in which the input finds this again; or None."""
        for role in self._roles(find):
            if is_same(find, self._tools.diagnose(path, role)):
                return role
        return None

    def _guilty(self, find, history):
        """(path, Role) of the input of a history that leaves something behind, or None: it has been
        noticed only after many more."""
        role = _own_role(find)
        env = fuzz_engines.environment(role, {"ALBIREO_FUZZ_RESIDUE": "1"})
        command = [self._tools[fuzz_engines.program("replay", role)], history]
        try:
            _, said = fuzz_process.run(
                command, _HISTORY_SECONDS, env=env, stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, errors="replace")
        except subprocess.TimeoutExpired:
            return None
        which = _SAID_IN.search(said)
        role = self._shows(find, which.group(1)) if which else None
        return (which.group(1), role) if role else None

    def _look_again(self, find, folder):
        """(path of the input that is to be made small, its Role or None)."""
        original, history = (os.path.join(folder, name) for name in ("input.original", "history"))
        role = self._shows(find, original)
        if os.path.isdir(history):
            guilty = None if role else self._guilty(find, history)
            if guilty:
                shutil.copyfile(guilty[0], original)
                role = guilty[1]
            if role:
                shutil.rmtree(history)
        return original, role

    # --- Making it small ---

    def _shrink(self, find, role, original, small):
        """By events. True if `small` still finds the same."""
        timeout = _HANG_SECONDS if find["kind"] == "timeout" else _PLAY_SECONDS
        done = self._run(
            role, ["shrink", "--oracles", role.oracles, "--trials", str(_SHRINK_TRIALS),
                   "--seconds", str(_SHRINK_SECONDS), "--timeout", str(timeout),
                   "-o", small, original], _SHRINK_SECONDS + 2 * timeout + _SPARE_SECONDS)
        return (done is not None and done[0] == 0 and os.path.exists(small) and
                is_same(find, self._tools.diagnose(small, role)))

    def _minimise(self, find, role, original, small, unit):
        """By pieces of bytes."""
        deadline = time.monotonic() + _MINIMISE_SECONDS

        def same(data):
            if time.monotonic() > deadline:
                return False
            with open(small, "wb") as file:
                file.write(data)
            return is_same(find, self._tools.diagnose(small, role))

        with open(original, "rb") as file:
            data = fuzz_finds.minimise(file.read(), same, unit)
        with open(small, "wb") as file:
            file.write(data)

    # --- The folder ---

    def _files(self, find, role, folder):
        """Makes what fuzz_input makes of folder/input: rows of the table."""
        name = find["name"]
        rule = "find_test(sanitize = True)" if role.sanitize else "find_test()"
        steps = [(["show"], None, "input.txt", "the input in words, event by event"),
                 (["trace"], name + ".trace", name + ".trace",
                  "the same as a trace: `tools/albireo replay`"),
                 (["test", "--name", name], name + "_test.cc", name + "_test.cc",
                  "a GoogleTest that plays the input, for `%s` of tests/fuzz/find.bzl" % rule)]
        if not find["shows"]:
            steps = steps[:1]
        return [(file, what) for words, output, file, what in steps
                if self._make(role, words, folder, output, file)]

    def report(self, find, folder, shown, command, replay):
        """Fills the folder of a find; `shown` is its name for the user, command(find, input) what
        plays an input of it, `replay` the program that does. find["shows"] is how it shows again,
        or None."""
        small = os.path.join(folder, "input")
        original, role = self._look_again(find, folder)
        find["shows"] = {"sanitize": role.sanitize, "oracles": role.oracles} if role else None
        by_events = self._fuzz_input(role or _own_role(find)) is not None
        if not role:
            shutil.copyfile(original, small)
        elif not (by_events and self._shrink(find, role, original, small)):
            self._minimise(find, role, original, small, _EVENT_BYTES if by_events else 1)
        rows = [("input", "the input, %d bytes" % os.path.getsize(small)),
                ("input.original", "as it was found, %d bytes" % os.path.getsize(original))]
        if by_events:
            rows += self._files(find, role or _own_role(find), folder)
        again = _AGAIN % command(find, os.path.join(shown, "input")) if role else _ONCE
        if not role and os.path.isdir(os.path.join(folder, "history")):
            rows.append(("history/", "the inputs among which the guilty ones are"))
            again += _HISTORY % (find["oracles"], shlex.quote(replay),
                                 shlex.quote(os.path.join(shown, "history")))
        with open(os.path.join(folder, "README.md"), "w") as readme:
            readme.write(_README % {
                "kind": find["kind"], "text": find["text"], "table": _table(rows), "again": again,
                "under": " under ASan and UBSan" if find["sanitize"] else ""})

    def report_longest(self, longest):
        """Fills the folder of a Longest that holds an input."""
        role = fuzz_engines.Role(False, "cheap", False, longest.domains)
        if not self._fuzz_input(role):
            return
        done = self._run(role, ["stats", longest.input], _PLAY_SECONDS + _SPARE_SECONDS)
        lines = done[1].decode(errors="replace").splitlines() if done else []
        said = [line for line in lines if line.startswith("Longest kernel entry")]
        rows = [("input", "the input that it is in")]
        for words, output, file, what in (
                (["show"], None, "input.txt", "in words, event by event"),
                (["trace"], "longest.trace", "longest.trace",
                 "as a trace: `tools/albireo replay`")):
            if self._make(role, words, longest.folder, output, file):
                rows.append((file, what))
        with open(os.path.join(longest.folder, "README.md"), "w") as readme:
            readme.write(_LONGEST_README % {
                "steps": longest.steps, "what": longest.what, "table": _table(rows),
                "stats": "\n    ".join(said).replace(longest.input, "input")})


def keep_history(worker_folder, find_folder):
    """The last inputs of a worker, if it has left them, are to be examined with its find."""
    left = os.path.join(worker_folder, fuzz_engines.HISTORY)
    if os.path.isdir(left):
        kept = os.path.join(find_folder, "history")
        shutil.rmtree(kept, ignore_errors=True)
        shutil.move(left, kept)


class Longest:
    """The longest kernel entry that a campaign has met: FOLDER/longest/ has its input."""

    def __init__(self, folder):
        self.folder = os.path.join(folder, "longest")
        self.input = os.path.join(self.folder, "input")
        self._about = os.path.join(self.folder, "about.json")
        self.steps, self.what, self.domains = 0, "", False
        with contextlib.suppress(OSError, ValueError, KeyError):
            with open(self._about) as file:
                about = json.load(file)
            self.steps, self.what, self.domains = (
                int(about["steps"]), about["what"], about["domains"])

    def take(self, worker):
        """Takes over what a worker has kept, if it is longer. True if so."""
        left = os.path.join(worker.folder, fuzz_engines.LONGEST)
        try:
            with open(left + ".txt") as file:
                steps, what = file.readline().strip().split(" ", 1)
            if int(steps) <= self.steps:
                return False
            # The worker writes the input before the text: this one is as long, or longer.
            os.makedirs(self.folder, exist_ok=True)
            shutil.copyfile(left, self.input)
        except (OSError, ValueError):
            return False  # There is none yet.
        self.steps, self.what, self.domains = int(steps), what, worker.role.domains
        with open(self._about, "w") as file:
            json.dump({"steps": self.steps, "what": self.what, "domains": self.domains}, file)
            file.write("\n")
        return True
