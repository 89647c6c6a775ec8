#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# Two afl-fuzz on two machines, as far as they can know, that share a folder: what the main one
# finds, the other one takes over. sync_test.sh HARNESS SEED...
set -euo pipefail
harness=$1
shift

# The main one alone knows the seeds: runfiles are links, which afl-fuzz would not follow.
mkdir -p "$TEST_TMPDIR/seeds" "$TEST_TMPDIR/little"
cp -L "$@" "$TEST_TMPDIR/seeds"
printf 'x' >"$TEST_TMPDIR/little/x"

export AFL_NO_UI=1 AFL_NO_AFFINITY=1 AFL_SKIP_CPUFREQ=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1
out=$TEST_TMPDIR/shared

# start SECONDS NAME ARGUMENT...
start() {
    local seconds=$1 name=$2
    shift 2
    afl-fuzz -V "$seconds" -s 1 -t 5000 -o "$out" "$@" -- "$harness" \
        >"$TEST_TMPDIR/$name.log" 2>&1
}

value_of() {
    sed -n "s/^$2 *: *//p" "$out/$1/fuzzer_stats"
}

start 4 one -M one -i "$TEST_TMPDIR/seeds" &
first=$!
start 8 two -S two -i "$TEST_TMPDIR/little" &
second=$!
for pid in $first $second; do
    if ! wait "$pid"; then
        tail -30 "$TEST_TMPDIR"/*.log
        exit 1
    fi
done
echo "one: $(value_of one corpus_count) inputs; two: $(value_of two corpus_count) inputs," \
    "$(value_of two corpus_imported) of them imported"
[[ $(value_of one corpus_count) -gt 1 ]]
[[ $(value_of two corpus_imported) -gt 0 ]]
