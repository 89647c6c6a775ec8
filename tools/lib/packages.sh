#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Installs the Debian packages that the project needs, as far as they are missing.
#
# Usage: tools/lib/packages.sh [--list] GROUP...
#
#   run    to build and run Albireo hosted in a Linux process
#   boot   to build Albireo for RISC-V boards and run it in QEMU
#   test   to run everything that tools/test runs
#   all    all of them
#
#   --list   only print the names of the packages
#
# Needs Debian 12, and root or sudo if something is missing. Silent if nothing is.
# ALBIREO_SKIP_PACKAGES=1 skips it all, for systems that get the tools in another way.
set -euo pipefail

# bazel-bootstrap brings a JDK; binutils brings nm, ar and readelf. The program contains a device
# tree and a RISC-V program.
run_packages=(
    bazel-bootstrap
    binutils
    binutils-riscv64-unknown-elf
    device-tree-compiler
    g++
    gcc
    gcc-riscv64-unknown-elf
    libc6-dev
    libxxhash-dev
    libzstd-dev
    python3
)
# qemu-system-misc brings qemu-system-riscv64, u-boot-qemu U-Boot for its boards.
boot_packages=(
    "${run_packages[@]}"
    opensbi
    qemu-system-misc
    u-boot-qemu
)
# llvm-14 brings llvm-ar-14 and llvm-symbolizer-14, libclang-rt-14-dev clang's sanitizers, qemu-user
# what interpreted instructions are compared with.
test_packages=(
    "${boot_packages[@]}"
    afl++
    clang-14
    clang-format-14
    gdb
    gdb-multiarch
    git
    googletest
    graphviz
    libclang-rt-14-dev
    libstdc++-12-dev
    llvm-14
    patch
    qemu-user
)

die() {
    echo "packages.sh: $*" >&2
    exit 1
}

missing_of() {
    local package
    for package in "$@"; do
        if [[ $(dpkg-query -W -f='${db:Status-Status}' "$package" 2>/dev/null) != installed ]]; then
            echo "$package"
        fi
    done
}

as_root() {
    if [[ $(id -u) -eq 0 ]]; then
        "$@"
    else
        sudo "$@"
    fi
}

list_only=false
wanted=()
for argument in "$@"; do
    case $argument in
        run) wanted+=("${run_packages[@]}") ;;
        boot) wanted+=("${boot_packages[@]}") ;;
        test | all) wanted+=("${test_packages[@]}") ;;
        --list) list_only=true ;;
        --help | -h)
            sed -n '3,/^[^#]/{/^#/s/^# \{0,1\}//p}' "$0"
            exit 0
            ;;
        *)
            echo "packages.sh: unknown group: $argument (run, boot, test or all)" >&2
            exit 2
            ;;
    esac
done
if [[ ${#wanted[@]} -eq 0 ]]; then
    echo "packages.sh: no group given (run, boot, test or all)" >&2
    exit 2
fi
mapfile -t wanted < <(printf '%s\n' "${wanted[@]}" | sort -u)
if $list_only; then
    printf '%s\n' "${wanted[@]}"
    exit 0
fi
if [[ ${ALBIREO_SKIP_PACKAGES:-} == 1 ]]; then
    exit 0
fi
command -v dpkg-query >/dev/null ||
    die "not a Debian system. Install what these packages contain and set" \
        "ALBIREO_SKIP_PACKAGES=1: ${wanted[*]}"

mapfile -t missing < <(missing_of "${wanted[@]}")
if [[ ${#missing[@]} -eq 0 ]]; then
    exit 0
fi
if [[ $(id -u) -ne 0 ]] && ! command -v sudo >/dev/null; then
    die "missing Debian packages, and neither root nor sudo to install them:" \
        "apt-get install --no-install-recommends ${missing[*]}"
fi

echo "Installing Debian packages: ${missing[*]}" >&2
log=$(mktemp)
trap 'rm -f "$log"' EXIT
if ! as_root apt-get update >"$log" 2>&1 ||
    ! as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends \
        "${missing[@]}" >>"$log" 2>&1 </dev/null; then
    tail -30 "$log" >&2
    die "apt-get failed; see above"
fi
