# SPDX-License-Identifier: BSD-2-Clause
"""Toolchain definitions: one macro call makes config, cc_toolchain and toolchain."""

load(":cc_toolchain_config.bzl", "cc_toolchain_config")

def toolchain_set(
        name,
        compiler,
        cc,
        kind,
        ar = "/usr/bin/ar",
        ld = "/usr/bin/ld",
        nm = "/usr/bin/nm",
        objcopy = "/usr/bin/objcopy",
        objdump = "/usr/bin/objdump",
        strip = "/usr/bin/strip",
        gcov = "/usr/bin/gcov",
        target_constraints = [
            "//tools/platforms:plain",
            "@platforms//cpu:x86_64",
            "@platforms//os:linux",
        ]):
    """Defines a C/C++ toolchain that uses tools installed on the machine.

    Args:
      name: name of the toolchain() target, to be registered.
      compiler: "gcc" or "clang".
      cc: absolute path of the compiler driver.
      kind: "hosted" or "bare".
      ar: archiver.
      ld: linker.
      nm: nm.
      objcopy: objcopy.
      objdump: objdump.
      strip: strip.
      gcov: gcov, or llvm-profdata for clang.
      target_constraints: what the toolchain generates code for.
    """
    cc_toolchain_config(
        name = name + "_config",
        compiler = compiler,
        kind = kind,
        tools = {
            "ar": ar,
            "cpp": cc,
            "gcc": cc,
            "gcov": gcov,
            "ld": ld,
            "nm": nm,
            "objcopy": objcopy,
            "objdump": objdump,
            "strip": strip,
        },
    )
    native.cc_toolchain(
        name = name + "_cc",
        all_files = ":empty",
        ar_files = ":empty",
        as_files = ":empty",
        compiler_files = ":empty",
        dwp_files = ":empty",
        linker_files = ":empty",
        objcopy_files = ":empty",
        strip_files = ":empty",
        toolchain_config = name + "_config",
        toolchain_identifier = name,
    )
    native.toolchain(
        name = name,
        exec_compatible_with = [
            "@platforms//cpu:x86_64",
            "@platforms//os:linux",
        ],
        target_compatible_with = target_constraints,
        toolchain = name + "_cc",
        toolchain_type = "@bazel_tools//tools/cpp:toolchain_type",
    )
