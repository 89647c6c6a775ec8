#!/bin/bash
# SPDX-License-Identifier: BSD-2-Clause
# `albireo demo` of a release kernel names what it needs and exits with 1.
#
# Usage: demo_refusal.sh [ALBIREO]
set -u

output=$("${1:-hosted/albireo}" demo 2>&1)
status=$?
if [[ $status -ne 1 || $output != *"demo needs a debug kernel"* ]]; then
    echo "exit status $status, expected 1; expected 'demo needs a debug kernel' in:"
    echo "$output"
    exit 1
fi
