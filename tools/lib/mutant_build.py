# SPDX-License-Identifier: BSD-2-Clause
"""Builds fuzzers of mutants, for tools/mutants.

Everything but the file of core/ that a mutant changes is compiled once for each configuration. The
compiler is run directly: a build system would look at the whole tree for each mutant. The flags are
those of //config:watched and of core/BUILD.
"""

import concurrent.futures
import glob
import os
import subprocess
import threading

import mutant_patch

CC = "clang-14"

_WARNINGS = ["-Wall", "-Wextra", "-Wconversion", "-Werror"]
_COMMON = ["-g", "-O2", "-fno-omit-frame-pointer"]
_CORE = ["-std=c11", "-ffreestanding", "-fno-strict-aliasing"]
_HOST = ["-std=gnu11", "-D_GNU_SOURCE"]
# What makes the watch precise: a call before every load and store of the kernel.
_WATCHED = ["-fsanitize=kernel-address", "-mllvm", "-asan-instrumentation-with-call-threshold=0",
            "-mllvm", "-asan-stack=0", "-mllvm", "-asan-globals=0", "-mllvm",
            "-asan-opt-same-temp=0"]
# Neither watched nor a guide: core/BUILD.
_CHECKER = "core/check"
_WRAP = ["-Wl,--wrap=memset,--wrap=memcpy,--wrap=memmove"]
# By edges only, as the feature "edges_only" has it.
_COVERAGE = ["-fsanitize-coverage=inline-8bit-counters,pc-table"]

DRIVERS = ("libfuzzer", "random")
_DEFAULTS = {"debug": 1, "fpu": 1, "domains": 1, "cores": 1}

# What is put into libraries, so that only what is needed is linked, and what is not.
_LIBRARIES = {
    "hosted": (["hosted/*.c", "hosted/rv64/*.c", "hosted/trace/*.c"],
               ["hosted/main.c", "hosted/board_devices.c"]),
    "fuzz": (["fuzz/harness/*.c", "fuzz/api/*.c", "fuzz/oracle/*.c"],
             ["fuzz/harness/driver_afl.c", "fuzz/harness/driver_files.c",
              "fuzz/harness/driver_random.c", "fuzz/harness/empty.c",
              "fuzz/harness/watch_compare.c", "fuzz/api/api_afl_mutator.c",
              "fuzz/api/api_fuzz.c"]),
}
_FUZZER = {"libfuzzer": ["fuzz/api/api_fuzz.c"],
           "random": ["fuzz/api/api_fuzz.c", "fuzz/harness/driver_random.c"]}
# The command `trace` needs most of hosted/, and is for bugs that stay.
_INPUT = (["fuzz/finds/*.c"], ["fuzz/finds/trace.c", "fuzz/finds/recorder.c"])
_NO_TRACE = """#include "fuzz/finds/finds.h"

int finds_trace(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return FINDS_USAGE;
}
"""
# Bazel makes it of the sources.
_BUILD_ID = """#include "hosted/trace/trace.h"

const char *trace_build_id(void)
{
    return "mutant";
}
"""


class BuildError(Exception):
    """The compiler or the linker did not do it."""


def _run(command, what, cwd):
    done = subprocess.run(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          errors="replace", check=False, start_new_session=True)
    if done.returncode != 0:
        raise BuildError("%s:\n%s" % (what, done.stdout.strip()[-3000:]))


def _sources(root, patterns, without=()):
    paths = [os.path.relpath(path, root) for pattern in patterns
             for path in sorted(glob.glob(os.path.join(root, pattern)))]
    return [path for path in paths if path not in without]


class Build:
    """Of one configuration; in a folder of its own. For several threads."""

    def __init__(self, root, folder, config, jobs):
        unknown = sorted(set(config) - set(_DEFAULTS))
        if unknown:
            raise BuildError("no setting of the kernel's configuration: %s" % unknown[0])
        self._root, self._folder, self._jobs = root, folder, jobs
        self._lock = threading.Lock()
        self._done = {}
        os.makedirs(os.path.join(folder, "include", "config"), exist_ok=True)
        with open(os.path.join(folder, "include", "config", "albireo_config.h"), "w") as header:
            for name, default in sorted(_DEFAULTS.items()):
                header.write("#define ALBIREO_%s %d\n" % (name.upper(), config.get(name, default)))

    def _compile(self, source, object_path, flags, cwd):
        os.makedirs(os.path.dirname(object_path), exist_ok=True)
        if source.startswith(_CHECKER):
            how = _CORE
        elif source.startswith("core/"):
            how = [*_CORE, *_WATCHED, *flags]
        else:
            how = [*_HOST, *flags]
        _run([CC, *_COMMON, *how, *_WARNINGS, "-I" + self._root,
              "-I" + os.path.join(self._root, "include"),
              "-I" + os.path.join(self._folder, "include"), "-c", source, "-o", object_path],
             "%s does not compile" % source, cwd)
        return object_path

    def _once(self, key, make):
        """make(), the first time that it is asked for."""
        with self._lock:
            if key not in self._done:
                self._done[key] = make()
            return self._done[key]

    def _compile_all(self, sources, name, flags=()):
        """Objects by source."""
        folder = os.path.join(self._folder, name)
        with concurrent.futures.ThreadPoolExecutor(self._jobs) as pool:
            futures = {source: pool.submit(self._compile, source, os.path.join(
                folder, source + ".o"), flags, self._root) for source in sources}
            try:
                return {source: future.result() for source, future in futures.items()}
            except BaseException:
                # An error, or Ctrl-C: nobody waits for what has not begun.
                pool.shutdown(wait=False, cancel_futures=True)
                raise

    def _core(self, coverage):
        def make():
            sources = _sources(self._root, ["core/*.c"])
            return self._compile_all(sources, "coverage" if coverage else "plain",
                                     _COVERAGE if coverage else [])
        return self._once(("core", coverage), make)

    def _library(self, name):
        def make():
            patterns, without = _LIBRARIES[name]
            objects = list(self._compile_all(_sources(self._root, patterns, without),
                                             "plain").values())
            if name == "hosted":
                objects.append(self._made("build_id.c", _BUILD_ID))
            path = os.path.join(self._folder, "lib%s.a" % name)
            _run(["ar", "rcs", path, *objects], "ar failed", self._folder)
            return path
        return self._once(name, make)

    def _made(self, name, text):
        """The object of a source that is not in the tree."""
        path = os.path.join(self._folder, name)
        with open(path, "w") as source:
            source.write(text)
        return self._compile(path, path + ".o", [], self._root)

    def _input_objects(self):
        return self._once("input", lambda: [
            self._made("no_trace.c", _NO_TRACE),
            *self._compile_all(_sources(self._root, *_INPUT), "plain").values()])

    def _objects(self, patterns):
        return list(self._once(tuple(patterns), lambda: self._compile_all(
            _sources(self._root, patterns), "plain")).values())

    def _patched(self, mutant, folder, coverage):
        """The objects of core/, one of them the mutant's. Without mutant: as they are."""
        objects = dict(self._core(coverage))
        if mutant is not None:
            objects[mutant.file] = self.compile(mutant, folder, _COVERAGE if coverage else [])
        return list(objects.values())

    def compile(self, mutant, folder, flags=()):
        """Applies the patch and compiles the file that it changes. Raises PatchError."""
        with open(os.path.join(self._root, mutant.file), encoding="utf-8") as file:
            text = mutant_patch.apply(mutant, file.read())
        path = os.path.join(folder, mutant.file)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        # By the same name as the original, which is part of what a failed assertion says.
        return self._compile(mutant.file, os.path.join(
            folder, "%s.%s.o" % (mutant.file, "coverage" if flags else "plain")), flags, folder)

    def _link(self, path, objects, flags=()):
        _run([CC, "-g", *flags, *_WRAP, "-o", path, *objects, self._library("fuzz"),
              self._library("hosted"), "-lm"], "%s does not link" % os.path.basename(path),
             self._folder)
        return path

    def fuzzer(self, mutant, folder, driver):
        """The fuzzer of the API target."""
        is_libfuzzer = driver == "libfuzzer"
        objects = self._patched(mutant, folder, is_libfuzzer) + self._objects(_FUZZER[driver])
        return self._link(os.path.join(folder, "fuzzer"), objects,
                          ["-fsanitize=fuzzer"] if is_libfuzzer else [])

    def input_tool(self, mutant, folder):
        """The program fuzz_input."""
        objects = self._patched(mutant, folder, False) + self._input_objects()
        return self._link(os.path.join(folder, "fuzz_input"), objects)
