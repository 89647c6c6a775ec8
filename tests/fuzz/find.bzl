# SPDX-License-Identifier: BSD-2-Clause
"""Tests that `fuzz_input test` has made of finds.

    load(":find.bzl", "find_test")

    find_test(
        name = "unmap_flush_test",
        srcs = ["unmap_flush_test.cc"],
    )
"""

load("//tools:cross.bzl", "fuzz_files")

def find_test(name, srcs, sanitize = False):
    """Runs such a test, and again as NAME_watched_test, with the precise watch.

    Args:
      name: of the test.
      srcs: what `fuzz_input test` wrote.
      sanitize: only sanitizers see the find: likewise NAME_sanitize_test, with them.
    """
    native.cc_test(
        name = name,
        size = "small",
        srcs = srcs,
        copts = ["-Wall", "-Wextra", "-Wconversion", "-Werror"],
        target_compatible_with = ["@platforms//os:linux"],
        deps = [
            "//tests/fuzz:find",
            "@googletest//:gtest_main",
        ],
    )
    for flavour in ["watched"] + (["sanitize"] if sanitize else []):
        built = "%s_%s" % (name, flavour)
        fuzz_files(
            name = built,
            testonly = True,
            srcs = [":" + name],
            engine = "none",
            sanitize = flavour == "sanitize",
            watched = flavour == "watched",
        )
        native.sh_test(
            name = built + "_test",
            size = "small",
            srcs = ["//fuzz:run_test.sh"],
            args = ["$(location :%s)" % built],
            data = [":" + built],
            tags = ["variant"],
        )
