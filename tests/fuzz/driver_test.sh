#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# The drivers of fuzz/harness: driver_test.sh RANDOM REPLAY, both of driver_target.c. A find leaves
# its input on disk, and playing that finds it again.
set -euo pipefail
random=$(realpath "$1") replay=$(realpath "$2")
cd "$TEST_TMPDIR"

fail() {
    echo "FAIL: $*"
    cat log
    exit 1
}

# Nothing to find: the run ends by itself, and the same seed gives the same inputs.
"$random" --runs 5000 --seed 3 2>log || fail "a run without a find"
grep -q '^random: inputs 5000, ' log || fail "the last line"
"$random" --seconds 1 --progress 2>log || fail "a run for a second"

for kind in found segv; do
    status=0
    PLANTED=$kind "$random" --runs 100000 --seed 7 --out . >log 2>&1 || status=$?
    [[ $status -gt 128 ]] || fail "$kind: status $status"
    grep -q '^fuzz: the input is in ./crash-7$' log || fail "$kind: where the input is"
    mv crash-7 "$kind"
    status=0
    PLANTED=$kind "$replay" "$kind" >log 2>&1 || status=$?
    [[ $status -gt 128 ]] || fail "$kind, played: status $status"
    grep -q "^fuzz: in the input $kind\$" log || fail "$kind, played: which input"
done
cmp found segv || fail "the same seed has found another input"
grep -q 'fuzz: planted: it was found' <(PLANTED=found "$replay" found 2>&1) || fail "what was found"

# A find whose input cannot be kept.
status=0
PLANTED=found "$random" --runs 100000 --seed 7 --out ./none >log 2>&1 || status=$?
[[ $status -gt 128 ]] || fail "nowhere to write: status $status"
grep -q '^fuzz: the input cannot be written to ./none/crash-7$' log || fail "nowhere to write"

status=0
PLANTED=endless "$random" --runs 100000 --timeout 1 --artifact endless >log 2>&1 || status=$?
[[ $status -gt 128 && -s endless ]] || fail "an input without end: status $status"
grep -q '^fuzz: timeout: ' log || fail "an input without end"

# A corpus: files and folders.
mkdir -p corpus/inner
printf '\x80x' >corpus/inner/one
printf 'ab' >corpus/two
[[ $("$replay" corpus corpus/two) == "inputs read: 3" ]] || fail "files and folders"
[[ $("$replay" - <corpus/two) == "inputs read: 1" ]] || fail "stdin"

# Nothing to play is no pass.
mkdir -p empty
for nothing in "" empty; do
    status=0
    # Words are meant to be split.
    # shellcheck disable=SC2086
    "$replay" $nothing </dev/null >log 2>&1 || status=$?
    [[ $status -eq 2 ]] || fail "no inputs ('$nothing'): status $status"
    grep -q 'no inputs: expected files' log || fail "no inputs ('$nothing')"
done

# What is gone from the corpus when its turn comes is not missed.
ln -s gone corpus/three
"$random" --runs 100 --corpus corpus 2>log || fail "a file that is gone"
grep -q '^random: inputs 100, ' log || fail "a file that is gone: no inputs"

# Bad input.
for wrong in "--seed x" "--max-size 0" "--corpus /nowhere" "--nonsense" "word"; do
    status=0
    # Words are meant to be split.
    # shellcheck disable=SC2086
    "$random" --runs 1 $wrong >log 2>&1 || status=$?
    [[ $status -eq 2 && -s log ]] || fail "$wrong: status $status"
done
status=0
"$replay" /nowhere >log 2>&1 || status=$?
[[ $status -eq 1 ]] || fail "a file that is not there: status $status"
grep -q "^/nowhere: " log || fail "a file that is not there"
