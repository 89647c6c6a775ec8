# SPDX-License-Identifier: BSD-2-Clause
"""The kernel's configuration as build settings, and rules that build under another one.

Usage, in a BUILD file:

    load("//config:config.bzl", "config_variant")

    cc_test(
        name = "api_test",          # runs with the command line's configuration
        ...
    )

    config_variant(
        name = "api_release_test",  # the same test, compiled with --//config:debug=false
        actual = ":api_test",
        debug = False,
    )

    config_variant(
        name = "api_domains_test",
        actual = ":api_test",
        domains = 16,
    )

Settings that a variant does not name stay as they are on the command line. config_variant() is a
test: `bazel test //...` runs it beside the original. Arguments, data and size of `actual` are not
inherited, except that its runfiles come along; give `args` and `size` again where they matter.
"""

# ---- Flags -------------------------------------------------------------------------------------

FlagInfo = provider(
    doc = "The value of a build setting.",
    fields = {"value": "bool or int"},
)

def _bool_flag_impl(ctx):
    return [FlagInfo(value = ctx.build_setting_value)]

bool_flag = rule(
    doc = "A command-line flag with the value true or false.",
    implementation = _bool_flag_impl,
    build_setting = config.bool(flag = True),
)

def _int_flag_impl(ctx):
    value = ctx.build_setting_value
    if value < ctx.attr.min or value > ctx.attr.max:
        fail("%s=%d: must be between %d and %d" % (ctx.label, value, ctx.attr.min, ctx.attr.max))
    return [FlagInfo(value = value)]

int_flag = rule(
    doc = "A command-line flag with an integral value in a range.",
    implementation = _int_flag_impl,
    attrs = {
        "max": attr.int(mandatory = True),
        "min": attr.int(mandatory = True),
    },
    build_setting = config.int(flag = True),
)

# ---- The generated header ----------------------------------------------------------------------

_HEADER = """\
/* SPDX-License-Identifier: BSD-2-Clause */
/* Generated from the build settings of //config. */
#ifndef CONFIG_ALBIREO_CONFIG_H
#define CONFIG_ALBIREO_CONFIG_H

#define ALBIREO_DEBUG {debug}
#define ALBIREO_FPU {fpu}
#define ALBIREO_DOMAINS {domains}
#define ALBIREO_CORES {cores}

#endif
"""

def _config_header_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.write(out, _HEADER.format(
        cores = ctx.attr.cores[FlagInfo].value,
        debug = int(ctx.attr.debug[FlagInfo].value),
        domains = ctx.attr.domains[FlagInfo].value,
        fpu = int(ctx.attr.fpu[FlagInfo].value),
    ))
    return [DefaultInfo(files = depset([out]))]

config_header = rule(
    doc = "Writes the values of the flags as preprocessor definitions.",
    implementation = _config_header_impl,
    attrs = {
        "cores": attr.label(mandatory = True, providers = [FlagInfo]),
        "debug": attr.label(mandatory = True, providers = [FlagInfo]),
        "domains": attr.label(mandatory = True, providers = [FlagInfo]),
        "fpu": attr.label(mandatory = True, providers = [FlagInfo]),
    },
)

# ---- Variants ----------------------------------------------------------------------------------

_CORES = "//config:cores"
_DEBUG = "//config:debug"
_DOMAINS = "//config:domains"
_FPU = "//config:fpu"
_SETTINGS = [_CORES, _DEBUG, _DOMAINS, _FPU]

def _variant_transition_impl(settings, attr):
    return {
        _CORES: attr.cores or settings[_CORES],
        _DEBUG: {"": settings[_DEBUG], "false": False, "true": True}[attr.debug],
        _DOMAINS: attr.domains or settings[_DOMAINS],
        _FPU: {"": settings[_FPU], "false": False, "true": True}[attr.fpu],
    }

_variant_transition = transition(
    implementation = _variant_transition_impl,
    inputs = _SETTINGS,
    outputs = _SETTINGS,
)

def _config_variant_test_impl(ctx):
    # An attribute with a transition is a list, even if the transition is one to one.
    actual = ctx.attr.actual[0]
    binary = actual[DefaultInfo].files_to_run.executable
    executable = ctx.actions.declare_file(ctx.label.name)
    ctx.actions.symlink(output = executable, target_file = binary, is_executable = True)
    return [
        DefaultInfo(
            executable = executable,
            runfiles = ctx.runfiles([binary] + ctx.files.data).merge(
                actual[DefaultInfo].default_runfiles,
            ),
        ),
        coverage_common.instrumented_files_info(ctx, dependency_attributes = ["actual"]),
    ]

_config_variant_test = rule(
    doc = "Builds an executable under another kernel configuration and runs it as a test.",
    implementation = _config_variant_test_impl,
    attrs = {
        "actual": attr.label(
            cfg = _variant_transition,
            executable = True,
            mandatory = True,
        ),
        "cores": attr.int(doc = "0: unchanged."),
        "data": attr.label_list(allow_files = True),
        "debug": attr.string(values = ["", "false", "true"]),
        "domains": attr.int(doc = "0: unchanged."),
        "fpu": attr.string(values = ["", "false", "true"]),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
        # What `bazel coverage` runs after a test; the built-in test rules have the same attribute.
        "_lcov_merger": attr.label(
            cfg = "exec",
            default = "@bazel_tools//tools/test:lcov_merger",
            executable = True,
        ),
    },
    test = True,
)

def _bool_setting(value):
    return "" if value == None else str(value).lower()

def config_variant(name, actual, debug = None, fpu = None, domains = 0, cores = 0, **kwargs):
    """Runs a test in another configuration of the kernel.

    Args:
      name: name of the new test target.
      actual: a cc_test, cc_binary or other executable.
      debug: True or False; None leaves it as on the command line.
      fpu: likewise.
      domains: number of domains; 0 leaves it.
      cores: number of cores; 0 leaves it.
      **kwargs: what every test takes: size, tags, args, data...
    """
    _config_variant_test(
        name = name,
        actual = actual,
        cores = cores,
        debug = _bool_setting(debug),
        domains = domains,
        fpu = _bool_setting(fpu),
        **kwargs
    )

def _unconfigured_transition_impl(_settings, _attr):
    return {_CORES: 1, _DEBUG: True, _DOMAINS: 1, _FPU: True}

_unconfigured_transition = transition(
    implementation = _unconfigured_transition_impl,
    inputs = [],
    outputs = _SETTINGS,
)

def _unconfigured_cc_library_impl(ctx):
    actual = ctx.attr.actual[0]
    return [actual[DefaultInfo], actual[CcInfo]]

unconfigured_cc_library = rule(
    doc = "A C++ library that does not depend on the kernel's configuration: it is built in the " +
          "default one, once, for all variants.",
    implementation = _unconfigured_cc_library_impl,
    attrs = {
        "actual": attr.label(
            cfg = _unconfigured_transition,
            mandatory = True,
            providers = [CcInfo],
        ),
        "_allowlist_function_transition": attr.label(
            default = "@bazel_tools//tools/allowlists/function_transition_allowlist",
        ),
    },
)
