#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# A test that `fuzz_input test` has made fails on a kernel that has the bug, and says so:
# made_fails_test.sh PROGRAM TEXT
set -uo pipefail
program=$1 text=$2

# Its failure is not one of this test's.
unset XML_OUTPUT_FILE GTEST_OUTPUT

status=0
"$program" >"$TEST_TMPDIR/log" 2>&1 || status=$?
cat "$TEST_TMPDIR/log"
if [[ $status -eq 0 ]]; then
    echo "FAILED: it passes"
    exit 1
fi
if ! grep -qF -- "$text" "$TEST_TMPDIR/log"; then
    echo "FAILED: it does not say '$text'"
    exit 1
fi
