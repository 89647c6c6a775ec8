#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A bug that is planted in the kernel is found by random inputs, within seconds, and is not there
# without it: planted_test.sh RANDOM-DRIVER-OF-THE-PLANTED-KERNEL PLAYER-OF-THE-KERNEL
set -euo pipefail
random=$1 replay=$2

status=0
"$random" --seconds 120 --seed 1 --max-size 2056 --artifact "$TEST_TMPDIR/input" \
    2>"$TEST_TMPDIR/log" || status=$?
tail -5 "$TEST_TMPDIR/log"
if [[ $status -eq 0 ]]; then
    echo "nothing was found"
    exit 1
fi
grep '^fuzz: tlb: ' "$TEST_TMPDIR/log"
"$replay" "$TEST_TMPDIR/input"
