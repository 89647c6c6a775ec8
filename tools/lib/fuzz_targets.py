# SPDX-License-Identifier: BSD-2-Clause
"""The fuzz targets, and the programs that tools/fuzz runs on them: building them, and what is made
of a find."""

import collections
import glob
import os
import shutil
import subprocess
import time

import coverage_report
import fuzz_campaign
import fuzz_engines
import fuzz_finds

# `label` names the target that fuzz_target() of fuzz/harness/fuzz.bzl made; `program` is the file
# name of its binaries. `seeds` are patterns of files, below the source tree or, with @, below
# Bazel's outputs, where `seed_labels` make them. `coverage` is a test that plays a corpus.
Target = collections.namedtuple(
    "Target", "name label max_len dictionary seeds seed_labels has_oracles coverage")

TARGETS = {target.name: target for target in (
    Target("api", "//fuzz/api:api", 8 + 128 * 16, "", ["fuzz/corpus/api/*"], [], True,
           "//fuzz/api:api_coverage"),
    Target("boot", "//fuzz/boot:boot", 1 << 16, "", ["fuzz/corpus/boot/*"], [], False,
           "//fuzz/boot:boot_coverage"),
    Target("trace", "//fuzz:trace", 1 << 16, "fuzz/trace.dict", ["fuzz/corpus/trace/*"], [], False,
           ""),
    Target("elf", "//fuzz/elf:elf", 1 << 16, "", ["fuzz/corpus/elf/*"], [], False, ""),
    Target("tree", "//fuzz:board", 1 << 16, "fuzz/board.dict",
           ["fuzz/corpus/board/*", "@tests/board/*.dtb"], ["//tests/board:trees"], False, ""),
)}

# Besides the engine's own programs: what plays files and says what they find, for reports.
_REPLAYS = ["replay", "replay_sanitize"]
FLAVOURS = {
    "libfuzzer": ["libfuzzer", "libfuzzer_sanitize", *_REPLAYS],
    "afl": ["afl", "libfuzzer_sanitize", *_REPLAYS],
    "random": ["random", "random_sanitize", *_REPLAYS],
}

_MINIMISE_SECONDS = 60
_SHRINK_TRIALS = 200000

_README = """<!-- SPDX-License-Identifier: BSD-2-Clause -->
# %(kind)s

%(text)s

Found by `tools/fuzz`%(under)s. To see it again:

```sh
%(replay)s
```

| | |
|---|---|
%(table)s
"""


def _run(command, what, **options):
    """The output, or CampaignError."""
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          errors="replace", check=False, start_new_session=True, **options)
    if done.returncode != 0:
        raise fuzz_campaign.CampaignError("%s:\n%s" % (what, done.stdout.strip()[-3000:]))
    return done.stdout


class Tools:
    """The programs for one target. They are copied into the campaign's folder: whoever builds
    something else meanwhile does not change what is running."""

    def __init__(self, root, target, folder):
        self._root, self._target, self._bin = root, target, os.path.join(folder, "bin")
        self.paths = {}

    def __getitem__(self, flavour):
        return self.paths[flavour]

    def __contains__(self, flavour):
        return flavour in self.paths

    def _bazel(self, *arguments):
        return _run([os.path.join(self._root, "tools", "lib", "bazel"), *arguments],
                    "bazel %s failed" % arguments[0])

    def _outputs(self):
        return self._bazel("info", "--noshow_progress", "bazel-bin").strip().split("\n")[-1]

    def build(self, flavours, mutator=False):
        """Builds these programs, and copies them. Raises CampaignError."""
        package, name = self._target.label.lstrip("/").split(":")
        wanted = {flavour: ("%s_%s" % (self._target.label, flavour),
                            os.path.join(package, "%s_%s" % (name, flavour)))
                  for flavour in flavours}
        if self._target.name == "api":
            wanted["fuzz_input"] = ("//fuzz/finds:fuzz_input_watched",
                                    "fuzz/finds/fuzz_input_watched")
            if mutator:
                wanted["mutator"] = ("//fuzz/api:libapi_mutator.so", "fuzz/api/libapi_mutator.so")
        labels = [label for label, _ in wanted.values()]
        self._bazel("build", "--noshow_progress", "--curses=no", "--color=no", *labels,
                    *self._target.seed_labels)
        outputs = self._outputs()
        os.makedirs(self._bin, exist_ok=True)
        for flavour, (_, path) in wanted.items():
            # A rule for another configuration leaves its files in a folder of its own.
            found = os.path.join(outputs, path)
            if os.path.isdir(found):
                (found,) = glob.glob(os.path.join(found, "*"))
            self.paths[flavour] = os.path.join(self._bin, flavour)
            shutil.copyfile(found, self.paths[flavour] + ".new")
            os.chmod(self.paths[flavour] + ".new", 0o755)
            os.replace(self.paths[flavour] + ".new", self.paths[flavour])

    def dictionary(self):
        """Path of a file of words, or ""."""
        name = self._target.dictionary
        return os.path.join(self._root, name) if name else ""

    def seeds(self):
        """The files that fuzzing begins with. After build()."""
        files = []
        for pattern in self._target.seeds:
            top = self._root
            if pattern.startswith("@"):
                top, pattern = self._outputs(), pattern[1:]
            files += sorted(glob.glob(os.path.join(top, pattern)))
        return [path for path in files if os.path.isfile(path)]

    def diagnose(self, path, role):
        """What one input finds, or None."""
        binary = self["replay_sanitize" if role.sanitize else "replay"]
        try:
            done = subprocess.run([binary, path], env=fuzz_engines.environment(role),
                                  stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                  errors="replace", check=False, start_new_session=True,
                                  timeout=fuzz_engines.TIMEOUT_SECONDS)
        except subprocess.TimeoutExpired:
            return fuzz_finds.Find("timeout", "no end after %d s" % fuzz_engines.TIMEOUT_SECONDS)
        return fuzz_finds.diagnose(done.stderr, done.returncode)

    def minimise_corpus(self, corpus, folders):
        """Adds to `corpus` what of these folders reaches more, run under the sanitizers."""
        folders = [folder for folder in folders if os.path.isdir(folder)]
        if folders:
            _run([self["libfuzzer_sanitize"], "-merge=1", "-timeout=%d" %
                  fuzz_engines.TIMEOUT_SECONDS, corpus, *folders], "libFuzzer's merge failed",
                 cwd=self._bin)

    def coverage(self, target, corpus):
        """What a corpus of this target reaches, as of coverage_report.read_report()."""
        self._bazel("coverage", "--noshow_progress", "--curses=no", "--color=no",
                    "--nocache_test_results", "--test_timeout=3600", "--test_arg=" + corpus,
                    target.coverage)
        output = self._bazel("info", "--noshow_progress", "output_path").strip().split("\n")[-1]
        return coverage_report.read_report(
            os.path.join(output, "_coverage", "_coverage_report.dat"))

    # --- Reports on finds ---

    def replay_command(self, find, path):
        """What shows the find again."""
        words = ["tools/fuzz", "--replay", path]
        if self._target.name != "api":
            words += ["--target", self._target.name]
        if find["oracles"]:
            words += ["--oracles", find["oracles"]]
        if find["sanitize"]:
            words += ["--sanitize", "1"]
        return " ".join(words)

    def _minimise(self, find, folder):
        """Writes folder/input: by events if the target has some, else by bytes. True if it was done
        by events."""
        original, small = (os.path.join(folder, name) for name in ("input.original", "input"))
        if "fuzz_input" in self:
            done = subprocess.run(
                [self["fuzz_input"], "shrink", "--oracles", find["oracles"], "--trials",
                 str(_SHRINK_TRIALS), "-o", small, original], check=False,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
            if done.returncode == 0 and os.path.exists(small):
                return True
        role = fuzz_engines.Role(find["sanitize"], find["oracles"])
        deadline = time.monotonic() + _MINIMISE_SECONDS

        def same(data):
            if time.monotonic() > deadline:
                return False
            with open(small, "wb") as file:
                file.write(data)
            found = self.diagnose(small, role)
            return found is not None and fuzz_finds.key(found) == find["key"]

        with open(original, "rb") as file:
            data = fuzz_finds.minimise(file.read(), same)
        with open(small, "wb") as file:
            file.write(data)
        return False

    def report(self, find, folder, shown):
        """Fills the folder of a find; `shown` is its name for the user."""
        by_events = self._minimise(find, folder)
        level = ["--oracles", find["oracles"]]
        rows = [("input", "the input, %d bytes" % os.path.getsize(os.path.join(folder, "input"))),
                ("input.original", "as it was found, %d bytes" %
                 os.path.getsize(os.path.join(folder, "input.original")))]
        steps = []
        if by_events:
            name = find["name"]
            steps = [(["show", *level], None, "input.txt", "the input in words, event by event"),
                     (["trace", *level], name + ".trace",
                      name + ".trace", "the same as a trace: `tools/albireo replay`"),
                     (["test", *level, "--name", name], name + "_test.cc",
                      name + "_test.cc", "a GoogleTest that plays the input")]
        for words, output, file, what in steps:
            if self._make(words, folder, output, file):
                rows.append((file, what))
        table = "\n".join("| `%s` | %s |" % row for row in rows)
        with open(os.path.join(folder, "README.md"), "w") as readme:
            readme.write(_README % {
                "kind": find["kind"], "text": find["text"], "table": table,
                "under": " under ASan and UBSan" if find["sanitize"] else "",
                "replay": self.replay_command(find, os.path.join(shown, "input"))})

    def _make(self, words, folder, output, file):
        """Runs fuzz_input; it writes to `output`, or what it prints goes to `file`. True if so."""
        command = [self["fuzz_input"], *words, os.path.join(folder, "input")]
        if output:
            command += ["-o", os.path.join(folder, output)]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                              start_new_session=True)
        path = os.path.join(folder, file)
        if not output:
            with open(path, "wb") as out:
                out.write(done.stdout)
        return os.path.exists(path)
