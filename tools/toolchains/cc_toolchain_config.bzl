# SPDX-License-Identifier: BSD-2-Clause
"""Starlark C/C++ toolchain configuration for the host and for bare RISC-V."""

load("@bazel_tools//tools/build_defs/cc:action_names.bzl", "ACTION_NAMES")
load(
    "@bazel_tools//tools/cpp:cc_toolchain_config_lib.bzl",
    "env_entry",
    "env_set",
    "feature",
    "feature_set",
    "flag_group",
    "flag_set",
    "tool_path",
    "with_feature_set",
)

_C_COMPILE = [
    ACTION_NAMES.c_compile,
    ACTION_NAMES.assemble,
    ACTION_NAMES.preprocess_assemble,
]

_CXX_COMPILE = [
    ACTION_NAMES.cpp_compile,
    ACTION_NAMES.cpp_header_parsing,
    ACTION_NAMES.cpp_module_compile,
    ACTION_NAMES.cpp_module_codegen,
    ACTION_NAMES.linkstamp_compile,
]

_COMPILE = _C_COMPILE + _CXX_COMPILE

_LINK = [
    ACTION_NAMES.cpp_link_executable,
    ACTION_NAMES.cpp_link_dynamic_library,
    ACTION_NAMES.cpp_link_nodeps_dynamic_library,
]

def _flags(actions, flags, with_features = []):
    return flag_set(
        actions = actions,
        flag_groups = [flag_group(flags = flags)],
        with_features = with_features,
    )

def _sanitizer(name, cflags, ldflags):
    return feature(
        name = name,
        flag_sets = [
            _flags(_COMPILE, cflags + ["-g", "-fno-omit-frame-pointer"]),
            _flags(_LINK, ldflags),
        ],
    )

_RISCV = [
    "-march=rv64imac_zicsr_zifencei",
    "-mabi=lp64",
    "-mcmodel=medany",
]

# Debian's multilib table knows rv64imac/lp64 only under that exact name: with
# _zicsr_zifencei the driver falls back to the lp64d libgcc.a, which won't link.
_RISCV_LINK = [
    "-march=rv64imac",
    "-mabi=lp64",
    "-mcmodel=medany",
]

_DBG = [with_feature_set(features = ["dbg"])]
_OPT = [with_feature_set(features = ["opt"])]
_FAST = [with_feature_set(features = ["fastbuild"])]

_BY_ALL = [with_feature_set(not_features = ["edges_only", "unguided"])]
_BY_EDGES = [with_feature_set(features = ["edges_only"], not_features = ["unguided"])]

def _hosted_features(compiler):
    features = [
        feature(name = "supports_pic", enabled = True),
        feature(name = "supports_dynamic_linker", enabled = True),
        feature(
            name = "default_compile_flags",
            enabled = True,
            flag_sets = [
                _flags(_COMPILE, ["-Wall", "-Wextra", "-fno-omit-frame-pointer"]),
                _flags([ACTION_NAMES.c_compile], ["-std=gnu11"]),
                _flags(_CXX_COMPILE, ["-std=c++17"]),
                _flags(_COMPILE, ["-g", "-O0"], _DBG),
                _flags(_COMPILE, ["-g1", "-O1"], _FAST),
                _flags(_COMPILE, ["-g", "-O2"], _OPT),
            ],
        ),
        feature(
            name = "default_link_flags",
            enabled = True,
            flag_sets = [_flags(_LINK, ["-pthread", "-lstdc++", "-lm"])],
        ),
        _sanitizer("asan", ["-fsanitize=address"], ["-fsanitize=address"]),
        _sanitizer(
            "ubsan",
            ["-fsanitize=undefined", "-fno-sanitize-recover=all"],
            ["-fsanitize=undefined"] + (
                ["-fsanitize-link-c++-runtime"] if compiler == "clang" else []
            ),
        ),
        _sanitizer("tsan", ["-fsanitize=thread"], ["-fsanitize=thread"]),
        # Of packages and targets that a fuzzer is not to be guided by.
        feature(
            name = "unguided",
            env_sets = [env_set(
                actions = _COMPILE,
                env_entries = [env_entry("AFL_NOOPT", "1")],
            )],
        ),
    ]
    if compiler == "clang":
        features += [
            # Of packages and targets where only edges guide libFuzzer: what is compared with what
            # costs as much again as the code.
            feature(name = "edges_only"),
            # libFuzzer, also as the main program of whatever is linked.
            feature(
                name = "libfuzzer",
                flag_sets = [
                    _flags(_COMPILE, ["-fsanitize=fuzzer-no-link"], _BY_ALL),
                    _flags(
                        _COMPILE,
                        ["-fsanitize-coverage=inline-8bit-counters,pc-table"],
                        _BY_EDGES,
                    ),
                    _flags(_LINK, ["-fsanitize=fuzzer"]),
                ],
            ),
            feature(
                name = "coverage",
                provides = ["profile"],
            ),
            feature(
                name = "llvm_coverage_map_format",
                flag_sets = [
                    _flags(_COMPILE, ["-fprofile-instr-generate", "-fcoverage-mapping"]),
                    _flags(_LINK, ["-fprofile-instr-generate"]),
                ],
                requires = [feature_set(features = ["coverage"])],
            ),
        ]
    else:
        features += [
            feature(
                name = "coverage",
                provides = ["profile"],
            ),
            feature(
                name = "gcc_coverage_map_format",
                flag_sets = [
                    flag_set(
                        actions = _COMPILE,
                        flag_groups = [
                            flag_group(
                                expand_if_available = "gcov_gcno_file",
                                flags = ["-fprofile-arcs", "-ftest-coverage"],
                            ),
                        ],
                    ),
                    _flags(_LINK, ["--coverage"]),
                ],
                requires = [feature_set(features = ["coverage"])],
            ),
        ]
    return features

def _bare_features():
    return [
        feature(name = "supports_pic", enabled = False),
        feature(
            name = "default_compile_flags",
            enabled = True,
            flag_sets = [
                _flags(_COMPILE, _RISCV + [
                    "-ffreestanding",
                    "-fno-common",
                    "-fno-pic",
                    "-fno-stack-protector",
                    "-Wall",
                    "-Wextra",
                    "-g",
                ]),
                _flags([ACTION_NAMES.c_compile], ["-std=gnu11"]),
                _flags(_COMPILE, ["-O0"], _DBG),
                _flags(_COMPILE, ["-O2"], _FAST),
                _flags(_COMPILE, ["-O2"], _OPT),
            ],
        ),
        feature(
            name = "default_link_flags",
            enabled = True,
            flag_sets = [_flags(_LINK, _RISCV_LINK + [
                "-nostdlib",
                "-static",
                "-Wl,--build-id=none",
                "-Wl,-z,max-page-size=4096",
                "-Wl,--no-warn-rwx-segments",
            ])],
        ),
    ]

def _impl(ctx):
    if ctx.attr.kind == "hosted":
        cpu = "k8"
        features = _hosted_features(ctx.attr.compiler)
        includes = ["/usr/include", "/usr/lib/gcc", "/usr/lib/llvm-14", "/usr/lib/clang"]
    else:
        cpu = "riscv64"
        features = _bare_features()
        includes = ["/usr/lib/gcc/riscv64-unknown-elf", "/usr/riscv64-unknown-elf"]

    return cc_common.create_cc_toolchain_config_info(
        ctx = ctx,
        abi_libc_version = "local",
        abi_version = "local",
        compiler = ctx.attr.compiler,
        cxx_builtin_include_directories = includes,
        features = [
            feature(name = "dbg"),
            feature(name = "fastbuild"),
            feature(name = "opt"),
        ] + features,
        host_system_name = "local",
        target_cpu = cpu,
        target_libc = "local",
        target_system_name = "local",
        tool_paths = [tool_path(name = n, path = p) for n, p in ctx.attr.tools.items()],
        toolchain_identifier = ctx.label.name,
    )

cc_toolchain_config = rule(
    implementation = _impl,
    attrs = {
        "compiler": attr.string(mandatory = True),
        "kind": attr.string(mandatory = True),
        "tools": attr.string_dict(mandatory = True),
    },
    provides = [CcToolchainConfigInfo],
)
