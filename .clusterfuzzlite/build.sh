#!/bin/bash -eu
# SPDX-License-Identifier: BSD-2-Clause
# Builds the fuzz targets as OSS-Fuzz and ClusterFuzzLite do it, without Bazel: with $CC, $CFLAGS,
# $CXX, $CXXFLAGS and $LIB_FUZZING_ENGINE, into $OUT: for each target its program, its seeds and its
# dictionary. In the folder of the source, or with the source in $SRC/albireo.
#
#   .clusterfuzzlite/build.sh --check
#
# builds with clang-14 as both jobs of the workflow do, and lets each target play its seeds and run
# some inputs more. It fails if one finds something, or has not played them.
#
# The oracles of the API target want to know what the kernel writes: fuzz/harness/watch.h. Its hooks
# are called by code of core/ that is compiled with -fsanitize=kernel-address, which cannot be
# combined with another AddressSanitizer. So: where $SANITIZER is undefined, all oracles look,
# cheaply; else the sanitizer does, and the kernel's assertions. ALBIREO_FUZZ_ORACLES overrides it.
set -o pipefail
shopt -s nullglob

# Of core/, but for the checker, where the hooks are called: as //config:watched and
# tools/lib/mutant_build.py have it.
watched=(-fsanitize=kernel-address -mllvm -asan-instrumentation-with-call-threshold=0 -mllvm
    -asan-stack=0 -mllvm -asan-globals=0 -mllvm -asan-opt-same-temp=0)
watched_link="-Wl,--wrap=memset,--wrap=memcpy,--wrap=memmove"

# check FOLDER SANITIZER FLAG...: builds there, and runs all targets.
check() {
    local folder=$1 sanitizer=$2 program seeds inputs least
    shift 2
    mkdir -p "$folder/out" "$folder/work"
    SRC=$PWD/.. OUT=$folder/out WORK=$folder/work CC=clang-14 CXX=clang++-14 SANITIZER=$sanitizer \
        CFLAGS="-O1 -fsanitize=fuzzer-no-link $*" CXXFLAGS="$*" \
        LIB_FUZZING_ENGINE=-fsanitize=fuzzer .clusterfuzzlite/build.sh
    for program in "$folder"/out/*_fuzz; do
        mkdir "$program.seeds" "$program.corpus"
        python3 -m zipfile -e "${program}_seed_corpus.zip" "$program.seeds"
        seeds=("$program.seeds"/*)
        least=$((${#seeds[@]} + 200))
        if ! (cd "$folder" && "$program" -runs=$least -max_len=4096 -print_final_stats=1 \
            "$program.corpus" "$program.seeds" >log 2>&1); then
            tail -30 "$folder/log"
            return 1
        fi
        inputs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$folder/log")
        if [[ ${#seeds[@]} -eq 0 || $inputs -lt $least ]]; then
            echo "$sanitizer: $(basename "$program"): ${#seeds[@]} seeds, $inputs inputs played;" \
                "at least $least were expected" >&2
            return 1
        fi
        echo "ok   $sanitizer $(basename "$program"): $inputs inputs"
    done
}

if [[ ${1:-} == --check ]]; then
    cd "$(dirname "${BASH_SOURCE[0]}")/.."
    work=$(mktemp -d)
    trap 'rm -rf "$work"' EXIT
    check "$work/address" address -fsanitize=address
    check "$work/undefined" undefined -fsanitize=undefined -fno-sanitize-recover=undefined
    exit 0
fi

: "${SRC:?}" "${OUT:?}" "${WORK:=$(mktemp -d)}" "${CC:?}" "${CXX:?}" "${LIB_FUZZING_ENGINE:?}"
out=$(realpath "$OUT")
objects=$(realpath "$WORK")/objects
[[ -d core ]] || cd "$SRC/albireo"

core=(core/*.c)
sim=(hosted/{clock,dump,machine,map,mmu,native,native_run,plic,sim,snapshot,tlb,user,words}.c
    hosted/rv64/*.c)
trace=(hosted/trace/*.c)
api=(fuzz/api/{api_fuzz,input,mutate*,play*,select*,world*}.c fuzz/oracle/*.c
    fuzz/harness/watch.c)
boot=(fuzz/boot/*.c arch/riscv64/board.c fdt/fdt.c hosted/elf.c hosted/words.c)
elf=(fuzz/elf/*.c hosted/elf.c)
tree=(fuzz/tree_fuzz.c fuzz/board_sound.c arch/riscv64/board.c fdt/fdt.c)
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

# Without the hooks the watch compares all of memory after each kernel entry, which would take a
# hundred times the rest, and all the more under a sanitizer.
api_core=plain
if [[ ${SANITIZER:-address} == undefined ]]; then
    api_core=watched level=cheap
    api+=(fuzz/harness/watch_hooks.c)
else
    level=off
    api+=(fuzz/harness/watch_compare.c)
fi
cat >"$objects/oracles.c" <<END
#include <stdlib.h>
__attribute__((constructor)) static void choose(void)
{
    setenv("ALBIREO_FUZZ_ORACLES", "$level", 0);
}
END
api+=("$objects/oracles.c")

# object_of plain|watched SOURCE
object_of() {
    echo "$objects/$1/${2//\//_}.o"
}

# compile plain|watched SOURCE...: those that have not been compiled yet, on all cores.
compile() {
    local how=$1 source more=
    shift
    mkdir -p "$objects/$how"
    [[ $how == plain ]] || more=${watched[*]}
    # The inner shell expands these words.
    # shellcheck disable=SC2016
    for source in "$@"; do
        [[ -e $(object_of "$how" "$source") ]] ||
            printf '%s\0%s\0' "$source" "$(object_of "$how" "$source")"
    done | more=$more xargs -0 -r -n 2 -P "$(nproc)" sh -c '
        case $1 in core/check*) more= ;; esac
        exec $CC ${CFLAGS:-} $more -std=gnu11 -D_GNU_SOURCE -fno-strict-aliasing -I. -Iinclude \
            -I"$0" -c "$1" -o "$2"' "$objects"
}

# link TARGET SOURCE...: also with the kernel as compile() is to compile it, if $with_core is not
# empty.
link() {
    local target=$1 source inputs=() flags=()
    shift
    compile plain "$@"
    mapfile -t inputs < <(for source in "$@"; do object_of plain "$source"; done | sort -u)
    if [[ -n $with_core ]]; then
        compile "$with_core" "${core[@]}"
        for source in "${core[@]}"; do
            inputs+=("$(object_of "$with_core" "$source")")
        done
    fi
    [[ $with_core != watched ]] || flags=("$watched_link")
    # shellcheck disable=SC2086
    $CXX ${CXXFLAGS:-} "${flags[@]}" -o "$out/${target}_fuzz" "${inputs[@]}" $LIB_FUZZING_ENGINE
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

with_core=$api_core link api "${sim[@]}" "${trace[@]}" "${api[@]}" "${found[@]}"
with_core=plain link boot "${boot[@]}" "${found[@]}"
with_core=plain link trace fuzz/trace_fuzz.c "${sim[@]}" "${trace[@]}" "${found[@]}"
with_core='' link elf "${elf[@]}" "${found[@]}"
with_core='' link tree "${tree[@]}" "${found[@]}"

mkdir -p "$objects/trees"
for source in tests/board/trees/*.dts; do
    blob=$objects/trees/$(basename "$source" .dts).dtb
    dtc -q -i tools/boards -I dts -O dtb -o "$blob" "$source"
done
pack api "" fuzz/corpus/api/* fuzz/corpus/api_domains/*
pack boot "" fuzz/corpus/boot/*
pack trace fuzz/trace.dict fuzz/corpus/trace/*
pack elf "" fuzz/corpus/elf/*
pack tree fuzz/tree.dict fuzz/corpus/tree/* "$objects"/trees/*
