# SPDX-License-Identifier: BSD-2-Clause
# shellcheck shell=bash
# What the scripts of tools/ share. To be sourced; defines `root`, die(), usage_error() and bazel().

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd -P)
me=${0##*/}

die() {
    echo "$me: $*" >&2
    exit 1
}

usage_error() {
    echo "$me: $*" >&2
    echo "Try '$0 --help'." >&2
    exit 2
}

# Prints the comment at the head of the calling script, from its third line on.
print_help() {
    sed -n '3,/^[^#]/{/^#/s/^# \{0,1\}//p}' "$0"
}

# Installs what is missing of the Debian packages of the given groups; see packages.sh.
need_packages() {
    "$root/tools/lib/packages.sh" "$@" || exit 1
}

# Bazel's startup options: its output root is under the home folder, if there is one to write to.
bazel_startup_options() {
    local home
    home=${HOME:-$(getent passwd "$(id -u)" | cut -d: -f6)}
    if [[ -n ${ALBIREO_BAZEL_ROOT:-} ]]; then
        echo "--output_user_root=$ALBIREO_BAZEL_ROOT"
    elif ! mkdir -p "${home:-/nonexistent}/.cache/bazel" 2>/dev/null ||
        [[ ! -w ${home:-/nonexistent}/.cache/bazel ]]; then
        echo "--output_user_root=${TMPDIR:-/tmp}/albireo-bazel-$(id -u)"
    fi
}

# Runs Bazel in the workspace: bazel COMMAND ARGUMENT...
bazel() {
    local startup
    startup=$(bazel_startup_options)
    # No quotes: no option is no word.
    # shellcheck disable=SC2086
    (cd "$root" && command bazel $startup "$@")
}
