# SPDX-License-Identifier: BSD-2-Clause
"""Fuzz targets: one harness, all fuzzers.

    load("//fuzz:fuzz.bzl", "fuzz_target")

    cc_library(
        name = "tree_fuzz",         # defines LLVMFuzzerTestOneInput() and so on:
        srcs = ["tree_fuzz.c"],     # see fuzz/harness/target.h
        deps = ["//fuzz/harness:target", ...],
    )

    fuzz_target(
        name = "tree",
        harness = ":tree_fuzz",
        dictionary = "tree.dict",
        seeds = [":tree_seeds"],
    )

makes these, each a program in a folder of its name, built only when asked for:

    tree_libfuzzer              by libFuzzer; tree_libfuzzer_sanitize with ASan and UBSan
    tree_afl                    for afl-fuzz
    tree_random                 seeded random inputs: --help; tree_random_sanitize
    tree_replay                 plays files and folders; tree_replay_sanitize

and these:

    tree_coverage               plays what its arguments name, under `bazel coverage`
    tree_replay_test            plays the seeds, in the build's own configuration
    tree_watched_test           watched only: likewise, with the precise watch and full oracles
    tree_afl_test               fuzzes for a moment
    tree_libfuzzer_test         likewise

A target of another configuration of the kernel, by `domains` or `debug`, has the same programs. Of
the tests it has tree_watched_test (tree_replay_test, if it is not watched) and, if asked for, those
that fuzz.
"""

load("//config:config.bzl", "config_variant")
load("//tools:cross.bzl", "fuzz_files")

_LINUX = ["@platforms//os:linux"]

# What is linked, by driver, and the instrumentation and sanitizers, by flavour.
_DRIVERS = {
    "afl": ["//fuzz/harness:driver_afl"],
    "libfuzzer": [],
    "random": ["//fuzz/harness:driver_random"],
    "replay": ["//fuzz/harness:driver_files"],
}

_FLAVOURS = {
    "afl": ("afl", "afl", False),
    "libfuzzer": ("libfuzzer", "libfuzzer", False),
    "libfuzzer_sanitize": ("libfuzzer", "libfuzzer", True),
    "random": ("random", "none", False),
    "random_sanitize": ("random", "none", True),
    "replay": ("replay", "none", False),
    "replay_sanitize": ("replay", "none", True),
}

# Besides the seeds; and what no machine needs for them, however slow and busy it is.
_SHORT_RUN_INPUTS = "3000"
_SHORT_RUN_SECONDS = "200"

_ENGINES = ["afl", "libfuzzer"]

def _programs(name, harness, watched, domains, debug):
    for driver, deps in _DRIVERS.items():
        native.cc_binary(
            name = "%s_%s_program" % (name, driver),
            tags = ["manual"],
            target_compatible_with = _LINUX,
            deps = deps + [harness],
        )
    for flavour, (driver, engine, sanitize) in _FLAVOURS.items():
        fuzz_files(
            name = "%s_%s" % (name, flavour),
            srcs = [":%s_%s_program" % (name, driver)],
            debug = "" if debug == None else str(debug).lower(),
            domains = domains,
            engine = engine,
            sanitize = sanitize,
            tags = ["manual"],
            visibility = ["//visibility:public"],
            watched = watched and not sanitize,
        )

def _replay_tests(name, watched, domains, debug, seeds, seed_args, size):
    other = domains != 0 or debug != None
    config_variant(
        name = name + "_coverage",
        size = "enormous",
        actual = ":%s_replay_program" % name,
        debug = debug,
        domains = domains,
        tags = ["manual"],
    )
    if not (other and watched):
        config_variant(
            name = name + "_replay_test",
            size = size,
            actual = ":%s_replay_program" % name,
            args = seed_args,
            data = seeds,
            debug = debug,
            domains = domains,
            tags = ["variant"] if other else [],
        )
    if watched:
        native.sh_test(
            name = name + "_watched_test",
            size = size,
            srcs = ["//fuzz:run_test.sh"],
            args = [
                "env",
                "ALBIREO_FUZZ_ORACLES=full",
                "$(location :%s_replay)" % name,
            ] + seed_args,
            data = seeds + [":%s_replay" % name],
            tags = ["variant"],
        )

# Short runs, so that the harness stays able to fuzz. The same in every configuration of the build.
def _fuzz_tests(name, engines, max_len, dictionary, mutator, seeds, seed_args):
    dictionaries = [dictionary] if dictionary else []
    for engine in engines:
        mutators = [mutator] if mutator and engine == "afl" else []
        files = ["$(location %s)" % dictionary if dictionary else "-"]
        if engine == "afl":
            files.append("$(location %s)" % mutator if mutator else "-")
        native.sh_test(
            name = "%s_%s_test" % (name, engine),
            size = "medium",
            srcs = ["//fuzz:%s_test.sh" % engine],
            args = [
                _SHORT_RUN_SECONDS,
                _SHORT_RUN_INPUTS,
                "$(location :%s_%s)" % (name, engine),
                str(max_len),
            ] + files + seed_args,
            data = seeds + dictionaries + mutators + [":%s_%s" % (name, engine)],
            tags = ["variant"],
        )

def fuzz_target(
        name,
        harness,
        seeds,
        dictionary = None,
        mutator = None,
        max_len = 65536,
        watched = False,
        domains = 0,
        debug = None,
        fuzz_tests = None,
        size = "small"):
    """Makes a target for all fuzzers; see above.

    Args:
      name: what all names begin with.
      harness: a cc_library that defines the functions of fuzz/harness/target.h.
      seeds: labels of files with which fuzzing begins, also inputs that once were findings.
      dictionary: label of a file of words, for AFL++ and libFuzzer.
      mutator: label of a library that changes inputs, for AFL++.
      max_len: bytes of an input that make a difference.
      watched: it uses fuzz/harness/watch.h; it is built with //config:watched where possible.
      domains: of the kernel; 0: as on the command line.
      debug: likewise True or False; None: as on the command line.
      fuzz_tests: the engines that have a test, of "afl" and "libfuzzer"; None: all, but for another
        configuration of the kernel none.
      size: of the tests that play the seeds.
    """
    if fuzz_tests == None:
        fuzz_tests = [] if domains != 0 or debug != None else _ENGINES
    seed_args = ["$(locations %s)" % seed for seed in seeds]
    _programs(name, harness, watched, domains, debug)
    _replay_tests(name, watched, domains, debug, seeds, seed_args, size)
    _fuzz_tests(name, fuzz_tests, max_len, dictionary, mutator, seeds, seed_args)
