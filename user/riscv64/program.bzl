# SPDX-License-Identifier: BSD-2-Clause
"""Programs for RISC-V machines."""

load("//tools:cross.bzl", "riscv64_files")

COPTS = [
    "-std=c11",
    "-ffreestanding",
    "-Wall",
    "-Wextra",
    "-Wconversion",
    "-Werror",
]

def rv64_program(
        name,
        srcs,
        deps = [],
        linkopts = [],
        script = "//user/riscv64:link.ld",
        **kwargs):
    """A root task for RISC-V: a static ELF file.

    NAME_debug/NAME.elf and NAME_release/NAME.elf are for debug and release kernels, whatever the
    build's own configuration and platform.

    Args:
      name: of the program.
      srcs: its sources, with `void root_task(void *bootinfo)` (user/lib/root.h).
      deps: libraries besides the user's headers, user/lib and the runtime.
      linkopts: options for the linker besides the usual ones.
      script: the linker's script.
      **kwargs: for all targets, such as visibility and testonly.
    """
    native.cc_binary(
        name = name + ".elf",
        srcs = srcs,
        copts = COPTS,
        linkopts = [
            "-T $(location %s)" % script,
            "-Wl,--gc-sections",
        ] + linkopts,
        target_compatible_with = ["@platforms//cpu:riscv64"],
        deps = deps + [
            "//user/lib:lib_riscv64",
            script,
            "//user/riscv64:runtime",
        ],
        **kwargs
    )
    for configuration, debug in [("debug", "true"), ("release", "false")]:
        riscv64_files(
            name = name + "_" + configuration,
            srcs = [":" + name + ".elf"],
            debug = debug,
            tags = ["board"],  # Built once, whatever compiler the host's tests are built with.
            **kwargs
        )
