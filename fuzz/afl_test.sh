#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Fuzzes for a moment, so many inputs besides the seeds, at most so many seconds:
# afl_test.sh SECONDS INPUTS PROGRAM MAX-LENGTH DICTIONARY|- MUTATOR|- SEED...
# Fails if afl-fuzz does not run, runs idle, or finds a crash or a hang; with a mutator, a library,
# also if that makes nothing of the first seed that reaches something new.
set -euo pipefail
seconds=$1 inputs=$2 program=$3 max_length=$4 dictionary=$5 mutator=$6
shift 6
if [[ $mutator != - ]]; then
    set -- "$1"
fi

# Runfiles are links; afl-fuzz wants regular files.
seeds=$TEST_TMPDIR/seeds
mkdir -p "$seeds"
cp -L "$@" "$seeds"

export AFL_NO_UI=1 AFL_NO_AFFINITY=1 AFL_SKIP_CPUFREQ=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1
# It plays each seed several times, to see whether that always does the same.
options=(-V "$seconds" -E $((inputs + 10 * $#)) -s 1 -t 5000 -G "$max_length")
if [[ $mutator != - ]]; then
    AFL_CUSTOM_MUTATOR_LIBRARY=$(realpath "$mutator")
    export AFL_CUSTOM_MUTATOR_LIBRARY AFL_CUSTOM_MUTATOR_ONLY=1
fi
if [[ $dictionary != - ]]; then
    options+=(-x "$dictionary")
fi
if ! afl-fuzz "${options[@]}" -i "$seeds" -o "$TEST_TMPDIR/out" -- \
    "$program" >"$TEST_TMPDIR/log" 2>&1; then
    tail -30 "$TEST_TMPDIR/log"
    exit 1
fi
stats=$TEST_TMPDIR/out/default/fuzzer_stats
grep -E '^(execs_done|execs_per_sec|corpus_count|saved_crashes|saved_hangs)' "$stats"
value_of() {
    sed -n "s/^$1 *: *//p" "$stats"
}
for input in "$TEST_TMPDIR"/out/default/crashes/id*; do
    if [[ -e $input ]]; then
        echo "a finding, in base64: $(base64 -w 0 "$input")"
    fi
done
[[ $(value_of execs_done) -ge $((inputs + 10 * $#)) ]]
[[ $(value_of saved_crashes) -eq 0 ]]
[[ $(value_of saved_hangs) -eq 0 ]]
[[ $mutator == - || $(value_of corpus_count) -gt 5 ]]
