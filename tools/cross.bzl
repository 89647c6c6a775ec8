# SPDX-License-Identifier: BSD-2-Clause
"""Rules that build targets for another platform from an ordinary host build."""

load("@bazel_tools//tools/cpp:toolchain_utils.bzl", "find_cpp_toolchain")

_CORES = "//config:cores"
_DEBUG = "//config:debug"
_DOMAINS = "//config:domains"
_FPU = "//config:fpu"
_SETTINGS = [_CORES, _DEBUG, _DOMAINS, _FPU]

def _bool_setting(value, default):
    return {"": default, "false": False, "true": True}[value]

def _riscv64_transition_impl(settings, attr):
    # The host's instrumentation and optimization stay at home: the image is always the same one.
    return {
        _CORES: attr.cores or settings[_CORES],
        _DEBUG: _bool_setting(attr.debug, settings[_DEBUG]),
        _DOMAINS: attr.domains or settings[_DOMAINS],
        _FPU: _bool_setting(attr.fpu, settings[_FPU]),
        "//command_line_option:collect_code_coverage": False,
        "//command_line_option:compilation_mode": "opt",
        "//command_line_option:features": [],
        "//command_line_option:force_pic": False,
        "//command_line_option:platform_suffix": "",
        "//command_line_option:platforms": "//tools/platforms:riscv64_bare",
    }

_riscv64_transition = transition(
    implementation = _riscv64_transition_impl,
    inputs = _SETTINGS,
    outputs = _SETTINGS + [
        "//command_line_option:collect_code_coverage",
        "//command_line_option:compilation_mode",
        "//command_line_option:features",
        "//command_line_option:force_pic",
        "//command_line_option:platform_suffix",
        "//command_line_option:platforms",
    ],
)

def _plain_transition_impl(_settings, _attr):
    # As above, on the host: sanitizers and gcov add variables that the sources do not have.
    return {
        "//command_line_option:collect_code_coverage": False,
        "//command_line_option:compilation_mode": "opt",
        "//command_line_option:features": [],
        "//command_line_option:platform_suffix": "",
    }

_plain_transition = transition(
    implementation = _plain_transition_impl,
    inputs = [],
    outputs = [
        "//command_line_option:collect_code_coverage",
        "//command_line_option:compilation_mode",
        "//command_line_option:features",
        "//command_line_option:platform_suffix",
    ],
)

def _objcopy_binary_impl(ctx):
    cc_toolchain = find_cpp_toolchain(ctx)
    out = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.run(
        outputs = [out],
        inputs = depset([ctx.executable.binary], transitive = [cc_toolchain.all_files]),
        executable = cc_toolchain.objcopy_executable,
        arguments = ["-O", "binary", "-S", ctx.executable.binary.path, out.path],
        mnemonic = "ObjcopyBinary",
    )
    return [DefaultInfo(files = depset([out]))]

# Must itself be in the configuration of the binary: a transition between the two would find the
# wrong toolchain.
objcopy_binary = rule(
    doc = "Turns an ELF file into its raw memory image.",
    implementation = _objcopy_binary_impl,
    attrs = {
        "binary": attr.label(
            cfg = "target",
            executable = True,
            mandatory = True,
        ),
        "_cc_toolchain": attr.label(
            default = "@bazel_tools//tools/cpp:current_cc_toolchain",
        ),
    },
    incompatible_use_toolchain_transition = True,
    toolchains = ["@bazel_tools//tools/cpp:toolchain_type"],
)

_WATCHED = "//config:watched"

# By engine: platform, feature of its toolchain.
_FUZZ_ENGINES = {
    "afl": ("//tools/platforms:host_afl", []),
    "libfuzzer": ("//tools/platforms:host_clang", ["libfuzzer"]),
    "none": ("//tools/platforms:host_clang", []),
}

def _fuzz_transition_impl(settings, attr):
    # As above, by clang, and with what the fuzzer needs.
    platform, features = _FUZZ_ENGINES[attr.engine]
    return {
        _DEBUG: _bool_setting(attr.debug, settings[_DEBUG]),
        _DOMAINS: attr.domains or settings[_DOMAINS],
        _WATCHED: attr.watched,
        "//command_line_option:collect_code_coverage": False,
        "//command_line_option:compilation_mode": "opt",
        "//command_line_option:features": features + (["asan", "ubsan"] if attr.sanitize else []),
        "//command_line_option:platform_suffix": "",
        "//command_line_option:platforms": platform,
    }

_fuzz_transition = transition(
    implementation = _fuzz_transition_impl,
    inputs = [_DEBUG, _DOMAINS],
    outputs = [
        _DEBUG,
        _DOMAINS,
        _WATCHED,
        "//command_line_option:collect_code_coverage",
        "//command_line_option:compilation_mode",
        "//command_line_option:features",
        "//command_line_option:platform_suffix",
        "//command_line_option:platforms",
    ],
)

def _other_configuration_files_impl(ctx):
    outs = []
    for src in ctx.files.srcs:
        out = ctx.actions.declare_file(ctx.label.name + "/" + src.basename)
        ctx.actions.symlink(output = out, target_file = src)
        outs.append(out)
    return [DefaultInfo(
        files = depset(outs),
        runfiles = ctx.runfiles(outs),
    )]

riscv64_files = rule(
    doc = "Builds srcs for //tools/platforms:riscv64_bare, whatever the build's own platform. " +
          "The outputs are in a folder named after the target.",
    implementation = _other_configuration_files_impl,
    attrs = {
        "srcs": attr.label_list(
            allow_files = True,
            cfg = _riscv64_transition,
            mandatory = True,
        ),
        # The kernel's configuration; "" and 0: unchanged.
        "cores": attr.int(),
        "debug": attr.string(values = ["", "false", "true"]),
        "domains": attr.int(),
        "fpu": attr.string(values = ["", "false", "true"]),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
)

plain_files = rule(
    doc = "Builds srcs optimized and without instrumentation, whatever the build's own flags. " +
          "The outputs are in a folder named after the target.",
    implementation = _other_configuration_files_impl,
    attrs = {
        "srcs": attr.label_list(
            allow_files = True,
            cfg = _plain_transition,
            mandatory = True,
        ),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
)

fuzz_files = rule(
    doc = "Builds srcs, optimized and by clang, for a fuzzer, whatever the build's own flags. " +
          "The outputs are in a folder named after the target.",
    implementation = _other_configuration_files_impl,
    attrs = {
        "srcs": attr.label_list(
            allow_files = True,
            cfg = _fuzz_transition,
            mandatory = True,
        ),
        "engine": attr.string(
            doc = "What the instrumentation is for; none: no guidance.",
            mandatory = True,
            values = sorted(_FUZZ_ENGINES.keys()),
        ),
        "sanitize": attr.bool(doc = "AddressSanitizer and UndefinedBehaviorSanitizer."),
        "watched": attr.bool(doc = "//config:watched. Not with AddressSanitizer."),
        # The kernel's configuration; "" and 0: unchanged.
        "debug": attr.string(values = ["", "false", "true"]),
        "domains": attr.int(),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
)
