#!/bin/bash -eu
# SPDX-License-Identifier: BSD-2-Clause
# Builds the fuzz targets as OSS-Fuzz and ClusterFuzzLite do it, without Bazel: with $CC, $CFLAGS,
# $CXX, $CXXFLAGS and $LIB_FUZZING_ENGINE, into $OUT: for each target its program, its seeds and its
# dictionary. In the folder of the source, or with the source in $SRC/albireo.
#
#   .clusterfuzzlite/build.sh --check
#
# builds with clang-14 and AddressSanitizer, and lets each target run on its seeds for a moment.
set -o pipefail
shopt -s nullglob

if [[ ${1:-} == --check ]]; then
    cd "$(dirname "${BASH_SOURCE[0]}")/.."
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    mkdir "$work/out" "$work/work"
    SRC=$PWD/.. OUT=$work/out WORK=$work/work CC=clang-14 CXX=clang++-14 \
        CFLAGS="-O1 -fsanitize=fuzzer-no-link,address" CXXFLAGS="-fsanitize=address" \
        LIB_FUZZING_ENGINE=-fsanitize=fuzzer .clusterfuzzlite/build.sh
    for program in "$work"/out/*_fuzz; do
        mkdir "$program.seeds" "$program.corpus"
        if [[ -e ${program}_seed_corpus.zip ]]; then
            python3 -m zipfile -e "${program}_seed_corpus.zip" "$program.seeds"
        fi
        if ! (cd "$work" && "$program" -max_total_time=2 -max_len=4096 "$program.corpus" \
            "$program.seeds" >log 2>&1); then
            tail -30 "$work/log"
            exit 1
        fi
        echo "ok   $(basename "$program")"
    done
    exit 0
fi

: "${SRC:?}" "${OUT:?}" "${WORK:=$(mktemp -d)}" "${CC:?}" "${CXX:?}" "${LIB_FUZZING_ENGINE:?}"
out=$(realpath "$OUT")
objects=$(realpath "$WORK")/objects
[[ -d core ]] || cd "$SRC/albireo"

# The watch that needs no particular compiler; see fuzz/harness/watch.h.
core=(core/*.c)
sim=(hosted/{clock,dump,machine,map,mmu,native,native_run,plic,sim,snapshot,tlb,user,words}.c
    hosted/rv64/*.c)
trace=(hosted/trace/*.c)
api=(fuzz/api/{api_fuzz,input,mutate*,play*,select*,world*}.c fuzz/oracle/*.c
    fuzz/harness/{watch,watch_compare}.c)
boot=(fuzz/boot/*.c arch/riscv64/board.c fdt/fdt.c hosted/elf.c hosted/words.c)
elf=(fuzz/elf/*.c hosted/elf.c)
tree=(fuzz/board_fuzz.c fuzz/board_sound.c arch/riscv64/board.c fdt/fdt.c)
found=(fuzz/harness/found.c)

mkdir -p "$objects/config"
cat >"$objects/config/albireo_config.h" <<'END'
#define ALBIREO_DEBUG 1
#define ALBIREO_FPU 1
#define ALBIREO_DOMAINS 4
#define ALBIREO_CORES 1
END

# A build by Bazel numbers the kernel's source here. Nothing that is fuzzed compares it.
cat >"$objects/build_id.c" <<'END'
#include "hosted/trace/trace.h"
const char *trace_build_id(void)
{
    return "0000000000000000";
}
END
trace+=("$objects/build_id.c")

# Without a precise watch, and all the more under a sanitizer, comparing all of memory after each
# kernel entry would take a hundred times the rest: the sanitizer looks, and the assertions.
cat >"$objects/oracles.c" <<'END'
#include <stdlib.h>
__attribute__((constructor)) static void choose(void)
{
    setenv("ALBIREO_FUZZ_ORACLES", "off", 0);
}
END
api+=("$objects/oracles.c")

object_of() {
    echo "$objects/${1//\//_}.o"
}

# compile SOURCE...: those that have not been compiled yet, on all cores.
compile() {
    local source
    # The inner shell expands these words.
    # shellcheck disable=SC2016
    for source in "$@"; do
        [[ -e $(object_of "$source") ]] || printf '%s\0%s\0' "$source" "$(object_of "$source")"
    done | xargs -0 -r -n 2 -P "$(nproc)" sh -c '
        exec $CC ${CFLAGS:-} -std=gnu11 -D_GNU_SOURCE -fno-strict-aliasing -I. -Iinclude \
            -I"$0" -c "$1" -o "$2"' "$objects"
}

# link TARGET SOURCE...
link() {
    local target=$1 source inputs=()
    shift
    mapfile -t inputs < <(for source in "$@"; do object_of "$source"; done | sort -u)
    compile "$@"
    # shellcheck disable=SC2086
    $CXX ${CXXFLAGS:-} -o "$out/${target}_fuzz" "${inputs[@]}" $LIB_FUZZING_ENGINE
}

# pack TARGET DICTIONARY SEED...
pack() {
    local target=$1 dictionary=$2
    shift 2
    if [[ -n $dictionary ]]; then
        cp "$dictionary" "$out/${target}_fuzz.dict"
    fi
    if [[ $# -gt 0 ]]; then
        python3 -m zipfile -c "$out/${target}_fuzz_seed_corpus.zip" "$@"
    fi
}

link api "${core[@]}" "${sim[@]}" "${trace[@]}" "${api[@]}" "${found[@]}"
link boot "${core[@]}" "${boot[@]}" "${found[@]}"
link trace fuzz/trace_fuzz.c "${core[@]}" "${sim[@]}" "${trace[@]}" "${found[@]}"
link elf "${elf[@]}" "${found[@]}"
link tree "${tree[@]}" "${found[@]}"

mkdir -p "$objects/trees"
for source in tests/board/trees/*.dts; do
    blob=$objects/trees/$(basename "$source" .dts).dtb
    dtc -q -i tools/boards -I dts -O dtb -o "$blob" "$source"
done
pack api "" fuzz/corpus/api/*
pack boot "" fuzz/corpus/boot/*
pack trace fuzz/trace.dict fuzz/corpus/trace/*
pack elf "" fuzz/corpus/elf/*
pack tree fuzz/board.dict fuzz/corpus/board/* "$objects"/trees/*
