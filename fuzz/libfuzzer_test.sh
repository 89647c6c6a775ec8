#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Fuzzes for a moment, so many inputs besides the seeds, at most so many seconds:
# libfuzzer_test.sh SECONDS INPUTS PROGRAM MAX-LENGTH DICTIONARY|- SEED...
# Fails if the program does not run, runs idle, or finds something.
set -euo pipefail
seconds=$1 inputs=$2 program=$3 max_length=$4 dictionary=$5
shift 5

mkdir -p "$TEST_TMPDIR/seeds" "$TEST_TMPDIR/corpus"
cp -L "$@" "$TEST_TMPDIR/seeds"
options=(-max_total_time="$seconds" -runs=$((inputs + $#)) -seed=1 -max_len="$max_length"
    -entropic=0 -print_final_stats=1 -artifact_prefix="$TEST_TMPDIR/")
if [[ $dictionary != - ]]; then
    options+=(-dict="$dictionary")
fi
status=0
"$program" "${options[@]}" "$TEST_TMPDIR/corpus" "$TEST_TMPDIR/seeds" \
    >"$TEST_TMPDIR/log" 2>&1 || status=$?
for input in "$TEST_TMPDIR"/{crash,timeout,oom,leak}-*; do
    if [[ -e $input ]]; then
        echo "a find, in base64: $(base64 -w 0 "$input")"
    fi
done
if [[ $status -ne 0 ]]; then
    tail -60 "$TEST_TMPDIR/log"
    exit 1
fi
runs=$(sed -n 's/^stat::number_of_executed_units: *//p' "$TEST_TMPDIR/log")
echo "inputs: $runs"
[[ $runs -ge $((inputs + $#)) ]]
