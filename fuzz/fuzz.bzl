# SPDX-License-Identifier: BSD-2-Clause
"""Fuzz targets: one harness, all fuzzers.

    load("//fuzz:fuzz.bzl", "fuzz_target")

    cc_library(
        name = "board_fuzz",        # defines LLVMFuzzerTestOneInput() and so on:
        srcs = ["board_fuzz.c"],    # see fuzz/harness/target.h
        deps = ["//fuzz/harness:target", ...],
    )

    fuzz_target(
        name = "board",
        harness = ":board_fuzz",
        dictionary = "board.dict",
        seeds = [":board_seeds"],
    )

makes these, each a program in a folder of its name, built only when asked for:

    board_libfuzzer             by libFuzzer; board_libfuzzer_sanitize with ASan and UBSan
    board_afl                   for afl-fuzz
    board_random                seeded random inputs: --help; board_random_sanitize
    board_replay                plays files and folders; board_replay_sanitize

and these:

    board_coverage              plays what its arguments name, under `bazel coverage`
    board_replay_test           plays the seeds, in the build's own configuration
    board_watched_test          watched only: likewise, with the precise watch
    board_afl_test              fuzzes for a moment
    board_libfuzzer_test        likewise
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

_SHORT_RUN_SECONDS = "5"

def _programs(name, harness, watched, domains):
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
            domains = domains,
            engine = engine,
            sanitize = sanitize,
            tags = ["manual"],
            visibility = ["//visibility:public"],
            watched = watched and not sanitize,
        )

def _replay_tests(name, watched, domains, seeds, seed_args, size):
    config_variant(
        name = name + "_coverage",
        size = "enormous",
        actual = ":%s_replay_program" % name,
        domains = domains,
        tags = ["manual"],
    )
    config_variant(
        name = name + "_replay_test",
        size = size,
        actual = ":%s_replay_program" % name,
        args = seed_args,
        data = seeds,
        domains = domains,
    )
    if watched:
        native.sh_test(
            name = name + "_watched_test",
            size = size,
            srcs = ["//fuzz:run_test.sh"],
            args = ["$(location :%s_replay)" % name] + seed_args,
            data = seeds + [":%s_replay" % name],
            tags = ["variant"],
        )

# Short runs, so that the harness stays able to fuzz. The same in every configuration of the build.
def _fuzz_tests(name, dictionary, seeds, seed_args):
    for engine in ["afl", "libfuzzer"]:
        native.sh_test(
            name = "%s_%s_test" % (name, engine),
            size = "small",
            srcs = ["//fuzz:%s_test.sh" % engine],
            args = [
                _SHORT_RUN_SECONDS,
                "$(location :%s_%s)" % (name, engine),
                "$(location %s)" % dictionary if dictionary else "-",
            ] + seed_args,
            data = seeds + ([dictionary] if dictionary else []) + [":%s_%s" % (name, engine)],
            tags = ["variant"],
        )

def fuzz_target(
        name,
        harness,
        seeds,
        dictionary = None,
        watched = False,
        domains = 0,
        size = "small"):
    """Makes a target for all fuzzers; see above.

    Args:
      name: what all names begin with.
      harness: a cc_library that defines the functions of fuzz/harness/target.h.
      seeds: labels of files with which fuzzing begins, also inputs that once were findings.
      dictionary: label of a file of words, for AFL++ and libFuzzer.
      watched: it uses fuzz/harness/watch.h; it is built with //config:watched where possible.
      domains: of the kernel; 0: as on the command line.
      size: of the tests that play the seeds.
    """
    seed_args = ["$(locations %s)" % seed for seed in seeds]
    _programs(name, harness, watched, domains)
    _replay_tests(name, watched, domains, seeds, seed_args, size)
    _fuzz_tests(name, dictionary, seeds, seed_args)
