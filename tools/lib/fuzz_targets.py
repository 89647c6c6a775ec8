# SPDX-License-Identifier: BSD-2-Clause
"""The fuzz targets, and the programs that tools/fuzz runs on them: building them, and what is made
of a find."""

import collections
import glob
import os
import shlex
import shutil
import subprocess

import coverage_report
import fuzz_campaign
import fuzz_engines
import fuzz_finds
import fuzz_folder
import fuzz_process

# `label` names the target that fuzz_target() of fuzz/fuzz.bzl made. `seeds` are patterns of files,
# below the source tree or, with @, below Bazel's outputs, where `seed_labels` make them. `coverage`
# are tests that play a corpus. `fuzz_input` is the program for reports on finds, and that with
# sanitizers, `mutator` the library for AFL++, if there are some. `variant` names the same target
# with several domains: a campaign has it in rotation.
Target = collections.namedtuple(
    "Target", "name label max_len dictionary seeds seed_labels has_oracles coverage fuzz_input "
    "fuzz_input_sanitize mutator variant", defaults=["", "", [], False, [], "", "", "", ""])

_API = Target("api", "//fuzz/api:api", 8 + 128 * 16, has_oracles=True,
              seeds=["fuzz/corpus/api/*", "fuzz/corpus/api_domains/*"],
              coverage=["//fuzz/api:api_coverage", "//fuzz/api:api_domains_coverage"],
              fuzz_input="//fuzz/finds:fuzz_input_watched",
              fuzz_input_sanitize="//fuzz/finds:fuzz_input_sanitize",
              mutator="//fuzz/api:libapi_mutator.so", variant="api-domains")

TARGETS = {target.name: target for target in (
    _API,
    Target("boot", "//fuzz/boot:boot", 1 << 16, seeds=["fuzz/corpus/boot/*"],
           coverage=["//fuzz/boot:boot_coverage"]),
    Target("trace", "//fuzz:trace", 1 << 16, "fuzz/trace.dict", ["fuzz/corpus/trace/*"]),
    Target("elf", "//fuzz/elf:elf", 1 << 16, seeds=["fuzz/corpus/elf/*"]),
    Target("tree", "//fuzz:tree", 1 << 16, "fuzz/tree.dict",
           ["fuzz/corpus/tree/*", "@tests/board/*.dtb"], ["//tests/board:trees"]),
    _API._replace(name="api-domains", label="//fuzz/api:api_domains", variant="",
                  fuzz_input="//fuzz/finds:fuzz_input_domains",
                  fuzz_input_sanitize="//fuzz/finds:fuzz_input_domains_sanitize"),
)}

# What --target all means: variants have their turn in the campaigns of what they vary.
ALL = [name for name in TARGETS if name not in {target.variant for target in TARGETS.values()}]

# Besides the engine's own programs: what plays files and says what they find, for reports.
_REPLAYS = ["replay", "replay_sanitize"]
FLAVOURS = {
    "libfuzzer": ["libfuzzer", "libfuzzer_sanitize", *_REPLAYS],
    "afl": ["afl", "libfuzzer_sanitize", *_REPLAYS],
    "random": ["random", "random_sanitize", *_REPLAYS],
}
# Of the variant, without sanitizers.
_VARIANT_FLAVOURS = {engine: [engine, "replay"] for engine in FLAVOURS}


def _run(command, what, seconds=None, **options):
    """The output, or CampaignError; or TimeoutExpired."""
    status, output = fuzz_process.run(command, seconds, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
                                      errors="replace", **options)
    if status != 0:
        raise fuzz_campaign.CampaignError("%s:\n%s" % (what, output.strip()[-3000:]))
    return output


def _program(label):
    """(label, path below Bazel's outputs)."""
    package, name = label.lstrip("/").split(":")
    return label, os.path.join(package, name)


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

    def _wanted(self, engine):
        """What the engine, and reports, need: by flavour (label, path below Bazel's outputs)."""
        target = self._target
        wanted = {name: _program("%s_%s" % (target.label, name)) for name in FLAVOURS[engine]}
        if target.fuzz_input:
            wanted["fuzz_input"] = _program(target.fuzz_input)
            wanted["fuzz_input_sanitize"] = _program(target.fuzz_input_sanitize)
        if target.mutator and engine == "afl":
            wanted["mutator"] = _program(target.mutator)
        if target.variant:
            variant = TARGETS[target.variant]
            for name in _VARIANT_FLAVOURS[engine]:
                wanted["domains_" + name] = _program("%s_%s" % (variant.label, name))
            wanted["domains_fuzz_input"] = _program(variant.fuzz_input)
        return wanted

    def build(self, engine):
        """Builds and copies what is needed for fuzzing with it. Raises CampaignError."""
        self._build(self._wanted(engine))

    def build_replay(self, role):
        """The same for diagnose()."""
        name = fuzz_engines.program("replay", role)
        self._build({name: _program("%s_%s" % (self._target.label, name))})

    def _build(self, wanted):
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
        try:
            status, said = fuzz_process.run(
                [self[fuzz_engines.program("replay", role)], path], fuzz_engines.TIMEOUT_SECONDS,
                env=fuzz_engines.environment(role, {"ALBIREO_FUZZ_RESIDUE": "1"}),
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                errors="replace")
        except subprocess.TimeoutExpired:
            return fuzz_finds.Find("timeout", "no end after %d s" % fuzz_engines.TIMEOUT_SECONDS)
        return fuzz_finds.diagnose(said, status)

    def minimise_corpus(self, corpus, folders, work, role, seconds):
        """Adds to `corpus` what of these folders reaches more, run under the sanitizers: what they
        find is left in the folder `work`. Raises CampaignError, or TimeoutExpired."""
        _run([self[fuzz_engines.program("libfuzzer", role)], "-merge=1",
              "-timeout=%d" % fuzz_engines.TIMEOUT_SECONDS,
              "-rss_limit_mb=%d" % fuzz_engines.MEMORY_MIB,
              "-max_len=%d" % self._target.max_len, "-artifact_prefix=%s/" % work,
              corpus, *folders], "libFuzzer's merge failed", seconds, cwd=work,
             env=fuzz_engines.environment(role))

    def coverage(self, target, corpus):
        """What a corpus of this target reaches, as of coverage_report.read_report()."""
        self._bazel("coverage", "--noshow_progress", "--curses=no", "--color=no",
                    "--nocache_test_results", "--test_timeout=3600", "--test_arg=" + corpus,
                    # Oracles would take nearly all of the time, and reach nothing of core/.
                    "--test_env=ALBIREO_FUZZ_ORACLES=off", *target.coverage)
        output = self._bazel("info", "--noshow_progress", "output_path").strip().split("\n")[-1]
        return coverage_report.read_report(
            os.path.join(output, "_coverage", "_coverage_report.dat"))

    # --- Reports on finds ---

    def replay_command(self, find, path):
        """What shows the find again."""
        role = fuzz_folder.replay_role(find)
        target = self._target.variant if role.domains else self._target.name
        words = ["tools/fuzz", "--replay", shlex.quote(path)]
        if target != "api":
            words += ["--target", target]
        if role.oracles:
            words += ["--oracles", role.oracles]
        if role.sanitize:
            words += ["--sanitize", "1"]
        return " ".join(words)

    def _reporter(self):
        return fuzz_folder.Reporter(self, self._target.has_oracles)

    def report(self, find, folder, shown):
        """Fills the folder of a find; `shown` is its name for the user."""
        replay = self[fuzz_engines.program("replay", fuzz_folder.replay_role(find))]
        self._reporter().report(find, folder, shown, self.replay_command, os.path.relpath(replay))

    def report_longest(self, longest):
        """The same for the longest kernel entry, a fuzz_folder.Longest."""
        self._reporter().report_longest(longest)
