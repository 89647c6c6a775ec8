# SPDX-License-Identifier: BSD-2-Clause
"""How the kernel is compiled, and copies of its files with a bug on purpose, too."""

# Calls before all loads and stores, and nothing else of AddressSanitizer; also where a place is
# accessed twice, because the first time may be a load and the second a store.
_WATCHED = [
    "-fsanitize=kernel-address",
    "-mllvm",
    "-asan-instrumentation-with-call-threshold=0",
    "-mllvm",
    "-asan-opt-same-temp=0",
    "-mllvm",
    "-asan-stack=0",
    "-mllvm",
    "-asan-globals=0",
]

CORE_COPTS_UNWATCHED = [
    "-std=c11",
    "-ffreestanding",
    "-fno-strict-aliasing",
    "-Wall",
    "-Wextra",
    "-Wconversion",
    "-Werror",
]

CORE_COPTS = CORE_COPTS_UNWATCHED + select({
    "//config:is_watched": _WATCHED,
    "//conditions:default": [],
})
